//! Signals that ask the process to stop.
//!
//! `SIGINT` (Ctrl-C) and `SIGTERM` both ask the command to stop in good order; they differ in the exit code, since a
//! service manager that stops a daemon is a normal end. After the first signal, a second one of either kind ends the
//! process at once, with exit code 130.
//!
//! `SIGHUP` ends every command but `run`, which reloads its configuration ([`Hangup`]).

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, Ordering},
};

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{failure::Exit, logging::note};

/// Sender of the signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Somebody pressed Ctrl-C.
    Interrupt,
    /// The machine's service manager.
    Terminate,
}

/// Whether a signal has asked the process to stop.
///
/// Clones share the signal. A command that ends by itself never asks it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stop {
    token: CancellationToken,
    /// The first signal; later ones do not change it.
    asked: Arc<OnceLock<Asked>>,
    /// Whether the command has the whole terminal, so that no line may be written on it.
    has_terminal: Arc<AtomicBool>,
}

impl Stop {
    /// Asks the process to stop, as its first signal does; later calls change nothing.
    pub(crate) fn ask(&self, by: Asked) {
        // The first one decides about the exit code.
        let _ = self.asked.set(by);
        self.token.cancel();
    }

    /// Notes that the command has the whole terminal: the first signal is then taken without a word, and a second one
    /// gives the terminal back before the process ends.
    pub(crate) fn take_terminal(&self) {
        self.has_terminal.store(true, Ordering::Relaxed);
    }

    /// Waits for the first signal.
    pub(crate) async fn asked(&self) {
        self.token.cancelled().await;
    }

    /// A token that is cancelled by the first signal.
    pub(crate) fn token(&self) -> CancellationToken {
        self.token.clone()
    }

    /// The exit code of a command that runs until it is stopped.
    ///
    /// 130 after Ctrl-C, and 0 after `SIGTERM` or without a signal.
    pub(crate) fn exit(&self) -> Exit {
        match self.asked.get() {
            Some(Asked::Interrupt) => Exit::Interrupted,
            Some(Asked::Terminate) | None => Exit::Done,
        }
    }

    /// Listens for signals while the set lives; a second one, of either kind, ends the process at once.
    pub(crate) fn listen(&self, tasks: &mut JoinSet<()>) -> std::io::Result<()> {
        let mut signals = Signals::new()?;
        let stop = self.clone();
        tasks.spawn(async move {
            loop {
                let asked = signals.next().await;
                let has_terminal = stop.has_terminal.load(Ordering::Relaxed);
                if stop.asked.set(asked).is_err() {
                    if has_terminal {
                        // A terminal that is gone cannot be given back.
                        let _ = ratatui::try_restore();
                    }
                    std::process::exit(Exit::Interrupted.code().into());
                }
                if asked == Asked::Interrupt && !has_terminal {
                    note("stopping; press Ctrl-C again to stop at once");
                }
                stop.token.cancel();
            }
        });
        Ok(())
    }
}

/// `SIGHUP`, for the one command that does something else on it than to end.
///
/// From its making on the signal no longer ends the process.
pub(crate) struct Hangup {
    #[cfg(unix)]
    signal: tokio::signal::unix::Signal,
}

impl Hangup {
    /// # Errors
    /// The system refuses to tell of signals.
    pub(crate) fn listen() -> std::io::Result<Self> {
        Ok(Self {
            #[cfg(unix)]
            signal: tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup())?,
        })
    }

    /// Waits for the next one; there is none on Windows.
    pub(crate) async fn next(&mut self) {
        #[cfg(unix)]
        if self.signal.recv().await.is_some() {
            return;
        }
        std::future::pending::<()>().await;
    }
}

/// Made once, before the command begins, so that no signal meets the system's default.
#[cfg(unix)]
struct Signals {
    interrupt: tokio::signal::unix::Signal,
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn new() -> std::io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.interrupt.recv() => Asked::Interrupt,
            _ = self.terminate.recv() => Asked::Terminate,
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self)
    }

    async fn next(&mut self) -> Asked {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
        Asked::Interrupt
    }
}
