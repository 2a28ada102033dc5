//! Requests about songs and personal playlists (protocol §4.5).
//!
//! An entry of a queue names its media by QueUp's own id ([`SongInfoId`]) and by the source's
//! ([`SongInfo::media_id`](crate::SongInfo)). Playlists hold media, not entries.

use bytes::Bytes;
use jiff::Timestamp;

use super::{Client, parse};
use crate::{
    error::RequestError,
    http::{Call, step},
    model::{PlaylistId, Song, SongInfo, SongInfoId, SongLink},
    wire,
};

/// Number of redirects on QueUp itself that are followed.
const REDIRECTS: u8 = 3;

impl Client {
    /// Fetches media by QueUp's id or its source's, such as a video's id.
    ///
    /// # Errors
    /// [`RequestError`]; [`RequestError::Refused`] with status 404 if QueUp does not know it.
    pub async fn fetch_song_info(&self, song: impl AsRef<str>) -> Result<SongInfo, RequestError> {
        let data = self
            .call(Call::get(format!("/song/{}", step(song.as_ref()))))
            .await?;
        Ok(parse::<wire::SongInfo<'_>>(&data)?.into())
    }

    /// Finds the address of a song at its source; `None` if QueUp does not know the song.
    ///
    /// The address of a YouTube video follows from the song itself. For any other source, and where QueUp sent no media
    /// with the song, QueUp's redirect is followed to the first address outside of QueUp, which is not opened.
    ///
    /// # Errors
    /// [`RequestError`]; [`RequestError::NotQueUp`] if the redirect leads nowhere.
    pub async fn fetch_song_link(&self, song: &Song) -> Result<Option<SongLink>, RequestError> {
        let info = song.song_info.as_ref();
        if let Some(link) = info.and_then(SongInfo::link) {
            return Ok(Some(link));
        }
        let ids = [Some(&song.song_info_id), info.map(|info| &info.id)];
        let id = ids.into_iter().flatten().find(|id| !id.is_empty());
        let Some(id) = id else {
            return Ok(None);
        };
        let mut path = format!("/song/{}/redirect", step(id.as_str()));
        for _ in 0..REDIRECTS {
            let to = match self.call(Call::get(path).redirect()).await {
                Ok(to) => String::from_utf8_lossy(&to).into_owned(),
                Err(RequestError::Refused { status: 404, .. }) => return Ok(None),
                Err(error) => return Err(error),
            };
            let Some(next) = self.shared.http.own_path(&to) else {
                let nowhere = || RequestError::NotQueUp("a redirect to no web address".into());
                return SongLink::to(&to).map(Some).ok_or_else(nowhere);
            };
            path = next;
        }
        Err(RequestError::NotQueUp("a redirect without an end".into()))
    }

    /// Searches for media; gives the platform's own JSON, whose shape is not documented.
    ///
    /// # Errors
    /// [`RequestError`] if the request failed.
    pub async fn search_songs(&self, source: &str, name: &str) -> Result<Bytes, RequestError> {
        let call = Call::get("/song").query([("type", source), ("name", name), ("details", "1")]);
        self.call(call).await
    }

    /// Fetches the account's playlists, without their songs.
    ///
    /// # Errors
    /// [`RequestError`] if the request failed.
    pub async fn playlists(&self) -> Result<Vec<Playlist>, RequestError> {
        let data = self.call(Call::get("/playlist")).await?;
        let list: wire::List<wire::Playlist<'_>> = parse(&data)?;
        Ok(list.0.into_iter().map(Playlist::from).collect())
    }

    /// Makes a playlist.
    ///
    /// # Errors
    /// [`RequestError`] if the request failed.
    pub async fn create_playlist(&self, name: &str) -> Result<Playlist, RequestError> {
        let call = Call::post("/playlist").form([("name", name)]);
        let data = self.call(call).await?;
        Ok(parse::<wire::Playlist<'_>>(&data)?.into())
    }

    /// Renames a playlist.
    ///
    /// # Errors
    /// [`RequestError`] if the request failed.
    pub async fn rename_playlist(
        &self,
        playlist: &PlaylistId,
        name: &str,
    ) -> Result<(), RequestError> {
        let path = format!("/playlist/{}", step(playlist.as_str()));
        self.call(Call::put(path).form([("name", name)]))
            .await
            .map(drop)
    }

    /// Deletes a playlist with its list of songs, for good.
    ///
    /// # Errors
    /// [`RequestError`] if the request failed.
    pub async fn delete_playlist(&self, playlist: &PlaylistId) -> Result<(), RequestError> {
        let path = format!("/playlist/{}", step(playlist.as_str()));
        self.call(Call::delete(path)).await.map(drop)
    }

    /// Fetches a page of a playlist's songs, from 1; an empty page is behind the last.
    ///
    /// # Errors
    /// [`RequestError`] if the request failed.
    pub async fn playlist_songs(
        &self,
        playlist: &PlaylistId,
        page: u32,
    ) -> Result<Vec<Song>, RequestError> {
        let path = format!("/playlist/{}/songs", step(playlist.as_str()));
        let data = self
            .call(Call::get(path).query([("page", page.to_string())]))
            .await?;
        songs(&data)
    }

    /// Puts media on a playlist; for the playing song QueUp calls this a grab, and counts it.
    ///
    /// # Errors
    /// [`RequestError`] if the request failed.
    pub async fn grab(&self, playlist: &PlaylistId, song: &SongInfoId) -> Result<(), RequestError> {
        let path = format!("/playlist/{}/songs", step(playlist.as_str()));
        let call = Call::post(path).form([("songid", song.as_str())]);
        self.call(call).await.map(drop)
    }

    /// Removes media from a playlist.
    ///
    /// # Errors
    /// [`RequestError`] if the request failed.
    pub async fn remove_from_playlist(
        &self,
        playlist: &PlaylistId,
        song: &SongInfoId,
    ) -> Result<(), RequestError> {
        let path = format!(
            "/playlist/{}/songs/{}",
            step(playlist.as_str()),
            step(song.as_str())
        );
        self.call(Call::delete(path)).await.map(drop)
    }
}

/// Reads a list of entries; elements of another shape are left out.
pub(super) fn songs(data: &Bytes) -> Result<Vec<Song>, RequestError> {
    let list: wire::List<wire::QueueItem<'_>> = parse(data)?;
    Ok(list.0.into_iter().map(Song::from).collect())
}

/// A personal playlist (protocol §4.5).
///
/// ```no_run
/// use antiphon_queup::{Client, RequestError, Room};
///
/// # async fn example(client: &Client, room: &Room) -> Result<(), RequestError> {
/// let list = client.create_playlist("liked").await?;
/// if let Some(song) = room.current_song() {
///     client.grab(&list.id, &song.song_info_id).await?;
/// }
/// let mut page = 1;
/// loop {
///     let songs = client.playlist_songs(&list.id, page).await?;
///     if songs.is_empty() {
///         break;
///     }
///     page += 1;
/// }
/// room.queue_playlist(&list.id).await?;
/// # Ok(())
/// # }
/// ```
///
/// In the simulator:
///
/// ```
/// use antiphon_queup::{self as queup, Account, Config};
/// use antiphon_sim::Simulator;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sim = Simulator::with_seed(7);
/// let bot = sim.queup().account();
/// let config = Config::new(Account::new(bot.email, bot.password)).network(sim.network()).clock(sim.clock());
/// let (client, _source) = queup::connect(config);
/// client.login().await?;
///
/// let list = client.create_playlist("liked").await?;
/// client.rename_playlist(&list.id, "loved").await?;
/// let lists = client.playlists().await?;
/// assert!(lists.iter().any(|known| known.id == list.id && known.name == "loved"));
/// assert!(client.playlist_songs(&list.id, 1).await?.is_empty());
/// client.delete_playlist(&list.id).await?;
/// assert!(client.playlists().await?.iter().all(|known| known.id != list.id));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Playlist {
    /// Id of the playlist.
    pub id: PlaylistId,
    /// Name of the playlist.
    pub name: String,
    /// Whether others may see it.
    pub is_public: bool,
    /// Time it was made.
    pub created_at: Option<Timestamp>,
    /// Number of songs.
    pub songs: i64,
}

impl From<wire::Playlist<'_>> for Playlist {
    fn from(wire: wire::Playlist<'_>) -> Self {
        Self {
            id: wire.id.as_deref().unwrap_or_default().into(),
            name: wire.name.unwrap_or_default().into_owned(),
            is_public: wire.is_public.unwrap_or_default(),
            created_at: wire.created,
            songs: wire.total_items.unwrap_or_default(),
        }
    }
}
