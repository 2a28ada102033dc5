//! Payload types, and the step from the wire to an event.
//!
//! The classes are those of the field's reference (protocol §8.4): what they share is reached through the traits of
//! [`class`](crate::class), and a kind that the reference knows only as `UnknownEvent` has a type that derefs to
//! [`UnknownEvent`].

mod access;
mod kinds;
mod make;
mod unknown;

use std::ops::Deref;

use antiphon_core::{DecodeError, Event, Payload};
use jiff::Timestamp;

pub use self::{
    access::AccessChange,
    kinds::{EventType, KINDS},
    make::read_frame,
    unknown::{
        DebugMessage, FeedTicker, FileAdded, Malformed, MessageFlagged, MessageMovedIn,
        MessageMovedOut, ModeratorFlag, Reset, RoomExit, RoomTimeout, TimeBreak, UnknownEvent,
        UserMerged, UserSettingsChanged,
    },
};
pub(crate) use self::{
    kinds::{EXIT, MALFORMED, RESET, TIMEOUT, kind_of},
    make::{
        elsewhere_place, event_origin, message_origin, note, own_id, room_place, row_origin,
        server_of, user_place,
    },
};
use crate::{
    class,
    content::Html,
    model::{EventId, MessageId, RoomId, UserId},
    view, wire,
};

/// Reads the body as an object; anything else is an error, not an event without fields.
pub(crate) fn object(event: &Event) -> Result<wire::Event<'_>, DecodeError> {
    let starts = event.body().iter().find(|byte| !byte.is_ascii_whitespace());
    if starts != Some(&b'{') {
        return Err(event.undecodable::<wire::Event<'_>>("the body is not an object"));
    }
    event.parse().or_else(|error| {
        let mended = wire::mended(event.body()).ok_or(error)?;
        let wire: Result<wire::Event<'_>, _> = serde_json::from_slice(&mended);
        wire.map(wire::Event::into_owned)
            .map_err(|error| event.undecodable::<wire::Event<'_>>(error))
    })
}

/// Reads the body as [`object`] does, with the room of the event's place where the body names none.
///
/// A row of a history leaves the room's name out, and possibly its number: the place has it from the request, or from
/// the key of a frame. A notification without a room is of none.
pub(crate) fn placed(event: &Event) -> Result<wire::Event<'_>, DecodeError> {
    let mut wire = object(event)?;
    wire.server = server_of(event);
    let is_of_no_room = GlobalNotificationEvent::KINDS
        .iter()
        .chain(UserNotificationEvent::KINDS)
        .any(|kind| *kind == event.kind().as_str());
    if !is_of_no_room {
        let placed = || event.place().id("room")?.parse().ok();
        wire.room_id = wire.room_id.or_else(placed);
    }
    Ok(wire)
}

/// An id that the server gave; 0 and less is none.
pub(crate) fn event_id(sent: Option<i64>) -> Option<EventId> {
    sent.filter(|id| *id > 0).map(EventId::new)
}

fn time(seconds: Option<i64>) -> Option<Timestamp> {
    Timestamp::from_second(seconds?).ok()
}

/// Makes the struct of a class from the groups of fields it has, how it is decoded, and its accessors.
macro_rules! class {
    ($(#[$doc:meta])* $name:ident: $($group:ident)*) => {
        class!(@fields $name wire [$(#[$doc])*] [] [] $($group)*);
        class!(@traits $name $($group)*);
    };

    (@fields $name:ident $wire:ident [$($doc:tt)*] [$($fields:tt)*] [$($values:tt)*]) => {
        $($doc)*
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct $name {
            /// Id of the event; absent in rows of a history, which have none.
            pub id: Option<EventId>,
            /// When it happened, to the second; for a star, when the message was posted.
            ///
            /// Absent where none was sent.
            pub time_stamp: Option<Timestamp>,
            $($fields)*
        }

        impl $name {
            pub(crate) fn of($wire: wire::Event<'_>) -> Self {
                Self {
                    id: event_id($wire.id),
                    time_stamp: time($wire.time_stamp),
                    $($values)*
                }
            }
        }
    };
    (@fields $name:ident $wire:ident $doc:tt [$($fields:tt)*] [$($values:tt)*] room $($rest:ident)*) => {
        class!(@fields $name $wire $doc [$($fields)*
            /// In which room.
            pub room_id: RoomId,
            /// Name of the room; it may have HTML entities (assumed), and changes.
            ///
            /// Empty where none was sent, as in rows of a history.
            pub room_name: String,
        ] [$($values)*
            room_id: RoomId::new($wire.room_id.unwrap_or_default()),
            room_name: $wire.room_name.unwrap_or_default().into_owned(),
        ] $($rest)*);
    };
    (@fields $name:ident $wire:ident $doc:tt [$($fields:tt)*] [$($values:tt)*] roomless $($rest:ident)*) => {
        class!(@fields $name $wire $doc [$($fields)*
            /// The room that it names; absent where it names none.
            pub room_id: Option<RoomId>,
            /// Name of that room; absent where none was sent.
            pub room_name: Option<String>,
        ] [$($values)*
            room_id: $wire.room_id.map(RoomId::new),
            room_name: $wire.room_name.map(Into::into),
        ] $($rest)*);
    };
    (@fields $name:ident $wire:ident $doc:tt [$($fields:tt)*] [$($values:tt)*] user $($rest:ident)*) => {
        class!(@fields $name $wire $doc [$($fields)*
            /// Who did it; absent where nobody was named.
            pub user_id: Option<UserId>,
            /// Name of who did it; empty where none was sent.
            pub user_name: String,
            /// Whom it was done to, where there is one.
            pub target_user_id: Option<UserId>,
        ] [$($values)*
            user_id: $wire.user_id.map(UserId::new),
            user_name: $wire.user_name.unwrap_or_default().into_owned(),
            target_user_id: $wire.target_user_id.map(UserId::new),
        ] $($rest)*);
    };
    (@fields $name:ident $wire:ident $doc:tt [$($fields:tt)*] [$($values:tt)*] message $($rest:ident)*) => {
        class!(@fields $name $wire $doc [$($fields)*
            /// Which message; every event of a message names one, and 0 stands for none.
            pub message_id: MessageId,
            /// The message it replies to, or the last one of the only user it mentions.
            pub parent_id: Option<MessageId>,
            /// Whether it is a real reply: `parent_id` alone does not say so.
            pub show_parent: Option<bool>,
            /// Stars now; 0 where none was sent.
            pub message_stars: u64,
            /// Pins now; 0 where none was sent.
            pub message_owner_stars: u64,
            /// How often it was edited; 0 where none was sent.
            pub message_edits: u64,
            /// Flags now; 0 where none was sent.
            pub message_flags: u64,
        ] [$($values)*
            message_id: MessageId::new($wire.message_id.unwrap_or_default()),
            parent_id: $wire.parent_id.map(MessageId::new),
            show_parent: $wire.show_parent,
            message_stars: count($wire.message_stars),
            message_owner_stars: count($wire.message_owner_stars),
            message_edits: count($wire.message_edits),
            message_flags: count($wire.message_flags),
        ] $($rest)*);
    };
    // What only messages with a text have.
    (@fields $name:ident $wire:ident $doc:tt [$($fields:tt)*] [$($values:tt)*] said $($rest:ident)*) => {
        class!(@fields $name $wire $doc [$($fields)*
            /// The text as a fragment of HTML; empty where the message was deleted meanwhile.
            pub content: Html,
            /// Whether it came from another room.
            pub moved: bool,
            /// Name of who is replied to, where the server sent it.
            pub parent_username: Option<String>,
            /// Text that is replied to, where the server sent it.
            pub parent_text: Option<String>,
            /// Whether the own account has starred it; only history says so.
            pub message_starred: Option<bool>,
            /// Whether the own account has pinned it; only history says so.
            pub message_owner_starred: Option<bool>,
            /// Whether the own account has flagged it; only history says so.
            pub message_flagged: Option<bool>,
            /// Hash of the author's e-mail address, or `!` and the address of a picture.
            pub user_email_hash: Option<String>,
        ] [$($values)*
            content: Html::new($wire.content.unwrap_or_default()).on($wire.server),
            moved: $wire.moved.unwrap_or_default(),
            parent_username: $wire.parent_username.map(Into::into),
            parent_text: $wire.parent_text.map(Into::into),
            message_starred: $wire.message_starred,
            message_owner_starred: $wire.message_owner_starred,
            message_flagged: $wire.message_flagged,
            user_email_hash: $wire.user_email_hash.map(Into::into),
        ] $($rest)*);
    };
    // Who starred or pinned, which only the account itself learns of its own.
    (@fields $name:ident $wire:ident $doc:tt [$($fields:tt)*] [$($values:tt)*] starrer $($rest:ident)*) => {
        class!(@fields $name $wire $doc [$($fields)*
            /// Who did it: the account itself; absent where somebody else did.
            pub user_id: Option<UserId>,
            /// Name of who did it; absent where somebody else did.
            pub user_name: Option<String>,
            /// Whether the account's own star is on now; absent where somebody else did it.
            pub message_starred: Option<bool>,
            /// Whether the account's own pin is on now; absent where somebody else did it, or starred only.
            pub message_owner_starred: Option<bool>,
        ] [$($values)*
            user_id: $wire.user_id.map(UserId::new),
            user_name: $wire.user_name.map(Into::into),
            message_starred: $wire.message_starred,
            message_owner_starred: $wire.message_owner_starred,
        ] $($rest)*);
    };
    (@fields $name:ident $wire:ident $doc:tt [$($fields:tt)*] [$($values:tt)*] html $($rest:ident)*) => {
        class!(@fields $name $wire $doc [$($fields)*
            /// What the web client would show, as a fragment of HTML.
            pub content: Html,
        ] [$($values)*
            content: Html::new($wire.content.unwrap_or_default()).on($wire.server),
        ] $($rest)*);
    };
    (@fields $name:ident $wire:ident $doc:tt [$($fields:tt)*] [$($values:tt)*] text $($rest:ident)*) => {
        class!(@fields $name $wire $doc [$($fields)*
            /// What was sent about it.
            pub content: String,
        ] [$($values)*
            content: $wire.content.unwrap_or_default().into_owned(),
        ] $($rest)*);
    };
    (@fields $name:ident $wire:ident $doc:tt [$($fields:tt)*] [$($values:tt)*] maybe $($rest:ident)*) => {
        class!(@fields $name $wire $doc [$($fields)*
            /// What was sent about it; absent if the room's own level changed.
            pub content: Option<String>,
        ] [$($values)*
            content: $wire.content.map(Into::into),
        ] $($rest)*);
    };

    (@traits $name:ident $($group:ident)*) => {
        impl class::Event for $name {
            fn id(&self) -> Option<EventId> {
                self.id
            }

            fn time_stamp(&self) -> Option<Timestamp> {
                self.time_stamp
            }
        }

        $(class!(@trait $name $group);)*
    };
    (@trait $name:ident room) => {
        impl class::RoomEvent for $name {
            fn room_id(&self) -> Option<RoomId> {
                Some(self.room_id)
            }

            fn room_name(&self) -> &str {
                &self.room_name
            }
        }
    };
    (@trait $name:ident roomless) => {
        impl class::RoomEvent for $name {
            fn room_id(&self) -> Option<RoomId> {
                self.room_id
            }

            fn room_name(&self) -> &str {
                self.room_name.as_deref().unwrap_or_default()
            }
        }
    };
    (@trait $name:ident user) => {
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
    };
    (@trait $name:ident message) => {
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
    };
    (@trait $name:ident $other:ident) => {};
}

/// Lets a class be registered for its kind, viewed as `$view`.
macro_rules! known_as {
    ($name:ident, $kind:literal, $view:ident) => {
        impl Payload for $name {
            const KINDS: &'static [&'static str] = &[$kind];
            type View<'a> = view::$view<'a>;

            fn view(event: &Event) -> Result<Self::View<'_>, DecodeError> {
                view::$view::of(event)
            }

            fn decode(event: &Event) -> Result<Self, DecodeError> {
                placed(event).map(Self::of)
            }
        }
    };
}

/// A class that adds nothing to [`MessageEvent`] but its kind.
macro_rules! like_message {
    ($($(#[$doc:meta])* $name:ident = $kind:literal $(, $concerns:item)?;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name(pub MessageEvent);

        impl Deref for $name {
            type Target = MessageEvent;

            fn deref(&self) -> &MessageEvent {
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

        impl class::RoomEvent for $name {
            fn room_id(&self) -> Option<RoomId> {
                Some(self.0.room_id)
            }

            fn room_name(&self) -> &str {
                &self.0.room_name
            }
        }

        class!(@trait $name user);
        class!(@trait $name message);

        impl Payload for $name {
            const KINDS: &'static [&'static str] = &[$kind];
            type View<'a> = view::Message<'a>;

            $($concerns)?

            fn view(event: &Event) -> Result<Self::View<'_>, DecodeError> {
                view::Message::of(event)
            }

            fn decode(event: &Event) -> Result<Self, DecodeError> {
                MessageEvent::decode(event).map(Self)
            }
        }
    )*};
}

/// A counter that is left out when it is 0.
fn count(sent: Option<i64>) -> u64 {
    sent.and_then(|count| u64::try_from(count).ok())
        .unwrap_or_default()
}

class! {
    /// A message was posted (1, `stackexchange.MessagePosted`).
    ///
    /// The account's own messages come as well: compare `user_id` with the own id.
    /// A message that mentions the account or replies to it comes again as a [`MentionEvent`] or [`ReplyEvent`], with
    /// the same `message_id` and an id of its own: who answers both answers twice.
    MessageEvent: room user message said
}

known_as!(MessageEvent, "stackexchange.MessagePosted", Message);

like_message! {
    /// A message was edited (2, `stackexchange.MessageEdited`).
    ///
    /// `content` is the whole new text; `user_id` is the author, and where a moderator edited, `target_user_id` is.
    EditEvent = "stackexchange.MessageEdited";
    /// A message mentions the account (8, `stackexchange.UserMentioned`).
    ///
    /// It comes beside the [`MessageEvent`] or [`EditEvent`] of the same `message_id`.
    /// One whose `target_user_id` is somebody else concerns nobody here, and reaches raw handlers only.
    MentionEvent = "stackexchange.UserMentioned", fn concerns(event: &Event) -> bool { concerns_own(event) };
    /// A message replies to one of the account's (18, `stackexchange.MessageReply`).
    ///
    /// It comes beside the [`MessageEvent`] or [`EditEvent`] of the same `message_id`.
    /// One whose `target_user_id` is somebody else concerns nobody here, and reaches raw handlers only.
    ReplyEvent = "stackexchange.MessageReply", fn concerns(event: &Event) -> bool { concerns_own(event) };
}

/// Whether a mention or reply is meant for the own account; one that does not say for whom is.
fn concerns_own(event: &Event) -> bool {
    let Some(me) = own_id(event) else {
        return true;
    };
    let target = object(event).ok().and_then(|wire| wire.target_user_id);
    target.is_none_or(|target| target == me.get())
}

class! {
    /// A message was deleted (10, `stackexchange.MessageDeleted`).
    ///
    /// `user_id` is who deleted it; where a moderator did, `target_user_id` is the author.
    DeleteEvent: room user message
}

known_as!(DeleteEvent, "stackexchange.MessageDeleted", Message);

class! {
    /// A message was starred, unstarred, pinned or unpinned (6, `stackexchange.MessageStarred`).
    ///
    /// The counts are those after it, and `time_stamp` is the message's. Only of a star or pin of its own does the account
    /// learn who did it; since both toggle on the server, `message_starred` and `message_owner_starred` say which way.
    MessageStarredEvent: room message starrer html
}

known_as!(MessageStarredEvent, "stackexchange.MessageStarred", Message);

class! {
    /// A user entered a room (3, `stackexchange.UserEntered`).
    UserEnteredEvent: room user
}

known_as!(UserEnteredEvent, "stackexchange.UserEntered", User);

class! {
    /// A user left a room (4, `stackexchange.UserLeft`); with the own id, the account was removed.
    UserLeftEvent: room user
}

known_as!(UserLeftEvent, "stackexchange.UserLeft", User);

class! {
    /// A user's name or picture changed (34, `stackexchange.UserNameOrAvatarChanged`).
    ///
    /// `user_id` is the system's ([`UserId::FEEDS`]); [`UserNameOrAvatarChangedEvent::whose`] is the user's.
    UserNameOrAvatarChangedEvent: room user
}

known_as!(
    UserNameOrAvatarChangedEvent,
    "stackexchange.UserNameOrAvatarChanged",
    User
);

impl UserNameOrAvatarChangedEvent {
    /// Whose details changed: the target, and without one the user itself; absent where neither was named.
    pub fn whose(&self) -> Option<UserId> {
        self.target_user_id.or(self.user_id)
    }
}

class! {
    /// The access level of a user or of the room itself changed (15, `stackexchange.AccessLevelChanged`).
    ///
    /// `user_id` changed it; `target_user_id` is whose it is, absent if it is the room's own.
    AccessLevelChangedEvent: room user maybe
}

known_as!(
    AccessLevelChangedEvent,
    "stackexchange.AccessLevelChanged",
    User
);

impl AccessLevelChangedEvent {
    /// What became of the level, as far as the content is known (protocol §8.3).
    pub fn change(&self) -> AccessChange<'_> {
        AccessChange::of(self.content.as_deref())
    }
}

class! {
    /// A room's name, description or tags changed (5, `stackexchange.RoomNameChanged`).
    ///
    /// `room_name` is the new name already; whether the server ever sends this is not sure.
    RoomNameChangedEvent: room user text
}

known_as!(RoomNameChangedEvent, "stackexchange.RoomNameChanged", User);

impl RoomNameChangedEvent {
    /// The new name.
    pub fn name(&self) -> &str {
        self.parts().0
    }

    /// The new description, where there is one.
    pub fn description(&self) -> Option<&str> {
        self.parts().1
    }

    /// Name and description; both may have slashes, so the room's own name decides where the one ends.
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

class! {
    /// Something the web client would show, from the system to everybody it concerns
    /// (14, `stackexchange.GlobalNotification`): an event that begins, a word of the developers.
    GlobalNotificationEvent: roomless user html
}

known_as!(
    GlobalNotificationEvent,
    "stackexchange.GlobalNotification",
    User
);

class! {
    /// Something the web client would show (16, `stackexchange.UserNotification`): somebody asks for access to a room
    /// of the account's, or was kicked from one.
    UserNotificationEvent: roomless user html
}

known_as!(
    UserNotificationEvent,
    "stackexchange.UserNotification",
    User
);

class! {
    /// Somebody invited the account to a room (17, `stackexchange.Invitation`).
    ///
    /// `room_id` and `room_name` are those of the room it is invited to.
    InvitationEvent: room user html
}

known_as!(InvitationEvent, "stackexchange.Invitation", User);

class! {
    /// The account was suspended, or its suspension was lifted (29, `stackexchange.UserSuspended`).
    ///
    /// `user_id` is the moderator's.
    UserSuspendedEvent: room user text
}

known_as!(UserSuspendedEvent, "stackexchange.UserSuspended", User);

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

#[cfg(test)]
mod tests;
