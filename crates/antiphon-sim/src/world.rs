//! Clock, generators, ids, users and songs, which all platforms share.
//!
//! Two seeds decide what a simulation is: the seed draws its users, songs and traffic, and the run makes the ids.
//! A test keeps the first to see the same events again; a process that stays takes another run, so that a journal cannot take
//! its events for those of an earlier one.

use antiphon_core::{Clock, Rng};

/// Seed, run and clock, from which a whole simulation follows.
///
/// Two worlds with the same seed and run have the same events with the same ids.
/// Another run has other ids for everything, so that a journal that met an earlier run cannot mistake one for another.
///
/// ```
/// use antiphon_core::Clock;
/// use antiphon_sim::World;
///
/// let world = World::new(7, 1, Clock::system());
/// assert_eq!((world.seed(), world.run()), (7, 1));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct World {
    /// Draws everything that happens.
    seed: u64,
    /// Makes the ids, and nothing of what happens.
    run: u64,
    /// Wall time of every platform.
    clock: Clock,
}

impl World {
    /// Makes a world of this seed and run, with the wall time of `clock`.
    pub fn new(seed: u64, run: u64, clock: Clock) -> Self {
        Self { seed, run, clock }
    }

    /// The seed.
    ///
    /// A failing test prints it, to run again.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The run's nonce.
    ///
    /// 0 unless the options set another.
    pub fn run(&self) -> u64 {
        self.run
    }

    /// The world's wall clock.
    ///
    /// The sources under test take the same one.
    pub fn clock(&self) -> Clock {
        self.clock
    }

    /// The wall time in Unix milliseconds.
    pub(crate) fn now(&self) -> i64 {
        self.clock.now().as_millisecond()
    }

    /// A generator for one purpose, independent of the others.
    pub(crate) fn chance(&self, purpose: &str) -> Rng {
        Rng::with_seed(mix(self.seed, purpose))
    }

    /// A generator whose numbers differ from run to run, for ids and tokens.
    pub(crate) fn mint(&self, purpose: &str) -> Rng {
        Rng::with_seed(mix(
            self.seed ^ self.run.wrapping_mul(0x9e37_79b9_7f4a_7c15),
            purpose,
        ))
    }

    /// A maker of 24-digit hexadecimal ids for one platform.
    pub(crate) fn ids(&self, platform: &str) -> Ids {
        Ids {
            prefix: self.mint(platform).u64(..),
            next: 0,
        }
    }
}

/// FNV-1a over the purpose, started from the seed: stable across platforms and versions.
///
/// It spreads one seed over purposes that must not draw the same numbers.
fn mix(seed: u64, purpose: &str) -> u64 {
    let start = 0xcbf2_9ce4_8422_2325 ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    purpose.bytes().fold(start, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// Makes ids in the shape of database ids: growing and unique.
#[derive(Debug)]
pub(crate) struct Ids {
    /// Digits that all ids of one platform and one run share.
    prefix: u64,
    /// Number of the next id.
    next: u32,
}

impl Ids {
    /// An id of its own, apart from those that grow.
    pub(crate) fn drawn(chance: &mut Rng) -> String {
        format!("{:016x}{:08x}", chance.u64(..), chance.u32(..))
    }

    pub(crate) fn next(&mut self) -> String {
        self.next += 1;
        format!("{:016x}{:08x}", self.prefix, self.next)
    }
}

/// Residents of the simulated rooms.
pub(crate) const RESIDENTS: [&str; 24] = [
    "mira", "teo", "iris", "otto", "lena", "bram", "suki", "jonas", "noor", "pablo", "greta",
    "kofi", "anouk", "dmitri", "hana", "silas", "wren", "mateo", "ingrid", "tariq", "odette",
    "finn", "yara", "casper",
];

/// Users who join and leave.
pub(crate) const DRIFTERS: [&str; 24] = [
    "night_owl",
    "vinyl_vic",
    "echo7",
    "lowpass",
    "b_side",
    "crate_digger",
    "tapehiss",
    "half_time",
    "offbeat",
    "subwoofer",
    "dusty_groove",
    "major7th",
    "rimshot",
    "wah_wah",
    "blue_note",
    "backbeat",
    "glissando",
    "hi_hat",
    "loop_station",
    "sidechain",
    "tremolo",
    "vibraslap",
    "downtempo",
    "polyrhythm",
];

/// Songs by artist and title, as plain text.
pub(crate) const SONGS: [(&str, &str); 20] = [
    ("Lantern & Co", "Slow Tide"),
    ("The Hollow Pines", "Paper Boats"),
    ("Mirabel Oak", "It's Only Weather"),
    ("North Quay", "Harbour Lights"),
    ("Copper Sundays", "Second \"First\" Kiss"),
    ("Velvet Antenna", "Signal Lost"),
    ("Ada & the Engines", "Difference"),
    ("Kite Season", "Higher"),
    ("Low Orbit", "Perigee"),
    ("Saint Basil Street", "Corner Shop"),
    ("The Quiet Hours", "3 < 4"),
    ("Marble Arcade", "Penny Slots"),
    ("Fern & Fable", "Moss"),
    ("Glass Meridian", "East of Here"),
    ("Tin Cathedral", "Bellwether"),
    ("Ursa Minor Key", "Polaris"),
    ("Night Ferry", "Traffic Chairs"),
    ("Orchard Radio", "Windfall"),
    ("Plum Static", "Interference"),
    ("The Long Rests", "Fermata"),
];

/// Texts of messages, as plain text.
pub(crate) const LINES: [&str; 24] = [
    "good evening everyone",
    "this one's a classic",
    "who queued this? love it",
    "turn it up!",
    "brb, tea",
    "back again",
    "anyone going to the show on Friday?",
    "the bass on this <3",
    "R&B night when?",
    "that intro though",
    "first time hearing this, wow",
    "updubbed",
    "can't stop listening to this \"demo\"",
    "hello from Lisbon",
    "is the queue locked?",
    "two more songs and I'm off",
    "what's the name of the album?",
    "5 > 4 when it comes to strings",
    "nice transition",
    "lol",
    "ha, same here",
    "requesting something slower next",
    "welcome!",
    "good night & thanks for the tunes",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_and_run_give_the_same_ids_and_another_run_others() {
        let first = World::new(7, 1, Clock::system()).ids("queup").next();
        assert_eq!(first, World::new(7, 1, Clock::system()).ids("queup").next());
        assert_ne!(first, World::new(7, 2, Clock::system()).ids("queup").next());
        assert_eq!(first.len(), 24);
    }

    #[test]
    fn another_run_of_the_same_seed_tells_the_same_story() {
        let draw = |run| {
            World::new(7, run, Clock::system())
                .chance("traffic")
                .u64(..)
        };
        assert_eq!(draw(1), draw(2));
    }
}
