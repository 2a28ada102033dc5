//! Opening: takes the lease, puts up a fence, and reads the headers of the whole stream.

use std::{collections::BTreeMap, time::Duration};

use antiphon_core::{Kind, Rng, Trouble};
use async_nats::{
    HeaderMap,
    jetstream::consumer::{DeliverPolicy, pull::OrderedConfig},
};
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use tokio::time::{Instant, sleep, timeout};

use super::{
    appender::memory_of,
    format::{
        Counters, EventHead, InRun, Secret, StateName, StateValue, has_long_names, is_state, parts,
        read_event, read_state, short_names, short_state_name, state_records,
    },
    index::{Index, Memory, Stored},
    run::WINDOW,
    server::{Failure, GETS, Link, chain},
};

/// Messages that are looked at together, backwards from the end of the stream.
const BACK: u64 = 128;
/// Pause before messages are looked for again that the stream's leader has, and the server that reads has not yet.
const BEHIND: Duration = Duration::from_millis(100);

/// What opening found in a stream.
pub(super) struct Found {
    pub(super) index: Index,
    /// Messages that nobody needs any more.
    pub(super) trash: Vec<u64>,
    /// Whether the journal is new, so that its secret has to be stored.
    pub(super) is_new: bool,
}

/// Reads the stream up to the fence whose last message has this sequence number.
///
/// Messages of a run that was never finished are deleted.
pub(super) async fn read(link: &Link, fence: u64) -> Result<Found, Failure> {
    let end = fence - WINDOW as u64;
    let last = last_run(link, end).await?;
    let secret = match &last {
        None => None,
        Some(_) => Some(secret(link).await?),
    };
    let is_new = secret.is_none();
    let secret = secret.unwrap_or_else(|| {
        let mut rng = Rng::new();
        Secret::new(std::array::from_fn(|_| rng.u8(..)))
    });
    let mut scan = Scan::new(link, last, secret);
    scan.messages(fence).await?;
    let Scan {
        mut index,
        states,
        mut trash,
        loose,
        left,
        ..
    } = scan;
    // Nothing may be written as long as they are there.
    link.delete_all(left).await?;
    trash.extend(loose);
    let loaded: Vec<_> = stream::iter(states)
        .map(async |(name, stored)| {
            let memory = match &name {
                StateName::Cursor { .. }
                | StateName::Dead { .. }
                | StateName::Swept { .. }
                | StateName::Claim { .. } => {
                    let value = state(link, stored).await?;
                    let (_, value) = value.ok_or_else(|| missing(stored.sequence))?;
                    memory_of(&name, &value)?
                }
                _ => Memory::Nothing,
            };
            Ok::<_, Failure>((name, stored, memory))
        })
        .buffered(GETS)
        .try_collect()
        .await?;
    for (name, stored, memory) in loaded {
        let set = index.set(name, stored, Some(memory));
        set.map_err(|error| Failure::damaged(stored.sequence, error))?;
    }
    trash.extend(left_by_a_sweep(&mut index));
    Ok(Found {
        index,
        trash,
        is_new,
    })
}

/// What a process reads that follows another one's journal, and the sequence number with which it goes on.
///
/// Messages of a run that is under way come later.
pub(super) async fn read_beside(link: &Link) -> Result<(Index, u64), Failure> {
    let Some(last) = newest_run(link).await? else {
        return Err(Failure::new(Trouble::Empty));
    };
    let mut scan = Scan::new(link, Some(last), secret(link).await?);
    scan.messages(last.0).await?;
    let Scan {
        mut index, states, ..
    } = scan;
    for (name, stored) in states {
        let set = index.set(name, stored, Some(Memory::Nothing));
        set.map_err(|error| Failure::damaged(stored.sequence, error))?;
    }
    Ok((index, last.0 + 1))
}

/// The sequence number of the last message that counts at this moment, and its run's counters.
pub(super) async fn newest_run(link: &Link) -> Result<Option<(u64, Counters)>, Failure> {
    let end = link.last_sequence().await?;
    last_run(link, end).await
}

/// Takes out the events that a sweep has removed without getting as far as their messages.
fn left_by_a_sweep(index: &mut Index) -> Vec<u64> {
    let swept_at = index.swept_at.unwrap_or(i64::MIN);
    let removed: Vec<_> = index
        .removed
        .iter()
        .filter(|(_, until)| **until > swept_at)
        .filter_map(|(key, _)| index.origins.get(key).copied())
        .collect();
    removed
        .into_iter()
        .filter_map(|position| index.take(position))
        .flat_map(|head| head.messages())
        .collect()
}

fn missing(sequence: u64) -> Failure {
    Failure::damaged(sequence, "it is not there")
}

/// A state's name and value.
pub(super) async fn state(
    link: &Link,
    stored: Stored,
) -> Result<Option<(StateName, StateValue)>, Failure> {
    let Some((headers, payload)) = link.whole(stored.sequence, stored.parts).await? else {
        return Ok(None);
    };
    let read = read_state(&headers, payload);
    read.map(Some)
        .map_err(|error| Failure::damaged(stored.sequence, error))
}

/// The journal's secret.
async fn secret(link: &Link) -> Result<Secret, Failure> {
    let subject = state_records(&link.subjects, &StateName::Identity, None, link.most)
        .pop()
        .map_or_else(String::new, |record| record.subject);
    let message = link
        .stream
        .get_last_raw_message_by_subject(&subject)
        .await
        .map_err(|error| Failure::said(Trouble::Corrupt, chain(&error)))?;
    let damaged = |error| Failure::damaged(message.sequence, error);
    let (_, value) = read_state(&message.headers, message.payload.clone()).map_err(damaged)?;
    let bytes: Vec<u8> = value.line().map_err(damaged)?;
    let bytes = bytes.try_into();
    let bytes = bytes.map_err(|_| damaged("its secret has another length".into()))?;
    Ok(Secret::new(bytes))
}

/// The sequence number of the last message of the last whole run, and its counters.
///
/// What stands behind it was left over. What stands before it is all valid: no run begins before the messages that an
/// earlier one left over are deleted, and nothing of the last run is deleted before there is a later one.
async fn last_run(link: &Link, end: u64) -> Result<Option<(u64, Counters)>, Failure> {
    let first = link
        .stream
        .get_info()
        .await
        .map_err(|error| Failure::unreachable(&error))?
        .state
        .first_sequence
        .max(1);
    let mut to = end;
    while to >= first {
        let from = to.saturating_sub(BACK - 1).max(first);
        for (sequence, headers) in link.headers(from..=to).await?.into_iter().rev() {
            let (Some(counters), Some(place)) = (Counters::read(&headers), InRun::read(&headers))
            else {
                continue;
            };
            let begin = sequence.saturating_sub(place.index);
            let run = link.headers(begin..=sequence).await?;
            let is_whole = run.len() as u64 == place.index + 1
                && run.iter().zip(0..).all(|((_, headers), index)| {
                    InRun::read(headers) == Some(InRun { index, ..place })
                });
            if is_whole {
                return Ok(Some((sequence, counters)));
            }
        }
        to = from - 1;
    }
    Ok(None)
}

/// A pass over the stream.
struct Scan<'a> {
    link: &'a Link,
    /// Messages up to this one are valid.
    valid: u64,
    index: Index,
    states: BTreeMap<StateName, Stored>,
    /// Parts whose message has not come yet.
    loose: Vec<u64>,
    trash: Vec<u64>,
    /// Messages of a run that was never finished.
    left: Vec<u64>,
}

impl<'a> Scan<'a> {
    /// A pass that takes in the messages up to the last run.
    fn new(link: &'a Link, last: Option<(u64, Counters)>, secret: Secret) -> Self {
        let mut index = Index::new(secret);
        index.counters = last.map_or(Counters::default(), |(_, counters)| counters);
        Self {
            link,
            valid: last.map_or(0, |(sequence, _)| sequence),
            index,
            states: BTreeMap::new(),
            loose: Vec::new(),
            trash: Vec::new(),
            left: Vec::new(),
        }
    }

    /// Looks at every message up to this one.
    async fn messages(&mut self, end: u64) -> Result<(), Failure> {
        let mut next = 1;
        let mut until = Instant::now() + self.link.patience;
        loop {
            let from = next;
            let ended = self.messages_from(&mut next, end).await;
            if next > from {
                until = Instant::now() + self.link.patience;
            }
            match ended {
                // A server that was started again, or a new leader, knows nothing of who was reading.
                Err(failure) if failure.trouble == Trouble::Unreachable && next > from => {}
                Err(failure) => return Err(failure),
                Ok(()) if next > end || !self.link.leader_has(next, end).await? => return Ok(()),
                // The reader is at a server of the cluster that has not caught up with its leader yet.
                Ok(()) if Instant::now() < until => sleep(BEHIND).await,
                Ok(()) => {
                    let cause = "the server that reads the stream stays behind its leader";
                    return Err(Failure::said(Trouble::Unreachable, cause));
                }
            }
        }
    }

    /// Looks at the messages from `next` on, which follows them.
    async fn messages_from(&mut self, next: &mut u64, end: u64) -> Result<(), Failure> {
        let config = OrderedConfig {
            headers_only: true,
            deliver_policy: DeliverPolicy::ByStartSequence {
                start_sequence: *next,
            },
            ..OrderedConfig::default()
        };
        let consumer = self.link.stream.create_consumer(config).await;
        let consumer = consumer.map_err(|error| Failure::unreachable(&error))?;
        let mut pending = consumer.cached_info().num_pending;
        let fence = self.link.subjects.fence();
        let messages = consumer.messages().await;
        let mut messages = messages.map_err(|error| Failure::unreachable(&error))?;
        // The last messages are those of a fence, which another process may delete.
        while *next <= end && pending > 0 {
            let message = match timeout(self.link.patience, messages.next()).await {
                Ok(Some(Ok(message))) => message,
                Ok(Some(Err(error))) => return Err(Failure::unreachable(&error)),
                Ok(None) | Err(_) => {
                    let cause = "the server stopped sending the stream's messages";
                    return Err(Failure::said(Trouble::Unreachable, cause));
                }
            };
            let info = message.info();
            let info = info.map_err(|error| Failure::said(Trouble::Other, error))?;
            let sequence = info.stream_sequence;
            pending = info.pending;
            if message.subject.as_str() == fence {
                self.trash.push(sequence);
            } else if let Some(headers) = &message.headers {
                self.message(sequence, headers).await?;
            }
            *next = sequence + 1;
        }
        Ok(())
    }

    async fn message(&mut self, sequence: u64, headers: &HeaderMap) -> Result<(), Failure> {
        if InRun::read(headers).is_none() {
            return Ok(());
        }
        if sequence > self.valid {
            self.left.push(sequence);
            return Ok(());
        }
        let message = look(self.link, sequence, headers).await?;
        let first = match &message {
            None => return Err(missing(sequence)),
            Some(Message::Part) => {
                self.loose.push(sequence);
                return Ok(());
            }
            Some(Message::Event(event)) => sequence.saturating_sub(event.parts.into()),
            Some(Message::State { stored, .. }) => sequence.saturating_sub(stored.parts.into()),
        };
        let orphans = self.loose.drain(..).filter(|part| *part < first);
        self.trash.extend(orphans);
        match message {
            Some(Message::Event(event)) => {
                let before = self.index.find(&event);
                self.trash
                    .extend(before.into_iter().flat_map(|head| head.messages()));
            }
            Some(Message::State {
                name,
                stored,
                is_gone,
            }) => {
                let before = if is_gone {
                    self.trash.extend(stored.messages());
                    self.states.remove(&name)
                } else {
                    self.states.insert(name, stored)
                };
                self.trash
                    .extend(before.into_iter().flat_map(Stored::messages));
            }
            Some(Message::Part) | None => {}
        }
        Ok(())
    }
}

/// What a message of a run is.
pub(super) enum Message {
    /// The beginning of a payload.
    Part,
    Event(Box<EventAt>),
    State {
        name: StateName,
        stored: Stored,
        /// Whether the state is no more.
        is_gone: bool,
    },
}

/// An event as it stands in the stream.
pub(super) struct EventAt {
    pub(super) position: u64,
    pub(super) sequence: u64,
    pub(super) parts: u32,
    pub(super) kind: Kind,
    pub(super) weight: u64,
    pub(super) received_at: Timestamp,
    pub(super) source: String,
    pub(super) place: String,
    pub(super) origin: String,
    pub(super) deletes: Option<String>,
    pub(super) is_erased: bool,
}

/// Looks at the headers of a message, and at its payload where its names stand there; `None` if that is gone.
pub(super) async fn look(
    link: &Link,
    sequence: u64,
    headers: &HeaderMap,
) -> Result<Option<Message>, Failure> {
    let damaged = |error| Failure::damaged(sequence, error);
    let is_event = EventHead::is_in(headers);
    let state = is_state(headers);
    if !is_event && state.is_none() {
        return Ok(Some(Message::Part));
    }
    let parts = parts(headers).map_err(damaged)?;
    let whole = if has_long_names(headers) {
        let Some(whole) = link.whole(sequence, parts).await? else {
            return Ok(None);
        };
        Some(whole)
    } else {
        None
    };
    if !is_event {
        let name = match whole {
            Some((headers, payload)) => read_state(&headers, payload).map_err(damaged)?.0,
            None => short_state_name(headers).map_err(damaged)?,
        };
        return Ok(Some(Message::State {
            name,
            stored: Stored { sequence, parts },
            is_gone: state == Some(true),
        }));
    }
    let head = EventHead::read(headers).map_err(damaged)?;
    let (source, kind, place, origin, deletes) = match whole {
        Some((headers, payload)) => {
            let event = read_event(&headers, payload).map_err(damaged)?;
            let text = |text: &antiphon_core::Origin| text.as_str().to_owned();
            (
                event.source().as_str().to_owned(),
                event.kind().as_str().to_owned(),
                event.place().as_str().to_owned(),
                text(event.origin()),
                event.deletes().map(text),
            )
        }
        None => short_names(headers).map_err(damaged)?,
    };
    Ok(Some(Message::Event(Box::new(EventAt {
        position: head.position,
        sequence,
        parts,
        kind: Kind::new(kind),
        weight: head.weight(),
        received_at: head.received_at,
        source,
        place,
        origin,
        deletes,
        is_erased: head.is_erased,
    }))))
}
