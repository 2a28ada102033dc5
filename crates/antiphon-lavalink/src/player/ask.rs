//! Requests to the player's node: one at a time, in order, made when they are sent.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use super::{
    ASKS, Output, PlayerState, Remote, Reply,
    runs::{Phase, Runs},
};
use crate::{
    error::{PlayerError, RequestError},
    model::{MoveReason, NodeId, Playable},
    wire::{Filters, UpdatePlayer, UpdateTrack, Voice},
};

/// How often what nobody waits for is tried.
const TRIES: u8 = 4;
/// Pause after the first try that failed; it doubles with each.
const REST: Duration = Duration::from_millis(250);
/// Longest pause between two tries.
const REST_AT_MOST: Duration = Duration::from_secs(5);

/// What a request is for.
#[derive(Clone, Debug)]
pub(crate) enum Why {
    /// The newest pair.
    Voice,
    /// A track.
    Play {
        run: u64,
        track: Arc<Playable>,
        no_replace: bool,
        position: i64,
        end_time: Option<i64>,
        volume: Option<u16>,
        paused: Option<bool>,
        filters: Option<Arc<Filters>>,
        /// Whether it goes to the history.
        remember: bool,
    },
    /// No track.
    Stop {
        /// What played when that was asked.
        was: Arc<Playable>,
    },
    /// Pausing or going on.
    Pause(bool),
    /// Another position.
    Seek(i64),
    /// Another volume.
    Volume(u16),
    /// Other filters; applied at once by seeking if so wished.
    Filters { filters: Arc<Filters>, seek: bool },
    /// All of it, at a new node or in a new session.
    Restore {
        run: Option<u64>,
        position: i64,
        moved: Option<(NodeId, MoveReason)>,
    },
    /// The player's end.
    Destroy,
}

/// A request that waits for its turn.
#[derive(Debug)]
pub(crate) struct Ask {
    pub(crate) why: Why,
    pub(crate) reply: Option<Reply>,
    tries: u8,
}

impl Ask {
    pub(crate) fn new(why: Why, reply: Option<Reply>) -> Self {
        Self {
            why,
            reply,
            tries: 0,
        }
    }

    pub(crate) fn fail(self, error: PlayerError) {
        if let Some(reply) = self.reply {
            let _ = reply.send(Err(error));
        }
    }

    /// Whether its only purpose was somebody who has gone.
    fn is_vain(&self) -> bool {
        self.reply.as_ref().is_some_and(Reply::is_closed)
    }
}

/// The request under way.
#[derive(Debug)]
pub(crate) struct Sent {
    ask: Ask,
    /// The pair that was in it.
    voice: Option<Voice>,
    number: u64,
    /// The newest run when it was sent.
    last_run: u64,
    /// What the node had said by itself when it was sent.
    heard: u64,
}

impl Sent {
    /// What it is for.
    pub(crate) fn why(&self) -> &Why {
        &self.ask.why
    }

    /// The request, to be sent once more.
    pub(crate) fn into_ask(self) -> Ask {
        self.ask
    }
}

/// What is to be sent.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// An update.
    Update {
        body: Box<UpdatePlayer>,
        no_replace: bool,
    },
    /// The player's end.
    Destroy,
}

/// Whether a request stops what plays.
fn is_stop(ask: &Ask) -> bool {
    matches!(ask.why, Why::Stop { .. })
}

impl PlayerState {
    /// Lets a request wait for its turn.
    pub(super) fn push(&mut self, why: Why, reply: Option<Reply>) {
        if self.asks.len() >= ASKS {
            self.forget(&why);
            return Ask::new(why, reply).fail(PlayerError::Busy(ASKS));
        }
        self.asks.push_back(Ask::new(why, reply));
    }

    /// What the node is asked next, if it may be asked; `number` names the request.
    pub(crate) fn next_ask(&mut self, number: u64) -> Option<(NodeId, Answer)> {
        if self.sent.is_some() || self.rests_until.is_some() {
            return None;
        }
        let node = self.node.clone()?;
        loop {
            let first = self.asks.front()?;
            if first.is_vain() {
                let ask = self.asks.pop_front()?;
                self.forget(&ask.why);
                continue;
            }
            let needs_pair = matches!(first.why, Why::Voice | Why::Restore { .. });
            let pair = self.voice.pair();
            // Without a pair nothing can be restored; whatever else waits for the voice.
            if needs_pair && pair.is_none() {
                return None;
            }
            if !needs_pair && !matches!(first.why, Why::Destroy) && !self.voice.is_given() {
                return None;
            }
            let mut ask = self.asks.pop_front()?;
            if ask.tries > 0 && !self.may_repeat(&mut ask.why) {
                continue;
            }
            ask.tries = ask.tries.saturating_add(1);
            if let Why::Play { run, .. } = &ask.why {
                self.runs.sent(*run);
            }
            let answer = self.compose(&ask.why, pair.as_ref());
            self.sent = Some(Sent {
                ask,
                voice: pair.filter(|_| needs_pair),
                number,
                last_run: self.runs.last(),
                heard: self.heard,
            });
            return Some((node, answer));
        }
    }

    /// Whether a request whose answer was lost is sent once more: not if what it asks for was done.
    fn may_repeat(&mut self, why: &mut Why) -> bool {
        match why {
            Why::Play {
                run,
                track,
                remember,
                ..
            } => {
                if self.runs.has_begun(*run) {
                    self.loaded(Arc::clone(track), *remember);
                    return false;
                }
                *run = self.runs.again(*run);
            }
            Why::Restore { run: Some(run), .. } => *run = self.runs.again(*run),
            _ => {}
        }
        true
    }

    /// A track was taken from the queue, or played beside it.
    fn loaded(&mut self, track: Arc<Playable>, remember: bool) {
        let queue = Arc::make_mut(&mut self.queue);
        queue.set_loaded(Some(Arc::clone(&track)));
        if remember {
            queue.remember(track);
        }
    }

    fn compose(&self, why: &Why, pair: Option<&Voice>) -> Answer {
        let mut body = UpdatePlayer::default();
        let mut replace = true;
        match why {
            Why::Destroy => return Answer::Destroy,
            Why::Voice => body.voice = pair.cloned(),
            Why::Play {
                track,
                no_replace,
                position,
                end_time,
                volume,
                paused,
                filters,
                ..
            } => {
                replace = !no_replace;
                body.track = Some(update(track));
                body.position = Some(*position);
                body.end_time = *end_time;
                body.volume = Some(volume.unwrap_or(self.volume));
                body.paused = Some(paused.unwrap_or(self.paused));
                body.filters = filters.as_deref().cloned();
            }
            // `null` stops (protocol §6).
            Why::Stop { .. } => body.track = Some(UpdateTrack::default()),
            Why::Pause(paused) => body.paused = Some(*paused),
            Why::Seek(position) => body.position = Some(*position),
            Why::Volume(volume) => body.volume = Some(*volume),
            Why::Filters { filters, .. } => body.filters = Some((**filters).clone()),
            Why::Restore { run, position, .. } => {
                body.voice = pair.cloned();
                body.volume = Some(self.volume);
                body.paused = Some(self.paused);
                body.filters = Some((*self.filters).clone());
                if let Some(run) = run.and_then(|run| self.runs.get(run)) {
                    body.track = Some(update(&run.track));
                    body.position = Some(*position);
                    body.end_time = self.end_time;
                }
            }
        }
        Answer::Update {
            body: Box::new(body),
            no_replace: !replace,
        }
    }

    /// Whether a request of this number is still waited for; one to a node that was left is not.
    pub(crate) fn awaits(&self, number: u64) -> bool {
        self.sent.as_ref().is_some_and(|sent| sent.number == number)
    }

    /// The node answered, or did not.
    pub(crate) fn on_answer(
        &mut self,
        outcome: Result<Option<Remote>, RequestError>,
        now: Instant,
    ) {
        let Some(sent) = self.sent.take() else {
            return;
        };
        match outcome {
            Ok(remote) => self.done(sent, remote, now),
            Err(error) if self.was_done_anyway(&sent, &error) => self.done(sent, None, now),
            Err(error) => self.failed(sent.ask, error, now),
        }
    }

    /// Whether the node did what it was asked for, although its answer was lost: it said so by itself.
    fn was_done_anyway(&self, sent: &Sent, error: &RequestError) -> bool {
        error.may_have_arrived()
            && self.heard > sent.heard
            && match sent.why() {
                Why::Play { run, .. } => self.runs.has_begun(*run),
                Why::Stop { .. } => self.runs.current().is_none_or(|run| run.id > sent.last_run),
                _ => false,
            }
    }

    fn done(&mut self, sent: Sent, remote: Option<Remote>, now: Instant) {
        if let Some(voice) = &sent.voice {
            self.voice.on_given(voice);
        }
        let before = self.current().cloned();
        let mut result = before.clone();
        match sent.ask.why.clone() {
            Why::Voice => self.entered(),
            Why::Play {
                run,
                track,
                no_replace,
                filters,
                end_time,
                remember,
                position,
                ..
            } => {
                let taken = !no_replace || remote.as_ref().is_none_or(|remote| has(remote, &track));
                if taken {
                    if self.runs.accepted(run) {
                        self.began(&track, position, now);
                    }
                    if self.runs.get(run).is_some() {
                        self.end_time = end_time;
                    }
                    self.loaded(track, remember);
                } else {
                    self.runs.refused(run);
                    result = None;
                }
                if let Some(filters) = filters {
                    self.filters = filters;
                }
            }
            Why::Filters { filters, seek } => {
                self.filters = filters;
                if seek && self.current().is_some() {
                    let position = self.progress.at(now);
                    self.asks.push_front(Ask::new(Why::Seek(position), None));
                }
            }
            Why::Volume(volume) => self.volume = volume,
            Why::Pause(paused) => self.paused = paused,
            Why::Seek(position) => self.progress.report(position, now),
            Why::Restore {
                run,
                position,
                moved,
            } => {
                self.entered();
                if run.is_some()
                    && let Some(current) = self.current()
                {
                    let length = current.duration();
                    self.progress = super::Progress::track(position, length, now);
                }
                if let Some((from, reason)) = moved
                    && let Some(to) = self.node.clone()
                    && from != to
                {
                    self.outputs.push_back(Output::Migrated {
                        from,
                        to,
                        position: run.map(|_| position),
                        reason,
                    });
                }
            }
            Why::Stop { was } => result = Some(was),
            Why::Destroy => {}
        }
        if let Some(remote) = remote {
            self.apply(&remote, &sent, now);
        }
        self.pace(now);
        self.dirty = true;
        if let Some(reply) = sent.ask.reply {
            let _ = reply.send(Ok(result));
        }
    }

    /// Whoever waited for the channel has it.
    fn entered(&mut self) {
        for (reply, ..) in self.entering.drain(..) {
            let _ = reply.send(Ok(None));
        }
    }

    /// What the node's answer says of the player; what the node said by itself since the request is newer.
    fn apply(&mut self, remote: &Remote, sent: &Sent, now: Instant) {
        if let Some(volume) = remote.volume {
            self.volume = volume;
        }
        self.paused = remote.paused;
        let is_newest = self.heard == sent.heard;
        if is_newest {
            self.is_away = false;
            self.connected = remote.state.connected || (self.connected && self.voice.is_given());
            self.ping = remote.state.ping;
        }
        let Some(theirs) = &remote.track else {
            return self.on_no_track(sent.last_run, sent.why(), now);
        };
        match self.current() {
            Some(ours) if ours.is_same(theirs) => {
                if is_newest {
                    self.progress.report(remote.state.position, now);
                }
            }
            // Its start was not heard.
            _ => self.is_in_doubt |= is_newest && self.runs.newest().is_none(),
        }
    }

    fn failed(&mut self, mut ask: Ask, error: RequestError, now: Instant) {
        let again = error.is_transient() && ask.tries < TRIES;
        match &ask.why {
            // The end is reached either way, unless the node may come back with the player.
            Why::Destroy => {
                if again && !matches!(error, RequestError::SessionExpired(_)) {
                    self.try_later(ask, now);
                }
            }
            // What played is not given up for an error that passes: if the node is lost, it moves.
            Why::Restore { .. } if error.is_transient() => self.try_later(ask, now),
            Why::Voice if again => self.try_later(ask, now),
            Why::Voice | Why::Restore { .. } => {
                // The pair may be worn out; a new one is asked for, and then the same once more.
                tracing::debug!(guild = %self.guild, %error, "the node did not take the voice");
                if ask.tries <= TRIES {
                    ask.tries = TRIES + 1;
                    self.asks.push_front(ask);
                    self.ask_voice_anew(now);
                } else {
                    if let Why::Restore { run: Some(run), .. } = &ask.why {
                        tracing::warn!(guild = %self.guild, %error, "the track could not go on");
                        self.runs.refused(*run);
                        self.idle(now);
                        self.dirty = true;
                    }
                    ask.fail(PlayerError::Request(error));
                    self.fail_entering();
                }
            }
            Why::Play { run, .. } => {
                if again && ask.reply.is_none() {
                    return self.try_later(ask, now);
                }
                if error.may_have_arrived() {
                    self.runs.unsure(*run);
                    self.is_in_doubt = true;
                } else {
                    self.runs.refused(*run);
                }
                if ask.reply.is_none() {
                    tracing::warn!(guild = %self.guild, %error, "the next track could not be played");
                    self.idle(now);
                }
                ask.fail(PlayerError::Request(error));
            }
            why => {
                if error.may_have_arrived() {
                    // What it has become of shows by the node's view, and a stop by its end.
                    self.is_in_doubt = true;
                } else {
                    self.forget(why);
                }
                ask.fail(PlayerError::Request(error));
            }
        }
    }

    /// Tries once more after a pause, before anything else is asked.
    fn try_later(&mut self, ask: Ask, now: Instant) {
        let doublings = u32::from(ask.tries.saturating_sub(1)).min(8);
        self.rests_until = Some(now + (REST * 2_u32.pow(doublings)).min(REST_AT_MOST));
        self.asks.push_front(ask);
    }

    /// Whether a request to stop is under way, or waits for its turn.
    pub(super) fn is_stopping(&self) -> bool {
        let sent = self.sent.as_ref().map(|sent| &sent.ask);
        sent.into_iter().chain(&self.asks).any(is_stop)
    }

    /// A request is not made after all.
    pub(super) fn forget(&mut self, why: &Why) {
        match why {
            Why::Play { run, .. } => self.runs.refused(*run),
            // One that still waits means the same track, or the next.
            Why::Stop { .. } if !self.asks.iter().any(is_stop) => self.intent = None,
            _ => {}
        }
    }

    /// A track is the player's own from now on.
    pub(super) fn began(&mut self, track: &Playable, position: i64, now: Instant) {
        self.progress = super::Progress::track(position, track.duration(), now);
        self.inactive_at = None;
        self.pace(now);
    }

    /// Asks the node to play, after what waits already.
    pub(super) fn ask_play(&mut self, track: Arc<Playable>, remember: bool) {
        let run = self.add_run(&track);
        let why = Why::Play {
            run,
            track,
            no_replace: false,
            position: 0,
            end_time: None,
            volume: None,
            paused: None,
            filters: None,
            remember,
        };
        self.push(why, None);
    }

    pub(super) fn add_run(&mut self, track: &Arc<Playable>) -> u64 {
        Runs::add(&mut self.runs, Arc::clone(track), Phase::Asked, false)
    }
}

fn update(track: &Playable) -> UpdateTrack {
    UpdateTrack {
        encoded: Some(Arc::clone(&track.encoded)),
        user_data: track.extras.shared(),
    }
}

fn has(remote: &Remote, track: &Playable) -> bool {
    remote
        .track
        .as_ref()
        .is_some_and(|theirs| theirs.is_same(track))
}
