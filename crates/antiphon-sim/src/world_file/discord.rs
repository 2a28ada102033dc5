//! The section of Discord.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    is_no, is_yes, is_zero,
    value::{At, Permissions, Snowflake},
    yes,
};

/// Bots, users and guilds of Discord.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Section {
    /// Bots; the first one is the bot under test.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bots: Option<Vec<Bot>>,
    /// Users who are no bots; a name that only a guild mentions makes a user as well.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) users: Option<Vec<User>>,
    /// Guilds; the first one is the one whose ids are printed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) guilds: Option<Vec<Guild>>,
}

/// A bot and its application.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Bot {
    /// Name of the bot.
    pub(crate) name: String,
    /// Id of the bot and of its application.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<Snowflake>,
    /// Token, without `Bot `; made where it is left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) token: Option<String>,
    /// Privileged intents that the bot may use. Default: all three.
    #[serde(default = "Intent::all")]
    pub(crate) privileged_intents: Vec<Intent>,
    /// Application commands, as Discord's API takes them; `guild` limits one to a guild, by name or id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) commands: Vec<Map<String, Value>>,
}

/// A privileged intent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Intent {
    /// Members who join, leave and change.
    GuildMembers,
    /// Presences.
    GuildPresences,
    /// Texts of messages.
    MessageContent,
}

impl Intent {
    pub(crate) fn all() -> Vec<Self> {
        vec![
            Self::GuildMembers,
            Self::GuildPresences,
            Self::MessageContent,
        ]
    }
}

/// A user.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct User {
    /// Name of the user.
    pub(crate) name: String,
    /// Id of the user.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<Snowflake>,
    /// Name that clients show. Default: the name, with a capital letter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) display_name: Option<String>,
}

/// A guild.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Guild {
    /// Name of the guild.
    pub(crate) name: String,
    /// Id of the guild and of its role `@everyone`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<Snowflake>,
    /// User who owns it, and who is a member.
    pub(crate) owner: String,
    /// Roles, the lowest first; `@everyone` sets what every member may.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) roles: Vec<Role>,
    /// Categories, channels and threads.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) channels: Vec<Channel>,
    /// Members, bots among them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) members: Vec<Member>,
    /// Emojis of the guild's own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) emojis: Vec<Emoji>,
    /// Users who are banned.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) bans: Vec<Ban>,
    /// Further fields of the guild, by their names in Discord's API, such as `description`.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(crate) settings: Map<String, Value>,
}

/// A role.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Role {
    /// Name of the role.
    pub(crate) name: String,
    /// Id of the role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<Snowflake>,
    /// What it permits. Default: nothing; of `@everyone`, what a new guild permits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) permissions: Option<Permissions>,
    /// Colour as a number, such as `0x336699`.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) color: u32,
    /// Whether its members are shown apart.
    #[serde(default, skip_serializing_if = "is_no")]
    pub(crate) hoist: bool,
    /// Whether everybody may mention it.
    #[serde(default, skip_serializing_if = "is_no")]
    pub(crate) mentionable: bool,
    /// Position among the roles. Default: the place in the list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) position: Option<i64>,
    /// Bot whose own role it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) bot: Option<String>,
}

/// Kind of a channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// Channel of messages.
    #[default]
    Text,
    /// Voice channel.
    Voice,
    /// Category that other channels name as their `parent`.
    Category,
    /// Channel whose messages can be followed.
    Announcement,
    /// Stage.
    Stage,
    /// Forum, whose posts are threads.
    Forum,
    /// Forum of pictures.
    Media,
    /// Thread of an announcement channel.
    AnnouncementThread,
    /// Thread of a text channel, or post of a forum.
    PublicThread,
    /// Thread that only its members see.
    PrivateThread,
}

/// A category, a channel or a thread.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Channel {
    /// Name of the channel.
    pub(crate) name: String,
    /// Id of the channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<Snowflake>,
    /// Kind of the channel.
    #[serde(default)]
    pub(crate) kind: Kind,
    /// Category of a channel, or channel of a thread, by name or id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) parent: Option<String>,
    /// Topic of the channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) topic: Option<String>,
    /// Position among the channels. Default: the place in the list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) position: Option<i64>,
    /// Permissions that a role or a member has here and not elsewhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) overwrites: Vec<Overwrite>,
    /// Most users of a voice channel; 0 for any number.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) user_limit: u32,
    /// Seconds between two messages of one member.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) slow_mode: u32,
    /// Tags of a forum's posts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) tags: Vec<Tag>,
    /// Further fields of the channel, by their names in Discord's API, such as `nsfw`.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(crate) settings: Map<String, Value>,
    /// When it was made. Default: its id's time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) since: Option<At>,
    /// User who began the thread. Default: the guild's owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) owner: Option<String>,
    /// Users in the thread.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) members: Vec<String>,
    /// Whether the thread is archived.
    #[serde(default, skip_serializing_if = "is_no")]
    pub(crate) archived: bool,
    /// Whether only moderators may open the archived thread again.
    #[serde(default, skip_serializing_if = "is_no")]
    pub(crate) locked: bool,
    /// Whether members may add others to a private thread. Default: yes.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub(crate) invitable: bool,
    /// Minutes without a message after which the thread is archived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) auto_archive: Option<u64>,
}

/// Permissions of a role or a member in one channel.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Overwrite {
    /// Role that it is about, by name or id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) role: Option<String>,
    /// User that it is about, in place of a role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) member: Option<String>,
    /// What is permitted here.
    pub(crate) allow: Permissions,
    /// What is not permitted here.
    pub(crate) deny: Permissions,
}

/// A tag of a forum.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tag {
    /// Name of the tag.
    pub(crate) name: String,
    /// Id of the tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<Snowflake>,
    /// Whether only moderators may give it.
    #[serde(default, skip_serializing_if = "is_no")]
    pub(crate) moderated: bool,
    /// Emoji of Unicode, or the id of one of the guild's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) emoji: Option<String>,
}

/// A member of a guild.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Member {
    /// Name or id of the user; a new name makes a user.
    pub(crate) name: String,
    /// Whether the name is a bot's; it makes a bot of a new name.
    #[serde(default, skip_serializing_if = "is_no")]
    pub(crate) bot: bool,
    /// Name in this guild.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) nick: Option<String>,
    /// Roles, by name or id.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) roles: Vec<String>,
    /// When the member joined. Default: 300 days before the start.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) since: Option<At>,
    /// Status. Default: offline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<Status>,
    /// Activities, as Discord's API describes them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) activities: Vec<Value>,
    /// Whether the guild deafens the member.
    #[serde(default, skip_serializing_if = "is_no")]
    pub(crate) deaf: bool,
    /// Whether the guild mutes the member.
    #[serde(default, skip_serializing_if = "is_no")]
    pub(crate) mute: bool,
    /// Flags of the member, as Discord's API has them.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) flags: u64,
    /// End of the member's time-out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) timeout_until: Option<String>,
}

/// Status of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    /// Online.
    Online,
    /// Idle.
    Idle,
    /// Do not disturb.
    Dnd,
    /// Offline, after having been there.
    Offline,
}

impl Status {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::Idle => "idle",
            Self::Dnd => "dnd",
            Self::Offline => "offline",
        }
    }

    pub(crate) fn of(word: &str) -> Self {
        match word {
            "online" => Self::Online,
            "idle" => Self::Idle,
            "dnd" => Self::Dnd,
            _ => Self::Offline,
        }
    }
}

/// An emoji of a guild.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Emoji {
    /// Name of the emoji.
    pub(crate) name: String,
    /// Id of the emoji.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<Snowflake>,
    /// Whether it moves.
    #[serde(default, skip_serializing_if = "is_no")]
    pub(crate) animated: bool,
    /// Roles that may use it; everybody where there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) roles: Vec<String>,
    /// User who added it. Default: the guild's owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) creator: Option<String>,
}

/// A user who is banned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ban {
    /// Name or id of the user; a new name makes a user.
    pub(crate) user: String,
    /// Reason of the ban.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
}
