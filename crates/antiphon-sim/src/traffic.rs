//! Ambient traffic: simulated people do what people do, at a given pace.

use std::time::Duration;

use tokio::{sync::watch, time::Instant};

/// How often the pace is checked.
const TICK: Duration = Duration::from_millis(20);

/// Deeds in one tick that may come to nothing, such as a vote that was cast before.
const VAIN: u32 = 100;

/// Keeps rooms busy at a pace that can change, for ever.
///
/// `play` does one thing and tells how many events it made; each deed counts as many, and what a busy machine could not do in one second is not made up for.
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
