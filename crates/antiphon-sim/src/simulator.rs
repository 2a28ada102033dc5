//! A whole simulation: its servers, its tasks, and the network that leads to them.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use antiphon_core::Clock;
use antiphon_net::{Network, Route, pipe};
use jiff::Timestamp;
use tokio::task::JoinSet;

use crate::{
    ledger::{Ledger, Note, Query},
    line::Line,
    options::Options,
    queup::{self, QueUp, Server},
    world::World,
};

/// Bytes that a pipe holds in each direction.
const PIPE: usize = 64 * 1024;
/// Connections open at once; more are closed and noted.
const CONNECTIONS: usize = 1024;
/// When a simulation on a paused clock begins.
const BEGINNING: &str = "2026-01-05T20:00:00Z";

/// Every simulated platform, over in-memory pipes or real sockets.
///
/// It owns the tasks it runs on; dropped, it ends them all.
pub struct Simulator {
    world: World,
    ledger: Ledger,
    queup: QueUp,
    network: Network,
    tasks: Mutex<JoinSet<()>>,
}

impl fmt::Debug for Simulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Simulator")
            .field("world", &self.world)
            .finish_non_exhaustive()
    }
}

impl Simulator {
    /// A quiet simulation for a test: over pipes, in the time of tokio's clock, paused or not.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn with_seed(seed: u64) -> Self {
        Self::over_pipes(Options::new().seed(seed))
    }

    /// A simulation over pipes, in the time of tokio's clock.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn over_pipes(options: Options) -> Self {
        let beginning: Timestamp = BEGINNING.parse().expect("a timestamp");
        let mut simulator = Self::new(&options, Clock::starting_at(beginning));
        let (connector, listener) = pipe::listen(PIPE);
        let connector = Arc::new(connector);
        simulator.network = Network::new()
            .route("api.queup.net", Route::connector(connector.clone()))
            .route("ws.queup.net", Route::connector(connector));
        let server = Arc::clone(&simulator.queup.server);
        simulator.run(accept_pipes(server, listener));
        simulator
    }

    fn new(options: &Options, clock: Clock) -> Self {
        let world = World::new(options.seed, options.run, clock);
        let ledger = Ledger::with_limits(options.ledger);
        let server = Arc::new(Server::new(world, ledger.clone(), options.queup));
        let simulator = Self {
            world,
            ledger,
            queup: QueUp::new(Arc::clone(&server)),
            network: Network::new(),
            tasks: Mutex::new(JoinSet::new()),
        };
        simulator.run(server.keep_house());
        simulator
    }

    fn run(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .spawn(task);
    }

    /// A network on which the platforms' real names lead here.
    pub fn network(&self) -> Network {
        self.network.clone()
    }

    /// The simulated QueUp.
    pub fn queup(&self) -> QueUp {
        self.queup.clone()
    }

    /// The seed, the run and the clock.
    pub fn world(&self) -> World {
        self.world
    }

    /// Tells the simulated wall time; give it to the clients under test.
    pub fn clock(&self) -> Clock {
        self.world.clock()
    }

    /// What was due to whom.
    pub fn ledger(&self) -> Ledger {
        self.ledger.clone()
    }

    /// What the simulator did not expect, oldest first.
    pub fn notes(&self) -> Vec<Note> {
        self.ledger.notes()
    }

    /// The ledger as text, with names for ids and times from the beginning, for snapshots.
    pub fn transcript(&self) -> String {
        let names = self.queup.names();
        let beginning: Timestamp = BEGINNING.parse().expect("a timestamp");
        self.ledger
            .rows(&Query::default())
            .iter()
            .map(|row| {
                let seconds = (row.at - beginning.as_millisecond()) / 1000;
                let millis = (row.at - beginning.as_millisecond()) % 1000;
                let sent = match (&row.due_to, row.frame) {
                    (Some(_), Some(frame)) => format!("frame {frame}"),
                    (Some(_), None) => "missed".to_owned(),
                    (None, _) => "not due".to_owned(),
                };
                let mut line = format!(
                    "{seconds:>4}.{millis:03} {:<30} {:<40} {sent:<10} {}\n",
                    row.kind, row.place, row.body
                );
                for (id, name) in &names {
                    line = line.replace(id, name);
                }
                line
            })
            .collect()
    }
}

async fn accept_pipes(server: Arc<Server>, mut listener: pipe::PipeListener) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            arrival = listener.accept() => match arrival {
                Some((stream, _, _)) => serve(&server, &mut connections, Line::pipe(stream)),
                None => break,
            },
            Some(_) = connections.join_next() => {}
        }
    }
    while connections.join_next().await.is_some() {}
}

/// Serves a connection on a task of its own, if there are not too many.
fn serve(server: &Arc<Server>, connections: &mut JoinSet<()>, line: Line) {
    if connections.len() >= CONNECTIONS {
        server.with(|state| {
            state.note(format!(
                "more than {CONNECTIONS} connections; one was closed"
            ))
        });
        return;
    }
    connections.spawn(queup::http::serve(Arc::clone(server), line));
}
