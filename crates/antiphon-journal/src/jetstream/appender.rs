//! The appender: the one task that writes to the stream, one run after another.
//!
//! It owns the [`Writer`]; calls reach it through a channel, so that a call whose future is dropped is finished all the
//! same. Messages that nobody needs any more go to a second task, which deletes them beside the runs that follow.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use antiphon_core::{
    Appended, Batch, BodyForm, ConsumerName, DeadLetter, DeadLetterChange, DeadLetterId, Draft,
    Erased, Event, Origin, Position, Retention, SourceName, Sweep, Trouble,
};
use bytes::Bytes;
use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot};

use super::{
    Shared,
    erase::Erasure,
    format::{
        CheckpointLine, ClaimLine, OriginKey, ProjectionLine, StateName, StateValue, SweptLine,
        cursor_value, dead_value, event_records, key_text, read_dead, same_failure, state_records,
    },
    index::{Change, Index, Memory},
    lease::Lease,
    run::{self, Ended, Plan, Writer},
    server::Failure,
    transfer::Transfer,
};
use crate::{
    claims::stored_for,
    retention::{ERASED, Keep, ago, keep, until},
};

/// Bytes of a message beside its body and note, roughly: headers, subject and the server's own.
const OVERHEAD: u64 = 400;
/// Pause before messages that could not be deleted are tried again.
const DELETE_AGAIN: Duration = Duration::from_secs(2);

/// What the appender is asked for.
pub(super) enum Command {
    /// Stores a batch of this process, which has these leases of consumers.
    Append(
        Arc<Batch>,
        Leases,
        oneshot::Sender<Result<Appended, Failure>>,
    ),
    /// Stores what consumers of another process keep, which has these leases.
    Keep(Batch, Leases, oneshot::Sender<Result<Kept, Failure>>),
    /// Gives a consumer to whoever has this lease; batches under an earlier one are refused from then on.
    Claim(ConsumerName, u64, oneshot::Sender<Result<Kept, Failure>>),
    Sweep(
        Arc<Retention>,
        Timestamp,
        oneshot::Sender<Result<Sweep, Failure>>,
    ),
    /// Puts events in the places of those of the same positions, if their last messages still have these numbers; gives
    /// the positions of the others.
    Rewrite(
        Vec<(u64, Event)>,
        oneshot::Sender<Result<Vec<u64>, Failure>>,
    ),
    /// Writes what an erasure leaves of the states.
    Erase(Box<Erasure>, oneshot::Sender<Result<Erased, Failure>>),
    /// Removes the projections of a consumer, and its cursors: its own, or those of its partitions.
    Forget(
        ConsumerName,
        Vec<ConsumerName>,
        Option<Leases>,
        oneshot::Sender<Result<Kept, Failure>>,
    ),
    /// Takes in a part of another journal.
    Transfer(Transfer),
    Close(oneshot::Sender<Result<(), Failure>>),
}

/// The leases under which a process has its consumers.
pub(super) type Leases = HashMap<ConsumerName, u64>;

/// What became of something that a consumer asked for.
#[derive(Debug)]
pub(super) enum Kept {
    /// It is stored, and whoever has read the stream up to this message knows of it.
    Stored(u64),
    /// It is another one's consumer.
    Refused(Failure),
}

/// Messages that nobody needs any more, or a request to be told once all before it are gone.
pub(super) enum Trash {
    Messages(Vec<u64>),
    Flush(oneshot::Sender<()>),
}

/// Deletes messages until its channel ends; it tries again for as long as the server cannot be reached.
///
/// The channel has no bound of its own: it holds at most the numbers of all messages of the stream.
pub(super) async fn empty_trash(shared: Arc<Shared>, mut trash: mpsc::UnboundedReceiver<Trash>) {
    while let Some(next) = trash.recv().await {
        match next {
            Trash::Messages(messages) => {
                while shared
                    .link
                    .delete_all(messages.iter().copied())
                    .await
                    .is_err()
                {
                    tokio::time::sleep(DELETE_AGAIN).await;
                }
            }
            Trash::Flush(done) => drop(done.send(())),
        }
    }
}

/// The state of the task.
pub(super) struct Appender {
    pub(super) shared: Arc<Shared>,
    pub(super) writer: Writer,
    pub(super) lease: Arc<Lease>,
    /// Sequence number of the last message that was stored.
    pub(super) stored: u64,
    /// Messages of the last run that nobody needs: they go once there is a later one, since the last has to be whole.
    pub(super) spare: Vec<u64>,
    /// Events that were stored by a call that could not say so, until a call asks for them again.
    pub(super) unreported: HashMap<(SourceName, Origin), Arc<Event>>,
}

impl Appender {
    /// Serves calls until it is closed, or every handle is gone.
    pub(super) async fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        while let Some(command) = commands.recv().await {
            // Whoever asked may have gone; what was asked for is done all the same.
            match command {
                Command::Append(batch, leases, done) => {
                    let appended = match self.refusal(&batch, &leases) {
                        Some(refused) => Err(refused),
                        None => self.append(&batch).await,
                    };
                    drop(done.send(self.judged(appended)));
                }
                Command::Keep(batch, leases, done) => {
                    let kept = self.keep(&batch, &leases).await;
                    drop(done.send(self.judged(kept)));
                }
                Command::Claim(consumer, epoch, done) => {
                    let claimed = self.claim(&consumer, epoch).await;
                    drop(done.send(self.judged(claimed)));
                }
                Command::Sweep(policy, now, done) => {
                    let swept = self.sweep(&policy, now).await;
                    drop(done.send(self.judged(swept)));
                }
                Command::Rewrite(events, done) => {
                    let rewritten = self.rewrite(events).await;
                    drop(done.send(self.judged(rewritten)));
                }
                Command::Erase(erasure, done) => {
                    let mut erased = self.erase(*erasure).await;
                    // What says that a state is no more has its name, and goes with a later run.
                    if erased.is_ok() && !self.spare.is_empty() {
                        let renewed = self.renew_identity().await;
                        erased = renewed.and(erased);
                    }
                    drop(done.send(self.judged(erased)));
                }
                Command::Forget(whole, consumers, leases, done) => {
                    let forgotten = self.forget(&whole, consumers, leases.as_ref()).await;
                    drop(done.send(self.judged(forgotten)));
                }
                Command::Transfer(transfer) => self.transfer(transfer).await,
                Command::Close(done) => {
                    let settled = self.settle().await;
                    let (flushed, flush) = oneshot::channel();
                    if self.shared.trash.send(Trash::Flush(flushed)).is_ok() {
                        // A server that is gone must not keep the process: what is left is deleted at the next opening.
                        drop(tokio::time::timeout(Duration::from_secs(2), flush).await);
                    }
                    let released = match settled {
                        Ok(()) => self.lease.release().await,
                        Err(failure) => Err(failure),
                    };
                    drop(done.send(released));
                    return;
                }
            }
        }
    }

    /// Stores the journal's identity once more, so that there is a later run than the last.
    async fn renew_identity(&mut self) -> Result<(), Failure> {
        let value = self.shared.state(&StateName::Identity).await?;
        self.write_states(vec![(StateName::Identity, value)]).await
    }

    /// A failure after which nothing can be stored any more is noted for [`antiphon_core::Journal::lost`].
    pub(super) fn judged<T>(&self, result: Result<T, Failure>) -> Result<T, Failure> {
        result.inspect_err(|failure| {
            if !failure.trouble.is_transient() {
                self.shared.lose(failure.clone());
            }
        })
    }

    /// Finds out what became of the last run, if nobody knows.
    pub(super) async fn settle(&mut self) -> Result<(), Failure> {
        if let Some(Ended::Stored(kept)) = self.writer.settle().await? {
            let events = self.apply(kept);
            let named = events
                .into_iter()
                .map(|event| ((event.source().clone(), event.origin().clone()), event));
            self.unreported.extend(named);
        }
        Ok(())
    }

    /// Stores a plan; gives its new events.
    pub(super) async fn store(&mut self, plan: Plan) -> Result<Vec<Arc<Event>>, Failure> {
        match self.writer.store(plan).await? {
            Ended::Stored(kept) => Ok(self.apply(kept)),
            Ended::Failed(failure) => Err(failure),
        }
    }

    /// Makes the changes of a stored plan; gives its new events.
    fn apply(&mut self, kept: run::Kept) -> Vec<Arc<Event>> {
        if kept.changes.is_empty() {
            // There is no later run by it.
            return Vec::new();
        }
        let mut events = Vec::new();
        let mut trash = Vec::new();
        let mut index = self.shared.index();
        for (last, change) in kept.changes {
            if let Change::Event {
                event,
                is_new: true,
                ..
            } = &change
            {
                events.push(Arc::clone(event));
            }
            self.stored = kept.first + last as u64;
            trash.extend(index.apply(change, self.stored));
        }
        index.counters = kept.counters;
        drop(index);
        let (own, mut earlier): (Vec<_>, Vec<_>) = trash
            .into_iter()
            .partition(|sequence| *sequence >= kept.first);
        earlier.append(&mut self.spare);
        self.spare = own;
        self.shared.discard(earlier);
        if let Some(last) = events.last() {
            self.shared.last.send_replace(last.position());
        }
        events
    }

    /// Why a batch is not stored: a consumer of it was taken over since.
    fn refusal(&self, batch: &Batch, leases: &Leases) -> Option<Failure> {
        let index = self.shared.index();
        let mut stored = stored_for(batch);
        let taken = stored.find_map(|stored| {
            let mut under = leases.iter().filter(|(name, _)| stored.is_under(name));
            under.find(|(name, held)| index.claims.get(name.as_str()) > Some(*held))
        });
        taken.map(|(consumer, _)| {
            let cause = format!("another process has the consumer `{consumer}`");
            Failure::said(Trouble::TakenOver, cause)
        })
    }

    /// Stores what consumers of another process keep.
    async fn keep(&mut self, batch: &Batch, leases: &Leases) -> Result<Kept, Failure> {
        self.settle().await?;
        if let Some(refused) = self.is_refused(batch, leases)? {
            return Ok(Kept::Refused(refused));
        }
        self.append(batch).await?;
        Ok(Kept::Stored(self.stored))
    }

    /// Removes a consumer by its cursors, and the projections that it has for itself; `leases` are those of another
    /// process that asks for it.
    async fn forget(
        &mut self,
        whole: &ConsumerName,
        cursors: Vec<ConsumerName>,
        leases: Option<&Leases>,
    ) -> Result<Kept, Failure> {
        self.settle().await?;
        let batch = Batch {
            forgotten: cursors,
            ..Batch::default()
        };
        if let Some(leases) = leases
            && let Some(refused) = self.is_refused(&batch, leases)?
        {
            return Ok(Kept::Refused(refused));
        }
        let cursors = batch.forgotten.iter().map(|consumer| StateName::Cursor {
            consumer: consumer.as_str().into(),
        });
        let end = format!("@{whole}");
        let own = |name: &&StateName| matches!(name, StateName::Projection { name } if name.ends_with(&end));
        let own: Vec<_> = {
            let index = self.shared.index();
            index.states.keys().filter(own).cloned().collect()
        };
        let states = cursors.chain(own).map(|name| (name, None));
        self.write_states(states.collect()).await?;
        Ok(Kept::Stored(self.stored))
    }

    /// Why nothing of a batch of another process is stored; `None` if it may be.
    ///
    /// # Errors
    /// A lease that is not known here.
    fn is_refused(&self, batch: &Batch, leases: &Leases) -> Result<Option<Failure>, Failure> {
        if let Some(refused) = self.refusal(batch, leases) {
            return Ok(Some(refused));
        }
        let is_known = {
            let index = self.shared.index();
            stored_for(batch).all(|stored| {
                let mut under = leases.iter().filter(|(name, _)| stored.is_under(name));
                under.any(|(name, held)| index.claims.get(name.as_str()) == Some(held))
            })
        };
        if !is_known {
            // A later lease is known to the process that appends now, and it gives the answer.
            let cause = "the lease of a consumer is not known here";
            return Err(Failure::said(Trouble::Unreachable, cause));
        }
        Ok(None)
    }

    /// Gives a consumer to whoever has this lease.
    async fn claim(&mut self, consumer: &ConsumerName, epoch: u64) -> Result<Kept, Failure> {
        self.settle().await?;
        let now = self.shared.index().claims.get(consumer.as_str()).copied();
        if now > Some(epoch) {
            let cause = format!("another process has the consumer `{consumer}`");
            return Ok(Kept::Refused(Failure::said(Trouble::TakenOver, cause)));
        }
        if now < Some(epoch) {
            let consumer = consumer.as_str().into();
            let value = StateValue::new(&ClaimLine { epoch }, Bytes::new());
            let states = vec![(StateName::Claim { consumer }, Some(value))];
            self.write_states(states).await?;
        }
        Ok(Kept::Stored(self.stored))
    }

    async fn append(&mut self, batch: &Batch) -> Result<Appended, Failure> {
        self.settle().await?;
        let (mut plan, replays) = self.plan_states(batch).await?;
        let mut appended = Appended::default();
        self.plan_events(batch, &mut plan, &mut appended)?;
        let stored = self.store(plan).await?;
        for event in &appended.events {
            self.unreported
                .remove(&(event.source().clone(), event.origin().clone()));
        }
        appended.events.extend(stored);
        if replays > 0 {
            self.shared.replays.send_modify(|count| *count += replays);
        }
        Ok(appended)
    }

    /// Plans the new events; those that an earlier call stored unseen are put into `appended` at once.
    fn plan_events(
        &self,
        batch: &Batch,
        plan: &mut Plan,
        appended: &mut Appended,
    ) -> Result<(), Failure> {
        let mut new = Vec::new();
        let mut position = {
            let index = self.shared.index();
            let mut seen = HashSet::new();
            let mut weight = 0;
            for (source, draft) in &batch.events {
                let name = (source.clone(), draft.origin.clone());
                let is_first = seen.insert((source, &draft.origin));
                if is_first && let Some(event) = self.unreported.get(&name) {
                    appended.events.push(Arc::clone(event));
                } else if !is_first || index.is_repeat(source, &draft.origin) {
                    appended.repeats += 1;
                } else {
                    weight += draft.weight() as u64;
                    new.push((source, draft));
                }
            }
            if !new.is_empty() {
                self.check_room(&index, new.len() as u64, weight)?;
            }
            index.counters.position
        };
        for (source, draft) in new {
            position += 1;
            let event = Event::stored(Position::new(position), source.clone(), draft.clone());
            plan_event(&self.shared, plan, event, true);
        }
        plan.counters.position = position;
        Ok(())
    }

    /// Looks whether there is room for so many further events of this weight.
    pub(super) fn check_room(&self, index: &Index, count: u64, weight: u64) -> Result<(), Failure> {
        let full = |cause: &str| Err(Failure::said(Trouble::Full, cause));
        if index
            .max_bytes
            .is_some_and(|limit| index.bytes + weight > limit)
        {
            return full("the journal's limit of bytes is reached");
        }
        let events = index.events.len() as u64 + count;
        if events > self.shared.max_events as u64 {
            return full(&format!("it has {} events, its limit", index.events.len()));
        }
        // The last tenth is left to states, fences and sweeps, without which no room could be made.
        let has = index.bytes + weight + events * OVERHEAD;
        if self
            .shared
            .stream_bytes
            .is_some_and(|limit| has > limit / 10 * 9)
        {
            return full("nine tenths of the stream's max_bytes are used");
        }
        Ok(())
    }

    /// Plans everything but the events; also gives how many replays are asked for.
    async fn plan_states(&self, batch: &Batch) -> Result<(Plan, u64), Failure> {
        let mut states: BTreeMap<StateName, Option<(StateValue, Memory)>> = BTreeMap::new();
        for (source, checkpoint) in &batch.checkpoints {
            let name = StateName::Checkpoint {
                source: source.as_str().into(),
                part: checkpoint.part.as_ref().into(),
            };
            let line = CheckpointLine {
                mark: checkpoint.mark,
            };
            let value = StateValue::new(&line, checkpoint.state.clone());
            states.insert(name, Some((value, Memory::Nothing)));
        }
        for consumer in &batch.forgotten {
            let consumer = consumer.as_str().into();
            let name = StateName::Cursor { consumer };
            if self.shared.index().states.contains_key(&name) {
                states.insert(name, None);
            }
        }
        for (consumer, cursor) in &batch.cursors {
            let consumer = consumer.as_str().into();
            let value = (cursor_value(cursor), Memory::Needs(cursor.needs()));
            states.insert(StateName::Cursor { consumer }, Some(value));
        }
        for (name, saved) in &batch.projections {
            let line = ProjectionLine {
                position: saved.position.get(),
            };
            let value = StateValue::new(&line, Bytes::from(saved.state.clone()));
            let name = StateName::Projection { name: name.clone() };
            states.insert(name, Some((value, Memory::Nothing)));
        }
        let (letters, last_dead, replays) = self.plan_dead(&batch.dead).await?;
        for (id, letter) in letters {
            let value = letter.map(|letter| {
                let failure = same_failure(&letter);
                (dead_value(&letter), Memory::Failure(failure))
            });
            states.insert(StateName::Dead { id }, value);
        }
        let mut plan = Plan {
            counters: self.shared.index().counters,
            ..Plan::default()
        };
        plan.counters.dead = last_dead;
        for (name, value) in states {
            let (value, memory) = value.unzip();
            plan_state(&self.shared, &mut plan, name, value.as_ref(), memory);
        }
        Ok((plan, replays))
    }

    /// The dead letters as these changes leave them: by number, absent where one is dropped.
    async fn plan_dead(
        &self,
        changes: &[DeadLetterChange],
    ) -> Result<(BTreeMap<u64, Option<DeadLetter>>, u64, u64), Failure> {
        let mut letters: BTreeMap<u64, Option<DeadLetter>> = BTreeMap::new();
        let mut failures: HashMap<u128, u64> = HashMap::new();
        let mut last = self.shared.index().counters.dead;
        let mut replays = 0;
        for change in changes {
            match change {
                DeadLetterChange::Bury(letter) => {
                    let failure = same_failure(letter);
                    let known = self.shared.index().failures.get(&failure).copied();
                    let known = failures.get(&failure).copied().or(known);
                    // One that this batch has dropped is not there any more.
                    let known = known.filter(|id| !matches!(letters.get(id), Some(None)));
                    let id = known.unwrap_or_else(|| {
                        last += 1;
                        last
                    });
                    failures.insert(failure, id);
                    let letter = DeadLetter {
                        id: DeadLetterId(id),
                        ..(**letter).clone()
                    };
                    letters.insert(id, Some(letter));
                }
                DeadLetterChange::Replay(id) => {
                    let letter = match letters.get(&id.0) {
                        Some(planned) => planned.clone(),
                        None => self.shared.dead_letter(id.0).await?,
                    };
                    if let Some(mut letter) = letter {
                        letter.replay = true;
                        replays += 1;
                        letters.insert(id.0, Some(letter));
                    }
                }
                DeadLetterChange::Drop(id) => {
                    let is_stored = self
                        .shared
                        .index()
                        .states
                        .contains_key(&StateName::Dead { id: id.0 });
                    if is_stored {
                        letters.insert(id.0, None);
                    } else {
                        letters.remove(&id.0);
                    }
                }
                _ => {}
            }
        }
        Ok((letters, last, replays))
    }

    /// Removes what the policy no longer keeps: erasing comes first, then age, then size.
    ///
    /// What is to be removed is stored first, with the origins, and the messages go afterwards: a crash in between leaves
    /// messages whose origins are known as removed, which the next opening deletes.
    async fn sweep(&mut self, policy: &Retention, now: Timestamp) -> Result<Sweep, Failure> {
        self.settle().await?;
        let mut sweep = Sweep::default();
        let now_at = self.shared.index().swept_at.max(Some(now.as_second()));
        let now_at = now_at.unwrap_or_default();
        let grace_over = ago(now, policy.delete_grace);
        let erase = self.due(grace_over);
        let chosen = self.choose(policy, now, &mut sweep);
        sweep.erased = erase.len() as u64;
        let mut plan = Plan {
            counters: self.shared.index().counters,
            ..Plan::default()
        };
        for position in erase {
            if chosen.contains(&position) {
                continue;
            }
            let Some(event) = self.shared.event(position).await? else {
                continue;
            };
            let draft = Draft {
                body: ERASED,
                form: BodyForm::Json,
                note: None,
                ..event.draft().clone()
            };
            let tombstone = Event::stored(event.position(), event.source().clone(), draft);
            plan_event(&self.shared, &mut plan, tombstone, false);
        }
        let expired = self.plan_swept(policy, now_at, grace_over, &chosen, &mut plan);
        if plan.records.is_empty() {
            let mut index = self.shared.index();
            index.swept_at = Some(now_at);
            return Ok(sweep);
        }
        self.store(plan).await?;
        let mut index = self.shared.index();
        index.swept_at = Some(now_at);
        index.deletions = index.deletions.split_off(&after(grace_over));
        for key in expired {
            index.removed.remove(&key);
        }
        let gone: Vec<_> = chosen
            .iter()
            .filter_map(|position| index.take(*position))
            .flat_map(|head| head.messages())
            .collect();
        drop(index);
        self.shared.discard(gone);
        Ok(sweep)
    }

    /// The events that still have a body, and whose deletions have a grace that is over.
    fn due(&self, grace_over: Timestamp) -> BTreeSet<u64> {
        let index = self.shared.index();
        index
            .deletions
            .range(..after(grace_over))
            .filter_map(|(_, target)| index.origins.get(target).copied())
            .filter(|position| {
                let head = index.events.get(position);
                head.is_some_and(|head| !head.is_erased)
            })
            .collect()
    }

    /// The positions of events that go by age or by size.
    fn choose(&self, policy: &Retention, now: Timestamp, sweep: &mut Sweep) -> BTreeSet<u64> {
        let index = self.shared.index();
        let needed_from = index.needs.values().min().copied();
        let needed = |position: u64| needed_from.is_some_and(|from| position >= from.get());
        let keeps: Vec<_> = index.kinds.slots().map(|kind| keep(policy, kind)).collect();
        let mut chosen = BTreeSet::new();
        let mut bytes = index.bytes;
        for (position, head) in &index.events {
            let old = |time| head.received_at <= ago(now, time);
            match keeps.get(head.names.kind as usize).unwrap_or(&Keep::Always) {
                Keep::Momentary(time) if old(*time) && needed(*position) => sweep.expired += 1,
                Keep::Momentary(time) if old(*time) => sweep.removed += 1,
                Keep::For(time) if old(*time) && !needed(*position) => sweep.removed += 1,
                _ => continue,
            }
            bytes -= head.weight();
            chosen.insert(*position);
        }
        for (position, head) in &index.events {
            if policy.max_bytes.is_none_or(|limit| bytes <= limit) || needed(*position) {
                break;
            }
            if chosen.insert(*position) {
                bytes -= head.weight();
                sweep.removed += 1;
            }
        }
        chosen
    }

    /// Plans the record of a sweep; gives the origins that are not recognised any more.
    fn plan_swept(
        &self,
        policy: &Retention,
        now_at: i64,
        grace_over: Timestamp,
        chosen: &BTreeSet<u64>,
        plan: &mut Plan,
    ) -> Vec<OriginKey> {
        let index = self.shared.index();
        let expired: Vec<_> = index
            .removed
            .iter()
            .filter(|(_, until)| **until <= now_at)
            .map(|(key, _)| *key)
            .collect();
        let heads = chosen
            .iter()
            .filter_map(|position| index.events.get(position));
        let removed: Vec<_> = heads
            .map(|head| (head.origin, until(head.received_at, policy.window)))
            .filter(|(_, until)| *until > now_at)
            .map(|(key, until)| (key_text(key), until))
            .collect();
        let is_due = index.deletions.range(..after(grace_over)).next().is_some();
        let changes = !chosen.is_empty() || is_due || !expired.is_empty();
        if !changes && plan.records.is_empty() {
            return expired;
        }
        let over: Vec<_> = index
            .swept
            .iter()
            .filter(|(_, until)| **until <= now_at)
            .map(|(number, _)| *number)
            .collect();
        let number = index.next_sweep();
        // What is still to be deleted may stand in events that go now, or in records that go now.
        let deletions = index
            .deletions
            .range(after(grace_over)..)
            .map(|(at, key)| (key_text(*key), *at))
            .collect();
        let has_hashed = index.has_hashed();
        drop(index);
        let line = SweptLine {
            at: now_at,
            removed,
            deletions,
            hashed: has_hashed,
        };
        let value = StateValue::new(&line, Bytes::new());
        let memory = Memory::Swept(Box::new(line));
        for number in over {
            plan_state(&self.shared, plan, StateName::Swept { number }, None, None);
        }
        let name = StateName::Swept { number };
        plan_state(&self.shared, plan, name, Some(&value), Some(memory));
        expired
    }

    async fn rewrite(&mut self, events: Vec<(u64, Event)>) -> Result<Vec<u64>, Failure> {
        self.settle().await?;
        let mut plan = Plan {
            counters: self.shared.index().counters,
            ..Plan::default()
        };
        let mut stale = Vec::new();
        for (sequence, event) in events {
            let position = event.position().get();
            let head = self.shared.index().events.get(&position).copied();
            match head {
                Some(head) if head.sequence == sequence => {
                    plan_event(&self.shared, &mut plan, event, false);
                }
                Some(_) => stale.push(position),
                None => {}
            }
        }
        self.store(plan).await?;
        Ok(stale)
    }

    /// Writes states, or that they are no more.
    pub(super) async fn write_states(
        &mut self,
        states: Vec<(StateName, Option<StateValue>)>,
    ) -> Result<(), Failure> {
        self.settle().await?;
        let mut plan = Plan {
            counters: self.shared.index().counters,
            ..Plan::default()
        };
        for (name, value) in states {
            if value.is_none() && !self.shared.index().states.contains_key(&name) {
                continue;
            }
            let memory = value
                .as_ref()
                .map(|value| memory_of(&name, value))
                .transpose()?;
            plan_state(&self.shared, &mut plan, name, value.as_ref(), memory);
        }
        self.store(plan).await?;
        Ok(())
    }
}

/// The first deletion that there can be after this time.
fn after(time: Timestamp) -> (Timestamp, OriginKey) {
    let next = time.checked_add(jiff::SignedDuration::from_nanos(1));
    next.map_or((time, OriginKey::MAX), |next| (next, OriginKey::MIN))
}

/// What the index has to know of a state.
pub(super) fn memory_of(name: &StateName, value: &StateValue) -> Result<Memory, Failure> {
    let damaged = |error| Failure::said(Trouble::Corrupt, error);
    Ok(match name {
        StateName::Cursor { .. } => {
            let cursor: antiphon_core::Cursor = value.line().map_err(damaged)?;
            Memory::Needs(cursor.needs())
        }
        StateName::Dead { id } => {
            Memory::Failure(same_failure(&read_dead(*id, value).map_err(damaged)?))
        }
        StateName::Swept { .. } => Memory::Swept(Box::new(value.line().map_err(damaged)?)),
        StateName::Claim { .. } => {
            let line: ClaimLine = value.line().map_err(damaged)?;
            Memory::Claim(line.epoch)
        }
        _ => Memory::Nothing,
    })
}

pub(super) fn plan_event(shared: &Shared, plan: &mut Plan, event: Event, is_new: bool) {
    let records = event_records(&shared.link.subjects, &event, shared.link.most);
    let change = Change::Event {
        event: Arc::new(event),
        parts: parts_of(&records),
        is_new,
    };
    plan.add(records, change);
}

pub(super) fn plan_state(
    shared: &Shared,
    plan: &mut Plan,
    name: StateName,
    value: Option<&StateValue>,
    memory: Option<Memory>,
) {
    let records = state_records(&shared.link.subjects, &name, value, shared.link.most);
    let change = Change::State {
        name,
        parts: parts_of(&records),
        memory,
    };
    plan.add(records, change);
}

fn parts_of(records: &[super::format::Record]) -> u32 {
    u32::try_from(records.len() - 1).unwrap_or(u32::MAX)
}
