//! Sockets: frames go out on them, and nothing of meaning comes in (protocol §1).

use futures_util::StreamExt;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::mpsc,
};
use tokio_websockets::{Limits, ServerBuilder};

use super::{Server, http::Granted};
use crate::{
    encoder::Encoder,
    line::Line,
    outgoing::{Outgoing, write},
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
    let most = server.with(|state| state.settings.outgoing);
    let (outgoing, to_write) = mpsc::channel(most);
    let number = if let Some(caller) = granted.caller {
        server.with(|state| state.open(node, caller, granted.resumed, line.clone(), outgoing))
    } else {
        // The channel is empty, and if its other end is gone, so is the socket.
        let _ = outgoing.try_send(Outgoing::Close(NO_NUMBER, String::new()));
        0
    };
    let _gone = Gone {
        server,
        node,
        number,
    };
    let limits = Limits::default().max_payload_len(Some(LONGEST));
    let (sink, mut stream) = ServerBuilder::new().limits(limits).serve(stream).split();
    let read = async {
        while let Some(Ok(message)) = stream.next().await {
            if message.is_close() {
                break;
            }
            if message.is_text() || message.is_binary() {
                server.with(|state| {
                    state.note("a socket sent something; a node takes requests only");
                });
            }
        }
    };
    // Any of them ending ends the connection; what was not written yet is lost, as with any broken line.
    tokio::select! {
        () = read => {}
        _ = write(sink, to_write, line, Encoder::default()) => {}
    }
}

/// Takes the socket from its session when its task ends, however it does.
struct Gone<'a> {
    server: &'a Server,
    node: usize,
    number: u64,
}

impl Drop for Gone<'_> {
    fn drop(&mut self) {
        self.server
            .with(|state| state.departed(self.node, self.number));
    }
}
