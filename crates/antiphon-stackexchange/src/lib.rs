#![doc = include_str!("../README.md")]

pub mod class;
mod content;
mod event;
mod model;
pub mod view;
mod wire;

pub use content::Html;
pub use event::{
    AccessChange, AccessLevelChangedEvent, DebugMessage, DeleteEvent, EditEvent, EventType,
    FeedTicker, FileAdded, GlobalNotificationEvent, InvitationEvent, KINDS, Malformed,
    MentionEvent, MessageEvent, MessageFlagged, MessageMovedIn, MessageMovedOut,
    MessageStarredEvent, ModeratorFlag, ReplyEvent, Reset, RoomExit, RoomNameChangedEvent,
    RoomTimeout, Suspension, TimeBreak, UnknownEvent, UserEnteredEvent, UserLeftEvent, UserMerged,
    UserNameOrAvatarChangedEvent, UserNotificationEvent, UserSettingsChanged, UserSuspendedEvent,
};
pub use model::{EventId, MessageId, RoomId, Server, UserId};
