//! QueUp's section of a world file: a state from it, and back.
//!
//! Chat and song histories, votes on the playing song, private conversations, playlists, who follows whom, audit logs,
//! logins and sockets are no part of the file; a song that plays begins anew.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{
    model::{self, Ban as MadeBan, Millis},
    role::{ROLES, Role},
    settings::Settings,
    state::State,
    text,
};
use crate::{
    bounds,
    ledger::Ledger,
    world::{Ids, World},
    world_file::{
        FromFile, Names, Problem,
        queup::{Ban, Member, Person, Playing, Queue, Room, Section, Song},
        value::At,
    },
};

/// Milliseconds of a year.
const YEAR: Millis = 31_536_000_000;
/// Settings of a room that have keys of their own.
const FIELDS: [&str; 6] = ["_id", "name", "roomUrl", "userid", "_user", "currentSong"];

impl FromFile for State {
    type Section = Section;
    type Settings = Settings;

    fn default_world(world: World, ledger: Ledger, settings: Settings) -> Self {
        let mut state = Self::new(world, ledger, settings);
        state.populate();
        state
    }

    fn of_file(
        world: World,
        ledger: Ledger,
        settings: Settings,
        section: &Section,
        inherit: bool,
    ) -> Result<Self, Problem> {
        let mut state = Self::new(world, ledger, settings);
        if let Some(account) = &section.account {
            Problem::name("queup.account", account)?;
            state.bot.clone_from(account);
        }
        let mut maker = Maker {
            state,
            people: Names::new("person"),
            songs: Names::new("song"),
            taken: BTreeSet::new(),
        };
        maker.people(section.people.as_deref(), inherit)?;
        maker.songs(section.songs.as_deref(), inherit)?;
        maker.rooms(section.rooms.as_deref(), inherit)?;
        let mut state = maker.state;
        let bot = state.bot.clone();
        state.add_account(&bot);
        state.home = maker_home(&state, section);
        Ok(state)
    }

    fn to_file(&self) -> Section {
        let mut people = Names::new("person");
        for user in self.users.values() {
            people.add(&user.username, user.id.clone());
        }
        let mut songs = Names::new("song");
        for song in self.songs.values() {
            songs.add(&text::unescape(&song.name), song.id.clone());
        }
        let mut rooms: Vec<&model::Room> = self.rooms.values().collect();
        rooms.sort_by_key(|room| room.slug != self.home);
        Section {
            account: Some(self.bot.clone()),
            people: Some(self.users.values().map(person_file).collect()),
            songs: Some(self.songs.values().map(song_file).collect()),
            rooms: Some(
                rooms
                    .into_iter()
                    .map(|room| self.room_file(room, &people, &songs))
                    .collect(),
            ),
        }
    }
}

impl State {
    fn room_file(&self, room: &model::Room, people: &Names<String>, songs: &Names<String>) -> Room {
        let person = |id: &String| match self.users.get(id) {
            Some(user) => people.handle(&user.username, id),
            None => id.clone(),
        };
        let song = |id: &String| match self.songs.get(id) {
            Some(song) => songs.handle(&text::unescape(&song.name), id),
            None => id.clone(),
        };
        let mut settings = room.settings.clone();
        let name = settings.remove("name");
        let queue = room.djs.iter().filter_map(|dj| room.members.get(dj));
        let queue = queue.filter(|member| !member.queue.is_empty());
        Room {
            slug: room.slug.clone(),
            id: Some(room.id.clone()),
            name: name.as_ref().and_then(Value::as_str).map(str::to_owned),
            owner: person(&room.creator),
            password: room.password.clone(),
            settings,
            people: room
                .members
                .values()
                .map(|member| Member {
                    name: person(&member.userid),
                    role: member.role.map(|role| role.kind.to_owned()),
                    present: member.present,
                    muted: member.muted,
                    paused: member.paused,
                    ban: member.banned.map(|ban| Ban {
                        since: Some(At(ban.since)),
                        until: ban.until.map(At),
                    }),
                    dubs: member.dubs,
                    played: member.played,
                    skipped: member.skipped,
                })
                .collect(),
            playing: room.playing.as_ref().map(|item| Playing {
                by: person(&item.userid),
                song: song(&item.songid),
            }),
            queue: queue
                .map(|member| Queue {
                    by: person(&member.userid),
                    songs: member.queue.iter().map(|item| song(&item.songid)).collect(),
                })
                .collect(),
        }
    }
}

/// Slug of the bot's room: the first of the file, or of the default world.
fn maker_home(state: &State, section: &Section) -> String {
    let first = section.rooms.as_ref().and_then(|rooms| rooms.first());
    first.map_or_else(|| state.home.clone(), |room| room.slug.clone())
}

fn person_file(user: &model::User) -> Person {
    let (email, password) = user.login.clone().unzip();
    Person {
        name: user.username.clone(),
        id: Some(user.id.clone()),
        since: Some(At(user.created)),
        dubs: user.dubs,
        picture: user.image.as_ref().and_then(Value::as_object).cloned(),
        email,
        password,
    }
}

fn song_file(song: &model::Song) -> Song {
    let since: Option<jiff::Timestamp> = song.created.parse().ok();
    Song {
        name: text::unescape(&song.name),
        id: Some(song.id.clone()),
        length: u32::try_from(song.length).unwrap_or(u32::MAX),
        source: song.source.clone(),
        source_id: Some(song.fkid.clone()),
        since: since.map(|since| At(since.as_millisecond())),
    }
}

/// Makes a state of a section.
struct Maker {
    state: State,
    people: Names<String>,
    songs: Names<String>,
    /// Ids that are given away.
    taken: BTreeSet<String>,
}

impl Maker {
    /// The given id, or one that follows from the seed and from what it is of.
    fn id(&mut self, path: &str, given: Option<&String>, what: &str) -> Result<String, Problem> {
        let path = format!("{path}.id");
        if let Some(id) = given {
            let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
            if id.len() != 24 || !id.bytes().all(is_hex) {
                return Err(Problem::new(
                    path,
                    format_args!("`{id}` is not 24 hexadecimal digits"),
                ));
            }
            if !self.taken.insert(id.clone()) {
                return Err(Problem::new(
                    path,
                    format_args!("two objects have the id {id}"),
                ));
            }
            return Ok(id.clone());
        }
        let mut chance = self.state.world.chance(&format!("world file: {what}"));
        loop {
            let id = Ids::drawn(&mut chance);
            if self.taken.insert(id.clone()) {
                return Ok(id);
            }
        }
    }

    fn person(&mut self, path: &str, person: &Person) -> Result<String, Problem> {
        let name = &person.name;
        Problem::name(format_args!("{path}.name"), name)?;
        Problem::fits(
            "queup.people",
            "people",
            self.state.users.len() + 1,
            bounds::PEOPLE,
        )?;
        if self.people.find(name).is_some() {
            return Err(Problem::new(
                format_args!("{path}.name"),
                format_args!("two people are named `{name}`"),
            ));
        }
        let id = self.id(path, person.id.as_ref(), &format!("person {name}"))?;
        let login = match (&person.email, &person.password) {
            (None, None) => None,
            (None, Some(_)) => {
                return Err(Problem::new(
                    path,
                    format_args!("`{name}` has a password and no `email`"),
                ));
            }
            (Some(email), password) => {
                let secret = format!("{name}-{:08x}", self.state.secrets.u32(..));
                Some((email.clone(), password.clone().unwrap_or(secret)))
            }
        };
        if let Some((email, _)) = &login
            && self.state.users.values().any(|other| {
                other
                    .login
                    .as_ref()
                    .is_some_and(|(known, _)| known == email)
            })
        {
            return Err(Problem::new(
                format_args!("{path}.email"),
                format_args!("two people have the address {email}"),
            ));
        }
        let user = model::User {
            id: id.clone(),
            username: name.clone(),
            created: person
                .since
                .map_or(self.state.now() - YEAR, |since| since.0),
            dubs: person.dubs,
            image: person.picture.clone().map(Value::Object),
            login,
            following: std::collections::BTreeMap::new(),
        };
        self.state.users.insert(id.clone(), user);
        self.people.add(name, id.clone());
        Ok(id)
    }

    /// The person of this name or id; a new name makes a person.
    fn someone(&mut self, path: &str, name: &str) -> Result<String, Problem> {
        if let Some(id) = self.people.find(name) {
            return Ok(id);
        }
        let person = Person {
            name: name.to_owned(),
            ..Person::default()
        };
        self.person(path, &person)
    }

    fn people(&mut self, people: Option<&[Person]>, inherit: bool) -> Result<(), Problem> {
        for (number, person) in people.unwrap_or_default().iter().enumerate() {
            self.person(&format!("queup.people[{number}]"), person)?;
        }
        if people.is_none() && inherit {
            self.state.add_residents();
            self.learn();
        }
        Ok(())
    }

    /// Learns the names and ids of people and songs that the default world made.
    fn learn(&mut self) {
        for user in self.state.users.values() {
            if self.taken.insert(user.id.clone()) {
                self.people.add(&user.username, user.id.clone());
            }
        }
        for song in self.state.songs.values() {
            if self.taken.insert(song.id.clone()) {
                self.songs.add(&text::unescape(&song.name), song.id.clone());
            }
        }
    }

    fn songs(&mut self, songs: Option<&[Song]>, inherit: bool) -> Result<(), Problem> {
        let given = songs.unwrap_or_default();
        Problem::fits("queup.songs", "songs", given.len(), bounds::TRACKS)?;
        for (number, song) in given.iter().enumerate() {
            let path = format!("queup.songs[{number}]");
            Problem::name(format_args!("{path}.name"), &song.name)?;
            let known = ["youtube", "soundcloud"];
            if !known.contains(&song.source.as_str()) {
                return Err(Problem::unknown(
                    format_args!("{path}.source"),
                    "QueUp",
                    "source",
                    &song.source,
                    known,
                ));
            }
            let id = self.id(
                &path,
                song.id.as_ref(),
                &format!("song {} of {}", song.name, song.source),
            )?;
            let created = song.since.map_or(self.state.now() - YEAR, |since| since.0);
            let created = jiff::Timestamp::from_millisecond(created).unwrap_or_default();
            let made = model::Song {
                id: id.clone(),
                name: text::escape(&song.name),
                source: song.source.clone(),
                fkid: song
                    .source_id
                    .clone()
                    .unwrap_or_else(|| id[..11].to_owned()),
                created: created.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string(),
                length: song.length.into(),
            };
            self.state.songs.insert(id.clone(), made);
            self.songs.add(&song.name, id);
        }
        if songs.is_none() && inherit {
            self.state.add_songs();
            self.learn();
        }
        Ok(())
    }

    fn rooms(&mut self, rooms: Option<&[Room]>, inherit: bool) -> Result<(), Problem> {
        let given = rooms.unwrap_or_default();
        Problem::fits("queup.rooms", "rooms", given.len(), bounds::ROOMS)?;
        for (number, room) in given.iter().enumerate() {
            self.room(&format!("queup.rooms[{number}]"), room)?;
        }
        if rooms.is_none() && inherit {
            self.state.add_rooms();
        }
        Ok(())
    }

    fn room(&mut self, path: &str, room: &Room) -> Result<(), Problem> {
        Problem::name(format_args!("{path}.slug"), &room.slug)?;
        if room.slug.contains(['/', '?', '#', ' ']) {
            return Err(Problem::new(
                format_args!("{path}.slug"),
                format_args!("`{}` cannot stand in an address", room.slug),
            ));
        }
        if self.state.find_room(&room.slug).is_some() {
            return Err(Problem::new(
                format_args!("{path}.slug"),
                format_args!("two rooms have the slug `{}`", room.slug),
            ));
        }
        if let Some(key) = room
            .settings
            .keys()
            .find(|key| FIELDS.contains(&key.as_str()))
        {
            let problem = Problem::new(
                format_args!("{path}.settings"),
                format_args!("`{key}` is no setting"),
            );
            return Err(problem.hint("it follows from the other keys"));
        }
        let id = self.id(path, room.id.as_ref(), &format!("room {}", room.slug))?;
        let owner = self.someone(&format!("{path}.owner"), &room.owner)?;
        let name = room.name.as_ref().unwrap_or(&room.slug);
        let now = self.state.now();
        let mut made = model::Room::new(id.clone(), &room.slug, name, &owner, now);
        made.settings.extend(room.settings.clone());
        if room.password.is_some() && !room.settings.contains_key("roomDisplay") {
            made.settings
                .insert("roomDisplay".to_owned(), json!("private"));
        }
        made.password.clone_from(&room.password);
        self.state.rooms.insert(id.clone(), made);
        Problem::fits(
            format_args!("{path}.people"),
            "people",
            room.people.len(),
            bounds::PEOPLE,
        )?;
        let mut seen = BTreeSet::new();
        for (number, member) in room.people.iter().enumerate() {
            let path = format!("{path}.people[{number}]");
            let user = self.someone(&format!("{path}.name"), &member.name)?;
            if !seen.insert(user.clone()) {
                return Err(Problem::new(
                    format_args!("{path}.name"),
                    format_args!("`{}` is in the room twice", member.name),
                ));
            }
            self.member(&path, &id, &user, member)?;
        }
        for (number, queue) in room.queue.iter().enumerate() {
            self.queue(&format!("{path}.queue[{number}]"), &id, queue)?;
        }
        if let Some(playing) = &room.playing {
            let path = format!("{path}.playing");
            let mut item = self.queued(&path, &id, &playing.by, &playing.song)?;
            item.played = Some(now);
            item.active = true;
            if let Some(room) = self.state.rooms.get_mut(&id) {
                room.playing = Some(item);
            }
        } else {
            // Queued songs play at once, and the world does not say which did.
            self.state.play_next(&id);
        }
        Ok(())
    }

    fn member(
        &mut self,
        path: &str,
        room: &str,
        user: &str,
        member: &Member,
    ) -> Result<(), Problem> {
        let role = match &member.role {
            None => None,
            Some(word) => Some(Role::find(word).ok_or_else(|| {
                let known = ROLES.iter().map(|role| role.kind);
                Problem::unknown(format_args!("{path}.role"), "a room", "role", word, known)
            })?),
        };
        let now = self.state.now();
        if let Some(made) = self.state.member(room, user) {
            made.role = role;
            made.present = member.present;
            made.muted = member.muted;
            made.paused = member.paused;
            made.dubs = member.dubs;
            made.played = member.played;
            made.skipped = member.skipped;
            made.banned = member.ban.as_ref().map(|ban| MadeBan {
                since: ban.since.map_or(now, |since| since.0),
                until: ban.until.map(|until| until.0),
            });
        }
        Ok(())
    }

    /// An entry of a queue.
    fn queued(
        &mut self,
        path: &str,
        room: &str,
        by: &str,
        song: &str,
    ) -> Result<model::QueueItem, Problem> {
        let by_path = format!("{path}.by");
        let Some(user) = self.people.find(by) else {
            return Err(Problem::new(
                by_path,
                format_args!("nobody is named `{by}`"),
            ));
        };
        let song = self
            .songs
            .get(format_args!("{path}.song"), "the world", song)?;
        Ok(model::QueueItem {
            id: self.state.ids.next(),
            created: self.state.now(),
            played: None,
            active: false,
            over: false,
            skipped: false,
            length: self.state.songs.get(&song).map_or(0, |song| song.length),
            updubs: BTreeSet::new(),
            downdubs: BTreeSet::new(),
            grabs: 0,
            roomid: room.to_owned(),
            userid: user,
            songid: song,
        })
    }

    fn queue(&mut self, path: &str, room: &str, queue: &Queue) -> Result<(), Problem> {
        Problem::fits(
            format_args!("{path}.songs"),
            "songs",
            queue.songs.len(),
            bounds::IN_GUILD,
        )?;
        for song in &queue.songs {
            let item = self.queued(path, room, &queue.by, song)?;
            let user = item.userid.clone();
            let here = self
                .state
                .rooms
                .get(room)
                .is_some_and(|room| room.members.contains_key(&user));
            if !here {
                let message = format!(
                    "`{}` has songs in the queue, and is not in the room",
                    queue.by
                );
                return Err(Problem::new(format_args!("{path}.by"), message)
                    .hint("add the name to `people` of the room"));
            }
            if let Some(member) = self.state.member(room, &user) {
                member.queue.push_back(item);
            }
            if let Some(room) = self.state.rooms.get_mut(room)
                && room.order(&user).is_none()
            {
                room.djs.push_back(user);
            }
        }
        Ok(())
    }
}
