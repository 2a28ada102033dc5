//! Crashes, restarts, and a journal in trouble.

mod support;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use antiphon::{
    App, ConsumerName, DeadLetterId, Delivery, Entry, HandlerError, HandlerExt, IntakeLimits,
    Limits, Place, RunError, State,
    journal::{Batch, Journal, MemoryJournal, Trouble},
    testing::{Script, TestApp, script},
};
use support::{Log, Said, Troubled, note};
use tokio::sync::Notify;

async fn tell(said: Said, delivery: Delivery, State(log): State<Log>) {
    let again = if delivery.redelivered { " again" } else { "" };
    log.note(format!("{}{again}", said.message));
}

/// Handles every message but `stuck`, which it never finishes.
async fn stumble(said: Said, delivery: Delivery, State(log): State<Log>) {
    tell(said.clone(), delivery, State(log)).await;
    if said.message == "stuck" {
        std::future::pending::<()>().await;
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_crash_only_what_was_open_comes_again() {
    let journal = Arc::new(MemoryJournal::new());
    let (choir, source) = script("choir");
    let log = Log::default();
    let app = App::new(log.clone()).source(source).on(stumble);
    let app = TestApp::start(app, Arc::clone(&journal)).await;
    choir.say("room/loft", "done").await.unwrap();
    choir.say("room/loft", "stuck").await.unwrap();
    choir.say("room/loft", "behind").await.unwrap();
    choir.say("room/nave", "elsewhere").await.unwrap();
    app.until(|| log.len() == 3).await;
    // The cursor is saved within 100 ms of a change.
    tokio::time::sleep(Duration::from_millis(200)).await;
    app.crash().await;

    let log = Log::default();
    let app = App::new(log.clone()).on(tell);
    let app = TestApp::start(app, Arc::clone(&journal)).await;
    app.settle().await;
    assert_eq!(log.lines(), ["stuck again", "behind again"]);
    app.stop().await.unwrap();

    let log = Log::default();
    let app = App::new(log.clone()).on(tell);
    let app = TestApp::start(app, Arc::clone(&journal)).await;
    app.settle().await;
    assert_eq!(log.lines(), Vec::<String>::new(), "nothing is left");
}

#[tokio::test(start_paused = true)]
async fn a_crash_before_the_first_save_loses_nothing() {
    let journal = Arc::new(MemoryJournal::new());
    let (choir, source) = script("choir");
    let log = Log::default();
    let app = App::new(log.clone()).source(source).on(stumble);
    let app = TestApp::start(app, Arc::clone(&journal)).await;
    choir.say("room/loft", "stuck").await.unwrap();
    app.until(|| log.len() == 1).await;
    app.crash().await;

    let log = Log::default();
    let app = TestApp::start(App::new(log.clone()).on(tell), Arc::clone(&journal)).await;
    app.settle().await;
    assert_eq!(log.lines(), ["stuck again"]);
}

#[tokio::test(start_paused = true)]
async fn what_a_crash_left_in_doubt_stays_so_over_a_run_that_stopped_before_it() {
    let journal = Arc::new(MemoryJournal::new());
    let (choir, source) = script("choir");
    let log = Log::default();
    let app = App::new(log.clone()).source(source).on(tell);
    let app = TestApp::start(app, Arc::clone(&journal)).await;
    choir.say("room/loft", "stuck").await.unwrap();
    choir.say("room/loft", "behind").await.unwrap();
    app.until(|| log.len() == 2).await;
    // Both were handled, and no cursor says so yet.
    app.crash().await;

    let log = Log::default();
    let app = App::new(log.clone()).on(stumble);
    let app = TestApp::start(app, Arc::clone(&journal)).await;
    app.until(|| log.len() == 1).await;
    app.stop().await.unwrap();
    assert_eq!(log.lines(), ["stuck again"]);

    let log = Log::default();
    let app = TestApp::start(App::new(log.clone()).on(tell), Arc::clone(&journal)).await;
    app.settle().await;
    assert_eq!(log.lines(), ["stuck again", "behind again"]);
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_saves_each_event_repeats_only_the_one_under_way() {
    for (saves, expected) in [
        (false, &["one again", "two again", "stuck again"][..]),
        (true, &["stuck again"]),
    ] {
        let journal = Arc::new(MemoryJournal::new());
        let (choir, source) = script("choir");
        let log = Log::default();
        let app = App::new(log.clone()).source(source);
        let app = if saves {
            app.on(stumble.save_each())
        } else {
            app.on(stumble)
        };
        let app = TestApp::start(app, Arc::clone(&journal)).await;
        for text in ["one", "two", "stuck"] {
            choir.say("room/loft", text).await.unwrap();
        }
        // No time passes, so that the cursor is stored by nothing else.
        app.until(|| log.len() == 3).await;
        app.crash().await;

        let log = Log::default();
        let app = TestApp::start(App::new(log.clone()).on(tell), Arc::clone(&journal)).await;
        app.settle().await;
        assert_eq!(log.lines(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_clean_stop_nothing_is_marked_as_redelivered() {
    let journal = Arc::new(MemoryJournal::new());
    let (choir, source) = script("choir");
    let log = Log::default();
    let app = App::new(log.clone()).source(source).on(stumble);
    let app = TestApp::start(app, Arc::clone(&journal)).await;
    for text in ["stuck", "two", "three"] {
        choir.say("room/loft", text).await.unwrap();
    }
    app.until(|| log.len() == 1).await;
    app.stop().await.unwrap();

    let log = Log::default();
    let app = TestApp::start(App::new(log.clone()).on(tell), Arc::clone(&journal)).await;
    app.settle().await;
    assert_eq!(
        log.lines(),
        ["stuck again", "two", "three"],
        "only what was cut off was begun before"
    );
}

/// An app with four rooms, each with a stuck event and twenty behind it: more than its lanes hold.
async fn crowded(journal: &Arc<MemoryJournal>, limits: Limits) -> (TestApp<Log>, Log) {
    let (choir, source) = script("choir");
    let log = Log::default();
    let app = App::new(log.clone())
        .source(source)
        .limits(limits)
        .on(stumble);
    let app = TestApp::start(app, Arc::clone(journal)).await;
    for place in ["room/a", "room/b", "room/c", "room/d"] {
        choir.say(place, "stuck").await.expect("a room is told of");
        for number in 0..20 {
            let text = format!("{place} {number}");
            choir.say(place, &text).await.expect("a room is told of");
        }
    }
    (app, log)
}

#[tokio::test(start_paused = true)]
async fn parked_lanes_go_on_after_a_crash() {
    let journal = Arc::new(MemoryJournal::new());
    let limits = Limits::default().lane(2).open(8).parked(1);
    let (app, log) = crowded(&journal, limits).await;
    // More lanes are stuck than can be listed: the others are parked without a name.
    app.until(|| log.len() >= 2).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let consumer = ConsumerName::new("app");
    let cursor = journal.cursor(&consumer).await.unwrap().unwrap();
    assert!(cursor.parked_all.is_some(), "{cursor:?}");
    app.crash().await;

    let log = Log::default();
    let app = App::new(log.clone()).limits(limits).on(note);
    let app = TestApp::start(app, Arc::clone(&journal)).await;
    app.settle().await;
    for place in ["room/a", "room/b", "room/c", "room/d"] {
        let lines = log.lines();
        let here = lines.iter().filter(|line| line.starts_with(place));
        let expected: Vec<_> = (0..20).map(|number| format!("{place} {number}")).collect();
        assert_eq!(here.cloned().collect::<Vec<_>>(), expected);
    }
    assert_eq!(log.len(), 84);
}

/// A cursor of a version without lanes of sources has its full lanes under their places: their events are handled there,
/// once, also those that would have a lane of their own today.
#[tokio::test(start_paused = true)]
async fn a_cursor_of_an_older_version_goes_on_in_the_lanes_of_places() {
    let journal = Arc::new(MemoryJournal::new());
    let limits = Limits::default().lane(2).open(8).parked(1);
    let (app, log) = crowded(&journal, limits).await;
    app.until(|| log.len() >= 2).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    app.crash().await;
    let consumer = ConsumerName::new("app");
    let mut cursor = journal.cursor(&consumer).await.unwrap().unwrap();
    assert!(!cursor.parked.is_empty(), "{cursor:?}");
    cursor.lanes_since = None;
    let old = Batch {
        cursors: vec![(consumer.clone(), cursor)],
        ..Batch::default()
    };
    journal.append(Arc::new(old)).await.unwrap();

    for run in 0..2 {
        let (_choir, source) = script("choir");
        let log = Log::default();
        // Every event has a lane of its own now.
        let source =
            source.with_lane(|event| Some(Place::new(format!("event/{}", event.position()))));
        let app = App::new(log.clone()).source(source).limits(limits).on(note);
        let app = TestApp::start(app, Arc::clone(&journal)).await;
        app.settle().await;
        app.stop().await.unwrap();
        if run == 1 {
            assert_eq!(log.lines(), Vec::<String>::new(), "nothing comes twice");
            continue;
        }
        assert_eq!(log.len(), 84, "{:?}", log.lines());
        for place in ["room/a", "room/b", "room/c", "room/d"] {
            let lines = log.lines();
            let here = lines.iter().filter(|line| line.starts_with(place));
            let expected: Vec<_> = (0..20).map(|number| format!("{place} {number}")).collect();
            assert_eq!(here.cloned().collect::<Vec<_>>(), expected);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_that_kills_the_process_three_times_becomes_a_dead_letter() {
    let journal = Arc::new(MemoryJournal::new());
    let (choir, source) = script("choir");
    let app = TestApp::start(App::new(()).source(source), Arc::clone(&journal)).await;
    // The event is stored while no app handles it, so that the first run with a handler meets it at once.
    app.settle().await;
    choir.say("room/loft", "poison").await.unwrap();
    app.settle().await;
    app.stop().await.unwrap();
    let starts = Arc::new(AtomicU32::new(0));
    let mut runs = 0;
    loop {
        let started = Arc::new(Notify::new());
        let (count, killed) = (Arc::clone(&starts), Arc::clone(&started));
        let poisoned = move |_: Said| {
            count.fetch_add(1, Ordering::SeqCst);
            killed.notify_one();
            std::future::pending::<()>()
        };
        let app = App::new(())
            .named("victim")
            .from_start()
            .on(poisoned.named("poisoned"));
        let app = TestApp::start(app, Arc::clone(&journal)).await;
        runs += 1;
        tokio::select! {
            biased;
            // The process dies at the moment when the handler begins.
            () = started.notified() => app.crash().await,
            () = app.settle() => {
                app.stop().await.unwrap();
                break;
            }
        }
        assert!(runs < 10, "it must end");
    }
    // The first start may not have been saved when the process died.
    assert!((3..=4).contains(&starts.load(Ordering::SeqCst)));
    let letters = journal.dead_letters(DeadLetterId(0), 10).await.unwrap();
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].handler, "");
    assert_eq!(
        letters[0].error,
        "handling was started 3 times and never ended"
    );
}

/// An app with little room between the script and the journal, and a handler that notes messages.
async fn narrow(log: &Log, journal: &Arc<Troubled>) -> (Script, TestApp<Log>) {
    let (choir, source) = script("choir");
    let intake = IntakeLimits {
        entries: 4,
        ..IntakeLimits::default()
    };
    let app = App::new(log.clone())
        .source(source)
        .limits(Limits::default().intake(intake))
        .on(note);
    let app = TestApp::start(app, Arc::clone(journal)).await;
    (choir, app)
}

#[tokio::test(start_paused = true)]
async fn a_slow_journal_makes_the_source_wait_and_loses_nothing() {
    let journal = Arc::new(Troubled::default());
    let log = Log::default();
    let (choir, app) = narrow(&log, &journal).await;
    journal.close_gate();
    let mut said = 0;
    while tokio::time::timeout(
        Duration::from_secs(60),
        choir.say("room/loft", &said.to_string()),
    )
    .await
    .is_ok()
    {
        said += 1;
        assert!(said < 100, "there must be an end to what fits");
    }
    assert_eq!(log.len(), 0, "nothing is handled that is not stored");
    journal.open_gate();
    app.settle().await;
    choir.say("room/loft", "after").await.unwrap();
    app.settle().await;
    // The message that had to wait was taken once there was room, although its sender had given up.
    assert_eq!(log.len(), said + 2);
    assert_eq!(log.lines().last().unwrap(), "after");
}

#[tokio::test(start_paused = true)]
async fn a_full_journal_stops_the_intake_and_goes_on_by_itself() {
    let journal = Arc::new(Troubled::default());
    let log = Log::default();
    let (choir, app) = narrow(&log, &journal).await;
    journal.trouble(Trouble::Full);
    choir.say("room/loft", "one").await.unwrap();
    choir.say("room/loft", "two").await.unwrap();
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert!(
        journal.refused.load(Ordering::SeqCst) > 5,
        "it keeps trying"
    );
    assert_eq!(log.len(), 0);
    journal.trouble(None);
    app.until(|| log.len() == 2).await;
    assert_eq!(log.lines(), ["one", "two"]);
    app.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_corrupt_journal_ends_the_app_with_a_clear_error() {
    let journal = Arc::new(Troubled::default());
    let log = Log::default();
    let (choir, app) = narrow(&log, &journal).await;
    journal.trouble(Trouble::Corrupt);
    choir.say("room/loft", "one").await.unwrap();
    app.until(|| false).await;
    let error = app.stop().await.expect_err("it cannot go on");
    assert!(
        matches!(&error, RunError::Append(failure) if failure.trouble() == Trouble::Corrupt),
        "{error}"
    );
    assert!(error.hint().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_consumer_that_keeps_up_never_reads_the_disk() {
    let journal = Arc::new(Troubled::default());
    let (choir, source) = script("choir");
    let log = Log::default();
    let app = App::new(log.clone()).source(source).on(note);
    let app = TestApp::start(app, Arc::clone(&journal)).await;
    for number in 0..1000 {
        choir.say("room/loft", &number.to_string()).await.unwrap();
    }
    app.settle().await;
    assert_eq!(log.len(), 1000);
    assert_eq!(journal.reads.load(Ordering::SeqCst), 0);
}

#[tokio::test(start_paused = true)]
async fn a_checkpoint_is_shown_as_stored_only_once_it_is() {
    let journal = Arc::new(Troubled::default());
    let log = Log::default();
    let (choir, app) = narrow(&log, &journal).await;
    journal.close_gate();
    let entry = Entry::event(choir.draft("test.said", "room/loft", r#"{"message":"x"}"#));
    let checkpoint = Script::checkpoint("room/loft", 7);
    choir.send(entry.with(checkpoint)).await.unwrap();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let stored = || async { journal.checkpoints(&"choir".into()).await.unwrap() };
    assert_eq!(stored().await, vec![]);
    assert_eq!(choir.stored("room/loft"), None);
    journal.open_gate();
    app.settle().await;
    assert_eq!(stored().await[0].mark, 7);
    assert_eq!(choir.stored("room/loft"), Some(7));
}

#[tokio::test(start_paused = true)]
async fn of_a_batch_only_the_last_checkpoint_of_each_part_is_stored() {
    let journal = Arc::new(Troubled::default());
    let (choir, source) = script("choir");
    let app = App::new(Log::default()).source(source).on(note);
    let app = TestApp::start(app, Arc::clone(&journal)).await;
    // The first batch is under way while the other entries gather behind it.
    journal.close_gate();
    for mark in 0..41 {
        for part in ["room/loft", "room/cellar"] {
            let body = format!(r#"{{"message":"{mark}"}}"#);
            let entry = Entry::event(choir.draft("test.said", part, &body));
            let entry = entry.with(Script::checkpoint(part, mark));
            choir.send(entry).await.unwrap();
        }
        tokio::task::yield_now().await;
    }
    journal.open_gate();
    app.settle().await;
    let stored = journal.inner.checkpoints(&"choir".into()).await.unwrap();
    let stored: Vec<_> = stored.iter().map(|one| (&*one.part, one.mark)).collect();
    assert_eq!(stored, [("room/cellar", 40), ("room/loft", 40)]);
    assert_eq!(choir.stored("room/cellar"), Some(40));
    let written = journal.checkpoints.load(Ordering::SeqCst);
    assert!(written <= 4, "{written} checkpoints of two parts");
    app.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn retention_is_swept_once_a_minute() {
    let journal = Arc::new(Troubled::default());
    let app = TestApp::start(App::new(()), Arc::clone(&journal)).await;
    tokio::time::sleep(Duration::from_secs(305)).await;
    assert_eq!(journal.sweeps.load(Ordering::SeqCst), 5);
    app.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_stuck_retry_does_not_keep_the_cursor_from_being_saved() {
    let journal = Arc::new(MemoryJournal::new());
    let (choir, source) = script("choir");
    let app = App::new(())
        .source(source)
        .on(async |_: Said| Err::<(), _>(HandlerError::retry("wait")));
    let app = TestApp::start(app, Arc::clone(&journal)).await;
    choir.say("room/loft", "x").await.unwrap();
    app.until(|| app.handle().progress().is_some_and(|now| now.open == 1))
        .await;
    tokio::time::sleep(Duration::from_millis(150)).await;
    let consumer = ConsumerName::new("app");
    let cursor = journal.cursor(&consumer).await.unwrap().unwrap();
    assert_eq!(cursor.read.get(), 1);
    assert!(!cursor.clean);
}

#[cfg(feature = "sqlite")]
#[tokio::test(start_paused = true)]
async fn a_file_goes_on_where_the_last_process_was_cut_off() {
    use antiphon::journal::SqliteJournal;

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("choir.journal");
    let (choir, source) = script("choir");
    let log = Log::default();
    let journal = SqliteJournal::open(&path).await.unwrap();
    let app = App::new(log.clone()).source(source).on(stumble);
    let app = TestApp::start(app, journal).await;
    for text in ["done", "stuck", "behind"] {
        choir.say("room/loft", text).await.unwrap();
    }
    app.until(|| log.len() == 2).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    app.crash().await;

    let log = Log::default();
    let (choir, source) = script("nave");
    let journal = SqliteJournal::open(&path).await.unwrap();
    let app = App::new(log.clone()).source(source).on(tell);
    let app = TestApp::start(app, journal).await;
    choir.say("room/loft", "after").await.unwrap();
    app.settle().await;
    assert_eq!(
        app.journal().texts().await,
        ["done", "stuck", "behind", "after"]
    );
    assert_eq!(log.lines(), ["stuck again", "behind again", "after"]);
    app.stop().await.unwrap();
}
