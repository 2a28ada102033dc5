//! How much memory a thing takes, roughly.

use std::{mem::size_of_val, sync::Arc};

use twilight_model::{
    channel::{Channel, Message},
    gateway::presence::{Presence, UserOrId},
    guild::{Emoji, Guild, Member, Role},
    user::User,
    voice::VoiceState,
};

/// An embed, attachment or component with its texts, roughly.
const PART: usize = 512;

/// How much memory a thing takes, roughly: itself, and the texts and lists it owns.
pub(crate) trait Weigh {
    fn weight(&self) -> usize;
}

fn text(text: Option<&String>) -> usize {
    text.map_or(0, String::capacity)
}

fn user(user: &User) -> usize {
    user.name.capacity() + text(user.global_name.as_ref())
}

impl<T: Weigh> Weigh for Arc<T> {
    fn weight(&self) -> usize {
        // The two counters beside the value.
        16 + (**self).weight()
    }
}

impl Weigh for User {
    fn weight(&self) -> usize {
        size_of_val(self) + user(self)
    }
}

impl Weigh for Member {
    fn weight(&self) -> usize {
        size_of_val(self) + user(&self.user) + text(self.nick.as_ref()) + self.roles.capacity() * 8
    }
}

impl Weigh for Role {
    fn weight(&self) -> usize {
        size_of_val(self) + self.name.capacity() + text(self.unicode_emoji.as_ref())
    }
}

impl Weigh for Emoji {
    fn weight(&self) -> usize {
        size_of_val(self)
            + self.name.capacity()
            + self.roles.capacity() * 8
            + self.user.as_ref().map_or(0, user)
    }
}

impl Weigh for Channel {
    fn weight(&self) -> usize {
        let overwrites = self.permission_overwrites.as_ref().map_or(0, Vec::len);
        let tags = self.available_tags.as_ref().map_or(0, Vec::len);
        size_of_val(self)
            + text(self.name.as_ref())
            + text(self.topic.as_ref())
            + overwrites * 32
            + tags * 96
    }
}

impl Weigh for Guild {
    fn weight(&self) -> usize {
        size_of_val(self)
            + self.name.capacity()
            + text(self.description.as_ref())
            + self.features.len() * 24
            + (self.stickers.len() + self.stage_instances.len()) * 256
            + self.guild_scheduled_events.len() * PART
    }
}

impl Weigh for VoiceState {
    fn weight(&self) -> usize {
        size_of_val(self) + self.session_id.capacity()
    }
}

impl Weigh for Presence {
    fn weight(&self) -> usize {
        let of_user = match &self.user {
            UserOrId::User(known) => user(known),
            UserOrId::UserId { .. } => 0,
        };
        let activities = self.activities.iter().map(|activity| {
            size_of_val(activity)
                + activity.name.capacity()
                + text(activity.state.as_ref())
                + text(activity.details.as_ref())
                + text(activity.url.as_ref())
        });
        size_of_val(self) + of_user + activities.sum::<usize>()
    }
}

impl Weigh for Message {
    fn weight(&self) -> usize {
        let parts = self.embeds.len()
            + self.attachments.len()
            + self.components.len()
            + self.message_snapshots.len();
        let referenced = self.referenced_message.as_deref().map_or(0, Weigh::weight);
        size_of_val(self)
            + self.content.capacity()
            + user(&self.author)
            + parts * PART
            + self.mentions.len() * 256
            + self.reactions.len() * 96
            + self.thread.as_ref().map_or(0, Weigh::weight)
            + referenced
    }
}
