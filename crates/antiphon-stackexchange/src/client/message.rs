//! Sending and changing messages (protocol §7.1).
//!
//! Every function here is a write: it waits for its turn behind the account's other writes in all rooms, 100 ms after
//! the one before, and as long as the server's 409 asks, five tries in all (`throttle.rs`). The texts are checked
//! first, so that a text that the server would refuse costs no turn.
//!
//! Three rules decide about a lost answer:
//! - Posting, toggles (star, pin), moving and bookmarking are sent once. A lost answer is `MayHaveHappened`.
//! - Edits, deletions and clearing are idempotent, and are sent once more with a new key if the key was stale.
//! - `{"id":null}` under status 200 is no success but a duplicate (protocol §11.7).

use super::{
    Room,
    answer::{failed, no_verdict, not_done, not_sent},
};
use crate::{
    config::Config,
    error::{ActionError, PartsError, RequestError, SendError, TextError},
    model::{Bookmark, MessageId, RoomId},
    split::{Parts, Splitter},
    wire,
};

/// Checks whether a text can be sent (protocol §10).
///
/// The server counts the characters of a line, and answers 500 if there are too many; a line break lifts the limit and
/// turns Markdown off. Characters are counted here as Unicode scalar values; the splitter counts UTF-16 units, which
/// are never fewer.
fn checked(text: &str) -> Result<&str, TextError> {
    if text.trim().is_empty() {
        return Err(TextError::Empty);
    }
    let is_line = !text.contains(['\n', '\r']);
    let length = text.chars().count();
    if is_line && length > Config::LINE_LENGTH {
        return Err(TextError::TooLong {
            length,
            limit: Config::LINE_LENGTH,
        });
    }
    Ok(text)
}

/// Splits a text with the defaults.
fn parted(text: &str) -> Result<Parts, PartsError> {
    Splitter::new().split(text).map_err(|error| PartsError {
        sent: Vec::new(),
        part: 1,
        parts: 1,
        source: error.into(),
    })
}

impl Room {
    /// Posts a message, and returns its id.
    ///
    /// The text is Markdown if it has one line, and plain if it has several (protocol §9).
    ///
    /// The formatting that a line may have is on the server's page: <https://chat.stackexchange.com/faq#formatting>.
    ///
    /// One request once the account is logged in and has its key. The message comes back as a
    /// [`MessageEvent`](crate::MessageEvent) with this id, so that a handler of messages has to leave out the account's
    /// own.
    ///
    /// # Errors
    /// [`SendError`]. After [`SendError::MayHaveHappened`], look into the history before sending again.
    ///
    /// ```
    /// use antiphon_stackexchange::{self as stackexchange, Account, ActionError, Config, SendError};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let sim = antiphon_sim::Simulator::with_seed(7);
    /// # let bot = sim.stackexchange().account();
    /// # let config = Config::new(Account::new(bot.email, bot.password)).network(sim.network()).clock(sim.clock());
    /// let (client, _source) = stackexchange::connect(config);
    /// let room = client.room(4242);
    /// let message = room.send("the kettle is **on**").await?;
    /// // The same text twice in a row is refused within a minute or so.
    /// assert!(matches!(room.send("the kettle is **on**").await, Err(SendError::Duplicate)));
    ///
    /// room.edit(message, "the kettle was on").await?;
    /// assert_eq!(room.message_source(message).await?, "the kettle was on");
    ///
    /// // Two minutes after it was posted, only a moderator may change a message.
    /// tokio::time::sleep(std::time::Duration::from_secs(130)).await;
    /// assert!(matches!(room.edit(message, "it is cold").await, Err(ActionError::TooLate(_))));
    /// assert!(matches!(room.delete(message).await, Err(ActionError::TooLate(_))));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn send(&self, text: impl AsRef<str>) -> Result<MessageId, SendError> {
        self.post(text.as_ref(), None).await
    }

    /// Posts a text of any length, in several messages if it needs them, and returns their ids.
    ///
    /// [`Splitter::new`] splits the text; [`Room::send_parts`] takes the parts of another splitter.
    ///
    /// Each part is a message of its own and costs a turn; the server's throttle grows with them, so that twenty may
    /// take minutes (protocol §10).
    /// Nothing is posted if the text needs more than 20.
    ///
    /// # Errors
    /// [`PartsError`] says which message failed, and which were posted before.
    ///
    /// ```
    /// use antiphon_stackexchange::{self as stackexchange, Account, Config, Splitter};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let sim = antiphon_sim::Simulator::with_seed(7);
    /// # let bot = sim.stackexchange().account();
    /// # let config = Config::new(Account::new(bot.email, bot.password)).network(sim.network()).clock(sim.clock());
    /// let (client, _source) = stackexchange::connect(config);
    /// let room = client.room(4242);
    /// let ids = room.send_long("tea and biscuits ".repeat(80)).await?;
    /// assert_eq!(ids.len(), 3);
    ///
    /// // A list whose lines keep their Markdown: each line is a message of its own.
    /// let parts = Splitter::new().lines_apart(true).most(5).split("*tea*\n*milk*")?;
    /// assert_eq!(room.send_parts(&parts).await?.len(), 2);
    /// # Ok(())
    /// # }
    /// ```
    pub async fn send_long(&self, text: impl AsRef<str>) -> Result<Vec<MessageId>, PartsError> {
        let parts = parted(text.as_ref())?;
        self.send_parts(&parts).await
    }

    /// Replies to a message with a text of any length: the first message is the reply, and the others follow it.
    ///
    /// Only the first message names the message that it answers; a text of several lines is one message, as in
    /// [`Room::send_long`].
    ///
    /// # Errors
    /// [`PartsError`] says which message failed, and which were posted before.
    pub async fn reply_long(
        &self,
        to: MessageId,
        text: impl AsRef<str>,
    ) -> Result<Vec<MessageId>, PartsError> {
        let parts = parted(&format!(":{to} {}", text.as_ref()))?;
        self.send_parts(&parts).await
    }

    /// Posts the messages of a long text, one after another, and returns their ids.
    ///
    /// The first message that fails ends it. Other messages of the account or of others may come between.
    ///
    /// A program that goes on after an error begins with the message [`PartsError::part`]; [`PartsError::source`] says
    /// whether that one may be there already.
    ///
    /// # Errors
    /// [`PartsError`] says which message failed, and which were posted before.
    pub async fn send_parts(&self, parts: &Parts) -> Result<Vec<MessageId>, PartsError> {
        let mut sent = Vec::with_capacity(parts.len());
        for (index, part) in parts.iter().enumerate() {
            match self.post(part, None).await {
                Ok(message) => sent.push(message),
                Err(source) => {
                    return Err(PartsError {
                        sent,
                        part: index + 1,
                        parts: parts.len(),
                        source,
                    });
                }
            }
        }
        Ok(sent)
    }

    /// Replies to a message by the classic prefix `:<id> `, which shows as `@Name`.
    ///
    /// The prefix counts towards the 500 characters of a line for the server, and the text alone is checked here first,
    /// then the text with its prefix. The author of the other message receives a [`ReplyEvent`](crate::ReplyEvent).
    ///
    /// # Errors
    /// [`SendError`], as [`Room::send`]; the prefix counts towards the length.
    ///
    /// ```
    /// use antiphon_stackexchange::{self as stackexchange, Account, Config, HistoryQuery, MessageId};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let sim = antiphon_sim::Simulator::with_seed(7);
    /// # let bot = sim.stackexchange().account();
    /// # let config = Config::new(Account::new(bot.email, bot.password)).network(sim.network()).clock(sim.clock());
    /// # let question = MessageId::new(sim.stackexchange().say(4242, "teo", "is there tea?"));
    /// let (client, _source) = stackexchange::connect(config);
    /// let room = client.room(4242);
    /// let answer = room.reply(question, "there is").await?;
    /// let messages = room.history(HistoryQuery::new().count(1)).await?;
    /// assert_eq!((messages[0].message_id, messages[0].parent_id), (answer, Some(question)));
    /// assert_eq!(messages[0].content.text(), "@teo there is");
    /// # Ok(())
    /// # }
    /// ```
    pub async fn reply(
        &self,
        to: MessageId,
        text: impl AsRef<str>,
    ) -> Result<MessageId, SendError> {
        let text = checked(text.as_ref())?;
        self.post(&format!(":{to} {text}"), None).await
    }

    /// Replies to a message by its id in a field of its own, so that the text stays as it is.
    ///
    /// All three servers accept this (assumed).
    ///
    /// The web client of 2025 does so, as a maintained Java bot shows (protocol §7.1).
    ///
    /// # Errors
    /// [`SendError`], as [`Room::send`].
    pub async fn reply_by_id(
        &self,
        to: MessageId,
        text: impl AsRef<str>,
    ) -> Result<MessageId, SendError> {
        self.post(text.as_ref(), Some(to)).await
    }

    /// Posts one message, as a reply if `parent` is given.
    ///
    /// A refusal with status 4xx and words is told by its words; another failure is [`SendError::MayHaveHappened`]
    /// unless the request cannot have arrived, was answered by a redirect to an error page, or was refused with 401,
    /// 403, 404 or 410.
    async fn post(&self, text: &str, parent: Option<MessageId>) -> Result<MessageId, SendError> {
        let text = checked(text)?;
        let mut call = self
            .act(format!("/chats/{}/messages/new", self.id))
            .field("text", &text);
        if let Some(parent) = parent {
            call = call.field("parentId", &parent);
        }
        let answer = match self.call(call).await {
            Ok(answer) => answer,
            Err(RequestError::Refused { message, .. }) if !message.is_empty() => {
                return Err(not_sent(message));
            }
            Err(error) if error.may_have_happened() => {
                return Err(SendError::MayHaveHappened(error));
            }
            Err(error) => return Err(SendError::Request(error)),
        };
        if answer.has_words() {
            // Refusals have status 200 as well (protocol §11.8).
            return Err(not_sent(answer.text()));
        }
        let posted: wire::PostAnswer<'_> = answer.json().map_err(SendError::MayHaveHappened)?;
        if posted.is_twin() {
            return Err(SendError::Duplicate);
        }
        posted
            .message()
            .ok_or_else(|| SendError::MayHaveHappened(no_verdict()))
    }

    /// Replaces a message's text.
    ///
    /// The server checks the age when the request arrives, so that an edit that waits for its turn may come too late
    /// (protocol §11.10). The whole text is replaced. An
    /// [`EditEvent`](crate::EditEvent) follows.
    ///
    /// # Errors
    /// [`ActionError::TooLate`] two minutes after it was posted.
    pub async fn edit(&self, message: MessageId, text: impl AsRef<str>) -> Result<(), ActionError> {
        let text = checked(text.as_ref())?;
        let call = self
            .act(format!("/messages/{message}"))
            .field("text", &text);
        self.done(call.idempotent(), &[]).await
    }

    /// Deletes a message; a message that is deleted already is a success.
    ///
    /// A [`DeleteEvent`](crate::DeleteEvent) follows. In the journal it names the message's event,
    /// whose text retention takes out after a grace (24 hours by default).
    ///
    /// # Errors
    /// [`ActionError::TooLate`] two minutes after it was posted.
    pub async fn delete(&self, message: MessageId) -> Result<(), ActionError> {
        let call = self.act(format!("/messages/{message}/delete")).idempotent();
        match self.done(call, &[]).await {
            Err(ActionError::Deleted(_)) => Ok(()),
            outcome => outcome,
        }
    }

    /// Stars a message that the account has not starred.
    ///
    /// The server toggles the star: the request is never sent twice, and it unstars a message that is starred.
    ///
    /// An account has 20 stars a day, from midnight to midnight UTC (protocol §10), and cannot star its own messages
    /// (assumed). Look first if in doubt: [`MessageEvent::message_starred`](crate::MessageEvent) of a
    /// [history](Room::history) says whether the account's star is on.
    ///
    /// # Errors
    /// [`ActionError::MayHaveHappened`] if the answer was lost.
    ///
    /// ```
    /// use antiphon_stackexchange::{self as stackexchange, Account, ActionError, Config, MessageId};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let sim = antiphon_sim::Simulator::with_seed(7);
    /// # let bot = sim.stackexchange().account();
    /// # let config = Config::new(Account::new(bot.email, bot.password)).network(sim.network()).clock(sim.clock());
    /// # let message = MessageId::new(sim.stackexchange().say(4242, "teo", "a fine blend"));
    /// let (client, _source) = stackexchange::connect(config);
    /// let room = client.room(4242);
    /// room.star(message).await?;
    /// assert_eq!(room.starred().await?, [message]);
    ///
    /// // Pins are for owners; each has a call that removes the own one, and one that removes everybody's.
    /// room.pin(message).await?;
    /// assert!(room.message_history(message).await?[0].is_pinned);
    /// room.unpin(message).await?;
    /// room.clear_stars(message).await?;
    /// assert_eq!(room.starred().await?, []);
    ///
    /// let own = room.send("my own").await?;
    /// assert!(matches!(room.star(own).await, Err(ActionError::Refused(_))));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn star(&self, message: MessageId) -> Result<(), ActionError> {
        self.done(self.act(format!("/messages/{message}/star")), &[])
            .await
    }

    /// Removes the account's own star, by the same toggle as [`Room::star`].
    ///
    /// The server keeps old stars: it removes a star only for a while after it was given, and nobody has written down
    /// how long.
    ///
    /// # Errors
    /// [`ActionError::MayHaveHappened`] if the answer was lost.
    pub async fn unstar(&self, message: MessageId) -> Result<(), ActionError> {
        self.star(message).await
    }

    /// Pins a message that is not pinned; for room owners.
    ///
    /// The server toggles the pin: the request is never sent twice, and it unpins a message that is pinned.
    ///
    /// Everybody in the room receives a
    /// [`MessageStarredEvent`](crate::MessageStarredEvent).
    ///
    /// # Errors
    /// [`ActionError::MayHaveHappened`] if the answer was lost.
    pub async fn pin(&self, message: MessageId) -> Result<(), ActionError> {
        self.done(self.act(format!("/messages/{message}/owner-star")), &[])
            .await
    }

    /// Removes the account's own pin, by the same toggle as [`Room::pin`].
    ///
    /// # Errors
    /// [`ActionError::MayHaveHappened`] if the answer was lost.
    pub async fn unpin(&self, message: MessageId) -> Result<(), ActionError> {
        self.pin(message).await
    }

    /// Removes everybody's stars from a message; for room owners.
    ///
    /// The call is idempotent. One request.
    ///
    /// # Errors
    /// [`ActionError::Refused`] if the account is no owner of the room; [`ActionError::NoSuchMessage`]; or a failed
    /// request.
    pub async fn clear_stars(&self, message: MessageId) -> Result<(), ActionError> {
        let call = self.act(format!("/messages/{message}/unstar"));
        self.done(call.idempotent(), &[]).await
    }

    /// Removes everybody's pins from a message; for room owners.
    ///
    /// # Errors
    /// [`ActionError::Refused`] if the account is no owner of the room; [`ActionError::NoSuchMessage`]; or a failed
    /// request.
    pub async fn clear_pins(&self, message: MessageId) -> Result<(), ActionError> {
        let call = self.act(format!("/messages/{message}/unowner-star"));
        self.done(call.idempotent(), &[]).await
    }

    /// Moves messages of this room to another; for room owners.
    ///
    /// Both rooms receive a notice as a message, the source a [`MessageMovedOut`](crate::MessageMovedOut) for each
    /// message, and the destination a [`MessageMovedIn`](crate::MessageMovedIn). The server answers only how many it
    /// moved, not which.
    ///
    /// # Errors
    /// [`ActionError::Partly`] if the server moved another number than asked for.
    pub async fn move_messages(
        &self,
        messages: impl IntoIterator<Item = MessageId>,
        to: RoomId,
    ) -> Result<(), ActionError> {
        let ids: Vec<String> = messages.into_iter().map(|id| id.to_string()).collect();
        if ids.is_empty() {
            return Err(ActionError::Impossible("there is no message to move"));
        }
        let call = self
            .act(format!("/admin/movePosts/{}", self.id))
            .field("ids", &ids.join(","))
            .field("to", &to);
        let answer = self.call(call).await.map_err(failed)?;
        let words = answer.text();
        let Ok(moved) = words.parse::<usize>() else {
            return Err(not_done(&answer));
        };
        if moved == ids.len() {
            return Ok(());
        }
        Err(ActionError::Partly {
            asked: ids.len(),
            done: moved,
        })
    }

    /// Bookmarks the conversation between two different messages of this room, in any order (protocol §7.3).
    ///
    /// Everybody finds it in the room's list of bookmarks. A user with less than 100 reputation cannot make one ([MSE
    /// 87773](https://meta.stackexchange.com/q/87773)). Two equal messages are [`ActionError::Impossible`], without a
    /// request.
    ///
    /// # Errors
    /// [`ActionError::Impossible`] for one message twice; [`ActionError::Refused`] with the server's words;
    /// [`ActionError::MayHaveHappened`] if the answer was lost.
    ///
    /// ```
    /// use antiphon_stackexchange::{self as stackexchange, Account, ActionError, Config, RoomId};
    /// # use antiphon_stackexchange::MessageId;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let sim = antiphon_sim::Simulator::with_seed(7);
    /// # let bot = sim.stackexchange().account();
    /// # let config = Config::new(Account::new(bot.email, bot.password)).network(sim.network()).clock(sim.clock());
    /// # let first = MessageId::new(sim.stackexchange().say(4242, "teo", "what is tea?"));
    /// # let last = MessageId::new(sim.stackexchange().say(4242, "mira", "leaves"));
    /// let (client, _source) = stackexchange::connect(config);
    /// let room = client.room(4242);
    /// let bookmark = room.bookmark("What is tea?", first, last).await?;
    /// assert_eq!(bookmark.slug, "what-is-tea");
    /// room.remove_bookmark(&bookmark).await?;
    ///
    /// // Owners move messages; a part that was not moved is an error with both numbers.
    /// room.move_messages([first], RoomId::new(17)).await?;
    /// let again = room.move_messages([first, last], RoomId::new(17)).await;
    /// assert!(matches!(again, Err(ActionError::Partly { asked: 2, done: 1 })));
    /// # Ok(())
    /// # }
    /// ```
    pub async fn bookmark(
        &self,
        title: &str,
        first: MessageId,
        last: MessageId,
    ) -> Result<Bookmark, ActionError> {
        if first == last {
            return Err(ActionError::Impossible(
                "a conversation has two messages at least",
            ));
        }
        let call = self
            .act("/conversation/new")
            .field("roomId", &self.id)
            .field("firstMessageId", &first)
            .field("lastMessageId", &last)
            .field("title", &title);
        let answer = self.call(call).await.map_err(failed)?;
        let outcome: wire::BookmarkAnswer = answer.json().unwrap_or_default();
        if outcome.ok.0 == Some(true) {
            return Ok(Bookmark::titled(self.id, title));
        }
        Err(not_done(&answer))
    }

    /// Removes one of the account's own bookmarks.
    ///
    /// A bookmark that is not there is an error. [`Bookmark::titled`] makes the value for one of an earlier run.
    ///
    /// # Errors
    /// [`ActionError::Refused`] with the server's words, such as for another user's; or a failed request.
    pub async fn remove_bookmark(&self, bookmark: &Bookmark) -> Result<(), ActionError> {
        let slug = form_urlencoded::byte_serialize(bookmark.slug.as_bytes()).collect::<String>();
        let path = format!("/conversation/delete/{}/{slug}", bookmark.room_id);
        self.done(self.act(path).idempotent(), &[]).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_checked_before_it_is_sent() {
        assert_eq!(checked(" \n"), Err(TextError::Empty));
        assert!(checked(&"ä".repeat(500)).is_ok());
        assert_eq!(
            checked(&"x".repeat(501)),
            Err(TextError::TooLong {
                length: 501,
                limit: 500
            })
        );
        assert!(checked(&("x".repeat(600) + "\ny")).is_ok());
    }

    #[test]
    fn a_bookmark_keeps_its_dashes() {
        let bookmark = Bookmark::titled(RoomId::new(1), "What's new, in Tea?");
        assert_eq!(bookmark.slug, "whats-new-in-tea");
    }
}
