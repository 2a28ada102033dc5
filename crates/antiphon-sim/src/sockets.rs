//! The open sockets of a platform, and the faults that can be injected into them.
//!
//! A socket is a transport, a queue of frames to write, and a count of them, on every platform alike; what is sent on it is the
//! platform's own.
//! Faults are therefore written once, for all platforms, and a control handle dereferences to its [`Sockets`].

use std::{fmt, sync::Arc, time::Duration};

use tokio::sync::mpsc;

use crate::{
    fault::Faults,
    line::Line,
    outgoing::Outgoing,
    server::Server,
    timers::{Timed, millis},
};

/// One open socket, as every platform has it.
#[derive(Debug)]
pub(crate) struct Socket {
    /// Connection id in the ledger.
    pub(crate) id: String,
    pub(crate) line: Line,
    /// Queue of what is to be written.
    outgoing: mpsc::Sender<Outgoing>,
    /// Numbered frames sent so far.
    pub(crate) frames: u64,
    /// Nothing reaches the peer any more, though the connection stays.
    pub(crate) mute: bool,
    /// This many events are still to be sent twice.
    pub(crate) duplicate: u32,
}

impl Socket {
    /// A socket that was just opened, without faults.
    pub(crate) fn new(id: String, line: Line, outgoing: mpsc::Sender<Outgoing>) -> Self {
        Self {
            id,
            line,
            outgoing,
            frames: 0,
            mute: false,
            duplicate: 0,
        }
    }

    /// Queues something to be written; cuts the connection of a client that does not read, and returns a note about it.
    #[must_use]
    pub(crate) fn send(&mut self, outgoing: Outgoing) -> Option<String> {
        if self.mute || self.outgoing.is_closed() || self.outgoing.try_send(outgoing).is_ok() {
            return None;
        }
        self.mute = true;
        self.line.cut();
        Some(format!(
            "connection {} does not read: {} frames wait for it, and it was cut",
            self.id,
            self.outgoing.max_capacity()
        ))
    }

    /// Counts one more frame; returns the connection's id and the frame's number.
    pub(crate) fn count(&mut self) -> (String, u64) {
        self.frames += 1;
        (self.id.clone(), self.frames)
    }

    /// Whether the next event is to be sent twice.
    pub(crate) fn take_duplicate(&mut self) -> bool {
        let twice = self.duplicate > 0;
        self.duplicate = self.duplicate.saturating_sub(1);
        twice
    }
}

/// Events that are sent in the wrong order on purpose.
#[derive(Debug)]
pub(crate) struct Reordering<E> {
    /// This many pairs of events are still to be sent in the wrong order.
    pub(crate) pairs: u32,
    /// An event that waits for the one behind it.
    held: Option<E>,
}

impl<E> Default for Reordering<E> {
    fn default() -> Self {
        Self {
            pairs: 0,
            held: None,
        }
    }
}

impl<E> Reordering<E> {
    /// Takes an event; returns the events to be sent now, in their order.
    pub(crate) fn take(&mut self, event: E) -> Vec<E> {
        match self.held.take() {
            None if self.pairs > 0 => {
                self.held = Some(event);
                Vec::new()
            }
            None => vec![event],
            Some(held) => {
                self.pairs = self.pairs.saturating_sub(1);
                vec![event, held]
            }
        }
    }

    /// The event that is held back and will never be sent.
    pub(crate) fn release(&mut self) -> Option<E> {
        self.held.take()
    }
}

/// Which of a platform's sockets are meant; all of them by default.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selection {
    /// Id of an account; on QueUp of a connection as well.
    pub(crate) account: Option<String>,
    /// Number of a Discord shard.
    pub(crate) shard: Option<u32>,
    /// Index of a Lavalink node or of a chat server.
    pub(crate) server: Option<usize>,
}

/// A state with open sockets, each known by a number that grows.
pub(crate) trait HasSockets: Timed {
    /// Beginning of the text frame that [`Sockets::oversized`] sends.
    ///
    /// It is the beginning of a frame of that platform, so that a client reads on.
    const ENDLESS: &'static str;

    /// Numbers of the sockets that are meant, the oldest first.
    fn select(&self, of: &Selection) -> Vec<u64>;

    /// The socket of this number.
    fn socket(&mut self, number: u64) -> Option<&mut Socket>;

    /// Takes a socket that is over out of the state.
    ///
    /// Events that happen afterwards are missed by its account.
    fn gone(&mut self, number: u64);

    /// Closes a socket with a close frame, after what waits to be written.
    fn close(&mut self, number: u64, code: u16, reason: &str);

    /// How long the server takes to notice that a socket is half open; `None` if it never does by itself.
    fn notices_after(&self) -> Option<Duration> {
        None
    }

    /// The faults of new sockets, of each server that is meant.
    fn faults(&mut self, of: &Selection) -> Vec<&mut Faults>;

    /// Writes a note into the ledger.
    fn note(&self, text: String);

    /// Queues something to be written on a socket.
    fn send(&mut self, number: u64, outgoing: Outgoing) {
        let complaint = self.socket(number).and_then(|socket| socket.send(outgoing));
        if let Some(complaint) = complaint {
            self.note(complaint);
        }
    }
}

/// A fault of sockets.
#[derive(Debug)]
enum SocketFault<'a> {
    Cut,
    Reset,
    Close(u16, &'a str),
    HalfOpen,
    Stall(Duration),
    Duplicate(u32),
    Oversized(u64),
    Refuse(Duration),
    RefuseUpgrades(usize, u16),
    StopRefusing,
}

/// A server of any platform, into whose sockets faults can be injected.
///
/// It hides the platform's state, so that one handle serves all platforms.
trait Faulty: Send + Sync {
    fn inject(&self, of: &Selection, fault: SocketFault<'_>);
}

impl<S: HasSockets> Faulty for Server<S> {
    fn inject(&self, of: &Selection, fault: SocketFault<'_>) {
        self.with(|state| match fault {
            SocketFault::Refuse(how_long) => {
                let until = state.now().saturating_add(millis(how_long));
                for faults in state.faults(of) {
                    faults.refuse_until = Some(until);
                }
            }
            SocketFault::RefuseUpgrades(times, status) => {
                for faults in state.faults(of) {
                    faults.upgrades.extend(std::iter::repeat_n(status, times));
                }
            }
            SocketFault::StopRefusing => {
                for faults in state.faults(of) {
                    faults.refuse_until = None;
                    faults.upgrades.clear();
                }
            }
            on_a_socket => {
                for number in state.select(of) {
                    inject_into(state, number, &on_a_socket);
                }
            }
        });
    }
}

/// Injects a fault into one socket that is still open.
fn inject_into<S: HasSockets>(state: &mut S, number: u64, fault: &SocketFault<'_>) {
    let Some(socket) = state.socket(number) else {
        return;
    };
    match fault {
        SocketFault::Cut => {
            socket.line.cut();
            state.gone(number);
        }
        SocketFault::Reset => {
            socket.line.reset();
            state.gone(number);
        }
        SocketFault::Close(code, reason) => state.close(number, *code, reason),
        SocketFault::HalfOpen => {
            socket.mute = true;
            socket.line.freeze();
            let line = socket.line.clone();
            if let Some(wait) = state.notices_after() {
                state.later(wait, move |state| {
                    line.cut();
                    state.gone(number);
                });
            }
        }
        SocketFault::Stall(how_long) => {
            socket.line.freeze();
            let line = socket.line.clone();
            state.later(*how_long, move |state| {
                // A socket that became half open in the meantime stays so.
                if !state.socket(number).is_some_and(|socket| socket.mute) {
                    line.thaw();
                }
            });
        }
        SocketFault::Duplicate(events) => socket.duplicate = *events,
        SocketFault::Oversized(bytes) => {
            state.send(number, Outgoing::Oversized(*bytes, S::ENDLESS));
        }
        SocketFault::Refuse(_) | SocketFault::RefuseUpgrades(..) | SocketFault::StopRefusing => {}
    }
}

/// Control handle of open sockets: everyone's, one account's, one shard's or one node's.
///
/// The sockets are looked up at each call. Clones are the same handle.
/// Every platform's control handle dereferences to its sockets, so that `sim.discord().cut()` cuts them.
///
/// ```
/// use std::time::Duration;
///
/// use antiphon_sim::Simulator;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let sim = Simulator::with_seed(7);
/// sim.discord().shard(1).close(4000, "unknown error");
/// sim.lavalink().node("eu-1").stall(Duration::from_secs(10));
/// sim.queup().links_of("antiphon").half_open();
/// sim.stackexchange().refuse_sockets(Duration::from_secs(5));
/// # }
/// ```
///
/// Every fault, and what a client sees of it:
///
/// | call | the client sees |
/// | --- | --- |
/// | [`cut`](Self::cut), [`reset`](Self::reset) | the end of the connection, in the middle of a frame or not |
/// | [`close`](Self::close) | a close frame with a code of the platform |
/// | [`half_open`](Self::half_open) | nothing at all, until a server that misses its heartbeats gives it up |
/// | [`stall`](Self::stall) | silence, and then everything at once |
/// | [`duplicate`](Self::duplicate) | an event twice |
/// | [`oversized`](Self::oversized) | a frame that claims more than a client should take |
/// | [`refuse_sockets`](Self::refuse_sockets), [`refuse_upgrades`](Self::refuse_upgrades) | no new connection for a while, or an HTTP status instead of one |
///
/// What a client sees, on a socket of Discord's Gateway:
///
/// ```
/// use std::time::Duration;
///
/// use antiphon_net::{Message, WebSocketRequest};
/// use antiphon_sim::Simulator;
/// use tokio::time::timeout;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sim = Simulator::with_seed(7);
/// let open = || async {
///     let url = "wss://gateway.discord.gg/?v=10&encoding=json".parse().expect("a URL");
///     let mut socket = sim.network().websocket(WebSocketRequest::new(url)).await?;
///     let hello = socket.next().await.expect("HELLO");
///     hello.map(|_| socket).map_err(Box::<dyn std::error::Error>::from)
/// };
///
/// // A close frame with a code of the platform.
/// let mut socket = open().await?;
/// sim.discord().close(4000, "unknown error");
/// let last = socket.next().await.expect("a close frame")?;
/// assert!(matches!(last, Message::Close { code: Some(4000), .. }));
///
/// // A connection that ends without one.
/// let mut socket = open().await?;
/// sim.discord().cut();
/// assert!(!matches!(socket.next().await, Some(Ok(_))));
///
/// // A connection that stays and brings nothing.
/// let mut socket = open().await?;
/// sim.discord().half_open();
/// assert!(timeout(Duration::from_secs(30), socket.next()).await.is_err());
///
/// // No new one for a while, and then again.
/// sim.discord().refuse_sockets(Duration::from_secs(5));
/// assert!(open().await.is_err());
/// sim.discord().stop_refusing();
/// assert!(open().await.is_ok());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Sockets {
    /// Server whose sockets are meant, without its type.
    server: Arc<dyn Faulty>,
    pub(crate) of: Selection,
}

impl fmt::Debug for Sockets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Sockets").field(&self.of).finish()
    }
}

impl Sockets {
    pub(crate) fn new<S: HasSockets>(server: &Arc<Server<S>>, of: Selection) -> Self {
        let server = Arc::clone(server);
        Self { server, of }
    }

    fn inject(&self, fault: SocketFault<'_>) {
        self.server.inject(&self.of, fault);
    }

    /// Closes the connections without a close frame; frames that are not written yet are lost.
    pub fn cut(&self) {
        self.inject(SocketFault::Cut);
    }

    /// Closes the connections with a TCP reset; in-memory pipes are cut.
    ///
    /// A client sees an error of the transport rather than an end.
    pub fn reset(&self) {
        self.inject(SocketFault::Reset);
    }

    /// Closes the sockets with a close frame of this code, after what waits to be written.
    ///
    /// A code that must not be written, such as 1006, is left out of the frame, and the reason ends after 123 bytes.
    /// On Discord the session ends after 4004, 4007 and 4009 to 4014.
    pub fn close(&self, code: u16, reason: &str) {
        self.inject(SocketFault::Close(code, reason));
    }

    /// Keeps the connections open while nothing comes through any more, in either direction.
    ///
    /// Events are still numbered and written into the ledger, as lost as they would be on a dead line.
    /// A Lavalink node notices after a minute, and its session can be resumed only then.
    pub fn half_open(&self) {
        self.inject(SocketFault::HalfOpen);
    }

    /// Holds everything back for this long, in both directions, and then lets it through.
    ///
    /// Nothing is lost by it; a client that gives the connection up meanwhile has its own reasons.
    pub fn stall(&self, how_long: Duration) {
        self.inject(SocketFault::Stall(how_long));
    }

    /// Sends each of the next `events` events twice; on Lavalink and Stack Exchange, frames.
    ///
    /// Each of the frames has a row of its own.
    pub fn duplicate(&self, events: u32) {
        self.inject(SocketFault::Duplicate(events));
    }

    /// Sends a text frame that claims this many bytes, for as long as the peer reads it.
    ///
    /// The frame is written for as long as the peer reads it, and never ends before that many bytes.
    pub fn oversized(&self, bytes: u64) {
        self.inject(SocketFault::Oversized(bytes));
    }

    /// Closes every request for a socket without an answer, for this long.
    ///
    /// Connections that are open stay; a later call begins the time anew.
    pub fn refuse_sockets(&self, how_long: Duration) {
        self.inject(SocketFault::Refuse(how_long));
    }

    /// Answers the next `times` requests for a socket with an HTTP status.
    ///
    /// They add to those that still wait.
    ///
    /// ```
    /// use antiphon_net::WebSocketRequest;
    /// use antiphon_sim::Simulator;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let sim = Simulator::with_seed(7);
    /// let url: http::Uri = "wss://gateway.discord.gg/?v=10&encoding=json".parse()?;
    /// sim.discord().refuse_upgrades(1, 503);
    /// assert!(sim.network().websocket(WebSocketRequest::new(url.clone())).await.is_err());
    /// assert!(sim.network().websocket(WebSocketRequest::new(url)).await.is_ok(), "one answer, one request");
    /// # Ok(())
    /// # }
    /// ```
    pub fn refuse_upgrades(&self, times: usize, status: u16) {
        self.inject(SocketFault::RefuseUpgrades(times, status));
    }

    /// Ends [`Sockets::refuse_sockets`] and [`Sockets::refuse_upgrades`].
    pub fn stop_refusing(&self) {
        self.inject(SocketFault::StopRefusing);
    }
}
