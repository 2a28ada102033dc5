//! Stopping in two phases, and ending by itself.

mod support;

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use antiphon::{
    App, Clock, ConsumerName, Handle, HandlerError, HandlerExt, Intake, LinkState, OnStopped,
    RunError, Source, SourceError, State, Stop,
    journal::{Journal, MemoryJournal},
    testing::{TestApp, script},
};
use support::{Log, Said, Troubled, note, running};

/// A source whose client works until the second phase of stopping.
fn closing(open: Arc<AtomicBool>, log: Log) -> impl Source {
    running("client", async move |_: Intake, stop: Stop| {
        open.store(true, Ordering::SeqCst);
        stop.reading().await;
        log.note("reading is over");
        stop.closing().await;
        open.store(false, Ordering::SeqCst);
        log.note("closed");
        Ok(())
    })
}

#[tokio::test(start_paused = true)]
async fn running_handlers_keep_their_clients_while_the_app_stops() {
    let (choir, source) = script("choir");
    let log = Log::default();
    let open = Arc::new(AtomicBool::new(false));
    let client = closing(Arc::clone(&open), log.clone());
    let slow = move |said: Said, State(log): State<Log>| {
        let open = Arc::clone(&open);
        async move {
            log.note(format!("{} begins", said.message));
            tokio::time::sleep(Duration::from_secs(5)).await;
            assert!(open.load(Ordering::SeqCst), "its client was closed");
            log.note(format!("{} ends", said.message));
        }
    };
    let app = App::new(log.clone()).source(source).source(client).on(slow);
    let app = TestApp::start(app, MemoryJournal::new()).await;
    choir.say("room/loft", "first").await.unwrap();
    choir.say("room/loft", "second").await.unwrap();
    app.until(|| log.len() == 1).await;
    app.stop().await.unwrap();
    let expected = ["first begins", "reading is over", "first ends", "closed"];
    assert_eq!(log.lines(), expected, "and the second one did not begin");
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_ignores_its_grace_is_cut_off_and_comes_again() {
    let (choir, source) = script("choir");
    let log = Log::default();
    let journal = Arc::new(MemoryJournal::new());
    let app =
        App::new(log.clone())
            .source(source)
            .on(async |said: Said, State(log): State<Log>| {
                log.note(said.message);
                std::future::pending::<()>().await;
            });
    let app = TestApp::start(app, Arc::clone(&journal)).await;
    choir.say("room/loft", "endless").await.unwrap();
    app.until(|| log.len() == 1).await;
    let asked = tokio::time::Instant::now();
    app.stop().await.unwrap();
    assert!(
        asked.elapsed() >= Duration::from_secs(10),
        "it had its grace"
    );
    let consumer = ConsumerName::new("app");
    let cursor = journal.cursor(&consumer).await.unwrap().unwrap();
    assert!(cursor.clean);
    assert_eq!((cursor.open.len(), cursor.open[0].starts), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn what_waits_in_the_channel_is_stored_before_the_end() {
    let journal = Arc::new(Troubled::default());
    let (choir, source) = script("choir");
    let app = TestApp::start(App::new(()).source(source), Arc::clone(&journal)).await;
    journal.close_gate();
    for number in 0..10 {
        choir.say("room/loft", &number.to_string()).await.unwrap();
    }
    let stored = app.journal();
    let opening = async {
        tokio::time::sleep(Duration::from_secs(3)).await;
        journal.open_gate();
    };
    let (stopped, ()) = tokio::join!(app.stop(), opening);
    stopped.unwrap();
    assert_eq!(stored.texts().await.len(), 10);
}

#[tokio::test(start_paused = true)]
async fn a_journal_that_never_answers_does_not_keep_the_app_from_ending() {
    let journal = Arc::new(Troubled::default());
    let (choir, source) = script("choir");
    let app = TestApp::start(App::new(()).source(source), Arc::clone(&journal)).await;
    journal.close_gate();
    choir.say("room/loft", "x").await.unwrap();
    let error = app.stop().await.expect_err("it was not stored");
    assert!(matches!(error, RunError::Unfinished(_)), "{error}");
}

#[tokio::test(start_paused = true)]
async fn an_app_whose_servers_are_away_begins_once_they_are_back() {
    let journal = Arc::new(Troubled::default());
    journal.unanswered.store(5, Ordering::SeqCst);
    let (choir, source) = script("choir");
    let log = Log::default();
    let app = App::new(log.clone()).source(source).on(note);
    let app = TestApp::start(app, Arc::clone(&journal)).await;
    choir.say("room/loft", "at last").await.unwrap();
    app.until(|| log.len() == 1).await;
    assert_eq!(journal.unanswered.load(Ordering::SeqCst), 0);
    app.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn an_app_that_waits_for_servers_ends_when_it_is_asked_to() {
    for by_handle in [false, true] {
        let journal = Arc::new(Troubled::default());
        journal.unanswered.store(usize::MAX, Ordering::SeqCst);
        let app = App::new(());
        let handle = app.handle();
        let asked = async {
            for _ in 0..6 {
                journal.asked.notified().await;
            }
            if by_handle {
                handle.stop();
                std::future::pending::<()>().await;
            }
        };
        app.run(Arc::clone(&journal), asked).await.unwrap();
        let asked = usize::MAX - journal.unanswered.load(Ordering::SeqCst);
        assert!((6..40).contains(&asked), "asked {asked} times");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stopped_source_ends_the_app_with_its_error() {
    let (choir, source) = script("choir");
    let app = TestApp::start(App::new(()).source(source), MemoryJournal::new()).await;
    let error = SourceError::new("choir".into(), "authorization", "the password is wrong")
        .hint("correct it");
    choir.end(error).await;
    app.until(|| false).await;
    let links = app.handle().links();
    assert_eq!(links[0].1.word(), "stopped");
    let error = app.stop().await.expect_err("it has stopped");
    assert_eq!(error.hint(), Some("correct it"));
    let RunError::Source(error) = error else {
        panic!("another error: {error}");
    };
    assert_eq!(error.code(), "authorization");
}

#[tokio::test(start_paused = true)]
async fn an_app_can_go_on_without_a_stopped_source() {
    let (choir, first) = script("choir");
    let (nave, second) = script("nave");
    let log = Log::default();
    let app = App::new(log.clone())
        .source(first)
        .source(second)
        .on_stopped(OnStopped::GoOn)
        .on(note);
    let app = TestApp::start(app, MemoryJournal::new()).await;
    choir
        .end(SourceError::new("choir".into(), "banned", "not any more"))
        .await;
    nave.say("room/nave", "still here").await.unwrap();
    app.settle().await;
    assert_eq!(log.lines(), ["still here"]);
    app.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_source_whose_task_panics_stops_the_app() {
    let (choir, source) = script("choir");
    let app = TestApp::start(App::new(()).source(source), MemoryJournal::new()).await;
    choir.panic().await;
    app.until(|| false).await;
    let error = app.stop().await.expect_err("it has panicked");
    assert!(matches!(&error, RunError::SourcePanicked(name) if name.as_str() == "choir"));
}

#[tokio::test(start_paused = true)]
async fn a_handle_can_stop_the_app_from_inside() {
    let (choir, source) = script("choir");
    let app = App::new(())
        .source(source)
        .on(async |_: Said, handle: Handle<()>| handle.stop());
    let app = TestApp::start(app, MemoryJournal::new()).await;
    choir.say("room/loft", "enough").await.unwrap();
    app.until(|| false).await;
    assert!(app.has_ended());
    app.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_journal_given_by_value_is_closed_and_one_in_an_arc_is_not() {
    let journal = Arc::new(Troubled::default());
    let closes = Arc::clone(&journal.closes);
    App::new(())
        .run(Arc::clone(&journal), std::future::ready(()))
        .await
        .unwrap();
    assert!(journal.cursor(&"app".into()).await.unwrap().unwrap().clean);
    let object: Arc<dyn Journal> = journal;
    App::new(())
        .run(object, std::future::ready(()))
        .await
        .unwrap();
    assert_eq!(closes.load(Ordering::SeqCst), 0);

    let journal = Troubled::default();
    let closes = Arc::clone(&journal.closes);
    App::new(())
        .run(journal, std::future::ready(()))
        .await
        .unwrap();
    assert_eq!(closes.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn names_that_repeat_are_refused() {
    async fn run(app: App<()>) -> String {
        let ended = app.run(MemoryJournal::new(), std::future::ready(())).await;
        ended.expect_err("names repeat").to_string()
    }
    let sources = App::new(())
        .source(script("choir").1)
        .source(script("choir").1);
    assert_eq!(run(sources).await, "two sources are named `choir`");
    let handler = async |_: Said| ();
    let handlers = App::new(()).on(handler.named("h")).on(handler.named("h"));
    assert_eq!(run(handlers).await, "two handlers are named `h`");
}

#[tokio::test(start_paused = true)]
async fn sources_with_different_clocks_are_refused() {
    let clock = Clock::starting_at("2026-01-01T00:00:00Z".parse().unwrap());
    let app = App::new(())
        .source(script("choir").1.with_clock(clock))
        .source(script("nave").1);
    let ended = app.run(MemoryJournal::new(), std::future::ready(())).await;
    let error = ended.expect_err("two clocks").to_string();
    assert_eq!(
        error,
        "the sources `choir` and `nave` have different clocks"
    );

    let (choir, source) = script("choir");
    let app = App::new(()).source(source.with_clock(clock));
    let app = TestApp::start(app, MemoryJournal::new()).await;
    choir.say("room/loft", "now").await.unwrap();
    app.settle().await;
    let link = app.handle().links().remove(0).1;
    assert!(
        link.to_string()
            .starts_with("connected since 2026-01-01T00:00:0"),
        "the source's clock stamps: {link}"
    );
}

#[tokio::test(start_paused = true)]
async fn links_are_shown_while_the_app_runs() {
    let (_choir, source) = script("choir");
    let app = TestApp::start(App::new(()).source(source), MemoryJournal::new()).await;
    app.settle().await;
    assert!(app.handle().links()[0].1.is_connected());
    let link = app.handle().watch_link("choir").unwrap();
    app.stop().await.unwrap();
    assert_eq!(*link.borrow(), LinkState::Closed);
}

#[tokio::test(start_paused = true)]
async fn the_error_hook_may_panic_or_hang_without_harm() {
    let (choir, source) = script("choir");
    let log = Log::default();
    let hooked = Arc::new(Mutex::new(0));
    let count = Arc::clone(&hooked);
    let app = App::new(log.clone())
        .source(source)
        .on(async |_: Said| Err::<(), _>(HandlerError::message("no")))
        .on(note)
        .on_error(move |_| {
            let mut count = count.lock().unwrap();
            *count += 1;
            let first = *count == 1;
            async move {
                assert!(!first, "a bad hook");
                std::future::pending::<()>().await;
            }
        });
    let app = TestApp::start(app, MemoryJournal::new()).await;
    choir.say("room/loft", "one").await.unwrap();
    choir.say("room/loft", "two").await.unwrap();
    app.until(|| log.len() == 2).await;
    assert_eq!(*hooked.lock().unwrap(), 2);
}
