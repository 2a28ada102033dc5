//! Control handle for tests and scripts: makes simulated users act and injects faults.

use std::{fmt, ops::Deref, sync::Arc, time::Duration};

use antiphon_core::{KindPattern, Secret};
use serde_json::Value;

use super::{
    addresses::StackExchangeAddresses,
    state::{Canned, Room, State},
};
use crate::{
    fault::RestFault,
    server::Server,
    sockets::{HasSockets as _, Selection, Sockets},
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

    /// Address and logins; `None` while the simulation listens on no real socket.
    pub fn addresses(&self) -> Option<StackExchangeAddresses> {
        let at = self.server.shared.listening.get()?;
        Some(StackExchangeAddresses::new(&at[0], self))
    }

    fn act<T>(&self, act: impl FnOnce(&mut State, usize) -> T) -> T {
        self.server.with(|state| act(state, self.chat))
    }

    /// The bot's login.
    pub fn account(&self) -> ChatAccount {
        self.account_named(Self::BOT)
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
        self.room(room, |room| {
            room.is_private = private;
            room.owners.remove(&State::BOT_ID);
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

    // -----------------------------------------------------------------------------------------------------------------
    // Faults.

    /// Answers the next logins with a challenge.
    pub fn ask_for_humans(&self, logins: u32) {
        self.act(|state, _| state.chat_faults.captchas = logins);
    }

    /// Sets whether the login page lacks its key.
    pub fn change_login_page(&self, changed: bool) {
        self.act(|state, _| state.chat_faults.login_changed = changed);
    }

    /// Redirects every login request to this address, which may be empty; `None` ends that.
    pub fn redirect_logins(&self, to: Option<&str>) {
        self.act(|state, _| state.chat_faults.login_leads_to = to.map(str::to_owned));
    }

    /// Sets whether the chat servers refuse the sites' cookies.
    pub fn refuse_chat(&self, refuses: bool) {
        self.act(|state, _| state.chat_faults.refuses_chat = refuses);
    }

    /// Ends the sessions of all accounts, on the sites and on the chat servers.
    pub fn expire_cookies(&self) {
        self.act(|state, _| {
            state.logins.clear();
            for chat in &mut state.chats {
                chat.sessions.clear();
            }
        });
    }

    /// Gives every account another key for writing.
    pub fn new_keys(&self) {
        self.act(|state, chat| {
            let users: Vec<i64> = state.chats[chat].fkeys.keys().copied().collect();
            for user in users {
                let key = state.secret();
                state.chats[chat].fkeys.insert(user, key);
            }
        });
    }

    /// Answers the next writes with 409 and this text.
    pub fn conflict(&self, times: usize, words: &str) {
        self.act(|state, _| {
            let words = std::iter::repeat_n(words.to_owned(), times);
            state.chat_faults.conflicts.extend(words);
        });
    }

    /// Sets whether writers are throttled (protocol §10).
    pub fn throttle(&self, on: bool) {
        self.act(|state, _| state.chat_faults.throttles = on);
    }

    /// Lets the next requests for a socket's address fail.
    pub fn withhold_addresses(&self, times: u32) {
        self.act(|state, _| state.chat_faults.no_tickets = times);
    }

    /// Sets whether sockets get no heartbeats.
    pub fn fall_silent(&self, silent: bool) {
        self.act(|state, _| state.chat_faults.is_silent = silent);
    }

    /// Sets which rows of a room's history have the event's id and the room's name.
    ///
    /// By default those of `mode=Events` do, and those of `mode=Messages` do not, as on the real servers.
    pub fn history_ids(&self, messages: bool, events: bool) {
        self.act(|state, _| {
            state.chat_faults.messages_with_ids = messages;
            state.chat_faults.events_without_ids = !events;
        });
    }

    /// Lets the next requests that fit fail: `METHOD /path`, or the path alone, with `*` for anything.
    pub fn fail(&self, requests: &str, times: u32, fault: RestFault) {
        self.act(|state, _| state.faults.fail(requests, None, times, fault));
    }

    /// Gives the next `times` requests that fit a pattern this response: `METHOD /path`, or the path alone, with
    /// `*` for anything.
    pub fn answer(
        &self,
        requests: &str,
        times: u32,
        status: u16,
        location: Option<&str>,
        text: &str,
    ) {
        let canned = Canned {
            requests: KindPattern::new(requests),
            left: times,
            status,
            location: location.map(str::to_owned),
            text: text.to_owned(),
        };
        self.act(|state, _| state.chat_faults.canned.push(canned));
    }

    /// How many responses set by [`StackExchange::answer`] are left.
    pub fn answers_left(&self) -> usize {
        self.act(|state, _| {
            let canned = state.chat_faults.canned.iter();
            canned.map(|canned| canned.left as usize).sum()
        })
    }

    /// Sets how many events a new socket can replay.
    pub fn replay(&self, events: usize) {
        self.act(|state, chat| {
            state.settings.replay = events;
            let chat = &mut state.chats[chat];
            while chat.buffer.len() > events {
                if let Some((_, event)) = chat.buffer.pop_front() {
                    chat.forgotten = event.id;
                }
            }
        });
    }

    /// Sets whether new sockets begin with later events only, whatever they ask for, without saying so.
    pub fn begin_late(&self, late: bool) {
        self.act(|state, _| state.chat_faults.begins_late = late);
    }

    /// Ids of the open connections, oldest first.
    pub fn connections(&self) -> Vec<String> {
        self.act(|state, chat| {
            let connections = state.chats[chat].connections.values();
            connections.map(|one| one.socket.id.clone()).collect()
        })
    }

    fn each(&self, act: impl Fn(&mut State, usize, u64)) {
        self.act(|state, chat| {
            for number in state.select(&self.of) {
                act(state, chat, number);
            }
        });
    }

    /// Sends a text frame as it is.
    pub fn frame(&self, text: &str) {
        self.each(|state, _, number| {
            state.frame(number, text);
        });
    }

    /// Sends a heartbeat at once.
    pub fn beat(&self) {
        self.each(State::beat_on);
    }

    /// Sends an account a key of a room: `exit`, `reset` or `timeout`.
    pub fn tell_key(&self, room: i64, who: &str, key: &str) {
        self.act(|state, chat| {
            let who = state.person_named(who);
            state.tell_key(chat, room, who, key);
        });
    }
}
