//! The connection by which consumers store what they keep, beside the process that appends.
//!
//! Cursors, dead letters and projections of consumers are in the journal's own file, so that retention, status, export and
//! every other reader find them where they always are. A save is one short transaction; SQLite lets one process write at a
//! time, and the others wait for it up to five seconds.

use std::path::Path;

use antiphon_core::{Batch, ConsumerName, Trouble};
use rusqlite::{Connection, TransactionBehavior, config::DbConfig};

use super::{
    connection::{read_only, read_write},
    lock::belongs,
    open::{self, Options, settle},
    schema::{self, Content},
    trouble::Failure,
    writer::{LOG_BYTES, change_dead_letter, forget, store_states},
};

/// A connection that writes no events.
pub(super) struct Saver {
    connection: Connection,
}

impl Saver {
    /// Opens a journal that there is; one of an older version is upgraded if nobody appends to it.
    ///
    /// # Errors
    /// [`Trouble::Empty`], [`Trouble::Locked`] for an older version that somebody appends to, [`Trouble::Changed`] for a
    /// file beside the lock of another one, and any failure of opening.
    pub(super) fn open(path: &Path, options: &Options) -> Result<Self, Failure> {
        let found = schema::content(&read_only(path)?)?;
        match found {
            Content::Empty => return Err(Failure::new(Trouble::Empty)),
            Content::Journal(version) if version == schema::version() => belongs(path)?,
            Content::Journal(_) => upgrade(path)?,
        }
        let connection = read_write(path)?;
        settle(&connection, options)?;
        open::refuse_unfinished(&connection)?;
        let page_size: u32 = connection.query_row("pragma page_size", [], |row| row.get(0))?;
        // The process that appends moves the log at half of that. Without one, nobody else would.
        let long = 2 * LOG_BYTES / page_size.max(1);
        connection.pragma_update_and_check(None, "wal_autocheckpoint", long, |_| Ok(()))?;
        // The last one to close moves the log and removes it by its name; that is left to who watches these files.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        Ok(Self { connection })
    }

    /// Removes a consumer by its cursors, and its projections.
    pub(super) fn forget(
        &mut self,
        consumer: &ConsumerName,
        cursors: &[ConsumerName],
    ) -> Result<(), Failure> {
        let immediate = TransactionBehavior::Immediate;
        let transaction = self.connection.transaction_with_behavior(immediate)?;
        forget(&transaction, consumer, cursors)?;
        transaction.commit()?;
        Ok(())
    }

    /// Stores a batch of consumers in one transaction.
    pub(super) fn save(&mut self, batch: &Batch) -> Result<(), Failure> {
        let immediate = TransactionBehavior::Immediate;
        let transaction = self.connection.transaction_with_behavior(immediate)?;
        store_states(&transaction, batch)?;
        for change in &batch.dead {
            change_dead_letter(&transaction, change)?;
        }
        transaction.commit()?;
        Ok(())
    }
}

/// Upgrades a journal that nobody appends to.
fn upgrade(path: &Path) -> Result<(), Failure> {
    let opened = open::writer(path, &Options::new());
    let mut writer = opened.map_err(|failure| match failure.trouble {
        Trouble::Locked => Failure::said(
            Trouble::Locked,
            "it is of an older version, and a process of that version appends to it",
        ),
        _ => failure,
    })?;
    writer.finish()
}
