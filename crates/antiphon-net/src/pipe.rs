//! Connections that exist in memory only.
//!
//! A pipe holds no socket, so it runs on a paused clock, where an hour of waiting costs nothing.
//!
//! ```
//! use std::sync::Arc;
//! use antiphon_net::{Network, Route, pipe};
//! # use tokio::io::{AsyncReadExt, AsyncWriteExt};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let (connector, mut listener) = pipe::listen(64 * 1024);
//! let network = Network::new().route("*", Route::connector(Arc::new(connector)));
//!
//! let mut ours = network.open(&"https://api.queup.net/".parse()?).await?;
//! let (mut theirs, host, port) = listener.accept().await.ok_or("no connection")?;
//! assert_eq!((host.as_str(), port), ("api.queup.net", 443));
//!
//! ours.write_all(b"hello").await?;
//! let mut heard = [0; 5];
//! theirs.read_exact(&mut heard).await?;
//! assert_eq!(&heard, b"hello");
//! # Ok(()) }
//! ```

use std::io;

use antiphon_core::BoxFuture;
use tokio::sync::mpsc;

use crate::{Connect, Stream};

/// Most connections that wait for [`PipeListener::accept`]; a further `connect` waits for room.
const BACKLOG: usize = 128;

/// Makes a connector and the listener that its connections arrive at.
///
/// Each direction of a connection holds `capacity` bytes before its writer waits.
///
/// 64 KiB is a good capacity: a smaller one makes both sides wait for each other more often, as a slow network would.
///
/// # Panics
///
/// If `capacity` is zero, since nothing could ever be written.
pub fn listen(capacity: usize) -> (PipeConnector, PipeListener) {
    assert!(capacity > 0, "a pipe without room moves nothing");
    let (arrivals, waiting) = mpsc::channel(BACKLOG);
    (
        PipeConnector { arrivals, capacity },
        PipeListener { waiting },
    )
}

/// A connection as its listener sees it: the stream, the host and the port that were asked for.
type Arrival = (Stream, String, u16);

/// Opens pipes to a [`PipeListener`], whatever host and port are asked for.
///
/// Clones lead to the same listener.
#[derive(Clone, Debug)]
pub struct PipeConnector {
    arrivals: mpsc::Sender<Arrival>,
    capacity: usize,
}

impl Connect for PipeConnector {
    fn connect<'a>(&'a self, host: &'a str, port: u16) -> BoxFuture<'a, io::Result<Stream>> {
        Box::pin(async move {
            let (ours, theirs) = tokio::io::duplex(self.capacity);
            self.arrivals
                .send((Stream::new(theirs), host.to_owned(), port))
                .await
                .map_err(|_| io::ErrorKind::ConnectionRefused)?;
            Ok(Stream::new(ours))
        })
    }
}

/// The end at which the connections of a [`PipeConnector`] arrive.
///
/// Once it is dropped, further connections are refused, as by a closed port.
#[derive(Debug)]
pub struct PipeListener {
    waiting: mpsc::Receiver<Arrival>,
}

impl PipeListener {
    /// Waits for the next connection: its stream, and the host and port that were asked for.
    ///
    /// `None` once every connector is gone.
    /// Safe to cancel: no connection is lost.
    pub async fn accept(&mut self) -> Option<(Stream, String, u16)> {
        self.waiting.recv().await
    }
}
