//! The speed of an append as a share of bare rusqlite's, by batch size.
//!
//! `cargo bench -p antiphon-journal --bench append` prints one line per batch size and case: events a second through
//! [`SqliteJournal`] and through bare rusqlite, and their ratio. Both store the same rows in the same batches; bare
//! rusqlite row by row, without checkpoints and with SQLite's own size of pages. Runs alternate, each on a file of its
//! own, and the median of the ratios counts. On a busy machine the counts of the bench `instructions` say more.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::{sync::Arc, time::Duration};

use antiphon_core::{Batch, Journal};
use antiphon_journal::{Options, SqliteJournal};
use tempfile::TempDir;
use tokio::{task::JoinSet, time::Instant};

#[expect(dead_code, reason = "the other bench reads as well")]
mod ground;

const ROUNDS: usize = 7;

/// A case: whether every event has a checkpoint, as a source gives it, or only the batch, as an app forms it; and
/// whether bodies are compressed.
const CASES: [(&str, bool, bool); 3] = [
    ("a checkpoint a batch", false, false),
    ("a checkpoint an event", true, false),
    ("compressed", false, true),
];

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()
        .expect("a runtime");
    println!(
        "{:>6} {:<22} {:>14} {:>14} {:>14}",
        "batch", "case", "antiphon/s", "bare/s", "antiphon/bare"
    );
    for (size, count) in [(1, 6_000), (10, 30_000), (100, 50_000), (1000, 50_000)] {
        let events = ground::corpus(count);
        for (case, with_every_event, compress) in CASES {
            let batches = ground::batches(&events, size, with_every_event);
            let mut ratios = Vec::new();
            let (mut best, mut best_bare) = (0.0_f64, 0.0_f64);
            for round in 0..=ROUNDS {
                let ours = runtime.block_on(through_the_journal(batches.clone(), compress));
                let bare = through_bare_rusqlite(&batches);
                // The first run warms up.
                if round > 0 {
                    #[expect(clippy::cast_precision_loss, reason = "a small number")]
                    let count = count as f64;
                    ratios.push(bare.as_secs_f64() / ours.as_secs_f64());
                    best = best.max(count / ours.as_secs_f64());
                    best_bare = best_bare.max(count / bare.as_secs_f64());
                }
            }
            ratios.sort_by(f64::total_cmp);
            let median = ratios[ratios.len() / 2];
            println!("{size:>6} {case:<22} {best:>14.0} {best_bare:>14.0} {median:>14.2}");
        }
    }
}

async fn through_the_journal(batches: Vec<Arc<Batch>>, compress: bool) -> Duration {
    let folder = TempDir::new().expect("a folder");
    let options = Options::new().compress(compress);
    let journal = SqliteJournal::open_with(folder.path().join("journal.sqlite"), options)
        .await
        .expect("opened");
    let mut task = JoinSet::new();
    task.spawn(async move {
        let begun = Instant::now();
        for batch in batches {
            journal.append(batch).await.expect("stored");
        }
        let took = begun.elapsed();
        journal.close().await.expect("closed");
        took
    });
    task.join_next().await.expect("one").expect("no panic")
}

fn through_bare_rusqlite(batches: &[Arc<Batch>]) -> Duration {
    let folder = TempDir::new().expect("a folder");
    let mut connection = ground::bare(&folder.path().join("bare.sqlite"));
    let since = Instant::now();
    ground::append_bare(&mut connection, batches);
    since.elapsed()
}
