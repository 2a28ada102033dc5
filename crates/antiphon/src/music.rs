//! Music: a Discord bot and its Lavalink nodes, joined.
//!
//! A node speaks in a voice channel for the bot, and needs the voice events that Discord sends to the bot.
//! [`connect`] joins both ways: requests for a channel go over the bot's Gateway, and Discord's voice events reach the
//! pool as the app reads them from the journal. [`Player::connect`](crate::lavalink::Player::connect) is therefore one
//! call, and can be made inside a handler, since these events never wait for a handler.
//!
//! Three flows meet here:
//! - A player's wish for a channel goes from the pool to the bot's Gateway ([`VoiceGateway`]), at most 16 at a time for
//!   each shard, since Discord takes 120 frames a minute from a shard.
//! - Discord's voice events come through the journal to the pool (a [`Tap`] whose name is `music/` and that of the
//!   pool's source), so that the pool never knows more than is stored, and hears after a restart how each guild's voice
//!   stood last.
//! - The bot's own user, which the nodes must be told, comes from its READY event.
//!
//! ```no_run
//! use antiphon::{App, discord, journal::SqliteJournal, lavalink, music};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let intents = discord::Intents::GUILDS | discord::Intents::GUILD_VOICE_STATES;
//! let token = std::env::var("DISCORD_TOKEN")?;
//! let (bot, gateway) = discord::connect(discord::Config::new(token, intents));
//!
//! let node = lavalink::NodeConfig::new("eu-1", "http://localhost:2333", "youshallnotpass");
//! let (pool, nodes) = music::connect(&bot, lavalink::Config::without_user([node]));
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
    sync::{Arc, Mutex, PoisonError},
};

use antiphon_core::{
    BoxError, BoxFuture, Clock, DecodeError, Event, Expiry, Intake, Judge, KindInfo, LaneOf,
    Payload as _, Projection, Remote, Serve, SharedValues, SourceError, SourceName, Stop, Tap,
};
use tokio::sync::Semaphore;

use crate::{
    discord::{
        self, GuildCreate, GuildDelete, Intents, Ready, VoiceServerUpdate, VoiceStateUpdate,
        model::id::{
            Id,
            marker::{GuildMarker, UserMarker},
        },
    },
    lavalink::{self, Pool, UserId, VoiceGateway, VoiceRequest, VoiceServer, VoiceState},
};

/// Most requests for voice that one shard is given at a time; further ones wait for their turn.
///
/// Discord takes 120 frames a minute, so a bot with a new session and 500 channels is back in the last of them after some
/// four minutes (<https://docs.discord.com/developers/events/gateway#rate-limiting>).
const AT_ONCE: usize = 16;

/// Joins a Discord bot and its nodes: a pool to keep, and a source to run beside the bot's own.
///
/// The bot needs the intents `GUILDS` and `GUILD_VOICE_STATES`; without the latter
/// [`Player::connect`](lavalink::Player::connect) is an error that says so. The configuration's own
/// [`voice_gateway`](lavalink::Config::voice_gateway) is replaced, and it needs no user
/// ([`without_user`](lavalink::Config::without_user)): Discord tells the bot's own in its READY event, and a session
/// that is resumed after a restart has it stored.
///
/// Both sources belong into the same [`App`](crate::App). A program without an app takes the source apart with
/// [`Source::into_parts`].
///
/// Nothing is connected by this call; both sources begin in the app.
pub fn connect(bot: &discord::Client, config: lavalink::Config) -> (Pool, Source) {
    let gateway = Gateway(Arc::new(GatewayState {
        bot: bot.clone(),
        user: config.user(),
        permits: Mutex::default(),
    }));
    let (pool, nodes) = lavalink::connect(config.voice_gateway(gateway));
    let voices = Voices {
        name: format!("music/{}", antiphon_core::Source::name(&nodes)),
        bot: bot.clone(),
        pool: pool.clone(),
        awaited: HashSet::new(),
    };
    let source = Source {
        nodes,
        bot: bot.clone(),
        pool: pool.clone(),
        voices: Some(voices),
    };
    (pool, source)
}

/// A pool's source, with the tap that brings it Discord's voice events.
///
/// It is the nodes' source in every respect but one: it brings the tap along.
#[derive(Debug)]
pub struct Source {
    nodes: lavalink::Source,
    bot: discord::Client,
    pool: Pool,
    voices: Option<Voices>,
}

impl Source {
    /// The pool's own source, and the tap that must see each of the bot's events in their order.
    ///
    /// For programs without an app, which read the events of both sources as streams.
    ///
    /// # Panics
    /// Once its taps were taken, as an app takes them.
    pub fn into_parts(self) -> (lavalink::Source, Voices) {
        let voices = self.voices.expect("no app has taken the taps");
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
        self.nodes.projections()
    }

    fn taps(&mut self) -> Vec<Box<dyn Tap>> {
        let voices = self.voices.take().into_iter();
        voices.map(|voices| Box::new(voices) as _).collect()
    }

    fn clock(&self) -> Clock {
        self.nodes.clock()
    }

    fn judge(&self) -> Judge {
        self.nodes.judge()
    }

    fn lane(&self) -> Option<LaneOf> {
        self.nodes.lane()
    }

    fn expiry(&self) -> Option<Expiry> {
        self.nodes.expiry()
    }

    fn serve(&mut self, values: Option<Arc<dyn SharedValues>>) -> Option<Serve> {
        self.nodes.serve(values)
    }

    fn elsewhere(self: Box<Self>, remote: Option<Remote>) -> Option<BoxFuture<'static, ()>> {
        Box::new(self.nodes).elsewhere(remote)
    }

    fn run(
        self: Box<Self>,
        intake: Intake,
        stop: Stop,
    ) -> BoxFuture<'static, Result<(), SourceError>> {
        let Self {
            nodes, bot, pool, ..
        } = *self;
        Box::pin(async move {
            let mut nodes = Box::new(nodes).run(intake, stop);
            let mut user = bot.current_user_id();
            tokio::select! {
                ended = &mut nodes => return ended,
                // The sender is gone only with the client that is held here.
                Ok(user) = user.wait_for(Option::is_some) => learn(&pool, *user),
            }
            nodes.await
        })
    }
}

/// Gives the pool the bot's user, once that is known.
fn learn(pool: &Pool, user: Option<Id<UserMarker>>) {
    if let Some(user) = user {
        pool.set_user(user.get());
    }
}

/// Hands Discord's voice events to the pool, as the app reads them from the journal.
///
/// After a restart it goes on with the events that it has not seen, so that the pool learns how each guild's voice
/// stood last.
///
/// It sees the events of the bot's source alone, whatever else the app reads.
#[derive(Debug)]
pub struct Voices {
    name: String,
    bot: discord::Client,
    pool: Pool,
    /// Guilds that a new session has named and not brought yet.
    awaited: HashSet<u64>,
}

impl Voices {
    /// # Errors
    /// [`DecodeError`] for a voice event that cannot be read; it is logged, and the pool goes on without it.
    fn on_event(&mut self, event: &Event) -> Result<(), DecodeError> {
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
            learn(&self.pool, Some(ready.user.id));
            self.awaited
                .extend(ready.guilds.iter().map(|guild| guild.id.get()));
        } else if is(GuildCreate::KINDS) {
            let seen = GuildCreate::view(event)?;
            if let Some(guild) = seen.id.filter(|_| seen.unavailable != Some(true))
                && (self.awaited.remove(&guild.get()) || self.has_left(guild, event)?)
            {
                self.pool.voice_lost(guild.get(), event.received_at());
            }
        } else if is(GuildDelete::KINDS) {
            let seen = GuildDelete::view(event)?;
            if let Some(guild) = seen.id.filter(|_| seen.unavailable != Some(true))
                && let Some(user) = self.pool.user()
            {
                self.awaited.remove(&guild.get());
                self.pool.voice_state_update(VoiceState {
                    guild: guild.get().into(),
                    user,
                    channel: None,
                    session_id: String::new(),
                });
            }
        }
        Ok(())
    }

    /// Whether a guild that came back from an outage has lost the bot's voice, where it has a player.
    fn has_left(&self, guild: Id<GuildMarker>, event: &Event) -> Result<bool, DecodeError> {
        let Some(user) = self.pool.user() else {
            return Ok(false);
        };
        if self.pool.player(guild.get()).is_none() {
            return Ok(false);
        }
        let create = GuildCreate::decode(event)?;
        let is_there = create.guild().is_some_and(|guild| {
            let mut voices = guild.voice_states.iter();
            voices.any(|voice| voice.user_id.get() == user.get() && voice.channel_id.is_some())
        });
        Ok(!is_there)
    }
}

impl Tap for Voices {
    fn name(&self) -> &str {
        &self.name
    }

    fn see(&mut self, event: &Event) {
        if event.source() != self.bot.source() {
            return;
        }
        learn(&self.pool, *self.bot.current_user_id().borrow());
        if let Err(error) = self.on_event(event) {
            tracing::warn!(position = %event.position(), %error, "the pool is not given an event that cannot be read");
        }
    }
}

/// The bot's Gateway, for the pool's requests for channels.
struct Gateway(Arc<GatewayState>);

struct GatewayState {
    bot: discord::Client,
    /// The user that the nodes are told, if the configuration chose one.
    user: Option<UserId>,
    /// By shard: a shard that is down holds up no other.
    permits: Mutex<HashMap<Option<u32>, Arc<Semaphore>>>,
}

impl GatewayState {
    /// Made with the first request for the shard.
    fn permits_of(&self, guild: Id<GuildMarker>) -> Arc<Semaphore> {
        let mut permits = self.permits.lock().unwrap_or_else(PoisonError::into_inner);
        let shard = permits.entry(self.bot.shard_of(guild));
        Arc::clone(shard.or_insert_with(|| Arc::new(Semaphore::new(AT_ONCE))))
    }
}

impl VoiceGateway for Gateway {
    fn update_voice_state(
        &self,
        request: VoiceRequest,
    ) -> BoxFuture<'static, Result<(), BoxError>> {
        let state = Arc::clone(&self.0);
        Box::pin(async move {
            if !state.bot.intents().contains(Intents::GUILD_VOICE_STATES) {
                return Err(discord::VoiceError::IntentMissing.into());
            }
            let me = *state.bot.current_user_id().borrow();
            if let (Some(user), Some(me)) = (state.user, me)
                && user.get() != me.get()
            {
                return Err(format!("the pool was made for the user {user}, and the bot is {me}: leave the user out of its configuration").into());
            }
            let guild = id(request.guild.get())?;
            let channel = request
                .channel
                .map(|channel| id(channel.get()))
                .transpose()?;
            let permits = state.permits_of(guild);
            let _permit = permits.acquire().await?;
            let sent =
                state
                    .bot
                    .update_voice_state(guild, channel, request.self_mute, request.self_deaf);
            sent.await.map_err(Into::into)
        })
    }
}

/// # Errors
/// 0 is the id of nothing.
fn id<T>(id: u64) -> Result<Id<T>, BoxError> {
    Id::new_checked(id).ok_or_else(|| "the id of a guild or a channel is not 0".into())
}
