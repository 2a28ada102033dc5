//! The dashboard's page Sandbox: a simulator, a bot with handlers, and the pages over real sockets.

mod binary;
mod fixture;

#[allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    reason = "the example is a program of its own; its parts are used here"
)]
#[path = "../../antiphon/examples/buttons.rs"]
mod buttons;

use std::path::Path;

use antiphon::{
    discord::{self, Intents},
    net::Addresses,
};
use antiphon_journal::SqliteJournal;
use binary::{Antiphon, Running, antiphon, ask, dashboard_of};
use fixture::runtime;
use serde_json::{Value, json};

/// How often a page is asked for before a test gives it up; no test asks that often.
const PATIENCE: usize = 5_000;

/// A simulator of its own.
struct Simulator {
    _running: Running,
    addresses: Addresses,
}

fn simulator(options: &[&str]) -> Simulator {
    let mut running = Antiphon::new([&["sim"], options].concat()).start();
    let line = running.line().expect("it says where it is");
    Simulator {
        _running: running,
        addresses: Addresses::parse(&line).expect("addresses"),
    }
}

impl Simulator {
    fn discord(&self, field: &str) -> String {
        let discord = self.addresses.platform("discord").expect("Discord");
        discord.text(field).expect(field).to_owned()
    }

    /// Place of the first channel.
    fn loft(&self) -> String {
        format!(
            "guild/{}/channel/{}",
            self.discord("guild_id"),
            self.discord("channel_id")
        )
    }
}

/// A dashboard of a journal, and its address.
fn dashboard(arguments: &[&str]) -> (Running, String) {
    dashboard_of(Antiphon::new(
        [&["dashboard", "--listen", "127.0.0.1:0"], arguments].concat(),
    ))
}

fn get(address: &str, path: &str) -> String {
    ask(address, &format!("GET {path}"), &[], "")
}

#[track_caller]
fn check(answer: &str, status: u16) {
    let line = format!("HTTP/1.1 {status} ");
    assert!(answer.starts_with(&line), "{answer}");
}

/// Sends a form from a page of the dashboard; returns where it leads.
#[track_caller]
fn send(address: &str, fields: &[(&str, &str)]) -> String {
    let form = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    let origin = format!("Origin: http://{address}");
    let answer = ask(address, "POST /sandbox/do", &[&origin], &form);
    check(&answer, 303);
    let to = answer
        .lines()
        .find_map(|line| line.strip_prefix("location: "));
    to.expect("a way back").to_owned()
}

/// Waits until a page has all these texts.
#[track_caller]
fn until(address: &str, path: &str, texts: &[&str]) -> String {
    let mut page = String::new();
    for _ in 0..PATIENCE {
        page = get(address, path);
        if texts.iter().all(|text| page.contains(*text)) {
            return page;
        }
    }
    let missing: Vec<_> = texts.iter().filter(|text| !page.contains(**text)).collect();
    panic!("{path} never has {missing:?}: {page}");
}

/// The fields of the form with this button, as a browser sends them.
fn form_of(page: &str, button: &str) -> Vec<(String, String)> {
    let (before, _) = page.split_once(button).expect("the button");
    let (_, form) = before.rsplit_once("<form").expect("its form");
    let value_of = |input: &str, name: &str| {
        let (_, rest) = input.split_once(&format!("{name}=\"")).expect(name);
        let value = rest.split('"').next().expect(name);
        value
            .replace("&lt;", "<")
            .replace("&gt;", ">")
            .replace("&amp;", "&")
    };
    let inputs = form.split("<input").skip(1);
    inputs
        .map(|input| (value_of(input, "name"), value_of(input, "value")))
        .collect()
}

fn path(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// A running bot: `examples/buttons.rs`, on a thread and a runtime of its own, until this is dropped.
struct Bot {
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Bot {
    fn start(simulator: &Simulator, journal: &Path) -> Self {
        let intents = Intents::GUILDS | Intents::GUILD_MESSAGES | Intents::MESSAGE_CONTENT;
        let config = discord::Config::simulated(&simulator.addresses).expect("addresses");
        let journal = journal.to_owned();
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let thread = std::thread::spawn(move || {
            runtime().block_on(async {
                let (client, source) = discord::connect(config.intents(intents));
                let journal = SqliteJournal::open(&journal).await.expect("a journal");
                let ran = buttons::app(client, source).run(journal, stopped).await;
                ran.expect("it ends in order");
            });
        });
        Self {
            stop: Some(stop),
            thread: Some(thread),
        }
    }
}

impl Drop for Bot {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            assert!(std::thread::panicking(), "the bot panicked");
        }
    }
}

#[test]
fn what_is_said_and_pressed_is_shown_with_the_bots_answer_and_its_row_in_the_journal() {
    let simulator = simulator(&[]);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let journal = folder.path().join("bot.db");
    let _bot = Bot::start(&simulator, &journal);
    let (_dashboard, address) = dashboard(&[
        "--journal",
        path(&journal),
        "--sim",
        &simulator.addresses.control,
    ]);
    let loft = simulator.loft();
    // The bot is there once its connection stands in the journal.
    until(&address, "/events?kind=antiphon.link", &["connected since"]);

    let said = [
        ("platform", "discord"),
        ("do", "say"),
        ("at", &loft),
        ("as", "mira"),
        ("s.place", &loft),
        ("s.by", "mira"),
        ("s.text", "!sing <b>Miserere</b>"),
    ];
    let page = send(&address, &said);
    assert!(
        page.starts_with("/sandbox?") && page.ends_with("&done=1"),
        "{page}"
    );
    let shown = until(
        &address,
        &page,
        &[
            "Done: ",
            "discord.MESSAGE_CREATE",
            "in the journal, position ",
            "answers it: ",
            "/messages</code> → 200",
            "Do we sing &lt;b&gt;Miserere&lt;/b&gt;?",
            "👍 Yes</button>",
        ],
    );
    assert!(
        !shown.contains("<b>Miserere"),
        "it is never markup: {shown}"
    );
    // The link leads to the event.
    let (_, position) = shown.split_once("href=\"/events/").expect("a link");
    let position = position.split('"').next().expect("a position");
    let event = get(&address, &format!("/events/{position}"));
    assert!(
        event.contains("discord.MESSAGE_CREATE") && event.contains("Miserere"),
        "{event}"
    );

    let fields = form_of(&shown, "👍 Yes</button>");
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| (&**name, &**value))
        .collect();
    assert!(fields.contains(&("do", "press")), "{fields:?}");
    let page = send(&address, &fields);
    until(
        &address,
        &page,
        &[
            "discord.INTERACTION_CREATE",
            "answers it: ",
            "/callback</code> → ",
            "mira sings &lt;b&gt;Miserere&lt;/b&gt;.",
        ],
    );
    // The wire has both directions, and nothing that is secret.
    let wire = get(&address, "/sandbox/wire?platform=discord");
    for text in [
        "client →",
        "← platform",
        "/interactions/",
        "[masked]/callback",
        "&quot;token&quot;:&quot;[masked]&quot;",
    ] {
        assert!(wire.contains(text), "{text}: {wire}");
    }
    assert!(
        !wire.contains(&simulator.discord("token")),
        "the bot's token is shown"
    );
    // What the simulator refuses is shown with its reason.
    let wrong = [
        ("platform", "discord"),
        ("do", "press"),
        ("s.place", &loft),
        ("s.by", "mira"),
        ("s.custom_id", "nothing"),
    ];
    let page = send(&address, &wrong);
    until(
        &address,
        &page,
        &[
            "The simulator refused it: ",
            "has a component with the custom id `nothing`",
        ],
    );
}

#[test]
fn a_cut_and_its_healing_are_shown_beside_the_act() {
    let simulator = simulator(&[]);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let journal = folder.path().join("bot.db");
    let _bot = Bot::start(&simulator, &journal);
    let (_dashboard, address) = dashboard(&[
        "--journal",
        path(&journal),
        "--sim",
        &simulator.addresses.control,
    ]);
    until(&address, "/events?kind=antiphon.link", &["connected since"]);
    let page = send(
        &address,
        &[
            ("platform", "discord"),
            ("do", "close"),
            ("n.code", "4000"),
            ("s.reason", "a test"),
        ],
    );
    until(
        &address,
        &page,
        &[
            "close 4000",
            "end of the connection",
            "connection</span>",
            ": waiting until ",
            ": connected since ",
        ],
    );
}

#[test]
fn every_platform_has_its_forms_and_takes_them() {
    let simulator = simulator(&[]);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let journal = folder.path().join("bot.db");
    let (_dashboard, address) = dashboard(&[
        "--journal",
        path(&journal),
        "--sim",
        &simulator.addresses.control,
    ]);
    for (platform, texts) in [
        (
            "discord",
            &[
                ">Say</button>",
                "choir / #loft",
                ">Invalidate sessions (op 9)</button>",
            ][..],
        ),
        (
            "queup",
            &[
                ">Queue</button>",
                ">Upvote</button>",
                ">Skip</button>",
                "choir-loft",
            ],
        ),
        (
            "stackexchange",
            &[">Post</button>", "value=\"room/4242\" selected"],
        ),
        (
            "lavalink",
            &["There is no player", ">Kill the node</button>"],
        ),
    ] {
        let page = get(&address, &format!("/sandbox?platform={platform}"));
        check(&page, 200);
        for text in texts.iter().chain(&[
            ">Cut</button>",
            ">Stall</button>",
            ">Refuse logins</button>",
            "Nothing was done from here yet",
        ]) {
            assert!(page.contains(text), "{platform} has {text}: {page}");
        }
        for inside in [" style=", "<script>", " onclick="] {
            assert!(!page.contains(inside), "{platform} has {inside}");
        }
    }
}

#[test]
fn every_platform_takes_what_is_done_to_it() {
    let simulator = simulator(&[]);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let journal = folder.path().join("bot.db");
    let control = &simulator.addresses.control;
    let (_dashboard, address) = dashboard(&["--journal", path(&journal), "--sim", control]);
    let queup = simulator.addresses.platform("queup").expect("QueUp");
    let room = format!("room/{}", queup.text("room_id").expect("a room"));
    for (fields, text) in [
        (
            &[
                ("platform", "queup"),
                ("do", "queue"),
                ("s.place", &room),
                ("s.by", "mira"),
                ("s.song", "Lantern & Co - Slow Tide"),
            ][..],
            "Lantern &amp; Co - Slow Tide",
        ),
        (
            &[
                ("platform", "queup"),
                ("do", "say"),
                ("s.place", &room),
                ("s.by", "teo"),
                ("s.text", "lovely"),
            ],
            "<p>lovely</p>",
        ),
        (
            &[
                ("platform", "stackexchange"),
                ("do", "say"),
                ("n.room", "4242"),
                ("s.by", "iris"),
                ("s.text", "a <question>"),
            ],
            "<p>a &lt;question&gt;</p>",
        ),
        (
            &[
                ("platform", "lavalink"),
                ("do", "kill"),
                ("s.node", "eu-1"),
                ("s.for", "1s"),
            ],
            "Done: ",
        ),
        (
            &[(
                "command",
                r#"{"platform":"queup","do":"say","place":"room/choir-loft","by":"mira","text":"by hand"}"#,
            )],
            "<p>by hand</p>",
        ),
    ] {
        let page = get(&address, &send(&address, fields));
        check(&page, 200);
        assert!(page.contains(text), "{text}: {page}");
    }
}

/// Sends a request to a node of the simulation.
fn ask_node(url: &str, password: &str, request: &str, body: &str) -> String {
    let address = url.strip_prefix("http://").expect("an address");
    let login = format!("Authorization: {password}");
    ask(
        address,
        request,
        &[&login, "Content-Type: application/json"],
        body,
    )
}

/// Makes a player of the daemon's session on the first node, which plays, as a bot does; returns the node's password.
fn play(simulator: &Simulator) -> String {
    let nodes = simulator.addresses.platform("lavalink").expect("nodes");
    let node = &nodes.items().expect("nodes")[0];
    let text = |field: &str| node.text(field).expect(field).to_owned();
    let (name, url, password) = (text("name"), text("url"), text("password"));
    let control = simulator.addresses.control.strip_prefix("http://");
    let command = json!({"platform": "lavalink", "do": "sessions", "node": name}).to_string();
    let answer = ask(control.expect("an address"), "POST /do", &[], &command);
    let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
    let sessions: Value = serde_json::from_str(body).expect("JSON");
    let session = sessions["sessions"][0]["id"]
        .as_str()
        .expect("the daemon's session");
    let found = ask_node(
        &url,
        &password,
        "GET /v4/loadtracks?identifier=ytsearch:slow%20tide",
        "",
    );
    let (_, track) = found.split_once("\"encoded\":\"").expect("a track");
    let track = json!({"track": {"encoded": track.split('"').next()}}).to_string();
    let guild = simulator.discord("guild_id");
    let request = format!("PATCH /v4/sessions/{session}/players/{guild}");
    check(&ask_node(&url, &password, &request, &track), 200);
    password
}

#[test]
fn events_of_every_platform_are_shown_with_their_rows_in_the_daemons_journal() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = folder.path().join("antiphon.toml");
    let simulator = simulator(&["--write", path(&config)]);
    let mut daemon = Antiphon::new(["run"]).within(folder.path()).start();
    let mut said = String::new();
    // One connection of Discord, QueUp and Stack Exchange each, and of three nodes.
    while said.matches("connected since").count() < 6 {
        said += &daemon.said().expect("it runs");
    }
    let arguments = ["dashboard", "--listen", "127.0.0.1:0"];
    let (_dashboard, address) = dashboard_of(Antiphon::new(arguments).within(folder.path()));
    let loft = simulator.loft();
    let in_journal = "in the journal, position ";
    for (fields, kind) in [
        (
            &[
                ("platform", "discord"),
                ("do", "say"),
                ("s.place", &loft),
                ("s.by", "mira"),
                ("s.text", "hello"),
            ][..],
            "discord.MESSAGE_CREATE",
        ),
        (
            &[
                ("platform", "queup"),
                ("do", "say"),
                ("s.place", "room/choir-loft"),
                ("s.by", "mira"),
                ("s.text", "hello"),
            ],
            "queup.chat-message",
        ),
        (
            &[
                ("platform", "stackexchange"),
                ("do", "say"),
                ("n.room", "4242"),
                ("s.by", "iris"),
                ("s.text", "hello"),
            ],
            "stackexchange.MessagePosted",
        ),
    ] {
        let page = send(&address, fields);
        until(&address, &page, &[kind, in_journal]);
    }
    let password = play(&simulator);
    let page = until(
        &address,
        "/sandbox?platform=lavalink",
        &["End the track", "♪ "],
    );
    let fields = form_of(&page, "End the track</button>");
    let fields: Vec<(&str, &str)> = fields
        .iter()
        .map(|(name, value)| (&**name, &**value))
        .collect();
    let page = send(&address, &fields);
    let page = until(&address, &page, &["lavalink.TrackEndEvent", in_journal]);
    assert!(!page.contains(&password), "a password is shown");

    // What a command gives is shown, its logins masked.
    let page = send(
        &address,
        &[(
            "command",
            r#"{"platform":"queup","do":"account","name":"sexton"}"#,
        )],
    );
    let page = get(&address, &page);
    assert!(
        page.contains("sexton@sim.example") && page.contains("[masked]"),
        "{page}"
    );
}

#[test]
fn only_its_own_pages_change_the_simulated_world() {
    let simulator = simulator(&[]);
    let folder = tempfile::tempdir().expect("a temporary folder");
    let journal = folder.path().join("bot.db");
    let (_dashboard, address) = dashboard(&[
        "--journal",
        path(&journal),
        "--sim",
        &simulator.addresses.control,
    ]);
    let form = "platform=queup&do=say&s.place=room%2Fchoir-loft&s.by=mira&s.text=canary";
    let own = format!("Origin: http://{address}");
    for lines in [
        &[][..],
        &["Origin: http://evil.example.org"],
        &[&own, "Sec-Fetch-Site: cross-site"],
        &["Origin: null"],
    ] {
        check(&ask(&address, "POST /sandbox/do", lines, form), 403);
    }
    check(&ask(&address, "GET /sandbox/do", &[&own], ""), 405);
    let page = get(&address, "/sandbox?platform=queup");
    assert!(
        !page.contains("canary") && page.contains("Nothing was done from here yet"),
        "{page}"
    );
    // A form of no page of ours, and one that is too long.
    check(
        &ask(&address, "POST /sandbox/do", &[&own], "colour=red"),
        400,
    );
    let answer = ask(&address, "POST /sandbox/do", &[&own], &"x".repeat(70_000));
    check(&answer, 413);
    assert!(
        answer.contains("<h1>Not done</h1>") && answer.contains("A form may have 64 KiB"),
        "{answer}"
    );
    // What is asked for and is not there is told.
    for (path, told) in [
        (
            "/sandbox/wire?connection=x",
            "There is no connection `x`; all are shown.",
        ),
        (
            "/sandbox/wire?from=nobody",
            "There is no side `nobody`; both are shown.",
        ),
        (
            "/sandbox?platform=irc",
            "There is no platform `irc`; Discord is shown.",
        ),
        (
            "/sandbox?platform=queup&place=room%2Fnowhere",
            "There is no place `room/nowhere`; another one is shown.",
        ),
        (
            "/sandbox?platform=queup&as=mi%00ra",
            "There is no person `mi\\u{0}ra`; somebody else acts.",
        ),
    ] {
        let page = get(&address, path);
        check(&page, 200);
        assert!(
            page.contains(told) && !page.contains('\0'),
            "{path}: {page}"
        );
    }
    for path in [
        "/sandbox?platform=queup",
        "/sandbox/wire?platform=queup&from=",
    ] {
        assert!(!get(&address, path).contains("There is no"), "{path}");
    }
}

#[test]
fn there_is_no_sandbox_without_a_simulator() {
    let (_folder, journal) = fixture::journal();
    let (_dashboard, address) = dashboard(&["--journal", &journal]);
    assert!(!get(&address, "/").contains("/sandbox"));
    check(&get(&address, "/sandbox"), 404);
    let origin = format!("Origin: http://{address}");
    check(
        &ask(&address, "POST /sandbox/do", &[&origin], "do=cut"),
        404,
    );
    for (sim, error) in [
        (
            "http://192.0.2.7:7000",
            "192.0.2.7:7000 is not on this machine",
        ),
        ("https://discord.com", "is not like `http://127.0.0.1:7000`"),
    ] {
        let run = antiphon(["dashboard", "--journal", &journal, "--sim", sim]);
        assert_eq!(run.code, 2);
        assert!(
            run.stderr.contains(error) && run.stderr.contains("hint: "),
            "{}",
            run.stderr
        );
    }
}

#[test]
fn a_simulator_that_is_gone_or_asks_for_a_token_is_a_page_that_says_so() {
    let (_folder, journal) = fixture::journal();
    let gone = simulator(&[]);
    let control = gone.addresses.control.clone();
    let (_dashboard, address) = dashboard(&["--journal", &journal, "--sim", &control]);
    check(&get(&address, "/sandbox"), 200);
    drop(gone);
    let page = get(&address, "/sandbox");
    check(&page, 503);
    assert!(page.contains("does not answer"), "{page}");
    check(&get(&address, "/events"), 200);

    let mut closed = Antiphon::new(["sim"])
        .with("ANTIPHON_SIM_TOKEN", "canary-91")
        .start();
    let line = closed.line().expect("it says where it is");
    let control = Addresses::parse(&line).expect("addresses").control;
    for (token, status) in [("", 503), ("wrong", 503), ("canary-91", 200)] {
        let arguments = [
            "dashboard",
            "--listen",
            "127.0.0.1:0",
            "--journal",
            &journal,
            "--sim",
            &control,
        ];
        let (_dashboard, address) =
            dashboard_of(Antiphon::new(arguments).with("ANTIPHON_SIM_TOKEN", token));
        let page = get(&address, "/sandbox");
        check(&page, status);
        assert!(
            !page.contains("canary-91")
                && page.contains("asks for another token") == (status == 503),
            "{page}"
        );
    }
    // Something else that answers there is no simulator.
    let (_other, other) = dashboard(&["--journal", &journal]);
    let (_dashboard, address) = dashboard(&["--journal", &journal, "--sim", &other]);
    let page = get(&address, "/sandbox");
    check(&page, 503);
    assert!(page.contains("is no simulator"), "{page}");
}

#[test]
fn the_simulator_is_found_by_the_configuration_that_it_wrote_and_by_the_environment() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let config = folder.path().join("antiphon.toml");
    let mut running = Antiphon::new(["sim", "--write", path(&config)])
        .with("ANTIPHON_SIM_TOKEN", "canary-91")
        .start();
    let line = running.line().expect("it says where it is");
    let control = Addresses::parse(&line).expect("addresses").control;
    let text = std::fs::read_to_string(&config).expect("it is there");
    assert!(
        text.contains("[simulator]\ncontrol = ") && !text.contains("canary"),
        "{text}"
    );
    let arguments = ["dashboard", "--listen", "127.0.0.1:0"];
    let (_dashboard, address) = dashboard_of(Antiphon::new(arguments).within(folder.path()));
    let page = get(&address, "/sandbox");
    check(&page, 200);
    assert!(
        page.contains(control.trim_start_matches("http://")),
        "{page}"
    );
    assert_eq!(antiphon(["check", "--config", path(&config)]).code, 0);

    let (_folder, journal) = fixture::journal();
    let arguments = [&arguments[..], &["--journal", &journal]].concat();
    let named = Antiphon::new(arguments)
        .with("ANTIPHON_SIM", &line)
        .with("ANTIPHON_SIM_TOKEN", "canary-91");
    let (_dashboard, address) = dashboard_of(named);
    check(&get(&address, "/sandbox"), 200);
}
