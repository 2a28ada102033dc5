//! Lavalink.
mod error;
mod event;
mod model;
mod queue;
mod track;
pub mod view;
mod wire;
pub use error::*;
pub use event::*;
pub use model::*;
pub use queue::*;
pub use track::*;
