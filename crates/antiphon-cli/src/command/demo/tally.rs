//! The journal against the ledger: what was due, and what became of it.

use std::{borrow::Cow, collections::HashMap};

use antiphon::lavalink::NodeReady;
use antiphon_core::{Edge, Event, Gap, Origin, Payload as _, Place, Provenance};
use antiphon_sim::Row;
use serde::Serialize;

/// How a run went for one platform.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Tally {
    /// Events due to the account.
    pub(super) sent: u64,
    /// Of these, stored.
    pub(super) journaled: u64,
    /// Of the rest, inside a reported gap.
    pub(super) gapped: u64,
    /// Of the stored ones, handled.
    pub(super) handled: u64,
    /// Stored twice, or handled twice.
    pub(super) repeats: u64,
    /// Neither stored nor inside a reported gap.
    pub(super) lost: u64,
    /// Half of the handlers began within so many microseconds after the frame was read.
    pub(super) p50_us: u64,
    /// Ninety-nine in a hundred did.
    pub(super) p99_us: u64,
    /// Of the stored ones, sent again by the platform or fetched from its history.
    #[serde(skip)]
    pub(super) recovered: u64,
    /// Chat messages that are stored behind one that was sent later.
    #[serde(skip)]
    pub(super) disordered: u64,
    /// The first of those that were lost.
    #[serde(skip)]
    pub(super) first_lost: Vec<Row>,
}

/// Kinds whose order people would miss.
const CHAT: [&str; 3] = [
    "discord.MESSAGE_CREATE",
    "queup.chat-message",
    "stackexchange.MessagePosted",
];
/// So many lost events are told one by one.
const TOLD: usize = 10;

/// What the journal holds of one run.
#[derive(Debug, Default)]
pub(super) struct Stored {
    /// By origin: how often, and where it stands in the journal.
    events: HashMap<String, (u64, u64)>,
    gaps: Vec<(Place, Gap)>,
    recovered: u64,
    /// The client's names for its sockets to a node, by the session that each brought, in their order.
    sockets: HashMap<String, Vec<String>>,
}

impl Stored {
    /// Takes in one event of the journal, in order.
    pub(super) fn take(&mut self, event: &Event) {
        let position = event.position().get();
        let entry = self
            .events
            .entry(event.origin().as_str().to_owned())
            .or_insert((0, position));
        entry.0 += 1;
        if matches!(
            event.provenance(),
            Provenance::Backfilled | Provenance::Replayed
        ) {
            self.recovered += 1;
        }
        if *event.kind() == Gap::KIND
            && let Ok(gap) = Gap::decode(event)
        {
            self.gaps.push((event.place().clone(), gap));
        }
        if NodeReady::KINDS.contains(&event.kind().as_str())
            && let Ok(ready) = NodeReady::decode(event)
            && let Some((socket, _)) = event.origin().as_str().split_once('/')
        {
            let sockets = self.sockets.entry(ready.session_id).or_default();
            sockets.push(socket.to_owned());
        }
    }

    /// The row under the names that the client knows.
    ///
    /// A node numbers neither its sockets nor its frames: both sides count them, each under a name of its own.
    fn as_heard<'a>(&self, row: &'a Row) -> Cow<'a, Row> {
        let socket = row
            .connection
            .as_deref()
            .filter(|_| row.platform == "lavalink");
        let socket = socket.and_then(|name| {
            let (session, number) = name.rsplit_once('.')?;
            let number: usize = number.parse().ok()?;
            self.sockets.get(session)?.get(number.checked_sub(1)?)
        });
        let Some(socket) = socket else {
            return Cow::Borrowed(row);
        };
        let mut row = row.clone();
        row.origin = row
            .frame
            .map(|frame| Origin::frame(socket, frame).as_str().into());
        row.connection = Some(socket.as_str().into());
        Cow::Owned(row)
    }
}

/// What the handlers did in one run.
#[derive(Debug, Default)]
pub(super) struct Handled {
    calls: HashMap<String, u64>,
    waits: Vec<u64>,
}

impl Handled {
    /// Notes that the handler began, so many microseconds after the frame was read; `live` says whether it was read
    /// from the socket at all.
    pub(super) fn take(&mut self, event: &Event, microseconds: u64) {
        *self
            .calls
            .entry(event.origin().as_str().to_owned())
            .or_insert(0) += 1;
        if event.provenance() == Provenance::Live {
            self.waits.push(microseconds);
        }
    }

    /// The wait that this share of the handlers stayed within.
    fn percentile(&self, share: f64) -> u64 {
        let mut waits = self.waits.clone();
        waits.sort_unstable();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "a share of a length is a place in it"
        )]
        let place = (waits.len() as f64 * share) as usize;
        let last = waits.len().saturating_sub(1);
        waits.get(place.min(last)).copied().unwrap_or(0)
    }
}

/// Compares what was due to an account with what was stored and handled.
pub(super) fn compare(due: &[Row], stored: &Stored, handled: &Handled) -> Tally {
    let due: Vec<Cow<'_, Row>> = due.iter().map(|row| stored.as_heard(row)).collect();
    let due = &*due;
    let frames = Frames::of(due);
    let mut tally = Tally {
        sent: due.len() as u64,
        recovered: stored.recovered,
        p50_us: handled.percentile(0.5),
        p99_us: handled.percentile(0.99),
        ..Tally::default()
    };
    for row in due {
        let origin = row.origin.as_deref();
        if origin.is_some_and(|origin| stored.events.contains_key(origin)) {
            tally.journaled += 1;
        } else if stored
            .gaps
            .iter()
            .any(|(place, gap)| place.contains(&Place::new(&*row.place)) && frames.inside(row, gap))
        {
            tally.gapped += 1;
        } else if tally.first_lost.len() < TOLD {
            tally.first_lost.push(row.clone().into_owned());
        }
        if origin.is_some_and(|origin| handled.calls.contains_key(origin)) {
            tally.handled += 1;
        }
    }
    let twice = |count: u64| count.saturating_sub(1);
    tally.repeats = stored
        .events
        .values()
        .map(|(count, _)| twice(*count))
        .sum::<u64>()
        + handled.calls.values().copied().map(twice).sum::<u64>();
    tally.lost = tally.sent - tally.journaled - tally.gapped;
    tally.disordered = disordered(due, stored);
    tally
}

/// How many chat messages of a place stand in the journal behind one that was sent later.
fn disordered(due: &[Cow<'_, Row>], stored: &Stored) -> u64 {
    let mut reached: HashMap<&str, u64> = HashMap::new();
    let mut count = 0;
    let is_chat = |row: &&Cow<'_, Row>| CHAT.contains(&&*row.kind);
    for row in due.iter().filter(is_chat) {
        let Some((_, position)) = row
            .origin
            .as_deref()
            .and_then(|origin| stored.events.get(origin))
        else {
            continue;
        };
        let reached = reached.entry(&row.place).or_insert(0);
        if *position < *reached {
            count += 1;
        }
        *reached = (*reached).max(*position);
    }
    count
}

/// Where each frame stands in the ledger.
struct Frames<'a>(HashMap<(&'a str, u64), u64>);

impl<'a> Frames<'a> {
    fn of(due: &'a [Cow<'_, Row>]) -> Self {
        let frames = due
            .iter()
            .filter_map(|row| Some(((row.connection.as_deref()?, row.frame?), row.n)));
        Self(frames.collect())
    }

    fn number(&self, edge: &Edge) -> Option<u64> {
        let frame = (edge.connection.as_deref()?, edge.frame?);
        self.0.get(&frame).copied()
    }

    /// Whether the row lies after the gap's first edge, and before its last.
    ///
    /// An edge that names a frame is found in the ledger, whose order is that in which things happened. The clock
    /// decides only where there is no frame: it would misplace what happened while a frame was still on its way.
    fn inside(&self, row: &Row, gap: &Gap) -> bool {
        let after = match self.number(&gap.from) {
            Some(number) => row.n > number,
            None => row.at >= gap.from.at.as_millisecond(),
        };
        let before = match self.number(&gap.to) {
            Some(number) => row.n <= number,
            None => row.at <= gap.to.at.as_millisecond(),
        };
        after && before
    }
}

#[cfg(test)]
mod tests {
    use antiphon_core::{Draft, Kind, Origin, Place, Position};
    use jiff::Timestamp;

    use super::*;

    /// A ledger row of one connection; without a frame it was never sent.
    fn row(n: u64, origin: Option<&str>, frame: Option<(&str, u64)>) -> Row {
        Row {
            n,
            platform: "queup",
            kind: "queup.chat-message".into(),
            place: "room/1".into(),
            origin: origin.map(Into::into),
            due_to: Some("me".into()),
            at: 1000 + i64::try_from(n).expect("small"),
            body: "{}".into(),
            connection: frame.map(|(connection, _)| connection.into()),
            frame: frame.map(|(_, frame)| frame),
        }
    }

    fn event(position: u64, origin: &str, provenance: Provenance) -> Event {
        let draft = Draft::new(
            Kind::from_static("queup.chat-message"),
            Place::new("room/1"),
            Origin::new(origin),
            Timestamp::UNIX_EPOCH,
            "{}",
        );
        Event::stored(
            Position::new(position),
            "queup".into(),
            draft.provenance(provenance),
        )
    }

    fn gap(position: u64, gap: &Gap) -> Event {
        let draft = Draft::new(
            Kind::from_static(Gap::KIND),
            Place::new("room/1"),
            Origin::new("gap"),
            Timestamp::UNIX_EPOCH,
            gap.body(),
        );
        Event::stored(Position::new(position), "queup".into(), draft)
    }

    fn edge(connection: &str, frame: u64) -> Edge {
        Edge::frame(Timestamp::UNIX_EPOCH, connection, frame)
    }

    /// Five messages: one live, one lost on a dying line and two while there was none, of which one is recovered, and
    /// one live again.
    fn story() -> Vec<Row> {
        vec![
            row(1, Some("chat/1"), Some(("c1", 7))),
            row(2, Some("c1/8"), Some(("c1", 8))),
            row(3, Some("chat/3"), None),
            row(4, None, None),
            row(5, Some("chat/5"), Some(("c2", 2))),
            row(6, Some("chat/6"), Some(("c2", 3))),
        ]
    }

    fn stored(events: &[Event]) -> Stored {
        let mut stored = Stored::default();
        for event in events {
            stored.take(event);
        }
        stored
    }

    #[test]
    fn what_is_due_is_stored_or_in_a_gap_or_lost() {
        let mut events = vec![
            event(1, "chat/1", Provenance::Live),
            event(2, "chat/3", Provenance::Backfilled),
            gap(3, &Gap::new(edge("c1", 7), edge("c2", 2), "cut")),
            event(4, "chat/5", Provenance::Live),
            event(5, "chat/6", Provenance::Live),
        ];
        let mut handled = Handled::default();
        for event in &events {
            handled.take(event, 100);
        }
        let whole = compare(&story(), &stored(&events), &handled);
        let expected = Tally {
            sent: 6,
            journaled: 4,
            gapped: 2,
            handled: 4,
            p50_us: 100,
            p99_us: 100,
            recovered: 1,
            ..Tally::default()
        };
        assert_eq!(whole, expected);

        events.remove(2);
        let without_gap = compare(&story(), &stored(&events), &handled);
        assert_eq!((without_gap.gapped, without_gap.lost), (0, 2));
        let lost: Vec<u64> = without_gap.first_lost.iter().map(|row| row.n).collect();
        assert_eq!(lost, [2, 4]);

        events.pop();
        let without_last = compare(&story(), &stored(&events), &handled);
        assert_eq!(without_last.lost, 3, "a gap does not cover what follows it");
    }

    #[test]
    fn what_is_stored_or_handled_twice_is_a_repeat() {
        let events = [
            event(1, "chat/1", Provenance::Live),
            event(2, "chat/1", Provenance::Live),
        ];
        let mut handled = Handled::default();
        handled.take(&events[0], 1);
        handled.take(&events[1], 1);
        let tally = compare(&story()[..1], &stored(&events), &handled);
        assert_eq!((tally.journaled, tally.repeats), (1, 2));
    }

    #[test]
    fn chat_that_is_stored_behind_later_chat_is_out_of_order() {
        let events = [
            event(1, "chat/5", Provenance::Live),
            event(2, "chat/3", Provenance::Backfilled),
            event(3, "chat/6", Provenance::Live),
        ];
        let tally = compare(&story(), &stored(&events), &Handled::default());
        assert_eq!(tally.disordered, 1);
    }

    #[test]
    fn a_nodes_frames_are_known_by_the_session_and_the_order_of_its_sockets() {
        let ready = |position, socket: &str| {
            let draft = Draft::new(
                Kind::from_static("lavalink.ready"),
                Place::new("node/eu-1"),
                Origin::frame(socket, 1),
                Timestamp::UNIX_EPOCH,
                r#"{"op":"ready","resumed":false,"sessionId":"abc"}"#,
            );
            Event::stored(Position::new(position), "lavalink".into(), draft)
        };
        let events = [
            ready(1, "n-000001"),
            event(2, Origin::frame("n-000001", 2).as_str(), Provenance::Live),
            ready(3, "n-000004"),
            event(
                4,
                Origin::frame("n-000004", 2).as_str(),
                Provenance::Replayed,
            ),
        ];
        let frames = [
            ("abc.1", 1),
            ("abc.1", 2),
            ("abc.2", 1),
            ("abc.2", 2),
            ("abc.3", 1),
        ];
        let due: Vec<Row> = (1..)
            .zip(frames)
            .map(|(n, frame)| Row {
                platform: "lavalink",
                ..row(n, Some("the node's own"), Some(frame))
            })
            .collect();
        let tally = compare(&due, &stored(&events), &Handled::default());
        assert_eq!((tally.journaled, tally.lost), (4, 1));
    }
}
