//! Permissions of requests.

use super::{Answer, Call, route::Access};
use crate::discord::{
    model::{Channel, Guild, Id, Member},
    permissions::{self, rank},
    state::State,
};

impl State {
    /// Checks what a row asks for.
    pub(crate) fn permit(&self, access: Access, call: &Call<'_>) -> Result<(), Answer> {
        match access {
            Access::Open | Access::Token => Ok(()),
            Access::Guild(needed) => {
                self.guild_of(call)?;
                self.needs_in_guild(call.account, call.guild(), needed)
            }
            Access::Channel(needed) => {
                let channel = self.visible_channel(call.channel(), call.account)?.id;
                self.needs_in_channel(call.account, channel, needed)
            }
            Access::Application if call.id("application_id") == call.account => Ok(()),
            Access::Application => Err(Answer::error(
                403,
                20012,
                "You are not authorized to perform this action on this application",
            )),
        }
    }

    /// The guild of a path, if the bot is in it.
    pub(crate) fn guild_of(&self, call: &Call<'_>) -> Result<&Guild, Answer> {
        let guild = self.community.guilds.get(&call.guild());
        let guild = guild.ok_or_else(|| Answer::unknown("Guild", 10004))?;
        if guild.members.contains_key(&call.account) {
            Ok(guild)
        } else {
            Err(Answer::no_access())
        }
    }

    /// A channel that the bot can see.
    pub(crate) fn visible_channel(&self, id: Id, account: Id) -> Result<&Channel, Answer> {
        let channel = self.community.channels.get(&id);
        let channel = channel.ok_or_else(|| Answer::unknown("Channel", 10003))?;
        if self.community.permissions(account, channel) & permissions::VIEW_CHANNEL == 0 {
            return Err(Answer::no_access());
        }
        Ok(channel)
    }

    /// Whether a bot has all of these permissions in a guild.
    pub(crate) fn needs_in_guild(&self, account: Id, guild: Id, needed: u64) -> Result<(), Answer> {
        let guild = self.community.guilds.get(&guild);
        if guild.is_some_and(|guild| permissions::of(guild, account, None) & needed == needed) {
            Ok(())
        } else {
            Err(Answer::not_permitted())
        }
    }

    /// Whether a bot has all of these permissions in a channel.
    pub(crate) fn needs_in_channel(
        &self,
        account: Id,
        channel: Id,
        needed: u64,
    ) -> Result<(), Answer> {
        let channel = self.community.channels.get(&channel);
        let own = channel.map_or(0, |channel| self.community.permissions(account, channel));
        if own & needed == needed {
            Ok(())
        } else {
            Err(Answer::not_permitted())
        }
    }

    /// Whether a bot may post in a channel.
    pub(crate) fn may_speak(&self, account: Id, channel: Id) -> Result<(), Answer> {
        let is_thread = self
            .community
            .channels
            .get(&channel)
            .is_some_and(Channel::is_thread);
        let needed = if is_thread {
            permissions::SEND_IN_THREADS
        } else {
            permissions::SEND_MESSAGES
        };
        self.needs_in_channel(account, channel, needed)
    }

    /// A member of a guild.
    pub(crate) fn member_of(&self, guild: Id, user: Id) -> Result<&Member, Answer> {
        let home = self.community.guilds.get(&guild);
        let member = home.and_then(|home| home.members.get(&user));
        member.ok_or_else(|| Answer::unknown("Member", 10007))
    }

    /// A user that exists.
    pub(crate) fn known_user(&self, user: Id) -> Result<Id, Answer> {
        if self.community.users.contains_key(&user) {
            Ok(user)
        } else {
            Err(Answer::unknown("User", 10013))
        }
    }

    /// Whether a bot's highest role is above a member's; the owner is above all.
    pub(crate) fn is_above(&self, account: Id, guild: Id, user: Id) -> Result<(), Answer> {
        let home = self.community.guilds.get(&guild);
        if home.is_some_and(|home| home.owner == account || rank(home, account) > rank(home, user))
        {
            Ok(())
        } else {
            Err(Answer::not_permitted())
        }
    }

    /// A role of a guild that is below the bot's highest role.
    pub(crate) fn role_below(&self, guild: Id, role: Id, account: Id) -> Result<Id, Answer> {
        let home = self.community.guilds.get(&guild);
        let role = home.and_then(|home| home.roles.get(&role));
        let role = role.ok_or_else(|| Answer::unknown("Role", 10011))?;
        if home.is_some_and(|home| rank(home, account) <= role.position) {
            return Err(Answer::not_permitted());
        }
        Ok(role.id)
    }
}
