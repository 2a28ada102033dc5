//! Reads the journal's events as they are stored, adds them to the books, and shows them.
//!
//! The printer is a second reader of the journal beside the app's head, with a place of its own. It proves on the way
//! that reading needs no app, and it is why a slow terminal slows nothing but the terminal.

use std::sync::{Arc, Mutex, PoisonError};

use antiphon_core::{Event, Position};
use antiphon_journal::Inspect;
use tokio::sync::watch;

use super::tally::Books;
use crate::{failure::Failure, output::Output, show::Lines};

/// What becomes of each event beside its entry in the books.
#[derive(Debug)]
pub(super) enum Shown {
    /// Every event is a line of the output.
    Each(Output, Box<Lines>),
    /// The newest event is kept, for whoever draws a picture.
    Newest(watch::Sender<Option<Arc<Event>>>),
}

/// Events of a page.
const PAGE: usize = 500;

/// Reads the journal independently of the app, so that a slow terminal delays nothing else.
#[derive(Debug)]
pub(super) struct Printer {
    pub(super) journal: Arc<dyn Inspect>,
    /// Everything up to here is shown and in the books.
    pub(super) after: Position,
    pub(super) shown: Shown,
    pub(super) books: Arc<Mutex<Books>>,
}

impl Printer {
    /// Shows everything up to and including the position that `end` receives.
    ///
    /// # Errors
    /// A journal that cannot be read, and an output that cannot be written; a closed pipe is `ReaderGone`, a normal
    /// end.
    pub(super) async fn run(
        mut self,
        mut end: watch::Receiver<Option<Position>>,
    ) -> anyhow::Result<()> {
        let mut last = self.journal.last();
        loop {
            last.borrow_and_update();
            let is_end = end.borrow_and_update().is_some_and(|end| self.after >= end);
            if is_end {
                return Ok(());
            }
            if self.page().await? {
                continue;
            }
            tokio::select! {
                stored = last.changed() => stored.map_err(|_| closed())?,
                ended = end.changed() => ended.map_err(|_| closed())?,
            }
        }
    }

    /// Shows the next page; false if there was none.
    async fn page(&mut self) -> anyhow::Result<bool> {
        let page = self
            .journal
            .read(self.after, PAGE)
            .await
            .map_err(Failure::from)?;
        let Some(event) = page.last() else {
            return Ok(false);
        };
        self.after = event.position();
        {
            let mut books = self.books.lock().unwrap_or_else(PoisonError::into_inner);
            for event in &page {
                let book = books.entry(event.source().clone()).or_default();
                book.stored(event);
            }
        }
        match &mut self.shown {
            Shown::Each(output, lines) => tokio::task::block_in_place(|| {
                lines.show(output, page.iter().map(|event| &**event))?;
                output.flush()
            })?,
            Shown::Newest(newest) => {
                newest.send_replace(page.into_iter().next_back());
            }
        }
        Ok(true)
    }
}

/// For a printer whose senders are gone before the end was told.
fn closed() -> anyhow::Error {
    anyhow::anyhow!("the demo ended before its events were shown")
}
