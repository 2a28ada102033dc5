//! The platforms that the command knows: one row each.
//!
//! Everything else goes through [`PLATFORMS`] or [`SourceConfig`]. A platform has a folder of its row's name: `config`
//! has its keys and builds a source of them, `check` has rules that the schema cannot say, `show` says in a few words what an event tells, `demo` has its part in the
//! demo.
//!
//! A fifth platform is a folder and a row: the configuration's enum, the list of kinds, the daemon, the way an event is
//! shown, the demo and the reference page are loops over the rows.

pub(crate) mod discord;
pub(crate) mod lavalink;
pub(crate) mod queup;
pub(crate) mod stackexchange;

use antiphon::{
    Source,
    net::{Addresses, AddressesError},
};
use antiphon_core::{Event, Gap, Keep, KindInfo, Link, Rule};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    command::{
        demo::{Cast, Part},
        doctor::Probe,
        sim::write::{Keys, Secrets},
    },
    config::{
        Context,
        check::{Lint, Table},
    },
    failure::Failure,
    names::Naming,
};

/// One platform.
///
/// Functions and constants alone: a platform has no state here.
#[derive(Debug)]
pub(crate) struct Platform {
    /// Name, as kinds begin with it and the configuration has it.
    pub(crate) name: &'static str,
    /// Kinds of its events that are typed.
    pub(crate) kinds: &'static [KindInfo],
    /// What an event tells in a few words, if more is known than its body.
    pub(crate) gist: fn(&Event) -> Option<String>,
    /// Checks the table of a source beyond what the schema says.
    pub(crate) check: fn(Table<'_>, &mut Lint<'_, '_>),
    /// What its events tell of the names of places.
    pub(crate) naming: Naming,
    /// Where its documents name users, for `antiphon erase`.
    pub(crate) erasure: &'static Rule,
    /// Keys of a source that connects to a simulation, for `antiphon sim --write`.
    pub(crate) simulated: fn(&Addresses, &mut Secrets) -> Result<Keys, AddressesError>,
    /// Makes its part in the demo.
    pub(crate) part: fn(&mut Cast<'_>) -> Part,
    /// The keys of its configuration, in the order of the fields.
    #[cfg(test)]
    pub(crate) keys: fn() -> &'static [&'static str],
    /// A source of it with every key, for tests.
    #[cfg(test)]
    pub(crate) whole: &'static str,
}

macro_rules! platforms {
    ($($name:ident: $Config:ident;)*) => {
        /// Every platform, in the order in which they are shown.
        ///
        /// The demo makes their parts in this order: Lavalink's needs the Discord client.
        pub(crate) const PLATFORMS: &[Platform] = &[$(Platform {
            name: stringify!($name),
            kinds: antiphon::$name::KINDS,
            gist: $name::show::gist,
            check: $name::check::check,
            naming: $name::show::NAMING,
            erasure: &antiphon::$name::ERASURE,
            simulated: $name::config::simulated,
            part: $name::demo::part,
            #[cfg(test)]
            keys: crate::config::keys::<$name::config::$Config>,
            #[cfg(test)]
            whole: $name::config::WHOLE,
        }),*];

        /// One `[sources.NAME]` table.
        #[derive(Debug, Deserialize, JsonSchema)]
        #[serde(tag = "platform", rename_all = "lowercase")]
        #[schemars(inline)]
        pub(crate) enum SourceConfig {
            $($Config($name::config::$Config)),*
        }

        impl SourceConfig {
            /// Makes the source, and the client of a Discord bot.
            ///
            /// # Errors
            /// A secret or a certificate that cannot be read.
            pub(crate) fn connect(
                &self,
                context: Context<'_>,
            ) -> Result<(Box<dyn Source>, Option<antiphon::discord::Client>), Failure> {
                if let Self::Discord(config) = self {
                    let (bot, source) = config.connect(context)?;
                    return Ok((Box::new(source), Some(bot)));
                }
                Ok(match self {
                    $(Self::$Config(config) => (Box::new(config.source(context)?), None)),*
                })
            }

            /// Number of rooms that the source joins by its configuration.
            pub(crate) fn room_count(&self) -> usize {
                match self {
                    $(Self::$Config(config) => config.room_count()),*
                }
            }

            /// Examines the source, online.
            ///
            /// # Errors
            /// A secret that cannot be read any more.
            pub(crate) async fn examine(
                &self,
                context: Context<'_>,
                probe: &mut Probe,
            ) -> Result<(), Failure> {
                match self {
                    $(Self::$Config(config) => $name::doctor::examine(config, context, probe).await),*
                }
            }
        }
    };
}

platforms! {
    discord: Discord;
    lavalink: Lavalink;
    queup: Queup;
    stackexchange: StackExchange;
}

/// The kinds of antiphon's own.
const OWN: &[KindInfo] = &[
    KindInfo {
        kind: Gap::KIND,
        payload: "Gap",
        reference: "",
        about: "A stretch of events could not be had.",
        keep: Keep::Lasting,
    },
    KindInfo {
        kind: Link::KIND,
        payload: "Link",
        reference: "",
        about: "A connection changed its state.",
        keep: Keep::Lasting,
    },
];

/// Every typed kind: antiphon's own two, then those of the platforms.
pub(crate) fn all_kinds() -> impl Iterator<Item = &'static KindInfo> {
    let kinds = PLATFORMS.iter().flat_map(|platform| platform.kinds);
    OWN.iter().chain(kinds)
}
