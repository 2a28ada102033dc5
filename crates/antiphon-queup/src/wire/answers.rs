//! Answers to requests (protocol §1, §2, §4).
//!
//! `http/answer.rs` takes the envelope off; the other types here are what its `data` may be. Those that are also
//! embedded in frames are in `objects.rs`.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{
    loose::{List, Ref, Text, flag, int, object, plain, text, time},
    objects::{QueueItem, User},
};

/// A message in a private conversation.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct PrivateRow<'a> {
    #[serde(borrow, rename = "_id", deserialize_with = "text")]
    pub(crate) id: Text<'a>,
    #[serde(borrow, deserialize_with = "plain")]
    pub(crate) message: Text<'a>,
    #[serde(deserialize_with = "time")]
    pub(crate) created: Option<jiff::Timestamp>,
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) userid: Text<'a>,
    #[serde(borrow, rename = "_user")]
    pub(crate) user: Ref<'a, User<'a>>,
}

/// A vote on the playing song.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Vote<'a> {
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) userid: Text<'a>,
}

/// A row of a room's audit log.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Audit<'a> {
    #[serde(deserialize_with = "time")]
    pub(crate) created: Option<jiff::Timestamp>,
    #[serde(borrow, rename = "type", deserialize_with = "text")]
    pub(crate) kind: Text<'a>,
    #[serde(deserialize_with = "int")]
    pub(crate) duration: Option<i64>,
    #[serde(borrow, rename = "_user")]
    pub(crate) user: Ref<'a, User<'a>>,
    #[serde(borrow, rename = "_mod")]
    pub(crate) moderator: Ref<'a, User<'a>>,
}

/// A personal playlist.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Playlist<'a> {
    #[serde(borrow, rename = "_id", deserialize_with = "text")]
    pub(crate) id: Text<'a>,
    #[serde(borrow, deserialize_with = "plain")]
    pub(crate) name: Text<'a>,
    #[serde(rename = "isPublic", deserialize_with = "flag")]
    pub(crate) is_public: Option<bool>,
    #[serde(deserialize_with = "time")]
    pub(crate) created: Option<jiff::Timestamp>,
    #[serde(rename = "totalItems", deserialize_with = "int")]
    pub(crate) total_items: Option<i64>,
}

/// A user whom another follows.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Following<'a> {
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) following: Text<'a>,
}

/// An element of a room's chat history.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct HistoryItem<'a> {
    #[serde(borrow, rename = "type", deserialize_with = "text")]
    pub(crate) kind: Text<'a>,
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) chatid: Text<'a>,
    #[serde(deserialize_with = "int")]
    pub(crate) time: Option<i64>,
}

/// The answer to joining a room.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Joined<'a> {
    #[serde(borrow)]
    pub(crate) room: Option<&'a RawValue>,
}

/// The votes on the playing song.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ActiveDubs<'a> {
    #[serde(borrow, rename = "currentSong", deserialize_with = "object")]
    pub(crate) current_song: Option<QueueItem<'a>>,
    #[serde(borrow, rename = "upDubs")]
    pub(crate) up_dubs: List<Vote<'a>>,
    #[serde(borrow, rename = "downDubs")]
    pub(crate) down_dubs: List<Vote<'a>>,
}

/// The answer to `/auth/token`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Token<'a> {
    #[serde(borrow, rename = "clientId", deserialize_with = "text")]
    pub(crate) client_id: Text<'a>,
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) token: Text<'a>,
}

/// The envelope of every answer to a request.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Envelope<'a> {
    /// Status in the body, which counts even under HTTP 200.
    #[serde(deserialize_with = "int")]
    pub(crate) code: Option<i64>,
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) message: Text<'a>,
    /// The answer itself, unread.
    #[serde(borrow)]
    pub(crate) data: Option<&'a RawValue>,
}

/// The fields of `data` that may hold an error's words.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ErrorData<'a> {
    #[serde(borrow, deserialize_with = "object")]
    pub(crate) err: Option<ErrorHolder<'a>>,
    #[serde(borrow, deserialize_with = "object")]
    pub(crate) details: Option<ErrorDetails<'a>>,
    // The page behind the login redirect says `dologin` here.
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) message: Text<'a>,
}

/// `data.err`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ErrorHolder<'a> {
    #[serde(borrow, deserialize_with = "object")]
    pub(crate) details: Option<ErrorDetails<'a>>,
}

/// `details`, whose message may itself be an object.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ErrorDetails<'a> {
    #[serde(borrow)]
    pub(crate) message: Ref<'a, ErrorWords<'a>>,
}

/// A message inside a message.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ErrorWords<'a> {
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) message: Text<'a>,
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) err: Text<'a>,
}

/// The answer to a change of name, or to asking whether one is taken.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct NameAnswer {
    #[serde(deserialize_with = "flag")]
    pub(crate) taken: Option<bool>,
}

/// The answer to a search for users.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Found<'a> {
    #[serde(borrow)]
    pub(crate) users: List<User<'a>>,
}

/// The answer to removing a DJ's next song.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Removed<'a> {
    #[serde(borrow, rename = "userNextSong", deserialize_with = "object")]
    pub(crate) user_next_song: Option<QueueItem<'a>>,
}
