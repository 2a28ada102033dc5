//! The socket side of the Gateway.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use futures_util::StreamExt;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::mpsc,
    time::{Instant, sleep_until, timeout},
};
use tokio_websockets::{Limits, ServerBuilder};

use super::Server;
use crate::{encoder::Encoder, line::Line, outgoing::write};

/// Longest message taken from a client; the protocol's own limit is far below.
const LONGEST: usize = 1 << 16;
/// How long a client has to answer a close frame.
const FAREWELL: Duration = Duration::from_secs(2);

/// How a client asked to be spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compression {
    None,
    Zlib,
    Zstd,
}

/// What a client asked for when it connected.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wish {
    pub(crate) compression: Compression,
    /// Whether it is a version that is spoken here.
    pub(crate) knows_version: bool,
}

/// Serves one socket until either side ends it.
pub(crate) async fn serve<S>(server: &Server, stream: S, line: Line, wish: Wish)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (most, interval, split) = server.with(|state| {
        (
            state.settings.outgoing,
            state.settings.heartbeat,
            state.troubles.split,
        )
    });
    let encoder = match wish.compression {
        Compression::None => Encoder::default(),
        Compression::Zlib => Encoder::zlib(split),
        Compression::Zstd => Encoder::zstd().unwrap_or_default(),
    };
    let (outgoing, to_write) = mpsc::channel(most);
    let number = server.with(|state| {
        state.serving += 1;
        let number = state.open(
            line.clone(),
            outgoing,
            wish.compression != Compression::None,
        );
        if wish.knows_version {
            state.hello(number);
        } else {
            state.note("a client speaks a version that is not spoken here");
            state.close(number, 4012, "Invalid API version.");
        }
        number
    });
    let _gone = Gone { server, number };
    let limits = Limits::default().max_payload_len(Some(LONGEST));
    let (sink, mut stream) = ServerBuilder::new().limits(limits).serve(stream).split();
    // A client that does not beat for two intervals and a half is gone.
    let patience = Duration::from_millis(interval * 5 / 2);
    let heard_at = Mutex::new(Instant::now());
    let deadline = || *heard_at.lock().unwrap_or_else(PoisonError::into_inner) + patience;
    let read = async {
        while let Some(Ok(message)) = stream.next().await {
            *heard_at.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
            if let Some((code, _)) = message.as_close() {
                server.with(|state| state.left(number, code.into()));
                break;
            }
            if message.is_text() || message.is_binary() {
                server.with(|state| state.heard(number, message.as_payload()));
            }
        }
    };
    tokio::pin!(read);
    let watch = async {
        while deadline() > Instant::now() {
            sleep_until(deadline()).await;
        }
        server.with(|state| state.time_out(number));
        // What closes the connection has to be written first.
        tokio::time::sleep(FAREWELL).await;
    };
    tokio::select! {
        () = &mut read => {}
        written = write(sink, to_write, line, encoder) => {
            if written.is_ok() {
                // The close frame was the last; the client has a moment to answer it.
                let _ = timeout(FAREWELL, read).await;
            }
        }
        () = watch => {}
    }
}

impl super::state::State {
    /// A client closed its connection; with 1000 or 1001 it leaves for good (protocol §4).
    fn left(&mut self, number: u64, code: u16) {
        let session = super::gateway::connection_session(self, number);
        self.gone(number);
        if let Some(session) = session.filter(|_| matches!(code, 1000 | 1001)) {
            self.leave(&session);
        }
    }

    /// A client did not beat; a line that is broken on purpose is only lost.
    fn time_out(&mut self, number: u64) {
        if self
            .connections
            .get(&number)
            .is_some_and(|connection| connection.mute)
        {
            self.gone(number);
        } else {
            self.close(number, 4009, "Session timed out.");
        }
    }
}

/// Takes the connection out of the state however its task ends.
struct Gone<'a> {
    server: &'a Server,
    number: u64,
}

impl Drop for Gone<'_> {
    fn drop(&mut self) {
        self.server.with(|state| {
            state.serving -= 1;
            state.gone(self.number);
        });
    }
}
