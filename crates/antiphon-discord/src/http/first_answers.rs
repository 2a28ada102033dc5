//! First answers to interactions that handlers gave: a second one in the same run is a mistake, and is not sent.
//!
//! Discord takes one first answer. A handler that runs again after a crash or a failure gives it again, and goes on by an
//! edit; a handler that gives two in one run would silently replace its own first by the second.
//! Requests outside of an app's handlers have no run, and are not checked.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use antiphon_core::RunId;
use antiphon_discord_model::id::{Id, marker::InteractionMarker};

use crate::error::RequestError;

/// Number of interactions that are remembered; beyond it the oldest is forgotten, and a second first answer to it is an
/// edit.
const REMEMBERED: usize = 4096;

/// The runs that gave first answers, by interaction.
#[derive(Debug, Default)]
pub(super) struct FirstAnswers(Mutex<BTreeMap<Id<InteractionMarker>, RunId>>);

impl FirstAnswers {
    fn runs(&self) -> MutexGuard<'_, BTreeMap<Id<InteractionMarker>, RunId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Claims the first answer that a request gives, for the run that it belongs to.
    ///
    /// # Errors
    /// [`RequestError::AlreadyAnswered`] if the run gave one before.
    pub(super) fn claim(&self, path: &str) -> Result<Option<Claim<'_>>, RequestError> {
        let (Some(interaction), Some(run)) = (answered_by(path), RunId::current()) else {
            return Ok(None);
        };
        let mut runs = self.runs();
        if runs.insert(interaction, run) == Some(run) {
            return Err(RequestError::AlreadyAnswered { interaction });
        }
        // The ids are times, so the first is the oldest.
        if runs.len() > REMEMBERED {
            runs.pop_first();
        }
        Ok(Some(Claim {
            answers: self,
            interaction,
            run,
            is_kept: false,
        }))
    }
}

/// A first answer on its way; given back when it is dropped without [`keep`](Self::keep).
pub(super) struct Claim<'a> {
    answers: &'a FirstAnswers,
    interaction: Id<InteractionMarker>,
    run: RunId,
    is_kept: bool,
}

impl Claim<'_> {
    /// The interaction has its first answer.
    pub(super) fn keep(mut self) {
        self.is_kept = true;
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        let mut runs = self.answers.runs();
        if !self.is_kept && runs.get(&self.interaction) == Some(&self.run) {
            runs.remove(&self.interaction);
        }
    }
}

/// The interaction whose first answer a path gives: `interactions/<id>/<token>/callback`.
fn answered_by(path: &str) -> Option<Id<InteractionMarker>> {
    let (id, rest) = path.strip_prefix("interactions/")?.split_once('/')?;
    let (_, last) = rest.split_once('/')?;
    let last = last.split_once('?').map_or(last, |(last, _)| last);
    (last == "callback").then(|| id.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = "interactions/7/secret/callback?with_response=true";

    fn is_taken(answers: &FirstAnswers) -> bool {
        matches!(
            answers.claim(PATH),
            Err(RequestError::AlreadyAnswered { interaction }) if interaction.get() == 7
        )
    }

    #[test]
    fn only_the_callback_of_an_interaction_is_a_first_answer() {
        for (path, id) in [
            (PATH, Some(7)),
            ("interactions/7/secret/callback", Some(7)),
            ("interactions/7/secret", None),
            ("interactions/loft/secret/callback", None),
            ("interactions/0/secret/callback", None),
            ("webhooks/7/secret/callback", None),
            ("channels/7/messages", None),
        ] {
            assert_eq!(answered_by(path).map(Id::get), id, "{path}");
        }
    }

    #[tokio::test]
    async fn a_run_gives_one_first_answer_and_another_run_its_own() {
        let answers = FirstAnswers::default();
        assert!(answers.claim(PATH).expect("outside of runs").is_none());
        for _ in 0..2 {
            RunId::unique()
                .scope(async {
                    let failed = answers.claim(PATH).expect("the first").expect("in a run");
                    assert!(is_taken(&answers), "one is on its way");
                    drop(failed);
                    let given = answers.claim(PATH).expect("again").expect("in a run");
                    given.keep();
                    assert!(is_taken(&answers));
                })
                .await;
        }
    }

    #[tokio::test]
    async fn the_oldest_interactions_are_forgotten() {
        let answers = FirstAnswers::default();
        let give = |id: usize| {
            let path = format!("interactions/{id}/secret/callback");
            answers.claim(&path).map(|claim| claim.map(Claim::keep))
        };
        RunId::unique()
            .scope(async {
                for id in 1..=REMEMBERED + 1 {
                    give(id).expect("each once");
                }
                assert_eq!(answers.runs().len(), REMEMBERED);
                give(2).expect_err("it is remembered");
                // It takes the place of nobody: as the oldest it is forgotten at once.
                give(1).expect("it was forgotten");
            })
            .await;
    }
}
