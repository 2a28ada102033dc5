//! Frames of the player's node.
//!
//! `pool/frames.rs` passes each frame about this player here, if it is at that node. The result is a [`TrackNote`],
//! which the event is stored with; the changes go out with the pool's next `pump`.
//!
//! A node may repeat a frame, send it late, or have sent it while nobody could read. So a frame is first matched with a
//! *run* (see `runs.rs`), and has an effect only if the run has not had it. Three sources tell how a track ended: the
//! end event, the response to a stop, and the node's list of players; whichever comes first counts, and the others find
//! the run settled.
//!
//! Where a frame fits no run, the node's own view is asked for (`needs_comparison`), within 5 s and for all its players
//! at once.

use std::sync::Arc;

use tokio::time::Instant;

use super::{Intent, LocalPlayer, Operation, RemotePlayer, runs::Phase};
use crate::{
    model::{DiscordVoiceCloseType, Playable, TrackEndReason},
    wire::PlayerState,
};

/// Facts that are noted beside an event of the node.
#[derive(Clone, Debug, Default)]
pub(crate) struct TrackNote {
    /// The track as the client gave it; absent where another program began it.
    pub(crate) original: Option<Arc<Playable>>,
    /// Whether the track goes on after a move or a lost session.
    pub(crate) restored: bool,
}

/// The last end of a track, to recognise its repetition.
#[derive(Clone, Debug)]
pub(super) struct LastEnd {
    /// The track that ended.
    track: Arc<Playable>,
    /// Why it ended: the same track with another reason is another end.
    reason: TrackEndReason,
    noted: TrackNote,
}

impl LastEnd {
    /// Whether it is the end of this track.
    pub(super) fn is_of(&self, track: &Playable) -> bool {
        self.track.is_same(track)
    }
}

impl LocalPlayer {
    /// Handles a start.
    ///
    /// A repeated one changes nothing: `NodeLink` sends one when it takes the request and one when audio flows. The
    /// start of a track that nobody here asked for begins a *foreign* run: another program uses the session.
    pub(crate) fn on_track_start(&mut self, track: Playable, now: Instant) -> TrackNote {
        self.heard += 1;
        let position = self.progress.at(now);
        if !self.runs.has(&track)
            && let Some(next) = self.told_as_next(&track)
        {
            // The end of the track before was lost.
            self.previous = self.current().cloned();
            let ended = self.runs.current().map(|run| run.id);
            self.promote(&next, ended, 0, now);
        }
        let (run, is_news) = if let Some(known) = self.runs.started(&track) {
            known
        } else {
            if let Some(last) = self.last_end.as_ref().filter(|last| last.is_of(&track)) {
                // The start is late, as far as is known; the node knows.
                self.needs_comparison = true;
                return last.noted.clone();
            }
            (self.runs.foreign(track), true)
        };
        let noted = TrackNote {
            original: (!run.foreign).then(|| Arc::clone(&run.track)),
            restored: run.restored,
        };
        if !is_news {
            return noted;
        }
        let (track, start) = (Arc::clone(&run.track), run.start);
        if self
            .last_end
            .as_ref()
            .is_some_and(|last| last.is_of(&track))
        {
            self.last_end = None;
        }
        // A restored track keeps its position.
        let position = if noted.restored { position } else { start };
        self.began(&track, position, now);
        self.told.is_refused = false;
        self.subscribe_again();
        self.dirty = true;
        noted
    }

    /// Handles an end, which the next track may follow. A repeated one changes nothing.
    ///
    /// The end of a track that is unknown here has an effect only if no track is current or requested.
    pub(crate) fn on_track_end(
        &mut self,
        track: &Playable,
        reason: &TrackEndReason,
        now: Instant,
    ) -> TrackNote {
        self.heard += 1;
        if let Some(last) = self.repeated(track, reason) {
            return last.noted.clone();
        }
        let ended = self.runs.ended(track, reason);
        let noted = TrackNote {
            original: ended
                .as_ref()
                .filter(|run| !run.foreign)
                .map(|run| Arc::clone(&run.track)),
            restored: ended.as_ref().is_some_and(|run| run.restored),
        };
        self.last_end = Some(LastEnd {
            track: ended
                .as_ref()
                .map_or_else(|| Arc::new(track.clone()), |run| Arc::clone(&run.track)),
            reason: reason.clone(),
            noted: noted.clone(),
        });
        if reason.is_transition() {
            let run = ended.as_ref().map(|run| run.id);
            if let Some(run) = ended {
                self.previous = Some(run.track);
            }
            self.dirty = true;
            // Another track was played meanwhile, or nobody here knows what follows.
            if self.current().is_some() || !self.on_transition(reason, run, now) {
                self.needs_comparison = true;
            }
            if self.current().is_none() {
                self.progress = super::Progress::none(now);
                self.idle(now);
            }
            return noted;
        }
        if *reason != TrackEndReason::Replaced {
            self.forget_next();
        }
        let Some(run) = ended else {
            // The end of an unknown track does not end the current one.
            if self.runs.newest().is_none() {
                self.advance(reason, None, now);
            }
            return noted;
        };
        if *reason != TrackEndReason::Replaced && self.current().is_none() {
            self.progress = super::Progress::none(now);
            self.end_time = None;
        }
        self.previous = Some(run.track);
        if !run.is_settled || *reason == TrackEndReason::Replaced {
            self.advance(reason, Some(run.id), now);
        }
        // The start of the replacing track was missed.
        self.needs_comparison |=
            *reason == TrackEndReason::Replaced && self.runs.newest().is_none();
        self.dirty = true;
        noted
    }

    /// The last end, if this one is its repetition.
    fn repeated(&self, track: &Playable, reason: &TrackEndReason) -> Option<&LastEnd> {
        let last = self.last_end.as_ref()?;
        let is_same = last.is_of(track) && last.reason == *reason;
        // The next run of the same track may fail before it begins, but cannot finish before.
        let may_be_next = self.runs.find(track, reason).is_some_and(|run| {
            run.is_over || run.phase == Phase::Started || *reason == TrackEndReason::LoadFailed
        });
        Some(last).filter(|_| is_same && !may_be_next)
    }

    /// Handles a response without a track.
    ///
    /// The response to a stop means its end. After any other request the end event is awaited, since it has the reason;
    /// if it was lost, the node is asked for the player.
    pub(super) fn on_no_track(&mut self, last: u64, operation: &Operation, now: Instant) {
        let but = match operation {
            Operation::Play { run, .. } => Some(*run),
            Operation::Restore { run, .. } => *run,
            _ => None,
        };
        let is_stop = matches!(operation, Operation::Stop { .. });
        let Some(run) = self.runs.vanish(last, but, is_stop) else {
            // A track that the node accepted may still begin.
            let taken = self.runs.current().map(|run| run.id);
            self.needs_comparison |= taken.is_some_and(|run| run <= last && Some(run) != but);
            return;
        };
        if self.current().is_none() {
            self.progress = super::Progress::none(now);
            self.end_time = None;
        }
        if is_stop {
            self.runs.settle(run);
            self.advance(&TrackEndReason::Stopped, Some(run), now);
        } else {
            self.needs_comparison = true;
        }
    }

    /// Whether the node must be asked for the player; true once.
    pub(crate) fn take_needs_comparison(&mut self) -> bool {
        std::mem::take(&mut self.needs_comparison)
    }

    /// Handles an exception, or a track that is stuck.
    pub(crate) fn on_track_trouble(&self, track: &Playable) -> TrackNote {
        let run = self.runs.find(track, &TrackEndReason::Finished);
        if run.is_none()
            && let Some(last) = self.last_end.as_ref().filter(|last| last.is_of(track))
        {
            return last.noted.clone();
        }
        TrackNote {
            original: run
                .filter(|run| !run.foreign)
                .map(|run| Arc::clone(&run.track)),
            restored: run.is_some_and(|run| run.restored),
        }
    }

    /// Handles a `playerUpdate`.
    ///
    /// The position counts only for a track that has begun, since an update on its way may still be about the one
    /// before.
    pub(crate) fn on_update(&mut self, state: PlayerState, now: Instant) {
        self.heard += 1;
        self.is_away = false;
        self.connected = state.connected;
        self.ping = state.ping;
        // Before the start of a track, an update may still belong to the track before.
        if self.current().is_some() && !self.runs.is_replacing() {
            self.progress.report(state.position, now);
            self.dirty |= now.saturating_duration_since(self.saved_at) >= super::SAVE_EVERY;
        }
        if state.connected {
            self.voice.settled_if_given();
        }
        self.pace(now);
    }

    /// Handles the end of the node's voice connection (protocol §9).
    ///
    /// | code | then |
    /// | --- | --- |
    /// | 4006, 4009 | the pair is not valid any more: request a new one from Discord |
    /// | 4014 by Discord | kicked or moved: wait for the voice state, and ask after 10 s |
    /// | 4015 | the voice server crashed: wait for the node to reconnect, and ask after 10 s |
    /// | any other | nothing: the node's next `playerUpdate` tells whether it is connected |
    pub(crate) fn on_voice_closed(
        &mut self,
        code: DiscordVoiceCloseType,
        by_remote: bool,
        now: Instant,
    ) {
        self.heard += 1;
        self.connected = false;
        self.pace(now);
        match code {
            // A repetition, or the end of the previous connection, while a new pair is awaited.
            DiscordVoiceCloseType::SESSION_INVALID | DiscordVoiceCloseType::SESSION_TIMEOUT
                if self.voice.is_asked_anew() => {}
            DiscordVoiceCloseType::SESSION_INVALID | DiscordVoiceCloseType::SESSION_TIMEOUT => {
                self.ask_voice_anew(now);
            }
            // The bot was kicked or moved: the voice state tells which, unless it came before.
            DiscordVoiceCloseType::DISCONNECTED if by_remote => self.voice.expect_pair(now),
            // The node may reconnect by itself (assumed).
            DiscordVoiceCloseType::VOICE_SERVER_CRASHED => self.voice.expect_pair(now),
            _ => {}
        }
    }

    /// Takes over the node's view of the player, after a resumed session or a restart; `None` if the node has none.
    ///
    /// Nothing is played anew where the node plays on. A player that the node lacks is put back; a track that the node
    /// lacks has ended; another track that it plays was begun by another program.
    pub(crate) fn reconcile(&mut self, remote: Option<RemotePlayer>, now: Instant) {
        let Some(remote) = remote else {
            if let Some(node) = self.node.clone() {
                self.restore(node, None, now, None);
            }
            return;
        };
        if let Some(voice) = &remote.voice {
            self.voice.adopted(voice);
        }
        self.is_away = false;
        self.connected = remote.state.connected;
        self.ping = remote.state.ping;
        if let Some(volume) = remote.volume {
            self.volume = volume;
        }
        // The client's filters stay: nodes report them with defaults added, and some in another form.
        self.paused = remote.paused;
        match (self.current().cloned(), remote.track) {
            (Some(ours), Some(theirs)) if ours.is_same(&theirs) => {
                if !self.is_stopping() {
                    // The stop did not arrive.
                    self.intent = None;
                }
                self.runs.confirmed();
                self.progress.report(remote.state.position, now);
            }
            (_, None) => self.on_lost_end(now),
            (ours, Some(theirs)) => {
                let position = remote.state.position;
                let length = theirs.duration();
                if let Some(next) = self.told_as_next(&theirs) {
                    // The node went on with the next track while nobody could read.
                    let ended = self.runs.current().map(|run| run.id);
                    self.previous = ours.or(self.previous.take());
                    self.runs.drop_accepted();
                    self.promote(&next, ended, position, now);
                    self.runs.confirmed();
                } else {
                    self.runs.replaced(theirs);
                }
                self.progress = super::Progress::track(position, length, now);
            }
        }
        if !self.voice.is_given() && self.voice.channel.is_some() {
            self.ask_voice_anew(now);
        }
        self.pace(now);
        self.dirty = true;
    }

    /// Ends the current track, whose end event was lost: it counts as finished, so that the queue goes on.
    pub(super) fn on_lost_end(&mut self, now: Instant) {
        let Some(run) = self.runs.take_all_but_asked() else {
            return;
        };
        self.progress = super::Progress::none(now);
        self.end_time = None;
        self.forget_next();
        self.previous = Some(run.track);
        self.advance(&TrackEndReason::Finished, Some(run.id), now);
    }

    /// Handles the loss of the node's socket.
    ///
    /// The position stands until the node reports it again, and a restore goes on from there.
    pub(crate) fn on_node_lost(&mut self, now: Instant) {
        self.is_away = true;
        self.connected = false;
        self.ping = -1;
        self.pace(now);
        self.dirty |= self.current().is_some();
    }

    /// Plays the track that follows an end (protocol §16.2; unlike there, a stop is not a skip).
    ///
    /// Nothing follows while another track is requested, after a third failure in a row, or if the third track in a row
    /// ended without a listener; in the last case the player is reported as inactive.
    fn advance(&mut self, reason: &TrackEndReason, run: Option<u64>, now: Instant) {
        // A track that ends by itself just before a stop or skip is still stopped or skipped.
        let intent = self
            .intent
            .take_if(|(_, wanted)| Some(*wanted) == run)
            .map(|(intent, _)| intent);
        match reason {
            // The replacing track already plays.
            TrackEndReason::Replaced => {
                self.errors = 0;
                return;
            }
            TrackEndReason::LoadFailed => self.errors = self.errors.saturating_add(1),
            _ => self.errors = 0,
        }
        if self.is_gone || self.runs.newest().is_some() {
            // Another track is queued or in flight.
            return;
        }
        if self.listeners == Some(0) {
            self.unheard_left = self.unheard_left.saturating_sub(1);
            if self.unheard_left == 0 {
                self.unheard_left = super::UNHEARD_TRACKS;
                self.outputs.push_back(super::Output::Inactive);
                return;
            }
        }
        let may_go_on = match intent {
            Some(Intent::Stop) => false,
            Some(Intent::Skip) => true,
            None => reason.may_start_next(),
        };
        if !may_go_on || self.errors >= super::MAX_ERRORS {
            self.errors = 0;
            return self.idle(now);
        }
        self.play_next(intent.is_some(), now);
    }

    /// Whether a request is in flight.
    pub(crate) fn awaits_response(&self) -> bool {
        self.sent.is_some()
    }

    /// Whether a play request is queued or in flight.
    pub(super) fn is_playing_next(&self) -> bool {
        self.runs
            .newest()
            .is_some_and(|run| run.phase < Phase::Accepted)
            || self
                .requests
                .iter()
                .any(|request| matches!(request.operation, Operation::Play { .. }))
    }
}
