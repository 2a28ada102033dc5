//! Plays in Discord what a QueUp room plays: each song from where the room is in it, with the room's votes beside it.
//!
//! The bot enters the first voice channel of each guild. When the room skips, Discord skips; when the room falls silent,
//! the player is paused. After a restart the song goes on, and is sought only if it is elsewhere than the room's.
//!
//! `cargo run -p antiphon --example room_radio`

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use antiphon::{
    App, BoxError, Clock, HandlerError, HandlerExt as _, State,
    discord::{
        self, GuildCreate,
        model::{
            ChannelType,
            id::{
                Id,
                marker::{ChannelMarker, MessageMarker},
            },
        },
    },
    lavalink::{
        Extras, GuildId, LoadError, PlayOptions, Playable, Player, Pool, TrackException,
        TrackSource,
    },
    queup::{self, ChatSkip, Dub, PlaylistActive, Song, SongChange, SongId},
};
use room_stage::Parts;
use serde::{Deserialize, Serialize};

pub mod room_stage;

/// Difference between room and player above which the player seeks.
const DRIFT: Duration = Duration::from_secs(5);

/// The extras of a track: which entry of the room's queue it is.
#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    song: String,
}

/// The announcement of a song in each text channel.
type Announced = BTreeMap<Id<ChannelMarker>, (SongId, Id<MessageMarker>)>;

/// The state of the handlers.
#[derive(Clone, Debug)]
pub struct Radio {
    clock: Clock,
    rooms: queup::Client,
    client: discord::Client,
    pool: Pool,
    /// The announcement of the current song in each text channel.
    announced: Arc<Mutex<Announced>>,
}

impl Radio {
    fn announced(&self) -> MutexGuard<'_, Announced> {
        self.announced
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The text channel of a guild in which songs are announced: the first, by the cache, which outlives a restart.
    fn text_channel(&self, guild: GuildId) -> Option<Id<ChannelMarker>> {
        let channels = self.client.cache().channels(Id::new(guild.get()));
        let mut channels = channels.into_iter();
        let first = channels.find(|channel| channel.kind == ChannelType::GuildText);
        first.map(|channel| channel.id)
    }

    /// The room's song as QueUp tells now; absent while nothing plays, and before the room is joined.
    async fn song(&self) -> Result<Option<Song>, HandlerError> {
        match self.rooms.rooms().into_iter().next() {
            Some(room) => Ok(room.fetch_active_song().await?),
            None => Ok(None),
        }
    }

    /// Where the room is in a song.
    fn position(&self, song: &Song) -> Duration {
        let played = song.played_at.unwrap_or_else(|| self.clock.now());
        let passed = self.clock.now().duration_since(played).as_millis();
        Duration::from_millis(u64::try_from(passed).unwrap_or_default())
    }

    /// The track of a song: at its own address, or else the best match of its name.
    async fn find(&self, song: &Song) -> Result<Option<Playable>, HandlerError> {
        if let Some(link) = self.rooms.fetch_song_link(song).await? {
            match self.pool.fetch_tracks(link.url()).await {
                Ok(found) if !found.is_empty() => return Ok(found.first().cloned()),
                // The source refuses the address, as with a video that is not available at the node.
                Ok(_) | Err(LoadError::Failed(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let info = song.song_info.as_ref();
        let source = match info.map(|info| info.source.as_str()) {
            Some("soundcloud") => TrackSource::SoundCloud,
            _ => TrackSource::YouTube,
        };
        let words = song.name().replace(" - ", " ");
        match self.pool.search(&words, &source).await {
            Ok(found) => Ok(found.first().cloned()),
            Err(LoadError::Failed(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Lets a player play what the room plays. It may be called any number of times.
    async fn follow(&self, player: &Player, song: Option<&Song>) -> Result<(), HandlerError> {
        let Some(song) = song else {
            if player.current().is_some() && !player.paused() {
                player.pause(true).await?;
            }
            return Ok(());
        };
        let at = self.position(song);
        let entry = |track: &Playable| track.extras.get::<String>("song");
        let current = player.current().and_then(|track| entry(&track));
        if current.as_deref() == Some(song.id.as_str()) {
            if player.paused() {
                player.pause(false).await?;
            }
            if player.position().abs_diff(at) > DRIFT {
                player.seek(at).await?;
            }
            return Ok(());
        }
        let length = Duration::from_millis(u64::try_from(song.length).unwrap_or_default());
        if !length.is_zero() && at >= length {
            // It is over, and the next event tells what follows.
            return Ok(());
        }
        let Some(track) = self.find(song).await? else {
            player.stop().await?;
            return Ok(());
        };
        let extras = Extras::new(&Entry {
            song: song.id.as_str().to_owned(),
        })?;
        let options = PlayOptions::new()
            .start(at)
            .paused(false)
            .add_history(false);
        player.play_with(track.with_extras(extras), options).await?;
        Ok(())
    }

    /// Lets every player follow the room.
    async fn follow_all(&self, song: Option<&Song>) -> Result<(), HandlerError> {
        for player in self.pool.players() {
            self.follow(&player, song).await?;
        }
        Ok(())
    }

    /// Announces a song, or changes its announcement.
    async fn show(&self, song: &Song, line: &str) -> Result<(), HandlerError> {
        for player in self.pool.players() {
            let Some(room) = self.text_channel(player.guild()) else {
                continue;
            };
            let known = self.announced().get(&room).cloned();
            let known = known.filter(|(id, _)| *id == song.id);
            let message = if let Some((_, message)) = known {
                message
            } else {
                // The song is the nonce, so that its message is found again after a restart.
                let message = self.client.create_message(room).content(line);
                let message = message.nonce(song.id.as_str()).await?;
                let announced = (song.id.clone(), message.id);
                self.announced().insert(room, announced);
                if message.content == line {
                    continue;
                }
                message.id
            };
            let update = self.client.update_message(room, message);
            update.content(Some(line)).await?;
        }
        Ok(())
    }
}

/// Enters the first voice channel of each guild.
async fn tune_in(create: GuildCreate, State(radio): State<Radio>) -> Result<(), HandlerError> {
    let Some(guild) = create.guild() else {
        return Ok(());
    };
    let first = |kind| guild.channels.iter().find(|channel| channel.kind == kind);
    let Some(channel) = first(ChannelType::GuildVoice) else {
        return Ok(());
    };
    let player = radio.pool.player_in(guild.id.get());
    // After a restart the player is still at its node.
    if player.channel().is_none() {
        player.connect(channel.id.get()).await?;
    }
    let song = radio.song().await?;
    radio.follow(&player, song.as_ref()).await
}

/// Plays the song that plays when the room is joined, and after an outage.
async fn joined(active: PlaylistActive, State(radio): State<Radio>) -> Result<(), HandlerError> {
    radio.follow_all(active.song.as_ref()).await
}

/// Plays the next song, or pauses.
async fn changed(change: SongChange, State(radio): State<Radio>) -> Result<(), HandlerError> {
    radio.follow_all(change.song.as_ref()).await?;
    if let Some(song) = &change.song {
        radio.show(song, &format!("♪ {}", song.name())).await?;
    }
    Ok(())
}

/// Skips with the room: without a next song, QueUp tells nothing else.
async fn skipped(_: ChatSkip, State(radio): State<Radio>) -> Result<(), HandlerError> {
    let song = radio.song().await?;
    radio.follow_all(song.as_ref()).await
}

/// Shows the votes.
async fn voted(dub: Dub, State(radio): State<Radio>) -> Result<(), HandlerError> {
    let rooms = radio.rooms.rooms().into_iter();
    let named = rooms.filter_map(|room| room.current_song());
    let song = named.into_iter().find(|song| song.id == dub.song.id);
    let name = song.as_ref().map_or("", Song::name);
    let votes = format!("{} up, {} down", dub.song.up_dubs, dub.song.down_dubs);
    radio.show(&dub.song, &format!("♪ {name} ({votes})")).await
}

/// Says why a song is not heard.
async fn failed(failed: TrackException, State(radio): State<Radio>) -> Result<(), HandlerError> {
    let text = failed.player.and_then(|guild| radio.text_channel(guild));
    if let Some(room) = text {
        let line = format!("{} cannot be played here", failed.track.title);
        radio.client.create_message(room).content(&line).await?;
    }
    Ok(())
}

/// The whole radio.
pub fn app(parts: Parts) -> App<Radio> {
    let radio = Radio {
        clock: parts.clock,
        rooms: parts.room,
        client: parts.client,
        pool: parts.pool,
        announced: Arc::default(),
    };
    App::new(radio)
        .source(parts.rooms)
        .source(parts.gateway)
        .source(parts.nodes)
        .on(tune_in.attempts(5))
        .on(joined.attempts(5))
        .on(changed.attempts(5))
        .on(skipped.attempts(5))
        .on(voted)
        .on(failed)
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    room_stage::play("room_radio", app, async |sim| {
        let room = sim.queup().room(room_stage::ROOM);
        let lavalink = sim.lavalink();
        for (index, title) in ["Slow Tide at Dusk", "Lantern Round"]
            .into_iter()
            .enumerate()
        {
            lavalink.add_track(&format!("radio{index:_>6}"), "The Choir", title, 180_000);
            room.queue("mira", &format!("The Choir - {title}"));
        }
        room_stage::pause().await;
        room.dub("teo", true);
        room.dub("ida", true);
        room_stage::pause().await;
        room.skip("mira");
        room_stage::pause().await;
    })
    .await
}
