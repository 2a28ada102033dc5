//! Events from elsewhere, such as invitations and mentions in rooms that the account is not in.
//!
//! They come over sockets alone, under the key of any room: no history has them, and no poll. While a line polls they are
//! missing, from the last frame of a socket to the first of the next, which is a gap at `user/<own id>`. The checkpoint
//! `account` has the stretch from the moment polling begins, so that a restart does not forget it.
//!
//! Why a gap of its own: a gap of a room says that the room's events may be missing, and its history can fill it. What
//! comes from elsewhere has no history anywhere, so that it is missing for good; the gap is at the account's place,
//! which covers everything that lies inside it.
//!
//! A stretch is carried by its line until one of three things ends it: a socket's first frame shows that the server
//! repeats the stretch (nothing is missing), a frame comes without showing that (a gap up to that frame), or the
//! program stops (a gap up to the stop, and the next run goes on from there).

use std::collections::BTreeMap;

use antiphon_core::{Checkpoint, Edge, Gap, Moment, Part};
use serde::{Deserialize, Serialize};

use super::{LineId, Session, VERSION, before};
use crate::{event::user_place, model::RoomId, wire::Frame};

/// The checkpoint's part.
pub(super) const PART: &str = "account";

/// Stretches with a gap that are remembered.
const REPORTED: usize = 16;

/// A stretch in which a line heard nothing from elsewhere.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Unheard {
    /// The last frame of a socket.
    from: Edge,
    /// The server's count up to which each room was heard then: a socket that begins there repeats the stretch.
    ///
    /// Absent if no socket can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    heard: Option<BTreeMap<RoomId, i64>>,
    /// The reason of the outage.
    cause: String,
}

impl Unheard {
    /// Joins two stretches into one.
    fn and(self, other: Self) -> Self {
        let (mut first, second) = if self.from.at <= other.from.at {
            (self, other)
        } else {
            (other, self)
        };
        first.heard = first.heard.zip(second.heard).map(|(mut heard, others)| {
            for (room, count) in others {
                let known = heard.entry(room).or_insert(count);
                *known = count.min(*known);
            }
            heard
        });
        first
    }

    /// Whether a socket of rooms that were polled up to these counts repeats the stretch if it begins where it should.
    fn is_repeated(&self, polled: &BTreeMap<RoomId, i64>) -> bool {
        let heard = self.heard.as_ref();
        heard.is_some_and(|heard| polled.values().min() <= heard.values().min())
    }
}

/// The state of the account in its checkpoint.
///
/// `v` is [`VERSION`](super::VERSION); a checkpoint that cannot be read, or of another version, is passed over with a
/// warning, and the account begins afresh.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Stored {
    pub(super) v: u8,
    /// How often the server began to count anew.
    #[serde(default)]
    pub(super) count: u64,
    /// The server's count after which messages are named by their message ids; absent in checkpoints of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) named_after: Option<i64>,
    /// Stretches without a gap yet, by line.
    #[serde(default)]
    pub(super) unheard: BTreeMap<LineId, Unheard>,
    /// Stretches with a gap, in order.
    #[serde(default)]
    pub(super) told: Vec<(Edge, Edge)>,
}

impl Session {
    /// Makes the checkpoint of the account.
    fn account(&self) -> Checkpoint {
        let lines = self.lines.iter();
        let unheard = lines.filter_map(|(id, line)| Some((*id, line.unheard.clone()?)));
        let stored = Stored {
            v: VERSION,
            count: self.identities.count,
            named_after: self.identities.named_after,
            unheard: unheard.collect(),
            told: self.reported.clone(),
        };
        Checkpoint {
            part: Part::from(PART),
            state: serde_json::to_vec(&stored)
                .expect("an account has only texts, numbers and times")
                .into(),
            mark: i64::try_from(self.identities.count).unwrap_or(i64::MAX),
        }
    }

    /// Queues the checkpoint of the account.
    pub(super) fn save_account(&mut self) {
        let account = self.account();
        self.outbox.checkpoint(account);
    }

    /// The count up to which each room of a line was heard.
    ///
    /// Rooms without a count yet are left out: they have missed nothing.
    fn heard_by(&self, line: LineId) -> BTreeMap<RoomId, i64> {
        let rooms = self.rooms.values();
        let mine = rooms.filter(|room| self.line_of(room.id) == line);
        mine.filter_map(|room| Some((room.id, room.t?))).collect()
    }

    /// Gives the stretches of an earlier run to the lines of this one.
    pub(super) fn resume_unheard(&mut self, now: Moment) {
        for (id, unheard) in std::mem::take(&mut self.restored) {
            // Line 0 serves all rooms, so it goes with any of them, whichever run had it.
            let fits = |line: &LineId| *line == id || *line == 0 || id == 0;
            let lines: Vec<LineId> = self.lines.keys().copied().filter(fits).collect();
            if lines.is_empty() {
                let (from, to) = (unheard.from.clone(), Edge::at(now.wall));
                self.report_elsewhere(from, to, &unheard.cause, now);
            }
            for line in lines {
                self.merge(line, unheard.clone());
            }
        }
    }

    /// Joins a stretch with that of a line, if it has one.
    ///
    /// A line that is gone has nobody to carry the stretch.
    fn merge(&mut self, line: LineId, unheard: Unheard) {
        if let Some(line) = self.lines.get_mut(&line) {
            line.unheard = Some(match line.unheard.take() {
                Some(known) => known.and(unheard),
                None => unheard,
            });
        }
    }

    /// Notes the stretch of a line that begins to poll.
    pub(super) fn begin_unheard(&mut self, id: LineId, why: &str, now: Moment) {
        let heard = self.heard_by(id);
        let cause = format!("{why}; no poll brings what comes from other rooms");
        self.note_unheard(id, Some(heard), cause, now);
    }

    /// Notes that a line misses events from elsewhere since its last frame, unless that is known already.
    pub(super) fn note_unheard(
        &mut self,
        id: LineId,
        heard: Option<BTreeMap<RoomId, i64>>,
        cause: String,
        now: Moment,
    ) {
        let Some(line) = self.lines.get(&id) else {
            return;
        };
        let from = match (&line.unheard, &line.last) {
            (Some(known), _) => known.from.clone(),
            (None, Some(last)) => last.clone(),
            // Without a frame in this run: since the rooms were heard last.
            (None, None) => {
                let rooms = self.rooms.values();
                let mine = rooms.filter(|room| self.line_of(room.id) == id);
                let edges = mine.filter_map(super::room::Room::whole_until);
                edges
                    .min_by_key(|edge| edge.at)
                    .unwrap_or_else(|| before(now.wall))
            }
        };
        self.merge(id, Unheard { from, heard, cause });
        self.save_account();
    }

    /// Whether a frame of a socket, not read yet, shows that the socket repeats every event that its line missed.
    ///
    /// A room that no poll brought further shows by its own counters what its key lacks. For any other the frame has to
    /// begin where the room was heard before the polls: a socket may begin later than it was asked to.
    pub(super) fn repeats_unheard(&self, id: LineId, bytes: &[u8]) -> bool {
        let Some(line) = self.lines.get(&id) else {
            return false;
        };
        let unheard = line.unheard.as_ref();
        let (Some(heard), Some(stream)) = (
            unheard.and_then(|unheard| unheard.heard.as_ref()),
            &line.stream,
        ) else {
            return false;
        };
        let frame = Frame::parse(bytes).unwrap_or_default();
        let begins_by = |room: RoomId, count: i64| {
            let mut bodies = frame.rooms.iter().filter_map(|(key, part)| {
                let body = part.body.as_ref().filter(|_| *key == room)?;
                Some((self.plausible(room, body.t)?, body.d?))
            });
            stream.after <= count && bodies.any(|(t, d)| t.saturating_sub(d.max(0)) <= count)
        };
        let rooms = self.rooms.values();
        let mut mine = rooms.filter(|room| room.attached && self.line_of(room.id) == id);
        mine.all(|room| {
            let count = heard.get(&room.id).copied().unwrap_or(room.began);
            room.heard <= count || begins_by(room.id, count)
        })
    }

    /// Notes that a frame of a socket was read; `repeats` is what [`Session::repeats_unheard`] returned before.
    pub(super) fn heard(&mut self, id: LineId, edge: Edge, repeats: bool) {
        let rooms = self.rooms_of(id);
        let mut rooms = rooms.iter().filter_map(|room| self.rooms.get(room));
        let in_doubt = rooms.any(|room| room.outage.is_some());
        let Some(line) = self.lines.get_mut(&id) else {
            return;
        };
        // A socket that tells no counter may have begun anywhere.
        let counts = line.stream.as_ref().is_none_or(|stream| stream.counts);
        if !in_doubt && counts {
            line.last = Some(edge);
        }
        // The checkpoint that forgets the stretch stands behind the frame's events.
        if repeats && line.unheard.take().is_some() {
            self.save_account();
        }
    }

    /// Ends the stretch of a line at the first frame of its next socket, or at the end of the line.
    ///
    /// While another line hears nothing, events under the keys of its rooms are still missing: both are one gap, to the
    /// first frame of the last of them.
    pub(super) fn end_unheard(&mut self, id: LineId, to: Edge, now: Moment) {
        let Some(unheard) = self.lines.get_mut(&id).and_then(|line| line.unheard.take()) else {
            return;
        };
        let mut lines = self.lines.iter();
        let other = lines.find(|(_, line)| line.unheard.is_some());
        if let Some(other) = other.map(|(id, _)| *id) {
            let heard = None;
            self.merge(other, Unheard { heard, ..unheard });
            self.save_account();
        } else {
            self.report_elsewhere(unheard.from, to, &unheard.cause, now);
        }
    }

    /// Queues the gaps up to now, because the program stops; the next run begins there.
    pub(crate) fn report_unheard(&mut self, now: Moment) {
        let to = Edge::at(now.wall);
        let ids: Vec<LineId> = self.lines.keys().copied().collect();
        let mut lost: Option<Unheard> = None;
        for id in ids {
            let heard = self.heard_by(id);
            let Some(unheard) = self
                .lines
                .get_mut(&id)
                .and_then(|line| line.unheard.as_mut())
            else {
                continue;
            };
            // Where no poll went past that count, the next socket repeats the stretch.
            if !unheard.is_repeated(&heard) {
                let next = Unheard {
                    from: to.clone(),
                    heard: Some(heard),
                    cause: unheard.cause.clone(),
                };
                let this = std::mem::replace(unheard, next);
                lost = Some(match lost {
                    Some(others) => others.and(this),
                    None => this,
                });
            }
        }
        if let Some(unheard) = lost {
            self.report_elsewhere(unheard.from, to, &unheard.cause, now);
        }
    }

    /// Notes a hole of a room, which may have had events from elsewhere.
    ///
    /// Those come under any room's key; an outage of several rooms is one gap.
    pub(super) fn note_hole(
        &mut self,
        room: RoomId,
        from: Edge,
        to: Edge,
        outage: &str,
        now: Moment,
    ) {
        let id = self.line_of(room);
        let cause = format!("{outage}; no history has what comes from other rooms");
        let hears = self
            .lines
            .get(&id)
            .is_some_and(|line| line.unheard.is_none());
        if hears {
            self.report_elsewhere(from, to, &cause, now);
        } else {
            // The stretch that has no gap yet covers the hole.
            let unheard = Unheard {
                from,
                heard: None,
                cause,
            };
            self.merge(id, unheard);
            self.save_account();
        }
    }

    /// Queues the gap of a stretch, without the parts that have one already, and the checkpoint of the account.
    fn report_elsewhere(&mut self, from: Edge, to: Edge, cause: &str, now: Moment) {
        let mut parts = Vec::new();
        if let Some(me) = &self.me {
            let place = user_place(me.id);
            // After a clock was set back, gaps from before it say nothing about now.
            self.reported.retain(|(_, until)| until.at <= now.wall);
            let parts_left = unreported(&self.reported, from.clone(), to.clone());
            parts.extend(parts_left.into_iter().map(|part| (place.clone(), part)));
            report(&mut self.reported, from, to);
        }
        // The last gap has the checkpoint, which covers them all.
        let last = parts.pop();
        for (place, (from, to)) in parts {
            let body = Gap::new(from, to, cause).body();
            self.own_event(Gap::KIND, place, body, None, now);
        }
        let account = self.account();
        match last {
            Some((place, (from, to))) => {
                let body = Gap::new(from, to, cause).body();
                self.own_event(Gap::KIND, place, body, Some(account), now);
            }
            None => self.outbox.checkpoint(account),
        }
    }
}

/// The parts of a stretch that lie in none of the others, in order.
fn unreported(told: &[(Edge, Edge)], mut from: Edge, to: Edge) -> Vec<(Edge, Edge)> {
    let mut parts = Vec::new();
    for (since, until) in told {
        if until.at < from.at || to.at < since.at {
            continue;
        }
        if from.at < since.at {
            parts.push((from, since.clone()));
        }
        if to.at <= until.at {
            return parts;
        }
        from = until.clone();
    }
    parts.push((from, to));
    parts
}

/// Adds a stretch to others, which stay apart and in order; the oldest are dropped.
fn report(told: &mut Vec<(Edge, Edge)>, mut from: Edge, mut to: Edge) {
    told.retain(|(since, until)| {
        let touches = since.at <= to.at && from.at <= until.at;
        if touches && since.at < from.at {
            from = since.clone();
        }
        if touches && to.at < until.at {
            to = until.clone();
        }
        !touches
    });
    let place = told.partition_point(|(since, _)| since.at < from.at);
    told.insert(place, (from, to));
    if told.len() > REPORTED {
        told.remove(0);
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn edge(second: i64) -> Edge {
        Edge::at(Timestamp::from_second(second).expect("a time"))
    }

    /// Tells a stretch after others; gives what was told, and what is remembered.
    #[track_caller]
    fn check(others: &[(i64, i64)], (from, to): (i64, i64), expected: &[(i64, i64)]) {
        let mut told = Vec::new();
        for (from, to) in others {
            report(&mut told, edge(*from), edge(*to));
        }
        let parts = unreported(&told, edge(from), edge(to)).into_iter();
        let parts: Vec<_> = parts
            .map(|(from, to)| (from.at.as_second(), to.at.as_second()))
            .collect();
        assert_eq!(parts, expected);
        report(&mut told, edge(from), edge(to));
        assert!(unreported(&told, edge(from), edge(to)).is_empty());
        let mut pairs = told.iter().zip(told.iter().skip(1));
        assert!(pairs.all(|((_, until), (since, _))| until.at < since.at));
    }

    #[test]
    fn of_a_stretch_only_what_was_not_told_is_told() {
        check(&[], (1, 9), &[(1, 9)]);
        check(&[(3, 5)], (1, 9), &[(1, 3), (5, 9)]);
        check(&[(3, 5)], (3, 5), &[]);
        check(&[(3, 5)], (4, 5), &[]);
        check(&[(3, 5)], (4, 9), &[(5, 9)]);
        check(&[(3, 5)], (1, 4), &[(1, 3)]);
        check(&[(3, 5)], (6, 9), &[(6, 9)]);
        check(&[(3, 5), (7, 8)], (1, 9), &[(1, 3), (5, 7), (8, 9)]);
        check(&[(7, 8), (3, 5)], (4, 7), &[(5, 7)]);
        check(&[(3, 5), (5, 7)], (4, 6), &[]);
    }

    #[test]
    fn the_memory_of_what_was_told_is_bounded() {
        let mut told = Vec::new();
        for number in 0..100 {
            report(&mut told, edge(number * 10), edge(number * 10 + 5));
        }
        assert_eq!(told.len(), REPORTED);
        assert_eq!(told[0].0, edge(840));
    }
}
