//! Messages: posting, editing, deleting and reading them, and pins.
//!
//! All of it goes through [`Draft`](super::draft::Draft), which knows the limits of a message's parts and refuses a message
//! over them before it is sent.
//!
//! | wish | method | permissions beyond `VIEW_CHANNEL` |
//! | --- | --- | --- |
//! | post, reply, forward | [`Client::create_message`] | `SEND_MESSAGES`, in threads `SEND_MESSAGES_IN_THREADS`; `READ_MESSAGE_HISTORY` to reply; `ATTACH_FILES`, `EMBED_LINKS`, `SEND_POLLS`, `SEND_TTS_MESSAGES` for these parts |
//! | edit | [`Client::update_message`] | none for the bot's own; `MANAGE_MESSAGES` for the flags of another's |
//! | delete | [`Client::delete_message`], [`Client::delete_messages`] | none for one of the bot's own; else `MANAGE_MESSAGES` |
//! | read | [`Client::message`], [`Client::channel_messages`], [`Client::pins`] | `READ_MESSAGE_HISTORY` |
//! | pin | [`Client::create_pin`], [`Client::delete_pin`] | `PIN_MESSAGES` |
//!
//! A bot without the intent `MESSAGE_CONTENT` reads messages with empty texts, embeds, attachments and components here as
//! well as in events, except its own, those in direct messages and those that mention it (protocol §7).

use std::{fmt, future::IntoFuture};

use antiphon_core::{BoxError, BoxFuture, Event};
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
    ///
    /// A message needs at least one of these parts, or a message that it forwards; Discord refuses an empty one with code
    /// 50006.
    /// The event `discord.MESSAGE_CREATE` comes to the bot as well, under the id that the response has.
    ///
    /// Text, an embed that shows an attached picture, and the file:
    ///
    /// ```no_run
    /// # use antiphon_discord::{Client, File, RequestError, model::{Embed, EmbedField, EmbedMedia, id::{Id, marker::ChannelMarker}}};
    /// # async fn f(client: Client, channel: Id<ChannelMarker>, png: Vec<u8>) -> Result<(), RequestError> {
    /// let score = File::new("score.png", png).description("two staves of a mass");
    /// let embed = Embed {
    ///     title: Some("Miserere".into()),
    ///     description: Some("for nine voices".into()),
    ///     color: Some(0x5865_F2),
    ///     image: Some(EmbedMedia { url: Some("attachment://score.png".into()), ..EmbedMedia::default() }),
    ///     fields: Some(vec![EmbedField {
    ///         name: "Key".into(),
    ///         value: "g minor".into(),
    ///         inline: Some(true),
    ///     }]),
    ///     ..Embed::default()
    /// };
    /// client.create_message(channel).content("tonight").embeds(&[embed]).attachments(&[score]).await?;
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
    ///
    /// Another user's message takes a change of its flags alone, such as hiding its embeds.
    /// The event is `discord.MESSAGE_UPDATE`, with the whole message.
    ///
    /// ```no_run
    /// # use antiphon_discord::{Client, RequestError, model::id::{Id, marker::{ChannelMarker, MessageMarker}}};
    /// # async fn f(client: Client, channel: Id<ChannelMarker>, vote: Id<MessageMarker>) -> Result<(), RequestError> {
    /// // A new text, and no buttons any more; the embeds stay as they are.
    /// client.update_message(channel, vote).content(Some("the vote is over")).components(None).await?;
    /// # Ok(()) }
    /// ```
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
    ///
    /// Deleting it a second time is [`RequestError::NotFound`] with code 10008, unless an attempt of the same call was lost:
    /// then the message counts as deleted by that attempt.
    /// The event is `discord.MESSAGE_DELETE`, which has ids and no content.
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
    ///
    /// Needs `MANAGE_MESSAGES`, also for the bot's own messages.
    /// Discord refuses the whole list for one message older than two weeks; an id that names no message counts and does
    /// nothing.
    /// One event tells of all of them: `discord.MESSAGE_DELETE_BULK`.
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
    ///
    /// Needs `READ_MESSAGE_HISTORY`.
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
    ///
    /// Without `READ_MESSAGE_HISTORY` the list is empty.
    ///
    /// Going back through a channel page by page, until a page is not full:
    ///
    /// ```no_run
    /// # use antiphon_discord::{Client, RequestError, model::id::{Id, marker::ChannelMarker}};
    /// async fn count(client: &Client, channel: Id<ChannelMarker>) -> Result<usize, RequestError> {
    ///     let mut count = 0;
    ///     let mut page = client.channel_messages(channel).limit(100).await?;
    ///     while let Some(oldest) = page.last() {
    ///         count += page.len();
    ///         page = client.channel_messages(channel).before(oldest.id).limit(100).await?;
    ///     }
    ///     Ok(count)
    /// }
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
    ///
    /// Needs `SEND_MESSAGES` for the bot's own message and `MANAGE_MESSAGES` for another's.
    /// A crosspost is not taken back; a lost response is [`RequestError::OutcomeUnknown`].
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
    ///
    /// Discord refuses it for the poll of another user, and tells the end in a `discord.MESSAGE_UPDATE`.
    /// The counts are exact once `poll.results.is_finalized` is true, which may be a little later.
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
    ///
    /// Each pin has the time at which it was pinned; the newest is first, and `has_more` says whether others follow.
    /// Without `READ_MESSAGE_HISTORY` the list is empty.
    ///
    /// ```no_run
    /// # use antiphon_discord::{Client, RequestError, model::id::{Id, marker::ChannelMarker}};
    /// # async fn f(client: Client, channel: Id<ChannelMarker>) -> Result<(), RequestError> {
    /// let newest = client.pins(channel).limit(50).await?;
    /// if let Some(last) = newest.items.last().filter(|_| newest.has_more) {
    ///     let older = client.pins(channel).before(last.pinned_at).await?;
    ///     println!("{} and {} pins", newest.items.len(), older.items.len());
    /// }
    /// # Ok(()) }
    /// ```
    pub fn pins(&self, channel: Id<ChannelMarker>) -> Pins<'_> {
        Pins::new(self.http(), PinsQuery::new(channel))
    }

    /// Pins a message.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/message#pin-message)
    ///
    /// Needs `PIN_MESSAGES`.
    /// A pinned message stays pinned when it is pinned again.
    /// The event is `discord.CHANNEL_PINS_UPDATE`, and Discord posts a system message in the channel.
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
    ///
    /// Needs `PIN_MESSAGES`.
    /// The event is `discord.CHANNEL_PINS_UPDATE`.
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
    ///
    /// Worth a request only before an answer that takes seconds; an answer to an interaction has
    /// [`Answers::defer`](crate::client::Answers::defer) instead.
    /// Other bots hear of it as `discord.TYPING_START`.
    pub fn create_typing_trigger(&self, channel: Id<ChannelMarker>) -> Call<'_, ()> {
        let request = self.http().builders().create_typing_trigger(channel);
        Call::new(self.http(), Repeat::Safe, request)
    }
}

/// A message to post; see [`Client::create_message`].
///
/// Limits that are checked before the message is sent, each counted in characters (Unicode code points):
///
/// | part | limit |
/// | --- | --- |
/// | text | 2,000 |
/// | embeds | 10, with 6,000 characters in all of their texts together |
/// | an embed's title, description, footer, author name | 256, 4,096, 2,048, 256 |
/// | an embed's fields | 25, with 256 characters of name and 1,024 of value each |
/// | files | 10 |
/// | stickers | 3 |
/// | poll | see [`PollRequest`] |
///
/// Discord checks the rest, such as the size of files, which depends on the guild.
///
/// It carries a nonce that Discord enforces: if a response is lost and the message is sent again, Discord returns the
/// message that it posted before, and posts no second one.
/// If all responses are lost, the outcome is unknown with a random nonce; with a chosen one
/// ([`nonce`](Self::nonce)) the same call may be made again.
///
/// # Errors
///
/// The same as [`Call`]'s.
///
/// # Examples
///
/// A lost response costs no second message:
///
/// ```
/// use antiphon_discord::{Config, Intents, model::id::Id};
/// use antiphon_sim::{RestFault, Simulator};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sim = Simulator::with_seed(7);
/// let discord = sim.discord();
/// let config = Config::new(discord.token(), Intents::empty()).network(sim.network()).clock(sim.clock());
/// let (client, _source) = antiphon_discord::connect(config);
/// let before = discord.texts("loft").len();
///
/// // The server posts the message, and the connection breaks before its answer.
/// discord.fail("POST /channels/*/messages", 1, RestFault::Dropped);
/// client.create_message(Id::new(discord.channel_id())).content("once").await?;
/// assert_eq!(discord.texts("loft").len(), before + 1);
/// # Ok(())
/// # }
/// ```
#[must_use = "a message is posted when it is awaited"]
pub struct CreateMessage<'a> {
    /// Connection on which it is sent.
    http: &'a Http,
    channel: Id<ChannelMarker>,
    /// Content so far.
    draft: Draft<'a>,
    /// Chosen nonce, or the reason why Discord would refuse it; absent for a random one.
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
    ///
    /// An embed shows an attached file as its image by the URL `attachment://` and the file's name.
    pub fn embeds(self, embeds: &'a [Embed]) -> Self {
        self.with(|draft| draft.embeds(embeds))
    }

    /// Sets the buttons, menus and other components.
    ///
    /// Components of layout set the flag `IS_COMPONENTS_V2` by themselves.
    /// Discord's limits are checked when the message is awaited, and the error names the component by its path.
    ///
    /// ```no_run
    /// # use antiphon_discord::{Client, RequestError, model::{ActionRow, Button, id::{Id, marker::ChannelMarker}}};
    /// # async fn f(client: Client, channel: Id<ChannelMarker>) -> Result<(), RequestError> {
    /// let row = ActionRow::new([Button::primary("vote", "Vote")]);
    /// client.create_message(channel).content("Miserere?").components(&[row.into()]).await?;
    /// # Ok(()) }
    /// ```
    pub fn components(self, components: &'a [Component]) -> Self {
        self.with(|draft| draft.components(components))
    }

    /// Attaches files, at most 10.
    ///
    /// The bytes are copied once, into the form that carries them; all attempts share that form.
    pub fn attachments(self, files: &'a [File]) -> Self {
        self.with(|draft| draft.attachments(files))
    }

    /// Sets the stickers, at most 3.
    ///
    /// The guild's own stickers and Discord's standard ones; a guild's own need the message to be in that guild.
    pub fn sticker_ids(self, stickers: &'a [Id<StickerMarker>]) -> Self {
        self.with(|draft| draft.sticker_ids(stickers))
    }

    /// Sets a poll: a new one ([`PollRequest`]), or a copy of a received one.
    ///
    /// A poll cannot be edited later, only ended ([`Client::end_poll`]); its length is counted from the time of sending.
    ///
    /// ```no_run
    /// # use antiphon_discord::{Client, PollRequest, RequestError, model::id::{Id, marker::ChannelMarker}};
    /// # async fn f(client: Client, channel: Id<ChannelMarker>) -> Result<(), RequestError> {
    /// let poll = PollRequest::new("Which song next?").answer("Miserere").answer("Lux aeterna").hours(1);
    /// let asked = client.create_message(channel).poll(poll).await?;
    /// let ended = client.end_poll(channel, asked.id).await?;
    /// for answer in ended.poll.iter().flat_map(|poll| &poll.answers) {
    ///     println!("{:?}", answer.poll_media.text);
    /// }
    /// # Ok(()) }
    /// ```
    pub fn poll(self, poll: impl Into<PollRequest>) -> Self {
        self.with(|draft| draft.poll(poll))
    }

    /// Replies to a message of the same channel.
    ///
    /// Replaces [`forward`](Self::forward): a message refers to one other.
    /// Whether the author of that message is mentioned is `replied_user` of [`allowed_mentions`](Self::allowed_mentions).
    pub fn reply(self, message: Id<MessageMarker>) -> Self {
        let channel = self.channel;
        self.with(|draft| draft.reply(channel, message))
    }

    /// Forwards a message of this or another channel.
    ///
    /// Discord copies text, files and embeds as a snapshot, which later edits do not change; a forward has no content of its
    /// own.
    pub fn forward(self, channel: Id<ChannelMarker>, message: Id<MessageMarker>) -> Self {
        self.with(|draft| draft.forward(channel, message))
    }

    /// Sets whether a reply to a deleted message fails. Default: yes.
    ///
    /// With `false` the message is posted without the reference.
    pub fn fail_if_not_exists(self, fails: bool) -> Self {
        self.with(|draft| draft.fail_if_not_exists(fails))
    }

    /// Sets the allowed mentions. Default: [`Config::allowed_mentions`](crate::Config::allowed_mentions).
    ///
    /// `None` lets Discord decide, which mentions everybody whom the text names.
    /// An object without `parse` is sent with an empty one, so that nobody is mentioned but those whom it lists.
    ///
    /// ```no_run
    /// # use antiphon_discord::{Client, RequestError, model::{AllowedMentions, id::{Id, marker::{ChannelMarker, UserMarker}}}};
    /// # async fn f(client: Client, channel: Id<ChannelMarker>, user: Id<UserMarker>) -> Result<(), RequestError> {
    /// let only = AllowedMentions { users: Some(vec![user]), ..AllowedMentions::default() };
    /// let text = format!("<@{user}> sings, @everyone listens");
    /// client.create_message(channel).content(&text).allowed_mentions(Some(&only)).await?;
    /// # Ok(()) }
    /// ```
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
    /// [`nonce_of`](Self::nonce_of) makes one from the handled event, which keeps a handler that runs again from answering
    /// twice.
    pub fn nonce(mut self, nonce: impl Into<String>) -> Self {
        self.nonce = Some(Nonce::new(nonce.into()));
        self
    }

    /// Sets the nonce from the handled event, so that a handler that runs again posts nothing twice.
    ///
    /// The nonce is made of the event's source and origin and of the channel, hashed to the 25 characters that Discord
    /// takes: the same event gives the same nonce in every run, and two channels or two events never the same.
    /// It works with events of every platform, however long their origins are.
    ///
    /// A handler that posts several messages for one event into one channel numbers them
    /// ([`nonce_of_part`](Self::nonce_of_part)), and so do two handlers of one event.
    /// Discord knows a nonce for a few minutes: after a longer outage a message that was posted just before it may be posted
    /// again.
    ///
    /// ```no_run
    /// use antiphon_core::{Event, Payload as _};
    /// use antiphon_discord::{Client, MessageCreate, RequestError};
    ///
    /// async fn pong(client: &Client, event: &Event, message: &MessageCreate) -> Result<(), RequestError> {
    ///     client.create_message(message.channel_id).content("pong").nonce_of(event).await?;
    ///     Ok(())
    /// }
    /// ```
    pub fn nonce_of(self, event: &Event) -> Self {
        self.nonce_of_part(event, 0)
    }

    /// Sets the nonce from the handled event, for one of several messages that it leads to; see [`nonce_of`](Self::nonce_of).
    ///
    /// The number 0 is that of `nonce_of`.
    pub fn nonce_of_part(mut self, event: &Event, number: u32) -> Self {
        self.nonce = Some(Ok(Nonce::of(event, self.channel, number)));
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
        let (http, channel) = (self.http, self.channel);
        let call = Call::new(http, repeat, self.draft.nonce(nonce));
        Box::pin(async move {
            let posted = call.await?;
            http.posts().posted(channel);
            Ok(posted)
        })
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
    ///
    /// A repeated edit is not sent by itself, because a newer one may lie between; a lost response is
    /// [`RequestError::OutcomeUnknown`].
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
        ///
        /// An empty list removes all of them.
        keep_attachment_ids(attachments: &'a [Id<AttachmentMarker>]);
        /// Sets the allowed mentions.
        allowed_mentions(mentions: Option<&'a AllowedMentions>);
        /// Sets flags. Discord takes `SUPPRESS_EMBEDS` and `IS_COMPONENTS_V2`.
        flags(flags: MessageFlags);
    }

    /// A channel's pinned messages; see [`Client::pins`].
    ///
    /// A number of results outside 1 to 50 is [`RequestError::Invalid`], and nothing is sent.
    Pins(PinsQuery) -> PinsListing, Safe {
        /// Returns only messages pinned before this time.
        before(time: Timestamp);
        /// Sets the number of results, 1 to 50. Default: 50.
        limit(limit: u16);
    }
}

/// A selection of a channel's pins.
///
/// Written by hand because twilight's request takes no time as its end.
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
/// A number of results outside 1 to 100 is [`RequestError::Invalid`].
/// [`after`](Self::after), [`around`](Self::around) and [`before`](Self::before) replace one another.
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
    ///
    /// The page is the one right after it, still with the newest first; an id need not name a message that exists, since
    /// snowflakes are times.
    pub fn after(mut self, message: Id<MessageMarker>) -> Self {
        self.part = Part::After(message);
        self
    }

    /// Selects the messages around this one, instead of the latest.
    ///
    /// The message itself is among them, if it still exists.
    pub fn around(mut self, message: Id<MessageMarker>) -> Self {
        self.part = Part::Around(message);
        self
    }

    /// Selects the messages before this one, instead of the latest.
    ///
    /// Going on from the last message of a page gives the next older page.
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
