//! What a journal alone tells of a daemon that does not run.

use std::collections::BTreeMap;

use antiphon_core::{
    Event, Gap, KindPattern, Link, LinkState, Payload as _, Place, Position, ReadError,
};
use antiphon_journal::{Filter, Inspect};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::reason::{Bounds, Reason, of_journal};
use crate::{control::wire::JournalReport, journal::location::Location};

/// How many of the newest positions are looked at for sources, links and gaps.
const LOOKED_AT: u64 = 65_536;
/// Events of a page.
const PAGE: usize = 1000;

/// What a journal tells by itself.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Offline {
    /// When it was read.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub(crate) at: Timestamp,
    /// Its files and consumers.
    pub(crate) journal: JournalReport,
    /// Position of the last event.
    pub(crate) last: u64,
    /// Number of newest positions that were looked at for what follows.
    pub(crate) looked_at: u64,
    /// The sources that have events there, by name.
    pub(crate) sources: Vec<Source>,
    /// Gaps there.
    pub(crate) gaps: u64,
    /// When the last of them was reported.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub(crate) last_gap_at: Option<Timestamp>,
}

/// A source, as its newest events show it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "offline_source")]
pub(crate) struct Source {
    /// Its name.
    pub(crate) name: String,
    /// When its last event was received.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub(crate) last_event_at: Timestamp,
    /// Kind of that event.
    pub(crate) last_kind: String,
    /// State of its connection as a whole, as it was stored last.
    pub(crate) link: Option<String>,
    /// When that was stored.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub(crate) link_at: Option<Timestamp>,
}

impl Offline {
    /// Reads the journal's newest events.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub(crate) async fn read(
        journal: &dyn Inspect,
        location: &Location,
    ) -> Result<Self, ReadError> {
        let now = Timestamp::now();
        let overview = journal.overview().await?;
        let mut offline = Self {
            at: now,
            journal: JournalReport::of(location, journal)
                .await
                .with(&overview, now),
            last: overview.last.get(),
            looked_at: LOOKED_AT,
            sources: Vec::new(),
            gaps: 0,
            last_gap_at: None,
        };
        let mut sources: BTreeMap<String, Source> = journal
            .newest(LOOKED_AT)
            .await?
            .iter()
            .map(|event| (event.source().to_string(), Source::of(event)))
            .collect();
        let own = Filter::new()
            .kind(KindPattern::new(Gap::KIND))
            .kind(KindPattern::new(Link::KIND));
        let mut after = Position::new(overview.last.get().saturating_sub(LOOKED_AT));
        while after < overview.last {
            let page = journal.read_where(after, PAGE, &own).await?;
            for event in &page.events {
                offline.note(&mut sources, event);
            }
            if page.through == after {
                break;
            }
            after = page.through;
        }
        offline.sources = sources.into_values().collect();
        Ok(offline)
    }

    /// Notes a gap, or the state of a source's connection as a whole.
    fn note(&mut self, sources: &mut BTreeMap<String, Source>, event: &Event) {
        if *event.kind() == Gap::KIND {
            self.gaps += 1;
            self.last_gap_at = Some(event.received_at());
        } else if *event.place() == Place::root()
            && let Some(source) = sources.get_mut(event.source().as_str())
            && let Ok(link) = Link::decode(event)
        {
            source.link = Some(match &link.state {
                LinkState::Stopped { code, reason, .. } => format!("stopped ({code}): {reason}"),
                state => state.word().to_owned(),
            });
            source.link_at = Some(event.received_at());
        }
    }

    /// What is not well with the journal itself.
    pub(crate) fn reasons(&self, bounds: Bounds) -> Vec<Reason> {
        of_journal(&self.journal, self.at, bounds)
    }
}

impl Source {
    fn of(event: &Event) -> Self {
        Self {
            name: event.source().to_string(),
            last_event_at: event.received_at(),
            last_kind: event.kind().to_string(),
            link: None,
            link_at: None,
        }
    }
}
