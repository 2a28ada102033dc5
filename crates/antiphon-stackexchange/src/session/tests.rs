//! The rules, one by one: plain calls, no runtime.

mod account;
mod bytes;
mod counters;
mod elsewhere;
mod holes;
mod lines;
mod model;
mod rooms;
mod rows;
mod unlisted;

use std::collections::HashSet;

use antiphon_core::{
    Draft, Event, Gap, Link, OpenFailure, Origin, Part, Payload as _, Position, Provenance,
};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::{
    frames::LEFT_OUT,
    history::AGAIN_TRIES,
    identity::{POSTED, SEEN},
    line::{self, REFUSED},
    login::STATUSES,
    mentions::{ACKS, ACKS_WAITING},
    room::HOLD_BYTES,
    rooms::{ENDED, LAG},
    *,
};
use crate::{
    error::{JoinError, RequestError},
    model::{EventId, ROOMS, Sockets, UserId},
    wire::Header,
};

const ME: i64 = 99;
const TEO: i64 = 102;
const SANDBOX: i64 = 4242;
const TEA: i64 = 17;
/// The server's counter when a test begins.
const TOP: i64 = 1000;

/// A session, with a clock that tests move and the entries that were stored.
struct Table {
    session: Session,
    now: Moment,
    stored: Vec<Entry>,
}

fn rules(rooms: &[i64]) -> Rules {
    Rules {
        server: crate::model::Server::default(),
        rooms: rooms.iter().copied().map(RoomId::new).collect(),
        only_rooms: false,
        sockets: Sockets::Shared,
        backfill: 100,
        poll_interval: Duration::from_secs(5),
        idle_timeout: Duration::from_secs(45),
        reset_after: Duration::from_secs(7200),
        acknowledge: true,
        buffer_bytes: 1 << 20,
    }
}

/// One event of a room, as a frame has it.
fn event(number: i64, id: i64, room: i64) -> Value {
    json!({"event_type": number, "id": id, "room_id": room, "user_id": TEO, "message_id": id.wrapping_add(50_000)})
}

fn message(id: i64, room: i64) -> Value {
    event(1, id, room)
}

/// A frame that has these events for a room, and counters that reach back to `TOP`.
fn frame(room: i64, events: &[Value]) -> Value {
    let ids = events.iter().filter_map(|event| event["id"].as_i64());
    let last = ids.max().unwrap_or(TOP);
    json!({format!("r{room}"): {"e": events, "t": last, "d": last - TOP}})
}

/// The server's counter, and nothing of the room's messages.
fn top(count: i64) -> Top {
    Top {
        count,
        newest: None,
    }
}

/// The origin of an event; for a message with an event id, the origin that the id would make.
fn by_event(draft: &Draft) -> String {
    let origin = draft.origin.as_str();
    let body: Value = serde_json::from_slice(&draft.body).unwrap_or_default();
    let id = body["id"]
        .as_i64()
        .or_else(|| body["id"].as_str()?.parse().ok());
    let count = origin
        .strip_prefix("message/")
        .and_then(|rest| rest.split_once('/'));
    match (origin.starts_with("message/"), id, count) {
        (true, Some(id), Some((count, _))) => format!("event/{count}/{id}"),
        (true, Some(id), None) => format!("event/{id}"),
        _ => origin.to_owned(),
    }
}

/// A row of a history of messages, as the server sends it.
fn row(message: i64) -> Value {
    json!({"event_type": 1, "time_stamp": 1_770_000_000, "room_id": SANDBOX, "user_id": TEO, "message_id": message})
}

/// A failure with these words.
fn failure(reason: &str) -> Failure {
    OpenFailure::new(reason).into()
}

/// A history with these events.
fn past(events: &[Value], whole: bool) -> Past {
    let rows = events.iter().map(|event| {
        let body = Bytes::from(event.to_string());
        let raw = serde_json::from_slice(&body).expect("JSON");
        (Header::of_row(raw).expect("an event"), body.clone())
    });
    Past {
        rows: rows.collect(),
        whole,
        ..Past::default()
    }
}

impl Table {
    fn new(rooms: &[i64]) -> Self {
        Self::with(rules(rooms), &[])
    }

    fn with(rules: Rules, checkpoints: &[Checkpoint]) -> Self {
        let now = Moment {
            at: Instant::now(),
            wall: "2026-01-01T00:00:00Z".parse().expect("a time"),
        };
        let nonce = format!("run{}", checkpoints.len());
        Self {
            session: Session::new(rules, Rng::with_seed(1), &nonce, checkpoints),
            now,
            stored: Vec::new(),
        }
    }

    /// A session that is heard on one socket for all these rooms.
    fn served(rooms: &[i64]) -> (Self, SocketId) {
        let mut table = Self::new(rooms);
        table.log_in();
        let id = table.open(TOP);
        table.store();
        (table, id)
    }

    /// A session with a socket for each room, and the sockets, in the order of the rooms' numbers.
    fn served_each(rooms: &[i64]) -> (Self, Vec<SocketId>) {
        let mut rules = rules(rooms);
        rules.sockets = Sockets::PerRoom;
        let mut table = Self::with(rules, &[]);
        table.log_in();
        let opens = table.answer(TOP).into_iter().filter_map(|task| match task {
            Task::Open { id, .. } => Some(id),
            _ => None,
        });
        let ids: Vec<SocketId> = opens.collect();
        for id in &ids {
            table.opened(*id);
        }
        table.store();
        (table, ids)
    }

    /// A session that goes on from the checkpoints of another.
    fn restarted(&mut self) -> Self {
        let mut table = Self::with(self.session.rules.clone(), &self.checkpoints());
        table.now = self.now;
        // The journal is the same.
        table.stored.clone_from(&self.stored);
        table
    }

    fn pass(&mut self, seconds: u64) {
        let time = Duration::from_secs(seconds);
        self.now.at += time;
        self.now.wall += time;
    }

    fn done(&mut self, done: Done) {
        self.session.on_done(done, self.now);
    }

    /// Handles every deadline that is due, as the loop does.
    fn deadline(&mut self) {
        self.session.note_pause(self.now);
        for _ in 0..10 {
            if self
                .session
                .deadline()
                .is_some_and(|due| due <= self.now.at)
            {
                self.session.on_deadline(self.now);
            }
        }
        let due = self.session.deadline();
        assert!(
            due.is_none_or(|due| due > self.now.at),
            "the loop would spin"
        );
    }

    fn frame(&mut self, id: SocketId, frame: &Value) {
        let bytes = Bytes::from(frame.to_string());
        self.session.on_bytes(id, &bytes, self.now);
    }

    fn tasks(&mut self) -> Vec<Task> {
        std::iter::from_fn(|| self.session.next_task()).collect()
    }

    fn closes(&mut self) -> Vec<SocketId> {
        std::iter::from_fn(|| self.session.next_close()).collect()
    }

    /// Stores the queued entries, and returns them.
    fn store(&mut self) -> &[Entry] {
        let from = self.stored.len();
        let entries = std::iter::from_fn(|| self.session.outbox.take());
        self.stored.extend(entries);
        &self.stored[from..]
    }

    /// Stores the queued entries; the kinds of their events.
    fn kinds(&mut self) -> Vec<String> {
        let events = self.store().iter().filter_map(|entry| entry.event.as_ref());
        events.map(|event| event.kind.to_string()).collect()
    }

    /// Stores the queued entries; the origins of their events but antiphon's own, by event ids where there are any.
    fn origins(&mut self) -> Vec<String> {
        let events = self.store().iter().filter_map(|entry| entry.event.as_ref());
        events
            .filter(|event| event.provenance != Provenance::Synthetic)
            .map(by_event)
            .collect()
    }

    /// The last checkpoint of each part, as a journal would have it.
    fn checkpoints(&mut self) -> Vec<Checkpoint> {
        self.store();
        let mut last = BTreeMap::new();
        let checkpoints = self
            .stored
            .iter()
            .filter_map(|entry| entry.checkpoint.as_ref());
        for checkpoint in checkpoints {
            last.insert(Arc::clone(&checkpoint.part), checkpoint.clone());
        }
        last.into_values().collect()
    }

    /// The durable mark of a room.
    fn mark(&mut self, room: i64) -> Option<i64> {
        let part = format!("room/{room}");
        let checkpoints = self.checkpoints();
        let found = checkpoints.iter().find(|kept| *kept.part == *part);
        found.map(|checkpoint| checkpoint.mark)
    }

    fn gaps(&mut self) -> Vec<(String, Gap)> {
        self.store();
        let drafts = self.stored.iter().filter_map(|entry| entry.event.as_ref());
        let gaps = drafts.filter(|draft| draft.kind.as_str() == Gap::KIND);
        gaps.map(|draft| {
            let event = Event::stored(Position::new(1), "chat".into(), draft.clone());
            (draft.place.to_string(), Gap::decode(&event).expect("a gap"))
        })
        .collect()
    }

    /// The gaps of events from elsewhere.
    fn gaps_elsewhere(&mut self) -> Vec<Gap> {
        let gaps = self.gaps().into_iter();
        gaps.filter(|(at, _)| at == "user/99")
            .map(|(_, gap)| gap)
            .collect()
    }

    /// The states of one room's link.
    fn links_of(&mut self, room: i64) -> Vec<LinkState> {
        self.store();
        let place = format!("room/{room}");
        let drafts = self.stored.iter().filter_map(|entry| entry.event.as_ref());
        drafts
            .filter(|draft| draft.kind.as_str() == Link::KIND && draft.place.as_str() == place)
            .map(|draft| {
                let event = Event::stored(Position::new(1), "chat".into(), draft.clone());
                Link::decode(&event).expect("a link").state
            })
            .collect()
    }

    /// The gaps of one room.
    fn gaps_of(&mut self, room: i64) -> Vec<Gap> {
        let place = format!("room/{room}");
        let gaps = self.gaps().into_iter();
        gaps.filter(|(at, _)| *at == place)
            .map(|(_, gap)| gap)
            .collect()
    }

    fn log_in(&mut self) {
        self.session.start();
        assert!(matches!(self.tasks()[..], [Task::LogIn]));
        let me = Me {
            id: UserId::new(ME),
            name: "antiphon".into(),
        };
        self.done(Done::LoggedIn(Ok(me)));
    }

    /// Answers announcements with this counter, and waits for checkpoints; returns every other task.
    fn answer(&mut self, top: i64) -> Vec<Task> {
        let mut others = Vec::new();
        while let Some(task) = self.session.next_task() {
            match task {
                Task::Announce { room, round } => self.done(Done::Announced {
                    room,
                    round,
                    outcome: Ok(self::top(top)),
                }),
                Task::Stored { room, .. } => self.done(Done::Stored { room }),
                other => others.push(other),
            }
        }
        others
    }

    /// Answers the tasks before a socket, and opens it.
    fn open(&mut self, top: i64) -> SocketId {
        let tasks = self.answer(top);
        let mut opens = tasks.iter().filter_map(|task| match task {
            Task::Open { id, .. } => Some(*id),
            _ => None,
        });
        let id = opens
            .next()
            .unwrap_or_else(|| panic!("no socket is asked for: {tasks:?}"));
        self.opened(id);
        id
    }

    fn opened(&mut self, id: SocketId) {
        self.done(Done::Opened {
            id,
            outcome: Ok(format!("c{}", id.epoch)),
        });
    }

    /// Waits for the next try and opens its socket.
    fn reopen(&mut self, top: i64) -> SocketId {
        self.pass(60);
        self.deadline();
        self.open(top)
    }

    fn cut(&mut self, id: SocketId) {
        self.session.on_closed(id, "it broke", self.now);
    }

    /// Refuses sockets until the rooms are polled.
    fn poll(&mut self) {
        for _ in 0..REFUSED {
            let tasks = self.answer(TOP);
            let Some(Task::Open { id, .. }) = tasks.first() else {
                panic!("no socket is asked for: {tasks:?}");
            };
            let refused = Failure {
                step: Step::Socket,
                ..failure("no socket today")
            };
            let id = *id;
            self.done(Done::Opened {
                id,
                outcome: Err(refused),
            });
            if !self.session.is_polling() {
                self.pass(60);
                self.deadline();
            }
        }
        assert!(self.session.is_polling());
        self.deadline();
    }

    fn polled(&mut self, line: LineId, frame: &Value) {
        self.done(Done::Polled {
            line,
            outcome: Ok(frame.to_string().into()),
        });
    }

    fn join(&mut self, room: i64) -> oneshot::Receiver<Result<(), JoinError>> {
        let (reply, answer) = oneshot::channel();
        let room = RoomId::new(room);
        self.session
            .on_command(Command::Join { room, reply }, self.now);
        answer
    }

    fn leave(&mut self, room: Option<i64>) {
        let (reply, _) = oneshot::channel();
        let room = room.map(RoomId::new);
        self.session
            .on_command(Command::Leave { room, reply }, self.now);
    }

    /// The history that is being asked for: its room, its round, and since when.
    #[track_caller]
    fn history(&mut self) -> (RoomId, u64, i64) {
        let tasks = self.tasks();
        let asked = tasks.iter().find_map(|task| match task {
            Task::History {
                room, round, since, ..
            } => Some((*room, *round, *since)),
            _ => None,
        });
        asked.unwrap_or_else(|| panic!("no history is asked for: {tasks:?}"))
    }

    /// Answers the history that is being asked for.
    #[track_caller]
    fn answer_history(&mut self, past: Past) -> i64 {
        let (room, round, since) = self.history();
        self.done(Done::History {
            room,
            round,
            outcome: Ok(past),
        });
        since
    }
}
