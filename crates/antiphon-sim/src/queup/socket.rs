//! Sockets of QueUp: engine.io v3 over a WebSocket.
//!
//! A packet begins with a digit (protocol §3.1): `0` opens, `1` closes, `2` asks for a pong, `4` carries a message.
//! The server never pings; a client that is silent for an interval and a timeout is cut off.
//! A message has an action, of which a client sends four: a heartbeat, attaching and detaching of a channel, and presence; what
//! else comes is noted and passed over.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::mpsc,
};
use tokio_websockets::Message;

use super::{logins::Client, quirk, state::State};
use crate::{
    encoder::Encoder,
    line::Line,
    outgoing::{Outgoing, Output},
    server::Server,
    socket::{Peer, serve_socket},
    sockets::HasSockets as _,
};

/// Longest message taken from a client.
const LONGEST: usize = 1 << 20;

impl State {
    /// Begins a connection: the open packet, then action 4.
    fn welcome(&mut self, number: u64) {
        let open = json!({
            "sid": format!("{:016x}", self.secrets.u64(..)),
            "upgrades": [],
            "pingInterval": self.settings.ping_interval,
            "pingTimeout": self.settings.ping_timeout,
        });
        self.send(number, Outgoing::Text(format!("0{open}").into()));
        let Some(connection) = self.channels.connections.get(&number) else {
            return;
        };
        let client = connection.client.id().to_owned();
        let connected =
            json!({"action": 4, "clientId": client, "connectionId": connection.socket.id});
        let connected = quirk::message(&self.faults.quirks_for(Some(&client)), &connected);
        self.tell(number, &connected);
    }

    /// Takes a text frame from a client; returns whether the connection goes on.
    fn heard(&mut self, number: u64, text: &str) -> bool {
        let decoded;
        let packet = if let Some(base64) = text.strip_prefix('b') {
            let (digit, data) = base64.split_at(base64.len().min(1));
            let data = STANDARD.decode(data).unwrap_or_default();
            decoded = format!("{digit}{}", String::from_utf8_lossy(&data));
            &decoded
        } else {
            text
        };
        let mut characters = packet.chars();
        let (digit, data) = (characters.next(), characters.as_str());
        match digit {
            Some('1') => return false,
            Some('2') => self.ping(number, data),
            Some('4') => match serde_json::from_str(data) {
                Ok(message) => self.take_message(number, &message),
                Err(_) => self.note("a socket sent a message that is not JSON"),
            },
            Some('0' | '3' | '5' | '6') => {}
            _ => self.note(format!(
                "a socket sent a packet of no known type: {packet:.40}"
            )),
        }
        true
    }

    /// Answers a ping with its own text, unless a fault withholds the answers.
    fn ping(&mut self, number: u64, echo: &str) {
        let Some(connection) = self.channels.connections.get(&number) else {
            return;
        };
        let of = &self.faults.withhold_pongs_of;
        let withheld = self.faults.withhold_pongs
            || of.contains(connection.client.id())
            || of.contains(&connection.socket.id);
        if !withheld {
            self.send(number, Outgoing::Text(format!("3{echo}").into()));
        }
    }

    /// Acts on a message of a client, by its action.
    fn take_message(&mut self, number: u64, message: &Value) {
        let channel = message.get("channel").and_then(Value::as_str);
        match (message.get("action").and_then(Value::as_u64), channel) {
            (Some(0 | 3), _) => {}
            (Some(10), Some(channel)) => self.attach(number, channel),
            (Some(12), Some(channel)) => self.detach(number, channel),
            (Some(14), Some(channel)) => self.take_presence(number, channel, message),
            _ => self.note(format!(
                "a socket sent a message nobody understands: {message}"
            )),
        }
    }

    /// Error of a channel's name, if there is one.
    fn refusal(&self, channel: &str) -> Option<String> {
        let known = match channel.split_once(':') {
            Some(("room", id)) => self.rooms.contains_key(id),
            Some(("user", id)) => self.users.contains_key(id),
            _ => false,
        };
        (!known).then(|| format!("no such channel: {channel}"))
    }

    /// Attaches a channel; a user who is in the room is due its events from now on.
    fn attach(&mut self, number: u64, channel: &str) {
        if let Some(error) = self.refusal(channel) {
            self.note(error.clone());
            return self.tell(number, &json!({"action": 9, "error": error}));
        }
        self.acknowledge(number, channel, 11);
        let Some(connection) = self.channels.connections.get_mut(&number) else {
            return;
        };
        let Client::User(user) = connection.client.clone() else {
            connection.channels.insert(channel.to_owned());
            return;
        };
        let is_due = match channel.split_once(':') {
            Some(("room", id)) => self
                .rooms
                .get(id)
                .is_some_and(|room| room.is_present(&user)),
            Some((_, id)) => id == user,
            None => false,
        };
        // Attaching another user's channel succeeds without effect.
        if is_due || !channel.starts_with("user:") {
            connection.channels.insert(channel.to_owned());
        }
        if is_due {
            self.channels
                .due
                .entry(channel.to_owned())
                .or_default()
                .insert(user);
        }
    }

    /// Detaches a channel; the account stays due its events while another of its connections has it.
    fn detach(&mut self, number: u64, channel: &str) {
        let Some(connection) = self.channels.connections.get_mut(&number) else {
            return;
        };
        let client = connection.client.id().to_owned();
        connection.channels.remove(channel);
        if connection.entered.remove(channel) {
            let id = connection.socket.id.clone();
            self.presence(channel, &client, &id, 1);
        }
        let is_elsewhere = self.channels.connections.values().any(|connection| {
            connection.client.id() == client && connection.channels.contains(channel)
        });
        if !is_elsewhere {
            self.channels.settle_due(channel, &client);
        }
        self.acknowledge(number, channel, 13);
    }

    /// Answers that a channel was attached (11) or detached (13).
    fn acknowledge(&mut self, number: u64, channel: &str, action: u8) {
        let Some(connection) = self.channels.connections.get(&number) else {
            return;
        };
        let client = connection.client.id().to_owned();
        let message = json!({
            "action": action,
            "channel": channel,
            "clientId": client,
            "connectionId": connection.socket.id,
        });
        let message = quirk::message(&self.faults.quirks_for(Some(&client)), &message);
        self.tell(number, &message);
    }

    /// Announces a client's presence in a channel that it has attached.
    fn take_presence(&mut self, number: u64, channel: &str, message: &Value) {
        let Some(connection) = self.channels.connections.get_mut(&number) else {
            return;
        };
        if !connection.channels.contains(channel) {
            let id = connection.socket.id.clone();
            return self.note(format!(
                "connection {id} changed its presence in {channel} without being attached"
            ));
        }
        // A missing action means enter.
        let action = message
            .pointer("/presence/action")
            .and_then(Value::as_u64)
            .and_then(|action| u8::try_from(action).ok())
            .unwrap_or(0);
        if action == 1 {
            connection.entered.remove(channel);
        } else {
            connection.entered.insert(channel.to_owned());
        }
        let (client, id) = (
            connection.client.id().to_owned(),
            connection.socket.id.clone(),
        );
        self.presence(channel, &client, &id, action);
    }
}

/// Serves one socket until either side ends it.
pub(crate) async fn serve<S>(server: &Server<State>, stream: S, line: Line, client: Client)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let _open = server.shared.open.opened();
    let settings = server.with(|state| state.settings);
    let (outgoing, to_write) = mpsc::channel(settings.outgoing);
    let number = server.with(|state| {
        let number = state.open(client, line.clone(), outgoing);
        state.welcome(number);
        number
    });
    let output = Output {
        to_write,
        line,
        encoder: Encoder::default(),
    };
    let patience = Duration::from_millis(settings.ping_interval + settings.ping_timeout);
    serve_socket(
        stream,
        LONGEST,
        output,
        Some(patience),
        Visitor { server, number },
    )
    .await;
}

/// The client at the other end; dropping it removes the connection from the state.
struct Visitor<'a> {
    server: &'a Server<State>,
    number: u64,
}

impl Peer for Visitor<'_> {
    fn heard(&self, message: &Message) -> bool {
        let text = message.as_text();
        text.is_none_or(|text| self.server.with(|state| state.heard(self.number, text)))
    }

    /// Cuts the connection of a client that does not ping.
    fn silent(&self) {
        self.server.with(|state| {
            if let Some(connection) = state.channels.connections.get(&self.number) {
                connection.socket.line.cut();
            }
        });
    }
}

impl Drop for Visitor<'_> {
    fn drop(&mut self) {
        self.server.with(|state| state.gone(self.number));
    }
}
