//! The source that runs a pool.
//!
//! [`connect`](crate::connect) makes it beside the client. An app runs it and journals its events; [`Source::events`]
//! runs it alone. Running checks the options, waits for the bot's user id if the configuration has none, and then is
//! the loop of `socket.rs` until the end.
//!
//! A source runs once. Its client notices the end: waiting actions fail with [`NotConnected`](crate::NotConnected), and
//! later ones at once.

use std::sync::Arc;

use antiphon_core::{
    BoxFuture, Clock, Events, Intake, Judge, KindInfo, LinkState, Remote, Serve, SharedValues,
    SourceError, SourceName, Stop,
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{
    client::Shared, config::Config, error, event::KINDS, pool::PoolCommand, relay, socket,
};

/// Runs a pool's connections: in an app, or as a stream of events.
///
/// A source that is dropped without being run leaves its client without nodes.
///
/// # Examples
/// ```no_run
/// use antiphon_core::Payload as _;
/// use antiphon_lavalink::{Config, NodeConfig, TrackStart, connect};
/// use futures_util::StreamExt as _;
/// use tokio_util::sync::CancellationToken;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let node = NodeConfig::new("local", "http://127.0.0.1:2333", "youshallnotpass");
/// let (_pool, source) = connect(Config::new(7, [node]));
/// let shutdown = CancellationToken::new();
/// let mut events = source.events(shutdown.clone());
/// while let Some(event) = events.next().await {
///     let event = event?;
///     if TrackStart::KINDS.contains(&event.kind().as_str()) {
///         println!("{}", TrackStart::decode(&event)?.track.title);
///         shutdown.cancel();
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Source {
    config: Config,
    shared: Arc<Shared>,
    /// Commands of all handles, in the order of their arrival.
    commands: mpsc::Receiver<PoolCommand>,
}

impl Source {
    pub(crate) fn new(
        config: Config,
        shared: Arc<Shared>,
        commands: mpsc::Receiver<PoolCommand>,
    ) -> Self {
        Self {
            config,
            shared,
            commands,
        }
    }

    /// Runs the source as a stream of events, without an app and without a journal; see [`Events`].
    ///
    /// Nothing is stored: a restart begins with idle players, although nodes may still play. The source ends when the
    /// stream is dropped or `shutdown` is cancelled. A stream that is not read stops the reading of sockets once its
    /// buffers are full.
    ///
    /// # Panics
    /// Outside a tokio runtime.
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

    fn clock(&self) -> Clock {
        self.config.clock
    }

    fn judge(&self) -> Judge {
        error::is_transient
    }

    fn serve(&mut self, _: Option<Arc<dyn SharedValues>>) -> Option<Serve> {
        Some(relay::serve(&self.shared))
    }

    fn elsewhere(self: Box<Self>, remote: Option<Remote>) -> Option<BoxFuture<'static, ()>> {
        let state = LinkState::elsewhere(&self.config.name);
        self.shared.link.send_replace(state);
        let remote = remote?;
        self.shared.remote.get_or_init(|| remote.clone());
        Some(relay::follow(remote, self.shared, self.config.clock))
    }

    fn run(
        mut self: Box<Self>,
        intake: Intake,
        stop: Stop,
    ) -> BoxFuture<'static, Result<(), SourceError>> {
        Box::pin(async move {
            if let Err(error) = self.config.check() {
                return Err(error.stop(self.config.name, &self.shared.link));
            }
            self.config.user = tokio::select! {
                user = self.shared.inbox.known_user() => user,
                () = stop.closing() => return Ok(()),
            };
            socket::run(self.config, self.shared, self.commands, intake, stop).await
        })
    }
}
