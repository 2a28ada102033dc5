//! One socket from its first frame to its goodbye, whatever the platform.

use std::{
    sync::{Arc, Mutex, PoisonError, atomic::AtomicBool},
    time::Duration,
};

use futures_util::{SinkExt, StreamExt};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::{mpsc, watch},
    time::{Instant, sleep, sleep_until, timeout},
};
use tokio_websockets::{CloseCode, Error, Limits, Message, ServerBuilder};

use crate::{
    encoder::Encoder,
    line::Line,
    outgoing::{Outgoing, Written, write},
};

/// Longest time between the first goodbye, whichever side says it, and the end of the connection.
pub(crate) const FAREWELL: Duration = Duration::from_secs(2);

/// What a platform makes of the client at the other end of a socket.
///
/// Its value is dropped when the first goodbye was said or the line broke, so `Drop` takes the connection out of the
/// platform's state: what happens after that is not sent on it.
pub(crate) trait Peer {
    /// Takes a text or binary message; gives whether the connection goes on.
    fn heard(&self, message: &Message) -> bool;

    /// Takes the code of the client's close frame, 1005 where it has none.
    fn closed(&self, _code: u16) {}

    /// Reacts to silence that was longer than the platform's patience; the connection ends soon after.
    fn silent(&self) {}
}

/// What goes out on a socket.
pub(crate) struct Output {
    pub(crate) to_write: mpsc::Receiver<Outgoing>,
    pub(crate) line: Line,
    pub(crate) encoder: Encoder,
}

/// How the talk on a socket ended.
enum End {
    /// One side said goodbye, or has to: a close frame is to be written, answered or awaited.
    Goodbye,
    /// A message was too long: the client is told so.
    TooLong,
    /// Nothing can be said any more.
    Line,
}

/// Serves a socket until either side ends it.
///
/// Messages longer than `longest` bytes end it, and so does silence longer than `patience`.
/// A client's close frame is answered with its own code (RFC 6455 §5.5.1), and the simulator's own is followed by a wait
/// for the answer; either way the connection has ended [`FAREWELL`] later. What waits to be written when the client says
/// goodbye is lost, as with any broken line.
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
                if let Some((code, _)) = message.as_close() {
                    peer.closed(code.into());
                    return End::Goodbye;
                }
                let has_content = message.is_text() || message.is_binary();
                if has_content && !peer.heard(&message) {
                    return End::Goodbye;
                }
            }
        };
        let watch = async {
            let Some(patience) = patience else {
                return std::future::pending().await;
            };
            let deadline = || *heard_at.lock().unwrap_or_else(PoisonError::into_inner) + patience;
            while deadline() > Instant::now() {
                sleep_until(deadline()).await;
            }
            peer.silent();
            // What closes the connection has to be written first.
            sleep(FAREWELL).await;
        };
        tokio::select! {
            end = read => end,
            written = write(&mut sink, output, &torn) => match written {
                Ok(Written::Goodbye) => End::Goodbye,
                Ok(Written::All) | Err(_) => End::Line,
            },
            () = watch => End::Line,
        }
    };
    drop(peer);
    // Inside a frame that was begun no other can be written.
    if torn.into_inner() {
        return;
    }
    let goodbye = async {
        if matches!(end, End::TooLong) {
            // A failure means that a goodbye is under way already.
            let too_long = Message::close(Some(CloseCode::MESSAGE_TOO_BIG), "");
            let _ = sink.send(too_long).await;
        }
        // Writes the answer, or a close frame if there was none yet, waits for the client's, and ends the connection.
        let _ = sink.close().await;
    };
    if !matches!(end, End::Line) {
        // Afterwards the connection ends without a word.
        let _ = timeout(FAREWELL, goodbye).await;
    }
}

/// Counts the sockets of a platform that are open, those that say goodbye among them; clones count together.
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
        // It cannot fail: the sender is at hand.
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
