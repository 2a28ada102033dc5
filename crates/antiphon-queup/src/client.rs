//! The cloneable handles that users hold.

mod conversation;
mod people;
mod room;

use std::{collections::HashMap, sync::Arc, time::Duration};

use antiphon_core::{Clock, LinkState, Place, Secret};
use antiphon_net::Network;
use bytes::Bytes;
use jiff::Timestamp;
use tokio::{
    sync::mpsc, sync::oneshot, sync::watch, time::Instant, time::timeout, time::timeout_at,
};

pub use self::conversation::Conversation;
pub use self::people::{AuthenticatedUser, Member};
pub use self::room::{AuditEntry, Room, RoomSettings};
use crate::{
    cache::SharedCache,
    config::Config,
    error::{ConnectError, JoinError, LoginError, NotConnected, RequestError, shape},
    http::{Call, Http, Lane, step},
    model::{
        ChatId, ConversationId, ConversationInfo, MemberState, Message, PlaylistId, RoomId,
        RoomInfo, Slug, Song, SongInfo, SongInfoId, SongLink, User, UserId,
    },
    session::Command,
    wire,
};

/// Commands that wait for the socket; one more waits for its turn within its own timeout.
pub(crate) const COMMANDS: usize = 64;
/// How long the echo of a message is waited for, when the answer to sending it names no id.
const ECHO_WITHIN: Duration = Duration::from_secs(5);

/// How often a redirect on QueUp itself is followed.
const REDIRECTS: u8 = 3;

/// What client and source have in common.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) http: Http,
    pub(crate) network: Network,
    pub(crate) cache: SharedCache,
    pub(crate) link: watch::Sender<LinkState>,
    pub(crate) room_links: watch::Sender<Vec<(Place, LinkState)>>,
    pub(crate) passwords: HashMap<Slug, Secret>,
    pub(crate) socket_url: String,
    pub(crate) user_agent: String,
    commands: mpsc::Sender<Command>,
    clock: Clock,
    action_timeout: Duration,
    chat_pieces: usize,
}

impl Shared {
    pub(crate) fn new(config: &Config, commands: mpsc::Sender<Command>) -> Self {
        // A proxy that cannot be used is an error when the source runs, and of every request before that.
        let network = config.routed_or_closed();
        Self {
            http: Http::new(config, network.http()),
            network,
            cache: SharedCache::default(),
            link: watch::Sender::new(LinkState::Idle),
            room_links: watch::Sender::new(Vec::new()),
            passwords: config.passwords.clone(),
            socket_url: config.socket_url.clone(),
            user_agent: config.user_agent.clone(),
            commands,
            clock: config.clock,
            action_timeout: config.action_timeout,
            chat_pieces: config.chat_pieces,
        }
    }

    /// Remembers the own user.
    pub(crate) fn logged_in(&self, user: &Bytes) {
        if let Ok(user) = serde_json::from_slice::<wire::User<'_>>(user) {
            self.cache.write().me = Some(user.into());
        }
    }

    /// Shows that the source ended before it began.
    pub(crate) fn stopped(&self, code: &'static str, reason: &str) {
        self.link.send_replace(LinkState::Stopped {
            code: code.into(),
            reason: reason.into(),
            hint: None,
        });
    }
}

/// A handle on one QueUp account: cheap to clone, and usable from anywhere.
///
/// Requests work at any time, and wait for their turn by the rate limits.
/// What needs the socket waits for it up to [`Config::action_timeout`].
/// What it knows of rooms, users and messages follows the events; see [`Client::rooms`] and its neighbours for the
/// bounds.
#[derive(Clone, Debug)]
pub struct Client {
    shared: Arc<Shared>,
}

/// A snapshot of a cache, the oldest first.
#[derive(Clone, Debug)]
pub struct Collection<T> {
    items: Vec<T>,
}

impl<T> Collection<T> {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// All of them, the oldest first.
    pub fn iter(&self) -> std::slice::Iter<'_, T> {
        self.items.iter()
    }

    /// The first that matches.
    pub fn find(&self, mut matches: impl FnMut(&T) -> bool) -> Option<&T> {
        self.items.iter().find(|item| matches(item))
    }
}

impl<T> IntoIterator for Collection<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.into_iter()
    }
}

impl<'a, T> IntoIterator for &'a Collection<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

/// The rooms this account has joined.
pub type RoomCollection = Collection<Room>;
/// The messages this account has heard.
pub type MessageCollection = Collection<Arc<Message>>;

/// Reads the `data` of an answer.
fn parse<'a, T: serde::Deserialize<'a>>(data: &'a Bytes) -> Result<T, RequestError> {
    serde_json::from_slice(data).map_err(|error| RequestError::Undecodable(shape(&error)))
}

impl Client {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    async fn call(&self, call: Call) -> Result<Bytes, RequestError> {
        self.shared.http.call(call).await
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Login and connection.

    /// Logs in with the configured account.
    ///
    /// The source does so by itself; this is for those who want to know beforehand. It does not connect.
    ///
    /// # Errors
    /// [`LoginError::Authorization`] with the server's words if name or password are wrong.
    pub async fn login(&self) -> Result<AuthenticatedUser, LoginError> {
        self.shared.http.log_in().await?;
        let call = Call::get("/auth/session").lane(Lane::Upkeep);
        let data = self.call(call).await.map_err(LoginError::Request)?;
        let user = User::from(parse::<wire::User<'_>>(&data).map_err(LoginError::Request)?);
        self.shared.cache.write().me = Some(user.clone());
        Ok(AuthenticatedUser {
            client: self.clone(),
            user,
        })
    }

    /// Ends the session on the server; the cookie is dead.
    ///
    /// The next request logs in again.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn logout(&self) -> Result<(), RequestError> {
        self.call(Call::get("/auth/logout")).await.map(drop)
    }

    /// Whether the account has logged in since the program began.
    pub fn logged_in(&self) -> bool {
        self.shared.cache.read().me.is_some()
    }

    /// The logged-in user; absent before login. The reference's `Client.user`.
    pub fn me(&self) -> Option<AuthenticatedUser> {
        let user = self.shared.cache.read().me.clone()?;
        Some(AuthenticatedUser {
            client: self.clone(),
            user,
        })
    }

    /// Waits until the socket is established.
    ///
    /// The source connects by itself once it runs; this waits for it up to [`Config::action_timeout`].
    ///
    /// # Errors
    /// [`ConnectError::NotLoggedIn`] before the first login; [`ConnectError::NotConnected`] if the link does not come
    /// up in time.
    pub async fn connect(&self) -> Result<(), ConnectError> {
        if !self.logged_in() {
            return Err(ConnectError::NotLoggedIn);
        }
        let mut link = self.shared.link.subscribe();
        let up = link.wait_for(|state| {
            state.is_connected() || matches!(state, LinkState::Stopped { .. } | LinkState::Closed)
        });
        let state = match timeout(self.shared.action_timeout, up).await {
            Ok(Ok(state)) => state.clone(),
            _ => self.link(),
        };
        if state.is_connected() {
            Ok(())
        } else {
            Err(NotConnected { state }.into())
        }
    }

    /// Where the connection stands.
    pub fn link(&self) -> LinkState {
        self.shared.link.borrow().clone()
    }

    /// Watches where the connection stands.
    pub fn watch_link(&self) -> watch::Receiver<LinkState> {
        self.shared.link.subscribe()
    }

    /// Rooms that are not as they should be, each with where it stands: waiting, stopped or left.
    ///
    /// A place is `room/<id>`, or `room/<name in the URL>` for a room of the configuration that was never joined.
    /// Any other room stands where the connection stands. At most 256 are listed; each change is an `antiphon.link`
    /// event at the room's place.
    pub fn room_links(&self) -> Vec<(Place, LinkState)> {
        self.shared.room_links.borrow().clone()
    }

    fn not_connected(&self) -> NotConnected {
        let state = self.link();
        let state = if self.shared.commands.is_closed() && state == LinkState::Idle {
            LinkState::Closed
        } else {
            state
        };
        NotConnected { state }
    }

    /// Hands a command to the source and waits for its answer.
    async fn command<T>(
        &self,
        make: impl FnOnce(oneshot::Sender<T>) -> Command,
        within: Duration,
    ) -> Result<T, NotConnected> {
        let until = Instant::now() + within;
        let (reply, answer) = oneshot::channel();
        let sent = timeout_at(until, self.shared.commands.send(make(reply))).await;
        if !matches!(sent, Ok(Ok(()))) {
            return Err(self.not_connected());
        }
        match timeout_at(until, answer).await {
            Ok(Ok(answer)) => Ok(answer),
            _ => Err(self.not_connected()),
        }
    }

    // -----------------------------------------------------------------------------------------------------------------
    // What is known.

    /// Rooms joined at least once since the program began; at most 64, then the oldest are forgotten.
    pub fn rooms(&self) -> RoomCollection {
        let cache = self.shared.cache.read();
        let items = cache
            .rooms
            .iter()
            .filter_map(|(_, room)| room.info.clone())
            .map(|info| Room {
                client: self.clone(),
                info,
            });
        Collection {
            items: items.collect(),
        }
    }

    /// Users seen; at most 4,096, then the oldest are forgotten.
    pub fn users(&self) -> Collection<Arc<User>> {
        let cache = self.shared.cache.read();
        Collection {
            items: cache
                .users
                .iter()
                .map(|(_, user)| Arc::clone(user))
                .collect(),
        }
    }

    /// Messages heard; at most 512 for each room, then the oldest are forgotten.
    pub fn messages(&self) -> MessageCollection {
        let cache = self.shared.cache.read();
        let items = cache
            .rooms
            .iter()
            .flat_map(|(_, room)| room.messages.iter().map(|(_, message)| Arc::clone(message)));
        Collection {
            items: items.collect(),
        }
    }

    /// Conversations known; at most 256, then the oldest are forgotten.
    pub fn conversations(&self) -> Collection<Conversation> {
        let cache = self.shared.cache.read();
        let items = cache.conversations.iter().map(|(_, info)| Conversation {
            client: self.clone(),
            info: Arc::clone(info),
        });
        Collection {
            items: items.collect(),
        }
    }

    /// A room, if it is known.
    pub fn room(&self, room: &RoomId) -> Option<Room> {
        let info = self.shared.cache.read().rooms.get(room)?.info.clone()?;
        Some(Room {
            client: self.clone(),
            info,
        })
    }

    /// A user, if one with this id was seen.
    pub fn user(&self, user: &UserId) -> Option<Arc<User>> {
        self.shared.cache.read().users.get(user).cloned()
    }

    /// A user's state in a room, if it is known.
    pub fn member(&self, room: &RoomId, user: &UserId) -> Option<Member> {
        let cache = self.shared.cache.read();
        let state = cache.rooms.get(room)?.members.get(user).cloned()?;
        Some(Member {
            client: self.clone(),
            room: room.clone(),
            state,
        })
    }

    /// A message, if it was heard in one of the rooms or fetched from a conversation.
    pub fn message(&self, message: &ChatId) -> Option<Arc<Message>> {
        let cache = self.shared.cache.read();
        let mut rooms = cache.rooms.iter();
        rooms
            .find_map(|(_, room)| room.messages.get(message).cloned())
            .or_else(|| cache.private.get(message).cloned())
    }

    /// A conversation, if it is known.
    pub fn conversation(&self, conversation: &ConversationId) -> Option<Conversation> {
        let info = self
            .shared
            .cache
            .read()
            .conversations
            .get(conversation)
            .cloned()?;
        Some(Conversation {
            client: self.clone(),
            info,
        })
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Rooms.

    /// Joins a room by the name in its URL, and waits until the socket is attached to it.
    ///
    /// The room is joined again after every reconnect and every restart, until [`Room::leave`].
    ///
    /// # Errors
    /// [`JoinError`]; [`JoinError::NotConnected`] if the socket does not come up in time.
    pub async fn join_room(&self, slug: impl Into<Slug>) -> Result<Room, JoinError> {
        self.join(slug.into(), None).await
    }

    /// Joins a private room.
    ///
    /// The password is not stored; for joining again after a restart it has to be in the configuration as well.
    ///
    /// # Errors
    /// [`JoinError`]; [`JoinError::WrongPassword`] if it is wrong.
    pub async fn join_private_room(
        &self,
        slug: impl Into<Slug>,
        password: impl Into<Secret>,
    ) -> Result<Room, JoinError> {
        self.join(slug.into(), Some(password.into())).await
    }

    async fn join(&self, slug: Slug, password: Option<Secret>) -> Result<Room, JoinError> {
        let make = |reply| Command::Join {
            slug,
            password,
            reply,
        };
        let info = match self.command(make, self.shared.action_timeout).await {
            Ok(joined) => joined?,
            // The socket is there, so it is the room that did not come.
            Err(error) if error.state.is_connected() => {
                return Err(JoinError::TimedOut(self.shared.action_timeout));
            }
            Err(error) => return Err(error.into()),
        };
        Ok(self.know(info))
    }

    fn know(&self, info: RoomInfo) -> Room {
        let room = Room {
            client: self.clone(),
            info: Arc::new(info.clone()),
        };
        self.shared.cache.write().put_room(info);
        room
    }

    /// Fetches a room by its slug or id, without joining it.
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
    /// [`RequestError`].
    pub async fn lobby(&self) -> Result<Vec<RoomInfo>, RequestError> {
        self.room_list("/room".into()).await
    }

    /// Searches for rooms.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn search_rooms(&self, term: &str) -> Result<Vec<RoomInfo>, RequestError> {
        self.room_list(format!("/room/term/{}", step(term))).await
    }

    async fn room_list(&self, path: String) -> Result<Vec<RoomInfo>, RequestError> {
        let data = self.call(Call::get(path)).await?;
        let list: wire::List<wire::Room<'_>> = parse(&data)?;
        Ok(list.0.into_iter().map(RoomInfo::from).collect())
    }

    /// Makes a room; an account may have five, and none can be deleted.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn create_room(&self, settings: &RoomSettings) -> Result<RoomInfo, RequestError> {
        let data = self
            .call(Call::post("/room").form(settings.pairs()))
            .await?;
        Ok(parse::<wire::Room<'_>>(&data)?.into())
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Users.

    /// Fetches a user by id or name.
    ///
    /// # Errors
    /// [`RequestError::Refused`] with status 404 if there is none.
    pub async fn fetch_user(&self, user: impl AsRef<str>) -> Result<User, RequestError> {
        let data = self
            .call(Call::get(format!("/user/{}", step(user.as_ref()))))
            .await?;
        Ok(parse::<wire::User<'_>>(&data)?.into())
    }

    /// Searches for users.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn search_users(&self, query: &str) -> Result<Vec<User>, RequestError> {
        let data = self
            .call(Call::get("/search").query([("query", query)]))
            .await?;
        let found: wire::Found<'_> = parse(&data)?;
        Ok(found.users.0.into_iter().map(User::from).collect())
    }

    /// Asks whether a user name is taken.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn is_username_taken(&self, username: &str) -> Result<bool, RequestError> {
        // So spelt by the platform.
        let call = Call::get("/user/query/availabilty").query([("username", username)]);
        let data = self.call(call).await?;
        Ok(parse::<wire::NameAnswer>(&data)?.taken.unwrap_or_default())
    }

    /// Fetches whom a user follows.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn following(&self, user: &UserId) -> Result<Vec<UserId>, RequestError> {
        let path = format!("/user/{}/following", step(user.as_str()));
        let data = self.call(Call::get(path)).await?;
        let list: wire::List<wire::Following<'_>> = parse(&data)?;
        let users = list.0.into_iter().filter_map(|row| row.following);
        Ok(users.map(|user| UserId::from(&*user)).collect())
    }

    /// Follows a user.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn follow(&self, user: &UserId) -> Result<(), RequestError> {
        let path = format!("/user/{}/following", step(user.as_str()));
        self.call(Call::post(path)).await.map(drop)
    }

    /// Stops following a user.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn unfollow(&self, user: &UserId) -> Result<(), RequestError> {
        let path = format!("/user/{}/following", step(user.as_str()));
        self.call(Call::delete(path)).await.map(drop)
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Conversations.

    /// Fetches the account's conversations.
    ///
    /// The source does so once by itself unless told otherwise.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn fetch_conversations(&self) -> Result<Vec<Conversation>, RequestError> {
        let data = self.call(Call::get("/message")).await?;
        let list: wire::List<wire::Conversation<'_>> = parse(&data)?;
        let mut cache = self.shared.cache.write();
        let known = list
            .0
            .into_iter()
            .map(|row| cache.put_conversation(row.into()));
        let known: Vec<_> = known.collect();
        drop(cache);
        let handles = known.into_iter().map(|info| Conversation {
            client: self.clone(),
            info,
        });
        Ok(handles.collect())
    }

    /// Opens a conversation with up to ten users; QueUp gives the existing one if there is one.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn open_conversation(&self, users: &[UserId]) -> Result<Conversation, RequestError> {
        let fields = users.iter().map(|user| ("usersid[]", user.as_str()));
        let data = self.call(Call::post("/message").form(fields)).await?;
        let info = ConversationInfo::from(parse::<wire::Conversation<'_>>(&data)?);
        let info = self.shared.cache.write().put_conversation(info);
        Ok(Conversation {
            client: self.clone(),
            info,
        })
    }

    /// Asks how many conversations have something unread.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn unread(&self) -> Result<i64, RequestError> {
        let data = self.call(Call::get("/message/new")).await?;
        // A number, or one in a string.
        let text: String = parse::<serde_json::Value>(&data)?
            .to_string()
            .trim_matches('"')
            .into();
        text.parse()
            .map_err(|_| RequestError::Undecodable("not a number".into()))
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Songs and playlists.

    /// Fetches media by QueUp's id or its source's.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn fetch_song_info(&self, song: impl AsRef<str>) -> Result<SongInfo, RequestError> {
        let data = self
            .call(Call::get(format!("/song/{}", step(song.as_ref()))))
            .await?;
        Ok(parse::<wire::SongInfo<'_>>(&data)?.into())
    }

    /// Tells where a song can be heard at its source; `None` if QueUp does not know it.
    ///
    /// For YouTube that follows from the song itself. For any other source, and where QueUp sent no media with the song,
    /// QueUp is asked and its redirect followed to the first address outside of QueUp, which is not opened.
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

    /// Searches for media; the answer is the platform's own JSON, whose shape is not documented.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn search_songs(&self, source: &str, name: &str) -> Result<Bytes, RequestError> {
        let call = Call::get("/song").query([("type", source), ("name", name), ("details", "1")]);
        self.call(call).await
    }

    /// Fetches the account's playlists.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn playlists(&self) -> Result<Vec<Playlist>, RequestError> {
        let data = self.call(Call::get("/playlist")).await?;
        let list: wire::List<wire::Playlist<'_>> = parse(&data)?;
        Ok(list.0.into_iter().map(Playlist::from).collect())
    }

    /// Makes a playlist.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn create_playlist(&self, name: &str) -> Result<Playlist, RequestError> {
        let call = Call::post("/playlist").form([("name", name)]);
        let data = self.call(call).await?;
        Ok(parse::<wire::Playlist<'_>>(&data)?.into())
    }

    /// Renames a playlist.
    ///
    /// # Errors
    /// [`RequestError`].
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

    /// Deletes a playlist.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn delete_playlist(&self, playlist: &PlaylistId) -> Result<(), RequestError> {
        let path = format!("/playlist/{}", step(playlist.as_str()));
        self.call(Call::delete(path)).await.map(drop)
    }

    /// Fetches a page of a playlist's songs, from 1.
    ///
    /// # Errors
    /// [`RequestError`].
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

    /// Puts media on a playlist; on the playing song, this is what QueUp calls a grab.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn grab(&self, playlist: &PlaylistId, song: &SongInfoId) -> Result<(), RequestError> {
        let path = format!("/playlist/{}/songs", step(playlist.as_str()));
        let call = Call::post(path).form([("songid", song.as_str())]);
        self.call(call).await.map(drop)
    }

    /// Takes media off a playlist.
    ///
    /// # Errors
    /// [`RequestError`].
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

fn songs(data: &Bytes) -> Result<Vec<Song>, RequestError> {
    let list: wire::List<wire::QueueItem<'_>> = parse(data)?;
    Ok(list.0.into_iter().map(Song::from).collect())
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

/// A personal playlist.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Playlist {
    /// Id of the playlist.
    pub id: PlaylistId,
    /// Name of the playlist.
    pub name: String,
    /// Whether others may see it.
    pub is_public: bool,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// How many songs it has.
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
