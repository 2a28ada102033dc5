//! Discord's objects, and the values that a program exchanges with the client.

pub(crate) mod members;
pub(crate) mod presence;
pub(crate) mod properties;
pub(crate) mod voice;

pub use antiphon_discord_model::*;
