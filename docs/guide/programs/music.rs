//! The program of the guide's chapter "Music".

// ANCHOR: program
use std::sync::Arc;

use antiphon::{
    App, BoxError, Event, FromRef, HandlerError, State,
    commands::{Command, Commands, Invocation, Refusal},
    discord::{self, Intents, model::id::Id},
    journal::SqliteJournal,
    lavalink::{
        self, AutoPlayMode, LyricsOptions, NodeConfig, Player, Pool, TrackSource, TrackStart,
    },
    music,
    net::Addresses,
};

/// Discord's client and the pool of nodes, as handlers ask for them.
#[derive(Clone, Debug, FromRef)]
pub struct Bot {
    client: discord::Client,
    pool: Pool,
}

// ANCHOR: play
/// Plays a song, or lines it up
#[derive(Command)]
#[command(contexts(Guild))]
struct Play {
    /// Its name or address
    song: String,
}

async fn play(play: Invocation<Play>, State(bot): State<Bot>) -> Result<(), HandlerError> {
    let guild = play.guild_id().ok_or(Refusal::new("Only in a server."))?;
    // Discord waits three seconds for an answer; a search may take longer.
    play.defer().await?;
    let channel = match bot.client.user_voice_state(guild, play.user_id()).await {
        Ok(state) => state.channel_id,
        Err(error) if error.status() == Some(404) => None,
        Err(error) => return Err(error.into()),
    };
    let channel = channel.ok_or(Refusal::new("Enter a voice channel first."))?;
    let found = bot.pool.search(&play.song, &TrackSource::YouTube).await?;
    let Some(track) = found.first().cloned() else {
        play.reply("Nothing is called that.").await?;
        return Ok(());
    };
    let player = bot.pool.player_in(guild);
    player.connect(channel).await?;
    player.set_autoplay(AutoPlayMode::Partial).await?;
    let title = track.title.clone();
    if player.current().is_some() {
        player.queue().put(track).await?;
        play.reply(format!("{title} is in the queue.")).await?;
    } else {
        player.play(track).await?;
        play.reply(format!("Here comes {title}.")).await?;
    }
    Ok(())
}
// ANCHOR_END: play

// ANCHOR: control
/// Controls what plays
#[derive(Command)]
#[command(contexts(Guild))]
enum Music {
    /// Goes on to the next song
    Skip,
    /// Pauses, or goes on
    Pause,
    /// Shows the lyrics of the song
    Lyrics,
    /// Leaves the channel
    Leave,
}

async fn control(control: Invocation<Music>, State(pool): State<Pool>) -> Result<(), HandlerError> {
    let player = control.guild_id().and_then(|guild| pool.player(guild));
    let player = player.ok_or(Refusal::new("Nothing plays here."))?;
    control.defer().await?;
    let text = act(&player, &control).await?;
    control.reply(text).await?;
    Ok(())
}

async fn act(player: &Player, control: &Music) -> Result<String, HandlerError> {
    Ok(match control {
        Music::Skip => match player.skip(true).await? {
            Some(track) => format!("{} is skipped.", track.title),
            None => "Nothing plays.".to_owned(),
        },
        Music::Pause => {
            let pause = !player.paused();
            player.pause(pause).await?;
            if pause { "Paused." } else { "On we go." }.to_owned()
        }
        Music::Lyrics => match player.fetch_lyrics(LyricsOptions::new()).await? {
            Some(lyrics) => lyrics.plain_text().chars().take(2000).collect(),
            None => "There are no lyrics.".to_owned(),
        },
        Music::Leave => {
            player.disconnect().await?;
            "Good night.".to_owned()
        }
    })
}
// ANCHOR_END: control

// ANCHOR: announce
/// Announces each song in the text of its voice channel.
async fn announce(
    start: TrackStart,
    event: Arc<Event>,
    State(bot): State<Bot>,
) -> Result<(), HandlerError> {
    let player = start.player.and_then(|guild| bot.pool.player(guild));
    let channel = player.and_then(|player| player.channel());
    // A song that goes on after an outage was announced when it began.
    if let Some(channel) = channel.filter(|_| !start.restored) {
        let line = format!("♪ {} by {}", start.track.title, start.track.author);
        let post = bot
            .client
            .create_message(Id::new(channel.get()))
            .content(&line);
        post.nonce_of(&event).await?;
    }
    Ok(())
}
// ANCHOR_END: announce

// ANCHOR: app
pub fn app(bot: discord::Config, nodes: lavalink::Config) -> App<Bot> {
    let (client, gateway) = discord::connect(bot);
    let (pool, nodes) = music::connect(&client, nodes);
    let commands = Commands::new(&client).add(play).add(control);
    App::new(Bot { client, pool })
        .source(gateway)
        .source(nodes)
        .commands(commands)
        .on(announce)
}
// ANCHOR_END: app

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let intents = Intents::GUILDS | Intents::GUILD_VOICE_STATES;
    let (bot, nodes) = match Addresses::from_env()? {
        Some(simulator) => (
            discord::Config::simulated(&simulator)?.intents(intents),
            lavalink::Config::without_user(NodeConfig::simulated(&simulator)?),
        ),
        None => {
            let (url, password) = (
                std::env::var("LAVALINK_URL")?,
                std::env::var("LAVALINK_PASSWORD")?,
            );
            let node = NodeConfig::new("main", url, password);
            (
                discord::Config::new(std::env::var("DISCORD_TOKEN")?, intents),
                lavalink::Config::without_user([node]),
            )
        }
    };
    let journal = SqliteJournal::open("music.sqlite").await?;
    app(bot, nodes)
        .run(journal, tokio::signal::ctrl_c())
        .await?;
    Ok(())
}
// ANCHOR_END: program

/// Runs the program, for the test.
pub fn run() -> Result<(), BoxError> {
    main()
}
