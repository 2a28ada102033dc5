//! Backfill: a room's history fills its gaps, and the live events wait for it.
//!
//! QueUp replays nothing (protocol §9, 30), but has one page of chat for each room. After an outage the room is joined
//! again and the page is fetched; what the journal has not got becomes events with the provenance `backfilled`, in the
//! server's order, merged with the live events that came meanwhile. The rest of the outage is a gap, which counts the
//! messages that were recovered.
//!
//! # Order
//! 1. Missed messages up to the first live event.
//! 2. The gap, and the room's state as fetched.
//! 3. Live events, each after the missed messages that are older.
//!
//! A history that cannot be fetched is tried again, 20 times at intervals of 30 s; its messages then come late, behind
//! events that no longer waited.

use std::collections::{HashMap, HashSet, VecDeque};

use antiphon_core::{Draft, Edge, Gap, Kind, Origin, Place, Provenance};
use bytes::Bytes;
use serde_json::value::RawValue;

use super::{
    EDGE_SLACK, LONGEST_ID, Moment, RETRY_AFTER, Session, Snapshot, channel::Held,
    chat_ids::ChatOrigins, room_action::Action,
};
use crate::{model::ChatId, wire};

/// Time before the last message seen from which the history is fetched, in ms: QueUp stamps messages by several clocks.
const BACKFILL_MARGIN: i64 = 10 * 60 * 1000;
/// Number of tries to fetch a history again while only the history is missing.
const RETRIES: u8 = 20;

impl Session {
    /// Emits the gap of a channel, from its `from` to this edge.
    pub(super) fn report_gap(&mut self, name: &str, to: Edge, recovered: u64, now: Moment) {
        let Some(channel) = self.channels.get_mut(name) else {
            return;
        };
        let Some(cause) = channel.outage.take() else {
            return;
        };
        let from = channel.from.take().unwrap_or_else(|| to.clone());
        let gap = Gap::new(from, to.clone(), cause).recovered(recovered);
        // The next gap begins where this one ends.
        let mut from = to;
        from.at = from.at.checked_sub(EDGE_SLACK).unwrap_or(from.at);
        channel.from = Some(from);
        let place = channel.place.clone();
        let draft = self.own_draft(Gap::KIND, place, gap.body(), now);
        let checkpoint = self.channel_checkpoint(name);
        self.push_with(draft, checkpoint);
    }

    /// Ends the wait of a place: queues its history, the gap, its state, and then the held events.
    ///
    /// Messages of the history that are younger than a held message come after it, in the server's order.
    /// A snapshot that comes too late is queued after the events that no longer waited for it.
    pub(super) fn release(&mut self, name: &str, snapshot: Option<Snapshot>, now: Moment) {
        let Some(channel) = self.channels.get_mut(name) else {
            return;
        };
        let hold = channel.hold.take();
        if hold.is_none() && (snapshot.is_none() || !channel.wanted) {
            return;
        }
        let place = channel.place.clone();
        let was_held = hold.is_some();
        let (to, events) = hold.map_or((None, VecDeque::new()), |hold| (hold.to, hold.events));
        let history = snapshot.as_ref().and_then(|it| it.history.clone());
        let mut past = history.as_ref().map(|it| self.past(name, it, &events));
        let bounds = match &mut past {
            Some(past) => std::mem::take(&mut past.bounds),
            None => vec![usize::MAX; events.len()],
        };
        let first = bounds.first().copied().unwrap_or(usize::MAX);
        let recovered = self.recover(name, past.as_mut(), first, now);
        if let Some(to) = to {
            self.report_gap(name, to, recovered, now);
        }
        if let Some(snapshot) = snapshot {
            self.emit_snapshot(name, &place, snapshot, now);
        }
        for (held, bound) in events.into_iter().zip(bounds) {
            self.recover(name, past.as_mut(), bound, now);
            let is_update = held.action == Action::SongUpdate;
            let update = is_update.then(|| held.draft.body.clone());
            self.outbox.event(held.draft);
            if let Some(body) = update {
                self.on_song_update(name, &body, now);
            }
        }
        self.recover(name, past.as_mut(), usize::MAX, now);
        if past.is_some()
            && let Some(room) = self.room_mut(name)
        {
            // Only now, so that no checkpoint before this claims the events behind it.
            room.chat_floor = None;
            room.restored = false;
        }
        self.plan_retry(name, now);
        if !was_held {
            self.push_channel(name);
            return;
        }
        // All events up to the last frame stand before this checkpoint; other places with held events have a `from`.
        if let Some(channel) = self.channels.get_mut(name) {
            channel.from = None;
            self.push_channel(name);
        }
        if let Some(checkpoint) = self.socket_checkpoint() {
            self.outbox.checkpoint(checkpoint);
        }
    }

    /// The messages of a room's history that were missed, and their order among the held events.
    fn past(&mut self, name: &str, history: &Bytes, held: &VecDeque<Held>) -> Past {
        let Some(channel) = self.channels.get(name) else {
            return Past::default();
        };
        let Some(room) = &channel.room else {
            return Past::default();
        };
        let known = room.chat_floor.or(room.last_chat);
        let restored = room.restored;
        let floor = channel
            .joined_at
            .as_millisecond()
            .max(known.map_or(i64::MIN, |time| time.saturating_sub(BACKFILL_MARGIN)));
        let page = backfill(history, floor, self.rules.backfill);
        let origins: Vec<ChatOrigins> = page
            .iter()
            .map(|item| self.chat_origins(name, item.chat.as_str()))
            .collect();
        let own = |(item, origins): (&Item, &ChatOrigins)| {
            let origin = if item.is_chat {
                &origins.message
            } else {
                &origins.deletion
            };
            origin.clone()
        };
        let own: Vec<Origin> = page.iter().zip(&origins).map(own).collect();
        let bounds = bounds(&page, &own, held);
        let room = self.channels.get(name).and_then(|it| it.room.as_ref());
        let mut seen: HashSet<&Origin> = room.iter().flat_map(|room| &room.seen).collect();
        seen.extend(held.iter().map(|held| &held.draft.origin));
        let missed = page
            .into_iter()
            .zip(own)
            .zip(origins)
            .enumerate()
            .filter(|(_, ((_, origin), _))| !seen.contains(origin))
            .map(|(rank, ((item, origin), origins))| Missed {
                rank,
                item,
                origin,
                message: origins.message,
            })
            .collect();
        Past {
            missed,
            bounds,
            known,
            restored,
        }
    }

    /// Queues the missed messages below a rank; gives the number of those that lie in the gap.
    fn recover(&mut self, name: &str, past: Option<&mut Past>, below: usize, now: Moment) -> u64 {
        let Some(past) = past else { return 0 };
        let Some(place) = self.channels.get(name).map(|it| it.place.clone()) else {
            return 0;
        };
        let mut recovered = 0;
        let count = past.missed.partition_point(|missed| missed.rank < below);
        for missed in past.missed.drain(..count) {
            let Missed {
                item,
                origin,
                message,
                ..
            } = missed;
            recovered += u64::from(match past.known {
                // After a restart only the time of the last stored message is known.
                Some(known) if past.restored => item.time > known,
                Some(known) => item.time >= known,
                None => true,
            });
            if let Some(room) = self.room_mut(name) {
                room.remember(origin.clone(), item.is_chat.then_some(item.time));
            }
            let kind = if item.is_chat {
                "queup.chat-message"
            } else {
                "queup.delete-chat-message"
            };
            let kind = Kind::from_static(kind);
            let mut draft = Draft::new(kind, place.clone(), origin, now.wall, item.body)
                .provenance(Provenance::Backfilled);
            draft.deletes = (!item.is_chat).then_some(message);
            self.outbox.event(draft);
        }
        recovered
    }

    /// Plans to fetch a history again that could not be fetched.
    fn plan_retry(&mut self, name: &str, now: Moment) {
        let limit = self.rules.backfill;
        let Some(room) = self.room_mut(name) else {
            return;
        };
        let is_lacking = room.chat_floor.is_some() && limit > 0 && room.retries < RETRIES;
        room.retry_at = is_lacking.then(|| now.at + RETRY_AFTER);
        room.retries = if is_lacking { room.retries + 1 } else { 0 };
    }

    /// Queues the fetched state of a room as events.
    pub(super) fn emit_snapshot(
        &mut self,
        name: &str,
        place: &Place,
        snapshot: Snapshot,
        now: Moment,
    ) {
        let song = snapshot.active.clone();
        let parts = [
            ("queup.room", snapshot.room),
            ("queup.room_users", snapshot.users),
            ("queup.playlist_active", snapshot.active),
            ("queup.playlist_active_dubs", snapshot.dubs),
            ("queup.playlist_details", snapshot.details),
        ];
        for (kind, body) in parts {
            if let Some(body) = body {
                self.own_event(kind, place.clone(), body, now);
            }
        }
        if let Some(song) = song {
            self.on_song_fetched(name, &song, snapshot.updates, now);
        }
    }
}

/// A message of a room's history, or its deletion.
pub(super) struct Item {
    pub(super) chat: ChatId,
    /// Time by the server's clock, in ms.
    time: i64,
    /// Whether it is a message, and not a deletion.
    is_chat: bool,
    /// The element of the page, as sent.
    body: Bytes,
}

/// An item of the history that was missed.
struct Missed {
    /// Index in the server's order.
    rank: usize,
    item: Item,
    origin: Origin,
    /// Origin of the message, where the item is its deletion as well.
    message: Origin,
}

/// A room's history, merged with the held events.
#[derive(Default)]
struct Past {
    /// Missed items, in the server's order.
    missed: VecDeque<Missed>,
    /// For each held event the rank below which missed items come before it.
    bounds: Vec<usize>,
    /// Time of the last message before the outage, in ms.
    known: Option<i64>,
    /// Whether that time comes from a checkpoint.
    restored: bool,
}

/// For each held event the rank of the first item of the history that does not come before it.
///
/// The order is that of the server's page, oldest first. A held message that is not on the page comes after those of
/// its own time, since it was said once the page was made. An event without a time may stand anywhere. Held events keep
/// their order; an item comes after every held message that is older.
pub(super) fn bounds(page: &[Item], origins: &[Origin], held: &VecDeque<Held>) -> Vec<usize> {
    let ranks: HashMap<&Origin, usize> = origins.iter().zip(0..).collect();
    let bound = |held: &Held| {
        let by_time = |time| page.partition_point(|item| item.time <= time);
        let on_page = ranks.get(&held.draft.origin).copied();
        on_page
            .or_else(|| held.time.map(by_time))
            .unwrap_or(usize::MAX)
    };
    let mut bounds: Vec<usize> = held.iter().map(bound).collect();
    let mut least = usize::MAX;
    for bound in bounds.iter_mut().rev() {
        least = least.min(*bound);
        *bound = least;
    }
    bounds
}

/// The messages of a room's history and their deletions, oldest first.
///
/// At most the `limit` newest of those that are not older than `floor` (ms).
pub(super) fn backfill(history: &Bytes, floor: i64, limit: usize) -> Vec<Item> {
    let Ok(rows) = antiphon_core::read_json::<Vec<&RawValue>>(history) else {
        tracing::warn!("history has another shape");
        return Vec::new();
    };
    let mut items: Vec<Item> = rows
        .into_iter()
        .filter_map(|row| {
            let item: wire::HistoryItem<'_> = serde_json::from_str(row.get()).ok()?;
            let chat = item
                .chatid
                .filter(|id| !id.is_empty() && id.len() <= LONGEST_ID)?;
            let chat = ChatId::from(&*chat);
            // A row without a type is a message: some clients get such rows.
            let is_chat = match item.kind.as_deref() {
                None | Some("chat-message") => true,
                Some("delete-chat-message") => false,
                Some(_) => return None,
            };
            Some(Item {
                time: item.time.or_else(|| chat.parts().map(|(_, ms)| ms))?,
                chat,
                is_chat,
                body: antiphon_core::keep_part(history, row.get().as_bytes()),
            })
        })
        .filter(|item| item.time >= floor)
        .collect();
    // Newest first as the server sends them; a message before its deletion where the times are equal.
    items.reverse();
    items.sort_by_key(|item| (item.time, !item.is_chat));
    let surplus = items.len().saturating_sub(limit);
    items.drain(..surplus);
    items
}
