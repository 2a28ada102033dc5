//! The file and the memory give the same answers to random operations.

#![cfg(feature = "sqlite")]

use std::{sync::Arc, time::Duration};

use antiphon_core::{
    Batch, Checkpoint, ConsumerName, Cursor, DeadLetter, DeadLetterChange, DeadLetterId, Draft,
    Event, Journal, Kind, KindPattern, OpenEvent, Origin, Place, Position, Retention, Saved,
    SourceName,
};
use antiphon_journal::{MemoryJournal, SqliteJournal};
use jiff::{SignedDuration, Timestamp};
use proptest::{collection::vec, option, prelude::*};
use tempfile::TempDir;

/// One operation on both.
#[derive(Clone, Debug)]
enum Op {
    Append(Vec<What>),
    Sweep { policy: usize, later: u32 },
    Read { after: u64, limit: usize },
    Reopen,
}

/// One part of a batch; its names are picked from a few.
#[derive(Clone, Debug)]
enum What {
    Event {
        source: u8,
        origin: u8,
        kind: u8,
        body: Vec<u8>,
        deletes: Option<u8>,
    },
    Checkpoint {
        source: u8,
        part: u8,
        mark: i64,
    },
    Cursor {
        consumer: u8,
        read: u64,
        open: Option<u64>,
    },
    Bury {
        handler: u8,
        position: u64,
    },
    Replay(u64),
    Drop(u64),
    Projection {
        name: u8,
        position: u64,
    },
}

fn what() -> impl Strategy<Value = What> {
    prop_oneof![
        12 => (0..2u8, 0..40u8, 0..4u8, vec(any::<u8>(), 0..20), option::weighted(0.2, 0..40u8))
            .prop_map(|(source, origin, kind, body, deletes)| What::Event { source, origin, kind, body, deletes }),
        1 => (0..2u8, 0..3u8, any::<i64>())
            .prop_map(|(source, part, mark)| What::Checkpoint { source, part, mark }),
        1 => (0..2u8, 0..80u64, option::weighted(0.3, 0..80u64))
            .prop_map(|(consumer, read, open)| What::Cursor { consumer, read, open }),
        1 => (0..2u8, 0..10u64).prop_map(|(handler, position)| What::Bury { handler, position }),
        1 => (0..6u64).prop_map(What::Replay),
        1 => (0..6u64).prop_map(What::Drop),
        1 => (0..2u8, 0..80u64).prop_map(|(name, position)| What::Projection { name, position }),
    ]
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => vec(what(), 0..12).prop_map(Op::Append),
        3 => (0..policies().len(), 0..200u32).prop_map(|(policy, later)| Op::Sweep { policy, later }),
        1 => (0..100u64, 0..20usize).prop_map(|(after, limit)| Op::Read { after, limit }),
        1 => Just(Op::Reopen),
    ]
}

fn policies() -> Vec<Arc<Retention>> {
    let seconds = Duration::from_secs;
    let base = Retention {
        delete_grace: seconds(50),
        window: seconds(200),
        ..Retention::default()
    };
    let by_kind = Retention {
        rules: vec![
            (KindPattern::new("q.0"), seconds(20)),
            (KindPattern::new("q.1"), seconds(60)),
        ],
        momentary: vec![(KindPattern::new("q.2"), seconds(30))],
        ..base.clone()
    };
    let by_age = Retention {
        keep: Some(seconds(100)),
        momentary: vec![
            (KindPattern::new("q.3"), seconds(10)),
            (KindPattern::new("*.2"), seconds(0)),
        ],
        ..by_kind.clone()
    };
    [base, by_kind, by_age].map(Arc::new).into()
}

fn source(n: u8) -> SourceName {
    format!("source {n}").into()
}

fn consumer(n: u8) -> ConsumerName {
    format!("consumer {n}").into()
}

fn origin(n: u8) -> Origin {
    Origin::occurrence("chat", &n.to_string())
}

fn letter(handler: u8, position: u64, now: Timestamp) -> DeadLetter {
    let draft = Draft::new(Kind::new("q.dead"), Place::root(), origin(0), now, "{}");
    DeadLetter {
        id: DeadLetterId(0),
        consumer: consumer(0),
        handler: format!("handler {handler}"),
        event: Event::stored(Position::new(position), source(0), draft),
        error: now.to_string(),
        attempts: 1,
        at: now,
        replay: false,
    }
}

fn batch(parts: &[What], now: Timestamp) -> Arc<Batch> {
    let mut batch = Batch::default();
    for part in parts {
        match part.clone() {
            What::Event {
                source: of,
                origin: name,
                kind,
                body,
                deletes,
            } => {
                let kind = Kind::new(format!("q.{kind}"));
                let place = Place::new(format!("room/{}", name % 3));
                let mut draft = Draft::new(kind, place, origin(name), now, body);
                draft.deletes = deletes.map(origin);
                batch.events.push((source(of), draft));
            }
            What::Checkpoint {
                source: of,
                part,
                mark,
            } => {
                let part = format!("part {part}").into();
                let state = mark.to_string().into();
                batch
                    .checkpoints
                    .push((source(of), Checkpoint { part, state, mark }));
            }
            What::Cursor {
                consumer: of,
                read,
                open,
            } => {
                let mut cursor = Cursor::at(Position::new(read));
                cursor.open.extend(open.map(|position| OpenEvent {
                    position: Position::new(position),
                    starts: 1,
                }));
                batch.cursors.push((consumer(of), cursor));
            }
            What::Bury { handler, position } => {
                let letter = letter(handler, position, now);
                batch.dead.push(DeadLetterChange::Bury(Box::new(letter)));
            }
            What::Replay(id) => batch.dead.push(DeadLetterChange::Replay(DeadLetterId(id))),
            What::Drop(id) => batch.dead.push(DeadLetterChange::Drop(DeadLetterId(id))),
            What::Projection { name, position } => {
                let position = Position::new(position);
                let state = now.to_string().into_bytes();
                batch
                    .projections
                    .push((format!("projection {name}"), Saved { position, state }));
            }
        }
    }
    Arc::new(batch)
}

async fn alike(memory: &MemoryJournal, file: &SqliteJournal) {
    let events = |journal: &'static str, read: Result<Vec<Arc<Event>>, _>| read.expect(journal);
    assert_eq!(
        events("memory", memory.read(Position::ZERO, 1000).await),
        events("file", file.read(Position::ZERO, 1000).await)
    );
    for n in 0..2 {
        assert_eq!(
            memory.checkpoints(&source(n)).await.expect("memory"),
            file.checkpoints(&source(n)).await.expect("file")
        );
        assert_eq!(
            memory.cursor(&consumer(n)).await.expect("memory"),
            file.cursor(&consumer(n)).await.expect("file")
        );
        let name = format!("projection {n}");
        assert_eq!(
            memory.projection(&name).await.expect("memory"),
            file.projection(&name).await.expect("file")
        );
    }
    assert_eq!(
        memory
            .dead_letters(DeadLetterId(0), 100)
            .await
            .expect("memory"),
        file.dead_letters(DeadLetterId(0), 100).await.expect("file")
    );
}

async fn play(ops: Vec<Op>) {
    let folder = TempDir::new().expect("a folder");
    let path = folder.path().join("journal.sqlite");
    let memory = MemoryJournal::new();
    let mut file = SqliteJournal::open(&path).await.expect("opened");
    let mut now = Timestamp::UNIX_EPOCH;
    for op in ops {
        now += SignedDuration::from_secs(7);
        match op {
            Op::Append(parts) => {
                let batch = batch(&parts, now);
                let expected = memory.append(Arc::clone(&batch)).await.expect("memory");
                let appended = file.append(batch).await.expect("file");
                assert_eq!(expected.events, appended.events);
                assert_eq!(expected.repeats, appended.repeats);
            }
            Op::Sweep { policy, later } => {
                now += SignedDuration::from_secs(later.into());
                let policy = &policies()[policy];
                let expected = memory.sweep(Arc::clone(policy), now).await.expect("memory");
                assert_eq!(
                    expected,
                    file.sweep(Arc::clone(policy), now).await.expect("file")
                );
            }
            Op::Read { after, limit } => {
                let after = Position::new(after);
                let expected = memory.read(after, limit).await.expect("memory");
                assert_eq!(expected, file.read(after, limit).await.expect("file"));
            }
            Op::Reopen => {
                file.close().await.expect("closed");
                file = SqliteJournal::open(&path).await.expect("opened");
            }
        }
        alike(&memory, &file).await;
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 24,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn the_file_and_the_memory_answer_alike(ops in vec(op(), 1..40)) {
        tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .build()
            .expect("a runtime")
            .block_on(play(ops));
    }
}
