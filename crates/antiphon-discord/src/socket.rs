//! The loop that joins a shard's session, stream, clock and commands.

use std::{future::pending, sync::Arc, time::Duration};

use antiphon_core::{BoxFuture, Intake, LinkState, SourceError, Stop};
use antiphon_discord_model::id::{Id, marker::UserMarker};
use antiphon_net::{Message, Network, SocketError, WebSocket, WebSocketRequest};
use bytes::Bytes;
use futures_util::{StreamExt as _, stream::FuturesUnordered};
use http::{Uri, header::USER_AGENT};
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep_until, timeout},
};

use crate::{
    client::Command,
    config::{Config, SignOff},
    error::reason,
    identify::{Door, Permit},
    inflate::{Inflated, Inflater},
    session::{Cut, KEEP_SESSION, Moment, OpenFailure, Session, Task},
    wire,
};

/// How long the journal gets to take what was read when the source closes.
const LAST_WORDS: Duration = Duration::from_secs(2);
/// Close code that ends a session.
const SIGN_OFF: u16 = 1000;

/// What a shard needs beside its session.
pub(crate) struct Shard {
    pub(crate) id: u32,
    pub(crate) session: Session,
    pub(crate) config: Arc<Config>,
    pub(crate) network: Network,
    pub(crate) door: Arc<Door>,
    pub(crate) intake: Intake,
    pub(crate) commands: mpsc::Receiver<Command>,
    pub(crate) link: watch::Sender<LinkState>,
    pub(crate) user: watch::Sender<Option<Id<UserMarker>>>,
    pub(crate) latency: watch::Sender<Option<Duration>>,
    pub(crate) stored: watch::Receiver<Option<i64>>,
}

/// An open connection and its compression.
struct Connection {
    socket: WebSocket,
    inflater: Inflater,
}

type Opened = Result<(Connection, Option<Permit>), OpenFailure>;

/// What was read.
enum Heard {
    Payload(Bytes),
    Part,
    Skipped(usize),
    /// The connection is gone, and the next may do better.
    Gone(Cut),
    /// What came cannot be read, and will come again.
    Unreadable(String, Option<Bytes>),
}

impl Shard {
    /// Connects and brings events until asked to stop, or until trying again would be wrong.
    pub(crate) async fn run(mut self, stop: Stop) -> Result<(), SourceError> {
        let mut opening: Option<BoxFuture<'static, Opened>> = None;
        let mut closing: FuturesUnordered<BoxFuture<'static, ()>> = FuturesUnordered::new();
        let mut connection: Option<Connection> = None;
        let intake = self.intake.clone();
        let now = || Moment {
            at: Instant::now(),
            wall: intake.now(),
        };
        let (turn, mut turns) = watch::channel(None);
        self.session.start();
        loop {
            if let Some(task) = self.session.next_task() {
                opening = Some(self.open(task, turn.clone()));
            }
            self.session.note_stored(*self.stored.borrow());
            // A frame to send is at most 4 KiB; a peer that takes none is given up by the socket itself.
            if let Some(open) = &mut connection
                && let Err(error) = send_all(&mut open.socket, &mut self.session).await
            {
                connection = None;
                self.session.on_gone(Cut::resume(reason(&error)), now());
            }
            if self.session.take_begun()
                && let Some(checkpoint) = self.door.succeed()
            {
                self.session.store(checkpoint);
            }
            self.show();
            if self.session.is_stopped() && self.session.next_weight().is_none() {
                return Err(self.stopped());
            }
            if stop.is_reading_over() {
                self.session.stop_reading();
            }
            let moment = now();
            self.session.note_pause(moment);
            let deadline = self.session.deadline(moment.at);
            let wants_command = self.session.wants_command(moment.at);
            // Every branch may be dropped half way: a frame stays in its socket and a command in its queue, the
            // opening is kept, and a wait for room only loses its turn.
            let cut = tokio::select! {
                () = stop.closing() => break,
                () = stop.reading(), if !stop.is_reading_over() => None,
                () = until(deadline) => self.session.on_deadline(now()).err(),
                frame = next_frame(&mut connection), if self.session.wants_frame() => {
                    match heard(&mut connection, frame) {
                        Heard::Payload(payload) => self.session.on_frame(&payload, now()).err(),
                        Heard::Part => None,
                        Heard::Skipped(size) => {
                            self.session.on_skipped(size);
                            None
                        }
                        Heard::Gone(cut) => Some(cut),
                        Heard::Unreadable(reason, bytes) => {
                            self.session.on_unreadable(reason, bytes.as_ref(), now());
                            part_from(&mut connection, &closing);
                            None
                        }
                    }
                }
                permit = intake.reserve(self.session.next_weight().unwrap_or_default()),
                    if self.session.next_weight().is_some() =>
                {
                    let Ok(permit) = permit else {
                        // Nothing can be stored any more, so nothing may be taken.
                        break;
                    };
                    if let Some(entry) = self.session.take_entry() {
                        permit.send(entry);
                    }
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
            if let Some(cut) = cut {
                self.session.on_gone(cut, now());
                part_from(&mut connection, &closing);
            }
        }
        self.close(connection, now()).await;
        Ok(())
    }

    /// Shows whoever watches how the connection stands.
    fn show(&mut self) {
        if let Some(state) = self.session.take_link() {
            tracing::debug!(source = %self.intake.source(), shard = self.id, %state, "link");
            self.link.send_replace(state);
        }
        show_news(&self.user, self.session.user());
        show_news(&self.latency, self.session.latency());
    }

    /// Stores what was read, and ends the connection in a way that keeps the session unless told otherwise.
    async fn close(mut self, connection: Option<Connection>, now: Moment) {
        let code = match self.config.sign_off {
            SignOff::Never => KEEP_SESSION,
            SignOff::AtStop => {
                self.session.sign_off(now);
                SIGN_OFF
            }
        };
        if connection.is_some() {
            self.session.on_closing(now);
        }
        // What was read is stored if the journal still takes it; if not, it lies behind the last checkpoint.
        let _ = timeout(LAST_WORDS, drain(&mut self.session, &self.intake)).await;
        if let Some(mut open) = connection {
            open.socket.close(Some(code), "").await;
        }
        self.link.send_replace(LinkState::Closed);
    }

    fn stopped(&self) -> SourceError {
        let source = self.intake.source().clone();
        match self.link.borrow().clone() {
            LinkState::Stopped { code, reason, hint } => {
                let code = CODES
                    .into_iter()
                    .find(|known| *known == code)
                    .unwrap_or("stopped");
                let reason = match self.session.shard() {
                    Some(shard) => format!("shard {shard}: {reason}"),
                    None => reason,
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

    fn open(&self, task: Task, turn: watch::Sender<Option<Instant>>) -> BoxFuture<'static, Opened> {
        let door = Arc::clone(&self.door);
        let config = Arc::clone(&self.config);
        let network = self.network.clone();
        let shard = self.id;
        Box::pin(async move {
            let (url, permit) = match task {
                Task::Resume(Some(url)) => (url, None),
                Task::Resume(None) => (door.gateway().await?, None),
                Task::Identify => {
                    let permit = door.enter(shard, &turn).await?;
                    (door.gateway().await?, Some(permit))
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

/// Codes with which a source may end.
const CODES: [&str; 8] = [
    "authorization",
    "invalid_shard",
    "sharding_required",
    "invalid_version",
    "invalid_intents",
    "disallowed_intents",
    "frame_too_large",
    "refusals",
];

/// Opens a connection; its compression begins anew (protocol §1, §11).
async fn connect(config: &Config, network: &Network, url: &str) -> Result<Connection, OpenFailure> {
    let failed = |reason: String, wait: Option<Duration>| OpenFailure {
        reason,
        wait,
        fatal: None,
    };
    let uri = address(url, config)
        .ok_or_else(|| failed(format!("`{url}` is no address of a Gateway"), None))?;
    let request = WebSocketRequest::new(uri).header(USER_AGENT, &*config.user_agent);
    let socket = network
        .websocket(request)
        .await
        .map_err(|error| failed(reason(&error), error.retry_after()))?;
    let inflater = Inflater::new(config.compression, config.largest_frame)
        .map_err(|error| failed(reason(&error), None))?;
    Ok(Connection { socket, inflater })
}

/// The address with our query in place of its own.
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

async fn opened(opening: &mut Option<BoxFuture<'static, Opened>>) -> Opened {
    let Some(future) = opening else {
        return pending().await;
    };
    let opened = future.await;
    *opening = None;
    opened
}

async fn next_frame(connection: &mut Option<Connection>) -> Option<Result<Message, SocketError>> {
    match connection {
        Some(open) => open.socket.next().await,
        None => pending().await,
    }
}

fn heard(
    connection: &mut Option<Connection>,
    frame: Option<Result<Message, SocketError>>,
) -> Heard {
    match frame {
        Some(Ok(Message::Text(text))) => Heard::Payload(text.into_bytes()),
        Some(Ok(Message::Binary(bytes))) => {
            let Some(open) = connection else {
                return Heard::Part;
            };
            match open.inflater.take(&bytes) {
                Ok(Inflated::Whole(payload)) => Heard::Payload(payload),
                Ok(Inflated::Part) => Heard::Part,
                Ok(Inflated::TooLarge { size }) => Heard::Skipped(size),
                Err(error) => Heard::Unreadable(reason(&error), Some(open.inflater.unread(&bytes))),
            }
        }
        Some(Ok(Message::Close { code, reason })) => Heard::Gone(Cut::by_server(code, &reason)),
        Some(Err(error @ (SocketError::TooLarge { .. } | SocketError::NotUtf8))) => {
            Heard::Unreadable(reason(&error), None)
        }
        Some(Err(error)) => Heard::Gone(Cut::resume(reason(&error))),
        None => Heard::Gone(Cut::resume("the connection ended without goodbye")),
    }
}

/// Says goodbye beside the loop, since the peer may take its time.
fn part_from(
    connection: &mut Option<Connection>,
    closing: &FuturesUnordered<BoxFuture<'static, ()>>,
) {
    if let Some(mut open) = connection.take() {
        closing.push(Box::pin(async move {
            open.socket.close(Some(KEEP_SESSION), "").await;
        }));
    }
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

async fn send_all(socket: &mut WebSocket, session: &mut Session) -> Result<(), SocketError> {
    // What is sent may hold the token, so it is not logged.
    while let Some(reply) = session.next_reply() {
        socket.send(Message::text(reply)).await?;
    }
    Ok(())
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => pending().await,
    }
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
