//! A process gets its consumer, or its share of one, and brings everything to where the cursor is.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use antiphon_core::{Backoff, Journal, Rng, Trouble, error_chain};
use futures_util::TryFutureExt as _;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use crate::{
    dispatcher::READ_AGAIN,
    error::RunError,
    keys::Keys,
    lanes::LaneId,
    membership::{self, Claims, Membership},
    parts::Parts,
    record::Record,
    restore::{self, Projections},
    rules::Rules,
    runner::Work,
    share::Share,
};

/// Longest pause before a consumer is asked for again whose servers could not be reached.
const LONGEST: Duration = Duration::from_secs(5);

/// What a process has of its consumer when it begins.
pub(crate) struct Begun<S> {
    pub(crate) claims: Claims,
    /// Present for a worker.
    pub(crate) membership: Option<Membership>,
    pub(crate) keys: Keys,
    pub(crate) projections: Projections,
    pub(crate) lanes: Arc<Mutex<Share<Work<S>>>>,
    /// The lanes that have an event.
    pub(crate) active: Vec<LaneId>,
}

/// Claims the consumer, or makes this process one of its workers.
pub(crate) async fn begin<S: Send + Sync + 'static>(
    parts: &mut Parts<S>,
    journal: &Arc<dyn Journal>,
    rules: &Rules,
    record: &Record,
    rng: &mut Rng,
) -> Result<Begun<S>, RunError> {
    if parts.is_worker {
        return join(parts, journal, rules, record, rng).await;
    }
    let (name, stop) = (parts.name.clone(), parts.shared.stop.clone());
    let ask = || journal.claim(&name).map_err(RunError::Claim);
    let claim = reached(&stop, rng.fork(), ask).await?;
    membership::merge(&parts.wanted(), journal, rng.fork(), record).await?;
    let (cursor, doubtful) =
        restore::cursor(journal, &parts.name, parts.begin, rng.fork(), record).await?;
    let projections = restore::projections(parts, journal, cursor.read, rules).await?;
    let open = restore::open(journal, &cursor.open).await?;
    let keys = parts.keys(cursor.sources_lanes_since());
    let bounds = parts.limits.lanes();
    let mut lanes = restore::lanes(bounds, &parts.shared, open, &keys, &cursor, doubtful);
    let active = lanes.begin_all();
    Ok(Begun {
        claims: Claims::whole(claim),
        membership: None,
        keys,
        projections,
        lanes: Arc::new(Mutex::new(Share::Whole(lanes))),
        active,
    })
}

/// A worker takes its partitions later, while it runs.
async fn join<S: Send + Sync + 'static>(
    parts: &mut Parts<S>,
    journal: &Arc<dyn Journal>,
    rules: &Rules,
    record: &Record,
    rng: &mut Rng,
) -> Result<Begun<S>, RunError> {
    let (wanted, stop) = (parts.wanted(), parts.shared.stop.clone());
    let pauses = rng.fork();
    let ask = || membership::join(&wanted, journal, rng.fork(), record);
    let membership = reached(&stop, pauses, ask).await?;
    let projections = restore::projections(parts, journal, membership.read, rules).await?;
    let bounds = parts.limits.lanes();
    let share = Share::of_worker(membership.partitions, bounds, projections.head);
    Ok(Begun {
        claims: Claims::default(),
        keys: parts.keys(membership.lanes_since),
        lanes: Arc::new(Mutex::new(share)),
        membership: Some(membership),
        projections,
        active: Vec::new(),
    })
}

/// Asks for a consumer until the journal's servers can be reached, or the app is to stop.
///
/// # Errors
/// The answer's error, unless it says that servers cannot be reached; and that too once the app is to stop.
async fn reached<T, F: Future<Output = Result<T, RunError>>>(
    stop: &CancellationToken,
    rng: Rng,
    mut ask: impl FnMut() -> F,
) -> Result<T, RunError> {
    let mut pauses = Backoff::new(rng).floor(READ_AGAIN).cap(LONGEST);
    loop {
        let error = match ask().await {
            Err(error) if error.trouble() == Some(Trouble::Unreachable) => error,
            ended => return ended,
        };
        warn!(
            error = error_chain(&error),
            "the app cannot begin yet; trying again"
        );
        tokio::select! {
            () = sleep(pauses.next(Instant::now())) => {}
            () = stop.cancelled() => return Err(error),
        }
    }
}
