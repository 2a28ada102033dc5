//! What each path of the control socket answers.

use std::time::Duration;

use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, State},
    http::{Method, StatusCode, Uri},
    response::Response,
    routing::get,
};
use jiff::Timestamp;
use tokio::time::timeout;

use super::{
    Running,
    wire::{self, Identifies, JournalReport, Problem, Process, Report, VERSION},
};

/// Most bytes of a request's body.
const BODY: usize = 64 << 10;
/// How long the journal has to say how far its consumers are.
const OVERVIEW: Duration = Duration::from_secs(1);

/// Every path.
pub(crate) fn routes(running: Running) -> Router {
    Router::new()
        .route("/v1/status", get(status))
        .fallback(no_such_path)
        .method_not_allowed_fallback(no_such_method)
        .layer(DefaultBodyLimit::max(BODY))
        .with_state(running)
}

/// `GET /v1/status`.
async fn status(State(running): State<Running>) -> Json<Report> {
    Json(report(&running).await)
}

/// The daemon at this moment.
pub(crate) async fn report(running: &Running) -> Report {
    let app = running.handle.status().await;
    let now: Timestamp = app.at;
    let overview = timeout(OVERVIEW, running.journal.overview()).await;
    let files = JournalReport::of_files(&running.path);
    Report {
        version: VERSION,
        process: Process {
            antiphon: env!("CARGO_PKG_VERSION").to_owned(),
            id: std::process::id(),
            warnings: running.warnings.clone(),
        },
        identifies: running.bots.iter().filter_map(Identifies::of).collect(),
        journal: match overview {
            Ok(Ok(overview)) => files.with(&overview, now),
            Ok(Err(_)) | Err(_) => files,
        },
        app,
    }
}

async fn no_such_path(uri: Uri) -> Response {
    let asked = uri.path();
    let problem = match asked
        .strip_prefix("/v")
        .and_then(|rest| rest.split('/').next())
    {
        Some(version) if version != VERSION.to_string() => {
            Problem::new(format!("this daemon speaks version {VERSION}"))
                .hint("use the antiphon that the daemon was started with")
        }
        _ => Problem::new("there is no such path").hint("docs/control-socket.md lists them"),
    };
    wire::answer(StatusCode::NOT_FOUND, problem)
}

async fn no_such_method(method: Method) -> Response {
    let problem = Problem::new(format!("this path takes no {method}"))
        .hint("docs/control-socket.md says what it takes");
    wire::answer(StatusCode::METHOD_NOT_ALLOWED, problem)
}
