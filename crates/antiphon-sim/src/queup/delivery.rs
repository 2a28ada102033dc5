//! Delivery of events to the connections that are attached to their channels.
//!
//! An event goes to every connection that is attached to its channel, with the quirks of that connection's account, and is
//! written into the ledger for every account that is due it.
//! An account with several connections is due it once, on the newest; an account without a connection has missed it, and its
//! row says so.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use antiphon_core::Origin;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::{
    channels::Connection,
    frame::{Frame, event_message},
    logins::Client,
    quirk,
    state::State,
};
use crate::{
    fault::{Faults, Quirk},
    ledger::Entry,
    line::Line,
    outgoing::Outgoing,
    sockets::{HasSockets, Reordering, Selection, Socket},
};

impl State {
    /// Adds a connection; returns the number it is known by.
    ///
    /// Its id is random, with the number behind, so that two runs have no id in common.
    pub(crate) fn open(
        &mut self,
        client: Client,
        line: Line,
        outgoing: mpsc::Sender<Outgoing>,
    ) -> u64 {
        self.channels.opened += 1;
        let number = self.channels.opened;
        let id = format!("{:08x}{number:04x}", self.secrets.u32(..));
        let connection = Connection {
            socket: Socket::new(id, line, outgoing),
            client,
            channels: BTreeSet::new(),
            entered: BTreeSet::new(),
            reordering: Reordering::default(),
        };
        self.channels.connections.insert(number, connection);
        number
    }

    /// Sends a message for this connection only; it is due because it is sent.
    pub(crate) fn tell(&mut self, number: u64, message: &Value) {
        let Some(connection) = self.channels.connections.get(&number) else {
            return;
        };
        let own = connection.client.id().to_owned();
        self.post(number, &Frame::new(message, &own), Some(&own));
    }

    /// Sends the text of a message packet as it is.
    pub(crate) fn tell_raw(&mut self, number: u64, text: &str) {
        let Some(connection) = self.channels.connections.get(&number) else {
            return;
        };
        let own = connection.client.id().to_owned();
        self.post(number, &Frame::raw(text, &own), Some(&own));
    }

    /// Announces an event of a channel to attached connections and accounts that are due it.
    pub(crate) fn announce(&mut self, channel: &str, name: &str, mut data: Value) {
        data["type"] = json!(name);
        let copies = |quirks: &BTreeSet<Quirk>| quirk::copies(quirks, name);
        self.publish(channel, copies, |quirks, turn| {
            let data = quirk::event_data(quirks, turn, name, &data);
            event_message(channel, name, &data)
        });
    }

    /// Announces an event of a room.
    pub(crate) fn announce_in(&mut self, room: &str, name: &str, data: Value) {
        self.announce(&format!("room:{room}"), name, data);
    }

    /// Announces a change of presence: 0 enter, 1 leave, 2 update.
    pub(crate) fn presence(&mut self, channel: &str, client: &str, connection: &str, action: u8) {
        let message = json!({
            "action": 14,
            "channel": channel,
            "presence": {"action": action, "clientId": client, "connectionId": connection, "data": {}},
        });
        self.publish(channel, |_| 1, |quirks, _| quirk::message(quirks, &message));
    }

    /// Sends a message to every connection attached to a channel, as often as the quirks of its account say; accounts
    /// that are due it and have no connection get a ledger row.
    fn publish(
        &mut self,
        channel: &str,
        copies: impl Fn(&BTreeSet<Quirk>) -> usize,
        make: impl Fn(&BTreeSet<Quirk>, usize) -> Value,
    ) {
        self.announced += 1;
        self.turn += 1;
        let turn = self.turn;
        let attached: Vec<(u64, String)> = self
            .channels
            .connections
            .iter()
            .filter(|(_, connection)| connection.channels.contains(channel))
            .map(|(number, connection)| (*number, connection.client.id().to_owned()))
            .collect();
        let mut owed = self.channels.due.get(channel).cloned().unwrap_or_default();
        let mut frames: BTreeMap<BTreeSet<Quirk>, Frame> = BTreeMap::new();
        let mut deliveries = Vec::new();
        // The newest connection of an account is the one that counts; earlier ones are its forgotten sockets.
        for (number, client) in attached.into_iter().rev() {
            let due = owed.remove(&client).then(|| client.clone());
            let quirks = self.faults.quirks_for(Some(&client));
            let copies = copies(&quirks);
            let frame = frames
                .entry(quirks)
                .or_insert_with_key(|quirks| Frame::new(&make(quirks, turn), &client))
                .clone();
            deliveries.push((number, frame, due, copies));
        }
        for (number, frame, due, copies) in deliveries.into_iter().rev() {
            for _ in 0..copies {
                self.deliver(number, frame.clone(), due.clone());
            }
        }
        for account in owed {
            let quirks = self.faults.quirks_for(Some(&account));
            let copies = copies(&quirks);
            let frame = frames
                .entry(quirks)
                .or_insert_with_key(|quirks| Frame::new(&make(quirks, turn), &account))
                .clone();
            for _ in 0..copies {
                self.miss(&frame, Some(&account));
            }
        }
    }

    /// Sends an event on one connection, duplicated or reordered as its faults say.
    fn deliver(&mut self, number: u64, frame: Frame, due: Option<String>) {
        let Some(connection) = self.channels.connections.get_mut(&number) else {
            return;
        };
        let mut batch = connection.reordering.take((frame, due));
        if !batch.is_empty() && connection.socket.take_duplicate() {
            batch.extend(batch.clone());
        }
        for (frame, due) in batch {
            self.post(number, &frame, due.as_deref());
        }
    }

    /// Numbers a message, writes it into the ledger, and queues it.
    fn post(&mut self, number: u64, frame: &Frame, due: Option<&str>) {
        let at = self.now();
        let Some(connection) = self.channels.connections.get_mut(&number) else {
            return;
        };
        let (connection, number_there) = connection.socket.count();
        let origin = frame.occurrence.clone().unwrap_or_else(|| {
            let origin = Origin::frame(&connection, number_there);
            origin.as_str().to_owned()
        });
        self.ledger.write(Entry {
            platform: "queup",
            kind: &frame.kind,
            place: &frame.place,
            origin: Some(origin),
            due_to: due,
            at,
            body: Arc::clone(&frame.body),
            sent: Some((&connection, number_there)),
        });
        let packet = Arc::clone(&frame.packet);
        self.send(number, Outgoing::Text(packet));
    }

    /// Writes an event into the ledger that an account is due and that no connection of it received.
    ///
    /// Such a row has no connection and no number.
    fn miss(&self, frame: &Frame, due: Option<&str>) {
        self.ledger.write(Entry {
            platform: "queup",
            kind: &frame.kind,
            place: &frame.place,
            origin: frame.occurrence.clone(),
            due_to: due,
            at: self.now(),
            body: Arc::clone(&frame.body),
            sent: None,
        });
    }
}

impl HasSockets for State {
    const ENDLESS: &'static str = r#"4{"action":15,"channel":"room:0","message":{"name":"chat-message","type":"json","data":""#;

    fn select(&self, of: &Selection) -> Vec<u64> {
        self.channels.select(of)
    }

    fn socket(&mut self, number: u64) -> Option<&mut Socket> {
        let connection = self.channels.connections.get_mut(&number)?;
        Some(&mut connection.socket)
    }

    /// Removes a connection; others in its channels see its presence leave.
    fn gone(&mut self, number: u64) {
        let Some(mut connection) = self.channels.connections.remove(&number) else {
            return;
        };
        if let Some((frame, due)) = connection.reordering.release() {
            self.miss(&frame, due.as_deref());
        }
        for channel in connection.entered {
            self.presence(&channel, connection.client.id(), &connection.socket.id, 1);
        }
    }

    fn close(&mut self, number: u64, code: u16, reason: &str) {
        self.send(number, Outgoing::Close(code, reason.to_owned()));
        // Later events are not sent on it; a half-open socket stays.
        if self.socket(number).is_some_and(|socket| !socket.mute) {
            self.gone(number);
        }
    }

    fn faults(&mut self, _: &Selection) -> Vec<&mut Faults> {
        vec![&mut self.faults]
    }

    fn note(&self, text: String) {
        Self::note(self, text);
    }
}
