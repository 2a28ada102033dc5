//! The guide's programs do what its chapters say, against the simulator, and the book shows no others.
//!
//! Each program of `docs/guide/programs` is a module of this one binary: its handlers run on a paused clock, and its
//! `main` in a process of its own.

#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    missing_debug_implementations,
    clippy::needless_pass_by_value,
    clippy::print_stderr,
    clippy::print_stdout,
    clippy::similar_names,
    clippy::single_match_else,
    clippy::unnecessary_literal_bound,
    reason = "the programs are whole programs for newcomers; their parts are used here"
)]

mod book;
mod mains;
mod stage;

#[path = "../../../../docs/guide/programs/chat.rs"]
mod chat;
#[path = "../../../../docs/guide/programs/commands.rs"]
mod commands;
#[path = "../../../../docs/guide/programs/components.rs"]
mod components;
#[path = "../../../../docs/guide/programs/discord_py.rs"]
mod discord_py;
#[path = "../../../../docs/guide/programs/errors.rs"]
mod errors;
#[path = "../../../../docs/guide/programs/files.rs"]
mod files;
#[path = "../../../../docs/guide/programs/first_bot.rs"]
mod first_bot;
#[path = "../../../../docs/guide/programs/forms.rs"]
mod forms;
#[path = "../../../../docs/guide/programs/going_live.rs"]
mod going_live;
#[path = "../../../../docs/guide/programs/music.rs"]
mod music;
#[path = "../../../../docs/guide/programs/rooms.rs"]
mod rooms;
#[path = "../../../../docs/guide/programs/several_platforms.rs"]
mod several_platforms;
#[path = "../../../../docs/guide/programs/state.rs"]
mod state;
#[path = "../../../../docs/guide/programs/testing.rs"]
mod testing;
#[path = "../../../../docs/guide/programs/waiting.rs"]
mod waiting;

use std::sync::Arc;

use antiphon::{
    DeadLetterId,
    discord::Intents,
    journal::Journal as _,
    lavalink::{self, NodeConfig},
    stackexchange::HistoryQuery,
};
use antiphon_sim::{Simulator, stackexchange::StackExchange};
use serde_json::{Value, json};
use stage::{CHANNEL, ROOM, Stage};

/// A button of an answer.
fn button(response: &Value, at: usize) -> &str {
    let button = &response["message"]["components"][0]["components"][at];
    button["custom_id"].as_str().expect("a button")
}

#[tokio::test(start_paused = true)]
async fn commands_have_options_menus_cooldowns_and_refusals() {
    let stage = Stage::enter(commands::app).await;
    let song = json!({"song": "Miserere", "mood": "sad", "voices": 9, "listener": "teo"});
    let text = stage.command("sing", &song).await;
    assert_eq!(text, "♪ Miserere for 9 voices, Very sad, for teo");
    let typed = json!({"song": "LUX"});
    let asked = stage
        .discord
        .autocomplete(CHANNEL, "mira", stage::BOT, "sing", &typed, "song");
    let suggested = stage.response(asked).await;
    assert_eq!(suggested["data"]["choices"][0]["name"], "Lux aeterna");
    let unknown = stage.command("sing", &json!({"song": "Gloria"})).await;
    assert_eq!(unknown, "The choir does not know this song.");
    let third = stage.command("sing", &song).await;
    assert!(third.starts_with("The choir rests for "), "{third}");

    let learned = stage
        .command("repertoire learn", &json!({"title": "Gloria"}))
        .await;
    assert_eq!(learned, "The choir learns Gloria.");
    let listed = stage.command("repertoire list", &json!({})).await;
    assert_eq!(listed, "Miserere, Lux aeterna, Gloria");

    let message = stage
        .discord
        .say(CHANNEL, "teo", "good evening")
        .to_string();
    let set = stage
        .discord
        .context(CHANNEL, "mira", stage::BOT, "Set to music", &message);
    assert_eq!(stage.text(set).await, "♪ good evening ♪");
    stage.app.stop().await.expect("a clean stop");
}

#[tokio::test(start_paused = true)]
async fn buttons_menus_pages_and_questions_are_answered() {
    let stage = Stage::enter(components::app).await;
    let asked = stage.command("poll", &json!({"song": "Miserere"})).await;
    assert_eq!(asked, "Do we sing Miserere?");
    let yes = stage.press("teo", "vote:for:Miserere");
    assert_eq!(stage.text(yes).await, "teo sings Miserere.");
    let voice = stage
        .discord
        .select(CHANNEL, "teo", stage::BOT, "voice", &["alto"]);
    assert_eq!(stage.text(voice).await, "There are five altos.");

    let psalms = stage
        .discord
        .command(CHANNEL, "mira", stage::BOT, "psalms", &json!({}));
    let psalms = stage.response(psalms).await;
    let last = stage
        .response(stage.press("mira", button(&psalms, 4)))
        .await;
    let text = last["message"]["embeds"][0]["description"].as_str();
    assert!(
        text.is_some_and(|text| text.ends_with("Psalm 150")),
        "{last}"
    );

    let forget = json!({"psalm": 7});
    let asked = stage
        .discord
        .command(CHANNEL, "mira", stage::BOT, "forget", &forget);
    let asked = stage.response(asked).await;
    let yes = stage.press("mira", button(&asked, 0));
    assert_eq!(stage.text(yes).await, "Psalm 7 is forgotten.");

    let stage = stage.restart(components::app).await;
    let yes = stage.press("iris", "vote:against:Miserere");
    assert_eq!(stage.text(yes).await, "iris does not sing Miserere.");
    stage.app.stop().await.expect("a clean stop");
}

#[tokio::test(start_paused = true)]
async fn a_form_comes_back_typed_or_explained() {
    let stage = Stage::enter(forms::app).await;
    for (years, answer) in [
        (
            "twelve",
            "**Years of singing** is no whole number from 0 to 255",
        ),
        (
            "12",
            "Welcome, Mira (Alto, 12 years, likes everything). We will listen to a.ogg.",
        ),
    ] {
        let opened = stage
            .discord
            .command(CHANNEL, "mira", stage::BOT, "join", &json!({}));
        stage.response(opened).await;
        let fields =
            json!({"name": "Mira", "voice": "alto", "years": years, "recording": ["a.ogg"]});
        let sent = stage.discord.submit("mira", stage::BOT, None, &fields);
        assert_eq!(stage.text(sent).await, answer);
    }
    stage.app.stop().await.expect("a clean stop");
}

#[tokio::test(start_paused = true)]
async fn embeds_layouts_and_files_are_shown_and_read() {
    let stage = Stage::enter(files::app).await;
    let now = stage.say("mira", "!now", 1).await.remove(0);
    assert_eq!(now.embeds[0].title.as_deref(), Some("Miserere mei, Deus"));
    assert_eq!(now.attachments[0].filename, "cover.png");
    let card = stage.say("mira", "!card", 1).await.remove(0);
    let layout = serde_json::to_value(&card.components).expect("JSON");
    let title = &layout[0]["components"][0]["components"][0]["content"];
    assert_eq!(title, "# Miserere mei, Deus");
    let card = card.id.get();
    stage.discord.reply(CHANNEL, "teo", card, "!count");
    stage.until_said("notes.txt has 1 lines.").await;
    stage.app.stop().await.expect("a clean stop");
}

#[tokio::test(start_paused = true)]
async fn reactions_and_messages_are_waited_for() {
    let stage = Stage::enter(waiting::app).await;
    let asked = stage.uses("ask", &json!({"question": "Shall we sing?"}));
    let shown = stage.first_response(asked).await;
    let message = shown["message"]["id"].as_str().expect("an id").parse();
    let message = message.expect("a number");
    stage.discord.react(CHANNEL, message, "teo", "🎵");
    stage.until_said("It is 🎵.").await;
    stage.uses("ask", &json!({"question": "And now?"}));
    stage.until_said("Nobody knows.").await;

    stage.say("ida", "!quiz", 1).await;
    stage.discord.say(CHANNEL, "teo", "seven");
    stage.discord.say(CHANNEL, "ida", "4");
    stage.until_said("Right!").await;

    let counted = stage.uses("count", &json!({}));
    stage.first_response(counted).await;
    for _ in 0..3 {
        stage.discord.say(CHANNEL, "teo", "la");
    }
    stage.until_said("3 messages").await;
    stage.app.stop().await.expect("a clean stop");
}

#[tokio::test(start_paused = true)]
async fn state_is_shared_and_a_projection_outlives_a_restart() {
    let enter = |client, source| state::app(client, source, "Messages:");
    let stage = Stage::configured(state::configure, enter).await;
    stage.discord.say(CHANNEL, "mira", "kyrie");
    let gloria = stage.discord.say(CHANNEL, "teo", "gloria");
    stage.app.settle().await;
    assert_eq!(
        stage.command("score", &json!({})).await,
        "Messages:\nmira: 1\nteo: 1"
    );
    stage.discord.edit(CHANNEL, gloria, "credo");
    stage.until_said("teo wrote before: gloria").await;
    let stage = stage.restart(enter).await;
    stage.discord.say(CHANNEL, "mira", "amen");
    stage.app.settle().await;
    let text = stage.command("score", &json!({})).await;
    assert!(text.contains("mira: 2"), "{text}");
    stage.app.stop().await.expect("a clean stop");
}

#[tokio::test(start_paused = true)]
async fn errors_are_retried_or_become_dead_letters() {
    let stage = Stage::enter(errors::app).await;
    stage.discord.say(CHANNEL, "mira", "!double 21");
    stage.discord.say(CHANNEL, "mira", "!double nothing");
    stage.discord.say(CHANNEL, "mira", "!ring");
    stage.until_said("🔔").await;
    stage.discord.say(CHANNEL, "mira", "!remember this");
    stage.until_said("It will be remembered.").await;
    stage.app.settle().await;
    assert!(stage.discord.texts(CHANNEL).contains(&"42".to_owned()));
    let letters = stage
        .journal
        .dead_letters(DeadLetterId(0), 10)
        .await
        .expect("letters");
    let names: Vec<_> = letters.iter().map(|letter| &*letter.handler).collect();
    assert_eq!(names.len(), 1, "{names:?}");
    assert!(names[0].ends_with("double"), "{names:?}");
    stage.app.stop().await.expect("a clean stop");
}

#[tokio::test(start_paused = true)]
async fn songs_are_played_and_controlled() {
    let sim = Simulator::with_seed(7);
    let intents = Intents::GUILDS | Intents::GUILD_VOICE_STATES;
    let bot = stage::bot(&sim, intents);
    let nodes = sim.lavalink().nodes().into_iter();
    let nodes = nodes.map(|node| NodeConfig::new(node.name(), node.url(), node.password()));
    let nodes = lavalink::Config::without_user(nodes)
        .network(sim.network())
        .clock(sim.clock());
    let stage = Stage::start(sim, Arc::default(), music::app(bot, nodes)).await;
    stage
        .sim
        .lavalink()
        .add_track("tide______1", "The Choir", "Slow Tide", 180_000);
    let song = json!({"song": "slow tide"});
    let alone = stage.command("play", &song).await;
    assert_eq!(alone, "Enter a voice channel first.");
    stage.discord.join_voice("stalls", "mira");
    let first = stage.command("play", &song).await;
    assert!(first.starts_with("Here comes Slow Tide"), "{first}");
    let second = stage.command("play", &song).await;
    assert!(second.ends_with("is in the queue."), "{second}");
    for (action, answer) in [
        ("music pause", "Paused."),
        ("music pause", "On we go."),
        ("music leave", "Good night."),
        ("music skip", "Nothing plays here."),
    ] {
        assert_eq!(stage.command(action, &json!({})).await, answer);
    }
    let announced = stage.discord.texts("stalls");
    assert!(
        announced.iter().any(|text| text.starts_with("♪ Slow Tide")),
        "{announced:?}"
    );
    stage.app.stop().await.expect("a clean stop");
}

#[tokio::test(start_paused = true)]
async fn a_room_is_greeted_and_told_its_songs_and_votes() {
    let sim = Simulator::with_seed(7);
    let (client, source) = antiphon::queup::connect(stage::room(&sim));
    let stage = Stage::start(sim, Arc::default(), rooms::app(client, source)).await;
    let room = stage.sim.queup().room(ROOM);
    room.join("nora");
    stage.until(|| room.texts().len() == 1).await;
    room.queue("mira", "Overture");
    stage.until(|| room.texts().len() == 2).await;
    room.dub("teo", true);
    stage.app.settle().await;
    room.say("nora", "!votes");
    stage.until(|| room.texts().len() == 4).await;
    let said = room.texts();
    assert_eq!(said[0], "Welcome to The Choir Loft, nora!");
    assert!(
        said[1].starts_with("♪ ") && said[1].contains("Overture"),
        "{said:?}"
    );
    assert_eq!(said[3], "1 up, 0 down");
    stage.app.stop().await.expect("a clean stop");
}

#[tokio::test(start_paused = true)]
async fn a_chat_room_is_answered_thanked_and_told_the_psalms() {
    let sim = Simulator::with_seed(7);
    let (client, source) = antiphon::stackexchange::connect(stage::chat_room(&sim));
    let app = chat::app(client.clone(), source);
    let stage = Stage::start(sim, Arc::default(), app).await;
    let (chat, room) = (stage.sim.stackexchange(), StackExchange::ROOM);
    chat.say(room, "mira", "@antiphon are you there?");
    stage.until(|| chat.texts(room).len() == 2).await;
    assert_eq!(chat.texts(room)[1], "@mira hello, mira");
    let answer = client
        .room(room)
        .history(HistoryQuery::new().count(1))
        .await;
    let answer = answer.expect("a page")[0].message_id;
    chat.say(room, "mira", &format!(":{answer} thank you"));
    stage.app.settle().await;
    let kinds = stage.app.journal().kinds().await;
    assert!(
        kinds.contains(&"stackexchange.MessageStarred".to_owned()),
        "{kinds:?}"
    );
    chat.say(room, "teo", "!psalms");
    stage
        .until(|| {
            chat.texts(room)
                .last()
                .is_some_and(|text| text.contains("40"))
        })
        .await;
    assert!(chat.texts(room).len() > 4, "several messages");
    stage.app.stop().await.expect("a clean stop");
}

#[tokio::test(start_paused = true)]
async fn several_platforms_hear_each_other() {
    let sim = Simulator::with_seed(7);
    let configs = several_platforms::Configs {
        guild: stage::bot(&sim, Intents::GUILD_MESSAGES | Intents::MESSAGE_CONTENT),
        rooms: stage::room(&sim),
        chat: stage::chat_room(&sim),
        channel: sim.discord().channel_id(),
    };
    let app = several_platforms::app(configs);
    let stage = Stage::start(sim, Arc::default(), app).await;
    let room = stage.sim.queup().room(ROOM);
    room.say("ida", "good evening");
    stage.until_said("**ida**: good evening").await;
    stage.discord.say(CHANNEL, "mira", "to you too");
    stage.until(|| room.texts().len() == 2).await;
    assert_eq!(room.texts()[1], "mira: to you too");
    let (chat, chat_room) = (stage.sim.stackexchange(), StackExchange::ROOM);
    chat.say(chat_room, "teo", "@antiphon what plays?");
    stage.until(|| chat.texts(chat_room).len() == 2).await;
    assert_eq!(chat.texts(chat_room)[1], "@teo silence");
    stage.app.stop().await.expect("a clean stop");
}

#[tokio::test(start_paused = true)]
async fn the_bot_that_tells_its_operator_answers() {
    let stage = Stage::enter(going_live::app).await;
    stage.say("mira", "!ping", 1).await;
    stage.until_said("pong").await;
    stage.app.stop().await.expect("a clean stop");
}

#[tokio::test(start_paused = true)]
async fn the_twin_of_the_discord_py_bot_rolls_again_and_waits() {
    let stage = Stage::enter(discord_py::app).await;
    let rolled = stage.command("roll", &json!({"sides": 20})).await;
    assert!(
        rolled.starts_with("mira rolls ") && rolled.ends_with(" of 20."),
        "{rolled}"
    );
    let stage = stage.restart(discord_py::app).await;
    let again = stage.text(stage.press("teo", "again:20")).await;
    assert!(
        again.starts_with("teo rolls ") && again.ends_with(" of 20."),
        "{again}"
    );
    let guess = stage.uses("guess", &json!({}));
    stage.first_response(guess).await;
    stage.discord.say(CHANNEL, "teo", "4");
    stage.discord.say(CHANNEL, "mira", "4");
    stage.until_said("Right!").await;
    for _ in 0..4 {
        stage.command("roll", &json!({})).await;
    }
    let tired = stage.command("roll", &json!({})).await;
    assert!(tired.starts_with("Wait "), "{tired}");
    stage.app.stop().await.expect("a clean stop");
}
