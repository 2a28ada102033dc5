//! A scripted REST server over pipes, which keeps the requests.

#![allow(
    clippy::needless_pass_by_value,
    reason = "tests read better with values"
)]

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use antiphon_core::{Clock, Rng};
use antiphon_discord::{self as discord, Client, Config, Intents};
use antiphon_net::{Network, Route, Stream, pipe};
use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Incoming, service::service_fn};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{task::JoinSet, time::Instant};

pub(crate) const TOKEN: &str = "c4n4ry.t0k3n";

/// A request as the server saw it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) method: Method,
    /// Path and query below the API's base.
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) at: Instant,
}

impl Seen {
    /// The body as JSON; null if there is none.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        Some(self.headers.get(name)?.to_str().expect("a text"))
    }
}

/// Reaction of the server to a request.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    Answer(u16, Vec<(&'static str, String)>, String),
    /// After this delay.
    Late(Duration, Box<Reply>),
    /// The connection breaks, after the request was acted on.
    Break,
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "a value or a text, as the test has it"
)]
impl Reply {
    pub(crate) fn ok(body: impl ToString) -> Self {
        Self::status(200, body)
    }

    pub(crate) fn status(status: u16, body: impl ToString) -> Self {
        Self::Answer(status, Vec::new(), body.to_string())
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl ToString) -> Self {
        if let Self::Answer(_, headers, _) = &mut self {
            headers.push((name, value.to_string()));
        }
        self
    }

    /// With the headers of a bucket.
    pub(crate) fn bucket(self, id: &str, limit: u32, remaining: u32, reset_after: f64) -> Self {
        self.header("X-RateLimit-Bucket", id)
            .header("X-RateLimit-Limit", limit)
            .header("X-RateLimit-Remaining", remaining)
            .header("X-RateLimit-Reset-After", reset_after)
    }

    pub(crate) fn after(self, delay: Duration) -> Self {
        Self::Late(delay, Box::new(self))
    }
}

type Script = dyn FnMut(&Seen, usize) -> Reply + Send;

/// The server; it ends with the test.
pub(crate) struct Server {
    seen: Arc<Mutex<Vec<Seen>>>,
    pub(crate) client: Client,
    _tasks: JoinSet<()>,
}

impl Server {
    /// Answers by `script`, which gets the request and how many came before it.
    pub(crate) fn new(script: impl FnMut(&Seen, usize) -> Reply + Send + 'static) -> Self {
        Self::with(script, |config| config)
    }

    /// With a configuration of its own.
    pub(crate) fn with(
        script: impl FnMut(&Seen, usize) -> Reply + Send + 'static,
        configure: impl FnOnce(Config) -> Config,
    ) -> Self {
        let (connector, mut listener) = pipe::listen(64 * 1024);
        let seen = Arc::new(Mutex::new(Vec::new()));
        let script: Arc<Mutex<Box<Script>>> = Arc::new(Mutex::new(Box::new(script)));
        let mut tasks = JoinSet::new();
        let kept = Arc::clone(&seen);
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Some((stream, _, _)) = listener.accept().await {
                connections.spawn(serve(stream, Arc::clone(&kept), Arc::clone(&script)));
            }
        });
        let network = Network::new().route("*", Route::connector(Arc::new(connector)));
        let config = Config::new(TOKEN, Intents::empty())
            .network(network)
            .clock(Clock::system())
            .rng(Rng::with_seed(7));
        let (client, _source) = discord::connect(configure(config));
        Self {
            seen,
            client,
            _tasks: tasks,
        }
    }

    /// The requests so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.lock().clone()
    }

    /// The last request.
    pub(crate) fn last(&self) -> Seen {
        self.lock().last().expect("a request").clone()
    }

    /// When each request came, in milliseconds after the first.
    pub(crate) fn times(&self) -> Vec<u128> {
        let seen = self.lock();
        let first = seen.first().expect("a request").at;
        seen.iter()
            .map(|seen| (seen.at - first).as_millis())
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Seen>> {
        self.seen.lock().expect("no test panicked in it")
    }
}

async fn serve(stream: Stream, seen: Arc<Mutex<Vec<Seen>>>, script: Arc<Mutex<Box<Script>>>) {
    let service = service_fn(move |request: Request<Incoming>| {
        let (kept, script) = (Arc::clone(&seen), Arc::clone(&script));
        async move {
            let (parts, body) = request.into_parts();
            let path = parts.uri.path_and_query().map_or("", |path| path.as_str());
            let seen = Seen {
                method: parts.method,
                path: path.trim_start_matches("/api/v10/").to_owned(),
                headers: parts.headers,
                body: body.collect().await.map_err(io::Error::other)?.to_bytes(),
                at: Instant::now(),
            };
            let before = {
                let mut kept = kept.lock().expect("no test panicked in it");
                kept.push(seen.clone());
                kept.len() - 1
            };
            let reply = (script.lock().expect("no test panicked in it"))(&seen, before);
            answer(reply).await
        }
    });
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn answer(reply: Reply) -> io::Result<Response<Full<Bytes>>> {
    let mut reply = reply;
    loop {
        match reply {
            Reply::Late(delay, then) => {
                tokio::time::sleep(delay).await;
                reply = *then;
            }
            Reply::Break => return Err(io::ErrorKind::ConnectionReset.into()),
            Reply::Answer(status, headers, body) => {
                let mut response = Response::builder().status(status);
                for (name, value) in headers {
                    response = response.header(name, value);
                }
                return response
                    .body(Full::new(body.into()))
                    .map_err(io::Error::other);
            }
        }
    }
}
