//! The loop that joins sockets, requests, clock and commands with the state machine.
//!
//! It is the only file that reads a socket, and the only one that waits. Everything that can wake it is in one
//! `select!`; whatever it learns goes into [`PoolState`], and whatever that wants done is carried out here.
//!
//! # Tasks
//! The loop spawns nothing. It polls three sets itself: one future for each socket, one for each request, and its own
//! branches. Ending the loop therefore ends everything.
//!
//! # Back-pressure
//! Sockets hand frames over through a channel of 64. While the outbox is full, the pool takes none; the channel fills,
//! each socket holds back one frame and reads no more, and the node's bytes stay in the connection. Pings go on all the
//! while, and the pause does not count against the node.
//!
//! # The end
//! A stop has two phases: first no frames are read while commands still run, then the loop ends. The last frame of each
//! node is stored, sockets are closed with 1000, and sessions are kept: the nodes play on for `resume_timeout`, and the
//! next run finds them. A pool whose nodes have all stopped for good ends with an error.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use antiphon_core::{
    BoxFuture, Intake, LinkState, Moment, OpenFailure, SourceError, Stop, error_chain, until,
};
use antiphon_net::{
    ConnectError, Message, Phase, Row, SocketError, WebSocket, WebSocketRequest, describe_close,
};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream::FuturesUnordered};
use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::{
    client::{Shared, VoiceUpdate},
    config::{Config, VoiceGateway},
    model::LoadResult,
    pool::{Done, PoolCommand, PoolState, Task},
    session::{Beat, ConnectionLoss, Heartbeat},
};

/// Time that a closed node has to drop its session.
const RELEASE: Duration = Duration::from_secs(5);
/// Frames of all nodes that may wait for the pool; sockets are not read beyond that.
const FRAMES: usize = 64;
/// Frames that the pool takes in one turn of the loop.
const AT_ONCE: usize = 32;

/// What a socket task reports: `Opened` once, then frames, and `Lost` at the end.
enum SocketEvent {
    Opened,
    Frame(Bytes),
    Lost(ConnectionLoss),
}

/// A report, with the node and the number of the socket.
type FromSocket = (usize, u64, SocketEvent);

/// What tasks share; cheap to clone.
#[derive(Clone)]
struct TaskContext {
    shared: Arc<Shared>,
    config: Arc<Config>,
    socket_events: mpsc::Sender<FromSocket>,
}

/// Runs all nodes until asked to stop, or until every node has stopped for good.
pub(crate) async fn run(
    config: Config,
    shared: Arc<Shared>,
    mut commands: mpsc::Receiver<PoolCommand>,
    intake: Intake,
    stop: Stop,
) -> Result<(), SourceError> {
    let now = || intake.moment();
    // Every input begins a turn; `publish` ends it.
    let begin = || {
        shared.turns.begin();
        intake.moment()
    };
    let rng = config.rng.clone().unwrap_or_default();
    let mut pool = PoolState::new(&config, rng, intake.nonce(), intake.checkpoints(), now());
    let (sender, mut socket_events) = mpsc::channel(FRAMES);
    let context = TaskContext {
        shared: Arc::clone(&shared),
        config: Arc::new(config),
        socket_events: sender,
    };
    let mut tasks: FuturesUnordered<BoxFuture<'static, Done>> = FuturesUnordered::new();
    let mut sockets: FuturesUnordered<BoxFuture<'static, (usize, u64)>> = FuturesUnordered::new();
    let mut open: BTreeMap<(usize, u64), CancellationToken> = BTreeMap::new();
    let mut events = Vec::with_capacity(AT_ONCE);
    pool.start(now());
    loop {
        while let Some(task) = pool.next_task() {
            match task {
                Task::Open {
                    node,
                    epoch,
                    session,
                } => {
                    let close = CancellationToken::new();
                    open.insert((node, epoch), close.clone());
                    sockets.push(Box::pin(connection(
                        context.clone(),
                        node,
                        epoch,
                        session,
                        close,
                    )));
                }
                task => tasks.push(perform(task, context.clone())),
            }
        }
        while let Some(socket) = pool.next_close() {
            if let Some(close) = open.get(&socket) {
                close.cancel();
            }
        }
        publish(&mut pool, &shared, &intake);
        // The journal takes nothing any more, so nothing may be read.
        if pool.outbox.send_ready(&intake).is_err() {
            break;
        }
        if pool.is_stopped() && pool.outbox.is_empty() {
            return Err(SourceError::of_link(
                intake.source().clone(),
                &shared.link.borrow(),
            ));
        }
        if stop.is_reading_over() {
            pool.stop_reading();
        }
        let deadline = pool.deadline();
        // Every branch is safe to cancel: frames, commands and voice events stay in their queues, tasks and sockets in
        // their sets, and a wait for room only loses its turn.
        tokio::select! {
            () = stop.closing() => break,
            () = stop.reading(), if !stop.is_reading_over() => {}
            () = until(deadline) => pool.on_deadline(begin()),
            _ = socket_events.recv_many(&mut events, AT_ONCE), if pool.wants_frames() => {
                let now = begin();
                for reported in events.drain(..) {
                    take(&mut pool, reported, now);
                }
            }
            permit = pool.outbox.reserve(&intake) => {
                let Ok(permit) = permit else { break };
                pool.outbox.send(permit);
            }
            Some(done) = tasks.next(), if !tasks.is_empty() => pool.on_done(done, begin()),
            Some(socket) = sockets.next(), if !sockets.is_empty() => {
                open.remove(&socket);
            }
            update = shared.inbox.next() => match update {
                VoiceUpdate::State(state) => pool.on_voice_state(&state, begin()),
                VoiceUpdate::Server(server) => pool.on_voice_server(server, begin()),
                VoiceUpdate::Lost(guild) => pool.on_voice_lost(guild, begin()),
            },
            Some(command) = commands.recv() => pool.on_command(command, begin()),
        }
    }
    // Entries that the journal does not take in time lie behind the stored checkpoint of their node.
    pool.save_nodes(now());
    pool.outbox.flush(&intake).await;
    // Only the sockets are closed: players play on for as long as the nodes keep their sessions.
    for close in open.values() {
        close.cancel();
    }
    drop(socket_events);
    while sockets.next().await.is_some() {}
    intake.show_link(LinkState::Closed);
    shared.link.send_replace(LinkState::Closed);
    tracing::debug!(source = %intake.source(), "closed");
    Ok(())
}

/// Gives the pool what a socket task reported.
fn take(pool: &mut PoolState, (node, epoch, event): FromSocket, now: Moment) {
    match event {
        SocketEvent::Opened => {
            let outcome = Ok(());
            pool.on_done(
                Done::Opened {
                    node,
                    epoch,
                    outcome,
                },
                now,
            );
        }
        SocketEvent::Frame(frame) => pool.on_frame(node, epoch, &frame, now),
        SocketEvent::Lost(loss) => pool.on_lost(node, epoch, &loss, now),
    }
}

/// Publishes changes to clients, which ends the turn.
fn publish(pool: &mut PoolState, shared: &Shared, intake: &Intake) {
    let changes = pool.take_changes();
    if !changes.is_empty() {
        shared.show_players(changes);
    }
    if let Some(nodes) = pool.take_nodes() {
        shared.show_nodes(nodes);
    }
    if let Some(state) = pool.take_link() {
        // Whoever runs the source reports to people; see `Intake::link`.
        tracing::debug!(source = %intake.source(), %state, "link");
        intake.show_link(state.clone());
        shared.link.send_replace(state);
    }
    shared.turns.end();
}

// ---------------------------------------------------------------------------------------------------------------------
// Sockets.

/// Runs one socket to its end; the last report is its loss, except for a socket that was closed while it was being
/// opened.
async fn connection(
    context: TaskContext,
    node: usize,
    epoch: u64,
    session: Option<Arc<str>>,
    close: CancellationToken,
) -> (usize, u64) {
    let send = |event| context.socket_events.send((node, epoch, event));
    let opened = tokio::select! {
        () = close.cancelled() => return (node, epoch),
        opened = open(&context, node, session) => opened,
    };
    let lost = match opened {
        Ok(socket) => {
            if send(SocketEvent::Opened).await.is_err() {
                return (node, epoch);
            }
            converse(socket, &context, node, epoch, &close).await
        }
        Err(loss) => loss,
    };
    // The receiver is gone once the source closes.
    let _ = send(SocketEvent::Lost(lost)).await;
    (node, epoch)
}

/// Opens a node's socket with the [headers](https://lavalink.dev/api/websocket.html#opening-a-connection) of a client
/// (protocol §1).
async fn open(
    context: &TaskContext,
    node: usize,
    session: Option<Arc<str>>,
) -> Result<WebSocket, ConnectionLoss> {
    let config = &context.config.nodes[node];
    let uri = config.address("/v4/websocket", true).map_err(|error| {
        let failure = OpenFailure::new(error.to_string());
        ConnectionLoss::of(failure.fatal("configuration", "correct the node's address"))
    })?;
    let mut request = WebSocketRequest::new(uri)
        .header("Authorization", config.password.expose())
        .header("User-Id", context.config.known_user().to_string())
        .header("Client-Name", context.config.client_name.as_str());
    if let Some(session) = session {
        request = request.header("Session-Id", &*session);
    }
    let opened = context.shared.network.websocket(request).await;
    opened.map_err(|error| refusal(&error))
}

/// The loss that a refused upgrade stands for, by its status alone.
///
/// A fatal one is waited out where the node has worked before; see [`NodeState`](crate::session::NodeState).
fn refusal(error: &ConnectError) -> ConnectionLoss {
    let fatal = match error.status() {
        Some(401 | 403) => Some(("authorization", "check the node's password")),
        Some(404) => Some((
            "protocol",
            "check the address: no Lavalink v4 answers there",
        )),
        Some(400) => Some((
            "configuration",
            "check the id of the bot's user, and the address",
        )),
        _ if error.phase() == Phase::Address => {
            Some(("configuration", "correct the node's address"))
        }
        _ => None,
    };
    let mut failure = OpenFailure::new(error_chain(error)).wait(error.retry_after());
    if let Some((code, hint)) = fatal {
        failure = failure.fatal(code, hint);
    }
    ConnectionLoss {
        status: error.status(),
        ..ConnectionLoss::of(failure)
    }
}

/// Reads a socket and pings it until it ends.
///
/// While the pool takes no frames nothing is read, and pings go on.
async fn converse(
    mut socket: WebSocket,
    context: &TaskContext,
    node: usize,
    epoch: u64,
    close: &CancellationToken,
) -> ConnectionLoss {
    let beat = context.config.heartbeat;
    let mut heartbeat = Heartbeat::new(beat, Instant::now());
    let mut held: Option<(Bytes, Instant)> = None;
    loop {
        // Every branch is safe to cancel: a frame stays in its socket, or in `held`.
        tokio::select! {
            () = close.cancelled() => {
                socket.close(Some(1000), "").await;
                return ConnectionLoss::new("the socket was closed by us");
            }
            () = sleep_until(heartbeat.deadline()) => {
                if held.is_some() {
                    heartbeat.excuse(beat);
                }
                if heartbeat.beat(socket.heard_at(), Instant::now()) == Beat::Dead {
                    return ConnectionLoss::new("the node does not answer pings any more");
                }
                match timeout(beat, socket.ping()).await {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => return broken(&error),
                    Err(_) => return ConnectionLoss::new("the node takes no pings any more"),
                }
            }
            permit = context.socket_events.reserve(), if held.is_some() => {
                let Ok(permit) = permit else {
                    return ConnectionLoss::new("the source is closing");
                };
                if let Some((frame, since)) = held.take() {
                    heartbeat.excuse(Instant::now().saturating_duration_since(since));
                    permit.send((node, epoch, SocketEvent::Frame(frame)));
                }
            }
            message = socket.next(), if held.is_none() => {
                // Frames that have come already are taken in a row.
                let (mut row, mut next) = (Row::begin(), Some(message));
                while let Some(message) = next {
                    let frame = match message {
                        Some(Ok(Message::Text(text))) => text.into_bytes(),
                        Some(Ok(Message::Binary(bytes))) => bytes,
                        Some(Ok(Message::Close { code, reason })) => return closed(code, &reason),
                        Some(Err(error)) => return broken(&error),
                        None => return ConnectionLoss::new("the connection ended without goodbye"),
                    };
                    let Ok(permit) = context.socket_events.try_reserve() else {
                        held = Some((frame, Instant::now()));
                        break;
                    };
                    permit.send((node, epoch, SocketEvent::Frame(frame)));
                    next = row.next(|| socket.next_now());
                }
            }
        }
    }
}

/// The loss of a socket that broke.
fn broken(error: &SocketError) -> ConnectionLoss {
    ConnectionLoss::new(error_chain(error))
}

/// The loss of a socket that ended with a close frame, after which no frame is missing.
fn closed(code: Option<u16>, reason: &str) -> ConnectionLoss {
    ConnectionLoss {
        // Libraries report a broken connection as 1006, which no node sends.
        is_orderly: code.is_some_and(|code| code != 1006),
        ..ConnectionLoss::new(describe_close("node", code, reason))
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// Tasks.

/// Does a task; it never fails, since a failure is an outcome too.
fn perform(task: Task, context: TaskContext) -> BoxFuture<'static, Done> {
    Box::pin(async move {
        let http = &context.shared.http;
        match task {
            // The loop itself opens sockets.
            Task::Open { .. } => Done::Nothing,
            Task::Configure { node, session } => {
                if let Err(error) = http.update_session(node, &session, true).await {
                    // NodeLink has no resuming; its lost sessions are made anew.
                    tracing::debug!(error = %error_chain(&error), "the node does not keep sessions");
                }
                Done::Nothing
            }
            Task::Release { node, session } => {
                let released = timeout(RELEASE, http.update_session(node, &session, false)).await;
                if let Ok(Err(error)) = released {
                    tracing::debug!(error = %error_chain(&error), "the node may keep the closed session");
                }
                Done::Released { node }
            }
            Task::Info { node } => Done::Info {
                node,
                info: http.info(node).await.ok().map(Box::new),
            },
            Task::Players {
                node,
                epoch,
                session,
            } => Done::Players {
                node,
                epoch,
                outcome: http.players(node, &session).await,
            },
            Task::Request {
                node,
                session,
                guild,
                number,
                body,
            } => Done::Responded {
                guild,
                number,
                outcome: http
                    .update_player(node, &session, guild, &body)
                    .await
                    .map(|remote| remote.map(Box::new)),
            },
            Task::Delete {
                node,
                session,
                guild,
            } => {
                if let Err(error) = http.destroy(node, &session, guild).await {
                    tracing::debug!(%guild, error = %error_chain(&error), "a player that moved could not be ended");
                }
                Done::Deleted { node }
            }
            Task::Voice(request) => Done::VoiceAsked {
                guild: request.guild,
                outcome: match &context.config.gateway {
                    Some(gateway) => VoiceGateway::update_voice_state(&**gateway, request).await,
                    None => Err("no voice gateway is configured".into()),
                },
            },
            Task::Recommend {
                node,
                guild,
                queries,
            } => {
                let mut tracks = Vec::new();
                for query in queries {
                    match http.load_tracks(node, &query).await {
                        Ok(LoadResult::Search(found)) => tracks.extend(found),
                        Ok(LoadResult::Playlist(playlist)) => tracks.extend(playlist.tracks),
                        Ok(_) => {}
                        Err(error) => {
                            tracing::debug!(%guild, error = %error_chain(&error), "no recommendations");
                        }
                    }
                }
                Done::Recommended { guild, tracks }
            }
        }
    })
}
