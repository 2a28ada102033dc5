//! The events of a recorded frame.

use antiphon_core::Draft;
use bytes::Bytes;
use jiff::Timestamp;

use super::{
    kinds::kind_of,
    make::{event_origin, message_origin, room_place},
};
use crate::{
    model::{EventId, RoomId},
    wire::{Frame, Header},
};

/// Reads the events of a frame that did not come over a source's socket, such as a recorded one, in order.
///
/// The function knows no account: the place of an event is its own room, and a mention concerns every account. Elements
/// that are no event are left out. A frame that cannot be read has no events.
pub fn read_frame(frame: &Bytes, received_at: Timestamp) -> Vec<Draft> {
    let Ok(parsed) = Frame::parse(frame) else {
        return Vec::new();
    };
    let mut drafts = Vec::new();
    for (key, room) in &parsed.rooms {
        let events = room.body.iter().flat_map(|body| &body.e);
        drafts.extend(events.filter_map(|element| {
            let header = Header::of(element)?;
            let origin = match header.posted() {
                Some(message) => message_origin(0, message),
                None => event_origin(0, EventId::new(header.id?)),
            };
            Some(Draft::new(
                kind_of(header.event_type?),
                room_place(header.room_id.map_or(*key, RoomId::new)),
                origin,
                received_at,
                frame.slice_ref(element.get().as_bytes()),
            ))
        }));
    }
    drafts
}
