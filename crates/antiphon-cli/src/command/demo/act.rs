//! Each platform's part in the demo: where it happens, who speaks, and how its line is cut.

use std::{
    fmt,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use antiphon::{Event, Link, Payload as _, Place, SourceName, lavalink::NodeReady};
use antiphon_sim::{
    Simulator, discord::Discord, lavalink::Lavalink, queup::QueUp, stackexchange::StackExchange,
};

/// QueUp's room.
pub(super) const ROOM: &str = "choir-loft";
/// The chat's room.
pub(super) const CHAT_ROOM: i64 = StackExchange::ROOM;

/// A voice channel of each guild: ids of both.
pub(super) type Stalls = Vec<(u64, u64)>;
/// The guilds beside the first one, so that there is more than one player.
const GUILDS: [&str; 3] = ["nave", "crypt", "cloister"];
/// The song that is played everywhere, which lasts longer than any demo.
pub(super) const SONG: &str = "Evensong without end";

/// One platform's part in the demo.
#[derive(Debug)]
pub(super) struct Act {
    /// Its name, as the summary has it.
    pub(super) platform: &'static str,
    /// Its source in the app.
    pub(super) source: SourceName,
    /// Id of the bot's account there, as the ledger names whom something is due to.
    pub(super) account: String,
    pub(super) stage: Box<dyn Stage>,
}

/// What can be done on a simulated platform.
pub(super) trait Stage: fmt::Debug + Send + Sync {
    /// Sets how many events a second people make.
    fn traffic(&self, rate: u32);

    /// Somebody says something in the bot's room.
    fn say(&self, by: &str, text: &str);

    /// Somebody asks the bot for an answer.
    fn ask(&self, by: &str);

    /// Cuts the bot's line, and lets no new one come for so long.
    fn cut(&self, length: Duration);

    /// Whether an event of the bot's source tells that it is in its room, for the first time or again.
    fn is_back(&self, event: &Event) -> bool;

    /// What is not as it should be once everything has healed.
    fn complaint(&self) -> Option<String> {
        None
    }
}

/// Makes the guilds, and a voice channel in each.
pub(super) fn stalls(simulator: &Simulator) -> Stalls {
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
    std::iter::once(first).chain(others).collect()
}

/// Every platform's part, its source named after it.
pub(super) fn all(simulator: &Simulator, stalls: Stalls) -> Vec<Act> {
    let (discord, queup, chat) = (
        simulator.discord(),
        simulator.queup(),
        simulator.stackexchange(),
    );
    let organ = Organ {
        lavalink: simulator.lavalink(),
        discord: discord.clone(),
        channel: discord.channel_id().to_string(),
        stalls,
        lost: Mutex::default(),
    };
    vec![
        Act {
            platform: "discord",
            source: "discord".into(),
            account: discord.account().id.to_string(),
            stage: Box::new(Guild {
                channel: discord.channel_id().to_string(),
                discord,
            }),
        },
        Act {
            platform: "lavalink",
            source: "lavalink".into(),
            account: organ.discord.account().id.to_string(),
            stage: Box::new(organ),
        },
        Act {
            platform: "queup",
            source: "queup".into(),
            account: queup.account().id,
            stage: Box::new(Loft {
                place: queup.room(ROOM).place(),
                queup,
            }),
        },
        Act {
            platform: "stackexchange",
            source: "stackexchange".into(),
            account: chat.account().id.to_string(),
            stage: Box::new(Tea(chat)),
        },
    ]
}

/// Whether an event tells that its source's line is up.
fn is_up(event: &Event) -> bool {
    *event.kind() == Link::KIND && Link::decode(event).is_ok_and(|link| link.state.is_connected())
}

#[derive(Debug)]
struct Guild {
    discord: Discord,
    channel: String,
}

impl Stage for Guild {
    fn traffic(&self, rate: u32) {
        self.discord.traffic(rate);
    }

    fn say(&self, by: &str, text: &str) {
        self.discord.say(&self.channel, by, text);
    }

    fn ask(&self, by: &str) {
        self.say(by, "!ping");
    }

    fn cut(&self, length: Duration) {
        self.discord.refuse_sockets(length);
        self.discord.cut();
    }

    fn is_back(&self, event: &Event) -> bool {
        is_up(event)
    }
}

#[derive(Debug)]
struct Organ {
    lavalink: Lavalink,
    discord: Discord,
    channel: String,
    stalls: Stalls,
    /// The node that was lost.
    lost: Mutex<Option<&'static str>>,
}

impl Organ {
    /// How many of the bot's players are heard at each node.
    fn heard(&self) -> Vec<(&'static str, usize)> {
        let is_ours = |guild| self.stalls.iter().any(|(ours, _)| *ours == guild);
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

    fn lost(&self) -> Option<&'static str> {
        *self.lost.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Stage for Organ {
    fn traffic(&self, rate: u32) {
        self.lavalink.traffic(rate);
    }

    /// Nobody speaks at a node; its figures go on.
    fn say(&self, _: &str, _: &str) {
        for node in self.lavalink.nodes() {
            node.tell_stats();
        }
    }

    fn ask(&self, by: &str) {
        self.discord.say(&self.channel, by, "!play");
    }

    /// The node with most of the bot's players dies, and comes back without them.
    fn cut(&self, length: Duration) {
        let fullest = self.heard().into_iter().max_by_key(|(_, players)| *players);
        let Some((name, _)) = fullest else { return };
        *self.lost.lock().unwrap_or_else(PoisonError::into_inner) = Some(name);
        self.lavalink.node(name).kill(length);
    }

    fn is_back(&self, event: &Event) -> bool {
        match self.lost() {
            None => is_up(event),
            Some(node) => {
                NodeReady::KINDS.contains(&event.kind().as_str())
                    && event.place().id("node") == Some(node)
            }
        }
    }

    fn complaint(&self) -> Option<String> {
        let heard: usize = self.heard().into_iter().map(|(_, players)| players).sum();
        let all = self.stalls.len();
        (heard < all).then(|| format!("{heard} of {all} players are heard"))
    }
}

#[derive(Debug)]
struct Loft {
    queup: QueUp,
    place: Place,
}

impl Stage for Loft {
    fn traffic(&self, rate: u32) {
        self.queup.traffic(rate);
    }

    fn say(&self, by: &str, text: &str) {
        self.queup.room(ROOM).say(by, text);
    }

    fn ask(&self, by: &str) {
        self.say(by, "!ping");
    }

    fn cut(&self, length: Duration) {
        self.queup.refuse_sockets(length);
        self.queup.links_of(QueUp::BOT).cut();
    }

    fn is_back(&self, event: &Event) -> bool {
        *event.kind() == "queup.joined_room" && *event.place() == self.place
    }
}

#[derive(Debug)]
struct Tea(StackExchange);

impl Stage for Tea {
    fn traffic(&self, rate: u32) {
        self.0.traffic(rate);
    }

    fn say(&self, by: &str, text: &str) {
        self.0.say(CHAT_ROOM, by, text);
    }

    fn ask(&self, by: &str) {
        self.say(by, "@antiphon !ping");
    }

    fn cut(&self, length: Duration) {
        self.0.refuse_sockets(length);
        self.0.cut();
    }

    fn is_back(&self, event: &Event) -> bool {
        is_up(event)
    }
}
