//! Discord's voice events on their way to the source.
//!
//! Discord's reader must never wait for a node, so [`Inbox::put`] neither waits nor fails: a newer event of a guild
//! replaces the older one of its type, which it makes obsolete. The loop of `socket.rs` takes them one by one.
//!
//! The inbox also holds the bot's user id. It is part of it because states of other users are refused before they take
//! room, and because the source cannot connect before it is known.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

use tokio::sync::{Notify, watch};

use crate::model::{GuildId, UserId, VoiceServer, VoiceState};

/// A voice event of Discord.
#[derive(Clone, Debug)]
pub(crate) enum VoiceUpdate {
    /// A state of the bot; those of other users are not kept.
    State(VoiceState),
    /// A voice server of a guild.
    Server(VoiceServer),
    /// Discord lost the bot's voice state, and no user caused that.
    Lost(GuildId),
}

impl VoiceUpdate {
    fn guild(&self) -> GuildId {
        match self {
            Self::State(state) => state.guild,
            Self::Server(server) => server.guild,
            Self::Lost(guild) => *guild,
        }
    }
}

/// A queue of voice events.
///
/// It refuses none and holds at most three for each guild: a newer event replaces the older one of the same type. The
/// order of those that stay is that of their arrival.
#[derive(Debug)]
pub(crate) struct Inbox {
    /// The bot's user, once it is known; it never changes afterwards.
    user: watch::Sender<Option<UserId>>,
    /// Events in the order in which they are taken.
    updates: Mutex<VecDeque<VoiceUpdate>>,
    /// Wakes the loop; a permit is kept if it is not waiting.
    arrived: Notify,
}

impl Inbox {
    pub(crate) fn new(user: Option<UserId>) -> Self {
        Self {
            user: watch::Sender::new(user),
            updates: Mutex::default(),
            arrived: Notify::new(),
        }
    }

    /// Whose states are kept.
    pub(crate) fn user(&self) -> Option<UserId> {
        *self.user.borrow()
    }

    /// Sets whose states are kept, unless it is known.
    pub(crate) fn set_user(&self, user: UserId) {
        self.user.send_if_modified(|known| {
            let is_news = known.is_none();
            known.get_or_insert(user);
            is_news
        });
    }

    /// Waits until it is known whose states are kept.
    pub(crate) async fn known_user(&self) -> Option<UserId> {
        let mut user = self.user.subscribe();
        user.wait_for(Option::is_some)
            .await
            .ok()
            .and_then(|user| *user)
    }

    /// Adds an event in place of an older one of its guild and type; a state of another user than the bot is dropped,
    /// as is every state before the bot's user is known.
    pub(crate) fn put(&self, update: VoiceUpdate) {
        if matches!(&update, VoiceUpdate::State(state) if Some(state.user) != self.user()) {
            return;
        }
        let mut updates = self.updates.lock().unwrap_or_else(PoisonError::into_inner);
        let (guild, form) = (update.guild(), std::mem::discriminant(&update));
        updates.retain(|known| known.guild() != guild || std::mem::discriminant(known) != form);
        updates.push_back(update);
        drop(updates);
        self.arrived.notify_one();
    }

    fn take(&self) -> Option<VoiceUpdate> {
        self.updates
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop_front()
    }

    /// Waits for the next event. Safe to cancel.
    pub(crate) async fn next(&self) -> VoiceUpdate {
        loop {
            if let Some(update) = self.take() {
                return update;
            }
            self.arrived.notified().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(user: u64, channel: u64) -> VoiceUpdate {
        VoiceUpdate::State(VoiceState {
            guild: 1.into(),
            user: user.into(),
            channel: Some(channel.into()),
            session_id: "s".into(),
        })
    }

    #[test]
    fn states_are_kept_once_the_user_is_known_and_the_first_user_stays() {
        let inbox = Inbox::new(None);
        inbox.put(state(9, 1));
        assert!(inbox.take().is_none(), "nobody's");
        inbox.set_user(UserId::new(9));
        inbox.set_user(UserId::new(8));
        inbox.put(state(8, 1));
        inbox.put(state(9, 2));
        assert!(matches!(inbox.take(), Some(VoiceUpdate::State(state)) if state.user == 9.into()));
        assert!(inbox.take().is_none());
    }

    fn server(token: &str) -> VoiceUpdate {
        VoiceUpdate::Server(VoiceServer {
            guild: 1.into(),
            token: token.into(),
            endpoint: None,
        })
    }

    #[tokio::test]
    async fn it_keeps_the_newest_of_each_in_their_order_and_passes_over_others() {
        let inbox = Inbox::new(Some(UserId::new(9)));
        for update in [state(9, 1), server("a"), state(8, 5), state(9, 2)] {
            inbox.put(update);
        }
        assert!(matches!(inbox.next().await, VoiceUpdate::Server(_)));
        assert!(
            matches!(inbox.next().await, VoiceUpdate::State(state) if state.channel == Some(2.into()))
        );
        assert!(inbox.take().is_none());
    }
}
