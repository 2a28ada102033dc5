//! What a process without the lease of the journal knows of the stream: it follows the messages that another one writes.
//!
//! A run counts once its last message is there. Of a run whose last message was deleted before it was read here, what is
//! still in the stream counts once a later run begins: no run begins before all that an earlier one left over is deleted.

use std::sync::Arc;

use antiphon_core::{Position, Trouble};
use async_nats::{
    HeaderMap,
    jetstream::consumer::{DeliverPolicy, pull::OrderedConfig},
};
use futures_util::StreamExt;
use tokio::{sync::watch, time::timeout};

use super::{
    Shared,
    format::{COMMIT, InRun, StateName, SweptLine, key_of, read_dead},
    index::{Memory, Stored},
    open::{EventAt, Message, look, state},
    server::Failure,
};

/// Pause before the stream is read again after the server failed.
const AGAIN: std::time::Duration = std::time::Duration::from_millis(200);

/// How long nothing has to come until the server is asked whether there is something.
///
/// A server of a cluster may stop sending without a word; whoever waits for what was stored waits for no longer than that.
const LOOK: std::time::Duration = std::time::Duration::from_secs(1);

/// Follows the stream from a message on.
pub(super) struct Follower {
    shared: Arc<Shared>,
    /// The next message to look at.
    next: u64,
    run: Run,
    /// The last message that was taken in.
    seen: watch::Sender<u64>,
}

/// Messages of a run that has not ended, or that could not be taken in yet.
#[derive(Debug, Default)]
struct Run {
    messages: Vec<(u64, HeaderMap)>,
}

impl Run {
    /// Whether it has messages of another run than this one.
    fn is_before(&self, place: InRun) -> bool {
        let first = self.messages.first();
        first
            .and_then(|(_, headers)| InRun::read(headers))
            .is_some_and(|first| (first.epoch, first.run) != (place.epoch, place.run))
    }

    /// Adds the next message; one that was read before, and could not be taken in, is read again.
    fn add(&mut self, sequence: u64, headers: &HeaderMap) {
        self.messages.retain(|(before, _)| *before < sequence);
        self.messages.push((sequence, headers.clone()));
    }

    /// Whether it has all its messages, the last of which commits them.
    fn is_whole(&self) -> bool {
        let Some((sequence, headers)) = self.messages.last() else {
            return false;
        };
        let Some(place) = InRun::read(headers) else {
            return false;
        };
        let expected = sequence.saturating_sub(place.index)..=*sequence;
        headers.get(COMMIT).is_some()
            && expected.eq(self.messages.iter().map(|(sequence, _)| *sequence))
    }
}

impl Follower {
    /// `seen` has the last message that was taken in already.
    pub(super) fn new(shared: Arc<Shared>, seen: watch::Sender<u64>) -> Self {
        let next = *seen.borrow() + 1;
        Self {
            shared,
            next,
            run: Run::default(),
            seen,
        }
    }

    /// Follows until the journal is dropped, or damaged.
    pub(super) async fn run(mut self) {
        loop {
            match self.messages().await {
                Err(failure) if !failure.trouble.is_transient() => {
                    self.shared.lose(failure);
                    return;
                }
                Ok(()) => {}
                Err(_) => tokio::time::sleep(AGAIN).await,
            }
        }
    }

    /// Looks at the messages that come, until the server's reader of the stream has to be made anew.
    async fn messages(&mut self) -> Result<(), Failure> {
        let link = Arc::clone(&self.shared.link);
        let last = link.last_sequence().await?;
        let config = OrderedConfig {
            headers_only: true,
            deliver_policy: DeliverPolicy::ByStartSequence {
                start_sequence: self.next,
            },
            ..OrderedConfig::default()
        };
        let consumer = link.stream.create_consumer(config).await;
        let consumer = consumer.map_err(|error| Failure::unreachable(&error))?;
        if consumer.cached_info().num_pending == 0 && last >= self.next {
            // The reader may be at a server of the cluster that has not caught up yet.
            if link.leader_has(self.next, last).await? {
                let cause = "the server that reads the stream is behind its leader";
                return Err(Failure::said(Trouble::Unreachable, cause));
            }
            // What stood there is deleted, and whoever waits for it waits no longer.
            self.next = last + 1;
            if self.run.messages.is_empty() {
                self.seen.send_replace(last);
            }
        }
        let messages = consumer.messages().await;
        let mut messages = messages.map_err(|error| Failure::unreachable(&error))?;
        loop {
            let message = match timeout(link.patience.min(LOOK), messages.next()).await {
                Ok(Some(message)) => message.map_err(|error| Failure::unreachable(&error))?,
                Err(_) if link.last_sequence().await? < self.next => continue,
                // A server that was started again knows nothing of who was reading.
                Ok(None) | Err(_) => return Ok(()),
            };
            let info = message.info();
            let info = info.map_err(|error| Failure::said(Trouble::Other, error))?;
            let sequence = info.stream_sequence;
            if sequence < self.next {
                continue;
            }
            if let Some(headers) = &message.headers {
                self.message(sequence, headers).await?;
            }
            self.next = sequence + 1;
        }
    }

    async fn message(&mut self, sequence: u64, headers: &HeaderMap) -> Result<(), Failure> {
        let Some(place) = InRun::read(headers) else {
            return Ok(());
        };
        if self.run.is_before(place) {
            self.leave().await?;
        }
        self.run.add(sequence, headers);
        if self.run.is_whole() {
            self.take(&self.run.messages).await?;
            self.run.messages.clear();
        }
        Ok(())
    }

    /// Takes in what is left of a run that was not seen to the end, since a later one has begun.
    async fn leave(&mut self) -> Result<(), Failure> {
        let mut left = Vec::new();
        for (sequence, headers) in &self.run.messages {
            let message = self.shared.link.message_of_leader(*sequence).await?;
            if message.is_some() {
                left.push((*sequence, headers.clone()));
            }
        }
        self.take(&left).await?;
        self.run.messages.clear();
        Ok(())
    }

    /// Takes messages in that count; all of them, or none if one cannot be looked at.
    async fn take(&self, run: &[(u64, HeaderMap)]) -> Result<(), Failure> {
        let mut events = Vec::new();
        let mut states = Vec::new();
        let mut replays = 0;
        let mut swept = Vec::new();
        let link = &self.shared.link;
        let Some(end) = run.last().map(|(sequence, _)| *sequence) else {
            return Ok(());
        };
        for (sequence, headers) in run {
            match look(link, *sequence, headers).await? {
                Some(Message::Event(event)) => events.push(event),
                Some(Message::State {
                    name,
                    stored,
                    is_gone,
                }) => {
                    if !is_gone {
                        replays += u64::from(self.asks_for_replay(&name, stored).await?);
                        swept.extend(self.swept(&name, stored).await?);
                    }
                    states.push((name, stored, is_gone));
                }
                // The beginning of a payload, or what is deleted by now.
                Some(Message::Part) | None => {}
            }
        }
        self.apply(&events, states, swept);
        if replays > 0 {
            self.shared.replays.send_modify(|count| *count += replays);
        }
        self.seen.send_replace(end);
        Ok(())
    }

    fn apply(
        &self,
        events: &[Box<EventAt>],
        states: Vec<(StateName, Stored, bool)>,
        swept: Vec<u128>,
    ) {
        let mut index = self.shared.index();
        for event in events {
            index.find(event);
        }
        for (name, stored, is_gone) in states {
            let memory = (!is_gone).then_some(Memory::Nothing);
            // Nothing is read out of a state here, so that nothing can fail.
            let _before = index.set(name, stored, memory);
        }
        for origin in swept {
            if let Some(position) = index.origins.get(&origin).copied() {
                index.take(position);
            }
        }
        drop(index);
        if let Some(last) = events.iter().map(|event| event.position).max() {
            self.shared.last.send_if_modified(|position| {
                let is_later = last > position.get();
                *position = (*position).max(Position::new(last));
                is_later
            });
        }
    }

    /// Whether a state is a dead letter that is to be handled again.
    async fn asks_for_replay(&self, name: &StateName, stored: Stored) -> Result<bool, Failure> {
        let StateName::Dead { id } = name else {
            return Ok(false);
        };
        let Some((_, value)) = state(&self.shared.link, stored).await? else {
            return Ok(false);
        };
        let letter = read_dead(*id, &value);
        let letter = letter.map_err(|error| Failure::damaged(stored.sequence, error))?;
        Ok(letter.replay)
    }

    /// The origins that a sweep removed.
    async fn swept(&self, name: &StateName, stored: Stored) -> Result<Vec<u128>, Failure> {
        if !matches!(name, StateName::Swept { .. }) {
            return Ok(Vec::new());
        }
        let Some((_, value)) = state(&self.shared.link, stored).await? else {
            return Ok(Vec::new());
        };
        let damaged = |error| Failure::damaged(stored.sequence, error);
        let line: SweptLine = value.line().map_err(damaged)?;
        let keys = line.removed.iter().map(|(key, _)| key_of(key));
        keys.collect::<Result<_, _>>().map_err(damaged)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::jetstream::format::Counters;

    fn headers(run: u64, index: u64, of: Option<usize>) -> HeaderMap {
        let mut headers = HeaderMap::new();
        InRun {
            epoch: 1,
            run,
            index,
        }
        .write(&mut headers);
        if let Some(messages) = of {
            Counters::default().write(&mut headers, messages);
        }
        headers
    }

    #[test]
    fn a_run_whose_last_message_could_not_be_taken_in_is_whole_when_it_is_read_again() {
        let mut run = Run::default();
        run.add(7, &headers(3, 0, None));
        assert!(!run.is_whole());
        run.add(8, &headers(3, 1, Some(2)));
        assert!(run.is_whole());
        // The server failed, and the reader begins with the message that was not done.
        run.add(8, &headers(3, 1, Some(2)));
        assert!(run.is_whole());
        assert_eq!(run.messages.len(), 2);
    }

    #[test]
    fn a_run_with_a_message_missing_is_not_whole() {
        let mut run = Run::default();
        run.add(7, &headers(3, 0, None));
        run.add(9, &headers(3, 2, Some(3)));
        assert!(!run.is_whole());
        let other = InRun {
            epoch: 1,
            run: 4,
            index: 0,
        };
        assert!(run.is_before(other));
        assert!(!run.is_before(InRun { run: 3, ..other }));
        run.messages.clear();
        assert!(!run.is_before(other));
    }
}
