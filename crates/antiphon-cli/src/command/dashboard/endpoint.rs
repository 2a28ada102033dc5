//! The daemon's own dashboard, where `[dashboard]` of its configuration says where.

use std::{net::SocketAddr, path::Path, time::Duration};

use tokio::{task::JoinSet, time::timeout};
use tokio_util::sync::CancellationToken;
use tracing::info;

use super::{
    Site,
    guard::{Gate, Guard, login_of},
    sandbox::Simulation,
    server::{Server, Settings},
};
use crate::{
    config::{self, Config, value::overlap},
    control::Running,
    failure::Failure,
    finding::{Code, Finding},
    logging::DAEMON,
};

/// How long answers that are under way may take once it is closed.
const ENDING: Duration = Duration::from_secs(2);

/// The dashboard of a daemon, which a reload may open, close and move.
pub(crate) struct Endpoint {
    running: Running,
    open: Option<Open>,
    /// What it was, and the address that it had, before it made room for another listener.
    before: Option<(Settings, SocketAddr)>,
    /// The server, while it is open.
    tasks: JoinSet<()>,
}

/// A server that answers.
struct Open {
    /// What the configuration says of it.
    settings: Settings,
    /// The address that it got.
    address: SocketAddr,
    gate: Gate,
    over: CancellationToken,
}

/// Whether the login that was asked for is another one now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Login {
    Same,
    Another,
}

impl Endpoint {
    /// A dashboard that is not open yet.
    pub(crate) fn new(running: Running) -> Self {
        Self {
            running,
            open: None,
            before: None,
            tasks: JoinSet::new(),
        }
    }

    /// Address at which it listens.
    pub(crate) fn listens(&self) -> Option<SocketAddr> {
        self.open.as_ref().map(|open| open.address)
    }

    /// Opens, moves or closes it, as the configuration says; the names and the login of one that stays are renewed.
    ///
    /// # Errors
    /// A login that cannot be read; an address that others can reach, without one; an address that cannot be had. The
    /// dashboard is as it was, also if it has made room.
    pub(crate) async fn change(&mut self, config: &Config) -> Result<Login, Failure> {
        let changed = self.apply(config).await;
        if changed.is_err() {
            self.stay(config).await;
        }
        self.before = None;
        changed
    }

    /// Opens it where it was before it made room.
    pub(crate) async fn stay(&mut self, config: &Config) {
        if let Some((before, at)) = self.before.take() {
            // What stands in its way now is the failure that is told.
            let _ = self.begin(before, at, config).await;
        }
    }

    async fn apply(&mut self, config: &Config) -> Result<Login, Failure> {
        let Some(settings) = settings(&config.dashboard, &config.folder)? else {
            self.close().await;
            return Ok(Login::Same);
        };
        let before = self.open.as_ref().map(|open| &open.settings);
        let before = before.or(self.before.as_ref().map(|(before, _)| before));
        let logins = (
            before.and_then(|before| before.login.as_ref()),
            &settings.login,
        );
        let login = match logins {
            (Some(before), Some(after)) if !before.is(after) => Login::Another,
            _ => Login::Same,
        };
        if let Some(open) = &mut self.open {
            if open.settings.listen == settings.listen {
                let (hosts, asked) = (settings.hosts.clone(), settings.login.clone());
                open.gate.change(Guard::new(open.address, hosts, asked));
                open.settings = settings;
                return Ok(login);
            }
            // `127.0.0.1` and `0.0.0.0` of one port cannot be had at once.
            if overlap(open.address, settings.listen) {
                self.make_room().await;
            }
        }
        let at = settings.listen;
        self.begin(settings, at, config).await?;
        Ok(login)
    }

    /// Closes it for another listener that wants its address; [`Endpoint::change`] follows, and opens it again.
    pub(crate) async fn make_room(&mut self) {
        let open = self.open.as_ref();
        self.before = open.map(|open| (open.settings.clone(), open.address));
        self.close().await;
    }

    /// Opens it at an address, and then closes the one before.
    async fn begin(
        &mut self,
        settings: Settings,
        at: SocketAddr,
        config: &Config,
    ) -> Result<(), Failure> {
        let simulation = Simulation::find(None, Some(config))?;
        let wanted = Settings {
            listen: at,
            ..settings.clone()
        };
        let server = Server::listen(wanted).await.map_err(|failure| {
            failure.about("the dashboard").hint(
                "choose another address in `[dashboard] listen`, or end the program that has it",
            )
        })?;
        self.close().await;
        let over = CancellationToken::new();
        let address = server.address;
        info!(target: DAEMON, %address, "the dashboard is at http://{address}/");
        self.open = Some(Open {
            settings,
            address,
            gate: server.gate(),
            over: over.clone(),
        });
        let (location, policy) = (
            self.running.location.clone(),
            self.running.handle.retention(),
        );
        let site = Site::new(location, policy, over)
            .within(self.running.clone())
            .with_sandbox(simulation);
        self.tasks.spawn(server.run(site));
        Ok(())
    }

    /// Closes it, and waits for its answers that are under way; for two seconds at most.
    pub(crate) async fn close(&mut self) {
        if let Some(open) = self.open.take() {
            open.over.cancel();
            let _ = timeout(ENDING, self.tasks.join_next()).await;
            self.tasks.shutdown().await;
        }
    }
}

/// What the configuration says; `None` if there is to be no dashboard.
///
/// # Errors
/// Exit code 2: a login that cannot be read, and an address that others can reach without one.
fn settings(config: &config::Dashboard, folder: &Path) -> Result<Option<Settings>, Failure> {
    let Some(listen) = config.listen() else {
        return Ok(None);
    };
    let login = config.login.as_ref();
    let settings = Settings {
        listen,
        hosts: config.hosts.clone(),
        login: login
            .map(|path| login_of(&path.within(folder)))
            .transpose()?,
    };
    if settings.is_open_to_all() {
        let message = format_args!("`listen` of [dashboard]: other machines can reach {listen}");
        return Err(Finding::new(Code::DashboardOpen, message).into());
    }
    Ok(Some(settings))
}
