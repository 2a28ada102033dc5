//! What the pages show of the newest events, kept in memory.
//!
//! One task reads the journal: the last [`PAST`] positions once somebody looks, and from then on what is stored. A page looks
//! at the result and reads no row for it, so that it opens as fast beside a journal of five million events as beside an
//! empty one. What is older than the beginning of the counts is among the events.
//!
//! Bounded: [`MINUTES`] minutes of counts, [`KINDS`] kinds and [`PLACES`] places (further ones are counted together),
//! the newest [`CHANGES`] changes of connections and gaps, and what [`Playing`] keeps.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    convert::Infallible,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use antiphon::{Gap, Link, LinkState, Timing};
use antiphon_core::{Event, Payload as _, Position};
use antiphon_journal::Filter;
use jiff::Timestamp;
use tokio::sync::watch;

use super::{Site, delay::platform_time, playing::Playing};

/// Positions before the last one that are counted at the start.
const PAST: u64 = 200_000;
/// Minutes that have counts of their own.
pub(super) const MINUTES: usize = 24 * 60;
/// Kinds that are counted one by one.
const KINDS: usize = 512;
/// Places that are counted one by one.
const PLACES: usize = 4096;
/// Changes of connections, and gaps.
const CHANGES: usize = 2000;
/// Events that are read at once.
const PAGE: usize = 1000;
/// Pause after a journal could not be read.
const AGAIN: Duration = Duration::from_secs(2);
/// Name of what has no room of its own.
pub(super) const OTHERS: &str = "others";

/// The newest events in figures.
#[derive(Debug, Default)]
pub(super) struct Recent {
    figures: Mutex<Figures>,
    /// Whether the past is counted, for those who wait for it.
    is_counted: watch::Sender<bool>,
}

/// Figures of the events from `since` on.
#[derive(Debug, Default)]
pub(super) struct Figures {
    /// Why the journal could not be read, the last time that it was tried.
    pub(super) trouble: Option<String>,
    /// Whether the past is counted; before, the figures grow with every page.
    pub(super) is_complete: bool,
    /// When the first event that is counted was received.
    pub(super) since: Option<Timestamp>,
    /// Position of the last event that is counted.
    pub(super) through: Position,
    /// Counts of each minute, the oldest first.
    pub(super) minutes: VecDeque<Minute>,
    /// The kinds that are counted one by one.
    kinds: BTreeSet<Arc<str>>,
    /// Counts of each place, with its source.
    pub(super) places: HashMap<(String, String), u64>,
    /// Changes of connections, the oldest first.
    pub(super) links: VecDeque<LinkChange>,
    /// Gaps, the oldest first.
    pub(super) gaps: VecDeque<GapSeen>,
    /// What plays in guilds and rooms.
    pub(super) playing: Playing,
    /// The newest event of each source.
    pub(super) sources: BTreeMap<String, Timestamp>,
}

/// The events of a minute.
#[derive(Clone, Debug)]
pub(super) struct Minute {
    /// Minutes since 1970.
    pub(super) number: i64,
    pub(super) kinds: BTreeMap<Arc<str>, u64>,
    /// How much later events were received than their platform says that they were, by platform.
    pub(super) delays: BTreeMap<&'static str, Timing>,
}

/// A connection took another state.
#[derive(Clone, Debug)]
pub(super) struct LinkChange {
    pub(super) at: Timestamp,
    pub(super) source: String,
    pub(super) place: String,
    pub(super) state: LinkState,
}

/// A stretch that could not be had.
#[derive(Clone, Debug)]
pub(super) struct GapSeen {
    pub(super) position: Position,
    pub(super) at: Timestamp,
    pub(super) source: String,
    pub(super) place: String,
    pub(super) gap: Gap,
}

impl Recent {
    fn lock(&self) -> MutexGuard<'_, Figures> {
        self.figures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until the past is counted.
    pub(super) async fn counted(&self) {
        // The sender lives in `self`, so that it never fails.
        let _ = self
            .is_counted
            .subscribe()
            .wait_for(|counted| *counted)
            .await;
    }

    /// Runs `look` on the figures; nothing is counted meanwhile.
    pub(super) fn look<R>(&self, look: impl FnOnce(&Figures) -> R) -> R {
        look(&self.lock())
    }
}

impl Figures {
    /// How many events there were of each kind from this minute on, the most frequent first.
    pub(super) fn kinds(&self, first: i64) -> Vec<(&str, u64)> {
        let mut counts = BTreeMap::<&str, u64>::new();
        let inside = self.minutes.iter().filter(|minute| minute.number >= first);
        for (kind, count) in inside.flat_map(|minute| &minute.kinds) {
            *counts.entry(kind).or_default() += count;
        }
        let mut counts: Vec<_> = counts.into_iter().collect();
        counts.sort_by_key(|(_, count)| Reverse(*count));
        counts
    }

    /// When the outage began that a gap came of: the first change of its source's connection since it was connected.
    ///
    /// `None` for a gap without one, such as a hole that a server left while it was connected.
    pub(super) fn outage_of(&self, gap: &GapSeen) -> Option<Timestamp> {
        let mut outage = None;
        let changes = self.links.iter().rev();
        for change in changes.filter(|change| {
            change.source == gap.source && change.place.is_empty() && change.at <= gap.at
        }) {
            match (change.state.is_connected(), outage) {
                // The connection that was lost.
                (true, Some(_)) => break,
                // A connection that stood before the gap begins ended an earlier outage.
                (true, None) if change.at < gap.gap.from.at => return None,
                (true, None) => {}
                (false, _) => outage = Some(change.at),
            }
        }
        outage
    }

    fn add(&mut self, event: &Event) {
        let (source, kind) = (event.source().as_str(), event.kind().as_str());
        let at = event.received_at();
        self.since.get_or_insert(at);
        self.through = event.position();
        self.sources.insert(source.to_owned(), at);
        self.count(at, kind);
        if let Some((platform, then)) = platform_time(event)
            && let Some(minute) = self.minutes.back_mut()
        {
            let delays = minute.delays.entry(platform).or_default();
            // A platform whose clock is ahead is told as one without a delay.
            delays.add(at.duration_since(then).try_into().unwrap_or_default());
        }
        self.playing.add(event);
        let place = event.place().as_str();
        if !place.is_empty() {
            let mut key = (source.to_owned(), place.to_owned());
            if self.places.len() >= PLACES && !self.places.contains_key(&key) {
                key = (source.to_owned(), OTHERS.to_owned());
            }
            *self.places.entry(key).or_default() += 1;
        }
        if kind == Link::KIND
            && let Ok(link) = Link::decode(event)
        {
            self.links.push_back(LinkChange {
                at,
                source: source.to_owned(),
                place: place.to_owned(),
                state: link.state,
            });
        } else if kind == Gap::KIND
            && let Ok(gap) = Gap::decode(event)
        {
            self.gaps.push_back(GapSeen {
                position: event.position(),
                at,
                source: source.to_owned(),
                place: place.to_owned(),
                gap,
            });
        }
        self.links.drain(..self.links.len().saturating_sub(CHANGES));
        self.gaps.drain(..self.gaps.len().saturating_sub(CHANGES));
    }

    /// The one copy of a kind's name.
    fn kind(&mut self, kind: &str) -> Arc<str> {
        if let Some(known) = self.kinds.get(kind) {
            return Arc::clone(known);
        }
        let kind = if self.kinds.len() < KINDS {
            kind
        } else {
            OTHERS
        };
        let kind = Arc::from(kind);
        self.kinds.insert(Arc::clone(&kind));
        kind
    }

    /// A clock that was set back adds to the newest minute.
    fn count(&mut self, at: Timestamp, kind: &str) {
        let number = minute(at);
        let kind = self.kind(kind);
        if self.minutes.back().is_none_or(|last| last.number < number) {
            self.minutes.push_back(Minute {
                number,
                kinds: BTreeMap::new(),
                delays: BTreeMap::new(),
            });
            let oldest = number - i64::try_from(MINUTES).unwrap_or(i64::MAX);
            while self
                .minutes
                .front()
                .is_some_and(|first| first.number <= oldest)
            {
                self.minutes.pop_front();
            }
        }
        if let Some(minute) = self.minutes.back_mut() {
            *minute.kinds.entry(kind).or_default() += 1;
        }
    }
}

/// Minutes since 1970.
pub(super) fn minute(at: Timestamp) -> i64 {
    at.as_second().div_euclid(60)
}

/// Counts the past once somebody looks, and then what is stored; it does not end by itself.
///
/// A daemon whose pages nobody opens thus counts nothing.
///
/// A journal that is not there or cannot be read is tried again every two seconds, and pages say why.
pub(super) async fn follow(site: Arc<Site>) -> Infallible {
    site.looked.notified().await;
    loop {
        let failure = match site.journal().await {
            Ok(journal) => {
                let end = *journal.last().borrow();
                // A file that ends before what was counted is another one.
                if site.recent.look(|figures| figures.through > end) {
                    *site.recent.lock() = Figures::default();
                }
                let from = site.recent.look(|figures| figures.through);
                let from = from.max(Position::new(end.get().saturating_sub(PAST)));
                count(&site, &*journal, from).await
            }
            Err(failure) => failure.to_string(),
        };
        site.reopen().await;
        site.recent.lock().trouble = Some(failure);
        tokio::time::sleep(AGAIN).await;
    }
}

/// Counts from a position on, until the journal cannot be read; says why.
async fn count(
    site: &Site,
    journal: &dyn antiphon_journal::Inspect,
    mut after: Position,
) -> String {
    let mut last = journal.last();
    let everything = Filter::new();
    loop {
        let end = *last.borrow_and_update();
        let page = match journal.read_where(after, PAGE, &everything).await {
            Ok(page) => page,
            Err(error) => return antiphon_core::error_chain(&error),
        };
        {
            let mut figures = site.recent.lock();
            figures.trouble = None;
            page.events.iter().for_each(|event| figures.add(event));
            figures.is_complete |= page.through >= end;
        }
        if page.through >= end {
            site.recent.is_counted.send_replace(true);
        }
        let is_end = page.through == after;
        after = page.through;
        if is_end && last.changed().await.is_err() {
            return "the journal was closed".to_owned();
        }
    }
}

#[cfg(test)]
mod tests {
    use antiphon_core::{Draft, Kind, Origin, Place};

    use super::*;

    fn event(position: u64, second: i64, kind: String, place: String) -> Event {
        let at = Timestamp::from_second(second).expect("in range");
        let origin = Origin::frame("c", position);
        let draft = Draft::new(Kind::new(kind), Place::new(place), origin, at, "{}");
        Event::stored(Position::new(position), "choir".into(), draft)
    }

    /// An event of antiphon's own, of the source and not of a place.
    fn own(position: u64, second: i64, kind: &str, body: Vec<u8>) -> Event {
        let at = Timestamp::from_second(second).expect("in range");
        let origin = Origin::frame("c", position);
        let draft = Draft::new(Kind::new(kind), Place::new(""), origin, at, body);
        Event::stored(Position::new(position), "choir".into(), draft)
    }

    #[test]
    fn a_gap_goes_back_to_the_beginning_of_its_outage() {
        use antiphon_core::Edge;

        let at = |second: i64| Timestamp::from_second(second).expect("in range");
        let mut figures = Figures::default();
        let mut position = 0;
        let mut add = |figures: &mut Figures, second: i64, kind: &str, body: Vec<u8>| {
            position += 1;
            figures.add(&own(position, second, kind, body));
        };
        let up = |since: i64| LinkState::Connected { since: at(since) };
        let away = LinkState::Connecting;
        for (second, state) in [(0, up(0)), (100, away.clone()), (110, away), (120, up(120))] {
            add(&mut figures, second, Link::KIND, Link::body(&state));
        }
        // One of the outage, stored behind the new connection; and one of a hole, long after it.
        for (second, from) in [(121, 95), (500, 490)] {
            let gap = Gap::new(Edge::at(at(from)), Edge::at(at(second)), "left out");
            add(&mut figures, second, Gap::KIND, gap.body());
        }
        let outages: Vec<_> = figures
            .gaps
            .iter()
            .map(|gap| figures.outage_of(gap))
            .collect();
        assert_eq!(outages, [Some(at(100)), None]);
    }

    #[test]
    fn figures_are_bounded_and_count_every_event() {
        let mut figures = Figures::default();
        for number in 0..10_000_u64 {
            let kind = format!("test.{}", number % 1000);
            figures.add(&event(number + 1, 0, kind, format!("room/{number}")));
        }
        let minute = &figures.minutes[0];
        assert_eq!(minute.kinds.values().sum::<u64>(), 10_000);
        assert_eq!(minute.kinds.len(), KINDS + 1);
        assert_eq!(figures.places.len(), PLACES + 1);
        assert_eq!(figures.places.values().sum::<u64>(), 10_000);
    }

    #[test]
    fn a_day_of_minutes_is_kept() {
        let mut figures = Figures::default();
        for minute in 0..2000 {
            let second = i64::try_from(minute * 60).expect("small");
            figures.add(&event(
                minute + 1,
                second,
                "test.said".into(),
                String::new(),
            ));
        }
        assert_eq!(figures.minutes.len(), MINUTES);
        assert_eq!(figures.minutes.back().map(|last| last.number), Some(1999));
        // Time that goes back is no new minute.
        figures.add(&event(3000, 0, "test.said".into(), String::new()));
        assert_eq!(figures.minutes.len(), MINUTES);
    }
}
