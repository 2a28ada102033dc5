//! Projections and taps, which follow the journal.

#![expect(
    clippy::unwrap_used,
    reason = "a test may unwrap, also outside its own function"
)]

mod support;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use antiphon::{
    App, Before, BoxError, Event, State,
    journal::{Journal, MemoryJournal},
    projection::{self, Projection, Tap},
    testing::{SAID, TestApp, script},
};
use support::{Log, Said};

/// The last thing said in each place.
#[derive(Clone, Debug, Default)]
struct Last(Arc<Mutex<BTreeMap<String, String>>>);

impl Last {
    fn of(&self, place: &str) -> Option<String> {
        self.0.lock().unwrap().get(place).cloned()
    }
}

/// What was said before.
#[derive(Debug)]
struct Earlier(String);

struct Following(Last);

impl Projection for Following {
    fn name(&self) -> &'static str {
        "test/last"
    }

    fn apply(&mut self, event: &Event) -> projection::Before {
        if *event.kind() != SAID {
            return projection::Before::NOTHING;
        }
        let Ok(said) = event.parse::<Said>() else {
            return projection::Before::NOTHING;
        };
        let mut last = self.0.0.lock().unwrap();
        last.insert(event.place().to_string(), said.message)
            .map_or(projection::Before::NOTHING, |earlier| {
                projection::Before::was(Earlier(earlier))
            })
    }

    fn save(&self) -> Option<Vec<u8>> {
        serde_json::to_vec(&*self.0.0.lock().unwrap()).ok()
    }

    fn restore(&mut self, saved: &[u8]) -> Result<(), BoxError> {
        *self.0.0.lock().unwrap() = serde_json::from_slice(saved)?;
        Ok(())
    }
}

#[derive(Clone)]
struct Bot {
    log: Log,
    last: Last,
}

async fn look(
    said: Said,
    event: Arc<Event>,
    State(bot): State<Bot>,
    Before(earlier): Before<Earlier>,
) {
    let seen = bot.last.of(event.place().as_str()).unwrap_or_default();
    let earlier = earlier.map_or("nothing".to_owned(), |earlier| earlier.0.clone());
    bot.log
        .note(format!("{} {} after {earlier}", said.message, seen));
}

fn bot() -> (Bot, Following) {
    let last = Last::default();
    let log = Log::default();
    let following = Following(last.clone());
    (Bot { log, last }, following)
}

#[tokio::test(start_paused = true)]
async fn a_projection_is_never_older_than_the_event_and_hands_on_what_was_before() {
    let (choir, source) = script("choir");
    let (bot, following) = bot();
    let log = bot.log.clone();
    let app = App::new(bot).source(source).projection(following).on(look);
    let app = TestApp::start(app, MemoryJournal::new()).await;
    for text in ["1", "2"] {
        choir.say("room/loft", text).await.unwrap();
        app.settle().await;
    }
    assert_eq!(log.lines(), ["1 1 after nothing", "2 2 after 1"]);
}

/// Notes what it sees.
struct Noting(Log);

impl Tap for Noting {
    fn name(&self) -> &'static str {
        "test/noting"
    }

    fn see(&mut self, event: &Event) {
        self.0.note(format!("seen {}", event.position()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_tap_sees_each_event_before_its_handler_and_goes_on_where_it_was() {
    let journal = Arc::new(MemoryJournal::new());
    let handle = async |event: Arc<Event>, State(log): State<Log>| {
        log.note(format!("handled {}", event.position()));
    };
    let start = async |log: &Log, name: &str| {
        let (choir, source) = script(name);
        let app = App::new(log.clone())
            .source(source)
            .tap(Noting(log.clone()))
            .on(handle);
        (choir, TestApp::start(app, Arc::clone(&journal)).await)
    };
    let log = Log::default();
    let (choir, app) = start(&log, "choir").await;
    choir.say("room/loft", "one").await.unwrap();
    app.settle().await;
    app.stop().await.unwrap();
    assert_eq!(log.lines(), ["seen 1", "handled 1"]);

    let log = Log::default();
    let (choir, app) = start(&log, "nave").await;
    choir.say("room/loft", "two").await.unwrap();
    app.settle().await;
    app.stop().await.unwrap();
    assert_eq!(log.lines(), ["seen 2", "handled 2"], "nothing comes again");
}

#[tokio::test(start_paused = true)]
async fn a_projection_goes_on_from_its_save() {
    let journal = Arc::new(MemoryJournal::new());
    let (choir, source) = script("choir");
    let (first, following) = bot();
    let app = App::new(first).source(source).projection(following);
    let app = TestApp::start(app, Arc::clone(&journal)).await;
    choir.say("room/loft", "1").await.unwrap();
    choir.say("room/nave", "2").await.unwrap();
    tokio::time::sleep(Duration::from_secs(11)).await;
    let saved = journal.projection("test/last").await.unwrap().unwrap();
    assert_eq!(saved.position.get(), 2, "saved while it runs");
    choir.say("room/loft", "3").await.unwrap();
    app.settle().await;
    app.crash().await;

    let (second, following) = bot();
    let last = second.last.clone();
    let app = App::new(second).projection(following);
    let app = TestApp::start(app, Arc::clone(&journal)).await;
    assert_eq!(last.of("room/nave").as_deref(), Some("2"));
    assert_eq!(
        last.of("room/loft").as_deref(),
        Some("3"),
        "the rest is read again"
    );
    app.stop().await.unwrap();
    let saved = journal.projection("test/last").await.unwrap().unwrap();
    assert_eq!(saved.position.get(), 3, "saved at the end");
}

#[tokio::test(start_paused = true)]
async fn a_save_that_cannot_be_read_is_made_again_from_the_journal() {
    let journal = Arc::new(MemoryJournal::new());
    let (choir, source) = script("choir");
    let (first, following) = bot();
    let app = App::new(first).source(source).projection(following);
    let app = TestApp::start(app, Arc::clone(&journal)).await;
    choir.say("room/loft", "1").await.unwrap();
    app.settle().await;
    app.stop().await.unwrap();
    let mut saved = journal.projection("test/last").await.unwrap().unwrap();
    saved.state = b"nonsense".to_vec();
    let batch = antiphon::journal::Batch {
        projections: vec![("test/last".to_owned(), saved)],
        ..Default::default()
    };
    journal.append(Arc::new(batch)).await.unwrap();

    let (second, following) = bot();
    let last = second.last.clone();
    let app = App::new(second).projection(following);
    let _app = TestApp::start(app, Arc::clone(&journal)).await;
    assert_eq!(last.of("room/loft").as_deref(), Some("1"));
}
