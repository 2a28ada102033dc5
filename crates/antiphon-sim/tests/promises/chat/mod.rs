//! Stack Exchange chat, tested by a raw client.

mod faults;
mod login;
mod pages;
mod polling;
mod reading;
mod socket;
mod traffic;
mod writing;

use std::{collections::BTreeMap, time::Duration};

use antiphon_net::{
    ConnectError, HttpClient, HttpError, Message, Network, WebSocket, WebSocketRequest,
};
use antiphon_sim::Simulator;
use bytes::Bytes;
use http::{Method, Request};
use serde_json::Value;

const CHAT: &str = "chat.stackexchange.com";
const SITE: &str = "meta.stackexchange.com";
/// The room where the bot has every right, and one where it has none.
const ROOM: i64 = 4242;
const TEA: i64 = 17;

pub(crate) struct Client {
    http: HttpClient,
    network: Network,
    /// Name and value, by the domain they go to.
    cookies: BTreeMap<(String, String), String>,
    fkey: String,
    referer: Option<String>,
    content_type: &'static str,
    socket: Option<WebSocket>,
}

/// An answer to a request.
pub(crate) struct Answer {
    status: u16,
    location: Option<String>,
    /// Mark of a refusal with a text for users.
    chat: Option<String>,
    set_cookies: Vec<String>,
    text: String,
}

impl Answer {
    #[track_caller]
    fn json(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text);
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    /// A field of the page's first form that has one of this name.
    fn field(&self, name: &str) -> Option<String> {
        let (_, rest) = self.text.split_once(&format!("name=\"{name}\""))?;
        let (_, rest) = rest.split_once("value=\"")?;
        Some(rest.split('"').next()?.to_owned())
    }
}

/// The address of a new socket for the bot.
pub(crate) async fn address(sim: &Simulator) -> String {
    let mut client = Client::logged_in(sim, "antiphon").await;
    client.address(ROOM).await
}

fn form(fields: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish()
}

impl Client {
    /// A client that has not logged in.
    fn stranger(sim: &Simulator) -> Self {
        Self {
            http: sim.network().http(),
            network: sim.network(),
            cookies: BTreeMap::new(),
            fkey: String::new(),
            referer: Some(format!("https://{CHAT}/rooms/{ROOM}")),
            content_type: "application/x-www-form-urlencoded",
            socket: None,
        }
    }

    /// A client that has logged in, on the site and on the chat server.
    async fn logged_in(sim: &Simulator, name: &str) -> Self {
        let mut client = Self::stranger(sim);
        let account = sim.stackexchange().account_named(name);
        let login = client
            .log_in(SITE, &account.email, account.password.expose())
            .await;
        assert_eq!(login.location.as_deref(), Some("/"), "{}", login.text);
        client.enter(CHAT).await;
        client
    }

    /// A client that listens to a room.
    async fn hearing(sim: &Simulator, name: &str, rooms: &[i64]) -> Self {
        let mut client = Self::logged_in(sim, name).await;
        client.listen(rooms, 99_999_999_999_999).await;
        client
    }

    /// The two requests that a login needs at least.
    async fn log_in(&mut self, site: &str, email: &str, password: &str) -> Answer {
        let page = self.get(site, "/users/login").await;
        let key = page.field("fkey").unwrap_or_default();
        let fields = [("fkey", &*key), ("email", email), ("password", password)];
        self.send(Method::POST, site, "/users/login", &form(&fields))
            .await
    }

    /// Opens the chat server's front page, and takes its key.
    async fn enter(&mut self, chat: &str) -> Answer {
        let page = self.get(chat, "/").await;
        self.fkey = page.field("fkey").unwrap_or_default();
        page
    }

    async fn get(&mut self, host: &str, path: &str) -> Answer {
        self.send(Method::GET, host, path, "").await
    }

    /// A form with the key, to the chat server.
    async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.try_post(path, fields).await.expect("an answer")
    }

    async fn try_post(&mut self, path: &str, fields: &[(&str, &str)]) -> Result<Answer, HttpError> {
        let key = self.fkey.clone();
        let fields = [fields, &[("fkey", &*key)]].concat();
        self.try_send(Method::POST, CHAT, path, &form(&fields))
            .await
    }

    async fn send(&mut self, method: Method, host: &str, path: &str, body: &str) -> Answer {
        let answer = self.try_send(method, host, path, body).await;
        answer.expect("an answer")
    }

    async fn try_send(
        &mut self,
        method: Method,
        host: &str,
        path: &str,
        body: &str,
    ) -> Result<Answer, HttpError> {
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .filter(|((domain, _), _)| host == domain || host.ends_with(&format!(".{domain}")))
            .map(|((_, name), value)| format!("{name}={value}"))
            .collect();
        let mut request = Request::builder()
            .method(method)
            .uri(format!("https://{host}{path}"))
            .header("cookie", cookies.join("; "))
            .header("content-type", self.content_type);
        if let Some(referer) = &self.referer {
            request = request.header("referer", referer);
        }
        let request = request
            .body(Bytes::from(body.to_owned()))
            .expect("a request");
        let response = self.http.send(request).await?;
        let headers = |name: &str| -> Vec<String> {
            let values = response.headers().get_all(name).iter();
            values
                .map(|value| value.to_str().expect("text").to_owned())
                .collect()
        };
        let set_cookies = headers("set-cookie");
        for cookie in &set_cookies {
            let mut parts = cookie.split("; ");
            let (name, value) = parts
                .next()
                .and_then(|pair| pair.split_once('='))
                .expect("a pair");
            let domain = parts.find_map(|part| part.strip_prefix("domain=."));
            let key = (domain.unwrap_or(host).to_owned(), name.to_owned());
            self.cookies.insert(key, value.to_owned());
        }
        Ok(Answer {
            status: response.status().as_u16(),
            location: headers("location").pop(),
            chat: headers("chat").pop(),
            set_cookies,
            text: String::from_utf8(response.body().to_vec()).expect("text"),
        })
    }

    /// The address of a socket for a room.
    async fn address(&mut self, room: i64) -> String {
        let room = room.to_string();
        let auth = self.post("/ws-auth", &[("roomid", &room)]).await.json();
        auth["url"].as_str().expect("an address").to_owned()
    }

    async fn open(&mut self, address: &str, origin: Option<&str>) -> Result<(), ConnectError> {
        let mut request = WebSocketRequest::new(address.parse().expect("a URI"));
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        self.socket = Some(self.network.websocket(request).await?);
        Ok(())
    }

    /// Opens a socket for these rooms that begins after a count.
    async fn listen(&mut self, rooms: &[i64], after: i64) {
        let mut address = String::new();
        for room in rooms {
            address = self.address(*room).await;
        }
        let address = format!("{address}?l={after}");
        self.open(&address, Some("https://chat.stackexchange.com"))
            .await
            .expect("a socket");
    }

    /// The next frame as text; `None` at the end of the socket.
    async fn frame(&mut self) -> Option<String> {
        let socket = self.socket.as_mut().expect("a socket");
        match socket.next().await {
            Some(Ok(Message::Text(text))) => Some(text.as_str().to_owned()),
            _ => None,
        }
    }

    /// The next frame that has anything for a room besides a heartbeat.
    async fn part(&mut self, room: i64) -> Value {
        loop {
            let frame = self.frame().await.expect("a frame");
            let frame: Value = serde_json::from_str(&frame).expect("JSON");
            let part = &frame[format!("r{room}")];
            if part.as_object().is_some_and(|part| !part.is_empty()) {
                return part.clone();
            }
        }
    }

    /// The next events of a room.
    async fn events(&mut self, room: i64) -> Vec<Value> {
        loop {
            if let Some(events) = self.part(room).await["e"].as_array() {
                return events.clone();
            }
        }
    }

    /// Reads until the socket ends.
    async fn ended(&mut self) {
        while self.frame().await.is_some() {}
    }

    /// Whether nothing but heartbeats comes for a while.
    async fn hears_no_event(&mut self, room: i64) -> bool {
        let quiet = Duration::from_secs(20);
        tokio::time::timeout(quiet, self.events(room))
            .await
            .is_err()
    }
}

/// The ids of events.
fn ids(events: &[Value]) -> Vec<i64> {
    events
        .iter()
        .filter_map(|event| event["id"].as_i64())
        .collect()
}

/// The numbers of events.
fn numbers(events: &[Value]) -> Vec<i64> {
    events
        .iter()
        .filter_map(|event| event["event_type"].as_i64())
        .collect()
}

/// The texts of notes.
fn notes(sim: &Simulator) -> Vec<String> {
    sim.notes().iter().map(|note| note.text.clone()).collect()
}
