//! Frames that came from elsewhere.

use std::fmt;

use antiphon_core::{Draft, Provenance};
use bytes::Bytes;
use jiff::Timestamp;

use super::Namer;
use crate::wire::{Header, op};

/// Reads frames that came from elsewhere, such as a recording, into the events that a connection would bring.
///
/// Nothing is known of a connection here: what has no identity of its own is known by the session's name and the
/// frame's sequence.
pub struct FrameReader {
    session: String,
    namer: Namer,
}

impl fmt::Debug for FrameReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FrameReader")
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

impl FrameReader {
    /// A reader of the frames of one session (protocol §3.1).
    pub fn new(session: impl Into<String>) -> Self {
        Self {
            session: session.into(),
            namer: Namer::new(),
        }
    }

    /// The event of a dispatch (op 0); `None` for any other frame, and for one that is not whole.
    ///
    /// The body is a slice of the frame, which is not copied.
    pub fn read(&mut self, frame: &Bytes, received_at: Timestamp) -> Option<Draft> {
        let header = Header::read(frame);
        if header.op != Some(op::DISPATCH) || !header.is_whole {
            return None;
        }
        let named = self.namer.name(header.name.as_deref(), &header.ids);
        let origin = match named.occurrence {
            Some(occurrence) => occurrence,
            None => self
                .namer
                .sequence(&self.session, header.seq.unwrap_or_default()),
        };
        Some(Draft {
            kind: named.kind,
            place: named.place,
            origin,
            provenance: Provenance::Live,
            received_at,
            body: frame.slice(header.data?),
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
        let beat = Bytes::from_static(br#"{"op":11}"#);
        assert_eq!(reader.read(&beat, Timestamp::UNIX_EPOCH), None);
    }
}
