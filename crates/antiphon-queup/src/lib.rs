#![doc = include_str!("../README.md")]

/// What was heard so far: a projection of the events, which handles read.
mod cache;
/// Handles that users hold: `Client`, `Room`, `Member`, `Conversation`.
mod client;
/// Options, with their defaults and checks.
mod config;
/// One error type for each kind of operation.
mod erasure;
mod error;
/// Payload types, kinds and places.
mod event;
/// Requests: cookie, login, rate limits, answers.
/// Entries of the fuzzers in `fuzz/`, which their corpora go through as ordinary tests.
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod http;
/// Ids, users, rooms, songs and messages, as the program uses them.
mod model;
mod relay;
/// The protocol's rules as a state machine.
mod session;
/// The loop, and the only file that reads a socket.
mod socket;
/// The half of `connect` that an app runs.
mod source;
/// Escapes and pieces of chat messages.
mod text;
pub mod utils;
pub mod view;
/// Frames and answers as sent.
mod wire;

use std::sync::Arc;

pub use antiphon_core::Events;
pub use antiphon_net::{Addresses, AddressesError, Proxy, ProxyError};
pub use client::{
    AuditEntry, AuthenticatedUser, Client, Collection, Conversation, Member, MessageCollection,
    Playlist, Room, RoomCollection, RoomSettings,
};
pub use config::{Account, Config, ProxyOptions, RateLimits};
pub use erasure::ERASURE;
pub use error::{
    ActionError, AuthorizationError, ConfigError, ConnectError, JoinError, LoginError,
    NotConnected, RelayError, RequestError, SendError, TimeError,
};
pub use event::{
    ActiveDubs, Chat, ChatDelete, ChatDeleteGlobal, ChatSkip, Comment, Conversations, Dub,
    ErrorNotice, Grab, JoinedRoom, KINDS, LeftRoom, MemberJoin, MemberPresence, MemberUpdate,
    PlaylistActive, PlaylistDetails, PlaylistSongAdd, PrivateMessage, QueueRemoveUser,
    QueueRemoveUserSong, QueueReorder, QueueUpdate, QueueUpdateDub, Ready, RoomAllowGuestChat,
    RoomAllowGuestEmbed, RoomLockQueue, RoomSlowMode, RoomState, RoomUpdate, RoomUsers, Session,
    SongChange, Unknown, UserBan, UserImage, UserKick, UserLeave, UserMute, UserPauseQueue,
    UserPauseQueueMod, UserSetRole, UserUnban, UserUnmute, UserUnsetRole,
};
pub use model::{
    ChatId, ConversationId, ConversationInfo, DubType, MemberId, MemberState, Message, PlaylistId,
    Presence, PrivateMessageId, Right, Role, RoleId, RoomId, RoomInfo, Slug, Song, SongId,
    SongInfo, SongInfoId, SongLink, User, UserId,
};
pub use source::Source;
use tokio::sync::mpsc;

/// Makes a client to keep and a source to run, for one account.
///
/// Nothing is opened before the source runs or the client makes a request.
///
/// ```
/// use antiphon_core::Payload as _;
/// use antiphon_queup::{self as queup, Account, Chat, Config};
/// use antiphon_sim::Simulator;
/// use futures_util::StreamExt as _;
/// use tokio_util::sync::CancellationToken;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// // A simulated QueUp in memory; without it, `network` and `clock` are left out.
/// let sim = Simulator::with_seed(7);
/// let bot = sim.queup().account();
/// let config = Config::new(Account::new(bot.email, bot.password))
///     .network(sim.network())
///     .clock(sim.clock())
///     .rooms(["choir-loft"]);
/// let (client, source) = queup::connect(config);
///
/// let mut events = source.events(CancellationToken::new());
/// while let Some(event) = events.next().await.transpose()? {
///     match event.kind().as_str() {
///         // The room is joined and fetched: somebody speaks there.
///         "queup.playlist_details" => drop(sim.queup().room("choir-loft").say("mira", "good evening")),
///         "queup.chat-message" => {
///             let chat = Chat::decode(&event)?;
///             assert_eq!((&*chat.author.username, &*chat.content), ("mira", "good evening"));
///             break;
///         }
///         _ => {}
///     }
/// }
/// assert!(client.logged_in());
/// # Ok(())
/// # }
/// ```
pub fn connect(config: Config) -> (Client, Source) {
    let (sender, commands) = mpsc::channel(client::COMMANDS);
    let shared = Arc::new(client::Shared::new(&config, sender));
    let source = Source::new(config, Arc::clone(&shared), commands);
    (Client::new(shared), source)
}
