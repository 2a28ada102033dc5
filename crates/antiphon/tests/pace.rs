//! The committer's pace: which events wait for others, and for how long.

mod support;

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use antiphon::{
    App, Event, HandlerError,
    projection::Tap,
    testing::{Script, TestApp, script},
};
use support::{Log, Troubled, note};

async fn ignore(_: Event) -> Result<(), HandlerError> {
    Ok(())
}

/// A tap that does nothing.
struct Deaf;

impl Tap for Deaf {
    fn name(&self) -> &'static str {
        "deaf"
    }

    fn see(&mut self, _: &Event) {}
}

/// An app whose commits are counted, with a handler or without.
struct Counted {
    app: TestApp<Log>,
    choir: Script,
    journal: Arc<Troubled>,
    log: Log,
}

impl Counted {
    async fn start(made: impl FnOnce(App<Log>) -> App<Log>) -> Self {
        let journal = Arc::new(Troubled::default());
        let (choir, source) = script("choir");
        let log = Log::default();
        let app = made(App::new(log.clone()).source(source));
        let app = TestApp::start(app, Arc::clone(&journal)).await;
        app.settle().await;
        journal.batches.lock().expect("no panic").clear();
        Self {
            app,
            choir,
            journal,
            log,
        }
    }

    async fn say(&self, text: &str) {
        let said = self.choir.say("room/loft", text).await;
        said.expect("it goes on");
    }

    /// The number of events in each commit until now.
    fn commits(&self) -> Vec<usize> {
        self.journal.batches.lock().expect("no panic").clone()
    }

    async fn until_stored(&self, count: usize) {
        self.app
            .until(|| self.commits().iter().sum::<usize>() == count)
            .await;
    }

    /// Says two hundred things `apart`, and returns how many each commit stored.
    async fn two_hundred(self, apart: Duration) -> Vec<usize> {
        for number in 0..200 {
            self.say(&number.to_string()).await;
            tokio::time::sleep(apart).await;
        }
        self.until_stored(200).await;
        let (commits, stored) = (self.commits(), self.app.journal());
        self.app.stop().await.expect("it goes on");
        let texts = stored.texts().await;
        let expected: Vec<_> = (0..200).map(|number| number.to_string()).collect();
        assert_eq!(texts, expected);
        commits
    }
}

/// Between two events at 200 a second.
const OFTEN: Duration = Duration::from_millis(5);

#[tokio::test(start_paused = true)]
async fn events_that_nobody_takes_are_stored_in_groups() {
    let app = Counted::start(|app| app).await;
    let by_default = app.two_hundred(OFTEN).await;
    assert!((40..=60).contains(&by_default.len()), "{by_default:?}");
    let app = Counted::start(|app| app.group_commit(Duration::ZERO)).await;
    assert_eq!(app.two_hundred(OFTEN).await, [1; 200]);
}

#[tokio::test(start_paused = true)]
async fn events_that_somebody_takes_are_stored_at_once_by_a_fast_journal() {
    let app = Counted::start(|app| app.on(note)).await;
    assert_eq!(app.two_hundred(OFTEN).await, [1; 200]);
    // A tap sees all events.
    let app = Counted::start(|app| app.tap(Deaf)).await;
    assert_eq!(app.two_hundred(OFTEN).await, [1; 200]);
    // A handler of another kind takes none of these.
    let app = Counted::start(|app| app.on_raw("test.left", ignore)).await;
    assert!(app.two_hundred(OFTEN).await.len() <= 60);
    // Nor does a stream of another kind, such as that of a daemon that waits for closed rooms.
    let app = Counted::start(|app| app).await;
    let _left = app.app.handle().stream_raw("test.left");
    assert!(app.two_hundred(OFTEN).await.len() <= 60);
    let app = Counted::start(|app| app).await;
    let _said = app.app.handle().stream_raw("test.said");
    assert_eq!(app.two_hundred(OFTEN).await, [1; 200]);
}

#[tokio::test(start_paused = true)]
async fn an_event_that_somebody_waits_for_is_stored_at_once() {
    let apart = Duration::from_secs(60);
    let app = Counted::start(|app| app.group_commit(apart)).await;
    app.say("alone").await;
    app.until_stored(1).await;
    let begun = tokio::time::Instant::now();
    let answer = app.app.handle().wait_for::<Event>(|_: &&Event| true);
    app.say("the answer").await;
    answer.await.expect("an answer");
    assert!(begun.elapsed() < apart / 10);
    app.app.stop().await.expect("it goes on");
}

#[tokio::test(start_paused = true)]
async fn an_event_that_somebody_takes_brings_those_along_that_nobody_takes() {
    let apart = Duration::from_secs(60);
    let app = Counted::start(|app| app.group_commit(apart)).await;
    let said = app.app.handle().stream_raw("test.sung");
    app.say("first").await;
    app.until_stored(1).await;
    let begun = tokio::time::Instant::now();
    for number in 0..10 {
        app.say(&number.to_string()).await;
        tokio::time::sleep(OFTEN).await;
    }
    assert_eq!(app.commits(), [1]);
    drop(said);
    let _said = app.app.handle().stream_raw("test.said");
    app.say("heard").await;
    app.until_stored(12).await;
    assert!(begun.elapsed() < apart / 10);
    assert_eq!(app.commits(), [1, 11]);
    app.app.stop().await.expect("it goes on");
}

#[tokio::test(start_paused = true)]
async fn while_another_process_follows_every_event_is_stored_at_once() {
    let journal = Arc::new(Troubled::default());
    let follows = |told: Option<bool>| *journal.followed.lock().expect("no panic") = told;
    follows(Some(false));
    let (choir, source) = script("choir");
    let app = App::new(Log::default()).source(source);
    let app = TestApp::start(app, Arc::clone(&journal)).await;
    let looks = || journal.looks.load(Ordering::SeqCst);
    let commits = async |expected: Option<bool>| {
        follows(expected);
        let before = looks();
        app.until(|| looks() > before).await;
        app.settle().await;
        journal.batches.lock().expect("no panic").clear();
        for number in 0..200 {
            let said = choir.say("room/loft", &number.to_string()).await;
            said.expect("it goes on");
            tokio::time::sleep(OFTEN).await;
        }
        app.settle().await;
        journal.batches.lock().expect("no panic").clone()
    };
    assert!(commits(Some(false)).await.len() <= 60);
    assert_eq!(commits(Some(true)).await, [1; 200]);
    assert!(commits(Some(false)).await.len() <= 60, "nobody is left");
    // Once a second, however many events come.
    let (before, begun) = (looks(), tokio::time::Instant::now());
    commits(Some(true)).await;
    let seconds = usize::try_from(begun.elapsed().as_secs()).expect("a few");
    assert!(looks() - before <= seconds + 1);
    app.stop().await.expect("it goes on");
}

#[tokio::test(start_paused = true)]
async fn a_journal_that_cannot_tell_who_follows_is_asked_once() {
    let app = Counted::start(|app| app).await;
    tokio::time::sleep(Duration::from_secs(60)).await;
    assert_eq!(app.journal.looks.load(Ordering::SeqCst), 1);
    assert!(app.two_hundred(OFTEN).await.len() <= 60);
}

#[tokio::test(start_paused = true)]
async fn a_slow_journal_gathers_the_events_that_somebody_takes() {
    let slow = |longest| async move {
        let app = Counted::start(|app| app.on(note).group_commit(longest)).await;
        app.journal.takes(Duration::from_millis(5));
        app.two_hundred(OFTEN).await.len()
    };
    // A commit of 5 ms and a pause of twice that: three events in 15 ms.
    let gathered = slow(Duration::from_millis(20)).await;
    assert!((50..=90).contains(&gathered), "{gathered}");
    // The pause is never longer than it may be.
    let bounded = slow(Duration::from_millis(1)).await;
    assert!((100..=200).contains(&bounded), "{bounded}");
}

#[tokio::test(start_paused = true)]
async fn a_commit_that_stalls_makes_no_later_event_wait() {
    let app = Counted::start(|app| app.on(note)).await;
    app.say("first").await;
    app.until_stored(1).await;
    app.journal.takes(Duration::from_secs(5));
    app.say("stalled").await;
    app.until_stored(2).await;
    app.journal.takes(Duration::ZERO);
    let begun = tokio::time::Instant::now();
    app.say("later").await;
    app.until_stored(3).await;
    assert!(
        begun.elapsed() < Duration::from_millis(20),
        "{:?}",
        begun.elapsed()
    );
    app.app.stop().await.expect("it goes on");
}

#[tokio::test(start_paused = true)]
async fn an_event_after_a_pause_and_a_crowd_wait_for_no_company() {
    // Events that nobody takes until there are so many.
    const CROWD: usize = 256;
    let apart = Duration::from_millis(80);
    let app = Counted::start(|app| app.group_commit(apart)).await;
    let begun = tokio::time::Instant::now();
    app.say("alone").await;
    app.until_stored(1).await;
    assert!(begun.elapsed() <= Duration::from_millis(10));
    for number in 1..CROWD {
        app.say(&number.to_string()).await;
    }
    tokio::time::sleep(Duration::from_millis(40)).await;
    assert_eq!(app.commits(), [1]);
    app.say("the last of the crowd").await;
    app.until_stored(1 + CROWD).await;
    assert!(begun.elapsed() <= Duration::from_millis(60));
    // One that is alone again waits as long as it may.
    app.say("the last").await;
    app.until_stored(2 + CROWD).await;
    assert!(
        (apart + apart / 2..apart * 2).contains(&begun.elapsed()),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(app.commits(), [1, CROWD, 1]);
    // A stop leaves nothing behind.
    app.say("at the stop").await;
    let stored = app.app.journal();
    app.app.stop().await.expect("it goes on");
    let texts = stored.texts().await;
    assert_eq!(texts.last().map(String::as_str), Some("at the stop"));
    assert!(app.log.lines().is_empty());
}
