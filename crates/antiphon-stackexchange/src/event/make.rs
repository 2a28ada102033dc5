//! The step from the wire to an event: its place, its origin and its note.

use antiphon_core::{Draft, Event, Origin, Place};
use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::kind_of;
use crate::{
    model::{EventId, RoomId, UserId},
    wire::{Frame, Header},
};

/// The events of a frame that came from elsewhere, such as a recording, in its order.
///
/// Nothing is known of an account here: every event's place is its own room, mentions concern everybody, and what is
/// no event is left out. A frame that cannot be read has none.
pub fn read_frame(frame: &Bytes, received_at: Timestamp) -> Vec<Draft> {
    let Ok(parsed) = Frame::parse(frame) else {
        return Vec::new();
    };
    let mut drafts = Vec::new();
    for (key, room) in &parsed.rooms {
        let events = room.body.iter().flat_map(|body| &body.e);
        drafts.extend(events.filter_map(|element| {
            let header = Header::of(element)?;
            Some(Draft::new(
                kind_of(header.event_type?),
                room_place(header.room_id.map_or(*key, RoomId::new)),
                event_origin(EventId::new(header.id?)),
                received_at,
                frame.slice_ref(element.get().as_bytes()),
            ))
        }));
    }
    drafts
}

/// The place of a room that the account is in.
pub(crate) fn room_place(room: RoomId) -> Place {
    Place::from(format!("room/{room}"))
}

/// The place of what concerns the account wherever it is.
pub(crate) fn user_place(me: UserId) -> Place {
    Place::from(format!("user/{me}"))
}

/// The place of what comes from a room that the account is not in.
pub(crate) fn elsewhere_place(me: UserId, room: RoomId) -> Place {
    Place::from(format!("user/{me}/room/{room}"))
}

/// The identity of an event: its id, live or from history (design §3 (a)).
pub(crate) fn event_origin(id: EventId) -> Origin {
    Origin::from(format!("event/{id}"))
}

/// What is added beside mentions and replies: for whom the account took them.
#[derive(Serialize, Deserialize)]
struct Note {
    me: UserId,
}

/// The note of a mention or reply.
pub(crate) fn note(me: UserId) -> Bytes {
    let note = serde_json::to_vec(&Note { me }).expect("a number");
    Bytes::from(note)
}

/// The account that took the event, where its note says so.
pub(crate) fn own_id(event: &Event) -> Option<UserId> {
    let note: Note = serde_json::from_slice(event.note()?).ok()?;
    Some(note.me)
}
