//! The numbers and names of events.

use std::{fmt, time::Duration};

use antiphon_core::{Keep, Kind, KindInfo};
use serde::{Deserialize, Serialize};

/// The number of an event's type; the numbers are open, so that one nobody knows is kept as it is (protocol §8.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventType(pub i64);

macro_rules! types {
    ($($(#[$doc:meta])* $constant:ident = $number:literal, $name:literal, $kind:literal;)*) => {
        impl EventType {
            $(
                $(#[$doc])*
                pub const $constant: Self = Self($number);
            )*

            /// Every type that has a name.
            pub const NAMED: &'static [Self] = &[$(Self::$constant),*];

            /// Its name, such as `MessagePosted`; numbers that nobody named have none.
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($number => Some($name),)*
                    _ => None,
                }
            }
        }

        /// The kind of an event of this type.
        pub(crate) fn kind_of(number: i64) -> Kind {
            match number {
                $($number => Kind::from_static($kind),)*
                other => Kind::new(format!("stackexchange.{other}")),
            }
        }
    };
}

types! {
    /// A message was posted.
    MESSAGE_POSTED = 1, "MessagePosted", "stackexchange.MessagePosted";
    /// A message was edited.
    MESSAGE_EDITED = 2, "MessageEdited", "stackexchange.MessageEdited";
    /// A user entered a room.
    USER_ENTERED = 3, "UserEntered", "stackexchange.UserEntered";
    /// A user left a room.
    USER_LEFT = 4, "UserLeft", "stackexchange.UserLeft";
    /// A room's name, description or tags changed.
    ROOM_NAME_CHANGED = 5, "RoomNameChanged", "stackexchange.RoomNameChanged";
    /// A message's stars or pins changed.
    MESSAGE_STARRED = 6, "MessageStarred", "stackexchange.MessageStarred";
    /// Never seen.
    DEBUG_MESSAGE = 7, "DebugMessage", "stackexchange.DebugMessage";
    /// A message mentions the account.
    USER_MENTIONED = 8, "UserMentioned", "stackexchange.UserMentioned";
    /// A message was flagged; for users with 10,000 reputation.
    MESSAGE_FLAGGED = 9, "MessageFlagged", "stackexchange.MessageFlagged";
    /// A message was deleted.
    MESSAGE_DELETED = 10, "MessageDeleted", "stackexchange.MessageDeleted";
    /// A relic.
    FILE_ADDED = 11, "FileAdded", "stackexchange.FileAdded";
    /// A moderator is asked for; for moderators.
    MODERATOR_FLAG = 12, "ModeratorFlag", "stackexchange.ModeratorFlag";
    /// The account's own settings changed.
    USER_SETTINGS_CHANGED = 13, "UserSettingsChanged", "stackexchange.UserSettingsChanged";
    /// A word of the system to everybody it concerns.
    GLOBAL_NOTIFICATION = 14, "GlobalNotification", "stackexchange.GlobalNotification";
    /// An access level changed.
    ACCESS_LEVEL_CHANGED = 15, "AccessLevelChanged", "stackexchange.AccessLevelChanged";
    /// A word of the system to the account.
    USER_NOTIFICATION = 16, "UserNotification", "stackexchange.UserNotification";
    /// The account was invited to a room.
    INVITATION = 17, "Invitation", "stackexchange.Invitation";
    /// A message replies to one of the account's.
    MESSAGE_REPLY = 18, "MessageReply", "stackexchange.MessageReply";
    /// A message was moved to another room.
    MESSAGE_MOVED_OUT = 19, "MessageMovedOut", "stackexchange.MessageMovedOut";
    /// A message was moved here from another room.
    MESSAGE_MOVED_IN = 20, "MessageMovedIn", "stackexchange.MessageMovedIn";
    /// A separator in a room's history.
    TIME_BREAK = 21, "TimeBreak", "stackexchange.TimeBreak";
    /// A feed in ticker mode has something new.
    FEED_TICKER = 22, "FeedTicker", "stackexchange.FeedTicker";
    /// The account was suspended, or its suspension was lifted.
    USER_SUSPENDED = 29, "UserSuspended", "stackexchange.UserSuspended";
    /// Accounts were merged; details are not known.
    USER_MERGED = 30, "UserMerged", "stackexchange.UserMerged";
    /// A user's name or picture changed.
    USER_NAME_OR_AVATAR_CHANGED = 34, "UserNameOrAvatarChanged", "stackexchange.UserNameOrAvatarChanged";
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.pad(name),
            None => self.0.fmt(f),
        }
    }
}

impl From<i64> for EventType {
    fn from(number: i64) -> Self {
        Self(number)
    }
}

/// The kind of a room's `timeout` key.
pub(crate) const TIMEOUT: &str = "stackexchange.timeout";
/// The kind of a `reset` key.
pub(crate) const RESET: &str = "stackexchange.reset";
/// The kind of a room's `exit` key.
pub(crate) const EXIT: &str = "stackexchange.exit";
/// The kind of what is no event, or not even JSON.
pub(crate) const MALFORMED: &str = "stackexchange.malformed";

/// How long comings and goings are kept: a day.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

const fn info(
    kind: &'static str,
    payload: &'static str,
    reference: &'static str,
    about: &'static str,
) -> KindInfo {
    KindInfo {
        kind,
        payload,
        reference,
        about,
        keep: Keep::Lasting,
    }
}

const fn moment(
    kind: &'static str,
    payload: &'static str,
    reference: &'static str,
    about: &'static str,
) -> KindInfo {
    KindInfo {
        keep: Keep::Momentary(DAY),
        ..info(kind, payload, reference, about)
    }
}

/// Every typed kind of this platform, with the reference library's class for it.
#[rustfmt::skip]
pub const KINDS: &[KindInfo] = &[
    info("stackexchange.MessagePosted", "MessageEvent", "MessageEvent", "a message was posted"),
    info("stackexchange.MessageEdited", "EditEvent", "EditEvent", "a message was edited"),
    moment("stackexchange.UserEntered", "UserEnteredEvent", "UserEnteredEvent", "a user entered a room"),
    moment("stackexchange.UserLeft", "UserLeftEvent", "UserLeftEvent", "a user left a room"),
    info("stackexchange.RoomNameChanged", "RoomNameChangedEvent", "RoomNameChangedEvent", "a room's name, description or tags changed"),
    info("stackexchange.MessageStarred", "MessageStarredEvent", "MessageStarredEvent", "a message's stars or pins changed"),
    info("stackexchange.DebugMessage", "DebugMessage", "UnknownEvent", "never seen"),
    info("stackexchange.UserMentioned", "MentionEvent", "MentionEvent", "a message mentions the account"),
    info("stackexchange.MessageFlagged", "MessageFlagged", "UnknownEvent", "a message was flagged"),
    info("stackexchange.MessageDeleted", "DeleteEvent", "DeleteEvent", "a message was deleted"),
    info("stackexchange.FileAdded", "FileAdded", "UnknownEvent", "a relic"),
    info("stackexchange.ModeratorFlag", "ModeratorFlag", "UnknownEvent", "a moderator is asked for"),
    info("stackexchange.UserSettingsChanged", "UserSettingsChanged", "UnknownEvent", "the account's own settings changed"),
    info("stackexchange.GlobalNotification", "GlobalNotificationEvent", "GlobalNotificationEvent", "a word of the system to everybody it concerns"),
    info("stackexchange.AccessLevelChanged", "AccessLevelChangedEvent", "AccessLevelChangedEvent", "an access level changed"),
    info("stackexchange.UserNotification", "UserNotificationEvent", "UserNotificationEvent", "a word of the system to the account"),
    info("stackexchange.Invitation", "InvitationEvent", "InvitationEvent", "the account was invited to a room"),
    info("stackexchange.MessageReply", "ReplyEvent", "ReplyEvent", "a message replies to one of the account's"),
    info("stackexchange.MessageMovedOut", "MessageMovedOut", "UnknownEvent", "a message was moved to another room"),
    info("stackexchange.MessageMovedIn", "MessageMovedIn", "UnknownEvent", "a message was moved here from another room"),
    info("stackexchange.TimeBreak", "TimeBreak", "UnknownEvent", "a separator in a room's history"),
    info("stackexchange.FeedTicker", "FeedTicker", "UnknownEvent", "a feed in ticker mode has something new"),
    info("stackexchange.UserSuspended", "UserSuspendedEvent", "UserSuspendedEvent", "the account was suspended, or its suspension was lifted"),
    info("stackexchange.UserMerged", "UserMerged", "UnknownEvent", "accounts were merged"),
    info("stackexchange.UserNameOrAvatarChanged", "UserNameOrAvatarChangedEvent", "UserNameOrAvatarChangedEvent", "a user's name or picture changed"),
    info(TIMEOUT, "RoomTimeout", "", "a room is in time-out"),
    info(RESET, "Reset", "", "the server asks to load everything again"),
    info(EXIT, "RoomExit", "", "the account was removed from a room"),
    info(MALFORMED, "Malformed", "", "something that is no event"),
];
