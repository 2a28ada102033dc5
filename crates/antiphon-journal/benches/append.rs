//! The speed of an append as a share of bare rusqlite's, by batch size.
//!
//! `cargo bench -p antiphon-journal --bench append` prints one line per batch size: events a second through
//! [`SqliteJournal`] and through bare rusqlite, and their ratio. Both have the same table, unique index, pragmas,
//! batches and rows; runs alternate, each on a file of its own, and the median of the ratios counts.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::{path::Path, sync::Arc, time::Duration};

use antiphon_core::{Batch, Draft, Journal, Kind, Origin, Place, Rng};
use antiphon_journal::SqliteJournal;
use rusqlite::{Connection, params};
use tempfile::TempDir;
use tokio::{task::JoinSet, time::Instant};

const ROUNDS: usize = 7;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_time()
        .build()
        .expect("a runtime");
    println!(
        "{:>6} {:>14} {:>14} {:>14}",
        "batch", "antiphon/s", "bare/s", "antiphon/bare"
    );
    for (size, count) in [(1, 6_000), (10, 30_000), (100, 50_000), (1000, 50_000)] {
        let batches = batches(size, count);
        let mut ratios = Vec::new();
        let (mut best, mut best_bare) = (0.0_f64, 0.0_f64);
        for round in 0..=ROUNDS {
            let ours = runtime.block_on(through_the_journal(batches.clone()));
            let bare = through_bare_rusqlite(&batches);
            // The first run warms up.
            if round > 0 {
                ratios.push(bare.as_secs_f64() / ours.as_secs_f64());
                best = best.max(f64::from(count) / ours.as_secs_f64());
                best_bare = best_bare.max(f64::from(count) / bare.as_secs_f64());
            }
        }
        ratios.sort_by(f64::total_cmp);
        let median = ratios[ratios.len() / 2];
        println!("{size:>6} {best:>14.0} {best_bare:>14.0} {median:>14.2}");
    }
}

/// Events of a busy room: 400 to 900 bytes, with growing origins.
fn batches(size: usize, count: u32) -> Vec<Arc<Batch>> {
    let mut rng = Rng::with_seed(7);
    let kinds = [
        "chat-message",
        "room_playlist-dub",
        "user-join",
        "room_playlist-queue-update",
    ]
    .map(|name| Kind::new(format!("queup.{name}")));
    let places: Vec<_> = (0..20)
        .map(|room| Place::new(format!("room/5a77aa00bb11cc22dd33ee{room:02}")))
        .collect();
    let time: jiff::Timestamp = "2026-01-01T00:00:00Z".parse().expect("a timestamp");
    let drafts: Vec<_> = (0..count)
        .map(|n| {
            let text: String = (0..rng.usize(380..880))
                .map(|_| rng.alphanumeric())
                .collect();
            let draft = Draft::new(
                kinds[rng.usize(..kinds.len())].clone(),
                places[rng.usize(..places.len())].clone(),
                Origin::frame("66f1c2d3e4a5b6c7", n.into()),
                time + Duration::from_millis(n.into()),
                format!("{{\"message\":\"{text}\"}}"),
            );
            ("choir".into(), draft)
        })
        .collect();
    let batch = |events: &[_]| {
        Arc::new(Batch {
            events: events.to_vec(),
            ..Batch::default()
        })
    };
    drafts.chunks(size).map(batch).collect()
}

async fn through_the_journal(batches: Vec<Arc<Batch>>) -> Duration {
    let folder = TempDir::new().expect("a folder");
    let journal = SqliteJournal::open(folder.path().join("journal.sqlite"))
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
    let mut connection = bare(&folder.path().join("bare.sqlite"));
    let pages = Arc::new(std::sync::atomic::AtomicI32::new(0));
    let hooked = Arc::clone(&pages);
    connection
        .wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, count| {
            hooked.store(count, std::sync::atomic::Ordering::Relaxed);
            Ok(())
        }))
        .expect("hooked");
    let mut start = connection.prepare("begin immediate").expect("prepared");
    let mut commit = connection.prepare("commit").expect("prepared");
    let mut insert = connection
        .prepare(
            "insert into stored (position, source, kind, place, provenance, form, received_at, \
             origin, deletes, note, body) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) \
             on conflict (source, origin) do nothing",
        )
        .expect("prepared");
    let mut checkpoint = connection
        .prepare("pragma wal_checkpoint(passive)")
        .expect("prepared");
    let mut position = 0_i64;
    let since = Instant::now();
    for batch in batches {
        start.execute([]).expect("begun");
        for (_, draft) in &batch.events {
            position += 1;
            let nanoseconds =
                i64::try_from(draft.received_at.as_nanosecond()).expect("this century");
            insert
                .execute(params![
                    position,
                    1,
                    2 + position % 4,
                    6 + position % 20,
                    0,
                    0,
                    nanoseconds,
                    draft.origin.as_str(),
                    None::<&str>,
                    None::<&[u8]>,
                    &*draft.body,
                ])
                .expect("stored");
        }
        commit.execute([]).expect("stored");
        if pages.load(std::sync::atomic::Ordering::Relaxed) >= 4096 {
            checkpoint.query_row([], |_| Ok(())).expect("moved");
        }
    }
    since.elapsed()
}

/// A file with the journal's table, index and pragmas.
fn bare(path: &Path) -> Connection {
    let connection = Connection::open(path).expect("opened");
    connection
        .execute_batch(
            "pragma auto_vacuum = incremental;
             pragma journal_mode = wal;
             pragma synchronous = normal;
             pragma wal_autocheckpoint = 0;
             pragma journal_size_limit = 67108864;
             pragma secure_delete = fast;
             create table stored (
               position integer primary key,
               source integer not null,
               kind integer not null,
               place integer not null,
               provenance integer not null,
               form integer not null,
               received_at integer not null,
               erased_at integer,
               origin text not null,
               deletes text,
               note blob,
               body blob not null
             ) strict;
             create unique index stored_origin on stored (source, origin);",
        )
        .expect("made");
    connection
}
