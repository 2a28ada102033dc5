//! Many messages that follow one another in the stream, read by one request instead of one each.
//!
//! A reader is a consumer of the server's, which begins at a sequence number and goes on behind what it gave last. The
//! journal keeps the newest one, so that a replay has one reader for all of its pages. It only saves time: what it does
//! not bring, because it is gone or because the server that had it is, is asked for one by one.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use async_nats::{
    HeaderMap,
    jetstream::consumer::{AckPolicy, Consumer, DeliverPolicy, pull::Config},
};
use bytes::Bytes;
use futures_util::StreamExt;
use tokio::time::timeout;

use super::server::Link;

/// Fewest messages for which a reader is worth its requests.
const FEWEST: usize = 32;
/// Most sequence numbers between two messages of a stretch, and between its reader and its first message.
const GAP: u64 = 256;
/// How long the server keeps a reader that nobody asks.
const INACTIVE: Duration = Duration::from_secs(10);

/// A consumer of the server's that has given all messages before `next`.
#[derive(Debug)]
struct Reader {
    consumer: Consumer<Config>,
    next: u64,
}

/// The reader of the last stretch.
#[derive(Debug, Default)]
pub(super) struct Readers {
    last: Mutex<Option<Reader>>,
}

/// Messages by their sequence numbers.
pub(super) type Messages = HashMap<u64, (HeaderMap, Bytes)>;

impl Readers {
    /// The events among these messages that stand close together, as far as they can be read at once.
    pub(super) async fn read(&self, link: &Link, sequences: &[u64]) -> Messages {
        let mut messages = Messages::new();
        let stretch = stretch(sequences);
        let (Some(first), Some(last)) = (stretch.first(), stretch.last()) else {
            return messages;
        };
        let Some(mut reader) = self.reader(link, *first).await else {
            return messages;
        };
        while reader.next <= *last {
            let before = reader.next;
            let missing = stretch.partition_point(|sequence| *sequence < before);
            let missing = &stretch[missing..];
            let is_whole = reader.take(missing, link.patience, &mut messages).await;
            if !is_whole || reader.next == before {
                // It may be gone, or count messages that are: the next page makes another one.
                return messages;
            }
        }
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(reader);
        messages
    }

    /// A reader that stands at this message or a little before it.
    async fn reader(&self, link: &Link, first: u64) -> Option<Reader> {
        let last = self
            .last
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(reader) = last {
            if (reader.next..=reader.next + GAP).contains(&first) {
                return Some(reader);
            }
            let name = &reader.consumer.cached_info().name;
            // The server forgets it by itself where this fails.
            drop(link.stream.delete_consumer(name).await);
        }
        let config = Config {
            deliver_policy: DeliverPolicy::ByStartSequence {
                start_sequence: first,
            },
            filter_subject: link.subjects.events(),
            ack_policy: AckPolicy::None,
            inactive_threshold: INACTIVE,
            memory_storage: true,
            num_replicas: 1,
            ..Config::default()
        };
        let consumer = link.stream.create_consumer(config).await.ok()?;
        Some(Reader {
            consumer,
            next: first,
        })
    }
}

impl Reader {
    /// Asks for as many messages as these, and takes in those that are among them; `false` if the server did not answer
    /// to the end.
    async fn take(&mut self, wanted: &[u64], patience: Duration, messages: &mut Messages) -> bool {
        // It does not wait for messages that are not there.
        let fetched = self.consumer.fetch().max_messages(wanted.len()).messages();
        let fetched = fetched.await;
        let Ok(mut fetched) = fetched else {
            return false;
        };
        loop {
            let message = match timeout(patience, fetched.next()).await {
                Ok(Some(Ok(message))) => message,
                Ok(None) => return true,
                Ok(Some(Err(_))) | Err(_) => return false,
            };
            let Ok(info) = message.info() else {
                return false;
            };
            let sequence = info.stream_sequence;
            self.next = sequence + 1;
            // Another one may have only its end here.
            if wanted.binary_search(&sequence).is_ok() {
                let message = message.message;
                let headers = message.headers.unwrap_or_default();
                messages.insert(sequence, (headers, message.payload));
            }
        }
    }
}

/// The first of these messages that stand close together, in order; none if they are few.
fn stretch(sequences: &[u64]) -> Vec<u64> {
    let mut sorted = sequences.to_vec();
    sorted.sort_unstable();
    let end = sorted
        .windows(2)
        .position(|pair| pair[1] - pair[0] > GAP)
        .map_or(sorted.len(), |last| last + 1);
    sorted.truncate(end);
    if sorted.len() < FEWEST {
        sorted.clear();
    }
    sorted
}

#[cfg(test)]
mod tests {
    use super::{FEWEST, GAP, stretch};

    #[test]
    fn a_stretch_ends_where_the_next_message_is_far_and_is_not_short() {
        let many: Vec<u64> = (100..200).collect();
        assert_eq!(stretch(&many), many);
        // Events that were written anew stand behind all others.
        let mut with_late = many.clone();
        with_late.insert(3, 200 + GAP);
        assert_eq!(stretch(&with_late), many);
        assert_eq!(stretch(&many[..FEWEST - 1]), Vec::<u64>::new());
        assert_eq!(stretch(&[]), Vec::<u64>::new());
    }
}
