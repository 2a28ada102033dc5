//! The track that follows by itself: from the queue, or from recommendations (protocol §16.2).
//!
//! `frames.rs` calls [`LocalPlayer::play_next`] when a track ended and something may follow. What follows:
//!
//! 1. the queue's next track, in the order of its mode;
//! 2. with [`AutoPlayMode::Enabled`] and an empty queue, the next recommendation;
//! 3. nothing, and the inactivity timeout begins.
//!
//! # Recommendations
//! Seeds are tracks that were played or wait to be: up to 15 of the history, 5 of the recommendations, the current and
//! the previous one, without the last 60 that were seeds. Up to 3 tracks of Spotify become one query, and one of
//! YouTube another. The pool loads them from any connected node and hands the tracks back; those that were heard lately
//! are left out, the rest is shuffled, marked `recommended` and added, at most 20.
//!
//! One load is under way at a time. A load that fails counts as an empty one: the player stays idle, and the next end
//! of a track tries again.

use std::{collections::VecDeque, sync::Arc};

use tokio::time::Instant;

use super::{LocalPlayer, Output};
use crate::{
    config::Recommendations,
    model::{AutoPlayMode, Playable},
    queue::{Queue, QueueMode},
};

/// Number of recommendations below which more are loaded, while one plays.
const ENOUGH: usize = 21;
/// Number of tracks of the history that can be seeds, the newest first.
const FROM_HISTORY: usize = 15;
/// Number of tracks of the recommendations that can be seeds.
const FROM_FOUND: usize = 5;
/// Number of seeds after which one may be used again.
const USED: usize = 60;
/// Seeds of one query.
const SEEDS: usize = 3;
/// Number of latest tracks of queue, history and recommendations that are not recommended again.
const HEARD: usize = 40;
/// Number of latest recommendations that were played and are not recommended again.
const HEARD_FOUND: usize = 60;
/// Recommendations that one query adds at most.
const ADDED: usize = 20;

/// Finds recommendations: which seeds were used, and what the answer is for.
#[derive(Debug)]
pub(super) struct Recommender {
    /// Ids of the latest seeds, the oldest first; at most [`USED`].
    used: VecDeque<String>,
    /// The seed that comes first, by [`PlayOptions::populate`](crate::PlayOptions::populate).
    first: Option<Arc<Playable>>,
    /// How many tracks the next answer may add.
    most: usize,
    /// Whether the first recommendation is played at once.
    play: bool,
    /// Whether a load is under way.
    asked: bool,
    /// The client's own queries, in place of those for YouTube and Spotify.
    own: Option<Recommendations>,
}

impl Recommender {
    /// Creates one without used seeds.
    pub(super) fn new(own: Option<Recommendations>) -> Self {
        Self {
            own,
            used: VecDeque::new(),
            first: None,
            most: ADDED,
            play: false,
            asked: false,
        }
    }

    /// Makes a track the next seed.
    pub(super) fn populate(&mut self, track: &Arc<Playable>, most: usize) {
        self.first = Some(Arc::clone(track));
        self.most = most.min(ADDED);
    }

    /// Keeps the next recommendations without playing one.
    pub(super) fn wait(&mut self) {
        self.play = false;
    }

    /// Notes a seed, so that it is not used again soon.
    fn use_up(&mut self, identifier: &str) {
        if self.used.len() >= USED {
            self.used.pop_front();
        }
        self.used.push_back(identifier.to_owned());
    }
}

impl LocalPlayer {
    /// Plays the next track, if there is one; `skipped` plays from the queue in any mode.
    pub(super) fn play_next(&mut self, skipped: bool, now: Instant) {
        if self.autoplay == AutoPlayMode::Disabled && !skipped {
            return self.idle(now);
        }
        let queue = Arc::make_mut(&mut self.queue);
        let again = queue.mode() == QueueMode::Loop && queue.loaded().is_some();
        if let Ok(track) = queue.get() {
            self.serve_waiters();
            return self.ask_play(track, !again);
        }
        if self.autoplay != AutoPlayMode::Enabled {
            return self.idle(now);
        }
        self.play_recommended(now);
    }

    /// Plays the next recommendation, or loads some and plays then.
    fn play_recommended(&mut self, now: Instant) {
        let found = Arc::make_mut(&mut self.auto_queue);
        let Ok(track) = found.get() else {
            self.recommender.play = true;
            self.recommend();
            return self.idle(now);
        };
        found.remember(Arc::clone(&track));
        self.ask_play(track, true);
        self.recommend_if_few();
    }

    /// Loads recommendations if few are left.
    pub(super) fn recommend_if_few(&mut self) {
        if self.auto_queue.count() < ENOUGH {
            self.recommend();
        }
    }

    /// Loads recommendations for the tracks that were played.
    pub(super) fn recommend(&mut self) {
        if self.recommender.asked {
            return;
        }
        let seeds = self.seeds();
        for seed in &seeds {
            self.recommender.use_up(&seed.identifier);
        }
        let queries = match &self.recommender.own {
            Some(own) => own.queries(&seeds),
            None => queries(&seeds),
        };
        if queries.is_empty() {
            self.recommender.play = false;
            return;
        }
        self.recommender.asked = true;
        self.outputs.push_back(Output::Recommend(queries));
    }

    /// The tracks to load recommendations for, in the order of their use.
    fn seeds(&mut self) -> Vec<Arc<Playable>> {
        let history = self
            .queue
            .history()
            .into_iter()
            .flat_map(|past| past.iter().rev());
        let found = self.auto_queue.iter().take(FROM_FOUND);
        let others = self.current().into_iter().chain(&self.previous);
        let mut seeds: Vec<Arc<Playable>> = Vec::new();
        for track in history.take(FROM_HISTORY).chain(found).chain(others) {
            let known = seeds.iter().any(|seed| seed.is_same(track));
            if !known && !self.recommender.used.contains(&track.identifier) {
                seeds.push(Arc::clone(track));
            }
        }
        self.rng.shuffle(&mut seeds);
        if let Some(first) = self.recommender.first.take() {
            seeds.retain(|seed| !seed.is_same(&first));
            seeds.insert(0, first);
        }
        seeds
    }

    /// Handles loaded recommendations; an empty list if there are none.
    pub(crate) fn on_recommended(&mut self, tracks: Vec<Playable>, now: Instant) {
        self.recommender.asked = false;
        let most = std::mem::replace(&mut self.recommender.most, ADDED);
        let mut fresh: Vec<Playable> = Vec::new();
        for track in tracks {
            if !self.was_heard(&track) && !fresh.iter().any(|known| known.is_same(&track)) {
                fresh.push(Playable {
                    recommended: true,
                    ..track
                });
            }
        }
        self.rng.shuffle(&mut fresh);
        fresh.truncate(most);
        Arc::make_mut(&mut self.auto_queue).put_fitting(fresh);
        self.dirty = true;
        let play = std::mem::take(&mut self.recommender.play);
        let is_idle = self.current().is_none() && !self.is_playing_next();
        if play && is_idle && self.autoplay == AutoPlayMode::Enabled && !self.auto_queue.is_empty()
        {
            self.play_recommended(now);
        }
    }

    /// Whether a track was played lately, or waits to be.
    fn was_heard(&self, track: &Playable) -> bool {
        fn newest(queue: Option<&Queue>, most: usize) -> impl Iterator<Item = &Arc<Playable>> {
            queue
                .into_iter()
                .flat_map(move |queue| queue.iter().rev().take(most))
        }
        newest(Some(&self.auto_queue), HEARD)
            .chain(newest(Some(&self.queue), HEARD))
            .chain(newest(self.queue.history(), HEARD))
            .chain(newest(self.auto_queue.history(), HEARD_FOUND))
            .chain(self.current())
            .any(|known| known.is_same(track))
    }
}

/// The queries for recommendations from these seeds: `sprec:` of `LavaSrc` for Spotify, and a mix of YouTube Music;
/// none for other sources (protocol §16.2).
fn queries(seeds: &[Arc<Playable>]) -> Vec<String> {
    let of = |source: &'static str| {
        let ids = seeds.iter().filter(move |seed| seed.source == source);
        ids.map(|seed| seed.identifier.as_str())
    };
    let spotify: Vec<&str> = of("spotify").take(SEEDS).collect();
    let spotify =
        (!spotify.is_empty()).then(|| format!("sprec:seed_tracks={}&limit=10", spotify.join(",")));
    let youtube = of("youtube")
        .next()
        .map(|id| format!("https://music.youtube.com/watch?v={id}8&list=RD{id}"));
    spotify.into_iter().chain(youtube).collect()
}
