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
pub(crate) const VIEW_CHANNEL: u64 = 1 << 10;
pub(crate) const SEND_MESSAGES: u64 = 1 << 11;
pub(crate) const MANAGE_MESSAGES: u64 = 1 << 13;
pub(crate) const EMBED_LINKS: u64 = 1 << 14;
pub(crate) const ATTACH_FILES: u64 = 1 << 15;
pub(crate) const READ_HISTORY: u64 = 1 << 16;
pub(crate) const CONNECT: u64 = 1 << 20;
pub(crate) const SPEAK: u64 = 1 << 21;
pub(crate) const MUTE_MEMBERS: u64 = 1 << 22;
pub(crate) const DEAFEN_MEMBERS: u64 = 1 << 23;
pub(crate) const MOVE_MEMBERS: u64 = 1 << 24;
pub(crate) const CHANGE_NICKNAME: u64 = 1 << 26;
pub(crate) const MANAGE_NICKNAMES: u64 = 1 << 27;
pub(crate) const MANAGE_ROLES: u64 = 1 << 28;
pub(crate) const SEND_IN_THREADS: u64 = 1 << 38;
pub(crate) const MODERATE_MEMBERS: u64 = 1 << 40;
pub(crate) const SEND_POLLS: u64 = 1 << 49;

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
    | SEND_POLLS;
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
    | MODERATE_MEMBERS;

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
