//! The members of a room (protocol §4.2).
//!
//! The cache has everybody who is in the room, as the source fetched them at joining and as the events changed them
//! since. The lists here ask QueUp: they are complete, need no right, and have banned users too, who are in no cache.

use std::sync::Arc;

use bytes::Bytes;

use super::Room;
use crate::{
    client::{Collection, Member, parse},
    error::RequestError,
    http::{Call, step},
    model::{MemberState, RoomId, User, UserId},
    wire,
};

impl Room {
    /// Members that are cached, the first seen first; at most 4,096. Empty until the room was joined and fetched.
    pub fn members(&self) -> Collection<Member> {
        let cache = self.client.shared.cache.read();
        let members = cache.rooms.get(&self.id).map(|room| room.members.iter());
        let handle = |(_, state): (&UserId, &Arc<MemberState>)| Member {
            client: self.client.clone(),
            room: self.id.clone(),
            state: Arc::clone(state),
        };
        Collection::new(members.into_iter().flatten().map(handle))
    }

    /// Fetches the users in the room, all in one request.
    ///
    /// # Errors
    /// [`RequestError`] if the request failed.
    pub async fn fetch_members(&self) -> Result<Vec<MemberState>, RequestError> {
        self.member_list("/users").await
    }

    /// Fetches the banned users.
    ///
    /// ```no_run
    /// use antiphon_queup::{RequestError, Room};
    ///
    /// /// Lifts all bans that have an end.
    /// async fn amnesty(room: &Room) -> Result<(), RequestError> {
    ///     for member in room.fetch_banned().await? {
    ///         if member.banned_until.is_some() {
    ///             room.unban(&member.user).await?;
    ///         }
    ///     }
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    /// [`RequestError`] if the request failed.
    pub async fn fetch_banned(&self) -> Result<Vec<MemberState>, RequestError> {
        self.member_list("/users/ban").await
    }

    /// Fetches the muted members.
    ///
    /// # Errors
    /// [`RequestError`] if the request failed.
    pub async fn fetch_muted(&self) -> Result<Vec<MemberState>, RequestError> {
        self.member_list("/users/mute").await
    }

    /// Fetches the members with a role.
    ///
    /// # Errors
    /// [`RequestError`] if the request failed.
    pub async fn fetch_staff(&self) -> Result<Vec<MemberState>, RequestError> {
        self.member_list("/users/staff").await
    }

    /// Fetches a list of members, each with this room.
    async fn member_list(&self, path: &str) -> Result<Vec<MemberState>, RequestError> {
        let data = self.client.call(Call::get(self.path(path))).await?;
        members(&self.id, &data)
    }

    /// Fetches one user's state in the room.
    ///
    /// # Errors
    /// [`RequestError::Refused`] with status 404 if there is none.
    pub async fn fetch_member(&self, user: &UserId) -> Result<MemberState, RequestError> {
        let path = self.path(&format!("/users/{}", step(user.as_str())));
        let data = self.client.call(Call::get(path)).await?;
        let mut member = MemberState::from(parse::<wire::Member<'_>>(&data)?);
        member.room.get_or_insert_with(|| self.id.clone());
        Ok(member)
    }
}

impl Member {
    /// Room of this state, if it is known.
    pub fn room(&self) -> Option<Room> {
        self.client.room(&self.room)
    }
}

impl User {
    /// State of the user in a room; absent if the user is not in it, or the room is not cached.
    pub fn member_of(&self, room: &Room) -> Option<Member> {
        room.client.member(&room.id, &self.id)
    }
}

fn members(room: &RoomId, data: &Bytes) -> Result<Vec<MemberState>, RequestError> {
    let list: wire::List<wire::Member<'_>> = parse(data)?;
    let members = list.0.into_iter().map(|member| {
        let mut member = MemberState::from(member);
        member.room.get_or_insert_with(|| room.clone());
        member
    });
    Ok(members.collect())
}
