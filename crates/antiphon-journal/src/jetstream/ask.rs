//! What the processes of consumers ask the one that appends, and its answers.
//!
//! A stream has one writer, so that its messages can be under way together. What a consumer keeps is therefore sent to
//! that process, as a request beside the stream, and stored by it in one run like a batch of its own. Who has a consumer
//! stands in the stream too: the process that appends refuses what comes under an earlier lease, so that a holder that
//! was replaced, and does not know it yet, acknowledges nothing.
//!
//! A request that is larger than a message comes in parts. A process that was itself replaced gives no answer: its
//! successor hears the same request.

use std::{sync::Arc, time::Duration};

use antiphon_core::{
    Batch, ConsumerName, Cursor, DeadLetterChange, DeadLetterId, Position, Saved, Trouble,
};
use async_nats::{Request, Subscriber};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use serde::{Deserialize, Serialize};
use tokio::{
    sync::{mpsc, oneshot},
    time::{Instant, sleep},
};

use super::{
    appender::{Command, Kept, Leases},
    format::{StateValue, dead_value, read_dead},
    parts::{MOST, Parts, Sender},
    server::{Failure, Link},
};

/// How long the answer to a request for a consumer is waited for until it is asked for again.
const CLAIM_AGAIN: Duration = Duration::from_secs(1);
/// Pause before that.
const PAUSE: Duration = Duration::from_millis(100);

/// What is asked for; bytes stand behind it, in the order in which they are named.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Ask {
    /// Gives a consumer to the holder of this lease.
    Claim { consumer: String, epoch: u64 },
    /// Stores what consumers keep.
    Keep {
        leases: Vec<(String, u64)>,
        cursors: Vec<(String, Cursor)>,
        /// Consumers whose cursors are removed; absent in the requests of a version without workers.
        #[serde(default)]
        forgotten: Vec<String>,
        dead: Vec<Dead>,
        /// Name, position and length.
        projections: Vec<(String, u64, usize)>,
    },
    /// Removes a consumer, by its own name and those of its cursors.
    Forget {
        consumer: String,
        cursors: Vec<String>,
        leases: Vec<(String, u64)>,
    },
}

/// A change of a dead letter.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Dead {
    /// The length of the letter.
    Bury(usize),
    Replay(u64),
    Drop(u64),
}

/// The answer to a request.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Answer {
    /// Sequence number of the message up to which the stream has to be read to know of it.
    stored: Option<u64>,
    trouble: Option<String>,
    cause: Option<String>,
}

/// The troubles that an answer can name; every other one is [`Trouble::Other`].
const TROUBLES: [(&str, Trouble); 5] = [
    ("full", Trouble::Full),
    ("read-only", Trouble::ReadOnly),
    ("locked", Trouble::Locked),
    ("unreachable", Trouble::Unreachable),
    ("taken-over", Trouble::TakenOver),
];

impl Answer {
    fn failed(failure: &Failure) -> Self {
        let word = TROUBLES
            .iter()
            .find(|(_, trouble)| *trouble == failure.trouble);
        Self {
            stored: None,
            trouble: Some(word.map_or("other", |(word, _)| word).into()),
            cause: failure.text().map(Into::into),
        }
    }

    fn read(payload: &[u8]) -> Result<u64, Failure> {
        let answer: Self = serde_json::from_slice(payload)
            .map_err(|error| Failure::said(Trouble::Other, error))?;
        if let Some(stored) = answer.stored {
            return Ok(stored);
        }
        let word = answer.trouble.unwrap_or_default();
        let trouble = TROUBLES.iter().find(|(of, _)| *of == word);
        let trouble = trouble.map_or(Trouble::Other, |(_, trouble)| *trouble);
        Err(match answer.cause {
            Some(cause) => Failure::said(trouble, cause),
            None => Failure::new(trouble),
        })
    }
}

/// Asks the process that appends.
#[derive(Debug)]
pub(super) struct Asker {
    link: Arc<Link>,
    sender: Sender,
}

impl Asker {
    pub(super) fn new(link: Arc<Link>) -> Self {
        Self {
            link,
            sender: Sender::new(),
        }
    }

    /// Asks for a consumer under this lease; gives the message up to which the stream has to be read.
    ///
    /// It asks again and again within the link's patience: a process that is stopped or cut off takes a request in and
    /// never answers, while its successor knows nothing of it. A claim that is asked for twice is stored once.
    pub(super) async fn claim(&self, consumer: &ConsumerName, epoch: u64) -> Result<u64, Failure> {
        let consumer = consumer.as_str().into();
        let ask = StateValue::new(&Ask::Claim { consumer, epoch }, Bytes::new());
        let until = Instant::now() + self.link.patience;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self.ask(&ask, left.min(CLAIM_AGAIN)).await {
                Err(failure) if failure.trouble == Trouble::Unreachable && left > CLAIM_AGAIN => {
                    // Where nobody serves, the server says so at once.
                    sleep(PAUSE).await;
                }
                asked => return asked,
            }
        }
    }

    /// Has a batch stored that a consumer may store.
    pub(super) async fn keep(&self, batch: &Batch, leases: &Leases) -> Result<u64, Failure> {
        // Asked for twice it would be written twice, by a process that may be late because it has so much to write.
        self.ask(&encoded(batch, leases), self.link.patience).await
    }

    /// Has a consumer removed that this process has under these leases.
    pub(super) async fn forget(
        &self,
        consumer: &ConsumerName,
        cursors: &[ConsumerName],
        leases: &Leases,
    ) -> Result<u64, Failure> {
        let ask = Ask::Forget {
            consumer: consumer.as_str().into(),
            cursors: cursors.iter().map(|name| name.as_str().into()).collect(),
            leases: written(leases),
        };
        let ask = StateValue::new(&ask, Bytes::new());
        self.ask(&ask, self.link.patience).await
    }

    async fn ask(&self, ask: &StateValue, patience: Duration) -> Result<u64, Failure> {
        let payload = ask.whole();
        if payload.len() > MOST {
            let cause = format!(
                "what is to be stored has {} bytes, and may have {MOST}",
                payload.len()
            );
            return Err(Failure::said(Trouble::Other, cause));
        }
        let subject = self.link.subjects.asks();
        let rest = self.sender.send_all_but_last(&self.link, &subject, payload);
        let (headers, payload) = rest.await?;
        let request = Request::new()
            .headers(headers)
            .payload(payload)
            .timeout(Some(patience));
        let answer = self.link.client.send_request(subject, request).await;
        let answer = answer.map_err(|error| {
            let cause = format!("no process that appends to the journal has answered: {error}");
            Failure::said(Trouble::Unreachable, cause)
        })?;
        Answer::read(&answer.payload)
    }
}

/// Leases as a request has them.
fn written(leases: &Leases) -> Vec<(String, u64)> {
    let leases = leases.iter();
    leases
        .map(|(consumer, epoch)| (consumer.as_str().into(), *epoch))
        .collect()
}

/// Leases of a request.
fn read(leases: Vec<(String, u64)>) -> Leases {
    let leases = leases.into_iter();
    leases
        .map(|(consumer, epoch)| (consumer.into(), epoch))
        .collect()
}

fn encoded(batch: &Batch, leases: &Leases) -> StateValue {
    let mut bytes = BytesMut::new();
    let dead = batch.dead.iter().filter_map(|change| match change {
        DeadLetterChange::Bury(letter) => {
            // The journal gives it a number.
            let letter = dead_value(letter).whole();
            bytes.extend_from_slice(&letter);
            Some(Dead::Bury(letter.len()))
        }
        DeadLetterChange::Replay(id) => Some(Dead::Replay(id.0)),
        DeadLetterChange::Drop(id) => Some(Dead::Drop(id.0)),
        _ => None,
    });
    let dead = dead.collect();
    let projections = batch.projections.iter().map(|(name, saved)| {
        bytes.extend_from_slice(&saved.state);
        (name.clone(), saved.position.get(), saved.state.len())
    });
    let projections = projections.collect();
    let ask = Ask::Keep {
        leases: written(leases),
        cursors: batch
            .cursors
            .iter()
            .map(|(consumer, cursor)| (consumer.as_str().into(), cursor.clone()))
            .collect(),
        forgotten: batch
            .forgotten
            .iter()
            .map(|consumer| consumer.as_str().into())
            .collect(),
        dead,
        projections,
    };
    StateValue::new(&ask, bytes.freeze())
}

fn decoded(
    cursors: Vec<(String, Cursor)>,
    forgotten: Vec<String>,
    dead: Vec<Dead>,
    projections: Vec<(String, u64, usize)>,
    mut bytes: Bytes,
) -> Result<Batch, Failure> {
    let cut = || Failure::said(Trouble::Other, "a request is cut short");
    let mut take = |length: usize| {
        if length > bytes.len() {
            return Err(cut());
        }
        Ok(bytes.split_to(length))
    };
    let dead = dead.into_iter().map(|change| {
        Ok(match change {
            Dead::Bury(length) => {
                let letter = read_dead(0, &StateValue::read(take(length)?));
                let letter = letter.map_err(|error| Failure::said(Trouble::Other, error))?;
                DeadLetterChange::Bury(Box::new(letter))
            }
            Dead::Replay(id) => DeadLetterChange::Replay(DeadLetterId(id)),
            Dead::Drop(id) => DeadLetterChange::Drop(DeadLetterId(id)),
        })
    });
    let dead: Vec<_> = dead.collect::<Result<_, Failure>>()?;
    let projections = projections.into_iter().map(|(name, position, length)| {
        let saved = Saved {
            position: Position::new(position),
            state: take(length)?.to_vec(),
        };
        Ok((name, saved))
    });
    let projections = projections.collect::<Result<_, Failure>>()?;
    Ok(Batch {
        cursors: cursors
            .into_iter()
            .map(|(consumer, cursor)| (consumer.into(), cursor))
            .collect(),
        forgotten: forgotten.into_iter().map(ConsumerName::from).collect(),
        dead,
        projections,
        ..Batch::default()
    })
}

/// Answers requests until the appender is gone.
pub(super) async fn serve(
    link: Arc<Link>,
    mut requests: Subscriber,
    commands: mpsc::Sender<Command>,
) {
    let mut parts = Parts::default();
    while let Some(message) = requests.next().await {
        let (Some(request), Some(reply)) = (parts.put(&message), message.reply) else {
            continue;
        };
        let answer = match request {
            Ok(request) => carry_out(request, &commands).await,
            Err(failure) => Err(failure),
        };
        let answer = match answer {
            Ok(Kept::Stored(stored)) => Answer {
                stored: Some(stored),
                ..Answer::default()
            },
            // Another process appends, and hears the same request.
            Err(failure) if !failure.trouble.is_transient() => continue,
            Ok(Kept::Refused(failure)) | Err(failure) => Answer::failed(&failure),
        };
        let answer = serde_json::to_vec(&answer).expect("plain data");
        // Whoever asked asks again where no answer comes.
        drop(link.client.publish(reply, answer.into()).await);
    }
}

async fn carry_out(request: Bytes, commands: &mpsc::Sender<Command>) -> Result<Kept, Failure> {
    let request = StateValue::read(request);
    let ask: Ask = request
        .line()
        .map_err(|error| Failure::said(Trouble::Other, error))?;
    let (done, answer) = oneshot::channel();
    let command = match ask {
        Ask::Claim { consumer, epoch } => Command::Claim(consumer.into(), epoch, done),
        Ask::Keep {
            leases,
            cursors,
            forgotten,
            dead,
            projections,
        } => {
            let batch = decoded(
                cursors,
                forgotten,
                dead,
                projections,
                request.bytes().clone(),
            )?;
            Command::Keep(batch, read(leases), done)
        }
        Ask::Forget {
            consumer,
            cursors,
            leases,
        } => {
            let cursors = cursors.into_iter().map(ConsumerName::from).collect();
            Command::Forget(consumer.into(), cursors, Some(read(leases)), done)
        }
    };
    let closed = || Failure::new(Trouble::Closed);
    commands.send(command).await.map_err(|_| closed())?;
    answer.await.map_err(|_| closed())?
}
