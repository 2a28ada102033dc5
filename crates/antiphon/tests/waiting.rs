//! Waiters and streams.

mod support;

use std::{sync::Arc, time::Duration};

use antiphon::{
    App, Event, Handle, HandlerError, HandlerExt, Lagged, State, WaitError,
    journal::{Journal as _, MemoryJournal},
    testing::{TestApp, script},
};
use support::{Log, Said, SaidView, note};

/// Asks, and waits for the answer in the same place.
async fn ask(
    said: Said,
    event: std::sync::Arc<Event>,
    handle: Handle<Log>,
    State(log): State<Log>,
) -> Result<(), HandlerError> {
    let answer = handle
        .wait_for::<Said>(|said| said.message.starts_with("answer"))
        .in_place(event.place().clone())
        .timeout(Duration::from_secs(30));
    log.note(format!("asked after {}", said.message));
    let answer = answer.await?;
    log.note(format!("heard {}", answer.message));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_handler_can_ask_and_wait_for_the_answer_in_the_same_place() {
    let (choir, source) = script("choir");
    let log = Log::default();
    let app = App::new(log.clone())
        .source(source)
        .on(ask.when(|said| said.message == "begin"));
    let app = TestApp::start(app, MemoryJournal::new()).await;
    choir.say("room/loft", "answer too early").await.unwrap();
    choir.say("room/loft", "begin").await.unwrap();
    app.until(|| log.len() == 1).await;
    choir.say("room/crypt", "answer elsewhere").await.unwrap();
    choir.say("room/loft", "something else").await.unwrap();
    choir.say("room/loft", "answer here").await.unwrap();
    app.settle().await;
    assert_eq!(log.lines(), ["asked after begin", "heard answer here"]);
}

#[tokio::test(start_paused = true)]
async fn a_waiter_sees_only_what_is_stored_after_it_was_made() {
    let (choir, source) = script("choir");
    let app = TestApp::start(App::new(()).source(source), MemoryJournal::new()).await;
    choir.say("room/loft", "early").await.unwrap();
    app.settle().await;
    let wait = app.handle().wait_for::<Said>(|_| true);
    choir.say("room/loft", "late").await.unwrap();
    assert_eq!(wait.await.unwrap().message, "late");
}

#[tokio::test(start_paused = true)]
async fn a_waiter_after_a_position_counts_what_is_stored_already() {
    let journal = Arc::new(MemoryJournal::new());
    let (choir, source) = script("choir");
    let app = TestApp::start(App::new(()).source(source), Arc::clone(&journal)).await;
    choir.say("room/loft", "answer too early").await.unwrap();
    app.settle().await;
    let asked = *journal.last().borrow();
    // More than one page of the journal.
    for number in 0..600 {
        choir.say("room/loft", &number.to_string()).await.unwrap();
    }
    choir.say("room/crypt", "answer elsewhere").await.unwrap();
    choir.say("room/loft", "answer here").await.unwrap();
    app.settle().await;
    let wait = || {
        let starts = |said: &SaidView<'_>| said.message.starts_with("answer");
        app.handle().wait_for::<Said>(starts).in_place("room/loft")
    };
    assert_eq!(wait().after(asked).await.unwrap().message, "answer here");

    // What comes later counts as well, and without a position it alone does.
    let last = *journal.last().borrow();
    let (since_last, plain) = (wait().after(last), wait());
    choir.say("room/loft", "answer late").await.unwrap();
    assert_eq!(since_last.await.unwrap().message, "answer late");
    assert_eq!(plain.await.unwrap().message, "answer late");

    let timeout = Duration::from_secs(5);
    let last = *journal.last().borrow();
    let nothing = wait().after(last).timeout(timeout).await;
    assert_eq!(nothing, Err(WaitError::TimedOut(timeout)));
    let broken = app.handle().wait_for::<Said>(|_| panic!("a bad check"));
    assert_eq!(broken.after(asked).await, Err(WaitError::Ended));
    app.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_waiter_made_before_the_app_runs_sees_what_comes_after_its_start() {
    let (choir, source) = script("choir");
    let app = App::new(()).source(source);
    let wait = app.handle().wait_for::<Said>(|_| true);
    let app = TestApp::start(app, MemoryJournal::new()).await;
    choir.say("room/loft", "hello").await.unwrap();
    assert_eq!(wait.await.unwrap().message, "hello");
    app.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_waiter_gives_up_after_its_timeout() {
    let app = TestApp::start(App::new(()), MemoryJournal::new()).await;
    let timeout = Duration::from_secs(5);
    let wait = app.handle().wait_for::<Said>(|_| true).timeout(timeout);
    assert_eq!(wait.await, Err(WaitError::TimedOut(timeout)));
}

#[tokio::test(start_paused = true)]
async fn a_waiter_ends_with_the_app() {
    let app = TestApp::start(App::new(()), MemoryJournal::new()).await;
    let handle = app.handle().clone();
    let wait = handle.wait_for::<Said>(|_| true);
    app.stop().await.unwrap();
    assert_eq!(wait.await, Err(WaitError::Ended));
    assert_eq!(
        handle.wait_for::<Said>(|_| true).await,
        Err(WaitError::Ended)
    );
}

#[tokio::test(start_paused = true)]
async fn a_waiter_whose_check_panics_ends_alone() {
    let (choir, source) = script("choir");
    let log = Log::default();
    let app = App::new(log.clone()).source(source).on(note);
    let app = TestApp::start(app, MemoryJournal::new()).await;
    let wait = app.handle().wait_for::<Said>(|_| panic!("a bad check"));
    choir.say("room/loft", "hello").await.unwrap();
    assert_eq!(wait.await, Err(WaitError::Ended));
    app.settle().await;
    assert_eq!(log.lines(), ["hello"]);
}

#[tokio::test(start_paused = true)]
async fn waiters_and_streams_pass_over_what_does_not_decode() {
    let (choir, source) = script("choir");
    let app = TestApp::start(App::new(()).source(source), MemoryJournal::new()).await;
    let wait = app.handle().wait_for::<Said>(|_| true);
    let mut stream = app.handle().stream::<Said>();
    choir
        .event("test.said", "room/loft", "nonsense")
        .await
        .unwrap();
    choir.say("room/loft", "sense").await.unwrap();
    assert_eq!(wait.await.unwrap().message, "sense");
    assert_eq!(stream.next().await.unwrap().unwrap().message, "sense");
}

#[tokio::test(start_paused = true)]
async fn a_slow_stream_says_how_much_it_missed_and_where() {
    let (choir, source) = script("choir");
    let log = Log::default();
    let app = App::new(log.clone()).source(source).on(note);
    let app = TestApp::start(app, MemoryJournal::new()).await;
    let mut stream = app.handle().stream::<Said>();
    for number in 0..300 {
        choir.say("room/loft", &number.to_string()).await.unwrap();
    }
    app.settle().await;
    assert_eq!(log.len(), 300, "the head does not wait for a stream");
    for number in 0..256 {
        let said = stream.next().await.unwrap().unwrap();
        assert_eq!(said.message, number.to_string());
    }
    assert_eq!(stream.next().await, Some(Err(Lagged(44))));
    choir.say("room/loft", "after").await.unwrap();
    assert_eq!(stream.next().await.unwrap().unwrap().message, "after");
    app.stop().await.unwrap();
    assert_eq!(stream.next().await, None, "it ends with the app");
}

#[tokio::test(start_paused = true)]
async fn a_raw_stream_takes_a_pattern() {
    let (choir, source) = script("choir");
    let app = TestApp::start(App::new(()).source(source), MemoryJournal::new()).await;
    let mut some = app.handle().stream_raw("test.m*");
    let mut all = app.handle().stream::<Event>();
    for kind in ["test.other", "test.mystery"] {
        choir.event(kind, "room/loft", "{}").await.unwrap();
    }
    assert_eq!(some.next().await.unwrap().unwrap().kind().name(), "mystery");
    assert_eq!(all.next().await.unwrap().unwrap().kind().name(), "other");
    assert_eq!(all.next().await.unwrap().unwrap().kind().name(), "mystery");
}
