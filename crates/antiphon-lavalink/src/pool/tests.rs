use std::time::Duration;

use antiphon_core::{Event, OpenFailure, Position};
use serde_json::json;
use tokio::sync::oneshot;

use super::*;
use crate::{
    config::NodeConfig,
    error::{Failure, InvalidNodeError, PlayerError, RequestError},
    event::{NodeClosed, NodeDisconnected, PlayerMigrated, TrackEnd, TrackStart},
    model::{ChannelId, MoveReason, Playable, VoiceRequest, VoiceServer, VoiceState},
    player::{Operation, PlayOptions, PlayerCommand, RemotePlayer, Reply, RequestBody},
};

mod bytes;
mod model;

const LOFT: ChannelId = ChannelId::new(77);

/// The command to enter the channel of the tests.
fn enter(reply: Reply) -> PlayerCommand {
    PlayerCommand::Enter {
        channel: LOFT,
        self_deaf: None,
        self_mute: None,
        within: Duration::from_secs(10),
        node: None,
        reply,
    }
}

/// A pool with a clock, and nodes that carry out requests.
struct Stage {
    pool: PoolState,
    now: Moment,
    open: Vec<Option<(u64, Option<Arc<str>>)>>,
    sessions: u64,
    /// Requests of players: node, guild and body.
    asked: Vec<(usize, u64, serde_json::Value)>,
    deleted: Vec<(usize, u64)>,
    voice: Vec<VoiceRequest>,
    /// Requests without a response yet, while `holds`.
    held: Vec<(GuildId, u64, RequestBody)>,
    holds: bool,
    events: Vec<Event>,
    kept: HashMap<Part, Checkpoint>,
    /// Players at the nodes, by node.
    players: Vec<HashMap<u64, RemotePlayer>>,
}

fn config(nodes: usize) -> Config {
    let regions = ["eu", "us", "asia"];
    let node = |index: usize| {
        NodeConfig::new(format!("n{index}"), "http://a:2333", "p").region(regions[index % 3])
    };
    Config::new(7, (0..nodes).map(node))
}

impl Stage {
    fn new(nodes: usize) -> Self {
        Self::with(&config(nodes), HashMap::new())
    }

    fn with(config: &Config, kept: HashMap<Part, Checkpoint>) -> Self {
        let now = Moment {
            at: Instant::now(),
            wall: "2026-01-01T00:00:00Z".parse().expect("a time"),
        };
        let nodes = config.nodes.len();
        let mut stage = Self {
            pool: PoolState::new(config, Rng::with_seed(1), "nonce", kept.values(), now),
            now,
            open: vec![None; nodes],
            sessions: 0,
            asked: Vec::new(),
            deleted: Vec::new(),
            voice: Vec::new(),
            held: Vec::new(),
            holds: false,
            events: Vec::new(),
            kept,
            players: vec![HashMap::new(); nodes],
        };
        stage.pool.start(stage.now);
        stage.settle();
        stage
    }

    /// A pool with all nodes connected.
    fn ready(nodes: usize) -> Self {
        let mut stage = Self::new(nodes);
        for node in 0..nodes {
            stage.greet(node, false);
        }
        stage
    }

    fn settle(&mut self) {
        while let Some(task) = self.pool.next_task() {
            match task {
                Task::Open {
                    node,
                    epoch,
                    session,
                } => self.open[node] = Some((epoch, session)),
                Task::Request {
                    node,
                    guild,
                    number,
                    body,
                    ..
                } => {
                    let sent = match &body {
                        RequestBody::Update { body, .. } => {
                            serde_json::to_value(body).expect("JSON")
                        }
                        RequestBody::Plugin(request) => json!({"plugin": request.path}),
                        RequestBody::Destroy => json!("destroy"),
                    };
                    self.asked.push((node, guild.get(), sent));
                    if self.holds {
                        self.held.push((guild, number, body));
                    } else {
                        self.answer(node, guild, number, &body);
                    }
                }
                Task::Delete { node, guild, .. } => {
                    self.players[node].remove(&guild.get());
                    self.deleted.push((node, guild.get()));
                    self.pool.on_done(Done::Deleted { node }, self.now);
                }
                Task::Voice(request) => self.voice.push(request),
                // The test gives the response.
                Task::Players { .. } if self.holds => {}
                Task::Players { node, epoch, .. } => {
                    let outcome = Ok(self.players[node].values().cloned().collect());
                    self.pool.on_done(
                        Done::Players {
                            node,
                            epoch,
                            outcome,
                        },
                        self.now,
                    );
                }
                Task::Release { node, .. } => {
                    let released = Done::Released { node };
                    self.pool.on_done(released, self.now);
                }
                Task::Configure { .. } | Task::Info { .. } | Task::Recommend { .. } => {}
            }
        }
        while let Some(entry) = self.pool.outbox.take() {
            if let Some(checkpoint) = entry.checkpoint {
                self.kept.insert(Arc::clone(&checkpoint.part), checkpoint);
            }
            if let Some(draft) = entry.event {
                let position = Position::new(self.events.len() as u64 + 1);
                self.events
                    .push(Event::stored(position, "lavalink".into(), draft));
            }
        }
    }

    fn answer(&mut self, node: usize, guild: GuildId, number: u64, answer: &RequestBody) {
        let outcome = match answer {
            RequestBody::Plugin(_) => None,
            RequestBody::Destroy => {
                self.players[node].remove(&guild.get());
                None
            }
            RequestBody::Update { body, .. } => {
                let player = self.players[node].entry(guild.get()).or_default();
                player.guild = Some(guild);
                player.state.connected = true;
                player.voice = body.voice.clone().or(player.voice.take());
                player.volume = body.volume.or(player.volume);
                player.paused = body.paused.unwrap_or(player.paused);
                player.state.position = body.position.unwrap_or(player.state.position);
                if let Some(track) = &body.track {
                    player.track = track.encoded.as_deref().map(track_of);
                }
                Some(player.clone())
            }
        };
        let done = Done::Responded {
            guild,
            number,
            outcome: Ok(outcome.map(Box::new)),
        };
        self.pool.on_done(done, self.now);
    }

    fn answer_held(&mut self) {
        for (guild, number, answer) in std::mem::take(&mut self.held) {
            let node = self.node_of(guild.get());
            self.answer(node, guild, number, &answer);
        }
        self.settle();
    }

    fn node_of(&self, guild: u64) -> usize {
        let node = self.pool.slots[&GuildId::new(guild)]
            .player
            .node
            .clone()
            .expect("a node");
        self.pool.index(&node).expect("configured")
    }

    /// Opens the socket of a node, and sends `ready`.
    fn greet(&mut self, node: usize, resumed: bool) {
        let (epoch, session) = self.open[node].clone().expect("asked to be opened");
        self.pool.on_done(
            Done::Opened {
                node,
                epoch,
                outcome: Ok(()),
            },
            self.now,
        );
        self.sessions += 1;
        let session = session
            .filter(|_| resumed)
            .map_or_else(|| format!("s{}", self.sessions), |id| id.to_string());
        if !resumed {
            self.players[node].clear();
        }
        self.frame(
            node,
            json!({"op": "ready", "resumed": resumed, "sessionId": session}),
        );
    }

    fn frame(&mut self, node: usize, frame: impl std::fmt::Display) {
        let (epoch, _) = self.open[node].clone().expect("open");
        self.pool
            .on_frame(node, epoch, &frame.to_string().into(), self.now);
        self.settle();
    }

    fn event(&mut self, node: usize, guild: u64, kind: &str, track: &str, reason: &str) {
        let frame = json!({"op": "event", "type": kind, "guildId": guild.to_string(), "reason": reason,
            "track": {"encoded": track, "info": {"identifier": track, "sourceName": "youtube", "length": 600_000}}});
        self.frame(node, frame);
    }

    fn lose(&mut self, node: usize) {
        let (epoch, _) = self.open[node].clone().expect("open");
        let loss = ConnectionLoss::new("reset");
        self.pool.on_lost(node, epoch, &loss, self.now);
        self.settle();
    }

    /// Lets time pass; deadlines are handled at their time.
    fn pass(&mut self, time: Duration) {
        let end = self.now.at + time;
        while let Some(due) = self.pool.deadline().filter(|due| *due <= end) {
            self.clock(due);
            self.pool.on_deadline(self.now);
            self.settle();
        }
        self.clock(end);
    }

    fn clock(&mut self, at: Instant) {
        let passed = at.saturating_duration_since(self.now.at);
        self.now = Moment {
            at,
            wall: self.now.wall.checked_add(passed).expect("soon"),
        };
    }

    fn command(&mut self, guild: u64, command: PlayerCommand) {
        let guild = GuildId::new(guild);
        let command = Box::new(command);
        self.pool
            .on_command(PoolCommand::Player { guild, command }, self.now);
        self.settle();
    }

    /// Closes a node without failover; returns the players that were disconnected.
    fn close(&mut self, node: usize) -> Vec<GuildId> {
        let (reply, mut closed) = oneshot::channel();
        let node = format!("n{node}").as_str().into();
        let close = PoolCommand::CloseNode {
            node,
            failover: false,
            reply,
        };
        self.pool.on_command(close, self.now);
        self.settle();
        closed.try_recv().expect("closed")
    }

    /// Joins a channel and plays a track.
    fn play(&mut self, guild: u64, endpoint: &str, track: &str) {
        let (reply, _) = oneshot::channel();
        self.command(guild, enter(reply));
        self.voice(guild, endpoint);
        let (reply, answer) = oneshot::channel();
        let track_played = Arc::new(track_of(track));
        self.command(
            guild,
            PlayerCommand::Play {
                track: track_played,
                options: PlayOptions::new(),
                reply,
            },
        );
        drop(answer);
        let node = self.node_of(guild);
        self.event(node, guild, "TrackStartEvent", track, "");
    }

    fn voice(&mut self, guild: u64, endpoint: &str) {
        let guild = GuildId::new(guild);
        self.pool.on_voice_state(
            &VoiceState {
                guild,
                user: UserId::new(7),
                channel: Some(LOFT),
                session_id: "vs".into(),
            },
            self.now,
        );
        self.pool.on_voice_server(
            VoiceServer {
                guild,
                token: "vt".into(),
                endpoint: Some(endpoint.into()),
            },
            self.now,
        );
        self.settle();
    }

    fn kinds(&self) -> Vec<&str> {
        self.events
            .iter()
            .map(|event| event.kind().as_str())
            .collect()
    }

    fn of<P: antiphon_core::Payload>(&self) -> Vec<P> {
        let events = self
            .events
            .iter()
            .filter(|event| P::KINDS.contains(&event.kind().as_str()));
        events
            .map(|event| P::decode(event).expect("typed"))
            .collect()
    }

    fn stats(&mut self, node: usize, playing: i64) {
        self.frame(
            node,
            json!({"op": "stats", "playingPlayers": playing, "cpu": {"systemLoad": 0.1}}),
        );
    }

    fn player(&self, guild: u64) -> &LocalPlayer {
        &self.pool.slots[&GuildId::new(guild)].player
    }
}

fn track_of(name: &str) -> Playable {
    let mut track = Playable {
        encoded: name.into(),
        ..Playable::default()
    };
    track.info.identifier = name.into();
    track.info.source = "youtube".into();
    track.info.length = 600_000;
    track
}

#[test]
fn every_frame_is_an_event_in_its_order() {
    let mut stage = Stage::ready(1);
    stage.stats(0, 0);
    stage.frame(
        0,
        json!({"op": "event", "type": "PluginEvent", "guildId": "5"}),
    );
    stage.frame(0, json!([1]));
    let frames: Vec<&str> = stage
        .kinds()
        .into_iter()
        .filter(|kind| *kind != "antiphon.link")
        .collect();
    assert_eq!(
        frames,
        [
            "lavalink.ready",
            "lavalink.stats",
            "lavalink.PluginEvent",
            "lavalink.malformed"
        ]
    );
    let mut origins: Vec<&str> = stage
        .events
        .iter()
        .map(|event| event.origin().as_str())
        .collect();
    let count = origins.len();
    origins.sort_unstable();
    origins.dedup();
    assert_eq!(origins.len(), count, "no origin twice");
}

#[test]
fn a_player_goes_to_the_region_of_its_voice_server_and_else_to_the_least_busy_node() {
    let mut stage = Stage::ready(3);
    stage.stats(0, 50);
    stage.stats(1, 5);
    stage.stats(2, 90);
    stage.play(1, "c-fra01.discord.media:443", "a");
    stage.play(2, "c-nrt01.discord.media:443", "a");
    stage.play(3, "c-gru01.discord.media:443", "a");
    assert_eq!([1, 2, 3].map(|guild| stage.node_of(guild)), [0, 2, 1]);
}

#[test]
fn newcomers_are_spread_before_the_next_figures() {
    let mut stage = Stage::ready(2);
    for guild in 1..=10 {
        stage.play(guild, "nowhere", "a");
    }
    let there = (1..=10).filter(|guild| stage.node_of(*guild) == 0).count();
    assert_eq!(there, 5);
}

#[test]
fn events_carry_the_original_and_those_of_other_nodes_change_nothing() {
    let mut stage = Stage::ready(2);
    stage.play(1, "c-fra01.discord.media", "a");
    stage.event(1, 1, "TrackEndEvent", "a", "finished");
    assert!(
        stage.player(1).current().is_some(),
        "another node cannot end it"
    );
    stage.event(0, 1, "TrackEndEvent", "a", "finished");
    let [other, own] = &stage.of::<TrackEnd>()[..] else {
        panic!("two")
    };
    assert!(other.original.is_none() && own.original.is_some());
    assert!(stage.of::<TrackStart>()[0].original.is_some());
}

#[test]
fn a_resumed_session_moves_nothing_and_what_it_kept_is_marked() {
    let mut stage = Stage::ready(2);
    stage.play(1, "c-fra01.discord.media", "a");
    let asked = stage.asked.len();
    stage.lose(0);
    stage.pass(Duration::from_secs(5));
    assert_eq!(
        stage.open[0]
            .as_ref()
            .and_then(|(_, session)| session.as_deref()),
        Some("s1")
    );
    stage.greet(0, true);
    stage.event(0, 1, "TrackEndEvent", "a", "finished");
    let end = stage.events.last().expect("the end");
    assert_eq!(end.provenance(), Provenance::Replayed);
    stage.pass(Duration::from_secs(60));
    stage.event(0, 1, "TrackStartEvent", "a", "");
    assert_eq!(
        stage.events.last().map(Event::provenance),
        Some(Provenance::Live)
    );
    assert_eq!(stage.asked.len(), asked, "nothing was asked of the player");
    assert!(stage.of::<PlayerMigrated>().is_empty());
    assert_eq!(stage.of::<NodeDisconnected>().len(), 1);
    // Only frames in flight when the socket broke may be missing.
    let kinds = stage.kinds();
    let gaps = kinds.iter().filter(|kind| **kind == "antiphon.gap");
    assert_eq!(gaps.count(), 1);
}

#[test]
fn a_session_that_is_gone_is_a_gap_and_its_players_are_made_anew_in_place() {
    let mut stage = Stage::ready(1);
    stage.play(1, "x", "a");
    stage.lose(0);
    stage.pass(Duration::from_secs(2));
    stage.asked.clear();
    stage.greet(0, false);
    assert!(stage.kinds().contains(&"antiphon.gap"));
    let [(0, 1, body)] = &stage.asked[..] else {
        panic!("{:?}", stage.asked)
    };
    assert_eq!(body["track"]["encoded"], "a");
    assert_eq!(body["voice"]["token"], "vt");
    stage.event(0, 1, "TrackStartEvent", "a", "");
    let starts = stage.of::<TrackStart>();
    assert_eq!(
        starts
            .iter()
            .map(|start| start.restored)
            .collect::<Vec<_>>(),
        [false, true]
    );
    assert!(stage.of::<PlayerMigrated>().is_empty());
}

#[test]
fn players_of_a_lost_node_move_after_the_grace_two_at_a_time_each_with_its_reason() {
    let mut stage = Stage::ready(2);
    for guild in 1..=7 {
        stage.play(guild, "c-fra01.discord.media", "a");
        assert_eq!(stage.node_of(guild), 0);
    }
    stage.asked.clear();
    stage.lose(0);
    stage.pass(Duration::from_secs(14));
    assert!(stage.asked.is_empty(), "the grace is not over");
    stage.holds = true;
    stage.pass(Duration::from_secs(2));
    assert_eq!(stage.held.len(), 2);
    let mut most = 0;
    while !stage.held.is_empty() {
        most = most.max(stage.held.len());
        stage.answer_held();
    }
    assert_eq!(most, 2);
    let moves = stage.of::<PlayerMigrated>();
    assert_eq!(moves.len(), 7);
    for moved in &moves {
        assert_eq!(
            (moved.from.as_str(), moved.to.as_str(), &moved.reason),
            ("n0", "n1", &MoveReason::NodeLost)
        );
    }
    assert_eq!(
        stage
            .kinds()
            .iter()
            .filter(|kind| **kind == "antiphon.gap")
            .count(),
        1
    );
}

#[test]
fn a_lost_player_goes_on_where_it_was_when_its_node_was_lost() {
    let mut stage = Stage::ready(2);
    stage.play(1, "c-fra01.discord.media", "a");
    stage.frame(0, json!({"op": "playerUpdate", "guildId": "1", "state": {"position": 5000, "connected": true}}));
    stage.pass(Duration::from_secs(3));
    stage.lose(0);
    stage.pass(Duration::from_secs(16));
    assert_eq!(stage.of::<PlayerMigrated>()[0].position, Some(8000));
}

#[test]
fn with_one_node_players_stay_until_it_comes_back() {
    let mut stage = Stage::ready(1);
    stage.play(1, "x", "a");
    stage.asked.clear();
    stage.lose(0);
    stage.pass(Duration::from_secs(120));
    assert!(stage.asked.is_empty());
    stage.greet(0, false);
    assert_eq!(stage.asked.len(), 1);
}

#[test]
fn a_node_that_comes_back_late_is_rid_of_the_players_that_moved() {
    let mut stage = Stage::ready(2);
    stage.play(1, "c-fra01.discord.media", "a");
    stage.lose(0);
    stage.pass(Duration::from_secs(20));
    assert_eq!(stage.node_of(1), 1);
    stage.greet(0, true);
    assert_eq!(stage.deleted, [(0, 1)]);
    assert_eq!(stage.node_of(1), 1);
}

#[test]
fn a_drained_node_is_closed_once_its_players_have_moved() {
    let mut stage = Stage::ready(2);
    stage.play(1, "c-fra01.discord.media", "a");
    stage.play(2, "c-fra01.discord.media", "a");
    let (reply, mut closed) = oneshot::channel();
    stage.pool.on_command(
        PoolCommand::CloseNode {
            node: "n0".into(),
            failover: true,
            reply,
        },
        stage.now,
    );
    stage.settle();
    assert_eq!(closed.try_recv().expect("closed"), []);
    assert_eq!(stage.pool.next_close().map(|(node, _)| node), Some(0));
    assert_eq!(stage.deleted, [(0, 1), (0, 2)]);
    let reasons: Vec<MoveReason> = stage
        .of::<PlayerMigrated>()
        .into_iter()
        .map(|moved| moved.reason)
        .collect();
    assert_eq!(reasons, [MoveReason::Drained, MoveReason::Drained]);
    assert_eq!(stage.of::<NodeClosed>().len(), 1);
    stage.pass(Duration::from_secs(600));
    assert!(stage.pool.nodes[0].is_over(), "it stays closed");
}

#[test]
fn a_node_closed_without_failover_disconnects_its_players() {
    let mut stage = Stage::ready(2);
    stage.play(1, "c-fra01.discord.media", "a");
    let (reply, mut closed) = oneshot::channel();
    stage.pool.on_command(
        PoolCommand::CloseNode {
            node: "n0".into(),
            failover: false,
            reply,
        },
        stage.now,
    );
    stage.settle();
    assert_eq!(closed.try_recv().expect("closed"), [GuildId::new(1)]);
    assert_eq!(
        stage.voice.last().map(|request| request.channel),
        Some(None)
    );
    assert!(stage.pool.slots.is_empty());
}

#[test]
fn listeners_of_a_player_that_is_not_there_are_an_error() {
    let mut stage = Stage::ready(1);
    let (reply, mut answer) = oneshot::channel();
    stage.command(1, PlayerCommand::Listeners(Some(0), reply));
    let error = answer.try_recv().expect("answered").expect_err("no player");
    assert!(matches!(error, PlayerError::InvalidChannelState(guild) if guild == GuildId::new(1)));
    assert!(stage.pool.slots.is_empty());

    stage.play(1, "x", "a");
    let (reply, mut answer) = oneshot::channel();
    stage.command(1, PlayerCommand::Listeners(Some(0), reply));
    assert!(answer.try_recv().expect("answered").is_ok());
}

#[test]
fn an_unknown_node_makes_no_player() {
    let mut stage = Stage::ready(1);
    let (reply, mut entered) = oneshot::channel();
    let enter = PlayerCommand::Enter {
        channel: LOFT,
        self_deaf: None,
        self_mute: None,
        within: Duration::from_secs(10),
        node: Some("n9".into()),
        reply,
    };
    stage.command(1, enter);
    let error = entered.try_recv().expect("answered").expect_err("unknown");
    assert!(matches!(
        error,
        PlayerError::InvalidNode(InvalidNodeError::Unknown(_))
    ));
    assert!(stage.pool.slots.is_empty() && stage.voice.is_empty());
}

#[test]
fn a_switch_is_one_move_by_request_and_to_the_same_node_an_error() {
    let mut stage = Stage::ready(2);
    stage.play(1, "c-fra01.discord.media", "a");
    let mut switch = |node: &str| {
        let (reply, mut answer) = oneshot::channel();
        stage.pool.on_command(
            PoolCommand::Switch {
                guild: GuildId::new(1),
                node: node.into(),
                reply,
            },
            stage.now,
        );
        stage.settle();
        answer.try_recv().expect("answered").map(drop)
    };
    assert!(matches!(
        switch("n0"),
        Err(PlayerError::InvalidNode(InvalidNodeError::Same(_)))
    ));
    assert!(matches!(
        switch("n9"),
        Err(PlayerError::InvalidNode(InvalidNodeError::Unknown(_)))
    ));
    switch("n1").expect("moved");
    assert_eq!(
        stage.of::<PlayerMigrated>()[0].reason,
        MoveReason::Requested
    );
}

#[test]
fn a_restarted_bot_adopts_its_players_without_touching_their_tracks() {
    let mut stage = Stage::ready(2);
    for guild in 1..=5 {
        stage.play(guild, "c-fra01.discord.media", "a");
    }
    let (kept, players) = (stage.kept, stage.players);
    let mut stage = Stage::with(&config(2), kept);
    stage.players = players;
    assert_eq!(
        stage.open[0]
            .as_ref()
            .and_then(|(_, session)| session.as_deref()),
        Some("s1")
    );
    stage.greet(0, true);
    stage.greet(1, true);
    assert!(stage.asked.is_empty(), "{:?}", stage.asked);
    assert!(stage.voice.is_empty() && stage.deleted.is_empty());
    for guild in 1..=5 {
        assert_eq!(stage.node_of(guild), 0);
        assert!(stage.player(guild).current().is_some());
    }
    stage.event(0, 1, "TrackEndEvent", "a", "finished");
    assert!(
        stage.of::<TrackEnd>()[0].original.is_some(),
        "the original outlives the restart"
    );
    // Only frames in flight when the earlier run ended may be missing, of each node.
    let kinds = stage.kinds();
    let gaps = kinds.iter().filter(|kind| **kind == "antiphon.gap");
    assert_eq!(gaps.count(), 2);
}

#[test]
fn a_restart_beyond_the_session_is_a_gap_and_asks_discord_anew() {
    let mut stage = Stage::ready(1);
    stage.play(1, "x", "a");
    let mut stage = Stage::with(&config(1), stage.kept);
    stage.greet(0, false);
    assert!(stage.kinds().contains(&"antiphon.gap"));
    assert_eq!(
        stage.voice.last().map(|request| request.channel),
        Some(Some(LOFT))
    );
    assert!(stage.asked.is_empty(), "there is no pair yet");
    stage.voice(1, "y");
    assert_eq!(stage.asked[0].2["track"]["encoded"], "a");
}

#[test]
fn the_voice_of_others_is_passed_over() {
    let mut stage = Stage::ready(1);
    stage.play(1, "x", "a");
    let of_another = VoiceState {
        guild: GuildId::new(1),
        user: UserId::new(8),
        channel: None,
        session_id: "o".into(),
    };
    stage.pool.on_voice_state(&of_another, stage.now);
    assert!(!stage.player(1).is_gone);
}

#[test]
fn a_player_that_is_asked_for_anew_while_its_end_is_under_way_begins_afresh() {
    let mut stage = Stage::ready(1);
    stage.play(1, "x", "a");
    stage.holds = true;
    let (reply, _) = oneshot::channel();
    stage.command(1, PlayerCommand::Disconnect { reply });
    stage.holds = false;
    stage.play(1, "x", "b");
    assert_eq!(
        stage.player(1).current().map(|track| &*track.encoded),
        Some("b")
    );
    stage.held.clear();
}

#[test]
fn one_node_with_a_wrong_password_stops_and_the_others_go_on() {
    let mut stage = Stage::new(2);
    stage.greet(0, false);
    let (epoch, _) = stage.open[1].clone().expect("asked");
    let failure =
        OpenFailure::new("status 401").fatal("authorization", "check the node's password");
    let loss = ConnectionLoss::of(failure);
    stage.pool.on_done(
        Done::Opened {
            node: 1,
            epoch,
            outcome: Err(loss.clone()),
        },
        stage.now,
    );
    assert!(!stage.pool.is_stopped());
    let mut stage = Stage::new(1);
    let (epoch, _) = stage.open[0].clone().expect("asked");
    stage.pool.on_done(
        Done::Opened {
            node: 0,
            epoch,
            outcome: Err(loss),
        },
        stage.now,
    );
    assert!(stage.pool.is_stopped());
}

#[test]
fn a_checkpoint_hangs_on_the_event_that_caused_the_change() {
    let mut stage = Stage::ready(1);
    stage.play(1, "x", "a");
    let (epoch, _) = stage.open[0].clone().expect("open");
    let frame = json!({"op": "event", "type": "TrackEndEvent", "guildId": "1", "reason": "finished",
        "track": {"encoded": "a"}});
    stage
        .pool
        .on_frame(0, epoch, &frame.to_string().into(), stage.now);
    let entry = stage.pool.outbox.take().expect("the event");
    assert_eq!(
        entry
            .event
            .map(|draft| draft.kind.as_str().to_owned())
            .as_deref(),
        Some("lavalink.TrackEndEvent")
    );
    assert_eq!(
        entry
            .checkpoint
            .map(|checkpoint| checkpoint.part)
            .as_deref(),
        Some("player/1")
    );
}

#[test]
fn reading_stops_when_too_much_waits_and_goes_on_when_it_is_taken() {
    let mut stage = Stage::with(&config(1).buffer(10_000), HashMap::new());
    stage.greet(0, false);
    let (epoch, _) = stage.open[0].clone().expect("open");
    while stage.pool.wants_frames() {
        stage
            .pool
            .on_frame(0, epoch, &Bytes::from_static(b"{\"op\":\"x\"}"), stage.now);
    }
    stage.settle();
    assert!(stage.pool.wants_frames());
    stage.pool.stop_reading();
    assert!(!stage.pool.wants_frames());
}

#[test]
fn a_session_that_expired_under_a_request_hurts_no_other_player() {
    let mut stage = Stage::ready(1);
    stage.play(1, "x", "a");
    stage.play(2, "x", "a");
    stage.holds = true;
    let (reply, mut answer) = oneshot::channel();
    stage.command(
        1,
        PlayerCommand::Change {
            operation: Operation::Volume(5),
            reply,
        },
    );
    let (guild, number, _) = stage.held.pop().expect("asked");
    let failure = Failure {
        status: 404,
        message: "Session not found".into(),
        ..Failure::default()
    };
    let outcome = Err(RequestError::SessionExpired(failure));
    stage.pool.on_done(
        Done::Responded {
            guild,
            number,
            outcome,
        },
        stage.now,
    );
    assert!(matches!(
        answer.try_recv(),
        Ok(Err(PlayerError::Request(RequestError::SessionExpired(_))))
    ));
    assert!(stage.player(1).current().is_some() && stage.player(2).current().is_some());
}

#[test]
fn ten_thousand_idle_players_cost_no_search_per_frame() {
    let mut stage = Stage::ready(2);
    for guild in 1..=10_000 {
        let (reply, _answer) = oneshot::channel();
        stage.command(guild, PlayerCommand::InactiveTimeout(None, reply));
    }
    let timers = stage.pool.timers.len();
    assert_eq!((stage.pool.slots.len(), timers), (10_000, 0));
}

#[test]
fn five_hundred_players_of_three_nodes_are_heard_again_in_few_rounds() {
    let mut stage = Stage::ready(3);
    let endpoints = [
        "c-fra01.discord.media",
        "c-iad01.discord.media",
        "c-nrt01.discord.media",
    ];
    for guild in 1..=500_u64 {
        let endpoint = endpoints[usize::try_from(guild % 3).expect("small")];
        stage.play(guild, endpoint, "a");
    }
    let hit = stage.pool.players_of(0).len();
    stage.lose(0);
    stage.holds = true;
    stage.pass(Duration::from_secs(15));
    let mut rounds = 0;
    while !stage.held.is_empty() {
        let into = |node: usize| {
            stage
                .pool
                .placement
                .moving
                .values()
                .filter(|target| **target == node)
                .count()
        };
        assert!(into(1) <= 2 && into(2) <= 2, "no storm");
        stage.answer_held();
        rounds += 1;
    }
    assert_eq!(stage.of::<PlayerMigrated>().len(), hit);
    // Two nodes take two players at a time, so 100 ms per request leave the whole move below five seconds.
    assert!(
        rounds <= hit.div_ceil(4) + 1,
        "{rounds} rounds for {hit} players"
    );
    assert!(stage.pool.players_of(0).is_empty());
    let starts = stage.of::<TrackStart>().len();
    assert_eq!(starts, 500, "no start is invented");
}

#[test]
fn a_second_node_lost_while_players_move_to_it_loses_none() {
    let mut stage = Stage::ready(3);
    for guild in 1..=6 {
        stage.play(guild, "c-fra01.discord.media", "a");
    }
    stage.holds = true;
    stage.lose(0);
    stage.pass(Duration::from_secs(15));
    assert!(!stage.held.is_empty());
    stage.lose(1);
    for (guild, number, _) in std::mem::take(&mut stage.held) {
        let outcome = Err(RequestError::Unreachable {
            node: "n0".into(),
            source: "the connection broke".into(),
        });
        let done = Done::Responded {
            guild,
            number,
            outcome,
        };
        stage.pool.on_done(done, stage.now);
    }
    stage.holds = false;
    stage.settle();
    stage.pass(Duration::from_secs(60));
    for guild in 1..=6 {
        assert_eq!(stage.node_of(guild), 2, "player {guild}");
        assert!(stage.player(guild).current().is_some());
    }
}

#[test]
fn a_node_that_was_given_up_is_tried_again_when_asked() {
    let mut stage = Stage::with(&config(2).retries(Some(0)), HashMap::new());
    stage.greet(0, false);
    stage.lose(1);
    assert!(stage.pool.nodes[1].is_over());
    let (before, _) = stage.open[1].clone().expect("was asked");
    stage.pass(Duration::from_secs(600));
    assert_eq!(
        stage.open[1].as_ref().map(|(epoch, _)| *epoch),
        Some(before)
    );
    stage.pool.on_command(PoolCommand::Reconnect, stage.now);
    stage.settle();
    stage.greet(1, false);
    assert!(stage.pool.nodes[1].is_ready());
}

#[test]
fn a_player_is_told_at_once_that_every_node_was_closed() {
    let mut stage = Stage::ready(1);
    stage.close(0);
    let enter = |stage: &mut Stage| {
        let (reply, entered) = oneshot::channel();
        let enter = enter(reply);
        stage.command(1, enter);
        entered
    };
    let error = enter(&mut stage)
        .try_recv()
        .expect("at once")
        .expect_err("no node");
    assert!(matches!(&error, PlayerError::NotConnected(error) if error.nodes.len() == 1));
    assert!(
        !error.is_transient() && error.to_string().contains("Pool::reconnect"),
        "{error}"
    );
    assert!(stage.pool.slots.is_empty() && stage.voice.is_empty());

    // A node that is being connected is waited for.
    stage.pool.on_command(PoolCommand::Reconnect, stage.now);
    stage.settle();
    let mut entered = enter(&mut stage);
    entered.try_recv().expect_err("no reply yet");
    stage.voice(1, "c-fra01.discord.media");
    stage.greet(0, false);
    assert!(entered.try_recv().expect("entered").is_ok());
}

#[test]
fn a_node_that_its_user_closed_is_connected_again_when_asked() {
    let mut stage = Stage::ready(2);
    stage.play(1, "c-fra01.discord.media", "a");
    stage.close(0);
    stage.pass(Duration::from_secs(600));
    assert!(stage.pool.nodes[0].is_over(), "not by itself");
    assert_eq!(stage.close(0), [], "it is closed already");
    assert_eq!(stage.of::<NodeClosed>().len(), 1, "and said so once");

    stage.pool.on_command(PoolCommand::Reconnect, stage.now);
    stage.settle();
    stage.greet(0, false);
    stage.play(2, "c-fra01.discord.media", "a");
    assert_eq!(stage.node_of(2), 0, "it takes players again");
    assert_eq!(stage.close(0), [GuildId::new(2)], "and is closed again");
    assert_eq!(stage.of::<NodeClosed>().len(), 2);
}

#[test]
fn tasks_for_many_players_come_in_the_order_of_their_guilds() {
    let mut stage = Stage::ready(2);
    stage.stats(0, 1000);
    let guilds: Vec<u64> = (1..=20).rev().collect();
    for guild in &guilds {
        stage.play(*guild, "c-iad01.discord.media", "a");
        assert_eq!(stage.node_of(*guild), 1);
    }
    // The next run does not know their node: it asks Discord for each, and the first node that is ready gets them all.
    let mut stage = Stage::with(&config(1), stage.kept);
    let in_order: Vec<u64> = (1..=20).collect();
    let asked = stage.voice.iter().map(|request| request.guild.get());
    assert_eq!(asked.collect::<Vec<_>>(), in_order);
    for guild in &guilds {
        stage.voice(*guild, "c-fra01.discord.media");
    }
    stage.greet(0, false);
    let mut asked: Vec<u64> = stage.asked.iter().map(|(_, guild, _)| *guild).collect();
    asked.dedup();
    assert_eq!(asked, in_order);
}

#[test]
fn a_player_that_leaves_while_it_moves_makes_room_for_the_next() {
    let mut stage = Stage::ready(2);
    for guild in 1..=5 {
        stage.play(guild, "c-fra01.discord.media", "a");
    }
    stage.holds = true;
    stage.lose(0);
    stage.pass(Duration::from_secs(15));
    assert_eq!(stage.held.len(), 2);
    for guild in [1, 2] {
        let (reply, _) = oneshot::channel();
        stage.command(guild, PlayerCommand::Disconnect { reply });
    }
    stage.holds = false;
    stage.answer_held();
    stage.pass(Duration::from_secs(5));
    for guild in 3..=5 {
        assert_eq!(stage.node_of(guild), 1, "player {guild}");
    }
    assert!(!stage.pool.slots.contains_key(&GuildId::new(1)));
}

#[test]
fn a_resumed_node_whose_players_cannot_be_asked_for_is_asked_again() {
    let mut stage = Stage::ready(1);
    stage.play(1, "x", "a");
    stage.lose(0);
    stage.pass(Duration::from_secs(2));
    stage.greet(0, true);
    let (epoch, _) = stage.open[0].clone().expect("open");
    let outcome = Err(RequestError::Unreachable {
        node: "n0".into(),
        source: "the connection broke".into(),
    });
    let failed = Done::Players {
        node: 0,
        epoch,
        outcome,
    };
    stage.pool.on_done(failed, stage.now);
    let due = stage.pool.deadline().expect("again");
    stage.clock(due);
    stage.pool.on_deadline(stage.now);
    assert!(matches!(stage.pool.next_task(), Some(Task::Players { .. })));
}

#[test]
fn a_comparison_from_before_a_request_was_answered_ends_no_track() {
    let mut stage = Stage::ready(1);
    stage.play(1, "x", "a");
    stage.event(0, 1, "TrackEndEvent", "a", "finished");
    stage.players[0].get_mut(&1).expect("a player").track = None;
    let before: Vec<RemotePlayer> = stage.players[0].values().cloned().collect();
    stage.holds = true;
    let (reply, _answer) = oneshot::channel();
    let options = PlayOptions::new();
    let track = Arc::new(track_of("b"));
    let play = PlayerCommand::Play {
        track,
        options,
        reply,
    };
    stage.command(1, play);
    stage.lose(0);
    stage.pass(Duration::from_secs(2));
    stage.greet(0, true);
    stage.answer_held();
    stage.holds = false;
    let (epoch, _) = stage.open[0].clone().expect("open");
    let late = Done::Players {
        node: 0,
        epoch,
        outcome: Ok(before),
    };
    stage.pool.on_done(late, stage.now);
    stage.settle();
    let current = |stage: &Stage| {
        stage
            .player(1)
            .current()
            .map(|track| track.encoded.to_string())
    };
    assert_eq!(current(&stage).as_deref(), Some("b"));
    // Without a request in flight, the node's view counts again.
    stage.players[0].get_mut(&1).expect("a player").track = None;
    stage.pass(Duration::from_secs(6));
    assert_eq!(current(&stage), None);
}

#[test]
fn a_player_that_was_on_its_way_into_a_channel_goes_there_after_a_restart_with_its_track() {
    let mut stage = Stage::ready(1);
    let (reply, _entered) = oneshot::channel();
    stage.command(1, enter(reply));
    let (reply, _played) = oneshot::channel();
    stage.command(
        1,
        PlayerCommand::Play {
            track: Arc::new(track_of("a")),
            options: PlayOptions::new(),
            reply,
        },
    );
    let (reply, _set) = oneshot::channel();
    stage.command(1, PlayerCommand::InactiveTimeout(None, reply));
    let mut stage = Stage::with(&config(1), stage.kept);
    stage.greet(0, false);
    let asked: Vec<_> = stage.voice.iter().map(|asked| asked.channel).collect();
    assert_eq!(asked, [Some(LOFT)]);
    stage.voice(1, "c-fra01.discord.media:443");
    let played = stage.players[0][&1].track.as_ref();
    assert_eq!(played.map(|track| &*track.encoded), Some("a"));
}

#[test]
fn a_crash_after_ready_cannot_come_between_the_gap_and_its_checkpoint() {
    let mut stage = Stage::ready(1);
    stage.stats(0, 0);
    stage.lose(0);
    stage.pass(Duration::from_secs(40));
    let (epoch, _) = stage.open[0].clone().expect("asked to be opened");
    let opened = Done::Opened {
        node: 0,
        epoch,
        outcome: Ok(()),
    };
    stage.pool.on_done(opened, stage.now);
    let ready = json!({"op": "ready", "resumed": false, "sessionId": "s9"});
    stage
        .pool
        .on_frame(0, epoch, &ready.to_string().into(), stage.now);
    let entries = std::iter::from_fn(|| stage.pool.outbox.take());
    let kinds: Vec<String> = entries
        .take_while(|entry| {
            let part = entry.checkpoint.as_ref().map(|one| &*one.part);
            let is_gap = entry
                .event
                .as_ref()
                .is_some_and(|draft| draft.kind.as_str() == Gap::KIND);
            part != Some("node/n0") || is_gap
        })
        .filter_map(|entry| Some(entry.event?.kind.to_string()))
        .collect();
    assert!(
        kinds.contains(&Gap::KIND.to_owned()),
        "the checkpoint claims what the gap does not tell yet: {kinds:?}"
    );
}
