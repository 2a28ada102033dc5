//! A whole simulation: its servers, its tasks, and the network that leads to them.

use std::{
    fmt, io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use antiphon_core::Clock;
use antiphon_net::{Connect, Network, Route, pipe};
use jiff::Timestamp;
use serde_json::Value;
use tokio::{
    net::TcpListener,
    task::JoinSet,
    time::{Instant, sleep_until, timeout},
};

use crate::{
    Command, CommandError,
    address::Addresses,
    control::Hands,
    desk,
    discord::{self, Discord},
    gate::Gate,
    lavalink::{self, Lavalink},
    ledger::{Ledger, Note, Query},
    line::Line,
    options::Options,
    queup::{self, QueUp},
    stackexchange::{self, StackExchange},
    traffic,
    world::World,
};

/// Bytes that a pipe holds in each direction.
const PIPE: usize = 64 * 1024;
/// Connections open at once; more are closed and noted.
const CONNECTIONS: usize = 1024;
/// How long sockets get to close when the simulation stops.
const FAREWELL: Duration = Duration::from_secs(1);
/// When a simulation on a paused clock begins.
const BEGINNING: &str = "2026-01-05T20:00:00Z";

/// Every simulated platform, over in-memory pipes or real sockets.
///
/// It owns the tasks it runs on; dropped, it ends them all.
pub struct Simulator {
    world: World,
    ledger: Ledger,
    discord: Discord,
    lavalink: Lavalink,
    queup: QueUp,
    stackexchange: StackExchange,
    network: Network,
    addresses: Option<Addresses>,
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
        Self::over_pipes(&Options::new().seed(seed))
    }

    /// A simulation over pipes, in the time of tokio's clock.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn over_pipes(options: &Options) -> Self {
        let beginning: Timestamp = BEGINNING.parse().expect("a timestamp");
        let mut simulator = Self::new(options, Clock::starting_at(beginning));
        let queup = Arc::clone(&simulator.queup.server);
        let queup = simulator.over_pipe(move |line| queup::http::serve(Arc::clone(&queup), line));
        let chat = Arc::clone(&simulator.stackexchange.server);
        let chat =
            simulator.over_pipe(move |line| stackexchange::http::serve(Arc::clone(&chat), line));
        let server = Arc::clone(&simulator.discord.server);
        let rest =
            simulator.over_pipe(move |line| discord::http::serve_rest(Arc::clone(&server), line));
        let server = Arc::clone(&simulator.discord.server);
        let gateway = simulator
            .over_pipe(move |line| discord::http::serve_gateway(Arc::clone(&server), line));
        let nodes: Vec<Route> = (0..lavalink::NODES.len())
            .map(|node| {
                let server = Arc::clone(&simulator.lavalink.server);
                let serve = move |line| lavalink::http::serve(Arc::clone(&server), node, line);
                Route::connector(simulator.over_pipe(serve))
            })
            .collect();
        simulator.network = network(
            [&Route::connector(rest), &Route::connector(gateway)],
            &nodes,
            &Route::connector(queup),
            &Route::connector(chat),
        );
        simulator
    }

    /// Serves whoever connects over pipes; gives the way to connect.
    fn over_pipe<F>(&self, serve: impl Fn(Line) -> F + Send + 'static) -> Arc<dyn Connect>
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (connector, listener) = pipe::listen(PIPE);
        self.run(accept_pipes(listener, serve));
        Arc::new(connector)
    }

    fn new(options: &Options, clock: Clock) -> Self {
        let world = World::new(options.seed, options.run, clock);
        let ledger = Ledger::with_limits(options.ledger);
        let discord = discord::Server::new(world, ledger.clone(), options.discord);
        let discord = Arc::new(discord);
        let queup = Arc::new(queup::Server::new(world, ledger.clone(), options.queup));
        let chat = stackexchange::Server::new(world, ledger.clone(), options.stackexchange);
        let chat = Arc::new(chat);
        let nodes = lavalink::Server::new(world, ledger.clone(), options.lavalink);
        let nodes = Arc::new(nodes);
        let simulator = Self {
            world,
            ledger,
            discord: Discord::new(Arc::clone(&discord)),
            lavalink: Lavalink::new(Arc::clone(&nodes)),
            queup: QueUp::new(Arc::clone(&queup)),
            stackexchange: StackExchange::new(Arc::clone(&chat)),
            network: Network::new(),
            addresses: None,
            tasks: Mutex::new(JoinSet::new()),
        };
        simulator.run(Arc::clone(&discord).keep_house());
        simulator.run(Arc::clone(&queup).keep_house());
        simulator.run(Arc::clone(&chat).keep_house());
        simulator.run(Arc::clone(&nodes).keep_house());
        simulator.run(lavalink::watch_voices(
            Arc::clone(&nodes),
            Arc::clone(&discord),
        ));
        discord.rate.send_replace(options.rate);
        nodes.rate.send_replace(options.rate);
        queup.rate.send_replace(options.rate);
        chat.rate.send_replace(options.rate);
        let chance = world.chance("discord traffic");
        let (rate, mut deck) = (discord.rate.subscribe(), discord::Deck::new(chance));
        simulator.run(traffic::run(rate, move || {
            discord.with(|state| deck.play(state))
        }));
        let chance = world.chance("lavalink traffic");
        let (rate, mut deck) = (nodes.rate.subscribe(), lavalink::Deck::new(chance));
        simulator.run(traffic::run(rate, move || {
            nodes.with(|state| deck.play(state))
        }));
        let (rate, mut deck) = (
            queup.rate.subscribe(),
            queup::Deck::new(world.chance("traffic")),
        );
        simulator.run(traffic::run(rate, move || {
            queup.with(|state| deck.play(state))
        }));
        let chance = world.chance("stackexchange traffic");
        let (rate, mut deck) = (chat.rate.subscribe(), stackexchange::Deck::new(chance));
        simulator.run(traffic::run(rate, move || {
            chat.with(|state| deck.play(state))
        }));
        if !options.script.is_empty() {
            let mut script = options.script.clone();
            script.sort_by_key(|command| command.at);
            simulator.run(play(simulator.hands(), script));
        }
        simulator
    }

    /// A simulation over real sockets, in the machine's own time.
    ///
    /// It listens on the loopback address unless the options say otherwise.
    ///
    /// # Errors
    ///
    /// If a port cannot be had; the error names it.
    pub async fn listen(options: &Options) -> io::Result<Self> {
        let discord = bind_row("discord", options.address, options.discord_port);
        let [rest, gateway] = discord.await?;
        let nodes = bind_row("lavalink", options.address, options.lavalink_port);
        let nodes: [TcpListener; lavalink::NODES.len()] = nodes.await?;
        let queup = bind("queup", options.address, options.queup_port).await?;
        let chat = bind("stackexchange", options.address, options.stackexchange_port).await?;
        let control = bind("control", options.address, options.control_port).await?;
        let (queup_at, chat_at) = (reachable(&queup)?, reachable(&chat)?);
        let control_at = reachable(&control)?;
        let (rest_at, gateway_at) = (reachable(&rest)?, reachable(&gateway)?);
        let nodes_at: Vec<SocketAddr> = nodes.iter().map(reachable).collect::<io::Result<_>>()?;
        let shown = |at: SocketAddr| shown(at, options.host.as_deref());
        let mut simulator = Self::new(options, Clock::system());
        simulator
            .discord
            .lead_to(&format!("ws://{}", shown(gateway_at)));
        let routes: Vec<Route> = nodes_at.iter().copied().map(Route::address).collect();
        simulator.network = network(
            [&Route::address(rest_at), &Route::address(gateway_at)],
            &routes,
            &Route::address(queup_at),
            &Route::address(chat_at),
        );
        simulator.addresses = Some(Addresses::new(
            &shown(control_at),
            ((&shown(rest_at), &shown(gateway_at)), &simulator.discord),
            (
                &nodes_at.iter().copied().map(shown).collect::<Vec<_>>(),
                &simulator.lavalink,
            ),
            (&shown(queup_at), &simulator.queup),
            (&shown(chat_at), &simulator.stackexchange),
        ));
        let server = Arc::clone(&simulator.discord.server);
        simulator.run(accept(rest, move |line| {
            discord::http::serve_rest(Arc::clone(&server), line)
        }));
        let server = Arc::clone(&simulator.discord.server);
        simulator.run(accept(gateway, move |line| {
            discord::http::serve_gateway(Arc::clone(&server), line)
        }));
        let server = Arc::clone(&simulator.queup.server);
        simulator.run(accept(queup, move |line| {
            queup::http::serve(Arc::clone(&server), line)
        }));
        let server = Arc::clone(&simulator.stackexchange.server);
        simulator.run(accept(chat, move |line| {
            stackexchange::http::serve(Arc::clone(&server), line)
        }));
        for (node, listener) in nodes.into_iter().enumerate() {
            let server = Arc::clone(&simulator.lavalink.server);
            simulator.run(accept(listener, move |line| {
                lavalink::http::serve(Arc::clone(&server), node, line)
            }));
        }
        let desk = desk::Desk::new(
            simulator.hands(),
            simulator.ledger(),
            simulator.addresses.clone(),
            Gate::new(options.address, options.host.as_deref()),
            options.control_token.clone(),
        );
        simulator.run(accept(control, move |line| desk.clone().serve(line)));
        Ok(simulator)
    }

    /// Obeys a command at once, as the control address does; gives what came of it, such as the id of a message.
    ///
    /// # Errors
    ///
    /// If it names something that is not there, or asks for more than there can be.
    pub fn obey(&self, command: &Command) -> Result<Value, CommandError> {
        self.hands().obey(command)
    }

    fn hands(&self) -> Hands {
        Hands {
            discord: self.discord(),
            lavalink: self.lavalink(),
            queup: self.queup(),
            stackexchange: self.stackexchange(),
        }
    }

    /// Where it listens, if it listens on real sockets.
    pub fn addresses(&self) -> Option<&Addresses> {
        self.addresses.as_ref()
    }

    /// Closes every socket with a close frame, as a server that goes away does, and ends.
    pub async fn stop(self) {
        self.discord.traffic(0);
        self.lavalink.traffic(0);
        self.queup.traffic(0);
        self.stackexchange.traffic(0);
        self.discord.refuse_sockets(Duration::MAX);
        self.queup.refuse_sockets(Duration::MAX);
        self.stackexchange.refuse_sockets(Duration::MAX);
        self.queup.links().close(1001, "the simulator stops");
        self.discord.close(1001, "the simulator stops");
        self.stackexchange.close(1001, "the simulator stops");
        let nodes = self.lavalink.nodes();
        for node in &nodes {
            node.refuse_sockets(Duration::MAX);
            node.close(1001, "the simulator stops");
        }
        let all_closed = async {
            self.discord.server.sockets.all_closed().await;
            self.lavalink.server.sockets.all_closed().await;
            self.queup.server.sockets.all_closed().await;
            self.stackexchange.server.sockets.all_closed().await;
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

    /// The simulated Discord.
    pub fn discord(&self) -> Discord {
        self.discord.clone()
    }

    /// The simulated Lavalink nodes.
    pub fn lavalink(&self) -> Lavalink {
        self.lavalink.clone()
    }

    /// The simulated QueUp.
    pub fn queup(&self) -> QueUp {
        self.queup.clone()
    }

    /// The simulated Stack Exchange chat; the handle of its first server.
    pub fn stackexchange(&self) -> StackExchange {
        self.stackexchange.clone()
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
        let mut names = self.queup.names();
        names.extend(self.discord.names());
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

/// A network on which the platforms' real names lead to these routes.
fn network([rest, gateway]: [&Route; 2], nodes: &[Route], queup: &Route, chat: &Route) -> Network {
    let mut network = Network::new()
        .route(discord::REST, rest.clone())
        .route(discord::GATEWAY, gateway.clone())
        .route(discord::RESUME, gateway.clone())
        .route("api.queup.net", queup.clone())
        .route("ws.queup.net", queup.clone())
        .route(stackexchange::SOCKETS, chat.clone());
    for (host, login, _) in stackexchange::HOSTS {
        network = network.route(host, chat.clone()).route(login, chat.clone());
    }
    for (name, route) in lavalink::NODES.into_iter().zip(nodes) {
        network = network.route(&lavalink::host(name), route.clone());
    }
    network
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

/// Host and port as they are shown.
fn shown(at: SocketAddr, host: Option<&str>) -> String {
    match host {
        Some(host) if host.parse::<Ipv6Addr>().is_ok() => format!("[{host}]:{}", at.port()),
        Some(host) => format!("{host}:{}", at.port()),
        None => at.to_string(),
    }
}

/// Obeys the commands of a script at their times.
async fn play(hands: Hands, script: Vec<Command>) {
    let start = Instant::now();
    for command in script {
        sleep_until(start + command.at).await;
        if let Err(error) = hands.obey(&command) {
            hands
                .queup
                .note(format!("a command of the script failed: {error}"));
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
    // Nobody can connect any more, but those who did are served to their end.
    while connections.0.join_next().await.is_some() {}
}

async fn accept<F>(listener: TcpListener, serve: impl Fn(Line) -> F)
where
    F: Future<Output = ()> + Send + 'static,
{
    let mut connections = Connections::default();
    loop {
        tokio::select! {
            arrival = listener.accept() => match arrival {
                Ok((stream, _)) => {
                    // Small frames are to go at once; failing to ask for that harms nothing.
                    let _ = stream.set_nodelay(true);
                    connections.add(serve(Line::tcp(stream)));
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            },
            () = connections.one_ended() => {}
        }
    }
}

/// The connections of one listener, each on a task of its own; dropped, they end.
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

    /// Waits until a connection ended, and tells if its task panicked.
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

/// Takes a port; an error says whose and which.
async fn bind(server: &str, address: IpAddr, port: u16) -> io::Result<TcpListener> {
    let bound = TcpListener::bind((address, port)).await;
    bound.map_err(|error| io::Error::new(error.kind(), format!("{server}={port}: {error}")))
}

/// Takes ports that follow one another.
async fn bind_row<const N: usize>(
    server: &str,
    address: IpAddr,
    port: u16,
) -> io::Result<[TcpListener; N]> {
    loop {
        let mut row = vec![bind(server, address, port).await?];
        let mut failure = None;
        while row.len() < N && failure.is_none() {
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
            None => return Ok(row.try_into().expect("as many as were asked for")),
            // A port that was asked for is not exchanged for another.
            Some(error) if port != 0 => return Err(error),
            Some(_) => {}
        }
    }
}
