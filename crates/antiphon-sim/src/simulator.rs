//! A whole simulation: platforms, tasks, and the network that leads to them.
//!
//! A simulation is a world, a ledger, the platforms of the list, a network on which their hosts lead to them, and the tasks
//! that run it; dropping it ends every task.
//! Over pipes it runs on tokio's clock, so that a paused test sees hours in milliseconds; over real sockets it runs in the
//! machine's own time, and has the control address beside.

use std::{
    fmt, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use antiphon_core::Clock;
use antiphon_net::{Addresses, Network, Route, pipe};
use jiff::Timestamp;
use serde_json::Value;
use tokio::{
    net::TcpListener,
    task::JoinSet,
    time::{Instant, sleep_until, timeout},
};

use crate::{
    command::{Command, CommandError},
    control_server::ControlServer,
    gate::Gate,
    ledger::{Ledger, Note, Query},
    line::Line,
    options::Options,
    platform::Task,
    platforms::Platforms,
    ports::{Closing, PortConnector, Ports},
    server::Listening,
    tls::{self, Tls},
    wire::Wire,
    world::World,
    world_file::WorldFile,
};

/// Bytes that a pipe holds in each direction.
///
/// A client that does not read fills it, and the server's queue after it.
const PIPE: usize = 64 * 1024;
/// Connections that a listener serves at once; one more is closed, with a warning in the log.
///
/// Every port has a listener, and so has every in-memory address.
const CONNECTIONS: usize = 1024;
/// Pause after the system refused a connection or a port.
const PAUSE: Duration = Duration::from_millis(100);
/// Longest TLS handshake.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// How long sockets get to close when the simulation stops.
///
/// A socket that does not close then ends with its task.
const FAREWELL: Duration = Duration::from_secs(1);
/// When a simulation on a paused clock begins.
///
/// A Monday evening, so that ages and histories look natural.
const BEGINNING: &str = "2026-01-05T20:00:00Z";

/// Every simulated platform, over in-memory pipes or real sockets.
///
/// A simulation owns the tasks that it runs on; dropping it ends them all.
///
/// ```
/// use antiphon_sim::{Query, Simulator};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let sim = Simulator::with_seed(7);
///
/// // Control handles make simulated users act and inject faults.
/// let loft = sim.queup().room("choir-loft");
/// loft.say("mira", "good evening");
/// sim.discord().cut();
///
/// // Clients under test take the network, the clock and a login.
/// let (network, clock, login) = (sim.network(), sim.clock(), sim.queup().account());
/// assert_eq!(login.username, "antiphon");
/// # let _ = (network, clock);
///
/// // The ledger has a row for every event that was due to an account.
/// assert!(sim.ledger().rows(&Query::default()).is_empty(), "no client has joined yet");
/// sim.stop().await;
/// # }
/// ```
///
/// A test of a client takes three things of it and injects faults between its steps:
///
/// ```
/// use std::time::Duration;
///
/// use antiphon_sim::{RestFault, Simulator};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let sim = Simulator::with_seed(7);
/// let (network, clock, login) = (sim.network(), sim.clock(), sim.queup().account());
/// # let _ = (network, clock);
///
/// // What the client under test does comes here. Then something breaks:
/// sim.queup().fail_rest("POST /chat/*", 1, RestFault::Status(429));
/// sim.queup().links_of(&login.username).cut();
/// sim.discord().refuse_sockets(Duration::from_secs(5));
/// sim.stackexchange().half_open();
///
/// // What the client should have had, and what it did not expect:
/// assert!(sim.ledger().due_to(&login.id).is_empty());
/// assert!(sim.notes().is_empty());
/// # }
/// ```
///
/// | handle | of |
/// | --- | --- |
/// | [`discord`](Self::discord), [`lavalink`](Self::lavalink), [`queup`](Self::queup), [`stackexchange`](Self::stackexchange) | one platform: users, state and faults |
/// | [`network`](Self::network), [`clock`](Self::clock) | the client under test |
/// | [`ledger`](Self::ledger), [`notes`](Self::notes), [`wire`](Self::wire), [`transcript`](Self::transcript) | what happened |
/// | [`execute`](Self::execute) | a command, as scripts and the control address give them |
pub struct Simulator {
    /// Seed, run and clock, from which everything follows.
    world: World,
    ledger: Ledger,
    wire: Wire,
    pub(crate) platforms: Platforms,
    /// Network that leads to the platforms by their own host names.
    network: Network,
    /// Addresses and logins; absent over pipes.
    addresses: Option<Addresses>,
    /// Everything that runs, which ends when the simulation is dropped.
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
    /// Starts a simulation for a test: over pipes, without traffic, on tokio's clock, paused or not.
    ///
    /// The shortest way: no options but the seed.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn with_seed(seed: u64) -> Self {
        Self::over_pipes(&Options::new().seed(seed))
    }

    /// Starts a simulation over pipes, on tokio's clock.
    ///
    /// On a paused clock (`start_paused = true`) all of it runs as fast as the machine allows.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn over_pipes(options: &Options) -> Self {
        let beginning: Timestamp = BEGINNING.parse().expect("a timestamp");
        let mut simulator = Self::new(options, Clock::starting_at(beginning));
        let platforms = simulator.platforms.clone();
        for (name, platform) in platforms.iter() {
            for (port, hosts) in (0..).zip(platform.hosts()) {
                let (connector, listener) = pipe::listen(PIPE);
                let serve = simulator.serving(name, port);
                simulator.run(accept_pipes(listener, serve));
                let ports = platform.shared().ports.clone();
                let connector = PortConnector {
                    connector,
                    ports,
                    port,
                };
                simulator.route(&hosts, &Route::connector(Arc::new(connector)));
            }
        }
        simulator
    }

    fn new(options: &Options, clock: Clock) -> Self {
        let world = World::new(options.seed, options.run, clock);
        let ledger = Ledger::with_limits(options.ledger);
        let platforms = Platforms::start(world, &ledger, options);
        let simulator = Self {
            world,
            ledger,
            wire: Wire::new(world),
            platforms,
            network: Network::new(),
            addresses: None,
            tasks: Mutex::new(JoinSet::new()),
        };
        for (_, platform) in simulator.platforms.iter() {
            platform.shared().rate.send_replace(options.rate);
            for task in platform.tasks(world) {
                simulator.run(task);
            }
        }
        if !options.script.is_empty() {
            let mut script = options.script.clone();
            script.sort_by_key(|command| command.at);
            let (platforms, ledger) = (simulator.platforms.clone(), simulator.ledger());
            simulator.run(play(platforms, ledger, world, script));
        }
        simulator
    }

    /// Starts a simulation over real sockets, in the machine's own time.
    ///
    /// It listens on the loopback address unless the options say otherwise.
    ///
    /// The control address listens too; [`Addresses`] has it.
    ///
    /// # Errors
    ///
    /// The [`io::Error`] of a port that cannot be bound; it names the server and the port.
    ///
    /// # Examples
    ///
    /// A program in any language gives commands and reads the ledger over HTTP:
    ///
    /// ```
    /// use antiphon_net::Network;
    /// use antiphon_sim::{Options, Simulator};
    /// use bytes::Bytes;
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let sim = Simulator::listen(&Options::new().seed(7)).await?;
    /// let control = &sim.addresses().expect("it listens").control;
    /// let client = Network::new().http();
    ///
    /// let say = r#"{"do":"say","platform":"queup","place":"room/choir-loft","by":"mira","text":"hello"}"#;
    /// let said = http::Request::post(format!("{control}/do")).body(Bytes::from(say))?;
    /// assert_eq!(client.send(said).await?.status(), 200);
    /// assert_eq!(sim.queup().room("choir-loft").texts(), ["hello"]);
    ///
    /// let wrong = http::Request::post(format!("{control}/do")).body(Bytes::from(r#"{"do":"sing"}"#))?;
    /// let answer = client.send(wrong).await?;
    /// assert_eq!(answer.status(), 400);
    /// assert!(std::str::from_utf8(answer.body())?.contains("expected one of"));
    /// # sim.stop().await;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn listen(options: &Options) -> io::Result<Self> {
        let mut simulator = Self::new(options, Clock::system());
        let port_of = |name: &str| options.ports.get(name).copied().unwrap_or(0);
        let shown = |at: SocketAddr| shown(at, options.host.as_deref());
        let platforms = simulator.platforms.clone();
        let tls = if options.tls {
            let hosts = platforms.iter().flat_map(|(_, platform)| platform.hosts());
            let hosts: Vec<String> = hosts.flatten().collect();
            let names = tls::names(options.address, options.host.as_deref(), &hosts);
            Some(Tls::new(&names)?)
        } else {
            None
        };
        if let Some(tls) = &tls {
            let trusting = simulator.network.clone();
            simulator.network = trusting.root_certificate(tls.authority.as_bytes());
        }
        for (name, platform) in platforms.iter() {
            let hosts = platform.hosts();
            let listeners = bind_row(name, options.address, port_of(name), hosts.len()).await?;
            let at: Vec<SocketAddr> = listeners.iter().map(reachable).collect::<io::Result<_>>()?;
            platform.listens_at(Listening {
                at: at.iter().copied().map(shown).collect(),
                is_tls: tls.is_some(),
            });
            for (port, listener) in listeners.into_iter().enumerate() {
                let route = if tls.is_some() {
                    Route::address_tls(at[port])
                } else {
                    Route::address(at[port])
                };
                simulator.route(&hosts[port], &route);
                let serve = simulator.serving(name, port);
                let ports = platform.shared().ports.clone();
                simulator.run(accept(listener, tls.clone(), (ports, port), serve));
            }
        }
        let control = Options::CONTROL;
        let control = bind(control, options.address, port_of(control)).await?;
        let addresses = Addresses::new(
            format!("http://{}", shown(reachable(&control)?)),
            tls.map(|tls| tls.authority.to_string()),
            platforms
                .iter()
                .map(|(name, platform)| (name, platform.addresses_json())),
        );
        simulator.addresses = Some(addresses.clone());
        let server = ControlServer::new(
            platforms,
            simulator.ledger(),
            simulator.wire(),
            addresses,
            Gate::new(options.address, options.host.as_deref()),
            options.control_token.clone(),
        );
        let serve = move |line| server.clone().serve(line);
        simulator.run(accept(control, None, (Ports::default(), 0), serve));
        Ok(simulator)
    }

    /// Serves the connections to a port of a platform.
    fn serving(
        &self,
        name: &'static str,
        port: usize,
    ) -> impl Fn(Line) -> Task + Clone + Send + 'static {
        let (platforms, wire) = (self.platforms.clone(), self.wire.clone());
        let hosts = platforms.named(name).hosts();
        let host = hosts.get(port).and_then(|hosts| hosts.first());
        let server: Arc<str> = host.map_or(name, String::as_str).into();
        move |line: Line| {
            let watch = wire.connection(name, &server);
            platforms.named(name).serve(port, line.watched(watch))
        }
    }

    /// Leads these hosts to a port.
    fn route(&mut self, hosts: &[String], route: &Route) {
        for host in hosts {
            self.network = self.network.clone().route(host, route.clone());
        }
    }

    /// Executes a command at once, as the control address does; returns its outcome, such as the id of a message.
    ///
    /// The outcome is an empty object where there is nothing to return.
    ///
    /// # Errors
    ///
    /// [`CommandError`] if the command names something that does not exist, or asks for more than there can be.
    pub fn execute(&self, command: &Command) -> Result<Value, CommandError> {
        self.platforms.execute(command)
    }

    /// The present guilds, rooms, nodes and people, in the form in which [`Options::world`] takes them.
    ///
    /// Sessions, Discord's messages and voice states, and everything else that passes are left out;
    /// docs/simulator-world.md names it all.
    pub fn present_world(&self) -> WorldFile {
        self.platforms.world()
    }

    /// Addresses and logins; `None` while the simulation listens on no real socket.
    pub fn addresses(&self) -> Option<&Addresses> {
        self.addresses.as_ref()
    }

    /// Closes every socket with 1001 and ends the simulation.
    ///
    /// Sockets get a second to close; after that they end without a word.
    pub async fn stop(self) {
        for (_, platform) in self.platforms.iter() {
            platform.shared().rate.send_replace(0);
            let sockets = platform.sockets();
            sockets.refuse_sockets(Duration::MAX);
            sockets.close(1001, "the simulator stops");
        }
        let all_closed = async {
            for (_, platform) in self.platforms.iter() {
                platform.shared().open.all_closed().await;
            }
        };
        if timeout(FAREWELL, all_closed).await.is_err() {
            tracing::debug!("some sockets did not close in time");
        }
        let mut tasks = self
            .tasks
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        tasks.shutdown().await;
    }

    /// Spawns a task that ends with the simulation.
    fn run(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .spawn(task);
    }

    /// A network on which the platforms' host names lead to the simulation.
    ///
    /// TLS is left out on it, so that `https` and `wss` URLs work over pipes:
    ///
    /// ```
    /// use antiphon_sim::Simulator;
    /// use bytes::Bytes;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let sim = Simulator::with_seed(7);
    /// let rooms = http::Request::get("https://api.queup.net/room").body(Bytes::new())?;
    /// let answer = sim.network().http().send(rooms).await?;
    /// let answer: serde_json::Value = serde_json::from_slice(answer.body())?;
    /// assert!(answer["data"].as_array().is_some_and(|rooms| rooms.len() >= 2));
    /// # Ok(())
    /// # }
    /// ```
    pub fn network(&self) -> Network {
        self.network.clone()
    }

    /// The seed, the run and the clock.
    pub fn world(&self) -> World {
        self.world
    }

    /// The simulated wall clock, for the clients under test.
    pub fn clock(&self) -> Clock {
        self.world.clock()
    }

    /// The ledger of events that were due to accounts.
    pub fn ledger(&self) -> Ledger {
        self.ledger.clone()
    }

    /// The newest frames, requests and answers of every connection.
    pub fn wire(&self) -> Wire {
        self.wire.clone()
    }

    /// Notes about unexpected behaviour of clients, oldest first.
    pub fn notes(&self) -> Vec<Note> {
        self.ledger.notes()
    }

    /// The ledger as text for snapshots, with names in place of ids and times from the start.
    ///
    /// One line for each row: the seconds since the beginning, kind, place, whether it was sent, and the body.
    ///
    /// Two runs of one seed have the same transcript, whatever their ids are.
    ///
    /// ```
    /// use antiphon_sim::Simulator;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let sim = Simulator::with_seed(7);
    /// assert_eq!(sim.transcript(), "", "no client was there, so nothing was due");
    /// # }
    /// ```
    pub fn transcript(&self) -> String {
        let platforms = self.platforms.iter();
        let names: Vec<(String, String)> = platforms
            .flat_map(|(_, platform)| platform.names())
            .collect();
        let beginning: Timestamp = BEGINNING.parse().expect("a timestamp");
        self.ledger
            .rows(&Query::default())
            .iter()
            .map(|row| {
                let seconds = (row.at - beginning.as_millisecond()) / 1000;
                let millis = (row.at - beginning.as_millisecond()) % 1000;
                let sent = match (&row.due_to, row.frame.filter(|_| row.sent)) {
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

/// An address at which this machine reaches a listener: the loopback address for one that listens on all.
fn reachable(listener: &TcpListener) -> io::Result<SocketAddr> {
    let mut at = listener.local_addr()?;
    match at.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => at.set_ip(Ipv4Addr::LOCALHOST.into()),
        IpAddr::V6(ip) if ip.is_unspecified() => at.set_ip(Ipv6Addr::LOCALHOST.into()),
        _ => {}
    }
    Ok(at)
}

/// Host and port as addresses show them.
fn shown(at: SocketAddr, host: Option<&str>) -> String {
    match host {
        Some(host) if host.parse::<Ipv6Addr>().is_ok() => format!("[{host}]:{}", at.port()),
        Some(host) => format!("{host}:{}", at.port()),
        None => at.to_string(),
    }
}

/// Executes the commands of a script at their times.
async fn play(platforms: Platforms, ledger: Ledger, world: World, script: Vec<Command>) {
    let start = Instant::now();
    for command in script {
        sleep_until(start + command.at).await;
        if let Err(error) = platforms.execute(&command) {
            let text = format!("a command of the script failed: {error}");
            ledger.note(world.now(), command.platform, text);
        }
    }
}

async fn accept_pipes<F>(mut listener: pipe::PipeListener, serve: impl Fn(Line) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let mut connections = Connections::default();
    loop {
        tokio::select! {
            arrival = listener.accept() => match arrival {
                Some((stream, _, _)) => connections.add(serve(Line::pipe(stream))),
                None => break,
            },
            () = connections.one_ended() => {}
        }
    }
    // No client can connect any more; open connections are served to their end.
    while connections.0.join_next().await.is_some() {}
}

/// Serves the connections to a port, which a control handle closes and opens.
async fn accept<F>(
    mut listener: TcpListener,
    tls: Option<Tls>,
    (ports, port): (Ports, usize),
    serve: impl Fn(Line) -> F + Clone + Send + 'static,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let mut connections = Connections::default();
    loop {
        tokio::select! {
            arrival = listener.accept() => match arrival {
                Ok((stream, _)) => {
                    // Small frames are sent at once; a failure to set this harms nothing.
                    let _ = stream.set_nodelay(true);
                    match tls.clone() {
                        None => connections.add(serve(Line::tcp(stream))),
                        Some(tls) => {
                            let serve = serve.clone();
                            connections.add(async move {
                                match timeout(HANDSHAKE, tls.accept(stream)).await {
                                    Ok(Ok(stream)) => serve(Line::tls(stream)).await,
                                    Ok(Err(error)) => tracing::debug!(%error, "a handshake failed"),
                                    Err(_) => tracing::debug!("a client makes no handshake"),
                                }
                            });
                        }
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(PAUSE).await;
                }
            },
            closing = ports.until_closed(port) => {
                let at = listener.local_addr();
                drop(listener);
                if closing == Closing::AtOnce {
                    connections.0.abort_all();
                }
                ports.until_open(port).await;
                match at {
                    Ok(at) => listener = bind_again(at).await,
                    Err(error) => return tracing::error!(%error, "a port stays closed"),
                }
            }
            () = connections.one_ended() => {}
        }
    }
}

/// Binds a port that was closed; waits for it while another program has it, and says so once.
async fn bind_again(at: SocketAddr) -> TcpListener {
    let mut is_said = false;
    loop {
        match TcpListener::bind(at).await {
            Ok(listener) => return listener,
            Err(error) if !is_said => {
                tracing::warn!(%error, %at, "a port cannot be opened again yet");
                is_said = true;
            }
            Err(_) => {}
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Connections of one listener, each on a task of its own; dropping this ends them.
#[derive(Default)]
struct Connections(JoinSet<()>);

impl Connections {
    /// Serves one more, if there are not too many.
    fn add(&mut self, serve: impl Future<Output = ()> + Send + 'static) {
        if self.0.len() < CONNECTIONS {
            self.0.spawn(serve);
        } else {
            tracing::warn!(most = CONNECTIONS, "too many connections; one was closed");
        }
    }

    /// Waits until a connection ends; logs a panic of its task.
    async fn one_ended(&mut self) {
        match self.0.join_next().await {
            Some(Err(error)) if error.is_panic() => {
                tracing::error!(%error, "serving a connection panicked");
            }
            Some(_) => {}
            None => std::future::pending().await,
        }
    }
}

/// Binds a port; the error names the server and the port.
async fn bind(server: &str, address: IpAddr, port: u16) -> io::Result<TcpListener> {
    let bound = TcpListener::bind((address, port)).await;
    bound.map_err(|error| io::Error::new(error.kind(), format!("{server}={port}: {error}")))
}

/// Binds ports that follow one another.
async fn bind_row(
    server: &str,
    address: IpAddr,
    port: u16,
    ports: usize,
) -> io::Result<Vec<TcpListener>> {
    loop {
        let mut row = vec![bind(server, address, port).await?];
        let mut failure = None;
        while row.len() < ports && failure.is_none() {
            let last = row[row.len() - 1].local_addr()?.port();
            let next = match last.checked_add(1) {
                Some(next) => bind(server, address, next).await,
                None => Err(io::ErrorKind::AddrNotAvailable.into()),
            };
            match next {
                Ok(next) => row.push(next),
                Err(error) => failure = Some(error),
            }
        }
        match failure {
            None => return Ok(row),
            // A port that was asked for is not exchanged for another.
            Some(error) if port != 0 => return Err(error),
            Some(_) => {}
        }
    }
}
