//! Checkpoints: the session's state in the journal, and how a restart takes it up.
//!
//! | part | has | is stored |
//! | --- | --- | --- |
//! | `socket` | the edge of the last frame | with each event that completes no other part |
//! | `room/<id>`, `user/<id>` | whether it is joined, since when, last message, start of an outage, playing song | with messages and song changes, and when a channel changes |
//! | `connections` | connection ids that origins have used | with each new socket |
//! | `links` | rooms in another state than the socket's | with each change |
//!
//! A checkpoint is queued behind the events that it covers, and its mark grows with each, also where the clock is set
//! back. A part that cannot be read, or of a channel in another version, is left out with a warning: its room then begins
//! afresh.

use std::sync::Arc;

use antiphon_core::{Checkpoint, Edge, Part};
use jiff::Timestamp;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{
    Session,
    channel::{Channel, Playing, Room},
};
use crate::model::{ChatId, Slug};

/// Version of the checkpoints' encoding.
const VERSION: u8 = 1;

/// Part of the last frame received.
const SOCKET: &str = "socket";
/// Part of the connection ids that were used.
pub(super) const CONNECTIONS: &str = "connections";
/// Part of the rooms whose link is another than the source's.
const LINKS: &str = "links";

/// A channel in its checkpoint, whose part is the channel's place.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Stored {
    /// Version of the encoding; a checkpoint of another one is left out.
    pub(super) v: u8,
    /// Whether the channel is wanted; a room that was left keeps its chat ids alone.
    pub(super) joined: bool,
    /// Name in the room's URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) slug: Option<Slug>,
    /// When the account joined.
    pub(super) joined_at: Timestamp,
    /// Time of the last message seen, in ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) last_chat: Option<i64>,
    /// Time from which the history was not fetched yet, in ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) chat_floor: Option<i64>,
    /// Start of the frames that may be missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) from: Option<Edge>,
    /// The last frame received on any channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) last: Option<Edge>,
    /// See [`Room::chats`] and [`Room::apart`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) chats: Vec<ChatId>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) apart: Vec<ChatId>,
    /// Song that plays, as last heard.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) playing: Option<Playing>,
}

/// The state of a checkpoint; `None` with a warning where it cannot be read.
fn read<T: DeserializeOwned>(checkpoint: &Checkpoint) -> Option<T> {
    antiphon_core::read_json(&checkpoint.state)
        .inspect_err(|error| {
            tracing::warn!(part = &*checkpoint.part, %error, "checkpoint cannot be read");
        })
        .ok()
}

impl Session {
    /// Takes up the checkpoints of an earlier run.
    pub(super) fn restore<'a>(&mut self, checkpoints: impl IntoIterator<Item = &'a Checkpoint>) {
        // The edge with the highest mark is the newest: marks grow with every checkpoint, also where a clock is set back.
        let mut last: Option<(i64, Edge)> = None;
        for checkpoint in checkpoints {
            self.mark = self.mark.max(checkpoint.mark);
            let edge = self.restore_part(checkpoint);
            if let Some(edge) = edge
                && last
                    .as_ref()
                    .is_none_or(|(mark, _)| *mark < checkpoint.mark)
            {
                last = Some((checkpoint.mark, edge));
            }
        }
        let last = last.map(|(_, edge)| edge);
        if let Some(name) = last.as_ref().and_then(|last| last.connection.as_deref()) {
            self.connection.used.note(name);
        }
        for channel in self.channels.values_mut() {
            let joined_at = channel.joined_at;
            channel
                .from
                .get_or_insert_with(|| last.clone().unwrap_or_else(|| Edge::at(joined_at)));
        }
        self.connection.last = last;
    }

    /// Takes up one checkpoint; gives the edge of the last frame that it names.
    fn restore_part(&mut self, checkpoint: &Checkpoint) -> Option<Edge> {
        match &*checkpoint.part {
            SOCKET => return read(checkpoint),
            CONNECTIONS => self.connection.used = read(checkpoint)?,
            LINKS => self.rooms.restore(read(checkpoint)?),
            part => {
                let (what, id) = part.split_once('/')?;
                let mut stored: Stored = read(checkpoint)?;
                if stored.v != VERSION {
                    tracing::warn!(
                        part,
                        version = stored.v,
                        "checkpoint is of another version, and is left out"
                    );
                    return None;
                }
                let last = stored.last.take();
                self.restore_channel(what, id, stored);
                return last;
            }
        }
        None
    }

    /// Takes up a channel; the time since its last frame counts as an outage.
    fn restore_channel(&mut self, what: &str, id: &str, stored: Stored) {
        let name = format!("{what}:{id}");
        for chat in &stored.chats {
            self.chats.claim(&name, chat.as_str());
        }
        if !stored.joined {
            return;
        }
        let mut channel = Channel::new(&name, stored.joined_at);
        channel.settled = true;
        channel.from = stored.from;
        channel.outage = Some("the program was restarted".into());
        if what == "room" {
            let slug = stored.slug.unwrap_or_else(|| id.into());
            let mut room = Room::new(id.into(), slug);
            room.restored = true;
            room.last_chat = stored.last_chat;
            let floor = stored.chat_floor.or(stored.last_chat);
            room.chat_floor = floor.or(Some(stored.joined_at.as_millisecond()));
            room.chats = stored.chats.into();
            room.apart = stored.apart.into();
            room.playing = stored.playing;
            let mut named = self.rules.rooms.iter();
            room.unlisted = self.rules.only_rooms && !named.any(|name| room.is_named(name));
            channel.room = Some(room);
        }
        self.channels.insert(name, channel);
    }

    /// Makes a checkpoint with the next mark.
    fn checkpoint(&mut self, part: Part, state: &impl Serialize) -> Checkpoint {
        let state = serde_json::to_vec(state).expect("a checkpoint is plain data");
        self.mark += 1;
        Checkpoint {
            part,
            state: state.into(),
            mark: self.mark,
        }
    }

    /// The checkpoint of the last frame received.
    pub(super) fn socket_checkpoint(&mut self) -> Option<Checkpoint> {
        let last = self.connection.last.clone()?;
        Some(self.checkpoint(SOCKET.into(), &last))
    }

    /// The checkpoint of a channel.
    pub(super) fn channel_checkpoint(&mut self, name: &str) -> Option<Checkpoint> {
        let channel = self.channels.get(name)?;
        let room = channel.room.as_ref();
        let (chats, apart) = self.chats_to_keep(room);
        let stored = Stored {
            v: VERSION,
            joined: channel.wanted,
            slug: room.map(|room| room.slug.clone()),
            joined_at: channel.joined_at,
            last_chat: room.and_then(|room| room.last_chat),
            chat_floor: room.and_then(|room| room.chat_floor),
            from: channel.from.clone(),
            last: self.connection.last.clone(),
            chats,
            apart,
            playing: room.and_then(|room| room.playing.clone()),
        };
        let part = Arc::clone(&channel.part);
        Some(self.checkpoint(part, &stored))
    }

    /// Queues the checkpoint of a channel alone; gives its part and mark.
    pub(super) fn push_channel(&mut self, name: &str) -> Option<(Part, i64)> {
        let checkpoint = self.channel_checkpoint(name)?;
        let key = (Arc::clone(&checkpoint.part), checkpoint.mark);
        self.outbox.checkpoint(checkpoint);
        Some(key)
    }

    /// Queues the checkpoints of the channels of which frames may be missing, with the beginning of each outage.
    pub(super) fn push_outages(&mut self) {
        let channels = self.channels.iter();
        let outages = channels.filter(|(_, channel)| channel.from.is_some());
        let names: Vec<String> = outages.map(|(name, _)| name.clone()).collect();
        for name in names {
            self.push_channel(&name);
        }
    }

    /// Queues the checkpoint of the connection ids that were used.
    pub(super) fn push_connections(&mut self) {
        let used = std::mem::take(&mut self.connection.used);
        let checkpoint = self.checkpoint(CONNECTIONS.into(), &used);
        self.connection.used = used;
        self.outbox.checkpoint(checkpoint);
    }

    /// Queues the checkpoint of the rooms' links.
    pub(super) fn push_links(&mut self) {
        let links = self.rooms.states().clone();
        let checkpoint = self.checkpoint(LINKS.into(), &links);
        self.outbox.checkpoint(checkpoint);
    }
}
