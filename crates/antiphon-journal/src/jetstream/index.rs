//! What the appender remembers of the stream: where each event and each state is, and which origins are known.
//!
//! Opening reads the headers of the whole stream into it. It is behind a lock that is never held over a request.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use antiphon_core::{BoxError, Event, Position, SourceName};
use foldhash::fast::RandomState;
use jiff::Timestamp;

use super::{
    format::{Counters, OriginKey, Secret, StateName, SweptLine, key_of, key_text},
    open::EventAt,
    texts::Texts,
};
use crate::erased::{hashed, is_hashed};

/// An event as the appender remembers it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    /// Sequence number of its last message.
    pub(super) sequence: u64,
    /// Messages before that one that begin its payload.
    pub(super) parts: u32,
    /// Numbers of its source, kind and place in the index.
    pub(super) names: Names,
    /// Bytes it occupies, as [`antiphon_core::Draft::weight`] counts them; no message has more.
    weight: u32,
    pub(super) received_at: Timestamp,
    pub(super) origin: OriginKey,
    /// Whether its body was taken out.
    pub(super) is_erased: bool,
}

/// The names of an event, by their numbers in the index.
#[derive(Clone, Copy, Debug)]
pub(super) struct Names {
    pub(super) source: u32,
    pub(super) kind: u32,
    pub(super) place: u32,
}

/// A state as the appender remembers it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stored {
    pub(super) sequence: u64,
    pub(super) parts: u32,
}

impl Head {
    /// Bytes it occupies.
    pub(super) fn weight(&self) -> u64 {
        self.weight.into()
    }

    pub(super) fn messages(&self) -> impl Iterator<Item = u64> + use<> {
        self.sequence.saturating_sub(self.parts.into())..=self.sequence
    }
}

impl Stored {
    pub(super) fn messages(self) -> impl Iterator<Item = u64> + use<> {
        self.sequence.saturating_sub(self.parts.into())..=self.sequence
    }
}

/// What the appender has to know of a state beside where it is.
#[derive(Debug)]
pub(super) enum Memory {
    /// Nothing.
    Nothing,
    /// A cursor's first position that its consumer needs.
    Needs(Position),
    /// Which failure a dead letter is of.
    Failure(u128),
    /// What a sweep removed.
    Swept(Box<SweptLine>),
    /// The lease of a consumer's holder.
    Claim(u64),
}

/// A change to the index, once its messages are stored.
#[derive(Debug)]
pub(super) enum Change {
    /// An event, or another body for one that is there.
    Event {
        event: std::sync::Arc<Event>,
        parts: u32,
        /// Whether it was not there before.
        is_new: bool,
    },
    /// A state, or that it is no more.
    State {
        name: StateName,
        parts: u32,
        memory: Option<Memory>,
    },
}

/// `bytes` is the sum of the weights of `events`, and `origins` has exactly their origins.
pub(super) struct Index {
    pub(super) secret: Secret,
    pub(super) counters: Counters,
    pub(super) events: BTreeMap<u64, Head>,
    pub(super) origins: HashMap<OriginKey, u64, RandomState>,
    pub(super) bytes: u64,
    pub(super) max_bytes: Option<u64>,
    pub(super) sources: Texts,
    pub(super) kinds: Texts,
    pub(super) places: Texts,
    /// Whether an event has a hashed origin, so that origins have to be looked for by their hashes as well.
    has_hashed: bool,
    pub(super) states: BTreeMap<StateName, Stored>,
    pub(super) needs: HashMap<String, Position, RandomState>,
    /// Dead letters by the failure that they are of.
    pub(super) failures: HashMap<u128, u64, RandomState>,
    /// The failures of dead letters by their numbers.
    letters: HashMap<u64, u128, RandomState>,
    /// The leases of the holders of consumers.
    pub(super) claims: HashMap<String, u64, RandomState>,
    /// Origins of events that a sweep removed, and until when they are recognised, in Unix seconds.
    pub(super) removed: HashMap<OriginKey, i64, RandomState>,
    /// Until when the records of sweeps are needed, by their numbers.
    pub(super) swept: BTreeMap<u64, i64>,
    /// The time of the last sweep that changed anything, which is the only clock that decides about windows.
    pub(super) swept_at: Option<i64>,
    /// Deletions by the platform whose grace is not over, oldest first: their time, and the origin that they delete.
    pub(super) deletions: BTreeSet<(Timestamp, OriginKey)>,
}

impl Index {
    pub(super) fn new(secret: Secret) -> Self {
        Self {
            secret,
            counters: Counters::default(),
            events: BTreeMap::new(),
            origins: HashMap::default(),
            bytes: 0,
            max_bytes: None,
            sources: Texts::default(),
            kinds: Texts::default(),
            places: Texts::default(),
            has_hashed: false,
            states: BTreeMap::new(),
            needs: HashMap::default(),
            failures: HashMap::default(),
            letters: HashMap::default(),
            claims: HashMap::default(),
            removed: HashMap::default(),
            swept: BTreeMap::new(),
            swept_at: None,
            deletions: BTreeSet::new(),
        }
    }

    /// The numbers of an event's names, which it has until it is [let go](Self::let_go).
    fn names(&mut self, source: &str, kind: &str, place: &str) -> Names {
        Names {
            source: self.sources.take(source),
            kind: self.kinds.take(kind),
            place: self.places.take(place),
        }
    }

    /// Forgets what an event had that is not there any more.
    fn let_go(&mut self, head: &Head) {
        self.bytes -= head.weight();
        self.origins.remove(&head.origin);
        self.sources.release(head.names.source);
        self.kinds.release(head.names.kind);
        self.places.release(head.names.place);
    }

    /// The key of an origin.
    pub(super) fn key(&self, source: &SourceName, origin: &antiphon_core::Origin) -> OriginKey {
        self.secret.origin(source.as_str(), origin.as_str())
    }

    /// Whether an event of this origin is stored, or was removed and is still recognised.
    pub(super) fn is_repeat(&self, source: &SourceName, origin: &antiphon_core::Origin) -> bool {
        if self.is_known(self.key(source, origin)) {
            return true;
        }
        self.has_hashed && {
            let hashed = hashed(&self.secret.bytes, source.as_str(), origin);
            self.is_known(self.key(source, &hashed))
        }
    }

    fn is_known(&self, key: OriginKey) -> bool {
        let swept_at = self.swept_at.unwrap_or(i64::MIN);
        self.origins.contains_key(&key)
            || self
                .removed
                .get(&key)
                .is_some_and(|until| *until > swept_at)
    }

    /// Takes an event in; gives the messages that nobody needs any more.
    pub(super) fn put(
        &mut self,
        position: u64,
        head: Head,
        has_hashed_origin: bool,
    ) -> Option<Head> {
        self.has_hashed |= has_hashed_origin;
        let before = self.events.insert(position, head);
        if let Some(before) = &before {
            self.let_go(before);
        }
        self.bytes += head.weight();
        self.origins.insert(head.origin, position);
        before
    }

    /// Takes an event in that was found in the stream; gives what was there before.
    pub(super) fn find(&mut self, event: &EventAt) -> Option<Head> {
        let head = Head {
            sequence: event.sequence,
            parts: event.parts,
            names: self.names(&event.source, event.kind.as_str(), &event.place),
            weight: small(event.weight),
            received_at: event.received_at,
            origin: self.secret.origin(&event.source, &event.origin),
            is_erased: event.is_erased,
        };
        let before = self.put(event.position, head, is_hashed(&event.origin));
        if before.is_none()
            && let Some(target) = &event.deletes
        {
            let target = self.secret.origin(&event.source, target);
            self.deletions.insert((event.received_at, target));
        }
        before
    }

    /// Takes an event out.
    pub(super) fn take(&mut self, position: u64) -> Option<Head> {
        let head = self.events.remove(&position)?;
        self.let_go(&head);
        Some(head)
    }

    /// Takes a state in, or out where `memory` is absent; gives where it was before.
    pub(super) fn set(
        &mut self,
        name: StateName,
        stored: Stored,
        memory: Option<Memory>,
    ) -> Result<Option<Stored>, BoxError> {
        let Some(memory) = memory else {
            match &name {
                StateName::Cursor { consumer } => drop(self.needs.remove(consumer)),
                StateName::Dead { id } => {
                    if let Some(failure) = self.letters.remove(id) {
                        self.failures.remove(&failure);
                    }
                }
                StateName::Swept { number } => drop(self.swept.remove(number)),
                _ => {}
            }
            return Ok(self.states.remove(&name));
        };
        match (&name, memory) {
            (StateName::Cursor { consumer }, Memory::Needs(needs)) => {
                self.needs.insert(consumer.clone(), needs);
            }
            (StateName::Dead { id }, Memory::Failure(failure)) => {
                self.failures.insert(failure, *id);
                self.letters.insert(*id, failure);
            }
            (StateName::Swept { number }, Memory::Swept(line)) => self.learn(*number, &line)?,
            (StateName::Claim { consumer }, Memory::Claim(epoch)) => {
                self.claims.insert(consumer.clone(), epoch);
            }
            _ => {}
        }
        Ok(self.states.insert(name, stored))
    }

    /// Whether an event has, or had, a hashed origin.
    pub(super) fn has_hashed(&self) -> bool {
        self.has_hashed
    }

    /// The number of the next record of a sweep.
    pub(super) fn next_sweep(&self) -> u64 {
        let newest = self.swept.last_key_value();
        newest.map_or(1, |(newest, _)| newest + 1)
    }

    /// A record like a sweep's that removes nothing: the newest one has all deletions that wait.
    pub(super) fn line_of_a_sweep(&self) -> SweptLine {
        let deletions = self.deletions.iter();
        SweptLine {
            at: self.swept_at.unwrap_or(i64::MIN),
            removed: Vec::new(),
            deletions: deletions.map(|(at, key)| (key_text(*key), *at)).collect(),
            hashed: self.has_hashed,
        }
    }

    /// Takes in what a sweep wrote.
    fn learn(&mut self, number: u64, line: &SweptLine) -> Result<(), BoxError> {
        self.has_hashed |= line.hashed;
        let newest = self
            .swept
            .last_key_value()
            .is_none_or(|(newest, _)| number > *newest);
        self.swept_at = self.swept_at.max(Some(line.at));
        let mut needed_until = i64::MIN;
        for (key, until) in &line.removed {
            self.removed.insert(key_of(key)?, *until);
            needed_until = needed_until.max(*until);
        }
        // The newest has all deletions that earlier ones left.
        if newest {
            for (key, at) in &line.deletions {
                self.deletions.insert((*at, key_of(key)?));
            }
        }
        self.swept.insert(number, needed_until);
        Ok(())
    }

    /// Makes a change whose last message has this sequence number; gives the messages that nobody needs any more.
    pub(super) fn apply(&mut self, change: Change, sequence: u64) -> Vec<u64> {
        match change {
            Change::Event {
                event,
                parts,
                is_new,
            } => {
                let draft = event.draft();
                let names = self.names(
                    event.source().as_str(),
                    draft.kind.as_str(),
                    draft.place.as_str(),
                );
                let head = Head {
                    sequence,
                    parts,
                    names,
                    weight: small(draft.weight() as u64),
                    received_at: draft.received_at,
                    origin: self.key(event.source(), &draft.origin),
                    is_erased: draft.body == crate::retention::ERASED,
                };
                if is_new && let Some(target) = &draft.deletes {
                    let target = self.key(event.source(), target);
                    self.deletions.insert((draft.received_at, target));
                }
                let position = event.position().get();
                let before = self.put(position, head, is_hashed(draft.origin.as_str()));
                before
                    .into_iter()
                    .flat_map(|head| head.messages())
                    .collect()
            }
            Change::State {
                name,
                parts,
                memory,
            } => {
                let stored = Stored { sequence, parts };
                let is_gone = memory.is_none();
                // What was just written is as it should be, so that nothing can fail here.
                let before = self.set(name, stored, memory).unwrap_or_default();
                let gone = is_gone.then_some(stored);
                before
                    .into_iter()
                    .chain(gone)
                    .flat_map(Stored::messages)
                    .collect()
            }
        }
    }
}

fn small(weight: u64) -> u32 {
    u32::try_from(weight).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::Head;

    #[test]
    fn an_event_takes_as_much_memory_as_the_page_says() {
        assert_eq!(size_of::<Head>(), 64);
    }
}
