//! Counts of the messages that the bot posts in channels where it shows itself as typing.
//!
//! Discord hides the typing indicator when a message of the bot comes, so the indicator must not be sent again then.
//! Only channels in which somebody asks are counted, so that the map is as large as the number of indicators.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use antiphon_discord_model::id::{Id, marker::ChannelMarker};

/// Counts by channel.
#[derive(Debug, Default)]
pub(crate) struct Posts(Mutex<HashMap<Id<ChannelMarker>, Count>>);

/// Count of one channel.
#[derive(Debug, Default)]
struct Count {
    /// Number of [`Following`] that ask for it.
    followers: usize,
    posts: u64,
}

impl Posts {
    /// Counts a message.
    pub(crate) fn posted(&self, channel: Id<ChannelMarker>) {
        if let Some(count) = self.counts().get_mut(&channel) {
            count.posts += 1;
        }
    }

    /// Counts the messages of a channel from now on.
    pub(crate) fn follow(&self, channel: Id<ChannelMarker>) -> Following<'_> {
        let mut counts = self.counts();
        let count = counts.entry(channel).or_default();
        count.followers += 1;
        Following {
            posts: self,
            channel,
            since: count.posts,
        }
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<Id<ChannelMarker>, Count>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Knows whether a message was posted since it was made.
#[derive(Debug)]
pub(crate) struct Following<'a> {
    posts: &'a Posts,
    channel: Id<ChannelMarker>,
    since: u64,
}

impl Following<'_> {
    /// Whether a message was posted.
    pub(crate) fn has_post(&self) -> bool {
        let counts = self.posts.counts();
        counts
            .get(&self.channel)
            .is_some_and(|count| count.posts != self.since)
    }
}

impl Drop for Following<'_> {
    fn drop(&mut self) {
        let mut counts = self.posts.counts();
        if let Some(count) = counts.get_mut(&self.channel) {
            count.followers -= 1;
            if count.followers == 0 {
                counts.remove(&self.channel);
            }
        }
    }
}
