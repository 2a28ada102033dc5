//! The results of earlier sweeps.
//!
//! Without this, each sweep would look at every row once a minute. A rule's mark stands at the last row that needs no
//! second look; it begins anew when the policy changes.

use std::{collections::HashMap, time::Duration};

use antiphon_core::{KindPattern, Position, Retention};
use jiff::Timestamp;

use crate::retention::Keep;

/// The results of earlier sweeps, so that a row is looked at once per rule and not once per sweep.
///
/// They are kept in memory only; the first sweep of a process looks at every row.
#[derive(Debug, Default)]
pub(super) struct Memory {
    rules: Rules,
    pub(super) keeps: HashMap<i64, Keep>,
    /// The position up to which each rule has removed its rows.
    pub(super) done: HashMap<Keep, Position>,
    pub(super) purged_at: Option<Timestamp>,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Rules {
    keep: Option<Duration>,
    lasting: Vec<(KindPattern, Duration)>,
    momentary: Vec<(KindPattern, Duration)>,
}

impl Rules {
    pub(super) fn of(policy: &Retention) -> Self {
        Self {
            keep: policy.keep,
            lasting: policy.rules.clone(),
            momentary: policy.momentary.clone(),
        }
    }

    /// Every distinct answer of the policy, without "kept for good".
    pub(super) fn answers(&self) -> Vec<Keep> {
        let momentary = self
            .momentary
            .iter()
            .map(|(_, time)| Keep::Momentary(*time));
        let rules = self.lasting.iter().map(|(_, time)| *time).chain(self.keep);
        let mut answers = Vec::new();
        for answer in momentary.chain(rules.map(Keep::For)) {
            if !answers.contains(&answer) {
                answers.push(answer);
            }
        }
        answers
    }
}

impl Memory {
    /// Forgets the results of other rules.
    pub(super) fn follow(&mut self, policy: &Retention) {
        let rules = Rules::of(policy);
        if self.rules != rules {
            *self = Self {
                rules,
                purged_at: self.purged_at,
                ..Self::default()
            };
        }
    }
}
