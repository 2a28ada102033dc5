//! Secrets, which the configuration names and does not hold.
//!
//! A secret is named in the configuration and stands elsewhere, so that the file can be shown and shared. Of what was
//! read, the first line counts: an editor's line end at the end of a file is no part of a password.
//!
//! People put the secret itself where its name belongs. Errors therefore show a name only if it certainly is one.

use std::{
    env::VarError,
    fs::File,
    io::{self, Read as _},
    path::Path,
};

use antiphon_core::Secret;
use schemars::JsonSchema;
use serde::Deserialize;

use super::value::FilePath;
use crate::finding::{Code, Finding};

/// Bytes of a secret's file at most.
const LONGEST: u64 = 64 << 10;

/// Secret, from the environment or from the first line of a file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "secret", title = "secret")]
pub(crate) enum SecretFrom {
    /// Name of a variable of the environment.
    Env(String),
    /// Name of a file; a relative one begins at the configuration's folder.
    File(FilePath),
}

impl SecretFrom {
    /// Reads the secret.
    ///
    /// # Errors
    /// Why it could not be read. A user may have written the secret where its name belongs, so that only texts that are
    /// certainly names are shown.
    pub(crate) fn read(&self, folder: &Path) -> Result<Secret, Finding> {
        self.text(folder)
            .map(|text| Secret::new(text.lines().next().unwrap_or_default()))
    }

    /// Reads the whole text whose first line is the secret.
    ///
    /// # Errors
    /// As those of [`Self::read`]; an empty first line is one.
    pub(crate) fn text(&self, folder: &Path) -> Result<String, Finding> {
        let text = match self {
            Self::Env(name) => read_variable(name)?,
            Self::File(path) => read_file(&path.within(folder))?,
        };
        if text.lines().next().is_some_and(|line| !line.is_empty()) {
            return Ok(text);
        }
        Err(match self {
            Self::Env(name) if is_plainly_a_name(name) => Finding::new(
                Code::SecretVariableEmpty,
                format_args!("`{name}` is empty in the environment"),
            ),
            Self::Env(_) => Finding::new(
                Code::SecretVariableEmpty,
                "the variable that `env` names is empty",
            ),
            Self::File(path) => Finding::new(
                Code::SecretFileEmpty,
                format_args!(
                    "the first line of {} is empty",
                    path.within(folder).display()
                ),
            ),
        })
    }
}

/// # Errors
/// The variable is not set, or is no UTF-8.
fn read_variable(name: &str) -> Result<String, Finding> {
    std::env::var(name).map_err(|error| {
        let is_name = is_plainly_a_name(name);
        if matches!(error, VarError::NotUnicode(_)) {
            return Finding::new(
                Code::SecretNotText,
                if is_name {
                    format!("`{name}` in the environment is not UTF-8")
                } else {
                    "the variable that `env` names is not UTF-8".to_owned()
                },
            );
        }
        let code = Code::SecretVariableMissing;
        if is_name {
            Finding::new(code, format_args!("the environment has no `{name}`"))
                .hint(format!("set it, for instance with `export {name}=…`"))
        } else {
            Finding::new(
                code,
                "the environment has no variable of the name that `env` gives",
            )
            .hint(
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
    /// Bytes of a name as a whole.
    const LONGEST: usize = 64;
    /// Bytes of one word of a name.
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

/// Any file will do, also one that a service manager made for this process alone.
///
/// # Errors
/// The file is not there, cannot be read, has more than [`LONGEST`] bytes, or is no UTF-8.
fn read_file(path: &Path) -> Result<String, Finding> {
    let unreadable = |error: io::Error| {
        let code = match error.kind() {
            io::ErrorKind::NotFound => Code::SecretFileMissing,
            _ => Code::SecretFileUnreadable,
        };
        // A path that exists is a file name; one that does not may be the secret.
        let message = if path.symlink_metadata().is_ok() {
            format!("could not read the secret in {}", path.display())
        } else {
            "could not read the file that `file` names".to_owned()
        };
        Finding::new(code, message).because(error)
    };
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(LONGEST + 1).read_to_end(&mut bytes))
        .map_err(unreadable)?;
    let path = path.display();
    if bytes.len() as u64 > LONGEST {
        let message = format!("{path} has more than {} KiB", LONGEST >> 10);
        return Err(Finding::new(Code::SecretTooLong, message));
    }
    String::from_utf8(bytes)
        .map_err(|_| Finding::new(Code::SecretNotText, format_args!("{path} is not UTF-8")))
}

/// Whether others than the owner may read or write a file.
#[cfg(unix)]
pub(crate) fn is_open_to_others(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;

    let is_open =
        |file: std::fs::Metadata| file.is_file() && file.permissions().mode() & 0o077 != 0;
    path.metadata().is_ok_and(is_open)
}

/// Nothing is: Windows has no modes, and keeps a user's files from other users.
#[cfg(not(unix))]
pub(crate) fn is_open_to_others(_path: &Path) -> bool {
    false
}

/// A text as one word of a shell's command.
///
/// For hints that can be copied into a shell.
pub(crate) fn shell_word(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-+,:@%".contains(&byte);
    if !text.starts_with('-') && text.bytes().all(is_plain) {
        return text.to_owned();
    }
    // A word that begins with a minus would be an option.
    let folder = if text.starts_with('-') { "./" } else { "" };
    format!("{folder}'{}'", text.replace('\'', r"'\''"))
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

    #[test]
    fn a_file_name_is_one_word_of_the_command_that_mends_it() {
        assert_eq!(shell_word("/etc/choir/pass-word"), "/etc/choir/pass-word");
        assert_eq!(shell_word("it's mine"), r"'it'\''s mine'");
        assert_eq!(shell_word("-x"), "./'-x'");
    }
}
