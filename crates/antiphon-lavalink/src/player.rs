//! One player as a state machine: commands, voice events, frames and responses in; requests and events out.
//!
//! It opens nothing and asks no clock. Requests to its node wait in a queue ([`LocalPlayer::next_request`]) and are
//! sent one at a time, so that the node receives them in order.
//!
//! # Inputs and outputs
//! | input | from | file |
//! | --- | --- | --- |
//! | command of a client | `client/player.rs`, `client/queue.rs` | `command.rs` |
//! | Discord's voice state and server | the inbox | `voice.rs` |
//! | frame of the node | `pool/frames.rs` | `frames.rs` |
//! | response, or its failure | `pool/inputs.rs` | `request.rs` |
//! | deadline | the pool's timers | here |
//!
//! | output | taken by |
//! | --- | --- |
//! | request to the node | `next_request`, once the pool knows that the node is connected |
//! | [`Output`]: voice request, event, query for recommendations | `next_output` |
//! | stored form, after a change that matters | `saved`, in the transaction of the event that changed it |
//! | [`Snapshot`] for handles | `snapshot` |
//!
//! The pool's `pump` takes all of them after every input, so that nothing waits for another input.
//!
//! # What holds
//! - A frame of another node than the player's own changes nothing.
//! - A node is given a voice state and a voice server only as a matching pair (see [`voice`]).
//! - After an outage the player is put back by one request ([`Operation::Restore`]), never by a new play.
//! - A start and an end belong to one *run* (see [`runs`]), so that a repeated or late frame starts nothing twice.
//! - A track leaves the queue when it is requested, or when the node goes on with it by itself (see [`transition`]).
//! - Plugin state is told to each new node and session (see [`declared`]).
//! - Where a frame or a response contradicts this state, the node is asked for its players, and its view counts.
//!
//! # Bounds
//! 32 requests wait for the node, and a further one is [`PlayerError::Busy`]; 8 runs are kept; 16 parts of plugin
//! state with 64 KiB in all; waiters and tracks are bounded by the queues. The position is stored every 30 s while it moves, and with every other change.

/// Which track follows by itself.
mod autoplay;
/// What clients ask for.
mod command;
/// Plugin state that is told to each new node.
mod declared;
/// What its node reports.
mod frames;
/// Position between two reports.
mod position;
/// Requests, one at a time.
mod request;
/// Which play request an event belongs to.
mod runs;
/// The stored form.
pub(crate) mod saved;
/// The stored form, for programs that look at it.
mod stored;
/// Gapless and crossfaded transitions.
mod transition;
/// The voice handshake.
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

use self::{autoplay::Recommender, position::Progress, runs::Runs, transition::Told, voice::Voice};
pub use self::{command::PlayOptions, declared::Declaration, stored::StoredPlayer};
pub(crate) use self::{
    command::{PlayerCommand, QueueChange},
    declared::{Features, LYRICS, Part, SPONSORBLOCK},
    frames::TrackNote,
    request::{Operation, Request, RequestBody, SentRequest},
    saved::{read_saved, read_snapshot, save_snapshot},
};
use crate::{
    config::Recommendations,
    error::PlayerError,
    model::{
        AutoPlayMode, ChannelId, GuildId, MoveReason, NodeId, Playable, Transition, VoiceRequest,
    },
    queue::{Queue, Waiter},
    wire::{self, Filters},
};

/// Requests that may wait for a player's node; a further one is refused.
const MAX_REQUESTS: usize = 32;
/// Highest volume in percent (<https://lavalink.dev/api/rest.html#update-player>).
pub(crate) const MAX_VOLUME: u16 = 1000;
/// Failed tracks in a row after which the queue stops (protocol §16.2).
const MAX_ERRORS: u8 = 3;
/// How many tracks in a row may end without a listener before the player counts as inactive (protocol §15).
const UNHEARD_TRACKS: u8 = 3;

/// Interval at which a moving position is stored. After a crash, a track that its node lost too goes on up to this much
/// earlier.
const SAVE_EVERY: Duration = Duration::from_secs(30);

/// Waits for an action; receives the track that was playing.
pub(crate) type Reply = oneshot::Sender<Result<Option<Arc<Playable>>, PlayerError>>;

/// Settings of a new player, from the configuration.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rules {
    pub(crate) inactive_timeout: Option<Duration>,
    pub(crate) queue_capacity: usize,
    pub(crate) transition: Transition,
    /// The client's own queries for recommendations.
    pub(crate) recommendations: Option<Recommendations>,
}

/// An effect of the player outside its node.
#[derive(Debug)]
pub(crate) enum Output {
    /// Send a voice request to Discord.
    Voice(VoiceRequest),
    /// The player has been idle for too long, or has no listeners.
    Inactive,
    /// The player goes on at another node.
    Migrated {
        from: NodeId,
        to: NodeId,
        position: Option<i64>,
        reason: MoveReason,
    },
    /// Load recommendations by any of these queries.
    Recommend(Vec<String>),
    /// The node did not take a part of the plugin state.
    PluginStateLost { declaration: String, reason: String },
}

/// What follows a stop that the client asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Intent {
    /// Nothing follows.
    Stop,
    /// The next track follows.
    Skip,
}

/// The pool's view of one player; [`RemotePlayer`] is its node's.
///
/// It begins with a command and ends in two steps: `is_gone` is set when the channel is lost or left, and the pool
/// deletes it once the node destroyed its own ([`LocalPlayer::is_over`]).
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
#[derive(Debug)]
pub(crate) struct LocalPlayer {
    /// The guild, which names the player; never changes.
    pub(crate) guild: GuildId,
    /// Its node; absent until both halves of the voice connection are there.
    pub(crate) node: Option<NodeId>,
    /// The node that the client chose.
    pub(crate) chosen: Option<NodeId>,
    /// The voice handshake, with the wanted channel.
    voice: Voice,
    /// The tracks that it was asked to play and that have not ended.
    runs: Runs,
    /// Position and speed.
    progress: Progress,
    /// The queue, shared with snapshots: a change copies it while a snapshot is held.
    pub(crate) queue: Arc<Queue>,
    /// Recommendations, with a history of those that played.
    pub(crate) auto_queue: Arc<Queue>,
    /// The track that ended last.
    previous: Option<Arc<Playable>>,
    /// In percent, 0 to 1000.
    volume: u16,
    paused: bool,
    filters: Arc<Filters>,
    /// Requested end in the current track, in milliseconds; sent again when the player is put back.
    end_time: Option<i64>,
    /// Whether its node reports a voice connection; false while the node is away.
    connected: bool,
    /// Whether its node is not connected.
    is_away: bool,
    /// In milliseconds; -1 without a voice connection.
    ping: i64,
    /// Number of frames that changed it, which tells whether a response is older than a frame.
    heard: u64,
    /// The end that was reported last, to recognise its repetition.
    last_end: Option<frames::LastEnd>,
    /// Whether a frame contradicts this state, so that the node must be asked for the player.
    needs_comparison: bool,
    autoplay: AutoPlayMode,
    recommender: Recommender,
    /// How one track follows another.
    transition: Transition,
    /// What the node was told of the next track.
    told: Told,
    /// Plugin state, in the order of its declaration.
    declared: Arc<Vec<Part>>,
    /// Whether lyrics are subscribed again when the next track begins.
    resubscribe: bool,
    /// What is known of the node.
    pub(crate) features: Features,
    /// Tracks in a row that could not be loaded; at [`MAX_ERRORS`] the queue stops and this is 0 again.
    errors: u8,
    /// Ends without a listener that are left before the player counts as inactive.
    unheard_left: u8,
    /// Number of people in the channel; absent where nobody counts them.
    listeners: Option<usize>,
    /// What follows the end of this run.
    intent: Option<(Intent, u64)>,
    /// How long it may be idle; absent or zero for ever.
    inactive_timeout: Option<Duration>,
    /// When it counts as inactive; absent while it plays or was reported.
    inactive_at: Option<Instant>,
    /// Requests that wait, at most [`MAX_REQUESTS`] of clients; the first is sent next.
    requests: VecDeque<Request>,
    /// The request in flight.
    sent: Option<SentRequest>,
    /// Calls that wait to connect: reply, deadline, and the whole time for the error.
    entering: Vec<(Reply, Instant, Duration)>,
    /// Replies to the queue's waiters for a track.
    getters: HashMap<Waiter, oneshot::Sender<command::Got>>,
    /// Replies to the queue's waiters for room.
    putters: HashMap<Waiter, oneshot::Sender<command::Put>>,
    /// Number of the newest waiter.
    waiters: Waiter,
    /// Outputs that the pool takes after this input.
    outputs: VecDeque<Output>,
    /// For shuffles and for the choice of seeds.
    rng: Rng,
    /// Whether a change must be stored.
    pub(crate) dirty: bool,
    /// When it was stored last.
    saved_at: Instant,
    /// Whether it is deleted once its node destroyed it.
    pub(crate) is_gone: bool,
    /// Pause before the next request, after one failed.
    rests_until: Option<Instant>,
}

/// What clients see of a player, published after each turn in which it changed.
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
    pub(crate) transition: Transition,
    pub(crate) declared: Arc<Vec<Part>>,
}

impl Snapshot {
    /// Position in the track, in milliseconds.
    pub(crate) fn position(&self, now: Instant) -> i64 {
        self.progress.at(now)
    }
}

/// The absence of filters, shared by nearly all players.
fn no_filters() -> Arc<Filters> {
    static NONE: LazyLock<Arc<Filters>> = LazyLock::new(Arc::default);
    Arc::clone(&NONE)
}

/// The absence of plugin state, shared by nearly all players.
fn nothing_declared() -> Arc<Vec<Part>> {
    static NONE: LazyLock<Arc<Vec<Part>>> = LazyLock::new(Arc::default);
    Arc::clone(&NONE)
}

impl LocalPlayer {
    /// Creates a player that is in no channel, with a volume of 100 % and no filters.
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
            recommender: Recommender::new(rules.recommendations),
            transition: rules.transition,
            told: Told::default(),
            declared: nothing_declared(),
            resubscribe: false,
            features: Features::default(),
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

    /// What clients see of it.
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
            transition: self.transition,
            declared: Arc::clone(&self.declared),
        }
    }

    /// The current track.
    pub(crate) fn current(&self) -> Option<&Arc<Playable>> {
        self.runs.current().map(|run| &run.track)
    }

    /// Endpoint of the voice server, which tells the best region.
    pub(crate) fn endpoint(&self) -> Option<&str> {
        self.voice.endpoint()
    }

    /// Whether it waits to be assigned a node.
    pub(crate) fn needs_node(&self) -> bool {
        self.node.is_none() && !self.is_gone && self.voice.pair().is_some()
    }

    /// Assigns its first node, which is given the track that an earlier run left, if there is one.
    pub(crate) fn assign(&mut self, node: NodeId, now: Instant) {
        if self.current().is_some() {
            return self.restore(node, None, now, None);
        }
        self.node = Some(node);
        self.dirty = true;
        self.replay_declared();
    }

    /// Takes the next effect outside the node.
    pub(crate) fn next_output(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Voice.

    /// Handles the bot's voice state in the guild.
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

    /// Handles the guild's voice server.
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

    /// Handles the result of a voice request; a failure fails those that wait to connect.
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

    /// Puts a request with the newest pair before all others.
    ///
    /// A request of that kind that waits already takes the newest pair when it is sent. One in flight does not, and
    /// another follows it.
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

    /// Handles the loss of the channel: the player ends. Op 4 is not needed, since Discord removed the bot.
    fn leave(&mut self) {
        self.voice.leave(self.guild);
        self.end();
    }

    /// Ends the player: it is deleted once its node destroyed it.
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

    /// Whether it can be deleted.
    pub(crate) fn is_over(&self) -> bool {
        self.is_gone && self.requests.is_empty() && self.sent.is_none()
    }

    /// Gives up its last request, since its node cannot be reached.
    pub(crate) fn abandon(&mut self) {
        if self.is_gone {
            self.requests.clear();
            self.sent = None;
            self.rests_until = None;
        }
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Nodes.

    /// Puts it back at `node`: another one, or its own with a new session.
    ///
    /// `lost_at` is when it was last known to play: the track goes on from the position of that time. `reason` is
    /// absent where it stays at its node; otherwise an event tells of the move.
    ///
    /// A request in flight is sent again after the restore, since no response of the former node counts any more.
    /// Requests that wait stay in their order. If no track is current, the lost end of the last one is assumed, so that
    /// autoplay goes on.
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
                Operation::Voice
                | Operation::Destroy
                | Operation::Next(_)
                | Operation::Crossfade(_) => {}
                // No response will come, so the request is repeated.
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
        // The restore starts the current track; requests without a response follow it.
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
        self.told = Told::default();
        self.requests.retain(|request| {
            !matches!(
                request.operation,
                Operation::Next(_) | Operation::Crossfade(_)
            )
        });
        self.replay_declared();
        self.dirty = true;
    }

    /// Whether a restore is queued or in flight.
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

    /// Disconnects it, since no node takes it over: leaves the channel and ends.
    pub(crate) fn drop_out(&mut self) {
        let request = self.voice.leave(self.guild);
        self.outputs.push_back(Output::Voice(request));
        self.end();
    }

    /// Whether a restore waits for Discord, since no pair is known, as after a restart.
    pub(crate) fn lacks_voice(&self) -> bool {
        self.voice.pair().is_none() && self.voice.channel.is_some()
    }

    /// Requests a new pair from Discord; nothing for a player in no channel.
    pub(crate) fn ask_voice_anew(&mut self, now: Instant) {
        if let Some(request) = self.voice.ask_anew(self.guild, now) {
            self.outputs.push_back(Output::Voice(request));
        }
    }

    /// Position in the track, in milliseconds.
    #[cfg(test)]
    pub(crate) fn position(&self, now: Instant) -> i64 {
        self.progress.at(now)
    }

    /// Frees the memory of empty queues, since most players of a pool are idle.
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

    /// The earliest time at which [`on_deadline`](Self::on_deadline) must be called.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let entering = self.entering.iter().map(|(_, by, _)| *by);
        let others = self.voice.deadline().into_iter().chain(self.inactive_at);
        others.chain(self.rests_until).chain(entering).min()
    }

    /// Handles the deadlines that have passed.
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
                // A working voice connection is better than none.
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

    /// Fails the calls that wait to connect, each with the time that it was given.
    fn fail_entering(&mut self) {
        for (reply, _, limit) in self.entering.drain(..) {
            let _ = reply.send(Err(PlayerError::ChannelTimeout(limit)));
        }
    }

    /// Starts the timer for inactivity.
    fn idle(&mut self, now: Instant) {
        self.inactive_at = self
            .inactive_timeout
            .filter(|timeout| !timeout.is_zero())
            .map(|timeout| now + timeout);
    }

    /// Updates the speed at which the position moves: that of the filters while a track plays, and 0 while it is
    /// paused, its node is away or the voice connection is lost.
    fn pace(&mut self, now: Instant) {
        let moves = self.current().is_some() && !self.paused && self.connected;
        let speed = if moves { self.filters.speed() } else { 0.0 };
        self.progress.set_speed(speed, now);
    }

    /// Its stored form.
    pub(crate) fn saved(&mut self, now: Instant) -> Bytes {
        self.saved_at = now;
        saved::save(self, now)
    }
}

/// A player as its node reports it; `client::PlayerInfo` is its public form, without the pair.
#[derive(Clone, Debug, Default)]
pub(crate) struct RemotePlayer {
    pub(crate) guild: Option<GuildId>,
    pub(crate) track: Option<Playable>,
    pub(crate) volume: Option<u16>,
    pub(crate) paused: bool,
    pub(crate) state: wire::PlayerState,
    pub(crate) filters: Option<Filters>,
    /// The pair that it was given, if any.
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
