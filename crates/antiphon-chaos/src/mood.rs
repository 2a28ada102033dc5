//! How the bot's handler behaves with an event, which follows from the run's seed and the event's origin.
//!
//! The bot and its judge decide it alike, each for itself.

use std::time::Duration;

use antiphon::Rng;

/// How long a handler may take before it is given up.
pub(crate) const DEADLINE: Duration = Duration::from_secs(2);

/// How rare handlers are that are not well: some 60 of so many events meet one.
pub(crate) const OFTEN: u16 = 1000;
/// The same where a place has more than a hundred events a second, for which such handlers would take too long.
pub(crate) const SELDOM: u16 = 10_000;

/// How the handler behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mood {
    /// It acts at once.
    Well,
    /// It takes a while before and after it acts.
    Slow(Duration),
    /// It fails at its first call in each process, and asks for another.
    FailsOnce,
    /// It fails for good.
    Fails,
    /// It panics.
    Panics,
    /// It never ends by itself.
    Hangs,
}

impl Mood {
    /// The mood towards an event of this origin.
    ///
    /// Of so many events some 60 meet a handler that is not well.
    pub(crate) fn of(seed: u64, origin: &str, events: u16) -> Self {
        // FNV-1a, which is the same everywhere.
        let hash = origin
            .bytes()
            .fold(0xcbf2_9ce4_8422_2325 ^ seed, |hash: u64, byte| {
                (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
            });
        let mut rng = Rng::with_seed(hash);
        match rng.u16(..events) {
            0..4 => Self::FailsOnce,
            4..8 => Self::Fails,
            8..11 => Self::Panics,
            11..12 => Self::Hangs,
            12..60 => Self::Slow(Duration::from_millis(rng.u64(1..60))),
            _ => Self::Well,
        }
    }

    /// Whether the event ends as a dead letter.
    pub(crate) fn is_deadly(self) -> bool {
        matches!(self, Self::Fails | Self::Panics | Self::Hangs)
    }

    /// Whether the event may end as a dead letter: a process that is frozen, or a busy machine, misses the deadline.
    pub(crate) fn may_be_deadly(self) -> bool {
        self.is_deadly() || matches!(self, Self::Slow(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn most_handlers_are_well_and_every_mood_comes() {
        let moods: Vec<Mood> = (0..10_000)
            .map(|n| Mood::of(7, &format!("message/{n}"), OFTEN))
            .collect();
        let well = moods.iter().filter(|mood| **mood == Mood::Well).count();
        assert!(well > 9000, "{well}");
        for mood in [Mood::FailsOnce, Mood::Fails, Mood::Panics, Mood::Hangs] {
            assert!(moods.contains(&mood), "{mood:?}");
        }
        assert_eq!(
            Mood::of(7, "message/1", OFTEN),
            Mood::of(7, "message/1", OFTEN)
        );
    }
}
