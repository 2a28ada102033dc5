//! Each example of components, forms, embeds and files does what its first line says, against the simulator.

#![allow(
    dead_code,
    clippy::duplicate_mod,
    unreachable_pub,
    missing_docs,
    reason = "the examples are programs of their own; their parts are used here"
)]

use antiphon::{
    App,
    discord::{self, Client, Config, Intents, Source, model::Message, model::id::Id},
    journal::MemoryJournal,
    testing::TestApp,
};
use antiphon_sim::{Simulator, discord::Discord};
use serde_json::{Value, json};

#[path = "../examples/buttons.rs"]
mod buttons;
#[path = "../examples/embeds.rs"]
mod embeds;
#[path = "../examples/files.rs"]
mod files;
#[path = "../examples/forms.rs"]
mod forms;
#[path = "../examples/pagination.rs"]
mod pagination;

#[path = "../examples/bot_stage/mod.rs"]
mod bot_stage;

use bot_stage::CHANNEL;

/// A bot that is connected.
struct Stage<S> {
    /// Simulator, whose network ends with it.
    sim: Simulator,
    discord: Discord,
    client: Client,
    app: TestApp<S>,
}

impl<S: Send + Sync + 'static> Stage<S> {
    async fn enter(app: impl FnOnce(Client, Source) -> App<S>) -> Self {
        let sim = Simulator::with_seed(7);
        let intents = Intents::GUILDS | Intents::GUILD_MESSAGES | Intents::MESSAGE_CONTENT;
        let config = Config::new(sim.discord().token(), intents);
        let (client, source) = discord::connect(config.network(sim.network()).clock(sim.clock()));
        let app = TestApp::start(app(client.clone(), source), MemoryJournal::new()).await;
        app.until(|| client.link().borrow().is_connected()).await;
        app.settle().await;
        Self {
            discord: sim.discord(),
            sim,
            client,
            app,
        }
    }

    /// Says something, and waits for so many messages of the bot.
    async fn say(&self, text: &str, answers: usize) -> Vec<Message> {
        let before = self.discord.texts(CHANNEL).len();
        self.discord.say(CHANNEL, "mira", text);
        self.app
            .until(|| self.discord.texts(CHANNEL).len() > before + answers)
            .await;
        let channel = Id::new(self.discord.channel_id());
        let limit = u16::try_from(answers).expect("few");
        let messages = self.client.channel_messages(channel).limit(limit).await;
        messages.expect("a page").into_iter().rev().collect()
    }

    async fn response(&self, interaction: u64) -> Value {
        assert_ne!(interaction, 0, "the simulator takes it");
        self.app
            .until(|| self.discord.answer_to(interaction).is_some())
            .await;
        self.app.settle().await;
        self.discord.response_to(interaction).expect("answered")
    }

    async fn text(&self, interaction: u64) -> String {
        let response = self.response(interaction).await;
        response["message"]["content"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    fn press(&self, by: &str, custom_id: &str) -> u64 {
        self.discord.press(CHANNEL, by, Discord::BOT, custom_id)
    }
}

#[tokio::test(start_paused = true)]
async fn the_poll_counts_presses_and_choices() {
    let stage = Stage::enter(buttons::app).await;
    let poll = stage.say("!sing Miserere: part 1", 1).await;
    assert_eq!(poll[0].content, "Do we sing Miserere: part 1?");
    let yes = stage.press("teo", r"vote:for:Miserere\: part 1");
    assert_eq!(stage.text(yes).await, "teo sings Miserere: part 1.");
    let no = stage.press("mira", r"vote:against:Miserere\: part 1");
    assert_eq!(stage.text(no).await, "mira does not sing Miserere: part 1.");
    let voice = stage
        .discord
        .select(CHANNEL, "teo", Discord::BOT, "voice", &["low"]);
    assert_eq!(stage.text(voice).await, "You are the first one.");
    stage.app.stop().await.expect("a clean stop");
}

#[tokio::test(start_paused = true)]
async fn the_form_comes_back_typed_or_explained() {
    let stage = Stage::enter(forms::app).await;
    stage.say("!join", 1).await;
    stage.response(stage.press("mira", "ask")).await;
    let fields = json!({"name": "Mira", "voice": "alto", "years": "twelve"});
    let wrong = stage.discord.submit("mira", Discord::BOT, None, &fields);
    assert_eq!(
        stage.text(wrong).await,
        "**Years of singing** is no whole number from 0 to 255"
    );
    stage.response(stage.press("mira", "ask")).await;
    let fields = json!({"name": "Mira", "voice": "alto", "years": "12", "recording": ["a.ogg"]});
    let sent = stage.discord.submit("mira", Discord::BOT, None, &fields);
    let welcome = "Welcome, Mira (Alto, 12 years, likes everything). We will listen to a.ogg.";
    assert_eq!(stage.text(sent).await, welcome);
    stage.app.stop().await.expect("a clean stop");
}

#[tokio::test(start_paused = true)]
async fn the_list_is_turned_and_the_question_answered() {
    let stage = Stage::enter(pagination::app).await;
    for name in ["songs", "forget"] {
        let command = json!({"name": name, "description": name});
        stage.discord.register(Discord::BOT, None, &command);
    }
    let use_command = |name| {
        stage
            .discord
            .command(CHANNEL, "mira", Discord::BOT, name, &json!([]))
    };
    let button = |response: &Value, at: usize| {
        let button = &response["message"]["components"][0]["components"][at]["custom_id"];
        button.as_str().expect("a button").to_owned()
    };
    let songs = stage.response(use_command("songs")).await;
    let last = stage
        .response(stage.press("mira", &button(&songs, 4)))
        .await;
    let text = last["message"]["embeds"][0]["description"]
        .as_str()
        .expect("a list");
    assert!(
        text.starts_with("141. Psalm 141") && text.ends_with("150. Psalm 150"),
        "{text}"
    );
    let asked = stage.response(use_command("forget")).await;
    let yes = stage.press("mira", &button(&asked, 0));
    assert_eq!(stage.text(yes).await, "Psalm 7 is forgotten.");
    stage.app.stop().await.expect("a clean stop");
}

#[tokio::test(start_paused = true)]
async fn an_embed_and_a_layout_are_shown() {
    let stage = Stage::enter(embeds::app).await;
    let shown = stage.say("!now", 1).await;
    let embed = &shown[0].embeds[0];
    let fields = embed.fields.iter().flatten().map(|field| &*field.name);
    assert_eq!(fields.collect::<Vec<_>>(), ["Key", "Length"]);
    let shown = stage.say("!card", 1).await;
    let card = serde_json::to_value(&shown[0].components).expect("JSON");
    assert_eq!(
        card[0]["components"][0]["components"][0]["content"],
        "# Miserere mei, Deus"
    );
    stage.app.stop().await.expect("a clean stop");
}

#[tokio::test(start_paused = true)]
async fn files_are_shown_in_an_embed_and_in_a_layout() {
    let stage = Stage::enter(files::app).await;
    let shown = stage.say("!score", 2).await;
    let names = shown
        .iter()
        .map(|message| &*message.attachments[0].filename);
    assert_eq!(names.collect::<Vec<_>>(), ["cover.png", "notes.txt"]);
    stage.app.stop().await.expect("a clean stop");
}
