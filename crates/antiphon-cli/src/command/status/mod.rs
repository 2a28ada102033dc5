//! `antiphon status`.
//!
//! It asks the daemon that writes the journal, by its control socket. Where none runs, it says so and reads the journal
//! alone: what a file can tell of sources, consumers, dead letters and gaps.
//!
//! Exit codes: 0 if all is well, 1 if something is not, with each reason (`reason.rs`), and the codes of every command
//! for a wrong command line and a journal that cannot be read.

mod offline;
pub(crate) mod reason;
pub(super) mod text;

use std::time::Duration;

use antiphon_journal::{Inspect, Overview};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use self::{
    offline::Offline,
    reason::{Bounds, Code, Reason},
};
use crate::{
    args::Status,
    config,
    control::{
        self, Running,
        client::{AskError, Client},
        wire::{JournalReport, Report, VERSION},
    },
    failure::{Exit, Failure},
    journal::{self, location::Location},
    output::{Form, Output},
};

/// The line of `antiphon status --output json`.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "status", title = "antiphon status")]
pub(crate) struct Line {
    /// Version of this form: 1.
    version: u32,
    /// Whether all is well; the exit code is 0 then, and else 1.
    well: bool,
    /// Why it is not.
    reasons: Vec<Reason>,
    /// What the running daemon says; null if none runs.
    daemon: Option<Report>,
    /// What the journal alone says; null if a daemon runs.
    offline: Option<Offline>,
}

/// # Errors
/// No journal and nobody to ask; a daemon that gives no answer that can be read.
pub(crate) async fn status(args: Status) -> anyhow::Result<Exit> {
    let location = config::journal(&args.journal)?;
    let bounds = Bounds {
        down: args.down,
        lag: args.lag,
        dead: args.dead,
    };
    let line = look(&location, bounds, args.offline).await?;
    let mut output = Output::stdout(args.shape.output);
    match output.form() {
        Form::Json => output.json(&line)?,
        Form::Text => text::print(&mut output, &line)?,
    }
    output.flush()?;
    Ok(if line.well { Exit::Done } else { Exit::Failed })
}

/// Reads what the daemon says of itself; where none runs, what the journal alone says.
///
/// # Errors
/// No journal and nobody to ask; a daemon that gives no answer that can be read.
async fn look(location: &Location, bounds: Bounds, is_offline: bool) -> Result<Line, Failure> {
    match Client::of(location).get::<Report>("/v1/status").await {
        Ok(report) => Ok(Line::new(
            reason::reasons(&report, bounds),
            Some(report),
            None,
        )),
        Err(error) if error.is_absent() => {
            let offline = {
                let journal = journal::to_read(location).await?;
                Offline::read(&*journal, location).await?
            };
            let mut reasons = nobody(&error, is_offline);
            reasons.extend(offline.reasons(bounds));
            Ok(Line::new(reasons, None, Some(offline)))
        }
        Err(error) => Err(Failure::from(error)),
    }
}

/// How long a daemon has to answer a page that somebody waits for, and that asks again every few seconds.
const GLANCE: Duration = Duration::from_secs(1);

/// Why all is not well, for a program that has the journal open and looks every few seconds; and the daemon's report.
///
/// `running` is the daemon that this process is; a process that is none asks the one that runs, if one does.
///
/// The reasons are those of `antiphon status`, without its look through the newest events.
///
/// # Errors
/// A daemon that gives no answer that can be read.
pub(crate) async fn glance(
    running: Option<&Running>,
    (location, journal): (&Location, &dyn Inspect),
    overview: &Overview,
) -> Result<(Vec<Reason>, Option<Report>), Failure> {
    let bounds = Bounds::default();
    if let Some(running) = running {
        let report = control::report(running).await;
        return Ok((reason::reasons(&report, bounds), Some(report)));
    }
    let client = Client::of(location);
    match client.get_within::<Report>(GLANCE, "/v1/status").await {
        Ok(report) => Ok((reason::reasons(&report, bounds), Some(report))),
        Err(error) if error.is_absent() => {
            let now = Timestamp::now();
            let journal = JournalReport::of(location, journal)
                .await
                .with(overview, now);
            let mut reasons = nobody(&error, false);
            reasons.extend(reason::of_journal(&journal, now, bounds));
            Ok((reasons, None))
        }
        Err(error) => Err(Failure::from(error)),
    }
}

/// That no daemon runs is a reason, unless one that does not run is what the user expects.
fn nobody(error: &AskError, is_expected: bool) -> Vec<Reason> {
    if is_expected {
        return Vec::new();
    }
    vec![Reason::new(Code::NoDaemon, error.to_string()).hint(Some(error.hint()))]
}

impl Line {
    fn new(reasons: Vec<Reason>, daemon: Option<Report>, offline: Option<Offline>) -> Self {
        Self {
            version: VERSION,
            well: reasons.is_empty(),
            reasons,
            daemon,
            offline,
        }
    }
}
