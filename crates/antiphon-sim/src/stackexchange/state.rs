//! State of the simulated chat servers.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use antiphon_core::{KindPattern, Rng};
use serde_json::{Map, Value};

use super::settings::Settings;
use crate::{
    fault::Faults,
    ledger::Ledger,
    sockets::Socket,
    timers::{Timed, Timers},
    world::{RESIDENTS, World},
};

/// Chat servers: their host, where their users log in, and the name of their cookie.
pub(crate) const HOSTS: [(&str, &str, &str); 3] = [
    (
        "chat.stackexchange.com",
        "meta.stackexchange.com",
        "sechatusr",
    ),
    ("chat.stackoverflow.com", "stackoverflow.com", "chatusr"),
    (
        "chat.meta.stackexchange.com",
        "meta.stackexchange.com",
        "chatusr",
    ),
];
/// Host of the sockets.
pub(crate) const SOCKETS: &str = "chat.sockets.stackexchange.com";
/// Events kept of each room.
const HISTORY: usize = 50_000;

/// A user with a login.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) password: String,
    pub(crate) is_moderator: bool,
}

/// A message.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) room: i64,
    pub(crate) author: i64,
    pub(crate) posted_at: i64,
    pub(crate) text: String,
    pub(crate) content: String,
    pub(crate) parent: Option<i64>,
    pub(crate) edits: Vec<String>,
    pub(crate) stars: BTreeSet<i64>,
    pub(crate) pins: BTreeSet<i64>,
    pub(crate) deleted: bool,
    /// Id of the event that posted it.
    pub(crate) event: i64,
}

/// A room.
#[derive(Clone, Debug, Default)]
pub(crate) struct Room {
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) owners: BTreeSet<i64>,
    /// Users present.
    pub(crate) present: BTreeSet<i64>,
    pub(crate) access: BTreeMap<i64, String>,
    /// Ends of kicks by user, in Unix milliseconds.
    pub(crate) kicked: BTreeMap<i64, i64>,
    pub(crate) is_private: bool,
    pub(crate) is_frozen: bool,
    /// End of the time-out, in Unix milliseconds.
    pub(crate) timeout: Option<i64>,
    pub(crate) bookmarks: BTreeMap<String, i64>,
    pub(crate) events: VecDeque<Happened>,
}

/// An event that happened.
#[derive(Clone, Debug)]
pub(crate) struct Happened {
    pub(crate) id: i64,
    pub(crate) body: Value,
    /// The only account that receives it, if not all do.
    pub(crate) only: Option<i64>,
    /// An account that is told more than others, and the fields that only it gets.
    pub(crate) own: Option<(i64, Map<String, Value>)>,
}

impl Happened {
    /// The event as an account gets it.
    pub(crate) fn body_for(&self, account: Option<i64>) -> Value {
        let mut body = self.body.clone();
        if let (Some((whose, fields)), Some(body)) = (&self.own, body.as_object_mut())
            && Some(*whose) == account
        {
            body.extend(fields.clone());
        }
        body
    }
}

/// An event before it has a number.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    pub(crate) body: Value,
    pub(crate) only: Option<i64>,
    pub(crate) own: Option<(i64, Map<String, Value>)>,
}

impl From<(Value, Option<i64>)> for Draft {
    fn from((body, only): (Value, Option<i64>)) -> Self {
        let own = None;
        Self { body, only, own }
    }
}

/// An open socket, and the account at its other end.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) socket: Socket,
    pub(crate) account: i64,
    /// Counter last sent for each room.
    pub(crate) told: BTreeMap<i64, i64>,
}

/// An address that `/ws-auth` gave out.
#[derive(Clone, Debug)]
pub(crate) struct Ticket {
    pub(crate) chat: usize,
    pub(crate) account: i64,
    pub(crate) room: i64,
}

/// One chat server.
#[derive(Debug)]
pub(crate) struct Chat {
    pub(crate) host: &'static str,
    pub(crate) login: &'static str,
    pub(crate) cookie: &'static str,
    /// Ids of events, and the counter of frames.
    pub(crate) counter: i64,
    pub(crate) next_message: i64,
    pub(crate) rooms: BTreeMap<i64, Room>,
    pub(crate) messages: BTreeMap<i64, Message>,
    /// Rooms that accounts are in: events there are due to them.
    pub(crate) occupied: BTreeMap<i64, BTreeSet<i64>>,
    /// Events for a replay, with their rooms, oldest first.
    pub(crate) buffer: VecDeque<(i64, Happened)>,
    /// Counter up to which events were dropped from the buffer.
    pub(crate) forgotten: i64,
    pub(crate) connections: BTreeMap<u64, Connection>,
    /// Accounts by chat cookie.
    pub(crate) sessions: BTreeMap<String, i64>,
    pub(crate) fkeys: BTreeMap<i64, String>,
    /// Times of the last messages of an account, and texts by room.
    pub(crate) last_texts: BTreeMap<(i64, i64), (String, i64)>,
    pub(crate) star_days: BTreeMap<i64, (i64, u32)>,
    /// The last messages whose mentions were acknowledged.
    pub(crate) acknowledged: VecDeque<i64>,
}

/// An answer that a test gives in place of the server.
#[derive(Clone, Debug)]
pub(crate) struct Canned {
    /// Over `METHOD /path`, or the path alone.
    pub(crate) requests: KindPattern,
    pub(crate) left: u32,
    pub(crate) status: u16,
    /// Where a redirect leads.
    pub(crate) location: Option<String>,
    pub(crate) text: String,
}

/// Faults that only this platform has.
#[derive(Debug, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub(crate) struct ChatFaults {
    /// Logins that are answered with a challenge.
    pub(crate) captchas: u32,
    /// The login page has no key.
    pub(crate) login_changed: bool,
    /// The login's pages lead to this address.
    pub(crate) login_leads_to: Option<String>,
    /// The chat servers do not know the sites' cookies.
    pub(crate) refuses_chat: bool,
    /// Texts of 409 responses to the next writes.
    pub(crate) conflicts: VecDeque<String>,
    /// Whether writes are throttled.
    pub(crate) throttles: bool,
    /// Lets the next requests for a socket's address fail.
    pub(crate) no_tickets: u32,
    /// No heartbeats are sent.
    pub(crate) is_silent: bool,
    /// New sockets begin with later events only, without saying so.
    pub(crate) begins_late: bool,
    /// Requests that get another answer than the server's own.
    pub(crate) canned: Vec<Canned>,
    /// Rows of messages in a history have the event's id and the room's name.
    pub(crate) messages_with_ids: bool,
    /// Rows of events in a history have neither.
    pub(crate) events_without_ids: bool,
}

/// State of the simulated chat servers.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) world: World,
    pub(crate) ledger: Ledger,
    pub(crate) settings: Settings,
    pub(crate) faults: Faults,
    pub(crate) chat_faults: ChatFaults,
    pub(crate) timers: Timers<Self>,
    /// Generator of cookies, keys and addresses; differs from run to run.
    pub(crate) secrets: Rng,
    pub(crate) people: BTreeMap<i64, Person>,
    /// Accounts by the value of `acct`, and the domain it is for; 10,000 at most.
    pub(crate) logins: BTreeMap<String, (i64, &'static str)>,
    pub(crate) tickets: BTreeMap<String, Ticket>,
    pub(crate) spent: BTreeSet<String>,
    pub(crate) chats: Vec<Chat>,
    pub(crate) opened: u64,
    /// Events made so far; ambient traffic counts them.
    pub(crate) made: u64,
    /// Times of recent writes of accounts, for the throttle.
    pub(crate) writes: BTreeMap<i64, VecDeque<i64>>,
    pub(crate) not_before: BTreeMap<i64, i64>,
    /// Name and id of the bot's account.
    pub(crate) bot: String,
    pub(crate) bot_id: i64,
    /// The bot's room on the first server.
    pub(crate) home: i64,
}

impl State {
    /// Name of the bot's account, an owner of room 4242.
    pub(crate) const BOT: &'static str = "antiphon";
    /// Its id on every chat server.
    pub(crate) const BOT_ID: i64 = 99;

    /// The default world.
    pub(crate) fn new(world: World, ledger: Ledger, settings: Settings) -> Self {
        let mut state = Self::empty(world, ledger, settings);
        state.add_residents();
        state.add_rooms();
        state
    }

    /// The servers, without people and rooms.
    pub(super) fn empty(world: World, ledger: Ledger, settings: Settings) -> Self {
        let mut mint = world.mint("stackexchange");
        let mut state = Self {
            world,
            ledger,
            settings,
            faults: Faults::default(),
            chat_faults: ChatFaults::default(),
            timers: Timers::default(),
            secrets: world.mint("stackexchange secrets"),
            people: BTreeMap::new(),
            logins: BTreeMap::new(),
            tickets: BTreeMap::new(),
            spent: BTreeSet::new(),
            chats: Vec::new(),
            opened: 0,
            made: 0,
            writes: BTreeMap::new(),
            not_before: BTreeMap::new(),
            bot: Self::BOT.to_owned(),
            bot_id: Self::BOT_ID,
            home: 4242,
        };
        for (host, login, cookie) in HOSTS {
            let mut chat = Chat {
                host,
                login,
                cookie,
                // Every run has ids of its own, so that a journal with events of an earlier run knows none of them.
                counter: 100_000_000 + mint.i64(0..1 << 40),
                next_message: 60_000_000 + mint.i64(0..1 << 40),
                rooms: BTreeMap::new(),
                messages: BTreeMap::new(),
                occupied: BTreeMap::new(),
                buffer: VecDeque::new(),
                forgotten: 0,
                connections: BTreeMap::new(),
                sessions: BTreeMap::new(),
                fkeys: BTreeMap::new(),
                last_texts: BTreeMap::new(),
                star_days: BTreeMap::new(),
                acknowledged: VecDeque::new(),
            };
            chat.forgotten = chat.counter;
            state.chats.push(chat);
        }
        state.beat_later();
        state
    }

    /// Adds the default people.
    pub(super) fn add_residents(&mut self) {
        self.add_person(Self::BOT_ID, Self::BOT);
        for (number, name) in (101..).zip(RESIDENTS) {
            self.add_person(number, name);
        }
        if let Some(moderator) = self.people.get_mut(&102) {
            moderator.is_moderator = true;
        }
    }

    /// Adds the default rooms, with the residents of these names in them.
    pub(super) fn add_rooms(&mut self) {
        let people: Vec<i64> = RESIDENTS
            .iter()
            .map(|name| self.person_named(name))
            .collect();
        let bot = self.bot_id;
        for chat in &mut self.chats {
            for (id, name) in [(4242, "Sandbox"), (17, "Tea"), (5151, "The Library")] {
                let mut room = Room {
                    name: name.to_owned(),
                    description: format!("{name} of {}", chat.host),
                    owners: [people[0]].into(),
                    ..Room::default()
                };
                room.owners.extend((id == 4242).then_some(bot));
                room.present.extend(&people[..12]);
                chat.rooms.insert(id, room);
            }
        }
    }

    pub(super) fn add_person(&mut self, id: i64, name: &str) {
        let person = Person {
            id,
            name: name.to_owned(),
            email: format!("{name}@example.org"),
            password: format!("{:012x}", self.secrets.u64(..) >> 16),
            is_moderator: false,
        };
        self.people.insert(id, person);
    }

    /// The user with this name or id; an unknown name makes a new user.
    pub(crate) fn person_named(&mut self, name: &str) -> i64 {
        let by_name = self.people.values().find(|person| person.name == name);
        if let Some(person) = by_name {
            return person.id;
        }
        if let Ok(id) = name.parse()
            && self.people.contains_key(&id)
        {
            return id;
        }
        let id = self.people.keys().max().copied().unwrap_or_default() + 1;
        self.add_person(id, name);
        id
    }

    pub(crate) fn name_of(&self, id: i64) -> String {
        match self.people.get(&id) {
            Some(person) => person.name.clone(),
            None if id == -2 => "Feeds".to_owned(),
            None => format!("user{id}"),
        }
    }

    /// Unix milliseconds.
    pub(crate) fn now(&self) -> i64 {
        self.world.now()
    }

    pub(crate) fn note(&self, text: impl Into<String>) {
        self.ledger.note(self.now(), "stackexchange", text.into());
    }

    /// 32 hexadecimal digits.
    pub(crate) fn secret(&mut self) -> String {
        format!("{:032x}", self.secrets.u128(..))
    }

    /// The chat server with this host.
    pub(crate) fn chat_at(&self, host: &str) -> Option<usize> {
        self.chats.iter().position(|chat| chat.host == host)
    }
}

impl Timed for State {
    fn now(&self) -> i64 {
        self.world.now()
    }

    fn timers(&mut self) -> &mut Timers<Self> {
        &mut self.timers
    }
}

impl Room {
    pub(crate) fn keep(&mut self, event: Happened) {
        self.events.push_back(event);
        if self.events.len() > HISTORY {
            self.events.pop_front();
        }
    }
}
