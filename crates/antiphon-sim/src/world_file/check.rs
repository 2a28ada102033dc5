//! Check of a world file: every platform is built from it once.

use antiphon_core::Clock;

use super::{FromFile, Problem, WorldFile};
use crate::{
    discord::state::State as Discord, lavalink::state::State as Lavalink, ledger::Ledger,
    queup::state::State as QueUp, stackexchange::state::State as StackExchange, world::World,
};

impl WorldFile {
    /// Builds every platform once that has a section.
    pub(super) fn check(&self) -> Result<(), Problem> {
        self.build::<Discord>(self.discord.as_ref())?;
        self.build::<Lavalink>(self.lavalink.as_ref())?;
        self.build::<QueUp>(self.queup.as_ref())?;
        self.build::<StackExchange>(self.stackexchange.as_ref())
    }

    fn build<S: FromFile>(&self, section: Option<&S::Section>) -> Result<(), Problem> {
        let Some(section) = section else {
            return Ok(());
        };
        let world = World::new(0, 0, Clock::system());
        let (ledger, settings) = (Ledger::default(), S::Settings::default());
        S::of_file(world, ledger, settings, section, self.inherit).map(drop)
    }
}
