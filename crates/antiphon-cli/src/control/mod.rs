//! The control socket, by which other commands ask a running daemon.
//!
//! `antiphon run` listens on a Unix socket beside its journal, `<journal file>.sock`, which only its owner can open; for
//! a journal on servers it is `antiphon-NAME.sock` in the configuration's folder. It
//! speaks HTTP/1.1 with JSON, so that any program can ask it; `docs/control-socket.md` describes it for those.
//!
//! ```text
//!  antiphon status ──▶ client.rs ──▶ antiphon.db.sock ──▶ server.rs ──▶ routes.rs ──▶ app, journal
//! ```
//!
//! | file | has |
//! | --- | --- |
//! | `wire` | what is sent, each answer with its version |
//! | `server` | the socket's file, connections and their limits |
//! | `routes` | what each path answers; a new one is a row there |
//! | `samples` | how the daemon did of late, kept in memory |
//! | `client` | asking, with a time-out, and telling a daemon that does not run from one that does not answer |
//!
//! The socket is made and replaced only by the process that holds the journal's lock, so that there is one owner at any
//! time.

pub(crate) mod client;
mod deadline;
mod routes;
mod samples;
#[cfg(unix)]
mod server;
pub(crate) mod wire;

use self::wire::JournalReport;
pub(crate) use self::{
    routes::{lately, report},
    samples::{EVERY, Samples, follow},
};

use std::{
    collections::BTreeMap,
    ffi::OsString,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use antiphon::{Handle, discord};
use antiphon_journal::{Inspect, Overview};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::journal::location::Location;

/// Longest path of a socket in bytes: the system keeps 108, and the last one is a zero.
pub(crate) const LONGEST_PATH: usize = 107;

/// How long the journal has to say how far its consumers are.
const OVERVIEW: Duration = Duration::from_secs(1);

/// Path of the socket of the daemon that writes this journal.
pub(crate) fn path(journal: &Location) -> PathBuf {
    let mut name = OsString::from(journal.beside());
    name.push(".sock");
    name.into()
}

/// Whether the system takes a socket's path of this length.
pub(crate) fn is_too_long(path: &Path) -> bool {
    path.as_os_str().len() > LONGEST_PATH
}

/// The running daemon that the socket's answers come from.
#[derive(Clone, Debug)]
pub(crate) struct Running {
    /// Handle to the app.
    pub(crate) handle: Handle<()>,
    /// The journal, which this process alone writes.
    pub(crate) journal: Arc<dyn Inspect>,
    /// Where the journal is.
    pub(crate) location: Location,
    /// Its Discord bots.
    pub(crate) bots: Bots,
    /// What its operator should mend, though it runs; one sentence each.
    pub(crate) warnings: Warnings,
    /// How it did of late.
    pub(crate) samples: Samples,
}

impl Running {
    /// The journal's sizes, as far as it says them within a second.
    async fn files(&self) -> JournalReport {
        let report = timeout(OVERVIEW, JournalReport::of(&self.location, &*self.journal)).await;
        report.unwrap_or_else(|_| JournalReport::nameless(&self.location))
    }

    /// How far the journal's consumers are; `None` if it does not say within a second.
    async fn overview(&self) -> Option<Overview> {
        let overview = timeout(OVERVIEW, self.journal.overview()).await;
        overview.ok()?.ok()
    }
}

/// The clients of the Discord bots that run now, by their sources; clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bots(Arc<Mutex<BTreeMap<String, discord::Client>>>);

impl Bots {
    /// Sets or removes the client of a source.
    pub(crate) fn set(&self, source: &str, bot: Option<discord::Client>) {
        let mut bots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match bot {
            Some(bot) => drop(bots.insert(source.to_owned(), bot)),
            None => drop(bots.remove(source)),
        }
    }

    pub(crate) fn all(&self) -> Vec<discord::Client> {
        let bots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        bots.values().cloned().collect()
    }
}

/// The warnings about the configuration that was read last; clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Warnings(Arc<Mutex<Vec<String>>>);

impl Warnings {
    pub(crate) fn new(warnings: Vec<String>) -> Self {
        Self(Arc::new(Mutex::new(warnings)))
    }

    pub(crate) fn set(&self, warnings: Vec<String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = warnings;
    }

    pub(crate) fn all(&self) -> Vec<String> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

/// Answers on the socket beside the journal until `over`, and removes it then.
///
/// The daemon runs without a socket too: what stands in its way is a warning of its log.
#[cfg(unix)]
pub(crate) async fn serve(running: Running, over: CancellationToken) {
    if let Some(server) = server::Server::beside(&running.location).await {
        server.run(routes::routes(running), over).await;
    }
}

/// Windows has no such sockets here.
#[cfg(not(unix))]
pub(crate) async fn serve(_: Running, _: CancellationToken) {}
