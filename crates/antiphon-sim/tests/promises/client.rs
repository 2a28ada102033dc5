//! A raw QueUp client.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use antiphon_net::{
    ConnectError, HttpClient, HttpError, Message, Network, WebSocket, WebSocketRequest,
};
use antiphon_sim::{
    Simulator,
    queup::{Account, Room},
};
use bytes::Bytes;
use http::{Method, Request};
use serde_json::{Value, json};

pub(crate) struct Client {
    http: HttpClient,
    network: Network,
    cookie: String,
    socket: Option<WebSocket>,
    waiting: VecDeque<Value>,
    /// Connection id of the last action 4.
    pub(crate) connection: String,
    /// Message packets received on the connection, by kind.
    pub(crate) received: BTreeMap<String, u64>,
    /// Packets that are no messages.
    pub(crate) packets: Vec<String>,
}

/// An answer over REST.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) location: Option<String>,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).expect("a JSON answer")
    }

    /// Text of an error, from where most routes have it.
    #[track_caller]
    pub(crate) fn error(&self, status: u16) -> String {
        assert_eq!(self.status, status, "{}", self.text);
        let answer = self.json();
        assert_eq!(answer["code"], status);
        answer["data"]["err"]["details"]["message"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// Text of an error, from where login and throttled calls have it.
    #[track_caller]
    pub(crate) fn details(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.json()["data"]["details"]["message"].clone()
    }

    #[track_caller]
    pub(crate) fn data(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text);
        self.json()["data"].clone()
    }
}

impl Client {
    /// A client that has not logged in.
    pub(crate) fn stranger(sim: &Simulator) -> Self {
        Self {
            http: sim.network().http(),
            network: sim.network(),
            cookie: String::new(),
            socket: None,
            waiting: VecDeque::new(),
            connection: String::new(),
            received: BTreeMap::new(),
            packets: Vec::new(),
        }
    }

    /// A client that has logged in.
    pub(crate) async fn logged_in(sim: &Simulator, username: &str) -> Self {
        let mut client = Self::stranger(sim);
        let account = sim.queup().account_named(username);
        assert_eq!(
            client
                .login(&account, account.password.expose())
                .await
                .status,
            200
        );
        client
    }

    /// A client that has logged in, joined a room and attached to it.
    pub(crate) async fn joined(sim: &Simulator, username: &str, room: &Room) -> Self {
        let mut client = Self::logged_in(sim, username).await;
        client
            .post(&format!("/room/{}/users", room.id()), "")
            .await
            .data();
        client.connect().await;
        client.attach(&format!("room:{}", room.id())).await;
        client
    }

    pub(crate) async fn login(&mut self, account: &Account, password: &str) -> Answer {
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("username", &account.email)
            .append_pair("password", password)
            .finish();
        self.post("/auth/login", &form).await
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.call(Method::GET, path, "", "").await
    }

    pub(crate) async fn post(&mut self, path: &str, form: &str) -> Answer {
        self.form(Method::POST, path, form).await
    }

    pub(crate) async fn form(&mut self, method: Method, path: &str, form: &str) -> Answer {
        self.call(method, path, "application/x-www-form-urlencoded", form)
            .await
    }

    pub(crate) async fn json(&mut self, method: Method, path: &str, body: &Value) -> Answer {
        self.call(method, path, "application/json", &body.to_string())
            .await
    }

    pub(crate) async fn call(
        &mut self,
        method: Method,
        path: &str,
        kind: &str,
        body: &str,
    ) -> Answer {
        self.try_call(method, path, kind, body)
            .await
            .expect("an answer")
    }

    pub(crate) async fn try_call(
        &mut self,
        method: Method,
        path: &str,
        kind: &str,
        body: &str,
    ) -> Result<Answer, HttpError> {
        let request = Request::builder()
            .method(method)
            .uri(format!("https://api.queup.net{path}"))
            .header("cookie", &self.cookie)
            .header("content-type", kind)
            .body(Bytes::from(body.to_owned()))
            .expect("a request");
        let response = self.http.send(request).await?;
        let header = |name: &str| {
            let value = response.headers().get(name)?;
            Some(value.to_str().expect("text").to_owned())
        };
        if let Some(cookie) = header("set-cookie") {
            self.cookie = cookie.split(';').take(1).collect();
        }
        Ok(Answer {
            status: response.status().as_u16(),
            location: header("location"),
            text: String::from_utf8(response.body().to_vec()).expect("text"),
        })
    }

    /// Opens a socket with a new token, and waits for action 4.
    pub(crate) async fn connect(&mut self) {
        let token = self.get("/auth/token").await.data();
        self.connect_with(token["token"].as_str().expect("a token"))
            .await;
    }

    pub(crate) async fn try_connect(&mut self, token: &str) -> Result<(), ConnectError> {
        let uri = format!(
            "wss://ws.queup.net/ws/?connect=1&access_token={token}&EIO=3&transport=websocket"
        );
        let request = WebSocketRequest::new(uri.parse().expect("a URI"));
        self.socket = Some(self.network.websocket(request).await?);
        Ok(())
    }

    pub(crate) async fn connect_with(&mut self, token: &str) {
        self.try_connect(token).await.expect("a socket");
        self.waiting.clear();
        self.received.clear();
        let connected = self.message(4).await;
        let id = connected["connectionId"].as_str();
        self.connection = id
            .or(connected["socketId"].as_str())
            .unwrap_or_default()
            .into();
    }

    pub(crate) async fn attach(&mut self, channel: &str) {
        self.send(&json!({"action": 10, "channel": channel})).await;
        assert_eq!(self.message(11).await["channel"], channel);
    }

    pub(crate) async fn send(&mut self, message: &Value) {
        self.packet(&format!("4{message}")).await;
    }

    pub(crate) async fn packet(&mut self, text: &str) {
        let socket = self.socket.as_mut().expect("a socket");
        socket
            .send(Message::text(text.to_owned()))
            .await
            .expect("sent");
    }

    /// Reads one packet; false at the end.
    async fn read(&mut self) -> bool {
        let socket = self.socket.as_mut().expect("a socket");
        let Some(Ok(Message::Text(text))) = socket.next().await else {
            return false;
        };
        let Some(message) = text.as_str().strip_prefix('4') else {
            self.packets.push(text.as_str().to_owned());
            return true;
        };
        let message = serde_json::from_str(message).unwrap_or(Value::Null);
        *self.received.entry(kind(&message)).or_default() += 1;
        self.waiting.push_back(message);
        true
    }

    /// The next message with this action; earlier ones are skipped.
    pub(crate) async fn message(&mut self, action: u64) -> Value {
        loop {
            while let Some(message) = self.waiting.pop_front() {
                if message["action"] == action {
                    return message;
                }
            }
            assert!(self.read().await, "the socket ended before action {action}");
        }
    }

    /// The data of the next event of this name.
    pub(crate) async fn event(&mut self, name: &str) -> Value {
        loop {
            let message = self.message(15).await["message"].take();
            if message["name"] == name {
                let data = message["data"].as_str().expect("a text");
                return serde_json::from_str(data).unwrap_or_else(|_| json!(data));
            }
        }
    }

    /// The next packet that is no message.
    pub(crate) async fn next_packet(&mut self) -> String {
        loop {
            if let Some(packet) = self.packets.pop() {
                return packet;
            }
            assert!(self.read().await, "the socket ended");
        }
    }

    /// Whether nothing more comes for a long while.
    pub(crate) async fn hears_nothing(&mut self) -> bool {
        let quiet = Duration::from_secs(10);
        self.waiting.is_empty() && tokio::time::timeout(quiet, self.read()).await.is_err()
    }

    /// Lets time pass, with a ping now and then.
    pub(crate) async fn wait(&mut self, seconds: u64) {
        for second in 0..seconds {
            if second % 20 == 0 {
                self.packet("2").await;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    /// Reads all there is, until nothing comes for a while.
    pub(crate) async fn drain(&mut self) {
        let quiet = Duration::from_secs(10);
        while let Ok(true) = tokio::time::timeout(quiet, self.read()).await {}
        self.waiting.clear();
    }

    /// Reads until the socket ends.
    pub(crate) async fn ended(&mut self) {
        while self.read().await {}
    }
}

/// The kind of a message, found without the simulator's help.
fn kind(message: &Value) -> String {
    let name = message["message"]["name"].as_str();
    let name = match (message["action"].as_u64(), name) {
        (Some(15), Some(name)) if name.starts_with("user_update_") => "user_update",
        (Some(15), Some(name)) if name.starts_with("user-update-") => "user-update",
        (Some(15), Some(name)) if name.starts_with("comment-update-") => "comment-update",
        (Some(15), Some(name)) => name,
        (Some(4), _) => "connected",
        (Some(9), _) => "error",
        (Some(11), _) => "joined_room",
        (Some(13), _) => "left_room",
        (Some(14), _) => "presence_change",
        (Some(number), _) => return format!("queup.{number}"),
        (None, _) => "message",
    };
    format!("queup.{name}")
}
