//! Messages: posting, editing, deleting and reading them, and pins.

use std::{fmt, future::IntoFuture};

use antiphon_core::{BoxError, BoxFuture};
use antiphon_discord_model::{
    AllowedMentions, Component, Embed, Message, MessageFlags, PinsListing,
    id::{
        Id,
        marker::{AttachmentMarker, ChannelMarker, MessageMarker, StickerMarker},
    },
};
use jiff::Timestamp;
use twilight_http::{request::Request, routing::Route};

use super::{
    Client,
    call::{AuditedCall, Build, Call, calls},
    draft::{Draft, Target},
    files::File,
    poll::PollRequest,
};
use crate::{
    error::RequestError,
    http::{Http, Nonce, Repeat},
};

impl Client {
    /// Posts a message in a channel: a text, embeds, files, stickers, components or a poll.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/message#create-message)
    ///
    /// ```no_run
    /// # use antiphon_discord::{Client, RequestError, model::id::{Id, marker::{ChannelMarker, MessageMarker}}};
    /// # async fn f(client: Client, channel: Id<ChannelMarker>, asked: Id<MessageMarker>) -> Result<(), RequestError> {
    /// let posted = client.create_message(channel).content("pong").reply(asked).await?;
    /// # Ok(()) }
    /// ```
    pub fn create_message(&self, channel: Id<ChannelMarker>) -> CreateMessage<'_> {
        CreateMessage {
            http: self.http(),
            channel,
            draft: Draft::new(Target::Channel(channel)),
            nonce: None,
        }
    }

    /// Edits one of the bot's own messages.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/message#edit-message)
    pub fn update_message(
        &self,
        channel: Id<ChannelMarker>,
        message: Id<MessageMarker>,
    ) -> UpdateMessage<'_> {
        let draft = Draft::new(Target::Message(channel, message));
        UpdateMessage::new(self.http(), draft)
    }

    /// Deletes a message. The audit log has an entry if the message is another user's.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/message#delete-message)
    pub fn delete_message(
        &self,
        channel: Id<ChannelMarker>,
        message: Id<MessageMarker>,
    ) -> AuditedCall<'_, ()> {
        let request = self.http().builders().delete_message(channel, message);
        AuditedCall::new(self.http(), Repeat::Safe, request)
    }

    /// Deletes 2 to 100 messages of a channel, none older than two weeks.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/message#bulk-delete-messages)
    pub fn delete_messages<'a>(
        &'a self,
        channel: Id<ChannelMarker>,
        messages: &'a [Id<MessageMarker>],
    ) -> AuditedCall<'a, ()> {
        let request = self.http().builders().delete_messages(channel, messages);
        AuditedCall::new(self.http(), Repeat::Never, request)
    }

    /// Reads a message.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/message#get-channel-message)
    pub fn message(
        &self,
        channel: Id<ChannelMarker>,
        message: Id<MessageMarker>,
    ) -> Call<'_, Message> {
        let request = self.http().builders().message(channel, message);
        Call::new(self.http(), Repeat::Safe, request).known("channel_id", channel.to_string())
    }

    /// Reads a channel's latest messages, the newest first.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/message#get-channel-messages)
    ///
    /// ```no_run
    /// # use antiphon_discord::{Client, RequestError, model::id::{Id, marker::{ChannelMarker, MessageMarker}}};
    /// # async fn f(client: Client, channel: Id<ChannelMarker>, from: Id<MessageMarker>) -> Result<(), RequestError> {
    /// let newer = client.channel_messages(channel).after(from).limit(100).await?;
    /// let ids: Vec<_> = newer.iter().map(|message| message.id).collect();
    /// client.delete_messages(channel, &ids).reason("spam").await?;
    /// # Ok(()) }
    /// ```
    pub fn channel_messages(&self, channel: Id<ChannelMarker>) -> ChannelMessages<'_> {
        ChannelMessages {
            http: self.http(),
            channel,
            limit: None,
            part: Part::Latest,
        }
    }

    /// Publishes a message of an announcement channel to the channels that follow it.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/message#crosspost-message)
    pub fn crosspost_message(
        &self,
        channel: Id<ChannelMarker>,
        message: Id<MessageMarker>,
    ) -> Call<'_, Message> {
        let request = self.http().builders().crosspost_message(channel, message);
        Call::new(self.http(), Repeat::Never, request).known("channel_id", channel.to_string())
    }

    /// Ends one of the bot's own polls at once.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/poll#end-poll)
    pub fn end_poll(
        &self,
        channel: Id<ChannelMarker>,
        message: Id<MessageMarker>,
    ) -> Call<'_, Message> {
        let request = self.http().builders().end_poll(channel, message);
        Call::new(self.http(), Repeat::Never, request).known("channel_id", channel.to_string())
    }

    /// Reads a channel's pinned messages.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/message#get-channel-pins)
    pub fn pins(&self, channel: Id<ChannelMarker>) -> Pins<'_> {
        Pins::new(self.http(), PinsQuery::new(channel))
    }

    /// Pins a message.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/message#pin-message)
    pub fn create_pin(
        &self,
        channel: Id<ChannelMarker>,
        message: Id<MessageMarker>,
    ) -> AuditedCall<'_, ()> {
        let request = self.http().builders().create_pin(channel, message);
        AuditedCall::new(self.http(), Repeat::Safe, request)
    }

    /// Unpins a message.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/message#unpin-message)
    pub fn delete_pin(
        &self,
        channel: Id<ChannelMarker>,
        message: Id<MessageMarker>,
    ) -> AuditedCall<'_, ()> {
        let request = self.http().builders().delete_pin(channel, message);
        AuditedCall::new(self.http(), Repeat::Safe, request)
    }

    /// Shows the bot as typing for ten seconds, or until it posts.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/channel#trigger-typing-indicator)
    pub fn create_typing_trigger(&self, channel: Id<ChannelMarker>) -> Call<'_, ()> {
        let request = self.http().builders().create_typing_trigger(channel);
        Call::new(self.http(), Repeat::Safe, request)
    }
}

/// A message to post; see [`Client::create_message`].
///
/// It carries a nonce that Discord enforces: if a response is lost and the message is sent again, Discord returns the
/// message that it posted before, and posts no second one.
/// If all responses are lost, the outcome is unknown with a random nonce; with a chosen one
/// ([`nonce`](Self::nonce)) the same call may be made again.
///
/// # Errors
///
/// The same as [`Call`]'s.
#[must_use = "a message is posted when it is awaited"]
pub struct CreateMessage<'a> {
    http: &'a Http,
    channel: Id<ChannelMarker>,
    draft: Draft<'a>,
    nonce: Option<Result<Nonce, BoxError>>,
}

impl<'a> CreateMessage<'a> {
    fn with(mut self, change: impl FnOnce(Draft<'a>) -> Draft<'a>) -> Self {
        self.draft = change(self.draft);
        self
    }

    /// Sets the text, at most 2,000 characters.
    pub fn content(self, content: &'a str) -> Self {
        self.with(|draft| draft.content(content))
    }

    /// Sets the embeds, at most 10.
    pub fn embeds(self, embeds: &'a [Embed]) -> Self {
        self.with(|draft| draft.embeds(embeds))
    }

    /// Sets the buttons, menus and other components.
    ///
    /// Components of the second version need the flag `IS_COMPONENTS_V2` ([`flags`](Self::flags)).
    ///
    /// ```no_run
    /// # use antiphon_discord::{Client, RequestError, model::{ActionRow, Button, ButtonStyle, Component, id::{Id, marker::ChannelMarker}}};
    /// # async fn f(client: Client, channel: Id<ChannelMarker>) -> Result<(), RequestError> {
    /// let button = Button {
    ///     custom_id: Some("vote".into()),
    ///     label: Some("Vote".into()),
    ///     style: ButtonStyle::Primary,
    ///     ..Button::default()
    /// };
    /// let row = ActionRow { components: vec![button.into()], ..ActionRow::default() };
    /// client.create_message(channel).content("Miserere?").components(&[Component::from(row)]).await?;
    /// # Ok(()) }
    /// ```
    pub fn components(self, components: &'a [Component]) -> Self {
        self.with(|draft| draft.components(components))
    }

    /// Attaches files, at most 10.
    pub fn attachments(self, files: &'a [File]) -> Self {
        self.with(|draft| draft.attachments(files))
    }

    /// Sets the stickers, at most 3.
    pub fn sticker_ids(self, stickers: &'a [Id<StickerMarker>]) -> Self {
        self.with(|draft| draft.sticker_ids(stickers))
    }

    /// Sets a poll: a new one ([`PollRequest`]), or a copy of a received one.
    pub fn poll(self, poll: impl Into<PollRequest>) -> Self {
        self.with(|draft| draft.poll(poll))
    }

    /// Replies to a message of the same channel.
    pub fn reply(self, message: Id<MessageMarker>) -> Self {
        let channel = self.channel;
        self.with(|draft| draft.reply(channel, message))
    }

    /// Forwards a message of this or another channel.
    pub fn forward(self, channel: Id<ChannelMarker>, message: Id<MessageMarker>) -> Self {
        self.with(|draft| draft.forward(channel, message))
    }

    /// Sets whether a reply to a deleted message fails. Default: yes.
    pub fn fail_if_not_exists(self, fails: bool) -> Self {
        self.with(|draft| draft.fail_if_not_exists(fails))
    }

    /// Sets the allowed mentions. Default: [`Config::allowed_mentions`](crate::Config::allowed_mentions).
    pub fn allowed_mentions(self, mentions: Option<&'a AllowedMentions>) -> Self {
        self.with(|draft| draft.allowed_mentions(mentions))
    }

    /// Sets flags. Discord takes `SUPPRESS_EMBEDS`, `SUPPRESS_NOTIFICATIONS` and `IS_COMPONENTS_V2`.
    pub fn flags(self, flags: MessageFlags) -> Self {
        self.with(|draft| draft.flags(flags))
    }

    /// Sets whether the message is read aloud. Default: no.
    pub fn tts(self, tts: bool) -> Self {
        self.with(|draft| draft.tts(tts))
    }

    /// Sets the nonce, 1 to 25 characters. Default: a random one for each call.
    ///
    /// Discord posts one message for a nonce within a few minutes.
    /// A nonce made from the handled event, such as the id of the message with the command, keeps a handler that runs
    /// again from answering twice.
    pub fn nonce(mut self, nonce: impl Into<String>) -> Self {
        self.nonce = Some(Nonce::new(nonce.into()));
        self
    }
}

impl<'a> IntoFuture for CreateMessage<'a> {
    type Output = Result<Message, RequestError>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        let (nonce, repeat) = match self.nonce {
            Some(Ok(nonce)) => (nonce, Repeat::Safe),
            Some(Err(error)) => {
                return Box::pin(std::future::ready(Err(RequestError::Invalid(error))));
            }
            None => (self.http.nonce(), Repeat::ThisCall),
        };
        Call::new(self.http, repeat, self.draft.nonce(nonce)).into_future()
    }
}

impl fmt::Debug for CreateMessage<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreateMessage").finish_non_exhaustive()
    }
}

calls! {
    /// An edit of a message; see [`Client::update_message`].
    ///
    /// A field that is not set stays as it is; `None` removes it.
    UpdateMessage(Draft<'a>) -> Message, Never {
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
        /// Sets flags. Discord takes `SUPPRESS_EMBEDS` and `IS_COMPONENTS_V2`.
        flags(flags: MessageFlags);
    }

    /// A channel's pinned messages; see [`Client::pins`].
    Pins(PinsQuery) -> PinsListing, Safe {
        /// Returns only messages pinned before this time.
        before(time: Timestamp);
        /// Sets the number of results, 1 to 50. Default: 50.
        limit(limit: u16);
    }
}

/// A selection of a channel's pins.
#[derive(Clone, Copy, Debug)]
pub(super) struct PinsQuery {
    channel: Id<ChannelMarker>,
    before: Option<Timestamp>,
    limit: Option<u16>,
}

impl PinsQuery {
    fn new(channel: Id<ChannelMarker>) -> Self {
        Self {
            channel,
            before: None,
            limit: None,
        }
    }

    fn before(mut self, time: Timestamp) -> Self {
        self.before = Some(time);
        self
    }

    fn limit(mut self, limit: u16) -> Self {
        self.limit = Some(limit);
        self
    }
}

impl Build for PinsQuery {
    fn build(self, _: &Http) -> Result<Request, BoxError> {
        if let Some(limit) = self.limit.filter(|limit| !(1..=50).contains(limit)) {
            return Err(format!("Discord gives 1 to 50 pins at a time, not {limit}").into());
        }
        let route = Route::GetPins {
            channel_id: self.channel.get(),
            limit: self.limit,
            before: self.before.map(|time| time.to_string()),
        };
        Ok(Request::from_route(&route))
    }
}

/// A channel's messages, the newest first; see [`Client::channel_messages`].
///
/// # Errors
///
/// The same as [`Call`]'s.
#[derive(Clone, Copy, Debug)]
#[must_use = "a request is sent when it is awaited"]
pub struct ChannelMessages<'a> {
    http: &'a Http,
    channel: Id<ChannelMarker>,
    limit: Option<u16>,
    part: Part,
}

/// A selection of a channel's messages.
#[derive(Clone, Copy, Debug)]
enum Part {
    Latest,
    After(Id<MessageMarker>),
    Around(Id<MessageMarker>),
    Before(Id<MessageMarker>),
}

impl ChannelMessages<'_> {
    /// Sets the number of results, 1 to 100. Default: 50.
    pub fn limit(mut self, limit: u16) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Selects the messages after this one, instead of the latest.
    pub fn after(mut self, message: Id<MessageMarker>) -> Self {
        self.part = Part::After(message);
        self
    }

    /// Selects the messages around this one, instead of the latest.
    pub fn around(mut self, message: Id<MessageMarker>) -> Self {
        self.part = Part::Around(message);
        self
    }

    /// Selects the messages before this one, instead of the latest.
    pub fn before(mut self, message: Id<MessageMarker>) -> Self {
        self.part = Part::Before(message);
        self
    }
}

impl<'a> IntoFuture for ChannelMessages<'a> {
    type Output = Result<Vec<Message>, RequestError>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        let all = self.http.builders().channel_messages(self.channel);
        let part = match self.part {
            Part::Latest => {
                let latest = match self.limit {
                    Some(limit) => all.limit(limit),
                    None => all,
                };
                return Call::new(self.http, Repeat::Safe, latest).into_future();
            }
            Part::After(message) => all.after(message),
            Part::Around(message) => all.around(message),
            Part::Before(message) => all.before(message),
        };
        let part = match self.limit {
            Some(limit) => part.limit(limit),
            None => part,
        };
        Call::new(self.http, Repeat::Safe, part).into_future()
    }
}
