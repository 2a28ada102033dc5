#![doc = include_str!("../README.md")]

mod cache;
pub mod client;
mod config;
mod dispatch;
mod erasure;
mod error;
mod event;
/// Entries of the fuzzers in `fuzz/`, which their corpora go through as ordinary tests.
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod http;
mod identify;
mod inflate;
pub mod model;
mod relay;
mod session;
mod shards;
mod shared;
mod socket;
mod source;
pub mod view;
mod wire;

use std::sync::Arc;

pub use twilight_model::gateway::Intents;

pub use ::http::Method;
pub use antiphon_core::Events;
pub use antiphon_net::{Addresses, AddressesError, Proxy, ProxyError};
pub use cache::{Cache, CacheLimits, CacheSize};
pub use client::{Call, Client, Emoji, File, PollRequest, RequestPath, RolePosition, ShardInfo};
pub use config::{CloseCode, Compression, Config, Shards};
pub use dispatch::{FrameReader, interaction_lane};
pub use erasure::{ERASURE, erase_saved_cache};
pub use error::{
    ApiError, CommandError, ConfigError, DownloadError, FieldError, MembersError, NotConnected,
    RelayError, RequestError, Scope, VoiceError,
};
pub use event::*;
pub use identify::IdentifiesLeft;
pub use model::{
    members::{MemberQuery, Members},
    presence::{Activity, Presence},
    properties::Properties,
    voice::VoiceConnection,
};
pub use source::Source;

/// A client to keep and a source to run, for one bot with all its shards.
///
/// No connection is opened before the source runs or the client sends a request.
///
/// ```
/// use antiphon_discord::{Config, Intents};
///
/// let (client, source) = antiphon_discord::connect(Config::new("token", Intents::GUILDS));
/// assert_eq!(client.intents(), Intents::GUILDS);
/// assert!(client.shards().is_empty(), "the source does not run yet");
/// # drop(source);
/// ```
pub fn connect(config: Config) -> (Client, Source) {
    let shared = Arc::new(client::Shared::new(&config));
    let source = Source::new(config, Arc::clone(&shared));
    (Client::new(shared), source)
}
