//! The section of QueUp.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{is_no, is_yes, is_zero, value::At, yes};

/// People, songs and rooms of QueUp.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Section {
    /// Person whose login is the bot's own. Default: `antiphon`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) account: Option<String>,
    /// People; a name that only a room mentions makes a person as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) people: Option<Vec<Person>>,
    /// Songs that can be queued.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) songs: Option<Vec<Song>>,
    /// Rooms; the first one is the bot's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rooms: Option<Vec<Room>>,
}

/// A person.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Person {
    /// Name of the person.
    pub(crate) name: String,
    /// Id: 24 hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<String>,
    /// When the account was made. Default: a year before the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) since: Option<At>,
    /// Votes for songs that the person played.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) dubs: u32,
    /// Picture, as QueUp describes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) picture: Option<Map<String, Value>>,
    /// E-mail address of a person who can log in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) email: Option<String>,
    /// Password of a person who can log in; made where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) password: Option<String>,
}

/// A song.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Song {
    /// Name of the song, such as `Lantern & Co - Slow Tide`.
    pub(crate) name: String,
    /// Id: 24 hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<String>,
    /// Length in milliseconds.
    pub(crate) length: u32,
    /// Where the song is from. Default: `youtube`.
    #[serde(default = "youtube")]
    pub(crate) source: String,
    /// Id of the song there. Default: eleven characters from the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) source_id: Option<String>,
    /// When it was first queued. Default: a year before the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) since: Option<At>,
}

fn youtube() -> String {
    "youtube".to_owned()
}

/// A room.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Room {
    /// Name of the room in its address.
    pub(crate) slug: String,
    /// Id: 24 hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<String>,
    /// Name of the room. Default: the slug.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    /// Person who made the room and may do everything in it.
    pub(crate) owner: String,
    /// Password that people outside must give.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) password: Option<String>,
    /// Further settings of the room, by their names on the wire, such as `maxLengthSong`.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(crate) settings: Map<String, Value>,
    /// People in the room, and those who have a role there or are banned.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) people: Vec<Member>,
    /// Song that plays; it begins when the simulation does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) playing: Option<Playing>,
    /// Songs that wait, by person, in the order in which people take turns.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) queue: Vec<Queue>,
}

/// A person in a room.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Member {
    /// Name or id of the person; a new name makes a person.
    pub(crate) name: String,
    /// Role in the room.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) role: Option<String>,
    /// Whether the person is in the room. Default: yes.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub(crate) present: bool,
    /// Whether the person is muted.
    #[serde(default, skip_serializing_if = "is_no")]
    pub(crate) muted: bool,
    /// Whether the person's queue is passed over.
    #[serde(default, skip_serializing_if = "is_no")]
    pub(crate) paused: bool,
    /// Ban of the person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ban: Option<Ban>,
    /// Votes for songs that the person played here.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) dubs: u32,
    /// Songs that the person played here.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) played: u32,
    /// Songs of the person that were skipped here.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) skipped: u32,
}

/// A ban.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ban {
    /// When it began. Default: the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) since: Option<At>,
    /// When it ends; never where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) until: Option<At>,
}

/// The song that plays.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Playing {
    /// Person who queued it.
    pub(crate) by: String,
    /// Song, by name or id.
    pub(crate) song: String,
}

/// Songs of one person.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Queue {
    /// Person who queued them.
    pub(crate) by: String,
    /// Songs by name or id, the next first.
    pub(crate) songs: Vec<String>,
}
