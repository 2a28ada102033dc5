//! The source to run, and the stream for those who want one platform without an app.

use std::sync::Arc;

use antiphon_core::{BoxFuture, Events, Intake, Judge, KindInfo, SourceError, SourceName, Stop};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{
    client::{Command, Shared},
    config::Config,
    error,
    event::KINDS,
};

/// One bot's connection, all its shards: run it in an app, or take its events as a stream.
///
/// Dropped without being run, it leaves its client without a connection.
#[derive(Debug)]
pub struct Source {
    config: Config,
    #[expect(dead_code, reason = "until it connects")]
    shared: Arc<Shared>,
    #[expect(dead_code, reason = "until it connects")]
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

    /// The bot's events as a stream, without an app and without a journal.
    ///
    /// What that means is said at [`Events`].
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub fn events(self, shutdown: CancellationToken) -> Events {
        let (clock, rng) = (self.config.clock, self.config.rng.clone());
        Events::of(self, clock, rng.unwrap_or_default(), shutdown)
    }
}

impl antiphon_core::Source for Source {
    fn name(&self) -> &SourceName {
        &self.config.name
    }

    fn kinds(&self) -> &'static [KindInfo] {
        KINDS
    }

    fn judge(&self) -> Judge {
        error::is_transient
    }

    fn run(
        self: Box<Self>,
        intake: Intake,
        stop: Stop,
    ) -> BoxFuture<'static, Result<(), SourceError>> {
        let _ = (intake, stop);
        Box::pin(async move { Ok(()) })
    }
}
