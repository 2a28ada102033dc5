//! The rules of the session, one by one: plain calls, no runtime.

use std::sync::Arc;

use antiphon_core::{Draft, Entry, Event, Gap, Link, Payload as _, Position, Rng, StopCode};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{
    frames::HOLD_EVENTS,
    history::backfill,
    stored::{CONNECTIONS, Stored},
    *,
};

mod bytes;
mod checkpoints;
mod model;
mod order;
mod origins;
mod outages;
mod rooms;
mod songs;

const ME: &str = "5f1c0aa1b2c3d4e5f6071829";
const TEO: &str = "5f1c0aa1b2c3d4e5f607182a";
const ROOM: &str = "5a77aa00bb11cc22dd33ee44";

/// A session with a clock and a journal in memory.
struct Table {
    session: Session,
    now: Moment,
    stored: Vec<Entry>,
}

fn rules() -> Rules {
    Rules {
        rooms: vec!["loft".into()],
        only_rooms: false,
        recent_conversations: false,
        backfill: 100,
        buffer_bytes: 1 << 20,
    }
}

impl Table {
    fn new() -> Self {
        Self::restored(&[])
    }

    fn restored(checkpoints: &[Checkpoint]) -> Self {
        Self::with(rules(), checkpoints)
    }

    fn with(rules: Rules, checkpoints: &[Checkpoint]) -> Self {
        let backoff = Backoff::new(Rng::with_seed(1)).floor(Duration::from_secs(5));
        let now = Moment {
            at: Instant::now(),
            wall: "2026-01-01T00:00:00Z".parse().expect("a time"),
        };
        let nonce = format!("run{}", checkpoints.len());
        Self {
            session: Session::new(rules, backoff, &nonce, checkpoints),
            now,
            stored: Vec::new(),
        }
    }

    fn pass(&mut self, seconds: u64) {
        let time = Duration::from_secs(seconds);
        self.now.at += time;
        self.now.wall += time;
    }

    fn say(&mut self, message: &Value) {
        self.frame(&format!("4{message}")).expect("no cut");
    }

    fn frame(&mut self, text: &str) -> Result<(), Cut> {
        let text = Bytes::copy_from_slice(text.as_bytes());
        self.session.on_text(&text, self.now)
    }

    fn event(&mut self, name: &str, data: &Value) {
        let message = json!({"name": name, "type": "json", "data": data.to_string()});
        self.say(&json!({"action": 15, "channel": format!("room:{ROOM}"), "message": message}));
    }

    fn replies(&mut self) -> Vec<String> {
        std::iter::from_fn(|| self.session.next_reply()).collect()
    }

    fn tasks(&mut self) -> Vec<Task> {
        std::iter::from_fn(|| self.session.next_task()).collect()
    }

    /// Stores the queued entries.
    fn store(&mut self) -> &[Entry] {
        let from = self.stored.len();
        self.stored
            .extend(std::iter::from_fn(|| self.session.outbox.take()));
        &self.stored[from..]
    }

    fn kinds(&mut self) -> Vec<String> {
        let events = self.store().iter().filter_map(|entry| entry.event.as_ref());
        events.map(|event| event.kind.to_string()).collect()
    }

    /// The last checkpoint of each part, as a journal would have it.
    fn checkpoints(&mut self) -> Vec<Checkpoint> {
        self.store();
        let mut last = BTreeMap::new();
        for checkpoint in self
            .stored
            .iter()
            .filter_map(|entry| entry.checkpoint.as_ref())
        {
            last.insert(Arc::clone(&checkpoint.part), checkpoint.clone());
        }
        last.into_values().collect()
    }

    fn done(&mut self, done: Done) {
        self.session.on_done(done, self.now);
    }

    fn deadline(&mut self) -> Result<(), Cut> {
        self.session.note_pause(self.now);
        self.session.on_deadline(self.now)
    }

    /// Opens a socket up to the first action.
    fn open(&mut self, connection: &str) {
        let user = json!({"_id": ME, "username": "mira"}).to_string();
        self.done(Done::Opened(Ok(user.into())));
        self.frame("0{\"sid\":\"s\",\"pingInterval\":25000,\"pingTimeout\":60000}")
            .expect("no cut");
        self.say(&json!({"action": 4, "clientId": ME, "connectionId": connection}));
    }

    /// Answers every request until the room is attached for the first time.
    fn join(&mut self) {
        self.session.start();
        assert!(matches!(self.tasks()[..], [Task::Open]));
        self.open("c1");
        self.settle();
        let joins = self.tasks();
        let id = joins.iter().find_map(|task| match task {
            Task::Join { id, .. } => Some(*id),
            _ => None,
        });
        self.answer_join(id.unwrap_or(1));
        self.settle();
        self.attach();
        self.store();
        self.tasks();
        self.replies();
    }

    fn answer_join(&mut self, id: u64) {
        let body = json!({"_id": ROOM, "roomUrl": "loft", "name": "Loft"}).to_string();
        let wire: wire::Room<'_> = serde_json::from_str(&body).expect("a room");
        let info = RoomInfo::from(wire);
        let answer = RoomAnswer {
            info,
            body: body.into(),
        };
        self.done(Done::Joined {
            id,
            outcome: Ok(answer),
        });
    }

    /// Makes every awaited checkpoint durable.
    fn settle(&mut self) {
        let mut rest = VecDeque::new();
        while let Some(task) = self.session.next_task() {
            match task {
                Task::Stored { channel, epoch, .. } => self.done(Done::Stored { channel, epoch }),
                other => rest.push_back(other),
            }
        }
        self.session.tasks.extend(rest);
    }

    fn attach(&mut self) {
        for channel in [format!("user:{ME}"), format!("room:{ROOM}")] {
            self.say(&json!({"action": 11, "channel": channel}));
        }
    }

    fn chat(&mut self, id: &str, time: i64) {
        let user = json!({"_id": TEO, "username": "teo"});
        self.event(
            "chat-message",
            &json!({"chatid": id, "time": time, "message": id, "user": user}),
        );
    }

    /// Loses the socket, and opens another one until both channels are attached and the room's history is awaited.
    fn outage(&mut self, connection: &str) {
        self.session.on_closed("it broke", self.now);
        self.pass(60);
        self.deadline().expect("no cut");
        self.open(connection);
        self.settle();
        self.attach();
        self.tasks();
        self.replies();
    }

    /// Answers the request for the room after an outage.
    fn rejoined(&mut self, history: Option<&Value>) {
        let snapshot = Snapshot {
            history: history.map(|history| history.to_string().into()),
            ..Snapshot::default()
        };
        let epoch = self.session.connection.epoch;
        self.done(Done::Rejoined {
            room: ROOM.into(),
            epoch,
            outcome: Ok(snapshot),
        });
    }

    /// Joins another room by command.
    fn join_other(&mut self, id: &str) {
        let (reply, _answer) = oneshot::channel();
        self.session.on_command(Command::Join {
            slug: id.into(),
            password: None,
            reply,
        });
        let number = self.session.joins.last_id;
        let body = json!({"_id": id, "roomUrl": id}).to_string();
        let wire: wire::Room<'_> = serde_json::from_str(&body).expect("a room");
        let answer = RoomAnswer {
            info: wire.into(),
            body: body.into(),
        };
        self.done(Done::Joined {
            id: number,
            outcome: Ok(answer),
        });
        self.settle();
        self.say(&json!({"action": 11, "channel": format!("room:{id}")}));
        self.store();
        self.tasks();
        self.replies();
    }

    /// Stores the queued entries and gives their events.
    fn drafts(&mut self) -> Vec<Draft> {
        let entries = self.store().iter();
        entries.filter_map(|entry| entry.event.clone()).collect()
    }

    /// The links of places, in order: place and state.
    fn links(&mut self) -> Vec<(String, LinkState)> {
        let drafts = self.drafts().into_iter();
        let links = drafts.filter(|draft| draft.kind.as_str() == Link::KIND);
        let links = links.map(|draft| {
            let state = serde_json::from_slice(&draft.body).expect("a state");
            (draft.place.to_string(), state)
        });
        links.filter(|(place, _)| !place.is_empty()).collect()
    }

    fn gaps(&self) -> Vec<Gap> {
        let drafts = self.stored.iter().filter_map(|entry| entry.event.as_ref());
        let gaps = drafts.filter(|draft| draft.kind.as_str() == Gap::KIND);
        gaps.map(|draft| {
            let event = Event::stored(Position::new(1), "queup".into(), draft.clone());
            Gap::decode(&event).expect("a gap")
        })
        .collect()
    }
}

/// The last frame of a room by its checkpoints: connection and number.
fn resumes_after(checkpoints: &[Checkpoint]) -> (Option<String>, Option<u64>) {
    let table = Table::restored(checkpoints);
    let from = table.session.channels[&format!("room:{ROOM}")].from.clone();
    let from = from.expect("an edge");
    (from.connection, from.frame)
}

#[test]
fn a_channel_is_asked_for_only_once_its_checkpoint_is_durable() {
    let mut table = Table::new();
    table.session.start();
    table.tasks();
    table.open("c1");
    assert_eq!(table.replies(), [""; 0], "nothing is durable yet");
    let tasks = table.tasks();
    let Some(Task::Stored {
        channel,
        epoch,
        part,
        mark,
    }) = tasks.into_iter().next()
    else {
        panic!("a wait")
    };
    assert_eq!(channel, format!("user:{ME}"));
    let settled = table
        .checkpoints()
        .into_iter()
        .find(|kept| kept.part == part);
    assert_eq!(settled.expect("queued").mark, mark);
    table.done(Done::Stored { channel, epoch });
    assert_eq!(
        table.replies(),
        [format!("4{{\"action\":10,\"channel\":\"user:{ME}\"}}")]
    );
}

#[test]
fn joining_sends_attach_and_presence_and_answers_when_the_frame_passes() {
    let mut table = Table::new();
    table.session.start();
    table.tasks();
    table.open("c1");
    table.settle();
    table.tasks();
    table.replies();
    let (reply, mut answer) = oneshot::channel();
    let slug = Slug::from("loft");
    table.session.on_command(Command::Join {
        slug,
        password: None,
        reply,
    });
    let tasks = table.tasks();
    let [Task::Join { id, .. }] = tasks[..] else {
        panic!("{tasks:?}")
    };
    table.answer_join(id);
    table.settle();
    let replies = table.replies();
    assert!(replies[0].starts_with("4{\"action\":10"), "{replies:?}");
    assert!(replies[1].starts_with("4{\"action\":14"), "{replies:?}");
    assert!(answer.try_recv().is_err(), "not attached yet");
    table.attach();
    let room = answer.try_recv().expect("answered").expect("joined");
    assert_eq!(room.id, ROOM);
    assert!(
        table
            .tasks()
            .iter()
            .any(|task| matches!(task, Task::State { .. }))
    );
}

#[test]
fn message_packets_are_counted_from_one() {
    let mut table = Table::new();
    table.join();
    table.frame("3").expect("a pong does not count");
    table.event("chat-skip", &json!({}));
    let entry = table.store()[0].clone();
    let event = entry.event.expect("an event");
    // 1 connected, 2 and 3 attached.
    assert_eq!(event.origin.as_str(), "c1/00000004");
    assert_eq!(event.place.as_str(), format!("room/{ROOM}"));
}

#[test]
fn a_base64_packet_is_a_message_as_well() {
    let mut table = Table::new();
    table.join();
    table.frame("b4eyJhY3Rpb24iOjk5fQ==").expect("no cut");
    assert_eq!(table.kinds(), ["queup.99"]);
}

#[test]
fn the_client_pings_by_the_intervals_it_was_told() {
    let mut table = Table::new();
    table.join();
    table.pass(24);
    table.deadline().expect("nothing is due");
    assert_eq!(table.replies(), [""; 0]);
    table.pass(1);
    assert_eq!(table.session.deadline(), Some(table.now.at));
    table.deadline().expect("no cut");
    assert_eq!(table.replies(), ["2"]);
    table.pass(3);
    table.frame("3").expect("a pong");
    table.pass(24);
    table.deadline().expect("no cut");
    assert_eq!(table.replies(), [""; 0], "counted from the pong");
    table.pass(1);
    table.deadline().expect("no cut");
    assert_eq!(table.replies(), ["2"]);
    table.pass(60);
    let cut = table.deadline().expect_err("no pong");
    assert_eq!(cut.0, "the server stopped answering pings");
}

#[test]
fn absurd_intervals_are_held_to_sane_ones() {
    let check = |handshake: &str, interval: u64, timeout: u64| {
        let mut table = Table::new();
        table.session.start();
        table.tasks();
        table.done(Done::Opened(Ok("{}".into())));
        table.frame(handshake).expect("no cut");
        let heart = table.session.connection.heartbeat.expect("a heart");
        let seconds = (heart.interval.as_secs(), heart.timeout.as_secs());
        assert_eq!(seconds, (interval, timeout), "{handshake}");
    };
    check("0{\"pingInterval\":0,\"pingTimeout\":-5}", 1, 1);
    check("0{\"pingInterval\":9e15,\"pingTimeout\":\"7000\"}", 300, 7);
    check("0{}", 25, 60);
    check("0not json", 25, 60);
}

#[test]
fn waits_for_answers_stand_still_while_nothing_is_read_but_beats_go_on() {
    let mut table = Table::new();
    table.join();
    table.pass(25);
    table.deadline().expect("no cut");
    assert_eq!(table.replies(), ["2"]);
    table.session.stop_reading();
    table.deadline().expect("no cut");
    for _ in 0..10 {
        table.pass(25);
        table.deadline().expect("the pong waits unread");
        assert_eq!(table.replies(), ["2"], "the server must not miss us");
    }
    // Reading goes on, and so does the wait.
    table.session.over = false;
    table.session.note_pause(table.now);
    table.pass(59);
    table.deadline().expect("not yet");
    table.pass(2);
    table.deadline().expect_err("now");
}

#[test]
fn a_full_buffer_stops_the_reading() {
    let mut table = Table::new();
    table.join();
    table.session.outbox = Outbox::new(1000, "run");
    assert!(table.session.wants_frame());
    for _ in 0..4 {
        table.event("chat-skip", &json!({}));
    }
    assert!(!table.session.wants_frame());
    table.store();
    assert!(table.session.wants_frame());
}

#[test]
fn a_server_that_does_not_greet_or_attach_is_given_up() {
    let mut table = Table::new();
    table.session.start();
    table.done(Done::Opened(Ok("{}".into())));
    table.pass(10);
    table.deadline().expect_err("no greeting");

    let mut table = Table::new();
    table.session.start();
    table.open("c1");
    table.settle();
    assert_eq!(table.replies().len(), 1);
    table.pass(10);
    table.deadline().expect("once more");
    assert_eq!(table.replies().len(), 1);
    table.pass(10);
    table.deadline().expect_err("not attached");
}

#[test]
fn a_self_leave_that_nobody_ordered_is_undone_after_five_seconds() {
    let mut table = Table::new();
    table.join();
    table.event("user-leave", &json!({"user": {"_id": ME}}));
    table.pass(4);
    table.deadline().expect("no cut");
    assert!(table.tasks().is_empty());
    table.pass(1);
    table.deadline().expect("no cut");
    assert!(matches!(table.tasks()[..], [Task::Post { .. }]));
}

#[test]
fn a_kick_or_ban_cancels_the_return() {
    for name in ["user-kick", "user-ban"] {
        let mut table = Table::new();
        table.join();
        table.event("user-leave", &json!({"user": {"_id": ME}}));
        table.event(
            name,
            &json!({"user": {"_id": TEO}, "kickedUser": {"_id": ME}}),
        );
        assert!(
            table.replies()[0].starts_with("4{\"action\":12"),
            "detached"
        );
        table.pass(60);
        table.deadline().ok();
        assert!(
            !table
                .tasks()
                .iter()
                .any(|task| matches!(task, Task::Post { .. })),
            "{name}"
        );
        let state = table
            .checkpoints()
            .into_iter()
            .find(|kept| *kept.part == format!("room/{ROOM}"));
        let state: Value = serde_json::from_slice(&state.expect("kept").state).expect("JSON");
        assert_eq!(state["joined"], false);
    }
}

#[test]
fn somebody_elses_leave_concerns_nobody() {
    let mut table = Table::new();
    table.join();
    table.event("user-leave", &json!({"user": {"_id": TEO}}));
    table.event(
        "user-kick",
        &json!({"user": {"_id": ME}, "kickedUser": {"_id": TEO}}),
    );
    table.pass(6);
    table.deadline().expect("no cut");
    assert!(table.tasks().is_empty());
}

#[test]
fn a_changed_queue_is_fetched_once_for_many_changes() {
    let mut table = Table::new();
    table.join();
    for _ in 0..5 {
        table.event(
            "room_playlist-queue-update-dub",
            &json!({"user": {"_id": TEO}}),
        );
    }
    table.pass(5);
    table.deadline().expect("no cut");
    assert!(matches!(table.tasks()[..], [Task::Queue { .. }]));
}

#[test]
fn the_playing_song_is_looked_for_when_it_should_have_ended() {
    let mut table = Table::new();
    table.join();
    table.session.connection.heartbeat = None;
    let song = json!({"_id": "s", "songLength": 120_000});
    table.event(
        "room_playlist-update",
        &json!({"startTime": 20, "song": song}),
    );
    table.pass(114);
    table.deadline().expect("no cut");
    assert!(
        !table
            .tasks()
            .iter()
            .any(|task| matches!(task, Task::Active { .. }))
    );
    table.pass(1);
    table.deadline().expect("no cut");
    assert!(matches!(table.tasks()[..], [Task::Active { .. }]));
}

#[test]
fn a_connection_id_used_twice_makes_no_repeats() {
    let mut table = Table::new();
    table.join();
    table.session.on_closed("it broke", table.now);
    table.store();
    table.pass(60);
    table.deadline().expect("no cut");
    table.open("c1");
    let origins: Vec<_> = table
        .stored
        .iter()
        .filter_map(|entry| entry.event.as_ref())
        .collect();
    let connected = origins
        .iter()
        .filter(|draft| draft.kind.as_str() == "queup.connected");
    assert_eq!(connected.count(), 1, "the earlier one");
    let later = table.store().iter().filter_map(|entry| entry.event.clone());
    let later = later
        .into_iter()
        .find(|draft| draft.kind.as_str() == "queup.connected");
    assert_ne!(later.expect("the later one").origin.as_str(), "c1/00000001");
}

#[test]
fn wrong_credentials_stop_for_good() {
    let mut table = Table::new();
    table.session.start();
    table.tasks();
    let failure = OpenFailure {
        reason: "QueUp refused the login: no".into(),
        wait: None,
        fatal: Some(antiphon_core::Fatal {
            code: StopCode::AUTHORIZATION,
            hint: "check",
        }),
    };
    table.done(Done::Opened(Err(failure)));
    assert!(table.session.is_stopped());
    assert_eq!(table.session.deadline(), None, "never tried again");
    assert_eq!(table.kinds(), ["antiphon.link"]);
}

#[test]
fn a_wait_that_the_server_asks_for_is_kept() {
    let mut table = Table::new();
    table.session.start();
    let failure = OpenFailure {
        reason: "slow down".into(),
        wait: Some(Duration::from_secs(600)),
        fatal: None,
    };
    table.done(Done::Opened(Err(failure)));
    assert_eq!(
        table.session.deadline(),
        Some(table.now.at + Duration::from_secs(600))
    );
}

#[test]
fn the_newest_of_the_history_within_the_bound_come_oldest_first() {
    let rows: Vec<Value> = (0..10)
        .map(|n| json!({"type": "chat-message", "chatid": format!("u-{n}"), "time": n.to_string()}))
        .chain([
            Value::Null,
            json!({}),
            json!({"chatid": "", "time": 5}),
            json!("x"),
        ])
        .rev()
        .collect();
    let history = Bytes::from(serde_json::to_vec(&rows).expect("JSON"));
    let items = backfill(&history, 3, 4);
    let ids: Vec<_> = items.iter().map(|item| item.chat.as_str()).collect();
    assert_eq!(ids, ["u-6", "u-7", "u-8", "u-9"]);
    assert_eq!(backfill(&history, 8, 100).len(), 2);
    assert!(backfill(&Bytes::from_static(b"{}"), 0, 9).is_empty());
}

#[test]
fn a_guess_of_time_is_dated_back_for_what_was_on_the_way() {
    let mut table = Table::new();
    table.join();
    let paused = table.now.wall;
    table.session.stop_reading();
    table.session.note_pause(table.now);
    table.pass(90);
    table.session.over = false;
    table.session.note_pause(table.now);
    table.event("chat-skip", &json!({}));
    let edge = table.session.connection.last.clone().expect("an edge");
    assert!(edge.at < paused, "it may have waited since then");
    table.frame("3").expect("a pong");
    table.event("chat-skip", &json!({}));
    let edge = table.session.connection.last.clone().expect("an edge");
    assert_eq!(edge.at, table.now.wall - EDGE_SLACK);
}

proptest::proptest! {
    #[test]
    fn no_frame_can_kill_the_session(frames in proptest::collection::vec(".{0,60}", 0..20)) {
        let mut table = Table::new();
        table.join();
        for frame in frames {
            let _ = table.frame(&frame);
            let _ = table.frame(&format!("4{frame}"));
        }
    }
}
