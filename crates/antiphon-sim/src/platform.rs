//! The interface between the simulator and a platform.
//!
//! [`Simulated`] is what a platform implements: a state, a table of commands, hosts and ports, and the serving of a connection.
//! [`Platform`] is the same without its types, so that the simulator can loop over a list of them.
//! Between the two stands a blanket implementation, so that a platform writes neither a list nor a task by hand.

use std::{any::Any, pin::Pin, sync::Arc};

use serde_json::Value;

use crate::{
    command::Row,
    ledger::Ledger,
    line::Line,
    options::Options,
    server::{Listening, Server, Shared},
    sockets::{HasSockets, Selection, Sockets},
    world::World,
    world_file::{FromFile, WorldFile},
};

/// Work of a platform that the simulator spawns.
///
/// It ends with the simulation, which owns it.
pub(crate) type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Arguments of a platform's start.
pub(crate) struct Start<'a> {
    /// Seed, run and clock of the simulation.
    pub(crate) world: World,
    /// Ledger that all platforms write.
    pub(crate) ledger: &'a Ledger,
    /// Options that the simulation was started with.
    pub(crate) options: &'a Options,
    /// The platforms that started before this one.
    pub(crate) started: &'a [Box<dyn Platform>],
}

impl Start<'_> {
    /// The state by the platform's section of the world file, or the default one where the file leaves it out.
    pub(crate) fn state<S: FromFile>(
        &self,
        section: impl FnOnce(&WorldFile) -> Option<&S::Section>,
        settings: S::Settings,
    ) -> S {
        let (world, ledger, file) = (self.world, self.ledger.clone(), &self.options.world);
        let empty = S::Section::default();
        let Some(section) = section(file).or((!file.inherit).then_some(&empty)) else {
            return S::default_world(world, ledger, settings);
        };
        S::of_file(world, ledger, settings, section, file.inherit)
            .expect("a world file was checked when it was read")
    }

    /// The control handle of a platform that started before.
    pub(crate) fn find<P: Platform>(&self) -> Option<&P> {
        find(self.started)
    }
}

/// The control handle of type `P` among these.
pub(crate) fn find<P: Platform>(platforms: &[Box<dyn Platform>]) -> Option<&P> {
    platforms.iter().find_map(|platform| {
        let platform: &dyn Any = &**platform;
        platform.downcast_ref()
    })
}

/// A platform that can be simulated; its control handle implements this.
pub(crate) trait Simulated: Any + Clone + Send + Sync {
    /// State of the platform's server.
    ///
    /// Everything the platform knows, behind one lock.
    type State: HasSockets;

    /// Name of the platform in commands, ports, addresses and the ledger.
    ///
    /// Commands without a platform go to QueUp.
    const NAME: &'static str;
    /// The platform's commands.
    const COMMANDS: &'static [Row<Self>];

    /// Makes the platform's state; runs nothing yet.
    ///
    /// It is called once for each simulation, in the order of the list in `lib.rs`.
    fn start(start: &Start<'_>) -> Self;

    /// The platform's server.
    fn server(&self) -> &Arc<Server<Self::State>>;

    /// Hosts that lead to each of the platform's ports, one list for each port.
    ///
    /// The first list belongs to the first port, and so on.
    fn hosts(&self) -> Vec<Vec<String>>;

    /// Serves one connection to a port, given by its index in [`Simulated::hosts`], until either side ends it.
    ///
    /// HTTP and the sockets that follow it alike.
    fn serve(&self, port: usize, line: Line) -> Task;

    /// Makes ambient traffic: each call of the result makes some events and returns how many.
    ///
    /// It is called while the rate is above 0.
    fn traffic(world: World) -> impl FnMut(&mut Self::State) -> u32 + Send + 'static;

    /// Work beside timers and ambient traffic.
    fn more_tasks(&self) -> Vec<Task> {
        Vec::new()
    }

    /// Takes the addresses of a simulation over real sockets; called once at most.
    fn listens_at(&self, _at: &Listening) {}

    /// Addresses and logins, as `antiphon sim` shows them; null while the platform listens on no real socket.
    fn addresses_json(&self) -> Value;

    /// Ids and the names that stand for them in a transcript.
    ///
    /// A transcript shows names instead of ids, so that snapshots do not change with a seed.
    fn names(&self) -> Vec<(String, String)> {
        Vec::new()
    }
}

/// A simulated platform that has started, as the simulator sees it.
pub(crate) trait Platform: Any + Send + Sync {
    fn hosts(&self) -> Vec<Vec<String>>;
    fn serve(&self, port: usize, line: Line) -> Task;
    /// Everything that runs for as long as the simulation.
    fn tasks(&self, world: World) -> Vec<Task>;
    /// The part of the platform's server that does not depend on the platform.
    fn shared(&self) -> &Shared;
    /// All of the platform's open sockets.
    fn sockets(&self) -> Sockets;
    fn listens_at(&self, at: Listening);
    fn addresses_json(&self) -> Value;
    fn names(&self) -> Vec<(String, String)>;
}

impl<P: Simulated> Platform for P {
    fn hosts(&self) -> Vec<Vec<String>> {
        Simulated::hosts(self)
    }

    fn serve(&self, port: usize, line: Line) -> Task {
        Simulated::serve(self, port, line)
    }

    fn tasks(&self, world: World) -> Vec<Task> {
        let server = self.server();
        let mut tasks = self.more_tasks();
        tasks.push(Box::pin(Arc::clone(server).run_timers()));
        tasks.push(Box::pin(Arc::clone(server).run_traffic(P::traffic(world))));
        tasks
    }

    fn shared(&self) -> &Shared {
        &self.server().shared
    }

    fn sockets(&self) -> Sockets {
        Sockets::new(self.server(), Selection::default())
    }

    fn listens_at(&self, at: Listening) {
        Simulated::listens_at(self, &at);
        // Nothing else sets it.
        let _ = self.server().shared.listening.set(at);
    }

    fn addresses_json(&self) -> Value {
        Simulated::addresses_json(self)
    }

    fn names(&self) -> Vec<(String, String)> {
        Simulated::names(self)
    }
}
