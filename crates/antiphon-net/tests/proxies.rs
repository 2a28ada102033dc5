//! Tunnels through a small real proxy, over loopback sockets on the real clock.

#![expect(clippy::unwrap_used, reason = "what fails in a helper fails the test")]

mod support;

use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex},
    time::Duration,
};

use antiphon_net::{
    ConnectError, EnvironmentProxies, HttpError, Limits, Message, Network, Phase, Proxy,
    ProxyError, Route, Stream, WebSocketRequest,
};
use bytes::Bytes;
use http::Request;
use support::{echo, serve_websocket};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

/// The proxy's behaviour.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Manner {
    /// Makes a tunnel for every client.
    Open,
    /// Makes a tunnel for `mira` with the password `canary`.
    Login,
    /// Makes no tunnel.
    Refusing,
    /// Sends nothing.
    Hanging,
    /// Sends bytes that no proxy sends.
    Garbage,
    /// Hangs up.
    Closing,
    /// Sends the host's first bytes in the same packet as its own answer.
    Eager,
}

/// A proxy, and behind it one server that answers HTTP and WebSocket for every host.
struct TestProxy {
    address: SocketAddr,
    manner: Manner,
    asked: Arc<Mutex<Vec<String>>>,
    _tasks: JoinSet<()>,
}

impl TestProxy {
    async fn start(scheme: &'static str, manner: Manner) -> Self {
        let mut running = JoinSet::new();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&asked);
        let (connector, mut behind) = antiphon_net::pipe::listen(64 * 1024);
        running.spawn(async move {
            let mut talks = JoinSet::new();
            while let Some((stream, ..)) = behind.accept().await {
                talks.spawn(serve_websocket(stream, Limits::default(), echo));
            }
        });
        running.spawn(async move {
            let mut talks = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (log, connector) = (Arc::clone(&log), connector.clone());
                talks.spawn(async move {
                    if let Some((mut stream, wanted)) = greet(scheme, manner, stream).await {
                        log.lock().unwrap().push(wanted);
                        let mut host = antiphon_net::Connect::connect(&connector, "", 0)
                            .await
                            .unwrap();
                        let _ = copy_bidirectional(&mut stream, &mut host).await;
                    }
                });
            }
        });
        Self {
            address,
            manner,
            asked,
            _tasks: running,
        }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    fn network(&self, scheme: &str, login: &str) -> Network {
        let proxy = Proxy::parse(&format!("{scheme}://{login}{}", self.address)).unwrap();
        let mut limits = Limits::default();
        if self.manner == Manner::Hanging {
            limits = limits.proxy(Duration::from_millis(200));
        }
        Network::new().proxy(proxy).limits(limits)
    }
}

/// The proxy's side of the handshake; returns the stream, and the host that was asked for.
async fn greet(scheme: &str, manner: Manner, mut stream: TcpStream) -> Option<(TcpStream, String)> {
    match manner {
        Manner::Hanging => {
            let _ = stream.read_to_end(&mut Vec::new()).await;
            return None;
        }
        Manner::Garbage => {
            stream
                .write_all(b"220 mail.example ESMTP\r\n\r\n")
                .await
                .unwrap();
            let _ = stream.read_to_end(&mut Vec::new()).await;
            return None;
        }
        Manner::Closing => return None,
        _ => {}
    }
    match scheme {
        "http" => greet_http(manner, stream).await,
        "socks5" | "socks5h" => greet_socks5(manner, stream).await,
        _ => greet_socks4(manner, stream).await,
    }
}

async fn greet_http(manner: Manner, mut stream: TcpStream) -> Option<(TcpStream, String)> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(stream.read_u8().await.ok()?);
    }
    let request = String::from_utf8(request).unwrap();
    let wanted = request
        .strip_prefix("CONNECT ")?
        .split_once(' ')?
        .0
        .to_owned();
    assert!(request.contains(&format!("\r\nHost: {wanted}\r\n")));
    // mira:canary
    let knows_us = request.contains("\r\nProxy-Authorization: Basic bWlyYTpjYW5hcnk=\r\n");
    let answer: &[u8] = match manner {
        Manner::Refusing => b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n",
        Manner::Login if !knows_us => b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n",
        Manner::Eager => b"HTTP/1.1 200 OK\r\n\r\nhello",
        _ => b"HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n",
    };
    stream.write_all(answer).await.unwrap();
    answer
        .starts_with(b"HTTP/1.1 200")
        .then_some((stream, wanted))
}

async fn greet_socks5(manner: Manner, mut stream: TcpStream) -> Option<(TcpStream, String)> {
    assert_eq!(stream.read_u8().await.unwrap(), 5);
    let count = stream.read_u8().await.unwrap();
    let mut methods = vec![0; count.into()];
    stream.read_exact(&mut methods).await.unwrap();
    let method = if manner == Manner::Login { 2 } else { 0 };
    if !methods.contains(&method) {
        stream.write_all(&[5, 0xff]).await.unwrap();
        return None;
    }
    stream.write_all(&[5, method]).await.unwrap();
    if method == 2 {
        assert_eq!(stream.read_u8().await.unwrap(), 1);
        let name = read_counted(&mut stream).await;
        let password = read_counted(&mut stream).await;
        let is_wrong = u8::from((name.as_str(), password.as_str()) != ("mira", "canary"));
        stream.write_all(&[1, is_wrong]).await.unwrap();
        if is_wrong == 1 {
            return None;
        }
    }
    let mut head = [0; 4];
    stream.read_exact(&mut head).await.unwrap();
    assert_eq!(head[..3], [5, 1, 0]);
    let host = match head[3] {
        1 => Ipv4Addr::from(stream.read_u32().await.unwrap()).to_string(),
        3 => read_counted(&mut stream).await,
        _ => std::net::Ipv6Addr::from(stream.read_u128().await.unwrap()).to_string(),
    };
    let port = stream.read_u16().await.unwrap();
    let reply = if manner == Manner::Refusing { 2 } else { 0 };
    // The bound address is a name here, which is allowed and rare.
    let mut answer = vec![5, reply, 0, 3, 4, b'h', b'e', b'r', b'e', 0, 80];
    if manner == Manner::Eager {
        answer.extend(b"hello");
    }
    stream.write_all(&answer).await.unwrap();
    (reply == 0).then(|| (stream, format!("{host}:{port}")))
}

async fn greet_socks4(manner: Manner, mut stream: TcpStream) -> Option<(TcpStream, String)> {
    assert_eq!(stream.read_u16().await.unwrap(), 0x0401);
    let port = stream.read_u16().await.unwrap();
    let address = Ipv4Addr::from(stream.read_u32().await.unwrap());
    let name = read_ended(&mut stream).await;
    let host = match address.octets() {
        [0, 0, 0, 1] => read_ended(&mut stream).await,
        _ => address.to_string(),
    };
    let reply = match manner {
        Manner::Login if name != "mira" => 93,
        Manner::Refusing => 91,
        _ => 90,
    };
    let mut answer = vec![0, reply, 0, 0, 0, 0, 0, 0];
    if manner == Manner::Eager {
        answer.extend(b"hello");
    }
    stream.write_all(&answer).await.unwrap();
    (reply == 90).then(|| (stream, format!("{host}:{port}")))
}

async fn read_counted(stream: &mut TcpStream) -> String {
    let length = stream.read_u8().await.unwrap();
    let mut bytes = vec![0; length.into()];
    stream.read_exact(&mut bytes).await.unwrap();
    String::from_utf8(bytes).unwrap()
}

async fn read_ended(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    loop {
        match stream.read_u8().await.unwrap() {
            0 => return String::from_utf8(bytes).unwrap(),
            byte => bytes.push(byte),
        }
    }
}

fn get(uri: &str) -> Request<Bytes> {
    Request::get(uri).body(Bytes::new()).unwrap()
}

/// Checks that HTTP and WebSocket both reach the host, by its name.
async fn check_through(network: &Network, host: &str) {
    let answer = network
        .http()
        .send(get(&format!("http://{host}/")))
        .await
        .unwrap();
    assert_eq!(answer.body(), host);
    let request = WebSocketRequest::new(format!("ws://{host}/").parse().unwrap());
    let mut socket = network.websocket(request).await.unwrap();
    socket.send(Message::text("through")).await.unwrap();
    assert_eq!(
        socket.next().await.unwrap().unwrap(),
        Message::text("through")
    );
}

/// The error of both HTTP and WebSocket, which must be equal.
async fn failure(network: &Network) -> ConnectError {
    let uri = "choir.invalid/?access_token=canary";
    let http = network
        .http()
        .send(get(&format!("http://{uri}")))
        .await
        .unwrap_err();
    let HttpError::Connect(http) = http else {
        panic!("{http:?}")
    };
    let request = WebSocketRequest::new(format!("ws://{uri}").parse().unwrap());
    let socket = network.websocket(request).await.unwrap_err();
    assert_eq!(http.to_string(), socket.to_string());
    assert_eq!(http.is_transient(), socket.is_transient());
    assert_eq!(http.phase(), Phase::Proxy);
    let said = format!(
        "{http} {http:?} {network:?} {:?}",
        std::error::Error::source(&http)
    );
    assert!(!said.contains("canary"), "{said}");
    socket
}

#[tokio::test]
async fn http_and_websocket_go_through_every_kind_of_proxy() {
    for scheme in ["http", "socks5h", "socks4a"] {
        let proxy = TestProxy::start(scheme, Manner::Open).await;
        // The name is in no DNS, so the proxy was given the name.
        check_through(&proxy.network(scheme, ""), "choir.invalid").await;
        assert_eq!(
            proxy.asked(),
            ["choir.invalid:80", "choir.invalid:80"],
            "{scheme}"
        );
    }
}

#[tokio::test]
async fn a_proxy_that_looks_up_no_names_is_asked_for_addresses() {
    for scheme in ["socks5", "socks4"] {
        let proxy = TestProxy::start(scheme, Manner::Open).await;
        check_through(&proxy.network(scheme, ""), "localhost:8080").await;
        for asked in proxy.asked() {
            assert!(
                ["127.0.0.1:8080", "::1:8080"].contains(&asked.as_str()),
                "{asked}"
            );
        }
    }
}

#[tokio::test]
async fn the_right_login_gets_through() {
    for (scheme, login) in [
        ("http", "mira:canary@"),
        ("http", "mira:c%61nary@"),
        ("socks5h", "mira:canary@"),
        ("socks4a", "mira@"),
    ] {
        let proxy = TestProxy::start(scheme, Manner::Login).await;
        check_through(&proxy.network(scheme, login), "choir.invalid").await;
        let proxy = TestProxy::start(scheme, Manner::Open).await;
        check_through(&proxy.network(scheme, login), "choir.invalid").await;
    }
}

#[tokio::test]
async fn a_wrong_or_absent_login_is_permanent_and_not_repeated_aloud() {
    for (scheme, wrong) in [
        ("http", "mira:canary2@"),
        ("socks5h", "mira:canary2@"),
        ("socks4a", "canary@"),
    ] {
        let proxy = TestProxy::start(scheme, Manner::Login).await;
        let error = failure(&proxy.network(scheme, wrong)).await;
        assert!(
            error
                .to_string()
                .ends_with("the proxy does not accept the login"),
            "{error}"
        );
        assert!(!error.is_transient());
        let error = failure(&proxy.network(scheme, "")).await;
        assert!(
            error.to_string().ends_with("the proxy asks for a login"),
            "{error}"
        );
        assert!(!error.is_transient());
    }
}

#[tokio::test]
async fn every_other_failure_names_host_and_proxy_and_says_whether_it_may_pass() {
    use Manner::{Closing, Garbage, Hanging, Refusing};
    for (scheme, manner, why, is_transient) in [
        (
            "http",
            Refusing,
            ": the proxy answered with status 403",
            false,
        ),
        (
            "socks5h",
            Refusing,
            ": the proxy's rules do not allow it",
            false,
        ),
        ("socks4a", Refusing, ": the proxy refused or failed", true),
        ("http", Hanging, ": no answer within 200ms", true),
        ("socks5h", Hanging, ": no answer within 200ms", true),
        ("socks4a", Hanging, ": no answer within 200ms", true),
        ("http", Garbage, ": the answer is not HTTP", false),
        (
            "socks5h",
            Garbage,
            ": the proxy does not speak SOCKS 5",
            false,
        ),
        (
            "socks4a",
            Garbage,
            ": the proxy does not speak SOCKS 4",
            false,
        ),
        ("http", Closing, "", true),
        ("socks5h", Closing, "", true),
        ("socks4a", Closing, "", true),
    ] {
        let proxy = TestProxy::start(scheme, manner).await;
        let error = failure(&proxy.network(scheme, "")).await;
        let address = proxy.address;
        let through =
            format!("could not get a tunnel to choir.invalid:80 through {scheme}://{address}");
        assert_eq!(error.to_string(), format!("{through}{why}"));
        assert_eq!(error.is_transient(), is_transient, "{error}");
    }
}

#[tokio::test]
async fn what_the_host_says_first_is_not_lost() {
    for scheme in ["http", "socks5h", "socks4a"] {
        let proxy = TestProxy::start(scheme, Manner::Eager).await;
        let network = proxy.network(scheme, "");
        let mut stream: Stream = network
            .open(&"http://choir.invalid".parse().unwrap())
            .await
            .unwrap();
        let mut hello = [0; 5];
        stream.read_exact(&mut hello).await.unwrap();
        assert_eq!(&hello, b"hello", "{scheme}");
    }
}

#[tokio::test]
async fn a_proxy_of_the_environment_is_used_where_nothing_else_is_said() {
    let proxy = TestProxy::start("http", Manner::Open).await;
    let environment = EnvironmentProxies::read(|name| match name {
        "http_proxy" => Some(proxy.address.to_string()),
        "NO_PROXY" => Some("direct.test".to_owned()),
        _ => None,
    })
    .unwrap();
    let network = Network::new().environment(environment);
    check_through(&network, "host.test").await;
    let (connector, mut behind) = antiphon_net::pipe::listen(1024);
    let routed = network
        .clone()
        .route("routed.test", Route::connector(Arc::new(connector)));
    let uri = "http://routed.test/".parse().unwrap();
    let (opened, accepted) = tokio::join!(routed.open(&uri), behind.accept());
    assert!(opened.is_ok() && accepted.is_some());
    // Neither an exception nor a host of this machine goes there.
    for host in ["direct.test", "127.0.0.1:1"] {
        let uri = format!("http://{host}/").parse().unwrap();
        let refused = network.open(&uri).await.unwrap_err();
        assert_ne!(refused.phase(), Phase::Proxy, "{host}");
    }
    let asked = proxy.asked();
    assert!(
        !asked.is_empty() && asked.iter().all(|asked| asked.starts_with("host.test:")),
        "{asked:?}"
    );
}

#[tokio::test]
async fn a_host_with_its_own_route_does_without_the_proxy() {
    let proxy = TestProxy::start("http", Manner::Refusing).await;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let network = proxy
        .network("http", "")
        .route("127.0.0.1", Route::direct());
    let (opened, accepted) = tokio::join!(
        async {
            network
                .open(&format!("http://{address}").parse().unwrap())
                .await
        },
        listener.accept(),
    );
    assert!(opened.is_ok() && accepted.is_ok());
}

#[tokio::test]
async fn a_proxy_that_is_not_there_is_named() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let proxy = Proxy::parse(&format!("http://mira:canary@{address}")).unwrap();
    let network = Network::new().proxy(proxy);
    let error = network
        .open(&"http://choir.invalid".parse().unwrap())
        .await
        .unwrap_err();
    assert_eq!(error.phase(), Phase::Connect);
    assert!(error.is_transient());
    assert_eq!(
        error.to_string(),
        format!("could not connect to the proxy http://<redacted>@{address}")
    );
}

#[test]
fn a_proxy_that_cannot_be_used_is_told_apart_without_repeating_it() {
    #[track_caller]
    fn check(text: &str, expected: &str) {
        let said = match Proxy::parse(text) {
            Ok(proxy) => format!("{proxy} {proxy:?}"),
            Err(error) => format!("{error} {error:?}"),
        };
        assert!(said.starts_with(expected), "{said}");
        assert!(!said.contains("canary"), "{said}");
    }
    check("http://proxy.example", "http://proxy.example:80 ");
    check("HTTP://Proxy.Example:3128/", "http://proxy.example:3128 ");
    check("https://proxy.example", "https://proxy.example:443 ");
    check(
        "socks5://canary:canary@[::1]",
        "socks5://<redacted>@[::1]:1080 ",
    );
    check(
        "socks4://canary@10.0.0.1:9",
        "socks4://<redacted>@10.0.0.1:9 ",
    );
    check(
        "ftp://canary:canary@proxy.example",
        "a proxy's scheme is one of",
    );
    check("proxy.example:3128", "a proxy");
    check("canary canary", "a proxy is written as");
    check("", "a proxy is written as");
    check("http://proxy.example/canary", "a proxy is written as");
    check(
        "socks4://canary:canary@proxy.example",
        "SOCKS 4 knows no passwords",
    );
    check(
        "http://a%3Acanary:canary@proxy.example",
        "a login name for HTTP has no colon",
    );
    check(
        "http://canary%ff@proxy.example",
        "a proxy's login is not UTF-8",
    );
    check(
        &format!("socks5://canary:{}@proxy.example", "x".repeat(256)),
        "name and password",
    );
    assert_eq!(
        Proxy::parse("ftp://x").unwrap_err(),
        ProxyError::UnknownScheme
    );
}
