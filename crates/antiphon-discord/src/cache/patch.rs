//! Merging partial updates into known objects.
//!
//! Discord documents whole objects in updates and sometimes leaves fields out (protocol §10); a field that was not sent
//! never erases a known one.

use antiphon_discord_model::{Guild, Message, PartialEmoji, Reaction, gateway::GatewayReaction};

use crate::event;

/// Largest number of different reactions kept for a message; Discord allows 20.
const REACTIONS: usize = 64;

/// Replaces a guild by an update; fields that updates never have stay.
pub(super) fn patch_guild(guild: &mut Guild, mut update: Guild) {
    macro_rules! keep {
        ($($field:ident)*) => {
            $(update.$field = update.$field.or(guild.$field.take());)*
        };
    }
    keep! {
        joined_at large member_count unavailable max_members max_presences max_video_channel_users
        max_stage_video_channel_users premium_subscription_count approximate_member_count approximate_presence_count
        owner permissions welcome_screen
    }
    macro_rules! keep_lists {
        ($($list:ident)*) => {
            $(if update.$list.is_empty() {
                update.$list = std::mem::take(&mut guild.$list);
            })*
        };
    }
    keep_lists! { stickers stage_instances guild_scheduled_events soundboard_sounds }
    *guild = update;
}

/// Merges a partial update into a known message.
pub(super) fn merged(known: &Message, update: event::MessageUpdate) -> Message {
    let mut message = known.clone();
    macro_rules! take {
        ($($sent:literal $field:ident)*) => {
            $(if update.was_sent($sent) {
                message.$field.clone_from(&update.$field);
            })*
        };
    }
    take! {
        "author" author "content" content "timestamp" timestamp "tts" tts "mention_everyone" mention_everyone
        "mentions" mentions "mention_roles" mention_roles "attachments" attachments "embeds" embeds
        "pinned" pinned "type" kind
    }
    // An absent field may just have been left out, so these fields are never cleared.
    let update = update.into_inner();
    macro_rules! add {
        ($($field:ident)*) => {
            $(if update.$field.is_some() {
                message.$field = update.$field;
            })*
        };
    }
    if !update.components.is_empty() {
        message.components = update.components;
    }
    add! { edited_timestamp flags poll thread webhook_id application_id interaction_metadata member }
    message
}

/// Whether two emojis are the same: by id for a guild's own, else by name.
pub(super) fn is_same(one: &PartialEmoji, other: &PartialEmoji) -> bool {
    match (one.id, other.id) {
        (None, None) => one.name == other.name,
        (one, other) => one == other,
    }
}

/// Adds a reaction to a message's counts, or takes it away; a count of 0 removes the entry.
pub(super) fn count_reaction(
    message: &mut Message,
    reaction: GatewayReaction,
    by: i64,
    is_me: bool,
) {
    let reactions = &mut message.reactions;
    let known = reactions
        .iter()
        .position(|known| is_same(&known.emoji, &reaction.emoji));
    let at = match known {
        Some(at) => at,
        None if by > 0 && reactions.len() < REACTIONS => {
            let mut new = Reaction::default();
            new.burst_colors = reaction.burst_colors;
            new.emoji = reaction.emoji;
            reactions.push(new);
            reactions.len() - 1
        }
        None => return,
    };
    let known = &mut reactions[at];
    known.count = known.count.saturating_add(by).max(0);
    let (details, mine) = if reaction.burst {
        (&mut known.count_details.burst, &mut known.me_burst)
    } else {
        (&mut known.count_details.normal, &mut known.me)
    };
    *details = details.saturating_add(by).max(0);
    if is_me {
        *mine = by > 0;
    }
    if known.count == 0 {
        reactions.remove(at);
    }
}
