//! The base classes of events, as traits (protocol §8.4).
//!
//! The classes form the tree of the reference library, so that code written for it can be carried over:
//!
//! ```text
//! Event
//! ├── RoomEvent
//! │   ├── UserEvent            who acted, and on whom
//! │   └── BaseMessageEvent     which message, its parent and its counters
//! ```
//!
//! A message, an edit, a mention and a reply are both; a star is a `BaseMessageEvent` alone, since the server names no
//! user for it. An event that is known by its type only ([`UnknownEvent`](crate::UnknownEvent)) is an `Event`. The
//! fields of the payload types have the same names, so that code for one type needs no trait.
//!
//! A function over a class takes every event that extends it:
//!
//! ```
//! use antiphon_stackexchange::{MessageEvent, class::BaseMessageEvent};
//!
//! fn stars(event: &impl BaseMessageEvent) -> u64 {
//!     event.message_stars() + event.message_owner_stars()
//! }
//!
//! fn popular(message: &MessageEvent) -> bool {
//!     stars(message) > 10
//! }
//! ```

use jiff::Timestamp;

use crate::model::{EventId, MessageId, RoomId, UserId};

/// Any event of a chat server.
///
/// ```
/// use antiphon_core::{Event as Stored, Payload as _, Position};
/// use antiphon_stackexchange::{EventId, UserEnteredEvent, class::{Event, RoomEvent, UserEvent}, read_frame};
///
/// /// One line for a log, of any event that a user caused.
/// fn line(event: &impl UserEvent) -> String {
///     let room = event.room_id().map_or("nowhere".into(), |room| room.to_string());
///     format!("{} in {room}: {}", event.user_name(), event.id().map_or(0, EventId::get))
/// }
///
/// let frame = br#"{"r1": {"e": [{"event_type": 3, "id": 5, "room_id": 1, "user_id": 7, "user_name": "mira"}]}}"#;
/// let drafts = read_frame(&frame.to_vec().into(), jiff::Timestamp::UNIX_EPOCH);
/// let stored = Stored::stored(Position::new(1), "chat".into(), drafts[0].clone());
/// let entered = UserEnteredEvent::decode(&stored)?;
/// assert_eq!(line(&entered), "mira in 1: 5");
/// # Ok::<(), antiphon_core::DecodeError>(())
/// ```
pub trait Event {
    /// Id of the event, unique on its server; absent in rows of a history, which have none.
    fn id(&self) -> Option<EventId>;

    /// When it happened, to the second.
    ///
    /// For a star it is the time at which the *message* was posted (protocol §8.5); the time of the star is that of its
    /// arrival, [`received_at`](antiphon_core::Event::received_at).
    fn time_stamp(&self) -> Option<Timestamp>;
}

/// An event in a room.
pub trait RoomEvent: Event {
    /// Room of the event; absent for a notification that names none.
    fn room_id(&self) -> Option<RoomId>;

    /// Name of the room; empty where none was sent.
    fn room_name(&self) -> &str;
}

/// An action of a user.
pub trait UserEvent: RoomEvent {
    /// The user who acted; absent where nobody was named.
    fn user_id(&self) -> Option<UserId>;

    /// Name of that user.
    fn user_name(&self) -> &str;

    /// The user it was done to, where there is one.
    fn target_user_id(&self) -> Option<UserId>;
}

/// An event about a message.
pub trait BaseMessageEvent: RoomEvent {
    /// The message; every event of a message names one, and 0 stands for none.
    fn message_id(&self) -> MessageId;

    /// The message it replies to, or the last one of the only user it mentions.
    ///
    /// Absent for a message that answers nobody and mentions none or several.
    fn parent_id(&self) -> Option<MessageId>;

    /// Whether it is a real reply.
    fn show_parent(&self) -> Option<bool>;

    /// Stars now.
    ///
    /// 0 where the server leaves the counter out: it does so for 0 (protocol §11.5).
    fn message_stars(&self) -> u64;

    /// Pins now.
    fn message_owner_stars(&self) -> u64;

    /// Edits so far.
    ///
    /// At least 1 in an edit; a row of a history has the number of all edits.
    fn message_edits(&self) -> u64;

    /// Whether the message is a reply, which a parent alone does not say.
    fn is_reply(&self) -> bool {
        self.show_parent() == Some(true)
    }
}
