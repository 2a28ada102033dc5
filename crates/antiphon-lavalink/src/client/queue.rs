//! A handle on a player's queue.
//!
//! The queue itself is session state: it lives in the loop (`queue.rs` has its rules) and is stored with the player's
//! checkpoint. A handle reads a shared snapshot, and changes the queue by a closure that the loop runs; no request to a
//! node is made.
//!
//! A closure runs alone, between two frames, so that it sees and leaves a whole queue. Waiters of
//! [`PlayerQueue::get_wait`] and [`PlayerQueue::put_wait`] are numbers in the queue, at most 64 of each.

use std::sync::Arc;

use antiphon_core::{RelayError, Rng};
use tokio::sync::oneshot;

use super::Shared;
use crate::{
    error::PlayerError,
    model::{GuildId, Playable},
    player::{PlayerCommand, QueueChange},
    pool::PoolCommand,
    queue::{Queue, QueueMode, Tracks},
    relay,
};

/// A handle on a player's queue. Cheap to clone.
///
/// Its getters read the latest snapshot. Its changes run in order, and create the player if there is none.
///
/// # Examples
/// Queue a search result, shuffle and loop:
///
/// ```no_run
/// use antiphon_lavalink::{Player, QueueMode, Search};
///
/// # async fn example(player: Player, found: Search) -> Result<(), Box<dyn std::error::Error>> {
/// let queue = player.queue();
/// let count = queue.put(found).await?;
/// println!("{count} tracks queued, {} in all", queue.count());
/// queue.shuffle().await?;
/// queue.set_mode(QueueMode::LoopAll).await?;
///
/// // Any other operation of a queue, atomic.
/// let removed = queue.change(|queue| queue.dedupe()).await?;
/// println!("{removed} duplicates removed");
///
/// // Waits until a track is queued.
/// let next = queue.get_wait().await?;
/// player.play(next).await?;
/// # Ok(())
/// # }
/// ```
///
/// The commands `/queue`, `/remove` and `/jump`:
///
/// ```no_run
/// use antiphon_lavalink::{Player, PlayerError};
///
/// /// The next ten tracks, with numbers from 1 on.
/// fn list(player: &Player) -> String {
///     let queue = player.queue().snapshot();
///     let lines = queue.iter().take(10).enumerate();
///     lines.map(|(index, track)| format!("{}. {}\n", index + 1, track.title)).collect()
/// }
///
/// async fn remove(player: &Player, number: usize) -> Result<(), PlayerError> {
///     player.queue().delete(number.saturating_sub(1)).await
/// }
///
/// /// Plays the track with this number now, and keeps those before it.
/// async fn jump(player: &Player, number: usize) -> Result<(), PlayerError> {
///     let track = player.queue().get_at(number.saturating_sub(1)).await?;
///     player.play(track).await
/// }
/// ```
#[derive(Clone, Debug)]
pub struct PlayerQueue {
    shared: Arc<Shared>,
    guild: GuildId,
    /// Whether it is the queue of recommendations.
    is_auto: bool,
}

impl PlayerQueue {
    pub(super) fn new(shared: Arc<Shared>, guild: GuildId, is_auto: bool) -> Self {
        Self {
            shared,
            guild,
            is_auto,
        }
    }

    /// A snapshot of the queue; later changes do not affect it.
    ///
    /// It costs one shared pointer. Use it where several values must agree with one another; an empty queue without a
    /// player.
    pub fn snapshot(&self) -> Arc<Queue> {
        let queue = self.shared.snapshot(self.guild, |player| {
            Arc::clone(if self.is_auto {
                &player.auto_queue
            } else {
                &player.queue
            })
        });
        queue.unwrap_or_default()
    }

    /// Runs any operation on the queue, atomically, and returns its result.
    ///
    /// The closure runs in the source's loop: it must be quick and must not block. Its changes are stored in the
    /// player's checkpoint.
    ///
    /// ```no_run
    /// use antiphon_lavalink::{Player, PlayerError, Queue};
    ///
    /// /// Moves the last track to the front.
    /// async fn bump(player: &Player) -> Result<bool, PlayerError> {
    ///     let queue = player.queue();
    /// let moved = queue.change(|queue: &mut Queue| {
    ///         let last = queue.count().checked_sub(1)?;
    ///         let track = queue.peek(last).ok()?.clone();
    ///         queue.delete(last).ok()?;
    ///         queue.put_at(0, track).ok()
    ///     });
    ///     Ok(moved.await?.is_some())
    /// }
    /// ```
    ///
    /// # Errors
    /// [`PlayerError::NotConnected`] if the source does not run; [`PlayerError::TimedOut`] after
    /// [`Config::action_timeout`](crate::Config::action_timeout).
    pub async fn change<T, F>(&self, change: F) -> Result<T, PlayerError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Queue) -> T + Send + 'static,
    {
        self.change_with_rng(|queue, _| change(queue)).await
    }

    /// Runs an operation with the source's random generator, so that tests can repeat a shuffle.
    async fn change_with_rng<T, F>(&self, change: F) -> Result<T, PlayerError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Queue, &mut Rng) -> T + Send + 'static,
    {
        if let Some(remote) = self.shared.remote.get() {
            let queue = (self.guild, self.is_auto);
            return relay::change(remote, &self.shared, queue, change).await;
        }
        let (reply, answer) = oneshot::channel();
        let change = QueueChange(Box::new(move |queue, rng| {
            let _ = reply.send(change(queue, rng));
        }));
        let command = if self.is_auto {
            PlayerCommand::AutoQueue(change)
        } else {
            PlayerCommand::Queue(change)
        };
        let command = PoolCommand::Player {
            guild: self.guild,
            command: Box::new(command),
        };
        let within = self.shared.action_timeout;
        self.shared.call(command, answer, within).await
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Snapshot.

    /// Number of tracks that wait; the current track is not one of them.
    pub fn count(&self) -> usize {
        self.snapshot().count()
    }

    /// Whether no track waits; a track may play all the same.
    pub fn is_empty(&self) -> bool {
        self.snapshot().is_empty()
    }

    /// Its mode; [`QueueMode::Normal`] without a player.
    pub fn mode(&self) -> QueueMode {
        self.snapshot().mode()
    }

    /// The track that was taken or played last, which [`QueueMode::Loop`] repeats.
    pub fn loaded(&self) -> Option<Arc<Playable>> {
        self.snapshot().loaded().cloned()
    }

    /// Returns a track without taking it; index 0 is the next one.
    ///
    /// # Errors
    /// [`PlayerError::Queue`] if there is no such track.
    pub fn peek(&self, index: usize) -> Result<Arc<Playable>, PlayerError> {
        self.snapshot()
            .peek(index)
            .cloned()
            .map_err(PlayerError::Queue)
    }

    /// Index of the first track with the same audio.
    pub fn index(&self, track: &Playable) -> Option<usize> {
        self.snapshot().index(track)
    }

    /// The tracks that were played, the newest last.
    pub fn history(&self) -> Vec<Arc<Playable>> {
        self.snapshot()
            .history()
            .into_iter()
            .flatten()
            .cloned()
            .collect()
    }

    /// Copies tracks and history to a new queue.
    pub fn copy(&self) -> Queue {
        self.snapshot().copy()
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Changes.

    /// Puts all tracks at the end, or none; returns how many.
    ///
    /// Nothing begins to play by it, even if the player is idle: take the first track by [`get`](Self::get) and play
    /// it.
    ///
    /// # Errors
    /// [`PlayerError::Queue`] with [`QueueError::Full`](crate::QueueError::Full) if not all fit, or earlier calls wait
    /// for room.
    pub async fn put(&self, tracks: impl Into<Tracks>) -> Result<usize, PlayerError> {
        let tracks = tracks.into();
        self.change(move |queue| queue.put(tracks))
            .await?
            .map_err(PlayerError::Queue)
    }

    /// Inserts a track before the one at an index.
    ///
    /// # Errors
    /// [`PlayerError::Queue`] if there is no such index, or no room.
    pub async fn put_at(
        &self,
        index: usize,
        track: impl Into<Arc<Playable>>,
    ) -> Result<(), PlayerError> {
        let track = track.into();
        self.change(move |queue| queue.put_at(index, track))
            .await?
            .map_err(PlayerError::Queue)
    }

    /// Puts all tracks at the end, and waits until there is room for all of them.
    ///
    /// A dropped call puts no track. The queue of recommendations does not wait: there this is [`PlayerQueue::put`].
    ///
    /// # Errors
    /// [`PlayerError::Queue`] if there will never be room, or the queue was reset.
    pub async fn put_wait(&self, tracks: impl Into<Tracks>) -> Result<usize, PlayerError> {
        let tracks = tracks.into();
        if self.is_auto {
            return self.put(tracks).await;
        }
        self.waited(|reply| PlayerCommand::PutWait(tracks, reply))
            .await?
            .map_err(PlayerError::Queue)
    }

    /// Takes the next track, and makes it the loaded one. It does not play it.
    ///
    /// # Errors
    /// [`PlayerError::Queue`] with [`QueueError::QueueEmpty`](crate::QueueError::QueueEmpty) if the queue is empty.
    pub async fn get(&self) -> Result<Arc<Playable>, PlayerError> {
        self.change(Queue::get).await?.map_err(PlayerError::Queue)
    }

    /// Takes the track at an index.
    ///
    /// # Errors
    /// [`PlayerError::Queue`] if there is no such track.
    pub async fn get_at(&self, index: usize) -> Result<Arc<Playable>, PlayerError> {
        self.change(move |queue| queue.get_at(index))
            .await?
            .map_err(PlayerError::Queue)
    }

    /// Takes the next track, and waits until there is one, behind earlier waiters.
    ///
    /// It waits without a limit: put a timeout around it. A dropped call takes no track; one that was just handed out
    /// returns to the front. The queue of recommendations does not wait: there this is [`PlayerQueue::get`].
    ///
    /// ```no_run
    /// use std::time::Duration;
    ///
    /// use antiphon_lavalink::{Player, PlayerError};
    ///
    /// /// Plays what is queued, without autoplay; leaves after five minutes without a track.
    /// async fn play_all(player: Player) -> Result<(), PlayerError> {
    ///     let queue = player.queue();
    ///     while let Ok(track) = tokio::time::timeout(Duration::from_secs(300), queue.get_wait()).await {
    ///         player.play(track?).await?;
    ///         // … wait for its `TrackEnd` here.
    ///     }
    ///     player.disconnect().await
    /// }
    /// ```
    ///
    /// # Errors
    /// [`PlayerError::Queue`] if 64 wait already, or the queue was reset; [`PlayerError::Disconnected`] if the player was
    /// deleted; [`PlayerError::NotConnected`] if the source ended.
    pub async fn get_wait(&self) -> Result<Arc<Playable>, PlayerError> {
        if self.is_auto {
            return self.get().await;
        }
        self.waited(PlayerCommand::GetWait)
            .await?
            .map_err(PlayerError::Queue)
    }

    /// Sends a command whose reply may come at any time. A player that is deleted drops the reply.
    async fn waited<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<T>) -> PlayerCommand,
    ) -> Result<T, PlayerError> {
        let (reply, answer) = oneshot::channel();
        let command = PoolCommand::Player {
            guild: self.guild,
            command: Box::new(command(reply)),
        };
        if let Some(remote) = self.shared.remote.get() {
            relay::command(remote, &self.shared, command).await?;
            let lost = |_| PlayerError::Relay(RelayError::Lost);
            return answer.await.map_err(lost);
        }
        let lost = |_| PlayerError::NotConnected(self.shared.not_connected());
        self.shared.commands.send(command).await.map_err(lost)?;
        let outcome = super::reply_of(&self.shared, answer).await;
        outcome.ok_or_else(|| {
            // A source that ends shows its link before it drops its players.
            if self.shared.link.borrow().is_connected() {
                PlayerError::Disconnected(self.guild)
            } else {
                PlayerError::NotConnected(self.shared.not_connected())
            }
        })
    }

    /// Deletes the track at an index.
    ///
    /// # Errors
    /// [`PlayerError::Queue`] if there is no such track.
    pub async fn delete(&self, index: usize) -> Result<(), PlayerError> {
        self.change(move |queue| queue.delete(index))
            .await?
            .map_err(PlayerError::Queue)
    }

    /// Removes the first `count` tracks with the same audio, all of them if `None`; returns how many.
    ///
    /// # Errors
    /// [`PlayerError`] if the source does not run.
    pub async fn remove(
        &self,
        track: &Playable,
        count: Option<usize>,
    ) -> Result<usize, PlayerError> {
        let track = track.clone();
        self.change(move |queue| queue.remove(&track, count)).await
    }

    /// Removes duplicates, keeping the first of each; returns how many were removed.
    ///
    /// # Errors
    /// [`PlayerError`] if the source does not run.
    ///
    /// Two tracks are the same if their encodings are, or id and source are ([`Playable::is_same`]).
    pub async fn dedupe(&self) -> Result<usize, PlayerError> {
        self.change(Queue::dedupe).await
    }

    /// Swaps two tracks.
    ///
    /// # Errors
    /// [`PlayerError::Queue`] if there is no track at one of the indexes.
    pub async fn swap(&self, one: usize, other: usize) -> Result<(), PlayerError> {
        self.change(move |queue| queue.swap(one, other))
            .await?
            .map_err(PlayerError::Queue)
    }

    /// Shuffles the tracks.
    ///
    /// # Errors
    /// [`PlayerError`] if the source does not run.
    pub async fn shuffle(&self) -> Result<(), PlayerError> {
        self.change_with_rng(Queue::shuffle).await
    }

    /// Sets the mode. Default: [`QueueMode::Normal`].
    ///
    /// # Errors
    /// [`PlayerError`] if the source does not run.
    pub async fn set_mode(&self, mode: QueueMode) -> Result<(), PlayerError> {
        self.change(move |queue| queue.set_mode(mode)).await
    }

    /// Removes all tracks; the history stays.
    ///
    /// # Errors
    /// [`PlayerError`] if the source does not run.
    ///
    /// The current track plays on.
    pub async fn clear(&self) -> Result<(), PlayerError> {
        self.change(Queue::clear).await
    }

    /// Resets the queue: no tracks, history, mode or waiters.
    ///
    /// # Errors
    /// [`PlayerError`] if the source does not run.
    ///
    /// Calls that wait fail with [`QueueError::Reset`](crate::QueueError::Reset). The current track plays on.
    pub async fn reset(&self) -> Result<(), PlayerError> {
        self.change(Queue::reset).await
    }
}
