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
    client::{Answers, Respond},
    model::{
        AllowedMentions, CommandData, CommandOptionValue, Component, Embed, Interaction,
        InteractionData, MessageFlags, Modal, User,
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

    /// Name of the command with its subcommands, such as `music queue add`.
    pub fn name(&self) -> String {
        data(&self.call.interaction).map_or_else(String::new, path)
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
    /// What is not set stays as it is.
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
/// The default of [`Config::allowed_mentions`](antiphon_discord::Config::allowed_mentions) does not apply to it.
///
/// # Errors
/// Awaiting it returns a [`RequestError`].
#[must_use = "an answer is sent when it is awaited"]
pub struct Reply<'a> {
    call: &'a Call,
    how: How,
    content: Option<String>,
    embeds: Vec<Embed>,
    components: Vec<Component>,
    files: Vec<File>,
    mentions: Option<AllowedMentions>,
    flags: MessageFlags,
}

impl<'a> Reply<'a> {
    fn new(call: &'a Call, how: How) -> Self {
        Self {
            call,
            how,
            content: None,
            embeds: Vec::new(),
            components: Vec::new(),
            files: Vec::new(),
            mentions: None,
            flags: MessageFlags::empty(),
        }
    }

    /// Sets the text, at most 2,000 characters; an empty one is none.
    pub fn content(mut self, content: impl Into<String>) -> Self {
        self.content = Some(content.into()).filter(|content| !content.is_empty());
        self
    }

    /// Adds an embed; at most 10.
    pub fn embed(mut self, embed: Embed) -> Self {
        self.embeds.push(embed);
        self
    }

    /// Sets the components: rows of buttons and menus, or a layout.
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
        self.components = components.into_iter().map(Into::into).collect();
        self
    }

    /// Adds a component, such as a row of buttons; at most 5 rows.
    pub fn component(mut self, component: impl Into<Component>) -> Self {
        self.components.push(component.into());
        self
    }

    /// Attaches a file; at most 10.
    pub fn file(mut self, file: File) -> Self {
        self.files.push(file);
        self
    }

    /// Sets the allowed mentions. Default: Discord's, which pings whom the text names.
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

    async fn first(&self) -> Result<(), RequestError> {
        let mut first = self.call.answers().blank_message().flags(self.flags);
        if let Some(content) = &self.content {
            first = first.content(content);
        }
        if !self.embeds.is_empty() {
            first = first.embeds(self.embeds.clone());
        }
        if !self.components.is_empty() {
            first = first.components(self.components.clone());
        }
        if !self.files.is_empty() {
            first = first.attachments(self.files.clone());
        }
        if let Some(mentions) = &self.mentions {
            first = first.allowed_mentions(mentions.clone());
        }
        first.await?;
        self.call.answer(Answered::Yes);
        Ok(())
    }

    async fn edit(&self) -> Result<(), RequestError> {
        let answers = self.call.answers();
        let mut edit = answers.update_response();
        if let Some(content) = &self.content {
            edit = edit.content(Some(content));
        }
        if !self.embeds.is_empty() {
            edit = edit.embeds(Some(&self.embeds));
        }
        if !self.components.is_empty() {
            edit = edit.components(Some(&self.components));
        }
        if !self.files.is_empty() {
            edit = edit.attachments(&self.files);
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
        if let Some(content) = &self.content {
            message = message.content(content);
        }
        if !self.embeds.is_empty() {
            message = message.embeds(&self.embeds);
        }
        if !self.components.is_empty() {
            message = message.components(&self.components);
        }
        if !self.files.is_empty() {
            message = message.attachments(&self.files);
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
