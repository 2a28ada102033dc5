//! Requests about channels.

use serde_json::json;

use super::{Answer, Call, Outcome};
use crate::discord::{
    model::{Channel, Id},
    permissions as rights,
    state::State,
};

impl State {
    /// The channel that a request names, if the bot can see it.
    pub(crate) fn visible_channel(&self, id: &str, account: Id) -> Result<&Channel, Answer> {
        let channel = id.parse().ok().and_then(|id| self.channels.get(&id));
        let channel = channel.ok_or_else(|| Answer::unknown("Channel", 10003))?;
        if self.permissions(account, channel) & rights::VIEW_CHANNEL == 0 {
            return Err(Answer::no_access());
        }
        Ok(channel)
    }

    /// Whether a bot has a right in a channel.
    pub(crate) fn has_right(&self, account: Id, channel: Id, right: u64) -> Result<(), Answer> {
        let channel = self.channels.get(&channel);
        if channel.is_some_and(|channel| self.permissions(account, channel) & right != 0) {
            Ok(())
        } else {
            Err(Answer::not_permitted())
        }
    }

    pub(crate) fn channel_route(
        &mut self,
        method: &str,
        channel: &str,
        rest: &[&str],
        call: &Call<'_>,
    ) -> Outcome {
        let channel = self.visible_channel(channel, call.account)?;
        let id = channel.id;
        match (method, rest) {
            ("GET", []) => Ok(Answer::json(200, channel.json())),
            ("POST", ["typing"]) => {
                self.may_speak(call.account, id)?;
                self.type_in(id, call.account);
                Ok(Answer::done())
            }
            (_, ["messages", rest @ ..]) => self.message_route(method, id, rest, call),
            _ => Err(self.unknown_route(method, &["channels", &id.to_string(), &rest.join("/")])),
        }
    }

    /// Whether a bot may say something in a channel.
    pub(crate) fn may_speak(&self, account: Id, channel: Id) -> Result<(), Answer> {
        let is_thread = self.channels.get(&channel).is_some_and(Channel::is_thread);
        let right = if is_thread {
            rights::SEND_IN_THREADS
        } else {
            rights::SEND_MESSAGES
        };
        self.has_right(account, channel, right)
    }
}

impl State {
    /// A channel as an answer, after it was changed.
    pub(crate) fn channel_answer(&self, channel: Id) -> Answer {
        self.channels.get(&channel).map_or_else(
            || Answer::json(200, json!({})),
            |channel| Answer::json(200, channel.json()),
        )
    }
}
