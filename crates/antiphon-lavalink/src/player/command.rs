//! Commands of clients.
//!
//! A handle makes a [`PlayerCommand`] and waits for its reply. The pool hands it to the player, creates the player if
//! the command may, and fails the command otherwise. Here it becomes a request to the node, a request to Discord, or a
//! change of the queue, which needs no request.
//!
//! A reply that nobody waits for is dropped; the command is carried out all the same unless it waits for the node.

use std::{fmt, sync::Arc, time::Duration};

use antiphon_core::Rng;
use tokio::{sync::oneshot, time::Instant};

use super::{Intent, LocalPlayer, MAX_VOLUME, Operation, Output, Part, Reply, Request};
use crate::{
    error::PlayerError,
    model::{AutoPlayMode, ChannelId, NodeId, Playable, Transition},
    queue::{Queue, QueueError, Served, Tracks},
    wire::Filters,
};

/// The result of a wait for a track.
pub(super) type Got = Result<Arc<Playable>, QueueError>;
/// The result of a wait for room: how many tracks were put.
pub(super) type Put = Result<usize, QueueError>;

/// A change of a queue, which replies by itself.
pub(crate) struct QueueChange(pub(crate) Change);

/// A closure over the queue and the random generator of the source.
type Change = Box<dyn FnOnce(&mut Queue, &mut Rng) + Send>;

impl fmt::Debug for QueueChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("QueueChange")
    }
}

/// A client's command to a player.
#[expect(clippy::large_enum_variant, reason = "it is boxed as a whole")]
#[derive(Debug)]
pub(crate) enum PlayerCommand {
    /// Join a channel or move to it; absent values stay as they are. `within` is the time that the client gives it.
    Enter {
        channel: ChannelId,
        self_deaf: Option<bool>,
        self_mute: Option<bool>,
        within: Duration,
        node: Option<NodeId>,
        reply: Reply,
    },
    /// Leave the channel and delete the player.
    Disconnect { reply: Reply },
    /// Play a track, in place of the current one or only if there is none.
    Play {
        track: Arc<Playable>,
        options: PlayOptions,
        reply: Reply,
    },
    /// Pause, seek, volume or filters, requested from the node as given.
    Change { operation: Operation, reply: Reply },
    /// Stop, and play nothing after it.
    Stop { reply: Reply },
    /// Stop, and play the next track of the queue; with `force` not the looped one.
    Skip { force: bool, reply: Reply },
    /// Set what follows when a track ends.
    Autoplay(AutoPlayMode, Reply),
    /// Set how one track follows another.
    Transition(Transition, Reply),
    /// Declare a part of the plugin state.
    Declare(Part, Reply),
    /// Give up the part of this name.
    Retract(String, Reply),
    /// Set how long the player may be idle.
    InactiveTimeout(Option<Duration>, Reply),
    /// Set the number of listeners.
    Listeners(Option<usize>, Reply),
    /// Change the queue.
    Queue(QueueChange),
    /// Change the queue of recommendations.
    AutoQueue(QueueChange),
    /// Take the next track, or wait for one.
    GetWait(oneshot::Sender<Got>),
    /// Put tracks, or wait for room.
    PutWait(Tracks, oneshot::Sender<Put>),
}

impl PlayerCommand {
    /// Whether it creates the player; other commands need one that is in a channel.
    pub(crate) fn makes_player(&self) -> bool {
        matches!(
            self,
            Self::Enter { .. }
                | Self::Autoplay(..)
                | Self::Transition(..)
                | Self::Declare(..)
                | Self::InactiveTimeout(..)
                | Self::Queue(_)
                | Self::AutoQueue(_)
                | Self::GetWait(_)
                | Self::PutWait(..)
        )
    }

    /// Whether it waits for a node where none is connected; other commands fail, or need none.
    pub(crate) fn needs_a_node_to_come(&self) -> bool {
        matches!(self, Self::Enter { .. })
    }

    /// The node that it names.
    pub(crate) fn node(&self) -> Option<&NodeId> {
        match self {
            Self::Enter { node, .. } => node.as_ref(),
            _ => None,
        }
    }

    /// Fails it with an error. Commands of a queue create the player and never fail; their reply would be dropped.
    pub(crate) fn fail(self, error: PlayerError) {
        match self {
            Self::Enter { reply, .. }
            | Self::Disconnect { reply }
            | Self::Play { reply, .. }
            | Self::Change { reply, .. }
            | Self::Stop { reply }
            | Self::Skip { reply, .. }
            | Self::Autoplay(_, reply)
            | Self::Transition(_, reply)
            | Self::Declare(_, reply)
            | Self::Retract(_, reply)
            | Self::InactiveTimeout(_, reply)
            | Self::Listeners(_, reply) => drop(reply.send(Err(error))),
            Self::Queue(_) | Self::AutoQueue(_) | Self::GetWait(_) | Self::PutWait(..) => {}
        }
    }
}

/// Options of [`Player::play_with`](crate::Player::play_with).
///
/// # Examples
/// ```
/// use std::time::Duration;
///
/// use antiphon_lavalink::{Filters, PlayOptions};
///
/// // From 0:30 to 1:00, only if nothing plays, and without an entry in the history.
/// let options = PlayOptions::new()
///     .start(Duration::from_secs(30))
///     .end(Duration::from_secs(60))
///     .replace(false)
///     .add_history(false)
///     .filters(Filters::new().volume(0.5));
/// ```
///
/// A paused start, for a countdown, and recommendations for the track:
///
/// ```no_run
/// use antiphon_lavalink::{AutoPlayMode, PlayOptions, Playable, Player, PlayerError};
///
/// async fn open_the_evening(player: &Player, track: Playable) -> Result<(), PlayerError> {
///     player.set_autoplay(AutoPlayMode::Enabled).await?;
///     player.play_with(track, PlayOptions::new().paused(true).populate(true).max_populate(10)).await?;
///     // … three, two, one …
///     player.pause(false).await
/// }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct PlayOptions {
    pub(crate) replace: bool,
    pub(crate) start: Duration,
    pub(crate) end: Option<Duration>,
    pub(crate) volume: Option<u16>,
    pub(crate) paused: Option<bool>,
    pub(crate) add_history: bool,
    pub(crate) filters: Option<Filters>,
    pub(crate) populate: bool,
    pub(crate) max_populate: usize,
}

impl Default for PlayOptions {
    fn default() -> Self {
        Self {
            replace: true,
            start: Duration::ZERO,
            end: None,
            volume: None,
            paused: None,
            add_history: true,
            filters: None,
            populate: false,
            max_populate: 5,
        }
    }
}

/// Writes one chained setter for each option.
macro_rules! setters {
    ($($(#[$doc:meta])* $field:ident: $type:ty => $value:expr;)*) => {
        impl PlayOptions {
            /// Creates the defaults.
            pub fn new() -> Self {
                Self::default()
            }

            $(
                $(#[$doc])*
                #[must_use]
                pub fn $field(mut self, $field: $type) -> Self {
                    self.$field = $value;
                    self
                }
            )*
        }
    };
}

setters! {
    /// Sets whether it replaces the current track. Default: yes.
    ///
    /// With no, and a track that plays, the node keeps its track (`noReplace` of [update
    /// player](https://lavalink.dev/api/rest.html#update-player)); volume and filters apply all the same.
    replace: bool => replace;
    /// Sets where in the track to start. Default: 0. Streams begin where they are.
    start: Duration => start;
    /// Sets where in the track to end, counted from its beginning. Default: its end; zero means the same. The track
    /// then ends as [`Finished`](crate::TrackEndReason::Finished).
    end: Duration => Some(end).filter(|end| !end.is_zero());
    /// Sets the player's volume, 0 to 1000 percent; it stays for later tracks. Default: unchanged. Higher values count
    /// as 1000.
    volume: u16 => Some(volume.min(MAX_VOLUME));
    /// Sets whether the player is paused. Default: unchanged, so that a paused player begins the track paused.
    paused: bool => Some(paused);
    /// Sets whether the track is added to the queue's history. Default: yes.
    /// [`QueueMode::LoopAll`](crate::QueueMode::LoopAll) repeats only what is there.
    add_history: bool => add_history;
    /// Sets the player's filters, all of them; they stay for later tracks. Default: unchanged.
    filters: Filters => Some(filters);
    /// Sets whether recommendations for the track are loaded at once. Default: no. They go into
    /// [`Player::auto_queue`](crate::Player::auto_queue), which plays with [`AutoPlayMode::Enabled`] alone.
    populate: bool => populate;
    /// Sets how many recommendations to add, at most 20. Default: 5. Without [`populate`](Self::populate) it has no
    /// effect.
    max_populate: usize => max_populate;
}

/// The wire's time; the longest that fits for a longer one.
fn milliseconds(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

impl LocalPlayer {
    /// Carries out a client's command.
    pub(crate) fn on_command(&mut self, command: PlayerCommand, now: Instant) {
        match command {
            PlayerCommand::Enter {
                channel,
                self_deaf,
                self_mute,
                within,
                node,
                reply,
            } => {
                self.chosen = node.or(self.chosen.take());
                self.voice.self_deaf = self_deaf.unwrap_or(self.voice.self_deaf);
                self.voice.self_mute = self_mute.unwrap_or(self.voice.self_mute);
                let is_there = self.voice.channel == Some(channel) && self.voice.is_given();
                let request = self.voice.ask(self.guild, channel, now);
                self.outputs.push_back(Output::Voice(request));
                if is_there {
                    // Discord sends no event where nothing changes.
                    let _ = reply.send(Ok(None));
                    self.voice.settled();
                } else {
                    self.entering.push((reply, now + within, within));
                }
                if self.current().is_none() && self.inactive_at.is_none() {
                    self.idle(now);
                }
                self.dirty = true;
            }
            PlayerCommand::Disconnect { reply } => {
                let request = self.voice.leave(self.guild);
                self.outputs.push_back(Output::Voice(request));
                self.end();
                // The player is gone whether the node responds or not.
                let _ = reply.send(Ok(None));
            }
            PlayerCommand::Play {
                track,
                options,
                reply,
            } => self.play(track, options, reply),
            // There is no track to seek in.
            PlayerCommand::Change {
                operation: Operation::Seek(_),
                reply,
            } if self.runs.newest().is_none() => drop(reply.send(Ok(None))),
            PlayerCommand::Change { operation, reply } => self.change(operation, reply),
            PlayerCommand::Stop { reply } => self.stop(Intent::Stop, reply),
            PlayerCommand::Skip { force, reply } => {
                if force {
                    // Otherwise a loop would play the same track again.
                    Arc::make_mut(&mut self.queue).set_loaded(None);
                }
                self.stop(Intent::Skip, reply);
            }
            PlayerCommand::Autoplay(mode, reply) => {
                self.autoplay = mode;
                self.dirty = true;
                let _ = reply.send(Ok(None));
            }
            PlayerCommand::Transition(transition, reply) => {
                self.transition = transition;
                self.told.is_refused = false;
                self.dirty = true;
                let _ = reply.send(Ok(None));
            }
            PlayerCommand::Declare(part, reply) => self.declare(part, reply),
            PlayerCommand::Retract(name, reply) => self.retract(&name, reply),
            PlayerCommand::InactiveTimeout(timeout, reply) => {
                self.inactive_timeout = timeout;
                self.inactive_at = None;
                if self.current().is_none() {
                    self.idle(now);
                }
                self.dirty = true;
                let _ = reply.send(Ok(None));
            }
            PlayerCommand::Listeners(count, reply) => {
                self.listeners = count;
                if count != Some(0) {
                    self.unheard_left = super::UNHEARD_TRACKS;
                }
                let _ = reply.send(Ok(None));
            }
            PlayerCommand::Queue(QueueChange(change)) => {
                let queue = Arc::make_mut(&mut self.queue);
                change(queue, &mut self.rng);
                self.serve_waiters();
                self.dirty = true;
            }
            PlayerCommand::AutoQueue(QueueChange(change)) => {
                change(Arc::make_mut(&mut self.auto_queue), &mut self.rng);
                self.dirty = true;
            }
            PlayerCommand::GetWait(reply) => self.get_wait(reply),
            PlayerCommand::PutWait(tracks, reply) => self.put_wait(tracks, reply),
        }
    }

    /// Queues a request if the player is in a channel or joining one.
    fn change(&mut self, operation: Operation, reply: Reply) {
        if self.voice.channel.is_none() {
            self.forget(&operation);
            return Request::new(operation, Some(reply))
                .fail(PlayerError::InvalidChannelState(self.guild));
        }
        self.push(operation, Some(reply));
    }

    /// Queues a play request, and recommendations for the track if they are wanted.
    fn play(&mut self, track: Arc<Playable>, options: PlayOptions, reply: Reply) {
        let run = self.add_run(&track);
        self.runs.begin_at(run, milliseconds(options.start));
        if options.populate {
            self.recommender.populate(&track, options.max_populate);
            self.recommend();
        }
        let operation = Operation::Play {
            run,
            track,
            no_replace: !options.replace,
            position: milliseconds(options.start),
            end_time: options.end.map(milliseconds),
            volume: options.volume,
            paused: options.paused,
            filters: options.filters.map(Arc::new),
            remember: options.add_history,
        };
        self.change(operation, reply);
    }

    /// Queues a stop of the newest run, and notes what follows it. Without a track there is nothing to stop.
    fn stop(&mut self, intent: Intent, reply: Reply) {
        // Recommendations that are being loaded must not start after the stop.
        self.recommender.wait();
        let Some(run) = self.runs.newest() else {
            let _ = reply.send(Ok(None));
            return;
        };
        let was = Arc::clone(&run.track);
        self.intent = Some((intent, run.id));
        self.change(Operation::Stop { was }, reply);
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Waiters of the queue.

    /// Replies with the next track, or keeps the reply until there is one.
    fn get_wait(&mut self, reply: oneshot::Sender<Got>) {
        self.forget_those_who_left();
        self.waiters += 1;
        match Arc::make_mut(&mut self.queue).get_wait(self.waiters) {
            Ok(Some(track)) => self.hand_out(reply, track),
            Ok(None) => drop(self.getters.insert(self.waiters, reply)),
            Err(error) => drop(reply.send(Err(error))),
        }
        self.serve_waiters();
    }

    /// Puts tracks, or keeps the reply until there is room for all of them.
    fn put_wait(&mut self, tracks: Tracks, reply: oneshot::Sender<Put>) {
        self.forget_those_who_left();
        self.waiters += 1;
        match Arc::make_mut(&mut self.queue).put_wait(self.waiters, tracks) {
            Ok(Some(count)) => drop(reply.send(Ok(count))),
            Ok(None) => drop(self.putters.insert(self.waiters, reply)),
            Err(error) => drop(reply.send(Err(error))),
        }
        self.serve_waiters();
    }

    /// Removes the waiters whose callers are gone, so that they take up no place.
    fn forget_those_who_left(&mut self) {
        let queue = Arc::make_mut(&mut self.queue);
        for (waiter, _) in self.getters.extract_if(|_, reply| reply.is_closed()) {
            queue.forget(waiter);
        }
        for (waiter, _) in self.putters.extract_if(|_, reply| reply.is_closed()) {
            queue.forget(waiter);
        }
    }

    /// Replies to the waiters that the queue served.
    pub(super) fn serve_waiters(&mut self) {
        while let Some(served) = Arc::make_mut(&mut self.queue).next_served() {
            self.dirty = true;
            match served {
                Served::Got(waiter, track) => {
                    if let Some(reply) = self.getters.remove(&waiter) {
                        self.hand_out(reply, track);
                    }
                }
                Served::Put(waiter, count) => {
                    if let Some(reply) = self.putters.remove(&waiter) {
                        let _ = reply.send(Ok(count));
                    }
                }
                Served::Cancelled(waiter) => {
                    if let Some(reply) = self.getters.remove(&waiter) {
                        let _ = reply.send(Err(QueueError::Reset));
                    } else if let Some(reply) = self.putters.remove(&waiter) {
                        let _ = reply.send(Err(QueueError::Reset));
                    }
                }
            }
        }
    }

    /// Replies with a track; puts it back to the front if the waiter is gone.
    fn hand_out(&mut self, reply: oneshot::Sender<Got>, track: Arc<Playable>) {
        if let Err(Ok(track)) = reply.send(Ok(track)) {
            let _ = Arc::make_mut(&mut self.queue).put_at(0, track);
        }
    }
}
