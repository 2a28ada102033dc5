//! What the backend on JetStream promises beyond the contract: nobody but the holder of the lease stores anything, a
//! batch is there once whatever became of its answers, and what a server does otherwise than asked is refused.

#![cfg(feature = "jetstream")]

#[allow(dead_code, reason = "the contract's own helpers")]
mod contract;
mod nats;

use std::{sync::Arc, time::Duration};

use antiphon_core::{Batch, Cursor, Event, Journal, Position, Retention, Trouble};
use antiphon_journal::{JetStreamJournal, JetStreamOpenError, JetStreamOptions};
use async_nats::{HeaderMap, jetstream};
use futures_util::StreamExt;

use contract::{
    MIRA, all, append, at, chat, checkpoint, choir, erase, events, numbers, said, seconds,
};
use nats::{Server, is_there, proxy::Proxy};

fn options() -> JetStreamOptions {
    JetStreamOptions::new("test").lease(Duration::from_secs(1))
}

/// Does not wait long for an answer.
async fn open_impatient(url: &str) -> JetStreamJournal {
    let options = options().patience(Duration::from_secs(1));
    let journal = JetStreamJournal::open(url, options).await;
    journal.expect("opened")
}

async fn open(url: &str) -> JetStreamJournal {
    JetStreamJournal::open(url, options())
        .await
        .expect("opened")
}

async fn refused(url: &str, options: JetStreamOptions) -> JetStreamOpenError {
    let opened = JetStreamJournal::open(url, options).await;
    opened.expect_err("it should be refused")
}

/// Appends as an app does: again, for as long as the cause may pass.
async fn append_at_last(journal: &dyn Journal, batch: Arc<Batch>) -> Vec<Arc<Event>> {
    loop {
        match journal.append(Arc::clone(&batch)).await {
            Ok(appended) => {
                assert_eq!(appended.repeats, 0, "what was not reported is no repeat");
                return appended.events;
            }
            Err(error) => assert!(error.is_transient(), "{error:?}"),
        }
    }
}

/// A client without antiphon.
async fn bare(server: &Server) -> jetstream::Context {
    let client = async_nats::connect(server.url()).await.expect("connected");
    jetstream::new(client)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_holder_that_was_cut_off_can_store_nothing_after_a_take_over() {
    if !is_there() {
        return;
    }
    let server = Server::start().await;
    let proxy = Proxy::to(&server.url()).await;
    let stale = Arc::new(open_impatient(&proxy.url()).await);
    append_at_last(&*stale, events([chat(1)])).await;

    // More messages than may be under way at a time, with a checkpoint that must not be stored either.
    let mut late = Batch {
        checkpoints: vec![(choir(), checkpoint("room/loft", 1))],
        ..Batch::default()
    };
    late.events = (100..400).map(|n| (choir(), chat(n))).collect();
    proxy.flow(false, true);
    let cut_off = Arc::clone(&stale);
    let mut appends = tokio::task::JoinSet::new();
    appends.spawn(async move { cut_off.append(Arc::new(late)).await });
    // It comes in once the lease has run out.
    let next = open(&server.url()).await;
    append(&next, events([chat(2)])).await;
    let bare = bare(&server).await;
    let mut stream = bare.get_stream("antiphon-test").await.expect("there");
    let before = stream.info().await.expect("read").state.last_sequence;
    // Now everything arrives that the first one has sent.
    proxy.flow(true, true);
    let lost = stale.lost().await;
    assert_eq!(lost.trouble(), Trouble::TakenOver);
    assert!(!lost.is_transient());
    let late = appends.join_next().await.expect("one").expect("ended");
    late.expect_err("it is stale");
    let after = stream.info().await.expect("read").state.last_sequence;
    assert_eq!(after, before, "the server has refused every message");
    for batch in [events([chat(3)]), cursor()] {
        let error = stale.append(batch).await.expect_err("it is stale");
        assert_eq!(error.trouble(), Trouble::TakenOver);
    }

    append_at_last(&next, events([chat(4)])).await;
    assert_eq!(numbers(&next).await, [1, 2, 4]);
    assert_eq!(next.checkpoints(&choir()).await.expect("read"), []);
    next.close().await.expect("closed");
    let again = open(&server.url()).await;
    assert_eq!(
        numbers(&again).await,
        [1, 2, 4],
        "nor does the stream have more"
    );
}

fn cursor() -> Arc<Batch> {
    Arc::new(Batch {
        cursors: vec![("app".into(), Cursor::at(Position::new(1)))],
        ..Batch::default()
    })
}

/// The cursor of the consumer `app`, at this position.
fn app_at(position: u64) -> Arc<Batch> {
    Arc::new(Batch {
        cursors: vec![("app".into(), Cursor::at(Position::new(position)))],
        ..Batch::default()
    })
}

/// How far the consumer `app` has read.
async fn app_is_at(journal: &dyn Journal) -> Option<Position> {
    let cursor = journal.cursor(&"app".into()).await.expect("read");
    cursor.map(|cursor| cursor.read)
}

async fn for_consumers(url: &str) -> JetStreamJournal {
    let options = options()
        .patience(Duration::from_secs(1))
        .wait(Duration::from_secs(60));
    let journal = JetStreamJournal::for_consumers(url, options).await;
    journal.expect("opened")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_consumer_that_was_cut_off_acknowledges_nothing_after_a_take_over() {
    if !is_there() {
        return;
    }
    let server = Server::start().await;
    let proxy = Proxy::to(&server.url()).await;
    let ingester = open(&server.url()).await;
    append(&ingester, events((1..=3).map(chat))).await;
    let app = "app".into();
    let stale = Arc::new(for_consumers(&proxy.url()).await);
    let _claim = stale.claim(&app).await.expect("nobody has it");
    append_at_last(&*stale, app_at(1)).await;

    proxy.flow(false, true);
    let cut_off = Arc::clone(&stale);
    let mut late = tokio::task::JoinSet::new();
    late.spawn(async move { cut_off.append(app_at(2)).await });
    // It comes in once the lease has run out.
    let next = for_consumers(&server.url()).await;
    let claim = next.claim(&app).await.expect("the lease has run out");
    assert_eq!(app_is_at(&next).await, Some(Position::new(1)));
    append_at_last(&next, app_at(3)).await;
    // Now everything arrives that the first one has sent.
    proxy.flow(true, true);
    assert_eq!(stale.lost().await.trouble(), Trouble::TakenOver);
    let late = late.join_next().await.expect("one").expect("ended");
    late.expect_err("it is stale");
    let error = stale.append(app_at(2)).await.expect_err("it is stale");
    assert_eq!(error.trouble(), Trouble::TakenOver);
    for journal in [&ingester, &next] {
        assert_eq!(app_is_at(journal).await, Some(Position::new(3)));
    }
    drop(claim);
}

#[tokio::test]
async fn a_consumer_that_ended_without_a_word_is_replaced_after_its_lease() {
    if !is_there() {
        return;
    }
    let server = Server::start().await;
    let ingester = open(&server.url()).await;
    append(&ingester, events((1..=3).map(chat))).await;
    let app = "app".into();
    let killed = for_consumers(&server.url()).await;
    let claim = killed.claim(&app).await.expect("nobody has it");
    append_at_last(&killed, app_at(2)).await;
    // Its tasks end before they could give the lease up.
    drop(killed);
    drop(claim);
    let next = for_consumers(&server.url()).await;
    let claim = next.claim(&app).await.expect("the lease has run out");
    assert_eq!(app_is_at(&next).await, Some(Position::new(2)));
    append_at_last(&next, app_at(3)).await;
    drop(claim);
}

#[tokio::test]
async fn a_consumer_reads_on_without_an_ingester_and_stores_again_with_the_next() {
    if !is_there() {
        return;
    }
    let mut server = Server::start().await;
    let ingester = open(&server.url()).await;
    append(&ingester, events((1..=3).map(chat))).await;
    let consumers = for_consumers(&server.url()).await;
    let claim = consumers.claim(&"app".into()).await;
    let claim = claim.expect("nobody has it");
    append_at_last(&consumers, app_at(1)).await;
    ingester.close().await.expect("closed");
    drop(ingester);
    let error = consumers
        .append(app_at(2))
        .await
        .expect_err("nobody appends");
    assert_eq!(error.trouble(), Trouble::Unreachable);
    assert_eq!(numbers(&consumers).await, [1, 2, 3]);
    // The next one knows who has the consumer, and the server forgets who was following.
    server.kill();
    server.run().await;
    let ingester = open(&server.url()).await;
    append_at_last(&consumers, app_at(3)).await;
    assert_eq!(app_is_at(&ingester).await, Some(Position::new(3)));
    let mut last = consumers.last();
    let appended = append(&ingester, events([chat(4)])).await;
    let end = appended[0].position();
    last.wait_for(|last| *last >= end).await.expect("open");
    assert_eq!(numbers(&consumers).await, [1, 2, 3, 4]);
    drop(claim);
}

#[tokio::test]
async fn what_a_consumer_keeps_may_be_larger_than_a_message() {
    if !is_there() {
        return;
    }
    let server = Server::start().await;
    let ingester = open(&server.url()).await;
    append(&ingester, events([chat(1)])).await;
    let consumers = for_consumers(&server.url()).await;
    let saved = antiphon_core::Saved {
        position: Position::new(1),
        state: (0..3_000_000_u32).map(|n| n.to_le_bytes()[0]).collect(),
    };
    let batch = Batch {
        projections: vec![("cache".into(), saved.clone())],
        ..Batch::default()
    };
    append_at_last(&consumers, Arc::new(batch)).await;
    for journal in [&ingester, &consumers] {
        let kept = journal.projection("cache").await.expect("read");
        assert_eq!(kept.as_ref(), Some(&saved));
    }
}

#[tokio::test]
async fn a_journal_that_nobody_has_made_is_refused_to_consumers() {
    if !is_there() {
        return;
    }
    let server = Server::start().await;
    let opened = JetStreamJournal::for_consumers(&server.url(), options()).await;
    let error = opened.expect_err("there is none");
    assert_eq!(error.trouble(), Trouble::Empty);
    assert!(error.hint().contains("start the program that writes it"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_whose_answers_were_lost_is_stored_once_and_reported_once() {
    if !is_there() {
        return;
    }
    let server = Server::start().await;
    let proxy = Proxy::to(&server.url()).await;
    let journal = open_impatient(&proxy.url()).await;
    proxy.flow(true, false);
    let batch = events((1..=20).map(chat));
    let error = journal
        .append(Arc::clone(&batch))
        .await
        .expect_err("no answer");
    assert_eq!(error.trouble(), Trouble::Unreachable);
    assert!(error.is_transient());
    // Others come in between, as an app's next batch never does; they are stored behind it.
    proxy.flow(true, true);
    append_at_last(&journal, events([chat(30)])).await;
    let stored = append_at_last(&journal, batch).await;
    assert_eq!(stored.len(), 20);
    let expected: Vec<_> = (1..=20).chain([30]).collect();
    assert_eq!(numbers(&journal).await, expected);
    let again = journal.append(events([chat(1)])).await.expect("stored");
    assert_eq!(again.repeats, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_that_are_missing_are_waited_for_together_and_not_one_by_one() {
    if !is_there() {
        return;
    }
    let server = Server::start().await;
    let proxy = Proxy::to(&server.url()).await;
    let journal = open_impatient(&proxy.url()).await;
    append(&journal, events([chat(1)])).await;
    proxy.flow(true, false);
    let reads = async {
        // Each waits for its own answer; there are fewer than messages under way.
        for _ in 0..20 {
            let error = journal.read(Position::ZERO, 1).await.expect_err("cut off");
            assert_eq!(error.trouble(), Trouble::Unreachable);
        }
    };
    tokio::select! {
        stored = journal.append(events((100..200).map(chat))) => {
            assert_eq!(stored.expect_err("cut off").trouble(), Trouble::Unreachable);
        }
        () = reads => panic!("twenty waits are over, and the append still waits"),
    }
}

#[tokio::test]
async fn a_server_that_was_killed_has_everything_when_it_comes_back() {
    if !is_there() {
        return;
    }
    let mut server = Server::start().await;
    let journal = open_impatient(&server.url()).await;
    append_at_last(&journal, events([chat(1), chat(2)])).await;
    server.kill();
    let error = journal.append(events([chat(3)])).await.expect_err("gone");
    assert_eq!(error.trouble(), Trouble::Unreachable);
    let error = journal.read(Position::ZERO, 1).await.expect_err("gone");
    assert_eq!(error.trouble(), Trouble::Unreachable);
    server.run().await;
    append_at_last(&journal, events([chat(3)])).await;
    assert_eq!(numbers(&journal).await, [1, 2, 3]);
    // The lease went on, or was taken again: nobody else had it.
    append_at_last(&journal, events([chat(4)])).await;
    journal.close().await.expect("closed");
}

#[tokio::test]
async fn a_run_without_its_last_message_counts_for_nothing() {
    if !is_there() {
        return;
    }
    let server = Server::start().await;
    let journal = open(&server.url()).await;
    append(&journal, events([chat(1)])).await;
    journal.close().await.expect("closed");
    let bare = bare(&server).await;
    let mut stream = bare.get_stream("antiphon-test").await.expect("there");
    let last = stream.info().await.expect("read").state.last_sequence;
    let message = stream.get_raw_message(last).await.expect("there");
    for index in 0..3 {
        let mut headers = HeaderMap::new();
        for (name, values) in message.headers.iter() {
            let name: &str = name.as_ref();
            let is_end = ["Antiphon-Commit", "Antiphon-Counters"].contains(&name);
            if !is_end && !name.starts_with("Nats-") {
                headers.insert(name, values[0].as_str());
            }
        }
        headers.insert("Antiphon-Position", (2 + index).to_string());
        headers.insert("Antiphon-Origin", format!("chat/{:06}", 2 + index));
        headers.insert("Antiphon-Run", format!("1/77/{index}"));
        let subject = message.subject.clone();
        let sent = bare
            .publish_with_headers(subject, headers, "{}".into())
            .await;
        sent.expect("sent").await.expect("stored");
    }
    let journal = open(&server.url()).await;
    assert_eq!(numbers(&journal).await, [1]);
    let stored = append(&journal, events([chat(2)])).await;
    assert_eq!(
        stored[0].position(),
        Position::new(2),
        "its positions are free"
    );
    for sequence in last + 1..=last + 3 {
        let gone = stream.get_raw_message(sequence).await;
        assert!(gone.is_err(), "message {sequence} is deleted");
    }
}

#[tokio::test]
async fn journals_that_name_the_same_place_share_their_values() {
    if !is_there() {
        return;
    }
    let server = Server::start().await;
    let named = |name: &str| JetStreamOptions::new(name).lease(Duration::from_secs(1));
    let open = async |options| {
        let journal = JetStreamJournal::open(&server.url(), options).await;
        journal.expect("opened")
    };
    let east = open(named("east").shared("bot")).await;
    let west = open(named("west").shared("bot")).await;
    let alone = open(named("alone")).await;
    let shared = |journal: &JetStreamJournal| journal.shared().expect("values");
    let [east, west, alone] = [&east, &west, &alone].map(shared);
    let put = east.put("turn", "east".into(), None, seconds(60));
    put.await.expect("stored").expect("nobody was faster");
    let there = west.get("turn").await.expect("read");
    assert_eq!(there.map(|there| there.value), Some("east".into()));
    assert_eq!(alone.get("turn").await.expect("read"), None);
    let error = refused(&server.url(), named("north").shared("a bot")).await;
    assert!(error.hint().contains("64 letters"), "{error}");
}

#[tokio::test]
async fn a_journal_that_is_held_names_its_holder() {
    if !is_there() {
        return;
    }
    let server = Server::start().await;
    let _journal = open(&server.url()).await;
    let error = refused(&server.url(), options().wait(Duration::ZERO)).await;
    let own = format!("process {}", std::process::id());
    assert!(error.to_string().starts_with(&own), "{error}");
    assert_eq!(error.trouble(), Trouble::Locked);
    // Another journal of the same server is another one.
    let other = JetStreamJournal::open(&server.url(), JetStreamOptions::new("other")).await;
    append(&other.expect("opened"), events([chat(1)])).await;
}

#[tokio::test]
async fn a_server_that_is_not_there_or_cannot_is_refused_with_a_hint() {
    if !is_there() {
        return;
    }
    let mut server = Server::start_with("jetstream: disabled").await;
    let error = refused(&server.url(), options()).await;
    assert!(
        matches!(error, JetStreamOpenError::NoJetStream(_)),
        "{error:?}"
    );
    assert!(error.hint().contains("--jetstream"));
    server.kill();
    let error = refused(&server.url(), options()).await;
    assert_eq!(error.trouble(), Trouble::Unreachable, "{error:?}");

    let server = Server::start_with("max_payload: 32KB").await;
    let error = refused(&server.url(), options()).await;
    assert!(
        matches!(error, JetStreamOpenError::SmallMessages(32_768)),
        "{error:?}"
    );
    for name in ["", "a b", "a.b", "a*", &"x".repeat(65)] {
        let error = refused(&server.url(), JetStreamOptions::new(name)).await;
        assert!(matches!(error, JetStreamOpenError::Name(_)), "{error:?}");
    }
}

#[tokio::test]
async fn a_password_is_in_no_error() {
    if !is_there() {
        return;
    }
    let server = Server::start_with("authorization { user: choir, password: s3same }").await;
    let with_login = server.url().replace("//", "//choir:s3same@");
    let journal = open(&with_login).await;
    append(&journal, events([chat(1)])).await;
    assert!(!format!("{journal:?}").contains("s3same"));
    let wrong = server.url().replace("//", "//choir:s3same2@");
    let error = refused(&wrong, options()).await;
    assert_eq!(error.trouble(), Trouble::Unreachable);
    assert!(
        !format!("{error:?} {error}").contains("s3same"),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_stream_that_is_otherwise_than_asked_is_refused() {
    if !is_there() {
        return;
    }
    let server = Server::start().await;
    let bare = bare(&server).await;
    let mut config = jetstream::stream::Config {
        name: "antiphon-test".into(),
        subjects: vec!["antiphon.test.>".into()],
        ..jetstream::stream::Config::default()
    };
    bare.create_stream(&config).await.expect("made");
    let error = refused(&server.url(), options()).await;
    assert_eq!(error.trouble(), Trouble::Corrupt, "it is somebody else's");
    config.description = Some("antiphon journal, format 9".into());
    bare.update_stream(&config).await.expect("changed");
    let error = refused(&server.url(), options()).await;
    assert_eq!(error.trouble(), Trouble::NewerSchema);
    config.description = Some("antiphon journal, format 1".into());
    config.max_age = Duration::from_secs(3600);
    bare.update_stream(&config).await.expect("changed");
    let error = refused(&server.url(), options()).await;
    assert!(
        matches!(
            error,
            JetStreamOpenError::Config {
                option: "discard" | "max_age",
                ..
            }
        ),
        "{error:?}"
    );
    bare.delete_stream("antiphon-test").await.expect("gone");

    open(&server.url()).await.close().await.expect("closed");
    if nats::version() >= (2, 10, 25) {
        let error = refused(&server.url(), options().replicas(3)).await;
        let is_refused = matches!(
            error,
            JetStreamOpenError::Config {
                option: "num_replicas",
                ..
            }
        );
        assert!(is_refused, "{error:?}");
    }
    // A limit that is smaller than what is there would make the server throw messages away.
    let error = refused(&server.url(), options().stream_bytes(10_000)).await;
    assert!(
        matches!(
            error,
            JetStreamOpenError::Config {
                option: "max_bytes",
                ..
            }
        ),
        "{error:?}"
    );
}

/// A batch of about 300 KB.
fn large(from: u64) -> Arc<Batch> {
    let mut drafts = Vec::new();
    for n in from..from + 30 {
        let mut draft = chat(n);
        draft.body = vec![b' '; 10_000].into();
        drafts.push(draft);
    }
    events(drafts)
}

#[tokio::test]
async fn a_full_stream_takes_nothing_until_a_sweep_has_made_room() {
    if !is_there() {
        return;
    }
    let server = Server::start().await;
    let options = options().stream_bytes(1 << 20);
    let journal = JetStreamJournal::open(&server.url(), options).await;
    let journal = journal.expect("opened");
    append(&journal, large(0)).await;
    append(&journal, large(100)).await;
    let error = journal.append(large(200)).await.expect_err("no room");
    assert_eq!(
        (error.trouble(), error.is_transient()),
        (Trouble::Full, true)
    );
    assert_eq!(all(&journal).await.len(), 60);
    // States still have room.
    append(&journal, cursor()).await;
    journal.forget(&"app".into()).await.expect("forgotten");
    let policy = Retention {
        max_bytes: Some(320_000),
        ..Retention::default()
    };
    let swept = journal.sweep(Arc::new(policy), at(0)).await.expect("swept");
    assert!(swept.removed >= 29, "{swept:?}");
    append_at_last(&journal, large(200)).await;
}

#[tokio::test]
async fn a_server_without_space_stores_nothing_of_a_batch() {
    if !is_there() {
        return;
    }
    let folder = tempfile::TempDir::new().expect("a folder");
    let limits = format!(
        "jetstream {{ store_dir: \"{}\", max_file_store: 400KB }}",
        folder.path().display()
    );
    let server = Server::start_with(&limits).await;
    let journal = open(&server.url()).await;
    append(&journal, events([chat(1)])).await;
    let error = journal.append(large(200)).await;
    let error = match error {
        // The server stops taking messages somewhere behind its limit.
        Ok(_) => journal.append(large(300)).await.expect_err("no room"),
        Err(error) => error,
    };
    assert_eq!(error.trouble(), Trouble::Full, "{error:?}");
    let numbers = numbers(&journal).await;
    assert!(numbers.len() == 1 || numbers.len() == 31, "{numbers:?}");
}

#[tokio::test]
async fn an_erased_person_is_in_no_file_of_the_server() {
    if !is_there() {
        return;
    }
    let server = Server::start().await;
    let journal = open(&server.url()).await;
    append(
        &journal,
        events([
            said(1, MIRA, "mira", "good evening"),
            said(2, "u8", "teo", "@mira hello"),
        ]),
    )
    .await;
    let state = |mark| {
        let mut checkpoint = checkpoint("room/loft", mark);
        checkpoint.state = format!(r#"{{"seen":["{MIRA}","u{mark}"]}}"#).into();
        Arc::new(Batch {
            checkpoints: vec![(choir(), checkpoint)],
            ..Batch::default()
        })
    };
    append(&journal, state(1)).await;
    append(&journal, state(2)).await;
    assert!(
        is_in_a_file(server.folder(), MIRA),
        "else the test finds nothing"
    );
    erase(&journal).await;
    for trace in [MIRA, "good evening", "@mira"] {
        assert!(!is_in_a_file(server.folder(), trace), "{trace}");
    }
    journal.close().await.expect("closed");
    let journal = open(&server.url()).await;
    let again = journal
        .append(events([said(1, MIRA, "mira", "good evening")]))
        .await;
    assert_eq!(
        again.expect("stored").repeats,
        1,
        "a repeat is known all the same"
    );
}

#[tokio::test]
async fn long_pages_have_the_same_events_as_short_ones() {
    if !is_there() {
        return;
    }
    let mut server = Server::start().await;
    let journal = open_impatient(&server.url()).await;
    for n in 0..20_u64 {
        let mut drafts: Vec<_> = (n * 10..n * 10 + 10).map(chat).collect();
        if n % 5 == 1 {
            // It begins in a message of its own, and will be written anew behind all others.
            drafts[4].body = vec![b'x'; 1_500_000].into();
            drafts[7] = said(n * 10 + 7, MIRA, "mira", "good evening");
        }
        append(&journal, events(drafts)).await;
        append(&journal, cursor()).await;
    }
    erase(&journal).await;
    let expected = all(&journal).await;
    assert_eq!(expected.len(), 200);
    let mut read = Vec::new();
    loop {
        let after = read
            .last()
            .map_or(Position::ZERO, |event: &Arc<Event>| event.position());
        let Ok(page) = journal.read(after, 45).await else {
            // The connection comes back by itself.
            continue;
        };
        if page.is_empty() {
            break;
        }
        read.extend(page);
        if read.len() == 90 {
            // What the server knows of who was reading is gone with it.
            server.kill();
            server.run().await;
        }
    }
    assert_eq!(read, expected);
    assert_eq!(
        journal.read(Position::ZERO, 200).await.expect("read"),
        expected
    );
}

/// Whether a text is in a file below a folder.
fn is_in_a_file(folder: &std::path::Path, text: &str) -> bool {
    std::fs::read_dir(folder).expect("a folder").any(|entry| {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            return is_in_a_file(&path, text);
        }
        let bytes = std::fs::read(path).unwrap_or_default();
        bytes
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    })
}

#[tokio::test]
async fn other_clients_read_bodies_as_sent_and_names_in_headers() {
    if !is_there() {
        return;
    }
    let server = Server::start().await;
    let journal = open(&server.url()).await;
    append(&journal, events([chat(1)])).await;
    let mut other = chat(2);
    other.kind = antiphon_core::Kind::new("queup.über all");
    other.note = Some("{\"own\":true}".into());
    append(&journal, events([other])).await;

    let bare = bare(&server).await;
    let stream = bare.get_stream("antiphon-test").await.expect("there");
    let config = jetstream::consumer::pull::OrderedConfig {
        filter_subject: "antiphon.test.event.queup.>".into(),
        ..jetstream::consumer::pull::OrderedConfig::default()
    };
    let consumer = stream.create_consumer(config).await.expect("made");
    let messages = consumer.messages().await.expect("asked");
    let read: Vec<_> = messages.take(2).collect().await;
    let read: Vec<_> = read
        .into_iter()
        .map(|message| message.expect("read"))
        .collect();
    let header = |index: usize, name: &str| {
        let headers = read[index].headers.as_ref().expect("headers");
        headers.get(name).map(|value| value.as_str().to_owned())
    };
    assert_eq!(
        read[0].subject.as_str(),
        "antiphon.test.event.queup.chat-message"
    );
    assert_eq!(read[0].payload, chat(1).body);
    assert_eq!(header(0, "Antiphon-Position").as_deref(), Some("1"));
    assert_eq!(header(0, "Antiphon-Place").as_deref(), Some("room/loft"));
    assert_eq!(header(0, "Antiphon-Origin").as_deref(), Some("chat/000001"));
    assert_eq!(
        header(0, "Antiphon-Received").as_deref(),
        Some("2026-01-01T00:00:00Z")
    );
    assert_eq!(
        read[1].subject.as_str(),
        "antiphon.test.event.queup.%C3%BCber%20all"
    );
    assert_eq!(
        header(1, "Antiphon-Kind").as_deref(),
        Some("queup.%C3%BCber%20all")
    );
    let body: usize = header(1, "Antiphon-Body")
        .expect("a length")
        .parse()
        .expect("a number");
    assert_eq!(read[1].payload[..body], chat(2).body);
    assert_eq!(&read[1].payload[body..], b"{\"own\":true}");
}

#[tokio::test]
async fn another_programs_consumer_misses_nothing_when_a_new_holder_comes() {
    if !is_there() {
        return;
    }
    let server = Server::start().await;
    let journal = open(&server.url()).await;
    append(&journal, events((1..=20).map(chat))).await;
    let bare = bare(&server).await;
    let stream = bare.get_stream("antiphon-test").await.expect("there");
    let config = jetstream::consumer::pull::Config {
        durable_name: Some("other".into()),
        filter_subject: "antiphon.test.event.>".into(),
        ..jetstream::consumer::pull::Config::default()
    };
    let consumer = stream.create_consumer(config).await.expect("made");
    let mut read = Vec::new();
    while read.len() < 40 {
        let batch = consumer.batch().max_messages(5).expires(seconds(30));
        let mut batch = batch.messages().await.expect("asked");
        while let Some(message) = batch.next().await {
            let message = message.expect("read");
            let headers = message.headers.as_ref().expect("headers");
            let position = headers.get("Antiphon-Position").expect("an event");
            read.push(position.as_str().parse::<u64>().expect("a number"));
            message.ack().await.expect("acknowledged");
        }
        if read.len() == 5 {
            // The next holder begins with a fence, and takes it down.
            journal.close().await.expect("closed");
            let journal = open(&server.url()).await;
            append(&journal, events((21..=40).map(chat))).await;
            journal.close().await.expect("closed");
        }
    }
    assert_eq!(read, (1..=40).collect::<Vec<_>>());
}

/// Runs the shell's consumer of docs/scale-out.md in a folder until it has caught up; gives its lines.
fn follow_in_a_shell(server: &Server, folder: &std::path::Path) -> Vec<String> {
    let page = include_str!("../../../docs/scale-out.md");
    let program = page
        .split_once("```sh follow_nats.sh\n")
        .and_then(|(_, rest)| rest.split_once("```"))
        .expect("the page has a program")
        .0
        .replace("antiphon.choir", "antiphon.test")
        .replace("antiphon-choir", "antiphon-test");
    let ran = std::process::Command::new("sh")
        .args(["-c", &program, "follow_nats.sh", "--once"])
        .env("NATS_URL", server.url())
        .current_dir(folder)
        .output()
        .expect("it runs");
    let errors = String::from_utf8_lossy(&ran.stderr);
    assert!(errors.is_empty(), "{errors}");
    let said = String::from_utf8(ran.stdout).expect("text");
    said.lines().map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shell_follows_every_event_once_over_its_restarts() {
    let nats = std::process::Command::new("nats").arg("--version").output();
    if !nats.is_ok_and(|nats| nats.status.success()) {
        eprintln!("skipped: there is no `nats` command");
        return;
    }
    if !is_there() {
        return;
    }
    let server = Server::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    let journal = open(&server.url()).await;
    append(&journal, events([chat(1), chat(2)])).await;
    append(&journal, cursor()).await;
    assert_eq!(follow_in_a_shell(&server, folder.path()), ["1", "2"]);
    append(&journal, events([chat(3)])).await;
    assert_eq!(follow_in_a_shell(&server, folder.path()), ["3"]);
    // It was printed, and not yet worked on.
    let left = "Headers:\n\n  Antiphon-Position: 3\n\nData:\n\n{}\n";
    std::fs::write(folder.path().join("event"), left).expect("a file");
    assert_eq!(follow_in_a_shell(&server, folder.path()), ["3"]);
}

/// A Python that may have the package nats-py: `NATS_PYTHON`, or the usual one.
fn python() -> String {
    std::env::var("NATS_PYTHON").unwrap_or_else(|_| "python3".into())
}

/// Runs the consumer of docs/scale-out.md until it has caught up; gives its lines.
fn follow(server: &Server) -> Vec<serde_json::Value> {
    let page = include_str!("../../../docs/scale-out.md");
    let program = page
        .split_once("```python follow_nats.py\n")
        .and_then(|(_, rest)| rest.split_once("```"))
        .expect("the page has a program")
        .0
        .replace("antiphon.choir", "antiphon.test")
        .replace("antiphon-choir", "antiphon-test");
    let ran = std::process::Command::new(python())
        .args(["-c", &program, "--once"])
        .env("NATS_URL", server.url())
        .output()
        .expect("it runs");
    let said = String::from_utf8(ran.stdout).expect("text");
    let errors = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{errors}");
    let line = |line| serde_json::from_str(line).expect("a line of JSON");
    said.lines().map(line).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_in_python_follows_every_event_once_over_its_restarts() {
    let imports = std::process::Command::new(python())
        .args(["-c", "import nats"])
        .output();
    if !imports.is_ok_and(|imports| imports.status.success()) {
        eprintln!("skipped: there is no python3 with the package nats-py");
        return;
    }
    if !is_there() {
        return;
    }
    let server = Server::start().await;
    let journal = open(&server.url()).await;
    append(&journal, events([chat(1), chat(2)])).await;
    let mut other = chat(3);
    other.place = antiphon_core::Place::new("room/über all");
    other.note = Some("{}".into());
    append(&journal, events([other])).await;
    append(&journal, cursor()).await;
    let lines = follow(&server);
    let positions: Vec<_> = lines.iter().map(|line| line["position"].as_u64()).collect();
    assert_eq!(positions, [Some(1), Some(2), Some(3)]);
    assert_eq!(lines[0]["body"], r#"{"message":"1"}"#);
    assert_eq!(lines[2]["place"], "room/über all");
    append(&journal, events([chat(4)])).await;
    let lines = follow(&server);
    assert_eq!(lines.len(), 1, "the rest is acknowledged");
    assert_eq!(lines[0]["origin"], "chat/000004");
}

/// The number of the server that leads the journal's stream.
async fn leader(servers: &[Server]) -> Option<usize> {
    let urls: Vec<_> = servers.iter().map(Server::url).collect();
    let client = async_nats::connect(urls).await.ok()?;
    let stream = jetstream::new(client)
        .get_stream("antiphon-test")
        .await
        .ok()?;
    let leader = stream.cached_info().cluster.as_ref()?.leader.clone()?;
    leader.trim_start_matches('s').parse().ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_loses_nothing_when_its_leaders_are_killed_and_an_old_one_is_refused() {
    if !is_there() {
        return;
    }
    let mut servers = nats::cluster().await;
    let urls: Vec<_> = servers.iter().map(Server::url).collect();
    let urls = urls.join(",");
    let options = options()
        .replicas(3)
        .lease(Duration::from_secs(10))
        .wait(Duration::from_secs(30));
    if nats::version() < (2, 10, 25) {
        let error = refused(&urls, options).await;
        assert!(
            matches!(error, JetStreamOpenError::OldForReplicas(_)),
            "{error:?}"
        );
        return;
    }
    // The servers take a moment to become a cluster.
    let journal = loop {
        match JetStreamJournal::open(&urls, options.clone()).await {
            Ok(journal) => break journal,
            Err(error) => assert!(
                matches!(error.trouble(), Trouble::Unreachable | Trouble::Other),
                "{error:?}"
            ),
        }
    };
    let mut stored = 0;
    for _ in 0..3 {
        for _ in 0..20 {
            let batch = events((stored + 1..=stored + 5).map(chat));
            append_at_last(&journal, batch).await;
            stored += 5;
        }
        let number = loop {
            if let Some(leader) = leader(&servers).await {
                break leader;
            }
        };
        let leading = &mut servers[number - 1];
        leading.kill();
        let batch = events((stored + 1..=stored + 5).map(chat));
        append_at_last(&journal, batch).await;
        stored += 5;
        leading.run().await;
    }
    let expected: Vec<_> = (1..=stored).collect();
    assert_eq!(numbers(&journal).await, expected);
    journal.close().await.expect("closed");
}
