//! Every object that Discord documents, with every field there and with only what is required, is typed without a
//! repair; what the typed form lacks is listed in docs/discord-fields.md.
//!
//! `ANTIPHON_WRITE=1 cargo test -p antiphon-discord-model --test documented` writes the list.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use antiphon_discord_model as model;
use model::{Read, from_str, gateway};
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Deserialize)]
struct Line {
    r#as: String,
    from: String,
    whole: Value,
    bare: Option<Value>,
}

/// What a document became: what was repaired, and how it is written back.
type Became = (Vec<String>, Value);

fn became<T: Read + Serialize>(body: &Value) -> Became {
    let (read, repairs) = match from_str::<T>(&body.to_string()) {
        Ok(read) => read,
        Err(error) => return (vec![format!("refused: {error}")], Value::Null),
    };
    let repairs = repairs.iter().map(ToString::to_string).collect();
    (repairs, serde_json::to_value(read).expect("JSON"))
}

/// Reads a body as the type of this name.
fn read(name: &str, body: &Value) -> Became {
    macro_rules! one_of {
        ($($module:ident: $($type:ident)*;)*) => {
            match name {
                $($(stringify!($type) => became::<$module::$type>(body),)*)*
                other => panic!("no type {other}"),
            }
        };
    }
    one_of! {
        model:
        ActionRow ActivityInstance ActivityLocation Activity ActivityAssets ActivityParty ActivitySecrets
        ActivityTimestamps AllowedMentions Application ApplicationRoleConnectionMetadata Attachment AuditLog
        AuditLogChange AuditLogEntry AuditLogOptions AutoModerationAction AutoModerationActionMetadata
        AutoModerationRule AutoModerationTriggerMetadata AvatarDecorationData Ban BulkBan Button Channel
        ChannelMention Checkbox CheckboxGroup CheckboxGroupOption ClientStatus Collectibles Command CommandData
        CommandOption CommandOptionChoice CommandPermission Component ComponentData Connection Container
        CurrentUserGuild DefaultReaction Embed EmbedAuthor EmbedField EmbedFooter EmbedMedia EmbedProvider Emoji
        Entitlement FileDisplay FileUpload FollowedChannel ForumTag GatewayBotInfo Guild GuildCommandPermissions
        GuildPreview GuildWidget GuildWidgetChannel GuildWidgetMember GuildWidgetSettings IncidentsData
        InstallParams Integration IntegrationAccount IntegrationApplication IntegrationTypeConfig Interaction
        InteractionCallback InteractionCallbackResource InteractionCallbackResponse InteractionGuild Invite
        InviteChannel InviteGuild InviteRole Label MediaGallery MediaGalleryItem Member MembershipScreening
        MembershipScreeningField Message MessageActivity MessageCall MessageInteraction
        MessageInteractionMetadata MessagePin MessageReference MessageSnapshot ModalData Nameplate Onboarding
        OnboardingPrompt OnboardingPromptOption PartialApplication PartialEmoji PartialGuild PartialMember
        PartialUser PermissionOverwrite PinsListing Poll PollAnswer PollAnswerCount PollMedia PollResults Presence
        PrimaryGuild PruneCount RadioGroup RadioGroupOption Reaction ReactionCountDetails RecurrenceRule
        RecurrenceRuleNWeekday ResolvedData Role RoleColors RoleSubscriptionData RoleTags ScheduledEvent
        ScheduledEventEntityMetadata ScheduledEventUser Section SelectDefaultValue SelectMenu SelectMenuOption
        Separator SessionStartLimit SharedClientTheme Sku SnapshotMessage SoundboardSound StageInstance Sticker
        StickerItem StickerPack Subscription Team TeamMember Template TextDisplay TextInput ThreadMember
        ThreadMetadata ThreadsListing Thumbnail UnavailableGuild UnfurledMediaItem User VanityUrl VoiceRegion
        VoiceState Webhook WebhookChannel WebhookGuild WelcomeScreen WelcomeScreenChannel
        ApplicationAttachment ApplicationRoleConnection Authorization EmojiList GatewayInfo InviteTargetUsersJob
        JoinRequest JoinRequests Lobby LobbyInvite LobbyMember LobbyMessage MessageSearch NewMemberAction
        NewMemberMessage NewMemberWelcome PollAnswerVoters ProvisionalToken PublicKey PublicKeys ResourceChannel
        ScheduledEventException ScheduledEventUserCounts SoundboardSoundList StickerPackList UserInfo;
        gateway:
        AutoModerationActionExecution BanAdd BanRemove ChannelInfo ChannelPinsUpdate GatewayReaction GuildDelete
        GuildEmojisUpdate GuildIntegrationsUpdate GuildScheduledEventUserAdd GuildScheduledEventUserRemove
        GuildSoundboardSoundDelete GuildStickersUpdate IntegrationDelete InviteCreate InviteDelete MemberChunk
        MemberRemove MemberUpdate MessageDelete MessageDeleteBulk MessagePollVote RateLimited RateLimitedMeta
        ReactionRemoveAll ReactionRemoveEmoji Ready RoleCreate RoleDelete RoleUpdate Sounds ThreadDelete
        ThreadListSync ThreadMemberUpdate ThreadMembersUpdate TypingStart VoiceChannelEffectSend VoiceChannelInfo
        VoiceChannelStartTimeUpdate VoiceChannelStatusUpdate VoiceServerUpdate WebhooksUpdate;
    }
}

fn lines(text: &str) -> (String, Vec<Line>) {
    let (head, rest) = text.split_once('\n').expect("a first line");
    let head: Value = serde_json::from_str(head).expect("JSON");
    let lines = rest
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line"));
    (
        head["source"].as_str().expect("a source").to_owned(),
        lines.collect(),
    )
}

fn documented() -> [(String, Vec<Line>); 2] {
    [
        lines(include_str!("../fixtures/documented/objects.ndjson")),
        lines(include_str!("../fixtures/documented/openapi.ndjson")),
    ]
}

/// Notes what was sent and is not written back, by its path without the numbers of items and the ids of entries.
fn lacking(sent: &Value, written: Option<&Value>, path: &str, lacks: &mut BTreeSet<String>) {
    match (sent, written) {
        (Value::Object(sent), Some(Value::Object(written))) => {
            for (name, value) in sent {
                let is_id = name.len() > 8 && name.bytes().all(|byte| byte.is_ascii_digit());
                let name_in_path = if is_id { "*" } else { name };
                lacking(
                    value,
                    written.get(name),
                    &format!("{path}/{name_in_path}"),
                    lacks,
                );
            }
        }
        (Value::Array(sent), Some(Value::Array(written))) if sent.len() == written.len() => {
            for (sent, written) in sent.iter().zip(written) {
                lacking(sent, Some(written), &format!("{path}/*"), lacks);
            }
        }
        // Nothing is in it.
        (Value::Null, _) => {}
        (Value::Array(items), None) if items.is_empty() => {}
        (sent, Some(written)) if is_same(sent, written) => {}
        _ => {
            lacks.insert(path.to_owned());
        }
    }
}

/// Whether it says the same: times, ids and numbers may be written in another way.
fn is_same(sent: &Value, written: &Value) -> bool {
    let time = |value: &Value| value.as_str()?.parse::<jiff::Timestamp>().ok();
    let text = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    sent == written
        || (time(sent).is_some() && time(sent) == time(written))
        || (text(sent).is_some() && text(sent) == text(written))
}

#[test]
fn every_documented_object_is_typed_without_a_repair() {
    let mut repaired = BTreeSet::new();
    for (_, lines) in documented() {
        for line in lines {
            for body in [Some(line.whole), line.bare].into_iter().flatten() {
                let (repairs, _) = read(&line.r#as, &body);
                repaired.extend(
                    repairs
                        .into_iter()
                        .map(|repair| format!("{} as {}: {repair}", line.from, line.r#as)),
                );
            }
        }
    }
    assert!(repaired.is_empty(), "{repaired:#?}");
}

/// Why a documented field stays out, by the end of its path.
const REASONS: &[(&str, &str)] = &[
    (
        "/options/*",
        "an entry's details are typed by the keys that are described; any other is in `raw()`",
    ),
    (
        "/messages/*/*/hit",
        "every message of a search is a hit: what was around it is not sent any more",
    ),
    (
        "/messages/*/*/restriction_count",
        "Discord documents it nowhere but in the schema",
    ),
    ("/emoji/available", PARTIAL),
    ("/emoji/managed", PARTIAL),
    ("/emoji/require_colons", PARTIAL),
    ("/emoji/roles", PARTIAL),
    ("/emoji/user", PARTIAL),
];
const PARTIAL: &str = "the emoji of a reaction is a partial one: described with the type of a whole one, sent without this";

#[test]
fn what_the_typed_form_lacks_is_listed() {
    let mut lacks: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut sources = String::new();
    for (source, lines) in documented() {
        let _ = writeln!(sources, "- {source}: {} objects", lines.len());
        for line in lines {
            let (_, written) = read(&line.r#as, &line.whole);
            let mut paths = BTreeSet::new();
            lacking(&line.whole, Some(&written), "", &mut paths);
            for path in paths {
                lacks.entry(path).or_default().insert(line.from.clone());
            }
        }
    }
    let mut text = format!(
        "# Documented fields that the typed form lacks\n\nWritten by `ANTIPHON_WRITE=1 cargo test -p \
        antiphon-discord-model --test documented`, from instances of every described object with every field present \
        (`node instances.mjs` in `tools/discord-model` makes them):\n\n{sources}\nEverything that was sent is in a \
        payload's `raw()`, also what is listed here or not documented at all.\n\n| field | of | why |\n| --- | --- | --- |\n"
    );
    for (path, from) in &lacks {
        let reason = REASONS.iter().find(|(end, _)| path.ends_with(end));
        let (_, reason) = reason
            .unwrap_or_else(|| panic!("{path} of {from:?} is not typed, and nothing says why"));
        let from: Vec<_> = from.iter().map(|one| format!("`{one}`")).collect();
        let _ = writeln!(text, "| `{path}` | {} | {reason} |", from.join(", "));
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/discord-fields.md");
    if std::env::var_os("ANTIPHON_WRITE").is_some() {
        std::fs::write(path, &text).expect("it can be written");
    }
    let listed = std::fs::read_to_string(path).expect("the list");
    assert_eq!(listed, text, "the list is not what it was");
}
