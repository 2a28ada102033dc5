//! What each path of the control socket answers.

use std::time::Duration;

use antiphon::erasure::{EraseError, Erased};
use axum::{
    Extension, Json, Router,
    extract::{DefaultBodyLimit, State, rejection::JsonRejection},
    http::{Method, StatusCode, Uri},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use jiff::Timestamp;

use super::{
    EVERY, Running,
    deadline::Deadline,
    wire::{self, Erasure, ErasureDone, Identifies, Lately, Problem, Process, Report, VERSION},
};
use crate::{
    args::Whom,
    command::erase,
    failure::{Exit, Failure},
};

/// Most bytes of a request's body.
const BODY: usize = 64 << 10;
/// How long erasing a person may take.
const ERASING: Duration = Duration::from_secs(3600);

/// Every path.
pub(crate) fn routes(running: Running) -> Router {
    Router::new()
        .route("/v1/status", get(status))
        .route("/v1/samples", get(samples))
        .route("/v1/erase", post(erase))
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
    let overview = running.overview().await;
    let files = running.files().await;
    Report {
        version: VERSION,
        process: Process {
            antiphon: env!("CARGO_PKG_VERSION").to_owned(),
            id: std::process::id(),
            warnings: running.warnings.all(),
        },
        identifies: running
            .bots
            .all()
            .iter()
            .filter_map(Identifies::of)
            .collect(),
        journal: match overview {
            Some(overview) => files.with(&overview, now),
            None => files,
        },
        retention: Some((&running.handle.retention()).into()),
        app,
    }
}

/// `GET /v1/samples`.
async fn samples(State(running): State<Running>) -> Json<Lately> {
    Json(lately(&running))
}

/// How the daemon did of late.
pub(crate) fn lately(running: &Running) -> Lately {
    Lately {
        version: VERSION,
        every_seconds: EVERY,
        samples: running.samples.all(),
    }
}

/// `POST /v1/erase`: erases a person from caches and journal, beside everything else that the daemon does.
async fn erase(
    State(running): State<Running>,
    Extension(deadline): Extension<Deadline>,
    request: Result<Json<Erasure>, JsonRejection>,
) -> Response {
    let Json(Erasure { whom }) = match request {
        Ok(request) => request,
        Err(wrong) => {
            let problem =
                Problem::new(format!("the request cannot be read: {}", wrong.body_text()));
            let problem = problem.hint("docs/control-socket.md describes what this path takes");
            return wire::answer(wrong.status(), problem);
        }
    };
    deadline.extend(ERASING);
    match erased(&running, &whom).await {
        Ok(erased) => Json(ErasureDone {
            version: VERSION,
            erased,
        })
        .into_response(),
        Err(failure) => {
            let status = match failure.exit() {
                Exit::Usage => StatusCode::BAD_REQUEST,
                _ => StatusCode::INTERNAL_SERVER_ERROR,
            };
            let mut problem = Problem::new(failure.to_string());
            problem.hint = failure.way_out().map(str::to_owned);
            wire::answer(status, problem)
        }
    }
}

async fn erased(running: &Running, whom: &Whom) -> Result<Erased, Failure> {
    let person = erase::person(whom, &*running.journal).await?;
    let erased = running.handle.erase(person).await;
    erased.map_err(|error| match error {
        EraseError::Append(error) => error.into(),
        EraseError::Read(error) => error.into(),
        error => Failure::from_error(Exit::Failed, error).hint("ask again once it runs"),
    })
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
