#![doc = include_str!("../README.md")]

/// Handles that users hold: `Pool`, `Node`, `Player`, `PlayerQueue`.
mod client;
/// Options, with their defaults and checks.
mod config;
/// One error type for each kind of operation.
mod erasure;
mod error;
/// Payload types, and the step from a frame to an event.
mod event;
#[cfg(test)]
mod fields;
/// Requests to nodes, and the classification of responses.
/// Entries of the fuzzers in `fuzz/`, which their corpora go through as ordinary tests.
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod http;
/// Ids, tracks and words of the protocol, as the program uses them.
mod model;
/// One player as a state machine.
mod player;
/// All nodes and players as one state machine; decides which node a player is at.
mod pool;
/// A queue of tracks, which also works without any node.
mod queue;
/// Commands of clients whose nodes another process has.
mod relay;
/// One node's connection as a state machine.
mod session;
/// The loop, and the only file that reads a socket.
mod socket;
/// The half of `connect` that an app runs.
mod source;
/// The base64 layout of tracks.
mod track;
pub mod view;
/// Frames, requests and responses as sent.
mod wire;

use std::sync::Arc;

/// Method of [`Node::send`].
pub use ::http::Method;
pub use antiphon_core::{ConfigError, Events};
pub use antiphon_net::{Addresses, AddressesError, Proxy, ProxyError};
/// Response of [`Node::send`].
pub use bytes::Bytes;
pub use client::{ConnectOptions, Node, Player, PlayerInfo, PlayerQueue, Pool};
pub use config::{Config, NodeConfig, VoiceGateway};
pub use erasure::ERASURE;
pub use error::{
    DeclarationError, ExtrasError, Failure, InvalidNodeError, LoadError, NotConnected, PlayerError,
    RelayError, RequestError, Unsupported,
};
pub use event::{
    ChapterStarted, ChaptersLoaded, Extra, InactivePlayer, KINDS, LyricsFound, LyricsLine,
    LyricsNotFound, Malformed, NodeClosed, NodeDisconnected, NodeReady, PlayerMigrated,
    PlayerUpdate, PluginStateLost, SegmentSkipped, SegmentsLoaded, Stats, TrackEnd, TrackException,
    TrackStart, TrackStuck, WebsocketClosed, read_frame,
};
pub use model::{
    Album, Artist, AutoPlayMode, ChannelId, Chapter, Crossfade, CrossfadeCurve,
    DiscordVoiceCloseType, Extras, GuildId, LoadResult, Lyrics, LyricsMatch, LyricsOptions,
    MoveReason, NodeId, NodeStatus, Playable, Playlist, SPONSORBLOCK_CATEGORIES, Search,
    SearchResults, SearchText, SearchType, Segment, Severity, TimedLine, TrackEndReason,
    TrackExceptionPayload, TrackInfo, TrackSource, Transition, UserId, VoiceRequest, VoiceServer,
    VoiceState,
};
pub use player::{Declaration, PlayOptions, StoredPlayer};
pub use pool::region_from_endpoint;
pub use queue::{Queue, QueueError, QueueMode, Served, Tracks, Waiter};
pub use source::Source;
use tokio::sync::mpsc;
pub use track::{EncodedTrack, TrackError};
pub use wire::{
    BANDS, CPUStats, ChannelMix, Distortion, Equalizer, EqualizerBand, FailingAddress, Filters,
    FrameStats, Git, Info, IpBlock, Karaoke, LowPass, LyricsApi, MemoryStats, PlayerState,
    PluginFilters, PluginInfo, Rotation, RoutePlanner, RoutePlannerDetails, StatsOP, Timescale,
    Tremolo, Version, Vibrato,
};

/// The reference's name for the memory in [`Stats`].
///
/// Bytes of the node's JVM, or of the process for `NodeLink`; see [`MemoryStats`] for each value.
pub type StatsEventMemory = MemoryStats;
/// The reference's name for the processors in [`Stats`].
///
/// The loads decide the node's [`penalty`](Node::penalty); see [`CPUStats`] for the difference between servers.
pub type StatsEventCPU = CPUStats;
/// The reference's name for the audio frames in [`Stats`].
///
/// Absent from [`Stats`] until a player has played for a whole minute; see [`FrameStats`].
pub type StatsEventFrames = FrameStats;

/// Creates a client and a source for all nodes of one bot.
///
/// It opens no connection: running the source does, and requests of the client do. The client can be cloned and used
/// before the source runs; its actions then wait, up to [`Config::action_timeout`].
///
/// A bad option is no panic here: the source ends with a [`ConfigError`] once it runs, and the client's actions fail
/// with [`NotConnected`], which names the reason.
///
/// # Examples
/// A bot against the simulator, from the first connection to the end of a track:
///
/// ```
/// use antiphon_core::{BoxError, BoxFuture, Payload as _};
/// use antiphon_lavalink::{
///     Config, NodeConfig, Playable, TrackEnd, TrackEndReason, TrackStart, VoiceRequest, VoiceServer, VoiceState,
///     connect,
/// };
/// use antiphon_sim::Simulator;
/// use futures_util::StreamExt as _;
/// use tokio::sync::mpsc;
/// use tokio_util::sync::CancellationToken;
///
/// const BOT: u64 = 77;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sim = Simulator::with_seed(7);
/// let node = sim.lavalink().node("eu-1");
///
/// // Op 4 of the Gateway goes into a channel here; a real bot hands it to its shard.
/// let (op4, mut requests) = mpsc::unbounded_channel::<VoiceRequest>();
/// let config = Config::new(BOT, [NodeConfig::new("eu-1", node.url(), node.password())])
///     .network(sim.network())
///     .clock(sim.clock())
///     .voice_gateway(move |request: VoiceRequest| {
///         let sent = op4.send(request);
///         Box::pin(async move { Ok(sent?) }) as BoxFuture<'static, Result<(), BoxError>>
///     });
/// let (pool, source) = connect(config);
/// let mut events = source.events(CancellationToken::new());
/// pool.connect().await?;
///
/// // Discord's two answers to op 4, in either order.
/// let discord = async {
///     let request = requests.recv().await.expect("op 4");
///     pool.voice_state_update(VoiceState {
///         guild: request.guild,
///         user: BOT.into(),
///         channel: request.channel,
///         session_id: "session".into(),
///     });
///     pool.voice_server_update(VoiceServer {
///         guild: request.guild,
///         token: "token".into(),
///         endpoint: Some("c-fra01.discord.media:443".into()),
///     });
/// };
/// let player = pool.player_in(1);
/// let (joined, ()) = tokio::join!(player.connect(6), discord);
/// joined?;
///
/// let track = Playable::decode(&sim.lavalink().add_track("evensong___", "The Choir", "Evensong", 180_000))?;
/// player.play(track).await?;
/// assert!(player.playing());
/// node.finish(1);
///
/// let mut story = Vec::new();
/// while let Some(event) = events.next().await {
///     let event = event?;
///     if TrackStart::KINDS.contains(&event.kind().as_str()) {
///         story.push(format!("plays {}", TrackStart::decode(&event)?.track.title));
///     } else if TrackEnd::KINDS.contains(&event.kind().as_str()) {
///         let end = TrackEnd::decode(&event)?;
///         assert_eq!(end.reason, TrackEndReason::Finished);
///         story.push(format!("ended {}", end.track.title));
///         break;
///     }
/// }
/// assert_eq!(story, ["plays Evensong", "ended Evensong"]);
/// # Ok(())
/// # }
/// ```
pub fn connect(config: Config) -> (Pool, Source) {
    let (sender, commands) = mpsc::channel(client::COMMANDS);
    let shared = Arc::new(client::Shared::new(&config, sender));
    let source = Source::new(config, Arc::clone(&shared), commands);
    (Pool::new(shared), source)
}
