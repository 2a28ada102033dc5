//! The lanes' promises under random schedules and crashes.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use proptest::prelude::*;

use super::*;

/// An event of the model's journal: its lane, and whether it has a handler.
type Row = (u8, bool);

#[derive(Clone, Debug)]
enum Op {
    /// The head reads this many events.
    Head(usize),
    /// The task of one of the active lanes takes its next step.
    Step(usize),
    /// A page is read, if room was reported.
    Read(usize),
    /// The page that was read is fed.
    Feed,
    /// The cursor is stored.
    Save,
    /// The process dies and starts again from the stored cursor.
    Crash,
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let op = prop_oneof![
        4 => (1..8_usize).prop_map(Op::Head),
        8 => any::<usize>().prop_map(Op::Step),
        3 => (1..8_usize).prop_map(Op::Read),
        3 => Just(Op::Feed),
        1 => Just(Op::Save),
        1 => Just(Op::Crash),
    ];
    prop::collection::vec(op, 0..300)
}

fn bounds() -> impl Strategy<Value = Bounds> {
    (1..5_usize, 2..12_usize, 0..4_usize).prop_map(|(queue, open, parked)| Bounds {
        queue,
        open,
        parked,
    })
}

/// The head, the tasks, the catch-up reader and the disk, all in one.
struct Model {
    bounds: Bounds,
    journal: Vec<Row>,
    lanes: Lanes<Position>,
    /// Lanes that have a task, with the event it handles.
    active: BTreeMap<usize, Option<Position>>,
    page: Option<(Position, usize)>,
    /// Whether room was reported.
    told: bool,
    done: BTreeSet<Position>,
    saved: Cursor,
    done_at_save: BTreeSet<Position>,
    /// The last event started in each lane in this run.
    started: HashMap<u8, Position>,
    stuck: BTreeSet<u8>,
}

impl Model {
    fn new(bounds: Bounds, journal: Vec<Row>) -> Self {
        let saved = Cursor::at(Position::ZERO);
        Self {
            bounds,
            journal,
            lanes: Lanes::restore(bounds, &saved, Position::ZERO),
            active: BTreeMap::new(),
            page: None,
            told: false,
            done: BTreeSet::new(),
            saved,
            done_at_save: BTreeSet::new(),
            started: HashMap::new(),
            stuck: BTreeSet::new(),
        }
    }

    fn row(&self, position: Position) -> Option<Row> {
        let index = usize::try_from(position.get()).ok()?.checked_sub(1)?;
        self.journal.get(index).copied()
    }

    fn key(lane: u8) -> Place {
        Place::new(format!("room/{lane}"))
    }

    fn apply(&mut self, op: &Op) {
        match op {
            Op::Head(count) => (0..*count).for_each(|_| self.head()),
            Op::Step(which) if !self.active.is_empty() => {
                let slot = self.active.keys().nth(which % self.active.len());
                let slot = *slot.expect("within the number of lanes");
                self.step(slot);
            }
            Op::Step(_) => {}
            Op::Read(size) => self.read(*size),
            Op::Feed => self.feed(),
            Op::Save => {
                self.saved = self.lanes.cursor();
                self.done_at_save = self.done.clone();
            }
            Op::Crash => self.crash(),
        }
    }

    fn offered(&mut self, offered: &Offered<Position>) {
        if let Offered::Begin(lane) = offered {
            let before = self.active.insert(lane.slot(), None);
            assert!(before.is_none(), "a lane has one task");
        }
    }

    fn head(&mut self) {
        let position = self.lanes.read().next();
        let Some((lane, wanted)) = self.row(position) else {
            return;
        };
        if wanted {
            let offered = self.lanes.offer(&Self::key(lane), position, position);
            self.offered(&offered);
        } else {
            self.lanes.pass(position);
        }
        // The head's loop looks for a page after each turn.
        self.told = true;
    }

    fn step(&mut self, slot: usize) {
        if let Some(Some(running)) = self.active.get(&slot) {
            let (lane, _) = self.row(*running).expect("it was read from there");
            if self.stuck.contains(&lane) {
                return;
            }
            self.done.insert(*running);
        }
        let step = self.lanes.next(LaneId::of(slot));
        self.told |= step.room;
        let Some(taken) = step.taken else {
            self.active.remove(&slot);
            return;
        };
        let position = taken.item;
        let (lane, wanted) = self.row(position).expect("it was read from there");
        assert!(wanted, "nobody wanted {position}");
        let before = self.started.insert(lane, position);
        assert!(
            before.is_none_or(|before| before < position),
            "{position} came after {before:?}"
        );
        assert!(
            !self.done_at_save.contains(&position),
            "{position} was done before the save"
        );
        assert!(
            self.saved.read >= position || taken.starts == 0,
            "starts are counted from the save"
        );
        self.active.insert(slot, Some(position));
    }

    fn read(&mut self, size: usize) {
        if self.page.is_some() || !std::mem::take(&mut self.told) {
            return;
        }
        self.page = self.lanes.next_page().map(|after| (after, size));
    }

    fn feed(&mut self) {
        let Some((after, size)) = self.page.take() else {
            return;
        };
        let mut through = self.lanes.read();
        let mut position = after;
        for _ in 0..size {
            position = position.next();
            let Some((lane, wanted)) = self.row(position) else {
                break;
            };
            if !self.lanes.can_feed(position) {
                break;
            }
            if self.lanes.is_page_over() {
                position = position.previous();
                break;
            }
            if wanted {
                let offered = self.lanes.feed(&Self::key(lane), position, position);
                self.offered(&offered);
            }
        }
        through = through.min(position);
        self.lanes.end_page(through);
        self.told = true;
    }

    fn crash(&mut self) {
        let doubtful = Position::new(self.journal.len() as u64);
        self.lanes = Lanes::restore(self.bounds, &self.saved, doubtful);
        let open = std::mem::take(&mut self.saved.open);
        for one in &open {
            let (lane, _) = self.row(one.position).expect("it was read from there");
            let key = Self::key(lane);
            self.lanes
                .reopen(&key, one.position, one.starts, one.position);
        }
        self.saved.open = open;
        self.done = self.done_at_save.clone();
        self.started.clear();
        self.page = None;
        self.told = true;
        let begun = self.lanes.begin_all();
        self.active = begun.into_iter().map(|lane| (lane.slot(), None)).collect();
    }

    /// Runs every possible step, until nothing changes.
    fn drain(&mut self) {
        self.told = true;
        for _ in 0..self.journal.len() * 50 + 1000 {
            let before = (self.lanes.changes(), self.done.len(), self.page.is_some());
            self.head();
            for slot in self.active.keys().copied().collect::<Vec<_>>() {
                self.step(slot);
            }
            self.read(4);
            self.feed();
            if before == (self.lanes.changes(), self.done.len(), self.page.is_some()) {
                return;
            }
        }
        panic!("it never came to rest: {:?}", self.lanes);
    }

    fn missing(&self, of: impl Fn(u8) -> bool) -> Vec<(Position, u8)> {
        let rows = (1..).map(Position::new).zip(&self.journal);
        rows.filter(|(position, (lane, wanted))| {
            *wanted && of(*lane) && !self.done.contains(position)
        })
        .map(|(position, (lane, _))| (position, *lane))
        .collect()
    }
}

fn journal() -> impl Strategy<Value = Vec<Row>> {
    prop::collection::vec((0..8_u8, prop::bool::weighted(0.9)), 0..120)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn lanes_keep_order_and_lose_and_repeat_nothing(
        bounds in bounds(),
        journal in journal(),
        ops in ops(),
    ) {
        let mut model = Model::new(bounds, journal);
        for op in &ops {
            model.apply(op);
        }
        model.drain();
        prop_assert_eq!(model.missing(|_| true), vec![]);
        prop_assert!(!model.lanes.is_parked() && model.lanes.open() == 0, "{:?}", model.lanes);
        let cursor = model.lanes.cursor();
        let mut expected = Cursor::at(Position::new(model.journal.len() as u64));
        expected.lanes_since = Some(Position::ZERO);
        prop_assert_eq!(cursor, expected);
    }

    #[test]
    fn stuck_places_never_stop_the_others(
        bounds in bounds(),
        journal in journal(),
        ops in ops(),
        stuck in prop::collection::btree_set(0..8_u8, 0..8),
    ) {
        // Every lane can be listed; unlisted lanes may wait for a stuck one.
        let bounds = Bounds { parked: 8, ..bounds };
        let mut model = Model::new(bounds, journal);
        model.stuck = stuck.into_iter().take(bounds.open - 1).collect();
        for op in &ops {
            model.apply(op);
        }
        model.drain();
        let stuck = model.stuck.clone();
        let missing = model.missing(|lane| !stuck.contains(&lane));
        prop_assert_eq!(missing, vec![], "{:?}", model.lanes);
    }

    #[test]
    fn memory_stays_within_its_bounds(
        bounds in bounds(),
        journal in journal(),
        ops in ops(),
    ) {
        let mut model = Model::new(bounds, journal);
        for op in ops.iter().filter(|op| !matches!(op, Op::Crash)) {
            model.apply(op);
            prop_assert!(model.lanes.open() <= bounds.open * 2);
            prop_assert!(model.lanes.cursor().parked.len() <= bounds.parked);
            for lane in &model.lanes.slots {
                prop_assert!(lane.queue.len() <= bounds.queue);
            }
        }
    }
}

fn small() -> Lanes<Position> {
    let bounds = Bounds {
        queue: 2,
        open: 8,
        parked: 1,
    };
    Lanes::restore(bounds, &Cursor::at(Position::ZERO), Position::ZERO)
}

fn at(number: u64) -> Position {
    Position::new(number)
}

#[test]
fn a_full_lane_is_parked_from_its_first_refused_event() {
    let (loft, crypt) = (Place::new("room/loft"), Place::new("room/crypt"));
    let mut lanes = small();
    for number in 1..=4 {
        lanes.offer(&loft, at(number), at(number));
    }
    assert!(matches!(
        lanes.offer(&crypt, at(5), at(5)),
        Offered::Begin(_)
    ));
    let cursor = lanes.cursor();
    assert_eq!(cursor.read, at(5));
    assert_eq!(cursor.parked.len(), 1);
    assert_eq!(cursor.parked[0].from, at(3));
    assert_eq!(cursor.needs(), at(1));
}

#[test]
fn when_too_many_lanes_are_full_the_rest_is_parked_unlisted() {
    let (loft, crypt) = (Place::new("room/loft"), Place::new("room/crypt"));
    let mut lanes = small();
    for number in 1..=3 {
        lanes.offer(&loft, at(number), at(number));
    }
    for number in 4..=6 {
        lanes.offer(&crypt, at(number), at(number));
    }
    let nave = lanes.offer(&Place::new("room/nave"), at(7), at(7));
    assert!(matches!(nave, Offered::Parked(_)), "nothing is offered now");
    let cursor = lanes.cursor();
    assert_eq!(cursor.parked_all, Some(at(6)));
    assert_eq!(cursor.parked.len(), 1);
}

#[test]
fn a_start_after_a_crash_is_doubtful_and_made_durable_first() {
    let loft = Place::new("room/loft");
    let mut cursor = Cursor::at(at(5));
    cursor.open.push(OpenEvent {
        position: at(5),
        starts: 2,
    });
    let mut lanes = Lanes::restore(small().bounds, &cursor, at(6));
    lanes.reopen(&loft, at(5), 2, at(5));
    let begun = lanes.begin_all();
    lanes.offer(&loft, at(6), at(6));
    let first = lanes.next(begun[0]).taken.expect("it was reopened");
    assert_eq!((first.starts, first.redelivered), (2, true));
    assert_eq!(first.cautious, Some(lanes.changes()));
    assert_eq!(lanes.cursor().open[0].starts, 3, "this start is counted");
    lanes.offer(&loft, at(7), at(7));
    let second = lanes.next(begun[0]).taken.expect("it was offered");
    assert!(second.redelivered && second.cautious.is_some());
    let third = lanes.next(begun[0]).taken.expect("it was offered");
    assert!(!third.redelivered && third.cautious.is_none());
}

#[test]
fn nothing_is_started_once_the_lanes_stop() {
    let loft = Place::new("room/loft");
    let mut lanes = small();
    let Offered::Begin(lane) = lanes.offer(&loft, at(1), at(1)) else {
        panic!("a new lane begins");
    };
    lanes.offer(&loft, at(2), at(2));
    lanes.next(lane);
    lanes.stop();
    assert!(lanes.next(lane).taken.is_none());
    let open = lanes.cursor().open;
    assert_eq!(open.len(), 1);
    assert_eq!((open[0].position, open[0].starts), (at(2), 0));
}

/// Runs a lane from a stored cursor over a backlog until `poison` is started, as a process that dies of it: what was
/// stored last is what a worker waited for. Gives the number of starts it had before, and of waits.
fn dies_of(poison: Position, backlog: u64, stored: &mut Cursor) -> (u32, u64) {
    let loft = Place::new("room/loft");
    let bounds = Bounds {
        queue: 1000,
        open: 1000,
        parked: 1,
    };
    let mut lanes = Lanes::restore(bounds, stored, at(backlog));
    for one in &stored.open {
        lanes.reopen(&loft, one.position, one.starts, one.position);
    }
    for number in stored.read.get() + 1..=backlog {
        lanes.offer(&loft, at(number), at(number));
    }
    let lane = LaneId::of(0);
    let mut waits = 0;
    loop {
        let taken = lanes.next(lane).taken.expect("the poison comes");
        if taken.cautious.is_some() {
            waits += 1;
            *stored = lanes.cursor();
        }
        if taken.item == poison {
            return (taken.starts, waits);
        }
        assert!(taken.starts < 3, "{} did nothing", taken.item);
    }
}

#[test]
fn an_event_that_ends_the_process_is_counted_also_deep_in_a_backlog() {
    for poison in [1, 31, 32, 33, 64, 65, 500, 899] {
        let mut stored = Cursor::at(Position::ZERO);
        let mut deaths = 0;
        loop {
            let (starts, _) = dies_of(at(poison), 900, &mut stored);
            if starts >= 3 {
                break;
            }
            deaths += 1;
            assert!(deaths <= 4, "{poison} ended the process again and again");
        }
    }
}

#[test]
fn a_long_backlog_waits_for_few_of_its_starts() {
    let mut stored = Cursor::at(Position::ZERO);
    let (_, waits) = dies_of(at(900), 900, &mut stored);
    // 32 one by one, and one of each further 32.
    assert_eq!(waits, 32 + (900 - 32_u64).div_ceil(32));
}
