//! Control handles for tests and scripts: make simulated users act and inject faults.
//!
//! A simulated user may do everything: rights are checked where a client asks over HTTP, so that a test need not appoint anyone
//! before it kicks somebody.
//! What a handle does is announced in the same way as what a client does.

use std::{collections::BTreeMap, fmt, ops::Deref, sync::Arc};

use antiphon_core::Secret;
use serde_json::{Map, Value};

use super::{faults::Links, role::Role, state::State, text};
use crate::{
    fault::{Quirk, RestFault},
    server::Server,
    sockets::{Selection, Sockets},
};

/// Control handle of the simulated QueUp; clones are the same handle.
///
/// Users are named by username or id, and an unknown name makes a new user.
/// Each call takes effect at once, in the order of the calls.
///
/// ```
/// use antiphon_sim::{Quirk, RestFault, Simulator, queup::QueUp};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let queup = Simulator::with_seed(7).queup();
/// let login = queup.account();
/// assert_eq!(login.username, QueUp::BOT);
///
/// queup.whisper("mira", "antiphon", "psst");
/// assert!(queup.rename("mira", "mirabel"));
///
/// // The bot's next two chat messages are throttled, and songs come without their time.
/// queup.fail_rest_of("antiphon", "POST /chat/*", 2, RestFault::Status(429));
/// queup.quirk(Quirk::PlayedAbsent, true);
/// # }
/// ```
///
/// | wish | method |
/// | --- | --- |
/// | a room, its people and its songs | [`room`](Self::room), [`find_room`](Self::find_room) |
/// | logins | [`account`](Self::account), [`account_named`](Self::account_named), [`accounts`](Self::accounts) |
/// | private messages, names, pictures | [`whisper`](Self::whisper), [`rename`](Self::rename), [`change_image`](Self::change_image) |
/// | requests that fail | [`fail_rest`](Self::fail_rest), [`fail_rest_of`](Self::fail_rest_of) |
/// | sockets that break | [`links`](Self::links), [`links_of`](Self::links_of), and all of [`Sockets`] |
/// | logins that end | [`expire_sessions`](Self::expire_sessions), [`expire_tokens`](Self::expire_tokens) |
/// | odd answers | [`quirk`](Self::quirk), [`quirk_for`](Self::quirk_for) |
/// | users who act by themselves | [`traffic`](Self::traffic) |
#[derive(Clone)]
pub struct QueUp {
    /// Server with everything the platform knows.
    pub(super) server: Arc<Server<State>>,
    sockets: Sockets,
}

impl crate::Simulator {
    /// Control handle of the simulated QueUp.
    pub fn queup(&self) -> QueUp {
        self.platforms.get()
    }
}

/// Everyone's open sockets.
impl Deref for QueUp {
    type Target = Sockets;

    fn deref(&self) -> &Sockets {
        &self.sockets
    }
}

impl fmt::Debug for QueUp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QueUp").finish_non_exhaustive()
    }
}

/// An account with a login.
///
/// The password differs from run to run, and printing the account hides it.
#[derive(Clone, Debug)]
pub struct Account {
    /// Id of the user.
    pub id: String,
    /// Name of the user.
    pub username: String,
    /// E-mail address of the login.
    pub email: String,
    /// Password of the login.
    pub password: Secret,
}

impl QueUp {
    /// Name of the bot's account, a co-owner of `choir-loft`.
    ///
    /// A test that needs another right takes `sexton`, `verger`, `usher` or `cantor`.
    pub const BOT: &'static str = "antiphon";

    pub(super) fn new(server: Arc<Server<State>>) -> Self {
        let sockets = Sockets::new(&server, Selection::default());
        Self { server, sockets }
    }

    /// The room with this slug or id; a slug that no room has makes a new room.
    ///
    /// `mira` owns a new room and is in it; nobody else is.
    pub fn room(&self, slug_or_id: &str) -> Room {
        let id = self.server.with(|state| {
            if let Some(room) = state.find_room(slug_or_id) {
                return room.id.clone();
            }
            let creator = state.user_named("mira");
            let id = state.add_room(slug_or_id, slug_or_id, &creator);
            state.settle(&id, &creator);
            id
        });
        Room {
            server: Arc::clone(&self.server),
            id,
        }
    }

    /// The room with this slug or id, if there is one.
    ///
    /// ```
    /// use antiphon_sim::Simulator;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let queup = Simulator::with_seed(7).queup();
    /// assert!(queup.find_room("tower").is_none());
    /// let tower = queup.room("tower");
    /// assert_eq!(queup.find_room(tower.id()).map(|room| room.slug()), Some("tower".to_owned()));
    /// assert!(tower.has("mira"));
    /// # }
    /// ```
    pub fn find_room(&self, slug_or_id: &str) -> Option<Room> {
        let id = self
            .server
            .with(|state| state.find_room(slug_or_id).map(|room| room.id.clone()))?;
        Some(Room {
            server: Arc::clone(&self.server),
            id,
        })
    }

    /// The bot's room: `choir-loft`, or the first room of a world file.
    pub(super) fn home(&self) -> Room {
        let slug = self.server.with(|state| state.home.clone());
        self.room(&slug)
    }

    /// Sets the rate of ambient traffic, in events a second, in the rooms with an attached client. Default: 0.
    ///
    /// Every kind of event comes up.
    ///
    /// Without an attached client it goes to the first room.
    pub fn traffic(&self, rate: u32) {
        self.server.shared.rate.send_replace(rate);
    }

    /// The bot's account.
    pub fn account(&self) -> Account {
        let bot = self.server.with(|state| state.bot.clone());
        self.account_named(&bot)
    }

    /// The account of this username; an unknown name makes a new account.
    ///
    /// Its address is `<name>@sim.example`, and a renamed account keeps it.
    pub fn account_named(&self, username: &str) -> Account {
        self.server.with(|state| {
            let id = state.add_account(username);
            let user = state.find_user(&id).expect("it was just made");
            let (email, password) = user.login.clone().expect("it was just made");
            Account {
                id: user.id.clone(),
                username: user.username.clone(),
                email,
                password: Secret::new(password),
            }
        })
    }

    /// All accounts with a login.
    pub fn accounts(&self) -> Vec<Account> {
        let names: Vec<String> = self.server.with(|state| {
            let can_log_in = state.users.values().filter(|user| user.login.is_some());
            can_log_in.map(|user| user.username.clone()).collect()
        });
        names.iter().map(|name| self.account_named(name)).collect()
    }

    /// Id of the user with this name.
    ///
    /// A name that nobody has makes a user.
    pub fn user(&self, name: &str) -> String {
        self.server.with(|state| state.user_named(name))
    }

    /// Sends a private message; returns the id of the conversation.
    ///
    /// Two users have one conversation, whoever began it.
    pub fn whisper(&self, from: &str, to: &str, text: &str) -> String {
        self.server.with(|state| {
            let users = [state.user_named(from), state.user_named(to)];
            let id = state.conversation_of(&users);
            state.write_privately(&id, &users[0], &text::escape(text));
            id
        })
    }

    /// Renames a user; returns whether the name was free.
    ///
    /// A name has 3 to 25 letters, digits, spaces and `_-.`; another one is not taken.
    /// Every room that the user is in gets an event.
    pub fn rename(&self, user: &str, username: &str) -> bool {
        self.server.with(|state| {
            let user = state.user_named(user);
            state.rename(&user, username)
        })
    }

    /// Changes a user's picture.
    pub fn change_image(&self, user: &str) {
        self.server.with(|state| {
            let user = state.user_named(user);
            state.change_image(&user);
        });
    }

    /// The open sockets of everyone.
    pub fn links(&self) -> Links {
        Links::new(&self.server, None)
    }

    /// The open sockets of one account, or the one socket with this connection id.
    ///
    /// Accounts are named by username, id or address; anything else is taken for a connection id.
    pub fn links_of(&self, account_or_connection: &str) -> Links {
        let of = self.server.with(|state| {
            state
                .find_user(account_or_connection)
                .map_or_else(|| account_or_connection.to_owned(), |user| user.id.clone())
        });
        Links::new(&self.server, Some(of))
    }

    /// Cuts every socket: [`Sockets::cut`].
    pub fn cut_connections(&self) {
        self.cut();
    }

    /// Lets the next `times` requests fail that fit a pattern over `METHOD /path` or the path alone.
    ///
    /// `*` stands for any run of characters, and 0 times sets nothing.
    /// An earlier rule that fits is used first.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use antiphon_sim::{RestFault, Simulator};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let queup = Simulator::with_seed(7).queup();
    /// queup.fail_rest("POST /auth/login", 2, RestFault::Status(503));
    /// queup.fail_rest("GET /room/*/playlist/active", 1, RestFault::Slow(Duration::from_secs(20)));
    /// queup.fail_rest_of("antiphon", "*", 1, RestFault::LoggedOut);
    /// # }
    /// ```
    pub fn fail_rest(&self, requests: &str, times: u32, fault: RestFault) {
        self.fail_rest_for(None, requests, times, fault);
    }

    /// Like [`QueUp::fail_rest`], for one account's requests only.
    pub fn fail_rest_of(&self, account: &str, requests: &str, times: u32, fault: RestFault) {
        let account = self.user(account);
        self.fail_rest_for(Some(account), requests, times, fault);
    }

    fn fail_rest_for(&self, account: Option<String>, requests: &str, times: u32, fault: RestFault) {
        self.server
            .with(|state| state.faults.fail(requests, account, times, fault));
    }

    /// Ends every session: all cookies become invalid.
    ///
    /// The next request of each client is redirected to the login page (protocol §9, 3); sockets stay.
    pub fn expire_sessions(&self) {
        self.server
            .with(|state| state.logins.sessions.retain(|_| false));
    }

    /// Ends one account's sessions.
    pub fn expire_sessions_of(&self, account: &str) {
        self.server.with(|state| {
            let account = state.user_named(account);
            state.logins.sessions.retain(|user| *user != account);
        });
    }

    /// Makes every socket token invalid.
    ///
    /// Open sockets stay; a new one is refused with 401.
    pub fn expire_tokens(&self) {
        self.server
            .with(|state| state.logins.tokens.retain(|_| false));
    }

    /// Switches a quirk on or off for everyone.
    ///
    /// An account's own quirks are added to these.
    pub fn quirk(&self, quirk: Quirk, on: bool) {
        self.server.with(|state| {
            if on {
                state.faults.quirks.insert(quirk);
            } else {
                state.faults.quirks.remove(&quirk);
            }
        });
    }

    /// Switches a quirk on or off for one account.
    pub fn quirk_for(&self, account: &str, quirk: Quirk, on: bool) {
        self.server.with(|state| {
            let account = state.user_named(account);
            let quirks = state.faults.quirks_of.entry(account).or_default();
            if on {
                quirks.insert(quirk);
            } else {
                quirks.remove(&quirk);
            }
        });
    }

    /// Sets whether pings stay without an answer.
    ///
    /// A client that waits for them gives its connection up; engine.io v3 leaves the pinging to the client.
    pub fn withhold_pongs(&self, withhold: bool) {
        self.server
            .with(|state| state.faults.withhold_pongs = withhold);
    }

    /// Ids of users and rooms, with the names that stand for them in a transcript.
    pub(crate) fn names(&self) -> Vec<(String, String)> {
        self.server.with(|state| {
            let users = state
                .users
                .values()
                .map(|user| (user.id.clone(), user.username.clone()));
            let rooms = state
                .rooms
                .values()
                .map(|room| (room.id.clone(), room.slug.clone()));
            users.chain(rooms).collect()
        })
    }

    /// Counts of sent kinds, by connection id.
    ///
    /// Only connections that are open, and only rows that the ledger still has.
    pub fn connections(&self) -> BTreeMap<String, BTreeMap<String, u64>> {
        self.server.with(|state| {
            state
                .channels
                .connections
                .values()
                .map(|connection| {
                    let id = &connection.socket.id;
                    (id.clone(), state.ledger.sent_on(id))
                })
                .collect()
        })
    }
}

/// Control handle of a simulated room; clones are the same handle.
///
/// ```
/// use antiphon_sim::Simulator;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let room = Simulator::with_seed(7).queup().room("choir-loft");
/// let message = room.say("mira", "who queued this?");
/// room.delete("teo", &message);
///
/// assert!(room.queue("mira", "Lantern & Co - Slow Tide"));
/// room.dub("otto", true);
/// assert!(room.playing().is_some());
///
/// room.kick("teo", "bram", "out");
/// assert!(!room.has("bram"));
/// # }
/// ```
///
/// Everything that happens in a room is announced to its channel, so that each call below is an event of the table in
/// protocol §6:
///
/// ```
/// use antiphon_sim::Simulator;
/// use serde_json::json;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let room = Simulator::with_seed(7).queup().room("choir-loft");
/// room.join("wah_wah");
/// assert!(room.set_role("mira", "wah_wah", "resident-dj"));
/// assert!(!room.set_role("mira", "wah_wah", "archbishop"), "no such role");
/// room.ban("mira", "wah_wah", 5);
/// assert!(!room.has("wah_wah"));
///
/// // Two songs: the second plays when the first is skipped.
/// room.queue("teo", "Lantern & Co - Slow Tide");
/// room.queue("teo", "Kite Season - Higher");
/// let first = room.playing();
/// room.skip("mira");
/// assert_ne!(room.playing(), first);
///
/// // An event that no client knows.
/// room.announce("room-confetti", json!({"colour": "gold"}));
/// # }
/// ```
#[derive(Clone)]
pub struct Room {
    server: Arc<Server<State>>,
    id: String,
}

impl fmt::Debug for Room {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Room")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl Room {
    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Its slug.
    pub fn slug(&self) -> String {
        self.server.with(|state| {
            state
                .rooms
                .get(&self.id)
                .map(|room| room.slug.clone())
                .unwrap_or_default()
        })
    }

    /// Its place, in the journal.
    ///
    /// `room/<id>`, by which events are stored and handled in order.
    pub fn place(&self) -> antiphon_core::Place {
        antiphon_core::Place::root().join("room", &self.id)
    }

    /// Acts on the room as a user, who is made if nobody has that name.
    fn by<T>(&self, name: &str, act: impl FnOnce(&mut State, &str, &str) -> T) -> T {
        self.server.with(|state| {
            let user = state.user_named(name);
            act(state, &self.id, &user)
        })
    }

    /// Looks at the state and the room's id.
    pub(super) fn with_state<T>(&self, look: impl FnOnce(&State, &str) -> T) -> T {
        self.server.with(|state| look(state, &self.id))
    }

    /// Acts on the room as a user, towards another.
    fn between<T>(
        &self,
        by: &str,
        other: &str,
        act: impl FnOnce(&mut State, &str, &str, &str) -> T,
    ) -> T {
        self.server.with(|state| {
            let by = state.user_named(by);
            let other = state.user_named(other);
            act(state, &self.id, &by, &other)
        })
    }

    /// Posts a message of a user, who enters the room first if outside; returns the chat id.
    ///
    /// The text is plain; it is escaped as QueUp does.
    /// The id is `<user id>-<milliseconds>`, and no two messages of any room have one time.
    pub fn say(&self, name: &str, text: &str) -> String {
        self.by(name, |state, room, user| {
            state.join(room, user);
            said(state.say(room, user, &text::escape(text)).as_ref())
        })
    }

    /// Posts a message of a user who is not in the room, as when events overtake each other; returns the chat id.
    pub fn say_from_outside(&self, name: &str, text: &str) -> String {
        self.by(name, |state, room, user| {
            said(state.say(room, user, &text::escape(text)).as_ref())
        })
    }

    /// Deletes a message.
    ///
    /// A message that is not there is announced as deleted all the same.
    pub fn delete(&self, by: &str, chatid: &str) {
        self.by(by, |state, room, user| {
            state.delete_message(room, user, chatid);
        });
    }

    /// Deletes all messages of a user.
    pub fn delete_all(&self, by: &str, author: &str) {
        self.between(by, author, |state, room, by, author| {
            state.delete_messages_of(room, by, author);
        });
    }

    /// Replaces the room by an empty one with the same name and another id, and returns that.
    ///
    /// Its old id is unknown from now on, as of a room that was deleted and made anew; nobody is told.
    #[must_use]
    pub fn replace(&self) -> Self {
        let id = self.server.with(|state| state.replace_room(&self.id));
        Self {
            server: Arc::clone(&self.server),
            id: id.unwrap_or_else(|| self.id.clone()),
        }
    }

    /// Lets a user enter.
    ///
    /// A user who is there is not announced again, unless the quirk `JoinAnnouncedAgain` is on.
    pub fn join(&self, name: &str) {
        self.by(name, State::join);
    }

    /// Lets a user leave.
    ///
    /// The user's queued songs go too; the one that plays goes on.
    pub fn leave(&self, name: &str) {
        self.by(name, State::leave);
    }

    /// Announces that a user left who did not.
    ///
    /// QueUp does that to a bot's own user (protocol §3.4); a client must look whether it is still there.
    pub fn leave_in_error(&self, name: &str) {
        self.by(name, State::announce_leave);
    }

    /// Kicks a user.
    ///
    /// The leave is announced first and the kick after it; the kicked user's channel is detached then.
    pub fn kick(&self, by: &str, name: &str, message: &str) {
        self.between(by, name, |state, room, by, user| {
            state.kick(room, by, user, &text::escape(message));
        });
    }

    /// Bans a user for `minutes`; for ever if zero.
    ///
    /// The user cannot enter until the ban is over or lifted.
    pub fn ban(&self, by: &str, name: &str, minutes: u32) {
        self.between(by, name, |state, room, by, user| {
            state.ban(room, by, user, i64::from(minutes));
        });
    }

    /// Lifts a ban.
    pub fn unban(&self, by: &str, name: &str) {
        self.between(by, name, |state, room, by, user| {
            state.unban(room, by, user);
        });
    }

    /// Mutes a user, or unmutes.
    ///
    /// A muted user's messages are refused with 403.
    pub fn mute(&self, by: &str, name: &str, muted: bool) {
        self.between(by, name, |state, room, by, user| {
            state.mute(room, by, user, muted);
        });
    }

    /// Gives a user a role, by its id or type; returns whether there is such a role.
    ///
    /// `co-owner`, `manager`, `mod`, `vip`, `resident-dj`, `dj` or `member`.
    pub fn set_role(&self, by: &str, name: &str, role: &str) -> bool {
        self.role(by, name, role, true)
    }

    /// Takes a role from a user; returns whether there is such a role.
    pub fn unset_role(&self, by: &str, name: &str, role: &str) -> bool {
        self.role(by, name, role, false)
    }

    fn role(&self, by: &str, name: &str, role: &str, given: bool) -> bool {
        let Some(role) = Role::find(role) else {
            return false;
        };
        self.between(by, name, |state, room, by, user| {
            state.set_role(room, by, user, role, given);
        });
        true
    }

    /// Gives a user a role without an event; an unknown role removes the user's role.
    ///
    /// For the state that a test begins with.
    pub fn appoint(&self, name: &str, role: &str) {
        self.by(name, |state, room, user| state.appoint(room, user, role));
    }

    /// Queues a song, and starts it if nothing plays; returns whether it was queued.
    ///
    /// The song is named `Artist - Title`; an unknown name makes a new song of three minutes.
    ///
    /// Refused for a locked queue, a song that the user has queued already, a queue of thirty, and a song that is too long for the
    /// room; `choir-loft` takes ten minutes.
    pub fn queue(&self, name: &str, song: &str) -> bool {
        self.by(name, |state, room, user| {
            state.join(room, user);
            let escaped = text::escape(song);
            let known = state.songs.values().find(|known| known.name == escaped);
            let known = known.map(|song| song.id.clone());
            let song = known.unwrap_or_else(|| state.add_song(song, 180_000));
            state.queue_song(room, user, &song).is_ok()
        })
    }

    /// Skips the playing song.
    ///
    /// The next song of the next DJ begins, if there is one.
    pub fn skip(&self, by: &str) {
        self.by(by, State::skip);
    }

    /// Votes for the playing song, or against it.
    ///
    /// A vote for the other side replaces the first; the same one again changes nothing.
    pub fn dub(&self, name: &str, up: bool) {
        self.by(name, |state, room, user| state.dub(room, user, up));
    }

    /// Adds the playing song to a user's playlist.
    pub fn grab(&self, name: &str) {
        self.by(name, State::grab);
    }

    /// Pauses a user's own queue, or resumes it.
    pub fn pause_queue(&self, name: &str, paused: bool) {
        self.by(name, |state, room, user| {
            state.pause_queue(room, user, None, paused);
        });
    }

    /// Pauses a DJ's queue, or resumes it.
    pub fn pause_dj(&self, by: &str, name: &str, paused: bool) {
        self.between(by, name, |state, room, by, user| {
            state.pause_queue(room, user, Some(by), paused);
        });
    }

    /// Puts the DJs into this order.
    ///
    /// DJs who are not named come last, in their order.
    pub fn reorder(&self, by: &str, names: &[&str]) {
        self.by(by, |state, room, user| {
            let users: Vec<String> = names.iter().map(|name| state.user_named(name)).collect();
            state.reorder(room, user, &users);
        });
    }

    /// Removes a DJ's next song.
    pub fn remove_song(&self, by: &str, name: &str) {
        self.between(by, name, |state, room, by, user| {
            state.remove_song_of(room, by, user);
        });
    }

    /// Removes a DJ with all their songs.
    pub fn remove_dj(&self, by: &str, name: &str) {
        self.between(by, name, |state, room, by, user| {
            state.remove_dj(room, by, user);
        });
    }

    /// Clears a user's own queue.
    pub fn clear_queue(&self, name: &str) {
        self.by(name, |state, room, user| {
            state.clear_queue(room, user, None);
        });
    }

    /// Locks the queue, or unlocks it.
    ///
    /// Users with the right `set-dj` may queue songs all the same.
    pub fn lock_queue(&self, by: &str, locked: bool) {
        self.by(by, |state, room, user| state.lock_queue(room, user, locked));
    }

    /// Sets `slowMode`, `allowGuestsToChat` or `allowGuestsToEmbed`.
    ///
    /// Any other name is announced as `room-slow-mode` too, under its own field.
    pub fn set_mod_setting(&self, by: &str, setting: &str, on: bool) {
        self.by(by, |state, room, user| {
            state.set_mod_setting(room, user, setting, on);
        });
    }

    /// Changes settings under the wire's names; `roomPassword` sets the room's password, or removes it if empty.
    ///
    /// A name that QueUp does not know is kept and shown like the others.
    pub fn update(&self, settings: Map<String, Value>) {
        self.server
            .with(|state| state.update_room(&self.id, settings));
    }

    /// Changes a user's presence: 0 enter, 1 leave, 2 update.
    ///
    /// It concerns a connection that nobody has, as a second client of the same user would make it.
    pub fn presence(&self, name: &str, action: u8) {
        self.by(name, |state, room, user| {
            let connection = format!("{:012x}", state.chance.u64(..1 << 48));
            state.presence(&format!("room:{room}"), user, &connection, action);
        });
    }

    /// Changes a guest's presence: 0 enter, 1 leave, 2 update.
    ///
    /// The guest has a random id of 32 hexadecimal digits, which is no user's (protocol §9, 22).
    pub fn guest(&self, action: u8) {
        self.server.with(|state| {
            let guest = format!("{:032x}", state.chance.u128(..));
            let connection = format!("{:012x}", state.chance.u64(..1 << 48));
            state.presence(&format!("room:{}", self.id), &guest, &connection, action);
        });
    }

    /// Announces an event of any name.
    ///
    /// Data that is no object is put into one, as `value`.
    pub fn announce(&self, name: &str, data: Value) {
        self.server.with(|state| {
            let data = if data.is_object() {
                data
            } else {
                serde_json::json!({"value": data})
            };
            state.announce_in(&self.id, name, data);
        });
    }

    /// Whether a user is in the room.
    pub fn has(&self, name: &str) -> bool {
        self.by(name, |state, room, user| {
            state
                .rooms
                .get(room)
                .is_some_and(|room| room.is_present(user))
        })
    }

    /// Id of the playing queue entry.
    ///
    /// `None` while nothing plays.
    pub fn playing(&self) -> Option<String> {
        self.server.with(|state| {
            let room = state.rooms.get(&self.id)?;
            room.playing.as_ref().map(|item| item.id.clone())
        })
    }

    /// Messages on the history page, oldest first, escaped as on the wire.
    ///
    /// Deleted ones among them, because the page keeps them.
    pub fn texts(&self) -> Vec<String> {
        self.server.with(|state| {
            let chat = state.rooms.get(&self.id).map(|room| &room.chat);
            chat.into_iter()
                .flatten()
                .filter(|item| item["type"] == "chat-message")
                .filter_map(|item| item["message"].as_str().map(str::to_owned))
                .collect()
        })
    }
}

/// Chat id of a message that was announced; empty for none.
fn said(message: Option<&Value>) -> String {
    message
        .and_then(|message| message["chatid"].as_str())
        .unwrap_or_default()
        .to_owned()
}
