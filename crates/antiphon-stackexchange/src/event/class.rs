//! The classes of each payload type, as the reference has them (protocol §8.4).
//!
//! The macros take lists of types, since the fields have the same names in all of them. A type that derefs to another
//! (`EditEvent`, `MessageFlagged`) reaches the other's fields by the same expression.

use jiff::Timestamp;

#[allow(
    clippy::wildcard_imports,
    reason = "the lists name nearly every payload type"
)]
use super::{message::*, unknown::*, user::*};
use crate::{
    class,
    model::{EventId, MessageId, RoomId, UserId},
};

/// Implements [`class::Event`] for types with its fields, or that deref to one.
macro_rules! event {
    ($($name:ident)*) => {$(
        impl class::Event for $name {
            fn id(&self) -> Option<EventId> {
                self.id
            }

            fn time_stamp(&self) -> Option<Timestamp> {
                self.time_stamp
            }
        }
    )*};
}

/// Implements [`class::Event`] and [`class::RoomEvent`].
macro_rules! room_event {
    ($($name:ident)*) => {$(
        event!($name);

        impl class::RoomEvent for $name {
            fn room_id(&self) -> Option<RoomId> {
                Some(self.room_id)
            }

            fn room_name(&self) -> &str {
                &self.room_name
            }
        }
    )*};
}

/// Implements [`class::Event`] and [`class::RoomEvent`] for notifications, which may name no room.
macro_rules! notification {
    ($($name:ident)*) => {$(
        event!($name);

        impl class::RoomEvent for $name {
            fn room_id(&self) -> Option<RoomId> {
                self.room_id
            }

            fn room_name(&self) -> &str {
                self.room_name.as_deref().unwrap_or_default()
            }
        }
    )*};
}

/// Implements [`class::UserEvent`].
macro_rules! user_event {
    ($($name:ident)*) => {$(
        impl class::UserEvent for $name {
            fn user_id(&self) -> Option<UserId> {
                self.user_id
            }

            fn user_name(&self) -> &str {
                &self.user_name
            }

            fn target_user_id(&self) -> Option<UserId> {
                self.target_user_id
            }
        }
    )*};
}

/// Implements [`class::BaseMessageEvent`].
macro_rules! message_event {
    ($($name:ident)*) => {$(
        impl class::BaseMessageEvent for $name {
            fn message_id(&self) -> MessageId {
                self.message_id
            }

            fn parent_id(&self) -> Option<MessageId> {
                self.parent_id
            }

            fn show_parent(&self) -> Option<bool> {
                self.show_parent
            }

            fn message_stars(&self) -> u64 {
                self.message_stars
            }

            fn message_owner_stars(&self) -> u64 {
                self.message_owner_stars
            }

            fn message_edits(&self) -> u64 {
                self.message_edits
            }
        }
    )*};
}

event! {
    UnknownEvent DebugMessage MessageFlagged FileAdded ModeratorFlag UserSettingsChanged MessageMovedOut MessageMovedIn
    TimeBreak FeedTicker UserMerged
}
room_event! {
    MessageEvent EditEvent MentionEvent ReplyEvent DeleteEvent MessageStarredEvent UserEnteredEvent UserLeftEvent
    UserNameOrAvatarChangedEvent AccessLevelChangedEvent RoomNameChangedEvent InvitationEvent UserSuspendedEvent
}
notification! { GlobalNotificationEvent UserNotificationEvent }
user_event! {
    MessageEvent EditEvent MentionEvent ReplyEvent DeleteEvent UserEnteredEvent UserLeftEvent
    UserNameOrAvatarChangedEvent AccessLevelChangedEvent RoomNameChangedEvent InvitationEvent UserSuspendedEvent
    GlobalNotificationEvent UserNotificationEvent
}
message_event! { MessageEvent EditEvent MentionEvent ReplyEvent DeleteEvent MessageStarredEvent }
