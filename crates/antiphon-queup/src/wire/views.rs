//! The parts of frames that filters look at.
//!
//! A filter runs for every event of its kind, mostly to say no. These structs read a few fields and skip the rest;
//! `view.rs` gives them their public form.

use serde::Deserialize;

use super::loose::{Ref, Text, int, plain, text, time};

/// View of `chat-message`.
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

/// View of `room_playlist-update`.
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

/// View of an entry of a queue.
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

/// View of a song's media.
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

/// View of `room_playlist-dub`.
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
