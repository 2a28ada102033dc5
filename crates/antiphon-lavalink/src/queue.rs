//! A queue of tracks as a state machine: operations in, tracks and served waiters out.
//!
//! It opens nothing, asks no clock and waits for nothing: a waiter is a number in it, which a later operation serves.
//! Each player has two, its own and one of recommendations; a bot may use one by itself.
//!
//! # What holds
//! - Putting and refilling from the history never go beyond the capacity. A queue that was restored may hold more:
//!   nothing is dropped to make room.
//! - `put` puts all tracks or none, and never overtakes a call that waits for room.
//! - A waiter is served once, in its order: by a track or by room, or by [`Served::Cancelled`] after a reset.
//! - A track waits only while no waiter does: every operation ends by serving waiters.
//! - The loaded track is the one that was taken last. The history grows by what was played, not by what was taken, and
//!   drops its oldest track at 500.

#[cfg(test)]
mod tests;

use std::{collections::VecDeque, sync::Arc};

use antiphon_core::Rng;

use crate::{
    model::{Playable, Playlist, Search, playable_from_saved},
    wire,
};

/// What [`Queue::get`] does after the loaded track.
///
/// The mode is stored with the queue, and has no effect on tracks that are played by themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum QueueMode {
    /// Each track plays once.
    #[default]
    Normal,
    /// The loaded track plays again and again; waiters of [`Queue::get_wait`] still get new ones.
    Loop,
    /// All tracks play again, from the history, once the queue is empty: the oldest first, and at most as many at once
    /// as the queue holds. A track that was played without history is not among them.
    LoopAll,
}

impl QueueMode {
    /// Its number in checkpoints, which the reference has as well (protocol §17).
    pub(crate) fn number(self) -> u8 {
        match self {
            Self::Normal => 0,
            Self::Loop => 1,
            Self::LoopAll => 2,
        }
    }

    pub(crate) fn of(number: u8) -> Self {
        match number {
            1 => Self::Loop,
            2 => Self::LoopAll,
            _ => Self::Normal,
        }
    }
}

/// An operation of a queue failed. The queue is as it was before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum QueueError {
    /// There is no track to take.
    #[error("the queue is empty")]
    QueueEmpty,
    /// There is no room for all tracks; none was put. The number is the capacity.
    #[error("the queue has room for {0} tracks")]
    Full(usize),
    /// Too many calls wait for a track, or for room; the number is [`Queue::WAITERS`].
    #[error("{0} calls wait for the queue already")]
    Busy(usize),
    /// There is no track at this index.
    #[error("the queue has no track {index}, only {count}")]
    OutOfRange {
        /// The index.
        index: usize,
        /// Number of tracks.
        count: usize,
    },
    /// The queue was reset while the call waited.
    #[error("the queue was reset")]
    Reset,
    /// Somebody else changed the queue while this process did; nothing was done. Only where another process has the
    /// player.
    #[error("the queue was changed by somebody else at the same moment")]
    Changed,
}

impl QueueError {
    /// Whether the same call could succeed later, without a change of the queue by the caller: only of
    /// [`Busy`](Self::Busy) and [`Changed`](Self::Changed).
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Busy(_) | Self::Changed)
    }
}

/// Tracks to put: one, several, a playlist or a search result.
///
/// Everything that converts to it can be put:
///
/// ```
/// use antiphon_lavalink::{Playable, Playlist, Queue, QueueError, Search};
///
/// let mut queue = Queue::new();
/// queue.put(Playable::default())?;
/// queue.put(vec![Playable::default(), Playable::default()])?;
/// queue.put(Playlist::default())?;
/// queue.put(Search::Tracks(vec![Playable::default()]))?;
/// assert_eq!(queue.count(), 4);
/// # Ok::<(), QueueError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Tracks(Vec<Arc<Playable>>);

impl Tracks {
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Arc<Playable>> {
        self.0.iter()
    }
}

macro_rules! tracks_from {
    ($($type:ty, |$value:ident| $tracks:expr;)*) => {$(
        impl From<$type> for Tracks {
            fn from($value: $type) -> Self {
                Self($tracks)
            }
        }
    )*};
}

tracks_from! {
    Playable, |track| vec![Arc::new(track)];
    Arc<Playable>, |track| vec![track];
    Vec<Playable>, |tracks| tracks.into_iter().map(Arc::new).collect();
    Vec<Arc<Playable>>, |tracks| tracks;
    Playlist, |playlist| playlist.tracks.into_iter().map(Arc::new).collect();
    Search, |found| match found {
        Search::Tracks(tracks) => Self::from(tracks).0,
        Search::Playlist(playlist) => Self::from(playlist).0,
    };
}

/// Names a waiter of a queue. The caller chooses it, and uses each number once.
pub type Waiter = u64;

/// The end of a wait, from [`Queue::next_served`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Served {
    /// A track for the waiter.
    Got(Waiter, Arc<Playable>),
    /// The number of tracks that the waiter put.
    Put(Waiter, usize),
    /// The queue was reset.
    Cancelled(Waiter),
}

/// Tracks to play, with a mode, a history and waiters.
///
/// It holds up to [`Queue::CAPACITY`] tracks by default; putting more fails, or waits. Tracks are shared and never
/// change. A player's queue is changed by [`PlayerQueue`](crate::PlayerQueue), which runs these operations in the
/// source.
///
/// # Examples
/// ```
/// use antiphon_lavalink::{Playable, Queue, QueueError, QueueMode};
///
/// fn track(title: &str) -> Playable {
///     let mut track = Playable::default();
///     track.info.title = title.into();
///     track.info.identifier = title.into();
///     track
/// }
///
/// let mut queue = Queue::new().capacity(3);
/// queue.put(vec![track("one"), track("two"), track("two")])?;
/// assert_eq!(queue.put(track("four")), Err(QueueError::Full(3)));
/// assert_eq!(queue.dedupe(), 1);
///
/// assert_eq!(queue.get()?.title, "one");
/// queue.set_mode(QueueMode::Loop);
/// assert_eq!(queue.get()?.title, "one", "the loaded track again");
/// queue.set_mode(QueueMode::Normal);
/// assert_eq!(queue.get()?.title, "two");
/// assert_eq!(queue.get(), Err(QueueError::QueueEmpty));
/// # Ok::<(), QueueError>(())
/// ```
///
/// Reorder, shuffle and look:
///
/// ```
/// use antiphon_core::Rng;
/// use antiphon_lavalink::{Playable, Queue, QueueError};
///
/// fn track(title: &str) -> Playable {
///     let mut track = Playable::default();
///     track.info.title = title.into();
///     track.info.identifier = title.into();
///     track
/// }
///
/// let mut queue = Queue::new();
/// queue.extend(["one", "two", "three"].map(track));
/// queue.put_at(0, track("now"))?;
/// queue.swap(1, 3)?;
/// let titles: Vec<&str> = queue.iter().map(|track| track.title.as_str()).collect();
/// assert_eq!(titles, ["now", "three", "two", "one"]);
/// assert_eq!(queue[1].title, "three");
/// assert_eq!(queue.index(&track("two")), Some(2));
///
/// queue.shuffle(&mut Rng::with_seed(7));
/// assert_eq!(queue.count(), 4);
/// assert_eq!(queue.remove(&track("two"), None), 1);
/// assert_eq!(queue.delete(9), Err(QueueError::OutOfRange { index: 9, count: 3 }));
/// # Ok::<(), QueueError>(())
/// ```
///
/// Waiters, as a source serves them:
///
/// ```
/// use antiphon_lavalink::{Playable, Queue, QueueError, Served};
///
/// let mut queue = Queue::new();
/// assert_eq!(queue.get_wait(1)?, None, "waiter 1 waits");
/// queue.put(Playable::default())?;
/// assert!(matches!(queue.next_served(), Some(Served::Got(1, _))));
/// assert!(queue.is_empty());
///
/// assert_eq!(queue.get_wait(2)?, None);
/// queue.reset();
/// assert_eq!(queue.next_served(), Some(Served::Cancelled(2)));
/// # Ok::<(), QueueError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Queue {
    /// The tracks, the next one first.
    items: VecDeque<Arc<Playable>>,
    mode: QueueMode,
    /// The track that was taken last, or that a player played.
    loaded: Option<Arc<Playable>>,
    /// Another queue, without a history of its own.
    history: Option<Box<Queue>>,
    /// At least 1.
    capacity: usize,
    /// Waiters for a track; some only while `items` is empty.
    getters: VecDeque<Waiter>,
    /// Waiters for room, with what they put; the first does not fit.
    putters: VecDeque<(Waiter, Tracks)>,
    /// Ends of waits that nobody took yet.
    served: VecDeque<Served>,
}

impl Default for Queue {
    fn default() -> Self {
        Self::new()
    }
}

impl Queue {
    /// Default capacity: 2,000 tracks.
    pub const CAPACITY: usize = 2000;
    /// Capacity of the history: 500 tracks; the oldest are dropped.
    pub const HISTORY: usize = 500;
    /// Waiters for tracks, and waiters for room: at most 64 each; more are refused.
    pub const WAITERS: usize = 64;

    /// Creates an empty queue with a history.
    pub fn new() -> Self {
        Self {
            history: Some(Box::new(Self::without_history(Self::HISTORY))),
            ..Self::without_history(Self::CAPACITY)
        }
    }

    /// Creates an empty queue without a history.
    pub(crate) fn without_history(capacity: usize) -> Self {
        Self {
            items: VecDeque::new(),
            mode: QueueMode::Normal,
            loaded: None,
            history: None,
            capacity,
            getters: VecDeque::new(),
            putters: VecDeque::new(),
            served: VecDeque::new(),
        }
    }

    /// Sets how many tracks it holds, at least 1. Default: [`Queue::CAPACITY`]. Tracks that it holds stay, even if they
    /// are more.
    #[must_use]
    pub fn capacity(mut self, tracks: usize) -> Self {
        self.capacity = tracks.max(1);
        self
    }

    /// Its mode.
    pub fn mode(&self) -> QueueMode {
        self.mode
    }

    /// Sets its mode. Default: [`QueueMode::Normal`]. Tracks and history stay.
    pub fn set_mode(&mut self, mode: QueueMode) {
        self.mode = mode;
        self.settle();
    }

    /// The track that was taken last, or that a player played by itself; absent after a reset or a forced skip.
    pub fn loaded(&self) -> Option<&Arc<Playable>> {
        self.loaded.as_ref()
    }

    /// Sets the loaded track, as a play request does that passes by the queue.
    pub(crate) fn set_loaded(&mut self, track: Option<Arc<Playable>>) {
        self.loaded = track;
    }

    /// The tracks that were played, the newest last; `None` for a queue without a history.
    pub fn history(&self) -> Option<&Self> {
        self.history.as_deref()
    }

    /// The history, mutable.
    pub fn history_mut(&mut self) -> Option<&mut Self> {
        self.history.as_deref_mut()
    }

    /// Number of tracks.
    pub fn count(&self) -> usize {
        self.items.len()
    }

    /// Whether there is no track.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The tracks, the next one first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Arc<Playable>> + ExactSizeIterator {
        self.items.iter()
    }

    /// Whether it has a track with the same audio.
    pub fn contains(&self, track: &Playable) -> bool {
        self.index(track).is_some()
    }

    /// Index of the first track with the same audio.
    pub fn index(&self, track: &Playable) -> Option<usize> {
        self.items.iter().position(|known| known.is_same(track))
    }

    /// Returns a track without taking it; index 0 is the next one.
    ///
    /// # Errors
    /// [`QueueError::QueueEmpty`] or [`QueueError::OutOfRange`].
    pub fn peek(&self, index: usize) -> Result<&Arc<Playable>, QueueError> {
        if self.items.is_empty() {
            return Err(QueueError::QueueEmpty);
        }
        self.items
            .get(index)
            .ok_or_else(|| self.out_of_range(index))
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Taking tracks.

    /// Takes the next track. Depending on the mode this is the loaded one, or the first of the history.
    ///
    /// # Errors
    /// [`QueueError::QueueEmpty`]; with [`QueueMode::LoopAll`] only if the history is empty as well.
    pub fn get(&mut self) -> Result<Arc<Playable>, QueueError> {
        let track = self.take_next().ok_or(QueueError::QueueEmpty)?;
        self.settle();
        Ok(track)
    }

    fn take_next(&mut self) -> Option<Arc<Playable>> {
        if self.mode == QueueMode::Loop
            && let Some(loaded) = &self.loaded
        {
            return Some(Arc::clone(loaded));
        }
        if self.mode == QueueMode::LoopAll && self.items.is_empty() {
            // Tracks beyond the capacity stay in the history, before those that are played meanwhile.
            if let Some(past) = &mut self.history {
                let count = past.items.len().min(self.capacity);
                self.items = past.items.drain(..count).collect();
            }
        }
        let track = self.items.pop_front()?;
        self.loaded = Some(Arc::clone(&track));
        Some(track)
    }

    /// Takes the track at an index in any mode, and makes it the loaded one.
    ///
    /// # Errors
    /// [`QueueError::QueueEmpty`] or [`QueueError::OutOfRange`].
    pub fn get_at(&mut self, index: usize) -> Result<Arc<Playable>, QueueError> {
        self.peek(index)?;
        let missing = self.out_of_range(index);
        let track = self.items.remove(index).ok_or(missing)?;
        self.loaded = Some(Arc::clone(&track));
        self.settle();
        Ok(track)
    }

    /// Takes the next track, or queues `waiter` behind earlier waiters.
    ///
    /// `None` if it waits; [`Queue::next_served`] returns it once it is served.
    ///
    /// # Errors
    /// [`QueueError::Busy`] if too many wait.
    pub fn get_wait(&mut self, waiter: Waiter) -> Result<Option<Arc<Playable>>, QueueError> {
        if self.getters.is_empty()
            && let Some(track) = self.take_next()
        {
            self.settle();
            return Ok(Some(track));
        }
        if self.getters.len() >= Self::WAITERS {
            return Err(QueueError::Busy(Self::WAITERS));
        }
        self.getters.push_back(waiter);
        Ok(None)
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Putting tracks.

    /// Puts all tracks at the end, or none; returns how many.
    ///
    /// # Errors
    /// [`QueueError::Full`] if not all fit, or others wait for room.
    pub fn put(&mut self, tracks: impl Into<Tracks>) -> Result<usize, QueueError> {
        let Tracks(tracks) = tracks.into();
        if !self.putters.is_empty() || !self.fits(tracks.len()) {
            return Err(QueueError::Full(self.capacity));
        }
        Ok(self.append(tracks))
    }

    /// Puts as many tracks as fit, from the first on; returns how many. It does not wait behind calls that wait for
    /// room.
    pub fn put_fitting(&mut self, tracks: impl Into<Tracks>) -> usize {
        let Tracks(mut tracks) = tracks.into();
        tracks.truncate(self.capacity.saturating_sub(self.items.len()));
        self.append(tracks)
    }

    fn append(&mut self, tracks: Vec<Arc<Playable>>) -> usize {
        let count = tracks.len();
        self.items.extend(tracks);
        self.settle();
        count
    }

    fn fits(&self, count: usize) -> bool {
        self.items.len() + count <= self.capacity
    }

    /// Inserts a track before the one at an index; the number of tracks is the end.
    ///
    /// # Errors
    /// [`QueueError::OutOfRange`] or [`QueueError::Full`].
    pub fn put_at(
        &mut self,
        index: usize,
        track: impl Into<Arc<Playable>>,
    ) -> Result<(), QueueError> {
        if index > self.items.len() {
            return Err(self.out_of_range(index));
        }
        if !self.fits(1) {
            return Err(QueueError::Full(self.capacity));
        }
        self.items.insert(index, track.into());
        self.settle();
        Ok(())
    }

    /// Puts all tracks at the end, or queues `waiter` behind earlier waiters for room.
    ///
    /// `None` if it waits; [`Queue::next_served`] returns it once it is served.
    ///
    /// # Errors
    /// [`QueueError::Full`] if there will never be room; [`QueueError::Busy`] if too many wait.
    pub fn put_wait(
        &mut self,
        waiter: Waiter,
        tracks: impl Into<Tracks>,
    ) -> Result<Option<usize>, QueueError> {
        let tracks = tracks.into();
        if tracks.0.len() > self.capacity {
            return Err(QueueError::Full(self.capacity));
        }
        if self.putters.len() >= Self::WAITERS {
            return Err(QueueError::Busy(Self::WAITERS));
        }
        if self.putters.is_empty() && self.fits(tracks.0.len()) {
            return Ok(Some(self.append(tracks.0)));
        }
        self.putters.push_back((waiter, tracks));
        Ok(None)
    }

    /// Serves waiters, each side in its order.
    ///
    /// It ends: each turn takes a waiter away, and none is added.
    fn settle(&mut self) {
        loop {
            let room = self.capacity.saturating_sub(self.items.len());
            let fits = |(_, tracks): &(Waiter, Tracks)| tracks.0.len() <= room;
            if self.putters.front().is_some_and(fits)
                && let Some((waiter, Tracks(tracks))) = self.putters.pop_front()
            {
                self.served.push_back(Served::Put(waiter, tracks.len()));
                self.items.extend(tracks);
                continue;
            }
            // A waiter does not get the looped track: that would serve all of them at once, for ever.
            if self.items.is_empty() {
                return;
            }
            let Some(waiter) = self.getters.pop_front() else {
                return;
            };
            let Some(track) = self.items.pop_front() else {
                return;
            };
            self.loaded = Some(Arc::clone(&track));
            self.served.push_back(Served::Got(waiter, track));
        }
    }

    /// Takes the next served waiter; call it after every operation, until it returns `None`.
    pub fn next_served(&mut self) -> Option<Served> {
        self.served.pop_front()
    }

    /// Removes a waiter, whose number may be unknown; it is not served any more.
    pub fn forget(&mut self, waiter: Waiter) {
        self.getters.retain(|known| *known != waiter);
        self.putters.retain(|(known, _)| *known != waiter);
        self.settle();
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Changes.

    /// Deletes the track at an index.
    ///
    /// # Errors
    /// [`QueueError::OutOfRange`].
    pub fn delete(&mut self, index: usize) -> Result<(), QueueError> {
        let missing = self.out_of_range(index);
        self.items.remove(index).ok_or(missing)?;
        self.settle();
        Ok(())
    }

    /// Removes the first `count` tracks with the same audio, all of them if `None`; returns how many.
    pub fn remove(&mut self, track: &Playable, count: Option<usize>) -> usize {
        let most = count.unwrap_or(usize::MAX);
        let mut removed = 0;
        self.items.retain(|known| {
            let goes = removed < most && known.is_same(track);
            removed += usize::from(goes);
            !goes
        });
        self.settle();
        removed
    }

    /// Removes duplicates, keeping the first of each; returns how many were removed.
    ///
    /// Two tracks are the same if [`Playable::is_same`] says so. Each track is compared with all that are kept, at most
    /// two million comparisons in a full queue.
    pub fn dedupe(&mut self) -> usize {
        let before = self.items.len();
        let mut kept: VecDeque<Arc<Playable>> = VecDeque::with_capacity(before);
        for track in std::mem::take(&mut self.items) {
            if !kept.iter().any(|known| known.is_same(&track)) {
                kept.push_back(track);
            }
        }
        self.items = kept;
        self.settle();
        before - self.items.len()
    }

    /// Swaps two tracks.
    ///
    /// # Errors
    /// [`QueueError::OutOfRange`].
    pub fn swap(&mut self, one: usize, other: usize) -> Result<(), QueueError> {
        for index in [one, other] {
            if index >= self.items.len() {
                return Err(self.out_of_range(index));
            }
        }
        self.items.swap(one, other);
        Ok(())
    }

    /// Shuffles the tracks; the same generator gives the same order.
    pub fn shuffle(&mut self, rng: &mut Rng) {
        rng.shuffle(self.items.make_contiguous());
    }

    /// Removes all tracks; history, mode and waiters stay.
    pub fn clear(&mut self) {
        self.items.clear();
        self.settle();
    }

    /// Resets it to an empty queue: no tracks, loaded track, history, mode or waiters. The capacity stays.
    pub fn reset(&mut self) {
        self.items.clear();
        self.loaded = None;
        self.mode = QueueMode::Normal;
        if let Some(history) = &mut self.history {
            history.reset();
        }
        let putters = self.putters.drain(..).map(|(waiter, _)| waiter);
        let waiters = self.getters.drain(..).chain(putters);
        self.served.extend(waiters.map(Served::Cancelled));
    }

    /// Copies tracks and history to a new queue, without mode, loaded track and waiters. The tracks themselves are
    /// shared.
    #[must_use]
    pub fn copy(&self) -> Self {
        Self {
            items: self.items.clone(),
            history: self
                .history
                .as_ref()
                .map(|history| Box::new(history.copy())),
            ..Self::without_history(self.capacity)
        }
    }

    /// Adds a played track to the history; the oldest is dropped if it is full.
    pub(crate) fn remember(&mut self, track: Arc<Playable>) {
        if let Some(history) = &mut self.history {
            if history.items.len() >= history.capacity {
                history.items.pop_front();
            }
            history.items.push_back(track);
        }
    }

    /// Takes the track before `current` from the history, and puts `current` before all others; `None` if there is no
    /// earlier track.
    ///
    /// The newest track of the history is `current` itself while that plays.
    pub(crate) fn step_back(&mut self, current: Option<&Arc<Playable>>) -> Option<Arc<Playable>> {
        let past = &mut self.history.as_mut()?.items;
        let newest = past.back()?;
        let is_current = current.is_some_and(|current| newest.is_same(current));
        let track = if is_current {
            let index = past.len().checked_sub(2)?;
            let track = past.remove(index)?;
            past.pop_back();
            track
        } else {
            past.pop_back()?
        };
        if let Some(current) = current {
            // It has no place to wait for: nothing is dropped to make room.
            self.items.push_front(Arc::clone(current));
        }
        Some(track)
    }

    /// Undoes [`step_back`](Self::step_back).
    pub(crate) fn step_forward(&mut self, current: Option<&Arc<Playable>>, track: Arc<Playable>) {
        self.remember(track);
        if let Some(current) = current {
            if self
                .items
                .front()
                .is_some_and(|first| first.is_same(current))
            {
                self.items.pop_front();
            }
            self.remember(Arc::clone(current));
        }
    }

    /// Number of waiters for a track, and for room.
    pub fn waiting(&self) -> (usize, usize) {
        (self.getters.len(), self.putters.len())
    }

    fn out_of_range(&self, index: usize) -> QueueError {
        QueueError::OutOfRange {
            index,
            count: self.items.len(),
        }
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Stored form.

    /// Its stored form within a budget of bytes: the next tracks first, then the newest of the history.
    ///
    /// `budget` is reduced by what was taken, and is 0 once a track did not fit.
    pub(crate) fn saved(&self, budget: &mut usize) -> wire::SavedQueue<'_> {
        let mut afford = |track: &&Arc<Playable>| {
            let left = budget.checked_sub(track.weight());
            *budget = left.unwrap_or_default();
            left.is_some()
        };
        let loaded = self.loaded.as_ref().filter(|track| afford(track));
        let items = self
            .items
            .iter()
            .take_while(&mut afford)
            .map(|track| track.saved());
        let items = items.collect();
        let past = self
            .history
            .iter()
            .flat_map(|history| history.items.iter().rev());
        let mut past: Vec<_> = past
            .take_while(&mut afford)
            .map(|track| track.saved())
            .collect();
        past.reverse();
        wire::SavedQueue {
            mode: self.mode.number(),
            loaded: loaded.map(|track| track.saved()),
            items,
            history: past,
        }
    }

    /// Takes over the tracks, mode and history of another queue; capacity and waiters stay.
    pub(crate) fn replace(&mut self, other: Self) {
        self.items = other.items;
        self.mode = other.mode;
        self.loaded = other.loaded;
        if let (Some(history), Some(other)) = (&mut self.history, other.history) {
            history.items = other.items;
        }
        self.settle();
    }

    /// Restores a stored queue, with all its tracks, even if the capacity is smaller now.
    pub(crate) fn restored(saved: wire::SavedQueue<'_>, capacity: usize) -> Self {
        let shared = |saved| Arc::new(playable_from_saved(saved));
        let mut queue = Self::new().capacity(capacity);
        queue.mode = QueueMode::of(saved.mode);
        queue.loaded = saved.loaded.map(shared);
        queue.items = saved.items.into_iter().map(shared).collect();
        if let Some(history) = &mut queue.history {
            history.items = saved.history.into_iter().map(shared).collect();
        }
        queue
    }
}

impl<'a> IntoIterator for &'a Queue {
    type Item = &'a Arc<Playable>;
    type IntoIter = std::collections::vec_deque::Iter<'a, Arc<Playable>>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.iter()
    }
}

impl std::ops::Index<usize> for Queue {
    type Output = Playable;

    fn index(&self, index: usize) -> &Playable {
        &self.items[index]
    }
}

/// Puts all tracks that fit.
impl Extend<Playable> for Queue {
    fn extend<I: IntoIterator<Item = Playable>>(&mut self, tracks: I) {
        self.put_fitting(tracks.into_iter().collect::<Vec<_>>());
    }
}
