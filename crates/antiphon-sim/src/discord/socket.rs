//! Sockets of the Gateway.

use std::time::Duration;

use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::mpsc,
};
use tokio_websockets::Message;

use super::state::State;
use crate::{
    encoder::Encoder,
    line::Line,
    outgoing::Output,
    server::Server,
    socket::{Peer, serve_socket},
    sockets::HasSockets as _,
};

/// Longest message taken from a client; the protocol's own limit is far below.
const LONGEST: usize = 1 << 16;

/// Transport compression that a client asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Compression {
    None,
    Zlib,
    Zstd,
}

/// Query of a Gateway connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wish {
    pub(crate) compression: Compression,
    /// Whether the requested version is supported.
    pub(crate) knows_version: bool,
}

/// Serves one socket until either side ends it.
pub(crate) async fn serve<S>(server: &Server<State>, stream: S, line: Line, wish: Wish)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let (most, interval, split) = server.with(|state| {
        (
            state.settings.outgoing,
            state.settings.heartbeat,
            state.gateway.faults.split,
        )
    });
    let encoder = match wish.compression {
        Compression::None => Encoder::default(),
        Compression::Zlib => Encoder::zlib(split),
        Compression::Zstd => Encoder::zstd().unwrap_or_default(),
    };
    let _open = server.shared.open.opened();
    let (outgoing, to_write) = mpsc::channel(most);
    let number = server.with(|state| {
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
    let output = Output {
        to_write,
        line,
        encoder,
    };
    // A client without a heartbeat for two and a half intervals is disconnected.
    let patience = Duration::from_millis(interval * 5 / 2);
    serve_socket(
        stream,
        LONGEST,
        output,
        Some(patience),
        Shard { server, number },
    )
    .await;
}

impl State {
    /// Handles a client's close frame; 1000 and 1001 end the session (protocol §4).
    fn left(&mut self, number: u64, code: u16) {
        let session = self.gateway.session_on(number);
        self.gone(number);
        if let Some(session) = session.filter(|_| matches!(code, 1000 | 1001)) {
            self.leave(&session);
        }
    }

    /// Handles missing heartbeats; a half-open connection is lost, any other closed with 4009.
    fn time_out(&mut self, number: u64) {
        if self
            .gateway
            .connections
            .get(&number)
            .is_some_and(|connection| connection.socket.mute)
        {
            self.gone(number);
        } else {
            self.close(number, 4009, "Session timed out.");
        }
    }
}

/// The client at the other end; dropping it removes the connection from the state.
struct Shard<'a> {
    server: &'a Server<State>,
    number: u64,
}

impl Peer for Shard<'_> {
    fn heard(&self, message: &Message) -> bool {
        let payload = message.as_payload();
        self.server.with(|state| state.heard(self.number, payload));
        true
    }

    fn closed(&self, code: u16) {
        self.server.with(|state| state.left(self.number, code));
    }

    fn silent(&self) {
        self.server.with(|state| state.time_out(self.number));
    }
}

impl Drop for Shard<'_> {
    fn drop(&mut self) {
        self.server.with(|state| state.gone(self.number));
    }
}
