//! The section of Stack Exchange chat.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{is_no, value::At};

/// People and rooms of the chat servers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Section {
    /// Person whose login is the bot's own. Default: `antiphon`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) account: Option<String>,
    /// People; a name that only a room mentions makes a person as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) people: Option<Vec<Person>>,
    /// Rooms of all servers; the first one of the first server is the bot's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rooms: Option<Vec<Room>>,
}

/// A person, on every chat server.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Person {
    /// Name of the person.
    pub(crate) name: String,
    /// Id of the person. Default: the next free one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub(crate) id: Option<i64>,
    /// E-mail address of the login. Default: the name at `example.org`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) email: Option<String>,
    /// Password of the login; made where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) password: Option<String>,
    /// Whether the person is a moderator of the site.
    #[serde(default, skip_serializing_if = "is_no")]
    pub(crate) moderator: bool,
}

/// A room.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Room {
    /// Number of the room.
    #[schemars(range(min = 1))]
    pub(crate) id: i64,
    /// Name of the room.
    pub(crate) name: String,
    /// Host of its chat server. Default: `chat.stackexchange.com`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) server: Option<String>,
    /// Description of the room.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub(crate) description: String,
    /// People who own the room.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) owners: Vec<String>,
    /// People who are in the room.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) people: Vec<String>,
    /// Access of single people: `read-write`, `read-only` or another word of the platform's.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) access: BTreeMap<String, String>,
    /// Whether only people with access see the room.
    #[serde(default, skip_serializing_if = "is_no")]
    pub(crate) private: bool,
    /// Whether nobody may write.
    #[serde(default, skip_serializing_if = "is_no")]
    pub(crate) frozen: bool,
    /// Messages, the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) history: Vec<Message>,
}

/// A message.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Message {
    /// Person who wrote it.
    pub(crate) by: String,
    /// Text of the message, in chat's Markdown.
    pub(crate) text: String,
    /// Id of the message, by which `reply_to` names it. Default: the next free one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub(crate) id: Option<i64>,
    /// When it was written. Default: a minute before the message behind it, the last one a minute before the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) at: Option<At>,
    /// Id of an earlier message that it replies to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub(crate) reply_to: Option<i64>,
    /// HTML of the message, where it does not follow from the text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) html: Option<String>,
    /// Earlier texts of the message, the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) edits: Vec<String>,
    /// People who starred it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) stars: Vec<String>,
    /// Owners who pinned it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) pins: Vec<String>,
    /// Whether it is deleted.
    #[serde(default, skip_serializing_if = "is_no")]
    pub(crate) deleted: bool,
}
