#![doc = include_str!("../README.md")]

pub mod class;
mod client;
mod config;
mod content;
mod cookies;
mod error;
mod event;
mod history;
mod html_limits;
mod http;
mod model;
mod page;
mod recent;
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
pub use antiphon_net::{Proxy, ProxyError};
pub use client::{Client, HistoryQuery, Room, Transport};
pub use config::{Account, Config};
pub use content::Html;
pub use error::{
    ActionError, ConfigError, JoinError, LoginError, NotConnected, PartsError, RequestError,
    SendError, TextError,
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
pub fn connect(config: Config) -> (Client, Source) {
    let (sender, commands) = mpsc::channel(client::COMMANDS);
    let shared = Arc::new(client::Shared::new(&config, sender));
    let source = Source::new(config, Arc::clone(&shared), commands);
    (Client::new(shared), source)
}
