//! The lanes that a process has: those of its whole consumer, or of the partitions that are its share of it.
//!
//! A consumer without workers has one set of [`Lanes`], and everything here hands on to it.
//! A worker has a set for each of its partitions, which are built again from a cursor when a partition comes, and leave a
//! cursor when it goes. The head reads the journal once for all of them: an event is offered to the lanes of its
//! partition, and passed over where another worker has that.
//!
//! A partition that came may stand before the head or behind it.
//! What it has read beyond the head was handled by an earlier worker, and is passed over. What it lacks is *late*: pages
//! read from the journal bring it up to the head ([`next_late`](Share::next_late), [`late`](Share::late),
//! [`end_late`](Share::end_late)), and only then does it take part in what the head reads, so that a lane has its events
//! in order and nobody waits for it.

use antiphon_core::{ConsumerName, Cursor, Partitions, Place, Position};
use tokio::{
    sync::watch,
    time::{Duration, Instant},
};
use tokio_util::sync::CancellationToken;

use crate::{
    ingest::CursorsNow,
    lanes::{Bounds, LaneId, Lanes, Look, Offered, Step, Tenure},
};

/// How long the cursor of a partition without events may stay behind what was read.
///
/// Such a cursor changes nothing but where the next worker begins, and what retention keeps.
const QUIET: Duration = Duration::from_secs(1);

/// The lanes of a process.
#[derive(Debug)]
pub(crate) enum Share<T> {
    /// Those of the whole consumer.
    Whole(Lanes<T>),
    /// Those of its partitions that are this process's.
    Split(Split<T>),
}

/// The lanes of the partitions that a worker has.
#[derive(Debug)]
pub(crate) struct Split<T> {
    partitions: Partitions,
    bounds: Bounds,
    /// By partition.
    held: Vec<Option<Held<T>>>,
    /// The last position that the head has read.
    read: Position,
    /// Number of changes of the partitions that have gone.
    changes_before: u64,
    tenures: u16,
    stopping: bool,
    /// The partition that was fed last, so that each has its turn.
    fed: u16,
}

/// A partition that this process has.
#[derive(Debug)]
struct Held<T> {
    lanes: Lanes<T>,
    tenure: Tenure,
    /// Whether it lacks events that the head has read.
    is_behind: bool,
    /// Whether it is being given up: it takes nothing more.
    is_leaving: bool,
    saved: SavedCursor,
    drains: Drains,
}

/// What was saved of a partition's cursor.
#[derive(Clone, Copy, Debug)]
struct SavedCursor {
    changes: u64,
    read: Position,
    at: Instant,
}

/// The workers' tasks that are in the lanes of a partition.
#[derive(Clone, Debug)]
pub(crate) struct Drains {
    /// Their number.
    number: watch::Sender<usize>,
    /// Cancelled to cut their handlers off.
    pub(crate) cut: CancellationToken,
}

/// A task's stay in the lanes of a partition.
pub(crate) struct Drain(Drains);

/// The lanes that take part in a page of parked events.
pub(crate) struct Fed<'a, T> {
    pub(crate) lanes: &'a mut Lanes<T>,
    /// Their partition; absent where they are those of the whole consumer.
    pub(crate) partition: Option<(Partitions, u16)>,
}

impl Drains {
    fn new() -> Self {
        Self {
            number: watch::Sender::new(0),
            cut: CancellationToken::new(),
        }
    }

    fn enter(&self) -> Drain {
        self.number.send_modify(|number| *number += 1);
        Drain(self.clone())
    }

    /// Waits until no task is in these lanes.
    pub(crate) async fn over(&self) {
        // The sender is here.
        let _ = self
            .number
            .subscribe()
            .wait_for(|number| *number == 0)
            .await;
    }
}

impl Drain {
    /// Waits until the handlers of the partition are cut off.
    pub(crate) async fn cut_off(&self) {
        self.0.cut.cancelled().await;
    }
}

impl Drop for Drain {
    fn drop(&mut self) {
        self.0.number.send_modify(|number| *number -= 1);
    }
}

impl<T> Share<T> {
    /// The share of a worker that has no partition yet, and whose head has read up to `read`.
    pub(crate) fn of_worker(partitions: Partitions, bounds: Bounds, read: Position) -> Self {
        let number = usize::from(partitions.get());
        Self::Split(Split {
            partitions,
            bounds: Bounds {
                queue: bounds.queue,
                open: bounds.open.div_ceil(number).max(bounds.queue),
                parked: bounds.parked.div_ceil(number),
            },
            held: (0..number).map(|_| None).collect(),
            read,
            changes_before: 0,
            tenures: 0,
            stopping: false,
            fed: 0,
        })
    }

    /// Position of the last event that the head has read.
    pub(crate) fn read(&self) -> Position {
        match self {
            Self::Whole(lanes) => lanes.read(),
            Self::Split(split) => split.read,
        }
    }

    /// Number of changes of the cursors.
    pub(crate) fn changes(&self) -> u64 {
        match self {
            Self::Whole(lanes) => lanes.changes(),
            Self::Split(split) => split.changes(),
        }
    }

    /// A look at all lanes, with the deepest `most` of them.
    pub(crate) fn look(&self, most: usize) -> Look {
        match self {
            Self::Whole(lanes) => lanes.look(most),
            Self::Split(split) => split.look(most),
        }
    }

    /// How far all lanes have read, how many events are open, and whether any was left in the journal.
    pub(crate) fn progress(&self) -> (Position, usize, bool) {
        match self {
            Self::Whole(lanes) => (lanes.read(), lanes.open(), lanes.is_parked()),
            Self::Split(split) => {
                let read = split.lanes().map(Lanes::read).min();
                (
                    read.map_or(split.read, |read| read.min(split.read)),
                    split.lanes().map(Lanes::open).sum(),
                    split.lanes().any(Lanes::is_parked),
                )
            }
        }
    }

    /// The lanes in which an event is being handled.
    pub(crate) fn running_in(&self) -> Vec<Place> {
        match self {
            Self::Whole(lanes) => lanes.running_in(),
            Self::Split(split) => split.lanes().flat_map(Lanes::running_in).collect(),
        }
    }

    /// Notes that the head has read an event that no lane needs.
    pub(crate) fn pass(&mut self, position: Position) {
        match self {
            Self::Whole(lanes) => lanes.pass(position),
            Self::Split(split) => split.read = position,
        }
    }

    /// Offers an event that the head has read to its lane.
    pub(crate) fn offer(&mut self, key: &Place, position: Position, item: T) -> Offered<T> {
        match self {
            Self::Whole(lanes) => lanes.offer(key, position, item),
            Self::Split(split) => split.offer(key, position, item),
        }
    }

    /// Ends a chunk of events that the head has read.
    pub(crate) fn end_chunk(&mut self) {
        if let Self::Split(split) = self {
            let read = split.read;
            for held in split.held.iter_mut().flatten() {
                if !held.is_behind && !held.is_leaving {
                    held.lanes.advance(read);
                }
            }
        }
    }

    /// Whether this process has the partition of this key.
    pub(crate) fn has(&self, key: &Place) -> bool {
        match self {
            Self::Whole(_) => true,
            Self::Split(split) => split.held[split.index_of(key)].is_some(),
        }
    }

    /// Appends an item that the cursor does not count to a lane; [`Offered::NotDue`] if another process has the lane.
    pub(crate) fn append(&mut self, key: &Place, item: T) -> Offered<T> {
        match self {
            Self::Whole(lanes) => lanes.append(key, item),
            Self::Split(split) => {
                let index = split.index_of(key);
                match &mut split.held[index] {
                    Some(held) if !held.is_leaving => held.lanes.append(key, item),
                    _ => Offered::NotDue,
                }
            }
        }
    }

    /// Ends the event that the lane's worker was handling; returns the number of this change.
    pub(crate) fn end(&mut self, lane: LaneId) -> u64 {
        match self {
            Self::Whole(lanes) => lanes.end(lane),
            Self::Split(split) => {
                if let Some(held) = split.held_in(lane.tenure) {
                    held.lanes.end(lane);
                }
                split.changes()
            }
        }
    }

    /// Ends the event that the lane's worker was handling, and starts the next one.
    pub(crate) fn next(&mut self, lane: LaneId) -> Step<T> {
        match self {
            Self::Whole(lanes) => lanes.next(lane),
            Self::Split(split) => split.next(lane),
        }
    }

    /// A task's stay in the lanes of a partition; `None` if the partition has gone since the lane was ready.
    pub(crate) fn enter(&mut self, lane: LaneId) -> Option<Drain> {
        match self {
            Self::Whole(_) => None,
            Self::Split(split) => Some(split.held_in(lane.tenure)?.drains.enter()),
        }
    }

    /// Stops: nothing more is started, and running handlers may end.
    pub(crate) fn stop(&mut self) {
        match self {
            Self::Whole(lanes) => lanes.stop(),
            Self::Split(split) => {
                split.stopping = true;
                for held in split.held.iter_mut().flatten() {
                    held.lanes.stop();
                }
            }
        }
    }

    /// The lanes that should be fed parked events, and the position after which the page begins.
    pub(crate) fn next_page(&mut self) -> Option<(Tenure, Position)> {
        match self {
            Self::Whole(lanes) => Some((Tenure::default(), lanes.next_page()?)),
            Self::Split(split) => split.next_page(),
        }
    }

    /// The lanes that a page is for, if they are still here.
    pub(crate) fn fed(&mut self, tenure: Tenure) -> Option<Fed<'_, T>> {
        match self {
            Self::Whole(lanes) => Some(Fed {
                lanes,
                partition: None,
            }),
            Self::Split(split) => {
                let partition = Some((split.partitions, tenure.partition));
                let held = split.held_in(tenure)?;
                Some(Fed {
                    lanes: &mut held.lanes,
                    partition,
                })
            }
        }
    }

    /// The position after which events are read for partitions that are behind the head, and how far the head is.
    pub(crate) fn next_late(&self) -> Option<(Position, Position)> {
        let Self::Split(split) = self else {
            return None;
        };
        let held = split.held.iter().flatten();
        let behind = held.filter(|held| held.is_behind && !held.is_leaving);
        let after = behind.map(|held| held.lanes.read()).min()?;
        Some((after, split.read))
    }

    /// Offers an event that was read after `after` to its lane, if its partition is behind the head and lacks it.
    pub(crate) fn late(
        &mut self,
        after: Position,
        key: &Place,
        position: Position,
        item: T,
    ) -> Offered<T> {
        let Self::Split(split) = self else {
            return Offered::NotDue;
        };
        let index = split.index_of(key);
        match &mut split.held[index] {
            // One that came since the page was asked for may lack events before it.
            Some(held) if held.lacks(after) && position > held.lanes.read() => {
                held.lanes.offer(key, position, item)
            }
            _ => Offered::NotDue,
        }
    }

    /// Ends a page of late events: all up to `through` were read.
    pub(crate) fn end_late(&mut self, after: Position, through: Position) {
        let Self::Split(split) = self else { return };
        let read = split.read;
        for held in split.held.iter_mut().flatten() {
            if held.lacks(after) {
                held.lanes.advance(through.min(read));
                held.is_behind = held.lanes.read() < read;
            }
        }
    }

    /// The cursors to store: all that have changed, and now and then those that have only read on.
    pub(crate) fn cursors(&mut self, consumer: &ConsumerName) -> CursorsNow {
        match self {
            Self::Whole(lanes) => CursorsNow {
                changes: lanes.changes(),
                cursors: vec![(consumer.clone(), lanes.cursor())],
                due: None,
            },
            Self::Split(split) => split.cursors(consumer),
        }
    }

    /// All cursors as they are at the end, marked clean where nothing is in doubt.
    pub(crate) fn last_cursors(&self, consumer: &ConsumerName) -> Vec<(ConsumerName, Cursor)> {
        match self {
            Self::Whole(lanes) => vec![(consumer.clone(), lanes.last_cursor())],
            Self::Split(split) => {
                let held = split.held.iter().flatten();
                let name = |held: &Held<T>| consumer.partition(held.tenure.partition);
                held.map(|held| (name(held), held.lanes.last_cursor()))
                    .collect()
            }
        }
    }
}

/// What a worker does with its partitions; a whole consumer has none.
impl<T> Share<T> {
    fn split(&mut self) -> Option<&mut Split<T>> {
        match self {
            Self::Whole(_) => None,
            Self::Split(split) => Some(split),
        }
    }

    /// The bounds of one partition's lanes.
    pub(crate) fn bounds(&self) -> Option<Bounds> {
        match self {
            Self::Whole(_) => None,
            Self::Split(split) => Some(split.bounds),
        }
    }

    /// Takes a partition in, with its lanes as its cursor has them; gives the lanes that have an event.
    ///
    /// `None` if the app is stopping: then it is as if it had not come.
    pub(crate) fn come(&mut self, partition: u16, lanes: Lanes<T>) -> Option<Vec<LaneId>> {
        let split = self.split().filter(|split| !split.stopping)?;
        split.tenures = split.tenures.wrapping_add(1);
        let tenure = Tenure {
            partition,
            number: split.tenures,
        };
        let mut held = Held {
            is_behind: lanes.read() < split.read,
            saved: SavedCursor {
                changes: lanes.changes(),
                read: lanes.read(),
                at: Instant::now(),
            },
            lanes: lanes.with_tenure(tenure),
            tenure,
            is_leaving: false,
            drains: Drains::new(),
        };
        let begun = held.lanes.begin_all();
        split.held[usize::from(partition)] = Some(held);
        Some(begun)
    }

    /// Starts nothing more in a partition; gives those who are still in its lanes.
    pub(crate) fn leave(&mut self, partition: u16) -> Option<Drains> {
        let held = self.split()?.held[usize::from(partition)].as_mut()?;
        held.is_leaving = true;
        held.lanes.stop();
        Some(held.drains.clone())
    }

    /// Takes a partition out, once nobody is in its lanes.
    pub(crate) fn take(&mut self, partition: u16) -> Option<Lanes<T>> {
        let split = self.split()?;
        let held = split.held[usize::from(partition)].take()?;
        split.changes_before += held.lanes.changes();
        Some(held.lanes)
    }
}

impl<T> Held<T> {
    /// Whether it is behind the head, and has everything up to `after`.
    fn lacks(&self, after: Position) -> bool {
        self.is_behind && !self.is_leaving && self.lanes.read() >= after
    }
}

impl<T> Split<T> {
    fn lanes(&self) -> impl Iterator<Item = &Lanes<T>> {
        self.held.iter().flatten().map(|held| &held.lanes)
    }

    fn index_of(&self, key: &Place) -> usize {
        usize::from(self.partitions.of(key.as_str()))
    }

    fn held_in(&mut self, tenure: Tenure) -> Option<&mut Held<T>> {
        let held = self.held[usize::from(tenure.partition)].as_mut();
        held.filter(|held| held.tenure == tenure)
    }

    fn changes(&self) -> u64 {
        self.changes_before + self.lanes().map(Lanes::changes).sum::<u64>()
    }

    fn offer(&mut self, key: &Place, position: Position, item: T) -> Offered<T> {
        self.read = position;
        let index = self.index_of(key);
        match &mut self.held[index] {
            Some(held) if !held.is_behind && !held.is_leaving && position > held.lanes.read() => {
                held.lanes.offer(key, position, item)
            }
            _ => Offered::NotDue,
        }
    }

    fn next(&mut self, lane: LaneId) -> Step<T> {
        let Some(held) = self.held_in(lane.tenure) else {
            return Step {
                taken: None,
                room: false,
            };
        };
        let mut step = held.lanes.next(lane);
        if let Some(taken) = &mut step.taken
            && let Some(cautious) = &mut taken.cautious
        {
            *cautious = self.changes();
        }
        step
    }

    fn next_page(&mut self) -> Option<(Tenure, Position)> {
        let number = self.partitions.get();
        let turns = (1..=number).map(|turn| (self.fed + turn) % number);
        for partition in turns {
            if let Some(held) = &mut self.held[usize::from(partition)]
                && let Some(after) = held.lanes.next_page()
            {
                self.fed = partition;
                return Some((held.tenure, after));
            }
        }
        None
    }

    fn look(&self, most: usize) -> Look {
        let mut whole = Look {
            read: self.read,
            needs: self.read.next(),
            open: 0,
            is_parked: false,
            busy: 0,
            waiting: 0,
            parked: 0,
            deepest: Vec::new(),
        };
        for look in self.lanes().map(|lanes| lanes.look(most)) {
            whole.needs = whole.needs.min(look.needs);
            whole.open += look.open;
            whole.is_parked |= look.is_parked;
            whole.busy += look.busy;
            whole.waiting += look.waiting;
            whole.parked += look.parked;
            whole.deepest.extend(look.deepest);
        }
        let deepest = &mut whole.deepest;
        deepest.sort_by(|one, other| {
            let by_depth = other.waiting.cmp(&one.waiting);
            by_depth.then_with(|| one.key.cmp(&other.key))
        });
        deepest.truncate(most);
        whole
    }

    fn cursors(&mut self, consumer: &ConsumerName) -> CursorsNow {
        let now = Instant::now();
        let (mut cursors, mut due) = (Vec::new(), None::<Instant>);
        for held in self.held.iter_mut().flatten() {
            let (changes, read) = (held.lanes.changes(), held.lanes.read());
            if changes == held.saved.changes && read == held.saved.read {
                continue;
            }
            let then = held.saved.at + QUIET;
            if changes == held.saved.changes && now < then {
                due = Some(due.map_or(then, |due| due.min(then)));
                continue;
            }
            held.saved = SavedCursor {
                changes,
                read,
                at: now,
            };
            let name = consumer.partition(held.tenure.partition);
            cursors.push((name, held.lanes.cursor()));
        }
        CursorsNow {
            changes: self.changes(),
            cursors,
            due,
        }
    }
}
