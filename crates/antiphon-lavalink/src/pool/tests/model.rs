//! Any course of events against a model of the nodes: every frame is stored once or lies in a gap, and what the client
//! believes of a player is what its node plays.
//!
//! A node keeps sessions with players (protocol §5, §6, §8): it carries out requests in their order, sends events, keeps
//! them while a session waits to be resumed, and forgets everything when it is started again. Frames, responses, cuts
//! and refusals come in any order, responses are lost, the journal stores now or later, and the program may be killed
//! at any moment.
//!
//! Every frame has its number in the log of all nodes, so that the audit knows it again.

use std::collections::{BTreeMap, HashSet};

use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest};

use super::*;
use crate::{model::AutoPlayMode, player::QueueChange, wire::Voice};

const NODES: usize = 2;
const GUILDS: [u64; 2] = [9001, 9002];
/// Time for which a node keeps a session without a socket.
const KEEP: Duration = Duration::from_secs(60);
const LENGTH: i64 = 600_000;

#[derive(Clone, Copy, Debug)]
enum Act {
    /// Commands of a client, to a guild's player.
    Enter(usize),
    Put(usize),
    Play(usize),
    Skip(usize),
    Stop(usize),
    Pause(usize, bool),
    Volume(usize, u16),
    Switch(usize, usize),
    /// The track that plays at a guild's node ends, fails, or is stuck.
    End(usize),
    Fail(usize),
    Stuck(usize),
    /// The last frame of a node is sent once more.
    Repeat(usize),
    Update(usize),
    Stats(usize),
    Garbage(usize),
    /// A node or Discord does one of the tasks; one of the answers arrives, or is lost after the task was done.
    Look(usize),
    Refuse(usize),
    Answer(usize),
    Lose(usize),
    /// A number of frames of a node arrive.
    Deliver(usize, usize),
    /// A node's socket breaks, so that the node notices or not, or ends with a close frame.
    Cut(usize, bool),
    Close(usize),
    /// A node is killed, and refuses sockets until it is up again.
    Down(usize),
    Up(usize),
    /// Time passes in silence, or with everything answered.
    Pass(u64),
    Live(u64),
    Store(usize),
    Kill,
}

fn act() -> impl Strategy<Value = Act> {
    let guild = || 0..GUILDS.len();
    let node = || 0..NODES;
    prop_oneof![
        2 => guild().prop_map(Act::Enter),
        4 => guild().prop_map(Act::Put),
        3 => guild().prop_map(Act::Play),
        2 => guild().prop_map(Act::Skip),
        1 => guild().prop_map(Act::Stop),
        1 => (guild(), any::<bool>()).prop_map(|(guild, on)| Act::Pause(guild, on)),
        1 => (guild(), 1..200_u16).prop_map(|(guild, volume)| Act::Volume(guild, volume)),
        1 => (guild(), node()).prop_map(|(guild, node)| Act::Switch(guild, node)),
        5 => guild().prop_map(Act::End),
        1 => guild().prop_map(Act::Fail),
        1 => guild().prop_map(Act::Stuck),
        1 => node().prop_map(Act::Repeat),
        2 => guild().prop_map(Act::Update),
        2 => node().prop_map(Act::Stats),
        1 => node().prop_map(Act::Garbage),
        8 => any::<usize>().prop_map(Act::Look),
        1 => any::<usize>().prop_map(Act::Refuse),
        8 => any::<usize>().prop_map(Act::Answer),
        1 => any::<usize>().prop_map(Act::Lose),
        8 => (node(), 1..6_usize).prop_map(|(node, count)| Act::Deliver(node, count)),
        2 => (node(), any::<bool>()).prop_map(|(node, notices)| Act::Cut(node, notices)),
        1 => node().prop_map(Act::Close),
        1 => node().prop_map(Act::Down),
        2 => node().prop_map(Act::Up),
        3 => prop_oneof![0..6_u64, 6..100_u64].prop_map(Act::Pass),
        6 => (1..20_u64).prop_map(Act::Live),
        6 => prop_oneof![1..6_usize, Just(usize::MAX)].prop_map(Act::Store),
        2 => Just(Act::Kill),
    ]
}

/// A frame that a node made.
struct Said {
    node: usize,
    at: Timestamp,
    text: String,
    /// Its place in the order in which frames are sent; a frame that waited is sent later.
    order: usize,
}

/// A player at a node.
#[derive(Clone, Default)]
struct Hosted {
    track: Option<String>,
    paused: bool,
    volume: Option<u16>,
    voice: Option<Voice>,
}

/// A session of a node.
struct Sitting {
    id: String,
    /// Whether the client asked the node to keep it.
    is_kept: bool,
    /// Time since when it waits to be resumed; absent while it has a socket, which may be dead.
    left: Option<Instant>,
    /// Numbers of the frames that wait for the resume.
    waiting: Vec<usize>,
    players: BTreeMap<u64, Hosted>,
}

struct Wire {
    epoch: u64,
    is_joined: bool,
    /// Numbers of the frames under way; `None` is a close frame.
    frames: VecDeque<Option<usize>>,
}

#[derive(Default)]
struct Host {
    /// The newest session, if the node has one.
    sitting: Option<Sitting>,
    wire: Option<Wire>,
    is_down: bool,
}

/// The stretch of a gap at a node.
#[derive(Debug)]
struct Hole {
    node: usize,
    from: Edge,
    to: Edge,
}

/// An answer to the client, with the task's own failure.
struct Answer {
    done: Done,
    lost: Option<Done>,
}

struct World {
    pool: PoolState,
    now: Moment,
    hosts: [Host; NODES],
    log: Vec<Said>,
    sent: usize,
    sessions: u64,
    voices: u64,
    tracks: u64,
    runs: u64,
    tasks: Vec<Task>,
    answers: Vec<Answer>,
    /// Receivers of replies, since a request whose caller has gone is left out.
    waiters: Vec<oneshot::Receiver<Result<Option<Arc<Playable>>, PlayerError>>>,
    /// Places of the frames in the order in which they were sent, by connection and number.
    arrived: HashMap<(String, u64), usize>,
    kept: HashMap<Part, Checkpoint>,
    stored: HashMap<usize, String>,
    origins: HashSet<String>,
    holes: Vec<Hole>,
    /// Number of the first stored `ready` of each node, from which on its frames are due.
    first: [Option<usize>; NODES],
    /// Tracks that were put into the queue of each guild's player, in their order.
    queued: [Vec<String>; 2],
    /// Tracks that began at a node, and those of requests that it refused.
    begun: HashSet<String>,
    refused: Vec<String>,
    /// Tracks whose end is stored as finished.
    finished: HashSet<String>,
    /// Tracks whose fate a lost response or a kill leaves open.
    unsure: HashSet<String>,
}

fn failure(node: usize) -> RequestError {
    RequestError::Unreachable {
        node: format!("n{node}").as_str().into(),
        source: "the connection broke".into(),
    }
}

impl World {
    fn new() -> Self {
        let now = Moment {
            at: Instant::now(),
            wall: "2026-01-01T00:00:00Z".parse().expect("a time"),
        };
        let mut pool = PoolState::new(&Self::config(), Rng::with_seed(0), "run0", [], now);
        pool.start(now);
        Self {
            pool,
            now,
            hosts: std::array::from_fn(|_| Host::default()),
            log: Vec::new(),
            sent: 0,
            sessions: 0,
            voices: 0,
            tracks: 0,
            runs: 0,
            tasks: Vec::new(),
            answers: Vec::new(),
            waiters: Vec::new(),
            arrived: HashMap::new(),
            kept: HashMap::new(),
            stored: HashMap::new(),
            origins: HashSet::new(),
            holes: Vec::new(),
            first: [None; NODES],
            queued: [Vec::new(), Vec::new()],
            begun: HashSet::new(),
            refused: Vec::new(),
            finished: HashSet::new(),
            unsure: HashSet::new(),
        }
    }

    fn config() -> Config {
        config(NODES).buffer(30_000)
    }

    // -----------------------------------------------------------------------------------------------------------------
    // The nodes.

    /// Makes a frame of a node's session, which waits if the session waits; `playerUpdate` is dropped then.
    fn tell(&mut self, node: usize, mut frame: serde_json::Value) {
        let host = &mut self.hosts[node];
        let Some(sitting) = &mut host.sitting else {
            return;
        };
        if sitting.left.is_some() && frame["op"] == "playerUpdate" {
            return;
        }
        let number = self.log.len();
        frame["n"] = number.into();
        self.sent += 1;
        self.log.push(Said {
            node,
            at: self.now.wall,
            text: frame.to_string(),
            order: self.sent,
        });
        if sitting.left.is_some() {
            sitting.waiting.push(number);
        } else if let Some(wire) = &mut host.wire {
            wire.frames.push_back(Some(number));
        }
    }

    fn event(&mut self, node: usize, guild: u64, kind: &str, track: &str, reason: &str) {
        let frame = json!({"op": "event", "type": kind, "guildId": guild.to_string(), "reason": reason,
            "thresholdMs": 10_000, "exception": {"message": "x", "severity": "common", "cause": "x"},
            "track": {"encoded": track, "info": {"identifier": track, "sourceName": "youtube", "length": LENGTH}}});
        self.tell(node, frame);
    }

    fn update(&mut self, node: usize, guild: u64) {
        let connected = self
            .hosted(node, guild)
            .is_some_and(|it| it.voice.is_some());
        let time = self.now.wall.as_millisecond();
        let state = json!({"time": time, "position": 0, "connected": connected, "ping": 1});
        let frame = json!({"op": "playerUpdate", "guildId": guild.to_string(), "state": state});
        self.tell(node, frame);
    }

    fn hosted(&mut self, node: usize, guild: u64) -> Option<&mut Hosted> {
        self.hosts[node].sitting.as_mut()?.players.get_mut(&guild)
    }

    /// The node and the track of a guild's player that plays.
    fn playing(&mut self, guild: u64) -> Option<(usize, String)> {
        (0..NODES).find_map(|node| Some((node, self.hosted(node, guild)?.track.clone()?)))
    }

    /// Ends the track of a guild's player.
    fn end(&mut self, guild: u64, reason: &str) {
        if let Some((node, track)) = self.playing(guild) {
            if let Some(hosted) = self.hosted(node, guild) {
                hosted.track = None;
            }
            if reason == "loadFailed" {
                self.event(node, guild, "TrackExceptionEvent", &track, "");
            }
            self.event(node, guild, "TrackEndEvent", &track, reason);
        }
    }

    /// Whether a session's requests are served: it is known, and has a socket.
    fn is_served(&self, node: usize, session: &str) -> bool {
        let sitting = self.hosts[node].sitting.as_ref();
        sitting.is_some_and(|it| *it.id == *session && it.left.is_none())
    }

    fn remote(guild: u64, hosted: &Hosted) -> RemotePlayer {
        RemotePlayer {
            guild: Some(GuildId::new(guild)),
            track: hosted.track.as_deref().map(track_of),
            volume: Some(hosted.volume.unwrap_or(100)),
            paused: hosted.paused,
            state: wire::PlayerState {
                connected: hosted.voice.is_some(),
                ..wire::PlayerState::default()
            },
            voice: hosted.voice.clone(),
            ..RemotePlayer::default()
        }
    }

    /// Carries out a request for a player.
    fn request(&mut self, node: usize, guild: u64, body: &RequestBody) -> Option<RemotePlayer> {
        let RequestBody::Update { body, no_replace } = body else {
            if self
                .hosted(node, guild)
                .is_some_and(|it| it.track.is_some())
            {
                let track = self.hosted(node, guild)?.track.take()?;
                self.event(node, guild, "TrackEndEvent", &track, "cleanup");
            }
            let sitting = self.hosts[node].sitting.as_mut()?;
            sitting.players.remove(&guild);
            return None;
        };
        let sitting = self.hosts[node].sitting.as_mut()?;
        let hosted = sitting.players.entry(guild).or_default();
        hosted.voice = body.voice.clone().or(hosted.voice.take());
        hosted.volume = body.volume.or(hosted.volume);
        hosted.paused = body.paused.unwrap_or(hosted.paused);
        if let Some(track) = &body.track
            && !(*no_replace && hosted.track.is_some())
        {
            let track = track.encoded.as_deref().map(str::to_owned);
            let before = std::mem::replace(&mut hosted.track, track.clone());
            let reason = if track.is_some() {
                "replaced"
            } else {
                "stopped"
            };
            if let Some(before) = before {
                self.event(node, guild, "TrackEndEvent", &before, reason);
            }
            if let Some(track) = track {
                self.event(node, guild, "TrackStartEvent", &track, "");
                self.begun.insert(track);
            }
        }
        self.update(node, guild);
        Some(Self::remote(guild, self.hosted(node, guild)?))
    }

    /// Opens a socket, and sends `ready` and what waited.
    fn accept(&mut self, node: usize, epoch: u64, session: Option<&str>) {
        let now = self.now.at;
        let host = &mut self.hosts[node];
        let is_kept = |it: &Sitting| {
            let is_there = it
                .left
                .is_some_and(|left| now.saturating_duration_since(left) <= KEEP);
            Some(&*it.id) == session && is_there
        };
        let resumes = host.sitting.as_ref().is_some_and(is_kept);
        let mut waiting = Vec::new();
        if let Some(sitting) = host.sitting.as_mut().filter(|_| resumes) {
            sitting.left = None;
            waiting = std::mem::take(&mut sitting.waiting);
        } else {
            self.sessions += 1;
            host.sitting = Some(Sitting {
                id: format!("s{}", self.sessions),
                is_kept: false,
                left: None,
                waiting: Vec::new(),
                players: BTreeMap::new(),
            });
        }
        host.wire = Some(Wire {
            epoch,
            is_joined: false,
            frames: VecDeque::new(),
        });
        let id = host.sitting.as_ref().map(|it| it.id.clone());
        self.tell(
            node,
            json!({"op": "ready", "resumed": resumes, "sessionId": id}),
        );
        for number in waiting {
            self.sent += 1;
            self.log[number].order = self.sent;
            if let Some(wire) = &mut self.hosts[node].wire {
                wire.frames.push_back(Some(number));
            }
        }
        if resumes {
            for guild in GUILDS {
                if self.hosted(node, guild).is_some() {
                    self.update(node, guild);
                }
            }
        }
    }

    /// The node loses its socket; one that does not notice takes the session for live.
    fn part(&mut self, node: usize, notices: bool) {
        let now = self.now.at;
        let host = &mut self.hosts[node];
        host.wire = None;
        if let Some(sitting) = &mut host.sitting
            && notices
        {
            if sitting.is_kept {
                sitting.left.get_or_insert(now);
            } else {
                host.sitting = None;
            }
        }
    }

    /// Responds to a request for the players of a session.
    fn players(
        &self,
        node: usize,
        session: &str,
        refuses: bool,
    ) -> Result<Vec<RemotePlayer>, RequestError> {
        let is_served = self.is_served(node, session) && !refuses;
        let sitting = self.hosts[node].sitting.as_ref().filter(|_| is_served);
        let sitting = sitting.ok_or_else(|| failure(node))?;
        let players = sitting.players.iter();
        Ok(players
            .map(|(guild, hosted)| Self::remote(*guild, hosted))
            .collect())
    }

    /// Responds to a request for a player.
    fn respond(
        &mut self,
        node: usize,
        session: &str,
        guild: u64,
        body: &RequestBody,
        refuses: bool,
    ) -> Result<Option<Box<RemotePlayer>>, RequestError> {
        let is_served = self.is_served(node, session);
        if let RequestBody::Update { body, .. } = body
            && let Some(track) = body.track.as_ref().and_then(|it| it.encoded.as_deref())
            && (refuses || !is_served)
        {
            // The client gives a track up after the fourth try.
            self.refused.push(track.to_owned());
            if self
                .refused
                .iter()
                .filter(|refused| *refused == track)
                .count()
                >= 4
            {
                self.unsure.insert(track.to_owned());
            }
        }
        if refuses {
            Err(failure(node))
        } else if is_served {
            Ok(self.request(node, guild, body).map(Box::new))
        } else {
            Err(RequestError::SessionExpired(Failure {
                status: 404,
                ..Failure::default()
            }))
        }
    }

    /// Does one of the tasks.
    fn look(&mut self, index: usize, refuses: bool) {
        if self.tasks.is_empty() {
            return;
        }
        let task = self.tasks.swap_remove(index % self.tasks.len());
        let mut lost = None;
        let done = match task {
            Task::Open {
                node,
                epoch,
                session,
            } => {
                let outcome = if self.hosts[node].is_down || refuses {
                    Err(ConnectionLoss::new("no node there"))
                } else {
                    self.accept(node, epoch, session.as_deref());
                    Ok(())
                };
                Done::Opened {
                    node,
                    epoch,
                    outcome,
                }
            }
            Task::Configure { node, session } => {
                if self.is_served(node, &session)
                    && let Some(sitting) = &mut self.hosts[node].sitting
                {
                    sitting.is_kept = true;
                }
                Done::Nothing
            }
            Task::Info { node } => Done::Info { node, info: None },
            Task::Players {
                node,
                epoch,
                session,
            } => {
                let players = |outcome| Done::Players {
                    node,
                    epoch,
                    outcome,
                };
                lost = Some(players(Err(failure(node))));
                players(self.players(node, &session, refuses))
            }
            Task::Request {
                node,
                session,
                guild,
                number,
                body,
            } => {
                let responded = |outcome| Done::Responded {
                    guild,
                    number,
                    outcome,
                };
                lost = Some(responded(Err(failure(node))));
                responded(self.respond(node, &session, guild.get(), &body, refuses))
            }
            Task::Delete {
                node,
                session,
                guild,
            } => {
                if self.is_served(node, &session) {
                    self.request(node, guild.get(), &RequestBody::Destroy);
                }
                Done::Deleted { node }
            }
            Task::Voice(request) => {
                self.voices += 1;
                let outcome = if refuses {
                    Err("no gateway".into())
                } else {
                    Ok(())
                };
                let guild = request.guild;
                let asked = Done::VoiceAsked { guild, outcome };
                if !refuses {
                    self.pool.on_done(asked, self.now);
                    self.speak(&request);
                    return;
                }
                asked
            }
            Task::Release { node, .. } => Done::Released { node },
            Task::Recommend { guild, .. } => Done::Recommended {
                guild,
                tracks: Vec::new(),
            },
        };
        self.answers.push(Answer { done, lost });
    }

    /// Discord answers a voice request.
    fn speak(&mut self, request: &VoiceRequest) {
        let state = VoiceState {
            guild: request.guild,
            user: UserId::new(7),
            channel: request.channel,
            session_id: format!("v{}", self.voices),
        };
        self.pool.on_voice_state(&state, self.now);
        if request.channel.is_some() {
            let server = VoiceServer {
                guild: request.guild,
                token: format!("t{}", self.voices).as_str().into(),
                endpoint: Some("c-fra01.discord.media:443".into()),
            };
            self.pool.on_voice_server(server, self.now);
        }
    }

    // -----------------------------------------------------------------------------------------------------------------
    // What lies between.

    fn arrive(&mut self, index: usize, is_lost: bool) {
        if self.answers.is_empty() {
            return;
        }
        let Answer { done, lost } = self.answers.swap_remove(index % self.answers.len());
        let done = match lost.filter(|_| is_lost) {
            Some(lost) => {
                // What a request did whose response is lost shows later.
                for guild in GUILDS {
                    if let Some((_, track)) = self.playing(guild) {
                        self.unsure.insert(track);
                    }
                }
                lost
            }
            None => done,
        };
        if let Done::Opened {
            node,
            epoch,
            outcome: Ok(()),
        } = &done
            && let Some(wire) = &mut self.hosts[*node].wire
            && wire.epoch == *epoch
        {
            wire.is_joined = true;
        } else if let Done::Opened {
            node,
            epoch,
            outcome: Ok(()),
        } = &done
        {
            // It broke before the client had it, which it hears of at once.
            let (node, epoch) = (*node, *epoch);
            self.pool.on_done(done, self.now);
            let loss = ConnectionLoss::new("reset");
            return self.pool.on_lost(node, epoch, &loss, self.now);
        }
        self.pool.on_done(done, self.now);
    }

    fn deliver(&mut self, node: usize) {
        if !self.pool.wants_frames() {
            return;
        }
        let Some(wire) = self.hosts[node].wire.as_mut().filter(|wire| wire.is_joined) else {
            return;
        };
        let epoch = wire.epoch;
        match wire.frames.pop_front() {
            Some(Some(number)) => {
                let frame = Bytes::copy_from_slice(self.log[number].text.as_bytes());
                self.pool.on_frame(node, epoch, &frame, self.now);
                let last = self.pool.nodes[node].last_edge();
                if let Some(Edge {
                    connection: Some(name),
                    frame: Some(frame),
                    ..
                }) = last
                {
                    let order = self.log[number].order;
                    self.arrived.entry((name, frame)).or_insert(order);
                }
            }
            Some(None) => {
                self.hosts[node].wire = None;
                let loss = ConnectionLoss {
                    is_orderly: true,
                    ..ConnectionLoss::new("closed")
                };
                self.pool.on_lost(node, epoch, &loss, self.now);
            }
            None => {}
        }
    }

    fn cut(&mut self, node: usize, notices: bool) {
        let wire = self.hosts[node].wire.take();
        self.part(node, notices);
        if let Some(wire) = wire.filter(|wire| wire.is_joined) {
            let loss = ConnectionLoss::new("reset");
            self.pool.on_lost(node, wire.epoch, &loss, self.now);
        }
    }

    fn close(&mut self, node: usize) {
        let wire = self.hosts[node].wire.take();
        self.part(node, true);
        if let Some(mut wire) = wire {
            wire.frames.push_back(None);
            self.hosts[node].wire = Some(wire);
        }
    }

    fn down(&mut self, node: usize) {
        self.hosts[node].is_down = true;
        self.cut(node, true);
        self.hosts[node].sitting = None;
    }

    fn clock(&mut self, at: Instant) {
        let passed = at.saturating_duration_since(self.now.at);
        self.now.at += passed;
        self.now.wall += passed;
    }

    fn pass(&mut self, seconds: u64) {
        let end = self.now.at + Duration::from_secs(seconds);
        let mut turns = 0;
        while let Some(due) = self.pool.deadline().filter(|due| *due <= end) {
            self.clock(due);
            self.pool.on_deadline(self.now);
            self.pump();
            turns += 1;
            assert!(turns < 2_000, "the pool spins");
        }
        self.clock(end);
    }

    /// Fetches what the pool wants.
    fn pump(&mut self) {
        for (guild, queued) in GUILDS.into_iter().zip(&mut self.queued) {
            let slot = self.pool.slots.get(&GuildId::new(guild));
            if slot.is_none_or(|slot| slot.player.is_gone) {
                // The queue is gone with its player.
                queued.clear();
            }
        }
        while let Some((node, epoch)) = self.pool.next_close() {
            if self.hosts[node]
                .wire
                .as_ref()
                .is_some_and(|wire| wire.epoch == epoch)
            {
                self.part(node, true);
            }
        }
        while let Some(task) = self.pool.next_task() {
            if let Task::Request {
                body: RequestBody::Update { body, .. },
                ..
            } = &task
                && let Some(track) = body.track.as_ref().and_then(|it| it.encoded.as_deref())
            {
                assert!(
                    !self.finished.contains(track) || self.unsure.contains(track),
                    "track {track} has finished and is played again"
                );
            }
            self.tasks.push(task);
        }
    }

    /// Does, answers and delivers everything for some seconds.
    fn live(&mut self, seconds: u64) {
        for _ in 0..=seconds / 5 {
            for _ in 0..6 {
                self.pump();
                for _ in 0..self.tasks.len() {
                    self.look(0, false);
                    self.pump();
                }
                for _ in 0..self.answers.len() {
                    self.arrive(0, false);
                    self.pump();
                }
                for node in 0..NODES {
                    let frames = self.hosts[node].wire.as_ref();
                    for _ in 0..frames.map_or(0, |wire| wire.frames.len()) {
                        self.deliver(node);
                        self.pump();
                    }
                }
            }
            self.pass(5.min(seconds));
        }
    }

    // -----------------------------------------------------------------------------------------------------------------
    // The client.

    fn command(&mut self, guild: usize, make: impl FnOnce(crate::player::Reply) -> PlayerCommand) {
        let (reply, answer) = oneshot::channel();
        let command = Box::new(make(reply));
        let guild = GuildId::new(GUILDS[guild]);
        self.pool
            .on_command(PoolCommand::Player { guild, command }, self.now);
        self.waiters.push(answer);
    }

    fn enter(&mut self, guild: usize) {
        self.command(guild, |reply| {
            PlayerCommand::Autoplay(AutoPlayMode::Partial, reply)
        });
        self.command(guild, enter);
    }

    fn track(&mut self) -> Playable {
        self.tracks += 1;
        track_of(&format!("t{}", self.tracks))
    }

    fn put(&mut self, guild: usize) {
        let track = self.track();
        self.queued[guild].push(track.encoded.to_string());
        let change = QueueChange(Box::new(move |queue, _| {
            // A full queue refuses it, and plays nothing the less.
            let _ = queue.put(vec![track]);
        }));
        let guild = GuildId::new(GUILDS[guild]);
        let command = Box::new(PlayerCommand::Queue(change));
        self.pool
            .on_command(PoolCommand::Player { guild, command }, self.now);
    }

    fn change(&mut self, guild: usize, operation: Operation) {
        self.command(guild, |reply| PlayerCommand::Change { operation, reply });
    }

    fn take(&mut self, act: Act) {
        match act {
            Act::Enter(guild) => self.enter(guild),
            Act::Put(guild) => self.put(guild),
            Act::Play(guild) => {
                let track = Arc::new(self.track());
                self.command(guild, |reply| PlayerCommand::Play {
                    track,
                    options: PlayOptions::new(),
                    reply,
                });
            }
            Act::Skip(guild) => {
                self.command(guild, |reply| PlayerCommand::Skip { force: true, reply });
            }
            Act::Stop(guild) => self.command(guild, |reply| PlayerCommand::Stop { reply }),
            Act::Pause(guild, on) => self.change(guild, Operation::Pause(on)),
            Act::Volume(guild, volume) => self.change(guild, Operation::Volume(volume)),
            Act::Switch(guild, node) => {
                let (reply, answer) = oneshot::channel();
                let switch = PoolCommand::Switch {
                    guild: GuildId::new(GUILDS[guild]),
                    node: format!("n{node}").as_str().into(),
                    reply,
                };
                self.pool.on_command(switch, self.now);
                self.waiters.push(answer);
            }
            Act::End(guild) => self.end(GUILDS[guild], "finished"),
            Act::Fail(guild) => self.end(GUILDS[guild], "loadFailed"),
            Act::Stuck(guild) => {
                if let Some((node, track)) = self.playing(GUILDS[guild]) {
                    self.event(node, GUILDS[guild], "TrackStuckEvent", &track, "");
                }
            }
            Act::Repeat(node) => {
                let last = self.log.iter().rev().find(|said| said.node == node);
                let frame = last.and_then(|said| serde_json::from_str(&said.text).ok());
                let frame = frame.filter(|frame: &serde_json::Value| frame["op"] == "event");
                if let Some(frame) = frame {
                    self.tell(node, frame);
                }
            }
            Act::Update(guild) => {
                for node in 0..NODES {
                    if self.hosted(node, GUILDS[guild]).is_some() {
                        self.update(node, GUILDS[guild]);
                    }
                }
            }
            Act::Stats(node) => self.tell(node, json!({"op": "stats", "playingPlayers": 1})),
            Act::Garbage(node) => self.tell(node, json!({"op": "what"})),
            Act::Look(index) => self.look(index, false),
            Act::Refuse(index) => self.look(index, true),
            Act::Answer(index) => self.arrive(index, false),
            Act::Lose(index) => self.arrive(index, true),
            Act::Deliver(node, count) => {
                for _ in 0..count {
                    self.deliver(node);
                    self.pump();
                }
            }
            Act::Cut(node, notices) => self.cut(node, notices),
            Act::Close(node) => self.close(node),
            Act::Down(node) => self.down(node),
            Act::Up(node) => self.hosts[node].is_down = false,
            Act::Pass(seconds) => self.pass(seconds),
            Act::Live(seconds) => self.live(seconds),
            Act::Store(count) => self.store(count),
            Act::Kill => self.kill(),
        }
        self.pump();
    }

    // -----------------------------------------------------------------------------------------------------------------
    // The journal.

    fn store(&mut self, count: usize) {
        for _ in 0..count {
            let Some(entry) = self.pool.outbox.take() else {
                return;
            };
            if let Some(draft) = entry.event {
                let event = Event::stored(Position::new(1), "lavalink".into(), draft);
                self.stored(&event);
            }
            if let Some(checkpoint) = entry.checkpoint {
                self.kept.insert(Arc::clone(&checkpoint.part), checkpoint);
            }
        }
    }

    fn stored(&mut self, event: &Event) {
        let origin = event.origin().to_string();
        assert!(self.origins.insert(origin.clone()), "{origin} twice");
        let mut parts = event.place().as_str().split('/');
        let node = parts
            .nth(1)
            .and_then(|name| name.strip_prefix('n')?.parse().ok());
        if event.kind().as_str() == Gap::KIND {
            let Gap { from, to, .. } = Gap::decode(event).expect("a gap");
            assert!(from.at <= to.at, "{from:?} {to:?}");
            let node = node.expect("a node");
            self.holes.push(Hole { node, from, to });
            return;
        }
        let Ok(frame) = event.parse::<serde_json::Value>() else {
            return;
        };
        let Some(number) = frame["n"].as_u64() else {
            return;
        };
        let number = usize::try_from(number).expect("small");
        assert_eq!(&**event.body(), self.log[number].text.as_bytes());
        if let Some(other) = self.stored.insert(number, origin.clone()) {
            panic!("frame {number} is stored as {origin} and as {other}");
        }
        let node = node.expect("a node");
        if frame["op"] == "ready" {
            self.first[node].get_or_insert(number);
        }
        if frame["type"] == "TrackEndEvent" && frame["reason"] == "finished" {
            let track = frame["track"]["encoded"].as_str().expect("a track");
            self.finished.insert(track.to_owned());
        }
    }

    fn nothing_is_missing(&self) {
        for (number, said) in self.log.iter().enumerate() {
            let is_due = self.first[said.node].is_some_and(|first| first <= number);
            let is_behind = |edge: &Edge| {
                let name = edge.connection.clone().zip(edge.frame);
                match name.and_then(|name| self.arrived.get(&name)) {
                    Some(last) => *last < said.order,
                    None => edge.at <= said.at,
                }
            };
            let in_gap = || {
                self.holes.iter().any(|hole| {
                    hole.node == said.node && is_behind(&hole.from) && said.at <= hole.to.at
                })
            };
            assert!(
                !is_due || self.stored.contains_key(&number) || in_gap(),
                "frame {number} of node {} at {} is lost: {}; gaps: {:#?}",
                said.node,
                said.at,
                said.text,
                self.holes
            );
        }
    }

    fn kill(&mut self) {
        self.runs += 1;
        let nonce = format!("run{}", self.runs);
        for node in 0..NODES {
            self.part(node, true);
        }
        // What the killed process knew and had not stored may happen again.
        let tracks = 1..=self.tracks;
        self.unsure.extend(tracks.map(|track| format!("t{track}")));
        self.tasks.clear();
        self.answers.clear();
        let rng = Rng::with_seed(self.runs);
        self.pool = PoolState::new(&Self::config(), rng, &nonce, self.kept.values(), self.now);
        self.pool.start(self.now);
    }

    /// Ends all faults, and runs until nothing is under way.
    fn rest(&mut self) {
        for host in &mut self.hosts {
            host.is_down = false;
        }
        for _ in 0..60 {
            self.live(5);
            self.take(Act::Store(usize::MAX));
        }
    }

    /// Compares what the client believes with what the nodes play.
    fn agree(&mut self) {
        for guild in GUILDS {
            let Some(slot) = self.pool.slots.get(&GuildId::new(guild)) else {
                continue;
            };
            if slot.player.is_gone {
                continue;
            }
            let (ours, volume, paused) = {
                let snapshot = slot.player.snapshot();
                let track = snapshot.current.map(|track| track.encoded.to_string());
                (track, snapshot.volume, snapshot.paused)
            };
            let Some(home) = slot.player.node.clone() else {
                assert_eq!(ours, None, "guild {guild} has no node and plays");
                continue;
            };
            let home = self.pool.index(&home).expect("configured");
            for node in 0..NODES {
                let theirs = self.hosted(node, guild).cloned().unwrap_or_default();
                if node == home {
                    assert_eq!(ours, theirs.track, "guild {guild} at node {node}");
                    let is_known = theirs.track.is_some();
                    assert!(!is_known || theirs.volume.unwrap_or(100) == volume);
                    assert!(!is_known || theirs.paused == paused);
                } else {
                    assert_eq!(theirs.track, None, "guild {guild} plays at node {node} too");
                }
            }
        }
    }
}

/// Checks that every track that is in no queue any more has begun, or may have.
fn nothing_is_skipped(world: &World) {
    for (guild, queued) in GUILDS.into_iter().zip(&world.queued) {
        let Some(slot) = world.pool.slots.get(&GuildId::new(guild)) else {
            continue;
        };
        let left: HashSet<&str> = slot
            .player
            .queue
            .iter()
            .map(|track| &*track.encoded)
            .collect();
        for track in queued {
            let is_known = left.contains(&**track)
                || world.begun.contains(track)
                || world.unsure.contains(track);
            assert!(is_known, "track {track} of guild {guild} was skipped");
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
    assert!(
        world.first.iter().all(Option::is_some),
        "a node is never ready"
    );
    world.nothing_is_missing();
    world.agree();
    nothing_is_skipped(&world);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, max_shrink_iters: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn every_frame_is_stored_once_or_in_a_gap_and_client_and_node_agree(
        acts in proptest::collection::vec(act(), 0..120),
    ) {
        play(&acts);
    }
}
