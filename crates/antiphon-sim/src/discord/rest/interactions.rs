//! Answers to interactions.

use super::{Call, Outcome, route::Route};
use crate::discord::state::State;

pub(crate) const ROUTES: &[Route] = &[Route::post(
    "/interactions/{interaction_id}/{interaction_token}/callback",
    "create_interaction_response",
    State::answer_interaction_named,
)
.open()
.without_limit()
.events(&["MESSAGE_CREATE"])];

impl State {
    fn answer_interaction_named(&mut self, call: &Call<'_>) -> Outcome {
        let (id, token) = (call.step("interaction_id"), call.step("interaction_token"));
        self.answer_interaction(id, token, call)
    }
}
