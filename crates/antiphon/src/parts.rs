//! What an app was put together from, as its tasks take it over.
//!
//! Between the setters of `App` and the tasks stands this struct, and with it the checks that need all parts at once.

use std::{collections::HashSet, sync::Arc, time::Duration};

use antiphon_core::{
    Clock, ConsumerName, Gap, IntakeLimits, Link, Partitions, Payload, Position, Projection,
    Source, Tap,
};

use crate::{
    error::RunError,
    handle::Shared,
    keys::{KeyOf, Keys},
    lanes::Bounds,
    membership::Wanted,
    runner::Hook,
};

/// What happens to the app when a source ends because trying again would be wrong.
///
/// ```
/// use antiphon::{App, OnStopped, SourceError, journal::MemoryJournal, testing::{TestApp, script}};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let (choir, first) = script("choir");
/// let (organ, second) = script("organ");
/// let app = App::new(()).source(first).source(second).on_stopped(OnStopped::GoOn);
/// let app = TestApp::start(app, MemoryJournal::new()).await;
/// choir.end(SourceError::new("choir".into(), "authorization", "the password is wrong")).await;
/// organ.say("room/loft", "the others go on").await?;
/// app.settle().await;
/// assert_eq!(app.journal().texts().await, ["the others go on"]);
/// app.stop().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnStopped {
    /// The app stops in good order and ends with the source's error.
    ///
    /// [`App::run`](crate::App::run) returns [`RunError::Source`].
    #[default]
    End,
    /// The app goes on without it.
    ///
    /// The end is logged as an error, with its code and hint.
    GoOn,
}

/// How much an app holds at once.
///
/// Nothing is lost at any of these limits: events beyond them wait in the journal, or at the platform.
/// A [worker](crate::App::worker) divides open and parked among all partitions of its consumer; a partition may have as
/// many open events as a lane at least.
///
/// | limit | default | at the limit |
/// | --- | --- | --- |
/// | intake | 1,024 entries, 16 MiB | sources stop reading; heartbeats go on |
/// | lane | 64 events of one place | the lane is parked: later events of the place stay in the journal until it has drained |
/// | open | 8,192 events of all places | as for a lane; lanes that are empty may take one event each beyond it |
/// | parked | 1,024 lanes | lanes beyond it go on together, from one position |
///
/// ```
/// use antiphon::{App, IntakeLimits, Limits};
///
/// let intake = IntakeLimits { entries: 256, ..IntakeLimits::default() };
/// let small = Limits::default().lane(8).open(512).parked(64).intake(intake);
/// let app = App::new(()).limits(small);
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Limits {
    /// Events in one lane, the running one not counted.
    lane: usize,
    /// Events in all lanes, running ones counted.
    open: usize,
    parked: usize,
    pub(crate) intake: IntakeLimits,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            lane: 64,
            open: 8192,
            parked: 1024,
            intake: IntakeLimits::default(),
        }
    }
}

impl Limits {
    /// Sets how many events may wait in the lane of one place. Default: 64; at least 1.
    #[must_use]
    pub fn lane(mut self, events: usize) -> Self {
        self.lane = events.max(1);
        self
    }

    /// Sets how many events may wait or be handled in all lanes together. Default: 8,192; at least 1.
    #[must_use]
    pub fn open(mut self, events: usize) -> Self {
        self.open = events.max(1);
        self
    }

    /// Sets how many full lanes are remembered one by one. Default: 1,024.
    ///
    /// When more are full at the same time, the others go on from the journal together, as fast as the slowest.
    #[must_use]
    pub fn parked(mut self, lanes: usize) -> Self {
        self.parked = lanes;
        self
    }

    /// Sets how much may wait between the sources and the journal. Default: [`IntakeLimits::default`].
    #[must_use]
    pub fn intake(mut self, intake: IntakeLimits) -> Self {
        self.intake = intake;
        self
    }

    /// The bounds of the lanes.
    pub(crate) fn lanes(self) -> Bounds {
        Bounds {
            queue: self.lane,
            open: self.open,
            parked: self.parked,
        }
    }
}

/// Where a consumer begins that the journal does not know yet.
///
/// The journal's cursor, once there is one, decides alone.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Begin {
    End,
    At(Position),
}

/// The parts of an app.
pub(crate) struct Parts<S> {
    pub(crate) state: Arc<S>,
    pub(crate) shared: Arc<Shared<S>>,
    pub(crate) name: ConsumerName,
    pub(crate) sources: Vec<Box<dyn Source>>,
    pub(crate) projections: Vec<Box<dyn Projection>>,
    pub(crate) taps: Vec<Box<dyn Tap>>,
    pub(crate) hook: Option<Hook>,
    pub(crate) on_stopped: OnStopped,
    pub(crate) key_of: Option<KeyOf>,
    pub(crate) limits: Limits,
    pub(crate) begin: Begin,
    /// Whether it is one of several processes of its consumer.
    pub(crate) is_worker: bool,
    /// The number of partitions that was asked for.
    pub(crate) partitions: Option<u16>,
    pub(crate) grace: Duration,
    /// Time that a command to a source in another process has.
    pub(crate) command_timeout: Duration,
    pub(crate) group_commit: Duration,
    /// A mistake that was found while the parts were put together.
    pub(crate) problem: Option<String>,
}

impl<S: Send + Sync + 'static> Parts<S> {
    /// Looks for parts that do not go together.
    ///
    /// # Errors
    /// [`RunError::Configuration`], before anything is started. Names of projections are checked when they are
    /// restored.
    pub(crate) fn check(&self) -> Result<(), RunError> {
        if let Some(problem) = &self.problem {
            return Err(RunError::Configuration(problem.clone()));
        }
        if let Some(whole) = self.name.whole() {
            return Err(RunError::Configuration(format!(
                "`{}` is the name of a partition of `{whole}`, and cannot be a consumer's",
                self.name
            )));
        }
        if let Some(number) = self.partitions {
            if !self.is_worker {
                let problem = "`App::partitions` is for workers, and `App::worker` is missing";
                return Err(RunError::Configuration(problem.to_owned()));
            }
            if Partitions::new(number).is_none() {
                let most = Partitions::MOST;
                let problem =
                    format!("{number} partitions are asked for, and there may be 1 to {most}");
                return Err(RunError::Configuration(problem));
            }
        }
        let sources = self.sources.iter().map(|source| source.name().as_str());
        if let Some(name) = repeated(sources) {
            let problem = format!("two sources are named `{name}`");
            return Err(RunError::Configuration(problem));
        }
        let names = self.shared.table().names();
        if let Some(name) = repeated(names.iter().map(|name| &**name)) {
            let problem = format!("two handlers are named `{name}`");
            return Err(RunError::Configuration(problem));
        }
        let clock = self.clock();
        if let Some(other) = self.sources.iter().find(|one| one.clock() != clock) {
            let (first, other) = (self.sources[0].name(), other.name());
            let problem = format!("the sources `{first}` and `{other}` have different clocks");
            return Err(RunError::Configuration(problem));
        }
        Ok(())
    }

    /// The clock of all sources; the machine's if there are none.
    pub(crate) fn clock(&self) -> Clock {
        let first = self.sources.first();
        first.map_or_else(Clock::system, |source| source.clock())
    }

    /// The kinds that have a type: those of the sources, and antiphon's own.
    pub(crate) fn kinds(&self) -> HashSet<&'static str> {
        let sources = self.sources.iter().flat_map(|source| source.kinds());
        let own = Gap::KINDS.iter().chain(Link::KINDS).copied();
        sources.map(|info| info.kind).chain(own).collect()
    }

    /// The consumer, as it joins or is claimed.
    pub(crate) fn wanted(&self) -> Wanted {
        Wanted {
            consumer: self.name.clone(),
            partitions: self.partitions,
            begin: self.begin,
            keys: self.keys(Position::ZERO),
        }
    }

    /// The rule that finds an event's lane; `since` is the cursor's
    /// [`sources_lanes_since`](antiphon_core::Cursor::sources_lanes_since).
    pub(crate) fn keys(&self, since: Position) -> Keys {
        let sources = self.sources.iter();
        let lanes = sources.filter_map(|source| Some((source.name().clone(), source.lane()?)));
        Keys::new(self.key_of.clone(), lanes.collect(), since)
    }
}

/// The first name that comes twice.
fn repeated<'a>(mut names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let mut seen = HashSet::new();
    names.find(|name| !seen.insert(*name))
}
