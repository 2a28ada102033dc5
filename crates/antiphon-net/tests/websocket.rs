//! `WebSocket`s over pipes on a paused clock, with good peers and bad ones.

#![expect(clippy::unwrap_used, reason = "what fails in a helper fails the test")]

mod support;

use std::{sync::Arc, task::Poll, time::Duration};

use antiphon_net::{
    ConnectError, Limits, Message, Network, Phase, Route, SocketError, Stream, Text, WebSocket,
    WebSocketRequest, accept_upgrade, pipe,
};
use bytes::Bytes;
use http::Request;
use support::{echo, piped, serve_upgraded, serve_websocket};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    task::JoinSet,
    time::{Instant, timeout},
};

const URI: &str = "wss://ws.queup.net/ws/?access_token=canary";

fn request() -> WebSocketRequest {
    WebSocketRequest::new(URI.parse().unwrap())
}

fn echoing() -> (Network, JoinSet<()>) {
    piped(|stream| serve_websocket(stream, Limits::default(), echo))
}

/// A client's socket, and the bare stream at its other end.
async fn with_bare_peer(limits: Limits) -> (WebSocket, Stream, JoinSet<()>) {
    let (peers, mut peer) = tokio::sync::mpsc::channel(1);
    let (network, tasks) = piped(move |stream| {
        let peers = peers.clone();
        serve_upgraded(stream, |stream, _| async move {
            peers.send(stream).await.unwrap();
        })
    });
    let socket = network.limits(limits).websocket(request()).await.unwrap();
    (socket, peer.recv().await.unwrap(), tasks)
}

/// A frame as a server sends it.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        size @ 0..126 => frame.push(u8::try_from(size).unwrap()),
        size @ 126..65_536 => {
            frame.push(126);
            frame.extend(u16::try_from(size).unwrap().to_be_bytes());
        }
        size => {
            frame.push(127);
            frame.extend((size as u64).to_be_bytes());
        }
    }
    frame.extend(payload);
    frame
}

/// Close code of the frame that the client sent.
async fn close_code(peer: &mut Stream) -> u16 {
    let mut frame = [0; 8];
    peer.read_exact(&mut frame).await.unwrap();
    assert_eq!(frame[0], 0x88);
    let code = [frame[6] ^ frame[2], frame[7] ^ frame[3]];
    u16::from_be_bytes(code)
}

#[tokio::test(start_paused = true)]
async fn a_websocket_over_a_pipe_costs_no_time() {
    let (network, _tasks) = echoing();
    let mut socket = network.websocket(request()).await.unwrap();
    for message in [
        Message::text("hé"),
        Message::binary(vec![0, 255]),
        Message::text(""),
    ] {
        socket.send(message.clone()).await.unwrap();
        assert_eq!(socket.next().await.unwrap().unwrap(), message);
        tokio::time::sleep(Duration::from_secs(3600)).await;
    }
    let before = Instant::now();
    socket.close(Some(1000), "done").await;
    assert_eq!(before.elapsed(), Duration::ZERO);
    assert!(socket.next().await.is_none());
    assert!(matches!(
        socket.send(Message::text("late")).await,
        Err(SocketError::Closed)
    ));
}

#[tokio::test(start_paused = true)]
async fn fed_messages_go_out_together_and_in_order() {
    let (network, _tasks) = echoing();
    let mut socket = network.websocket(request()).await.unwrap();
    for number in 0..100 {
        socket
            .feed(Message::text(number.to_string()))
            .await
            .unwrap();
    }
    socket.flush().await.unwrap();
    for number in 0..100 {
        assert_eq!(
            socket.next().await.unwrap().unwrap(),
            Message::text(number.to_string())
        );
    }
}

#[tokio::test(start_paused = true)]
async fn either_side_may_say_goodbye_first() {
    let (network, _tasks) = piped(|stream| {
        serve_websocket(stream, Limits::default(), |mut socket, _| async move {
            socket.send(Message::text("last words")).await.unwrap();
            let goodbye = Message::Close {
                code: Some(4004),
                reason: "authentication failed".into(),
            };
            socket.send(goodbye.clone()).await.unwrap();
            let echoed = Message::Close {
                code: Some(4004),
                reason: String::new(),
            };
            assert_eq!(socket.next().await.unwrap().unwrap(), echoed);
            assert!(socket.next().await.is_none());
        })
    });
    let mut socket = network.websocket(request()).await.unwrap();
    assert_eq!(
        socket.next().await.unwrap().unwrap(),
        Message::text("last words")
    );
    let goodbye = Message::Close {
        code: Some(4004),
        reason: "authentication failed".into(),
    };
    assert_eq!(socket.next().await.unwrap().unwrap(), goodbye);
    assert!(socket.next().await.is_none());

    let (network, _tasks) = piped(|stream| {
        serve_websocket(stream, Limits::default(), |mut socket, _| async move {
            let goodbye = Message::Close {
                code: Some(4900),
                reason: "é".repeat(61),
            };
            assert_eq!(socket.next().await.unwrap().unwrap(), goodbye);
            assert!(socket.next().await.is_none());
        })
    });
    let mut socket = network.websocket(request()).await.unwrap();
    socket.close(Some(4900), &"é".repeat(100)).await;
}

#[tokio::test(start_paused = true)]
async fn a_goodbye_is_echoed_before_it_is_shown() {
    let (mut socket, mut peer, _tasks) = with_bare_peer(Limits::default()).await;
    peer.write_all(&frame(0x88, &4004u16.to_be_bytes()))
        .await
        .unwrap();
    assert!(matches!(
        socket.next().await,
        Some(Ok(Message::Close {
            code: Some(4004),
            ..
        }))
    ));
    drop(socket);
    assert_eq!(close_code(&mut peer).await, 4004);
}

#[tokio::test(start_paused = true)]
async fn what_arrives_after_our_goodbye_can_still_be_read() {
    let (mut socket, mut peer, _tasks) = with_bare_peer(Limits::default()).await;
    socket
        .send(Message::Close {
            code: Some(4900),
            reason: String::new(),
        })
        .await
        .unwrap();
    assert!(matches!(
        socket.send(Message::text("late")).await,
        Err(SocketError::Closed)
    ));
    peer.write_all(&frame(0x81, b"already on its way"))
        .await
        .unwrap();
    assert_eq!(close_code(&mut peer).await, 4900);
    peer.write_all(&frame(0x88, &4900u16.to_be_bytes()))
        .await
        .unwrap();
    assert_eq!(
        socket.next().await.unwrap().unwrap(),
        Message::text("already on its way")
    );
    assert!(matches!(
        socket.next().await,
        Some(Ok(Message::Close {
            code: Some(4900),
            ..
        }))
    ));
    assert!(socket.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_close_code_that_may_not_be_sent_is_the_callers_mistake() {
    let (network, _tasks) = echoing();
    let mut socket = network.websocket(request()).await.unwrap();
    for (code, reason) in [
        (Some(999), ""),
        (Some(1005), ""),
        (Some(5000), ""),
        (None, "why"),
        (Some(1000), &*"x".repeat(124)),
    ] {
        let error = socket
            .send(Message::Close {
                code,
                reason: reason.into(),
            })
            .await
            .unwrap_err();
        assert!(
            matches!(error, SocketError::InvalidClose(it) if it == code),
            "{error}"
        );
        assert!(!error.is_transient());
    }
    socket.send(Message::text("still here")).await.unwrap();
    assert!(socket.next().await.unwrap().is_ok());
    socket.close(Some(1006), "left out").await;
}

#[tokio::test(start_paused = true)]
async fn a_goodbye_without_an_echo_ends_in_time() {
    let (mut socket, peer, _tasks) = with_bare_peer(Limits::default()).await;
    let before = Instant::now();
    socket.close(None, "").await;
    assert_eq!(before.elapsed(), Duration::from_secs(5));
    drop(peer);
}

#[tokio::test(start_paused = true)]
async fn a_frame_is_refused_by_its_header() {
    let (mut socket, mut peer, _tasks) = with_bare_peer(Limits::default()).await;
    let mut bytes = frame(0x81, b"before");
    // A header that announces 100 MB, of which not one byte follows.
    bytes.extend([0x82, 127]);
    bytes.extend(100_000_000u64.to_be_bytes());
    peer.write_all(&bytes).await.unwrap();
    assert_eq!(
        socket.next().await.unwrap().unwrap(),
        Message::text("before")
    );
    let error = socket.next().await.unwrap().unwrap_err();
    assert!(
        matches!(
            error,
            SocketError::TooLarge {
                size: 100_000_000,
                limit: 1_048_576
            }
        ),
        "{error}"
    );
    assert!(socket.next().await.is_none());
    assert_eq!(close_code(&mut peer).await, 1009);
}

#[tokio::test(start_paused = true)]
async fn a_frame_as_large_as_allowed_arrives_however_it_is_cut() {
    for size in [0, 1, 125, 126, 65_535, 65_536] {
        let (ours, theirs) = tokio::io::duplex(1);
        let limits = Limits::default().frame(size);
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut peer = theirs;
            for size in [size, size + 1] {
                let text = "x".repeat(size);
                if peer.write_all(&masked(text.as_bytes())).await.is_err() {
                    return peer;
                }
            }
            peer
        });
        let mut socket = WebSocket::serve(Stream::new(ours), limits);
        let text = Message::text("x".repeat(size));
        assert_eq!(socket.next().await.unwrap().unwrap(), text, "{size}");
        let error = socket.next().await.unwrap().unwrap_err();
        assert!(
            matches!(error, SocketError::TooLarge { size: it, .. } if it == size + 1),
            "{error}"
        );
    }
}

/// A text frame as a client sends it, with a mask of zeros.
fn masked(payload: &[u8]) -> Vec<u8> {
    let mut bytes = frame(0x81, payload);
    let header = bytes.len() - payload.len();
    bytes[1] |= 0x80;
    bytes.splice(header..header, [0; 4]);
    bytes
}

#[tokio::test(start_paused = true)]
async fn a_message_in_pieces_is_bounded_as_a_whole() {
    let limits = Limits::default().frame(10).message(25);
    let (mut socket, mut peer, _tasks) = with_bare_peer(limits).await;
    for (first, payload) in [
        (0x01, "0123456789"),
        (0x89, "ping"),
        (0x00, "0123456789"),
        (0x80, "01234"),
    ] {
        peer.write_all(&frame(first, payload.as_bytes()))
            .await
            .unwrap();
    }
    assert_eq!(
        socket.next().await.unwrap().unwrap(),
        Message::text("0123456789012345678901234")
    );
    for first in [0x02, 0x00, 0x00] {
        peer.write_all(&frame(first, b"0123456789")).await.unwrap();
    }
    let error = socket.next().await.unwrap().unwrap_err();
    assert!(
        matches!(
            error,
            SocketError::TooLarge {
                size: 30,
                limit: 25
            }
        ),
        "{error}"
    );
    assert!(socket.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_broken_protocol_is_a_typed_error_and_the_peer_is_told() {
    for (bytes, code) in [
        (frame(0x81, b"\xff\xfe"), 1007),
        (frame(0x81, b"\xed\xa0\x80"), 1007),
        (frame(0xc1, b"compressed"), 1002),
        (frame(0x83, b"opcode 3"), 1002),
        (frame(0x80, b"a continuation of nothing"), 1002),
        (frame(0x09, b"a ping in pieces"), 1002),
        (frame(0x88, b"x"), 1002),
        (frame(0x88, &1006u16.to_be_bytes()), 1002),
        (masked(b"a server masks nothing"), 1002),
    ] {
        let (mut socket, mut peer, _tasks) = with_bare_peer(Limits::default()).await;
        peer.write_all(&bytes).await.unwrap();
        let error = socket.next().await.unwrap().unwrap_err();
        match code {
            1007 => assert!(matches!(error, SocketError::NotUtf8), "{error}"),
            _ => assert!(matches!(error, SocketError::Protocol(_)), "{error}"),
        }
        assert!(error.is_transient());
        assert!(socket.next().await.is_none());
        let mut frame = [0; 8];
        peer.read_exact(&mut frame).await.unwrap();
        assert_eq!(
            u16::from_be_bytes([frame[6] ^ frame[2], frame[7] ^ frame[3]]),
            code,
            "{error}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_end_without_goodbye_is_an_end_and_in_the_middle_of_a_frame_an_error() {
    let (mut socket, peer, _tasks) = with_bare_peer(Limits::default()).await;
    drop(peer);
    assert!(socket.next().await.is_none());

    let (mut socket, mut peer, _tasks) = with_bare_peer(Limits::default()).await;
    peer.write_all(&frame(0x81, b"cut short")[..5])
        .await
        .unwrap();
    drop(peer);
    assert!(matches!(
        socket.next().await,
        Some(Err(SocketError::Broken(_)))
    ));
    assert!(socket.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn pings_are_answered_and_heard_but_not_shown() {
    let (mut socket, mut peer, _tasks) = with_bare_peer(Limits::default()).await;
    let opened = socket.heard_at();
    tokio::time::advance(Duration::from_secs(20)).await;
    peer.write_all(&frame(0x89, b"hi")).await.unwrap();
    assert!(
        timeout(Duration::from_secs(1), socket.next())
            .await
            .is_err()
    );
    assert_eq!(socket.heard_at() - opened, Duration::from_secs(20));
    let mut pong = [0; 8];
    peer.read_exact(&mut pong).await.unwrap();
    assert_eq!(pong[..2], [0x8a, 0x82]);
    assert_eq!([pong[6] ^ pong[2], pong[7] ^ pong[3]], *b"hi");

    socket.ping().await.unwrap();
    let mut frame = [0; 6];
    peer.read_exact(&mut frame).await.unwrap();
    assert_eq!(frame[..2], [0x89, 0x80]);
}

#[tokio::test(start_paused = true)]
async fn pings_whose_answers_nobody_reads_stop_the_reading() {
    let (mut socket, mut peer, _tasks) = with_bare_peer(Limits::default()).await;
    let mut tasks = JoinSet::new();
    tasks.spawn(async move { while socket.next().await.is_some() {} });
    let ping = frame(0x89, &[7; 125]);
    let flood = async {
        for _ in 0..100_000 {
            peer.write_all(&ping).await.unwrap();
        }
    };
    assert!(timeout(Duration::from_secs(60), flood).await.is_err());
    let (mut reading, _writing) = tokio::io::split(peer);
    let mut answers = vec![0; 100 * 131];
    reading.read_exact(&mut answers).await.unwrap();
    assert!(answers.chunks(131).all(|pong| pong[..2] == [0x8a, 0xfd]));
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_takes_nothing_is_given_up() {
    let (mut socket, peer, _tasks) = with_bare_peer(Limits::default()).await;
    let before = Instant::now();
    let error = socket
        .send(Message::binary(vec![0; 1 << 20]))
        .await
        .unwrap_err();
    assert!(matches!(error, SocketError::TimedOut(_)), "{error}");
    assert_eq!(before.elapsed(), Duration::from_secs(30));
    assert!(matches!(
        socket.send(Message::text("more")).await,
        Err(SocketError::Closed)
    ));
    drop(peer);
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_wait_loses_nothing() {
    let (mut socket, mut peer, mut tasks) = with_bare_peer(Limits::default()).await;
    tasks.spawn(async move {
        for number in 0..50u8 {
            for byte in frame(0x81, &[b'a' + number % 26; 200]) {
                peer.write_all(&[byte]).await.unwrap();
                tokio::time::sleep(Duration::from_millis(3)).await;
            }
        }
    });
    let mut received = 0;
    let mut interrupted = 0;
    while received < 50u8 {
        match timeout(Duration::from_millis(7), socket.next()).await {
            Err(_) => interrupted += 1,
            Ok(message) => {
                let text = String::from_utf8(vec![b'a' + received % 26; 200]).unwrap();
                assert_eq!(message.unwrap().unwrap(), Message::text(text));
                received += 1;
            }
        }
    }
    assert!(interrupted > 1000);
}

#[tokio::test(start_paused = true)]
async fn a_small_message_keeps_no_read_buffer() {
    let (mut socket, mut peer, _tasks) = with_bare_peer(Limits::default()).await;
    // The small ones stand in one read with a large one.
    let sent = [&b"null"[..], &[b'a'; 3000], &[b'b'; 6000], b"[]"];
    let frames = sent.map(|payload| frame(0x81, payload)).concat();
    peer.write_all(&frames).await.unwrap();
    let mut kept = Vec::new();
    for _ in sent {
        let Some(Ok(Message::Text(text))) = socket.next().await else {
            panic!("a text");
        };
        kept.push(text.into_bytes());
    }
    drop(socket);
    for (bytes, sent) in kept.into_iter().zip(sent) {
        assert_eq!(bytes, sent);
        let held = bytes
            .try_into_mut()
            .expect("nobody else holds it")
            .capacity();
        let most = if sent.len() < 4096 {
            sent.len()
        } else {
            4 * sent.len()
        };
        assert!(held <= most, "{held} bytes for {}", sent.len());
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_that_has_come_is_had_without_waiting() {
    let (mut socket, mut peer, _tasks) = with_bare_peer(Limits::default()).await;
    assert!(socket.next_now().is_pending());
    let frames = [frame(0x81, b"one"), frame(0x89, b""), frame(0x81, b"two")].concat();
    peer.write_all(&frames).await.unwrap();
    for expected in ["one", "two"] {
        let Poll::Ready(Some(Ok(message))) = socket.next_now() else {
            panic!("`{expected}` has come");
        };
        assert_eq!(message, Message::text(expected));
    }
    assert!(socket.next_now().is_pending());
    // A call that found nothing takes nothing from the next wait.
    peer.write_all(&frame(0x81, b"three")).await.unwrap();
    let third = socket.next().await.unwrap().unwrap();
    assert_eq!(third, Message::text("three"));
}

#[test]
fn a_text_is_utf8_and_costs_no_copy() {
    let bytes = Bytes::from_static("hé".as_bytes());
    let text = Text::try_from(bytes.clone()).unwrap();
    assert_eq!(text.as_str(), "hé");
    assert_eq!(text.clone().into_bytes().as_ptr(), bytes.as_ptr());
    assert_eq!(format!("{text} {text:?}"), "hé \"hé\"");
    assert!(Text::try_from(Bytes::from_static(b"\xff")).is_err());
}

// Before the upgrade is complete.

/// A host that answers every request with these bytes.
fn answering(answer: impl Into<Vec<u8>>) -> (Network, JoinSet<()>) {
    let answer = answer.into();
    piped(move |mut stream| {
        let answer = answer.clone();
        async move {
            read_head(&mut stream).await;
            let _ = stream.write_all(&answer).await;
            let _ = stream.read_u8().await;
        }
    })
}

async fn read_head(stream: &mut Stream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

async fn refused(network: &Network) -> ConnectError {
    let error = network.websocket(request()).await.unwrap_err();
    let said = format!("{error} {error:?} {:?}", request());
    assert!(!said.contains("canary"), "{said}");
    error
}

#[tokio::test(start_paused = true)]
async fn the_request_speaks_as_the_uri_says() {
    for (uri, line, host) in [
        (
            "wss://ws.queup.net/ws/?EIO=3&access_token=a%20b",
            "GET /ws/?EIO=3&access_token=a%20b HTTP/1.1",
            "ws.queup.net",
        ),
        ("wss://ws.queup.net:443", "GET / HTTP/1.1", "ws.queup.net"),
        ("ws://ws.queup.net:80?a", "GET /?a HTTP/1.1", "ws.queup.net"),
        (
            "ws://node.example:2333/v4/websocket",
            "GET /v4/websocket HTTP/1.1",
            "node.example:2333",
        ),
        (
            "ws://mira:canary@[::1]:443/x",
            "GET /x HTTP/1.1",
            "[::1]:443",
        ),
    ] {
        let (connector, mut listener) = pipe::listen(4096);
        let network = Network::new().route("*", Route::connector(Arc::new(connector)));
        let request = WebSocketRequest::new(uri.parse().unwrap())
            .header("Origin", "https://www.queup.net")
            .header("cookie", "a=b")
            .header("X-Twice", "1")
            .header("X-Twice", "2");
        let serve = async {
            let (mut stream, _, _) = listener.accept().await.unwrap();
            read_head(&mut stream).await
        };
        let (outcome, head) = tokio::join!(network.websocket(request), serve);
        assert!(outcome.unwrap_err().is_transient());
        let lines: Vec<_> = head.lines().collect();
        assert_eq!(lines[..2], [line, &format!("Host: {host}")]);
        for field in [
            "origin: https://www.queup.net",
            "cookie: a=b",
            "x-twice: 1",
            "x-twice: 2",
            "Sec-WebSocket-Version: 13",
        ] {
            assert!(lines.contains(&field), "{head}");
        }
        assert!(!head.contains("canary"), "{head}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_upgrade_tells_its_status() {
    for (status, is_transient) in [
        (200, false),
        (302, false),
        (401, false),
        (403, false),
        (404, false),
        (408, true),
        (429, true),
        (503, true),
    ] {
        let (network, _tasks) =
            answering(format!("HTTP/1.1 {status} So\r\nRetry-After: 7\r\n\r\n"));
        let error = refused(&network).await;
        assert_eq!(error.status(), Some(status));
        assert_eq!(error.is_transient(), is_transient);
        assert_eq!(error.retry_after(), Some(Duration::from_secs(7)));
        let said = format!(
            "could not open a WebSocket at wss://ws.queup.net/ws/: the server answered with status {status}"
        );
        assert_eq!(error.to_string(), said);
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_no_upgrade_is_refused() {
    let upgraded =
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";
    let endless = format!("HTTP/1.1 101 S\r\nX: {}", "x".repeat(70_000));
    let interim = "HTTP/1.1 100 Continue\r\n\r\n".repeat(5000);
    for (answer, why, is_transient) in [
        (
            "HTTP/1.1 101 S\r\n\r\n".into(),
            "the server did not upgrade to a WebSocket",
            false,
        ),
        (
            format!("{upgraded}\r\n"),
            "the server's Sec-WebSocket-Accept does not answer our key",
            false,
        ),
        (
            format!("{upgraded}Sec-WebSocket-Accept: {}\r\n\r\n", "A".repeat(80)),
            "the server's Sec-WebSocket-Accept does not answer our key",
            false,
        ),
        (
            "SSH-2.0-OpenSSH\r\n\r\n".into(),
            "the answer is not HTTP",
            true,
        ),
        (
            endless,
            "the head of the answer has more than 65536 bytes",
            false,
        ),
        (
            interim,
            "the head of the answer has more than 65536 bytes",
            false,
        ),
    ] {
        let (network, _tasks) = answering(answer);
        let error = refused(&network).await;
        assert_eq!(error.phase(), Phase::Upgrade);
        assert_eq!(error.status(), None);
        assert_eq!(error.is_transient(), is_transient, "{error}");
        assert!(error.to_string().ends_with(&format!(": {why}")), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_unasked_extension_is_refused_and_early_frames_are_kept() {
    for (field, is_refused) in [
        ("Sec-WebSocket-Extensions: permessage-deflate\r\n", true),
        ("", false),
    ] {
        let (network, _tasks) = piped(move |mut stream| async move {
            let head = read_head(&mut stream).await;
            let mut request = Request::get("/");
            for line in head.lines().skip(1) {
                if let Some((name, value)) = line.split_once(": ") {
                    request = request.header(name, value);
                }
            }
            let response = accept_upgrade(&request.body(()).unwrap()).unwrap();
            let accept = response.headers()["sec-websocket-accept"].to_str().unwrap();
            let mut bytes = format!(
                "HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 101 S\r\nupgrade: WebSocket\r\n\
                 connection: keep-alive, Upgrade\r\n{field}sec-websocket-accept: {accept}\r\n\r\n"
            )
            .into_bytes();
            bytes.extend(frame(0x81, b"early"));
            stream.write_all(&bytes).await.unwrap();
            let _ = stream.read_u8().await;
        });
        match network.websocket(request()).await {
            Err(error) => assert!(
                is_refused && error.to_string().ends_with("nobody asked for"),
                "{error}"
            ),
            Ok(mut socket) => {
                assert!(!is_refused);
                assert_eq!(
                    socket.next().await.unwrap().unwrap(),
                    Message::text("early")
                );
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_upgrade_without_an_answer_is_given_up() {
    let (network, _tasks) = answering("");
    let before = Instant::now();
    let error = refused(&network).await;
    assert_eq!(before.elapsed(), Duration::from_secs(10));
    assert_eq!(
        error.to_string(),
        "could not open a WebSocket at wss://ws.queup.net/ws/: no answer within 10s"
    );
    assert!(error.is_transient());
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_never_opens_is_given_up() {
    #[derive(Debug)]
    struct Never;
    impl antiphon_net::Connect for Never {
        fn connect<'a>(
            &'a self,
            _: &'a str,
            _: u16,
        ) -> antiphon_core::BoxFuture<'a, std::io::Result<Stream>> {
            Box::pin(std::future::pending())
        }
    }
    let network = Network::new().route("ws.queup.net", Route::connector(Arc::new(Never)));
    let before = Instant::now();
    let error = refused(&network).await;
    assert_eq!(before.elapsed(), Duration::from_secs(10));
    assert_eq!(
        error.to_string(),
        "could not connect to ws.queup.net:443: no answer within 10s"
    );
}

#[tokio::test(start_paused = true)]
async fn a_request_that_cannot_be_sent_is_the_callers_mistake() {
    let (network, _tasks) = echoing();
    for request in [
        WebSocketRequest::new("https://ws.queup.net/?access_token=canary".parse().unwrap()),
        WebSocketRequest::new("/ws/?access_token=canary".parse().unwrap()),
        request().header("Host", "canary"),
        request().header("Sec-WebSocket-Key", "canary"),
        request().header("no name", "canary"),
        request().header("X", "canary\r\nY: 1"),
    ] {
        let said = format!("{request:?}");
        let error = network.websocket(request).await.unwrap_err();
        assert_eq!(error.phase(), Phase::Address);
        assert!(!error.is_transient());
        assert!(
            !format!("{said}{error}{error:?}").contains("canary"),
            "{said} {error:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_pipe_is_a_refused_connection() {
    let (connector, listener) = pipe::listen(1);
    drop(listener);
    let network = Network::new().route("*", Route::connector(Arc::new(connector)));
    let error = refused(&network).await;
    assert_eq!(error.phase(), Phase::Connect);
    assert_eq!(error.to_string(), "could not connect to ws.queup.net:443");
    let source = std::error::Error::source(&error)
        .unwrap()
        .downcast_ref::<std::io::Error>()
        .unwrap();
    assert_eq!(source.kind(), std::io::ErrorKind::ConnectionRefused);
}

#[test]
fn only_a_whole_wish_is_accepted() {
    let wish = || {
        Request::get("/")
            .header("Connection", "keep-alive, Upgrade")
            .header("Upgrade", "WebSocket")
            .header("Sec-WebSocket-Version", "13")
            .header("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")
    };
    assert!(accept_upgrade(&wish().body(()).unwrap()).is_some());
    for missing in [
        "connection",
        "upgrade",
        "sec-websocket-version",
        "sec-websocket-key",
    ] {
        let mut request = wish().body(()).unwrap();
        request.headers_mut().remove(missing);
        assert!(accept_upgrade(&request).is_none(), "{missing}");
        request
            .headers_mut()
            .insert(missing, "other".parse().unwrap());
        assert!(accept_upgrade(&request).is_none(), "{missing}");
    }
    assert!(accept_upgrade(&wish().method("POST").body(()).unwrap()).is_none());
}
