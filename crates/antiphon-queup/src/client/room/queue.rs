//! The queue of a room, and its votes (protocol §4.4).
//!
//! QueUp has one queue for each DJ, and plays one song of each in turn. An entry ([`Song`]) is one song in it; its
//! media ([`SongInfo`](crate::SongInfo)) is the video or track behind it, and may be in many entries. Requests name
//! entries by [`SongId`] and media by [`SongInfoId`](crate::SongInfoId).
//!
//! The cached queue is fetched when the room is joined and 5 s after a change, so that a burst of changes costs one
//! request.

use std::sync::Arc;

use super::Room;
use crate::{
    client::{parse, songs::songs},
    error::RequestError,
    event::{ActiveDubs, voters},
    http::{Call, step},
    model::{DubType, PlaylistId, Song, SongId, UserId},
    wire,
};

impl Room {
    /// The playing song by the last event about it; absent while nothing plays, and before the room was fetched.
    ///
    /// Its votes are those of the last vote that was heard.
    pub fn current_song(&self) -> Option<Song> {
        let cache = self.client.shared.cache.read();
        cache.rooms.get(&self.id)?.active.clone()
    }

    /// The votes on the playing song as last fetched; absent if they were on another song.
    pub fn current_dubs(&self) -> Option<Arc<ActiveDubs>> {
        let cache = self.client.shared.cache.read();
        let room = cache.rooms.get(&self.id)?;
        let playing = &room.active.as_ref()?.id;
        let dubs = room.dubs.clone()?;
        (dubs.song.as_ref().map(|song| &song.id) == Some(playing)).then_some(dubs)
    }

    /// The queue as last fetched; at most 1,024 songs.
    pub fn queue(&self) -> Vec<Song> {
        let cache = self.client.shared.cache.read();
        let room = cache.rooms.get(&self.id);
        room.map(|room| room.queue.clone()).unwrap_or_default()
    }

    /// Fetches the queue, in the order of playing. Entries that QueUp sends as `null` are left out, and entries may
    /// lack their media: [`Client::fetch_song_info`](crate::Client::fetch_song_info) fetches it.
    ///
    /// # Errors
    /// [`RequestError`] if the request failed.
    pub async fn fetch_queue(&self) -> Result<Vec<Song>, RequestError> {
        songs(
            &self
                .client
                .call(Call::get(self.path("/playlist/details")))
                .await?,
        )
    }

    /// Fetches the playing song; absent while nothing plays, which QueUp says by status 404.
    ///
    /// # Errors
    /// [`RequestError`] if the request failed.
    pub async fn fetch_active_song(&self) -> Result<Option<Song>, RequestError> {
        match self
            .client
            .call(Call::get(self.path("/playlist/active")))
            .await
        {
            Ok(data) => {
                let active = parse::<Option<wire::Active<'_>>>(&data)?.unwrap_or_default();
                let info = active.song_info;
                Ok(active.song.map(|song| Song::from(song).with_info(info)))
            }
            // Nothing plays (protocol §4.4).
            Err(RequestError::Refused { status: 404, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Fetches the votes on the playing song.
    ///
    /// `song` of the result says which song that is: it may be another than the one that is meant.
    ///
    /// # Errors
    /// [`RequestError`] if the request failed.
    pub async fn fetch_active_dubs(&self) -> Result<ActiveDubs, RequestError> {
        let data = self
            .client
            .call(Call::get(self.path("/playlist/active/dubs")))
            .await?;
        let dubs = parse::<Option<wire::ActiveDubs<'_>>>(&data)?.unwrap_or_default();
        Ok(ActiveDubs {
            room: self.id.clone(),
            song: dubs.current_song.map(Song::from),
            up_dubs: voters(dubs.up_dubs),
            down_dubs: voters(dubs.down_dubs),
        })
    }

    /// Fetches a page of 20 songs that have played, from 1; a short page is the last.
    ///
    /// Pages shift while songs end, so compare ids when you read several.
    ///
    /// ```no_run
    /// use std::collections::HashSet;
    ///
    /// use antiphon_queup::{RequestError, Room, Song};
    ///
    /// /// The last hundred songs, each once.
    /// async fn last_songs(room: &Room) -> Result<Vec<Song>, RequestError> {
    ///     let (mut songs, mut seen) = (Vec::new(), HashSet::new());
    ///     for page in 1..=5 {
    ///         let found = room.history(page).await?;
    ///         let is_last = found.len() < 20;
    ///         songs.extend(found.into_iter().filter(|song| seen.insert(song.id.clone())));
    ///         if is_last {
    ///             break;
    ///         }
    ///     }
    ///     Ok(songs)
    /// }
    /// ```
    ///
    /// # Errors
    /// [`RequestError`] if the request failed.
    pub async fn history(&self, page: u32) -> Result<Vec<Song>, RequestError> {
        let call = Call::get(self.path("/playlist/history")).query([("page", page.to_string())]);
        songs(&self.client.call(call).await?)
    }

    /// Queues a song by its source (`youtube`, `soundcloud`) and the source's id, at the end of the own queue.
    ///
    /// It plays when the own turn comes. The account must be in the room.
    ///
    /// ```no_run
    /// use antiphon_queup::{RequestError, Room};
    ///
    /// /// Queues a video, and says in words why not.
    /// async fn request(room: &Room, video: &str) -> Result<String, RequestError> {
    ///     match room.queue_song("youtube", video).await {
    ///         Ok(song) => Ok(format!("queued as {}", song.id)),
    ///         // Locked, too long, or played lately: QueUp says which.
    ///         Err(RequestError::Refused { message, .. }) => Ok(format!("QueUp says: {message}")),
    ///         Err(error) => Err(error),
    ///     }
    /// }
    /// ```
    ///
    /// # Errors
    /// [`RequestError::Refused`] if the queue is locked, or the song too long or played lately; the message is QueUp's.
    pub async fn queue_song(&self, source: &str, media_id: &str) -> Result<Song, RequestError> {
        let fields = [("songType", source), ("songId", media_id)];
        let call = Call::post(self.path("/playlist")).form(fields);
        let data = self.client.call(call).await?;
        Ok(parse::<wire::QueueItem<'_>>(&data)?.into())
    }

    /// Queues a whole playlist of the account, in one request.
    ///
    /// # Errors
    /// [`RequestError`] if the request failed.
    pub async fn queue_playlist(&self, playlist: &PlaylistId) -> Result<(), RequestError> {
        let path = self.path(&format!("/queueplaylist/{}", step(playlist.as_str())));
        self.done(Call::post(path)).await
    }

    /// Removes one of the own songs from the queue.
    ///
    /// # Errors
    /// [`RequestError`] if the request failed.
    pub async fn remove_song(&self, song: &SongId) -> Result<(), RequestError> {
        let path = self.path(&format!("/playlist/{}", step(song.as_str())));
        self.done(Call::delete(path)).await
    }

    /// Removes all own songs from the queue.
    ///
    /// # Errors
    /// [`RequestError`] if the request failed.
    pub async fn clear_queue(&self) -> Result<(), RequestError> {
        self.done(Call::delete(self.path("/playlist"))).await
    }

    /// Fetches the own songs in the queue.
    ///
    /// # Errors
    /// [`RequestError`] if the request failed.
    pub async fn own_queue(&self) -> Result<Vec<Song>, RequestError> {
        let path = format!("/user/session/room/{}/queue", step(self.id.as_str()));
        songs(&self.client.call(Call::get(path)).await?)
    }

    /// Orders the own songs in the queue; the list has all of them, as [`own_queue`](Self::own_queue) gives them.
    ///
    /// # Errors
    /// [`RequestError`] if the request failed.
    pub async fn reorder_own_queue(&self, order: &[SongId]) -> Result<(), RequestError> {
        let path = format!("/user/session/room/{}/queue/order", step(self.id.as_str()));
        let fields = order.iter().map(|song| ("order[]", song.as_str()));
        self.done(Call::post(path).form(fields)).await
    }

    /// Orders the DJs in the queue, the next one first. The account needs
    /// [`Right::QueueOrder`](crate::Right::QueueOrder).
    ///
    /// # Errors
    /// [`RequestError::Refused`] if the right is missing.
    pub async fn reorder_queue(&self, order: &[UserId]) -> Result<(), RequestError> {
        let fields = order.iter().map(|user| ("order[]", user.as_str()));
        self.done(Call::post(self.path("/queue/order")).form(fields))
            .await
    }

    /// Removes a DJ's next song; gives the one after it, if there is one.
    ///
    /// # Errors
    /// [`RequestError::Refused`] if the right is missing.
    pub async fn remove_user_song(&self, user: &UserId) -> Result<Option<Song>, RequestError> {
        let path = self.path(&format!("/queue/user/{}", step(user.as_str())));
        let data = self.client.call(Call::delete(path)).await?;
        let removed: wire::Removed<'_> = antiphon_core::read_json(&data).unwrap_or_default();
        Ok(removed.user_next_song.map(Song::from))
    }

    /// Removes a DJ from the queue, with all songs.
    ///
    /// # Errors
    /// [`RequestError::Refused`] if the right is missing.
    pub async fn remove_user(&self, user: &UserId) -> Result<(), RequestError> {
        let path = self.path(&format!("/queue/user/{}/all", step(user.as_str())));
        self.done(Call::delete(path)).await
    }

    /// Pauses another DJ.
    ///
    /// # Errors
    /// [`RequestError::Refused`] if the right is missing.
    pub async fn pause_user(&self, user: &UserId) -> Result<(), RequestError> {
        let path = self.path(&format!("/queue/user/{}/pause", step(user.as_str())));
        self.done(Call::put(path)).await
    }

    /// Pauses or resumes the own queue, whose songs stay.
    ///
    /// # Errors
    /// [`RequestError`] if the request failed.
    pub async fn pause_queue(&self, paused: bool) -> Result<(), RequestError> {
        let fields = [("queuePaused", if paused { "1" } else { "0" })];
        self.done(Call::put(self.path("/queue/pause")).form(fields))
            .await
    }

    /// Locks or unlocks the queue; whose songs a locked one refuses is QueUp's rule. The account needs
    /// [`Right::LockQueue`](crate::Right::LockQueue).
    ///
    /// # Errors
    /// [`RequestError::Refused`] if the right is missing.
    pub async fn lock_queue(&self, locked: bool) -> Result<(), RequestError> {
        let fields = [("lockQueue", if locked { "1" } else { "0" })];
        self.done(Call::put(self.path("/lockQueue")).form(fields))
            .await
    }

    /// Dubs a song: votes for or against it.
    ///
    /// QueUp counts votes on the playing song; its event is [`Dub`](crate::Dub).
    ///
    /// # Errors
    /// [`RequestError::RateLimited`] after about ten votes on one song.
    pub async fn dub(&self, song: &SongId, dubtype: &DubType) -> Result<(), RequestError> {
        let path = self.path(&format!("/playlist/{}/dubs", step(song.as_str())));
        self.done(Call::post(path).form([("type", dubtype.as_str())]))
            .await
    }

    /// Dubs a song up.
    ///
    /// # Errors
    /// As [`Room::dub`].
    pub async fn updub(&self, song: &SongId) -> Result<(), RequestError> {
        self.dub(song, &DubType::UpDub).await
    }

    /// Dubs a song down.
    ///
    /// # Errors
    /// As [`Room::dub`].
    pub async fn downdub(&self, song: &SongId) -> Result<(), RequestError> {
        self.dub(song, &DubType::DownDub).await
    }
}
