//! The source of one account, to run in an app or to take as a stream.
//!
//! [`connect`](crate::connect) makes it beside the client. Running it checks the configuration, and then is the loop of
//! `socket.rs` until it is to stop, or until the account's login is refused. It brings a projection, the caches, which
//! follows the journal in an app and the stream otherwise.

use std::sync::Arc;

use antiphon_core::{
    BoxFuture, Clock, Events, Intake, Judge, KindInfo, LinkState, Projection, Remote, Serve,
    SharedValues, SourceError, SourceName, Stop,
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{
    cache::CacheProjection, client::Shared, config::Config, error, event::KINDS, relay,
    session::Command, socket,
};

/// One QueUp account's connection, to run in an app or to take as a stream.
///
/// A source that is dropped without being run leaves its client without a connection.
///
/// # Examples
/// ```no_run
/// use antiphon_core::{Event, Payload as _};
/// use antiphon_queup::{self as queup, Account, Config, PlaylistSongAdd};
/// use futures_util::StreamExt as _;
/// use tokio_util::sync::CancellationToken;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let account = Account::new("mira@example.org", "a password");
/// let (_client, source) = queup::connect(Config::new(account).rooms(["choir-loft"]));
/// let is_song = |event: &Event| PlaylistSongAdd::KINDS.contains(&event.kind().as_str());
///
/// let mut events = source.events(CancellationToken::new());
/// while let Some(event) = events.next().await.transpose()? {
///     if is_song(&event) {
///         println!("{}", PlaylistSongAdd::decode(&event)?.song.name());
///     }
/// }
/// # Ok(())
/// # }
/// ```
///
/// After an outage the stream says what could not be had:
///
/// ```
/// use std::time::Duration;
///
/// use antiphon_core::{Gap, Payload as _};
/// use antiphon_queup::{self as queup, Account, Config};
/// use antiphon_sim::Simulator;
/// use futures_util::StreamExt as _;
/// use tokio_util::sync::CancellationToken;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sim = Simulator::with_seed(7);
/// let bot = sim.queup().account();
/// let config = Config::new(Account::new(bot.email, bot.password))
///     .network(sim.network())
///     .clock(sim.clock())
///     .rooms(["choir-loft"]);
/// let (_client, source) = queup::connect(config);
/// let mut events = source.events(CancellationToken::new());
/// let mut is_cut = false;
/// while let Some(event) = events.next().await.transpose()? {
///     if event.kind().as_str() == "queup.playlist_details" && !is_cut {
///         is_cut = true;
///         sim.queup().cut_connections();
///         // Said while nobody listens: the room's history brings it.
///         sim.queup().room("choir-loft").say("mira", "anybody here?");
///     }
///     if Gap::KINDS.contains(&event.kind().as_str()) && event.place().id("room").is_some() {
///         let gap = Gap::decode(&event)?;
///         assert!(!gap.cause.is_empty());
///         assert_eq!(gap.recovered, 1, "the message above");
///         break;
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
    commands: mpsc::Receiver<Command>,
}

impl Source {
    pub(crate) fn new(
        config: Config,
        shared: Arc<Shared>,
        commands: mpsc::Receiver<Command>,
    ) -> Self {
        Self {
            config,
            shared,
            commands,
        }
    }

    /// Gives the account's events as a stream, without an app and without a journal; see [`Events`].
    ///
    /// The caches follow the stream as it is read. A restart begins afresh: rooms of the configuration are joined, and
    /// no gap is reported.
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

    fn projections(&mut self) -> Vec<Box<dyn Projection>> {
        vec![Box::new(CacheProjection::new(
            self.config.name.clone(),
            self.shared.cache.clone(),
        ))]
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
        let name = self.config.name;
        self.shared.link.send_replace(LinkState::elsewhere(&name));
        self.shared.http.set_elsewhere(name, remote.clone());
        Some(relay::follow(remote?, self.shared, self.config.clock))
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
            socket::run(self.config, self.shared, self.commands, intake, stop).await
        })
    }
}
