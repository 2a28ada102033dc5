//! Plays the song that `/play` names, in the voice channel of its user; also takes `/skip`, `/pause`, `/volume`,
//! `/queue`, `/stop` and `/leave`.
//!
//! The handler itself enters the channel and begins the song; each song is announced where `/play` was said last.
//!
//! `cargo run -p antiphon --example music_bot`

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use antiphon::{
    App, BoxError, Event, FromRef, HandlerError, HandlerExt as _, State,
    discord::{
        Client, InteractionCreate, Ready,
        model::{
            CommandOptionValue, InteractionData, InteractionType,
            id::{Id, marker::ChannelMarker},
        },
    },
    lavalink::{AutoPlayMode, GuildId, Player, PlayerError, Pool, Search, TrackSource, TrackStart},
};
use music_stage::Parts;
use serde_json::json;

pub mod music_stage;

/// The state of the handlers.
#[derive(Clone, Debug)]
pub struct Bot {
    client: Client,
    pool: Pool,
    /// The channel of each guild's last `/play`.
    rooms: Arc<Mutex<HashMap<GuildId, Id<ChannelMarker>>>>,
}

impl FromRef<Bot> for Client {
    fn from_ref(bot: &Bot) -> Self {
        bot.client.clone()
    }
}

impl Bot {
    fn rooms(&self) -> MutexGuard<'_, HashMap<GuildId, Id<ChannelMarker>>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Enters the user's channel and plays or queues the tracks that were found; returns the answer.
    async fn play(&self, command: &InteractionCreate, words: &str) -> Result<String, HandlerError> {
        let (Some(guild), Some(user)) = (command.guild_id, command.author_id()) else {
            return Ok("music plays in guilds only".to_owned());
        };
        let place = match self.client.user_voice_state(guild, user).await {
            Ok(state) => state.channel_id,
            Err(error) if error.status() == Some(404) => None,
            Err(error) => return Err(error.into()),
        };
        let Some(place) = place else {
            return Ok("enter a voice channel first".to_owned());
        };
        let player = self.pool.player_in(guild);
        if let Some(room) = command.channel.as_ref() {
            self.rooms().insert(player.guild(), room.id);
        }
        match player.connect(place).await {
            Ok(()) => {}
            Err(error @ (PlayerError::ChannelTimeout(_) | PlayerError::Gateway(_))) => {
                return Ok(error.to_string());
            }
            Err(error) => return Err(error.into()),
        }
        player.set_autoplay(AutoPlayMode::Partial).await?;
        let found = self.pool.search(words, &TrackSource::YouTube).await?;
        let (what, tracks) = match &found {
            Search::Playlist(list) => (list.name.clone(), &list.tracks[..]),
            Search::Tracks(tracks) => match tracks.first() {
                Some(first) => (first.title.clone(), &tracks[..1]),
                None => return Ok(format!("nothing is called \"{words}\"")),
            },
        };
        player.queue().put(tracks.to_vec()).await?;
        if player.current().is_none() {
            let first = player.queue().get().await?;
            player.play(first).await?;
            return Ok(format!("here comes {what}"));
        }
        Ok(format!("{what} is in the queue"))
    }
}

/// Carries out one of the other commands; returns the answer.
async fn act(player: &Player, name: &str, number: Option<i64>) -> Result<String, PlayerError> {
    Ok(match name {
        "skip" => match player.skip(true).await? {
            Some(track) => format!("{} is skipped", track.title),
            None => "nothing plays".to_owned(),
        },
        "pause" => {
            let pause = !player.paused();
            player.pause(pause).await?;
            if pause { "paused" } else { "on we go" }.to_owned()
        }
        "volume" => {
            let volume = number.and_then(|number| u16::try_from(number).ok());
            player.set_volume(volume.unwrap_or(100)).await?;
            format!("the volume is {} %", player.volume())
        }
        "queue" => {
            let queue = player.queue().snapshot();
            let titles = (1..).zip(queue.iter().take(10));
            let titles: Vec<_> = titles
                .map(|(n, track)| format!("{n}. {}", track.title))
                .collect();
            if titles.is_empty() {
                "nothing waits".to_owned()
            } else {
                titles.join("\n")
            }
        }
        "stop" => {
            player.queue().clear().await?;
            player.stop().await?;
            "silence".to_owned()
        }
        "leave" => {
            player.disconnect().await?;
            "good night".to_owned()
        }
        _ => "no such command".to_owned(),
    })
}

/// Handles every command; an answer may take longer than the three seconds that Discord waits for the first one.
async fn command(command: InteractionCreate, State(bot): State<Bot>) -> Result<(), HandlerError> {
    let Some(InteractionData::ApplicationCommand(data)) = &command.data else {
        return Ok(());
    };
    let answer = bot.client.interaction(&command);
    answer.defer().await?;
    let option = data.options.first().map(|option| &option.value);
    let said = match (&*data.name, option) {
        ("play", Some(CommandOptionValue::String(words))) => bot.play(&command, words).await?,
        (name, option) => {
            let number = match option {
                Some(CommandOptionValue::Integer(number)) => Some(*number),
                _ => None,
            };
            let player = command.guild_id.and_then(|guild| bot.pool.player(guild));
            match player {
                Some(player) => act(&player, name, number)
                    .await
                    .unwrap_or_else(|error| error.to_string()),
                None => "nothing plays here".to_owned(),
            }
        }
    };
    answer.update_response().content(Some(&said)).await?;
    Ok(())
}

/// Announces a song.
async fn announce(
    start: TrackStart,
    event: Arc<Event>,
    State(bot): State<Bot>,
) -> Result<(), HandlerError> {
    let room = start
        .player
        .and_then(|guild| bot.rooms().get(&guild).copied());
    // A song that goes on after an outage was announced when it began.
    if let Some(room) = room.filter(|_| !start.restored) {
        let line = format!("♪ {} by {}", start.track.title, start.track.author);
        let post = bot.client.create_message(room).content(&line);
        post.nonce_of(&event).await?;
    }
    Ok(())
}

/// Registers the commands at Discord.
async fn register(ready: Ready, State(client): State<Client>) -> Result<(), HandlerError> {
    let words = json!([{"type": 3, "name": "song", "description": "its name or address", "required": true}]);
    let number =
        json!([{"type": 4, "name": "percent", "description": "0 to 1000", "required": true}]);
    let commands = [
        ("play", "plays a song, or lines it up", words),
        ("skip", "goes on to the next song", json!([])),
        ("pause", "pauses, or goes on", json!([])),
        ("volume", "sets how loud it is", number),
        ("queue", "shows what comes next", json!([])),
        ("stop", "stops, and forgets what comes next", json!([])),
        ("leave", "leaves the voice channel", json!([])),
    ];
    let commands = commands.map(|(name, description, options)| {
        json!({"name": name, "description": description, "options": options})
    });
    client
        .set_global_commands(ready.application.id, &commands)
        .await?;
    Ok(())
}

/// The whole bot.
pub fn app(parts: Parts) -> App<Bot> {
    let bot = Bot {
        client: parts.client,
        pool: parts.pool,
        rooms: Arc::default(),
    };
    App::new(bot)
        .source(parts.gateway)
        .source(parts.nodes)
        .on(register)
        .on(command.when(|command| command.kind == Some(InteractionType::ApplicationCommand)))
        .on(announce)
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    music_stage::play("music_bot", app, async |sim| {
        let discord = sim.discord();
        let bot = discord.account().username;
        let song = |name: &str| json!([{"type": 3, "name": "song", "value": name}]);
        discord.join_voice("stalls", "mira");
        music_stage::pause().await;
        for (name, options) in [
            ("play", song("slow tide")),
            ("play", song("lantern")),
            ("queue", json!([])),
            ("skip", json!([])),
            ("leave", json!([])),
        ] {
            discord.command("loft", "mira", &bot, name, &options);
            music_stage::pause().await;
        }
    })
    .await
}
