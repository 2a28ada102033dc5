//! Small servers for the tests.

#![allow(dead_code, reason = "every test file uses a part of it")]

use std::{convert::Infallible, sync::Arc};

use antiphon_net::{Limits, Message, Network, Route, Stream, WebSocket, accept_upgrade, pipe};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Collected, Full};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::task::JoinSet;

/// A request as the server has received it.
pub(crate) type Seen = Request<Bytes>;

/// Answers a request.
pub(crate) type Answer = Arc<dyn Fn(Seen) -> Response<Bytes> + Send + Sync>;

/// An answer of status 200 with this body.
pub(crate) fn ok(body: impl Into<Bytes>) -> Response<Bytes> {
    Response::new(body.into())
}

/// Serves HTTP on one connection until it ends.
pub(crate) async fn serve_http(stream: Stream, answer: Answer) {
    let service = service_fn(move |request: Request<Incoming>| {
        let answer = Arc::clone(&answer);
        async move {
            let (parts, body) = request.into_parts();
            let body = body
                .collect()
                .await
                .map(Collected::to_bytes)
                .unwrap_or_default();
            let response = answer(Request::from_parts(parts, body));
            Ok::<_, Infallible>(response.map(Full::new))
        }
    });
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// Upgrades one connection, and calls `talk` with the socket and the request; answers other requests with their `Host`.
pub(crate) async fn serve_websocket<F, Fut>(stream: Stream, limits: Limits, talk: F)
where
    F: FnOnce(WebSocket, Request<()>) -> Fut,
    Fut: Future<Output = ()>,
{
    serve_upgraded(stream, |stream, request| {
        talk(WebSocket::serve(stream, limits), request)
    })
    .await;
}

/// Like [`serve_websocket`], with the bare stream after the upgrade.
pub(crate) async fn serve_upgraded<F, Fut>(stream: Stream, talk: F)
where
    F: FnOnce(Stream, Request<()>) -> Fut,
    Fut: Future<Output = ()>,
{
    let (upgraded, mut arrived) = tokio::sync::mpsc::channel(1);
    let service = service_fn(move |mut request: Request<Incoming>| {
        let upgraded = upgraded.clone();
        async move {
            let Some(response) = accept_upgrade(&request) else {
                let host = request.headers().get("host").cloned();
                let host = host.map(|host| Bytes::copy_from_slice(host.as_bytes()));
                return Ok::<_, Infallible>(Response::new(Full::new(host.unwrap_or_default())));
            };
            let upgrade = hyper::upgrade::on(&mut request);
            let _ = upgraded.send((upgrade, request.map(|_| ()))).await;
            Ok(response.map(|()| Full::<Bytes>::default()))
        }
    });
    let connection = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    let talking = async {
        let Some((upgrade, request)) = arrived.recv().await else {
            return;
        };
        let Ok(upgraded) = upgrade.await else { return };
        talk(Stream::new(TokioIo::new(upgraded)), request).await;
    };
    let _ = tokio::join!(connection, talking);
}

/// Echoes every message.
pub(crate) async fn echo(mut socket: WebSocket, _: Request<()>) {
    while let Some(Ok(message)) = socket.next().await {
        if matches!(message, Message::Close { .. }) || socket.send(message).await.is_err() {
            break;
        }
    }
    while socket.next().await.is_some() {}
}

/// A network whose every connection goes to `serve`, over pipes; the tasks end with the set.
pub(crate) fn piped<F, Fut>(serve: F) -> (Network, JoinSet<()>)
where
    F: Fn(Stream) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let (connector, mut listener) = pipe::listen(64 * 1024);
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let mut connections = JoinSet::new();
        while let Some((stream, _, _)) = listener.accept().await {
            connections.spawn(serve(stream));
        }
        while connections.join_next().await.is_some() {}
    });
    (
        Network::new().route("*", Route::connector(Arc::new(connector))),
        tasks,
    )
}
