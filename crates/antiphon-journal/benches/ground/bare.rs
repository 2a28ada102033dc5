//! Bare rusqlite with the table, index and pragmas of the journal's first version.
//!
//! `benches/peers` uses this file too.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicI32, Ordering},
    },
};

use antiphon_core::Batch;
use rusqlite::{Connection, params};

/// A file with the table, index and pragmas of the journal's first version, and SQLite's own size of pages.
pub(crate) fn bare(path: &Path) -> Connection {
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

/// Stores all batches' events row by row, a transaction for each batch, and moves the log at 16 MiB.
pub(crate) fn append_bare(connection: &mut Connection, batches: &[Arc<Batch>]) {
    let pages = Arc::new(AtomicI32::new(0));
    let hooked = Arc::clone(&pages);
    connection
        .wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, count| {
            hooked.store(count, Ordering::Relaxed);
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
        if pages.load(Ordering::Relaxed) >= 4096 {
            checkpoint.query_row([], |_| Ok(())).expect("moved");
        }
    }
}
