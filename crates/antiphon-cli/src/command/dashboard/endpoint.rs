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
    config::{self, Config},
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
    /// The server, while it is open.
    tasks: JoinSet<()>,
}

/// A server that answers.
struct Open {
    /// The address of the configuration.
    listen: SocketAddr,
    /// The address that it got.
    address: SocketAddr,
    gate: Gate,
    over: CancellationToken,
}

impl Endpoint {
    /// A dashboard that is not open yet.
    pub(crate) fn new(running: Running) -> Self {
        Self {
            running,
            open: None,
            tasks: JoinSet::new(),
        }
    }

    /// Opens, moves or closes it, as the configuration says; the names and the login of one that stays are renewed.
    ///
    /// # Errors
    /// A login that cannot be read; an address that others can reach, without one; an address that cannot be had. The
    /// dashboard is as it was.
    pub(crate) async fn change(&mut self, config: &Config) -> Result<(), Failure> {
        let Some(settings) = settings(&config.dashboard, &config.folder)? else {
            self.close().await;
            return Ok(());
        };
        let listen = settings.listen;
        if let Some(open) = self.open.as_ref().filter(|open| open.listen == listen) {
            let guard = Guard::new(open.address, settings.hosts, settings.login);
            open.gate.change(guard);
            return Ok(());
        }
        let simulation = Simulation::find(None, Some(config))?;
        let server = Server::listen(settings).await.map_err(|failure| {
            failure.about("the dashboard").hint(
                "choose another address in `[dashboard] listen`, or end the program that has it",
            )
        })?;
        self.close().await;
        let over = CancellationToken::new();
        let address = server.address;
        info!(target: DAEMON, %address, "the dashboard is at http://{address}/");
        self.open = Some(Open {
            listen,
            address,
            gate: server.gate(),
            over: over.clone(),
        });
        let (path, policy) = (self.running.path.clone(), self.running.handle.retention());
        let site = Site::new(path, policy, over)
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
