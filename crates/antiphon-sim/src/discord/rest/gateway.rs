//! Addresses of the Gateway.

use serde_json::json;

use super::{Answer, Call, Outcome, route::Route};
use crate::discord::state::State;

pub(crate) const ROUTES: &[Route] = &[
    Route::get("/gateway", "get_gateway", State::gateway_address).open(),
    Route::get("/gateway/bot", "get_bot_gateway", State::gateway_of_bot).pace(2, 5_000),
];

impl State {
    fn gateway_address(&mut self, _call: &Call<'_>) -> Outcome {
        Ok(Answer::json(200, json!({"url": self.gateway.address})))
    }

    fn gateway_of_bot(&mut self, call: &Call<'_>) -> Outcome {
        let (remaining, reset_after) = self.starts(call.account);
        Ok(Answer::json(
            200,
            json!({
                "url": self.gateway.address,
                "shards": self.settings.shards,
                "session_start_limit": {
                    "total": self.settings.starts,
                    "remaining": remaining,
                    "reset_after": reset_after,
                    "max_concurrency": self.settings.max_concurrency,
                },
            }),
        ))
    }
}
