//! What could not be had, said aloud.
//!
//! A gap is how "no event is lost" stays true: what could not be had is told by an event in the same journal, at the
//! place where it is missing. A gap that turns out to be too wide is better than one that is too narrow.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{DecodeError, Event, Payload};

/// One end of a gap.
///
/// Compare by connection and frame where both edges have them; times are for people, and are dated back by a second
/// where only they are known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Edge {
    /// When, by this machine's clock.
    pub at: Timestamp,
    /// Connection of the last (or first) frame received, where there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connection: Option<String>,
    /// Number of that frame on its connection, counted from 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frame: Option<u64>,
}

impl Edge {
    /// An edge known by its time only.
    pub fn at(at: Timestamp) -> Self {
        Self {
            at,
            connection: None,
            frame: None,
        }
    }

    /// An edge known by the frame received there.
    pub fn frame(at: Timestamp, connection: impl Into<String>, frame: u64) -> Self {
        Self {
            at,
            connection: Some(connection.into()),
            frame: Some(frame),
        }
    }
}

/// A stretch of events that could not be had (`antiphon.gap`).
///
/// Its place is the event's own; everything that lies inside that place and between the edges may be missing, except
/// what was recovered.
/// `from` lies at the last frame received before the outage, `to` where the platform's stream was joined again.
///
/// ```
/// use antiphon_core::{Edge, Gap};
///
/// let last = Edge::frame("2026-01-01T00:00:00Z".parse()?, "c7e1a2", 17);
/// let joined = Edge::at("2026-01-01T00:02:00Z".parse()?);
/// let gap = Gap::new(last, joined, "the server closed the socket").recovered(12);
/// assert!(gap.body().starts_with(b"{"));
/// # Ok::<(), jiff::Error>(())
/// ```
///
/// ```
/// use antiphon_core::{Draft, Edge, Event, Gap, Kind, Origin, Payload, Place, Position};
///
/// let gap = Gap::new(
///     Edge::frame("2026-01-01T00:00:00Z".parse()?, "c7e1a2", 17),
///     Edge::frame("2026-01-01T00:02:00Z".parse()?, "d8f2b3", 1),
///     "the network was unreachable",
/// );
/// let now = "2026-01-01T00:02:00Z".parse()?;
/// let draft = Draft::new(Kind::from_static(Gap::KIND), Place::new("room/loft"), Origin::frame("run", 1), now, gap.body());
/// let event = Event::stored(Position::new(8), "choir".into(), draft);
/// // Everything inside the event's place may be missing.
/// assert!(event.place().contains(&Place::new("room/loft/song/7")));
/// assert_eq!(Gap::decode(&event)?, gap);
/// # Ok::<(), antiphon_core::BoxError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Gap {
    /// Where it begins: after this.
    pub from: Edge,
    /// Where it ends: before this. A frame named here was received.
    pub to: Edge,
    /// Why, in one sentence.
    pub cause: String,
    /// How many events of the stretch were fetched from the platform's history.
    pub recovered: u64,
}

impl Gap {
    /// The kind of these events.
    pub const KIND: &'static str = "antiphon.gap";

    /// A gap with nothing recovered.
    pub fn new(from: Edge, to: Edge, cause: impl Into<String>) -> Self {
        Self {
            from,
            to,
            cause: cause.into(),
            recovered: 0,
        }
    }

    /// Says how many events were fetched from the platform's history.
    #[must_use]
    pub fn recovered(mut self, recovered: u64) -> Self {
        self.recovered = recovered;
        self
    }

    /// The event's body.
    pub fn body(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a gap has only texts, numbers and times")
    }
}

impl Payload for Gap {
    const KINDS: &'static [&'static str] = &[Self::KIND];
    type View<'a> = Self;

    fn view(event: &Event) -> Result<Self, DecodeError> {
        Self::decode(event)
    }

    fn decode(event: &Event) -> Result<Self, DecodeError> {
        event.parse()
    }
}
