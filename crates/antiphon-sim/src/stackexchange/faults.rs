//! Faults that a control handle injects, beside those of every socket.

use antiphon_core::KindPattern;

use super::{
    controls::StackExchange,
    state::{Canned, State},
};
use crate::{fault::RestFault, sockets::HasSockets as _};

impl StackExchange {
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
