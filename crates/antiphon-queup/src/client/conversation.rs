//! Private conversations, and requests about them (protocol §4.6).
//!
//! QueUp sends a notice without text (`new-message`), so that the text must be fetched. A conversation is known from
//! the list that the source fetches at the start, from a fetch of one's own, or from the notice itself: the source then
//! fetches the list before it emits the notice.
//!
//! Nothing of a conversation is stored but its notices and lists: its messages are in the cache alone.

use std::{ops::Deref, sync::Arc};

use serde_json::json;

use super::{Client, parse};
use crate::{
    error::{RequestError, SendError},
    http::{Call, Limit, step},
    model::{ConversationInfo, Message, PrivateMessageId, User, UserId},
    text, wire,
};

/// A private conversation.
///
/// It derefs to the [`ConversationInfo`] of the time when the handle was made.
///
/// # Examples
/// ```no_run
/// use antiphon_queup::{Client, PrivateMessage};
///
/// # async fn example(client: &Client, news: PrivateMessage) -> Result<(), Box<dyn std::error::Error>> {
/// // The event has no text: it is fetched.
/// if let Some(conversation) = client.conversation(&news.conversation) {
///     let newest = conversation.fetch().await?.into_iter().next();
///     let message = newest.and_then(|id| client.message(&id.as_str().into()));
///     println!("{:?}", message.map(|message| message.content.clone()));
///     conversation.mark_as_read().await?;
///     conversation.send_message("thank you").await?;
/// }
/// # Ok(())
/// # }
/// ```
///
/// Against the simulator:
///
/// ```
/// use antiphon_queup::{self as queup, Account, Config};
/// use antiphon_sim::Simulator;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sim = Simulator::with_seed(7);
/// let bot = sim.queup().account();
/// let config = Config::new(Account::new(bot.email, bot.password)).network(sim.network()).clock(sim.clock());
/// let (client, _source) = queup::connect(config);
/// client.login().await?;
///
/// sim.queup().whisper("mira", "antiphon", "are you there?");
/// let conversation = client.fetch_conversations().await?.into_iter().next().expect("the one with mira");
/// assert_eq!(conversation.recipients()[0].username, "mira");
/// let newest = conversation.fetch().await?.into_iter().next().expect("a message");
/// let message = client.message(&newest.as_str().into()).expect("it was just fetched");
/// assert_eq!(message.content, "are you there?");
/// conversation.send_message("always").await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Conversation {
    pub(super) client: Client,
    /// As it was known when the handle was made.
    pub(super) info: Arc<ConversationInfo>,
}

impl Deref for Conversation {
    type Target = ConversationInfo;

    fn deref(&self) -> &ConversationInfo {
        &self.info
    }
}

impl Conversation {
    fn path(&self, rest: &str) -> String {
        format!("/message/{}{rest}", step(self.id.as_str()))
    }

    /// Participants of the conversation without the own account. A participant of whom QueUp sent only the id has the
    /// name that is cached, or none.
    pub fn recipients(&self) -> Vec<User> {
        let cache = self.client.shared.cache.read();
        let me = cache.me.as_ref().map(|me| &me.id);
        let others = self.users.iter().filter(|user| Some(&user.id) != me);
        let others = others.map(|user| match cache.users.get(&user.id) {
            // QueUp sometimes sends ids only.
            Some(known) if user.username.is_empty() => (**known).clone(),
            _ => user.clone(),
        });
        others.collect()
    }

    /// Fetches the messages and gives their ids, newest first; [`Client::message`] gives the messages.
    ///
    /// One request, for one page of messages. It also refreshes `latest_message_str` of the cached conversation. The
    /// cache keeps 512 private messages, of all conversations together.
    ///
    /// # Errors
    /// [`RequestError`] if the request failed.
    pub async fn fetch(&self) -> Result<Vec<PrivateMessageId>, RequestError> {
        let data = self.client.call(Call::get(self.path(""))).await?;
        let list: wire::List<wire::PrivateRow<'_>> = parse(&data)?;
        let messages: Vec<Message> = list.0.into_iter().map(Message::from).collect();
        let ids = messages.iter().map(|message| message.id.as_str().into());
        let ids = ids.collect();
        let mut cache = self.client.shared.cache.write();
        if let Some(latest) = messages.first() {
            let mut info = (*self.info).clone();
            info.latest_message_str.clone_from(&latest.content);
            info.latest_message = latest.created_at.or(info.latest_message);
            cache.put_conversation(info);
        }
        for message in messages {
            cache.put_private(message);
        }
        Ok(ids)
    }

    /// Whether the user had read the conversation when it was fetched. A later message makes it unread again.
    pub fn has_read(&self, user: &UserId) -> bool {
        self.users_read.contains(user)
    }

    /// Marks the conversation as read by the own account.
    ///
    /// # Errors
    /// [`RequestError`] if the request failed.
    pub async fn mark_as_read(&self) -> Result<(), RequestError> {
        let data = self.client.call(Call::post(self.path("/read"))).await?;
        let wire: wire::Conversation<'_> = antiphon_core::read_json(&data).unwrap_or_default();
        let answer = ConversationInfo::from(wire);
        let mut info = (*self.info).clone();
        if answer.users_read.is_empty() {
            info.users_read
                .extend(self.client.me().map(|me| me.id.clone()));
        } else {
            info.users_read = answer.users_read;
        }
        self.client.shared.cache.write().put_conversation(info);
        Ok(())
    }

    /// Sends a message to the conversation.
    ///
    /// It is trimmed and escaped, and counts against the limit of chat messages. QueUp's bound on its length is not
    /// known, and none is applied here.
    ///
    /// # Errors
    /// [`SendError::Empty`] without text; [`SendError::Request`] if the request failed.
    pub async fn send_message(&self, text: &str) -> Result<(), SendError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(SendError::Empty);
        }
        let me = self.client.me().map(|me| me.id.clone());
        let call = Call::post(self.path("")).limit(Limit::Chat).json(json!({
            "message": text::escape(text),
            "userid": me.unwrap_or_default(),
            "time": self.client.shared.clock.now().as_millisecond(),
        }));
        // The answer has another shape than a fetched message, and is not needed.
        self.client
            .call(call)
            .await
            .map(drop)
            .map_err(SendError::Request)
    }
}

impl Client {
    /// Fetches the account's conversations.
    ///
    /// The source does so once by itself, unless [`Config::recent_conversations`](crate::Config::recent_conversations)
    /// is off.
    ///
    /// # Errors
    /// [`RequestError`] if the request failed.
    pub async fn fetch_conversations(&self) -> Result<Vec<Conversation>, RequestError> {
        let data = self.call(Call::get("/message")).await?;
        let list: wire::List<wire::Conversation<'_>> = parse(&data)?;
        let mut cache = self.shared.cache.write();
        let known = list
            .0
            .into_iter()
            .map(|row| cache.put_conversation(row.into()));
        let known: Vec<_> = known.collect();
        drop(cache);
        let handles = known.into_iter().map(|info| Conversation {
            client: self.clone(),
            info,
        });
        Ok(handles.collect())
    }

    /// Opens a conversation with up to ten users, or gives the existing one with them (protocol §4.6).
    ///
    /// It sends no message. [`User::open_conversation`](crate::User::open_conversation) looks into the cache first.
    ///
    /// # Errors
    /// [`RequestError`] if the request failed; QueUp refuses more than ten users.
    pub async fn open_conversation(&self, users: &[UserId]) -> Result<Conversation, RequestError> {
        let fields = users.iter().map(|user| ("usersid[]", user.as_str()));
        let data = self.call(Call::post("/message").form(fields)).await?;
        let info = ConversationInfo::from(parse::<wire::Conversation<'_>>(&data)?);
        let info = self.shared.cache.write().put_conversation(info);
        Ok(Conversation {
            client: self.clone(),
            info,
        })
    }

    /// Fetches the number of conversations with unread messages.
    ///
    /// # Errors
    /// [`RequestError`] if the request failed.
    pub async fn unread(&self) -> Result<i64, RequestError> {
        let data = self.call(Call::get("/message/new")).await?;
        // A number, or one in a string.
        let text: String = parse::<serde_json::Value>(&data)?
            .to_string()
            .trim_matches('"')
            .into();
        text.parse()
            .map_err(|_| RequestError::Undecodable("not a number".into()))
    }
}
