//! Wall time that a test can set.
//!
//! Two times are kept apart: `Instant` for deadlines, which never jumps and stands still with a paused runtime, and
//! `Timestamp` for events and people, which follows the machine's clock. Rules take a [`Moment`], which has both, as an
//! argument.

use std::{future::pending, time::Duration};

use jiff::Timestamp;
use tokio::time::{Instant, sleep_until};

/// Tells the wall time.
///
/// [`Clock::system`] asks the machine, so that corrections and a sleeping laptop do not leave it behind.
/// [`Clock::starting_at`] follows tokio's clock from a chosen moment, and so stands still, jumps and repeats with a
/// paused runtime.
///
/// ```
/// use antiphon_core::Clock;
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// let clock = Clock::starting_at("2026-01-01T00:00:00Z".parse()?);
/// assert_eq!(clock.now().strftime("%Y-%m-%d").to_string(), "2026-01-01");
/// # Ok::<(), antiphon_core::BoxError>(())
/// # })?;
/// # Ok::<(), antiphon_core::BoxError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Clock(Kind);

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Kind {
    #[default]
    System,
    Derived {
        wall: Timestamp,
        since: Instant,
    },
}

impl Clock {
    /// The machine's own wall clock.
    ///
    /// Every reading asks the machine; nothing is cached.
    pub const fn system() -> Self {
        Self(Kind::System)
    }

    /// A clock that shows `wall` now and moves with tokio's.
    pub fn starting_at(wall: Timestamp) -> Self {
        Self(Kind::Derived {
            wall,
            since: Instant::now(),
        })
    }

    /// The time now.
    pub fn now(&self) -> Timestamp {
        match self.0 {
            Kind::System => Timestamp::now(),
            Kind::Derived { wall, since } => {
                wall.checked_add(since.elapsed()).unwrap_or(Timestamp::MAX)
            }
        }
    }
}

impl Clock {
    /// Reads both clocks.
    pub fn moment(&self) -> Moment {
        Moment {
            at: Instant::now(),
            wall: self.now(),
        }
    }
}

/// A moment by two clocks: one for deadlines, which never jumps, and one for people.
///
/// State machines take it as an argument, and so need no clock of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moment {
    /// The monotonic time, for deadlines.
    pub at: Instant,
    /// The wall time, for events and people.
    pub wall: Timestamp,
}

impl Moment {
    /// The wall time `pause` from now; the last representable one where that is too far.
    pub fn wall_in(self, pause: Duration) -> Timestamp {
        self.wall.checked_add(pause).unwrap_or(Timestamp::MAX)
    }
}

/// Waits until a deadline; for ever where there is none.
///
/// Safe to cancel, and so made for a branch of `select!`.
///
/// ```
/// use std::time::Duration;
///
/// use antiphon_core::until;
/// use tokio::time::Instant;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let deadline: Option<Instant> = None;
/// tokio::select! {
///     () = until(deadline) => unreachable!("nothing is due"),
///     () = until(Some(Instant::now() + Duration::from_secs(60))) => {}
/// }
/// # }
/// ```
pub async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => pending().await,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_derived_clock_moves_with_the_runtime() {
        let start: Timestamp = "2026-01-01T00:00:00Z".parse().expect("a timestamp");
        let clock = Clock::starting_at(start);
        tokio::time::advance(Duration::from_secs(3600)).await;
        assert_eq!(clock.now().to_string(), "2026-01-01T01:00:00Z");
    }
}
