//! Webhooks, and the messages that they post.

use std::{
    collections::BTreeSet,
    hash::{DefaultHasher, Hash as _, Hasher as _},
};

use serde_json::{Value, json};

use super::{
    audit::{Entry, action},
    messages::Draft,
    model::{Guild, Id, Message},
    state::State,
};

/// The flag of a message that repeats one of a followed channel.
const IS_CROSSPOST: u64 = 1 << 1;
/// The flag of a message that was published to the channels that follow.
pub(crate) const CROSSPOSTED: u64 = 1;
/// The flag of a message that repeats one that was deleted since.
const SOURCE_DELETED: u64 = 1 << 3;
/// Characters of a token.
const TOKEN: usize = 68;

/// A webhook of a channel (<https://docs.discord.com/developers/resources/webhook>).
#[derive(Clone, Debug)]
pub(crate) struct Webhook {
    pub(crate) id: Id,
    pub(crate) guild: Id,
    pub(crate) channel: Id,
    pub(crate) name: String,
    /// Hash of its picture.
    pub(crate) avatar: Option<String>,
    /// Token that posts with it; absent for a webhook that follows a channel.
    pub(crate) token: Option<String>,
    /// The user who made it.
    pub(crate) user: Id,
    /// The application whose bot made it.
    pub(crate) application: Option<Id>,
    /// The announcement channel that it follows.
    pub(crate) source: Option<Id>,
}

impl Webhook {
    /// Sender of a message by this webhook, under its own name.
    pub(crate) fn sender(&self) -> Sender {
        Sender {
            webhook: self.id,
            application: self.application,
            name: self.name.clone(),
            avatar: self.avatar.clone(),
            original: None,
        }
    }
}

/// Sender of a message that a webhook posted.
#[derive(Clone, Debug)]
pub(crate) struct Sender {
    pub(crate) webhook: Id,
    /// The application that owns the webhook.
    pub(crate) application: Option<Id>,
    pub(crate) name: String,
    /// Hash of the picture.
    pub(crate) avatar: Option<String>,
    /// Reference to the message that this one repeats.
    pub(crate) original: Option<Value>,
}

impl Sender {
    /// Puts the sender into a message's JSON, in place of a user.
    pub(crate) fn sign(&self, message: &mut Value) {
        let id = self.webhook.to_string();
        message["webhook_id"] = json!(id);
        message["author"] = json!({
            "id": id,
            "username": self.name,
            "global_name": null,
            "avatar": self.avatar,
            "discriminator": "0000",
            "public_flags": 0,
            "flags": 0,
            "primary_guild": null,
            "bot": true,
        });
        if let Some(application) = self.application {
            message["application_id"] = json!(application.to_string());
        }
        if let Some(original) = &self.original {
            message["message_reference"] = original.clone();
        }
    }
}

/// Hash of a picture, by which Discord names it: 32 hexadecimal digits.
pub(crate) fn picture_hash(picture: &str) -> String {
    let mut hasher = DefaultHasher::new();
    picture.hash(&mut hasher);
    let first = hasher.finish();
    first.hash(&mut hasher);
    format!("{first:016x}{:016x}", hasher.finish())
}

impl State {
    /// The webhook with this id, if its channel exists.
    pub(crate) fn webhook(&self, id: Id) -> Option<&Webhook> {
        let mut guilds = self.community.guilds.values();
        let webhook = guilds.find_map(|guild| guild.more.webhooks.get(&id))?;
        let channels = &self.community.channels;
        channels.contains_key(&webhook.channel).then_some(webhook)
    }

    /// Webhooks of a guild, the oldest first; those of deleted channels are gone.
    pub(crate) fn webhooks_of<'a>(&'a self, guild: &'a Guild) -> impl Iterator<Item = &'a Webhook> {
        let webhooks = guild.more.webhooks.values();
        webhooks.filter(|one| self.community.channels.contains_key(&one.channel))
    }

    /// A webhook as a bot sees it: its token is for the application that owns it. Without a bot, as its own token sees it.
    pub(crate) fn webhook_json(&self, webhook: &Webhook, seen_by: Option<Id>) -> Value {
        let mut json = json!({
            "id": webhook.id.to_string(),
            "type": if webhook.source.is_some() { 2 } else { 1 },
            "guild_id": webhook.guild.to_string(),
            "channel_id": webhook.channel.to_string(),
            "name": webhook.name,
            "avatar": webhook.avatar,
            "application_id": webhook.application.map(|id| id.to_string()),
        });
        if seen_by.is_some() {
            json["user"] = self.user_json(webhook.user);
        }
        let is_own = webhook.application.is_none_or(|id| seen_by == Some(id));
        if let Some(token) = &webhook.token
            && (is_own || seen_by.is_none())
        {
            json["token"] = json!(token);
            json["url"] = json!(format!(
                "https://discord.com/api/webhooks/{}/{token}",
                webhook.id
            ));
        }
        let source = webhook
            .source
            .and_then(|id| self.community.channels.get(&id));
        if let Some(source) = source {
            let home = source.guild.and_then(|id| self.community.guilds.get(&id));
            json["source_channel"] = json!({"id": source.id.to_string(), "name": source.name});
            json["source_guild"] = home.map_or(
                Value::Null,
                |home| json!({"id": home.id.to_string(), "name": home.name, "icon": null}),
            );
        }
        json
    }

    /// A new token of a webhook.
    pub(crate) fn webhook_token(&mut self) -> String {
        (0..TOKEN).map(|_| self.secrets.alphanumeric()).collect()
    }

    /// A user makes a webhook, which no application owns; returns its id and its token.
    pub(crate) fn add_webhook(&mut self, channel: Id, by: Id, name: &str) -> Option<(Id, String)> {
        let guild = self.community.channels.get(&channel)?.guild?;
        let (id, token) = (self.new_id(), self.webhook_token());
        self.keep_webhook(Webhook {
            id,
            guild,
            channel,
            name: name.to_owned(),
            avatar: None,
            token: Some(token.clone()),
            user: by,
            application: None,
            source: None,
        });
        self.record(guild, Entry::new(by, action::WEBHOOK_CREATE, id));
        Some((id, token))
    }

    /// Keeps a webhook, in place of the one with its id, and sends `WEBHOOKS_UPDATE`.
    pub(crate) fn keep_webhook(&mut self, webhook: Webhook) {
        let (guild, channel) = (webhook.guild, webhook.channel);
        let channels = &self.community.channels;
        if let Some(home) = self.community.guilds.get_mut(&guild) {
            let webhooks = &mut home.more.webhooks;
            webhooks.retain(|_, one| channels.contains_key(&one.channel));
            webhooks.insert(webhook.id, webhook);
        }
        self.tell_webhooks(channel);
    }

    /// Deletes a webhook, and sends `WEBHOOKS_UPDATE`.
    pub(crate) fn drop_webhook(&mut self, webhook: &Webhook) {
        if let Some(home) = self.community.guilds.get_mut(&webhook.guild) {
            home.more.webhooks.remove(&webhook.id);
        }
        self.tell_webhooks(webhook.channel);
    }

    /// Sends that the webhooks of a channel changed.
    pub(crate) fn tell_webhooks(&mut self, channel: Id) {
        let event = self.about_channel(channel);
        self.publish("WEBHOOKS_UPDATE", self.community.scope_of(channel), &event);
    }

    /// Repeats a message of an announcement channel in every channel that follows it.
    pub(crate) fn repeat_to_followers(&mut self, message: &Message) {
        let guilds = self.community.guilds.values();
        let followers: Vec<Webhook> = guilds
            .flat_map(|guild| self.webhooks_of(guild))
            .filter(|webhook| webhook.source == Some(message.channel))
            .cloned()
            .collect();
        let mut reference = self.about_channel(message.channel);
        reference["type"] = json!(0);
        reference["message_id"] = json!(message.id.to_string());
        for webhook in followers {
            let mut draft = Draft::text(&message.content);
            draft.flags = IS_CROSSPOST;
            draft.embeds = message.embeds.clone();
            draft.components = message.components.clone();
            draft.attachments = message.attachments.clone();
            draft.sender = Some(Sender {
                original: Some(reference.clone()),
                ..webhook.sender()
            });
            self.post(webhook.channel, webhook.id, draft);
        }
    }

    /// Channels and ids of the messages that repeat a message.
    fn copies_of(&self, channel: Id, id: Id) -> Vec<(Id, Id)> {
        let guilds = self.community.guilds.values();
        let channels: BTreeSet<Id> = guilds
            .flat_map(|guild| self.webhooks_of(guild))
            .filter(|webhook| webhook.source == Some(channel))
            .map(|webhook| webhook.channel)
            .collect();
        let original = id.to_string();
        let is_copy = |message: &&Message| {
            let sender = message.sender.as_ref();
            let reference = sender.and_then(|sender| sender.original.as_ref());
            reference.is_some_and(|one| one["message_id"] == original.as_str())
        };
        let kept = channels
            .iter()
            .filter_map(|id| self.community.messages.get(id));
        let copies = kept.flat_map(|kept| kept.values().filter(is_copy));
        copies
            .map(|message| (message.channel, message.id))
            .collect()
    }

    /// Repeats an edit of a message in the channels that follow.
    pub(crate) fn repeat_edit(&mut self, channel: Id, id: Id) {
        let message = self.message(channel, id);
        let message = message.filter(|message| message.flags & CROSSPOSTED != 0);
        let Some(message) = message.cloned() else {
            return;
        };
        for (channel, copy) in self.copies_of(channel, id) {
            self.edit(channel, copy, |copy| {
                copy.content.clone_from(&message.content);
                copy.embeds.clone_from(&message.embeds);
                copy.components.clone_from(&message.components);
                copy.attachments.clone_from(&message.attachments);
            });
        }
    }

    /// Marks the messages that repeat one that was deleted.
    pub(crate) fn mark_copies(&mut self, channel: Id, id: Id) {
        for (channel, copy) in self.copies_of(channel, id) {
            self.change_flags(channel, copy, SOURCE_DELETED);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_picture_has_the_same_hash() {
        let hash = picture_hash("https://example.org/a.png");
        assert_eq!(hash, picture_hash("https://example.org/a.png"));
        assert_ne!(hash, picture_hash("https://example.org/b.png"));
        assert_eq!(hash.len(), 32);
    }
}
