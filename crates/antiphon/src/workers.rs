//! The workers that take lanes with events: how many there are, and who wakes whom.
//!
//! A worker is a task of the head's that takes one ready lane after another, and drains each.
//! A handler may wait for long, or keep its thread busy, so no number of workers is enough: there is always one more than
//! are in handlers. Whenever lanes are ready, one worker is *called*, which means that it was woken or begun and has not
//! looked yet; whoever takes a lane and leaves others calls the next. While handlers end at once, few workers therefore
//! take all lanes without a task for each; and however many handlers wait, each ready lane still comes to one.
//!
//! Up to [`KEPT`] workers without a lane wait for the next call, and others end.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::Notify;

use crate::lanes::LaneId;

/// Most workers that wait for a lane.
const KEPT: usize = 64;

/// The ready lanes, and the workers that have none.
#[derive(Debug, Default)]
pub(crate) struct Workers {
    state: Mutex<State>,
    /// Wakes one waiting worker, or all of them at the end.
    call: Notify,
    /// Notified when a worker is to be begun.
    pub(crate) wanted: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// Lanes with events and no worker, in the order in which they became ready.
    ready: VecDeque<LaneId>,
    /// Workers that wait for a call.
    waiting: usize,
    /// Whether a worker was called and has not looked yet.
    is_called: bool,
    stopping: bool,
}

/// The way to the worker that is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    /// One is called already, or none is needed.
    Nobody,
    /// One that waits is woken.
    Wake,
    /// All are in handlers: a new one is begun.
    Begin,
}

impl State {
    /// Calls a worker if lanes are ready and none is called.
    fn call(&mut self) -> Call {
        if self.is_called || self.ready.is_empty() || self.stopping {
            return Call::Nobody;
        }
        self.is_called = true;
        if self.waiting > 0 {
            self.waiting -= 1;
            Call::Wake
        } else {
            Call::Begin
        }
    }
}

impl Workers {
    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing here panics half-way through a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds lanes that have become ready; returns whether the caller has to begin a worker.
    #[must_use]
    pub(crate) fn add(&self, lanes: impl IntoIterator<Item = LaneId>) -> bool {
        let call = {
            let mut state = self.state();
            state.ready.extend(lanes);
            state.call()
        };
        if call == Call::Wake {
            self.call.notify_one();
        }
        call == Call::Begin
    }

    /// Notes that a worker was begun, which looks for its first lane.
    pub(crate) fn begun(&self) {
        self.state().is_called = false;
    }

    /// The next ready lane for a worker that has none; `None` ends the worker.
    pub(crate) async fn next(&self) -> Option<LaneId> {
        loop {
            // Made before the look, so that a call in between is heard.
            let called = self.call.notified();
            let (lane, call) = {
                let mut state = self.state();
                if state.stopping {
                    return None;
                }
                let lane = state.ready.pop_front();
                if lane.is_none() {
                    if state.waiting >= KEPT {
                        return None;
                    }
                    state.waiting += 1;
                }
                (lane, state.call())
            };
            match call {
                Call::Nobody => {}
                Call::Wake => self.call.notify_one(),
                Call::Begin => self.wanted.notify_one(),
            }
            if lane.is_some() {
                return lane;
            }
            called.await;
            self.begun();
        }
    }

    /// Ends the workers that wait, and each other one once it has no lane.
    pub(crate) fn stop(&self) {
        self.state().stopping = true;
        self.call.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn lanes(numbers: std::ops::Range<usize>) -> Vec<LaneId> {
        numbers.map(LaneId::of).collect()
    }

    #[tokio::test]
    async fn one_worker_takes_lane_after_lane_and_calls_one_more() {
        let workers = Workers::default();
        assert!(workers.add(lanes(0..3)), "nobody waits, so one is begun");
        assert!(!workers.add(lanes(3..4)), "it has not looked yet");
        workers.begun();
        assert_eq!(workers.next().await, Some(LaneId::of(0)));
        assert!(workers.wanted.notified().now_or_never().is_some());
        for number in 1..4 {
            assert_eq!(workers.next().await, Some(LaneId::of(number)));
            let wanted = workers.wanted.notified().now_or_never();
            assert!(wanted.is_none(), "the second has not looked yet");
        }
    }

    #[tokio::test]
    async fn a_worker_that_waits_is_woken_in_place_of_a_new_one() {
        let workers = Workers::default();
        let mut first = Box::pin(workers.next());
        let mut second = Box::pin(workers.next());
        assert!(first.as_mut().now_or_never().is_none());
        assert!(second.as_mut().now_or_never().is_none());
        assert!(!workers.add(lanes(0..1)));
        assert_eq!(first.await, Some(LaneId::of(0)));
        assert!(second.as_mut().now_or_never().is_none());
        assert!(!workers.add(lanes(1..2)));
        assert_eq!(second.await, Some(LaneId::of(1)));
        assert!(workers.add(lanes(2..3)), "both are in handlers");
    }

    #[tokio::test]
    async fn a_few_workers_are_kept_and_a_stop_ends_them() {
        let workers = Workers::default();
        let mut waiting: Vec<_> = (0..KEPT).map(|_| Box::pin(workers.next())).collect();
        for worker in &mut waiting {
            assert!(worker.as_mut().now_or_never().is_none());
        }
        assert_eq!(workers.next().await, None, "enough wait");
        workers.stop();
        for worker in waiting {
            assert_eq!(worker.await, None);
        }
        assert!(!workers.add(lanes(0..1)), "nothing begins after the stop");
        assert_eq!(workers.next().await, None);
    }
}
