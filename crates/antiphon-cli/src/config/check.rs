//! Check of the file against the schema, whose errors name the line, the table and the key.
//!
//! serde's own errors would show the value, which may be a secret; serde reads the file only after the check.
//!
//! A walk over the parsed file with the schema beside it ([`Place`], [`Part`]). The first misfit ends it. Values are
//! shown only where they cannot be secrets: names of keys, words of a list. A secret that stands in the file itself is
//! an error that says where it belongs.

use std::{fmt::Display, ops::Range, path::Path};

use antiphon::net;
use serde::Deserialize;
use toml::{
    Spanned,
    de::{DeString, DeTable, DeValue, ValueDeserializer},
};

use super::{
    Config, PLATFORM,
    schema::{Part, SECRET, schema},
};
use crate::failure::Failure;

/// Reads a file of TOML.
///
/// # Errors
/// One usage error: `FILE:LINE: what is wrong`, and a hint where one is known.
pub(super) fn read(path: &Path, text: &str) -> Result<Config, Failure> {
    let file = File { path, text };
    let root = DeTable::parse(text).map_err(|error| {
        // The error names the line and never shows it, since a secret may stand there.
        file.wrong(&error.span().unwrap_or(0..0), error.message())
    })?;
    let root = Spanned::new(root.span(), DeValue::Table(root.into_inner()));
    let schema = schema();
    let place = Place {
        file: &file,
        path: String::new(),
        is_item: false,
        at: 0..0,
        schema: Part::root(&schema),
    };
    place.check(root.get_ref())?;
    Config::deserialize(ValueDeserializer::from(root)).map_err(|error| {
        let at = error.span().unwrap_or(0..0);
        file.wrong(&at, "a value cannot be read")
    })
}

/// A file of TOML: its name for errors, its text for line numbers.
#[derive(Debug)]
struct File<'a> {
    /// As it was given, for the first words of an error.
    path: &'a Path,
    text: &'a str,
}

impl File<'_> {
    /// An error about a part of the file, with the number of its line.
    fn wrong(&self, at: &Range<usize>, message: impl Display) -> Failure {
        let before = self.text.get(..at.start).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        Failure::usage(format!("{}:{line}: {message}", self.path.display()))
    }
}

/// Place of a table whose keys are declared.
#[derive(Debug)]
struct Place<'a> {
    file: &'a File<'a>,
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

    /// Refuses undeclared and missing keys, and checks the values.
    fn check(mut self, value: &DeValue<'_>) -> Result<(), Failure> {
        let Some(table) = value.as_table() else {
            let message = format!("{} is not a table", self.name());
            return Err(self.file.wrong(&self.at, message));
        };
        if self.schema.has_platforms() {
            self.schema = self.platform(table)?;
        }
        let what = if self.is_root() { "table" } else { "key" };
        let known = self.schema.keys();
        for key in table.keys() {
            if !known.contains(&&**key.get_ref()) {
                return Err(self.unknown(&key.span(), what, key.get_ref(), &known));
            }
        }
        for key in self.schema.needed() {
            if !table.contains_key(key) {
                let message = format!("{} has no `{key}`", self.name());
                let hint = format!("{key} is {}", self.schema.key(key).phrase());
                return Err(self.file.wrong(&self.at, message).hint(hint));
            }
        }
        let mut entries = table.iter();
        entries.try_for_each(|(key, value)| self.check_key(key, value))
    }

    /// The schema of a table whose platform decides which other keys there are.
    fn platform(&self, table: &DeTable<'_>) -> Result<Part<'a>, Failure> {
        let (name, platforms) = (self.name(), self.schema.platforms());
        let Some(value) = table.get(PLATFORM) else {
            let words = platforms.join("\"`, `\"");
            let (most, last) = words.rsplit_once(", ").unwrap_or(("", &words));
            let message = format!("{name} has no `{PLATFORM}`");
            let hint = format!("add `{PLATFORM} = \"{most} or {last}\"`");
            return Err(self.file.wrong(&self.at, message).hint(hint));
        };
        let Some(word) = value.get_ref().as_str() else {
            let message = format!("`{PLATFORM}` of {name} is not a text");
            return Err(self.file.wrong(&value.span(), message));
        };
        if platforms.contains(&word) {
            Ok(self.schema.platform(word))
        } else {
            Err(self.unknown(&value.span(), PLATFORM, word, &platforms))
        }
    }

    /// Four shapes of values are entered (a table, a table of tables, a list of tables, a list), and all others are
    /// compared with the key's type.
    fn check_key(
        &self,
        key: &Spanned<DeString<'_>>,
        value: &Spanned<DeValue<'_>>,
    ) -> Result<(), Failure> {
        let takes = self.schema.key(key.get_ref());
        let dot = if self.is_root() { "" } else { "." };
        let place = Place {
            file: self.file,
            path: format!("{}{dot}{}", self.path, key.get_ref()),
            is_item: false,
            at: key.span(),
            schema: takes,
        };
        match value.get_ref() {
            value if takes.is_table() => place.check(value),
            // A table under each name of the user's own.
            DeValue::Table(tables) if takes.entry().is_table() => {
                self.check_count(key.get_ref(), value, tables.len())?;
                tables.iter().try_for_each(|(name, value)| {
                    if name.get_ref().is_empty() && self.is_root() {
                        let error = self.file.wrong(&name.span(), "a source has no name");
                        return Err(error.hint("give it one, such as `[sources.choir]`"));
                    }
                    let one = Place {
                        path: format!("{}.{}", place.path, name.get_ref()),
                        at: name.span(),
                        schema: takes.entry(),
                        ..place
                    };
                    one.check(value.get_ref())
                })
            }
            DeValue::Array(items) if takes.item().is_table() && items.iter().all(is_table) => {
                items.iter().try_for_each(|item| {
                    let one = Place {
                        path: place.path.clone(),
                        is_item: true,
                        at: item.span(),
                        schema: takes.item(),
                        ..place
                    };
                    one.check(item.get_ref())
                })
            }
            _ => match takes.misfit(value) {
                None => Ok(()),
                Some(misfit) => Err(self.wrong(key.get_ref(), value.get_ref(), misfit)),
            },
        }
    }

    /// Refuses a table of tables that needs one and is empty.
    fn check_count(
        &self,
        key: &str,
        value: &Spanned<DeValue<'_>>,
        count: usize,
    ) -> Result<(), Failure> {
        let takes = self.schema.key(key);
        if count > 0 || !takes.needs_one() {
            return Ok(());
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
        Err(self.file.wrong(&value.span(), message).hint(hint))
    }

    /// The error for the value of a key, a part of which does not fit.
    fn wrong(&self, key: &str, value: &DeValue<'_>, misfit: &Spanned<DeValue<'_>>) -> Failure {
        let (takes, at) = (self.schema.key(key), misfit.span());
        if self.is_root() {
            return self.file.wrong(&at, format!("[{key}] is not a table"));
        }
        let of = format!("`{key}` of {}", self.name());
        let Some(text) = misfit.get_ref().as_str() else {
            return self
                .file
                .wrong(&at, format!("{of} is not {}", takes.phrase()));
        };
        if takes.is_secret() {
            let message = format!("{of} is a secret and must not stand in the configuration");
            let hint = format!("write {SECRET}");
            return self.file.wrong(&at, message).hint(hint);
        }
        if takes.is_proxy()
            && let Err(error) = net::Proxy::parse(text)
        {
            return self
                .file
                .wrong(&at, format!("{of} cannot be used: {error}"));
        }
        match takes.item().words().filter(|_| value.is_array()) {
            // A list is named after what it holds: `intents` holds an intent each.
            Some(known) => self.unknown(&at, singular(key), text, &known),
            None => self
                .file
                .wrong(&at, format!("{of} is not {}", takes.phrase())),
        }
    }

    /// The error for a word that is none of the known ones, with the nearest of them.
    ///
    /// The nearest word is suggested if it differs in about a third of its letters at most; else all words are named.
    fn unknown(&self, at: &Range<usize>, what: &str, word: &str, known: &[&str]) -> Failure {
        let message = format!("{} knows no {what} `{word}`", self.name());
        let near = antiphon_sim::nearest_word(word, known);
        self.file.wrong(at, message).hint(match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("it knows `{}`", known.join("`, `")),
        })
    }
}

fn is_table(value: &Spanned<DeValue<'_>>) -> bool {
    value.get_ref().is_table()
}

/// `intents` holds an intent each, `rooms` a room.
fn singular(key: &str) -> &str {
    key.trim_end_matches('s')
}
