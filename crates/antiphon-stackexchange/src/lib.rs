#![doc = include_str!("../README.md")]

pub mod class;
mod client;
mod config;
mod content;
mod cookies;
mod erasure;
mod error;
mod event;
/// Entries of the fuzzers in `fuzz/`, which their corpora go through as ordinary tests.
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod history;
mod html_limits;
mod http;
mod model;
mod page;
mod recent;
mod relay;
mod server;
mod session;
mod socket;
mod source;
mod split;
mod throttle;
pub mod view;
mod wire;

use std::sync::Arc;

pub use antiphon_core::Events;
pub use antiphon_net::{Addresses, AddressesError, Proxy, ProxyError};
pub use client::{Client, HistoryQuery, Room, Transport};
pub use config::{Account, Config};
pub use content::Html;
pub use erasure::ERASURE;
pub use error::{
    ActionError, ConfigError, JoinError, LoginError, NotConnected, PartsError, RelayError,
    RequestError, SendError, TextError,
};
pub use event::{
    AccessChange, AccessLevelChangedEvent, DebugMessage, DeleteEvent, EditEvent, FeedTicker,
    FileAdded, GlobalNotificationEvent, InvitationEvent, KINDS, Malformed, MentionEvent,
    MessageEvent, MessageFlagged, MessageMovedIn, MessageMovedOut, MessageStarredEvent,
    ModeratorFlag, ReplyEvent, Reset, RoomExit, RoomNameChangedEvent, RoomTimeout, Suspension,
    TimeBreak, UnknownEvent, UserEnteredEvent, UserLeftEvent, UserMerged,
    UserNameOrAvatarChangedEvent, UserNotificationEvent, UserSettingsChanged, UserSuspendedEvent,
    read_frame,
};
pub use model::{
    AccessLevel, AccessSections, Bookmark, EventId, EventType, FoundUser, Me, MessageId,
    MessageVersion, Pingable, PresentUser, RoomId, RoomInfo, RoomUsage, Server, Sockets, UserId,
    UserInfo,
};
pub use source::Source;
pub use split::{Parts, Splitter};
use tokio::sync::mpsc;

/// Makes a client to keep and a source to run, for one account on one chat server.
///
/// No connection is opened before the source runs or a method of the client sends a request.
///
/// The client and the source share one login, one key for writing and one pace of writes. Clone the client for every
/// task that needs it; a second `connect` for the same account makes a second login, whose writes do not wait for the
/// first's.
///
/// A bad value of the configuration is no error here: [`Source`] ends with the code `configuration` once it runs.
///
/// Join a room, post a message, and read what comes back (the simulator stands in for the server):
///
/// ```
/// use antiphon_core::Payload as _;
/// use antiphon_stackexchange::{self as stackexchange, Account, Config, MessageEvent};
/// use futures_util::StreamExt as _;
/// use tokio_util::sync::CancellationToken;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let sim = antiphon_sim::Simulator::with_seed(7);
/// # let bot = sim.stackexchange().account();
/// let config = Config::new(Account::new(bot.email, bot.password));
/// # let config = config.network(sim.network()).clock(sim.clock());
/// let (client, source) = stackexchange::connect(config);
/// let shutdown = CancellationToken::new();
/// let mut events = source.events(shutdown.clone());
///
/// let talk = async {
///     let room = client.join(4242).await?;
///     Ok(room.send("the kettle is on").await?)
/// };
/// // The stream is read meanwhile: a room begins once its first checkpoint has been taken.
/// let listen = async {
///     loop {
///         let event = events.next().await.ok_or("the source has ended")??;
///         if MessageEvent::KINDS.contains(&event.kind().as_str()) {
///             break Ok::<_, Box<dyn std::error::Error>>(MessageEvent::decode(&event)?);
///         }
///     }
/// };
/// let (posted, heard) = tokio::try_join!(talk, listen)?;
/// // The server sends the account its own messages too.
/// assert_eq!((heard.message_id, heard.user_id), (posted, client.me().map(|me| me.id)));
/// assert_eq!(heard.content.text(), "the kettle is on");
/// shutdown.cancel();
/// # Ok(())
/// # }
/// ```
pub fn connect(config: Config) -> (Client, Source) {
    let (sender, commands) = mpsc::channel(client::COMMANDS);
    let shared = Arc::new(client::Shared::new(&config, sender));
    let source = Source::new(config, Arc::clone(&shared), commands);
    (Client::new(shared), source)
}
