//! HTTP requests over the network's connections.
//!
//! `hyper` speaks HTTP/1.1 and keeps the pool; this file adds the bounds, owns the tasks, and turns failures into
//! [`HttpError`]. A request has one limit from the wait for a connection to the last byte of the body.

use std::{
    error::Error as _,
    fmt,
    future::Future,
    sync::{Arc, Mutex, PoisonError, Weak},
    task::{Context, Poll},
    time::Duration,
};

use ::http::{HeaderValue, Method, Request, Response, Uri, header::CONTENT_LENGTH};
use antiphon_core::BoxFuture;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::body::{Body as _, Incoming};
use hyper_util::{
    client::legacy::{
        self,
        connect::{Connected, Connection},
    },
    rt::{TokioIo, TokioTimer},
};
use tokio::task::JoinSet;

use crate::{ConnectError, HttpError, Limits, Network, Stream, error::shown};

/// Sends HTTP/1.1 requests, and keeps connections for the next ones.
///
/// Clones share one pool. Its connections are tasks that the pool owns: they end with the last clone.
///
/// It never follows a redirect, sets no cookie, adds no `User-Agent` and asks for no compression: the caller's request
/// is sent as it is, with `Host` and `Content-Length`.
/// A request is sent again by itself if it met a pooled connection that the server had closed before the first byte.
///
/// Make one for an account or a node, and clone it: clones share connections, and two clients share none.
///
/// ```no_run
/// use antiphon_net::Network;
/// use bytes::Bytes;
/// use http::Request;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let client = Network::new().http();
/// let request = Request::get("https://api.queup.net/room/choir-loft").body(Bytes::new())?;
/// match client.send(request).await {
///     Ok(answer) => println!("{}: {} bytes", answer.status(), answer.body().len()),
///     // An action that must not happen twice is repeated only if the server cannot have seen it.
///     Err(error) if error.is_transient() && !error.may_have_arrived() => println!("again later: {error}"),
///     Err(error) => return Err(error.into()),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct HttpClient {
    pool: legacy::Client<Connector, Full<Bytes>>,
    limits: Limits,
    /// Ends the connections' tasks with the last clone, and with the last body.
    tasks: Arc<Tasks>,
}

impl HttpClient {
    pub(crate) fn new(network: &Network) -> Self {
        let limits = *network.bounds();
        let tasks = Arc::new(Tasks::default());
        let pool = legacy::Client::builder(Spawner(Arc::downgrade(&tasks)))
            .timer(TokioTimer::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(limits.idle)
            .pool_max_idle_per_host(limits.idle_connections)
            .http1_max_buf_size(limits.head())
            .build(Connector(network.clone()));
        Self {
            pool,
            limits,
            tasks,
        }
    }

    /// Sends one request, and returns its answer with the whole body.
    ///
    /// The body's bytes are its own: a body that is kept keeps no buffer of the connection.
    ///
    /// The URI is absolute, `http` or `https`. Any method may have a body, `DELETE` too; an empty body is none.
    /// Statuses of 400 and above are answers, and so are redirects.
    ///
    /// Cancelling it closes the connection; the server may have seen the request.
    ///
    /// # Errors
    ///
    /// [`HttpError`], when no whole answer came within [`Limits`].
    pub fn send(
        &self,
        request: Request<Bytes>,
    ) -> BoxFuture<'_, Result<Response<Bytes>, HttpError>> {
        // Every crate that awaited the future itself would compile the pool and its protocols once more.
        Box::pin(self.send_in_time(request))
    }

    /// Sends one request, and returns its answer as soon as its head is there; the body follows in pieces.
    ///
    /// [`Limits::body`] does not bound the body, which the caller takes piece by piece; [`Limits::request`] bounds the wait
    /// for the head, and for each piece.
    ///
    /// # Errors
    ///
    /// [`HttpError`], when no whole head came within [`Limits`].
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use antiphon_net::Network;
    /// use bytes::Bytes;
    /// use http::Request;
    ///
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let client = Network::new().http();
    /// let request = Request::get("https://cdn.example/score.pdf").body(Bytes::new())?;
    /// let (mut body, mut size) = (client.open(request).await?.into_body(), 0);
    /// while let Some(piece) = body.chunk().await? {
    ///     size += piece.len();
    /// }
    /// println!("{size} bytes");
    /// # Ok(())
    /// # }
    /// ```
    pub fn open(
        &self,
        request: Request<Bytes>,
    ) -> BoxFuture<'_, Result<Response<HttpBody>, HttpError>> {
        Box::pin(async move {
            let name = format!("{} {}", request.method(), shown(request.uri()));
            if let Some(why) = unsendable(&request) {
                return Err(HttpError::Invalid { request: name, why });
            }
            let limit = self.limits.request;
            let sent = self.pool.request(request.map(Full::new));
            let response = match tokio::time::timeout(limit, sent).await {
                Ok(Ok(response)) => response,
                Ok(Err(error)) => return Err(self.failed(error, &name)),
                Err(_) => {
                    return Err(HttpError::TimedOut {
                        request: name,
                        limit,
                    });
                }
            };
            Ok(response.map(|body| HttpBody {
                body,
                name,
                limit,
                _kept: Arc::clone(&self.tasks),
            }))
        })
    }

    async fn send_in_time(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let name = format!("{} {}", request.method(), shown(request.uri()));
        if let Some(why) = unsendable(&request) {
            return Err(HttpError::Invalid { request: name, why });
        }
        let limit = self.limits.request;
        match tokio::time::timeout(limit, self.exchange(request, &name)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(HttpError::TimedOut {
                request: name,
                limit,
            }),
        }
    }

    /// A body whose length is announced beyond the limit is refused before it is read.
    async fn exchange(
        &self,
        mut request: Request<Bytes>,
        name: &str,
    ) -> Result<Response<Bytes>, HttpError> {
        // RFC 9110 §8.6: these methods expect a body, so a request without one says so by its length.
        let expects_body = matches!(
            *request.method(),
            Method::POST | Method::PUT | Method::PATCH
        );
        if expects_body && request.body().is_empty() {
            request
                .headers_mut()
                .insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        let response = self.pool.request(request.map(Full::new)).await;
        let (parts, body) = response
            .map_err(|error| self.failed(error, name))?
            .into_parts();
        let limit = self.limits.body;
        let too_large = || HttpError::BodyTooLarge {
            request: name.to_owned(),
            limit,
        };
        if body.size_hint().lower() > limit as u64 {
            return Err(too_large());
        }
        let announced = body.size_hint().exact().unwrap_or_default();
        let mut whole = Vec::with_capacity(usize::try_from(announced).unwrap_or_default());
        let mut body = Limited::new(body, limit);
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|source| {
                if source.is::<LengthLimitError>() {
                    return too_large();
                }
                HttpError::Broken {
                    request: name.to_owned(),
                    may_have_arrived: true,
                    source,
                }
            })?;
            // Each piece is a part of the connection's read buffer, which a body that is kept would keep as well.
            if let Some(data) = frame.data_ref() {
                whole.extend_from_slice(data);
            }
        }
        whole.shrink_to_fit();
        Ok(Response::from_parts(parts, whole.into()))
    }

    /// Converts a failure of the pool.
    fn failed(&self, error: legacy::Error, name: &str) -> HttpError {
        let request = name.to_owned();
        if let Some(connect) = error
            .source()
            .and_then(|source| source.downcast_ref::<ConnectError>())
        {
            return HttpError::Connect(connect.clone());
        }
        let hyper = error
            .source()
            .and_then(|source| source.downcast_ref::<hyper::Error>());
        if hyper.is_some_and(hyper::Error::is_parse_too_large) {
            return HttpError::HeaderTooLarge {
                request,
                limit: self.limits.head(),
            };
        }
        let may_have_arrived = !hyper.is_some_and(hyper::Error::is_canceled);
        HttpError::Broken {
            request,
            may_have_arrived,
            source: error.into(),
        }
    }
}

/// The body of an answer, taken piece by piece; see [`HttpClient::open`].
///
/// Dropping it before its end closes the connection.
pub struct HttpBody {
    body: Incoming,
    /// The request, for errors.
    name: String,
    limit: Duration,
    /// Keeps the connection's task alive.
    _kept: Arc<Tasks>,
}

impl HttpBody {
    /// Waits for the next piece; `None` at the end.
    ///
    /// Safe to cancel: a piece is not lost.
    ///
    /// # Errors
    ///
    /// [`HttpError`], when the connection breaks or no piece comes within [`Limits::request`].
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, HttpError> {
        loop {
            let next = match tokio::time::timeout(self.limit, self.body.frame()).await {
                Ok(Some(Ok(frame))) => frame.into_data(),
                Ok(Some(Err(error))) => {
                    return Err(HttpError::Broken {
                        request: self.name.clone(),
                        may_have_arrived: true,
                        source: error.into(),
                    });
                }
                Ok(None) => return Ok(None),
                Err(_) => {
                    return Err(HttpError::TimedOut {
                        request: self.name.clone(),
                        limit: self.limit,
                    });
                }
            };
            // A frame without data has trailers, which nobody needs.
            if let Ok(data) = next {
                return Ok(Some(data));
            }
        }
    }

    /// The length that the server announced, in bytes.
    pub fn announced(&self) -> Option<u64> {
        self.body.size_hint().exact()
    }
}

impl fmt::Debug for HttpBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpBody")
            .field("request", &self.name)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClient")
            .field("limits", &self.limits)
            .finish_non_exhaustive()
    }
}

/// The reason why a request cannot be sent, if there is one.
fn unsendable(request: &Request<Bytes>) -> Option<&'static str> {
    if request.method() == Method::CONNECT {
        return Some("tunnels are made by proxies, not by requests");
    }
    if !matches!(request.uri().scheme_str(), Some("http" | "https")) {
        return Some("the scheme is neither http nor https");
    }
    None
}

/// The tasks of one pool's connections.
///
/// Dropped with the last clone, which aborts the connections' tasks.
#[derive(Default)]
struct Tasks(Mutex<JoinSet<()>>);

/// Gives hyper's tasks to the pool that owns them; tasks of a pool that is gone are dropped.
///
/// A weak reference, so that hyper's tasks do not keep their own pool alive.
#[derive(Clone)]
struct Spawner(Weak<Tasks>);

impl<F: Future<Output = ()> + Send + 'static> hyper::rt::Executor<F> for Spawner {
    fn execute(&self, task: F) {
        let Some(tasks) = self.0.upgrade() else {
            return;
        };
        let mut tasks = tasks.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Ended tasks are removed, so that the set does not grow.
        while tasks.try_join_next().is_some() {}
        tasks.spawn(task);
    }
}

/// The network as a service of hyper's pool.
///
/// It gives hyper streams that have TLS already.
#[derive(Clone)]
struct Connector(Network);

impl tower_service::Service<Uri> for Connector {
    type Response = TokioIo<Stream>;
    type Error = ConnectError;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let network = self.0.clone();
        Box::pin(async move { Ok(TokioIo::new(network.open(&uri).await?)) })
    }
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}
