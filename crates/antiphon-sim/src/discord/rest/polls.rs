//! Polls.

use serde_json::{Value, json};

use super::{Answer, Call, Outcome, page::Page, route::Route};
use crate::discord::{
    model::{User, iso},
    state::State,
};

pub(crate) const ROUTES: &[Route] = &[
    Route::get(
        "/channels/{channel_id}/polls/{message_id}/answers/{answer_id}",
        "get_answer_voters",
        State::list_voters,
    )
    .in_channel(0),
    Route::post(
        "/channels/{channel_id}/polls/{message_id}/expire",
        "poll_expire",
        State::end_poll,
    )
    .without_body()
    .in_channel(0)
    .also("own message")
    .events(&["MESSAGE_UPDATE"])
    .simplified("no message of type 46 with the result"),
];

impl State {
    fn list_voters(&mut self, call: &Call<'_>) -> Outcome {
        let page = Page::of(call, 25, 100)?;
        let message = self.message_of(call)?;
        let poll = message.poll.as_ref();
        let poll = poll.ok_or_else(|| Answer::unknown("Message", 10008))?;
        let answers = poll["answers"].as_array();
        let answer = call.id("answer_id");
        if answers.is_none_or(|all| !all.iter().any(|one| one["answer_id"] == answer)) {
            return Err(Answer::unknown("Message", 10008));
        }
        let votes = message.votes.iter().filter(|(one, _)| *one == answer);
        let users = votes.filter_map(|(_, id)| Some((*id, self.community.users.get(id)?)));
        let users = page.ascending(users).into_iter();
        let users: Vec<Value> = users.map(User::json).collect();
        Ok(Answer::json(200, json!({"users": users})))
    }

    fn end_poll(&mut self, call: &Call<'_>) -> Outcome {
        let message = self.message_of(call)?;
        let (id, author) = (message.id, message.author);
        if message.poll.is_none() {
            return Err(Answer::error(
                400,
                520_006,
                "Cannot expire a non-poll message",
            ));
        }
        if author != call.account {
            return Err(Answer::not_permitted());
        }
        let now = iso(self.now());
        self.edit(call.channel(), id, |message| {
            if let Some(poll) = &mut message.poll {
                poll["expiry"] = json!(now);
                poll["results"] = json!({"is_finalized": true, "answer_counts": []});
            }
        });
        self.message_answer(call.channel(), id, call.account)
    }
}
