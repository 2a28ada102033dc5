//! Which events are shown: by kind, place and source in the journal's own reading, then by text and expression.

use std::sync::Arc;

use antiphon_core::Event;
use antiphon_journal::Filter;

use crate::{args::Tail, expression::Expression, failure::Failure, globs, search::Words};

/// The events that were asked for.
#[derive(Debug)]
pub(super) struct Pick {
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
}
