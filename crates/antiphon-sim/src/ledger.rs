//! The ledger: what was due to whom. An [`Audit`](crate::Audit) holds a journal against it.
//!
//! A platform writes a row when an event happens that somebody is due, and when a frame is sent; a row says to whom, where and
//! when, and, once it was sent, on which connection and under which number.
//! A row that was never sent shows what a client missed, which no client could know by itself.
//!
//! The ledger is bounded by rows and by bytes: the oldest go first, a note says so once, and a question that concerns them is
//! refused instead of answered with half the truth.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::value::RawValue;

/// One event that was due to one account, or one frame that was sent on one connection.
///
/// As JSON, one row a line, it is what `GET /ledger` shows; `sent` is left out there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Number in the ledger, from 1.
    pub n: u64,
    /// Platform, such as `queup`.
    pub platform: &'static str,
    /// Kind as a journal names it, such as `queup.chat-message`.
    pub kind: Arc<str>,
    /// Place as a journal names it, such as `room/5a77…`.
    pub place: Arc<str>,
    /// Origin as a journal names it; absent where the event was never sent and has no id of its own.
    ///
    /// Messages and interactions have one of their own; other events are named by their connection and frame.
    pub origin: Option<Arc<str>>,
    /// Id of the account it is due to.
    ///
    /// Absent on a frame that nobody is due: a copy on a second connection of the same account, or one to a connection
    /// that attached a room without joining it.
    ///
    /// An audit counts only rows that are due to the account it judges.
    pub due_to: Option<Arc<str>>,
    /// Wall time in Unix milliseconds, cut off, not rounded.
    pub at: i64,
    /// The platform's own document; not always JSON.
    ///
    /// Clients compare it with what they stored; rows of one frame share it.
    pub body: Arc<str>,
    /// Connection it was sent on, as the edges of gaps name it; on Discord, the session that has it.
    pub connection: Option<Arc<str>>,
    /// Number of the frame on that connection, from 1; on Discord, its sequence in the session.
    ///
    pub frame: Option<u64>,
    /// Whether it was sent at all: a Discord session without a connection has events that were not. Not in the JSON form.
    pub sent: bool,
}

impl Row {
    /// Bytes that the row costs, roughly; texts that rows share are left out.
    fn weight(&self) -> usize {
        // Each text of its own costs its counters and what the allocator adds; those that rows have in common do not
        // count. The queue of rows may be twice as long as what is in it.
        let origin = self.origin.as_ref().map_or(0, |text| 32 + text.len());
        2 * size_of::<Self>() + origin + 32 + self.body.len()
    }
}

impl Serialize for Row {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("n", &self.n)?;
        map.serialize_entry("platform", self.platform)?;
        map.serialize_entry("kind", &*self.kind)?;
        map.serialize_entry("place", &*self.place)?;
        map.serialize_entry("origin", &self.origin.as_deref())?;
        map.serialize_entry("due_to", &self.due_to.as_deref())?;
        map.serialize_entry("at", &self.at)?;
        match serde_json::from_str::<&RawValue>(&self.body) {
            Ok(json) => map.serialize_entry("body", json)?,
            Err(_) => map.serialize_entry("body", &*self.body)?,
        }
        map.serialize_entry("connection", &self.connection.as_deref())?;
        map.serialize_entry("frame", &self.frame)?;
        map.end()
    }
}

/// Something the simulator did not expect: an unknown route, a malformed request, a client that does not read.
///
/// Notes are the first thing to look at when a scenario behaves oddly:
///
/// ```
/// use antiphon_sim::Simulator;
/// use bytes::Bytes;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sim = Simulator::with_seed(7);
/// let url = "https://api.queup.net/no/such/route";
/// sim.network().http().send(http::Request::get(url).body(Bytes::new())?).await?;
/// assert!(sim.notes()[0].text.starts_with("no such route: GET /no/such/route"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Note {
    /// Number among the notes, from 1.
    pub n: u64,
    /// Wall time in Unix milliseconds.
    pub at: i64,
    /// Platform it concerns, or `sim` for the simulator itself.
    pub platform: &'static str,
    /// What happened, in one sentence.
    pub text: String,
}

/// How much a ledger keeps.
///
/// Where it is more, the oldest rows go first: a note says so, [`Ledger::dropped`] counts them, and
/// [`Ledger::whole`] refuses to answer what they would belong to.
///
/// A test of a long run keeps less:
///
/// ```
/// use antiphon_sim::{LedgerLimits, Options, Simulator};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let limits = LedgerLimits::default().rows(10_000).bytes(8 << 20);
/// let sim = Simulator::over_pipes(&Options::new().ledger(limits));
/// assert_eq!(sim.ledger().dropped(), 0);
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LedgerLimits {
    /// Most rows; at least 1.
    rows: usize,
    /// Most bytes of rows; the newest row stays even if it is larger.
    bytes: usize,
    /// Most notes; older ones are dropped without a word.
    notes: usize,
}

impl Default for LedgerLimits {
    fn default() -> Self {
        Self {
            rows: Self::ROWS,
            bytes: Self::BYTES,
            notes: Self::NOTES,
        }
    }
}

impl LedgerLimits {
    /// Rows kept by default: one million.
    pub const ROWS: usize = 1_000_000;
    /// Bytes of rows kept by default, roughly counted: 256 MiB.
    pub const BYTES: usize = 256 << 20;
    /// Notes kept by default: ten thousand.
    pub const NOTES: usize = 10_000;

    /// Sets how many rows are kept.
    ///
    /// 0 counts as 1.
    #[must_use]
    pub fn rows(mut self, rows: usize) -> Self {
        self.rows = rows.max(1);
        self
    }

    /// Sets how many bytes of rows are kept, roughly counted.
    #[must_use]
    pub fn bytes(mut self, bytes: usize) -> Self {
        self.bytes = bytes;
        self
    }
}

/// The rows and notes of a whole simulation; clones share them.
///
/// It is bounded by [`LedgerLimits`]; when the oldest rows go, the first note about it says so and `dropped` counts.
///
/// Questions that a test asks most:
///
/// ```
/// use antiphon_sim::{Query, Simulator};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let sim = Simulator::with_seed(7);
/// let (ledger, bot) = (sim.ledger(), sim.queup().account());
/// // How many events of each kind were due to the bot, and the rows behind a number.
/// assert!(ledger.due_to(&bot.id).is_empty());
/// let newer = Query { after: ledger.last(), due_to: Some(bot.id), ..Query::default() };
/// assert!(ledger.whole(&newer).expect("nothing was dropped").is_empty());
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Ledger(Arc<Mutex<Pages>>);

#[derive(Debug, Default)]
struct Pages {
    limits: LedgerLimits,
    /// Rows that are kept, the oldest first.
    rows: VecDeque<Row>,
    /// Number of the row that comes next, less one.
    written: u64,
    /// Sum of what the kept rows cost.
    bytes: usize,
    /// Rows that were dropped, which are the oldest.
    dropped: u64,
    notes: VecDeque<Note>,
    noted: u64,
    /// Texts that many rows share: kinds, places, accounts, connections.
    ///
    /// Forgotten altogether when there are too many; rows keep theirs.
    texts: BTreeSet<Arc<str>>,
}

/// A row on its way into the ledger.
#[derive(Clone, Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) platform: &'static str,
    pub(crate) kind: &'a str,
    pub(crate) place: &'a str,
    pub(crate) origin: Option<String>,
    pub(crate) due_to: Option<&'a str>,
    pub(crate) at: i64,
    /// Document of the event, shared by the rows of one event.
    pub(crate) body: Arc<str>,
    /// Connection and frame.
    pub(crate) sent: Option<(&'a str, u64)>,
}

/// What a query of the ledger asks for; everything by default.
///
/// ```
/// use antiphon_sim::{Query, Simulator};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let sim = Simulator::with_seed(7);
/// // The first ten frames of a connection.
/// let query = Query { connection: Some("c0ffee".into()), limit: Some(10), ..Query::default() };
/// assert!(sim.ledger().rows(&query).is_empty(), "no such connection");
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// Only rows with a greater number.
    ///
    /// 0 begins with the first row.
    pub after: u64,
    /// Only rows due to this account.
    pub due_to: Option<String>,
    /// Only frames of this connection.
    pub connection: Option<String>,
    /// At most this many rows.
    ///
    /// `None` is all of them.
    pub limit: Option<usize>,
}

impl Ledger {
    pub(crate) fn with_limits(limits: LedgerLimits) -> Self {
        Self(Arc::new(Mutex::new(Pages {
            limits,
            ..Pages::default()
        })))
    }

    fn pages<T>(&self, use_them: impl FnOnce(&mut Pages) -> T) -> T {
        use_them(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Writes a row; gives its number.
    pub(crate) fn write(&self, entry: Entry<'_>) -> u64 {
        let sent = entry.sent.is_some();
        self.put(entry, sent)
    }

    /// Writes a row of an event that has its place on a connection and was not sent there.
    pub(crate) fn write_unsent(&self, entry: Entry<'_>) {
        self.put(entry, false);
    }

    fn put(&self, entry: Entry<'_>, sent: bool) -> u64 {
        let at = entry.at;
        let (number, first_drop) = self.pages(|pages| {
            let first_drop = pages.write(entry, sent);
            (pages.written, first_drop)
        });
        if first_drop {
            self.note(
                at,
                "sim",
                "the ledger is full: the oldest rows are being dropped, and counts begin later than the traffic".to_owned(),
            );
        }
        number
    }

    /// Writes into a row of something that was kept back where it was sent after all.
    pub(crate) fn sent(&self, number: u64, origin: &str, connection: &str, frame: u64) {
        self.pages(|pages| {
            let connection = pages.text(connection);
            let first = pages.written - pages.rows.len() as u64;
            let index = number.checked_sub(first + 1);
            let index = index.and_then(|index| usize::try_from(index).ok());
            // It may be gone already.
            if let Some(row) = index.and_then(|index| pages.rows.get_mut(index)) {
                row.origin = Some(origin.into());
                row.connection = Some(connection);
                row.frame = Some(frame);
                row.sent = true;
            }
        });
    }

    pub(crate) fn note(&self, at: i64, platform: &'static str, text: String) {
        tracing::warn!(platform, note = %text, "the simulator did not expect this");
        self.pages(|pages| {
            pages.noted += 1;
            let n = pages.noted;
            pages.notes.push_back(Note {
                n,
                at,
                platform,
                text,
            });
            if pages.notes.len() > pages.limits.notes {
                pages.notes.pop_front();
            }
        });
    }

    /// The rows that fit a query, oldest first, if none of those it concerns was dropped.
    ///
    /// # Errors
    ///
    /// How many rows were dropped, if the query begins before the last of them: what is left is not the whole truth.
    pub fn whole(&self, query: &Query) -> Result<Vec<Row>, u64> {
        let dropped = self.dropped();
        if query.after < dropped {
            return Err(dropped);
        }
        Ok(self.rows(query))
    }

    /// The rows that fit a query and were not dropped, oldest first; see [`Ledger::whole`].
    pub fn rows(&self, query: &Query) -> Vec<Row> {
        self.pages(|pages| {
            let first = pages.written - pages.rows.len() as u64;
            let skip = usize::try_from(query.after.saturating_sub(first)).unwrap_or(usize::MAX);
            let fits = |row: &&Row| {
                query
                    .due_to
                    .as_deref()
                    .is_none_or(|account| row.due_to.as_deref() == Some(account))
                    && query
                        .connection
                        .as_deref()
                        .is_none_or(|connection| row.connection.as_deref() == Some(connection))
            };
            pages
                .rows
                .iter()
                .skip(skip)
                .filter(fits)
                .take(query.limit.unwrap_or(usize::MAX))
                .cloned()
                .collect()
        })
    }

    /// The rows of a platform, oldest first, and the number of the ledger's last row.
    ///
    /// # Errors
    ///
    /// How many rows were dropped, if any were.
    pub(crate) fn of_platform(&self, platform: &str) -> Result<(Vec<Row>, u64), u64> {
        self.pages(|pages| {
            if pages.dropped > 0 {
                return Err(pages.dropped);
            }
            let rows = pages.rows.iter().filter(|row| row.platform == platform);
            Ok((rows.cloned().collect(), pages.written))
        })
    }

    /// How many frames of each kind were sent on a connection, among the rows that were not dropped.
    ///
    /// Rows that were not sent are not counted, nor is a frame of another connection.
    pub fn sent_on(&self, connection: &str) -> BTreeMap<String, u64> {
        self.count(|row| row.sent && row.connection.as_deref() == Some(connection))
    }

    /// How many events of each kind are due to an account, among the rows that were not dropped.
    ///
    /// Sent or not; a copy on a second connection is due to nobody.
    pub fn due_to(&self, account: &str) -> BTreeMap<String, u64> {
        self.count(|row| row.due_to.as_deref() == Some(account))
    }

    fn count(&self, fits: impl Fn(&Row) -> bool) -> BTreeMap<String, u64> {
        self.pages(|pages| {
            let mut counts = BTreeMap::new();
            for row in pages.rows.iter().filter(|row| fits(row)) {
                if let Some(count) = counts.get_mut(&*row.kind) {
                    *count += 1;
                } else {
                    counts.insert(row.kind.to_string(), 1);
                }
            }
            counts
        })
    }

    /// Number of the last row written; zero if there is none.
    ///
    /// A test that wants only what follows takes it first, as `after` of a [`Query`].
    pub fn last(&self) -> u64 {
        self.pages(|pages| pages.written)
    }

    /// How many of the oldest rows were dropped to stay within the limits.
    pub fn dropped(&self) -> u64 {
        self.pages(|pages| pages.dropped)
    }

    /// What the simulator did not expect, oldest first.
    ///
    /// The newest ten thousand of them.
    pub fn notes(&self) -> Vec<Note> {
        self.pages(|pages| pages.notes.iter().cloned().collect())
    }
}

impl Pages {
    /// More shared texts than this are not remembered.
    const TEXTS: usize = 65_536;

    /// Writes a row; tells whether the first old one had to go for it.
    fn write(&mut self, entry: Entry<'_>, sent: bool) -> bool {
        self.written += 1;
        let row = Row {
            n: self.written,
            platform: entry.platform,
            kind: self.text(entry.kind),
            place: self.text(entry.place),
            origin: entry.origin.map(Arc::from),
            due_to: entry.due_to.map(|account| self.text(account)),
            at: entry.at,
            body: entry.body,
            connection: entry.sent.map(|(connection, _)| self.text(connection)),
            frame: entry.sent.map(|(_, frame)| frame),
            sent,
        };
        self.bytes += row.weight();
        self.rows.push_back(row);
        let had_dropped = self.dropped > 0;
        while self.rows.len() > self.limits.rows
            || (self.bytes > self.limits.bytes && self.rows.len() > 1)
        {
            let Some(old) = self.rows.pop_front() else {
                break;
            };
            self.bytes -= old.weight();
            self.dropped += 1;
        }
        self.dropped > 0 && !had_dropped
    }

    fn text(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.texts.get(text) {
            return Arc::clone(known);
        }
        if self.texts.len() >= Self::TEXTS {
            self.texts.clear();
        }
        let new: Arc<str> = text.into();
        self.texts.insert(Arc::clone(&new));
        new
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(ledger: &Ledger, kind: &str, due_to: &str) {
        ledger.write(Entry {
            platform: "queup",
            kind,
            place: "room/1",
            origin: None,
            due_to: Some(due_to),
            at: 5,
            body: "{}".into(),
            sent: None,
        });
    }

    #[test]
    fn a_full_ledger_drops_the_oldest_rows_and_says_so_once() {
        let ledger = Ledger::with_limits(LedgerLimits::default().rows(2));
        for kind in ["a", "b", "c", "d"] {
            write(&ledger, kind, "u");
        }
        let numbers: Vec<u64> = ledger
            .rows(&Query::default())
            .iter()
            .map(|row| row.n)
            .collect();
        assert_eq!(numbers, [3, 4]);
        assert_eq!(ledger.dropped(), 2);
        assert_eq!(ledger.notes().len(), 1);
    }

    #[test]
    fn a_query_gives_the_rows_after_a_number_that_are_due_to_an_account() {
        let ledger = Ledger::default();
        write(&ledger, "a", "u");
        write(&ledger, "b", "v");
        write(&ledger, "c", "u");
        let query = Query {
            after: 1,
            due_to: Some("u".into()),
            ..Query::default()
        };
        let kinds: Vec<_> = ledger
            .rows(&query)
            .into_iter()
            .map(|row| row.kind)
            .collect();
        assert_eq!(kinds, ["c".into()]);
        assert_eq!(ledger.due_to("u").values().sum::<u64>(), 2);
    }

    #[test]
    fn a_row_is_one_json_object_whatever_its_body() {
        let ledger = Ledger::default();
        ledger.write(Entry {
            platform: "queup",
            kind: "queup.message",
            place: "user/1",
            origin: Some("c/00000001".into()),
            due_to: Some("u"),
            at: 5,
            body: "{not json".into(),
            sent: Some(("c", 1)),
        });
        let row = serde_json::to_string(&ledger.rows(&Query::default())[0]).expect("JSON");
        assert_eq!(
            row,
            r#"{"n":1,"platform":"queup","kind":"queup.message","place":"user/1","origin":"c/00000001","due_to":"u","at":5,"body":"{not json","connection":"c","frame":1}"#
        );
    }
}
