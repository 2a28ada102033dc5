//! Memory and files over a long life, told every twelfth of it.
//!
//! `cargo bench -p antiphon --features discord,sqlite --bench bounds -- hour` lets a bot hear a thousand events a second
//! for an hour of virtual time, `-- day` fifty a second for a day. A million users speak in a hundred thousand rooms; a
//! tenth of the events is momentary; the cache of Discord is on. Retention keeps events for a sixth or a twenty-fourth of
//! the life, and their origins as long. Each line has the events so far, the seconds of virtual time, the resident memory,
//! the journal's file and its log in MB, the entries of the cache, and the seconds that have really passed.
//!
//! `-- hour 10` opens ten readers of the journal beside it, each of which reads one page and then holds still. With
//! `-- hour 0 7` origins are remembered for seven days, which is the default.
//! The allocations are profiled from outside: `valgrind --tool=dhat target/release/deps/bounds-… --seconds 60`.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a bench prints its figures with the real time, and may end at what is unexpected"
)]

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use antiphon::{
    App, Draft, Intake, Judge, Kind, KindInfo, Origin, Place, Position, Source, SourceError,
    SourceName, State, Stop,
    discord::{self, CacheLimits, Intents},
    journal::{Journal as _, Options, Retention, SqliteJournal},
    projection::Projection,
};
use antiphon_core::{BoxFuture, Clock, Entry, Rng};
use tokio_util::sync::CancellationToken;

const USERS: u64 = 1_000_000;
const ROOMS: u64 = 100_000;
/// Lines that are printed, after the first.
const LINES: u64 = 12;

/// How long a life is, and how busy.
#[derive(Clone, Copy)]
struct Life {
    seconds: u64,
    /// Events a second of virtual time.
    rate: u64,
    /// How long events and their origins are kept.
    keep: Duration,
}

/// A Discord bot's source with its cache, whose events are made up.
struct Busy<S> {
    inner: S,
    life: Life,
    handled: Arc<AtomicU64>,
    tell: Box<dyn FnMut(u64) + Send>,
    over: CancellationToken,
}

impl<S: Source> Source for Busy<S> {
    fn name(&self) -> &SourceName {
        self.inner.name()
    }

    fn kinds(&self) -> &'static [KindInfo] {
        self.inner.kinds()
    }

    fn projections(&mut self) -> Vec<Box<dyn Projection>> {
        self.inner.projections()
    }

    fn clock(&self) -> Clock {
        self.inner.clock()
    }

    fn judge(&self) -> Judge {
        self.inner.judge()
    }

    fn run(
        self: Box<Self>,
        intake: Intake,
        stop: Stop,
    ) -> BoxFuture<'static, Result<(), SourceError>> {
        Box::pin(async move {
            let Self {
                life,
                handled,
                mut tell,
                over,
                ..
            } = *self;
            let mut rng = Rng::with_seed(20_261_130);
            let each = Duration::from_secs(1) / u32::try_from(life.rate).unwrap();
            let all = life.seconds * life.rate;
            for number in 0..all {
                if number.is_multiple_of((all / LINES).max(1)) {
                    tell(number);
                }
                let entry = Entry::event(event(number, &mut rng, &intake));
                if intake.send(entry).await.is_err() {
                    break;
                }
                tokio::time::advance(each).await;
                // The virtual clock must not run ahead of the handlers, nor stand still: a timer may be waited for.
                let mut looks = 0_u32;
                while number.saturating_sub(handled.load(Ordering::Relaxed)) > 1000 {
                    tokio::task::yield_now().await;
                    looks += 1;
                    if looks.is_multiple_of(1000) {
                        tokio::time::advance(Duration::from_millis(1)).await;
                    }
                }
            }
            tell(all);
            over.cancel();
            stop.closing().await;
            Ok(())
        })
    }
}

/// A message, or for every tenth event somebody who types.
fn event(number: u64, rng: &mut Rng, intake: &Intake) -> Draft {
    let (user, room) = (rng.u64(..USERS), rng.u64(..ROOMS));
    let (guild, channel) = (1_000 + room / 100, 1_000_000 + room);
    let (kind, body) = if number.is_multiple_of(10) {
        let body = format!(
            r#"{{"guild_id":"{guild}","channel_id":"{channel}","user_id":"{user}","timestamp":1767225600}}"#
        );
        ("discord.TYPING_START", body)
    } else {
        let body = format!(
            r#"{{"id":"{}","guild_id":"{guild}","channel_id":"{channel}","content":"evensong at seven, who is there? {number}","timestamp":"2026-01-01T00:00:00Z","author":{{"id":"{}","username":"user{user}"}},"member":{{"roles":[],"joined_at":"2025-01-01T00:00:00Z"}},"mentions":[],"attachments":[],"embeds":[],"type":0}}"#,
            10_000_000 + number,
            5_000_000 + user,
        );
        ("discord.MESSAGE_CREATE", body)
    };
    let place = Place::from(format!("guild/{guild}/channel/{channel}"));
    let origin = Origin::sequence("bounds", number);
    Draft::new(Kind::from_static(kind), place, origin, intake.now(), body)
}

/// Resident memory, in MB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.unwrap_or(0) / 1000
}

/// Size of a file, in MB.
fn megabytes(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |file| file.len() / 1_000_000)
}

async fn heard(_: discord::MessageCreate, State(handled): State<Arc<AtomicU64>>) {
    handled.fetch_add(1, Ordering::Relaxed);
}

async fn typed(_: discord::TypingStart, State(handled): State<Arc<AtomicU64>>) {
    handled.fetch_add(1, Ordering::Relaxed);
}

async fn live(life: Life, readers: usize, window: Duration) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bounds.sqlite");
    let journal = SqliteJournal::open_with(&file, Options::default())
        .await
        .unwrap();
    let clock = Clock::starting_at("2026-01-01T00:00:00Z".parse().unwrap());
    let config = discord::Config::new("token", Intents::empty()).clock(clock);
    let (client, inner) = discord::connect(config.cache(CacheLimits::default()));
    let handled = Arc::new(AtomicU64::new(0));
    let over = CancellationToken::new();
    let mut held = Vec::new();
    for _ in 0..readers {
        let reader = SqliteJournal::read_only(&file).await.unwrap();
        let page = reader.read(Position::ZERO, 256).await.unwrap();
        held.push((reader, page));
    }
    let log = folder.path().join("bounds.sqlite-wal");
    let (start, begun) = (tokio::time::Instant::now(), std::time::Instant::now());
    println!(
        "{:>9} {:>8} {:>6} {:>6} {:>6} {:>7} {:>6}",
        "events", "virtual", "MB", "file", "log", "cached", "real"
    );
    let tell = move |number: u64| {
        let cached = client.cache().size();
        let cached = cached.messages + cached.users;
        println!(
            "{number:>9} {:>8} {:>6} {:>6} {:>6} {cached:>7} {:>6}",
            start.elapsed().as_secs(),
            resident(),
            megabytes(&file),
            megabytes(&log),
            begun.elapsed().as_secs()
        );
    };
    let source = Busy {
        inner,
        life,
        handled: Arc::clone(&handled),
        tell: Box::new(tell),
        over: over.clone(),
    };
    let retention = Retention {
        keep: Some(life.keep),
        window,
        ..Retention::default()
    };
    let app = App::new(handled)
        .source(source)
        .retention(retention)
        .on(heard)
        .on(typed);
    app.run(journal, async move { over.cancelled().await })
        .await
        .unwrap();
    drop(held);
}

fn main() {
    // `cargo test --benches` and `cargo bench` themselves pass `--bench` and the like.
    let mut arguments = std::env::args().skip(1).filter(|one| one != "--bench");
    let hour = Life {
        seconds: 3600,
        rate: 1000,
        keep: Duration::from_secs(600),
    };
    let life = match arguments.next().as_deref() {
        Some("hour") => hour,
        Some("day") => Life {
            seconds: 86_400,
            rate: 50,
            keep: Duration::from_secs(3600),
        },
        Some("--seconds") => Life {
            seconds: arguments.next().unwrap().parse().unwrap(),
            ..hour
        },
        _ => {
            println!(
                "bounds: say `hour`, `day` or `--seconds N`; then readers, and days of origins"
            );
            return;
        }
    };
    let readers = arguments.next().map_or(0, |it| it.parse().unwrap());
    let days = arguments.next().map(|it| it.parse::<u64>().unwrap());
    let window = days.map_or(life.keep, |days| Duration::from_secs(days * 86_400));
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let runtime = builder.enable_all().start_paused(true).build().unwrap();
    // A paused clock jumps to the next timer while the journal's thread works, unless something blocks.
    let (end, wait) = std::sync::mpsc::channel::<()>();
    runtime.spawn_blocking(move || wait.recv());
    runtime.block_on(live(life, readers, window));
    drop(end);
}
