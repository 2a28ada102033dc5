//! Requests to a node (protocol §5).

mod info;
mod players;
mod plugins;
mod sessions;
mod tracks;

use bytes::Bytes;
use http::{Method, Request, header};
use serde::{Serialize, de::DeserializeOwned};

use super::{quirk::NodeQuirk, state::State, stats::For, wire::text};

/// A response to be sent.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) kind: Option<&'static str>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(status: u16, body: impl Into<String>) -> Self {
        Self {
            status,
            kind: Some("application/json"),
            body: body.into(),
        }
    }

    pub(crate) fn ok(document: &impl Serialize) -> Self {
        Self::json(200, text(document))
    }

    pub(crate) fn empty(status: u16) -> Self {
        Self {
            status,
            kind: None,
            body: String::new(),
        }
    }

    pub(crate) fn text(status: u16, body: &str) -> Self {
        Self {
            status,
            kind: Some("text/plain;charset=UTF-8"),
            body: body.to_owned(),
        }
    }

    pub(crate) fn html(status: u16) -> Self {
        let page = format!(
            "<html>\r\n<head><title>{status}</title></head>\r\n<body>\r\n<center><h1>{status}</h1></center>\r\n</body>\r\n</html>\r\n"
        );
        Self {
            kind: Some("text/html"),
            ..Self::json(status, page)
        }
    }
}

/// Refusal of a request: status and message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) message: String,
    /// Reason that the server keeps to itself; the notes have it.
    pub(crate) why: Option<String>,
}

impl Refusal {
    pub(crate) fn new(status: u16, message: impl Into<String>) -> Self {
        Self {
            status,
            message: message.into(),
            why: None,
        }
    }

    /// Refusal of a body that the server cannot read: it says no more than the status (protocol §5.1).
    pub(crate) fn unreadable(why: impl Into<String>) -> Self {
        Self {
            why: Some(why.into()),
            ..Self::bad("Bad Request")
        }
    }

    pub(crate) fn bad(message: impl Into<String>) -> Self {
        Self::new(400, message)
    }
}

pub(crate) type Routed = Result<Answer, Refusal>;

/// An error as the server writes it (protocol §5.1).
#[derive(Serialize)]
struct ErrorObject<'a> {
    timestamp: i64,
    status: u16,
    error: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace: Option<&'static str>,
    message: &'a str,
    path: &'a str,
}

/// A request, read.
pub(crate) struct Call<'a> {
    pub(crate) node: usize,
    pub(crate) request: &'a Request<Option<Bytes>>,
    query: Vec<(String, String)>,
}

impl Call<'_> {
    /// A field of the query.
    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        let mut fields = self.query.iter();
        fields
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// A flag of the query, in any spelling that Spring reads as true; false if absent.
    pub(crate) fn flag(&self, name: &str) -> bool {
        let field = self.field(name).unwrap_or_default().trim();
        // Clients written in Python ask for `noReplace=True`.
        let words = ["true", "on", "yes", "1"];
        words.iter().any(|word| field.eq_ignore_ascii_case(word))
    }

    /// The body as it was sent, if it is said to be JSON.
    fn text(&self) -> Result<&str, Refusal> {
        let kind = self.request.headers().get(header::CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok());
        let kind = kind.unwrap_or("application/octet-stream");
        if !kind.starts_with("application/json") {
            let message = format!("Content-Type '{kind}' is not supported.");
            return Err(Refusal::new(415, message));
        }
        let Some(body) = self.request.body() else {
            return Err(Refusal::new(413, "The body is too large."));
        };
        std::str::from_utf8(body).map_err(|error| Refusal::unreadable(error.to_string()))
    }

    /// The body as JSON.
    fn body<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        serde_json::from_str(self.text()?).map_err(|error| Refusal::unreadable(error.to_string()))
    }
}

impl State {
    /// Handles a request; notes one that no client of this protocol should send.
    pub(crate) fn route(&mut self, node: usize, request: &Request<Option<Bytes>>) -> Answer {
        if let Some(answer) = self.authorize(node, request) {
            return answer;
        }
        let query = request.uri().query().unwrap_or_default();
        let call = Call {
            node,
            request,
            query: form_urlencoded::parse(query.as_bytes())
                .into_owned()
                .collect(),
        };
        let path = request.uri().path();
        let steps: Vec<&str> = path.trim_matches('/').split('/').collect();
        match self.dispatch(&call, &steps) {
            Ok(answer) => answer,
            Err(refusal) => self.refuse(&call, &refusal),
        }
    }

    /// The answer to a caller without the password: no body at all (protocol §5.1).
    fn authorize(&mut self, node: usize, request: &Request<Option<Bytes>>) -> Option<Answer> {
        let given = request.headers().get(header::AUTHORIZATION);
        let node = &self.nodes[node];
        if given.is_some_and(|given| given.as_bytes() == node.password.as_bytes()) {
            return None;
        }
        let answer = if node.quirks.contains(&NodeQuirk::PlainUnauthorized) {
            Answer::text(401, "Unauthorized")
        } else if given.is_none() {
            self.note(format!(
                "a request without Authorization: {}",
                request.uri().path()
            ));
            Answer::empty(401)
        } else {
            Answer::empty(403)
        };
        Some(answer)
    }

    fn dispatch(&mut self, call: &Call<'_>, steps: &[&str]) -> Routed {
        let node = call.node;
        match (call.request.method(), steps) {
            (&Method::GET, ["version"]) => Ok(self.version(node)),
            (&Method::GET, ["v4", "info"]) => Ok(self.info(node)),
            (&Method::GET, ["v4", "stats"]) => Ok(Answer::ok(&self.stats(node, For::Request))),
            (&Method::GET, ["v4", "loadtracks"]) => self.load_tracks(call),
            (&Method::GET, ["v4", "decodetrack"]) => self.decode_track(call),
            (&Method::POST, ["v4", "decodetracks"]) => self.decode_tracks(call),
            (&Method::PATCH, ["v4", "sessions", id]) => self.update_session(call, id),
            (&Method::GET, ["v4", "sessions", id, "players"]) => self.players(call, id),
            (&Method::GET, ["v4", "sessions", id, "players", guild]) => {
                self.player(call, id, guild)
            }
            (&Method::PATCH, ["v4", "sessions", id, "players", guild]) => {
                self.update_player(call, id, guild)
            }
            (&Method::DELETE, ["v4", "sessions", id, "players", guild]) => {
                self.delete_player(call, id, guild)
            }
            (
                method,
                [
                    "v4",
                    "sessions",
                    id,
                    "players",
                    guild,
                    part @ ("sponsorblock" | "track" | "lyrics"),
                    rest @ ..,
                ],
            ) => match self.player_plugin_route(call, method, [id, guild, part], rest) {
                Some(routed) => routed,
                None => Err(self.no_such_route(call, method, steps)),
            },
            (&Method::GET, ["v4", "lyrics" | "loadlyrics" | "loadsearch", ..]) => {
                match self.plugin_route(call, &steps[1..]) {
                    Some(routed) => routed,
                    None => Err(self.no_such_route(call, &Method::GET, steps)),
                }
            }
            (&Method::GET, ["v4", "routeplanner", "status"]) => Ok(self.planner_status(node)),
            (&Method::POST, ["v4", "routeplanner", "free", "address"]) => self.free_address(call),
            (&Method::POST, ["v4", "routeplanner", "free", "all"]) => self.free_all(node),
            (method, steps) => Err(self.no_such_route(call, method, steps)),
        }
    }

    /// Spring's response to an unknown path or method.
    fn no_such_route(&self, call: &Call<'_>, method: &Method, steps: &[&str]) -> Refusal {
        let path = call.request.uri().path();
        if self.nodes[call.node].is_other_version && path == "/v4/websocket" {
            return Refusal::new(404, "No static resource v4/websocket.");
        }
        self.note(format!("{method} {path} is no request of this platform"));
        let is_path = match steps {
            ["version"] | ["v4", "sessions", _, "players", _] => true,
            ["v4", "lyrics"] => self.has_lava_lyrics(call.node),
            ["v4", "sessions", _, "players", _, rest @ ..] => {
                let plugins = [
                    ["sponsorblock", "categories"],
                    ["track", "lyrics"],
                    ["lyrics", "subscribe"],
                ];
                self.has_lava_lyrics(call.node) && plugins.iter().any(|path| path == rest)
            }
            ["v4", rest @ ..] => matches!(
                rest,
                ["info" | "stats" | "loadtracks" | "decodetrack" | "decodetracks"]
                    | ["sessions", _]
                    | ["sessions", _, "players"]
                    | ["routeplanner", "status"]
                    | ["routeplanner", "free", "address" | "all"]
            ),
            _ => false,
        };
        if is_path {
            Refusal::new(405, format!("Method '{method}' is not supported."))
        } else {
            Refusal::new(404, format!("No endpoint {method} {path}."))
        }
    }

    fn refuse(&self, call: &Call<'_>, refusal: &Refusal) -> Answer {
        let path = call.request.uri().path();
        if let Some(why) = &refusal.why {
            let method = call.request.method();
            self.note(format!("{method} {path} is answered with 400: {why}"));
        }
        self.error(refusal, path, call.flag("trace"))
    }

    /// An error that was asked for; those about the password have no body, as the server's have not.
    pub(crate) fn fault(&self, status: u16, request: &Request<Option<Bytes>>) -> Answer {
        if matches!(status, 401 | 403) {
            return Answer::empty(status);
        }
        let refusal = Refusal::new(status, "a fault that was asked for");
        self.error(&refusal, request.uri().path(), false)
    }

    fn error(&self, refusal: &Refusal, path: &str, trace: bool) -> Answer {
        let reason = http::StatusCode::from_u16(refusal.status).ok();
        let error = ErrorObject {
            timestamp: self.now(),
            status: refusal.status,
            error: reason
                .and_then(|status| status.canonical_reason())
                .unwrap_or("None"),
            trace: trace.then_some(
                "org.springframework.web.server.ResponseStatusException\n\tat lavalink.server.Simulated.kt:1",
            ),
            message: &refusal.message,
            path,
        };
        Answer::json(refusal.status, text(&error))
    }
}
