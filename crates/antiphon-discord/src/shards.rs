//! All shards of a bot: how many there are, and the tasks that run them (protocol §6).

use std::{collections::BTreeMap, sync::Arc};

use antiphon_core::{
    Backoff, Entry, Intake, Kind, Link, LinkState, Part, Place, Rng, SourceError, Stop,
};
use futures_util::{StreamExt as _, stream::FuturesUnordered};
use jiff::Timestamp;
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
    time::sleep,
};

use crate::{
    client::{COMMANDS, Fleet, Handle, Shared},
    config::Config,
    identify::Door,
    session::{OpenFailure, Session, Streams, edge_of, part, resumable_count, retired, used},
    socket::Shard,
};

/// Runs all shards until asked to stop, or until one of them ends for good.
pub(crate) async fn run(
    config: Config,
    shared: Arc<Shared>,
    intake: Intake,
    stop: Stop,
    begin_afresh: Option<&'static str>,
) -> Result<(), SourceError> {
    let mut crew = Crew::new(config, shared, intake, stop);
    let Some(count) = crew.count(begin_afresh).await? else {
        crew.show(LinkState::Closed);
        return Ok(());
    };
    let links = crew.begin(count, begin_afresh);
    crew.watch(links).await
}

/// The source's own task, which owns those of the shards.
struct Crew {
    config: Arc<Config>,
    shared: Arc<Shared>,
    intake: Intake,
    stop: Stop,
    door: Arc<Door>,
    rng: Rng,
    tasks: JoinSet<Result<(), SourceError>>,
    is_alone: bool,
}

impl Crew {
    fn new(config: Config, shared: Arc<Shared>, intake: Intake, stop: Stop) -> Self {
        let rng = config.rng.clone().unwrap_or_default();
        let door = Door::new(Arc::clone(&shared), intake.clone(), config.gateway.clone());
        Self {
            config: Arc::new(config),
            shared,
            intake,
            stop,
            door: Arc::new(door),
            rng,
            tasks: JoinSet::new(),
            is_alone: false,
        }
    }

    /// How many shards the bot has; `None` if the source was asked to stop meanwhile.
    async fn count(&mut self, begin_afresh: Option<&str>) -> Result<Option<u32>, SourceError> {
        if let Some(count) = self.config.shards.count() {
            return Ok(Some(count));
        }
        if let Some(count) = self.kept_count()
            && begin_afresh.is_none()
        {
            return Ok(Some(count));
        }
        self.show(LinkState::Connecting);
        let mut backoff = Backoff::new(self.rng.fork());
        loop {
            let info = tokio::select! {
                info = self.door.info() => info,
                () = self.stop.closing() => return Ok(None),
            };
            let failure = match info {
                Ok(info) => return Ok(Some(info.shards.max(1))),
                Err(failure) => failure,
            };
            let OpenFailure {
                reason,
                wait,
                fatal,
            } = failure;
            if let Some((code, hint)) = fatal {
                return Err(self.stopped(code, reason, hint).await);
            }
            let pause = backoff
                .next(tokio::time::Instant::now())
                .max(wait.unwrap_or_default());
            let until = self.intake.now().checked_add(pause);
            self.announce(LinkState::Waiting {
                until: until.unwrap_or(Timestamp::MAX),
                reason,
            })
            .await;
            tokio::select! {
                () = sleep(pause) => {}
                () = self.stop.closing() => return Ok(None),
            }
        }
    }

    /// The number of shards whose sessions can all be resumed.
    fn kept_count(&self) -> Option<u32> {
        let kept: BTreeMap<u32, u32> = self
            .intake
            .checkpoints()
            .filter_map(|checkpoint| {
                let shard = shard_of(&checkpoint.part)?;
                Some((shard, resumable_count(checkpoint)?))
            })
            .collect();
        let count = *kept.values().next()?;
        let is_whole = (0..count).all(|shard| kept.get(&shard) == Some(&count));
        is_whole.then_some(count)
    }

    /// Starts every shard that runs here.
    fn begin(
        &mut self,
        count: u32,
        begin_afresh: Option<&str>,
    ) -> Vec<(u32, watch::Receiver<LinkState>)> {
        self.is_alone = count == 1;
        let here = self.config.shards.here(count);
        let mut left_over = self.left_over(count);
        // Two shards never name their streams alike, whatever ids the server gives them.
        let streams = Streams::default();
        for checkpoint in self.intake.checkpoints() {
            if shard_of(&checkpoint.part).is_some() {
                streams.remember(used(checkpoint).as_deref());
            }
        }
        let mut links = Vec::with_capacity(here.len());
        let mut shards = BTreeMap::new();
        for id in here {
            let (commands, received) = mpsc::channel(COMMANDS);
            let (link, watched) = watch::channel(LinkState::Connecting);
            let (latency, measured) = watch::channel(None);
            let part = part(id);
            let nonce = format!("{}.{id}", self.intake.nonce());
            let mut session = Session::new(
                Arc::clone(&self.config),
                [id, count],
                self.rng.fork(),
                nonce.into(),
                streams.clone(),
                self.intake.checkpoint(&part),
            );
            if let Some(cause) = begin_afresh {
                session.begin_afresh(cause);
            }
            for checkpoint in left_over.drain(..) {
                // Shards that are no more: the first of those that are answers for what they missed.
                if let Some((from, had)) = edge_of(&checkpoint) {
                    let cause = if had == count {
                        format!("{} no longer runs here", checkpoint.part)
                    } else {
                        format!("the bot has {count} shards where it had {had}")
                    };
                    session.inherit(from, &cause, self.intake.now());
                }
                session.store(retired(&checkpoint, count));
            }
            let shard = Shard {
                id,
                session,
                config: Arc::clone(&self.config),
                network: self.network(),
                door: Arc::clone(&self.door),
                intake: self.intake.clone(),
                commands: received,
                link,
                user: self.shared.user.clone(),
                latency,
                stored: self.intake.stored(&part),
            };
            self.tasks.spawn(shard.run(self.stop.clone()));
            links.push((id, watched.clone()));
            let handle = Handle {
                commands,
                link: watched,
                latency: measured,
            };
            shards.insert(id, handle);
        }
        self.shared
            .fleet
            .send_replace(Some(Arc::new(Fleet { count, shards })));
        links
    }

    /// Checkpoints of shards that do not run here any more, and have something to say.
    fn left_over(&self, count: u32) -> Vec<antiphon_core::Checkpoint> {
        let here = self.config.shards.here(count);
        self.intake
            .checkpoints()
            .filter(|checkpoint| {
                shard_of(&checkpoint.part).is_some_and(|shard| !here.contains(&shard))
                    && edge_of(checkpoint).is_some()
            })
            .cloned()
            .collect()
    }

    fn network(&self) -> antiphon_net::Network {
        // Checked before the source began.
        self.config
            .socket_network()
            .unwrap_or_else(|_| self.config.network.clone())
    }

    /// Sums up the shards' links until all have ended.
    async fn watch(
        mut self,
        mut links: Vec<(u32, watch::Receiver<LinkState>)>,
    ) -> Result<(), SourceError> {
        let mut outcome = Ok(());
        let mut shown = None;
        loop {
            let sum = sum(&mut links);
            if shown.as_ref() != Some(&sum) {
                shown = Some(sum.clone());
                if self.is_alone {
                    // The shard tells the journal itself.
                    self.show(sum);
                } else {
                    self.announce(sum).await;
                }
            }
            tokio::select! {
                ended = self.tasks.join_next() => match ended {
                    None => break,
                    Some(Ok(Err(error))) => {
                        outcome = Err(error);
                        break;
                    }
                    Some(Err(error)) if error.is_panic() => {
                        std::panic::resume_unwind(error.into_panic());
                    }
                    // Ended in good order, as it was asked to.
                    Some(Ok(Ok(())) | Err(_)) => {}
                },
                () = changed(&mut links) => {}
            }
        }
        if outcome.is_err() {
            let sum = sum(&mut links);
            if self.is_alone {
                self.show(sum);
            } else {
                self.announce(sum).await;
            }
            // The others end with it; their sessions stay.
            self.tasks.shutdown().await;
        } else {
            self.show(LinkState::Closed);
        }
        tracing::debug!(source = %self.intake.source(), "closed");
        outcome
    }

    fn show(&self, state: LinkState) {
        self.intake.show_link(state.clone());
        self.shared.link.send_replace(state);
    }

    /// Shows a state of the whole source, and tells the journal.
    async fn announce(&self, state: LinkState) {
        let event = self.intake.own_event(
            Kind::from_static(Link::KIND),
            Place::root(),
            Link::body(&state),
        );
        self.show(state);
        tokio::select! {
            // If the journal is gone, the shards notice.
            _ = self.intake.send(Entry::event(event)) => {}
            () = self.stop.closing() => {}
        }
    }

    async fn stopped(&self, code: &'static str, reason: String, hint: &str) -> SourceError {
        self.announce(LinkState::Stopped {
            code: code.into(),
            reason: reason.clone(),
            hint: Some(hint.into()),
        })
        .await;
        SourceError::new(self.intake.source().clone(), code, reason).hint(hint)
    }
}

/// The shard whose part this is.
fn shard_of(part: &Part) -> Option<u32> {
    part.strip_prefix("shard/")?.parse().ok()
}

/// Ends when a shard's link changed.
async fn changed(links: &mut [(u32, watch::Receiver<LinkState>)]) {
    let mut changes: FuturesUnordered<_> = links
        .iter_mut()
        .map(|(_, link)| async move {
            if link.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        })
        .collect();
    if changes.next().await.is_none() {
        std::future::pending::<()>().await;
    }
}

/// What the shards' links come to: up when all are; else why the worst of them is not.
fn sum(links: &mut [(u32, watch::Receiver<LinkState>)]) -> LinkState {
    let is_alone = links.len() == 1;
    let states: Vec<(u32, LinkState)> = links
        .iter_mut()
        .map(|(id, link)| (*id, link.borrow_and_update().clone()))
        .collect();
    let up = states
        .iter()
        .filter(|(_, state)| state.is_connected())
        .count();
    let named = |shard: u32, reason: String| {
        if is_alone {
            reason
        } else {
            format!(
                "{up} of {} shards are connected; shard {shard}: {reason}",
                states.len()
            )
        }
    };
    let mut worst = LinkState::Closed;
    for (id, state) in &states {
        let rank = |state: &LinkState| match state {
            LinkState::Stopped { .. } => 4,
            LinkState::Waiting { .. } => 3,
            LinkState::Idle | LinkState::Connecting => 2,
            LinkState::Connected { .. } => 1,
            _ => 0,
        };
        let is_worse = match (state, &worst) {
            // Since all of them are up.
            (LinkState::Connected { since }, LinkState::Connected { since: other }) => {
                since > other
            }
            (LinkState::Waiting { until, .. }, LinkState::Waiting { until: other, .. }) => {
                until < other
            }
            (state, worst) => rank(state) > rank(worst),
        };
        if is_worse {
            worst = match state.clone() {
                LinkState::Waiting { until, reason } => LinkState::Waiting {
                    until,
                    reason: named(*id, reason),
                },
                LinkState::Stopped { code, reason, hint } => LinkState::Stopped {
                    code,
                    reason: named(*id, reason),
                    hint,
                },
                other => other,
            };
        }
    }
    worst
}
