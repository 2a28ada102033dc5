//! What an app says of itself: sources, lanes, lag, failures, gaps, and a journal that does not store.

mod support;

use std::{sync::Arc, time::Duration};

use antiphon::{
    App, Clock, Edge, Gap, Handle, HandlerError, HandlerExt as _, Link, LinkState, Phase, State,
    StoringStatus,
    journal::{MemoryJournal, Trouble},
    testing::{TestApp, script},
};
use antiphon_core::Entry;
use support::{Log, Said, Troubled, note};
use tokio::sync::Notify;

fn clock() -> Clock {
    Clock::starting_at("2026-01-01T00:00:00Z".parse().expect("a time"))
}

#[tokio::test(start_paused = true)]
async fn each_source_has_its_own_counts() {
    let (choir, first) = script("choir");
    let (organ, second) = script("organ");
    let app = App::new(Log::default())
        .source(first)
        .source(second)
        .on(note);
    let app = TestApp::start(app, MemoryJournal::new()).await;
    let twice = choir.draft("test.sung", "room/loft", "{}");
    for draft in [twice.clone(), twice] {
        choir.send(Entry::event(draft)).await.expect("sent");
    }
    for text in ["one", "two", "three"] {
        organ.say("room/nave", text).await.expect("sent");
    }
    app.settle().await;
    let status = app.handle().status().await;
    let counts: Vec<_> = status
        .sources
        .iter()
        .map(|source| (&*source.name, source.stored, source.repeated))
        .collect();
    assert_eq!(counts, [("choir", 1, 1), ("organ", 3, 0)]);
    assert_eq!((status.handlers.handled, status.handlers.unhandled), (3, 1));
    assert!(status.sources[0].last_event_at.is_some());
    app.stop().await.expect("a clean stop");
}

#[tokio::test(start_paused = true)]
async fn an_app_says_whether_it_runs_yet_and_that_it_has_ended() {
    let app = App::new(Log::default()).on(note);
    let handle: Handle<_> = app.handle();
    assert_eq!(handle.status().await.phase, Phase::Starting);
    let running = TestApp::start(app, MemoryJournal::new()).await;
    let status = handle.status().await;
    assert_eq!((status.phase, &*status.consumer), (Phase::Running, "app"));
    running.stop().await.expect("a clean stop");
    assert_eq!(handle.status().await.phase, Phase::Ended);
}

/// A handler that waits until it is let go.
async fn stuck(_: Said, State(gate): State<Arc<Notify>>) {
    gate.notified().await;
}

#[tokio::test(start_paused = true)]
async fn the_lag_is_the_age_of_the_oldest_event_that_is_not_handled() {
    let clock = clock();
    let gate = Arc::new(Notify::new());
    let (choir, source) = script("choir");
    let app = App::new(Arc::clone(&gate))
        .source(source.with_clock(clock))
        .on(stuck.deadline(Duration::from_secs(3600)));
    let app = TestApp::start(app, MemoryJournal::new()).await;
    for (place, count) in [("room/nave", 1), ("room/loft", 4), ("room/crypt", 3)] {
        for _ in 0..count {
            let mut draft = choir.draft("test.said", place, r#"{"message":"amen"}"#);
            draft.received_at = clock.now();
            choir.send(Entry::event(draft)).await.expect("sent");
        }
    }
    let handle = app.handle();
    app.until(|| handle.progress().is_some_and(|progress| progress.open == 8))
        .await;
    tokio::time::sleep(Duration::from_secs(90)).await;

    let status = handle.status().await;
    let seconds = status.progress.lag_seconds.expect("the journal answers");
    assert!((90.0..91.0).contains(&seconds), "{seconds}");
    assert_eq!((status.progress.lag, status.progress.open), (8, 8));
    assert_eq!((status.lanes.busy, status.lanes.waiting), (3, 2));
    let deepest: Vec<_> = status
        .lanes
        .deepest
        .iter()
        .map(|lane| (&*lane.place, lane.waiting))
        .collect();
    assert_eq!(deepest, [("room/loft", 3), ("room/crypt", 2)]);

    // One event of each place is done; the oldest is the next of the room that is behind.
    gate.notify_waiters();
    app.until(|| handle.progress().is_some_and(|progress| progress.open == 5))
        .await;
    assert_eq!(handle.status().await.progress.lag, 6);
    app.crash().await;
}

#[tokio::test(start_paused = true)]
async fn a_gap_and_the_connection_of_a_part_are_told() {
    let (choir, source) = script("choir");
    let app = TestApp::start(
        App::new(Log::default()).source(source),
        MemoryJournal::new(),
    )
    .await;
    let at = |text: &str| Edge::at(text.parse().expect("a time"));
    let outage = Gap::new(
        at("2026-01-01T00:00:00Z"),
        at("2026-01-01T00:02:00Z"),
        "the power was out",
    );
    let text = |bytes| String::from_utf8(bytes).expect("JSON");
    choir
        .event(Gap::KIND, "room/loft", text(outage.body()))
        .await
        .expect("sent");
    let waiting = LinkState::Waiting {
        until: "2026-01-01T00:00:30Z".parse().expect("a time"),
        reason: "the server closed the socket".into(),
    };
    for (place, state) in [
        ("room/loft", &waiting),
        ("room/nave", &LinkState::Connecting),
        ("room/crypt", &waiting),
        ("room/crypt", &LinkState::Closed),
    ] {
        let body = text(Link::body(state));
        choir.event(Link::KIND, place, body).await.expect("sent");
    }
    app.settle().await;
    let status = app.handle().status().await;
    assert_eq!((status.gaps.seen, status.sources[0].gaps), (1, 1));
    let gap = status.gaps.last.expect("a gap");
    assert_eq!(
        (&*gap.place, &*gap.cause),
        ("room/loft", "the power was out")
    );
    let parts: Vec<_> = status.sources[0]
        .parts
        .iter()
        .map(|part| (&*part.place, &*part.link.state))
        .collect();
    // The part that was closed in good order is one no more.
    assert_eq!(
        parts,
        [("room/loft", "waiting"), ("room/nave", "connecting")]
    );
    let loft = &status.sources[0].parts[0].link;
    assert_eq!(loft.reason.as_deref(), Some("the server closed the socket"));
    // What antiphon says itself is no event of the platform.
    assert!(status.sources[0].last_event_at.is_none());
    app.stop().await.expect("a clean stop");
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_tries_again_is_down_since_its_first_failure() {
    let (choir, source) = script("choir");
    let app = TestApp::start(
        App::new(Log::default()).source(source),
        MemoryJournal::new(),
    )
    .await;
    let minute = |minute: i64| {
        "2026-01-01T00:00:00Z"
            .parse::<jiff::Timestamp>()
            .expect("a time")
            .checked_add(jiff::SignedDuration::from_mins(minute))
            .expect("it is in range")
    };
    let changes = [
        LinkState::Connected { since: minute(0) },
        LinkState::Connecting,
        LinkState::Waiting {
            until: minute(3),
            reason: "no answer".into(),
        },
    ];
    for (number, state) in (0..).zip(&changes) {
        let body = String::from_utf8(Link::body(state)).expect("JSON");
        let mut draft = choir.draft(Link::KIND, "room/loft", body);
        draft.received_at = minute(number);
        choir.send(Entry::event(draft)).await.expect("sent");
    }
    app.settle().await;
    let status = app.handle().status().await;
    let link = &status.sources[0].parts[0].link;
    assert_eq!((&*link.state, link.since), ("waiting", minute(2)));
    assert_eq!(link.down_since, Some(minute(1)));
    app.stop().await.expect("a clean stop");
}

#[tokio::test(start_paused = true)]
async fn a_journal_that_refuses_is_told_until_it_stores_again() {
    let clock = clock();
    let journal = Arc::new(Troubled::default());
    let log = Log::default();
    let (choir, source) = script("choir");
    let app = App::new(log.clone())
        .source(source.with_clock(clock))
        .on(note);
    let app = TestApp::start(app, Arc::clone(&journal)).await;
    app.settle().await;
    let handle = app.handle();
    assert_eq!(handle.status().await.storing, StoringStatus::default());

    let full_at = clock.now();
    journal.trouble(Trouble::Full);
    choir.say("room/loft", "amen").await.expect("taken");
    let refusals = || journal.refused.load(std::sync::atomic::Ordering::SeqCst);
    app.until(|| refusals() >= 5).await;
    let storing = handle.status().await.storing;
    let refused = storing.refused.expect("it refuses");
    assert!(storing.failures >= 5 && refused.tries >= 5, "{refused:?}");
    assert!(refused.since >= full_at && refused.since < clock.now());
    assert_eq!(
        refused.error,
        "the journal could not store: the disk is full"
    );
    assert_eq!(refused.hint, "free some space; storing goes on by itself");

    journal.trouble(None);
    // The event is handled once it is stored, and the next try may be seconds away.
    app.until(|| log.len() == 1).await;
    let storing = handle.status().await.storing;
    assert_eq!(storing.refused, None);
    assert!(storing.failures >= 5);
    app.stop().await.expect("a clean stop");
}

#[tokio::test(start_paused = true)]
async fn a_status_is_read_back_as_it_was_written() {
    async fn sing(_: Said) -> Result<(), HandlerError> {
        Err(HandlerError::message("the score is missing"))
    }
    let (choir, source) = script("choir");
    let app = App::new(Log::default())
        .source(source)
        .on(sing.named("sing"));
    let app = TestApp::start(app, MemoryJournal::new()).await;
    choir.say("room/loft", "amen").await.expect("sent");
    app.settle().await;
    let status = app.handle().status().await;
    assert_eq!(
        (status.handlers.failures, status.handlers.dead_letters),
        (1, 1)
    );
    let text = serde_json::to_string(&status).expect("plain data");
    let read: antiphon::Status = serde_json::from_str(&text).expect("the same shape");
    assert_eq!(read, status);
    app.stop().await.expect("a clean stop");
}
