//! Decodes an event as whatever its kind says.

use antiphon_core::{DecodeError, Event, Payload};
use antiphon_discord as discord;

/// What came of an event.
pub(crate) enum Outcome {
    /// Its kind has no type.
    Unknown,
    /// The payload as text, which begins with its name.
    Typed(String),
    /// Why it could not be decoded.
    Refused(DecodeError),
}

/// Decodes an event as whatever its kind says.
pub(crate) fn outcome(event: &Event) -> Outcome {
    macro_rules! one_of {
        ($($payload:ident)*) => {
            $(if discord::$payload::KINDS.contains(&event.kind().as_str()) {
                let view = discord::$payload::view(event).is_ok();
                return match discord::$payload::decode(event) {
                    Ok(payload) => {
                        assert!(view, "what decodes has a view: {}", event.kind());
                        Outcome::Typed(format!("{payload:?}"))
                    }
                    Err(error) => Outcome::Refused(error),
                };
            })*
        };
    }
    one_of! {
        Connect Disconnect ShardConnect ShardDisconnect ShardResume
        Ready Resumed RateLimited ApplicationCommandPermissionsUpdate
        AutoModerationRuleCreate AutoModerationRuleUpdate AutoModerationRuleDelete AutoModerationActionExecution
        ChannelCreate ChannelUpdate ChannelDelete ChannelInfo ChannelPinsUpdate
        ThreadCreate ThreadUpdate ThreadDelete ThreadListSync ThreadMemberUpdate ThreadMembersUpdate
        EntitlementCreate EntitlementUpdate EntitlementDelete
        GuildCreate GuildUpdate GuildDelete GuildAuditLogEntryCreate GuildBanAdd GuildBanRemove
        GuildEmojisUpdate GuildStickersUpdate GuildIntegrationsUpdate
        GuildMemberAdd GuildMemberRemove GuildMemberUpdate GuildMembersChunk
        GuildRoleCreate GuildRoleUpdate GuildRoleDelete
        GuildScheduledEventCreate GuildScheduledEventUpdate GuildScheduledEventDelete
        GuildScheduledEventUserAdd GuildScheduledEventUserRemove
        GuildSoundboardSoundCreate GuildSoundboardSoundUpdate GuildSoundboardSoundDelete
        GuildSoundboardSoundsUpdate SoundboardSounds
        IntegrationCreate IntegrationUpdate IntegrationDelete InteractionCreate InviteCreate InviteDelete
        MessageCreate MessageUpdate MessageDelete MessageDeleteBulk
        MessageReactionAdd MessageReactionRemove MessageReactionRemoveAll MessageReactionRemoveEmoji
        MessagePollVoteAdd MessagePollVoteRemove PresenceUpdate
        StageInstanceCreate StageInstanceUpdate StageInstanceDelete
        SubscriptionCreate SubscriptionUpdate SubscriptionDelete
        TypingStart UserUpdate VoiceChannelEffectSend VoiceChannelStartTimeUpdate VoiceChannelStatusUpdate
        VoiceStateUpdate VoiceServerUpdate WebhooksUpdate
    }
    Outcome::Unknown
}

/// An error and everything underneath it, in one line.
pub(crate) fn reason(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {}", reason(source)),
        None => error.to_string(),
    }
}
