#![doc = include_str!("../README.md")]

mod cache;
mod client;
mod config;
mod error;
mod event;
mod http;
mod source;
pub mod view;

use std::sync::Arc;

use tokio::sync::mpsc;
pub use twilight_model as model;
pub use twilight_model::gateway::Intents;

pub use antiphon_core::Events;
pub use client::Client;
pub use config::Config;
pub use error::{ConfigError, NotConnected, RequestError};
pub use event::KINDS;
pub use source::Source;

/// A client to keep and a source to run, for one bot with all its shards.
///
/// Nothing is opened before the source runs or the client is asked for something.
pub fn connect(config: Config) -> (Client, Source) {
    let (sender, commands) = mpsc::channel(client::COMMANDS);
    let shared = Arc::new(client::Shared::new(&config, sender));
    let source = Source::new(config, Arc::clone(&shared), commands);
    (Client::new(shared), source)
}
