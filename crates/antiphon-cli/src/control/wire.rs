//! What the control socket sends.
//!
//! Every answer is one JSON object with `version`. New fields come in any version of antiphon; a field that changes its
//! meaning or goes away makes a new version of the format, under a new first part of the path.

use std::{path::Path, time::Duration};

use antiphon::{Status, discord};
use antiphon_core::{Erased, KindPattern, Position, Retention};
use antiphon_journal::{ConsumerOverview, Inspect, Overview};

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse as _, Response},
};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{args::Whom, journal::location::Location};

/// Version of the format; the first part of every path is `v` and this number.
pub(crate) const VERSION: u32 = 1;

/// Answer of `GET /v1/status`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "status")]
#[serde(default)]
pub(crate) struct Report {
    /// Version of this format: 1.
    pub(crate) version: u32,
    /// The process that answers.
    pub(crate) process: Process,
    /// How the app does.
    pub(crate) app: Status,
    /// Identifies that are left to each Discord bot whose number is known.
    pub(crate) identifies: Vec<Identifies>,
    /// The journal's files and consumers.
    pub(crate) journal: JournalReport,
    /// What the journal keeps, and for how long; absent where the daemon's version does not say.
    pub(crate) retention: Option<RetentionReport>,
}

/// What a journal keeps, and for how long; kinds that platforms call momentary are kept for minutes beside it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct RetentionReport {
    /// How long events are kept that no rule names; null for good.
    pub(crate) keep_seconds: Option<u64>,
    /// The first rule that matches a kind counts.
    pub(crate) rules: Vec<RuleReport>,
    /// Size in bytes above which the oldest events go first; null for no limit.
    pub(crate) max_bytes: Option<u64>,
    /// How long the body of an event is kept after its platform has deleted it.
    pub(crate) delete_grace_seconds: u64,
    /// How long repeats are recognised.
    pub(crate) window_seconds: u64,
}

/// How long events of some kinds are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct RuleReport {
    /// Kinds that it is about, with `*` for any characters.
    pub(crate) kind: String,
    /// How long their events are kept.
    pub(crate) keep_seconds: u64,
}

impl From<&Retention> for RetentionReport {
    fn from(policy: &Retention) -> Self {
        let rules = policy.rules.iter().map(|(kind, keep)| RuleReport {
            kind: kind.as_str().to_owned(),
            keep_seconds: keep.as_secs(),
        });
        Self {
            keep_seconds: policy.keep.map(|keep| keep.as_secs()),
            rules: rules.collect(),
            max_bytes: policy.max_bytes,
            delete_grace_seconds: policy.delete_grace.as_secs(),
            window_seconds: policy.window.as_secs(),
        }
    }
}

impl From<&RetentionReport> for Retention {
    fn from(report: &RetentionReport) -> Self {
        let rules = report.rules.iter().map(|rule| {
            let keep = Duration::from_secs(rule.keep_seconds);
            (KindPattern::new(rule.kind.as_str()), keep)
        });
        Self {
            keep: report.keep_seconds.map(Duration::from_secs),
            rules: rules.collect(),
            max_bytes: report.max_bytes,
            delete_grace: Duration::from_secs(report.delete_grace_seconds),
            window: Duration::from_secs(report.window_seconds),
            ..Self::default()
        }
    }
}

/// The process of a daemon.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct Process {
    /// Version of antiphon.
    pub(crate) antiphon: String,
    /// Number of the process.
    pub(crate) id: u32,
    /// What its operator should mend, though it runs: such as a file of secrets that others can read.
    pub(crate) warnings: Vec<String>,
}

/// What is left of a bot's daily identifies.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Identifies {
    /// Name of the source.
    pub(crate) source: String,
    /// Identifies that are left.
    pub(crate) remaining: u32,
    /// Identifies of a day.
    pub(crate) total: u32,
    /// When the day ends.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub(crate) resets_at: Timestamp,
}

impl Identifies {
    /// What is left to this bot; `None` while no number is known.
    pub(crate) fn of(bot: &discord::Client) -> Option<Self> {
        let left = bot.identifies_left()?;
        Some(Self {
            source: bot.source().to_string(),
            remaining: left.remaining,
            total: left.total,
            resets_at: left.resets_at,
        })
    }
}

/// A journal's files and consumers.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct JournalReport {
    /// Its path, as the answering process knows it; for a journal on servers, its name and their addresses.
    pub(crate) path: String,
    /// Bytes of the file, or of the stream on one server; absent if it cannot be looked at.
    pub(crate) bytes: Option<u64>,
    /// Bytes of the write-ahead log; 0 if there is none.
    pub(crate) log_bytes: u64,
    /// Bytes that are free on its disk for whoever asks, or under the limit of the stream; absent where nobody says.
    pub(crate) free_bytes: Option<u64>,
    /// Every consumer that it knows, by name; absent if the journal could not be read within a second.
    pub(crate) consumers: Option<Vec<Consumer>>,
}

impl JournalReport {
    /// What the file system says of a journal.
    pub(crate) fn of_files(path: &Path) -> Self {
        let length = |path: &Path| std::fs::metadata(path).ok().map(|file| file.len());
        let mut log = path.as_os_str().to_owned();
        log.push("-wal");
        Self {
            path: path.display().to_string(),
            bytes: length(path),
            log_bytes: length(Path::new(&log)).unwrap_or(0),
            free_bytes: free_bytes(path),
            consumers: None,
        }
    }

    /// What the file system, or the server, says of a journal.
    pub(crate) async fn of(location: &Location, journal: &dyn Inspect) -> Self {
        if let Some(path) = location.file() {
            return Self::of_files(path);
        }
        let size = journal.size().await.ok();
        Self {
            bytes: size.map(|size| size.bytes),
            free_bytes: size.and_then(|size| size.free_bytes),
            ..Self::nameless(location)
        }
    }

    /// Where a journal is, and nothing else of it.
    pub(crate) fn nameless(location: &Location) -> Self {
        Self {
            path: location.to_string(),
            ..Self::default()
        }
    }

    /// The same with its consumers, at `now`.
    pub(crate) fn with(mut self, overview: &Overview, now: Timestamp) -> Self {
        let consumers = overview.consumers.iter();
        let consumer = |one| Consumer::new(one, overview.last, now);
        self.consumers = Some(consumers.map(consumer).collect());
        self
    }
}

/// Bytes that are free for this user on a file's disk.
#[cfg(unix)]
fn free_bytes(path: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(path).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

#[cfg(not(unix))]
fn free_bytes(_: &Path) -> Option<u64> {
    None
}

/// A consumer, as the journal's file has it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct Consumer {
    /// Its name.
    pub(crate) name: String,
    /// Position up to which it has read; absent for one that has only dead letters.
    pub(crate) read: Option<u64>,
    /// How many positions lie from the first event that it still needs to the last one.
    pub(crate) lag: Option<u64>,
    /// Seconds since the oldest event that it still needs was received; 0 if it needs none.
    pub(crate) lag_seconds: Option<f64>,
    /// Id of the process that has it now; absent if nobody has it, and 0 if the system does not say who.
    pub(crate) process: Option<u32>,
    /// Number of partitions into which it is split for workers; absent if it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) partitions: Option<u16>,
    /// Its workers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) workers: Vec<Worker>,
    /// Number of its dead letters.
    pub(crate) dead_letters: u64,
    /// When the oldest of them was given up.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub(crate) oldest_dead_letter_at: Option<Timestamp>,
    /// When the newest of them was given up.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub(crate) newest_dead_letter_at: Option<Timestamp>,
}

/// One of several processes of a consumer.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct Worker {
    /// Id of the process; 0 if it cannot be told which.
    pub(crate) process: u32,
    /// Number of partitions that it has.
    pub(crate) partitions: u16,
    /// How many positions lie from the first event that they still need to the last one.
    pub(crate) lag: u64,
}

impl Consumer {
    pub(crate) fn new(one: &ConsumerOverview, last: Position, now: Timestamp) -> Self {
        let cursor = one.cursor.as_ref();
        let lag = |from: Position| (last.get() + 1).saturating_sub(from.get());
        let age = |at: Timestamp| now.duration_since(at).as_secs_f64().max(0.0);
        Self {
            name: one.name.to_string(),
            read: cursor.map(|cursor| cursor.read.get()),
            lag: cursor.map(|cursor| lag(cursor.needs())),
            lag_seconds: cursor.map(|_| one.waits_since.map_or(0.0, age)),
            process: one.process,
            partitions: (one.partitions > 0).then_some(one.partitions),
            workers: one
                .workers
                .iter()
                .map(|worker| Worker {
                    process: worker.process,
                    partitions: worker.partitions,
                    lag: lag(worker.needs),
                })
                .collect(),
            dead_letters: one.dead_letters,
            oldest_dead_letter_at: one.dead_since,
            newest_dead_letter_at: one.dead_until,
        }
    }
}

/// Answer of `GET /v1/samples`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "samples")]
#[serde(default)]
pub(crate) struct Lately {
    /// Version of this format: 1.
    pub(crate) version: u32,
    /// Seconds between two samples.
    pub(crate) every_seconds: u64,
    /// The samples of the last hour, the oldest first; empty in the first seconds of a run.
    pub(crate) samples: Vec<Sample>,
}

/// How the daemon did between two moments.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct Sample {
    /// When it was taken; it is about the time since the one before.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub(crate) at: Timestamp,
    /// Events that were stored.
    pub(crate) stored: u64,
    /// How long batches took to be stored; null if there were none.
    pub(crate) commit: Option<Quantiles>,
    /// From the receipt of live events to their being stored; null if there were none.
    pub(crate) receipt_to_stored: Option<Quantiles>,
    /// From the receipt of live events to the end of their handlers; null if none was handled.
    pub(crate) receipt_to_handled: Option<Quantiles>,
    /// How far behind each consumer of the journal was, of at most 32.
    pub(crate) consumers: Vec<ConsumerLag>,
}

/// How long things took, right to within a tenth.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct Quantiles {
    /// How many were measured.
    pub(crate) count: u64,
    /// Milliseconds that half of them took at most.
    pub(crate) p50_ms: f64,
    /// Milliseconds that all but one in a hundred took at most.
    pub(crate) p99_ms: f64,
}

/// How far behind a consumer was.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub(crate) struct ConsumerLag {
    /// Its name.
    pub(crate) name: String,
    /// How many positions lay from the first event that it needed to the last one.
    pub(crate) lag: u64,
    /// Seconds since the oldest event that it needed was received; 0 if it needed none.
    pub(crate) lag_seconds: f64,
}

/// Request to erase a person: `POST /v1/erase`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Erasure {
    /// The person.
    pub(crate) whom: Whom,
}

/// Answer to a request to erase a person.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ErasureDone {
    /// Version of this format: 1.
    pub(crate) version: u32,
    /// What was changed.
    #[serde(flatten)]
    pub(crate) erased: Erased,
}

/// Answer to a request that could not be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Problem {
    /// Version of this format: 1.
    pub(crate) version: u32,
    /// What is wrong, in one sentence.
    pub(crate) error: String,
    /// What to do about it, where something is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) hint: Option<String>,
    /// What is wrong with the journal, in a word, where that is the cause: `full`, `locked`, `changed`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) trouble: Option<String>,
}

impl Problem {
    pub(crate) fn new(error: impl Into<String>) -> Self {
        Self {
            version: VERSION,
            error: error.into(),
            hint: None,
            trouble: None,
        }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// The answer to a request that could not be done.
pub(crate) fn answer(status: StatusCode, problem: Problem) -> Response {
    (status, Json(problem)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_answer_has_every_field_and_no_other() {
        let page = include_str!("../../../../docs/control-socket.md");
        let (_, block) = page.split_once("```json\n").expect("an example");
        let (example, _) = block.split_once('\n').expect("a line");
        let example: serde_json::Value = serde_json::from_str(example).expect("JSON");
        let report: Report = serde_json::from_value(example.clone()).expect("a report");
        let written = serde_json::to_value(&report).expect("plain data");
        assert_eq!(written, example);
    }
}
