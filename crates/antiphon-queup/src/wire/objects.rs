//! Objects that frames and answers embed (protocol §5).
//!
//! Names are QueUp's, so that a field is found by what the wire calls it; `event/convert.rs` gives them the names of
//! the model. Numbers and times keep QueUp's units.

use serde::Deserialize;

use super::loose::{List, Ref, Text, flag, int, object, plain, text, time};

/// A user (protocol §5.1).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct User<'a> {
    #[serde(borrow, rename = "_id", deserialize_with = "text")]
    pub(crate) id: Text<'a>,
    #[serde(borrow, deserialize_with = "plain")]
    pub(crate) username: Text<'a>,
    #[serde(deserialize_with = "time")]
    pub(crate) created: Option<jiff::Timestamp>,
    // A number here, unlike in a member.
    #[serde(deserialize_with = "int")]
    pub(crate) roleid: Option<i64>,
    #[serde(deserialize_with = "int")]
    pub(crate) dubs: Option<i64>,
    #[serde(borrow, rename = "profileImage", deserialize_with = "object")]
    pub(crate) profile_image: Option<Image<'a>>,
}

/// A picture on the platform's image host.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Image<'a> {
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) url: Text<'a>,
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) secure_url: Text<'a>,
}

impl<'a> Image<'a> {
    /// Its address; the plain one before the secure one, as QueUp's page takes it.
    pub(crate) fn address(self) -> Text<'a> {
        self.url.or(self.secure_url)
    }
}

/// A role as REST embeds it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct RoleObject<'a> {
    #[serde(borrow, rename = "_id", deserialize_with = "text")]
    pub(crate) id: Text<'a>,
}

/// A user's state in a room (protocol §5.3).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Member<'a> {
    #[serde(borrow, rename = "_id", deserialize_with = "text")]
    pub(crate) id: Text<'a>,
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) userid: Text<'a>,
    #[serde(borrow, rename = "_user")]
    pub(crate) user: Ref<'a, User<'a>>,
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) roomid: Text<'a>,
    #[serde(deserialize_with = "int")]
    pub(crate) dubs: Option<i64>,
    #[serde(rename = "playedCount", deserialize_with = "int")]
    pub(crate) played_count: Option<i64>,
    #[serde(rename = "skippedCount", deserialize_with = "int")]
    pub(crate) skipped_count: Option<i64>,
    #[serde(rename = "songsInQueue", deserialize_with = "int")]
    pub(crate) songs_in_queue: Option<i64>,
    #[serde(deserialize_with = "int")]
    pub(crate) order: Option<i64>,
    #[serde(deserialize_with = "flag")]
    pub(crate) authorized: Option<bool>,
    #[serde(deserialize_with = "flag")]
    pub(crate) active: Option<bool>,
    #[serde(rename = "waitLine", deserialize_with = "int")]
    pub(crate) wait_line: Option<i64>,
    #[serde(rename = "queuePaused", deserialize_with = "flag")]
    pub(crate) queue_paused: Option<bool>,
    // Absent, an id (socket events) or an object (REST); a number only by mistake.
    #[serde(borrow)]
    pub(crate) roleid: Ref<'a, RoleObject<'a>>,
    #[serde(deserialize_with = "flag")]
    pub(crate) banned: Option<bool>,
    #[serde(rename = "bannedTime", deserialize_with = "time")]
    pub(crate) banned_time: Option<jiff::Timestamp>,
    #[serde(rename = "bannedUntil", deserialize_with = "time")]
    pub(crate) banned_until: Option<jiff::Timestamp>,
    #[serde(deserialize_with = "flag")]
    pub(crate) muted: Option<bool>,
}

impl Member<'_> {
    /// Id of the user, from any field that has it.
    pub(crate) fn user_id(&self) -> Option<&str> {
        let inside = || match &self.user {
            Ref::Id(id) => Some(&**id),
            Ref::Object(user) => user.id.as_deref(),
            Ref::Nothing => None,
        };
        self.userid
            .as_deref()
            .filter(|id| !id.is_empty())
            .or_else(inside)
    }
}

/// A room (protocol §5.2).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_field_names, reason = "named as on the wire")]
pub(crate) struct Room<'a> {
    #[serde(borrow, rename = "_id", deserialize_with = "text")]
    pub(crate) id: Text<'a>,
    #[serde(borrow, deserialize_with = "plain")]
    pub(crate) name: Text<'a>,
    #[serde(borrow, deserialize_with = "plain")]
    pub(crate) description: Text<'a>,
    #[serde(borrow, rename = "roomUrl", deserialize_with = "text")]
    pub(crate) room_url: Text<'a>,
    #[serde(borrow, rename = "realTimeChannel", deserialize_with = "text")]
    pub(crate) real_time_channel: Text<'a>,
    #[serde(borrow, rename = "roomType", deserialize_with = "text")]
    pub(crate) room_type: Text<'a>,
    #[serde(rename = "isPublic", deserialize_with = "flag")]
    pub(crate) is_public: Option<bool>,
    #[serde(borrow, rename = "roomDisplay", deserialize_with = "text")]
    pub(crate) room_display: Text<'a>,
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) lang: Text<'a>,
    #[serde(borrow, rename = "musicType", deserialize_with = "text")]
    pub(crate) music_type: Text<'a>,
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) userid: Text<'a>,
    #[serde(deserialize_with = "time")]
    pub(crate) created: Option<jiff::Timestamp>,
    #[serde(rename = "activeUsers", deserialize_with = "int")]
    pub(crate) active_users: Option<i64>,
    #[serde(rename = "maxLengthSong", deserialize_with = "int")]
    pub(crate) max_length_song: Option<i64>,
    #[serde(rename = "timeSongQueueRepeat", deserialize_with = "int")]
    pub(crate) time_song_queue_repeat: Option<i64>,
    #[serde(rename = "maxSongQueueLength", deserialize_with = "int")]
    pub(crate) max_song_queue_length: Option<i64>,
    #[serde(rename = "lockQueue", deserialize_with = "flag")]
    pub(crate) lock_queue: Option<bool>,
    #[serde(rename = "slowMode", deserialize_with = "flag")]
    pub(crate) slow_mode: Option<bool>,
    #[serde(rename = "allowGuestsToChat", deserialize_with = "flag")]
    pub(crate) allow_guests_to_chat: Option<bool>,
    #[serde(rename = "allowGuestsToEmbed", deserialize_with = "flag")]
    pub(crate) allow_guests_to_embed: Option<bool>,
    #[serde(borrow, rename = "welcomeMessage", deserialize_with = "plain")]
    pub(crate) welcome_message: Text<'a>,
    #[serde(borrow, rename = "currentSong", deserialize_with = "object")]
    pub(crate) current_song: Option<CurrentSong<'a>>,
}

/// The playing song as a room has it: less than a [`SongInfo`], and with another name for its id.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct CurrentSong<'a> {
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) songid: Text<'a>,
    #[serde(borrow, rename = "type", deserialize_with = "text")]
    pub(crate) source: Text<'a>,
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) fkid: Text<'a>,
    #[serde(borrow, deserialize_with = "plain")]
    pub(crate) name: Text<'a>,
}

/// An entry of a room's queue (protocol §5.5).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct QueueItem<'a> {
    #[serde(borrow, rename = "_id", deserialize_with = "text")]
    pub(crate) id: Text<'a>,
    #[serde(deserialize_with = "time")]
    pub(crate) created: Option<jiff::Timestamp>,
    // Absent until it starts; 0 would be a time.
    #[serde(deserialize_with = "time")]
    pub(crate) played: Option<jiff::Timestamp>,
    #[serde(rename = "isActive", deserialize_with = "flag")]
    pub(crate) is_active: Option<bool>,
    #[serde(rename = "isPlayed", deserialize_with = "flag")]
    pub(crate) is_played: Option<bool>,
    #[serde(deserialize_with = "flag")]
    pub(crate) skipped: Option<bool>,
    #[serde(deserialize_with = "int")]
    pub(crate) order: Option<i64>,
    #[serde(rename = "songLength", deserialize_with = "int")]
    pub(crate) song_length: Option<i64>,
    #[serde(deserialize_with = "int")]
    pub(crate) updubs: Option<i64>,
    #[serde(deserialize_with = "int")]
    pub(crate) downdubs: Option<i64>,
    #[serde(deserialize_with = "int")]
    pub(crate) grabs: Option<i64>,
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) roomid: Text<'a>,
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) userid: Text<'a>,
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) songid: Text<'a>,
    #[serde(borrow, rename = "_user")]
    pub(crate) user: Ref<'a, User<'a>>,
    #[serde(borrow, rename = "_song")]
    pub(crate) song: Ref<'a, SongInfo<'a>>,
}

/// Media from another site (protocol §5.5).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct SongInfo<'a> {
    #[serde(borrow, rename = "_id", deserialize_with = "text")]
    pub(crate) id: Text<'a>,
    #[serde(borrow, deserialize_with = "plain")]
    pub(crate) name: Text<'a>,
    #[serde(borrow, rename = "type", deserialize_with = "text")]
    pub(crate) source: Text<'a>,
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) fkid: Text<'a>,
    // ISO 8601 here, while every other `created` is in ms.
    #[serde(deserialize_with = "time")]
    pub(crate) created: Option<jiff::Timestamp>,
    #[serde(rename = "songLength", deserialize_with = "int")]
    pub(crate) song_length: Option<i64>,
    #[serde(borrow, deserialize_with = "object")]
    pub(crate) images: Option<Images<'a>>,
}

/// Pictures of a song.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Images<'a> {
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) thumbnail: Text<'a>,
}

/// A private conversation (protocol §4.6).
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Conversation<'a> {
    #[serde(borrow, rename = "_id", deserialize_with = "text")]
    pub(crate) id: Text<'a>,
    #[serde(deserialize_with = "time")]
    pub(crate) created: Option<jiff::Timestamp>,
    #[serde(deserialize_with = "time")]
    pub(crate) latest_message: Option<jiff::Timestamp>,
    #[serde(borrow, deserialize_with = "plain")]
    pub(crate) latest_message_str: Text<'a>,
    #[serde(borrow)]
    pub(crate) users_read: List<Ref<'a, IdOnly<'a>>>,
    // Objects in the list of conversations, bare ids when one is made.
    #[serde(borrow)]
    pub(crate) usersid: List<Ref<'a, User<'a>>>,
}

/// An object of which only the id matters.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct IdOnly<'a> {
    #[serde(borrow, rename = "_id", deserialize_with = "text")]
    pub(crate) id: Text<'a>,
}

impl<'a> Ref<'a, IdOnly<'a>> {
    /// The id, sent alone or in an object.
    pub(crate) fn id(&self) -> Option<&str> {
        match self {
            Self::Id(id) => Some(id),
            Self::Object(object) => object.id.as_deref(),
            Self::Nothing => None,
        }
    }
}
