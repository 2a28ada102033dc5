//! The key of an event's lane.
//!
//! Three rules in this order: the one of `App::lanes`, the one of the event's source (`Source::lane`), and the place.
//! The source's rule counts only for events after the position at which the consumer first knew it, since an open event
//! must go back to the lane where its cursor has it.

use std::{borrow::Cow, collections::HashMap, sync::Arc};

use antiphon_core::{Event, LaneOf, Place, Position, SourceName};
use foldhash::fast::RandomState;

/// The rule of [`App::lanes`](crate::App::lanes).
pub(crate) type KeyOf = Arc<dyn Fn(&Event) -> Place + Send + Sync>;

/// Finds the key of an event's lane: the app's rule, else the source's, else the event's place.
#[derive(Clone, Default)]
pub(crate) struct Keys {
    /// The app's own rule; it replaces the two others.
    chosen: Option<KeyOf>,
    by_source: HashMap<SourceName, LaneOf, RandomState>,
    /// Events up to this position are in the lanes of their places, whatever their source says.
    since: Position,
}

impl Keys {
    pub(crate) fn new(
        chosen: Option<KeyOf>,
        by_source: HashMap<SourceName, LaneOf, RandomState>,
        since: Position,
    ) -> Self {
        Self {
            chosen,
            by_source,
            since,
        }
    }

    /// The same rules, where the sources' count for events after this position.
    pub(crate) fn since(&self, since: Position) -> Self {
        Self {
            since,
            ..self.clone()
        }
    }

    /// Adds the rule of a source before its first event.
    ///
    /// A rule stays when its source goes, since the source's events may wait in their lanes.
    pub(crate) fn add(&mut self, source: SourceName, lane: LaneOf) {
        self.by_source.insert(source, lane);
    }

    /// The key of an event's lane.
    pub(crate) fn of<'a>(&self, event: &'a Event) -> Cow<'a, Place> {
        if let Some(chosen) = &self.chosen {
            return Cow::Owned(chosen(event));
        }
        let own = self
            .by_source
            .get(event.source())
            .filter(|_| event.position() > self.since)
            .and_then(|lane_of| lane_of(event));
        own.map_or(Cow::Borrowed(event.place()), Cow::Owned)
    }
}
