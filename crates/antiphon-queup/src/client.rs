//! The handles that users hold: cheap to clone, usable from anywhere.
//!
//! # Three kinds of methods
//! - *Look-ups* read the caches and never wait: `room`, `user`, `members`, `current_song`. They follow the events, and
//!   so need a source that runs and is read.
//! - *Requests* go to QueUp's REST interface and need no socket: `fetch_…`, `queue_song`, `ban`. They wait for a slot
//!   of the rate limit, log in by themselves if the session has ended, and are then sent once more (protocol §2).
//! - *Actions on the socket* are commands to the source, which carries them out once the socket is established:
//!   joining, leaving, presence. They wait up to [`Config::action_timeout`](crate::Config::action_timeout).
//!
//! # What holds
//! - A handle has the values of the moment at which it was made ([`Room`] derefs to [`RoomInfo`](crate::RoomInfo));
//!   asking the client again gives newer ones.
//! - Locks of the caches are held for one copy and never over a wait.
//! - Ids in paths are escaped, so that no text of a user can reach another route.
//!
//! Rights are QueUp's business: a request without the right is sent, and answered with [`RequestError::Refused`].
//! [`Role::has`](crate::Role::has) tells beforehand what the documented table says (protocol §5.4).

mod collection;
mod conversation;
mod people;
mod room;
mod rooms;
mod songs;
mod users;

use std::{collections::HashMap, sync::Arc, time::Duration};

use antiphon_core::{Clock, LinkState, Place, Secret, json_position};
use antiphon_net::Network;
use bytes::Bytes;
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::{Instant, timeout, timeout_at},
};

pub use self::{
    collection::Collection,
    conversation::Conversation,
    people::{AuthenticatedUser, Member},
    room::{AuditEntry, Room, RoomSettings},
    songs::Playlist,
};
use crate::{
    cache::{Cache, SharedCache},
    config::Config,
    error::{ConnectError, LoginError, NotConnected, RequestError},
    http::{Call, Http, Limit},
    model::{ChatId, ConversationId, Message, RoomId, Slug, User, UserId},
    relay,
    session::Command,
    wire,
};

/// Number of commands that wait for the socket; one more waits for its turn within its own timeout.
pub(crate) const COMMANDS: usize = 64;

/// State that client and source share; made once by `connect`.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) http: Http,
    /// The network with the proxy, for the socket.
    pub(crate) network: Network,
    pub(crate) cache: SharedCache,
    /// State of the socket; written by the loop alone.
    pub(crate) link: watch::Sender<LinkState>,
    /// Links of rooms in another state than the socket's; at most 256.
    pub(crate) room_links: watch::Sender<Vec<(Place, LinkState)>>,
    /// Passwords of private rooms, by the configuration; those of a call are not kept.
    pub(crate) passwords: HashMap<Slug, Secret>,
    pub(crate) socket_url: String,
    pub(crate) user_agent: String,
    /// Commands to the loop; closed once the source has ended or was dropped.
    commands: mpsc::Sender<Command>,
    clock: Clock,
    action_timeout: Duration,
    /// Pieces that a chat message may be cut into.
    chat_pieces: usize,
}

impl Shared {
    pub(crate) fn new(config: &Config, commands: mpsc::Sender<Command>) -> Self {
        let network = config.routed();
        Self {
            http: Http::new(config, network.http()),
            network,
            cache: SharedCache::new(Cache::for_rooms(config.rooms.len())),
            link: watch::Sender::new(LinkState::Idle),
            room_links: watch::Sender::new(Vec::new()),
            passwords: config.passwords.clone(),
            socket_url: config.socket.clone(),
            user_agent: config.user_agent.clone(),
            commands,
            clock: config.clock,
            action_timeout: config.action_timeout,
            chat_pieces: config.chat_pieces,
        }
    }

    /// Remembers the own user.
    pub(crate) fn logged_in(&self, user: &Bytes) {
        if let Ok(user) = antiphon_core::read_json::<wire::User<'_>>(user) {
            self.cache.write().me = Some(user.into());
        }
    }
}

/// A handle on one QueUp account: cheap to clone, and usable from anywhere.
///
/// Requests work at any time, and wait for their turn by the [rate limits](crate::RateLimits). Actions on the socket
/// wait for it up to [`Config::action_timeout`]. Its caches of rooms, users and messages follow the events; see
/// [`Client::rooms`] and its neighbours for the bounds.
///
/// # Examples
/// ```no_run
/// use antiphon_queup::{self as queup, Account, Config, LoginError};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let (client, source) = queup::connect(Config::new(Account::new("mira@example.org", "a password")));
/// # let _ = source;
/// // An app runs the source; requests need none.
/// match client.login().await {
///     Ok(me) => println!("logged in as {}", me.username),
///     Err(LoginError::Authorization(refused)) => println!("QueUp says: {}", refused.message),
///     Err(error) => return Err(error.into()),
/// }
/// for room in client.lobby().await? {
///     println!("{} has {:?} users", room.name, room.active_users);
/// }
/// // Actions on the socket work once the source runs.
/// client.connect().await?;
/// let room = client.join_room("choir-loft").await?;
/// println!("{} members are known", room.members().len());
/// if let Some(song) = room.current_song() {
///     println!("{} plays, at {:?}", song.name(), client.fetch_song_link(&song).await?);
/// }
/// # Ok(())
/// # }
/// ```
///
/// Requests against the simulator, without a source:
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
/// assert!(client.me().is_none(), "nobody has logged in yet");
///
/// let me = client.login().await?;
/// assert_eq!((&*me.username, me.id.as_str()), (&*bot.username, &*bot.id));
///
/// let room = client.fetch_room("choir-loft").await?;
/// assert_eq!(room.slug, "choir-loft");
/// assert!(client.lobby().await?.iter().any(|listed| listed.id == room.id));
/// // It was fetched and not joined: the cache follows the events.
/// assert!(client.room(&room.id).is_none());
/// # Ok(())
/// # }
/// ```
///
/// Chat commands, which most bots begin with:
///
/// ```no_run
/// use antiphon_queup::{Chat, Client, Right, SendError};
///
/// async fn on_chat(chat: Chat, client: &Client) -> Result<(), SendError> {
///     // Own messages come too.
///     if client.me().is_some_and(|me| me.id == chat.author.id) {
///         return Ok(());
///     }
///     let Some(room) = client.room(&chat.room) else {
///         return Ok(());
///     };
///     match chat.content.split_once(' ').unwrap_or((&chat.content, "")) {
///         ("!ping", _) => drop(room.send_message("pong").await?),
///         ("!song", _) => {
///             let words = room.current_song().map_or("nothing plays".into(), |song| song.name().to_owned());
///             room.send_message(&words).await?;
///         }
///         ("!skip", _) => {
///             let may = chat.member.as_ref().and_then(|member| member.role.as_ref());
///             let may = may.is_some_and(|role| role.has(Right::Skip));
///             if let Some(song) = room.current_song().filter(|_| may) {
///                 room.skip(&song.id).await.map_err(SendError::Request)?;
///             }
///         }
///         _ => {}
///     }
///     Ok(())
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Client {
    shared: Arc<Shared>,
}

/// The rooms this account has joined.
///
/// See [`Client::rooms`].
pub type RoomCollection = Collection<Room>;
/// The messages this account has heard.
///
/// See [`Client::messages`].
pub type MessageCollection = Collection<Arc<Message>>;

/// Reads the `data` of an answer; the error has the position and not the content.
fn parse<'a, T: serde::Deserialize<'a>>(data: &'a Bytes) -> Result<T, RequestError> {
    antiphon_core::read_json(data)
        .map_err(|error| RequestError::Undecodable(json_position(&error).into()))
}

impl Client {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    pub(crate) fn http(&self) -> &Http {
        &self.shared.http
    }

    /// Sends a request, and gives the answer's `data`.
    pub(crate) async fn call(&self, call: Call) -> Result<Bytes, RequestError> {
        self.shared.http.call(call).await
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Login and connection.

    /// Logs in with the configured account.
    ///
    /// The source logs in by itself; this tests a password beforehand. It does not connect. Two requests: the login,
    /// and one for the own user (protocol §2).
    ///
    /// # Errors
    /// [`LoginError::Authorization`] with the server's words if name or password are wrong; another [`LoginError`] if
    /// the request failed.
    pub async fn login(&self) -> Result<AuthenticatedUser, LoginError> {
        self.shared.http.log_in().await?;
        let call = Call::get("/auth/session").limit(Limit::Upkeep);
        let data = self.call(call).await.map_err(LoginError::Request)?;
        let user = User::from(parse::<wire::User<'_>>(&data).map_err(LoginError::Request)?);
        self.shared.cache.write().me = Some(user.clone());
        Ok(AuthenticatedUser {
            client: self.clone(),
            user,
        })
    }

    /// Ends the session on the server, so that the cookie is dead; the next request logs in again.
    ///
    /// The socket stays as it is, and [`logged_in`](Self::logged_in) stays true.
    ///
    /// # Errors
    /// [`RequestError`] if the request failed.
    pub async fn logout(&self) -> Result<(), RequestError> {
        self.call(Call::get("/auth/logout")).await.map(drop)
    }

    /// Whether the account has logged in, in this run, or in an earlier one whose saved cache was restored.
    pub fn logged_in(&self) -> bool {
        self.shared.cache.read().me.is_some()
    }

    /// The logged-in user; absent before login. The reference's `Client.user`.
    ///
    /// Its name follows a change of name; its other values are those of the login.
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
    /// [`ConnectError::NotLoggedIn`] before the first login, at once and without waiting for it;
    /// [`ConnectError::NotConnected`] if the link does not come up in time, or the source has ended.
    pub async fn connect(&self) -> Result<(), ConnectError> {
        if let Some(remote) = self.http().remote() {
            return relay::connect(remote).await;
        }
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
            Err(NotConnected::new(state).into())
        }
    }

    /// State of the connection.
    ///
    /// [`LinkState::Waiting`] says why there is no socket and when the next is opened; [`LinkState::Stopped`] that
    /// there will be none, such as after a refused password.
    pub fn link(&self) -> LinkState {
        self.shared.link.borrow().clone()
    }

    /// Watches the state of the connection.
    ///
    /// ```no_run
    /// # async fn example(client: &antiphon_queup::Client) {
    /// let mut link = client.watch_link();
    /// while link.changed().await.is_ok() {
    ///     println!("QueUp is {}", *link.borrow_and_update());
    ///     for (place, state) in client.room_links() {
    ///         println!("{place} is {state}");
    ///     }
    /// }
    /// # }
    /// ```
    pub fn watch_link(&self) -> watch::Receiver<LinkState> {
        self.shared.link.subscribe()
    }

    /// Rooms whose state is another than the connection's, each with its state: waiting, stopped or closed.
    ///
    /// A place is `room/<id>`, or `room/<name in the URL>` for a room of the configuration that was never joined.
    /// At most 256 rooms are listed; each change is an `antiphon.link` event at the room's place.
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
        NotConnected::new(state)
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
    // The caches.

    /// Rooms that were joined at least once; at most 64, then the oldest are forgotten.
    ///
    /// A room that was left stays in it, as do rooms of an earlier run if the cache was saved.
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
        Collection::new(items)
    }

    /// Users that were seen; at most 4,096, then the oldest are forgotten.
    ///
    /// A user is seen by a message, a vote, by joining, or as a member of a joined room. A user of whom QueUp sent only
    /// the id is not kept.
    pub fn users(&self) -> Collection<Arc<User>> {
        let cache = self.shared.cache.read();
        Collection::new(cache.users.iter().map(|(_, user)| Arc::clone(user)))
    }

    /// Messages that were heard; at most 512 for each room, then the oldest are forgotten. Room by room, in the order
    /// in which they were heard.
    ///
    /// Private messages are not among them; see [`message`](Self::message).
    pub fn messages(&self) -> MessageCollection {
        let cache = self.shared.cache.read();
        let items = cache
            .rooms
            .iter()
            .flat_map(|(_, room)| room.messages.iter().map(|(_, message)| Arc::clone(message)));
        Collection::new(items)
    }

    /// Conversations that were fetched; at most 256, then the oldest are forgotten.
    pub fn conversations(&self) -> Collection<Conversation> {
        let cache = self.shared.cache.read();
        let items = cache.conversations.iter().map(|(_, info)| Conversation {
            client: self.clone(),
            info: Arc::clone(info),
        });
        Collection::new(items)
    }

    /// A room, if it is cached: once it was joined.
    pub fn room(&self, room: &RoomId) -> Option<Room> {
        let info = self.shared.cache.read().rooms.get(room)?.info.clone()?;
        Some(Room {
            client: self.clone(),
            info,
        })
    }

    /// A user, if one with this id was seen; [`fetch_user`](Self::fetch_user) asks QueUp.
    pub fn user(&self, user: &UserId) -> Option<Arc<User>> {
        self.shared.cache.read().users.get(user).cloned()
    }

    /// A user's state in a room, if it is cached: while the user is in the room.
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

    /// A conversation, if it is cached.
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
}
