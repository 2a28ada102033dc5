//! The platforms that the command knows: one row each.
//!
//! Everything else goes through [`PLATFORMS`] or [`SourceConfig`]. A platform has three files of its row's name:
//! `config/`, its keys and how a source is built of them; `show/`, what an event tells in a few words; `command/demo/`,
//! its part in the demo.

use antiphon::App;
use antiphon_core::{Event, KindInfo};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    command::demo::{self, Cast, Part},
    config::{self, Context},
    failure::Failure,
    show,
};

/// One platform.
#[derive(Debug)]
pub(crate) struct Platform {
    /// Name, as kinds begin with it and the configuration has it.
    pub(crate) name: &'static str,
    /// Kinds of its events that are typed.
    pub(crate) kinds: &'static [KindInfo],
    /// What an event tells in a few words, if more is known than its body.
    pub(crate) gist: fn(&Event) -> Option<String>,
    /// Makes its part in the demo.
    pub(crate) part: fn(&mut Cast<'_>) -> Part,
    /// The keys of its configuration, in the order of the fields.
    #[cfg(test)]
    pub(crate) keys: fn() -> &'static [&'static str],
}

macro_rules! platforms {
    ($($name:ident: $Config:ident, $kinds:expr;)*) => {
        /// Every platform, in the order in which they are shown.
        ///
        /// The demo makes their parts in this order: Lavalink's needs the Discord client.
        pub(crate) const PLATFORMS: &[Platform] = &[$(Platform {
            name: stringify!($name),
            kinds: $kinds,
            gist: show::$name::gist,
            part: demo::$name::part,
            #[cfg(test)]
            keys: config::keys::<config::$name::$Config>,
        }),*];

        /// One `[sources.NAME]` table.
        #[derive(Debug, Deserialize, JsonSchema)]
        #[serde(tag = "platform", rename_all = "lowercase")]
        #[schemars(inline)]
        pub(crate) enum SourceConfig {
            $($Config(config::$name::$Config)),*
        }

        impl SourceConfig {
            /// Adds the source to an app.
            pub(crate) fn add_to(
                &self,
                app: App<()>,
                context: Context<'_>,
            ) -> Result<App<()>, Failure> {
                Ok(match self {
                    $(Self::$Config(config) => app.source(config.source(context)?)),*
                })
            }
        }
    };
}

platforms! {
    discord: Discord, antiphon_discord::KINDS;
    lavalink: Lavalink, antiphon_lavalink::KINDS;
    queup: Queup, antiphon_queup::KINDS;
    stackexchange: StackExchange, antiphon_stackexchange::KINDS;
}
