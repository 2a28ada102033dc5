//! Many places at once, on several threads.

#![expect(
    clippy::unwrap_used,
    reason = "a test may unwrap, also outside its own function"
)]

mod support;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use antiphon::{
    App, Event, Limits, State,
    journal::MemoryJournal,
    testing::{TestApp, script},
};
use support::Said;

type Heard = Arc<Mutex<HashMap<String, Vec<u64>>>>;

/// Notes the number, after up to three yields.
async fn hear(said: Said, event: Arc<Event>, State(heard): State<Heard>) {
    let number: u64 = said.message.parse().unwrap();
    for _ in 0..number % 4 {
        tokio::task::yield_now().await;
    }
    let mut heard = heard.lock().unwrap();
    heard
        .entry(event.place().to_string())
        .or_default()
        .push(number);
}

async fn check(limits: Limits, places: u64, count: u64) {
    let heard = Heard::default();
    let (choir, source) = script("choir");
    let app = App::new(Arc::clone(&heard))
        .source(source)
        .limits(limits)
        .on(hear);
    let app = TestApp::start(app, MemoryJournal::new()).await;
    for number in 0..count {
        let place = format!("room/{}", number % places);
        choir.say(&place, &number.to_string()).await.unwrap();
    }
    let all = || {
        let heard = heard.lock().unwrap();
        heard.values().map(Vec::len).sum::<usize>() as u64 >= count
    };
    app.until(all).await;
    app.until(|| {
        app.handle()
            .progress()
            .is_some_and(|now| now.is_caught_up())
    })
    .await;
    app.stop().await.unwrap();
    let heard = heard.lock().unwrap();
    for place in 0..places {
        let expected: Vec<u64> = (0..count)
            .filter(|number| number % places == place)
            .collect();
        assert_eq!(heard[&format!("room/{place}")], expected);
    }
}

/// Waits for as many others as the barrier says.
async fn meet(_: Said, State(met): State<Arc<tokio::sync::Barrier>>) {
    met.wait().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn handlers_that_wait_hold_up_no_other_place() {
    // Each handler ends only once all run, whatever the number of threads and of workers that were kept.
    const PLACES: usize = 500;
    let met = Arc::new(tokio::sync::Barrier::new(PLACES + 1));
    let (choir, source) = script("choir");
    let app = App::new(Arc::clone(&met)).source(source).on(meet);
    let app = TestApp::start(app, MemoryJournal::new()).await;
    for round in 0..3 {
        for place in 0..PLACES {
            let said = round.to_string();
            choir.say(&format!("room/{place}"), &said).await.unwrap();
        }
        met.wait().await;
    }
    app.settle().await;
    app.stop().await.unwrap();
}

/// Keeps its thread until the other one runs.
async fn block(_: Said, State(met): State<Arc<std::sync::Barrier>>) {
    tokio::task::block_in_place(|| met.wait());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn handlers_that_keep_their_threads_hold_up_no_other_place() {
    const PLACES: usize = 4;
    let met = Arc::new(std::sync::Barrier::new(PLACES));
    let (choir, source) = script("choir");
    let app = App::new(met).source(source).on(block);
    let app = TestApp::start(app, MemoryJournal::new()).await;
    for round in 0..10 {
        for place in 0..PLACES {
            let said = round.to_string();
            choir.say(&format!("room/{place}"), &said).await.unwrap();
        }
    }
    app.settle().await;
    app.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn order_holds_side_by_side() {
    check(Limits::default(), 50, 10_000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn order_holds_while_lanes_are_parked_all_the_time() {
    check(Limits::default().lane(2).open(32).parked(64), 50, 10_000).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn order_holds_while_more_lanes_are_parked_than_are_listed() {
    check(Limits::default().lane(1).open(8).parked(3), 50, 10_000).await;
}
