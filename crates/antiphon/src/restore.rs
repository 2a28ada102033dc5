//! The start of a consumer: its cursor, projections and lanes from the journal.
//!
//! The order is what matters: the cursor is read and stored again as *in use* (so that a crash from here on is known as
//! one), then projections are brought to the cursor's position, then open events are read and put back into their
//! lanes, and only then do the head and the sources begin.
//!
//! A cursor that was not marked clean means that an earlier run was cut off: every event up to the journal's last one
//! may have been handled by it, and is delivered as redelivered.

use std::sync::{Arc, Mutex};

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
    ingest,
    keys::Keys,
    lanes::{LaneId, Lanes},
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
    let last = *journal.last().borrow();
    let stored = journal.cursor(consumer).await.map_err(RunError::Read)?;
    let doubtful = match &stored {
        Some(cursor) if !cursor.clean => last,
        _ => Position::ZERO,
    };
    let mut cursor = stored.unwrap_or_else(|| match begin {
        Begin::End => Cursor::at(last),
        Begin::At(position) => Cursor::at(position.min(last)),
    });
    cursor.clean = false;
    let batch = Arc::new(Batch {
        cursors: vec![(consumer.clone(), cursor.clone())],
        ..Batch::default()
    });
    ingest::append(
        journal,
        &batch,
        rng,
        &CancellationToken::new(),
        record,
        || {},
    )
    .await
    .map_err(RunError::Append)?;
    Ok((cursor, doubtful))
}

/// The projections of an app's start, with the names of those that belong to each source and to none.
pub(crate) struct Projections {
    pub(crate) following: Vec<Following>,
    /// In the order of the sources.
    pub(crate) of_sources: Vec<Vec<String>>,
    pub(crate) own: Vec<String>,
}

/// The name under which a projection is saved.
///
/// A consumer beside the process that appends has its own state of each, since it is at a position of its own.
fn saved_as(projection: &str, consumer: Option<&ConsumerName>) -> String {
    match consumer {
        Some(consumer) => format!("{projection}@{consumer}"),
        None => projection.to_owned(),
    }
}

/// The saved state of a projection, with the name under which it is saved.
///
/// At its first start a consumer beside the process that appends goes on from that process's state, as far as it has not
/// read on: a cache may be filled by events that were long ago.
async fn saved(
    journal: &Arc<dyn Journal>,
    projection: &str,
    head: Position,
    consumer: Option<&ConsumerName>,
) -> Result<(String, Option<Saved>), ReadError> {
    let name = saved_as(projection, consumer);
    let mut saved = journal.projection(&name).await?;
    if saved.is_none() && consumer.is_some() {
        let shared = journal.projection(projection).await?;
        saved = shared.filter(|saved| saved.position <= head);
    }
    Ok((name, saved))
}

/// Brings the projections and taps to the position at which the head begins.
pub(crate) async fn projections<S>(
    parts: &mut Parts<S>,
    journal: &Arc<dyn Journal>,
    head: Position,
    rules: &Rules,
) -> Result<Projections, RunError> {
    let last = *journal.last().borrow();
    let consumer = (!journal.role().appends()).then_some(&parts.name);
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
    let mut following: Vec<Following> = Vec::new();
    for projection in found {
        let name = projection.name();
        if following
            .iter()
            .any(|other| other.projection.name() == name)
        {
            return Err(RunError::Configuration(format!(
                "two projections or taps are named `{name}`"
            )));
        }
        let saved = saved(journal, name, head, consumer).await;
        let (saved_as, saved) = saved.map_err(RunError::Read)?;
        following.push(self::following(projection, saved_as, saved, head, last));
    }
    let caught_up = catch_up(&mut following, journal, head).await;
    caught_up.map_err(RunError::Read)?;
    Ok(Projections {
        following,
        of_sources,
        own,
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
    saved_as: String,
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

/// The lanes, those that need a task, and the handlers that were looked up.
type Restored<S> = (Arc<Mutex<Lanes<Work<S>>>>, Vec<LaneId>, Plans<S>);

/// Builds the lanes from the cursor, with the open events back in their places.
pub(crate) fn lanes<S: Send + Sync + 'static>(
    parts: &Parts<S>,
    open: Vec<(Arc<Event>, u32)>,
    keys: &Keys,
    cursor: &Cursor,
    doubtful: Position,
) -> Restored<S> {
    let mut lanes = Lanes::restore(parts.limits.lanes(), cursor, doubtful);
    let mut plans = Plans::new();
    for (event, starts) in open {
        let plan = plans.of(event.kind(), &parts.shared);
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
    let begun = lanes.begin_all();
    (Arc::new(Mutex::new(lanes)), begun, plans)
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
