//! Users, bots, guilds, channels and messages.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{
    model::{Bot, Channel, Guild, Id, Message, User},
    permissions,
};

/// The accounts that an event is for.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Scope {
    pub(crate) guild: Option<Id>,
    /// Limits the event to members who can see this channel.
    pub(crate) channel: Option<Id>,
    /// Limits the event to this account.
    pub(crate) only: Option<Id>,
}

impl Scope {
    pub(crate) fn guild(guild: Id) -> Self {
        Self {
            guild: Some(guild),
            ..Self::default()
        }
    }

    pub(crate) fn account(account: Id) -> Self {
        Self {
            only: Some(account),
            ..Self::default()
        }
    }

    /// Limits the scope to one account.
    pub(crate) fn only(self, account: Id) -> Self {
        Self {
            only: Some(account),
            ..self
        }
    }
}

/// Users, guilds and channels.
///
/// Every bot is a user as well, and every channel of a guild names a guild that exists; a channel without a guild is a
/// conversation of its recipients.
#[derive(Debug, Default)]
pub(crate) struct Community {
    pub(crate) users: BTreeMap<Id, User>,
    pub(crate) bots: BTreeMap<Id, Bot>,
    pub(crate) guilds: BTreeMap<Id, Guild>,
    pub(crate) channels: BTreeMap<Id, Channel>,
    /// Messages by channel.
    pub(crate) messages: BTreeMap<Id, BTreeMap<Id, Message>>,
    /// Entitlements of users and guilds to what applications sell.
    pub(crate) entitlements: BTreeMap<Id, Value>,
    /// Ephemeral messages, which no channel lists.
    pub(crate) ephemeral: BTreeMap<Id, Message>,
    /// Names of the first bot, guild and channels; each is found by it as long as nothing else has the name.
    pub(crate) first_names: BTreeMap<String, Id>,
}

impl Community {
    /// Finds the bot with this token, with or without `Bot ` before it.
    pub(crate) fn bot_with(&self, token: &str) -> Option<Id> {
        let token = token.strip_prefix("Bot ").unwrap_or(token);
        let mut bots = self.bots.iter();
        bots.find(|(_, bot)| bot.token == token).map(|(id, _)| *id)
    }

    /// Finds the user with this name or id.
    pub(crate) fn user_named(&self, name: &str) -> Option<Id> {
        let by_name = self.users.values().find(|user| user.name == name);
        by_name.map(|user| user.id).or_else(|| {
            let id = name.parse().ok().or_else(|| self.first_named(name))?;
            self.users.contains_key(&id).then_some(id)
        })
    }

    /// What began with this name, and was renamed.
    fn first_named(&self, name: &str) -> Option<Id> {
        self.first_names.get(name).copied()
    }

    /// Finds a channel by id, by name, or by a path that ends in one of them.
    pub(crate) fn channel_named(&self, name: &str) -> Option<Id> {
        let name = name.rsplit('/').next().unwrap_or(name);
        let by_id = name
            .parse()
            .ok()
            .filter(|id| self.channels.contains_key(id));
        by_id.or_else(|| {
            let mut channels = self.channels.values();
            channels
                .find(|channel| channel.name == name)
                .map(|channel| channel.id)
                .or_else(|| {
                    self.first_named(name)
                        .filter(|id| self.channels.contains_key(id))
                })
        })
    }

    /// Finds a guild by id, by name, or by a path that begins with `guild/`.
    pub(crate) fn guild_named(&self, name: &str) -> Option<Id> {
        let name = name
            .strip_prefix("guild/")
            .map_or(name, |rest| rest.split('/').next().unwrap_or(rest));
        let by_id = name.parse().ok().filter(|id| self.guilds.contains_key(id));
        by_id.or_else(|| {
            let mut guilds = self.guilds.values();
            guilds
                .find(|guild| guild.name == name)
                .map(|guild| guild.id)
                .or_else(|| {
                    self.first_named(name)
                        .filter(|id| self.guilds.contains_key(id))
                })
        })
    }

    /// Permissions of a user in a channel; a thread has those of its parent.
    pub(crate) fn permissions(&self, user: Id, channel: &Channel) -> u64 {
        let Some(guild) = channel.guild.and_then(|id| self.guilds.get(&id)) else {
            return if channel.recipients.contains(&user) {
                u64::MAX
            } else {
                0
            };
        };
        let of = match channel.parent.filter(|_| channel.is_thread()) {
            Some(parent) => self.channels.get(&parent).unwrap_or(channel),
            None => channel,
        };
        permissions::of(guild, user, Some(of))
    }

    /// Channels of a guild, or its threads.
    pub(crate) fn channels_of(&self, guild: Id, threads: bool) -> impl Iterator<Item = &Channel> {
        let channels = self.channels.values();
        channels
            .filter(move |channel| channel.guild == Some(guild) && channel.is_thread() == threads)
    }

    /// Guilds that an account is in.
    pub(crate) fn guilds_of(&self, account: Id) -> BTreeSet<Id> {
        let guilds = self.guilds.values();
        let joined = guilds.filter(|guild| guild.members.contains_key(&account));
        joined.map(|guild| guild.id).collect()
    }

    /// Scope of a channel: the guild's members who can see it, or the recipients of a conversation.
    pub(crate) fn scope_of(&self, channel: Id) -> Scope {
        let guild = self
            .channels
            .get(&channel)
            .and_then(|channel| channel.guild);
        Scope {
            guild,
            channel: Some(channel),
            only: None,
        }
    }
}
