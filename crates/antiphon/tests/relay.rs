//! Requests of a consumer's process that another process carries out.

#![cfg(all(
    unix,
    feature = "sqlite",
    feature = "discord",
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
        model::id::Id,
    },
    journal::SqliteJournal,
    net::Addresses,
    queup, stackexchange,
    testing::TestApp,
};
use antiphon_sim::{Options, Simulator, WireKind, WireQuery};
use tempfile::TempDir;

/// The clients of a process, by names that are the same in all of them.
struct Clients {
    bot: discord::Client,
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
    let account = sim.queup().account();
    let account = queup::Account::new(account.email, account.password);
    let (rooms, socket) = queup::connect(queup::Config::new(account).network(sim.network()));
    let account = sim.stackexchange().account();
    let account = stackexchange::Account::new(account.email, account.password);
    let config = stackexchange::Config::new(account).network(sim.network());
    let (chat, lines) = stackexchange::connect(config);
    let app = App::new(()).source(shards).source(socket).source(lines);
    (app, Clients { bot, rooms, chat })
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

#[tokio::test]
async fn the_clients_of_a_consumer_work_through_the_process_that_has_the_sources() {
    let (_folder, file) = folder();
    let sim = Simulator::listen(&Options::new().seed(7)).await.unwrap();
    let (ingester, _) = app(&sim);
    let journal = SqliteJournal::open(&file).await.unwrap();
    let ingester = TestApp::start(ingester.named("run"), journal).await;
    let (bot, clients) = app(&sim);
    let consumer = consumer(&file, bot).await;

    // Discord: over the Gateway of the other process.
    let discord = sim.discord();
    let (choir, tower) = (
        Id::new(discord.guild_id()),
        Id::new(discord.voice_channel_id()),
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

    // QueUp: one login, one cookie, one pace.
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
    assert_eq!(logins(&sim), 1);

    // Stack Exchange.
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
