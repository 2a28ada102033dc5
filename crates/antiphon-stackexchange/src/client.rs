//! Cloneable handles on an account and its rooms.

mod answer;
mod history;
mod message;
mod room;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use antiphon_core::{LinkState, NotConnected, unescape_html};
use antiphon_net::Network;
use jiff::Timestamp;
use serde_json::value::RawValue;
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::{Instant, timeout_at},
};

pub use self::{history::HistoryQuery, room::Room};
use crate::{
    config::Config,
    error::{ActionError, JoinError, LoginError, RequestError, SendError},
    http::{Call, Http},
    model::{FoundUser, Me, MessageId, RoomId, RoomUsage, Server, UserId, UserInfo},
    page::Page,
    session::Command,
    wire,
};

/// Commands that wait for the source; one more waits for its turn within its own timeout.
pub(crate) const COMMANDS: usize = 64;
/// Ids in one request at most.
const IDS: usize = 100;

/// The way events come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Transport {
    /// Over sockets, as they happen.
    Socket,
    /// By polling, while no socket can be had (protocol §6).
    Polling,
}

/// State that client and source share.
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
    /// Makes the state for a configuration.
    pub(crate) fn new(config: &Config, commands: mpsc::Sender<Command>) -> Self {
        let network = config.network.through(config.proxy.as_ref());
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
}

/// A handle on one account of one chat server: cheap to clone, and usable from anywhere.
///
/// Requests work at any time and log in if need be; writes wait for their turn as the server asks (protocol §10).
/// Joining and leaving need the running source, and wait for it up to [`Config::action_timeout`].
///
/// ```no_run
/// use antiphon_stackexchange::{Account, Config, Transport, UserId};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let account = Account::new("mira@example.org", std::env::var("SE_PASSWORD")?);
/// let (client, source) = antiphon_stackexchange::connect(Config::new(account));
/// // Requests need no running source.
/// let me = client.log_in().await?;
/// println!("logged in as {} on {}", me.name, client.server());
/// for user in client.users([me.id, UserId::FEEDS], None).await? {
///     println!("{} has {:?} reputation", user.name, user.reputation);
/// }
/// // Joining does: `source` runs in an app, or as a stream in another task.
/// let sandbox = client.join(1).await?;
/// sandbox.send("hello").await?;
/// if client.transport() == Transport::Polling {
///     println!("{}", *client.link().borrow());
/// }
/// client.leave(sandbox.id()).await?;
/// # drop(source);
/// # Ok(())
/// # }
/// ```
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

    /// The chat server of the account.
    pub fn server(&self) -> Server {
        self.http().server()
    }

    /// Logs in unless the account is: with the kept cookies if they still count, else by the credential flow
    /// (protocol §3.1).
    ///
    /// The source and every request log in if need be. Call this to know beforehand, or once the cause of a refusal was
    /// mended.
    ///
    /// # Errors
    /// [`LoginError`]. After a challenge or a refusal the site is not asked again before the next call of this.
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

    /// The account as the chat server knows it; `None` before the login.
    pub fn me(&self) -> Option<Me> {
        self.http().me()
    }

    /// The state of the connection, to read or to wait for its changes.
    ///
    /// A room that ended has a link of its own: an `antiphon.link` event at `room/<id>`.
    pub fn link(&self) -> watch::Receiver<LinkState> {
        self.shared.link.subscribe()
    }

    /// The way events come at the moment.
    pub fn transport(&self) -> Transport {
        if self.shared.polling.load(Ordering::Relaxed) {
            Transport::Polling
        } else {
            Transport::Socket
        }
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Rooms.

    /// Returns a handle on a room, joined or not.
    pub fn room(&self, id: impl Into<RoomId>) -> Room {
        Room::new(self.clone(), id.into())
    }

    /// Joins a room: its events come from now on, after restarts too, until the room is left.
    ///
    /// # Errors
    /// [`JoinError::NoSuchRoom`] if the room does not exist or is closed to the account, which its link tells too;
    /// [`JoinError::TimedOut`] if it was not joined in time, while the source goes on trying.
    pub async fn join(&self, room: impl Into<RoomId>) -> Result<Room, JoinError> {
        let id = room.into();
        let (reply, answer) = oneshot::channel();
        let command = Command::Join { room: id, reply };
        match self.command(command, answer).await {
            Ok(outcome) => outcome.map(|()| self.room(id)),
            Err(CommandError::NotConnected(error)) => Err(error.into()),
            Err(CommandError::TimedOut) => Err(JoinError::TimedOut(self.shared.action_timeout)),
        }
    }

    /// Leaves a room: its events no longer come.
    ///
    /// # Errors
    /// [`RequestError`] if the request failed; the room is left here all the same.
    pub async fn leave(&self, room: impl Into<RoomId>) -> Result<(), RequestError> {
        self.leave_rooms(Some(room.into())).await
    }

    /// Leaves every room.
    ///
    /// # Errors
    /// [`RequestError`] if the request failed; the rooms are left here all the same.
    pub async fn leave_all(&self) -> Result<(), RequestError> {
        self.leave_rooms(None).await
    }

    /// Leaves a room, or every room.
    async fn leave_rooms(&self, room: Option<RoomId>) -> Result<(), RequestError> {
        let (reply, answer) = oneshot::channel();
        match self.command(Command::Leave { room, reply }, answer).await {
            Ok(outcome) => outcome,
            Err(CommandError::NotConnected(error)) => Err(RequestError::Unreachable(error.into())),
            Err(CommandError::TimedOut) => Err(RequestError::TimedOut(self.shared.action_timeout)),
        }
    }

    /// Sends a command to the source, and waits for its answer within the timeout.
    async fn command<T>(
        &self,
        command: Command,
        answer: oneshot::Receiver<T>,
    ) -> Result<T, CommandError> {
        let by = Instant::now() + self.shared.action_timeout;
        let not_connected =
            || CommandError::NotConnected(NotConnected::new(self.shared.link.borrow().clone()));
        match timeout_at(by, self.shared.commands.send(command)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return Err(not_connected()),
            Err(_) => return Err(CommandError::TimedOut),
        }
        match timeout_at(by, answer).await {
            Ok(Ok(outcome)) => Ok(outcome),
            Err(_) if self.shared.link.borrow().is_connected() => Err(CommandError::TimedOut),
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

    /// Fetches users, as seen from a room if one is named; one request for each 100 of them (protocol §7.2).
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
                    .filter_map(|user| user_info(serde_json::from_str(user.get()).ok()?)),
            );
        }
        Ok(users)
    }

    /// Searches users by the beginning of their names; at most 100 (protocol §7.2).
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn search_users(&self, name: &str) -> Result<Vec<FoundUser>, RequestError> {
        let call = Call::get("/users/search")
            .field("q", &name)
            .field("limit", &&IDS);
        let answer = self.http().call(call).await?;
        // Each line is an object; there is no array (protocol §11.20).
        let lines = String::from_utf8_lossy(&answer.body);
        let mut users = Vec::new();
        for line in lines.lines().filter(|line| !line.trim().is_empty()) {
            let found: wire::Found<'_> =
                serde_json::from_str(line).map_err(|_| RequestError::Undecodable {
                    source: "a line is no JSON object".into(),
                })?;
            let Some(id) = found.id.0 else {
                tracing::debug!("a line of the search names no user");
                continue;
            };
            users.push(FoundUser {
                id: UserId::new(id),
                // The server escapes these texts for HTML.
                name: unescape_html(&found.name.0.unwrap_or_default()).into_owned(),
                hash: found.hash.0.map(|hash| unescape_html(&hash).into_owned()),
            });
        }
        Ok(users)
    }

    /// Fetches the rooms that a user talks in, by the user's page.
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

    /// Fetches the users that the account ignores.
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

    /// Ignores a user from now on (`true`), or no longer (`false`).
    ///
    /// # Errors
    /// [`ActionError`].
    pub async fn ignore(&self, user: UserId, ignore: bool) -> Result<(), ActionError> {
        let what = if ignore { "add" } else { "remove" };
        let call = Call::act(format!("/users/ignorelist/{what}")).field("id", &user);
        answer::done(self.http().call(call.idempotent()).await, &[])
    }
}

/// Reads a user; `None` without an id.
fn user_info(user: wire::User<'_>) -> Option<UserInfo> {
    Some(UserInfo {
        id: UserId::new(user.id.0?),
        name: user.name.0.unwrap_or_default().into_owned(),
        email_hash: user.email_hash.0.map(Into::into),
        reputation: user.reputation.0,
        is_moderator: user.is_moderator.unwrap_or_default(),
        is_owner: user.is_owner.0,
        last_post: time(user.last_post.0),
        last_seen: time(user.last_seen.0),
    })
}

/// A time in Unix seconds.
fn time(seconds: Option<i64>) -> Option<Timestamp> {
    Timestamp::from_second(seconds?).ok()
}

/// The error for an answer without the list that was asked for.
fn no_list(of: &str) -> RequestError {
    RequestError::Undecodable {
        source: format!("the answer has no list of {of}").into(),
    }
}

/// Why a command had no answer.
enum CommandError {
    NotConnected(NotConnected),
    TimedOut,
}
