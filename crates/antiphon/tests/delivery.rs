//! The way from a source through the journal to handlers: order, kinds, extractors, filters.

mod support;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use antiphon::{
    App, Delivery, Event, FromRef, Handle, HandlerError, HandlerExt, Keep, KindInfo, Limits,
    Payload, Place, Position, State,
    journal::MemoryJournal,
    testing::{SAID, TestApp, script},
};
use support::{Log, Said, note};
use tokio::sync::Notify;

#[tokio::test(start_paused = true)]
async fn what_a_source_brings_is_stored_and_handled_in_order() {
    let (choir, source) = script("choir");
    let log = Log::default();
    let app = App::new(log.clone()).source(source).on(note);
    let app = TestApp::start(app, MemoryJournal::new()).await;
    for text in ["one", "two", "three"] {
        choir.say("room/loft", text).await.expect("it goes on");
    }
    app.settle().await;
    assert_eq!(app.journal().texts().await, ["one", "two", "three"]);
    assert_eq!(log.lines(), ["one", "two", "three"]);
    app.stop().await.expect("it goes on");
}

#[tokio::test(start_paused = true)]
async fn a_repeated_origin_is_handled_once() {
    let (choir, source) = script("choir");
    let log = Log::default();
    let app = App::new(log.clone()).source(source).on(note);
    let app = TestApp::start(app, MemoryJournal::new()).await;
    let draft = choir.draft(SAID, "room/loft", r#"{"message":"once"}"#);
    for _ in 0..3 {
        let entry = antiphon::Entry::event(draft.clone());
        choir.send(entry).await.expect("it goes on");
    }
    app.settle().await;
    assert_eq!(log.lines(), ["once"]);
}

#[tokio::test(start_paused = true)]
async fn what_has_a_lane_of_its_own_waits_only_for_its_own_lane() {
    /// A text such as `press/9 first` names its lane before the space.
    fn lane(event: &Event) -> Option<Place> {
        let said: Said = event.parse().ok()?;
        let (lane, _) = said.message.split_once(' ')?;
        lane.contains('/').then(|| Place::new(lane))
    }
    let (choir, source) = script("choir");
    let log = Log::default();
    let release = Arc::new(Notify::new());
    let gate = Arc::clone(&release);
    let handler = move |said: Said, State(log): State<Log>| {
        let gate = Arc::clone(&gate);
        async move {
            log.note(&said.message);
            if said.message.ends_with("waits") {
                gate.notified().await;
            }
        }
    };
    let app = App::new(log.clone())
        .source(source.with_lane(lane))
        .on(handler);
    let app = TestApp::start(app, MemoryJournal::new()).await;
    for text in [
        "chat waits",
        "command/1 waits",
        "command/2 goes on",
        "press/9 waits",
        "press/9 second",
        "press/8 goes on",
        "chat behind",
    ] {
        choir.say("room/loft", text).await.expect("it goes on");
    }
    app.until(|| log.len() == 5).await;
    let begun = [
        "chat waits",
        "command/1 waits",
        "command/2 goes on",
        "press/8 goes on",
        "press/9 waits",
    ];
    let mut lines = log.lines();
    lines.sort();
    assert_eq!(lines, begun, "one room, and no lane waits for another");
    release.notify_waiters();
    app.settle().await;
    let mut after = log.lines().split_off(5);
    after.sort();
    assert_eq!(after, ["chat behind", "press/9 second"]);
}

#[tokio::test(start_paused = true)]
async fn a_stuck_handler_parks_only_its_own_place() {
    let (choir, source) = script("choir");
    let log = Log::default();
    let release = Arc::new(Notify::new());
    let gate = Arc::clone(&release);
    let handler = move |said: Said, event: Arc<Event>, State(log): State<Log>| {
        let gate = Arc::clone(&gate);
        async move {
            if event.place().as_str() == "room/crypt" && said.message == "0" {
                gate.notified().await;
            }
            log.note(format!("{} {}", event.place(), said.message));
        }
    };
    let app = App::new(log.clone())
        .source(source)
        .limits(Limits::default().lane(4).open(16))
        .on(handler);
    let app = TestApp::start(app, MemoryJournal::new()).await;
    for number in 0..50 {
        for place in ["room/crypt", "room/loft", "room/nave"] {
            choir
                .say(place, &number.to_string())
                .await
                .expect("it goes on");
        }
    }
    app.until(|| log.len() == 100).await;
    let progress = app.handle().progress().unwrap();
    assert!(progress.is_parked, "the crypt is full: {progress:?}");
    assert_eq!(progress.read, progress.stored, "the head waits for no one");
    release.notify_one();
    app.settle().await;
    for place in ["room/crypt", "room/loft", "room/nave"] {
        let lines = log.lines();
        let here: Vec<_> = lines
            .iter()
            .filter(|line| line.starts_with(place))
            .collect();
        let expected: Vec<_> = (0..50).map(|number| format!("{place} {number}")).collect();
        assert_eq!(here, expected.iter().collect::<Vec<_>>());
    }
}

#[tokio::test(start_paused = true)]
async fn lanes_can_be_chosen() {
    let (choir, source) = script("choir");
    let running = Arc::new(AtomicUsize::new(0));
    let most = Arc::new(AtomicUsize::new(0));
    let (now, peak) = (Arc::clone(&running), Arc::clone(&most));
    let slow = move |_: Said| {
        let (now, peak) = (Arc::clone(&now), Arc::clone(&peak));
        async move {
            peak.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(10)).await;
            now.fetch_sub(1, Ordering::SeqCst);
        }
    };
    let app = App::new(())
        .source(source)
        .lanes(|event| event.source().to_string())
        .on(slow);
    let app = TestApp::start(app, MemoryJournal::new()).await;
    for number in 0..10 {
        choir
            .say(&format!("room/{number}"), "x")
            .await
            .expect("it goes on");
    }
    app.settle().await;
    assert_eq!(most.load(Ordering::SeqCst), 1, "one lane for the source");
}

#[tokio::test(start_paused = true)]
async fn every_shape_of_handler_is_accepted() {
    #[derive(Clone)]
    struct Bot {
        log: Log,
    }
    impl FromRef<Bot> for Log {
        fn from_ref(bot: &Bot) -> Self {
            bot.log.clone()
        }
    }
    async fn owned(said: Said, State(log): State<Log>) -> Result<(), HandlerError> {
        log.note(format!("owned {}", said.message));
        Ok(())
    }
    async fn shared(said: Arc<Said>, State(bot): State<Bot>) {
        bot.log.note(format!("shared {}", said.message));
    }
    async fn four(
        said: Said,
        delivery: Delivery,
        event: Arc<Event>,
        _handle: Handle<Bot>,
        State(log): State<Log>,
    ) -> Result<(), std::num::ParseIntError> {
        assert_eq!(delivery.position, event.position());
        log.note(format!("four {} {}", said.message, delivery.attempt));
        Ok(())
    }
    async fn raw(event: Event, State(log): State<Log>) {
        log.note(format!("raw {}", event.kind()));
    }
    let (choir, source) = script("choir");
    let log = Log::default();
    let app = App::new(Bot { log: log.clone() })
        .source(source)
        .on(owned)
        .on(shared)
        .on(four.named("four"))
        .on(async |said: Said, State(log): State<Log>| {
            log.note(format!("closure {}", said.message));
        })
        .on(
            (async |_: Said, State(log): State<Log>| log.note("filtered"))
                .when(|said| said.message == "hello")
                .attempts(2),
        )
        .on(async |event: Arc<Event>, State(log): State<Log>| {
            log.note(format!("any {}", event.place()));
        })
        .on_raw("test.*", raw);
    let app = TestApp::start(app, MemoryJournal::new()).await;
    choir.say("room/loft", "hello").await.expect("it goes on");
    app.settle().await;
    let expected = [
        "any room/loft",
        "raw test.said",
        "owned hello",
        "shared hello",
        "four hello 1",
        "closure hello",
        "filtered",
    ];
    assert_eq!(log.lines(), expected);
    app.stop().await.expect("it goes on");
}

static DECODED: AtomicUsize = AtomicUsize::new(0);

/// A payload that counts how often it is decoded.
#[derive(Clone)]
struct Counted;

impl Payload for Counted {
    const KINDS: &'static [&'static str] = &["test.counted"];
    type View<'a> = &'a str;

    fn view(event: &Event) -> Result<&str, antiphon::DecodeError> {
        event.parse()
    }

    fn decode(_: &Event) -> Result<Self, antiphon::DecodeError> {
        DECODED.fetch_add(1, Ordering::SeqCst);
        Ok(Self)
    }
}

#[tokio::test(start_paused = true)]
async fn an_event_is_decoded_once_for_all_and_not_at_all_for_none() {
    let (choir, source) = script("choir");
    let log = Log::default();
    let app = App::new(log.clone())
        .source(source)
        .on(
            (async |_: Counted, State(log): State<Log>| log.note("first"))
                .when(|view| *view == "yes"),
        )
        .on(
            (async |_: Counted, State(log): State<Log>| log.note("second"))
                .when(|view| *view == "yes"),
        );
    let app = TestApp::start(app, MemoryJournal::new()).await;
    choir
        .event("test.counted", "room/loft", r#""no""#)
        .await
        .unwrap();
    app.settle().await;
    assert_eq!(DECODED.load(Ordering::SeqCst), 0, "no filter let it pass");
    choir
        .event("test.counted", "room/loft", r#""yes""#)
        .await
        .unwrap();
    app.settle().await;
    assert_eq!(log.lines(), ["first", "second"]);
    assert_eq!(DECODED.load(Ordering::SeqCst), 1);
}

const KNOWN: &[KindInfo] = &[KindInfo {
    kind: SAID,
    payload: "Said",
    reference: "",
    about: "Something was said.",
    keep: Keep::Lasting,
}];

#[tokio::test(start_paused = true)]
async fn unknown_and_undecodable_events_reach_raw_handlers() {
    let (choir, source) = script("choir");
    let log = Log::default();
    let app = App::new(log.clone())
        .source(source.with_kinds(KNOWN))
        .on(note)
        .on_raw(
            "*said",
            async |event: Arc<Event>, State(log): State<Log>| {
                log.note(format!("raw {}", String::from_utf8_lossy(event.body())));
            },
        )
        .on_unknown("test", async |event: Arc<Event>, State(log): State<Log>| {
            log.note(format!("unknown {}", event.kind()));
        });
    let app = TestApp::start(app, MemoryJournal::new()).await;
    choir
        .event(SAID, "room/loft", "not JSON")
        .await
        .expect("it goes on");
    choir
        .event("test.mystery", "room/loft", "{}")
        .await
        .unwrap();
    choir
        .event("other.mystery", "room/loft", "{}")
        .await
        .unwrap();
    app.settle().await;
    assert_eq!(log.lines(), ["raw not JSON", "unknown test.mystery"]);
}

#[tokio::test(start_paused = true)]
async fn handlers_come_and_go_while_the_app_runs() {
    let (choir, source) = script("choir");
    let log = Log::default();
    let app = App::new(log.clone()).source(source);
    let app = TestApp::start(app, MemoryJournal::new()).await;
    choir
        .say("room/loft", "too early")
        .await
        .expect("it goes on");
    app.settle().await;
    let typed = app.handle().add(note);
    let raw = app
        .handle()
        .add_raw("test.*", async |event: Event, State(log): State<Log>| {
            log.note(event.kind().name());
        });
    choir.say("room/loft", "heard").await.expect("it goes on");
    app.settle().await;
    assert!(app.handle().remove(typed));
    assert!(!app.handle().remove(typed), "it is gone");
    choir
        .say("room/loft", "too late")
        .await
        .expect("it goes on");
    app.settle().await;
    assert!(app.handle().remove(raw));
    choir.say("room/loft", "nobody").await.expect("it goes on");
    app.settle().await;
    assert_eq!(log.lines(), ["said", "heard", "said"]);
}

#[tokio::test(start_paused = true)]
async fn a_payload_may_leave_out_events_of_its_kind() {
    #[derive(Clone)]
    struct Loud;
    impl Payload for Loud {
        const KINDS: &'static [&'static str] = &[SAID];
        type View<'a> = ();
        fn concerns(event: &Event) -> bool {
            event.body().ends_with(b"!\"}")
        }
        fn view(_: &Event) -> Result<(), antiphon::DecodeError> {
            Ok(())
        }
        fn decode(_: &Event) -> Result<Self, antiphon::DecodeError> {
            Ok(Self)
        }
    }
    let (choir, source) = script("choir");
    let log = Log::default();
    let app = App::new(log.clone())
        .source(source)
        .on(async |_: Loud, State(log): State<Log>| log.note("loud"));
    let app = TestApp::start(app, MemoryJournal::new()).await;
    choir.say("room/loft", "hush").await.expect("it goes on");
    choir.say("room/loft", "hey!").await.expect("it goes on");
    app.settle().await;
    assert_eq!(log.lines(), ["loud"]);
}

#[tokio::test(start_paused = true)]
async fn a_new_consumer_begins_with_what_comes_after_its_first_start() {
    let journal = Arc::new(MemoryJournal::new());
    let (choir, source) = script("choir");
    let app = TestApp::start(App::new(()).source(source), Arc::clone(&journal)).await;
    choir.say("room/loft", "before").await.expect("it goes on");
    app.settle().await;
    app.stop().await.expect("it goes on");

    for (name, begin, expected) in [
        ("end", None, vec!["after"]),
        ("start", Some(Position::ZERO), vec!["before", "after"]),
    ] {
        let (choir, source) = script("nave");
        let log = Log::default();
        let mut app = App::new(log.clone()).named(name).source(source).on(note);
        if begin.is_some() {
            app = app.from_start();
        }
        let app = TestApp::start(app, Arc::clone(&journal)).await;
        let draft = choir.draft(SAID, "room/loft", r#"{"message":"after"}"#);
        let draft = antiphon::Draft {
            origin: antiphon::Origin::occurrence("after", name),
            ..draft
        };
        choir
            .send(antiphon::Entry::event(draft))
            .await
            .expect("it goes on");
        app.settle().await;
        assert_eq!(
            log.lines().first().map(String::as_str),
            expected.first().copied()
        );
        assert_eq!(
            log.lines().last().map(String::as_str),
            expected.last().copied()
        );
        app.stop().await.expect("it goes on");
    }
}

#[tokio::test(start_paused = true)]
async fn an_app_without_sources_reads_what_another_app_stores() {
    let journal = Arc::new(MemoryJournal::new());
    let (choir, source) = script("choir");
    let writer = App::new(()).named("writer").source(source);
    let writer = TestApp::start(writer, Arc::clone(&journal)).await;
    let log = Log::default();
    let reader = App::new(log.clone()).named("reader").on(note);
    let reader = TestApp::start(reader, Arc::clone(&journal)).await;
    for number in 0..300 {
        choir
            .say("room/loft", &number.to_string())
            .await
            .expect("it goes on");
    }
    writer.settle().await;
    reader.settle().await;
    let all: Vec<_> = (0..300).map(|number| number.to_string()).collect();
    assert_eq!(log.lines(), all);
}
