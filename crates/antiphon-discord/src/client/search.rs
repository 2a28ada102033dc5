//! Finding messages of a guild and threads of a channel by words and properties.
//!
//! Discord keeps an index of each guild, which it makes when it is first asked for: until then its answer is that the index
//! is not ready, after which a call asks again by itself and in the end is
//! [`RequestError::Server`](crate::RequestError::Server) with status 202.
//! [Discord's page](https://discord.com/developers/docs/resources/message#search-guild-messages)

use antiphon_discord_model::{
    MessageSearch, ThreadsListing,
    id::{
        Id,
        marker::{ChannelMarker, GuildMarker, MessageMarker, RoleMarker, TagMarker, UserMarker},
    },
};

use super::{call::calls, fields::Fields, routes::routes};

routes! {
    /// Finds messages of a guild.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/message#search-guild-messages)
    ///
    /// Needs `READ_MESSAGE_HISTORY`: channels without it are left out. Needs the intent `MESSAGE_CONTENT`.
    /// Lists are alternatives: a message by one of the authors with one of the contents.
    ///
    /// ```no_run
    /// # use antiphon_discord::{Client, RequestError, model::id::{Id, marker::GuildMarker}};
    /// # async fn f(client: Client, guild: Id<GuildMarker>) -> Result<(), RequestError> {
    /// let found = client.search_guild_messages(guild).content("miserere").has(&["link"]).limit(25).await?;
    /// for message in found.messages.iter().flatten() {
    ///     println!("{}: {}", message.author.name, message.content);
    /// }
    /// # Ok(()) }
    /// ```
    search_guild_messages(guild: Id<GuildMarker>) -> SearchGuildMessages<'_>
        = Get ["guilds", guild, "messages", "search"];

    /// Finds threads of a channel.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/channel)
    ///
    /// Needs `READ_MESSAGE_HISTORY`.
    search_threads(channel: Id<ChannelMarker>) -> SearchThreads<'_>
        = Get ["channels", channel, "threads", "search"];
}

calls! {
    /// Messages of a guild; see [`Client::search_guild_messages`](crate::Client::search_guild_messages).
    SearchGuildMessages(Fields) -> MessageSearch, Safe {
        /// Finds texts with these words, at most 1,024 characters.
        content(words: &str) = "content" [0..=1_024];
        /// Sets how many other words may lie between the words, 0 to 100. Default: 2.
        slop(words: u8) = "slop" [0..=100];
        /// Finds messages in these channels, at most 500.
        channel_id(channels: &[Id<ChannelMarker>]) = "channel_id" [0..=500];
        /// Finds messages by these users, at most 100.
        author_id(users: &[Id<UserMarker>]) = "author_id" [0..=100];
        /// Finds messages by authors of these types: `user`, `bot`, `webhook`, or the same behind `-` for all but these.
        author_type(types: &[&str]) = "author_type" [0..=6];
        /// Finds messages that mention these users, at most 100.
        mentions(users: &[Id<UserMarker>]) = "mentions" [0..=100];
        /// Finds messages that mention these roles, at most 100.
        mentions_role_id(roles: &[Id<RoleMarker>]) = "mentions_role_id" [0..=100];
        /// Finds messages that mention everybody, or those that do not.
        mention_everyone(mentions: bool) = "mention_everyone";
        /// Finds replies to these users, at most 100.
        replied_to_user_id(users: &[Id<UserMarker>]) = "replied_to_user_id" [0..=100];
        /// Finds replies to these messages, at most 100.
        replied_to_message_id(messages: &[Id<MessageMarker>]) = "replied_to_message_id" [0..=100];
        /// Finds messages with these parts: `link`, `embed`, `file`, `image`, `video`, `sound`, `sticker`, `poll`,
        /// `snapshot` (a forward), or the same behind `-` for all without them.
        has(parts: &[&str]) = "has" [0..=18];
        /// Finds messages with links to these hosts, at most 100.
        link_hostname(hosts: &[&str]) = "link_hostname" [0..=100];
        /// Finds messages with embeds from these sites, at most 100.
        embed_provider(names: &[&str]) = "embed_provider" [0..=100];
        /// Finds messages with embeds of these types: `image`, `video`, `gif`, `sound`, `article`.
        embed_type(types: &[&str]) = "embed_type" [0..=5];
        /// Finds messages with files of these endings, such as `pdf`, at most 100.
        attachment_extension(endings: &[&str]) = "attachment_extension" [0..=100];
        /// Finds messages with files of these names, at most 100.
        attachment_filename(names: &[&str]) = "attachment_filename" [0..=100];
        /// Finds pinned messages, or those that are not.
        pinned(pinned: bool) = "pinned";
        /// Sets whether age-restricted channels are searched. Default: no.
        include_nsfw(include: bool) = "include_nsfw";
        /// Finds messages with an id above this one.
        min_id(message: Id<MessageMarker>) = "min_id";
        /// Finds messages with an id below this one.
        max_id(message: Id<MessageMarker>) = "max_id";
        /// Sorts by `timestamp` or `relevance`. Default: `timestamp`.
        sort_by(order: &str) = "sort_by";
        /// Sorts upwards (`asc`) or downwards (`desc`). Default: `desc`.
        sort_order(order: &str) = "sort_order";
        /// Sets the number of results, 1 to 25. Default: 25.
        limit(limit: u8) = "limit" [1..=25];
        /// Passes over this number of results, 0 to 9,975. Default: 0.
        offset(offset: u16) = "offset" [0..=9_975];
    }

    /// Threads of a channel; see [`Client::search_threads`](crate::Client::search_threads).
    SearchThreads(Fields) -> ThreadsListing, Safe {
        /// Finds names with these words, at most 100 characters.
        name(words: &str) = "name" [0..=100];
        /// Sets how many other words may lie between the words, 0 to 100.
        slop(words: u8) = "slop" [0..=100];
        /// Finds threads with these tags, at most 20.
        tag(tags: &[Id<TagMarker>]) = "tag" [0..=20];
        /// Finds threads with all tags (`match_all`) or with one of them (`match_some`).
        tag_setting(setting: &str) = "tag_setting";
        /// Finds archived threads, or those that are not.
        archived(archived: bool) = "archived";
        /// Finds threads with an id above this one.
        min_id(thread: Id<ChannelMarker>) = "min_id";
        /// Finds threads with an id below this one.
        max_id(thread: Id<ChannelMarker>) = "max_id";
        /// Sorts by `relevance`, `creation_time`, `last_message_time` or `archive_time`.
        sort_by(order: &str) = "sort_by";
        /// Sorts upwards (`asc`) or downwards (`desc`).
        sort_order(order: &str) = "sort_order";
        /// Sets the number of results, 1 to 25. Default: 25.
        limit(limit: u8) = "limit" [1..=25];
        /// Passes over this number of results, 0 to 9,975. Default: 0.
        offset(offset: u16) = "offset" [0..=9_975];
    }
}
