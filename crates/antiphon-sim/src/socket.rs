//! Service of one socket, from its first frame to the close handshake.
//!
//! A socket has a reader and a writer side by side; whichever ends first ends the other, and the close handshake follows.
//! Rules of RFC 6455 that a client may depend on are kept here, and faults that break them are made on the line below.

use std::{
    sync::{Arc, Mutex, PoisonError, atomic::AtomicBool},
    time::Duration,
};

use futures_util::{SinkExt, StreamExt};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::watch,
    time::{Instant, sleep, sleep_until, timeout},
};
use tokio_websockets::{CloseCode, Error, Limits, Message, ServerBuilder};

use crate::{
    outgoing::{Output, Written, write},
    wire::WireSide,
};

/// Longest time between the first close frame, of either side, and the end of the connection.
pub(crate) const FAREWELL: Duration = Duration::from_secs(2);

/// The client at the other end of a socket.
///
/// The value is dropped at the first close frame or when the connection breaks. Its `Drop` removes the connection from
/// the platform's state, so that later events are not sent on it.
pub(crate) trait Peer {
    /// Handles a text or binary message; returns whether the connection goes on.
    ///
    /// Pings and pongs of WebSocket itself are answered before this.
    fn heard(&self, message: &Message) -> bool;

    /// Handles the client's close frame; its code is 1005 if it has none.
    ///
    /// The close handshake is answered in any case.
    fn closed(&self, _code: u16) {}

    /// Handles silence longer than `patience`; the connection ends soon after.
    ///
    /// A platform whose clients must ping cuts the connection here.
    fn silent(&self) {}
}

/// How a socket ended.
enum End {
    /// A close frame is to be written, answered or awaited.
    Goodbye,
    /// A message was too long: the socket closes with 1009.
    TooLong,
    /// The connection is broken.
    Line,
}

/// Serves a socket until either side ends it.
///
/// Messages longer than `longest` bytes end it, and so does silence longer than `patience`.
/// A client's close frame is answered with its own code (RFC 6455 §5.5.1), and the simulator's own is followed by a wait
/// for the answer; either way the connection has ended [`FAREWELL`] later. Frames that still wait when the client sends
/// its close frame are lost, as on any broken connection.
pub(crate) async fn serve_socket<S>(
    stream: S,
    longest: usize,
    output: Output,
    patience: Option<Duration>,
    peer: impl Peer,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let limits = Limits::default().max_payload_len(Some(longest));
    let (mut sink, mut stream) = ServerBuilder::new().limits(limits).serve(stream).split();
    let torn = AtomicBool::new(false);
    let heard_at = Mutex::new(Instant::now());
    let watch = output.line.watch.clone();
    let end = {
        let read = async {
            loop {
                let message = match stream.next().await {
                    Some(Ok(message)) => message,
                    Some(Err(Error::PayloadTooLong { .. })) => return End::TooLong,
                    Some(Err(Error::Io(_))) | None => return End::Line,
                    Some(Err(_)) => return End::Goodbye,
                };
                *heard_at.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
                if let Some((code, reason)) = message.as_close() {
                    if let Some(watch) = &watch {
                        watch.closes(WireSide::Client, code.into(), reason);
                    }
                    peer.closed(code.into());
                    return End::Goodbye;
                }
                let has_content = message.is_text() || message.is_binary();
                if let Some(watch) = watch.as_ref().filter(|_| has_content) {
                    watch.heard(message.as_payload(), message.is_binary());
                }
                if has_content && !peer.heard(&message) {
                    return End::Goodbye;
                }
            }
        };
        let silence = async {
            let Some(patience) = patience else {
                return std::future::pending().await;
            };
            let deadline = || *heard_at.lock().unwrap_or_else(PoisonError::into_inner) + patience;
            while deadline() > Instant::now() {
                sleep_until(deadline()).await;
            }
            peer.silent();
            // The close frame has to be written first.
            sleep(FAREWELL).await;
        };
        tokio::select! {
            end = read => end,
            written = write(&mut sink, output, &torn) => match written {
                Ok(Written::Goodbye) => End::Goodbye,
                Ok(Written::All) | Err(_) => End::Line,
            },
            () = silence => End::Line,
        }
    };
    drop(peer);
    // No close frame can be written inside an unfinished frame.
    if torn.into_inner() {
        return;
    }
    let goodbye = async {
        if matches!(end, End::TooLong) {
            // A failure means that a close frame was sent already.
            let too_long = Message::close(Some(CloseCode::MESSAGE_TOO_BIG), "");
            let _ = sink.send(too_long).await;
        }
        // Writes the answer, or a close frame if there was none yet, waits for the client's, and ends the connection.
        let _ = sink.close().await;
    };
    if !matches!(end, End::Line) {
        // After the timeout the connection ends without a close frame.
        let _ = timeout(FAREWELL, goodbye).await;
    }
}

/// Count of a platform's open sockets, including closing ones; clones share it.
#[derive(Clone, Debug)]
pub(crate) struct OpenSockets(Arc<watch::Sender<usize>>);

impl Default for OpenSockets {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(0)))
    }
}

impl OpenSockets {
    /// Counts one more, until the guard is dropped.
    pub(crate) fn opened(&self) -> OpenSocket {
        self.0.send_modify(|open| *open += 1);
        OpenSocket(self.clone())
    }

    /// Waits until none is open.
    pub(crate) async fn all_closed(&self) {
        // It cannot fail: this holds the sender.
        let _ = self.0.subscribe().wait_for(|open| *open == 0).await;
    }
}

/// One open socket.
#[derive(Debug)]
pub(crate) struct OpenSocket(OpenSockets);

impl Drop for OpenSocket {
    fn drop(&mut self) {
        self.0.0.send_modify(|open| *open -= 1);
    }
}
