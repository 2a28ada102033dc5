//! Views: the parts of events that filters look at, cheaper to read than the whole payload.
//!
//! Texts have no HTML escapes; they borrow from the event unless an escape was undone.
//!
//! ```
//! use antiphon_core::{Draft, Event, Kind, Origin, Payload, Place, Position};
//! use antiphon_queup::Chat;
//!
//! let body = r#"{"message":"!ping","user":{"_id":"5f1c0aa1b2c3d4e5f6071829","username":"teo"}}"#;
//! let kind = Kind::from_static("queup.chat-message");
//! let place = Place::root().join("room", "5a77aa00bb11cc22dd33ee44");
//! let time = "2026-01-01T00:00:00Z".parse()?;
//! let draft = Draft::new(kind, place, Origin::frame("c1", 1), time, body);
//! let event = Event::stored(Position::new(1), "queup".into(), draft);
//!
//! let view = Chat::view(&event)?;
//! assert!(view.content.starts_with('!') && view.username == "teo");
//! assert_eq!(view.room, "5a77aa00bb11cc22dd33ee44");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::borrow::Cow;

use antiphon_core::{DecodeError, Event};
use jiff::Timestamp;

use crate::wire;

/// View of a chat message.
///
/// The author's state in the room is not part of it; decode the payload for the role.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Chat<'a> {
    /// Id of the message; empty where QueUp sent none.
    pub id: Cow<'a, str>,
    /// Text.
    pub content: Cow<'a, str>,
    /// Id of the author; empty where QueUp sent none.
    pub author: Cow<'a, str>,
    /// Name of the author; empty where QueUp sent none.
    pub username: Cow<'a, str>,
    /// Time it was sent.
    pub created_at: Option<Timestamp>,
    /// Id of the room; empty if the event has no room.
    pub room: &'a str,
}

impl<'a> Chat<'a> {
    pub(crate) fn of(event: &'a Event) -> Result<Self, DecodeError> {
        let wire: wire::ChatView<'a> = event.parse_object()?;
        let (author, username) = name(wire.user);
        Ok(Self {
            id: wire.chatid.unwrap_or_default(),
            content: wire.message.unwrap_or_default(),
            author,
            username,
            created_at: wire.time,
            room: event.place().id("room").unwrap_or_default(),
        })
    }
}

/// View of a dub.
///
/// The totals are those after the vote.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Dub<'a> {
    /// `updub` or `downdub`.
    pub dubtype: Cow<'a, str>,
    /// Id of the user who dubbed.
    pub user: Cow<'a, str>,
    /// Name of the user who dubbed.
    pub username: Cow<'a, str>,
    /// Id of the entry in the queue.
    pub song: Cow<'a, str>,
    /// Up-dubs now.
    pub up_dubs: i64,
    /// Down-dubs now.
    pub down_dubs: i64,
    /// Id of the room; empty if the event has no room.
    pub room: &'a str,
}

impl<'a> Dub<'a> {
    pub(crate) fn of(event: &'a Event) -> Result<Self, DecodeError> {
        let wire: wire::DubView<'a> = event.parse_object()?;
        let (user, username) = name(wire.user);
        let song = wire.playlist.object().unwrap_or_default();
        Ok(Self {
            dubtype: wire.dubtype.unwrap_or_default(),
            user,
            username,
            song: song.id.unwrap_or_default(),
            up_dubs: song.updubs.unwrap_or_default(),
            down_dubs: song.downdubs.unwrap_or_default(),
            room: event.place().id("room").unwrap_or_default(),
        })
    }
}

/// View of an update of a room's queue.
///
/// QueUp sends one for every change of the queue: the same song comes again.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlaylistUpdate<'a> {
    /// Id of the entry that plays.
    pub song: Cow<'a, str>,
    /// Id of the user who queued it; absent once that account is deleted.
    pub queued_by: Option<Cow<'a, str>>,
    /// Name of its media; absent where QueUp sent none.
    pub name: Option<Cow<'a, str>>,
    /// Name of the media's source; absent where QueUp sent none.
    pub source: Option<Cow<'a, str>>,
    /// The source's own id of the media; absent where QueUp sent none.
    pub media_id: Option<Cow<'a, str>>,
    /// Seconds since it began; absent at a change of the song.
    pub start_time: Option<i64>,
    /// Id of the room; empty if the event has no room.
    pub room: &'a str,
}

impl<'a> PlaylistUpdate<'a> {
    pub(crate) fn of(event: &'a Event) -> Result<Self, DecodeError> {
        let wire: wire::PlaylistUpdateView<'a> = event.parse_object()?;
        let song = wire.song.object().unwrap_or_default();
        let info = wire.song_info.object().unwrap_or_default();
        Ok(Self {
            song: song.id.unwrap_or_default(),
            queued_by: song.userid,
            name: info.name,
            source: info.source,
            media_id: info.fkid,
            start_time: wire.start_time.filter(|seconds| *seconds >= 0),
            room: event.place().id("room").unwrap_or_default(),
        })
    }
}

/// Id and name of a user, from an id or an object.
fn name<'a>(user: wire::Ref<'a, wire::Name<'a>>) -> (Cow<'a, str>, Cow<'a, str>) {
    match user {
        wire::Ref::Id(id) => (id, Cow::Borrowed("")),
        wire::Ref::Object(user) => (
            user.id.unwrap_or_default(),
            user.username.unwrap_or_default(),
        ),
        wire::Ref::Nothing => Default::default(),
    }
}
