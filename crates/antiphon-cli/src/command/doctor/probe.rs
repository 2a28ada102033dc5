//! What was found out about one part of a set-up.

use std::{path::PathBuf, time::Duration};

use antiphon::net::{Limits, Network};
use futures_util::{StreamExt as _, stream};
use tempfile::NamedTempFile;
use tokio::time::error::Elapsed;

use crate::finding::{Code, Finding, Severity};

/// Nodes or rooms of a source that are asked at the same time.
///
/// More would be what platforms limit.
const AT_ONCE: usize = 8;

/// One part under examination: a source, the journal, or the file.
#[derive(Debug)]
pub(crate) struct Probe {
    name: String,
    /// For each step: what a source needs as a whole, and each of its nodes and rooms.
    limit: Duration,
    /// The node that findings about the way to a server are about; absent for a source with one server.
    subject: Option<String>,
    lines: Vec<Line>,
    /// Whether a clock that is wrong was reported, which concerns the machine and is said once.
    pub(super) has_skew: bool,
}

/// One thing that was looked at.
#[derive(Debug)]
pub(crate) enum Line {
    /// It is as it should be.
    Fine(String),
    /// It is not.
    Found(Finding),
}

impl Probe {
    pub(crate) fn new(name: &str, limit: Duration) -> Self {
        Self {
            name: name.to_owned(),
            limit,
            subject: None,
            lines: Vec::new(),
            has_skew: false,
        }
    }

    /// An examination of one node or room, whose lines [`Probe::join`] takes.
    pub(crate) fn part(&self) -> Self {
        Self {
            subject: self.subject.clone(),
            ..Self::new(&self.name, self.limit)
        }
    }

    /// Names what findings about the way to a server are about.
    pub(crate) fn about(mut self, subject: String) -> Self {
        self.subject = Some(subject);
        self
    }

    /// Carries out examinations side by side, [`AT_ONCE`] at a time, and takes their lines in order.
    ///
    /// What stalls holds up nothing but itself, since each ends at its own limit.
    pub(crate) async fn join<F: Future<Output = Self>>(&mut self, parts: Vec<F>) {
        let parts: Vec<Self> = stream::iter(parts).buffered(AT_ONCE).collect().await;
        for line in parts.into_iter().flat_map(|part| part.lines) {
            // The clock is this machine's, however many servers tell of it.
            let is_skew = matches!(&line, Line::Found(found) if found.code == Code::ClockSkew);
            if !(is_skew && self.has_skew) {
                self.has_skew |= is_skew;
                self.lines.push(line);
            }
        }
    }

    /// How long a step may take.
    pub(crate) fn limit(&self) -> Duration {
        self.limit
    }

    /// The outcome of a step, unless it was not done in time, which is noted.
    pub(crate) fn ended<T>(
        &mut self,
        what: impl std::fmt::Display,
        outcome: Result<T, Elapsed>,
    ) -> Option<T> {
        if outcome.is_err() {
            let message = format!("{what}: not done within {} s", self.limit.as_secs_f32());
            self.found(Finding::new(Code::ExamTimedOut, message));
        }
        outcome.ok()
    }

    /// Name of the part.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Notes that a thing is as it should be.
    pub(crate) fn fine(&mut self, what: impl Into<String>) {
        self.lines.push(Line::Fine(what.into()));
    }

    /// Notes a finding.
    pub(crate) fn found(&mut self, finding: Finding) {
        self.lines.push(Line::Found(finding));
    }

    /// Notes a finding about the way to a server, with the node if there are several.
    pub(super) fn met(&mut self, finding: Finding) {
        self.found(match &self.subject {
            Some(subject) => finding.about(subject),
            None => finding,
        });
    }

    pub(crate) fn lines(&self) -> &[Line] {
        &self.lines
    }

    pub(crate) fn findings(&self) -> impl Iterator<Item = &Finding> {
        self.lines.iter().filter_map(|line| match line {
            Line::Fine(_) => None,
            Line::Found(finding) => Some(finding),
        })
    }

    pub(crate) fn has_errors(&self) -> bool {
        self.findings()
            .any(|finding| finding.severity() == Severity::Error)
    }

    /// The network with waits that end before the examination does, so that what stalls has a name.
    pub(crate) fn limited(&self, network: &Network) -> Network {
        let limit = self.limit * 4 / 5;
        let limits = Limits::default()
            .connect(limit)
            .tls(limit)
            .proxy(limit)
            .request(limit)
            .body(1 << 20);
        network.clone().limits(limits)
    }
}

/// A copy of a file with a login, which a login may change as it likes; `None` if no file is named.
pub(crate) fn copy_of(file: Option<PathBuf>) -> Option<NamedTempFile> {
    let text = std::fs::read(file?).unwrap_or_default();
    let copy = NamedTempFile::new().ok()?;
    std::fs::write(copy.path(), text).ok()?;
    Some(copy)
}
