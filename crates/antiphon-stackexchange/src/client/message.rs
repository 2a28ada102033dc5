//! Sending and changing messages (protocol §7.1).

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
    /// # Errors
    /// [`SendError`]. After [`SendError::MayHaveHappened`], look into the history before sending again.
    pub async fn send(&self, text: impl AsRef<str>) -> Result<MessageId, SendError> {
        self.post(text.as_ref(), None).await
    }

    /// Posts a text of any length, in several messages if it needs them, and returns their ids.
    ///
    /// [`Splitter::new`] splits the text; [`Room::send_parts`] takes the parts of another splitter.
    ///
    /// # Errors
    /// [`PartsError`] says which message failed, and which were posted before.
    pub async fn send_long(&self, text: impl AsRef<str>) -> Result<Vec<MessageId>, PartsError> {
        let parts = parted(text.as_ref())?;
        self.send_parts(&parts).await
    }

    /// Replies to a message with a text of any length: the first message is the reply, and the others follow it.
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
    /// # Errors
    /// [`SendError`].
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
    /// # Errors
    /// [`SendError`].
    pub async fn reply_by_id(
        &self,
        to: MessageId,
        text: impl AsRef<str>,
    ) -> Result<MessageId, SendError> {
        self.post(text.as_ref(), Some(to)).await
    }

    /// Posts one message, as a reply if `parent` is given.
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
    /// # Errors
    /// [`ActionError::MayHaveHappened`] if the answer was lost.
    pub async fn star(&self, message: MessageId) -> Result<(), ActionError> {
        self.done(self.act(format!("/messages/{message}/star")), &[])
            .await
    }

    /// Removes the account's own star, by the same toggle as [`Room::star`].
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
    /// # Errors
    /// [`ActionError`].
    pub async fn clear_stars(&self, message: MessageId) -> Result<(), ActionError> {
        let call = self.act(format!("/messages/{message}/unstar"));
        self.done(call.idempotent(), &[]).await
    }

    /// Removes everybody's pins from a message; for room owners.
    ///
    /// # Errors
    /// [`ActionError`].
    pub async fn clear_pins(&self, message: MessageId) -> Result<(), ActionError> {
        let call = self.act(format!("/messages/{message}/unowner-star"));
        self.done(call.idempotent(), &[]).await
    }

    /// Moves messages of this room to another; for room owners.
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
    /// # Errors
    /// [`ActionError`].
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
    /// # Errors
    /// [`ActionError`].
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
