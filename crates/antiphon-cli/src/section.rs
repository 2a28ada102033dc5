//! Tables of a TOML file whose keys are declared once: for reading, for errors and for the JSON Schema.

#[cfg(unix)]
use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};
use std::{
    env::VarError,
    fs::Metadata,
    io::Read as _,
    ops::Range,
    path::{Path, PathBuf},
    time::Duration,
};

use antiphon_core::Secret;
use serde_json::{Value, json};
use toml::de::{DeTable, DeValue};

#[cfg(unix)]
use crate::output::say;
use crate::{failure::Failure, time};

/// One key of a table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Key {
    /// How it is written.
    pub(crate) name: &'static str,
    /// What it takes.
    pub(crate) takes: Takes,
    /// What it means, in one sentence that names the default.
    pub(crate) about: &'static str,
    /// Whether the table is wrong without it.
    pub(crate) needed: bool,
}

/// What a key takes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Takes {
    /// A text.
    Text,
    /// A list of texts.
    Texts,
    /// A list of whole numbers from one on.
    Numbers,
    /// A file's name; a relative one begins at the configuration's folder.
    Path,
    /// A length of time such as `30d`.
    Length,
    /// A whole number from zero on.
    Number,
    /// Yes or no.
    Flag,
    /// One of these words.
    Word(&'static [&'static str]),
    /// `{ env = "NAME" }` or `{ file = "PATH" }`.
    Secret,
    /// A table of secrets under names of the user's own.
    Secrets,
    /// A text or a secret.
    TextOrSecret,
    /// A list of `{ kind = "GLOB", keep = "30d" }`.
    Rules,
    /// An id of Discord's: a whole number, or a text of its digits.
    Id,
    /// A table of tables with these keys, under names of the user's own.
    Tables(&'static [Key]),
}

impl Takes {
    /// What to write, for an error.
    fn example(self) -> String {
        match self {
            Self::Text => "a text such as \"…\"".to_owned(),
            Self::Texts => "a list of texts such as [\"…\", \"…\"]".to_owned(),
            Self::Numbers => "a list of whole numbers such as [4242]".to_owned(),
            Self::Path => "a file's name such as \"antiphon.db\"".to_owned(),
            Self::Length => "a length of time such as \"30d\"".to_owned(),
            Self::Number => "a whole number".to_owned(),
            Self::Flag => "true or false".to_owned(),
            Self::Word(words) => format!("one of \"{}\"", words.join("\", \"")),
            Self::Secret => SECRET.to_owned(),
            Self::Secrets => format!("a table such as {{ name = {SECRET} }}"),
            Self::TextOrSecret => format!("a text, or {SECRET}"),
            Self::Rules => "a list of { kind = \"queup.*\", keep = \"30d\" }".to_owned(),
            Self::Id => "an id such as \"80351110224678912\"".to_owned(),
            Self::Tables(keys) => {
                let keys = keys.iter().filter(|key| key.needed);
                let keys: Vec<_> = keys.map(|key| format!("{} = …", key.name)).collect();
                format!("a table such as {{ name = {{ {} }} }}", keys.join(", "))
            }
        }
    }

    fn schema(self) -> Value {
        let length = json!({"type": "string", "examples": ["10m", "24h", "30d"]});
        match self {
            Self::Text | Self::Path => json!({"type": "string"}),
            Self::Texts => json!({"type": "array", "items": {"type": "string"}}),
            Self::Numbers => {
                json!({"type": "array", "items": {"type": "integer", "minimum": 1}})
            }
            Self::Length => length,
            Self::Number => json!({"type": "integer", "minimum": 0}),
            Self::Flag => json!({"type": "boolean"}),
            Self::Word(words) => json!({"enum": words}),
            Self::Secret => json!({"$ref": "#/$defs/secret"}),
            Self::Secrets => {
                json!({"type": "object", "additionalProperties": {"$ref": "#/$defs/secret"}})
            }
            Self::TextOrSecret => {
                json!({"anyOf": [{"type": "string"}, {"$ref": "#/$defs/secret"}]})
            }
            Self::Rules => json!({"type": "array", "items": {
                "type": "object",
                "properties": {"kind": {"type": "string"}, "keep": length},
                "required": ["kind", "keep"],
                "additionalProperties": false,
            }}),
            Self::Id => json!({"anyOf": [
                {"type": "integer", "minimum": 1},
                {"type": "string", "pattern": "^[1-9][0-9]*$"},
            ]}),
            Self::Tables(keys) => json!({
                "type": "object",
                "additionalProperties": schema(keys, "One of them."),
                "minProperties": 1,
            }),
        }
    }
}

const SECRET: &str = "{ env = \"NAME\" } or { file = \"PATH\" }";

/// Where a secret is found; it is read only by who needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SecretFrom {
    /// A variable of the environment.
    Env(String),
    /// The first line of a file.
    File(PathBuf),
    /// The configuration itself, where it need not be secret.
    Text(String),
}

impl SecretFrom {
    /// Reads it.
    ///
    /// A secret may have been put where its name belongs, so that an error shows only what is certainly a name.
    pub(crate) fn read(&self) -> Result<Secret, Failure> {
        let text = match self {
            Self::Env(name) => read_variable(name)?,
            Self::File(path) => read_file(path)?,
            Self::Text(text) => text.clone(),
        };
        let line = text.lines().next().unwrap_or_default();
        if line.is_empty() {
            return Err(Failure::usage(match self {
                Self::Env(name) if is_plainly_a_name(name) => {
                    format!("`{name}` is empty in the environment")
                }
                Self::Env(_) => "the variable that `env` names is empty".to_owned(),
                Self::File(path) => format!("the first line of {} is empty", path.display()),
                Self::Text(_) => "a secret is empty".to_owned(),
            }));
        }
        Ok(Secret::new(line))
    }
}

fn read_variable(name: &str) -> Result<String, Failure> {
    std::env::var(name).map_err(|error| {
        let is_name = is_plainly_a_name(name);
        if matches!(error, VarError::NotUnicode(_)) {
            return Failure::usage(if is_name {
                format!("`{name}` in the environment is not UTF-8")
            } else {
                "the variable that `env` names is not UTF-8".to_owned()
            });
        }
        if is_name {
            Failure::usage(format!("the environment has no `{name}`"))
                .hint(format!("set it, for instance with `export {name}=…`"))
        } else {
            Failure::usage("the environment has no variable of the name that `env` gives").hint(
                "`env` takes the name of a variable, such as \"CHOIR_TOKEN\"; the secret itself belongs in the \
                 variable",
            )
        }
    })
}

/// Whether a text is a variable's name as people write them: words of capitals, with digits behind, joined by `_`.
///
/// A long word, or one with digits in between, may be a secret.
fn is_plainly_a_name(text: &str) -> bool {
    const LONGEST: usize = 64;
    const LONGEST_WORD: usize = 16;
    let is_word = |word: &str| {
        let word = word.trim_end_matches(|character: char| character.is_ascii_digit());
        word.bytes().all(|byte| byte.is_ascii_uppercase())
    };
    text.len() <= LONGEST
        && text.bytes().any(|byte| byte.is_ascii_uppercase())
        && text
            .split('_')
            .all(|word| word.len() <= LONGEST_WORD && is_word(word))
}

fn read_file(path: &Path) -> Result<String, Failure> {
    let read = || {
        let mut file = std::fs::File::open(path)?;
        warn_of_readers(path, &file.metadata()?);
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        Ok(text)
    };
    read().map_err(|error: std::io::Error| {
        // What is there is a file; what is not may be the secret.
        let message = if path.symlink_metadata().is_ok() {
            format!("could not read the secret in {}", path.display())
        } else {
            "could not read the file that `file` names".to_owned()
        };
        Failure::usage(message).because(error).hint(
            "`file` takes a file's name; put the secret on its first line, readable by you alone",
        )
    })
}

/// Warns, once for each file, of one that others can read.
#[cfg(unix)]
fn warn_of_readers(path: &Path, metadata: &Metadata) {
    use std::os::unix::fs::PermissionsExt as _;

    static WARNED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());
    let others = metadata.permissions().mode() & 0o077;
    if !metadata.is_file() || others == 0 {
        return;
    }
    let mut warned = WARNED.lock().unwrap_or_else(PoisonError::into_inner);
    if warned.insert(path.to_owned()) {
        let path = path.display();
        say(format_args!(
            "warning: the secret in {path} is open to others"
        ));
        say(format_args!(
            "hint: chmod 600 {}",
            shell_word(&path.to_string())
        ));
    }
}

/// Windows keeps other people's files from others by itself, and has no modes.
#[cfg(not(unix))]
fn warn_of_readers(_path: &Path, _metadata: &Metadata) {}

/// A text as one word of a shell's command.
#[cfg(unix)]
fn shell_word(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-+,:@%".contains(&byte);
    if !text.starts_with('-') && text.bytes().all(is_plain) {
        return text.to_owned();
    }
    // A word that begins with a minus would be an option.
    let folder = if text.starts_with('-') { "./" } else { "" };
    format!("{folder}'{}'", text.replace('\'', r"'\''"))
}

/// A file of TOML: its name for errors, its text for line numbers, its folder for relative paths.
#[derive(Debug)]
pub(crate) struct File<'a> {
    pub(crate) path: &'a Path,
    pub(crate) text: &'a str,
}

impl File<'_> {
    /// Parses the text; the error names the line and never shows it, since a secret may stand there.
    pub(crate) fn parse(&self) -> Result<DeTable<'_>, Failure> {
        DeTable::parse(self.text)
            .map(toml::Spanned::into_inner)
            .map_err(|error| {
                let at = error.span().unwrap_or(0..0);
                self.wrong(&at, error.message())
            })
    }

    /// An error about this part of the file.
    pub(crate) fn wrong(&self, at: &Range<usize>, message: impl std::fmt::Display) -> Failure {
        let before = self.text.get(..at.start).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        Failure::usage(format!("{}:{line}: {message}", self.path.display()))
    }

    /// A path, from the file's folder on.
    fn resolve(&self, path: &str) -> PathBuf {
        self.path.parent().unwrap_or(Path::new("")).join(path)
    }
}

/// A table whose keys are known to be declared ones.
#[derive(Debug)]
pub(crate) struct Section<'a> {
    file: &'a File<'a>,
    name: String,
    table: &'a DeTable<'a>,
    keys: &'static [Key],
    at: Range<usize>,
}

impl<'a> Section<'a> {
    /// Refuses keys that are not declared, and misses those that are needed.
    pub(crate) fn new(
        file: &'a File<'a>,
        name: impl Into<String>,
        table: &'a DeTable<'a>,
        keys: &'static [Key],
        at: Range<usize>,
    ) -> Result<Self, Failure> {
        let name = name.into();
        let known = keys.iter().map(|key| key.name);
        for key in table.keys() {
            if !known.clone().any(|known| known == key.get_ref()) {
                return Err(unknown(
                    file,
                    &key.span(),
                    "key",
                    key.get_ref(),
                    &name,
                    known,
                ));
            }
        }
        let section = Self {
            file,
            name,
            table,
            keys,
            at,
        };
        for key in keys {
            if key.needed && section.value(key.name).is_none() {
                let error = file.wrong(
                    &section.at,
                    format!("{} has no `{}`", section.name, key.name),
                );
                return Err(error.hint(format!("{} is {}", key.name, key.takes.example())));
            }
        }
        Ok(section)
    }

    fn key(&self, name: &str) -> &'static Key {
        self.keys
            .iter()
            .find(|key| key.name == name)
            .expect("every key that is read is declared")
    }

    fn value(&self, name: &str) -> Option<&'a toml::Spanned<DeValue<'a>>> {
        self.table
            .iter()
            .find_map(|(key, value)| (key.get_ref() == name).then_some(value))
    }

    /// An error about this key's value.
    pub(crate) fn wrong(&self, name: &str, message: impl std::fmt::Display) -> Failure {
        let at = self
            .value(name)
            .map_or(self.at.clone(), toml::Spanned::span);
        self.file
            .wrong(&at, format!("{} of {} {message}", quoted(name), self.name))
    }

    /// Whether the key is there.
    pub(crate) fn given(&self, name: &str) -> bool {
        self.value(name).is_some()
    }

    /// The error for a word in this key's value that is none of the known ones.
    pub(crate) fn unknown(
        &self,
        name: &str,
        what: &str,
        word: &str,
        known: impl Iterator<Item = &'static str> + Clone,
    ) -> Failure {
        let at = self
            .value(name)
            .map_or(self.at.clone(), toml::Spanned::span);
        unknown(self.file, &at, what, word, &self.name, known)
    }

    fn read<T>(
        &self,
        name: &str,
        read: impl FnOnce(&'a DeValue<'a>) -> Option<T>,
    ) -> Result<Option<T>, Failure> {
        let key = self.key(name);
        let Some(value) = self.value(name) else {
            return Ok(None);
        };
        let wrong = || self.wrong(name, format!("is not {}", key.takes.example()));
        read(value.get_ref()).map(Some).ok_or_else(wrong)
    }

    pub(crate) fn text(&self, name: &str) -> Result<Option<&'a str>, Failure> {
        self.read(name, DeValue::as_str)
    }

    pub(crate) fn texts(&self, name: &str) -> Result<Vec<String>, Failure> {
        let texts = self.read(name, |value| {
            let texts = value.as_array()?.iter();
            texts
                .map(|text| text.get_ref().as_str().map(str::to_owned))
                .collect()
        })?;
        Ok(texts.unwrap_or_default())
    }

    pub(crate) fn numbers(&self, name: &str) -> Result<Vec<i64>, Failure> {
        let numbers = self.read(name, |value| {
            let numbers = value.as_array()?.iter();
            numbers
                .map(|number| {
                    let number = number.get_ref().as_integer()?;
                    let digits = number.as_str();
                    let number = i64::from_str_radix(digits, number.radix()).ok()?;
                    (number > 0).then_some(number)
                })
                .collect()
        })?;
        Ok(numbers.unwrap_or_default())
    }

    pub(crate) fn path(&self, name: &str) -> Result<Option<PathBuf>, Failure> {
        self.read(name, |value| {
            value.as_str().map(|path| self.file.resolve(path))
        })
    }

    pub(crate) fn length(&self, name: &str) -> Result<Option<Duration>, Failure> {
        self.read(name, length)
    }

    pub(crate) fn number(&self, name: &str) -> Result<Option<u64>, Failure> {
        self.read(name, |value| {
            let number = value.as_integer()?;
            u64::from_str_radix(number.as_str(), number.radix()).ok()
        })
    }

    pub(crate) fn id(&self, name: &str) -> Result<Option<u64>, Failure> {
        self.read(name, |value| {
            let id = match value.as_integer() {
                Some(number) => u64::from_str_radix(number.as_str(), number.radix()),
                None => value.as_str()?.parse(),
            };
            id.ok().filter(|id| *id > 0)
        })
    }

    /// The tables under this key, each with its name.
    pub(crate) fn tables(&self, name: &str) -> Result<Vec<(String, Section<'a>)>, Failure> {
        let Takes::Tables(keys) = self.key(name).takes else {
            unreachable!("every key that is read as tables is declared as such");
        };
        let tables = self.read(name, DeValue::as_table)?;
        let tables = tables.into_iter().flat_map(DeTable::iter);
        let sections = tables.map(|(key, value)| {
            let (title, at) = (
                format!("{}.{name}.{}", self.inside(), key.get_ref()),
                key.span(),
            );
            let title = format!("[{title}]");
            let Some(table) = value.get_ref().as_table() else {
                return Err(self.file.wrong(&at, format!("{title} is not a table")));
            };
            let section = Section::new(self.file, title, table, keys, at)?;
            Ok((key.get_ref().to_string(), section))
        });
        sections.collect()
    }

    /// Its name without brackets.
    fn inside(&self) -> &str {
        self.name.trim_start_matches('[').trim_end_matches(']')
    }

    pub(crate) fn flag(&self, name: &str) -> Result<Option<bool>, Failure> {
        self.read(name, DeValue::as_bool)
    }

    pub(crate) fn word(&self, name: &str) -> Result<Option<&'static str>, Failure> {
        let Takes::Word(words) = self.key(name).takes else {
            unreachable!("every key that is read as a word is declared as one");
        };
        self.read(name, |value| {
            words
                .iter()
                .copied()
                .find(|word| value.as_str() == Some(word))
        })
    }

    pub(crate) fn secret(&self, name: &str) -> Result<Option<SecretFrom>, Failure> {
        let takes = self.key(name).takes;
        let secret = self.read(name, |value| {
            if let (Some(text), Takes::TextOrSecret) = (value.as_str(), takes) {
                return Some(SecretFrom::Text(text.to_owned()));
            }
            self.secret_in(value)
        });
        secret.map_err(|error| {
            if self
                .value(name)
                .is_some_and(|value| value.get_ref().is_str())
            {
                self.wrong(name, "is a secret and must not stand in the configuration")
                    .hint(format!("write {SECRET}"))
            } else {
                error
            }
        })
    }

    pub(crate) fn secrets(&self, name: &str) -> Result<Vec<(String, SecretFrom)>, Failure> {
        let secrets = self.read(name, |value| {
            let secrets = value.as_table()?.iter();
            secrets
                .map(|(key, value)| {
                    Some((key.get_ref().to_string(), self.secret_in(value.get_ref())?))
                })
                .collect()
        })?;
        Ok(secrets.unwrap_or_default())
    }

    fn secret_in(&self, value: &DeValue<'_>) -> Option<SecretFrom> {
        let table = value.as_table()?;
        let (key, value) = table.iter().next().filter(|_| table.len() == 1)?;
        let value = value.get_ref().as_str()?;
        match &**key.get_ref() {
            "env" => Some(SecretFrom::Env(value.to_owned())),
            "file" => Some(SecretFrom::File(self.file.resolve(value))),
            _ => None,
        }
    }

    pub(crate) fn rules(&self, name: &str) -> Result<Vec<(String, Duration)>, Failure> {
        let rules = self.read(name, |value| {
            let rules = value.as_array()?.iter();
            rules
                .map(|rule| {
                    let rule = rule.get_ref().as_table().filter(|rule| rule.len() == 2)?;
                    let kind = rule.get("kind")?.get_ref().as_str()?;
                    Some((kind.to_owned(), length(rule.get("keep")?.get_ref())?))
                })
                .collect()
        })?;
        Ok(rules.unwrap_or_default())
    }
}

fn length(value: &DeValue<'_>) -> Option<Duration> {
    time::parse(value.as_str()?).ok()
}

/// `name` in backquotes.
fn quoted(name: &str) -> String {
    format!("`{name}`")
}

/// The error for a word that is none of the known ones, with the nearest of them.
pub(crate) fn unknown(
    file: &File<'_>,
    at: &Range<usize>,
    what: &str,
    word: &str,
    place: &str,
    known: impl Iterator<Item = &'static str> + Clone,
) -> Failure {
    let error = file.wrong(at, format!("{place} knows no {what} `{word}`"));
    let near = known
        .clone()
        .map(|known| {
            (
                strsim::damerau_levenshtein(&word.to_lowercase(), &known.to_lowercase()),
                known,
            )
        })
        .min()
        .filter(|(distance, known)| *distance <= 1 + known.len() / 3);
    if let Some((_, near)) = near {
        return error.hint(format!("did you mean `{near}`?"));
    }
    let known: Vec<_> = known.map(quoted).collect();
    error.hint(format!("it knows {}", known.join(", ")))
}

/// The JSON Schema of a table with these keys.
pub(crate) fn schema(keys: &[Key], about: &str) -> Value {
    let properties: serde_json::Map<_, _> = keys
        .iter()
        .map(|key| {
            let mut schema = key.takes.schema();
            schema["description"] = key.about.into();
            (key.name.to_owned(), schema)
        })
        .collect();
    let required: Vec<_> = keys
        .iter()
        .filter(|key| key.needed)
        .map(|key| key.name)
        .collect();
    json!({
        "description": about,
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_plainly_a_name_may_be_shown() {
        for name in ["TOKEN", "NOT_SET", "LOFT_TOKEN", "NODE_0_PASSWORD", "_PW2"] {
            assert!(is_plainly_a_name(name), "{name}");
        }
        for secret in [
            "",
            "_",
            "12345678",
            "youshallnotpass",
            "MTU4NzkyNTgwOTc2MDEwMzM5NDU.paCM7X0.Y4CnJM4KZKNJRNx9zqRSSEazbpsP86A",
            "JBSWY3DPEHPK3PXP",
            "ABCDEFGHIJKLMNOPQ",
            "TOKEN=x",
            "TÖKEN",
            &"A_".repeat(33),
        ] {
            assert!(!is_plainly_a_name(secret), "{secret}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_file_name_is_one_word_of_the_command_that_mends_it() {
        assert_eq!(shell_word("/etc/choir/pass-word"), "/etc/choir/pass-word");
        assert_eq!(shell_word("it's mine"), r"'it'\''s mine'");
        assert_eq!(shell_word("-x"), "./'-x'");
    }
}
