//! Ids and values the rest of the program uses.

use std::{fmt, num::ParseIntError, str::FromStr};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::{content::Html, wire};

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

/// One of the three chat servers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Server {
    /// `chat.stackexchange.com`: every site of the network but the other two.
    #[default]
    StackExchange,
    /// `chat.stackoverflow.com`.
    StackOverflow,
    /// `chat.meta.stackexchange.com`.
    MetaStackExchange,
}

impl Server {
    /// All three.
    pub const ALL: [Self; 3] = [
        Self::StackExchange,
        Self::StackOverflow,
        Self::MetaStackExchange,
    ];

    /// Its host name.
    pub const fn chat_host(self) -> &'static str {
        match self {
            Self::StackExchange => "chat.stackexchange.com",
            Self::StackOverflow => "chat.stackoverflow.com",
            Self::MetaStackExchange => "chat.meta.stackexchange.com",
        }
    }

    /// Host name of the site where its users log in.
    pub const fn login_host(self) -> &'static str {
        match self {
            Self::StackExchange | Self::MetaStackExchange => "meta.stackexchange.com",
            Self::StackOverflow => "stackoverflow.com",
        }
    }

    /// Name of the cookie that keeps its session.
    pub const fn chat_cookie(self) -> &'static str {
        match self {
            Self::StackExchange => "sechatusr",
            Self::StackOverflow | Self::MetaStackExchange => "chatusr",
        }
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.chat_host())
    }
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

impl PresentUser {
    /// Reads a list of users; an element that names none is left out, and what is no list is `None`.
    pub(crate) fn list(json: &str) -> Option<Vec<Self>> {
        let users: Vec<&RawValue> = serde_json::from_str(json).ok()?;
        let users = users.into_iter().filter_map(|user| {
            let user: wire::User<'_> = serde_json::from_str(user.get()).ok()?;
            Some(Self {
                id: UserId::new(user.id?),
                name: user.name.unwrap_or_default().into_owned(),
            })
        });
        Some(users.collect())
    }
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

impl UserInfo {
    pub(crate) fn of(user: wire::User<'_>) -> Option<Self> {
        let time = |seconds: Option<i64>| Timestamp::from_second(seconds?).ok();
        Some(Self {
            id: UserId::new(user.id?),
            name: user.name.unwrap_or_default().into_owned(),
            email_hash: user.email_hash.map(Into::into),
            reputation: user.reputation,
            is_moderator: user.is_moderator.unwrap_or_default(),
            is_owner: user.is_owner,
            last_post: time(user.last_post),
            last_seen: time(user.last_seen),
        })
    }
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

impl Pingable {
    pub(crate) fn of(user: wire::Pingable<'_>) -> Option<Self> {
        let time = |seconds: Option<i64>| Timestamp::from_second(seconds?).ok();
        Some(Self {
            id: UserId::new(user.0?),
            name: user.1.unwrap_or_default().into_owned(),
            last_seen: time(user.2),
            last_post: time(user.3),
        })
    }
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
