//! The source to run, and the stream for those who want one platform without an app.

use std::sync::Arc;

use antiphon_core::{
    BoxFuture, Clock, Events, Intake, Judge, KindInfo, SourceError, SourceName, Stop,
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{client::Shared, config::Config, error, event::KINDS, pool::PoolCommand, socket};

/// A pool's connections: run it in an app, or take its events as a stream.
///
/// Dropped without being run, it leaves its client without nodes.
#[derive(Debug)]
pub struct Source {
    config: Config,
    shared: Arc<Shared>,
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

    /// The pool's events as a stream, without an app and without a journal.
    ///
    /// What that means is said at [`Events`].
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

    fn run(
        mut self: Box<Self>,
        intake: Intake,
        stop: Stop,
    ) -> BoxFuture<'static, Result<(), SourceError>> {
        Box::pin(async move {
            if let Err(error) = self.config.check() {
                let state = error.link();
                self.shared.link.send_replace(state.clone());
                return Err(SourceError::of_link(self.config.name, &state));
            }
            self.config.user = tokio::select! {
                user = self.shared.inbox.known_user() => user,
                () = stop.closing() => return Ok(()),
            };
            socket::run(self.config, self.shared, self.commands, intake, stop).await
        })
    }
}
