//! Webhooks, and the follow-ups of interactions, whose webhook is the application's.

use serde_json::{Value, json};

use super::{
    Answer, Call, Outcome,
    fields::Fields,
    messages::{change_message, check_message},
    route::Route,
    webhook_bodies::{from_github, from_slack},
};
use crate::discord::{
    audit::{Entry, action},
    components,
    messages::Draft,
    model::{Channel, Id, Message, kind},
    permissions as rights,
    state::State,
    webhooks::{Sender, Webhook, picture_hash},
};

pub(crate) const ROUTES: &[Route] = &[
    Route::post(
        "/channels/{channel_id}/followers",
        "follow_channel",
        State::follow_channel,
    )
    .in_channel(0)
    .also("`MANAGE_WEBHOOKS` in the channel that follows")
    .events(&["WEBHOOKS_UPDATE", "MESSAGE_CREATE"])
    .audit(&["WEBHOOK_CREATE"])
    .simplified("the message of type 12 has no reference"),
    Route::get(
        "/channels/{channel_id}/webhooks",
        "list_channel_webhooks",
        State::list_webhooks_of_channel,
    )
    .in_channel(rights::MANAGE_WEBHOOKS),
    Route::post(
        "/channels/{channel_id}/webhooks",
        "create_webhook",
        State::create_webhook,
    )
    .in_channel(rights::MANAGE_WEBHOOKS)
    .events(&["WEBHOOKS_UPDATE"])
    .audit(&["WEBHOOK_CREATE"]),
    Route::get(
        "/guilds/{guild_id}/webhooks",
        "get_guild_webhooks",
        State::list_webhooks_of_guild,
    )
    .in_guild(rights::MANAGE_WEBHOOKS),
    Route::get("/webhooks/{webhook_id}", "get_webhook", State::get_webhook)
        .also("`MANAGE_WEBHOOKS`, or own webhook"),
    Route::delete(
        "/webhooks/{webhook_id}",
        "delete_webhook",
        State::delete_webhook,
    )
    .also("`MANAGE_WEBHOOKS`")
    .events(&["WEBHOOKS_UPDATE"])
    .audit(&["WEBHOOK_DELETE"]),
    Route::patch(
        "/webhooks/{webhook_id}",
        "update_webhook",
        State::edit_webhook,
    )
    .also("`MANAGE_WEBHOOKS` in both channels")
    .events(&["WEBHOOKS_UPDATE"])
    .audit(&["WEBHOOK_UPDATE"]),
    Route::get(
        "/webhooks/{webhook_id}/{webhook_token}",
        "get_webhook_by_token",
        State::get_webhook_by_token,
    )
    .open(),
    Route::delete(
        "/webhooks/{webhook_id}/{webhook_token}",
        "delete_webhook_by_token",
        State::delete_webhook_by_token,
    )
    .open()
    .events(&["WEBHOOKS_UPDATE"])
    .audit(&["WEBHOOK_DELETE"]),
    Route::patch(
        "/webhooks/{webhook_id}/{webhook_token}",
        "update_webhook_by_token",
        State::edit_webhook_by_token,
    )
    .open()
    .events(&["WEBHOOKS_UPDATE"])
    .audit(&["WEBHOOK_UPDATE"]),
    Route::post(
        "/webhooks/{webhook_id}/{webhook_token}/github",
        "execute_github_compatible_webhook",
        State::post_from_github,
    )
    .open()
    .pace(5, 2_000)
    .events(&["MESSAGE_CREATE"])
    .simplified("the event is known by the body's fields alone"),
    Route::post(
        "/webhooks/{webhook_id}/{webhook_token}/slack",
        "execute_slack_compatible_webhook",
        State::post_from_slack,
    )
    .open()
    .pace(5, 2_000)
    .events(&["MESSAGE_CREATE"])
    .simplified("links in Slack's spelling stay as they are"),
    Route::post(
        "/webhooks/{webhook_id}/{webhook_token}",
        "execute_webhook",
        State::post_by_webhook,
    )
    .open()
    .pace(5, 2_000)
    .events(&["MESSAGE_CREATE", "THREAD_CREATE"])
    .audit(&["THREAD_CREATE"])
    .simplified("no embeds of links; nothing is read aloud"),
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
    .open(),
    Route::patch(
        "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}",
        "update_webhook_message",
        State::edit_message_of_webhook,
    )
    .open()
    .events(&["MESSAGE_UPDATE"]),
    Route::delete(
        "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}",
        "delete_webhook_message",
        State::delete_message_of_webhook,
    )
    .open()
    .events(&["MESSAGE_DELETE"]),
];

/// Webhooks of one channel.
const WEBHOOKS: usize = 15;
/// Characters of a webhook's name.
const NAME: usize = 80;
/// Flags that a webhook may set: suppressed embeds and notifications, components version 2.
const FLAGS: u64 = 1 << 2 | 1 << 12 | 1 << 15;

/// Name of a webhook, or of one of its messages
/// (<https://docs.discord.com/developers/resources/webhook#create-webhook>).
fn webhook_name(fields: &mut Fields<'_>, field: &str) -> Option<String> {
    let name = fields.text(field, 1..=NAME)?.trim().to_owned();
    let lower = name.to_lowercase();
    if name.is_empty() {
        let message = format!("Must be between 1 and {NAME} in length.");
        fields.error(field, "BASE_TYPE_BAD_LENGTH", &message);
    }
    for word in ["clyde", "discord", "```"] {
        if lower.contains(word) {
            let message = format!("Username cannot contain \"{word}\"");
            fields.error(field, "USERNAME_INVALID_CONTAINS", &message);
        }
    }
    if ["everyone", "here"].contains(&lower.as_str()) {
        let message = format!("Username cannot be \"{lower}\"");
        fields.error(field, "USERNAME_INVALID", &message);
    }
    Some(name)
}

/// Hash of a new picture; of the two options the outer one says whether the field is there.
fn avatar(fields: &mut Fields<'_>) -> Option<Option<String>> {
    fields.has("avatar").then(|| {
        let image = fields.image("avatar", super::FILE)?;
        let hash = picture_hash(fields.value("avatar")?.as_str()?);
        Some(if image.is_animated {
            format!("a_{hash}")
        } else {
            hash
        })
    })
}

/// Whether a channel can have webhooks.
fn may_have_webhooks(channel: &Channel) -> bool {
    channel.guild.is_some() && !channel.is_thread() && channel.kind != kind::CATEGORY
}

fn wrong_channel() -> Answer {
    Answer::error(400, 50024, "Cannot execute action on this channel type")
}

/// A webhook as the audit log shows it.
fn shown(webhook: &Webhook) -> Value {
    json!({
        "name": webhook.name,
        "type": if webhook.source.is_some() { 2 } else { 1 },
        "channel_id": webhook.channel.to_string(),
        "avatar_hash": webhook.avatar,
        "application_id": webhook.application.map(|id| id.to_string()),
    })
}

/// Whether components have one that a user can act on; such ones need an application that answers.
fn is_interactive(given: &Value) -> bool {
    components::all(given)
        .into_iter()
        .any(|component| match component["type"].as_u64() {
            // Buttons that lead to a page or to a purchase act on no application.
            Some(2) => !matches!(component["style"].as_u64(), Some(5 | 6)),
            Some(3 | 5..=8) => true,
            _ => false,
        })
}

/// Message that a webhook posts, as a body has it.
struct WebhookMessage {
    name: Option<String>,
    avatar: Option<String>,
    thread: Option<Id>,
    thread_name: Option<String>,
    tags: Vec<Id>,
    /// The body, with the fields alone that a webhook may set.
    body: Value,
}

impl WebhookMessage {
    fn read(call: &Call<'_>, body: &Value, webhook: &Webhook) -> Result<Self, Answer> {
        let mut query = call.query();
        let thread = query.id("thread_id");
        query.flag("wait");
        let with_components = query.flag("with_components").unwrap_or(false);
        query.check()?;
        let mut fields = Fields::of(body);
        check_message(&mut fields);
        let name = webhook_name(&mut fields, "username");
        let url = fields.text("avatar_url", 0..=2048).unwrap_or_default();
        if !url.is_empty() {
            match url.split_once("://") {
                Some(("http" | "https", _)) => {}
                Some((scheme, _)) => {
                    let message = format!(
                        "Scheme \"{scheme}\" is not supported. Scheme must be one of ('http', 'https')."
                    );
                    fields.error("avatar_url", "URL_TYPE_INVALID_SCHEME", &message);
                }
                None => fields.error(
                    "avatar_url",
                    "URL_TYPE_INVALID_URL",
                    "Not a well formed URL.",
                ),
            }
        }
        let thread_name = fields.text("thread_name", 0..=100).map(str::to_owned);
        let tags = fields.ids("applied_tags", 0..=5).unwrap_or_default();
        fields.flag("tts");
        let ignores_components = webhook.application.is_none() && !with_components;
        if webhook.application.is_none() && with_components && is_interactive(&body["components"]) {
            fields.error(
                "components",
                "APPLICATION_WEBHOOK_REQUIRED",
                "Interactive components need a webhook that an application owns",
            );
        }
        fields.check()?;
        let mut body = body.clone();
        if let Value::Object(fields) = &mut body {
            for name in ["message_reference", "nonce", "sticker_ids"] {
                fields.remove(name);
            }
            if ignores_components {
                fields.remove("components");
            }
        }
        Ok(Self {
            name,
            avatar: Some(url).filter(|url| !url.is_empty()).map(picture_hash),
            thread,
            thread_name: thread_name.filter(|name| !name.is_empty()),
            tags,
            body,
        })
    }
}

impl State {
    // -----------------------------------------------------------------------------------------------------------------
    // Webhooks, for bots.

    /// The webhook of a path.
    fn webhook_of(&self, call: &Call<'_>) -> Result<Webhook, Answer> {
        let webhook = self.webhook(call.id("webhook_id"));
        webhook
            .cloned()
            .ok_or_else(|| Answer::unknown("Webhook", 10015))
    }

    /// The webhook of a path, if the bot may change it.
    fn managed_webhook(&self, call: &Call<'_>) -> Result<Webhook, Answer> {
        let webhook = self.webhook_of(call)?;
        self.needs_in_channel(call.account, webhook.channel, rights::MANAGE_WEBHOOKS)?;
        Ok(webhook)
    }

    /// The guild of a channel that can have another webhook.
    fn place_for_webhook(&self, channel: Id, account: Id) -> Result<Id, Answer> {
        let place = self.visible_channel(channel, account)?;
        let guild = place.guild.filter(|_| may_have_webhooks(place));
        let guild = guild.ok_or_else(wrong_channel)?;
        let home = self.community.guilds.get(&guild);
        let home = home.ok_or_else(|| Answer::unknown("Guild", 10004))?;
        let kept = home.more.webhooks.values();
        if kept.filter(|one| one.channel == channel).count() >= WEBHOOKS {
            return Err(Answer::error(
                400,
                30007,
                "Maximum number of webhooks reached (15)",
            ));
        }
        Ok(guild)
    }

    fn create_webhook(&mut self, call: &Call<'_>) -> Outcome {
        let mut fields = call.fields();
        fields.require(&["name"]);
        let name = webhook_name(&mut fields, "name");
        let avatar = avatar(&mut fields);
        fields.check()?;
        let channel = call.channel();
        let guild = self.place_for_webhook(channel, call.account)?;
        let webhook = Webhook {
            id: self.new_id(),
            guild,
            channel,
            name: name.unwrap_or_default(),
            avatar: avatar.flatten(),
            token: Some(self.webhook_token()),
            user: call.account,
            application: Some(call.account),
            source: None,
        };
        self.keep_webhook(webhook.clone());
        let entry = Entry::new(call.account, action::WEBHOOK_CREATE, webhook.id)
            .between(&Value::Null, &shown(&webhook));
        self.record(guild, entry);
        let json = self.webhook_json(&webhook, Some(call.account));
        Ok(Answer::json(200, json))
    }

    fn follow_channel(&mut self, call: &Call<'_>) -> Outcome {
        let mut fields = call.fields();
        fields.require(&["webhook_channel_id"]);
        let target = fields.id("webhook_channel_id").unwrap_or_default();
        fields.check()?;
        let source = self.visible_channel(call.channel(), call.account)?;
        if source.kind != kind::ANNOUNCEMENT {
            return Err(wrong_channel());
        }
        let home = source.guild.and_then(|id| self.community.guilds.get(&id));
        let home = home.map(|home| home.name.as_str()).unwrap_or_default();
        let name = format!("{home} #{}", source.name);
        let guild = self.place_for_webhook(target, call.account)?;
        self.needs_in_channel(call.account, target, rights::MANAGE_WEBHOOKS)?;
        let webhook = Webhook {
            id: self.new_id(),
            guild,
            channel: target,
            name: name.chars().take(NAME).collect(),
            avatar: None,
            token: None,
            user: call.account,
            application: None,
            source: Some(call.channel()),
        };
        self.keep_webhook(webhook.clone());
        let entry = Entry::new(call.account, action::WEBHOOK_CREATE, webhook.id)
            .between(&Value::Null, &shown(&webhook));
        self.record(guild, entry);
        let mut notice = Draft::text(&webhook.name);
        notice.kind = 12;
        self.post(target, call.account, notice);
        Ok(Answer::json(
            200,
            json!({"channel_id": call.channel().to_string(), "webhook_id": webhook.id.to_string()}),
        ))
    }

    fn list_webhooks_of_channel(&mut self, call: &Call<'_>) -> Outcome {
        let channel = self.visible_channel(call.channel(), call.account)?;
        if !may_have_webhooks(channel) {
            return Err(wrong_channel());
        }
        let home = channel.guild.and_then(|id| self.community.guilds.get(&id));
        let webhooks = home.into_iter().flat_map(|home| self.webhooks_of(home));
        let webhooks = webhooks.filter(|one| one.channel == call.channel());
        let webhooks = webhooks.map(|one| self.webhook_json(one, Some(call.account)));
        Ok(Answer::json(200, webhooks.collect()))
    }

    fn list_webhooks_of_guild(&mut self, call: &Call<'_>) -> Outcome {
        let home = self.guild_of(call)?;
        let webhooks = self.webhooks_of(home);
        let webhooks = webhooks.map(|one| self.webhook_json(one, Some(call.account)));
        Ok(Answer::json(200, webhooks.collect()))
    }

    fn get_webhook(&mut self, call: &Call<'_>) -> Outcome {
        let webhook = self.webhook_of(call)?;
        if webhook.application != Some(call.account) {
            self.managed_webhook(call)?;
        }
        let json = self.webhook_json(&webhook, Some(call.account));
        Ok(Answer::json(200, json))
    }

    fn edit_webhook(&mut self, call: &Call<'_>) -> Outcome {
        let before = self.managed_webhook(call)?;
        let mut fields = call.fields();
        let name = webhook_name(&mut fields, "name");
        let avatar = avatar(&mut fields);
        let channel = fields.id("channel_id").filter(|id| *id != before.channel);
        fields.check()?;
        if let Some(channel) = channel {
            let guild = self.place_for_webhook(channel, call.account)?;
            self.needs_in_channel(call.account, channel, rights::MANAGE_WEBHOOKS)?;
            if guild != before.guild {
                return Err(Answer::unknown("Channel", 10003));
            }
        }
        let after = Webhook {
            name: name.unwrap_or_else(|| before.name.clone()),
            avatar: avatar.unwrap_or_else(|| before.avatar.clone()),
            channel: channel.unwrap_or(before.channel),
            ..before.clone()
        };
        self.change_webhook(call.account, &before, &after);
        let json = self.webhook_json(&after, Some(call.account));
        Ok(Answer::json(200, json))
    }

    fn change_webhook(&mut self, by: Id, before: &Webhook, after: &Webhook) {
        self.keep_webhook(after.clone());
        if before.channel != after.channel {
            self.tell_webhooks(before.channel);
        }
        let entry =
            Entry::new(by, action::WEBHOOK_UPDATE, after.id).between(&shown(before), &shown(after));
        self.record(after.guild, entry);
    }

    fn remove_webhook(&mut self, by: Id, webhook: &Webhook) -> Outcome {
        self.drop_webhook(webhook);
        let entry = Entry::new(by, action::WEBHOOK_DELETE, webhook.id)
            .between(&shown(webhook), &Value::Null);
        self.record(webhook.guild, entry);
        Ok(Answer::done())
    }

    fn delete_webhook(&mut self, call: &Call<'_>) -> Outcome {
        let webhook = self.managed_webhook(call)?;
        self.remove_webhook(call.account, &webhook)
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Webhooks, for their tokens.

    /// The webhook of a path with its token; `None` if there is no webhook with the id.
    fn webhook_with_token(&self, call: &Call<'_>) -> Result<Option<Webhook>, Answer> {
        let Some(webhook) = self.webhook(call.id("webhook_id")) else {
            return Ok(None);
        };
        if webhook.token.as_deref() == Some(call.step("webhook_token")) {
            Ok(Some(webhook.clone()))
        } else {
            Err(Answer::error(401, 50027, "Invalid Webhook Token"))
        }
    }

    fn webhook_by_token(&self, call: &Call<'_>) -> Result<Webhook, Answer> {
        let webhook = self.webhook_with_token(call)?;
        webhook.ok_or_else(|| Answer::unknown("Webhook", 10015))
    }

    fn get_webhook_by_token(&mut self, call: &Call<'_>) -> Outcome {
        let Some(webhook) = self.webhook_with_token(call)? else {
            return self.webhook_of_interaction(call);
        };
        Ok(Answer::json(200, self.webhook_json(&webhook, None)))
    }

    /// The webhook of an application, which an interaction's token names.
    fn webhook_of_interaction(&self, call: &Call<'_>) -> Outcome {
        let application = call.id("webhook_id");
        let mut interactions = self.rest.interactions.values();
        let is_known = interactions
            .any(|one| one.application == application && one.token == call.step("webhook_token"));
        if !is_known {
            return Err(Answer::unknown("Webhook", 10015));
        }
        let id = application.to_string();
        Ok(Answer::json(
            200,
            json!({
                "id": id,
                "type": 3,
                "name": self.user_json(application)["username"],
                "avatar": null,
                "channel_id": null,
                "guild_id": null,
                "application_id": id,
                "token": call.step("webhook_token"),
            }),
        ))
    }

    fn edit_webhook_by_token(&mut self, call: &Call<'_>) -> Outcome {
        let before = self.webhook_by_token(call)?;
        let mut fields = call.fields();
        let name = webhook_name(&mut fields, "name");
        let avatar = avatar(&mut fields);
        fields.check()?;
        let after = Webhook {
            name: name.unwrap_or_else(|| before.name.clone()),
            avatar: avatar.unwrap_or_else(|| before.avatar.clone()),
            ..before.clone()
        };
        self.change_webhook(before.user, &before, &after);
        Ok(Answer::json(200, self.webhook_json(&after, None)))
    }

    fn delete_webhook_by_token(&mut self, call: &Call<'_>) -> Outcome {
        let webhook = self.webhook_by_token(call)?;
        self.remove_webhook(webhook.user, &webhook)
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Messages.

    /// A thread of a webhook's channel.
    fn thread_of_webhook(&self, webhook: &Webhook, thread: Id) -> Result<Id, Answer> {
        let known = self.community.channels.get(&thread);
        let known = known.filter(|known| known.is_thread());
        known
            .filter(|known| known.parent == Some(webhook.channel))
            .map(|known| known.id)
            .ok_or_else(|| Answer::unknown("Channel", 10003))
    }

    /// Refuses a thread, or a missing one, that does not fit the webhook's channel.
    fn check_thread(&self, webhook: &Webhook, wanted: &WebhookMessage) -> Result<(), Answer> {
        let parent = self.community.channels.get(&webhook.channel);
        let is_forum = parent.is_some_and(Channel::is_forum);
        let (code, message) = match (is_forum, wanted.thread, &wanted.thread_name) {
            (true, None, None) => (
                220_001,
                "Webhooks posted to forum channels must have a thread_name or thread_id",
            ),
            (true, Some(_), Some(_)) => (
                220_002,
                "Webhooks posted to forum channels cannot have both a thread_name and thread_id",
            ),
            (false, _, Some(_)) => (
                220_003,
                "Webhooks can only create threads in forum channels",
            ),
            _ => {
                let known = parent.and_then(|parent| parent.settings.get("available_tags"));
                let known = known.and_then(Value::as_array);
                let is_known = |tag: &Id| {
                    let tag = tag.to_string();
                    known.is_some_and(|tags| tags.iter().any(|one| one["id"] == tag.as_str()))
                };
                if wanted.thread_name.is_none() || wanted.tags.iter().all(is_known) {
                    return Ok(());
                }
                let code = "UNKNOWN_FORUM_TAG";
                return Err(Answer::invalid("applied_tags", code, "Unknown forum tag"));
            }
        };
        Err(Answer::error(400, code, message))
    }

    /// Posts a message by a webhook; returns its channel and its id.
    fn post_through(
        &mut self,
        call: &Call<'_>,
        webhook: &Webhook,
        body: &Value,
    ) -> Result<(Id, Id), Answer> {
        let wanted = WebhookMessage::read(call, body, webhook)?;
        self.check_thread(webhook, &wanted)?;
        let place = match wanted.thread {
            Some(thread) => self.thread_of_webhook(webhook, thread)?,
            None => webhook.channel,
        };
        let mut draft = self.draft(place, &wanted.body)?;
        draft.flags &= FLAGS;
        draft.sender = Some(Sender {
            name: wanted.name.unwrap_or_else(|| webhook.name.clone()),
            avatar: wanted.avatar.or_else(|| webhook.avatar.clone()),
            ..webhook.sender()
        });
        if let Some(name) = wanted.thread_name {
            let id = self.new_id();
            self.begin_thread(place, webhook.id, id, |thread| {
                thread.name = name;
                thread.members.clear();
                if !wanted.tags.is_empty() {
                    let tags = crate::discord::model::ids(&wanted.tags);
                    thread.settings.insert("applied_tags".into(), json!(tags));
                }
            });
            self.post_as(id, id, webhook.id, draft);
            return Ok((id, id));
        }
        let is_archived = |thread: &Channel| thread.is_archived;
        if self.community.channels.get(&place).is_some_and(is_archived) {
            let now = self.now();
            self.change_channel(webhook.user, place, |thread| {
                thread.is_archived = false;
                thread.archived_at = Some(now);
            });
        }
        Ok((place, self.post(place, webhook.id, draft)))
    }

    fn follow_up_of(&mut self, method: &str, rest: &[&str], call: &Call<'_>) -> Outcome {
        let (application, token) = (call.step("webhook_id"), call.step("webhook_token"));
        self.follow_up(method, application, token, rest, call)
    }

    fn post_by_webhook(&mut self, call: &Call<'_>) -> Outcome {
        let Some(webhook) = self.webhook_with_token(call)? else {
            return self.follow_up_of("POST", &[], call);
        };
        let (channel, id) = self.post_through(call, &webhook, call.body)?;
        if call.flag("wait") {
            self.message_answer(channel, id, call.account)
        } else {
            Ok(Answer::done())
        }
    }

    /// The webhook of a service, whose messages go into no forum.
    fn webhook_of_service(&self, call: &Call<'_>) -> Result<Webhook, Answer> {
        let webhook = self.webhook_by_token(call)?;
        let channel = self.community.channels.get(&webhook.channel);
        if channel.is_some_and(Channel::is_forum) && call.get("thread_id").is_none() {
            return Err(Answer::error(
                400,
                220_004,
                "Webhook services cannot be used in forum channels",
            ));
        }
        Ok(webhook)
    }

    fn post_from_slack(&mut self, call: &Call<'_>) -> Outcome {
        let webhook = self.webhook_of_service(call)?;
        let body = from_slack(call.body)?;
        self.post_through(call, &webhook, &body)?;
        Ok(Answer::json(200, json!("ok")))
    }

    fn post_from_github(&mut self, call: &Call<'_>) -> Outcome {
        let webhook = self.webhook_of_service(call)?;
        if let Some(body) = from_github(call.body)? {
            self.post_through(call, &webhook, &body)?;
        }
        Ok(Answer::done())
    }

    fn get_original_of_webhook(&mut self, call: &Call<'_>) -> Outcome {
        self.original_of("GET", call)
    }

    fn edit_original_of_webhook(&mut self, call: &Call<'_>) -> Outcome {
        self.original_of("PATCH", call)
    }

    fn delete_original_of_webhook(&mut self, call: &Call<'_>) -> Outcome {
        self.original_of("DELETE", call)
    }

    /// The first response to an interaction; a webhook of a channel has no such message.
    fn original_of(&mut self, method: &str, call: &Call<'_>) -> Outcome {
        if self.webhook_with_token(call)?.is_some() {
            return Err(Answer::unknown("Message", 10008));
        }
        self.follow_up_of(method, &["messages", "@original"], call)
    }

    /// The message of a path that the webhook posted.
    fn message_by(&self, webhook: &Webhook, call: &Call<'_>) -> Result<&Message, Answer> {
        let mut query = call.query();
        let thread = query.id("thread_id");
        query.check()?;
        let channel = match thread {
            Some(thread) => self.thread_of_webhook(webhook, thread)?,
            None => webhook.channel,
        };
        let message = self.message(channel, call.id("message_id"));
        message
            .filter(|message| message.author == webhook.id)
            .ok_or_else(|| Answer::unknown("Message", 10008))
    }

    fn get_message_of_webhook(&mut self, call: &Call<'_>) -> Outcome {
        let Some(webhook) = self.webhook_with_token(call)? else {
            return self.follow_up_of("GET", &["messages", call.step("message_id")], call);
        };
        let message = self.message_by(&webhook, call)?;
        Ok(Answer::json(200, self.message_for(message, call.account)))
    }

    fn edit_message_of_webhook(&mut self, call: &Call<'_>) -> Outcome {
        let Some(webhook) = self.webhook_with_token(call)? else {
            return self.follow_up_of("PATCH", &["messages", call.step("message_id")], call);
        };
        let mut after = self.message_by(&webhook, call)?.clone();
        let mut query = call.query();
        let with_components = query.flag("with_components").unwrap_or(false);
        query.check()?;
        let mut fields = call.fields();
        check_message(&mut fields);
        fields.check()?;
        let mut body = call.body.clone();
        if webhook.application.is_none()
            && !with_components
            && let Some(fields) = body.as_object_mut()
        {
            fields.remove("components");
        }
        change_message(&mut after, &body);
        if after.says_nothing() {
            return Err(Answer::empty_message());
        }
        let (channel, id) = (after.channel, after.id);
        self.edit(channel, id, |message| *message = after);
        self.message_answer(channel, id, call.account)
    }

    fn delete_message_of_webhook(&mut self, call: &Call<'_>) -> Outcome {
        let Some(webhook) = self.webhook_with_token(call)? else {
            return self.follow_up_of("DELETE", &["messages", call.step("message_id")], call);
        };
        let message = self.message_by(&webhook, call)?;
        let (channel, id) = (message.channel, message.id);
        self.delete(channel, id);
        Ok(Answer::done())
    }
}
