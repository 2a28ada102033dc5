//! Timers: actions on a state at a later time.
//!
//! Platforms do later what time does to them: a song ends, a ban is over, a session is forgotten, a half-open socket is noticed.
//! An action sees the state as it is then and may do nothing; one task of the server runs them in order.

use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use tokio::sync::Notify;

/// Changes a server's state when its time has come.
type Action<S> = Box<dyn FnOnce(&mut S) + Send>;

/// Actions by their time in Unix milliseconds; those of one time run in the order in which they were entered.
pub(crate) struct Timers<S> {
    /// Actions by their time and their number, so that two of one time keep their order.
    actions: BTreeMap<(i64, u64), Action<S>>,
    /// Actions entered so far.
    entered: u64,
    wake: Arc<Notify>,
}

impl<S> Default for Timers<S> {
    fn default() -> Self {
        Self {
            actions: BTreeMap::new(),
            entered: 0,
            wake: Arc::new(Notify::new()),
        }
    }
}

impl<S> fmt::Debug for Timers<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.actions.keys()).finish()
    }
}

impl<S> Timers<S> {
    /// Notified whenever the time of the next action may have changed.
    pub(crate) fn waker(&self) -> Arc<Notify> {
        Arc::clone(&self.wake)
    }

    /// Wakes the task that runs the timers.
    pub(crate) fn wake(&self) {
        self.wake.notify_one();
    }

    /// Enters an action for this time.
    pub(crate) fn at(&mut self, at: i64, action: impl FnOnce(&mut S) + Send + 'static) {
        self.entered += 1;
        self.actions.insert((at, self.entered), Box::new(action));
        self.wake();
    }

    /// Takes the first action whose time has come.
    pub(crate) fn take_due(&mut self, now: i64) -> Option<Action<S>> {
        let first = self.actions.first_entry()?;
        (first.key().0 <= now).then(|| first.remove())
    }

    /// Time of the next action.
    pub(crate) fn next(&self) -> Option<i64> {
        self.actions.first_key_value().map(|((at, _), _)| *at)
    }
}

/// A state that changes by itself with time.
pub(crate) trait Timed: Sized + Send + 'static {
    /// Unix milliseconds.
    fn now(&self) -> i64;

    /// The actions that wait for their time.
    fn timers(&mut self) -> &mut Timers<Self>;

    /// Runs everything that is due; returns the time of what is due next.
    fn run_due(&mut self) -> Option<i64> {
        loop {
            let now = self.now();
            match self.timers().take_due(now) {
                Some(action) => action(self),
                None => return self.timers().next(),
            }
        }
    }

    /// Runs an action after a while.
    fn later(&mut self, after: Duration, action: impl FnOnce(&mut Self) + Send + 'static) {
        let at = self.now().saturating_add(millis(after));
        self.timers().at(at, action);
    }
}

/// A length of time in milliseconds; at most [`i64::MAX`].
pub(crate) fn millis(length: Duration) -> i64 {
    i64::try_from(length.as_millis()).unwrap_or(i64::MAX)
}
