//! Lanes: events of one place in order, and places side by side. No I/O, no clock.
//!
//! A lane is the queue of one place.
//! The head offers it events in the journal's order; while it has any, one worker takes them one at a time.
//! A full lane is *parked* from the first event that it refused: that event and all later ones of its place stay in the
//! journal, until pages read again from there have caught up with the head.
//! The state of the lanes at any moment is a [`Cursor`], from which they can be built again after a crash.
//!
//! The life of an event here: [`offer`](Lanes::offer) queues it or parks its lane; [`next`](Lanes::next) ends the event
//! that ran and starts the one behind it; a parked lane that has drained to half its length is fed from pages
//! ([`next_page`](Lanes::next_page), [`feed`](Lanes::feed), [`end_page`](Lanes::end_page)) until it has caught up.
//!
//! Invariants, which the tests check against a model with random steps:
//! - Within a lane, events start in the order of their positions.
//! - An event is in exactly one place: before `read` and done, in a lane, or at or behind the position of a parked
//!   lane.
//! - No lane that has room and no event waits for another lane that is full.
//! - [`cursor`](Lanes::cursor) and [`restore`](Lanes::restore) are inverse, but for events that are not counted.

use std::collections::{HashMap, VecDeque};

use antiphon_core::{Cursor, OpenEvent, Parked, Place, Position};
use foldhash::fast::RandomState;

/// Events of a place that are started one by one after a crash, each with its start made durable first; of those behind
/// them, one in as many.
///
/// A crash then finds the event that caused it among the first of the next run, which count its starts, and a long
/// backlog does not wait for the disk, or for servers, at each of its events.
const CAREFUL: u32 = 32;

/// Most places of which a run remembers how many doubtful events it has started; others begin anew.
const CAREFUL_PLACES: usize = 16_384;

/// The bounds of the lanes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// Most events that wait in one lane.
    pub(crate) queue: usize,
    /// Most events that wait or are being handled in all lanes.
    ///
    /// Empty lanes may take one event each beyond it, up to the same number again, so that stuck places never stop the
    /// others.
    pub(crate) open: usize,
    /// Most lanes that are listed as parked, each with its own position.
    ///
    /// When more are full at the same time, all others are parked from one position; then a stuck lane may hold up
    /// others, until its handler's deadline.
    pub(crate) parked: usize,
}

/// One time for which a process has a partition of its consumer; the default where the consumer is whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Tenure {
    pub(crate) partition: u16,
    /// Tells it from earlier times for which the process had the same partition.
    pub(crate) number: u16,
}

/// Number of a lane that has a worker or an event.
///
/// Numbers are used again once a lane is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct LaneId {
    pub(crate) tenure: Tenure,
    slot: u32,
}

impl LaneId {
    fn new(tenure: Tenure, slot: usize) -> Self {
        let slot = u32::try_from(slot).expect("lanes are bounded by twice the open events");
        Self { tenure, slot }
    }

    fn slot(self) -> usize {
        self.slot as usize
    }

    /// The lane with this number, for tests of others.
    #[cfg(test)]
    pub(crate) fn of(number: usize) -> Self {
        Self::new(Tenure::default(), number)
    }
}

/// An item that waits in its lane.
#[derive(Debug)]
struct Queued<T> {
    /// Absent for an item that the cursor does not count, such as a replayed dead letter.
    position: Option<Position>,
    /// Number of starts without an end in earlier runs.
    starts: u32,
    item: T,
}

/// A lane without events, worker and parked position is released, and its number is free.
#[derive(Debug)]
struct Lane<T> {
    key: Place,
    queue: VecDeque<Queued<T>>,
    /// Position (absent for an item that is not counted) and number of starts of the event that is being handled.
    running: Option<(Option<Position>, u32)>,
    /// Whether it has a worker, or waits for one.
    active: bool,
    /// The first event that it still has to be given from the journal.
    parked: Option<Position>,
    /// Number of the last page for which it had no room.
    refused: u64,
}

impl<T> Lane<T> {
    fn new() -> Self {
        Self {
            key: Place::root(),
            queue: VecDeque::new(),
            running: None,
            active: false,
            parked: None,
            refused: 0,
        }
    }

    fn is_empty(&self) -> bool {
        self.queue.is_empty() && self.running.is_none()
    }
}

/// The outcome of an offer.
#[derive(Debug)]
pub(crate) enum Offered<T> {
    /// The item waits in a lane that has a worker.
    Queued,
    /// The item waits in a lane that needs a worker.
    Begin(LaneId),
    /// The event stays in the journal and will come again in a page; the item is returned.
    Parked(T),
    /// The event is not due: it was given already, or has to wait for earlier events of its place.
    NotDue,
}

/// The next step of a lane's worker.
#[derive(Debug)]
pub(crate) struct Step<T> {
    /// The event to handle; without one the worker leaves the lane.
    pub(crate) taken: Option<Taken<T>>,
    /// Whether there is room now for parked lanes.
    pub(crate) room: bool,
}

/// An event that was started.
#[derive(Debug)]
pub(crate) struct Taken<T> {
    pub(crate) item: T,
    /// Number of earlier starts without an end.
    pub(crate) starts: u32,
    /// Whether it may have been handled before.
    pub(crate) redelivered: bool,
    /// The change of the cursor that has to be durable before the handler runs, if there is one.
    pub(crate) cautious: Option<u64>,
}

/// The lanes at one moment.
#[derive(Debug)]
pub(crate) struct Look {
    /// Position of the last event that the head has read.
    pub(crate) read: Position,
    /// The first position that is still needed, as [`Cursor::needs`] has it.
    pub(crate) needs: Position,
    /// Number of events that wait or are being handled.
    pub(crate) open: usize,
    pub(crate) is_parked: bool,
    /// Number of lanes in which an event is being handled.
    pub(crate) busy: usize,
    /// Number of lanes in which events wait.
    pub(crate) waiting: usize,
    /// Number of lanes that are parked, as far as they are listed.
    pub(crate) parked: usize,
    /// The lanes in which the most events wait, the deepest first.
    pub(crate) deepest: Vec<Depth>,
}

/// One lane at a moment.
#[derive(Debug)]
pub(crate) struct Depth {
    pub(crate) key: Place,
    /// Number of events that wait in it.
    pub(crate) waiting: usize,
    pub(crate) is_busy: bool,
    pub(crate) is_parked: bool,
}

/// The doubtful events that were started, which an earlier run may have handled.
#[derive(Debug, Default)]
struct Careful {
    /// How many, by place.
    started: HashMap<Place, u32, RandomState>,
}

impl Careful {
    /// Counts one; whether its start has to be durable first.
    fn starts(&mut self, place: &Place) -> bool {
        let before = if let Some(started) = self.started.get_mut(place) {
            *started = started.saturating_add(1);
            *started
        } else {
            if self.started.len() >= CAREFUL_PLACES {
                self.started.clear();
            }
            self.started.insert(place.clone(), 0);
            0
        };
        before < CAREFUL || before.is_multiple_of(CAREFUL)
    }
}

/// All lanes of a consumer.
///
/// Generic over the item, so that tests use numbers and the app uses events with their plans.
#[derive(Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a fact of its own, and they meet in every combination"
)]
pub(crate) struct Lanes<T> {
    bounds: Bounds,
    tenure: Tenure,
    /// Lanes by number, free ones among them.
    slots: Vec<Lane<T>>,
    free: Vec<usize>,
    /// The lanes that are in use, by key.
    index: HashMap<Place, usize, RandomState>,
    /// Parked lanes with a position of their own, in the order in which they were parked.
    listed: Vec<usize>,
    /// The last position that the head has offered or passed.
    read: Position,
    /// The cursor's `lanes_since`, which the keys obey.
    sources_own_since: Position,
    /// The position up to which an earlier run may have handled events.
    doubtful: Position,
    careful: Box<Careful>,
    /// Events that wait or run, in all lanes.
    open: usize,
    /// Where every lane that is not listed is parked from; absent while none is.
    parked_all: Option<Position>,
    /// Whether the lanes that are not listed had no room, and no event has ended since.
    unlisted_waits: bool,
    page: Page,
    /// The position at which the next page begins.
    scan: Position,
    /// Whether room was reported, and no page has begun since.
    told: bool,
    /// Whether an item that the cursor does not count waits for room.
    appending: bool,
    stopping: bool,
    /// Number of changes of the cursor, by which the committer and a lane know what is stored.
    changes: u64,
}

/// The page being fed.
#[derive(Clone, Copy, Debug, Default)]
struct Page {
    /// Pages count from 1; a lane that refused remembers the number.
    number: u64,
    /// Lanes that are parked before it do not take part.
    from: Position,
    unlisted_refused: bool,
    /// Number of lanes that may still be given an event.
    takers: usize,
}

impl<T> Lanes<T> {
    /// The lanes of a cursor, still without its open events; see [`Lanes::reopen`].
    ///
    /// Events up to `doubtful` are marked as redelivered, and their starts are made durable first.
    pub(crate) fn restore(bounds: Bounds, cursor: &Cursor, doubtful: Position) -> Self {
        let mut lanes = Self {
            bounds,
            tenure: Tenure::default(),
            slots: Vec::new(),
            free: Vec::new(),
            index: HashMap::default(),
            listed: Vec::new(),
            read: cursor.read,
            sources_own_since: cursor.sources_lanes_since(),
            doubtful,
            careful: Box::default(),
            open: 0,
            parked_all: cursor.parked_all,
            unlisted_waits: false,
            page: Page::default(),
            scan: Position::ZERO,
            told: false,
            appending: false,
            stopping: false,
            changes: 0,
        };
        for parked in &cursor.parked {
            let slot = lanes.slot(&Place::from(parked.lane.as_str()));
            if lanes.slots[slot].parked.replace(parked.from).is_none() {
                lanes.listed.push(slot);
            }
        }
        lanes
    }

    /// Makes them the lanes of a partition; before any lane is begun.
    pub(crate) fn with_tenure(mut self, tenure: Tenure) -> Self {
        self.tenure = tenure;
        self
    }

    /// Puts an open event of the cursor back into its lane; called in order, before any other change.
    pub(crate) fn reopen(&mut self, key: &Place, position: Position, starts: u32, item: T) {
        let slot = self.slot(key);
        self.push(slot, Some(position), starts, item);
    }

    /// The lanes that have an event and no worker, which must be given one.
    pub(crate) fn begin_all(&mut self) -> Vec<LaneId> {
        let mut begun = Vec::new();
        for (number, lane) in self.slots.iter_mut().enumerate() {
            if !lane.active && !lane.queue.is_empty() {
                lane.active = true;
                begun.push(LaneId::new(self.tenure, number));
            }
        }
        begun
    }

    /// Position of the last event that the head has read.
    pub(crate) fn read(&self) -> Position {
        self.read
    }

    /// Number of changes of the cursor.
    pub(crate) fn changes(&self) -> u64 {
        self.changes
    }

    /// Number of events that wait or are being handled.
    pub(crate) fn open(&self) -> usize {
        self.open
    }

    /// Whether any event was left in the journal for later.
    pub(crate) fn is_parked(&self) -> bool {
        !self.listed.is_empty() || self.parked_all.is_some()
    }

    /// The lanes in which an event is being handled.
    pub(crate) fn running_in(&self) -> Vec<Place> {
        let lanes = self.index.values().map(|slot| &self.slots[*slot]);
        lanes
            .filter(|lane| lane.running.is_some())
            .map(|lane| lane.key.clone())
            .collect()
    }

    /// A look at all lanes, with the deepest `most` of them.
    ///
    /// It passes over every open event, which takes about as long as a cursor.
    pub(crate) fn look(&self, most: usize) -> Look {
        let lanes = || self.index.values().map(|slot| &self.slots[*slot]);
        let open = lanes().flat_map(|lane| {
            let running = lane.running.iter().filter_map(|(position, _)| *position);
            running.chain(lane.queue.iter().filter_map(|queued| queued.position))
        });
        let parked = lanes().filter_map(|lane| lane.parked);
        let needs = open.chain(parked).chain(self.parked_all).min();
        let mut waiting: Vec<_> = lanes().filter(|lane| !lane.queue.is_empty()).collect();
        let deepest_first = |one: &&Lane<T>, other: &&Lane<T>| {
            let by_depth = other.queue.len().cmp(&one.queue.len());
            by_depth.then_with(|| one.key.cmp(&other.key))
        };
        let number = waiting.len();
        if number > most && most > 0 {
            waiting.select_nth_unstable_by(most - 1, deepest_first);
        }
        waiting.truncate(most);
        waiting.sort_unstable_by(deepest_first);
        Look {
            read: self.read,
            needs: needs.map_or(self.read.next(), |first| first.min(self.read.next())),
            open: self.open,
            is_parked: self.is_parked(),
            busy: lanes().filter(|lane| lane.running.is_some()).count(),
            waiting: number,
            parked: self.listed.len(),
            deepest: waiting
                .into_iter()
                .map(|lane| Depth {
                    key: lane.key.clone(),
                    waiting: lane.queue.len(),
                    is_busy: lane.running.is_some(),
                    is_parked: lane.parked.is_some(),
                })
                .collect(),
        }
    }

    /// Notes that the head has read an event that no lane needs.
    pub(crate) fn pass(&mut self, position: Position) {
        self.read = position;
        self.changes += 1;
    }

    /// Notes that none of the events up to this position is one of these lanes'; that is no change worth a save.
    pub(crate) fn advance(&mut self, position: Position) {
        self.read = self.read.max(position);
    }

    /// The items that wait.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = &T> {
        let lanes = self.index.values().map(|slot| &self.slots[*slot]);
        lanes.flat_map(|lane| lane.queue.iter().map(|queued| &queued.item))
    }

    /// Offers an event that the head has read to its lane.
    pub(crate) fn offer(&mut self, key: &Place, position: Position, item: T) -> Offered<T> {
        self.pass(position);
        if self.parked_all.is_some() {
            return Offered::Parked(item);
        }
        let slot = self.slot(key);
        if self.slots[slot].parked.is_some() {
            return Offered::Parked(item);
        }
        if !self.has_room(slot) {
            // The event lies ahead of any page that is being read, and takes part in the page.
            self.page.takers += 1;
            if self.listed.len() < self.bounds.parked {
                self.park(slot, position);
            } else {
                self.parked_all = Some(position);
                self.unlisted_waits = false;
                self.release_if_idle(slot);
            }
            return Offered::Parked(item);
        }
        self.push(slot, Some(position), 0, item);
        self.begin(slot)
    }

    /// Appends an item that the cursor does not count to a lane.
    ///
    /// It is returned while the lane has no room.
    pub(crate) fn append(&mut self, key: &Place, item: T) -> Offered<T> {
        let slot = self.slot(key);
        self.appending = !self.has_room(slot);
        if self.appending {
            self.release_if_idle(slot);
            return Offered::Parked(item);
        }
        self.push(slot, None, 0, item);
        self.begin(slot)
    }

    /// Ends the event that the lane's worker was handling, if there is one; returns the number of this change.
    pub(crate) fn end(&mut self, lane: LaneId) -> u64 {
        self.changes += 1;
        if self.slots[lane.slot()].running.take().is_some() {
            self.open -= 1;
            self.unlisted_waits = false;
        }
        self.changes
    }

    /// Ends the event that the lane's worker was handling, and starts the next one.
    ///
    /// The cursor has changed after every call. `cautious` is set for events that may have been handled before, for all
    /// of the first of a place and then now and again ([`CAREFUL`]): the start is stored first, so that one that ends
    /// the process is counted (three starts make a dead letter).
    pub(crate) fn next(&mut self, lane: LaneId) -> Step<T> {
        let slot = lane.slot();
        self.end(lane);
        let queued = if self.stopping {
            None
        } else {
            self.slots[slot].queue.pop_front()
        };
        let Some(queued) = queued else {
            self.slots[slot].active = false;
            let room = self.tell_room(slot);
            self.release_if_idle(slot);
            return Step { taken: None, room };
        };
        let starts = queued.starts;
        self.slots[slot].running = Some((queued.position, starts.saturating_add(1)));
        let redelivered = starts > 0
            || queued
                .position
                .is_some_and(|position| position <= self.doubtful);
        let cautious = redelivered && (starts > 0 || self.careful.starts(&self.slots[slot].key));
        Step {
            taken: Some(Taken {
                item: queued.item,
                starts,
                redelivered,
                cautious: cautious.then_some(self.changes),
            }),
            room: self.tell_room(slot),
        }
    }

    /// Stops: nothing more is started, and running handlers may end.
    pub(crate) fn stop(&mut self) {
        self.stopping = true;
    }

    /// The position after which the next page of parked events should be read.
    ///
    /// `None` while no parked lane has room.
    pub(crate) fn next_page(&mut self) -> Option<Position> {
        self.told = false;
        if self.stopping {
            return None;
        }
        let mut first: Option<Position> = None;
        let mut first_ahead: Option<Position> = None;
        let listed = self.listed.iter().filter_map(|slot| {
            let lane = &self.slots[*slot];
            let drained = lane.queue.len() * 2 <= self.bounds.queue;
            lane.parked.filter(|_| drained && self.has_room(*slot))
        });
        let unlisted = self
            .parked_all
            .filter(|_| !self.unlisted_waits && self.open < self.bounds.open.saturating_mul(2));
        let behind = listed.chain(unlisted).filter(|from| *from <= self.read);
        for from in behind {
            first = Some(first.map_or(from, |first| first.min(from)));
            if from >= self.scan {
                first_ahead = Some(first_ahead.map_or(from, |first| first.min(from)));
            }
        }
        // Onwards first, then again from the beginning, so that a lane far behind does not keep the reader.
        let from = first_ahead.or(first)?;
        let parked = self
            .listed
            .iter()
            .filter_map(|slot| self.slots[*slot].parked);
        self.page = Page {
            number: self.page.number + 1,
            from,
            unlisted_refused: false,
            takers: parked
                .chain(self.parked_all)
                .filter(|parked| *parked >= from)
                .count(),
        };
        Some(from.previous())
    }

    /// Whether an event of this position can be fed: the head is past it.
    pub(crate) fn can_feed(&self, position: Position) -> bool {
        position <= self.read
    }

    /// Whether no lane needs the rest of the page.
    pub(crate) fn is_page_over(&self) -> bool {
        self.page.takers == 0
    }

    /// Feeds one event of the page, in order.
    pub(crate) fn feed(&mut self, key: &Place, position: Position, item: T) -> Offered<T> {
        let listed = self.index.get(key).copied().filter(|slot| {
            // A lane that is not parked is one of those that are not listed.
            self.slots[*slot].parked.is_some()
        });
        if let Some(slot) = listed {
            self.feed_listed(slot, position, item)
        } else {
            self.feed_unlisted(key, position, item)
        }
    }

    /// In order: an event that the lane has no room for parks it again, from there.
    fn feed_listed(&mut self, slot: usize, position: Position, item: T) -> Offered<T> {
        let has_room = self.has_room(slot);
        let lane = &mut self.slots[slot];
        let due = lane.refused != self.page.number
            && lane
                .parked
                .is_some_and(|from| from >= self.page.from && from <= position);
        if !due {
            return Offered::NotDue;
        }
        self.changes += 1;
        if !has_room {
            lane.parked = Some(position);
            lane.refused = self.page.number;
            self.page.takers -= 1;
            return Offered::Parked(item);
        }
        lane.parked = Some(position.next());
        self.push(slot, Some(position), 0, item);
        self.begin(slot)
    }

    /// The first event without room stops all lanes that are not listed, so that none of them is fed out of order.
    fn feed_unlisted(&mut self, key: &Place, position: Position, item: T) -> Offered<T> {
        let due = !self.page.unlisted_refused
            && self
                .parked_all
                .is_some_and(|from| from >= self.page.from && from <= position);
        if !due {
            return Offered::NotDue;
        }
        self.changes += 1;
        let slot = self.slot(key);
        if !self.has_room(slot) {
            if self.listed.len() < self.bounds.parked {
                self.park(slot, position);
                self.slots[slot].refused = self.page.number;
                self.parked_all = Some(position.next());
            } else {
                self.page.unlisted_refused = true;
                self.page.takers -= 1;
                self.unlisted_waits = true;
                self.parked_all = Some(position);
                self.release_if_idle(slot);
            }
            return Offered::Parked(item);
        }
        self.parked_all = Some(position.next());
        self.push(slot, Some(position), 0, item);
        self.begin(slot)
    }

    /// Ends the page: all events up to `through` were read.
    ///
    /// Lanes that have all events up to the head are live again.
    pub(crate) fn end_page(&mut self, through: Position) {
        let through = through.min(self.read);
        let Page {
            number,
            from: began,
            unlisted_refused,
            ..
        } = self.page;
        self.changes += 1;
        for slot in &self.listed {
            let lane = &mut self.slots[*slot];
            if let Some(from) = &mut lane.parked
                && lane.refused != number
                && *from >= began
                && *from <= through
            {
                *from = through.next();
            }
        }
        if let Some(from) = &mut self.parked_all
            && !unlisted_refused
            && *from >= began
            && *from <= through
        {
            *from = through.next();
        }
        self.parked_all = self.parked_all.filter(|from| *from <= self.read);
        self.scan = through.next();
        if self.parked_all.is_none() {
            self.revive();
        }
    }

    /// Removes lanes that have all their events from the list; only while no lane is parked without being listed.
    fn revive(&mut self) {
        let mut listed = std::mem::take(&mut self.listed);
        listed.retain(|slot| {
            let lane = &mut self.slots[*slot];
            let behind = lane.parked.is_some_and(|from| from <= self.read);
            if !behind {
                lane.parked = None;
                self.release_if_idle(*slot);
            }
            behind
        });
        self.listed = listed;
    }

    /// The state from which a later run goes on.
    pub(crate) fn cursor(&self) -> Cursor {
        let mut cursor = Cursor::at(self.read);
        cursor.open.reserve(self.open);
        for slot in self.index.values() {
            let lane = &self.slots[*slot];
            let running = lane.running.iter().copied();
            let queued = lane.queue.iter().map(|one| (one.position, one.starts));
            let open = running.chain(queued).filter_map(|(position, starts)| {
                Some(OpenEvent {
                    position: position?,
                    starts,
                })
            });
            cursor.open.extend(open);
            if let Some(from) = lane.parked {
                cursor.parked.push(Parked {
                    lane: lane.key.as_str().to_owned(),
                    from,
                });
            }
        }
        cursor.open.sort_unstable_by_key(|open| open.position);
        cursor.parked.sort_unstable_by_key(|parked| parked.from);
        cursor.parked_all = self.parked_all;
        cursor.lanes_since = Some(self.sources_own_since);
        cursor
    }

    /// The cursor at the end of a run that stopped in good order.
    ///
    /// It is clean unless an event is left that a run before this one was handling when it was cut off: the next run is
    /// to mark that as redelivered as well.
    pub(crate) fn last_cursor(&self) -> Cursor {
        let mut cursor = self.cursor();
        cursor.clean = cursor.needs() > self.doubtful;
        cursor
    }

    /// An empty lane always has room for one event, up to twice the bound of all, so that a few stuck places cannot
    /// fill the app.
    fn has_room(&self, slot: usize) -> bool {
        let lane = &self.slots[slot];
        let within = self.open < self.bounds.open && lane.queue.len() < self.bounds.queue;
        within || (lane.is_empty() && self.open < self.bounds.open.saturating_mul(2))
    }

    /// Whether to report that there is room for parked lanes, once until the next page.
    ///
    /// The head is woken once for each page, not for every event that ends.
    fn tell_room(&mut self, slot: usize) -> bool {
        if self.told || self.stopping {
            return false;
        }
        let lane = &self.slots[slot];
        let drained = lane.parked.is_some() && lane.queue.len() * 2 <= self.bounds.queue;
        // If no lane had room, an empty lane has no worker that would ask for more.
        let was_full = self.open.saturating_add(1) >= self.bounds.open.saturating_mul(2);
        self.told = drained
            || (was_full && !self.listed.is_empty())
            || self.parked_all.is_some()
            || self.appending;
        self.told
    }

    /// It does not look for room.
    fn push(&mut self, slot: usize, position: Option<Position>, starts: u32, item: T) {
        self.open += 1;
        self.slots[slot].queue.push_back(Queued {
            position,
            starts,
            item,
        });
    }

    fn begin(&mut self, slot: usize) -> Offered<T> {
        let lane = &mut self.slots[slot];
        if lane.active || self.stopping {
            return Offered::Queued;
        }
        lane.active = true;
        Offered::Begin(LaneId::new(self.tenure, slot))
    }

    /// The lane takes nothing more from the head until pages have caught up.
    fn park(&mut self, slot: usize, from: Position) {
        self.slots[slot].parked = Some(from);
        self.listed.push(slot);
    }

    /// It is made if there is none.
    fn slot(&mut self, key: &Place) -> usize {
        if let Some(slot) = self.index.get(key) {
            return *slot;
        }
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Lane::new());
            self.slots.len() - 1
        });
        self.slots[slot].key = key.clone();
        self.slots[slot].refused = 0;
        self.index.insert(key.clone(), slot);
        slot
    }

    /// A queue that was long gives its memory back.
    fn release_if_idle(&mut self, slot: usize) {
        const KEPT: usize = 8;
        let lane = &mut self.slots[slot];
        if lane.active || lane.parked.is_some() || !lane.is_empty() {
            return;
        }
        self.index.remove(&lane.key);
        lane.queue.shrink_to(KEPT);
        self.free.push(slot);
    }
}

#[cfg(test)]
mod tests;
