//! SIGINT and SIGTERM, which end a trial: what runs is dropped, and with it go its processes, its disk and its files.

use anyhow::Context as _;
use tokio::{
    runtime::Builder,
    signal::unix::{SignalKind, signal},
    sync::watch,
};

/// A trial was interrupted by a signal.
#[derive(Debug)]
pub(crate) struct Interrupted;

impl std::fmt::Display for Interrupted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("interrupted")
    }
}

impl std::error::Error for Interrupted {}

/// Tells whether a signal has come since [`Stop::listen`].
#[derive(Clone, Debug)]
pub(crate) struct Stop(watch::Receiver<bool>);

impl Stop {
    /// Listens from now on, on a thread with a runtime of its own: each run has another one, and a signal may come between
    /// two of them.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn listen() -> anyhow::Result<Self> {
        let (said, asked) = watch::channel(false);
        let runtime = Builder::new_current_thread().enable_io().build();
        let runtime = runtime.context("could not start the runtime")?;
        let signals = {
            let _within = runtime.enter();
            let of = |kind| signal(kind).context("could not listen for signals");
            (of(SignalKind::interrupt())?, of(SignalKind::terminate())?)
        };
        let wait = move || {
            let (mut interrupt, mut terminate) = signals;
            runtime.block_on(async {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
            });
            said.send_replace(true);
        };
        let thread = std::thread::Builder::new().name("signals".to_owned());
        thread.spawn(wait).context("could not start a thread")?;
        Ok(Self(asked))
    }

    /// Does something until it is done or a signal comes, upon which it is dropped.
    ///
    /// # Errors
    /// [`Interrupted`], and those of the work.
    pub(crate) async fn or<T>(
        &self,
        work: impl Future<Output = anyhow::Result<T>>,
    ) -> anyhow::Result<T> {
        let mut asked = self.0.clone();
        tokio::select! {
            done = work => done,
            // Its sender goes only after it has said so.
            _ = asked.wait_for(|asked| *asked) => Err(Interrupted.into()),
        }
    }
}
