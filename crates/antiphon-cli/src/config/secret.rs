//! Secrets, which the configuration names and does not hold.
//!
//! A secret is named in the configuration and stands elsewhere, so that the file can be shown and shared. Of what was
//! read, the first line counts: an editor's line end at the end of a file is no part of a password.
//!
//! People put the secret itself where its name belongs. Errors therefore show a name only if it certainly is one.

#[cfg(unix)]
use std::{
    collections::BTreeSet,
    path::PathBuf,
    sync::{Mutex, PoisonError},
};
use std::{env::VarError, fs::Metadata, io::Read as _, path::Path};

use antiphon_core::Secret;
use schemars::JsonSchema;
use serde::Deserialize;

use super::value::FilePath;
use crate::failure::Failure;
#[cfg(unix)]
use crate::output::say;

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
    /// A user may have written the secret where its name belongs, so an error shows only texts that are certainly names.
    pub(crate) fn read(&self, folder: &Path) -> Result<Secret, Failure> {
        let text = match self {
            Self::Env(name) => read_variable(name)?,
            Self::File(path) => read_file(&path.within(folder))?,
        };
        let line = text.lines().next().unwrap_or_default();
        if line.is_empty() {
            return Err(Failure::usage(match self {
                Self::Env(name) if is_plainly_a_name(name) => {
                    format!("`{name}` is empty in the environment")
                }
                Self::Env(_) => "the variable that `env` names is empty".to_owned(),
                Self::File(path) => {
                    let path = path.within(folder);
                    format!("the first line of {} is empty", path.display())
                }
            }));
        }
        Ok(Secret::new(line))
    }
}

/// # Errors
/// The variable is not set, or is no UTF-8.
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
fn read_file(path: &Path) -> Result<String, Failure> {
    let read = || {
        let mut file = std::fs::File::open(path)?;
        warn_of_readers(path, &file.metadata()?);
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        Ok(text)
    };
    read().map_err(|error: std::io::Error| {
        // A path that exists is a file name; one that does not may be the secret.
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

/// Warns of a file that others can read, once for each file.
///
/// A warning and no error: some set-ups have a reason.
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

/// Does nothing: Windows has no modes, and keeps a user's files from other users.
#[cfg(not(unix))]
fn warn_of_readers(_path: &Path, _metadata: &Metadata) {}

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
