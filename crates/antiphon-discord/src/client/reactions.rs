//! Reactions to messages.
//!
//! [Discord's page on emojis](https://discord.com/developers/docs/resources/message#reaction-object) has the object that
//! events carry.
//! Events are `discord.MESSAGE_REACTION_ADD`, `_REMOVE`, `_REMOVE_ALL` and `_REMOVE_EMOJI`, with the intents
//! `GUILD_MESSAGE_REACTIONS` and `DIRECT_MESSAGE_REACTIONS`.
//!
//! Discord limits these routes more narrowly than most, to a few requests a second: reactions that are added one after
//! another wait for each other.

use std::future::IntoFuture;

use antiphon_core::BoxFuture;
use antiphon_discord_model::{
    PartialEmoji, ReactionType, User,
    id::{
        Id,
        marker::{ChannelMarker, EmojiMarker, MessageMarker, UserMarker},
    },
};
use twilight_http::request::channel::reaction::RequestReactionType;

use super::{Client, call::Call};
use crate::{
    error::RequestError,
    http::{Http, Repeat},
};

/// An emoji to react with.
///
/// A guild's own is found by its id alone; its name may be wrong or absent.
/// A text that is neither is taken for a Unicode emoji and refused by Discord with code 10014.
///
/// It converts from a text: a Unicode emoji such as `"👍"`, or a guild's own as `name:id` or `<:name:id>`.
/// It converts from the emoji of a reaction event too.
///
/// ```
/// use antiphon_discord::{Emoji, model::id::Id};
///
/// assert_eq!(Emoji::from("👍"), Emoji::Unicode("👍"));
/// let loud = Emoji::Custom { name: Some("loud"), id: Id::new(41) };
/// assert_eq!(Emoji::from("<:loud:41>"), loud);
/// ```
///
/// Animated emojis and bare pairs of name and id are read too:
///
/// ```
/// use antiphon_discord::{Emoji, model::id::Id};
///
/// let dance = Emoji::Custom { name: Some("dance"), id: Id::new(42) };
/// assert_eq!(Emoji::from("<a:dance:42>"), dance);
/// assert_eq!(Emoji::from("dance:42"), dance);
/// // Without an id there is no guild's own emoji.
/// assert_eq!(Emoji::from(":dance:"), Emoji::Unicode(":dance:"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Emoji<'a> {
    /// A Unicode emoji.
    Unicode(&'a str),
    /// A guild's own.
    Custom {
        /// Its name, if known.
        name: Option<&'a str>,
        /// Its id.
        id: Id<EmojiMarker>,
    },
}

impl<'a> From<&'a str> for Emoji<'a> {
    fn from(text: &'a str) -> Self {
        let bare = text
            .strip_prefix('<')
            .and_then(|text| text.strip_suffix('>'));
        let bare = bare.unwrap_or(text);
        // An animated emoji has `a:` before its name; an emoji named `a` has only the name.
        let bare = bare
            .strip_prefix("a:")
            .filter(|rest| rest.contains(':'))
            .unwrap_or(bare)
            .trim_start_matches(':');
        let custom = bare
            .rsplit_once(':')
            .and_then(|(name, id)| Some((name, id.parse().ok()?)));
        custom.map_or(Self::Unicode(text), |(name, id)| Self::Custom {
            name: Some(name),
            id,
        })
    }
}

impl<'a> From<&'a String> for Emoji<'a> {
    fn from(text: &'a String) -> Self {
        Self::from(text.as_str())
    }
}

impl<'a> From<&'a PartialEmoji> for Emoji<'a> {
    fn from(emoji: &'a PartialEmoji) -> Self {
        let name = emoji.name.as_deref();
        match emoji.id {
            Some(id) => Self::Custom { name, id },
            None => Self::Unicode(name.unwrap_or_default()),
        }
    }
}

impl<'a> From<&'a antiphon_discord_model::Emoji> for Emoji<'a> {
    fn from(emoji: &'a antiphon_discord_model::Emoji) -> Self {
        let name = emoji.name.as_deref();
        match emoji.id {
            Some(id) => Self::Custom { name, id },
            None => Self::Unicode(name.unwrap_or_default()),
        }
    }
}

impl<'a> From<Emoji<'a>> for RequestReactionType<'a> {
    fn from(emoji: Emoji<'a>) -> Self {
        match emoji {
            Emoji::Unicode(name) => Self::Unicode { name },
            Emoji::Custom { name, id } => Self::Custom { id, name },
        }
    }
}

impl Client {
    /// Reacts to a message.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/message#create-reaction)
    ///
    /// Discord refuses an emoji that it does not know with code 10014.
    ///
    /// Needs `READ_MESSAGE_HISTORY`, and `ADD_REACTIONS` unless somebody has reacted with the emoji before; a guild's own emoji
    /// of another guild needs `USE_EXTERNAL_EMOJIS`.
    /// Reacting twice is no error, and a message has at most 20 different reactions.
    ///
    /// ```no_run
    /// # use antiphon_discord::{Client, RequestError, model::Message};
    /// # async fn f(client: Client, message: Message) -> Result<(), RequestError> {
    /// for emoji in ["👍", "👎", "loud:41"] {
    ///     client.create_reaction(message.channel_id, message.id, emoji).await?;
    /// }
    /// let pro = client.reactions(message.channel_id, message.id, "👍").limit(100).await?;
    /// println!("{} in favour", pro.len());
    /// # Ok(()) }
    /// ```
    pub fn create_reaction<'a>(
        &self,
        channel: Id<ChannelMarker>,
        message: Id<MessageMarker>,
        emoji: impl Into<Emoji<'a>>,
    ) -> Call<'_, ()> {
        let emoji = emoji.into().into();
        let builders = self.http().builders();
        let request = builders.create_reaction(channel, message, &emoji);
        Call::new(self.http(), Repeat::Safe, request)
    }

    /// Removes the bot's own reaction.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/message#delete-own-reaction)
    pub fn delete_current_user_reaction<'a>(
        &self,
        channel: Id<ChannelMarker>,
        message: Id<MessageMarker>,
        emoji: impl Into<Emoji<'a>>,
    ) -> Call<'_, ()> {
        let emoji = emoji.into().into();
        let builders = self.http().builders();
        let request = builders.delete_current_user_reaction(channel, message, &emoji);
        Call::new(self.http(), Repeat::Safe, request)
    }

    /// Removes a user's reaction.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/message#delete-user-reaction)
    ///
    /// Needs `MANAGE_MESSAGES`.
    pub fn delete_reaction<'a>(
        &self,
        channel: Id<ChannelMarker>,
        message: Id<MessageMarker>,
        emoji: impl Into<Emoji<'a>>,
        user: Id<UserMarker>,
    ) -> Call<'_, ()> {
        let emoji = emoji.into().into();
        let builders = self.http().builders();
        let request = builders.delete_reaction(channel, message, &emoji, user);
        Call::new(self.http(), Repeat::Safe, request)
    }

    /// Removes all reactions with one emoji.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/message#delete-all-reactions-for-emoji)
    ///
    /// Needs `MANAGE_MESSAGES`. The event is `discord.MESSAGE_REACTION_REMOVE_EMOJI`.
    pub fn delete_all_reaction<'a>(
        &self,
        channel: Id<ChannelMarker>,
        message: Id<MessageMarker>,
        emoji: impl Into<Emoji<'a>>,
    ) -> Call<'_, ()> {
        let emoji = emoji.into().into();
        let builders = self.http().builders();
        let request = builders.delete_all_reaction(channel, message, &emoji);
        Call::new(self.http(), Repeat::Safe, request)
    }

    /// Removes all reactions to a message.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/message#delete-all-reactions)
    ///
    /// Needs `MANAGE_MESSAGES`. The event is `discord.MESSAGE_REACTION_REMOVE_ALL`.
    pub fn delete_all_reactions(
        &self,
        channel: Id<ChannelMarker>,
        message: Id<MessageMarker>,
    ) -> Call<'_, ()> {
        let request = self
            .http()
            .builders()
            .delete_all_reactions(channel, message);
        Call::new(self.http(), Repeat::Safe, request)
    }

    /// Reads the users who reacted with an emoji.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/message#get-reactions)
    ///
    /// Messages have only the counts; the users are read here, a page at a time.
    pub fn reactions<'a>(
        &'a self,
        channel: Id<ChannelMarker>,
        message: Id<MessageMarker>,
        emoji: impl Into<Emoji<'a>>,
    ) -> Reactions<'a> {
        Reactions {
            http: self.http(),
            channel,
            message,
            emoji: emoji.into(),
            after: None,
            limit: None,
            kind: None,
        }
    }
}

/// Users who reacted with an emoji, sorted by id; see [`Client::reactions`].
///
/// The last id of a page is where the next one goes on ([`after`](Self::after)).
///
/// # Errors
///
/// The same as [`Call`]'s.
#[derive(Clone, Copy, Debug)]
#[must_use = "a request is sent when it is awaited"]
pub struct Reactions<'a> {
    http: &'a Http,
    channel: Id<ChannelMarker>,
    message: Id<MessageMarker>,
    emoji: Emoji<'a>,
    after: Option<Id<UserMarker>>,
    limit: Option<u16>,
    kind: Option<ReactionType>,
}

impl Reactions<'_> {
    /// Returns only those with an id above this one.
    pub fn after(mut self, user: Id<UserMarker>) -> Self {
        self.after = Some(user);
        self
    }

    /// Sets the number of results, 1 to 100. Default: 25.
    pub fn limit(mut self, limit: u16) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Selects ordinary or burst reactions. Default: ordinary.
    pub fn kind(mut self, kind: ReactionType) -> Self {
        self.kind = Some(kind);
        self
    }
}

impl<'a> IntoFuture for Reactions<'a> {
    type Output = Result<Vec<User>, RequestError>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        let emoji = self.emoji.into();
        let builders = self.http.builders();
        let mut request = builders.reactions(self.channel, self.message, &emoji);
        if let Some(user) = self.after {
            request = request.after(user);
        }
        if let Some(limit) = self.limit {
            request = request.limit(limit);
        }
        if let Some(kind) = self.kind {
            // Converts to twilight's type; no kind has a larger number.
            request = request.kind(u8::try_from(kind.number()).unwrap_or(u8::MAX).into());
        }
        Call::new(self.http, Repeat::Safe, request).into_future()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, name: &str, id: Option<u64>) {
        let expected = match id {
            Some(id) => Emoji::Custom {
                name: Some(name),
                id: Id::new(id),
            },
            None => Emoji::Unicode(name),
        };
        assert_eq!(Emoji::from(text), expected);
    }

    #[test]
    fn emojis_are_read_as_people_write_them() {
        check("👍", "👍", None);
        check("loud:41", "loud", Some(41));
        check("<:loud:41>", "loud", Some(41));
        check("<a:loud:41>", "loud", Some(41));
        check("a:41", "a", Some(41));
        check("1:0", "1:0", None);
    }
}
