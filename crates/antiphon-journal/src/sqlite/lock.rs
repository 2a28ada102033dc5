//! The lock file, which keeps every other appender away.
//!
//! SQLite's own locks keep two writers from mixing their transactions; they do not keep a second process from appending
//! between them with positions of its own. That is what this lock is for: an advisory lock of the system on a file
//! beside the database, held from opening to closing, and gone with the process.
//!
//! The lock file names the inodes of itself and of the database it was last used with. A lock file that is new, or
//! another's, proves nothing: then the database must be free of any other connection, and no log may lie beside it.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io::{Read as _, Seek as _, SeekFrom, Write as _},
    path::Path,
};

use antiphon_core::Trouble;
use rusqlite::Connection;

use super::{
    connection::{beside, create, read_write},
    files::FileId,
    trouble::Failure,
};

/// The lock on a journal, which no other appender gets until it is dropped.
///
/// The lock file says which lock file and which database were last used together. A lock file without these words may
/// be a new one, beside a database that another process still has open.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
    /// Inode and device of the lock file.
    pub(super) id: FileId,
    /// The text that the last appender wrote into it.
    text: String,
    /// Whether it was not there before.
    is_made: bool,
}

/// The text of a new lock file, until its maker has the database for itself.
const UNSIGNED: &str = "new\n";

/// Most bytes of a lock file that are read.
const SIGNATURE: u64 = 256;

impl Lock {
    /// Takes the lock; creates the lock file if it does not exist.
    ///
    /// # Errors
    /// [`Trouble::Locked`] if another process holds it.
    pub(super) fn take(path: &Path) -> Result<Self, Failure> {
        let path = beside(path, ".lock");
        let (mut file, is_made) = match private(&mut File::options()).create_new(true).open(&path) {
            Ok(made) => (made, true),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                (File::options().read(true).write(true).open(&path)?, false)
            }
            Err(error) => return Err(error.into()),
        };
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Failure::new(Trouble::Locked)),
            Err(TryLockError::Error(error)) => return Err(error.into()),
        }
        let id = FileId::of(&file.metadata()?);
        if is_made {
            // An empty lock file is of an earlier version, and trusted. Only the holder of the lock writes into it.
            file.write_all(UNSIGNED.as_bytes())?;
        }
        file.seek(SeekFrom::Start(0))?;
        let mut text = Vec::new();
        (&file).take(SIGNATURE).read_to_end(&mut text)?;
        let text = String::from_utf8_lossy(&text).into_owned();
        Ok(Self {
            file,
            id,
            text,
            is_made,
        })
    }

    /// Removes a lock file that this opening made beside a file which is no journal.
    ///
    /// It is removed while it is held. Whoever opened it meanwhile fails as well, since the file is no journal for them
    /// either.
    pub(super) fn leave(&self, path: &Path, failure: &Failure) {
        if self.is_made && failure.trouble == Trouble::Corrupt {
            // What cannot be removed does no harm.
            let _ = std::fs::remove_file(beside(path, ".lock"));
        }
    }

    /// Opens the database through SQLite alone, once no other process can be appending to it.
    pub(super) fn open(&self, path: &Path) -> Result<Connection, Failure> {
        let metadata = match path.metadata() {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                forget_shared_memory(path)?;
                return self.create(path);
            }
            metadata => metadata?,
        };
        if metadata.is_dir() {
            return Err(std::io::Error::from(std::io::ErrorKind::IsADirectory).into());
        }
        let known = self.text.is_empty() || self.text == signature(self.id, FileId::of(&metadata));
        if known || metadata.len() == 0 {
            return read_write(path);
        }
        // A reader that came first leaves an empty log, in which nothing of another file can be.
        if beside(path, "-wal")
            .metadata()
            .is_ok_and(|log| log.len() > 0)
        {
            // SQLite would take the log for this file's, also if another process still writes it for another file.
            return Err(Failure::said(
                Trouble::Changed,
                "a log is beside it, and its lock is of another file; if file and log were copied here together, make \
                 the lock file empty",
            ));
        }
        alone(path)?;
        read_write(path)
    }

    /// Has SQLite create the database, readable by its owner only, as the lock file is.
    ///
    /// SQLite does so, because closing a file here would drop the locks that another thread may have on it by then.
    fn create(&self, path: &Path) -> Result<Connection, Failure> {
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            if self.file.metadata()?.permissions().mode() & 0o077 != 0 {
                self.file
                    .set_permissions(std::fs::Permissions::from_mode(0o600))?;
            }
        }
        create(path, &beside(path, ".lock"))
    }

    /// Writes that this lock and the database belong together; returns the length of the text.
    ///
    /// Written only if it changed, so that a restart leaves the file alone.
    pub(super) fn sign(&mut self, path: &Path) -> Result<u64, Failure> {
        let text = signature(self.id, FileId::of(&path.metadata()?));
        if self.text != text {
            self.file.set_len(0)?;
            self.file.seek(SeekFrom::Start(0))?;
            self.file.write_all(text.as_bytes())?;
            self.text = text;
        }
        Ok(self.text.len() as u64)
    }
}

/// Checks that the lock file beside a database was last used with it, for a process that writes without the lock.
///
/// # Errors
/// [`Trouble::Changed`] if it is another database's, so that the log beside it may be so as well.
pub(super) fn belongs(path: &Path) -> Result<(), Failure> {
    let lock = beside(path, ".lock");
    let mut text = Vec::new();
    match File::open(&lock) {
        Ok(file) => {
            let id = FileId::of(&file.metadata()?);
            file.take(SIGNATURE).read_to_end(&mut text)?;
            let database = FileId::of(&path.metadata()?);
            if text.is_empty() || text == signature(id, database).as_bytes() {
                return Ok(());
            }
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(error.into()),
    }
    Err(Failure::said(
        Trouble::Changed,
        "its lock is not there or of another file; start the process that appends to it first",
    ))
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing alone is not enough: a program that is just being started has a copy of the handle until it runs.
        let _ = self.file.unlock();
    }
}

/// The text of a lock file. It has no devices, whose numbers may change with the next start of the machine.
fn signature(lock: FileId, database: FileId) -> String {
    format!("lock {} of file {}\n", lock.inode, database.inode)
}

/// Makes sure that no process has a connection to the database, and removes the shared memory of earlier ones.
fn alone(path: &Path) -> Result<(), Failure> {
    // Nothing is read before the lock is held: a database that another process has open may be unreadable here.
    let connection = read_write(path)?;
    connection.pragma_update_and_check(None, "locking_mode", "exclusive", |_| Ok(()))?;
    connection
        .execute_batch("begin exclusive; rollback")
        .map_err(|error| match Failure::from(error) {
            failure if failure.trouble == Trouble::Locked => Failure::said(
                Trouble::Locked,
                "its lock is new, and somebody has the file open",
            ),
            failure => failure,
        })?;
    // While the database is still held: the next connection makes its own.
    forget_shared_memory(path)
}

/// Removes the shared memory of a database that is gone; processes that have it open keep it.
fn forget_shared_memory(path: &Path) -> Result<(), Failure> {
    match std::fs::remove_file(beside(path, "-shm")) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

/// Options to create a file for its owner only, and to read and write it.
pub(super) fn private(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(options, 0o600);
    options.read(true).write(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_that_was_given_up_is_free_although_a_copy_of_its_handle_is_held() {
        let folder = tempfile::TempDir::new().expect("a folder");
        let path = folder.path().join("events.db");
        let held = Lock::take(&path).expect("free");
        let refused = Lock::take(&path).expect_err("held");
        assert_eq!(refused.trouble, Trouble::Locked);
        let copy = held.file.try_clone().expect("a copy");
        drop(held);
        Lock::take(&path).expect("free again");
        drop(copy);
    }
}
