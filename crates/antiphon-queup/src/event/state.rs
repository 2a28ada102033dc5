//! State that the source fetched, as events.

use antiphon_core::{DecodeError, Event, Payload};

use super::{convert::filled, object, room_of};
use crate::{
    model::{ConversationInfo, MemberState, RoomId, RoomInfo, Song, User, UserId},
    wire,
};

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

/// Another song plays in a room now, or none does any more (`queup.song_change`).
///
/// The source makes it from what QueUp tells with every change of a queue and from what it fetches itself. It comes once
/// for each song, also for the same media twice in a row, and right behind the event that it follows from:
/// - The song that plays when a room is joined is no change; [`PlaylistActive`] tells it.
/// - After an outage or a restart it comes if another song plays than the last one known, once, however many played
///   meanwhile; [`SongChange::start_time`] tells how long ago it began.
/// - Where an update is lost, the song is fetched 15 seconds after the last one should have ended.
/// - What the server tells late, of a song that is over, is no change.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SongChange {
    /// In which room.
    pub room: RoomId,
    /// Song that plays now; absent once nothing plays. [`Song::song_info`] is absent where QueUp sent none.
    pub song: Option<Song>,
    /// Seconds since it began; absent if it begins now.
    pub start_time: Option<i64>,
}

impl Payload for SongChange {
    known_as!(SongChange, "queup.song_change");

    fn decode(event: &Event) -> Result<Self, DecodeError> {
        let PlaylistActive {
            room,
            song,
            start_time,
        } = PlaylistActive::decode(event)?;
        Ok(Self {
            room,
            song,
            start_time,
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
