//! Messages: posting, editing, reactions and pins.

use serde_json::{Value, json};

use super::{
    community::Community,
    components,
    mentions::{self, AllowedMentions},
    model::{Emoji, Id, Message, iso},
    state::State,
    webhooks::Sender,
};

/// A message to be posted.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) content: String,
    /// The sender, for a message of a webhook.
    pub(crate) sender: Option<Sender>,
    pub(crate) allowed_mentions: Option<AllowedMentions>,
    pub(crate) kind: u8,
    pub(crate) flags: u64,
    pub(crate) nonce: Option<Value>,
    pub(crate) reply_to: Option<Id>,
    pub(crate) embeds: Value,
    pub(crate) components: Value,
    pub(crate) attachments: Value,
    /// Stickers as a message names them: their ids, names and formats.
    pub(crate) stickers: Vec<Value>,
    pub(crate) poll: Option<Value>,
    pub(crate) interaction: Option<Value>,
    /// The application that answers an interaction with it.
    pub(crate) application: Option<Id>,
    /// The only user who sees it, where it is ephemeral.
    pub(crate) seen_by: Option<Id>,
    /// The forwarded message: its reference and its snapshot.
    pub(crate) forwarded: Option<(Value, Value)>,
}

impl Draft {
    pub(crate) fn text(content: &str) -> Self {
        Self {
            content: content.to_owned(),
            sender: None,
            allowed_mentions: None,
            kind: 0,
            flags: 0,
            nonce: None,
            reply_to: None,
            embeds: json!([]),
            components: json!([]),
            attachments: json!([]),
            stickers: Vec::new(),
            poll: None,
            interaction: None,
            application: None,
            seen_by: None,
            forwarded: None,
        }
    }
}

/// Completes the fields of a message that its sender may leave out.
fn complete(message: &mut Message) {
    components::complete(&mut message.components, message.id);
    for embed in message.embeds.as_array_mut().into_iter().flatten() {
        // An alert of automatic moderation has a type of its own.
        if embed.is_object() && message.kind != 24 {
            embed["type"] = json!("rich");
        }
        let fields = embed.get_mut("fields").and_then(Value::as_array_mut);
        for field in fields.into_iter().flatten() {
            if field.is_object() && field["inline"].is_null() {
                field["inline"] = json!(false);
            }
        }
    }
    let Some(poll) = message
        .poll
        .as_mut()
        .filter(|poll| poll["expiry"].is_null())
    else {
        return;
    };
    let hours = poll["duration"].as_i64().unwrap_or(24).clamp(1, 32 * 24);
    poll["expiry"] = json!(iso(message.at + hours * 3_600_000));
    if let Value::Object(fields) = poll {
        fields.remove("duration");
        fields.entry("layout_type").or_insert(json!(1));
        fields.entry("allow_multiselect").or_insert(json!(false));
    }
    for (id, answer) in (1..).zip(poll["answers"].as_array_mut().into_iter().flatten()) {
        answer["answer_id"] = json!(id);
    }
}

impl State {
    /// Posts a message; returns its id, or zero if automatic moderation blocks it. An ephemeral one makes no event.
    pub(crate) fn post(&mut self, channel: Id, author: Id, draft: Draft) -> Id {
        let met = self.rules_met(channel, author, &draft.content);
        if met.is_empty() {
            let id = self.new_id();
            return self.post_as(id, channel, author, draft);
        }
        let content = draft.content.clone();
        let is_blocked = met.iter().any(super::auto_moderation::Met::blocks);
        let id = (!is_blocked).then(|| {
            let id = self.new_id();
            self.post_as(id, channel, author, draft)
        });
        self.execute_rules(channel, author, &content, &met, id);
        id.unwrap_or_default()
    }

    /// Posts a message with this id; returns the id. An ephemeral one makes no event.
    pub(crate) fn post_as(&mut self, id: Id, channel: Id, author: Id, draft: Draft) -> Id {
        let at = self.now();
        let mut message = Message {
            id,
            channel,
            author,
            sender: draft.sender,
            allowed_mentions: draft.allowed_mentions,
            content: draft.content,
            at,
            edited_at: None,
            kind: if draft.reply_to.is_some() {
                19
            } else {
                draft.kind
            },
            flags: draft.flags,
            is_pinned: false,
            nonce: draft.nonce,
            reply_to: draft.reply_to,
            embeds: draft.embeds,
            components: draft.components,
            attachments: draft.attachments,
            stickers: draft.stickers,
            poll: draft.poll,
            votes: Vec::new(),
            reactions: Vec::new(),
            interaction: draft.interaction,
            application: draft.application,
            seen_by: draft.seen_by,
            forwarded: draft.forwarded,
        };
        complete(&mut message);
        if message.seen_by.is_some() {
            self.community.ephemeral.insert(id, message);
            if self.community.ephemeral.len() > self.settings.history {
                self.community.ephemeral.pop_first();
            }
            return id;
        }
        let kept = self.community.messages.entry(channel).or_default();
        kept.insert(id, message);
        if kept.len() > self.settings.history {
            kept.pop_first();
        }
        if let Some(channel) = self.community.channels.get_mut(&channel) {
            channel.last_message = Some(id);
            channel.messages += 1;
        }
        self.announce_message("MESSAGE_CREATE", channel, id);
        id
    }

    /// Edits a message; returns whether it exists.
    pub(crate) fn edit(&mut self, channel: Id, id: Id, change: impl FnOnce(&mut Message)) -> bool {
        let now = self.now();
        let Some(message) = self.message_mut(channel, id) else {
            return false;
        };
        change(message);
        complete(message);
        message.edited_at = Some(now);
        self.announce_message("MESSAGE_UPDATE", channel, id);
        self.repeat_edit(channel, id);
        true
    }

    /// Adds flags to a message, which is not an edit; returns whether the message exists.
    pub(crate) fn change_flags(&mut self, channel: Id, id: Id, flags: u64) -> bool {
        let kept = self.community.messages.get_mut(&channel);
        let Some(message) = kept.and_then(|kept| kept.get_mut(&id)) else {
            return false;
        };
        message.flags |= flags;
        self.announce_message("MESSAGE_UPDATE", channel, id);
        true
    }

    /// Deletes a message; returns whether it existed.
    pub(crate) fn delete(&mut self, channel: Id, id: Id) -> bool {
        if self.community.ephemeral.remove(&id).is_some() {
            return true;
        }
        if self.forget(channel, id).is_none() {
            return false;
        }
        let event = self.about_message(channel, id);
        self.publish("MESSAGE_DELETE", self.community.scope_of(channel), &event);
        self.mark_copies(channel, id);
        true
    }

    /// Deletes several messages at once; returns how many existed.
    pub(crate) fn delete_many(&mut self, channel: Id, ids: &[Id]) -> usize {
        let gone: Vec<Id> = ids
            .iter()
            .copied()
            .filter(|id| self.forget(channel, *id).is_some())
            .collect();
        if !gone.is_empty() {
            let mut event = self.about_channel(channel);
            event["ids"] = json!(super::model::ids(&gone));
            self.publish(
                "MESSAGE_DELETE_BULK",
                self.community.scope_of(channel),
                &event,
            );
        }
        gone.len()
    }

    /// A message that exists, ephemeral ones included.
    pub(crate) fn message(&self, channel: Id, id: Id) -> Option<&Message> {
        let kept = self
            .community
            .messages
            .get(&channel)
            .and_then(|kept| kept.get(&id));
        kept.or_else(|| {
            self.community
                .ephemeral
                .get(&id)
                .filter(|one| one.channel == channel)
        })
    }

    fn message_mut(&mut self, channel: Id, id: Id) -> Option<&mut Message> {
        let Community {
            messages,
            ephemeral,
            ..
        } = &mut self.community;
        let kept = messages
            .get_mut(&channel)
            .and_then(|kept| kept.get_mut(&id));
        kept.or_else(|| ephemeral.get_mut(&id).filter(|one| one.channel == channel))
    }

    fn forget(&mut self, channel: Id, id: Id) -> Option<Message> {
        self.community.messages.get_mut(&channel)?.remove(&id)
    }

    /// The ids that events about a channel begin with.
    pub(crate) fn about_channel(&self, channel: Id) -> Value {
        let mut event = json!({"channel_id": channel.to_string()});
        if let Some(guild) = self
            .community
            .channels
            .get(&channel)
            .and_then(|channel| channel.guild)
        {
            event["guild_id"] = json!(guild.to_string());
        }
        event
    }

    fn about_message(&self, channel: Id, id: Id) -> Value {
        let mut event = self.about_channel(channel);
        event["id"] = json!(id.to_string());
        event
    }

    fn announce_message(&mut self, name: &str, channel: Id, id: Id) {
        let Some(message) = self
            .community
            .messages
            .get(&channel)
            .and_then(|kept| kept.get(&id))
        else {
            return;
        };
        let event = self.message_event(message);
        self.publish(name, self.community.scope_of(channel), &event);
    }

    /// A message as an event has it: with the guild and its member.
    fn message_event(&self, message: &Message) -> Value {
        let mut event = self.message_json(message);
        let Some(channel) = self.community.channels.get(&message.channel) else {
            return event;
        };
        event["channel_type"] = json!(channel.kind);
        if let Some(guild) = channel.guild.and_then(|id| self.community.guilds.get(&id)) {
            event["guild_id"] = json!(guild.id.to_string());
            if let Some(member) = guild.members.get(&message.author) {
                event["member"] = member.partial();
            }
            if let Some(Value::Array(mentions)) = event.get_mut("mentions") {
                for user in mentions {
                    let id = user["id"]
                        .as_str()
                        .and_then(|id| id.parse().ok())
                        .unwrap_or_default();
                    if let Some(member) = guild.members.get(&id) {
                        user["member"] = member.partial();
                    }
                }
            }
        }
        event
    }

    /// A message as this account sees it: with its own reactions and votes.
    pub(crate) fn message_for(&self, message: &Message, viewer: Id) -> Value {
        let mut json = self.message_json(message);
        mark_own(&mut json, message, viewer);
        json
    }

    /// A message as REST has it, to somebody who neither reacted nor voted.
    pub(crate) fn message_json(&self, message: &Message) -> Value {
        let user = |id: &Id| {
            self.community
                .users
                .get(id)
                .map(super::model::User::json)
                .unwrap_or_default()
        };
        let allowed = message.allowed_mentions.as_ref();
        let mentions: Vec<Value> = mentions::users(&message.content, allowed)
            .iter()
            .filter(|id| self.community.users.contains_key(id))
            .map(user)
            .collect();
        let mut json = json!({
            "id": message.id.to_string(),
            "channel_id": message.channel.to_string(),
            "author": user(&message.author),
            "content": message.content,
            "timestamp": iso(message.at),
            "edited_timestamp": message.edited_at.map(iso),
            "tts": false,
            "mention_everyone": mentions::everyone(&message.content, allowed),
            "mentions": mentions,
            "mention_roles": super::model::ids(&mentions::roles(&message.content, allowed)),
            "attachments": message.attachments,
            "embeds": message.embeds,
            "components": message.components,
            "pinned": message.is_pinned,
            "type": message.kind,
            "flags": message.flags,
        });
        if let Some(application) = message.application {
            json["application_id"] = json!(application.to_string());
            json["webhook_id"] = json!(application.to_string());
        }
        if !message.reactions.is_empty() {
            let reactions = message.reactions.iter().map(|(emoji, users)| {
                json!({
                    "emoji": emoji.json(),
                    "count": users.len(),
                    "count_details": {"burst": 0, "normal": users.len()},
                    "me": false,
                    "me_burst": false,
                    "burst_colors": [],
                })
            });
            json["reactions"] = reactions.collect();
        }
        if let Some(nonce) = &message.nonce {
            json["nonce"] = nonce.clone();
        }
        if !message.stickers.is_empty() {
            json["sticker_items"] = json!(message.stickers);
        }
        if let Some(poll) = &message.poll {
            json["poll"] = poll.clone();
            json["poll"]["results"] = results(message, None);
        }
        if let Some(interaction) = &message.interaction {
            json["interaction_metadata"] = interaction.clone();
        }
        if let Some(thread) = self
            .community
            .channels
            .get(&message.id)
            .filter(|thread| thread.is_thread())
        {
            json["thread"] = thread.json();
        }
        if let Some((reference, snapshot)) = &message.forwarded {
            json["message_reference"] = reference.clone();
            json["message_snapshots"] = json!([{"message": snapshot}]);
        }
        if let Some(original) = message.reply_to {
            json["message_reference"] = json!({
                "type": 0,
                "message_id": original.to_string(),
                "channel_id": message.channel.to_string(),
                "guild_id": self.community.channels.get(&message.channel).and_then(|channel| channel.guild).map(|guild| guild.to_string()),
            });
            let kept = self
                .community
                .messages
                .get(&message.channel)
                .and_then(|kept| kept.get(&original));
            json["referenced_message"] = match kept {
                // A reply to a reply shows one step only.
                Some(original) => self.message_json(&Message {
                    reply_to: None,
                    ..original.clone()
                }),
                None => Value::Null,
            };
        }
        if let Some(sender) = &message.sender {
            sender.sign(&mut json);
        }
        json
    }

    /// Adds or removes a reaction; returns whether that changed something.
    pub(crate) fn react(&mut self, channel: Id, id: Id, user: Id, emoji: &Emoji, on: bool) -> bool {
        let Some(message) = self
            .community
            .messages
            .get_mut(&channel)
            .and_then(|kept| kept.get_mut(&id))
        else {
            return false;
        };
        let author = message.author;
        let at = message
            .reactions
            .iter()
            .position(|(known, _)| known == emoji);
        let changed = match at {
            None if on => {
                message.reactions.push((emoji.clone(), vec![user]));
                true
            }
            Some(at) if on && !message.reactions[at].1.contains(&user) => {
                message.reactions[at].1.push(user);
                true
            }
            Some(at) if !on && message.reactions[at].1.contains(&user) => {
                message.reactions[at].1.retain(|one| *one != user);
                true
            }
            _ => false,
        };
        message.reactions.retain(|(_, users)| !users.is_empty());
        if !changed {
            return false;
        }
        let mut event = self.about_channel(channel);
        event["user_id"] = json!(user.to_string());
        event["message_id"] = json!(id.to_string());
        event["emoji"] = emoji.json();
        event["type"] = json!(0);
        event["burst"] = json!(false);
        if on {
            event["message_author_id"] = json!(author.to_string());
            if let Some(member) = self.member_json(channel, user) {
                event["member"] = member;
            }
        }
        let name = if on {
            "MESSAGE_REACTION_ADD"
        } else {
            "MESSAGE_REACTION_REMOVE"
        };
        self.publish(name, self.community.scope_of(channel), &event);
        true
    }

    /// Removes all reactions of a message, or those with one emoji; returns whether the message exists.
    pub(crate) fn clear_reactions(&mut self, channel: Id, id: Id, emoji: Option<&Emoji>) -> bool {
        let Some(message) = self
            .community
            .messages
            .get_mut(&channel)
            .and_then(|kept| kept.get_mut(&id))
        else {
            return false;
        };
        message
            .reactions
            .retain(|(known, _)| emoji.is_some_and(|emoji| emoji != known));
        let mut event = self.about_channel(channel);
        event["message_id"] = json!(id.to_string());
        let name = match emoji {
            Some(emoji) => {
                event["emoji"] = emoji.json();
                "MESSAGE_REACTION_REMOVE_EMOJI"
            }
            None => "MESSAGE_REACTION_REMOVE_ALL",
        };
        self.publish(name, self.community.scope_of(channel), &event);
        true
    }

    /// Sends `TYPING_START`.
    pub(crate) fn type_in(&mut self, channel: Id, user: Id) {
        let mut event = self.about_channel(channel);
        event["user_id"] = json!(user.to_string());
        event["timestamp"] = json!(self.now() / 1000);
        if let Some(member) = self.member_json(channel, user) {
            event["member"] = member;
        }
        self.publish("TYPING_START", self.community.scope_of(channel), &event);
    }

    /// Pins a message, or unpins it; returns whether it exists.
    pub(crate) fn pin(&mut self, channel: Id, id: Id, on: bool) -> bool {
        let now = self.now();
        let Some(message) = self
            .community
            .messages
            .get_mut(&channel)
            .and_then(|kept| kept.get_mut(&id))
        else {
            return false;
        };
        message.is_pinned = on;
        self.announce_message("MESSAGE_UPDATE", channel, id);
        if let Some(channel) = self.community.channels.get_mut(&channel).filter(|_| on) {
            channel.last_pin = Some(now);
        }
        let mut event = self.about_channel(channel);
        event["last_pin_timestamp"] = json!(
            self.community
                .channels
                .get(&channel)
                .and_then(|channel| channel.last_pin)
                .map(iso)
        );
        self.publish(
            "CHANNEL_PINS_UPDATE",
            self.community.scope_of(channel),
            &event,
        );
        true
    }

    /// A user as a member of a channel's guild.
    pub(crate) fn member_json(&self, channel: Id, user: Id) -> Option<Value> {
        let guild = self
            .community
            .guilds
            .get(&self.community.channels.get(&channel)?.guild?)?;
        Some(
            guild
                .members
                .get(&user)?
                .json(self.community.users.get(&user)?),
        )
    }
}

/// Marks the reactions and the votes of one account in a message's JSON.
pub(crate) fn mark_own(json: &mut Value, message: &Message, viewer: Id) {
    let reactions = json.get_mut("reactions").and_then(Value::as_array_mut);
    for (shown, (_, users)) in reactions.into_iter().flatten().zip(&message.reactions) {
        shown["me"] = json!(users.contains(&viewer));
    }
    if json.get("poll").is_some() {
        json["poll"]["results"] = results(message, Some(viewer));
    }
}

/// Results of a message's poll, as one account sees them.
fn results(message: &Message, viewer: Option<Id>) -> Value {
    let mut counts: Vec<Value> = Vec::new();
    for (answer, user) in &message.votes {
        let own = Some(*user) == viewer;
        let at = counts.iter().position(|one| one["id"] == *answer);
        let at = at.unwrap_or_else(|| {
            counts.push(json!({"id": answer, "count": 0, "me_voted": false}));
            counts.len() - 1
        });
        counts[at]["count"] = json!(counts[at]["count"].as_u64().unwrap_or(0) + 1);
        if own {
            counts[at]["me_voted"] = json!(true);
        }
    }
    let finalized = message
        .poll
        .as_ref()
        .is_some_and(|poll| poll["results"]["is_finalized"] == true);
    json!({"is_finalized": finalized, "answer_counts": counts})
}
