//! The saved cache, in the wire's own shape, so that the same decoders read it.
//!
//! Texts are escaped here because their decoders unescape: what comes back is what was cached. A field that the wire
//! knows later is simply absent in an older cache.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    Chat,
    loose::{List, Ref, Text, int, object, text},
    objects::{Conversation, IdOnly, Member, QueueItem, Room, User},
};
use crate::model;

/// A time as QueUp writes most of them.
fn ms(time: Option<jiff::Timestamp>) -> Option<i64> {
    time.map(jiff::Timestamp::as_millisecond)
}

/// Escapes a text that its decoder will unescape.
fn escaped(text: &str) -> String {
    crate::text::escape(text)
}

pub(crate) fn user_json(user: &model::User) -> Value {
    json!({
        "_id": user.id,
        "username": escaped(&user.username),
        "created": ms(user.created_at),
        "roleid": user.site_role,
        "dubs": user.dubs,
        "profileImage": user.avatar_url.as_ref().map(|url| json!({ "url": url })),
    })
}

pub(crate) fn member_json(member: &model::MemberState) -> Value {
    json!({
        "_id": member.id,
        "userid": member.user,
        "_user": member.embedded.as_ref().map(user_json),
        "roomid": member.room,
        "dubs": member.dubs,
        "playedCount": member.played,
        "skippedCount": member.skipped,
        "songsInQueue": member.queued_now,
        "order": member.order,
        "authorized": member.authorized,
        "active": member.active,
        "waitLine": member.wait_line,
        "queuePaused": member.queue_paused,
        "roleid": member.role.as_ref().map(model::Role::id),
        "banned": member.banned,
        "bannedTime": ms(member.banned_time),
        "bannedUntil": ms(member.banned_until),
        "muted": member.muted,
    })
}

pub(crate) fn room_json(room: &model::RoomInfo) -> Value {
    json!({
        "_id": room.id,
        "name": escaped(&room.name),
        "description": escaped(&room.description),
        "roomUrl": room.slug,
        "realTimeChannel": room.rtc,
        "roomType": room.room_type,
        "isPublic": room.is_public,
        "roomDisplay": room.display,
        "lang": room.lang,
        "musicType": room.music_type,
        "userid": room.creator,
        "created": ms(room.created_at),
        "activeUsers": room.active_users,
        "maxLengthSong": room.max_song_minutes,
        "timeSongQueueRepeat": room.repeat_minutes,
        "maxSongQueueLength": room.max_queue_length,
        "lockQueue": room.lock_queue,
        "slowMode": room.slow_mode,
        "allowGuestsToChat": room.allow_guests_to_chat,
        "allowGuestsToEmbed": room.allow_guests_to_embed,
        "welcomeMessage": room.welcome_message.as_deref().map(escaped),
        "currentSong": room.current_song.as_ref().map(|song| json!({
            "songid": song.id,
            "type": song.source,
            "fkid": song.media_id,
            "name": escaped(&song.name),
        })),
    })
}

pub(crate) fn song_info_json(info: &model::SongInfo) -> Value {
    json!({
        "_id": info.id,
        "name": escaped(&info.name),
        "type": info.source,
        "fkid": info.media_id,
        "created": info.created_at.map(|time| time.to_string()),
        "songLength": info.length,
        "images": { "thumbnail": info.thumbnail },
    })
}

pub(crate) fn song_json(song: &model::Song) -> Value {
    json!({
        "_id": song.id,
        "created": ms(song.created_at),
        "played": ms(song.played_at),
        "isActive": song.active,
        "isPlayed": song.played,
        "skipped": song.skipped,
        "order": song.order,
        "songLength": song.length,
        "updubs": song.up_dubs,
        "downdubs": song.down_dubs,
        "grabs": song.grabs,
        "roomid": song.room,
        "userid": song.user,
        "songid": song.song_info_id,
        "_song": song.song_info.as_ref().map(song_info_json),
        "_user": song.embedded.as_ref().map(user_json),
    })
}

pub(crate) fn message_json(message: &model::Message) -> Value {
    json!({
        "chatid": message.id,
        "message": escaped(&message.content),
        "time": ms(message.created_at),
        "user": user_json(&message.author),
        "queue_object": message.member.as_ref().map(member_json),
    })
}

pub(crate) fn conversation_json(conversation: &model::ConversationInfo) -> Value {
    json!({
        "_id": conversation.id,
        "created": ms(conversation.created_at),
        "latest_message": ms(conversation.latest_message),
        "latest_message_str": escaped(&conversation.latest_message_str),
        "users_read": conversation.users_read,
        "usersid": conversation.users.iter().map(user_json).collect::<Vec<_>>(),
    })
}

/// A saved cache of an account.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct SavedCache<'a> {
    #[serde(deserialize_with = "int")]
    pub(crate) v: Option<i64>,
    #[serde(borrow, deserialize_with = "object")]
    pub(crate) me: Option<User<'a>>,
    #[serde(borrow)]
    pub(crate) rooms: List<SavedRoom<'a>>,
    #[serde(borrow)]
    pub(crate) users: List<User<'a>>,
    #[serde(borrow)]
    pub(crate) conversations: List<Conversation<'a>>,
}

/// A saved cache of one room.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct SavedRoom<'a> {
    #[serde(borrow, deserialize_with = "text")]
    pub(crate) id: Text<'a>,
    #[serde(borrow, deserialize_with = "object")]
    pub(crate) room: Option<Room<'a>>,
    #[serde(borrow)]
    pub(crate) members: List<Member<'a>>,
    #[serde(borrow)]
    pub(crate) messages: List<Chat<'a>>,
    #[serde(borrow)]
    pub(crate) deleted: List<Ref<'a, IdOnly<'a>>>,
    #[serde(borrow, deserialize_with = "object")]
    pub(crate) active: Option<QueueItem<'a>>,
    #[serde(borrow)]
    pub(crate) queue: List<QueueItem<'a>>,
}
