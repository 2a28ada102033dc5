//! Any course of events against a model of the Gateway: nothing is lost in silence, nothing is stored twice.
//!
//! The Gateway has sessions, each with numbered dispatches of which the newest can be replayed for a while (protocol §4).
//! Frames, acknowledgements, cuts and refusals come in any order, the journal stores now or later and says so later
//! still, and the program may be killed at any moment.
//!
//! Every dispatch has its number in the log of the whole Gateway in its data, so that the audit knows it again under
//! whatever origin it was stored.

use std::collections::{HashMap, HashSet, VecDeque};

use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest};

use super::*;

/// Time for which the Gateway keeps a session without a connection.
const KEEP: Duration = Duration::from_secs(120);
/// Number of dispatches that the Gateway can replay.
const REPLAYED: usize = 40;
/// Close codes that keep the session, that end it, and that stop the shard (protocol §5).
const CODES: [u16; 14] = [
    1000, 1001, 1006, 4000, 4001, 4003, 4006, 4008, 4007, 4009, 4004, 4010, 4011, 4014,
];

/// What the Gateway does with the next identify or resume.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mood {
    /// Answers as documented.
    Fair,
    /// Asks to try again (op 9: a resume keeps its session).
    Again,
    /// Forgets the session (op 9 `false`).
    Forget,
    /// Answers a resume with a new session, as compatible servers do.
    Afresh,
    Silent,
}

#[derive(Clone, Copy, Debug)]
enum Act {
    /// An event that has an id of its own, or none.
    Happen(bool),
    /// The connection that the session asks for is opened, or refused.
    Open(bool),
    /// The Gateway reads a number of frames of the client.
    Serve(usize),
    /// A number of its own frames arrive.
    Deliver(usize),
    Cut,
    /// The Gateway closes the connection, asks for a new one, says that the session is invalid, or wants a beat.
    Close(usize),
    Reconnect,
    Invalid(bool),
    AskBeat,
    Mood(Mood),
    /// Beats are no longer acknowledged, or are again.
    Deaf(bool),
    /// The next frame is lost, comes damaged, cannot be inflated, or is too large.
    Lose,
    Damage,
    Garble(bool),
    Large,
    /// The next frame comes after that many others.
    Late(usize),
    /// A frame that arrived lately comes once more.
    Repeat(usize),
    /// Time passes in silence, or with everything answered.
    Pass(u64),
    Live(u64),
    /// A number of entries are stored; the session hears of what is stored.
    Store(usize),
    Tell,
    /// The program is killed and started again, or signs off before.
    Kill,
    SignOff,
}

fn act() -> impl Strategy<Value = Act> {
    let mood = prop_oneof![
        Just(Mood::Again),
        Just(Mood::Forget),
        Just(Mood::Afresh),
        Just(Mood::Silent),
    ];
    prop_oneof![
        16 => any::<bool>().prop_map(Act::Happen),
        8 => prop_oneof![4 => Just(true), 1 => Just(false)].prop_map(Act::Open),
        8 => (1..4_usize).prop_map(Act::Serve),
        12 => (1..8_usize).prop_map(Act::Deliver),
        2 => Just(Act::Cut),
        1 => (0..CODES.len()).prop_map(Act::Close),
        1 => Just(Act::Reconnect),
        1 => any::<bool>().prop_map(Act::Invalid),
        1 => Just(Act::AskBeat),
        1 => mood.prop_map(Act::Mood),
        1 => any::<bool>().prop_map(Act::Deaf),
        1 => Just(Act::Lose),
        1 => Just(Act::Damage),
        1 => any::<bool>().prop_map(Act::Garble),
        1 => Just(Act::Large),
        1 => (1..12_usize).prop_map(Act::Late),
        1 => (0..20_usize).prop_map(Act::Repeat),
        4 => prop_oneof![0..6_u64, 6..60_u64, Just(300)].prop_map(Act::Pass),
        6 => (1..30_u64).prop_map(Act::Live),
        6 => prop_oneof![1..6_usize, Just(usize::MAX)].prop_map(Act::Store),
        3 => Just(Act::Tell),
        2 => Just(Act::Kill),
        1 => Just(Act::SignOff),
    ]
}

/// One event of the Gateway.
struct Said {
    /// Its frame in the session that it belongs to, if there was one.
    frame: Option<String>,
    /// Its data, which is the stored body.
    data: String,
    is_large: bool,
    /// Whether it did not come in order and whole.
    is_flawed: bool,
}

/// A session at the Gateway.
struct Hosted {
    id: String,
    /// Its dispatches, by their numbers in the log; the first has the sequence 1.
    dispatches: Vec<usize>,
    /// Sequence up to which it cannot be replayed.
    forgotten: u64,
    /// Time since when it has no connection.
    left: Option<Instant>,
    is_over: bool,
}

enum Frame {
    Text(String),
    Dispatch(usize),
    Close(u16),
}

/// The open connection.
#[derive(Default)]
struct Wire {
    session: Option<usize>,
    /// Frames of the client that the Gateway has not read, each with the client's session then.
    asked: VecDeque<(Option<usize>, String)>,
    frames: VecDeque<Frame>,
    /// Whether the Gateway says nothing more.
    is_over: bool,
}

/// A gap, by the numbers of its edges in the log.
#[derive(Debug)]
struct Hole {
    after: usize,
    before: usize,
}

struct World {
    table: Table,
    /// Whether session ids are given again.
    reuses_ids: bool,
    log: Vec<Said>,
    hosted: Vec<Hosted>,
    wire: Option<Wire>,
    task: Option<Task>,
    mood: Mood,
    is_deaf: bool,
    runs: u64,
    /// Dispatches that arrived in this run.
    arrived: Vec<usize>,
    /// Sessions by the names of their streams.
    streams: HashMap<String, usize>,
    /// Number of the stored entries that were checked.
    checked: usize,
    origins: HashSet<String>,
    /// Origin under which each dispatch is stored.
    stored: HashMap<usize, String>,
    /// Highest stored sequence of each session.
    durable: HashMap<usize, u64>,
    holes: Vec<Hole>,
    /// Number of the first stored READY, from which on everything is due.
    first: Option<usize>,
}

fn start(run: u64, now: Moment, checkpoint: Option<&Checkpoint>) -> Session {
    let config = Config::new("Bot canary-token", Intents::all()).buffer_bytes(6000);
    let mut session = Session::new(
        Arc::new(config),
        [0, 1],
        Rng::with_seed(run),
        format!("run{run}").into(),
        Streams::default(),
        checkpoint,
    );
    session.start();
    session.note_pause(now);
    session
}

impl World {
    fn new(reuses_ids: bool) -> Self {
        let mut table = Table::new();
        table.session = start(0, table.now, None);
        Self {
            table,
            reuses_ids,
            log: Vec::new(),
            hosted: Vec::new(),
            wire: None,
            task: None,
            mood: Mood::Fair,
            is_deaf: false,
            runs: 0,
            arrived: Vec::new(),
            streams: HashMap::new(),
            checked: 0,
            origins: HashSet::new(),
            stored: HashMap::new(),
            durable: HashMap::new(),
            holes: Vec::new(),
            first: None,
        }
    }

    // -----------------------------------------------------------------------------------------------------------------
    // The Gateway.

    /// The session that events go to: the newest, unless it is over.
    fn current(&self) -> Option<usize> {
        let newest = self.hosted.len().checked_sub(1)?;
        (!self.hosted[newest].is_over).then_some(newest)
    }

    /// Adds a dispatch to a session, and sends it on the session's connection.
    fn dispatch(&mut self, session: Option<usize>, name: &str, mut data: Value) {
        let number = self.log.len();
        data["n"] = number.into();
        let data = data.to_string();
        let frame = session.map(|index| {
            let hosted = &mut self.hosted[index];
            hosted.dispatches.push(number);
            let seq = hosted.dispatches.len();
            let last_replayed = seq.saturating_sub(REPLAYED) as u64;
            hosted.forgotten = hosted.forgotten.max(last_replayed);
            format!(r#"{{"t":"{name}","s":{seq},"op":0,"d":{data}}}"#)
        });
        self.log.push(Said {
            frame,
            data,
            is_large: false,
            is_flawed: false,
        });
        if let Some(wire) = self.wire.as_mut().filter(|wire| !wire.is_over)
            && session.is_some()
            && wire.session == session
        {
            wire.frames.push_back(Frame::Dispatch(number));
        }
    }

    fn happen(&mut self, has_id: bool) {
        let id = (1_000 + self.log.len()).to_string();
        let (name, data) = if has_id {
            (
                "MESSAGE_CREATE",
                json!({"id": id, "channel_id": "7", "guild_id": "42"}),
            )
        } else {
            (
                "GUILD_ROLE_DELETE",
                json!({"guild_id": "42", "role_id": id}),
            )
        };
        self.dispatch(self.current(), name, data);
    }

    fn send(&mut self, frame: Frame) {
        if let Some(wire) = self.wire.as_mut().filter(|wire| !wire.is_over) {
            wire.is_over = matches!(frame, Frame::Close(_));
            wire.frames.push_back(frame);
        }
    }

    fn control(&mut self, frame: &Value) {
        self.send(Frame::Text(frame.to_string()));
    }

    fn end_session(&mut self, session: Option<usize>) {
        if let Some(session) = session {
            self.hosted[session].is_over = true;
        }
    }

    /// The session of the open connection.
    fn joined(&self) -> Option<usize> {
        self.wire.as_ref().and_then(|wire| wire.session)
    }

    fn join(&mut self, session: usize) {
        self.hosted[session].left = None;
        if let Some(wire) = &mut self.wire {
            wire.session = Some(session);
        }
    }

    fn begin(&mut self) {
        self.end_session(self.current());
        let session = self.hosted.len();
        let id = if self.reuses_ids {
            "s".to_owned()
        } else {
            format!("s{session}")
        };
        let ready = json!({
            "v": 10, "user": {"id": "9"}, "guilds": [], "session_id": id, "resume_gateway_url": "wss://resume.test",
        });
        self.hosted.push(Hosted {
            id,
            dispatches: Vec::new(),
            forgotten: 0,
            left: None,
            is_over: false,
        });
        self.join(session);
        self.dispatch(Some(session), "READY", ready);
    }

    /// Reads one frame of the client.
    fn serve(&mut self) {
        let Some((session, frame)) = self
            .wire
            .as_mut()
            .filter(|wire| !wire.is_over)
            .and_then(|wire| wire.asked.pop_front())
        else {
            return;
        };
        let frame: Value = serde_json::from_str(&frame).expect("JSON");
        match frame["op"].as_u64() {
            Some(1) => self.beat(session, frame["d"].as_u64()),
            Some(2) => match std::mem::replace(&mut self.mood, Mood::Fair) {
                Mood::Again | Mood::Forget => self.control(&json!({"op": 9, "d": false})),
                Mood::Silent => {}
                Mood::Fair | Mood::Afresh => self.begin(),
            },
            Some(6) => self.resume(&frame["d"]),
            op => panic!("{op:?} was not asked for"),
        }
    }

    fn beat(&mut self, session: Option<usize>, seq: Option<u64>) {
        if let (Some(seq), Some(session)) = (seq, session) {
            let durable = self.durable.get(&session).copied();
            assert!(
                Some(seq) <= durable,
                "a beat carries {seq} where {durable:?} is stored"
            );
            let hosted = &mut self.hosted[session];
            hosted.forgotten = hosted.forgotten.max(seq);
        }
        if !self.is_deaf {
            self.control(&json!({"op": 11}));
        }
    }

    fn resume(&mut self, asked: &Value) {
        let seq = asked["seq"].as_u64().expect("a sequence");
        // A server that gives an id again cannot be asked for the earlier session; here it is refused.
        let meant = self.meant();
        let hosted = &self.hosted[meant];
        assert_eq!(asked["session_id"], *hosted.id);
        // Only READY may be skipped while it is not stored: without it the next run knows nothing of the session.
        let durable = self.durable.get(&meant).copied().unwrap_or(1);
        assert!(
            seq <= durable,
            "a resume from {seq} where {durable} is stored"
        );
        let newest = hosted.dispatches.len() as u64;
        let is_known = self.current() == Some(meant)
            && hosted
                .left
                .is_none_or(|left| self.table.now.at.saturating_duration_since(left) <= KEEP)
            && hosted.forgotten <= seq;
        match std::mem::replace(&mut self.mood, Mood::Fair) {
            Mood::Silent => {}
            Mood::Again => self.control(&json!({"op": 9, "d": true})),
            Mood::Afresh => self.begin(),
            Mood::Fair if is_known && seq <= newest => {
                self.join(meant);
                // What a client does not ask for it has.
                let forgotten = &mut self.hosted[meant].forgotten;
                *forgotten = seq.max(*forgotten);
                let missed = self.hosted[meant].dispatches.iter();
                let missed: Vec<usize> = missed
                    .skip(usize::try_from(seq).expect("small"))
                    .copied()
                    .collect();
                for number in missed {
                    self.send(Frame::Dispatch(number));
                }
                self.dispatch(Some(meant), "RESUMED", json!({}));
            }
            Mood::Fair if is_known => {
                self.end_session(Some(meant));
                self.send(Frame::Close(4007));
            }
            Mood::Fair | Mood::Forget => {
                self.end_session(Some(meant));
                self.control(&json!({"op": 9, "d": false}));
            }
        }
    }

    /// The session that the client would resume.
    fn meant(&self) -> usize {
        let resumable = self.table.session.resumable.as_ref();
        self.streams[&*resumable.expect("a session").stream]
    }

    // -----------------------------------------------------------------------------------------------------------------
    // What lies between.

    fn open(&mut self, succeeds: bool) {
        if self.task.take().is_none() {
            return;
        }
        if succeeds {
            self.wire = Some(Wire::default());
            self.table
                .session
                .on_opened(Some(Permit::for_test()), self.table.now);
            self.control(&json!({"op": 10, "d": {"heartbeat_interval": INTERVAL * 1000}}));
        } else {
            let failure = OpenFailure::new("no route");
            self.table.session.on_open_failed(failure, self.table.now);
        }
    }

    /// The connection is gone, for this reason if the client has not given it up already.
    fn gone(&mut self, disconnect: Option<Disconnect>) {
        let Some(wire) = self.wire.take() else { return };
        if let Some(session) = wire.session {
            self.hosted[session].left = Some(self.table.now.at);
        }
        if let Some(disconnect) = disconnect {
            self.table.gone(disconnect);
        }
    }

    fn deliver(&mut self) {
        if !self.table.session.wants_frame() {
            return;
        }
        let Some(frame) = self.wire.as_mut().and_then(|wire| wire.frames.pop_front()) else {
            return;
        };
        match frame {
            Frame::Text(text) => self.arrive(&text),
            Frame::Close(code) => self.gone(Some(Disconnect::by_server(Some(code), ""))),
            Frame::Dispatch(number) if self.log[number].is_large => {
                self.log[number].is_flawed = true;
                self.table.session.on_skipped(1 << 30);
            }
            Frame::Dispatch(number) => {
                self.arrived.push(number);
                let text = self.log[number].frame.clone().expect("sent");
                self.arrive(&text);
                if let (Some(session), Some(resumable)) =
                    (self.joined(), &self.table.session.resumable)
                    && self.hosted[session].dispatches.first() == Some(&number)
                {
                    self.streams.insert(resumable.stream.to_string(), session);
                }
            }
        }
    }

    fn arrive(&mut self, text: &str) {
        let frame = Bytes::copy_from_slice(text.as_bytes());
        if let Err(disconnect) = self.table.session.on_text(&frame, self.table.now) {
            self.gone(Some(disconnect));
        }
    }

    /// The dispatch that comes next and that the session can do without for a while.
    fn next_dispatch(&mut self) -> Option<usize> {
        let Some(Frame::Dispatch(number)) = self.wire.as_ref()?.frames.front() else {
            return None;
        };
        let text = self.log[*number].frame.as_ref().expect("sent");
        let is_event = !text.starts_with(r#"{"t":"READY"#) && !text.starts_with(r#"{"t":"RESUMED"#);
        is_event.then_some(*number)
    }

    /// Takes the dispatch that comes next off the connection.
    fn take_dispatch(&mut self) -> Option<usize> {
        let number = self.next_dispatch()?;
        self.log[number].is_flawed = true;
        self.wire.as_mut()?.frames.pop_front();
        Some(number)
    }

    fn repeat(&mut self, back: usize) {
        let session = self.joined();
        let here = self.arrived.iter().rev().filter(|number| {
            session.is_some_and(|session| self.hosted[session].dispatches.contains(number))
        });
        if let Some(number) = here.copied().nth(back) {
            self.send(Frame::Dispatch(number));
        }
    }

    fn pass(&mut self, seconds: u64) {
        let until = self.table.now.at + Duration::from_secs(seconds);
        let mut turns = 0;
        self.table.session.note_pause(self.table.now);
        while let Some(at) = self.table.session.deadline(self.table.now.at)
            && at <= until
        {
            self.table
                .pass(at.saturating_duration_since(self.table.now.at));
            if let Err(disconnect) = self.table.session.on_deadline(self.table.now) {
                self.gone(Some(disconnect));
            }
            self.pump();
            self.table.session.note_pause(self.table.now);
            turns += 1;
            assert!(turns < 1_000, "the session spins: {:?}", self.table.session);
        }
        self.table
            .pass(until.saturating_duration_since(self.table.now.at));
    }

    /// Fetches what the session wants: connections and frames to send.
    fn pump(&mut self) {
        if let Some(task) = self.table.session.next_task() {
            self.task = Some(task);
        }
        let resumable = self.table.session.resumable.as_ref();
        let session = resumable.map(|resumable| self.streams[&*resumable.stream]);
        while let Some(reply) = self.table.session.next_reply() {
            self.wire
                .as_mut()
                .expect("frames are sent on a connection")
                .asked
                .push_back((session, reply));
        }
    }

    /// Answers and delivers everything for some seconds.
    fn live(&mut self, seconds: u64) {
        for _ in 0..=seconds / 5 {
            for _ in 0..4 {
                self.open(true);
                self.pump();
                while self
                    .wire
                    .as_ref()
                    .is_some_and(|wire| !wire.is_over && !wire.asked.is_empty())
                {
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
            Act::Happen(has_id) => self.happen(has_id),
            Act::Open(succeeds) => self.open(succeeds),
            Act::Serve(count) => (0..count).for_each(|_| self.serve()),
            Act::Deliver(count) => (0..count).for_each(|_| {
                self.deliver();
                self.pump();
            }),
            Act::Cut => self.gone(Some(Disconnect::resume("the connection was lost"))),
            Act::Close(index) => {
                let code = CODES[index];
                if code != 4008 && code >= 4004 {
                    self.end_session(self.joined());
                }
                self.send(Frame::Close(code));
            }
            Act::Reconnect => self.control(&json!({"op": 7, "d": null})),
            Act::Invalid(is_resumable) => {
                if !is_resumable {
                    self.end_session(self.joined());
                }
                self.control(&json!({"op": 9, "d": is_resumable}));
            }
            Act::AskBeat => self.control(&json!({"op": 1, "d": null})),
            Act::Mood(mood) => self.mood = mood,
            Act::Deaf(is_deaf) => self.is_deaf = is_deaf,
            Act::Lose => {
                self.take_dispatch();
            }
            Act::Damage if self.table.session.wants_frame() => {
                if let Some(number) = self.take_dispatch() {
                    let text = self.log[number].frame.clone().expect("sent");
                    self.arrive(&text[..text.len() / 2]);
                }
            }
            Act::Garble(is_known) if self.table.session.wants_frame() => {
                if self.take_dispatch().is_some() {
                    let bytes = Bytes::from_static(b"\x78\x9c\xff");
                    let bytes = is_known.then_some(&bytes);
                    let reason = "it cannot be inflated".to_owned();
                    self.table
                        .session
                        .on_unreadable(reason, bytes, self.table.now);
                    self.gone(None);
                }
            }
            Act::Damage | Act::Garble(_) => {}
            Act::Large => {
                if let Some(number) = self.next_dispatch() {
                    self.log[number].is_large = true;
                }
            }
            Act::Late(places) => {
                if let Some(number) = self.take_dispatch()
                    && let Some(wire) = &mut self.wire
                {
                    // What ends the connection stays behind it.
                    let frames = wire.frames.iter();
                    let room = frames.take_while(|frame| matches!(frame, Frame::Dispatch(_)));
                    let place = room.count().min(places);
                    wire.frames.insert(place, Frame::Dispatch(number));
                }
            }
            Act::Repeat(back) => self.repeat(back),
            Act::Pass(seconds) => self.pass(seconds),
            Act::Live(seconds) => self.live(seconds),
            Act::Store(count) => self.store(count),
            Act::Tell => self.tell(),
            Act::Kill => self.kill(),
            Act::SignOff => {
                self.table.session.sign_off(self.table.now);
                self.table.session.on_closing(self.table.now);
                self.end_session(self.joined());
                self.store(usize::MAX);
                self.kill();
            }
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
                self.claimed(&checkpoint);
            }
        }
    }

    fn tell(&mut self) {
        let mark = self.table.checkpoint().map(|checkpoint| checkpoint.mark);
        self.table.session.note_stored(mark);
    }

    fn stored(&mut self, draft: Draft) {
        if draft.kind.as_str() == Gap::KIND {
            let event = Event::stored(Position::new(1), "discord".into(), draft);
            self.reported(&Gap::decode(&event).expect("a gap"));
            return;
        }
        let origin = draft.origin.to_string();
        if draft.provenance == Provenance::Synthetic || !self.origins.insert(origin.clone()) {
            // The journal stores an origin once.
            return;
        }
        let Some(number) = serde_json::from_slice(&draft.body)
            .ok()
            .and_then(|data: Value| data["n"].as_u64())
        else {
            return;
        };
        let number = usize::try_from(number).expect("small");
        assert_eq!(draft.body, self.log[number].data);
        if let Some(other) = self.stored.insert(number, origin.clone()) {
            panic!("dispatch {number} is stored as {origin} and as {other}");
        }
        if draft.kind.as_str() == "discord.READY" {
            self.first.get_or_insert(number);
        }
    }

    /// The number in the log of the frame at an edge.
    fn edge(&self, edge: &Edge) -> (usize, usize) {
        let (Some(stream), Some(seq)) = (&edge.connection, edge.frame) else {
            panic!("an edge without a frame: {edge:?}")
        };
        let session = self.streams[stream];
        let index = usize::try_from(seq).expect("small").saturating_sub(1);
        (session, self.hosted[session].dispatches[index])
    }

    fn reported(&mut self, gap: &Gap) {
        assert!(gap.from.at <= gap.to.at, "{gap:?}");
        let (earlier, after) = self.edge(&gap.from);
        let (later, before) = self.edge(&gap.to);
        assert!(after < before, "{gap:?}");
        assert!(
            gap.from.frame >= self.durable.get(&earlier).copied(),
            "it begins before what is stored: {gap:?}"
        );
        if earlier == later {
            let is_flawed = self.log[after + 1..before]
                .iter()
                .any(|said| said.is_flawed);
            // A payload that is passed over has no number, so that one that comes again may be taken for another.
            let is_large = self.log.iter().any(|said| said.is_large);
            assert!(is_flawed || is_large, "nothing is missing there: {gap:?}");
        } else {
            assert_eq!(
                self.hosted[later].dispatches.first(),
                Some(&before),
                "it ends where the next session begins: {gap:?}"
            );
        }
        self.holes.push(Hole { after, before });
    }

    /// Checks that everything before a checkpoint is stored, or inside a gap.
    fn claimed(&mut self, checkpoint: &Checkpoint) {
        let state = SavedState::read(&checkpoint.state).expect("ours");
        let Some(id) = state.session else { return };
        let session = self.streams[&state.stream.unwrap_or(id)];
        let seq = Mark::read(checkpoint.mark).seq;
        let durable = self.durable.entry(session).or_default();
        assert!(seq >= *durable, "{seq} is claimed after {durable}");
        *durable = seq;
        let index = usize::try_from(seq).expect("small").saturating_sub(1);
        let until = self.hosted[session].dispatches[index];
        self.nothing_is_missing(until + 1);
    }

    /// Checks that every dispatch that is due, up to a number, is stored or inside a gap.
    fn nothing_is_missing(&self, until: usize) {
        for number in self.first.unwrap_or(until)..until {
            let is_stored = self.stored.contains_key(&number);
            let in_gap = self
                .holes
                .iter()
                .any(|hole| hole.after < number && number < hole.before);
            assert!(
                is_stored || in_gap,
                "{} is lost; gaps: {:?}",
                self.log[number].data,
                self.holes
            );
        }
    }

    fn kill(&mut self) {
        self.gone(None);
        self.task = None;
        self.runs += 1;
        self.arrived.clear();
        let checkpoint = self.table.checkpoint().cloned();
        self.table.session = start(self.runs, self.table.now, checkpoint.as_ref());
    }

    /// Ends all faults, and runs until nothing is under way.
    fn rest(&mut self) {
        self.mood = Mood::Fair;
        self.is_deaf = false;
        for _ in 0..60 {
            if self.table.session.is_stopped() {
                self.kill();
            }
            // A frame that was passed over, or that is missing, shows at the next.
            self.happen(false);
            self.live(15);
            self.take(Act::Store(usize::MAX));
            self.take(Act::Tell);
            let newest = self
                .joined()
                .map(|session| self.hosted[session].dispatches.len());
            let is_quiet = self
                .wire
                .as_ref()
                .is_some_and(|wire| wire.frames.is_empty() && wire.asked.is_empty());
            if self.table.session.phase == Phase::Active
                && is_quiet
                && self.table.session.durable == newest.map(|newest| newest as u64)
                && self.table.session.skipped.is_none()
            {
                return;
            }
        }
        panic!("it does not come back: {:?}", self.table.session);
    }
}

fn play(reuses_ids: bool, acts: &[Act]) {
    let mut world = World::new(reuses_ids);
    world.pump();
    for act in acts {
        world.take(*act);
    }
    world.rest();
    assert!(world.first.is_some(), "no session was stored");
    world.nothing_is_missing(world.log.len());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, max_shrink_iters: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn nothing_is_lost_in_silence_and_nothing_is_stored_twice(
        acts in proptest::collection::vec(act(), 0..150),
        reuses_ids: bool,
    ) {
        play(reuses_ids, &acts);
    }
}
