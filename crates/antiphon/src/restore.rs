//! The start of a consumer: its cursor, projections and lanes from the journal.
//!
//! The order is what matters: the cursor is read and stored again as *in use* (so that a crash from here on is known as
//! one), then projections are brought to the cursor's position, then open events are read and put back into their
//! lanes, and only then do the head and the sources begin.
//!
//! A cursor that was not marked clean means that an earlier run was cut off: every event up to the journal's last one
//! may have been handled by it, and is delivered as redelivered.

use std::sync::Arc;

use antiphon_core::{
    Batch, Before, BoxError, ConsumerName, Cursor, Event, Journal, OpenEvent, Position, Projection,
    ReadError, Rng, Saved, Source, Tap,
};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::{
    context::Befores,
    dispatcher::{self, Following, PAGE, Plans},
    error::RunError,
    handle::Shared,
    ingest,
    keys::Keys,
    lanes::{Bounds, Lanes},
    parts::{Begin, Parts},
    record::Record,
    rules::Rules,
    runner::Work,
};

/// Most positions from which a projection without a saved state is built again.
///
/// A projection that cannot be restored, after an upgrade for instance, is built from the last 100,000 positions, not
/// from the whole journal.
const REMAKE: u64 = 100_000;

/// The consumer's cursor, and the position up to which an earlier run may have handled events that it does not show.
///
/// The cursor is stored again, marked as in use, before anything is handled.
pub(crate) async fn cursor(
    journal: &Arc<dyn Journal>,
    consumer: &ConsumerName,
    begin: Begin,
    rng: Rng,
    record: &Record,
) -> Result<(Cursor, Position), RunError> {
    let stored = journal.cursor(consumer).await.map_err(RunError::Read)?;
    let doubtful = self::doubtful(journal, stored.as_ref());
    let mut cursor = stored.unwrap_or_else(|| first(journal, begin));
    cursor.clean = false;
    let batch = Batch {
        cursors: vec![(consumer.clone(), cursor.clone())],
        ..Batch::default()
    };
    store(journal, batch, rng, record).await?;
    Ok((cursor, doubtful))
}

/// The position up to which an earlier run may have handled events that its cursor does not show.
pub(crate) fn doubtful(journal: &Arc<dyn Journal>, stored: Option<&Cursor>) -> Position {
    match stored {
        Some(cursor) if !cursor.clean => *journal.last().borrow(),
        _ => Position::ZERO,
    }
}

/// The cursor of a consumer that the journal does not know yet.
pub(crate) fn first(journal: &Arc<dyn Journal>, begin: Begin) -> Cursor {
    let last = *journal.last().borrow();
    match begin {
        Begin::End => Cursor::at(last),
        Begin::At(position) => Cursor::at(position.min(last)),
    }
}

/// Stores a batch before the committer runs, or beside it.
pub(crate) async fn store(
    journal: &Arc<dyn Journal>,
    batch: Batch,
    rng: Rng,
    record: &Record,
) -> Result<(), RunError> {
    let (batch, never) = (Arc::new(batch), CancellationToken::new());
    let stored = ingest::append(journal, &batch, rng, &never, record, || {}).await;
    stored.map(drop).map_err(RunError::Append)
}

/// The projections of an app's start, with the names of those that belong to each source and to none.
pub(crate) struct Projections {
    pub(crate) following: Vec<Following>,
    /// In the order of the sources.
    pub(crate) of_sources: Vec<Vec<String>>,
    pub(crate) own: Vec<String>,
    /// The position at which the head begins.
    pub(crate) head: Position,
}

/// Whose state of each projection an app goes on with, and under which name it saves its own.
enum Keeping<'a> {
    /// It is the process that appends, and has the state that everybody begins with.
    Ingester,
    /// It is a consumer beside that process, and has its own state of each, since it is at a position of its own.
    Consumer(&'a ConsumerName),
    /// It is one of several workers: it begins with the state of the process that appends, and saves none.
    Worker,
}

impl Keeping<'_> {
    /// The saved state of a projection, with the name under which it is saved.
    ///
    /// At its first start a consumer beside the process that appends goes on from that process's state, as far as it has
    /// not read on: a cache may be filled by events that were long ago.
    async fn saved(
        &self,
        journal: &Arc<dyn Journal>,
        projection: &str,
        head: Position,
    ) -> Result<(Option<String>, Option<Saved>), ReadError> {
        let shared = || journal.projection(projection);
        match self {
            Self::Ingester => Ok((Some(projection.to_owned()), shared().await?)),
            Self::Worker => Ok((None, shared().await?)),
            Self::Consumer(consumer) => {
                let name = format!("{projection}@{consumer}");
                let mut saved = journal.projection(&name).await?;
                if saved.is_none() {
                    saved = shared().await?.filter(|saved| saved.position <= head);
                }
                Ok((Some(name), saved))
            }
        }
    }
}

/// Brings the projections and taps to the position at which the head begins.
///
/// The head of a worker begins no earlier than the saved states of its projections, since its partitions are brought up to
/// it one by one.
pub(crate) async fn projections<S>(
    parts: &mut Parts<S>,
    journal: &Arc<dyn Journal>,
    mut head: Position,
    rules: &Rules,
) -> Result<Projections, RunError> {
    let last = *journal.last().borrow();
    let name = parts.name.clone();
    let keeping = match (journal.role().appends(), parts.is_worker) {
        (true, _) => Keeping::Ingester,
        (false, false) => Keeping::Consumer(&name),
        (false, true) => Keeping::Worker,
    };
    let names = |found: &[Box<dyn Projection>]| -> Vec<String> {
        found.iter().map(|one| one.name().to_owned()).collect()
    };
    let (mut found, mut of_sources) = (Vec::new(), Vec::new());
    rules.expect_taps(!parts.taps.is_empty());
    for source in &mut parts.sources {
        let (mut projections, brings_taps) = self::of_source(&mut **source);
        rules.expect_taps(brings_taps);
        of_sources.push(names(&projections));
        found.append(&mut projections);
    }
    let mut others = std::mem::take(&mut parts.projections);
    others.extend(parts.taps.drain(..).map(Tapped::boxed));
    let own = names(&others);
    found.append(&mut others);
    let mut states = Vec::new();
    let found_names = names(&found);
    for (number, name) in found_names.iter().enumerate() {
        if found_names[..number].contains(name) {
            return Err(RunError::Configuration(format!(
                "two projections or taps are named `{name}`"
            )));
        }
        let saved = keeping.saved(journal, name, head).await;
        states.push(saved.map_err(RunError::Read)?);
    }
    if parts.is_worker {
        let saved = states.iter().filter_map(|(_, saved)| saved.as_ref());
        let furthest = saved.map(|saved| saved.position).max();
        head = furthest.map_or(head, |furthest| head.max(furthest.min(last)));
    }
    let mut following: Vec<Following> = Vec::new();
    for (projection, (saved_as, saved)) in found.into_iter().zip(states) {
        following.push(self::following(projection, saved_as, saved, head, last));
    }
    let caught_up = catch_up(&mut following, journal, head).await;
    caught_up.map_err(RunError::Read)?;
    Ok(Projections {
        following,
        of_sources,
        own,
        head,
    })
}

/// The projections and taps of a source, which are asked for once, and whether there are taps among them.
pub(crate) fn of_source(source: &mut dyn Source) -> (Vec<Box<dyn Projection>>, bool) {
    let (mut projections, taps) = (source.projections(), source.taps());
    let has_taps = !taps.is_empty();
    projections.extend(taps.into_iter().map(Tapped::boxed));
    (projections, has_taps)
}

/// A projection with its saved state, as far as that can be read; it is to follow the head, and nothing lies behind
/// `last`.
pub(crate) fn following(
    mut projection: Box<dyn Projection>,
    saved_as: Option<String>,
    saved: Option<Saved>,
    head: Position,
    last: Position,
) -> Following {
    let restored = saved.and_then(|saved| match projection.restore(&saved.state) {
        Ok(()) => Some(saved.position.min(last)),
        Err(failure) => {
            let name = projection.name();
            warn!(projection = name, %failure, "a saved projection cannot be read and is built again");
            None
        }
    });
    let applied = restored.unwrap_or_else(|| Position::new(head.get().saturating_sub(REMAKE)));
    Following {
        projection,
        saved_as,
        applied,
        saved: applied,
    }
}

/// Applies the events that projections lack, up to a position.
pub(crate) async fn catch_up(
    following: &mut [Following],
    journal: &Arc<dyn Journal>,
    head: Position,
) -> Result<(), ReadError> {
    let behind = following.iter().map(|following| following.applied).min();
    let mut read = behind.unwrap_or(head);
    while read < head {
        let page = journal.read(read, PAGE).await?;
        let Some(end) = page.last() else { break };
        read = end.position();
        for event in page.iter().filter(|event| event.position() <= head) {
            dispatcher::apply(following, event);
        }
    }
    // There may be no event at the position itself.
    for one in following {
        one.applied = one.applied.max(head);
    }
    Ok(())
}

/// A tap as a projection without a state, so that its position is stored as a projection's is.
///
/// It saves nothing but its position.
struct Tapped(Box<dyn Tap>);

impl Tapped {
    fn boxed(tap: Box<dyn Tap>) -> Box<dyn Projection> {
        Box::new(Self(tap))
    }
}

impl Projection for Tapped {
    fn name(&self) -> &str {
        self.0.name()
    }

    fn apply(&mut self, event: &Event) -> Before {
        self.0.see(event);
        Before::NOTHING
    }

    fn save(&self) -> Option<Vec<u8>> {
        Some(Vec::new())
    }

    fn restore(&mut self, _: &[u8]) -> Result<(), BoxError> {
        Ok(())
    }
}

/// Builds the lanes from the cursor, with the open events back in their places.
pub(crate) fn lanes<S: Send + Sync + 'static>(
    bounds: Bounds,
    shared: &Shared<S>,
    open: Vec<(Arc<Event>, u32)>,
    keys: &Keys,
    cursor: &Cursor,
    doubtful: Position,
) -> Lanes<Work<S>> {
    let mut lanes = Lanes::restore(bounds, cursor, doubtful);
    let mut plans = Plans::new();
    for (event, starts) in open {
        let plan = plans.of(event.kind(), shared);
        if plan.is_empty() {
            continue;
        }
        let key = keys.of(&event).into_owned();
        let position = event.position();
        let work = Work::Event {
            event,
            plan: Arc::clone(plan),
            before: Befores::default(),
        };
        lanes.reopen(&key, position, starts, work);
    }
    lanes
}

/// Reads the cursor's open events, without those that retention has removed.
///
/// An open event that retention removed meanwhile is gone, and the consumer goes on without it.
pub(crate) async fn open(
    journal: &Arc<dyn Journal>,
    open: &[OpenEvent],
) -> Result<Vec<(Arc<Event>, u32)>, RunError> {
    let mut loaded = Vec::with_capacity(open.len());
    let mut open = open.iter().peekable();
    while let Some(first) = open.peek() {
        let page = journal
            .read(first.position.previous(), PAGE)
            .await
            .map_err(RunError::Read)?;
        let Some(end) = page.last().map(|event| event.position()) else {
            break;
        };
        let mut events = page.into_iter();
        while let Some(wanted) = open.next_if(|open| open.position <= end) {
            let found = events.find(|event| event.position() >= wanted.position);
            match found {
                Some(event) if event.position() == wanted.position => {
                    loaded.push((event, wanted.starts));
                }
                // The event that was found lies behind the wanted one, and is read again with the next page.
                Some(_) => break,
                None => {}
            }
        }
    }
    Ok(loaded)
}
