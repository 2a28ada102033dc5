//! Kinds and places.

use antiphon_core::{DecodeError, Event, Kind, Place};

use crate::model::{RoomId, UserId};

/// The kind of an action other than 15, by its number.
pub(crate) fn action_kind(action: i64) -> Kind {
    Kind::from_static(match action {
        0 => "queup.heartbeat",
        1 => "queup.ack",
        2 => "queup.nack",
        3 => "queup.connect",
        4 => "queup.connected",
        5 => "queup.disconnect",
        6 => "queup.disconnected",
        7 => "queup.close",
        8 => "queup.closed",
        9 => "queup.error",
        10 => "queup.join_room",
        11 => "queup.joined_room",
        12 => "queup.leave_room",
        13 => "queup.left_room",
        14 => "queup.presence_change",
        15 => ROOM_ACTION,
        16 => "queup.sync",
        17 => "queup.token",
        other => return Kind::new(format!("queup.{other}")),
    })
}

/// The kind of a message that is not an action at all.
pub(crate) const MESSAGE: &str = "queup.message";
/// The kind of an action 15 that says nothing we can name.
pub(crate) const ROOM_ACTION: &str = "queup.room_action";

/// The kind of a frame that is no message packet.
pub(crate) const PACKET: &str = "queup.packet";

/// The kind of the update that says what plays.
pub(crate) const SONG_UPDATE: &str = "queup.room_playlist-update";
/// The kind of the source's own event for another song.
pub(crate) const SONG_CHANGE: &str = "queup.song_change";

/// Names that kinds of antiphon's own have, so that no action 15 can have them.
const TAKEN: [&str; 11] = [
    "packet",
    "message",
    "room_action",
    "session",
    "room",
    "room_users",
    "playlist_active",
    "playlist_active_dubs",
    "playlist_details",
    "conversations",
    "song_change",
];

/// The longest name that becomes a kind; documented ones have up to 33 characters.
const LONGEST_NAME: usize = 128;

/// The kind of an action 15 with this name; `None` if nothing can be named so.
pub(crate) fn room_action_kind(name: &str) -> Option<Kind> {
    if name.is_empty() || name.len() > LONGEST_NAME || TAKEN.contains(&name) {
        return None;
    }
    // The hot ones allocate nothing.
    Some(match name {
        "chat-message" => Kind::from_static("queup.chat-message"),
        "room_playlist-dub" => Kind::from_static("queup.room_playlist-dub"),
        "room_playlist-update" => Kind::from_static("queup.room_playlist-update"),
        "room_playlist-queue-update-dub" => {
            Kind::from_static("queup.room_playlist-queue-update-dub")
        }
        "user-join" => Kind::from_static("queup.user-join"),
        "user-leave" => Kind::from_static("queup.user-leave"),
        "new-message" => Kind::from_static("queup.new-message"),
        _ => match family(name) {
            Some(kind) => Kind::from_static(kind),
            None => Kind::new(format!("queup.{name}")),
        },
    })
}

/// The kind of a name that ends in an id, which the kind leaves out.
fn family(name: &str) -> Option<&'static str> {
    let is_id = |id: &str| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    let families = [
        ("user_update_", "queup.user_update"),
        ("user-update-", "queup.user-update"),
        ("comment-update-", "queup.comment-update"),
    ];
    families.into_iter().find_map(|(prefix, kind)| {
        name.strip_prefix(prefix)
            .filter(|id| is_id(id))
            .map(|_| kind)
    })
}

/// The place of a channel.
pub(crate) fn channel_place(channel: &str) -> Place {
    match channel.split_once(':') {
        Some(("room", room)) if !room.is_empty() => Place::root().join("room", room),
        Some(("user", user)) if !user.is_empty() => Place::root().join("user", user),
        _ => Place::root().join("channel", channel),
    }
}

/// The place of a room.
pub(crate) fn room_place(room: &RoomId) -> Place {
    Place::root().join("room", room.as_str())
}

/// The place of the own account.
pub(crate) fn user_place(user: &UserId) -> Place {
    Place::root().join("user", user.as_str())
}

/// The room an event happened in; empty if its place is not a room.
pub(crate) fn room_of(event: &Event) -> RoomId {
    event.place().id("room").unwrap_or_default().into()
}

/// Reads a body that must be an object; serde alone would take a list for one.
pub(crate) fn object<'a, T: serde::Deserialize<'a>>(event: &'a Event) -> Result<T, DecodeError> {
    let first = event.body().iter().find(|byte| !byte.is_ascii_whitespace());
    if first == Some(&b'{') {
        event.parse()
    } else {
        Err(event.undecodable::<T>("not an object"))
    }
}

pub(super) fn is_in_room(event: &Event) -> bool {
    event.place().id("room").is_some()
}
