//! Effects that are seen once: messages keyed by their event, and interactions that are handled again or too late.

mod support;

use std::{sync::Arc, time::Duration};

use antiphon::{
    App, DeadLetterId, Delivery, Event, HandlerError, HandlerExt as _, State,
    discord::{self, Client, Config, Intents, InteractionCreate, RequestError, model::id::Id},
    journal::{Batch, Journal, MemoryJournal},
    queup,
    testing::TestApp,
};
use antiphon_core::DeadLetterChange;
use antiphon_sim::{Simulator, discord::Discord};
use serde_json::json;
use support::Log;
use tokio::time::sleep;

const ROOM: &str = "choir-loft";

fn bot(sim: &Simulator) -> (Client, discord::Source) {
    let config = Config::new(sim.discord().token(), Intents::GUILDS);
    discord::connect(config.network(sim.network()).clock(sim.clock()))
}

fn player(sim: &Simulator) -> queup::Source {
    let account = sim.queup().account();
    let account = queup::Account::new(account.email, account.password);
    let config = queup::Config::new(account).network(sim.network());
    let (_, source) = queup::connect(config.clock(sim.clock()).rooms([ROOM]));
    source
}

/// What a relay needs, and how it behaves in this run.
#[derive(Clone)]
struct Relay {
    client: Client,
    to: u64,
    /// Whether messages are keyed by their events.
    keyed: bool,
    /// Whether the handler never ends, so that a crash finds it at work.
    stalls: bool,
    log: Log,
}

async fn relay(
    chat: queup::Chat,
    event: Arc<Event>,
    State(relay): State<Relay>,
) -> Result<(), HandlerError> {
    let channel = Id::new(relay.to);
    for part in 0..2 {
        let text = format!("{} {part}", chat.content);
        let post = relay.client.create_message(channel).content(&text);
        let post = if relay.keyed {
            post.nonce_of_part(&event, part)
        } else {
            post
        };
        post.await?;
    }
    relay.log.note(event.origin().as_str());
    if relay.stalls {
        std::future::pending::<()>().await;
    }
    Ok(())
}

/// Relays one message, with a crash behind it, and returns what the channel has then.
async fn relayed_over_a_crash(keyed: bool) -> Vec<String> {
    let sim = Simulator::with_seed(7);
    let journal = Arc::new(MemoryJournal::new());
    let log = Log::default();
    for stalls in [true, false] {
        let (client, source) = bot(&sim);
        let state = Relay {
            client,
            to: sim.discord().channel_id(),
            keyed,
            stalls,
            log: log.clone(),
        };
        let app = App::new(state).source(source).source(player(&sim));
        let app = TestApp::start(app.on(relay.named("relay")), Arc::clone(&journal)).await;
        if stalls {
            app.settle().await;
            sim.queup().room(ROOM).say("mira", "kyrie");
            app.until(|| log.len() == 1).await;
            app.crash().await;
        } else {
            app.until(|| log.len() == 2).await;
            app.settle().await;
            app.stop().await.expect("a clean stop");
        }
    }
    let origins = log.lines();
    assert_eq!(origins[0], origins[1], "the same event twice");
    let chat = origins[0].strip_prefix("chat/").expect("a chat's id");
    assert!(chat.len() > 25, "{chat} fits into no nonce as it is");
    sim.discord().texts("loft")
}

#[tokio::test(start_paused = true)]
async fn a_relay_from_queup_posts_nothing_twice_over_a_crash() {
    let posted = relayed_over_a_crash(true).await;
    assert_eq!(posted, ["kyrie 0", "kyrie 1"]);
    // Without the key the crash is seen.
    let posted = relayed_over_a_crash(false).await;
    assert_eq!(posted, ["kyrie 0", "kyrie 1", "kyrie 0", "kyrie 1"]);
}

/// What a command's handler does in this run.
#[derive(Clone)]
struct Singer {
    client: Client,
    /// The answer; without one the handler never comes to it.
    answers: Option<&'static str>,
    /// Whether the handler never ends.
    stalls: bool,
    log: Log,
}

async fn sing(
    command: InteractionCreate,
    delivery: Delivery,
    State(singer): State<Singer>,
) -> Result<(), HandlerError> {
    let again = if delivery.redelivered { " again" } else { "" };
    singer.log.note(format!("begun{again}"));
    if let Some(answer) = singer.answers {
        let interaction = singer.client.interaction(&command);
        interaction.message(answer).await?;
        singer.log.note("answered");
    }
    if singer.stalls {
        std::future::pending::<()>().await;
    }
    Ok(())
}

/// Takes every event, and answers nothing.
async fn archive(event: Event, State(singer): State<Singer>) {
    if event.kind().as_str() == "discord.INTERACTION_CREATE" {
        singer.log.note("archived");
    }
}

/// A bot with one command, whose runs share a journal.
struct Stage {
    sim: Simulator,
    journal: Arc<MemoryJournal>,
    log: Log,
}

impl Stage {
    fn new() -> Self {
        let sim = Simulator::with_seed(7);
        let sing = json!({"name": "sing", "description": "Sings"});
        assert_ne!(sim.discord().register(Discord::BOT, None, &sing), 0);
        Self {
            sim,
            journal: Arc::new(MemoryJournal::new()),
            log: Log::default(),
        }
    }

    async fn run(&self, answers: Option<&'static str>, stalls: bool) -> TestApp<Singer> {
        let (client, source) = bot(&self.sim);
        let singer = Singer {
            client: client.clone(),
            answers,
            stalls,
            log: self.log.clone(),
        };
        let app = App::new(singer)
            .source(source)
            .on_raw("*", archive.named("archive"))
            .on(sing.named("sing"));
        let app = TestApp::start(app, Arc::clone(&self.journal)).await;
        app.until(|| client.link().borrow().is_connected()).await;
        app
    }

    /// Uses the command.
    fn ask(&self) -> u64 {
        let discord = self.sim.discord();
        let asked = discord.command("loft", "mira", Discord::BOT, "sing", &json!({}));
        assert_ne!(asked, 0);
        asked
    }

    async fn dead_letters(&self) -> usize {
        let letters = self.journal.dead_letters(DeadLetterId(0), 10).await;
        letters.expect("the journal is readable").len()
    }
}

#[tokio::test(start_paused = true)]
async fn an_interaction_that_came_while_the_bot_was_away_is_skipped_and_no_dead_letter() {
    let stage = Stage::new();
    stage
        .run(Some("la"), false)
        .await
        .stop()
        .await
        .expect("a clean stop");
    let asked = stage.ask();
    sleep(Duration::from_secs(10)).await;

    let app = stage.run(Some("la"), false).await;
    app.until(|| stage.log.len() == 1).await;
    app.settle().await;
    assert_eq!(
        stage.log.lines(),
        ["archived"],
        "raw handlers have it all the same"
    );
    assert_eq!(stage.sim.discord().answer_to(asked), None);
    assert_eq!(stage.dead_letters().await, 0);

    // One that comes now is answered.
    let asked = stage.ask();
    app.until(|| stage.log.len() == 4).await;
    assert_eq!(stage.sim.discord().answer_to(asked), Some(4));
    app.stop().await.expect("a clean stop");
}

#[tokio::test(start_paused = true)]
async fn a_redelivered_interaction_without_an_answer_is_given_up_and_no_dead_letter() {
    let stage = Stage::new();
    let app = stage.run(None, true).await;
    let asked = stage.ask();
    app.until(|| stage.log.len() == 2).await;
    app.crash().await;
    sleep(Duration::from_secs(10)).await;

    let app = stage.run(Some("la"), false).await;
    app.until(|| stage.log.len() == 4).await;
    app.settle().await;
    let lines = ["archived", "begun", "archived", "begun again"];
    assert_eq!(stage.log.lines(), lines, "its answer failed");
    assert_eq!(stage.sim.discord().answer_to(asked), None);
    assert_eq!(stage.dead_letters().await, 0);
    app.stop().await.expect("a clean stop");
}

#[tokio::test(start_paused = true)]
async fn a_redelivered_interaction_with_an_answer_goes_on_by_editing_it() {
    let stage = Stage::new();
    let app = stage.run(Some("kyrie"), true).await;
    let asked = stage.ask();
    app.until(|| stage.log.lines().contains(&"answered".to_owned()))
        .await;
    app.crash().await;
    sleep(Duration::from_secs(10)).await;

    let app = stage.run(Some("gloria"), false).await;
    app.until(|| stage.log.len() == 6).await;
    app.settle().await;
    assert_eq!(stage.log.lines()[4..], ["begun again", "answered"]);
    assert_eq!(
        stage.sim.discord().texts("loft"),
        ["gloria"],
        "one message, edited"
    );
    assert_eq!(stage.sim.discord().answer_to(asked), Some(4));
    assert_eq!(stage.dead_letters().await, 0);
    app.stop().await.expect("a clean stop");
}

#[tokio::test(start_paused = true)]
async fn a_second_first_answer_in_one_run_is_an_error_and_a_later_run_goes_on_by_an_edit() {
    /// Answers twice, and tries again after a failure.
    async fn stutter(
        command: InteractionCreate,
        delivery: Delivery,
        State(singer): State<Singer>,
    ) -> Result<(), HandlerError> {
        let attempt = delivery.attempt;
        let answers = singer.client.interaction(&command);
        answers.message(format!("first {attempt}")).await?;
        // As if by a function that knows nothing of the answer.
        let answers = singer.client.interaction(&command);
        let raw = json!({"type": 4, "data": {"content": "raw"}});
        for second in [
            answers.message("second").await,
            answers.defer().await,
            answers.create_response(&raw).await,
        ] {
            let error = second.expect_err("a second one");
            let expected = command.id;
            assert!(
                matches!(error, RequestError::AlreadyAnswered { interaction } if interaction == expected),
                "{error:?}"
            );
            assert!(error.to_string().contains("create_followup") && !error.is_transient());
        }
        answers.create_followup().content("more").await?;
        singer.log.note(format!("answered {attempt}"));
        if attempt == 1 {
            return Err(HandlerError::retry("the organ is out of tune"));
        }
        Ok(())
    }
    let stage = Stage::new();
    let (client, source) = bot(&stage.sim);
    let singer = Singer {
        client: client.clone(),
        answers: None,
        stalls: false,
        log: stage.log.clone(),
    };
    let app = App::new(singer).source(source).on(stutter);
    let app = TestApp::start(app, Arc::clone(&stage.journal)).await;
    app.until(|| client.link().borrow().is_connected()).await;
    stage.ask();
    app.until(|| stage.log.len() == 2).await;
    app.settle().await;
    assert_eq!(stage.log.lines(), ["answered 1", "answered 2"]);
    let texts = stage.sim.discord().texts("loft");
    assert_eq!(
        texts,
        ["first 2", "more", "more"],
        "one first answer, edited"
    );
    assert_eq!(stage.dead_letters().await, 0);
    app.stop().await.expect("a clean stop");
}

#[tokio::test(start_paused = true)]
async fn an_interaction_older_than_fifteen_minutes_is_skipped_even_if_it_was_begun() {
    let stage = Stage::new();
    let app = stage.run(Some("kyrie"), true).await;
    stage.ask();
    app.until(|| stage.log.len() == 3).await;
    app.crash().await;
    sleep(Duration::from_secs(16 * 60)).await;

    let app = stage.run(Some("gloria"), false).await;
    app.until(|| stage.log.len() == 4).await;
    app.settle().await;
    assert_eq!(
        stage.log.lines(),
        ["archived", "begun", "answered", "archived"]
    );
    assert_eq!(stage.sim.discord().texts("loft"), ["kyrie"]);
    assert_eq!(stage.dead_letters().await, 0);
    app.stop().await.expect("a clean stop");
}

async fn stumble(_: InteractionCreate, State(singer): State<Singer>) -> Result<(), HandlerError> {
    singer.log.note("stumbled");
    Err(HandlerError::message("the score is missing"))
}

#[tokio::test(start_paused = true)]
async fn a_dead_letter_of_an_interaction_that_can_no_longer_be_answered_goes_when_it_is_replayed() {
    let stage = Stage::new();
    let (client, source) = bot(&stage.sim);
    let singer = Singer {
        client: client.clone(),
        answers: None,
        stalls: false,
        log: stage.log.clone(),
    };
    let app = App::new(singer).source(source).on(stumble.named("stumble"));
    let app = TestApp::start(app, Arc::clone(&stage.journal)).await;
    app.until(|| client.link().borrow().is_connected()).await;
    stage.ask();
    app.until(|| stage.log.len() == 1).await;
    app.settle().await;
    assert_eq!(stage.dead_letters().await, 1, "another failure is one");

    sleep(Duration::from_secs(16 * 60)).await;
    let letters = stage.journal.dead_letters(DeadLetterId(0), 10).await;
    let id = letters.expect("the journal is readable")[0].id;
    let replay = Batch {
        dead: vec![DeadLetterChange::Replay(id)],
        ..Batch::default()
    };
    stage
        .journal
        .append(Arc::new(replay))
        .await
        .expect("stored");
    app.settle().await;
    sleep(Duration::from_secs(60)).await;
    app.settle().await;
    assert_eq!(stage.log.lines(), ["stumbled"], "it is not handled again");
    assert_eq!(stage.dead_letters().await, 0);
    app.stop().await.expect("a clean stop");
}
