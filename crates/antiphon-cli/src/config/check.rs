//! Check of the file: all its mistakes in one run, each with line, column and a way out.
//!
//! Three steps, each of which goes on after a mistake:
//! 1. TOML ([`toml`] recovers at the next line).
//! 2. The file against the schema: a walk over the parsed file with the schema beside it (`shape.rs`). serde's own
//!    errors would show the value, which may be a secret; serde reads the file only after this step.
//! 3. What the schema cannot say: secrets, files, addresses, accounts, rooms, rules (`lint.rs`, and
//!    `platform/<name>/check.rs` for each platform).
//!
//! `tail` and `dead` take steps 1 and 2 alone, since they need no secrets. Values are shown only where they cannot be
//! secrets: names of keys, words of a list. A secret that stands in the file itself is an error that says where it
//! belongs.
//!
//! A file has at most [`LARGEST`] bytes, and a report at most [`MOST`] findings.

mod lint;
mod shape;
mod table;
#[cfg(test)]
pub(crate) mod tests;

use std::{
    collections::BTreeSet,
    fmt::Display,
    io::{self, Read as _},
    ops::Range,
    path::Path,
};

use serde::Deserialize;
use toml::{
    Spanned,
    de::{DeTable, DeValue, ValueDeserializer},
};

pub(crate) use self::{
    lint::{Lint, of},
    table::Table,
};
use super::Config;
use crate::{
    failure::Failure,
    finding::{At, Code, Finding, failure},
};

/// Bytes of a configuration at most.
const LARGEST: u64 = 1 << 20;
/// Findings of a file at most; further ones are counted.
const MOST: usize = 200;
/// Characters of a word of the file that a message shows at most.
const LONGEST_WORD: usize = 64;

/// A file that was checked as a whole.
#[derive(Debug)]
pub(crate) struct Checked {
    /// The configuration, if it can be read; there may be findings all the same.
    pub(crate) config: Option<Config>,
    /// In the order of the file.
    pub(crate) findings: Vec<Finding>,
    /// Findings beyond the limit.
    pub(crate) more: usize,
}

impl Checked {
    /// The configuration, if there is no error in the file.
    ///
    /// # Errors
    /// All errors as one failure, the first of the file first.
    pub(crate) fn usable(self) -> Result<Config, Failure> {
        match (failure(&self.findings), self.config) {
            (None, Some(config)) => Ok(config),
            (Some(error), _) => Err(error),
            (None, None) => Err(Failure::usage("the configuration cannot be read")
                .hint("`antiphon check` tells what is wrong with it")),
        }
    }
}

/// Checks the file, the secrets and files that it names, and the folder of the journal. Nothing is changed, and nothing
/// is sent.
pub(crate) fn whole(path: &Path) -> Checked {
    match load(path) {
        Ok(text) => whole_text(path, &text),
        Err(finding) => Checked {
            config: None,
            findings: vec![finding],
            more: 0,
        },
    }
}

/// Checks a file's text as a whole.
pub(super) fn whole_text(path: &Path, text: &str) -> Checked {
    let (root, mut findings) = parse(path, text);
    let folder = path.parent().unwrap_or(Path::new("")).to_owned();
    lint::lint(root.get_ref(), &folder, &mut findings);
    let config = if findings.has_misfits {
        None
    } else {
        build(root, &mut findings)
    };
    let (findings, more) = findings.end();
    Checked {
        config: config.map(|config| Config {
            folder,
            written: text.parse().unwrap_or_default(),
            ..config
        }),
        findings,
        more,
    }
}

/// Reads a file of TOML without a look at anything that it names.
///
/// # Errors
/// The mistakes, each as `FILE:LINE:COLUMN: what is wrong` and a hint.
pub(super) fn read(path: &Path, text: &str) -> Result<Config, Failure> {
    let (root, mut findings) = parse(path, text);
    let config = if findings.has_misfits {
        None
    } else {
        build(root, &mut findings)
    };
    let (findings, more) = findings.end();
    Checked {
        config,
        findings,
        more,
    }
    .usable()
}

/// Reads the text of a configuration.
///
/// # Errors
/// The file is not there, cannot be read, is too large, or is not UTF-8.
pub(super) fn load(path: &Path) -> Result<String, Finding> {
    let wrong = |code, error: &dyn Display| {
        Finding::new(
            code,
            format_args!("could not read the configuration {}", path.display()),
        )
        .because(error)
    };
    let unreadable = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => wrong(Code::ConfigMissing, &error),
        _ => wrong(Code::ConfigUnreadable, &error),
    };
    // Opening a pipe waits for its other end.
    if !path.metadata().map_err(unreadable)?.is_file() {
        return Err(wrong(Code::ConfigUnreadable, &"it is no file"));
    }
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.take(LARGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > LARGEST {
        return Err(wrong(Code::ConfigTooLarge, &"it has more than 1 MiB"));
    }
    String::from_utf8(bytes).map_err(|error| wrong(Code::ConfigNotText, &error.utf8_error()))
}

/// Parses the text and holds it against the schema.
fn parse<'t>(path: &Path, text: &'t str) -> (Spanned<DeValue<'t>>, Findings<'t>) {
    let mut findings = Findings::new(path, text);
    let (root, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        // The error names the line and never shows it, since a secret may stand there.
        findings.syntax(&error.span().unwrap_or(0..0), error.message());
    }
    let root = Spanned::new(root.span(), DeValue::Table(root.into_inner()));
    shape::check(root.get_ref(), &mut findings);
    (root, findings)
}

/// Whether serde reads a text, if it is TOML that fits the schema.
#[cfg(any(test, fuzzing))]
pub(crate) fn is_built_if_it_fits(text: &str) -> bool {
    let (root, mut findings) = parse(Path::new("antiphon.toml"), text);
    findings.has_misfits || build(root, &mut findings).is_some()
}

/// Builds the structs, which cannot fail any more but for a defect.
fn build(root: Spanned<DeValue<'_>>, findings: &mut Findings<'_>) -> Option<Config> {
    let config = Config::deserialize(ValueDeserializer::from(root));
    config
        .map_err(|error| {
            let at = error.span().unwrap_or(0..0);
            findings.add(Code::ValueWrong, &at, "a value cannot be read");
        })
        .ok()
}

/// Findings about one file, as they are made.
#[derive(Debug)]
pub(crate) struct Findings<'t> {
    /// As it was given, for the first words of an error.
    file: String,
    text: &'t str,
    found: Vec<(Range<usize>, Finding)>,
    /// Findings beyond [`MOST`].
    more: usize,
    /// Whether serde cannot read the file: it is no TOML, or does not fit the schema.
    has_misfits: bool,
    /// Lines that are no TOML; what is said of them otherwise is a consequence.
    broken: BTreeSet<usize>,
}

impl<'t> Findings<'t> {
    fn new(path: &Path, text: &'t str) -> Self {
        Self {
            file: path.display().to_string(),
            text,
            found: Vec::new(),
            more: 0,
            has_misfits: false,
            broken: BTreeSet::new(),
        }
    }

    /// Adds a finding about a part of the file.
    pub(crate) fn add(&mut self, code: Code, at: &Range<usize>, message: impl Display) {
        self.put(at, Finding::new(code, message));
    }

    /// Adds a finding with what else is known of it.
    pub(crate) fn put(&mut self, at: &Range<usize>, finding: Finding) {
        let (line, column) = self.position(at.start);
        if self.broken.contains(&line) {
            return;
        }
        if self.found.len() == MOST {
            self.more += 1;
            return;
        }
        let place = At {
            file: self.file.clone(),
            line,
            column,
        };
        self.found.push((at.clone(), finding.at(place)));
    }

    /// Adds a finding of the schema, after which serde cannot read the file.
    ///
    /// A key that is missing from a broken file may stand on a broken line, and a value without a place was made up
    /// where none could be read: nothing is said of either.
    fn misfit(&mut self, at: &Range<usize>, finding: Finding) {
        self.has_misfits = true;
        let is_missing = matches!(
            finding.code,
            Code::KeyMissing | Code::PlatformMissing | Code::NodesEmpty
        );
        if self.broken.is_empty() || !is_missing && !at.is_empty() {
            self.put(at, finding);
        }
    }

    /// Adds a finding about text that is no TOML, one for each line.
    fn syntax(&mut self, at: &Range<usize>, message: &str) {
        self.has_misfits = true;
        let finding = match (message, self.text.get(at.clone())) {
            ("duplicate key", Some(key)) if is_plain_key(key) => {
                Finding::new(Code::KeyTwice, format_args!("`{key}` is given twice"))
            }
            ("duplicate key", _) => Finding::new(Code::KeyTwice, "a key is given twice"),
            (message, _) => Finding::new(Code::Syntax, message),
        };
        let is_twice = finding.code == Code::KeyTwice;
        self.put(at, finding);
        if !is_twice {
            self.broken.insert(self.position(at.start).0);
        }
    }

    /// Whether the file is no TOML somewhere, so that a part of it may be missing.
    pub(crate) fn is_broken(&self) -> bool {
        !self.broken.is_empty()
    }

    /// Line and column of a byte, both from 1; columns count characters.
    fn position(&self, at: usize) -> (usize, usize) {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let begin = before.rfind('\n').map_or(0, |end| end + 1);
        (line, before[begin..].chars().count() + 1)
    }

    /// The findings in the order of the file, and how many were left out.
    fn end(mut self) -> (Vec<Finding>, usize) {
        self.found
            .sort_by_key(|(at, finding)| (at.start, finding.code));
        let findings = self.found.into_iter().map(|(_, finding)| finding);
        (findings.collect(), self.more)
    }
}

/// Whether a text is a key without quotation marks, which is shown as it is.
fn is_plain_key(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
    text.len() <= LONGEST_WORD && text.bytes().all(fits)
}

/// The beginning of a word of the file, for a message.
pub(crate) fn clipped(word: &str) -> String {
    match word.char_indices().nth(LONGEST_WORD) {
        Some((end, _)) => format!("{}…", &word[..end]),
        None => word.to_owned(),
    }
}
