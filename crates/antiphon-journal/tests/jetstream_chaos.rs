//! Two processes that take turns as appenders while their networks and the server break, by seeds.
//!
//! `SEEDS=100 cargo test --features jetstream --test jetstream_chaos` runs more seeds than the two of every run.

#![cfg(feature = "jetstream")]

#[allow(dead_code, reason = "the contract's own helpers")]
mod contract;
mod nats;

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use antiphon_core::{Batch, Journal, Rng};
use antiphon_journal::{JetStreamJournal, JetStreamOptions};
use tokio::{sync::watch, task::JoinSet, time::Instant};

use contract::{chat, checkpoint, choir, numbers};
use nats::{Server, is_there, proxy::Proxy};

/// Events that a seed stores.
const EVENTS: u64 = 500;

fn options() -> JetStreamOptions {
    JetStreamOptions::new("test")
        .lease(Duration::from_secs(1))
        .wait(Duration::from_secs(60))
}

/// What a seed counts.
struct Tally {
    take_overs: AtomicU64,
    /// The longest time without a stored batch that ended with a take-over, in milliseconds.
    longest: AtomicU64,
    /// When the last batch was stored.
    stored_at: Mutex<Instant>,
    /// The mark of the last checkpoint that a holder was told to be stored.
    mark: watch::Sender<u64>,
    /// Whether the server is down.
    is_down: watch::Sender<bool>,
}

impl Tally {
    fn new() -> Self {
        Self {
            take_overs: AtomicU64::new(0),
            longest: AtomicU64::new(0),
            stored_at: Mutex::new(Instant::now()),
            mark: watch::Sender::new(0),
            is_down: watch::Sender::new(false),
        }
    }

    /// Notes a batch up to this mark.
    fn store(&self, to: u64, is_first_of_holder: bool) {
        let mut stored_at = self.stored_at.lock().expect("no panic");
        let waited = u64::try_from(stored_at.elapsed().as_millis()).expect("small");
        *stored_at = Instant::now();
        if is_first_of_holder {
            self.longest.fetch_max(waited, Ordering::Relaxed);
        }
        self.mark.send_if_modified(|mark| {
            let is_more = to > *mark;
            *mark = (*mark).max(to);
            is_more
        });
    }
}

/// Waits until so many events are stored; a process that panics fails the test.
async fn stored(mark: u64, done: &mut watch::Receiver<u64>, holders: &mut JoinSet<()>) {
    loop {
        tokio::select! {
            reached = done.wait_for(|done| *done >= mark.min(EVENTS)) => {
                reached.expect("the tally is here");
                return;
            }
            Some(ended) = holders.join_next() => ended.expect("no panic"),
        }
    }
}

/// A process: holds the journal for as long as it can, and goes on from the checkpoint that it finds.
///
/// What it appends is what its checkpoint does not cover, as a source would hear it again.
async fn ingest(url: String, seed: u64, tally: Arc<Tally>) {
    let mut rng = Rng::with_seed(seed);
    let mut done = tally.mark.subscribe();
    let mut down = tally.is_down.subscribe();
    let options = || options().patience(Duration::from_secs(1));
    while *done.borrow_and_update() < EVENTS {
        let Ok(journal) = JetStreamJournal::open(&url, options()).await else {
            let up = down.wait_for(|is_down| !is_down).await;
            up.expect("the tally is here");
            continue;
        };
        tally.take_overs.fetch_add(1, Ordering::Relaxed);
        let Ok(checkpoints) = journal.checkpoints(&choir()).await else {
            continue;
        };
        let mark = checkpoints.first().map_or(0, |checkpoint| checkpoint.mark);
        let mut stored = u64::try_from(mark).expect("a count");
        let mut is_first = true;
        'holds: while stored < EVENTS {
            // A source hears the last events again after a break.
            let from = stored.saturating_sub(rng.u64(..3)) + 1;
            let to = (stored + rng.u64(1..20)).min(EVENTS);
            let mut batch = Batch {
                checkpoints: vec![(
                    choir(),
                    checkpoint("room/loft", i64::try_from(to).expect("small")),
                )],
                ..Batch::default()
            };
            batch.events = (from..=to).map(|n| (choir(), chat(n))).collect();
            let batch = Arc::new(batch);
            loop {
                match journal.append(Arc::clone(&batch)).await {
                    Ok(_) => break,
                    Err(error) if error.is_transient() => {}
                    Err(_) => break 'holds,
                }
            }
            stored = to;
            tally.store(to, std::mem::take(&mut is_first));
        }
        if stored >= EVENTS {
            // The server may be away at this moment; the lease then ends by itself.
            let _ = journal.close().await;
        }
    }
}

/// Gives a line of counts.
async fn check(seed: u64) -> String {
    let mut rng = Rng::with_seed(seed);
    let mut server = Server::start().await;
    let proxies = [
        Proxy::to(&server.url()).await,
        Proxy::to(&server.url()).await,
    ];
    let tally = Arc::new(Tally::new());
    let mut done = tally.mark.subscribe();
    let mut holders = JoinSet::new();
    for (proxy, number) in proxies.iter().zip(0..) {
        holders.spawn(ingest(proxy.url(), 2 * seed + number, Arc::clone(&tally)));
    }
    let mut breaks = 0;
    while *done.borrow_and_update() < EVENTS {
        // Every break waits for some events, so that each comes while the journal is in use.
        let next = *done.borrow() + rng.u64(1..80);
        stored(next, &mut done, &mut holders).await;
        breaks += 1;
        // A batch has 19 events at most, so that answers that are under way do not reach this: whoever is cut off has
        // lost the journal by then, if it had it.
        let later = *done.borrow() + rng.u64(40..80);
        let proxy = &proxies[rng.usize(..2)];
        match rng.u8(..4) {
            0 => {
                tally.is_down.send_replace(true);
                server.kill();
                server.run().await;
                tally.is_down.send_replace(false);
            }
            // Cut off for longer than a lease; what was sent arrives afterwards.
            1 => {
                proxy.flow(false, rng.bool());
                stored(later, &mut done, &mut holders).await;
                proxy.flow(true, true);
            }
            // The answers alone are late, by more than a lease.
            2 => {
                proxy.flow(true, false);
                stored(later, &mut done, &mut holders).await;
                proxy.flow(true, true);
            }
            // Something is late in one direction, by less than a lease.
            _ => {
                let is_answer = rng.bool();
                proxy.flow(is_answer, !is_answer);
                tokio::select! {
                    () = proxy.keeps() => {}
                    () = stored(EVENTS, &mut done, &mut holders) => {}
                }
                proxy.flow(true, true);
            }
        }
    }
    for proxy in &proxies {
        proxy.flow(true, true);
    }
    while let Some(ended) = holders.join_next().await {
        ended.expect("no panic");
    }
    let journal = JetStreamJournal::open(&server.url(), options())
        .await
        .expect("opened");
    let expected: Vec<_> = (1..=EVENTS).collect();
    assert_eq!(
        numbers(&journal).await,
        expected,
        "seed {seed}: all once, in order"
    );
    let stored = journal.checkpoints(&choir()).await.expect("read");
    let last = checkpoint("room/loft", i64::try_from(EVENTS).expect("small"));
    assert_eq!(stored, [last], "seed {seed}");
    let take_overs = tally.take_overs.load(Ordering::Relaxed);
    let longest = tally.longest.load(Ordering::Relaxed);
    format!(
        "seed {seed}: {breaks} breaks, {take_overs} take-overs, the longest after {longest} ms; {EVENTS} events once and in order"
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_holders_store_everything_once_and_in_order_whatever_breaks() {
    if !is_there() {
        return;
    }
    let seeds = std::env::var("SEEDS")
        .ok()
        .and_then(|seeds| seeds.parse().ok());
    for seed in 0..seeds.unwrap_or(2) {
        println!("{}", check(seed).await);
    }
}
