//! Counts the dubs of each song and tells the score: when the next song begins, and whenever someone says `!score`.
//!
//! A vote is kept per song and user, so that an event handled twice counts once.
//!
//! `cargo run -p antiphon --example dub_counter`

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use antiphon::{
    App, BoxError, FromRef, HandlerError, HandlerExt, State,
    queup::{
        Chat, Client, Dub, DubType, PlaylistSongAdd, RoomId, SongId, Source, UserId,
        view::Chat as ChatView,
    },
};

mod stage;

/// The votes of one song.
#[derive(Debug, Default)]
struct Score {
    name: String,
    votes: HashMap<UserId, DubType>,
}

impl Score {
    fn tell(&self) -> String {
        let up = self.votes.values().filter(|vote| **vote == DubType::UpDub);
        let up = up.count();
        format!(
            "\u{201c}{}\u{201d}: {up} up, {} down",
            self.name,
            self.votes.len() - up
        )
    }
}

/// The song that plays in each room, with its votes; one entry per room that was joined.
#[derive(Clone, Debug, Default)]
struct Scores(Arc<Mutex<HashMap<RoomId, (SongId, Score)>>>);

impl Scores {
    /// Begins a song; returns the score of the song before, if this is another.
    fn begin(&self, song: &PlaylistSongAdd) -> Option<Score> {
        let mut scores = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_same = |(id, _): &(SongId, Score)| *id == song.song.id;
        if scores.get(&song.room).is_some_and(is_same) {
            return None;
        }
        let score = Score {
            name: song.song.name().to_owned(),
            votes: HashMap::new(),
        };
        let before = scores.insert(song.room.clone(), (song.song.id.clone(), score));
        before.map(|(_, score)| score)
    }

    fn vote(&self, dub: Dub) {
        let mut scores = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (song, score) = scores
            .entry(dub.room)
            .or_insert_with(|| (dub.song.id.clone(), Score::default()));
        if *song == dub.song.id {
            score.votes.insert(dub.user.id, dub.dubtype);
        }
    }

    fn tell(&self, room: &RoomId) -> Option<String> {
        let scores = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        scores.get(room).map(|(_, score)| score.tell())
    }
}

/// The state of the handlers.
#[derive(Debug)]
pub struct Bot {
    client: Client,
    scores: Scores,
}

impl FromRef<Bot> for Client {
    fn from_ref(bot: &Bot) -> Self {
        bot.client.clone()
    }
}

impl FromRef<Bot> for Scores {
    fn from_ref(bot: &Bot) -> Self {
        bot.scores.clone()
    }
}

async fn count(dub: Dub, State(scores): State<Scores>) {
    scores.vote(dub);
}

async fn announce(
    song: PlaylistSongAdd,
    State(client): State<Client>,
    State(scores): State<Scores>,
) -> Result<(), HandlerError> {
    if let Some(before) = scores.begin(&song)
        && let Some(room) = client.room(&song.room)
    {
        room.send_message(&before.tell()).await?;
    }
    Ok(())
}

async fn score(
    asked: Chat,
    State(client): State<Client>,
    State(scores): State<Scores>,
) -> Result<(), HandlerError> {
    let text = scores.tell(&asked.room);
    if let Some(room) = client.room(&asked.room) {
        room.send_message(text.as_deref().unwrap_or("Nothing was dubbed yet."))
            .await?;
    }
    Ok(())
}

/// The whole bot.
pub fn app(client: Client, source: Source) -> App<Bot> {
    let bot = Bot {
        client,
        scores: Scores::default(),
    };
    App::new(bot)
        .source(source)
        .on(count)
        .on(announce)
        // The filter has a borrowed view: chat that is no command is never decoded.
        .on(score.when(|chat: &ChatView<'_>| chat.content.trim() == "!score"))
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    stage::play("dub_counter", app, async |simulator| {
        let room = simulator.queup().room(stage::ROOM);
        room.queue("mira", "Overture");
        room.queue("teo", "Second Movement");
        stage::pause().await;
        room.dub("teo", true);
        room.dub("ida", true);
        room.dub("jon", false);
        stage::pause().await;
        room.say("ida", "!score");
        stage::pause().await;
        room.skip("mira");
        stage::pause().await;
    })
    .await
}
