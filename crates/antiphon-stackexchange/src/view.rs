//! Views for filters: events with borrowed texts.
//!
//! The payload of an event says which view a filter takes: [`Message`] for events about messages, [`User`] for others.
//!
//! A filter (`HandlerExt::when`) runs for every event of a kind, so that it should not build a payload for events that
//! nobody wants. A view reads the same JSON and borrows its texts; it copies one only where the JSON has an escape in
//! it.
//!
//! ```
//! use antiphon_core::Payload;
//! use antiphon_stackexchange::{MessageEvent, view};
//!
//! /// A filter for messages that are commands; `handler.when(is_command)` calls the handler for those alone.
//! fn is_command(message: &view::Message<'_>) -> bool {
//!     message.content.starts_with('!') && message.user_id.is_some_and(|user| !user.is_system())
//! }
//! # fn takes<P: Payload>(_: impl for<'a> Fn(&P::View<'a>) -> bool) {}
//! # takes::<MessageEvent>(is_command);
//! ```

use std::borrow::Cow;

use antiphon_core::{DecodeError, Event};

use crate::{
    event::convert::{event_id, placed},
    model::{EventId, MessageId, RoomId, UserId},
};

/// The view of an event about a message.
///
/// ```
/// # use antiphon_stackexchange as stackexchange;
/// let frame = br#"{"r1": {"e": [{"event_type": 1, "id": 5, "message_id": 7, "room_id": 1, "content": "!help"}]}}"#;
/// let drafts = stackexchange::read_frame(&frame.to_vec().into(), jiff::Timestamp::UNIX_EPOCH);
/// # use antiphon_core::{Event, Position};
/// let event = Event::stored(Position::new(1), "chat".into(), drafts[0].clone());
/// let message = stackexchange::view::Message::of(&event)?;
/// assert!(message.content.starts_with('!') && message.message_id.get() == 7);
/// # Ok::<(), antiphon_core::DecodeError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Message<'a> {
    /// Id of the event; absent in rows of a history, which have none.
    pub id: Option<EventId>,
    /// Room of the message.
    pub room_id: RoomId,
    /// The message; 0 stands for none.
    pub message_id: MessageId,
    /// The user who acted; absent where nobody was named.
    pub user_id: Option<UserId>,
    /// Name of that user; empty where none was sent.
    pub user_name: Cow<'a, str>,
    /// The user it was done to, where there is one.
    pub target_user_id: Option<UserId>,
    /// The text as a fragment of HTML; empty where there is none.
    ///
    /// Entities are as sent: `&amp;` stands for `&`.
    pub content: Cow<'a, str>,
    /// Whether it is a real reply.
    pub show_parent: Option<bool>,
}

impl<'a> Message<'a> {
    /// Reads any event of this platform; a field that it does not have is empty or 0.
    ///
    /// # Errors
    /// [`DecodeError`] if the body is not a JSON object.
    pub fn of(event: &'a Event) -> Result<Self, DecodeError> {
        let wire = placed(event)?;
        Ok(Self {
            id: event_id(wire.id),
            room_id: RoomId::new(wire.room_id.unwrap_or_default()),
            message_id: MessageId::new(wire.message_id.unwrap_or_default()),
            user_id: wire.user_id.map(UserId::new),
            user_name: wire.user_name.0.unwrap_or_default(),
            target_user_id: wire.target_user_id.map(UserId::new),
            content: wire.content.0.unwrap_or_default(),
            show_parent: wire.show_parent.0,
        })
    }
}

/// The view of an event about a user.
///
/// For events about users and rooms, and for notifications.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct User<'a> {
    /// Id of the event; absent in rows of a history, which have none.
    pub id: Option<EventId>,
    /// Room of the event; absent for a notification that names none.
    pub room_id: Option<RoomId>,
    /// The user who acted; absent where nobody was named.
    pub user_id: Option<UserId>,
    /// Name of that user; empty where none was sent.
    pub user_name: Cow<'a, str>,
    /// The user it was done to, where there is one.
    pub target_user_id: Option<UserId>,
    /// The content as sent.
    pub content: Option<Cow<'a, str>>,
}

impl<'a> User<'a> {
    /// Reads any event of this platform; a field that it does not have is empty or absent.
    pub(crate) fn of(event: &'a Event) -> Result<Self, DecodeError> {
        let wire = placed(event)?;
        Ok(Self {
            id: event_id(wire.id),
            room_id: wire.room_id.map(RoomId::new),
            user_id: wire.user_id.map(UserId::new),
            user_name: wire.user_name.0.unwrap_or_default(),
            target_user_id: wire.target_user_id.map(UserId::new),
            content: wire.content.0,
        })
    }
}
