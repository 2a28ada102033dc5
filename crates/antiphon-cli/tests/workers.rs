//! Several processes of one consumer, on a file and on JetStream: killed, stopped and continued, beside ingesters and
//! servers that are killed as well.
//!
//! The runs on JetStream are by seeds: `SEEDS=100 SECONDS=30 cargo test --test workers -- chaos --nocapture` runs more and
//! longer ones than the few of every run, and says what it counted. With nats-server 2.10.25 or newer on the path they are
//! on a cluster of three.

#![cfg(unix)]
#![expect(
    clippy::disallowed_methods,
    reason = "processes are compared by the machine's clock, and nothing here runs on a paused one"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel},
    time::{Duration, Instant, SystemTime},
};

use antiphon::{
    App, BoxFuture, Checkpoint, Delivery, Draft, Entry, Event, HandlerExt as _, Intake, Judge,
    Kind, KindInfo, Origin, Place, Source, SourceError, SourceName, Stop,
    journal::{JetStreamJournal, JetStreamOptions, Journal, SqliteJournal},
};
use antiphon_core::{ConsumerName, DeadLetterId, Partitions, Position, Rng};
use tempfile::TempDir;

#[path = "../../antiphon-journal/tests/nats/mod.rs"]
#[allow(dead_code, reason = "some of it is for other tests")]
mod nats;

/// Environment variable with the journal of a process: the path of a file, or the addresses of servers.
const JOURNAL: &str = "ANTIPHON_WORKERS_JOURNAL";
/// Environment variable with the number of events that an ingester brings.
const EVENTS: &str = "ANTIPHON_WORKERS_EVENTS";

/// Places of the events.
const PLACES: u64 = 40;
/// Events in a second.
const RATE: u64 = 200;
/// The lease of the tests on JetStream, in seconds.
const LEASE: u64 = 2;

fn options() -> JetStreamOptions {
    JetStreamOptions::new("test")
        .lease(Duration::from_secs(LEASE))
        .wait(Duration::from_secs(600))
}

fn is_on_servers(journal: &str) -> bool {
    journal.starts_with("nats://")
}

fn print(line: &str) {
    let mut output = std::io::stdout().lock();
    // Whoever reads may have gone.
    let _ = writeln!(output, "{line}");
    let _ = output.flush();
}

/// Ends when the process that started this one closes its input.
async fn input_closed() {
    let read = tokio::task::spawn_blocking(|| std::io::stdin().lines().count());
    read.await.expect("it reads");
}

/// Runs an app until the input is closed; says why it has ended if it does so by itself.
async fn run<S: Send + Sync + 'static>(app: App<S>, journal: impl Journal) {
    print("open");
    match app.run(journal, input_closed()).await {
        Ok(()) => print("ended well"),
        Err(error) => end(&error),
    }
}

/// Says why the process ends, and ends it: its input is still open.
fn end(error: &(dyn std::error::Error + 'static)) -> ! {
    print(&format!("ended: {}", antiphon_core::error_chain(error)));
    std::process::exit(1);
}

/// Brings numbers from where the last process was, each with the checkpoint that it was brought.
struct Numbers {
    name: SourceName,
    events: u64,
}

impl Source for Numbers {
    fn name(&self) -> &SourceName {
        &self.name
    }

    fn kinds(&self) -> &'static [KindInfo] {
        &[]
    }

    fn judge(&self) -> Judge {
        |_| None
    }

    fn run(
        self: Box<Self>,
        intake: Intake,
        stop: Stop,
    ) -> BoxFuture<'static, Result<(), SourceError>> {
        Box::pin(async move {
            let before = intake.checkpoint("numbers").map_or(0, |stored| stored.mark);
            let mut number = u64::try_from(before).expect("it counts");
            let part = "numbers".into();
            let mut stored = intake.stored(&part);
            let mut beat = tokio::time::interval(Duration::from_millis(50));
            while number < self.events {
                tokio::select! {
                    _ = beat.tick() => {}
                    () = stop.closing() => return Ok(()),
                }
                for _ in 0..RATE / 20 {
                    number += 1;
                    if intake.send(entry(&intake, number)).await.is_err() {
                        return Ok(());
                    }
                }
            }
            let all =
                |mark: &Option<i64>| mark.is_some_and(|mark| mark.unsigned_abs() >= self.events);
            tokio::select! {
                stored = stored.wait_for(all) => if stored.is_ok() { print("all stored") },
                () = stop.closing() => {}
            }
            stop.closing().await;
            Ok(())
        })
    }
}

fn entry(intake: &Intake, number: u64) -> Entry {
    let draft = Draft::new(
        Kind::from_static("test.number"),
        Place::new(format!("room/{}", number % PLACES)),
        Origin::frame("test", number),
        intake.now(),
        number.to_string(),
    );
    Entry::event(draft).with(Checkpoint {
        part: "numbers".into(),
        state: "".into(),
        mark: number.try_into().expect("it counts"),
    })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run, stopped and killed by the other tests"]
async fn the_ingester() {
    let (Ok(journal), Ok(events)) = (std::env::var(JOURNAL), std::env::var(EVENTS)) else {
        return;
    };
    let numbers = Numbers {
        name: "organ".into(),
        events: events.parse().expect("a number"),
    };
    let app = App::new(()).named("ingester").source(numbers);
    if is_on_servers(&journal) {
        match JetStreamJournal::open(&journal, options()).await {
            Ok(journal) => run(app, journal).await,
            Err(error) => end(&error),
        }
    } else {
        let journal = SqliteJournal::open(Path::new(&journal)).await;
        run(app, journal.expect("opened")).await;
    }
}

/// Nanoseconds by the machine's clock, which all processes share.
fn now() -> u128 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.expect("after 1970").as_nanos()
}

async fn handle(event: Event, delivery: Delivery) {
    let again = if delivery.redelivered {
        "again"
    } else {
        "once"
    };
    let (place, number) = (
        event.place(),
        String::from_utf8_lossy(event.body()).into_owned(),
    );
    let received = event.received_at().as_nanosecond();
    let (at, process) = (now(), std::process::id());
    print(&format!(
        "handled {at} {received} {process} {place} {number} {again}"
    ));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "run, stopped and killed by the other tests"]
async fn the_worker() {
    let Ok(journal) = std::env::var(JOURNAL) else {
        return;
    };
    let app = App::new(()).named("choir").from_start().worker();
    let app = app.on_raw("test.number", handle.named("handle").save_each());
    if is_on_servers(&journal) {
        match JetStreamJournal::for_consumers(&journal, options()).await {
            Ok(journal) => run(app, journal).await,
            Err(error) => end(&error),
        }
    } else {
        let journal = SqliteJournal::for_consumers(Path::new(&journal)).await;
        run(app, journal.expect("opened")).await;
    }
}

/// One event that a worker handled.
#[derive(Clone, Debug)]
struct Handled {
    at: u128,
    received: u128,
    process: u32,
    place: String,
    number: u64,
    is_again: bool,
}

/// What a process says.
#[derive(Debug)]
enum Said {
    /// Its journal is open.
    Open,
    Handled(Handled),
    AllStored,
    /// It has ended, for this reason if it gave one.
    Ended(usize, Option<String>),
}

fn read(line: &str) -> Option<Said> {
    match line {
        "all stored" => return Some(Said::AllStored),
        "open" => return Some(Said::Open),
        _ => {}
    }
    let mut words = line.strip_prefix("handled ")?.split(' ');
    let mut next = || words.next().expect("six words");
    Some(Said::Handled(Handled {
        at: next().parse().expect("a time"),
        received: next().parse().expect("a time"),
        process: next().parse().expect("a process"),
        place: next().to_owned(),
        number: next().parse().expect("a number"),
        is_again: next() == "again",
    }))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    Ingester,
    Worker,
}

/// A process of this program, which is killed when it is dropped.
struct Process {
    role: Role,
    child: Child,
    stdin: Option<ChildStdin>,
    number: usize,
    is_stopped: bool,
}

impl Process {
    fn signal(&self, signal: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args([signal, &id]).status();
        assert!(sent.expect("there is `kill`").success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// All processes on one journal, and what they have said.
struct Stage {
    journal: String,
    events: u64,
    processes: Vec<Process>,
    started: usize,
    say: Sender<Said>,
    said: Receiver<Said>,
    handled: Vec<Handled>,
    /// Numbers that are not handled yet.
    missing: BTreeSet<u64>,
    is_all_stored: bool,
    is_open: bool,
    ended: Vec<String>,
}

impl Stage {
    fn new(journal: String, events: u64) -> Self {
        let (say, said) = channel();
        Self {
            journal,
            events,
            processes: Vec::new(),
            started: 0,
            say,
            said,
            handled: Vec::new(),
            missing: (1..=events).collect(),
            is_all_stored: false,
            is_open: false,
            ended: Vec::new(),
        }
    }

    fn start(&mut self, role: Role) {
        let test = match role {
            Role::Ingester => "the_ingester",
            Role::Worker => "the_worker",
        };
        let mut child = Command::new(std::env::current_exe().expect("this program"))
            .args([test, "--exact", "--ignored", "--nocapture"])
            .env(JOURNAL, &self.journal)
            .env(EVENTS, self.events.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("started");
        self.started += 1;
        let number = self.started;
        let stdout = child.stdout.take().expect("piped");
        let say = self.say.clone();
        std::thread::spawn(move || {
            let mut reason = None;
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if let Some(said) = read(&line) {
                    drop(say.send(said));
                } else if line.starts_with("ended") {
                    reason = Some(line);
                }
            }
            drop(say.send(Said::Ended(number, reason)));
        });
        self.processes.push(Process {
            role,
            stdin: child.stdin.take(),
            child,
            number,
            is_stopped: false,
        });
    }

    /// Takes in what is said until the condition holds or the time is over; a process that ends by itself is started
    /// again, as a service manager does.
    fn listen(&mut self, time: Duration, is_enough: impl Fn(&Self) -> bool) -> bool {
        let until = Instant::now() + time;
        while !is_enough(self) {
            let left = until.saturating_duration_since(Instant::now());
            match self.said.recv_timeout(left) {
                Ok(said) => self.hear(said),
                Err(RecvTimeoutError::Timeout) => return false,
                Err(RecvTimeoutError::Disconnected) => unreachable!("this has a sender"),
            }
        }
        true
    }

    fn hear(&mut self, said: Said) {
        match said {
            Said::Handled(handled) => {
                self.missing.remove(&handled.number);
                self.handled.push(handled);
            }
            Said::AllStored => self.is_all_stored = true,
            Said::Open => self.is_open = true,
            Said::Ended(number, reason) => {
                let known = self.processes.iter().position(|one| one.number == number);
                if let Some(index) = known {
                    let role = self.processes.remove(index).role;
                    self.ended.push(format!("{role:?} {reason:?}"));
                    self.start(role);
                }
            }
        }
    }

    fn some(&self, rng: &mut Rng, role: Role) -> usize {
        let of_role = self.processes.iter().enumerate();
        let of_role: Vec<_> = of_role
            .filter(|(_, process)| process.role == role)
            .map(|(index, _)| index)
            .collect();
        of_role[rng.usize(..of_role.len())]
    }

    /// Kills one as `kill -9` does, and starts another.
    fn kill(&mut self, index: usize) {
        let process = self.processes.remove(index);
        let role = process.role;
        drop(process);
        self.start(role);
    }

    fn stop(&mut self, index: usize) {
        self.processes[index].signal("-STOP");
        self.processes[index].is_stopped = true;
    }

    fn go_on(&mut self) {
        for process in &mut self.processes {
            if std::mem::take(&mut process.is_stopped) {
                process.signal("-CONT");
            }
        }
    }

    /// Ends all processes in good order.
    fn close(&mut self) {
        for process in &mut self.processes {
            drop(process.stdin.take());
        }
        for mut process in self.processes.drain(..) {
            // An ingester that still waits for its turn may end otherwise.
            process.child.wait().expect("a child");
        }
        while let Ok(said) = self.said.try_recv() {
            if let Said::Handled(handled) = said {
                self.handled.push(handled);
            }
        }
    }

    /// Whether each number was handled once without a mark, at most, and first in the order of its place; gives how many
    /// came again, and the longest time from the receipt of an event to its first handling, among those that were received
    /// since the `begun`th was handled.
    fn judge(&mut self, begun: usize) -> (usize, Duration) {
        self.handled.sort_by_key(|handled| handled.at);
        let since = self.handled[begun].at;
        let mut first: BTreeMap<u64, &Handled> = BTreeMap::new();
        let mut unmarked = BTreeSet::new();
        let mut last: BTreeMap<&str, u64> = BTreeMap::new();
        let mut again = 0;
        for handled in &self.handled {
            if !handled.is_again {
                assert!(
                    unmarked.insert(handled.number),
                    "{handled:?} was handled before, and is not marked"
                );
            }
            if first.contains_key(&handled.number) {
                again += 1;
                continue;
            }
            first.insert(handled.number, handled);
            let last = last.entry(&handled.place).or_default();
            assert!(
                handled.number > *last,
                "{handled:?} came after {last} of its place"
            );
            *last = handled.number;
        }
        let waits = first
            .values()
            .filter(|one| one.received > since)
            .map(|one| one.at.saturating_sub(one.received));
        let longest = waits.max().unwrap_or(0);
        let longest = u64::try_from(longest).expect("less than centuries");
        (again, Duration::from_nanos(longest))
    }
}

/// The numbers in the journal, in its order.
async fn stored(journal: &dyn Journal) -> Vec<u64> {
    let mut numbers = Vec::new();
    let mut after = Position::ZERO;
    loop {
        let page = journal.read(after, 1000).await.expect("read");
        let Some(last) = page.last() else {
            return numbers;
        };
        after = last.position();
        let events = page.iter().filter(|event| *event.kind() == "test.number");
        numbers.extend(events.map(|event| {
            let text = String::from_utf8_lossy(event.body());
            text.parse::<u64>().expect("a number")
        }));
    }
}

/// What the journal says of numbers that nobody handled: the cursors of their partitions, and the dead letters.
async fn why(journal: &dyn Journal, missing: impl Iterator<Item = u64>) -> Vec<String> {
    let letters = journal.dead_letters(DeadLetterId(0), 10).await;
    let mut why = vec![format!(
        "dead letters: {:?}",
        letters.map(|letters| letters.len())
    )];
    for number in missing {
        let place = format!("room/{}", number % PLACES);
        let name = ConsumerName::new("choir").partition(Partitions::default().of(&place));
        let cursor = journal.cursor(&name).await;
        why.push(format!("{number} is not handled; {name}: {cursor:?}"));
    }
    why
}

/// Waits for this long at most for what must come; a run that hangs says what is missing.
const PATIENCE: Duration = Duration::from_secs(120);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kill_9_of_workers_on_a_file_loses_nothing_and_repeats_only_what_was_open() {
    let folder = TempDir::new().expect("a folder");
    let file: PathBuf = folder.path().join("journal.sqlite");
    let mut stage = Stage::new(file.display().to_string(), 1200);
    let mut rng = Rng::with_seed(18);
    stage.start(Role::Ingester);
    assert!(stage.listen(PATIENCE, |stage| stage.is_open), "it opens");
    for _ in 0..3 {
        stage.start(Role::Worker);
    }
    let mut kills = 0;
    while stage.missing.len() > 200 {
        let enough = stage.handled.len() + rng.usize(40..160);
        let heard = stage.listen(PATIENCE, |stage| {
            stage.handled.len() >= enough || stage.missing.is_empty()
        });
        assert!(heard, "not handled: {:?}", stage.missing);
        let index = stage.some(&mut rng, Role::Worker);
        stage.kill(index);
        kills += 1;
    }
    let heard = stage.listen(PATIENCE, |stage| stage.missing.is_empty());
    assert!(heard, "not handled: {:?}", stage.missing);
    stage.close();
    let (again, _) = stage.judge(0);
    assert!(
        again as u64 <= kills * PLACES,
        "{again} came again by {kills} kills"
    );
    let journal = SqliteJournal::read_only(&file).await.expect("opened");
    assert_eq!(stored(&journal).await, (1..=1200).collect::<Vec<_>>());
}

/// What a process says that finds itself replaced.
const REPLACED: &str = "another process has taken it over";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_was_stopped_is_replaced_and_ends_once_it_goes_on() {
    if !nats::is_there() {
        return;
    }
    let server = nats::Server::start().await;
    // More than it waits for: nobody handles the rest.
    let mut stage = Stage::new(server.url(), 300 * RATE);
    stage.start(Role::Ingester);
    assert!(stage.listen(PATIENCE, |stage| stage.is_open), "it opens");
    for _ in 0..2 {
        stage.start(Role::Worker);
    }
    // The worker that was started last, once it has some of the places.
    let last = stage.processes.len() - 1;
    let process = stage.processes[last].child.id();
    let heard = stage.listen(PATIENCE, |stage| {
        stage.handled.iter().any(|one| one.process == process)
    });
    assert!(heard, "ended: {:?}", stage.ended);
    stage.stop(last);
    let since = now();
    // The other one has all places by then.
    let heard = stage.listen(PATIENCE, |stage| {
        let later = stage.handled.iter().filter(|one| one.received > since);
        let places: BTreeSet<_> = later.map(|one| &one.place).collect();
        places.len() as u64 == PLACES
    });
    assert!(heard, "ended: {:?}", stage.ended);
    stage.go_on();
    let is_replaced = |reason: &String| reason.starts_with("Worker") && reason.contains(REPLACED);
    let ends = stage.listen(PATIENCE, |stage| stage.ended.iter().any(is_replaced));
    assert!(ends, "ended: {:?}", stage.ended);
    stage.close();
    stage.judge(0);
}

/// One seed: its counts are printed.
async fn chaos(seed: u64, seconds: u64) {
    let mut rng = Rng::with_seed(seed);
    let mut servers = if nats::version() >= (2, 10, 25) {
        nats::cluster().await
    } else {
        vec![nats::Server::start().await]
    };
    let url = nats::urls(&servers);
    // The stream is made with its replicas once.
    let made = nats::open(&servers, options()).await;
    made.close().await.expect("closed");
    drop(made);
    let mut stage = Stage::new(url.clone(), RATE * seconds);
    for role in [
        Role::Ingester,
        Role::Ingester,
        Role::Worker,
        Role::Worker,
        Role::Worker,
    ] {
        stage.start(role);
    }
    let begins = stage.listen(PATIENCE, |stage| stage.handled.len() >= 50);
    let begun = stage.handled.len().saturating_sub(1);
    assert!(begins, "seed {seed}: it does not begin: {:?}", stage.ended);
    let mut acts = Vec::new();
    let until = Instant::now() + Duration::from_secs(seconds);
    while Instant::now() < until {
        let pause = Duration::from_millis(rng.u64(200..1500));
        stage.listen(pause, |_| false);
        let role = if rng.u8(..3) == 0 {
            Role::Ingester
        } else {
            Role::Worker
        };
        let index = stage.some(&mut rng, role);
        match rng.u8(..6) {
            0..3 => {
                acts.push(format!("kill {role:?}"));
                stage.kill(index);
            }
            3 | 4 => {
                acts.push(format!("stop {role:?}"));
                stage.stop(index);
                let time = Duration::from_millis(rng.u64(500..3000 * LEASE));
                stage.listen(time, |_| false);
                stage.go_on();
            }
            _ => {
                acts.push("kill a server".to_owned());
                let index = rng.usize(..servers.len());
                servers[index].kill();
                let time = Duration::from_millis(rng.u64(100..1500));
                stage.listen(time, |_| false);
                servers[index].run().await;
            }
        }
    }
    let open = async || loop {
        if let Ok(journal) = JetStreamJournal::for_consumers(&url, options()).await {
            break journal;
        }
    };
    let heard = stage.listen(PATIENCE, |stage| {
        stage.missing.is_empty() && stage.is_all_stored
    });
    let journal = open().await;
    if !heard {
        let missing = stage.missing.iter().copied().take(5);
        let why = why(&journal, missing).await;
        panic!("seed {seed}, {acts:?}: {why:?}; ended: {:?}", stage.ended);
    }
    let stored = stored(&journal).await;
    assert!(
        stored == (1..=stage.events).collect::<Vec<_>>(),
        "seed {seed}, {acts:?}: each is stored once, and in order"
    );
    drop(journal);
    stage.close();
    let (again, longest) = stage.judge(begun);
    let handled = stage.handled.len();
    report(&format!(
        "seed {seed}: {} servers, {handled} handled of {}, {again} of them again, longest {longest:?}, {} acts, {} ended by themselves",
        servers.len(),
        stage.events,
        acts.len(),
        stage.ended.len(),
    ));
}

#[expect(clippy::print_stderr, reason = "whoever runs many seeds reads it")]
fn report(line: &str) {
    eprintln!("{line}");
}

fn from_environment(name: &str, default: u64) -> u64 {
    let set = std::env::var(name).ok();
    set.map_or(default, |set| set.parse().expect("a number"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chaos_on_jetstream_loses_nothing_and_marks_what_comes_again() {
    if !nats::is_there() {
        return;
    }
    let (seeds, seconds) = (from_environment("SEEDS", 5), from_environment("SECONDS", 5));
    let first = from_environment("SEED", 1);
    for seed in first..first + seeds {
        chaos(seed, seconds).await;
    }
}
