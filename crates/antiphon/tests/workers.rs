//! Several processes of one consumer share its places: what each handles, and what a change of them costs.

#![expect(
    clippy::unwrap_used,
    reason = "a test may unwrap, also outside its own function"
)]

mod support;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use antiphon::{
    App, BoxError, Delivery, Event, HandlerError, HandlerExt as _, RunError, State, WorkerStatus,
    journal::{Batch, Journal as _, MemoryJournal, Trouble},
    projection::{self, Projection},
    testing::{SAID, Script, TestApp, script},
};
use antiphon_core::{DeadLetterChange, DeadLetterId};
use support::Log;
use tokio::sync::Notify;

/// Places of the events.
const PLACES: u64 = 23;

/// What the handlers of one worker share.
#[derive(Clone, Default)]
struct Bot {
    log: Log,
    /// While it is closed, handlers wait.
    gate: Arc<Gate>,
}

#[derive(Default)]
struct Gate {
    is_closed: AtomicBool,
    waiting: AtomicUsize,
    opened: Notify,
}

impl Gate {
    async fn pass(&self) {
        loop {
            let opened = self.opened.notified();
            if !self.is_closed.load(Ordering::SeqCst) {
                return;
            }
            self.waiting.fetch_add(1, Ordering::SeqCst);
            opened.await;
            self.waiting.fetch_sub(1, Ordering::SeqCst);
        }
    }

    fn close(&self) {
        self.is_closed.store(true, Ordering::SeqCst);
    }

    fn open(&self) {
        self.is_closed.store(false, Ordering::SeqCst);
        self.opened.notify_waiters();
    }
}

#[derive(serde::Deserialize)]
struct Said {
    message: String,
}

/// A line for each event that was handled: place, number, and whether it may have been handled before.
async fn note(event: Event, delivery: Delivery, State(bot): State<Bot>) {
    bot.gate.pass().await;
    let said: Said = event.parse().unwrap();
    let again = if delivery.redelivered {
        "again"
    } else {
        "once"
    };
    bot.log
        .note(format!("{} {} {again}", event.place(), said.message));
}

/// The source, in an app of its own, which brings numbers.
struct Source {
    script: Script,
    app: TestApp<()>,
    journal: Arc<MemoryJournal>,
    said: u64,
}

impl Source {
    async fn start() -> Self {
        let journal = Arc::new(MemoryJournal::new());
        let (script, source) = script("organ");
        let app = App::new(()).named("ingester").source(source);
        let app = TestApp::start(app, Arc::clone(&journal)).await;
        Self {
            script,
            app,
            journal,
            said: 0,
        }
    }

    /// Stores so many numbers, each place in its turn.
    async fn say(&mut self, count: u64) {
        for _ in 0..count {
            self.said += 1;
            let place = format!("room/{}", self.said % PLACES);
            let said = self.script.say(&place, &self.said.to_string()).await;
            said.unwrap();
        }
        self.app.settle().await;
    }

    fn bot(bot: &Bot) -> App<Bot> {
        let app = App::new(bot.clone()).named("choir").from_start();
        app.on_raw(SAID, note.named("note"))
    }

    async fn worker(&self, bot: &Bot) -> TestApp<Bot> {
        TestApp::start(Self::bot(bot).worker(), Arc::clone(&self.journal)).await
    }

    async fn alone(&self, bot: &Bot) -> TestApp<Bot> {
        TestApp::start(Self::bot(bot), Arc::clone(&self.journal)).await
    }

    /// The numbers of these lines, each of which was handled once, and those of a place in their order.
    #[track_caller]
    fn check<'a>(&self, logs: impl IntoIterator<Item = &'a Bot>) {
        let lines: Vec<_> = logs.into_iter().map(|bot| bot.log.lines()).collect();
        let mut missing: BTreeSet<u64> = (1..=self.said).collect();
        for lines in &lines {
            let mut last = BTreeMap::new();
            for line in lines {
                let (place, number, again) = read(line);
                assert!(missing.remove(&number), "{number} was handled twice");
                assert_eq!(again, "once", "{line}");
                let before = last.insert(place, number);
                assert!(before < Some(number), "{line} after {before:?}");
            }
        }
        assert!(missing.is_empty(), "not handled: {missing:?}");
    }
}

fn read(line: &str) -> (&str, u64, &str) {
    let mut words = line.split(' ');
    let mut next = || words.next().unwrap();
    (next(), next().parse().unwrap(), next())
}

async fn share(app: &TestApp<Bot>) -> WorkerStatus {
    app.handle().status().await.worker.unwrap_or_default()
}

/// Waits until the workers have the partitions that are theirs, and nothing is left to handle.
async fn balanced(apps: &[&TestApp<Bot>]) {
    let partitions = antiphon_core::Partitions::default();
    loop {
        let mut held = Vec::new();
        for app in apps {
            assert!(!app.has_ended(), "a worker has ended");
            held.push(share(app).await.held);
        }
        held.sort_unstable_by(|one, other| other.cmp(one));
        let quota = |rank| partitions.quota(rank, apps.len()) as u64;
        if held == (0..apps.len()).map(quota).collect::<Vec<_>>() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    for app in apps {
        app.settle().await;
    }
}

#[tokio::test(start_paused = true)]
async fn three_workers_handle_each_event_once_and_places_in_order() {
    let mut source = Source::start().await;
    source.say(100).await;
    let bots: [Bot; 3] = Default::default();
    let apps = [
        source.worker(&bots[0]).await,
        source.worker(&bots[1]).await,
        source.worker(&bots[2]).await,
    ];
    balanced(&apps.each_ref()).await;
    source.say(400).await;
    balanced(&apps.each_ref()).await;
    source.check(&bots);
    let busy = bots.iter().filter(|bot| !bot.log.lines().is_empty());
    assert_eq!(busy.count(), 3, "each has some of the places");
    for app in apps {
        app.stop().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn workers_that_come_and_go_in_good_order_repeat_nothing() {
    let mut source = Source::start().await;
    let mut bots = vec![Bot::default()];
    let mut apps = vec![source.worker(&bots[0]).await];
    for round in 0..8 {
        if round % 4 < 2 {
            bots.push(Bot::default());
            apps.push(source.worker(&bots[round + 1]).await);
        } else {
            bots.push(Bot::default());
            apps.remove(round % apps.len()).stop().await.unwrap();
        }
        // Also while partitions are on their way.
        source.say(60).await;
        balanced(&apps.iter().collect::<Vec<_>>()).await;
        source.say(60).await;
    }
    balanced(&apps.iter().collect::<Vec<_>>()).await;
    source.check(&bots);
    for app in apps {
        app.stop().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_open_at_a_crash_comes_again_in_another_worker() {
    let mut source = Source::start().await;
    let bots: [Bot; 2] = Default::default();
    let stays = source.worker(&bots[0]).await;
    let crashes = source.worker(&bots[1]).await;
    balanced(&[&stays, &crashes]).await;
    source.say(50).await;
    balanced(&[&stays, &crashes]).await;
    // What was handled is stored by now.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let before = bots[1].log.lines().len();
    bots[1].gate.close();
    source.say(50).await;
    crashes
        .until(|| bots[1].gate.waiting.load(Ordering::SeqCst) > 3)
        .await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    crashes.crash().await;
    balanced(&[&stays]).await;
    let mut handled = BTreeMap::new();
    let lines = bots[0].log.lines();
    for line in &lines {
        let (_, number, again) = read(line);
        assert_eq!(handled.insert(number, again), None, "{number} twice");
    }
    let lines = bots[1].log.lines();
    for line in &lines[..before] {
        let (_, number, again) = read(line);
        assert_eq!(handled.insert(number, again), None, "{number} twice");
    }
    assert_eq!(handled.len(), 100);
    let again = handled.iter().filter(|(_, again)| **again == "again");
    let again: Vec<_> = again.map(|(number, _)| *number).collect();
    assert!(again.len() > 3, "{again:?}");
    assert!(again.iter().all(|number| *number > 50), "{again:?}");
    stays.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_handler_that_outlasts_the_grace_is_cut_off_and_its_event_comes_again_elsewhere() {
    let mut source = Source::start().await;
    let bots: [Bot; 2] = Default::default();
    let slow = source.worker(&bots[0]).await;
    balanced(&[&slow]).await;
    bots[0].gate.close();
    source.say(PLACES).await;
    slow.until(|| bots[0].gate.waiting.load(Ordering::SeqCst) == 23)
        .await;
    let other = source.worker(&bots[1]).await;
    while share(&other).await.held < 16 {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    other.settle().await;
    let taken = bots[1].log.lines();
    assert!(!taken.is_empty());
    assert!(
        taken.iter().all(|line| line.ends_with("again")),
        "{taken:?}"
    );
    bots[0].gate.open();
    balanced(&[&slow, &other]).await;
    assert_eq!(bots[0].log.lines().len() + taken.len(), 23);
    slow.stop().await.unwrap();
    other.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_consumer_becomes_one_with_workers_and_back_and_repeats_nothing() {
    let mut source = Source::start().await;
    let mut bots = Vec::new();
    for round in 0..6 {
        let bot = Bot::default();
        bots.push(bot.clone());
        let app = if round % 2 == 0 {
            source.alone(&bot).await
        } else {
            source.worker(&bot).await
        };
        // Lanes fill up and are parked.
        bot.gate.close();
        source.say(2000).await;
        if round % 2 == 1 {
            while share(&app).await.held < 32 {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
        bot.gate.open();
        app.until(|| bot.log.lines().len() > 500).await;
        app.stop().await.unwrap();
    }
    let last = Bot::default();
    bots.push(last.clone());
    let app = source.alone(&last).await;
    app.settle().await;
    app.stop().await.unwrap();
    // Handlers that ran at a stop ended within the grace.
    source.check(&bots);
    let cursor = source.journal.cursor(&"choir#0".into()).await.unwrap();
    assert_eq!(cursor, None, "the partitions are gone");
}

#[tokio::test(start_paused = true)]
async fn partitions_that_stand_apart_are_merged_without_loss_or_repeat() {
    let mut source = Source::start().await;
    let bots: [Bot; 3] = Default::default();
    let stays = source.worker(&bots[0]).await;
    let ends = source.worker(&bots[1]).await;
    balanced(&[&stays, &ends]).await;
    source.say(100).await;
    balanced(&[&stays, &ends]).await;
    ends.stop().await.unwrap();
    source.say(300).await;
    // At once, so that some partitions have not been taken over.
    stays.stop().await.unwrap();
    let app = source.alone(&bots[2]).await;
    app.settle().await;
    app.stop().await.unwrap();
    source.check(&bots);
}

fn refused(error: &RunError) -> String {
    let RunError::Claim(refused) = error else {
        panic!("{error}")
    };
    assert_eq!(refused.trouble(), Trouble::Locked);
    assert_eq!(refused.consumer().as_str(), "choir");
    assert!(error.hint().is_some());
    antiphon_core::error_chain(error)
}

#[tokio::test(start_paused = true)]
async fn a_consumer_runs_with_workers_or_without_and_says_which() {
    let source = Source::start().await;
    let bot = Bot::default();
    let worker = source.worker(&bot).await;
    balanced(&[&worker]).await;
    let ended = source.alone(&bot).await.stop().await;
    let said = refused(&ended.expect_err("it has a worker"));
    assert!(said.contains("it runs with workers"), "{said}");
    worker.stop().await.unwrap();
    let alone = source.alone(&bot).await;
    let ended = source.worker(&bot).await.stop().await;
    let said = refused(&ended.expect_err("a process has it"));
    assert!(said.contains("without workers"), "{said}");
    alone.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_a_consumer_with_workers_is_refused_at_the_start() {
    let source = Source::start().await;
    let run = async |app: App<Bot>| {
        let app = TestApp::start(app, Arc::clone(&source.journal)).await;
        app.stop().await
    };
    let configuration = |ended: Result<(), RunError>| match ended {
        Err(RunError::Configuration(problem)) => problem,
        other => panic!("{other:?}"),
    };
    let bot = || Source::bot(&Bot::default());
    for (app, expected) in [
        (bot().partitions(4), "`App::worker` is missing"),
        (bot().worker().partitions(0), "1 to 256"),
        (bot().worker().partitions(257), "1 to 256"),
        (bot().named("choir#3"), "a partition of `choir`"),
        (bot().named("choir#w3").worker(), "a partition of `choir`"),
    ] {
        let problem = configuration(run(app).await);
        assert!(problem.contains(expected), "{problem}");
    }
    // As many workers as partitions, and the first decides how many there are.
    let two = || bot().worker().partitions(2);
    let one = TestApp::start(two(), Arc::clone(&source.journal)).await;
    let other = TestApp::start(bot().worker(), Arc::clone(&source.journal)).await;
    let said = refused(&run(two()).await.expect_err("there are two"));
    assert!(said.contains("2 workers"), "{said}");
    other.stop().await.unwrap();
    let problem = configuration(run(bot().worker().partitions(3)).await);
    assert!(problem.contains("has 2 partitions"), "{problem}");
    one.stop().await.unwrap();
}

async fn fail(event: Event, State(bot): State<Bot>) -> Result<(), HandlerError> {
    if bot.gate.is_closed.load(Ordering::SeqCst) {
        return Err(HandlerError::message("the gate is closed"));
    }
    let said: Said = event.parse().unwrap();
    bot.log.note(said.message);
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn a_replayed_dead_letter_reaches_the_worker_that_has_its_place() {
    let mut source = Source::start().await;
    let bots: [Bot; 3] = Default::default();
    let app = |bot: &Bot| {
        let app = App::new(bot.clone()).named("choir").from_start().worker();
        app.on_raw(SAID, fail.named("fail"))
    };
    let stored = Arc::clone(&source.journal);
    let journal = || Arc::clone(&stored);
    let apps = [
        TestApp::start(app(&bots[0]), journal()).await,
        TestApp::start(app(&bots[1]), journal()).await,
    ];
    balanced(&apps.each_ref()).await;
    for bot in &bots {
        bot.gate.close();
    }
    source.say(PLACES).await;
    balanced(&apps.each_ref()).await;
    let letters = async || {
        let letters = source.journal.dead_letters(DeadLetterId(0), 100).await;
        letters.unwrap()
    };
    let dead = letters().await;
    assert_eq!(dead.len(), 23);
    assert!(
        dead.iter()
            .all(|letter| letter.consumer.as_str() == "choir")
    );
    for bot in &bots {
        bot.gate.open();
    }
    let replay = async |ids: &[DeadLetterId]| {
        let batch = Batch {
            dead: ids.iter().copied().map(DeadLetterChange::Replay).collect(),
            ..Batch::default()
        };
        source.journal.append(Arc::new(batch)).await.unwrap();
    };
    let ids: Vec<_> = dead.iter().map(|letter| letter.id).collect();
    replay(&ids[..20]).await;
    while letters().await.len() > 3 {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let noted = |bot: &Bot| bot.log.lines().len();
    assert_eq!(noted(&bots[0]) + noted(&bots[1]), 20);
    assert!(noted(&bots[0]) > 0 && noted(&bots[1]) > 0);
    for app in apps {
        app.stop().await.unwrap();
    }
    // Asked for while nobody runs: they come with the partitions.
    replay(&ids[20..]).await;
    let last = TestApp::start(app(&bots[2]), journal()).await;
    while !letters().await.is_empty() {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(noted(&bots[2]), 3);
    last.stop().await.unwrap();
}

/// The number of events that it has seen.
struct Count(Arc<AtomicUsize>);

impl Projection for Count {
    fn name(&self) -> &'static str {
        "test/count"
    }

    fn apply(&mut self, event: &Event) -> projection::Before {
        if *event.kind() == SAID {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
        projection::Before::NOTHING
    }

    fn save(&self) -> Option<Vec<u8>> {
        Some(self.0.load(Ordering::SeqCst).to_string().into_bytes())
    }

    fn restore(&mut self, saved: &[u8]) -> Result<(), BoxError> {
        let saved = std::str::from_utf8(saved)?.parse()?;
        self.0.store(saved, Ordering::SeqCst);
        Ok(())
    }
}

#[cfg(feature = "sqlite")]
#[tokio::test(start_paused = true)]
async fn every_worker_sees_all_events_and_begins_with_the_ingesters_projections() {
    use antiphon::journal::{Options, SqliteJournal};

    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("journal.sqlite");
    let (script, source) = script("organ");
    let counted = Arc::<AtomicUsize>::default();
    let ingester = App::new(()).source(source);
    let ingester = ingester.projection(Count(Arc::clone(&counted)));
    let ingester = TestApp::start(ingester, SqliteJournal::open(&file).await.unwrap()).await;
    for number in 0..30 {
        let place = format!("room/{number}");
        script.say(&place, "before").await.unwrap();
    }
    ingester.settle().await;
    // Projections are saved every ten seconds, by the journal's own thread, which no paused clock waits for.
    let reader = SqliteJournal::read_only(&file).await.unwrap();
    while reader.projection("test/count").await.unwrap().is_none() {
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let mut apps = Vec::new();
    let counts: [Arc<AtomicUsize>; 2] = Default::default();
    for count in &counts {
        let options = Options::new().wait(Duration::ZERO);
        let journal = SqliteJournal::for_consumers_with(&file, options).await;
        let app = Source::bot(&Bot::default()).worker();
        let app = app.projection(Count(Arc::clone(count)));
        apps.push(TestApp::start(app, journal.unwrap()).await);
    }
    balanced(&apps.iter().collect::<Vec<_>>()).await;
    let mut streams: Vec<_> = apps
        .iter()
        .map(|app| app.handle().stream_raw(SAID))
        .collect();
    for number in 0..30 {
        let place = format!("room/{number}");
        script.say(&place, "after").await.unwrap();
    }
    for (stream, count) in streams.iter_mut().zip(&counts) {
        for _ in 0..30 {
            futures_util::StreamExt::next(stream)
                .await
                .unwrap()
                .unwrap();
        }
        assert_eq!(count.load(Ordering::SeqCst), 60);
    }
    for app in apps {
        app.stop().await.unwrap();
    }
    let journal = SqliteJournal::read_only(&file).await.unwrap();
    let own = journal.projection("test/count@choir").await.unwrap();
    assert_eq!(own, None, "a worker saves none");
    ingester.stop().await.unwrap();
}
