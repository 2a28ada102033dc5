//! Requests about messages.

use std::ops::Bound;

use serde_json::{Value, json};

use super::{Answer, Call, Outcome, answer::Faulty};
use crate::discord::{
    messages::Draft,
    model::{Emoji, Id, Message},
    permissions as rights,
    state::State,
};

/// Characters of a message.
const CONTENT: usize = 2000;
/// Characters of a nonce.
const NONCE: usize = 25;
/// Messages of one page.
const PAGE: usize = 100;
/// Milliseconds after which messages cannot be deleted in bulk.
const BULK_AGE: i64 = 14 * 86_400_000;

impl State {
    pub(crate) fn message_route(
        &mut self,
        method: &str,
        channel: Id,
        rest: &[&str],
        call: &Call<'_>,
    ) -> Outcome {
        match (method, rest) {
            ("POST", []) => self.create_message(channel, call),
            ("GET", []) => self.list_messages(channel, call),
            ("POST", ["bulk-delete"]) => self.bulk_delete(channel, call),
            ("GET", ["pins"]) => {
                let pinned = self
                    .community
                    .messages
                    .get(&channel)
                    .into_iter()
                    .flat_map(|kept| kept.values());
                let pinned = pinned.filter(|message| message.is_pinned);
                let items = pinned.map(|message| json!({"pinned_at": super::super::model::iso(message.at), "message": self.message_json(message)}));
                Ok(Answer::json(
                    200,
                    json!({"items": items.collect::<Vec<_>>(), "has_more": false}),
                ))
            }
            ("PUT" | "DELETE", ["pins", id]) => {
                let id = self.message_named(channel, id)?.id;
                self.has_right(call.account, channel, rights::MANAGE_MESSAGES)?;
                self.pin(channel, id, method == "PUT");
                Ok(Answer::done())
            }
            (_, [id, rest @ ..]) => {
                let id = self.message_named(channel, id)?.id;
                self.one_message_route(method, channel, id, rest, call)
            }
            _ => Err(self.unknown_route(method, &["channels", "messages"])),
        }
    }

    fn message_named(&self, channel: Id, id: &str) -> Result<&Message, Answer> {
        let id = id.parse::<Id>().ok();
        let message = id.and_then(|id| self.community.messages.get(&channel)?.get(&id));
        message.ok_or_else(|| Answer::unknown("Message", 10008))
    }

    fn message_answer(&self, channel: Id, id: Id) -> Outcome {
        let message = self
            .community
            .messages
            .get(&channel)
            .and_then(|kept| kept.get(&id));
        let message = message.ok_or_else(|| Answer::unknown("Message", 10008))?;
        Ok(Answer::json(200, self.message_json(message)))
    }

    fn one_message_route(
        &mut self,
        method: &str,
        channel: Id,
        id: Id,
        rest: &[&str],
        call: &Call<'_>,
    ) -> Outcome {
        match (method, rest) {
            ("GET", []) => {
                self.has_right(call.account, channel, rights::READ_HISTORY)?;
                self.message_answer(channel, id)
            }
            ("PATCH", []) => self.edit_message(channel, id, call),
            ("DELETE", []) => {
                let author = self
                    .community
                    .messages
                    .get(&channel)
                    .and_then(|kept| kept.get(&id))
                    .map(|message| message.author);
                if author != Some(call.account) {
                    self.has_right(call.account, channel, rights::MANAGE_MESSAGES)?;
                }
                self.delete(channel, id);
                Ok(Answer::done())
            }
            ("PUT" | "DELETE", ["reactions", emoji, user]) => {
                let emoji = self.emoji_named(channel, emoji)?;
                let is_own = *user == "@me" || *user == call.account.to_string();
                let right = if is_own {
                    rights::ADD_REACTIONS
                } else {
                    rights::MANAGE_MESSAGES
                };
                if method == "PUT" || !is_own {
                    self.has_right(call.account, channel, right)?;
                }
                let user = if is_own {
                    Some(call.account)
                } else {
                    user.parse().ok()
                };
                let user = user.ok_or_else(|| Answer::unknown("User", 10013))?;
                self.react(channel, id, user, &emoji, method == "PUT");
                Ok(Answer::done())
            }
            ("DELETE", ["reactions"]) => {
                self.has_right(call.account, channel, rights::MANAGE_MESSAGES)?;
                self.clear_reactions(channel, id, None);
                Ok(Answer::done())
            }
            ("DELETE", ["reactions", emoji]) => {
                let emoji = self.emoji_named(channel, emoji)?;
                self.has_right(call.account, channel, rights::MANAGE_MESSAGES)?;
                self.clear_reactions(channel, id, Some(&emoji));
                Ok(Answer::done())
            }
            ("GET", ["reactions", emoji]) => {
                let emoji = self.emoji_named(channel, emoji)?;
                let message = self.message_named(channel, &id.to_string())?;
                let users = message.reactions.iter().find(|(known, _)| *known == emoji);
                let users = users
                    .into_iter()
                    .flat_map(|(_, users)| users)
                    .filter_map(|user| self.community.users.get(user));
                Ok(Answer::json(
                    200,
                    users.map(crate::discord::model::User::json).collect(),
                ))
            }
            _ => Err(self.unknown_route(method, &["channels", "messages", &rest.join("/")])),
        }
    }

    fn create_message(&mut self, channel: Id, call: &Call<'_>) -> Outcome {
        self.may_speak(call.account, channel)?;
        let body = call.body;
        let mut draft = self.draft(channel, body)?;
        let mut faulty = Faulty::default();
        let nonce = match &body["nonce"] {
            Value::Null => None,
            Value::String(nonce) if nonce.chars().count() <= NONCE => Some(body["nonce"].clone()),
            Value::Number(_) => Some(body["nonce"].clone()),
            _ => {
                faulty.add(
                    "nonce",
                    "NONCE_TYPE_TOO_LONG",
                    "Must be 25 or fewer in length.",
                );
                None
            }
        };
        faulty.check()?;
        draft.nonce.clone_from(&nonce);
        if draft.poll.is_some() {
            self.has_right(call.account, channel, rights::SEND_POLLS)?;
        }
        let once = body["enforce_nonce"].as_bool().unwrap_or(false);
        let key = nonce
            .filter(|_| once)
            .map(|nonce| (channel, call.account, nonce.to_string()));
        if let Some(known) = key
            .as_ref()
            .and_then(|key| self.rest.nonces.get(key))
            .copied()
        {
            return self.message_answer(channel, known);
        }
        let id = self.post(channel, call.account, draft);
        if let Some(key) = key {
            self.rest.nonces.insert(key, id);
            if self.rest.nonces.len() > self.settings.history {
                self.rest.nonces.clear();
            }
        }
        self.message_answer(channel, id)
    }

    /// Reads a message from a body.
    pub(crate) fn draft(&self, channel: Id, body: &Value) -> Result<Draft, Answer> {
        let mut faulty = Faulty::default();
        check_message(&mut faulty, body);
        faulty.check()?;
        let list = |name: &str| match &body[name] {
            Value::Array(items) => Value::Array(items.clone()),
            _ => json!([]),
        };
        let content = body["content"].as_str().unwrap_or_default();
        let is_empty = |name: &str| body[name].as_array().is_none_or(Vec::is_empty);
        let says_nothing = ["embeds", "components", "sticker_ids", "attachments"]
            .into_iter()
            .all(is_empty);
        if content.is_empty() && says_nothing && body["poll"].is_null() {
            return Err(Answer::error(400, 50006, "Cannot send an empty message"));
        }
        let mut draft = Draft::text(content);
        draft.embeds = list("embeds");
        draft.components = list("components");
        draft.attachments = attachments(&Value::Null, &body["attachments"]);
        draft.flags = body["flags"].as_u64().unwrap_or(0);
        draft.poll = Some(body["poll"].clone()).filter(Value::is_object);
        if let Some(original) = body
            .pointer("/message_reference/message_id")
            .and_then(Value::as_str)
        {
            let known = self.message_named(channel, original);
            let must = body
                .pointer("/message_reference/fail_if_not_exists")
                .and_then(Value::as_bool)
                .unwrap_or(true);
            match known {
                Ok(message) => draft.reply_to = Some(message.id),
                Err(_) if must => {
                    let mut faulty = Faulty::default();
                    faulty.add(
                        "message_reference",
                        "REPLIES_UNKNOWN_MESSAGE",
                        "Unknown message",
                    );
                    faulty.check()?;
                }
                Err(_) => {}
            }
        }
        Ok(draft)
    }

    fn edit_message(&mut self, channel: Id, id: Id, call: &Call<'_>) -> Outcome {
        let body = call.body;
        let mut faulty = Faulty::default();
        check_message(&mut faulty, body);
        faulty.check()?;
        let author = self
            .community
            .messages
            .get(&channel)
            .and_then(|kept| kept.get(&id))
            .map(|message| message.author);
        if author != Some(call.account) {
            return Err(Answer::error(
                403,
                50005,
                "Cannot edit a message authored by another user",
            ));
        }
        let body = body.clone();
        self.edit(channel, id, |message| {
            if let Some(content) = body.get("content") {
                content
                    .as_str()
                    .unwrap_or_default()
                    .clone_into(&mut message.content);
            }
            let lists = [
                ("embeds", &mut message.embeds),
                ("components", &mut message.components),
            ];
            for (name, list) in lists {
                if let Some(given) = body.get(name) {
                    *list = given
                        .as_array()
                        .map_or_else(|| json!([]), |items| json!(items));
                }
            }
            if let Some(given) = body.get("attachments") {
                message.attachments = attachments(&message.attachments, given);
            }
            if let Some(flags) = body["flags"].as_u64() {
                message.flags = flags;
            }
        });
        self.message_answer(channel, id)
    }

    fn list_messages(&self, channel: Id, call: &Call<'_>) -> Outcome {
        let mut faulty = Faulty::default();
        let limit = match call.get("limit").map(str::parse) {
            None => 50,
            Some(Ok(limit)) if (1..=PAGE).contains(&limit) => limit,
            Some(_) => {
                faulty.add(
                    "limit",
                    "NUMBER_TYPE_MAX",
                    "int value should be less than or equal to 100.",
                );
                0
            }
        };
        faulty.check()?;
        if self
            .has_right(call.account, channel, rights::READ_HISTORY)
            .is_err()
        {
            return Ok(Answer::json(200, json!([])));
        }
        let Some(kept) = self.community.messages.get(&channel) else {
            return Ok(Answer::json(200, json!([])));
        };
        let id = |name: &str| call.get(name).and_then(|id| id.parse::<Id>().ok());
        let older = |before: Id, limit: usize| {
            kept.range(..before)
                .rev()
                .map(|(_, message)| message)
                .take(limit)
        };
        let newer = |after: Bound<Id>, limit: usize| {
            let mut found: Vec<&Message> = kept
                .range((after, Bound::Unbounded))
                .map(|(_, message)| message)
                .take(limit)
                .collect();
            found.reverse();
            found
        };
        let found: Vec<&Message> = if let Some(around) = id("around") {
            let mut found = newer(Bound::Included(around), limit.div_ceil(2));
            let rest = limit - found.len().min(limit);
            found.extend(older(around, rest));
            found
        } else if let Some(after) = id("after") {
            newer(Bound::Excluded(after), limit)
        } else {
            older(id("before").unwrap_or(Id::MAX), limit).collect()
        };
        // The newest message comes first for every query.
        Ok(Answer::json(
            200,
            found
                .into_iter()
                .map(|message| self.message_json(message))
                .collect(),
        ))
    }

    fn bulk_delete(&mut self, channel: Id, call: &Call<'_>) -> Outcome {
        self.has_right(call.account, channel, rights::MANAGE_MESSAGES)?;
        let ids = call.body["messages"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        if !(2..=100).contains(&ids.len()) {
            return Err(Answer::error(
                400,
                50016,
                "Provided too few or too many messages to delete. Must provide at least 2 and fewer than 100 messages to delete.",
            ));
        }
        let ids: Vec<Id> = ids
            .iter()
            .filter_map(|id| id.as_str()?.parse().ok())
            .collect();
        let now = self.now();
        let kept = self.community.messages.get(&channel);
        let is_old = |id: &Id| {
            kept.and_then(|kept| kept.get(id))
                .is_some_and(|message| now - message.at > BULK_AGE)
        };
        if ids.iter().any(is_old) {
            return Err(Answer::error(
                400,
                50034,
                "You can only bulk delete messages that are under 14 days old.",
            ));
        }
        self.delete_many(channel, &ids);
        Ok(Answer::done())
    }

    /// The emoji in a path: a Unicode emoji, or `name:id` of a guild's.
    fn emoji_named(&self, channel: Id, text: &str) -> Result<Emoji, Answer> {
        let unknown = || Answer::error(400, 10014, "Unknown Emoji");
        if let Some((name, id)) = text.rsplit_once(':') {
            let id: Id = id.parse().map_err(|_| unknown())?;
            let known = self
                .community
                .guilds
                .values()
                .find_map(|guild| guild.emojis.get(&id));
            let known = known.ok_or_else(unknown)?;
            let _ = (name, channel);
            return Ok(Emoji {
                id: Some(id),
                name: known.clone(),
            });
        }
        // A name in letters is a guild's emoji without its id.
        if text.is_empty()
            || text
                .chars()
                .all(|one| one.is_ascii_alphabetic() || one == '_')
        {
            return Err(unknown());
        }
        Ok(Emoji {
            id: None,
            name: text.to_owned(),
        })
    }
}

/// Checks the fields that new and edited messages share.
pub(super) fn check_message(faulty: &mut Faulty, body: &Value) {
    faulty.text(body, "content", CONTENT);
    faulty.list(body, "embeds", 10);
    faulty.list(body, "components", 40);
    faulty.list(body, "sticker_ids", 3);
    for (index, embed) in body["embeds"].as_array().into_iter().flatten().enumerate() {
        for (field, most) in [("title", 256), ("description", 4096)] {
            if embed[field]
                .as_str()
                .is_some_and(|text| text.chars().count() > most)
            {
                let message = format!("Must be {most} or fewer in length.");
                faulty.add(
                    &format!("embeds.{index}.{field}"),
                    "BASE_TYPE_MAX_LENGTH",
                    &message,
                );
            }
        }
    }
}

/// Attachments of an edited message: the old ones that the body names, and new ones.
pub(super) fn attachments(had: &Value, given: &Value) -> Value {
    let had = |id: &Value| had.as_array()?.iter().find(|one| one["id"] == *id).cloned();
    let given = given.as_array().into_iter().flatten();
    let is_new = |one: &Value| one.get("filename").is_some();
    given
        .filter_map(|one| {
            if is_new(one) {
                Some(one.clone())
            } else {
                had(&one["id"])
            }
        })
        .collect()
}
