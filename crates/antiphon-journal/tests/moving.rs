//! A journal moves from a file to JetStream and back, and loses nothing of what it knows.

#![cfg(all(feature = "sqlite", feature = "jetstream"))]

mod nats;

use std::{sync::Arc, time::Duration};

use antiphon_core::{
    Batch, Checkpoint, Cursor, DeadLetter, DeadLetterChange, DeadLetterId, Draft, Event,
    Journal as _, Kind, KindPattern, Origin, Person, Place, Position, Retention, Saved, Trouble,
};
use antiphon_journal::{
    Filter, Inspect, JetStreamJournal, JetStreamOptions, Options, SqliteJournal, States,
};
use jiff::Timestamp;
use tempfile::TempDir;

fn at(seconds: i64) -> Timestamp {
    let begin: Timestamp = "2026-01-01T00:00:00Z".parse().expect("a time");
    Timestamp::from_second(begin.as_second() + seconds).expect("a time")
}

fn draft(kind: &'static str, number: u64, seconds: i64) -> Draft {
    let body = format!(r#"{{"number":{number},"text":"Höhle"}}"#);
    let origin = Origin::frame("frame", number);
    Draft::new(
        Kind::from_static(kind),
        Place::new("room/loft"),
        origin,
        at(seconds),
        body,
    )
}

async fn append(journal: &dyn Inspect, draft: Draft) -> Option<Arc<Event>> {
    let batch = Batch {
        events: vec![("choir".into(), draft)],
        ..Batch::default()
    };
    let appended = journal.append(Arc::new(batch)).await.expect("stored");
    appended.events.into_iter().next()
}

const HOUR: i64 = 3600;

fn policy() -> Arc<Retention> {
    Arc::new(Retention {
        rules: vec![(KindPattern::new("test.gone"), Duration::from_secs(60))],
        ..Retention::default()
    })
}

/// A journal with something of everything.
async fn fill(journal: &dyn Inspect) {
    append(journal, draft("test.gone", 1, 0)).await;
    for number in 2..=5 {
        append(journal, draft("test.said", number, 0)).await;
    }
    let mut deletes = draft("test.deleted", 6, 10);
    deletes.deletes = Some(Origin::frame("frame", 2));
    append(journal, deletes).await;
    let event = journal
        .read(Position::new(3), 1)
        .await
        .expect("read")
        .remove(0);
    let letter = DeadLetter {
        id: DeadLetterId(0),
        consumer: "bot".into(),
        handler: "greet".into(),
        event: (*event).clone(),
        error: "the greeting is missing".into(),
        attempts: 3,
        at: at(20),
        replay: false,
    };
    let states = Batch {
        checkpoints: vec![(
            "choir".into(),
            Checkpoint {
                part: "shard/0".into(),
                state: "session 5f1c".into(),
                mark: 42,
            },
        )],
        cursors: vec![("bot".into(), Cursor::at(Position::new(4)))],
        dead: vec![DeadLetterChange::Bury(Box::new(letter))],
        projections: vec![(
            "cache".into(),
            Saved {
                position: Position::new(4),
                state: vec![0, 255, 10],
            },
        )],
        ..Batch::default()
    };
    journal.append(Arc::new(states)).await.expect("stored");
    let swept = journal.sweep(policy(), at(HOUR)).await.expect("swept");
    assert_eq!(swept.removed, 1);
}

/// Copies everything, in small pieces.
async fn copy(from: &dyn Inspect, to: &dyn Inspect) {
    let begun = to.begin_import(from.identity().await.expect("read"));
    assert!(begun.await.expect("begun"), "it is empty");
    copy_rest(from, to).await;
}

async fn copy_rest(from: &dyn Inspect, to: &dyn Inspect) {
    let states = from.states().await.expect("read");
    let mut after = Position::ZERO;
    while after < states.last {
        let page = from
            .read_where(after, 2, &Filter::new())
            .await
            .expect("read");
        let events = page.events.iter().map(|event| (**event).clone());
        let imported = to.import(events.collect()).await.expect("stored");
        assert_eq!(imported.moved, 0);
        after = page.through;
    }
    let mut last = None;
    loop {
        let page = from.removed(last.as_ref(), 1).await.expect("read");
        let Some(end) = page.last() else { break };
        last = Some(end.clone());
        to.import_removed(page).await.expect("stored");
    }
    assert!(to.restore(states).await.expect("stored"));
}

/// What is compared; positions that were given and the form of the key are each backend's own.
async fn states(journal: &dyn Inspect) -> States {
    States {
        erasure_key: None,
        given: Position::ZERO,
        last: Position::ZERO,
        ..journal.states().await.expect("read")
    }
}

async fn events(journal: &dyn Inspect) -> Vec<Event> {
    let events = journal.read(Position::ZERO, 100).await.expect("read");
    events.iter().map(|event| (**event).clone()).collect()
}

async fn is_repeat(journal: &dyn Inspect, number: u64) -> bool {
    append(journal, draft("test.gone", number, 2 * HOUR))
        .await
        .is_none()
}

async fn file(folder: &TempDir, name: &str) -> SqliteJournal {
    let options = Options::new().importing(true);
    let journal = SqliteJournal::open_with(folder.path().join(name), options).await;
    journal.expect("a journal")
}

async fn stream(server: &nats::Server, name: &str) -> JetStreamJournal {
    let options = JetStreamOptions::new(name).importing(true);
    JetStreamJournal::open(&server.url(), options)
        .await
        .expect("a journal")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_moves_to_jetstream_and_back_with_all_that_it_knows() {
    if !nats::is_there() {
        return;
    }
    let server = nats::Server::start().await;
    let folder = TempDir::new().expect("a folder");
    let first = file(&folder, "first.db").await;
    fill(&first).await;
    let (all, known) = (events(&first).await, states(&first).await);
    assert_eq!(
        (all.len(), known.deletions.len(), known.dead_letters.len()),
        (5, 1, 1)
    );

    let middle = stream(&server, "middle").await;
    copy(&first, &middle).await;
    assert_eq!(events(&middle).await, all);
    assert_eq!(states(&middle).await, known);
    assert!(is_repeat(&middle, 1).await, "retention had removed it");
    assert!(is_repeat(&middle, 3).await);
    middle.close().await.expect("closed");
    drop(middle);

    // Opened anew, it still knows all of that, and another stream learns it.
    let middle = stream(&server, "middle").await;
    assert_eq!(states(&middle).await, known);
    assert!(is_repeat(&middle, 1).await);
    let other = stream(&server, "other").await;
    copy(&middle, &other).await;
    assert_eq!(states(&other).await, known);
    assert!(is_repeat(&other, 1).await);

    // A reader copies the same as the process that appends.
    let reader = JetStreamJournal::read_only(&server.url(), JetStreamOptions::new("other")).await;
    let reader = reader.expect("a journal");
    let last = file(&folder, "last.db").await;
    copy(&reader, &last).await;
    assert_eq!(events(&last).await, all);
    assert_eq!(states(&last).await, known);
    assert!(is_repeat(&last, 1).await, "it is known by its hash alone");
    last.close().await.expect("closed");
    let last = file(&folder, "last.db").await;
    assert!(is_repeat(&last, 1).await);

    // What the platform had deleted goes once its grace is over, wherever the journal is.
    for journal in [&other as &dyn Inspect, &last] {
        let swept = journal.sweep(policy(), at(25 * HOUR)).await.expect("swept");
        assert_eq!(swept.erased, 1);
        // New events are behind all that were given.
        let new = append(journal, draft("test.said", 100, 25 * HOUR)).await;
        assert!(new.expect("new").position() > all[4].position());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_that_was_not_finished_is_refused_to_everybody_but_the_same_import() {
    if !nats::is_there() {
        return;
    }
    let server = nats::Server::start().await;
    let folder = TempDir::new().expect("a folder");
    let first = file(&folder, "first.db").await;
    fill(&first).await;
    let half = file(&folder, "half.db").await;
    let on_servers = stream(&server, "half").await;
    for to in [&half as &dyn Inspect, &on_servers] {
        let from = first.identity().await.expect("read");
        assert!(to.begin_import(from).await.expect("begun"));
        let events = events(&first).await;
        to.import(events[..2].to_vec()).await.expect("stored");
        to.close().await.expect("closed");
    }
    drop((half, on_servers));

    let path = folder.path().join("half.db");
    let refused = [
        SqliteJournal::open(&path)
            .await
            .expect_err("unfinished")
            .trouble(),
        SqliteJournal::for_consumers(&path)
            .await
            .expect_err("unfinished")
            .trouble(),
    ];
    assert_eq!(refused, [Trouble::Corrupt; 2]);
    let options = || JetStreamOptions::new("half");
    let url = server.url();
    let refused = [
        JetStreamJournal::open(&url, options())
            .await
            .expect_err("unfinished"),
        JetStreamJournal::for_consumers(&url, options())
            .await
            .expect_err("unfinished"),
    ];
    for error in refused {
        assert_eq!(error.trouble(), Trouble::Corrupt);
    }

    let half = file(&folder, "half.db").await;
    let on_servers = stream(&server, "half").await;
    let another = file(&folder, "another.db").await;
    for to in [&half as &dyn Inspect, &on_servers] {
        // Nothing can be taken out of it, and nothing of another journal gets in.
        assert!(to.states().await.is_err());
        let wrong = to.begin_import(another.identity().await.expect("read"));
        wrong.await.expect_err("it is another journal's");
        // The same import goes on.
        copy(&first, to).await;
        assert_eq!(states(to).await, states(&first).await);
        to.close().await.expect("closed");
    }
    drop((half, on_servers));
    SqliteJournal::open(&path).await.expect("it is whole");
    let whole = JetStreamJournal::open(&url, options())
        .await
        .expect("it is whole");
    // A journal that has something stays what it is.
    let begun = whole.begin_import(another.identity().await.expect("read"));
    assert!(!begun.await.expect("asked"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consumer_that_somebody_has_is_not_forgotten_and_nobody_is_erased_meanwhile() {
    if !nats::is_there() {
        return;
    }
    let server = nats::Server::start().await;
    let url = server.url();
    let options = || {
        let second = Duration::from_secs(1);
        JetStreamOptions::new("test").lease(second).wait(second)
    };
    let ingester = JetStreamJournal::open(&url, options())
        .await
        .expect("a journal");
    append(&ingester, draft("test.said", 1, 0)).await;
    let consumer = JetStreamJournal::for_consumers(&url, options())
        .await
        .expect("a journal");
    let bot = "bot".into();
    let claim = consumer.claim(&bot).await.expect("free");
    let saved = |name: &str| {
        let saved = Saved {
            position: Position::new(1),
            state: vec![7],
        };
        (name.to_owned(), saved)
    };
    let batch = Batch {
        cursors: vec![(bot.clone(), Cursor::at(Position::new(1)))],
        projections: vec![saved("cache@bot"), saved("cache"), saved("cache@robot")],
        ..Batch::default()
    };
    consumer.append(Arc::new(batch)).await.expect("stored");
    let refused = ingester.forget(&bot).await.expect_err("it is in use");
    assert_eq!(refused.trouble(), Trouble::Locked);
    let person = || Arc::new(Person::new(Vec::new(), "mira"));
    let refused = ingester.erase(person()).await.expect_err("it is in use");
    assert_eq!(refused.trouble(), Trouble::Locked);
    assert!(ingester.cursor(&bot).await.expect("read").is_some());

    drop(claim);
    consumer.close().await.expect("closed");
    ingester.erase(person()).await.expect("nobody has it");
    ingester.forget(&bot).await.expect("nobody has it");
    assert!(ingester.cursor(&bot).await.expect("read").is_none());
    let there = async |name: &str| ingester.projection(name).await.expect("read").is_some();
    assert_eq!(
        [
            there("cache@bot").await,
            there("cache").await,
            there("cache@robot").await
        ],
        [false, true, true]
    );
}
