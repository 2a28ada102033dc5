//! Conversions from the wire to the model.
//!
//! Each object has one conversion, wherever QueUp embeds it: in an event, an answer or a saved cache. A user may be an
//! id or an object, a role too (protocol §9, 5 and 6), so that both become the same value here. What is absent stays
//! absent where the difference matters, and becomes empty, 0 or false where the model has no room for absence.

use std::borrow::Cow;

use crate::{
    model::{
        ChatId, ConversationInfo, MemberState, Message, Role, RoomId, RoomInfo, Song, SongInfo,
        User, UserId,
    },
    wire,
};

/// An id; empty where there is none.
#[expect(
    clippy::needless_pass_by_value,
    reason = "callers have no more use for it"
)]
pub(super) fn id<T: for<'a> From<&'a str>>(text: Option<Cow<'_, str>>) -> T {
    T::from(text.as_deref().unwrap_or_default())
}

/// A text of one's own; absent stays absent.
pub(super) fn owned(text: Option<Cow<'_, str>>) -> Option<String> {
    text.map(Cow::into_owned)
}

/// A text that is not empty.
pub(super) fn filled(text: Option<Cow<'_, str>>) -> Option<String> {
    owned(text).filter(|text| !text.is_empty())
}

/// Seconds since a song began; QueUp sends -1 where it begins now.
pub(super) fn since_start(seconds: Option<i64>) -> Option<i64> {
    seconds.filter(|seconds| *seconds >= 0)
}

/// A role, sent as an id or as an object (protocol §5.4).
pub(super) fn role(wire: wire::Ref<'_, wire::RoleObject<'_>>) -> Option<Role> {
    let id = match wire {
        wire::Ref::Id(id) => Some(id),
        wire::Ref::Object(role) => role.id,
        wire::Ref::Nothing => None,
    };
    id.map(|id| Role::from_id(&id))
}

/// Users who voted; a vote without a user is left out.
pub(crate) fn voters(votes: wire::List<wire::Vote<'_>>) -> Vec<UserId> {
    let ids = votes.0.into_iter().filter_map(|vote| filled(vote.userid));
    ids.map(UserId::from).collect()
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
    /// Takes an id or an object; an empty user for neither.
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
    /// Updates the state by the fields that the wire has: events leave out most unchanged fields.
    pub(crate) fn with(self, wire: wire::Member<'_>) -> Self {
        let embedded_id = wire.user.as_id().map(|id| UserId::from(&**id));
        let embedded = wire.user.object().map(User::from);
        let user = match wire.userid {
            Some(user) if !user.is_empty() => UserId::from(&*user),
            _ => embedded_id
                .or_else(|| embedded.as_ref().map(|user| user.id.clone()))
                .unwrap_or(self.user),
        };
        // QueUp sends 0 where there is no time.
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
            role: role(wire.roleid)
                .filter(|role| !role.id().is_empty())
                .or(self.role),
        }
    }

    /// The state with this room.
    pub(crate) fn in_room(self, room: RoomId) -> Self {
        Self {
            room: Some(room),
            ..self
        }
    }

    /// The state with this user, unless it names one.
    pub(super) fn of_user(self, user: &UserId) -> Self {
        if self.user.is_empty() {
            let user = user.clone();
            Self { user, ..self }
        } else {
            self
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
            current_song: wire.current_song.map(SongInfo::from),
        }
    }
}

impl From<wire::CurrentSong<'_>> for SongInfo {
    fn from(wire: wire::CurrentSong<'_>) -> Self {
        Self {
            id: id(wire.songid),
            name: owned(wire.name).unwrap_or_default(),
            media_id: owned(wire.fkid).unwrap_or_default(),
            source: owned(wire.source).unwrap_or_default(),
            ..Self::default()
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
        let embedded_id = wire.user.as_id().map(|id| UserId::from(&**id));
        let embedded = wire.user.object().map(User::from);
        let user = filled(wire.userid)
            .map(UserId::from)
            .or(embedded_id)
            .or_else(|| embedded.as_ref().map(|user| user.id.clone()))
            .filter(|user| !user.is_empty());
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
            user,
            embedded,
        }
    }
}

impl Song {
    /// The song with the media that was sent beside it.
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
