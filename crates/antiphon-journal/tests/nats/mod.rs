//! A nats-server for tests: a process of its own, on a port that the system gives, with a folder of its own.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    thread::JoinHandle,
    time::Duration,
};

use antiphon_core::Trouble;
use antiphon_journal::{JetStreamJournal, JetStreamOptions};
use tempfile::TempDir;
use tokio::{sync::oneshot, time::timeout};

#[allow(dead_code, reason = "not every test breaks the network")]
pub(crate) mod proxy;

/// Servers that are no cluster by then will not be one; it takes a few seconds on a busy machine.
const BECOMES_ONE: Duration = Duration::from_secs(120);

/// A server that is killed when it is dropped.
pub(crate) struct Server {
    folder: TempDir,
    options: String,
    /// The process, and the thread that reads what it says, which ends with it.
    child: Option<(Child, JoinHandle<()>)>,
    port: u16,
}

/// Whether there is a nats-server; where there is none, says that a test is skipped.
#[expect(clippy::print_stderr, reason = "a test that is skipped says why")]
pub(crate) fn is_there() -> bool {
    let asked = Command::new("nats-server").arg("--version").output();
    if asked.is_err() {
        eprintln!("skipped: there is no `nats-server`");
    }
    asked.is_ok()
}

/// The version of the program: `(2, 9, 10)`.
#[allow(dead_code, reason = "most tests hold for every version")]
pub(crate) fn version() -> (u32, u32, u32) {
    let asked = Command::new("nats-server").arg("--version").output();
    let said = String::from_utf8(asked.expect("it is there").stdout).expect("text");
    let (_, version) = said.trim().rsplit_once('v').expect("a version");
    let mut numbers = version.split('.').map(|number| number.parse().unwrap_or(0));
    let mut next = || numbers.next().unwrap_or(0);
    (next(), next(), next())
}

/// Whether the program can keep replicas; where it cannot, says that a test is skipped.
#[allow(dead_code, reason = "most tests need one server")]
#[expect(clippy::print_stderr, reason = "a test that is skipped says why")]
pub(crate) fn replicates() -> bool {
    let is_new = version() >= (2, 10, 25);
    if !is_new {
        eprintln!(
            "skipped: this `nats-server` is older than 2.10.25, and its replicas lose messages"
        );
    }
    is_new
}

impl Server {
    /// Starts a server with JetStream.
    pub(crate) async fn start() -> Self {
        Self::start_with("").await
    }

    /// Starts a server with further lines of configuration.
    pub(crate) async fn start_with(options: &str) -> Self {
        let folder = TempDir::new().expect("a folder");
        let mut server = Self {
            folder,
            options: options.into(),
            child: None,
            port: 0,
        };
        server.run().await;
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    #[allow(dead_code, reason = "not every test looks at the files")]
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Kills it as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        if let Some((mut child, listening)) = self.child.take() {
            child.kill().expect("killed");
            child.wait().expect("waited for");
            // What it said is no reason to fail in a drop.
            let _ = listening.join();
        }
    }

    /// Starts it again, on the same port and with what it stored.
    pub(crate) async fn run(&mut self) {
        let folder = self.folder.path();
        let port = if self.port == 0 {
            -1
        } else {
            i32::from(self.port)
        };
        let jetstream = if self.options.contains("jetstream") {
            String::new()
        } else {
            format!(
                "jetstream {{ store_dir: \"{}\" }}",
                folder.join("store").display()
            )
        };
        let config = format!(
            "listen: \"127.0.0.1:{port}\"\n{jetstream}\n{}\n",
            self.options
        );
        let file = folder.join("server.conf");
        std::fs::write(&file, config).expect("written");
        let mut child = Command::new("nats-server")
            .arg("-c")
            .arg(&file)
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("started");
        let said = BufReader::new(child.stderr.take().expect("a pipe"));
        let (ready, is_ready) = oneshot::channel();
        let listening = std::thread::spawn(move || listen(said, ready));
        self.child = Some((child, listening));
        self.port = is_ready.await.expect("it said what is wrong, and ended");
    }
}

/// Tells the port for clients once the server is ready, and shows its warnings and errors beside a test that fails.
#[expect(
    clippy::print_stdout,
    reason = "a test that fails shows what it printed"
)]
fn listen(said: impl BufRead, ready: oneshot::Sender<u16>) {
    const PORT: &str = "Listening for client connections on 127.0.0.1:";
    let mut ready = Some(ready);
    let mut port = None;
    for line in said.lines().map_while(Result::ok) {
        if let Some((_, listens)) = line.split_once(PORT) {
            port = listens.parse().ok();
        }
        if line.ends_with("Server is ready")
            && let Some(ready) = ready.take()
        {
            let port = port.expect("it listens before it is ready");
            // Whoever asked may have given up.
            let _ = ready.send(port);
        }
        if ["[WRN]", "[ERR]", "[FTL]"]
            .iter()
            .any(|level| line.contains(level))
        {
            println!("{line}");
        }
    }
}

/// A port below those that the system gives, so that none of the servers beside takes it before its own has it.
#[allow(dead_code, reason = "most tests need one server")]
fn free() -> std::net::TcpListener {
    let mut rng = antiphon_core::Rng::new();
    loop {
        let port = 10_000 + rng.u16(..20_000);
        if let Ok(listener) = std::net::TcpListener::bind(("127.0.0.1", port)) {
            return listener;
        }
    }
}

/// Starts three servers that are one cluster.
#[allow(dead_code, reason = "most tests need one server")]
pub(crate) async fn cluster() -> Vec<Server> {
    // The servers have to know one another's ports before they start.
    let free: Vec<_> = (0..3).map(|_| free()).collect();
    let ports: Vec<_> = free
        .iter()
        .map(|listener| listener.local_addr().expect("bound").port())
        .collect();
    drop(free);
    let routes: Vec<_> = ports
        .iter()
        .map(|port| format!("nats-route://127.0.0.1:{port}"))
        .collect();
    let mut servers = Vec::new();
    for (port, number) in ports.iter().zip(1..) {
        let options = format!(
            "server_name: s{number}\ncluster {{ name: choir, listen: \"127.0.0.1:{port}\", routes: {routes:?} }}"
        );
        servers.push(Server::start_with(&options).await);
    }
    servers
}

/// The addresses of servers, as a journal takes them.
#[allow(dead_code, reason = "not every test has several servers")]
pub(crate) fn urls(servers: &[Server]) -> String {
    let urls: Vec<_> = servers.iter().map(Server::url).collect();
    urls.join(",")
}

/// Opens a journal on servers that were just started: with a replica on each, once they are a cluster.
#[allow(dead_code, reason = "not every test has several servers")]
pub(crate) async fn open(servers: &[Server], options: JetStreamOptions) -> JetStreamJournal {
    let urls = urls(servers);
    if servers.len() == 1 {
        let opened = JetStreamJournal::open(&urls, options).await;
        return opened.expect("opened");
    }
    let options = options.replicas(servers.len());
    let as_one = async {
        loop {
            match JetStreamJournal::open(&urls, options.clone()).await {
                Ok(journal) => return journal,
                Err(error) => assert!(
                    matches!(error.trouble(), Trouble::Unreachable | Trouble::Other),
                    "{error:?}"
                ),
            }
        }
    };
    let opened = timeout(BECOMES_ONE, as_one).await;
    opened.expect("the servers became a cluster")
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}
