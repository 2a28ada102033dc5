//! Ids and values of the other files.

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
    RoomId
    /// A user of one chat server, which is not the account of the site; negative for system users, such as `-2` (Feeds).
    UserId
    /// A message, unique on its server across rooms.
    MessageId
    /// An event, unique on its server; the counter `t` of frames counts the same numbers (protocol §1).
    EventId
}

impl UserId {
    /// The system user that posts feeds and notifications.
    pub const FEEDS: Self = Self(-2);

    /// Whether the user is a system user, not a person.
    pub const fn is_system(self) -> bool {
        self.0 < 0
    }
}

/// Number of an event's type.
///
/// Numbers are open: one without a name is kept as it is (protocol §8.2).
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Sockets {
    /// One socket for all rooms of the account.
    #[default]
    Shared,
    /// One socket for each room.
    PerRoom,
}

/// The account, as the chat server knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Me {
    /// Id on the chat server.
    pub id: UserId,
    /// Name.
    pub name: String,
}

/// A user who is present in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PresentUser {
    /// Id on the chat server.
    pub id: UserId,
    /// Name.
    pub name: String,
}

/// A user, as `/user/info` answers (protocol §7.2).
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
    pub time: Option<String>,
    /// Stars, where the page shows them.
    pub stars: Option<u64>,
    /// Whether the message is pinned.
    pub is_pinned: bool,
}

/// A room that a user talks in.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RoomUsage {
    /// The room.
    pub room_id: RoomId,
    /// Name of the room.
    pub name: Option<String>,
    /// Messages of the user in the room.
    pub messages: Option<u64>,
}

/// A bookmarked conversation.
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
