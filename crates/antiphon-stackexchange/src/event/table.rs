//! One row for each kind: its payload and view, the reference's class, its retention and its meaning.
//!
//! A new type of event is a row here and a declaration in `message.rs`, `user.rs` or `unknown.rs`; nothing else lists
//! them. Numbers and names: docs/protocol/stackexchange.md §8.2. A number without a row is no error: its kind is
//! `stackexchange.<number>`, and [`UnknownEvent`] reads it.
//!
//! ```text
//! number CONSTANT "Name" => Payload[view], "class in the reference library", retention, "meaning";
//! ```
//!
//! The rows become the constants of [`EventType`], [`KINDS`], the [`Payload`] of each type, and [`kind_of`], the lookup by
//! number. The place of an event is the same rule for every kind (`session/frames.rs`).

use std::{fmt, time::Duration};

use antiphon_core::{DecodeError, Event, Keep, Kind, KindInfo, Payload};

#[allow(
    clippy::wildcard_imports,
    reason = "the table names every payload type"
)]
use super::{message::*, unknown::*, user::*};
use crate::{model::EventType, view};

/// Retention of events that are worthless after their moment: a day.
///
/// The app's own policy of retention comes first; see `antiphon::App::retention`.
const MOMENTARY: Keep = Keep::Momentary(Duration::from_secs(24 * 60 * 60));
/// Retention of all others.
const LASTING: Keep = Keep::Lasting;

/// Registers a payload for a kind, viewed as a type of [`view`] or as itself.
macro_rules! payload {
    ($payload:ident, $kind:expr, view::$view:ident $(if $concerns:ident)?) => {
        impl Payload for $payload {
            const KINDS: &'static [&'static str] = &[$kind];
            type View<'a> = view::$view<'a>;

            $(fn concerns(event: &Event) -> bool {
                $concerns(event)
            })?

            fn view(event: &Event) -> Result<Self::View<'_>, DecodeError> {
                view::$view::of(event)
            }

            fn decode(event: &Event) -> Result<Self, DecodeError> {
                Self::of(event)
            }
        }
    };
    ($payload:ident, $kind:expr, Self) => {
        impl Payload for $payload {
            const KINDS: &'static [&'static str] = &[$kind];
            type View<'a> = Self;

            fn view(event: &Event) -> Result<Self, DecodeError> {
                Self::of(event)
            }

            fn decode(event: &Event) -> Result<Self, DecodeError> {
                Self::of(event)
            }
        }
    };
}

/// Writes from the table: the constants and names of [`EventType`], [`kind_of`], the kinds of keys, [`KINDS`], and the
/// [`Payload`] of each type.
macro_rules! kinds {
    (
        numbered {$(
            $number:literal $constant:ident $name:literal => $payload:ident[$($view:tt)*], $class:literal, $keep:ident, $about:literal;
        )*}
        keyed {$(
            $key:ident $key_name:literal => $key_payload:ident, $key_about:literal;
        )*}
    ) => {
        impl EventType {
            $(
                #[doc = concat!("`", $name, "`: ", $about, ".")]
                pub const $constant: Self = Self($number);
            )*

            /// Every type that has a name.
            pub const NAMED: &'static [Self] = &[$(Self::$constant),*];

            /// Name of the type, such as `MessagePosted`; `None` for a number without one.
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($number => Some($name),)*
                    _ => None,
                }
            }
        }

        /// Kind of an event with a type of this number.
        pub(crate) fn kind_of(number: i64) -> Kind {
            match number {
                $($number => Kind::from_static(concat!("stackexchange.", $name)),)*
                other => Kind::new(format!("stackexchange.{other}")),
            }
        }

        /// Reads an event as every payload of its kind, as filters and handlers do.
        #[cfg(any(test, fuzzing))]
        pub(crate) fn read_all(event: &Event) {
            fn read<P: Payload>(event: &Event) {
                if P::KINDS.contains(&event.kind().as_str()) && P::concerns(event) {
                    let _ = (P::view(event).is_ok(), P::decode(event).is_ok());
                }
            }
            $(read::<$payload>(event);)*
            $(read::<$key_payload>(event);)*
        }

        $(
            #[doc = concat!("Kind of [`", stringify!($key_payload), "`].")]
            pub(crate) const $key: &str = concat!("stackexchange.", $key_name);
        )*

        /// Every typed kind of this platform, with the reference library's class for it.
        ///
        /// ```
        /// use antiphon_core::Keep;
        /// use antiphon_stackexchange::KINDS;
        ///
        /// let momentary = KINDS.iter().filter(|info| matches!(info.keep, Keep::Momentary(_)));
        /// let kinds: Vec<&str> = momentary.map(|info| info.kind).collect();
        /// assert_eq!(kinds, ["stackexchange.UserEntered", "stackexchange.UserLeft"]);
        /// ```
        pub const KINDS: &[KindInfo] = &[
            $(KindInfo {
                kind: concat!("stackexchange.", $name),
                payload: stringify!($payload),
                reference: $class,
                about: $about,
                keep: $keep,
            },)*
            $(KindInfo {
                kind: $key,
                payload: stringify!($key_payload),
                reference: "",
                about: $key_about,
                keep: LASTING,
            },)*
        ];

        $(payload!($payload, concat!("stackexchange.", $name), $($view)*);)*
        $(payload!($key_payload, $key, Self);)*
    };
}

kinds! {
    // Events by the number of their type (protocol §8.2).
    numbered {
        1 MESSAGE_POSTED "MessagePosted" => MessageEvent[view::Message], "MessageEvent", LASTING, "a message was posted";
        2 MESSAGE_EDITED "MessageEdited" => EditEvent[view::Message], "EditEvent", LASTING, "a message was edited";
        3 USER_ENTERED "UserEntered" => UserEnteredEvent[view::User], "UserEnteredEvent", MOMENTARY, "a user entered a room";
        4 USER_LEFT "UserLeft" => UserLeftEvent[view::User], "UserLeftEvent", MOMENTARY, "a user left a room";
        5 ROOM_NAME_CHANGED "RoomNameChanged" => RoomNameChangedEvent[view::User], "RoomNameChangedEvent", LASTING, "a room's name, description or tags changed";
        6 MESSAGE_STARRED "MessageStarred" => MessageStarredEvent[view::Message], "MessageStarredEvent", LASTING, "a message's stars or pins changed";
        7 DEBUG_MESSAGE "DebugMessage" => DebugMessage[Self], "UnknownEvent", LASTING, "never seen";
        8 USER_MENTIONED "UserMentioned" => MentionEvent[view::Message if concerns_own], "MentionEvent", LASTING, "a message mentions the account";
        9 MESSAGE_FLAGGED "MessageFlagged" => MessageFlagged[Self], "UnknownEvent", LASTING, "a message was flagged";
        10 MESSAGE_DELETED "MessageDeleted" => DeleteEvent[view::Message], "DeleteEvent", LASTING, "a message was deleted";
        11 FILE_ADDED "FileAdded" => FileAdded[Self], "UnknownEvent", LASTING, "a relic";
        12 MODERATOR_FLAG "ModeratorFlag" => ModeratorFlag[Self], "UnknownEvent", LASTING, "a moderator is asked for";
        13 USER_SETTINGS_CHANGED "UserSettingsChanged" => UserSettingsChanged[Self], "UnknownEvent", LASTING, "the account's own settings changed";
        14 GLOBAL_NOTIFICATION "GlobalNotification" => GlobalNotificationEvent[view::User], "GlobalNotificationEvent", LASTING, "a word of the system to everybody it concerns";
        15 ACCESS_LEVEL_CHANGED "AccessLevelChanged" => AccessLevelChangedEvent[view::User], "AccessLevelChangedEvent", LASTING, "an access level changed";
        16 USER_NOTIFICATION "UserNotification" => UserNotificationEvent[view::User], "UserNotificationEvent", LASTING, "a word of the system to the account";
        17 INVITATION "Invitation" => InvitationEvent[view::User], "InvitationEvent", LASTING, "the account was invited to a room";
        18 MESSAGE_REPLY "MessageReply" => ReplyEvent[view::Message if concerns_own], "ReplyEvent", LASTING, "a message replies to one of the account's";
        19 MESSAGE_MOVED_OUT "MessageMovedOut" => MessageMovedOut[Self], "UnknownEvent", LASTING, "a message was moved to another room";
        20 MESSAGE_MOVED_IN "MessageMovedIn" => MessageMovedIn[Self], "UnknownEvent", LASTING, "a message was moved here from another room";
        21 TIME_BREAK "TimeBreak" => TimeBreak[Self], "UnknownEvent", LASTING, "a separator in a room's history";
        22 FEED_TICKER "FeedTicker" => FeedTicker[Self], "UnknownEvent", LASTING, "a feed in ticker mode has something new";
        29 USER_SUSPENDED "UserSuspended" => UserSuspendedEvent[view::User], "UserSuspendedEvent", LASTING, "the account was suspended, or its suspension was lifted";
        30 USER_MERGED "UserMerged" => UserMerged[Self], "UnknownEvent", LASTING, "accounts were merged";
        34 USER_NAME_OR_AVATAR_CHANGED "UserNameOrAvatarChanged" => UserNameOrAvatarChangedEvent[view::User], "UserNameOrAvatarChangedEvent", LASTING, "a user's name or picture changed";
    }
    // Keys of a frame that are no event (protocol §5.3), and elements that cannot be read.
    keyed {
        TIMEOUT "timeout" => RoomTimeout, "a room is in time-out";
        RESET "reset" => Reset, "the server asks to load everything again";
        EXIT "exit" => RoomExit, "the account was removed from a room";
        MALFORMED "malformed" => Malformed, "something that is no event";
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.pad(name),
            None => self.0.fmt(f),
        }
    }
}
