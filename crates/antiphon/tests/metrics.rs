//! The figures that an app gives to a recorder are those that its front page lists.

mod support;

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use antiphon::{
    App, HandlerError, HandlerExt as _, State,
    journal::MemoryJournal,
    testing::{TestApp, script},
};
use antiphon_core::Entry;
use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};
use support::{Log, Said};

/// Values by the name of their metric.
#[derive(Clone, Default)]
struct Figures(Arc<Mutex<BTreeMap<String, Arc<AtomicU64>>>>);

impl Figures {
    fn value(&self, key: &Key) -> Arc<AtomicU64> {
        let mut all = self.0.lock().expect("no panic");
        Arc::clone(all.entry(key.name().to_owned()).or_default())
    }

    fn names(&self) -> Vec<String> {
        self.0.lock().expect("no panic").keys().cloned().collect()
    }

    fn get(&self, name: &str) -> u64 {
        self.value(&Key::from_name(name.to_owned()))
            .load(Ordering::Relaxed)
    }
}

impl Recorder for Figures {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.value(key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.value(key))
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

async fn sing(said: Said, State(log): State<Log>) -> Result<(), HandlerError> {
    if said.message == "wrong" {
        return Err(HandlerError::message("the score is missing"));
    }
    log.note(said.message);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn each_metric_of_the_front_page_is_counted() {
    let figures = Figures::default();
    let _recording = metrics::set_default_local_recorder(&figures);
    let (choir, source) = script("choir");
    let app = App::new(Log::default())
        .source(source)
        .on(sing.named("sing"));
    let app = TestApp::start(app, MemoryJournal::new()).await;
    let twice = choir.draft("test.sung", "room/loft", "{}");
    for draft in [twice.clone(), twice] {
        choir.send(Entry::event(draft)).await.expect("sent");
    }
    for message in ["right", "wrong"] {
        choir.say("room/loft", message).await.expect("said");
    }
    app.settle().await;
    for (name, expected) in [
        ("antiphon_events_stored_total", 3),
        ("antiphon_events_repeated_total", 1),
        ("antiphon_events_handled_total", 2),
        ("antiphon_events_unhandled_total", 1),
        ("antiphon_handler_failures_total", 1),
        ("antiphon_dead_letters_total", 1),
        ("antiphon_events_late_total", 0),
        ("antiphon_events_expired_total", 0),
        ("antiphon_gaps_total", 0),
        ("antiphon_store_failures_total", 0),
    ] {
        assert_eq!(figures.get(name), expected, "{name}");
    }
    let page = include_str!("../README.md");
    let listed = |name: &str| page.contains(&format!("| `{name}` |"));
    for name in figures.names() {
        assert!(listed(&name), "`{name}` is not on the front page");
    }
    assert!(
        figures
            .names()
            .contains(&"antiphon_link_connected".to_owned())
    );
    app.stop().await.expect("a clean stop");
}
