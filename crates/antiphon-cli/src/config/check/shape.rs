//! The file against the schema.
//!
//! A walk over the parsed file with the schema beside it ([`Place`], [`Part`]). A table that does not fit is reported
//! and walked through all the same, so that one mistake hides no other.

use std::ops::Range;

use antiphon::net;
use toml::{
    Spanned,
    de::{DeString, DeTable, DeValue},
};

use super::{Findings, clipped};
use crate::{
    config::{
        PLATFORM,
        schema::{DIGITS, LENGTH, Part, SECRET, SERVER, schema},
    },
    finding::{Code, Finding},
};

/// Holds the file against the schema.
pub(super) fn check(root: &DeValue<'_>, findings: &mut Findings<'_>) {
    let schema = schema();
    let place = Place {
        path: String::new(),
        is_item: false,
        at: 0..0,
        schema: Part::root(&schema),
    };
    place.check(root, findings);
}

/// Place of a table whose keys are declared.
#[derive(Debug)]
struct Place<'a> {
    /// Keys that lead to it, joined by dots.
    path: String,
    /// Whether the table is an item of a list.
    is_item: bool,
    /// Where its name stands in the file.
    at: Range<usize>,
    schema: Part<'a>,
}

impl<'a> Place<'a> {
    /// The table's name in an error.
    fn name(&self) -> String {
        match self.path.as_str() {
            "" => "the configuration".to_owned(),
            path if self.is_item => format!("[[{path}]]"),
            path => format!("[{path}]"),
        }
    }

    /// Whether it is the file itself, whose keys are tables.
    fn is_root(&self) -> bool {
        self.path.is_empty()
    }

    /// Looks for undeclared and missing keys, and checks the values.
    fn check(mut self, value: &DeValue<'_>, findings: &mut Findings<'_>) {
        let Some(table) = value.as_table() else {
            let message = format!("{} is not a table", self.name());
            findings.misfit(&self.at, Finding::new(Code::NotATable, message));
            return;
        };
        if self.schema.has_platforms() {
            match self.platform(table) {
                Ok(schema) => self.schema = schema,
                // Which keys there are is not known.
                Err(misfit) => {
                    let (at, finding) = *misfit;
                    return findings.misfit(&at, finding);
                }
            }
        }
        let (code, what) = if self.is_root() {
            (Code::TableUnknown, "table")
        } else {
            (Code::KeyUnknown, "key")
        };
        let known = self.schema.keys();
        for (key, value) in table {
            if known.contains(&&**key.get_ref()) {
                self.check_key(key, value, findings);
            } else {
                let finding = self.unknown(code, what, key.get_ref(), &known);
                findings.misfit(&key.span(), finding);
            }
        }
        for key in self.schema.needed() {
            if !table.contains_key(key) {
                let message = format!("{} has no `{key}`", self.name());
                let hint = format!("{key} is {}", self.schema.key(key).phrase());
                let finding = Finding::new(Code::KeyMissing, message).hint(hint);
                findings.misfit(&self.at, finding);
            }
        }
    }

    /// The schema of a table whose platform decides which other keys there are.
    fn platform(&self, table: &DeTable<'_>) -> Result<Part<'a>, Box<(Range<usize>, Finding)>> {
        let (name, platforms) = (self.name(), self.schema.platforms());
        let Some(value) = table.get(PLATFORM) else {
            let words = platforms.join("\"`, `\"");
            let (most, last) = words.rsplit_once(", ").unwrap_or(("", &words));
            let finding = Finding::new(
                Code::PlatformMissing,
                format_args!("{name} has no `{PLATFORM}`"),
            );
            let hint = format!("add `{PLATFORM} = \"{most} or {last}\"`");
            return Err(Box::new((self.at.clone(), finding.hint(hint))));
        };
        let Some(word) = value.get_ref().as_str() else {
            let message = format!("`{PLATFORM}` of {name} is not a text");
            let finding = Finding::new(Code::ValueWrong, message);
            return Err(Box::new((value.span(), finding)));
        };
        if platforms.contains(&word) {
            Ok(self.schema.platform(word))
        } else {
            let finding = self.unknown(Code::PlatformUnknown, PLATFORM, word, &platforms);
            Err(Box::new((value.span(), finding)))
        }
    }

    /// Four shapes of values are entered (a table, a table of tables, a list of tables, a list), and all others are
    /// compared with the key's type.
    fn check_key(
        &self,
        key: &Spanned<DeString<'_>>,
        value: &Spanned<DeValue<'_>>,
        findings: &mut Findings<'_>,
    ) {
        let takes = self.schema.key(key.get_ref());
        let dot = if self.is_root() { "" } else { "." };
        let place = Place {
            path: format!("{}{dot}{}", self.path, key.get_ref()),
            is_item: false,
            at: key.span(),
            schema: takes,
        };
        match value.get_ref() {
            value if takes.is_table() => place.check(value, findings),
            // A table under each name of the user's own.
            DeValue::Table(tables) if takes.entry().is_table() => {
                self.check_count(key.get_ref(), value, tables.len(), findings);
                for (name, value) in tables {
                    if name.get_ref().is_empty() && self.is_root() {
                        let finding = Finding::new(Code::SourceUnnamed, "a source has no name");
                        findings.misfit(&name.span(), finding);
                        continue;
                    }
                    let one = Place {
                        path: format!("{}.{}", place.path, clipped(name.get_ref())),
                        at: name.span(),
                        schema: takes.entry(),
                        is_item: false,
                    };
                    one.check(value.get_ref(), findings);
                }
            }
            DeValue::Array(items) if takes.item().is_table() && items.iter().all(is_table) => {
                for item in items {
                    let one = Place {
                        path: place.path.clone(),
                        is_item: true,
                        at: item.span(),
                        schema: takes.item(),
                    };
                    one.check(item.get_ref(), findings);
                }
            }
            _ => {
                for misfit in takes.misfits(value) {
                    let finding = self.wrong(key.get_ref(), value.get_ref(), misfit);
                    findings.misfit(&misfit.span(), finding);
                }
            }
        }
    }

    /// Looks for a table of tables that needs one and is empty.
    fn check_count(
        &self,
        key: &str,
        value: &Spanned<DeValue<'_>>,
        count: usize,
        findings: &mut Findings<'_>,
    ) {
        let takes = self.schema.key(key);
        if count > 0 || !takes.needs_one() {
            return;
        }
        let message = format!("`{key}` of {} names no {}", self.name(), singular(key));
        let needed: Vec<_> = takes
            .entry()
            .needed()
            .map(|key| format!("`{key}`"))
            .collect();
        let hint = format!(
            "add a table such as `[sources.NAME.{key}.eu-1]` with {}",
            needed.join(" and ")
        );
        let finding = Finding::new(Code::NodesEmpty, message).hint(hint);
        findings.misfit(&value.span(), finding);
    }

    /// The finding about the value of a key, a part of which does not fit.
    fn wrong(&self, key: &str, value: &DeValue<'_>, misfit: &Spanned<DeValue<'_>>) -> Finding {
        let takes = self.schema.key(key);
        if self.is_root() {
            return Finding::new(Code::NotATable, format_args!("[{key}] is not a table"));
        }
        let of = format!("`{key}` of {}", self.name());
        let is_not = |code| Finding::new(code, format_args!("{of} is not {}", takes.phrase()));
        let Some(text) = misfit.get_ref().as_str() else {
            return is_not(code_of(takes, misfit.get_ref()));
        };
        if takes.is_secret() || takes.entry().is_secret() {
            let message = if takes.is_secret() {
                format!("{of} is a secret and must not stand in the configuration")
            } else {
                format!("{of} holds secrets, which must not stand in the configuration")
            };
            return Finding::new(Code::SecretInFile, message).hint(format!("write {SECRET}"));
        }
        if takes.is_proxy()
            && let Err(error) = net::Proxy::parse(text)
        {
            let message = format!("{of} cannot be used: {error}");
            return Finding::new(Code::ProxyWrong, message);
        }
        match takes.item().words().filter(|_| value.is_array()) {
            // A list is named after what it holds: `intents` holds an intent each.
            Some(known) => self.unknown(Code::IntentUnknown, singular(key), text, &known),
            None => is_not(code_of(takes, misfit.get_ref())),
        }
    }

    /// The finding about a word that is none of the known ones, with the nearest of them.
    ///
    /// The nearest word is suggested if it differs in about a third of its letters at most; else all words are named.
    fn unknown(&self, code: Code, what: &str, word: &str, known: &[&str]) -> Finding {
        let word = clipped(word);
        let message = format!("{} knows no {what} `{word}`", self.name());
        let near = antiphon_sim::nearest_word(&word, known);
        Finding::new(code, message).hint(match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("it knows `{}`", known.join("`, `")),
        })
    }
}

/// The code for a value that a key does not take.
fn code_of(takes: Part<'_>, value: &DeValue<'_>) -> Code {
    let title = takes.part["title"].as_str();
    let is_number = value.is_integer() || value.is_float();
    match title {
        _ if takes.is_secret() || takes.entry().is_secret() => Code::SecretShape,
        _ if takes.is_proxy() => Code::ProxyWrong,
        Some(LENGTH) => Code::LengthWrong,
        Some(SERVER) => Code::UrlWrong,
        Some("id" | DIGITS) => Code::IdWrong,
        _ if takes.words().is_some() => Code::WordUnknown,
        _ if is_number && takes.part["type"] == "integer" => Code::NumberOutOfRange,
        _ if is_number && takes.item().part["type"] == "integer" => Code::NumberOutOfRange,
        _ => Code::ValueWrong,
    }
}

fn is_table(value: &Spanned<DeValue<'_>>) -> bool {
    value.get_ref().is_table()
}

/// `intents` holds an intent each, `rooms` a room.
fn singular(key: &str) -> &str {
    key.trim_end_matches('s')
}
