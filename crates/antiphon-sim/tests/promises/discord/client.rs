//! A raw Discord client.

use std::{
    collections::{BTreeMap, VecDeque},
    time::Duration,
};

use antiphon_net::{HttpClient, HttpError, Message, Network, WebSocket, WebSocketRequest};
use antiphon_sim::Simulator;
use bytes::Bytes;
use flate2::{Decompress, FlushDecompress};
use http::{HeaderMap, Method, Request};
use serde_json::{Value, json};

/// A bot's REST client.
pub(crate) struct Rest {
    http: HttpClient,
    pub(crate) token: String,
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

    #[track_caller]
    pub(crate) fn done(&self) {
        assert_eq!((self.status, self.text.as_str()), (204, ""));
    }

    /// The status and the code of an error.
    #[track_caller]
    pub(crate) fn code(&self) -> (u16, u64) {
        (self.status, self.json()["code"].as_u64().expect("a code"))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().expect("text"))
    }
}

impl Rest {
    /// The bot of this name.
    pub(crate) fn of(sim: &Simulator, bot: &str) -> Self {
        let token = sim.discord().account_named(bot).token.expose().to_owned();
        Self {
            http: sim.network().http(),
            token,
        }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, &Value::Null).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::POST, path, body).await
    }

    pub(crate) async fn patch(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::PATCH, path, body).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::PUT, path, body).await
    }

    pub(crate) async fn delete(&self, path: &str) -> Answer {
        self.call(Method::DELETE, path, &Value::Null).await
    }

    pub(crate) async fn call(&self, method: Method, path: &str, body: &Value) -> Answer {
        self.try_call(method, path, body).await.expect("an answer")
    }

    pub(crate) async fn try_call(
        &self,
        method: Method,
        path: &str,
        body: &Value,
    ) -> Result<Answer, HttpError> {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let request = Request::builder()
            .method(method)
            .uri(format!("https://discord.com/api/v10{path}"))
            .header("authorization", format!("Bot {}", self.token))
            .header("user-agent", "DiscordBot (https://example.org, 1)")
            .header("content-type", "application/json")
            .body(Bytes::from(body))
            .expect("a request");
        let response = self.http.send(request).await?;
        Ok(Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            text: String::from_utf8(response.body().to_vec()).expect("text"),
        })
    }
}

/// Decompression of a connection.
enum Decoder {
    None,
    Zlib(Decompress, Vec<u8>),
    Zstd(zstd::stream::write::Decoder<'static, Vec<u8>>),
}

/// A shard's connection.
pub(crate) struct Client {
    network: Network,
    socket: WebSocket,
    decoder: Decoder,
    waiting: VecDeque<Value>,
    /// The texts of frames, as they came.
    pub(crate) texts: Vec<String>,
    /// Dispatches received, by kind.
    pub(crate) received: BTreeMap<String, u64>,
    /// The last sequence.
    pub(crate) seq: Option<u64>,
    /// Code of the close frame, once there was one.
    pub(crate) closed: Option<u16>,
    pub(crate) ready: Value,
    query: String,
}

impl Client {
    /// Opens a connection to the Gateway, with more parameters for its address.
    pub(crate) async fn open(sim: &Simulator, more: &str) -> Self {
        Self::at(&sim.network(), "wss://gateway.discord.gg", more).await
    }

    pub(crate) async fn at(network: &Network, address: &str, more: &str) -> Self {
        Self::try_at(network, address, more)
            .await
            .expect("a socket")
    }

    pub(crate) async fn try_at(
        network: &Network,
        address: &str,
        more: &str,
    ) -> Result<Self, antiphon_net::ConnectError> {
        let uri = format!("{address}/?v=10&encoding=json{more}");
        let request = WebSocketRequest::new(uri.parse().expect("a URI"));
        let socket = network.websocket(request).await?;
        let decoder = if more.contains("zlib") {
            Decoder::Zlib(Decompress::new(true), Vec::new())
        } else if more.contains("zstd") {
            Decoder::Zstd(zstd::stream::write::Decoder::new(Vec::new()).expect("a decoder"))
        } else {
            Decoder::None
        };
        Ok(Self {
            network: network.clone(),
            socket,
            decoder,
            waiting: VecDeque::new(),
            texts: Vec::new(),
            received: BTreeMap::new(),
            seq: None,
            closed: None,
            ready: Value::Null,
            query: more.to_owned(),
        })
    }

    /// Identifies as the first bot, and reads up to its guild.
    pub(crate) async fn identify(&mut self, sim: &Simulator, intents: u64) {
        self.identify_as(sim, "antiphon", intents, &json!({})).await;
        self.ready = self.event("READY").await;
        if intents & 1 != 0 {
            self.event("GUILD_CREATE").await;
        }
    }

    pub(crate) async fn identify_as(
        &mut self,
        sim: &Simulator,
        bot: &str,
        intents: u64,
        more: &Value,
    ) {
        let token = sim.discord().account_named(bot).token;
        let mut data = json!({
            "token": token.expose(),
            "intents": intents,
            "properties": {"os": "linux", "browser": "a test", "device": "a test"},
        });
        for (name, value) in more.as_object().expect("an object") {
            data[name] = value.clone();
        }
        self.send(2, &data).await;
    }

    /// Opens the resume address anew and resumes.
    pub(crate) async fn resume(&mut self, sim: &Simulator) {
        let address = self.ready["resume_gateway_url"]
            .as_str()
            .expect("an address")
            .to_owned();
        let mut next = Self::at(&self.network, &address, &self.query).await;
        next.ready = std::mem::take(&mut self.ready);
        next.seq = self.seq;
        next.received = std::mem::take(&mut self.received);
        *self = next;
        self.op(10).await;
        let token = sim.discord().token();
        let session = self.ready["session_id"].clone();
        self.send(
            6,
            &json!({"token": token.expose(), "session_id": session, "seq": self.seq}),
        )
        .await;
    }

    pub(crate) async fn send(&mut self, op: u8, data: &Value) {
        self.text(&json!({"op": op, "d": data}).to_string()).await;
    }

    pub(crate) async fn text(&mut self, text: &str) {
        self.socket
            .send(Message::text(text.to_owned()))
            .await
            .expect("sent");
    }

    /// Closes with a code.
    pub(crate) async fn leave(mut self, code: u16) {
        let _ = self
            .socket
            .send(Message::Close {
                code: Some(code),
                reason: String::new(),
            })
            .await;
        while self.read().await {}
    }

    /// Reads one frame; false at the end.
    pub(crate) async fn read(&mut self) -> bool {
        let bytes = match self.socket.next().await {
            Some(Ok(Message::Text(text))) => text.as_bytes().to_vec(),
            Some(Ok(Message::Binary(bytes))) => match self.decoder.take(&bytes) {
                Some(bytes) => bytes,
                None => return true,
            },
            Some(Ok(Message::Close { code, .. })) => {
                self.closed = code;
                return false;
            }
            _ => return false,
        };
        let text = String::from_utf8(bytes).expect("text");
        let frame: Value = serde_json::from_str(&text).unwrap_or(Value::Null);
        self.texts.push(text);
        if frame["op"] == 0 {
            self.seq = frame["s"].as_u64().or(self.seq);
            let name = frame["t"].as_str().unwrap_or("UNNAMED");
            *self.received.entry(format!("discord.{name}")).or_default() += 1;
        }
        self.waiting.push_back(frame);
        true
    }

    /// The next frame.
    pub(crate) async fn next(&mut self) -> Value {
        while self.waiting.is_empty() {
            assert!(self.read().await, "the socket ended with {:?}", self.closed);
        }
        self.waiting.pop_front().expect("a frame")
    }

    /// The data of the next frame with this operation; earlier frames are skipped.
    pub(crate) async fn op(&mut self, op: u64) -> Value {
        loop {
            let mut frame = self.next().await;
            if frame["op"] == op {
                return frame["d"].take();
            }
        }
    }

    /// The data of the next event of this name; earlier frames are skipped.
    pub(crate) async fn event(&mut self, name: &str) -> Value {
        loop {
            let mut frame = self.next().await;
            if frame["t"] == name {
                return frame["d"].take();
            }
        }
    }

    /// Reads to the end; returns the code of the close frame.
    pub(crate) async fn end(&mut self) -> Option<u16> {
        while self.read().await {}
        self.closed
    }

    /// Whether nothing more comes for a while.
    pub(crate) async fn hears_nothing(&mut self) -> bool {
        let quiet = Duration::from_secs(5);
        self.waiting.is_empty() && tokio::time::timeout(quiet, self.read()).await.is_err()
    }

    /// Reads all there is, until nothing comes for a while.
    pub(crate) async fn drain(&mut self) -> Vec<Value> {
        let quiet = Duration::from_secs(5);
        while let Ok(true) = tokio::time::timeout(quiet, self.read()).await {}
        self.waiting.drain(..).collect()
    }
}

impl Decoder {
    /// The text that is complete with these bytes, if one is.
    fn take(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        match self {
            // Without a transport's compression, each payload is a stream of its own.
            Self::None => {
                let mut out = Vec::with_capacity(1 << 20);
                let mut whole = Decompress::new(true);
                whole
                    .decompress_vec(bytes, &mut out, FlushDecompress::Finish)
                    .expect("a zlib stream");
                Some(out)
            }
            Self::Zlib(decoder, buffer) => {
                buffer.extend_from_slice(bytes);
                if !buffer.ends_with(&[0, 0, 0xff, 0xff]) {
                    return None;
                }
                let mut out = Vec::with_capacity(1 << 20);
                decoder
                    .decompress_vec(buffer, &mut out, FlushDecompress::Sync)
                    .expect("a zlib stream");
                buffer.clear();
                Some(out)
            }
            Self::Zstd(decoder) => {
                use std::io::Write as _;
                decoder.write_all(bytes).expect("a zstd stream");
                decoder.flush().expect("flushed");
                Some(std::mem::take(decoder.get_mut()))
            }
        }
    }
}
