//! Own messages as they are heard, for requests whose answer names no id.
//!
//! Every message comes back to its author on the socket. `client/room.rs` asks here for the id of a message by its time
//! or text; the answer comes at once or when the echo does. 32 own messages are remembered and 64 requests may wait;
//! one more gets no answer, and its client makes the id by itself.

use std::collections::VecDeque;

use tokio::sync::oneshot;

use crate::model::{ChatId, RoomId};

/// Number of own messages that are remembered.
const OWN: usize = 32;
/// Number of requests that may wait for the echo of their message.
const WAITING: usize = 64;

/// A request that waits for the id of its message.
#[derive(Debug)]
pub(super) struct Echo {
    pub(super) room: RoomId,
    /// Time it was sent, in ms.
    pub(super) time: i64,
    pub(super) text: String,
    pub(super) reply: oneshot::Sender<ChatId>,
}

/// An own message that was heard.
#[derive(Debug)]
pub(super) struct OwnMessage {
    pub(super) room: RoomId,
    /// Time it was sent, in ms.
    pub(super) time: i64,
    pub(super) text: String,
    pub(super) id: ChatId,
}

/// The last own messages, and the requests that wait for one.
///
/// No request waits for a message that is remembered.
#[derive(Debug, Default)]
pub(super) struct Echoes {
    /// The last own messages, the oldest first.
    own: VecDeque<OwnMessage>,
    /// Requests whose message was not heard yet.
    waiting: VecDeque<Echo>,
}

impl Echoes {
    /// Answers a request, now or as soon as its message is heard; with too many waiting it gets no answer.
    pub(super) fn wait(&mut self, echo: Echo) {
        if self.waiting.len() < WAITING {
            self.waiting.push_back(echo);
        }
        self.answer();
    }

    /// Remembers an own message, and answers the requests that wait for it.
    pub(super) fn hear(&mut self, message: OwnMessage) {
        if self.own.len() >= OWN {
            self.own.pop_front();
        }
        self.own.push_back(message);
        self.answer();
    }

    /// Answers the requests whose message was heard, and forgets those that were given up.
    fn answer(&mut self) {
        for echo in std::mem::take(&mut self.waiting) {
            if echo.reply.is_closed() {
                continue;
            }
            let is_it = |own: &&OwnMessage| {
                own.room == echo.room && (own.time == echo.time || own.text == echo.text)
            };
            match self.own.iter().rfind(is_it) {
                Some(own) => {
                    let _ = echo.reply.send(own.id.clone());
                }
                None => self.waiting.push_back(echo),
            }
        }
    }
}
