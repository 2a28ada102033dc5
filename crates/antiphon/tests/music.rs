//! A Discord bot and its nodes, joined: Discord's voice events reach the players, and the players' requests Discord.

mod support;

use std::{sync::Arc, time::Duration};

use antiphon::{
    App, HandlerError, HandlerExt as _, State,
    discord::{self, Client, Intents, MessageCreate, model::id::Id},
    journal::MemoryJournal,
    lavalink::{self, NodeConfig, Playable, PlayerError, Pool},
    music,
    testing::TestApp,
};
use antiphon_sim::Simulator;
use support::Log;

/// The state of the handlers.
#[derive(Clone)]
struct Bot {
    pool: Pool,
    song: Playable,
    channel: u64,
    log: Log,
}

/// Enters the channel and plays there, in one handler.
async fn play(message: MessageCreate, State(bot): State<Bot>) -> Result<(), HandlerError> {
    let guild = message.guild_id.map(Id::get).unwrap_or_default();
    let player = bot.pool.player_in(guild);
    let entered = player.connect(bot.channel).await;
    bot.log.note(match &entered {
        Ok(()) => "entered".to_owned(),
        Err(error) => antiphon_core::error_chain(error),
    });
    if entered.is_ok() {
        player.play(bot.song.clone()).await?;
        bot.log.note("plays");
    }
    Ok(())
}

fn intents() -> Intents {
    Intents::GUILDS
        | Intents::GUILD_MESSAGES
        | Intents::MESSAGE_CONTENT
        | Intents::GUILD_VOICE_STATES
}

struct Stage {
    sim: Simulator,
    journal: Arc<MemoryJournal>,
}

impl Stage {
    fn new() -> Self {
        let sim = Simulator::with_seed(7);
        sim.lavalink()
            .add_track("evensong___", "The Choir", "Evensong", 3_600_000);
        Self {
            sim,
            journal: Arc::default(),
        }
    }

    fn guild(&self) -> u64 {
        self.sim.discord().guild_id()
    }

    /// Number of voice states and voice servers that Discord has sent.
    fn voice_events(&self) -> u64 {
        let bot = self.sim.discord().account().id.to_string();
        let due = self.sim.ledger().due_to(&bot);
        ["discord.VOICE_STATE_UPDATE", "discord.VOICE_SERVER_UPDATE"]
            .iter()
            .filter_map(|kind| due.get(*kind))
            .sum()
    }

    /// A bot on this journal, once it is connected everywhere.
    async fn start(
        &self,
        intents: Intents,
        user: Option<u64>,
    ) -> (TestApp<Bot>, Client, Pool, Log) {
        let (sim, log) = (&self.sim, Log::default());
        let config = discord::Config::new(sim.discord().token(), intents)
            .network(sim.network())
            .clock(sim.clock());
        let (client, gateway) = discord::connect(config);
        let node = sim.lavalink().node("eu-1");
        let node = NodeConfig::new(node.name(), node.url(), node.password());
        let config = match user {
            Some(user) => lavalink::Config::new(user, [node]),
            None => lavalink::Config::without_user([node]),
        };
        let config = config.network(sim.network()).clock(sim.clock());
        let (pool, nodes) = music::connect(&client, config);
        let song = sim.lavalink().track("evensong___").expect("a track");
        let bot = Bot {
            pool: pool.clone(),
            song: Playable::decode(&song).expect("a track"),
            channel: sim.discord().voice_channel_id(),
            log: log.clone(),
        };
        let app = App::new(bot)
            .source(gateway)
            .source(nodes)
            .on(play.when(|message| message.content == "!play"));
        let app = TestApp::start(app, Arc::clone(&self.journal)).await;
        app.until(|| client.link().borrow().is_connected() && pool.link().borrow().is_connected())
            .await;
        (app, client, pool, log)
    }

    async fn bot(&self) -> (TestApp<Bot>, Client, Pool, Log) {
        self.start(intents(), None).await
    }

    fn ask(&self) {
        let discord = self.sim.discord();
        discord.say(&discord.channel_id().to_string(), "mira", "!play");
    }

    /// Whether the guild's player is heard, and where it is in its song.
    fn heard(&self) -> Option<i64> {
        let player = self.sim.lavalink().node("eu-1").player(self.guild())?;
        (player.connected && player.track.is_some() && !player.paused).then_some(player.position)
    }
}

#[tokio::test(start_paused = true)]
async fn a_channel_is_entered_by_one_call_inside_a_handler() {
    let stage = Stage::new();
    let (app, _client, pool, log) = stage.bot().await;
    stage.ask();
    app.until(|| log.len() == 2).await;
    assert_eq!(log.lines(), ["entered", "plays"]);
    app.until(|| stage.heard().is_some_and(|at| at > 1000))
        .await;
    let player = pool.player(stage.guild()).expect("a player");
    assert_eq!(player.current().expect("a song").title, "Evensong");
    app.stop().await.expect("a clean stop");
}

#[tokio::test(start_paused = true)]
async fn whoever_throws_the_bot_out_of_the_channel_ends_its_player() {
    let stage = Stage::new();
    let (app, _client, pool, log) = stage.bot().await;
    stage.ask();
    app.until(|| log.len() == 2).await;
    let discord = stage.sim.discord();
    discord.leave_voice(&stage.guild().to_string(), &discord.account().username);
    app.until(|| pool.player(stage.guild()).is_none()).await;
    app.until(|| stage.heard().is_none()).await;
    app.stop().await.expect("a clean stop");
}

#[tokio::test(start_paused = true)]
async fn a_new_voice_server_reaches_the_node_and_the_song_goes_on() {
    let stage = Stage::new();
    let (app, _client, pool, log) = stage.bot().await;
    stage.ask();
    app.until(|| log.len() == 2).await;
    app.until(|| stage.heard().is_some_and(|at| at > 60_000))
        .await;
    let discord = stage.sim.discord();
    discord.change_voice_server(&stage.guild().to_string(), &discord.account().username);
    app.settle().await;
    app.until(|| stage.heard().is_some_and(|at| at > 90_000))
        .await;
    assert!(pool.player(stage.guild()).is_some());
    app.stop().await.expect("a clean stop");
}

#[tokio::test(start_paused = true)]
async fn a_gateway_session_that_began_anew_brings_players_back_to_their_channels() {
    let stage = Stage::new();
    let (app, client, pool, log) = stage.bot().await;
    stage.ask();
    app.until(|| log.len() == 2).await;
    app.until(|| stage.heard().is_some_and(|at| at > 30_000))
        .await;
    let discord = stage.sim.discord();
    let bot = discord.account().username;
    let identifies = discord.identifies(&bot);
    // The bot is away for longer than its session lives: Discord forgets the bot's channel and closes its voice.
    discord.session_life(Duration::from_secs(5));
    discord.refuse_sockets(Duration::from_secs(60));
    discord.cut();
    app.until(|| !client.link().borrow().is_connected()).await;
    app.until(|| client.link().borrow().is_connected()).await;
    app.settle().await;
    assert!(discord.identifies(&bot) > identifies, "it is a new session");
    app.until(|| stage.heard().is_some_and(|at| at > 95_000))
        .await;
    assert!(discord.voice(&stage.guild().to_string(), &bot).is_some());
    let player = pool.player(stage.guild()).expect("the same player");
    assert_eq!(player.current().expect("a song").title, "Evensong");
    app.stop().await.expect("a clean stop");
}

#[tokio::test(start_paused = true)]
async fn a_session_that_is_not_valid_any_more_silences_a_player_for_seconds_only() {
    let stage = Stage::new();
    let (app, _client, _pool, log) = stage.bot().await;
    stage.ask();
    app.until(|| log.len() == 2).await;
    app.until(|| stage.heard().is_some()).await;
    stage.sim.discord().invalidate(false);
    let lost = tokio::time::Instant::now();
    app.until(|| stage.heard().is_none()).await;
    app.until(|| stage.heard().is_some()).await;
    // Discord wants a pause of up to five seconds before a new session; without `voice_lost` a player waits for ten.
    let silent = lost.elapsed();
    assert!(silent < Duration::from_secs(8), "{silent:?}");
    app.stop().await.expect("a clean stop");
}

#[tokio::test(start_paused = true)]
async fn a_restart_finds_the_song_playing_and_asks_discord_nothing() {
    let stage = Stage::new();
    let (app, ..) = stage.bot().await;
    stage.ask();
    app.until(|| stage.heard().is_some_and(|at| at > 10_000))
        .await;
    app.stop().await.expect("a clean stop");
    let node = stage.sim.lavalink().node("eu-1");
    let before = node.requests().len();
    let voice = stage.voice_events();
    assert!(voice > 0, "the player entered");
    let bot = stage.sim.discord().account();
    let identifies = stage.sim.discord().identifies(&bot.username);
    let (app, _client, pool, _log) = stage.bot().await;
    app.settle().await;
    // A command may follow late, once the players were compared with their nodes.
    tokio::time::sleep(Duration::from_secs(30)).await;
    // The session was resumed, and brought no READY that names the bot.
    assert_eq!(stage.sim.discord().identifies(&bot.username), identifies);
    assert_eq!(pool.user(), Some(bot.id.into()));
    // Discord answers each voice command with events.
    assert_eq!(stage.voice_events(), voice);
    assert!(stage.heard().is_some());
    assert!(pool.player(stage.guild()).is_some(), "it was found again");
    let patched = node.requests().into_iter().skip(before);
    let patched: Vec<_> = patched
        .filter(|request| request.body.contains("track"))
        .collect();
    assert!(patched.is_empty(), "{patched:?}");
    app.stop().await.expect("a clean stop");
}

#[tokio::test(start_paused = true)]
async fn a_bot_that_is_not_told_of_voice_says_which_intent_is_missing() {
    let stage = Stage::new();
    let intents = intents() - Intents::GUILD_VOICE_STATES;
    let (app, _client, _pool, log) = stage.start(intents, None).await;
    stage.ask();
    app.until(|| log.len() == 1).await;
    assert!(
        log.lines()[0].contains("the intent GUILD_VOICE_STATES (bit 7) is missing"),
        "{:?}",
        log.lines()
    );
    app.stop().await.expect("a clean stop");
}

#[tokio::test(start_paused = true)]
async fn a_pool_for_another_user_than_the_bot_says_so() {
    let stage = Stage::new();
    let (app, _client, pool, log) = stage.start(intents(), Some(42)).await;
    stage.ask();
    app.until(|| log.len() == 1).await;
    assert!(
        log.lines()[0].contains("the pool was made for the user 42"),
        "{:?}",
        log.lines()
    );
    let refused = pool.player_in(stage.guild()).connect(1_u64).await;
    assert!(
        matches!(refused, Err(PlayerError::Gateway(_))),
        "{refused:?}"
    );
    app.stop().await.expect("a clean stop");
}
