//! Rows of new events, as server-sent events.
//!
//! A browser names the position of the last row that it has (`Last-Event-ID`, or `after` at first); the journal is read
//! from there on. What was stored while the browser was away is thus sent first, in order, and nothing is sent twice: a
//! reconnect needs no memory on either side.

use std::{collections::VecDeque, convert::Infallible, sync::Arc, time::Duration};

use antiphon_core::{Event, Position};
use antiphon_journal::{Filter, Inspect};
use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{
        IntoResponse, Response, Sse,
        sse::{self, KeepAlive},
    },
    routing::get,
};
use futures_util::stream;
use tokio::{
    sync::{OwnedSemaphorePermit, watch},
    time::timeout,
};

use super::{
    Site,
    events::{Wanted, row},
    pages::{Failed, Query},
};
use crate::search::Words;

/// Events that are read at once.
const PAGE: usize = 200;
/// How long a browser waits before it comes again.
const AGAIN: Duration = Duration::from_millis(500);
/// Longest time without a word, after which an empty comment is sent, so that a connection that is gone is noticed.
const SILENCE: Duration = Duration::from_secs(15);

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new().route("/events/live", get(live))
}

/// # Errors
/// Status 503 while too many connections are open, or while the journal cannot be read; a browser tries again.
async fn live(
    State(site): State<Arc<Site>>,
    Query(wanted): Query<Wanted>,
    headers: HeaderMap,
) -> Result<Response, Failed> {
    let Ok(permit) = Arc::clone(&site.live).try_acquire_owned() else {
        return Ok((StatusCode::SERVICE_UNAVAILABLE, "Too many pages are open.").into_response());
    };
    let journal = site.journal().await.map_err(Failed::from)?;
    let last = headers
        .get("last-event-id")
        .and_then(|id| id.to_str().ok()?.parse().ok());
    let last_stored = journal.last();
    let after = last
        .or(wanted.after)
        .map_or(*last_stored.borrow(), Position::new);
    let rows = Rows {
        filter: wanted.filter(),
        words: wanted.words()?,
        site,
        last: last_stored,
        journal,
        after,
        has_begun: false,
        ready: VecDeque::new(),
        _permit: permit,
    };
    let events = stream::unfold(rows, async |mut rows| {
        rows.next()
            .await
            .map(|event| (Ok::<_, Infallible>(event), rows))
    });
    Ok(Sse::new(events)
        .keep_alive(KeepAlive::new().interval(SILENCE))
        .into_response())
}

/// A connection.
struct Rows {
    site: Arc<Site>,
    journal: Arc<dyn Inspect>,
    last: watch::Receiver<Position>,
    filter: Filter,
    words: Option<Words>,
    /// Everything up to here was read.
    after: Position,
    /// Whether the browser was told when to come again.
    has_begun: bool,
    ready: VecDeque<Arc<Event>>,
    _permit: OwnedSemaphorePermit,
}

impl Rows {
    /// The next row; `None` once the server stops or the journal cannot be read, upon which the browser comes again.
    async fn next(&mut self) -> Option<sse::Event> {
        if !std::mem::replace(&mut self.has_begun, true) {
            return Some(self.mark().retry(AGAIN));
        }
        loop {
            if let Some(event) = self.ready.pop_front() {
                let id = event.position().to_string();
                return Some(sse::Event::default().id(id).data(row(&event).into_string()));
            }
            let end = *self.last.borrow_and_update();
            let read = self
                .journal
                .read_where(self.after, PAGE, &self.filter)
                .await;
            let Ok(page) = read else {
                self.site.reopen().await;
                return None;
            };
            let is_end = page.through >= end;
            let was_passed_over = page.through > self.after;
            self.after = page.through;
            let words = self.words.as_ref();
            let found = page
                .events
                .into_iter()
                .filter(|event| words.is_none_or(|words| words.is_in(event)));
            self.ready.extend(found);
            if !self.ready.is_empty() || !is_end {
                continue;
            }
            match timeout(SILENCE, self.waits()).await {
                Ok(false) => return None,
                // An id without a row, so that a reconnect does not look again at what had none.
                Err(_) if was_passed_over => return Some(self.mark()),
                Ok(true) | Err(_) => {}
            }
        }
    }

    /// Waits until more is stored; false once the server stops.
    async fn waits(&mut self) -> bool {
        tokio::select! {
            () = self.site.over.cancelled() => false,
            stored = self.last.changed() => stored.is_ok(),
        }
    }

    fn mark(&self) -> sse::Event {
        sse::Event::default()
            .event("mark")
            .id(self.after.to_string())
            .data("")
    }
}
