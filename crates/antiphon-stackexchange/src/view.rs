//! What filters look at: events with borrowed texts, cheaper than the full decode.

use std::borrow::Cow;

use antiphon_core::{DecodeError, Event};

use crate::{
    event::convert::{event_id, placed},
    model::{EventId, MessageId, RoomId, UserId},
};

/// A look at an event about a message.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Message<'a> {
    /// Id of the event; absent in rows of a history, which have none.
    pub id: Option<EventId>,
    /// In which room.
    pub room_id: RoomId,
    /// Which message.
    pub message_id: MessageId,
    /// Who did it; absent where nobody was named.
    pub user_id: Option<UserId>,
    /// Name of who did it; empty where none was sent.
    pub user_name: Cow<'a, str>,
    /// Whom it was done to, where there is one.
    pub target_user_id: Option<UserId>,
    /// The text as a fragment of HTML; empty where there is none.
    pub content: Cow<'a, str>,
    /// Whether it is a real reply.
    pub show_parent: Option<bool>,
}

impl<'a> Message<'a> {
    /// Looks at any event of this platform; what it does not have is empty or 0.
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
            user_name: wire.user_name.unwrap_or_default(),
            target_user_id: wire.target_user_id.map(UserId::new),
            content: wire.content.unwrap_or_default(),
            show_parent: wire.show_parent,
        })
    }
}

/// A look at an event about a user.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct User<'a> {
    /// Id of the event; absent in rows of a history, which have none.
    pub id: Option<EventId>,
    /// In which room; absent for a notification that names none.
    pub room_id: Option<RoomId>,
    /// Who did it; absent where nobody was named.
    pub user_id: Option<UserId>,
    /// Name of who did it; empty where none was sent.
    pub user_name: Cow<'a, str>,
    /// Whom it was done to, where there is one.
    pub target_user_id: Option<UserId>,
    /// What was sent about it.
    pub content: Option<Cow<'a, str>>,
}

impl<'a> User<'a> {
    pub(crate) fn of(event: &'a Event) -> Result<Self, DecodeError> {
        let wire = placed(event)?;
        Ok(Self {
            id: event_id(wire.id),
            room_id: wire.room_id.map(RoomId::new),
            user_id: wire.user_id.map(UserId::new),
            user_name: wire.user_name.unwrap_or_default(),
            target_user_id: wire.target_user_id.map(UserId::new),
            content: wire.content,
        })
    }
}
