//! A used command in a handler: its options, the interaction, and the answers.

use std::{
    fmt,
    future::IntoFuture,
    ops::Deref,
    sync::{Arc, Mutex, PoisonError},
};

use antiphon_core::BoxFuture;
use antiphon_discord::{
    Client, File, InteractionCreate, RequestError,
    client::{Answers, Call as Request, PollRequest, Respond},
    model::{
        AllowedMentions, CommandData, CommandOptionValue, Component, Embed, Interaction,
        InteractionData, Locale, Markup, Message, MessageFlags, Modal, PartialMember, Permissions,
        User,
        id::{
            Id,
            marker::{ChannelMarker, GuildMarker, UserMarker},
        },
    },
};

use super::spec::joined;

/// A used command: the first argument of a command's handler.
///
/// It derefs to the command's struct, and its methods answer: [`reply`](Self::reply) sends the first answer, edits a
/// deferred one, or posts a followup message, whichever is next.
/// Clones share the answers.
///
/// ```
/// use antiphon::{HandlerError, commands::{Command, Invocation}};
///
/// /// Sings a song
/// #[derive(Command)]
/// struct Sing {
///     /// What to sing
///     song: String,
/// }
///
/// async fn sing(sing: Invocation<Sing>) -> Result<(), HandlerError> {
///     sing.defer().await?;
///     // Something that takes longer than three seconds.
///     sing.reply(format!("♪ {} ♪", sing.song)).await?;
///     sing.reply("Only you see how it went.").ephemeral().await?;
///     Ok(())
/// }
/// ```
///
/// Checks and error handlers, which serve any command, take an `Invocation` without a type.
///
/// A command that is redelivered after a crash may have its first answer already. Then the first reply edits that answer;
/// what followed it may be posted a second time, since Discord takes no nonce for it.
pub struct Invocation<T = ()> {
    call: Arc<Call>,
    command: Arc<T>,
}

impl<T> Clone for Invocation<T> {
    fn clone(&self) -> Self {
        Self {
            call: Arc::clone(&self.call),
            command: Arc::clone(&self.command),
        }
    }
}

/// The interaction behind all clones of an invocation.
pub(super) struct Call {
    client: Client,
    interaction: Arc<InteractionCreate>,
    answered: Mutex<Answered>,
}

/// What was answered so far.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Answered {
    Nothing,
    Deferred,
    Yes,
}

impl Call {
    fn answers(&self) -> Answers<'_> {
        self.client.interaction(&self.interaction)
    }

    fn answered(&self) -> Answered {
        *self.answered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, now: Answered) {
        *self.answered.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }
}

impl Invocation {
    /// `None` if the interaction names no user.
    pub(super) fn new(client: Client, interaction: Arc<InteractionCreate>) -> Option<Self> {
        interaction.author()?;
        let call = Call {
            client,
            interaction,
            answered: Mutex::new(Answered::Nothing),
        };
        Some(Self {
            call: Arc::new(call),
            command: Arc::new(()),
        })
    }

    pub(super) fn with<T>(&self, command: T) -> Invocation<T> {
        Invocation {
            call: Arc::clone(&self.call),
            command: Arc::new(command),
        }
    }
}

impl<T> Invocation<T> {
    /// The interaction, with everything that Discord sent of it.
    pub fn interaction(&self) -> &Interaction {
        &self.call.interaction
    }

    /// The client, for requests that are no answers.
    pub fn client(&self) -> &Client {
        &self.call.client
    }

    /// The user of the command.
    pub fn user(&self) -> &User {
        let author = self.call.interaction.author();
        author.expect("an invocation without a user is not made")
    }

    /// Id of the user.
    pub fn user_id(&self) -> Id<UserMarker> {
        self.user().id
    }

    /// Id of the guild; absent in a direct message.
    pub fn guild_id(&self) -> Option<Id<GuildMarker>> {
        self.call.interaction.guild_id
    }

    /// Id of the channel, if it was sent.
    pub fn channel_id(&self) -> Option<Id<ChannelMarker>> {
        self.call.interaction.channel_id
    }

    /// Member of the guild who used the command, with roles, nickname and permissions in the channel; absent in a direct
    /// message.
    pub fn member(&self) -> Option<&PartialMember> {
        self.call.interaction.member.as_deref()
    }

    /// Language that the user has chosen in Discord, for answers in it.
    pub fn locale(&self) -> Option<&Locale> {
        self.call.interaction.locale.as_ref()
    }

    /// What the bot may do in the channel, as Discord says with the interaction.
    pub fn app_permissions(&self) -> Option<Permissions> {
        self.call.interaction.app_permissions
    }

    /// Name of the command with its subcommands, such as `music queue add`.
    pub fn name(&self) -> String {
        data(&self.call.interaction).map_or_else(String::new, path)
    }

    /// Mention of the command, by which others can use it: `</music queue add:7>`.
    pub fn mention(&self) -> String {
        data(&self.call.interaction).map_or_else(String::new, |data| {
            let (name, id) = (path(data), data.id);
            Markup::Command { name, id }.to_string()
        })
    }

    /// The invocation without its command's type, as checks take it.
    pub fn untyped(&self) -> Invocation {
        Invocation {
            call: Arc::clone(&self.call),
            command: Arc::new(()),
        }
    }

    /// The command alone, if no clone of the invocation is left.
    pub fn into_inner(self) -> Option<T> {
        Arc::into_inner(self.command)
    }

    /// Answers: by the first answer, by an edit of a deferred one, or by a followup message, whichever is next.
    ///
    /// At most 2,000 characters. Discord takes the first answer within three seconds of the command, and the others within
    /// fifteen minutes.
    pub fn reply(&self, content: impl Into<String>) -> Reply<'_> {
        Reply::new(&self.call, How::Next).content(content)
    }

    /// Edits the first answer, or gives it if there is none yet.
    ///
    /// What is not set stays as it is, also the text where `content` is empty; [`Reply::components`] with an empty list,
    /// [`Reply::remove_content`] and others remove a part.
    ///
    /// ```
    /// # use antiphon::{HandlerError, commands::Invocation, discord::model::{ActionRow, Button}};
    /// # async fn f(vote: Invocation) -> Result<(), HandlerError> {
    /// vote.reply("Do we sing?").component(ActionRow::new([Button::primary("yes", "Yes")])).await?;
    /// // The vote is over: the text is another, and nobody can press any more.
    /// vote.edit("We sing.").remove_components().await?;
    /// # Ok(()) }
    /// ```
    pub fn edit(&self, content: impl Into<String>) -> Reply<'_> {
        Reply::new(&self.call, How::Edit).content(content)
    }

    /// Posts a followup message, also while the first answer is only deferred.
    pub fn followup(&self, content: impl Into<String>) -> Reply<'_> {
        Reply::new(&self.call, How::Followup).content(content)
    }

    /// Tells the user that the bot is thinking; the next [`reply`](Self::reply) takes the place of that.
    ///
    /// [`Reply::ephemeral`] decides here who sees the later answer.
    pub fn defer(&self) -> Reply<'_> {
        Reply::new(&self.call, How::Defer)
    }

    /// Opens a form, as the first answer; see [`Answers::modal`].
    pub fn modal(
        &self,
        custom_id: impl Into<String>,
        title: impl Into<String>,
        components: Vec<Component>,
    ) -> Respond<'_> {
        self.call.answer(Answered::Yes);
        self.call.answers().modal(custom_id, title, components)
    }

    /// Opens a form that was built, such as [`Modal::modal`](crate::components::Modal::modal) of a struct, as the first
    /// answer; see [`Answers::show_modal`].
    pub fn show_modal(&self, modal: Modal) -> Respond<'_> {
        self.call.answer(Answered::Yes);
        self.call.answers().show_modal(modal)
    }

    /// Reads the message of the first answer, for its id, its reactions or its address; see [`Answers::response`].
    ///
    /// An answer itself returns no message, since Discord gives none with it.
    ///
    /// ```
    /// # use antiphon::{HandlerError, commands::Invocation};
    /// # async fn f(vote: Invocation) -> Result<(), HandlerError> {
    /// vote.reply("React to take part.").await?;
    /// let message = vote.response().await?;
    /// assert_eq!(message.content, "React to take part.");
    /// # Ok(()) }
    /// ```
    pub fn response(&self) -> Request<'_, Message> {
        self.call.answers().response()
    }

    /// Deletes the first answer, also one that is only deferred; a [`reply`](Self::reply) after it is a followup message.
    pub fn delete_response(&self) -> Request<'_, ()> {
        if self.call.answered() == Answered::Deferred {
            self.call.answer(Answered::Yes);
        }
        self.call.answers().delete_response()
    }

    /// All other answers, beside which [`reply`](Self::reply) goes on with a followup message.
    pub fn answers(&self) -> Answers<'_> {
        self.call.answers()
    }
}

impl<T> Deref for Invocation<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.command
    }
}

impl<T> fmt::Debug for Invocation<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invocation")
            .field("name", &self.name())
            .field("interaction", &self.call.interaction.id)
            .finish_non_exhaustive()
    }
}

/// The data of a command's interaction.
pub(super) fn data(interaction: &Interaction) -> Option<&CommandData> {
    match &interaction.data {
        Some(InteractionData::ApplicationCommand(data)) => Some(data),
        _ => None,
    }
}

/// Name of a used command with its subcommands.
pub(super) fn path(data: &CommandData) -> String {
    let mut path = data.name.clone();
    let mut options = &data.options;
    while let [one] = &options[..]
        && let CommandOptionValue::SubCommand(inner) | CommandOptionValue::SubCommandGroup(inner) =
            &one.value
    {
        path = joined(&path, &one.name);
        options = inner;
    }
    path
}

/// Which answer a reply is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    Next,
    Edit,
    Followup,
    Defer,
}

/// An answer to a command; see [`Invocation::reply`].
///
/// A part that is not set is not sent: a new answer has none, and an edit leaves it as it is.
///
/// # Errors
/// Awaiting it returns a [`RequestError`].
#[must_use = "an answer is sent when it is awaited"]
pub struct Reply<'a> {
    call: &'a Call,
    how: How,
    /// Text; an empty one is removed by an edit.
    content: Option<String>,
    embeds: Option<Vec<Embed>>,
    components: Option<Vec<Component>>,
    files: Option<Vec<File>>,
    poll: Option<PollRequest>,
    mentions: Option<AllowedMentions>,
    flags: MessageFlags,
}

impl<'a> Reply<'a> {
    fn new(call: &'a Call, how: How) -> Self {
        Self {
            call,
            how,
            content: None,
            embeds: None,
            components: None,
            files: None,
            poll: None,
            mentions: None,
            flags: MessageFlags::empty(),
        }
    }

    /// Sets the text, at most 2,000 characters; an empty one is not sent.
    pub fn content(mut self, content: impl Into<String>) -> Self {
        self.content = Some(content.into()).filter(|content| !content.is_empty());
        self
    }

    /// Removes the text of the answer that is edited.
    pub fn remove_content(mut self) -> Self {
        self.content = Some(String::new());
        self
    }

    /// Adds an embed; at most 10. An edit has these in the place of the ones before.
    pub fn embed(mut self, embed: Embed) -> Self {
        self.embeds.get_or_insert_default().push(embed);
        self
    }

    /// Removes the embeds of the answer that is edited.
    pub fn remove_embeds(mut self) -> Self {
        self.embeds = Some(Vec::new());
        self
    }

    /// Sets the components: rows of buttons and menus, or a layout; an empty list removes those of an answer that is edited.
    ///
    /// ```
    /// # use antiphon::commands::Reply;
    /// # use antiphon::discord::model::{ActionRow, Button};
    /// # fn f(reply: Reply<'_>) -> Reply<'_> {
    /// reply.components([ActionRow::new([Button::primary("again", "Again")])])
    /// # }
    /// ```
    pub fn components(
        mut self,
        components: impl IntoIterator<Item = impl Into<Component>>,
    ) -> Self {
        self.components = Some(components.into_iter().map(Into::into).collect());
        self
    }

    /// Adds a component, such as a row of buttons; at most 5 rows.
    pub fn component(mut self, component: impl Into<Component>) -> Self {
        let components = self.components.get_or_insert_default();
        components.push(component.into());
        self
    }

    /// Removes the components of the answer that is edited, so that nobody can press a button of it any more.
    pub fn remove_components(self) -> Self {
        self.components(Vec::<Component>::new())
    }

    /// Attaches a file; at most 10. An edit has these in the place of the ones before.
    pub fn file(mut self, file: File) -> Self {
        self.files.get_or_insert_default().push(file);
        self
    }

    /// Removes the files of the answer that is edited.
    pub fn remove_files(mut self) -> Self {
        self.files = Some(Vec::new());
        self
    }

    /// Sets a poll: a new one, or a copy of a received one.
    ///
    /// Discord takes none with an edit: with [`Invocation::edit`], and with a reply to a deferred command, it is
    /// [`RequestError::Invalid`], and nothing is sent. A [`followup`](Invocation::followup) takes it.
    pub fn poll(mut self, poll: impl Into<PollRequest>) -> Self {
        self.poll = Some(poll.into());
        self
    }

    /// Sets the allowed mentions. Default: [`Config::allowed_mentions`](antiphon_discord::Config::allowed_mentions), and
    /// without it Discord's own, which pings whom the text names.
    pub fn allowed_mentions(mut self, mentions: AllowedMentions) -> Self {
        self.mentions = Some(mentions);
        self
    }

    /// Shows the answer to the user of the command alone. Default: to all.
    ///
    /// A deferred answer is shown as [`Invocation::defer`] announced it, whatever its edit says.
    pub fn ephemeral(self) -> Self {
        self.flags(MessageFlags::EPHEMERAL)
    }

    /// Adds flags.
    pub fn flags(mut self, flags: MessageFlags) -> Self {
        self.flags |= flags;
        self
    }

    async fn send(self) -> Result<(), RequestError> {
        if self.how == How::Defer {
            return self.defer().await;
        }
        if self.call.answered() == Answered::Nothing {
            // If an earlier run gave it, the client edits it.
            match self.first().await {
                // The handler gave it by `Invocation::answers` or a function that takes the interaction.
                Err(RequestError::AlreadyAnswered { .. }) => self.call.answer(Answered::Yes),
                outcome => return outcome,
            }
        }
        match (self.how, self.call.answered()) {
            (How::Edit, _) | (How::Next, Answered::Deferred) => self.edit().await,
            _ => self.followup().await,
        }
    }

    async fn defer(self) -> Result<(), RequestError> {
        self.call.answers().defer().flags(self.flags).await?;
        self.call.answer(Answered::Deferred);
        Ok(())
    }

    /// The text, where there is something to say.
    fn text(&self) -> Option<&str> {
        self.content.as_deref().filter(|text| !text.is_empty())
    }

    async fn first(&self) -> Result<(), RequestError> {
        let mut first = self.call.answers().blank_message().flags(self.flags);
        if let Some(content) = self.text() {
            first = first.content(content);
        }
        if let Some(embeds) = &self.embeds {
            first = first.embeds(embeds.clone());
        }
        if let Some(components) = &self.components {
            first = first.components(components.clone());
        }
        if let Some(files) = &self.files {
            first = first.attachments(files.clone());
        }
        if let Some(poll) = &self.poll {
            first = first.poll(poll.clone());
        }
        if let Some(mentions) = &self.mentions {
            first = first.allowed_mentions(mentions.clone());
        }
        first.await?;
        self.call.answer(Answered::Yes);
        Ok(())
    }

    async fn edit(&self) -> Result<(), RequestError> {
        if self.poll.is_some() {
            let why = "Discord takes no poll with the edit of an answer; post it by a followup";
            return Err(RequestError::Invalid(why.into()));
        }
        let answers = self.call.answers();
        let mut edit = answers.update_response();
        if self.content.is_some() {
            edit = edit.content(self.text());
        }
        if let Some(embeds) = &self.embeds {
            edit = edit.embeds(Some(embeds));
        }
        if let Some(components) = &self.components {
            edit = edit.components(Some(components));
        }
        match self.files.as_deref() {
            None => {}
            Some([]) => edit = edit.keep_attachment_ids(&[]),
            Some(files) => edit = edit.attachments(files),
        }
        if self.mentions.is_some() {
            edit = edit.allowed_mentions(self.mentions.as_ref());
        }
        // Who sees a message is decided when it is made.
        let flags = self.flags - MessageFlags::EPHEMERAL;
        if !flags.is_empty() {
            edit = edit.flags(flags);
        }
        edit.await?;
        self.call.answer(Answered::Yes);
        Ok(())
    }

    async fn followup(&self) -> Result<(), RequestError> {
        let answers = self.call.answers();
        let mut message = answers.create_followup().flags(self.flags);
        if let Some(content) = self.text() {
            message = message.content(content);
        }
        if let Some(embeds) = &self.embeds {
            message = message.embeds(embeds);
        }
        if let Some(components) = &self.components {
            message = message.components(components);
        }
        if let Some(files) = &self.files {
            message = message.attachments(files);
        }
        if let Some(poll) = &self.poll {
            message = message.poll(poll.clone());
        }
        if self.mentions.is_some() {
            message = message.allowed_mentions(self.mentions.as_ref());
        }
        message.await.map(drop)
    }
}

impl<'a> IntoFuture for Reply<'a> {
    type Output = Result<(), RequestError>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

impl fmt::Debug for Reply<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("how", &self.how)
            .finish_non_exhaustive()
    }
}
