//! What the clients of the end-to-end bench share: the meter that every handler counts with.

use std::{
    env, fs,
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{self, Command, Stdio},
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use antiphon::{
    App,
    journal::{Durability, JetStreamJournal, JetStreamOptions, Journal, MemoryJournal, Options, Role, SqliteJournal},
};
use nix::{
    sys::resource::{UsageWho, getrusage},
    time::{ClockId, clock_gettime},
};
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// Digits of the stamp at the beginning of a message's content: the monotonic clock in nanoseconds.
pub const STAMP_DIGITS: usize = 19;
/// Prefix of the messages that are for the bot.
pub const WANTED: &str = "!ping ";
/// Content of the last message of a stream.
pub const LAST: &str = "!ping 9999999999999999999";

/// How long a client waits for the next event.
const PATIENCE: Duration = Duration::from_secs(120);

/// The monotonic clock, in nanoseconds.
pub fn monotonic() -> u64 {
    let now = clock_gettime(ClockId::CLOCK_MONOTONIC).expect("every Linux has this clock");
    Duration::from(now).as_nanos().try_into().expect("this century")
}

/// Adds a WebSocket frame of a server, which is not masked: `first` is 0x81 for text and 0x82 for bytes.
pub fn frame(first: u8, payload: &[u8], into: &mut Vec<u8>) {
    into.push(first);
    match payload.len() {
        length @ 0..126 => into.push(u8::try_from(length).expect("in range")),
        length @ 126..65_536 => {
            into.push(126);
            into.extend_from_slice(&u16::try_from(length).expect("in range").to_be_bytes());
        }
        length => {
            into.push(127);
            into.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
    into.extend_from_slice(payload);
}

/// CPU time of this process, and the clock in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    clock: u64,
    user: Duration,
    system: Duration,
}

impl Usage {
    /// What this process has used until now.
    pub fn now() -> Self {
        let usage = getrusage(UsageWho::RUSAGE_SELF).expect("every Linux has it");
        let duration = |value: nix::sys::time::TimeVal| {
            let (seconds, micros) = (value.tv_sec(), value.tv_usec());
            Duration::from_secs(seconds.try_into().expect("positive"))
                + Duration::from_micros(micros.try_into().expect("positive"))
        };
        Self { clock: monotonic(), user: duration(usage.user_time()), system: duration(usage.system_time()) }
    }

    /// What was used since then, as JSON: `seconds`, `user`, `system`, all in seconds.
    pub fn since(&self, begun: &Self) -> Value {
        json!({
            "seconds": Duration::from_nanos(self.clock - begun.clock).as_secs_f64(),
            "user": (self.user - begun.user).as_secs_f64(),
            "system": (self.system - begun.system).as_secs_f64(),
        })
    }
}

/// The largest resident size of this process, in bytes.
///
/// That of `getrusage` counts what the parent had when it forked.
fn peak_rss() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("every Linux has it");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("a peak");
    let kibibytes: u64 = line.trim().trim_end_matches(" kB").parse().expect("a number");
    kibibytes * 1024
}

/// Arguments of a client: `ADDRESS EVENTS WORKLOAD [OPTION…]`.
#[derive(Debug)]
pub struct Arguments {
    /// Host and port of the server.
    pub address: String,
    /// Events that the server sends after READY.
    pub events: u64,
    /// `typed` or `wanted`.
    pub workload: String,
    /// What else the client takes.
    pub options: Vec<String>,
}

impl Arguments {
    /// Reads the command line.
    pub fn read() -> Self {
        let mut words = env::args().skip(1);
        let mut word = |what| words.next().unwrap_or_else(|| panic!("{what} is missing"));
        Self {
            address: word("ADDRESS"),
            events: word("EVENTS").parse().expect("a number of events"),
            workload: word("WORKLOAD"),
            options: words.collect(),
        }
    }

    /// Whether one message in a hundred is wanted.
    pub fn is_filtered(&self) -> bool {
        match &*self.workload {
            "typed" => false,
            "wanted" => true,
            other => panic!("the workload `{other}` is unknown"),
        }
    }
}

/// Counts handled events, and measures the process from the first to the last.
#[derive(Debug)]
pub struct Meter {
    events: u64,
    handled: AtomicU64,
    begun: OnceLock<Usage>,
    ended: OnceLock<Usage>,
    done: Notify,
    latencies: Mutex<Vec<u64>>,
}

impl Meter {
    /// A meter that ends with this many handled events.
    pub fn new(events: u64) -> Self {
        Self {
            events,
            handled: AtomicU64::new(0),
            begun: OnceLock::new(),
            ended: OnceLock::new(),
            done: Notify::new(),
            latencies: Mutex::default(),
        }
    }

    /// Counts an event.
    pub fn count(&self) {
        let before = self.handled.fetch_add(1, Ordering::Relaxed);
        if before == 0 {
            self.begin();
        }
        if before + 1 == self.events {
            self.end();
        }
    }

    /// Counts a message, and keeps its latency if its content has a stamp.
    pub fn message(&self, content: &str) {
        let digits = content.strip_prefix(WANTED).unwrap_or(content);
        let stamp = digits.get(..STAMP_DIGITS).and_then(|text| text.parse::<u64>().ok());
        if let Some(sent) = stamp.filter(|stamp| *stamp > 0)
            && let Some(latency) = monotonic().checked_sub(sent)
        {
            self.latencies.lock().expect("no holder panics").push(latency);
        }
        self.count();
    }

    /// Counts a message where others are not wanted: the first begins the measurement, the last ends it.
    pub fn wanted(&self, content: &str) {
        self.handled.fetch_add(1, Ordering::Relaxed);
        self.begin();
        if content.starts_with(LAST) {
            self.end();
        }
    }

    fn begin(&self) {
        self.begun.get_or_init(Usage::now);
    }

    fn end(&self) {
        self.ended.get_or_init(Usage::now);
        self.done.notify_one();
    }

    /// Whether the last event was handled.
    pub fn is_done(&self) -> bool {
        self.ended.get().is_some()
    }

    /// Waits until the last event is handled; ends the process when nothing was handled for two minutes.
    pub async fn finished(&self) {
        let mut handled = 0;
        while tokio::time::timeout(PATIENCE, self.done.notified()).await.is_err() {
            let now = self.handled.load(Ordering::Relaxed);
            if now == handled {
                eprintln!("{now} of {} events were handled, and then none for two minutes", self.events);
                process::exit(1);
            }
            handled = now;
        }
    }

    /// Prints the measurement as one line of JSON.
    ///
    /// Latencies are in nanoseconds, without the first tenth.
    pub fn report(&self) {
        let (Some(begun), Some(ended)) = (self.begun.get(), self.ended.get()) else {
            panic!("nothing was handled");
        };
        let mut latencies = self.latencies.lock().expect("no holder panics").split_off(0);
        latencies.drain(..latencies.len() / 10);
        latencies.sort_unstable();
        let quantile = |share: f64| {
            let index = (latencies.len() as f64 * share) as usize;
            latencies.get(index.min(latencies.len().saturating_sub(1)))
        };
        let mut report = ended.since(begun);
        report["events"] = json!(self.events - 1);
        report["handled"] = json!(self.handled.load(Ordering::Relaxed));
        report["rss"] = json!(peak_rss());
        for (name, share) in [("p50", 0.5), ("p99", 0.99), ("p999", 0.999)] {
            report[name] = json!(quantile(share));
        }
        println!("{report}");
    }
}

/// Where the journal of two processes is.
#[derive(Clone, Debug)]
pub enum Shared {
    /// In this file.
    File(PathBuf),
    /// On a nats-server at this address, under this name.
    JetStream(String, String),
}

impl Shared {
    /// The option of a client's command line that names it.
    pub fn option(&self) -> String {
        match self {
            Self::File(path) => format!("file={}", path.display()),
            Self::JetStream(server, name) => format!("nats={server}={name}"),
        }
    }

    /// The journal that a command line names, if it names one.
    pub fn read(options: &[String]) -> Option<Self> {
        options.iter().find_map(|option| {
            if let Some(path) = option.strip_prefix("file=") {
                return Some(Self::File(path.into()));
            }
            let (server, name) = option.strip_prefix("nats=")?.split_once('=')?;
            Some(Self::JetStream(server.into(), name.into()))
        })
    }

    /// The journal for the process that appends, or for consumers.
    async fn open(&self, role: Role) -> Arc<dyn Journal> {
        match (self, role) {
            (Self::File(path), Role::Ingester) => Arc::new(SqliteJournal::open(path).await.expect("opened")),
            (Self::File(path), _) => Arc::new(SqliteJournal::for_consumers(path).await.expect("opened")),
            (Self::JetStream(server, name), role) => {
                let options = JetStreamOptions::new(name);
                Arc::new(match role {
                    Role::Ingester => JetStreamJournal::open(server, options).await.expect("opened"),
                    _ => JetStreamJournal::for_consumers(server, options).await.expect("opened"),
                })
            }
        }
    }
}

/// Runs an app whose sources append, until the process that started this one closes its input.
pub async fn run_ingester<S>(app: App<S>, shared: &Shared)
where
    S: Send + Sync + 'static,
{
    let journal = shared.open(Role::Ingester).await;
    println!("open");
    let (ended, end) = tokio::sync::oneshot::channel::<()>();
    std::thread::spawn(move || {
        let _ = std::io::stdin().read_line(&mut String::new());
        drop(ended);
    });
    let stop = async { drop(end.await) };
    app.run(Arc::clone(&journal), stop).await.expect("a clean end");
    journal.close().await.expect("closed");
}

/// Starts this program a second time as the one that appends, and measures an app that handles in this one.
pub async fn run_apart<S>(app: App<S>, shared: Shared, meter: &Meter)
where
    S: Send + Sync + 'static,
{
    let arguments = env::args().skip(1).filter(|word| !word.starts_with("apart"));
    let mut child = Command::new(env::current_exe().expect("this program"))
        .args(arguments)
        .args(["ingest", &shared.option()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("started");
    let mut line = String::new();
    BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut line).expect("UTF-8");
    assert_eq!(line, "open\n");
    let journal = shared.open(Role::Consumer).await;
    measure(app.named("bench").from_start(), journal, meter).await;
    drop(child.stdin.take());
    assert!(child.wait().expect("it ends").success());
}

/// Runs an app until its meter has all events, and prints what that took.
///
/// The journal is in memory, or in a file of this durability that goes with its folder.
pub async fn run_measured<S>(app: App<S>, durability: Option<Durability>, meter: &Meter)
where
    S: Send + Sync + 'static,
{
    let folder = tempfile::tempdir().expect("a folder");
    let journal: Arc<dyn Journal> = match durability {
        None => Arc::new(MemoryJournal::new()),
        Some(durability) => {
            let options = Options::new().durability(durability);
            let path = folder.path().join("journal.sqlite");
            Arc::new(SqliteJournal::open_with(path, options).await.expect("opened"))
        }
    };
    measure(app, journal, meter).await;
}

async fn measure<S>(app: App<S>, journal: Arc<dyn Journal>, meter: &Meter)
where
    S: Send + Sync + 'static,
{
    let stop = CancellationToken::new();
    let running = tokio::spawn(app.run(Arc::clone(&journal), stop.clone().cancelled_owned()));
    meter.finished().await;
    meter.report();
    stop.cancel();
    running.await.expect("no panic").expect("a clean end");
    journal.close().await.expect("closed");
}
