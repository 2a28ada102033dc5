//! Control handle for tests and scripts: makes simulated users act and injects faults.

use std::{fmt, ops::Deref, sync::Arc, time::Duration};

use antiphon_core::Secret;
use serde_json::Value;

use super::state::{Room, State};
use crate::{
    server::Server,
    sockets::{Selection, Sockets},
    timers::millis,
};

/// Control handle of one chat server of the simulated network; clones are the same handle.
///
/// Users are named by name or id, and an unknown name makes a new user. Rooms are named by number.
/// Each call takes effect at once, in the order of the calls.
///
/// ```
/// use antiphon_sim::{Simulator, stackexchange::StackExchange};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let chat = Simulator::with_seed(7).stackexchange();
/// let message = chat.say(StackExchange::ROOM, "teo", "hello");
/// assert!(chat.edit(message, "hello again"));
/// assert_eq!(chat.texts(StackExchange::ROOM), ["hello again"]);
///
/// // Another server of the network has rooms of its own.
/// let overflow = chat.server("chat.stackoverflow.com");
/// assert!(overflow.texts(StackExchange::ROOM).is_empty());
///
/// chat.conflict(1, "You can perform this action again in 2 seconds.");
/// chat.expire_cookies();
/// # }
/// ```
#[derive(Clone)]
pub struct StackExchange {
    pub(super) server: Arc<Server<State>>,
    sockets: Sockets,
    chat: usize,
}

/// The chat server's open sockets.
impl crate::Simulator {
    /// Control handle of the first simulated Stack Exchange chat server.
    pub fn stackexchange(&self) -> StackExchange {
        self.platforms.get()
    }
}

impl Deref for StackExchange {
    type Target = Sockets;

    fn deref(&self) -> &Sockets {
        &self.sockets
    }
}

impl fmt::Debug for StackExchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StackExchange")
            .field("chat", &self.chat)
            .finish_non_exhaustive()
    }
}

/// An account with a login.
#[derive(Clone, Debug)]
pub struct ChatAccount {
    /// Id on the chat servers.
    pub id: i64,
    /// Name.
    pub username: String,
    /// E-mail address of the login.
    pub email: String,
    /// Password of the login.
    pub password: Secret,
}

impl StackExchange {
    /// Name of the bot's account, an owner of room 4242.
    pub const BOT: &'static str = State::BOT;
    /// The room where the bot has every right.
    pub const ROOM: i64 = 4242;

    pub(super) fn new(server: Arc<Server<State>>, chat: usize) -> Self {
        let of = Selection {
            server: Some(chat),
            ..Selection::default()
        };
        let sockets = Sockets::new(&server, of);
        Self {
            server,
            sockets,
            chat,
        }
    }

    /// The chat server with this host; the first one, if there is none.
    #[must_use]
    pub fn server(&self, host: &str) -> Self {
        let chat = self.server.with(|state| state.chat_at(host));
        Self::new(Arc::clone(&self.server), chat.unwrap_or_default())
    }

    pub(super) fn act<T>(&self, act: impl FnOnce(&mut State, usize) -> T) -> T {
        self.server.with(|state| act(state, self.chat))
    }

    /// The bot's login.
    pub fn account(&self) -> ChatAccount {
        let bot = self.act(|state, _| state.bot.clone());
        self.account_named(&bot)
    }

    /// A user's login.
    pub fn account_named(&self, name: &str) -> ChatAccount {
        self.act(|state, _| {
            let id = state.person_named(name);
            let person = &state.people[&id];
            ChatAccount {
                id,
                username: person.name.clone(),
                email: person.email.clone(),
                password: Secret::new(person.password.clone()),
            }
        })
    }

    /// Everyone's login, the bot's first.
    pub fn accounts(&self) -> Vec<ChatAccount> {
        let names: Vec<String> = self.act(|state, _| {
            state
                .people
                .values()
                .map(|person| person.name.clone())
                .collect()
        });
        names.iter().map(|name| self.account_named(name)).collect()
    }

    /// Sets the rate of ambient traffic, in events a second. Default: 0.
    pub fn traffic(&self, rate: u32) {
        self.server.shared.rate.send_replace(rate);
    }

    /// The server's counter.
    pub fn counter(&self) -> i64 {
        self.act(|state, chat| state.chats[chat].counter)
    }

    /// Messages of a room as they were typed, oldest first.
    pub fn texts(&self, room: i64) -> Vec<String> {
        self.act(|state, chat| {
            let messages = state.chats[chat].messages.values();
            let here = messages.filter(|message| message.room == room && !message.deleted);
            here.map(|message| message.text.clone()).collect()
        })
    }

    /// Messages whose mentions were acknowledged, in this order; the last 10,000.
    pub fn acknowledged(&self) -> Vec<i64> {
        self.act(|state, chat| state.chats[chat].acknowledged.iter().copied().collect())
    }

    /// Makes a room.
    pub fn add_room(&self, room: i64, name: &str) {
        self.act(|state, chat| {
            let made = Room {
                name: name.to_owned(),
                owners: [101].into(),
                ..Room::default()
            };
            state.chats[chat].rooms.insert(room, made);
        });
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Messages.

    /// Posts a message; returns its id.
    pub fn say(&self, room: i64, by: &str, text: &str) -> i64 {
        self.act(|state, chat| {
            let user = state.person_named(by);
            state.post(chat, room, user, text)
        })
    }

    /// Edits a message as its author; returns whether that was still allowed.
    pub fn edit(&self, message: i64, text: &str) -> bool {
        self.act(|state, chat| {
            let author = state.chats[chat].messages.get(&message).map(|m| m.author);
            author.is_some_and(|author| state.edit(chat, message, author, text).is_ok())
        })
    }

    /// Deletes a message; returns whether that was allowed.
    pub fn delete(&self, message: i64, by: &str) -> bool {
        self.act(|state, chat| {
            let user = state.person_named(by);
            state.delete(chat, message, user).is_ok()
        })
    }

    /// Stars or unstars a message.
    pub fn star(&self, message: i64, by: &str) -> bool {
        self.act(|state, chat| {
            let user = state.person_named(by);
            state.star(chat, message, user, false).is_ok()
        })
    }

    /// Enters a room.
    pub fn enter(&self, room: i64, who: &str) {
        self.act(|state, chat| {
            let user = state.person_named(who);
            state.enter(chat, room, user, true);
        });
    }

    /// Leaves a room.
    pub fn leave(&self, room: i64, who: &str) {
        self.act(|state, chat| {
            let user = state.person_named(who);
            state.enter(chat, room, user, false);
        });
    }

    /// Moves messages to another room.
    pub fn move_messages(&self, from: i64, to: i64, messages: &[i64]) -> usize {
        self.act(|state, chat| state.move_messages(chat, 101, from, to, messages))
    }

    /// Kicks a user.
    pub fn kick(&self, room: i64, by: &str, who: &str) {
        self.act(|state, chat| {
            let (by, who) = (state.person_named(by), state.person_named(who));
            state.kick(chat, room, by, who);
        });
    }

    /// Invites a user to a room.
    pub fn invite(&self, room: i64, by: &str, who: &str) {
        self.act(|state, chat| {
            let (by, who) = (state.person_named(by), state.person_named(who));
            state.invite(chat, room, by, who);
        });
    }

    /// Changes a user's access level; the room's own if `who` is `None`.
    pub fn access(&self, room: i64, by: &str, who: Option<&str>, level: &str) {
        self.act(|state, chat| {
            let by = state.person_named(by);
            let who = who.map(|who| state.person_named(who));
            state.access(chat, room, by, who, level);
        });
    }

    /// Raises an event of any number, with these fields beside the usual ones; `only` limits it to one account.
    pub fn event(&self, room: i64, number: i64, user: i64, fields: &Value, only: Option<i64>) {
        self.act(|state, chat| state.raise(chat, room, number, user, fields, only));
    }

    // -----------------------------------------------------------------------------------------------------------------
    // State of rooms.

    /// Freezes a room, or thaws it.
    pub fn freeze(&self, room: i64, frozen: bool) {
        self.room(room, |room| room.is_frozen = frozen);
    }

    /// Makes a room private, or public.
    pub fn private(&self, room: i64, private: bool) {
        let bot = self.act(|state, _| state.bot_id);
        self.room(room, |room| {
            room.is_private = private;
            room.owners.remove(&bot);
        });
    }

    /// Puts a room in time-out for this long.
    pub fn time_out(&self, room: i64, how_long: Duration) {
        let until = self.act(|state, _| state.now()) + millis(how_long).min(i64::MAX / 2);
        self.room(room, |room| room.timeout = Some(until));
    }

    /// Deletes a room.
    pub fn remove_room(&self, room: i64) {
        self.act(|state, chat| state.chats[chat].rooms.remove(&room));
    }

    fn room(&self, room: i64, change: impl FnOnce(&mut Room)) {
        self.act(|state, chat| state.chats[chat].rooms.get_mut(&room).map(change));
    }
}
