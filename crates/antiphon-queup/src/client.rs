//! The cloneable handles that users hold.

mod collection;
mod conversation;
mod people;
mod room;
mod rooms;
mod songs;
mod users;

use std::{collections::HashMap, sync::Arc, time::Duration};

use antiphon_core::{Clock, LinkState, Place, Secret};
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
    cache::SharedCache,
    config::Config,
    error::{ConnectError, LoginError, NotConnected, RequestError, shape},
    http::{Call, Http, Lane},
    model::{ChatId, ConversationId, Message, RoomId, Slug, User, UserId},
    session::Command,
    wire,
};

/// Commands that wait for the socket; one more waits for its turn within its own timeout.
pub(crate) const COMMANDS: usize = 64;
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
        Collection::new(items)
    }

    /// Users seen; at most 4,096, then the oldest are forgotten.
    pub fn users(&self) -> Collection<Arc<User>> {
        let cache = self.shared.cache.read();
        Collection::new(cache.users.iter().map(|(_, user)| Arc::clone(user)))
    }

    /// Messages heard; at most 512 for each room, then the oldest are forgotten.
    pub fn messages(&self) -> MessageCollection {
        let cache = self.shared.cache.read();
        let items = cache
            .rooms
            .iter()
            .flat_map(|(_, room)| room.messages.iter().map(|(_, message)| Arc::clone(message)));
        Collection::new(items)
    }

    /// Conversations known; at most 256, then the oldest are forgotten.
    pub fn conversations(&self) -> Collection<Conversation> {
        let cache = self.shared.cache.read();
        let items = cache.conversations.iter().map(|(_, info)| Conversation {
            client: self.clone(),
            info: Arc::clone(info),
        });
        Collection::new(items)
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
}
