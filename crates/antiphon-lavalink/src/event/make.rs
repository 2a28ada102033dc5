//! The step from a frame to a draft: kind, place and note.
//!
//! `pool/frames.rs` calls it for every frame of a socket, and [`read_frame`] for frames of a recording. It reads only
//! what a handler's lane depends on; the payload is decoded later, from the journal.
//!
//! The kind of unknown frames has the node's own name, if that has 1 to 64 characters without spaces and control
//! characters; otherwise the frame is `lavalink.malformed`, because the journal keeps the names of kinds for ever.

use antiphon_core::{BodyForm, Draft, Kind, Origin, Place};
use bytes::Bytes;
use jiff::Timestamp;

use super::table::kind_of;
use crate::{
    model::{GuildId, NodeId, Playable},
    wire,
};

/// Kind and guild of a frame, read in one pass.
#[derive(Debug)]
pub(crate) struct Heading {
    /// `lavalink.` and op or type.
    pub(crate) kind: Kind,
    /// The guild; absent where the frame names none, or 0.
    pub(crate) guild: Option<GuildId>,
    /// JSON, text or bytes, as the journal shows it.
    pub(crate) form: BodyForm,
}

impl Heading {
    /// Reads the heading; bytes that are no JSON object are malformed.
    pub(crate) fn of(frame: &[u8]) -> Self {
        // Bytes that are not UTF-8 are not JSON either.
        let text = antiphon_core::read_utf8(frame).ok();
        match text.and_then(|text| wire::Header::of(text.as_bytes())) {
            Some(header) => Self {
                kind: kind_of(&header),
                guild: header.guild.map(GuildId::new),
                form: BodyForm::Json,
            },
            None => Self {
                kind: kind_of(&wire::Header::default()),
                guild: None,
                form: BodyForm::of(frame),
            },
        }
    }

    /// The draft of the frame.
    pub(crate) fn draft(
        self,
        place: Place,
        origin: Origin,
        received_at: Timestamp,
        frame: Bytes,
    ) -> Draft {
        let mut draft = Draft::new(self.kind, place, origin, received_at, frame);
        draft.form = self.form;
        draft
    }
}

/// Makes the draft of a frame that comes from elsewhere, such as a recording.
///
/// Every frame becomes an event. It has no note, since no player is known here: `original` of its payload is absent,
/// and `restored` is false.
///
/// `connection` and `number` become the origin, by which a journal recognises a repetition: give each recording a name
/// of its own, and count its frames.
///
/// # Examples
/// ```
/// use antiphon_core::{Event, Payload as _, Position};
/// use antiphon_lavalink::{Bytes, GuildId, TrackEnd, TrackEndReason, read_frame};
///
/// let frame = Bytes::from_static(
///     br#"{"op":"event","type":"TrackEndEvent","guildId":"7","reason":"finished","track":{"info":{"title":"Tone"}}}"#,
/// );
/// let draft = read_frame(&"eu-1".into(), "recording", 1, &frame, "2026-01-01T00:00:00Z".parse()?);
/// assert_eq!(draft.kind.as_str(), "lavalink.TrackEndEvent");
/// assert_eq!(draft.place.as_str(), "node/eu-1/player/7");
///
/// let event = Event::stored(Position::new(1), "lavalink".into(), draft);
/// // The view borrows from the frame; filters read it before the whole payload is decoded.
/// assert_eq!(TrackEnd::view(&event)?.track.info.title, "Tone");
/// let end = TrackEnd::decode(&event)?;
/// assert_eq!((end.player, end.reason), (Some(GuildId::new(7)), TrackEndReason::Finished));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read_frame(
    node: &NodeId,
    connection: &str,
    number: u64,
    frame: &Bytes,
    received_at: Timestamp,
) -> Draft {
    let origin = Origin::frame(connection, number);
    let heading = Heading::of(frame);
    let place = match heading.guild {
        Some(guild) => player_place(node, guild),
        None => node_place(node),
    };
    heading.draft(place, origin, received_at, frame.clone())
}

/// The place of a node: `node/<name>`.
pub(crate) fn node_place(node: &NodeId) -> Place {
    Place::from(format!("node/{node}"))
}

/// The place of a player: `node/<name>/player/<guild>`. It changes when the player moves.
pub(crate) fn player_place(node: &NodeId, guild: GuildId) -> Place {
    Place::numbered(&["node/", node.as_str(), "/player/"], guild.get())
}

/// The note of an event; `None` if there is nothing to note.
pub(crate) fn note(
    original: Option<&Playable>,
    reason: Option<&str>,
    restored: bool,
) -> Option<Bytes> {
    if original.is_none() && reason.is_none() && !restored {
        return None;
    }
    let note = wire::Note {
        original: original.map(Playable::saved),
        reason: reason.map(Into::into),
        restored,
    };
    let note =
        serde_json::to_vec(&note).expect("only texts, numbers and JSON that was read before");
    Some(note.into())
}
