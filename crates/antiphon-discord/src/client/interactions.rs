//! Interactions: answering a command, a button, a menu or a form.

use std::{fmt, future::IntoFuture};

use antiphon_core::BoxFuture;
use twilight_http::client::InteractionClient;
use twilight_model::{
    application::{command::CommandOptionChoice, interaction::Interaction},
    channel::{
        Message,
        message::{AllowedMentions, Component, Embed, MessageFlags},
    },
    http::{
        attachment::Attachment,
        interaction::{InteractionResponse, InteractionResponseType},
    },
    id::{
        Id,
        marker::{ApplicationMarker, AttachmentMarker, InteractionMarker, MessageMarker},
    },
};

use super::{
    Client,
    call::{Call, calls},
    draft::{Draft, Target},
    poll::PollRequest,
};
use crate::{
    error::RequestError,
    http::{Http, Repeat},
};

impl Client {
    /// What the bot can answer to an interaction, which waits three seconds for its first answer.
    ///
    /// ```no_run
    /// # use antiphon_discord::{Client, RequestError, model::application::interaction::Interaction};
    /// # async fn f(client: Client, interaction: &Interaction) -> Result<(), RequestError> {
    /// let answer = client.interaction(interaction);
    /// answer.defer().ephemeral().await?;
    /// answer.update_response().content(Some("done")).await?;
    /// # Ok(()) }
    /// ```
    pub fn interaction<'a>(&'a self, interaction: &'a Interaction) -> Answers<'a> {
        let builders = self.http().builders();
        Answers {
            http: self.http(),
            builders: builders.interaction(interaction.application_id),
            application: interaction.application_id,
            id: interaction.id,
            token: &interaction.token,
        }
    }
}

/// The answers to one interaction; see [`Client::interaction`].
///
/// The first one is due within three seconds, the others within fifteen minutes.
/// They are authorized by the interaction's own token, and exempt from the bot's global rate limit.
pub struct Answers<'a> {
    http: &'a Http,
    builders: InteractionClient<'a>,
    application: Id<ApplicationMarker>,
    id: Id<InteractionMarker>,
    token: &'a str,
}

impl<'a> Answers<'a> {
    /// Answers as is said in full; the methods below say it shorter.
    pub fn create_response(&self, response: &InteractionResponse) -> Call<'a, ()> {
        let mut respond = self.respond(response.kind);
        if let Some(data) = response.data.clone() {
            let draft = &mut respond.draft;
            draft.body.choices = data.choices;
            draft.body.components = data.components.map(|it| Some(it.into()));
            draft.body.content = data.content.map(|it| Some(it.into()));
            draft.body.custom_id = data.custom_id;
            draft.body.embeds = data.embeds.map(|it| Some(it.into()));
            draft.body.title = data.title;
            if let Some(files) = data.attachments {
                respond = respond.attachments(files);
            }
            if let Some(mentions) = data.allowed_mentions {
                respond = respond.allowed_mentions(mentions);
            }
            if let Some(flags) = data.flags {
                respond = respond.flags(flags);
            }
            if let Some(poll) = data.poll {
                respond = respond.poll(poll);
            }
            if let Some(tts) = data.tts {
                respond = respond.tts(tts);
            }
        }
        respond.call()
    }

    /// Answers a ping.
    pub fn pong(&self) -> Respond<'a> {
        self.respond(InteractionResponseType::Pong)
    }

    /// Answers with a message.
    pub fn message(&self, content: impl Into<String>) -> Respond<'a> {
        self.respond(InteractionResponseType::ChannelMessageWithSource)
            .content(content)
    }

    /// Says that a message will come, by [`update_response`](Self::update_response).
    pub fn defer(&self) -> Respond<'a> {
        self.respond(InteractionResponseType::DeferredChannelMessageWithSource)
    }

    /// Says that the message with the button or menu will be edited, by [`update_response`](Self::update_response).
    pub fn defer_update(&self) -> Respond<'a> {
        self.respond(InteractionResponseType::DeferredUpdateMessage)
    }

    /// Edits the message with the button or menu.
    pub fn update(&self) -> Respond<'a> {
        self.respond(InteractionResponseType::UpdateMessage)
    }

    /// Offers choices for what is being typed, at most 25.
    pub fn autocomplete(&self, choices: Vec<CommandOptionChoice>) -> Respond<'a> {
        let mut respond =
            self.respond(InteractionResponseType::ApplicationCommandAutocompleteResult);
        respond.draft.body.choices = Some(choices);
        respond
    }

    /// Opens a form, whose answer comes as an interaction with this id.
    pub fn modal(
        &self,
        custom_id: impl Into<String>,
        title: impl Into<String>,
        components: Vec<Component>,
    ) -> Respond<'a> {
        let mut respond = self.respond(InteractionResponseType::Modal);
        respond.draft.body.custom_id = Some(custom_id.into());
        respond.draft.body.title = Some(title.into());
        respond.components(components)
    }

    /// Reads the first answer.
    pub fn response(&self) -> Call<'a, Message> {
        Call::new(self.http, Repeat::Safe, self.builders.response(self.token))
    }

    /// Edits the first answer.
    pub fn update_response(&'a self) -> UpdateResponse<'a> {
        UpdateResponse::new(self.http, self.answered(None))
    }

    /// Deletes the first answer.
    pub fn delete_response(&self) -> Call<'a, ()> {
        let request = self.builders.delete_response(self.token);
        Call::new(self.http, Repeat::Safe, request)
    }

    /// Posts a further message.
    ///
    /// Discord knows no nonce here: when its answer is lost, the outcome is unknown.
    pub fn create_followup(&'a self) -> CreateFollowup<'a> {
        let target = Target::Followup {
            application: self.application,
            token: self.token,
        };
        CreateFollowup::new(self.http, Draft::new(target))
    }

    /// Reads a further message.
    pub fn followup(&self, message: Id<MessageMarker>) -> Call<'a, Message> {
        let request = self.builders.followup(self.token, message);
        Call::new(self.http, Repeat::Safe, request)
    }

    /// Edits a further message.
    pub fn update_followup(&'a self, message: Id<MessageMarker>) -> UpdateFollowup<'a> {
        UpdateFollowup::new(self.http, self.answered(Some(message)))
    }

    /// Deletes a further message.
    pub fn delete_followup(&self, message: Id<MessageMarker>) -> Call<'a, ()> {
        let request = self.builders.delete_followup(self.token, message);
        Call::new(self.http, Repeat::Safe, request)
    }

    fn answered(&self, message: Option<Id<MessageMarker>>) -> Draft<'a> {
        Draft::new(Target::Answered {
            application: self.application,
            token: self.token,
            message,
        })
    }

    fn respond(&self, kind: InteractionResponseType) -> Respond<'a> {
        let target = Target::Answer {
            interaction: self.id,
            token: self.token,
            kind: kind as u8,
        };
        Respond {
            http: self.http,
            kind,
            draft: Draft::new(target),
        }
    }
}

impl fmt::Debug for Answers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answers")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// The first answer to an interaction; see [`Answers`].
///
/// When its own answer was lost, it is sent again: Discord takes one only.
///
/// # Errors
///
/// Awaited, it gives what [`Call`] gives.
#[must_use = "an answer is sent when it is awaited"]
pub struct Respond<'a> {
    http: &'a Http,
    kind: InteractionResponseType,
    draft: Draft<'a>,
}

impl<'a> Respond<'a> {
    fn with(mut self, change: impl FnOnce(Draft<'a>) -> Draft<'a>) -> Self {
        self.draft = change(self.draft);
        self
    }

    /// Sets the text, at most 2,000 characters.
    pub fn content(mut self, content: impl Into<String>) -> Self {
        self.draft.body.content = Some(Some(content.into().into()));
        self
    }

    /// Sets the embeds, at most 10.
    pub fn embeds(mut self, embeds: Vec<Embed>) -> Self {
        self.draft.body.embeds = Some(Some(embeds.into()));
        self
    }

    /// Sets the components.
    pub fn components(mut self, components: Vec<Component>) -> Self {
        self.draft.body.components = Some(Some(components.into()));
        self
    }

    /// Attaches files, at most 10.
    pub fn attachments(self, attachments: Vec<Attachment>) -> Self {
        self.with(|draft| draft.attachments(attachments))
    }

    /// Sets whom the text may mention.
    pub fn allowed_mentions(self, mentions: AllowedMentions) -> Self {
        self.with(|draft| draft.mentions(mentions))
    }

    /// Sets a poll: a new one ([`PollRequest`]), or one like one that was received.
    pub fn poll(self, poll: impl Into<PollRequest>) -> Self {
        self.with(|draft| draft.poll(poll))
    }

    /// Sets whether it is read aloud; the default is no.
    pub fn tts(self, tts: bool) -> Self {
        self.with(|draft| draft.tts(tts))
    }

    /// Shows it to the user alone who began the interaction; the default is to all.
    pub fn ephemeral(self) -> Self {
        self.flags(MessageFlags::EPHEMERAL)
    }

    /// Adds flags.
    pub fn flags(self, flags: MessageFlags) -> Self {
        self.with(|draft| draft.add_flags(flags))
    }

    fn call(self) -> Call<'a, ()> {
        // A second one for the same interaction is refused as already acknowledged.
        Call::new(self.http, Repeat::Safe, self.draft)
    }
}

impl<'a> IntoFuture for Respond<'a> {
    type Output = Result<(), RequestError>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        self.call().into_future()
    }
}

impl fmt::Debug for Respond<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Respond")
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

calls! {
    /// An edit of the first answer; see [`Answers::update_response`].
    ///
    /// What is not set stays as it is, and `None` takes it away.
    UpdateResponse(Draft<'a>) -> Message, Never {
        /// Sets the text, at most 2,000 characters.
        content(content: Option<&'a str>);
        /// Sets the embeds, at most 10.
        embeds(embeds: Option<&'a [Embed]>);
        /// Sets the components.
        components(components: Option<&'a [Component]>);
        /// Attaches files, at most 10, in place of those that are not kept.
        attachments(attachments: &'a [Attachment]);
        /// Sets which of its files stay; the default is all, or none where new ones are attached.
        keep_attachment_ids(attachments: &'a [Id<AttachmentMarker>]);
        /// Sets whom the text may mention.
        allowed_mentions(mentions: Option<&'a AllowedMentions>);
        /// Sets flags.
        flags(flags: MessageFlags);
    }

    /// A further message; see [`Answers::create_followup`].
    CreateFollowup(Draft<'a>) -> Message, Never {
        /// Sets the text, at most 2,000 characters.
        content(content: &'a str);
        /// Sets the embeds, at most 10.
        embeds(embeds: &'a [Embed]);
        /// Sets the components.
        components(components: &'a [Component]);
        /// Attaches files, at most 10.
        attachments(attachments: &'a [Attachment]);
        /// Sets whom the text may mention.
        allowed_mentions(mentions: Option<&'a AllowedMentions>);
        /// Sets flags, such as `EPHEMERAL`.
        flags(flags: MessageFlags);
        /// Sets a poll: a new one ([`PollRequest`]), or one like one that was received.
        poll(poll: impl Into<PollRequest>);
        /// Sets whether it is read aloud; the default is no.
        tts(tts: bool);
    }

    /// An edit of a further message; see [`Answers::update_followup`].
    ///
    /// What is not set stays as it is, and `None` takes it away.
    UpdateFollowup(Draft<'a>) -> Message, Never {
        /// Sets the text, at most 2,000 characters.
        content(content: Option<&'a str>);
        /// Sets the embeds, at most 10.
        embeds(embeds: Option<&'a [Embed]>);
        /// Sets the components.
        components(components: Option<&'a [Component]>);
        /// Attaches files, at most 10, in place of those that are not kept.
        attachments(attachments: &'a [Attachment]);
        /// Sets which of its files stay; the default is all, or none where new ones are attached.
        keep_attachment_ids(attachments: &'a [Id<AttachmentMarker>]);
        /// Sets whom the text may mention.
        allowed_mentions(mentions: Option<&'a AllowedMentions>);
    }
}
