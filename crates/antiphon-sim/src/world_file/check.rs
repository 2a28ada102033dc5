//! Check of a world file: every platform is built from it once.

use antiphon_core::Clock;

use super::{Problem, WorldFile};
use crate::{
    discord::state::State as Discord, lavalink::state::State as Lavalink, ledger::Ledger,
    queup::state::State as QueUp, stackexchange::state::State as StackExchange, world::World,
};

impl WorldFile {
    /// Builds every platform once.
    pub(super) fn check(&self) -> Result<(), Problem> {
        let world = World::new(0, 0, Clock::system());
        let ledger = Ledger::default;
        let inherit = self.inherit;
        if let Some(section) = &self.discord {
            Discord::of_file(
                world,
                ledger(),
                crate::discord::settings::Settings::default(),
                section,
                inherit,
            )?;
        }
        if let Some(section) = &self.lavalink {
            Lavalink::of_file(
                world,
                ledger(),
                crate::lavalink::settings::Settings::default(),
                section,
                inherit,
            )?;
        }
        if let Some(section) = &self.queup {
            QueUp::of_file(
                world,
                ledger(),
                crate::queup::settings::Settings::default(),
                section,
                inherit,
            )?;
        }
        if let Some(section) = &self.stackexchange {
            StackExchange::of_file(
                world,
                ledger(),
                crate::stackexchange::settings::Settings::default(),
                section,
                inherit,
            )?;
        }
        Ok(())
    }
}
