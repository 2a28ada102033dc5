//! Handlers that fail: retries, dead letters, panics, deadlines, the error hook, replay.

#![expect(
    clippy::unwrap_used,
    reason = "a test may unwrap, also outside its own function"
)]

mod support;

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use antiphon::{
    App, BoxError, ConsumerName, DeadLetter, DeadLetterId, Delivery, Failure, HandlerError,
    HandlerExt, Retry, State,
    journal::{Batch, Journal, MemoryJournal},
    testing::{TestApp, script},
};
use antiphon_core::DeadLetterChange;
use support::{Log, Said, note};

/// An error of the script's own platform.
#[derive(Debug)]
struct Busy;

impl fmt::Display for Busy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("busy")
    }
}

impl std::error::Error for Busy {}

/// Hides an error behind another.
#[derive(Debug)]
struct Behind(BoxError);

impl fmt::Display for Behind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("could not answer")
    }
}

impl std::error::Error for Behind {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.0)
    }
}

fn judge(error: &(dyn std::error::Error + 'static)) -> Option<bool> {
    error.is::<Busy>().then_some(true)
}

async fn letters(journal: &MemoryJournal) -> Vec<DeadLetter> {
    journal.dead_letters(DeadLetterId(0), 100).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn what_fails_transiently_is_tried_again_after_the_others() {
    let (choir, source) = script("choir");
    let log = Log::default();
    let first = async |_: Said, delivery: Delivery, State(log): State<Log>| {
        log.note(format!("first {}", delivery.attempt));
        if delivery.attempt < 3 {
            return Err(HandlerError::from(Behind(Busy.into())));
        }
        Ok(())
    };
    let app = App::new(log.clone())
        .source(source.with_judge(judge))
        .on(first)
        .on(async |_: Said, State(log): State<Log>| log.note("second"));
    let journal = Arc::new(MemoryJournal::new());
    let app = TestApp::start(app, Arc::clone(&journal)).await;
    choir.say("room/loft", "x").await.unwrap();
    app.settle().await;
    assert_eq!(log.lines(), ["first 1", "second", "first 2", "first 3"]);
    assert_eq!(letters(&journal).await, vec![]);
}

/// How often a handler is called whose error is made anew by each call.
async fn calls_of<E>(failure: impl Fn() -> E + Copy + Send + Sync + 'static) -> usize
where
    E: Into<HandlerError> + Send + 'static,
{
    let (choir, source) = script("choir");
    let log = Log::default();
    let app = App::new(log.clone()).source(source.with_judge(judge)).on(
        move |_: Said, State(log): State<Log>| async move {
            log.note("called");
            Err::<(), E>(failure())
        },
    );
    let app = TestApp::start(app, MemoryJournal::new()).await;
    choir.say("room/loft", "x").await.unwrap();
    app.settle().await;
    log.len()
}

#[tokio::test(start_paused = true)]
async fn an_error_is_judged_wherever_it_stands() {
    use anyhow::Context as _;

    // Three calls: the platform says that `Busy` passes.
    assert_eq!(calls_of(|| Busy).await, 3);
    assert_eq!(calls_of(|| BoxError::from(Busy)).await, 3);
    assert_eq!(calls_of(|| anyhow::Error::new(Busy)).await, 3);
    let with_context = || Err::<(), _>(Busy).context("could not play").unwrap_err();
    assert_eq!(calls_of(with_context).await, 3);
    let over_anyhow = move || with_context().context("could not sing");
    assert_eq!(calls_of(over_anyhow).await, 3);
    assert_eq!(calls_of(|| Behind(Busy.into())).await, 3);
    assert_eq!(
        calls_of(|| anyhow::Error::new(Behind(Busy.into()))).await,
        3
    );
    // The author says so.
    assert_eq!(calls_of(|| HandlerError::retry("busy")).await, 3);
    assert_eq!(calls_of(|| anyhow::Error::new(Retry::new("busy"))).await, 3);
    assert_eq!(calls_of(|| BoxError::from(Retry::new("busy"))).await, 3);
    // Nobody knows these.
    assert_eq!(calls_of(|| anyhow::anyhow!("busy")).await, 1);
    assert_eq!(calls_of(|| BoxError::from("busy")).await, 1);
    assert_eq!(calls_of(|| "busy").await, 1);
    assert_eq!(calls_of(|| "busy".to_owned()).await, 1);
}

#[tokio::test(start_paused = true)]
async fn an_unknown_error_is_permanent_and_the_lane_goes_on() {
    let (choir, source) = script("choir");
    let log = Log::default();
    let app = App::new(log.clone())
        .source(source)
        .on((async |said: Said| {
            said.message
                .parse::<u8>()
                .map(|_| ())
                .map_err(|error| Behind(error.into()))
        })
        .named("count"))
        .on(note);
    let journal = Arc::new(MemoryJournal::new());
    let app = TestApp::start(app, Arc::clone(&journal)).await;
    for text in ["1", "many", "2"] {
        choir.say("room/loft", text).await.unwrap();
    }
    app.settle().await;
    assert_eq!(log.lines(), ["1", "many", "2"]);
    let letters = letters(&journal).await;
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].handler, "count");
    assert_eq!(letters[0].attempts, 1);
    assert_eq!(letters[0].consumer, ConsumerName::new("app"));
    assert_eq!(
        letters[0].error,
        "could not answer: invalid digit found in string"
    );
    assert_eq!(letters[0].event.position().get(), 2);
}

#[tokio::test(start_paused = true)]
async fn attempts_are_bounded_and_each_failure_reaches_the_hook() {
    let (choir, source) = script("choir");
    let log = Log::default();
    let hooked = log.clone();
    let app = App::new(())
        .source(source)
        .on(
            (async |_: Said| Err::<(), _>(HandlerError::retry("not now")))
                .named("never")
                .attempts(2),
        )
        .on_error(move |failure: Failure| {
            let log = hooked.clone();
            async move {
                log.note(format!(
                    "{} {} {} {}",
                    failure.handler, failure.attempt, failure.is_final, failure.error
                ));
            }
        });
    let journal = Arc::new(MemoryJournal::new());
    let app = TestApp::start(app, Arc::clone(&journal)).await;
    choir.say("room/loft", "x").await.unwrap();
    app.settle().await;
    assert_eq!(
        log.lines(),
        ["never 1 false not now", "never 2 true not now"]
    );
    assert_eq!(letters(&journal).await[0].attempts, 2);
}

#[tokio::test(start_paused = true)]
async fn a_panic_counts_as_a_failure() {
    let (choir, source) = script("choir");
    let log = Log::default();
    let app = App::new(log.clone())
        .source(source)
        .on((async |said: Said| assert_ne!(said.message, "bad", "I will not")).named("late"))
        .on((|said: Said| {
            assert_ne!(said.message, "bad", "nor will I");
            async {}
        })
        .named("early"))
        .on((async |_: Said| ())
            .when(|said| {
                assert_ne!(said.message, "bad", "nor the filter");
                true
            })
            .named("filter"))
        .on(note);
    let journal = Arc::new(MemoryJournal::new());
    let app = TestApp::start(app, Arc::clone(&journal)).await;
    choir.say("room/loft", "bad").await.unwrap();
    choir.say("room/loft", "good").await.unwrap();
    app.settle().await;
    assert_eq!(log.lines(), ["bad", "good"]);
    let letters = letters(&journal).await;
    let names: Vec<_> = letters.iter().map(|letter| &*letter.handler).collect();
    assert_eq!(names, ["late", "early", "filter"]);
    assert!(letters.iter().all(|letter| letter.error.starts_with("it")));
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_outlives_its_deadline_has_failed() {
    let (choir, source) = script("choir");
    let app = App::new(()).source(source).on((async |_: Said| {
        std::future::pending::<()>().await;
    })
    .named("endless")
    .deadline(Duration::from_secs(2)));
    let journal = Arc::new(MemoryJournal::new());
    let app = TestApp::start(app, Arc::clone(&journal)).await;
    choir.say("room/loft", "x").await.unwrap();
    app.settle().await;
    let letters = letters(&journal).await;
    assert_eq!(
        letters[0].error,
        "it did not end within its deadline of 2 s"
    );
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_decode_is_one_dead_letter_for_all_its_handlers() {
    let (choir, source) = script("choir");
    let app = App::new(())
        .source(source)
        .on((async |_: Said| ()).named("one"))
        .on((async |_: Said| ()).named("two"));
    let journal = Arc::new(MemoryJournal::new());
    let app = TestApp::start(app, Arc::clone(&journal)).await;
    choir
        .event("test.said", "room/loft", "nonsense")
        .await
        .unwrap();
    app.settle().await;
    let letters = letters(&journal).await;
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].handler, "one, two");
    assert!(
        letters[0]
            .error
            .starts_with("`test.said` could not be decoded as Said: ")
    );
}

async fn ask_for_replay(journal: &MemoryJournal, id: DeadLetterId) {
    let batch = Batch {
        dead: vec![DeadLetterChange::Replay(id)],
        ..Batch::default()
    };
    journal.append(Arc::new(batch)).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_replayed_dead_letter_is_handled_by_the_handler_it_names() {
    static FAILING: AtomicU32 = AtomicU32::new(2);
    let (choir, source) = script("choir");
    let log = Log::default();
    let app = App::new(log.clone())
        .source(source)
        .on(
            (async |said: Said, delivery: Delivery, State(log): State<Log>| {
                let left = FAILING.load(Ordering::SeqCst);
                log.note(format!("{} {}", said.message, delivery.redelivered));
                if left > 0 {
                    FAILING.store(left - 1, Ordering::SeqCst);
                    return Err(HandlerError::message("no"));
                }
                Ok(())
            })
            .named("fails twice"),
        )
        .on(note);
    let journal = Arc::new(MemoryJournal::new());
    let app = TestApp::start(app, Arc::clone(&journal)).await;
    choir.say("room/loft", "x").await.unwrap();
    app.settle().await;
    assert_eq!(log.lines(), ["x false", "x"]);
    let id = letters(&journal).await[0].id;

    ask_for_replay(&journal, id).await;
    app.settle().await;
    assert_eq!(log.lines(), ["x false", "x", "x true"]);
    let again = letters(&journal).await;
    assert_eq!(again.len(), 1, "it failed again and stays");
    assert!(!again[0].replay);

    ask_for_replay(&journal, again[0].id).await;
    app.settle().await;
    assert_eq!(log.lines(), ["x false", "x", "x true", "x true"]);
    assert_eq!(letters(&journal).await, vec![], "it is done");
}

#[tokio::test(start_paused = true)]
async fn a_replay_asked_for_while_the_app_was_down_is_done_at_its_next_start() {
    let journal = Arc::new(MemoryJournal::new());
    let (choir, source) = script("choir");
    let app = App::new(())
        .source(source)
        .on((async |_: Said| Err::<(), _>(HandlerError::message("no"))).named("h"));
    let app = TestApp::start(app, Arc::clone(&journal)).await;
    choir.say("room/loft", "x").await.unwrap();
    app.settle().await;
    app.stop().await.unwrap();
    let id = letters(&journal).await[0].id;
    ask_for_replay(&journal, id).await;

    let log = Log::default();
    let app = App::new(log.clone()).on(note.named("h"));
    let app = TestApp::start(app, Arc::clone(&journal)).await;
    app.settle().await;
    assert_eq!(log.lines(), ["x"]);
    assert_eq!(letters(&journal).await, vec![]);
}

#[tokio::test(start_paused = true)]
async fn a_replay_that_had_to_wait_is_not_forgotten_by_a_stop() {
    let journal = Arc::new(MemoryJournal::new());
    let (choir, source) = script("choir");
    let log = Log::default();
    let app =
        App::new(log.clone())
            .source(source)
            .on((async |said: Said, State(log): State<Log>| {
                log.note(said.message.clone());
                match said.message.as_str() {
                    "stuck" => std::future::pending().await,
                    _ => Err(HandlerError::message("no")),
                }
            })
            .named("h"));
    let app = TestApp::start(app, Arc::clone(&journal)).await;
    choir.say("room/loft", "x").await.unwrap();
    choir.say("room/loft", "stuck").await.unwrap();
    app.until(|| log.lines() == ["x", "stuck"]).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let id = letters(&journal).await[0].id;
    ask_for_replay(&journal, id).await;
    app.until(|| app.handle().progress().is_some_and(|now| now.open == 2))
        .await;
    app.stop().await.unwrap();
    assert_eq!(log.lines(), ["x", "stuck"]);

    let log = Log::default();
    let app = App::new(log.clone()).on(note.named("h"));
    let app = TestApp::start(app, Arc::clone(&journal)).await;
    app.settle().await;
    assert_eq!(log.lines(), ["stuck", "x"]);
    assert_eq!(letters(&journal).await, vec![]);
}

#[tokio::test(start_paused = true)]
async fn a_replayed_letter_that_kills_the_process_is_not_replayed_again_by_itself() {
    let journal = Arc::new(MemoryJournal::new());
    let (choir, source) = script("choir");
    let app = App::new(())
        .source(source)
        .on((async |_: Said| Err::<(), _>(HandlerError::message("no"))).named("h"));
    let app = TestApp::start(app, Arc::clone(&journal)).await;
    choir.say("room/loft", "poison").await.unwrap();
    app.settle().await;
    app.stop().await.unwrap();
    let id = letters(&journal).await[0].id;
    ask_for_replay(&journal, id).await;

    let log = Log::default();
    let app = App::new(log.clone()).on((async |_: Said, State(log): State<Log>| {
        log.note("begun");
        std::future::pending::<()>().await;
    })
    .named("h"));
    let app = TestApp::start(app, Arc::clone(&journal)).await;
    app.until(|| log.len() == 1).await;
    app.crash().await;

    let log = Log::default();
    let app = App::new(log.clone()).on(note.named("h"));
    let app = TestApp::start(app, Arc::clone(&journal)).await;
    app.settle().await;
    assert_eq!(log.lines(), Vec::<String>::new());
    let left = letters(&journal).await;
    assert_eq!((left.len(), left[0].replay), (1, false), "it is kept");
}
