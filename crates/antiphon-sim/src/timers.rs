//! What is to happen later.

use std::{collections::BTreeMap, fmt, sync::Arc};

use tokio::sync::Notify;

/// Something to be done to a server's state when its time has come.
type Action<S> = Box<dyn FnOnce(&mut S) + Send>;

/// Errands by their time in Unix milliseconds; those of one time are done in the order they were entered.
pub(crate) struct Timers<S> {
    actions: BTreeMap<(i64, u64), Action<S>>,
    entered: u64,
    bell: Arc<Notify>,
}

impl<S> Default for Timers<S> {
    fn default() -> Self {
        Self {
            actions: BTreeMap::new(),
            entered: 0,
            bell: Arc::new(Notify::new()),
        }
    }
}

impl<S> fmt::Debug for Timers<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.actions.keys()).finish()
    }
}

impl<S> Timers<S> {
    /// Rung whenever the next thing to do may have become another.
    pub(crate) fn bell(&self) -> Arc<Notify> {
        Arc::clone(&self.bell)
    }

    /// Rings the bell.
    pub(crate) fn ring(&self) {
        self.bell.notify_one();
    }

    /// Enters an action.
    pub(crate) fn enter(&mut self, at: i64, action: impl FnOnce(&mut S) + Send + 'static) {
        self.entered += 1;
        self.actions.insert((at, self.entered), Box::new(action));
        self.ring();
    }

    /// Takes the first action whose time has come.
    pub(crate) fn take_due(&mut self, now: i64) -> Option<Action<S>> {
        let first = self.actions.first_entry()?;
        (first.key().0 <= now).then(|| first.remove())
    }

    /// When the next action is due.
    pub(crate) fn next(&self) -> Option<i64> {
        self.actions.first_key_value().map(|((at, _), _)| *at)
    }
}
