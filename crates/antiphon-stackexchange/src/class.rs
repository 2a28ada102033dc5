//! The base classes of events, as traits: what a class has, whoever extends it has too (protocol §8.4).

use jiff::Timestamp;

use crate::model::{EventId, MessageId, RoomId, UserId};

/// Anything a chat server tells.
pub trait Event {
    /// Id of the event, unique on its server; absent in rows of a history, which have none.
    fn id(&self) -> Option<EventId>;

    /// When it happened, to the second.
    fn time_stamp(&self) -> Option<Timestamp>;
}

/// Something in a room.
pub trait RoomEvent: Event {
    /// In which room; absent for a notification that names none.
    fn room_id(&self) -> Option<RoomId>;

    /// Name of the room; empty where none was sent.
    fn room_name(&self) -> &str;
}

/// Something a user did.
pub trait UserEvent: RoomEvent {
    /// Who did it; absent where nobody was named.
    fn user_id(&self) -> Option<UserId>;

    /// Name of who did it.
    fn user_name(&self) -> &str;

    /// Whom it was done to, where there is one.
    fn target_user_id(&self) -> Option<UserId>;
}

/// Something about a message.
pub trait BaseMessageEvent: RoomEvent {
    /// Which message.
    fn message_id(&self) -> MessageId;

    /// The message it replies to, or the last one of the only user it mentions.
    fn parent_id(&self) -> Option<MessageId>;

    /// Whether it is a real reply.
    fn show_parent(&self) -> Option<bool>;

    /// Stars now.
    fn message_stars(&self) -> u64;

    /// Pins now.
    fn message_owner_stars(&self) -> u64;

    /// How often it was edited.
    fn message_edits(&self) -> u64;

    /// Whether it replies to a message, which a parent alone does not say.
    fn is_reply(&self) -> bool {
        self.show_parent() == Some(true)
    }
}
