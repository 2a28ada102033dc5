//! Payload types, and the step from wire to event.

use std::{ops::Deref, time::Duration};

use antiphon_core::{DecodeError, Event, Keep, Kind, KindInfo, Payload, Place};
use serde_json::value::RawValue;

use crate::{
    model::{
        ChatId, ConversationId, ConversationInfo, DubType, MemberState, Message, Presence, Role,
        RoomId, RoomInfo, Song, SongInfo, User, UserId,
    },
    view, wire,
};

// ---------------------------------------------------------------------------------------------------------------------
// From the wire to values.

#[expect(
    clippy::needless_pass_by_value,
    reason = "callers have no more use for it"
)]
fn id<T: for<'a> From<&'a str>>(text: Option<std::borrow::Cow<'_, str>>) -> T {
    T::from(text.as_deref().unwrap_or_default())
}

fn owned(text: Option<std::borrow::Cow<'_, str>>) -> Option<String> {
    text.map(std::borrow::Cow::into_owned)
}

/// A text that is worth having only if it is not empty.
fn filled(text: Option<std::borrow::Cow<'_, str>>) -> Option<String> {
    owned(text).filter(|text| !text.is_empty())
}

impl From<wire::User<'_>> for User {
    fn from(wire: wire::User<'_>) -> Self {
        Self {
            id: id(wire.id),
            username: owned(wire.username).unwrap_or_default(),
            created_at: wire.created,
            avatar_url: filled(wire.profile_image.and_then(wire::Image::address)),
            dubs: wire.dubs,
            site_role: wire.roleid,
        }
    }
}

impl From<wire::Ref<'_, wire::User<'_>>> for User {
    /// A user of whom at least the id is known, or nothing at all.
    fn from(wire: wire::Ref<'_, wire::User<'_>>) -> Self {
        match wire {
            wire::Ref::Id(text) => Self {
                id: id(Some(text)),
                ..Self::default()
            },
            wire::Ref::Object(user) => (*user).into(),
            wire::Ref::Nothing => Self::default(),
        }
    }
}

impl From<wire::Member<'_>> for MemberState {
    fn from(wire: wire::Member<'_>) -> Self {
        Self::default().with(wire)
    }
}

impl MemberState {
    /// The state with what the wire says laid over it: events leave out most of what did not change.
    pub(crate) fn with(self, wire: wire::Member<'_>) -> Self {
        let embedded_id = wire.user.as_id().map(|id| UserId::from(&**id));
        let embedded = wire.user.object().map(User::from);
        let user = match wire.userid {
            Some(user) if !user.is_empty() => UserId::from(&*user),
            _ => embedded_id
                .or_else(|| embedded.as_ref().map(|user| user.id.clone()))
                .unwrap_or(self.user),
        };
        let role = match wire.roleid {
            wire::Ref::Id(id) => Some(id),
            wire::Ref::Object(role) => role.id,
            wire::Ref::Nothing => None,
        };
        // The reference's default is 0, which stands for no time at all.
        let real = |time: &jiff::Timestamp| time.as_millisecond() != 0;
        Self {
            id: filled(wire.id).map_or(self.id, Into::into),
            user,
            room: filled(wire.roomid).map(RoomId::from).or(self.room),
            embedded: embedded.or(self.embedded),
            dubs: wire.dubs.unwrap_or(self.dubs),
            order: wire.order.unwrap_or(self.order),
            authorized: wire.authorized.unwrap_or(self.authorized),
            active: wire.active.unwrap_or(self.active),
            skipped: wire.skipped_count.unwrap_or(self.skipped),
            played: wire.played_count.unwrap_or(self.played),
            queued_now: wire.songs_in_queue.unwrap_or(self.queued_now),
            wait_line: wire.wait_line.unwrap_or(self.wait_line),
            banned: wire.banned.unwrap_or(self.banned),
            banned_time: wire.banned_time.filter(real).or(self.banned_time),
            banned_until: wire.banned_until.filter(real).or(self.banned_until),
            muted: wire.muted.unwrap_or(self.muted),
            queue_paused: wire.queue_paused.or(self.queue_paused),
            role: role
                .filter(|id| !id.is_empty())
                .map(|id| Role::from_id(&id))
                .or(self.role),
        }
    }
}

impl From<wire::Room<'_>> for RoomInfo {
    fn from(wire: wire::Room<'_>) -> Self {
        Self {
            id: id(wire.id),
            name: owned(wire.name).unwrap_or_default(),
            description: owned(wire.description).unwrap_or_default(),
            slug: id(wire.room_url),
            rtc: owned(wire.real_time_channel).unwrap_or_default(),
            room_type: owned(wire.room_type).unwrap_or_default(),
            is_public: wire.is_public.unwrap_or_default(),
            display: owned(wire.room_display),
            lang: owned(wire.lang),
            music_type: owned(wire.music_type),
            creator: filled(wire.userid).map(UserId::from),
            created_at: wire.created,
            active_users: wire.active_users,
            max_song_minutes: wire.max_length_song,
            repeat_minutes: wire.time_song_queue_repeat,
            max_queue_length: wire.max_song_queue_length,
            lock_queue: wire.lock_queue,
            slow_mode: wire.slow_mode,
            allow_guests_to_chat: wire.allow_guests_to_chat,
            allow_guests_to_embed: wire.allow_guests_to_embed,
            welcome_message: filled(wire.welcome_message),
        }
    }
}

impl From<wire::SongInfo<'_>> for SongInfo {
    fn from(wire: wire::SongInfo<'_>) -> Self {
        Self {
            id: id(wire.id),
            name: owned(wire.name).unwrap_or_default(),
            media_id: owned(wire.fkid).unwrap_or_default(),
            source: owned(wire.source).unwrap_or_default(),
            created_at: wire.created,
            length: wire.song_length.unwrap_or_default(),
            thumbnail: filled(wire.images.and_then(|images| images.thumbnail)),
        }
    }
}

impl From<wire::QueueItem<'_>> for Song {
    fn from(wire: wire::QueueItem<'_>) -> Self {
        let user = filled(wire.userid).or_else(|| wire.user.id().map(str::to_owned));
        let song_id = wire.song.as_id().map(ToString::to_string);
        let song_info = wire.song.object().map(SongInfo::from);
        let song_info_id = filled(wire.songid)
            .or(song_id)
            .map(Into::into)
            .or_else(|| song_info.as_ref().map(|info| info.id.clone()))
            .unwrap_or_default();
        Self {
            id: id(wire.id),
            created_at: wire.created,
            played_at: wire.played,
            active: wire.is_active.unwrap_or_default(),
            played: wire.is_played.unwrap_or_default(),
            skipped: wire.skipped.unwrap_or_default(),
            order: wire.order.unwrap_or_default(),
            length: wire.song_length.unwrap_or_default(),
            up_dubs: wire.updubs.unwrap_or_default(),
            down_dubs: wire.downdubs.unwrap_or_default(),
            grabs: wire.grabs,
            room: id(wire.roomid),
            song_info_id,
            song_info,
            user: user.map(UserId::from),
        }
    }
}

impl Song {
    /// The song with the media that travelled beside it.
    pub(crate) fn with_info(mut self, info: Option<wire::SongInfo<'_>>) -> Self {
        if let Some(info) = info {
            let info = SongInfo::from(info);
            if self.song_info_id.is_empty() {
                self.song_info_id = info.id.clone();
            }
            self.song_info = Some(info);
        }
        self
    }
}

impl From<wire::Chat<'_>> for Message {
    fn from(wire: wire::Chat<'_>) -> Self {
        let (asked_id, asked_text, asked_time) = match wire.req {
            Some(asked) => (asked.chatid, asked.message, asked.time),
            None => (None, None, None),
        };
        let id: ChatId = id(wire.chatid.or(asked_id));
        let mut author = User::from(wire.user);
        if author.id.is_empty()
            && let Some((user, _)) = id.parts()
        {
            author.id = user;
        }
        let member = wire.queue_object.map(MemberState::from);
        Self {
            content: owned(wire.message.or(asked_text)).unwrap_or_default(),
            deleted: false,
            created_at: wire.time.or(asked_time).or_else(|| {
                let (_, ms) = id.parts()?;
                jiff::Timestamp::from_millisecond(ms).ok()
            }),
            author,
            room: member.as_ref().and_then(|member| member.room.clone()),
            member,
            id,
        }
    }
}

impl From<wire::PrivateRow<'_>> for Message {
    fn from(wire: wire::PrivateRow<'_>) -> Self {
        let mut author = User::from(wire.user);
        if author.id.is_empty() {
            author.id = id(wire.userid);
        }
        Self {
            id: id(wire.id),
            content: owned(wire.message).unwrap_or_default(),
            deleted: false,
            created_at: wire.created,
            author,
            member: None,
            room: None,
        }
    }
}

impl From<wire::Conversation<'_>> for ConversationInfo {
    fn from(wire: wire::Conversation<'_>) -> Self {
        Self {
            id: id(wire.id),
            created_at: wire.created,
            latest_message: wire.latest_message,
            latest_message_str: owned(wire.latest_message_str).unwrap_or_default(),
            users: wire.usersid.0.into_iter().map(User::from).collect(),
            users_read: wire
                .users_read
                .0
                .iter()
                .filter_map(|user| user.id().map(UserId::from))
                .collect(),
        }
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// Kinds, places and origins.

/// The kind of an action other than 15, by its number.
pub(crate) fn action_kind(action: i64) -> Kind {
    Kind::from_static(match action {
        0 => "queup.heartbeat",
        1 => "queup.ack",
        2 => "queup.nack",
        3 => "queup.connect",
        4 => "queup.connected",
        5 => "queup.disconnect",
        6 => "queup.disconnected",
        7 => "queup.close",
        8 => "queup.closed",
        9 => "queup.error",
        10 => "queup.join_room",
        11 => "queup.joined_room",
        12 => "queup.leave_room",
        13 => "queup.left_room",
        14 => "queup.presence_change",
        15 => ROOM_ACTION,
        16 => "queup.sync",
        17 => "queup.token",
        other => return Kind::new(format!("queup.{other}")),
    })
}

/// The kind of a message that is not an action at all.
pub(crate) const MESSAGE: &str = "queup.message";
/// The kind of an action 15 that says nothing we can name.
pub(crate) const ROOM_ACTION: &str = "queup.room_action";

/// The longest name that becomes a kind; documented ones have up to 33 characters.
const LONGEST_NAME: usize = 128;

/// The kind of an action 15 with this name; `None` if nothing can be named so.
pub(crate) fn room_action_kind(name: &str) -> Option<Kind> {
    if name.is_empty() || name.len() > LONGEST_NAME {
        return None;
    }
    // The hot ones allocate nothing.
    Some(match name {
        "chat-message" => Kind::from_static("queup.chat-message"),
        "room_playlist-dub" => Kind::from_static("queup.room_playlist-dub"),
        "room_playlist-update" => Kind::from_static("queup.room_playlist-update"),
        "room_playlist-queue-update-dub" => {
            Kind::from_static("queup.room_playlist-queue-update-dub")
        }
        "user-join" => Kind::from_static("queup.user-join"),
        "user-leave" => Kind::from_static("queup.user-leave"),
        "new-message" => Kind::from_static("queup.new-message"),
        _ => match family(name) {
            Some(kind) => Kind::from_static(kind),
            None => Kind::new(format!("queup.{name}")),
        },
    })
}

/// The kind of a name that ends in an id, which the kind leaves out.
fn family(name: &str) -> Option<&'static str> {
    let is_id = |id: &str| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    let families = [
        ("user_update_", "queup.user_update"),
        ("user-update-", "queup.user-update"),
        ("comment-update-", "queup.comment-update"),
    ];
    families.into_iter().find_map(|(prefix, kind)| {
        name.strip_prefix(prefix)
            .filter(|id| is_id(id))
            .map(|_| kind)
    })
}

/// The place of a channel.
pub(crate) fn channel_place(channel: &str) -> Place {
    match channel.split_once(':') {
        Some(("room", room)) if !room.is_empty() => Place::root().join("room", room),
        Some(("user", user)) if !user.is_empty() => Place::root().join("user", user),
        _ => Place::root().join("channel", channel),
    }
}

/// The place of a room.
pub(crate) fn room_place(room: &RoomId) -> Place {
    Place::root().join("room", room.as_str())
}

/// The place of the own account.
pub(crate) fn user_place(user: &UserId) -> Place {
    Place::root().join("user", user.as_str())
}

/// The room an event happened in; empty if its place is not a room.
pub(crate) fn room_of(event: &Event) -> RoomId {
    event.place().id("room").unwrap_or_default().into()
}

/// Reads a body that must be an object; serde alone would take a list for one.
pub(crate) fn object<'a, T: serde::Deserialize<'a>>(event: &'a Event) -> Result<T, DecodeError> {
    let first = event.body().iter().find(|byte| !byte.is_ascii_whitespace());
    if first == Some(&b'{') {
        event.parse()
    } else {
        Err(event.undecodable::<T>("not an object"))
    }
}

fn is_in_room(event: &Event) -> bool {
    event.place().id("room").is_some()
}

/// How long presence and the like are kept: 15 minutes.
const MOMENT: Duration = Duration::from_secs(15 * 60);

// ---------------------------------------------------------------------------------------------------------------------
// Payloads.

macro_rules! known_as {
    ($type:ident, $kind:literal) => {
        const KINDS: &'static [&'static str] = &[$kind];
        type View<'a> = Self;

        fn view(event: &Event) -> Result<Self, DecodeError> {
            Self::decode(event)
        }
    };
}

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
/// Whoever wants the changes of the song only compares [`Song::id`] with the last one.
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
/// Its fields are not documented; the body has them as sent.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Comment {
    /// In which room.
    pub room: RoomId,
    /// The event's kind: what happened to the comment.
    pub kind: Kind,
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
        Ok(Self {
            room: room_of(event),
            kind: event.kind().clone(),
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

// ---------------------------------------------------------------------------------------------------------------------
// State that the source fetched.

/// The own account, as fetched when the source logged in (`queup.session`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Session {
    /// Own user.
    pub user: User,
}

impl Payload for Session {
    known_as!(Session, "queup.session");

    fn decode(event: &Event) -> Result<Self, DecodeError> {
        Ok(Self {
            user: object::<wire::User<'_>>(event)?.into(),
        })
    }
}

/// A room, as fetched when it was joined (`queup.room`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RoomState {
    /// What is known about it.
    pub info: RoomInfo,
}

impl Payload for RoomState {
    known_as!(RoomState, "queup.room");

    fn decode(event: &Event) -> Result<Self, DecodeError> {
        let mut info = RoomInfo::from(object::<wire::Room<'_>>(event)?);
        if info.id.is_empty() {
            info.id = room_of(event);
        }
        Ok(Self { info })
    }
}

/// Everyone in a room, as fetched when it was joined (`queup.room_users`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RoomUsers {
    /// Which room.
    pub room: RoomId,
    /// Its members, with the users embedded.
    pub members: Vec<MemberState>,
}

impl Payload for RoomUsers {
    known_as!(RoomUsers, "queup.room_users");

    fn decode(event: &Event) -> Result<Self, DecodeError> {
        let room = room_of(event);
        let list: wire::List<wire::Member<'_>> = event.parse()?;
        let members = list.0.into_iter().map(|member| {
            let mut member = MemberState::from(member);
            member.room = Some(room.clone());
            member
        });
        Ok(Self {
            members: members.collect(),
            room,
        })
    }
}

/// The playing song, as fetched (`queup.playlist_active`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlaylistActive {
    /// In which room.
    pub room: RoomId,
    /// The song; absent while nothing plays.
    pub song: Option<Song>,
    /// Seconds since it began.
    pub start_time: Option<i64>,
}

impl Payload for PlaylistActive {
    known_as!(PlaylistActive, "queup.playlist_active");

    fn decode(event: &Event) -> Result<Self, DecodeError> {
        let wire: Option<wire::Active<'_>> = event.parse()?;
        let wire = wire.unwrap_or_default();
        let info = wire.song_info;
        Ok(Self {
            room: room_of(event),
            song: wire.song.map(|song| Song::from(song).with_info(info)),
            start_time: wire.start_time.filter(|seconds| *seconds >= 0),
        })
    }
}

/// Who dubbed the playing song, as fetched (`queup.playlist_active_dubs`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ActiveDubs {
    /// In which room.
    pub room: RoomId,
    /// The song they dubbed; compare it with the one you mean.
    pub song: Option<Song>,
    /// Who dubbed it up.
    pub up_dubs: Vec<UserId>,
    /// Who dubbed it down.
    pub down_dubs: Vec<UserId>,
}

impl ActiveDubs {
    pub(crate) fn from_wire(room: RoomId, wire: wire::ActiveDubs<'_>) -> Self {
        let users = |votes: wire::List<wire::Vote<'_>>| {
            let users = votes.0.into_iter();
            users
                .filter_map(|vote| filled(vote.userid).map(UserId::from))
                .collect()
        };
        Self {
            room,
            song: wire.current_song.map(Song::from),
            up_dubs: users(wire.up_dubs),
            down_dubs: users(wire.down_dubs),
        }
    }
}

impl Payload for ActiveDubs {
    known_as!(ActiveDubs, "queup.playlist_active_dubs");

    fn decode(event: &Event) -> Result<Self, DecodeError> {
        let wire: Option<wire::ActiveDubs<'_>> = event.parse()?;
        Ok(Self::from_wire(room_of(event), wire.unwrap_or_default()))
    }
}

/// A room's queue, as fetched (`queup.playlist_details`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlaylistDetails {
    /// In which room.
    pub room: RoomId,
    /// Its songs, in order; what QueUp sent as null is left out.
    pub songs: Vec<Song>,
}

impl Payload for PlaylistDetails {
    known_as!(PlaylistDetails, "queup.playlist_details");

    fn decode(event: &Event) -> Result<Self, DecodeError> {
        let list: wire::List<wire::QueueItem<'_>> = event.parse()?;
        Ok(Self {
            room: room_of(event),
            songs: list.0.into_iter().map(Song::from).collect(),
        })
    }
}

/// The account's private conversations, as fetched (`queup.conversations`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Conversations {
    /// All of them.
    pub conversations: Vec<ConversationInfo>,
}

impl Payload for Conversations {
    known_as!(Conversations, "queup.conversations");

    fn decode(event: &Event) -> Result<Self, DecodeError> {
        let list: wire::List<wire::Conversation<'_>> = event.parse()?;
        Ok(Self {
            conversations: list.0.into_iter().map(ConversationInfo::from).collect(),
        })
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// The table of kinds.

const fn info(
    kind: &'static str,
    payload: &'static str,
    reference: &'static str,
    about: &'static str,
) -> KindInfo {
    KindInfo {
        kind,
        payload,
        reference,
        about,
        keep: Keep::Lasting,
    }
}

const fn moment(
    kind: &'static str,
    payload: &'static str,
    reference: &'static str,
    about: &'static str,
) -> KindInfo {
    KindInfo {
        keep: Keep::Momentary(MOMENT),
        ..info(kind, payload, reference, about)
    }
}

/// Every typed kind of this platform, with the reference library's name for it.
#[rustfmt::skip]
pub const KINDS: &[KindInfo] = &[
    info("queup.connected", "Ready", "on_ready", "the socket is established"),
    info("queup.joined_room", "JoinedRoom", "on_joined_room", "a room was joined"),
    moment("queup.presence_change", "MemberPresence", "on_member_presence", "a user changed presence in a room"),
    info("queup.chat-message", "Chat", "on_chat", "chat in a joined room"),
    info("queup.delete-chat-message", "ChatDelete", "on_chat_delete", "a message was deleted"),
    info("queup.room_playlist-dub", "Dub", "on_dub", "a user dubbed a song"),
    info("queup.room_playlist-update", "PlaylistSongAdd", "on_playlist_song_add", "a song was added to the queue, or began"),
    info("queup.user-join", "MemberJoin", "on_member_join", "a user joined a room"),
    info("queup.user_update", "MemberUpdate", "on_member_update", "a member's state changed"),
    info("queup.new-message", "PrivateMessage", "on_private_message", "someone else wrote in a conversation"),
    info("queup.left_room", "LeftRoom", "", "a room was left"),
    info("queup.error", "ErrorNotice", "", "the socket server reported an error"),
    info("queup.chat-skip", "ChatSkip", "", "a song was skipped"),
    info("queup.delete-chat-message-global", "ChatDeleteGlobal", "", "all messages of one author were deleted"),
    info("queup.room_playlist-queue-update-grabs", "Grab", "", "a user grabbed a song"),
    info("queup.room_playlist-queue-update-dub", "QueueUpdateDub", "", "a user changed the own queue"),
    info("queup.room_playlist-queue-update", "QueueUpdate", "", "a room's queue changed"),
    info("queup.room_playlist-queue-reorder", "QueueReorder", "", "a moderator reordered the queue"),
    info("queup.room_playlist-queue-remove-user-song", "QueueRemoveUserSong", "", "a moderator removed a DJ's next song"),
    info("queup.room_playlist-queue-remove-user", "QueueRemoveUser", "", "a moderator removed a DJ from the queue"),
    info("queup.room-update", "RoomUpdate", "", "a room's settings changed"),
    info("queup.room-lock-queue", "RoomLockQueue", "", "a room's queue was locked or unlocked"),
    info("queup.room-slow-mode", "RoomSlowMode", "", "slow mode was switched"),
    info("queup.room-allow-guest-chat", "RoomAllowGuestChat", "", "whether guests may chat was switched"),
    info("queup.room-allow-guest-embed", "RoomAllowGuestEmbed", "", "whether guests may embed was switched"),
    info("queup.user-leave", "UserLeave", "", "a user left a room"),
    info("queup.user-kick", "UserKick", "", "a member was kicked"),
    info("queup.user-ban", "UserBan", "", "a user was banned"),
    info("queup.user-unban", "UserUnban", "", "a user was unbanned"),
    info("queup.user-mute", "UserMute", "", "a member was muted"),
    info("queup.user-unmute", "UserUnmute", "", "a member was unmuted"),
    info("queup.user-setrole", "UserSetRole", "", "a member was given a role"),
    info("queup.user-unsetrole", "UserUnsetRole", "", "a role was taken from a member"),
    info("queup.user-update", "UserImage", "", "a user's picture changed"),
    info("queup.user-pause-queue", "UserPauseQueue", "", "a member paused the own queue"),
    info("queup.user-pause-queue-mod", "UserPauseQueueMod", "", "a moderator paused a member's queue"),
    info("queup.comment-add", "Comment", "", "a song was commented on"),
    info("queup.comment-remove", "Comment", "", "a comment on a song was removed"),
    info("queup.comment-update", "Comment", "", "a comment on a song was changed"),
    info("queup.session", "Session", "", "own account, as fetched"),
    info("queup.room", "RoomState", "", "a room, as fetched"),
    info("queup.room_users", "RoomUsers", "", "everyone in a room, as fetched"),
    info("queup.playlist_active", "PlaylistActive", "", "the playing song, as fetched"),
    info("queup.playlist_active_dubs", "ActiveDubs", "", "who dubbed the playing song, as fetched"),
    info("queup.playlist_details", "PlaylistDetails", "", "a room's queue, as fetched"),
    info("queup.conversations", "Conversations", "", "the account's conversations, as fetched"),
    moment("queup.heartbeat", "Unknown", "", "action 0; no content is documented"),
    moment("queup.ack", "Unknown", "", "action 1; no content is documented"),
    moment("queup.nack", "Unknown", "", "action 2; no content is documented"),
    moment("queup.connect", "Unknown", "", "action 3; no content is documented"),
    moment("queup.disconnect", "Unknown", "", "action 5; no content is documented"),
    moment("queup.disconnected", "Unknown", "", "action 6; no content is documented"),
    moment("queup.close", "Unknown", "", "action 7; no content is documented"),
    moment("queup.closed", "Unknown", "", "action 8; no content is documented"),
    moment("queup.join_room", "Unknown", "", "action 10, which only clients send"),
    moment("queup.leave_room", "Unknown", "", "action 12, which only clients send"),
    moment("queup.sync", "Unknown", "", "action 16; no content is documented"),
    moment("queup.token", "Unknown", "", "action 17; it carries a token, so it is kept briefly"),
];

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
