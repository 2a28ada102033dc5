//! Lays what an event says over what is known.

use twilight_model::{
    channel::{
        Message,
        message::{EmojiReactionType, Reaction, ReactionCountDetails},
    },
    gateway::GatewayReaction,
    guild::{Guild, PartialGuild},
};

use crate::event;

/// Reactions with different emojis that are kept of a message at most; Discord has 20.
const REACTIONS: usize = 64;

/// Lays a guild's update over the guild; what it does not have stays.
pub(super) fn lay(guild: &mut Guild, update: PartialGuild) {
    guild.afk_channel_id = update.afk_channel_id;
    guild.afk_timeout = update.afk_timeout;
    guild.application_id = update.application_id;
    guild.banner = update.banner;
    guild.default_message_notifications = update.default_message_notifications;
    guild.description = update.description;
    guild.discovery_splash = update.discovery_splash;
    guild.explicit_content_filter = update.explicit_content_filter;
    guild.features = update.features;
    guild.icon = update.icon;
    guild.max_members = update.max_members.or(guild.max_members);
    guild.max_presences = update.max_presences.or(guild.max_presences);
    guild.member_count = update.member_count.or(guild.member_count);
    guild.mfa_level = update.mfa_level;
    guild.name = update.name;
    guild.nsfw_level = update.nsfw_level;
    guild.owner_id = update.owner_id;
    guild.preferred_locale = update.preferred_locale;
    guild.premium_progress_bar_enabled = update.premium_progress_bar_enabled;
    guild.premium_subscription_count = update
        .premium_subscription_count
        .or(guild.premium_subscription_count);
    guild.premium_tier = update.premium_tier;
    guild.public_updates_channel_id = update.public_updates_channel_id;
    guild.rules_channel_id = update.rules_channel_id;
    guild.splash = update.splash;
    guild.system_channel_flags = update.system_channel_flags;
    guild.system_channel_id = update.system_channel_id;
    guild.vanity_url_code = update.vanity_url_code;
    guild.verification_level = update.verification_level;
    guild.widget_channel_id = update.widget_channel_id;
    guild.widget_enabled = update.widget_enabled;
}

/// Takes from an update what was sent, and the rest from what is known.
pub(super) fn merged(known: &Message, update: event::MessageUpdate) -> Message {
    let mut message = known.clone();
    macro_rules! take {
        ($($sent:literal $field:ident)*) => {
            $(if update.was_sent($sent) {
                message.$field.clone_from(&update.message.$field);
            })*
        };
    }
    take! {
        "author" author "content" content "timestamp" timestamp "tts" tts "mention_everyone" mention_everyone
        "mentions" mentions "mention_roles" mention_roles "attachments" attachments "embeds" embeds
        "pinned" pinned "type" kind
    }
    // Absent ones may have been left out as well: they only add.
    macro_rules! add {
        ($($field:ident)*) => {
            $(if update.message.$field.is_some() {
                message.$field = update.message.$field;
            })*
        };
    }
    if !update.message.components.is_empty() {
        message.components = update.message.components;
    }
    add! { edited_timestamp flags poll thread webhook_id application_id interaction_metadata member }
    message
}

pub(super) fn is_same(one: &EmojiReactionType, other: &EmojiReactionType) -> bool {
    match (one, other) {
        (EmojiReactionType::Custom { id, .. }, EmojiReactionType::Custom { id: other, .. }) => {
            id == other
        }
        (one, other) => one == other,
    }
}

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
            reactions.push(Reaction {
                burst_colors: reaction.burst_colors,
                count: 0,
                count_details: ReactionCountDetails {
                    burst: 0,
                    normal: 0,
                },
                emoji: reaction.emoji,
                me: false,
                me_burst: false,
            });
            reactions.len() - 1
        }
        None => return,
    };
    let known = &mut reactions[at];
    known.count = known.count.saturating_add_signed(by);
    let (details, mine) = if reaction.burst {
        (&mut known.count_details.burst, &mut known.me_burst)
    } else {
        (&mut known.count_details.normal, &mut known.me)
    };
    *details = details.saturating_add_signed(by);
    if is_me {
        *mine = by > 0;
    }
    if known.count == 0 {
        reactions.remove(at);
    }
}
