//! Values that a shell completes: kinds, and what the journal of the command line has.
//!
//! A shell asks by running the command with `COMPLETE=SHELL` (`clap_complete`'s engine). The journal is opened for reading
//! only, for [`LONGEST`] at most; whatever goes wrong, there are fewer candidates and no word about it, since a shell
//! would show it in the middle of a line.

use std::{ffi::OsStr, path::PathBuf, time::Duration};

use antiphon_core::DeadLetterId;
use antiphon_journal::{Inspect, Names};
use clap_complete::CompletionCandidate;

use crate::{
    args::Where,
    config, journal,
    plain::plain,
    platform::{PLATFORMS, all_kinds},
    schemas::SCHEMAS,
};

/// Longest time for a journal to answer.
const LONGEST: Duration = Duration::from_secs(1);
/// Most names and dead letters that are looked at.
const MOST: usize = 2000;

/// Candidates for a kind: the typed ones with their meaning, and others that the journal has.
pub(crate) fn kinds(current: &OsStr) -> Vec<CompletionCandidate> {
    let typed = all_kinds().map(|info| (info.kind.to_owned(), Some(info.about.to_owned())));
    let is_new = |text: &&str| is_kind(text) && all_kinds().all(|info| info.kind != *text);
    let names = names();
    let others = names.texts.iter().map(|text| &**text).filter(is_new);
    let others = others.map(|text| (text.to_owned(), None));
    candidates(current, typed.chain(others))
}

/// Candidates for a place: those that the journal has.
pub(crate) fn places(current: &OsStr) -> Vec<CompletionCandidate> {
    let names = names();
    let is_place = |text: &&str| text.contains('/') && !is_kind(text);
    let places = names.texts.iter().map(|text| &**text).filter(is_place);
    candidates(current, places.map(|text| (text.to_owned(), None)))
}

/// Candidates for a source: those that the journal has.
pub(crate) fn sources(current: &OsStr) -> Vec<CompletionCandidate> {
    let sources = names().sources.into_iter();
    candidates(current, sources.map(|source| (source.to_string(), None)))
}

/// Candidates for the number of a dead letter, each with its event, handler and error.
pub(crate) fn letters(current: &OsStr) -> Vec<CompletionCandidate> {
    let letters = dead(|letter| {
        let (kind, handler, error) = (letter.event.kind(), &letter.handler, &letter.error);
        (
            letter.id.to_string(),
            Some(format!("{kind} {handler}: {error}")),
        )
    });
    candidates(current, letters.into_iter())
}

/// Candidates for the name of a consumer: those that the journal knows.
pub(crate) fn consumers(current: &OsStr) -> Vec<CompletionCandidate> {
    let overview = read(async |journal| journal.overview().await.ok());
    let consumers = overview.map_or_else(Vec::new, |overview| overview.consumers);
    let names = consumers.iter().map(|one| (one.name.to_string(), None));
    candidates(current, names)
}

/// Candidates for the name of a handler: those that have dead letters.
pub(crate) fn handlers(current: &OsStr) -> Vec<CompletionCandidate> {
    let mut handlers = dead(|letter| (letter.handler.clone(), None));
    handlers.dedup();
    candidates(current, handlers.into_iter())
}

/// Candidates for the name of a schema.
pub(crate) fn schemas(current: &OsStr) -> Vec<CompletionCandidate> {
    let schemas = SCHEMAS.iter();
    let schemas = schemas.map(|one| (one.name.to_owned(), Some(one.commands.join(", "))));
    candidates(current, schemas)
}

/// Whether a text is a kind of one of the platforms.
fn is_kind(text: &str) -> bool {
    let platform = text.split_once('.').map(|(platform, _)| platform);
    platform == Some("antiphon") || PLATFORMS.iter().any(|one| platform == Some(one.name))
}

/// The values that begin with what was typed, in any case, without hidden characters.
fn candidates(
    current: &OsStr,
    values: impl Iterator<Item = (String, Option<String>)>,
) -> Vec<CompletionCandidate> {
    let typed = current.to_string_lossy().to_lowercase();
    values
        .filter(|(value, _)| value.to_lowercase().starts_with(&typed))
        // A value with a hidden character could not be typed.
        .filter(|(value, _)| plain(value) == *value)
        .map(|(value, about)| {
            let about = about.map(|about| plain(&about).into_owned().into());
            CompletionCandidate::new(value).help(about)
        })
        .collect()
}

fn names() -> Names {
    read(async |journal| journal.names(MOST).await.ok()).unwrap_or_default()
}

/// Something of each dead letter.
fn dead<T>(of: impl Fn(&antiphon_core::DeadLetter) -> T) -> Vec<T> {
    let letters = read(async |journal| journal.dead_letters(DeadLetterId(0), MOST).await.ok());
    letters.unwrap_or_default().iter().map(of).collect()
}

/// Reads something of the journal that the command line names; `None` if that fails or takes too long.
fn read<T>(work: impl AsyncFnOnce(&dyn Inspect) -> Option<T>) -> Option<T> {
    let location = config::journal(&place()).ok()?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .ok()?;
    let read = async {
        let journal = journal::to_read(&location).await.ok()?;
        work(&*journal).await
    };
    let read = runtime.block_on(async { tokio::time::timeout(LONGEST, read).await });
    // What is still being read must not hold up the shell.
    runtime.shutdown_background();
    read.ok().flatten()
}

/// The journal that the words typed so far name; they may lack what the command needs, so that clap cannot read them.
fn place() -> Where {
    let words: Vec<_> = std::env::args().skip_while(|word| word != "--").collect();
    let value = |option: &str| {
        let joined = format!("{option}=");
        let next = words.windows(2).find(|pair| pair[0] == option);
        let value = next.map(|pair| pair[1].as_str()).or_else(|| {
            let mut words = words.iter();
            words.find_map(|word| word.strip_prefix(&joined))
        });
        value.map(PathBuf::from)
    };
    Where {
        journal: value("--journal"),
        config: value("--config"),
    }
}
