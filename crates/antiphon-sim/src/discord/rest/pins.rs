//! Pinned messages.

use serde_json::{Value, json};

use super::{Answer, Call, Outcome, route::Route};
use crate::discord::{
    audit::{Entry, action},
    model::{Message, iso},
    permissions as rights,
    state::State,
};

pub(crate) const ROUTES: &[Route] = &[
    Route::get(
        "/channels/{channel_id}/messages/pins",
        "list_pins",
        State::list_pins,
    )
    .in_channel(0)
    .also("an empty list without `READ_MESSAGE_HISTORY`")
    .simplified("`pinned_at` is the time of the message"),
    Route::put(
        "/channels/{channel_id}/messages/pins/{message_id}",
        "create_pin",
        State::create_pin,
    )
    .without_body()
    .in_channel(0)
    .also("`PIN_MESSAGES` or `MANAGE_MESSAGES`")
    .events(&["CHANNEL_PINS_UPDATE", "MESSAGE_UPDATE"])
    .audit(&["MESSAGE_PIN"])
    .simplified("no message of type 6"),
    Route::delete(
        "/channels/{channel_id}/messages/pins/{message_id}",
        "delete_pin",
        State::delete_pin,
    )
    .in_channel(0)
    .also("`PIN_MESSAGES` or `MANAGE_MESSAGES`")
    .events(&["CHANNEL_PINS_UPDATE", "MESSAGE_UPDATE"])
    .audit(&["MESSAGE_UNPIN"]),
    Route::get(
        "/channels/{channel_id}/pins",
        "deprecated_list_pins",
        State::list_pins_as_before,
    )
    .in_channel(0)
    .also("an empty list without `READ_MESSAGE_HISTORY`"),
    Route::put(
        "/channels/{channel_id}/pins/{message_id}",
        "deprecated_create_pin",
        State::create_pin,
    )
    .without_body()
    .in_channel(0)
    .also("`PIN_MESSAGES` or `MANAGE_MESSAGES`")
    .events(&["CHANNEL_PINS_UPDATE", "MESSAGE_UPDATE"])
    .audit(&["MESSAGE_PIN"]),
    Route::delete(
        "/channels/{channel_id}/pins/{message_id}",
        "deprecated_delete_pin",
        State::delete_pin,
    )
    .in_channel(0)
    .also("`PIN_MESSAGES` or `MANAGE_MESSAGES`")
    .events(&["CHANNEL_PINS_UPDATE", "MESSAGE_UPDATE"])
    .audit(&["MESSAGE_UNPIN"]),
];

/// Pinned messages of a channel.
const PINS: usize = 250;

impl State {
    /// The pinned messages of a channel, the newest first.
    fn pinned(&self, call: &Call<'_>) -> Vec<&Message> {
        let may_read = self.needs_in_channel(call.account, call.channel(), rights::READ_HISTORY);
        let kept = self.community.messages.get(&call.channel());
        let kept = kept.filter(|_| may_read.is_ok());
        let kept = kept.into_iter().flat_map(|kept| kept.values().rev());
        kept.filter(|message| message.is_pinned).collect()
    }

    fn list_pins(&mut self, call: &Call<'_>) -> Outcome {
        let mut query = call.query();
        let limit = query.count("limit", 1..=50).unwrap_or(50);
        let before = query.time("before");
        query.check()?;
        let limit = usize::try_from(limit).unwrap_or(50);
        let mut pinned = self.pinned(call);
        pinned.retain(|message| before.is_none_or(|before| message.at < before));
        let has_more = pinned.len() > limit;
        let items = pinned.into_iter().take(limit).map(|message| {
            json!({"pinned_at": iso(message.at), "message": self.message_for(message, call.account)})
        });
        let items: Vec<Value> = items.collect();
        Ok(Answer::json(
            200,
            json!({"items": items, "has_more": has_more}),
        ))
    }

    fn list_pins_as_before(&mut self, call: &Call<'_>) -> Outcome {
        let pinned = self.pinned(call).into_iter().take(50);
        let pinned = pinned.map(|message| self.message_for(message, call.account));
        Ok(Answer::json(200, pinned.collect()))
    }

    fn create_pin(&mut self, call: &Call<'_>) -> Outcome {
        if self.pinned(call).len() >= PINS {
            return Err(Answer::error(
                400,
                30003,
                "Maximum number of pins reached (250)",
            ));
        }
        self.set_pin(call, true)
    }

    fn delete_pin(&mut self, call: &Call<'_>) -> Outcome {
        self.set_pin(call, false)
    }

    fn set_pin(&mut self, call: &Call<'_>, on: bool) -> Outcome {
        let (channel, message) = (call.channel(), self.message_of(call)?);
        let (id, author, was) = (message.id, message.author, message.is_pinned);
        self.needs_in_channel(call.account, channel, rights::PIN_MESSAGES)
            .or_else(|_| self.needs_in_channel(call.account, channel, rights::MANAGE_MESSAGES))?;
        if was == on {
            return Ok(Answer::done());
        }
        self.pin(channel, id, on);
        if let Some(guild) = self.guild_of_channel(channel) {
            let action = if on {
                action::MESSAGE_PIN
            } else {
                action::MESSAGE_UNPIN
            };
            let entry = Entry::new(call.account, action, author)
                .options(json!({"channel_id": channel.to_string(), "message_id": id.to_string()}));
            self.record(guild, entry);
        }
        Ok(Answer::done())
    }
}
