//! Bounds on sizes and waits.
//!
//! Every size and every wait of this crate stands here, with what happens beyond it. A platform's own rules (a
//! heartbeat's timeout, for instance) are the platform's.

use std::time::Duration;

/// Bounds on sizes and waits; each has a default.
///
/// ```
/// use std::time::Duration;
///
/// use antiphon_net::{Limits, Network};
///
/// let limits = Limits::default().frame(64 << 10).request(Duration::from_secs(5));
/// assert_eq!(limits.message, 4 << 20, "the others keep their defaults");
/// let network = Network::new().limits(limits);
/// ```
///
/// | limit | default | beyond it |
/// | --- | --- | --- |
/// | [`frame`](Self::frame) | 1 MiB | [`SocketError::TooLarge`] as soon as the frame's header is read; the socket is closed |
/// | [`message`](Self::message) | 4 MiB | the same, for a message in several frames |
/// | [`body`](Self::body) | 8 MiB | [`HttpError::BodyTooLarge`], never a part of the body |
/// | [`header`](Self::header) | 64 KiB | [`HttpError::HeaderTooLarge`], or a [`ConnectError`] in an upgrade or with a proxy |
/// | [`connect`](Self::connect) | 10 s | a transient [`ConnectError`] |
/// | [`tls`](Self::tls) | 10 s | a transient [`ConnectError`] |
/// | [`proxy`](Self::proxy) | 10 s | a transient [`ConnectError`] |
/// | [`upgrade`](Self::upgrade) | 10 s | a transient [`ConnectError`] |
/// | [`request`](Self::request) | 30 s | [`HttpError::TimedOut`] |
/// | [`send`](Self::send) | 30 s | [`SocketError::TimedOut`]; the socket is closed |
/// | [`close`](Self::close) | 5 s | the connection is dropped without the peer's close frame |
/// | [`idle`](Self::idle) | 30 s | the pooled connection is closed |
/// | [`idle_connections`](Self::idle_connections) | 8 | a further one is closed after its request |
///
/// [`ConnectError`]: crate::ConnectError
/// [`HttpError::BodyTooLarge`]: crate::HttpError::BodyTooLarge
/// [`HttpError::HeaderTooLarge`]: crate::HttpError::HeaderTooLarge
/// [`HttpError::TimedOut`]: crate::HttpError::TimedOut
/// [`SocketError::TimedOut`]: crate::SocketError::TimedOut
/// [`SocketError::TooLarge`]: crate::SocketError::TooLarge
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Payload of one received WebSocket frame, in bytes.
    pub frame: usize,
    /// Payload of one received WebSocket message, in bytes, over all its frames.
    pub message: usize,
    /// Body of one HTTP response, in bytes.
    pub body: usize,
    /// Head of one HTTP response (status line and header fields), in bytes; at least 8 KiB.
    pub header: usize,
    /// Finding the host's addresses and opening the connection.
    pub connect: Duration,
    /// The TLS handshake.
    pub tls: Duration,
    /// Asking a proxy for a tunnel, from the open connection to the open tunnel.
    pub proxy: Duration,
    /// The WebSocket upgrade, from the request to the end of the response's head.
    pub upgrade: Duration,
    /// One HTTP request, from the wait for a connection to the last byte of the response's body.
    pub request: Duration,
    /// Sending one WebSocket message to a peer that does not read.
    pub send: Duration,
    /// Waiting for the peer's close frame after ours.
    pub close: Duration,
    /// How long an HTTP connection is kept for the next request.
    pub idle: Duration,
    /// How many unused HTTP connections are kept for one scheme, host and port.
    pub idle_connections: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            frame: 1 << 20,
            message: 4 << 20,
            body: 8 << 20,
            header: 64 << 10,
            connect: Duration::from_secs(10),
            tls: Duration::from_secs(10),
            proxy: Duration::from_secs(10),
            upgrade: Duration::from_secs(10),
            request: Duration::from_secs(30),
            send: Duration::from_secs(30),
            close: Duration::from_secs(5),
            idle: Duration::from_secs(30),
            idle_connections: 8,
        }
    }
}

/// One chained setter for each field.
macro_rules! setters {
    ($($field:ident: $type:ty, $doc:literal;)*) => {
        impl Limits {
            $(
                #[doc = $doc]
                #[must_use]
                pub fn $field(mut self, $field: $type) -> Self {
                    self.$field = $field;
                    self
                }
            )*
        }
    };
}

setters! {
    frame: usize, "Bounds one received WebSocket frame, in bytes (default 1 MiB).";
    message: usize, "Bounds one received WebSocket message, in bytes (default 4 MiB).";
    body: usize, "Bounds the body of an HTTP response, in bytes (default 8 MiB).";
    header: usize, "Bounds the head of an HTTP response, in bytes (default 64 KiB, at least 8 KiB).";
    connect: Duration, "Bounds name look-up and connecting together (default 10 s).";
    tls: Duration, "Bounds the TLS handshake (default 10 s).";
    proxy: Duration, "Bounds asking a proxy for a tunnel (default 10 s).";
    upgrade: Duration, "Bounds the WebSocket upgrade (default 10 s).";
    request: Duration, "Bounds one HTTP request with its whole response (default 30 s).";
    send: Duration, "Bounds the sending of one WebSocket message (default 30 s).";
    close: Duration, "Bounds the wait for the peer's close frame (default 5 s).";
    idle: Duration, "Sets how long an unused HTTP connection is kept (default 30 s).";
    idle_connections: usize, "Sets how many unused HTTP connections are kept per host (default 8).";
}

impl Limits {
    /// The header limit that is in force; hyper needs a buffer of 8 KiB.
    pub(crate) fn head(&self) -> usize {
        self.header.max(8 << 10)
    }
}
