//! Requests of a consumer's process that another process carries out.

#![cfg(all(
    unix,
    feature = "sqlite",
    feature = "discord",
    feature = "lavalink",
    feature = "queup",
    feature = "stackexchange"
))]
#![expect(
    clippy::unwrap_used,
    reason = "a test may unwrap, also outside its own function"
)]

use std::{
    io::{BufRead as _, BufReader, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::Duration,
};

use antiphon::{
    App, RelayError,
    discord::{
        self, Activity, CommandError, Intents, MemberQuery, MembersError, Presence, VoiceError,
        model::id::{
            Id,
            marker::{ChannelMarker, GuildMarker},
        },
    },
    journal::SqliteJournal,
    lavalink::{self, Filters, PlayerError, QueueError, QueueMode},
    music,
    net::Addresses,
    queup, stackexchange,
    testing::TestApp,
};
use antiphon_sim::{Options, Simulator, WireKind, WireQuery};
use futures_util::future::join_all;
use tempfile::TempDir;

/// The clients of a process, by names that are the same in all of them.
struct Clients {
    bot: discord::Client,
    pool: lavalink::Pool,
    rooms: queup::Client,
    chat: stackexchange::Client,
}

const INTENTS: Intents = Intents::GUILDS
    .union(Intents::GUILD_MEMBERS)
    .union(Intents::GUILD_VOICE_STATES);

/// An app with all sources, as both processes have it.
fn app(sim: &Simulator) -> (App<()>, Clients) {
    let config = discord::Config::new(sim.discord().token(), INTENTS).network(sim.network());
    let (bot, shards) = discord::connect(config);
    let node = sim.lavalink().node("eu-1");
    let node = lavalink::NodeConfig::new("eu-1", node.url(), node.password());
    let config = lavalink::Config::without_user([node]).network(sim.network());
    let (pool, nodes) = music::connect(&bot, config);
    let account = sim.queup().account();
    let account = queup::Account::new(account.email, account.password);
    let (rooms, socket) = queup::connect(queup::Config::new(account).network(sim.network()));
    let account = sim.stackexchange().account();
    let account = stackexchange::Account::new(account.email, account.password);
    let config = stackexchange::Config::new(account).network(sim.network());
    let (chat, lines) = stackexchange::connect(config);
    let app = App::new(())
        .source(shards)
        .source(nodes)
        .source(socket)
        .source(lines);
    let clients = Clients {
        bot,
        pool,
        rooms,
        chat,
    };
    (app, clients)
}

fn folder() -> (TempDir, PathBuf) {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("journal.sqlite");
    (folder, file)
}

async fn consumer(file: &Path, app: App<()>) -> TestApp<()> {
    let journal = SqliteJournal::for_consumers(file).await.unwrap();
    TestApp::start(app.named("bot"), journal).await
}

/// The number of logins that QueUp has seen.
fn logins(sim: &Simulator) -> usize {
    let query = WireQuery {
        platform: Some("queup".into()),
        ..WireQuery::default()
    };
    let entries = sim.wire().entries(&query);
    let is_login =
        |what: &WireKind| matches!(what, WireKind::Request { path, .. } if path == "/auth/login");
    entries.iter().filter(|entry| is_login(&entry.what)).count()
}

/// Over the Gateway of the other process.
async fn shards_are_used(sim: &Simulator, clients: &Clients) {
    let (choir, tower) = (
        Id::new(sim.discord().guild_id()),
        Id::new(sim.discord().voice_channel_id()),
    );
    let mut link = clients.bot.link();
    link.wait_for(antiphon::LinkState::is_connected)
        .await
        .unwrap();
    assert!(clients.bot.current_user_id().borrow().is_some());
    assert_eq!(clients.bot.shards().len(), 1);
    assert_eq!(clients.bot.shard_of(choir), Some(0));
    let presence = Presence::online().activity(Activity::listening_to("Miserere"));
    clients.bot.update_presence(presence).await.unwrap();
    let members = clients.bot.request_members(MemberQuery::all(choir)).await;
    let chunks = members.unwrap().decode::<discord::GuildMembersChunk>();
    let chunks = chunks.unwrap();
    let members = chunks.iter().flat_map(|chunk| &chunk.members);
    let names: Vec<_> = members.map(|member| &*member.user.name).collect();
    assert!(names.contains(&"mira"), "{names:?}");
    let voice = clients.bot.join_voice(choir, tower, false, true).await;
    let voice = voice.unwrap();
    let bot = clients.bot.current_user_id().borrow().unwrap();
    assert_eq!((voice.channel, voice.user), (tower, bot));
    assert!(!voice.token.expose().is_empty());
    clients.bot.leave_voice(choir).await.unwrap();
    clients.bot.request_channel_info(choir).await.unwrap();
    clients
        .bot
        .request_soundboard_sounds([choir])
        .await
        .unwrap();
    let too_long = Presence::online().activity(Activity::playing("x".repeat(200)));
    let error = clients.bot.update_presence(too_long).await;
    assert!(matches!(error, Err(CommandError::Invalid(_))), "{error:?}");
    let session = sim.discord().sessions();
    assert_eq!(session.len(), 1, "one process has the connection");
}

/// Players of the other process, and their state here.
async fn players_play(sim: &Simulator, clients: &Clients) {
    let choir = Id::<GuildMarker>::new(sim.discord().guild_id());
    let tower = Id::<ChannelMarker>::new(sim.discord().voice_channel_id());
    let player = clients.pool.player_in(choir);
    let found = clients.pool.fetch_tracks("ytsearch:tide").await.unwrap();
    let tracks = vec![found.tracks()[0].clone(); 3];
    let early = player.play(tracks[0].clone()).await;
    assert!(
        matches!(early, Err(PlayerError::InvalidChannelState(_))),
        "{early:?}"
    );
    clients.pool.connect().await.unwrap();
    player.connect(tower).await.unwrap();
    assert_eq!(
        player.channel().map(lavalink::ChannelId::get),
        Some(tower.get())
    );
    player.play(tracks[0].clone()).await.unwrap();
    assert_eq!(player.current().unwrap().title, tracks[0].title);
    player.set_volume(40).await.unwrap();
    player
        .set_filters(Filters::new().volume(0.5), false)
        .await
        .unwrap();
    player.pause(true).await.unwrap();
    assert_eq!((player.volume(), player.paused()), (40, true));
    assert_eq!(player.filters().volume, Some(0.5));
    let queue = player.queue();
    let put = queue.put(tracks.clone()).await.unwrap();
    assert_eq!((put, queue.count()), (tracks.len(), tracks.len()));
    queue.set_mode(QueueMode::LoopAll).await.unwrap();
    queue.shuffle().await.unwrap();
    assert_eq!((queue.mode(), queue.count()), (QueueMode::LoopAll, put));
    let taken = queue.get().await.unwrap();
    assert!(tracks.iter().any(|track| track.encoded == taken.encoded));
    assert_eq!(queue.count(), put - 1);
    let error = queue.get_at(99).await;
    assert!(
        matches!(
            error,
            Err(PlayerError::Queue(QueueError::OutOfRange { .. }))
        ),
        "{error:?}"
    );
    let waited = queue.get_wait().await.unwrap();
    assert_eq!((&waited.encoded, queue.count()), (&taken.encoded, put - 2));
    let skipped = player.skip(false).await.unwrap();
    assert_eq!(skipped.unwrap().encoded, tracks[0].encoded);
    assert!(player.stop().await.unwrap().is_some());
    player.disconnect().await.unwrap();
    assert!(!player.exists());
}

/// One login, one cookie, one pace.
async fn rooms_are_joined(sim: &Simulator, clients: &Clients) {
    let room = clients.rooms.join_room("choir-loft").await.unwrap();
    assert_eq!(room.slug, "choir-loft");
    let said = room.send_message("from afar").await.unwrap();
    assert_eq!(said.content, "from afar");
    assert!(!said.id.is_empty());
    clients.rooms.connect().await.unwrap();
    assert!(clients.rooms.lobby().await.unwrap().len() > 1);
    let nowhere = clients.rooms.fetch_room("nowhere-at-all").await;
    assert_eq!(nowhere.unwrap_err().status(), Some(404));
    let nowhere = clients.rooms.join_room("nowhere-at-all").await;
    assert!(
        matches!(nowhere, Err(queup::JoinError::NoSuchRoom(_))),
        "{nowhere:?}"
    );
    room.change_presence(queup::Presence::Exit).await.unwrap();
    room.leave().await.unwrap();
    let left = room.leave().await;
    assert!(
        matches!(left, Err(queup::ActionError::NotJoined)),
        "{left:?}"
    );
    assert_eq!(logins(sim), 1);
}

/// One login and one pace here too.
async fn chat_is_sent(clients: &Clients) {
    let room = clients.chat.join(4242).await.unwrap();
    let message = room.send("from afar").await.unwrap();
    assert!(clients.chat.me().is_some(), "the answer says who that was");
    assert!(
        !room.users().await.unwrap().is_empty(),
        "{message} was sent"
    );
    let nowhere = clients.chat.join(99_999).await;
    assert!(
        matches!(nowhere, Err(stackexchange::JoinError::NoSuchRoom(_))),
        "{nowhere:?}"
    );
    clients.chat.leave(4242).await.unwrap();
}

#[tokio::test]
async fn the_clients_of_a_consumer_work_through_the_process_that_has_the_sources() {
    let (_folder, file) = folder();
    let sim = Simulator::listen(&Options::new().seed(7)).await.unwrap();
    let (ingester, _) = app(&sim);
    let journal = SqliteJournal::open(&file).await.unwrap();
    let ingester = TestApp::start(ingester.named("run"), journal).await;
    let (bot, clients) = app(&sim);
    let consumer = consumer(&file, bot).await;
    shards_are_used(&sim, &clients).await;
    players_play(&sim, &clients).await;
    rooms_are_joined(&sim, &clients).await;
    chat_is_sent(&clients).await;

    // The socket is its owner's alone.
    let socket = file.with_file_name("journal.sqlite.relay");
    let mode = std::fs::metadata(&socket).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    ingester.stop().await.unwrap();
    assert!(!socket.exists(), "it is removed by a clean end");
    let error = clients.rooms.fetch_room("choir-loft").await.unwrap_err();
    assert!(
        matches!(error, queup::RequestError::Relay(RelayError::NobodyServes)),
        "{error:?}"
    );
    assert!(error.is_transient() && !error.may_have_arrived());
    consumer.stop().await.unwrap();
}

#[tokio::test]
async fn three_processes_of_a_bot_are_refused_nothing_by_their_common_limits() {
    /// Requests of each process, and messages.
    const REQUESTS: usize = 3;
    const MESSAGES: usize = 3;
    let (_folder, file) = folder();
    let sim = Simulator::listen(&Options::new().seed(7)).await.unwrap();
    let bot = || {
        let config = discord::Config::new(sim.discord().token(), INTENTS);
        let (bot, shards) = discord::connect(config.network(sim.network()));
        (bot, App::new(()).source(shards))
    };
    let (first, app) = bot();
    let journal = SqliteJournal::open(&file).await.unwrap();
    let ingester = TestApp::start(app.named("run"), journal).await;
    let (second, app) = bot();
    let journal = SqliteJournal::for_consumers(&file).await.unwrap();
    let choir = TestApp::start(app.named("choir"), journal).await;
    let (third, app) = bot();
    let journal = SqliteJournal::for_consumers(&file).await.unwrap();
    let organ = TestApp::start(app.named("organ"), journal).await;
    for bot in [&first, &second, &third] {
        // By then the process with the source has heard of the others.
        let mut link = bot.link();
        link.wait_for(antiphon::LinkState::is_connected)
            .await
            .unwrap();
    }
    let loft = Id::new(sim.discord().channel_id());
    let hammer = async |bot: &discord::Client| {
        let requests = (0..REQUESTS).map(|_| async { bot.current_user_guilds().await.map(drop) });
        let messages = (0..MESSAGES).map(|_| async {
            let posted = bot.create_message(loft).content("amen").await;
            posted.map(drop)
        });
        let (requests, messages) = tokio::join!(join_all(requests), join_all(messages));
        for outcome in requests.into_iter().chain(messages) {
            outcome.unwrap();
        }
    };
    tokio::join!(hammer(&first), hammer(&second), hammer(&third));
    let answers = || {
        let query = WireQuery {
            platform: Some("discord".into()),
            after: Some(0),
            limit: Some(10_000),
            ..WireQuery::default()
        };
        let entries = sim.wire().entries(&query);
        let statuses = entries.into_iter().filter_map(|entry| match entry.what {
            WireKind::Answer { status, .. } => Some(status),
            _ => None,
        });
        statuses.collect::<Vec<_>>()
    };
    let answers = answers();
    let count = |status| answers.iter().filter(|one| **one == status).count();
    assert_eq!(count(429), 0);
    let sent = 3 * (REQUESTS + MESSAGES);
    assert!(count(200) >= sent, "{} answers", answers.len());
    for app in [choir, organ, ingester] {
        app.stop().await.unwrap();
    }
}

/// Environment variables for the process that is killed.
const JOURNAL: &str = "ANTIPHON_RELAY_JOURNAL";
const ADDRESSES: &str = "ANTIPHON_RELAY_ADDRESSES";

/// Runs the sources until its input is closed.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "run and killed by `a_killed_ingester_is_told_and_the_next_one_is_found`"]
async fn the_ingester() {
    let (Some(file), Some(addresses)) = (std::env::var_os(JOURNAL), std::env::var_os(ADDRESSES))
    else {
        return;
    };
    let addresses = Addresses::read(addresses).unwrap();
    let config = discord::Config::simulated(&addresses).unwrap();
    let (bot, shards) = discord::connect(config);
    let app = App::new(()).named("run").source(shards);
    let journal = SqliteJournal::open(Path::new(&file)).await.unwrap();
    let connected = async {
        let mut link = bot.link();
        link.wait_for(antiphon::LinkState::is_connected)
            .await
            .unwrap();
        let mut output = std::io::stdout().lock();
        writeln!(output, "connected").unwrap();
        output.flush().unwrap();
    };
    let closed = async {
        connected.await;
        let read = tokio::task::spawn_blocking(|| std::io::stdin().lines().count());
        read.await.unwrap();
    };
    app.run(journal, closed).await.unwrap();
}

/// The output of a process, which has to stay open.
type Lines = std::io::Lines<BufReader<ChildStdout>>;

/// Starts the ingester, and waits until it is connected.
fn start(file: &Path, addresses: &Path) -> (Child, ChildStdin, Lines) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["the_ingester", "--exact", "--ignored", "--nocapture"])
        .envs([(JOURNAL, file), (ADDRESSES, addresses)])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let connected = lines.any(|line| line.unwrap().ends_with("connected"));
    assert!(connected, "it ended before");
    let input = child.stdin.take().unwrap();
    (child, input, lines)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_ingester_is_told_and_the_next_one_is_found() {
    let (folder, file) = folder();
    let sim = Simulator::listen(&Options::new().seed(7)).await.unwrap();
    let addresses = folder.path().join("sim.json");
    let text = serde_json::to_string(sim.addresses().unwrap()).unwrap();
    std::fs::write(&addresses, text).unwrap();
    let (mut child, _input, _lines) = tokio::task::block_in_place(|| start(&file, &addresses));
    let config = discord::Config::simulated(&Addresses::read(&addresses).unwrap()).unwrap();
    let (bot, shards) = discord::connect(config);
    let app = App::new(()).source(shards);
    let consumer = consumer(&file, app.command_timeout(Duration::from_secs(20))).await;
    let guild = Id::new(sim.discord().guild_id());
    bot.request_channel_info(guild).await.unwrap();

    child.kill().unwrap();
    child.wait().unwrap();
    // Its socket is still there, and nobody is behind it.
    assert!(file.with_file_name("journal.sqlite.relay").exists());
    let error = bot.request_channel_info(guild).await.unwrap_err();
    let CommandError::Relay(cause) = &error else {
        panic!("{error}")
    };
    assert_eq!(*cause, RelayError::NobodyServes);
    assert!(error.is_transient());
    let error = bot
        .request_members(MemberQuery::named(guild, "mi", 3))
        .await;
    assert!(
        matches!(error, Err(MembersError::Command(CommandError::Relay(_)))),
        "{error:?}"
    );
    let error = bot.join_voice(guild, Id::new(1), false, false).await;
    assert!(
        matches!(
            error,
            Err(VoiceError::Command(CommandError::Relay(_)) | VoiceError::IntentMissing)
        ),
        "{error:?}"
    );

    let (mut child, input, _lines) = tokio::task::block_in_place(|| start(&file, &addresses));
    bot.request_channel_info(guild).await.unwrap();
    drop(input);
    assert!(child.wait().unwrap().success());
    consumer.stop().await.unwrap();
}

#[test]
fn the_page_of_troubles_has_each_cause_with_its_variant() {
    let page = include_str!("../../../docs/troubleshooting.md");
    let number = 7;
    for (error, variant) in [
        (RelayError::NobodyServes, "NobodyServes"),
        (RelayError::NoSuchSource, "NoSuchSource"),
        (RelayError::Unreachable("…".to_owned()), "Unreachable"),
        (RelayError::Busy, "Busy"),
        (
            RelayError::TooLarge {
                bytes: number,
                most: number,
            },
            "TooLarge",
        ),
        (RelayError::Unknown, "Unknown"),
        (RelayError::Expired, "Expired"),
        (RelayError::TimedOut(Duration::from_secs(7)), "TimedOut"),
        (RelayError::Lost, "Lost"),
        (RelayError::AnswerTooLarge, "AnswerTooLarge"),
    ] {
        let cause = error.to_string().replace('7', "…");
        let row = format!("| `{cause}` | `{variant}` | ");
        assert!(page.contains(&row), "{row}");
    }
}
