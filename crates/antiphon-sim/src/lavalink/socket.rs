//! Sockets: frames go out on them, and nothing of meaning comes in (protocol §1).

use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::mpsc,
};
use tokio_websockets::Message;

use super::{Server, http::Granted};
use crate::{
    encoder::Encoder,
    line::Line,
    outgoing::Outgoing,
    socket::{Output, Peer, serve_socket},
};

/// Longest message taken from a client.
const LONGEST: usize = 1 << 16;
/// The code a client is closed with whose user is no number: an internal error (assumed).
const NO_NUMBER: u16 = 1011;

/// Serves one socket until either side ends it.
pub(crate) async fn serve<S>(server: &Server, node: usize, stream: S, line: Line, granted: Granted)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let _open = server.sockets.opened();
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
    let caller = Caller {
        server,
        node,
        number,
    };
    serve_socket(stream, LONGEST, output, None, caller).await;
}

/// The client at the other end; the socket leaves its session with it.
struct Caller<'a> {
    server: &'a Server,
    node: usize,
    number: u64,
}

impl Peer for Caller<'_> {
    fn heard(&self, _message: &Message) -> bool {
        self.server.with(|state| {
            state.note("a socket sent something; a node takes requests only");
        });
        true
    }
}

impl Drop for Caller<'_> {
    fn drop(&mut self) {
        self.server
            .with(|state| state.departed(self.node, self.number));
    }
}
