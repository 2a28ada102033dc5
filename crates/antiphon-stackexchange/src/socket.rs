//! The loop that joins session, sockets, clock and commands.
//!
//! This file has the crate's only `select!` and its only reads of sockets. The loop asks the session for its wishes,
//! carries them out as futures in one [`FuturesUnordered`], and tells the session what came of them: the session
//! decides, the loop acts.
//!
//! ```text
//!             next_task, next_close, take_link, deadline
//!    session ───────────────────────────────────────────▶ loop ──▶ http.rs, sockets, Intake
//!            ◀───────────────────────────────────────────
//!             on_bytes, on_closed, on_done, on_deadline, on_command, note_pause
//! ```
//!
//! A frame is read only while the outbox has room and the login stands: otherwise it stays in its socket, and the
//! server's back-pressure begins there. The sockets take turns, so that a busy one does not starve the others.
//!
//! Stopping: when reading is over, frames stay unread and handlers' requests still work; when closing begins, the
//! session reports what it knows to be missing, the outbox is flushed into the intake, and the sockets close with code
//! 1000. Rooms are not left: that is an act of the user, and the next start goes on where this one ended.

use std::{
    future::{pending, poll_fn},
    pin::pin,
    sync::{Arc, atomic::Ordering},
    task::{Context, Poll, Waker},
    time::Duration,
};

use antiphon_core::{
    BoxFuture, Intake, LinkState, Moment, OpenFailure, SourceError, Stop, error_chain, until,
};
use antiphon_net::{Message, Row, SocketError, WebSocket, WebSocketRequest, describe_close};
use futures_util::{StreamExt as _, stream::FuturesUnordered};
use http::Uri;
use tokio::sync::mpsc;

use crate::{
    client::Shared,
    config::Config,
    error::{LoginError, RequestError},
    history::{self, Since},
    http::Call,
    model::{MessageId, RoomId},
    session::{AnnounceError, Command, Done, Failure, Rules, Session, SocketId, Step, Task, Top},
    wire::{self, Header},
};

/// The outcome of a task, and the socket if it opened one.
///
/// The socket goes beside the outcome because the session never holds one.
struct TaskOutcome {
    done: Done,
    socket: Option<(SocketId, WebSocket)>,
}

impl From<Done> for TaskOutcome {
    fn from(done: Done) -> Self {
        Self { done, socket: None }
    }
}

/// A frame of a socket, or its end.
type Came = (SocketId, Option<Result<Message, SocketError>>);

/// The open sockets; few, so that a list will do.
#[derive(Default)]
struct Sockets {
    open: Vec<(SocketId, WebSocket)>,
    /// Index of the socket that is asked first, so that none is always last.
    first: usize,
}

impl Sockets {
    /// The next frame of any socket.
    ///
    /// Safe to drop at any point: a frame stays in its socket until it is returned.
    async fn next(&mut self) -> Came {
        poll_fn(|context| self.poll_next(context)).await
    }

    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Came> {
        let count = self.open.len();
        for offset in 0..count {
            let index = (self.first + offset) % count;
            let (id, socket) = &mut self.open[index];
            if let Poll::Ready(frame) = pin!(socket.next()).poll(context) {
                self.first = index + 1;
                return Poll::Ready((*id, frame));
            }
        }
        Poll::Pending
    }

    /// Takes a socket out of the list.
    fn take(&mut self, id: SocketId) -> Option<WebSocket> {
        let index = self.open.iter().position(|(open, _)| *open == id)?;
        Some(self.open.swap_remove(index).1)
    }
}

/// Connects and sends events until it is stopped, or until a failure after which no further try is made.
///
/// # Errors
/// The failure of the login after which trying again would be wrong, with its code and hint. Everything else is waited
/// out.
pub(crate) async fn run(
    config: Config,
    shared: Arc<Shared>,
    mut commands: mpsc::Receiver<Command>,
    intake: Intake,
    stop: Stop,
) -> Result<(), SourceError> {
    let rules = Rules {
        server: config.server,
        rooms: config.rooms.clone(),
        only_rooms: config.only_rooms,
        sockets: config.sockets,
        backfill: config.backfill,
        poll_interval: config.poll_interval,
        idle_timeout: config.idle_timeout,
        reset_after: config.reset_after,
        acknowledge: config.acknowledge,
        buffer_bytes: config.buffer_bytes,
    };
    let rng = config.rng.clone().unwrap_or_default();
    let mut session = Session::new(rules, rng, intake.nonce(), intake.checkpoints());
    let mut tasks: FuturesUnordered<BoxFuture<'static, TaskOutcome>> = FuturesUnordered::new();
    let mut closing: FuturesUnordered<BoxFuture<'static, ()>> = FuturesUnordered::new();
    let mut sockets = Sockets::default();
    let now = || intake.moment();
    session.start();
    loop {
        while let Some(task) = session.next_task() {
            tasks.push(perform(task, Arc::clone(&shared), intake.clone()));
        }
        while let Some(id) = session.next_close() {
            if let Some(mut socket) = sockets.take(id) {
                closing.push(Box::pin(async move { socket.close(Some(1000), "").await }));
            }
        }
        if let Some(state) = session.take_link() {
            // The app tells people; see `Intake::link`.
            tracing::debug!(source = %intake.source(), %state, "link");
            intake.show_link(state.clone());
            shared.link.send_replace(state);
        }
        shared
            .polling
            .store(session.is_polling(), Ordering::Relaxed);
        // Without a journal nothing may be read.
        if session.outbox.send_ready(&intake).is_err() {
            break;
        }
        if session.is_stopped() && session.outbox.is_empty() {
            let state = shared.link.borrow().clone();
            return Err(SourceError::of_link(intake.source().clone(), &state));
        }
        if stop.is_reading_over() {
            session.stop_reading();
        }
        session.note_pause(now());
        let deadline = session.deadline();
        // Every branch is safe to drop: a frame stays in its socket, a command and a task in their queues, and a wait for
        // room only loses its turn.
        tokio::select! {
            () = stop.closing() => break,
            () = stop.reading(), if !stop.is_reading_over() => {}
            () = until(deadline) => session.on_deadline(now()),
            came = sockets.next(), if session.wants_frames() && !sockets.open.is_empty() => {
                take_frames(came, &mut sockets, &mut session, &closing, now());
            }
            permit = session.outbox.reserve(&intake) => match permit {
                Ok(permit) => session.outbox.send(permit),
                Err(_) => break,
            },
            Some(outcome) = tasks.next(), if !tasks.is_empty() => {
                let TaskOutcome { done, socket } = outcome;
                sockets.open.extend(socket);
                session.on_done(done, now());
            }
            Some(()) = closing.next(), if !closing.is_empty() => {}
            Some(command) = commands.recv(), if session.wants_command() => session.on_command(command, now()),
        }
    }
    session.report_unheard(now());
    session.outbox.flush(&intake).await;
    // Leaving rooms is an act of the user: only the sockets are closed.
    for (_, mut socket) in sockets.open {
        socket.close(Some(1000), "").await;
    }
    intake.show_link(LinkState::Closed);
    shared.link.send_replace(LinkState::Closed);
    tracing::debug!(source = %intake.source(), "closed");
    Ok(())
}

/// Takes a frame, and those that have come to any socket already, until the session has something to do.
fn take_frames(
    first: Came,
    sockets: &mut Sockets,
    session: &mut Session,
    closing: &FuturesUnordered<BoxFuture<'static, ()>>,
    now: Moment,
) {
    let (mut row, mut next) = (Row::begin(), Some(first));
    while let Some((id, frame)) = next {
        let gone = match frame {
            Some(Ok(Message::Text(text))) => {
                session.on_bytes(id, text.as_bytes(), now);
                None
            }
            Some(Ok(Message::Binary(bytes))) => {
                session.on_bytes(id, &bytes, now);
                None
            }
            Some(Ok(Message::Close { code, reason })) => {
                Some(describe_close("server", code, &reason))
            }
            Some(Err(error)) => Some(error_chain(&error)),
            None => Some("the connection ended without goodbye".into()),
        };
        if let Some(gone) = gone {
            session.on_closed(id, &gone, now);
            if let Some(mut socket) = sockets.take(id) {
                closing.push(Box::pin(async move { socket.close(None, "").await }));
            }
        }
        if !session.wants_frames() || session.has_work() {
            break;
        }
        next = row.next(|| sockets.poll_next(&mut Context::from_waker(Waker::noop())));
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// Tasks.

/// Carries out a task of the session.
///
/// Each future owns clones of what it needs and borrows nothing of the loop, so that a task may take as long as it
/// takes.
fn perform(task: Task, shared: Arc<Shared>, intake: Intake) -> BoxFuture<'static, TaskOutcome> {
    Box::pin(async move {
        match task {
            Task::LogIn => {
                let me = shared.http.check_login().await;
                Done::LoggedIn(me.map_err(|error| login_failed(&error))).into()
            }
            Task::Announce { room, round } => Done::Announced {
                room,
                round,
                outcome: announce(&shared, room).await,
            }
            .into(),
            Task::Stored { room, part, mark } => {
                until_stored(&intake, &part, mark).await;
                Done::Stored { room }.into()
            }
            Task::Open { id, rooms, after } => match open(&shared, &rooms, after).await {
                Ok((connection, socket)) => TaskOutcome {
                    done: Done::Opened {
                        id,
                        outcome: Ok(connection),
                    },
                    socket: Some((id, socket)),
                },
                Err(failure) => Done::Opened {
                    id,
                    outcome: Err(failure),
                }
                .into(),
            },
            Task::Poll { line, rooms } => {
                let Some((first, _)) = rooms.first().copied() else {
                    return Done::Polled {
                        line,
                        outcome: Ok(bytes::Bytes::from_static(b"{}")),
                    }
                    .into();
                };
                let mut call = Call::ask("/events");
                for (room, heard) in rooms {
                    call = call.keyed(format!("r{room}"), &heard);
                }
                let poll = || shared.http.call(call.clone());
                let outcome = shared.http.as_account(first, poll).await;
                let outcome = outcome.map(|answer| answer.body);
                Done::Polled { line, outcome }.into()
            }
            Task::History {
                room,
                round,
                since,
                message,
                at,
                most,
            } => Done::History {
                room,
                round,
                outcome: {
                    let count = since;
                    let since = Since { count, message, at };
                    let read = || history::since(&shared.http, room, since, most);
                    shared.http.as_account(room, read).await
                },
            }
            .into(),
            Task::Ack { ids, part, mark } => {
                until_stored(&intake, &part, mark).await;
                let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
                let call = Call::ask("/messages/ack").field("id", &ids.join(","));
                if let Err(error) = shared.http.call(call).await {
                    // Only the marks in the account's inbox stay (protocol §11.26).
                    tracing::debug!(%error, "not acknowledged");
                }
                Done::Acked.into()
            }
            Task::Leave { room, reply } => {
                let outcome = leave(&shared, room).await;
                if let Some(reply) = reply {
                    let _ = reply.send(outcome);
                }
                Done::Left.into()
            }
            Task::LeaveUnlisted { room } => Done::LeftUnlisted {
                room,
                outcome: leave(&shared, Some(room)).await,
            }
            .into(),
        }
    })
}

/// Tells the server that a room, or every room, is read no more.
async fn leave(shared: &Shared, room: Option<RoomId>) -> Result<(), RequestError> {
    let path = match room {
        Some(room) => format!("/chats/leave/{room}"),
        None => "/chats/leave/all".into(),
    };
    let call = Call::ask(path).field("quiet", &true);
    shared.http.call(call).await.map(drop)
}

/// Waits until a checkpoint is durable.
///
/// The mark is compared, not awaited as an event: a checkpoint that a later one replaced in the same batch counts as
/// stored.
async fn until_stored(intake: &Intake, part: &antiphon_core::Part, mark: i64) {
    let mut stored = intake.stored(part);
    let reached = stored.wait_for(|stored| stored.is_some_and(|stored| stored >= mark));
    if reached.await.is_err() {
        // The journal is gone; the loop ends for the same reason.
        pending::<()>().await;
    }
}

/// The failure of a login.
fn login_failed(error: &LoginError) -> Failure {
    let wait = match error {
        LoginError::Request(error) => wait_of(error),
        _ => None,
    };
    let open = OpenFailure::new(error_chain(error)).wait(wait);
    let step = match error {
        LoginError::Status { .. } => Step::LoginPage,
        _ => Step::Request,
    };
    match error.way_out() {
        Some((code, hint)) => Failure {
            open: open.fatal(code, hint),
            step,
        },
        None => Failure { open, step },
    }
}

/// The failure of a request.
fn failed(error: &RequestError) -> Failure {
    match error.login() {
        Some(login) => login_failed(login),
        None => OpenFailure::new(error_chain(error))
            .wait(wait_of(error))
            .into(),
    }
}

/// How long the server asks to wait.
fn wait_of(error: &RequestError) -> Option<Duration> {
    match error {
        RequestError::Throttled { wait } => Some(*wait),
        _ => None,
    }
}

/// Tells the server that a room is read, and gives its counter (protocol §5.1, step 1).
async fn announce(shared: &Shared, room: RoomId) -> Result<Top, AnnounceError> {
    let call = Call::ask(format!("/chats/{room}/events"))
        .from(room)
        .field("since", &0)
        .field("mode", &"Messages")
        .field("msgCount", &1);
    match shared.http.call(call).await {
        Ok(answer) => {
            let undecodable = |error: &RequestError| AnnounceError::Failed(failed(error));
            let page: wire::History<'_> = answer.json().map_err(|error| undecodable(&error))?;
            let Some(count) = page.time.filter(|time| *time > 0) else {
                let reason = format!("the answer for room {room} has no counter");
                return Err(AnnounceError::Failed(OpenFailure::new(reason).into()));
            };
            let newest = match &page.events {
                wire::List::Elements(rows) => {
                    let messages = rows.iter().map(|row| Header::of_row(row)?.posted());
                    let newest = messages.collect::<Option<Vec<_>>>();
                    newest.map(|all| all.into_iter().max().map_or(0, MessageId::get))
                }
                wire::List::Null | wire::List::Other => None,
            };
            Ok(Top { count, newest })
        }
        // The page of the room tells whether it is the room or the answer (protocol §4).
        Err(error) if matches!(error.status(), Some(401 | 403 | 404 | 410)) => {
            let in_words = matches!(error, RequestError::Refused { .. });
            match shared.http.room_is_open(room).await {
                Ok(false) => Err(AnnounceError::Closed),
                // The chat's own words, and no page either: it is not something in front of the site.
                Err(page) if in_words && matches!(page.status(), Some(401 | 403)) => {
                    Err(AnnounceError::Closed)
                }
                Ok(true) => Err(AnnounceError::Failed(failed(&error))),
                Err(error) => Err(AnnounceError::Failed(failed(&error))),
            }
        }
        Err(error) => Err(AnnounceError::Failed(failed(&error))),
    }
}

/// Gets a socket's address for each room, and opens the last, which serves them all (protocol §5.1, §5.4).
///
/// One `/ws-auth` for each room is how the server learns which rooms the account is in; every address it gives would
/// serve. `l` is the counter after which the socket begins (protocol §5.2).
async fn open(
    shared: &Shared,
    rooms: &[RoomId],
    after: i64,
) -> Result<(String, WebSocket), Failure> {
    let mut address = None;
    for room in rooms {
        let call = Call::ask("/ws-auth").from(*room).field("roomid", &room);
        let answer = match shared.http.call(call).await {
            Ok(answer) => answer,
            Err(error) => {
                // A session that has ended answers like a room that is not there.
                if let Err(error) = shared.http.check_login().await {
                    return Err(login_failed(&error));
                }
                return Err(failed(&error));
            }
        };
        let auth: wire::WsAuth<'_> = answer.json().map_err(|error| failed(&error))?;
        address = Some(auth.url.into_owned());
    }
    let address = address.unwrap_or_default();
    let refused = |reason: String, wait: Option<Duration>| Failure {
        open: OpenFailure::new(reason).wait(wait),
        step: Step::Socket,
    };
    let uri: Uri = format!("{address}?l={after}")
        .parse()
        .map_err(|_| refused("the server gave no address for the socket".into(), None))?;
    let path = uri.path().to_owned();
    let connection = path.rsplit('/').next().unwrap_or_default().to_owned();
    let request = WebSocketRequest::new(uri)
        .header(http::header::USER_AGENT, &*shared.user_agent)
        // Without it the socket dies at once (protocol §5.1, step 3).
        .header(
            http::header::ORIGIN,
            format!("https://{}", shared.http.server().chat_host()),
        );
    match shared.network.websocket(request).await {
        Ok(socket) => Ok((connection, socket)),
        Err(error) => Err(refused(error_chain(&error), error.retry_after())),
    }
}
