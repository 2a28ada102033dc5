//! Gapless and crossfaded transitions: the node is told of the next track, and goes on with it by itself.
//!
//! The queue decides what follows, and the next track stays in it until it plays. [`LocalPlayer::plan_next`] compares
//! what would follow with what the node was *told*, after each input, and queues a request where they differ; a node
//! without the feature ([`Info::has_next_track`](crate::Info::has_next_track)) is told nothing. When the node ends a
//! track with `gapless` or `crossfading`, or plays the track that it was told of, the track is taken out of the queue
//! ([`LocalPlayer::promote`]); no play request is made.
//!
//! # What holds
//! - A track that ends in any other way is followed by a play request, as everywhere else: the node could not prepare
//!   the next one.
//! - A play request takes the next track back at the node first, since `NodeLink` keeps it when a track is replaced
//!   (protocol §22).
//! - A stop takes it back too. A skip that reaches the node when the next track has just begun stops that one; it is
//!   still in the queue, and played then.
//! - The crossfade is set before the track is told, since the node decides how to prepare a track when it is told.

use std::sync::Arc;

use tokio::time::Instant;

use super::{LocalPlayer, Operation, Request, UNHEARD_TRACKS, runs::Phase};
use crate::{
    model::{AutoPlayMode, Crossfade, Playable, TrackEndReason, Transition},
    queue::QueueMode,
};

/// What the node was told.
#[derive(Clone, Debug, Default)]
pub(super) struct Told {
    /// The next track.
    pub(super) next: Option<Arc<Playable>>,
    /// The crossfade.
    pub(super) crossfade: Option<Crossfade>,
    /// Whether the node refused either, so that it is told nothing until the next track begins.
    pub(super) is_refused: bool,
}

impl LocalPlayer {
    /// Queues the request that tells the node what follows, if it must be told.
    ///
    /// Only while a track plays and nothing else is requested, so that the track is the last word.
    pub(crate) fn plan_next(&mut self) {
        if self.transition == Transition::None && self.told.next.is_none() {
            return;
        }
        let is_busy = self.sent.is_some() || !self.requests.is_empty();
        let plays = self
            .runs
            .current()
            .is_some_and(|run| run.phase == Phase::Started);
        if is_busy || !plays || self.is_gone || self.is_away || self.told.is_refused {
            return;
        }
        let is_on = self.features.has_next_track && self.transition != Transition::None;
        let crossfade = self.transition.crossfade().filter(|_| is_on);
        if is_on && crossfade != self.told.crossfade {
            self.requests
                .push_back(Request::new(Operation::Crossfade(crossfade), None));
            return;
        }
        let next = if is_on { self.upcoming() } else { None };
        let is_told = match (&next, &self.told.next) {
            (Some(next), Some(told)) => next.is_same(told),
            (None, None) => true,
            _ => false,
        };
        if !is_told {
            self.requests
                .push_back(Request::new(Operation::Next(next), None));
        }
    }

    /// The track that would follow the current one by itself, without taking it.
    fn upcoming(&self) -> Option<Arc<Playable>> {
        let is_last_unheard = self.listeners == Some(0) && self.unheard_left <= 1;
        if self.autoplay == AutoPlayMode::Disabled || is_last_unheard {
            return None;
        }
        let queue = &self.queue;
        if queue.mode() == QueueMode::Loop
            && let Some(loaded) = queue.loaded()
        {
            return Some(Arc::clone(loaded));
        }
        let mut next = queue.peek(0).ok();
        if next.is_none() && queue.mode() == QueueMode::LoopAll {
            next = queue.history().and_then(|past| past.peek(0).ok());
        }
        if next.is_none() && self.autoplay == AutoPlayMode::Enabled {
            next = self.auto_queue.peek(0).ok();
        }
        next.cloned()
    }

    /// The track that the node goes on with, as far as it was told.
    fn successor(&self) -> Option<Arc<Playable>> {
        if let Some(sent) = &self.sent
            && let Operation::Next(next) = sent.operation()
        {
            return next.clone().or_else(|| self.told.next.clone());
        }
        self.told.next.clone()
    }

    /// Handles the end of a track that the node goes on after by itself; false if it is unknown what follows.
    ///
    /// `ended` is the number of the run that ended.
    pub(super) fn on_transition(
        &mut self,
        reason: &TrackEndReason,
        ended: Option<u64>,
        now: Instant,
    ) -> bool {
        let Some(next) = self.successor() else {
            return false;
        };
        self.errors = 0;
        if self.listeners == Some(0) {
            self.unheard_left = self.unheard_left.saturating_sub(1);
            if self.unheard_left == 0 {
                self.unheard_left = UNHEARD_TRACKS;
                self.outputs.push_back(super::Output::Inactive);
            }
        }
        let start = match (reason, self.transition.crossfade()) {
            (TrackEndReason::Crossfading, Some(crossfade)) => {
                i64::try_from(crossfade.duration.as_millis()).unwrap_or_default()
            }
            _ => 0,
        };
        self.promote(&next, ended, start, now);
        true
    }

    /// The track that the node was told of, if it is this one, which plays now though no end was heard.
    pub(super) fn told_as_next(&self, track: &Playable) -> Option<Arc<Playable>> {
        self.successor().filter(|next| next.is_same(track))
    }

    /// Makes the next track the current one, since the node plays it.
    ///
    /// A stop or a skip of the track before, on its way to the node, stops this one: it stays in the queue then.
    pub(super) fn promote(
        &mut self,
        next: &Arc<Playable>,
        ended: Option<u64>,
        start: i64,
        now: Instant,
    ) {
        let run = self.runs.promoted(Arc::clone(next));
        self.runs.begin_at(run, start);
        self.told.next = None;
        self.end_time = None;
        let is_stopped = self.intent.is_some_and(|(_, wanted)| Some(wanted) == ended);
        if is_stopped {
            self.intent = self.intent.map(|(intent, _)| (intent, run));
        } else {
            self.take_upcoming(next);
        }
        self.began(next, start, now);
        self.dirty = true;
    }

    /// Takes the track that plays now out of the queue that it is from, as a play request does.
    fn take_upcoming(&mut self, track: &Arc<Playable>) {
        let is_next = self.upcoming().is_some_and(|next| next.is_same(track));
        let queue = Arc::make_mut(&mut self.queue);
        let is_loop = queue.mode() == QueueMode::Loop;
        let is_again = is_loop && queue.loaded().is_some_and(|loaded| loaded.is_same(track));
        if is_again {
            return;
        }
        let has_past = queue.history().is_some_and(|past| !past.is_empty());
        let from_queue = !queue.is_empty() || (queue.mode() == QueueMode::LoopAll && has_past);
        if is_next && from_queue {
            let _ = queue.get();
        } else if !is_next && queue.remove(track, Some(1)) > 0 {
            // The queue was changed before the node could be told.
        } else if is_next {
            let found = Arc::make_mut(&mut self.auto_queue);
            if let Ok(track) = found.get() {
                found.remember(track);
            }
            self.recommend_if_few();
        }
        let queue = Arc::make_mut(&mut self.queue);
        queue.set_loaded(Some(Arc::clone(track)));
        queue.remember(Arc::clone(track));
        self.serve_waiters();
    }

    /// Notes that the node has no next track any more.
    pub(super) fn forget_next(&mut self) {
        self.told.next = None;
        self.told.is_refused = false;
    }
}
