//! Ids and values the rest of the program uses.

use std::{fmt, num::ParseIntError, str::FromStr};

use serde::{Deserialize, Serialize};

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
