//! A worker keeps its share: it takes partitions and gives them up as workers come and go.

use std::{sync::Arc, time::Duration};

use antiphon_core::{Batch, Claim, ConsumerName, Journal, Rng};
use futures_util::future::join_all;
use tokio::{
    sync::oneshot,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::{
    error::RunError,
    ingest::{self, Write},
    keys::Keys,
    membership::{AT_ONCE, Claims, Membership, merged, places},
    record::Record,
    restore,
    runner::{Runner, Work},
    share::Drains,
    status::WorkerStatus,
};

/// How often a worker looks who is there.
const LOOK: Duration = Duration::from_secs(1);

/// The task that keeps a worker's share: it takes partitions and gives them up as workers come and go.
pub(crate) struct Keeper<S> {
    pub(crate) journal: Arc<dyn Journal>,
    pub(crate) consumer: ConsumerName,
    pub(crate) membership: Membership,
    pub(crate) claims: Claims,
    pub(crate) runner: Arc<Runner<S>>,
    pub(crate) keys: Keys,
    /// Cancelled when the app stops: nothing is taken any more.
    pub(crate) stop: CancellationToken,
    /// How long running handlers get in a partition that is given up.
    pub(crate) grace: Duration,
    pub(crate) record: Arc<Record>,
    pub(crate) rng: Rng,
}

impl<S: Send + Sync + 'static> Keeper<S> {
    /// Runs until the app stops.
    ///
    /// # Errors
    /// [`RunError`] if this process cannot be a worker any more.
    pub(crate) async fn run(mut self) -> Result<(), RunError> {
        while !self.stop.is_cancelled() {
            self.balance().await?;
            tokio::select! {
                () = self.stop.cancelled() => {}
                () = sleep(LOOK) => {}
            }
        }
        // The place is given up with the partitions, by the app.
        Ok(())
    }

    /// Looks who is there, and takes partitions or gives some up.
    async fn balance(&mut self) -> Result<(), RunError> {
        let partitions = self.membership.partitions;
        let places = places(&self.consumer, partitions);
        let workers = match self.journal.claimed(&places).await {
            Ok(workers) => workers,
            Err(failure) if failure.is_transient() => {
                let error = &failure as &dyn std::error::Error;
                warn!(
                    error,
                    "the workers of the consumer are not known; looking again"
                );
                return Ok(());
            }
            Err(failure) => return Err(RunError::Read(failure)),
        };
        let own = &places[usize::from(self.membership.slot)];
        let Some(rank) = workers.iter().position(|place| place == own) else {
            // The journal says so, in its own time, if it was taken over.
            return Ok(());
        };
        let quota = partitions.quota(rank, workers.len());
        let held: Vec<u16> = self.claims.lock().keys().copied().collect();
        if held.len() > quota {
            self.give_up(held[quota..].to_vec()).await;
        } else if held.len() < quota {
            self.take(quota - held.len()).await?;
        }
        let held = self.claims.lock().len();
        self.record.worker(WorkerStatus {
            workers: workers.len() as u64,
            partitions: u64::from(partitions.get()),
            held: held as u64,
        });
        Ok(())
    }

    /// Claims so many free partitions, as far as there are any, and takes them in.
    async fn take(&mut self, wanted: usize) -> Result<(), RunError> {
        let number = self.membership.partitions.get();
        // Workers that look at the same moment begin at different ones.
        let begin = self.rng.u16(..number);
        let turns = (0..number).map(|turn| (begin + turn) % number);
        let mut free: Vec<u16> = {
            let held = self.claims.lock();
            let free = turns.filter(|partition| !held.contains_key(partition));
            free.collect()
        };
        let mut claimed = Vec::new();
        let mut failed = false;
        while claimed.len() < wanted && !free.is_empty() && !failed && !self.stop.is_cancelled() {
            // Together, since a claim takes some answers of a server.
            let most = (wanted - claimed.len()).min(AT_ONCE).min(free.len());
            let tries = free.drain(..most).map(async |partition| {
                let name = self.consumer.partition(partition);
                (partition, self.journal.try_claim(&name).await)
            });
            for (partition, tried) in join_all(tries).await {
                match tried {
                    Ok(Some(claim)) => claimed.push((partition, claim)),
                    Ok(None) => {}
                    Err(failure) if failure.trouble().is_transient() => {
                        // The others fail for the same reason.
                        if !failed {
                            let error = &failure as &dyn std::error::Error;
                            warn!(error, "a partition could not be claimed; trying again");
                        }
                        failed = true;
                    }
                    Err(failure) => return Err(RunError::Claim(failure)),
                }
            }
        }
        if claimed.is_empty() {
            return Ok(());
        }
        match self.come(claimed).await {
            Err(RunError::Read(failure)) if failure.is_transient() => {
                let error = &failure as &dyn std::error::Error;
                warn!(error, "a partition could not be read; trying again");
                Ok(())
            }
            // The app tells it, or is stopping.
            Err(RunError::Append(_)) => Ok(()),
            ended => ended,
        }
    }

    /// Takes partitions in, as their cursors have them.
    async fn come(&mut self, claimed: Vec<(u16, Claim)>) -> Result<(), RunError> {
        let mut cursors = Vec::new();
        for (partition, _) in &claimed {
            let name = self.consumer.partition(*partition);
            let stored = self.journal.cursor(&name).await.map_err(RunError::Read)?;
            let doubtful = restore::doubtful(&self.journal, stored.as_ref());
            let mut cursor = stored.ok_or_else(|| merged(&self.consumer))?;
            cursor.clean = false;
            cursors.push((name, cursor, doubtful));
        }
        let in_use = cursors.iter();
        let batch = Batch {
            cursors: in_use
                .map(|(name, cursor, _)| (name.clone(), cursor.clone()))
                .collect(),
            ..Batch::default()
        };
        let (rng, batch) = (self.rng.fork(), Arc::new(batch));
        let stored = ingest::append(&self.journal, &batch, rng, &self.stop, &self.record, || {});
        stored.await.map_err(RunError::Append)?;
        let Some(bounds) = self.runner.lanes().bounds() else {
            return Ok(());
        };
        let taken: Vec<u16> = claimed.iter().map(|(partition, _)| *partition).collect();
        for ((partition, claim), (_, cursor, doubtful)) in claimed.into_iter().zip(cursors) {
            let open = restore::open(&self.journal, &cursor.open).await?;
            let shared = &self.runner.handle.0;
            let lanes = restore::lanes(bounds, shared, open, &self.keys, &cursor, doubtful);
            let Some(begun) = self.runner.lanes().come(partition, lanes) else {
                return Ok(());
            };
            self.claims.lock().insert(partition, claim);
            if self.runner.workers.add(begun) {
                self.runner.workers.wanted.notify_one();
            }
        }
        self.runner.came.notify_one();
        info!(consumer = %self.consumer, partitions = ?taken, "partitions were taken");
        Ok(())
    }

    /// Gives partitions up: running handlers end or are cut off, the last cursors are stored, and the claims go.
    async fn give_up(&mut self, partitions: Vec<u16>) {
        let mut leaving = Vec::new();
        {
            let mut lanes = self.runner.lanes();
            for partition in &partitions {
                leaving.extend(lanes.leave(*partition));
            }
        }
        let over = join_all(leaving.iter().map(Drains::over));
        if timeout(self.grace, over).await.is_err() {
            warn!(
                ?partitions,
                "handlers did not end within the grace; their events come again in another worker"
            );
            for drains in &leaving {
                drains.cut.cancel();
            }
            join_all(leaving.iter().map(Drains::over)).await;
        }
        let mut last = Vec::new();
        for partition in &partitions {
            let Some(lanes) = self.runner.lanes().take(*partition) else {
                continue;
            };
            let mut letters = self.runner.letters();
            for work in lanes.waiting() {
                if let Work::Letter { letter, .. } = work {
                    letters.remove(&letter.id);
                }
            }
            last.push((self.consumer.partition(*partition), lanes.last_cursor()));
        }
        let (done, stored) = oneshot::channel();
        let writes = &self.runner.writes;
        let sent = writes.send(Write::Last(last)).await.is_ok()
            && writes.send(Write::Flush(done)).await.is_ok();
        // Otherwise the app is ending, with an error of its own.
        if sent && stored.await.is_ok() {
            let mut claims = self.claims.lock();
            claims.retain(|partition, _| !partitions.contains(partition));
            info!(consumer = %self.consumer, ?partitions, "partitions were given up");
        }
    }
}
