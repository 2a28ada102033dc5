//! What all pages have in common, and the way to them.
//!
//! HTML is made by `maud`, which writes every text with its markup characters escaped; hidden characters are written out
//! by `plain`, as on a terminal. Links and forms alone lead from page to page, so that each works without JavaScript.

use std::sync::Arc;

use antiphon_core::ReadError;
use axum::{
    Router,
    extract::{self, FromRequestParts, Request},
    http::{StatusCode, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
    routing::get,
};
use jiff::{Timestamp, tz::TimeZone};
use maud::{DOCTYPE, Markup, html};
use serde::de::DeserializeOwned;

use super::{Site, dead, events, latency, overview, players, storage};
use crate::{
    failure::{Failure, report},
    plain::plain,
};

/// Rows of a list.
pub(super) const ROWS: usize = 100;

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new()
        .merge(overview::routes())
        .merge(events::routes())
        .merge(players::routes())
        .merge(latency::routes())
        .merge(storage::routes())
        .merge(dead::routes())
        .route("/style.css", get(asset_style))
        .route("/live.js", get(asset_script))
        .route("/icon.svg", get(asset_icon))
        .fallback(missing)
}

async fn asset_style() -> Response {
    asset("text/css; charset=utf-8", include_str!("style.css"))
}

async fn asset_script() -> Response {
    asset("text/javascript; charset=utf-8", include_str!("live.js"))
}

async fn asset_icon() -> Response {
    asset("image/svg+xml", include_str!("icon.svg"))
}

pub(super) fn asset(form: &'static str, text: &'static str) -> Response {
    let headers = [
        (header::CONTENT_TYPE, form),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (headers, text).into_response()
}

/// A page that could not be made; it is a page itself.
#[derive(Debug)]
pub(super) struct Failed {
    status: StatusCode,
    said: String,
}

impl From<Failure> for Failed {
    fn from(failure: Failure) -> Self {
        let (_, lines) = report(&failure.into());
        Self {
            status: StatusCode::SERVICE_UNAVAILABLE,
            said: lines.join("\n"),
        }
    }
}

impl From<ReadError> for Failed {
    fn from(error: ReadError) -> Self {
        Failure::from(error).into()
    }
}

impl Failed {
    /// What was asked for cannot be understood.
    pub(super) fn wrong(said: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            said: said.into(),
        }
    }

    pub(super) fn missing(said: impl Into<String>) -> Self {
        Self {
            status: StatusCode::NOT_FOUND,
            said: said.into(),
        }
    }
}

impl Failed {
    /// For an address that cannot be read; `wrong` is the framework's reason, without a full stop.
    pub(super) fn unread(wrong: &str, way_out: &str) -> Self {
        Self::wrong(format!("{wrong}.\n{way_out}"))
    }
}

impl IntoResponse for Failed {
    fn into_response(self) -> Response {
        let title = match self.status {
            StatusCode::NOT_FOUND => "Not here",
            StatusCode::BAD_REQUEST => "The address cannot be read",
            _ => "The journal cannot be read",
        };
        let body = html! {
            h1 { (title) }
            @for line in self.said.lines() { p { (plain(line)) } }
        };
        (self.status, page(title, "", &body)).into_response()
    }
}

/// What stands behind the `?` of an address. One that cannot be read, such as a number that is none or a key that comes
/// twice, is answered by a page with status 400.
pub(super) struct Query<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Failed;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failed> {
        match extract::Query::try_from_uri(&parts.uri) {
            Ok(extract::Query(query)) => Ok(Self(query)),
            Err(wrong) => Err(Failed::unread(
                &wrong.body_text(),
                "Leave out what stands behind the `?`.",
            )),
        }
    }
}

/// The variable parts of a path; one that cannot be read is answered as a [`Query`] is.
pub(super) struct Path<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Failed;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failed> {
        let path = extract::Path::from_request_parts(parts, state).await;
        match path {
            Ok(extract::Path(path)) => Ok(Self(path)),
            Err(wrong) => Err(Failed::unread(
                &wrong.body_text(),
                "The pages above lead on.",
            )),
        }
    }
}

pub(super) type Answer = Result<Markup, Failed>;

async fn missing() -> Failed {
    Failed::missing("There is no such page.")
}

/// An address and a name of a tab.
type Tab = (&'static str, &'static str);

tokio::task_local! {
    /// Tabs that this server has beside those of every dashboard.
    static FURTHER: &'static [Tab];
}

/// Answers a request with pages that have these tabs too.
pub(super) async fn with_tabs(tabs: &'static [Tab], request: Request, next: Next) -> Response {
    FURTHER.scope(tabs, next.run(request)).await
}

/// What all pages have around them.
pub(super) fn page(title: &str, path: &str, body: &Markup) -> Markup {
    const TABS: [Tab; 7] = [
        ("/", "Overview"),
        ("/events", "Events"),
        ("/places", "Places"),
        ("/players", "Players"),
        ("/latency", "Latency"),
        ("/storage", "Storage"),
        ("/dead", "Dead letters"),
    ];
    let further = FURTHER.try_with(|tabs| *tabs).unwrap_or_default();
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " – antiphon" }
                link rel="stylesheet" href="/style.css";
                link rel="icon" href="/icon.svg";
                script src="/live.js" defer {}
            }
            body {
                a.skip href="#main" { "To the content" }
                header {
                    strong { "antiphon" }
                    nav aria-label="Pages" {
                        @for &(to, name) in TABS.iter().chain(further) {
                            a href=(to) aria-current=[(to == path).then_some("page")] { (name) }
                        }
                    }
                }
                main id="main" { (body) }
            }
        }
    }
}

/// The local time of an event, to the second.
pub(super) fn clock(at: Timestamp) -> String {
    at.to_zoned(TimeZone::system())
        .strftime("%H:%M")
        .to_string()
}

/// The local date and time, to the second.
pub(super) fn time_text(at: Timestamp) -> String {
    at.to_zoned(TimeZone::system())
        .strftime("%Y-%m-%d %H:%M:%S")
        .to_string()
}

pub(super) fn time(at: Timestamp) -> Markup {
    html! { time datetime=(at) { (time_text(at)) } }
}

/// An address with those parameters that are not empty.
pub(super) fn link(path: &str, parameters: &[(&str, &str)]) -> String {
    let set = parameters.iter().filter(|(_, value)| !value.is_empty());
    let mut query = form_urlencoded::Serializer::new(String::new());
    let query = query.extend_pairs(set).finish();
    if query.is_empty() {
        path.to_owned()
    } else {
        format!("{path}?{query}")
    }
}
