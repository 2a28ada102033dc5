//! Permissions.

use super::model::{Channel, Guild, Id};

pub(crate) const CREATE_INVITE: u64 = 1;
pub(crate) const KICK: u64 = 1 << 1;
pub(crate) const BAN: u64 = 1 << 2;
pub(crate) const ADMINISTRATOR: u64 = 1 << 3;
pub(crate) const MANAGE_CHANNELS: u64 = 1 << 4;
pub(crate) const MANAGE_GUILD: u64 = 1 << 5;
pub(crate) const ADD_REACTIONS: u64 = 1 << 6;
pub(crate) const VIEW_AUDIT_LOG: u64 = 1 << 7;
pub(crate) const STREAM: u64 = 1 << 9;
pub(crate) const VIEW_CHANNEL: u64 = 1 << 10;
pub(crate) const SEND_MESSAGES: u64 = 1 << 11;
pub(crate) const MANAGE_MESSAGES: u64 = 1 << 13;
pub(crate) const EMBED_LINKS: u64 = 1 << 14;
pub(crate) const ATTACH_FILES: u64 = 1 << 15;
pub(crate) const READ_HISTORY: u64 = 1 << 16;
pub(crate) const MENTION_EVERYONE: u64 = 1 << 17;
pub(crate) const USE_EXTERNAL_EMOJIS: u64 = 1 << 18;
pub(crate) const CONNECT: u64 = 1 << 20;
pub(crate) const SPEAK: u64 = 1 << 21;
pub(crate) const MUTE_MEMBERS: u64 = 1 << 22;
pub(crate) const DEAFEN_MEMBERS: u64 = 1 << 23;
pub(crate) const MOVE_MEMBERS: u64 = 1 << 24;
pub(crate) const USE_VAD: u64 = 1 << 25;
pub(crate) const CHANGE_NICKNAME: u64 = 1 << 26;
pub(crate) const MANAGE_NICKNAMES: u64 = 1 << 27;
pub(crate) const MANAGE_ROLES: u64 = 1 << 28;
pub(crate) const MANAGE_WEBHOOKS: u64 = 1 << 29;
pub(crate) const MANAGE_EXPRESSIONS: u64 = 1 << 30;
pub(crate) const USE_COMMANDS: u64 = 1 << 31;
pub(crate) const REQUEST_TO_SPEAK: u64 = 1 << 32;
pub(crate) const MANAGE_EVENTS: u64 = 1 << 33;
pub(crate) const MANAGE_THREADS: u64 = 1 << 34;
pub(crate) const CREATE_PUBLIC_THREADS: u64 = 1 << 35;
pub(crate) const CREATE_PRIVATE_THREADS: u64 = 1 << 36;
pub(crate) const USE_EXTERNAL_STICKERS: u64 = 1 << 37;
pub(crate) const SEND_IN_THREADS: u64 = 1 << 38;
pub(crate) const MODERATE_MEMBERS: u64 = 1 << 40;
pub(crate) const USE_SOUNDBOARD: u64 = 1 << 42;
pub(crate) const CREATE_EXPRESSIONS: u64 = 1 << 43;
pub(crate) const CREATE_EVENTS: u64 = 1 << 44;
pub(crate) const USE_EXTERNAL_SOUNDS: u64 = 1 << 45;
pub(crate) const SET_VOICE_STATUS: u64 = 1 << 48;
pub(crate) const SEND_POLLS: u64 = 1 << 49;
pub(crate) const PIN_MESSAGES: u64 = 1 << 51;

/// Permissions by Discord's names (<https://docs.discord.com/developers/topics/permissions>).
pub(crate) const NAMES: &[(u64, &str)] = &[
    (CREATE_INVITE, "CREATE_INSTANT_INVITE"),
    (KICK, "KICK_MEMBERS"),
    (BAN, "BAN_MEMBERS"),
    (ADMINISTRATOR, "ADMINISTRATOR"),
    (MANAGE_CHANNELS, "MANAGE_CHANNELS"),
    (MANAGE_GUILD, "MANAGE_GUILD"),
    (ADD_REACTIONS, "ADD_REACTIONS"),
    (VIEW_AUDIT_LOG, "VIEW_AUDIT_LOG"),
    (1 << 8, "PRIORITY_SPEAKER"),
    (STREAM, "STREAM"),
    (VIEW_CHANNEL, "VIEW_CHANNEL"),
    (SEND_MESSAGES, "SEND_MESSAGES"),
    (1 << 12, "SEND_TTS_MESSAGES"),
    (MANAGE_MESSAGES, "MANAGE_MESSAGES"),
    (EMBED_LINKS, "EMBED_LINKS"),
    (ATTACH_FILES, "ATTACH_FILES"),
    (READ_HISTORY, "READ_MESSAGE_HISTORY"),
    (MENTION_EVERYONE, "MENTION_EVERYONE"),
    (USE_EXTERNAL_EMOJIS, "USE_EXTERNAL_EMOJIS"),
    (1 << 19, "VIEW_GUILD_INSIGHTS"),
    (CONNECT, "CONNECT"),
    (SPEAK, "SPEAK"),
    (MUTE_MEMBERS, "MUTE_MEMBERS"),
    (DEAFEN_MEMBERS, "DEAFEN_MEMBERS"),
    (MOVE_MEMBERS, "MOVE_MEMBERS"),
    (USE_VAD, "USE_VAD"),
    (CHANGE_NICKNAME, "CHANGE_NICKNAME"),
    (MANAGE_NICKNAMES, "MANAGE_NICKNAMES"),
    (MANAGE_ROLES, "MANAGE_ROLES"),
    (MANAGE_WEBHOOKS, "MANAGE_WEBHOOKS"),
    (MANAGE_EXPRESSIONS, "MANAGE_GUILD_EXPRESSIONS"),
    (USE_COMMANDS, "USE_APPLICATION_COMMANDS"),
    (REQUEST_TO_SPEAK, "REQUEST_TO_SPEAK"),
    (MANAGE_EVENTS, "MANAGE_EVENTS"),
    (MANAGE_THREADS, "MANAGE_THREADS"),
    (CREATE_PUBLIC_THREADS, "CREATE_PUBLIC_THREADS"),
    (CREATE_PRIVATE_THREADS, "CREATE_PRIVATE_THREADS"),
    (USE_EXTERNAL_STICKERS, "USE_EXTERNAL_STICKERS"),
    (SEND_IN_THREADS, "SEND_MESSAGES_IN_THREADS"),
    (1 << 39, "USE_EMBEDDED_ACTIVITIES"),
    (MODERATE_MEMBERS, "MODERATE_MEMBERS"),
    (1 << 41, "VIEW_CREATOR_MONETIZATION_ANALYTICS"),
    (USE_SOUNDBOARD, "USE_SOUNDBOARD"),
    (CREATE_EXPRESSIONS, "CREATE_GUILD_EXPRESSIONS"),
    (CREATE_EVENTS, "CREATE_EVENTS"),
    (USE_EXTERNAL_SOUNDS, "USE_EXTERNAL_SOUNDS"),
    (1 << 46, "SEND_VOICE_MESSAGES"),
    (SET_VOICE_STATUS, "SET_VOICE_CHANNEL_STATUS"),
    (SEND_POLLS, "SEND_POLLS"),
    (1 << 50, "USE_EXTERNAL_APPS"),
    (PIN_MESSAGES, "PIN_MESSAGES"),
    (1 << 52, "BYPASS_SLOWMODE"),
];

/// Names of these permissions, as Discord's pages write them.
pub(crate) fn names(permissions: u64) -> String {
    let named = NAMES.iter().filter(|(one, _)| permissions & one != 0);
    let named: Vec<String> = named.map(|(_, name)| format!("`{name}`")).collect();
    named.join(", ")
}

/// Permissions of everyone.
pub(crate) const EVERYONE: u64 = CREATE_INVITE
    | ADD_REACTIONS
    | VIEW_CHANNEL
    | SEND_MESSAGES
    | EMBED_LINKS
    | ATTACH_FILES
    | READ_HISTORY
    | CONNECT
    | SPEAK
    | CHANGE_NICKNAME
    | SEND_IN_THREADS
    | SEND_POLLS
    | STREAM
    | USE_EXTERNAL_EMOJIS
    | USE_EXTERNAL_STICKERS
    | USE_VAD
    | USE_COMMANDS
    | REQUEST_TO_SPEAK
    | CREATE_PUBLIC_THREADS
    | CREATE_PRIVATE_THREADS
    | USE_SOUNDBOARD
    | USE_EXTERNAL_SOUNDS;
/// Further permissions of moderators.
pub(crate) const MODERATOR: u64 = KICK
    | BAN
    | MANAGE_CHANNELS
    | MANAGE_GUILD
    | VIEW_AUDIT_LOG
    | MANAGE_MESSAGES
    | MUTE_MEMBERS
    | DEAFEN_MEMBERS
    | MOVE_MEMBERS
    | MANAGE_NICKNAMES
    | MANAGE_ROLES
    | MODERATE_MEMBERS
    | MENTION_EVERYONE
    | MANAGE_WEBHOOKS
    | MANAGE_EXPRESSIONS
    | CREATE_EXPRESSIONS
    | MANAGE_EVENTS
    | CREATE_EVENTS
    | MANAGE_THREADS
    | SET_VOICE_STATUS
    | PIN_MESSAGES;

/// Permissions of a member in a guild or in one of its channels; none for a user who is no member.
pub(crate) fn of(guild: &Guild, user: Id, channel: Option<&Channel>) -> u64 {
    let Some(member) = guild.members.get(&user) else {
        return 0;
    };
    let roles = || {
        guild
            .roles
            .values()
            .filter(|role| member.roles.contains(&role.id))
    };
    let everyone = guild
        .roles
        .get(&guild.id)
        .map_or(0, |role| role.permissions);
    let base = roles().fold(everyone, |sum, role| sum | role.permissions);
    if guild.owner == user || base & ADMINISTRATOR != 0 {
        return u64::MAX;
    }
    let Some(channel) = channel else {
        return base;
    };
    let apply = |sum: u64, deny: u64, allow: u64| (sum & !deny) | allow;
    let here = |id: Id| channel.overwrites.iter().find(move |one| one.id == id);
    let mut sum = base;
    if let Some(everyone) = here(guild.id) {
        sum = apply(sum, everyone.deny, everyone.allow);
    }
    let of_roles = roles().filter_map(|role| here(role.id));
    let (deny, allow) = of_roles.fold((0, 0), |(deny, allow), one| {
        (deny | one.deny, allow | one.allow)
    });
    sum = apply(sum, deny, allow);
    if let Some(own) = here(user) {
        sum = apply(sum, own.deny, own.allow);
    }
    // A member who cannot see a channel has no permission in it.
    if sum & VIEW_CHANNEL == 0 { 0 } else { sum }
}

/// Position of a member's highest role; the owner is above all.
pub(crate) fn rank(guild: &Guild, user: Id) -> i64 {
    if guild.owner == user {
        return i64::MAX;
    }
    let roles = guild.members.get(&user).map(|member| &member.roles);
    let positions = roles
        .into_iter()
        .flatten()
        .filter_map(|role| guild.roles.get(role));
    positions.map(|role| role.position).max().unwrap_or(0)
}
