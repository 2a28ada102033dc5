//! Sources that are added, replaced and removed while the app runs.

#![expect(
    clippy::unwrap_used,
    reason = "a test may unwrap, also outside its own function"
)]

mod support;

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use antiphon::{
    App, BoxError, BoxFuture, ChangeError, Clock, ConsumerName, Entry, Event, HandlerError,
    HandlerExt, Intake, Judge, KindInfo, LinkState, OnStopped, Place, RunError, Source,
    SourceError, SourceName, State, Stop,
    journal::{Journal, MemoryJournal},
    projection::{self, Projection},
    testing::{SAID, Script, TestApp, script},
};
use futures_util::future::join_all;
use tokio::sync::Barrier;

use support::{Log, Said, Troubled, note, running};

/// A script whose origins do not repeat those of an earlier one of its name.
fn again(name: &str, said: usize) -> (Script, antiphon::testing::ScriptedSource) {
    let (script, source) = script(name);
    for _ in 0..said {
        script.draft(SAID, "room/loft", "{}");
    }
    (script, source)
}

#[tokio::test(start_paused = true)]
async fn sources_come_and_go_beside_one_that_speaks_on() {
    let (organ, source) = script("organ");
    let log = Log::default();
    let app = App::new(log.clone()).source(source).on(note);
    let app = TestApp::start(app, MemoryJournal::new()).await;
    organ.say("room/nave", "o1").await.unwrap();
    let (choir, source) = script("choir");
    let mut link = app.handle().add_source(source).await.unwrap();
    link.wait_for(LinkState::is_connected).await.unwrap();
    choir.say("room/loft", "c1").await.unwrap();
    organ.say("room/nave", "o2").await.unwrap();
    choir.say("room/loft", "c2").await.unwrap();
    app.handle().remove_source("choir").await.unwrap();
    assert_eq!(*link.borrow(), LinkState::Closed);
    assert!(choir.say("room/loft", "nobody hears").await.is_err());
    organ.say("room/nave", "o3").await.unwrap();
    app.settle().await;
    assert_eq!(app.journal().texts().await, ["o1", "c1", "o2", "c2", "o3"]);
    let mut heard = log.lines();
    heard.sort();
    assert_eq!(heard, ["c1", "c2", "o1", "o2", "o3"]);
    let names: Vec<_> = app
        .handle()
        .links()
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(names, [SourceName::new("organ")]);
    assert!(app.handle().watch_link("choir").is_none());
    app.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn sources_that_are_slow_to_close_are_replaced_side_by_side() {
    /// Each closes only once all four are asked to.
    fn slow(name: &str, all: &Arc<Barrier>, log: &Log) -> impl Source {
        let (all, log) = (Arc::clone(all), log.clone());
        let said = name.to_owned();
        running(name, async move |intake: Intake, stop: Stop| {
            intake.show_link(LinkState::Connected {
                since: intake.now(),
            });
            stop.closing().await;
            all.wait().await;
            log.note(said);
            Ok(())
        })
    }
    let names = ["alto", "bass", "soprano", "tenor"];
    let log = Log::default();
    let app = TestApp::start(App::new(()), MemoryJournal::new()).await;
    let together = Arc::new(Barrier::new(names.len()));
    for name in names {
        let source = slow(name, &together, &log);
        app.handle().add_source(source).await.unwrap();
    }
    // Those that come in their places close at once.
    let alone = Arc::new(Barrier::new(1));
    let replaced = names.map(|name| app.handle().replace_source(slow(name, &alone, &log)));
    for outcome in join_all(replaced).await {
        outcome.unwrap();
    }
    let mut closed = log.lines();
    closed.sort();
    assert_eq!(closed, names, "none was cut off");
    assert_eq!(app.handle().links().len(), names.len());
    app.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn two_sources_that_come_at_once_cannot_both_have_a_projection_of_one_name() {
    let app = TestApp::start(App::new(()), MemoryJournal::new()).await;
    let handle = app.handle();
    let with = |name: &str| Following {
        projections: vec![Box::new(Named("test/one"))],
        inner: script(name).1,
    };
    let (organ, bells) = tokio::join!(
        handle.add_source(with("organ")),
        handle.add_source(with("bells"))
    );
    organ.unwrap();
    let refused = bells.unwrap_err();
    assert!(matches!(refused, ChangeError::ProjectionExists(_)));
    app.stop().await.unwrap();
}

/// A projection that does nothing.
struct Named(&'static str);

impl Projection for Named {
    fn name(&self) -> &str {
        self.0
    }

    fn apply(&mut self, _: &Event) -> projection::Before {
        projection::Before::NOTHING
    }

    fn save(&self) -> Option<Vec<u8>> {
        None
    }

    fn restore(&mut self, _: &[u8]) -> Result<(), BoxError> {
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn what_does_not_fit_is_refused_and_nothing_changes() {
    let (choir, source) = script("choir");
    let app = App::new(()).source(source).projection(Named("test/last"));
    let handle = app.handle();
    let (_, early) = script("early");
    let refused = handle.add_source(early).await.unwrap_err();
    assert!(matches!(refused, ChangeError::NotRunning));

    let app = TestApp::start(app, MemoryJournal::new()).await;
    let refused = handle.add_source(script("choir").1).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "there is a source named `choir` already"
    );
    let refused = handle.replace_source(script("tea").1).await.unwrap_err();
    assert_eq!(refused.to_string(), "there is no source named `tea`");
    let refused = handle.remove_source("tea").await.unwrap_err();
    assert!(matches!(refused, ChangeError::Unknown(_)));
    let (_, other) = script("tea");
    let other = other.with_clock(Clock::starting_at(jiff::Timestamp::UNIX_EPOCH));
    let refused = handle.add_source(other).await.unwrap_err();
    assert!(matches!(refused, ChangeError::OtherClock(_)));
    let with = |names: &'static [&'static str]| Following {
        projections: names
            .iter()
            .map(|name| Box::new(Named(name)) as _)
            .collect(),
        inner: script("tea").1,
    };
    for names in [&["test/last"][..], &["test/tea", "test/tea"]] {
        let refused = handle.add_source(with(names)).await.unwrap_err();
        assert!(
            matches!(refused, ChangeError::ProjectionExists(_)),
            "{refused}"
        );
    }
    choir.say("room/loft", "amen").await.unwrap();
    app.settle().await;
    assert_eq!(app.journal().texts().await, ["amen"]);
    assert_eq!(handle.links().len(), 1);
    app.stop().await.unwrap();
    let refused = handle.remove_source("choir").await.unwrap_err();
    assert!(matches!(refused, ChangeError::NotRunning));
}

/// A script with projections.
struct Following {
    projections: Vec<Box<dyn Projection>>,
    inner: antiphon::testing::ScriptedSource,
}

impl Source for Following {
    fn name(&self) -> &SourceName {
        self.inner.name()
    }

    fn kinds(&self) -> &'static [KindInfo] {
        self.inner.kinds()
    }

    fn projections(&mut self) -> Vec<Box<dyn Projection>> {
        std::mem::take(&mut self.projections)
    }

    fn judge(&self) -> Judge {
        self.inner.judge()
    }

    fn run(
        self: Box<Self>,
        intake: Intake,
        stop: Stop,
    ) -> BoxFuture<'static, Result<(), SourceError>> {
        Box::new(self.inner).run(intake, stop)
    }
}

/// Every text of the app in order, as a projection that is saved.
struct Texts(Arc<Mutex<Vec<String>>>);

impl Projection for Texts {
    fn name(&self) -> &'static str {
        "test/texts"
    }

    fn apply(&mut self, event: &Event) -> projection::Before {
        if let Ok(said) = event.parse::<Said>() {
            self.0.lock().unwrap().push(said.message);
        }
        projection::Before::NOTHING
    }

    fn save(&self) -> Option<Vec<u8>> {
        serde_json::to_vec(&*self.0.lock().unwrap()).ok()
    }

    fn restore(&mut self, saved: &[u8]) -> Result<(), BoxError> {
        *self.0.lock().unwrap() = serde_json::from_slice(saved)?;
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_projection_of_a_replaced_source_has_seen_every_event_once() {
    let journal = Arc::new(MemoryJournal::new());
    let (organ, source) = script("organ");
    let app = TestApp::start(App::new(()).source(source), Arc::clone(&journal)).await;
    organ.say("room/nave", "before it was there").await.unwrap();
    app.settle().await;
    let mut all = vec!["before it was there".to_owned()];
    let mut said = 0;
    for round in 0..4 {
        let texts = Arc::<Mutex<Vec<String>>>::default();
        let (choir, inner) = again("choir", said);
        let source = Following {
            projections: vec![Box::new(Texts(Arc::clone(&texts)))],
            inner,
        };
        if round == 0 {
            app.handle().add_source(source).await.unwrap();
        } else {
            app.handle().replace_source(source).await.unwrap();
        }
        for number in 0..3 {
            for script in [&choir, &organ] {
                let text = format!("{round}.{number}");
                script.say("room/loft", &text).await.unwrap();
                all.push(text);
            }
            said += 1;
        }
        // In the last round but one, nothing is waited for.
        if round != 2 {
            app.settle().await;
            assert_eq!(*texts.lock().unwrap(), all, "in round {round}");
        }
    }
    app.stop().await.unwrap();
}

struct OnDrop(Arc<AtomicBool>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// A source that tells what it began with, and sends one event with a checkpoint when it is to close.
fn marked(mark: i64, log: &Log) -> impl Source {
    marked_until(mark, log, std::future::ready(()), Arc::default())
}

/// The same, which ends with a future, and tells when it is gone.
fn marked_until(
    mark: i64,
    log: &Log,
    end: impl Future<Output = ()> + Send + 'static,
    dropped: Arc<AtomicBool>,
) -> impl Source {
    let log = log.clone();
    running("marked", async move |intake: Intake, stop: Stop| {
        let _gone = OnDrop(dropped);
        let begun = intake.checkpoint("socket").map_or(0, |known| known.mark);
        log.note(format!("begins with {begun}"));
        intake.show_link(LinkState::Connected {
            since: intake.now(),
        });
        stop.closing().await;
        let place = Place::new("room/loft");
        let body = format!(r#"{{"message":"mark {mark}"}}"#);
        let event = intake.own_event(antiphon::Kind::from_static(SAID), place, body);
        let last = Entry::event(event).with(Script::checkpoint("socket", mark));
        let _ = intake.send(last).await;
        end.await;
        Ok(())
    })
}

#[tokio::test(start_paused = true)]
async fn the_next_source_begins_at_the_last_checkpoint_of_the_one_before() {
    let journal = Arc::new(Troubled::default());
    let log = Log::default();
    let app = App::new(()).source(marked(1, &log));
    let app = TestApp::start(app, Arc::clone(&journal)).await;
    app.handle().replace_source(marked(2, &log)).await.unwrap();
    // The journal stores nothing for a while, so that the last word of the source waits.
    journal.close_gate();
    let change = app.handle().replace_source(marked(3, &log));
    let open = async {
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert_eq!(
            log.len(),
            2,
            "the third must not begin before the second is stored"
        );
        journal.open_gate();
    };
    let (changed, ()) = tokio::join!(change, open);
    changed.unwrap();
    app.settle().await;
    assert_eq!(
        log.lines(),
        ["begins with 0", "begins with 1", "begins with 2"]
    );
    // By a removal and an addition as well.
    app.handle().remove_source("marked").await.unwrap();
    app.handle().add_source(marked(4, &log)).await.unwrap();
    app.settle().await;
    assert_eq!(log.lines()[3], "begins with 3");
    app.stop().await.unwrap();
    let texts = antiphon::testing::TestApp::start(App::new(()), Arc::clone(&journal)).await;
    let stored = texts.journal().texts().await;
    assert_eq!(stored, ["mark 1", "mark 2", "mark 3", "mark 4"]);
}

#[tokio::test(start_paused = true)]
async fn a_source_that_does_not_close_is_cut_off_and_the_next_one_begins() {
    let log = Log::default();
    let dropped = Arc::new(AtomicBool::new(false));
    let stubborn = marked_until(1, &log, std::future::pending(), Arc::clone(&dropped));
    let app = TestApp::start(App::new(()).source(stubborn), MemoryJournal::new()).await;
    let asked = tokio::time::Instant::now();
    app.handle().replace_source(marked(2, &log)).await.unwrap();
    assert!(
        asked.elapsed() >= Duration::from_secs(10),
        "it had its time"
    );
    assert!(dropped.load(Ordering::SeqCst));
    app.settle().await;
    assert_eq!(log.lines(), ["begins with 0", "begins with 1"]);
    app.stop().await.unwrap();
}

/// A source that brings one event, and whose client works until it closes.
fn closing(open: &Arc<AtomicBool>) -> impl Source {
    let open = Arc::clone(open);
    running("client", async move |intake: Intake, stop: Stop| {
        let event = intake.own_event(
            antiphon::Kind::from_static(SAID),
            Place::new("room/loft"),
            r#"{"message":"kyrie"}"#,
        );
        let _ = intake.send(Entry::event(event)).await;
        stop.closing().await;
        open.store(false, Ordering::SeqCst);
        Ok(())
    })
}

#[tokio::test(start_paused = true)]
async fn handlers_keep_a_client_that_works_while_their_source_is_removed() {
    let log = Log::default();
    let open = Arc::new(AtomicBool::new(true));
    let seen = Arc::clone(&open);
    let slow = move |said: Said, State(log): State<Log>| {
        let open = Arc::clone(&seen);
        async move {
            log.note(format!("{} begins", said.message));
            tokio::time::sleep(Duration::from_secs(5)).await;
            let is_open = open.load(Ordering::SeqCst);
            log.note(format!("{} ends, open: {is_open}", said.message));
        }
    };
    let app = App::new(log.clone()).source(closing(&open)).on(slow);
    let app = TestApp::start(app, MemoryJournal::new()).await;
    app.until(|| log.len() == 1).await;
    app.handle().remove_source("client").await.unwrap();
    assert_eq!(log.lines(), ["kyrie begins", "kyrie ends, open: true"]);
    assert!(!open.load(Ordering::SeqCst));

    // A handler that never ends does not keep its source for ever.
    app.handle()
        .add(async |_: Said| std::future::pending::<()>().await);
    app.handle().add_source(closing(&open)).await.unwrap();
    app.until(|| log.len() == 4).await;
    app.handle().remove_source("client").await.unwrap();
    app.stop().await.unwrap();
}

/// A source whose login is refused: at once, or once it is told after it was connected.
fn refused(after: Option<Arc<tokio::sync::Notify>>) -> impl Source {
    running("choir", async move |intake: Intake, _: Stop| {
        if let Some(after) = after {
            intake.show_link(LinkState::Connected {
                since: intake.now(),
            });
            after.notified().await;
        }
        let error = SourceError::new("choir".into(), "authorization", "the password is wrong")
            .hint("check it");
        intake.show_link(LinkState::Stopped {
            code: error.code().to_owned().into(),
            reason: error.message().to_owned(),
            hint: error.way_out().map(str::to_owned),
        });
        Err(error)
    })
}

#[tokio::test(start_paused = true)]
async fn an_added_source_that_is_refused_leaves_the_app_running_until_it_was_connected_once() {
    let (organ, source) = script("organ");
    let app = TestApp::start(App::new(()).source(source), MemoryJournal::new()).await;
    let refuse = Arc::new(tokio::sync::Notify::new());
    let later = || refused(Some(Arc::clone(&refuse)));
    let mut link = app.handle().add_source(refused(None)).await.unwrap();
    let state = link.wait_for(|state| state.word() == "stopped").await;
    assert_eq!(
        state.unwrap().to_string(),
        "stopped (authorization): the password is wrong"
    );
    organ.say("room/nave", "the others go on").await.unwrap();
    app.settle().await;
    let status = app.handle().status().await;
    let choir = &status.sources[1];
    assert_eq!((&*choir.name, &*choir.link.state), ("choir", "stopped"));
    assert_eq!(choir.link.hint.as_deref(), Some("check it"));
    assert_eq!(app.journal().texts().await, ["the others go on"]);

    // It can be replaced, and counts as soon as it is connected.
    let taken = app.handle().add_source(later()).await.unwrap_err();
    assert!(matches!(taken, ChangeError::Exists(_)));
    app.handle().replace_source(later()).await.unwrap();
    app.settle().await;
    assert!(!app.has_ended());
    refuse.notify_one();
    app.until(|| false).await;
    let ended = app.stop().await.unwrap_err();
    assert!(matches!(&ended, RunError::Source(error) if error.code() == "authorization"));
}

#[tokio::test(start_paused = true)]
async fn a_source_that_fails_while_it_is_removed_does_not_end_the_app() {
    let (choir, source) = script("choir");
    let app = TestApp::start(App::new(()).source(source), MemoryJournal::new()).await;
    let error = SourceError::new("choir".into(), "banned", "it was thrown out");
    let handle = app.handle().clone();
    // The removal is asked for first; the script's end is heard while it waits for the journal.
    let (removed, ()) = tokio::join!(handle.remove_source("choir"), choir.end(error));
    removed.unwrap();
    assert!(!app.has_ended());
    app.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn changes_of_one_source_are_made_in_the_order_of_asking() {
    let app = TestApp::start(App::new(()), MemoryJournal::new()).await;
    let handle = app.handle();
    let (added, replaced, removed, again, taken) = tokio::join!(
        handle.add_source(script("choir").1),
        handle.replace_source(script("choir").1),
        handle.remove_source("choir"),
        handle.add_source(script("choir").1),
        handle.add_source(script("choir").1),
    );
    added.unwrap();
    replaced.unwrap();
    removed.unwrap();
    again.unwrap();
    assert!(matches!(taken.unwrap_err(), ChangeError::Exists(_)));
    // More than may wait, from as many callers.
    let mut calls = tokio::task::JoinSet::new();
    for number in 0..100 {
        let (handle, name) = (handle.clone(), format!("source {number}"));
        calls.spawn(async move {
            handle.add_source(script(name.as_str()).1).await.unwrap();
            handle.remove_source(name).await.unwrap();
        });
    }
    calls.join_all().await;
    assert_eq!(handle.links().len(), 1);
    app.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_stop_during_a_change_is_clean_and_tells_the_caller() {
    let journal = Arc::new(MemoryJournal::new());
    let (choir, source) = script("choir");
    let log = Log::default();
    let slow = async |said: Said, State(log): State<Log>| {
        log.note(said.message);
        tokio::time::sleep(Duration::from_secs(8)).await;
        log.note("done");
    };
    let app = App::new(log.clone()).source(source).on(slow);
    let app = TestApp::start(app, Arc::clone(&journal)).await;
    choir.say("room/loft", "kyrie").await.unwrap();
    app.until(|| log.len() == 1).await;
    let handle = app.handle().clone();
    let change = handle.replace_source(script("choir").1);
    let waiting = handle.remove_source("choir");
    let beside = handle.add_source(script("organ").1);
    let stop = async {
        // The removal waits for the handler.
        tokio::time::sleep(Duration::from_secs(2)).await;
        app.stop().await
    };
    let (changed, added, waited, stopped) = tokio::join!(change, beside, waiting, stop);
    assert!(matches!(changed.unwrap_err(), ChangeError::NotRunning));
    assert!(matches!(waited.unwrap_err(), ChangeError::NotRunning));
    added.expect("that of another source does not wait");
    stopped.unwrap();
    assert_eq!(
        log.lines(),
        ["kyrie", "done"],
        "the handler had the app's grace"
    );
    let consumer = ConsumerName::new("app");
    let cursor = journal.cursor(&consumer).await.unwrap().unwrap();
    assert!(cursor.clean && cursor.open.is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_app_without_a_source_goes_on_until_it_is_stopped_and_stores_what_is_left() {
    let (choir, source) = script("choir");
    let app = App::new(()).source(source).on_stopped(OnStopped::GoOn);
    let app = TestApp::start(app, MemoryJournal::new()).await;
    choir.say("room/loft", "the last word").await.unwrap();
    app.handle().remove_source("choir").await.unwrap();
    tokio::time::sleep(Duration::from_secs(3600)).await;
    assert!(!app.has_ended());
    let (choir, source) = again("choir", 1);
    app.handle().add_source(source).await.unwrap();
    choir.say("room/loft", "and one more").await.unwrap();
    let journal = app.journal();
    app.stop().await.unwrap();
    assert_eq!(journal.texts().await, ["the last word", "and one more"]);
}

#[tokio::test(start_paused = true)]
async fn an_added_source_brings_its_kinds_lanes_and_judgement() {
    const KINDS: &[KindInfo] = &[KindInfo::new(
        "test.known",
        "Known",
        "",
        "a kind with a type",
    )];
    let log = Log::default();
    let calls = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&calls);
    let shaky = move |event: Event| {
        let counter = Arc::clone(&counter);
        async move {
            if *event.kind() == "test.shaky" && counter.fetch_add(1, Ordering::SeqCst) == 0 {
                return Err(HandlerError::from(std::io::Error::other("busy")));
            }
            Ok(())
        }
    };
    let app = App::new(log.clone())
        .on_unknown("test", async |event: Event, State(log): State<Log>| {
            log.note(format!("unknown {}", event.kind().name()));
        })
        .on_raw("test.*", shaky.named("shaky"))
        .on_raw("test.slow", async |_: Event| {
            std::future::pending::<()>().await;
        })
        .on_raw("test.quick", async |_: Event, State(log): State<Log>| {
            log.note("quick");
        });
    let app = TestApp::start(app, MemoryJournal::new()).await;
    let (choir, source) = script("choir");
    let source = source
        .with_kinds(KINDS)
        .with_judge(|error| error.downcast_ref::<std::io::Error>().map(|_| true))
        .with_lane(|event| (*event.kind() == "test.quick").then(|| Place::new("lane/quick")));
    app.handle().add_source(source).await.unwrap();
    for kind in ["test.known", "test.shaky", "test.slow", "test.quick"] {
        choir.event(kind, "room/loft", "{}").await.unwrap();
    }
    app.until(|| log.len() == 4).await;
    let mut heard = log.lines();
    heard.sort();
    // The quick one did not wait for the slow one in its place.
    assert_eq!(
        heard,
        ["quick", "unknown quick", "unknown shaky", "unknown slow"]
    );
    assert_eq!(
        calls.load(Ordering::SeqCst),
        2,
        "the platform's error was transient"
    );
    assert!(app.handle().status().await.handlers.dead_letters == 0);
}

#[tokio::test(start_paused = true)]
async fn counts_go_on_over_a_replacement_and_a_removed_source_is_not_shown() {
    let (choir, source) = script("choir");
    let app = TestApp::start(App::new(()).source(source), MemoryJournal::new()).await;
    app.handle().add_source(script("organ").1).await.unwrap();
    choir.say("room/loft", "kyrie").await.unwrap();
    let (choir, source) = script("choir");
    app.handle().replace_source(source).await.unwrap();
    // The same origin as before.
    choir.say("room/loft", "kyrie").await.unwrap();
    choir.say("room/loft", "gloria").await.unwrap();
    app.settle().await;
    let sources = app.handle().status().await.sources;
    let shown: Vec<_> = sources
        .iter()
        .map(|source| {
            (
                &*source.name,
                &*source.link.state,
                source.stored,
                source.repeated,
            )
        })
        .collect();
    assert_eq!(
        shown,
        [("choir", "connected", 2, 1), ("organ", "connected", 0, 0)]
    );
    app.handle().remove_source("choir").await.unwrap();
    let sources = app.handle().status().await.sources;
    assert_eq!(sources.len(), 1);
    app.handle().add_source(script("choir").1).await.unwrap();
    let sources = app.handle().status().await.sources;
    assert_eq!((&*sources[1].name, sources[1].stored), ("choir", 2));
    app.stop().await.unwrap();
}
