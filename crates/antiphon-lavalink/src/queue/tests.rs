use antiphon_core::Rng;
use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};

use super::*;

fn track(name: &str) -> Arc<Playable> {
    let mut track = Playable {
        encoded: name.into(),
        ..Playable::default()
    };
    track.info.identifier = name.into();
    track.info.source = "test".into();
    Arc::new(track)
}

fn tracks(names: &str) -> Vec<Arc<Playable>> {
    names.chars().map(|name| track(&name.to_string())).collect()
}

fn names<'a>(tracks: impl IntoIterator<Item = &'a Arc<Playable>>) -> String {
    tracks.into_iter().map(|track| &*track.encoded).collect()
}

fn queue(of: &str) -> Queue {
    let mut queue = Queue::new();
    queue.put(tracks(of)).expect("room");
    queue
}

#[test]
fn tracks_come_out_in_the_order_they_were_put() {
    let mut queue = queue("abc");
    assert_eq!(queue.get().expect("a").encoded.as_ref(), "a");
    assert_eq!(queue.loaded().map(|track| &*track.encoded), Some("a"));
    assert_eq!(queue.get_at(1).expect("c").encoded.as_ref(), "c");
    assert_eq!((names(&queue), queue.count()), ("b".into(), 1));
    queue.get().expect("b");
    assert_eq!(queue.get(), Err(QueueError::QueueEmpty));
}

#[test]
fn a_loop_gives_the_loaded_track_again() {
    let mut queue = queue("ab");
    queue.set_mode(QueueMode::Loop);
    assert_eq!(
        names([&queue.get().expect("a"), &queue.get().expect("a")]),
        "aa"
    );
    queue.set_loaded(None);
    assert_eq!(queue.get().expect("b").encoded.as_ref(), "b");
}

#[test]
fn a_loop_of_all_takes_the_history_back() {
    let mut queue = queue("ab");
    queue.set_mode(QueueMode::LoopAll);
    let mut heard = String::new();
    for _ in 0..5 {
        let next = queue.get().expect("never empty");
        heard.push_str(&next.encoded);
        queue.remember(next);
    }
    assert_eq!(heard, "ababa");
}

#[test]
fn a_loop_of_all_never_exceeds_the_capacity_and_loses_no_track() {
    let mut queue = Queue::new().capacity(2);
    queue.set_mode(QueueMode::LoopAll);
    for name in ["a", "b", "c", "d", "e"] {
        queue.remember(track(name));
    }
    let mut heard = String::new();
    for _ in 0..11 {
        let next = queue.get().expect("never empty");
        assert!(queue.count() < 2, "{}", names(&queue));
        heard.push_str(&next.encoded);
        queue.remember(next);
    }
    assert_eq!(heard, "abcdeabcdea");
}

#[test]
fn an_index_that_is_not_there_is_named() {
    let mut queue = queue("ab");
    let missing = Err(QueueError::OutOfRange { index: 7, count: 2 });
    assert_eq!(queue.peek(7).map(drop), missing);
    assert_eq!(queue.get_at(7).map(drop), missing);
    assert_eq!(queue.delete(7), missing);
    assert_eq!(queue.swap(0, 7), missing);
    assert_eq!(queue.put_at(7, track("x")), missing);
    assert_eq!(names(&queue), "ab", "nothing was changed");
}

#[test]
fn a_full_queue_takes_all_or_nothing_or_what_fits() {
    let mut queue = Queue::new().capacity(3);
    assert_eq!(queue.put(tracks("abcd")), Err(QueueError::Full(3)));
    assert!(queue.is_empty());
    assert_eq!(queue.put_fitting(tracks("abcd")), 3);
    assert_eq!(queue.put_at(0, track("x")), Err(QueueError::Full(3)));
    assert_eq!(names(&queue), "abc");
}

#[test]
fn those_who_wait_are_served_in_their_order() {
    let mut queue = Queue::new();
    assert_eq!(queue.get_wait(1), Ok(None));
    assert_eq!(queue.get_wait(2), Ok(None));
    queue.put(tracks("a")).expect("room");
    assert_eq!(queue.next_served(), Some(Served::Got(1, track("a"))));
    queue.put(tracks("bc")).expect("room");
    assert_eq!(queue.next_served(), Some(Served::Got(2, track("b"))));
    assert_eq!(queue.next_served(), None);
    assert_eq!(names(&queue), "c");
}

#[test]
fn those_who_wait_for_room_keep_their_order() {
    let mut queue = Queue::new().capacity(2);
    queue.put(tracks("ab")).expect("room");
    assert_eq!(queue.put_wait(1, tracks("cd")), Ok(None));
    assert_eq!(queue.put_wait(2, tracks("e")), Ok(None));
    queue.get().expect("a");
    assert_eq!(queue.next_served(), None, "the first needs room for two");
    assert_eq!(
        queue.put(tracks("x")),
        Err(QueueError::Full(2)),
        "nobody overtakes them"
    );
    queue.get().expect("b");
    assert_eq!(queue.next_served(), Some(Served::Put(1, 2)));
    queue.get().expect("c");
    assert_eq!(queue.next_served(), Some(Served::Put(2, 1)));
    assert_eq!(names(&queue), "de");
    assert_eq!(
        queue.put_wait(3, tracks("xyz")),
        Err(QueueError::Full(2)),
        "never"
    );
}

#[test]
fn a_reset_cancels_those_who_wait_and_a_clear_does_not() {
    let mut queue = Queue::new().capacity(1);
    queue.get_wait(1).expect("may wait");
    queue.clear();
    assert_eq!(queue.waiting(), (1, 0));
    queue.reset();
    assert_eq!(queue.next_served(), Some(Served::Cancelled(1)));
    queue.put(tracks("a")).expect("room");
    queue.put_wait(2, tracks("b")).expect("may wait");
    queue.forget(2);
    queue.clear();
    assert_eq!((queue.next_served(), queue.count()), (None, 0));
}

#[test]
fn a_reset_forgets_history_mode_and_loaded_track_and_a_copy_has_no_mode() {
    let mut queue = queue("abb");
    queue.get().expect("a");
    queue.remember(track("a"));
    queue.set_mode(QueueMode::LoopAll);
    let copy = queue.copy();
    assert_eq!(
        (names(&copy), copy.mode(), copy.loaded()),
        ("bb".into(), QueueMode::Normal, None)
    );
    assert_eq!(copy.history().map(names), Some("a".into()));
    queue.reset();
    assert_eq!((queue.mode(), queue.loaded()), (QueueMode::Normal, None));
    assert!(queue.history().is_some_and(Queue::is_empty));
    assert_eq!(copy.count(), 2, "a copy is its own");
}

#[test]
fn the_same_audio_is_found_removed_and_kept_once() {
    let mut queue = queue("abab");
    assert_eq!(queue.index(&track("b")), Some(1));
    assert_eq!(queue.remove(&track("b"), Some(1)), 1);
    assert_eq!(names(&queue), "aab");
    assert_eq!((queue.dedupe(), names(&queue)), (1, "ab".into()));
    assert_eq!(queue.remove(&track("a"), None), 1);
    assert!(!queue.contains(&track("a")));
    assert_eq!(names(queue.iter().rev()), "b");
}

#[test]
fn the_history_is_bounded_and_loses_its_oldest() {
    let mut queue = Queue::new();
    for number in 0..=Queue::HISTORY {
        queue.remember(track(&number.to_string()));
    }
    let history = queue.history().expect("one");
    assert_eq!(
        (history.count(), &*history[0].encoded),
        (Queue::HISTORY, "1")
    );
    assert!(history.history().is_none());
}

#[test]
fn a_kept_queue_is_the_same_and_stays_within_its_budget() {
    let mut queue = queue("abc");
    queue.set_mode(QueueMode::LoopAll);
    queue.get().expect("a");
    queue.remember(track("h"));
    let mut budget = 100_000;
    let saved = serde_json::to_string(&queue.saved(&mut budget)).expect("JSON");
    let back = Queue::restored(serde_json::from_str(&saved).expect("JSON"), 100);
    assert_eq!(
        (names(&back), back.mode()),
        ("bc".into(), QueueMode::LoopAll)
    );
    assert_eq!(back.loaded(), queue.loaded());
    assert_eq!(back.history().map(names), Some("h".into()));
    let mut budget = 500;
    assert_eq!(queue.saved(&mut budget).items.len(), 1);
}

/// An operation of a queue, and of its model.
#[derive(Clone, Debug)]
enum Operation {
    Put(u8),
    PutAt(usize, u8),
    Get,
    GetAt(usize),
    Delete(usize),
    Swap(usize, usize),
    Remove(u8, Option<usize>),
    Mode(u8),
    GetWait,
    PutWait(u8, usize),
    Played,
    Clear,
    Reset,
}

fn any_operation() -> impl Strategy<Value = Operation> {
    let index = 0..6_usize;
    prop_oneof![
        4 => (0..5_u8).prop_map(Operation::Put),
        2 => (index.clone(), 0..5_u8).prop_map(|(index, track)| Operation::PutAt(index, track)),
        4 => Just(Operation::Get),
        2 => index.clone().prop_map(Operation::GetAt),
        1 => index.clone().prop_map(Operation::Delete),
        1 => (index.clone(), index).prop_map(|(one, other)| Operation::Swap(one, other)),
        1 => (0..5_u8, proptest::option::of(0..3_usize)).prop_map(|(track, count)| Operation::Remove(track, count)),
        2 => (0..3_u8).prop_map(Operation::Mode),
        2 => Just(Operation::GetWait),
        2 => (0..5_u8, 1..3_usize).prop_map(|(track, count)| Operation::PutWait(track, count)),
        3 => Just(Operation::Played),
        1 => Just(Operation::Clear),
        1 => Just(Operation::Reset),
    ]
}

/// The simplest model of a queue: lists of letters.
#[derive(Default)]
struct Model {
    items: Vec<u8>,
    past: Vec<u8>,
    loaded: Option<u8>,
    mode: u8,
    getters: Vec<u64>,
    putters: Vec<(u64, u8, usize)>,
    served: Vec<(u64, Option<u8>)>,
}

const MOST: usize = 5;

impl Model {
    fn next(&mut self) -> Option<u8> {
        match (self.mode, self.loaded) {
            (1, Some(loaded)) => return Some(loaded),
            (2, _) if self.items.is_empty() => self.items = std::mem::take(&mut self.past),
            _ => {}
        }
        if self.items.is_empty() {
            return None;
        }
        self.loaded = Some(self.items.remove(0));
        self.loaded
    }

    fn settle(&mut self) {
        loop {
            if let Some(&(waiter, track, count)) = self.putters.first()
                && self.items.len() + count <= MOST
            {
                self.putters.remove(0);
                self.items.extend(std::iter::repeat_n(track, count));
                self.served.push((waiter, None));
            } else if !self.items.is_empty() && !self.getters.is_empty() {
                self.loaded = Some(self.items.remove(0));
                self.served.push((self.getters.remove(0), self.loaded));
            } else {
                return;
            }
        }
    }

    /// Runs an operation; returns the track that it took.
    fn act(&mut self, operation: &Operation, waiter: u64) -> Option<u8> {
        let mut out = None;
        match *operation {
            Operation::Put(track) if self.putters.is_empty() && self.items.len() < MOST => {
                self.items.push(track);
            }
            Operation::PutAt(index, track)
                if index <= self.items.len() && self.items.len() < MOST =>
            {
                self.items.insert(index, track);
            }
            Operation::Get => out = self.next(),
            Operation::GetAt(index) if index < self.items.len() => {
                self.loaded = Some(self.items.remove(index));
                out = self.loaded;
            }
            Operation::Delete(index) if index < self.items.len() => drop(self.items.remove(index)),
            Operation::Swap(one, other) if one.max(other) < self.items.len() => {
                self.items.swap(one, other);
            }
            Operation::Remove(track, count) => {
                for _ in 0..count.unwrap_or(usize::MAX) {
                    match self.items.iter().position(|known| *known == track) {
                        Some(index) => drop(self.items.remove(index)),
                        None => break,
                    }
                }
            }
            Operation::Mode(mode) => self.mode = mode,
            Operation::GetWait => {
                out = if self.getters.is_empty() {
                    self.next()
                } else {
                    None
                };
                if out.is_none() {
                    self.getters.push(waiter);
                }
            }
            Operation::PutWait(track, count) => self.putters.push((waiter, track, count)),
            Operation::Played => {
                if let Some(loaded) = self.loaded {
                    self.past.push(loaded);
                }
            }
            Operation::Clear => self.items.clear(),
            Operation::Reset => *self = Self::default(),
            _ => {}
        }
        self.settle();
        out
    }
}

fn named(track: u8) -> Arc<Playable> {
    super::tests::track(&track.to_string())
}

fn number(track: &Arc<Playable>) -> u8 {
    track.encoded.parse().expect("a number")
}

proptest! {
    #[test]
    fn a_queue_behaves_as_the_simplest_thing_would(operations in proptest::collection::vec(any_operation(), 0..60)) {
        let mut queue = Queue::new().capacity(MOST);
        let mut model = Model::default();
        for (waiter, operation) in (0..).zip(&operations) {
            model.served.clear();
            let expected = model.act(operation, waiter);
            let mut served = Vec::new();
            let out = match *operation {
                Operation::Put(track) => { let _ = queue.put(named(track)); None }
                Operation::PutAt(index, track) => { let _ = queue.put_at(index, named(track)); None }
                Operation::Get => queue.get().ok(),
                Operation::GetAt(index) => queue.get_at(index).ok(),
                Operation::Delete(index) => { let _ = queue.delete(index); None }
                Operation::Swap(one, other) => { let _ = queue.swap(one, other); None }
                Operation::Remove(track, count) => { queue.remove(&named(track), count); None }
                Operation::Mode(mode) => { queue.set_mode(QueueMode::of(mode)); None }
                Operation::GetWait => queue.get_wait(waiter).expect("few wait"),
                Operation::PutWait(track, count) => {
                    let put = queue.put_wait(waiter, vec![named(track); count]).expect("few wait");
                    served.extend(put.map(|_| (waiter, None)));
                    None
                }
                Operation::Played => {
                    if let Some(loaded) = queue.loaded().cloned() {
                        queue.remember(loaded);
                    }
                    None
                }
                Operation::Clear => { queue.clear(); None }
                Operation::Reset => { queue.reset(); None }
            };
            while let Some(one) = queue.next_served() {
                match one {
                    Served::Got(waiter, track) => served.push((waiter, Some(number(&track)))),
                    Served::Put(waiter, _) => served.push((waiter, None)),
                    Served::Cancelled(_) => {}
                }
            }
            prop_assert_eq!(out.as_ref().map(number), expected, "{:?}", operation);
            prop_assert_eq!(&served, &model.served, "{:?}", operation);
            let items: Vec<u8> = queue.iter().map(number).collect();
            prop_assert_eq!(&items, &model.items, "{:?}", operation);
            prop_assert_eq!(queue.loaded().map(number), model.loaded);
            prop_assert!(queue.count() <= MOST + Queue::HISTORY);
        }
    }

    #[test]
    fn a_shuffle_loses_and_invents_no_track(seed in any::<u64>(), count in 0..50_usize) {
        let mut queue = Queue::new();
        queue.put((0..count).map(|n| track(&n.to_string())).collect::<Vec<_>>()).expect("room");
        queue.shuffle(&mut Rng::with_seed(seed));
        let mut left: Vec<usize> = queue.iter().map(|track| track.encoded.parse().expect("a number")).collect();
        left.sort_unstable();
        prop_assert_eq!(left, (0..count).collect::<Vec<_>>());
    }
}

#[test]
fn too_many_calls_that_wait_are_told_apart_from_a_full_queue() {
    let mut queue = Queue::new().capacity(1);
    for waiter in 0..Queue::WAITERS as u64 {
        assert_eq!(queue.get_wait(waiter), Ok(None));
    }
    let busy = QueueError::Busy(Queue::WAITERS);
    assert_eq!(queue.get_wait(1000), Err(busy));
    assert_eq!(busy.to_string(), "64 calls wait for the queue already");
    assert!(busy.is_transient() && !QueueError::Full(1).is_transient());

    let mut queue = Queue::new().capacity(1);
    queue.put(tracks("a")).expect("room");
    for waiter in 0..Queue::WAITERS as u64 {
        assert_eq!(queue.put_wait(waiter, tracks("b")), Ok(None));
    }
    assert_eq!(queue.put_wait(1000, tracks("b")), Err(busy));
    assert_eq!(
        queue.put_wait(1001, tracks("bc")),
        Err(QueueError::Full(1)),
        "never"
    );
}
