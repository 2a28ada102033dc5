//! `[sources.NAME]` with `platform = "discord"`.
//!
//! The daemon journals and handles nothing, so that a token and intents are all that a bot needs here. Without a list
//! of intents it takes all that need no permission of Discord's
//! (<https://docs.discord.com/developers/events/gateway#privileged-intents>). Names are Discord's own of today; one
//! that was renamed is known by its older name too.

use std::{borrow::Cow, num::NonZeroU32};

use antiphon::{
    discord,
    net::{Addresses, AddressesError, Network},
};
use antiphon_discord::Intents as Bits;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

use crate::command::sim::write::{Keys, Secrets};
use crate::config::{Context, proxy::Proxy, secret::SecretFrom, set, value::FilePath};
use crate::failure::Failure;

/// Discord bot.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Discord {
    /// Token of the bot, from the page "Bot" of its application.
    pub(crate) token: SecretFrom,
    /// Events that the bot is sent, by Discord's names of the intents.
    ///
    /// Default: all but the privileged ones, `GUILD_MEMBERS`, `GUILD_PRESENCES` and `MESSAGE_CONTENT`.
    #[serde(default)]
    #[schemars(example = ["GUILDS", "GUILD_MESSAGES"])]
    pub(crate) intents: Intents,
    /// How many connections the guilds are spread over.
    ///
    /// Default: as many as Discord recommends.
    pub(crate) shards: Option<NonZeroU32>,
    /// How the server compresses what it sends.
    #[serde(default)]
    pub(crate) compression: Compression,
    proxy: Option<Proxy>,
    /// How requests introduce themselves.
    ///
    /// Default: `DiscordBot (…)` with antiphon's version.
    user_agent: Option<String>,
    /// URL where requests go in place of `https://discord.com/api/v10`: the `rest` of `antiphon sim`.
    ///
    /// Default: Discord.
    pub(crate) rest: Option<String>,
    /// URL where the shards connect in place of the one that `rest` names: the `gateway` of `antiphon sim`.
    ///
    /// Default: as `rest` says.
    pub(crate) gateway: Option<String>,
    /// Root certificate to trust beside the machine's own, as a PEM file: a company's, or that of `antiphon sim --tls`.
    ///
    /// Default: none.
    #[schemars(example = &"sim.pem")]
    certificate: Option<FilePath>,
}

/// How the server compresses what it sends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(crate) enum Compression {
    /// `zstd-stream`, the smallest and the quickest to read.
    #[default]
    Zstd,
    /// `zlib-stream`, for servers that know nothing newer.
    Zlib,
    /// No compression.
    None,
}

/// Events that the bot is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Vec<String>")]
pub(crate) struct Intents(pub(crate) Bits);

/// Name of an intent that Discord renamed: as the models have it, and as it is today.
///
/// Both names are taken in the configuration, and both stand in the schema.
const RENAMED: (&str, &str) = ("GUILD_EMOJIS_AND_STICKERS", "GUILD_EXPRESSIONS");

/// All that need no permission of Discord's.
impl Default for Intents {
    fn default() -> Self {
        let privileged = Bits::GUILD_MEMBERS | Bits::GUILD_PRESENCES | Bits::MESSAGE_CONTENT;
        Self(Bits::all() - privileged)
    }
}

impl TryFrom<Vec<String>> for Intents {
    type Error = String;

    fn try_from(names: Vec<String>) -> Result<Self, String> {
        let (old, new) = RENAMED;
        let intents = names.into_iter().map(|name| {
            let known = Bits::from_name(if name == new { old } else { &name });
            known.ok_or(name)
        });
        intents.collect::<Result<_, _>>().map(Self)
    }
}

/// Discord's names of all intents, as they are today.
fn names() -> impl Iterator<Item = &'static str> {
    let (old, new) = RENAMED;
    let names = Bits::all().iter_names().map(|(name, _)| name);
    names.map(move |name| if name == old { new } else { name })
}

impl JsonSchema for Intents {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "intents".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let names: Vec<_> = names().chain([RENAMED.0]).collect();
        json_schema!({"type": "array", "items": {"type": "string", "enum": names}})
    }
}

impl Discord {
    /// The bot as a source.
    ///
    /// # Errors
    /// As [`Discord::connect`].
    pub(crate) fn source(&self, context: Context<'_>) -> Result<discord::Source, Failure> {
        Ok(self.connect(context)?.1)
    }

    /// The bot's client and its source.
    ///
    /// # Errors
    /// The token, the proxy's secret or the certificate could not be read. A token that Discord refuses shows when the source runs.
    pub(crate) fn connect(
        &self,
        context: Context<'_>,
    ) -> Result<(discord::Client, discord::Source), Failure> {
        Ok(discord::connect(self.config(context)?))
    }

    /// The bot as the library takes it.
    ///
    /// # Errors
    /// As those of [`Self::connect`].
    pub(crate) fn config(&self, context: Context<'_>) -> Result<discord::Config, Failure> {
        let token = context.secret(&self.token, "the token")?;
        let config = discord::Config::new(token, self.intents.0)
            .name(context.name)
            .network(self.network(context)?)
            .compression(match self.compression {
                Compression::Zstd => discord::Compression::Zstd,
                Compression::Zlib => discord::Compression::Zlib,
                Compression::None => discord::Compression::None,
            });
        let shards = self.shards.map(|count| discord::Shards::Count(count.get()));
        let config = set(config, shards, discord::Config::shards);
        let config = set(
            config,
            self.user_agent.as_ref(),
            discord::Config::user_agent,
        );
        let config = set(config, self.rest.as_ref(), discord::Config::rest);
        let config = set(config, self.gateway.as_ref(), discord::Config::gateway);
        Ok(config)
    }

    /// Number of rooms that it joins by its configuration: none, since it has none.
    #[expect(clippy::unused_self, reason = "the same for every platform")]
    pub(crate) fn room_count(&self) -> usize {
        0
    }

    /// The way that its connections take.
    ///
    /// # Errors
    /// The proxy's secret or the certificate could not be read.
    pub(crate) fn network(&self, context: Context<'_>) -> Result<Network, Failure> {
        context.network(self.proxy.as_ref(), self.certificate.as_ref())
    }
}

/// Keys of a source for the simulated bot.
///
/// It has every intent, since the simulator grants the privileged ones too.
pub(crate) fn simulated(
    addresses: &Addresses,
    secrets: &mut Secrets,
) -> Result<Keys, AddressesError> {
    let discord = addresses.platform("discord")?;
    let token = secrets.file("discord-token", discord.secret("token")?);
    let intents: Vec<_> = names().map(toml::Value::from).collect();
    Ok(vec![
        ("token".to_owned(), token),
        ("intents".to_owned(), intents.into()),
        ("rest".to_owned(), discord.text("rest")?.into()),
        ("gateway".to_owned(), discord.text("gateway")?.into()),
    ])
}

/// A source with every key.
#[cfg(test)]
pub(crate) const WHOLE: &str = r#"
[sources.nave]
platform = "discord"
token = { env = "DISCORD_TOKEN" }
intents = ["GUILDS", "GUILD_EXPRESSIONS", "MESSAGE_CONTENT"]
shards = 4
compression = "zlib"
rest = "http://127.0.0.1:7001/api/v10"
gateway = "ws://127.0.0.1:7002"
certificate = "sim.pem"
"#;
