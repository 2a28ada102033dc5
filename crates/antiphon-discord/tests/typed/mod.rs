//! Decodes an event as whatever its kind says.

use antiphon_core::{DecodeError, Event, Payload};
use antiphon_discord as discord;

/// A payload that was decoded.
pub(crate) struct Typed {
    /// Its text, which begins with its name.
    #[allow(dead_code, reason = "not every test looks at it")]
    pub(crate) text: String,
    /// The repairs.
    #[allow(dead_code, reason = "not every test looks at it")]
    pub(crate) repairs: Vec<String>,
    /// Its object, written back; null for the client's own events.
    #[allow(dead_code, reason = "not every test looks at it")]
    pub(crate) written: serde_json::Value,
}

/// Result of decoding an event.
pub(crate) enum Outcome {
    /// Its kind has no type.
    Unknown,
    /// The payload.
    Typed(Typed),
    /// Why it could not be decoded.
    Refused(DecodeError),
}

/// Decodes an event as whatever its kind says.
pub(crate) fn outcome(event: &Event) -> Outcome {
    macro_rules! one_of {
        ($found:ident; $($payload:ident)*) => {
            $(if discord::$payload::KINDS.contains(&event.kind().as_str()) {
                let view = discord::$payload::view(event).is_ok();
                return match discord::$payload::decode(event) {
                    Ok(payload) => {
                        assert!(view, "what decodes has a view: {}", event.kind());
                        Outcome::Typed($found!(payload))
                    }
                    Err(error) => Outcome::Refused(error),
                };
            })*
        };
    }
    macro_rules! made {
        ($payload:ident) => {
            Typed {
                text: format!("{:?}", $payload),
                repairs: Vec::new(),
                written: serde_json::Value::Null,
            }
        };
    }
    macro_rules! sent {
        ($payload:ident) => {{
            assert_eq!($payload.raw().as_bytes(), event.body(), "shared");
            Typed {
                text: format!("{:?}", $payload),
                repairs: $payload.repairs().iter().map(ToString::to_string).collect(),
                written: serde_json::to_value(&*$payload).expect("JSON"),
            }
        }};
    }
    one_of! { made; Connect Disconnect ShardConnect ShardDisconnect ShardResume Resumed }
    one_of! { sent;
        Ready RateLimited ApplicationCommandPermissionsUpdate
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
