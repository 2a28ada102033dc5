//! Lavalink in the demo: a player in each of the Discord bot's guilds, and a node that dies.
//!
//! Four guilds, one voice channel in each, and one song that outlives the demo. The cut kills the node with most of the
//! players, which comes back without them; after a second they play on at another node. If one is not heard at the end,
//! the demo has failed, and so it has if no player moved.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use antiphon::{
    Event, FromRef, HandlerError, HandlerExt as _, Payload as _, State, discord,
    lavalink::{self, NodeReady, TrackSource},
    music,
};
use antiphon_sim::{Simulator, discord::Discord, lavalink::Lavalink};

use crate::command::demo::{
    act::{Cast, Part, Stage},
    bot::Bot,
};

/// The guilds beside the first one, so that there is more than one player.
const GUILDS: [&str; 3] = ["nave", "crypt", "cloister"];
/// The song that is played everywhere, which lasts longer than any demo.
const SONG: &str = "Evensong without end";
/// How long a lost node may take to come back before its players go on elsewhere: less than it takes.
///
/// The killed node stays away for longer, so that its players always move.
const GRACE: Duration = Duration::from_secs(1);

/// A voice channel of each guild: ids of both.
///
/// Guild and channel of each pair.
#[derive(Clone, Debug)]
struct VoiceChannels(Vec<(u64, u64)>);

/// It needs the Discord client that was added before it.
pub(crate) fn part(cast: &mut Cast<'_>) -> Part {
    let channels = voice_channels(cast.simulator);
    let simulated = cast.simulator.lavalink();
    let discord = cast.simulator.discord();
    let account = discord.account().id;
    let nodes = simulated.nodes().into_iter();
    let nodes =
        nodes.map(|node| lavalink::NodeConfig::new(node.name(), node.url(), node.password()));
    let config = lavalink::Config::new(account, nodes)
        .name(cast.name.clone())
        .failover_after(GRACE)
        .network(cast.simulator.network());
    let (pool, source) = music::connect(&cast.clients.get::<discord::Client>(), config);
    cast.clients.add(pool);
    cast.clients.add(channels.clone());
    Part {
        account: account.to_string(),
        stage: Box::new(Nodes {
            lavalink: simulated,
            channel: discord.channel_id().to_string(),
            discord,
            channels,
            lost: Mutex::default(),
        }),
        source: Box::new(source),
        handlers: |app| {
            app.on(play.when(|message| message.content == "!play"))
                .on(count_moves)
        },
    }
}

/// Makes the guilds, and a voice channel in each.
fn voice_channels(simulator: &Simulator) -> VoiceChannels {
    let discord = simulator.discord();
    let first = (discord.guild_id(), discord.voice_channel_id());
    let others = GUILDS.map(|name| {
        let guild = discord.add_guild(name);
        (
            guild,
            discord.add_voice_channel(&guild.to_string(), "mira", "gallery"),
        )
    });
    simulator
        .lavalink()
        .add_track("evensong___", "The Choir", SONG, 24 * 3_600_000);
    VoiceChannels(std::iter::once(first).chain(others).collect())
}

impl FromRef<Bot> for lavalink::Pool {
    fn from_ref(bot: &Bot) -> Self {
        bot.clients.get()
    }
}

impl FromRef<Bot> for VoiceChannels {
    fn from_ref(bot: &Bot) -> Self {
        bot.clients.get()
    }
}

/// Enters every voice channel and plays there, where nothing plays yet.
async fn play(
    _: discord::MessageCreate,
    State(pool): State<lavalink::Pool>,
    State(channels): State<VoiceChannels>,
) -> Result<(), HandlerError> {
    for (guild, channel) in channels.0 {
        if pool.player(guild).is_some() {
            continue;
        }
        let player = pool.player_in(guild);
        player.connect(channel).await?;
        let found = pool.search(SONG, &TrackSource::YouTube).await?;
        if let Some(song) = found.tracks().first() {
            player.play(song.clone()).await?;
        }
    }
    Ok(())
}

/// Counts the players that went on at another node.
async fn count_moves(_: lavalink::PlayerMigrated, State(bot): State<Bot>) {
    bot.counted().moves += 1;
}

/// `lost` is set by the cut, and tells afterwards whose return counts.
#[derive(Debug)]
struct Nodes {
    lavalink: Lavalink,
    discord: Discord,
    channel: String,
    channels: VoiceChannels,
    /// The node that was lost.
    lost: Mutex<Option<&'static str>>,
}

impl Nodes {
    /// How many of the bot's players are heard at each node.
    ///
    /// A player is heard if it is connected, plays a track, and is not paused.
    fn heard(&self) -> Vec<(&'static str, usize)> {
        let is_ours = |guild| self.channels.0.iter().any(|(ours, _)| *ours == guild);
        let nodes = self.lavalink.nodes().into_iter().map(|node| {
            let players = node.players().into_iter();
            let heard = players.filter(|player| {
                is_ours(player.guild)
                    && player.connected
                    && !player.paused
                    && player.track.is_some()
            });
            (node.name(), heard.count())
        });
        nodes.collect()
    }

    /// The node that the cut killed; absent before the cut.
    fn lost(&self) -> Option<&'static str> {
        *self.lost.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stage for Nodes {
    fn traffic(&self, rate: u32) {
        self.lavalink.traffic(rate);
    }

    /// Sends the nodes' figures, since nobody speaks at a node.
    fn say(&self, _: &str, _: &str) {
        for node in self.lavalink.nodes() {
            node.tell_stats();
        }
    }

    fn ask(&self, by: &str) {
        self.discord.say(&self.channel, by, "!play");
    }

    /// Kills the node with most of the bot's players, which comes back without them.
    fn cut(&self, length: Duration) {
        let fullest = self.heard().into_iter().max_by_key(|(_, players)| *players);
        let Some((name, _)) = fullest else { return };
        *self.lost.lock().unwrap_or_else(PoisonError::into_inner) = Some(name);
        self.lavalink.node(name).kill(length);
    }

    /// Whether a line is up, or the lost node is ready again.
    fn is_back(&self, event: &Event) -> bool {
        match self.lost() {
            None => crate::command::demo::act::is_up(event),
            Some(node) => {
                NodeReady::KINDS.contains(&event.kind().as_str())
                    && event.place().id("node") == Some(node)
            }
        }
    }

    fn complaint(&self) -> Option<String> {
        let heard: usize = self.heard().into_iter().map(|(_, players)| players).sum();
        let all = self.channels.0.len();
        (heard < all).then(|| format!("{heard} of {all} players are heard"))
    }
}
