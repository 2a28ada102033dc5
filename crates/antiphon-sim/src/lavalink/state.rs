//! State of the simulated nodes.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

use super::{
    catalogue::Catalogue,
    frame_writer::{Frame, FrameWriter},
    node::Node,
    player::Player,
    session::SessionIds,
    settings::Settings,
    voice::VoiceServers,
};
use crate::{
    ledger::Ledger,
    ports::Ports,
    timers::{Timed, Timers},
    world::World,
};

/// Names of the nodes.
pub(crate) const NODES: [&str; 3] = ["eu-1", "us-1", "asia-1"];
/// Names of nodes that world files gave, which live as long as the process.
///
/// A world has 16 nodes at most, so that only a process that starts many worlds with names of their own would notice.
static LASTING: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());

/// The name of a node for as long as the process lives.
pub(crate) fn lasting(name: &str) -> &'static str {
    let mut known = LASTING.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = known.get(name) {
        return known;
    }
    let name: &'static str = name.to_owned().leak();
    known.insert(name);
    name
}

/// Most players of one session.
const PLAYERS: usize = 20_000;

/// Key of a player.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) node: usize,
    pub(crate) session: Arc<str>,
    pub(crate) guild: u64,
}

impl Key {
    pub(crate) fn new(node: usize, session: &str, guild: u64) -> Self {
        Self {
            node,
            session: session.into(),
            guild,
        }
    }
}

/// Times of the players' next timed events.
///
/// A player whose `listed` is a time has one entry, at that time; one whose `listed` is `None` has none.
#[derive(Debug, Default)]
pub(crate) struct PlayerTimers(BTreeSet<(i64, Key)>);

impl PlayerTimers {
    /// Time of the first entry.
    fn next(&self) -> Option<i64> {
        self.0.first().map(|(at, _)| *at)
    }

    /// Takes the player of the first entry.
    fn pop(&mut self) -> Option<Key> {
        self.0.pop_first().map(|(_, key)| key)
    }

    /// Moves a player's entry.
    fn change(&mut self, from: Option<i64>, to: Option<i64>, key: &Key) {
        if let Some(at) = from {
            self.remove(at, key.clone());
        }
        if let Some(at) = to {
            self.0.insert((at, key.clone()));
        }
    }

    /// Removes a player's entry.
    pub(crate) fn remove(&mut self, at: i64, key: Key) {
        self.0.remove(&(at, key));
    }
}

/// The state of the simulated nodes; each node's own is in `nodes`.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) world: World,
    pub(crate) ledger: Ledger,
    pub(crate) settings: Settings,
    pub(crate) nodes: Vec<Node>,
    pub(crate) catalogue: Catalogue,
    pub(crate) voice: VoiceServers,
    pub(crate) timers: Timers<State>,
    pub(crate) player_timers: PlayerTimers,
    pub(crate) session_ids: SessionIds,
    /// The nodes' ports, which close with their processes.
    pub(crate) ports: Ports,
    /// Frames that are held back until a request is answered.
    pub(crate) held: Option<Vec<(usize, Arc<str>, Frame)>>,
    /// Sockets opened so far.
    pub(crate) opened: u64,
    /// Frames made so far; ambient traffic counts them.
    pub(crate) made: u64,
}

impl State {
    pub(crate) fn new(world: World, ledger: Ledger, settings: Settings) -> Self {
        let mut secrets = world.mint("lavalink");
        let now = world.now();
        let nodes = NODES.map(|name| {
            let password = format!("{:016x}", secrets.u64(..));
            Node::new(name, password, now)
        });
        Self {
            world,
            ledger,
            settings,
            nodes: nodes.into(),
            catalogue: Catalogue::new(world.chance("lavalink catalogue")),
            voice: VoiceServers::default(),
            timers: Timers::default(),
            player_timers: PlayerTimers::default(),
            session_ids: SessionIds::new(secrets),
            ports: Ports::default(),
            held: None,
            opened: 0,
            made: 0,
        }
    }

    /// Unix milliseconds.
    pub(crate) fn now(&self) -> i64 {
        self.world.now()
    }

    pub(crate) fn note(&self, text: impl Into<String>) {
        self.ledger.note(self.now(), "lavalink", text.into());
    }

    /// Makes a player if there is none; `None` if the session does not exist or is full.
    pub(crate) fn player_of(&mut self, key: &Key) -> Option<()> {
        let pace = self.settings.pace;
        let session = self.nodes[key.node].sessions.get_mut(&*key.session)?;
        if session.players.contains_key(&key.guild) {
            return Some(());
        }
        if session.players.len() >= PLAYERS {
            self.note(format!("more than {PLAYERS} players in one session"));
            return None;
        }
        let mut player = Player::new(key.guild, pace);
        player.has_lyrics = session.lyrics.contains(&key.guild);
        session.players.insert(key.guild, player);
        self.with_player(key, |player, writer, now| {
            let quirks = writer.quirks;
            writer.other(
                "PlayerCreatedEvent",
                || serde_json::json!({"player": player.object(now, quirks)}),
            );
        })
    }

    /// Acts on a player, sends its frames to the session, and updates the player's timer.
    pub(crate) fn with_player<T>(
        &mut self,
        key: &Key,
        act: impl FnOnce(&mut Player, &mut FrameWriter<'_>, i64) -> T,
    ) -> Option<T> {
        let now = self.now();
        let node = &mut self.nodes[key.node];
        let player = node
            .sessions
            .get_mut(&*key.session)?
            .players
            .get_mut(&key.guild)?;
        let mut writer = FrameWriter::new(node.name, &node.quirks, key.guild);
        let outcome = act(player, &mut writer, now);
        let frames = writer.frames;
        let next = player.next();
        if next != player.listed {
            self.player_timers.change(player.listed, next, key);
            player.listed = next;
            if next.is_some() {
                self.timers.wake();
            }
        }
        for frame in frames {
            self.tell(key.node, &key.session, frame);
        }
        Some(outcome)
    }

    /// The node with this name.
    pub(crate) fn node_named(&self, name: &str) -> Option<usize> {
        self.nodes.iter().position(|node| node.name == name)
    }
}

impl Timed for State {
    fn now(&self) -> i64 {
        self.world.now()
    }

    fn timers(&mut self) -> &mut Timers<Self> {
        &mut self.timers
    }

    /// Runs the players' timers among the others, in the order of their times.
    fn run_due(&mut self) -> Option<i64> {
        loop {
            let now = self.now();
            let action = self.timers.next();
            let player = self.player_timers.next();
            let next = action.into_iter().chain(player).min();
            if next.is_none_or(|next| next > now) {
                return next;
            }
            if next == action {
                if let Some(action) = self.timers.take_due(now) {
                    action(self);
                }
            } else if let Some(key) = self.player_timers.pop() {
                self.with_player(&key, |player, writer, now| {
                    player.listed = None;
                    player.advance(now, writer);
                });
            }
        }
    }
}
