//! The page Sandbox: the simulated world at the other end of the connections.
//!
//! It is there only if the dashboard knows a simulator ([`Simulation::find`]). A form becomes a command of the simulator
//! ([`form`]), an act is kept with what came of it ([`acts`]), and [`show`] and [`people`] make the HTML.
//!
//! ```text
//!  browser ──▶ guard ──▶ form ──▶ control address of the simulator ──▶ event ──▶ daemon or bot ──▶ journal
//!                        acts ◀── ledger, wire ◀──────────────────── requests, frames ◀─┘            │
//!                         └◀──────────────────── positions, links, gaps ◀────────────────────────────┘
//! ```

mod acts;
mod form;
mod people;
mod show;
mod simulation;

use std::sync::Arc;

use antiphon_core::Position;
use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, State, rejection::BytesRejection},
    http::StatusCode,
    response::{IntoResponse, Redirect, Response},
    routing::{get, post},
};
use jiff::Timestamp;
use maud::{Markup, html};
use serde::Deserialize;
use serde_json::{Value, json};

pub(super) use self::simulation::Simulation;
use self::{
    acts::{Act, Acts, Came},
    form::Form,
    simulation::Trouble,
};
use super::{
    Site,
    pages::{Failed, Query, asset, link, page},
};
use crate::plain::{is_hidden, plain};

/// Bytes of a form.
const FORM: usize = 64 << 10;
/// Acts that are shown with what came of them.
const SHOWN: usize = 8;
/// Entries of the wire on the page itself, without heartbeats.
const FEW: usize = 25;
/// Entries of the wire on its own page, and those that the page itself looks through.
const MANY: usize = 200;

/// Whether bytes are a form of these pages.
#[cfg(any(test, fuzzing))]
pub(super) fn reads(body: &[u8]) -> bool {
    Form::read(body).is_ok()
}

/// What the page has at hand.
pub(super) struct Sandbox {
    simulation: Simulation,
    acts: Acts,
}

impl Sandbox {
    pub(super) fn new(simulation: Simulation) -> Self {
        Self {
            simulation,
            acts: Acts::default(),
        }
    }
}

/// The simulated platforms: their names, and as people write them.
const PLATFORMS: [(&str, &str); 4] = [
    ("discord", "Discord"),
    ("queup", "QueUp"),
    ("stackexchange", "Stack Exchange"),
    ("lavalink", "Lavalink"),
];

/// Where and who the page is for.
#[derive(Clone, Debug, Default, Deserialize)]
struct Asked {
    #[serde(default)]
    platform: String,
    #[serde(default)]
    place: String,
    /// Name of the person who acts.
    #[serde(default, rename = "as")]
    person: String,
    /// Number of the act that was just done.
    done: Option<u64>,
    /// On the page of the wire.
    #[serde(default)]
    connection: String,
    #[serde(default)]
    from: String,
    /// What was asked for and is not there, a sentence each.
    #[serde(skip)]
    wrong: Vec<String>,
}

impl Asked {
    /// Only known platforms and sides, the first where none is named; says what is not known.
    fn settled(mut self) -> Self {
        let (first, shown) = PLATFORMS[0];
        if !PLATFORMS.iter().any(|(name, _)| *name == self.platform) {
            self.miss(
                &self.platform.clone(),
                "platform",
                &format!("{shown} is shown"),
            );
            first.clone_into(&mut self.platform);
        }
        if !["client", "server"].contains(&&*self.from) {
            self.miss(&self.from.clone(), "side", "both are shown");
            self.from.clear();
        }
        if self.connection.parse::<u64>().is_err() {
            self.miss(&self.connection.clone(), "connection", "all are shown");
            self.connection.clear();
        }
        // A field would send them back as they are, and nobody would see it.
        if self.person.contains(is_hidden) {
            self.miss(&self.person.clone(), "person", "somebody else acts");
            self.person.clear();
        }
        self
    }

    /// Notes that something is not there, unless nothing was asked for.
    fn miss(&mut self, asked: &str, what: &str, instead: &str) {
        if !asked.is_empty() {
            let short: String = asked.chars().take(64).collect();
            self.wrong
                .push(format!("There is no {what} `{short}`; {instead}."));
        }
    }

    fn said(&self) -> Markup {
        html! { @for wrong in &self.wrong { p.note.wrong role="status" { (plain(wrong)) } } }
    }
}

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new()
        .route("/sandbox", get(sandbox))
        .route("/sandbox/do", post(act).layer(DefaultBodyLimit::max(FORM)))
        .route("/sandbox/wire", get(wire))
        .route("/sandbox.css", get(style))
}

async fn style() -> Response {
    asset("text/css; charset=utf-8", include_str!("sandbox.css"))
}

/// Why there is no page.
#[derive(Debug)]
enum Wrong {
    /// The simulator gives no answer that can be used.
    Trouble(Trouble),
    /// A form that no page of this server has.
    Form(String),
    /// A form that is larger than the simulator's commands are.
    Large,
    Missing,
}

impl From<Trouble> for Wrong {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

impl IntoResponse for Wrong {
    fn into_response(self) -> Response {
        let (status, title, said) = match self {
            Self::Trouble(trouble) => (
                StatusCode::SERVICE_UNAVAILABLE,
                "The simulator cannot be asked",
                trouble.to_string(),
            ),
            Self::Form(said) => (StatusCode::BAD_REQUEST, "Not done", said),
            Self::Large => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "Not done",
                format!("A form may have {} KiB; write a shorter text.", FORM >> 10),
            ),
            Self::Missing => return Failed::missing("There is no such page.").into_response(),
        };
        let body = html! {
            h1 { (title) }
            p { (plain(&said)) }
            @if status == StatusCode::SERVICE_UNAVAILABLE {
                p.note { "`antiphon sim --write antiphon.toml` starts one and writes where it is. The journal's own pages go on without it." }
            }
            p { a href="/sandbox" { "Try again" } }
        };
        (status, page(title, "/sandbox", &body)).into_response()
    }
}

async fn sandbox(
    State(site): State<Arc<Site>>,
    Query(asked): Query<Asked>,
) -> Result<Response, Wrong> {
    let sandbox = site.sandbox.as_ref().ok_or(Wrong::Missing)?;
    let scene = people::Scene::look(&sandbox.simulation, asked.settled()).await?;
    let happened = happened(&site, sandbox).await?;
    let path = format!("/wire?platform={}&limit={MANY}", scene.asked.platform);
    let mut entries = sandbox.simulation.lines(&path).await?;
    entries.retain(|entry| !acts::is_beat(entry));
    entries.drain(..entries.len().saturating_sub(FEW));
    let said = scene.asked.done.and_then(|number| {
        let acts = happened.iter().map(|one| &one.act);
        acts.into_iter().find(|act| act.number == number)
    });
    let body = html! {
        link rel="stylesheet" href="/sandbox.css";
        h1 { "Sandbox" }
        (scene.asked.said())
        p.note { "The simulator at " (sandbox.simulation.control()) ". What is done here happens in its world, and nowhere else." }
        (scene.where_and_who())
        @if let Some(act) = said { (show::outcome(act)) }
        div data-renew="2" { (scene.messages()) }
        (scene.acting())
        div data-renew="2" {
            h2 id="happened" { "What happened" }
            (show::happened(&happened, &site))
            h2 { "The wire" }
            p.note { "The newest first, without secrets, headers and heartbeats. " a href=(link("/sandbox/wire", &[("platform", &scene.asked.platform)])) { "more of it" } }
            (show::wire(&entries, &scene.asked))
        }
    };
    Ok(page("Sandbox", "/sandbox", &body).into_response())
}

/// An act, and what came of it.
struct Happened {
    act: Act,
    /// With the times in Unix milliseconds.
    came: Vec<(i64, Came)>,
    /// The act behind it.
    next: Option<Act>,
    /// Entries and rows that are not shown.
    more: usize,
    /// Where the journal has the events.
    positions: std::collections::BTreeMap<String, Position>,
}

/// Most lines of what came of an act.
const LINES: usize = 30;

async fn happened(site: &Site, sandbox: &Sandbox) -> Result<Vec<Happened>, Trouble> {
    let acts = sandbox.acts.newest(SHOWN);
    let mut all = Vec::with_capacity(acts.len());
    let mut origins = Vec::new();
    for (index, act) in acts.iter().enumerate() {
        let next = index.checked_sub(1).map(|next| &acts[next]);
        let mut came = acts::came_of(&sandbox.simulation, act, next).await?;
        links(site, act, next, &mut came);
        came.sort_by_key(|(at, _)| *at);
        let more = came.len().saturating_sub(LINES);
        // What names the act stays, however much else there is.
        let mut surplus = more;
        let is_tied = |came: &Came| !matches!(came, Came::Sent(_, acts::Tie::After));
        for index in (0..came.len()).rev() {
            if surplus > 0 && !is_tied(&came[index].1) {
                came.remove(index);
                surplus -= 1;
            }
        }
        came.truncate(LINES);
        for (_, came) in &came {
            if let Came::Event(row) = came
                && let Some(origin) = row.get("origin").and_then(Value::as_str)
            {
                origins.push(origin.to_owned());
            }
        }
        all.push((act.clone(), next.cloned(), came, more));
    }
    let positions = match site.journal().await {
        Ok(journal) => sandbox.acts.find(&*journal, &acts, &origins).await,
        Err(_) => std::collections::BTreeMap::new(),
    };
    let all = all.into_iter().map(|(act, next, came, more)| Happened {
        act,
        next,
        came,
        more,
        positions: positions.clone(),
    });
    Ok(all.collect())
}

/// Adds the changes of connections between an act and the next one.
fn links(site: &Site, act: &Act, next: Option<&Act>, came: &mut Vec<(i64, Came)>) {
    site.recent.look(|figures| {
        let later = figures
            .links
            .iter()
            .rev()
            .take_while(|change| change.at >= act.at);
        let before_next = later.filter(|change| next.is_none_or(|next| change.at < next.at));
        let mut newest: Vec<_> = before_next
            .take(LINES)
            .map(|change| {
                let link = Came::Link {
                    source: change.source.clone(),
                    place: change.place.clone(),
                    state: change.state.to_string(),
                };
                (change.at.as_millisecond(), link)
            })
            .collect();
        // Two changes within a millisecond stay in their order.
        newest.reverse();
        came.append(&mut newest);
    });
}

/// Does what a form asks for, and leads back to the page, whatever came of it.
async fn act(
    State(site): State<Arc<Site>>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Redirect, Wrong> {
    let sandbox = site.sandbox.as_ref().ok_or(Wrong::Missing)?;
    let body = body.map_err(|refused| match refused.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Wrong::Large,
        _ => Wrong::Form("The form did not come as a whole.".to_owned()),
    })?;
    let form = Form::read(&body).map_err(Wrong::Form)?;
    let position = match site.journal().await {
        Ok(journal) => *journal.last().borrow(),
        Err(_) => Position::ZERO,
    };
    let at = Timestamp::now();
    let command = Value::Object(form.command);
    let done = sandbox.simulation.execute(&command).await?;
    let number = sandbox.acts.add(at, command, done, position);
    let to = link(
        "/sandbox",
        &[
            ("platform", &form.platform),
            ("place", &form.place),
            ("as", &form.person),
            ("done", &number.to_string()),
        ],
    );
    Ok(Redirect::to(&to))
}

/// Everything that is kept of a platform's connections, or of one.
async fn wire(
    State(site): State<Arc<Site>>,
    Query(asked): Query<Asked>,
) -> Result<Response, Wrong> {
    let sandbox = site.sandbox.as_ref().ok_or(Wrong::Missing)?;
    let asked = asked.settled();
    let limit = MANY.to_string();
    let parameters = [
        ("platform", &*asked.platform),
        ("connection", &asked.connection),
        ("from", &asked.from),
        ("limit", &limit),
    ];
    let entries = sandbox
        .simulation
        .lines(&link("/wire", &parameters))
        .await?;
    let body = html! {
        link rel="stylesheet" href="/sandbox.css";
        h1 { "The wire" }
        (asked.said())
        p { a href=(link("/sandbox", &[("platform", &asked.platform)])) { "Back to the sandbox" } }
        form.filters method="get" action="/sandbox/wire" {
            label { "platform" select name="platform" { @for (name, shown) in PLATFORMS { option value=(name) selected[name == asked.platform] { (shown) } } } }
            label { "sent by" select name="from" {
                option value="" { "both sides" }
                option value="client" selected[asked.from == "client"] { "the client" }
                option value="server" selected[asked.from == "server"] { "the platform" }
            } }
            label { "connection" input name="connection" value=(asked.connection) inputmode="numeric" size="6"; }
            button { "Show" }
        }
        p.note { "The newest " (MANY) ", the newest first. The simulator keeps the last 500 of each connection and the first 4 KiB of each body; secrets and headers are left out." }
        div data-renew="5" { (show::wire(&entries, &asked)) }
    };
    Ok(page("The wire", "/sandbox", &body).into_response())
}

/// A text of a JSON object; empty if there is none.
fn text<'a>(of: &'a Value, field: &str) -> &'a str {
    of.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// The items of a list in a JSON object.
fn list<'a>(of: &'a Value, field: &str) -> &'a [Value] {
    of.get(field)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

/// A command of a platform without fields.
fn command(platform: &str, name: &str) -> Value {
    json!({"platform": platform, "do": name})
}
