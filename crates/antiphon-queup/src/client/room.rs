//! A room: handle, presence and chat.
//!
//! Joining is the client's ([`Client::join_room`]); everything that happens in a room is here. `members.rs`,
//! `moderation.rs` and `queue.rs` have the rest of its methods.
//!
//! # Sending a message
//! 1. The text is trimmed and cut into pieces of 255 characters, before it is escaped, so that no escape is cut in two
//!    (protocol §9, 15).
//! 2. Each piece is one request, one at a time over the whole account.
//! 3. The answer may name the message's id. If not, or if the answer was lost, the echo on the socket has it: every
//!    message comes back to its author.
//! 4. Without an echo within 5 s, a lost answer is an error, and an answer without an id gives an id made of user and
//!    time, as the server makes it.

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
    model::{ChatId, Message, Presence, RoomId, RoomInfo},
    relay,
    session::Command,
    text, wire,
};

/// Time for the echo of a message, where the answer to sending it names no id. It counts for each piece.
const ECHO_WITHIN: Duration = Duration::from_secs(5);

/// A room, with its chat, moderation, queue and settings.
///
/// It derefs to the [`RoomInfo`] of the time when the handle was made; [`Client::room`] gives a fresh one.
///
/// # Examples
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
///
/// An evening in the simulator: join, speak, vote and queue.
///
/// ```
/// use antiphon_queup::{self as queup, Account, Config};
/// use antiphon_sim::Simulator;
/// use futures_util::StreamExt as _;
/// use tokio_util::sync::CancellationToken;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sim = Simulator::with_seed(7);
/// let bot = sim.queup().account();
/// let config = Config::new(Account::new(bot.email, bot.password)).network(sim.network()).clock(sim.clock());
/// let (client, source) = queup::connect(config);
/// let mut events = source.events(CancellationToken::new());
/// // An app would read the events; here a task only passes them by.
/// let reader = tokio::spawn(async move { while events.next().await.is_some() {} });
///
/// let room = client.join_room("choir-loft").await?;
/// let said = room.send_message("good evening <all>").await?;
/// assert_eq!(said.content, "good evening <all>");
///
/// sim.queup().room("choir-loft").queue("mira", "Lantern & Co - Slow Tide");
/// let song = room.fetch_active_song().await?.expect("something plays");
/// room.updub(&song.id).await?;
/// let dubs = room.fetch_active_dubs().await?;
/// assert!(dubs.up_dubs.iter().any(|user| *user == *bot.id));
///
/// room.leave().await?;
/// # reader.abort();
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

    /// The field that requests of chat and moderation have in common: the room's real-time channel.
    fn rtc_form(&self) -> [(&'static str, &str); 1] {
        [("realTimeChannel", self.rtc.as_str())]
    }

    /// Sends a request whose answer has nothing of interest.
    async fn done(&self, call: Call) -> Result<(), RequestError> {
        self.client.call(call).await.map(drop)
    }

    /// Leaves the room, which is not joined again by itself.
    ///
    /// One request, and then the channel is detached. Events until the answer are still the account's. Its link becomes
    /// `closed`.
    ///
    /// # Errors
    /// [`ActionError::NotJoined`] if the room is not joined; [`ActionError::NotConnected`] without a socket in time;
    /// [`ActionError::Request`] if QueUp refused, and the account stays in the room.
    pub async fn leave(&self) -> Result<(), ActionError> {
        self.client.leave_room(self.id.clone()).await
    }

    /// Changes the own presence in the room: `Exit` hides the account from the list of users, and it still hears
    /// everything.
    ///
    /// A frame of the socket, without a request. The next join, by itself as well, makes it visible again.
    ///
    /// # Errors
    /// [`ActionError::NotJoined`] if the room is not joined; [`ActionError::NotConnected`] without a socket in time.
    pub async fn change_presence(&self, presence: Presence) -> Result<(), ActionError> {
        self.client.show_presence(self.id.clone(), presence).await
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Chat.

    /// Sends a message to the room; gives the message, or the first of its pieces.
    ///
    /// The text is trimmed, and cut into pieces of [`Config::CHAT_LENGTH`] characters at white space where possible;
    /// more than [`Config::chat_pieces`] of them are refused before anything is sent. If the server's answer names no
    /// id, the message's echo on the socket has it; without an echo the id is made from user and time, as the server
    /// makes it.
    ///
    /// A muted account gets QueUp's refusal. After a 429 no message is sent until the server's time is over.
    ///
    /// # Errors
    /// [`SendError::Empty`] or [`SendError::TooLong`] before anything is sent; [`SendError::Request`] if a request
    /// failed, and earlier pieces may have been sent.
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

    /// Sends one piece, and finds the id of the message.
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
                Message::from(antiphon_core::read_json::<wire::Chat<'_>>(data).unwrap_or_default())
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
        let (room, text) = (self.id.clone(), text.to_owned());
        self.client.heard(room, time.as_millisecond(), text).await
    }

    /// Fetches the last messages, oldest first; QueUp has one page of them, about 100.
    ///
    /// Deletions in it are left out, but a deleted message stays if QueUp still has it. The source itself fills outages
    /// with it; see [`Config::backfill`].
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

    /// Deletes a message, for everybody. The account needs [`Right::DeleteChat`](crate::Right::DeleteChat).
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

impl Client {
    /// Leaves a room.
    pub(crate) async fn leave_room(&self, room: RoomId) -> Result<(), ActionError> {
        if let Some(remote) = self.http().remote() {
            return relay::leave(remote, room).await;
        }
        let make = |reply| Command::Leave { room, reply };
        self.command(make, self.shared.action_timeout).await?
    }

    /// Changes the own presence in a room.
    pub(crate) async fn show_presence(
        &self,
        room: RoomId,
        presence: Presence,
    ) -> Result<(), ActionError> {
        if let Some(remote) = self.http().remote() {
            return relay::presence(remote, room, presence).await;
        }
        let make = |reply| Command::Presence {
            room,
            presence,
            reply,
        };
        self.command(make, self.shared.action_timeout).await?
    }

    /// Waits for the id of an own message, by its time in milliseconds and its text.
    pub(crate) async fn heard(&self, room: RoomId, time: i64, text: String) -> Option<ChatId> {
        if let Some(remote) = self.http().remote() {
            return relay::echo(remote, room, time, text).await;
        }
        let make = |reply| Command::Echo {
            room,
            time,
            text,
            reply,
        };
        self.command(make, ECHO_WITHIN).await.ok()
    }
}
