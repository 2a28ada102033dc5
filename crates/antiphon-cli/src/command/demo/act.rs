//! What a platform brings to the demo.
//!
//! [`Part`] is what a platform's `demo.rs` makes, before the app exists: source and handlers go into the app, and what
//! remains is an [`Act`] for the director. [`Stage`] is the director's only way to a simulated platform, so that the
//! course of the demo is written once for all of them.

use std::{fmt, time::Duration};

use antiphon::{App, Event, Link, Payload as _, Source, SourceName};
use antiphon_sim::Simulator;

use super::{bot::Bot, clients::Clients};

/// One platform's part in the demo, once its source is in the app.
///
/// Kept until the end, for the audit.
#[derive(Debug)]
pub(crate) struct Act {
    /// Its name, as the summary and the ledger have it.
    pub(crate) platform: &'static str,
    /// Its source in the app.
    pub(crate) source: SourceName,
    /// Id of the bot's account there, as the ledger names whom something is due to.
    pub(crate) account: String,
    pub(crate) stage: Box<dyn Stage>,
}

/// What a platform's own file makes of the simulator: an account, a source, and handlers.
pub(crate) struct Part {
    /// Id of the bot's account there, as the ledger names whom something is due to.
    pub(crate) account: String,
    /// What the director acts on.
    pub(crate) stage: Box<dyn Stage>,
    /// Not connected yet: the app starts it.
    pub(crate) source: Box<dyn Source>,
    /// Adds the handlers of the platform's events.
    pub(crate) handlers: fn(App<Bot>) -> App<Bot>,
}

/// What a part is made from.
pub(crate) struct Cast<'a> {
    /// The simulated world; the part makes rooms, songs and guilds in it as it needs them.
    pub(crate) simulator: &'a Simulator,
    /// Name for the source.
    pub(crate) name: SourceName,
    /// Clients of this platform and of those before it.
    pub(crate) clients: Clients,
}

/// What can be done on a simulated platform.
///
/// Each call takes effect at once on the simulator, as a user's act would.
pub(crate) trait Stage: fmt::Debug + Send + Sync {
    /// Sets how many events a second people make.
    fn traffic(&self, rate: u32);

    /// Says something in the bot's room.
    fn say(&self, by: &str, text: &str);

    /// Asks the bot for an answer.
    fn ask(&self, by: &str);

    /// Cuts the bot's connection, and refuses new ones for so long.
    fn cut(&self, length: Duration);

    /// Whether an event of the bot's source shows that the bot is in its room, for the first time or again.
    fn is_back(&self, event: &Event) -> bool {
        is_up(event)
    }

    /// What is not as it should be once everything has healed.
    fn complaint(&self) -> Option<String> {
        None
    }
}

/// Whether an event tells that its source's connection is up.
pub(crate) fn is_up(event: &Event) -> bool {
    *event.kind() == Link::KIND && Link::decode(event).is_ok_and(|link| link.state.is_connected())
}
