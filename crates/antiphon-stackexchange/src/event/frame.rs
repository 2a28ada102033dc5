//! The events of a recorded frame.
//!
//! For programs and tests that have frames from elsewhere, such as a log of another client. The source does not come
//! here: its session knows the account, the rooms and what came before.

use antiphon_core::Draft;
use bytes::Bytes;
use jiff::Timestamp;

use super::{
    make::{event_origin, message_origin, room_place},
    table::kind_of,
};
use crate::{
    model::{EventId, RoomId},
    wire::{Frame, Header},
};

/// Reads the events of a frame that did not come over a source's socket, such as a recorded one, in order.
///
/// The function knows no account: the place of an event is its own room, and a mention concerns every account. Elements
/// that are no event are left out. A frame that cannot be read has no events.
///
/// No event is known from before: a frame that is read twice gives the same drafts twice, with the same origins, and a
/// journal stores them once. The bodies share the frame's memory.
///
/// ```
/// use antiphon_core::{Event, Payload as _, Position};
/// use antiphon_stackexchange::{MessageEvent, UnknownEvent, read_frame};
///
/// let frame = br#"{"r1": {"e": [{"event_type": 1, "id": 5, "room_id": 1, "user_id": 7, "user_name": "mira",
///     "message_id": 9, "content": "hi &amp; <b>bye</b>"}], "t": 5, "d": 1}}"#;
/// let drafts = read_frame(&frame.to_vec().into(), jiff::Timestamp::UNIX_EPOCH);
/// assert_eq!(drafts[0].kind.as_str(), "stackexchange.MessagePosted");
/// assert_eq!((drafts[0].place.as_str(), drafts[0].origin.as_str()), ("room/1", "message/9"));
///
/// let event = Event::stored(Position::new(1), "chat".into(), drafts[0].clone());
/// let message = MessageEvent::decode(&event)?;
/// assert_eq!((message.user_name.as_str(), message.content.text().as_str()), ("mira", "hi & bye"));
/// // Any event can be read with all its fields.
/// let unknown = UnknownEvent::of(&event)?;
/// assert_eq!(unknown.field("message_id"), Some(&9.into()));
/// # Ok::<(), antiphon_core::DecodeError>(())
/// ```
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
                None => event_origin(0, EventId::new(header.id.0?)),
            };
            Some(Draft::new(
                kind_of(header.event_type.0?),
                room_place(header.room_id.map_or(*key, RoomId::new)),
                origin,
                received_at,
                antiphon_core::keep_part(frame, element.get().as_bytes()),
            ))
        }));
    }
    drafts
}
