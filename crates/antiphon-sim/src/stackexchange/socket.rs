//! Sockets: events go out on them, and nothing of meaning comes in.

use std::collections::BTreeMap;

use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::mpsc,
};
use tokio_websockets::Message;

use super::{
    Server,
    state::{Socket, Ticket},
};
use crate::{
    encoder::Encoder,
    line::Line,
    socket::{Output, Peer, serve_socket},
};

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
    let _open = server.sockets.opened();
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
    let output = Output {
        to_write,
        line,
        encoder: Encoder::default(),
    };
    let browser = Browser {
        server,
        chat,
        number,
    };
    serve_socket(stream, LONGEST, output, None, browser).await;
}

/// The client at the other end; the socket leaves the state with it.
struct Browser<'a> {
    server: &'a Server,
    chat: usize,
    number: u64,
}

impl Peer for Browser<'_> {
    fn heard(&self, _message: &Message) -> bool {
        self.server
            .with(|state| state.note("a socket sent something; none is expected to"));
        true
    }
}

impl Drop for Browser<'_> {
    fn drop(&mut self) {
        self.server.with(|state| {
            state.chats[self.chat].sockets.remove(&self.number);
        });
    }
}
