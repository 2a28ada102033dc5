//! Sockets of chat servers; clients send nothing on them.

use std::collections::BTreeMap;

use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::mpsc,
};
use tokio_websockets::Message;

use super::state::{Connection, State, Ticket};
use crate::{
    encoder::Encoder,
    line::Line,
    outgoing::Output,
    server::Server,
    socket::{Peer, serve_socket},
    sockets::{HasSockets as _, Socket},
};

/// Longest message taken from a client.
const LONGEST: usize = 1 << 16;

/// Serves one socket until either side ends it.
pub(crate) async fn serve<S>(
    server: &Server<State>,
    stream: S,
    line: Line,
    ticket: Ticket,
    connection: String,
    after: i64,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let _open = server.shared.open.opened();
    let most = server.with(|state| state.settings.outgoing);
    let (outgoing, to_write) = mpsc::channel(most);
    let chat = ticket.chat;
    let number = server.with(|state| {
        state.opened += 1;
        let number = state.opened;
        let connection = Connection {
            socket: Socket::new(connection, line.clone(), outgoing),
            account: ticket.account,
            told: BTreeMap::new(),
        };
        state.chats[chat].connections.insert(number, connection);
        state.occupy(chat, ticket.account, ticket.room);
        state.replay(chat, number, after);
        number
    });
    let output = Output {
        to_write,
        line,
        encoder: Encoder::default(),
    };
    serve_socket(stream, LONGEST, output, None, Browser { server, number }).await;
}

/// The client at the other end; dropping it takes the socket out of the state.
struct Browser<'a> {
    server: &'a Server<State>,
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
        self.server.with(|state| state.gone(self.number));
    }
}
