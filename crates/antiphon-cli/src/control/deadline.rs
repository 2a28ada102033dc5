//! How long a connection of the control socket may last.

use std::time::Duration;

use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};

/// The time until which a connection may last; a route that takes longer sets it.
#[derive(Clone, Debug)]
pub(crate) struct Deadline(watch::Sender<Instant>);

impl Deadline {
    /// A connection that may last this long.
    pub(super) fn after(length: Duration) -> Self {
        Self(watch::Sender::new(Instant::now() + length))
    }

    /// Gives the connection this much time from now on.
    pub(crate) fn extend(&self, by: Duration) {
        self.0.send_replace(Instant::now() + by);
    }

    /// Waits until the time is over.
    pub(super) async fn passed(&self) {
        let mut until = self.0.subscribe();
        loop {
            let at = *until.borrow_and_update();
            tokio::select! {
                () = sleep_until(at) => return,
                // The sender lives in `self`, so that it never fails.
                _ = until.changed() => {}
            }
        }
    }
}
