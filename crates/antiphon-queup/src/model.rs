//! Values that the rest of the program uses; of these only ids know serde.
//!
//! Payloads, caches and handles are made of them. A field is an `Option` where QueUp may leave the value out and the
//! difference matters; numbers are signed, as sent, and lengths are milliseconds unless the name says minutes. Texts
//! are without HTML escapes (protocol §9, 14).
//!
//! Words and numbers of the platform that a later version may extend have a variant `Unknown` with the value as sent.

mod ids;
mod role;

use std::fmt;

use jiff::Timestamp;

pub use self::{
    ids::{
        ChatId, ConversationId, MemberId, PlaylistId, PrivateMessageId, RoleId, RoomId, Slug,
        SongId, SongInfoId, UserId,
    },
    role::{Right, Role},
};

/// A user of QueUp (protocol §5.1).
///
/// Embedded users often have an id and a name only. [`Client::user`](crate::Client::user) has what was seen of a user
/// so far, [`Client::fetch_user`](crate::Client::fetch_user) everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct User {
    /// Id of this user.
    pub id: UserId,
    /// Name the user chose; it may change, and is empty where QueUp sent only the id.
    pub username: String,
    /// Time the account was made; absent in some embedded users.
    pub created_at: Option<Timestamp>,
    /// URL of the user's picture.
    pub avatar_url: Option<String>,
    /// Dubs over all rooms; absent where QueUp sent none.
    pub dubs: Option<i64>,
    /// Number of the user's role on the whole site; not a role in a room.
    pub site_role: Option<i64>,
}

/// A user's state in one room, as last heard (protocol §5.3).
///
/// [`Member`](crate::Member) is the handle with methods. Events leave out most unchanged fields: the cache keeps those
/// that it knows, and a payload has the default of a field that was not sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
#[expect(
    clippy::struct_excessive_bools,
    reason = "as many as the platform has, each its own"
)]
pub struct MemberState {
    /// Id of this membership; not the user's.
    pub id: MemberId,
    /// User whose state it is.
    pub user: UserId,
    /// Room it belongs to; absent where QueUp sent none.
    pub room: Option<RoomId>,
    /// User as embedded; absent where QueUp sent only the id.
    pub embedded: Option<User>,
    /// Dubs the member received in the room.
    pub dubs: i64,
    /// Place in the queue; 99999 and above mean that the member is not in it.
    pub order: i64,
    /// QueUp's flag `authorized`, whose meaning is not documented.
    pub authorized: bool,
    /// Whether the member is in the room.
    pub active: bool,
    /// Number of the member's songs that were skipped.
    pub skipped: i64,
    /// Number of the member's songs that were played, in this room.
    pub played: i64,
    /// Number of songs that the member has in the queue now.
    pub queued_now: i64,
    /// Place in the waiting line; 0 where QueUp sent none.
    pub wait_line: i64,
    /// Whether the member is banned.
    pub banned: bool,
    /// Start of the ban; meaningless unless banned.
    pub banned_time: Option<Timestamp>,
    /// End of the ban; meaningless unless banned.
    pub banned_until: Option<Timestamp>,
    /// Whether the member is muted.
    pub muted: bool,
    /// Whether the member's own queue is paused; absent where QueUp sent none.
    pub queue_paused: Option<bool>,
    /// Role in the room, if any.
    pub role: Option<Role>,
}

/// Description and settings of a room (protocol §5.2).
///
/// [`Room`](crate::Room) is the handle with methods.
///
/// ```no_run
/// use antiphon_queup::RoomInfo;
///
/// fn describe(room: &RoomInfo) -> String {
///     let users = room.active_users.map_or("?".into(), |count| count.to_string());
///     let locked = if room.lock_queue == Some(true) { ", queue locked" } else { "" };
///     format!("{} (https://queup.net/join/{}): {users} users{locked}", room.name, room.slug)
/// }
/// # let _ = describe(&RoomInfo::default());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RoomInfo {
    /// Id of the room.
    pub id: RoomId,
    /// Name shown to people.
    pub name: String,
    /// Description by its owner.
    pub description: String,
    /// Name in the URL: `https://queup.net/join/<slug>`.
    pub slug: Slug,
    /// Name of the room's real-time channel, which requests about chat have in them.
    pub rtc: String,
    /// Type of the room: `room` or `iframe`.
    pub room_type: String,
    /// QueUp's flag `isPublic`; a recorded public room had `false`, so trust [`RoomInfo::display`].
    pub is_public: bool,
    /// `public` or `private`.
    pub display: Option<String>,
    /// Preferred language.
    pub lang: Option<String>,
    /// Type of music.
    pub music_type: Option<String>,
    /// User who made the room, and may do everything in it.
    pub creator: Option<UserId>,
    /// Time it was made.
    pub created_at: Option<Timestamp>,
    /// Number of users in it.
    pub active_users: Option<i64>,
    /// Longest song, in minutes.
    pub max_song_minutes: Option<i64>,
    /// Minutes before a song may be queued again.
    pub repeat_minutes: Option<i64>,
    /// Largest number of songs in a member's queue.
    pub max_queue_length: Option<i64>,
    /// Whether the queue is locked; absent where QueUp sent none.
    pub lock_queue: Option<bool>,
    /// Whether chat is slowed down; absent where QueUp sent none.
    pub slow_mode: Option<bool>,
    /// Whether guests may chat; absent where QueUp sent none.
    pub allow_guests_to_chat: Option<bool>,
    /// Whether guests may embed; absent where QueUp sent none.
    pub allow_guests_to_embed: Option<bool>,
    /// Text shown to users who enter.
    pub welcome_message: Option<String>,
    /// Media that played when the room was fetched, without length, time and thumbnail; absent where QueUp sent none.
    pub current_song: Option<SongInfo>,
}

impl RoomInfo {
    /// Type of the room: `room` or `iframe`; the reference's `type`.
    pub fn r#type(&self) -> &str {
        &self.room_type
    }
}

/// Media from another site (protocol §5.5): a video or track, which many entries of queues may have.
///
/// ```
/// use antiphon_queup::SongInfo;
///
/// let mut info = SongInfo::default();
/// info.source = "youtube".into();
/// info.media_id = "dQw4w9WgXcQ".into();
/// let link = info.link().expect("YouTube's address follows from the id");
/// assert_eq!(link.url(), "https://www.youtube.com/watch?v=dQw4w9WgXcQ");
/// info.source = "soundcloud".into();
/// assert_eq!(info.link(), None);
/// ```
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
    /// Time it was made at its source.
    pub created_at: Option<Timestamp>,
    /// Length in ms; 0 where QueUp sent none.
    pub length: i64,
    /// URL of a small picture.
    pub thumbnail: Option<String>,
}

impl SongInfo {
    /// Makes the link of a YouTube video from its id; `None` for another source.
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

/// The address of a song at its source, for a browser.
///
/// ```no_run
/// use antiphon_queup::{Client, RequestError, Song, SongLink};
///
/// # async fn example(client: &Client, song: &Song) -> Result<(), RequestError> {
/// match client.fetch_song_link(song).await? {
///     Some(SongLink::YouTube(url)) => println!("watch {url}"),
///     Some(link) => println!("listen at {link}"),
///     None => println!("QueUp does not know the song"),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SongLink {
    /// Address at YouTube.
    YouTube(String),
    /// Address at SoundCloud.
    SoundCloud(String),
    /// Address at another site.
    Other(String),
}

impl SongLink {
    /// Reads an address; `None` if it is no web address.
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

/// An entry of a room's queue, which will play, plays or has played (protocol §5.5).
///
/// ```
/// use antiphon_queup::{Song, utils::song_length};
///
/// fn score(song: &Song) -> String {
///     let grabs = song.grabs.unwrap_or_default();
///     format!("{}, {}: {:+} dubs, {grabs} grabs", song.name(), song_length(song.length), song.net_dubs())
/// }
/// assert_eq!(score(&Song::default()), ", 00:00: +0 dubs, 0 grabs");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Song {
    /// Id of this entry.
    pub id: SongId,
    /// Time it was queued.
    pub created_at: Option<Timestamp>,
    /// Time it began to play; absent until then.
    pub played_at: Option<Timestamp>,
    /// Whether it plays now.
    pub active: bool,
    /// Whether it has played.
    pub played: bool,
    /// Whether it was skipped.
    pub skipped: bool,
    /// Place in the queue; 999 when fresh.
    pub order: i64,
    /// Length in ms; 0 where QueUp sent none.
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
    /// User who queued it; absent once that account is deleted.
    pub user: Option<UserId>,
    /// User who queued it, as embedded; absent where QueUp sent only the id.
    pub embedded: Option<User>,
}

impl Song {
    /// Up-dubs minus down-dubs.
    pub fn net_dubs(&self) -> i64 {
        self.up_dubs.saturating_sub(self.down_dubs)
    }

    /// Name of its media; empty where QueUp sent none.
    pub fn name(&self) -> &str {
        self.song_info.as_ref().map_or("", |info| &info.name)
    }
}

/// A message in a room's chat or in a private conversation.
///
/// ```
/// use antiphon_queup::Message;
///
/// /// Whether a message is for this name, as people write it.
/// fn is_for(message: &Message, name: &str) -> bool {
///     !message.deleted && message.content.split_whitespace().any(|word| word.trim_matches([',', ':']) == format!("@{name}"))
/// }
///
/// let mut message = Message::default();
/// message.content = "@antiphon: play something".into();
/// assert!(is_for(&message, "antiphon") && !is_for(&message, "mira"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Message {
    /// Id of the message: the chat id in a room, the message's own in a conversation.
    pub id: ChatId,
    /// Text, without HTML escapes.
    pub content: String,
    /// Whether it was deleted; a deleted message stays in the cache.
    pub deleted: bool,
    /// Time it was sent, by the clock that stamped it; that of the id where the message has none.
    pub created_at: Option<Timestamp>,
    /// User who sent it.
    pub author: User,
    /// State of the author in the room; absent in a conversation and where QueUp sent none.
    pub member: Option<MemberState>,
    /// Room it was sent in; absent in a conversation.
    pub room: Option<RoomId>,
}

/// Participants and last message of a private conversation (protocol §4.6).
///
/// [`Conversation`](crate::Conversation) is the handle with methods.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConversationInfo {
    /// Id of the conversation.
    pub id: ConversationId,
    /// Time it was begun.
    pub created_at: Option<Timestamp>,
    /// Time its last message was sent.
    pub latest_message: Option<Timestamp>,
    /// Text of the last message; it may be old until [`fetch`](crate::Conversation::fetch).
    pub latest_message_str: String,
    /// Participants, the own account among them.
    pub users: Vec<User>,
    /// Participants who have read its last message.
    pub users_read: Vec<UserId>,
}

/// A member's presence in a room.
///
/// ```no_run
/// use antiphon_queup::{ActionError, Presence, Room};
///
/// # async fn example(room: &Room) -> Result<(), ActionError> {
/// room.change_presence(Presence::Exit).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Presence {
    /// Visible.
    #[default]
    Enter,
    /// Invisible: not among the users that others see.
    Exit,
    /// The presence changed otherwise.
    Update,
    /// A number this version does not know.
    Unknown(i64),
}

impl Presence {
    /// The presence with this number; no number means enter.
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

/// The direction of a dub.
///
/// ```
/// use antiphon_queup::DubType;
///
/// assert_eq!(DubType::from("updub"), DubType::UpDub);
/// assert_eq!(DubType::from("sidedub").as_str(), "sidedub");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DubType {
    /// A vote for the song.
    UpDub,
    /// A vote against the song.
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
    fn a_missing_presence_action_means_enter() {
        assert_eq!(Presence::from_number(None), Presence::Enter);
        assert_eq!(Presence::from_number(Some(1)), Presence::Exit);
        assert_eq!(Presence::from_number(Some(7)).number(), 7);
    }
}
