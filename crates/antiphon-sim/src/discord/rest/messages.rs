//! Messages.

use serde_json::{Value, json};

use super::{Answer, Call, Outcome, fields::Fields, page::Page, route::Route};
use crate::discord::{
    audit::{Entry, action},
    mentions::AllowedMentions,
    messages::Draft,
    model::{Channel, Id, Message, id_in, iso, kind},
    permissions as rights,
    state::State,
    webhooks::CROSSPOSTED,
};

pub(crate) const ROUTES: &[Route] = &[
    Route::get(
        "/channels/{channel_id}/messages",
        "list_messages",
        State::list_messages,
    )
    .in_channel(0)
    .also("an empty list without `READ_MESSAGE_HISTORY`"),
    Route::post(
        "/channels/{channel_id}/messages",
        "create_message",
        State::create_message,
    )
    .in_channel(0)
    .also("`SEND_MESSAGES`, in a thread `SEND_MESSAGES_IN_THREADS`; `ATTACH_FILES`, `SEND_POLLS`")
    .pace(5, 5_000)
    .events(&["MESSAGE_CREATE"])
    .simplified("no embeds of links; slow mode does not limit bots"),
    Route::post(
        "/channels/{channel_id}/messages/bulk-delete",
        "bulk_delete_messages",
        State::bulk_delete,
    )
    .in_channel(rights::MANAGE_MESSAGES)
    .pace(1, 1_000)
    .events(&["MESSAGE_DELETE_BULK"])
    .audit(&["MESSAGE_BULK_DELETE"]),
    Route::get(
        "/channels/{channel_id}/messages/{message_id}",
        "get_message",
        State::get_message,
    )
    .in_channel(rights::READ_HISTORY),
    Route::patch(
        "/channels/{channel_id}/messages/{message_id}",
        "update_message",
        State::edit_message,
    )
    .in_channel(0)
    .also("own message; `MANAGE_MESSAGES` for the flags of others")
    .pace(5, 5_000)
    .events(&["MESSAGE_UPDATE"]),
    Route::delete(
        "/channels/{channel_id}/messages/{message_id}",
        "delete_message",
        State::delete_message,
    )
    .in_channel(0)
    .also("`MANAGE_MESSAGES` for messages of others")
    .pace(5, 1_000)
    .events(&["MESSAGE_DELETE"])
    .audit(&["MESSAGE_DELETE"]),
    Route::post(
        "/channels/{channel_id}/messages/{message_id}/crosspost",
        "crosspost_message",
        State::crosspost,
    )
    .without_body()
    .in_channel(rights::SEND_MESSAGES)
    .also("`MANAGE_MESSAGES` for messages of others")
    .events(&["MESSAGE_UPDATE", "MESSAGE_CREATE"]),
];

/// Characters of a message.
const CONTENT: usize = 2000;
/// Characters of a nonce.
const NONCE: usize = 25;
/// Characters of all embeds of a message.
const EMBEDS: usize = 6000;
/// Milliseconds after which messages cannot be deleted in bulk.
const BULK_AGE: i64 = 14 * 86_400_000;
/// Flags of messages.
const COMPONENTS_V2: u64 = 1 << 15;
const HAS_SNAPSHOT: u64 = 1 << 14;
/// Flags that a sender may set: suppressed embeds and notifications, voice message, components version 2.
const SENT: u64 = 1 << 2 | 1 << 6 | 1 << 12 | 1 << 13 | COMPONENTS_V2;

impl State {
    /// The message that a path names.
    pub(super) fn message_of(&self, call: &Call<'_>) -> Result<&Message, Answer> {
        let message = self.message(call.channel(), call.id("message_id"));
        message.ok_or_else(|| Answer::unknown("Message", 10008))
    }

    pub(super) fn message_answer(&self, channel: Id, id: Id, account: Id) -> Outcome {
        let message = self.message(channel, id);
        let message = message.ok_or_else(|| Answer::unknown("Message", 10008))?;
        Ok(Answer::json(200, self.message_for(message, account)))
    }

    fn get_message(&mut self, call: &Call<'_>) -> Outcome {
        self.message_answer(call.channel(), call.id("message_id"), call.account)
    }

    fn list_messages(&mut self, call: &Call<'_>) -> Outcome {
        let page = Page::of(call, 50, 100)?;
        let may_read = self.needs_in_channel(call.account, call.channel(), rights::READ_HISTORY);
        let kept = self.community.messages.get(&call.channel());
        let Some(kept) = kept.filter(|_| may_read.is_ok()) else {
            return Ok(Answer::json(200, json!([])));
        };
        // The newest message comes first for every query.
        let found = page.descending(kept.iter().map(|(id, message)| (*id, message)));
        let found = found.into_iter();
        Ok(Answer::json(
            200,
            found
                .map(|message| self.message_for(message, call.account))
                .collect(),
        ))
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Posting.

    fn create_message(&mut self, call: &Call<'_>) -> Outcome {
        let (channel, account) = (call.channel(), call.account);
        self.may_speak(account, channel)?;
        let place = self.visible_channel(channel, account)?;
        if place.kind == kind::CATEGORY || place.is_forum() {
            return Err(Answer::error(
                400,
                50008,
                "Cannot send messages in a non-text channel",
            ));
        }
        let (is_thread, is_archived) = (place.is_thread(), place.is_archived);
        if is_archived && place.is_locked {
            self.needs_in_channel(account, channel, rights::MANAGE_THREADS)
                .map_err(|_| Answer::error(400, 50083, "Thread is archived"))?;
        }
        let nonce = nonce(call.body)?;
        let mut draft = match self.forward(call)? {
            Some(forward) => forward,
            None => self.draft(channel, call.body)?,
        };
        draft.nonce.clone_from(&nonce);
        if draft.poll.is_some() {
            self.needs_in_channel(account, channel, rights::SEND_POLLS)?;
        }
        if draft
            .attachments
            .as_array()
            .is_some_and(|all| !all.is_empty())
        {
            self.needs_in_channel(account, channel, rights::ATTACH_FILES)?;
        }
        let once = call.body["enforce_nonce"].as_bool().unwrap_or(false);
        let key = nonce
            .filter(|_| once)
            .map(|nonce| (channel, account, nonce.to_string()));
        if let Some(known) = key
            .as_ref()
            .and_then(|key| self.rest.nonces.get(key))
            .copied()
        {
            return self.message_answer(channel, known, account);
        }
        if is_archived {
            let now = self.now();
            self.change_channel(account, channel, |thread| {
                thread.is_archived = false;
                thread.archived_at = Some(now);
            });
        }
        if is_thread {
            self.set_thread_member(channel, account, true);
        }
        let id = self.post(channel, account, draft);
        if let Some(key) = key {
            self.rest.nonces.insert(key, id);
            if self.rest.nonces.len() > self.settings.history {
                self.rest.nonces.clear();
            }
        }
        self.message_answer(channel, id, account)
    }

    /// The message that forwards another one, for a reference of type 1.
    fn forward(&self, call: &Call<'_>) -> Result<Option<Draft>, Answer> {
        let reference = &call.body["message_reference"];
        if reference["type"] != 1 {
            return Ok(None);
        }
        let mut fields = call.fields();
        fields.object("message_reference", |fields| {
            fields.require(&["message_id", "channel_id"]);
            fields.id("message_id");
            fields.id("channel_id");
        });
        if call.body["content"]
            .as_str()
            .is_some_and(|text| !text.is_empty())
        {
            fields.error(
                "message_reference",
                "MESSAGE_REFERENCE_FORWARD_WITH_CONTENT",
                "Forwarded messages cannot have additional content",
            );
        }
        fields.check()?;
        let source = id_in(&reference["channel_id"]).unwrap_or_default();
        let id = id_in(&reference["message_id"]).unwrap_or_default();
        let place = self.visible_channel(source, call.account)?;
        self.needs_in_channel(call.account, source, rights::READ_HISTORY)?;
        let original = self.message(source, id);
        let original = original.ok_or_else(|| Answer::unknown("Message", 10008))?;
        if original.poll.is_some() || original.forwarded.is_some() && original.content.is_empty() {
            return Err(Answer::error(400, 50068, "Invalid message type"));
        }
        let whole = self.message_json(original);
        let names = [
            "type",
            "content",
            "embeds",
            "attachments",
            "timestamp",
            "edited_timestamp",
            "flags",
            "mentions",
            "mention_roles",
            "components",
        ];
        let snapshot = names.map(|name| (name.to_owned(), whole[name].clone()));
        // A message has this field only with stickers.
        let stickers = whole.get("sticker_items").cloned();
        let stickers = stickers.map(|items| ("sticker_items".to_owned(), items));
        let mut reference = json!({
            "type": 1,
            "message_id": id.to_string(),
            "channel_id": source.to_string(),
        });
        if let Some(guild) = place.guild {
            reference["guild_id"] = json!(guild.to_string());
        }
        let mut draft = Draft::text("");
        draft.flags = HAS_SNAPSHOT;
        draft.forwarded = Some((
            reference,
            Value::Object(snapshot.into_iter().chain(stickers).collect()),
        ));
        Ok(Some(draft))
    }

    /// Reads a message from a body.
    pub(crate) fn draft(&self, channel: Id, body: &Value) -> Result<Draft, Answer> {
        let mut fields = Fields::of(body);
        check_message(&mut fields);
        let poll = self.poll_in(&mut fields);
        fields.check()?;
        let content = body["content"].as_str().unwrap_or_default();
        let is_empty = |name: &str| body[name].as_array().is_none_or(Vec::is_empty);
        let says_nothing = ["embeds", "components", "sticker_ids", "attachments"]
            .into_iter()
            .all(is_empty);
        if content.is_empty() && says_nothing && poll.is_none() {
            return Err(Answer::empty_message());
        }
        let mut draft = Draft::text(content);
        draft.embeds = list(&body["embeds"]);
        draft.components = list(&body["components"]);
        draft.attachments = attachments(&Value::Null, &body["attachments"]);
        draft.stickers = self.sticker_items(channel, &body["sticker_ids"])?;
        draft.flags = body["flags"].as_u64().unwrap_or(0);
        draft.poll = poll;
        draft.allowed_mentions = AllowedMentions::of(body);
        if let Some(original) = body.pointer("/message_reference/message_id")
            && !original.is_null()
        {
            let id = id_in(original);
            let known = id.and_then(|id| self.message(channel, id));
            let must = body
                .pointer("/message_reference/fail_if_not_exists")
                .and_then(Value::as_bool)
                .unwrap_or(true);
            match known {
                Some(message) => draft.reply_to = Some(message.id),
                None if must => {
                    let (field, code) = ("message_reference", "REPLIES_UNKNOWN_MESSAGE");
                    return Err(Answer::invalid(field, code, "Unknown message"));
                }
                None => {}
            }
        }
        Ok(draft)
    }

    /// Reads a poll, as the message then has it.
    fn poll_in(&self, fields: &mut Fields<'_>) -> Option<Value> {
        let now = self.now();
        fields.object("poll", |poll| {
            poll.require(&["question", "answers"]);
            let question = poll.object("question", |question| {
                question.require(&["text"]);
                question.text("text", 1..=300).map(str::to_owned)
            });
            let answers = poll.each("answers", 1..=10, |answer| {
                answer.require(&["poll_media"]);
                answer
                    .object("poll_media", |media| {
                        media.text("text", 1..=55);
                        media.value("emoji").cloned()
                    })
                    .flatten();
                let mut media = answer.value("poll_media").cloned().unwrap_or_default();
                // A sender gives either the id or the name.
                if let Some(Value::Object(emoji)) = media.get_mut("emoji") {
                    emoji.entry("id").or_insert(Value::Null);
                    emoji.entry("name").or_insert(Value::Null);
                }
                media
            });
            let hours = poll.number("duration", 1..=768).unwrap_or(24);
            let several = poll.flag("allow_multiselect").unwrap_or(false);
            let layout = poll.choice("layout_type", &[1]).unwrap_or(1);
            let answers = (1_u64..).zip(answers.unwrap_or_default());
            json!({
                "question": {"text": question.flatten()},
                "answers": answers.map(|(id, media)| json!({"answer_id": id, "poll_media": media})).collect::<Vec<_>>(),
                "expiry": iso(now + hours * 3_600_000),
                "allow_multiselect": several,
                "layout_type": layout,
                "results": {"is_finalized": false, "answer_counts": []},
            })
        })
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Changing.

    fn edit_message(&mut self, call: &Call<'_>) -> Outcome {
        let (channel, id) = (call.channel(), call.id("message_id"));
        let author = self.message_of(call)?.author;
        let mut fields = call.fields();
        check_message(&mut fields);
        fields.check()?;
        if author != call.account {
            let only_flags = call
                .body
                .as_object()
                .is_some_and(|body| body.len() == 1 && body.contains_key("flags"));
            if !only_flags {
                return Err(Answer::error(
                    403,
                    50005,
                    "Cannot edit a message authored by another user",
                ));
            }
            self.needs_in_channel(call.account, channel, rights::MANAGE_MESSAGES)?;
        }
        let body = call.body.clone();
        self.edit(channel, id, |message| change_message(message, &body));
        self.message_answer(channel, id, call.account)
    }

    fn delete_message(&mut self, call: &Call<'_>) -> Outcome {
        let (channel, author) = (call.channel(), self.message_of(call)?.author);
        let is_own = author == call.account;
        if !is_own {
            self.needs_in_channel(call.account, channel, rights::MANAGE_MESSAGES)?;
        }
        self.delete(channel, call.id("message_id"));
        if let Some(guild) = self.guild_of_channel(channel).filter(|_| !is_own) {
            let entry = Entry::new(call.account, action::MESSAGE_DELETE, author)
                .options(json!({"channel_id": channel.to_string(), "count": "1"}));
            self.record(guild, entry);
        }
        Ok(Answer::done())
    }

    fn bulk_delete(&mut self, call: &Call<'_>) -> Outcome {
        let channel = call.channel();
        let mut fields = call.fields();
        fields.require(&["messages"]);
        let ids = fields.ids("messages", 0..=usize::MAX).unwrap_or_default();
        fields.check()?;
        if !(2..=100).contains(&ids.len()) {
            return Err(Answer::error(
                400,
                50016,
                "Provided too few or too many messages to delete. Must provide at least 2 and fewer than 100 messages to delete.",
            ));
        }
        let now = self.now();
        let is_old = |id: &Id| {
            let kept = self.message(channel, *id);
            kept.is_some_and(|message| now - message.at > BULK_AGE)
        };
        if ids.iter().any(is_old) {
            return Err(Answer::error(
                400,
                50034,
                "You can only bulk delete messages that are under 14 days old.",
            ));
        }
        let gone = self.delete_many(channel, &ids);
        if let Some(guild) = self.guild_of_channel(channel).filter(|_| gone > 0) {
            let entry = Entry::new(call.account, action::MESSAGE_BULK_DELETE, channel)
                .options(json!({"count": gone.to_string()}));
            self.record(guild, entry);
        }
        Ok(Answer::done())
    }

    fn crosspost(&mut self, call: &Call<'_>) -> Outcome {
        let (channel, message) = (call.channel(), self.message_of(call)?);
        let (id, author, flags) = (message.id, message.author, message.flags);
        let place = self.community.channels.get(&channel);
        if place.is_none_or(|place: &Channel| place.kind != kind::ANNOUNCEMENT) {
            return Err(Answer::error(
                400,
                50024,
                "Cannot execute action on this channel type",
            ));
        }
        if author != call.account {
            self.needs_in_channel(call.account, channel, rights::MANAGE_MESSAGES)?;
        }
        if flags & CROSSPOSTED != 0 {
            return Err(Answer::error(
                400,
                40033,
                "This message has already been crossposted",
            ));
        }
        self.change_flags(channel, id, CROSSPOSTED);
        if let Some(message) = self.message(channel, id).cloned() {
            self.repeat_to_followers(&message);
        }
        self.message_answer(channel, id, call.account)
    }
}

/// The nonce of a body: a number, or a text of at most 25 characters.
fn nonce(body: &Value) -> Result<Option<Value>, Answer> {
    match &body["nonce"] {
        Value::Null => Ok(None),
        Value::String(nonce) if nonce.chars().count() <= NONCE => Ok(Some(body["nonce"].clone())),
        Value::Number(_) => Ok(Some(body["nonce"].clone())),
        _ => {
            let mut fields = Fields::of(body);
            check_message(&mut fields);
            fields.error(
                "nonce",
                "NONCE_TYPE_TOO_LONG",
                "Must be 25 or fewer in length.",
            );
            fields.check()?;
            Ok(None)
        }
    }
}

/// Checks the fields that new and edited messages share.
pub(crate) fn check_message(fields: &mut Fields<'_>) {
    fields.text("content", 0..=CONTENT);
    let flags = fields.count("flags", 0..=i64::MAX).unwrap_or(0);
    let has_v2 = flags & COMPONENTS_V2 != 0;
    let embeds = fields.each("embeds", 0..=10, |embed| {
        let length = |fields: &mut Fields<'_>, name: &str, most: usize| {
            let text = fields.text(name, 0..=most);
            text.map_or(0, |text| text.chars().count())
        };
        let mut sum = length(embed, "title", 256) + length(embed, "description", 4096);
        embed.count("color", 0..=0xff_ffff);
        sum += embed
            .object("footer", |footer| length(footer, "text", 2048))
            .unwrap_or(0);
        sum += embed
            .object("author", |author| length(author, "name", 256))
            .unwrap_or(0);
        let fields = embed.each("fields", 0..=25, |field| {
            field.require(&["name", "value"]);
            length(field, "name", 256) + length(field, "value", 1024)
        });
        sum + fields.unwrap_or_default().into_iter().sum::<usize>()
    });
    if embeds.is_some_and(|sums| sums.into_iter().sum::<usize>() > EMBEDS) {
        fields.error(
            "embeds",
            "MAX_EMBED_SIZE_EXCEEDED",
            "Embed size exceeds maximum size of 6000",
        );
    }
    fields.object("allowed_mentions", check_mentions);
    let rows = if has_v2 { 40 } else { 5 };
    fields.each("components", 0..=rows, |component| {
        component.require(&["type"]);
    });
    fields.ids("sticker_ids", 0..=3);
    fields.each("attachments", 0..=10, |attachment| {
        attachment.text("description", 0..=1024);
        attachment.fraction("duration_secs", 0.0..=1200.0);
    });
    if has_v2 {
        for name in ["content", "embeds", "poll", "sticker_ids"] {
            let is_set = fields.value(name).is_some_and(|value| match value {
                Value::String(text) => !text.is_empty(),
                Value::Array(items) => !items.is_empty(),
                _ => true,
            });
            if is_set {
                fields.error(
                    name,
                    "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
                    "The legacy field cannot be used when using MessageFlags.IS_COMPONENTS_V2",
                );
            }
        }
    }
}

/// Checks the mentions that a sender allows: a kind is either allowed as a whole or by its ids.
fn check_mentions(fields: &mut Fields<'_>) {
    let kinds = fields.list("parse", 0..=usize::MAX).unwrap_or_default();
    for (index, kind) in kinds.iter().enumerate() {
        if !["users", "roles", "everyone"]
            .iter()
            .any(|known| kind == known)
        {
            fields.error(
                &format!("parse.{index}"),
                "BASE_TYPE_CHOICES",
                "Value must be one of ('users', 'roles', 'everyone').",
            );
        }
    }
    for name in ["users", "roles"] {
        let ids = fields.ids(name, 0..=100).unwrap_or_default();
        if !ids.is_empty() && kinds.iter().any(|kind| kind == name) {
            let message =
                format!("parse:[\"{name}\"] and {name}: [ids...] are mutually exclusive.");
            fields.error("", "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", &message);
        }
    }
    fields.flag("replied_user");
}

/// Applies a body's fields to a message that is edited.
pub(crate) fn change_message(message: &mut Message, body: &Value) {
    change_content(message, body);
    if body.get("allowed_mentions").is_some() {
        message.allowed_mentions = AllowedMentions::of(body);
    }
    if let Some(flags) = body["flags"].as_u64() {
        message.flags = (message.flags & !SENT) | (flags & SENT);
    }
}

/// Applies the text and the lists of a body to a message.
pub(crate) fn change_content(message: &mut Message, body: &Value) {
    if let Some(content) = body.get("content") {
        let content = content.as_str().unwrap_or_default();
        content.clone_into(&mut message.content);
    }
    if let Some(given) = body.get("embeds") {
        message.embeds = list(given);
    }
    if let Some(given) = body.get("components") {
        message.components = list(given);
    }
    if let Some(given) = body.get("attachments") {
        message.attachments = attachments(&message.attachments, given);
    }
}

/// A list of a body, which posting and editing complete; anything else is an empty one.
fn list(given: &Value) -> Value {
    match given {
        Value::Array(_) => given.clone(),
        _ => json!([]),
    }
}

/// Attachments of an edited message: the old ones that the body names, and new ones.
pub(crate) fn attachments(had: &Value, given: &Value) -> Value {
    let had = |id: &Value| {
        let id = id_in(id)?.to_string();
        had.as_array()?
            .iter()
            .find(|one| one["id"] == id.as_str())
            .cloned()
    };
    let given = given.as_array().into_iter().flatten();
    given
        .filter_map(|one| had(&one["id"]).or_else(|| new_attachment(one)))
        .collect()
}

/// An attachment that a body describes; one without a file is empty.
fn new_attachment(given: &Value) -> Option<Value> {
    let filename = given["filename"].as_str()?;
    if given["url"].is_string() {
        return Some(given.clone());
    }
    let id = id_in(&given["id"]).unwrap_or_default();
    let url = format!("https://cdn.discordapp.com/attachments/0/{id}/{filename}");
    Some(
        json!({"id": id.to_string(), "filename": filename, "size": 0, "url": url, "proxy_url": url}),
    )
}
