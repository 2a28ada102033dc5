//! Mentions of the account that are to be acknowledged.
//!
//! `POST /messages/ack` clears the marks in the account's inbox on the site (§7.1, §11.26). It is sent only once the
//! mention's event is stored, so that a crash leaves the mark rather than the loss; a failed request is not repeated.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use super::{
    room::{Room, mark},
    task::Task,
};
use crate::model::{EventId, MessageId, RoomId};

/// Mentions that one request acknowledges.
pub(super) const ACKS: usize = 100;
/// Mentions that wait; beyond it the oldest are dropped.
pub(super) const ACKS_WAITING: usize = 1000;

/// A mention: the room under whose key it came, its event, and its message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mention {
    pub(super) room: RoomId,
    pub(super) event: EventId,
    pub(super) message: MessageId,
}

/// Mentions that wait to be acknowledged, the oldest first; one request is under way at a time.
#[derive(Debug, Default)]
pub(super) struct Mentions {
    waiting: VecDeque<Mention>,
    /// Whether a request is under way, or waits for its mark.
    is_asking: bool,
}

impl Mentions {
    /// Adds a mention; the oldest is dropped if too many wait.
    pub(super) fn push(&mut self, mention: Mention) {
        self.waiting.push_back(mention);
        if self.waiting.len() > ACKS_WAITING {
            self.waiting.pop_front();
        }
    }

    /// Drops every mention.
    pub(super) fn clear(&mut self) {
        self.waiting.clear();
    }

    /// Notes that the request under way ended.
    pub(super) fn acknowledged(&mut self) {
        self.is_asking = false;
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Takes the mentions for the next request, if one may be made.
    ///
    /// Mentions of one room go together, since its checkpoint tells when they are durable. A mention that waits for a
    /// room's history stays, and one of a room that was left is dropped: no checkpoint comes for it.
    pub(super) fn next(&mut self, rooms: &BTreeMap<RoomId, Room>) -> Option<Task> {
        if self.is_asking {
            return None;
        }
        self.waiting
            .retain(|mention| rooms.contains_key(&mention.room));
        let reached = |room: &RoomId| rooms.get(room).and_then(|room| room.t).unwrap_or_default();
        let is_ready = |mention: &Mention| mention.event.get() <= reached(&mention.room);
        let first = *self.waiting.iter().find(|mention| is_ready(mention))?;
        let room = rooms.get(&first.room)?;
        let (mut ids, mut highest) = (Vec::new(), 0);
        self.waiting.retain(|mention| {
            let goes = ids.len() < ACKS && mention.room == first.room && is_ready(mention);
            if goes {
                ids.push(mention.message);
                highest = highest.max(mark(room.count, mention.event.get()));
            }
            !goes
        });
        self.is_asking = true;
        Some(Task::Ack {
            ids,
            part: Arc::clone(&room.part),
            mark: highest,
        })
    }
}
