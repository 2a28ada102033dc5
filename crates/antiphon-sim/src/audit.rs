//! The audit: what became of each event that was due, by the ledger and by what a journal holds.
//!
//! An event that was due is *stored* if the journal holds its origin, *gapped* if a reported gap covers it, and else
//! *lost*. Tests, the demo and, over the control address, the scripts of `interop/` judge by these rules alone.
//!
//! The ledger says what was due to an account; the journal says what a program stored of it; the audit counts how they differ.
//! Neither side is asked how it works, so that any client in any language can be judged by the same rules.
//!
//! | the event | counts as |
//! | --- | --- |
//! | is in the journal, under its origin | stored |
//! | is not, and a reported gap covers its place and time | gapped |
//! | is not, and no gap covers it | lost |
//! | is in the journal twice | repeated |
//! | stands behind a later one of the same line | out of order |
//! | was stored and never handled, although somebody counts that | unhandled |
//!
//! `order` knows the lines, `stretch` what a gap covers, and `posted` reads a journal that another program sends.

mod order;
mod posted;
mod stretch;

use std::{
    borrow::Cow,
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use antiphon_core::{Event, Gap, Origin, Place, Provenance};
use serde::{Deserialize, Serialize, Serializer, ser::SerializeMap};

pub(crate) use self::posted::{PostError, posted};
use self::stretch::Gaps;
use crate::{Ledger, Row};

/// The kind by which a node greets a socket and names its session.
///
/// It is how both sides' names of one socket are brought together.
const GREETING: &str = "lavalink.ready";
/// The kind of a Stack Exchange message, whose history names it by the message alone.
const POSTED: &str = "stackexchange.MessagePosted";
/// Rows that the JSON form of an audit shows of those lost, and of those out of order.
const SHOWN: usize = 20;

/// Which rows of a ledger a journal is held against: those due to one account of one platform.
///
/// An account of one platform, up to a row:
///
/// ```
/// use antiphon_sim::{Due, Simulator};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let sim = Simulator::with_seed(7);
/// let bot = sim.queup().account();
/// let due = Due::to("queup", &bot.id).until(sim.ledger().last());
/// # let _ = due;
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Due<'a> {
    /// Name of the platform, such as `queup`.
    platform: &'a str,
    /// Id of the account; rows that are due to nobody never count.
    account: &'a str,
    /// Number of the last row that counts.
    until: u64,
}

impl<'a> Due<'a> {
    /// All rows due to an account.
    ///
    /// A platform's name is needed beside the account, since a bot has one id at Discord and at its Lavalink nodes.
    ///
    /// Ids are those of the platform: a QueUp user, a Discord bot's user, a Stack Exchange user.
    pub fn to(platform: &'a str, account: &'a str) -> Self {
        Self {
            platform,
            account,
            until: u64::MAX,
        }
    }

    /// Sets the last row that counts, for a journal that was closed while the simulator went on. Default: all rows.
    #[must_use]
    pub fn until(mut self, row: u64) -> Self {
        self.until = row;
        self
    }
}

/// One event as a journal holds it.
///
/// An event of a journal in memory converts to it, with an open count of handling.
///
/// ```
/// use antiphon_core::{Draft, Event, Kind, Origin, Place, Position};
/// use antiphon_sim::StoredEvent;
///
/// let draft = Draft::new(
///     Kind::from_static("queup.user-join"), Place::new("room/1"), Origin::from("c0ffee/3"),
///     jiff::Timestamp::UNIX_EPOCH, "{}",
/// );
/// let event = Event::stored(Position::new(1), "queup".into(), draft);
/// let stored = StoredEvent::from(&event);
/// assert_eq!((stored.kind, stored.place, stored.handled), ("queup.user-join", "room/1", None));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct StoredEvent<'a> {
    /// Kind, such as `queup.chat-message`.
    pub kind: &'a str,
    /// Place, such as `room/5a77…`.
    pub place: &'a str,
    /// Origin; unique in its source.
    pub origin: &'a str,
    /// How it came.
    pub provenance: Provenance,
    /// When its frame was read, in Unix milliseconds.
    pub received_at: i64,
    /// Body; read for gaps, for a node's greetings and for Stack Exchange's messages, and may be empty elsewhere.
    pub body: &'a [u8],
    /// How many times it was handled so far; `None` where nobody counts that.
    pub handled: Option<u64>,
}

impl<'a> From<&'a Event> for StoredEvent<'a> {
    /// Leaves open how many times the event was handled.
    fn from(event: &'a Event) -> Self {
        Self {
            kind: event.kind().as_str(),
            place: event.place().as_str(),
            origin: event.origin().as_str(),
            provenance: event.provenance(),
            received_at: event.received_at().as_millisecond(),
            body: event.body(),
            handled: None,
        }
    }
}

/// What a journal holds of one source, taken in event by event.
///
/// It keeps about 200 bytes an event, and no bodies.
///
/// ```
/// use antiphon_core::Provenance;
/// use antiphon_sim::{Due, Ledger, StoredEvent, StoredEvents};
///
/// let mut events = StoredEvents::default();
/// events.add(&StoredEvent {
///     kind: "queup.chat-message",
///     place: "room/1",
///     origin: "chat/5-1720000001000",
///     provenance: Provenance::Live,
///     received_at: 1_720_000_001_000,
///     body: b"{}",
///     handled: None,
/// });
/// let audit = Ledger::default()
///     .audit(Due::to("queup", "mira"), &events)
///     .expect("a ledger that kept all its rows");
/// assert_eq!((audit.due, audit.lost.len(), audit.repeated), (0, 0, 0));
/// ```
///
/// Events may be added in any number of calls, in the journal's order; the order decides what is out of order.
#[derive(Debug, Default)]
pub struct StoredEvents {
    /// What is known of each origin, stored or handled.
    by_origin: HashMap<Box<str>, Known>,
    /// Events taken in.
    count: u64,
    /// Events whose origin was there already.
    repeated: u64,
    /// Events that the platform replayed, or that came from a history.
    sent_again: u64,
    /// Gaps with the places that they cover.
    gaps: Vec<(Place, Gap)>,
    /// Greetings of nodes, by which sockets are named.
    greetings: Vec<Greeting>,
    /// Stack Exchange messages that were seen, whatever origin they came by.
    messages: HashSet<i64>,
    /// Kinds and places, which many events share.
    texts: BTreeSet<Arc<str>>,
}

/// What is known of an origin.
#[derive(Debug, Default)]
struct Known {
    /// The event as it was stored first.
    stored: Option<Stored>,
    /// How often the event was handled.
    handled: u64,
}

#[derive(Debug)]
struct Stored {
    /// Number in the order of the journal, from 1.
    number: u64,
    kind: Arc<str>,
    place: Arc<str>,
    provenance: Provenance,
    /// Whether somebody counts how often it is handled.
    is_counted: bool,
}

/// A node's greeting of a socket.
#[derive(Debug)]
struct Greeting {
    session: String,
    /// The client's name of the socket.
    socket: String,
    received_at: i64,
}

impl StoredEvents {
    /// Takes in the next event of the journal.
    ///
    /// The journal's order is the order of the calls.
    pub fn add(&mut self, event: &StoredEvent<'_>) {
        self.count += 1;
        if matches!(
            event.provenance,
            Provenance::Backfilled | Provenance::Replayed
        ) {
            self.sent_again += 1;
        }
        self.read_body(event);
        let stored = Stored {
            number: self.count,
            kind: self.text(event.kind),
            place: self.text(event.place),
            provenance: event.provenance,
            is_counted: event.handled.is_some(),
        };
        let known = self.known(event.origin);
        known.handled += event.handled.unwrap_or_default();
        if known.stored.is_some() {
            self.repeated += 1;
        } else {
            known.stored = Some(stored);
        }
    }

    /// Notes that the event of an origin was handled, whether it was taken in before or not.
    ///
    /// A handler that runs again after a crash counts twice, which the audit shows as `handled_again`.
    ///
    /// ```
    /// use antiphon_core::Provenance;
    /// use antiphon_sim::{Due, Ledger, StoredEvent, StoredEvents};
    ///
    /// let mut events = StoredEvents::default();
    /// events.add(&StoredEvent {
    ///     kind: "queup.chat-message",
    ///     place: "room/1",
    ///     origin: "chat/5-1720000001000",
    ///     provenance: Provenance::Live,
    ///     received_at: 1_720_000_001_000,
    ///     body: b"{}",
    ///     handled: Some(0),
    /// });
    /// let unhandled = |events: &StoredEvents| {
    ///     Ledger::default().audit(Due::to("queup", "mira"), events).expect("no row was dropped").unhandled
    /// };
    /// assert_eq!(unhandled(&events), 1);
    /// events.handled("chat/5-1720000001000");
    /// assert_eq!(unhandled(&events), 0);
    /// ```
    pub fn handled(&mut self, origin: &str) {
        self.known(origin).handled += 1;
    }

    fn read_body(&mut self, event: &StoredEvent<'_>) {
        match event.kind {
            Gap::KIND => {
                if let Ok(gap) = serde_json::from_slice(event.body) {
                    self.gaps.push((Place::new(event.place), gap));
                }
            }
            GREETING => {
                #[derive(Deserialize)]
                #[serde(rename_all = "camelCase")]
                struct Ready {
                    session_id: String,
                }
                if let Ok(ready) = serde_json::from_slice::<Ready>(event.body)
                    && let Some((socket, _)) = event.origin.split_once('/')
                {
                    self.greetings.push(Greeting {
                        session: ready.session_id,
                        socket: socket.to_owned(),
                        received_at: event.received_at,
                    });
                }
            }
            POSTED => {
                #[derive(Deserialize)]
                struct Posted {
                    message_id: i64,
                }
                // A message that comes by a history and by a socket has one name.
                if let Ok(posted) = serde_json::from_slice::<Posted>(event.body)
                    && !self.messages.insert(posted.message_id)
                    && !self.is_stored(event.origin)
                {
                    self.repeated += 1;
                }
            }
            _ => {}
        }
    }

    /// What is known of an origin, made anew for one that was not seen.
    fn known(&mut self, origin: &str) -> &mut Known {
        if !self.by_origin.contains_key(origin) {
            self.by_origin.insert(origin.into(), Known::default());
        }
        self.by_origin.get_mut(origin).expect("it is there by now")
    }

    /// Whether an event of this origin was taken in.
    fn is_stored(&self, origin: &str) -> bool {
        let known = self.by_origin.get(origin);
        known.is_some_and(|known| known.stored.is_some())
    }

    /// A text that many events share, kept once.
    fn text(&mut self, text: &str) -> Arc<str> {
        if let Some(shared) = self.texts.get(text) {
            return Arc::clone(shared);
        }
        let shared: Arc<str> = text.into();
        self.texts.insert(Arc::clone(&shared));
        shared
    }

    /// The client's names for the sockets to nodes, by the ledger's.
    ///
    /// A node numbers neither its sockets nor its frames; both sides count them, each under a name of its own. A
    /// socket's greeting was read before the session's next socket was opened, if it was read at all.
    fn sockets<'a>(&'a self, rows: &'a [Row]) -> HashMap<&'a str, &'a str> {
        let mut opened: HashMap<&str, Vec<(i64, &str)>> = HashMap::new();
        for row in rows.iter().filter(|row| *row.kind == *GREETING) {
            if let Some(connection) = row.connection.as_deref()
                && let Some((session, _)) = connection.rsplit_once('.')
            {
                let sockets = opened.entry(session).or_default();
                sockets.push((row.at, connection));
            }
        }
        let named = self.greetings.iter().filter_map(|greeting| {
            let mut sockets = opened.get(&*greeting.session)?.iter();
            let (_, connection) = sockets.rfind(|(at, _)| *at <= greeting.received_at)?;
            Some((*connection, &*greeting.socket))
        });
        named.collect()
    }
}

/// What became of the events that were due to an account.
///
/// Serialized, it has counts, and the first 20 rows of those lost and of those out of order.
///
/// A journal that lost nothing has no rows in [`lost`](Self::lost) and none in [`disordered`](Self::disordered); gapped rows are
/// allowed, because they were reported.
///
/// ```
/// use antiphon_sim::{Due, Simulator, StoredEvents};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let sim = Simulator::with_seed(7);
/// sim.queup().room("choir-loft").say("mira", "hello");
/// let bot = sim.queup().account();
///
/// // Nobody was connected, so nothing was due.
/// let journal = StoredEvents::default();
/// let audit = sim.ledger().audit(Due::to("queup", &bot.id), &journal).expect("no row was dropped");
/// assert_eq!((audit.due, audit.lost.len(), audit.gaps), (0, 0, 0));
/// # }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Audit {
    /// Events that were due.
    ///
    /// Counted in rows of the ledger.
    pub due: u64,
    /// Of these, the stored ones.
    ///
    /// Less the rows in `gapped` and `lost`.
    pub stored: u64,
    /// Of the stored ones, those that were handled.
    ///
    /// 0 where nobody counts how often an event is handled.
    pub handled: u64,
    /// Events that were due, are not stored, and lie inside a reported gap.
    ///
    /// A gap covers a place and everything below it, between its edges.
    pub gapped: Vec<Row>,
    /// Events that were due, are not stored, and lie in no gap.
    ///
    /// Empty for a client that reports what it could not have.
    pub lost: Vec<Row>,
    /// Events that are stored more than once, by their origin or, on Stack Exchange, by their message.
    pub repeated: u64,
    /// Times that an event was handled beyond its first.
    pub handled_again: u64,
    /// Stored events, due or not, that were never handled although somebody counted.
    pub unhandled: u64,
    /// Events that were due and stand in the journal behind one that happened later in the same line.
    ///
    /// Lines are places on Discord and Stack Exchange, a place's chat and its other events on QueUp, and the sockets
    /// of Lavalink.
    ///
    /// An event that was never sent is out of order with nothing.
    pub disordered: Vec<Row>,
    /// Gaps in the journal.
    ///
    /// Reported by the program, not by the platform.
    pub gaps: u64,
    /// Stored events that the platform sent again, or that came from its history.
    pub sent_again: u64,
    /// The last row of the ledger that was looked at.
    ///
    /// The next audit may begin behind it.
    pub last: u64,
}

impl Serialize for Audit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let counts = [
            ("due", self.due),
            ("stored", self.stored),
            ("handled", self.handled),
            ("gapped", self.gapped.len() as u64),
            ("lost", self.lost.len() as u64),
            ("repeated", self.repeated),
            ("handled_again", self.handled_again),
            ("unhandled", self.unhandled),
            ("disordered", self.disordered.len() as u64),
            ("gaps", self.gaps),
            ("sent_again", self.sent_again),
            ("last", self.last),
        ];
        for (name, count) in counts {
            map.serialize_entry(name, &count)?;
        }
        for (name, rows) in [
            ("first_lost", &self.lost),
            ("first_disordered", &self.disordered),
        ] {
            map.serialize_entry(name, &rows[..rows.len().min(SHOWN)])?;
        }
        map.end()
    }
}

/// A row under the names that the journal has for it.
struct Named<'a> {
    row: &'a Row,
    origin: Option<Cow<'a, str>>,
    connection: Option<&'a str>,
}

impl Ledger {
    /// Judges what a journal holds of one source by what was due to its account.
    ///
    /// # Errors
    ///
    /// How many rows were dropped, if any were: what is left is not the whole truth.
    pub fn audit(&self, due: Due<'_>, events: &StoredEvents) -> Result<Audit, u64> {
        let (rows, last) = self.of_platform(due.platform)?;
        Ok(judge(&rows, last.min(due.until), due.account, events))
    }
}

/// Holds the events of a journal against the rows of a platform, of which those up to `last` count.
///
/// Later rows do not count, but they name sockets and frames: the journal may go on behind `last`, and a greeting whose
/// row were left out would pass for that of an earlier socket.
fn judge(rows: &[Row], last: u64, account: &str, events: &StoredEvents) -> Audit {
    let sockets = events.sockets(rows);
    let rows: Vec<Named<'_>> = rows.iter().map(|row| named(row, &sockets)).collect();
    let mut gaps = Gaps::new(&events.gaps, &rows);
    let mut audit = Audit {
        repeated: events.repeated,
        gaps: events.gaps.len() as u64,
        sent_again: events.sent_again,
        last,
        ..Audit::default()
    };
    for known in events.by_origin.values() {
        audit.handled_again += known.handled.saturating_sub(1);
        let is_counted = known.stored.as_ref().is_some_and(|it| it.is_counted);
        audit.unhandled += u64::from(is_counted && known.handled == 0);
    }
    let mut stored = Vec::new();
    let is_due =
        |named: &&Named<'_>| named.row.n <= last && named.row.due_to.as_deref() == Some(account);
    for named in rows.iter().filter(is_due) {
        audit.due += 1;
        let known = named.origin.as_deref();
        let known = known.and_then(|origin| events.by_origin.get(origin));
        if let Some((known, event)) = known.and_then(|it| Some((it, it.stored.as_ref()?))) {
            audit.stored += 1;
            audit.handled += u64::from(known.handled > 0);
            stored.push((named, event));
        } else if gaps.cover(named) {
            audit.gapped.push(named.row.clone());
        } else {
            audit.lost.push(named.row.clone());
        }
    }
    audit.disordered = order::disordered(&stored);
    audit
}

/// The name of a row's event in the journal, which numbers sockets by itself where the platform does not.
fn named<'a>(row: &'a Row, sockets: &HashMap<&str, &'a str>) -> Named<'a> {
    let connection = row.connection.as_deref();
    let socket = connection.and_then(|connection| sockets.get(connection).copied());
    let origin = match (socket, row.frame) {
        (Some(socket), Some(frame)) => {
            Some(Origin::frame(socket, frame).as_str().to_owned().into())
        }
        _ => row.origin.as_deref().map(Cow::Borrowed),
    };
    Named {
        row,
        origin,
        connection: socket.or(connection),
    }
}

#[cfg(test)]
mod tests;
