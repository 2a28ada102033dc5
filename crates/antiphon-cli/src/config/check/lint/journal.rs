//! Checks of `[journal]`: its file, its folder, and what it keeps; `servers` has those of a journal on NATS.

mod servers;

use std::{io, path::Path};

use antiphon_core::{KindPattern, Retention};

use super::{Lint, folder_of};
use crate::{
    config::{JOURNAL, check::Table},
    finding::{Code, Finding},
    platform::all_kinds,
};

/// Bytes of a Unix socket's path at most.
const LONGEST_SOCKET: usize = 107;

/// Checks the table, or the default path where there is none.
pub(super) fn check(journal: Option<Table<'_>>, lint: &mut Lint<'_, '_>) {
    match journal.filter(|journal| journal.has("url")) {
        Some(journal) => servers::check(journal, lint),
        None => path(journal, lint),
    }
    let Some(journal) = journal else { return };
    window(journal, lint);
    rules(journal, lint);
    if let Some((bytes, at)) = journal.number("max_bytes")
        && bytes < 1 << 20
    {
        let message = format_args!("`max_bytes` of [journal] is {bytes} bytes");
        lint.add(Code::MaxBytesSmall, &at, message);
    }
}

/// Checks a journal in a file.
fn path(journal: Option<Table<'_>>, lint: &mut Lint<'_, '_>) {
    if let Some(journal) = journal {
        servers::misplaced(journal, lint);
    }
    let named = journal.and_then(|journal| journal.text("path"));
    let (name, at) = named.unwrap_or_else(|| {
        let at = journal.map_or(0..0, Table::at);
        (JOURNAL, at)
    });
    let path = lint.path(name);
    if name.is_empty() || name.contains('\0') {
        lint.add(
            Code::JournalPathWrong,
            &at,
            "`path` of [journal] names no file",
        );
    } else {
        lint.owned(&path, &at, "`path` of [journal]");
        if let Some(finding) = file(&path) {
            lint.put(&at, finding);
        }
    }
    if path.as_os_str().len() + ".sock".len() > LONGEST_SOCKET {
        let message = "the journal's path has no room for a socket beside it";
        lint.add(Code::JournalPathLong, &at, message);
    }
}

/// Looks whether the file can be written, or made, without changing anything.
fn file(path: &Path) -> Option<Finding> {
    let shown = path.display();
    let folder = folder_of(path);
    match path.metadata() {
        Ok(file) if file.is_dir() => {
            let message = format!("the journal {shown} is a folder");
            return Some(Finding::new(Code::JournalIsFolder, message));
        }
        Ok(file) if !file.is_file() => {
            let message = format!("the journal {shown} is no file");
            return Some(Finding::new(Code::JournalNotAFile, message));
        }
        Ok(_) => {
            let opened = std::fs::OpenOptions::new().append(true).open(path);
            if let Err(error) = opened {
                let message = format!("the journal {shown} cannot be written");
                return Some(Finding::new(Code::JournalReadOnly, message).because(error));
            }
        }
        Err(_) if !folder.is_dir() => {
            let message = format!("the folder of the journal {shown} is not there");
            let finding = Finding::new(Code::JournalFolderMissing, message);
            let folder = super::shell_word(&folder.display().to_string());
            return Some(finding.hint(format!("mkdir -p {folder}")));
        }
        Err(_) => {}
    }
    // A file without a name, which is gone once it is closed.
    let error = tempfile::tempfile_in(folder).err()?;
    // A full disk is no matter of rights, and another day's.
    (error.kind() != io::ErrorKind::StorageFull).then(|| {
        let message = format!("nothing can be written beside the journal {shown}");
        Finding::new(Code::JournalFolderReadOnly, message).because(error)
    })
}

fn window(journal: Table<'_>, lint: &mut Lint<'_, '_>) {
    let window = journal.length("window").map(|(window, _)| window);
    let window = window.unwrap_or(Retention::default().window);
    if let Some((keep, at)) = journal.length("keep")
        && keep < window
    {
        let message = "`keep` of [journal] is shorter than its `window`";
        lint.add(Code::KeepUnderWindow, &at, message);
    }
}

/// Looks for rules that fit nothing, and for rules that never count.
fn rules(journal: Table<'_>, lint: &mut Lint<'_, '_>) {
    let mut earlier: Vec<(&str, KindPattern)> = Vec::new();
    for rule in journal.items("rules") {
        let Some((text, at)) = rule.text("kind") else {
            continue;
        };
        let pattern = KindPattern::new(text);
        let shown = super::clipped(text);
        let mut fits = all_kinds()
            .filter(|kind| pattern.matches(kind.kind))
            .peekable();
        if fits.peek().is_none() {
            let known: Vec<_> = all_kinds().map(|kind| kind.kind).collect();
            let finding = Finding::new(
                Code::RuleUnmatched,
                format_args!("the rule for `{shown}` fits no kind that is known"),
            );
            lint.put(
                &at,
                match antiphon_sim::nearest_word(text, &known) {
                    Some(near) => finding.hint(format!(
                        "did you mean `{near}`? `antiphon kinds` lists the kinds"
                    )),
                    None => finding,
                },
            );
        } else {
            let fits: Vec<_> = fits.collect();
            let shadow = earlier
                .iter()
                .find(|(_, earlier)| fits.iter().all(|kind| earlier.matches(kind.kind)));
            if let Some((by, _)) = shadow {
                let by = super::clipped(by);
                let message =
                    format!("the rule for `{shown}` never counts, since `{by}` is before it");
                lint.add(Code::RuleShadowed, &at, message);
            }
        }
        earlier.push((text, pattern));
    }
}
