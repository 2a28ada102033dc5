//! Cloneable handles on an account and its rooms.
//!
//! A [`Client`] and its clones share one [`Shared`] with the source: the requests (`http.rs`), the network, the state
//! of the link, and the way of commands. Two kinds of calls go through this file and its children:
//!
//! - Requests (`client/room.rs`, `client/message.rs`, `client/history.rs`) build a `Call`, and `http.rs` sends it. They
//!   need no running source. A `Call::get` or `Call::ask` reads and goes out at once; a `Call::act` writes and waits
//!   for its turn.
//! - Commands (joining and leaving) go to the session over a bounded channel (`COMMANDS`), since only the session knows
//!   which rooms a socket serves. Each waits for its answer for `Config::action_timeout` at most.
//!
//! An answer is judged twice: `http/answer.rs` tells answers from pages, refusals and failures, and `client/answer.rs`
//! tells by the server's words which error a refusal means. Nothing here retries: the one retry that is safe (a stale
//! key before an idempotent call) is in `http.rs`.
//!
//! Rules: docs/protocol/stackexchange.md §7 (requests), §10 (limits), §11 (traps).

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
    relay,
    session::Command,
    wire,
};

/// Commands that wait for the source; one more waits for its turn within its own timeout.
///
/// The channel is that long because a command is answered only after requests to the server; a program that joins more
/// rooms than this at once is slowed down, not refused.
pub(crate) const COMMANDS: usize = 64;
/// Ids in one request at most.
///
/// The server documents 100 for searches only; for `/user/info` the same number is used (assumed).
const IDS: usize = 100;

/// The way events come.
///
/// [`Client::transport`] tells it. Both ways bring the same events of the rooms; while polling, invitations and
/// mentions from rooms that the account is not in are missing, and the source reports that stretch as a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Transport {
    /// Over sockets, as they happen.
    ///
    /// The latency is that of the connection: the server pushes.
    Socket,
    /// By polling, while no socket can be had (protocol §6).
    ///
    /// An event is late by up to [`Config::poll_interval`](crate::Config::poll_interval). Polling begins after three
    /// refused sockets in a row and ends with the first socket that opens.
    Polling,
}

/// State that client and source share.
///
/// The source writes `link` and `polling`; the client only reads them. `commands` is the client's end of the channel
/// whose other end the source reads while it runs: once the source is gone, sending fails, which is how a client knows.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) http: Http,
    pub(crate) network: Network,
    /// The state that [`Client::link`] shows; `Idle` until the source runs.
    pub(crate) link: watch::Sender<LinkState>,
    /// Whether any line polls; written by the loop after each turn, so that it lags behind the session by one turn at
    /// most.
    pub(crate) polling: AtomicBool,
    pub(crate) user_agent: String,
    commands: mpsc::Sender<Command>,
    /// The longest wait of a command, its place in the channel included.
    action_timeout: Duration,
}

impl Shared {
    /// Makes the state for a configuration.
    pub(crate) fn new(config: &Config, commands: mpsc::Sender<Command>) -> Self {
        let network = config.way();
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

    pub(crate) fn http(&self) -> &Http {
        &self.shared.http
    }

    /// The chat server of the account.
    ///
    /// It decides hosts, login site and cookie name, and which addresses [`Html`](crate::Html) makes absolute.
    pub fn server(&self) -> Server {
        self.http().server()
    }

    /// Logs in unless the account is: with the kept cookies if they still count, else by the credential flow
    /// (protocol §3.1).
    ///
    /// The source and every request log in if need be. Call this to know beforehand, or once the cause of a refusal was
    /// mended.
    ///
    /// Concurrent calls share one login. A login with kept cookies is one request; the credential flow is four: the
    /// login page, the check of the credentials, the login itself, and the chat server's front page.
    ///
    /// # Errors
    /// [`LoginError`]. After a challenge or a refusal the site is not asked again before the next call of this.
    ///
    /// ```
    /// use antiphon_stackexchange::{self as stackexchange, Account, Config, LoginError};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let sim = antiphon_sim::Simulator::with_seed(7);
    /// # let bot = sim.stackexchange().account();
    /// # sim.stackexchange().ask_for_humans(1);
    /// # let config = Config::new(Account::new(bot.email, bot.password)).network(sim.network()).clock(sim.clock());
    /// let (client, _source) = stackexchange::connect(config);
    /// match client.log_in().await {
    ///     // A person has to answer the challenge once, with a browser, from this machine's network.
    ///     Err(LoginError::Captcha { host, location }) => println!("open {location} of {host}"),
    ///     other => panic!("{other:?}"),
    /// }
    /// // The person has done so; this call asks the site again, which requests alone do not.
    /// let me = client.log_in().await?;
    /// assert_eq!(client.me(), Some(me));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn log_in(&self) -> Result<Me, LoginError> {
        self.http().forget_refusal();
        self.http().log_in().await
    }

    /// Ends the session on the site, and forgets the kept cookies.
    ///
    /// The next request logs in again.
    ///
    /// The cookie file is removed as well. Sockets that are open stay open until the server ends them: stop the source
    /// first. Two requests: the logout page, for its key, and its form.
    ///
    /// # Errors
    /// [`RequestError::Login`] if the logout page has no key; otherwise those of every request. The cookies are kept
    /// then.
    pub async fn log_out(&self) -> Result<(), RequestError> {
        self.http().log_out().await
    }

    /// The account as the chat server knows it; `None` before the login.
    ///
    /// It is known after [`Client::log_in`], after the first request, and once the source has logged in. After
    /// [`Client::log_out`] it is `None` again. Compare its id with [`MessageEvent::user_id`](crate::MessageEvent) to
    /// leave out the account's own messages.
    pub fn me(&self) -> Option<Me> {
        self.http().me()
    }

    /// The state of the connection, to read or to wait for its changes.
    ///
    /// A room that ended has a link of its own: an `antiphon.link` event at `room/<id>`.
    ///
    /// The receiver always has the newest state; a state that was replaced before it was looked at is not seen. Whoever
    /// needs every change reads the `antiphon.link` events. `polling` counts as connected
    /// ([`LinkState::is_connected`](antiphon_core::LinkState::is_connected)).
    pub fn link(&self) -> watch::Receiver<LinkState> {
        self.shared.link.subscribe()
    }

    /// The way events come at the moment.
    ///
    /// The source updates it; before the source runs it is [`Transport::Socket`].
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
    ///
    /// Makes no request: a number that is no room shows with the first request that needs it.
    pub fn room(&self, id: impl Into<RoomId>) -> Room {
        Room::new(self.clone(), id.into())
    }

    /// Joins a room: its events come from now on, after restarts too, until the room is left.
    ///
    /// The room begins with the events after the join: the server's counter is asked first (`POST
    /// /chats/<room>/events`), a checkpoint with it is stored, and only then is a socket opened that begins there. A
    /// room that is joined already succeeds at once. With one socket for all rooms the socket is replaced, without a
    /// hole for the others.
    ///
    /// Joining is no act on the server beyond that: the account shows as present while its socket is open (protocol
    /// §5.4).
    ///
    /// # Errors
    /// [`JoinError::NoSuchRoom`] if the room does not exist or is closed to the account, which its link tells too;
    /// [`JoinError::TimedOut`] if it was not joined in time, while the source goes on trying.
    ///
    /// ```
    /// use antiphon_stackexchange::{self as stackexchange, Account, Config, JoinError};
    /// use tokio_util::sync::CancellationToken;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let sim = antiphon_sim::Simulator::with_seed(7);
    /// # let bot = sim.stackexchange().account();
    /// # let config = Config::new(Account::new(bot.email, bot.password)).network(sim.network()).clock(sim.clock());
    /// let (client, source) = stackexchange::connect(config);
    /// // Without a running source the call is an error once its time is over, and the source's state says why.
    /// let early = client.join(4242).await;
    /// assert!(matches!(early, Err(JoinError::NotConnected(_))));
    ///
    /// // What the source sends waits for the reader of the stream; an app stores it instead.
    /// let _events = source.events(CancellationToken::new());
    /// let room = client.join(4242).await?;
    /// assert!(room.may_post().await?);
    /// // A private room, a deleted one, and a number that never was one are the same to the server.
    /// let nowhere = client.join(99_999).await;
    /// assert!(matches!(nowhere, Err(JoinError::NoSuchRoom(_))));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn join(&self, room: impl Into<RoomId>) -> Result<Room, JoinError> {
        let id = room.into();
        if let Some(remote) = self.http().remote() {
            relay::join(remote, id).await?;
            return Ok(self.room(id));
        }
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
    /// The room's checkpoint says that it was left, so that it is not joined again after a restart, unless
    /// [`Config::rooms`](crate::Config::rooms) names it. Its link (`antiphon.link` at `room/<id>`) stops with the code
    /// `left`.
    ///
    /// # Errors
    /// [`RequestError`] if the request failed; the room is left here all the same.
    pub async fn leave(&self, room: impl Into<RoomId>) -> Result<(), RequestError> {
        self.leave_rooms(Some(room.into())).await
    }

    /// Leaves every room.
    ///
    /// The sockets are closed, since no room is left for them; the source keeps running and can join again.
    ///
    /// # Errors
    /// [`RequestError`] if the request failed; the rooms are left here all the same.
    pub async fn leave_all(&self) -> Result<(), RequestError> {
        self.leave_rooms(None).await
    }

    /// Leaves a room, or every room.
    pub(crate) async fn leave_rooms(&self, room: Option<RoomId>) -> Result<(), RequestError> {
        if let Some(remote) = self.http().remote() {
            return relay::leave(remote, room).await;
        }
        let (reply, answer) = oneshot::channel();
        match self.command(Command::Leave { room, reply }, answer).await {
            Ok(outcome) => outcome,
            Err(CommandError::NotConnected(error)) => Err(RequestError::Unreachable(error.into())),
            Err(CommandError::TimedOut) => Err(RequestError::TimedOut(self.shared.action_timeout)),
        }
    }

    /// Sends a command to the source, and waits for its answer within the timeout.
    ///
    /// The answer may be late because the session waits: for the login, for a place in the outbox, or for a pause that
    /// the server asked for. Whether that is [`CommandError::TimedOut`] or [`CommandError::NotConnected`] is told by
    /// the link at the end of the wait.
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
    /// [`SendError`], as [`Room::send`].
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
    /// An element of the answer without an id is left out, so that there may be fewer users than `ids`; the order is
    /// the server's. `is_owner` is told only if a room is named. No right is needed.
    ///
    /// # Errors
    /// [`RequestError::Undecodable`] for an answer without a list; otherwise those of every request. The first request
    /// that fails ends it.
    ///
    /// ```
    /// use antiphon_stackexchange::{self as stackexchange, Account, Config, RoomId, UserId};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let sim = antiphon_sim::Simulator::with_seed(7);
    /// # let bot = sim.stackexchange().account();
    /// # let config = Config::new(Account::new(bot.email, bot.password)).network(sim.network()).clock(sim.clock());
    /// let (client, _source) = stackexchange::connect(config);
    /// // By the beginning of a name; ids are those of the chat server, not of a site.
    /// let found = client.search_users("mir").await?;
    /// let mira = found.first().expect("she is there").id;
    ///
    /// let users = client.users([mira], Some(RoomId::new(4242))).await?;
    /// assert_eq!((users[0].name.as_str(), users[0].is_owner), ("mira", Some(true)));
    /// let rooms = client.rooms_of(mira).await?;
    /// assert!(rooms.iter().any(|room| room.room_id == RoomId::new(17)));
    ///
    /// // The ignore list is the account's own and kept by the server; ignored users' events come all the same.
    /// client.ignore(UserId::new(102), true).await?;
    /// println!("{} users are ignored", client.ignored().await?.len());
    /// client.ignore(UserId::new(102), false).await?;
    /// # Ok(())
    /// # }
    /// ```
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
    /// One request. A line of the answer without an id is left out and logged at *debug*; a line that is no JSON object
    /// is an error, since the answer is then not the list that was asked for.
    ///
    /// # Errors
    /// [`RequestError::Undecodable`] for a line that is no JSON object; otherwise those of every request.
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
    /// One request, of a page of HTML. Rooms that the user's page does not list, such as private ones, are not among
    /// them.
    ///
    /// # Errors
    /// Status 404 for a user that does not exist; otherwise those of every request.
    pub async fn rooms_of(&self, user: UserId) -> Result<Vec<RoomUsage>, RequestError> {
        let answer = self
            .http()
            .call(Call::get(format!("/users/{user}")))
            .await?;
        Ok(Page::parse(&answer.body)?.rooms())
    }

    /// Fetches the users that the account ignores.
    ///
    /// The list belongs to the account on this chat server. The web client hides messages by it; the server sends them
    /// anyway.
    ///
    /// # Errors
    /// [`RequestError::Undecodable`] for an answer that is no list of ids; otherwise those of every request.
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
    /// The call is idempotent: after an answer that looks like one for a stale key it is sent once more.
    ///
    /// # Errors
    /// [`ActionError::Refused`] with the server's words; or a failed request.
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
///
/// The two are kept apart because they call for different acts: a program waits and tries again after the first, and
/// looks at the link after the second.
enum CommandError {
    /// The source is not connected, has ended, or was never run; the link at that moment is the reason.
    NotConnected(NotConnected),
    /// The source is connected, and did not answer in time: it may still carry out the command.
    TimedOut,
}
