//! The speed of dispatch as a share of a bare channel's, by number of handlers.
//!
//! `cargo bench -p antiphon --bench dispatch` prints one line per number of handlers and places: events a second from a
//! stored journal through head, lanes and cursor, and from one bounded tokio channel into the same handlers, and their
//! ratio. Both decode each event once, and share it among the handlers; runs alternate, and the median of the ratios
//! counts.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use antiphon::{
    App, DecodeError, Draft, Event, HandlerError, HandlerExt, Kind, Origin, Payload, Place, State,
    journal::{Batch, Journal, MemoryJournal},
};
use serde::Deserialize;
use tokio::{
    runtime::Runtime,
    sync::{Notify, mpsc},
    task::JoinSet,
    time::Instant,
};
use tokio_util::sync::CancellationToken;

const ROUNDS: usize = 7;

/// The fields of a chat message that a bot uses.
#[derive(Clone, Debug, Deserialize)]
struct Chat {
    message: String,
    time: u64,
    user: User,
}

#[derive(Clone, Debug, Deserialize)]
struct User {
    username: String,
}

impl Payload for Chat {
    const KINDS: &'static [&'static str] = &["queup.chat-message"];
    type View<'a> = Self;

    fn view(event: &Event) -> Result<Self, DecodeError> {
        event.parse()
    }

    fn decode(event: &Event) -> Result<Self, DecodeError> {
        event.parse()
    }
}

/// The work of a handler: almost nothing, so that the way to the handlers is measured.
#[derive(Debug)]
struct Tally {
    count: AtomicU64,
    bytes: AtomicU64,
    until: u64,
    reached: Notify,
}

impl Tally {
    fn until(until: u64) -> Arc<Self> {
        Arc::new(Self {
            count: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            until,
            reached: Notify::new(),
        })
    }

    fn add(&self, chat: &Chat) {
        let bytes = chat.message.len() + chat.user.username.len();
        let bytes = bytes as u64 + chat.time % 2;
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        if self.count.fetch_add(1, Ordering::Relaxed) + 1 == self.until {
            self.reached.notify_one();
        }
    }
}

async fn tally(chat: Arc<Chat>, State(tally): State<Arc<Tally>>) -> Result<(), HandlerError> {
    tally.add(&chat);
    Ok(())
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()
        .expect("a runtime");
    println!(
        "{:>8} {:>6} {:>12} {:>12} {:>17}",
        "handlers", "places", "antiphon/s", "channel/s", "antiphon/channel"
    );
    for (handlers, places, count) in [
        (1, 1, 200_000),
        (1, 16, 200_000),
        (1, 1_000, 200_000),
        (1, 100_000, 200_000),
        (10, 16, 100_000),
        (100, 16, 20_000),
    ] {
        let drafts = drafts(count, places);
        let journal = Arc::new(MemoryJournal::new());
        runtime.block_on(fill(&journal, &drafts));
        let events = runtime
            .block_on(journal.read(antiphon::Position::ZERO, usize::MAX))
            .expect("it is in memory");
        let mut events = events;
        while (events.len() as u64) < count {
            let after = events
                .last()
                .map_or(antiphon::Position::ZERO, |event| event.position());
            let page = runtime.block_on(journal.read(after, usize::MAX));
            events.extend(page.expect("it is in memory"));
        }
        let mut ratios = Vec::new();
        let (mut best, mut best_channel) = (0.0_f64, 0.0_f64);
        for round in 0..=ROUNDS {
            let ours = through_an_app(&runtime, &journal, handlers, count, round);
            let channel = runtime.block_on(through_a_channel(events.clone(), handlers, count));
            // The first run warms up.
            if round > 0 {
                ratios.push(channel.as_secs_f64() / ours.as_secs_f64());
                #[expect(clippy::cast_precision_loss, reason = "figures for people")]
                let count = count as f64;
                best = best.max(count / ours.as_secs_f64());
                best_channel = best_channel.max(count / channel.as_secs_f64());
            }
        }
        ratios.sort_by(f64::total_cmp);
        let median = ratios[ratios.len() / 2];
        println!("{handlers:>8} {places:>6} {best:>12.0} {best_channel:>12.0} {median:>17.2}");
    }
}

/// Chat messages of about 300 bytes, spread over the places in turn.
fn drafts(count: u64, places: u64) -> Vec<Draft> {
    let kind = Kind::from_static("queup.chat-message");
    let draft = |number: u64| {
        let place = Place::new(format!("room/5a77aa00bb11cc22dd33ee{:02}", number % places));
        let body = format!(
            concat!(
                r#"{{"message":"message number {n}, as long as people write","time":{n},"chatid":"c{n}","#,
                r#""type":"chat-message","queue_object":{{"dubs":12,"authorized":false}},"#,
                r#""user":{{"_id":"5a77aa00bb11cc22dd33aa01","username":"mira","status":1,"created":1517704704123,"#,
                r#""userInfo":{{"locale":"en_EU","invites":3}}}}}}"#
            ),
            n = number
        );
        Draft::new(
            kind.clone(),
            place,
            Origin::frame("c", number),
            jiff::Timestamp::UNIX_EPOCH,
            body,
        )
    };
    (0..count).map(draft).collect()
}

async fn fill(journal: &MemoryJournal, drafts: &[Draft]) {
    for drafts in drafts.chunks(1000) {
        let batch = Batch {
            events: drafts
                .iter()
                .map(|draft| ("queup".into(), draft.clone()))
                .collect(),
            ..Batch::default()
        };
        let appended = journal.append(Arc::new(batch)).await;
        appended.expect("it is in memory");
    }
}

/// From the stored journal through head, lanes and cursor.
fn through_an_app(
    runtime: &Runtime,
    journal: &Arc<MemoryJournal>,
    handlers: u64,
    count: u64,
    round: usize,
) -> Duration {
    let counted = Tally::until(count * handlers);
    let mut app = App::new(Arc::clone(&counted))
        .named(format!("bench {handlers} {round}"))
        .from_start();
    for number in 0..handlers {
        app = app.on(tally.named(format!("tally {number}")));
    }
    let shutdown = CancellationToken::new();
    runtime.block_on(async {
        let begun = Instant::now();
        let mut running = JoinSet::new();
        running.spawn(app.run(Arc::clone(journal), shutdown.clone().cancelled_owned()));
        counted.reached.notified().await;
        let took = begun.elapsed();
        shutdown.cancel();
        while let Some(ended) = running.join_next().await {
            ended.expect("no panic").expect("a clean end");
        }
        took
    })
}

/// From one bounded channel into the same handlers.
async fn through_a_channel(events: Vec<Arc<Event>>, handlers: u64, count: u64) -> Duration {
    let counted = Tally::until(count * handlers);
    let (sender, mut receiver) = mpsc::channel::<Arc<Event>>(1024);
    let state = Arc::clone(&counted);
    let begun = Instant::now();
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        for event in events {
            if sender.send(event).await.is_err() {
                return;
            }
        }
    });
    tasks.spawn(async move {
        while let Some(event) = receiver.recv().await {
            let Ok(chat) = Chat::decode(&event) else {
                return;
            };
            let chat = Arc::new(chat);
            for _ in 0..handlers {
                let handled = tally(Arc::clone(&chat), State(Arc::clone(&state))).await;
                handled.expect("it only counts");
            }
        }
    });
    counted.reached.notified().await;
    let took = begun.elapsed();
    while tasks.join_next().await.is_some() {}
    took
}
