//! One process appends, others handle: what each may do, and what the sudden end of one costs.

#![cfg(feature = "sqlite")]
#![expect(
    clippy::unwrap_used,
    reason = "a test may unwrap, also outside its own function"
)]

mod support;

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    time::Duration,
};

use antiphon::{
    App, Before, BoxError, ChangeError, Checkpoint, Delivery, Draft, Entry, Event, HandlerExt as _,
    Kind, Origin, Place, RunError, State,
    erasure::{EraseError, Person},
    journal::{Journal as _, Options, Role, SqliteJournal, Trouble},
    projection::{self, Projection},
    testing::{SAID, TestApp, script},
};
use support::{Log, note, running};
use tempfile::TempDir;

fn folder() -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("journal.sqlite");
    (folder, file)
}

async fn for_consumers(file: &Path) -> SqliteJournal {
    let options = Options::new().wait(Duration::ZERO);
    SqliteJournal::for_consumers_with(file, options)
        .await
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_bot_beside_the_ingester_handles_what_it_stores_and_restarts_as_it_likes() {
    let (_folder, file) = folder();
    let (choir, source) = script("choir");
    let ingester = App::new(()).source(source).named("run");
    let ingester = TestApp::start(ingester, SqliteJournal::open(&file).await.unwrap()).await;
    choir
        .say("room/loft", "before its first start")
        .await
        .unwrap();
    ingester.settle().await;
    for round in 0..3 {
        let log = Log::default();
        let bot = App::new(log.clone()).named("bot").on(note);
        let bot = TestApp::start(bot, for_consumers(&file).await).await;
        let text = format!("round {round}");
        choir.say("room/loft", &text).await.unwrap();
        bot.until(|| log.len() > usize::from(round > 0)).await;
        let away = format!("after round {}", round - 1);
        let expected = [away, text];
        assert_eq!(log.lines(), expected[usize::from(round == 0)..]);
        bot.stop().await.unwrap();
        let away = format!("after round {round}");
        choir.say("room/loft", &away).await.unwrap();
    }
    ingester.stop().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_second_process_of_a_consumer_ends_and_says_why() {
    let (_folder, file) = folder();
    let ingester = SqliteJournal::open(&file).await.unwrap();
    let first = TestApp::start(App::new(()).named("bot"), for_consumers(&file).await).await;
    let second = App::new(()).named("bot");
    let ended = second.run(for_consumers(&file).await, std::future::pending::<()>());
    let error = ended.await.expect_err("it is there already");
    let RunError::Claim(refused) = &error else {
        panic!("{error}")
    };
    assert_eq!(refused.trouble(), Trouble::Locked);
    assert!(error.hint().unwrap().contains("another name"), "{error:?}");
    let said = antiphon_core::error_chain(&error);
    assert!(said.contains(&std::process::id().to_string()), "{said}");
    // A crash gives the consumer up, as an end in good order does.
    first.crash().await;
    let again = TestApp::start(App::new(()).named("bot"), for_consumers(&file).await).await;
    again.stop().await.unwrap();
    ingester.close().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_consumer_changes_no_sources_and_erases_nobody() {
    let (_folder, file) = folder();
    let ingester = SqliteJournal::open(&file).await.unwrap();
    let (_choir, source) = script("choir");
    let bot = App::new(()).named("bot").source(source);
    let bot = TestApp::start(bot, for_consumers(&file).await).await;
    assert!(bot.handle().links().is_empty(), "its source does not run");
    let (_organ, source) = script("organ");
    let added = bot.handle().add_source(source).await;
    assert!(matches!(added, Err(ChangeError::Elsewhere)), "{added:?}");
    let removed = bot.handle().remove_source("choir").await;
    assert!(
        matches!(removed, Err(ChangeError::Elsewhere)),
        "{removed:?}"
    );
    let erased = bot.handle().erase(Person::new([], "5f1c")).await;
    let Err(EraseError::Append(error)) = erased else {
        panic!("{erased:?}")
    };
    assert_eq!(error.trouble(), Trouble::OtherRole);
    // Nor can the ingester, while the bot would store again what it knows.
    let erased = ingester.erase(Person::new([], "5f1c").into()).await;
    let error = erased.expect_err("the bot runs");
    assert_eq!(error.trouble(), Trouble::Locked);
    assert!(
        antiphon_core::error_chain(&error).contains("`bot`"),
        "{error:?}"
    );
    bot.stop().await.unwrap();
    let erased = ingester.erase(Person::new([], "5f1c").into()).await;
    assert!(erased.is_ok(), "{erased:?}");
}

/// The number of events of each place.
#[derive(Debug, Default)]
struct Counts(BTreeMap<String, u64>);

/// The number before an event.
#[derive(Debug)]
struct Earlier(u64);

impl Projection for Counts {
    fn name(&self) -> &'static str {
        "test/counts"
    }

    fn apply(&mut self, event: &Event) -> projection::Before {
        let count = self.0.entry(event.place().to_string()).or_default();
        *count += 1;
        projection::Before::was(Earlier(*count - 1))
    }

    fn save(&self) -> Option<Vec<u8>> {
        serde_json::to_vec(&self.0).ok()
    }

    fn restore(&mut self, saved: &[u8]) -> Result<(), BoxError> {
        self.0 = serde_json::from_slice(saved)?;
        Ok(())
    }
}

async fn count(_: Event, State(log): State<Log>, Before(earlier): Before<Earlier>) {
    log.note(earlier.expect("each event counts").0.to_string());
}

#[tokio::test(start_paused = true)]
async fn a_consumer_begins_with_the_ingesters_projections_and_keeps_its_own() {
    let (_folder, file) = folder();
    let (choir, source) = script("choir");
    let journal = std::sync::Arc::new(SqliteJournal::open(&file).await.unwrap());
    let ingester = App::new(()).source(source).projection(Counts::default());
    let ingester = TestApp::start(ingester, std::sync::Arc::clone(&journal)).await;
    let say = async |texts: u64| {
        for _ in 0..texts {
            choir.say("room/loft", "amen").await.unwrap();
        }
        ingester.settle().await;
    };
    say(3).await;
    // Projections are saved every ten seconds.
    tokio::time::sleep(Duration::from_secs(11)).await;

    let log = Log::default();
    let bot = || {
        App::new(log.clone())
            .named("bot")
            .projection(Counts::default())
            .on_raw(SAID, count.named("count"))
    };
    let app = TestApp::start(bot(), for_consumers(&file).await).await;
    say(1).await;
    app.until(|| log.len() == 1).await;
    app.stop().await.unwrap();
    let saved = async |name: &str| {
        journal
            .projection(name)
            .await
            .unwrap()
            .map(|saved| saved.state)
    };
    let own = saved("test/counts@bot").await;
    assert_eq!(own.as_deref(), Some(&br#"{"room/loft":4}"#[..]));
    let before = saved("test/counts").await;
    assert_eq!(before.as_deref(), Some(&br#"{"room/loft":3}"#[..]));

    // The ingester's is further now than the bot has read, and is not taken.
    say(2).await;
    tokio::time::sleep(Duration::from_secs(11)).await;
    let app = TestApp::start(bot(), for_consumers(&file).await).await;
    app.until(|| log.len() == 3).await;
    app.stop().await.unwrap();
    assert_eq!(log.lines(), ["3", "4", "5"]);
    ingester.stop().await.unwrap();
}

/// What the clients say, at once, of sources that another process runs, where the journal has no way to it.
#[cfg(all(
    feature = "discord",
    feature = "lavalink",
    feature = "queup",
    feature = "stackexchange"
))]
#[tokio::test(start_paused = true)]
async fn clients_say_that_another_process_has_the_source() {
    use antiphon::{discord, lavalink, queup, stackexchange};
    use antiphon_core::StopCode;
    use antiphon_sim::Simulator;

    let sim = Simulator::with_seed(7);
    let (network, clock) = (|| sim.network(), sim.clock());
    let token = sim.discord().token();
    let config = discord::Config::new(token, discord::Intents::GUILDS);
    let (bot, shards) = discord::connect(config.network(network()).clock(clock));
    let node = sim.lavalink().node("eu-1");
    let node = lavalink::NodeConfig::new("eu-1", node.url(), node.password());
    let config = lavalink::Config::new(7, [node]);
    let (pool, nodes) = lavalink::connect(config.network(network()).clock(clock));
    let account = sim.queup().account();
    let config = queup::Config::new(queup::Account::new(account.email, account.password));
    let (rooms, socket) = queup::connect(config.network(network()).clock(clock));
    let account = sim.stackexchange().account();
    let account = stackexchange::Account::new(account.email, account.password);
    let config = stackexchange::Config::new(account).network(network());
    let (chat, lines) = stackexchange::connect(config.clock(clock));

    let sources: [Box<dyn antiphon::Source>; 4] = [
        Box::new(shards),
        Box::new(nodes),
        Box::new(socket),
        Box::new(lines),
    ];
    for source in sources {
        assert!(
            source.elsewhere(None).is_none(),
            "there is nobody to follow"
        );
    }
    let begun = tokio::time::Instant::now();
    let elsewhere = |state: &antiphon::LinkState| {
        let antiphon::LinkState::Stopped { code, reason, hint } = state else {
            panic!("{state}")
        };
        assert_eq!(*code, StopCode::ELSEWHERE);
        assert!(reason.contains("this process has no source"), "{reason}");
        assert!(hint.is_some());
    };
    let presence = bot.update_presence(discord::Presence::invisible()).await;
    match presence {
        Err(discord::CommandError::NotConnected(error)) => elsewhere(&error.state),
        other => panic!("{other:?}"),
    }
    let stopped = pool.player_in(1_u64).stop().await;
    match stopped {
        Err(lavalink::PlayerError::NotConnected(error)) => elsewhere(&error.state),
        other => panic!("{other:?}"),
    }
    let joined = rooms.join_room("choir-loft").await;
    match joined {
        Err(queup::JoinError::NotConnected(error)) => elsewhere(&error.state),
        other => panic!("{other:?}"),
    }
    let fetched = rooms.fetch_room("choir-loft").await;
    match fetched {
        Err(error @ queup::RequestError::Elsewhere(_)) => assert!(!error.is_transient()),
        other => panic!("{other:?}"),
    }
    let joined = chat.join(4242).await;
    match joined {
        Err(stackexchange::JoinError::NotConnected(error)) => elsewhere(&error.state),
        other => panic!("{other:?}"),
    }
    let found = chat.search_users("mir").await;
    match found {
        Err(error @ stackexchange::RequestError::Elsewhere(_)) => assert!(!error.is_transient()),
        other => panic!("{other:?}"),
    }
    assert_eq!(begun.elapsed(), Duration::ZERO, "nobody waits");
    // Requests to Discord and to a node go straight out.
    bot.current_user_guilds().await.unwrap();
    pool.fetch_tracks("ytsearch:amen").await.unwrap();
}

/// Environment variable with the journal, for the processes that are killed.
const JOURNAL: &str = "ANTIPHON_ROLES_JOURNAL";

/// Events that one process brings.
const EVENTS: u64 = 400;

/// Places of the events.
const PLACES: u64 = 7;

/// Starts one of the tests below as a process of its own; its output is piped.
fn start(name: &str, file: &Path) -> (Child, std::io::Lines<BufReader<ChildStdout>>) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([name, "--exact", "--ignored", "--nocapture"])
        .env(JOURNAL, file)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines();
    (child, lines)
}

fn print(line: &str) {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{line}").unwrap();
    output.flush().unwrap();
}

/// Ends when the process that started this one closes its input.
async fn input_closed() {
    let read = tokio::task::spawn_blocking(|| std::io::stdin().lines().count());
    read.await.unwrap();
}

/// Brings numbers from where the last process was, each with the checkpoint that it was brought.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "run and killed by `kill_9_of_either_role_loses_nothing_and_repeats_only_what_was_open`"]
async fn the_ingester() {
    let Some(file) = std::env::var_os(JOURNAL) else {
        return;
    };
    let source = running("choir", async |intake, stop| {
        let before = intake.checkpoint("numbers").map_or(0, |stored| stored.mark);
        let before = u64::try_from(before).unwrap();
        let part = "numbers".into();
        let mut stored = intake.stored(&part);
        for number in before + 1..=before + EVENTS {
            let draft = Draft::new(
                Kind::from_static(SAID),
                Place::new(format!("room/{}", number % PLACES)),
                Origin::frame("test", number),
                intake.now(),
                format!("{{\"message\":\"{number}\"}}"),
            );
            let checkpoint = Checkpoint {
                part: "numbers".into(),
                state: "".into(),
                mark: number.try_into().unwrap(),
            };
            if intake
                .send(Entry::event(draft).with(checkpoint))
                .await
                .is_err()
            {
                return Ok(());
            }
            if number % 8 == 0 {
                let is_stored =
                    |mark: &Option<i64>| mark.is_some_and(|mark| mark.unsigned_abs() >= number);
                let _ = stored.wait_for(is_stored).await;
            }
        }
        print("all brought");
        stop.closing().await;
        Ok(())
    });
    let app = App::new(()).named("run").source(source);
    let journal = SqliteJournal::open(Path::new(&file)).await.unwrap();
    print("open");
    app.run(journal, input_closed()).await.unwrap();
}

async fn print_number(event: Event, delivery: Delivery) {
    let (place, origin) = (event.place(), event.origin());
    let again = if delivery.redelivered {
        "again"
    } else {
        "once"
    };
    print(&format!("handled {place} {origin} {again}"));
}

/// Prints every event that it handles.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "run and killed by `kill_9_of_either_role_loses_nothing_and_repeats_only_what_was_open`"]
async fn the_consumer() {
    let Some(file) = std::env::var_os(JOURNAL) else {
        return;
    };
    let journal = SqliteJournal::for_consumers(Path::new(&file))
        .await
        .unwrap();
    assert_eq!(journal.role(), Role::Consumer);
    let app = App::new(()).named("bot").from_start();
    let app = app.on_raw(SAID, print_number.named("print").save_each());
    app.run(journal, input_closed()).await.unwrap();
}

/// A line of the consumer: place, number, and whether it may have been handled before.
fn handled(line: std::io::Result<String>) -> Option<(String, u64, bool)> {
    let line = line.unwrap();
    let mut words = line.strip_prefix("handled ")?.split(' ');
    let (place, origin, again) = (words.next()?, words.next()?, words.next()?);
    let (_, number) = origin.rsplit_once('/')?;
    Some((place.to_owned(), number.parse().ok()?, again == "again"))
}

#[tokio::test]
async fn kill_9_of_either_role_loses_nothing_and_repeats_only_what_was_open() {
    let (_folder, file) = folder();
    let mut rng = antiphon_core::Rng::with_seed(18);
    let (mut ingester, mut told) = start("the_ingester", &file);
    let is = |expected: &'static str| {
        move |line: &std::io::Result<String>| line.as_ref().unwrap() == expected
    };
    assert!(told.any(|line| is("open")(&line)), "it opens the journal");
    let (mut consumer, mut lines) = start("the_consumer", &file);
    let mut seen = Vec::new();
    let mut kills = 0;
    for round in 0..24 {
        let count = rng.usize(1..60);
        let before = seen.len();
        seen.extend(lines.by_ref().filter_map(handled).take(count));
        assert_eq!(
            seen.len(),
            before + count,
            "round {round}: it ended by itself"
        );
        if rng.bool() {
            ingester.kill().unwrap();
            ingester.wait().unwrap();
            (ingester, told) = start("the_ingester", &file);
            assert!(
                told.any(|line| is("open")(&line)),
                "round {round}: it opens the journal"
            );
        } else {
            kills += 1;
            consumer.kill().unwrap();
            // The rest of its output.
            seen.extend(lines.filter_map(handled));
            consumer.wait().unwrap();
            (consumer, lines) = start("the_consumer", &file);
        }
    }
    assert!(told.any(|line| is("all brought")(&line)));
    drop(ingester.stdin.take());
    assert!(ingester.wait().unwrap().success());
    let journal = SqliteJournal::read_only(&file).await.unwrap();
    let mut stored: Vec<u64> = Vec::new();
    let mut after = antiphon::Position::ZERO;
    loop {
        let page = journal.read(after, 1000).await.unwrap();
        let Some(last) = page.last() else { break };
        after = last.position();
        let said = page.iter().filter(|event| *event.kind() == SAID);
        stored.extend(said.map(|event| {
            let (_, number) = event.origin().as_str().rsplit_once('/').unwrap();
            number.parse::<u64>().unwrap()
        }));
    }
    let all: Vec<u64> = (1..=stored.len() as u64).collect();
    assert!(stored == all, "each is stored once, and in order");

    // The consumer goes on without an ingester.
    let mut missing: std::collections::BTreeSet<u64> = all.iter().copied().collect();
    for (_, number, _) in &seen {
        missing.remove(number);
    }
    while !missing.is_empty() {
        let next = lines.by_ref().find_map(handled).expect("it runs");
        missing.remove(&next.1);
        seen.push(next);
    }
    drop(consumer.stdin.take());
    assert!(consumer.wait().unwrap().success());

    let mut last: BTreeMap<&str, u64> = BTreeMap::new();
    let mut repeats = 0;
    for (place, number, again) in &seen {
        let last = last.entry(place).or_default();
        if *number <= *last {
            assert!(again, "{number} was handled before, and is not marked");
            // Each event is saved before the next of its place begins.
            assert_eq!(number, last, "only what was open comes again");
            repeats += 1;
        } else {
            let next = if *last == 0 {
                (*number - 1) % PLACES + 1
            } else {
                *last + PLACES
            };
            assert_eq!(*number, next, "nothing of {place} is left out");
        }
        *last = *number;
    }
    assert!(
        repeats <= kills * PLACES,
        "{repeats} repeats by {kills} kills"
    );
}
