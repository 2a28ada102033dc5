//! The journal on NATS JetStream: one stream for each journal, kept by one server or by a cluster.
//!
//! | file | has |
//! | --- | --- |
//! | `options` | options, and why a journal could not be opened |
//! | `server` | the connection, the stream's configuration, the server's answers as the journal's |
//! | `format` | what the messages look like |
//! | `lease` | the key that says who appends |
//! | `run` | messages that are stored together or not at all, and the fence |
//! | `open` | the pass over the stream at the beginning |
//! | `index` | what the appender remembers of the stream |
//! | `appender` | the one task that writes: batches, sweeps, states |
//! | `erase` | a person is erased, in slices |
//! | `ask` | what processes of consumers ask the one that appends |
//! | `parts` | requests that are larger than a message |
//! | `relay` | commands of consumers' processes to the one that runs the sources |
//! | `shared` | values that processes share |
//! | `follow` | what such a process knows of the stream |
//! | `stretch` | many events that stand close together, read by one request |
//! | `inspect` | events by a filter, consumers, names and sizes, for programs that look into a journal |
//! | `texts` | names of events by number |
//! | `transfer` | a journal on its way into another one, and from one |
//! | `health` | what servers say of themselves and of a journal |
//!
//! A batch becomes a *run* of messages: its states first, then its events, each message with the number that it has to
//! follow. The last of them ends the run, and only then does the run count. Positions are given by the appender and stand
//! in headers: they follow one another without the stream's holes.
//!
//! Invariants:
//! - One run is under way at a time, and nothing is written while it is not known what became of the last one.
//! - A message is deleted only once a later run is stored, so that the last run can always be checked.
//! - The index changes only when a run is stored.
//! - The future of a call may be dropped at any point: the appender finishes what it has begun.

use std::{
    collections::HashMap,
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use antiphon_core::{
    AppendError, Appended, Batch, BoxFuture, Checkpoint, Claim, ClaimError, ConsumerName, Cursor,
    DeadLetter, DeadLetterId, Erased, Event, Journal, Person, Position, ReadError, Relay,
    Retention, Role, Saved, SharedValues, SourceName, Sweep, Trouble,
};
use async_nats::jetstream::kv;
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use tokio::{
    sync::{mpsc, oneshot, watch},
    task::JoinSet,
    time::{Instant, timeout},
};

use crate::{PAGE_BYTES, claims::Claims};
use appender::{Appender, Command, Kept, Trash, empty_trash};
use ask::Asker;
use follow::Follower;
use format::{
    CheckpointLine, ProjectionLine, StateName, StateValue, consumer_key, read_dead, read_event,
};
use index::{Head, Index, Stored};
use inspect::Letters;
use lease::{APPENDER, Lasting, Lease, NotTaken};
use relay::Requests;
use run::{Writer, put_up};
use server::{Failure, GETS, Link};
use shared::Values;
use stretch::Readers;

mod appender;
mod ask;
mod erase;
mod follow;
mod format;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzz;
mod health;
mod index;
mod inspect;
mod lease;
mod open;
mod options;
mod parts;
mod relay;
mod run;
mod server;
mod shared;
mod stretch;
mod texts;
mod transfer;

pub use health::{JetStreamPeer, JetStreamServer, JetStreamStream};
pub use options::{JetStreamOpenError, JetStreamOptions};

/// Calls that wait for the appender; further ones wait for room.
const WAITING: usize = 64;
/// Pause before the process that appends is asked for a consumer again.
const CLAIM_AGAIN: Duration = Duration::from_millis(200);

/// A journal in a stream of NATS JetStream.
///
/// One process appends, and holds a lease for it; the server refuses whatever another one sends. A process that takes
/// over reads the headers of the whole stream first. Others may have consumers ([`Self::for_consumers`]), each under a
/// lease of its own. docs/scale-out.md says what the messages look like, which servers it
/// was tried with, and what is lost when what dies.
///
/// It connects by `nats://` or `tls://` addresses, separated by commas, with login and password in them where the server
/// asks for any. While the server cannot be reached, appends and reads fail with [`Trouble::Unreachable`], which is
/// transient; the connection comes back by itself.
///
/// Dropping it without [`Journal::close`] loses nothing; another process then has to wait for the end of the lease.
///
/// ```no_run
/// use antiphon_core::{Journal, Position};
/// use antiphon_journal::{JetStreamJournal, JetStreamOptions};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let options = JetStreamOptions::new("choir");
/// let journal = JetStreamJournal::open("nats://127.0.0.1:4222", options).await?;
/// assert!(journal.read(Position::ZERO, 100).await?.is_empty());
/// journal.close().await?;
/// # Ok(())
/// # }
/// ```
pub struct JetStreamJournal {
    shared: Arc<Shared>,
    writer: Writing,
    bucket: kv::Store,
    lease: Duration,
    wait: Duration,
    claims: Claims<Holder>,
    /// The way of commands to the process that appends.
    requests: Arc<Requests>,
    /// What processes share.
    values: Arc<Values>,
    lasting: Lasting,
    /// The renewal of the leases of consumers; each ends once its lease is given up.
    leases: Mutex<JoinSet<()>>,
    /// Ends with the journal: the appender, the renewal of its lease, the deletion of messages, and who follows the stream.
    _tasks: JoinSet<()>,
}

/// How a journal stores something.
enum Writing {
    /// This process appends.
    Ingester(mpsc::Sender<Command>),
    /// It asks the one that appends, and follows the stream to see what became of it.
    Beside {
        asker: Asker,
        seen: watch::Receiver<u64>,
    },
}

/// A consumer that this process has.
#[derive(Debug)]
struct Holder {
    epoch: u64,
    /// Gives the lease up when it is dropped.
    _given_up: oneshot::Sender<()>,
}

/// What calls and tasks share.
struct Shared {
    link: Arc<Link>,
    role: Role,
    index: Mutex<Index>,
    last: watch::Sender<Position>,
    replays: watch::Sender<u64>,
    /// Why nothing can be stored any more.
    lost: watch::Sender<Option<Failure>>,
    closed: AtomicBool,
    trash: mpsc::UnboundedSender<Trash>,
    readers: Readers,
    letters: Letters,
    swept: transfer::Swept,
    /// The last message that was taken in, where another process appends.
    taken: watch::Sender<u64>,
    max_events: usize,
    /// The stream's own limit of bytes.
    stream_bytes: Option<u64>,
}

impl fmt::Debug for JetStreamJournal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JetStreamJournal")
            .field("stream", &self.shared.link.stream.cached_info().config.name)
            .field("last", &*self.shared.last.borrow())
            .finish_non_exhaustive()
    }
}

impl Shared {
    fn index(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that nothing can be stored any more; the first reason counts.
    fn lose(&self, failure: Failure) {
        self.lost.send_if_modified(|lost| {
            let is_first = lost.is_none();
            lost.get_or_insert(failure);
            is_first
        });
    }

    /// Leaves messages to be deleted.
    fn discard(&self, messages: Vec<u64>) {
        if !messages.is_empty() {
            // Without the task the journal is ending, and the next opening finds them again.
            let _ = self.trash.send(Trash::Messages(messages));
        }
    }

    fn check_open(&self) -> Result<(), Failure> {
        if self.closed.load(Ordering::Acquire) {
            return Err(Failure::new(Trouble::Closed));
        }
        Ok(())
    }

    /// An event of this position.
    async fn event(&self, position: u64) -> Result<Option<Event>, Failure> {
        let page = self.page(Position::new(position).previous(), 1).await?;
        let event = page.into_iter().next().map(|(_, event)| event);
        Ok(event.filter(|event| event.position().get() == position))
    }

    /// Events that follow a position, with the numbers of their last messages.
    async fn page(&self, after: Position, limit: usize) -> Result<Vec<(u64, Event)>, Failure> {
        self.check_open()?;
        let mut bytes = 0;
        let heads = self
            .index()
            .events
            .range(after.get().saturating_add(1)..)
            .take(limit)
            .take_while(|(_, head)| {
                let is_first = bytes == 0;
                bytes += head.weight();
                is_first || bytes <= PAGE_BYTES as u64
            })
            .map(|(position, head)| (*position, *head))
            .collect();
        self.fetch(heads).await
    }

    /// These events, without those that are gone meanwhile, with the numbers of their last messages.
    async fn fetch(&self, heads: Vec<(u64, Head)>) -> Result<Vec<(u64, Event)>, Failure> {
        let whole: Vec<_> = heads
            .iter()
            .filter(|(_, head)| head.parts == 0)
            .map(|(_, head)| head.sequence)
            .collect();
        let mut messages = self.readers.read(&self.link, &whole).await;
        let heads: Vec<_> = heads
            .into_iter()
            .map(|(position, head)| (position, head, messages.remove(&head.sequence)))
            .collect();
        let events = stream::iter(heads)
            .map(async |(position, mut head, mut read)| {
                loop {
                    if read.is_none() {
                        read = self.link.whole(head.sequence, head.parts).await?;
                    }
                    if let Some((headers, payload)) = read.take() {
                        let event = read_event(&headers, payload);
                        let event =
                            event.map_err(|error| Failure::damaged(head.sequence, error))?;
                        return Ok::<_, Failure>(Some((head.sequence, event)));
                    }
                    // It was swept, or another body took its place meanwhile.
                    let mut index = self.index();
                    match index.events.get(&position) {
                        None => return Ok(None),
                        Some(now) if now.sequence != head.sequence => head = *now,
                        // The process that appends has removed it, and this one has not heard of that yet.
                        Some(_) if !self.role.appends() => {
                            index.take(position);
                            return Ok(None);
                        }
                        Some(_) => return Err(Failure::damaged(head.sequence, "it is not there")),
                    }
                }
            })
            .buffered(GETS);
        let events: Vec<_> = events
            .try_filter_map(async |event| Ok(event))
            .try_collect()
            .await?;
        Ok(events)
    }

    /// A state's value.
    async fn state(&self, name: &StateName) -> Result<Option<StateValue>, Failure> {
        self.check_open()?;
        let mut changes = self.taken.subscribe();
        let Some(mut stored) = self.index().states.get(name).copied() else {
            return Ok(None);
        };
        loop {
            if let Some((_, value)) = open::state(&self.link, stored).await? {
                return Ok(Some(value));
            }
            let now = self.index().states.get(name).copied();
            match now {
                None => return Ok(None),
                Some(now) if now.sequence != stored.sequence => stored = now,
                // The process that appends has written another one, which comes.
                Some(_) if !self.role.appends() => {
                    let cause = "a state was replaced, and the new one has not come yet";
                    let late = || Failure::said(Trouble::Unreachable, cause);
                    let next = timeout(self.link.patience, changes.changed()).await;
                    next.map_err(|_| late())?.map_err(|_| late())?;
                }
                Some(Stored { sequence, .. }) => {
                    return Err(Failure::damaged(sequence, "it is not there"));
                }
            }
        }
    }

    async fn dead_letter(&self, id: u64) -> Result<Option<DeadLetter>, Failure> {
        let Some(value) = self.state(&StateName::Dead { id }).await? else {
            return Ok(None);
        };
        let letter = read_dead(id, &value);
        letter
            .map(Some)
            .map_err(|error| Failure::said(Trouble::Corrupt, error))
    }
}

/// Waits until a message is taken in; false if that takes too long, or will not be any more.
async fn has_seen(seen: &mut watch::Receiver<u64>, sequence: u64, patience: Duration) -> bool {
    let arrived = seen.wait_for(|seen| *seen >= sequence);
    timeout(patience, arrived)
        .await
        .is_ok_and(|arrived| arrived.is_ok())
}

fn corrupt(error: antiphon_core::BoxError) -> Failure {
    Failure::said(Trouble::Corrupt, error)
}

impl JetStreamJournal {
    /// Opens a journal for appending and reading; makes its stream if there is none.
    ///
    /// It must be called within a tokio runtime. It waits for a process that holds the journal
    /// ([`JetStreamOptions::wait`]), and then reads the headers of all its messages.
    ///
    /// # Errors
    /// [`JetStreamOpenError`]: the server cannot be reached, is older than 2.9, has no JetStream, or configured the
    /// stream otherwise; another process holds the journal; the stream is damaged, no journal, or of a newer version.
    pub async fn open(
        servers: &str,
        options: JetStreamOptions,
    ) -> Result<Self, JetStreamOpenError> {
        let link = Arc::new(Link::open(servers, &options, Role::Ingester).await?);
        let (bucket, time) = link.bucket(&options, Role::Ingester).await?;
        let lease = Lease::take(bucket.clone(), APPENDER.into(), time, options.wait).await;
        let lease = Arc::new(lease.map_err(|not_taken| match not_taken {
            NotTaken::Held(holder) => JetStreamOpenError::Held { holder },
            NotTaken::Failed(failure) => failure.open(),
        })?);
        let mut tasks = JoinSet::new();
        let (lost, _) = watch::channel(None);
        // Reading a long stream may take longer than the lease.
        tasks.spawn(renew(Arc::clone(&lease), lost.clone(), None));
        let fence = put_up(&link).await.map_err(Failure::open)?;
        let found = open::read(&link, fence).await.map_err(Failure::open)?;
        if !options.importing && transfer::is_unfinished(&found.index) {
            // Without the server the lease ends by itself.
            drop(lease.release().await);
            return Err(transfer::unfinished().open());
        }
        let limit = link.stream.cached_info().config.max_bytes;
        let (trash, discarded) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared {
            link: Arc::clone(&link),
            role: Role::Ingester,
            last: watch::Sender::new(Position::new(found.index.counters.position)),
            index: Mutex::new(found.index),
            replays: watch::Sender::new(0),
            lost,
            closed: AtomicBool::new(false),
            trash,
            readers: Readers::default(),
            letters: Letters::default(),
            swept: transfer::Swept::default(),
            taken: watch::Sender::new(0),
            max_events: options.max_events,
            stream_bytes: u64::try_from(limit).ok().filter(|limit| *limit > 0),
        });
        let mut appender = Appender {
            shared: Arc::clone(&shared),
            writer: Writer::new(Arc::clone(&link), Arc::clone(&lease), fence),
            lease,
            stored: 0,
            spare: Vec::new(),
            unreported: HashMap::new(),
        };
        if found.is_new {
            let secret = shared.index().secret.bytes;
            let value = transfer::identity_value(&secret, &transfer::random_name());
            let begun = appender.write_states(vec![(StateName::Identity, Some(value))]);
            begun.await.map_err(Failure::open)?;
        }
        shared.discard(found.trash);
        let (commands, asked) = mpsc::channel(WAITING);
        tasks.spawn(appender.run(asked));
        tasks.spawn(empty_trash(Arc::clone(&shared), discarded));
        let requests = link.client.subscribe(link.subjects.asks()).await;
        let requests = requests.map_err(|error| Failure::unreachable(&error).open())?;
        let (relay, values) = (
            Requests::new(Arc::clone(&link)),
            Values::new(Arc::clone(&link)),
        );
        tasks.spawn(ask::serve(link, requests, commands.clone()));
        Ok(Self {
            shared,
            writer: Writing::Ingester(commands),
            bucket,
            lease: time,
            wait: options.wait,
            claims: Claims::default(),
            requests: relay,
            values,
            lasting: Lasting::default(),
            leases: Mutex::default(),
            _tasks: tasks,
        })
    }

    /// Opens a journal that another process appends to, for [consumers](Role::Consumer).
    ///
    /// It must be called within a tokio runtime. It reads the headers of all messages, and follows the stream from then
    /// on. What consumers keep is stored by the process that appends, which has to answer within
    /// [`JetStreamOptions::patience`]: while there is none, storing fails with [`Trouble::Unreachable`] and reading goes
    /// on. A consumer is held under a lease as the journal is, and [`Journal::claim`] waits for an earlier holder's end
    /// ([`JetStreamOptions::wait`]).
    ///
    /// Options that make a stream are of no use here.
    ///
    /// # Errors
    /// [`JetStreamOpenError`] as for [`open`](Self::open); with [`Trouble::Empty`] if nobody has made the journal yet.
    pub async fn for_consumers(
        servers: &str,
        options: JetStreamOptions,
    ) -> Result<Self, JetStreamOpenError> {
        Self::beside(servers, options, Role::Consumer).await
    }

    /// Opens a journal for reading, also beside the process that appends; follows what that one stores.
    ///
    /// It must be called within a tokio runtime. It reads the headers of all messages first, and takes no lease. Calls
    /// that store fail with [`Trouble::ReadOnly`]; replays and drops of dead letters alone are asked of the process that
    /// appends ([`Inspect::change_letter`](crate::Inspect::change_letter)).
    ///
    /// Options that make a stream are of no use here.
    ///
    /// # Errors
    /// [`JetStreamOpenError`] as for [`open`](Self::open); with [`Trouble::Empty`] if nobody has made the journal yet.
    pub async fn read_only(
        servers: &str,
        options: JetStreamOptions,
    ) -> Result<Self, JetStreamOpenError> {
        Self::beside(servers, options, Role::Reader).await
    }

    /// Opens a journal beside the process that appends.
    async fn beside(
        servers: &str,
        options: JetStreamOptions,
        role: Role,
    ) -> Result<Self, JetStreamOpenError> {
        let link = Arc::new(Link::open(servers, &options, role).await?);
        let (bucket, lease) = link.bucket(&options, role).await?;
        let (index, next) = open::read_beside(&link).await.map_err(Failure::open)?;
        if role == Role::Consumer && transfer::is_unfinished(&index) {
            return Err(transfer::unfinished().open());
        }
        let (trash, _) = mpsc::unbounded_channel();
        let (lost, _) = watch::channel(None);
        let taken = watch::Sender::new(next - 1);
        let shared = Arc::new(Shared {
            link: Arc::clone(&link),
            role,
            last: watch::Sender::new(Position::new(index.counters.position)),
            index: Mutex::new(index),
            replays: watch::Sender::new(0),
            lost,
            closed: AtomicBool::new(false),
            trash,
            readers: Readers::default(),
            letters: Letters::default(),
            swept: transfer::Swept::default(),
            taken: taken.clone(),
            max_events: options.max_events,
            stream_bytes: None,
        });
        let mut seen = taken.subscribe();
        let requests = Requests::new(Arc::clone(&link));
        let values = Values::new(Arc::clone(&link));
        let mut tasks = JoinSet::new();
        tasks.spawn(Follower::new(Arc::clone(&shared), taken).run());
        // A state that was replaced while the stream was read is known by the message that replaced it alone.
        let newest = open::newest_run(&link).await.map_err(Failure::open)?;
        let newest = newest.map_or(0, |(sequence, _)| sequence);
        if !has_seen(&mut seen, newest, link.patience).await {
            let cause = "the servers did not send what was stored while the stream was read";
            return Err(Failure::said(Trouble::Unreachable, cause).open());
        }
        Ok(Self {
            shared,
            writer: Writing::Beside {
                asker: Asker::new(link),
                seen,
            },
            bucket,
            lease,
            wait: options.wait,
            claims: Claims::default(),
            requests,
            values,
            lasting: Lasting::default(),
            leases: Mutex::default(),
            _tasks: tasks,
        })
    }

    /// Sets how many bytes all events may have together, by [`Draft::weight`](antiphon_core::Draft::weight). Default:
    /// no limit.
    ///
    /// At the limit an append fails with [`Trouble::Full`] until a sweep has made room or the limit is raised. A batch
    /// without new events always has room.
    pub fn limit(&self, max_bytes: Option<u64>) {
        self.shared.index().max_bytes = max_bytes;
    }

    /// Removes a consumer, its cursor and the projections of its own, so that retention no longer waits for it.
    ///
    /// A consumer of that name that starts again is a new one. Its partitions, if it has workers, go with it; its dead
    /// letters stay. It waits for a holder's end ([`JetStreamOptions::wait`]). A journal that is open for consumers has the
    /// process that appends do it.
    ///
    /// # Errors
    /// [`AppendError`] if the storage fails, and with [`Trouble::Locked`] while another process has the consumer, or a
    /// partition of it.
    pub async fn forget(&self, consumer: &ConsumerName) -> Result<(), AppendError> {
        let is_of =
            |name: &ConsumerName| name == consumer || name.whole() == Some(consumer.as_str());
        let mut forgotten = self.known_consumers();
        forgotten.retain(is_of);
        let forgotten_by = async {
            self.may_store()?;
            // Their cursors would be there again with the next event.
            let _claims = self.claim_others(&forgotten).await?;
            match &self.writer {
                Writing::Ingester(_) => {
                    let asked = |done| Command::Forget(consumer.clone(), forgotten, None, done);
                    self.ask(asked).await.map(drop)
                }
                Writing::Beside { asker, .. } => {
                    let leases = self.claims.map(|holder| holder.epoch);
                    self.see(asker.forget(consumer, &forgotten, &leases).await)
                        .await
                }
            }
        };
        forgotten_by.await.map_err(Failure::append)
    }

    /// The consumers that have a cursor.
    fn known_consumers(&self) -> Vec<ConsumerName> {
        let index = self.shared.index();
        let names = index.states.keys().filter_map(|name| match name {
            StateName::Cursor { consumer } => Some(ConsumerName::from(consumer.clone())),
            _ => None,
        });
        names.collect()
    }

    /// Claims those of these consumers that this process has not, so that none begins meanwhile.
    ///
    /// # Errors
    /// [`Trouble::Locked`] if another process has one, and any failure of a claim.
    async fn claim_others(&self, consumers: &[ConsumerName]) -> Result<Vec<Claim>, Failure> {
        let mut claims = Vec::new();
        for consumer in consumers.iter().filter(|name| !self.claims.have(name)) {
            let claim = self.take(consumer, self.wait).await;
            claims.push(claim.map_err(|failure| match failure.trouble {
                Trouble::Locked => {
                    let cause =
                        format!("the consumer `{consumer}` is another process's: stop it first");
                    Failure::said(Trouble::Locked, cause)
                }
                _ => failure,
            })?);
        }
        Ok(claims)
    }

    /// Asks the appender for something, and waits for its answer.
    async fn ask<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<Result<T, Failure>>) -> Command,
    ) -> Result<T, Failure> {
        self.check()?;
        let Writing::Ingester(commands) = &self.writer else {
            self.may_store()?;
            let cause =
                "the journal was opened for consumers, and that is for the process that appends";
            return Err(Failure::said(Trouble::OtherRole, cause));
        };
        let (done, answer) = oneshot::channel();
        let closed = || Failure::new(Trouble::Closed);
        let sent = commands.send(command(done)).await;
        sent.map_err(|_| closed())?;
        answer.await.map_err(|_| closed())?
    }

    /// # Errors
    /// The journal is open for reading only.
    fn may_store(&self) -> Result<(), Failure> {
        if self.shared.role == Role::Reader {
            let cause = "the journal was opened for reading only";
            return Err(Failure::said(Trouble::ReadOnly, cause));
        }
        Ok(())
    }

    fn check(&self) -> Result<(), Failure> {
        self.shared.check_open()?;
        match self.shared.lost.borrow().clone() {
            Some(failure) => Err(failure),
            None => Ok(()),
        }
    }

    async fn store(&self, batch: Arc<Batch>) -> Result<Appended, Failure> {
        let leases = self.claims.map(|holder| holder.epoch);
        let Writing::Beside { asker, .. } = &self.writer else {
            return self.ask(|done| Command::Append(batch, leases, done)).await;
        };
        self.check()?;
        self.may_store()?;
        if let Some(cause) = self.claims.refusal(&batch) {
            return Err(Failure::said(Trouble::OtherRole, cause));
        }
        if !batch.is_empty() {
            self.see(asker.keep(&batch, &leases).await).await?;
        }
        Ok(Appended::default())
    }

    /// Waits until this process knows of what another one has stored for it.
    async fn see(&self, stored: Result<u64, Failure>) -> Result<(), Failure> {
        let Writing::Beside { seen, .. } = &self.writer else {
            return stored.map(drop);
        };
        let stored = match stored {
            Ok(stored) => stored,
            Err(failure) => {
                if failure.trouble == Trouble::TakenOver {
                    self.shared.lose(failure.clone());
                }
                return Err(failure);
            }
        };
        if has_seen(&mut seen.clone(), stored, self.shared.link.patience).await {
            return Ok(());
        }
        let cause = "it is stored, and this process has not read it yet";
        Err(Failure::said(Trouble::Unreachable, cause))
    }

    /// Takes the lease of a consumer, and has it noted in the stream.
    async fn take(&self, consumer: &ConsumerName, wait: Duration) -> Result<Claim, Failure> {
        self.check()?;
        self.may_store()?;
        if self.claims.have(consumer) {
            let cause = "this process has it already";
            return Err(Failure::said(Trouble::Locked, cause));
        }
        let until = Instant::now() + wait;
        let key = consumer_key(consumer.as_str());
        let lease = Lease::take(self.bucket.clone(), key, self.lease, wait).await;
        let lease = lease.map_err(|not_taken| match not_taken {
            NotTaken::Held(holder) => Failure::said(Trouble::Locked, holder),
            NotTaken::Failed(failure) => failure,
        })?;
        let lease = Arc::new(lease);
        let (given_up, is_given_up) = oneshot::channel();
        {
            let mut leases = self.leases.lock().unwrap_or_else(PoisonError::into_inner);
            while leases.try_join_next().is_some() {}
            let lost = self.shared.lost.clone();
            self.lasting.note(&lease, lease.taken_at);
            let lasting = self.lasting.clone();
            leases.spawn(hold(Arc::clone(&lease), lost, lasting, is_given_up));
        }
        loop {
            let noted = match &self.writer {
                Writing::Ingester(_) => {
                    let epoch = lease.epoch;
                    let asked = self.ask(|done| Command::Claim(consumer.clone(), epoch, done));
                    match asked.await {
                        Ok(Kept::Stored(stored)) => Ok(stored),
                        Ok(Kept::Refused(failure)) | Err(failure) => Err(failure),
                    }
                }
                Writing::Beside { asker, .. } => asker.claim(consumer, lease.epoch).await,
            };
            match self.see(noted).await {
                Ok(()) => break,
                // The process that appends may be starting.
                Err(failure)
                    if failure.trouble == Trouble::Unreachable && Instant::now() < until =>
                {
                    tokio::time::sleep(CLAIM_AGAIN).await;
                }
                Err(failure) => return Err(failure),
            }
        }
        let holder = Holder {
            epoch: lease.epoch,
            _given_up: given_up,
        };
        let claimed = self.claims.claim(consumer, holder);
        claimed.map_err(|error| Failure::new(error.trouble()))
    }
}

impl JetStreamJournal {
    /// Waits until the leases of the consumers that were given up are free, so that nobody has to wait for their end.
    async fn leave(&self) {
        let leases = || self.leases.lock().unwrap_or_else(PoisonError::into_inner);
        let held = self.claims.map(|_| ()).len();
        let mut ending = std::mem::take(&mut *leases());
        let released = async {
            while ending.len() > held {
                drop(ending.join_next().await);
            }
        };
        // Without the server they end by themselves.
        drop(timeout(self.shared.link.patience, released).await);
        *leases() = ending;
    }
}

/// Renews a consumer's lease until it is given up.
async fn hold(
    lease: Arc<Lease>,
    lost: watch::Sender<Option<Failure>>,
    lasting: Lasting,
    is_given_up: oneshot::Receiver<()>,
) {
    tokio::select! {
        () = renew(Arc::clone(&lease), lost, Some(&lasting)) => {}
        _ = is_given_up => {
            lasting.forget(&lease);
            // Without the server the lease ends by itself.
            drop(lease.release().await);
        }
    }
}

/// Renews a lease three times in its time, until another process has it.
async fn renew(lease: Arc<Lease>, lost: watch::Sender<Option<Failure>>, lasting: Option<&Lasting>) {
    let mut every = tokio::time::interval(lease.time / 3);
    every.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        every.tick().await;
        let asked_at = Instant::now();
        match lease.renew().await {
            Err(failure) if failure.trouble == Trouble::TakenOver => {
                lost.send_replace(Some(failure));
                return;
            }
            Ok(()) => {
                if let Some(lasting) = lasting {
                    lasting.note(&lease, asked_at);
                }
            }
            // Without the server nobody can take it either.
            Err(_) => {}
        }
    }
}

impl Journal for JetStreamJournal {
    fn role(&self) -> Role {
        self.shared.role
    }

    fn claim<'a>(&'a self, consumer: &'a ConsumerName) -> BoxFuture<'a, Result<Claim, ClaimError>> {
        Box::pin(async move {
            let claimed = self.take(consumer, self.wait).await;
            claimed.map_err(|failure| failure.claim(consumer))
        })
    }

    fn try_claim<'a>(
        &'a self,
        consumer: &'a ConsumerName,
    ) -> BoxFuture<'a, Result<Option<Claim>, ClaimError>> {
        Box::pin(async move {
            match self.take(consumer, Duration::ZERO).await {
                Ok(claim) => Ok(Some(claim)),
                Err(failure) if failure.trouble == Trouble::Locked => Ok(None),
                Err(failure) => Err(failure.claim(consumer)),
            }
        })
    }

    fn claimed<'a>(
        &'a self,
        consumers: &'a [ConsumerName],
    ) -> BoxFuture<'a, Result<Vec<ConsumerName>, ReadError>> {
        Box::pin(async move {
            self.shared.check_open().map_err(Failure::read)?;
            let held = lease::held(&self.bucket).await.map_err(Failure::read)?;
            let is_held = |name: &&ConsumerName| held.contains(&consumer_key(name.as_str()));
            Ok(consumers.iter().filter(is_held).cloned().collect())
        })
    }

    fn followed(&self) -> BoxFuture<'_, Result<Option<bool>, ReadError>> {
        Box::pin(async move {
            self.shared.check_open().map_err(Failure::read)?;
            let own = self.claims.map(|_| ());
            let own = own.keys().map(|name| consumer_key(name.as_str()));
            let held = lease::held_beside(&self.bucket, &own.collect()).await;
            held.map(Some).map_err(Failure::read)
        })
    }

    fn held_until(&self) -> Option<watch::Receiver<Instant>> {
        Some(self.lasting.until())
    }

    fn relay(&self) -> Option<Arc<dyn Relay>> {
        let requests: Arc<dyn Relay> = Arc::<Requests>::clone(&self.requests);
        Some(requests)
    }

    fn shared(&self) -> Option<Arc<dyn SharedValues>> {
        let values: Arc<dyn SharedValues> = Arc::<Values>::clone(&self.values);
        Some(values)
    }

    fn append(&self, batch: Arc<Batch>) -> BoxFuture<'_, Result<Appended, AppendError>> {
        Box::pin(async move { self.store(batch).await.map_err(Failure::append) })
    }

    fn read(
        &self,
        after: Position,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<Arc<Event>>, ReadError>> {
        Box::pin(async move {
            let page = self.shared.page(after, limit).await;
            let page = page.map_err(Failure::read)?;
            Ok(page.into_iter().map(|(_, event)| Arc::new(event)).collect())
        })
    }

    fn last(&self) -> watch::Receiver<Position> {
        self.shared.last.subscribe()
    }

    fn checkpoints<'a>(
        &'a self,
        source: &'a SourceName,
    ) -> BoxFuture<'a, Result<Vec<Checkpoint>, ReadError>> {
        Box::pin(async move {
            self.shared.check_open().map_err(Failure::read)?;
            let is_of = |name: &StateName| matches!(name, StateName::Checkpoint { source: of, .. } if of == source.as_str());
            let first = StateName::Checkpoint {
                source: source.as_str().into(),
                part: String::new(),
            };
            let names: Vec<_> = self
                .shared
                .index()
                .states
                .range(first..)
                .map(|(name, _)| name)
                .take_while(|name| is_of(name))
                .cloned()
                .collect();
            let checkpoints = stream::iter(names)
                .map(async |name| {
                    let value = self.shared.state(&name).await?;
                    let (Some(value), StateName::Checkpoint { part, .. }) = (value, name) else {
                        return Ok(None);
                    };
                    let line: CheckpointLine = value.line().map_err(corrupt)?;
                    Ok::<_, Failure>(Some(Checkpoint {
                        part: part.into(),
                        state: value.bytes().clone(),
                        mark: line.mark,
                    }))
                })
                .buffered(GETS)
                .try_filter_map(async |checkpoint| Ok(checkpoint))
                .try_collect()
                .await;
            checkpoints.map_err(Failure::read)
        })
    }

    fn cursor<'a>(
        &'a self,
        consumer: &'a ConsumerName,
    ) -> BoxFuture<'a, Result<Option<Cursor>, ReadError>> {
        Box::pin(async move {
            let consumer = consumer.as_str().into();
            let value = self.shared.state(&StateName::Cursor { consumer }).await;
            let value = value.map_err(Failure::read)?;
            let cursor = value.map(|value| value.line().map_err(corrupt)).transpose();
            cursor.map_err(Failure::read)
        })
    }

    fn projection<'a>(&'a self, name: &'a str) -> BoxFuture<'a, Result<Option<Saved>, ReadError>> {
        Box::pin(async move {
            let name = StateName::Projection { name: name.into() };
            let value = self.shared.state(&name).await.map_err(Failure::read)?;
            let Some(value) = value else { return Ok(None) };
            let line: Result<ProjectionLine, _> = value.line().map_err(corrupt);
            let line = line.map_err(Failure::read)?;
            Ok(Some(Saved {
                position: Position::new(line.position),
                state: value.bytes().to_vec(),
            }))
        })
    }

    fn dead_letters(
        &self,
        after: DeadLetterId,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<DeadLetter>, ReadError>> {
        Box::pin(async move {
            self.shared.check_open().map_err(Failure::read)?;
            let first = StateName::Dead {
                id: after.0.saturating_add(1),
            };
            let ids: Vec<_> = self
                .shared
                .index()
                .states
                .range(first..)
                .map_while(|(name, _)| match name {
                    StateName::Dead { id } if *id > after.0 => Some(*id),
                    _ => None,
                })
                .take(limit)
                .collect();
            let letters = stream::iter(ids)
                .map(|id| self.shared.dead_letter(id))
                .buffered(GETS)
                .try_filter_map(async |letter| Ok(letter))
                .try_collect()
                .await;
            letters.map_err(Failure::read)
        })
    }

    fn replays(&self) -> watch::Receiver<u64> {
        self.shared.replays.subscribe()
    }

    fn sweep(
        &self,
        policy: Arc<Retention>,
        now: Timestamp,
    ) -> BoxFuture<'_, Result<Sweep, AppendError>> {
        Box::pin(async move {
            let asked = self.ask(|done| Command::Sweep(policy, now, done)).await;
            asked.map_err(Failure::append)
        })
    }

    fn erase(&self, person: Arc<Person>) -> BoxFuture<'_, Result<Erased, AppendError>> {
        Box::pin(async move {
            let erased = self.erase_person(person).await;
            erased.map_err(Failure::append)
        })
    }

    fn lost(&self) -> BoxFuture<'_, AppendError> {
        Box::pin(async move {
            let mut lost = self.shared.lost.subscribe();
            let failure = match lost.wait_for(Option::is_some).await {
                Ok(failure) => failure.clone(),
                Err(_) => None,
            };
            match failure {
                Some(failure) => failure.append(),
                None => std::future::pending().await,
            }
        })
    }

    fn close(&self) -> BoxFuture<'_, Result<(), AppendError>> {
        Box::pin(async move {
            if self.shared.closed.swap(true, Ordering::AcqRel) {
                return Ok(());
            }
            self.leave().await;
            let Writing::Ingester(commands) = &self.writer else {
                return Ok(());
            };
            let (done, closed) = oneshot::channel();
            if commands.send(Command::Close(done)).await.is_err() {
                return Ok(());
            }
            closed.await.unwrap_or(Ok(())).map_err(Failure::append)
        })
    }
}
