//! A source on trial: it runs against the simulator, into a journal in memory that is compared with the ledger.
//!
//! For tests of a source alone; those of a whole app have a real journal.
//!
//! A source needs an intake, a clock, a stop and a journal; here they are in memory, on a paused clock, and the journal can be
//! held against the ledger.
//! Nothing is decided for the test but where the events go.
//!
//! ```no_run
//! use antiphon_core::{IntakeLimits, Source};
//! use antiphon_sim::{Due, Simulator, trial::{Journal, Running}};
//!
//! /// Runs a source, breaks its connections, and looks at what it stored.
//! async fn scenario<C, S: Source>(connect: impl FnOnce(&Simulator) -> (C, S), account: &str) {
//!     let sim = Simulator::with_seed(7);
//!     let running = Running::of(connect(&sim), sim.clock(), Journal::default(), IntakeLimits::default());
//!     running.connected().await;
//!     sim.discord().cut();
//!     let journal = running.until(|journal| journal.count("discord.SHARD_RESUME") == 1).await;
//!     assert_eq!(journal.lost(&sim.ledger(), Due::to("discord", account)), Vec::<String>::new());
//!     running.stop().await;
//! }
//! ```

use std::{collections::HashSet, fmt, panic::Location, sync::Arc, time::Duration};

use antiphon_core::{
    Before, Checkpoint, Clock, Event, Gap, IntakeLimits, LinkState, Origin, Outlet, Part, Payload,
    Position, Projection, Received, Rng, Source, SourceError, SourceName, Stopper,
};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{sleep, timeout},
};

use crate::{Audit, Due, Ledger, Row, StoredEvents};

/// Longer than anything waited for takes, on a clock that is paused.
///
/// An hour of a paused clock is a moment of the machine's.
const LONG: Duration = Duration::from_secs(3600);
/// What is under way in memory ends within this once the clock may move.
const MOMENT: Duration = Duration::from_millis(10);

/// What was stored so far: each origin once, and the newest checkpoint of each part.
///
/// A later run of the source begins with it, so that a restart is one line of a test.
#[derive(Clone, Debug, Default)]
pub struct Journal {
    /// Events in the order in which they were stored.
    ///
    /// Positions count from 1, without holes.
    pub events: Vec<Arc<Event>>,
    /// What each event replaced in the source's projections.
    ///
    /// Of a source without projections it has nothing in each place.
    pub before: Vec<Before>,
    /// The newest checkpoint of each part.
    pub checkpoints: Vec<Checkpoint>,
    /// How often an event came that was stored already.
    ///
    /// A source may send an event again; it is stored once.
    pub repeats: usize,
}

impl Journal {
    /// The kinds, in order.
    ///
    /// A test compares them with the list it expects.
    pub fn kinds(&self) -> Vec<&str> {
        let kinds = self.events.iter().map(|event| event.kind().as_str());
        kinds.collect()
    }

    /// The events of a kind.
    pub fn of(&self, kind: &str) -> Vec<&Arc<Event>> {
        let events = self.events.iter();
        events
            .filter(|event| event.kind().as_str() == kind)
            .collect()
    }

    /// How many events of a kind there are.
    pub fn count(&self, kind: &str) -> usize {
        self.of(kind).len()
    }

    /// The events that concern a payload, decoded.
    ///
    /// Events that the payload leaves out are left out here too.
    ///
    /// # Panics
    /// If one of them does not decode.
    pub fn decoded<P: Payload>(&self) -> Vec<P> {
        let events = self.events.iter();
        events
            .filter(|event| P::KINDS.contains(&event.kind().as_str()) && P::concerns(event))
            .map(|event| P::decode(event).expect("it decodes"))
            .collect()
    }

    /// The gaps, each with its place.
    ///
    /// Places are as the source reported them.
    pub fn gaps(&self) -> Vec<(String, Gap)> {
        let gaps = self.of(Gap::KIND).into_iter();
        gaps.map(|event| {
            let gap = Gap::decode(event).expect("a gap");
            (event.place().to_string(), gap)
        })
        .collect()
    }

    /// Judges what is stored by what was due to an account; see [`Ledger::audit`].
    ///
    /// # Panics
    /// If the ledger dropped rows, so that nothing can be said.
    pub fn audit(&self, ledger: &Ledger, due: Due<'_>) -> Audit {
        let mut events = StoredEvents::default();
        for event in &self.events {
            events.add(&(&**event).into());
        }
        let audit = ledger.audit(due, &events);
        audit.expect("a ledger that kept all its rows")
    }

    /// The events that were due and are not stored, whether a gap tells of them or not; in words.
    ///
    /// # Panics
    /// If the ledger dropped rows, so that nothing can be said.
    pub fn missing(&self, ledger: &Ledger, due: Due<'_>) -> Vec<String> {
        let audit = self.audit(ledger, due);
        let mut rows = [audit.gapped, audit.lost].concat();
        rows.sort_unstable_by_key(|row| row.n);
        let rows = rows.into_iter();
        rows.map(|Row { kind, place, .. }| format!("{kind} {place}"))
            .collect()
    }

    /// The events that were due, are not stored, and lie in no reported gap; in words.
    ///
    /// # Panics
    /// If the ledger dropped rows, so that nothing can be said.
    pub fn lost(&self, ledger: &Ledger, due: Due<'_>) -> Vec<String> {
        let lost = self.audit(ledger, due).lost.into_iter();
        lost.map(|row| {
            let (kind, place) = (row.kind, row.place);
            format!("{kind} {place} {:?} {:?}", row.connection, row.frame)
        })
        .collect()
    }

    /// Takes in what a source sent; gives the marks that are durable by that.
    ///
    /// Stores a batch as a journal would: each origin once, and the newest checkpoint of each part.
    fn take(
        &mut self,
        batch: Vec<Received>,
        known: &mut HashSet<Origin>,
        projections: &mut [Box<dyn Projection>],
    ) -> Vec<(SourceName, Part, i64)> {
        let mut marks = Vec::new();
        for Received { source, entry, .. } in batch {
            if let Some(draft) = entry.event {
                if known.insert(draft.origin.clone()) {
                    let position = Position::new(self.events.len() as u64 + 1);
                    let event = Event::stored(position, source.clone(), draft);
                    let before = projections
                        .iter_mut()
                        .map(|projection| projection.apply(&event));
                    self.before.push(before.last().unwrap_or_default());
                    self.events.push(Arc::new(event));
                } else {
                    self.repeats += 1;
                }
            }
            if let Some(checkpoint) = entry.checkpoint {
                marks.push((source, Arc::clone(&checkpoint.part), checkpoint.mark));
                self.checkpoints.retain(|kept| kept.part != checkpoint.part);
                self.checkpoints.push(checkpoint);
            }
        }
        marks
    }
}

/// A source that runs, with its client and what it stored; dropped, it ends as by `kill -9`.
///
pub struct Running<C> {
    /// What the source's user holds.
    pub client: C,
    /// Asks the source to stop.
    pub stopper: Stopper,
    /// State of the source's link.
    link: watch::Receiver<LinkState>,
    /// What is stored so far.
    journal: watch::Receiver<Journal>,
    /// Whether storing is stopped for now.
    paused: watch::Sender<bool>,
    /// The source, and the task that stores.
    tasks: JoinSet<Result<(), SourceError>>,
}

impl<C> fmt::Debug for Running<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running")
            .field("link", &*self.link.borrow())
            .finish_non_exhaustive()
    }
}

impl<C> Running<C> {
    /// Starts a source, which goes on from what an earlier run stored.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn of(
        (client, mut source): (C, impl Source),
        clock: Clock,
        stored: Journal,
        limits: IntakeLimits,
    ) -> Self {
        let mut outlet = Outlet::new(limits);
        let intake = outlet.intake(
            source.name().clone(),
            stored.checkpoints.clone(),
            clock,
            // Another run makes other origins of its own.
            &mut Rng::with_seed(stored.events.len() as u64),
        );
        outlet.seal();
        let link = intake.link();
        let projections = source.projections();
        let stopper = Stopper::new();
        let stop = stopper.stop();
        let (journal, watched) = watch::channel(stored);
        let (paused, pause) = watch::channel(false);
        let mut tasks = JoinSet::new();
        tasks.spawn(Box::new(source).run(intake, stop));
        tasks.spawn(commit(outlet, journal, pause, projections));
        Self {
            client,
            stopper,
            link,
            journal: watched,
            paused,
            tasks,
        }
    }

    /// Stops storing, or goes on.
    ///
    /// Meanwhile the source stops reading once its intake is full, as with a slow disk.
    pub fn pause_journal(&self, pause: bool) {
        self.paused.send_replace(pause);
    }

    /// What is stored by now.
    pub fn journal(&self) -> Journal {
        self.journal.borrow().clone()
    }

    /// Waits until what is stored looks as it should, and gives it.
    ///
    /// # Panics
    /// After an hour of the clock, at the caller's line.
    #[track_caller]
    pub fn until(
        &self,
        looks_right: impl FnMut(&Journal) -> bool,
    ) -> impl Future<Output = Journal> {
        let at = Location::caller();
        async move {
            let mut journal = self.journal.clone();
            let seen = timeout(LONG, journal.wait_for(looks_right)).await;
            match seen {
                Ok(Ok(journal)) => journal.clone(),
                _ => panic!(
                    "{at}: not within an hour; stored: {:#?}",
                    self.journal().kinds()
                ),
            }
        }
    }

    /// Waits until the link is up, and what that set off in memory has ended.
    ///
    /// # Panics
    /// After an hour of the clock, or if the source ended.
    pub async fn connected(&self) {
        let mut link = self.link.clone();
        let up = timeout(LONG, link.wait_for(LinkState::is_connected)).await;
        up.expect("within an hour").expect("the source runs");
        self.moment().await;
    }

    /// Lets what is under way in memory end.
    ///
    /// Ten milliseconds of the clock, which is enough for what is already under way.
    pub async fn moment(&self) {
        sleep(MOMENT).await;
    }

    /// Waits until the source ends by itself.
    ///
    /// # Errors
    /// The source's own.
    ///
    /// # Panics
    /// If the source panicked.
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
    ///
    /// # Panics
    /// If the source panicked, or ended with an error.
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

/// Stores what the source sends, and tells it which marks are durable.
async fn commit(
    mut outlet: Outlet,
    journal: watch::Sender<Journal>,
    mut pause: watch::Receiver<bool>,
    mut projections: Vec<Box<dyn Projection>>,
) -> Result<(), SourceError> {
    let stored = journal.borrow().events.clone();
    let mut known = stored.iter().map(|event| event.origin().clone()).collect();
    loop {
        // Whoever could pause it is gone if this fails, and so is the source soon.
        let _ = pause.wait_for(|paused| !paused).await;
        let mut batch = Vec::new();
        if outlet.receive_many(&mut batch, 64).await == 0 {
            return Ok(());
        }
        let mut marks = Vec::new();
        journal.send_modify(|journal| marks = journal.take(batch, &mut known, &mut projections));
        for (source, part, mark) in marks {
            outlet.stored(&source, &part, mark);
        }
    }
}
