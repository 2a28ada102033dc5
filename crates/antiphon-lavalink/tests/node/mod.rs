//! A minimal node: it sends prepared responses and frames, and records requests.

#![allow(dead_code, unreachable_pub, reason = "each test uses a part of it")]

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use antiphon_lavalink::{Config, NodeConfig, VoiceRequest};
use antiphon_net::{Limits, Message, Network, Route, Stream, WebSocket, accept_upgrade, pipe};
use http::{HeaderMap, HeaderName, HeaderValue, Request};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    sync::{Mutex as AsyncMutex, mpsc},
    task::JoinSet,
};

/// A recorded request.
#[derive(Clone, Debug)]
pub struct Heard {
    pub method: String,
    /// Path without the query.
    pub path: String,
    pub query: String,
    pub headers: HeaderMap,
    pub body: String,
}

/// An action on an open socket.
#[derive(Clone, Debug)]
pub enum Say {
    Frame(String),
    /// Send a close frame.
    Close(u16),
    /// Drop the connection without a close frame.
    Cut,
    /// Keep the connection, and neither read nor send.
    Hang,
}

#[derive(Default)]
struct State {
    answers: HashMap<(String, String), (u16, String)>,
    heard: Vec<Heard>,
    upgrade: Option<u16>,
}

/// A node behind an in-memory pipe.
pub struct Node {
    state: Arc<Mutex<State>>,
    say: mpsc::UnboundedSender<Say>,
    pub network: Network,
    _tasks: JoinSet<()>,
}

impl Node {
    pub fn start() -> Self {
        let (connector, mut listener) = pipe::listen(256 * 1024);
        let network = Network::new().route("*", Route::connector(Arc::new(connector)));
        let (say, said) = mpsc::unbounded_channel();
        let said = Arc::new(AsyncMutex::new(said));
        let state = Arc::new(Mutex::new(State::default()));
        let mut tasks = JoinSet::new();
        let shared = Arc::clone(&state);
        tasks.spawn(async move {
            let mut connections = JoinSet::new();
            while let Some((stream, ..)) = listener.accept().await {
                connections.spawn(serve(stream, Arc::clone(&shared), Arc::clone(&said)));
            }
        });
        Self {
            state,
            say,
            network,
            _tasks: tasks,
        }
    }

    /// A configuration with this node, named `eu-1`; voice requests go to the channel.
    pub fn config(&self) -> (Config, mpsc::UnboundedReceiver<VoiceRequest>) {
        let (sender, asked) = mpsc::unbounded_channel();
        let config = Config::new(
            7,
            [NodeConfig::new("eu-1", "http://lava.test:2333", "sesame")],
        )
        .network(self.network.clone())
        .rng(antiphon_core::Rng::with_seed(1))
        .voice_gateway(move |request: VoiceRequest| {
            let sent = sender.send(request).map_err(Into::into);
            Box::pin(async move { sent }) as antiphon_core::BoxFuture<'static, _>
        });
        (config, asked)
    }

    /// Sets the response for a path from now on.
    pub fn answer(&self, method: &str, path: &str, status: u16, body: impl Into<String>) {
        let mut state = self.state.lock().expect("not poisoned");
        state
            .answers
            .insert((method.into(), path.into()), (status, body.into()));
    }

    /// Refuses sockets with this status from now on; `None` accepts them.
    pub fn refuse(&self, status: Option<u16>) {
        self.state.lock().expect("not poisoned").upgrade = status;
    }

    pub fn say(&self, say: Say) {
        self.say.send(say).expect("the node runs");
    }

    pub fn frame(&self, frame: impl Into<String>) {
        self.say(Say::Frame(frame.into()));
    }

    /// The requests so far.
    pub fn heard(&self) -> Vec<Heard> {
        self.state.lock().expect("not poisoned").heard.clone()
    }
}

type Said = Arc<AsyncMutex<mpsc::UnboundedReceiver<Say>>>;

async fn serve(mut stream: Stream, state: Arc<Mutex<State>>, said: Said) {
    while let Some(heard) = read(&mut stream).await {
        let is_socket = heard.path == "/v4/websocket";
        let (answer, refused) = {
            let mut state = state.lock().expect("not poisoned");
            state.heard.push(heard.clone());
            let key = (heard.method.clone(), heard.path.clone());
            (state.answers.get(&key).cloned(), state.upgrade)
        };
        if is_socket && refused.is_none() {
            return talk(stream, &heard, said).await;
        }
        let (status, body) =
            answer.unwrap_or_else(|| (refused.filter(|_| is_socket).unwrap_or(404), String::new()));
        let head = format!(
            "HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        let body = if status == 204 { String::new() } else { body };
        let head = if status == 204 {
            "HTTP/1.1 204 X\r\n\r\n".to_owned()
        } else {
            head
        };
        if stream
            .write_all(format!("{head}{body}").as_bytes())
            .await
            .is_err()
        {
            return;
        }
        let _ = stream.flush().await;
    }
}

async fn talk(mut stream: Stream, heard: &Heard, said: Said) {
    let mut request = Request::get("/").body(()).expect("a request");
    *request.headers_mut() = heard.headers.clone();
    let Some(answer) = accept_upgrade(&request) else {
        return;
    };
    let mut answered = "HTTP/1.1 101 Switching Protocols\r\n".to_owned();
    for (name, value) in answer.headers() {
        let value = value.to_str().expect("a text");
        for part in [name.as_str(), ": ", value, "\r\n"] {
            answered.push_str(part);
        }
    }
    answered.push_str("\r\n");
    if stream.write_all(answered.as_bytes()).await.is_err() {
        return;
    }
    let mut socket = WebSocket::serve(stream, Limits::default());
    // The newest socket is used.
    let mut said = said.lock().await;
    loop {
        tokio::select! {
            heard = socket.next() => match heard {
                Some(Ok(Message::Close { .. }) | Err(_)) | None => return,
                Some(Ok(_)) => {}
            },
            say = said.recv() => match say {
                Some(Say::Frame(frame)) => {
                    if socket.send(Message::text(frame)).await.is_err() {
                        return;
                    }
                }
                Some(Say::Close(code)) => return socket.close(Some(code), "").await,
                Some(Say::Hang) => {
                    drop(said);
                    return std::future::pending().await;
                }
                Some(Say::Cut) | None => return,
            },
        }
    }
}

async fn read(stream: &mut Stream) -> Option<Heard> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let head = String::from_utf8(head).ok()?;
    let mut lines = head.lines();
    let mut first = lines.next()?.split(' ');
    let (method, target) = (first.next()?.to_owned(), first.next()?);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut headers = HeaderMap::new();
    for line in lines.filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once(':')?;
        headers.append(
            name.parse::<HeaderName>().ok()?,
            HeaderValue::from_str(value.trim()).ok()?,
        );
    }
    let length = headers
        .get("content-length")
        .and_then(|length| length.to_str().ok()?.parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).await.ok()?;
    Some(Heard {
        method,
        path: path.to_owned(),
        query: query.to_owned(),
        headers,
        body: String::from_utf8(body).ok()?,
    })
}
