//! The head: reads the journal in order, without waiting for a lane, a handler or a slow stream.
//!
//! For each event, in order: [`look`](Dispatcher::look) gives it to the projections, taps, waiters and streams and
//! finds the handlers of its kind, and [`offer`](Dispatcher::offer) queues it in the lane of its place. Both take no
//! time worth mentioning: whatever may take time happens in the workers, tasks which the head spawns and awaits.
//!
//! The head reads from the tail in memory as long as it keeps up, and from the journal in pages of 256 events where it
//! does not. Beside that it has three more jobs, each bounded so that none starves the others: pages for parked lanes,
//! dead letters that somebody asked to replay, and saving the projections every ten seconds.
//!
//! It ends when it was told to stop and no handler runs, or when the grace is over: then the handlers are cut off, and
//! their events stay open in the cursor.

use std::{
    collections::{HashMap, VecDeque},
    future::poll_fn,
    sync::Arc,
    task::Poll,
    time::Duration,
};

use antiphon_core::{
    Backoff, BoxFuture, DeadLetter, DeadLetterId, Event, Journal, Kind, Position, Projection,
    ReadError, Rng, Saved,
};
use foldhash::fast::RandomState;
use tokio::{
    sync::mpsc,
    task::{JoinError, JoinSet},
    time::{Instant, interval_at, sleep},
};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, warn};

use crate::{
    asks::{Adoption, Ask, Behind},
    context::Befores,
    erase,
    handle::Shared,
    ingest::Write,
    keys::Keys,
    lanes::{LaneId, Offered, Tenure},
    pulse::Turn,
    runner::{Runner, Work},
    share::Fed,
    table::Plan,
    tail::{Ahead, Tail},
};

/// Most events that are offered to their lanes under one lock.
///
/// The lock is the lanes', which the workers take for each event.
const CHUNK: usize = 64;
/// Events in one page read from the journal.
///
/// Pages end at the journal's bound of bytes as well (8 MiB).
pub(crate) const PAGE: usize = 256;
/// Shortest pause before a page of the journal is read again after a failure that may pass.
pub(crate) const READ_AGAIN: Duration = Duration::from_millis(200);
/// Most pages for parked lanes in a row, before the head has its turn.
const PAGES_IN_A_ROW: usize = 4;
/// Most kinds whose handlers are remembered; at the limit all are forgotten and looked up again.
const KINDS: usize = 4096;
/// How often changed projections are saved.
///
/// A crash therefore costs a projection at most the events of that time, which it applies again at the next start.
const SAVE: Duration = Duration::from_secs(10);
/// Most parked events whose replaced values are kept.
const BEFORES: usize = 8192;
/// Most dead letters that wait for their lanes.
const LETTERS: usize = 64;

/// A projection, with the positions of the last event that it has applied and saved.
///
/// `applied` never lies behind `saved`; an event at or before `applied` is not applied again.
pub(crate) struct Following {
    pub(crate) projection: Box<dyn Projection>,
    /// Name of its state in the journal; absent where that is not saved.
    pub(crate) saved_as: Option<String>,
    pub(crate) applied: Position,
    pub(crate) saved: Position,
}

impl Following {
    /// Makes the next save store the state, whether or not an event has changed it.
    pub(crate) fn is_due(&mut self) {
        self.saved = Position::ZERO;
    }

    /// The state to store, if it has changed since the last save.
    pub(crate) fn save(&mut self) -> Option<(String, Saved)> {
        if self.applied == self.saved {
            return None;
        }
        let name = self.saved_as.clone()?;
        self.saved = self.applied;
        let state = self.projection.save()?;
        let saved = Saved {
            position: self.applied,
            state,
        };
        Some((name, saved))
    }
}

/// The error that ended the head.
#[derive(Debug)]
pub(crate) enum HeadError {
    /// The journal cannot be read any more.
    Read(ReadError),
    /// A worker panicked, which is a defect.
    Lane,
}

type Page = Result<Vec<Arc<Event>>, ReadError>;

/// A page that is being read, for the head or for parked lanes.
pub(crate) struct Reading {
    after: Position,
    page: BoxFuture<'static, Page>,
}

/// Everything that the head owns; nothing of it is touched by another task, but the lanes behind their lock and the
/// shared table.
pub(crate) struct Dispatcher<S> {
    pub(crate) journal: Arc<dyn Journal>,
    pub(crate) tail: Arc<Tail>,
    pub(crate) shared: Arc<Shared<S>>,
    pub(crate) runner: Arc<Runner<S>>,
    pub(crate) keys: Keys,
    pub(crate) projections: Vec<Following>,
    /// Once cancelled, lanes start nothing new, and the head ends when no handler runs.
    pub(crate) stop: CancellationToken,
    /// How long running handlers get after `stop`.
    pub(crate) grace: Duration,
    pub(crate) rng: Rng,
    pub(crate) plans: Plans<S>,
    /// The workers. One that ends with a panic ends the head, since user code cannot make it panic.
    pub(crate) tasks: JoinSet<()>,
    /// What parked events replaced, until their pages come; at most 8,192.
    pub(crate) befores: HashMap<Position, Befores>,
    pub(crate) letters: Letters,
    /// The page that is being read for partitions that are behind the head, and where the head was when it was asked for.
    pub(crate) late: Option<(Position, Reading)>,
    /// It comes round with every chunk of events.
    pub(crate) turn: Turn,
    /// Questions about the projections.
    pub(crate) asks: mpsc::Receiver<Ask>,
}

/// The handlers of each kind, looked up once per version of the table.
pub(crate) struct Plans<S> {
    version: u64,
    by_kind: HashMap<Kind, Arc<Plan<S>>, RandomState>,
    /// The last kind; the next event often has the same.
    recent: Option<(Kind, Arc<Plan<S>>)>,
}

impl<S: Send + Sync + 'static> Plans<S> {
    pub(crate) fn new() -> Self {
        Self {
            version: 0,
            by_kind: HashMap::default(),
            recent: None,
        }
    }

    /// Forgets the handlers of an older version of the table.
    pub(crate) fn refresh(&mut self, shared: &Shared<S>) {
        let version = shared.version();
        if version != self.version || self.by_kind.len() > KINDS {
            self.version = version;
            self.by_kind.clear();
            self.recent = None;
        }
    }

    pub(crate) fn of(&mut self, kind: &Kind, shared: &Shared<S>) -> &Arc<Plan<S>> {
        if self
            .recent
            .as_ref()
            .is_none_or(|(recent, _)| recent != kind)
        {
            let plan = self
                .by_kind
                .entry(kind.clone())
                .or_insert_with(|| Arc::new(shared.table().plan(kind)));
            self.recent = Some((kind.clone(), Arc::clone(plan)));
        }
        &self.recent.as_ref().expect("it was set above").1
    }
}

/// Dead letters on their way back to their lanes.
///
/// One round reads all dead letters in pages of 64 and places those that are to be replayed. A round begins when the
/// journal tells of a request, and at the start.
#[derive(Default)]
pub(crate) struct Letters {
    waiting: VecDeque<Box<DeadLetter>>,
    /// The last letter read in this round; zero before the first.
    after: DeadLetterId,
    reading: Option<BoxFuture<'static, Result<Vec<DeadLetter>, ReadError>>>,
    /// Whether to read again from the first letter.
    again: bool,
}

impl<S: Send + Sync + 'static> Dispatcher<S> {
    /// Runs until it is stopped and running handlers have ended or had their grace.
    ///
    /// # Errors
    /// [`HeadError`] if the journal cannot be read for good, or a worker breaks.
    pub(crate) async fn run(mut self, begin: Vec<LaneId>) -> Result<Vec<Following>, HeadError> {
        self.spawn(begin);
        let mut last = self.journal.last();
        let mut moved = self.tail.moved();
        let mut replays = self.journal.replays();
        replays.mark_changed();
        let mut saves = interval_at(Instant::now() + SAVE, SAVE);
        saves.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut behind: Option<Reading> = None;
        let mut parked: Option<(Tenure, Reading)> = None;
        let mut pages = 0;
        let mut stopping = false;
        let grace = sleep(Duration::MAX);
        tokio::pin!(grace);
        let runner = Arc::clone(&self.runner);
        loop {
            self.turn.answer();
            if stopping && self.tasks.is_empty() {
                break;
            }
            if self.stop.is_cancelled() && !stopping {
                stopping = true;
                self.runner.lanes().stop();
                self.runner.workers.stop();
                grace.as_mut().reset(Instant::now() + self.grace);
                continue;
            }
            if parked.is_none() {
                parked = self.next_page();
            }
            self.look_for_late();
            let mut ready = None;
            if behind.is_none() {
                moved.borrow_and_update();
                last.borrow_and_update();
                let read = self.runner.lanes().read();
                match self.tail.ahead(read) {
                    Ahead::Here(events, begin) => ready = Some((events, begin)),
                    Ahead::Elsewhere if *last.borrow() > read => behind = Some(self.read(read)),
                    Ahead::Elsewhere | Ahead::Soon => {}
                }
            }
            let is_ready = ready.is_some();
            // Parked lanes go first while they have room: an event that the head leaves to a page is read twice. They do
            // not go first for ever, since other lanes wait for the head.
            let is_head_turn = parked.is_none() || pages >= PAGES_IN_A_ROW;
            tokio::select! {
                () = self.stop.cancelled(), if !stopping => {}
                () = &mut grace, if stopping => {
                    self.cut_off().await;
                    break;
                }
                Some(ended) = self.tasks.join_next(), if !self.tasks.is_empty() => self.ended(ended)?,
                page = page(parked.as_mut().map(|(_, reading)| reading)), if parked.is_some() => {
                    let Some(((tenure, _), page)) = parked.take().zip(page) else { continue };
                    pages += 1;
                    parked = self.take_parked(tenure, page)?;
                }
                page = page(self.late.as_mut().map(|(_, reading)| reading)), if self.late.is_some() => self.take_late(page)?,
                () = runner.came.notified() => self.look_for_all_letters(),
                letters = read_letters(&mut self.letters), if self.letters.reading.is_some() => {
                    self.letters.reading = None;
                    self.take_letters(letters)?;
                }
                Ok(()) = replays.changed(), if !stopping => self.look_for_all_letters(),
                () = runner.room.notified() => self.place_letters(),
                () = self.turn.asked() => {}
                Some(ask) = self.asks.recv() => self.answer(ask),
                () = runner.workers.wanted.notified() => self.begin_worker(),
                _ = saves.tick() => {
                    self.save();
                    self.look_for_letters();
                    self.place_letters();
                }
                () = std::future::ready(()), if is_ready && is_head_turn => {
                    pages = 0;
                    if let Some((events, begin)) = ready {
                        self.take(&events[begin..]).await;
                    }
                }
                page = page(behind.as_mut()), if behind.is_some() && is_head_turn => {
                    let Some((after, page)) = page else { continue };
                    behind = None;
                    pages = 0;
                    match page {
                        Ok(events) => self.take(&events).await,
                        Err(failure) => behind = Some(self.read_again(after, failure)?),
                    }
                }
                _ = moved.changed(), if !is_ready && behind.is_none() => {}
                _ = last.changed(), if !is_ready && behind.is_none() => {}
            }
        }
        Ok(self.projections)
    }

    /// A future of its own, so that a slow disk stops nothing else in the loop.
    fn read(&self, after: Position) -> Reading {
        let journal = Arc::clone(&self.journal);
        Reading {
            after,
            page: Box::pin(async move { journal.read(after, PAGE).await }),
        }
    }

    /// Reads the same page again after a pause, unless the failure is permanent.
    fn read_again(&mut self, after: Position, failure: ReadError) -> Result<Reading, HeadError> {
        if !failure.is_transient() {
            return Err(HeadError::Read(failure));
        }
        error!(
            error = &failure as &dyn std::error::Error,
            "the journal could not be read; trying again"
        );
        let journal = Arc::clone(&self.journal);
        let pause = Backoff::new(Rng::with_seed(self.rng.u64(..)))
            .floor(READ_AGAIN)
            .next(Instant::now());
        Ok(Reading {
            after,
            page: Box::pin(async move {
                sleep(pause).await;
                journal.read(after, PAGE).await
            }),
        })
    }

    /// Offers the events that follow the last one read.
    async fn take(&mut self, events: &[Arc<Event>]) {
        for chunk in events.chunks(CHUNK) {
            self.plans.refresh(&self.shared);
            let offers: Vec<_> = chunk.iter().map(|event| self.look(event)).collect();
            let begun = self.offer(chunk, offers);
            self.spawn(begun);
            self.runner.touch();
            // The workers have their turn during a long batch: lanes that fill up meanwhile would be read twice.
            give_way().await;
        }
    }

    /// Gives the event to projections, waiters and streams, and finds its handlers.
    fn look(&mut self, event: &Arc<Event>) -> Option<(Arc<Plan<S>>, Befores)> {
        let before = apply(&mut self.projections, event);
        self.shared.watchers.serve(event);
        let plan = self.plans.of(event.kind(), &self.shared);
        if plan.is_empty() {
            // Of workers, the one that has its partition counts it.
            if !self.runner.is_split || self.runner.lanes().has(&self.keys.of(event)) {
                self.runner
                    .unhandled(event, "no handler is registered for its kind");
            }
            return None;
        }
        Some((Arc::clone(plan), before))
    }

    /// One lock for the whole chunk; the lanes that need a worker are returned.
    fn offer(
        &mut self,
        events: &[Arc<Event>],
        offers: Vec<Option<(Arc<Plan<S>>, Befores)>>,
    ) -> Vec<LaneId> {
        let mut begun = Vec::new();
        let mut lanes = self.runner.lanes();
        for (event, offer) in events.iter().zip(offers) {
            let position = event.position();
            let Some((plan, before)) = offer else {
                lanes.pass(position);
                continue;
            };
            let work = Work::Event {
                event: Arc::clone(event),
                plan,
                before,
            };
            match lanes.offer(&self.keys.of(event), position, work) {
                Offered::Begin(lane) => begun.push(lane),
                Offered::Parked(Work::Event { before, .. })
                    if !before.is_nothing() && self.befores.len() < BEFORES =>
                {
                    self.befores.insert(position, before);
                }
                Offered::Queued | Offered::Parked(_) | Offered::NotDue => {}
            }
        }
        lanes.end_chunk();
        begun
    }

    /// Begins to read a page for parked lanes, if any has room.
    fn next_page(&mut self) -> Option<(Tenure, Reading)> {
        let (tenure, after) = self.runner.lanes().next_page()?;
        Some((tenure, self.page_after(after)))
    }

    /// The page after a position that the head has passed, from memory if it is there.
    fn page_after(&self, after: Position) -> Reading {
        if let Ahead::Here(events, begin) = self.tail.ahead(after) {
            let end = events.len().min(begin + PAGE);
            let page = Ok(events[begin..end].to_vec());
            return Reading {
                after,
                page: Box::pin(std::future::ready(page)),
            };
        }
        self.read(after)
    }

    /// Takes a page for parked lanes; gives the next try where it could not be read.
    fn take_parked(
        &mut self,
        tenure: Tenure,
        (after, page): (Position, Page),
    ) -> Result<Option<(Tenure, Reading)>, HeadError> {
        match page {
            Ok(events) => self.feed(tenure, after, &events),
            Err(failure) => return Ok(Some((tenure, self.read_again(after, failure)?))),
        }
        Ok(None)
    }

    /// Begins to read for partitions that are behind the head, if there are any.
    fn look_for_late(&mut self) {
        if self.late.is_none() && self.runner.is_split && !self.stop.is_cancelled() {
            let next = self.runner.lanes().next_late();
            self.late = next.map(|(after, read)| (read, self.page_after(after)));
        }
    }

    /// Takes a page for partitions that are behind the head.
    fn take_late(&mut self, page: Option<(Position, Page)>) -> Result<(), HeadError> {
        let Some(((read, _), (after, page))) = self.late.take().zip(page) else {
            return Ok(());
        };
        match page {
            Ok(events) => self.bring_up(after, &events, read),
            Err(failure) => self.late = Some((read, self.read_again(after, failure)?)),
        }
        Ok(())
    }

    /// Feeds a page to parked lanes, unless their partition has gone.
    fn feed(&mut self, tenure: Tenure, after: Position, events: &[Arc<Event>]) {
        self.plans.refresh(&self.shared);
        let mut begun = Vec::new();
        let mut share = self.runner.lanes();
        let Some(Fed { lanes, partition }) = share.fed(tenure) else {
            return;
        };
        let mut through = lanes.read();
        if let Some(last) = events.last() {
            through = through.min(last.position());
        }
        for event in events {
            let position = event.position();
            if !lanes.can_feed(position) {
                break;
            }
            if lanes.is_page_over() {
                through = position.previous();
                break;
            }
            let plan = self.plans.of(event.kind(), &self.shared);
            if plan.is_empty() {
                continue;
            }
            let key = self.keys.of(event);
            if partition.is_some_and(|(partitions, its)| partitions.of(key.as_str()) != its) {
                continue;
            }
            let work = Work::Event {
                event: Arc::clone(event),
                plan: Arc::clone(plan),
                before: self.before(position),
            };
            match lanes.feed(&key, position, work) {
                Offered::Begin(lane) => begun.push(lane),
                Offered::Parked(_) | Offered::NotDue => continue,
                Offered::Queued => {}
            }
            if !self.befores.is_empty() {
                self.befores.remove(&position);
            }
        }
        lanes.end_page(through);
        drop(share);
        debug!(%after, %through, "read again for parked lanes");
        self.spawn(begun);
        self.runner.touch();
    }

    /// Brings partitions that are behind the head up to it, with events that were read after `after`.
    ///
    /// The head was at `read` when they were asked for: an empty page says nothing of what lies behind that.
    fn bring_up(&mut self, after: Position, events: &[Arc<Event>], read: Position) {
        self.plans.refresh(&self.shared);
        let mut begun = Vec::new();
        let mut lanes = self.runner.lanes();
        for event in events {
            let position = event.position();
            let plan = self.plans.of(event.kind(), &self.shared);
            if position > lanes.read() || plan.is_empty() {
                continue;
            }
            let work = Work::Event {
                event: Arc::clone(event),
                plan: Arc::clone(plan),
                before: Befores::default(),
            };
            let offered = lanes.late(after, &self.keys.of(event), position, work);
            if let Offered::Begin(lane) = offered {
                begun.push(lane);
            }
        }
        // There may be no event at the head's position itself.
        let through = events.last().map_or(read, |last| last.position());
        lanes.end_late(after, through);
        drop(lanes);
        debug!(%after, %through, "read again for partitions that came");
        self.spawn(begun);
        self.runner.touch();
    }

    /// The values that a parked event replaced, if they were kept.
    fn before(&self, position: Position) -> Befores {
        if self.befores.is_empty() {
            return Befores::default();
        }
        self.befores.get(&position).cloned().unwrap_or_default()
    }

    /// Gives lanes that have become ready to the workers.
    fn spawn(&mut self, begun: Vec<LaneId>) {
        if !begun.is_empty() && self.runner.workers.add(begun) {
            self.begin_worker();
        }
    }

    fn begin_worker(&mut self) {
        self.tasks.spawn(Arc::clone(&self.runner).work());
    }

    /// # Errors
    /// A worker panicked or was aborted.
    fn ended(&mut self, ended: Result<(), JoinError>) -> Result<(), HeadError> {
        ended.map_err(|_| HeadError::Lane)?;
        while let Some(ended) = self.tasks.try_join_next() {
            ended.map_err(|_| HeadError::Lane)?;
        }
        Ok(())
    }

    /// Ends the handlers whose grace is over; their events stay open.
    async fn cut_off(&mut self) {
        let running = self.runner.lanes().running_in();
        for place in running {
            warn!(%place, "a handler did not end within the grace; its event comes again at the next start");
        }
        self.tasks.abort_all();
        while self.tasks.join_next().await.is_some() {}
    }

    /// Whoever asked may have given up.
    fn answer(&mut self, ask: Ask) {
        match ask {
            Ask::Erase(person, done) => {
                erase::erase(&mut self.projections, &person);
                self.save();
                let _ = done.send(());
            }
            Ask::Release(names, done) => {
                let is_asked =
                    |one: &mut Following| names.iter().any(|name| name == one.projection.name());
                let released = self.projections.extract_if(.., is_asked).collect();
                let _ = done.send(released);
            }
            Ask::Adopt(adoption) => self.adopt(adoption),
        }
    }

    /// Takes projections over that have applied what the head has read, or can apply it from memory.
    fn adopt(
        &mut self,
        Adoption {
            mut projections,
            lane,
            done,
        }: Adoption,
    ) {
        // Known before the first event of its source, also while the projections are behind.
        if let Some((source, lane)) = lane {
            self.keys.add(source, lane);
        }
        let head = self.runner.lanes().read();
        let behind = |projections: &[Following]| {
            let applied = projections.iter().map(|one| one.applied).min();
            applied.filter(|applied| *applied < head)
        };
        while let Some(applied) = behind(&projections) {
            let Ahead::Here(events, begin) = self.tail.ahead(applied) else {
                let _ = done.send(Err(Behind { projections, head }));
                return;
            };
            let mut through = head;
            for event in &events[begin..] {
                // There may be no event at the head's position itself.
                through = event.position().min(head);
                if event.position() > head {
                    break;
                }
                apply(&mut projections, event);
            }
            for one in &mut projections {
                one.applied = one.applied.max(through);
            }
        }
        if done.send(Ok(())).is_ok() {
            self.projections.append(&mut projections);
        }
    }

    /// States go through the committer like everything else. A full channel means a slow journal: the next round tries
    /// again.
    fn save(&mut self) {
        for following in &mut self.projections {
            if let Some((name, saved)) = following.save()
                && self
                    .runner
                    .writes
                    .try_send(Write::Projection(name, saved))
                    .is_err()
            {
                // The journal is slow; the state is saved the next time.
                following.is_due();
            }
        }
    }

    /// Looks at every letter: there is a new request, or a partition has come whose letters wait.
    fn look_for_all_letters(&mut self) {
        self.letters.again = true;
        self.look_for_letters();
    }

    /// Nothing is read while letters wait for their lanes.
    fn look_for_letters(&mut self) {
        let letters = &mut self.letters;
        if letters.reading.is_some() || !letters.waiting.is_empty() {
            return;
        }
        if std::mem::take(&mut letters.again) {
            letters.after = DeadLetterId(0);
        } else if letters.after == DeadLetterId(0) {
            return;
        }
        let journal = Arc::clone(&self.journal);
        let after = letters.after;
        letters.reading = Some(Box::pin(async move {
            journal.dead_letters(after, LETTERS).await
        }));
    }

    /// A page that could not be read for a reason that may pass ends the round; the next one begins with the next
    /// request or look.
    fn take_letters(&mut self, page: Result<Vec<DeadLetter>, ReadError>) -> Result<(), HeadError> {
        let page = match page {
            Ok(page) => page,
            Err(failure) if failure.is_transient() => {
                error!(
                    error = &failure as &dyn std::error::Error,
                    "dead letters could not be read"
                );
                return Ok(());
            }
            Err(failure) => return Err(HeadError::Read(failure)),
        };
        // Zero means that the round is over.
        self.letters.after = page.last().map_or(DeadLetterId(0), |letter| letter.id);
        let ours = page
            .into_iter()
            .filter(|letter| letter.replay && letter.consumer == self.runner.consumer);
        self.letters.waiting.extend(ours.map(Box::new));
        self.runner.room.notify_one();
        Ok(())
    }

    /// Appends dead letters to their lanes, as far as there is room.
    fn place_letters(&mut self) {
        while let Some(letter) = self.letters.waiting.pop_front() {
            let id = letter.id;
            if !self.runner.letters().insert(id) {
                continue;
            }
            self.plans.refresh(&self.shared);
            let event = &letter.event;
            let plan = Arc::clone(self.plans.of(event.kind(), &self.shared));
            let key = self.keys.of(event).into_owned();
            let work = Work::Letter { letter, plan };
            let offered = self.runner.lanes().append(&key, work);
            match offered {
                Offered::Parked(Work::Letter { letter, .. }) => {
                    self.runner.letters().remove(&id);
                    self.letters.waiting.push_front(letter);
                    break;
                }
                Offered::Begin(lane) => self.spawn(vec![lane]),
                // Another worker has its partition.
                Offered::NotDue => drop(self.runner.letters().remove(&id)),
                Offered::Queued | Offered::Parked(_) => {}
            }
        }
        self.look_for_letters();
    }
}

/// Applies the event to the projections that are behind it.
///
/// Projections stand at different positions after a restart, so each is asked for itself whether it lacks the event.
pub(crate) fn apply(projections: &mut [Following], event: &Event) -> Befores {
    let mut befores = Vec::new();
    for following in projections {
        if event.position() <= following.applied {
            continue;
        }
        let before = following.projection.apply(event);
        following.applied = event.position();
        if !before.is_nothing() {
            befores.push(before);
        }
    }
    Befores::of(befores)
}

/// Lets the other tasks run once, on any thread that is free.
///
/// [`tokio::task::yield_now`] would keep the head on its own thread, where a handler may block.
async fn give_way() {
    let mut has_given = false;
    poll_fn(|context| {
        if std::mem::replace(&mut has_given, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// The page that is being read; never ready while there is none.
async fn page(reading: Option<&mut Reading>) -> Option<(Position, Page)> {
    let reading = reading?;
    let page = (&mut reading.page).await;
    Some((reading.after, page))
}

/// Never ready while nothing is being read.
async fn read_letters(letters: &mut Letters) -> Result<Vec<DeadLetter>, ReadError> {
    match &mut letters.reading {
        Some(reading) => reading.await,
        None => std::future::pending().await,
    }
}
