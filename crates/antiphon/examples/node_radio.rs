//! Plays an endless radio that survives its node: when a node dies, the songs go on at another, from where they were.
//!
//! Each move is announced in the guild's first text channel, with its reason.
//!
//! `cargo run -p antiphon --example node_radio`

#![allow(clippy::print_stdout, reason = "an example speaks to a person")]

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use antiphon::{
    App, BoxError, Event, FromRef, HandlerError, HandlerExt as _, State,
    discord::{
        Client, GuildCreate,
        model::{
            ChannelType,
            id::{Id, marker::ChannelMarker},
        },
    },
    lavalink::{PlayerMigrated, Pool, QueueMode},
};
use music_stage::Parts;

pub mod music_stage;

/// The songs, played over and over.
pub const LIST: &str = "https://www.youtube.com/playlist?list=PLchoirloft";

/// The state of the handlers.
#[derive(Clone, Debug)]
pub struct Radio {
    client: Client,
    pool: Pool,
    /// Each guild's first text channel.
    rooms: Arc<Mutex<HashMap<u64, Id<ChannelMarker>>>>,
}

impl Radio {
    fn rooms(&self) -> MutexGuard<'_, HashMap<u64, Id<ChannelMarker>>> {
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FromRef<Radio> for Client {
    fn from_ref(radio: &Radio) -> Self {
        radio.client.clone()
    }
}

/// Begins to play in the first voice channel of each guild, unless the radio plays there already.
async fn tune_in(create: GuildCreate, State(radio): State<Radio>) -> Result<(), HandlerError> {
    let Some(guild) = create.guild() else {
        return Ok(());
    };
    let first = |kind| guild.channels.iter().find(|channel| channel.kind == kind);
    if let Some(room) = first(ChannelType::GuildText) {
        radio.rooms().insert(guild.id.get(), room.id);
    }
    let Some(channel) = first(ChannelType::GuildVoice) else {
        return Ok(());
    };
    let player = radio.pool.player_in(guild.id);
    // After a restart the players are still at their nodes.
    if player.current().is_some() {
        return Ok(());
    }
    player.connect(channel.id).await?;
    let found = radio.pool.fetch_tracks(LIST).await?;
    let queue = player.queue();
    queue.set_mode(QueueMode::LoopAll).await?;
    queue.put(found).await?;
    let track = queue.get().await?;
    player.play(track).await?;
    Ok(())
}

/// Announces the reason of a moment of silence.
async fn moved(
    moved: PlayerMigrated,
    event: Arc<Event>,
    State(radio): State<Radio>,
) -> Result<(), HandlerError> {
    let room = moved
        .player
        .and_then(|guild| radio.rooms().get(&guild.get()).copied());
    if let Some(room) = room {
        let line = format!(
            "now playing from {} instead of {} ({})",
            moved.to, moved.from, moved.reason
        );
        let post = radio.client.create_message(room).content(&line);
        post.nonce_of(&event).await?;
    }
    Ok(())
}

/// The whole radio.
pub fn app(parts: Parts) -> App<Radio> {
    let radio = Radio {
        client: parts.client,
        pool: parts.pool,
        rooms: Arc::default(),
    };
    App::new(radio)
        .source(parts.gateway)
        .source(parts.nodes)
        .on(tune_in.attempts(5))
        .on(moved)
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    music_stage::play("node_radio", app, async |sim| {
        let heard = || {
            let players = sim.lavalink().players().into_iter();
            players
                .into_iter()
                .find(|player| player.connected && player.track.is_some())
        };
        while heard().is_none() {
            music_stage::pause().await;
        }
        if let Some(player) = heard() {
            println!("(the node {} dies)", player.node);
            sim.lavalink()
                .node(player.node)
                .kill(std::time::Duration::from_secs(3600));
        }
        while heard().is_none() {
            music_stage::pause().await;
        }
    })
    .await
}
