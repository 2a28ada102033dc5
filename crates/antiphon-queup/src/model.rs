//! Ids and values that the rest of the program uses.

use std::{fmt, sync::Arc};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A newtype over a shared text: cheap to clone, compared by its text.
macro_rules! id {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        ///
        /// It is empty where the platform sent none.
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Wraps the text as it is.
            pub fn new(text: impl Into<Arc<str>>) -> Self {
                Self(text.into())
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Whether the platform sent none.
            pub fn is_empty(&self) -> bool {
                self.0.is_empty()
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self("".into())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl From<String> for $name {
            fn from(text: String) -> Self {
                Self(text.into())
            }
        }

        impl From<&$name> for $name {
            fn from(id: &$name) -> Self {
                id.clone()
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                &*self.0 == other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                &*self.0 == *other
            }
        }
    )*};
}

id! {
    /// Id of a room: 24 hexadecimal digits.
    RoomId;
    /// Name of a room in its URL, such as `choir-loft`.
    Slug;
    /// Id of a user: 24 hexadecimal digits.
    UserId;
    /// Id of a user's state in one room; not the user's id.
    MemberId;
    /// Id of an entry in a room's queue.
    SongId;
    /// Id of the media behind an entry of a queue.
    SongInfoId;
    /// Id of a chat message: `<user id>-<ms>`.
    ChatId;
    /// Id of a private conversation.
    ConversationId;
    /// Id of a message in a private conversation.
    PrivateMessageId;
    /// Id of a role: 24 hexadecimal digits.
    RoleId;
    /// Id of a personal playlist.
    PlaylistId;
}

impl UserId {
    /// Whether it is the id of an account; guests have 32 hexadecimal digits instead of 24.
    pub fn is_account(&self) -> bool {
        self.0.len() == 24 && self.0.bytes().all(|byte| byte.is_ascii_hexdigit())
    }
}

impl ChatId {
    /// The author's id and the time in ms, where it has the usual form; it is split at the last `-`.
    pub fn parts(&self) -> Option<(UserId, i64)> {
        let (user, ms) = self.0.rsplit_once('-')?;
        Some((user.into(), ms.parse().ok()?))
    }
}

/// A user of QueUp.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct User {
    /// Id of this user.
    pub id: UserId,
    /// Name the user chose; it may change.
    pub username: String,
    /// When the account was made; absent in some embedded users.
    pub created_at: Option<Timestamp>,
    /// URL of the user's picture.
    pub avatar_url: Option<String>,
    /// Dubs over all rooms; absent where QueUp sent none.
    pub dubs: Option<i64>,
    /// Number of the user's role on the whole site; not a role in a room.
    pub site_role: Option<i64>,
}

/// A role in a room.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Role {
    /// Runs the room beside its creator.
    CoOwner,
    /// May also give and take roles.
    Manager,
    /// May skip, kick, ban, mute and order the queue.
    Moderator,
    /// May skip and appoint DJs.
    Vip,
    /// May appoint DJs.
    ResidentDj,
    /// May chat.
    Dj,
    /// May chat.
    Member,
    /// A role that this version does not know, by its id.
    Unknown(RoleId),
}

/// Something a role may allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Right {
    /// Change the room.
    UpdateRoom,
    /// Make and unmake managers.
    SetManagers,
    /// Give and take other roles.
    SetRoles,
    /// Skip the playing song.
    Skip,
    /// Reorder the queue.
    QueueOrder,
    /// Kick members.
    Kick,
    /// Ban and unban users.
    Ban,
    /// Mute and unmute members.
    Mute,
    /// Make and unmake DJs.
    SetDj,
    /// Lock and unlock the queue.
    LockQueue,
    /// Delete chat messages.
    DeleteChat,
    /// Mention groups in chat.
    ChatMention,
    /// Chat.
    Chat,
    /// Change slow mode and what guests may do.
    ModSettings,
}

impl Role {
    /// Every role this version knows, from the highest down.
    pub const ALL: [Self; 7] = [
        Self::CoOwner,
        Self::Manager,
        Self::Moderator,
        Self::Vip,
        Self::ResidentDj,
        Self::Dj,
        Self::Member,
    ];

    /// The role with this id.
    pub fn from_id(id: &str) -> Self {
        match id {
            "5615fa9ae596154a5c000000" => Self::CoOwner,
            "5615fd84e596150061000003" => Self::Manager,
            "52d1ce33c38a06510c000001" => Self::Moderator,
            "5615fe1ee596154fc2000001" => Self::Vip,
            "5615feb8e596154fc2000002" => Self::ResidentDj,
            "564435423f6ba174d2000001" => Self::Dj,
            "65ef1e77ac32214febf09295" => Self::Member,
            other => Self::Unknown(other.into()),
        }
    }

    /// The role's id, as requests name it.
    pub fn id(&self) -> RoleId {
        RoleId::from(match self {
            Self::CoOwner => "5615fa9ae596154a5c000000",
            Self::Manager => "5615fd84e596150061000003",
            Self::Moderator => "52d1ce33c38a06510c000001",
            Self::Vip => "5615fe1ee596154fc2000001",
            Self::ResidentDj => "5615feb8e596154fc2000002",
            Self::Dj => "564435423f6ba174d2000001",
            Self::Member => "65ef1e77ac32214febf09295",
            Self::Unknown(id) => return id.clone(),
        })
    }

    /// The role's type as the wire spells it; empty for an unknown one.
    pub fn name(&self) -> &'static str {
        match self {
            Self::CoOwner => "co-owner",
            Self::Manager => "manager",
            Self::Moderator => "mod",
            Self::Vip => "vip",
            Self::ResidentDj => "resident-dj",
            Self::Dj => "dj",
            Self::Member => "member",
            Self::Unknown(_) => "",
        }
    }

    /// What the role allows, by the documented table; nothing for an unknown one.
    pub fn rights(&self) -> &'static [Right] {
        use Right::{
            Ban, Chat, ChatMention, DeleteChat, Kick, LockQueue, ModSettings, Mute, QueueOrder,
            SetDj, SetManagers, SetRoles, Skip, UpdateRoom,
        };
        const CO_OWNER: &[Right] = &[
            UpdateRoom,
            SetManagers,
            SetRoles,
            Skip,
            QueueOrder,
            Kick,
            Ban,
            Mute,
            SetDj,
            LockQueue,
            DeleteChat,
            ChatMention,
            Chat,
            ModSettings,
        ];
        match self {
            Self::CoOwner => CO_OWNER,
            // Each of the next two lacks what only the one above may do.
            Self::Manager => CO_OWNER.split_at(2).1,
            Self::Moderator => CO_OWNER.split_at(3).1,
            Self::Vip => &[Skip, SetDj, Chat],
            Self::ResidentDj => &[SetDj, Chat],
            Self::Dj | Self::Member => &[Chat],
            Self::Unknown(_) => &[],
        }
    }

    /// Whether the role allows it, by the documented table.
    pub fn has(&self, right: Right) -> bool {
        self.rights().contains(&right)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(id) => f.pad(id.as_str()),
            known => f.pad(known.name()),
        }
    }
}

/// A user's state in one room, as last heard.
///
/// [`Member`](crate::Member) is the handle with methods.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
#[expect(
    clippy::struct_excessive_bools,
    reason = "as many as the platform has, each its own"
)]
pub struct MemberState {
    /// Id of this membership; not the user's.
    pub id: MemberId,
    /// Whose state it is.
    pub user: UserId,
    /// In which room; absent where QueUp sent none.
    pub room: Option<RoomId>,
    /// The user as embedded, if QueUp sent more than the id.
    pub embedded: Option<User>,
    /// Dubs the member received in the room.
    pub dubs: i64,
    /// Place in the queue; 99999 and above mean that the member is not in it.
    pub order: i64,
    /// As QueUp says; its meaning is not documented.
    pub authorized: bool,
    /// Whether the member is in the room.
    pub active: bool,
    /// How many of the member's songs were skipped.
    pub skipped: i64,
    /// How many of the member's songs were played.
    pub played: i64,
    /// How many songs the member has in the queue now.
    pub queued_now: i64,
    /// Place in the waiting line; 0 by default.
    pub wait_line: i64,
    /// Whether the member is banned.
    pub banned: bool,
    /// When the ban began; meaningless unless banned.
    pub banned_time: Option<Timestamp>,
    /// When the ban ends; meaningless unless banned.
    pub banned_until: Option<Timestamp>,
    /// Whether the member is muted.
    pub muted: bool,
    /// Whether the member's own queue is paused; absent where QueUp sent none.
    pub queue_paused: Option<bool>,
    /// Role in the room, if any.
    pub role: Option<Role>,
}

/// What is known about a room.
///
/// [`Room`](crate::Room) is the handle with methods.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RoomInfo {
    /// Id of the room.
    pub id: RoomId,
    /// Name shown to people.
    pub name: String,
    /// Description, as its owner wrote it.
    pub description: String,
    /// Name in the URL.
    pub slug: Slug,
    /// Name of the room's real-time channel, which requests about chat carry.
    pub rtc: String,
    /// Type of the room: `room` or `iframe`.
    pub room_type: String,
    /// As QueUp says; a recorded public room had `false`, so trust [`RoomInfo::display`].
    pub is_public: bool,
    /// `public` or `private`.
    pub display: Option<String>,
    /// Preferred language.
    pub lang: Option<String>,
    /// Type of music.
    pub music_type: Option<String>,
    /// Who made the room, and may do everything in it.
    pub creator: Option<UserId>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// How many users are in it.
    pub active_users: Option<i64>,
    /// Longest song, in minutes.
    pub max_song_minutes: Option<i64>,
    /// Minutes before a song may be queued again.
    pub repeat_minutes: Option<i64>,
    /// Most songs in a member's queue.
    pub max_queue_length: Option<i64>,
    /// Whether the queue is locked; absent where QueUp sent none.
    pub lock_queue: Option<bool>,
    /// Whether chat is slowed down; absent where QueUp sent none.
    pub slow_mode: Option<bool>,
    /// Whether guests may chat; absent where QueUp sent none.
    pub allow_guests_to_chat: Option<bool>,
    /// Whether guests may embed; absent where QueUp sent none.
    pub allow_guests_to_embed: Option<bool>,
    /// Text shown to those who enter.
    pub welcome_message: Option<String>,
    /// Media that played when the room was read, without length, time and picture; absent where QueUp sent none.
    pub current_song: Option<SongInfo>,
}

impl RoomInfo {
    /// Type of the room: `room` or `iframe`; the reference's `type`.
    pub fn r#type(&self) -> &str {
        &self.room_type
    }
}

/// Media from another site.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SongInfo {
    /// QueUp's id of this media.
    pub id: SongInfoId,
    /// Name given by its source, without HTML escapes.
    pub name: String,
    /// The source's own id.
    pub media_id: String,
    /// Name of the source: `youtube` or `soundcloud`.
    pub source: String,
    /// When it was made at its source.
    pub created_at: Option<Timestamp>,
    /// Length in ms.
    pub length: i64,
    /// URL of a small picture.
    pub thumbnail: Option<String>,
}

impl SongInfo {
    /// Where it can be heard, as far as that follows from its id: at YouTube.
    ///
    /// [`Client::fetch_song_link`](crate::Client::fetch_song_link) asks QueUp for any other.
    pub fn link(&self) -> Option<SongLink> {
        if self.source != "youtube" || self.media_id.is_empty() {
            return None;
        }
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("v", &self.media_id)
            .finish();
        Some(SongLink::YouTube(format!(
            "https://www.youtube.com/watch?{query}"
        )))
    }
}

/// Where a song can be heard at its source, as an address for a browser.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SongLink {
    /// At YouTube.
    YouTube(String),
    /// At SoundCloud.
    SoundCloud(String),
    /// Anywhere else.
    Other(String),
}

impl SongLink {
    /// The link with this address; `None` if it is none of the web.
    pub(crate) fn to(url: &str) -> Option<Self> {
        let with_scheme = url.starts_with("//").then(|| format!("https:{url}"));
        let url = with_scheme.as_deref().unwrap_or(url);
        let uri: http::Uri = url.parse().ok()?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) {
            return None;
        }
        let host = uri.host()?.to_ascii_lowercase();
        let is_at = |domain: &str| {
            let before = host.strip_suffix(domain);
            before.is_some_and(|before| before.is_empty() || before.ends_with('.'))
        };
        let kind = if is_at("youtube.com") || is_at("youtu.be") {
            Self::YouTube
        } else if is_at("soundcloud.com") {
            Self::SoundCloud
        } else {
            Self::Other
        };
        Some(kind(url.to_owned()))
    }

    /// The address.
    pub fn url(&self) -> &str {
        match self {
            Self::YouTube(url) | Self::SoundCloud(url) | Self::Other(url) => url,
        }
    }
}

impl fmt::Display for SongLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.url())
    }
}

/// An entry of a room's queue that will play, plays or has played.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Song {
    /// Id of this entry.
    pub id: SongId,
    /// When it was queued.
    pub created_at: Option<Timestamp>,
    /// When it began to play; absent until then.
    pub played_at: Option<Timestamp>,
    /// Whether it plays now.
    pub active: bool,
    /// Whether it has played.
    pub played: bool,
    /// Whether it was skipped.
    pub skipped: bool,
    /// Place in the queue; 999 when fresh.
    pub order: i64,
    /// Length in ms.
    pub length: i64,
    /// Number of up-dubs.
    pub up_dubs: i64,
    /// Number of down-dubs.
    pub down_dubs: i64,
    /// Number of grabs; absent where QueUp sent none.
    pub grabs: Option<i64>,
    /// Room it was queued in.
    pub room: RoomId,
    /// Id of its media.
    pub song_info_id: SongInfoId,
    /// Its media; absent where QueUp sent none.
    pub song_info: Option<SongInfo>,
    /// Who queued it; absent once that account is deleted.
    pub user: Option<UserId>,
    /// Who queued it, as embedded, if QueUp sent more than the id.
    pub embedded: Option<User>,
}

impl Song {
    /// Up-dubs less down-dubs.
    pub fn net_dubs(&self) -> i64 {
        self.up_dubs.saturating_sub(self.down_dubs)
    }

    /// Name of its media; empty where QueUp sent none.
    pub fn name(&self) -> &str {
        self.song_info.as_ref().map_or("", |info| &info.name)
    }
}

/// A message in a room's chat or in a private conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Message {
    /// Id of the message: the chat id in a room, the message's own in a conversation.
    pub id: ChatId,
    /// Text, without HTML escapes.
    pub content: String,
    /// Whether it was deleted; it stays in the cache.
    pub deleted: bool,
    /// When it was sent.
    pub created_at: Option<Timestamp>,
    /// Who sent it.
    pub author: User,
    /// The author's state in the room; absent in a conversation and where QueUp sent none.
    pub member: Option<MemberState>,
    /// Where it was sent; absent in a conversation.
    pub room: Option<RoomId>,
}

/// What is known about a private conversation.
///
/// [`Conversation`](crate::Conversation) is the handle with methods.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConversationInfo {
    /// Id of the conversation.
    pub id: ConversationId,
    /// When it was begun.
    pub created_at: Option<Timestamp>,
    /// When its last message was sent.
    pub latest_message: Option<Timestamp>,
    /// Text of the last message; it may be old until [`fetch`](crate::Conversation::fetch).
    pub latest_message_str: String,
    /// Everyone in it, the own account too.
    pub users: Vec<User>,
    /// Who has read its last message.
    pub users_read: Vec<UserId>,
}

/// A member's presence in a room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Presence {
    /// Visible.
    #[default]
    Enter,
    /// Invisible.
    Exit,
    /// Something about the presence changed.
    Update,
    /// A number this version does not know.
    Unknown(i64),
}

impl Presence {
    /// The presence with this number; a missing one means enter.
    pub(crate) fn from_number(number: Option<i64>) -> Self {
        match number {
            None | Some(0) => Self::Enter,
            Some(1) => Self::Exit,
            Some(2) => Self::Update,
            Some(other) => Self::Unknown(other),
        }
    }

    /// The wire's number.
    pub(crate) fn number(self) -> i64 {
        match self {
            Self::Enter => 0,
            Self::Exit => 1,
            Self::Update => 2,
            Self::Unknown(number) => number,
        }
    }
}

/// Which way a user dubbed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DubType {
    /// For the song.
    UpDub,
    /// Against it.
    DownDub,
    /// A word this version does not know.
    Unknown(String),
}

impl DubType {
    /// The wire's word.
    pub fn as_str(&self) -> &str {
        match self {
            Self::UpDub => "updub",
            Self::DownDub => "downdub",
            Self::Unknown(word) => word,
        }
    }
}

impl From<&str> for DubType {
    fn from(word: &str) -> Self {
        match word {
            "updub" => Self::UpDub,
            "downdub" => Self::DownDub,
            other => Self::Unknown(other.to_owned()),
        }
    }
}

impl fmt::Display for DubType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_told_by_its_host_and_nothing_else_is_one() {
        let link = |url: &str| SongLink::to(url);
        let kind = |url: &str| {
            format!("{:?}", link(url))
                .split('"')
                .next()
                .map(str::to_owned)
        };
        for (url, expected) in [
            ("https://www.youtube.com/watch?v=a", "Some(YouTube("),
            ("https://youtu.be/a", "Some(YouTube("),
            ("http://SoundCloud.com/a/b", "Some(SoundCloud("),
            ("//m.soundcloud.com/a/b", "Some(SoundCloud("),
            ("https://notsoundcloud.com/a", "Some(Other("),
            ("https://soundcloud.com.evil.example/a", "Some(Other("),
            ("javascript:alert(1)", "None"),
            ("ftp://soundcloud.com/a", "None"),
            ("/song/1", "None"),
            ("", "None"),
        ] {
            assert_eq!(kind(url).as_deref(), Some(expected), "{url}");
        }
        let info = SongInfo {
            source: "youtube".into(),
            media_id: "a&b=1".into(),
            ..SongInfo::default()
        };
        let url = info.link().map(|link| link.to_string());
        assert_eq!(
            url.as_deref(),
            Some("https://www.youtube.com/watch?v=a%26b%3D1")
        );
    }

    #[test]
    fn a_chat_id_is_split_at_the_last_dash() {
        let parts = ChatId::from("a-b-1720000000123").parts();
        assert_eq!(parts, Some(("a-b".into(), 1_720_000_000_123)));
        assert_eq!(ChatId::from("nothing").parts(), None);
        assert_eq!(ChatId::from("a-later").parts(), None);
    }

    #[test]
    fn every_role_is_found_by_its_id() {
        for role in Role::ALL {
            assert_eq!(Role::from_id(role.id().as_str()), role);
        }
        let unknown = Role::from_id("ffffffffffffffffffffffff");
        assert_eq!(unknown.id(), "ffffffffffffffffffffffff");
        assert!(unknown.rights().is_empty());
    }

    #[test]
    fn rights_grow_with_the_role() {
        assert!(Role::CoOwner.has(Right::SetManagers) && !Role::Manager.has(Right::SetManagers));
        assert!(Role::Manager.has(Right::SetRoles) && !Role::Moderator.has(Right::SetRoles));
        assert!(Role::Moderator.has(Right::Kick) && !Role::Vip.has(Right::Kick));
    }

    #[test]
    fn a_guest_is_no_account() {
        assert!(UserId::from("5f1c0aa1b2c3d4e5f6071829").is_account());
        assert!(!UserId::from("5f1c0aa1b2c3d4e5f60718295f1c0aa1").is_account());
        assert!(!UserId::default().is_account());
    }

    #[test]
    fn a_missing_presence_action_means_enter() {
        assert_eq!(Presence::from_number(None), Presence::Enter);
        assert_eq!(Presence::from_number(Some(1)), Presence::Exit);
        assert_eq!(Presence::from_number(Some(7)).number(), 7);
    }
}
