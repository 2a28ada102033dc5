//! Runs: messages that are stored together or count for nothing, and that only the holder of the lease can store.
//!
//! Each message of a run names the sequence number that it follows (`Nats-Expected-Last-Sequence`), so that the run is
//! one unbroken stretch of the stream, and the last of them says so (`Antiphon-Commit`). A run without its last message
//! is left over: whoever writes next deletes it before its own first message, and no reader counts it.
//!
//! Up to [`WINDOW`] messages are under way at a time. A server compares each with the stream's last sequence number at
//! that moment and nothing else: where another writer has taken one number, the *first* message is refused and the
//! second fits. Therefore a writer that takes over, or does not know what became of its own messages, first takes
//! [`WINDOW`] numbers in a row with empty messages, the fence. No message that was sent before can fit behind it.

use std::{collections::VecDeque, future::IntoFuture, sync::Arc};

use antiphon_core::Trouble;
use async_nats::{
    HeaderMap,
    jetstream::{context::PublishAckFuture, message::PublishMessage},
};
use bytes::Bytes;
use tokio::time::{Instant, timeout_at};

use super::{
    format::{COMMIT, Counters, InRun, Record},
    index::Change,
    lease::Lease,
    server::{Failure, Link, Refusal, refusal},
};

/// Most messages of one writer that are under way; a fence has as many.
pub(super) const WINDOW: usize = 128;
/// Most bytes of payloads that are under way, unless one message has more.
const WINDOW_BYTES: usize = 8 << 20;
/// Most tries to put up a fence beside another writer.
const FENCES: usize = 64;

/// What a run stores, and what that changes.
#[derive(Debug, Default)]
pub(super) struct Plan {
    pub(super) records: Vec<Record>,
    /// Each change with the index of its last message.
    pub(super) changes: Vec<(usize, Change)>,
    pub(super) counters: Counters,
}

impl Plan {
    pub(super) fn add(&mut self, records: Vec<Record>, change: Change) {
        self.records.extend(records);
        self.changes.push((self.records.len() - 1, change));
    }
}

/// A plan whose messages are stored.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) changes: Vec<(usize, Change)>,
    pub(super) counters: Counters,
    /// The sequence number of its first message.
    pub(super) first: u64,
}

/// How a plan ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// All of it is stored.
    Stored(Kept),
    /// Nothing of it is.
    Failed(Failure),
}

/// The one writer of a stream.
#[derive(Debug)]
pub(super) struct Writer {
    link: Arc<Link>,
    lease: Arc<Lease>,
    run: u64,
    /// The stream's last sequence number, if nobody else has written.
    last: u64,
    /// A run of which nobody knows yet whether it is stored.
    unsettled: Option<Unsettled>,
}

#[derive(Debug)]
struct Unsettled {
    run: u64,
    messages: usize,
    plan: Plan,
}

/// What became of the messages of a run.
enum Sent {
    All,
    /// The first so many are stored, and no other.
    Some(u64, Failure),
    /// Nobody knows.
    Unknown(Failure),
}

impl Writer {
    /// `last` is the sequence number of the last message of a fence.
    pub(super) fn new(link: Arc<Link>, lease: Arc<Lease>, last: u64) -> Self {
        Self {
            link,
            lease,
            run: 0,
            last,
            unsettled: None,
        }
    }

    /// Finds out what became of a run whose messages were not all answered; `None` if there is none.
    ///
    /// # Errors
    /// [`Failure`] if nobody can say yet, or if the stream is another process's by now.
    pub(super) async fn settle(&mut self) -> Result<Option<Ended>, Failure> {
        let Some(unsettled) = self.unsettled.take() else {
            return Ok(None);
        };
        self.end_of(unsettled).await.map(Some)
    }

    /// Finds out what became of this run; it stays unsettled as long as nobody can say.
    async fn end_of(&mut self, unsettled: Unsettled) -> Result<Ended, Failure> {
        match self.find(&unsettled).await {
            Ok(Some(first)) => Ok(Ended::Stored(kept_of(unsettled.plan, first))),
            Ok(None) => Ok(Ended::Failed(Failure::new(Trouble::Unreachable))),
            Err(failure) => {
                self.unsettled = Some(unsettled);
                Err(failure)
            }
        }
    }

    /// The sequence number of the first message of this run if it is stored as a whole.
    ///
    /// What was left over behind the last run is deleted.
    async fn find(&mut self, unsettled: &Unsettled) -> Result<Option<u64>, Failure> {
        self.lease.check().await?;
        let fence = put_up(&self.link).await?;
        let first_of_fence = fence - WINDOW as u64 + 1;
        if first_of_fence <= self.last {
            let cause = format!("its stream goes back behind message {}", self.last);
            return Err(Failure::said(Trouble::Changed, cause));
        }
        // Another process may have taken the lease while the fence was put up, and written behind it.
        self.lease.check().await?;
        let left = self.link.headers(self.last + 1..first_of_fence).await?;
        let left: Vec<_> = left
            .iter()
            .filter_map(|(sequence, headers)| {
                let is_last = headers.get(COMMIT).is_some();
                Some((*sequence, InRun::read(headers)?, is_last))
            })
            .collect();
        let epoch = self.lease.epoch;
        if let Some((_, place, _)) = left.iter().find(|(_, place, _)| place.epoch > epoch) {
            let cause = format!("a later lease ({}) has written", place.epoch);
            return Err(Failure::said(Trouble::TakenOver, cause));
        }
        let (run, rest): (Vec<_>, Vec<_>) = left
            .into_iter()
            .partition(|(_, place, _)| place.epoch == epoch && place.run == unsettled.run);
        let first = run.first().map(|(first, ..)| *first);
        let is_whole = run.len() == unsettled.messages
            && (first.unwrap_or_default()..)
                .zip(&run)
                .all(|(expected, (sequence, ..))| expected == *sequence)
            && run.last().is_some_and(|(.., is_last)| *is_last);
        let gone = rest.iter().chain(run.iter().filter(|_| !is_whole));
        let gone: Vec<_> = gone.map(|(sequence, ..)| *sequence).collect();
        self.link.delete_all(gone).await?;
        self.last = fence;
        take_down(&self.link, fence).await;
        Ok(first.filter(|_| is_whole))
    }

    /// Stores a plan, as a whole or not at all.
    ///
    /// Nothing may be unsettled.
    ///
    /// # Errors
    /// [`Failure`] if nobody knows yet what became of it; [`Writer::settle`] finds out.
    pub(super) async fn store(&mut self, mut plan: Plan) -> Result<Ended, Failure> {
        self.run += 1;
        let messages = plan.records.len();
        if messages == 0 {
            return Ok(Ended::Stored(kept_of(plan, self.last + 1)));
        }
        for (index, record) in plan.records.iter_mut().enumerate() {
            let place = InRun {
                epoch: self.lease.epoch,
                run: self.run,
                index: index as u64,
            };
            place.write(&mut record.headers);
            if index + 1 == messages {
                plan.counters.write(&mut record.headers, messages);
            }
        }
        let records = std::mem::take(&mut plan.records);
        let first = self.last + 1;
        match send(&self.link, records, self.last).await {
            Sent::All => {
                self.last += messages as u64;
                Ok(Ended::Stored(kept_of(plan, first)))
            }
            Sent::Some(stored, failure) => {
                if let Err(failure) = self.link.delete_all(first..first + stored).await {
                    self.unsettled = Some(self.unsettled(messages, plan));
                    return Err(failure);
                }
                self.last += stored;
                Ok(Ended::Failed(failure))
            }
            Sent::Unknown(failure) => {
                let unsettled = self.unsettled(messages, plan);
                match self.end_of(unsettled).await? {
                    Ended::Failed(_) => Ok(Ended::Failed(failure)),
                    stored @ Ended::Stored(_) => Ok(stored),
                }
            }
        }
    }

    fn unsettled(&self, messages: usize, plan: Plan) -> Unsettled {
        Unsettled {
            run: self.run,
            messages,
            plan,
        }
    }
}

fn kept_of(plan: Plan, first: u64) -> Kept {
    Kept {
        changes: plan.changes,
        counters: plan.counters,
        first,
    }
}

/// A message that was sent, and whose answer is to come.
struct UnderWay {
    /// The number that it has to get.
    sequence: u64,
    bytes: usize,
    ack: PublishAckFuture,
    /// How long its answer is waited for.
    ///
    /// The future's own time begins when it is first polled: messages that are waited for one after another would have
    /// one such time each, and a server that went away would be noticed after all of them together.
    until: Instant,
}

/// Sends messages that follow one another from `last` on.
async fn send(link: &Link, records: Vec<Record>, last: u64) -> Sent {
    let mut under_way: VecDeque<UnderWay> = VecDeque::new();
    let mut bytes = 0;
    let mut stored = 0;
    let mut failed = None;
    for (record, expected) in records.into_iter().zip(last..) {
        while failed.is_none()
            && (under_way.len() >= WINDOW
                || (bytes > 0 && bytes + record.payload.len() > WINDOW_BYTES))
            && let Some(first) = under_way.pop_front()
        {
            bytes -= first.bytes;
            match answer(first).await {
                Ok(()) => stored += 1,
                Err(refusal) => failed = Some(refusal),
            }
        }
        if failed.is_some() {
            break;
        }
        let size = record.payload.len();
        let message = PublishMessage::build()
            .payload(record.payload)
            .headers(record.headers)
            .expected_last_sequence(expected);
        match link.context.send_publish(record.subject, message).await {
            Ok(ack) => {
                bytes += size;
                under_way.push_back(UnderWay {
                    sequence: expected + 1,
                    bytes: size,
                    ack,
                    until: Instant::now() + link.patience,
                });
            }
            Err(error) => {
                failed = Some(refusal(&error));
                break;
            }
        }
    }
    // Every answer is waited for: what the server has refused for good needs no fence.
    for message in under_way {
        match (answer(message).await, &failed) {
            (Ok(()), None) => stored += 1,
            // The message after one that was refused may fit all the same (see above).
            (Ok(()), Some(_)) => {
                let failure = Failure::said(Trouble::Other, "a message went ahead of another");
                failed = Some(Refusal::Unknown(failure));
            }
            (Err(Refusal::Unknown(failure)), None) => failed = Some(Refusal::Unknown(failure)),
            (Err(Refusal::Definite(failure)), None) => failed = Some(Refusal::Definite(failure)),
            // It may still be on its way, and fit later.
            (Err(Refusal::Unknown(failure)), Some(Refusal::Definite(_)))
                if failure.trouble == Trouble::Unreachable =>
            {
                failed = Some(Refusal::Unknown(failure));
            }
            // Behind a message that is not there no other fits: that answer tells nothing new.
            (Err(_), Some(Refusal::Definite(_) | Refusal::Unknown(_))) => {}
        }
    }
    match failed {
        None => Sent::All,
        Some(Refusal::Definite(failure)) => Sent::Some(stored, failure),
        Some(Refusal::Unknown(failure)) => Sent::Unknown(failure),
    }
}

/// Waits for the server's answer to a message.
async fn answer(message: UnderWay) -> Result<(), Refusal> {
    let unknown = |trouble, cause| Err(Refusal::Unknown(Failure::said(trouble, cause)));
    let sequence = message.sequence;
    match timeout_at(message.until, message.ack.into_future()).await {
        Ok(Ok(ack)) if ack.sequence == sequence && !ack.duplicate => Ok(()),
        Ok(Ok(ack)) => {
            let cause = format!("message {sequence} was stored as {}", ack.sequence);
            unknown(Trouble::Other, cause)
        }
        Ok(Err(error)) => Err(refusal(&error)),
        Err(_) => {
            let cause = format!("no answer came to message {sequence}");
            unknown(Trouble::Unreachable, cause)
        }
    }
}

/// Puts up a fence, and gives the sequence number of its last message.
pub(super) async fn put_up(link: &Link) -> Result<u64, Failure> {
    for _ in 0..FENCES {
        let last = link.last_sequence().await?;
        let fence = Record {
            subject: link.subjects.fence(),
            headers: HeaderMap::new(),
            payload: Bytes::new(),
        };
        match send(link, vec![fence; WINDOW], last).await {
            Sent::All => return Ok(last + WINDOW as u64),
            Sent::Some(_, failure) => return Err(failure),
            Sent::Unknown(failure) if failure.trouble == Trouble::Unreachable => {
                return Err(failure);
            }
            // Another writer's message came in between; it will be refused from now on.
            Sent::Unknown(_) => {}
        }
    }
    Err(Failure::said(
        Trouble::Locked,
        "another writer goes on writing to the stream",
    ))
}

/// Removes the messages of a fence, whose last has this sequence number; their numbers stay taken.
///
/// One by one: a purge of their subject makes the consumers of a 2.9 server pass over what is still in the stream.
async fn take_down(link: &Link, last: u64) {
    let fence = last - WINDOW as u64 + 1..=last;
    if let Err(failure) = link.delete_all(fence).await {
        // They are empty, and the next opening deletes them.
        drop(failure);
    }
}
