//! Estimated memory of objects.
//!
//! Sizes are estimates by design: exact ones would walk every text at each change.
//! They were held against the allocator; a full cache is a tenth larger than its sum.

use std::{
    mem::{size_of, size_of_val},
    sync::Arc,
};

use antiphon_discord_model::{
    Channel, Emoji, Guild, Member, Message, Presence, Role, User, VoiceState,
};

/// Estimated bytes of the texts of an embed, attachment, component or scheduled event.
///
/// A flat share instead of a walk over nested objects.
const TEXTS: usize = 256;

/// An object whose memory can be estimated: itself, and the texts and lists that it owns.
pub(crate) trait MemorySize {
    /// Bytes, with the allocations of its texts and lists.
    fn memory_size(&self) -> usize;
}

/// Bytes of a text, and of its allocation.
fn owned(text: &String) -> usize {
    match text.capacity() {
        0 => 0,
        bytes => bytes + 16,
    }
}

/// Bytes of a text that may be absent.
fn text(text: Option<&String>) -> usize {
    text.map_or(0, owned)
}

/// Bytes of a list, with `texts` bytes of texts for each item.
fn list<T>(list: &Vec<T>, texts: usize) -> usize {
    list.capacity() * size_of::<T>() + list.len() * texts
}

/// Bytes of a user's texts, without the user itself.
fn user(user: &User) -> usize {
    owned(&user.name) + text(user.global_name.as_ref())
}

impl<T: MemorySize> MemorySize for Arc<T> {
    fn memory_size(&self) -> usize {
        // The two counters beside the value.
        16 + (**self).memory_size()
    }
}

impl MemorySize for User {
    fn memory_size(&self) -> usize {
        size_of_val(self) + user(self)
    }
}

impl MemorySize for Member {
    fn memory_size(&self) -> usize {
        size_of_val(self) + user(&self.user) + text(self.nick.as_ref()) + self.roles.capacity() * 8
    }
}

impl MemorySize for Role {
    fn memory_size(&self) -> usize {
        size_of_val(self) + owned(&self.name) + text(self.unicode_emoji.as_ref())
    }
}

impl MemorySize for Emoji {
    fn memory_size(&self) -> usize {
        size_of_val(self)
            + text(self.name.as_ref())
            + self.roles.capacity() * 8
            + self.user.as_ref().map_or(0, user)
    }
}

impl MemorySize for Channel {
    fn memory_size(&self) -> usize {
        size_of_val(self)
            + text(self.name.as_ref())
            + text(self.topic.as_ref())
            + list(&self.permission_overwrites, 0)
            + list(&self.available_tags, 32)
    }
}

impl MemorySize for Guild {
    fn memory_size(&self) -> usize {
        size_of_val(self)
            + owned(&self.name)
            + text(self.description.as_ref())
            + list(&self.features, 0)
            + list(&self.stickers, 64)
            + list(&self.stage_instances, 32)
            + list(&self.guild_scheduled_events, TEXTS)
    }
}

impl MemorySize for VoiceState {
    fn memory_size(&self) -> usize {
        size_of_val(self) + owned(&self.session_id)
    }
}

impl MemorySize for Presence {
    fn memory_size(&self) -> usize {
        let of_user = text(self.user.name.as_ref()) + text(self.user.global_name.as_ref());
        let texts = self.activities.iter().map(|activity| {
            owned(&activity.name)
                + text(activity.state.as_ref())
                + text(activity.details.as_ref())
                + text(activity.url.as_ref())
        });
        size_of_val(self) + of_user + list(&self.activities, 0) + texts.sum::<usize>()
    }
}

impl MemorySize for Message {
    fn memory_size(&self) -> usize {
        let referenced = self
            .referenced_message
            .as_deref()
            .map_or(0, MemorySize::memory_size);
        size_of_val(self)
            + owned(&self.content)
            + user(&self.author)
            + list(&self.embeds, TEXTS)
            + list(&self.attachments, TEXTS)
            + list(&self.components, TEXTS)
            + list(&self.message_snapshots, TEXTS)
            + list(&self.mentions, 32)
            + list(&self.mention_roles, 0)
            + list(&self.reactions, 16)
            + list(&self.sticker_items, 16)
            + self.thread.as_deref().map_or(0, MemorySize::memory_size)
            + referenced
    }
}
