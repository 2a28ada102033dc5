//! The base classes of events, as traits (protocol §8.4).
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
pub trait Event {
    /// Id of the event, unique on its server; absent in rows of a history, which have none.
    fn id(&self) -> Option<EventId>;

    /// When it happened, to the second.
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
    fn parent_id(&self) -> Option<MessageId>;

    /// Whether it is a real reply.
    fn show_parent(&self) -> Option<bool>;

    /// Stars now.
    fn message_stars(&self) -> u64;

    /// Pins now.
    fn message_owner_stars(&self) -> u64;

    /// Edits so far.
    fn message_edits(&self) -> u64;

    /// Whether the message is a reply, which a parent alone does not say.
    fn is_reply(&self) -> bool {
        self.show_parent() == Some(true)
    }
}
