//! An event that ends without a call says why, at the level `trace`.

mod support;

use std::{
    io::Write,
    sync::{Arc, Mutex},
};

use antiphon::{
    App, HandlerError, HandlerExt as _, Limits, State,
    journal::MemoryJournal,
    testing::{TestApp, script},
};
use antiphon_core::Entry;
use support::{Log, Said, note};

/// Lines of the log.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("whole").write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Lines {
    /// Listens on this thread, where all of a test runs.
    fn listen(&self) -> tracing::subscriber::DefaultGuard {
        let lines = self.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(move || lines.clone())
            .finish();
        tracing::subscriber::set_default(subscriber)
    }

    /// Checks that one line has this text, and the others as well.
    #[track_caller]
    fn has(&self, text: &str, others: &[&str]) {
        let lines = self.0.lock().expect("whole");
        let lines = String::from_utf8_lossy(&lines);
        let found: Vec<_> = lines.lines().filter(|line| line.contains(text)).collect();
        let [line] = found[..] else {
            panic!("{text}: {found:?} of\n{lines}");
        };
        for other in others {
            assert!(line.contains(other), "{other} is not in {line}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_of_a_kind_without_a_handler_says_so() {
    let lines = Lines::default();
    let _listening = lines.listen();
    let (choir, source) = script("choir");
    let app = App::new(Log::default()).source(source).on(note);
    let app = TestApp::start(app, Arc::new(MemoryJournal::new())).await;
    let draft = choir.draft("test.sung", "room/loft", "{}");
    let origin = format!("origin={}", draft.origin);
    choir.send(Entry::event(draft)).await.expect("sent");
    app.settle().await;
    lines.has(
        "no handler is registered for its kind",
        &["kind=test.sung", "place=room/loft", &origin],
    );
}

#[tokio::test(start_paused = true)]
async fn an_event_that_no_filter_lets_through_says_so() {
    let lines = Lines::default();
    let _listening = lines.listen();
    let (choir, source) = script("choir");
    let log = Log::default();
    let app = App::new(log.clone())
        .source(source)
        .on(note.when(|said| said.message == "hello"));
    let app = TestApp::start(app, Arc::new(MemoryJournal::new())).await;
    choir.say("room/loft", "good bye").await.expect("sent");
    app.settle().await;
    assert_eq!(log.len(), 0);
    lines.has("the filter said no", &["position=1", "note"]);
    lines.has("none of its handlers wants it", &["place=room/loft"]);
}

#[tokio::test(start_paused = true)]
async fn a_fallback_that_another_handler_leaves_nothing_to_says_so() {
    async fn rest(said: Said, State(log): State<Log>) {
        log.note(format!("left: {}", said.message));
    }
    let lines = Lines::default();
    let _listening = lines.listen();
    let (choir, source) = script("choir");
    let log = Log::default();
    let app = App::new(log.clone())
        .source(source)
        .on(note.named("takes-all"))
        .fallback(rest.named("rest"));
    let app = TestApp::start(app, Arc::new(MemoryJournal::new())).await;
    choir.say("room/loft", "good bye").await.expect("sent");
    app.settle().await;
    assert_eq!(log.lines(), ["good bye"]);
    lines.has(
        "another handler takes the event",
        &["position=1", "rest", "takes-all"],
    );
}

#[tokio::test(start_paused = true)]
async fn an_event_before_its_handler_was_added_says_so() {
    let lines = Lines::default();
    let _listening = lines.listen();
    let (choir, source) = script("choir");
    let log = Log::default();
    let app = App::new(log.clone())
        .source(source)
        .limits(Limits::default().lane(1))
        .on(stuck);
    let app = TestApp::start(app, Arc::new(MemoryJournal::new())).await;
    // The first message keeps the lane, and the third is read again from the journal once there is room.
    for message in ["one", "two", "three"] {
        choir.say("room/loft", message).await.expect("sent");
    }
    app.until(|| app.handle().progress().is_some_and(|now| now.is_parked))
        .await;
    // The handler is passed over once, and its filter is not called.
    app.handle().add(note.when(|said| !said.message.is_empty()));
    log.note("go on");
    app.settle().await;
    choir.say("room/loft", "four").await.expect("sent");
    app.settle().await;
    assert_eq!(log.lines(), ["go on", "four"]);
    lines.has("it was added later", &["position=3", "note"]);
}

/// Fails until the log has a line.
async fn stuck(_: Said, State(log): State<Log>) -> Result<(), HandlerError> {
    if log.len() == 0 {
        return Err(HandlerError::retry("not yet"));
    }
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_repeat_says_so() {
    let lines = Lines::default();
    let _listening = lines.listen();
    let (choir, source) = script("choir");
    let app = App::new(Log::default()).source(source).on(note);
    let app = TestApp::start(app, Arc::new(MemoryJournal::new())).await;
    let draft = |message: &str| {
        let body = format!(r#"{{"message":"{message}"}}"#);
        choir.draft("test.said", "room/loft", &body)
    };
    let (first, second) = (draft("one"), draft("two"));
    let origin = format!("origin={}", first.origin);
    for draft in [first.clone(), first, second] {
        choir.send(Entry::event(draft)).await.expect("sent");
    }
    app.settle().await;
    lines.has(
        "stored before",
        &["source=choir", "place=room/loft", &origin],
    );
}
