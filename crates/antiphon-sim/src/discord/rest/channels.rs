//! Requests about channels.

use serde_json::{Value, json};

use super::{Answer, Call, Outcome, answer::Faulty};
use crate::discord::{
    model::{Channel, Id, Overwrite},
    permissions as rights,
    state::State,
};

impl State {
    /// The channel that a request names, if the bot can see it.
    pub(crate) fn visible_channel(&self, id: &str, account: Id) -> Result<&Channel, Answer> {
        let channel = id
            .parse()
            .ok()
            .and_then(|id| self.community.channels.get(&id));
        let channel = channel.ok_or_else(|| Answer::unknown("Channel", 10003))?;
        if self.community.permissions(account, channel) & rights::VIEW_CHANNEL == 0 {
            return Err(Answer::no_access());
        }
        Ok(channel)
    }

    /// Whether a bot has a right in a channel.
    pub(crate) fn has_right(&self, account: Id, channel: Id, right: u64) -> Result<(), Answer> {
        let channel = self.community.channels.get(&channel);
        if channel.is_some_and(|channel| self.community.permissions(account, channel) & right != 0)
        {
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
            ("PATCH", []) => self.edit_channel(id, call),
            ("DELETE", []) => {
                self.has_right(call.account, id, rights::MANAGE_CHANNELS)?;
                let gone = self.channel_answer(id);
                self.remove_channel(call.account, id);
                Ok(gone)
            }
            ("POST", ["threads"] | ["messages", _, "threads"]) => {
                self.may_speak(call.account, id)?;
                let name = named(call.body, 100)?;
                let thread = self.add_thread(id, call.account, name);
                Ok(Answer {
                    status: 201,
                    ..self.channel_answer(thread)
                })
            }
            ("PUT" | "DELETE", ["thread-members", user]) => {
                let user = if *user == "@me" {
                    Some(call.account)
                } else {
                    user.parse().ok()
                };
                let user = user.filter(|user| self.community.users.contains_key(user));
                let user = user.ok_or_else(|| Answer::unknown("User", 10013))?;
                self.set_thread_member(id, user, method == "PUT");
                Ok(Answer::done())
            }
            ("POST", ["invites"]) => {
                self.has_right(call.account, id, rights::CREATE_INVITE)?;
                let code = self.invite(id, call.account);
                Ok(Answer::json(
                    200,
                    json!({"code": code, "type": 0, "channel": self.channel_answer_json(id)}),
                ))
            }
            // The older spelling of the same.
            ("GET", ["pins"]) => {
                let pinned = self
                    .community
                    .messages
                    .get(&id)
                    .into_iter()
                    .flat_map(|kept| kept.values());
                let pinned = pinned.filter(|message| message.is_pinned);
                Ok(Answer::json(
                    200,
                    pinned.map(|message| self.message_json(message)).collect(),
                ))
            }
            ("PUT" | "DELETE", ["pins", message]) => {
                self.message_route(method, id, &["pins", message], call)
            }
            (_, ["messages", rest @ ..]) => self.message_route(method, id, rest, call),
            _ => Err(self.unknown_route(method, &["channels", &id.to_string(), &rest.join("/")])),
        }
    }

    /// Whether a bot may post in a channel.
    pub(crate) fn may_speak(&self, account: Id, channel: Id) -> Result<(), Answer> {
        let is_thread = self
            .community
            .channels
            .get(&channel)
            .is_some_and(Channel::is_thread);
        let right = if is_thread {
            rights::SEND_IN_THREADS
        } else {
            rights::SEND_MESSAGES
        };
        self.has_right(account, channel, right)
    }
}

impl State {
    fn channel_answer_json(&self, channel: Id) -> Value {
        self.community
            .channels
            .get(&channel)
            .map(Channel::json)
            .unwrap_or_default()
    }

    /// A channel as an answer.
    pub(crate) fn channel_answer(&self, channel: Id) -> Answer {
        Answer::json(200, self.channel_answer_json(channel))
    }

    fn edit_channel(&mut self, channel: Id, call: &Call<'_>) -> Outcome {
        self.has_right(call.account, channel, rights::MANAGE_CHANNELS)?;
        let body = call.body.clone();
        let mut faulty = Faulty::default();
        faulty.text(&body, "name", 100);
        faulty.text(&body, "topic", 1024);
        faulty.check()?;
        self.change_channel(call.account, channel, |channel| describe(channel, &body));
        Ok(self.channel_answer(channel))
    }
}

/// Applies a body's fields to a channel.
pub(crate) fn describe(channel: &mut Channel, body: &Value) {
    if let Some(name) = body["name"].as_str() {
        name.clone_into(&mut channel.name);
    }
    if let Some(topic) = body.get("topic") {
        channel.topic = topic.as_str().map(str::to_owned);
    }
    if let Some(limit) = body["user_limit"].as_u64() {
        channel.user_limit = limit;
    }
    if let Some(seconds) = body["rate_limit_per_user"].as_u64() {
        channel.slow_mode = seconds;
    }
    if let Some(position) = body["position"].as_i64() {
        channel.position = position;
    }
    if let Some(archived) = body["archived"].as_bool() {
        channel.is_archived = archived;
    }
    if let Some(parent) = body.get("parent_id").filter(|_| !channel.is_thread()) {
        channel.parent = parent.as_str().and_then(|id| id.parse().ok());
    }
    if let Some(overwrites) = body["permission_overwrites"].as_array() {
        let number = |value: &Value| {
            value
                .as_str()
                .and_then(|text| text.parse().ok())
                .unwrap_or(0)
        };
        let overwrites = overwrites.iter().map(|one| Overwrite {
            id: number(&one["id"]),
            is_member: one["type"] == 1,
            allow: number(&one["allow"]),
            deny: number(&one["deny"]),
        });
        channel.overwrites = overwrites.collect();
    }
}

/// The name in a body, which is required.
pub(crate) fn named(body: &Value, most: usize) -> Result<&str, Answer> {
    let mut faulty = Faulty::default();
    faulty.text(body, "name", most);
    if body["name"].as_str().is_none_or(str::is_empty) {
        faulty.add("name", "BASE_TYPE_REQUIRED", "This field is required");
    }
    faulty.check()?;
    Ok(body["name"].as_str().unwrap_or_default())
}
