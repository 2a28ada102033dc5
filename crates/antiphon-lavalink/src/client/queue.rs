//! A handle on a player's queue.

use std::sync::Arc;

use antiphon_core::Rng;
use tokio::sync::oneshot;

use super::Shared;
use crate::{
    error::PlayerError,
    model::{GuildId, Playable},
    player::{PlayerCommand, QueueChange},
    pool::PoolCommand,
    queue::{Queue, QueueMode, Tracks},
};

/// A handle on a player's queue: cheap to clone.
///
/// Looking is free, at what the source knew last; changing is done by the source, in order, and makes the player if
/// there is none.
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
/// // Waits for a track that somebody queues.
/// let next = queue.get_wait().await?;
/// player.play(next).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct PlayerQueue {
    shared: Arc<Shared>,
    guild: GuildId,
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

    /// The queue as it is now, to be looked at; it does not change with the player's.
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

    /// Does anything to the queue at once, and gives what it gave.
    ///
    /// # Errors
    /// [`PlayerError`] if the source does not run.
    pub async fn change<T, F>(&self, change: F) -> Result<T, PlayerError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Queue) -> T + Send + 'static,
    {
        self.change_with_rng(|queue, _| change(queue)).await
    }

    async fn change_with_rng<T, F>(&self, change: F) -> Result<T, PlayerError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Queue, &mut Rng) -> T + Send + 'static,
    {
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
    // Looking.

    /// How many tracks there are.
    pub fn count(&self) -> usize {
        self.snapshot().count()
    }

    /// Whether there is no track.
    pub fn is_empty(&self) -> bool {
        self.snapshot().is_empty()
    }

    /// What it does when a track is taken.
    pub fn mode(&self) -> QueueMode {
        self.snapshot().mode()
    }

    /// The track that was taken last.
    pub fn loaded(&self) -> Option<Arc<Playable>> {
        self.snapshot().loaded().cloned()
    }

    /// Looks at a track without taking it; 0 is the next.
    ///
    /// # Errors
    /// [`PlayerError::Queue`] if there is none.
    pub fn peek(&self, index: usize) -> Result<Arc<Playable>, PlayerError> {
        self.snapshot()
            .peek(index)
            .cloned()
            .map_err(PlayerError::Queue)
    }

    /// Where the same audio stands first.
    pub fn index(&self, track: &Playable) -> Option<usize> {
        self.snapshot().index(track)
    }

    /// Tracks that were played, the newest last.
    pub fn history(&self) -> Vec<Arc<Playable>> {
        self.snapshot()
            .history()
            .into_iter()
            .flatten()
            .cloned()
            .collect()
    }

    /// A queue of its own with the same tracks and history.
    pub fn copy(&self) -> Queue {
        self.snapshot().copy()
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Changing.

    /// Puts tracks at the end, all of them or none, and tells how many.
    ///
    /// # Errors
    /// [`PlayerError::Queue`] if not all of them fit.
    pub async fn put(&self, tracks: impl Into<Tracks>) -> Result<usize, PlayerError> {
        let tracks = tracks.into();
        self.change(move |queue| queue.put(tracks))
            .await?
            .map_err(PlayerError::Queue)
    }

    /// Puts a track before the one at an index.
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

    /// Puts tracks at the end, and waits for as long as there is no room for all of them.
    ///
    /// Dropped, it puts nothing any more. Recommendations have no waiting: there it is [`PlayerQueue::put`].
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

    /// Takes the next track.
    ///
    /// # Errors
    /// [`PlayerError::Queue`] if there is none.
    pub async fn get(&self) -> Result<Arc<Playable>, PlayerError> {
        self.change(Queue::get).await?.map_err(PlayerError::Queue)
    }

    /// Takes the track at an index.
    ///
    /// # Errors
    /// [`PlayerError::Queue`] if there is none.
    pub async fn get_at(&self, index: usize) -> Result<Arc<Playable>, PlayerError> {
        self.change(move |queue| queue.get_at(index))
            .await?
            .map_err(PlayerError::Queue)
    }

    /// Takes the next track, and waits for as long as there is none, after those who wait already.
    ///
    /// Dropped, it takes none. Recommendations have no waiting: there it is [`PlayerQueue::get`].
    ///
    /// # Errors
    /// [`PlayerError::Queue`] if too many wait, or the queue was reset.
    pub async fn get_wait(&self) -> Result<Arc<Playable>, PlayerError> {
        if self.is_auto {
            return self.get().await;
        }
        self.waited(PlayerCommand::GetWait)
            .await?
            .map_err(PlayerError::Queue)
    }

    async fn waited<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<T>) -> PlayerCommand,
    ) -> Result<T, PlayerError> {
        let (reply, answer) = oneshot::channel();
        let command = PoolCommand::Player {
            guild: self.guild,
            command: Box::new(command(reply)),
        };
        let lost = |shared: &Shared| PlayerError::NotConnected(shared.not_connected());
        self.shared
            .commands
            .send(command)
            .await
            .map_err(|_| lost(&self.shared))?;
        answer.await.map_err(|_| lost(&self.shared))
    }

    /// Takes out the track at an index.
    ///
    /// # Errors
    /// [`PlayerError::Queue`] if there is none.
    pub async fn delete(&self, index: usize) -> Result<(), PlayerError> {
        self.change(move |queue| queue.delete(index))
            .await?
            .map_err(PlayerError::Queue)
    }

    /// Takes out the first `count` of the same audio, all if `None`, and tells how many.
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

    /// Takes out what is there before with the same audio, and tells how many.
    ///
    /// # Errors
    /// [`PlayerError`] if the source does not run.
    pub async fn dedupe(&self) -> Result<usize, PlayerError> {
        self.change(Queue::dedupe).await
    }

    /// Lets two tracks change places.
    ///
    /// # Errors
    /// [`PlayerError::Queue`] if there is none at one of the indexes.
    pub async fn swap(&self, one: usize, other: usize) -> Result<(), PlayerError> {
        self.change(move |queue| queue.swap(one, other))
            .await?
            .map_err(PlayerError::Queue)
    }

    /// Puts the tracks into a random order.
    ///
    /// # Errors
    /// [`PlayerError`] if the source does not run.
    pub async fn shuffle(&self) -> Result<(), PlayerError> {
        self.change_with_rng(Queue::shuffle).await
    }

    /// Sets what it does when a track is taken.
    ///
    /// # Errors
    /// [`PlayerError`] if the source does not run.
    pub async fn set_mode(&self, mode: QueueMode) -> Result<(), PlayerError> {
        self.change(move |queue| queue.set_mode(mode)).await
    }

    /// Takes out every track; the history stays.
    ///
    /// # Errors
    /// [`PlayerError`] if the source does not run.
    pub async fn clear(&self) -> Result<(), PlayerError> {
        self.change(Queue::clear).await
    }

    /// Makes it as it was in the beginning; those who wait are told.
    ///
    /// # Errors
    /// [`PlayerError`] if the source does not run.
    pub async fn reset(&self) -> Result<(), PlayerError> {
        self.change(Queue::reset).await
    }
}
