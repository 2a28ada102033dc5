//! The loop that joins nodes' sockets, clock and commands with the state machine.

use std::{collections::HashMap, future::pending, sync::Arc, time::Duration};

use antiphon_core::{BoxFuture, Intake, LinkState, SourceError, Stop};
use antiphon_net::{ConnectError, Message, Phase, SocketError, WebSocket, WebSocketRequest};
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
    pool::{Command, Done, PoolState, Task},
    session::{Beat, Heart, Moment, Refusal},
};

/// How long the journal gets to take what was read when the source closes.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// How long a node that is closed may take to let its session go.
const RELEASE: Duration = Duration::from_secs(5);
/// Frames of all nodes that wait to be looked at; then nothing is read until they are.
const FRAMES: usize = 64;
/// Frames that are looked at before others get their turn.
const AT_ONCE: usize = 32;

/// What a socket brings.
enum Word {
    Opened,
    Frame(Bytes),
    Lost(Refusal),
}

/// A word, with the socket it came from.
type Heard = (usize, u64, Word);

/// What tasks need.
#[derive(Clone)]
struct Means {
    shared: Arc<Shared>,
    config: Arc<Config>,
    heard: mpsc::Sender<Heard>,
}

/// Connects and brings events until asked to stop, or until no node can be had any more.
pub(crate) async fn run(
    config: Config,
    shared: Arc<Shared>,
    mut commands: mpsc::Receiver<Command>,
    intake: Intake,
    stop: Stop,
) -> Result<(), SourceError> {
    let now = || Moment {
        at: Instant::now(),
        wall: intake.now(),
    };
    let rng = config.rng.clone().unwrap_or_default();
    let mut pool = PoolState::new(&config, rng, intake.nonce(), intake.checkpoints(), now());
    let (sender, mut heard) = mpsc::channel(FRAMES);
    let means = Means {
        shared: Arc::clone(&shared),
        config: Arc::new(config),
        heard: sender,
    };
    let mut tasks: FuturesUnordered<BoxFuture<'static, Done>> = FuturesUnordered::new();
    let mut sockets: FuturesUnordered<BoxFuture<'static, (usize, u64)>> = FuturesUnordered::new();
    let mut open: HashMap<(usize, u64), CancellationToken> = HashMap::new();
    let mut words = Vec::with_capacity(AT_ONCE);
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
                        means.clone(),
                        node,
                        epoch,
                        session,
                        close,
                    )));
                }
                task => tasks.push(perform(task, means.clone())),
            }
        }
        while let Some(socket) = pool.next_close() {
            if let Some(close) = open.get(&socket) {
                close.cancel();
            }
        }
        publish(&mut pool, &shared, &intake);
        if pool.is_stopped() && pool.next_weight().is_none() {
            return Err(stopped(&intake, &shared));
        }
        if stop.is_reading_over() {
            pool.stop_reading();
        }
        let deadline = pool.deadline();
        // Every branch may be dropped half way: words, commands and voice stay in their queues, tasks and sockets in
        // their sets, and a wait for room only loses its turn.
        tokio::select! {
            () = stop.closing() => break,
            () = stop.reading(), if !stop.is_reading_over() => {}
            () = until(deadline) => pool.on_deadline(now()),
            _ = heard.recv_many(&mut words, AT_ONCE), if pool.wants_frames() => {
                for (node, epoch, word) in words.drain(..) {
                    match word {
                        Word::Opened => pool.on_done(Done::Opened { node, epoch, outcome: Ok(()) }, now()),
                        Word::Frame(frame) => pool.on_frame(node, epoch, &frame, now()),
                        Word::Lost(refusal) => pool.on_lost(node, epoch, &refusal, now()),
                    }
                }
            }
            permit = intake.reserve(pool.next_weight().unwrap_or_default()), if pool.next_weight().is_some() => {
                let Ok(permit) = permit else {
                    // Nothing can be stored any more, so nothing may be taken.
                    break;
                };
                if let Some(entry) = pool.take_entry() {
                    permit.send(entry);
                }
            }
            Some(done) = tasks.next(), if !tasks.is_empty() => pool.on_done(done, now()),
            Some(socket) = sockets.next(), if !sockets.is_empty() => {
                open.remove(&socket);
            }
            update = shared.inbox.next() => match update {
                VoiceUpdate::State(state) => pool.on_voice_state(&state, now()),
                VoiceUpdate::Server(server) => pool.on_voice_server(server, now()),
                VoiceUpdate::Lost(guild) => pool.on_voice_lost(guild, now()),
            },
            Some(command) = commands.recv() => pool.on_command(command, now()),
        }
    }
    // What was read is stored if the journal still takes it; if not, the node's checkpoint lies before it.
    pool.save_nodes(now());
    let _ = timeout(LAST_WORDS, drain(&mut pool, &intake)).await;
    // Players play on, for as long as the nodes keep their sessions: only the sockets are closed.
    for close in open.values() {
        close.cancel();
    }
    drop(heard);
    while sockets.next().await.is_some() {}
    intake.show_link(LinkState::Closed);
    shared.link.send_replace(LinkState::Closed);
    tracing::debug!(source = %intake.source(), "closed");
    Ok(())
}

/// Shows clients what has changed.
fn publish(pool: &mut PoolState, shared: &Shared, intake: &Intake) {
    let changes = pool.take_changes();
    if !changes.is_empty() {
        shared.show_players(changes);
    }
    if let Some(nodes) = pool.take_nodes() {
        shared.show_nodes(nodes);
    }
    if let Some(state) = pool.take_link() {
        // Whoever runs the source tells people; see `Intake::link`.
        tracing::debug!(source = %intake.source(), %state, "link");
        intake.show_link(state.clone());
        shared.link.send_replace(state);
    }
}

async fn drain(pool: &mut PoolState, intake: &Intake) {
    while let Some(weight) = pool.next_weight() {
        let Ok(permit) = intake.reserve(weight).await else {
            return;
        };
        if let Some(entry) = pool.take_entry() {
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

fn stopped(intake: &Intake, shared: &Shared) -> SourceError {
    let source = intake.source().clone();
    match shared.link.borrow().clone() {
        LinkState::Stopped { code, reason, hint } => {
            let code = match code.as_str() {
                "authorization" => "authorization",
                "protocol" => "protocol",
                "configuration" => "configuration",
                "unreachable" => "unreachable",
                _ => "stopped",
            };
            let error = SourceError::new(source, code, reason);
            match hint {
                Some(hint) => error.hint(hint),
                None => error,
            }
        }
        state => SourceError::new(source, "stopped", state.to_string()),
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// Sockets.

/// One socket from its opening to its end; what it brings goes through the channel, its end last.
async fn connection(
    means: Means,
    node: usize,
    epoch: u64,
    session: Option<Arc<str>>,
    close: CancellationToken,
) -> (usize, u64) {
    let say = |word| means.heard.send((node, epoch, word));
    let opened = tokio::select! {
        () = close.cancelled() => return (node, epoch),
        opened = open(&means, node, session) => opened,
    };
    let lost = match opened {
        Ok(socket) => {
            if say(Word::Opened).await.is_err() {
                return (node, epoch);
            }
            converse(socket, &means, node, epoch, &close).await
        }
        Err(refusal) => refusal,
    };
    // Nobody listens once the source closes.
    let _ = say(Word::Lost(lost)).await;
    (node, epoch)
}

/// Opens a node's socket (protocol §1).
async fn open(means: &Means, node: usize, session: Option<Arc<str>>) -> Result<WebSocket, Refusal> {
    let config = &means.config.nodes[node];
    let uri = config
        .address("/v4/websocket", true)
        .map_err(|error| Refusal {
            reason: error.to_string(),
            fatal: Some(("configuration", "correct the node's address")),
            status: None,
            wait: None,
            orderly: false,
        })?;
    let mut request = WebSocketRequest::new(uri)
        .header("Authorization", config.password.expose())
        .header("User-Id", means.config.known_user().to_string())
        .header("Client-Name", means.config.client_name.as_str());
    if let Some(session) = session {
        request = request.header("Session-Id", &*session);
    }
    let opened = means.shared.network.websocket(request).await;
    opened.map_err(|error| refusal(&error))
}

/// What a refused socket means; the status alone tells, never a version.
///
/// Whether it is final depends on whether the node has worked before; see [`Session`](crate::session::Session).
fn refusal(error: &ConnectError) -> Refusal {
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
    Refusal {
        reason: line(error),
        fatal,
        status: error.status(),
        wait: error.retry_after(),
        orderly: false,
    }
}

/// Reads a socket and keeps it alive until it ends.
///
/// While nobody takes its frames nothing is read, and pings go on.
async fn converse(
    mut socket: WebSocket,
    means: &Means,
    node: usize,
    epoch: u64,
    close: &CancellationToken,
) -> Refusal {
    let beat = means.config.heartbeat;
    let mut heart = Heart::new(beat, Instant::now());
    let mut held: Option<(Bytes, Instant)> = None;
    loop {
        // Every branch may be dropped half way: a frame stays in its socket, or in `held`.
        tokio::select! {
            () = close.cancelled() => {
                socket.close(Some(1000), "").await;
                return lost("the socket was closed by us");
            }
            () = sleep_until(heart.deadline()) => {
                if held.is_some() {
                    heart.excuse(beat);
                }
                if heart.beat(socket.heard_at(), Instant::now()) == Beat::Dead {
                    return lost("the node does not answer pings any more");
                }
                match timeout(beat, socket.ping()).await {
                    Ok(Ok(())) => {}
                    Ok(Err(error)) => return lost(&line(&error)),
                    Err(_) => return lost("the node takes no pings any more"),
                }
            }
            permit = means.heard.reserve(), if held.is_some() => {
                let Ok(permit) = permit else {
                    return lost("the source is closing");
                };
                if let Some((frame, since)) = held.take() {
                    heart.excuse(Instant::now().saturating_duration_since(since));
                    permit.send((node, epoch, Word::Frame(frame)));
                }
            }
            message = socket.next(), if held.is_none() => {
                let frame = match message {
                    Some(Ok(Message::Text(text))) => text.into_bytes(),
                    Some(Ok(Message::Binary(bytes))) => bytes,
                    Some(Ok(Message::Close { code, reason })) => return goodbye(code, &reason),
                    Some(Err(error)) => return broken(&error),
                    None => return lost("the connection ended without goodbye"),
                };
                match means.heard.try_reserve() {
                    Ok(permit) => permit.send((node, epoch, Word::Frame(frame))),
                    Err(_) => held = Some((frame, Instant::now())),
                }
            }
        }
    }
}

fn lost(reason: &str) -> Refusal {
    Refusal {
        reason: reason.into(),
        fatal: None,
        status: None,
        wait: None,
        orderly: false,
    }
}

fn broken(error: &SocketError) -> Refusal {
    lost(&line(error))
}

fn goodbye(code: Option<u16>, reason: &str) -> Refusal {
    let words = match (code, reason) {
        (Some(code), "") => format!("the node closed the socket with code {code}"),
        (Some(code), reason) => format!("the node closed the socket with code {code}: {reason}"),
        (None, _) => "the node closed the socket".into(),
    };
    Refusal {
        // What a broken connection looks like is told with this code, which no node sends.
        orderly: code.is_some_and(|code| code != 1006),
        ..lost(&words)
    }
}

/// An error and its causes in one line.
fn line(error: &(dyn std::error::Error + 'static)) -> String {
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

fn perform(task: Task, means: Means) -> BoxFuture<'static, Done> {
    Box::pin(async move {
        let http = &means.shared.http;
        match task {
            // The loop opens sockets itself.
            Task::Open { .. } => Done::Nothing,
            Task::Configure { node, session } => {
                if let Err(error) = http.update_session(node, &session, true).await {
                    // NodeLink has none of it; a session that cannot be resumed is made anew.
                    tracing::debug!(error = %line(&error), "the node does not keep sessions");
                }
                Done::Nothing
            }
            Task::Release { node, session } => {
                let released = timeout(RELEASE, http.update_session(node, &session, false)).await;
                if let Ok(Err(error)) = released {
                    tracing::debug!(error = %line(&error), "the node may keep the closed session");
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
            Task::Ask {
                node,
                session,
                guild,
                number,
                answer,
            } => Done::Asked {
                guild,
                number,
                outcome: http
                    .ask(node, &session, guild, &answer)
                    .await
                    .map(|remote| remote.map(Box::new)),
            },
            Task::Delete {
                node,
                session,
                guild,
            } => {
                if let Err(error) = http.destroy(node, &session, guild).await {
                    tracing::debug!(%guild, error = %line(&error), "a player that moved could not be ended");
                }
                Done::Deleted { node }
            }
            Task::Voice(request) => Done::VoiceAsked {
                guild: request.guild,
                outcome: match &means.config.gateway {
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
                            tracing::debug!(%guild, error = %line(&error), "no recommendations");
                        }
                    }
                }
                Done::Recommended { guild, tracks }
            }
        }
    })
}
