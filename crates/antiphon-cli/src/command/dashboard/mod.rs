//! `antiphon dashboard`.
//!
//! A web page of a journal, for looking at it while a daemon writes it or afterwards. It reads the file as `tail` does,
//! by connections of its own, so that it cannot slow the daemon's commits. The command serves it in a process of its
//! own; the daemon does so itself where `[dashboard]` of its configuration says where:
//!
//! ```text
//!  browser ──▶ guard ──▶ pages ──┬──▶ journal (read-only), opened when a page first needs it
//!               │                ├──▶ recent: counts, connections and gaps of the newest events, kept by one task
//!               │                └──▶ the daemon: itself, or the control socket of one that runs
//!               └────▶ live (server-sent events) ──▶ journal
//! ```
//!
//! - [`server`] listens and answers until it is ended; [`endpoint`] is the daemon's, which a reload opens, moves, closes.
//! - [`guard`] refuses foreign hosts, cross-site requests and wrong logins, and sets the headers that keep texts from
//!   platforms from becoming script.
//! - [`overview`], [`events`], [`players`], [`latency`], [`storage`] and [`dead`] make the HTML within [`pages`]; every
//!   page works without JavaScript.
//! - [`live`] sends rows of new events. It reads the journal from the position that the browser saw last, so that a
//!   reconnect neither repeats a row nor misses one.
//! - [`sandbox`] acts in the world of a simulator, where one is known.
//! - [`recent`] keeps in memory what pages show of the newest events, [`playing`] what plays; [`chart`] and [`plot`]
//!   draw it as SVG.

mod chart;
mod dead;
mod delay;
mod endpoint;
mod events;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod guard;
mod latency;
mod live;
mod overview;
mod pages;
mod players;
mod playing;
mod plot;
mod recent;
mod sandbox;
mod server;
mod storage;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use antiphon_core::Retention;
use antiphon_journal::Inspect;
use tokio::{
    sync::{Mutex, Notify, Semaphore},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

pub(crate) use self::{
    endpoint::{Endpoint, Login},
    guard::login_of,
};
use self::{
    recent::Recent,
    sandbox::{Sandbox, Simulation},
    server::{Server, Settings},
};
use crate::{
    args::Dashboard,
    config,
    control::Running,
    failure::{Exit, Failure},
    journal::{self, location::Location},
    output::{Form, Output},
    signals::Stop,
};

/// Live connections at the same time; a further one is answered with status 503, and its browser tries again.
const LIVE: usize = 64;
/// How long a page waits for the figures of the past, before it shows those that are there.
const COUNTING: Duration = Duration::from_millis(500);

/// What every page has at hand.
pub(super) struct Site {
    /// Where the journal is.
    location: Location,
    /// What the configuration keeps; a daemon that runs says what it keeps.
    policy: Retention,
    /// The daemon that this process is, if it is one; else it is asked by its control socket.
    daemon: Option<Running>,
    /// Opened when a page first needs it, and again after it could not be read.
    journal: Mutex<Option<Arc<dyn Inspect>>>,
    recent: Arc<Recent>,
    /// Tells that somebody looks, upon which counting begins.
    looked: Notify,
    live: Arc<Semaphore>,
    /// The simulator at the other end of the connections, where one is known.
    sandbox: Option<Sandbox>,
    /// It ends the live connections, so that the server can end.
    over: CancellationToken,
}

impl Site {
    fn new(location: Location, policy: Retention, over: CancellationToken) -> Self {
        Self {
            location,
            policy,
            daemon: None,
            journal: Mutex::default(),
            recent: Arc::default(),
            looked: Notify::new(),
            live: Arc::new(Semaphore::new(LIVE)),
            sandbox: None,
            over,
        }
    }

    /// Acts in the world of a simulator too.
    fn with_sandbox(self, simulation: Option<Simulation>) -> Self {
        Self {
            sandbox: simulation.map(Sandbox::new),
            ..self
        }
    }

    /// Asks the daemon that this process is.
    fn within(self, daemon: Running) -> Self {
        Self {
            daemon: Some(daemon),
            ..self
        }
    }

    /// The journal, opened now if it is not open; counting begins.
    ///
    /// # Errors
    /// It is not there, or cannot be read; the next call tries again.
    async fn journal(&self) -> Result<Arc<dyn Inspect>, Failure> {
        self.looked.notify_one();
        let mut open = self.journal.lock().await;
        if let Some(journal) = &*open {
            return Ok(Arc::clone(journal));
        }
        let journal = journal::to_read(&self.location).await?;
        *open = Some(Arc::clone(&journal));
        Ok(journal)
    }

    /// Forgets the open journal after a read failed, so that a file that was put back is found.
    async fn reopen(&self) {
        *self.journal.lock().await = None;
    }

    /// The figures, once the past is counted or [`COUNTING`] is over.
    async fn figures(&self) -> &Recent {
        // Figures that are not whole say so.
        let _ = timeout(COUNTING, self.recent.counted()).await;
        &self.recent
    }
}

/// Serves the pages until a signal stops it.
///
/// A journal that is not there is no error: the pages say so until it is.
///
/// # Errors
/// Exit code 2: an address beyond loopback without a login, and a login file that cannot be used. Exit code 1: the
/// address cannot be listened on.
pub(crate) async fn dashboard(args: Dashboard, stop: &Stop) -> anyhow::Result<Exit> {
    let config = config::of_place(&args.journal)?;
    let location = config::journal_of(&args.journal, config.as_ref())?;
    // One that is not there yet may come.
    location.file().map_or(Ok(()), journal::is_no_folder)?;
    let policy = config::retention_of(config.as_ref());
    let simulation = Simulation::find(args.sim.as_deref(), config.as_ref())?;
    let login = args.login.as_deref().map(login_of).transpose();
    let settings = Settings {
        listen: args.listen,
        hosts: args.hosts,
        login: login.map_err(Failure::from)?,
    };
    if settings.is_open_to_all() {
        let error = format!(
            "{} can be reached by others, and no login is asked for",
            args.listen
        );
        return Err(Failure::usage(error)
            .hint("name a file with `user:password` by `--login FILE`, or listen on 127.0.0.1")
            .into());
    }
    let server = Server::listen(settings).await.map_err(|failure| {
        failure.hint("another port may be free: `--listen 127.0.0.1:0` takes any")
    })?;
    announce(server.address, args.shape.output)?;
    let site = Site::new(location, policy, stop.token()).with_sandbox(simulation);
    server.run(site).await;
    Ok(stop.exit())
}

/// Prints the address on stdout, once it answers.
fn announce(address: SocketAddr, form: Form) -> anyhow::Result<()> {
    let url = format!("http://{address}/");
    let mut output = Output::stdout(form);
    match output.form() {
        Form::Json => output.json(&Address { url: &url })?,
        Form::Text => output.line(format_args!("the dashboard is at {url}"))?,
    }
    output.flush()
}

/// The one line of `--output json`.
#[derive(serde::Serialize, schemars::JsonSchema)]
#[schemars(rename = "DashboardAddress")]
pub(crate) struct Address<'a> {
    /// Where the pages are.
    url: &'a str,
}
