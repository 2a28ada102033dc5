//! Findings of `antiphon check` and `antiphon doctor`, and their codes.
//!
//! A finding is one thing that is wrong with a set-up: where, what, why, and the way out. Its [`Code`] is a stable word,
//! by which scripts know it and docs/troubleshooting.md explains it. The table of all codes is in `finding/code.rs`; the
//! page is made from it.
//!
//! No finding holds a value that may be a secret.

mod code;

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

pub(crate) use self::code::{Code, Entry};
use crate::failure::Failure;

/// How bad a finding is.
///
/// Ordered from bad to harmless.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Severity {
    /// The daemon does not start, or hears nothing of a source.
    Error,
    /// The daemon starts, and something will be missing or is at risk.
    Warning,
    /// Good to know.
    Note,
}

impl Severity {
    /// The word that begins a line about a finding.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// Where a finding is: a place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct At {
    /// The file's name, as it was given.
    pub(crate) file: String,
    /// Number of the line, from 1.
    pub(crate) line: usize,
    /// Number of the character in the line, from 1.
    pub(crate) column: usize,
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// One thing that is wrong with a set-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub(crate) code: Code,
    /// Where it is; absent where the message says it all.
    pub(crate) at: Option<At>,
    /// One sentence in lower case without a full stop.
    pub(crate) message: String,
    /// Why it is so, in the words of another program or library.
    pub(crate) cause: Option<String>,
    /// The way out, where more is known of it than the code's own.
    hint: Option<String>,
}

impl Finding {
    /// A finding without a place, a cause and a way out of its own.
    pub(crate) fn new(code: Code, message: impl fmt::Display) -> Self {
        Self {
            code,
            at: None,
            message: message.to_string(),
            cause: None,
            hint: None,
        }
    }

    /// Sets where it is.
    pub(crate) fn at(mut self, at: At) -> Self {
        self.at = Some(at);
        self
    }

    /// Sets the way out, in the imperative and without a full stop.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Sets why it is so.
    pub(crate) fn because(mut self, cause: impl fmt::Display) -> Self {
        self.cause = Some(cause.to_string());
        self
    }

    /// Puts the subject before the message.
    pub(crate) fn about(mut self, what: impl fmt::Display) -> Self {
        self.message = format!("{what}: {}", self.message);
        self
    }

    pub(crate) fn severity(&self) -> Severity {
        self.code.severity()
    }

    /// The way out: its own, or else that of its code.
    pub(crate) fn way_out(&self) -> &str {
        self.hint.as_deref().unwrap_or(self.code.way_out())
    }

    /// Place, message and cause as one sentence.
    pub(crate) fn sentence(&self) -> String {
        let at = self.at.as_ref().map(|at| format!("{at}: "));
        let cause = self.cause.as_ref().map(|cause| format!(": {cause}"));
        [
            at.unwrap_or_default(),
            self.message.clone(),
            cause.unwrap_or_default(),
        ]
        .concat()
    }

    /// The finding as an object of `--output json`.
    pub(crate) fn row(&self) -> Row<'_> {
        let at = self.at.as_ref();
        Row {
            code: self.code.word(),
            severity: self.severity(),
            file: at.map(|at| at.file.as_str()),
            line: at.map(|at| at.line),
            column: at.map(|at| at.column),
            message: &self.message,
            cause: self.cause.as_deref(),
            hint: self.way_out(),
        }
    }
}

/// Finding as `--output json` shows it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Finding")]
pub(crate) struct Row<'a> {
    /// Stable word for what is wrong; docs/troubleshooting.md has them all.
    code: &'a str,
    /// How bad it is.
    severity: Severity,
    /// File that it is about, as it was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
    /// Number of the line, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    /// Number of the character in the line, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
    /// What is wrong, in one sentence.
    message: &'a str,
    /// Why, in the words of another program or library.
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<&'a str>,
    /// The way out.
    hint: &'a str,
}

/// A mistake in the configuration, whose exit code is 2.
impl From<&Finding> for Failure {
    fn from(finding: &Finding) -> Self {
        Self::usage(finding.sentence()).hint(finding.way_out())
    }
}

impl From<Finding> for Failure {
    fn from(finding: Finding) -> Self {
        Self::from(&finding)
    }
}

/// The error that a command ends with: all findings that are errors, the first of them first.
///
/// `None` if there is none.
pub(crate) fn failure(findings: &[Finding]) -> Option<Failure> {
    let errors = findings
        .iter()
        .filter(|finding| finding.severity() == Severity::Error);
    let mut failures = errors.map(Failure::from);
    let first = failures.next()?;
    Some(first.followed_by(failures.collect()))
}
