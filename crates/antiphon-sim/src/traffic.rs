//! Ambient traffic: simulated people do what people do, at a given pace.

use std::{sync::Arc, time::Duration};

use antiphon_core::Rng;
use tokio::{sync::watch, time::Instant};

use crate::queup::{Deck, Server};

/// How often the pace is checked.
const TICK: Duration = Duration::from_millis(20);

/// Keeps rooms busy at a pace that can change, for ever.
///
/// Every deed counts as many events as it makes; what a busy machine could not do in one second is not made up for.
pub(crate) async fn run(server: Arc<Server>, mut rate: watch::Receiver<u32>, chance: Rng) {
    let mut deck = Deck::new(chance);
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
            while owed >= 1.0 {
                let made = server.with(|state| deck.play(state));
                #[expect(clippy::cast_precision_loss, reason = "a handful of events")]
                let made = made.max(1) as f64;
                owed -= made;
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
