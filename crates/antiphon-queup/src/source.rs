//! The source of one account, to run in an app or to take as a stream.

use std::sync::Arc;

use antiphon_core::{
    BoxFuture, Clock, Events, Intake, Judge, KindInfo, Projection, SourceError, SourceName, Stop,
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{
    cache::CacheProjection, client::Shared, config::Config, error, event::KINDS, session::Command,
    socket,
};

/// One QueUp account's connection, to run in an app or to take as a stream.
///
/// A source that is dropped without being run leaves its client without a connection.
///
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
#[derive(Debug)]
pub struct Source {
    config: Config,
    shared: Arc<Shared>,
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
