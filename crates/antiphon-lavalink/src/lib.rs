#![doc = include_str!("../README.md")]

mod client;
mod config;
mod error;
mod event;
#[cfg(test)]
mod fields;
mod http;
mod model;
mod player;
mod pool;
mod queue;
mod session;
mod socket;
mod source;
mod track;
pub mod view;
mod wire;

use std::sync::Arc;

/// Method of [`Node::send`].
pub use ::http::Method;
pub use antiphon_core::{ConfigError, Events};
pub use antiphon_net::{Proxy, ProxyError};
/// Response of [`Node::send`].
pub use bytes::Bytes;
pub use client::{ConnectOptions, Node, Player, PlayerInfo, PlayerQueue, Pool};
pub use config::{Config, NodeConfig, VoiceGateway};
pub use error::{
    ExtrasError, Failure, InvalidNodeError, LoadError, NotConnected, PlayerError, RequestError,
};
pub use event::{
    Extra, InactivePlayer, KINDS, Malformed, NodeClosed, NodeDisconnected, NodeReady,
    PlayerMigrated, PlayerUpdate, Stats, TrackEnd, TrackException, TrackStart, TrackStuck,
    WebsocketClosed, read_frame,
};
pub use model::{
    Album, Artist, AutoPlayMode, ChannelId, DiscordVoiceCloseType, Extras, GuildId, LoadResult,
    MoveReason, NodeId, NodeStatus, Playable, Playlist, Search, Severity, TrackEndReason,
    TrackExceptionPayload, TrackInfo, TrackSource, UserId, VoiceRequest, VoiceServer, VoiceState,
};
pub use player::PlayOptions;
pub use pool::region_from_endpoint;
pub use queue::{Queue, QueueError, QueueMode, Served, Tracks, Waiter};
pub use source::Source;
use tokio::sync::mpsc;
pub use track::{EncodedTrack, TrackError};
pub use wire::{
    BANDS, CPUStats, ChannelMix, Distortion, Equalizer, EqualizerBand, FailingAddress, Filters,
    FrameStats, Git, Info, IpBlock, Karaoke, LowPass, MemoryStats, PlayerState, PluginFilters,
    PluginInfo, Rotation, RoutePlanner, RoutePlannerDetails, StatsOP, Timescale, Tremolo, Version,
    Vibrato,
};

/// The reference's name for the memory in [`Stats`].
pub type StatsEventMemory = MemoryStats;
/// The reference's name for the processors in [`Stats`].
pub type StatsEventCPU = CPUStats;
/// The reference's name for the audio frames in [`Stats`].
pub type StatsEventFrames = FrameStats;

/// Creates a client and a source for all nodes of one bot.
///
/// It opens no connection: running the source does, and requests of the client do.
pub fn connect(config: Config) -> (Pool, Source) {
    let (sender, commands) = mpsc::channel(client::COMMANDS);
    let shared = Arc::new(client::Shared::new(&config, sender));
    let source = Source::new(config, Arc::clone(&shared), commands);
    (Pool::new(shared), source)
}
