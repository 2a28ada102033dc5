//! Ids and values of the other files.
//!
//! Ids are newtypes over `i64`, so that a room cannot be passed for a user; system users have negative ids (protocol
//! §1). They are unique on one server; two servers use the same numbers for other things.

use std::{fmt, num::ParseIntError, str::FromStr};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::content::Html;
pub use crate::server::Server;

/// Rooms that an account may be in.
pub(crate) const ROOMS: usize = 256;

/// Declares ids: numbers that one server gives out.
macro_rules! numbered {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(i64);

        impl $name {
            /// The id with this number.
            pub const fn new(number: i64) -> Self {
                Self(number)
            }

            /// The number of the id.
            pub const fn get(self) -> i64 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl From<i64> for $name {
            fn from(number: i64) -> Self {
                Self(number)
            }
        }

        impl From<i32> for $name {
            fn from(number: i32) -> Self {
                Self(number.into())
            }
        }

        impl From<u32> for $name {
            fn from(number: u32) -> Self {
                Self(number.into())
            }
        }

        /// A number beyond `i64::MAX`, which no server gives, becomes `i64::MAX`.
        impl From<u64> for $name {
            fn from(number: u64) -> Self {
                Self(i64::try_from(number).unwrap_or(i64::MAX))
            }
        }

        impl FromStr for $name {
            type Err = ParseIntError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    )*};
}

numbered! {
    /// A room, unique on its server.
    ///
    /// ```
    /// use antiphon_stackexchange::{MessageId, RoomId, UserId};
    ///
    /// // The number in the room's address: https://chat.stackexchange.com/rooms/1/sandbox
    /// let sandbox = RoomId::new(1);
    /// assert_eq!((sandbox.to_string().as_str(), "1".parse::<RoomId>()), ("1", Ok(sandbox)));
    /// // Methods that take a room take its number as well.
    /// assert_eq!(RoomId::from(1), sandbox);
    /// assert_eq!(RoomId::from(1_u64), sandbox);
    /// // Serialized, an id is a number.
    /// assert_eq!(serde_json::to_string(&MessageId::new(66_000_001))?, "66000001");
    /// assert!(UserId::FEEDS.is_system() && !UserId::new(77).is_system());
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    RoomId
    /// A user of one chat server, which is not the account of the site; negative for system users, such as `-2` (Feeds).
    ///
    /// The id of the account of a site, such as in `stackoverflow.com/users/…`, is another number.
    UserId
    /// A message, unique on its server across rooms.
    ///
    /// Ids ascend with time: a message with a larger id was posted later.
    MessageId
    /// An event, unique on its server; the counter `t` of frames counts the same numbers (protocol §1).
    ///
    /// Ids ascend with time and leave holes, since all rooms share the counter.
    EventId
}

impl UserId {
    /// The system user that posts feeds and notifications.
    ///
    /// Its name is `Feeds`; it speaks for feeds, notifications and changes of users' details.
    pub const FEEDS: Self = Self(-2);

    /// Whether the user is a system user, not a person.
    ///
    /// 0 is neither a person nor a system user, and counts as no system user here.
    pub const fn is_system(self) -> bool {
        self.0 < 0
    }
}

/// Number of an event's type.
///
/// Numbers are open: one without a name is kept as it is (protocol §8.2).
///
/// The named constants are in [`EventType::NAMED`]; the kind of an event is `stackexchange.` and the name, or the
/// number where there is none.
///
/// ```
/// use antiphon_stackexchange::EventType;
///
/// assert_eq!(EventType::MESSAGE_POSTED, EventType(1));
/// assert_eq!(EventType(18).to_string(), "MessageReply");
/// assert_eq!(EventType(35).name(), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventType(pub i64);

impl From<i64> for EventType {
    fn from(number: i64) -> Self {
        Self(number)
    }
}

/// The way rooms share sockets (protocol §5.4).
///
/// Either way every event comes once, in its room's order (protocol §5.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Sockets {
    /// One socket for all rooms of the account.
    ///
    /// The server sends the events of every room that the account is in over each of its sockets.
    #[default]
    Shared,
    /// One socket for each room.
    ///
    /// Parts of a frame for other rooms are passed over, and counted as `other-line`.
    PerRoom,
}

/// The account, as the chat server knows it.
///
/// [`Client::me`](crate::Client::me) has it after the login.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Me {
    /// Id on the chat server.
    pub id: UserId,
    /// Name.
    pub name: String,
}

/// A user who is present in a room.
///
/// From the room's page ([`Room::users`](crate::Room::users)).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PresentUser {
    /// Id on the chat server.
    pub id: UserId,
    /// Name.
    pub name: String,
}

/// A user, as `/user/info` answers (protocol §7.2).
///
/// Times are absent where the server sends none, as for users who never wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UserInfo {
    /// Id on the chat server.
    pub id: UserId,
    /// Name.
    pub name: String,
    /// Hash of the e-mail address, or `!` and the address of a picture.
    pub email_hash: Option<String>,
    /// Reputation across the network.
    ///
    /// Absent where the server sends none.
    pub reputation: Option<i64>,
    /// Whether the user is a moderator.
    pub is_moderator: bool,
    /// Whether the user owns the room that was named; absent where the server does not say.
    pub is_owner: Option<bool>,
    /// Time of the last message, to the second.
    pub last_post: Option<Timestamp>,
    /// When the user was last seen, to the second.
    pub last_seen: Option<Timestamp>,
}

/// A user who can be mentioned in a room.
///
/// From `/rooms/pingable/<room>`. They need not be present.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pingable {
    /// Id on the chat server.
    pub id: UserId,
    /// Name.
    pub name: String,
    /// When the user was last seen, to the second (assumed).
    pub last_seen: Option<Timestamp>,
    /// Time of the last message, to the second.
    pub last_post: Option<Timestamp>,
}

/// A user who was found by name.
///
/// By [`Client::search_users`](crate::Client::search_users).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FoundUser {
    /// Id on the chat server.
    pub id: UserId,
    /// Name as displayed.
    pub name: String,
    /// Hash of the e-mail address, or `!` and the address of a picture.
    pub hash: Option<String>,
}

/// A room's name, description, tags and owners.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RoomInfo {
    /// Number of the room.
    pub id: RoomId,
    /// Name.
    pub name: String,
    /// Description, as HTML.
    pub description: Html,
    /// Tags, as links in HTML.
    pub tags: Html,
    /// Whether the room is one of the account's favourites.
    pub is_favorite: bool,
    /// Owners of the room.
    pub owners: Vec<UserId>,
}

/// The explicit access levels of a room (protocol §7.3).
///
/// Users without an explicit level are in none of them. [`Room::access`](crate::Room::access) fetches it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AccessSections {
    /// Owners.
    pub owners: Vec<UserId>,
    /// Users who may write.
    pub read_write: Vec<UserId>,
    /// Users who may read.
    pub read_only: Vec<UserId>,
    /// Users who ask for access.
    pub requests: Vec<UserId>,
}

/// An access level that an owner can give (protocol §7.3).
///
/// [`Room::set_access`](crate::Room::set_access) gives it; room kinds and levels are explained in
/// [MSE 135734](https://meta.stackexchange.com/q/135734).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AccessLevel {
    /// No explicit level.
    None,
    /// The user may read.
    Read,
    /// The user may write.
    Write,
    /// The user owns the room.
    Owner,
}

impl AccessLevel {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::None => "remove",
            Self::Read => "read-only",
            Self::Write => "read-write",
            Self::Owner => "owner",
        }
    }
}

/// One version of a message.
///
/// Each field is absent where the page does not show it. `source` is Markdown, `content` is HTML.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MessageVersion {
    /// Author of this version.
    pub user_id: Option<UserId>,
    /// Name of the author.
    pub user_name: Option<String>,
    /// The text as HTML.
    pub content: Option<String>,
    /// The text as it was typed.
    pub source: Option<String>,
    /// The time as the page shows it.
    ///
    /// A text such as `12:30 PM`; it is no timestamp.
    pub time: Option<String>,
    /// Stars, where the page shows them.
    pub stars: Option<u64>,
    /// Whether the message is pinned.
    pub is_pinned: bool,
}

/// A room that a user talks in.
///
/// By [`Client::rooms_of`](crate::Client::rooms_of).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RoomUsage {
    /// The room.
    pub room_id: RoomId,
    /// Name of the room.
    pub name: Option<String>,
    /// Messages of the user in the room.
    ///
    /// Absent where the page's text has no number at its beginning.
    pub messages: Option<u64>,
}

/// A bookmarked conversation.
///
/// Its address is `https://<chat>/rooms/<room>/conversation/<slug>`.
///
/// ```
/// use antiphon_stackexchange::{Bookmark, RoomId};
///
/// let bookmark = Bookmark::titled(RoomId::new(1), "What's new, in Tea?");
/// assert_eq!(bookmark.slug, "whats-new-in-tea");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Bookmark {
    /// The room.
    pub room_id: RoomId,
    /// The last part of the bookmark's address.
    pub slug: String,
}

impl Bookmark {
    /// The bookmark with this title: its slug is in lower case, with dashes for spaces and without other symbols
    /// (protocol §7.3).
    pub fn titled(room_id: RoomId, title: &str) -> Self {
        let slug = title
            .trim()
            .to_lowercase()
            .chars()
            .filter_map(|character| match character {
                ' ' | '-' => Some('-'),
                character if character.is_alphanumeric() => Some(character),
                _ => None,
            })
            .collect();
        Self { room_id, slug }
    }
}
