//! A session's sequence: the last number before a hole, and the numbers behind it.
//!
//! Sequences count a session's dispatches without a hole, so that a missing number is a lost dispatch; two frames of which
//! the second arrives first fill the hole again within a few dispatches.
//! A hole that stays is resumed from if the connection is lost, and else reported as a gap.
//! A number that comes again is a repeat only if its bytes are the same, because a compatible server may use one twice;
//! a number that comes late, behind its hole, is neither.

use std::{collections::BTreeSet, time::Duration};

use antiphon_core::{Edge, Gap, Moment};
use tokio::time::Instant;

use super::{Phase, Session};

/// Dispatches behind a hole before the hole is reported as a gap: a server that changes the order of two frames
/// loses nothing.
const PATIENCE: usize = 8;
/// Wait of a quiet session before a hole is reported as a gap, and the least time between two gaps.
const WAIT: Duration = Duration::from_secs(5);
/// Largest number of dispatches behind holes that are remembered.
///
/// The largest memory of a session that jumps about; further numbers are let go with the hole.
const MOST_AHEAD: usize = 256;
/// Number of newest dispatches whose hashes are kept.
///
/// A repeat comes within a few frames, so that an older one is a new event.
const RECENT: usize = 256;
/// Largest distance from the last sequence that a session can reach: a connection drops no frame unseen, and
/// ten thousand lost frames would be a new session.
const FARTHEST: u64 = 10_000;

/// Classification of a dispatch's sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Came {
    /// The sequence belongs to the stream: new, behind a hole, or repeated.
    InReach,
    /// The session cannot have reached the sequence, so it is ignored.
    OutOfReach,
}

/// Sequences received behind a hole.
#[derive(Debug, Default)]
pub(super) struct Ahead {
    /// Numbers received behind the first hole.
    numbers: BTreeSet<u64>,
    /// Time at which the hole is reported as a gap.
    by: Option<Instant>,
    /// Earliest time of the next gap, unless the set is full.
    next: Option<Instant>,
}

impl Ahead {
    /// Forgets all of them, because a new connection brings them again.
    pub(super) fn clear(&mut self) {
        self.numbers.clear();
        self.by = None;
    }

    /// Time at which [`Session::settle_overdue`] is due.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.by
    }

    /// Moves the deadline, because nothing was read for this long.
    pub(super) fn shift(&mut self, by: Duration) {
        if let Some(at) = &mut self.by {
            *at += by;
        }
    }
}

/// What is known of a dispatch's sequence from the newest dispatches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Before {
    /// It came with the same bytes.
    Same,
    /// It came with other bytes, or too long ago to know.
    Other,
    /// It did not come.
    Never,
}

/// Hashes of the newest dispatches of a session, each in the slot of its sequence.
#[derive(Debug, Default)]
pub(super) struct Recent {
    /// Sequence and hash; a sequence that none has in an empty slot.
    slots: Vec<(u64, u64)>,
    /// Highest sequence of the session that came in an earlier run.
    since: u64,
}

impl Recent {
    /// Hashes of a session of which an earlier run had the dispatches up to `since`; 0 for a new session.
    pub(super) fn since(since: u64) -> Self {
        Self {
            slots: Vec::new(),
            since,
        }
    }

    /// Notes a dispatch; returns what is known of its sequence.
    pub(super) fn came(&mut self, seq: u64, name: Option<&str>, body: &[u8]) -> Before {
        const EMPTY: u64 = u64::MAX;
        self.slots.resize(RECENT, (EMPTY, 0));
        let slot = &mut self.slots[usize::try_from(seq % RECENT as u64).expect("small")];
        let new = (seq, hash(name, body));
        let old = std::mem::replace(slot, new);
        if old == new {
            Before::Same
        } else if seq > self.since && (old.0 == EMPTY || old.0 < seq) {
            Before::Never
        } else {
            Before::Other
        }
    }
}

/// A quick hash of a dispatch's bytes.
fn hash(name: Option<&str>, body: &[u8]) -> u64 {
    let mix =
        |hash: u64, word: u64| (hash.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
    let mut hash = body.len() as u64;
    for bytes in [name.unwrap_or_default().as_bytes(), body] {
        let mut words = bytes.chunks_exact(8);
        for word in &mut words {
            hash = mix(
                hash,
                u64::from_le_bytes(word.try_into().expect("eight bytes")),
            );
        }
        for byte in words.remainder() {
            hash = mix(hash, u64::from(*byte));
        }
    }
    hash
}

impl Session {
    /// Whether a dispatch's sequence is not above those that came, outside of a replay: then it is a repeat, another event
    /// under the same sequence, or late.
    pub(super) fn is_behind(&self, seq: u64) -> bool {
        let came = self.seq.is_some_and(|last| seq <= last) || self.ahead.numbers.contains(&seq);
        came && self.phase == Phase::Active
    }

    /// Takes the sequence of a dispatch.
    ///
    /// [`Session::seq`] is the last sequence before the first hole, and so are the mark, the heartbeat and the resume:
    /// if the connection is lost while a hole is open, a resume brings what is missing.
    pub(super) fn on_sequence(&mut self, stream: &str, seq: u64, now: Moment) -> Came {
        let last = self.seq;
        if seq.saturating_sub(last.unwrap_or_default()) > FARTHEST {
            self.report_out_of_reach(stream, seq, now);
            return Came::OutOfReach;
        }
        // A skipped payload has a gap of its own.
        if self.report_skipped(stream, seq, now) {
            self.seq = self.seq.max(Some(seq));
            self.ahead.clear();
            return Came::InReach;
        }
        match last {
            Some(last) if seq <= last => {
                tracing::trace!(part = &*self.part, seq, last, "a dispatch came again");
            }
            Some(last) if seq > last + 1 => {
                self.ahead.numbers.insert(seq);
                self.ahead.by.get_or_insert(now.at + WAIT);
                tracing::debug!(part = &*self.part, seq, last, "the sequence jumped");
                let may_tell = self.ahead.next.is_none_or(|next| next <= now.at);
                let count = self.ahead.numbers.len();
                if count >= MOST_AHEAD || (may_tell && count >= PATIENCE) {
                    self.settle(stream, PATIENCE - 1, now);
                }
            }
            _ => {
                self.advance(seq);
                // The stream goes on before the hole, so the number behind it may be the wrong one.
                let is_open = !self.ahead.numbers.is_empty();
                self.ahead.by = is_open.then_some(now.at + WAIT);
            }
        }
        Came::InReach
    }

    /// Advances to a sequence, and over numbers that were received early.
    fn advance(&mut self, seq: u64) {
        let mut last = seq;
        while let Some(next) = last.checked_add(1)
            && self.ahead.numbers.remove(&next)
        {
            last = next;
        }
        self.seq = Some(last);
    }

    /// Reports all missing numbers below the highest received one, and advances to it.
    pub(super) fn settle_holes(&mut self, stream: &str, now: Moment) {
        self.settle(stream, 0, now);
    }

    /// Reports a hole that was not filled in time.
    pub(super) fn settle_overdue(&mut self, now: Moment) {
        if self.ahead.by.is_some_and(|by| by <= now.at)
            && let Some(session) = &self.resumable
        {
            let stream = std::sync::Arc::clone(&session.stream);
            self.settle(&stream, 0, now);
            if let Some(last) = &mut self.last
                && last.stream == stream
            {
                // The next gap begins behind the dispatches that waited.
                last.seq = last.seq.max(self.seq.unwrap_or_default());
            }
            let checkpoint = self.checkpoint(now.wall);
            self.outbox.checkpoint(checkpoint);
        }
    }

    /// Reports the first holes in one gap, until at most `most` dispatches wait behind the next.
    ///
    /// Dispatches behind the next hole keep waiting, so that one wrong number does not move the mark.
    fn settle(&mut self, stream: &str, most: usize, now: Moment) {
        let last = self.seq.unwrap_or_default();
        let (mut missing, mut first) = (0_u64, None);
        while self.ahead.numbers.len() > most
            && let Some(number) = self.ahead.numbers.pop_first()
        {
            let before = self.seq.unwrap_or_default();
            missing += number.saturating_sub(before).saturating_sub(1);
            self.advance(number);
            first = Some(number);
        }
        let is_open = !self.ahead.numbers.is_empty();
        self.ahead.by = is_open.then_some(now.at + WAIT);
        let Some(first) = first else { return };
        self.ahead.next = Some(now.at + WAIT);
        tracing::warn!(
            part = &*self.part,
            last,
            first,
            missing,
            "the sequence has a hole; a gap is reported"
        );
        let at = self.last.as_ref().map_or(now.wall, |last| last.at);
        let cause = format!(
            "the session's sequence jumped from {last} to {first}: {missing} dispatches did not come whole"
        );
        let gap = Gap::new(
            Edge::frame(at, stream, last),
            Edge::frame(now.wall, stream, first),
            cause,
        );
        self.gap(&gap, now);
    }

    /// Reports, once for each connection, a sequence that is out of reach.
    fn report_out_of_reach(&mut self, stream: &str, seq: u64, now: Moment) {
        let last = self.seq.unwrap_or_default();
        tracing::warn!(
            part = &*self.part,
            seq,
            last,
            "no session reaches this sequence; the dispatch is stored, and the sequence stays as it was"
        );
        if std::mem::replace(&mut self.is_out_of_reach, true) {
            return;
        }
        let at = self.last.as_ref().map_or(now.wall, |last| last.at);
        let cause = format!(
            "a dispatch has the sequence {seq} behind {last}, which no session reaches; dispatches may be missing"
        );
        let gap = Gap::new(Edge::frame(at, stream, last), Edge::at(now.wall), cause);
        self.gap(&gap, now);
    }
}
