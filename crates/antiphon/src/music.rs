//! Music: a Discord bot and its Lavalink nodes, joined.
//!
//! A node speaks in a voice channel for the bot, and needs what Discord tells the bot of it.
//! [`connect`] takes care of both ways: requests for a channel go over the bot's Gateway, and Discord's voice events reach
//! the pool as the app reads them from the journal. [`Player::connect`](crate::lavalink::Player::connect) is therefore one
//! call, and can be made inside a handler: what it waits for never waits for a handler.
//!
//! ```no_run
//! use antiphon::{App, discord, journal::SqliteJournal, lavalink, music};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let intents = discord::Intents::GUILDS | discord::Intents::GUILD_VOICE_STATES;
//! let token = std::env::var("DISCORD_TOKEN")?;
//! let (bot, gateway) = discord::connect(discord::Config::new(token, intents));
//!
//! let user = 1_290_000_000_000_000_000_u64; // the bot's own
//! let node = lavalink::NodeConfig::new("eu-1", "http://localhost:2333", "youshallnotpass");
//! let (pool, nodes) = music::connect(&bot, lavalink::Config::new(user, [node]));
//!
//! App::new((bot, pool))
//!     .source(gateway)
//!     .source(nodes)
//!     .run(SqliteJournal::open("music.sqlite").await?, std::future::pending::<()>())
//!     .await?;
//! # Ok(())
//! # }
//! ```

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use antiphon_core::{
    Before, BoxError, BoxFuture, Event, Intake, Judge, KindInfo, LaneOf, Payload as _, Projection,
    SourceError, SourceName, Stop,
};
use tokio::sync::Semaphore;

use crate::{
    discord::{
        self, GuildCreate, GuildDelete, Intents, Ready, VoiceServerUpdate, VoiceStateUpdate,
        model::id::{Id, marker::GuildMarker},
    },
    lavalink::{self, Pool, UserId, VoiceGateway, VoiceRequest, VoiceServer, VoiceState},
};

/// Requests for voice that one shard is given at a time; further ones wait for their turn.
///
/// Discord takes 120 frames a minute, so a bot whose session began anew in 500 channels is back in the last of them after
/// some four minutes.
const AT_ONCE: usize = 16;

/// Joins a Discord bot and its nodes: a pool to keep, and a source to run beside the bot's own.
///
/// The bot needs the intents `GUILDS` and `GUILD_VOICE_STATES`; without the latter
/// [`Player::connect`](lavalink::Player::connect) is an error that says so. The configuration's own
/// [`voice_gateway`](lavalink::Config::voice_gateway) is replaced.
///
/// Both sources belong into the same [`App`](crate::App). Whoever has no app takes the source apart with
/// [`Source::into_parts`].
pub fn connect(bot: &discord::Client, config: lavalink::Config) -> (Pool, Source) {
    let me = Arc::new(AtomicU64::new(0));
    let gateway = Gateway(Arc::new(Line {
        bot: bot.clone(),
        user: config.user(),
        me: Arc::clone(&me),
        turns: Mutex::default(),
    }));
    let (pool, nodes) = lavalink::connect(config.voice_gateway(gateway));
    let voices = Voices {
        name: format!("music/{}", antiphon_core::Source::name(&nodes)),
        bot: bot.source().clone(),
        pool: pool.clone(),
        me,
        anew: HashSet::new(),
    };
    let source = Source {
        nodes,
        voices: Some(voices),
    };
    (pool, source)
}

/// A pool's source, with what brings it Discord's voice events.
#[derive(Debug)]
pub struct Source {
    nodes: lavalink::Source,
    voices: Option<Voices>,
}

impl Source {
    /// The pool's own source, and what wants to see each of the bot's events, in their order, by
    /// [`Projection::apply`].
    ///
    /// For programs without an app, which read the events of both sources as streams.
    ///
    /// # Panics
    /// Once its projections were taken, as an app takes them.
    pub fn into_parts(self) -> (lavalink::Source, Voices) {
        let voices = self.voices.expect("no app has taken the projections");
        (self.nodes, voices)
    }
}

impl antiphon_core::Source for Source {
    fn name(&self) -> &SourceName {
        self.nodes.name()
    }

    fn kinds(&self) -> &'static [KindInfo] {
        self.nodes.kinds()
    }

    fn projections(&mut self) -> Vec<Box<dyn Projection>> {
        let mut projections = self.nodes.projections();
        if let Some(voices) = self.voices.take() {
            projections.push(Box::new(voices));
        }
        projections
    }

    fn judge(&self) -> Judge {
        self.nodes.judge()
    }

    fn lane(&self) -> Option<LaneOf> {
        self.nodes.lane()
    }

    fn run(
        self: Box<Self>,
        intake: Intake,
        stop: Stop,
    ) -> BoxFuture<'static, Result<(), SourceError>> {
        Box::new(self.nodes).run(intake, stop)
    }
}

/// Hands Discord's voice events to the pool, as the head of the journal comes by them.
///
/// It keeps no picture, only how far it has read: after a restart the pool hears how each guild's voice stood last.
#[derive(Debug)]
pub struct Voices {
    name: String,
    bot: SourceName,
    pool: Pool,
    /// Id of the bot's user, once Discord has told it.
    me: Arc<AtomicU64>,
    /// Guilds that a session which began anew has not brought yet.
    anew: HashSet<u64>,
}

impl Voices {
    fn heard(&mut self, event: &Event) -> Result<(), antiphon_core::DecodeError> {
        let is = |kinds: &[&str]| kinds.contains(&event.kind().as_str());
        if is(VoiceStateUpdate::KINDS) {
            let state = VoiceStateUpdate::view(event)?;
            if let (Some(guild), Some(user)) = (state.guild_id, state.user_id) {
                self.pool.voice_state_update(VoiceState {
                    guild: guild.get().into(),
                    user: user.get().into(),
                    channel: state.channel_id.map(|channel| channel.get().into()),
                    session_id: state.session_id.into_owned(),
                });
            }
        } else if is(VoiceServerUpdate::KINDS) {
            let server = VoiceServerUpdate::decode(event)?.into_inner();
            self.pool.voice_server_update(VoiceServer {
                guild: server.guild_id.get().into(),
                token: server.token.into(),
                endpoint: server.endpoint,
            });
        } else if is(Ready::KINDS) {
            let ready = Ready::decode(event)?;
            self.learn_user(ready.user.id.get());
            self.anew
                .extend(ready.guilds.iter().map(|guild| guild.id.get()));
        } else if is(GuildCreate::KINDS) {
            let seen = GuildCreate::view(event)?;
            if let Some(guild) = seen.id.filter(|_| seen.unavailable != Some(true))
                && (self.anew.remove(&guild.get()) || self.has_left(guild, event)?)
            {
                self.pool.voice_lost(guild.get(), event.received_at());
            }
        } else if is(GuildDelete::KINDS) {
            let seen = GuildDelete::view(event)?;
            if let Some(guild) = seen.id.filter(|_| seen.unavailable != Some(true)) {
                self.anew.remove(&guild.get());
                self.pool.voice_state_update(VoiceState {
                    guild: guild.get().into(),
                    user: self.pool.user(),
                    channel: None,
                    session_id: String::new(),
                });
            }
        }
        Ok(())
    }

    /// Discord has told who the bot is.
    fn learn_user(&self, user: u64) {
        self.me.store(user, Ordering::Relaxed);
        if self.pool.user().get() != user {
            tracing::error!(
                bot = user,
                pool = %self.pool.user(),
                "the pool was made for another user than the bot's, and will enter no channel"
            );
        }
    }

    /// Whether a guild that came back from an outage has lost the bot's voice, where it has a player.
    fn has_left(
        &self,
        guild: Id<GuildMarker>,
        event: &Event,
    ) -> Result<bool, antiphon_core::DecodeError> {
        if self.pool.player(guild.get()).is_none() {
            return Ok(false);
        }
        let create = GuildCreate::decode(event)?;
        let is_there = create.guild().is_some_and(|guild| {
            let mut voices = guild.voice_states.iter();
            voices.any(|voice| {
                voice.user_id.get() == self.pool.user().get() && voice.channel_id.is_some()
            })
        });
        Ok(!is_there)
    }
}

impl Projection for Voices {
    fn name(&self) -> &str {
        &self.name
    }

    fn apply(&mut self, event: &Event) -> Before {
        if *event.source() == self.bot
            && let Err(error) = self.heard(event)
        {
            tracing::warn!(position = %event.position(), %error, "the pool does not hear an event that cannot be read");
        }
        Before::NOTHING
    }

    fn save(&self) -> Option<Vec<u8>> {
        // Nothing but the position that goes with it.
        Some(Vec::new())
    }

    fn restore(&mut self, _: &[u8]) -> Result<(), BoxError> {
        Ok(())
    }
}

/// The bot's Gateway, as the pool asks it for channels.
struct Gateway(Arc<Line>);

struct Line {
    bot: discord::Client,
    /// Whose voice the nodes are to speak with.
    user: UserId,
    /// Who the bot is, once Discord has told it.
    me: Arc<AtomicU64>,
    /// By shard; one that is down holds up no other.
    turns: Mutex<HashMap<Option<u32>, Arc<Semaphore>>>,
}

impl Line {
    fn turn(&self, guild: Id<GuildMarker>) -> Arc<Semaphore> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        let turn = turns.entry(self.bot.shard_of(guild));
        Arc::clone(turn.or_insert_with(|| Arc::new(Semaphore::new(AT_ONCE))))
    }
}

impl VoiceGateway for Gateway {
    fn update_voice_state(
        &self,
        request: VoiceRequest,
    ) -> BoxFuture<'static, Result<(), BoxError>> {
        let line = Arc::clone(&self.0);
        Box::pin(async move {
            if !line.bot.intents().contains(Intents::GUILD_VOICE_STATES) {
                return Err(discord::VoiceError::IntentMissing.into());
            }
            let me = line.me.load(Ordering::Relaxed);
            if me != 0 && me != line.user.get() {
                let user = line.user;
                return Err(format!("the pool was made for the user {user}, and the bot is {me}: give its configuration the bot's own id").into());
            }
            let guild = id(request.guild.get())?;
            let channel = request
                .channel
                .map(|channel| id(channel.get()))
                .transpose()?;
            let turn = line.turn(guild);
            let _turn = turn.acquire().await?;
            let sent =
                line.bot
                    .update_voice_state(guild, channel, request.self_mute, request.self_deaf);
            sent.await.map_err(Into::into)
        })
    }
}

fn id<T>(id: u64) -> Result<Id<T>, BoxError> {
    Id::new_checked(id).ok_or_else(|| "the id of a guild or a channel is not 0".into())
}
