//! The loop that joins session, stream, clock and commands.
//!
//! It is the only file that reads the socket, and the only one that waits. Everything that can wake it is in one
//! `select!`; what it learns goes into [`Session`], and what that wants done is carried out here: frames are sent in
//! place, requests are futures in a set that the loop polls itself, so that nothing runs on when it ends. Requests of
//! rooms take turns (`room_tasks`), so that a thousand rooms open a few connections.
//!
//! # Back-pressure
//! While the outbox is full, no frame is read; pings go on, and deadlines of answers stand still. QueUp's bytes stay in
//! the connection, and nothing is dropped.
//!
//! # The end
//! A stop has two phases: first nothing is read while commands still run, then the loop ends, flushes the outbox and
//! closes the socket with 1000. The account stays in its rooms. A refused login ends the source with an error, since
//! trying again would be wrong.

mod room_tasks;

use std::{future::pending, sync::Arc, time::Duration};

use antiphon_core::{
    Backoff, BoxError, BoxFuture, Intake, LinkState, Moment, OpenFailure, Secret, SourceError,
    Stop, StopCode, error_chain, json_position, until,
};
use antiphon_net::{Message, Row, SocketError, WebSocket, WebSocketRequest, describe_close};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream::FuturesUnordered};
use http::Uri;
use tokio::{sync::mpsc, time::sleep};

use self::room_tasks::RoomTasks;
use crate::{
    client::Shared,
    config::Config,
    error::{JoinError, RequestError},
    http::{Call, Limit, step},
    model::{RoomId, RoomInfo, Slug, UserId},
    session::{Command, Done, RoomAnswer, Rules, Session, Snapshot, Task},
    wire,
};

/// Shortest wait before a new socket (protocol §3.4).
const RECONNECT_AFTER: Duration = Duration::from_secs(5);
/// Number of tries to join a room again after a reconnect.
const REJOIN_TRIES: u32 = 3;
/// Pause between two such tries.
const REJOIN_PAUSE: Duration = Duration::from_secs(2);

/// The result of a task, and the socket if it opened one.
struct Outcome {
    done: Done,
    socket: Option<WebSocket>,
}

impl From<Done> for Outcome {
    fn from(done: Done) -> Self {
        Self { done, socket: None }
    }
}

/// Connects and brings events until it is to stop, or until trying again would be wrong.
pub(crate) async fn run(
    config: Config,
    shared: Arc<Shared>,
    mut commands: mpsc::Receiver<Command>,
    intake: Intake,
    stop: Stop,
) -> Result<(), SourceError> {
    let backoff = Backoff::new(config.rng.clone().unwrap_or_default()).floor(RECONNECT_AFTER);
    let rules = Rules {
        rooms: config.rooms.clone(),
        only_rooms: config.only_rooms,
        recent_conversations: config.recent_conversations,
        backfill: config.backfill,
        buffer_bytes: config.buffer_bytes,
    };
    // Other parts of the program make origins of the same run's nonce.
    let nonce = format!("{}q", intake.nonce());
    let mut session = Session::new(rules, backoff, &nonce, intake.checkpoints());
    let mut tasks: FuturesUnordered<BoxFuture<'static, Outcome>> = FuturesUnordered::new();
    let mut room_tasks = RoomTasks::new(config.rate_limits.upkeep);
    let mut socket: Option<WebSocket> = None;
    let now = || intake.moment();
    session.start();
    loop {
        while let Some(task) = session.next_task() {
            if let Some(task) = room_tasks.add(task) {
                tasks.push(perform(task, Arc::clone(&shared), intake.clone()));
            }
        }
        while let Some(task) = room_tasks.next(|task| session.due(task)) {
            tasks.push(perform(task, Arc::clone(&shared), intake.clone()));
        }
        // A frame to send has a few hundred bytes; the socket itself gives up a peer that takes none.
        if let Some(open) = &mut socket
            && let Err(error) = send_all(open, &mut session).await
        {
            socket = None;
            session.on_closed(&error_chain(&error), now());
        }
        if let Some(state) = session.take_link() {
            tracing::debug!(source = %intake.source(), %state, "link");
            intake.show_link(state.clone());
            shared.link.send_replace(state);
        }
        if let Some(rooms) = session.take_rooms() {
            shared.room_links.send_replace(rooms);
        }
        // Without a journal nothing may be read.
        if session.outbox.send_ready(&intake).is_err() {
            break;
        }
        if session.is_stopped() && session.outbox.is_empty() {
            return Err(SourceError::of_link(
                intake.source().clone(),
                &shared.link.borrow(),
            ));
        }
        if stop.is_reading_over() {
            session.stop_reading();
        }
        session.note_pause(now());
        let deadline = session.deadline();
        // Every branch may be dropped half way: a frame stays in its socket, a command and a task in their queues, and a
        // wait for room only loses its turn.
        tokio::select! {
            () = stop.closing() => break,
            () = stop.reading(), if !stop.is_reading_over() => {}
            () = until(deadline) => {
                if let Err(cut) = session.on_deadline(now()) {
                    close(&mut socket, &mut session, &cut.0, now()).await;
                }
            }
            frame = next_frame(&mut socket), if session.wants_frame() => {
                if let Err(cut) = take_frames(frame, &mut socket, &mut session, now()) {
                    close(&mut socket, &mut session, &cut, now()).await;
                }
            }
            permit = session.outbox.reserve(&intake) => {
                let Ok(permit) = permit else { break };
                session.outbox.send(permit);
            }
            Some(outcome) = tasks.next(), if !tasks.is_empty() => {
                let Outcome { done, socket: opened } = outcome;
                room_tasks.ended(&done);
                if let Done::Opened(Ok(user)) = &done {
                    shared.logged_in(user);
                }
                if opened.is_some() {
                    socket = opened;
                }
                session.on_done(done, now());
            }
            Some(command) = commands.recv(), if session.wants_command() => session.on_command(command),
        }
    }
    session.outbox.flush(&intake).await;
    // The account stays in its rooms: only a user leaves them.
    if let Some(mut socket) = socket {
        socket.close(Some(1000), "").await;
    }
    intake.show_link(LinkState::Closed);
    shared.link.send_replace(LinkState::Closed);
    tracing::debug!(source = %intake.source(), "closed");
    Ok(())
}

/// Sends the frames that the session queued.
async fn send_all(socket: &mut WebSocket, session: &mut Session) -> Result<(), SocketError> {
    while let Some(reply) = session.next_reply() {
        tracing::trace!(frame = %kind_of(&reply), "sent");
        socket.send(Message::text(reply)).await?;
    }
    Ok(())
}

/// The packet's number, for the log; the rest may hold ids.
fn kind_of(frame: &str) -> &str {
    frame.get(..1).unwrap_or_default()
}

/// Reads a frame; waits for ever without a socket.
async fn next_frame(socket: &mut Option<WebSocket>) -> Option<Result<Message, SocketError>> {
    match socket {
        Some(socket) => socket.next().await,
        None => pending().await,
    }
}

/// Takes a frame, and those behind it that have come already, until the session has something to do.
///
/// # Errors
/// The reason to close the socket.
fn take_frames(
    first: Option<Result<Message, SocketError>>,
    socket: &mut Option<WebSocket>,
    session: &mut Session,
    now: Moment,
) -> Result<(), String> {
    let (mut row, mut next) = (Row::begin(), Some(first));
    while let Some(frame) = next {
        match frame {
            Some(Ok(Message::Text(text))) => {
                session.on_text(text.as_bytes(), now).map_err(|cut| cut.0)?;
            }
            Some(Ok(Message::Binary(bytes))) => session.on_binary(&bytes, now),
            Some(Ok(Message::Close { code, reason })) => {
                return Err(describe_close("server", code, &reason));
            }
            Some(Err(error)) => return Err(error_chain(&error)),
            None => return Err("the connection ended without goodbye".into()),
        }
        if !session.wants_frame() || session.has_work() {
            break;
        }
        let Some(open) = socket else { break };
        next = row.next(|| open.next_now());
    }
    Ok(())
}

/// Loses the socket, for this reason, and closes it.
async fn close(socket: &mut Option<WebSocket>, session: &mut Session, reason: &str, now: Moment) {
    session.on_closed(reason, now);
    if let Some(mut socket) = socket.take() {
        socket.close(None, "").await;
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// Tasks.

/// Does a task; a failure is an outcome too.
fn perform(task: Task, shared: Arc<Shared>, intake: Intake) -> BoxFuture<'static, Outcome> {
    Box::pin(async move {
        match task {
            Task::Open => open(&shared).await,
            Task::Stored {
                channel,
                epoch,
                part,
                mark,
            } => {
                let mut stored = intake.stored(&part);
                let reached = stored.wait_for(|stored| stored.is_some_and(|stored| stored >= mark));
                if reached.await.is_err() {
                    // The journal is gone, which ends the loop.
                    pending::<()>().await;
                }
                Done::Stored { channel, epoch }.into()
            }
            Task::Join {
                id, slug, password, ..
            } => Done::Joined {
                id,
                outcome: join(&shared, &slug, password).await,
            }
            .into(),
            Task::Rejoin {
                room,
                slug,
                epoch,
                history,
                updates,
            } => Done::Rejoined {
                outcome: rejoin(&shared, &room, &slug, history)
                    .await
                    .map(|snapshot| Snapshot {
                        updates,
                        ..snapshot
                    }),
                room,
                epoch,
            }
            .into(),
            Task::State { room, updates } => Done::State {
                snapshot: Snapshot {
                    updates,
                    ..snapshot(&shared, &room).await
                },
                room,
            }
            .into(),
            Task::Queue { room } => Done::Queue {
                outcome: shared.http.call(upkeep(&room, "/playlist/details")).await,
                room,
            }
            .into(),
            Task::Active { room, updates } => Done::Active {
                outcome: active(&shared, &room).await,
                room,
                updates,
            }
            .into(),
            Task::Post { room, slug } => Done::Posted {
                outcome: post(&shared, &room, &slug, None).await.map(drop),
                room,
            }
            .into(),
            Task::Leave { room, reply } => {
                let path = format!("/room/{}/users", step(room.as_str()));
                let call = Call::delete(path).limit(Limit::Upkeep);
                Done::Left {
                    outcome: shared.http.call(call).await.map(drop),
                    room,
                    reply,
                }
                .into()
            }
            Task::Conversations => {
                let call = Call::get("/message").limit(Limit::Upkeep);
                Done::Conversations(shared.http.call(call).await).into()
            }
        }
    })
}

/// A request about a room that keeps the session going, and takes no slot of the rate limit.
fn upkeep(room: &RoomId, path: &str) -> Call {
    Call::get(format!("/room/{}{path}", step(room.as_str()))).limit(Limit::Upkeep)
}

/// Logs in if needed, gets a token, and opens the socket with it (protocol §3.1).
async fn open(shared: &Shared) -> Outcome {
    match opened(shared).await {
        Ok((user, socket)) => Outcome {
            done: Done::Opened(Ok(user)),
            socket: Some(socket),
        },
        Err(failure) => Done::Opened(Err(failure)).into(),
    }
}

/// Opens a socket: a request for the own user, one for a token, and the upgrade; more where a login is needed.
async fn opened(shared: &Shared) -> Result<(Bytes, WebSocket), OpenFailure> {
    // A cookie of an earlier run is tried first; the server answers a dead one with a redirect to the login.
    let session = Call::get("/auth/session").limit(Limit::Upkeep);
    let user = shared
        .http
        .call(session)
        .await
        .map_err(|error| failed(&error))?;
    let mut token = token(shared).await?;
    if token.is_none() {
        // The token is a guest's: the session ended between the two requests.
        shared
            .http
            .log_in()
            .await
            .map_err(|error| failed(&RequestError::Login(Box::new(error))))?;
        token = self::token(shared).await?;
    }
    let token =
        token.ok_or_else(|| OpenFailure::new("the server gives out tokens for guests only"))?;
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("connect", "1")
        .append_pair("access_token", &token)
        .append_pair("EIO", "3")
        .append_pair("transport", "websocket")
        .finish();
    let uri: Uri = format!("{}?{query}", shared.socket_url)
        .parse()
        .map_err(|_| OpenFailure::new("the token does not fit into an address"))?;
    let request = WebSocketRequest::new(uri).header(http::header::USER_AGENT, &*shared.user_agent);
    let socket = shared.network.websocket(request).await;
    let socket =
        socket.map_err(|error| OpenFailure::new(error_chain(&error)).wait(error.retry_after()))?;
    Ok((user, socket))
}

/// Fetches a token for the socket; `None` for a guest's.
async fn token(shared: &Shared) -> Result<Option<String>, OpenFailure> {
    let call = Call::get("/auth/token").limit(Limit::Upkeep);
    let data = shared
        .http
        .call(call)
        .await
        .map_err(|error| failed(&error))?;
    let token: wire::Token<'_> = antiphon_core::read_json(&data).unwrap_or_default();
    let client = token.client_id.as_deref().map(UserId::from);
    let is_guest = client.is_some_and(|client| client.as_str().len() == 32);
    let token = token.token.filter(|token| !token.is_empty() && !is_guest);
    Ok(token.map(std::borrow::Cow::into_owned))
}

/// Why no socket could be opened; fatal only if QueUp refused the account itself.
fn failed(error: &RequestError) -> OpenFailure {
    if let Some(refused) = error.authorization() {
        let hint = "check the account's e-mail address and password";
        return OpenFailure::new(refused.to_string()).fatal(StopCode::AUTHORIZATION, hint);
    }
    let wait = match error {
        RequestError::RateLimited { wait, .. } => *wait,
        _ => None,
    };
    OpenFailure::new(error_chain(error)).wait(wait)
}

/// Finds a room and joins it by requests (protocol §3.4).
async fn join(
    shared: &Shared,
    slug: &Slug,
    password: Option<Secret>,
) -> Result<RoomAnswer, JoinError> {
    let call = Call::get(format!("/room/{}", step(slug.as_str()))).limit(Limit::Upkeep);
    let body = shared.http.call(call).await.map_err(|error| match error {
        RequestError::Refused { status: 404, .. } => JoinError::NoSuchRoom(slug.clone()),
        error => JoinError::Request(error),
    })?;
    let info = room_info(&body)?;
    let answer = post(shared, &info.id, slug, password).await?;
    // The answer to joining has the room as its members see it.
    match answer {
        Some(body) if room_info(&body).is_ok_and(|again| again.id == info.id) => {
            let again = room_info(&body)?;
            Ok(RoomAnswer { info: again, body })
        }
        _ => Ok(RoomAnswer { info, body }),
    }
}

/// Reads a room, which must have an id.
fn room_info(body: &Bytes) -> Result<RoomInfo, JoinError> {
    let undecodable = |error: BoxError| JoinError::Request(RequestError::Undecodable(error));
    let room: wire::Room<'_> = antiphon_core::read_json(body)
        .map_err(|error| undecodable(json_position(&error).into()))?;
    let info = RoomInfo::from(room);
    if info.id.is_empty() {
        return Err(undecodable("a room without an id".into()));
    }
    Ok(info)
}

/// Tells the server that the account is in the room; gives the room of the answer.
async fn post(
    shared: &Shared,
    room: &RoomId,
    slug: &Slug,
    password: Option<Secret>,
) -> Result<Option<Bytes>, JoinError> {
    let mut call = Call::post(format!("/room/{}/users", step(room.as_str()))).limit(Limit::Upkeep);
    let password = password.or_else(|| shared.passwords.get(slug).cloned());
    if let Some(password) = password {
        call = call.form([("password-room", password.expose())]);
    }
    let data = shared.http.call(call).await.map_err(|error| match error {
        RequestError::Refused {
            status: 401 | 403,
            message,
        } => JoinError::Banned(message),
        RequestError::Refused {
            status: 400,
            message,
        } if message == "invalidPassword" => JoinError::WrongPassword,
        RequestError::Refused {
            status: 400,
            message,
        } if message == "tooManyInvalidPassword" => JoinError::TooManyPasswords,
        RequestError::Refused { status: 404, .. } => JoinError::NoSuchRoom(slug.clone()),
        error => JoinError::Request(error),
    })?;
    let joined: wire::Joined<'_> = antiphon_core::read_json(&data).unwrap_or_default();
    Ok(joined
        .room
        .map(|room| antiphon_core::keep_part(&data, room.get().as_bytes())))
}

/// Joins a room again, and fetches its state.
async fn rejoin(
    shared: &Shared,
    room: &RoomId,
    slug: &Slug,
    history: bool,
) -> Result<Snapshot, JoinError> {
    let mut tries = 0;
    let answer = loop {
        tries += 1;
        match post(shared, room, slug, None).await {
            Ok(answer) => break answer,
            Err(error) if error.is_transient() && tries < REJOIN_TRIES => {
                tracing::debug!(%room, %error, tries, "joining again once more");
                sleep(REJOIN_PAUSE).await;
            }
            Err(error) => return Err(error),
        }
    };
    let history = async {
        if history {
            past(shared, room).await
        } else {
            None
        }
    };
    let (snapshot, history) = tokio::join!(snapshot(shared, room), history);
    Ok(Snapshot {
        room: answer,
        history,
        ..snapshot
    })
}

/// Fetches a room's chat history, with some tries.
async fn past(shared: &Shared, room: &RoomId) -> Option<Bytes> {
    for tries in 1..=REJOIN_TRIES {
        let call = Call::get(format!("/chat/{}", step(room.as_str()))).limit(Limit::Upkeep);
        match shared.http.call(call).await {
            Ok(history) => return Some(history),
            Err(error) if error.is_transient() && tries < REJOIN_TRIES => {
                sleep(REJOIN_PAUSE).await;
            }
            Err(error) => {
                tracing::warn!(%room, %error, "history not fetched");
                return None;
            }
        }
    }
    None
}

/// Fetches a room's members, playing song, dubs and queue; a part that fails is absent.
async fn snapshot(shared: &Shared, room: &RoomId) -> Snapshot {
    let http = &shared.http;
    let (users, active, dubs, details) = tokio::join!(
        http.call(upkeep(room, "/users")),
        active(shared, room),
        http.call(upkeep(room, "/playlist/active/dubs")),
        http.call(upkeep(room, "/playlist/details")),
    );
    let had = |what: &str, outcome: Result<Bytes, RequestError>| {
        outcome
            .inspect_err(|error| tracing::debug!(%room, what, %error, "not fetched"))
            .ok()
    };
    Snapshot {
        room: None,
        users: had("users", users),
        active: had(
            "active",
            active.map(|body| body.unwrap_or_else(|| Bytes::from_static(b"null"))),
        ),
        dubs: had("dubs", dubs),
        details: had("details", details),
        history: None,
        updates: 0,
    }
}

/// Fetches the playing song; 404 means that nothing plays (protocol §4.4).
async fn active(shared: &Shared, room: &RoomId) -> Result<Option<Bytes>, RequestError> {
    match shared.http.call(upkeep(room, "/playlist/active")).await {
        Ok(body) => Ok(Some(body)),
        Err(RequestError::Refused { status: 404, .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
