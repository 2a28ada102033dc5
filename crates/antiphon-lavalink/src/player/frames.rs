//! What the player's node says, and what follows from it.

use std::sync::Arc;

use tokio::time::Instant;

use super::{Intent, PlayerState, Remote, Why, runs::Phase};
use crate::{
    model::{DiscordVoiceCloseType, Playable, TrackEndReason},
    wire::PlayerState as State,
};

/// What is to be noted beside an event of the node.
#[derive(Clone, Debug, Default)]
pub(crate) struct Noted {
    pub(crate) original: Option<Arc<Playable>>,
    pub(crate) restored: bool,
}

impl PlayerState {
    /// A track began.
    pub(crate) fn on_track_start(&mut self, track: Playable, now: Instant) -> Noted {
        let position = self.progress.at(now);
        let run = self.runs.started(track);
        let noted = Noted {
            original: (!run.foreign).then(|| Arc::clone(&run.track)),
            restored: run.restored,
        };
        let (track, start) = (Arc::clone(&run.track), run.start);
        // One that goes on is where it was.
        let position = if noted.restored { position } else { start };
        self.began(&track, position, now);
        self.dirty = true;
        noted
    }

    /// A track ended; the next may follow.
    pub(crate) fn on_track_end(
        &mut self,
        track: &Playable,
        reason: &TrackEndReason,
        now: Instant,
    ) -> Noted {
        let ended = self.runs.ended(track);
        let noted = Noted {
            original: ended
                .as_ref()
                .filter(|run| !run.foreign)
                .map(|run| Arc::clone(&run.track)),
            restored: ended.as_ref().is_some_and(|run| run.restored),
        };
        let run = ended.as_ref().map(|run| run.id);
        if let Some(run) = ended {
            self.previous = Some(run.track);
        }
        if *reason != TrackEndReason::Replaced && self.current().is_none() {
            self.progress = super::Progress::none(now);
            self.end_time = None;
        }
        self.advance(reason, run, now);
        self.dirty = true;
        noted
    }

    /// A track failed, or brings nothing any more.
    pub(crate) fn on_track_trouble(&self, track: &Playable) -> Noted {
        let run = self.runs.find(track).filter(|run| !run.foreign);
        Noted {
            original: run.map(|run| Arc::clone(&run.track)),
            restored: run.is_some_and(|run| run.restored),
        }
    }

    /// How the player stands.
    pub(crate) fn on_update(&mut self, state: State, now: Instant) {
        self.connected = state.connected;
        self.ping = state.ping;
        if self.current().is_some() {
            self.progress.report(state.position, now);
            self.dirty |= now.saturating_duration_since(self.saved_at) >= super::SAVE_EVERY;
        }
        if state.connected {
            self.voice.settled_if_given();
        }
        self.pace(now);
    }

    /// Discord's voice server closed the node's socket (protocol §9).
    pub(crate) fn on_voice_closed(
        &mut self,
        code: DiscordVoiceCloseType,
        by_remote: bool,
        now: Instant,
    ) {
        self.connected = false;
        self.pace(now);
        match code {
            DiscordVoiceCloseType::SESSION_INVALID | DiscordVoiceCloseType::SESSION_TIMEOUT => {
                self.ask_voice_anew(now);
            }
            // Kicked or moved: the voice state tells which, if it does not come first.
            DiscordVoiceCloseType::DISCONNECTED if by_remote => self.voice.expect_pair(now),
            // The node may find back by itself (assumed).
            DiscordVoiceCloseType::VOICE_SERVER_CRASHED => self.voice.expect_pair(now),
            _ => {}
        }
    }

    /// The node's view of the player after a resumed session or a restart; `None` if it has none.
    ///
    /// Nothing is begun anew where the node plays on.
    pub(crate) fn reconcile(&mut self, remote: Option<Remote>, now: Instant) {
        let Some(remote) = remote else {
            if let Some(node) = self.node.clone() {
                self.restore(node, None, now, None);
            }
            return;
        };
        if let Some(voice) = &remote.voice {
            self.voice.adopted(voice);
        }
        self.connected = remote.state.connected;
        self.ping = remote.state.ping;
        if let Some(volume) = remote.volume {
            self.volume = volume;
        }
        // Filters stay as they were given: nodes read them back with their defaults, and some in a form of their own.
        self.paused = remote.paused;
        match (self.current().cloned(), remote.track) {
            (Some(ours), Some(theirs)) if ours.is_same(&theirs) => {
                self.runs.confirmed(theirs);
                self.progress.report(remote.state.position, now);
            }
            // It ended while nobody heard it, and its event was lost with the outage.
            (Some(ours), None) => {
                let over = self.runs.ended(&ours);
                let run = over.as_ref().map(|run| run.id);
                self.previous = over.map(|run| run.track);
                self.advance(&TrackEndReason::Finished, run, now);
            }
            (_, Some(theirs)) => {
                let position = remote.state.position;
                let length = theirs.duration();
                self.runs.replaced(theirs);
                self.progress = super::Progress::track(position, length, now);
            }
            (None, None) => {}
        }
        if !self.voice.is_given() && self.voice.channel.is_some() {
            self.ask_voice_anew(now);
        }
        self.pace(now);
        self.dirty = true;
    }

    /// What follows a track's end (protocol §16.2, where stopping is not skipping).
    fn advance(&mut self, reason: &TrackEndReason, run: Option<u64>, now: Instant) {
        // A track that ends by itself just before it is stopped was still to be stopped, or skipped.
        let intent = self
            .intent
            .take_if(|(_, wanted)| Some(*wanted) == run)
            .map(|(intent, _)| intent);
        match reason {
            // What took its place plays already.
            TrackEndReason::Replaced => {
                self.errors = 0;
                return;
            }
            TrackEndReason::LoadFailed => self.errors = self.errors.saturating_add(1),
            _ => self.errors = 0,
        }
        if self.is_gone || self.runs.newest().is_some() {
            // Another track is on its way already.
            return;
        }
        if self.listeners == Some(0) {
            self.tokens = self.tokens.saturating_sub(1);
            if self.tokens == 0 {
                self.tokens = super::TOKENS;
                self.outputs.push_back(super::Output::Inactive);
                return;
            }
        }
        let may_go_on = match intent {
            Some(Intent::Stop) => false,
            Some(Intent::Skip) => true,
            None => reason.may_start_next(),
        };
        if !may_go_on || self.errors >= super::ERRORS {
            self.errors = 0;
            return self.idle(now);
        }
        self.play_next(intent.is_some(), now);
    }

    /// A request is under way.
    pub(crate) fn is_asking(&self) -> bool {
        self.sent.is_some()
    }

    /// A request for the next track is on its way, as `phase` tells.
    pub(super) fn is_playing_next(&self) -> bool {
        self.runs
            .newest()
            .is_some_and(|run| run.phase == Phase::Asked)
            || self
                .asks
                .iter()
                .any(|ask| matches!(ask.why, Why::Play { .. }))
    }
}
