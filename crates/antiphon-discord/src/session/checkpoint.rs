//! Content of a shard's checkpoint.
//!
//! A checkpoint is stored in the transaction of the last event that it covers, so that a shard begins again exactly where the
//! journal ends.
//! Its mark is a number that grows with every session and every sequence; the state beside it has the session's id, its URL,
//! its stream, the bot's user and a stretch that is lost and not yet reported.

use antiphon_core::{Checkpoint, Edge};
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Version of the encoding.
const VERSION: u8 = 1;
/// Number of bits of a mark that hold the sequence.
///
/// More dispatches than a session of a busy bot has in years.
const SEQ_BITS: u32 = 40;
/// The largest sequence that a mark holds.
const MOST_SEQ: u64 = (1 << SEQ_BITS) - 1;

/// A checkpoint's mark: the session's epoch, and the sequence in it.
///
/// Sequences restart with each session, so a sequence alone could be taken for one of a newer session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    /// Count of this shard's sessions; the first is 1.
    pub(crate) epoch: u32,
    /// Sequence in the session; 0 before the first dispatch.
    pub(crate) seq: u64,
}

impl Mark {
    /// Writes both into one number, the epoch above the sequence, so that a later session has the greater mark.
    pub(crate) fn write(self) -> i64 {
        // The epoch has 23 bits, so that the mark stays positive.
        let epoch = i64::from(self.epoch & 0x007f_ffff);
        let seq = i64::try_from(self.seq.min(MOST_SEQ)).expect("40 bits");
        epoch << SEQ_BITS | seq
    }

    /// Reads a mark; one of another program, such as a negative one, is that of no session.
    pub(crate) fn read(mark: i64) -> Self {
        let mark = u64::try_from(mark).unwrap_or_default();
        Self {
            epoch: u32::try_from(mark >> SEQ_BITS).unwrap_or_default(),
            seq: mark & MOST_SEQ,
        }
    }
}

/// A stretch that is lost and not reported yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lost {
    /// Last moment that is known to be whole.
    pub(crate) from: Edge,
    /// Reason in words, which the gap keeps.
    pub(crate) cause: String,
}

/// A checkpoint's state; the sequence is its mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SavedState {
    /// Id of a session that can be resumed.
    pub(crate) session: Option<String>,
    pub(crate) url: Option<String>,
    /// Number of shards that the session was begun with; a session of another number cannot be resumed.
    pub(crate) count: u32,
    pub(crate) user: Option<u64>,
    /// Approximate time of the last frame.
    pub(crate) at: Timestamp,
    pub(crate) lost: Option<Lost>,
    /// Name of the session's stream, if it is not the session's id.
    pub(crate) stream: Option<String>,
    /// Session ids that are names of this shard's streams; `None` if unknown.
    pub(crate) used: Option<Vec<String>>,
}

#[derive(Serialize, Deserialize)]
struct Written {
    v: u8,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    session: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    count: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    user: Option<u64>,
    at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    lost: Option<Lost>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stream: Option<String>,
    /// Absent in states of version 0.1.0, which named every stream by its session's id and forgot finished ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    used: Option<Vec<String>>,
}

impl SavedState {
    /// Age at which the time in a state is renewed; until then events share one state.
    pub(crate) const STALE: SignedDuration = SignedDuration::from_secs(1);

    pub(crate) fn write(self) -> Bytes {
        let written = Written {
            v: VERSION,
            session: self.session,
            url: self.url,
            count: self.count,
            user: self.user,
            at: self.at,
            lost: self.lost,
            stream: self.stream,
            used: self.used,
        };
        serde_json::to_vec(&written)
            .expect("texts, numbers and times are JSON")
            .into()
    }

    pub(crate) fn read(state: &[u8]) -> Result<Self, serde_json::Error> {
        let written: Written = antiphon_core::read_json(state)?;
        if written.v != VERSION {
            return Err(serde::de::Error::custom(
                "it was written by another version",
            ));
        }
        Ok(Self {
            session: written.session,
            url: written.url,
            count: written.count,
            user: written.user,
            at: written.at,
            lost: written.lost,
            stream: written.stream,
            used: written.used,
        })
    }
}

/// The edge at which a stored shard's events end and its number of shards, if it has a session or a gap to report.
pub(crate) fn edge_of(checkpoint: &Checkpoint) -> Option<(Edge, u32)> {
    let stored = SavedState::read(&checkpoint.state).ok()?;
    let edge = match (stored.lost, stored.session) {
        (Some(lost), _) => lost.from,
        (None, Some(session)) => {
            let stream = stored.stream.unwrap_or(session);
            Edge::frame(stored.at, stream, Mark::read(checkpoint.mark).seq)
        }
        (None, None) => return None,
    };
    Some((edge, stored.count))
}

/// Number of shards of a stored session, if it can be resumed.
pub(crate) fn resumable_count(checkpoint: &Checkpoint) -> Option<u32> {
    let stored = SavedState::read(&checkpoint.state).ok()?;
    stored.session.map(|_| stored.count)
}

/// Session ids that are names of a stored shard's streams; `None` if unknown.
pub(crate) fn used(checkpoint: &Checkpoint) -> Option<Vec<String>> {
    SavedState::read(&checkpoint.state).ok()?.used
}

/// Checkpoint of a shard that no longer runs.
pub(crate) fn retired(checkpoint: &Checkpoint, count: u32) -> Checkpoint {
    let at = SavedState::read(&checkpoint.state).map_or(Timestamp::UNIX_EPOCH, |stored| stored.at);
    let used = used(checkpoint);
    let stored = SavedState {
        session: None,
        url: None,
        count,
        user: None,
        at,
        lost: None,
        stream: None,
        used,
    };
    Checkpoint {
        state: stored.write(),
        ..checkpoint.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_grow_with_sessions_and_sequences() {
        let mark = |epoch, seq| Mark { epoch, seq }.write();
        assert!(mark(1, 5) > mark(1, 4));
        assert!(mark(2, 0) > mark(1, 1_000_000));
        assert!(mark(u32::MAX, u64::MAX) > 0);
        let some = Mark { epoch: 7, seq: 41 };
        assert_eq!(Mark::read(some.write()), some);
        assert_eq!(Mark::read(-1), Mark { epoch: 0, seq: 0 });
    }
}
