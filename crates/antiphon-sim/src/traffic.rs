//! Ambient traffic: actions of simulated users at a given rate.
//!
//! A platform is never quiet: simulated users chat, vote, join and leave at a rate that the control handle sets.
//! The pace is checked in ticks, and what was owed longer than a second is forgotten, so that a slow machine does not catch up
//! in one burst.

use std::time::Duration;

use tokio::{sync::watch, time::Instant};

/// How often the pace is checked.
///
/// Events of one tick come together, as they do at a busy server.
const TICK: Duration = Duration::from_millis(20);

/// Most actions of one tick that make no event, such as a repeated vote.
///
/// It keeps a room in which nothing can happen from looping for ever.
const VAIN: u32 = 100;

/// Makes traffic for ever, at a rate that can change.
///
/// `play` does one action and returns how many events it made. Events that a busy machine could not make within a
/// second are not made up for.
pub(crate) async fn run(mut rate: watch::Receiver<u32>, mut play: impl FnMut() -> u32) {
    loop {
        let pace = f64::from(*rate.borrow_and_update());
        if pace == 0.0 {
            if rate.changed().await.is_err() {
                return;
            }
            continue;
        }
        let mut owed = 1.0;
        let mut then = Instant::now();
        while !rate.has_changed().unwrap_or(true) {
            let mut vain = 0;
            while owed >= 1.0 && vain < VAIN {
                let made = play();
                vain += u32::from(made == 0);
                owed -= f64::from(made);
            }
            tokio::time::sleep(TICK).await;
            let now = Instant::now();
            owed = (owed + pace * (now - then).as_secs_f64()).min(pace.max(1.0));
            then = now;
        }
        if rate.has_changed().is_err() {
            return;
        }
    }
}
