//! A journal of a few lines and a Discord of fewer, for tests of the source against the simulated nodes.

#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test binary uses a part of it"
)]

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, OnceLock},
    time::Duration,
};

use antiphon_core::{
    Checkpoint, Event, Gap, IntakeLimits, LinkState, Origin, Outlet, Payload, Place, Position, Rng,
    Source as _, SourceError, SourceName, Stopper,
};
use antiphon_lavalink::{
    self as lavalink, Config, NodeConfig, Playable, Player, Pool, VoiceRequest, VoiceServer,
    VoiceState,
};
use antiphon_sim::{Query, Row, Simulator};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{sleep, timeout},
};

/// The bot, as nodes know it.
pub const BOT: u64 = 77;
/// The voice channel of every guild.
pub const CHANNEL: u64 = 6;

/// What was stored so far.
#[derive(Clone, Debug, Default)]
pub struct Journal {
    pub events: Vec<Arc<Event>>,
    pub checkpoints: Vec<Checkpoint>,
    pub repeats: usize,
}

impl Journal {
    /// Every kind without its platform.
    pub fn kinds(&self) -> Vec<&str> {
        let kinds = self.events.iter().map(|event| event.kind().as_str());
        kinds
            .map(|kind| kind.strip_prefix("lavalink.").unwrap_or(kind))
            .collect()
    }

    pub fn of(&self, kind: &str) -> Vec<&Arc<Event>> {
        self.events
            .iter()
            .filter(|event| event.kind().as_str() == kind)
            .collect()
    }

    pub fn decoded<P: Payload>(&self) -> Vec<P> {
        let mine = self
            .events
            .iter()
            .filter(|event| P::KINDS.contains(&event.kind().as_str()) && P::concerns(event));
        mine.map(|event| P::decode(event).expect("it decodes"))
            .collect()
    }

    /// What is known of tracks in a guild: `start`, `end` and so on, with title and reason.
    pub fn story(&self, guild: u64) -> Vec<String> {
        let mut story = Vec::new();
        for event in &self.events {
            if event.place().id("player") != Some(&guild.to_string()) {
                continue;
            }
            match event.kind().as_str() {
                "lavalink.TrackStartEvent" => {
                    let start = lavalink::TrackStart::decode(event).expect("a start");
                    let word = if start.restored { "go on" } else { "start" };
                    story.push(format!("{word} {}", start.track.identifier));
                }
                "lavalink.TrackEndEvent" => {
                    let end = lavalink::TrackEnd::decode(event).expect("an end");
                    story.push(format!("{} {}", end.reason, end.track.identifier));
                }
                "lavalink.TrackExceptionEvent" => {
                    let failed = lavalink::TrackException::decode(event).expect("an exception");
                    story.push(format!("exception {}", failed.track.identifier));
                }
                "lavalink.TrackStuckEvent" => {
                    let stuck = lavalink::TrackStuck::decode(event).expect("stuck");
                    story.push(format!("stuck {}", stuck.track.identifier));
                }
                "lavalink.PlayerMigrated" => {
                    let moved = lavalink::PlayerMigrated::decode(event).expect("a move");
                    story.push(format!("{} to {}", moved.from, moved.to));
                }
                _ => {}
            }
        }
        story
    }

    pub fn gaps(&self) -> Vec<(String, Gap)> {
        let gaps = self.of(Gap::KIND).into_iter();
        gaps.map(|event| {
            let gap = Gap::decode(event).expect("a gap");
            (event.place().to_string(), gap)
        })
        .collect()
    }
}

/// A source that runs against the simulator, with its client and what it stored.
pub struct Running {
    pub pool: Pool,
    pub stopper: Stopper,
    journal: watch::Receiver<Journal>,
    tasks: JoinSet<Result<(), SourceError>>,
}

/// The configuration for some of the simulator's nodes, with their names as regions.
pub fn config_of(sim: &Simulator, nodes: &[&str]) -> Config {
    let lavalink = sim.lavalink();
    let nodes = nodes.iter().map(|name| {
        let node = lavalink.node(name);
        NodeConfig::new(*name, node.url(), node.password())
    });
    Config::new(BOT, nodes)
        .network(sim.network())
        .clock(sim.clock())
        .rng(Rng::with_seed(7))
}

/// The configuration for the node `eu-1`.
pub fn config(sim: &Simulator) -> Config {
    config_of(sim, &["eu-1"])
}

impl Running {
    pub fn start(sim: &Simulator, config: Config) -> Self {
        Self::resume(sim, config, Journal::default())
    }

    /// Goes on from what an earlier run stored.
    pub fn resume(sim: &Simulator, config: Config, stored: Journal) -> Self {
        let cell: Arc<OnceLock<Pool>> = Arc::default();
        let discord = Arc::clone(&cell);
        // A Discord that lets the bot in at once, with a pair that is new each time.
        let config = config.voice_gateway(move |request: VoiceRequest| {
            let pool = discord.get().cloned();
            Box::pin(async move {
                if let Some(pool) = pool {
                    answer(&pool, &request);
                }
                Ok(())
            }) as antiphon_core::BoxFuture<'static, _>
        });
        let clock = sim.clock();
        let (pool, source) = lavalink::connect(config);
        cell.set(pool.clone()).expect("set once");
        let mut outlet = Outlet::new(IntakeLimits::default());
        let intake = outlet.intake(
            source.name().clone(),
            stored.checkpoints.clone(),
            clock,
            &mut Rng::with_seed(u64::try_from(stored.events.len()).expect("a count")),
        );
        outlet.seal();
        let stopper = Stopper::new();
        let stop = stopper.stop();
        let (journal, watched) = watch::channel(stored);
        let mut tasks = JoinSet::new();
        tasks.spawn(Box::new(source).run(intake, stop));
        tasks.spawn(commit(outlet, journal));
        Self {
            pool,
            stopper,
            journal: watched,
            tasks,
        }
    }

    pub fn journal(&self) -> Journal {
        self.journal.borrow().clone()
    }

    /// Waits until what is stored looks as it should.
    #[track_caller]
    pub fn until(
        &self,
        looks_right: impl FnMut(&Journal) -> bool,
    ) -> impl Future<Output = Journal> {
        let at = std::panic::Location::caller();
        async move {
            let mut journal = self.journal.clone();
            let seen = timeout(Duration::from_secs(3600), journal.wait_for(looks_right)).await;
            match seen {
                Ok(Ok(journal)) => journal.clone(),
                _ => panic!(
                    "{at}: not within an hour; stored: {:#?}",
                    self.journal().kinds()
                ),
            }
        }
    }

    /// Waits until so many nodes are connected.
    pub async fn connected(&self, nodes: usize) {
        let ready = |node: &lavalink::Node| node.status() == lavalink::NodeStatus::Connected;
        wait(|| self.pool.nodes().iter().filter(|node| ready(node)).count() == nodes).await;
        // Everything that is under way in memory ends at once when the clock may move.
        sleep(Duration::from_millis(10)).await;
    }

    /// Enters the channel of a guild and plays what is called so there.
    pub async fn play(&self, sim: &Simulator, guild: u64, identifier: &str) -> Player {
        let player = self.pool.player_in(guild);
        player.connect(CHANNEL).await.expect("in the channel");
        player.play(track(sim, identifier)).await.expect("it plays");
        player
    }

    /// Waits until the source ends by itself.
    pub async fn ended(&mut self) -> Result<(), SourceError> {
        loop {
            match self.tasks.join_next().await {
                Some(Ok(Ok(()))) if !self.tasks.is_empty() => {}
                Some(Ok(outcome)) => return outcome,
                Some(Err(error)) => panic!("{error}"),
                None => return Ok(()),
            }
        }
    }

    /// Stops in good order and gives what was stored.
    pub async fn stop(mut self) -> Journal {
        // What was said at this very moment is heard first.
        sleep(Duration::from_millis(10)).await;
        self.stopper.close();
        while let Some(ended) = self.tasks.join_next().await {
            ended.expect("no panic").expect("a clean stop");
        }
        self.journal()
    }

    /// Ends without a word, as `kill -9` does, and gives what was stored.
    pub async fn kill(mut self) -> Journal {
        self.tasks.shutdown().await;
        self.journal()
    }

    /// Whether the pool is connected, as its link says.
    pub fn is_connected(&self) -> bool {
        matches!(*self.pool.link().borrow(), LinkState::Connected { .. })
    }
}

/// Discord lets the bot in, or shows it out.
fn answer(pool: &Pool, request: &VoiceRequest) {
    pool.voice_state_update(VoiceState {
        guild: request.guild,
        user: BOT.into(),
        channel: request.channel,
        session_id: "voice".into(),
    });
    if request.channel.is_some() {
        pool.voice_server_update(VoiceServer {
            guild: request.guild,
            token: format!("token of {}", request.guild).into(),
            endpoint: Some("c-fra01.discord.media:443".into()),
        });
    }
}

/// A track of the simulator.
pub fn track(sim: &Simulator, identifier: &str) -> Playable {
    let encoded = sim.lavalink().track(identifier).expect("a track");
    Playable::decode(&encoded).expect("a track")
}

/// Waits until something is so; the clock goes on in steps of ten milliseconds.
#[track_caller]
pub fn wait(mut what: impl FnMut() -> bool) -> impl Future<Output = ()> {
    let at = std::panic::Location::caller();
    async move {
        for _ in 0..360_000 {
            if what() {
                return;
            }
            sleep(Duration::from_millis(10)).await;
        }
        panic!("{at}: not within an hour");
    }
}

async fn commit(mut outlet: Outlet, journal: watch::Sender<Journal>) -> Result<(), SourceError> {
    let mut known: HashSet<_> = {
        let stored = journal.borrow();
        stored
            .events
            .iter()
            .map(|event| event.origin().clone())
            .collect()
    };
    loop {
        let mut batch = Vec::new();
        if outlet.receive_many(&mut batch, 64).await == 0 {
            return Ok(());
        }
        let mut marks = Vec::new();
        journal.send_modify(|journal| {
            for received in batch {
                let source: SourceName = received.source.clone();
                if let Some(draft) = received.entry.event.clone() {
                    if known.insert(draft.origin.clone()) {
                        let position = Position::new(journal.events.len() as u64 + 1);
                        let event = Event::stored(position, source.clone(), draft);
                        journal.events.push(Arc::new(event));
                    } else {
                        journal.repeats += 1;
                    }
                }
                if let Some(checkpoint) = received.entry.checkpoint.clone() {
                    marks.push((source, Arc::clone(&checkpoint.part), checkpoint.mark));
                    journal
                        .checkpoints
                        .retain(|kept| kept.part != checkpoint.part);
                    journal.checkpoints.push(checkpoint);
                }
            }
        });
        for (source, part, mark) in marks {
            outlet.stored(&source, &part, mark);
        }
    }
}

/// What the ledger has due to the bot, less what is stored, less what lies inside a reported gap.
///
/// A node does not number its frames, so that they are known by place and text.
pub fn lost(sim: &Simulator, journal: &Journal) -> Vec<String> {
    let query = Query {
        due_to: Some(BOT.to_string()),
        ..Query::default()
    };
    let mut stored: HashMap<(&str, &[u8]), usize> = HashMap::new();
    for event in &journal.events {
        *stored
            .entry((event.place().as_str(), event.body()))
            .or_default() += 1;
    }
    let rows = sim.ledger().rows(&query);
    // Where each gap begins among the rows: a line may hold frames back, so that times alone do not tell.
    let begin = |gap: &Gap| {
        let origin = Origin::frame(gap.from.connection.as_deref()?, gap.from.frame?);
        let last = journal.events.iter().rfind(|it| *it.origin() == origin)?;
        let is_it = |row: &&Row| {
            row.connection.is_some()
                && *row.place == *last.place().as_str()
                && row.body.as_bytes() == &last.body()[..]
                && row.at <= last.received_at().as_millisecond()
        };
        rows.iter().rfind(is_it).map(|row| row.n)
    };
    let gaps = journal.gaps().into_iter();
    let gaps: Vec<_> = gaps
        .map(|(place, gap)| (Place::new(place), begin(&gap), gap))
        .collect();
    let mut lost = Vec::new();
    for row in rows.iter().filter(|row| row.platform == "lavalink") {
        // Texts may repeat, so that one inside a gap does not count as one that was heard outside of it.
        let covered = gaps.iter().any(|(place, begin, gap)| {
            place.contains(&Place::new(&*row.place))
                && (gap.from.at.as_millisecond() <= row.at
                    || begin.is_some_and(|begin| row.n > begin))
                && row.at <= gap.to.at.as_millisecond()
        });
        if covered {
            continue;
        }
        if let Some(copies) = stored.get_mut(&(&*row.place, row.body.as_bytes()))
            && *copies > 0
        {
            *copies -= 1;
            continue;
        }
        lost.push(format!(
            "{} {} at {} on {:?}",
            row.kind, row.place, row.at, row.connection
        ));
    }
    lost
}
