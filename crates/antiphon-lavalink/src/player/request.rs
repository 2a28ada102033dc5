//! Requests to the player's node, one at a time and in order; a body is made when its request is sent.
//!
//! # The way of a request
//! 1. `push` queues an [`Operation`]; beyond 32 the client gets [`PlayerError::Busy`].
//! 2. `next_request` takes the first, if none is in flight, no pause is due, and the voice connection allows it: a
//!    restore and a voice request need a matching pair, all others but a destroy need a node that was given one. A
//!    request whose caller has gone is left out.
//! 3. `compose` makes the body from the state of this moment, so that a restore sends the newest position and volume.
//! 4. `on_response` takes over the player that the node returns (protocol §6, step 12), unless later frames are newer.
//!
//! # Failures
//! - A request of a client fails with the node's error and is not repeated: the client decides.
//! - A request that antiphon made (a voice connection, the next track, a destroy) is tried up to 4 times, with pauses
//!   of 250 ms, doubled up to 5 s. A restore is repeated for as long as its error may pass.
//! - A voice connection that the node does not take is requested anew from Discord once.
//! - A request that may have arrived without a response is neither believed nor undone: frames or the node's list of
//!   players show what happened.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use super::{
    LocalPlayer, MAX_REQUESTS, Output, Part, RemotePlayer, Reply,
    declared::PluginRequest,
    runs::{Phase, Runs},
};
use crate::{
    error::{PlayerError, RequestError, Unsupported},
    model::{Crossfade, MoveReason, NodeId, Playable},
    wire::{Filters, UpdateCrossfade, UpdatePlayer, UpdateTrack, Voice},
};

/// Attempts of a request that nobody waits for, the first included.
const TRIES: u8 = 4;
/// Pause after the first failed attempt; it doubles with each.
const REST: Duration = Duration::from_millis(250);
/// Longest pause between two attempts.
const REST_AT_MOST: Duration = Duration::from_secs(5);

/// What a request does at the node (<https://lavalink.dev/api/rest.html#update-player>).
///
/// Each but the last is one `PATCH`; times in it are milliseconds.
#[derive(Clone, Debug)]
pub(crate) enum Operation {
    /// Give the newest voice pair.
    Voice,
    /// Play a track. `run` is its number in `runs.rs`, and `no_replace` keeps a track that plays.
    Play {
        run: u64,
        track: Arc<Playable>,
        no_replace: bool,
        position: i64,
        end_time: Option<i64>,
        volume: Option<u16>,
        paused: Option<bool>,
        filters: Option<Arc<Filters>>,
        /// Whether the track is added to the history.
        remember: bool,
    },
    /// Stop: `encoded` of the track is `null`, where an absent one would keep the track.
    Stop {
        /// The track that was playing.
        was: Arc<Playable>,
    },
    /// Pause or resume.
    Pause(bool),
    /// Seek.
    Seek(i64),
    /// Set the volume.
    Volume(u16),
    /// Set the filters; with `seek` they are heard at once.
    Filters { filters: Arc<Filters>, seek: bool },
    /// Put the whole player back, at another node or in a new session: voice, volume, pause and filters, and the run
    /// with its track, position and end. `moved` has the former node and the reason, for the event.
    Restore {
        run: Option<u64>,
        position: i64,
        moved: Option<(NodeId, MoveReason)>,
    },
    /// Tell the next track, or take it back.
    Next(Option<Arc<Playable>>),
    /// Set the crossfade, or switch it off.
    Crossfade(Option<Crossfade>),
    /// Set a part of the plugin state.
    Declare(Part),
    /// Take a part of the plugin state back.
    Retract(Part),
    /// Destroy the player.
    Destroy,
}

/// A request that waits to be sent; without a reply, antiphon made it.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) operation: Operation,
    pub(crate) reply: Option<Reply>,
    /// Attempts so far.
    tries: u8,
}

impl Request {
    pub(crate) fn new(operation: Operation, reply: Option<Reply>) -> Self {
        Self {
            operation,
            reply,
            tries: 0,
        }
    }

    /// Replies with an error, if somebody waits.
    pub(crate) fn fail(self, error: PlayerError) {
        if let Some(reply) = self.reply {
            let _ = reply.send(Err(error));
        }
    }

    /// Whether nobody waits for it any more.
    fn is_vain(&self) -> bool {
        self.reply.as_ref().is_some_and(Reply::is_closed)
    }
}

/// The request in flight.
#[derive(Debug)]
pub(crate) struct SentRequest {
    request: Request,
    /// The pair that it has.
    voice: Option<Voice>,
    /// Its number over all players, by which its response is recognised.
    number: u64,
    /// The newest run when it was sent.
    last_run: u64,
    /// Number of frames heard when it was sent.
    heard: u64,
}

impl SentRequest {
    /// What it does.
    pub(crate) fn operation(&self) -> &Operation {
        &self.request.operation
    }

    /// The request, to be sent again.
    pub(crate) fn into_request(self) -> Request {
        self.request
    }
}

/// What to send to the node.
#[derive(Clone, Debug)]
pub(crate) enum RequestBody {
    /// A PATCH with this body.
    Update {
        body: Box<UpdatePlayer>,
        no_replace: bool,
    },
    /// A request below the player's path.
    Plugin(Box<PluginRequest>),
    /// A DELETE.
    Destroy,
}

/// Whether a request is a stop.
fn is_stop(request: &Request) -> bool {
    matches!(request.operation, Operation::Stop { .. })
}

impl LocalPlayer {
    /// Queues a request.
    pub(super) fn push(&mut self, operation: Operation, reply: Option<Reply>) {
        if self.requests.len() >= MAX_REQUESTS {
            self.forget(&operation);
            return Request::new(operation, reply).fail(PlayerError::Busy(MAX_REQUESTS));
        }
        self.requests.push_back(Request::new(operation, reply));
    }

    /// The next request to send, if one may be sent; `number` names it.
    pub(crate) fn next_request(&mut self, number: u64) -> Option<(NodeId, RequestBody)> {
        if self.sent.is_some() || self.rests_until.is_some() {
            return None;
        }
        let node = self.node.clone()?;
        loop {
            let first = self.requests.front()?;
            if first.is_vain() {
                let request = self.requests.pop_front()?;
                self.forget(&request.operation);
                continue;
            }
            let needs_pair = matches!(
                first.operation,
                Operation::Voice | Operation::Restore { .. }
            );
            let is_plugin = matches!(
                first.operation,
                Operation::Declare(_) | Operation::Retract(_)
            );
            if is_plugin {
                if !self.features.is_settled {
                    // Its `info` decides about the route.
                    return None;
                }
                if self.put_off_first() {
                    continue;
                }
            }
            let first = self.requests.front()?;
            let is_early = matches!(&first.operation, Operation::Declare(part) if part.is_early());
            let pair = self.voice.pair();
            // A restore needs a pair; other requests need a node that was given one.
            if needs_pair && pair.is_none() {
                return None;
            }
            if !needs_pair
                && !matches!(first.operation, Operation::Destroy)
                && !is_early
                && !self.voice.is_given()
            {
                return None;
            }
            let mut request = self.requests.pop_front()?;
            let plugin = match self.plugin_request(&request.operation) {
                Ok(plugin) => plugin,
                Err(lacks) => {
                    self.lacking(request, lacks);
                    continue;
                }
            };
            if is_plugin && plugin.is_none() {
                // There is nothing to take back.
                if let Some(reply) = request.reply {
                    let _ = reply.send(Ok(None));
                }
                continue;
            }
            if request.tries > 0 && !self.may_repeat(&mut request.operation) {
                continue;
            }
            request.tries = request.tries.saturating_add(1);
            if let Operation::Play { run, .. } = &request.operation {
                self.runs.sent(*run);
            }
            let answer = match plugin {
                Some(plugin) => RequestBody::Plugin(Box::new(plugin)),
                None => self.compose(&request.operation, pair.as_ref()),
            };
            self.sent = Some(SentRequest {
                request,
                voice: pair.filter(|_| needs_pair),
                number,
                last_run: self.runs.last(),
                heard: self.heard,
            });
            return Some((node, answer));
        }
    }

    /// Ends a request about a part that the node lacks: with an error, or with an event where nobody waits.
    fn lacking(&mut self, request: Request, lacks: Unsupported) {
        if let (Operation::Declare(part), None) = (&request.operation, &request.reply) {
            let part = part.clone();
            self.part_lost(&part, lacks.to_string());
        }
        request.fail(PlayerError::Unsupported(lacks));
    }

    /// Whether a request without a response is repeated: not if frames show that it was done.
    fn may_repeat(&mut self, operation: &mut Operation) -> bool {
        match operation {
            Operation::Play {
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
            Operation::Restore { run: Some(run), .. } => *run = self.runs.again(*run),
            _ => {}
        }
        true
    }

    /// Notes that a track is the queue's loaded one.
    fn loaded(&mut self, track: Arc<Playable>, remember: bool) {
        let queue = Arc::make_mut(&mut self.queue);
        queue.set_loaded(Some(Arc::clone(&track)));
        if remember {
            queue.remember(track);
        }
    }

    /// Makes the body of a request from the state of this moment.
    ///
    /// A play always sends position, volume and pause, since a node resets the pause of a new track (protocol §6, step
    /// 9).
    fn compose(&self, operation: &Operation, pair: Option<&Voice>) -> RequestBody {
        let mut body = UpdatePlayer::default();
        let mut replace = true;
        match operation {
            Operation::Destroy => return RequestBody::Destroy,
            Operation::Voice => body.voice = pair.cloned(),
            Operation::Play {
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
                // `NodeLink` keeps the next track when one is replaced (protocol §22).
                body.next_track = self.told.next.is_some().then_some(None);
            }
            Operation::Next(next) => body.next_track = Some(next.as_deref().map(update)),
            Operation::Crossfade(crossfade) => {
                body.crossfade = Some(UpdateCrossfade {
                    enabled: crossfade.is_some(),
                    duration: crossfade
                        .map(|fade| fade.duration.as_millis())
                        .and_then(|duration| u64::try_from(duration).ok()),
                    curve: crossfade.map(|fade| fade.curve.as_str()),
                });
            }
            // Composed by `plugin_request`.
            Operation::Declare(_) | Operation::Retract(_) => {}
            // `null` stops (<https://lavalink.dev/api/rest.html#update-player-track>).
            Operation::Stop { .. } => body.track = Some(UpdateTrack::default()),
            Operation::Pause(paused) => body.paused = Some(*paused),
            Operation::Seek(position) => body.position = Some(*position),
            Operation::Volume(volume) => body.volume = Some(*volume),
            Operation::Filters { filters, .. } => body.filters = Some((**filters).clone()),
            Operation::Restore { run, position, .. } => {
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
        RequestBody::Update {
            body: Box::new(body),
            no_replace: !replace,
        }
    }

    /// Whether the request with this number is in flight; one to a former node is not.
    pub(crate) fn awaits(&self, number: u64) -> bool {
        self.sent.as_ref().is_some_and(|sent| sent.number == number)
    }

    /// Handles the response, or the failure.
    pub(crate) fn on_response(
        &mut self,
        outcome: Result<Option<RemotePlayer>, RequestError>,
        now: Instant,
    ) {
        let Some(sent) = self.sent.take() else {
            return;
        };
        match outcome {
            Ok(remote) => self.done(sent, remote, now),
            Err(error) if self.was_done_anyway(&sent, &error) => self.done(sent, None, now),
            Err(error) => self.failed(sent.request, error, now),
        }
    }

    /// Whether the request was done although its response was lost, as later frames show.
    fn was_done_anyway(&self, sent: &SentRequest, error: &RequestError) -> bool {
        error.may_have_arrived()
            && self.heard > sent.heard
            && match sent.operation() {
                Operation::Play { run, .. } => self.runs.has_begun(*run),
                Operation::Stop { .. } => {
                    self.runs.current().is_none_or(|run| run.id > sent.last_run)
                }
                _ => false,
            }
    }

    /// Handles a success, or a request that was done as frames show: `remote` is absent then.
    fn done(&mut self, sent: SentRequest, remote: Option<RemotePlayer>, now: Instant) {
        if let Some(voice) = &sent.voice {
            self.voice.on_given(voice);
        }
        let before = self.current().cloned();
        let mut result = before.clone();
        match sent.request.operation.clone() {
            Operation::Voice => self.entered(),
            Operation::Play {
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
                self.forget_next();
            }
            Operation::Next(next) => self.told.next = next,
            Operation::Crossfade(crossfade) => self.told.crossfade = crossfade,
            Operation::Declare(part) => self.keep_part(part),
            Operation::Filters { filters, seek } => {
                self.filters = filters;
                if seek && self.current().is_some() {
                    let position = self.progress.at(now);
                    self.requests
                        .push_front(Request::new(Operation::Seek(position), None));
                }
            }
            Operation::Volume(volume) => self.volume = volume,
            Operation::Pause(paused) => self.paused = paused,
            Operation::Seek(position) => self.progress.report(position, now),
            Operation::Restore {
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
            Operation::Stop { was } => {
                self.forget_next();
                result = Some(was);
            }
            Operation::Retract(_) | Operation::Destroy => {}
        }
        if let Some(remote) = remote {
            self.apply(&remote, &sent, now);
        }
        self.pace(now);
        self.dirty = true;
        if let Some(reply) = sent.request.reply {
            let _ = reply.send(Ok(result));
        }
    }

    /// Replies to the calls that wait to connect.
    fn entered(&mut self) {
        for (reply, ..) in self.entering.drain(..) {
            let _ = reply.send(Ok(None));
        }
    }

    /// Takes over the player of a response, except where later frames are newer.
    fn apply(&mut self, remote: &RemotePlayer, sent: &SentRequest, now: Instant) {
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
        if matches!(
            sent.operation(),
            Operation::Next(_) | Operation::Crossfade(_)
        ) {
            // The node may have gone on with the next track since.
            return;
        }
        let Some(theirs) = &remote.track else {
            return self.on_no_track(sent.last_run, sent.operation(), now);
        };
        match self.current() {
            Some(ours) if ours.is_same(theirs) => {
                if is_newest {
                    self.progress.report(remote.state.position, now);
                }
            }
            // Its start was missed, unless its end came before the response or another track is requested.
            _ => {
                let last = self.last_end.as_ref();
                let may_be_over = !is_newest && last.is_some_and(|last| last.is_of(theirs));
                self.needs_comparison |= !may_be_over && !self.is_playing_next();
            }
        }
    }

    /// Handles a failure: repeats the request, asks Discord for a new pair, or gives it up.
    fn failed(&mut self, mut request: Request, error: RequestError, now: Instant) {
        let again = error.is_transient() && request.tries < TRIES;
        match &request.operation {
            // The player ends either way, unless the node may come back with it.
            Operation::Destroy => {
                if again && !matches!(error, RequestError::SessionExpired(_)) {
                    self.try_later(request, now);
                }
            }
            // A passing error does not give up the current track; if the node is lost, the player moves.
            Operation::Restore { .. } if error.is_transient() => self.try_later(request, now),
            Operation::Voice | Operation::Next(_) | Operation::Crossfade(_) if again => {
                self.try_later(request, now);
            }
            Operation::Voice | Operation::Restore { .. } => {
                // The pair may have expired: repeat the request once with a new one.
                tracing::debug!(guild = %self.guild, %error, "the node did not take the voice");
                if request.tries <= TRIES {
                    request.tries = TRIES + 1;
                    self.requests.push_front(request);
                    self.ask_voice_anew(now);
                } else {
                    if let Operation::Restore { run: Some(run), .. } = &request.operation {
                        tracing::warn!(guild = %self.guild, %error, "the track could not go on");
                        self.runs.refused(*run);
                        self.idle(now);
                        self.dirty = true;
                    }
                    request.fail(PlayerError::Request(error));
                    self.fail_entering();
                }
            }
            Operation::Play { run, .. } => {
                if again && request.reply.is_none() {
                    return self.try_later(request, now);
                }
                if error.may_have_arrived() {
                    self.runs.unsure(*run);
                    self.needs_comparison = true;
                } else {
                    self.runs.refused(*run);
                }
                if request.reply.is_none() {
                    tracing::warn!(guild = %self.guild, %error, "the next track could not be played");
                    self.idle(now);
                }
                request.fail(PlayerError::Request(error));
            }
            Operation::Next(next) => {
                tracing::debug!(guild = %self.guild, %error, "the node does not take the next track");
                if error.may_have_arrived() {
                    self.told.next.clone_from(next);
                }
                self.told.is_refused = true;
            }
            Operation::Crossfade(_) => {
                tracing::debug!(guild = %self.guild, %error, "the node does not take the crossfade");
                self.told.is_refused = true;
            }
            Operation::Declare(_) if again && request.reply.is_none() => {
                self.try_later(request, now);
            }
            Operation::Declare(part) | Operation::Retract(part) => {
                let part = part.clone();
                let is_declared = matches!(request.operation, Operation::Declare(_));
                if part.is_held_by(&error) && is_declared {
                    // The plugin keeps the subscription of a player that it does not know yet (protocol §5.7).
                    self.keep_part(part);
                    if let Some(reply) = request.reply {
                        let _ = reply.send(Ok(None));
                    }
                } else if error.is_no_route() {
                    let lacks = self.unsupported(&part);
                    self.lacking(request, lacks);
                } else {
                    if is_declared && request.reply.is_none() {
                        self.part_lost(&part, antiphon_core::error_chain(&error));
                    }
                    request.fail(PlayerError::Request(error));
                }
            }
            operation => {
                if error.may_have_arrived() {
                    // The node's view will show whether it was done; a stop shows by the end of the track.
                    self.needs_comparison = true;
                } else {
                    self.forget(operation);
                }
                request.fail(PlayerError::Request(error));
            }
        }
    }

    /// Repeats a request after a pause, before all others.
    fn try_later(&mut self, request: Request, now: Instant) {
        let doublings = u32::from(request.tries.saturating_sub(1)).min(8);
        self.rests_until = Some(now + (REST * 2_u32.pow(doublings)).min(REST_AT_MOST));
        self.requests.push_front(request);
    }

    /// Whether a stop is queued or in flight.
    pub(super) fn is_stopping(&self) -> bool {
        let sent = self.sent.as_ref().map(|sent| &sent.request);
        sent.into_iter().chain(&self.requests).any(is_stop)
    }

    /// Undoes the bookkeeping of a request that is not sent.
    pub(super) fn forget(&mut self, operation: &Operation) {
        match operation {
            Operation::Play { run, .. } => self.runs.refused(*run),
            // Another stop that waits means the same track, or the next.
            Operation::Stop { .. } if !self.requests.iter().any(is_stop) => self.intent = None,
            _ => {}
        }
    }

    /// Makes a track the current one.
    pub(super) fn began(&mut self, track: &Playable, position: i64, now: Instant) {
        self.progress = super::Progress::track(position, track.duration(), now);
        self.inactive_at = None;
        self.pace(now);
    }

    /// Queues a play request.
    pub(super) fn ask_play(&mut self, track: Arc<Playable>, remember: bool) {
        let run = self.add_run(&track);
        let operation = Operation::Play {
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
        self.push(operation, None);
    }

    /// Adds a run for a request that waits, and returns its number.
    pub(super) fn add_run(&mut self, track: &Arc<Playable>) -> u64 {
        Runs::add(&mut self.runs, Arc::clone(track), Phase::Asked, false)
    }
}

/// The track of an update: encoding and extras.
fn update(track: &Playable) -> UpdateTrack {
    UpdateTrack {
        encoded: Some(Arc::clone(&track.encoded)),
        user_data: track.extras.shared(),
    }
}

/// Whether the node has this track, as it responds.
fn has(remote: &RemotePlayer, track: &Playable) -> bool {
    remote
        .track
        .as_ref()
        .is_some_and(|theirs| theirs.is_same(track))
}
