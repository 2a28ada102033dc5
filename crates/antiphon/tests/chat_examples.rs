//! Each chat example does what its first line says, against the simulator.

#![allow(
    dead_code,
    clippy::duplicate_mod,
    unreachable_pub,
    missing_docs,
    reason = "the examples are programs of their own; their parts are used here"
)]

use antiphon::{
    App,
    journal::MemoryJournal,
    stackexchange::{self, Account, Client, Config, Source},
    testing::TestApp,
};
use antiphon_sim::{Simulator, stackexchange::StackExchange};

#[path = "../examples/feed_watcher.rs"]
mod feed_watcher;
#[path = "../examples/reply_bot.rs"]
mod reply_bot;
#[path = "../examples/transcript_archiver.rs"]
mod transcript_archiver;

#[path = "../examples/chat_stage/mod.rs"]
mod chat_stage;

const ROOM: i64 = StackExchange::ROOM;

/// A bot in the room.
async fn enter<S: Send + Sync + 'static>(
    sim: &Simulator,
    app: impl FnOnce(Client, Source) -> App<S>,
) -> TestApp<S> {
    let account = sim.stackexchange().account();
    let config = Config::new(Account::new(account.email, account.password))
        .network(sim.network())
        .clock(sim.clock())
        .rooms([ROOM]);
    let (client, source) = stackexchange::connect(config);
    let app = TestApp::start(app(client, source), MemoryJournal::new()).await;
    app.settle().await;
    app
}

#[tokio::test(start_paused = true)]
async fn the_bot_answers_a_mention_once_and_stars_thanks() {
    let sim = Simulator::with_seed(7);
    let chat = sim.stackexchange();
    let app = enter(&sim, reply_bot::app).await;
    chat.say(ROOM, "mira", "@antiphon are you there?");
    chat.say(ROOM, "teo", "just talking");
    app.until(|| chat.texts(ROOM).len() == 3).await;
    app.settle().await;
    let said = chat.texts(ROOM);
    assert_eq!(said[2], "@mira hello, mira");
    assert_eq!(said.len(), 3, "once, although it came twice");
    app.stop().await.expect("a clean stop");
}

#[tokio::test(start_paused = true)]
async fn the_archive_has_what_is_left_of_each_message() {
    let sim = Simulator::with_seed(7);
    let chat = sim.stackexchange();
    let transcript = transcript_archiver::Transcript::default();
    let kept = transcript.clone();
    let app = enter(&sim, |_, source| {
        transcript_archiver::app(source, transcript)
    })
    .await;
    let first = chat.say(ROOM, "mira", "a **bold** plan");
    chat.star(first, "teo");
    let second = chat.say(ROOM, "teo", "agred");
    chat.edit(second, "agreed");
    let third = chat.say(ROOM, "iris", "never mind");
    chat.delete(third, "iris");
    app.until(|| kept.markdown().contains("removed")).await;
    assert_eq!(
        kept.markdown(),
        "**mira**: a **bold** plan ★\n\n**teo**: agreed (edited)\n\n**iris**: *(removed)*\n\n"
    );
    app.stop().await.expect("a clean stop");
}

#[tokio::test(start_paused = true)]
async fn the_watcher_collects_what_feeds_bring_and_nothing_else() {
    let sim = Simulator::with_seed(7);
    let chat = sim.stackexchange();
    let news = feed_watcher::News::default();
    let kept = news.clone();
    let app = enter(&sim, |_, source| feed_watcher::app(source, news)).await;
    chat.say(ROOM, "mira", "no feed");
    chat_stage::feed(&chat);
    app.until(|| kept.items().len() == 2).await;
    assert_eq!(
        kept.items(),
        [
            "[An entry](https://feeds.example/1)",
            "Ticker: [another](https://feeds.example/2)"
        ]
    );
    app.stop().await.expect("a clean stop");
}
