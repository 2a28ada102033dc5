//! Random bytes end in an error or an answer, in bounded time and memory, and never in a panic.

mod support;

use antiphon_core::Rng;
use antiphon_net::{Limits, Network, Proxy, Route, Stream, WebSocket, WebSocketRequest, pipe};
use bytes::Bytes;
use http::Request;
use std::sync::Arc;
use support::{piped, serve_upgraded};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    task::JoinSet,
};

const ROUNDS: u64 = 500;

/// A damaged sample: bytes changed, removed or doubled, and an early end.
fn damaged(rng: &mut Rng, sample: &[u8]) -> Vec<u8> {
    let mut bytes = sample.to_vec();
    for _ in 0..rng.usize(0..6) {
        let at = rng.usize(0..=bytes.len());
        match rng.u8(0..4) {
            0 if at < bytes.len() => bytes[at] = rng.u8(..),
            1 => bytes.truncate(at),
            2 => bytes.insert(at, rng.u8(..)),
            _ => bytes.extend_from_within(at..),
        }
    }
    bytes
}

/// A host that reads some bytes, sends these and hangs up.
fn saying(bytes: Vec<u8>) -> (Network, JoinSet<()>) {
    piped(move |mut stream| {
        let bytes = bytes.clone();
        async move {
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(&bytes).await;
        }
    })
}

#[tokio::test(start_paused = true)]
async fn damaged_frames_end_a_socket_of_either_side() {
    let frames: &[u8] = b"\x81\x05hello\x89\x02hi\x01\x02he\x80\x03llo\x82\x7e\x00\x80\
        0123456789012345678901234567890123456789012345678901234567890123\
        0123456789012345678901234567890123456789012345678901234567890123\x88\x05\x03\xe8bye";
    let masked: &[u8] = b"\x81\x85abcd\x09\x07\x0f\x08\x0e\x89\x80abcd\x01\x82abcd\x09\x07\x80\x80abcd\x88\x82abcd\x62\x8a";
    let limits = Limits::default().frame(4096).message(8192);
    for seed in 0..ROUNDS {
        let mut rng = Rng::with_seed(seed);
        let bytes = damaged(&mut rng, frames);
        let (network, _tasks) = piped(move |stream| {
            let bytes = bytes.clone();
            serve_upgraded(stream, |mut stream, _| async move {
                let _ = stream.write_all(&bytes).await;
                let _ = stream.shutdown().await;
                let _ = stream.read_to_end(&mut Vec::new()).await;
            })
        });
        let request = WebSocketRequest::new("ws://x/".parse().unwrap());
        let mut socket = network.limits(limits).websocket(request).await.unwrap();
        while socket.next().await.is_some() {}

        let (ours, mut theirs) = tokio::io::duplex(64 * 1024);
        theirs.write_all(&damaged(&mut rng, masked)).await.unwrap();
        theirs.shutdown().await.unwrap();
        let mut socket = WebSocket::serve(Stream::new(ours), limits);
        while socket.next().await.is_some() {}
    }
}

#[tokio::test(start_paused = true)]
async fn damaged_answers_to_an_upgrade_open_no_socket() {
    let answer =
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n\x81\x02hi";
    for seed in 0..ROUNDS {
        let (network, _tasks) = saying(damaged(&mut Rng::with_seed(seed), answer));
        let request = WebSocketRequest::new("ws://x/".parse().unwrap());
        assert!(network.websocket(request).await.is_err());
    }
}

#[tokio::test(start_paused = true)]
async fn damaged_answers_of_a_proxy_end_the_wait() {
    for (scheme, answer) in [
        (
            "http",
            &b"HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\nhello"[..],
        ),
        ("socks5h", b"\x05\x00\x05\x00\x00\x03\x04here\x00\x50hello"),
        (
            "socks5h",
            b"\x05\x02\x01\x00\x05\x00\x00\x01\x0a\x00\x00\x01\x00\x50hello",
        ),
        ("socks4a", b"\x00\x5a\x00\x00\x00\x00\x00\x00hello"),
    ] {
        for seed in 0..ROUNDS {
            let bytes = damaged(&mut Rng::with_seed(seed), answer);
            let (connector, mut listener) = pipe::listen(4096);
            let login = if scheme == "socks4a" {
                "mira@"
            } else {
                "mira:canary@"
            };
            let proxy = Proxy::parse(&format!("{scheme}://{login}proxy.example")).unwrap();
            let network = Network::new()
                .proxy(proxy)
                .route("proxy.example", Route::connector(Arc::new(connector)));
            let serve = async {
                let (mut stream, ..) = listener.accept().await.unwrap();
                stream.write_all(&bytes).await.unwrap();
                stream.shutdown().await.unwrap();
                let _ = stream.read_to_end(&mut Vec::new()).await;
            };
            let open = async {
                let uri = "http://choir.invalid/".parse().unwrap();
                if let Err(error) = network.open(&uri).await {
                    assert!(!format!("{error} {error:?}").contains("canary"));
                }
            };
            tokio::join!(serve, open);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn damaged_answers_to_a_request_are_answers_or_errors() {
    let answer =
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n\
        5\r\nhello\r\n0\r\n\r\n";
    for seed in 0..ROUNDS {
        let (network, _tasks) = saying(damaged(&mut Rng::with_seed(seed), answer));
        let request = Request::get("http://x/").body(Bytes::new()).unwrap();
        let network = network.limits(Limits::default().body(1000));
        if let Ok(answer) = network.http().send(request).await {
            assert!(answer.body().len() <= 1000);
        }
    }
}
