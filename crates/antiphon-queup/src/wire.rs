//! Frames, objects and answers exactly as sent; serde renames are nowhere else.
//!
//! Every field may be absent, null or of an odd type, and then counts as absent. There is one decoder for each object,
//! wherever it is embedded.
//!
//! # Why lenient
//! QueUp's objects changed over ten years and three names, and no page describes them: ids as objects, flags as
//! numbers, times as texts, `null` in lists (protocol §9). An event must not be lost over a value that nobody asked
//! for. Its bytes are in the journal, and `docs/queup-fields.md` lists the recorded fields that are not typed.
//!
//! Texts that people wrote lose their HTML escapes here, once (`plain`); ids and words of the platform stay as sent
//! (`text`).

mod answers;
mod loose;
mod objects;
mod saved;
mod views;

use serde::Deserialize;
use serde_json::value::RawValue;

use self::loose::{Element, Text, flag, int, object, plain, strict_int, text, time};
pub(crate) use self::{
    answers::{
        ActiveDubs, Audit, Envelope, ErrorData, Following, Found, HistoryItem, Joined, NameAnswer,
        Playlist, PrivateRow, Removed, Token, Vote,
    },
    loose::{List, Ref},
    objects::{
        Conversation, CurrentSong, IdOnly, Image, Member, QueueItem, RoleObject, Room, SongInfo,
        User,
    },
    saved::{
        SavedCache, SavedRoom, conversation_json, member_json, message_json, room_json, song_json,
        user_json,
    },
    views::{ChatView, DubView, Name, PlaylistUpdateView},
};

/// Lets lists hold these objects.
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

/// The first frame: engine.io's handshake.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Open {
    /// In ms.
    #[serde(rename = "pingInterval", deserialize_with = "int")]
    pub(crate) ping_interval: Option<i64>,
    /// In ms.
    #[serde(rename = "pingTimeout", deserialize_with = "int")]
    pub(crate) ping_timeout: Option<i64>,
}

/// The envelope of every message packet.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Outer<'a> {
    /// Number of the action (protocol §3.2); a packet without one is no action.
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
    /// Name of the room action; `*` is one too.
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) name: Text<'a>,
    /// The inner document, as a JSON string.
    #[serde(borrow)]
    pub(crate) data: Option<&'a RawValue>,
}

/// The `presence` of action 14.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct PresenceObject<'a> {
    /// 0 enter, 1 leave, 2 update; absent means enter.
    #[serde(deserialize_with = "int")]
    pub(crate) action: Option<i64>,
    #[serde(borrow, rename = "clientId", deserialize_with = "text")]
    pub(crate) client_id: Text<'a>,
}

/// The fields of a room action that the session looks at.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ActionFields<'a> {
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

/// The request to send a message, repeated in its answer.
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
