//! The shards of a bot: their number, and their tasks (protocol §6).
//!
//! The source's own task finds the number of shards, starts a task for each of them, and follows their links until the last
//! one ends; it owns every task, so that dropping it ends all of them.
//!
//! The number is, in this order: what [`Config::shards`](crate::Config::shards) says; the number of the kept sessions, if all
//! of them can be resumed; and Discord's recommendation.
//! A session of another number is not resumed, and what it missed is a gap.
//! A shard that stopped for good takes the whole source down with its code and hint; the others' sessions are kept.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError},
};

use antiphon_core::{
    Backoff, Entry, Intake, Kind, Link, LinkState, Part, Place, Rng, SourceError, Stop,
};
use futures_util::{StreamExt as _, stream::FuturesUnordered};
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
    time::sleep,
};

use crate::{
    client::{ShardHandle, ShardSet, Shared},
    config::Config,
    identify::{EndedTurns, IdentifyQueue},
    session::{Session, Streams, edge_of, part, resumable_count, retired, used},
    socket::Shard,
};

/// Commands that a shard queues; a further one waits within its own timeout.
///
/// Commands of one shard do not wait for those of another.
const COMMANDS: usize = 64;

/// Runs all shards until asked to stop, or until one of them ends for good.
pub(crate) async fn run(
    config: Config,
    shared: Arc<Shared>,
    intake: Intake,
    stop: Stop,
    begin_new_session: Option<&'static str>,
) -> Result<(), SourceError> {
    let mut runner = ShardRunner::new(config, shared, intake, stop);
    let Some(count) = runner.count(begin_new_session).await? else {
        runner.show(LinkState::Closed);
        return Ok(());
    };
    let links = runner.begin(count, begin_new_session);
    runner.watch(links).await
}

/// The source's own task, which owns the tasks of the shards.
struct ShardRunner {
    config: Arc<Config>,
    shared: Arc<Shared>,
    intake: Intake,
    stop: Stop,
    /// Queue that all shards share.
    identify: Arc<IdentifyQueue>,
    /// Turns to identify that have ended, of which other processes have to be told.
    ended_turns: Option<EndedTurns>,
    rng: Rng,
    /// One task for each shard; dropping them ends all.
    tasks: JoinSet<Result<(), SourceError>>,
    /// Whether the bot has one shard, whose link is the source's own.
    is_alone: bool,
}

impl ShardRunner {
    fn new(config: Config, shared: Arc<Shared>, intake: Intake, stop: Stop) -> Self {
        let rng = config.rng.clone().unwrap_or_default();
        let mut identify = IdentifyQueue::new(
            Arc::clone(&shared.http),
            intake.clone(),
            config.gateway.clone(),
            config.hello_timeout,
        );
        // All shards in one process need nobody else's word.
        let processes = config.shards.processes();
        let ended_turns = processes.and_then(|processes| identify.share(processes));
        let identify = Arc::new(identify);
        *shared
            .identify
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Arc::downgrade(&identify);
        Self {
            config: Arc::new(config),
            shared,
            intake,
            stop,
            identify,
            ended_turns,
            rng,
            tasks: JoinSet::new(),
            is_alone: false,
        }
    }

    /// Finds the number of shards; `None` if the source is stopped meanwhile.
    async fn count(&mut self, begin_new_session: Option<&str>) -> Result<Option<u32>, SourceError> {
        if let Some(count) = self.config.shards.count() {
            return Ok(Some(count));
        }
        if let Some(count) = self.kept_count()
            && begin_new_session.is_none()
        {
            return Ok(Some(count));
        }
        self.show(LinkState::Connecting);
        let mut backoff = Backoff::new(self.rng.fork());
        loop {
            let info = tokio::select! {
                info = self.identify.info() => info,
                () = self.stop.closing() => return Ok(None),
            };
            let failure = match info {
                Ok(info) => return Ok(Some(info.shards.max(1))),
                Err(failure) => failure,
            };
            let now = self.intake.moment();
            let pause = failure.pause(backoff.next(now.at));
            let state = failure.link(pause, now);
            self.announce(state.clone()).await;
            if failure.fatal.is_some() {
                let source = self.intake.source().clone();
                return Err(SourceError::of_link(source, &state));
            }
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
        begin_new_session: Option<&str>,
    ) -> Vec<(u32, watch::Receiver<LinkState>)> {
        self.is_alone = count == 1;
        let here = self.config.shards.here(count);
        let mut left_over = self.left_over(count);
        // All shards share the set of names, so that no two streams have the same one.
        let streams = Streams::default();
        for checkpoint in self.intake.checkpoints() {
            if shard_of(&checkpoint.part).is_some() {
                streams.remember(used(checkpoint).as_deref());
            }
        }
        let mut links = Vec::with_capacity(here.len());
        let mut handles = BTreeMap::new();
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
            if let Some(cause) = begin_new_session {
                session.begin_new_session(cause);
            }
            for checkpoint in left_over.drain(..) {
                // The first shard that runs takes over the gaps of shards that no longer run.
                if let Some((from, had)) = edge_of(&checkpoint) {
                    let cause = if had == count {
                        format!("{} no longer runs here", checkpoint.part)
                    } else {
                        format!("the bot has {count} shards where it had {had}")
                    };
                    session.inherit(from, &cause, self.intake.now());
                }
                session.outbox.checkpoint(retired(&checkpoint, count));
            }
            let shard = Shard {
                id,
                session,
                config: Arc::clone(&self.config),
                network: self.config.socket_network(),
                identify: Arc::clone(&self.identify),
                intake: self.intake.clone(),
                commands: received,
                link,
                user: self.shared.user.clone(),
                latency,
                stored: self.intake.stored(&part),
            };
            self.tasks.spawn(shard.run(self.stop.clone()));
            links.push((id, watched.clone()));
            let handle = ShardHandle {
                commands,
                link: watched,
                latency: measured,
            };
            handles.insert(id, handle);
        }
        self.shared
            .shards
            .send_replace(Some(Arc::new(ShardSet { count, handles })));
        links
    }

    /// Checkpoints of shards that no longer run here and have a session or a gap.
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

    /// Follows the shards' links until all shards have ended.
    async fn watch(
        mut self,
        mut links: Vec<(u32, watch::Receiver<LinkState>)>,
    ) -> Result<(), SourceError> {
        let mut outcome = Ok(());
        let mut shown = None;
        loop {
            let state = combined(&mut links);
            if shown.as_ref() != Some(&state) {
                shown = Some(state.clone());
                if self.is_alone {
                    // The only shard writes its own link events.
                    self.show(state);
                } else {
                    self.announce(state).await;
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
                    // The shard was stopped.
                    Some(Ok(Ok(())) | Err(_)) => {}
                },
                () = changed(&mut links) => {}
                () = tell(&mut self.ended_turns) => {}
            }
        }
        if outcome.is_err() {
            let state = combined(&mut links);
            if self.is_alone {
                self.show(state);
            } else {
                self.announce(state).await;
            }
            // The other shards end too; their sessions are kept.
            self.tasks.shutdown().await;
        } else {
            self.show(LinkState::Closed);
        }
        if let Some(ended) = &mut self.ended_turns {
            ended.tell_rest().await;
        }
        tracing::debug!(source = %self.intake.source(), "closed");
        outcome
    }

    /// Shows a state to the client without an event.
    fn show(&self, state: LinkState) {
        self.intake.show_link(state.clone());
        self.shared.link.send_replace(state);
    }

    /// Shows a state of the whole source, and writes a link event.
    async fn announce(&self, state: LinkState) {
        let event = self.intake.own_event(
            Kind::from_static(Link::KIND),
            Place::root(),
            Link::body(&state),
        );
        self.show(state);
        tokio::select! {
            // If the journal is closed, the shards end.
            _ = self.intake.send(Entry::event(event)) => {}
            () = self.stop.closing() => {}
        }
    }
}

/// Number of the shard with this part.
fn shard_of(part: &Part) -> Option<u32> {
    part.strip_prefix("shard/")?.parse().ok()
}

/// Tells other processes of the turns to identify that end; it never returns.
async fn tell(ended: &mut Option<EndedTurns>) {
    match ended {
        Some(ended) => ended.tell().await,
        None => std::future::pending().await,
    }
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

/// State of the whole source: connected if all shards are, else the state of the worst shard.
fn combined(links: &mut [(u32, watch::Receiver<LinkState>)]) -> LinkState {
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
            // The newest time: since then all of them are connected.
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
