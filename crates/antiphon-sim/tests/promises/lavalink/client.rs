//! A raw Lavalink client.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use antiphon_net::{
    ConnectError, HttpClient, HttpError, Message, Network, WebSocket, WebSocketRequest,
};
use antiphon_sim::{Simulator, lavalink::Node};
use bytes::Bytes;
use http::{HeaderMap, Method, Request};
use serde_json::{Value, json};

pub(crate) struct Client {
    http: HttpClient,
    network: Network,
    url: String,
    pub(crate) password: String,
    pub(crate) user: String,
    /// Session id of the last `ready`.
    pub(crate) session: String,
    /// The ledger's name for the socket.
    pub(crate) connection: String,
    node: Node,
    socket: Option<WebSocket>,
    /// Frames received on the socket, by kind.
    pub(crate) received: BTreeMap<String, u64>,
    /// Frames that were read and not looked at yet.
    waiting: VecDeque<String>,
}

/// An answer over REST.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).expect("a JSON answer")
    }

    /// The body of a successful response.
    #[track_caller]
    pub(crate) fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text);
        self.json()
    }

    /// The message of an error that has every field.
    #[track_caller]
    pub(crate) fn error(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{}", self.text);
        let error = self.json();
        assert_eq!(error["status"], status);
        assert!(error["timestamp"].is_i64() && error["error"].is_string());
        assert!(
            error["path"]
                .as_str()
                .is_some_and(|path| path.starts_with('/'))
        );
        error["message"].as_str().expect("a message").to_owned()
    }

    #[track_caller]
    pub(crate) fn empty(&self, status: u16) {
        assert_eq!((self.status, self.text.as_str()), (status, ""));
    }
}

impl Client {
    /// A client that has not connected yet.
    pub(crate) fn of(sim: &Simulator, node: &str) -> Self {
        let node = sim.lavalink().node(node);
        Self {
            http: sim.network().http(),
            network: sim.network(),
            url: node.url(),
            password: node.password().expose().to_owned(),
            user: "77".to_owned(),
            session: String::new(),
            connection: String::new(),
            node,
            socket: None,
            received: BTreeMap::new(),
            waiting: VecDeque::new(),
        }
    }

    /// A client with a new session that has read its first two frames.
    pub(crate) async fn connected(sim: &Simulator, node: &str) -> Self {
        let mut client = Self::of(sim, node);
        client.connect().await;
        client
    }

    /// The header fields of a proper client.
    pub(crate) fn headers(&self) -> Vec<(&'static str, String)> {
        vec![
            ("authorization", self.password.clone()),
            ("user-id", self.user.clone()),
            ("client-name", "promises/1".to_owned()),
        ]
    }

    pub(crate) async fn try_connect(
        &mut self,
        path: &str,
        headers: &[(&'static str, String)],
    ) -> Result<(), ConnectError> {
        let uri = format!("{}{path}", self.url).replace("http://", "ws://");
        let mut request = WebSocketRequest::new(uri.parse().expect("a URI"));
        for (name, value) in headers {
            request = request.header(*name, value.as_str());
        }
        self.waiting.clear();
        self.received.clear();
        self.socket = Some(self.network.websocket(request).await?);
        Ok(())
    }

    pub(crate) async fn connect(&mut self) {
        let headers = self.headers();
        let ready = self.open(&headers).await;
        assert_eq!(ready["resumed"], false);
        assert_eq!(self.frame().await["op"], "stats");
    }

    /// Resumes the session; returns the `ready`.
    pub(crate) async fn resume(&mut self) -> Value {
        let mut headers = self.headers();
        headers.push(("session-id", self.session.clone()));
        self.open(&headers).await
    }

    async fn open(&mut self, headers: &[(&'static str, String)]) -> Value {
        self.try_connect("/v4/websocket", headers)
            .await
            .expect("a socket");
        let ready = self.frame().await;
        assert_eq!(ready["op"], "ready");
        let id = ready["sessionId"].as_str().expect("an id");
        id.clone_into(&mut self.session);
        let mut sessions = self.node.sessions().into_iter();
        let own = sessions.find(|session| session.id == self.session);
        self.connection = own.and_then(|own| own.connection).unwrap_or_default();
        ready
    }

    /// Reads one frame; false at the end.
    async fn read(&mut self) -> bool {
        let socket = self.socket.as_mut().expect("a socket");
        let Some(Ok(Message::Text(text))) = socket.next().await else {
            return false;
        };
        let text = text.as_str().to_owned();
        *self.received.entry(kind(&text)).or_default() += 1;
        self.waiting.push_back(text);
        true
    }

    /// The next frame as it was sent.
    pub(crate) async fn text(&mut self) -> String {
        if self.waiting.is_empty() {
            assert!(self.read().await, "the socket ended");
        }
        self.waiting.pop_front().expect("it was just read")
    }

    /// The next frame.
    pub(crate) async fn frame(&mut self) -> Value {
        serde_json::from_str(&self.text().await).expect("JSON")
    }

    /// The next event of this type; earlier frames are skipped.
    pub(crate) async fn event(&mut self, name: &str) -> Value {
        loop {
            let frame = self.frame().await;
            if frame["type"] == name {
                return frame;
            }
        }
    }

    /// The next frame with this op; earlier frames are skipped.
    pub(crate) async fn op(&mut self, op: &str) -> Value {
        loop {
            let frame = self.frame().await;
            if frame["op"] == op {
                return frame;
            }
        }
    }

    /// The names of the next frames: the reason of an end, the type of an event, or the op.
    pub(crate) async fn names(&mut self, count: usize) -> Vec<String> {
        let mut names = Vec::new();
        for _ in 0..count {
            names.push(name(&self.frame().await));
        }
        names
    }

    /// The names of all frames until nothing comes for a second.
    pub(crate) async fn rest(&mut self) -> Vec<String> {
        let quiet = Duration::from_secs(1);
        while let Ok(true) = tokio::time::timeout(quiet, self.read()).await {}
        let texts = std::mem::take(&mut self.waiting);
        let frames = texts
            .iter()
            .map(|text| serde_json::from_str(text).unwrap_or_default());
        frames.map(|frame: Value| name(&frame)).collect()
    }

    /// How the socket ends: the code of its close frame, if there is one.
    pub(crate) async fn ended(&mut self) -> Option<u16> {
        loop {
            let socket = self.socket.as_mut().expect("a socket");
            match socket.next().await {
                Some(Ok(Message::Close { code, .. })) => return code,
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return None,
            }
        }
    }

    /// Drops the socket without a close frame.
    pub(crate) fn leave(&mut self) {
        self.socket = None;
    }

    pub(crate) async fn say(&mut self, text: &str) {
        let socket = self.socket.as_mut().expect("a socket");
        socket
            .send(Message::text(text.to_owned()))
            .await
            .expect("sent");
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Requests.

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, &Value::Null).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::POST, path, body).await
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::PATCH, path, body).await
    }

    pub(crate) async fn call(&self, method: Method, path: &str, body: &Value) -> Answer {
        self.try_call(method, path, body, Some(&self.password))
            .await
            .expect("an answer")
    }

    pub(crate) async fn try_call(
        &self,
        method: Method,
        path: &str,
        body: &Value,
        password: Option<&str>,
    ) -> Result<Answer, HttpError> {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        self.try_send(method, path, body, password).await
    }

    /// Sends a body as it is.
    pub(crate) async fn send(&self, method: Method, path: &str, body: String) -> Answer {
        self.try_send(method, path, body, Some(&self.password))
            .await
            .expect("an answer")
    }

    async fn try_send(
        &self,
        method: Method,
        path: &str,
        body: String,
        password: Option<&str>,
    ) -> Result<Answer, HttpError> {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url))
            .header("content-type", "application/json");
        if let Some(password) = password {
            request = request.header("authorization", password);
        }
        let request = request.body(Bytes::from(body)).expect("a request");
        let response = self.http.send(request).await?;
        Ok(Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            text: String::from_utf8(response.body().to_vec()).expect("text"),
        })
    }

    /// Path of a player.
    pub(crate) fn player(&self, guild: u64) -> String {
        format!("/v4/sessions/{}/players/{guild}", self.session)
    }

    /// Changes a player.
    pub(crate) async fn update(&self, guild: u64, body: Value) -> Value {
        self.patch(&self.player(guild), &body).await.ok()
    }

    /// Plays a track in a guild whose id is given as it stands in the path, with its voice open.
    pub(crate) async fn play_as(&self, guild: &str, identifier: &str) {
        let path = format!("/v4/sessions/{}/players/{guild}", self.session);
        let body = json!({"voice": voice(), "track": {"identifier": identifier}});
        self.patch(&path, &body).await.ok();
    }

    /// Opens a player's voice.
    pub(crate) async fn speak(&self, guild: u64) {
        self.update(guild, json!({"voice": voice()})).await;
    }

    /// Plays the track with this identifier.
    pub(crate) async fn play(&self, guild: u64, identifier: &str) -> Value {
        self.update(guild, json!({"track": {"identifier": identifier}}))
            .await
    }

    /// Lets the session outlive its socket for this many seconds.
    pub(crate) async fn be_resumable(&self, timeout: u64) {
        let path = format!("/v4/sessions/{}", self.session);
        let body = json!({"resuming": true, "timeout": timeout});
        assert_eq!(self.patch(&path, &body).await.ok(), body);
    }
}

/// Well-formed voice data.
pub(crate) fn voice() -> Value {
    json!({"token": "t", "endpoint": "c-fra01.discord.media:443", "sessionId": "s", "channelId": "7"})
}

fn name(frame: &Value) -> String {
    let reason = frame["reason"]
        .as_str()
        .filter(|_| frame["type"] == "TrackEndEvent");
    let name = reason.or(frame["type"].as_str()).or(frame["op"].as_str());
    name.unwrap_or_default().to_owned()
}

/// The kind of a frame, found without the simulator's help.
fn kind(text: &str) -> String {
    let frame: Value = serde_json::from_str(text).unwrap_or_default();
    let name = frame["type"]
        .as_str()
        .filter(|_| frame["op"] == "event")
        .or(frame["op"].as_str());
    format!("lavalink.{}", name.unwrap_or("frame"))
}
