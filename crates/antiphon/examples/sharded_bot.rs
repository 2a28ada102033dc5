//! Runs one bot over four connections: guilds are spread over shards, and the app has one stream of events.
//!
//! Shards identify one after another as Discord allows, and each resumes by itself after an outage.
//!
//! `cargo run -p antiphon --example sharded_bot`

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use antiphon::{
    App, BoxError, FromRef, State,
    discord::{Client, Config, GuildCreate, Intents, ShardResume, Shards, Source},
};

mod bot_stage;

/// Number of shards.
pub const SHARDS: u32 = 4;

/// The guilds of each shard, and its number of resumes.
#[derive(Clone, Debug, Default)]
pub struct Map(Arc<Mutex<BTreeMap<u32, Vec<String>>>>);

impl Map {
    fn note(&self, shard: u32, what: String) {
        let mut map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        map.entry(shard).or_default().push(what);
    }

    /// A line for each shard.
    pub fn lines(&self) -> Vec<String> {
        let map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        map.iter()
            .map(|(shard, what)| format!("shard {shard}: {}", what.join(", ")))
            .collect()
    }
}

/// The state of the handlers.
#[derive(Debug)]
pub struct Bot {
    client: Client,
    map: Map,
}

impl FromRef<Bot> for Client {
    fn from_ref(bot: &Bot) -> Self {
        bot.client.clone()
    }
}

impl FromRef<Bot> for Map {
    fn from_ref(bot: &Bot) -> Self {
        bot.map.clone()
    }
}

async fn guild(create: GuildCreate, State(client): State<Client>, State(map): State<Map>) {
    let Some(guild) = create.guild() else { return };
    if let Some(shard) = client.shard_of(guild.id) {
        map.note(shard, guild.name.clone());
    }
}

async fn resumed(shard: ShardResume, State(map): State<Map>) {
    map.note(shard.shard_id.unwrap_or_default(), "(resumed)".to_owned());
}

/// The configuration: a number of shards of our own. The default is the number that Discord recommends.
pub fn configure(config: Config) -> Config {
    config.shards(Shards::Count(SHARDS))
}

/// The intents.
pub fn intents() -> Intents {
    Intents::GUILDS | Intents::GUILD_MESSAGES
}

/// The whole bot, and its map.
pub fn app(client: Client, source: Source, map: Map) -> App<Bot> {
    App::new(Bot { client, map })
        .source(source)
        .on(guild)
        .on(resumed)
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let map = Map::default();
    let kept = map.clone();
    let app = |client, source| app(client, source, map);
    bot_stage::play("sharded_bot", intents(), configure, app, async |discord| {
        for name in ["matins", "lauds", "vespers"] {
            discord.add_guild(name);
            bot_stage::pause().await;
        }
        discord.cut();
        bot_stage::pause().await;
    })
    .await?;
    bot_stage::show(&kept.lines());
    Ok(())
}
