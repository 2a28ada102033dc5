//! Each code that `antiphon doctor` finds, provoked by a server, a simulator or a journal that has that fault.

use std::{
    io,
    path::Path,
    sync::{Arc, Once},
};

use antiphon::{
    net::{Connect, Network, Proxy, Route, Stream},
    stackexchange::LoginError,
};
use antiphon_core::{Batch, BoxFuture, DeadLetter, DeadLetterChange, DeadLetterId, Draft};
use antiphon_core::{Journal as _, Kind, Origin, Place, SourceName};
use antiphon_journal::SqliteJournal;
use antiphon_sim::{Options, Simulator};
use bytes::Bytes;
use http::Request;
use jiff::Timestamp;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

use super::*;
use crate::{
    config::check,
    finding::Finding,
    platform::stackexchange::doctor::{refused, verdict},
};

/// A set-up with a fault: makes it, examines it, and gives what was found.
type Case = fn() -> BoxFuture<'static, Vec<Finding>>;

/// Each code with a set-up that has it.
#[rustfmt::skip]
const CASES: &[(Code, Case)] = &[
    (Code::HostUnknown, || Box::pin(asked(Network::new(), "http://nowhere.invalid/"))),
    (Code::ConnectRefused, || Box::pin(asked(Network::new(), "http://127.0.0.1:1/"))),
    (Code::ConnectTimedOut, || Box::pin(asked_within(SHORT, through(Way::Stalled), "http://far.example/"))),
    (Code::ConnectFailed, || Box::pin(asked(through(Way::Broken), "http://far.example/"))),
    (Code::AnswerTimedOut, || Box::pin(apart(stalled))),
    (Code::ExamTimedOut, || Box::pin(apart(stalled_later))),
    (Code::TlsWrongHost, || Box::pin(tls(true, "https", "other.example"))),
    (Code::TlsUnknownIssuer, || Box::pin(tls(false, "https", "127.0.0.1"))),
    (Code::TlsExpected, || Box::pin(tls(true, "http", "127.0.0.1"))),
    (Code::TlsNotSpoken, || Box::pin(plain_for_tls())),
    (Code::TlsFailed, || Box::pin(closed_in_the_handshake())),
    (Code::ProxyUnreachable, || Box::pin(asked(proxied("http://127.0.0.1:1"), "http://far.example/"))),
    (Code::ProxyLoginRefused, || Box::pin(proxy_that_says("407 Proxy Authentication Required"))),
    (Code::ProxyRefused, || Box::pin(proxy_that_says("403 Forbidden"))),
    (Code::NotThisService, || Box::pin(page())),
    (Code::ClockSkew, || Box::pin(yesterday())),
    (Code::RequestFailed, || Box::pin(bot(|path| match path { "/api/v10/applications/@me" => answer("404 Not Found", "{}"), _ => discord(path) }))),
    (Code::TokenRefused, || Box::pin(bot(|path| match path { "/api/v10/users/@me" => answer("401 Unauthorized", UNAUTHORIZED), _ => discord(path) }))),
    (Code::IntentsNotGranted, || Box::pin(bot(|path| match path { "/api/v10/applications/@me" => object(&json!({"flags": 0})), _ => discord(path) }))),
    (Code::SessionStartsNone, || Box::pin(bot(|path| match path { "/api/v10/gateway/bot" => gateway(1, 0), _ => discord(path) }))),
    (Code::SessionStartsLow, || Box::pin(bot(|path| match path { "/api/v10/gateway/bot" => gateway(1, 99), _ => discord(path) }))),
    (Code::ShardsTooFew, || Box::pin(bot(|path| match path { "/api/v10/gateway/bot" => gateway(4, 900), _ => discord(path) }))),
    (Code::NodePasswordRefused, || Box::pin(node(|_| answer("401 Unauthorized", "{}")))),
    (Code::NodeTooOld, || Box::pin(node(|path| match path { "/version" => text("3.7.11"), _ => answer("404 Not Found", "{}") }))),
    (Code::NotANode, || Box::pin(node(|_| text("hello")))),
    (Code::NodeWithoutSources, || Box::pin(node(|path| lavalink(path, &json!({"sourceManagers": []}))))),
    (Code::NodeYoutubeBuiltIn, || Box::pin(node(|path| lavalink(path, &json!({"sourceManagers": ["youtube"]}))))),
    (Code::NodeJavaOld, || Box::pin(node(|path| lavalink(path, &json!({"jvm": "11.0.2"}))))),
    (Code::LoginRefused, || Box::pin(queup("wrong", "choir-loft", |_| {}))),
    (Code::RoomMissing, || Box::pin(queup("", "nowhere", |_| {}))),
    (Code::RoomBanned, || Box::pin(queup("", "choir-loft", banned))),
    (Code::LoginRefused, || Box::pin(chat("wrong", 4242, "", |_| {}))),
    (Code::LoginChallenged, || Box::pin(chat("", 4242, "", |sim| sim.stackexchange().ask_for_humans(9)))),
    (Code::LoginNotAccepted, || Box::pin(async { vec![refused(&LoginError::NotAccepted { host: "chat.example" })] })),
    (Code::CookieOfAnother, || Box::pin(async { vec![refused(&LoginError::AnotherUser { found: 1.into(), expected: 2.into() })] })),
    (Code::CookieExpired, || Box::pin(expired_cookie())),
    (Code::RoomMissing, || Box::pin(chat("", 999_999, "", |_| {}))),
    (Code::RoomReadOnly, || Box::pin(async { Vec::from_iter(verdict(4242, Ok(false)).err()) })),
    (Code::PageUnexpected, || Box::pin(chat_behind(|_| typed("200 OK", "text/html", "<html><title>Log in to the network</title></html>")))),
    (Code::PageUnexpected, || Box::pin(chat_behind(|_| typed("503 Service Unavailable", "text/html", "<html>down for maintenance</html>")))),
    (Code::PageUnexpected, || Box::pin(chat_behind(|_| typed("404 Not Found", "text/html", "<html>nothing here</html>")))),
    (Code::JournalInUse, || Box::pin(journal_in_use())),
    (Code::JournalDamaged, || Box::pin(journal_of(b"a shopping list\n"))),
    (Code::JournalWalLarge, || Box::pin(journal_with_a_large_log())),
    (Code::DeadLetters, || Box::pin(journal_with_dead_letters())),
];

/// Codes of `doctor` that a unit test of another file provokes.
const ELSEWHERE: &[(Code, &str, &str)] = &[
    (
        Code::TlsExpired,
        include_str!("reach.rs"),
        "a_certificate_is_told_by_what_is_wrong_with_it",
    ),
    (
        Code::JournalNewer,
        include_str!("journal.rs"),
        "a_journal_that_cannot_be_opened_has_the_code_of_its_trouble",
    ),
    (
        Code::JournalUnreadable,
        include_str!("journal.rs"),
        "a_journal_that_cannot_be_opened_has_the_code_of_its_trouble",
    ),
    (
        Code::JournalUnchecked,
        include_str!("journal.rs"),
        "a_search_that_did_not_end_and_a_full_disk_have_their_codes",
    ),
    (
        Code::JournalUnreachable,
        include_str!("servers.rs"),
        "an_error_of_a_server_has_the_code_of_its_kind",
    ),
    (
        Code::JournalServerDown,
        include_str!("../../../tests/on_nats.rs"),
        "a_server_that_is_down_beside_others_is_told",
    ),
    (
        Code::JournalServerUnfit,
        include_str!("servers.rs"),
        "an_error_of_a_server_has_the_code_of_its_kind",
    ),
    (
        Code::JournalReplicaBehind,
        include_str!("servers.rs"),
        "servers_that_are_behind_and_a_stream_that_is_nearly_full_have_their_codes",
    ),
    (
        Code::JournalStreamFull,
        include_str!("servers.rs"),
        "servers_that_are_behind_and_a_stream_that_is_nearly_full_have_their_codes",
    ),
    (
        Code::DiskFull,
        include_str!("journal.rs"),
        "a_search_that_did_not_end_and_a_full_disk_have_their_codes",
    ),
    (
        Code::DiskLow,
        include_str!("journal.rs"),
        "a_search_that_did_not_end_and_a_full_disk_have_their_codes",
    ),
];

/// The codes that `antiphon doctor` finds, all of which a test provokes.
pub(crate) fn provoked() -> impl Iterator<Item = Code> {
    let cases = CASES.iter().map(|(code, _)| *code);
    cases.chain(ELSEWHERE.iter().map(|(code, _, _)| *code))
}

#[test]
fn a_code_that_is_provoked_elsewhere_has_its_test() {
    for (code, tests, test) in ELSEWHERE {
        assert!(tests.contains(&format!("fn {test}()")), "{}", code.word());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_fault_has_its_code_and_shows_no_secret() {
    let mut tasks = JoinSet::new();
    for (code, case) in CASES {
        tasks.spawn(async move { (*code, case().await) });
    }
    let mut wrong = Vec::new();
    for (code, found) in tasks.join_all().await {
        let said = format!("{}: {found:#?}", code.word());
        if said.contains("canary") || !found.iter().any(|finding| finding.code == code) {
            wrong.push(said);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A node that takes connections and never answers has a limit of its own, and its lines name it.
#[tokio::test(flavor = "multi_thread")]
async fn a_stalled_node_is_named_and_does_not_hold_up_the_others() {
    let stalled = serve(|_| String::new()).await;
    let well = serve(|path| lavalink(path, &json!({"sourceManagers": []}))).await;
    let node = |name: &str, url: &str| {
        format!("nodes.{name} = {{ url = '{url}', password = {{ file = 'wrong' }} }}\n")
    };
    let mut toml = "[sources.organ]\nplatform = 'lavalink'\nuser = 7\n".to_owned();
    // As many as are asked at once.
    for number in 0..8 {
        toml += &node(&format!("a{number}"), &format!("{}{number}", stalled.url()));
    }
    toml += &node("b", &well.url());
    // Long enough for the last one, which begins when another has ended, on a machine that has much else to do.
    let found = examined_within(Duration::from_secs(5), &toml).await;
    let said = |code: Code| {
        let found = found.iter().filter(|finding| finding.code == code);
        found
            .map(|finding| finding.message.as_str())
            .collect::<Vec<_>>()
    };
    let late = said(Code::AnswerTimedOut);
    let names: Vec<_> = (0..8)
        .map(|number| format!("the node `a{number}`: "))
        .collect();
    assert_eq!(late.len(), names.len(), "{found:#?}");
    let pairs = late.iter().zip(&names);
    assert!(
        pairs.clone().all(|(said, name)| said.starts_with(name)),
        "{late:#?}"
    );
    assert_eq!(
        said(Code::NodeWithoutSources),
        ["the node `b` has no source of tracks"],
        "{found:#?}"
    );
}

/// Long enough for every case that is not about waiting, on a machine that has much else to do.
const LIMIT: Duration = Duration::from_secs(300);
/// For a case that waits until it is over, and does nothing else.
const SHORT: Duration = Duration::from_millis(500);

fn found(probe: &Probe) -> Vec<Finding> {
    probe.findings().cloned().collect()
}

async fn asked(network: Network, url: &str) -> Vec<Finding> {
    asked_within(LIMIT, network, url).await
}

async fn asked_within(limit: Duration, network: Network, url: &str) -> Vec<Finding> {
    let mut probe = Probe::new("one", limit);
    let network = probe.limited(&network);
    let request = Request::get(url).body(Bytes::new()).expect("a URL");
    probe.ask(&network, request).await;
    found(&probe)
}

/// A way on which nothing arrives.
#[derive(Clone, Copy, Debug)]
enum Way {
    Stalled,
    Broken,
}

impl Connect for Way {
    fn connect<'a>(&'a self, _: &'a str, _: u16) -> BoxFuture<'a, io::Result<Stream>> {
        Box::pin(async move {
            match self {
                Self::Stalled => std::future::pending().await,
                Self::Broken => Err(io::Error::other("the network is away")),
            }
        })
    }
}

fn through(way: Way) -> Network {
    Network::new().route("*", Route::connector(Arc::new(way)))
}

fn proxied(proxy: &str) -> Network {
    Network::new().proxy(Proxy::parse(proxy).expect("a proxy"))
}

/// Server on loopback, which ends with its value.
struct Server {
    /// `127.0.0.1:PORT`.
    address: String,
    _task: JoinSet<()>,
}

impl Server {
    fn url(&self) -> String {
        format!("http://{}/", self.address)
    }
}

/// Serves each connection by a task of its own.
async fn listen<F: Future<Output = ()> + Send + 'static>(
    serve: impl Fn(TcpStream) -> F + Send + 'static,
) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let mut task = JoinSet::new();
    task.spawn(async move {
        let mut clients = JoinSet::new();
        while let Ok((stream, _)) = listener.accept().await {
            clients.spawn(serve(stream));
        }
    });
    Server {
        address,
        _task: task,
    }
}

/// Serves each connection one answer, which the path of its request decides.
async fn serve(route: impl Fn(&str) -> String + Send + Sync + 'static) -> Server {
    let route = Arc::new(route);
    listen(move |stream| respond(stream, Arc::clone(&route))).await
}

async fn respond(mut stream: TcpStream, route: Arc<impl Fn(&str) -> String>) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte).await {
            Ok(1) => head.push(byte[0]),
            _ => break,
        }
    }
    let head = String::from_utf8_lossy(&head);
    let path = head.split(' ').nth(1).unwrap_or_default();
    let answer = route(path);
    if answer.is_empty() {
        // Nothing is answered until the client goes away.
        let _ = stream.read(&mut byte).await;
        return;
    }
    let _ = stream.write_all(answer.as_bytes()).await;
    let _ = stream.shutdown().await;
}

fn answer(status: &str, body: &str) -> String {
    typed(status, "application/json", body)
}

fn typed(status: &str, kind: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
}

fn object(body: &Value) -> String {
    answer("200 OK", &body.to_string())
}

fn text(body: &str) -> String {
    typed("200 OK", "text/plain", body)
}

/// Runs a case by itself, so that its server may call [`nothing_more`].
async fn apart<F: Future<Output = Vec<Finding>>>(
    case: impl FnOnce() -> F + Send + 'static,
) -> Vec<Finding> {
    let run = tokio::task::spawn_blocking(move || {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().build().expect("a runtime");
        runtime.block_on(case())
    });
    run.await.expect("no panic")
}

/// An answer that never comes: from the first one on the clock goes by itself, so that a limit is over at once, and not
/// a moment before the question has come.
fn nothing_more(first: &Once) -> String {
    first.call_once(tokio::time::pause);
    String::new()
}

async fn stalled() -> Vec<Finding> {
    let first = Once::new();
    let server = serve(move |_| nothing_more(&first)).await;
    asked(Network::new(), &server.url()).await
}

/// A server that answers the first question alone: each request waits no longer than a part of the whole.
async fn stalled_later() -> Vec<Finding> {
    let first = Once::new();
    let server = serve(move |path| match path {
        "/api/v10/gateway" => object(&json!({"url": "wss://a"})),
        _ => nothing_more(&first),
    })
    .await;
    let toml = bot_at(&server.address);
    // The bot's own client asks again and again, for a longer time than this.
    examined_within(Duration::from_secs(20), &toml).await
}

async fn page() -> Vec<Finding> {
    let server =
        serve(|_| typed("200 OK", "text/html; charset=utf-8", "<html>log in</html>")).await;
    asked(Network::new(), &server.url()).await
}

/// A server that leads elsewhere, asked directly and through a proxy that lets everything through to it.
async fn redirects() -> Vec<Finding> {
    let server = serve(|_| {
        "HTTP/1.1 302 Found\r\nLocation: https://mira:canary@portal.example/login?canary=1\r\nContent-Length: 0\r\n\r\n"
            .to_owned()
    })
    .await;
    asked(Network::new(), &server.url()).await
}

#[tokio::test]
async fn a_redirect_names_where_it_leads_and_no_more() {
    let [found] = &redirects().await[..] else {
        panic!("one finding");
    };
    assert_eq!(found.code, Code::NotThisService);
    assert_eq!(
        found.message,
        "127.0.0.1 answered with a redirect (status 302) to https://portal.example"
    );
    let server = serve(|_| {
        "HTTP/1.1 308 Permanent Redirect\r\nLocation: https://127.0.0.1/\r\nContent-Length: 0\r\n\r\n".to_owned()
    })
    .await;
    let found = asked(Network::new(), &server.url()).await;
    assert_eq!(found[0].way_out(), "write `https://` into the URL");
}

/// A proxy that opens every connection, and answers in the server's place.
async fn proxy_that_answers_itself() -> Server {
    listen(|mut stream| async move {
        let mut asked = [0; 2048];
        let _ = stream.read(&mut asked).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await;
        let _ = stream.read(&mut asked).await;
        let page = typed("200 OK", "text/html", "<html>log in</html>");
        let _ = stream.write_all(page.as_bytes()).await;
        let _ = stream.read(&mut asked).await;
    })
    .await
}

#[tokio::test]
async fn what_a_proxy_answers_in_a_servers_place_is_told_with_the_proxy() {
    let server = proxy_that_answers_itself().await;
    let url = format!("http://{}", server.address);
    for far in ["http://far.example/", "https://far.example/"] {
        let found = asked(proxied(&url), far).await;
        let [found] = &found[..] else {
            panic!("{far}: one finding");
        };
        assert!(
            found.way_out().starts_with("look at the proxy"),
            "{far}: {found:?}"
        );
    }
    // The proxy itself speaks no TLS.
    let secure = format!("https://{}", server.address);
    let found = asked(proxied(&secure), "http://far.example/").await;
    assert_eq!(found[0].code, Code::TlsNotSpoken);
    assert!(found[0].message.contains("the proxy https://"), "{found:?}");
    assert!(
        found[0]
            .way_out()
            .contains("before the address of the proxy"),
        "{found:?}"
    );
}

async fn yesterday() -> Vec<Finding> {
    let server = serve(|_| {
        "HTTP/1.1 200 OK\r\nDate: Sat, 03 Jan 2026 10:00:00 GMT\r\nContent-Length: 0\r\n\r\n"
            .to_owned()
    })
    .await;
    asked(Network::new(), &server.url()).await
}

async fn proxy_that_says(status: &'static str) -> Vec<Finding> {
    let server = serve(move |_| answer(status, "")).await;
    asked(
        proxied(&format!("http://mira:canary@{}", server.address)),
        "http://far.example/",
    )
    .await
}

/// A server that answers in the clear whatever it reads.
async fn plain_for_tls() -> Vec<Finding> {
    let server = listen(|mut stream| async move {
        let mut greeting = [0; 64];
        let _ = stream.read(&mut greeting).await;
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        let _ = stream.read(&mut greeting).await;
    })
    .await;
    asked(Network::new(), &format!("https://{}/", server.address)).await
}

async fn closed_in_the_handshake() -> Vec<Finding> {
    let server = listen(|mut stream| async move {
        let mut greeting = [0; 4096];
        let _ = stream.read(&mut greeting).await;
    })
    .await;
    asked(Network::new(), &format!("https://{}/", server.address)).await
}

/// Asks a simulator that speaks TLS.
async fn tls(is_trusted: bool, scheme: &str, host: &str) -> Vec<Finding> {
    let sim = Simulator::listen(&Options::new().tls(true))
        .await
        .expect("it listens");
    let addresses = serde_json::to_value(sim.addresses()).expect("JSON");
    let rest = addresses["queup"]["rest"].as_str().expect("a URL");
    let at = rest.strip_prefix("https://").expect("it speaks TLS");
    let certificate = addresses["certificate"].as_str().expect("a certificate");
    let mut network = Network::new();
    if is_trusted {
        network = network.root_certificate(certificate.as_bytes());
    }
    let (_, port) = at.rsplit_once(':').expect("a port");
    let route = Route::address_tls(at.parse().expect("an address"));
    if host != "127.0.0.1" {
        network = network.route(host, route);
    }
    asked(network, &format!("{scheme}://{host}:{port}/room")).await
}

/// A folder with secrets.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let token = "MTU4NzkyNTgwOTc2MDEwMzM5NDU.canary.Y4CnJM4KZKNJRNx9zqRSSEazbpsP86A";
    for (name, secret) in [("token", token), ("wrong", "canary-7f3a")] {
        std::fs::write(folder.path().join(name), secret).expect("a file");
    }
    folder
}

async fn examined(toml: &str) -> Vec<Finding> {
    examined_within(LIMIT, toml).await
}

async fn examined_within(limit: Duration, toml: &str) -> Vec<Finding> {
    examined_in(&folder(), limit, toml).await
}

/// Examines the sources of a configuration in a folder.
async fn examined_in(folder: &TempDir, limit: Duration, toml: &str) -> Vec<Finding> {
    let path = folder.path().join("antiphon.toml");
    std::fs::write(&path, toml).expect("a file");
    let config = check::whole(&path).usable().expect("no errors");
    let probes = examine(Arc::new(config), limit).await.expect("secrets");
    probes.iter().flat_map(found).collect()
}

fn bot_at(address: &str) -> String {
    format!(
        "[sources.nave]\nplatform = 'discord'\ntoken = {{ file = 'token' }}\n\
         intents = ['GUILD_MESSAGES', 'MESSAGE_CONTENT']\nshards = 1\nrest = 'http://{address}/api/v10'\n"
    )
}

async fn bot(route: fn(&str) -> String) -> Vec<Finding> {
    let server = serve(route).await;
    examined(&bot_at(&server.address)).await
}

/// A bot without a fault.
fn discord(path: &str) -> String {
    match path {
        "/api/v10/gateway" => object(&json!({"url": "ws://127.0.0.1:1"})),
        "/api/v10/users/@me" => object(&json!({
            "id": "80351110224678912", "username": "choirbot", "discriminator": "0", "avatar": null, "bot": true
        })),
        "/api/v10/applications/@me" => object(&json!({"flags": 1 << 19})),
        "/api/v10/gateway/bot" => gateway(1, 900),
        _ => answer("404 Not Found", "{}"),
    }
}

/// Words of Discord for a token that it does not know.
const UNAUTHORIZED: &str = r#"{"message": "401: Unauthorized", "code": 0}"#;

fn gateway(shards: u32, left: u32) -> String {
    object(&json!({
        "url": "ws://127.0.0.1:1",
        "shards": shards,
        "session_start_limit": {"total": 1000, "remaining": left, "reset_after": 3_600_000, "max_concurrency": 1},
    }))
}

async fn node(route: fn(&str) -> String) -> Vec<Finding> {
    let server = serve(route).await;
    examined(&format!(
        "[sources.organ]\nplatform = 'lavalink'\nuser = 7\n\
         nodes.eu = {{ url = '{}', password = {{ file = 'wrong' }} }}\n",
        server.url()
    ))
    .await
}

/// A node that says this of itself, and otherwise has no fault.
fn lavalink(path: &str, said: &Value) -> String {
    if path == "/version" {
        return text("4.0.8");
    }
    let mut info = json!({
        "version": {"semver": "4.0.8"},
        "jvm": "21.0.1",
        "sourceManagers": ["http"],
        "plugins": [],
    });
    for (key, value) in said.as_object().into_iter().flatten() {
        info[key] = value.clone();
    }
    object(&info)
}

/// Examines the account of a simulated QueUp; an empty secret is the right password.
async fn queup(secret: &str, room: &str, change: fn(&Simulator)) -> Vec<Finding> {
    let sim = Simulator::listen(&Options::new())
        .await
        .expect("it listens");
    change(&sim);
    let addresses = serde_json::to_value(sim.addresses()).expect("JSON");
    let queup = &addresses["queup"];
    let folder = folder();
    let password = queup["password"].as_str().expect("a text");
    std::fs::write(folder.path().join("right"), password).expect("a file");
    let secret = if secret.is_empty() { "right" } else { secret };
    let toml = format!(
        "[sources.choir]\nplatform = 'queup'\nemail = {}\npassword = {{ file = '{secret}' }}\nrooms = ['{room}']\n\
         rest = {}\nsocket = {}\n",
        queup["email"], queup["rest"], queup["socket"]
    );
    examined_in(&folder, LIMIT, &toml).await
}

fn banned(sim: &Simulator) {
    let room = sim.queup().room("choir-loft");
    room.ban("mira", &sim.queup().account().username, 0);
}

fn chat_at(sim: &Simulator, folder: &TempDir, secret: &str, room: u64, more: &str) -> String {
    let addresses = serde_json::to_value(sim.addresses()).expect("JSON");
    let chat = &addresses["stackexchange"];
    let password = chat["password"].as_str().expect("a text");
    std::fs::write(folder.path().join("right"), password).expect("a file");
    let secret = if secret.is_empty() { "right" } else { secret };
    format!(
        "[sources.tea]\nplatform = 'stackexchange'\nemail = {}\npassword = {{ file = '{secret}' }}\nrooms = [{room}]\n\
         server = {}\nurl = {}\n{more}\n",
        chat["email"], chat["servers"][0]["chat"], chat["url"]
    )
}

/// Examines the account of a simulated chat server; an empty secret is the right password.
async fn chat(secret: &str, room: u64, more: &str, change: fn(&Simulator)) -> Vec<Finding> {
    let sim = Simulator::listen(&Options::new())
        .await
        .expect("it listens");
    change(&sim);
    let folder = folder();
    let toml = chat_at(&sim, &folder, secret, room, more);
    examined_in(&folder, LIMIT, &toml).await
}

/// Examines an account whose chat server answers like this.
async fn chat_behind(route: fn(&str) -> String) -> Vec<Finding> {
    let server = serve(route).await;
    examined(&format!(
        "[sources.tea]\nplatform = 'stackexchange'\nemail = 'mira@example.org'\npassword = {{ file = 'wrong' }}\n\
         rooms = [1]\nurl = '{}'\n",
        server.url()
    ))
    .await
}

async fn expired_cookie() -> Vec<Finding> {
    let sim = Simulator::listen(&Options::new())
        .await
        .expect("it listens");
    let folder = folder();
    let toml = chat_at(&sim, &folder, "", 4242, "cookie_file = 'tea.cookies'");
    let path = folder.path().join("antiphon.toml");
    std::fs::write(&path, &toml).expect("a file");
    let config = check::whole(&path).usable().expect("no errors");
    let (context, source) = config.sources().next().expect("one source");
    let crate::platform::SourceConfig::StackExchange(account) = source else {
        panic!("a chat account");
    };
    let (client, _source) =
        antiphon::stackexchange::connect(account.config(context).expect("secrets"));
    client.log_in().await.expect("it is let in");
    let kept = std::fs::read(folder.path().join("tea.cookies")).expect("it is kept");
    sim.stackexchange().expire_cookies();
    let found = examined_in(&folder, LIMIT, &toml).await;
    let now = std::fs::read(folder.path().join("tea.cookies")).expect("it is kept");
    assert_eq!(now, kept, "the kept login is not touched");
    found
}

async fn looked_at(path: &Path) -> Vec<Finding> {
    let mut probe = Probe::new(JOURNAL, LIMIT);
    journal::examine(path, LIMIT, &mut probe).await;
    found(&probe)
}

async fn journal_of(bytes: &[u8]) -> Vec<Finding> {
    let folder = folder();
    let path = folder.path().join("a.db");
    std::fs::write(&path, bytes.repeat(200)).expect("a file");
    looked_at(&path).await
}

async fn journal_in_use() -> Vec<Finding> {
    let folder = folder();
    let path = folder.path().join("a.db");
    let journal = SqliteJournal::open(&path).await.expect("a journal");
    let found = looked_at(&path).await;
    journal.close().await.expect("it closes");
    assert_eq!(looked_at(&path).await, [], "the lock is free again");
    found
}

async fn journal_with_a_large_log() -> Vec<Finding> {
    let folder = folder();
    let path = folder.path().join("a.db");
    let journal = SqliteJournal::open(&path).await.expect("a journal");
    let log = std::fs::File::options()
        .write(true)
        .open(folder.path().join("a.db-wal"))
        .expect("it is there");
    // The end of the file is a hole, which SQLite does not read.
    log.set_len(300 << 20).expect("room for a hole");
    let found = looked_at(&path).await;
    drop(journal);
    found
}

async fn journal_with_dead_letters() -> Vec<Finding> {
    let folder = folder();
    let path = folder.path().join("a.db");
    let journal = SqliteJournal::open(&path).await.expect("a journal");
    let at = Timestamp::now();
    let draft = Draft::new(
        Kind::from_static("queup.chat-message"),
        Place::root(),
        Origin::frame("c", 1),
        at,
        "{}",
    );
    let batch = Batch {
        events: vec![(SourceName::new("choir"), draft)],
        ..Batch::default()
    };
    let stored = journal.append(Arc::new(batch)).await.expect("it is stored");
    let letter = DeadLetter {
        id: DeadLetterId(0),
        consumer: "bot".into(),
        handler: "greet".to_owned(),
        event: (*stored.events[0]).clone(),
        error: "it failed".to_owned(),
        attempts: 3,
        at,
        replay: false,
    };
    let batch = Batch {
        dead: vec![DeadLetterChange::Bury(Box::new(letter))],
        ..Batch::default()
    };
    journal.append(Arc::new(batch)).await.expect("it is stored");
    journal.close().await.expect("it closes");
    looked_at(&path).await
}
