//! Every dispatch name of protocol §9, and what the ids beside it mean.

use super::{By, Known, Where};

/// One arm for each name; the frequent ones stand first.
macro_rules! names {
    ($($name:literal => $place:ident, $origin:expr;)*) => {
        /// What is known of this name.
        pub(super) fn known(name: &str) -> Option<Known> {
            Some(match name {
                $($name => Known {
                    kind: concat!("discord.", $name),
                    place: Where::$place,
                    origin: $origin,
                },)*
                _ => return None,
            })
        }

        #[cfg(test)]
        pub(super) const NAMES: &[&str] = &[$($name),*];
    };
}

names! {
    "PRESENCE_UPDATE" => Guild, By::Sequence;
    "MESSAGE_CREATE" => Usual, By::Id("message");
    "TYPING_START" => Usual, By::Sequence;
    "VOICE_STATE_UPDATE" => Guild, By::Sequence;
    "MESSAGE_UPDATE" => Usual, By::Sequence;
    "MESSAGE_REACTION_ADD" => Usual, By::Sequence;
    "GUILD_MEMBER_UPDATE" => Guild, By::Sequence;
    "GUILD_CREATE" => GuildItself, By::Sequence;
    "INTERACTION_CREATE" => Usual, By::Id("interaction");
    "MESSAGE_DELETE" => Usual, By::Deleting;
    "MESSAGE_REACTION_REMOVE" => Usual, By::Sequence;
    "GUILD_MEMBERS_CHUNK" => Guild, By::Sequence;
    "GUILD_MEMBER_ADD" => Guild, By::Sequence;
    "GUILD_MEMBER_REMOVE" => Guild, By::Sequence;
    "GUILD_AUDIT_LOG_ENTRY_CREATE" => Guild, By::Id("audit");
    "READY" => Usual, By::Sequence;
    "RESUMED" => Usual, By::Sequence;
    "RATE_LIMITED" => Usual, By::Sequence;
    "APPLICATION_COMMAND_PERMISSIONS_UPDATE" => Guild, By::Sequence;
    "AUTO_MODERATION_RULE_CREATE" => Guild, By::Sequence;
    "AUTO_MODERATION_RULE_UPDATE" => Guild, By::Sequence;
    "AUTO_MODERATION_RULE_DELETE" => Guild, By::Sequence;
    "AUTO_MODERATION_ACTION_EXECUTION" => Usual, By::Sequence;
    "CHANNEL_CREATE" => ChannelItself, By::Sequence;
    "CHANNEL_UPDATE" => ChannelItself, By::Sequence;
    "CHANNEL_DELETE" => ChannelItself, By::Sequence;
    "CHANNEL_INFO" => Guild, By::Sequence;
    "CHANNEL_PINS_UPDATE" => Usual, By::Sequence;
    "THREAD_CREATE" => ThreadItself, By::Sequence;
    "THREAD_UPDATE" => ThreadItself, By::Sequence;
    "THREAD_DELETE" => ThreadItself, By::Sequence;
    "THREAD_LIST_SYNC" => Guild, By::Sequence;
    "THREAD_MEMBER_UPDATE" => ThreadItself, By::Sequence;
    "THREAD_MEMBERS_UPDATE" => ThreadItself, By::Sequence;
    "ENTITLEMENT_CREATE" => Guild, By::Sequence;
    "ENTITLEMENT_UPDATE" => Guild, By::Sequence;
    "ENTITLEMENT_DELETE" => Guild, By::Sequence;
    "GUILD_UPDATE" => GuildItself, By::Sequence;
    "GUILD_DELETE" => GuildItself, By::Sequence;
    "GUILD_BAN_ADD" => Guild, By::Sequence;
    "GUILD_BAN_REMOVE" => Guild, By::Sequence;
    "GUILD_EMOJIS_UPDATE" => Guild, By::Sequence;
    "GUILD_STICKERS_UPDATE" => Guild, By::Sequence;
    "GUILD_INTEGRATIONS_UPDATE" => Guild, By::Sequence;
    "GUILD_ROLE_CREATE" => Guild, By::Sequence;
    "GUILD_ROLE_UPDATE" => Guild, By::Sequence;
    "GUILD_ROLE_DELETE" => Guild, By::Sequence;
    "GUILD_SCHEDULED_EVENT_CREATE" => Guild, By::Sequence;
    "GUILD_SCHEDULED_EVENT_UPDATE" => Guild, By::Sequence;
    "GUILD_SCHEDULED_EVENT_DELETE" => Guild, By::Sequence;
    "GUILD_SCHEDULED_EVENT_USER_ADD" => Guild, By::Sequence;
    "GUILD_SCHEDULED_EVENT_USER_REMOVE" => Guild, By::Sequence;
    "GUILD_SOUNDBOARD_SOUND_CREATE" => Guild, By::Sequence;
    "GUILD_SOUNDBOARD_SOUND_UPDATE" => Guild, By::Sequence;
    "GUILD_SOUNDBOARD_SOUND_DELETE" => Guild, By::Sequence;
    "GUILD_SOUNDBOARD_SOUNDS_UPDATE" => Guild, By::Sequence;
    "SOUNDBOARD_SOUNDS" => Guild, By::Sequence;
    "INTEGRATION_CREATE" => Guild, By::Sequence;
    "INTEGRATION_UPDATE" => Guild, By::Sequence;
    "INTEGRATION_DELETE" => Guild, By::Sequence;
    "INVITE_CREATE" => Usual, By::Sequence;
    "INVITE_DELETE" => Usual, By::Sequence;
    "MESSAGE_DELETE_BULK" => Usual, By::Sequence;
    "MESSAGE_REACTION_REMOVE_ALL" => Usual, By::Sequence;
    "MESSAGE_REACTION_REMOVE_EMOJI" => Usual, By::Sequence;
    "MESSAGE_POLL_VOTE_ADD" => Usual, By::Sequence;
    "MESSAGE_POLL_VOTE_REMOVE" => Usual, By::Sequence;
    "STAGE_INSTANCE_CREATE" => Usual, By::Sequence;
    "STAGE_INSTANCE_UPDATE" => Usual, By::Sequence;
    "STAGE_INSTANCE_DELETE" => Usual, By::Sequence;
    "SUBSCRIPTION_CREATE" => Usual, By::Sequence;
    "SUBSCRIPTION_UPDATE" => Usual, By::Sequence;
    "SUBSCRIPTION_DELETE" => Usual, By::Sequence;
    "USER_UPDATE" => UserItself, By::Sequence;
    "VOICE_CHANNEL_EFFECT_SEND" => Usual, By::Sequence;
    "VOICE_CHANNEL_START_TIME_UPDATE" => ChannelItself, By::Sequence;
    "VOICE_CHANNEL_STATUS_UPDATE" => ChannelItself, By::Sequence;
    "VOICE_SERVER_UPDATE" => Guild, By::Sequence;
    "WEBHOOKS_UPDATE" => Usual, By::Sequence;
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::NAMES;

    #[test]
    fn every_name_of_the_protocol_is_known_once() {
        let names: HashSet<_> = NAMES.iter().collect();
        assert_eq!(names.len(), 79);
        assert_eq!(names.len(), NAMES.len());
    }
}
