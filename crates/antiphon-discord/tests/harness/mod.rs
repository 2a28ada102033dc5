//! A source against the simulator, with a journal in memory.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test binary uses a part of it"
)]

use std::{collections::HashSet, sync::Arc, time::Duration};

use antiphon_core::{
    Checkpoint, Event, Gap, IntakeLimits, LinkState, Outlet, Payload, Position, Provenance, Rng,
    Source as _, SourceError, SourceName, Stopper,
};
use antiphon_discord::{self as discord, Client, Config, Intents};
use antiphon_sim::Simulator;
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{sleep, timeout},
};

/// What was stored so far.
#[derive(Clone, Debug, Default)]
pub struct Journal {
    pub events: Vec<Arc<Event>>,
    pub checkpoints: Vec<Checkpoint>,
    pub repeats: usize,
}

impl Journal {
    pub fn kinds(&self) -> Vec<&str> {
        self.events
            .iter()
            .map(|event| event.kind().as_str())
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

    /// The texts of messages, in order.
    pub fn texts(&self) -> Vec<String> {
        let messages = self.of("discord.MESSAGE_CREATE").into_iter();
        messages.map(text).collect()
    }

    /// The texts of messages that came in this way.
    pub fn texts_by(&self, provenance: Provenance) -> Vec<String> {
        let messages = self.of("discord.MESSAGE_CREATE").into_iter();
        messages
            .filter(|event| event.provenance() == provenance)
            .map(text)
            .collect()
    }

    /// How often a kind was stored.
    pub fn count(&self, kind: &str) -> usize {
        self.of(kind).len()
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

fn text(event: &Arc<Event>) -> String {
    let body: serde_json::Value = event.parse().expect("JSON");
    body["content"].as_str().unwrap_or_default().to_owned()
}

/// A source that runs against the simulator, with its client and what it stored.
pub struct Running {
    pub client: Client,
    pub stopper: Stopper,
    journal: watch::Receiver<Journal>,
    paused: watch::Sender<bool>,
    tasks: JoinSet<Result<(), SourceError>>,
}

/// The configuration of the simulator's bot, which may see everything.
pub fn config(sim: &Simulator) -> Config {
    Config::new(sim.discord().token(), Intents::all())
        .network(sim.network())
        .clock(sim.clock())
        .rng(Rng::with_seed(7))
}

impl Running {
    pub fn start(sim: &Simulator, config: Config) -> Self {
        Self::resume(sim, config, Journal::default())
    }

    /// Goes on from what an earlier run stored.
    pub fn resume(sim: &Simulator, config: Config, stored: Journal) -> Self {
        Self::with_limits(sim, config, stored, IntakeLimits::default())
    }

    pub fn with_limits(
        sim: &Simulator,
        config: Config,
        stored: Journal,
        limits: IntakeLimits,
    ) -> Self {
        let clock = sim.clock();
        let (client, source) = discord::connect(config);
        let mut outlet = Outlet::new(limits);
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
        let (paused, pause) = watch::channel(false);
        let mut tasks = JoinSet::new();
        tasks.spawn(Box::new(source).run(intake, stop));
        tasks.spawn(commit(outlet, journal, pause));
        Self {
            client,
            stopper,
            journal: watched,
            paused,
            tasks,
        }
    }

    /// Stops storing, or goes on.
    pub fn pause_journal(&self, pause: bool) {
        self.paused.send_replace(pause);
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

    /// Waits until the link is up.
    pub async fn connected(&self) {
        let mut link = self.client.link();
        let up = link.wait_for(LinkState::is_connected);
        let up = timeout(Duration::from_secs(3600), up).await;
        up.expect("within an hour").expect("the source runs");
        // Everything that is under way in memory ends at once when the clock may move.
        sleep(Duration::from_millis(10)).await;
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
}

async fn commit(
    mut outlet: Outlet,
    journal: watch::Sender<Journal>,
    mut pause: watch::Receiver<bool>,
) -> Result<(), SourceError> {
    let mut known: HashSet<_> = {
        let stored = journal.borrow();
        stored
            .events
            .iter()
            .map(|event| event.origin().clone())
            .collect()
    };
    loop {
        let _ = pause.wait_for(|paused| !paused).await;
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
pub fn lost(sim: &Simulator, journal: &Journal) -> Vec<String> {
    let bot = sim.discord().account();
    let query = antiphon_sim::Query {
        due_to: Some(bot.id.to_string()),
        ..Default::default()
    };
    let stored: HashSet<&str> = journal
        .events
        .iter()
        .map(|event| event.origin().as_str())
        .collect();
    let gaps = journal.gaps();
    let mut lost = Vec::new();
    for row in sim.ledger().rows(&query) {
        if row
            .origin
            .as_deref()
            .is_some_and(|origin| stored.contains(origin))
        {
            continue;
        }
        let covered = gaps.iter().any(|(place, gap)| {
            let on = |edge: &antiphon_core::Edge| {
                row.connection.is_some() && edge.connection.as_deref() == row.connection.as_deref()
            };
            let after = if on(&gap.from) {
                row.frame > gap.from.frame
            } else {
                gap.from.at.as_millisecond() <= row.at
            };
            let before = if on(&gap.to) {
                row.frame < gap.to.frame
            } else {
                row.at <= gap.to.at.as_millisecond()
            };
            antiphon_core::Place::new(place.as_str())
                .contains(&antiphon_core::Place::new(&*row.place))
                && after
                && before
        });
        if !covered {
            lost.push(format!(
                "{} {} {:?} {:?}",
                row.kind, row.place, row.connection, row.frame
            ));
        }
    }
    lost
}
