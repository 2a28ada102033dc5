//! Identities of events: which of them came before, and the origin of each.
//!
//! The journal refuses a second event with the same origin, so that giving out origins *is* the deduplication: whatever
//! way an event comes, socket, poll or history, it gets the same origin. What is remembered here saves the journal the
//! look, and is needed for one case alone: an event whose way of coming has no id to compare (see `Shape`).

use antiphon_core::Origin;

use crate::{
    event::{event_origin, message_origin},
    model::{EventId, MessageId},
    recent::Recent,
    wire::Header,
};

/// Event ids that are remembered, so that repeats are not stored twice; the journal knows the older ones.
pub(super) const SEEN: usize = 8192;
/// Messages that are remembered with the event that posted them, so that their deletion names it.
pub(super) const POSTED: usize = 4096;

/// The event that posted a message.
///
/// `event` stays absent while only a history has told the message.
#[derive(Debug)]
pub(super) struct Posted {
    origin: Origin,
    /// Its id, which a history does not tell.
    event: Option<EventId>,
}

/// Identities that were given out; `event/make.rs` says which there are.
///
/// An event has the same origin whichever way it comes, and no two events share one: not after the server began to count
/// anew (`count`), nor after an update from a version that named messages by their events (`named_after`).
#[derive(Debug)]
pub(super) struct Identities {
    /// How often the server began to count anew.
    pub(super) count: u64,
    /// The server's count up to which an earlier version may have stored messages by their event ids; absent until it is
    /// known after an update.
    pub(super) named_after: Option<i64>,
    /// Whether the checkpoint of the account has `named_after`.
    pub(super) is_saved: bool,
    pub(super) seen: Recent<EventId, ()>,
    pub(super) posted: Recent<MessageId, Posted>,
}

impl Identities {
    /// The identities of a fresh journal.
    pub(super) fn new() -> Self {
        Self {
            count: 0,
            named_after: Some(0),
            is_saved: false,
            seen: Recent::new(SEEN),
            posted: Recent::new(POSTED),
        }
    }

    /// Whether an event is met for the first time; it is known from then on.
    pub(super) fn is_new(&mut self, id: EventId) -> bool {
        self.seen.insert(id, ())
    }

    /// Whether a message came from a history, without the id of its event; notes the id.
    pub(super) fn was_fetched(&mut self, message: MessageId, event: Option<EventId>) -> bool {
        let Some(posted) = self.posted.get_mut(message) else {
            return false;
        };
        let was_fetched = posted.event.is_none();
        posted.event = posted.event.or(event);
        was_fetched
    }

    /// The origin of an event that has an id, or of a posted message.
    pub(super) fn origin(&self, header: &Header) -> Origin {
        let id = EventId::new(header.id.unwrap_or_default());
        let by_event = || event_origin(self.count, id);
        let Some(message) = header.posted() else {
            return by_event();
        };
        match self.posted.get(message) {
            // Another event claims the same message.
            Some(posted) if header.id.is_some() && posted.event != Some(id) => by_event(),
            // An earlier version may have stored it.
            _ if header.id.is_some() && self.named_after.is_none_or(|after| id.get() <= after) => {
                by_event()
            }
            _ => message_origin(self.count, message),
        }
    }

    /// Notes the event that posted a message.
    pub(super) fn posted(&mut self, message: MessageId, origin: Origin, event: Option<EventId>) {
        self.posted.insert(message, Posted { origin, event });
    }

    /// The origin of the event that posted a message.
    pub(super) fn origin_of(&self, message: MessageId) -> Origin {
        match self.posted.get(message) {
            Some(posted) => posted.origin.clone(),
            None => message_origin(self.count, message),
        }
    }

    /// Begins the next of the server's counts: the old ids say nothing any more.
    ///
    /// Two answers in a row have to say that the counter went back before this is called: a new count is a fact of the
    /// server that nobody has recorded yet (assumed).
    pub(super) fn count_anew(&mut self) {
        self.count += 1;
        self.seen.clear();
        self.posted.clear();
        // No earlier version has stored anything of this count.
        self.named_after = Some(0);
        tracing::warn!(count = self.count, "the server counts anew");
    }
}
