//! Requests about rooms, and joining one (protocol §4.2).
//!
//! # Joining
//! A join is a command: the source finds the room, tells QueUp that the account is in it, waits until a checkpoint of
//! the room is stored, and attaches its channel to the socket (protocol §3.4). Only then does the call return, so that
//! no message after it is missed. State and members follow as events.
//!
//! A room that was joined stays wanted: it is joined again after every reconnect and restart, until it is left, or the
//! account is kicked or banned.

use std::sync::Arc;

use antiphon_core::Secret;

use super::{
    Client, parse,
    room::{Room, RoomSettings},
};
use crate::{
    error::{JoinError, RequestError},
    http::{Call, step},
    model::{RoomInfo, Slug},
    relay,
    session::Command,
    wire,
};

impl Client {
    /// Joins a room by the name in its URL, and waits until the socket is attached to it.
    ///
    /// The room is joined again after every reconnect and every restart, until [`Room::leave`]. A room that is joined
    /// already is joined once more on the server, and the call succeeds.
    ///
    /// # Errors
    /// [`JoinError`]; [`JoinError::NotConnected`] if the socket does not come up in time, [`JoinError::TimedOut`] if
    /// the room was not attached in time, while the source goes on trying.
    pub async fn join_room(&self, slug: impl Into<Slug>) -> Result<Room, JoinError> {
        self.join(slug.into(), None).await
    }

    /// Joins a private room.
    ///
    /// The password is not stored: to be joined again after a restart, the room needs it in the configuration as well.
    ///
    /// # Errors
    /// [`JoinError`]; [`JoinError::WrongPassword`] if the password is wrong.
    pub async fn join_private_room(
        &self,
        slug: impl Into<Slug>,
        password: impl Into<Secret>,
    ) -> Result<Room, JoinError> {
        self.join(slug.into(), Some(password.into())).await
    }

    /// Sends the command to join, and puts the room into the cache.
    pub(crate) async fn join(
        &self,
        slug: Slug,
        password: Option<Secret>,
    ) -> Result<Room, JoinError> {
        if let Some(remote) = self.http().remote() {
            let info = relay::join(remote, slug, password).await?;
            return Ok(self.know(info));
        }
        let make = |reply| Command::Join {
            slug,
            password,
            reply,
        };
        let info = match self.command(make, self.shared.action_timeout).await {
            Ok(joined) => joined?,
            // The socket is there: the room was not attached in time.
            Err(error) if error.state.is_connected() => {
                return Err(JoinError::TimedOut(self.shared.action_timeout));
            }
            Err(error) => return Err(error.into()),
        };
        Ok(self.know(info))
    }

    /// Makes a handle of a room, and puts it into the cache.
    fn know(&self, info: RoomInfo) -> Room {
        let room = Room {
            client: self.clone(),
            info: Arc::new(info.clone()),
        };
        self.shared.cache.write().put_room(info);
        room
    }

    /// Fetches a room by its slug or id, without joining it. Public rooms need no right.
    ///
    /// # Errors
    /// [`RequestError::Refused`] with status 404 if there is none.
    pub async fn fetch_room(&self, room: impl AsRef<str>) -> Result<RoomInfo, RequestError> {
        let data = self
            .call(Call::get(format!("/room/{}", step(room.as_ref()))))
            .await?;
        Ok(parse::<wire::Room<'_>>(&data)?.into())
    }

    /// Fetches the rooms of the lobby.
    ///
    /// # Errors
    /// [`RequestError`] if the request failed.
    pub async fn lobby(&self) -> Result<Vec<RoomInfo>, RequestError> {
        self.room_list("/room".into()).await
    }

    /// Searches for rooms.
    ///
    /// # Errors
    /// [`RequestError`] if the request failed.
    pub async fn search_rooms(&self, term: &str) -> Result<Vec<RoomInfo>, RequestError> {
        self.room_list(format!("/room/term/{}", step(term))).await
    }

    async fn room_list(&self, path: String) -> Result<Vec<RoomInfo>, RequestError> {
        let data = self.call(Call::get(path)).await?;
        let list: wire::List<wire::Room<'_>> = parse(&data)?;
        Ok(list.0.into_iter().map(RoomInfo::from).collect())
    }

    /// Makes a room; an account may have five, and no room can be deleted (protocol §4.2). It is not joined by that.
    ///
    /// # Errors
    /// [`RequestError`] if the request failed; [`RequestError::Refused`] for a sixth room.
    pub async fn create_room(&self, settings: &RoomSettings) -> Result<RoomInfo, RequestError> {
        let data = self
            .call(Call::post("/room").form(settings.pairs()))
            .await?;
        Ok(parse::<wire::Room<'_>>(&data)?.into())
    }
}
