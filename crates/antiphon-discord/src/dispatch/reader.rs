//! Reading frames without a connection.
//!
//! It is the session's way of naming events without a session: for recordings, for tests, and for a proxy that hands frames
//! on.

use std::fmt;

use antiphon_core::{Draft, Origin, Provenance};
use bytes::Bytes;
use jiff::Timestamp;

use super::Namer;
use crate::wire::{Header, op};

/// Reads frames of a recording or another client into the events that a connection would bring.
///
/// An event without an id of its own gets an origin of the session's name and the frame's sequence.
///
/// ```
/// use antiphon_discord::FrameReader;
/// use bytes::Bytes;
///
/// let frame = Bytes::from_static(br#"{"op":0,"t":"TYPING_START","s":7,"d":{"channel_id":"22","user_id":"33"}}"#);
/// let draft = FrameReader::new("a1b2").read(&frame, jiff::Timestamp::UNIX_EPOCH).expect("a dispatch");
/// assert_eq!((draft.kind.as_str(), draft.place.as_str()), ("discord.TYPING_START", "channel/22"));
/// ```
///
/// Two frames of one session, one of them without a sequence:
///
/// ```
/// use antiphon_discord::FrameReader;
/// use bytes::Bytes;
///
/// let mut reader = FrameReader::new("a1b2");
/// let numbered = Bytes::from_static(br#"{"op":0,"t":"GUILD_ROLE_CREATE","s":7,"d":{"guild_id":"11"}}"#);
/// let draft = reader.read(&numbered, jiff::Timestamp::UNIX_EPOCH).expect("a dispatch");
/// assert_eq!(draft.origin.as_str(), "a1b2/0000000007");
///
/// let heartbeat = Bytes::from_static(br#"{"op":11}"#);
/// assert!(reader.read(&heartbeat, jiff::Timestamp::UNIX_EPOCH).is_none());
/// ```
pub struct FrameReader {
    session: String,
    namer: Namer,
    /// Number of frames without a sequence.
    unnumbered: u64,
}

impl fmt::Debug for FrameReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FrameReader")
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

impl FrameReader {
    /// Creates a reader for the frames of one session (protocol §3.1).
    pub fn new(session: impl Into<String>) -> Self {
        Self {
            session: session.into(),
            namer: Namer::new(),
            unnumbered: 0,
        }
    }

    /// The event of a dispatch (op 0); `None` for any other frame, for one without `d`, and for one that is not one JSON
    /// object with each key once.
    ///
    /// The body is a slice of the frame, which is not copied.
    pub fn read(&mut self, frame: &Bytes, received_at: Timestamp) -> Option<Draft> {
        let header = Header::read(frame);
        if header.op != Some(op::DISPATCH) || !header.is_sound() {
            return None;
        }
        let named = self.namer.name(header.name.as_deref(), &header.ids);
        let body = frame.slice(header.data?);
        let origin = match (named.occurrence, header.seq) {
            (Some(occurrence), _) => occurrence,
            (None, Some(seq)) => self.namer.sequence(&self.session, seq),
            (None, None) => {
                self.unnumbered += 1;
                Origin::frame(&format!("{}.unnumbered", self.session), self.unnumbered)
            }
        };
        Some(Draft {
            kind: named.kind,
            place: named.place,
            origin,
            provenance: Provenance::Live,
            received_at,
            body,
            form: header.form,
            note: None,
            deletes: named.deletes,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dispatch_becomes_the_event_a_connection_would_bring() {
        let frame = r#"{"op":0,"t":"MESSAGE_DELETE","d":{"id":"7","channel_id":"3"},"s":41}"#;
        let frame = Bytes::from_static(frame.as_bytes());
        let mut reader = FrameReader::new("a1b2");
        let draft = reader
            .read(&frame, Timestamp::UNIX_EPOCH)
            .expect("a dispatch");
        assert_eq!(draft.kind, "discord.MESSAGE_DELETE");
        assert_eq!(draft.place.as_str(), "channel/3");
        assert_eq!(draft.origin.as_str(), "a1b2/0000000041");
        assert_eq!(draft.body, r#"{"id":"7","channel_id":"3"}"#);
        let odd = Bytes::from_static(br#"{"op":0,"t":"X","d":{}}"#);
        let mut origin = || {
            reader
                .read(&odd, Timestamp::UNIX_EPOCH)
                .expect("a dispatch")
                .origin
        };
        assert_ne!(origin(), origin(), "nothing without a number is a repeat");
        let beat = Bytes::from_static(br#"{"op":11}"#);
        assert_eq!(reader.read(&beat, Timestamp::UNIX_EPOCH), None);
    }
}
