//! Where the simulated Discord listens, and its bots' logins.

use antiphon_core::Secret;
use schemars::JsonSchema;
use serde::Serialize;

use super::controls::{BotAccount, Discord};
use crate::{addresses::exposed, server::Listening};

/// Addresses of the simulated Discord, and its bots.
#[derive(Clone, Debug, JsonSchema, Serialize)]
#[non_exhaustive]
pub struct DiscordAddresses {
    /// Beginning of REST addresses.
    pub rest: String,
    /// Address of the Gateway, without its parameters.
    pub gateway: String,
    /// The bot with moderator permissions.
    #[serde(flatten)]
    pub bot: BotLogin,
    /// Id of the guild that the bot is in.
    pub guild_id: String,
    /// Id of a text channel there.
    pub channel_id: String,
    /// Id of a voice channel there.
    pub voice_channel_id: String,
    /// Further bots: one that may do anything, one without rights and privileged intents, and one that is in no guild.
    pub accounts: Vec<BotLogin>,
}

/// A bot and its token. Serialising it shows the token, which readers need to log in.
#[derive(Clone, Debug, JsonSchema, Serialize)]
#[non_exhaustive]
pub struct BotLogin {
    /// Token, without `Bot `.
    #[serde(serialize_with = "exposed")]
    #[schemars(with = "String")]
    pub token: Secret,
    /// Id of the application.
    pub application_id: String,
    /// Id of the bot's user.
    pub user_id: String,
    /// Name of the bot's user.
    pub username: String,
}

impl From<BotAccount> for BotLogin {
    fn from(account: BotAccount) -> Self {
        Self {
            token: account.token,
            application_id: account.application.to_string(),
            user_id: account.id.to_string(),
            username: account.username,
        }
    }
}

impl DiscordAddresses {
    fn new(at: &Listening, discord: &Discord) -> Self {
        let bot = discord.account();
        let others = discord.accounts().into_iter();
        let own = bot.id;
        let accounts = others
            .filter(|account| account.id != own)
            .map(BotLogin::from);
        Self {
            rest: format!("{}/api/v10", at.http(0)),
            gateway: at.ws(1),
            bot: bot.into(),
            guild_id: discord.guild_id().to_string(),
            channel_id: discord.channel_id().to_string(),
            voice_channel_id: discord.voice_channel_id().to_string(),
            accounts: accounts.collect(),
        }
    }
}

impl Discord {
    /// Addresses and logins; `None` while the simulation listens on no real socket.
    pub fn addresses(&self) -> Option<DiscordAddresses> {
        let at = self.server.shared.listening.get()?;
        Some(DiscordAddresses::new(at, self))
    }
}
