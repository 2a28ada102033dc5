//! Which events of a journal to read.

use std::sync::Arc;

use antiphon_core::{Event, KindPattern, Position, SourceName};

/// A choice of events by kind, place and source.
///
/// Patterns of one field are alternatives, and all fields must fit. A field without patterns takes everything.
///
/// ```
/// use antiphon_core::KindPattern;
/// use antiphon_journal::Filter;
///
/// let chat = Filter::new().kind(KindPattern::new("queup.chat-*")).place(KindPattern::new("room/*"));
/// assert_ne!(chat, Filter::new());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    pub(crate) kinds: Vec<KindPattern>,
    pub(crate) places: Vec<KindPattern>,
    pub(crate) sources: Vec<SourceName>,
}

impl Filter {
    /// A filter that takes everything.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a pattern of kinds.
    #[must_use]
    pub fn kind(mut self, pattern: KindPattern) -> Self {
        self.kinds.push(pattern);
        self
    }

    /// Adds a pattern of places.
    #[must_use]
    pub fn place(mut self, pattern: KindPattern) -> Self {
        self.places.push(pattern);
        self
    }

    /// Adds the name of a source.
    #[must_use]
    pub fn source(mut self, name: SourceName) -> Self {
        self.sources.push(name);
        self
    }

    /// Whether the filter takes events of this kind.
    pub(crate) fn takes_kind(&self, kind: &str) -> bool {
        fits(&self.kinds, kind)
    }

    /// Whether the filter takes events of this place.
    pub(crate) fn takes_place(&self, place: &str) -> bool {
        fits(&self.places, place)
    }

    /// Whether the filter takes events of this source.
    pub(crate) fn takes_source(&self, name: &str) -> bool {
        self.sources.is_empty() || self.sources.iter().any(|source| source.as_str() == name)
    }
}

fn fits(patterns: &[KindPattern], text: &str) -> bool {
    patterns.is_empty() || patterns.iter().any(|pattern| pattern.matches(text))
}

/// The events that a filter takes from a stretch of the journal.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Page {
    /// Events in order.
    pub events: Vec<Arc<Event>>,
    /// The last position that was looked at, where the next page begins; the one asked from if there was nothing new.
    pub through: Position,
}
