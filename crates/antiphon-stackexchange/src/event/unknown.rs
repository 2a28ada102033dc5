//! Events of which only the type is known, keys of a frame that are no event, and what cannot be read.
//!
//! Three groups: types whose meaning the reference does not know beyond their name (they deref to [`UnknownEvent`]),
//! keys of a room's part of a frame that say something about the room itself (`timeout`, `reset`, `exit`), and
//! [`Malformed`] for elements and frames that are no event. Together they are why nothing that a socket brings is
//! dropped.

use std::ops::Deref;

use antiphon_core::{DecodeError, Event};
use bytes::Bytes;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::convert::{Field, placed};
use crate::{
    model::{EventId, EventType, RoomId},
    wire,
};

/// An event of which only the type is known: it has every field of the JSON.
///
/// Any event of this platform can be read as one.
///
/// It is a reader of stored events and not a payload: the kinds without a type come to raw handlers
/// (`App::on_unknown`), which read the event with it.
///
/// ```
/// use antiphon_core::{Event, Position};
/// use antiphon_stackexchange::{UnknownEvent, read_frame};
///
/// // 35 has been listed as internal; nobody has written down what it means.
/// let frame = br#"{"r1": {"e": [{"event_type": 35, "id": 5, "room_id": 1, "tea": {"sort": "green"}}]}}"#;
/// let drafts = read_frame(&frame.to_vec().into(), jiff::Timestamp::UNIX_EPOCH);
/// assert_eq!(drafts[0].kind.as_str(), "stackexchange.35");
/// let event = Event::stored(Position::new(1), "chat".into(), drafts[0].clone());
/// let unknown = UnknownEvent::of(&event)?;
/// assert_eq!((unknown.event_type.0, unknown.event_type.name()), (35, None));
/// assert_eq!(unknown.field("tea").and_then(|tea| tea["sort"].as_str()), Some("green"));
/// # Ok::<(), antiphon_core::DecodeError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct UnknownEvent {
    /// Id of the event; absent in rows of a history, which have none.
    pub id: Option<EventId>,
    /// Type of the event; the number is kept, whatever it is.
    pub event_type: EventType,
    /// When it happened, to the second.
    pub time_stamp: Option<Timestamp>,
    /// Room of the event, if it has one.
    pub room_id: Option<RoomId>,
    /// Every field as sent, those above too.
    ///
    /// Values are not converted: a number in a text stays a text.
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
            id: Field::of(wire.id, wire.server),
            event_type: EventType(wire.event_type.unwrap_or_default()),
            time_stamp: Field::of(wire.time_stamp, wire.server),
            room_id: Field::of(wire.room_id, wire.server),
            fields: event.parse().or_else(|error| {
                let replaced = wire::without_halves(event.body()).ok_or(error)?;
                antiphon_core::read_json(&replaced)
                    .map_err(|error| event.undecodable::<Self>(error))
            })?,
        })
    }

    /// A field as sent.
    ///
    /// `None` for a name that the event does not have; a field that is `null` is there.
    pub fn field(&self, name: &str) -> Option<&Value> {
        self.fields.get(name)
    }
}

/// Declares types that add nothing to [`UnknownEvent`] but their kind.
macro_rules! like_unknown {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq)]
        pub struct $name(pub UnknownEvent);

        impl Deref for $name {
            type Target = UnknownEvent;

            fn deref(&self) -> &UnknownEvent {
                &self.0
            }
        }

        impl $name {
            pub(crate) fn of(event: &Event) -> Result<Self, DecodeError> {
                UnknownEvent::of(event).map(Self)
            }
        }
    )*};
}

like_unknown! {
    /// A debug message (7, `stackexchange.DebugMessage`); nobody has seen one.
    DebugMessage;
    /// A message was flagged; the server tells users with 10,000 reputation (9, `stackexchange.MessageFlagged`).
    ///
    /// Its fields are those of a message, with `message_flags`.
    MessageFlagged;
    /// A file was added (11, `stackexchange.FileAdded`); a relic.
    FileAdded;
    /// A user asks for a moderator; the server tells moderators, in any room (12, `stackexchange.ModeratorFlag`).
    ModeratorFlag;
    /// The account's own settings changed, such as its ignore list (13, `stackexchange.UserSettingsChanged`).
    UserSettingsChanged;
    /// A message was moved to another room; `room_id` is the room it left (19, `stackexchange.MessageMovedOut`).
    ///
    /// The room also receives a message that tells how many were moved and where to (protocol §11.27).
    MessageMovedOut;
    /// A message was moved here; `room_id` is the room it came to (20, `stackexchange.MessageMovedIn`).
    ///
    /// The field `moved` is true.
    MessageMovedIn;
    /// A separator in a room's history (21, `stackexchange.TimeBreak`).
    TimeBreak;
    /// A feed in ticker mode has something new; `content` is HTML (22, `stackexchange.FeedTicker`).
    ///
    /// A feed in the other mode posts messages, whose author is [`UserId::FEEDS`](crate::UserId::FEEDS).
    ///
    /// ```
    /// use antiphon_core::{Event, Payload as _, Position};
    /// use antiphon_stackexchange::{FeedTicker, Html, read_frame};
    ///
    /// let frame = br#"{"r1": {"e": [{"event_type": 22, "id": 5, "room_id": 1, "user_id": -2,
    ///     "content": "<a href=\"https://feeds.example/1\">An entry</a>"}]}}"#;
    /// let drafts = read_frame(&frame.to_vec().into(), jiff::Timestamp::UNIX_EPOCH);
    /// let event = Event::stored(Position::new(1), "chat".into(), drafts[0].clone());
    /// let ticker = FeedTicker::decode(&event)?;
    /// let content = ticker.field("content").and_then(|content| content.as_str()).unwrap_or_default();
    /// assert_eq!(Html::new(content).text(), "An entry");
    /// # Ok::<(), antiphon_core::DecodeError>(())
    /// ```
    FeedTicker;
    /// Accounts were merged; details are not known (30, `stackexchange.UserMerged`).
    UserMerged;
}

/// A room is in time-out: only its owners may write (`stackexchange.timeout`, protocol §5.3).
///
/// [`Room::send`](crate::Room::send) fails meanwhile. The event comes while the time-out is on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RoomTimeout {
    /// The room.
    pub room_id: RoomId,
    /// The server's text for users.
    pub text: String,
}

impl RoomTimeout {
    pub(crate) fn of(event: &Event) -> Result<Self, DecodeError> {
        let body: wire::RoomBody<'_> = event.parse()?;
        Ok(Self {
            room_id: room(event).unwrap_or_default(),
            text: body.timeout.unwrap_or_default().into_owned(),
        })
    }
}

/// The server asks to load a room, or everything, again (`stackexchange.reset`, protocol §5.3).
///
/// The source reconnects by itself.
///
/// It is stored so that a program sees why the source reconnects. A server that asks for it with every frame is obeyed
/// at most once in 10 s.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reset {
    /// The room; absent if everything is to be loaded.
    pub room_id: Option<RoomId>,
}

impl Reset {
    #[expect(
        clippy::unnecessary_wraps,
        reason = "the table reads every payload alike"
    )]
    pub(crate) fn of(event: &Event) -> Result<Self, DecodeError> {
        Ok(Self {
            room_id: room(event),
        })
    }
}

/// The account was removed from a room (`stackexchange.exit`, protocol §5.3).
///
/// The source ends the room: its link stops with the code `removed`, and it is not joined again by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RoomExit {
    /// The room.
    pub room_id: RoomId,
}

impl RoomExit {
    #[expect(
        clippy::unnecessary_wraps,
        reason = "the table reads every payload alike"
    )]
    pub(crate) fn of(event: &Event) -> Result<Self, DecodeError> {
        Ok(Self {
            room_id: room(event).unwrap_or_default(),
        })
    }
}

/// An element that is no event, or a whole frame in which something is unknown (`stackexchange.malformed`).
///
/// A frame that a newer version of the server sends arrives this way until the new keys are known here; the events in
/// it that can be read are stored beside it, as ever.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Malformed {
    /// The room whose key it came under; absent if there is none, or several.
    pub room_id: Option<RoomId>,
    /// The body, byte for byte; it may not be JSON.
    pub body: Bytes,
}

impl Malformed {
    #[expect(
        clippy::unnecessary_wraps,
        reason = "the table reads every payload alike"
    )]
    pub(crate) fn of(event: &Event) -> Result<Self, DecodeError> {
        Ok(Self {
            room_id: room(event),
            body: event.body().clone(),
        })
    }
}

/// The room that an event's place names.
fn room(event: &Event) -> Option<RoomId> {
    event.place().id("room")?.parse().ok()
}
