//! The control address: takes commands, and shows the ledger and the notes.
//!
//! It is HTTP/1.1 on an address of its own, for scripts, for other people's clients and for a person with `curl`:
//!
//! | request | answer |
//! | --- | --- |
//! | `GET /` | every address and login |
//! | `POST /do` | the outcome of a command, or 400 with the reason |
//! | `GET /commands` | all commands of all platforms, with their fields |
//! | `GET /ledger?after=N&due_to=ID&connection=ID&limit=N` | rows, one JSON object a line; 410 if some of them were dropped |
//! | `GET /wire?after=N&platform=NAME&connection=N&from=SIDE&limit=N` | frames, requests and answers, one JSON object a line |
//! | `GET /notes` | what the simulator did not expect |
//! | `GET /world?format=toml` | the present world, as a world file: JSON, or TOML |
//! | `GET /accounts` | the logins of QueUp |
//! | `POST /audit?platform=NAME&account=ID&until=N` | an audit of the events in the body, one JSON object a line |
//!
//! An answer to a command has two heads: `antiphon-ledger: 12-15`, the numbers of the last rows before and after it, and
//! `antiphon-wire: 88`, the number of the wire's last entry before it.
//!
//! `gate` refuses requests that a browser sends for another site, and a token may be asked for
//! ([`Options::control_token`](crate::Options::control_token)).

use std::{convert::Infallible, hint::black_box, net::SocketAddr, sync::Arc};

use antiphon_core::Secret;
use antiphon_net::Addresses;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use serde::Serialize;

use crate::{
    addresses::Login,
    audit::{self, PostError},
    command::Command,
    gate::Gate,
    ledger::{Ledger, Query},
    line::Line,
    platforms::Platforms,
    queup::QueUp,
    wire::{Wire, WireQuery, WireSide},
};

/// Longest command.
///
/// A longer one is refused with 400.
const LONGEST: usize = 1 << 20;
/// Rows shown at a time, unless fewer are asked for.
///
/// A script that follows the ledger asks with `after` for what comes behind.
const PAGE: usize = 10_000;

/// Head of an answer to a command: the numbers of the ledger's last rows before and after it, as `12-15`.
const LEDGER: &str = "antiphon-ledger";
/// Head of an answer to a command: the number of the wire's last entry before it.
const WIRE: &str = "antiphon-wire";

/// The server of the control address; clones serve the same simulation.
#[derive(Clone)]
pub(crate) struct ControlServer {
    /// The simulation that is served.
    platforms: Platforms,
    ledger: Ledger,
    wire: Wire,
    /// Answer of `GET /`.
    addresses: Arc<Addresses>,
    gate: Gate,
    /// Token that every request must carry, if there is one.
    token: Option<Secret>,
}

type Page = Response<Full<Bytes>>;

impl ControlServer {
    pub(crate) fn new(
        platforms: Platforms,
        ledger: Ledger,
        wire: Wire,
        addresses: Addresses,
        gate: Gate,
        token: Option<Secret>,
    ) -> Self {
        Self {
            platforms,
            ledger,
            wire,
            addresses: Arc::new(addresses),
            gate,
            token,
        }
    }

    /// Serves one connection until either side ends it.
    pub(crate) async fn serve(self, line: Line) {
        let here = line.here();
        let service =
            service_fn(|request| async { Ok::<_, Infallible>(self.respond(request, here).await) });
        let connection = http1::Builder::new().serve_connection(TokioIo::new(line), service);
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a control connection ended");
        }
    }

    /// Answers one request; `here` is this machine's end of the connection.
    async fn respond(&self, request: Request<Incoming>, here: Option<SocketAddr>) -> Page {
        let (head, body) = request.into_parts();
        if let Some(error) = self.gate.refusal(&head.uri, &head.headers, here) {
            return json(StatusCode::FORBIDDEN, &serde_json::json!({"error": error}));
        }
        if !self.is_known(&head.headers) {
            let error = "the control address asks for its token: `Authorization: Bearer …`";
            return json(
                StatusCode::UNAUTHORIZED,
                &serde_json::json!({"error": error}),
            );
        }
        let query = head.uri.query().unwrap_or_default();
        match (&head.method, head.uri.path()) {
            (&Method::GET, "/") => json(StatusCode::OK, &*self.addresses),
            (&Method::GET, "/ledger") => match parse_query(query) {
                Ok(query) => self.show(&query),
                Err(error) => wrong(&error),
            },
            (&Method::GET, "/wire") => match parse_wire_query(query) {
                Ok(query) => lines(&self.wire.entries(&query)),
                Err(error) => wrong(&error),
            },
            (&Method::GET, "/world") => self.world(query),
            (&Method::GET, "/notes") => lines(&self.ledger.notes()),
            (&Method::GET, "/accounts") => {
                let accounts = self.platforms.get::<QueUp>().accounts();
                let accounts: Vec<Login> = accounts.into_iter().map(Login::from).collect();
                json(StatusCode::OK, &accounts)
            }
            (&Method::GET, "/commands") => json(StatusCode::OK, &Platforms::help()),
            (&Method::POST, "/do") => match Limited::new(body, LONGEST).collect().await {
                Ok(body) => self.execute(&String::from_utf8_lossy(&body.to_bytes())),
                Err(_) => wrong(&format!("a command has at most {LONGEST} bytes")),
            },
            (&Method::POST, "/audit") => match audit::posted(&self.ledger, query, body).await {
                Ok(audit) => json(StatusCode::OK, &audit),
                Err(PostError::Dropped(dropped)) => gone(dropped),
                Err(error) => wrong(&error.to_string()),
            },
            _ => json(
                StatusCode::NOT_FOUND,
                &serde_json::json!({
                    "error": "there are GET /, GET /ledger?after=N&due_to=ID&connection=ID&limit=N, GET /wire?after=N&platform=NAME&connection=N&from=SIDE&limit=N, GET /notes, GET /world?format=toml, GET /accounts, GET /commands, POST /do and POST /audit?platform=NAME&account=ID&until=N",
                }),
            ),
        }
    }

    /// Whether the caller knows the token, if there is one.
    fn is_known(&self, headers: &http::HeaderMap) -> bool {
        let Some(token) = &self.token else {
            return true;
        };
        let given = headers.get(header::AUTHORIZATION);
        let given = given.and_then(|value| value.to_str().ok()?.split_once(' '));
        given.is_some_and(|(scheme, given)| {
            scheme.eq_ignore_ascii_case("bearer") && is_same(given.trim_start(), token.expose())
        })
    }

    /// Shows the rows that fit a query; refuses one that concerns rows that were dropped.
    fn show(&self, query: &Query) -> Page {
        match self.ledger.whole(query) {
            Ok(rows) => lines(&rows),
            Err(dropped) => gone(dropped),
        }
    }

    /// Shows the present world as a world file.
    fn world(&self, query: &str) -> Page {
        let mut format = "json".to_owned();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            if name != "format" {
                return wrong(&format!("no parameter named `{name}`"));
            }
            format = value.into_owned();
        }
        match &*format {
            "json" => page(
                StatusCode::OK,
                "application/json",
                self.platforms.world().to_json(),
            ),
            "toml" => page(
                StatusCode::OK,
                "application/toml",
                self.platforms.world().to_toml(),
            ),
            other => wrong(&format!(
                "`{other}` is no format: there are `json` and `toml`"
            )),
        }
    }

    /// Executes a command; the heads of the answer say which rows and which entries of the wire came of it at once.
    fn execute(&self, text: &str) -> Page {
        let (rows, entries) = (self.ledger.last(), self.wire.last());
        let mut page =
            match Command::parse(text).and_then(|command| self.platforms.execute(&command)) {
                Ok(outcome) => json(StatusCode::OK, &outcome),
                Err(error) => wrong(&error.to_string()),
            };
        for (name, text) in [
            (LEDGER, format!("{rows}-{}", self.ledger.last())),
            (WIRE, entries.to_string()),
        ] {
            if let Ok(value) = text.parse() {
                page.headers_mut().insert(name, value);
            }
        }
        page
    }
}

/// Compares two texts in constant time.
fn is_same(one: &str, other: &str) -> bool {
    let pairs = one.bytes().zip(other.bytes());
    let differences = pairs.fold(0, |seen, (one, other)| black_box(seen | (one ^ other)));
    one.len() == other.len() && differences == 0
}

fn number(name: &str, value: &str) -> Result<u64, String> {
    value
        .parse()
        .map_err(|_| format!("`{name}` is not a number: {value}"))
}

/// A number of rows; one that no memory holds is all of them.
fn limit(name: &str, value: &str) -> Result<usize, String> {
    Ok(usize::try_from(number(name, value)?).unwrap_or(usize::MAX))
}

/// Reads the parameters of `GET /ledger`; an unknown one is an error.
fn parse_query(text: &str) -> Result<Query, String> {
    let mut query = Query {
        limit: Some(PAGE),
        ..Query::default()
    };
    for (name, value) in form_urlencoded::parse(text.as_bytes()) {
        match &*name {
            "after" => query.after = number(&name, &value)?,
            "limit" => query.limit = Some(limit(&name, &value)?),
            "due_to" => query.due_to = Some(value.into_owned()),
            "connection" => query.connection = Some(value.into_owned()),
            other => return Err(format!("no parameter named `{other}`")),
        }
    }
    Ok(query)
}

/// Reads the parameters of `GET /wire`; an unknown one is an error.
fn parse_wire_query(text: &str) -> Result<WireQuery, String> {
    let mut query = WireQuery::default();
    for (name, value) in form_urlencoded::parse(text.as_bytes()) {
        match &*name {
            "after" => query.after = Some(number(&name, &value)?),
            "limit" => query.limit = Some(limit(&name, &value)?),
            "connection" => query.connection = Some(number(&name, &value)?),
            "platform" => query.platform = Some(value.into_owned()),
            "from" => {
                query.from = Some(match &*value {
                    "client" => WireSide::Client,
                    "server" => WireSide::Server,
                    other => {
                        return Err(format!("`from` is `client` or `server`, not `{other}`"));
                    }
                });
            }
            other => return Err(format!("no parameter named `{other}`")),
        }
    }
    Ok(query)
}

/// The answer to a question that concerns rows that were dropped.
fn gone(dropped: u64) -> Page {
    json(
        StatusCode::GONE,
        &serde_json::json!({
            "error": format!(
                "the ledger is full, and its rows 1 to {dropped} were dropped: begin with `after={dropped}`, and compare nothing older"
            ),
            "dropped": dropped,
        }),
    )
}

fn wrong(error: &str) -> Page {
    json(
        StatusCode::BAD_REQUEST,
        &serde_json::json!({"error": error}),
    )
}

fn json(status: StatusCode, value: &impl Serialize) -> Page {
    let text = serde_json::to_string(value).unwrap_or_default() + "\n";
    page(status, "application/json", text)
}

/// One JSON document a line.
fn lines(values: &[impl Serialize]) -> Page {
    let mut text = String::new();
    for value in values {
        text += &serde_json::to_string(value).unwrap_or_default();
        text.push('\n');
    }
    page(StatusCode::OK, "application/x-ndjson", text)
}

fn page(status: StatusCode, kind: &'static str, text: String) -> Page {
    let mut page = Response::new(Full::new(Bytes::from(text)));
    *page.status_mut() = status;
    page.headers_mut()
        .insert(header::CONTENT_TYPE, http::HeaderValue::from_static(kind));
    page
}
