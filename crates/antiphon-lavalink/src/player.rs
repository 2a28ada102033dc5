//! One player as session state: commands, voice, frames and answers in; requests and events out.
//!
//! It opens nothing and asks no clock. What its node is to be asked stands in a queue
//! ([`LocalPlayer::next_ask`]), one request at a time, so that the node hears them in order.
//!
//! Three things hold at every moment:
//! - A frame of another node than its own changes nothing.
//! - Nothing but a pair that belongs together is given to a node (see [`voice`]).
//! - What goes on after an outage is put back by one request of its own, never by playing anew.

mod autoplay;
mod command;
mod frames;
mod position;
mod request;
mod runs;
mod saved;
pub(crate) mod voice;

#[cfg(test)]
mod tests;

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, LazyLock},
    time::Duration,
};

use antiphon_core::Rng;
use bytes::Bytes;
use tokio::{sync::oneshot, time::Instant};

pub use self::command::PlayOptions;
use self::{autoplay::Recommender, position::Progress, runs::Runs, voice::Voice};
pub(crate) use self::{
    command::{PlayerCommand, QueueChange},
    frames::TrackNote,
    request::{Operation, Request, RequestBody, SentRequest},
    saved::read_saved,
};
use crate::{
    error::PlayerError,
    model::{AutoPlayMode, ChannelId, GuildId, MoveReason, NodeId, Playable, VoiceRequest},
    queue::{Queue, Waiter},
    wire::{self, Filters},
};

/// Requests that wait for a player's node; one more is refused.
const MAX_REQUESTS: usize = 32;
/// Loudest volume (protocol §5.3).
pub(crate) const MAX_VOLUME: u16 = 1000;
/// Tracks in a row that may fail before a player stops trying the next (protocol §16.2).
const MAX_ERRORS: u8 = 3;
/// Times that nobody may have listened when a track ended (protocol §15).
const UNHEARD_TRACKS: u8 = 3;

/// How often a position is kept that changes by itself.
const SAVE_EVERY: Duration = Duration::from_secs(30);

/// Who waits for something to be done, and takes the track that was playing.
pub(crate) type Reply = oneshot::Sender<Result<Option<Arc<Playable>>, PlayerError>>;

/// What a player is begun with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    pub(crate) inactive_timeout: Option<Duration>,
    pub(crate) queue_capacity: usize,
}

/// What a player wants from others than its node.
#[derive(Debug)]
pub(crate) enum Output {
    /// Discord is to be asked.
    Voice(VoiceRequest),
    /// It has been idle for too long, or nobody listens.
    Inactive,
    /// It goes on at another node.
    Migrated {
        from: NodeId,
        to: NodeId,
        position: Option<i64>,
        reason: MoveReason,
    },
    /// Any of these may bring tracks that go with what was heard.
    Recommend(Vec<String>),
}

/// Why a track was made to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Intent {
    /// Nothing is to follow.
    Stop,
    /// The next is to follow.
    Skip,
}

/// One player.
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
#[derive(Debug)]
pub(crate) struct LocalPlayer {
    pub(crate) guild: GuildId,
    pub(crate) node: Option<NodeId>,
    /// The node that somebody chose for it.
    pub(crate) chosen: Option<NodeId>,
    voice: Voice,
    runs: Runs,
    progress: Progress,
    pub(crate) queue: Arc<Queue>,
    pub(crate) auto_queue: Arc<Queue>,
    previous: Option<Arc<Playable>>,
    volume: u16,
    paused: bool,
    filters: Arc<Filters>,
    end_time: Option<i64>,
    connected: bool,
    /// Its node's socket is gone.
    is_away: bool,
    ping: i64,
    /// Counts what the node said by itself, so that an answer is known to be older.
    heard: u64,
    last_end: Option<frames::LastEnd>,
    /// What the node said does not fit, and it is to be asked how the player stands.
    needs_comparison: bool,
    autoplay: AutoPlayMode,
    recommender: Recommender,
    errors: u8,
    unheard_left: u8,
    listeners: Option<usize>,
    /// What its user wants of the end of this run.
    intent: Option<(Intent, u64)>,
    inactive_timeout: Option<Duration>,
    inactive_at: Option<Instant>,
    requests: VecDeque<Request>,
    /// What the one request under way was for.
    sent: Option<SentRequest>,
    entering: Vec<(Reply, Instant, Duration)>,
    getters: HashMap<Waiter, oneshot::Sender<command::Got>>,
    putters: HashMap<Waiter, oneshot::Sender<command::Put>>,
    waiters: Waiter,
    outputs: VecDeque<Output>,
    rng: Rng,
    /// It changed in a way that a restart must know of.
    pub(crate) dirty: bool,
    saved_at: Instant,
    /// It is over once its node has been told.
    pub(crate) is_gone: bool,
    /// Until when its node is asked nothing, since it failed.
    rests_until: Option<Instant>,
}

/// What others see of a player at one moment.
#[derive(Clone, Debug)]
pub(crate) struct Snapshot {
    pub(crate) node: Option<NodeId>,
    pub(crate) channel: Option<ChannelId>,
    pub(crate) connected: bool,
    pub(crate) ping: i64,
    pub(crate) current: Option<Arc<Playable>>,
    pub(crate) previous: Option<Arc<Playable>>,
    pub(crate) progress: Progress,
    pub(crate) volume: u16,
    pub(crate) paused: bool,
    pub(crate) filters: Arc<Filters>,
    pub(crate) autoplay: AutoPlayMode,
    pub(crate) inactive_timeout: Option<Duration>,
    pub(crate) queue: Arc<Queue>,
    pub(crate) auto_queue: Arc<Queue>,
}

impl Snapshot {
    /// Position of the track, in milliseconds.
    pub(crate) fn position(&self, now: Instant) -> i64 {
        self.progress.at(now)
    }
}

/// No filters: what nearly all players share.
fn no_filters() -> Arc<Filters> {
    static NONE: LazyLock<Arc<Filters>> = LazyLock::new(Arc::default);
    Arc::clone(&NONE)
}

impl LocalPlayer {
    pub(crate) fn new(guild: GuildId, rules: Rules, rng: Rng, now: Instant) -> Self {
        Self {
            guild,
            node: None,
            chosen: None,
            voice: Voice::default(),
            runs: Runs::default(),
            progress: Progress::none(now),
            queue: Arc::new(Queue::new().capacity(rules.queue_capacity)),
            auto_queue: Arc::new(Queue::new().capacity(Queue::CAPACITY)),
            previous: None,
            volume: 100,
            paused: false,
            filters: no_filters(),
            end_time: None,
            connected: false,
            is_away: false,
            ping: -1,
            heard: 0,
            last_end: None,
            needs_comparison: false,
            autoplay: AutoPlayMode::default(),
            recommender: Recommender::default(),
            errors: 0,
            unheard_left: UNHEARD_TRACKS,
            listeners: None,
            intent: None,
            inactive_timeout: rules.inactive_timeout,
            inactive_at: None,
            requests: VecDeque::new(),
            sent: None,
            entering: Vec::new(),
            getters: HashMap::new(),
            putters: HashMap::new(),
            waiters: 0,
            outputs: VecDeque::new(),
            rng,
            dirty: false,
            saved_at: now,
            is_gone: false,
            rests_until: None,
        }
    }

    /// As others may see it.
    pub(crate) fn snapshot(&self) -> Snapshot {
        Snapshot {
            node: self.node.clone(),
            channel: self.voice.channel,
            connected: self.connected,
            ping: self.ping,
            current: self.current().cloned(),
            previous: self.previous.clone(),
            progress: self.progress,
            volume: self.volume,
            paused: self.paused,
            filters: Arc::clone(&self.filters),
            autoplay: self.autoplay,
            inactive_timeout: self.inactive_timeout,
            queue: Arc::clone(&self.queue),
            auto_queue: Arc::clone(&self.auto_queue),
        }
    }

    /// What plays.
    pub(crate) fn current(&self) -> Option<&Arc<Playable>> {
        self.runs.current().map(|run| &run.track)
    }

    /// Where the voice server is, which tells the best region.
    pub(crate) fn endpoint(&self) -> Option<&str> {
        self.voice.endpoint()
    }

    /// Whether it must be given a node before anything can be done.
    pub(crate) fn needs_node(&self) -> bool {
        self.node.is_none() && !self.is_gone && self.voice.pair().is_some()
    }

    /// Gives it its first node.
    pub(crate) fn assign(&mut self, node: NodeId) {
        self.node = Some(node);
        self.dirty = true;
    }

    pub(crate) fn next_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Voice.

    /// The bot's own voice state in the guild.
    pub(crate) fn on_voice_state(
        &mut self,
        channel: Option<ChannelId>,
        session: &str,
        now: Instant,
    ) {
        match self.voice.on_state(channel, session, now) {
            voice::Heard::Nothing => {}
            voice::Heard::Pair => self.give_voice(),
            voice::Heard::Left => self.leave(),
        }
        self.dirty = true;
    }

    /// The guild's voice server.
    pub(crate) fn on_voice_server(
        &mut self,
        token: antiphon_core::Secret,
        endpoint: Option<String>,
        now: Instant,
    ) {
        if self.voice.on_server(token, endpoint, now) {
            self.give_voice();
        }
    }

    /// Discord was asked, or could not be: whoever waits to enter is told that.
    pub(crate) fn on_voice_asked(
        &mut self,
        outcome: Result<(), antiphon_core::BoxError>,
        now: Instant,
    ) {
        self.voice.on_asked(outcome.is_ok(), now);
        let Err(error) = outcome else {
            return;
        };
        tracing::debug!(guild = %self.guild, %error, "discord could not be asked for a voice channel");
        let words = error.to_string();
        let mut error = Some(error);
        for (reply, ..) in self.entering.drain(..) {
            let error = error.take().unwrap_or_else(|| words.clone().into());
            let _ = reply.send(Err(PlayerError::Gateway(error)));
        }
    }

    /// The node is to be told the newest pair, before anything else.
    fn give_voice(&mut self) {
        if self.requests.iter().any(|request| {
            matches!(
                request.operation,
                Operation::Voice | Operation::Restore { .. }
            )
        }) {
            return;
        }
        self.requests
            .push_front(Request::new(Operation::Voice, None));
    }

    /// It is in no channel any more: its node is told, and then it is over.
    fn leave(&mut self) {
        self.voice.leave(self.guild);
        self.end();
    }

    /// It is over once its node was told.
    fn end(&mut self) {
        if self.is_gone {
            return;
        }
        self.is_gone = true;
        self.dirty = true;
        self.rests_until = None;
        self.inactive_at = None;
        self.connected = false;
        let guild = self.guild;
        for request in self.requests.drain(..) {
            request.fail(PlayerError::Disconnected(guild));
        }
        for (reply, ..) in self.entering.drain(..) {
            let _ = reply.send(Err(PlayerError::Disconnected(guild)));
        }
        if self.node.is_some() {
            self.requests
                .push_back(Request::new(Operation::Destroy, None));
        }
    }

    /// Whether nothing is left to be done for it.
    pub(crate) fn is_over(&self) -> bool {
        self.is_gone && self.requests.is_empty() && self.sent.is_none()
    }

    /// Its node cannot be told any more that it is over.
    pub(crate) fn abandon(&mut self) {
        if self.is_gone {
            self.requests.clear();
            self.sent = None;
            self.rests_until = None;
        }
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Nodes.

    /// Goes on at `node`: at another one, or at its own with a new session.
    ///
    /// `lost_at` is when the old one was last known to play.
    pub(crate) fn restore(
        &mut self,
        node: NodeId,
        reason: Option<MoveReason>,
        lost_at: Instant,
        reply: Option<Reply>,
    ) {
        let position = self.progress.at(lost_at);
        self.rests_until = None;
        let from = self.node.replace(node);
        let mut reply = reply;
        if let Some(request) = self.sent.take().map(SentRequest::into_request) {
            match request.operation {
                Operation::Restore { .. } => reply = reply.or(request.reply),
                Operation::Voice | Operation::Destroy => {}
                // Its answer will not be heard any more, so that it is done again.
                _ => self.requests.push_front(request),
            }
        }
        self.voice.on_node_changed();
        self.connected = false;
        self.is_away = false;
        self.progress.report(position, lost_at);
        self.progress.set_speed(0.0, lost_at);
        self.requests.retain(|request| {
            !matches!(
                request.operation,
                Operation::Voice | Operation::Restore { .. }
            )
        });
        // What plays goes on by the request itself; what was asked for and not answered follows after it.
        let going_on = self.current().cloned();
        if going_on.is_none() {
            self.on_lost_end(lost_at);
        }
        self.runs.clear();
        let run = going_on.map(|track| self.runs.add(track, runs::Phase::Accepted, true));
        for request in &mut self.requests {
            if let Operation::Play {
                run,
                track,
                position,
                ..
            } = &mut request.operation
            {
                *run = self.runs.add(Arc::clone(track), runs::Phase::Asked, false);
                self.runs.begin_at(*run, *position);
            }
        }
        let operation = Operation::Restore {
            run,
            position,
            moved: from.zip(reason),
        };
        self.requests.push_front(Request::new(operation, reply));
        self.dirty = true;
    }

    /// Whether it is being put back at its node.
    pub(crate) fn is_restoring(&self) -> bool {
        let is_restore = |operation: &Operation| matches!(operation, Operation::Restore { .. });
        self.requests
            .iter()
            .any(|request| is_restore(&request.operation))
            || self
                .sent
                .as_ref()
                .is_some_and(|sent| is_restore(sent.operation()))
    }

    /// Leaves its channel, since no node can be had for it.
    pub(crate) fn drop_out(&mut self) {
        let request = self.voice.leave(self.guild);
        self.outputs.push_back(Output::Voice(request));
        self.end();
    }

    /// Whether a restoring waits for Discord, since no pair is known.
    pub(crate) fn lacks_voice(&self) -> bool {
        self.voice.pair().is_none() && self.voice.channel.is_some()
    }

    /// Asks Discord for the voice channel anew.
    pub(crate) fn ask_voice_anew(&mut self, now: Instant) {
        if let Some(request) = self.voice.ask_anew(self.guild, now) {
            self.outputs.push_back(Output::Voice(request));
        }
    }

    /// Position of what plays, in milliseconds.
    #[cfg(test)]
    pub(crate) fn position(&self, now: Instant) -> i64 {
        self.progress.at(now)
    }

    /// Gives back the memory of what is done; most players of a pool do nothing at a time.
    pub(crate) fn slim(&mut self) {
        if self.requests.is_empty() {
            self.requests.shrink_to_fit();
        }
        if self.outputs.is_empty() {
            self.outputs.shrink_to_fit();
        }
        if self.entering.is_empty() {
            self.entering.shrink_to_fit();
        }
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Time.

    /// When it must be woken.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let entering = self.entering.iter().map(|(_, by, _)| *by);
        let others = self.voice.deadline().into_iter().chain(self.inactive_at);
        others.chain(self.rests_until).chain(entering).min()
    }

    /// Some time has passed.
    pub(crate) fn on_deadline(&mut self, now: Instant) {
        self.rests_until = self.rests_until.filter(|until| *until > now);
        if self
            .voice
            .deadline()
            .is_some_and(|deadline| deadline <= now)
        {
            match self.voice.on_deadline(self.guild, now) {
                voice::Overdue::NotYet => {}
                voice::Overdue::AskAgain(requests) => {
                    self.outputs.extend(requests.map(Output::Voice));
                }
                // Music that is still heard is better than none.
                voice::Overdue::GiveUp if self.connected || self.is_away => {}
                voice::Overdue::GiveUp => {
                    let request = self.voice.leave(self.guild);
                    self.outputs.push_back(Output::Voice(request));
                    self.fail_entering();
                    self.end();
                }
            }
        }
        let overdue: Vec<_> = self
            .entering
            .extract_if(.., |(_, by, _)| *by <= now)
            .collect();
        for (reply, _, limit) in overdue {
            let _ = reply.send(Err(PlayerError::ChannelTimeout(limit)));
        }
        if self.inactive_at.is_some_and(|at| at <= now) {
            self.inactive_at = None;
            if self.current().is_none() {
                self.outputs.push_back(Output::Inactive);
            }
        }
    }

    fn fail_entering(&mut self) {
        for (reply, _, limit) in self.entering.drain(..) {
            let _ = reply.send(Err(PlayerError::ChannelTimeout(limit)));
        }
    }

    /// It plays nothing from now on, and is told on if that lasts.
    fn idle(&mut self, now: Instant) {
        self.inactive_at = self
            .inactive_timeout
            .filter(|timeout| !timeout.is_zero())
            .map(|timeout| now + timeout);
    }

    /// How fast the track moves on, as far as is known.
    fn pace(&mut self, now: Instant) {
        let moves = self.current().is_some() && !self.paused && self.connected;
        let speed = if moves { self.filters.speed() } else { 0.0 };
        self.progress.set_speed(speed, now);
    }

    /// As a checkpoint keeps it.
    pub(crate) fn saved(&mut self, now: Instant) -> Bytes {
        self.saved_at = now;
        saved::save(self, now)
    }
}

/// What a node knows of a player.
#[derive(Clone, Debug, Default)]
pub(crate) struct RemotePlayer {
    pub(crate) guild: Option<GuildId>,
    pub(crate) track: Option<Playable>,
    pub(crate) volume: Option<u16>,
    pub(crate) paused: bool,
    pub(crate) state: wire::PlayerState,
    pub(crate) filters: Option<Filters>,
    /// The pair that it was given, if it was.
    pub(crate) voice: Option<wire::Voice>,
}

impl From<wire::Player<'_>> for RemotePlayer {
    fn from(wire: wire::Player<'_>) -> Self {
        let voice = &wire.voice;
        let given =
            !voice.token.is_empty() && !voice.endpoint.is_empty() && !voice.session_id.is_empty();
        Self {
            guild: wire.guild.map(GuildId::new),
            volume: wire.volume.and_then(|volume| u16::try_from(volume).ok()),
            paused: wire.paused,
            state: wire.state,
            filters: wire.filters(),
            voice: given.then(|| wire::Voice {
                token: voice.token.clone().into_owned(),
                endpoint: voice.endpoint.clone().into_owned(),
                session_id: voice.session_id.clone().into_owned(),
                channel_id: voice
                    .channel
                    .map(|channel| channel.to_string())
                    .unwrap_or_default(),
            }),
            track: wire
                .track
                .filter(|track| !track.encoded.is_empty())
                .map(Into::into),
        }
    }
}
