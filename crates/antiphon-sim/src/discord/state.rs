//! State of the simulated Discord.

use std::sync::Arc;

use antiphon_core::Rng;
use tokio::sync::Notify;

use super::{
    community::Community,
    gateway::Gateway,
    model::Id,
    rest::state::Rest,
    settings::{GATEWAY, RESUME, Settings},
};
use crate::{
    fault::Faults,
    ledger::Ledger,
    timers::{Timed, Timers},
    world::World,
};

/// Milliseconds from 1970 to the beginning of snowflakes.
pub(crate) const EPOCH: i64 = 1_420_070_400_000;
/// Largest time of a snowflake that fits a signed 64-bit number, in milliseconds from [`EPOCH`].
const LAST_MILLI: u64 = (1 << 41) - 1;

/// Makes snowflakes: growing, unique, and different in every run.
#[derive(Debug)]
pub(crate) struct Snowflakes {
    worker: u64,
    last: u64,
}

impl Snowflakes {
    pub(crate) fn new(mut mint: Rng) -> Self {
        Self {
            worker: mint.u64(..1 << 17),
            last: 0,
        }
    }

    /// Makes the snowflake of a time in Unix milliseconds; it fits a signed 64-bit number until 2084, and stays at the
    /// end of that range from then on.
    pub(crate) fn next(&mut self, at: i64) -> Id {
        let millis = u64::try_from(at - EPOCH).unwrap_or(0).min(LAST_MILLI);
        self.last = ((millis << 22) | self.worker).max(self.last + 1);
        self.last
    }
}

/// State of the simulated Discord. Its parts know nothing of one another; changes that concern several are made here.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) world: World,
    pub(crate) ledger: Ledger,
    pub(crate) settings: Settings,
    pub(crate) faults: Faults,
    pub(crate) timers: Timers<Self>,
    /// Generator of tokens and session ids; differs from run to run.
    pub(crate) secrets: Rng,
    pub(crate) snowflakes: Snowflakes,
    pub(crate) gateway: Gateway,
    pub(crate) community: Community,
    pub(crate) rest: Rest,
    /// Events made so far; ambient traffic counts them.
    pub(crate) made: u64,
    /// Notified when a voice state may have changed.
    pub(crate) voices: Arc<Notify>,
    /// The first guild, and its channels.
    pub(crate) home: Home,
}

/// Ids of the first guild, its channels and its bot.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Home {
    pub(crate) guild: Id,
    pub(crate) text: Id,
    pub(crate) voice: Id,
    pub(crate) bot: Id,
}

impl State {
    /// The default world.
    pub(crate) fn new(world: World, ledger: Ledger, settings: Settings) -> Self {
        let mut state = Self::empty(world, ledger, settings);
        state.populate();
        state
    }

    /// A world without anybody.
    pub(super) fn empty(world: World, ledger: Ledger, settings: Settings) -> Self {
        Self {
            world,
            ledger,
            settings,
            faults: Faults::default(),
            timers: Timers::default(),
            secrets: world.mint("discord secrets"),
            snowflakes: Snowflakes::new(world.mint("discord")),
            gateway: Gateway::new(GATEWAY, RESUME),
            community: Community::default(),
            rest: Rest::default(),
            made: 0,
            voices: Arc::default(),
            home: Home::default(),
        }
    }

    /// Unix milliseconds.
    pub(crate) fn now(&self) -> i64 {
        self.world.now()
    }

    pub(crate) fn note(&self, text: impl Into<String>) {
        self.ledger.note(self.now(), "discord", text.into());
    }

    /// Makes an id with the current time.
    pub(crate) fn new_id(&mut self) -> Id {
        let now = self.now();
        self.snowflakes.next(now)
    }

    /// 32 hexadecimal digits.
    pub(crate) fn secret(&mut self) -> String {
        format!("{:032x}", self.secrets.u128(..))
    }

    /// The user with this name or id; an unknown name makes a new user.
    pub(crate) fn someone(&mut self, name: &str) -> Id {
        match self.community.user_named(name) {
            Some(user) => user,
            None => self.add_user(name, false),
        }
    }
}

impl Timed for State {
    fn now(&self) -> i64 {
        self.world.now()
    }

    fn timers(&mut self) -> &mut Timers<Self> {
        &mut self.timers
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_grow_even_within_a_millisecond() {
        let mut ids = Snowflakes::new(Rng::with_seed(1));
        let first = ids.next(EPOCH + 5);
        let second = ids.next(EPOCH + 5);
        assert!(first < second);
        assert_eq!(first >> 22, 5);
        assert!(second < ids.next(EPOCH + 6));
    }

    #[test]
    fn an_id_fits_a_signed_number_at_any_time() {
        let mut ids = Snowflakes::new(Rng::with_seed(1));
        for at in [i64::MIN / 2, -1, EPOCH, EPOCH << 1, i64::MAX] {
            assert!(i64::try_from(ids.next(at)).is_ok(), "at {at}");
        }
    }

    #[test]
    fn ids_of_the_starting_world_are_in_the_past() {
        use antiphon_core::Clock;

        for run in 0..50 {
            let world = World::new(7, run, Clock::system());
            let state = State::new(world, Ledger::default(), Settings::default());
            let guild = &state.community.guilds[&state.home.guild];
            let users = state.community.users.keys();
            let channels = state.community.channels.keys();
            let all = users
                .chain(channels)
                .chain(guild.roles.keys())
                .chain(guild.emojis.keys());
            for id in all.chain([&guild.id]) {
                let made = i64::try_from(id >> 22).expect("a time") + EPOCH;
                assert!(made < state.now() && made > EPOCH, "{id} of run {run}");
                assert!((17..=19).contains(&id.to_string().len()), "{id}");
            }
        }
    }
}
