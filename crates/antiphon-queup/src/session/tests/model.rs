//! Any course of events against a model of the server: nothing is lost in silence, nothing is stored twice.
//!
//! The server has two rooms with a page of chat each, a playing song and a queue (protocol §3, §4). A socket brings the
//! events of the rooms whose channels are attached to it; nothing is replayed (protocol §9, 30). Frames, answers, cuts
//! and refusals come in any order, the journal stores now or later, and the program may be killed at any moment.
//!
//! Every event has its number in the log of the whole server in its body, so that the audit knows it again under
//! whatever origin it was stored.

use std::collections::{BTreeSet, HashMap};

use antiphon_core::{Edge, Projection as _};
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest};

use super::*;
use crate::{
    cache::{Cache, CacheProjection, SharedCache},
    event::SONG_CHANGE,
};

/// Ids of the rooms, and the names in their URLs.
const ROOMS: [(&str, &str); 2] = [(ROOM, "loft"), ("6b88aa00bb11cc22dd33ee55", "tea")];
/// Messages and deletions of a room's page of chat.
const PAGE: usize = 10;
/// Messages of a history that the session takes at most.
const BACKFILL: usize = 6;

#[derive(Clone, Copy, Debug)]
enum Act {
    /// A message in a room, or one of the same author in both rooms at the same time.
    Say(usize),
    SayInBoth,
    /// The newest message is deleted.
    Delete(usize),
    /// A member comes, or goes.
    Join(usize),
    Part(usize),
    /// Another song begins; the queue changes.
    Song(usize),
    Queue(usize),
    /// The server drops the account from a room, or detaches its channel.
    Drop(usize),
    Detach(usize),
    Garbage,
    /// The server reads a number of frames of the client; a number of its own arrive.
    Serve(usize),
    Deliver(usize),
    Cut,
    Close,
    /// The server does one of the requests; one of its answers arrives, or fails.
    Look(usize),
    Answer(usize),
    Fail(usize),
    /// Sockets are refused from now on, or channels are not attached, or both work again.
    Refuse(bool),
    Deaf(bool),
    /// The server gives a connection id again.
    Reuse(bool),
    /// Time passes in silence, or with everything answered.
    Pass(u64),
    Live(u64),
    Store(usize),
    Kill,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        10 => (0..2_usize).prop_map(Act::Say),
        1 => Just(Act::SayInBoth),
        2 => (0..2_usize).prop_map(Act::Delete),
        3 => (0..2_usize).prop_map(Act::Join),
        2 => (0..2_usize).prop_map(Act::Part),
        3 => (0..2_usize).prop_map(Act::Song),
        2 => (0..2_usize).prop_map(Act::Queue),
        1 => (0..2_usize).prop_map(Act::Drop),
        1 => (0..2_usize).prop_map(Act::Detach),
        1 => Just(Act::Garbage),
        6 => (1..4_usize).prop_map(Act::Serve),
        8 => (1..6_usize).prop_map(Act::Deliver),
        2 => Just(Act::Cut),
        1 => Just(Act::Close),
        8 => any::<usize>().prop_map(Act::Look),
        8 => any::<usize>().prop_map(Act::Answer),
        1 => any::<usize>().prop_map(Act::Fail),
        1 => any::<bool>().prop_map(Act::Refuse),
        1 => any::<bool>().prop_map(Act::Deaf),
        1 => any::<bool>().prop_map(Act::Reuse),
        4 => prop_oneof![0..8_u64, 8..90_u64, Just(900)].prop_map(Act::Pass),
        6 => (1..30_u64).prop_map(Act::Live),
        6 => prop_oneof![1..6_usize, Just(usize::MAX)].prop_map(Act::Store),
        2 => Just(Act::Kill),
    ]
}

/// One event of a room.
struct Said {
    room: usize,
    at: Timestamp,
    /// Body of the event, which a history has too.
    body: String,
    /// Whether the history of the room has it.
    is_chat: bool,
}

#[derive(Default)]
struct Hall {
    /// Number of the song that plays, and its time in ms; songs are numbered by the log.
    song: Option<(usize, i64)>,
    /// Number of the last change of the queue.
    queue: usize,
    /// Ids of the members, the oldest first.
    members: VecDeque<String>,
    /// Whether the client could not fetch the members since the last outage.
    is_blind: bool,
    /// Moment in the log from which on its events are due: when its channel was attached first.
    since: Option<usize>,
}

struct Wire {
    channels: BTreeSet<String>,
    /// Frames of the client that the server has not read.
    asked: VecDeque<String>,
    /// Frames under way, each with its moment in the log.
    frames: VecDeque<(usize, String)>,
    /// Whether the session has it.
    is_joined: bool,
    is_broken: bool,
}

/// The edges of a gap.
#[derive(Debug)]
struct Hole {
    room: Option<usize>,
    from: Edge,
    to: Edge,
}

struct World {
    table: Table,
    log: Vec<Said>,
    halls: [Hall; 2],
    wire: Option<Wire>,
    connections: usize,
    asked: Vec<Task>,
    answers: Vec<Done>,
    refuses: bool,
    is_deaf: bool,
    reuses_ids: bool,
    runs: u64,
    /// Moments in the log of the frames that arrived, by connection and number.
    arrived: HashMap<(String, u64), usize>,
    /// Number of the stored entries that were checked.
    checked: usize,
    origins: HashSet<String>,
    /// Origin under which each event is stored.
    stored: HashMap<usize, String>,
    marks: HashMap<String, i64>,
    holes: Vec<Hole>,
    /// Number of the last song whose change is stored.
    songs: [Option<usize>; 2],
    cache: SharedCache,
    projection: CacheProjection,
}

fn strict() -> Rules {
    Rules {
        rooms: ROOMS.iter().map(|(_, slug)| Slug::from(*slug)).collect(),
        backfill: BACKFILL,
        buffer_bytes: 20_000,
        ..rules()
    }
}

fn room_of(channel: &str) -> Option<usize> {
    let id = channel.strip_prefix("room:")?;
    ROOMS.iter().position(|(room, _)| *room == id)
}

impl World {
    fn new() -> Self {
        let cache = SharedCache::new(Cache::for_rooms(2));
        let mut table = Table::with(strict(), &[]);
        table.session.start();
        Self {
            table,
            log: Vec::new(),
            halls: [Hall::default(), Hall::default()],
            wire: None,
            connections: 0,
            asked: Vec::new(),
            answers: Vec::new(),
            refuses: false,
            is_deaf: false,
            reuses_ids: false,
            runs: 0,
            arrived: HashMap::new(),
            checked: 0,
            origins: HashSet::new(),
            stored: HashMap::new(),
            marks: HashMap::new(),
            holes: Vec::new(),
            songs: [None; 2],
            projection: CacheProjection::new("queup".into(), cache.clone()),
            cache,
        }
    }

    // -----------------------------------------------------------------------------------------------------------------
    // The server.

    /// The server's clock in ms; no two events have one time, unless they are to.
    fn stamp(&self) -> i64 {
        let number = i64::try_from(self.log.len()).expect("small");
        self.table.now.wall.as_millisecond() + number % 1000
    }

    /// The moment between the events so far and the next: even numbers are between, odd ones are events.
    fn moment(&self) -> usize {
        self.log.len() * 2
    }

    fn send(&mut self, moment: usize, text: String) {
        if let Some(wire) = self.wire.as_mut().filter(|wire| !wire.is_broken) {
            wire.frames.push_back((moment, text));
        }
    }

    /// Adds an event of a room, and sends it if the room's channel is attached.
    fn tell(&mut self, room: usize, name: &str, mut data: Value, is_chat: bool) {
        let moment = self.moment() + 1;
        data["n"] = self.log.len().into();
        data["type"] = name.into();
        let body = data.to_string();
        let channel = room_channel(&ROOMS[room].0.into());
        let message = json!({"name": name, "type": "json", "data": body});
        let frame = json!({"action": 15, "channel": channel, "message": message});
        if self
            .wire
            .as_ref()
            .is_some_and(|wire| wire.channels.contains(&channel))
        {
            self.send(moment, format!("4{frame}"));
        }
        self.log.push(Said {
            room,
            at: self.table.now.wall,
            body,
            is_chat,
        });
    }

    fn say(&mut self, room: usize, stamp: i64) {
        let data = json!({"chatid": format!("{TEO}-{stamp}"), "time": stamp, "message": "x", "user": {"_id": TEO}});
        self.tell(room, "chat-message", data, true);
    }

    fn delete(&mut self, room: usize) {
        let mut messages = self.log.iter().rev();
        let newest = messages.find(|said| said.room == room && said.is_chat);
        let chat = newest.and_then(|said| {
            let data: Value = serde_json::from_str(&said.body).expect("JSON");
            (data["type"] == "chat-message").then(|| data["chatid"].clone())
        });
        if let Some(chat) = chat {
            let data = json!({"chatid": chat, "time": self.stamp(), "user": {"_id": TEO}});
            self.tell(room, "delete-chat-message", data, true);
        }
    }

    fn song_json((number, played): (usize, i64)) -> Value {
        json!({"_id": format!("song{number}"), "songid": "s", "played": played, "songLength": 60_000})
    }

    fn play(&mut self, room: usize) {
        let song = (self.log.len(), self.stamp());
        self.halls[room].song = Some(song);
        let data = json!({"startTime": -1, "song": Self::song_json(song)});
        self.tell(room, "room_playlist-update", data, false);
    }

    fn active(&self, room: usize) -> Option<Bytes> {
        let song = self.halls[room].song?;
        let since = (self.table.now.wall.as_millisecond() - song.1) / 1000;
        let active = json!({"startTime": since, "song": Self::song_json(song)});
        Some(active.to_string().into())
    }

    fn details(&self, room: usize) -> Bytes {
        let queue = self.halls[room].queue;
        json!([{"_id": format!("queue{queue}")}]).to_string().into()
    }

    fn users(&self, room: usize) -> Bytes {
        let members = self.halls[room].members.iter();
        let rows = members.map(|id| json!({"userid": id, "_user": {"_id": id, "username": id}}));
        let rows: Vec<Value> = rows.collect();
        json!(rows).to_string().into()
    }

    /// The page of chat, newest first.
    fn page(&self, room: usize) -> Vec<usize> {
        let numbers = (0..self.log.len()).rev();
        let chat = numbers.filter(|number| {
            let said = &self.log[*number];
            said.room == room && said.is_chat
        });
        chat.take(PAGE).collect()
    }

    fn answer(room: usize) -> RoomAnswer {
        let (id, slug) = ROOMS[room];
        let body = json!({"_id": id, "roomUrl": slug, "name": slug}).to_string();
        let wire: wire::Room<'_> = serde_json::from_str(&body).expect("a room");
        RoomAnswer {
            info: wire.into(),
            body: body.into(),
        }
    }

    fn snapshot(&self, room: usize, updates: u64, with_history: bool) -> Snapshot {
        let history = with_history.then(|| {
            let rows: Vec<&str> = self
                .page(room)
                .into_iter()
                .map(|number| &*self.log[number].body)
                .collect();
            format!("[{}]", rows.join(",")).into()
        });
        Snapshot {
            room: Some(Self::answer(room).body),
            users: Some(self.users(room)),
            active: Some(self.active(room).unwrap_or_else(|| "null".into())),
            dubs: None,
            details: Some(self.details(room)),
            history,
            updates,
        }
    }

    /// Reads one frame of the client.
    fn serve(&mut self) {
        let Some(wire) = self.wire.as_mut().filter(|wire| !wire.is_broken) else {
            return;
        };
        let Some(frame) = wire.asked.pop_front() else {
            return;
        };
        let moment = self.moment();
        let Some(message) = frame.strip_prefix('4') else {
            assert_eq!(frame, "2", "a ping");
            return self.send(moment, "3".to_owned());
        };
        let message: Value = serde_json::from_str(message).expect("JSON");
        let channel = message["channel"].as_str().expect("a channel").to_owned();
        match message["action"].as_i64() {
            Some(10) if !self.is_deaf => {
                if let Some(room) = room_of(&channel) {
                    self.halls[room].since.get_or_insert(moment);
                }
                self.send(
                    moment,
                    format!("4{}", json!({"action": 11, "channel": channel})),
                );
                if let Some(wire) = &mut self.wire {
                    wire.channels.insert(channel);
                }
            }
            Some(10 | 14) => {}
            action => panic!("{action:?} was not asked for"),
        }
    }

    fn room_by(id: &RoomId) -> usize {
        let at = ROOMS.iter().position(|(room, _)| *id == **room);
        at.expect("a room")
    }

    /// Does a request; the answer has the server's state of now, whenever it arrives.
    fn look(&mut self, index: usize) {
        if self.asked.is_empty() {
            return;
        }
        let task = self.asked.swap_remove(index % self.asked.len());
        match self.table.session.due(&task) {
            Due::Now => {}
            Due::Never => return,
            Due::Later => return self.asked.push(task),
        }
        let done = match task {
            Task::Open if self.refuses => Done::Opened(Err(OpenFailure::new("no socket today"))),
            Task::Open => {
                self.accept();
                let user = json!({"_id": ME, "username": "mira"}).to_string();
                Done::Opened(Ok(user.into()))
            }
            Task::Stored {
                channel,
                epoch,
                part,
                mark,
            } => {
                if self.marks.get(&*part).is_none_or(|stored| *stored < mark) {
                    let task = Task::Stored {
                        channel,
                        epoch,
                        part,
                        mark,
                    };
                    return self.asked.push(task);
                }
                Done::Stored { channel, epoch }
            }
            Task::Join { id, slug, .. } => {
                let at = ROOMS.iter().position(|(_, name)| slug == *name);
                Done::Joined {
                    id,
                    outcome: Ok(Self::answer(at.expect("a room"))),
                }
            }
            Task::Rejoin {
                room,
                epoch,
                history,
                updates,
                ..
            } => Done::Rejoined {
                outcome: Ok(self.snapshot(Self::room_by(&room), updates, history)),
                room,
                epoch,
            },
            Task::State { room, updates } => Done::State {
                snapshot: self.snapshot(Self::room_by(&room), updates, false),
                room,
            },
            Task::Queue { room } => Done::Queue {
                outcome: Ok(self.details(Self::room_by(&room))),
                room,
            },
            Task::Active { room, updates } => Done::Active {
                outcome: Ok(self.active(Self::room_by(&room))),
                room,
                updates,
            },
            Task::Post { room, .. } => Done::Posted {
                room,
                outcome: Ok(()),
            },
            task @ (Task::Leave { .. } | Task::Conversations) => panic!("{task:?}"),
        };
        self.answers.push(done);
    }

    fn accept(&mut self) {
        self.connections += 1;
        let id = if self.reuses_ids { 0 } else { self.connections };
        self.wire = Some(Wire {
            channels: BTreeSet::new(),
            asked: VecDeque::new(),
            frames: VecDeque::new(),
            is_joined: false,
            is_broken: false,
        });
        let moment = self.moment();
        let open = "0{\"sid\":\"s\",\"pingInterval\":25000,\"pingTimeout\":60000}";
        self.send(moment, open.to_owned());
        let connected = json!({"action": 4, "clientId": ME, "connectionId": format!("c{id}")});
        self.send(moment, format!("4{connected}"));
    }

    // -----------------------------------------------------------------------------------------------------------------
    // What lies between.

    fn arrive(&mut self, index: usize, fails: bool) {
        if self.answers.is_empty() {
            return;
        }
        let halves = index.is_multiple_of(2);
        let done = self.answers.swap_remove(index % self.answers.len());
        let done = if fails {
            self.failed(done, halves)
        } else {
            done
        };
        let is_open = matches!(done, Done::Opened(Ok(_)));
        self.table.done(done);
        if is_open && let Some(wire) = &mut self.wire {
            wire.is_joined = true;
            if wire.is_broken {
                self.closed("it broke at once");
            }
        }
    }

    /// The same answer as it is if the request fails, or a part of it.
    fn failed(&mut self, done: Done, halves: bool) -> Done {
        const LATE: Duration = Duration::from_secs(30);
        match done {
            Done::Opened(_) => {
                self.wire = None;
                Done::Opened(Err(OpenFailure::new("timed out")))
            }
            Done::Joined { id, .. } => Done::Joined {
                id,
                outcome: Err(JoinError::TimedOut(LATE)),
            },
            Done::Rejoined {
                room,
                epoch,
                outcome,
            } => Done::Rejoined {
                room,
                epoch,
                outcome: match outcome {
                    Ok(snapshot) if halves => Ok(Snapshot {
                        history: None,
                        ..snapshot
                    }),
                    _ => Err(JoinError::TimedOut(LATE)),
                },
            },
            Done::State { room, .. } => {
                self.halls[Self::room_by(&room)].is_blind = true;
                Done::State {
                    room,
                    snapshot: Snapshot::default(),
                }
            }
            Done::Queue { room, .. } => Done::Queue {
                room,
                outcome: Err(RequestError::TimedOut(LATE)),
            },
            Done::Active { room, updates, .. } => Done::Active {
                room,
                updates,
                outcome: Err(RequestError::TimedOut(LATE)),
            },
            Done::Posted { room, .. } => Done::Posted {
                room,
                outcome: Err(JoinError::TimedOut(LATE)),
            },
            done => done,
        }
    }

    /// The session loses its socket.
    fn closed(&mut self, reason: &str) {
        self.wire = None;
        self.table.session.on_closed(reason, self.table.now);
    }

    fn cut(&mut self) {
        let Some(wire) = &mut self.wire else { return };
        if wire.is_joined {
            self.closed("it broke");
        } else {
            wire.is_broken = true;
            wire.frames.clear();
        }
    }

    fn deliver(&mut self) {
        if !self.table.session.wants_frame() {
            return;
        }
        let Some((moment, text)) = self
            .wire
            .as_mut()
            .filter(|wire| wire.is_joined)
            .and_then(|wire| wire.frames.pop_front())
        else {
            return;
        };
        let cut = self.table.frame(&text);
        let connection = &self.table.session.connection;
        let edge = connection.far_edge(self.table.now);
        if let (true, Some(name), Some(frame)) =
            (text.starts_with('4'), edge.connection, edge.frame)
        {
            self.arrived.insert((name, frame), moment);
        }
        if let Err(Cut(reason)) = cut {
            self.closed(&reason);
        }
    }

    fn pass(&mut self, seconds: u64) {
        let until = self.table.now.at + Duration::from_secs(seconds);
        let mut turns = 0;
        self.table.session.note_pause(self.table.now);
        while let Some(at) = self.table.session.deadline()
            && at <= until
        {
            let time = at.saturating_duration_since(self.table.now.at);
            self.table.now.at += time;
            self.table.now.wall += time;
            if let Err(Cut(reason)) = self.table.session.on_deadline(self.table.now) {
                self.closed(&reason);
            }
            self.pump();
            self.table.session.note_pause(self.table.now);
            turns += 1;
            assert!(turns < 1_000, "the session spins: {:?}", self.table.session);
        }
        let time = until.saturating_duration_since(self.table.now.at);
        self.table.now.at += time;
        self.table.now.wall += time;
    }

    /// Fetches what the session wants: requests, and frames to send.
    fn pump(&mut self) {
        self.asked.extend(self.table.tasks());
        for reply in self.table.replies() {
            if let Some(wire) = self.wire.as_mut().filter(|wire| wire.is_joined) {
                wire.asked.push_back(reply);
            }
        }
    }

    /// Does, answers and delivers everything for some seconds.
    fn live(&mut self, seconds: u64) {
        for _ in 0..=seconds / 5 {
            for _ in 0..4 {
                for _ in 0..self.asked.len() {
                    self.look(0);
                }
                for _ in 0..self.answers.len() {
                    self.arrive(1, false);
                    self.pump();
                }
                for _ in 0..self.wire.as_ref().map_or(0, |wire| wire.asked.len()) {
                    self.serve();
                }
                for _ in 0..self.wire.as_ref().map_or(0, |wire| wire.frames.len()) {
                    self.deliver();
                    self.pump();
                }
            }
            self.pass(5.min(seconds));
        }
    }

    fn take(&mut self, act: Act) {
        match act {
            Act::Say(room) => self.say(room, self.stamp()),
            Act::SayInBoth => {
                let stamp = self.stamp();
                self.say(0, stamp);
                self.say(1, stamp);
            }
            Act::Delete(room) => self.delete(room),
            Act::Join(room) => {
                let id = format!("u{}", self.log.len());
                let user = json!({"_id": id, "username": id});
                self.halls[room].members.push_back(id);
                self.tell(room, "user-join", json!({"user": user}), false);
            }
            Act::Part(room) => {
                if let Some(id) = self.halls[room].members.pop_front() {
                    let user = json!({"_id": id, "username": id});
                    self.tell(room, "user-leave", json!({"user": user}), false);
                }
            }
            Act::Song(room) => self.play(room),
            Act::Queue(room) => {
                self.halls[room].queue = self.log.len();
                self.tell(room, "room_playlist-queue-update", json!({}), false);
            }
            Act::Drop(room) => {
                let data = json!({"user": {"_id": ME}});
                self.tell(room, "user-leave", data, false);
            }
            Act::Detach(room) => {
                let channel = room_channel(&ROOMS[room].0.into());
                let is_attached = self
                    .wire
                    .as_mut()
                    .is_some_and(|wire| wire.channels.remove(&channel));
                if is_attached {
                    let detached = json!({"action": 13, "channel": channel});
                    self.send(self.moment(), format!("4{detached}"));
                }
            }
            Act::Garbage => self.send(self.moment(), "9 what".to_owned()),
            Act::Serve(count) => (0..count).for_each(|_| self.serve()),
            Act::Deliver(count) => (0..count).for_each(|_| {
                self.deliver();
                self.pump();
            }),
            Act::Cut => self.cut(),
            Act::Close => self.send(self.moment(), "1".to_owned()),
            Act::Look(index) => self.look(index),
            Act::Answer(index) => self.arrive(index, false),
            Act::Fail(index) => self.arrive(index, true),
            Act::Refuse(refuses) => self.refuses = refuses,
            Act::Deaf(is_deaf) => self.is_deaf = is_deaf,
            Act::Reuse(reuses_ids) => self.reuses_ids = reuses_ids,
            Act::Pass(seconds) => self.pass(seconds),
            Act::Live(seconds) => self.live(seconds),
            Act::Store(count) => self.store(count),
            Act::Kill => self.kill(),
        }
        self.pump();
        self.table.session.note_pause(self.table.now);
    }

    // -----------------------------------------------------------------------------------------------------------------
    // The journal.

    fn store(&mut self, count: usize) {
        let outbox = &mut self.table.session.outbox;
        self.table
            .stored
            .extend(std::iter::from_fn(|| outbox.take()).take(count));
        while let Some(entry) = self.table.stored.get(self.checked).cloned() {
            self.checked += 1;
            if let Some(draft) = entry.event {
                self.stored(draft);
            }
            if let Some(checkpoint) = entry.checkpoint {
                self.marks
                    .insert(checkpoint.part.to_string(), checkpoint.mark);
            }
        }
        self.nothing_is_claimed_that_is_missing();
    }

    fn stored(&mut self, draft: Draft) {
        let room = draft
            .place
            .as_str()
            .strip_prefix("room/")
            .and_then(|id| ROOMS.iter().position(|(room, _)| *room == id));
        if !self.origins.insert(draft.origin.to_string()) {
            // The journal stores an origin once.
            return;
        }
        let kind = draft.kind.to_string();
        let (body, origin) = (draft.body.clone(), draft.origin.to_string());
        let event = Event::stored(Position::new(1), "queup".into(), draft);
        self.projection.apply(&event);
        if kind == Gap::KIND {
            let gap = Gap::decode(&event).expect("a gap");
            assert!(gap.from.at <= gap.to.at, "{gap:?}");
            self.holes.push(Hole {
                room,
                from: gap.from,
                to: gap.to,
            });
            return;
        }
        let Ok(data) = serde_json::from_slice::<Value>(&body) else {
            return;
        };
        if kind == SONG_CHANGE {
            let room = room.expect("a room");
            let song = data["song"]["_id"].as_str();
            let song = song.and_then(|id| id.strip_prefix("song")?.parse().ok());
            let last = std::mem::replace(&mut self.songs[room], song);
            assert!(
                last < song,
                "the change to song {song:?} comes after that to {last:?}"
            );
            return;
        }
        let Some(number) = data["n"].as_u64() else {
            return;
        };
        let number = usize::try_from(number).expect("small");
        assert_eq!(body, self.log[number].body);
        if let Some(other) = self.stored.insert(number, origin.clone()) {
            panic!("event {number} is stored as {origin} and as {other}");
        }
    }

    /// The moment in the log at an edge that is known by its frame.
    fn moment_of(&self, edge: &Edge) -> Option<usize> {
        let name = edge.connection.clone()?;
        self.arrived.get(&(name, edge.frame?)).copied()
    }

    fn is_behind(&self, edge: &Edge, number: usize) -> bool {
        match self.moment_of(edge) {
            Some(moment) => moment < number * 2 + 1,
            None => edge.at <= self.log[number].at,
        }
    }

    fn is_before(&self, edge: &Edge, number: usize) -> bool {
        match self.moment_of(edge) {
            Some(moment) => number * 2 + 1 < moment,
            None => self.log[number].at <= edge.at,
        }
    }

    fn is_due(&self, number: usize) -> bool {
        let since = self.halls[self.log[number].room].since;
        since.is_some_and(|since| since <= number * 2)
    }

    #[track_caller]
    fn check(&self, number: usize) {
        let said = &self.log[number];
        let in_gap = || {
            self.holes.iter().any(|hole| {
                hole.room == Some(said.room)
                    && self.is_behind(&hole.from, number)
                    && self.is_before(&hole.to, number)
            })
        };
        assert!(
            !self.is_due(number) || self.stored.contains_key(&number) || in_gap(),
            "{} of room {} at {} is lost; gaps: {:#?}",
            said.body,
            said.room,
            said.at,
            self.holes
        );
    }

    /// Checks what a restart would take for whole: every event before the outage of its room is stored, or in a gap.
    fn nothing_is_claimed_that_is_missing(&mut self) {
        let checkpoints = self.stored_checkpoints();
        let restored = Table::with(strict(), &checkpoints);
        for number in 0..self.log.len() {
            let channel = room_channel(&ROOMS[self.log[number].room].0.into());
            let channel = restored.session.channels.get(&channel);
            let from = channel.and_then(|channel| channel.from.as_ref());
            if from.is_some_and(|from| !self.is_behind(from, number)) {
                self.check(number);
            }
        }
    }

    fn stored_checkpoints(&self) -> Vec<Checkpoint> {
        let mut last = BTreeMap::new();
        let entries = self.table.stored.iter();
        for checkpoint in entries.filter_map(|entry| entry.checkpoint.as_ref()) {
            last.insert(Arc::clone(&checkpoint.part), checkpoint.clone());
        }
        last.into_values().collect()
    }

    fn kill(&mut self) {
        self.runs += 1;
        let checkpoints = self.stored_checkpoints();
        let backoff = Backoff::new(Rng::with_seed(self.runs)).floor(Duration::from_secs(5));
        let nonce = format!("again{}", self.runs);
        self.table.session = Session::new(strict(), backoff, &nonce, &checkpoints);
        self.wire = None;
        self.asked.clear();
        self.answers.clear();
        self.table.session.start();
    }

    /// Compares the members in the cache with those of the rooms.
    fn members_agree(&self) {
        for (hall, (id, _)) in self.halls.iter().zip(ROOMS) {
            let cache = self.cache.read();
            let cached = cache.rooms.get(&RoomId::from(id)).expect("a room");
            let cached: BTreeSet<&str> = cached.members.iter().map(|(id, _)| id.as_str()).collect();
            let members: BTreeSet<&str> = hall.members.iter().map(|id| &**id).collect();
            assert!(
                hall.is_blind || cached == members,
                "the cache has {cached:?} in room {id}, and the server {members:?}"
            );
        }
    }

    /// Ends all faults, and runs until nothing is under way; the last outage fetches every history once more.
    fn rest(&mut self) {
        self.refuses = false;
        self.is_deaf = false;
        for round in 0..120 {
            if round == 60 {
                self.members_agree();
                for hall in &mut self.halls {
                    hall.is_blind = false;
                }
                self.take(Act::Cut);
            }
            self.live(5);
            self.take(Act::Store(usize::MAX));
        }
    }
}

fn play(acts: &[Act]) {
    let mut world = World::new();
    world.pump();
    for act in acts {
        world.take(*act);
    }
    world.rest();
    for number in 0..world.log.len() {
        world.check(number);
    }
    for (room, (id, _)) in ROOMS.iter().enumerate() {
        let hall = &world.halls[room];
        assert!(hall.since.is_some(), "room {room} was never attached");
        let page = world.page(room).into_iter().take(BACKFILL);
        for number in page.filter(|number| world.is_due(*number)) {
            assert!(
                world.stored.contains_key(&number),
                "{} is in the history and is not stored",
                world.log[number].body
            );
        }
        let name = room_channel(&(*id).into());
        let channel = &world.table.session.channels[&name];
        assert_eq!(channel.attachment, Attachment::Yes);
        let playing = channel.room.as_ref().and_then(|room| room.playing.clone());
        let playing = playing.map(|playing| playing.id);
        let song = hall.song.map(|(number, _)| format!("song{number}"));
        assert_eq!(playing, Some(song.clone().unwrap_or_default()));
        let cache = world.cache.read();
        let cached = cache.rooms.get(&RoomId::from(*id)).expect("a room");
        let active = cached.active.as_ref().map(|song| song.id.to_string());
        assert_eq!(active, song, "the cache plays another song");
        let queue: Vec<String> = cached
            .queue
            .iter()
            .map(|song| song.id.to_string())
            .collect();
        assert_eq!(queue, [format!("queue{}", hall.queue)]);
    }
    world.members_agree();
    let waiting: Vec<&Task> = world
        .asked
        .iter()
        .filter(|task| world.table.session.due(task) == Due::Now)
        .collect();
    assert!(waiting.is_empty(), "nothing waits for ever: {waiting:?}");
}

/// Runs until the first answer with the state of room 0 is on its way.
fn state_on_its_way() -> World {
    let mut world = World::new();
    world.take(Act::Join(0));
    world.take(Act::Join(0));
    for _ in 0..200 {
        world.pump();
        let is_state =
            |done: &Done| matches!(done, Done::State { room, .. } if World::room_by(room) == 0);
        if world.answers.iter().any(is_state) {
            return world;
        }
        world.take(Act::Look(0));
        if !world.answers.iter().any(is_state) {
            world.take(Act::Answer(1));
        }
        world.take(Act::Serve(1));
        world.take(Act::Deliver(1));
        // Channels are attached once a checkpoint with their names is stored.
        world.take(Act::Store(usize::MAX));
        world.take(Act::Pass(1));
    }
    panic!("no state was asked for");
}

#[test]
fn who_came_or_went_while_the_state_was_fetched_is_known() {
    for act in [Act::Part(0), Act::Join(0)] {
        let mut world = state_on_its_way();
        world.take(act);
        world.take(Act::Deliver(9));
        world.take(Act::Live(5));
        world.take(Act::Store(usize::MAX));
        world.members_agree();
    }
}

#[test]
fn a_room_where_somebody_always_comes_is_asked_a_bounded_number_of_times() {
    let mut world = state_on_its_way();
    let mut asked = 0;
    for _ in 0..100 {
        world.take(Act::Join(0));
        world.take(Act::Deliver(9));
        world.take(Act::Answer(1));
        world.pump();
        let is_state = |task: &Task| matches!(task, Task::State { .. });
        asked += world.asked.iter().filter(|task| is_state(task)).count();
        world.take(Act::Look(0));
        world.take(Act::Serve(9));
    }
    assert!((1..=20).contains(&asked), "asked {asked} times more");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, max_shrink_iters: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_in_silence_and_nothing_is_stored_twice(acts in proptest::collection::vec(act(), 0..150)) {
        play(&acts);
    }
}
