//! Sources that come and go while the app runs.
//!
//! A change is asked for by the [`Handle`](crate::Handle), and made by the app's supervisor: those of one source in the
//! order of asking, those of different sources side by side, so that a source which is slow to close holds up no other.
//!
//! ```text
//!  Handle::add_source ─┐          ┌─ leave: stop reading ▸ store ▸ handle (grace) ▸ close ▸ store ▸ release projections
//!  replace_source ─────┼─▶ check ─┤
//!  remove_source ──────┘          └─ come: checkpoints ▸ projections up to the head ▸ rules, record, link ▸ task
//! ```
//!
//! Three orders make it lose nothing. The checkpoints of a source are read only after its last entry is stored, so that
//! the one that takes its place goes on exactly there. Its projections are saved before the new ones are restored, and
//! these are handed to the head only when they have seen what it has read. And the rules of a source are known before
//! its first event is.
//!
//! Each change is a future that the supervisor polls beside everything else: a stop of the app drops it, and whatever it
//! had begun is ended as at any stop.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use antiphon_core::{
    BoxFuture, Checkpoint, Clock, Desk, Intake, Journal, LaneOf, LinkState, Opener, Position,
    Projection, ReadError, Rng, Source, SourceName, Stopper,
};
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::AbortHandle,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{
    asks::{Asks, Behind},
    dispatcher::{Following, READ_AGAIN},
    handle::Shared,
    record::Record,
    restore,
    rules::Rules,
    runner::Work,
    share::Share,
};

/// How long a source gets to close.
pub(crate) const CLOSE: Duration = Duration::from_secs(10);

/// Most changes that wait; further ones wait at their callers.
const CHANGES: usize = 16;

/// Most changes that are made side by side; further ones wait.
const SIDE_BY_SIDE: usize = 16;

/// Why the sources of a running app could not be changed.
///
/// ```
/// use antiphon::{App, ChangeError, journal::MemoryJournal, testing::{TestApp, script}};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), antiphon::RunError> {
/// let ((_, choir), (_, again)) = (script("choir"), script("choir"));
/// let app = TestApp::start(App::new(()).source(choir), MemoryJournal::new()).await;
/// let refused = app.handle().add_source(again).await.expect_err("the name is taken");
/// assert!(matches!(refused, ChangeError::Exists(_)));
/// assert_eq!(refused.to_string(), "there is a source named `choir` already");
/// app.stop().await
/// # }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChangeError {
    /// The app does not run, or it stops; what was asked for was not done, or is undone by the stop.
    #[error("the app does not run")]
    NotRunning,
    /// A source of this name is there, also if it has stopped for good; nothing was changed.
    #[error("there is a source named `{0}` already")]
    Exists(SourceName),
    /// No source of this name is there; nothing was changed.
    #[error("there is no source named `{0}`")]
    Unknown(SourceName),
    /// The source's clock is not the app's; nothing was changed.
    #[error("the source `{0}` has another clock than the app")]
    OtherClock(SourceName),
    /// A projection or tap of the source has the name of another one; nothing was changed.
    #[error("a projection or tap is named `{0}` already")]
    ProjectionExists(String),
    /// Another process appends to the journal and runs the sources; nothing was changed.
    #[error("this process has no sources: another one runs them")]
    Elsewhere,
    /// The journal cannot tell where the source was; a source that was to be replaced has been stopped.
    #[error("the journal cannot be read")]
    Read(#[source] ReadError),
}

/// A source's task, from its start on.
#[derive(Debug)]
pub(crate) struct SourceTask {
    pub(crate) name: SourceName,
    pub(crate) stopper: Stopper,
    /// Whether it was added while the app ran.
    is_added: bool,
    /// Whether it was asked to end, alone.
    is_leaving: AtomicBool,
    connected_once: CancellationToken,
    /// Cancelled when its future is gone.
    pub(crate) ended: CancellationToken,
    /// Cancelled when the last state of its link was seen.
    pub(crate) link_ended: CancellationToken,
    /// Names of its projections and taps.
    projections: Vec<String>,
    pub(crate) abort: OnceLock<AbortHandle>,
}

impl SourceTask {
    /// Whether the end of it by itself is the end of the app, where the owner has not chosen otherwise.
    ///
    /// One that was added and was never connected never began, as far as the app is concerned.
    pub(crate) fn counts(&self) -> bool {
        let is_leaving = self.is_leaving.load(Ordering::Relaxed);
        !is_leaving && (!self.is_added || self.connected_once.is_cancelled())
    }
}

/// A source that can begin.
pub(crate) struct Ready {
    pub(crate) source: Box<dyn Source>,
    pub(crate) intake: Intake,
    pub(crate) task: SourceTask,
}

impl Ready {
    pub(crate) fn new(
        source: Box<dyn Source>,
        intake: Intake,
        projections: Vec<String>,
        is_added: bool,
    ) -> Self {
        let task = SourceTask {
            name: source.name().clone(),
            stopper: Stopper::new(),
            is_added,
            is_leaving: AtomicBool::new(false),
            connected_once: intake.connected_once(),
            ended: CancellationToken::new(),
            link_ended: CancellationToken::new(),
            projections,
            abort: OnceLock::new(),
        };
        Self {
            source,
            intake,
            task,
        }
    }
}

/// What is wanted of the sources.
pub(crate) enum Wanted {
    Add(Box<dyn Source>),
    Replace(Box<dyn Source>),
    Remove(SourceName),
}

impl Wanted {
    fn name(&self) -> &SourceName {
        match self {
            Self::Add(source) | Self::Replace(source) => source.name(),
            Self::Remove(name) => name,
        }
    }
}

type Outcome = Result<Option<watch::Receiver<LinkState>>, ChangeError>;

/// A change that somebody waits for.
pub(crate) struct Change {
    wanted: Wanted,
    done: oneshot::Sender<Outcome>,
}

/// The way to the supervisor of a running app.
#[derive(Clone)]
pub(crate) struct Changes(mpsc::Sender<Change>);

impl Changes {
    pub(crate) fn new() -> (Self, mpsc::Receiver<Change>) {
        let (changes, asked) = mpsc::channel(CHANGES);
        (Self(changes), asked)
    }

    /// Has the change made; gives the link of a source that began.
    pub(crate) async fn make(&self, wanted: Wanted) -> Outcome {
        let (done, is_done) = oneshot::channel();
        let sent = self.0.send(Change { wanted, done }).await;
        sent.map_err(|_| ChangeError::NotRunning)?;
        is_done.await.unwrap_or(Err(ChangeError::NotRunning))
    }
}

/// A change as far as it got.
pub(crate) struct Changed {
    /// The source that it is about.
    name: SourceName,
    /// The source that is gone.
    left: Option<SourceName>,
    come: Result<Option<Ready>, ChangeError>,
    done: oneshot::Sender<Outcome>,
}

/// The sources of a running app, and what a change of them needs.
pub(crate) struct Sources<S> {
    /// Absent once no source can come any more.
    tools: Option<Tools<S>>,
    /// In the order in which they were added.
    tasks: Vec<Arc<SourceTask>>,
    /// Names of the projections and taps that belong to no source.
    own: Vec<String>,
    /// Sources whose change is being made, with the names of the projections that come with each.
    under_way: BTreeMap<SourceName, Vec<String>>,
    clock: Clock,
}

/// What a change needs of the app.
pub(crate) struct Tools<S> {
    pub(crate) journal: Arc<dyn Journal>,
    pub(crate) asks: Asks,
    pub(crate) opener: Opener,
    pub(crate) rules: Arc<Rules>,
    pub(crate) record: Arc<Record>,
    pub(crate) shared: Arc<Shared<S>>,
    pub(crate) lanes: Arc<Mutex<Share<Work<S>>>>,
    /// The sources that carry out commands of other processes.
    pub(crate) desk: Arc<Desk>,
    /// Changes when a cursor is stored.
    pub(crate) saved: watch::Receiver<u64>,
    pub(crate) clock: Clock,
    pub(crate) grace: Duration,
    pub(crate) rng: Arc<Mutex<Rng>>,
}

impl<S> Clone for Tools<S> {
    fn clone(&self) -> Self {
        Self {
            journal: Arc::clone(&self.journal),
            asks: self.asks.clone(),
            opener: self.opener.clone(),
            rules: Arc::clone(&self.rules),
            record: Arc::clone(&self.record),
            shared: Arc::clone(&self.shared),
            lanes: Arc::clone(&self.lanes),
            desk: Arc::clone(&self.desk),
            saved: self.saved.clone(),
            clock: self.clock,
            grace: self.grace,
            rng: Arc::clone(&self.rng),
        }
    }
}

impl<S: Send + Sync + 'static> Sources<S> {
    /// `own` are the names of projections and taps that belong to no source.
    pub(crate) fn new(tools: Tools<S>, own: Vec<String>) -> Self {
        Self {
            clock: tools.clock,
            tools: Some(tools),
            tasks: Vec::new(),
            own,
            under_way: BTreeMap::new(),
        }
    }

    /// Notes a source that has begun.
    pub(crate) fn begun(&mut self, task: Arc<SourceTask>) {
        self.tasks.push(task);
    }

    /// Asks every source to take nothing new from its platform.
    pub(crate) fn stop_reading(&self) {
        self.tasks
            .iter()
            .for_each(|task| task.stopper.stop_reading());
    }

    /// Asks every source to close.
    pub(crate) fn close(&self) {
        self.tasks.iter().for_each(|task| task.stopper.close());
    }

    /// Lets no further source come, so that the journal's side can end.
    pub(crate) fn seal(&mut self) {
        self.tools = None;
    }

    /// Whether one more change can be made beside those that are under way.
    pub(crate) fn has_room(&self) -> bool {
        self.under_way.len() < SIDE_BY_SIDE
    }

    /// Whether a change has to wait for one of the same source.
    pub(crate) fn must_wait(&self, change: &Change) -> bool {
        self.under_way.contains_key(change.wanted.name())
    }

    /// Begins a change; what is returned makes it, and [`Sources::finish`] ends it.
    pub(crate) fn begin(&mut self, Change { wanted, done }: Change) -> BoxFuture<'static, Changed> {
        let name = wanted.name().clone();
        let refused = {
            let name = name.clone();
            move |error, done| Changed {
                name,
                left: None,
                come: Err(error),
                done,
            }
        };
        let checked = self.check(wanted);
        let coming = checked
            .as_ref()
            .ok()
            .and_then(|(_, coming)| coming.as_ref());
        let projections = coming.map_or_else(Vec::new, Coming::names);
        self.under_way.insert(name.clone(), projections);
        let tools = self.tools.clone();
        Box::pin(async move {
            let (leaving, coming) = match checked {
                Ok(checked) => checked,
                Err(error) => return refused(error, done),
            };
            let Some(tools) = tools else {
                return refused(ChangeError::NotRunning, done);
            };
            if let Some(task) = &leaving
                && tools.leave(task).await.is_none()
            {
                return refused(ChangeError::NotRunning, done);
            }
            let left = leaving.map(|task| task.name.clone());
            let come = match coming {
                Some(coming) => tools.come(coming).await.map(Some),
                None => Ok(None),
            };
            // One that takes the place of another is shown in its place.
            if let Some(left) = &left
                && !matches!(come, Ok(Some(_)))
            {
                tools.forget(left);
            }
            Changed {
                name,
                left,
                come,
                done,
            }
        })
    }

    /// The source that goes, and the one that comes.
    fn check(
        &self,
        wanted: Wanted,
    ) -> Result<(Option<Arc<SourceTask>>, Option<Coming>), ChangeError> {
        if let Some(tools) = &self.tools
            && !tools.journal.role().appends()
        {
            return Err(ChangeError::Elsewhere);
        }
        let name = wanted.name().clone();
        let present = self.tasks.iter().find(|task| task.name == name);
        let leaving = match (&wanted, present) {
            (Wanted::Add(_), None) => None,
            (Wanted::Add(_), Some(_)) => return Err(ChangeError::Exists(name)),
            (Wanted::Replace(_) | Wanted::Remove(_), Some(task)) => Some(Arc::clone(task)),
            (Wanted::Replace(_) | Wanted::Remove(_), None) => {
                return Err(ChangeError::Unknown(name));
            }
        };
        let (Wanted::Add(source) | Wanted::Replace(source)) = wanted else {
            return Ok((leaving, None));
        };
        if source.clock() != self.clock {
            return Err(ChangeError::OtherClock(name));
        }
        let coming = Coming::new(source);
        let others = self.tasks.iter().filter(|task| task.name != name);
        let others = others.flat_map(|task| &task.projections).chain(&self.own);
        let others = others.chain(self.under_way.values().flatten());
        let mut taken: Vec<&str> = others.map(String::as_str).collect();
        for projection in &coming.projections {
            let name = projection.name();
            if taken.contains(&name) {
                return Err(ChangeError::ProjectionExists(name.to_owned()));
            }
            taken.push(name);
        }
        Ok((leaving, Some(coming)))
    }

    /// Ends a change; gives the source that can begin, and where to tell of it.
    pub(crate) fn finish(&mut self, changed: Changed) -> Option<(Ready, Begun)> {
        let Changed {
            name,
            left,
            come,
            done,
        } = changed;
        self.under_way.remove(&name);
        if let Some(left) = &left {
            self.tasks.retain(|task| task.name != *left);
        }
        match come {
            Ok(Some(ready)) => {
                info!(source = %ready.task.name, replaced = left.is_some(), "a source was added");
                let link = ready.intake.link();
                Some((ready, Begun { link, done }))
            }
            Ok(None) => {
                if let Some(source) = left {
                    info!(%source, "a source was removed");
                }
                // Whoever asked may have given up; so everywhere here.
                let _ = done.send(Ok(None));
                None
            }
            Err(error) => {
                let _ = done.send(Err(error));
                None
            }
        }
    }
}

/// Whom to tell that a source has begun.
pub(crate) struct Begun {
    link: watch::Receiver<LinkState>,
    done: oneshot::Sender<Outcome>,
}

impl Begun {
    pub(crate) fn tell(self) {
        let _ = self.done.send(Ok(Some(self.link)));
    }
}

/// A source that is to begin, without its projections.
struct Coming {
    source: Box<dyn Source>,
    projections: Vec<Box<dyn Projection>>,
    has_taps: bool,
}

impl Coming {
    fn new(mut source: Box<dyn Source>) -> Self {
        let (projections, has_taps) = restore::of_source(&mut *source);
        Self {
            source,
            projections,
            has_taps,
        }
    }

    /// Names of its projections and taps.
    fn names(&self) -> Vec<String> {
        let projections = self.projections.iter();
        projections.map(|one| one.name().to_owned()).collect()
    }
}

impl<S: Send + Sync + 'static> Tools<S> {
    /// Ends a source in order; `None` if the app has ended meanwhile.
    async fn leave(&self, task: &SourceTask) -> Option<()> {
        task.is_leaving.store(true, Ordering::Relaxed);
        if !task.ended.is_cancelled() {
            task.stopper.stop_reading();
            self.asks.stored().await?;
            self.handled(task).await;
            task.stopper.close();
            if timeout(CLOSE, task.ended.cancelled()).await.is_err() {
                warn!(source = %task.name, "a source did not close in time and was cut off");
                if let Some(abort) = task.abort.get() {
                    abort.abort();
                }
                task.ended.cancelled().await;
            }
        }
        // What it said last is shown before another source's first word. A client that holds an intake keeps the link.
        let _ = timeout(CLOSE, task.link_ended.cancelled()).await;
        self.asks.stored().await?;
        self.asks.release(task.projections.clone()).await
    }

    /// Shows a source that has left no more.
    fn forget(&self, name: &SourceName) {
        self.shared.remove_link(name);
        self.desk.remove(name);
        self.record.remove(name);
    }

    /// Waits until all events that are stored by now are handled, until the grace is over, or until the source ends.
    async fn handled(&self, task: &SourceTask) {
        let stored = *self.journal.last().borrow();
        let mut saved = self.saved.clone();
        let handled = async {
            loop {
                saved.borrow_and_update();
                if self.lanes().look(0).needs > stored {
                    return;
                }
                // A cursor is stored a moment after each change of the lanes.
                if saved.changed().await.is_err() {
                    return;
                }
            }
        };
        tokio::select! {
            () = handled => {}
            () = sleep(self.grace) => {}
            () = task.ended.cancelled() => {}
        }
    }

    fn lanes(&self) -> MutexGuard<'_, Share<Work<S>>> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Brings a source to the point where its task can begin.
    async fn come(&self, coming: Coming) -> Result<Ready, ChangeError> {
        let names = coming.names();
        let Coming {
            source,
            projections,
            has_taps,
        } = coming;
        let name = source.name().clone();
        let checkpoints = self.checkpoints(&name).await?;
        self.rules.add(&*source);
        self.rules.expect_taps(has_taps);
        self.shared.change(|table| {
            table.know(source.kinds().iter().map(|info| info.kind));
        });
        let lane = source.lane().map(|lane| (name.clone(), lane));
        self.adopt(projections, lane).await?;
        let intake = {
            let mut rng = self.rng.lock().unwrap_or_else(PoisonError::into_inner);
            let opener = &self.opener;
            opener.intake(name.clone(), checkpoints, self.clock, &mut rng)
        };
        self.record.add(&*source);
        self.shared.add_link(name, intake.link());
        Ok(Ready::new(source, intake, names, true))
    }

    async fn checkpoints(&self, name: &SourceName) -> Result<Vec<Checkpoint>, ChangeError> {
        loop {
            match self.journal.checkpoints(name).await {
                Ok(checkpoints) => return Ok(checkpoints),
                Err(failure) => again(failure).await?,
            }
        }
    }

    /// Restores projections, brings them to where the head is, and hands them over with the rule of the lanes.
    async fn adopt(
        &self,
        projections: Vec<Box<dyn Projection>>,
        mut lane: Option<(SourceName, LaneOf)>,
    ) -> Result<(), ChangeError> {
        let mut head = self.lanes().read();
        let last = *self.journal.last().borrow();
        let mut following = Vec::new();
        for projection in projections {
            let saved = loop {
                match self.journal.projection(projection.name()).await {
                    Ok(saved) => break saved,
                    Err(failure) => again(failure).await?,
                }
            };
            let saved_as = Some(projection.name().to_owned());
            following.push(restore::following(projection, saved_as, saved, head, last));
        }
        loop {
            self.catch_up(&mut following, head).await?;
            let adopted = self.asks.adopt(following, lane.take()).await;
            match adopted.ok_or(ChangeError::NotRunning)? {
                Ok(()) => return Ok(()),
                Err(Behind {
                    projections,
                    head: read,
                }) => {
                    following = projections;
                    head = read;
                }
            }
        }
    }

    /// Applies the events up to a position that the head has read.
    async fn catch_up(
        &self,
        following: &mut [Following],
        head: Position,
    ) -> Result<(), ChangeError> {
        loop {
            match restore::catch_up(following, &self.journal, head).await {
                Ok(()) => return Ok(()),
                Err(failure) => again(failure).await?,
            }
        }
    }
}

/// Waits before a read is tried again, if its failure may pass.
async fn again(failure: ReadError) -> Result<(), ChangeError> {
    if !failure.is_transient() {
        return Err(ChangeError::Read(failure));
    }
    warn!(
        error = &failure as &dyn std::error::Error,
        "the journal could not be read for a source; trying again"
    );
    sleep(READ_AGAIN).await;
    Ok(())
}
