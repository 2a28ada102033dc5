//! From a source through the journal to handlers.

mod support;

use antiphon::{
    App, State,
    journal::MemoryJournal,
    testing::{TestApp, script},
};
use support::{Log, Said, note};

#[tokio::test(start_paused = true)]
async fn what_a_source_brings_is_stored_and_handled_in_order() {
    let (choir, source) = script("choir");
    let log = Log::default();
    let app = App::new(log.clone()).source(source).on(note);
    let app = TestApp::start(app, MemoryJournal::new()).await;
    for text in ["one", "two", "three"] {
        choir.say("room/loft", text).await.unwrap();
    }
    app.settle().await;
    assert_eq!(app.journal().texts().await, ["one", "two", "three"]);
    assert_eq!(log.lines(), ["one", "two", "three"]);
    app.stop().await.unwrap();
}
