//! A room: handle, presence and chat.

mod members;
mod moderation;
mod queue;

use std::{ops::Deref, sync::Arc, time::Duration};

use jiff::Timestamp;
use serde_json::json;

pub use self::moderation::{AuditEntry, RoomSettings};
use super::{Client, parse};
use crate::{
    config::Config,
    error::{ActionError, RequestError, SendError},
    http::{Call, Limit, step},
    model::{ChatId, Message, Presence, RoomInfo},
    session::Command,
    text, wire,
};

/// Time for the echo of a message, where the answer to sending it names no id.
const ECHO_WITHIN: Duration = Duration::from_secs(5);

/// A room, with its chat, moderation, queue and settings.
///
/// It derefs to the [`RoomInfo`] of the time when the handle was made; [`Client::room`] gives a fresh one.
///
/// ```no_run
/// use antiphon_queup::{Client, DubType, Role, SendError};
///
/// # async fn example(client: &Client) -> Result<(), Box<dyn std::error::Error>> {
/// let room = client.join_room("choir-loft").await?;
/// match room.send_message("good evening").await {
///     Ok(message) => println!("said as {}", message.id),
///     Err(SendError::TooLong { pieces, allowed }) => println!("{pieces} pieces, {allowed} are allowed"),
///     Err(error) => return Err(error.into()),
/// }
///
/// // The queue, and a vote on the playing song.
/// room.queue_song("youtube", "dQw4w9WgXcQ").await?;
/// if let Some(song) = room.fetch_active_song().await? {
///     room.dub(&song.id, &DubType::UpDub).await?;
/// }
///
/// // Moderation, as far as the account's role allows it.
/// let me = client.me().and_then(|me| client.member(&room.id, &me.id));
/// if me.is_some_and(|member| member.role() == Some(&Role::Moderator)) {
///     let teo = client.fetch_user("teo").await?;
///     room.mute(&teo.id).await?;
///     room.set_slow_mode(true).await?;
/// }
/// room.leave().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Room {
    pub(super) client: Client,
    pub(super) info: Arc<RoomInfo>,
}

impl Deref for Room {
    type Target = RoomInfo;

    fn deref(&self) -> &RoomInfo {
        &self.info
    }
}

impl Room {
    fn path(&self, rest: &str) -> String {
        format!("/room/{}{rest}", step(self.id.as_str()))
    }

    fn rtc_form(&self) -> [(&'static str, &str); 1] {
        [("realTimeChannel", self.rtc.as_str())]
    }

    async fn done(&self, call: Call) -> Result<(), RequestError> {
        self.client.call(call).await.map(drop)
    }

    /// Leaves the room, which is not joined again by itself.
    ///
    /// # Errors
    /// [`ActionError`] if the room is not joined, there is no socket, or the request failed.
    pub async fn leave(&self) -> Result<(), ActionError> {
        let room = self.id.clone();
        let make = |reply| Command::Leave { room, reply };
        self.client
            .command(make, self.client.shared.action_timeout)
            .await?
    }

    /// Changes the own presence in the room.
    ///
    /// # Errors
    /// [`ActionError`] if the room is not joined, there is no socket, or the request failed.
    pub async fn change_presence(&self, presence: Presence) -> Result<(), ActionError> {
        let room = self.id.clone();
        let make = |reply| Command::Presence {
            room,
            presence,
            reply,
        };
        self.client
            .command(make, self.client.shared.action_timeout)
            .await?
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Chat.

    /// Sends a message to the room; gives the message, or the first of its pieces.
    ///
    /// The text is trimmed, and cut into pieces of [`Config::CHAT_LENGTH`] characters at white space where possible;
    /// more than [`Config::chat_pieces`] of them are refused before anything is sent.
    /// If the server's answer names no id, the message's echo on the socket has it; without an echo the id is made from
    /// user and time, as the server makes it.
    ///
    /// # Errors
    /// [`SendError`] if the text is empty or too long, or the request failed.
    pub async fn send_message(&self, text: &str) -> Result<Message, SendError> {
        let mut sent = self.send_pieces(text).await?;
        Ok(sent.swap_remove(0))
    }

    /// Sends a message to the room as [`Room::send_message`] does; gives every piece.
    ///
    /// A message whose answer was lost counts as sent if its echo is heard within 5 seconds.
    ///
    /// # Errors
    /// [`SendError`] if the text is empty or too long, or the request failed.
    pub async fn send_pieces(&self, text: &str) -> Result<Vec<Message>, SendError> {
        let pieces = text::split(text, Config::CHAT_LENGTH);
        let allowed = self.client.shared.chat_pieces;
        if pieces.is_empty() {
            return Err(SendError::Empty);
        }
        if pieces.len() > allowed {
            return Err(SendError::TooLong {
                pieces: pieces.len(),
                allowed,
            });
        }
        let mut sent = Vec::with_capacity(pieces.len());
        for piece in pieces {
            sent.push(self.send_piece(piece).await.map_err(SendError::Request)?);
        }
        Ok(sent)
    }

    async fn send_piece(&self, piece: &str) -> Result<Message, RequestError> {
        let time = self.client.shared.clock.now();
        let call = Call::post(format!("/chat/{}", step(self.id.as_str())))
            .limit(Limit::Chat)
            .json(json!({
                "type": "chat-message",
                "realTimeChannel": self.rtc,
                "time": time.as_millisecond(),
                "message": text::escape(piece),
            }));
        let answer = self.client.call(call).await;
        let mut message = match &answer {
            Ok(data) => {
                Message::from(serde_json::from_slice::<wire::Chat<'_>>(data).unwrap_or_default())
            }
            Err(error) if error.may_have_arrived() => Message::default(),
            Err(_) => return answer.map(|_| Message::default()),
        };
        if message.content.is_empty() {
            piece.clone_into(&mut message.content);
        }
        message.created_at.get_or_insert(time);
        message.room = Some(self.id.clone());
        if message.author.username.is_empty()
            && let Some(me) = self.client.me()
        {
            message.author = me.user;
        }
        if message.id.is_empty() {
            // An earlier message may have had the same text: without an answer the time alone identifies it.
            let text = if answer.is_ok() { piece } else { "" };
            let heard = self.echo(text, time).await;
            message.id = match (heard, answer) {
                (Some(id), _) => id,
                (None, Err(error)) => return Err(error),
                (None, Ok(_)) => format!("{}-{}", message.author.id, time.as_millisecond()).into(),
            };
        }
        Ok(message)
    }

    /// Waits for the id of a message whose answer named none.
    async fn echo(&self, text: &str, time: Timestamp) -> Option<ChatId> {
        let (room, text, time) = (self.id.clone(), text.to_owned(), time.as_millisecond());
        let make = |reply| Command::Echo {
            room,
            time,
            text,
            reply,
        };
        self.client.command(make, ECHO_WITHIN).await.ok()
    }

    /// Fetches the last messages, oldest first; QueUp has one page of them.
    ///
    /// # Errors
    /// [`RequestError`] if the request failed.
    pub async fn chat_history(&self) -> Result<Vec<Message>, RequestError> {
        let call = Call::get(format!("/chat/{}", step(self.id.as_str())));
        let data = self.client.call(call).await?;
        let list: wire::List<wire::Chat<'_>> = parse(&data)?;
        let mut messages: Vec<Message> = list
            .0
            .into_iter()
            .filter(|row| row.message.is_some())
            .map(|row| {
                let mut message = Message::from(row);
                message.room = Some(self.id.clone());
                message
            })
            .collect();
        messages.sort_by_key(|message| message.created_at);
        Ok(messages)
    }

    /// Deletes a message.
    ///
    /// # Errors
    /// [`RequestError::Refused`] if the right is missing.
    pub async fn delete_message(&self, message: &ChatId) -> Result<(), RequestError> {
        let path = format!(
            "/chat/{}/{}",
            step(self.id.as_str()),
            step(message.as_str())
        );
        self.done(Call::delete(path)).await
    }
}
