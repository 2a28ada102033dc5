//! What a gap covers.

use std::collections::{BTreeMap, HashMap};

use antiphon_core::{Edge, Gap, Place};

use super::Named;

/// The gaps of a source, and the frames by which their edges are found.
pub(super) struct Gaps<'a> {
    all: &'a [(Place, Gap)],
    frames: Frames<'a>,
    /// The gaps that cover a place.
    by_place: HashMap<&'a str, Vec<&'a Gap>>,
}

impl<'a> Gaps<'a> {
    pub(super) fn new(gaps: &'a [(Place, Gap)], rows: &[Named<'a>]) -> Self {
        Self {
            all: gaps,
            frames: Frames::of(rows),
            by_place: HashMap::new(),
        }
    }

    /// Whether a row lies in the place of a gap, and between its edges.
    pub(super) fn cover(&mut self, named: &Named<'a>) -> bool {
        let row = named.row;
        let gaps = self.by_place.entry(&row.place).or_insert_with(|| {
            let place = Place::new(&*row.place);
            // A gap of QueUp's tells of its own place alone, and of none within it.
            let is_exact = row.platform == "queup";
            let covers = |gap: &Place| *gap == place || !is_exact && gap.contains(&place);
            let covering = self.all.iter().filter(|(gap, _)| covers(gap));
            covering.map(|(_, gap)| gap).collect()
        });
        let frames = &self.frames;
        gaps.iter()
            .any(|gap| frames.is_after(named, &gap.from) && frames.is_before(named, &gap.to))
    }
}

/// Where the frames of each connection stand in the ledger: the first and the last row of each.
///
/// The ledger's order is the order in which things happened; a clock alone would misplace what was sent while a frame
/// was still on its way.
struct Frames<'a>(HashMap<&'a str, ByFrame>);

/// The first and the last row of each frame of a connection.
type ByFrame = BTreeMap<u64, (u64, u64)>;

impl<'a> Frames<'a> {
    fn of(rows: &[Named<'a>]) -> Self {
        let mut frames: HashMap<&str, ByFrame> = HashMap::new();
        let mut before = None;
        for named in rows {
            let n = named.row.n;
            let key = named.connection.zip(named.row.frame);
            if let Some((connection, frame)) = key {
                let frames = frames.entry(connection).or_default();
                let (_, last) = frames.entry(frame).or_insert((n, n));
                // A frame may hold several events. One that is sent again later (a resume) stands where it was first.
                if before == key {
                    *last = n;
                }
            }
            before = key;
        }
        Self(frames)
    }

    fn on(&self, edge: &Edge) -> Option<(&ByFrame, u64)> {
        let connection = edge.connection.as_deref()?;
        Some((self.0.get(connection)?, edge.frame?))
    }

    /// Whether a row lies behind the first edge of a gap.
    fn is_after(&self, named: &Named<'_>, edge: &Edge) -> bool {
        if let Some(frame) = frame_beside(named, edge) {
            return frame > edge.frame.unwrap_or_default();
        }
        let is_later = edge.at.as_millisecond() <= named.row.at;
        let Some((frames, frame)) = self.on(edge) else {
            return is_later;
        };
        match frames.range(..=frame).next_back() {
            Some((found, (_, last))) if *found == frame => named.row.n > *last,
            Some((_, (_, last))) => named.row.n > *last && is_later,
            None => is_later,
        }
    }

    /// Whether a row lies before the last edge of a gap; the frame that ends a gap is outside of it.
    fn is_before(&self, named: &Named<'_>, edge: &Edge) -> bool {
        if let Some(frame) = frame_beside(named, edge) {
            return edge.frame.is_some_and(|end| frame < end);
        }
        let is_earlier = named.row.at <= edge.at.as_millisecond();
        let Some((frames, frame)) = self.on(edge) else {
            return is_earlier;
        };
        match frames.range(frame..).next() {
            Some((found, (first, _))) if *found == frame => named.row.n < *first,
            Some((_, (first, _))) => named.row.n < *first && is_earlier,
            None => is_earlier,
        }
    }
}

/// The row's frame, if it was sent on the connection that the edge names.
fn frame_beside(named: &Named<'_>, edge: &Edge) -> Option<u64> {
    let connection = edge.connection.as_deref();
    named
        .row
        .frame
        .filter(|_| connection.is_some() && named.connection == connection)
}
