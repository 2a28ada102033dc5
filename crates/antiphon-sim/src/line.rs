//! The transport of a connection, which control handles can cut, reset or freeze.
//!
//! Everything of a connection goes over it, HTTP and sockets alike, so that one call breaks it whatever it was doing.
//! A cut end answers each reader and each writer with an error; a frozen one answers nothing until it is thawed.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use antiphon_net::Stream;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::server::TlsStream;

use crate::wire::Watch;

/// One end of a connection; clones are the same end.
///
/// The task of the connection reads and writes it; any clone can break it.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    transport: Arc<Mutex<Transport>>,
    /// Notes what goes over it; absent on the control address.
    pub(crate) watch: Option<Watch>,
}

#[derive(Debug)]
struct Transport {
    /// The transport; absent once the line was cut.
    end: Option<End>,
    /// Whether nothing comes through, in either direction.
    frozen: bool,
    /// Task that waits to read.
    reader: Option<Waker>,
    /// Task that waits to write.
    writer: Option<Waker>,
}

#[derive(Debug)]
enum End {
    Tcp(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
    Pipe(Stream),
}

impl End {
    /// The TCP connection below, where there is one.
    fn tcp(&self) -> Option<&TcpStream> {
        match self {
            Self::Tcp(stream) => Some(stream),
            Self::Tls(stream) => Some(stream.get_ref().0),
            Self::Pipe(_) => None,
        }
    }
}

impl Line {
    pub(crate) fn tcp(stream: TcpStream) -> Self {
        Self::new(End::Tcp(stream))
    }

    pub(crate) fn tls(stream: TlsStream<TcpStream>) -> Self {
        Self::new(End::Tls(Box::new(stream)))
    }

    pub(crate) fn pipe(stream: Stream) -> Self {
        Self::new(End::Pipe(stream))
    }

    fn new(end: End) -> Self {
        Self {
            transport: Arc::new(Mutex::new(Transport {
                end: Some(end),
                frozen: false,
                reader: None,
                writer: None,
            })),
            watch: None,
        }
    }

    /// The same line, of which this notes what goes over it.
    pub(crate) fn watched(mut self, watch: Watch) -> Self {
        self.watch = Some(watch);
        self
    }

    /// This machine's end of the connection, where it is a real one.
    pub(crate) fn here(&self) -> Option<SocketAddr> {
        self.transport().end.as_ref()?.tcp()?.local_addr().ok()
    }

    fn transport(&self) -> MutexGuard<'_, Transport> {
        self.transport
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Closes the connection at once; bytes that are not written yet are lost.
    pub(crate) fn cut(&self) {
        let mut transport = self.transport();
        transport.end = None;
        transport.wake();
    }

    /// Closes the connection so that the other side sees a reset, where the transport has such a thing.
    pub(crate) fn reset(&self) {
        let mut transport = self.transport();
        if let Some(stream) = transport.end.take().as_ref().and_then(End::tcp) {
            // A failure means an ordinary close.
            let _ = stream.set_zero_linger();
        }
        transport.wake();
    }

    /// Stops everything in both directions while the connection stays open.
    pub(crate) fn freeze(&self) {
        self.transport().frozen = true;
    }

    /// Lets everything flow again.
    pub(crate) fn thaw(&self) {
        let mut transport = self.transport();
        transport.frozen = false;
        transport.wake();
    }
}

impl Transport {
    /// Wakes both tasks, because either may have become able to go on.
    fn wake(&mut self) {
        for waker in [self.reader.take(), self.writer.take()]
            .into_iter()
            .flatten()
        {
            waker.wake();
        }
    }

    /// The end to read from or write to, or why there is none now.
    fn flowing(&mut self) -> Poll<io::Result<&mut End>> {
        if self.end.is_some() && self.frozen {
            return Poll::Pending;
        }
        Poll::Ready(self.end.as_mut().ok_or_else(|| {
            io::Error::new(
                io::ErrorKind::ConnectionAborted,
                "the simulator cut the line",
            )
        }))
    }

    /// Writes with the transport, if it is there and flows, and remembers who waits.
    fn write_with<T>(
        &mut self,
        waker: &Waker,
        write: impl FnOnce(&mut End) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        let polled = match self.flowing() {
            Poll::Ready(Ok(end)) => write(end),
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => Poll::Pending,
        };
        if polled.is_pending() {
            self.writer = Some(waker.clone());
        }
        polled
    }
}

impl AsyncRead for Line {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let mut transport = self.transport();
        let polled = match transport.flowing() {
            Poll::Ready(Ok(End::Tcp(stream))) => Pin::new(stream).poll_read(cx, buf),
            Poll::Ready(Ok(End::Tls(stream))) => Pin::new(stream).poll_read(cx, buf),
            Poll::Ready(Ok(End::Pipe(stream))) => Pin::new(stream).poll_read(cx, buf),
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => Poll::Pending,
        };
        if polled.is_pending() {
            transport.reader = Some(cx.waker().clone());
        }
        polled
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let waker = cx.waker().clone();
        self.transport().write_with(&waker, |end| match end {
            End::Tcp(stream) => Pin::new(stream).poll_write(cx, bytes),
            End::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
            End::Pipe(stream) => Pin::new(stream).poll_write(cx, bytes),
        })
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let waker = cx.waker().clone();
        self.transport().write_with(&waker, |end| match end {
            End::Tcp(stream) => Pin::new(stream).poll_flush(cx),
            End::Tls(stream) => Pin::new(stream).poll_flush(cx),
            End::Pipe(stream) => Pin::new(stream).poll_flush(cx),
        })
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let waker = cx.waker().clone();
        self.transport().write_with(&waker, |end| match end {
            End::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            End::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
            End::Pipe(stream) => Pin::new(stream).poll_shutdown(cx),
        })
    }
}
