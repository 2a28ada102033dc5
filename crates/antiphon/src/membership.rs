//! Workers: several processes of one consumer, each with its share of the consumer's partitions.
//!
//! Everything that workers know of one another are the claims in the journal. A worker has a claim of its own, its
//! *place* among the workers (`choir#w3`), and one for each partition that it has (`choir#17`).
//! The keeper (`keeper.rs`) looks once a second who is there. By its rank among them a worker knows how many partitions it should have
//! ([`Partitions::quota`]): it gives up what it has above that number, and claims free ones until it has it. Nobody deals
//! the partitions out, no process is special, and a partition moves only where a number has to change.
//!
//! A partition that is given up starts nothing more; its running handlers have the app's grace; its last cursor is stored
//! and only then is its claim dropped. One whose worker is gone is free once its claim is: at once on one machine, after
//! the time of a lease on JetStream. Whoever claims it begins at its cursor, and what was open comes again.
//!
//! A consumer is *split* when the first worker joins ([`join`]), and *merged* when it is run without workers again
//! ([`merge`]); each is one batch, under claims of everything that is changed.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use antiphon_core::{
    Batch, Claim, ClaimError, ConsumerName, Cursor, Journal, OpenEvent, Parked, Partitions,
    Position, Rng, Trouble,
};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use tracing::info;

use crate::{dispatcher::PAGE, error::RunError, keys::Keys, parts::Begin, record::Record, restore};

/// Claims that are asked for together.
pub(crate) const AT_ONCE: usize = 32;
/// Most places that are noted one by one when a consumer is merged.
const PLACES: usize = 65_536;

/// The claims of a process: its consumer's, or those of its partitions.
///
/// Copies share them; all go when the app ends.
#[derive(Clone, Default)]
pub(crate) struct Claims(Arc<Mutex<BTreeMap<u16, Claim>>>);

impl Claims {
    /// The claim of a whole consumer.
    pub(crate) fn whole(claim: Claim) -> Self {
        let claims = Self::default();
        claims.lock().insert(0, claim);
        claims
    }

    /// The claims, by partition.
    pub(crate) fn lock(&self) -> MutexGuard<'_, BTreeMap<u16, Claim>> {
        // Nothing panics half-way through a change.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives all of them up.
    pub(crate) fn give_up(&self) {
        let claims = std::mem::take(&mut *self.lock());
        drop(claims);
    }
}

/// A consumer as its app was put together.
pub(crate) struct Wanted {
    pub(crate) consumer: ConsumerName,
    /// The number of partitions that was asked for.
    pub(crate) partitions: Option<u16>,
    /// Where it begins if the journal does not know it.
    pub(crate) begin: Begin,
    /// The rules of lanes; since when those of sources count is the cursor's to say.
    pub(crate) keys: Keys,
}

/// A process that is a worker.
pub(crate) struct Membership {
    pub(crate) partitions: Partitions,
    pub(crate) slot: u16,
    /// Its place, until this is dropped.
    _claim: Claim,
    /// How far the partition is that has read the least.
    pub(crate) read: Position,
    /// See [`Cursor::sources_lanes_since`].
    pub(crate) lanes_since: Position,
}

/// Makes this process a worker of its consumer, which is split if it is whole.
///
/// # Errors
/// [`RunError::Claim`] if a process has the consumer without workers, or there are as many workers as partitions;
/// [`RunError::Configuration`] if it is split into another number of partitions than is asked for.
pub(crate) async fn join(
    wanted: &Wanted,
    journal: &Arc<dyn Journal>,
    rng: Rng,
    record: &Record,
) -> Result<Membership, RunError> {
    let consumer = &wanted.consumer;
    let split = |cursor: Option<Cursor>| cursor.and_then(|cursor| cursor.partitions);
    let stored = journal.cursor(consumer).await.map_err(RunError::Read)?;
    let partitions = match split(stored) {
        Some(partitions) => partitions,
        None => self::split(wanted, journal, rng, record).await?,
    };
    if wanted
        .partitions
        .is_some_and(|asked| asked != partitions.get())
    {
        return Err(RunError::Configuration(format!(
            "the consumer `{consumer}` has {} partitions; run it once without workers to give it another number",
            partitions.get()
        )));
    }
    let (slot, claim) = place(journal, consumer, partitions).await?;
    let cursors = cursors(journal, consumer, partitions).await?;
    let first = cursors.iter().min_by_key(|cursor| cursor.read);
    let first = first.expect("there is a partition at least");
    Ok(Membership {
        partitions,
        slot,
        _claim: claim,
        read: first.read,
        lanes_since: first.sources_lanes_since(),
    })
}

/// Claims a place among the workers.
async fn place(
    journal: &Arc<dyn Journal>,
    consumer: &ConsumerName,
    partitions: Partitions,
) -> Result<(u16, Claim), RunError> {
    let places = places(consumer, partitions);
    let taken = journal.claimed(&places).await.map_err(RunError::Read)?;
    for (slot, place) in (0..).zip(&places) {
        if taken.contains(place) {
            continue;
        }
        let claim = journal.try_claim(place).await.map_err(RunError::Claim)?;
        if let Some(claim) = claim {
            return Ok((slot, claim));
        }
    }
    // One of them may be about to end.
    let claimed = journal.claim(&places[0]).await;
    claimed.map(|claim| (0, claim)).map_err(|error| {
        if error.trouble() != Trouble::Locked {
            return RunError::Claim(error);
        }
        let number = partitions.get();
        let cause = format!("it has {number} workers, as many as partitions");
        locked(consumer, cause)
    })
}

/// The claims of all workers that there can be.
pub(crate) fn places(consumer: &ConsumerName, partitions: Partitions) -> Vec<ConsumerName> {
    let slots = 0..partitions.get();
    slots.map(|slot| consumer.worker(slot)).collect()
}

fn locked(consumer: &ConsumerName, cause: String) -> RunError {
    let cause = Some(cause.into());
    RunError::Claim(ClaimError::new(consumer.clone(), Trouble::Locked, cause))
}

/// The cursors of all partitions.
async fn cursors(
    journal: &Arc<dyn Journal>,
    consumer: &ConsumerName,
    partitions: Partitions,
) -> Result<Vec<Cursor>, RunError> {
    let mut cursors = Vec::with_capacity(usize::from(partitions.get()));
    for number in 0..partitions.get() {
        let name = consumer.partition(number);
        let cursor = journal.cursor(&name).await.map_err(RunError::Read)?;
        cursors.push(cursor.ok_or_else(|| merged(consumer))?);
    }
    Ok(cursors)
}

/// Why a worker cannot go on: its consumer was merged meanwhile.
pub(crate) fn merged(consumer: &ConsumerName) -> RunError {
    let cause = "another process has it, and has it without workers";
    locked(consumer, cause.to_owned())
}

/// Claims all partitions, so that no worker has one.
async fn claim_all(
    journal: &Arc<dyn Journal>,
    consumer: &ConsumerName,
    partitions: Partitions,
) -> Result<Vec<Claim>, RunError> {
    // One after another they take as many answers of a server, for which other workers wait no longer than for one claim.
    stream::iter(0..partitions.get())
        .map(async |number| {
            let claim = journal.claim(&consumer.partition(number)).await;
            claim.map_err(|error| {
                if error.trouble() != Trouble::Locked {
                    return RunError::Claim(error);
                }
                locked(consumer, "it runs with workers".to_owned())
            })
        })
        .buffered(AT_ONCE)
        .try_collect()
        .await
}

/// Splits a consumer that is whole, or new, unless another worker has done so meanwhile.
///
/// Each partition begins where the consumer is, with the open events and the parked lanes that are its own.
async fn split(
    wanted: &Wanted,
    journal: &Arc<dyn Journal>,
    rng: Rng,
    record: &Record,
) -> Result<Partitions, RunError> {
    let consumer = &wanted.consumer;
    let _claim = journal.claim(consumer).await.map_err(|error| {
        if error.trouble() != Trouble::Locked {
            return RunError::Claim(error);
        }
        locked(
            consumer,
            "another process has it, and has it without workers".to_owned(),
        )
    })?;
    let stored = journal.cursor(consumer).await.map_err(RunError::Read)?;
    if let Some(partitions) = stored.as_ref().and_then(|cursor| cursor.partitions) {
        return Ok(partitions);
    }
    let is_new = stored.is_none();
    let cursor = stored.unwrap_or_else(|| restore::first(journal, wanted.begin));
    let partitions = wanted.partitions.and_then(Partitions::new);
    let partitions = partitions.unwrap_or_default();
    let _claims = claim_all(journal, consumer, partitions).await?;
    let since = cursor.sources_lanes_since();
    let mut empty = Cursor::at(cursor.read);
    empty.lanes_since = Some(since);
    empty.parked_all = cursor.parked_all;
    empty.clean = cursor.clean || is_new;
    let mut cursors = vec![empty; usize::from(partitions.get())];
    let of = |lane: &str| usize::from(partitions.of(lane));
    let keys = wanted.keys.since(since);
    for (event, starts) in restore::open(journal, &cursor.open).await? {
        let position = event.position();
        let open = OpenEvent { position, starts };
        cursors[of(keys.of(&event).as_str())].open.push(open);
    }
    for parked in &cursor.parked {
        cursors[of(&parked.lane)].parked.push(parked.clone());
    }
    let split = (consumer.clone(), Cursor::split(cursor.read, partitions));
    let cursors = (0..).zip(cursors);
    let cursors = cursors.map(|(number, cursor)| (consumer.partition(number), cursor));
    let batch = Batch {
        cursors: std::iter::once(split).chain(cursors).collect(),
        ..Batch::default()
    };
    restore::store(journal, batch, rng, record).await?;
    info!(%consumer, partitions = partitions.get(), "the consumer is split for workers");
    Ok(partitions)
}

/// Merges a consumer that is split, whose claim this process has; nothing happens to one that is whole.
///
/// The whole consumer is where the partition is that has read the most. Each lane of a partition that has read less is
/// parked at the first event that it lacks.
///
/// # Errors
/// [`RunError::Claim`] while it has workers; [`RunError::Configuration`] if the partitions are so far from one another that
/// more than 65,536 places lack events.
pub(crate) async fn merge(
    wanted: &Wanted,
    journal: &Arc<dyn Journal>,
    rng: Rng,
    record: &Record,
) -> Result<(), RunError> {
    let consumer = &wanted.consumer;
    let stored = journal.cursor(consumer).await.map_err(RunError::Read)?;
    let Some(partitions) = stored.and_then(|cursor| cursor.partitions) else {
        return Ok(());
    };
    let _claims = claim_all(journal, consumer, partitions).await?;
    let cursors = cursors(journal, consumer, partitions).await?;
    let cursor = merged_cursor(wanted, journal, partitions, cursors).await?;
    let read = cursor.read;
    let batch = Batch {
        cursors: vec![(consumer.clone(), cursor)],
        forgotten: (0..partitions.get())
            .map(|number| consumer.partition(number))
            .collect(),
        ..Batch::default()
    };
    restore::store(journal, batch, rng, record).await?;
    info!(%consumer, %read, "the consumer has no workers any more, and is whole again");
    Ok(())
}

async fn merged_cursor(
    wanted: &Wanted,
    journal: &Arc<dyn Journal>,
    partitions: Partitions,
    cursors: Vec<Cursor>,
) -> Result<Cursor, RunError> {
    let read = cursors.iter().map(|cursor| cursor.read).max();
    let mut whole = Cursor::at(read.expect("there is a partition at least"));
    whole.clean = cursors.iter().all(|cursor| cursor.clean);
    let since = cursors.first().map(Cursor::sources_lanes_since);
    whole.lanes_since = since;
    let keys = wanted.keys.since(since.unwrap_or_default());
    // From where each partition's lanes lack events, but those that are parked by themselves.
    let lacks: Vec<Position> = cursors
        .iter()
        .map(|cursor| {
            cursor
                .parked_all
                .unwrap_or_else(|| cursor.read.next())
                .min(cursor.read.next())
        })
        .collect();
    let mut known = BTreeSet::new();
    for cursor in cursors {
        whole.open.extend(cursor.open);
        known.extend(cursor.parked.iter().map(|parked| parked.lane.clone()));
        whole.parked.extend(cursor.parked);
    }
    whole.open.sort_unstable_by_key(|open| open.position);
    let mut after = lacks
        .iter()
        .min()
        .map_or(whole.read, |from| from.previous());
    while after < whole.read {
        let page = journal.read(after, PAGE).await.map_err(RunError::Read)?;
        let Some(last) = page.last() else { break };
        after = last.position();
        for event in page.iter().filter(|event| event.position() <= whole.read) {
            let key = keys.of(event);
            let lane = key.as_str();
            let from = event.position();
            if from < lacks[usize::from(partitions.of(lane))] || known.contains(lane) {
                continue;
            }
            if known.len() >= PLACES {
                return Err(RunError::Configuration(format!(
                    "the partitions of `{}` are too far from one another; run its workers until they have caught up",
                    wanted.consumer
                )));
            }
            known.insert(lane.to_owned());
            whole.parked.push(Parked {
                lane: lane.to_owned(),
                from,
            });
        }
    }
    whole.parked.sort_unstable_by_key(|parked| parked.from);
    Ok(whole)
}
