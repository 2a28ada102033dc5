//! `antiphon dashboard`.
//!
//! A web page of a journal, for looking at it while a daemon writes it or afterwards. It is a reader of the file like
//! `tail`, in a process of its own, so that it cannot slow the daemon's commits:
//!
//! ```text
//!  browser ──▶ guard ──▶ pages ──┬──▶ journal (read-only), opened when a page first needs it
//!               │                ├──▶ recent: counts, connections and gaps of the newest events, kept by one task
//!               │                └──▶ the daemon's control socket, where one runs
//!               └────▶ live (server-sent events) ──▶ journal
//! ```
//!
//! - [`guard`] refuses foreign hosts, cross-site requests and wrong logins, and sets the headers that keep texts from
//!   platforms from becoming script.
//! - [`overview`], [`events`] and [`dead`] make the HTML within [`pages`]; every page works without JavaScript.
//! - [`live`] sends rows of new events. It reads the journal from the position that the browser saw last, so that a
//!   reconnect neither repeats a row nor misses one.
//! - [`sandbox`] acts in the world of a simulator, where one is known.
//! - [`recent`] keeps in memory what pages show of the newest events; [`chart`] draws it as SVG.

mod chart;
mod dead;
mod events;
mod guard;
mod live;
mod overview;
mod pages;
mod recent;
mod sandbox;

use std::{net::SocketAddr, path::PathBuf, sync::Arc};

use antiphon_journal::SqliteJournal;
use axum::Router;
use tokio::{
    net::TcpListener,
    sync::{Mutex, Semaphore},
    task::JoinSet,
};

use self::{
    guard::{Guard, Login},
    recent::Recent,
    sandbox::{Sandbox, Simulation},
};
use crate::{
    args::Dashboard,
    config,
    failure::{Exit, Failure},
    journal,
    output::{Form, Output},
    signals::Stop,
};

/// Live connections at the same time; a further one is answered with status 503, and its browser tries again.
const LIVE: usize = 64;

/// What every page has at hand.
pub(super) struct Site {
    /// Path of the journal's file.
    path: PathBuf,
    /// Opened when a page first needs it, and again after it could not be read.
    journal: Mutex<Option<Arc<SqliteJournal>>>,
    recent: Arc<Recent>,
    live: Arc<Semaphore>,
    /// The simulator at the other end of the connections, where one is known.
    sandbox: Option<Sandbox>,
    /// It ends the live connections, so that the server can end.
    stop: Stop,
}

impl Site {
    /// The journal, opened now if it is not open.
    ///
    /// # Errors
    /// It is not there, or cannot be read; the next call tries again.
    async fn journal(&self) -> Result<Arc<SqliteJournal>, Failure> {
        let mut open = self.journal.lock().await;
        if let Some(journal) = &*open {
            return Ok(Arc::clone(journal));
        }
        let journal = Arc::new(journal::to_read(&self.path).await?);
        *open = Some(Arc::clone(&journal));
        Ok(journal)
    }

    /// Forgets the open journal after a read failed, so that a file that was put back is found.
    async fn reopen(&self) {
        *self.journal.lock().await = None;
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
    let path = config::journal(&args.journal)?;
    let simulation = Simulation::find(
        args.sim.as_deref(),
        config::of_place(&args.journal)?.as_ref(),
    )?;
    let login = args.login.as_deref().map(Login::read).transpose()?;
    if login.is_none() && !args.listen.ip().is_loopback() {
        let error = format!(
            "{} can be reached by others, and no login is asked for",
            args.listen
        );
        return Err(Failure::usage(error)
            .hint("name a file with `user:password` by `--login FILE`, or listen on 127.0.0.1")
            .into());
    }
    let listener = TcpListener::bind(args.listen).await.map_err(|error| {
        Failure::from_error(Exit::Failed, error)
            .about(format_args!("could not listen on {}", args.listen))
            .hint("another port may be free: `--listen 127.0.0.1:0` takes any")
    })?;
    let address = listener.local_addr()?;
    let mut tasks = JoinSet::new();
    let site = Arc::new(Site {
        path,
        journal: Mutex::default(),
        recent: Arc::default(),
        live: Arc::new(Semaphore::new(LIVE)),
        sandbox: simulation.map(Sandbox::new),
        stop: stop.clone(),
    });
    tasks.spawn(recent::follow(Arc::clone(&site)));
    announce(address, &args)?;
    let guard = Guard::new(address, args.hosts, login);
    let served = axum::serve(listener, router(Arc::clone(&site), guard))
        .with_graceful_shutdown(stop.token().cancelled_owned());
    served.await?;
    tasks.shutdown().await;
    Ok(stop.exit())
}

/// Prints the address on stdout, once it answers.
fn announce(address: SocketAddr, args: &Dashboard) -> anyhow::Result<()> {
    let url = format!("http://{address}/");
    let mut output = Output::stdout(args.shape.output);
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

fn router(site: Arc<Site>, guard: Guard) -> Router {
    let (mut routes, mut further) = (pages::routes().merge(live::routes()), &[][..]);
    if site.sandbox.is_some() {
        routes = routes.merge(sandbox::routes());
        further = &[("/sandbox", "Sandbox")];
    }
    routes
        .layer(axum::middleware::from_fn(move |request, next| {
            pages::with_tabs(further, request, next)
        }))
        .with_state(site)
        .layer(axum::middleware::from_fn_with_state(
            Arc::new(guard),
            guard::check,
        ))
}
