//! WebSocket and HTTP over pipes, on a paused clock.

mod support;

use std::{sync::Arc, time::Duration};

use antiphon_net::{Limits, Message, Network, WebSocketRequest};
use bytes::Bytes;
use http::{Method, Request};
use support::{echo, ok, piped, serve_http, serve_websocket};
use tokio::{task::JoinSet, time::Instant};

fn echoing() -> (Network, JoinSet<()>) {
    piped(|stream| serve_websocket(stream, Limits::default(), echo))
}

fn request() -> WebSocketRequest {
    WebSocketRequest::new("wss://ws.queup.net/ws/?access_token=x".parse().unwrap())
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
}

#[tokio::test(start_paused = true)]
async fn any_method_may_have_a_body() {
    let (network, _tasks) = piped(|stream| {
        let answer = |request: Request<Bytes>| {
            let length = request
                .headers()
                .get("content-length")
                .map(|it| it.to_str().unwrap().to_owned());
            ok(format!(
                "{} {:?} {:?}",
                request.method(),
                request.body(),
                length
            ))
        };
        serve_http(stream, Arc::new(answer))
    });
    let http = network.http();
    for (method, body, answer) in [
        (Method::DELETE, "a=b", r#"DELETE b"a=b" Some("3")"#),
        (Method::GET, "", r#"GET b"" None"#),
        (Method::POST, "", r#"POST b"" Some("0")"#),
        (Method::PUT, "x", r#"PUT b"x" Some("1")"#),
    ] {
        let request = Request::builder()
            .method(method)
            .uri("https://api.queup.net/chat/ban")
            .body(Bytes::from(body))
            .unwrap();
        assert_eq!(http.send(request).await.unwrap().body(), answer);
    }
}
