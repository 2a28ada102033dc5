//! Events about users and rooms.
//!
//! Types 3, 4, 5, 14, 15, 16, 17, 29 and 34 of the protocol (§8.2). 14 and 16 may come under the key of any room and
//! concern none; they are kept apart (`notification!`) so that their room is absent rather than wrong.

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
    ///
    /// Journals keep it for a day by default. `target_user_id` repeats `user_id`.
    ///
    /// ```
    /// use antiphon_stackexchange::{Room, SendError, UserEnteredEvent, UserId};
    ///
    /// /// Welcomes everybody but the account itself.
    /// async fn welcome(entered: UserEnteredEvent, me: UserId, room: Room) -> Result<(), SendError> {
    ///     if entered.user_id != Some(me) {
    ///         room.send(format!("Welcome, @{}!", entered.user_name.replace(' ', ""))).await?;
    ///     }
    ///     Ok(())
    /// }
    /// ```
    UserEnteredEvent {}
}

user_event! {
    /// A user left a room (4, `stackexchange.UserLeft`); with the own id, the account was removed.
    ///
    /// Journals keep it for a day by default. The source ends a room only with the frame that says that the account was
    /// kicked, or with [`RoomExit`](crate::RoomExit). This event alone ends nothing.
    UserLeftEvent {}
}

user_event! {
    /// A user's name or picture changed (34, `stackexchange.UserNameOrAvatarChanged`).
    ///
    /// `user_id` is the system's ([`UserId::FEEDS`]); [`UserNameOrAvatarChangedEvent::whose`] is the user's.
    ///
    /// The new name is not in the event; [`Client::users`](crate::Client::users) fetches it.
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
    ///
    /// [`AccessLevelChangedEvent::change`] reads `content`.
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
    ///
    /// [`RoomNameChangedEvent::name`] and [`RoomNameChangedEvent::description`] take `content` apart.
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
    ///
    /// The name may have slashes, so the end of `room_name` decides where it ends.
    ///
    /// ```
    /// use antiphon_core::{Event, Payload as _, Position};
    /// use antiphon_stackexchange::{RoomNameChangedEvent, read_frame};
    ///
    /// let frame = br#"{"r1": {"e": [{"event_type": 5, "id": 5, "room_id": 1, "room_name": "Tea / Coffee",
    ///     "content": "Tea / Coffee / hot drinks"}]}}"#;
    /// let drafts = read_frame(&frame.to_vec().into(), jiff::Timestamp::UNIX_EPOCH);
    /// let event = Event::stored(Position::new(1), "chat".into(), drafts[0].clone());
    /// let changed = RoomNameChangedEvent::decode(&event)?;
    /// assert_eq!((changed.name(), changed.description()), ("Tea / Coffee", Some("hot drinks")));
    /// # Ok::<(), antiphon_core::DecodeError>(())
    /// ```
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
    ///
    /// `user_id` is the system's ([`UserId::FEEDS`]), and `target_user_id` the account.
    GlobalNotificationEvent
}

notification! {
    /// A notification to the account (16, `stackexchange.UserNotification`): a user asks for access to one of its rooms,
    /// or was kicked from one.
    ///
    /// A request for access has the one who asks as `user_id`; a kick has the system's.
    UserNotificationEvent
}

user_event! {
    /// A user invited the account to a room (17, `stackexchange.Invitation`).
    ///
    /// `room_id` and `room_name` are those of the room it is invited to.
    ///
    /// Its place is `user/<own id>/room/<id>`, unless the account reads that room. It comes over sockets alone.
    ///
    /// ```
    /// use antiphon_stackexchange::{Client, InvitationEvent, JoinError};
    ///
    /// /// Follows every invitation.
    /// async fn follow(invitation: InvitationEvent, client: Client) -> Result<(), JoinError> {
    ///     client.join(invitation.room_id).await?;
    ///     Ok(())
    /// }
    /// ```
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
///
/// The time format is not known, so that times are kept as the JSON that came (protocol §8.3).
///
/// ```
/// use antiphon_core::{Event, Payload as _, Position};
/// use antiphon_stackexchange::{UserSuspendedEvent, read_frame};
///
/// let frame = br#"{"r1": {"e": [{"event_type": 29, "id": 5, "room_id": 1, "user_id": 1, "target_user_id": 99,
///     "content": "3 {\"old\":null,\"new\":1720003700}"}]}}"#;
/// let drafts = read_frame(&frame.to_vec().into(), jiff::Timestamp::UNIX_EPOCH);
/// let event = Event::stored(Position::new(1), "chat".into(), drafts[0].clone());
/// let suspension = UserSuspendedEvent::decode(&event)?.suspension().expect("the known form");
/// assert_eq!((suspension.number, suspension.old), (3, None));
/// assert_eq!(suspension.new, Some(1_720_003_700_i64.into()));
/// # Ok::<(), antiphon_core::DecodeError>(())
/// ```
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
