//! HTTP on a connection, and a socket after an upgrade.
//!
//! HTTP/1.1 is the beginning of every connection, and a socket is what an upgrade makes of it; both are served here for every
//! platform alike.
//! A platform says what a request is answered with, and nothing else.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use hyper::{
    body::Incoming,
    server::conn::http1,
    service::service_fn,
    upgrade::{OnUpgrade, Upgraded},
};
use hyper_util::rt::TokioIo;

use crate::{line::Line, wire::Watch};

/// Longest body taken from a client.
///
/// A longer one is cut off, and the platform sees a request without a body.
const LONGEST: usize = 1 << 20;

/// A whole answer.
///
/// Head and body together, so that a fault can delay or break both.
pub(crate) type Page = Response<Full<Bytes>>;

/// Handles a request.
pub(crate) enum Reply<S> {
    Answer(Page),
    /// An answer after this delay.
    Late(Duration, Page),
    /// The connection is closed instead of an answer.
    Dropped,
    /// HTTP ends with this, and a socket begins.
    Socket(S, Response<()>),
}

/// A connection ends without a response.
#[derive(Debug, thiserror::Error)]
#[error("the simulator closes this connection without an answer")]
struct Dropped;

/// Serves one connection until either side ends it.
///
/// The body of a request is absent where it was too long or broke off.
pub(crate) async fn serve<S, F>(
    line: Line,
    answer: impl Fn(Request<Option<Bytes>>) -> Reply<S>,
    socket: impl FnOnce(TokioIo<Upgraded>, Line, S) -> F,
) where
    F: Future<Output = ()>,
{
    serve_up_to(LONGEST, line, answer, socket).await;
}

/// Serves one connection, and takes bodies of at most this many bytes.
pub(crate) async fn serve_up_to<S, F>(
    longest: usize,
    line: Line,
    answer: impl Fn(Request<Option<Bytes>>) -> Reply<S>,
    socket: impl FnOnce(TokioIo<Upgraded>, Line, S) -> F,
) where
    F: Future<Output = ()>,
{
    let granted: Mutex<Option<(OnUpgrade, S)>> = Mutex::new(None);
    let service =
        service_fn(|request| respond(longest, &answer, &granted, line.watch.as_ref(), request));
    let connection = http1::Builder::new()
        .serve_connection(TokioIo::new(line.clone()), service)
        .with_upgrades();
    if let Err(error) = connection.await {
        tracing::debug!(%error, "a connection ended");
    }
    let granted = granted.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let Some((upgrade, what)) = granted
        && let Ok(upgraded) = upgrade.await
    {
        let watch = line.watch.clone();
        Box::pin(socket(TokioIo::new(upgraded), line, what)).await;
        if let Some(watch) = watch {
            watch.ended();
        }
    }
}

async fn respond<S>(
    longest: usize,
    answer: &impl Fn(Request<Option<Bytes>>) -> Reply<S>,
    granted: &Mutex<Option<(OnUpgrade, S)>>,
    watch: Option<&Watch>,
    mut request: Request<Incoming>,
) -> Result<Page, Dropped> {
    let upgrade = hyper::upgrade::on(&mut request);
    let (head, body) = request.into_parts();
    let body = Limited::new(body, longest).collect().await;
    let request = Request::from_parts(head, body.ok().map(http_body_util::Collected::to_bytes));
    let noted = watch.map(|watch| (watch, watch.request(&request)));
    let note = |page: &Page| {
        if let Some((watch, request)) = noted {
            watch.answer(request, page);
        }
    };
    match answer(request) {
        Reply::Answer(page) => {
            note(&page);
            Ok(page)
        }
        Reply::Late(late, page) => {
            tokio::time::sleep(late).await;
            note(&page);
            Ok(page)
        }
        Reply::Dropped => {
            if let Some((watch, request)) = noted {
                watch.dropped(request);
            }
            Err(Dropped)
        }
        Reply::Socket(what, response) => {
            if let Some((watch, request)) = noted {
                watch.upgraded(request);
            }
            *granted.lock().unwrap_or_else(PoisonError::into_inner) = Some((upgrade, what));
            Ok(response.map(|()| Full::default()))
        }
    }
}
