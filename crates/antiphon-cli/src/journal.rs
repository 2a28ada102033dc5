//! Opening the journal's file.
//!
//! Commands never open the journal's files but through here, so that errors and hints are the same everywhere. Reading
//! needs an existing file; writing makes one.

use std::path::Path;

use antiphon_core::Trouble;
use antiphon_journal::{Durability, OpenError, Options, SqliteJournal};

use crate::{
    config,
    failure::{Exit, Failure},
};

/// Looks whether there is a journal.
///
/// # Errors
/// No such file, or a folder, with a hint.
pub(crate) fn exists(path: &Path) -> Result<(), Failure> {
    if path.exists() {
        return is_no_folder(path);
    }
    let error = format!("there is no journal {}", path.display());
    Err(Failure::new(Exit::Failed, error)
        .hint("name one with `--journal`; `antiphon run` makes it"))
}

/// Looks whether a journal can be there.
///
/// # Errors
/// A folder, with the file in it that may have been meant.
pub(crate) fn is_no_folder(path: &Path) -> Result<(), Failure> {
    if !path.is_dir() {
        return Ok(());
    }
    let inside = std::fs::read_dir(path).into_iter().flatten().flatten();
    let mut journals: Vec<_> = inside
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "db"))
        .collect();
    journals.sort();
    let meant = match &journals[..] {
        [] => path.join("antiphon.db"),
        [first, ..] => first.clone(),
    };
    let error = format!("{} is a folder, and no journal", path.display());
    Err(Failure::usage(error).hint(format!("name the file, such as `{}`", meant.display())))
}

/// Opens a journal for reading, also beside the process that writes it.
///
/// # Errors
/// No such file, with a hint; and what `SqliteJournal::read_only` says.
pub(crate) async fn to_read(path: &Path) -> Result<SqliteJournal, Failure> {
    exists(path)?;
    SqliteJournal::read_only(path).await.map_err(failure)
}

/// Opens a journal for writing, and creates a missing one.
pub(crate) async fn to_write(
    path: &Path,
    config: &config::Journal,
) -> Result<SqliteJournal, Failure> {
    is_no_folder(path)?;
    let durability = match config.durability {
        config::Durability::Process => Durability::Process,
        config::Durability::Power => Durability::Power,
    };
    let options = Options::new()
        .durability(durability)
        .compress(config.compress);
    SqliteJournal::open_with(path, options)
        .await
        .map_err(failure)
}

/// Takes message, hint and exit code from an error of the journal.
pub(crate) fn failure(error: OpenError) -> Failure {
    let trouble = error.trouble();
    Failure::from_error(Exit::storage(trouble), error).hint(hint(trouble))
}

/// What the operator can do about trouble that has ended the command.
///
/// The library's own hint is for a program that goes on.
pub(crate) fn hint(trouble: Trouble) -> &'static str {
    match trouble {
        Trouble::Full => "free some space, and start it again",
        Trouble::ReadOnly => "make the file and its folder writable, and start it again",
        Trouble::Unreachable => "start the server, or look at the network, and start it again",
        trouble => trouble.hint(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_hint_of_an_ended_command_says_that_storing_goes_on() {
        for trouble in [
            Trouble::Full,
            Trouble::ReadOnly,
            Trouble::Locked,
            Trouble::Corrupt,
            Trouble::NewerSchema,
            Trouble::Changed,
            Trouble::Unreachable,
            Trouble::TakenOver,
            Trouble::Closed,
            Trouble::Other,
        ] {
            assert!(!hint(trouble).contains("by itself"), "{trouble:?}");
        }
    }
}
