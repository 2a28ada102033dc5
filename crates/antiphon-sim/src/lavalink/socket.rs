//! Sockets of nodes; clients send nothing on them (protocol §1).

use std::sync::Arc;

use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::mpsc,
};
use tokio_websockets::Message;

use super::{session::Caller, state::State};
use crate::{
    encoder::Encoder,
    line::Line,
    outgoing::{Outgoing, Output},
    server::Server,
    socket::{Peer, serve_socket},
    sockets::HasSockets as _,
};

/// Longest message taken from a client.
const LONGEST: usize = 1 << 16;
/// Close code for a client whose user id is no number: an internal error (assumed).
const NO_NUMBER: u16 = 1011;

/// A socket that was granted and waits for the end of HTTP.
pub(crate) struct Granted {
    /// The client; `None` if its headers cannot be read, and the socket closes at once.
    pub(crate) caller: Option<Caller>,
    /// The session that it resumes.
    pub(crate) resumed: Option<Arc<str>>,
}

/// Serves one socket until either side ends it.
pub(crate) async fn serve<S>(
    server: &Server<State>,
    node: usize,
    stream: S,
    line: Line,
    granted: Granted,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let _open = server.shared.open.opened();
    let most = server.with(|state| state.settings.outgoing);
    let (outgoing, to_write) = mpsc::channel(most);
    let number = if let Some(caller) = granted.caller {
        server.with(|state| state.open(node, caller, granted.resumed, line.clone(), outgoing))
    } else {
        // The channel is empty, and if its other end is gone, so is the socket.
        let _ = outgoing.try_send(Outgoing::Close(NO_NUMBER, String::new()));
        0
    };
    let output = Output {
        to_write,
        line,
        encoder: Encoder::default(),
    };
    serve_socket(stream, LONGEST, output, None, Client { server, number }).await;
}

/// The client at the other end; dropping it takes the socket from its session.
struct Client<'a> {
    server: &'a Server<State>,
    number: u64,
}

impl Peer for Client<'_> {
    fn heard(&self, _message: &Message) -> bool {
        self.server.with(|state| {
            state.note("a socket sent something; a node takes requests only");
        });
        true
    }
}

impl Drop for Client<'_> {
    fn drop(&mut self) {
        self.server.with(|state| state.gone(self.number));
    }
}
