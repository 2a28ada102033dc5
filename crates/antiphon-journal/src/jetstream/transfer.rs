//! A journal on its way into another one, and from another one.
//!
//! An import begins with a mark, a projection of a name of its own, which goes in the run that brings the states: until
//! then the journal is refused to everybody but an import.

use std::{
    collections::{BTreeMap, HashMap},
    ops::Bound,
    sync::{Arc, Mutex, PoisonError},
};

use antiphon_core::{
    Checkpoint, DeadLetter, Event, Origin, Position, ReadError, Rng, Saved, SourceName, Trouble,
};
use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use super::{
    JetStreamJournal, Shared,
    appender::{Appender, Command, plan_event, plan_state},
    corrupt,
    format::{
        CheckpointLine, ProjectionLine, Secret, StateName, StateValue, SweptLine, cursor_value,
        dead_value, key_of, key_text, same_failure,
    },
    index::{Index, Memory},
    run::Plan,
    server::{Failure, GETS},
};
use crate::{
    HIGHEST, Identity, Imported, KnownOrigin, PendingDeletion, RemovedOrigin, States,
    inspect::{IS_UNFINISHED, OTHER_IMPORT, UNFINISHED},
};

/// What an import asks of the appender.
pub(super) enum Transfer {
    Begin(Identity, oneshot::Sender<Result<bool, Failure>>),
    Events(Vec<Event>, oneshot::Sender<Result<Imported, Failure>>),
    Removed(Vec<RemovedOrigin>, oneshot::Sender<Result<(), Failure>>),
    Restore(Box<States>, oneshot::Sender<Result<bool, Failure>>),
}

/// What stands behind the secret in the journal's identity.
#[derive(Serialize, Deserialize)]
struct Named {
    journal: String,
}

/// A journal's identity as a state; the secret is the line, as every version has it.
pub(super) fn identity_value(secret: &[u8], journal: &str) -> StateValue {
    let named = Named {
        journal: journal.to_owned(),
    };
    let named = serde_json::to_vec(&named).expect("a text is JSON");
    StateValue::new(&secret, named.into())
}

/// A name for a new journal.
pub(super) fn random_name() -> String {
    let mut rng = Rng::new();
    format!("{:016x}{:016x}", rng.u64(..), rng.u64(..))
}

fn mark() -> StateName {
    StateName::Projection {
        name: UNFINISHED.into(),
    }
}

/// Looks whether an import into the journal was begun and not finished.
pub(super) fn is_unfinished(index: &Index) -> bool {
    index.states.contains_key(&mark())
}

/// The failure of a journal whose import was not finished.
pub(super) fn unfinished() -> Failure {
    Failure::said(Trouble::Corrupt, IS_UNFINISHED)
}

/// The removed origins of a journal that another process appends to, as they were read for the first page.
#[derive(Default)]
pub(super) struct Swept(Mutex<Arc<BTreeMap<u128, i64>>>);

impl Shared {
    /// What sweeps wrote, oldest first.
    async fn swept_lines(&self) -> Result<Vec<SweptLine>, Failure> {
        let names: Vec<_> = {
            let index = self.index();
            let names = index.states.keys();
            names
                .filter(|name| matches!(name, StateName::Swept { .. }))
                .cloned()
                .collect()
        };
        stream::iter(names)
            .map(async |name| {
                let value = self.state(&name).await?;
                let line = value.map(|value| value.line().map_err(corrupt));
                line.transpose()
            })
            .buffered(GETS)
            .try_filter_map(async |line| Ok(line))
            .try_collect()
            .await
    }

    async fn all_removed(&self) -> Result<BTreeMap<u128, i64>, Failure> {
        if self.role.appends() {
            let index = self.index();
            return Ok(index
                .removed
                .iter()
                .map(|(key, until)| (*key, *until))
                .collect());
        }
        let mut all = BTreeMap::new();
        for line in self.swept_lines().await? {
            for (key, until) in line.removed {
                all.insert(key_of(&key).map_err(corrupt)?, until);
            }
        }
        Ok(all)
    }

    async fn removed(
        &self,
        after: Option<&RemovedOrigin>,
        limit: usize,
    ) -> Result<Vec<RemovedOrigin>, Failure> {
        self.check_open()?;
        let swept = || self.swept.0.lock().unwrap_or_else(PoisonError::into_inner);
        let from = match after.map(|after| &after.origin) {
            None => {
                let all = self.all_removed().await?;
                *swept() = Arc::new(all);
                Bound::Unbounded
            }
            Some(KnownOrigin::Hashed(key)) => Bound::Excluded(*key),
            Some(KnownOrigin::Named(..)) => {
                let cause = "that page was not of this journal";
                return Err(Failure::said(Trouble::Other, cause));
            }
        };
        let all = Arc::clone(&swept());
        let page = all.range((from, Bound::Unbounded)).take(limit);
        let page = page.map(|(key, until)| RemovedOrigin {
            origin: KnownOrigin::Hashed(*key),
            until: *until,
        });
        Ok(page.collect())
    }

    async fn identity(&self) -> Result<Identity, Failure> {
        let value = self.state(&StateName::Identity).await?;
        let Some(value) = value else {
            return Ok(Identity::default());
        };
        let key: Vec<u8> = value.line().map_err(corrupt)?;
        let named = serde_json::from_slice::<Named>(value.bytes()).ok();
        Ok(Identity {
            journal: named.map(|named| named.journal),
            key: Some(key),
        })
    }

    /// All states, each as it is when it is read: cursors first and the last position at the end, so that no cursor is
    /// ahead of the events up to it, and no dead letter is missing that a cursor relies on.
    async fn states(&self) -> Result<States, Failure> {
        self.check_open()?;
        if is_unfinished(&self.index()) {
            return Err(unfinished());
        }
        let mut states = States {
            cursors: self.cursors().await?,
            ..States::default()
        };
        let names: Vec<_> = self.index().states.keys().cloned().collect();
        let read = stream::iter(names)
            .map(async |name| {
                let is_wanted = matches!(
                    name,
                    StateName::Checkpoint { .. } | StateName::Projection { .. }
                );
                if !is_wanted {
                    return Ok(None);
                }
                let value = self.state(&name).await?;
                Ok::<_, Failure>(value.map(|value| (name, value)))
            })
            .buffered(GETS)
            .try_filter_map(async |state| Ok(state));
        let read: Vec<_> = read.try_collect().await?;
        for (name, value) in read {
            match name {
                StateName::Checkpoint { source, part } => {
                    let line: CheckpointLine = value.line().map_err(corrupt)?;
                    let checkpoint = Checkpoint {
                        part: part.into(),
                        state: value.bytes().clone(),
                        mark: line.mark,
                    };
                    states.checkpoints.push((source.into(), checkpoint));
                }
                StateName::Projection { name } => {
                    let line: ProjectionLine = value.line().map_err(corrupt)?;
                    let saved = Saved {
                        position: Position::new(line.position),
                        state: value.bytes().to_vec(),
                    };
                    states.projections.push((name, saved));
                }
                _ => {}
            }
        }
        states.dead_letters = self.all_letters().await?;
        states.deletions = self.pending().await?;
        let identity = self.identity().await?;
        states.journal = identity.journal;
        let has_removed = !self.all_removed().await?.is_empty();
        states.last = *self.last.borrow();
        let index = self.index();
        let needs_key = index.has_hashed() || has_removed;
        states.erasure_key = identity.key.filter(|_| needs_key);
        states.given = states.last.max(Position::new(index.counters.position));
        Ok(states)
    }

    async fn all_letters(&self) -> Result<Vec<DeadLetter>, Failure> {
        let ids: Vec<_> = {
            let index = self.index();
            let names = index.states.keys();
            names
                .filter_map(|name| match name {
                    StateName::Dead { id } => Some(*id),
                    _ => None,
                })
                .collect()
        };
        stream::iter(ids)
            .map(|id| self.dead_letter(id))
            .buffered(GETS)
            .try_filter_map(async |letter| Ok(letter))
            .try_collect()
            .await
    }

    /// The platform's deletions whose grace is not over, as far as what they delete is stored.
    async fn pending(&self) -> Result<Vec<PendingDeletion>, Failure> {
        let mut deletions = self.index().deletions.clone();
        if !self.role.appends()
            && let Some(newest) = self.swept_lines().await?.pop()
        {
            for (key, at) in newest.deletions {
                deletions.insert((at, key_of(&key).map_err(corrupt)?));
            }
        }
        let found: Vec<_> = {
            let index = self.index();
            let found = deletions.iter();
            found
                .filter_map(|(at, key)| Some((*at, *index.origins.get(key)?)))
                .collect()
        };
        stream::iter(found)
            .map(async |(at, position)| {
                let event = self.event(position).await?;
                Ok::<_, Failure>(event.map(|event| PendingDeletion {
                    source: event.source().clone(),
                    origin: event.origin().clone(),
                    at,
                }))
            })
            .buffered(GETS)
            .try_filter_map(async |deletion| Ok(deletion))
            .try_collect()
            .await
    }
}

impl JetStreamJournal {
    pub(super) async fn read_identity(&self) -> Result<Identity, ReadError> {
        let identity = async {
            self.shared.check_open()?;
            self.shared.identity().await
        };
        identity.await.map_err(Failure::read)
    }

    pub(super) async fn read_states(&self) -> Result<States, ReadError> {
        self.shared.states().await.map_err(Failure::read)
    }

    pub(super) async fn read_removed(
        &self,
        after: Option<&RemovedOrigin>,
        limit: usize,
    ) -> Result<Vec<RemovedOrigin>, ReadError> {
        let page = self.shared.removed(after, limit).await;
        page.map_err(Failure::read)
    }

    pub(super) async fn transfer<T>(
        &self,
        transfer: impl FnOnce(oneshot::Sender<Result<T, Failure>>) -> Transfer,
    ) -> Result<T, antiphon_core::AppendError> {
        let asked = self.ask(|done| Command::Transfer(transfer(done))).await;
        asked.map_err(Failure::append)
    }
}

impl Appender {
    pub(super) async fn transfer(&mut self, transfer: Transfer) {
        // Whoever asked may have gone; what was asked for is done all the same.
        match transfer {
            Transfer::Begin(from, done) => {
                let begun = self.begin_import(from).await;
                drop(done.send(self.judged(begun)));
            }
            Transfer::Events(events, done) => {
                let imported = self.import(events).await;
                drop(done.send(self.judged(imported)));
            }
            Transfer::Removed(removed, done) => {
                let imported = self.import_removed(&removed).await;
                drop(done.send(self.judged(imported)));
            }
            Transfer::Restore(states, done) => {
                let restored = self.restore(*states).await;
                drop(done.send(self.judged(restored)));
            }
        }
    }

    /// Marks an empty journal, and makes it the other one by name and secret.
    async fn begin_import(&mut self, from: Identity) -> Result<bool, Failure> {
        self.settle().await?;
        let name = from.journal.unwrap_or_default();
        if is_unfinished(&self.shared.index()) {
            let value = self.shared.state(&mark()).await?;
            let is_same = value.is_some_and(|value| value.bytes().as_ref() == name.as_bytes());
            // It is no reason to give the journal up, so that the trouble is a transient one.
            let other = || Failure::said(Trouble::Other, OTHER_IMPORT);
            return if is_same { Ok(true) } else { Err(other()) };
        }
        let is_fresh = {
            let index = self.shared.index();
            let mut states = index.states.keys();
            index.counters.position == 0
                && states.all(|name| matches!(name, StateName::Identity | StateName::Claim { .. }))
        };
        if !is_fresh {
            return Ok(false);
        }
        let own = self.shared.index().secret.bytes;
        let secret = from.key.and_then(|key| <[u8; 32]>::try_from(key).ok());
        let secret = secret.unwrap_or(own);
        let position = ProjectionLine { position: 0 };
        let begun = StateValue::new(&position, Bytes::from(name.clone().into_bytes()));
        let named = if name.is_empty() { random_name() } else { name };
        let identity = identity_value(&secret, &named);
        let states = vec![(StateName::Identity, Some(identity)), (mark(), Some(begun))];
        self.write_states(states).await?;
        self.shared.index().secret = Secret::new(secret);
        Ok(true)
    }

    /// Stores events of another journal: each keeps its position if none as high was given.
    async fn import(&mut self, events: Vec<Event>) -> Result<Imported, Failure> {
        self.settle().await?;
        let mut imported = Imported::default();
        let mut plan = Plan {
            counters: self.shared.index().counters,
            ..Plan::default()
        };
        let mut new = Vec::new();
        {
            let index = self.shared.index();
            let mut seen: HashMap<(SourceName, Origin), u64> = HashMap::new();
            let mut weight = 0;
            for event in events {
                if event.position() > HIGHEST {
                    let cause = format!("position {} is above 2^62", event.position());
                    return Err(Failure::said(Trouble::Other, cause));
                }
                let name = (event.source().clone(), event.origin().clone());
                let here = if let Some(here) = seen.get(&name) {
                    imported.repeats += 1;
                    Some(*here)
                } else if index.is_repeat(&name.0, &name.1) {
                    imported.repeats += 1;
                    let key = index.key(&name.0, &name.1);
                    index.origins.get(&key).copied()
                } else {
                    let next = plan.counters.position + 1;
                    let position = event.position().get().max(next);
                    plan.counters.position = position;
                    seen.insert(name, position);
                    weight += event.draft().weight() as u64;
                    new.push((position, event.clone()));
                    Some(position)
                };
                imported.moved += u64::from(here != Some(event.position().get()));
            }
            if !new.is_empty() {
                self.check_room(&index, new.len() as u64, weight)?;
            }
        }
        imported.stored = new.len() as u64;
        for (position, event) in new {
            let (source, draft) = (event.source().clone(), event.draft().clone());
            let event = Event::stored(Position::new(position), source, draft);
            plan_event(&self.shared, &mut plan, event, true);
        }
        self.store(plan).await?;
        Ok(imported)
    }

    /// Stores removed origins of another journal, as a sweep's.
    async fn import_removed(&mut self, removed: &[RemovedOrigin]) -> Result<(), Failure> {
        self.settle().await?;
        if removed.is_empty() {
            return Ok(());
        }
        let (line, number) = {
            let index = self.shared.index();
            let mut line = index.line_of_a_sweep();
            line.removed = removed
                .iter()
                .map(|removed| {
                    let key = match &removed.origin {
                        KnownOrigin::Hashed(key) => *key,
                        KnownOrigin::Named(source, origin) => {
                            line.hashed |= crate::erased::is_hashed(origin.as_str());
                            index.key(source, origin)
                        }
                    };
                    (key_text(key), removed.until)
                })
                .collect();
            (line, index.next_sweep())
        };
        let value = StateValue::new(&line, Bytes::new());
        let name = StateName::Swept { number };
        self.write_states(vec![(name, Some(value))]).await
    }

    /// Stores the states of another journal in one run, which takes the mark of the import away.
    async fn restore(&mut self, states: States) -> Result<bool, Failure> {
        self.settle().await?;
        let is_used = self.shared.index().states.keys().any(|name| match name {
            StateName::Identity | StateName::Claim { .. } | StateName::Swept { .. } => false,
            StateName::Projection { name } => name != UNFINISHED,
            _ => true,
        });
        if is_used {
            return Ok(false);
        }
        let mut plan = Plan {
            counters: self.shared.index().counters,
            ..Plan::default()
        };
        let shared = &self.shared;
        let add = |plan: &mut Plan, name, value: StateValue, memory| {
            plan_state(shared, plan, name, Some(&value), Some(memory));
        };
        for (source, checkpoint) in states.checkpoints {
            let line = CheckpointLine {
                mark: checkpoint.mark,
            };
            let name = StateName::Checkpoint {
                source: source.as_str().into(),
                part: checkpoint.part.as_ref().into(),
            };
            let value = StateValue::new(&line, checkpoint.state);
            add(&mut plan, name, value, Memory::Nothing);
        }
        for (consumer, cursor) in &states.cursors {
            let consumer = consumer.as_str().into();
            let memory = Memory::Needs(cursor.needs());
            let name = StateName::Cursor { consumer };
            add(&mut plan, name, cursor_value(cursor), memory);
        }
        for letter in &states.dead_letters {
            let memory = Memory::Failure(same_failure(letter));
            let name = StateName::Dead { id: letter.id.0 };
            plan.counters.dead = plan.counters.dead.max(letter.id.0);
            add(&mut plan, name, dead_value(letter), memory);
        }
        for (name, saved) in states.projections {
            let line = ProjectionLine {
                position: saved.position.get(),
            };
            let value = StateValue::new(&line, Bytes::from(saved.state));
            add(
                &mut plan,
                StateName::Projection { name },
                value,
                Memory::Nothing,
            );
        }
        if !states.deletions.is_empty() {
            let (mut line, number) = {
                let index = shared.index();
                (index.line_of_a_sweep(), index.next_sweep())
            };
            let deletions = states.deletions.iter().map(|deletion| {
                let key = shared.index().key(&deletion.source, &deletion.origin);
                (key_text(key), deletion.at)
            });
            line.deletions.extend(deletions);
            let value = StateValue::new(&line, Bytes::new());
            let memory = Memory::Swept(Box::new(line));
            add(&mut plan, StateName::Swept { number }, value, memory);
        }
        if is_unfinished(&shared.index()) {
            plan_state(shared, &mut plan, mark(), None, None);
        }
        let given = states.given.min(HIGHEST).get();
        plan.counters.position = plan.counters.position.max(given);
        self.store(plan).await?;
        Ok(true)
    }
}
