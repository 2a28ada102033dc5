//! The journal beside bare SQLite: `journal append|read|disk ours|packed|bare FRAMES EVENTS BATCH`.
//!
//! *append* stores batches with a checkpoint of 160 bytes beside every event, as a shard makes them; bare SQLite stores
//! the same rows, one statement for each, without checkpoints. *read* goes through a file from its beginning: pages of
//! 256 events here, one ordered select there. *disk* tells the file's size and the bytes of all bodies.
//! *packed* is the journal with compressed bodies.
//! Both have the same table, unique index and pragmas as version 1 of the journal. Each run has a file of its own, and
//! prints what it used as one line of JSON; what is made before and after is not in it.

#[path = "../../../../crates/antiphon-journal/benches/ground/bare.rs"]
mod bare;

use std::{env, fs, path::Path, sync::Arc};

use antiphon_core::{Batch, Checkpoint, Draft, Journal, Origin, Position, SourceName};
use antiphon_discord::FrameReader;
use antiphon_journal::{Options, SqliteJournal};
use antiphon_peers::Usage;
use bytes::Bytes;
use jiff::Timestamp;
use rusqlite::Connection;
use serde_json::json;

/// The events of the corpus, repeated with origins of their own.
fn drafts(path: &str, events: usize) -> Vec<Draft> {
    let text = fs::read_to_string(path).expect("a file of frames");
    let mut reader = FrameReader::new("30f32c5d54ae86130fc4a215c7474263");
    let corpus: Vec<_> = text
        .lines()
        .map(|frame| {
            let frame = Bytes::copy_from_slice(frame.as_bytes());
            let mut draft = reader.read(&frame, Timestamp::UNIX_EPOCH).expect("a dispatch");
            // Bodies as they lie in a batch: not slices of one text.
            draft.body = Bytes::copy_from_slice(&draft.body);
            draft
        })
        .collect();
    let begun: Timestamp = "2026-01-05T20:10:11Z".parse().expect("a time");
    let draft = |number: usize| {
        let mut draft = corpus[number % corpus.len()].clone();
        let number = number as u64;
        draft.origin = if draft.kind == "discord.MESSAGE_CREATE" {
            format!("message/{}", 1_290_000_000_000_000_000 + number).as_str().into()
        } else {
            Origin::sequence("30f32c5d54ae86130fc4a215c7474263", number)
        };
        draft.received_at = begun + std::time::Duration::from_millis(number);
        draft
    };
    (0..events).map(draft).collect()
}

/// The batches that hold these events, with a checkpoint beside each.
fn batches(drafts: &[Draft], size: usize) -> Vec<Arc<Batch>> {
    let source = SourceName::new("discord");
    let mut mark = 0;
    let mut batch = |drafts: &[Draft]| {
        let events = drafts.iter().map(|draft| (source.clone(), draft.clone())).collect();
        let checkpoint = |_: &Draft| {
            mark += 1;
            let state = Bytes::from(format!("{mark:0160}"));
            (source.clone(), Checkpoint { part: "shard/0".into(), state, mark })
        };
        let checkpoints = drafts.iter().map(checkpoint).collect();
        Arc::new(Batch { events, checkpoints, ..Batch::default() })
    };
    drafts.chunks(size).map(&mut batch).collect()
}

async fn open(path: &Path, options: Options) -> SqliteJournal {
    SqliteJournal::open_with(path, options).await.expect("opened")
}

async fn fill(journal: &SqliteJournal, batches: Vec<Arc<Batch>>) {
    for batch in batches {
        journal.append(batch).await.expect("stored");
    }
}

/// Reads all rows of a bare file; gives their number and bytes.
fn read_bare(connection: &Connection) -> (usize, usize) {
    let mut select = connection.prepare("select * from stored order by position").expect("prepared");
    let mut rows = select.query([]).expect("begun");
    let (mut count, mut bytes) = (0, 0);
    while let Some(row) = rows.next().expect("read") {
        let body: Vec<u8> = row.get(11).expect("a body");
        let origin: String = row.get(8).expect("an origin");
        count += 1;
        bytes += body.len() + usize::from(origin.is_empty());
    }
    (count, bytes)
}

async fn read(journal: &SqliteJournal) -> (usize, usize) {
    let (mut after, mut count, mut bytes) = (Position::ZERO, 0, 0);
    loop {
        let page = journal.read(after, 256).await.expect("read");
        let Some(last) = page.last() else { return (count, bytes) };
        after = last.position();
        count += page.len();
        bytes += page.iter().map(|event| event.body().len()).sum::<usize>();
    }
}

/// Bytes of the file and of what lies beside it.
fn size(folder: &Path) -> u64 {
    let files = fs::read_dir(folder).expect("a folder");
    files.map(|file| file.expect("a file").metadata().expect("its size").len()).sum()
}

#[tokio::main(worker_threads = 2)]
async fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [what, whose, path, events, batch] = &arguments[..] else {
        panic!("usage: journal append|read|disk ours|packed|bare FRAMES EVENTS BATCH");
    };
    let size_of_batch: usize = batch.parse().expect("events of a batch");
    let drafts = drafts(path, events.parse().expect("a number of events"));
    let bodies: usize = drafts.iter().map(|draft| draft.body.len()).sum();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("journal.sqlite");
    let is_ours = whose != "bare";
    let options = Options::new().compress(whose == "packed");

    let batches = batches(&drafts, size_of_batch);
    let task = async {
        let begun = Usage::now();
        if is_ours {
            let journal = open(&path, options).await;
            let opened = Usage::now();
            fill(&journal, batches).await;
            let filled = Usage::now();
            if what != "read" {
                journal.close().await.expect("closed");
                return filled.since(&opened);
            }
            let counted = read(&journal).await;
            let end = Usage::now();
            assert_eq!(counted, (drafts.len(), bodies));
            journal.close().await.expect("closed");
            end.since(&filled)
        } else {
            let mut connection = bare::bare(&path);
            bare::append_bare(&mut connection, &batches);
            let filled = Usage::now();
            if what != "read" {
                connection.close().expect("closed");
                return filled.since(&begun);
            }
            let counted = read_bare(&connection);
            assert_eq!(counted, (drafts.len(), bodies));
            Usage::now().since(&filled)
        }
    };
    let mut report = task.await;
    report["events"] = json!(drafts.len());
    report["bodies"] = json!(bodies);
    report["disk"] = json!(size(folder.path()));
    println!("{report}");
}
