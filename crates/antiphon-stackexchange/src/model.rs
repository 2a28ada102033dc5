//! Ids and values the rest of the program uses.

use std::{fmt, num::ParseIntError, str::FromStr};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::content::Html;
pub use crate::server::Server;

/// Rooms that an account may be in.
pub(crate) const ROOMS: usize = 256;

/// A newtype over a number that one server gives out.
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

            /// The number itself.
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
    /// A user of one chat server; not the account of the site. Negative for the system's own, such as `-2` (Feeds).
    UserId
    /// A message, unique on its server across rooms.
    MessageId
    /// An event, unique on its server; it and the counter `t` of frames are one (protocol §1).
    EventId
}

impl UserId {
    /// The system user that posts feeds and notifications.
    pub const FEEDS: Self = Self(-2);

    /// Whether the system itself acts, not a person.
    pub const fn is_system(self) -> bool {
        self.0 < 0
    }
}

/// Number of an event's type.
///
/// Numbers are open: one without a name is kept as it is (protocol §8.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventType(pub i64);

impl From<i64> for EventType {
    fn from(number: i64) -> Self {
        Self(number)
    }
}

/// How rooms share sockets (protocol §5.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Sockets {
    /// One socket for all rooms of the account.
    #[default]
    Shared,
    /// One socket for each room.
    PerRoom,
}

/// The account itself, as the chat server knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Me {
    /// Id on the chat server.
    pub id: UserId,
    /// Name.
    pub name: String,
}

/// Somebody present in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PresentUser {
    /// Who.
    pub id: UserId,
    /// Name.
    pub name: String,
}

/// What `/user/info` tells of a user (protocol §7.2).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UserInfo {
    /// Who.
    pub id: UserId,
    /// Name.
    pub name: String,
    /// Hash of the e-mail address, or `!` and the address of a picture.
    pub email_hash: Option<String>,
    /// Reputation across the network.
    pub reputation: Option<i64>,
    /// Whether a moderator.
    pub is_moderator: bool,
    /// Whether an owner of the room that was asked about; absent where the server does not say.
    pub is_owner: Option<bool>,
    /// Time of the last message, to the second.
    pub last_post: Option<Timestamp>,
    /// When last seen, to the second.
    pub last_seen: Option<Timestamp>,
}

/// Somebody who can be mentioned in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pingable {
    /// Who.
    pub id: UserId,
    /// Name.
    pub name: String,
    /// When last seen, to the second (assumed).
    pub last_seen: Option<Timestamp>,
    /// Time of the last message, to the second.
    pub last_post: Option<Timestamp>,
}

/// Somebody found by name.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FoundUser {
    /// Who.
    pub id: UserId,
    /// Name as displayed.
    pub name: String,
    /// Hash of the e-mail address, or `!` and the address of a picture.
    pub hash: Option<String>,
}

/// What is known of a room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RoomInfo {
    /// Which room.
    pub id: RoomId,
    /// Name.
    pub name: String,
    /// Description, as HTML.
    pub description: Html,
    /// Tags, as links in HTML.
    pub tags: Html,
    /// Whether the account marked it as a favourite.
    pub is_favorite: bool,
    /// Who owns it.
    pub owners: Vec<UserId>,
}

/// Who has which explicit access level in a room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct AccessSections {
    /// Its owners.
    pub owners: Vec<UserId>,
    /// Those with leave to write.
    pub read_write: Vec<UserId>,
    /// Those with leave to read.
    pub read_only: Vec<UserId>,
    /// Those who ask for access.
    pub requests: Vec<UserId>,
}

/// An access level that an owner can give (protocol §7.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AccessLevel {
    /// No explicit level.
    None,
    /// May read.
    Read,
    /// May write.
    Write,
    /// Owns the room.
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
    /// Who wrote this version.
    pub user_id: Option<UserId>,
    /// Name of who wrote it.
    pub user_name: Option<String>,
    /// The text as HTML.
    pub content: Option<String>,
    /// The text as it was typed.
    pub source: Option<String>,
    /// The time as the page shows it.
    pub time: Option<String>,
    /// Stars, where the page shows them.
    pub stars: Option<u64>,
    /// Whether it is pinned.
    pub is_pinned: bool,
}

/// A room that a user talks in.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RoomUsage {
    /// Which room.
    pub room_id: RoomId,
    /// Its name.
    pub name: Option<String>,
    /// How many messages the user has there.
    pub messages: Option<u64>,
}

/// A bookmarked conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Bookmark {
    /// In which room.
    pub room_id: RoomId,
    /// The last part of its address.
    pub slug: String,
}

impl Bookmark {
    /// The bookmark with this title: lower case, spaces become dashes, other symbols are dropped (protocol §7.3).
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
