//! Webhooks, and the follow-ups of interactions, whose webhook is the application's.

use super::{Call, Outcome, route::Route};
use crate::discord::state::State;

pub(crate) const ROUTES: &[Route] = &[
    Route::unserved(
        "POST",
        "/channels/{channel_id}/followers",
        "follow_channel",
        "not built yet",
    ),
    Route::unserved(
        "GET",
        "/channels/{channel_id}/webhooks",
        "list_channel_webhooks",
        "not built yet",
    ),
    Route::unserved(
        "POST",
        "/channels/{channel_id}/webhooks",
        "create_webhook",
        "not built yet",
    ),
    Route::unserved(
        "GET",
        "/guilds/{guild_id}/webhooks",
        "get_guild_webhooks",
        "not built yet",
    ),
    Route::unserved(
        "GET",
        "/webhooks/{webhook_id}",
        "get_webhook",
        "not built yet",
    ),
    Route::unserved(
        "DELETE",
        "/webhooks/{webhook_id}",
        "delete_webhook",
        "not built yet",
    ),
    Route::unserved(
        "PATCH",
        "/webhooks/{webhook_id}",
        "update_webhook",
        "not built yet",
    ),
    Route::unserved(
        "GET",
        "/webhooks/{webhook_id}/{webhook_token}",
        "get_webhook_by_token",
        "not built yet",
    ),
    Route::unserved(
        "DELETE",
        "/webhooks/{webhook_id}/{webhook_token}",
        "delete_webhook_by_token",
        "not built yet",
    ),
    Route::unserved(
        "PATCH",
        "/webhooks/{webhook_id}/{webhook_token}",
        "update_webhook_by_token",
        "not built yet",
    ),
    Route::unserved(
        "POST",
        "/webhooks/{webhook_id}/{webhook_token}/github",
        "execute_github_compatible_webhook",
        "not built yet",
    ),
    Route::unserved(
        "POST",
        "/webhooks/{webhook_id}/{webhook_token}/slack",
        "execute_slack_compatible_webhook",
        "not built yet",
    ),
    Route::post(
        "/webhooks/{webhook_id}/{webhook_token}",
        "execute_webhook",
        State::post_by_webhook,
    )
    .open()
    .events(&["MESSAGE_CREATE"])
    .simplified("interaction tokens alone"),
    Route::get(
        "/webhooks/{webhook_id}/{webhook_token}/messages/@original",
        "get_original_webhook_message",
        State::get_original_of_webhook,
    )
    .open(),
    Route::patch(
        "/webhooks/{webhook_id}/{webhook_token}/messages/@original",
        "update_original_webhook_message",
        State::edit_original_of_webhook,
    )
    .open()
    .events(&["MESSAGE_UPDATE"]),
    Route::delete(
        "/webhooks/{webhook_id}/{webhook_token}/messages/@original",
        "delete_original_webhook_message",
        State::delete_original_of_webhook,
    )
    .open()
    .events(&["MESSAGE_DELETE"]),
    Route::get(
        "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}",
        "get_webhook_message",
        State::get_message_of_webhook,
    )
    .open()
    .simplified("interaction tokens alone"),
    Route::patch(
        "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}",
        "update_webhook_message",
        State::edit_message_of_webhook,
    )
    .open()
    .events(&["MESSAGE_UPDATE"])
    .simplified("interaction tokens alone"),
    Route::delete(
        "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}",
        "delete_webhook_message",
        State::delete_message_of_webhook,
    )
    .open()
    .events(&["MESSAGE_DELETE"])
    .simplified("interaction tokens alone"),
];

impl State {
    fn follow_up_of(&mut self, method: &str, rest: &[&str], call: &Call<'_>) -> Outcome {
        let (application, token) = (call.step("webhook_id"), call.step("webhook_token"));
        self.follow_up(method, application, token, rest, call)
    }

    fn post_by_webhook(&mut self, call: &Call<'_>) -> Outcome {
        self.follow_up_of("POST", &[], call)
    }

    fn get_original_of_webhook(&mut self, call: &Call<'_>) -> Outcome {
        self.follow_up_of("GET", &["messages", "@original"], call)
    }

    fn edit_original_of_webhook(&mut self, call: &Call<'_>) -> Outcome {
        self.follow_up_of("PATCH", &["messages", "@original"], call)
    }

    fn delete_original_of_webhook(&mut self, call: &Call<'_>) -> Outcome {
        self.follow_up_of("DELETE", &["messages", "@original"], call)
    }

    fn get_message_of_webhook(&mut self, call: &Call<'_>) -> Outcome {
        self.follow_up_of("GET", &["messages", call.step("message_id")], call)
    }

    fn edit_message_of_webhook(&mut self, call: &Call<'_>) -> Outcome {
        self.follow_up_of("PATCH", &["messages", call.step("message_id")], call)
    }

    fn delete_message_of_webhook(&mut self, call: &Call<'_>) -> Outcome {
        self.follow_up_of("DELETE", &["messages", call.step("message_id")], call)
    }
}
