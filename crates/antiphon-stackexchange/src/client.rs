//! The cloneable handles that users hold.

mod room;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use antiphon_core::LinkState;
use antiphon_net::Network;
use serde_json::value::RawValue;
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::{Instant, timeout_at},
};

pub use self::room::{HistoryQuery, Room};
use crate::{
    config::Config,
    content::unescaped,
    error::{ActionError, JoinError, LoginError, NotConnected, RequestError, SendError},
    http::{Call, Http},
    model::{FoundUser, Me, MessageId, RoomId, RoomUsage, Server, UserId, UserInfo},
    page::Page,
    session::Command,
    wire,
};

/// Commands that wait for the connection; one more waits for its turn within its own timeout.
pub(crate) const COMMANDS: usize = 64;
/// Ids that one request may ask about.
const IDS: usize = 100;

/// How events come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Transport {
    /// Over sockets, as they happen.
    Socket,
    /// By asking again and again, for want of a socket.
    Polling,
}

/// What client and source have in common.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) http: Http,
    pub(crate) network: Network,
    pub(crate) link: watch::Sender<LinkState>,
    pub(crate) polling: AtomicBool,
    pub(crate) user_agent: String,
    commands: mpsc::Sender<Command>,
    action_timeout: Duration,
}

impl Shared {
    pub(crate) fn new(config: &Config, commands: mpsc::Sender<Command>) -> Self {
        // A proxy that cannot be used is an error when the source runs, and of every request before that.
        let network = config.routed_or_closed();
        Self {
            http: Http::new(config, network.http()),
            network,
            link: watch::Sender::new(LinkState::Idle),
            polling: AtomicBool::new(false),
            user_agent: config.user_agent.clone(),
            commands,
            action_timeout: config.action_timeout,
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

/// A handle on one account of one chat server: cheap to clone, and usable from anywhere.
///
/// Requests work at any time, log in if need be, and writes wait for their turn as the server asks.
/// Joining and leaving need the running source, and wait for it up to [`Config::action_timeout`].
#[derive(Clone, Debug)]
pub struct Client {
    shared: Arc<Shared>,
}

impl Client {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    fn http(&self) -> &Http {
        &self.shared.http
    }

    /// Which chat server it is.
    pub fn server(&self) -> Server {
        self.http().server()
    }

    /// Logs in, unless that was done: with the kept cookies if they still count.
    ///
    /// The source and every request do so by themselves; this is for those who want to know beforehand, or who have done
    /// what a refusal asked for.
    ///
    /// # Errors
    /// [`LoginError`]; after a challenge or a refusal the site is not asked again until this is called again.
    pub async fn log_in(&self) -> Result<Me, LoginError> {
        self.http().forget_refusal();
        self.http().log_in().await
    }

    /// Ends the session on the site, and forgets the kept cookies.
    ///
    /// The next request logs in again.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn log_out(&self) -> Result<(), RequestError> {
        self.http().log_out().await
    }

    /// The account as the chat server knows it; absent before the login.
    pub fn me(&self) -> Option<Me> {
        self.http().me()
    }

    /// How the connection stands, and a way to wait for its changes.
    ///
    /// A room that ended has a link of its own: an `antiphon.link` event at `room/<id>`.
    pub fn link(&self) -> watch::Receiver<LinkState> {
        self.shared.link.subscribe()
    }

    /// How events come at the moment.
    pub fn transport(&self) -> Transport {
        if self.shared.polling.load(Ordering::Relaxed) {
            Transport::Polling
        } else {
            Transport::Socket
        }
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Rooms.

    /// A handle on a room, joined or not.
    pub fn room(&self, id: impl Into<RoomId>) -> Room {
        Room::new(self.clone(), id.into())
    }

    /// Joins a room: its events come from now on, after restarts too, until it is left.
    ///
    /// # Errors
    /// [`JoinError::NoSuchRoom`] if it does not exist or is closed to the account, which its link tells too; [`JoinError::TimedOut`] if it did
    /// not begin in time, while the source goes on trying.
    pub async fn join(&self, room: impl Into<RoomId>) -> Result<Room, JoinError> {
        let id = room.into();
        let (reply, answer) = oneshot::channel();
        let command = Command::Join { room: id, reply };
        match self.commanded(command, answer).await {
            Ok(outcome) => outcome.map(|()| self.room(id)),
            Err(Lost::NotConnected(error)) => Err(error.into()),
            Err(Lost::TimedOut) => Err(JoinError::TimedOut(self.shared.action_timeout)),
        }
    }

    /// Leaves a room: its events come no more.
    ///
    /// # Errors
    /// [`RequestError`] if the server could not be told; the room is left here all the same.
    pub async fn leave(&self, room: impl Into<RoomId>) -> Result<(), RequestError> {
        self.left(Some(room.into())).await
    }

    /// Leaves every room.
    ///
    /// # Errors
    /// [`RequestError`] if the server could not be told; the rooms are left here all the same.
    pub async fn leave_all(&self) -> Result<(), RequestError> {
        self.left(None).await
    }

    async fn left(&self, room: Option<RoomId>) -> Result<(), RequestError> {
        let (reply, answer) = oneshot::channel();
        match self.commanded(Command::Leave { room, reply }, answer).await {
            Ok(outcome) => outcome,
            Err(Lost::NotConnected(error)) => Err(RequestError::Unreachable(error.into())),
            Err(Lost::TimedOut) => Err(RequestError::TimedOut(self.shared.action_timeout)),
        }
    }

    /// Has the source do something, within the timeout.
    async fn commanded<T>(
        &self,
        command: Command,
        answer: oneshot::Receiver<T>,
    ) -> Result<T, Lost> {
        let by = Instant::now() + self.shared.action_timeout;
        let not_connected = || {
            Lost::NotConnected(NotConnected {
                state: self.shared.link.borrow().clone(),
            })
        };
        match timeout_at(by, self.shared.commands.send(command)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return Err(not_connected()),
            Err(_) => return Err(Lost::TimedOut),
        }
        match timeout_at(by, answer).await {
            Ok(Ok(outcome)) => Ok(outcome),
            Err(_) if self.shared.link.borrow().is_connected() => Err(Lost::TimedOut),
            Ok(Err(_)) | Err(_) => Err(not_connected()),
        }
    }

    /// Posts a message in a room; short for [`Room::send`].
    ///
    /// # Errors
    /// [`SendError`].
    pub async fn send(
        &self,
        room: impl Into<RoomId>,
        text: impl AsRef<str>,
    ) -> Result<MessageId, SendError> {
        self.room(room).send(text).await
    }

    // -----------------------------------------------------------------------------------------------------------------
    // People.

    /// What is known of users, as seen from a room if one is named; a request asks about 100 of them.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn users(
        &self,
        ids: impl IntoIterator<Item = UserId>,
        room: Option<RoomId>,
    ) -> Result<Vec<UserInfo>, RequestError> {
        let ids: Vec<UserId> = ids.into_iter().collect();
        let mut users = Vec::with_capacity(ids.len());
        for ids in ids.chunks(IDS) {
            let ids: Vec<String> = ids.iter().map(UserId::to_string).collect();
            let mut call = Call::ask("/user/info").field("ids", &ids.join(","));
            if let Some(room) = room {
                call = call.field("roomId", &room);
            }
            let answer = self.http().call(call).await?;
            let infos: wire::UserInfos<'_> = answer.json()?;
            let wire::List::Elements(infos) = infos.users else {
                return Err(no_list("users"));
            };
            users.extend(
                infos
                    .iter()
                    .filter_map(|user| UserInfo::of(serde_json::from_str(user.get()).ok()?)),
            );
        }
        Ok(users)
    }

    /// Users whose names begin like this, at most 100.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn search_users(&self, name: &str) -> Result<Vec<FoundUser>, RequestError> {
        let call = Call::get("/users/search")
            .field("q", &name)
            .field("limit", &&IDS);
        let answer = self.http().call(call).await?;
        // One object a line, not one array (protocol §11.20).
        let lines = String::from_utf8_lossy(&answer.body);
        let mut users = Vec::new();
        for line in lines.lines().filter(|line| !line.trim().is_empty()) {
            let found: wire::Found<'_> =
                serde_json::from_str(line).map_err(|_| RequestError::Undecodable {
                    source: "a line is no JSON object".into(),
                })?;
            let Some(id) = found.id else {
                tracing::debug!("a line of the search names no user");
                continue;
            };
            users.push(FoundUser {
                id: UserId::new(id),
                // The server escapes these texts for HTML.
                name: unescaped(&found.name.unwrap_or_default()).into_owned(),
                hash: found.hash.map(|hash| unescaped(&hash).into_owned()),
            });
        }
        Ok(users)
    }

    /// The rooms that a user talks in, by the user's page.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn rooms_of(&self, user: UserId) -> Result<Vec<RoomUsage>, RequestError> {
        let answer = self
            .http()
            .call(Call::get(format!("/users/{user}")))
            .await?;
        Ok(Page::parse(&answer.body)?.rooms())
    }

    /// Whom the account ignores, as the server answers.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn ignored(&self) -> Result<Vec<UserId>, RequestError> {
        let answer = self.http().call(Call::get("/users/ignorelist")).await?;
        let ids: Vec<&RawValue> = answer.json()?;
        let ids = ids.iter().map(|id| {
            // A number, or one in a text.
            let digits = id.get().trim_matches('"');
            digits.parse().map(UserId::new)
        });
        ids.collect::<Result<_, _>>()
            .map_err(|_| RequestError::Undecodable {
                source: "an element of the list is no id".into(),
            })
    }

    /// Ignores a user from now on, or no more.
    ///
    /// # Errors
    /// [`ActionError`].
    pub async fn ignore(&self, user: UserId, ignore: bool) -> Result<(), ActionError> {
        let what = if ignore { "add" } else { "remove" };
        let call = Call::act(format!("/users/ignorelist/{what}")).field("id", &user);
        room::done(self.http().call(call.idempotent()).await, &[])
    }
}

/// The answer has not the list that was asked for.
fn no_list(of: &str) -> RequestError {
    RequestError::Undecodable {
        source: format!("the answer has no list of {of}").into(),
    }
}

/// Why a command came to nothing.
enum Lost {
    NotConnected(NotConnected),
    TimedOut,
}
