//! Any course of events against a model of the server: nothing is lost in silence, nothing is stored twice.
//!
//! The server is an append-only list of events with one counter. Its frames, answers, cuts and refusals come in any
//! order, the journal stores now or later, and the program may be killed at any moment.

use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest};

use super::*;

/// A room that the account is not in; its events come under the key of another room.
const ELSEWHERE: i64 = 5151;
const ROOMS: [i64; 2] = [SANDBOX, TEA];

#[derive(Clone, Copy, Debug)]
enum Step {
    /// An event in a room.
    Say(usize),
    /// An event from elsewhere.
    Invite,
    /// An event in a room that the sockets leave out.
    LeaveOut(usize),
    /// Sockets tell their counters, or only beat.
    Count,
    Beat,
    /// The last frame is sent once more.
    Repeat,
    Garbage,
    /// A number of frames arrive.
    Deliver(usize),
    Cut,
    /// The server reads one of the requests.
    Look(usize),
    /// Its answer to one of those arrives, or fails.
    Answer(usize),
    Fail(usize),
    /// From now on sockets are refused, or not.
    Refuse(bool),
    /// Sockets are cut and refused, until rooms are polled.
    Outage,
    /// New sockets do not say where they begin, or do.
    Reticent(bool),
    /// Earlier events cannot be replayed any more.
    Forget,
    Pass(u64),
    Store,
    /// The program is killed and started again.
    Kill,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        8 => (0..2_usize).prop_map(Step::Say),
        3 => Just(Step::Invite),
        2 => (0..2_usize).prop_map(Step::LeaveOut),
        3 => Just(Step::Count),
        2 => Just(Step::Beat),
        1 => Just(Step::Repeat),
        1 => Just(Step::Garbage),
        8 => (1..6_usize).prop_map(Step::Deliver),
        2 => Just(Step::Cut),
        8 => any::<usize>().prop_map(Step::Look),
        8 => any::<usize>().prop_map(Step::Answer),
        1 => any::<usize>().prop_map(Step::Fail),
        1 => any::<bool>().prop_map(Step::Refuse),
        1 => Just(Step::Outage),
        1 => any::<bool>().prop_map(Step::Reticent),
        1 => Just(Step::Forget),
        5 => prop_oneof![0..12_u64, 12..90_u64, Just(7200)].prop_map(Step::Pass),
        6 => Just(Step::Store),
        1 => Just(Step::Kill),
    ]
}

struct Said {
    id: i64,
    room: i64,
    at: Timestamp,
}

struct Wire {
    id: SocketId,
    /// The count up to which each room's key was sent.
    told: BTreeMap<i64, i64>,
    frames: VecDeque<String>,
}

/// The server's answer to a request, on its way back.
struct Reply {
    done: Done,
    task: Task,
}

struct World {
    table: Table,
    said: Vec<Said>,
    counter: i64,
    forgotten: i64,
    wires: Vec<Wire>,
    asked: Vec<Task>,
    replies: Vec<Reply>,
    refuses: bool,
    reticent: bool,
    /// Whether rows of a history have the ids of their events.
    with_ids: bool,
    /// Whether a frame repeats an earlier one.
    last_frame: Option<String>,
    /// Number of the stored entries that were checked.
    checked: usize,
    journal: HashSet<String>,
    this_run: HashSet<String>,
    gaps: Vec<(String, Gap)>,
    /// The count from which on a room's events are due.
    first: BTreeMap<i64, i64>,
    marks: BTreeMap<i64, i64>,
    newest: BTreeMap<i64, i64>,
}

impl World {
    fn new(sockets: Sockets, with_ids: bool) -> Self {
        let rules = Rules {
            sockets,
            backfill: 6,
            ..rules(&ROOMS)
        };
        let mut world = Self {
            table: Table::with(rules, &[]),
            said: Vec::new(),
            counter: TOP,
            forgotten: 0,
            wires: Vec::new(),
            asked: Vec::new(),
            replies: Vec::new(),
            refuses: false,
            reticent: false,
            with_ids,
            last_frame: None,
            checked: 0,
            journal: HashSet::new(),
            this_run: HashSet::new(),
            gaps: Vec::new(),
            first: BTreeMap::new(),
            marks: BTreeMap::new(),
            newest: BTreeMap::new(),
        };
        world.table.session.start();
        world
    }

    // -----------------------------------------------------------------------------------------------------------------
    // The server.

    fn append(&mut self, room: i64) -> i64 {
        self.counter += 1;
        let said = Said {
            id: self.counter,
            room,
            at: self.table.now.wall,
        };
        self.said.push(said);
        self.counter
    }

    /// The newest message of a room, 0 if it has none.
    fn newest_message(&self, room: i64) -> i64 {
        let mut here = self.said.iter().rev();
        let newest = here.find(|said| said.room == room);
        newest.map_or(0, |said| {
            message(said.id, room)["message_id"]
                .as_i64()
                .expect("an id")
        })
    }

    /// The key under which a room's events are sent.
    fn key(room: i64) -> i64 {
        if room == ELSEWHERE { TEA } else { room }
    }

    /// The events of one key after a count, and its counter; a poll has none from elsewhere.
    fn part(&self, key: i64, after: i64, from: i64, is_poll: bool) -> Value {
        let is_told = |room| Self::key(room) == key && !(is_poll && room == ELSEWHERE);
        let events = self
            .said
            .iter()
            .filter(|said| is_told(said.room) && said.id > from);
        let events: Vec<Value> = events.map(|said| message(said.id, said.room)).collect();
        let mut part = json!({});
        if !events.is_empty() {
            part["e"] = events.into();
        }
        if self.counter > after {
            part["t"] = self.counter.into();
            part["d"] = (self.counter - from).into();
        }
        part
    }

    fn tell(&mut self, room: i64, id: i64) {
        let key = Self::key(room);
        let counter = self.counter;
        for wire in &mut self.wires {
            let told = wire.told.insert(key, counter).unwrap_or(counter);
            let part = json!({"e": [message(id, room)], "t": counter, "d": counter - told});
            let frame = json!({format!("r{key}"): part}).to_string();
            self.last_frame = Some(frame.clone());
            wire.frames.push_back(frame);
        }
    }

    fn count(&mut self) {
        let counter = self.counter;
        for wire in &mut self.wires {
            let mut parts = serde_json::Map::new();
            for key in ROOMS {
                let told = wire.told.insert(key, counter).unwrap_or(counter);
                let part = json!({"t": counter, "d": counter - told});
                parts.insert(format!("r{key}"), part);
            }
            wire.frames.push_back(Value::Object(parts).to_string());
        }
    }

    fn send(&mut self, text: &str) {
        for wire in &mut self.wires {
            wire.frames.push_back(text.to_owned());
        }
    }

    /// Reads a request; the answer has the server's state of now, whenever it arrives.
    fn look(&mut self, index: usize) {
        if self.asked.is_empty() {
            return;
        }
        let task = self.asked.swap_remove(index % self.asked.len());
        let done = match &task {
            Task::LogIn => Done::LoggedIn(Ok(Me {
                id: UserId::new(ME),
                name: "antiphon".into(),
            })),
            Task::Announce { room, round } => Done::Announced {
                room: *room,
                round: *round,
                outcome: Ok(Top {
                    count: self.counter,
                    newest: Some(self.newest_message(room.get())),
                }),
            },
            Task::Stored { room, part, mark } => {
                let room = *room;
                if !self.is_stored(part, *mark) {
                    self.asked.push(task);
                    return;
                }
                Done::Stored { room }
            }
            Task::Ack { part, mark, .. } => {
                if !self.is_stored(part, *mark) {
                    self.asked.push(task);
                    return;
                }
                Done::Acked
            }
            Task::Open { id, after, .. } => {
                let id = *id;
                let outcome = if self.refuses {
                    Err(Failure {
                        step: super::Step::Socket,
                        ..failure("no socket today")
                    })
                } else {
                    self.accept(id, *after);
                    Ok(format!("c{}", id.epoch))
                };
                Done::Opened { id, outcome }
            }
            Task::Poll { line, rooms } => {
                let mut parts = serde_json::Map::new();
                for (room, since) in rooms {
                    let from = (*since).max(self.forgotten);
                    parts.insert(
                        format!("r{room}"),
                        self.part(room.get(), *since, from, true),
                    );
                }
                Done::Polled {
                    line: *line,
                    outcome: Ok(Value::Object(parts).to_string().into()),
                }
            }
            Task::History {
                room,
                round,
                since,
                most,
                ..
            } => {
                let here = self
                    .said
                    .iter()
                    .filter(|said| said.room == room.get() && said.id > *since);
                let with_ids = self.with_ids;
                let all = here.map(|said| {
                    let mut row = message(said.id, said.room);
                    if let Some(fields) = row.as_object_mut().filter(|_| !with_ids) {
                        fields.remove("id");
                    }
                    row
                });
                let all: Vec<Value> = all.collect();
                let from = all.len().saturating_sub(*most);
                Done::History {
                    room: *room,
                    round: *round,
                    outcome: Ok(Past {
                        time: Some(self.counter),
                        ..past(&all[from..], from == 0)
                    }),
                }
            }
            Task::Leave { .. } => Done::Left,
            Task::LeaveUnlisted { room } => Done::LeftUnlisted {
                room: *room,
                outcome: Ok(()),
            },
        };
        self.replies.push(Reply { done, task });
    }

    /// Whether a checkpoint with this mark, or a later one, is durable.
    fn is_stored(&self, part: &Part, mark: i64) -> bool {
        let room = part
            .strip_prefix("room/")
            .and_then(|room| room.parse().ok());
        room.and_then(|room: i64| self.marks.get(&room))
            .is_some_and(|stored| *stored >= mark)
    }

    fn accept(&mut self, id: SocketId, after: i64) {
        let counter = self.counter;
        let from = after.max(self.forgotten);
        let mut frames = VecDeque::new();
        if !self.reticent {
            let parts = ROOMS.map(|key| (format!("r{key}"), self.part(key, after, from, false)));
            frames.push_back(Value::Object(parts.into_iter().collect()).to_string());
        }
        self.wires.push(Wire {
            id,
            told: ROOMS.into_iter().map(|key| (key, counter)).collect(),
            frames,
        });
    }

    // -----------------------------------------------------------------------------------------------------------------
    // What lies between.

    fn answer(&mut self, index: usize, fails: bool) {
        if self.replies.is_empty() {
            return;
        }
        let Reply { done, task } = self.replies.swap_remove(index % self.replies.len());
        let done = if fails {
            self.failed(done, &task)
        } else {
            done
        };
        self.table.done(done);
    }

    fn failed(&mut self, done: Done, task: &Task) -> Done {
        let timed_out = || RequestError::TimedOut(Duration::from_secs(30));
        match (done, task) {
            (Done::LoggedIn(_), _) => Done::LoggedIn(Err(failure("timed out"))),
            (Done::Announced { room, round, .. }, _) => Done::Announced {
                room,
                round,
                outcome: Err(AnnounceError::Failed(failure("timed out"))),
            },
            (Done::Opened { id, .. }, _) => {
                self.wires.retain(|wire| wire.id != id);
                Done::Opened {
                    id,
                    outcome: Err(failure("timed out")),
                }
            }
            (Done::Polled { line, .. }, _) => Done::Polled {
                line,
                outcome: Err(timed_out()),
            },
            (Done::History { room, round, .. }, _) => Done::History {
                room,
                round,
                outcome: Err(timed_out()),
            },
            (done, _) => done,
        }
    }

    fn is_open(&self, id: SocketId) -> bool {
        let line = self.table.session.lines.get(&id.line);
        line.and_then(|line| line.stream.as_ref())
            .is_some_and(|stream| stream.id == id)
    }

    fn deliver(&mut self, frames: usize) {
        for _ in 0..frames {
            for index in 0..self.wires.len() {
                let id = self.wires[index].id;
                if self.is_open(id)
                    && self.table.session.wants_frames()
                    && let Some(text) = self.wires[index].frames.pop_front()
                {
                    self.table
                        .session
                        .on_bytes(id, &text.into(), self.table.now);
                }
            }
        }
    }

    /// Delivers every frame that is under way.
    fn arrive(&mut self) {
        while let Some(index) = self
            .replies
            .iter()
            .position(|reply| matches!(reply.done, Done::Opened { .. }))
        {
            self.answer(index, false);
        }
        self.deliver(1000);
    }

    fn cut(&mut self) {
        for wire in std::mem::take(&mut self.wires) {
            if self.is_open(wire.id) {
                self.table.cut(wire.id);
            } else {
                // It breaks before the client has it, which hears of that as soon as it looks.
                let waits = self
                    .replies
                    .iter()
                    .any(|reply| matches!(&reply.done, Done::Opened { id, .. } if *id == wire.id));
                if waits {
                    let frames = VecDeque::new();
                    self.wires.push(Wire { frames, ..wire });
                }
            }
        }
        // A broken one says nothing more.
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Say(index) => {
                let id = self.append(ROOMS[index]);
                self.tell(ROOMS[index], id);
            }
            Step::Invite => {
                let id = self.append(ELSEWHERE);
                self.tell(ELSEWHERE, id);
            }
            Step::LeaveOut(index) => {
                let counter = self.append(ROOMS[index]);
                for wire in &mut self.wires {
                    wire.told.insert(ROOMS[index], counter);
                }
            }
            Step::Count => self.count(),
            Step::Beat => self.send("{\"r4242\":{},\"r17\":{}}"),
            Step::Repeat => {
                if let Some(frame) = self.last_frame.clone() {
                    self.send(&frame);
                }
            }
            Step::Garbage => self.send("{\"r4242\":{\"e\":[{\"event_ty"),
            Step::Deliver(frames) => self.deliver(frames),
            Step::Cut => self.cut(),
            Step::Look(index) => self.look(index),
            Step::Answer(index) => self.answer(index, false),
            Step::Fail(index) => self.answer(index, true),
            Step::Refuse(refuses) => self.refuses = refuses,
            Step::Outage => {
                self.refuses = true;
                self.cut();
                for _ in 0..8 {
                    self.settle();
                    self.take(Step::Pass(40));
                }
            }
            Step::Reticent(reticent) => self.reticent = reticent,
            Step::Forget => self.forgotten = self.counter,
            Step::Pass(seconds) => {
                // What is on its way arrives first: an edge known by its time is as good as the time it took.
                self.arrive();
                self.table.pass(seconds);
                self.table.deadline();
            }
            Step::Store => self.store(),
            Step::Kill => self.kill(),
        }
        self.asked.extend(self.table.tasks());
        for id in self.table.closes() {
            self.wires.retain(|wire| wire.id != id);
        }
    }

    // -----------------------------------------------------------------------------------------------------------------
    // The journal.

    fn store(&mut self) {
        self.table.store();
        while let Some(entry) = self.table.stored.get(self.checked).cloned() {
            self.checked += 1;
            if let Some(draft) = entry.event {
                self.stored(draft);
            }
            if let Some(checkpoint) = entry.checkpoint {
                let Some(room) = checkpoint.part.strip_prefix("room/") else {
                    continue;
                };
                let room: i64 = room.parse().expect("a number");
                self.first.entry(room).or_insert(checkpoint.mark);
                self.marks.insert(room, checkpoint.mark);
                self.nothing_is_missing(room, checkpoint.mark);
            }
        }
    }

    fn stored(&mut self, draft: Draft) {
        let origin = draft.origin.to_string();
        assert!(
            self.this_run.insert(origin.clone()),
            "{origin} twice in one run"
        );
        if draft.kind.as_str() == Gap::KIND {
            let place = draft.place.to_string();
            let event = Event::stored(Position::new(1), "chat".into(), draft);
            let gap = Gap::decode(&event).expect("a gap");
            assert!(gap.from.at <= gap.to.at, "{gap:?}");
            if place == "user/99" {
                let mut others = self.gaps.iter().filter(|(at, _)| *at == place);
                let twice = others
                    .find(|(_, other)| gap.from.at < other.to.at && other.from.at < gap.to.at);
                assert!(twice.is_none(), "{gap:?} tells again of {twice:?}");
            }
            self.gaps.push((place, gap));
            return;
        }
        let number = |name: &str| origin.strip_prefix(name)?.parse::<i64>().ok();
        // Messages are numbered as their events are, a little higher.
        let first = message(0, SANDBOX)["message_id"].as_i64().expect("an id");
        let Some(id) = number("event/").or_else(|| Some(number("message/")? - first)) else {
            return;
        };
        if !self.journal.insert(format!("event/{id}")) {
            // The run before had it, and was killed before its checkpoint was durable.
            return;
        }
        let room = self
            .said
            .iter()
            .find(|said| said.id == id)
            .expect("said")
            .room;
        if room == ELSEWHERE {
            return;
        }
        if let Some(mark) = self.marks.get(&room) {
            assert!(
                id > *mark,
                "event {id} after the checkpoint that claims it, {mark}"
            );
        }
        let newest = self.newest.entry(room).or_default();
        if draft.provenance == Provenance::Live {
            assert!(id > *newest, "live event {id} after {newest}");
        }
        *newest = (*newest).max(id);
    }

    /// Checks that every event of a room up to a count is stored, or inside a gap.
    fn nothing_is_missing(&self, room: i64, until: i64) {
        let first = self.first.get(&room).copied().unwrap_or(i64::MAX);
        let due = self
            .said
            .iter()
            .filter(|said| said.id > first && said.id <= until);
        for said in due.filter(|said| said.room == room) {
            self.check(said, &format!("room/{room}"));
        }
    }

    #[track_caller]
    fn check(&self, said: &Said, place: &str) {
        let is_stored = self.journal.contains(&format!("event/{}", said.id));
        let in_gap = self
            .gaps
            .iter()
            .any(|(at, gap)| at == place && gap.from.at <= said.at && said.at <= gap.to.at);
        assert!(
            is_stored || in_gap,
            "event {} of room {} at {} is lost; gaps: {:#?}",
            said.id,
            said.room,
            said.at,
            self.gaps
        );
    }

    fn kill(&mut self) {
        let stored: Vec<Entry> = self.table.stored.drain(..self.checked).collect();
        self.checked = 0;
        let mut last = BTreeMap::new();
        for checkpoint in stored.iter().filter_map(|entry| entry.checkpoint.clone()) {
            last.insert(Arc::clone(&checkpoint.part), checkpoint);
        }
        let checkpoints: Vec<Checkpoint> = last.into_values().collect();
        let mut next = Table::with(self.table.session.rules.clone(), &checkpoints);
        next.now = self.table.now;
        // Its own events are named after the run.
        let nonce = format!("run{}", next.now.wall);
        next.session.outbox = Outbox::new(next.session.rules.buffer_bytes, &*nonce);
        next.session.nonce = nonce.into();
        next.stored = stored;
        self.checked = next.stored.len();
        self.table = next;
        self.this_run.clear();
        self.wires.clear();
        self.asked.clear();
        self.replies.clear();
        self.table.session.start();
    }

    /// Ends all faults, and runs until nothing is under way.
    fn rest(&mut self) {
        self.refuses = false;
        self.reticent = false;
        for _ in 0..220 {
            self.settle();
            self.take(Step::Pass(4));
        }
    }

    /// Answers every request, delivers every frame, and stores every entry.
    fn settle(&mut self) {
        self.asked.extend(self.table.tasks());
        for _ in 0..self.asked.len() {
            self.take(Step::Look(0));
        }
        for _ in 0..self.replies.len() {
            self.take(Step::Answer(0));
        }
        self.take(Step::Count);
        self.take(Step::Deliver(1000));
        self.take(Step::Store);
    }
}

fn play(sockets: Sockets, steps: &[Step]) {
    for with_ids in [true, false] {
        play_with(sockets, with_ids, steps);
    }
}

fn play_with(sockets: Sockets, with_ids: bool, steps: &[Step]) {
    let mut world = World::new(sockets, with_ids);
    for step in steps {
        world.take(*step);
    }
    world.rest();
    for room in ROOMS {
        assert!(
            world.first.contains_key(&room),
            "room {room} was never read"
        );
        world.nothing_is_missing(room, i64::MAX);
    }
    let first = world.first.values().copied().max().unwrap_or_default();
    let invited = world
        .said
        .iter()
        .filter(|said| said.room == ELSEWHERE && said.id > first);
    for said in invited {
        world.check(said, "user/99");
    }
    assert!(world.table.session.link.is_connected(), "it comes back");
    assert!(!world.table.session.is_polling(), "by a socket");
    assert!(
        world.asked.is_empty(),
        "nothing waits for ever: {:?}",
        world.asked
    );
}

/// The socket after the outage was asked to begin before the polls, and breaks before its first frame.
#[test]
fn an_event_from_elsewhere_during_an_outage_is_reported_after_a_kill() {
    play(
        Sockets::Shared,
        &[
            Step::Outage,
            Step::Kill,
            Step::Invite,
            Step::Outage,
            Step::Refuse(false),
            Step::Look(15_003_392_839_850_042_972),
            Step::Cut,
            Step::Say(0),
            Step::Say(0),
            Step::Refuse(false),
        ],
    );
}

/// A poll is answered between an announcement and its answer, and shows a hole.
#[test]
fn a_gap_that_a_poll_finds_does_not_begin_at_an_announcement_without_an_answer() {
    play(
        Sockets::Shared,
        &[
            Step::Outage,
            Step::Say(0),
            Step::Look(122_397_881_316),
            Step::Fail(0),
            Step::Forget,
            Step::Pass(2),
            Step::Say(0),
            Step::Say(0),
            Step::LeaveOut(0),
            Step::Say(0),
            Step::Say(0),
            Step::Say(0),
            Step::Answer(0),
        ],
    );
}

/// The history, which is not whole, goes past events that the poll under way has yet to bring.
#[test]
fn an_event_that_the_history_left_out_and_went_past_is_not_live() {
    play(
        Sockets::PerRoom,
        &[
            Step::Outage,
            Step::Look(356_437_708_749_477_243),
            Step::Look(317_965_622_917_659_674),
            Step::Look(1_203_363_519_319_224_043),
            Step::Look(0),
            Step::Answer(10_324_718_258_811_580_437),
            Step::Say(0),
            Step::Look(0),
            Step::Answer(3_501_786_090_863_306_372),
            Step::Forget,
            Step::Pass(5),
            Step::Answer(5_572_816_564_528_514_184),
            Step::Pass(5),
            Step::Look(2_308_084_201_082_202_944),
            Step::Say(1),
            Step::Say(1),
            Step::Look(0),
            Step::Say(1),
            Step::Say(0),
            Step::Say(1),
            Step::Say(1),
            Step::Say(1),
            Step::Say(1),
            Step::Pass(0),
        ],
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, max_shrink_iters: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_in_silence_on_a_shared_socket(steps in proptest::collection::vec(step(), 0..150)) {
        play(Sockets::Shared, &steps);
    }

    #[test]
    fn nothing_is_lost_in_silence_with_a_socket_for_each_room(steps in proptest::collection::vec(step(), 0..150)) {
        play(Sockets::PerRoom, &steps);
    }

    #[test]
    fn no_frame_can_kill_the_session(frames in proptest::collection::vec(".{0,60}", 0..20)) {
        let (mut table, id) = Table::served(&ROOMS);
        for frame in frames {
            table.session.on_bytes(id, &frame.clone().into(), table.now);
            let part = format!("{{\"r4242\":{frame}}}");
            table.session.on_bytes(id, &part.into(), table.now);
            let events = format!("{{\"r4242\":{{\"e\":[{frame}],\"t\":{frame},\"d\":{frame}}}}}");
            table.session.on_bytes(id, &events.into(), table.now);
        }
    }
}
