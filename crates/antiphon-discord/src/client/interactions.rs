//! Interactions: answering a command, a button, a menu or a form.
//!
//! An interaction wants a first answer within three seconds, or the user sees that the application did not respond.
//! That answer is one of the types below; everything after it goes over the interaction's token for fifteen minutes, as an
//! edit of the first answer or as a followup message
//! ([Discord's page](https://discord.com/developers/docs/interactions/receiving-and-responding)).
//!
//! | interaction | usual first answers |
//! | --- | --- |
//! | a command | [`Answers::message`], [`Answers::defer`], [`Answers::modal`] |
//! | a button or a menu | [`Answers::update`], [`Answers::defer_update`], and those of a command |
//! | an option that is being typed | [`Answers::autocomplete`] |
//! | a submitted form | [`Answers::message`], [`Answers::defer`]; after a component also [`Answers::update`] |
//!
//! An interaction that comes too late is skipped before its handlers run, and counted in the metric
//! `antiphon_events_late_total`: one older than fifteen minutes always, and one older than three seconds unless it may have
//! been answered before. One that is handled again after a crash goes on by editing the answer that it has, and a second
//! first answer within one run of its handlers is [`RequestError::AlreadyAnswered`].
//!
//! None of these requests carries the bot's token, and none waits for the bot's global limit.

use std::{fmt, future::IntoFuture};

use antiphon_core::BoxFuture;
use antiphon_discord_model::{
    AllowedMentions, CommandOptionChoice, Component, Embed, Interaction, InteractionResponseType,
    Message, MessageFlags, Modal,
    id::{
        Id,
        marker::{
            ApplicationMarker, AttachmentMarker, ChannelMarker, InteractionMarker, MessageMarker,
        },
    },
};
use serde::Serialize;
use twilight_http::{client::InteractionClient, request::Request, routing::Route};

use super::{
    Client,
    call::{Call, calls},
    draft::{Draft, Target},
    files::File,
    poll::PollRequest,
};
use crate::{
    error::RequestError,
    http::{Http, Repeat, UnsentRequest, is_acknowledged},
};

impl Client {
    /// Answers to an interaction. Discord takes the first answer within three seconds.
    ///
    /// ```no_run
    /// # use antiphon_discord::{Client, RequestError, model::Interaction};
    /// # async fn f(client: Client, interaction: &Interaction) -> Result<(), RequestError> {
    /// let answer = client.interaction(interaction);
    /// answer.defer().ephemeral().await?;
    /// answer.update_response().content(Some("done")).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// A whole command with options, and an answer that only its user sees:
    ///
    /// ```no_run
    /// use antiphon_discord::{Client, RequestError, model::{CommandOptionValue, Interaction, InteractionData}};
    ///
    /// async fn handle(client: &Client, interaction: &Interaction) -> Result<(), RequestError> {
    ///     let Some(InteractionData::ApplicationCommand(command)) = &interaction.data else {
    ///         return Ok(());
    ///     };
    ///     let song = command.options.iter().find(|option| option.name == "song");
    ///     let answer = client.interaction(interaction);
    ///     match song.map(|option| &option.value) {
    ///         Some(CommandOptionValue::String(song)) => answer.message(format!("Singing {song}.")).await,
    ///         _ => answer.message("Which song?").ephemeral().await,
    ///     }
    /// }
    /// ```
    ///
    /// A button, told apart by its `custom_id`:
    ///
    /// ```no_run
    /// use antiphon_discord::{Client, RequestError, model::{Interaction, InteractionData}};
    ///
    /// async fn pressed(client: &Client, interaction: &Interaction) -> Result<(), RequestError> {
    ///     match &interaction.data {
    ///         Some(InteractionData::MessageComponent(press)) if press.custom_id == "vote" => {
    ///             let who = interaction.author_id().map_or_else(String::new, |id| format!("<@{id}>"));
    ///             client.interaction(interaction).update().content(format!("{who} has voted")).await
    ///         }
    ///         _ => Ok(()),
    ///     }
    /// }
    /// ```
    ///
    /// The whole way, from the user's command to the answer that Discord shows:
    ///
    /// ```
    /// use antiphon_core::Payload as _;
    /// use antiphon_discord::{Config, InteractionCreate, Intents};
    /// use antiphon_sim::{Simulator, discord::Discord};
    /// use futures_util::StreamExt as _;
    /// use tokio_util::sync::CancellationToken;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let sim = Simulator::with_seed(7);
    /// let discord = sim.discord();
    /// let song = serde_json::json!({"name": "song", "description": "What to sing", "type": 3});
    /// let sing = serde_json::json!({"name": "sing", "description": "Sings", "options": [song]});
    /// assert_ne!(discord.register(Discord::BOT, None, &sing), 0, "the command is registered");
    /// let config = Config::new(discord.token(), Intents::GUILDS).network(sim.network()).clock(sim.clock());
    /// let (client, source) = antiphon_discord::connect(config);
    ///
    /// let mut events = source.events(CancellationToken::new());
    /// let mut used = None;
    /// while let Some(event) = events.next().await {
    ///     let event = event?;
    ///     if event.kind().as_str() == "discord.GUILD_CREATE" && used.is_none() {
    ///         // The bot is online, and a user uses its command.
    ///         let options = serde_json::json!([{"name": "song", "type": 3, "value": "Miserere"}]);
    ///         used = Some(discord.command("loft", "mira", Discord::BOT, "sing", &options));
    ///     }
    ///     if event.kind().as_str() == "discord.INTERACTION_CREATE" {
    ///         let interaction = InteractionCreate::decode(&event)?;
    ///         client.interaction(&interaction).message("Singing.").await?;
    ///         break;
    ///     }
    /// }
    /// // Type 4 is an answer with a message.
    /// assert_eq!(discord.answer_to(used.expect("it was used")), Some(4));
    /// assert_eq!(discord.texts("loft").last().map(String::as_str), Some("Singing."));
    /// # Ok(())
    /// # }
    /// ```
    pub fn interaction<'a>(&'a self, interaction: &'a Interaction) -> Answers<'a> {
        let builders = self.http().builders();
        Answers {
            http: self.http(),
            builders: builders.interaction(interaction.application_id),
            application: interaction.application_id,
            channel: interaction.channel_id,
            id: interaction.id,
            token: &interaction.token,
        }
    }
}

/// The answers to one interaction; see [`Client::interaction`].
///
/// Discord takes the first answer within three seconds, and the others within fifteen minutes
/// (<https://discord.com/developers/docs/interactions/receiving-and-responding>). They are exempt from the global rate limit.
pub struct Answers<'a> {
    http: &'a Http,
    /// twilight's builders for requests that have no content.
    builders: InteractionClient<'a>,
    /// Application of the interaction, which stands in the path of every request after the first answer.
    application: Id<ApplicationMarker>,
    /// Channel of the interaction, if it was sent.
    channel: Option<Id<ChannelMarker>>,
    /// Id, which stands in the path of the first answer alone.
    id: Id<InteractionMarker>,
    /// Token, which is the permission to answer; it is never printed.
    token: &'a str,
}

impl<'a> Answers<'a> {
    /// Sends any answer, with `type` and `data` as Discord documents them; the methods below are shorter.
    ///
    /// [Discord's page](https://discord.com/developers/docs/interactions/receiving-and-responding#create-interaction-response)
    ///
    /// The client does not check the value.
    ///
    /// ```no_run
    /// # use antiphon_discord::{Client, RequestError, model::Interaction};
    /// # async fn f(client: Client, interaction: &Interaction) -> Result<(), RequestError> {
    /// let launch = serde_json::json!({"type": 12});
    /// client.interaction(interaction).create_response(&launch).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// A second first answer in one run of a handler is [`RequestError::AlreadyAnswered`]. In a later run it is refused with
    /// code 40060, unless an attempt of the same call was lost: then that attempt counts. The methods below go on by an edit
    /// in a later run.
    pub fn create_response(&self, response: &impl Serialize) -> Call<'a, ()> {
        let route = Route::InteractionCallback {
            interaction_id: self.id.get(),
            interaction_token: self.token,
            with_response: false,
        };
        let request = Request::builder(&route).use_authorization_token(false);
        let request = request.json(response).build();
        // Discord refuses a second answer as already acknowledged, so a repetition is safe.
        let unsent = UnsentRequest::new(request.map_err(Into::into), Repeat::Safe);
        Call::of(self.http, unsent).answers(self.id)
    }

    /// Answers a ping.
    ///
    /// Discord sends pings to bots with an HTTP endpoint, not over the Gateway.
    pub fn pong(&self) -> Respond<'a> {
        self.respond(InteractionResponseType::Pong)
    }

    /// Answers with a message.
    ///
    /// At most 2,000 characters; embeds, files and components are added by the setters.
    pub fn message(&self, content: impl Into<String>) -> Respond<'a> {
        self.respond(InteractionResponseType::ChannelMessageWithSource)
            .content(content)
    }

    /// Answers with a message whose parts the setters give, such as embeds without a text.
    pub fn blank_message(&self) -> Respond<'a> {
        self.respond(InteractionResponseType::ChannelMessageWithSource)
    }

    /// Announces a message, to be sent by [`update_response`](Self::update_response).
    ///
    /// The user sees that the bot is thinking. Whether the later message is ephemeral is decided here
    /// ([`Respond::ephemeral`]).
    pub fn defer(&self) -> Respond<'a> {
        self.respond(InteractionResponseType::DeferredChannelMessageWithSource)
    }

    /// Announces an edit of the message with the component, to be sent by [`update_response`](Self::update_response).
    ///
    /// The user sees nothing of it. Only for interactions of a component, or of a form that a component opened.
    pub fn defer_update(&self) -> Respond<'a> {
        self.respond(InteractionResponseType::DeferredMessageUpdate)
    }

    /// Edits the message with the component.
    ///
    /// Only for interactions of a component, or of a form that a component opened. Fields that are not set stay.
    pub fn update(&self) -> Respond<'a> {
        self.respond(InteractionResponseType::UpdateMessage)
    }

    /// Offers choices for an option that the user is typing, at most 25.
    ///
    /// More than 25 are [`RequestError::Invalid`]; none at all shows the user that nothing fits.
    ///
    /// ```no_run
    /// use antiphon_discord::{Client, RequestError, model::{ChoiceValue, CommandOptionChoice, CommandOptionValue, Interaction, InteractionData}};
    ///
    /// async fn complete(client: &Client, interaction: &Interaction, songs: &[String]) -> Result<(), RequestError> {
    ///     let Some(InteractionData::ApplicationCommand(command)) = &interaction.data else {
    ///         return Ok(());
    ///     };
    ///     let typed = command.options.iter().find_map(|option| match &option.value {
    ///         CommandOptionValue::Focused(text, _) => Some(text.as_str()),
    ///         _ => None,
    ///     });
    ///     let typed = typed.unwrap_or_default();
    ///     let fitting = songs.iter().filter(|song| song.starts_with(typed)).take(25);
    ///     let choices = fitting.map(|song| CommandOptionChoice {
    ///         name: song.clone(),
    ///         value: ChoiceValue::String(song.clone()),
    ///         ..CommandOptionChoice::default()
    ///     });
    ///     client.interaction(interaction).autocomplete(choices.collect()).await
    /// }
    /// ```
    pub fn autocomplete(&self, choices: Vec<CommandOptionChoice>) -> Respond<'a> {
        let mut respond =
            self.respond(InteractionResponseType::ApplicationCommandAutocompleteResult);
        respond.draft.body.choices = Some(choices);
        respond
    }

    /// Opens a form of labels with components; its submission is an interaction with this `custom_id`.
    ///
    /// ```no_run
    /// # use antiphon_discord::{Client, RequestError, model::{Interaction, Label, RadioGroup, RadioGroupOption}};
    /// # async fn f(client: Client, interaction: &Interaction) -> Result<(), RequestError> {
    /// let options = ["alto", "tenor"].map(|voice| RadioGroupOption {
    ///     label: voice.into(),
    ///     value: voice.into(),
    ///     ..RadioGroupOption::default()
    /// });
    /// let voices = RadioGroup {
    ///     custom_id: "voice".into(),
    ///     options: Some(options.into()),
    ///     ..RadioGroup::default()
    /// };
    /// let label = Label {
    ///     label: Some("Which voice?".into()),
    ///     component: Some(Box::new(voices.into())),
    ///     ..Label::default()
    /// };
    /// client.interaction(interaction).modal("join", "Join the choir", vec![label.into()]).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// The title has at most 45 characters and the `custom_id` at most 100.
    /// A form is no answer to the submission of another form.
    ///
    /// The submission's values, by the `custom_id` of each component:
    ///
    /// ```no_run
    /// use antiphon_discord::{Client, RequestError, model::{Component, Interaction, InteractionData}};
    ///
    /// async fn submitted(client: &Client, interaction: &Interaction) -> Result<(), RequestError> {
    ///     let Some(InteractionData::ModalSubmit(form)) = &interaction.data else {
    ///         return Ok(());
    ///     };
    ///     for answer in form.answers() {
    ///         if let Component::RadioGroup(voices) = answer {
    ///             println!("{}: {:?}", voices.custom_id, voices.value);
    ///         }
    ///     }
    ///     client.interaction(interaction).message("Welcome.").ephemeral().await
    /// }
    /// ```
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

    /// Opens a form that was built, or that a struct describes.
    ///
    /// ```no_run
    /// # use antiphon_discord::{Client, RequestError, model::{Interaction, Label, Modal, TextInput}};
    /// # async fn f(client: Client, interaction: &Interaction) -> Result<(), RequestError> {
    /// let form = Modal::new("join", "Join the choir").component(Label::new("Your name", TextInput::short("name")));
    /// client.interaction(interaction).show_modal(form).await
    /// # }
    /// ```
    pub fn show_modal(&self, modal: Modal) -> Respond<'a> {
        self.modal(modal.custom_id, modal.title, modal.components)
    }

    /// Reads the first answer.
    ///
    /// [Discord's page](https://discord.com/developers/docs/interactions/receiving-and-responding#get-original-interaction-response)
    ///
    /// Until the first answer was given, and for a deferred one before its edit, Discord answers with code 10015 or the
    /// message that says that the bot is thinking.
    pub fn response(&self) -> Call<'a, Message> {
        let request = self.builders.response(self.token);
        let call = Call::new(self.http, Repeat::Safe, request).answers(self.id);
        call.known("channel_id", self.known_channel())
    }

    /// Edits the first answer.
    ///
    /// [Discord's page](https://discord.com/developers/docs/interactions/receiving-and-responding#edit-original-interaction-response)
    ///
    /// After [`defer`](Self::defer) the edit is what the user sees first.
    pub fn update_response(&'a self) -> UpdateResponse<'a> {
        UpdateResponse::new(self.http, self.answered(None))
    }

    /// Deletes the first answer.
    ///
    /// [Discord's page](https://discord.com/developers/docs/interactions/receiving-and-responding#delete-original-interaction-response)
    ///
    /// It may be deleted before the deferred answer was edited, too.
    pub fn delete_response(&self) -> Call<'a, ()> {
        let request = self.builders.delete_response(self.token);
        Call::new(self.http, Repeat::Safe, request).answers(self.id)
    }

    /// Posts a followup message.
    ///
    /// [Discord's page](https://discord.com/developers/docs/interactions/receiving-and-responding#create-followup-message)
    ///
    /// Discord takes no nonce here: if the response is lost, the outcome is unknown.
    ///
    /// Each is a message of its own, and may be ephemeral although the first answer was not.
    ///
    /// ```no_run
    /// # use antiphon_discord::{Client, RequestError, model::{Interaction, MessageFlags}};
    /// # async fn f(client: Client, interaction: &Interaction) -> Result<(), RequestError> {
    /// let answer = client.interaction(interaction);
    /// answer.message("Singing.").await?;
    /// let note = answer.create_followup().content("The score is yours alone.").flags(MessageFlags::EPHEMERAL).await?;
    /// answer.delete_followup(note.id).await?;
    /// # Ok(()) }
    /// ```
    pub fn create_followup(&'a self) -> CreateFollowup<'a> {
        let target = Target::Followup {
            application: self.application,
            token: self.token,
        };
        let draft = Draft::new(target).within(self.channel);
        CreateFollowup::new(self.http, draft.answers(self.id))
    }

    /// Reads a followup message.
    ///
    /// [Discord's page](https://discord.com/developers/docs/interactions/receiving-and-responding#get-followup-message)
    pub fn followup(&self, message: Id<MessageMarker>) -> Call<'a, Message> {
        let request = self.builders.followup(self.token, message);
        let call = Call::new(self.http, Repeat::Safe, request).answers(self.id);
        call.known("channel_id", self.known_channel())
    }

    /// Edits a followup message.
    ///
    /// [Discord's page](https://discord.com/developers/docs/interactions/receiving-and-responding#edit-followup-message)
    pub fn update_followup(&'a self, message: Id<MessageMarker>) -> UpdateFollowup<'a> {
        UpdateFollowup::new(self.http, self.answered(Some(message)))
    }

    /// Deletes a followup message.
    ///
    /// [Discord's page](https://discord.com/developers/docs/interactions/receiving-and-responding#delete-followup-message)
    pub fn delete_followup(&self, message: Id<MessageMarker>) -> Call<'a, ()> {
        let request = self.builders.delete_followup(self.token, message);
        Call::new(self.http, Repeat::Safe, request).answers(self.id)
    }

    /// Channel of the interaction, by which a message without its own channel is read; 1 stands for none.
    fn known_channel(&self) -> String {
        self.channel.map_or(1, Id::get).to_string()
    }

    fn answered(&self, message: Option<Id<MessageMarker>>) -> Draft<'a> {
        let target = Target::Answered {
            application: self.application,
            token: self.token,
            message,
        };
        Draft::new(target).within(self.channel).answers(self.id)
    }

    fn respond(&self, kind: InteractionResponseType) -> Respond<'a> {
        let target = Target::Answer {
            interaction: self.id,
            token: self.token,
            kind,
        };
        Respond {
            http: self.http,
            kind,
            application: self.application,
            draft: Draft::new(target).within(self.channel),
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
/// It returns no message; [`Answers::response`] reads it.
///
/// If its response is lost, it is sent again, because Discord takes only one.
///
/// An interaction that has its first answer already, such as one that is handled again after a crash, goes on by an edit
/// of that answer: a message or an update edits it, with its text, embeds, components, files and allowed mentions, and any
/// other answer counts as given. So a handler that runs again ends with the same answer, and posts no second one.
/// A second first answer within one run of the handlers would replace the first, and is
/// [`RequestError::AlreadyAnswered`]; outside of an app's handlers, and in tasks that they spawn, runs are not told apart,
/// and it is an edit.
/// An interaction that can no longer be answered is [`RequestError::Expired`].
///
/// # Errors
///
/// The same as [`Call`]'s.
#[must_use = "an answer is sent when it is awaited"]
pub struct Respond<'a> {
    http: &'a Http,
    /// Type of the answer, for its `Debug`.
    kind: InteractionResponseType,
    /// Application of the interaction, for the edit of an answer that was given before.
    application: Id<ApplicationMarker>,
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
    ///
    /// The limits are those of [`CreateMessage`](crate::client::CreateMessage).
    pub fn embeds(mut self, embeds: impl IntoIterator<Item = Embed>) -> Self {
        let embeds: Vec<Embed> = embeds.into_iter().collect();
        self.draft.body.embeds = Some(Some(embeds.into()));
        self
    }

    /// Sets the components; an empty list removes those of a message that is updated.
    ///
    /// Components of layout set the flag `IS_COMPONENTS_V2` by themselves.
    /// Discord's limits are checked when the answer is awaited, and the error names the component by its path.
    ///
    /// ```no_run
    /// # use antiphon_discord::{Client, RequestError, model::{ActionRow, Button, Interaction}};
    /// # async fn f(client: Client, interaction: &Interaction) -> Result<(), RequestError> {
    /// let buttons = ActionRow::new([Button::success("yes", "Yes"), Button::danger("no", "No")]);
    /// client.interaction(interaction).message("Do we sing?").components([buttons]).await
    /// # }
    /// ```
    pub fn components(
        mut self,
        components: impl IntoIterator<Item = impl Into<Component>>,
    ) -> Self {
        let components: Vec<Component> = components.into_iter().map(Into::into).collect();
        self.draft.body.components = Some(Some(components.into()));
        self
    }

    /// Removes the components of the message that is updated.
    pub fn remove_components(self) -> Self {
        self.components(Vec::<Component>::new())
    }

    /// Attaches files, at most 10.
    pub fn attachments(self, attachments: Vec<File>) -> Self {
        self.with(|draft| draft.attachments(attachments))
    }

    /// Sets the allowed mentions. Default: [`Config::allowed_mentions`](crate::Config::allowed_mentions).
    pub fn allowed_mentions(self, mentions: AllowedMentions) -> Self {
        self.with(|draft| draft.mentions(Some(mentions)))
    }

    /// Sets a poll: a new one ([`PollRequest`]), or a copy of a received one.
    pub fn poll(self, poll: impl Into<PollRequest>) -> Self {
        self.with(|draft| draft.poll(poll))
    }

    /// Sets whether the message is read aloud. Default: no.
    pub fn tts(self, tts: bool) -> Self {
        self.with(|draft| draft.tts(tts))
    }

    /// Shows the answer only to the user of the interaction. Default: to all.
    pub fn ephemeral(self) -> Self {
        self.flags(MessageFlags::EPHEMERAL)
    }

    /// Adds flags.
    ///
    /// They are added to those set before, [`ephemeral`](Self::ephemeral) among them.
    /// Discord takes `SUPPRESS_EMBEDS`, `EPHEMERAL`, `SUPPRESS_NOTIFICATIONS` and `IS_COMPONENTS_V2`.
    pub fn flags(self, flags: MessageFlags) -> Self {
        self.with(|draft| draft.add_flags(flags))
    }

    async fn send(self) -> Result<(), RequestError> {
        let edit = self.draft.as_edit(self.application);
        // Discord refuses a second answer as already acknowledged, so a repetition is safe.
        let first = Call::<()>::new(self.http, Repeat::Safe, self.draft);
        match first.await {
            Err(error) if is_acknowledged(&error) => {}
            outcome => return outcome,
        }
        tracing::debug!(kind = ?self.kind, "an interaction has its first answer already; it goes on by an edit");
        match edit {
            // The same edit twice is the same as once.
            Some(edit) => Call::<()>::new(self.http, Repeat::Safe, edit).await,
            None => Ok(()),
        }
    }
}

impl<'a> IntoFuture for Respond<'a> {
    type Output = Result<(), RequestError>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
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
    /// A field that is not set stays as it is; `None` removes it.
    ///
    /// A lost response is [`RequestError::OutcomeUnknown`]: the message may have the new content.
    UpdateResponse(Draft<'a>) -> Message, Never {
        /// Sets the text, at most 2,000 characters.
        content(content: Option<&'a str>);
        /// Sets the embeds, at most 10.
        embeds(embeds: Option<&'a [Embed]>);
        /// Sets the components.
        components(components: Option<&'a [Component]>);
        /// Attaches files, at most 10; older files are removed unless they are kept.
        attachments(attachments: &'a [File]);
        /// Sets which of its files stay. Default: all, or none if new ones are attached.
        keep_attachment_ids(attachments: &'a [Id<AttachmentMarker>]);
        /// Sets the allowed mentions.
        allowed_mentions(mentions: Option<&'a AllowedMentions>);
        /// Sets flags.
        flags(flags: MessageFlags);
    }

    /// A followup message; see [`Answers::create_followup`].
    CreateFollowup(Draft<'a>) -> Message, Never {
        /// Sets the text, at most 2,000 characters.
        content(content: &'a str);
        /// Sets the embeds, at most 10.
        embeds(embeds: &'a [Embed]);
        /// Sets the components.
        components(components: &'a [Component]);
        /// Attaches files, at most 10.
        attachments(attachments: &'a [File]);
        /// Sets the allowed mentions.
        allowed_mentions(mentions: Option<&'a AllowedMentions>);
        /// Sets flags, such as `EPHEMERAL`.
        flags(flags: MessageFlags);
        /// Sets a poll: a new one ([`PollRequest`]), or a copy of a received one.
        poll(poll: impl Into<PollRequest>);
        /// Sets whether the message is read aloud. Default: no.
        tts(tts: bool);
    }

    /// An edit of a followup message; see [`Answers::update_followup`].
    ///
    /// A field that is not set stays as it is; `None` removes it.
    UpdateFollowup(Draft<'a>) -> Message, Never {
        /// Sets the text, at most 2,000 characters.
        content(content: Option<&'a str>);
        /// Sets the embeds, at most 10.
        embeds(embeds: Option<&'a [Embed]>);
        /// Sets the components.
        components(components: Option<&'a [Component]>);
        /// Attaches files, at most 10; older files are removed unless they are kept.
        attachments(attachments: &'a [File]);
        /// Sets which of its files stay. Default: all, or none if new ones are attached.
        keep_attachment_ids(attachments: &'a [Id<AttachmentMarker>]);
        /// Sets the allowed mentions.
        allowed_mentions(mentions: Option<&'a AllowedMentions>);
    }
}
