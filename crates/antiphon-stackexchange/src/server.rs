//! The three chat servers.
//!
//! Hosts, login sites and cookie names: docs/protocol/stackexchange.md §1 and §3.2. The host of the sockets is the same
//! for all three and is never built here: `/ws-auth` gives the whole address.

use std::fmt;

/// One of the three chat servers (protocol §1).
///
/// Accounts, rooms and numbers of one server say nothing about another's. One [`Config`](crate::Config) is for one
/// server; an app that reads two has two sources.
///
/// ```
/// use antiphon_stackexchange::Server;
///
/// assert_eq!(Server::default().chat_host(), "chat.stackexchange.com");
/// assert_eq!(Server::MetaStackExchange.login_host(), "meta.stackexchange.com");
/// ```
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
    /// All three servers.
    pub const ALL: [Self; 3] = [
        Self::StackExchange,
        Self::StackOverflow,
        Self::MetaStackExchange,
    ];

    /// Server of a host name; `None` for any other host.
    pub(crate) fn of_host(host: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|server| server.chat_host() == host)
    }

    /// Host name of the server.
    ///
    /// `Display` writes the same.
    pub const fn chat_host(self) -> &'static str {
        match self {
            Self::StackExchange => "chat.stackexchange.com",
            Self::StackOverflow => "chat.stackoverflow.com",
            Self::MetaStackExchange => "chat.meta.stackexchange.com",
        }
    }

    /// Host name of the site where the server's users log in (protocol §3).
    pub const fn login_host(self) -> &'static str {
        match self {
            Self::StackExchange | Self::MetaStackExchange => "meta.stackexchange.com",
            Self::StackOverflow => "stackoverflow.com",
        }
    }

    /// Name of the cookie that keeps a session (protocol §3).
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
