//! The cloneable handles that users hold.

use std::{collections::HashMap, ops::Deref, sync::Arc, time::Duration};

use antiphon_core::{Clock, LinkState, Secret};
use antiphon_net::Network;
use bytes::Bytes;
use http::Method;
use jiff::Timestamp;
use serde_json::json;
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::{Instant, timeout, timeout_at},
};

use crate::{
    cache::SharedCache,
    config::Config,
    error::{
        ActionError, ConnectError, JoinError, LoginError, NotConnected, RequestError, SendError,
    },
    event::ActiveDubs,
    http::{Call, Http, Lane, step},
    model::{
        ChatId, ConversationId, ConversationInfo, DubType, MemberState, Message, PlaylistId,
        Presence, PrivateMessageId, Role, RoomId, RoomInfo, Slug, Song, SongId, SongInfo,
        SongInfoId, User, UserId,
    },
    session::Command,
    text, wire,
};

/// Commands that wait for the socket; one more waits for its turn within its own timeout.
pub(crate) const COMMANDS: usize = 64;
/// How long the echo of a message is waited for, when the answer to sending it names no id.
const ECHO_WITHIN: Duration = Duration::from_secs(5);

/// What client and source have in common.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) http: Http,
    pub(crate) network: Network,
    pub(crate) cache: SharedCache,
    pub(crate) link: watch::Sender<LinkState>,
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
        // A proxy that cannot be used is an error when the source runs; until then requests go directly nowhere.
        let network = config.routed().unwrap_or_else(|_| config.network.clone());
        Self {
            http: Http::new(config, network.http()),
            network,
            cache: SharedCache::default(),
            link: watch::Sender::new(LinkState::Idle),
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
    pub(crate) fn stopped(&self, code: &str, reason: &str) {
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
    serde_json::from_slice(data).map_err(|error| RequestError::Undecodable(error.into()))
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

/// The logged-in user.
#[derive(Clone, Debug)]
pub struct AuthenticatedUser {
    client: Client,
    user: User,
}

impl Deref for AuthenticatedUser {
    type Target = User;

    fn deref(&self) -> &User {
        &self.user
    }
}

impl AuthenticatedUser {
    /// Changes the account's name; `false` says that the server refused it.
    ///
    /// # Errors
    /// [`RequestError`] if the request failed in another way.
    pub async fn change_username(&self, username: &str) -> Result<bool, RequestError> {
        let call = Call::post("/user/updateUsername").form([("username", username)]);
        match self.client.call(call).await {
            Ok(_) => {
                if let Some(me) = &mut self.client.shared.cache.write().me {
                    username.clone_into(&mut me.username);
                }
                Ok(true)
            }
            Err(RequestError::Refused { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

impl User {
    /// The user's state in a room; absent until it was fetched.
    pub fn member_of(&self, room: &Room) -> Option<Member> {
        room.client.member(&room.id, &self.id)
    }

    /// Opens a conversation with the user, or gives the one that is known.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn open_conversation(&self, client: &Client) -> Result<Conversation, RequestError> {
        let known = client.conversations().into_iter().find(|conversation| {
            let recipients = conversation.recipients();
            recipients.len() == 1 && recipients[0].id == self.id
        });
        match known {
            Some(conversation) => Ok(conversation),
            None => {
                client
                    .open_conversation(std::slice::from_ref(&self.id))
                    .await
            }
        }
    }
}

/// A user's state in one room, with what can be done about it.
///
/// The state is as it was when the handle was made.
#[derive(Clone, Debug)]
pub struct Member {
    client: Client,
    room: RoomId,
    state: Arc<MemberState>,
}

impl Deref for Member {
    type Target = MemberState;

    fn deref(&self) -> &MemberState {
        &self.state
    }
}

impl Member {
    /// The room this state belongs to, if it is known.
    pub fn room(&self) -> Option<Room> {
        self.client.room(&self.room)
    }

    /// The user behind it, if known; the id is always there as `member.user`.
    pub fn user(&self) -> Option<Arc<User>> {
        let seen = self.client.user(&self.state.user);
        seen.or_else(|| self.state.embedded.clone().map(Arc::new))
    }

    /// The member's role in the room, if any.
    pub fn role(&self) -> Option<&Role> {
        self.state.role.as_ref()
    }

    /// Gives the member a role, which takes the right to do so.
    ///
    /// # Errors
    /// [`RequestError::Refused`] if the right is missing.
    pub async fn set_role(&self, role: &Role) -> Result<(), RequestError> {
        moderate(
            &self.client,
            Method::POST,
            role.id().as_str(),
            &self.room,
            &self.state.user,
            &[],
        )
        .await
    }
}

/// A call of moderation: `/chat/<what>/<room>/user/<user>`, with the room's channel in its body.
async fn moderate(
    client: &Client,
    method: Method,
    what: &str,
    room: &RoomId,
    user: &UserId,
    fields: &[(&str, String)],
) -> Result<(), RequestError> {
    let rtc = client.room(room).map(|room| room.rtc.clone());
    let mut form = vec![("realTimeChannel", rtc.unwrap_or_default())];
    form.extend(fields.iter().cloned());
    let path = format!(
        "/chat/{}/{}/user/{}",
        step(what),
        step(room.as_str()),
        step(user.as_str())
    );
    client
        .call(Call::new(method, path).form(form))
        .await
        .map(drop)
}

/// A room, with what can be done in it.
///
/// The description is as it was when the handle was made; [`Client::room`] gives a fresh one.
#[derive(Clone, Debug)]
pub struct Room {
    client: Client,
    info: Arc<RoomInfo>,
}

impl Deref for Room {
    type Target = RoomInfo;

    fn deref(&self) -> &RoomInfo {
        &self.info
    }
}

impl Room {
    fn path(&self, rest: &str) -> String {
        format!("/room/{}{rest}", step(self.id.as_str()))
    }

    fn rtc_form(&self) -> [(&'static str, &str); 1] {
        [("realTimeChannel", self.rtc.as_str())]
    }

    async fn done(&self, call: Call) -> Result<(), RequestError> {
        self.client.call(call).await.map(drop)
    }

    /// Leaves the room; it is not joined again by itself.
    ///
    /// # Errors
    /// [`ActionError`].
    pub async fn leave(&self) -> Result<(), ActionError> {
        let room = self.id.clone();
        let make = |reply| Command::Leave { room, reply };
        self.client
            .command(make, self.client.shared.action_timeout)
            .await?
    }

    /// Changes the own presence in the room.
    ///
    /// # Errors
    /// [`ActionError`].
    pub async fn change_presence(&self, presence: Presence) -> Result<(), ActionError> {
        let room = self.id.clone();
        let make = |reply| Command::Presence {
            room,
            presence,
            reply,
        };
        self.client
            .command(make, self.client.shared.action_timeout)
            .await?
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Chat.

    /// Says something in the room; gives the message, or the first of its pieces.
    ///
    /// The text is trimmed, and cut into pieces of [`Config::CHAT_LENGTH`] characters at white space where possible;
    /// more than [`Config::chat_pieces`] of them are refused before anything is sent.
    /// If the server's answer names no id, the message's echo on the socket tells it; should that not come either, the
    /// id is made from user and time as the server makes it.
    ///
    /// # Errors
    /// [`SendError`].
    pub async fn send_message(&self, text: &str) -> Result<Message, SendError> {
        let mut sent = self.send_pieces(text).await?;
        Ok(sent.swap_remove(0))
    }

    /// Says something in the room; gives every piece. See [`Room::send_message`].
    ///
    /// # Errors
    /// [`SendError`].
    pub async fn send_pieces(&self, text: &str) -> Result<Vec<Message>, SendError> {
        let pieces = text::split(text, Config::CHAT_LENGTH);
        let allowed = self.client.shared.chat_pieces;
        if pieces.is_empty() {
            return Err(SendError::Empty);
        }
        if pieces.len() > allowed {
            return Err(SendError::TooLong {
                pieces: pieces.len(),
                allowed,
            });
        }
        let mut sent = Vec::with_capacity(pieces.len());
        for piece in pieces {
            sent.push(self.send_piece(piece).await.map_err(SendError::Request)?);
        }
        Ok(sent)
    }

    async fn send_piece(&self, piece: &str) -> Result<Message, RequestError> {
        let time = self.client.shared.clock.now();
        let call = Call::post(format!("/chat/{}", step(self.id.as_str())))
            .lane(Lane::Chat)
            .json(json!({
                "type": "chat-message",
                "realTimeChannel": self.rtc,
                "time": time.as_millisecond(),
                "message": text::escape(piece),
            }));
        let data = self.client.call(call).await?;
        let answer: wire::Chat<'_> = serde_json::from_slice(&data).unwrap_or_default();
        let mut message = Message::from(answer);
        if message.content.is_empty() {
            piece.clone_into(&mut message.content);
        }
        message.created_at.get_or_insert(time);
        message.room = Some(self.id.clone());
        if message.author.username.is_empty()
            && let Some(me) = self.client.me()
        {
            message.author = me.user;
        }
        if message.id.is_empty() {
            message.id = self.echo(piece, time, &message.author.id).await;
        }
        Ok(message)
    }

    /// The id of a message whose answer named none.
    async fn echo(&self, piece: &str, time: Timestamp, author: &UserId) -> ChatId {
        let (room, text, time) = (self.id.clone(), piece.to_owned(), time.as_millisecond());
        let make = |reply| Command::Echo {
            room,
            time,
            text,
            reply,
        };
        match self.client.command(make, ECHO_WITHIN).await {
            Ok(id) => id,
            Err(_) => format!("{author}-{time}").into(),
        }
    }

    /// Fetches the last messages, oldest first; QueUp has one page of them.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn chat_history(&self) -> Result<Vec<Message>, RequestError> {
        let call = Call::get(format!("/chat/{}", step(self.id.as_str())));
        let data = self.client.call(call).await?;
        let list: wire::List<wire::Chat<'_>> = parse(&data)?;
        let mut messages: Vec<Message> = list
            .0
            .into_iter()
            .filter(|row| row.message.is_some())
            .map(|row| {
                let mut message = Message::from(row);
                message.room = Some(self.id.clone());
                message
            })
            .collect();
        messages.sort_by_key(|message| message.created_at);
        Ok(messages)
    }

    /// Deletes a message.
    ///
    /// # Errors
    /// [`RequestError::Refused`] if the right is missing.
    pub async fn delete_message(&self, message: &ChatId) -> Result<(), RequestError> {
        let path = format!(
            "/chat/{}/{}",
            step(self.id.as_str()),
            step(message.as_str())
        );
        self.done(Call::delete(path)).await
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Moderation.

    /// Kicks a member, with a few words or none.
    ///
    /// # Errors
    /// [`RequestError::Refused`] if the right is missing.
    pub async fn kick(&self, user: &UserId, message: &str) -> Result<(), RequestError> {
        let fields = [("message", text::escape(message))];
        moderate(&self.client, Method::POST, "kick", &self.id, user, &fields).await
    }

    /// Bans a user for so many minutes; 0 is for ever.
    ///
    /// # Errors
    /// [`RequestError::Refused`] if the right is missing.
    pub async fn ban(&self, user: &UserId, minutes: u32) -> Result<(), RequestError> {
        let fields = [("time", minutes.to_string())];
        moderate(&self.client, Method::POST, "ban", &self.id, user, &fields).await
    }

    /// Lifts a ban.
    ///
    /// # Errors
    /// [`RequestError::Refused`] if the right is missing.
    pub async fn unban(&self, user: &UserId) -> Result<(), RequestError> {
        moderate(&self.client, Method::DELETE, "ban", &self.id, user, &[]).await
    }

    /// Mutes a member.
    ///
    /// # Errors
    /// [`RequestError::Refused`] if the right is missing.
    pub async fn mute(&self, user: &UserId) -> Result<(), RequestError> {
        moderate(&self.client, Method::POST, "mute", &self.id, user, &[]).await
    }

    /// Lets a muted member speak again.
    ///
    /// # Errors
    /// [`RequestError::Refused`] if the right is missing.
    pub async fn unmute(&self, user: &UserId) -> Result<(), RequestError> {
        moderate(&self.client, Method::DELETE, "mute", &self.id, user, &[]).await
    }

    /// Gives a member a role.
    ///
    /// # Errors
    /// [`RequestError::Refused`] if the right is missing.
    pub async fn set_role(&self, user: &UserId, role: &Role) -> Result<(), RequestError> {
        let role = role.id();
        moderate(
            &self.client,
            Method::POST,
            role.as_str(),
            &self.id,
            user,
            &[],
        )
        .await
    }

    /// Takes a role from a member.
    ///
    /// # Errors
    /// [`RequestError::Refused`] if the right is missing.
    pub async fn unset_role(&self, user: &UserId, role: &Role) -> Result<(), RequestError> {
        let role = role.id();
        moderate(
            &self.client,
            Method::DELETE,
            role.as_str(),
            &self.id,
            user,
            &[],
        )
        .await
    }

    /// Skips a song.
    ///
    /// # Errors
    /// [`RequestError::Refused`] if the right is missing.
    pub async fn skip(&self, song: &SongId) -> Result<(), RequestError> {
        let path = format!(
            "/chat/skip/{}/{}",
            step(self.id.as_str()),
            step(song.as_str())
        );
        self.done(Call::post(path).form(self.rtc_form())).await
    }

    /// Switches slow mode.
    ///
    /// # Errors
    /// [`RequestError::Refused`] if the right is missing.
    pub async fn set_slow_mode(&self, on: bool) -> Result<(), RequestError> {
        self.mod_setting("slowMode", on).await
    }

    /// Switches whether guests may chat.
    ///
    /// # Errors
    /// [`RequestError::Refused`] if the right is missing.
    pub async fn allow_guests_to_chat(&self, on: bool) -> Result<(), RequestError> {
        self.mod_setting("allowGuestsToChat", on).await
    }

    /// Switches whether guests may embed.
    ///
    /// # Errors
    /// [`RequestError::Refused`] if the right is missing.
    pub async fn allow_guests_to_embed(&self, on: bool) -> Result<(), RequestError> {
        self.mod_setting("allowGuestsToEmbed", on).await
    }

    async fn mod_setting(&self, action: &str, on: bool) -> Result<(), RequestError> {
        let fields = [
            ("action", action),
            ("value", if on { "true" } else { "false" }),
        ];
        self.done(Call::post(self.path("/modsettings")).form(fields))
            .await
    }

    /// Changes the room's settings.
    ///
    /// # Errors
    /// [`RequestError::Refused`] if the right is missing.
    pub async fn update(&self, settings: &RoomSettings) -> Result<(), RequestError> {
        self.done(Call::put(self.path("")).form(settings.pairs()))
            .await
    }

    // -----------------------------------------------------------------------------------------------------------------
    // People.

    /// The members that are known, the first seen first; at most 4,096.
    pub fn members(&self) -> Collection<Member> {
        let cache = self.client.shared.cache.read();
        let items = cache.rooms.get(&self.id).map(|room| {
            let members = room.members.iter().map(|(_, state)| Member {
                client: self.client.clone(),
                room: self.id.clone(),
                state: Arc::clone(state),
            });
            members.collect()
        });
        Collection {
            items: items.unwrap_or_default(),
        }
    }

    /// Fetches everyone in the room.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn fetch_members(&self) -> Result<Vec<MemberState>, RequestError> {
        self.member_list("/users").await
    }

    /// Fetches who is banned.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn fetch_banned(&self) -> Result<Vec<MemberState>, RequestError> {
        self.member_list("/users/ban").await
    }

    /// Fetches who is muted.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn fetch_muted(&self) -> Result<Vec<MemberState>, RequestError> {
        self.member_list("/users/mute").await
    }

    /// Fetches who has a role.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn fetch_staff(&self) -> Result<Vec<MemberState>, RequestError> {
        self.member_list("/users/staff").await
    }

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

    /// Fetches what moderators did.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn audit(&self) -> Result<Vec<AuditEntry>, RequestError> {
        let data = self.client.call(Call::get(self.path("/audit"))).await?;
        let list: wire::List<wire::Audit<'_>> = parse(&data)?;
        Ok(list.0.into_iter().map(AuditEntry::from).collect())
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Queue.

    /// The playing song, as far as the events told.
    pub fn current_song(&self) -> Option<Song> {
        let cache = self.client.shared.cache.read();
        cache.rooms.get(&self.id)?.active.clone()
    }

    /// Who dubbed the playing song when that was last fetched; absent if it was another song.
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

    /// Fetches the queue.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn fetch_queue(&self) -> Result<Vec<Song>, RequestError> {
        songs(
            &self
                .client
                .call(Call::get(self.path("/playlist/details")))
                .await?,
        )
    }

    /// Fetches the playing song; absent while nothing plays.
    ///
    /// # Errors
    /// [`RequestError`].
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
            // Nothing plays: not an error (protocol §4.4).
            Err(RequestError::Refused { status: 404, .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Fetches who dubbed the playing song.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn fetch_active_dubs(&self) -> Result<ActiveDubs, RequestError> {
        let data = self
            .client
            .call(Call::get(self.path("/playlist/active/dubs")))
            .await?;
        let dubs = parse::<Option<wire::ActiveDubs<'_>>>(&data)?.unwrap_or_default();
        Ok(ActiveDubs::from_wire(self.id.clone(), dubs))
    }

    /// Fetches a page of 20 songs that have played, from 1; a short page is the last.
    ///
    /// Pages shift while songs end: whoever reads several compares ids.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn history(&self, page: u32) -> Result<Vec<Song>, RequestError> {
        let call = Call::get(self.path("/playlist/history")).query([("page", page.to_string())]);
        songs(&self.client.call(call).await?)
    }

    /// Queues a song by its source (`youtube`, `soundcloud`) and the source's id.
    ///
    /// # Errors
    /// [`RequestError::Refused`] if the queue is locked, or the song too long or played lately.
    pub async fn queue_song(&self, source: &str, media_id: &str) -> Result<Song, RequestError> {
        let fields = [("songType", source), ("songId", media_id)];
        let call = Call::post(self.path("/playlist")).form(fields);
        let data = self.client.call(call).await?;
        Ok(parse::<wire::QueueItem<'_>>(&data)?.into())
    }

    /// Queues a whole playlist.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn queue_playlist(&self, playlist: &PlaylistId) -> Result<(), RequestError> {
        let path = self.path(&format!("/queueplaylist/{}", step(playlist.as_str())));
        self.done(Call::post(path)).await
    }

    /// Takes one of the own songs off the queue.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn remove_song(&self, song: &SongId) -> Result<(), RequestError> {
        let path = self.path(&format!("/playlist/{}", step(song.as_str())));
        self.done(Call::delete(path)).await
    }

    /// Takes all own songs off the queue.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn clear_queue(&self) -> Result<(), RequestError> {
        self.done(Call::delete(self.path("/playlist"))).await
    }

    /// Fetches the own songs in the queue.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn own_queue(&self) -> Result<Vec<Song>, RequestError> {
        let path = format!("/user/session/room/{}/queue", step(self.id.as_str()));
        songs(&self.client.call(Call::get(path)).await?)
    }

    /// Orders the own songs in the queue.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn reorder_own_queue(&self, order: &[SongId]) -> Result<(), RequestError> {
        let path = format!("/user/session/room/{}/queue/order", step(self.id.as_str()));
        let fields = order.iter().map(|song| ("order[]", song.as_str()));
        self.done(Call::post(path).form(fields)).await
    }

    /// Orders the DJs in the queue.
    ///
    /// # Errors
    /// [`RequestError::Refused`] if the right is missing.
    pub async fn reorder_queue(&self, order: &[UserId]) -> Result<(), RequestError> {
        let fields = order.iter().map(|user| ("order[]", user.as_str()));
        self.done(Call::post(self.path("/queue/order")).form(fields))
            .await
    }

    /// Removes a DJ's next song; gives the one after it.
    ///
    /// # Errors
    /// [`RequestError::Refused`] if the right is missing.
    pub async fn remove_user_song(&self, user: &UserId) -> Result<Option<Song>, RequestError> {
        let path = self.path(&format!("/queue/user/{}", step(user.as_str())));
        let data = self.client.call(Call::delete(path)).await?;
        let removed: wire::Removed<'_> = serde_json::from_slice(&data).unwrap_or_default();
        Ok(removed.user_next_song.map(Song::from))
    }

    /// Removes a DJ from the queue.
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

    /// Pauses the own queue, or lets it go on.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn pause_queue(&self, paused: bool) -> Result<(), RequestError> {
        let fields = [("queuePaused", if paused { "1" } else { "0" })];
        self.done(Call::put(self.path("/queue/pause")).form(fields))
            .await
    }

    /// Locks the queue, or opens it.
    ///
    /// # Errors
    /// [`RequestError::Refused`] if the right is missing.
    pub async fn lock_queue(&self, locked: bool) -> Result<(), RequestError> {
        let fields = [("lockQueue", if locked { "1" } else { "0" })];
        self.done(Call::put(self.path("/lockQueue")).form(fields))
            .await
    }

    /// Dubs a song.
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

/// A private conversation, with what can be done in it.
#[derive(Clone, Debug)]
pub struct Conversation {
    client: Client,
    info: Arc<ConversationInfo>,
}

impl Deref for Conversation {
    type Target = ConversationInfo;

    fn deref(&self) -> &ConversationInfo {
        &self.info
    }
}

impl Conversation {
    fn path(&self, rest: &str) -> String {
        format!("/message/{}{rest}", step(self.id.as_str()))
    }

    /// Everyone in the conversation but the own account.
    pub fn recipients(&self) -> Vec<User> {
        let cache = self.client.shared.cache.read();
        let me = cache.me.as_ref().map(|me| &me.id);
        let others = self.users.iter().filter(|user| Some(&user.id) != me);
        let others = others.map(|user| match cache.users.get(&user.id) {
            // QueUp sometimes sends ids only.
            Some(known) if user.username.is_empty() => (**known).clone(),
            _ => user.clone(),
        });
        others.collect()
    }

    /// Fetches the messages and gives their ids, newest first; [`Client::message`] gives the messages.
    ///
    /// It also refreshes `latest_message_str` of what [`Client::conversation`] gives.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn fetch(&self) -> Result<Vec<PrivateMessageId>, RequestError> {
        let data = self.client.call(Call::get(self.path(""))).await?;
        let list: wire::List<wire::PrivateRow<'_>> = parse(&data)?;
        let messages: Vec<Message> = list.0.into_iter().map(Message::from).collect();
        let ids = messages.iter().map(|message| message.id.as_str().into());
        let ids = ids.collect();
        let mut cache = self.client.shared.cache.write();
        if let Some(latest) = messages.first() {
            let mut info = (*self.info).clone();
            info.latest_message_str.clone_from(&latest.content);
            info.latest_message = latest.created_at.or(info.latest_message);
            cache.put_conversation(info);
        }
        for message in messages {
            cache.put_private(message);
        }
        Ok(ids)
    }

    /// Whether the user has read the conversation, as far as it was fetched.
    pub fn has_read(&self, user: &UserId) -> bool {
        self.users_read.contains(user)
    }

    /// Marks the conversation as read by the own account.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn mark_as_read(&self) -> Result<(), RequestError> {
        let data = self.client.call(Call::post(self.path("/read"))).await?;
        let wire: wire::Conversation<'_> = serde_json::from_slice(&data).unwrap_or_default();
        let answer = ConversationInfo::from(wire);
        let mut info = (*self.info).clone();
        if answer.users_read.is_empty() {
            info.users_read
                .extend(self.client.me().map(|me| me.id.clone()));
        } else {
            info.users_read = answer.users_read;
        }
        self.client.shared.cache.write().put_conversation(info);
        Ok(())
    }

    /// Says something in the conversation.
    ///
    /// # Errors
    /// [`SendError`].
    pub async fn send_message(&self, text: &str) -> Result<(), SendError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(SendError::Empty);
        }
        let me = self.client.me().map(|me| me.id.clone());
        let call = Call::post(self.path("")).lane(Lane::Chat).json(json!({
            "message": text::escape(text),
            "userid": me.unwrap_or_default(),
            "time": self.client.shared.clock.now().as_millisecond(),
        }));
        // The answer's shape differs from that of a fetched message, and is not needed.
        self.client
            .call(call)
            .await
            .map(drop)
            .map_err(SendError::Request)
    }
}

/// What to change in a room, or how to make one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RoomSettings {
    fields: Vec<(String, String)>,
}

impl RoomSettings {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        let pairs = self.fields.iter();
        pairs.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Sets any field by QueUp's own name for it, such as `maxLengthSong`.
    #[must_use]
    pub fn field(mut self, name: &str, value: impl ToString) -> Self {
        self.fields.push((name.to_owned(), value.to_string()));
        self
    }

    /// Sets the name.
    #[must_use]
    pub fn name(self, name: &str) -> Self {
        self.field("name", name)
    }

    /// Sets the description.
    #[must_use]
    pub fn description(self, description: &str) -> Self {
        self.field("description", description)
    }

    /// Sets whether the room is shown to everyone.
    #[must_use]
    pub fn public(self, public: bool) -> Self {
        self.field("roomDisplay", if public { "public" } else { "private" })
    }

    /// Sets the text shown to those who enter.
    #[must_use]
    pub fn welcome_message(self, message: &str) -> Self {
        self.field("welcomeMessage", message)
    }

    /// Sets the longest song, in minutes.
    #[must_use]
    pub fn max_song_minutes(self, minutes: u32) -> Self {
        self.field("maxLengthSong", minutes)
    }

    /// Sets the password of a private room.
    #[must_use]
    pub fn password(self, password: &Secret) -> Self {
        self.field("roomPassword", password.expose())
    }
}

/// Something a moderator did.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AuditEntry {
    /// When.
    pub created_at: Option<Timestamp>,
    /// What, in the wire's word.
    pub kind: String,
    /// For how many minutes, where that means something.
    pub duration: Option<i64>,
    /// To whom.
    pub target: User,
    /// Which moderator.
    pub by: User,
}

impl From<wire::Audit<'_>> for AuditEntry {
    fn from(wire: wire::Audit<'_>) -> Self {
        Self {
            created_at: wire.created,
            kind: wire.kind.unwrap_or_default().into_owned(),
            duration: wire.duration,
            target: wire.user.into(),
            by: wire.moderator.into(),
        }
    }
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
