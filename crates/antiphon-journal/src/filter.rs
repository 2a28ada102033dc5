//! Which events of a journal to read.

use std::{fmt, sync::Arc};

use antiphon_core::{Event, KindPattern, Position, SourceName};

/// A choice of events by kind, place and source.
///
/// Patterns of one field are alternatives, and all fields must fit. A field without patterns takes everything. A
/// condition on a field must hold as well; a second one takes the place of the first.
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
    kind_if: Option<Condition>,
    place_if: Option<Condition>,
    source_if: Option<Condition>,
}

/// A condition on a name; equal to its own clones alone.
#[derive(Clone)]
struct Condition(Arc<dyn Fn(&str) -> bool + Send + Sync>);

impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Condition(..)")
    }
}

impl PartialEq for Condition {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Condition {}

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

    /// Takes only kinds for which the condition holds.
    ///
    /// A reader asks it once for each name that the journal knows, and not for each event.
    ///
    /// ```
    /// use antiphon_journal::Filter;
    ///
    /// let but_typing = Filter::new().kind_if(|kind| kind != "discord.TYPING_START");
    /// assert_eq!(but_typing, but_typing.clone());
    /// ```
    #[must_use]
    pub fn kind_if(mut self, condition: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        self.kind_if = Some(Condition(Arc::new(condition)));
        self
    }

    /// Takes only places for which the condition holds; see [`Filter::kind_if`].
    #[must_use]
    pub fn place_if(mut self, condition: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        self.place_if = Some(Condition(Arc::new(condition)));
        self
    }

    /// Takes only sources for which the condition holds; see [`Filter::kind_if`].
    #[must_use]
    pub fn source_if(mut self, condition: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        self.source_if = Some(Condition(Arc::new(condition)));
        self
    }

    /// Whether the filter takes events of this kind.
    pub(crate) fn takes_kind(&self, kind: &str) -> bool {
        fits(&self.kinds, kind) && holds(self.kind_if.as_ref(), kind)
    }

    /// Whether the filter takes events of this place.
    pub(crate) fn takes_place(&self, place: &str) -> bool {
        fits(&self.places, place) && holds(self.place_if.as_ref(), place)
    }

    /// Whether the filter takes events of this source.
    pub(crate) fn takes_source(&self, name: &str) -> bool {
        let named = self.sources.iter().any(|source| source.as_str() == name);
        (self.sources.is_empty() || named) && holds(self.source_if.as_ref(), name)
    }

    /// Whether the filter takes every kind, every place and every source, in this order.
    #[cfg(feature = "sqlite")]
    pub(crate) fn takes_all(&self) -> [bool; 3] {
        [
            self.kinds.is_empty() && self.kind_if.is_none(),
            self.places.is_empty() && self.place_if.is_none(),
            self.sources.is_empty() && self.source_if.is_none(),
        ]
    }
}

fn holds(condition: Option<&Condition>, text: &str) -> bool {
    condition.is_none_or(|Condition(holds)| holds(text))
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
