//! Ids, each a type of its own.
//!
//! A room's id is not a user's, and the compiler knows it. All are texts: QueUp's are 24 hexadecimal digits of its
//! database, but nothing here depends on that, so that an id of another form is carried as well.
//!
//! ```
//! use antiphon_queup::{RoomId, UserId};
//!
//! let user = UserId::from("5f1c0aa1b2c3d4e5f6071829");
//! assert_eq!(user, "5f1c0aa1b2c3d4e5f6071829");
//! assert_eq!(serde_json::to_string(&user)?, "\"5f1c0aa1b2c3d4e5f6071829\"");
//! // QueUp sent none.
//! assert!(RoomId::default().is_empty());
//! # Ok::<(), serde_json::Error>(())
//! ```

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};

/// Writes id types: newtypes over a shared text, cheap to clone and compared by their text.
macro_rules! id {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        ///
        /// It is empty where the platform sent none.
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Wraps the text as it is.
            pub fn new(text: impl Into<Arc<str>>) -> Self {
                Self(text.into())
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Whether it is empty: the platform sent none.
            pub fn is_empty(&self) -> bool {
                self.0.is_empty()
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self("".into())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text.into())
            }
        }

        impl From<&$name> for $name {
            fn from(id: &$name) -> Self {
                id.clone()
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                &*self.0 == other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                &*self.0 == *other
            }
        }
    )*};
}

id! {
    /// Id of a room: 24 hexadecimal digits.
    RoomId;
    /// Name of a room in its URL, such as `choir-loft`.
    Slug;
    /// Id of a user: 24 hexadecimal digits.
    UserId;
    /// Id of a user's state in one room; not the user's id.
    MemberId;
    /// Id of an entry in a room's queue.
    SongId;
    /// Id of the media behind an entry of a queue.
    SongInfoId;
    /// Id of a chat message: `<user id>-<ms>`.
    ChatId;
    /// Id of a private conversation.
    ConversationId;
    /// Id of a message in a private conversation.
    PrivateMessageId;
    /// Id of a role: 24 hexadecimal digits.
    RoleId;
    /// Id of a personal playlist.
    PlaylistId;
}

impl UserId {
    /// Whether it is the id of an account; a guest's has 32 hexadecimal digits instead of 24 (protocol §3.2).
    ///
    /// ```
    /// use antiphon_queup::UserId;
    ///
    /// assert!(UserId::from("5f1c0aa1b2c3d4e5f6071829").is_account());
    /// assert!(!UserId::default().is_account());
    /// ```
    pub fn is_account(&self) -> bool {
        self.0.len() == 24 && self.0.bytes().all(|byte| byte.is_ascii_hexdigit())
    }
}

impl ChatId {
    /// Splits an id of the usual form at its last `-`: the author's id, and the time in ms.
    ///
    /// ```
    /// use antiphon_queup::ChatId;
    ///
    /// let (author, ms) = ChatId::from("5f1c0aa1b2c3d4e5f6071829-1720000000123").parts().expect("the usual form");
    /// assert_eq!(author, "5f1c0aa1b2c3d4e5f6071829");
    /// assert_eq!(ms, 1_720_000_000_123);
    /// ```
    pub fn parts(&self) -> Option<(UserId, i64)> {
        let (user, ms) = self.0.rsplit_once('-')?;
        Some((user.into(), ms.parse().ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chat_id_is_split_at_the_last_dash() {
        let parts = ChatId::from("a-b-1720000000123").parts();
        assert_eq!(parts, Some(("a-b".into(), 1_720_000_000_123)));
        assert_eq!(ChatId::from("nothing").parts(), None);
        assert_eq!(ChatId::from("a-later").parts(), None);
    }

    #[test]
    fn a_guest_is_no_account() {
        assert!(UserId::from("5f1c0aa1b2c3d4e5f6071829").is_account());
        assert!(!UserId::from("5f1c0aa1b2c3d4e5f60718295f1c0aa1").is_account());
        assert!(!UserId::default().is_account());
    }
}
