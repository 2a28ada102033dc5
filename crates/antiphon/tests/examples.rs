//! Each example does what its first line says, against the simulator.

#![allow(
    dead_code,
    clippy::duplicate_mod,
    unreachable_pub,
    missing_docs,
    reason = "the examples are programs of their own; their parts are used here"
)]

use std::time::Duration;

use antiphon::{
    App,
    journal::MemoryJournal,
    queup::{self, Account, Client, Config, Source},
    testing::TestApp,
};
use antiphon_sim::{Simulator, queup::Room};
use tokio::time::timeout;

#[path = "../examples/ask_and_wait.rs"]
mod ask_and_wait;
#[path = "../examples/dub_counter.rs"]
mod dub_counter;
#[path = "../examples/moderation_bot.rs"]
mod moderation_bot;
#[path = "../examples/room_greeter.rs"]
mod room_greeter;

const ROOM: &str = "choir-loft";

/// A bot in the room, with the room to play in.
async fn enter<S: Send + Sync + 'static>(
    sim: &Simulator,
    app: impl FnOnce(Client, Source) -> App<S>,
) -> (TestApp<S>, Room) {
    let account = sim.queup().account();
    let config = Config::new(Account::new(account.email, account.password))
        .network(sim.network())
        .clock(sim.clock())
        .rooms([ROOM]);
    let (client, source) = queup::connect(config);
    let app = TestApp::start(app(client, source), MemoryJournal::new()).await;
    app.settle().await;
    (app, sim.queup().room(ROOM))
}

/// Waits until the room's last messages are these.
async fn heard(room: &Room, words: &[&str]) {
    let all = async {
        while !room
            .texts()
            .iter()
            .map(String::as_str)
            .eq(words.iter().copied())
        {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    if timeout(Duration::from_secs(120), all).await.is_err() {
        assert_eq!(room.texts(), words);
    }
}

#[tokio::test(start_paused = true)]
async fn the_greeter_welcomes_each_member_by_name() {
    let sim = Simulator::with_seed(7);
    let (app, room) = enter(&sim, room_greeter::app).await;
    room.join("nora");
    room.join("pia");
    let name = "The Choir Loft";
    let greetings = ["nora", "pia"].map(|who| format!("Welcome to {name}, {who}!"));
    heard(&room, &[&greetings[0], &greetings[1]]).await;
    app.stop().await.expect("a clean stop");
}

#[tokio::test(start_paused = true)]
async fn the_counter_tells_the_score_when_asked_and_when_the_song_ends() {
    let sim = Simulator::with_seed(7);
    let (app, room) = enter(&sim, dub_counter::app).await;
    room.say("ida", "!score");
    heard(&room, &["!score", "Nothing was dubbed yet."]).await;
    room.queue("mira", "Overture");
    room.queue("teo", "Second Movement");
    app.settle().await;
    room.dub("teo", true);
    room.dub("ida", true);
    room.dub("jon", false);
    app.settle().await;
    room.skip("mira");
    app.settle().await;
    let said = room.texts();
    let score = said.last().expect("a score");
    assert!(score.ends_with(": 2 up, 1 down"), "{said:?}");
    app.stop().await.expect("a clean stop");
}

#[tokio::test(start_paused = true)]
async fn the_moderator_deletes_warns_and_mutes_and_logs_what_was_said() {
    let sim = Simulator::with_seed(7);
    let log = moderation_bot::Log::default();
    let kept = log.clone();
    let (app, room) = enter(&sim, |client, source| {
        moderation_bot::app(client, source, log)
    })
    .await;
    room.say("teo", "a fine evening");
    for text in ["SPAM for all", "Buy now!", "more spam"] {
        room.say("jon", text);
        app.settle().await;
    }
    let expected = ["SPAM for all", "Buy now!", "more spam"]
        .map(|text| format!("antiphon deleted \u{201c}{text}\u{201d} by jon"));
    assert_eq!(kept.lines(), expected);
    let said = room.texts();
    assert_eq!(said.last().map(String::as_str), Some("jon is muted."));
    app.stop().await.expect("a clean stop");
}

#[tokio::test(start_paused = true)]
async fn the_quiz_waits_for_its_own_player_in_its_own_room() {
    let sim = Simulator::with_seed(7);
    let (app, room) = enter(&sim, ask_and_wait::app).await;
    room.say("ida", "!quiz");
    app.until(|| room.texts().len() == 2).await;
    room.say("teo", "seven");
    room.say("ida", "four");
    heard(
        &room,
        &[
            "!quiz",
            "How many strings has a violin?",
            "seven",
            "four",
            "Right!",
        ],
    )
    .await;
    app.stop().await.expect("a clean stop");
}

#[tokio::test(start_paused = true)]
async fn the_quiz_gives_up_when_nobody_answers() {
    let sim = Simulator::with_seed(7);
    let (app, room) = enter(&sim, ask_and_wait::app).await;
    room.say("ida", "!quiz");
    heard(
        &room,
        &["!quiz", "How many strings has a violin?", "Too late: four."],
    )
    .await;
    app.stop().await.expect("a clean stop");
}
