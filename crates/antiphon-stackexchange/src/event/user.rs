//! Events about users and rooms.

use antiphon_core::{DecodeError, Event};
use jiff::Timestamp;

use super::{
    access::AccessChange,
    convert::{Field, placed},
};
use crate::{
    content::Html,
    model::{EventId, RoomId, UserId},
};

/// Declares a type about a user: the room, the user who acted, the user it was done to, and the given fields.
macro_rules! user_event {
    ($(#[$doc:meta])* $name:ident { $($(#[$about:meta])* $field:ident: $type:ty,)* }) => {
        event! {
            $(#[$doc])*
            $name {
                /// Room in which it happened.
                room_id: RoomId,
                /// Name of the room; it may have HTML entities (assumed), and changes.
                ///
                /// Empty where none was sent, as in rows of a history.
                room_name: String,
                /// The user who did it; absent where nobody was named.
                user_id: Option<UserId>,
                /// Name of that user; empty where none was sent.
                user_name: String,
                /// The user it was done to, where there is one.
                target_user_id: Option<UserId>,
                $($(#[$about])* $field: $type,)*
            }
        }
    };
}

/// Declares a notification: a text to show, from a user or the system, that may be of a room.
macro_rules! notification {
    ($(#[$doc:meta])* $name:ident) => {
        event! {
            $(#[$doc])*
            $name {
                /// The room that it names; absent where it names none.
                room_id: Option<RoomId>,
                /// Name of that room; absent where none was sent.
                room_name: Option<String>,
                /// The user who did it; absent where nobody was named.
                user_id: Option<UserId>,
                /// Name of that user; empty where none was sent.
                user_name: String,
                /// The user it was done to, where there is one.
                target_user_id: Option<UserId>,
                /// The text that the web client would show, as a fragment of HTML.
                content: Html,
            }
        }
    };
}

user_event! {
    /// A user entered a room (3, `stackexchange.UserEntered`).
    UserEnteredEvent {}
}

user_event! {
    /// A user left a room (4, `stackexchange.UserLeft`); with the own id, the account was removed.
    UserLeftEvent {}
}

user_event! {
    /// A user's name or picture changed (34, `stackexchange.UserNameOrAvatarChanged`).
    ///
    /// `user_id` is the system's ([`UserId::FEEDS`]); [`UserNameOrAvatarChangedEvent::whose`] is the user's.
    UserNameOrAvatarChangedEvent {}
}

impl UserNameOrAvatarChangedEvent {
    /// The user whose details changed: the target, and without one `user_id`; absent where neither was named.
    pub fn whose(&self) -> Option<UserId> {
        self.target_user_id.or(self.user_id)
    }
}

user_event! {
    /// The access level of a user or of the room itself changed (15, `stackexchange.AccessLevelChanged`).
    ///
    /// `user_id` changed it; `target_user_id` has the level, and is absent if it is the room's own.
    AccessLevelChangedEvent {
        /// The level as sent; absent if the room's own level changed.
        content: Option<String>,
    }
}

impl AccessLevelChangedEvent {
    /// The level that `content` names (protocol §8.3).
    pub fn change(&self) -> AccessChange<'_> {
        AccessChange::of(self.content.as_deref())
    }
}

user_event! {
    /// A room's name, description or tags changed (5, `stackexchange.RoomNameChanged`).
    ///
    /// `room_name` is the new name already. Nobody has recorded this event (assumed).
    RoomNameChangedEvent {
        /// Name and description, with ` / ` between them.
        content: String,
    }
}

impl RoomNameChangedEvent {
    /// The new name.
    pub fn name(&self) -> &str {
        self.parts().0
    }

    /// The new description, where there is one.
    pub fn description(&self) -> Option<&str> {
        self.parts().1
    }

    /// Splits `content` in name and description. Both may have slashes, so `room_name` decides where the name ends.
    fn parts(&self) -> (&str, Option<&str>) {
        let content = self.content.as_str();
        let after_name = content
            .strip_prefix(self.room_name.as_str())
            .filter(|_| !self.room_name.is_empty());
        match after_name {
            Some("") => (content, None),
            Some(rest) if rest.starts_with(" / ") => {
                (&content[..content.len() - rest.len()], Some(&rest[3..]))
            }
            _ => match content.split_once(" / ") {
                Some((name, description)) => (name, Some(description)),
                None => (content, None),
            },
        }
    }
}

notification! {
    /// A notification from the system to every account that it concerns (14, `stackexchange.GlobalNotification`): the
    /// beginning of an event, or an announcement of the developers.
    GlobalNotificationEvent
}

notification! {
    /// A notification to the account (16, `stackexchange.UserNotification`): a user asks for access to one of its rooms,
    /// or was kicked from one.
    UserNotificationEvent
}

user_event! {
    /// A user invited the account to a room (17, `stackexchange.Invitation`).
    ///
    /// `room_id` and `room_name` are those of the room it is invited to.
    InvitationEvent {
        /// The text that the web client would show, as a fragment of HTML.
        content: Html,
    }
}

user_event! {
    /// The account was suspended, or its suspension was lifted (29, `stackexchange.UserSuspended`).
    ///
    /// `user_id` is the moderator's.
    UserSuspendedEvent {
        /// The suspension as sent; [`UserSuspendedEvent::suspension`] reads it.
        content: String,
    }
}

/// What the content of a [`UserSuspendedEvent`] says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Suspension {
    /// A number whose meaning is not known.
    pub number: i64,
    /// When the suspension before ends, as sent; absent if there was none.
    pub old: Option<serde_json::Value>,
    /// When the suspension now ends, as sent; absent if it was lifted.
    pub new: Option<serde_json::Value>,
}

impl UserSuspendedEvent {
    /// What the content says; absent if it is of another form than the known one (protocol §8.3).
    pub fn suspension(&self) -> Option<Suspension> {
        let (number, times) = self.content.trim().split_once(' ')?;
        let mut times: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(times).ok()?;
        let mut time = |name| times.remove(name).filter(|time| !time.is_null());
        Some(Suspension {
            number: number.parse().ok()?,
            old: time("old"),
            new: time("new"),
        })
    }
}
