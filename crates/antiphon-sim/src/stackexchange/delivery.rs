//! Frames of sockets, and their rows in the ledger.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::state::{Draft, Happened, State};
use crate::{
    fault::Faults,
    ledger::Entry,
    outgoing::Outgoing,
    sockets::{HasSockets, Selection, Socket},
    timers::Timed as _,
};

/// The kind of an event in the journal.
pub(crate) fn kind(number: i64) -> String {
    let name = match number {
        1 => "MessagePosted",
        2 => "MessageEdited",
        3 => "UserEntered",
        4 => "UserLeft",
        5 => "RoomNameChanged",
        6 => "MessageStarred",
        7 => "DebugMessage",
        8 => "UserMentioned",
        9 => "MessageFlagged",
        10 => "MessageDeleted",
        11 => "FileAdded",
        12 => "ModeratorFlag",
        13 => "UserSettingsChanged",
        14 => "GlobalNotification",
        15 => "AccessLevelChanged",
        16 => "UserNotification",
        17 => "Invitation",
        18 => "MessageReply",
        19 => "MessageMovedOut",
        20 => "MessageMovedIn",
        21 => "TimeBreak",
        22 => "FeedTicker",
        29 => "UserSuspended",
        30 => "UserMerged",
        34 => "UserNameOrAvatarChanged",
        other => return format!("stackexchange.{other}"),
    };
    format!("stackexchange.{name}")
}

/// Origin of an event in the journal; a posted message has its message id, which it has on every way.
fn origin(event: &Happened) -> String {
    let is_posted = event.body["event_type"] == 1;
    let message = event.body["message_id"].as_i64();
    match message.filter(|id| is_posted && *id > 0) {
        Some(message) => format!("message/{message}"),
        None => format!("event/{}", event.id),
    }
}

impl State {
    /// Numbers a room's events, keeps them, and sends them in one frame.
    ///
    /// An event with an `only` is sent to that account alone.
    pub(crate) fn happen(&mut self, chat: usize, room: i64, events: Vec<impl Into<Draft>>) {
        let seconds = self.now().div_euclid(1000);
        let most = self.settings.replay;
        self.made += events.len() as u64;
        let server = &mut self.chats[chat];
        let mut happened = Vec::with_capacity(events.len());
        for draft in events {
            let Draft {
                mut body,
                only,
                own,
            } = draft.into();
            server.counter += 1;
            body["id"] = json!(server.counter);
            if body.get("time_stamp").is_none() {
                body["time_stamp"] = json!(seconds);
            }
            let event = Happened {
                id: server.counter,
                body,
                only,
                own,
            };
            if let Some(room) = server.rooms.get_mut(&room) {
                room.keep(event.clone());
            }
            server.buffer.push_back((room, event.clone()));
            happened.push(event);
        }
        while server.buffer.len() > most {
            if let Some((_, event)) = server.buffer.pop_front() {
                server.forgotten = event.id;
            }
        }
        self.send_all(chat, room, &happened);
    }

    /// Sends events to their accounts, and writes them into the ledger.
    fn send_all(&mut self, chat: usize, room: i64, events: &[Happened]) {
        let accounts: Vec<i64> = self.chats[chat].occupied.keys().copied().collect();
        for account in accounts {
            let server = &self.chats[chat];
            let rooms = server.occupied.get(&account);
            let is_there = rooms.is_some_and(|rooms| rooms.contains(&room));
            // An event of another room is sent under any room of the account.
            let key = if is_there {
                Some(room)
            } else {
                rooms.and_then(|rooms| rooms.first().copied())
            };
            let Some(key) = key else {
                continue;
            };
            let told: Vec<&Happened> = events
                .iter()
                .filter(|event| match event.only {
                    Some(only) => only == account,
                    None => is_there,
                })
                .collect();
            if told.is_empty() {
                continue;
            }
            let sockets = self.sockets_of(chat, account);
            if sockets.is_empty() {
                for event in &told {
                    self.write(chat, (account, key), event, Some(account), None);
                }
                continue;
            }
            // The newest socket counts; earlier ones are copies.
            for (index, number) in sockets.iter().rev().enumerate() {
                let due = (index == 0).then_some(account);
                self.send_events(chat, *number, key, &told, due);
            }
        }
    }

    /// Sends events of one room in one frame.
    pub(crate) fn send_events(
        &mut self,
        chat: usize,
        number: u64,
        key: i64,
        events: &[&Happened],
        due: Option<i64>,
    ) {
        let counter = self.chats[chat].counter;
        let Some(connection) = self.chats[chat].connections.get_mut(&number) else {
            return;
        };
        let twice = connection.socket.take_duplicate();
        let told = connection.told.insert(key, counter).unwrap_or(counter);
        let account = connection.account;
        let bodies = events.iter().map(|event| event.body_for(Some(account)));
        let bodies: Vec<Value> = bodies.collect();
        let frame = json!({
            format!("r{key}"): {"e": bodies, "t": counter, "d": counter - told},
        });
        for copy in 0..=u8::from(twice) {
            let sent = self.frame(number, &frame.to_string());
            for event in events {
                let due = due.filter(|_| copy == 0);
                self.write(chat, (account, key), event, due, sent.as_ref());
            }
        }
    }

    /// Writes one event into the ledger.
    fn write(
        &self,
        chat: usize,
        (account, key): (i64, i64),
        event: &Happened,
        due: Option<i64>,
        sent: Option<&(String, u64)>,
    ) {
        let server = &self.chats[chat];
        let place = match event.body["room_id"].as_i64() {
            Some(room)
                if server
                    .occupied
                    .get(&account)
                    .is_some_and(|r| r.contains(&room)) =>
            {
                format!("room/{room}")
            }
            Some(room) => format!("user/{account}/room/{room}"),
            // An event without a room belongs to the room under whose key it came.
            None => format!("room/{key}"),
        };
        let due = due.map(|account| account.to_string());
        self.ledger.write(Entry {
            platform: "stackexchange",
            kind: &kind(event.body["event_type"].as_i64().unwrap_or_default()),
            place: &place,
            origin: Some(origin(event)),
            due_to: due.as_deref(),
            at: self.now(),
            body: event.body_for(Some(account)).to_string().into(),
            sent: sent.map(|(connection, frame)| (connection.as_str(), *frame)),
        });
    }

    /// Sends one text frame; returns the connection's id and the frame's number.
    pub(crate) fn frame(&mut self, number: u64, text: &str) -> Option<(String, u64)> {
        let socket = self.socket(number)?;
        let sent = socket.count();
        let complaint = socket.send(Outgoing::Text(text.into()));
        if let Some(complaint) = complaint {
            self.note(complaint);
        }
        Some(sent)
    }

    /// Sends a new socket its replay, in one frame.
    pub(crate) fn replay(&mut self, chat: usize, number: u64, after: i64) {
        let server = &self.chats[chat];
        let counter = server.counter;
        let Some(connection) = server.connections.get(&number) else {
            return;
        };
        let account = connection.account;
        let rooms: Vec<i64> = server
            .occupied
            .get(&account)
            .map(|rooms| rooms.iter().copied().collect())
            .unwrap_or_default();
        // A counter of the future asks for no replay.
        let is_late = after > counter || self.chat_faults.begins_late;
        let after = if is_late { counter } else { after };
        let from = after.max(server.forgotten);
        let mut parts = Map::new();
        let mut sent = Vec::new();
        for room in &rooms {
            let events: Vec<Happened> = server
                .buffer
                .iter()
                .filter(|(at, event)| {
                    let here = at == room && event.only.is_none_or(|only| only == account);
                    let elsewhere = event.only == Some(account)
                        && !rooms.contains(at)
                        && rooms.first() == Some(room);
                    event.id > from && (here || elsewhere)
                })
                .map(|(_, event)| event.clone())
                .collect();
            let mut part = Map::new();
            if !events.is_empty() {
                let bodies = events.iter().map(|event| event.body_for(Some(account)));
                let bodies: Vec<Value> = bodies.collect();
                part.insert("e".into(), json!(bodies));
            }
            if counter > from || from > after {
                part.insert("t".into(), json!(counter));
                part.insert("d".into(), json!(counter - from));
            }
            parts.insert(format!("r{room}"), Value::Object(part));
            sent.extend(events.into_iter().map(|event| (*room, event)));
        }
        if let Some(connection) = self.chats[chat].connections.get_mut(&number) {
            connection.told = rooms.iter().map(|room| (*room, counter)).collect();
        }
        let place = self.frame(number, &Value::Object(parts).to_string());
        for (room, event) in &sent {
            self.write(chat, (account, *room), event, None, place.as_ref());
        }
    }

    /// Sends heartbeats for ever, the first after a pause.
    pub(crate) fn beat_later(&mut self) {
        let pause = Duration::from_millis(self.settings.heartbeat.max(1));
        self.later(pause, |state| {
            state.beat();
            state.beat_later();
        });
    }

    /// Sends a heartbeat on every socket: now and then with the counter, as for traffic in other rooms.
    fn beat(&mut self) {
        if self.chat_faults.is_silent {
            return;
        }
        for chat in 0..self.chats.len() {
            let numbers: Vec<u64> = self.chats[chat].connections.keys().copied().collect();
            for number in numbers {
                self.beat_on(chat, number);
            }
        }
    }

    pub(crate) fn beat_on(&mut self, chat: usize, number: u64) {
        let server = &mut self.chats[chat];
        let counter = server.counter;
        let Some(connection) = server.connections.get_mut(&number) else {
            return;
        };
        let rooms = server
            .occupied
            .get(&connection.account)
            .cloned()
            .unwrap_or_default();
        let mut parts = Map::new();
        for room in rooms {
            let told = connection.told.insert(room, counter).unwrap_or(counter);
            let part = if counter > told {
                json!({"t": counter, "d": counter - told})
            } else {
                json!({})
            };
            parts.insert(format!("r{room}"), part);
        }
        self.frame(number, &Value::Object(parts).to_string());
    }
}

impl HasSockets for State {
    const ENDLESS: &'static str = r#"{"r4242":{"e":[{"event_type":1,"content":""#;

    fn select(&self, of: &Selection) -> Vec<u64> {
        let chats = self.chats.iter().enumerate();
        let chats = chats.filter(|(index, _)| of.server.is_none_or(|server| server == *index));
        chats
            .flat_map(|(_, chat)| chat.connections.keys().copied())
            .collect()
    }

    fn socket(&mut self, number: u64) -> Option<&mut Socket> {
        let mut chats = self.chats.iter_mut();
        let connection = chats.find_map(|chat| chat.connections.get_mut(&number))?;
        Some(&mut connection.socket)
    }

    fn gone(&mut self, number: u64) {
        for chat in &mut self.chats {
            chat.connections.remove(&number);
        }
    }

    fn close(&mut self, number: u64, code: u16, reason: &str) {
        // Later events are not sent on it; a half-open socket stays.
        if self.socket(number).is_some_and(|socket| !socket.mute) {
            self.send(number, Outgoing::Close(code, reason.to_owned()));
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
