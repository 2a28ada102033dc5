//! `antiphon doctor`.
//!
//! First the file is checked as `antiphon check` does; a file with errors is as far as it goes. Then every source and
//! the journal are examined side by side, each within the limit that `--timeout` sets. Nothing is changed on a platform
//! and nothing is written to the journal: requests read, and no session is begun at Discord's Gateway or at a node. An
//! account without a kept login has to log in.
//!
//! A platform's part is its `doctor.rs`; `reach.rs` says why a server cannot be reached, `journal.rs` looks at the file,
//! and `servers.rs` at a journal on NATS.

mod journal;
mod probe;
mod reach;
#[cfg(feature = "jetstream")]
mod servers;
#[cfg(test)]
pub(crate) mod tests;

use std::{sync::Arc, time::Duration};

use schemars::JsonSchema;
use serde::Serialize;
use tokio::task::JoinSet;

pub(crate) use self::{
    probe::{Line, Probe, copy_of},
    reach::{Answer, explain},
};
use crate::{
    args::Doctor,
    config::{Config, check},
    failure::{Exit, Failure},
    finding::{Code, Severity},
    journal::location::Location,
    output::{Form, Output, Paint, say},
    signals::Stop,
};

/// Name of the part that the file's own findings belong to.
const FILE: &str = "configuration";
/// Name of the part that the journal's findings belong to.
const JOURNAL: &str = "journal";

/// # Errors
/// A secret that cannot be read any more. Findings are no errors of the command: its exit code tells of them.
pub(crate) async fn doctor(args: Doctor, stop: &Stop) -> anyhow::Result<Exit> {
    let mut output = Output::stdout(args.shape.output);
    let checked = check::whole(&args.config);
    let mut parts = vec![Probe::new(FILE, args.timeout)];
    for finding in checked.findings {
        parts[0].found(finding);
    }
    if let Some(config) = checked.config.filter(|_| !parts[0].has_errors()) {
        parts[0].fine(format!("{} has no errors", args.config.display()));
        let examined = examine(Arc::new(config), args.timeout);
        parts.extend(tokio::select! {
            examined = examined => examined?,
            () = stop.token().cancelled_owned() => return Ok(stop.exit()),
        });
    }
    let width = parts.iter().map(|part| part.name().chars().count()).max();
    for part in &parts {
        for line in part.lines() {
            print(&mut output, part.name(), width.unwrap_or(0), line)?;
        }
    }
    output.flush()?;
    let exit = exit(&parts, args.strict);
    if output.form() == Form::Text {
        say(sum(&parts));
    }
    Ok(exit)
}

/// Examines the sources and the journal side by side, and gives them in the order of the file.
///
/// The limit is that of a step: the login of a source, each of its nodes and rooms, the journal.
///
/// # Errors
/// A secret that cannot be read any more.
async fn examine(config: Arc<Config>, limit: Duration) -> Result<Vec<Probe>, Failure> {
    let mut tasks = JoinSet::new();
    let names: Vec<String> = config.sources.keys().cloned().collect();
    for (index, name) in names.into_iter().enumerate() {
        let config = Arc::clone(&config);
        tasks.spawn(async move {
            let mut probe = Probe::new(&name, limit);
            let source = config.sources().find(|(context, _)| context.name == name);
            let (context, source) = source.expect("the name is one of the file's");
            source.examine(context, &mut probe).await?;
            Ok((index, probe))
        });
    }
    tasks.spawn(async move {
        let mut probe = Probe::new(JOURNAL, limit);
        match config.location()? {
            Location::File(path) => journal::examine(&path, limit, &mut probe).await,
            #[cfg(feature = "jetstream")]
            Location::Servers(servers) => servers::examine(&servers, limit, &mut probe).await,
            #[cfg(not(feature = "jetstream"))]
            Location::Servers(_) => return Err(crate::journal::without_jetstream()),
        }
        Ok((usize::MAX, probe))
    });
    let mut done = tasks
        .join_all()
        .await
        .into_iter()
        .collect::<Result<Vec<_>, Failure>>()?;
    done.sort_by_key(|(index, _)| *index);
    Ok(done.into_iter().map(|(_, probe)| probe).collect())
}

/// How a thing is that was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Status {
    /// As it should be.
    Ok,
    /// Good to know.
    Note,
    /// Something is missing or at risk.
    Warning,
    /// It does not work.
    Error,
}

impl Status {
    fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl From<Severity> for Status {
    fn from(severity: Severity) -> Self {
        match severity {
            Severity::Error => Self::Error,
            Severity::Warning => Self::Warning,
            Severity::Note => Self::Note,
        }
    }
}

/// One thing that was looked at, as `--output json` shows it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Examined")]
pub(crate) struct Row<'a> {
    /// Name of the source, `configuration`, or `journal`.
    part: &'a str,
    /// How it is.
    status: Status,
    /// What was found, in one sentence; for a mistake of the file, with its place.
    message: String,
    /// Stable word for what is wrong; docs/troubleshooting.md has them all.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    /// Why, in the words of another program or library.
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<&'a str>,
    /// The way out.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'a str>,
}

impl<'a> Row<'a> {
    fn new(part: &'a str, line: &'a Line) -> Self {
        match line {
            Line::Fine(message) => Self {
                part,
                status: Status::Ok,
                message: message.clone(),
                code: None,
                cause: None,
                hint: None,
            },
            Line::Found(finding) => {
                let at = finding.at.as_ref().map(|at| format!("{at}: "));
                Self {
                    part,
                    status: finding.severity().into(),
                    message: format!("{}{}", at.unwrap_or_default(), finding.message),
                    code: Some(finding.code.word()),
                    cause: finding.cause.as_deref(),
                    hint: Some(finding.way_out()),
                }
            }
        }
    }
}

/// Prints one line for what was looked at, and cause and way out beneath it.
fn print(output: &mut Output, part: &str, width: usize, line: &Line) -> anyhow::Result<()> {
    let row = Row::new(part, line);
    if output.form() == Form::Json {
        return output.json(&row);
    }
    let code = row.code.map(|code| format!(" [{code}]"));
    let paint = if row.status == Status::Ok {
        Paint::Faint
    } else {
        Paint::Bold
    };
    output.painted(&[
        (paint, &format!("{:<7}", row.status.word())),
        (Paint::No, &format!("  {part:<width$}  ")),
        (Paint::No, &row.message),
        (Paint::Faint, &code.unwrap_or_default()),
    ])?;
    if let Some(cause) = row.cause {
        output.line(format_args!("           cause: {cause}"))?;
    }
    if let Some(hint) = row.hint {
        output.line(format_args!("           hint: {hint}"))?;
    }
    Ok(())
}

/// The findings in numbers.
fn sum(parts: &[Probe]) -> String {
    let count = |severity| {
        let findings = parts.iter().flat_map(Probe::findings);
        findings
            .filter(|finding| finding.severity() == severity)
            .count()
    };
    match (count(Severity::Error), count(Severity::Warning)) {
        (0, 0) => "all is well".to_owned(),
        (errors, warnings) => format!("errors: {errors}, warnings: {warnings}"),
    }
}

/// 2 for a wrong file, 3 for a source with an error, 6, 3 or 1 for a journal with one, 1 for warnings if they count.
fn exit(parts: &[Probe], is_strict: bool) -> Exit {
    let of = |name: &str| parts.iter().find(|part| part.name() == name);
    let mut sources = parts
        .iter()
        .filter(|part| ![FILE, JOURNAL].contains(&part.name()));
    if of(FILE).is_some_and(Probe::has_errors) {
        return Exit::Usage;
    }
    if sources.any(Probe::has_errors) {
        return Exit::Unreachable;
    }
    let has = |part: &Probe, code| part.findings().any(|finding| finding.code == code);
    if let Some(journal) = of(JOURNAL).filter(|journal| journal.has_errors()) {
        return if has(journal, Code::JournalDamaged) || has(journal, Code::JournalNewer) {
            Exit::JournalUnreadable
        } else if has(journal, Code::JournalUnreachable) {
            Exit::Unreachable
        } else {
            Exit::Failed
        };
    }
    let mut findings = parts.iter().flat_map(Probe::findings);
    if is_strict && findings.any(|finding| finding.severity() == Severity::Warning) {
        return Exit::Failed;
    }
    Exit::Done
}
