//! Sockets: events go out on them, and nothing of meaning comes in.

use futures_util::StreamExt;
use std::collections::BTreeMap;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::mpsc,
};
use tokio_websockets::{Limits, ServerBuilder};

use super::{
    Server,
    state::{Socket, Ticket},
};
use crate::{encoder::Encoder, line::Line, outgoing::write};

/// Longest message taken from a client.
const LONGEST: usize = 1 << 16;

/// Serves one socket until either side ends it.
pub(crate) async fn serve<S>(
    server: &Server,
    stream: S,
    line: Line,
    ticket: Ticket,
    connection: String,
    after: i64,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let most = server.with(|state| state.settings.outgoing);
    let (outgoing, to_write) = mpsc::channel(most);
    let chat = ticket.chat;
    let number = server.with(|state| {
        state.opened += 1;
        let number = state.opened;
        let socket = Socket {
            connection,
            account: ticket.account,
            line: line.clone(),
            outgoing,
            frames: 0,
            mute: false,
            duplicate: 0,
            told: BTreeMap::new(),
        };
        state.chats[chat].sockets.insert(number, socket);
        state.occupy(chat, ticket.account, ticket.room);
        state.replay(chat, number, after);
        number
    });
    let _gone = Gone {
        server,
        chat,
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
                server.with(|state| state.note("a socket sent something; none is expected to"));
            }
        }
    };
    // Any of them ending ends the connection; what was not written yet is lost, as with any broken line.
    tokio::select! {
        () = read => {}
        _ = write(sink, to_write, line, Encoder::default()) => {}
    }
}

/// Forgets the socket when its task ends, however it does.
struct Gone<'a> {
    server: &'a Server,
    chat: usize,
    number: u64,
}

impl Drop for Gone<'_> {
    fn drop(&mut self) {
        self.server.with(|state| {
            state.chats[self.chat].sockets.remove(&self.number);
        });
    }
}
