//! The source to run, and its events as a stream for programs without an app.
//!
//! The thin end of the crate: it checks the configuration and runs `socket.rs`. Kinds, clock and the judgement of
//! errors are handed to the app from here.

use std::sync::Arc;

use antiphon_core::{
    BoxFuture, Clock, Events, Intake, Judge, KindInfo, LinkState, Remote, Serve, SharedValues,
    SourceError, SourceName, Stop,
};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{client::Shared, config::Config, error, event::KINDS, relay, session::Command, socket};

/// One chat account's connection: run it in an app, or take its events as a stream.
///
/// A source that is dropped without being run leaves its client without a connection.
///
/// In an app it is one line: `App::new(client).source(source)`. The app gives it the checkpoints of earlier runs, so
/// that rooms go on where they were heard last.
///
/// One account on one server should have one running source: two would each receive every event, and each poll and
/// login would count twice against the account.
///
/// ```no_run
/// use antiphon_core::Payload as _;
/// use antiphon_stackexchange::{MessageEvent, Source};
/// use futures_util::StreamExt as _;
/// use tokio_util::sync::CancellationToken;
///
/// /// Prints messages until `shutdown` is cancelled.
/// async fn print(source: Source, shutdown: CancellationToken) -> Result<(), Box<dyn std::error::Error>> {
///     let mut events = source.events(shutdown);
///     while let Some(event) = events.next().await {
///         let event = event?;
///         if MessageEvent::KINDS.contains(&event.kind().as_str()) {
///             println!("{}", MessageEvent::decode(&event)?.content.text());
///         }
///     }
///     Ok(())
/// }
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

    /// The account's events as a stream, without an app and without a journal.
    ///
    /// [`Events`] says what is different then.
    ///
    /// For a script that needs no memory: rooms begin with the events after the start, and nothing is stored.
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
