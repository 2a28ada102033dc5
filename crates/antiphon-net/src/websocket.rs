//! The `WebSocket` of either side, client and server, on any stream.
//!
//! A wrapper around the library's stream with the rules that the callers share: pings are answered inside, every wait
//! for a peer that does not read has a limit, a message too large closes the socket with code 1009, and a cancelled
//! call never leaves half a message behind.

use std::{
    fmt,
    future::poll_fn,
    pin::Pin,
    str::Utf8Error,
    task::{Context, Poll, Waker, ready},
};

use antiphon_core::BoxFuture;
use bytes::Bytes;
use futures_util::{Sink, Stream as _};
use tokio::{
    io::{AsyncWrite as _, AsyncWriteExt as _},
    time::{Instant, timeout},
};
use tokio_websockets::{
    ClientBuilder, CloseCode, Error, Limits as SizeLimit, Message as Wire, ServerBuilder,
    WebSocketStream, proto::ProtocolError,
};

use crate::{
    Limits, SocketError, Stream,
    frames::{FrameTooLarge, Frames},
};

/// A close frame's reason has at most this many bytes (RFC 6455 §5.5).
const LONGEST_REASON: usize = 123;

/// Most pongs that wait for the peer to take them; nothing is read at that limit.
///
/// A peer that pings and never reads would otherwise fill the memory with answers.
const MOST_PONGS: u32 = 32;

/// Payloads of fewer bytes than this are copied out of the library's read buffer, which has 8 KiB.
///
/// A larger payload shares its buffer, of which it is most.
const SHARED_PAYLOAD: usize = 4096;

/// Writes a close frame in one sentence, for the reason of a lost connection; `peer` is who sent it, such as `server`.
///
/// ```
/// use antiphon_net::describe_close;
///
/// assert_eq!(
///     describe_close("node", Some(1001), "going away"),
///     "the node closed the socket with code 1001: going away"
/// );
/// assert_eq!(describe_close("server", None, ""), "the server closed the socket");
/// ```
pub fn describe_close(peer: &str, code: Option<u16>, reason: &str) -> String {
    match (code, reason) {
        (Some(code), "") => format!("the {peer} closed the socket with code {code}"),
        (Some(code), reason) => format!("the {peer} closed the socket with code {code}: {reason}"),
        (None, _) => format!("the {peer} closed the socket"),
    }
}

/// A text: bytes that are known to be UTF-8, cheap to clone.
///
/// It shares its bytes, so that an event's body can be a slice of the frame it came in.
///
/// ```
/// use antiphon_net::Text;
/// use bytes::Bytes;
///
/// let text = Text::try_from(Bytes::from_static(b"amen"))?;
/// assert_eq!(text.as_str(), "amen");
/// assert!(Text::try_from(Bytes::from_static(&[0xff])).is_err());
/// # Ok::<(), std::str::Utf8Error>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Text(Bytes);

impl Text {
    /// The text.
    ///
    /// Each call checks the bytes again, at some gigabytes a second.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("only UTF-8 becomes a text")
    }

    /// The bytes, without copying.
    pub fn into_bytes(self) -> Bytes {
        self.0
    }

    /// The bytes, by reference.
    pub fn as_bytes(&self) -> &Bytes {
        &self.0
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(f)
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(Bytes::copy_from_slice(text.as_bytes()))
    }
}

impl TryFrom<Bytes> for Text {
    type Error = Utf8Error;

    fn try_from(bytes: Bytes) -> Result<Self, Utf8Error> {
        std::str::from_utf8(&bytes)?;
        Ok(Self(bytes))
    }
}

/// A message of a WebSocket; pings and pongs are no messages, and are answered inside.
///
/// A whole message, whatever number of frames it came in.
/// A message of less than 4 KiB has bytes of its own; a larger one is a part of the buffer that it was read into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// A text.
    Text(Text),
    /// Bytes.
    Binary(Bytes),
    /// A close frame, or its echo.
    Close {
        /// Close code (RFC 6455 §7.4); absent if the peer gave none.
        code: Option<u16>,
        /// Reason in words; empty if the peer gave none.
        reason: String,
    },
}

impl Message {
    /// A text message.
    pub fn text(text: impl Into<Text>) -> Self {
        Self::Text(text.into())
    }

    /// A binary message.
    pub fn binary(bytes: impl Into<Bytes>) -> Self {
        Self::Binary(bytes.into())
    }
}

/// An open WebSocket.
///
/// Made by [`Network::websocket`](crate::Network::websocket), or on a server by [`WebSocket::serve`].
/// Dropping it closes the connection without a close frame.
///
/// One owner reads and writes: a loop with `select!` between [`WebSocket::next`] and what else it waits for.
///
/// ```no_run
/// use antiphon_net::{Message, Network, WebSocketRequest};
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let request = WebSocketRequest::new("wss://ws.queup.net/ws/".parse()?);
/// let mut socket = Network::new().websocket(request).await?;
/// while let Some(message) = socket.next().await {
///     match message? {
///         Message::Text(text) => println!("{text}"),
///         Message::Binary(bytes) => println!("{} bytes", bytes.len()),
///         Message::Close { code, reason } => println!("closed with {code:?}: {reason}"),
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct WebSocket {
    inner: WebSocketStream<Frames>,
    limits: Limits,
    /// Pongs that the peer has not taken yet.
    pongs: u32,
    /// Set by the end, an error, or [`WebSocket::close`]; nothing is read or sent after it.
    is_over: bool,
}

impl WebSocket {
    /// The client's side, after the upgrade.
    pub(crate) fn client(stream: Stream, limits: Limits) -> Self {
        let builder = ClientBuilder::new().limits(size_limit(&limits));
        Self::new(builder.take_over(Frames::new(stream, limits.frame)), limits)
    }

    /// The server's side, after the upgrade; [`accept_upgrade`](crate::accept_upgrade) makes the answer to one.
    pub fn serve(stream: Stream, limits: Limits) -> Self {
        let builder = ServerBuilder::new().limits(size_limit(&limits));
        Self::new(builder.serve(Frames::new(stream, limits.frame)), limits)
    }

    fn new(inner: WebSocketStream<Frames>, limits: Limits) -> Self {
        Self {
            inner,
            limits,
            pongs: 0,
            is_over: false,
        }
    }

    /// Waits for the next message.
    ///
    /// A close frame is the last message; the socket sends its echo by itself.
    /// `None` without a close frame before means that the connection broke.
    /// After an error there is only `None`.
    ///
    /// The wait has no time limit, since each protocol has a rule of its own; [`WebSocket::heard_at`] is when the last
    /// byte came.
    ///
    /// Safe to cancel: no message is lost, and pings are answered the next time.
    pub async fn next(&mut self) -> Option<Result<Message, SocketError>> {
        poll_fn(|cx| self.poll_message(cx)).await
    }

    /// Returns the next message if it has come already, and is pending without waiting if it has not.
    ///
    /// For a loop that takes what is there before it waits by [`WebSocket::next`]; this call wakes nobody later.
    /// [`Row`](crate::Row) bounds such a loop.
    pub fn next_now(&mut self) -> Poll<Option<Result<Message, SocketError>>> {
        self.poll_message(&mut Context::from_waker(Waker::noop()))
    }

    fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Message, SocketError>>> {
        loop {
            if self.is_over {
                return Poll::Ready(None);
            }
            // Pongs to a peer that pings and never reads would fill the memory.
            if self.pongs >= MOST_PONGS {
                match ready!(Pin::new(&mut self.inner).poll_flush(cx)) {
                    Ok(()) => self.pongs = 0,
                    Err(error) => return Poll::Ready(Some(Err(self.fail(error)))),
                }
            }
            let wire = match ready!(Pin::new(&mut self.inner).poll_next(cx)) {
                Some(Ok(wire)) => wire,
                Some(Err(error)) => {
                    self.send_close_code(&error, cx);
                    return Poll::Ready(Some(Err(self.fail(error))));
                }
                None => {
                    self.is_over = true;
                    return Poll::Ready(None);
                }
            };
            if wire.is_ping() || wire.is_pong() {
                let is_taken = Pin::new(&mut self.inner).poll_flush(cx).is_ready();
                self.pongs = if is_taken { 0 } else { self.pongs + 1 };
                continue;
            }
            if wire.is_close() {
                // The echo goes now if it can, since the caller may never ask again.
                let _ = Pin::new(&mut self.inner).poll_flush(cx);
            }
            return Poll::Ready(Some(Ok(received(wire))));
        }
    }

    /// Sends a close frame with the reason, as far as the connection takes it without waiting.
    fn send_close_code(&mut self, error: &Error, cx: &mut Context<'_>) {
        let is_flushed = matches!(
            Pin::new(&mut self.inner).poll_flush(cx),
            Poll::Ready(Ok(()))
        );
        if is_flushed && too_large(error).is_some() {
            // Close code 1009; the mask of zeros is for the server, which takes no frame without one.
            let frame: &[u8] = &[0x88, 0x82, 0, 0, 0, 0, 0x03, 0xf1];
            let _ = Pin::new(self.inner.get_mut()).poll_write(cx, frame);
        }
    }

    /// Sends a message, and waits until the connection has taken it.
    ///
    /// A text or bytes of any size are sent as one message.
    /// [`Message::Close`] begins the closing handshake: nothing can be sent after it, and [`WebSocket::next`] goes on
    /// until the peer's close frame.
    ///
    /// A cancelled call sends the message whole with the next call of any kind, or not at all.
    ///
    /// # Errors
    ///
    /// [`SocketError`], when the socket is closed or broken, the peer takes nothing for [`Limits::send`], or a close code
    /// may not be sent.
    pub async fn send(&mut self, message: Message) -> Result<(), SocketError> {
        self.feed(message).await?;
        self.flush().await
    }

    /// Queues a message, to be sent with the next ones by [`WebSocket::flush`].
    ///
    /// At most 8 KiB and this message are held back; at that limit the call waits for the connection.
    ///
    /// A program that sends many small messages at once saves the flushes between them.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::send`].
    pub async fn feed(&mut self, message: Message) -> Result<(), SocketError> {
        let wire = to_send(message)?;
        self.queue(wire).await
    }

    /// Waits until the connection has taken all queued messages.
    ///
    /// # Errors
    ///
    /// As [`WebSocket::send`].
    pub async fn flush(&mut self) -> Result<(), SocketError> {
        self.waited(Sink::poll_flush).await
    }

    /// Sends a ping; the peer's pong moves [`WebSocket::heard_at`].
    ///
    /// # Errors
    ///
    /// As [`WebSocket::send`].
    pub async fn ping(&mut self) -> Result<(), SocketError> {
        self.queue(Wire::ping(Bytes::new())).await?;
        self.flush().await
    }

    /// When the last byte of any kind arrived; the opening counts as one.
    ///
    /// It moves only while [`WebSocket::next`] is awaited.
    ///
    /// Pongs count, so that a ping and a look at this later tell a dead connection.
    pub fn heard_at(&self) -> Instant {
        self.inner.get_ref().heard_at()
    }

    /// Sends a close frame, waits for the peer's up to [`Limits::close`], and ends the connection.
    ///
    /// Messages that come meanwhile are dropped; to read them, send [`Message::Close`] and go on with
    /// [`WebSocket::next`].
    /// A code that may not be sent (RFC 6455 §7.4) is left out with its reason, and a reason of more than 123 bytes
    /// is cut.
    pub fn close<'a>(&'a mut self, code: Option<u16>, reason: &'a str) -> BoxFuture<'a, ()> {
        Box::pin(self.close_in_time(code, reason))
    }

    async fn close_in_time(&mut self, code: Option<u16>, reason: &str) {
        let mut cut = reason.len().min(LONGEST_REASON);
        while !reason.is_char_boundary(cut) {
            cut -= 1;
        }
        let wire = close_frame(code, &reason[..cut]).unwrap_or_else(|| Wire::close(None, ""));
        let limit = self.limits.close;
        let _ = timeout(limit, async {
            // It fails after an earlier close frame, whose answer is still to come.
            let _ = self.queue(wire).await;
            let _ = self.flush().await;
            while self.next().await.is_some() {}
            let _ = self.inner.get_mut().shutdown().await;
        })
        .await;
        self.is_over = true;
    }

    async fn queue(&mut self, wire: Wire) -> Result<(), SocketError> {
        self.waited(Sink::poll_ready).await?;
        Pin::new(&mut self.inner)
            .start_send(wire)
            .map_err(|error| self.fail(error))
    }

    /// Waits until the connection takes data, up to the limit.
    async fn waited(
        &mut self,
        mut poll: impl FnMut(
            Pin<&mut WebSocketStream<Frames>>,
            &mut Context<'_>,
        ) -> Poll<Result<(), Error>>,
    ) -> Result<(), SocketError> {
        if self.is_over {
            return Err(SocketError::Closed);
        }
        let limit = self.limits.send;
        let taken = timeout(limit, poll_fn(|cx| poll(Pin::new(&mut self.inner), cx))).await;
        let Ok(taken) = taken else {
            self.is_over = true;
            return Err(SocketError::TimedOut(limit));
        };
        taken.map_err(|error| self.fail(error))
    }

    /// Ends the socket, unless the error is only a message after the close frame.
    fn fail(&mut self, error: Error) -> SocketError {
        self.is_over |= !matches!(error, Error::AlreadyClosed);
        if let Some(&FrameTooLarge { size }) = too_large(&error) {
            return SocketError::TooLarge {
                size,
                limit: self.limits.frame,
            };
        }
        match error {
            Error::AlreadyClosed => SocketError::Closed,
            Error::PayloadTooLong { len, max_len } => SocketError::TooLarge {
                size: len,
                limit: max_len,
            },
            Error::Protocol(ProtocolError::InvalidUtf8) => SocketError::NotUtf8,
            Error::Protocol(error) => SocketError::Protocol(error.to_string()),
            Error::Io(error) => SocketError::Broken(error),
            other => SocketError::Protocol(other.to_string()),
        }
    }
}

/// The library's limit, which counts for a message as it is put together from frames.
fn size_limit(limits: &Limits) -> SizeLimit {
    SizeLimit::default().max_payload_len(Some(limits.message))
}

/// The frame that was refused by its header, if that is the error.
fn too_large(error: &Error) -> Option<&FrameTooLarge> {
    let Error::Io(error) = error else { return None };
    error.get_ref()?.downcast_ref()
}

/// The library's message as the caller's.
fn received(wire: Wire) -> Message {
    if let Some((code, reason)) = wire.as_close() {
        // The library says 1005, which is never sent, where there was no code.
        let code = Some(code).filter(|&code| code != CloseCode::NO_STATUS_RECEIVED);
        return Message::Close {
            code: code.map(u16::from),
            reason: reason.to_owned(),
        };
    }
    let is_text = wire.is_text();
    let payload = wire.into_payload();
    // A payload is a part of the read buffer, which a small one that is kept would keep as well.
    let bytes = if payload.len() < SHARED_PAYLOAD {
        Bytes::copy_from_slice(&payload)
    } else {
        Bytes::from(payload)
    };
    // The library has looked through a text's bytes as they came.
    if is_text {
        Message::Text(Text(bytes))
    } else {
        Message::Binary(bytes)
    }
}

/// The caller's message as the library's.
fn to_send(message: Message) -> Result<Wire, SocketError> {
    match message {
        Message::Text(text) => Ok(Wire::text(text.into_bytes())),
        Message::Binary(bytes) => Ok(Wire::binary(bytes)),
        Message::Close { code, reason } => {
            close_frame(code, &reason).ok_or(SocketError::InvalidClose(code))
        }
    }
}

/// A close frame, if this code and reason may be in one.
fn close_frame(code: Option<u16>, reason: &str) -> Option<Wire> {
    let Some(code) = code else {
        return reason.is_empty().then(|| Wire::close(None, ""));
    };
    let code = CloseCode::try_from(code)
        .ok()
        .filter(|code| !code.is_reserved())?;
    (reason.len() <= LONGEST_REASON).then(|| Wire::close(Some(code), reason))
}
