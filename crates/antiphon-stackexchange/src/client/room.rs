//! What can be done in a room (protocol §7).

use std::{borrow::Cow, fmt};

use antiphon_core::{Event, Origin, Position, SourceName};
use jiff::Timestamp;
use serde_json::value::RawValue;

use super::{Client, time};
use crate::{
    config::Config,
    content::Html,
    error::{ActionError, PartsError, RequestError, SendError, TextError},
    event::{MessageEvent, kind_of, room_place},
    history,
    http::{Answer, Call, INVITE},
    model::{
        AccessLevel, AccessSections, Bookmark, EventType, MessageId, MessageVersion, Pingable,
        PresentUser, RoomId, RoomInfo, UserId,
    },
    page::Page,
    split::{Parts, Splitter},
    wire,
};

/// A handle on one room: cheap to clone.
#[derive(Clone)]
pub struct Room {
    client: Client,
    id: RoomId,
}

impl fmt::Debug for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Room").field(&self.id).finish()
    }
}

/// Which part of a room's history to read; the newest 100 messages by default.
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
    /// The newest 100 messages.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets how many messages; at most 500 come at once.
    #[must_use]
    pub fn count(mut self, messages: usize) -> Self {
        self.count = messages.clamp(1, history::PAGE);
        self
    }

    /// Only messages before this one.
    #[must_use]
    pub fn before(mut self, message: MessageId) -> Self {
        self.before = Some(message);
        self
    }

    /// Only messages after this one.
    #[must_use]
    pub fn after(mut self, message: MessageId) -> Self {
        self.after = Some(message);
        self
    }
}

/// Looks whether a text can be sent (protocol §10), in characters.
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

/// What the server's words mean, where they are known (protocol §7.1).
fn meant(words: String) -> ActionError {
    let said = words.to_ascii_lowercase();
    if said.contains("too late") {
        ActionError::TooLate(words)
    } else if said.contains("only edit your own") || said.contains("only delete your own") {
        ActionError::NotYours(words)
    } else if said.contains("been deleted") {
        ActionError::Deleted(words)
    } else {
        ActionError::Refused(words)
    }
}

/// What a failed request means for an action.
fn failed(error: RequestError) -> ActionError {
    match error {
        // An id that never was (protocol §7.1).
        RequestError::NotAnAnswer { status: 302, body } if body.contains("/error") => {
            ActionError::NoSuchMessage
        }
        RequestError::Refused { message, .. } if !message.is_empty() => meant(message),
        error if error.may_have_happened() => ActionError::MayHaveHappened(error),
        error => ActionError::Request(error),
    }
}

/// Whether the server said yes: `"ok"`, or any of the other words that mean it; errors come under 200 too
/// (protocol §11.8).
pub(super) fn done(answer: Result<Answer, RequestError>, also: &[&str]) -> Result<(), ActionError> {
    let answer = answer.map_err(failed)?;
    let words = answer.text();
    let said = words.trim();
    let yes = said.is_empty()
        || said.eq_ignore_ascii_case("ok")
        || also.iter().any(|word| said.contains(word));
    if yes { Ok(()) } else { Err(not_done(&answer)) }
}

/// What an answer that is no yes means: words are a refusal, and anything else says neither yes nor no.
fn not_done(answer: &Answer) -> ActionError {
    if answer.has_words() {
        meant(answer.text())
    } else {
        ActionError::MayHaveHappened(odd())
    }
}

/// An answer of a shape that says neither yes nor no.
fn odd() -> RequestError {
    RequestError::Undecodable {
        source: "it says neither yes nor no".into(),
    }
}

impl Room {
    pub(super) fn new(client: Client, id: RoomId) -> Self {
        Self { client, id }
    }

    /// Its number.
    pub fn id(&self) -> RoomId {
        self.id
    }

    fn act(&self, path: impl Into<String>) -> Call {
        Call::act(path).from(self.id)
    }

    async fn call(&self, call: Call) -> Result<Answer, RequestError> {
        self.client.http().call(call).await
    }

    async fn done(&self, call: Call, also: &[&str]) -> Result<(), ActionError> {
        done(self.call(call).await, also)
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Messages.

    /// Posts a message, and gives its id.
    ///
    /// The text is Markdown if it has one line, and plain if it has several.
    ///
    /// # Errors
    /// [`SendError`]. Where it says that the message may have been posted, look into the history before sending again.
    pub async fn send(&self, text: impl AsRef<str>) -> Result<MessageId, SendError> {
        self.post(text.as_ref(), None).await
    }

    /// Posts a text of any length, in several messages if it needs them, and gives their ids.
    ///
    /// It is split as [`Splitter::new`] does; [`Room::send_parts`] takes what another splitter made.
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

    /// Posts the messages of a long text, one after another, and gives their ids.
    ///
    /// It stops at the first that fails. Other messages of the account or of others may come between.
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

    /// Replies to a message by naming its id beside the text, which stays as it is.
    ///
    /// Whether all three servers take this is not known (assumed).
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
            // Refusals come under 200 as well.
            return Err(not_sent(answer.text()));
        }
        let posted: wire::Posted<'_> = answer.json().map_err(SendError::MayHaveHappened)?;
        if posted.is_twin() {
            return Err(SendError::Duplicate);
        }
        posted
            .message()
            .ok_or_else(|| SendError::MayHaveHappened(odd()))
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

    /// Deletes a message; one that is deleted already counts as done.
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
    /// On the server this toggles: it is never sent twice by itself, and on a message that is starred it unstars.
    ///
    /// # Errors
    /// [`ActionError::MayHaveHappened`] if the answer was lost.
    pub async fn star(&self, message: MessageId) -> Result<(), ActionError> {
        self.done(self.act(format!("/messages/{message}/star")), &[])
            .await
    }

    /// Takes the account's own star back, by the same toggle as [`Room::star`].
    ///
    /// # Errors
    /// [`ActionError::MayHaveHappened`] if the answer was lost.
    pub async fn unstar(&self, message: MessageId) -> Result<(), ActionError> {
        self.star(message).await
    }

    /// Pins a message that is not pinned; for room owners.
    ///
    /// On the server this toggles: it is never sent twice by itself, and on a message that is pinned it unpins.
    ///
    /// # Errors
    /// [`ActionError::MayHaveHappened`] if the answer was lost.
    pub async fn pin(&self, message: MessageId) -> Result<(), ActionError> {
        self.done(self.act(format!("/messages/{message}/owner-star")), &[])
            .await
    }

    /// Takes the account's own pin back, by the same toggle as [`Room::pin`].
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

    /// Moves messages of this room to another; for owners.
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

    /// Bookmarks the conversation between two messages of this room, in any order; they have to differ.
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
        let outcome: wire::Outcome = answer.json().unwrap_or_default();
        if outcome.ok == Some(true) {
            return Ok(Bookmark::titled(self.id, title));
        }
        Err(not_done(&answer))
    }

    /// Removes a bookmark of the account's own.
    ///
    /// # Errors
    /// [`ActionError`].
    pub async fn remove_bookmark(&self, bookmark: &Bookmark) -> Result<(), ActionError> {
        let slug = form_urlencoded::byte_serialize(bookmark.slug.as_bytes()).collect::<String>();
        let path = format!("/conversation/delete/{}/{slug}", bookmark.room_id);
        self.done(self.act(path).idempotent(), &[]).await
    }

    /// Messages of the room's past, the oldest first (protocol §6).
    ///
    /// Deleted ones are among them, without a text. The server gives neither the ids of events nor the room's name there.
    ///
    /// # Errors
    /// [`RequestError`]; an answer without a list is one.
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
        let rows = page.rows.into_iter().map(|(_, body)| body).chain(page.odd);
        let messages = rows.filter_map(|body| {
            let draft = antiphon_core::Draft::new(
                kind_of(EventType::MESSAGE_POSTED.0),
                room_place(self.id),
                Origin::from(""),
                Timestamp::UNIX_EPOCH,
                body,
            );
            let event = Event::stored(Position::ZERO, SourceName::new(""), draft);
            // Of a list, only an object can be a message.
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

    /// A message as it was typed.
    ///
    /// # Errors
    /// [`ActionError::NoSuchMessage`] if there is none, or it was deleted.
    pub async fn message_source(&self, message: MessageId) -> Result<String, ActionError> {
        let call = Call::get(format!("/message/{message}")).field("plain", &true);
        let answer = self.read_message(call).await?;
        Ok(String::from_utf8_lossy(&answer.body).into_owned())
    }

    /// The whole text of a message that was shown cut.
    ///
    /// # Errors
    /// [`ActionError::NoSuchMessage`] if there is none, or it was deleted.
    pub async fn full_text(&self, message: MessageId) -> Result<Html, ActionError> {
        let call = Call::get(format!("/messages/{}/{message}", self.id));
        let answer = self.read_message(call).await?;
        Ok(Html::new(String::from_utf8_lossy(&answer.body)).on(self.client.server()))
    }

    /// The versions of a message, the newest first, as its page shows them.
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
            // Every message has one at least.
            return Err(ActionError::Request(lacks("versions of the message")));
        }
        Ok(versions)
    }

    async fn read_message(&self, call: Call) -> Result<Answer, ActionError> {
        self.call(call).await.map_err(|error| match error {
            error if error.status() == Some(404) => ActionError::NoSuchMessage,
            RequestError::NotAnAnswer { status: 302, .. } => ActionError::NoSuchMessage,
            error => ActionError::Request(error),
        })
    }

    /// The starred messages that the room shows, the first first.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn starred(&self) -> Result<Vec<MessageId>, RequestError> {
        let call = Call::get(format!("/chats/stars/{}", self.id)).field("count", &0);
        let answer = self.call(call).await?;
        Ok(Page::parse(&answer.body)?.starred())
    }

    // -----------------------------------------------------------------------------------------------------------------
    // The room and its people.

    /// Leaves the room; short for [`Client::leave`].
    ///
    /// # Errors
    /// [`RequestError`] if the server could not be told.
    pub async fn leave(&self) -> Result<(), RequestError> {
        self.client.leave(self.id).await
    }

    /// Who is present, by the room's page.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn users(&self) -> Result<Vec<PresentUser>, RequestError> {
        let answer = self.call(Call::get(format!("/rooms/{}", self.id))).await?;
        let present = Page::parse(&answer.body)?.present();
        present.ok_or_else(|| lacks("list of those present"))
    }

    /// Who can be mentioned.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn pingable(&self) -> Result<Vec<Pingable>, RequestError> {
        let call = Call::get(format!("/rooms/pingable/{}", self.id));
        let answer = self.call(call).await?;
        let users: Vec<&RawValue> = answer.json()?;
        let users = users.iter().filter_map(|user| {
            let user: wire::Pingable<'_> = serde_json::from_str(user.get()).ok()?;
            Some(Pingable {
                id: UserId::new(user.0?),
                name: user.1.unwrap_or_default().into_owned(),
                last_seen: time(user.2),
                last_post: time(user.3),
            })
        });
        Ok(users.collect())
    }

    /// Name, description, tags and owners.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn info(&self) -> Result<RoomInfo, RequestError> {
        let answer = self
            .call(Call::get(format!("/rooms/thumbs/{}", self.id)))
            .await?;
        let thumb: wire::Thumb<'_> = answer.json()?;
        let page = Call::get(format!("/rooms/info/{}", self.id)).field("tab", &"general");
        let page = self.call(page).await?;
        let server = self.client.server();
        Ok(RoomInfo {
            id: thumb.id.map_or(self.id, RoomId::new),
            name: thumb.name.unwrap_or_default().into_owned(),
            description: Html::new(thumb.description.unwrap_or_default()).on(server),
            tags: Html::new(thumb.tags.unwrap_or_default()).on(server),
            is_favorite: thumb.is_favorite.unwrap_or_default(),
            owners: Page::parse(&page.body)?.owners(),
        })
    }

    /// Whether the account may post, by the room's page.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn may_post(&self) -> Result<bool, RequestError> {
        let answer = self.call(Call::get(format!("/rooms/{}", self.id))).await?;
        Ok(Page::parse(&answer.body)?.may_post())
    }

    /// Who has which explicit access level.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn access(&self) -> Result<AccessSections, RequestError> {
        let call = Call::get(format!("/rooms/info/{}", self.id))
            .field("tab", &"access")
            .field("users", &"current");
        let answer = self.call(call).await?;
        let access = Page::parse(&answer.body)?.access();
        access.ok_or_else(|| lacks("sections of access levels"))
    }

    /// Sets a user's access level; for owners.
    ///
    /// # Errors
    /// [`ActionError::Refused`] with the server's words.
    pub async fn set_access(&self, user: UserId, level: AccessLevel) -> Result<(), ActionError> {
        let call = self
            .act(format!("/rooms/setuseraccess/{}", self.id))
            .field("aclUserId", &user)
            .field("userAccess", &level.as_str());
        // An empty answer is success (protocol §7.3).
        self.done(call.idempotent(), &[]).await
    }

    /// Kicks a user, who cannot return for a while; for owners.
    ///
    /// # Errors
    /// [`ActionError::Refused`] with the server's words.
    pub async fn kick(&self, user: UserId) -> Result<(), ActionError> {
        let call = self
            .act(format!("/rooms/kickmute/{}", self.id))
            .field("userID", &user);
        let answer = self.call(call).await.map_err(failed)?;
        let told: wire::Told<'_> = answer.json().unwrap_or_default();
        let words = told.message.map(Cow::into_owned);
        let words = words.or_else(|| answer.has_words().then(|| answer.text()));
        match words {
            Some(words) if words.contains("has been kicked") => Ok(()),
            Some(words) => Err(meant(words)),
            None => Err(ActionError::MayHaveHappened(odd())),
        }
    }

    /// Invites a user into the room.
    ///
    /// # Errors
    /// [`ActionError::Refused`] with the server's words.
    pub async fn invite(&self, user: UserId) -> Result<(), ActionError> {
        let call = self
            .act(INVITE)
            .field("UserId", &user)
            .field("RoomId", &self.id);
        // Any text under 200 is the server's confirmation.
        self.call(call).await.map(drop).map_err(failed)
    }

    /// Puts the room in time-out for some seconds: nobody but owners may write; for owners.
    ///
    /// # Errors
    /// [`ActionError::Refused`] with the server's words.
    pub async fn timeout(&self, seconds: u32, reason: &str) -> Result<(), ActionError> {
        let call = self
            .act(format!("/rooms/timeout/{}", self.id))
            .field("duration", &seconds)
            .field("reason", &reason);
        self.done(call, &["timeout", "time-out"]).await
    }

    /// Asks for access to a gallery or private room.
    ///
    /// # Errors
    /// [`ActionError`].
    pub async fn request_access(&self) -> Result<(), ActionError> {
        let call = self
            .act("/rooms/requestaccess")
            .field("roomId", &self.id)
            .idempotent();
        self.call(call).await.map(drop).map_err(failed)
    }

    /// Marks the room as a favourite, or no more: on the server this toggles.
    ///
    /// # Errors
    /// [`ActionError`].
    pub async fn favorite(&self) -> Result<(), ActionError> {
        let call = self.act("/rooms/favorite").field("roomId", &self.id);
        self.call(call).await.map(drop).map_err(failed)
    }
}

/// The page is not the one that was asked for.
fn lacks(what: &str) -> RequestError {
    RequestError::Undecodable {
        source: format!("the page has no {what}").into(),
    }
}

/// What the server's words mean for a message that was not posted.
fn not_sent(words: String) -> SendError {
    let said = words.to_ascii_lowercase();
    if said.contains("frozen") {
        SendError::Frozen(words)
    } else if said.contains("in timeout") || said.contains("in time-out") {
        SendError::RoomTimeout(words)
    } else if said.contains("blocked") || said.contains("suspended") {
        SendError::Blocked(words)
    } else if said.contains("does not exist") || said.contains("permission") {
        SendError::NoSuchRoom(words)
    } else {
        SendError::Refused(words)
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
