//! The loop that joins session, sockets, clock and commands.

use std::{
    future::{pending, poll_fn},
    pin::pin,
    sync::{Arc, atomic::Ordering},
    task::Poll,
    time::Duration,
};

use antiphon_core::{BoxFuture, Intake, LinkState, SourceError, Stop};
use antiphon_net::{Message, SocketError, WebSocket, WebSocketRequest};
use futures_util::{StreamExt as _, stream::FuturesUnordered};
use http::Uri;
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until, timeout},
};

use crate::{
    client::Shared,
    config::Config,
    error::{LoginError, RequestError},
    history::{self, Since},
    http::Call,
    model::{MessageId, RoomId},
    session::{Command, Done, Failure, Moment, Refusal, Rules, Session, SocketId, Task, Top},
    wire::{self, Header},
};

/// How long the journal gets to take what was read when the source closes.
const LAST_WORDS: Duration = Duration::from_secs(2);

/// What a task brings: news for the session, and the socket if it opened one.
struct Outcome {
    done: Done,
    socket: Option<(SocketId, WebSocket)>,
}

impl From<Done> for Outcome {
    fn from(done: Done) -> Self {
        Self { done, socket: None }
    }
}

/// The open sockets; few, so that a list will do.
#[derive(Default)]
struct Sockets {
    open: Vec<(SocketId, WebSocket)>,
    /// Which is asked first, so that none is always last.
    first: usize,
}

impl Sockets {
    /// The next frame of any socket.
    ///
    /// Safe to drop at any point: a frame stays in its socket until it is given out.
    async fn next(&mut self) -> (SocketId, Option<Result<Message, SocketError>>) {
        poll_fn(|context| {
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
        })
        .await
    }

    fn take(&mut self, id: SocketId) -> Option<WebSocket> {
        let index = self.open.iter().position(|(open, _)| *open == id)?;
        Some(self.open.swap_remove(index).1)
    }
}

/// Connects and brings events until asked to stop, or until trying again would be wrong.
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
        sockets: config.sockets,
        backfill: config.backfill,
        poll_interval: config.poll_interval,
        silence: config.silence,
        reset_after: config.reset_after,
        acknowledge: config.acknowledge,
        buffer: config.buffer,
    };
    let rng = config.rng.clone().unwrap_or_default();
    let mut session = Session::new(rules, rng, intake.nonce(), intake.checkpoints());
    let mut tasks: FuturesUnordered<BoxFuture<'static, Outcome>> = FuturesUnordered::new();
    let mut closing: FuturesUnordered<BoxFuture<'static, ()>> = FuturesUnordered::new();
    let mut sockets = Sockets::default();
    let now = || Moment {
        at: Instant::now(),
        wall: intake.now(),
    };
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
            // Whoever runs the source tells people; see `Intake::link`.
            tracing::debug!(source = %intake.source(), %state, "link");
            intake.show_link(state.clone());
            shared.link.send_replace(state);
        }
        shared
            .polling
            .store(session.is_polling(), Ordering::Relaxed);
        if session.is_stopped() && session.next_weight().is_none() {
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
        // Every branch may be dropped half way: a frame stays in its socket, a command and a task in their queues, and
        // a wait for room only loses its turn.
        tokio::select! {
            () = stop.closing() => break,
            () = stop.reading(), if !stop.is_reading_over() => {}
            () = until(deadline) => session.on_deadline(now()),
            (id, frame) = sockets.next(), if session.wants_frames() && !sockets.open.is_empty() => {
                let gone = match frame {
                    Some(Ok(Message::Text(text))) => {
                        session.on_bytes(id, text.as_bytes(), now());
                        None
                    }
                    Some(Ok(Message::Binary(bytes))) => {
                        session.on_bytes(id, &bytes, now());
                        None
                    }
                    Some(Ok(Message::Close { code, reason })) => Some(goodbye(code, &reason)),
                    Some(Err(error)) => Some(reason(&error)),
                    None => Some("the connection ended without goodbye".into()),
                };
                if let Some(gone) = gone {
                    session.on_closed(id, &gone, now());
                    if let Some(mut socket) = sockets.take(id) {
                        closing.push(Box::pin(async move { socket.close(None, "").await }));
                    }
                }
            }
            permit = intake.reserve(session.next_weight().unwrap_or_default()), if session.next_weight().is_some() => {
                let Ok(permit) = permit else {
                    // Nothing can be stored any more, so nothing may be taken.
                    break;
                };
                if let Some(entry) = session.take_entry() {
                    permit.send(entry);
                }
            }
            Some(outcome) = tasks.next(), if !tasks.is_empty() => {
                let Outcome { done, socket } = outcome;
                sockets.open.extend(socket);
                session.on_done(done, now());
            }
            Some(()) = closing.next(), if !closing.is_empty() => {}
            Some(command) = commands.recv(), if session.wants_command() => session.on_command(command, now()),
        }
    }
    session.stopping(now());
    // What was read is stored if the journal still takes it; if not, it lies behind the last checkpoint.
    let _ = timeout(LAST_WORDS, drain(&mut session, &intake)).await;
    // Leaving rooms is an act of the user: only the sockets are closed.
    for (_, mut socket) in sockets.open {
        socket.close(Some(1000), "").await;
    }
    intake.show_link(LinkState::Closed);
    shared.link.send_replace(LinkState::Closed);
    tracing::debug!(source = %intake.source(), "closed");
    Ok(())
}

async fn drain(session: &mut Session, intake: &Intake) {
    while let Some(weight) = session.next_weight() {
        let Ok(permit) = intake.reserve(weight).await else {
            return;
        };
        if let Some(entry) = session.take_entry() {
            permit.send(entry);
        }
    }
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => pending().await,
    }
}

fn goodbye(code: Option<u16>, reason: &str) -> String {
    match (code, reason) {
        (Some(code), "") => format!("the server closed the socket with code {code}"),
        (Some(code), reason) => format!("the server closed the socket with code {code}: {reason}"),
        (None, _) => "the server closed the socket".into(),
    }
}

/// An error and its causes in one line.
pub(crate) fn reason(error: &(dyn std::error::Error + 'static)) -> String {
    let mut line = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        line.push_str(": ");
        line.push_str(&error.to_string());
        cause = error.source();
    }
    line
}

// ---------------------------------------------------------------------------------------------------------------------
// Tasks.

fn perform(task: Task, shared: Arc<Shared>, intake: Intake) -> BoxFuture<'static, Outcome> {
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
                stored(&intake, &part, mark).await;
                Done::Stored { room }.into()
            }
            Task::Open { id, rooms, after } => match open(&shared, &rooms, after).await {
                Ok((connection, socket)) => Outcome {
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
                stored(&intake, &part, mark).await;
                let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
                let call = Call::ask("/messages/ack").field("id", &ids.join(","));
                if let Err(error) = shared.http.call(call).await {
                    // Only the marks in the account's inbox stay (protocol §11.26).
                    tracing::debug!(%error, "not acknowledged");
                }
                Done::Acked.into()
            }
            Task::Leave { room, reply } => {
                let path = match room {
                    Some(room) => format!("/chats/leave/{room}"),
                    None => "/chats/leave/all".into(),
                };
                let call = Call::ask(path).field("quiet", &true);
                let outcome = shared.http.call(call).await.map(drop);
                if let Some(reply) = reply {
                    let _ = reply.send(outcome);
                }
                Done::Left.into()
            }
        }
    })
}

/// Waits until a checkpoint is durable.
async fn stored(intake: &Intake, part: &antiphon_core::Part, mark: i64) {
    let mut stored = intake.stored(part);
    let reached = stored.wait_for(|stored| stored.is_some_and(|stored| stored >= mark));
    if reached.await.is_err() {
        // The journal is gone, which the loop sees for itself.
        pending::<()>().await;
    }
}

fn login_failed(error: &LoginError) -> Failure {
    Failure {
        wait: match error {
            LoginError::Request(error) => asked(error),
            _ => None,
        },
        fatal: error.way_out(),
        status: matches!(error, LoginError::Status { .. }),
        ..Failure::new(reason(error))
    }
}

fn failed(error: &RequestError) -> Failure {
    match error.login() {
        Some(login) => login_failed(login),
        None => Failure {
            wait: asked(error),
            ..Failure::new(reason(error))
        },
    }
}

/// How long the server asks to wait.
fn asked(error: &RequestError) -> Option<Duration> {
    match error {
        RequestError::Throttled { wait } => Some(*wait),
        _ => None,
    }
}

/// Tells the server that a room is read, and gives its counter (protocol §5.1, step 1).
async fn announce(shared: &Shared, room: RoomId) -> Result<Top, Refusal> {
    let call = Call::ask(format!("/chats/{room}/events"))
        .from(room)
        .field("since", &0)
        .field("mode", &"Messages")
        .field("msgCount", &1);
    match shared.http.call(call).await {
        Ok(answer) => {
            let undecodable = |error: &RequestError| Refusal::Failed(failed(error));
            let page: wire::History<'_> = answer.json().map_err(|error| undecodable(&error))?;
            let Some(count) = page.time.filter(|time| *time > 0) else {
                let reason = format!("the answer for room {room} has no counter");
                return Err(Refusal::Failed(Failure::new(reason)));
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
                Ok(false) => Err(Refusal::Closed),
                // The chat's own words, and no page either: it is not something in front of the site.
                Err(page) if in_words && matches!(page.status(), Some(401 | 403)) => {
                    Err(Refusal::Closed)
                }
                Ok(true) => Err(Refusal::Failed(failed(&error))),
                Err(error) => Err(Refusal::Failed(failed(&error))),
            }
        }
        Err(error) => Err(Refusal::Failed(failed(&error))),
    }
}

/// Gets a socket's address for each room, and opens the last, which serves them all (protocol §5.1, §5.4).
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
        wait,
        socket_only: true,
        ..Failure::new(reason)
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
        Err(error) => Err(refused(reason(&error), error.retry_after())),
    }
}
