//! What a client asks of a player.

use std::{fmt, sync::Arc, time::Duration};

use antiphon_core::Rng;
use tokio::{sync::oneshot, time::Instant};

use super::{Ask, Intent, LOUDEST, Output, PlayerState, Reply, Why};
use crate::{
    error::PlayerError,
    model::{AutoPlayMode, ChannelId, NodeId, Playable},
    queue::{Queue, QueueError, Served, Tracks},
    wire::Filters,
};

pub(super) type Got = Result<Arc<Playable>, QueueError>;
pub(super) type Put = Result<usize, QueueError>;

/// Something done to a queue, which answers by itself.
pub(crate) struct QueueDeed(pub(crate) Deed);

type Deed = Box<dyn FnOnce(&mut Queue, &mut Rng) + Send>;

impl fmt::Debug for QueueDeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("QueueDeed")
    }
}

/// What is asked of a player.
#[derive(Debug)]
pub(crate) enum Command {
    /// Enter a channel, or move to another; what is absent stays.
    Enter {
        channel: ChannelId,
        self_deaf: Option<bool>,
        self_mute: Option<bool>,
        within: Duration,
        node: Option<NodeId>,
        reply: Reply,
    },
    /// Leave, and be gone.
    Disconnect {
        reply: Reply,
    },
    Play {
        track: Arc<Playable>,
        options: PlayOptions,
        reply: Reply,
    },
    Pause {
        paused: bool,
        reply: Reply,
    },
    Seek {
        position: i64,
        reply: Reply,
    },
    Volume {
        volume: u16,
        reply: Reply,
    },
    Filters {
        filters: Filters,
        seek: bool,
        reply: Reply,
    },
    Stop {
        reply: Reply,
    },
    Skip {
        force: bool,
        reply: Reply,
    },
    Autoplay(AutoPlayMode),
    InactiveTimeout(Option<Duration>),
    Listeners(Option<usize>),
    Queue(QueueDeed),
    AutoQueue(QueueDeed),
    GetWait(oneshot::Sender<Got>),
    PutWait(Tracks, oneshot::Sender<Put>),
}

impl Command {
    /// Whether it makes a player where there is none; the others need one that is in a channel.
    pub(crate) fn makes_player(&self) -> bool {
        matches!(
            self,
            Self::Enter { .. }
                | Self::Autoplay(_)
                | Self::InactiveTimeout(_)
                | Self::Queue(_)
                | Self::AutoQueue(_)
                | Self::GetWait(_)
                | Self::PutWait(..)
        )
    }

    /// The node that is asked for.
    pub(crate) fn node(&self) -> Option<&NodeId> {
        match self {
            Self::Enter { node, .. } => node.as_ref(),
            _ => None,
        }
    }

    /// Tells whoever waits that it was not done.
    pub(crate) fn fail(self, error: PlayerError) {
        match self {
            Self::Enter { reply, .. }
            | Self::Disconnect { reply }
            | Self::Play { reply, .. }
            | Self::Pause { reply, .. }
            | Self::Seek { reply, .. }
            | Self::Volume { reply, .. }
            | Self::Filters { reply, .. }
            | Self::Stop { reply }
            | Self::Skip { reply, .. } => drop(reply.send(Err(error))),
            Self::Autoplay(_)
            | Self::InactiveTimeout(_)
            | Self::Listeners(_)
            | Self::Queue(_)
            | Self::AutoQueue(_)
            | Self::GetWait(_)
            | Self::PutWait(..) => {}
        }
    }
}

/// How a track is played.
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

/// One chained setter for each option.
macro_rules! setters {
    ($($(#[$doc:meta])* $field:ident: $type:ty => $value:expr;)*) => {
        impl PlayOptions {
            /// The defaults: at once, from the beginning to the end, at the player's volume.
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
    /// Sets whether it takes the place of what plays; the default is yes.
    replace: bool => replace;
    /// Sets where in the track it begins; the default is its beginning.
    start: Duration => start;
    /// Sets where in the track it ends; the default is its end.
    end: Duration => Some(end).filter(|end| !end.is_zero());
    /// Sets the player's volume, 0 to 1000 percent; the default leaves it.
    volume: u16 => Some(volume.min(LOUDEST));
    /// Sets whether the player is paused; the default leaves it.
    paused: bool => Some(paused);
    /// Sets whether the track goes to the queue's history; the default is yes.
    add_history: bool => add_history;
    /// Sets the player's filters; the default leaves them.
    filters: Filters => Some(filters);
    /// Sets whether recommendations that go with the track are looked for at once; the default is no.
    populate: bool => populate;
    /// Sets how many recommendations that may bring; the default is 5.
    max_populate: usize => max_populate;
}

fn milliseconds(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

impl PlayerState {
    /// Does what a client asks for.
    pub(crate) fn on_command(&mut self, command: Command, now: Instant) {
        match command {
            Command::Enter {
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
                    // Discord answers nothing where nothing changes.
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
            Command::Disconnect { reply } => {
                let request = self.voice.leave(self.guild);
                self.outputs.push_back(Output::Voice(request));
                self.end();
                // Whether the node hears it or not, the player is over.
                let _ = reply.send(Ok(None));
            }
            Command::Play {
                track,
                options,
                reply,
            } => self.play(track, options, reply),
            Command::Pause { paused, reply } => self.change(Why::Pause(paused), reply),
            // Nothing to seek in.
            Command::Seek { reply, .. } if self.runs.newest().is_none() => {
                drop(reply.send(Ok(None)));
            }
            Command::Seek { position, reply } => self.change(Why::Seek(position.max(0)), reply),
            Command::Volume { volume, reply } => {
                self.change(Why::Volume(volume.min(LOUDEST)), reply);
            }
            Command::Filters {
                filters,
                seek,
                reply,
            } => {
                let filters = Arc::new(filters);
                self.change(Why::Filters { filters, seek }, reply);
            }
            Command::Stop { reply } => self.stop(Intent::Stop, reply),
            Command::Skip { force, reply } => {
                if force {
                    // Otherwise a loop would begin the same track again.
                    Arc::make_mut(&mut self.queue).set_loaded(None);
                }
                self.stop(Intent::Skip, reply);
            }
            Command::Autoplay(mode) => {
                self.autoplay = mode;
                self.dirty = true;
            }
            Command::InactiveTimeout(timeout) => {
                self.inactive_timeout = timeout;
                self.inactive_at = None;
                if self.current().is_none() {
                    self.idle(now);
                }
                self.dirty = true;
            }
            Command::Listeners(count) => {
                self.listeners = count;
                if count != Some(0) {
                    self.tokens = super::TOKENS;
                }
            }
            Command::Queue(QueueDeed(deed)) => {
                let queue = Arc::make_mut(&mut self.queue);
                deed(queue, &mut self.rng);
                self.serve_waiters();
                self.dirty = true;
            }
            Command::AutoQueue(QueueDeed(deed)) => {
                deed(Arc::make_mut(&mut self.auto_queue), &mut self.rng);
                self.dirty = true;
            }
            Command::GetWait(reply) => self.get_wait(reply),
            Command::PutWait(tracks, reply) => self.put_wait(tracks, reply),
        }
    }

    /// Lets a request wait for its turn, if the player is in a channel or on its way.
    fn change(&mut self, why: Why, reply: Reply) {
        if self.voice.channel.is_none() {
            self.forget(&why);
            return Ask::new(why, Some(reply)).fail(PlayerError::InvalidChannelState(self.guild));
        }
        self.push(why, Some(reply));
    }

    fn play(&mut self, track: Arc<Playable>, options: PlayOptions, reply: Reply) {
        let run = self.add_run(&track);
        self.runs.begin_at(run, milliseconds(options.start));
        if options.populate {
            self.tastes.populate(&track, options.max_populate);
            self.recommend();
        }
        let why = Why::Play {
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
        self.change(why, reply);
    }

    fn stop(&mut self, intent: Intent, reply: Reply) {
        // Recommendations that are still looked for would begin after the stop.
        self.tastes.wait();
        let Some(run) = self.runs.newest() else {
            let _ = reply.send(Ok(None));
            return;
        };
        let was = Arc::clone(&run.track);
        self.intent = Some((intent, run.id));
        self.change(Why::Stop { was }, reply);
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Those who wait for the queue.

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

    fn forget_those_who_left(&mut self) {
        let queue = Arc::make_mut(&mut self.queue);
        for (waiter, _) in self.getters.extract_if(|_, reply| reply.is_closed()) {
            queue.forget(waiter);
        }
        for (waiter, _) in self.putters.extract_if(|_, reply| reply.is_closed()) {
            queue.forget(waiter);
        }
    }

    /// Tells those whom the queue served.
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

    /// Gives a track to who waited; back to the front if nobody does any more.
    fn hand_out(&mut self, reply: oneshot::Sender<Got>, track: Arc<Playable>) {
        if let Err(Ok(track)) = reply.send(Ok(track)) {
            let _ = Arc::make_mut(&mut self.queue).put_at(0, track);
        }
    }
}
