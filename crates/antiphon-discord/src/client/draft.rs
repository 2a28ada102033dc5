//! Content of a message, and the request that posts, edits or answers with it.
//!
//! twilight's builders refuse file names that Discord takes, and send polls in the form in which they are received.
//!
//! Everything with a message's content ends here: [`CreateMessage`](crate::client::CreateMessage), edits, webhooks, and the
//! answers to interactions.
//! A [`Draft`] has a destination ([`Target`]) and fields ([`Body`]); building it checks the documented limits, converts the
//! poll, adds the default of [`Config::allowed_mentions`](crate::Config::allowed_mentions), and writes JSON, or a form with
//! JSON and files.
//!
//! Limits are tables ([`COUNTS`], [`LENGTHS`]) that are held against the JSON itself; those of components are in `components`.
//! [Discord's page on messages](https://discord.com/developers/docs/resources/message#create-message) and
//! [on embeds](https://discord.com/developers/docs/resources/message#embed-object-embed-limits) name them.
//! A limit that depends on the guild, such as the size of files, is left to Discord.

use std::{borrow::Cow, ops::RangeInclusive};

use antiphon_core::BoxError;
use antiphon_discord_model::{
    AllowedMentions, CommandOptionChoice, Component, Embed, InteractionResponseType, MessageFlags,
    id::{
        Id,
        marker::{
            ApplicationMarker, AttachmentMarker, ChannelMarker, InteractionMarker, MessageMarker,
            StickerMarker, WebhookMarker,
        },
    },
};
use serde::{Serialize, Serializer, ser::SerializeMap as _};
use serde_json::{Map, Value};
use twilight_http::{request::Request, routing::Route};

use super::{
    call::{Build, Known},
    components,
    fields::outside,
    files::{self, File},
    poll::PollRequest,
};
use crate::http::{Http, Nonce};

/// A message to send.
#[derive(Clone, Debug)]
pub(super) struct Draft<'a> {
    /// Destination, which decides the route and whether the bot's token is sent.
    target: Target<'a>,
    /// Fields that are set so far.
    pub(super) body: Body<'a>,
    /// Poll; its length is turned into hours when the request is built.
    poll: Option<PollRequest>,
    /// Files to upload, at most 10; with one or more the request is a form instead of JSON.
    files: Cow<'a, [File]>,
    /// Files of the edited message that stay, if chosen.
    kept: Option<&'a [Id<AttachmentMarker>]>,
    /// Channel of the message, if known.
    channel: Option<Id<ChannelMarker>>,
    /// Interaction that the message answers.
    interaction: Option<Id<InteractionMarker>>,
    /// Fields of the thread that the message opens, by their names on the wire.
    thread: Map<String, Value>,
    /// First error of these fields; with it nothing is sent.
    fault: Option<String>,
}

/// Destination of a message.
#[derive(Clone, Copy, Debug)]
pub(super) enum Target<'a> {
    /// A new message in a channel.
    Channel(Id<ChannelMarker>),
    /// The message that opens a thread in this forum.
    Forum(Id<ChannelMarker>),
    /// An edit of a message.
    Message(Id<ChannelMarker>, Id<MessageMarker>),
    /// A message by a webhook, sent without the bot's token; with the thread it is posted in, if one is chosen.
    Webhook {
        webhook: Id<WebhookMarker>,
        token: &'a str,
        thread: Option<Id<ChannelMarker>>,
        /// Whether the response has the message.
        wait: bool,
    },
    /// An edit of a webhook's message, in this thread if it is in one.
    WebhookMessage {
        webhook: Id<WebhookMarker>,
        token: &'a str,
        message: Id<MessageMarker>,
        thread: Option<Id<ChannelMarker>>,
    },
    /// The first answer to an interaction, of this type.
    Answer {
        interaction: Id<InteractionMarker>,
        token: &'a str,
        /// Type of the answer, as Discord numbers them.
        kind: InteractionResponseType,
    },
    /// A followup message.
    Followup {
        application: Id<ApplicationMarker>,
        token: &'a str,
    },
    /// An edit of this followup message, or of the first answer.
    Answered {
        application: Id<ApplicationMarker>,
        token: &'a str,
        message: Option<Id<MessageMarker>>,
    },
}

/// Fields of a message; a field that is not set stays as it is, and an inner `None` removes it.
#[derive(Clone, Debug, Default, Serialize)]
#[expect(
    clippy::option_option,
    reason = "a field that is not set and one that is null are different things to ask for"
)]
pub(super) struct Body<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    allowed_mentions: Option<Option<AllowedMentions>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    attachments: Option<Vec<Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    avatar_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) choices: Option<Vec<CommandOptionChoice>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) components: Option<Option<Cow<'a, [Component]>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) content: Option<Option<Cow<'a, str>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) custom_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) embeds: Option<Option<Cow<'a, [Embed]>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    enforce_nonce: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    flags: Option<MessageFlags>,
    #[serde(skip_serializing_if = "Reference::is_none")]
    message_reference: Reference,
    #[serde(skip_serializing_if = "Option::is_none")]
    nonce: Option<Nonce>,
    #[serde(skip_serializing_if = "Option::is_none")]
    poll: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sticker_ids: Option<&'a [Id<StickerMarker>]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    thread_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tts: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<&'a str>,
}

impl Body<'_> {
    /// Whether a component needs the flag `IS_COMPONENTS_V2`.
    fn has_layout(&self) -> bool {
        let components = self.components.iter().flatten();
        components
            .flat_map(|components| components.iter())
            .filter_map(Component::kind)
            .any(|kind| components::is_layout(kind.number()))
    }
}

/// Message that is replied to or forwarded.
#[derive(Clone, Copy, Debug, Default)]
struct Reference {
    /// Type of the reference (0 a reply, 1 a forward), channel and message.
    to: Option<(u8, Id<ChannelMarker>, Id<MessageMarker>)>,
    /// Whether a missing message is an error; Discord's default is yes.
    fail_if_not_exists: Option<bool>,
}

impl Reference {
    fn is_none(&self) -> bool {
        self.to.is_none()
    }
}

impl Serialize for Reference {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some((kind, channel, message)) = self.to {
            map.serialize_entry("type", &kind)?;
            map.serialize_entry("channel_id", &channel)?;
            map.serialize_entry("message_id", &message)?;
        }
        if let Some(fails) = self.fail_if_not_exists {
            map.serialize_entry("fail_if_not_exists", &fails)?;
        }
        map.end()
    }
}

impl<'a> Draft<'a> {
    pub(super) fn new(target: Target<'a>) -> Self {
        let channel = match target {
            Target::Channel(channel) | Target::Message(channel, _) => Some(channel),
            _ => None,
        };
        let interaction = match target {
            Target::Answer { interaction, .. } => Some(interaction),
            _ => None,
        };
        Self {
            target,
            channel,
            interaction,
            body: Body::default(),
            poll: None,
            files: Cow::Borrowed(&[]),
            kept: None,
            thread: Map::new(),
            fault: None,
        }
    }

    /// Sets a field of the thread that the message opens.
    pub(super) fn set(mut self, field: &'static str, value: impl Serialize) -> Self {
        match serde_json::to_value(value) {
            Ok(value) => {
                self.thread.insert(field.to_owned(), value);
            }
            Err(error) => self.fault = self.fault.or_else(|| Some(error.to_string())),
        }
        self
    }

    /// Sets a field of the thread whose characters, items or value are in this range.
    pub(super) fn bounded(
        mut self,
        field: &'static str,
        range: RangeInclusive<u32>,
        value: impl Serialize,
    ) -> Self {
        self = self.set(field, value);
        let fault = self
            .thread
            .get(field)
            .and_then(|it| outside(field, &range, it));
        self.fault = self.fault.or(fault);
        self
    }

    /// Sets the channel of the message.
    pub(super) fn within(mut self, channel: Option<Id<ChannelMarker>>) -> Self {
        self.channel = channel;
        self
    }

    /// Names the interaction that the message answers.
    pub(super) fn answers(mut self, interaction: Id<InteractionMarker>) -> Self {
        self.interaction = Some(interaction);
        self
    }

    /// The edit by which an answer goes on that was given before; `None` for an answer without a message.
    ///
    /// What an edit cannot change is left out: a poll, a reading aloud, and whether the message is ephemeral.
    pub(super) fn as_edit(&self, application: Id<ApplicationMarker>) -> Option<Self> {
        let Target::Answer { token, kind, .. } = self.target else {
            return None;
        };
        let has_message = matches!(
            kind,
            InteractionResponseType::ChannelMessageWithSource
                | InteractionResponseType::UpdateMessage
        );
        let mut edit = self.clone();
        edit.target = Target::Answered {
            application,
            token,
            message: None,
        };
        edit.poll = None;
        edit.body.tts = None;
        let editable = MessageFlags::SUPPRESS_EMBEDS | MessageFlags::IS_COMPONENTS_V_2;
        let flags = edit.body.flags.map(|flags| flags & editable);
        edit.body.flags = flags.filter(|flags| !flags.is_empty());
        has_message.then_some(edit)
    }

    /// Sets the text; `None` writes null, which removes it from an edited message.
    pub(super) fn content(mut self, content: impl Into<Option<&'a str>>) -> Self {
        self.body.content = Some(content.into().map(Cow::Borrowed));
        self
    }

    pub(super) fn embeds(mut self, embeds: impl Into<Option<&'a [Embed]>>) -> Self {
        self.body.embeds = Some(embeds.into().map(Cow::Borrowed));
        self
    }

    pub(super) fn components(mut self, components: impl Into<Option<&'a [Component]>>) -> Self {
        self.body.components = Some(components.into().map(Cow::Borrowed));
        self
    }

    pub(super) fn attachments(mut self, files: impl Into<Cow<'a, [File]>>) -> Self {
        self.files = files.into();
        self
    }

    /// Sets the files of an edited message that stay; without it all stay, unless new ones are uploaded.
    pub(super) fn keep_attachment_ids(mut self, files: &'a [Id<AttachmentMarker>]) -> Self {
        self.kept = Some(files);
        self
    }

    pub(super) fn allowed_mentions<'b>(
        self,
        mentions: impl Into<Option<&'b AllowedMentions>>,
    ) -> Self {
        self.mentions(mentions.into().cloned())
    }

    /// Sets the allowed mentions; a set value wins over the default of the configuration.
    pub(super) fn mentions(mut self, mut mentions: Option<AllowedMentions>) -> Self {
        if let Some(mentions) = &mut mentions {
            // An absent `parse` allows nobody, like an empty one; the empty list says so plainly.
            mentions.parse.get_or_insert_default();
        }
        self.body.allowed_mentions = Some(mentions);
        self
    }

    pub(super) fn flags(mut self, flags: MessageFlags) -> Self {
        self.body.flags = Some(flags);
        self
    }

    /// Adds flags to those that are set, so that `ephemeral` and `flags` do not undo each other.
    pub(super) fn add_flags(self, flags: MessageFlags) -> Self {
        let all = self.body.flags.unwrap_or(MessageFlags::empty()) | flags;
        self.flags(all)
    }

    pub(super) fn poll(mut self, poll: impl Into<PollRequest>) -> Self {
        self.poll = Some(poll.into());
        self
    }

    pub(super) fn sticker_ids(mut self, stickers: &'a [Id<StickerMarker>]) -> Self {
        self.body.sticker_ids = Some(stickers);
        self
    }

    pub(super) fn reply(mut self, channel: Id<ChannelMarker>, message: Id<MessageMarker>) -> Self {
        self.body.message_reference.to = Some((0, channel, message));
        self
    }

    pub(super) fn forward(
        mut self,
        channel: Id<ChannelMarker>,
        message: Id<MessageMarker>,
    ) -> Self {
        self.body.message_reference.to = Some((1, channel, message));
        self
    }

    pub(super) fn fail_if_not_exists(mut self, fails: bool) -> Self {
        self.body.message_reference.fail_if_not_exists = Some(fails);
        self
    }

    /// Sets a nonce that Discord enforces: a second message with it returns the first.
    pub(super) fn nonce(mut self, nonce: Nonce) -> Self {
        self.body.nonce = Some(nonce);
        self.body.enforce_nonce = Some(true);
        self
    }

    pub(super) fn tts(mut self, tts: bool) -> Self {
        self.body.tts = Some(tts);
        self
    }

    pub(super) fn username(mut self, name: &'a str) -> Self {
        self.body.username = Some(name);
        self
    }

    pub(super) fn avatar_url(mut self, url: &'a str) -> Self {
        self.body.avatar_url = Some(url);
        self
    }

    pub(super) fn thread_name(mut self, name: &'a str) -> Self {
        self.body.thread_name = Some(name);
        self
    }

    pub(super) fn thread_id(mut self, id: Id<ChannelMarker>) -> Self {
        if let Target::Webhook { thread, .. } | Target::WebhookMessage { thread, .. } =
            &mut self.target
        {
            *thread = Some(id);
        }
        self.within(Some(id))
    }

    /// Asks for the message in the response to a webhook's post.
    pub(super) fn wait(mut self) -> Self {
        if let Target::Webhook { wait, .. } = &mut self.target {
            *wait = true;
        }
        self
    }

    /// Whether the message is not there yet.
    fn is_new(&self) -> bool {
        match self.target {
            Target::Channel(_)
            | Target::Forum(_)
            | Target::Webhook { .. }
            | Target::Followup { .. } => true,
            Target::Answer { kind, .. } => {
                kind == InteractionResponseType::ChannelMessageWithSource
            }
            Target::Message(..) | Target::WebhookMessage { .. } | Target::Answered { .. } => false,
        }
    }

    /// Whether the draft is a form, whose texts need no flag.
    fn is_form(&self) -> bool {
        let Target::Answer { kind, .. } = self.target else {
            return false;
        };
        kind == InteractionResponseType::Modal
    }

    /// The route, and whether the request carries the bot's token.
    fn route(&self) -> (Route<'a>, bool) {
        let has_components = Some(matches!(self.body.components, Some(Some(_))));
        match self.target {
            Target::Channel(channel) => {
                let channel_id = channel.get();
                (Route::CreateMessage { channel_id }, true)
            }
            Target::Forum(channel) => {
                let channel_id = channel.get();
                (Route::CreateForumThread { channel_id }, true)
            }
            Target::Message(channel, message) => {
                let (channel_id, message_id) = (channel.get(), message.get());
                let route = Route::UpdateMessage {
                    channel_id,
                    message_id,
                };
                (route, true)
            }
            Target::Webhook {
                webhook,
                token,
                thread,
                wait,
            } => {
                let route = Route::ExecuteWebhook {
                    thread_id: thread.map(Id::get),
                    token,
                    wait: Some(wait),
                    with_components: has_components,
                    webhook_id: webhook.get(),
                };
                (route, false)
            }
            Target::WebhookMessage {
                webhook,
                token,
                message,
                thread,
            } => {
                let route = Route::UpdateWebhookMessage {
                    message_id: message.get(),
                    thread_id: thread.map(Id::get),
                    token,
                    webhook_id: webhook.get(),
                };
                (route, false)
            }
            Target::Answer {
                interaction, token, ..
            } => {
                let route = Route::InteractionCallback {
                    interaction_id: interaction.get(),
                    interaction_token: token,
                    with_response: false,
                };
                (route, false)
            }
            Target::Followup { application, token } => {
                let route = Route::ExecuteWebhook {
                    thread_id: None,
                    token,
                    wait: None,
                    with_components: has_components,
                    webhook_id: application.get(),
                };
                (route, false)
            }
            Target::Answered {
                application,
                token,
                message: Some(message),
            } => {
                let route = Route::UpdateWebhookMessage {
                    message_id: message.get(),
                    thread_id: None,
                    token,
                    webhook_id: application.get(),
                };
                (route, false)
            }
            Target::Answered {
                application, token, ..
            } => {
                let route = Route::UpdateInteractionOriginal {
                    application_id: application.get(),
                    interaction_token: token,
                };
                (route, false)
            }
        }
    }
}

/// A first answer to an interaction.
#[derive(Serialize)]
struct Response<'a> {
    #[serde(rename = "type")]
    kind: InteractionResponseType,
    /// Fields of the message; absent if none is set, as in an answer that only defers.
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a Body<'a>>,
}

impl Build for Draft<'_> {
    fn known(&self) -> Vec<Known> {
        // The model's placeholder for a missing id.
        let channel = self.channel.map_or(1, Id::get);
        vec![("channel_id", channel.to_string().into())]
    }

    fn interaction(&self) -> Option<Id<InteractionMarker>> {
        self.interaction
    }

    fn build(mut self, http: &Http) -> Result<Request, BoxError> {
        if let Some(fault) = self.fault {
            return Err(fault.into());
        }
        files::check(&self.files)?;
        let (route, is_authorized) = self.route();
        let has_message = match self.target {
            Target::Answer { kind, .. } => matches!(
                kind,
                InteractionResponseType::ChannelMessageWithSource
                    | InteractionResponseType::UpdateMessage
            ),
            _ => true,
        };
        if self.body.allowed_mentions.is_none() && has_message && http.mentions().is_some() {
            self = self.allowed_mentions(http.mentions());
        }
        if !self.files.is_empty() || self.kept.is_some() {
            let entries = files::entries(&self.files, self.kept.unwrap_or_default());
            self.body.attachments = Some(entries);
        }
        if let Some(poll) = &self.poll {
            self.body.poll = Some(poll.body(http.now())?);
        }
        let is_form = self.is_form();
        if !is_form && self.body.has_layout() {
            self = self.add_flags(MessageFlags::IS_COMPONENTS_V_2);
            // An empty text says nothing in a new message; in an edited one it removes the text that is there.
            if self.is_new()
                && self
                    .body
                    .content
                    .as_ref()
                    .is_some_and(|text| text.as_deref() == Some(""))
            {
                self.body.content = None;
            }
        }
        let mut body = serde_json::to_vec(&self.body)?;
        let json = antiphon_core::read_json(&body)?;
        check(&json)?;
        check_components(&json, is_form)?;
        if let Target::Answer { kind, .. } = self.target {
            let data = Some(&self.body).filter(|_| body != b"{}");
            body = serde_json::to_vec(&Response { kind, data })?;
        }
        if matches!(self.target, Target::Forum(_)) {
            self.thread
                .insert("message".to_owned(), serde_json::from_slice(&body)?);
            body = serde_json::to_vec(&self.thread)?;
        }
        let request = Request::builder(&route).use_authorization_token(is_authorized);
        let request = if self.files.is_empty() {
            request.body(body)
        } else {
            request.form(files::form(&body, &self.files))
        };
        Ok(request.build()?)
    }
}

/// Fields that a message with `IS_COMPONENTS_V2` cannot have
/// ([Discord's page](https://discord.com/developers/docs/components/reference#component-reference)).
const WITHOUT_LAYOUT: [&str; 4] = ["content", "embeds", "poll", "sticker_ids"];

/// Reason that Discord would refuse the components, if there is one.
fn check_components(body: &Value, is_form: bool) -> Result<(), BoxError> {
    if is_form {
        return components::check_form(&body["components"]);
    }
    let flags = MessageFlags::from_bits_retain(body["flags"].as_u64().unwrap_or_default());
    let is_layout = flags.contains(MessageFlags::IS_COMPONENTS_V_2);
    let is_set = |field: &&&str| match &body[**field] {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => true,
    };
    if is_layout && let Some(field) = WITHOUT_LAYOUT.iter().find(is_set) {
        let why = format!(
            "`{field}` is set beside components of layout (IS_COMPONENTS_V2): put it into the components, as a TextDisplay"
        );
        return Err(why.into());
    }
    components::check_message(&body["components"], is_layout)
}

/// Largest number of items of a list, by its path.
///
/// `*` stands for each item of a list.
const COUNTS: &[(&str, usize)] = &[
    ("choices", 25),
    ("embeds", 10),
    ("embeds/*/fields", 25),
    ("sticker_ids", 3),
];
/// Largest number of characters of a text, by its path.
///
/// `*` stands for each item of a list. Characters are Unicode code points.
const LENGTHS: &[(&str, usize)] = &[
    ("content", 2_000),
    ("custom_id", 100),
    ("embeds/*/author/name", 256),
    ("embeds/*/description", 4_096),
    ("embeds/*/fields/*/name", 256),
    ("embeds/*/fields/*/value", 1_024),
    ("embeds/*/footer/text", 2_048),
    ("embeds/*/title", 256),
    ("title", 45),
    ("username", 80),
];
/// Largest number of characters of all texts of all embeds.
const EMBEDS: usize = 6_000;

/// Reason that Discord would refuse a message, if its limits are documented.
///
/// The error names the path, the size and the limit, and holds no text of the message.
fn check(body: &Value) -> Result<(), BoxError> {
    for (path, most) in COUNTS {
        each(body, path, &mut |list| match list.as_array() {
            Some(list) if list.len() > *most => Err(format!(
                "`{path}` has {} items, where Discord takes {most}",
                list.len()
            )
            .into()),
            _ => Ok(()),
        })?;
    }
    let mut embeds = 0;
    for (path, most) in LENGTHS {
        each(body, path, &mut |text| {
            let length = text.as_str().map_or(0, |text| text.chars().count());
            if path.starts_with("embeds") {
                embeds += length;
            }
            if length > *most {
                let why = format!("`{path}` has {length} characters, where Discord takes {most}");
                return Err(why.into());
            }
            Ok(())
        })?;
    }
    if embeds > EMBEDS {
        let why = format!("the embeds have {embeds} characters, where Discord takes {EMBEDS}");
        return Err(why.into());
    }
    Ok(())
}

/// Calls `visit` with each value at a path; `*` in the path is each item of a list.
fn each(
    value: &Value,
    path: &str,
    visit: &mut impl FnMut(&Value) -> Result<(), BoxError>,
) -> Result<(), BoxError> {
    let (first, rest) = match path.split_once('/') {
        Some((first, rest)) => (first, Some(rest)),
        None => (path, None),
    };
    let inner: &mut dyn Iterator<Item = &Value> = if first == "*" {
        &mut value.as_array().into_iter().flatten()
    } else {
        &mut value.get(first).into_iter()
    };
    for value in inner {
        match rest {
            Some(rest) => each(value, rest, visit)?,
            None => visit(value)?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn refused(body: &Value, why: &str) {
        let error = check(body).expect_err("refused").to_string();
        assert!(error.contains(why), "{error}");
    }

    #[test]
    fn what_discord_documents_as_too_much_is_refused() {
        let text = |length| "é".repeat(length);
        assert!(check(&json!({"content": text(2_000)})).is_ok());
        refused(
            &json!({"content": text(2_001)}),
            "`content` has 2001 characters",
        );
        refused(
            &json!({"embeds": vec![json!({}); 11]}),
            "`embeds` has 11 items",
        );
        let embed = json!({"fields": [{"name": "n", "value": text(1_025)}]});
        refused(
            &json!({"embeds": [embed]}),
            "`embeds/*/fields/*/value` has 1025",
        );
        let long = json!({"description": text(3_001)});
        assert!(check(&json!({"embeds": [long]})).is_ok());
        refused(
            &json!({"embeds": [long, long]}),
            "the embeds have 6002 characters",
        );
    }
}
