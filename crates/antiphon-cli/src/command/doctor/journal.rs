//! Examination of the journal's file: whether it can be read, who has it, its size, and what waits in it.
//!
//! It is opened for reading only, which takes no lock.

use std::{
    fs::{File, TryLockError},
    path::{Path, PathBuf},
    time::Duration,
};

use antiphon_core::{Gap, Journal as _, KindPattern, Position, ReadError, Trouble, error_chain};
use antiphon_journal::{Filter, Inspect, Integrity, SqliteJournal};
use jiff::Timestamp;

use super::Probe;
use crate::{
    control::wire::JournalReport,
    finding::{Code, Finding},
};

/// Bytes of the write-ahead log from which it is reported.
const LARGE_WAL: u64 = 256 << 20;
/// Newest events among which the last gap is looked for.
const NEWEST: u64 = 100_000;

/// Examines a journal.
///
/// Its search for damage takes half of the limit at most.
pub(super) async fn examine(path: &Path, limit: Duration, probe: &mut Probe) {
    let shown = path.display();
    disk(path, probe);
    if !path.exists() {
        return probe.fine(format!("{shown} is not there yet; the first run makes it"));
    }
    if is_held(&beside(path, ".lock")) {
        let message = format!("another process appends to {shown}");
        probe.found(Finding::new(Code::JournalInUse, message));
    }
    let journal = match SqliteJournal::read_only(path).await {
        Ok(journal) => journal,
        Err(error) => match code_of(error.trouble()) {
            Some(code) => {
                let hint = error.hint();
                let message = format!("the journal {shown} could not be opened");
                return probe.found(
                    Finding::new(code, message)
                        .because(error_chain(&error))
                        .hint(hint),
                );
            }
            None => return probe.fine(format!("{shown} holds nothing yet")),
        },
    };
    let files = JournalReport::of_files(path);
    let (size, wal) = (files.bytes.unwrap_or(0), files.log_bytes);
    let last = *journal.last().borrow();
    probe.fine(format!(
        "{shown} has {} MiB, and {} MiB in its log; its last event is #{last}",
        size.div_ceil(1 << 20),
        wal.div_ceil(1 << 20)
    ));
    if wal > LARGE_WAL {
        let message = format!("the journal's log has {} MiB", wal >> 20);
        probe.found(Finding::new(Code::JournalWalLarge, message));
    }
    match integrity(journal.quick_check(limit / 2).await) {
        Ok(said) => probe.fine(said),
        Err(finding) => probe.found(finding),
    }
    dead_letters(&journal, probe).await;
    last_gap(&journal, last, probe).await;
}

/// A file beside the journal.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// Whether a process holds the lock. It is tried for a moment with a shared one, which is given back at once.
fn is_held(lock: &Path) -> bool {
    let Ok(file) = File::open(lock) else {
        return false;
    };
    matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
}

/// Looks at what is left on the disk.
fn disk(path: &Path, probe: &mut Probe) {
    // The folder stands for a file that is not there yet.
    let free = |path: &Path| JournalReport::of_files(path).free_bytes;
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    let Some(free) = free(path).or_else(|| free(folder.unwrap_or(Path::new(".")))) else {
        return;
    };
    let said = format!("the disk has {} MiB left", free >> 20);
    match code_of_disk(free) {
        None => probe.fine(said),
        Some(code) => probe.found(Finding::new(code, said)),
    }
}

fn code_of_disk(free: u64) -> Option<Code> {
    match free >> 20 {
        0..16 => Some(Code::DiskFull),
        16..512 => Some(Code::DiskLow),
        _ => None,
    }
}

/// What is to be said of a search for damage.
///
/// # Errors
/// What is wrong with the file, or that the search did not end.
fn integrity(found: Result<Integrity, ReadError>) -> Result<String, Finding> {
    let damaged = || Finding::new(Code::JournalDamaged, "the journal is damaged");
    match found {
        Ok(Integrity::Sound) => Ok("the journal is not damaged".to_owned()),
        Ok(Integrity::Damaged(said)) => Err(damaged().because(said)),
        Ok(_) => Err(Finding::new(
            Code::JournalUnchecked,
            "the search for damage did not end in time",
        )),
        Err(error) if error.trouble() == Trouble::Corrupt => {
            Err(damaged().because(error_chain(&error)))
        }
        Err(error) => {
            let message = "the journal could not be searched for damage";
            Err(Finding::new(Code::JournalUnreadable, message).because(error_chain(&error)))
        }
    }
}

/// The code for a journal that cannot be opened; `None` for one that holds nothing yet.
pub(super) fn code_of(trouble: Trouble) -> Option<Code> {
    match trouble {
        Trouble::Empty => None,
        Trouble::Corrupt => Some(Code::JournalDamaged),
        Trouble::NewerSchema => Some(Code::JournalNewer),
        _ => Some(Code::JournalUnreadable),
    }
}

pub(super) async fn dead_letters(journal: &dyn Inspect, probe: &mut Probe) {
    let overview = match journal.overview().await {
        Ok(overview) => overview,
        Err(error) => {
            let code = code_of(error.trouble()).unwrap_or(Code::JournalUnreadable);
            let finding = Finding::new(code, "the journal could not be read");
            return probe.found(finding.because(error_chain(&error)));
        }
    };
    let dead = overview.consumers.iter().map(|one| one.dead_letters).sum();
    let since = overview.consumers.iter().filter_map(|one| one.dead_since);
    match (dead, since.min()) {
        (0_u64, _) => probe.fine("there are no dead letters"),
        (dead, since) => {
            let since = since.map(|since| format!(", the oldest since {}", age(since)));
            let message = format!("dead letters: {dead}{}", since.unwrap_or_default());
            probe.found(Finding::new(Code::DeadLetters, message));
        }
    }
}

/// How long ago a time is, in the largest unit that fits.
fn age(time: Timestamp) -> String {
    let seconds = Timestamp::now().duration_since(time).as_secs().max(0);
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7200 => format!("{} min", seconds / 60),
        7200..172_800 => format!("{} h", seconds / 3600),
        _ => format!("{} days", seconds / 86_400),
    }
}

/// Tells the newest gap among the newest events.
pub(super) async fn last_gap(journal: &dyn Inspect, last: Position, probe: &mut Probe) {
    let gaps = Filter::new().kind(KindPattern::new(Gap::KIND));
    let mut after = Position::new(last.get().saturating_sub(NEWEST));
    let mut newest = None;
    while after < last {
        let Ok(page) = journal.read_where(after, 1000, &gaps).await else {
            return;
        };
        if let Some(gap) = page.events.last() {
            newest = Some((gap.source().clone(), gap.received_at()));
        }
        if page.through == after {
            break;
        }
        after = page.through;
    }
    match newest {
        Some((source, at)) => probe.fine(format!("the last gap is of {source}, {} ago", age(at))),
        None => probe.fine("there is no gap among the newest events"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_journal_that_cannot_be_opened_has_the_code_of_its_trouble() {
        for (trouble, code) in [
            (Trouble::Corrupt, Some(Code::JournalDamaged)),
            (Trouble::NewerSchema, Some(Code::JournalNewer)),
            (Trouble::Empty, None),
            (Trouble::Other, Some(Code::JournalUnreadable)),
        ] {
            assert_eq!(code_of(trouble), code);
        }
    }

    #[test]
    fn a_search_that_did_not_end_and_a_full_disk_have_their_codes() {
        let code = |found| integrity(found).expect_err("a finding").code;
        assert_eq!(code(Ok(Integrity::Unfinished)), Code::JournalUnchecked);
        let damaged = Integrity::Damaged("a page is lost".to_owned());
        assert_eq!(code(Ok(damaged)), Code::JournalDamaged);
        assert!(integrity(Ok(Integrity::Sound)).is_ok());
        assert_eq!(code_of_disk(5 << 20), Some(Code::DiskFull));
        assert_eq!(code_of_disk(100 << 20), Some(Code::DiskLow));
        assert_eq!(code_of_disk(1 << 40), None);
    }
}
