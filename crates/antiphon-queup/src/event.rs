//! Payload types, and the step from wire to event.

macro_rules! known_as {
    ($type:ident, $kind:literal) => {
        const KINDS: &'static [&'static str] = &[$kind];
        type View<'a> = Self;

        fn view(event: &Event) -> Result<Self, DecodeError> {
            Self::decode(event)
        }
    };
}

mod convert;
mod kinds;
mod state;
mod table;

use std::ops::Deref;

use antiphon_core::{DecodeError, Event, Kind, Payload, Place};
use serde_json::value::RawValue;

pub(crate) use self::kinds::{
    MESSAGE, PACKET, ROOM_ACTION, SONG_CHANGE, SONG_UPDATE, action_kind, channel_place, object,
    room_action_kind, room_of, room_place, user_place,
};
use self::{
    convert::{filled, id, owned},
    kinds::is_in_room,
};
pub use self::{
    state::{
        ActiveDubs, Conversations, PlaylistActive, PlaylistDetails, RoomState, RoomUsers, Session,
        SongChange,
    },
    table::KINDS,
};
use crate::{
    model::{
        ChatId, ConversationId, DubType, MemberState, Message, Presence, Role, RoomId, RoomInfo,
        Song, User, UserId,
    },
    view, wire,
};

/// The socket is established; the usual place to join rooms (`queup.connected`, the reference's `on_ready`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ready {
    /// Own user's id, as the socket knows it.
    pub user: UserId,
    /// Id of the connection, new with every socket.
    pub connection: String,
}

impl Payload for Ready {
    known_as!(Ready, "queup.connected");

    fn decode(event: &Event) -> Result<Self, DecodeError> {
        let mut wire: wire::Outer<'_> = object(event)?;
        Ok(Self {
            connection: owned(wire.connection()).unwrap_or_default(),
            user: id(wire.client_id),
        })
    }
}

/// A room was joined: the socket is attached to its channel (`queup.joined_room`).
///
/// It comes again after every reconnect.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct JoinedRoom {
    /// Which room.
    pub room: RoomId,
}

impl Payload for JoinedRoom {
    known_as!(JoinedRoom, "queup.joined_room");

    /// The own user's channel is attached in the same way, and is no room.
    fn concerns(event: &Event) -> bool {
        is_in_room(event)
    }

    fn decode(event: &Event) -> Result<Self, DecodeError> {
        Ok(Self {
            room: room_of(event),
        })
    }
}

/// The socket was detached from a room's channel (`queup.left_room`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LeftRoom {
    /// Which room.
    pub room: RoomId,
}

impl Payload for LeftRoom {
    known_as!(LeftRoom, "queup.left_room");

    fn concerns(event: &Event) -> bool {
        is_in_room(event)
    }

    fn decode(event: &Event) -> Result<Self, DecodeError> {
        Ok(Self {
            room: room_of(event),
        })
    }
}

/// A user changed presence in a room (`queup.presence_change`).
///
/// Guests have no user; raw handlers see theirs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemberPresence {
    /// In which room.
    pub room: RoomId,
    /// Whose presence.
    pub user: UserId,
    /// What it is now.
    pub presence: Presence,
}

impl Payload for MemberPresence {
    known_as!(MemberPresence, "queup.presence_change");

    fn concerns(event: &Event) -> bool {
        is_in_room(event) && Self::decode(event).is_ok_and(|presence| presence.user.is_account())
    }

    fn decode(event: &Event) -> Result<Self, DecodeError> {
        let wire: wire::Outer<'_> = object(event)?;
        let presence = wire.presence.unwrap_or_default();
        Ok(Self {
            room: room_of(event),
            user: id(presence.client_id),
            presence: Presence::from_number(presence.action),
        })
    }
}

/// The socket server reported an error (`queup.error`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ErrorNotice {
    /// What it said: the text, or the JSON of anything else.
    pub error: String,
}

impl Payload for ErrorNotice {
    known_as!(ErrorNotice, "queup.error");

    fn decode(event: &Event) -> Result<Self, DecodeError> {
        let wire: wire::Outer<'_> = object(event)?;
        Ok(Self {
            error: wire.error.map(words).unwrap_or_default(),
        })
    }
}

/// A text without its quotes, or the JSON of anything else.
pub(crate) fn words(raw: &RawValue) -> String {
    serde_json::from_str(raw.get()).unwrap_or_else(|_| raw.get().to_owned())
}

/// A user sent a message in a room (`queup.chat-message`).
///
/// Own messages come too: a bot that answers compares `author.id` with its own.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Chat {
    /// In which room.
    pub room: RoomId,
    /// What was said, and by whom.
    pub message: Message,
}

impl Deref for Chat {
    type Target = Message;

    fn deref(&self) -> &Message {
        &self.message
    }
}

impl Payload for Chat {
    const KINDS: &'static [&'static str] = &["queup.chat-message"];
    type View<'a> = view::Chat<'a>;

    fn view(event: &Event) -> Result<view::Chat<'_>, DecodeError> {
        view::Chat::of(event)
    }

    fn decode(event: &Event) -> Result<Self, DecodeError> {
        let mut message = Message::from(object::<wire::Chat<'_>>(event)?);
        let room = room_of(event);
        message.room = Some(room.clone());
        Ok(Self { room, message })
    }
}

/// A message was deleted (`queup.delete-chat-message`).
///
/// The cached message, if there is one, rides along as what was before; in the cache it stays, marked as deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChatDelete {
    /// In which room.
    pub room: RoomId,
    /// Which message.
    pub message: ChatId,
    /// Who deleted it.
    pub deleted_by: User,
}

impl Payload for ChatDelete {
    known_as!(ChatDelete, "queup.delete-chat-message");

    fn decode(event: &Event) -> Result<Self, DecodeError> {
        let wire: wire::Action<'_> = object(event)?;
        Ok(Self {
            room: room_of(event),
            message: id(wire.chatid),
            deleted_by: wire.user.into(),
        })
    }
}

/// All messages of one author were deleted (`queup.delete-chat-message-global`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChatDeleteGlobal {
    /// In which room.
    pub room: RoomId,
    /// Whose messages.
    pub author: UserId,
    /// Who deleted them.
    pub deleted_by: User,
}

impl Payload for ChatDeleteGlobal {
    known_as!(ChatDeleteGlobal, "queup.delete-chat-message-global");

    fn decode(event: &Event) -> Result<Self, DecodeError> {
        let wire: wire::Action<'_> = object(event)?;
        Ok(Self {
            room: room_of(event),
            author: id(wire.userdid),
            deleted_by: wire.user.into(),
        })
    }
}

/// A song was skipped (`queup.chat-skip`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChatSkip {
    /// In which room.
    pub room: RoomId,
    /// Name of who skipped it; QueUp sends no id, and may leave out the name.
    pub username: Option<String>,
}

impl Payload for ChatSkip {
    known_as!(ChatSkip, "queup.chat-skip");

    fn decode(event: &Event) -> Result<Self, DecodeError> {
        let wire: wire::Action<'_> = object(event)?;
        Ok(Self {
            room: room_of(event),
            username: owned(wire.username),
        })
    }
}

/// A user dubbed the playing song (`queup.room_playlist-dub`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Dub {
    /// In which room.
    pub room: RoomId,
    /// The song with its new totals.
    pub song: Song,
    /// Who dubbed.
    pub user: User,
    /// Up or down.
    pub dubtype: DubType,
}

impl Payload for Dub {
    const KINDS: &'static [&'static str] = &["queup.room_playlist-dub"];
    type View<'a> = view::Dub<'a>;

    fn view(event: &Event) -> Result<view::Dub<'_>, DecodeError> {
        view::Dub::of(event)
    }

    fn decode(event: &Event) -> Result<Self, DecodeError> {
        let wire: wire::Dub<'_> = object(event)?;
        Ok(Self {
            room: room_of(event),
            song: wire.playlist.map(Song::from).unwrap_or_default(),
            user: wire.user.into(),
            dubtype: wire.dubtype.as_deref().unwrap_or_default().into(),
        })
    }
}

/// A user grabbed the playing song (`queup.room_playlist-queue-update-grabs`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Grab {
    /// In which room.
    pub room: RoomId,
    /// The song with its new totals.
    pub song: Song,
    /// Who grabbed it.
    pub user: User,
}

impl Payload for Grab {
    known_as!(Grab, "queup.room_playlist-queue-update-grabs");

    fn decode(event: &Event) -> Result<Self, DecodeError> {
        let wire: wire::Action<'_> = object(event)?;
        Ok(Self {
            room: room_of(event),
            song: wire.playlist.map(Song::from).unwrap_or_default(),
            user: wire.user.into(),
        })
    }
}

/// A song was added to a room's queue, or began to play (`queup.room_playlist-update`).
///
/// QueUp sends this for every change of the queue, with the song that is playing; so the same song comes again.
/// [`SongChange`] comes only when another song plays.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlaylistSongAdd {
    /// Room whose queue moved on.
    pub room: RoomId,
    /// Who queued the song; absent once that account is deleted.
    pub queued_by: Option<UserId>,
    /// Song playing now; [`Song::song_info`] is absent where QueUp sent none.
    pub song: Song,
    /// Seconds since it began; absent at a change of the song.
    pub start_time: Option<i64>,
}

impl Payload for PlaylistSongAdd {
    const KINDS: &'static [&'static str] = &["queup.room_playlist-update"];
    type View<'a> = view::PlaylistUpdate<'a>;

    fn view(event: &Event) -> Result<view::PlaylistUpdate<'_>, DecodeError> {
        view::PlaylistUpdate::of(event)
    }

    fn decode(event: &Event) -> Result<Self, DecodeError> {
        let wire: wire::PlaylistUpdate<'_> = object(event)?;
        let song = wire.song.map(Song::from).unwrap_or_default();
        let song = song.with_info(wire.song_info);
        Ok(Self {
            room: room_of(event),
            queued_by: song.user.clone(),
            song,
            start_time: wire.start_time.filter(|seconds| *seconds >= 0),
        })
    }
}

/// A user joined a room (`queup.user-join`).
///
/// After a reconnect QueUp may say so of the own account again.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemberJoin {
    /// Which room.
    pub room: RoomId,
    /// Who joined.
    pub user: User,
    /// The user's state in the room.
    pub member: MemberState,
}

impl Payload for MemberJoin {
    known_as!(MemberJoin, "queup.user-join");

    fn decode(event: &Event) -> Result<Self, DecodeError> {
        let wire: wire::Action<'_> = object(event)?;
        let user = User::from(wire.user);
        let mut member = wire.room_user.map(MemberState::from).unwrap_or_default();
        if member.user.is_empty() {
            member.user = user.id.clone();
        }
        let room = room_of(event);
        member.room = Some(room.clone());
        Ok(Self { room, user, member })
    }
}

/// A member's state changed (`queup.user_update`).
///
/// The state before rides along, if it was cached.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemberUpdate {
    /// In which room.
    pub room: RoomId,
    /// The state now.
    pub member: MemberState,
}

impl Payload for MemberUpdate {
    known_as!(MemberUpdate, "queup.user_update");

    fn decode(event: &Event) -> Result<Self, DecodeError> {
        let wire: wire::MemberUpdate<'_> = object(event)?;
        let mut member = wire.user.map(MemberState::from).unwrap_or_default();
        let room = room_of(event);
        member.room = Some(room.clone());
        Ok(Self { room, member })
    }
}

/// Someone else wrote in a private conversation (`queup.new-message`).
///
/// It carries no text: [`Conversation::fetch`](crate::Conversation::fetch) brings that.
/// Own messages are left out; raw handlers see them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PrivateMessage {
    /// In which conversation.
    pub conversation: ConversationId,
    /// Who wrote.
    pub from: UserId,
}

impl Payload for PrivateMessage {
    known_as!(PrivateMessage, "queup.new-message");

    fn concerns(event: &Event) -> bool {
        let own = event.place().id("user");
        !Self::decode(event).is_ok_and(|message| Some(message.from.as_str()) == own)
    }

    fn decode(event: &Event) -> Result<Self, DecodeError> {
        let wire: wire::Action<'_> = object(event)?;
        Ok(Self {
            conversation: id(wire.messageid),
            from: id(wire.userid),
        })
    }
}

/// Payloads that say only which user did something in which room.
macro_rules! done_by {
    ($($(#[$doc:meta])* $type:ident = $kind:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct $type {
            /// In which room.
            pub room: RoomId,
            /// Who did it; empty where QueUp sent none.
            pub user: User,
        }

        impl Payload for $type {
            known_as!($type, $kind);

            fn decode(event: &Event) -> Result<Self, DecodeError> {
                let wire: wire::Action<'_> = object(event)?;
                Ok(Self { room: room_of(event), user: wire.user.into() })
            }
        }
    )*};
}

done_by! {
    /// A user changed the own queue, despite the name (`queup.room_playlist-queue-update-dub`).
    QueueUpdateDub = "queup.room_playlist-queue-update-dub";
    /// A room's queue changed (`queup.room_playlist-queue-update`).
    QueueUpdate = "queup.room_playlist-queue-update";
    /// A moderator reordered a room's queue (`queup.room_playlist-queue-reorder`).
    QueueReorder = "queup.room_playlist-queue-reorder";
}

/// Payloads that say who did something to whom; the wire's names for the target differ and mislead.
macro_rules! done_to {
    ($($(#[$doc:meta])* $type:ident = $kind:literal, $target:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct $type {
            /// In which room.
            pub room: RoomId,
            /// Who did it.
            pub by: User,
            /// To whom it was done.
            pub target: User,
        }

        impl Payload for $type {
            known_as!($type, $kind);

            fn decode(event: &Event) -> Result<Self, DecodeError> {
                let wire: wire::Action<'_> = object(event)?;
                Ok(Self { room: room_of(event), by: wire.user.into(), target: wire.$target.into() })
            }
        }
    )*};
}

done_to! {
    /// A moderator removed a DJ's next song (`queup.room_playlist-queue-remove-user-song`).
    QueueRemoveUserSong = "queup.room_playlist-queue-remove-user-song", removed_user;
    /// A moderator removed a DJ from the queue (`queup.room_playlist-queue-remove-user`).
    QueueRemoveUser = "queup.room_playlist-queue-remove-user", removed_user;
    /// A user was unbanned (`queup.user-unban`).
    UserUnban = "queup.user-unban", kicked_user;
    /// A member was muted (`queup.user-mute`).
    UserMute = "queup.user-mute", muted_user;
    /// A member was unmuted (`queup.user-unmute`).
    UserUnmute = "queup.user-unmute", muted_user;
}

/// A member was kicked (`queup.user-kick`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UserKick {
    /// From which room.
    pub room: RoomId,
    /// Who kicked.
    pub by: User,
    /// Who was kicked.
    pub target: User,
    /// What the moderator said.
    pub message: Option<String>,
}

impl Payload for UserKick {
    known_as!(UserKick, "queup.user-kick");

    fn decode(event: &Event) -> Result<Self, DecodeError> {
        let wire: wire::Action<'_> = object(event)?;
        Ok(Self {
            room: room_of(event),
            by: wire.user.into(),
            target: wire.kicked_user.into(),
            message: filled(wire.message),
        })
    }
}

/// A user was banned (`queup.user-ban`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UserBan {
    /// From which room.
    pub room: RoomId,
    /// Who banned.
    pub by: User,
    /// Who was banned.
    pub target: User,
    /// For how many minutes; 0 is for ever, absent where QueUp sent none.
    pub minutes: Option<i64>,
}

impl Payload for UserBan {
    known_as!(UserBan, "queup.user-ban");

    fn decode(event: &Event) -> Result<Self, DecodeError> {
        let wire: wire::Action<'_> = object(event)?;
        Ok(Self {
            room: room_of(event),
            by: wire.user.into(),
            target: wire.kicked_user.into(),
            minutes: wire.time,
        })
    }
}

/// Payloads about roles.
macro_rules! about_roles {
    ($($(#[$doc:meta])* $type:ident = $kind:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct $type {
            /// In which room.
            pub room: RoomId,
            /// Who did it: the wire's `user`.
            pub by: User,
            /// Whose role it is: the wire's `modUser`.
            pub target: User,
            /// Which role; absent where QueUp sent none.
            pub role: Option<Role>,
        }

        impl Payload for $type {
            known_as!($type, $kind);

            fn decode(event: &Event) -> Result<Self, DecodeError> {
                let wire: wire::Action<'_> = object(event)?;
                let role = match wire.role_object {
                    wire::Ref::Id(id) => Some(id),
                    wire::Ref::Object(role) => role.id,
                    wire::Ref::Nothing => None,
                };
                Ok(Self {
                    room: room_of(event),
                    by: wire.user.into(),
                    target: wire.mod_user.into(),
                    role: role.map(|id| Role::from_id(&id)),
                })
            }
        }
    )*};
}

about_roles! {
    /// A member was given a role (`queup.user-setrole`).
    UserSetRole = "queup.user-setrole";
    /// A role was taken from a member (`queup.user-unsetrole`).
    UserUnsetRole = "queup.user-unsetrole";
}

/// A user left a room (`queup.user-leave`).
///
/// The member's state before rides along, if it was cached.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UserLeave {
    /// Which room.
    pub room: RoomId,
    /// Who left.
    pub user: User,
}

impl Payload for UserLeave {
    known_as!(UserLeave, "queup.user-leave");

    fn decode(event: &Event) -> Result<Self, DecodeError> {
        let wire: wire::Action<'_> = object(event)?;
        Ok(Self {
            room: room_of(event),
            user: wire.user.into(),
        })
    }
}

/// A user's picture changed (`queup.user-update`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UserImage {
    /// In which room it was heard.
    pub room: RoomId,
    /// Whose picture; its id is empty where QueUp sent no user.
    pub user: User,
    /// Address of the new picture.
    pub avatar_url: Option<String>,
}

impl Payload for UserImage {
    known_as!(UserImage, "queup.user-update");

    fn decode(event: &Event) -> Result<Self, DecodeError> {
        let wire: wire::Action<'_> = object(event)?;
        let named = wire
            .kind
            .as_deref()
            .and_then(|name| name.rsplit('-').next());
        let named = named.map(UserId::from);
        let mut user = User::from(wire.user);
        if user.id.is_empty() {
            // The name of the event ends in the user's id.
            user.id = named.filter(UserId::is_account).unwrap_or_default();
        }
        Ok(Self {
            room: room_of(event),
            user,
            avatar_url: filled(wire.img.and_then(wire::Image::address)),
        })
    }
}

/// A member paused the own queue (`queup.user-pause-queue`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UserPauseQueue {
    /// In which room.
    pub room: RoomId,
    /// Whose queue.
    pub user: User,
    /// The member's state now, where QueUp sent it.
    pub member: Option<MemberState>,
}

impl Payload for UserPauseQueue {
    known_as!(UserPauseQueue, "queup.user-pause-queue");

    fn decode(event: &Event) -> Result<Self, DecodeError> {
        let wire: wire::Action<'_> = object(event)?;
        Ok(Self {
            room: room_of(event),
            user: wire.user.into(),
            member: wire.user_queue.map(MemberState::from),
        })
    }
}

/// A moderator paused a member's queue (`queup.user-pause-queue-mod`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UserPauseQueueMod {
    /// In which room.
    pub room: RoomId,
    /// Whose queue.
    pub user: User,
    /// Which moderator.
    pub by: User,
    /// The member's state now, where QueUp sent it.
    pub member: Option<MemberState>,
}

impl Payload for UserPauseQueueMod {
    known_as!(UserPauseQueueMod, "queup.user-pause-queue-mod");

    fn decode(event: &Event) -> Result<Self, DecodeError> {
        let wire: wire::Action<'_> = object(event)?;
        Ok(Self {
            room: room_of(event),
            user: wire.user.into(),
            by: wire.moderator.into(),
            member: wire.user_queue.map(MemberState::from),
        })
    }
}

/// A room's settings changed (`queup.room-update`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RoomUpdate {
    /// Which room.
    pub room: RoomId,
    /// The settings now.
    pub info: RoomInfo,
    /// Whether the password was changed.
    pub password_updated: bool,
}

impl Payload for RoomUpdate {
    known_as!(RoomUpdate, "queup.room-update");

    fn decode(event: &Event) -> Result<Self, DecodeError> {
        let wire: wire::Action<'_> = object(event)?;
        Ok(Self {
            room: room_of(event),
            info: wire.room.object().map(RoomInfo::from).unwrap_or_default(),
            password_updated: wire.password_updated.unwrap_or_default(),
        })
    }
}

/// Payloads about one switch of a room.
macro_rules! switched {
    ($($(#[$doc:meta])* $type:ident = $kind:literal, $field:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct $type {
            /// Which room.
            pub room: RoomId,
            /// Who switched it.
            pub user: User,
            /// Whether it is on now; absent where QueUp sent none.
            pub on: Option<bool>,
        }

        impl Payload for $type {
            known_as!($type, $kind);

            fn decode(event: &Event) -> Result<Self, DecodeError> {
                let wire: wire::Action<'_> = object(event)?;
                Ok(Self {
                    room: room_of(event),
                    user: wire.user.into(),
                    on: wire.room.as_object().and_then(|room| room.$field),
                })
            }
        }
    )*};
}

switched! {
    /// A room's queue was locked or unlocked (`queup.room-lock-queue`).
    RoomLockQueue = "queup.room-lock-queue", lock_queue;
    /// Slow mode was switched (`queup.room-slow-mode`).
    RoomSlowMode = "queup.room-slow-mode", slow_mode;
    /// Whether guests may chat was switched (`queup.room-allow-guest-chat`).
    RoomAllowGuestChat = "queup.room-allow-guest-chat", allow_guests_to_chat;
    /// Whether guests may embed was switched (`queup.room-allow-guest-embed`).
    RoomAllowGuestEmbed = "queup.room-allow-guest-embed", allow_guests_to_embed;
}

/// A song was commented on (`queup.comment-add`, `queup.comment-remove`, `queup.comment-update`).
///
/// Little of it is documented; the body has all as sent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Comment {
    /// In which room.
    pub room: RoomId,
    /// The event's kind: what happened to the comment.
    pub kind: Kind,
    /// What was said, where QueUp sent it.
    pub text: Option<String>,
    /// Media or comment that it is about: the id at the end of the event's own name, where it has one.
    pub about: Option<String>,
}

impl Payload for Comment {
    const KINDS: &'static [&'static str] = &[
        "queup.comment-add",
        "queup.comment-remove",
        "queup.comment-update",
    ];
    type View<'a> = Self;

    fn view(event: &Event) -> Result<Self, DecodeError> {
        Self::decode(event)
    }

    fn decode(event: &Event) -> Result<Self, DecodeError> {
        let wire: wire::Action<'_> = object(event)?;
        let is_id = |id: &&str| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        let name = wire.kind.as_deref().unwrap_or_default();
        let about = name.strip_prefix("comment-update-").filter(is_id);
        Ok(Self {
            room: room_of(event),
            kind: event.kind().clone(),
            text: filled(wire.comment),
            about: about.map(str::to_owned),
        })
    }
}

/// Something that is known by name or number only: its body is kept as sent.
///
/// It is registered for the actions whose content nobody has documented; any event can be read as one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unknown {
    /// What it is called.
    pub kind: Kind,
    /// Where it happened.
    pub place: Place,
    /// The body, byte for byte; it may not be JSON.
    pub body: bytes::Bytes,
}

impl Payload for Unknown {
    const KINDS: &'static [&'static str] = &[
        "queup.message",
        "queup.room_action",
        "queup.packet",
        "queup.heartbeat",
        "queup.ack",
        "queup.nack",
        "queup.connect",
        "queup.disconnect",
        "queup.disconnected",
        "queup.close",
        "queup.closed",
        "queup.join_room",
        "queup.leave_room",
        "queup.sync",
        "queup.token",
    ];
    type View<'a> = Self;

    fn view(event: &Event) -> Result<Self, DecodeError> {
        Self::decode(event)
    }

    fn decode(event: &Event) -> Result<Self, DecodeError> {
        Ok(Self {
            kind: event.kind().clone(),
            place: event.place().clone(),
            body: event.body().clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(name: &str, kind: &str) {
        assert_eq!(room_action_kind(name).expect("a kind").as_str(), kind);
    }

    #[test]
    fn an_id_inside_a_name_is_left_out_of_the_kind() {
        check("user_update_5f1c0aa1b2c3d4e5f607182a", "queup.user_update");
        check("user-update-5f1c0aa1b2c3d4e5f607182a", "queup.user-update");
        check("comment-update-5f1c", "queup.comment-update");
        check("user-update-later", "queup.user-update-later");
        check("user_update_", "queup.user_update_");
        check("*", "queup.*");
        check("brand-new", "queup.brand-new");
        assert_eq!(room_action_kind(""), None);
        assert_eq!(room_action_kind(&"x".repeat(1000)), None);
        assert_eq!(room_action_kind("packet"), None, "antiphon's own word");
    }

    #[test]
    fn every_channel_has_a_place() {
        assert_eq!(channel_place("room:5a").as_str(), "room/5a");
        assert_eq!(channel_place("user:5f").as_str(), "user/5f");
        assert_eq!(channel_place("lobby").as_str(), "channel/lobby");
        assert_eq!(channel_place("room:").as_str(), "channel/room:");
    }

    #[test]
    fn no_kind_is_listed_twice() {
        let mut kinds: Vec<_> = KINDS.iter().map(|info| info.kind).collect();
        kinds.sort_unstable();
        let count = kinds.len();
        kinds.dedup();
        assert_eq!(kinds.len(), count);
    }
}
