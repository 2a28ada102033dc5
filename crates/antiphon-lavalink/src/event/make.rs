//! The step from the wire to an event: its kind, its place and its note.

use antiphon_core::{BodyForm, Draft, Event, Kind, Origin, Place};
use bytes::Bytes;
use jiff::Timestamp;

use super::table::kind_of;
use crate::{
    model::{GuildId, NodeId, Playable, playable_from_saved},
    wire,
};

/// What a frame is, by one pass over it.
#[derive(Debug)]
pub(crate) struct Heading {
    pub(crate) kind: Kind,
    pub(crate) guild: Option<GuildId>,
    pub(crate) form: BodyForm,
}

impl Heading {
    pub(crate) fn of(frame: &[u8]) -> Self {
        // What is no UTF-8 is no JSON, wherever in a frame it stands.
        let text = std::str::from_utf8(frame).ok();
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

    /// The event of the frame.
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

/// The event of a frame that came from elsewhere, such as a recording.
///
/// Nothing is known of a player here, so that it has no note; whatever the frame is, it becomes an event.
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

/// The place of a node.
pub(crate) fn node_place(node: &NodeId) -> Place {
    Place::from(format!("node/{node}"))
}

/// The place of a player.
pub(crate) fn player_place(node: &NodeId, guild: GuildId) -> Place {
    Place::numbered(&["node/", node.as_str(), "/player/"], guild.get())
}

/// The note of an event; none if there is nothing to note.
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

/// What was noted beside an event; a note of another form counts as none.
#[derive(Default)]
pub(super) struct EventNote {
    pub(super) original: Option<Playable>,
    pub(super) reason: Option<String>,
    pub(super) restored: bool,
}

pub(super) fn noted(event: &Event) -> EventNote {
    let Some(note) = event.note() else {
        return EventNote::default();
    };
    let note: wire::Note<'_> = serde_json::from_slice(note).unwrap_or_default();
    EventNote {
        original: note.original.map(playable_from_saved),
        reason: note.reason.map(Into::into),
        restored: note.restored,
    }
}
