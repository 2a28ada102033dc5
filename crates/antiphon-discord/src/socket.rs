//! The loop that joins a shard's session, stream, clock and commands.
//!
//! It is the only place that reads the shard's connection.
//! One `select!` waits for everything that can happen: a frame, a deadline of the session, room in the journal, an opened
//! connection, a turn in the identify queue, a command, and the stop.
//! The session decides; this loop only does what it says, and every branch may be cancelled without losing anything.
//!
//! Frames that have come already are taken in a row ([`Row`]) before the loop looks at anything else, and their events
//! go to the journal in groups.
//!
//! A frame is read only while the journal has room ([`Session::wants_frame`]); heartbeats are sent even then, so that a slow
//! journal does not cost the session.

use std::{future::pending, sync::Arc, time::Duration};

use antiphon_core::{
    BoxFuture, Intake, LinkState, Moment, OpenFailure, SourceError, Stop, error_chain, until,
};
use antiphon_discord_model::id::{Id, marker::UserMarker};
use antiphon_net::{Message, Network, Row, SocketError, WebSocket, WebSocketRequest};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream::FuturesUnordered};
use http::{Uri, header::USER_AGENT};
use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};

use crate::{
    config::{CloseCode, Config},
    identify::{IdentifyQueue, Permit},
    inflate::{Inflated, Inflater},
    session::{Command, Disconnect, KEEP_SESSION, Session, Task},
    wire,
};

/// Close code that ends a session.
const END_SESSION: u16 = 1000;

/// A shard's session with the channels and the network that it uses.
pub(crate) struct Shard {
    pub(crate) id: u32,
    /// Rules of the shard, without I/O.
    pub(crate) session: Session,
    pub(crate) config: Arc<Config>,
    pub(crate) network: Network,
    /// Queue that lets the shards identify in turn.
    pub(crate) identify: Arc<IdentifyQueue>,
    /// Way to the journal, and the clock.
    pub(crate) intake: Intake,
    pub(crate) commands: mpsc::Receiver<Command>,
    pub(crate) link: watch::Sender<LinkState>,
    pub(crate) user: watch::Sender<Option<Id<UserMarker>>>,
    pub(crate) latency: watch::Sender<Option<Duration>>,
    /// Newest mark of this shard that the journal has stored; heartbeats and resumes carry it.
    pub(crate) stored: watch::Receiver<Option<i64>>,
}

/// An open connection and its compression.
struct Connection {
    /// Connection to the Gateway.
    socket: WebSocket,
    /// Decompression of this connection.
    inflater: Inflater,
}

/// An open connection, with a permit to identify on it unless it resumes.
type Opened = Result<(Connection, Option<Permit>), OpenFailure>;

/// A result of reading the socket.
enum Received {
    /// A whole payload, which the WebSocket layer has found to be UTF-8.
    Text(Bytes),
    /// A whole payload, inflated; it may be anything.
    Inflated(Bytes),
    /// A part of a payload; the rest is on its way.
    Part,
    /// A payload beyond the limit, of this size, which was not kept.
    Skipped(usize),
    /// The connection is gone, and the next may do better.
    Disconnected(Disconnect),
    /// The frame cannot be read, and a resume brings it again.
    Unreadable(String, Option<Bytes>),
}

impl Shard {
    /// Connects and brings events until asked to stop, or until trying again would be wrong.
    pub(crate) async fn run(mut self, stop: Stop) -> Result<(), SourceError> {
        let mut opening: Option<BoxFuture<'static, Opened>> = None;
        let mut closing: FuturesUnordered<BoxFuture<'static, ()>> = FuturesUnordered::new();
        let mut connection: Option<Connection> = None;
        let intake = self.intake.clone();
        let now = || intake.moment();
        let (turn, mut turns) = watch::channel(None);
        self.session.start();
        loop {
            if let Some(task) = self.session.next_task() {
                opening = Some(self.open(task, turn.clone()));
            }
            self.session.note_stored(*self.stored.borrow());
            // A sent frame is at most 4 KiB, and the socket itself gives up a peer that reads none.
            if let Some(open) = &mut connection
                && let Err(error) = send_all(&mut open.socket, &mut self.session).await
            {
                connection = None;
                self.session
                    .on_disconnected(Disconnect::resume(error_chain(&error)), now());
            }
            if self.session.take_begun()
                && let Some(checkpoint) = self.identify.succeed()
            {
                self.session.outbox.checkpoint(checkpoint);
            }
            self.show();
            if self.session.outbox.send_ready(&intake).is_err() {
                // The journal is closed, so no event may be taken from the session.
                break;
            }
            if self.session.is_stopped() && self.session.outbox.is_empty() {
                return Err(self.stopped());
            }
            if stop.is_reading_over() {
                self.session.stop_reading();
            }
            let moment = now();
            self.session.note_pause(moment);
            let deadline = self.session.deadline(moment.at);
            let wants_command = self.session.wants_command(moment.at);
            // Every branch is safe to cancel: a frame stays in its socket and a command in its queue, the
            // opening is kept, and a wait for the intake only loses its turn.
            let disconnect = tokio::select! {
                () = stop.closing() => break,
                () = stop.reading(), if !stop.is_reading_over() => None,
                () = until(deadline) => self.session.on_deadline(now()).err(),
                frame = next_frame(&mut connection), if self.session.wants_frame() => {
                    self.take_frames(frame, &mut connection, &closing, now()).err()
                }
                permit = self.session.outbox.reserve(&intake) => {
                    let Ok(permit) = permit else { break };
                    self.session.outbox.send(permit);
                    None
                }
                opened = opened(&mut opening) => {
                    match opened {
                        Ok((open, permit)) => {
                            connection = Some(open);
                            self.session.on_opened(permit, now());
                        }
                        Err(failure) => self.session.on_open_failed(failure, now()),
                    }
                    None
                }
                Ok(()) = turns.changed() => {
                    match *turns.borrow_and_update() {
                        Some(at) => self.session.on_turn(at, now()),
                        None => self.session.on_turn_come(),
                    }
                    None
                }
                Some(()) = closing.next(), if !closing.is_empty() => None,
                Some(command) = self.commands.recv(), if wants_command => {
                    self.session.on_command(command, Instant::now());
                    None
                }
            };
            if let Some(disconnect) = disconnect {
                self.session.on_disconnected(disconnect, now());
                close_in_background(&mut connection, &closing);
            }
        }
        self.close(connection, now()).await;
        Ok(())
    }

    /// Takes a frame, and those behind it that have come already, until the session has something to do.
    ///
    /// # Errors
    /// The connection has to be closed.
    fn take_frames(
        &mut self,
        first: Option<Result<Message, SocketError>>,
        connection: &mut Option<Connection>,
        closing: &FuturesUnordered<BoxFuture<'static, ()>>,
        now: Moment,
    ) -> Result<(), Disconnect> {
        let (mut row, mut next) = (Row::begin(), Some(first));
        while let Some(frame) = next {
            match received(connection, frame) {
                Received::Text(text) => self.session.on_text(&text, now)?,
                Received::Inflated(payload) => self.session.on_frame(&payload, now)?,
                Received::Part => {}
                Received::Skipped(size) => self.session.on_skipped(size),
                Received::Disconnected(disconnect) => return Err(disconnect),
                Received::Unreadable(reason, bytes) => {
                    self.session.on_unreadable(reason, bytes.as_ref(), now);
                    close_in_background(connection, closing);
                    return Ok(());
                }
            }
            if !self.session.wants_frame() || self.session.has_work() {
                break;
            }
            let Some(open) = connection else { break };
            next = row.next(|| open.socket.next_now());
        }
        Ok(())
    }

    /// Publishes changes of the link and of the latency.
    fn show(&mut self) {
        if let Some(state) = self.session.take_link() {
            tracing::debug!(source = %self.intake.source(), shard = self.id, %state, "link");
            self.link.send_replace(state);
        }
        show_news(&self.user, self.session.user());
        show_news(&self.latency, self.session.latency());
    }

    /// Stores the events read so far, and closes the connection with the configured code.
    async fn close(mut self, connection: Option<Connection>, now: Moment) {
        let code = match self.config.close_code {
            CloseCode::Resume => KEEP_SESSION,
            CloseCode::Normal => {
                self.session.sign_off(now);
                END_SESSION
            }
        };
        if connection.is_some() {
            self.session.on_closing(now);
        }
        // The journal may be closed; then the events read lie behind the last checkpoint, and a resume brings them again.
        self.session.outbox.flush(&self.intake).await;
        if let Some(mut open) = connection {
            open.socket.close(Some(code), "").await;
        }
        self.link.send_replace(LinkState::Closed);
    }

    /// The error that ends the source, with the code and the hint of the shard that stopped.
    fn stopped(&self) -> SourceError {
        let source = self.intake.source().clone();
        let mut state = self.link.borrow().clone();
        if let (LinkState::Stopped { reason, .. }, Some(shard)) = (&mut state, self.session.shard())
        {
            *reason = format!("shard {shard}: {reason}");
        }
        SourceError::of_link(source, &state)
    }

    /// Opens a connection for a task of the session, with a permit if it identifies.
    fn open(&self, task: Task, turn: watch::Sender<Option<Instant>>) -> BoxFuture<'static, Opened> {
        let identify = Arc::clone(&self.identify);
        let config = Arc::clone(&self.config);
        let network = self.network.clone();
        let shard = self.id;
        Box::pin(async move {
            let (url, permit) = match task {
                Task::Resume(Some(url)) => (url, None),
                Task::Resume(None) => (identify.gateway().await?, None),
                Task::Identify => {
                    let permit = identify.acquire(shard, &turn).await?;
                    (identify.gateway().await?, Some(permit))
                }
            };
            let connection = connect(&config, &network, &url).await?;
            Ok((connection, permit))
        })
    }
}

/// Shows a value that is known now and was not before, or was another.
fn show_news<T: PartialEq>(shown: &watch::Sender<Option<T>>, value: Option<T>) {
    shown.send_if_modified(|known| {
        let is_news = value.is_some() && *known != value;
        if is_news {
            *known = value;
        }
        is_news
    });
}

/// Opens a connection; its compression begins anew (protocol §1, §11).
async fn connect(config: &Config, network: &Network, url: &str) -> Result<Connection, OpenFailure> {
    let uri = address(url, config)
        .ok_or_else(|| OpenFailure::new(format!("`{url}` is no address of a Gateway")))?;
    let request = WebSocketRequest::new(uri).header(USER_AGENT, &*config.user_agent);
    let socket = network
        .websocket(request)
        .await
        .map_err(|error| OpenFailure::new(error_chain(&error)).wait(error.retry_after()))?;
    let inflater = Inflater::new(config.compression, config.largest_frame)
        .map_err(|error| OpenFailure::new(error_chain(&error)))?;
    Ok(Connection { socket, inflater })
}

/// The URL with our query in place of its own.
fn address(url: &str, config: &Config) -> Option<Uri> {
    let uri: Uri = url.parse().ok()?;
    let (scheme, authority) = (uri.scheme_str()?, uri.authority()?);
    let path = match uri.path() {
        "" => "/",
        path => path,
    };
    let mut address = format!(
        "{scheme}://{authority}{path}?v={}&encoding=json",
        wire::VERSION
    );
    if let Some(compress) = config.compression.query() {
        address.push_str("&compress=");
        address.push_str(compress);
    }
    address.parse().ok()
}

/// Waits for the connection that is being opened; without one it never returns.
async fn opened(opening: &mut Option<BoxFuture<'static, Opened>>) -> Opened {
    let Some(future) = opening else {
        return pending().await;
    };
    let opened = future.await;
    *opening = None;
    opened
}

/// Waits for the next frame; without a connection it never returns.
async fn next_frame(connection: &mut Option<Connection>) -> Option<Result<Message, SocketError>> {
    match connection {
        Some(open) => open.socket.next().await,
        None => pending().await,
    }
}

/// Sorts what the connection brought, and inflates it.
fn received(
    connection: &mut Option<Connection>,
    frame: Option<Result<Message, SocketError>>,
) -> Received {
    match frame {
        Some(Ok(Message::Text(text))) => Received::Text(text.into_bytes()),
        Some(Ok(Message::Binary(bytes))) => {
            let Some(open) = connection else {
                return Received::Part;
            };
            match open.inflater.take(&bytes) {
                Ok(Inflated::Whole(payload)) => Received::Inflated(payload),
                Ok(Inflated::Part) => Received::Part,
                Ok(Inflated::TooLarge { size }) => Received::Skipped(size),
                Err(error) => {
                    Received::Unreadable(error_chain(&error), Some(open.inflater.unread(&bytes)))
                }
            }
        }
        Some(Ok(Message::Close { code, reason })) => {
            Received::Disconnected(Disconnect::by_server(code, &reason))
        }
        Some(Err(error @ (SocketError::TooLarge { .. } | SocketError::NotUtf8))) => {
            Received::Unreadable(error_chain(&error), None)
        }
        Some(Err(error)) => Received::Disconnected(Disconnect::resume(error_chain(&error))),
        None => Received::Disconnected(Disconnect::resume("the connection ended without goodbye")),
    }
}

/// Closes the old socket in the background, so that a slow close handshake does not stall the shard.
fn close_in_background(
    connection: &mut Option<Connection>,
    closing: &FuturesUnordered<BoxFuture<'static, ()>>,
) {
    if let Some(mut open) = connection.take() {
        closing.push(Box::pin(async move {
            open.socket.close(Some(KEEP_SESSION), "").await;
        }));
    }
}

/// Sends every frame that the session has queued.
async fn send_all(socket: &mut WebSocket, session: &mut Session) -> Result<(), SocketError> {
    // A frame may hold the token, so it is not logged.
    while let Some(reply) = session.next_reply() {
        socket.send(Message::text(reply)).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use twilight_model::gateway::Intents;

    use super::*;
    use crate::config::Compression;

    #[track_caller]
    fn check(url: &str, compression: Compression, expected: &str) {
        let config = Config::new("t", Intents::empty()).compression(compression);
        let address = address(url, &config).expect("an address");
        assert_eq!(address.to_string(), expected);
    }

    #[test]
    fn the_same_query_goes_to_every_host() {
        check(
            "wss://gateway.discord.gg",
            Compression::Zstd,
            "wss://gateway.discord.gg/?v=10&encoding=json&compress=zstd-stream",
        );
        check(
            "wss://us-east.discord.gg/?v=9",
            Compression::Zlib,
            "wss://us-east.discord.gg/?v=10&encoding=json&compress=zlib-stream",
        );
        check(
            "ws://127.0.0.1:7002/path",
            Compression::None,
            "ws://127.0.0.1:7002/path?v=10&encoding=json",
        );
    }
}
