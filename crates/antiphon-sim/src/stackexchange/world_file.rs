//! Stack Exchange's section of a world file: a state from it, and back.
//!
//! Events that are no posts, kicks, time-outs, bookmarks, stars left for the day, logins and sockets are no part of the
//! file.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::{
    actions::MESSAGES,
    settings::Settings,
    state::{self, HOSTS, Happened, State},
    text,
};
use crate::{
    bounds,
    ledger::Ledger,
    world::World,
    world_file::{
        FromFile, Names, Problem,
        stackexchange::{Message, Person, Room, Section},
        value::At,
    },
};

/// Milliseconds between two messages without times.
const MINUTE: i64 = 60_000;

impl FromFile for State {
    type Section = Section;
    type Settings = Settings;

    fn default_world(world: World, ledger: Ledger, settings: Settings) -> Self {
        Self::new(world, ledger, settings)
    }

    fn of_file(
        world: World,
        ledger: Ledger,
        settings: Settings,
        section: &Section,
        inherit: bool,
    ) -> Result<Self, Problem> {
        let mut state = Self::empty(world, ledger, settings);
        if let Some(account) = &section.account {
            Problem::name("stackexchange.account", account)?;
            state.bot.clone_from(account);
        }
        let mut maker = Maker {
            state,
            people: Names::new("person"),
        };
        maker.people(section.people.as_deref(), inherit)?;
        maker.bot()?;
        maker.rooms(section.rooms.as_deref(), inherit)?;
        Ok(maker.state)
    }

    fn to_file(&self) -> Section {
        let mut names = Names::new("person");
        for person in self.people.values() {
            names.add(&person.name, person.id);
        }
        let people = self.people.values().map(|person| Person {
            name: person.name.clone(),
            id: Some(person.id),
            email: Some(person.email.clone()),
            password: Some(person.password.clone()),
            moderator: person.is_moderator,
        });
        let mut rooms = Vec::new();
        for chat in &self.chats {
            let mut ids: Vec<&i64> = chat.rooms.keys().collect();
            ids.sort_by_key(|id| **id != self.home);
            let mut histories: BTreeMap<i64, Vec<Message>> = BTreeMap::new();
            for (id, message) in &chat.messages {
                let history = histories.entry(message.room).or_default();
                history.push(message_file(*id, message, chat, &names));
            }
            for id in ids {
                let history = histories.remove(id).unwrap_or_default();
                rooms.push(room_file(*id, &chat.rooms[id], chat.host, history, &names));
            }
        }
        Section {
            account: Some(self.bot.clone()),
            people: Some(people.collect()),
            rooms: Some(rooms),
        }
    }
}

fn room_file(
    id: i64,
    room: &state::Room,
    host: &str,
    history: Vec<Message>,
    names: &Names<i64>,
) -> Room {
    let all = |ids: &BTreeSet<i64>| ids.iter().filter_map(|id| name_of(*id, names)).collect();
    Room {
        id,
        name: room.name.clone(),
        server: Some(host.to_owned()),
        description: room.description.clone(),
        owners: all(&room.owners),
        people: all(&room.present),
        access: room
            .access
            .iter()
            .filter_map(|(id, level)| Some((name_of(*id, names)?, level.clone())))
            .collect(),
        private: room.is_private,
        frozen: room.is_frozen,
        history,
    }
}

/// How the file refers to a person; `None` for one who does not exist, such as a feed.
fn name_of(id: i64, names: &Names<i64>) -> Option<String> {
    names.name_of(&id)
}

fn message_file(
    id: i64,
    message: &state::Message,
    chat: &state::Chat,
    names: &Names<i64>,
) -> Message {
    let all = |ids: &BTreeSet<i64>| ids.iter().filter_map(|id| name_of(*id, names)).collect();
    let html = Some(&message.content).filter(|html| **html != text::shown(&message.text));
    let parent = message
        .parent
        .filter(|parent| chat.messages.contains_key(parent));
    Message {
        by: name_of(message.author, names).unwrap_or_else(|| message.author.to_string()),
        text: message.text.clone(),
        id: Some(id),
        at: Some(At(message.posted_at)),
        reply_to: parent,
        html: html.cloned(),
        edits: message.edits.clone(),
        stars: all(&message.stars),
        pins: all(&message.pins),
        deleted: message.deleted,
    }
}

/// Makes a state of a section.
struct Maker {
    state: State,
    people: Names<i64>,
}

impl Maker {
    fn person(&mut self, path: &str, person: &Person) -> Result<i64, Problem> {
        let name = &person.name;
        Problem::name(format_args!("{path}.name"), name)?;
        Problem::fits(
            "stackexchange.people",
            "people",
            self.state.people.len() + 1,
            bounds::PEOPLE,
        )?;
        if self.people.find(name).is_some() {
            return Err(Problem::new(
                format_args!("{path}.name"),
                format_args!("two people are named `{name}`"),
            ));
        }
        let next = || {
            self.state
                .people
                .keys()
                .max()
                .copied()
                .unwrap_or(State::BOT_ID + 1)
                + 1
        };
        let id = match person.id {
            Some(id @ ..1) => {
                return Err(Problem::new(
                    format_args!("{path}.id"),
                    format_args!("{id} is no id: ids begin at 1"),
                ));
            }
            Some(id) if id > i64::MAX >> 1 => {
                return Err(Problem::new(
                    format_args!("{path}.id"),
                    format_args!("the id {id} is too large"),
                ));
            }
            Some(id) => id,
            None if *name == self.state.bot && !self.state.people.contains_key(&State::BOT_ID) => {
                State::BOT_ID
            }
            None => next().max(101),
        };
        if self.state.people.contains_key(&id) {
            return Err(Problem::new(
                format_args!("{path}.id"),
                format_args!("two people have the id {id}"),
            ));
        }
        if let Some(email) = &person.email
            && self
                .state
                .people
                .values()
                .any(|other| other.email == *email)
        {
            return Err(Problem::new(
                format_args!("{path}.email"),
                format_args!("two people have the address {email}"),
            ));
        }
        self.state.add_person(id, name);
        if let Some(made) = self.state.people.get_mut(&id) {
            made.is_moderator = person.moderator;
            if let Some(email) = &person.email {
                made.email.clone_from(email);
            }
            if let Some(password) = &person.password {
                made.password.clone_from(password);
            }
        }
        self.people.add(name, id);
        Ok(id)
    }

    /// The person of this name or id; a new name makes a person.
    fn someone(&mut self, path: &str, name: &str) -> Result<i64, Problem> {
        match self.people.find(name) {
            Some(id) => Ok(id),
            None if name.parse::<i64>().is_ok() => {
                Err(Problem::new(path, format_args!("nobody has the id {name}")))
            }
            None => {
                let name = name.to_owned();
                self.person(
                    path,
                    &Person {
                        name,
                        ..Person::default()
                    },
                )
            }
        }
    }

    fn people(&mut self, people: Option<&[Person]>, inherit: bool) -> Result<(), Problem> {
        for (number, person) in people.unwrap_or_default().iter().enumerate() {
            self.person(&format!("stackexchange.people[{number}]"), person)?;
        }
        if people.is_none() && inherit {
            self.state.add_residents();
            for person in self.state.people.values() {
                self.people.add(&person.name, person.id);
            }
        }
        Ok(())
    }

    /// Sees to it that the bot's own account exists.
    fn bot(&mut self) -> Result<(), Problem> {
        let bot = self.state.bot.clone();
        let id = self.someone("stackexchange.account", &bot)?;
        self.state.bot_id = id;
        Ok(())
    }

    fn rooms(&mut self, rooms: Option<&[Room]>, inherit: bool) -> Result<(), Problem> {
        let given = rooms.unwrap_or_default();
        Problem::fits("stackexchange.rooms", "rooms", given.len(), bounds::ROOMS)?;
        let mut said: Vec<Vec<Said<'_>>> = Vec::new();
        said.resize_with(HOSTS.len(), Vec::new);
        for (number, room) in given.iter().enumerate() {
            let path = format!("stackexchange.rooms[{number}]");
            let chat = match &room.server {
                None => 0,
                Some(host) => self.state.chat_at(host).ok_or_else(|| {
                    let known = HOSTS.map(|(host, _, _)| host);
                    Problem::unknown(
                        format_args!("{path}.server"),
                        "the network",
                        "chat server",
                        host,
                        known,
                    )
                })?,
            };
            self.room(&path, chat, room)?;
            let last =
                self.state.now() - MINUTE * i64::try_from(room.history.len()).unwrap_or_default();
            for (number, message) in (0..).zip(&room.history) {
                said[chat].push(Said {
                    path: format!("{path}.history[{number}]"),
                    at: message.at.map_or(last + MINUTE * number, |at| at.0),
                    room: room.id,
                    message,
                });
            }
        }
        for (chat, said) in said.into_iter().enumerate() {
            self.history(chat, said)?;
        }
        if rooms.is_none() && inherit {
            for name in crate::world::RESIDENTS {
                self.someone("stackexchange.rooms", name)?;
            }
            self.state.add_rooms();
        } else {
            let first = self.state.chats[0].rooms.keys().next().copied();
            let first = given
                .iter()
                .find(|room| room.server.as_deref().is_none_or(|host| host == HOSTS[0].0))
                .map(|room| room.id)
                .or(first);
            self.state.home = first.unwrap_or(self.state.home);
        }
        Ok(())
    }

    fn room(&mut self, path: &str, chat: usize, room: &Room) -> Result<(), Problem> {
        Problem::name(format_args!("{path}.name"), &room.name)?;
        Problem::text(format_args!("{path}.description"), &room.description)?;
        if room.id < 1 {
            return Err(Problem::new(
                format_args!("{path}.id"),
                format_args!("{} is no number of a room: they begin at 1", room.id),
            ));
        }
        if self.state.chats[chat].rooms.contains_key(&room.id) {
            return Err(Problem::new(
                format_args!("{path}.id"),
                format_args!("two rooms of one server have the number {}", room.id),
            ));
        }
        let mut access = BTreeMap::new();
        for (name, level) in &room.access {
            access.insert(
                self.someone(&format!("{path}.access.{name}"), name)?,
                level.clone(),
            );
        }
        let made = state::Room {
            name: room.name.clone(),
            description: room.description.clone(),
            owners: self.all(&format!("{path}.owners"), &room.owners)?,
            present: self.all(&format!("{path}.people"), &room.people)?,
            access,
            is_private: room.private,
            is_frozen: room.frozen,
            ..state::Room::default()
        };
        self.state.chats[chat].rooms.insert(room.id, made);
        Ok(())
    }

    fn all(&mut self, path: &str, names: &[String]) -> Result<BTreeSet<i64>, Problem> {
        let names = names.iter().enumerate();
        names
            .map(|(number, name)| self.someone(&format!("{path}[{number}]"), name))
            .collect()
    }

    /// Adds the messages of one server, each with its event, which no socket is told.
    fn history(&mut self, chat: usize, mut said: Vec<Said<'_>>) -> Result<(), Problem> {
        Problem::fits(
            "stackexchange.rooms",
            "messages on one server",
            said.len(),
            MESSAGES,
        )?;
        // Ids grow with time: those without an id come where their times are.
        said.sort_by_key(|said| said.at);
        let given = said.iter().filter_map(|said| said.message.id);
        let highest = given.max().unwrap_or_default();
        if highest > i64::MAX >> 1 {
            return Err(Problem::new(
                "stackexchange.rooms",
                format_args!("the message id {highest} is too large"),
            ));
        }
        let server = &mut self.state.chats[chat];
        server.next_message = server.next_message.max(highest);
        for Said {
            path,
            at,
            room,
            message,
        } in said
        {
            Problem::text(format_args!("{path}.text"), &message.text)?;
            let author = self.someone(&format!("{path}.by"), &message.by)?;
            let stars = self.all(&format!("{path}.stars"), &message.stars)?;
            let pins = self.all(&format!("{path}.pins"), &message.pins)?;
            if stars.contains(&author) {
                return Err(Problem::new(
                    format_args!("{path}.stars"),
                    format_args!("`{}` cannot star a message of their own", message.by),
                ));
            }
            let server = &mut self.state.chats[chat];
            let id = match message.id {
                Some(id @ ..1) => {
                    return Err(Problem::new(
                        format_args!("{path}.id"),
                        format_args!("{id} is no id: ids begin at 1"),
                    ));
                }
                Some(id) if server.messages.contains_key(&id) => {
                    return Err(Problem::new(
                        format_args!("{path}.id"),
                        format_args!("two messages have the id {id}"),
                    ));
                }
                Some(id) => id,
                None => {
                    server.next_message += 1;
                    server.next_message
                }
            };
            if let Some(parent) = message.reply_to
                && !server.messages.contains_key(&parent)
            {
                let problem = Problem::new(
                    format_args!("{path}.reply_to"),
                    format_args!("no earlier message has the id {parent}"),
                );
                return Err(problem.hint("give the message that it replies to an `id`"));
            }
            server.counter += 1;
            let number = server.counter;
            server.forgotten = number;
            server.messages.insert(
                id,
                state::Message {
                    room,
                    author,
                    posted_at: at,
                    text: message.text.clone(),
                    content: message
                        .html
                        .clone()
                        .unwrap_or_else(|| text::shown(&message.text)),
                    parent: message.reply_to,
                    edits: message.edits.clone(),
                    stars,
                    pins,
                    deleted: message.deleted,
                    event: number,
                },
            );
            let mut body = self.state.message_event(chat, 1, id);
            body["id"] = json!(number);
            body["time_stamp"] = json!(at.div_euclid(1000));
            if let Some(room) = self.state.chats[chat].rooms.get_mut(&room) {
                room.keep(Happened {
                    id: number,
                    body,
                    only: None,
                    own: None,
                });
            }
        }
        Ok(())
    }
}

/// A message of a file, with its place there, its time and its room.
struct Said<'a> {
    path: String,
    at: i64,
    room: i64,
    message: &'a Message,
}
