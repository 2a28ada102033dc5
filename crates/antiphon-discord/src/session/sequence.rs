//! A session's sequence: how far it came without a hole, and what is missing.

use std::collections::BTreeSet;

use antiphon_core::{Edge, Gap};

use super::{Moment, Session};

/// Dispatches behind a hole that are waited for before the hole is a gap: a server that changes the order of two frames
/// loses nothing.
const PATIENCE: usize = 8;
/// A session cannot reach a number so far beyond the last one that came: nothing on a connection is dropped unseen, and
/// ten thousand lost frames would be a new session.
const FARTHEST: u64 = 10_000;

/// What the sequence of a dispatch says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Came {
    /// It belongs to the stream: new, behind a hole, or sent again.
    InReach,
    /// No session can have reached it; it says nothing.
    OutOfReach,
}

/// Sequences that came behind a hole.
#[derive(Debug, Default)]
pub(super) struct Ahead(BTreeSet<u64>);

impl Ahead {
    pub(super) fn clear(&mut self) {
        self.0.clear();
    }
}

impl Session {
    /// Takes a dispatch's sequence into account.
    ///
    /// [`Session::seq`] is the last sequence before the first hole, and so are the mark, the heartbeat and the resume:
    /// if the connection is lost while a hole is open, a resume brings what is missing.
    pub(super) fn on_sequence(&mut self, stream: &str, seq: u64, now: Moment) -> Came {
        let last = self.seq;
        if seq.saturating_sub(last.unwrap_or_default()) > FARTHEST {
            self.report_out_of_reach(stream, seq, now);
            return Came::OutOfReach;
        }
        // A payload that was passed over has a gap of its own.
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
                self.ahead.0.insert(seq);
                tracing::debug!(part = &*self.part, seq, last, "the sequence jumped");
                if self.ahead.0.len() >= PATIENCE {
                    self.settle_hole(stream, now);
                }
            }
            _ => self.advance(seq),
        }
        Came::InReach
    }

    /// Goes on to a sequence, and over what came before its time.
    fn advance(&mut self, seq: u64) {
        let mut last = seq;
        while let Some(next) = last.checked_add(1)
            && self.ahead.0.remove(&next)
        {
            last = next;
        }
        self.seq = Some(last);
    }

    /// Reports all that is missing below the highest sequence that came, and goes on from there.
    pub(super) fn settle_holes(&mut self, stream: &str, now: Moment) {
        while self.settle_hole(stream, now) {}
    }

    /// Reports the first hole, if there is one, and goes on behind it.
    ///
    /// What stands behind the next hole waits on: one wrong number does not carry the mark away.
    fn settle_hole(&mut self, stream: &str, now: Moment) -> bool {
        let Some(first) = self.ahead.0.pop_first() else {
            return false;
        };
        let last = self.seq.unwrap_or_default();
        let missing = first.saturating_sub(last).saturating_sub(1);
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
        self.advance(first);
        self.gap(&gap, now);
        true
    }

    /// Reports, once a connection, that a sequence cannot be right.
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
