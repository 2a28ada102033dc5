//! A stream that refuses large WebSocket frames by their header.
//!
//! The WebSocket library has one limit for frames and messages alike, and ours differ. [`Frames`] stands between the
//! library and the stream, reads the frames' headers as they pass, and skips their payloads.
//!
//! A frame of a gigabyte is refused when its header has arrived, before any of its payload is read or memory is taken
//! for it. The walk over headers follows [RFC 6455 §5.2](https://www.rfc-editor.org/rfc/rfc6455#section-5.2) and keeps
//! 10 bytes of state.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::Instant,
};

use crate::Stream;

/// A frame's header announced more than is allowed.
#[derive(Debug, thiserror::Error)]
#[error("a frame of {size} bytes")]
pub(crate) struct FrameTooLarge {
    pub(crate) size: usize,
}

/// A stream of frames, none of them larger than the limit.
///
/// Writing passes through unchanged: our own frames are as large as the caller wants.
#[derive(Debug)]
pub(crate) struct Frames {
    stream: Stream,
    walker: Walker,
    /// Size of the frame that was too large; nothing is read after it.
    refused: Option<usize>,
    heard_at: Instant,
}

impl Frames {
    /// `limit` is for the payload of one frame, in bytes.
    pub(crate) fn new(stream: Stream, limit: usize) -> Self {
        let walker = Walker {
            limit,
            header: [0; 10],
            filled: 0,
            payload: 0,
        };
        Self {
            stream,
            walker,
            refused: None,
            heard_at: Instant::now(),
        }
    }

    /// When the last byte arrived.
    pub(crate) fn heard_at(&self) -> Instant {
        self.heard_at
    }
}

impl AsyncRead for Frames {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let too_large = |size| Poll::Ready(Err(io::Error::other(FrameTooLarge { size })));
        if let Some(size) = self.refused {
            return too_large(size);
        }
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        let read = &buf.filled()[before..];
        if read.is_empty() {
            return Poll::Ready(Ok(()));
        }
        self.heard_at = Instant::now();
        let Err(Refused { size, at }) = self.walker.walk(read) else {
            return Poll::Ready(Ok(()));
        };
        // Whole frames before it are still delivered, and the error after them.
        self.refused = Some(size);
        if at == 0 {
            return too_large(size);
        }
        buf.set_filled(before + at);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Frames {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

/// The place within a frame that the stream has come to.
#[derive(Debug)]
struct Walker {
    limit: usize,
    /// First bytes of a frame, until its size is known (RFC 6455 §5.2).
    header: [u8; 10],
    /// Bytes of `header` that are there.
    filled: usize,
    /// Bytes of mask and payload still to come.
    payload: u64,
}

/// A frame that is too large, and the index at which its header begins, at the latest.
struct Refused {
    size: usize,
    at: usize,
}

impl Walker {
    /// # Errors
    /// The first frame that is too large; the bytes before its header are good.
    fn walk(&mut self, bytes: &[u8]) -> Result<(), Refused> {
        let mut at = 0;
        let mut begin = 0;
        while at < bytes.len() {
            if self.payload > 0 {
                let rest = (bytes.len() - at) as u64;
                let jump = self.payload.min(rest);
                self.payload -= jump;
                at += usize::try_from(jump).expect("no more than the slice is long");
                begin = at;
                continue;
            }
            self.header[self.filled] = bytes[at];
            self.filled += 1;
            at += 1;
            let Some((mask, size)) = announced(&self.header[..self.filled]) else {
                continue;
            };
            if size > self.limit as u64 {
                let size = usize::try_from(size).unwrap_or(usize::MAX);
                return Err(Refused { size, at: begin });
            }
            self.filled = 0;
            self.payload = mask + size;
            begin = at;
        }
        Ok(())
    }
}

/// Lengths of mask and payload, once the header is complete enough to have them.
fn announced(header: &[u8]) -> Option<(u64, u64)> {
    let &[_, second, ref rest @ ..] = header else {
        return None;
    };
    let mask = if second & 0x80 == 0 { 0 } else { 4 };
    let size = match second & 0x7f {
        126 => u16::from_be_bytes(rest.try_into().ok()?).into(),
        127 => u64::from_be_bytes(rest.try_into().ok()?),
        size => size.into(),
    };
    Some((mask, size))
}
