//! Events of which only the number is known, and what is no event at all.

use std::ops::Deref;

use antiphon_core::{DecodeError, Event, Payload};
use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{EventType, event_id, placed, time};
use crate::{
    class,
    model::{EventId, RoomId},
    wire,
};

/// An event of which only the type is known: it has every field of the JSON.
///
/// Any event of this platform can be read as one.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct UnknownEvent {
    /// Id of the event; absent in rows of a history, which have none.
    pub id: Option<EventId>,
    /// Its type; the number is kept, whatever it is.
    pub event_type: EventType,
    /// When it happened, to the second.
    pub time_stamp: Option<Timestamp>,
    /// In which room, if in any.
    pub room_id: Option<RoomId>,
    /// Every field as sent, those above too.
    pub fields: Map<String, Value>,
}

impl UnknownEvent {
    /// Reads any event of this platform.
    ///
    /// # Errors
    /// [`DecodeError`] if the body is not a JSON object.
    pub fn of(event: &Event) -> Result<Self, DecodeError> {
        let wire = placed(event)?;
        Ok(Self {
            id: event_id(wire.id),
            event_type: EventType(wire.event_type.unwrap_or_default()),
            time_stamp: time(wire.time_stamp),
            room_id: wire.room_id.map(RoomId::new),
            fields: event.parse().or_else(|error| {
                let mended = wire::mended(event.body()).ok_or(error)?;
                serde_json::from_slice(&mended).map_err(|error| event.undecodable::<Self>(error))
            })?,
        })
    }

    /// A field as sent.
    pub fn field(&self, name: &str) -> Option<&Value> {
        self.fields.get(name)
    }
}

impl class::Event for UnknownEvent {
    fn id(&self) -> Option<EventId> {
        self.id
    }

    fn time_stamp(&self) -> Option<Timestamp> {
        self.time_stamp
    }
}

/// Types for kinds of which only the name is known.
macro_rules! unknown {
    ($($(#[$doc:meta])* $name:ident = $kind:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name(pub UnknownEvent);

        impl Deref for $name {
            type Target = UnknownEvent;

            fn deref(&self) -> &UnknownEvent {
                &self.0
            }
        }

        impl class::Event for $name {
            fn id(&self) -> Option<EventId> {
                self.0.id
            }

            fn time_stamp(&self) -> Option<Timestamp> {
                self.0.time_stamp
            }
        }

        impl Payload for $name {
            const KINDS: &'static [&'static str] = &[$kind];
            type View<'a> = Self;

            fn view(event: &Event) -> Result<Self, DecodeError> {
                Self::decode(event)
            }

            fn decode(event: &Event) -> Result<Self, DecodeError> {
                UnknownEvent::of(event).map(Self)
            }
        }
    )*};
}

unknown! {
    /// Never seen (7, `stackexchange.DebugMessage`).
    DebugMessage = "stackexchange.DebugMessage";
    /// A message was flagged; only users with 10,000 reputation are told (9, `stackexchange.MessageFlagged`).
    MessageFlagged = "stackexchange.MessageFlagged";
    /// A relic (11, `stackexchange.FileAdded`).
    FileAdded = "stackexchange.FileAdded";
    /// A moderator is asked for; only moderators are told, of any room (12, `stackexchange.ModeratorFlag`).
    ModeratorFlag = "stackexchange.ModeratorFlag";
    /// The account's own settings changed, such as whom it ignores (13, `stackexchange.UserSettingsChanged`).
    UserSettingsChanged = "stackexchange.UserSettingsChanged";
    /// A message was moved to another room; the room is the one it left (19, `stackexchange.MessageMovedOut`).
    MessageMovedOut = "stackexchange.MessageMovedOut";
    /// A message was moved here; the room is the one it came to (20, `stackexchange.MessageMovedIn`).
    MessageMovedIn = "stackexchange.MessageMovedIn";
    /// A separator in a room's history (21, `stackexchange.TimeBreak`).
    TimeBreak = "stackexchange.TimeBreak";
    /// A feed in ticker mode has something new; `content` is HTML (22, `stackexchange.FeedTicker`).
    FeedTicker = "stackexchange.FeedTicker";
    /// Accounts were merged; details are not known (30, `stackexchange.UserMerged`).
    UserMerged = "stackexchange.UserMerged";
}

/// A room is in time-out: nobody but its owners may write (`stackexchange.timeout`, protocol §5.3).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RoomTimeout {
    /// Which room.
    pub room_id: RoomId,
    /// What users are told.
    pub text: String,
}

/// The server asks to load a room, or everything, again (`stackexchange.reset`, protocol §5.3).
///
/// The source reconnects by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reset {
    /// Which room; absent if it is everything.
    pub room_id: Option<RoomId>,
}

/// The account was removed from a room (`stackexchange.exit`, protocol §5.3).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RoomExit {
    /// From which room.
    pub room_id: RoomId,
}

/// An element that is no event, or a whole frame in which something is unknown (`stackexchange.malformed`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Malformed {
    /// The room it came for; absent if for none, or for several.
    pub room_id: Option<RoomId>,
    /// The body, byte for byte; it may not be JSON.
    pub body: Bytes,
}

fn room(event: &Event) -> Option<RoomId> {
    event.place().id("room")?.parse().ok()
}

/// Payloads that are their own view.
macro_rules! keyed {
    ($($name:ident = $kind:path, $event:ident => $value:expr;)*) => {$(
        impl Payload for $name {
            const KINDS: &'static [&'static str] = &[$kind];
            type View<'a> = Self;

            fn view(event: &Event) -> Result<Self, DecodeError> {
                Self::decode(event)
            }

            fn decode($event: &Event) -> Result<Self, DecodeError> {
                Ok($value)
            }
        }
    )*};
}

keyed! {
    RoomTimeout = super::TIMEOUT, event => Self {
        room_id: room(event).unwrap_or_default(),
        text: event
            .parse::<crate::wire::RoomBody<'_>>()?
            .timeout
            .unwrap_or_default()
            .into_owned(),
    };
    Reset = super::RESET, event => Self { room_id: room(event) };
    RoomExit = super::EXIT, event => Self { room_id: room(event).unwrap_or_default() };
    Malformed = super::MALFORMED, event => Self { room_id: room(event), body: event.body().clone() };
}
