//! HTTP over pipes on a paused clock, with good servers and bad ones.

#![expect(clippy::unwrap_used, reason = "what fails in a helper fails the test")]

mod support;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use antiphon_net::{HttpError, Limits, Network, Phase, Route, Stream, pipe};
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use support::{Answer, ok, piped, serve_http};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    task::JoinSet,
    time::Instant,
};

const URI: &str = "https://api.queup.net/room?access_token=canary";

/// A network whose hosts all give this answer, and the number of its connections.
fn serving(
    answer: impl Fn(Request<Bytes>) -> Response<Bytes> + Send + Sync + 'static,
) -> (Network, Arc<AtomicUsize>, JoinSet<()>) {
    let answer: Answer = Arc::new(answer);
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let (network, tasks) = piped(move |stream| {
        counted.fetch_add(1, Ordering::Relaxed);
        serve_http(stream, Arc::clone(&answer))
    });
    (network, count, tasks)
}

/// A host that sends these bytes to every request, and then hangs up if `then_hangs_up` is set.
fn saying(answer: impl Into<Vec<u8>>, then_hangs_up: bool) -> (Network, JoinSet<()>) {
    let answer = answer.into();
    piped(move |mut stream| {
        let answer = answer.clone();
        async move {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            let _ = stream.write_all(&answer).await;
            if !then_hangs_up {
                let _ = stream.read_u8().await;
            }
        }
    })
}

fn get(uri: &str) -> Request<Bytes> {
    Request::get(uri).body(Bytes::new()).unwrap()
}

async fn failure(network: &Network, request: Request<Bytes>) -> HttpError {
    let error = network.http().send(request).await.unwrap_err();
    let mut said = format!("{error} {error:?}");
    let mut cause = std::error::Error::source(&error);
    while let Some(error) = cause {
        said.push_str(&error.to_string());
        cause = error.source();
    }
    assert!(!said.contains("canary"), "{said}");
    error
}

#[tokio::test(start_paused = true)]
async fn any_method_may_have_a_body() {
    let (network, _, _tasks) = serving(|request| {
        let length = request.headers().get("content-length");
        let length = length.map(|length| length.to_str().unwrap());
        ok(format!(
            "{} {:?} {length:?}",
            request.method(),
            request.body()
        ))
    });
    let http = network.http();
    for (method, body, answer) in [
        (Method::DELETE, "a=b", r#"DELETE b"a=b" Some("3")"#),
        (Method::GET, "", r#"GET b"" None"#),
        (Method::DELETE, "", r#"DELETE b"" None"#),
        (Method::POST, "", r#"POST b"" Some("0")"#),
        (Method::PUT, "x", r#"PUT b"x" Some("1")"#),
        (
            Method::from_bytes(b"REPORT").unwrap(),
            "x",
            r#"REPORT b"x" Some("1")"#,
        ),
    ] {
        let request = Request::builder()
            .method(method)
            .uri(URI)
            .body(Bytes::from(body))
            .unwrap();
        assert_eq!(http.send(request).await.unwrap().body(), answer);
    }
}

#[tokio::test(start_paused = true)]
async fn the_server_hears_what_the_request_says_and_its_host() {
    let (network, _, _tasks) = serving(|request| {
        let mut names: Vec<_> = request.headers().keys().map(ToString::to_string).collect();
        names.sort();
        ok(format!(
            "{} {} {names:?}",
            request.uri(),
            request.headers()["host"].to_str().unwrap()
        ))
    });
    let http = network.http();
    for (uri, answer) in [
        (
            "https://api.queup.net/room/x?a=%20b",
            "/room/x?a=%20b api.queup.net",
        ),
        ("https://api.queup.net:443", "/ api.queup.net"),
        ("http://127.0.0.1:7003/v4/info", "/v4/info 127.0.0.1:7003"),
        ("http://[::1]:7003/", "/ [::1]:7003"),
    ] {
        let mut request = get(uri);
        request
            .headers_mut()
            .insert("cookie", "a=b".parse().unwrap());
        let answer = format!("{answer} [\"cookie\", \"host\"]");
        assert_eq!(http.send(request).await.unwrap().body(), &answer);
    }
}

#[tokio::test(start_paused = true)]
async fn redirects_and_errors_are_answers() {
    for status in [301, 302, 307, 404, 429, 500] {
        let (network, connections, _tasks) = serving(move |_| {
            Response::builder()
                .status(status)
                .header("location", "https://elsewhere.example/")
                .header("set-cookie", "sid=1")
                .body(Bytes::from_static(b"words"))
                .unwrap()
        });
        let http = network.http();
        let answer = http.send(get(URI)).await.unwrap();
        assert_eq!(answer.status(), StatusCode::from_u16(status).unwrap());
        assert_eq!(answer.headers()["location"], "https://elsewhere.example/");
        assert_eq!(answer.body(), "words");
        http.send(get(URI)).await.unwrap();
        assert_eq!(connections.load(Ordering::Relaxed), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_keeps_no_read_buffer() {
    for size in [4, 300, 100_000] {
        let body = Bytes::from(vec![b' '; size]);
        let sent = body.clone();
        let (network, _, _tasks) = serving(move |_| Response::new(sent.clone()));
        let http = network.http();
        let answer = http.send(get(URI)).await.unwrap().into_body();
        assert_eq!(answer, body);
        let held = answer.try_into_mut().expect("nobody else holds it");
        assert_eq!(held.capacity(), size);
    }
}

#[tokio::test(start_paused = true)]
async fn no_cookie_is_kept() {
    let (network, _, _tasks) = serving(|request| {
        let mut answer = ok(format!("{:?}", request.headers().get("cookie")));
        answer
            .headers_mut()
            .insert("set-cookie", "sid=1".parse().unwrap());
        answer
    });
    let http = network.http();
    http.send(get(URI)).await.unwrap();
    assert_eq!(http.send(get(URI)).await.unwrap().body(), "None");
}

#[tokio::test(start_paused = true)]
async fn connections_are_kept_for_the_idle_time_and_shared_by_clones() {
    let (network, connections, _tasks) = serving(|_| ok("here"));
    let http = network.http();
    let count = || connections.load(Ordering::Relaxed);
    http.send(get(URI)).await.unwrap();
    tokio::time::sleep(Duration::from_secs(29)).await;
    http.clone().send(get(URI)).await.unwrap();
    assert_eq!(count(), 1);
    tokio::time::sleep(Duration::from_secs(31)).await;
    http.send(get(URI)).await.unwrap();
    assert_eq!(count(), 2);
    http.send(get("https://other.example/")).await.unwrap();
    assert_eq!(count(), 3);
    network.http().send(get(URI)).await.unwrap();
    assert_eq!(count(), 4);
}

#[tokio::test(start_paused = true)]
async fn a_pooled_connection_that_the_server_closed_is_replaced_unseen() {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let (network, _tasks) = piped(move |mut stream| {
        counted.fetch_add(1, Ordering::Relaxed);
        async move {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.unwrap());
            }
            stream
                .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                .await
                .unwrap();
        }
    });
    let http = network.http();
    for turn in 1..=20 {
        let post = Request::post(URI).body(Bytes::from_static(b"x")).unwrap();
        assert_eq!(http.send(post).await.unwrap().body(), "ok");
        assert_eq!(count.load(Ordering::Relaxed), turn);
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn connections_end_with_the_last_clone() {
    let (connector, mut listener) = pipe::listen(4096);
    let network = Network::new().route("*", Route::connector(Arc::new(connector)));
    let http = network.http();
    let serve = async {
        let (mut stream, ..) = listener.accept().await.unwrap();
        let mut request = [0; 1024];
        let _ = stream.read(&mut request).await.unwrap();
        stream
            .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            .await
            .unwrap();
        stream
    };
    let (answer, mut stream) = tokio::join!(http.send(get(URI)), serve);
    assert!(answer.is_ok());
    let clone = http.clone();
    drop(http);
    assert!(
        tokio::time::timeout(Duration::from_secs(1), stream.read_u8())
            .await
            .is_err()
    );
    drop(clone);
    assert_eq!(stream.read(&mut [0; 1]).await.unwrap(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_long_body_is_an_error_and_never_cut() {
    let limits = Limits::default().body(1000);
    let (network, _, _tasks) = serving(|request| {
        let length = request.uri().path()[1..].parse().unwrap();
        ok(vec![b'x'; length])
    });
    let network = network.limits(limits);
    let http = network.http();
    assert_eq!(
        http.send(get("http://x/1000?canary"))
            .await
            .unwrap()
            .body()
            .len(),
        1000
    );
    let error = failure(&network, get("http://x/1001?canary")).await;
    assert_eq!(
        error.to_string(),
        "the answer to GET http://x/1001 has more than 1000 bytes"
    );
    assert!(!error.is_transient() && error.may_have_arrived());
    assert!(http.send(get("http://x/1001")).await.is_err());
    // The rest of that body is not taken for the next answer.
    assert_eq!(http.send(get("http://x/1")).await.unwrap().body().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_body_of_unknown_length_is_bounded_as_it_comes() {
    let chunk = format!("3e8\r\n{}\r\n", "x".repeat(1000));
    let chunks = format!(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{}",
        chunk.repeat(20)
    );
    let plain = format!("HTTP/1.1 200 OK\r\n\r\n{}", "x".repeat(20_000));
    for answer in [chunks, plain] {
        let (network, _tasks) = saying(answer, false);
        let network = network.limits(Limits::default().body(10_000));
        let error = failure(&network, get(URI)).await;
        assert!(
            matches!(error, HttpError::BodyTooLarge { limit: 10_000, .. }),
            "{error}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_long_head_is_an_error() {
    let long = format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(70_000));
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "X: y\r\n".repeat(101));
    for answer in [long, many] {
        let (network, _tasks) = saying(answer, false);
        let error = failure(&network, get(URI)).await;
        assert!(
            matches!(error, HttpError::HeaderTooLarge { limit: 65_536, .. }),
            "{error:?}"
        );
        assert!(!error.is_transient());
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_does_not_come_is_given_up() {
    for answer in ["", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhal"] {
        let (network, _tasks) = saying(answer, false);
        let before = Instant::now();
        let error = failure(&network, get(URI)).await;
        assert_eq!(before.elapsed(), Duration::from_secs(30));
        assert_eq!(
            error.to_string(),
            "no whole answer to GET https://api.queup.net/room within 30s"
        );
        assert!(error.is_transient() && error.may_have_arrived());
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_breaks_off_or_is_no_http_is_an_error() {
    for answer in [
        "",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhal",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "SSH-2.0-OpenSSH\r\n\r\n",
    ] {
        let (network, _tasks) = saying(answer, true);
        let error = failure(&network, get(URI)).await;
        assert!(
            matches!(error, HttpError::Broken { .. }),
            "{answer:?} {error:?}"
        );
        assert!(error.is_transient() && error.may_have_arrived());
        assert!(std::error::Error::source(&error).is_some());
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_connection_never_reached_the_server() {
    let (connector, listener) = pipe::listen(1);
    drop(listener);
    let network = Network::new().route("*", Route::connector(Arc::new(connector)));
    let error = failure(&network, get(URI)).await;
    assert!(
        matches!(&error, HttpError::Connect(error) if error.phase() == Phase::Connect),
        "{error:?}"
    );
    assert!(error.is_transient() && !error.may_have_arrived());
    assert_eq!(error.to_string(), "could not connect to api.queup.net:443");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_cannot_be_sent_is_the_callers_mistake() {
    let (network, connections, _tasks) = serving(|_| ok(""));
    let connect = Request::builder()
        .method("CONNECT")
        .uri("https://x/")
        .body(Bytes::new())
        .unwrap();
    for request in [
        get("/room?canary"),
        get("wss://api.queup.net/?canary"),
        connect,
    ] {
        let error = failure(&network, request).await;
        assert!(matches!(error, HttpError::Invalid { .. }), "{error:?}");
        assert!(!error.is_transient() && !error.may_have_arrived());
    }
    assert_eq!(connections.load(Ordering::Relaxed), 0);
}

#[tokio::test(start_paused = true)]
async fn tokens_in_paths_and_queries_are_not_shown() {
    let (connector, listener) = pipe::listen(1);
    drop(listener);
    let network = Network::new().route("*", Route::connector(Arc::new(connector)));
    let token = format!("canary{}", "x".repeat(62));
    let uri = format!("wss://mira:canary@discord.com/api/v10/webhooks/41/{token}?wait=canary");
    let error = failure(&network, get(&uri)).await;
    let shown = "cannot send GET wss://discord.com/api/v10/webhooks/41/…: the scheme is neither http nor https";
    assert_eq!(error.to_string(), shown);
}

#[tokio::test(start_paused = true)]
async fn a_pipe_keeps_order_and_waits_for_room() {
    let (connector, mut listener) = pipe::listen(4);
    let network = Network::new().route("*", Route::connector(Arc::new(connector)));
    let mut ours: Stream = network
        .open(&"http://x:8080".parse().unwrap())
        .await
        .unwrap();
    let (mut theirs, host, port) = listener.accept().await.unwrap();
    assert_eq!((host.as_str(), port), ("x", 8080));
    let mut heard = Vec::new();
    let (written, read) = tokio::join!(
        async {
            ours.write_all(b"longer than the pipe").await.unwrap();
            ours.shutdown().await
        },
        theirs.read_to_end(&mut heard),
    );
    assert!(written.is_ok() && read.is_ok());
    assert_eq!(heard, b"longer than the pipe");
    drop(network);
    assert!(listener.accept().await.is_none());
}
