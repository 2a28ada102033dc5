//! What the simulator asks of a simulated platform.

use std::{any::Any, pin::Pin};

use serde_json::Value;

use crate::{
    command::Row, ledger::Ledger, line::Line, options::Options, server::Shared, sockets::Sockets,
    world::World,
};

/// Work of a platform that the simulator spawns.
pub(crate) type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What a platform starts from.
pub(crate) struct Start<'a> {
    pub(crate) world: World,
    pub(crate) ledger: &'a Ledger,
    pub(crate) options: &'a Options,
    /// The platforms that started before this one.
    pub(crate) started: &'a [Box<dyn Platform>],
}

impl Start<'_> {
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

/// A platform that can be simulated; its control handle implements it.
pub(crate) trait Simulated: Platform + Sized {
    /// Name of the platform in commands, ports, addresses and the ledger.
    const NAME: &'static str;
    /// The platform's commands.
    const COMMANDS: &'static [Row<Self>];

    /// Makes the platform's state; runs nothing yet.
    fn start(start: &Start<'_>) -> Self;
}

/// A simulated platform that has started.
pub(crate) trait Platform: Any + Send + Sync {
    /// Hosts that lead to each of the platform's ports, one list for each port.
    fn hosts(&self) -> Vec<Vec<String>>;

    /// Serves one connection to a port, given by its index in [`Platform::hosts`], until either side ends it.
    fn serve(&self, port: usize, line: Line) -> Task;

    /// What runs for as long as the simulation: timers, ambient traffic.
    fn tasks(&self, world: World) -> Vec<Task>;

    /// The part of the platform's server that does not depend on the platform.
    fn shared(&self) -> &Shared;

    /// All of the platform's open sockets.
    fn all_sockets(&self) -> Sockets;

    /// Takes `host:port` of each port of a simulation over real sockets; called once at most.
    fn listens_at(&self, at: Vec<String>) {
        // Nothing else sets it.
        let _ = self.shared().listening.set(at);
    }

    /// Addresses and logins in JSON, as `antiphon sim` shows them; null while the platform listens on no real socket.
    fn addresses_json(&self) -> Value;

    /// Ids and the names that stand for them in a transcript.
    fn names(&self) -> Vec<(String, String)> {
        Vec::new()
    }
}
