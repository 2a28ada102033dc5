//! The source that an app runs, and its stream of events without an app.
//!
//! It is the seam to an app: it names the kinds, the projection of the cache, the judge that tells transient errors from
//! permanent ones, and the lanes of interactions, and it runs the shards.

use std::sync::Arc;

use antiphon_core::{
    BoxFuture, Clock, Events, Expiry, Intake, Judge, KindInfo, LaneOf, LinkState, Projection,
    Remote, Serve, SharedValues, SourceError, SourceName, Stop,
};
use tokio_util::sync::CancellationToken;

use crate::{
    cache::CacheProjection,
    client::Shared,
    config::Config,
    dispatch::{INTERACTION_EXPIRY, interaction_lane},
    error,
    event::KINDS,
    relay, shards,
};

/// The connection of one bot with all its shards: run it in an app, or take its events as a stream.
///
/// A client whose source is dropped never connects.
///
/// A program without an app reads its events as a stream; nothing is stored then, and a restart misses what happened
/// meanwhile.
///
/// ```no_run
/// use antiphon_core::Payload as _;
/// use antiphon_discord::{Config, Intents, MessageCreate};
/// use futures_util::StreamExt as _;
/// use tokio_util::sync::CancellationToken;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let intents = Intents::GUILD_MESSAGES | Intents::MESSAGE_CONTENT;
/// let (client, source) = antiphon_discord::connect(Config::new(std::env::var("DISCORD_TOKEN")?, intents));
/// let mut events = source.events(CancellationToken::new());
/// while let Some(event) = events.next().await {
///     let event = event?;
///     if event.kind().as_str() == "discord.MESSAGE_CREATE" {
///         let message = MessageCreate::decode(&event)?;
///         if message.content == "ping" {
///             client.create_message(message.channel_id).content("pong").await?;
///         }
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Source {
    config: Config,
    shared: Arc<Shared>,
}

impl Source {
    pub(crate) fn new(config: Config, shared: Arc<Shared>) -> Self {
        Self { config, shared }
    }

    /// Runs the source without an app and a journal, and returns its events as a stream.
    ///
    /// [`Events`] says what is different without an app.
    ///
    /// Cancelling the token stops the shards in good order, and the stream ends.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    ///
    /// # Examples
    ///
    /// A message of a simulated user, as the stream brings it:
    ///
    /// ```
    /// use antiphon_core::Payload as _;
    /// use antiphon_discord::{Config, Intents, MessageCreate};
    /// use antiphon_sim::Simulator;
    /// use futures_util::StreamExt as _;
    /// use tokio_util::sync::CancellationToken;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let sim = Simulator::with_seed(7);
    /// let intents = Intents::GUILDS | Intents::GUILD_MESSAGES | Intents::MESSAGE_CONTENT;
    /// let config = Config::new(sim.discord().token(), intents).network(sim.network()).clock(sim.clock());
    /// let (_client, source) = antiphon_discord::connect(config);
    ///
    /// let mut events = source.events(CancellationToken::new());
    /// while let Some(event) = events.next().await {
    ///     let event = event?;
    ///     match event.kind().as_str() {
    ///         "discord.GUILD_CREATE" => drop(sim.discord().say("loft", "mira", "good evening")),
    ///         "discord.MESSAGE_CREATE" => {
    ///             let message = MessageCreate::decode(&event)?;
    ///             assert_eq!((&*message.author.name, &*message.content), ("mira", "good evening"));
    ///             break;
    ///         }
    ///         _ => {}
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn events(self, shutdown: CancellationToken) -> Events {
        let rng = self.config.rng.clone();
        Events::of(self, rng.unwrap_or_default(), shutdown)
    }
}

impl antiphon_core::Source for Source {
    fn name(&self) -> &SourceName {
        &self.config.name
    }

    fn kinds(&self) -> &'static [KindInfo] {
        KINDS
    }

    fn projections(&mut self) -> Vec<Box<dyn Projection>> {
        let cache = &self.shared.cache;
        if !cache.is_on() {
            return Vec::new();
        }
        vec![Box::new(CacheProjection::new(
            self.config.name.clone(),
            cache.clone(),
        ))]
    }

    fn clock(&self) -> Clock {
        self.config.clock
    }

    fn judge(&self) -> Judge {
        error::is_transient
    }

    fn lane(&self) -> Option<LaneOf> {
        Some(interaction_lane)
    }

    fn expiry(&self) -> Option<Expiry> {
        Some(INTERACTION_EXPIRY)
    }

    fn serve(&mut self, values: Option<Arc<dyn SharedValues>>) -> Option<Serve> {
        if let Some(values) = values {
            self.shared.http.share(values, false);
        }
        Some(relay::serve(&self.shared))
    }

    fn elsewhere(self: Box<Self>, remote: Option<Remote>) -> Option<BoxFuture<'static, ()>> {
        let state = LinkState::elsewhere(&self.config.name);
        self.shared.link.send_replace(state);
        let remote = remote?;
        if let Some(values) = remote.shared() {
            self.shared.http.share(Arc::clone(values), true);
        }
        self.shared.remote.get_or_init(|| remote.clone());
        Some(relay::follow(remote, self.shared, self.config.clock))
    }

    fn run(
        self: Box<Self>,
        intake: Intake,
        stop: Stop,
    ) -> BoxFuture<'static, Result<(), SourceError>> {
        Box::pin(async move {
            if let Err(error) = self.config.check() {
                return Err(error.stop(self.config.name.clone(), &self.shared.link));
            }
            let cache = &self.shared.cache;
            // A resumed session sends no guilds, so only a new one can fill an empty cache.
            let begin_new_session = (cache.is_on() && !cache.is_restored())
                .then_some("the cache was not saved, and only a new session fills it");
            shards::run(self.config, self.shared, intake, stop, begin_new_session).await
        })
    }
}
