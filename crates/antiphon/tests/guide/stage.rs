//! An app of the guide, connected to the simulator on a paused clock.

use std::{sync::Arc, time::Duration};

use antiphon::{
    App,
    discord::{self, Client, Config, Intents, Source, model::Message, model::id::Id},
    journal::MemoryJournal,
    queup, stackexchange,
    testing::TestApp,
};
use antiphon_sim::{Simulator, discord::Discord, stackexchange::StackExchange};
use serde_json::Value;

/// The channel of the simulated Discord.
pub const CHANNEL: &str = "loft";
/// The bot.
pub const BOT: &str = Discord::BOT;
/// Longer than any scene takes on the paused clock.
const LONG: Duration = Duration::from_secs(300);
/// The room of the simulated QueUp.
pub const ROOM: &str = "choir-loft";

/// A bot's configuration.
pub fn bot(sim: &Simulator, intents: Intents) -> Config {
    let config = Config::new(sim.discord().token(), intents);
    config.network(sim.network()).clock(sim.clock())
}

/// A configuration in QueUp's room.
pub fn room(sim: &Simulator) -> queup::Config {
    let account = sim.queup().account();
    let account = queup::Account::new(account.email, account.password);
    let config = queup::Config::new(account).rooms([ROOM]);
    config.network(sim.network()).clock(sim.clock())
}

/// A configuration in the room of Stack Exchange chat.
pub fn chat_room(sim: &Simulator) -> stackexchange::Config {
    let account = sim.stackexchange().account();
    let account = stackexchange::Account::new(account.email, account.password);
    let config = stackexchange::Config::new(account).rooms([StackExchange::ROOM]);
    config.network(sim.network()).clock(sim.clock())
}

/// An app that is connected, its simulator and its journal.
pub struct Stage<S> {
    pub sim: Simulator,
    pub discord: Discord,
    pub journal: Arc<MemoryJournal>,
    pub app: TestApp<S>,
    configure: fn(Config) -> Config,
}

impl<S: Send + Sync + 'static> Stage<S> {
    /// Starts an app.
    pub async fn start(sim: Simulator, journal: Arc<MemoryJournal>, app: App<S>) -> Self {
        let app = TestApp::start(app, Arc::clone(&journal)).await;
        app.settle().await;
        Self {
            discord: sim.discord(),
            sim,
            journal,
            app,
            configure: |config| config,
        }
    }

    /// Starts a bot of Discord alone.
    pub async fn enter(app: impl FnOnce(Client, Source) -> App<S>) -> Self {
        Self::configured(|config| config, app).await
    }

    /// Starts a bot of Discord alone with a configuration of its own.
    pub async fn configured(
        configure: fn(Config) -> Config,
        app: impl FnOnce(Client, Source) -> App<S>,
    ) -> Self {
        Self::connect(Simulator::with_seed(7), Arc::default(), configure, app).await
    }

    /// Crashes the bot, and starts it again on its journal.
    pub async fn restart(self, app: impl FnOnce(Client, Source) -> App<S>) -> Self {
        self.app.crash().await;
        Self::connect(self.sim, self.journal, self.configure, app).await
    }

    async fn connect(
        sim: Simulator,
        journal: Arc<MemoryJournal>,
        configure: fn(Config) -> Config,
        app: impl FnOnce(Client, Source) -> App<S>,
    ) -> Self {
        let intents = Intents::GUILDS
            | Intents::GUILD_MESSAGES
            | Intents::GUILD_MESSAGE_REACTIONS
            | Intents::MESSAGE_CONTENT;
        let (client, source) = discord::connect(configure(bot(&sim, intents)));
        let mut stage = Self::start(sim, journal, app(client, source)).await;
        stage.configure = configure;
        stage
    }

    /// Waits until something holds.
    pub async fn until(&self, condition: impl Fn() -> bool) {
        let seen = tokio::time::timeout(LONG, self.app.until(condition)).await;
        let room = self.sim.queup().room(ROOM).texts();
        let texts = (self.discord.texts(CHANNEL), room);
        assert!(seen.is_ok(), "it never holds; what was said: {texts:?}");
    }

    /// Waits until every task waits for something: on a paused clock, time passes only then.
    pub async fn idle(&self) {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }

    /// Says something, and waits for so many messages of the bot.
    pub async fn say(&self, by: &str, text: &str, answers: u16) -> Vec<Message> {
        let before = self.discord.texts(CHANNEL).len();
        self.discord.say(CHANNEL, by, text);
        let expected = before + 1 + usize::from(answers);
        self.until(|| self.discord.texts(CHANNEL).len() >= expected)
            .await;
        let (client, _) = discord::connect(bot(&self.sim, Intents::empty()));
        let channel = Id::new(self.discord.channel_id());
        client
            .channel_messages(channel)
            .limit(answers)
            .await
            .expect("a page")
    }

    /// Waits until the channel has this text.
    pub async fn until_said(&self, text: &str) {
        let is_said = || self.discord.texts(CHANNEL).iter().any(|said| said == text);
        self.until(is_said).await;
    }

    /// What the bot answered at once, while its handler may go on.
    pub async fn first_response(&self, interaction: u64) -> Value {
        assert_ne!(interaction, 0, "the simulator takes it");
        self.until(|| self.discord.answer_to(interaction).is_some())
            .await;
        self.idle().await;
        self.discord.response_to(interaction).expect("answered")
    }

    /// What the bot answered.
    pub async fn response(&self, interaction: u64) -> Value {
        self.first_response(interaction).await;
        self.app.settle().await;
        self.discord.response_to(interaction).expect("answered")
    }

    /// The text that the bot answered.
    pub async fn text(&self, interaction: u64) -> String {
        let response = self.response(interaction).await;
        let text = response["message"]["content"].as_str();
        text.unwrap_or_default().to_owned()
    }

    /// A command of mira's.
    pub fn uses(&self, name: &str, options: &Value) -> u64 {
        self.discord.command(CHANNEL, "mira", BOT, name, options)
    }

    /// The text that the bot answers to a command of mira's.
    pub async fn command(&self, name: &str, options: &Value) -> String {
        self.text(self.uses(name, options)).await
    }

    /// A press on a button.
    pub fn press(&self, by: &str, custom_id: &str) -> u64 {
        self.discord.press(CHANNEL, by, BOT, custom_id)
    }
}
