//! Interactions: answering a command, a button, a menu or a form.

use std::{fmt, future::IntoFuture};

use antiphon_core::BoxFuture;
use twilight_http::{
    client::InteractionClient,
    request::application::interaction::{
        CreateFollowup as TwilightFollowup, UpdateFollowup as TwilightUpdateFollowup,
        UpdateResponse as TwilightUpdateResponse,
    },
};
use twilight_model::{
    application::{command::CommandOptionChoice, interaction::Interaction},
    channel::{
        Message,
        message::{AllowedMentions, Component, Embed, MessageFlags},
    },
    http::{
        attachment::Attachment,
        interaction::{InteractionResponse, InteractionResponseData, InteractionResponseType},
    },
    id::{
        Id,
        marker::{AttachmentMarker, InteractionMarker, MessageMarker},
    },
    poll::Poll,
};

use super::{
    Client,
    call::{Call, calls},
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
    id: Id<InteractionMarker>,
    token: &'a str,
}

impl<'a> Answers<'a> {
    /// Answers as is said in full; the methods below say it shorter.
    pub fn create_response(&self, response: &InteractionResponse) -> Call<'a, ()> {
        let builders = &self.builders;
        let request = builders.create_response(self.id, self.token, response);
        // A second one for the same interaction is refused as already acknowledged.
        Call::new(self.http, Repeat::Safe, request)
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
        respond.data().choices = Some(choices);
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
        let data = respond.data();
        data.custom_id = Some(custom_id.into());
        data.title = Some(title.into());
        data.components = Some(components);
        respond
    }

    /// Reads the first answer.
    pub fn response(&self) -> Call<'a, Message> {
        Call::new(self.http, Repeat::Safe, self.builders.response(self.token))
    }

    /// Edits the first answer.
    pub fn update_response(&'a self) -> UpdateResponse<'a> {
        UpdateResponse::new(self.http, self.builders.update_response(self.token))
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
        CreateFollowup::new(self.http, self.builders.create_followup(self.token))
    }

    /// Reads a further message.
    pub fn followup(&self, message: Id<MessageMarker>) -> Call<'a, Message> {
        let request = self.builders.followup(self.token, message);
        Call::new(self.http, Repeat::Safe, request)
    }

    /// Edits a further message.
    pub fn update_followup(&'a self, message: Id<MessageMarker>) -> UpdateFollowup<'a> {
        let request = self.builders.update_followup(self.token, message);
        UpdateFollowup::new(self.http, request)
    }

    /// Deletes a further message.
    pub fn delete_followup(&self, message: Id<MessageMarker>) -> Call<'a, ()> {
        let request = self.builders.delete_followup(self.token, message);
        Call::new(self.http, Repeat::Safe, request)
    }

    fn respond(&self, kind: InteractionResponseType) -> Respond<'a> {
        Respond {
            http: self.http,
            id: self.id,
            token: self.token,
            response: InteractionResponse { kind, data: None },
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
    id: Id<InteractionMarker>,
    token: &'a str,
    response: InteractionResponse,
}

impl Respond<'_> {
    /// Sets the text, at most 2,000 characters.
    pub fn content(mut self, content: impl Into<String>) -> Self {
        self.data().content = Some(content.into());
        self
    }

    /// Sets the embeds, at most 10.
    pub fn embeds(mut self, embeds: Vec<Embed>) -> Self {
        self.data().embeds = Some(embeds);
        self
    }

    /// Sets the components.
    pub fn components(mut self, components: Vec<Component>) -> Self {
        self.data().components = Some(components);
        self
    }

    /// Attaches files.
    pub fn attachments(mut self, attachments: Vec<Attachment>) -> Self {
        self.data().attachments = Some(attachments);
        self
    }

    /// Sets whom the text may mention.
    pub fn allowed_mentions(mut self, mentions: AllowedMentions) -> Self {
        self.data().allowed_mentions = Some(mentions);
        self
    }

    /// Shows it to the user alone who began the interaction; the default is to all.
    pub fn ephemeral(self) -> Self {
        self.flags(MessageFlags::EPHEMERAL)
    }

    /// Adds flags.
    pub fn flags(mut self, flags: MessageFlags) -> Self {
        let data = self.data();
        data.flags = Some(data.flags.unwrap_or(MessageFlags::empty()) | flags);
        self
    }

    fn data(&mut self) -> &mut InteractionResponseData {
        self.response.data.get_or_insert_default()
    }
}

impl<'a> IntoFuture for Respond<'a> {
    type Output = Result<(), RequestError>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        // The callback's route has no application in it.
        let interactions = self.http.builders().interaction(Id::new(1));
        let request = interactions.create_response(self.id, self.token, &self.response);
        Call::new(self.http, Repeat::Safe, request).into_future()
    }
}

impl fmt::Debug for Respond<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Respond")
            .field("kind", &self.response.kind)
            .finish_non_exhaustive()
    }
}

calls! {
    /// An edit of the first answer; see [`Answers::update_response`].
    ///
    /// What is not set stays as it is, and `None` takes it away.
    UpdateResponse(TwilightUpdateResponse<'a>) -> Message, Never {
        /// Sets the text, at most 2,000 characters.
        content(content: Option<&'a str>);
        /// Sets the embeds, at most 10.
        embeds(embeds: Option<&'a [Embed]>);
        /// Sets the components.
        components(components: Option<&'a [Component]>);
        /// Attaches further files.
        attachments(attachments: &'a [Attachment]);
        /// Sets which of its files stay; the default is all.
        keep_attachment_ids(attachments: &'a [Id<AttachmentMarker>]);
        /// Sets whom the text may mention.
        allowed_mentions(mentions: Option<&'a AllowedMentions>);
        /// Sets flags.
        flags(flags: MessageFlags);
    }

    /// A further message; see [`Answers::create_followup`].
    CreateFollowup(TwilightFollowup<'a>) -> Message, Never {
        /// Sets the text, at most 2,000 characters.
        content(content: &'a str);
        /// Sets the embeds, at most 10.
        embeds(embeds: &'a [Embed]);
        /// Sets the components.
        components(components: &'a [Component]);
        /// Attaches files.
        attachments(attachments: &'a [Attachment]);
        /// Sets whom the text may mention.
        allowed_mentions(mentions: Option<&'a AllowedMentions>);
        /// Sets flags, such as `EPHEMERAL`.
        flags(flags: MessageFlags);
        /// Sets a poll.
        poll(poll: Poll);
        /// Sets whether it is read aloud; the default is no.
        tts(tts: bool);
    }

    /// An edit of a further message; see [`Answers::update_followup`].
    ///
    /// What is not set stays as it is, and `None` takes it away.
    UpdateFollowup(TwilightUpdateFollowup<'a>) -> Message, Never {
        /// Sets the text, at most 2,000 characters.
        content(content: Option<&'a str>);
        /// Sets the embeds, at most 10.
        embeds(embeds: Option<&'a [Embed]>);
        /// Sets the components.
        components(components: Option<&'a [Component]>);
        /// Attaches further files.
        attachments(attachments: &'a [Attachment]);
        /// Sets which of its files stay; the default is all.
        keep_attachment_ids(attachments: &'a [Id<AttachmentMarker>]);
        /// Sets whom the text may mention.
        allowed_mentions(mentions: Option<&'a AllowedMentions>);
    }
}
