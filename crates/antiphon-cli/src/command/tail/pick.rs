//! Which events are shown: by kind, place and source in the journal's own reading, then by text and expression.

use std::sync::Arc;

use antiphon_core::Event;
use antiphon_journal::{Filter, SqliteJournal};

use crate::{
    args::Tail,
    expression::Expression,
    failure::Failure,
    globs::{self, Pattern},
    output::say,
    platform::{PLATFORMS, all_kinds},
    search::Words,
};

/// Most names of a journal that patterns are compared with; where there are more, no pattern is doubted.
const NAMES: usize = 100_000;

/// The events that were asked for.
#[derive(Debug)]
pub(super) struct Pick {
    kinds: Vec<Pattern>,
    places: Vec<Pattern>,
    sources: Vec<Pattern>,
    filter: Filter,
    words: Vec<Words>,
    condition: Option<Expression>,
}

impl Pick {
    /// # Errors
    /// An expression that cannot be read.
    pub(super) fn new(args: &Tail) -> Result<Self, Failure> {
        let condition = args.condition.as_deref();
        let condition = condition.map(|code| Expression::start("--where", code, 1));
        Ok(Self {
            kinds: args.kinds.clone(),
            places: args.places.clone(),
            sources: args.sources.clone(),
            filter: globs::filter(&args.kinds, &args.places, &args.sources),
            words: args.grep.clone(),
            condition: condition.transpose()?,
        })
    }

    pub(super) fn filter(&self) -> &Filter {
        &self.filter
    }

    /// Those of some events, which the filter took, that have one of the texts and fit the expression.
    ///
    /// # Errors
    /// An expression that does not end.
    pub(super) fn taken<'a>(
        &mut self,
        events: impl IntoIterator<Item = &'a Arc<Event>>,
    ) -> Result<Vec<Arc<Event>>, Failure> {
        let mut taken = Vec::new();
        for event in events {
            let has_words =
                self.words.is_empty() || self.words.iter().any(|words| words.is_in(event));
            let fits = match &mut self.condition {
                Some(condition) if has_words => {
                    tokio::task::block_in_place(|| condition.holds(event))?
                }
                _ => has_words,
            };
            if fits {
                taken.push(Arc::clone(event));
            }
        }
        Ok(taken)
    }

    /// What is to be said of the expression at the end.
    pub(super) fn complaint(&self) -> Option<String> {
        self.condition.as_ref()?.complaint()
    }

    /// Warns of patterns that fit nothing which is known or stored: most are misspelt.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub(super) async fn warn(&self, journal: &SqliteJournal) -> Result<(), Failure> {
        if [&self.kinds, &self.places, &self.sources]
            .iter()
            .all(|patterns| patterns.is_empty())
        {
            return Ok(());
        }
        let names = journal.names(NAMES).await?;
        let is_whole = names.texts.len() < NAMES;
        let stored: Vec<_> = names.texts.iter().map(|text| &**text).collect();
        let kinds: Vec<_> = all_kinds().map(|kind| kind.kind).collect();
        let sources: Vec<_> = names
            .sources
            .iter()
            .map(antiphon_core::SourceName::as_str)
            .collect();
        for pattern in &self.kinds {
            let is_known = kinds.iter().chain(&stored).any(|kind| pattern.fits(kind));
            if !is_known && is_whole {
                doubt("kind", pattern, near_kind(pattern, &kinds));
            }
        }
        for pattern in &self.places {
            if is_whole && !stored.iter().any(|place| pattern.fits(place)) {
                doubt("place", pattern, None);
            }
        }
        for pattern in &self.sources {
            if !sources.iter().any(|source| pattern.fits(source)) {
                let near = antiphon_sim::nearest_word(pattern.wanted(), &sources);
                doubt("source", pattern, near.map(str::to_owned));
            }
        }
        Ok(())
    }
}

fn doubt(what: &str, pattern: &Pattern, near: Option<String>) {
    let near = near.map_or(String::new(), |near| format!("; is it `{near}`?"));
    let pattern = pattern.as_str();
    say(format_args!(
        "warning: `{pattern}` fits no {what} that is known or stored{near}"
    ));
}

/// The kind that a misspelt one may be, or its platform.
fn near_kind(pattern: &Pattern, kinds: &[&str]) -> Option<String> {
    let wanted = pattern.wanted().to_lowercase();
    // Kinds are compared in one case, as patterns fit them in any.
    let lower: Vec<_> = kinds.iter().map(|kind| kind.to_lowercase()).collect();
    let words: Vec<_> = lower.iter().map(String::as_str).collect();
    // A pattern has no one kind that it may be.
    let is_whole = !wanted.contains(['*', '?', '{', '[']);
    if let Some(near) = antiphon_sim::nearest_word(&wanted, &words).filter(|_| is_whole) {
        let at = words.iter().position(|word| *word == near);
        return at.map(|at| kinds[at].to_owned());
    }
    let (platform, name) = wanted.split_once('.')?;
    let platforms: Vec<_> = PLATFORMS.iter().map(|platform| platform.name).collect();
    let near = antiphon_sim::nearest_word(platform, &platforms)?;
    (near != platform).then(|| format!("{near}.{name}"))
}
