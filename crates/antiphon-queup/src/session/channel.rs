//! The channels that an account has on the socket.
//!
//! There are two kinds: the own account's, for private notices, and one for each room. Both have a place, a checkpoint
//! and an attachment; a room's channel has a [`Room`] beside that, with what is known of chat, song and plans.
//!
//! A [`Hold`] keeps back the live events of one place while its history is fetched, so that they come after it. It ends
//! with the history, after 60 s, or with too many events, and never blocks another place.

use std::{collections::VecDeque, time::Duration};

use antiphon_core::{Draft, Edge, Origin, Part, Place};
use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::{sync::oneshot, time::Instant};

use super::{Moment, Task, room_action::Action};
use crate::{
    error::JoinError,
    event::channel_place,
    model::{ChatId, RoomId, RoomInfo, Slug},
    wire,
};

/// Time for which the events of one place wait for its history.
const HOLD_TIME: Duration = Duration::from_secs(60);
/// Number of a room's chat messages and deletions that are remembered, so that its history is not stored twice.
const SEEN: usize = 512;

/// Name of a room's channel (protocol §3.3).
pub(super) fn room_channel(room: &RoomId) -> String {
    format!("room:{room}")
}

/// State of a channel on the socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Attachment {
    /// Not attached, and not asked for.
    No,
    /// Its checkpoint is on its way to the journal.
    Settling,
    /// Action 10 was sent so many times; action 11 is due then.
    Asked { by: Instant, tries: u8 },
    /// Action 11 came.
    Yes,
}

/// A live event that waits.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) action: Action,
    /// The event as it will be stored.
    pub(super) draft: Draft,
    /// Time by the server's clock, in ms; set for messages and deletions, which a history has too.
    pub(super) time: Option<i64>,
}

/// Live events of a place that wait for the history before them.
#[derive(Debug)]
pub(super) struct Hold {
    pub(super) events: VecDeque<Held>,
    /// Weight of `events`.
    pub(super) bytes: usize,
    /// End of the gap; absent if only the conversations are awaited.
    pub(super) to: Option<Edge>,
    /// End of the wait.
    pub(super) until: Instant,
}

/// A channel of the socket: the own account's, or a room's.
#[derive(Debug)]
pub(super) struct Channel {
    /// Place of its events.
    pub(super) place: Place,
    /// Part of its checkpoint: the place's text.
    pub(super) part: Part,
    /// Whether the account is to have it; a room that was left stays known.
    pub(super) wanted: bool,
    /// Whether a checkpoint of it is durable.
    pub(super) settled: bool,
    /// When the account joined: nothing before is missing.
    pub(super) joined_at: Timestamp,
    pub(super) attachment: Attachment,
    /// Start of the frames that may be missing; absent while none are.
    pub(super) from: Option<Edge>,
    /// Cause of the gap.
    pub(super) outage: Option<String>,
    /// Events that wait; absent while they flow.
    pub(super) hold: Option<Hold>,
    /// Set for a room's channel only.
    pub(super) room: Option<Room>,
}

/// The state of a room beyond that of its channel.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own about the room, and all of them may hold at once"
)]
pub(super) struct Room {
    pub(super) id: RoomId,
    pub(super) slug: Slug,
    /// The room as last fetched in this run.
    pub(super) info: Option<RoomInfo>,
    /// Body of the server's answer to joining.
    pub(super) body: Option<Bytes>,
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
    /// Name in the last request to join it.
    pub(super) asked_as: Option<Slug>,
    /// Whether the room comes from a checkpoint, which has no origins of messages.
    pub(super) restored: bool,
    /// Clients that wait until the room is joined.
    pub(super) waiters: Vec<oneshot::Sender<Result<RoomInfo, JoinError>>>,
    /// Whether a request to leave it is on its way.
    pub(super) leaving: bool,
    /// Whether an earlier run was in the room and the configuration does not name it, so that it is to be left.
    pub(super) unlisted: bool,
    /// Time of the next try to leave it for that; absent before the first answer, and while a request is on its way.
    pub(super) leave_at: Option<Instant>,
    /// Time to join the room again.
    pub(super) rejoin_at: Option<Instant>,
    /// Time of the next try to rejoin and fetch the room.
    pub(super) retry_at: Option<Instant>,
    /// Number of tries to fetch its history again.
    pub(super) retries: u8,
    /// Time to fetch its queue.
    pub(super) queue_at: Option<Instant>,
    /// Time to fetch its playing song.
    pub(super) active_at: Option<Instant>,
    /// Song that plays, as last heard; absent while that is unknown.
    pub(super) playing: Option<Playing>,
    /// Number of updates of the playing song, since an answer to a request may be older than one.
    pub(super) updates: u64,
    /// Whether members came or went since the room's state was asked for, so that the answer may be older.
    pub(super) members_moved: bool,
    /// Number of times that its state was asked for again for that.
    pub(super) state_tries: u8,
}

/// The entry of a room's queue that plays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Playing {
    /// Id of the entry; empty while nothing plays.
    pub(super) id: String,
    /// Time it began, in ms of the server's clock; absent where the server sent none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) played: Option<i64>,
}

impl Playing {
    /// The entry of a song; `None` if it has no id.
    pub(super) fn of(song: &wire::QueueItem<'_>) -> Option<Self> {
        let ids = [&song.id, &song.songid].into_iter().flatten();
        let id = ids.into_iter().find(|id| !id.is_empty())?;
        let played = song.played.map(jiff::Timestamp::as_millisecond);
        Some(Self {
            id: id.as_ref().into(),
            played: played.filter(|time| *time > 0),
        })
    }
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

    /// Notes that frames may be missing from here on.
    pub(super) fn lose(&mut self, last: Option<Edge>, cause: &str, wall: Timestamp) {
        self.from
            .get_or_insert_with(|| last.unwrap_or_else(|| Edge::at(wall)));
        self.outage.get_or_insert_with(|| cause.to_owned());
        if let Some(room) = &mut self.room {
            let floor = room.chat_floor.or(room.last_chat);
            room.chat_floor = floor.or(Some(self.joined_at.as_millisecond()));
            // The next socket fetches all of it anyway.
            room.retry_at = None;
            room.retries = 0;
        }
    }
}

impl Room {
    pub(super) fn new(id: RoomId, slug: Slug) -> Self {
        Self {
            id,
            slug,
            info: None,
            body: None,
            last_chat: None,
            chat_floor: None,
            seen: VecDeque::new(),
            chats: VecDeque::new(),
            apart: VecDeque::new(),
            asked_as: None,
            restored: false,
            waiters: Vec::new(),
            leaving: false,
            unlisted: false,
            leave_at: None,
            rejoin_at: None,
            retry_at: None,
            retries: 0,
            queue_at: None,
            active_at: None,
            playing: None,
            updates: 0,
            members_moved: false,
            state_tries: 0,
        }
    }

    /// The task to fetch the room's state.
    pub(super) fn state(&mut self) -> Task {
        self.members_moved = false;
        Task::State {
            room: self.id.clone(),
            updates: self.updates,
        }
    }

    /// Whether a configuration means this room by a text: the name in its URL, or its id.
    pub(super) fn is_named(&self, name: &Slug) -> bool {
        self.slug == *name || self.id == *name.as_str()
    }

    /// Remembers a message or its deletion; the time is a message's.
    pub(super) fn remember(&mut self, origin: Origin, time: Option<i64>) {
        self.last_chat = self.last_chat.max(time);
        if self.seen.len() >= SEEN {
            self.seen.pop_front();
        }
        self.seen.push_back(origin);
    }

    /// Answers the clients that wait until the room is joined.
    pub(super) fn answer(&mut self, outcome: impl Fn() -> Result<RoomInfo, JoinError>) {
        for waiter in self.waiters.drain(..) {
            let _ = waiter.send(outcome());
        }
    }

    /// The task to join the room again after an outage, and to fetch it.
    pub(super) fn rejoin(&self, epoch: u64, history: bool) -> Task {
        Task::Rejoin {
            room: self.id.clone(),
            slug: self.slug.clone(),
            epoch,
            history,
            updates: self.updates,
        }
    }

    /// Drops all plans, for a room that the account gives up.
    pub(super) fn forget_plans(&mut self) {
        self.rejoin_at = None;
        self.retry_at = None;
        self.queue_at = None;
        self.active_at = None;
        self.leaving = false;
        self.unlisted = false;
        self.leave_at = None;
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
