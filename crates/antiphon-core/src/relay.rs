//! Commands of a consumer's process to the process that runs the sources.
//!
//! A source that another process runs is asked by [`Remote`], which the app gives to
//! [`Source::elsewhere`](crate::Source::elsewhere). Commands and answers are bytes that the platform's crate alone
//! understands; [`Desk`] is the side that carries them out, by the functions of [`Source::serve`](crate::Source::serve).
//! A backend of the journal brings them there ([`Journal::relay`](crate::Journal::relay)).
//!
//! | limit | what happens at it |
//! | --- | --- |
//! | 60 s for a command, or what the app chose | [`RelayError::TimedOut`]; one that was not begun is never begun later |
//! | 8 MiB of a command | [`RelayError::TooLarge`], before anything is sent |
//! | 64 MiB of an answer | [`RelayError::AnswerTooLarge`]; the command was carried out |
//! | 256 commands under way, or 64 MiB of them, at the process that runs the sources | [`RelayError::Busy`] |
//! | 128 commands under way of one process | [`RelayError::Busy`] |
//!
//! # At most once
//!
//! A command is sent once. When its answer is lost, nobody sends it again, and the error says that it may have been
//! carried out ([`RelayError::may_have_arrived`]).
//!
//! It names the process that it is for, and a time of that process's own clock, after which it is not begun any more: a
//! message that was held up, by a stopped process or a network that was cut, changes nothing when it comes at last.
//! Clocks of different machines are never compared: the asking process learns the other one's time by a message
//! beforehand, and takes the earliest that it can be.

mod desk;

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use bytes::{Bytes, BytesMut};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio::{
    sync::Semaphore,
    time::{Instant, sleep, timeout_at},
};

pub use self::desk::{Desk, Serve};
use crate::{BoxError, BoxFuture, Clock, LinkState, SharedValues, SourceName, read_json};

/// Version of the messages; a process of another version is told so.
const VERSION: u32 = 1;
/// Most bytes of a command.
const MOST_BYTES: usize = 8 << 20;
/// Most bytes of an answer.
const MOST_ANSWER: usize = 64 << 20;
/// Most commands of one process that are under way.
const UNDER_WAY: usize = 128;
/// How long the other process's time may be used that was asked for once: clocks run at slightly different speeds.
const GREETING_AGE: Duration = Duration::from_secs(60);
/// How long an answer is waited for behind the end of a command's time, so that the other side can say what became of it.
const GRACE: Duration = Duration::from_secs(2);
/// How often a client's view of the connection is brought up to date.
const FOLLOW_EVERY: Duration = Duration::from_secs(5);

/// The way to the process that runs the sources: what a backend of the journal offers.
///
/// It carries bytes and knows nothing of their meaning.
pub trait Relay: fmt::Debug + Send + Sync + 'static {
    /// Sends a message to the process that serves, once, and gives its answer; for the process of a consumer.
    ///
    /// `to` is the [nonce](Desk::nonce) of the process that it is for, where that is known: no other one answers it.
    /// Dropping the future may withdraw the message.
    ///
    /// # Errors
    /// - [`RelayError::NobodyServes`] if no process serves now; nothing was sent.
    /// - [`RelayError::TimedOut`] if no answer came `within` this time, and [`RelayError::Lost`] if none can come any
    ///   more.
    /// - [`RelayError::Unreachable`] if the way itself is gone; nothing was sent.
    fn send<'a>(
        &'a self,
        to: Option<&'a str>,
        message: Bytes,
        within: Duration,
    ) -> BoxFuture<'a, Result<Bytes, RelayError>>;

    /// Answers messages by [`Desk::answer`] until it is dropped; for the process that runs the sources.
    ///
    /// One desk is served at a time; another one of this process waits for its turn. It returns only if it can never
    /// serve, with the reason.
    fn serve(&self, desk: Arc<Desk>) -> BoxFuture<'_, BoxError>;
}

/// A command did not reach the source that it was for, or its answer did not come back.
///
/// What the source itself answers, such as a refusal of the platform, is the platform's own error.
///
/// ```
/// use antiphon_core::RelayError;
///
/// assert!(RelayError::NobodyServes.is_transient() && !RelayError::NobodyServes.may_have_arrived());
/// assert!(RelayError::Lost.may_have_arrived());
/// assert!(!RelayError::NoSuchSource.is_transient());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum RelayError {
    /// No process runs the sources at the moment; nothing was done.
    #[error("no process runs the source at the moment")]
    NobodyServes,
    /// The process that runs the sources has none of this name; nothing was done.
    #[error("the process that runs the sources has none of this name")]
    NoSuchSource,
    /// The other process cannot be reached; nothing was done.
    #[error("the process that runs the source cannot be reached: {0}")]
    Unreachable(String),
    /// Too many commands are under way, or too many bytes of them; nothing was done.
    #[error("too many commands are under way to the process that runs the source")]
    Busy,
    /// The command is too large; nothing was done.
    #[error("the command has {bytes} bytes, and may have {most}")]
    TooLarge {
        /// Its length.
        bytes: usize,
        /// What it may have.
        most: usize,
    },
    /// The two processes have different versions and do not understand each other; nothing was done.
    #[error("the process that runs the source has another version and does not know this command")]
    Unknown,
    /// The command came too late to be begun; nothing was done, and nothing will be.
    #[error("the command did not reach the process that runs the source in time")]
    Expired,
    /// No answer came in time; the command may have been carried out.
    #[error("the process that runs the source did not answer within {} seconds", .0.as_secs_f32())]
    TimedOut(Duration),
    /// The other process ended, or the way to it broke, before it answered; the command may have been carried out.
    #[error("the process that runs the source was lost before it answered")]
    Lost,
    /// The answer is too large to be sent; the command was carried out.
    #[error("the answer of the process that runs the source is larger than can be sent")]
    AnswerTooLarge,
}

impl RelayError {
    /// Whether the same call could succeed later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::NobodyServes
            | Self::Unreachable(_)
            | Self::Busy
            | Self::Expired
            | Self::TimedOut(_)
            | Self::Lost => true,
            Self::NoSuchSource | Self::TooLarge { .. } | Self::Unknown | Self::AnswerTooLarge => {
                false
            }
        }
    }

    /// Whether the command may have been carried out.
    ///
    /// A call that must not be made twice is not to be repeated then before somebody has looked.
    pub fn may_have_arrived(&self) -> bool {
        matches!(self, Self::TimedOut(_) | Self::Lost | Self::AnswerTooLarge)
    }
}

/// The cause of an error that another process had, by its words.
///
/// ```
/// use antiphon_core::RemoteCause;
///
/// let cause = RemoteCause::new("the connection broke: end of file", true);
/// assert!(cause.may_have_arrived());
/// assert_eq!(cause.to_string(), "the connection broke: end of file");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct RemoteCause {
    message: String,
    may_have_arrived: bool,
}

impl RemoteCause {
    /// The words of a cause, and whether the request may have reached the platform before it.
    pub fn new(message: impl Into<String>, may_have_arrived: bool) -> Self {
        Self {
            message: message.into(),
            may_have_arrived,
        }
    }

    /// Whether the request may have reached the platform.
    pub fn may_have_arrived(&self) -> bool {
        self.may_have_arrived
    }
}

/// The source of a client that another process runs.
///
/// Clones ask the same process. docs/scale-out.md says what a bot has of it.
#[derive(Clone)]
pub struct Remote {
    source: SourceName,
    within: Duration,
    asker: Arc<Asker>,
    values: Option<Arc<dyn SharedValues>>,
}

impl Remote {
    /// Time that a command has by default, from the call to its answer.
    pub const WITHIN: Duration = Duration::from_secs(60);

    /// The way to one source, and the time that each command has.
    pub fn new(relay: Arc<dyn Relay>, source: SourceName, within: Duration) -> Self {
        let asker = Arc::new(Asker {
            relay,
            greeted: Mutex::default(),
            under_way: Semaphore::new(UNDER_WAY),
        });
        Self {
            source,
            within,
            asker,
            values: None,
        }
    }

    /// Adds the values that the processes share.
    #[must_use]
    pub fn values(mut self, values: Option<Arc<dyn SharedValues>>) -> Self {
        self.values = values;
        self
    }

    /// The values that the processes share, where the journal has any.
    pub fn shared(&self) -> Option<&Arc<dyn SharedValues>> {
        self.values.as_ref()
    }

    /// The same way to another source: both share the limits of this process.
    #[must_use]
    pub fn to(&self, source: SourceName) -> Self {
        Self {
            source,
            ..self.clone()
        }
    }

    /// Name of the source.
    pub fn source(&self) -> &SourceName {
        &self.source
    }

    /// Has a command carried out by the source, at most once, and gives its answer.
    ///
    /// # Errors
    /// [`RelayError`].
    pub async fn ask(&self, command: Bytes) -> Result<Bytes, RelayError> {
        let by = Instant::now() + self.within;
        self.asker.ask(self, command, by).await
    }

    /// Has a command carried out that is encoded as JSON, and gives what [`Remote::answer`] was given at the other side.
    ///
    /// # Errors
    /// [`RelayError`]; [`RelayError::Lost`] for an answer that cannot be read, after the command was carried out.
    pub async fn call<T: DeserializeOwned>(
        &self,
        command: &impl Serialize,
    ) -> Result<(T, Bytes), RelayError> {
        let command = serde_json::to_vec(command).map_err(|_| RelayError::Unknown)?;
        let answer = self.ask(command.into()).await?;
        parts(PLAIN, answer).ok_or(RelayError::Lost)
    }

    /// Asks again and again, at intervals of 5 s, and shows each answer; for what a client shows of the connection.
    ///
    /// [`RelayError::NobodyServes`] and its like come as they are, and the next answer is asked for all the same.
    pub async fn follow<T: DeserializeOwned>(
        &self,
        command: &impl Serialize,
        mut show: impl FnMut(Result<T, RelayError>),
    ) {
        loop {
            show(self.call(command).await.map(|(answer, _)| answer));
            sleep(FOLLOW_EVERY).await;
        }
    }

    /// The state of a link that cannot be learnt from the other process, which is asked again soon.
    pub fn unknown_link(clock: Clock, error: &RelayError) -> LinkState {
        let now = clock.now();
        LinkState::Waiting {
            until: now.saturating_add(FOLLOW_EVERY).unwrap_or(now),
            reason: error.to_string(),
        }
    }

    /// Encodes an answer for [`Remote::call`]: a value as JSON, and bytes as they are.
    pub fn answer(value: &impl Serialize, bytes: &[u8]) -> Bytes {
        message(PLAIN, value, bytes)
    }

    /// Reads a command that [`Remote::call`] has encoded.
    ///
    /// # Errors
    /// [`RelayError::Unknown`].
    pub fn read<T: DeserializeOwned>(command: &[u8]) -> Result<T, RelayError> {
        read_json(command).map_err(|_| RelayError::Unknown)
    }
}

impl fmt::Debug for Remote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Remote")
            .field("source", &self.source)
            .field("within", &self.within)
            .finish_non_exhaustive()
    }
}

/// The asking side of a process.
struct Asker {
    relay: Arc<dyn Relay>,
    /// The other process, as it was heard of last.
    greeted: Mutex<Option<Greeted>>,
    under_way: Semaphore,
}

/// A process that serves, and its time.
#[derive(Clone, Debug)]
struct Greeted {
    greeting: Greeting,
    /// When its answer came: its time was the greeting's then, or later.
    at: Instant,
}

impl Greeted {
    /// The latest time of the other process's clock at which it is certainly not later than `by` here.
    fn until(&self, by: Instant) -> u64 {
        let ahead = by.saturating_duration_since(self.at);
        self.greeting.now + u64::try_from(ahead.as_millis()).unwrap_or(u64::MAX >> 1)
    }
}

impl Asker {
    async fn ask(&self, to: &Remote, body: Bytes, by: Instant) -> Result<Bytes, RelayError> {
        if body.len() > MOST_BYTES {
            return Err(RelayError::TooLarge {
                bytes: body.len(),
                most: MOST_BYTES,
            });
        }
        let _under_way = self.under_way.try_acquire().map_err(|_| RelayError::Busy)?;
        // Another process may have taken the sources over since it was heard of; it then does not begin the command.
        for _ in 0..2 {
            let greeted = self.greeted(to.within, by).await?;
            let head = CommandHead {
                version: VERSION,
                to: greeted.greeting.nonce.clone(),
                until: greeted.until(by),
                source: to.source.as_str().to_owned(),
            };
            let message = message(COMMAND, &head, &body);
            let left = by.saturating_duration_since(Instant::now()) + GRACE;
            let nonce = greeted.greeting.nonce.as_str();
            let sent = self.relay.send(Some(nonce), message, left);
            let sent = timeout_at(by + GRACE, sent).await;
            let (outcome, body) = match sent.unwrap_or(Err(RelayError::TimedOut(to.within))) {
                // The process that was greeted is gone, and perhaps there is another one.
                Err(RelayError::NobodyServes) => (Outcome::Other, Bytes::new()),
                Err(error) => (Outcome::Failed(error), Bytes::new()),
                // Whoever answers something else has carried out an unknown part of the command.
                Ok(answer) => parts(ANSWER, answer).ok_or(RelayError::Lost)?,
            };
            match outcome {
                Outcome::Done => return Ok(body),
                Outcome::Failed(RelayError::TimedOut(_)) => {
                    return Err(RelayError::TimedOut(to.within));
                }
                Outcome::Failed(error) => return Err(error),
                Outcome::Other => {
                    let mut greeted = self.greeted.lock().unwrap_or_else(PoisonError::into_inner);
                    *greeted = None;
                }
            }
        }
        Err(RelayError::NobodyServes)
    }

    /// The process that serves now, and its time.
    async fn greeted(&self, within: Duration, by: Instant) -> Result<Greeted, RelayError> {
        {
            let greeted = self.greeted.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(greeted) = greeted
                .as_ref()
                .filter(|one| one.at.elapsed() < GREETING_AGE)
            {
                return Ok(greeted.clone());
            }
        }
        let left = by.saturating_duration_since(Instant::now());
        let hello = Bytes::from_static(&[HELLO]);
        let answer = timeout_at(by, self.relay.send(None, hello, left)).await;
        // Nothing but a greeting was sent.
        let answer = match answer.unwrap_or(Err(RelayError::Expired)) {
            Err(RelayError::TimedOut(_)) => return Err(RelayError::Expired),
            Err(RelayError::Lost) => return Err(RelayError::NobodyServes),
            answer => answer?,
        };
        let at = Instant::now();
        let greeting: Greeting = read_json(&answer).map_err(|_| RelayError::Unknown)?;
        if greeting.version != VERSION {
            return Err(RelayError::Unknown);
        }
        tracing::debug!(
            ?within,
            nonce = greeting.nonce,
            "the process with the sources answers"
        );
        let greeted = Greeted { greeting, at };
        let mut known = self.greeted.lock().unwrap_or_else(PoisonError::into_inner);
        *known = Some(greeted.clone());
        Ok(greeted)
    }
}

/// First byte of a message that asks who serves.
const HELLO: u8 = b'h';
/// First byte of a message with a command.
const COMMAND: u8 = b'c';
/// First byte of the answer to a command.
const ANSWER: u8 = b'a';
/// First byte of what a source answers.
const PLAIN: u8 = b'p';

/// The process that serves.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Greeting {
    version: u32,
    /// Tells it from every other process and from its own last start.
    nonce: String,
    /// Milliseconds of its clock.
    now: u64,
}

/// The head of a command; its body stands behind it.
#[derive(Debug, Serialize, Deserialize)]
struct CommandHead {
    version: u32,
    /// The greeting's nonce.
    to: String,
    /// The time of the serving process's clock at which the command has to be done.
    until: u64,
    source: String,
}

/// The head of an answer; what the source answered stands behind it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Outcome {
    Done,
    /// The command is for another process, and was not begun.
    Other,
    Failed(RelayError),
}

/// A message: its kind, its head as a line of JSON, its body.
fn message(kind: u8, head: &impl Serialize, body: &[u8]) -> Bytes {
    let head = serde_json::to_vec(head).expect("a head is plain data");
    let mut message = BytesMut::with_capacity(head.len() + body.len() + 2);
    message.extend_from_slice(&[kind]);
    message.extend_from_slice(&head);
    message.extend_from_slice(b"\n");
    message.extend_from_slice(body);
    message.freeze()
}

/// Takes a message of a kind apart; `None` for anything else.
fn parts<T: DeserializeOwned>(kind: u8, mut message: Bytes) -> Option<(T, Bytes)> {
    if message.first() != Some(&kind) {
        return None;
    }
    let _ = message.split_to(1);
    let end = message.iter().position(|byte| *byte == b'\n')?;
    let head = message.split_to(end);
    let _ = message.split_to(1);
    Some((read_json(&head).ok()?, message))
}

#[cfg(test)]
mod tests;
