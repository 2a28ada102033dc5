#![doc = include_str!("../README.md")]

mod cache;
mod client;
mod config;
mod error;
mod event;
mod http;
mod model;
mod session;
mod socket;
mod source;
mod text;
pub mod utils;
pub mod view;
mod wire;

use std::sync::Arc;

pub use antiphon_core::Events;
pub use antiphon_net::{Proxy, ProxyError};
pub use client::{
    AuditEntry, AuthenticatedUser, Client, Collection, Conversation, Member, MessageCollection,
    Playlist, Room, RoomCollection, RoomSettings,
};
pub use config::{Account, Config, ProxyOptions, RateLimits};
pub use error::{
    ActionError, AuthorizationError, ConfigError, ConnectError, JoinError, LoginError,
    NotConnected, RequestError, SendError, TimeError,
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
pub fn connect(config: Config) -> (Client, Source) {
    let (sender, commands) = mpsc::channel(client::COMMANDS);
    let shared = Arc::new(client::Shared::new(&config, sender));
    let source = Source::new(config, Arc::clone(&shared), commands);
    (Client::new(shared), source)
}
