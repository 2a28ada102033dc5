//! Opening the journal's file.
//!
//! Commands never open the journal's files but through here, so that errors and hints are the same everywhere. Reading
//! needs an existing file; writing makes one.

pub(crate) mod location;
#[cfg(feature = "jetstream")]
mod servers;

use std::{path::Path, sync::Arc};

use antiphon_core::{AppendError, ConsumerName, DeadLetterChange, Trouble};
use antiphon_journal::{Asked, Durability, Inspect, OpenError, Options, SqliteJournal};

use self::location::Location;
#[cfg(not(feature = "jetstream"))]
use self::location::Servers;
#[cfg(feature = "jetstream")]
pub(crate) use self::servers::{open, options};
use crate::{
    config,
    failure::{Exit, Failure},
};

/// Looks whether there is a journal; one on servers is asked for when it is opened.
///
/// # Errors
/// No such file, or a folder, with a hint.
pub(crate) fn exists(location: &Location) -> Result<(), Failure> {
    let Some(path) = location.file() else {
        return Ok(());
    };
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
/// No such file, with a hint; and what `SqliteJournal::read_only` and `JetStreamJournal::read_only` say.
pub(crate) async fn to_read(location: &Location) -> Result<Arc<dyn Inspect>, Failure> {
    exists(location)?;
    match location {
        Location::File(path) => {
            let journal = SqliteJournal::read_only(path).await.map_err(failure)?;
            Ok(Arc::new(journal))
        }
        Location::Servers(servers) => servers_to_read(servers).await,
    }
}

/// Opens a journal for writing, and creates a missing one.
pub(crate) async fn to_write(
    location: &Location,
    config: &config::Journal,
) -> Result<Arc<dyn Inspect>, Failure> {
    match location {
        Location::File(path) => file_to_write(path, config, false).await,
        Location::Servers(servers) => servers_to_write(servers, false).await,
    }
}

/// Opens a journal for an import, also one whose import was not finished, and creates a missing one.
pub(crate) async fn to_import(
    location: &Location,
    config: &config::Journal,
) -> Result<Arc<dyn Inspect>, Failure> {
    match location {
        Location::File(path) => file_to_write(path, config, true).await,
        Location::Servers(servers) => servers_to_write(servers, true).await,
    }
}

async fn file_to_write(
    path: &Path,
    config: &config::Journal,
    importing: bool,
) -> Result<Arc<dyn Inspect>, Failure> {
    is_no_folder(path)?;
    let durability = match config.durability {
        config::Durability::Process => Durability::Process,
        config::Durability::Power => Durability::Power,
    };
    let options = Options::new()
        .durability(durability)
        .compress(config.compress)
        .importing(importing);
    let journal = SqliteJournal::open_with(path, options).await;
    Ok(Arc::new(journal.map_err(failure)?))
}

#[cfg(feature = "jetstream")]
use self::servers::{
    for_consumers as servers_for_consumers, to_read as servers_to_read,
    to_write as servers_to_write,
};

/// # Errors
/// This program has no JetStream.
#[cfg(not(feature = "jetstream"))]
#[expect(clippy::unused_async, reason = "the one of the feature waits")]
async fn servers_to_read(_: &Servers) -> Result<Arc<dyn Inspect>, Failure> {
    Err(without_jetstream())
}

/// # Errors
/// This program has no JetStream.
#[cfg(not(feature = "jetstream"))]
#[expect(clippy::unused_async, reason = "the one of the feature waits")]
async fn servers_to_write(_: &Servers, _: bool) -> Result<Arc<dyn Inspect>, Failure> {
    Err(without_jetstream())
}

/// # Errors
/// This program has no JetStream.
#[cfg(not(feature = "jetstream"))]
#[expect(clippy::unused_async, reason = "the one of the feature waits")]
async fn servers_for_consumers(_: &Servers) -> Result<Arc<dyn Inspect>, Failure> {
    Err(without_jetstream())
}

#[cfg(not(feature = "jetstream"))]
pub(crate) fn without_jetstream() -> Failure {
    Failure::usage("this antiphon was built without JetStream, and cannot open a journal on NATS").hint(
        "install it with its usual features, `cargo install --path crates/antiphon-cli`, or name a file by `path`",
    )
}

/// Replays or drops a dead letter, also beside the process that writes the journal.
///
/// Where a journal on servers has no process that writes it, this one becomes it for a moment; `writer` keeps the journal
/// open for the next letter, and is closed by the caller.
///
/// # Errors
/// The journal cannot be changed.
pub(crate) async fn change_letter(
    location: &Location,
    journal: &dyn Inspect,
    writer: &mut Option<Arc<dyn Inspect>>,
    change: DeadLetterChange,
) -> Result<Asked, Failure> {
    if writer.is_none() {
        let asked = journal.change_letter(change.clone()).await;
        match asked {
            Err(error) if location.file().is_none() && error.trouble() == Trouble::Unreachable => {}
            asked => return Ok(asked?),
        }
        *writer = Some(to_write(location, &config::Journal::default()).await?);
    }
    let writer = writer.as_ref().expect("it was opened above");
    Ok(writer.change_letter(change).await?)
}

/// Why a consumer was not forgotten.
#[derive(Debug)]
pub(crate) enum NotForgotten {
    /// A process has it, or a partition of it.
    InUse,
    /// The journal cannot be opened or changed.
    Failed(Failure),
}

impl From<Failure> for NotForgotten {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// Has a journal forget a consumer, also beside the process that writes the journal.
///
/// Where a journal on servers has no process that writes it, this one becomes it for a moment.
///
/// # Errors
/// A process has the consumer, or the journal cannot be changed.
pub(crate) async fn forget(
    location: &Location,
    consumer: &ConsumerName,
) -> Result<(), NotForgotten> {
    let journal: Arc<dyn Inspect> = match location {
        Location::File(path) => {
            Arc::new(SqliteJournal::for_consumers(path).await.map_err(failure)?)
        }
        Location::Servers(servers) => servers_for_consumers(servers).await?,
    };
    let mut forgotten = journal.forget(consumer).await;
    journal.close().await.map_err(Failure::from)?;
    let is_alone = |error: &AppendError| error.trouble() == Trouble::Unreachable;
    if location.file().is_none() && forgotten.as_ref().is_err_and(is_alone) {
        let journal = to_write(location, &config::Journal::default()).await?;
        forgotten = journal.forget(consumer).await;
        journal.close().await.map_err(Failure::from)?;
    }
    forgotten.map_err(|error| match error.trouble() {
        Trouble::Locked => NotForgotten::InUse,
        _ => NotForgotten::Failed(error.into()),
    })
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
