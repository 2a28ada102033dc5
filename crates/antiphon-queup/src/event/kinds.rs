//! The table of kinds: one row for each payload, with its kinds, its fields, and how each is read.
//!
//! The form of a row; parts in brackets may be left out:
//!
//! ```text
//! /// Documentation of the payload.
//! Payload [in room] [view View] {
//!     "name" [= number] [as "reference"]: "meaning"[, momentary | own];
//!     [if condition;]
//!     [let local = value;]
//!     /// Documentation of the field.
//!     field: Type = value,
//! }
//! ```
//!
//! - `in room` adds the field `room`, read from the event's place.
//! - `view View` has filters look at [`view::View`](crate::view); without it they look at the payload itself.
//! - `"name"` is a kind without its `queup.`, `number` the number of the action that it names (protocol §3.2), and
//!   `reference` the reference library's word.
//! - A `momentary` kind is kept for 15 minutes. An `own` name is antiphon's: no room action can have it.
//! - `if` leaves out events of the kind that are none of the payload.
//!
//! Decoding fails only if the body is no JSON, or no object where one is expected: a field of another type counts as
//! absent. So a payload of QueUp never becomes a dead letter over one odd value.

use std::time::Duration;

use antiphon_core::{DecodeError, Event, Kind, KindInfo, Payload, Place};

use super::{
    convert::{filled, id, owned, role, since_start, voters},
    is_in_room, room_of, words,
};
use crate::{
    model::{
        ChatId, ConversationId, ConversationInfo, DubType, MemberState, Message, Presence, Role,
        RoomId, RoomInfo, Song, User, UserId,
    },
    view, wire,
};

/// Time for which momentary kinds are kept.
const MOMENT: Duration = Duration::from_secs(15 * 60);

/// Writes the payload types, [`KINDS`], [`listed`] and [`action_kind`].
macro_rules! payloads {
    (|$event:ident| $(
        $(#[$doc:meta])+
        $payload:ident $(in $room:ident)? $(view $view:ident)? {
            $($name:literal $(= $number:literal)? $(as $reference:literal)?: $about:literal $(, $how:ident)?;)+
            $(if $condition:expr;)?
            $(let $local:ident $(: $type:ty)? = $init:expr;)*
            $($(#[$field_doc:meta])+ $field:ident: $field_type:ty = $value:expr,)*
        }
    )+) => {
        $(
            $(#[$doc])+
            ///
            #[doc = concat!("Kind: " $(, "`queup.", $name, "` ")+)]
            #[derive(Clone, Debug, PartialEq, Eq)]
            #[non_exhaustive]
            pub struct $payload {
                $(
                    /// Room it happened in.
                    pub $room: RoomId,
                )?
                $($(#[$field_doc])+ pub $field: $field_type,)*
            }

            impl Payload for $payload {
                const KINDS: &'static [&'static str] = &[$(concat!("queup.", $name)),+];

                payloads!(@view $($view)?);

                $(fn concerns($event: &Event) -> bool {
                    $condition
                })?

                fn decode($event: &Event) -> Result<Self, DecodeError> {
                    $(let $local $(: $type)? = $init;)*
                    Ok(Self {
                        $($room: room_of($event),)?
                        $($field: $value,)*
                    })
                }
            }
        )+

        /// Every typed kind of this platform, with the reference library's name for it.
        ///
        /// ```
        /// let chat = antiphon_queup::KINDS.iter().find(|info| info.reference == "on_chat");
        /// let chat = chat.expect("it is listed");
        /// assert_eq!((chat.kind, chat.payload), ("queup.chat-message", "Chat"));
        /// ```
        pub const KINDS: &[KindInfo] = &[$($(
            payloads!(@keep $($how)?, KindInfo::new(
                concat!("queup.", $name),
                stringify!($payload),
                concat!($($reference)?),
                $about,
            )),
        )+)+];

        /// Reads an event as every payload of its kind, as filters and handlers do.
        #[cfg(any(test, fuzzing))]
        pub(crate) fn read_all(event: &Event) {
            fn read<P: Payload>(event: &Event) {
                if P::KINDS.contains(&event.kind().as_str()) && P::concerns(event) {
                    let _ = (P::view(event).is_ok(), P::decode(event).is_ok());
                }
            }
            $(read::<$payload>(event);)+
        }

        /// The kind with this name, if the table has it, and whether the name is antiphon's own.
        pub(super) fn listed(name: &str) -> Option<(&'static str, bool)> {
            Some(match name {
                $($($name => (concat!("queup.", $name), payloads!(@own $($how)?)),)+)+
                _ => return None,
            })
        }

        /// The kind of an action by its number (protocol §3.2).
        pub(crate) fn action_kind(action: i64) -> Kind {
            Kind::from_static(match action {
                $($($($number => concat!("queup.", $name),)?)+)+
                other => return Kind::new(format!("queup.{other}")),
            })
        }
    };

    (@view) => {
        type View<'a> = Self;

        fn view(event: &Event) -> Result<Self, DecodeError> {
            Self::decode(event)
        }
    };
    (@view $view:ident) => {
        type View<'a> = view::$view<'a>;

        fn view(event: &Event) -> Result<view::$view<'_>, DecodeError> {
            view::$view::of(event)
        }
    };

    (@keep momentary, $info:expr) => { $info.momentary(MOMENT) };
    (@keep $($own:ident)?, $info:expr) => { $info };

    (@own own) => { true };
    (@own $($momentary:ident)?) => { false };
}

payloads! { |event|

/// The socket is established; the usual place to join rooms.
///
/// It comes for every socket, so again after each reconnect: rooms that were joined are joined again by the source, and
/// need nothing of a handler.
Ready {
    "connected" = 4 as "on_ready": "the socket is established";
    let wire: wire::Outer<'_> = event.parse_object()?;
    /// Own user's id, as the socket knows it.
    user: UserId = id(wire.client_id),
    /// Id of the connection, new with every socket.
    connection: String = owned(wire.connection_id.or(wire.socket_id)).unwrap_or_default(),
}

/// A room was joined: the socket is attached to its channel.
///
/// It comes again after every reconnect. The own user's channel is attached in the same way, and is no room.
///
/// ```no_run
/// use antiphon_queup::{Client, JoinedRoom, SendError};
///
/// /// Greets once for each connection; keep a note of one's own to greet once a day.
/// async fn greet(joined: JoinedRoom, client: &Client) -> Result<(), SendError> {
///     if let Some(room) = client.room(&joined.room) {
///         room.send_message("hello again").await?;
///     }
///     Ok(())
/// }
/// ```
JoinedRoom in room {
    "joined_room" = 11 as "on_joined_room": "a room was joined";
    if is_in_room(event);
}

/// A user changed presence in a room: became visible or invisible, which is neither joining nor leaving.
///
/// Guests have no user; raw handlers see their presence. It is kept for 15 minutes.
MemberPresence in room {
    "presence_change" = 14 as "on_member_presence": "a user changed presence in a room", momentary;
    if is_in_room(event) && Self::decode(event).is_ok_and(|presence| presence.user.is_account());
    let wire: wire::Outer<'_> = event.parse_object()?;
    let presence = wire.presence.unwrap_or_default();
    /// User whose presence changed.
    user: UserId = id(presence.client_id),
    /// Presence now.
    presence: Presence = Presence::from_number(presence.action),
}

/// A user sent a message in a room.
///
/// Own messages come too: a bot that answers compares `author.id` with its own. Messages of an outage come from the
/// room's history, with the provenance `backfilled`; a bot that answers late looks at that, or at
/// [`created_at`](crate::Message).
///
/// # Examples
/// ```
/// use antiphon_core::{Draft, Event, Kind, Origin, Payload as _, Place, Position};
/// use antiphon_queup::Chat;
///
/// let body = r#"{"chatid":"5f1c0aa1b2c3d4e5f607182a-1720000001000","message":"it&#39;s &lt;fine&gt;","time":1720000001000,
///     "user":{"_id":"5f1c0aa1b2c3d4e5f607182a","username":"teo"}}"#;
/// let place = Place::root().join("room", "5a77aa00bb11cc22dd33ee44");
/// let time = "2026-01-01T00:00:00Z".parse()?;
/// let draft = Draft::new(Kind::from_static("queup.chat-message"), place, Origin::frame("c1", 1), time, body);
/// let chat = Chat::decode(&Event::stored(Position::new(1), "queup".into(), draft))?;
///
/// // It derefs to its message, whose text is without HTML escapes.
/// assert_eq!((&*chat.author.username, &*chat.content), ("teo", "it's <fine>"));
/// assert_eq!(chat.room, "5a77aa00bb11cc22dd33ee44");
/// assert_eq!(chat.created_at.map(|time| time.as_millisecond()), Some(1_720_000_001_000));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A filter looks at the view alone:
///
/// ```
/// use antiphon_core::{Event, Payload as _};
/// use antiphon_queup::Chat;
///
/// /// The word behind an exclamation mark.
/// fn command(event: &Event) -> Option<String> {
///     let chat = Chat::view(event).ok()?;
///     chat.content.strip_prefix('!').map(str::to_owned)
/// }
/// # let _ = command;
/// ```
Chat in room view Chat {
    "chat-message" as "on_chat": "chat in a joined room";
    let wire: wire::Chat<'_> = event.parse_object()?;
    /// Message, with its author.
    message: Message = Message { room: Some(room_of(event)), ..wire.into() },
}

/// A message was deleted.
///
/// [`Before`](antiphon_core::Before) holds the message, if it was cached; the cache keeps it, marked as deleted.
ChatDelete in room {
    "delete-chat-message" as "on_chat_delete": "a message was deleted";
    let wire: wire::Action<'_> = event.parse_object()?;
    /// Id of the deleted message.
    message: ChatId = id(wire.chatid),
    /// User who deleted it.
    deleted_by: User = wire.user.into(),
}

/// A user dubbed the playing song.
///
/// The song has the totals after the vote.
///
/// ```
/// use antiphon_queup::{Dub, DubType};
///
/// /// Whether a down-dub made the song's score negative.
/// fn is_rejected(dub: &Dub) -> bool {
///     dub.dubtype == DubType::DownDub && dub.song.net_dubs() == -1
/// }
/// # let _ = is_rejected;
/// ```
Dub in room view Dub {
    "room_playlist-dub" as "on_dub": "a user dubbed a song";
    let wire: wire::Dub<'_> = event.parse_object()?;
    /// Song with its new totals.
    song: Song = wire.playlist.map(Song::from).unwrap_or_default(),
    /// User who dubbed.
    user: User = wire.user.into(),
    /// Up or down.
    dubtype: DubType = wire.dubtype.as_deref().unwrap_or_default().into(),
}

/// A song was added to a room's queue, or began to play.
///
/// QueUp sends this for every change of the queue, with the song that is playing; so the same song comes again.
/// [`SongChange`] comes only when another song plays.
PlaylistSongAdd in room view PlaylistUpdate {
    "room_playlist-update" as "on_playlist_song_add": "a song was added to the queue, or began";
    let wire: wire::Active<'_> = event.parse_object()?;
    let song = wire.song.map(Song::from).unwrap_or_default().with_info(wire.song_info);
    /// User who queued the song; absent once that account is deleted.
    queued_by: Option<UserId> = song.user.clone(),
    /// Song playing now; [`Song::song_info`] is absent where QueUp sent none.
    song: Song = song,
    /// Seconds since the song began; absent at a change of the song.
    start_time: Option<i64> = since_start(wire.start_time),
}

/// A user joined a room.
///
/// After a reconnect QueUp may report the own account again.
MemberJoin in room {
    "user-join" as "on_member_join": "a user joined a room";
    let wire: wire::Action<'_> = event.parse_object()?;
    let user = User::from(wire.user);
    let member = wire.room_user.map(MemberState::from).unwrap_or_default();
    /// User who joined.
    user: User = user.clone(),
    /// State of the user in the room.
    member: MemberState = member.of_user(&user.id).in_room(room_of(event)),
}

/// A member's state changed.
///
/// [`Before`](antiphon_core::Before) holds the state before, if it was cached.
MemberUpdate in room {
    "user_update" as "on_member_update": "a member's state changed";
    let wire: wire::MemberUpdate<'_> = event.parse_object()?;
    let member = wire.user.map(MemberState::from).unwrap_or_default();
    /// State now.
    member: MemberState = member.in_room(room_of(event)),
}

/// Someone else wrote in a private conversation.
///
/// It carries no text: [`Conversation::fetch`](crate::Conversation::fetch) brings that.
/// Own messages are left out; raw handlers see them.
PrivateMessage {
    "new-message" as "on_private_message": "someone else wrote in a conversation";
    if !Self::decode(event).is_ok_and(|message| Some(message.from.as_str()) == event.place().id("user"));
    let wire: wire::Action<'_> = event.parse_object()?;
    /// Conversation it was written in.
    conversation: ConversationId = id(wire.messageid),
    /// User who wrote it.
    from: UserId = id(wire.userid),
}

/// The socket was detached from a room's channel.
LeftRoom in room {
    "left_room" = 13: "a room was left";
    if is_in_room(event);
}

/// The socket server reported an error.
ErrorNotice {
    "error" = 9: "the socket server reported an error";
    let wire: wire::Outer<'_> = event.parse_object()?;
    /// Text of the error, or the JSON of an error that is no text.
    error: String = wire.error.map(words).unwrap_or_default(),
}

/// A song was skipped.
ChatSkip in room {
    "chat-skip": "a song was skipped";
    let wire: wire::Action<'_> = event.parse_object()?;
    /// Name of the user who skipped it; QueUp sends no id, and may leave out the name.
    username: Option<String> = owned(wire.username),
}

/// All messages of one author were deleted.
ChatDeleteGlobal in room {
    "delete-chat-message-global": "all messages of one author were deleted";
    let wire: wire::Action<'_> = event.parse_object()?;
    /// Author of the messages.
    author: UserId = id(wire.userdid),
    /// User who deleted them.
    deleted_by: User = wire.user.into(),
}

/// A user grabbed the playing song: put it on a personal playlist.
Grab in room {
    "room_playlist-queue-update-grabs": "a user grabbed a song";
    let wire: wire::Action<'_> = event.parse_object()?;
    /// Song with its new totals.
    song: Song = wire.playlist.map(Song::from).unwrap_or_default(),
    /// User who grabbed it.
    user: User = wire.user.into(),
}

/// A user changed the own queue, despite the name.
///
/// The source fetches the room's queue 5 s later, and a [`PlaylistDetails`] with it follows.
QueueUpdateDub in room {
    "room_playlist-queue-update-dub": "a user changed the own queue";
    let wire: wire::Action<'_> = event.parse_object()?;
    /// User who changed it; empty where QueUp sent none.
    user: User = wire.user.into(),
}

/// A room's queue changed.
QueueUpdate in room {
    "room_playlist-queue-update": "a room's queue changed";
    let wire: wire::Action<'_> = event.parse_object()?;
    /// User who changed it; empty where QueUp sent none.
    user: User = wire.user.into(),
}

/// A moderator reordered a room's queue.
QueueReorder in room {
    "room_playlist-queue-reorder": "a moderator reordered the queue";
    let wire: wire::Action<'_> = event.parse_object()?;
    /// Moderator who reordered it; empty where QueUp sent none.
    user: User = wire.user.into(),
}

/// A moderator removed a DJ's next song.
QueueRemoveUserSong in room {
    "room_playlist-queue-remove-user-song": "a moderator removed a DJ's next song";
    let wire: wire::Action<'_> = event.parse_object()?;
    /// Moderator who removed it.
    by: User = wire.user.into(),
    /// DJ whose song it was.
    target: User = wire.removed_user.into(),
}

/// A moderator removed a DJ from the queue.
QueueRemoveUser in room {
    "room_playlist-queue-remove-user": "a moderator removed a DJ from the queue";
    let wire: wire::Action<'_> = event.parse_object()?;
    /// Moderator who removed the DJ.
    by: User = wire.user.into(),
    /// DJ who was removed.
    target: User = wire.removed_user.into(),
}

/// A room's settings changed.
RoomUpdate in room {
    "room-update": "a room's settings changed";
    let wire: wire::Action<'_> = event.parse_object()?;
    /// Settings now.
    info: RoomInfo = wire.room.object().map(RoomInfo::from).unwrap_or_default(),
    /// Whether the password was changed.
    password_updated: bool = wire.password_updated.unwrap_or_default(),
}

/// A room's queue was locked or unlocked.
RoomLockQueue in room {
    "room-lock-queue": "a room's queue was locked or unlocked";
    let wire: wire::Action<'_> = event.parse_object()?;
    /// User who switched it.
    user: User = wire.user.into(),
    /// Whether the queue is locked now; absent where QueUp sent none.
    on: Option<bool> = wire.room.object().and_then(|room| room.lock_queue),
}

/// Slow mode was switched.
RoomSlowMode in room {
    "room-slow-mode": "slow mode was switched";
    let wire: wire::Action<'_> = event.parse_object()?;
    /// User who switched it.
    user: User = wire.user.into(),
    /// Whether slow mode is on now; absent where QueUp sent none.
    on: Option<bool> = wire.room.object().and_then(|room| room.slow_mode),
}

/// Whether guests may chat was switched.
RoomAllowGuestChat in room {
    "room-allow-guest-chat": "whether guests may chat was switched";
    let wire: wire::Action<'_> = event.parse_object()?;
    /// User who switched it.
    user: User = wire.user.into(),
    /// Whether guests may chat now; absent where QueUp sent none.
    on: Option<bool> = wire.room.object().and_then(|room| room.allow_guests_to_chat),
}

/// Whether guests may embed was switched.
RoomAllowGuestEmbed in room {
    "room-allow-guest-embed": "whether guests may embed was switched";
    let wire: wire::Action<'_> = event.parse_object()?;
    /// User who switched it.
    user: User = wire.user.into(),
    /// Whether guests may embed now; absent where QueUp sent none.
    on: Option<bool> = wire.room.object().and_then(|room| room.allow_guests_to_embed),
}

/// A user left a room.
///
/// [`Before`](antiphon_core::Before) holds the member's state before, if it was cached. QueUp sometimes says so of the
/// own account without cause: the source then joins the room again after 5 s (protocol §3.4).
UserLeave in room {
    "user-leave": "a user left a room";
    let wire: wire::Action<'_> = event.parse_object()?;
    /// User who left.
    user: User = wire.user.into(),
}

/// A member was kicked, and may come back.
///
/// If it is the own account, the room's link becomes `stopped` with the code `kicked`, and it is not joined again by
/// itself.
UserKick in room {
    "user-kick": "a member was kicked";
    let wire: wire::Action<'_> = event.parse_object()?;
    /// Moderator who kicked.
    by: User = wire.user.into(),
    /// Member who was kicked.
    target: User = wire.kicked_user.into(),
    /// Words of the moderator, if any.
    message: Option<String> = filled(wire.message),
}

/// A user was banned.
///
/// If it is the own account, the room's link becomes `stopped` with the code `banned`.
///
/// ```
/// use antiphon_queup::UserBan;
///
/// fn notice(ban: &UserBan) -> String {
///     let length = match ban.minutes {
///         Some(0) => "for ever".into(),
///         Some(minutes) => format!("for {minutes} min"),
///         None => "for a while".into(),
///     };
///     format!("{} banned {} {length}", ban.by.username, ban.target.username)
/// }
/// # let _ = notice;
/// ```
UserBan in room {
    "user-ban": "a user was banned";
    let wire: wire::Action<'_> = event.parse_object()?;
    /// Moderator who banned.
    by: User = wire.user.into(),
    /// User who was banned.
    target: User = wire.kicked_user.into(),
    /// Length of the ban in minutes; 0 is for ever, absent where QueUp sent none.
    minutes: Option<i64> = wire.time,
}

/// A user was unbanned.
UserUnban in room {
    "user-unban": "a user was unbanned";
    let wire: wire::Action<'_> = event.parse_object()?;
    /// Moderator who lifted the ban.
    by: User = wire.user.into(),
    /// User who was unbanned.
    target: User = wire.kicked_user.into(),
}

/// A member was muted.
UserMute in room {
    "user-mute": "a member was muted";
    let wire: wire::Action<'_> = event.parse_object()?;
    /// Moderator who muted.
    by: User = wire.user.into(),
    /// Member who was muted.
    target: User = wire.muted_user.into(),
}

/// A member was unmuted.
UserUnmute in room {
    "user-unmute": "a member was unmuted";
    let wire: wire::Action<'_> = event.parse_object()?;
    /// Moderator who unmuted.
    by: User = wire.user.into(),
    /// Member who was unmuted.
    target: User = wire.muted_user.into(),
}

/// A member was given a role. The wire's names are misleading: `user` gave it, and `modUser` has it now (protocol §9,
/// 11).
UserSetRole in room {
    "user-setrole": "a member was given a role";
    let wire: wire::Action<'_> = event.parse_object()?;
    /// Moderator who gave it: the wire's `user`.
    by: User = wire.user.into(),
    /// Member who has it now: the wire's `modUser`.
    target: User = wire.mod_user.into(),
    /// Role that was given; absent where QueUp sent none.
    role: Option<Role> = role(wire.role_object),
}

/// A role was taken from a member.
UserUnsetRole in room {
    "user-unsetrole": "a role was taken from a member";
    let wire: wire::Action<'_> = event.parse_object()?;
    /// Moderator who took it: the wire's `user`.
    by: User = wire.user.into(),
    /// Member who had it: the wire's `modUser`.
    target: User = wire.mod_user.into(),
    /// Role that was taken; absent where QueUp sent none.
    role: Option<Role> = role(wire.role_object),
}

/// A user's picture changed.
UserImage in room {
    "user-update": "a user's picture changed";
    let wire: wire::Action<'_> = event.parse_object()?;
    let named = wire.kind.as_deref().and_then(|name| name.rsplit('-').next()).map(UserId::from);
    let user = User::from(wire.user);
    /// User with the new picture; its id is empty where QueUp sent no user.
    user: User = match named.filter(UserId::is_account) {
        // The name of the event ends in the user's id.
        Some(id) if user.id.is_empty() => User { id, ..user },
        _ => user,
    },
    /// Address of the new picture.
    avatar_url: Option<String> = filled(wire.img.and_then(wire::Image::address)),
}

/// A member paused the own queue.
UserPauseQueue in room {
    "user-pause-queue": "a member paused the own queue";
    let wire: wire::Action<'_> = event.parse_object()?;
    /// Member whose queue it is.
    user: User = wire.user.into(),
    /// State of the member now, where QueUp sent it.
    member: Option<MemberState> = wire.user_queue.map(MemberState::from),
}

/// A moderator paused a member's queue.
UserPauseQueueMod in room {
    "user-pause-queue-mod": "a moderator paused a member's queue";
    let wire: wire::Action<'_> = event.parse_object()?;
    /// Member whose queue it is.
    user: User = wire.user.into(),
    /// Moderator who paused it.
    by: User = wire.moderator.into(),
    /// State of the member now, where QueUp sent it.
    member: Option<MemberState> = wire.user_queue.map(MemberState::from),
}

/// A comment on a song was added, removed or changed.
///
/// Little of it is documented; the body has all as sent.
Comment in room {
    "comment-add": "a song was commented on";
    "comment-remove": "a comment on a song was removed";
    "comment-update": "a comment on a song was changed";
    let wire: wire::Action<'_> = event.parse_object()?;
    let name = wire.kind.as_deref().unwrap_or_default();
    /// Kind of the event: added, removed or changed.
    kind: Kind = event.kind().clone(),
    /// Text of the comment, where QueUp sent it.
    text: Option<String> = filled(wire.comment),
    /// Media or comment that it is about: the id at the end of the event's own name, where it has one.
    about: Option<String> = name.strip_prefix("comment-update-").filter(|id| super::is_id(id)).map(str::to_owned),
}

/// Another song plays in a room now, or none does any more.
///
/// The source makes it from QueUp's updates of a queue and from its own requests. It comes once for each song, also for
/// the same media twice in a row, and right behind the event that it follows from:
/// - The song that plays when a room is joined is no change; [`PlaylistActive`] has it.
/// - After an outage or a restart it comes if another song plays than the last one known, once, however many played
///   meanwhile; [`SongChange::start_time`] says how long ago it began.
/// - Where an update is lost, the song is fetched 15 seconds after the last one should have ended.
/// - A late update about a song that is over is no change.
///
/// ```
/// use antiphon_queup::{SongChange, utils::song_length};
///
/// fn announcement(change: &SongChange) -> String {
///     match &change.song {
///         Some(song) => format!("{} ({})", song.name(), song_length(song.length)),
///         None => "nothing plays".into(),
///     }
/// }
/// # let _ = announcement;
/// ```
///
/// In the simulator: two songs, each skipped.
///
/// ```
/// use antiphon_core::Payload as _;
/// use antiphon_queup::{self as queup, Account, Config, SongChange};
/// use antiphon_sim::Simulator;
/// use futures_util::StreamExt as _;
/// use tokio_util::sync::CancellationToken;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sim = Simulator::with_seed(7);
/// let bot = sim.queup().account();
/// let config = Config::new(Account::new(bot.email, bot.password))
///     .network(sim.network())
///     .clock(sim.clock())
///     .rooms(["choir-loft"]);
/// let room = sim.queup().room("choir-loft");
/// let (_client, source) = queup::connect(config);
/// let mut events = source.events(CancellationToken::new());
/// let mut is_joined = false;
/// let mut names = Vec::new();
/// while let Some(event) = events.next().await.transpose()? {
///     match event.kind().as_str() {
///         "queup.playlist_details" if !is_joined => {
///             is_joined = true;
///             room.queue("mira", "Lantern & Co - Slow Tide");
///             room.queue("otto", "Loft Choir - Evensong");
///             room.skip("mira");
///             room.skip("mira");
///         }
///         "queup.song_change" => {
///             let change = SongChange::decode(&event)?;
///             names.extend(change.song.map(|song| song.name().to_owned()));
///             if names.len() == 2 {
///                 break;
///             }
///         }
///         _ => {}
///     }
/// }
/// assert_eq!(names, ["Lantern & Co - Slow Tide", "Loft Choir - Evensong"]);
/// # Ok(())
/// # }
/// ```
SongChange in room {
    "song_change": "another song plays now, or none does", own;
    let wire: wire::Active<'_> = event.parse::<Option<_>>()?.unwrap_or_default();
    /// Song that plays now; absent once nothing plays. [`Song::song_info`] is absent where QueUp sent none.
    song: Option<Song> = wire.song.map(|song| Song::from(song).with_info(wire.song_info)),
    /// Seconds since the song began; absent if it begins now.
    start_time: Option<i64> = since_start(wire.start_time),
}

/// The own account, as fetched when the source logged in.
Session {
    "session": "own account, as fetched", own;
    let wire: wire::User<'_> = event.parse_object()?;
    /// Own user.
    user: User = wire.into(),
}

/// A room, as fetched when it was joined, and again after an outage.
RoomState {
    "room": "a room, as fetched", own;
    let info: RoomInfo = event.parse_object::<wire::Room<'_>>()?.into();
    /// Description and settings of the room.
    info: RoomInfo = if info.id.is_empty() { RoomInfo { id: room_of(event), ..info } } else { info },
}

/// Everyone in a room, as fetched when it was joined, and again after an outage. The cache of members is replaced by
/// it.
RoomUsers in room {
    "room_users": "everyone in a room, as fetched", own;
    let wire: wire::List<wire::Member<'_>> = event.parse()?;
    let room = room_of(event);
    let members = wire.0.into_iter().map(MemberState::from);
    /// Members of the room, with the users embedded.
    members: Vec<MemberState> = members.map(|member| member.in_room(room.clone())).collect(),
}

/// The playing song, as fetched: when the room was joined, after an outage, and where an update is overdue.
PlaylistActive in room {
    "playlist_active": "the playing song, as fetched", own;
    let wire: wire::Active<'_> = event.parse::<Option<_>>()?.unwrap_or_default();
    /// Song that plays; absent while nothing plays.
    song: Option<Song> = wire.song.map(|song| Song::from(song).with_info(wire.song_info)),
    /// Seconds since the song began.
    start_time: Option<i64> = since_start(wire.start_time),
}

/// Votes on the playing song, as fetched when the room was joined;
/// [`Room::fetch_active_dubs`](crate::Room::fetch_active_dubs) returns one as well.
ActiveDubs in room {
    "playlist_active_dubs": "who dubbed the playing song, as fetched", own;
    let wire: wire::ActiveDubs<'_> = event.parse::<Option<_>>()?.unwrap_or_default();
    /// Song they dubbed; compare it with the one you mean.
    song: Option<Song> = wire.current_song.map(Song::from),
    /// Users who dubbed it up.
    up_dubs: Vec<UserId> = voters(wire.up_dubs),
    /// Users who dubbed it down.
    down_dubs: Vec<UserId> = voters(wire.down_dubs),
}

/// A room's queue, as fetched: when the room was joined, and 5 s after a change.
PlaylistDetails in room {
    "playlist_details": "a room's queue, as fetched", own;
    let wire: wire::List<wire::QueueItem<'_>> = event.parse()?;
    /// Songs of the queue, in order, without those that QueUp sent as null.
    songs: Vec<Song> = wire.0.into_iter().map(Song::from).collect(),
}

/// The account's private conversations, as fetched.
Conversations {
    "conversations": "the account's conversations, as fetched", own;
    let wire: wire::List<wire::Conversation<'_>> = event.parse()?;
    /// All of them.
    conversations: Vec<ConversationInfo> = wire.0.into_iter().map(ConversationInfo::from).collect(),
}

/// An event that is known by name or number only: its body is kept as sent.
///
/// It is registered for the actions whose content nobody has documented; any event can be read as one.
///
/// # Examples
/// ```
/// use antiphon_core::{Draft, Event, Kind, Origin, Payload as _, Place, Position};
/// use antiphon_queup::{KINDS, Unknown};
///
/// // A room action that no list has keeps its own name and every byte.
/// let place = Place::root().join("room", "5a77aa00bb11cc22dd33ee44");
/// let time = "2026-01-01T00:00:00Z".parse()?;
/// let body = r#"{"type":"room-fireworks","colour":"red"}"#;
/// let draft = Draft::new(Kind::new("queup.room-fireworks".to_owned()), place, Origin::frame("c1", 1), time, body);
/// let event = Event::stored(Position::new(1), "queup".into(), draft);
///
/// assert!(KINDS.iter().all(|info| info.kind != event.kind().as_str()));
/// let unknown = Unknown::decode(&event)?;
/// assert_eq!((unknown.kind.name(), unknown.place.id("room")), ("room-fireworks", Some("5a77aa00bb11cc22dd33ee44")));
/// let json: serde_json::Value = serde_json::from_slice(&unknown.body)?;
/// assert_eq!(json["colour"], "red");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
Unknown {
    "message": "a message packet that is no action", own;
    "room_action" = 15: "action 15 whose message cannot be read or has no name", own;
    "packet": "a frame that is no message packet, byte for byte", own;
    "heartbeat" = 0: "action 0; no content is documented", momentary;
    "ack" = 1: "action 1; no content is documented", momentary;
    "nack" = 2: "action 2; no content is documented", momentary;
    "connect" = 3: "action 3; no content is documented", momentary;
    "disconnect" = 5: "action 5; no content is documented", momentary;
    "disconnected" = 6: "action 6; no content is documented", momentary;
    "close" = 7: "action 7; no content is documented", momentary;
    "closed" = 8: "action 8; no content is documented", momentary;
    "join_room" = 10: "action 10, which only clients send", momentary;
    "leave_room" = 12: "action 12, which only clients send", momentary;
    "sync" = 16: "action 16; no content is documented", momentary;
    "token" = 17: "action 17; it carries a token, so it is kept briefly", momentary;
    /// Kind of the event.
    kind: Kind = event.kind().clone(),
    /// Place it happened at.
    place: Place = event.place().clone(),
    /// Body, byte for byte; it may not be JSON.
    body: bytes::Bytes = event.body().clone(),
}

}
