//! Posts of forums, archived threads, and single members of threads.
//!
//! Beginning and changing other threads is in `channels`.
//! [Discord's page](https://discord.com/developers/docs/topics/threads)

use antiphon_discord_model::{
    AllowedMentions, AutoArchiveDuration, Channel, Component, Embed, MessageFlags, ThreadMember,
    ThreadsListing,
    id::{
        Id,
        marker::{ChannelMarker, StickerMarker, TagMarker, UserMarker},
    },
};
use jiff::Timestamp;

use super::{
    Client,
    call::calls,
    draft::{Draft, Target},
    fields::Fields,
    files::File,
    poll::PollRequest,
    routes::routes,
};

impl Client {
    /// Begins a thread in a forum or media channel, with the message that opens it.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/channel#start-thread-in-forum-or-media-channel)
    ///
    /// Needs `SEND_MESSAGES`. The name has 1 to 100 characters, and the message at least a text, an embed, a file, a sticker
    /// or a component; its limits are those of [`create_message`](Self::create_message).
    /// The message has the thread's id. Discord takes no nonce here: if the response is lost, the outcome is unknown.
    ///
    /// ```no_run
    /// # use antiphon_discord::{Client, File, RequestError, model::id::{Id, marker::{ChannelMarker, TagMarker}}};
    /// # async fn f(client: Client, forum: Id<ChannelMarker>, tag: Id<TagMarker>) -> Result<(), RequestError> {
    /// let score = File::new("score.txt", "do re mi");
    /// let post = client
    ///     .create_forum_thread(forum, "Miserere")
    ///     .content("who sings the solo?")
    ///     .attachments(&[score])
    ///     .applied_tags(&[tag])
    ///     .await?;
    /// client.create_message(post.id).content("me").await?;
    /// # Ok(()) }
    /// ```
    pub fn create_forum_thread<'a>(
        &'a self,
        channel: Id<ChannelMarker>,
        name: &str,
    ) -> CreateForumThread<'a> {
        let draft = Draft::new(Target::Forum(channel));
        CreateForumThread::new(self.http(), draft.bounded("name", 1..=100, name))
    }
}

routes! {
    /// Reads a channel's public archived threads, the last archived first.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/channel#list-public-archived-threads)
    ///
    /// Needs `READ_MESSAGE_HISTORY`.
    ///
    /// ```no_run
    /// # use antiphon_discord::{Client, RequestError, model::id::{Id, marker::ChannelMarker}};
    /// # async fn f(client: Client, channel: Id<ChannelMarker>) -> Result<(), RequestError> {
    /// let page = client.public_archived_threads(channel).limit(50).await?;
    /// let last = page.threads.last().and_then(|thread| thread.thread_metadata.as_ref()?.archive_timestamp);
    /// if let Some(last) = last.filter(|_| page.has_more) {
    ///     let older = client.public_archived_threads(channel).before(last).await?;
    ///     println!("{} and {} threads", page.threads.len(), older.threads.len());
    /// }
    /// # Ok(()) }
    /// ```
    public_archived_threads(channel: Id<ChannelMarker>) -> ArchivedThreads<'_>
        = Get ["channels", channel, "threads", "archived", "public"];

    /// Reads a channel's private archived threads, the last archived first.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/channel#list-private-archived-threads)
    ///
    /// Needs `READ_MESSAGE_HISTORY` and `MANAGE_THREADS`.
    private_archived_threads(channel: Id<ChannelMarker>) -> ArchivedThreads<'_>
        = Get ["channels", channel, "threads", "archived", "private"];

    /// Reads a channel's private archived threads that the bot is in, sorted by id, the newest first.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/channel#list-joined-private-archived-threads)
    ///
    /// Needs `READ_MESSAGE_HISTORY`.
    joined_private_archived_threads(channel: Id<ChannelMarker>) -> JoinedArchivedThreads<'_>
        = Get ["channels", channel, "users", "@me", "threads", "archived", "private"];

    /// Reads a member of a thread; `NotFound` with code 10007 if the user is not in it.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/channel#get-thread-member)
    thread_member(thread: Id<ChannelMarker>, user: Id<UserMarker>) -> GetThreadMember<'_>
        = Get ["channels", thread, "thread-members", user];
}

calls! {
    /// A thread in a forum; see [`Client::create_forum_thread`].
    CreateForumThread(Draft<'a>) -> Channel, Never, audited {
        /// Sets the text, at most 2,000 characters.
        content(content: &'a str);
        /// Sets the embeds, at most 10.
        embeds(embeds: &'a [Embed]);
        /// Sets the components.
        components(components: &'a [Component]);
        /// Attaches files, at most 10.
        attachments(attachments: &'a [File]);
        /// Sets the stickers, at most 3.
        sticker_ids(stickers: &'a [Id<StickerMarker>]);
        /// Sets the allowed mentions.
        allowed_mentions(mentions: Option<&'a AllowedMentions>);
        /// Sets flags of the message.
        flags(flags: MessageFlags);
        /// Sets a poll: a new one ([`PollRequest`]), or a copy of a received one.
        poll(poll: impl Into<PollRequest>);
        /// Sets the tags, at most 5. Required in a forum that requires tags.
        applied_tags(tags: &[Id<TagMarker>]) = "applied_tags" [0..=5];
        /// Sets the inactivity after which the thread is archived. Default: the channel's.
        auto_archive_duration(duration: AutoArchiveDuration) = "auto_archive_duration";
        /// Sets the slow mode: seconds between two messages of a user, 0 to 21,600. Default: the channel's.
        rate_limit_per_user(seconds: u16) = "rate_limit_per_user" [0..=21_600];
    }

    /// Archived threads; see [`Client::public_archived_threads`] and [`Client::private_archived_threads`].
    ArchivedThreads(Fields) -> ThreadsListing, Safe {
        /// Returns only those archived before this time.
        before(time: Timestamp) = "before";
        /// Sets the number of results, 2 to 100. Default: 50.
        limit(limit: u8) = "limit" [2..=100];
    }

    /// Private archived threads that the bot is in; see [`Client::joined_private_archived_threads`].
    JoinedArchivedThreads(Fields) -> ThreadsListing, Safe {
        /// Returns only those with an id below this one.
        before(thread: Id<ChannelMarker>) = "before";
        /// Sets the number of results, 2 to 100. Default: 50.
        limit(limit: u8) = "limit" [2..=100];
    }

    /// A member of a thread; see [`Client::thread_member`].
    GetThreadMember(Fields) -> ThreadMember, Safe {
        /// Sets whether the guild member is included. Default: no.
        with_member(with: bool) = "with_member";
    }
}
