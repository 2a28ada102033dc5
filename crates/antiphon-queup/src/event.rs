//! Payload types, kinds and places: the step from the wire to an event.
//!
//! `kinds.rs` has a row for each payload: its kinds, its fields and how each is read. `convert.rs` turns objects of the
//! wire into those of the model. This file has the names: which kind and which place a frame has.
//!
//! # Kinds
//! - A room action is `queup.<name>`, where a name that ends in a user's id loses it (`user_update_5f1c…` is
//!   `queup.user_update`), so that the number of kinds stays small.
//! - Any other action has the reference library's word for its number, or the number itself.
//! - Names of antiphon's own events are taken: a room action of such a name becomes a `queup.room_action`, with the
//!   whole message as its body.
//!
//! # Places
//! `room/<id>` for a room's channel, `user/<id>` for the own account, `channel/<name>` for any other channel.

mod convert;
mod kinds;

use std::ops::Deref;

use antiphon_core::{Event, Kind, Place};
use serde_json::value::RawValue;

use self::kinds::listed;
#[cfg(any(test, fuzzing))]
pub(crate) use self::kinds::read_all;
pub use self::kinds::{
    ActiveDubs, Chat, ChatDelete, ChatDeleteGlobal, ChatSkip, Comment, Conversations, Dub,
    ErrorNotice, Grab, JoinedRoom, KINDS, LeftRoom, MemberJoin, MemberPresence, MemberUpdate,
    PlaylistActive, PlaylistDetails, PlaylistSongAdd, PrivateMessage, QueueRemoveUser,
    QueueRemoveUserSong, QueueReorder, QueueUpdate, QueueUpdateDub, Ready, RoomAllowGuestChat,
    RoomAllowGuestEmbed, RoomLockQueue, RoomSlowMode, RoomState, RoomUpdate, RoomUsers, Session,
    SongChange, Unknown, UserBan, UserImage, UserKick, UserLeave, UserMute, UserPauseQueue,
    UserPauseQueueMod, UserSetRole, UserUnban, UserUnmute, UserUnsetRole,
};
pub(crate) use self::{convert::voters, kinds::action_kind};
use crate::model::{Message, RoomId, UserId};

/// Kind of a message packet that is no action.
pub(crate) const MESSAGE: &str = "queup.message";
/// Kind of a frame that is no message packet.
pub(crate) const PACKET: &str = "queup.packet";
/// Kind of the source's own event for another song.
pub(crate) const SONG_CHANGE: &str = "queup.song_change";

/// Longest name that becomes a kind; documented ones have up to 33 characters.
const LONGEST_NAME: usize = 128;

/// Names that end in an id, without the id.
const WITH_ID: [&str; 3] = ["user_update_", "user-update-", "comment-update-"];

impl Deref for Chat {
    type Target = Message;

    fn deref(&self) -> &Message {
        &self.message
    }
}

/// Kind of an action 15 with this name; `None` if the name cannot become a kind: it is empty, has more than 128 bytes,
/// or is antiphon's own.
///
/// A listed kind allocates nothing. An id at the end of a name stays out of the kind.
pub(crate) fn room_action_kind(name: &str) -> Option<Kind> {
    if name.is_empty() || name.len() > LONGEST_NAME {
        return None;
    }
    let without_id = WITH_ID.iter().find_map(|prefix| {
        let id = name.strip_prefix(prefix)?;
        is_id(id).then(|| &prefix[..prefix.len() - 1])
    });
    match listed(without_id.unwrap_or(name)) {
        Some((_, true)) => None,
        Some((kind, false)) => Some(Kind::from_static(kind)),
        None => Some(Kind::new(format!("queup.{name}"))),
    }
}

/// Whether a text has the form of an id: hexadecimal digits.
fn is_id(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Text of a JSON string, or the JSON of any other value.
pub(crate) fn words(raw: &RawValue) -> String {
    serde_json::from_str(raw.get()).unwrap_or_else(|_| raw.get().to_owned())
}

/// Place of a channel.
pub(crate) fn channel_place(channel: &str) -> Place {
    match channel.split_once(':') {
        Some(("room", room)) if !room.is_empty() => Place::root().join("room", room),
        Some(("user", user)) if !user.is_empty() => Place::root().join("user", user),
        _ => Place::root().join("channel", channel),
    }
}

/// Place of a room.
pub(crate) fn room_place(room: &RoomId) -> Place {
    Place::root().join("room", room.as_str())
}

/// Place of the own account, where its notices and its frames without a room stand.
pub(crate) fn user_place(user: &UserId) -> Place {
    Place::root().join("user", user.as_str())
}

/// Room an event happened in; empty if its place is not a room.
pub(crate) fn room_of(event: &Event) -> RoomId {
    event.place().id("room").unwrap_or_default().into()
}

/// Whether the event's place is a room.
fn is_in_room(event: &Event) -> bool {
    event.place().id("room").is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, kind: &str) {
        assert_eq!(room_action_kind(name).expect("a kind").as_str(), kind);
    }

    #[test]
    fn an_id_inside_a_name_is_left_out_of_the_kind() {
        check("user_update_5f1c0aa1b2c3d4e5f607182a", "queup.user_update");
        check("user-update-5f1c0aa1b2c3d4e5f607182a", "queup.user-update");
        check("comment-update-5f1c", "queup.comment-update");
        check("user-update-later", "queup.user-update-later");
        check("user_update_", "queup.user_update_");
        check("*", "queup.*");
        check("brand-new", "queup.brand-new");
        assert_eq!(room_action_kind(""), None);
        assert_eq!(room_action_kind(&"x".repeat(1000)), None);
        assert_eq!(room_action_kind("packet"), None, "antiphon's own word");
    }

    #[test]
    fn every_channel_has_a_place() {
        assert_eq!(channel_place("room:5a").as_str(), "room/5a");
        assert_eq!(channel_place("user:5f").as_str(), "user/5f");
        assert_eq!(channel_place("lobby").as_str(), "channel/lobby");
        assert_eq!(channel_place("room:").as_str(), "channel/room:");
    }

    #[test]
    fn no_kind_is_listed_twice() {
        let mut kinds: Vec<_> = KINDS.iter().map(|info| info.kind).collect();
        kinds.sort_unstable();
        let count = kinds.len();
        kinds.dedup();
        assert_eq!(kinds.len(), count);
    }
}
