//! Frames and objects exactly as sent; the only file with serde renames.
//!
//! Every field may be absent, null or of an odd type, and then counts as absent.
//! There is one decoder for each object, wherever it is embedded.

mod loose;
mod saved;

use std::borrow::Cow;

use antiphon_core::{DecodeError, Event};
use serde::Deserialize;
use serde_json::value::RawValue;

use self::loose::{Element, flag, int, object, plain, strict_int, text, time};
pub(crate) use self::{
    loose::{List, Ref},
    saved::{
        SavedPicture, SavedRoom, conversation_json, member_json, message_json, room_json,
        song_json, user_json,
    },
};

/// Says that lists hold these objects and nothing else.
macro_rules! listed {
    ($($object:ident),*) => {$(
        impl<'de: 'a, 'a> Element<'de> for $object<'a> {
            type Object = Self;

            fn from_ref(item: Ref<'de, Self>) -> Option<Self> {
                item.object()
            }
        }
    )*};
}

listed!(
    SavedRoom,
    Chat,
    Room,
    Member,
    QueueItem,
    Conversation,
    PrivateRow,
    HistoryItem,
    Vote,
    Audit,
    User,
    Playlist,
    Following
);

type Text<'a> = Option<Cow<'a, str>>;

/// Reads a body that must be an object; serde alone would take a list for one.
pub(crate) fn read<'a, T: Deserialize<'a>>(event: &'a Event) -> Result<T, DecodeError> {
    let first = event.body().iter().find(|byte| !byte.is_ascii_whitespace());
    if first == Some(&b'{') {
        event.parse()
    } else {
        Err(event.undecodable::<T>("not an object"))
    }
}

/// The first frame: engine.io's handshake.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Open {
    #[serde(rename = "pingInterval", deserialize_with = "int")]
    pub(crate) ping_interval: Option<i64>,
    #[serde(rename = "pingTimeout", deserialize_with = "int")]
    pub(crate) ping_timeout: Option<i64>,
}

/// The envelope of every message packet.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Outer<'a> {
    #[serde(deserialize_with = "strict_int")]
    pub(crate) action: Option<i64>,
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) channel: Text<'a>,
    #[serde(borrow, rename = "clientId", deserialize_with = "text")]
    pub(crate) client_id: Text<'a>,
    #[serde(borrow, rename = "connectionId", deserialize_with = "text")]
    pub(crate) connection_id: Text<'a>,
    #[serde(borrow, rename = "socketId", deserialize_with = "text")]
    pub(crate) socket_id: Text<'a>,
    #[serde(borrow, deserialize_with = "object")]
    pub(crate) message: Option<Inner<'a>>,
    #[serde(borrow, deserialize_with = "object")]
    pub(crate) presence: Option<PresenceObject<'a>>,
    #[serde(borrow)]
    pub(crate) error: Option<&'a RawValue>,
}

impl<'a> Outer<'a> {
    /// The connection's id, under either of its names.
    pub(crate) fn connection(&mut self) -> Text<'a> {
        self.connection_id.take().or_else(|| self.socket_id.take())
    }
}

/// The `message` of action 15.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Inner<'a> {
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) name: Text<'a>,
    #[serde(borrow)]
    pub(crate) data: Option<&'a RawValue>,
}

/// The `presence` of action 14.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct PresenceObject<'a> {
    #[serde(deserialize_with = "int")]
    pub(crate) action: Option<i64>,
    #[serde(borrow, rename = "clientId", deserialize_with = "text")]
    pub(crate) client_id: Text<'a>,
}

/// What the session itself needs to know of a room action.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Glance<'a> {
    #[serde(borrow, rename = "type", deserialize_with = "text")]
    pub(crate) kind: Text<'a>,
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) chatid: Text<'a>,
    #[serde(deserialize_with = "int")]
    pub(crate) time: Option<i64>,
    #[serde(borrow, deserialize_with = "plain")]
    pub(crate) message: Text<'a>,
    #[serde(borrow)]
    pub(crate) user: Ref<'a, IdOnly<'a>>,
    #[serde(borrow, rename = "kickedUser")]
    pub(crate) kicked_user: Ref<'a, IdOnly<'a>>,
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) messageid: Text<'a>,
    #[serde(borrow, deserialize_with = "object")]
    pub(crate) song: Option<QueueItem<'a>>,
    #[serde(rename = "startTime", deserialize_with = "int")]
    pub(crate) start_time: Option<i64>,
}

/// An object of which only the id matters.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct IdOnly<'a> {
    #[serde(borrow, rename = "_id", deserialize_with = "text")]
    pub(crate) id: Text<'a>,
}

impl<'a> Ref<'a, IdOnly<'a>> {
    /// The id, however it was sent.
    pub(crate) fn id(&self) -> Option<&str> {
        match self {
            Self::Id(id) => Some(id),
            Self::Object(object) => object.id.as_deref(),
            Self::Nothing => None,
        }
    }
}

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
    /// Its address.
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
    /// Whose state it is, however that was said.
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
    // Absent until it starts: never to be taken for 0.
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

/// Who voted.
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

/// Someone a user follows.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Following<'a> {
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) following: Text<'a>,
}

/// `chat-message`, live, from history and as the answer to a request.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Chat<'a> {
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) chatid: Text<'a>,
    #[serde(borrow, deserialize_with = "plain")]
    pub(crate) message: Text<'a>,
    #[serde(deserialize_with = "time")]
    pub(crate) time: Option<jiff::Timestamp>,
    #[serde(borrow)]
    pub(crate) user: Ref<'a, User<'a>>,
    #[serde(borrow, deserialize_with = "object")]
    pub(crate) queue_object: Option<Member<'a>>,
    // The request as the answer to it repeats it.
    #[serde(borrow, deserialize_with = "object")]
    pub(crate) req: Option<ChatRequest<'a>>,
}

/// What was asked when a message was sent.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ChatRequest<'a> {
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) chatid: Text<'a>,
    #[serde(borrow, deserialize_with = "plain")]
    pub(crate) message: Text<'a>,
    #[serde(deserialize_with = "time")]
    pub(crate) time: Option<jiff::Timestamp>,
}

/// A view of `chat-message`: what filters look at.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ChatView<'a> {
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) chatid: Text<'a>,
    #[serde(borrow, deserialize_with = "plain")]
    pub(crate) message: Text<'a>,
    #[serde(deserialize_with = "time")]
    pub(crate) time: Option<jiff::Timestamp>,
    #[serde(borrow)]
    pub(crate) user: Ref<'a, Name<'a>>,
}

/// A user of whom only id and name matter.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Name<'a> {
    #[serde(borrow, rename = "_id", deserialize_with = "text")]
    pub(crate) id: Text<'a>,
    #[serde(borrow, deserialize_with = "plain")]
    pub(crate) username: Text<'a>,
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

/// A view of `room_playlist-update`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct PlaylistUpdateView<'a> {
    #[serde(rename = "startTime", deserialize_with = "int")]
    pub(crate) start_time: Option<i64>,
    #[serde(borrow)]
    pub(crate) song: Ref<'a, SongView<'a>>,
    #[serde(borrow, rename = "songInfo")]
    pub(crate) song_info: Ref<'a, SongInfoView<'a>>,
}

/// What filters look at in an entry of a queue.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct SongView<'a> {
    #[serde(borrow, rename = "_id", deserialize_with = "text")]
    pub(crate) id: Text<'a>,
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) userid: Text<'a>,
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) songid: Text<'a>,
    #[serde(deserialize_with = "int")]
    pub(crate) updubs: Option<i64>,
    #[serde(deserialize_with = "int")]
    pub(crate) downdubs: Option<i64>,
}

/// What filters look at in a song's media.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct SongInfoView<'a> {
    #[serde(borrow, deserialize_with = "plain")]
    pub(crate) name: Text<'a>,
    #[serde(borrow, rename = "type", deserialize_with = "text")]
    pub(crate) source: Text<'a>,
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) fkid: Text<'a>,
}

/// `room_playlist-dub`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Dub<'a> {
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) dubtype: Text<'a>,
    #[serde(borrow, deserialize_with = "object")]
    pub(crate) playlist: Option<QueueItem<'a>>,
    #[serde(borrow)]
    pub(crate) user: Ref<'a, User<'a>>,
}

/// A view of `room_playlist-dub`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct DubView<'a> {
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) dubtype: Text<'a>,
    #[serde(borrow)]
    pub(crate) playlist: Ref<'a, SongView<'a>>,
    #[serde(borrow)]
    pub(crate) user: Ref<'a, Name<'a>>,
}

/// `user_update_<id>`: a member in the field `user`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct MemberUpdate<'a> {
    #[serde(borrow, deserialize_with = "object")]
    pub(crate) user: Option<Member<'a>>,
}

/// Every other room action: the union of their fields.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Action<'a> {
    #[serde(borrow, rename = "type", deserialize_with = "text")]
    pub(crate) kind: Text<'a>,
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) chatid: Text<'a>,
    #[serde(borrow, deserialize_with = "plain")]
    pub(crate) username: Text<'a>,
    // So spelt by the platform.
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) userdid: Text<'a>,
    #[serde(borrow)]
    pub(crate) user: Ref<'a, User<'a>>,
    #[serde(borrow, rename = "removedUser")]
    pub(crate) removed_user: Ref<'a, User<'a>>,
    #[serde(borrow, rename = "kickedUser")]
    pub(crate) kicked_user: Ref<'a, User<'a>>,
    #[serde(borrow, rename = "mutedUser")]
    pub(crate) muted_user: Ref<'a, User<'a>>,
    #[serde(borrow, rename = "modUser")]
    pub(crate) mod_user: Ref<'a, User<'a>>,
    #[serde(borrow, rename = "mod")]
    pub(crate) moderator: Ref<'a, User<'a>>,
    #[serde(borrow)]
    pub(crate) role_object: Ref<'a, RoleObject<'a>>,
    #[serde(borrow, deserialize_with = "object")]
    pub(crate) playlist: Option<QueueItem<'a>>,
    #[serde(borrow)]
    pub(crate) room: Ref<'a, Room<'a>>,
    #[serde(borrow, rename = "roomUser", deserialize_with = "object")]
    pub(crate) room_user: Option<Member<'a>>,
    #[serde(borrow, rename = "user_queue", deserialize_with = "object")]
    pub(crate) user_queue: Option<Member<'a>>,
    #[serde(borrow, deserialize_with = "object")]
    pub(crate) img: Option<Image<'a>>,
    #[serde(borrow, deserialize_with = "plain")]
    pub(crate) message: Text<'a>,
    #[serde(borrow, deserialize_with = "plain")]
    pub(crate) comment: Text<'a>,
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) userid: Text<'a>,
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) messageid: Text<'a>,
    #[serde(deserialize_with = "int")]
    pub(crate) time: Option<i64>,
    #[serde(rename = "passwordUpdated", deserialize_with = "flag")]
    pub(crate) password_updated: Option<bool>,
}

/// The answer to joining a room.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Joined<'a> {
    #[serde(borrow)]
    pub(crate) room: Option<&'a RawValue>,
}

/// The playing song: `room_playlist-update`, and the answer to asking for it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Active<'a> {
    #[serde(borrow, deserialize_with = "object")]
    pub(crate) song: Option<QueueItem<'a>>,
    #[serde(borrow, rename = "songInfo", deserialize_with = "object")]
    pub(crate) song_info: Option<SongInfo<'a>>,
    #[serde(rename = "startTime", deserialize_with = "int")]
    pub(crate) start_time: Option<i64>,
}

/// Who dubbed the playing song.
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
    #[serde(deserialize_with = "int")]
    pub(crate) code: Option<i64>,
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) message: Text<'a>,
    #[serde(borrow)]
    pub(crate) data: Option<&'a RawValue>,
}

/// Where an error's words may lie inside `data`.
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
