//! The channels an account has on the socket, and their checkpoints.

use std::collections::VecDeque;

use antiphon_core::{Draft, Edge, Origin, Part, Place};
use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::{sync::oneshot, time::Instant};

use super::{HOLD_TIME, Moment, SEEN, songs::Playing};
use crate::{
    error::JoinError,
    event::channel_place,
    model::{ChatId, RoomId, RoomInfo, Slug},
};

/// How far a channel is attached to the socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Attachment {
    No,
    /// Its checkpoint is on its way to the journal.
    Settling,
    /// The server was asked, and must have confirmed by then.
    Asked {
        by: Instant,
        tries: u8,
    },
    Yes,
}

/// A live event that waits.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) draft: Draft,
    /// When it was said by the server's clock, in ms; only what a history has too has one.
    pub(super) time: Option<i64>,
}

/// Live events of a place that wait for what lies before them.
#[derive(Debug)]
pub(super) struct Hold {
    pub(super) events: VecDeque<Held>,
    pub(super) bytes: usize,
    /// Where the stream was joined again; absent if only the conversations are awaited.
    pub(super) to: Option<Edge>,
    pub(super) until: Instant,
}

/// A channel of the socket that the account has: its own, or a room's.
#[derive(Debug)]
pub(super) struct Channel {
    pub(super) place: Place,
    pub(super) part: Part,
    /// Whether the account is to have it; a room that was left stays known.
    pub(super) wanted: bool,
    /// Whether a checkpoint of it is durable.
    pub(super) settled: bool,
    pub(super) joined_at: Timestamp,
    pub(super) attachment: Attachment,
    /// Where the frames begin that may be missing; absent while nothing is.
    pub(super) from: Option<Edge>,
    /// Why frames may be missing.
    pub(super) outage: Option<String>,
    pub(super) hold: Option<Hold>,
    pub(super) room: Option<Room>,
}

/// What only rooms have.
#[derive(Debug)]
pub(super) struct Room {
    pub(super) id: RoomId,
    pub(super) slug: Slug,
    pub(super) info: Option<RoomInfo>,
    pub(super) answer: Option<Bytes>,
    /// Time of the last message seen, in ms.
    pub(super) last_chat: Option<i64>,
    /// Time from which the history was not fetched yet, in ms.
    pub(super) chat_floor: Option<i64>,
    /// Origins of the last messages and deletions seen.
    pub(super) seen: VecDeque<Origin>,
    /// The last chat ids that are this room's own, for its checkpoint.
    pub(super) chats: VecDeque<ChatId>,
    /// Chat ids that another room had before.
    pub(super) apart: VecDeque<ChatId>,
    /// The name it was last asked for by.
    pub(super) asked_as: Option<Slug>,
    /// Whether the room was restored from a checkpoint, which names none of them.
    pub(super) restored: bool,
    pub(super) waiters: Vec<oneshot::Sender<Result<RoomInfo, JoinError>>>,
    pub(super) leaving: bool,
    pub(super) rejoin_at: Option<Instant>,
    /// When what was not had of the room after an outage is fetched again, and how often its history was since.
    pub(super) again_at: Option<Instant>,
    pub(super) again: u8,
    pub(super) queue_at: Option<Instant>,
    pub(super) active_at: Option<Instant>,
    /// What plays, as far as was heard; absent while nobody knows.
    pub(super) playing: Option<Playing>,
    /// Counts the updates that said so, since an answer to a request may be older.
    pub(super) updates: u64,
}

/// A channel as its checkpoint tells.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Stored {
    pub(super) v: u8,
    pub(super) joined: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) slug: Option<Slug>,
    pub(super) joined_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) last_chat: Option<i64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) chat_floor: Option<i64>,
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) playing: Option<Playing>,
}

impl Channel {
    pub(super) fn new(name: &str, joined_at: Timestamp) -> Self {
        let place = channel_place(name);
        Self {
            part: place.as_str().into(),
            place,
            wanted: true,
            settled: false,
            joined_at,
            attachment: Attachment::No,
            from: None,
            outage: None,
            hold: None,
            room: None,
        }
    }

    /// From here on frames may be missing.
    pub(super) fn lose(&mut self, last: Option<Edge>, cause: &str, wall: Timestamp) {
        self.from
            .get_or_insert_with(|| last.unwrap_or_else(|| Edge::at(wall)));
        self.outage.get_or_insert_with(|| cause.to_owned());
        if let Some(room) = &mut self.room {
            let floor = room.chat_floor.or(room.last_chat);
            room.chat_floor = floor.or(Some(self.joined_at.as_millisecond()));
            // The next socket fetches all of it anyway.
            room.again_at = None;
            room.again = 0;
        }
    }
}

impl Room {
    pub(super) fn new(id: RoomId, slug: Slug) -> Self {
        Self {
            id,
            slug,
            info: None,
            answer: None,
            last_chat: None,
            chat_floor: None,
            seen: VecDeque::new(),
            chats: VecDeque::new(),
            apart: VecDeque::new(),
            asked_as: None,
            restored: false,
            waiters: Vec::new(),
            leaving: false,
            rejoin_at: None,
            again_at: None,
            again: 0,
            queue_at: None,
            active_at: None,
            playing: None,
            updates: 0,
        }
    }

    /// Remembers a message or its deletion; the time is a message's.
    pub(super) fn see(&mut self, origin: Origin, time: Option<i64>) {
        self.last_chat = self.last_chat.max(time);
        if self.seen.len() >= SEEN {
            self.seen.pop_front();
        }
        self.seen.push_back(origin);
    }
}

impl Hold {
    pub(super) fn new(to: Option<Edge>, now: Moment) -> Self {
        Self {
            events: VecDeque::new(),
            bytes: 0,
            to,
            until: now.at + HOLD_TIME,
        }
    }
}
