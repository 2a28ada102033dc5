//! The step from the wire's fields to a payload's.
//!
//! [`Field`] is implemented for each pair of a payload's type and the wire's, so that the declaration of a payload
//! (`event!`) is a list of fields with types and nothing else.

use std::borrow::Cow;

use antiphon_core::{
    DecodeError, Event,
    lenient::{Flag, Text},
};
use jiff::Timestamp;

use super::make::server_of;
use crate::{
    content::Html,
    model::{EventId, MessageId, RoomId, Server, UserId},
    wire::{self, Id, Int},
};

/// Kinds whose room is absent where the body names none: a notification that comes under a room's key is not of it.
const ROOMLESS: [&str; 2] = [
    "stackexchange.GlobalNotification",
    "stackexchange.UserNotification",
];

/// Reads the body as an object, with lone surrogates replaced; anything else is an error, not an event without fields.
///
/// The replacement is tried only after serde refused the body, so that a good body is parsed once.
pub(crate) fn object(event: &Event) -> Result<wire::Event<'_>, DecodeError> {
    event.parse_object().or_else(|error| {
        let replaced = wire::without_halves(event.body());
        let replaced = replaced.filter(|json| json.trim_ascii_start().starts_with(b"{"));
        antiphon_core::read_json(&replaced.ok_or(error)?)
            .map(wire::Event::into_owned)
            .map_err(|error| event.undecodable::<wire::Event<'_>>(error))
    })
}

/// Reads the body as [`object`] does, and takes the room from the event's place where the body names none.
///
/// A row of a history leaves the room's name out, and possibly its number: the place has it from the request, or from
/// the key of a frame.
pub(crate) fn placed(event: &Event) -> Result<wire::Event<'_>, DecodeError> {
    let mut wire = object(event)?;
    wire.server = server_of(event);
    if !ROOMLESS.contains(&event.kind().as_str()) {
        let placed = || event.place().id("room")?.parse().ok();
        wire.room_id = Int(wire.room_id.or_else(placed));
    }
    Ok(wire)
}

/// The id of an event; 0 and less is none.
pub(crate) fn event_id(sent: Id) -> Option<EventId> {
    sent.filter(|id| *id > 0).map(EventId::new)
}

/// A field of a payload, by its type and the type that the wire has for it.
///
/// Reading cannot fail: a value that cannot be used became `None` in the wire's type before.
pub(super) trait Field<Sent>: Sized {
    /// Reads the field as it was sent; `server` is where its relative addresses belong to.
    fn of(sent: Sent, server: Server) -> Self;
}

macro_rules! fields {
    ($($type:ty, of $sent:ident: $from:ty => $value:expr;)*) => {$(
        impl Field<$from> for $type {
            fn of($sent: $from, _: Server) -> Self {
                $value
            }
        }
    )*};
}

fields! {
    Option<EventId>, of sent: Id => event_id(sent);
    Option<Timestamp>, of sent: Int => Timestamp::from_second(sent.0?).ok();
    RoomId, of sent: Int => Self::new(sent.unwrap_or_default());
    Option<RoomId>, of sent: Int => sent.map(RoomId::new);
    Option<UserId>, of sent: Int => sent.map(UserId::new);
    MessageId, of sent: Int => Self::new(sent.unwrap_or_default());
    Option<MessageId>, of sent: Int => sent.map(MessageId::new);
    // A counter that is 0 is left out.
    u64, of sent: Int => sent.and_then(|count| Self::try_from(count).ok()).unwrap_or_default();
    bool, of sent: Flag => sent.unwrap_or_default();
    Option<bool>, of sent: Flag => sent.0;
    String, of sent: Text<'_> => sent.0.unwrap_or_default().into_owned();
    Option<String>, of sent: Text<'_> => sent.0.map(Cow::into_owned);
}

impl Field<Text<'_>> for Html {
    fn of(sent: Text<'_>, server: Server) -> Self {
        Self::new(sent.0.unwrap_or_default()).on(server)
    }
}
