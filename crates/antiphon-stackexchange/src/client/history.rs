//! Reading a room's past (protocol §6, §7).
//!
//! These functions read for the program, at its own pace and into its own hands: nothing of what they return goes to
//! the journal. The history that fills holes of the stream is read by the source through `history.rs`, with the same
//! pages.

use antiphon_core::{Event, Origin, Position, SourceName};
use jiff::Timestamp;

use super::{Room, answer::lacks};
use crate::{
    content::Html,
    error::{ActionError, RequestError},
    event::{MessageEvent, kind_of, room_place},
    history,
    http::{Answer, Call},
    model::{EventType, MessageId, MessageVersion},
    page::Page,
};

/// A part of a room's history. Default: the newest 100 messages.
///
/// The server has a second mode, of events of every kind, but only for the newest 500; this query asks for messages,
/// which go back to the room's first.
///
/// ```no_run
/// use antiphon_stackexchange::{HistoryQuery, Room};
///
/// /// Prints the last 1,000 messages of a room, the newest page first.
/// async fn print(room: &Room) -> Result<(), Box<dyn std::error::Error>> {
///     let mut query = HistoryQuery::new().count(500);
///     for _ in 0..2 {
///         let messages = room.history(query).await?;
///         for message in &messages {
///             println!("{}: {}", message.user_name, message.content.text());
///         }
///         let Some(oldest) = messages.first() else { break };
///         query = query.before(oldest.message_id);
///     }
///     Ok(())
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HistoryQuery {
    count: usize,
    before: Option<MessageId>,
    after: Option<MessageId>,
}

impl Default for HistoryQuery {
    fn default() -> Self {
        Self {
            count: 100,
            before: None,
            after: None,
        }
    }
}

impl HistoryQuery {
    /// A query for the newest 100 messages.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the number of messages, from 1 to 500. Default: 100.
    ///
    /// The server's own limit is 500 (protocol §10); a number beyond the range becomes its nearest end.
    #[must_use]
    pub fn count(mut self, messages: usize) -> Self {
        self.count = messages.clamp(1, history::PAGE);
        self
    }

    /// Asks only for messages before this one.
    ///
    /// The message itself is not among them. To read backwards, pass the id of the oldest message of the page before.
    #[must_use]
    pub fn before(mut self, message: MessageId) -> Self {
        self.before = Some(message);
        self
    }

    /// Asks only for messages after this one.
    ///
    /// The message itself is not among them. Which end of a long stretch the server then gives is not known (assumed:
    /// its newest).
    #[must_use]
    pub fn after(mut self, message: MessageId) -> Self {
        self.after = Some(message);
        self
    }
}

impl Room {
    /// Fetches messages of the room's past, the oldest first (protocol §6).
    ///
    /// Deleted messages are among them, without a text. The server sends neither event ids nor the room's name there.
    ///
    /// The counters and the text are those of now, not of the time of posting. Rows have facts that no socket tells:
    /// whether the account itself has starred, pinned or flagged the message. One request.
    ///
    /// # Errors
    /// [`RequestError::NotAnAnswer`] or [`RequestError::Refused`] with status 404 for a room that does not exist or is
    /// closed to the account; [`RequestError::Undecodable`] for an answer without a list; and those of every request.
    ///
    /// ```
    /// use antiphon_stackexchange::{self as stackexchange, Account, Config, HistoryQuery};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let sim = antiphon_sim::Simulator::with_seed(7);
    /// # let bot = sim.stackexchange().account();
    /// # let config = Config::new(Account::new(bot.email, bot.password)).network(sim.network()).clock(sim.clock());
    /// # for number in 1..=30 { sim.stackexchange().say(4242, "teo", &format!("cup {number}")); }
    /// let (client, _source) = stackexchange::connect(config);
    /// let room = client.room(4242);
    /// // Backwards, page by page, until there is nothing older.
    /// let mut query = HistoryQuery::new().count(20);
    /// let mut texts = Vec::new();
    /// loop {
    ///     let page = room.history(query).await?;
    ///     let Some(oldest) = page.first() else { break };
    ///     query = query.before(oldest.message_id);
    ///     texts.splice(0..0, page.iter().map(|message| message.content.text()));
    /// }
    /// assert_eq!((texts.len(), &*texts[0], &*texts[29]), (30, "cup 1", "cup 30"));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn history(&self, query: HistoryQuery) -> Result<Vec<MessageEvent>, RequestError> {
        let mut call = Call::ask(format!("/chats/{}/events", self.id))
            .from(self.id)
            .field("since", &0)
            .field("mode", &"Messages")
            .field("msgCount", &query.count);
        if let Some(before) = query.before {
            call = call.field("before", &before);
        }
        if let Some(after) = query.after {
            call = call.field("after", &after);
        }
        let page = history::messages(self.client.http(), call).await?;
        let rows = page
            .rows
            .into_iter()
            .map(|(_, body)| body)
            .chain(page.malformed);
        let messages = rows.filter_map(|body| {
            let draft = antiphon_core::Draft::new(
                kind_of(EventType::MESSAGE_POSTED.0),
                room_place(self.id),
                Origin::from(""),
                Timestamp::UNIX_EPOCH,
                body,
            );
            let event = Event::stored(Position::ZERO, SourceName::new(""), draft);
            // Only an element that is an object can be a message.
            let mut message = MessageEvent::of(&event).ok()?;
            message.content = message.content.on(self.client.server());
            Some(message)
        });
        let mut messages: Vec<MessageEvent> = messages.collect();
        messages.sort_by_key(|message| {
            let id = message.message_id.get();
            (id == 0, id)
        });
        Ok(messages)
    }

    /// Fetches a message as it was typed.
    ///
    /// It is the Markdown, or the lines, that the author typed, without an edit's earlier versions. One request.
    ///
    /// # Errors
    /// [`ActionError::NoSuchMessage`] if there is none, or it was deleted.
    pub async fn message_source(&self, message: MessageId) -> Result<String, ActionError> {
        let call = Call::get(format!("/message/{message}")).field("plain", &true);
        let answer = self.read_message(call).await?;
        Ok(String::from_utf8_lossy(&answer.body).into_owned())
    }

    /// Fetches the whole text of a message that the server cut ([`Html::is_partial`]).
    ///
    /// One request, needed only where [`Html::is_partial`] says so: the server cuts long texts of several lines.
    ///
    /// # Errors
    /// [`ActionError::NoSuchMessage`] if there is none, or it was deleted.
    ///
    /// ```
    /// use antiphon_stackexchange::{MessageEvent, Room};
    ///
    /// /// The whole text of a message, with one more request if the server cut it.
    /// async fn whole(message: &MessageEvent, room: &Room) -> Result<String, Box<dyn std::error::Error>> {
    ///     if message.content.is_partial() {
    ///         return Ok(room.full_text(message.message_id).await?.text());
    ///     }
    ///     Ok(message.content.text())
    /// }
    /// ```
    pub async fn full_text(&self, message: MessageId) -> Result<Html, ActionError> {
        let call = Call::get(format!("/messages/{}/{message}", self.id));
        let answer = self.read_message(call).await?;
        Ok(Html::new(String::from_utf8_lossy(&answer.body)).on(self.client.server()))
    }

    /// Fetches the versions of a message, the newest first, as its page shows them.
    ///
    /// A message that was never edited has one version. One request, of a page of HTML.
    ///
    /// # Errors
    /// [`ActionError::NoSuchMessage`] if there is none, or it was deleted and is not the account's.
    pub async fn message_history(
        &self,
        message: MessageId,
    ) -> Result<Vec<MessageVersion>, ActionError> {
        let call = Call::get(format!("/messages/{message}/history"));
        let answer = self.read_message(call).await?;
        let page = Page::parse(&answer.body).map_err(ActionError::Request)?;
        let versions = page.versions();
        if versions.is_empty() {
            // Every message has at least one version.
            return Err(ActionError::Request(lacks("versions of the message")));
        }
        Ok(versions)
    }

    /// Reads a page or text of a message.
    ///
    /// An unknown message is a redirect to an error page on one path and 404 on another (protocol §7.1).
    async fn read_message(&self, call: Call) -> Result<Answer, ActionError> {
        self.call(call).await.map_err(|error| match error {
            error if error.status() == Some(404) => ActionError::NoSuchMessage,
            RequestError::NotAnAnswer { status: 302, .. } => ActionError::NoSuchMessage,
            error => ActionError::Request(error),
        })
    }

    /// Fetches the starred messages of the room, in the order in which it shows them.
    ///
    /// One request; `count=0` asks for all of them (assumed).
    ///
    /// # Errors
    /// [`RequestError::Undecodable`] for a page beyond the limits of HTML; otherwise those of every request. A room
    /// that does not exist has status 404.
    pub async fn starred(&self) -> Result<Vec<MessageId>, RequestError> {
        let call = Call::get(format!("/chats/stars/{}", self.id)).field("count", &0);
        let answer = self.call(call).await?;
        Ok(Page::parse(&answer.body)?.starred())
    }
}
