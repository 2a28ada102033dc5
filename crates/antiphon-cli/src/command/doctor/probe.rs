//! What was found out about one part of a set-up.

use std::{path::PathBuf, time::Duration};

use antiphon::net::{Limits, Network};
use tempfile::NamedTempFile;

use crate::finding::{Finding, Severity};

/// One part under examination: a source, the journal, or the file.
#[derive(Debug)]
pub(crate) struct Probe {
    name: String,
    limit: Duration,
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
            lines: Vec::new(),
            has_skew: false,
        }
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
