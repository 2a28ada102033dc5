//! Connections of any kind as one type.
//!
//! One type for all connections, so that HTTP and WebSocket do not know what they run on. The price is one virtual call
//! for each read and write.

use std::{
    fmt,
    io::{self, IoSlice},
    pin::Pin,
    task::{Context, Poll},
};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The traits of every stream.
trait Io: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Io for T {}

/// A two-way flow of bytes: a TCP connection, TLS on it, a tunnel through a proxy, or a pipe.
///
///
/// ```
/// use antiphon_net::Stream;
/// use tokio::io::{AsyncReadExt, AsyncWriteExt};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let (near, far) = tokio::io::duplex(64);
/// let (mut near, mut far) = (Stream::new(near), Stream::new(far).with_early("good ".into()));
/// near.write_all(b"evening").await?;
/// let mut heard = [0; 12];
/// far.read_exact(&mut heard).await?;
/// assert_eq!(&heard, b"good evening");
/// # Ok(())
/// # }
/// ```
pub struct Stream {
    io: Box<dyn Io>,
    /// Bytes that were read too early, and are given before the next read.
    early: Bytes,
}

impl Stream {
    /// A stream over any reader and writer.
    ///
    /// It is boxed; wrapping a `Stream` again costs a second call.
    pub fn new(io: impl AsyncRead + AsyncWrite + Unpin + Send + 'static) -> Self {
        Self {
            io: Box::new(io),
            early: Bytes::new(),
        }
    }

    /// Puts bytes back, to be read before all others.
    ///
    /// A reader of a head returns the bytes behind the head in this way.
    #[must_use]
    pub fn with_early(mut self, early: Bytes) -> Self {
        debug_assert!(self.early.is_empty(), "read what was put back first");
        self.early = early;
        self
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream").finish_non_exhaustive()
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.early.is_empty() {
            return Pin::new(&mut self.io).poll_read(cx, buf);
        }
        let count = self.early.len().min(buf.remaining());
        buf.put_slice(&self.early[..count]);
        self.early.advance(count);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}
