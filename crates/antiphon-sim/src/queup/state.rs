//! State of the simulated QueUp.
//!
//! One value has everything, behind the server's lock; a change is a method of another file that also announces it.
//! What is here makes the state that a simulation begins with, and announces nothing.
//! Ids grow and are unique, and so do the times of chat messages, because chat ids are made of them.

use std::collections::BTreeMap;

use antiphon_core::Rng;
use serde_json::{Value, json};

use super::{
    channels::Channels,
    logins::Logins,
    model::{Conversation, Member, Millis, Playlist, QueueItem, Room, Shown, Song, User},
    settings::Settings,
    text,
};
use crate::{
    fault::Faults,
    ledger::Ledger,
    timers::{Timed, Timers},
    world::{Ids, RESIDENTS, SONGS, World},
};

/// State of the simulated QueUp; changes that concern several parts are made here.
#[derive(Debug)]
pub(crate) struct State {
    /// Seed, run and clock.
    pub(crate) world: World,
    pub(crate) ledger: Ledger,
    pub(crate) settings: Settings,
    /// Faults that are switched on.
    pub(crate) faults: Faults,
    /// Generator of the ids of users, rooms, songs and everything else.
    pub(crate) ids: Ids,
    /// Generator of cookies, tokens and connection ids; differs from run to run.
    pub(crate) secrets: Rng,
    /// Generator of song lengths and similar; the same in every run of a seed.
    pub(crate) chance: Rng,
    pub(crate) users: BTreeMap<String, User>,
    pub(crate) rooms: BTreeMap<String, Room>,
    pub(crate) songs: BTreeMap<String, Song>,
    pub(crate) conversations: BTreeMap<String, Conversation>,
    pub(crate) playlists: BTreeMap<String, Playlist>,
    /// Cookies and tokens that were given out.
    pub(crate) logins: Logins,
    /// Open sockets, and who is due which channel.
    pub(crate) channels: Channels,
    /// Actions for later.
    pub(crate) timers: Timers<Self>,
    /// Events announced so far; ambient traffic counts them.
    pub(crate) announced: u64,
    /// Time of the last message in any room.
    pub(crate) last_said: i64,
    /// Counter of quirks that take turns.
    pub(crate) turn: usize,
    /// Name of the bot's account.
    pub(crate) bot: String,
    /// Slug of the bot's room.
    pub(crate) home: String,
}

impl State {
    /// An empty server.
    pub(crate) fn new(world: World, ledger: Ledger, settings: Settings) -> Self {
        Self {
            world,
            ledger,
            settings,
            faults: Faults::default(),
            ids: world.ids("queup"),
            secrets: world.mint("queup secrets"),
            chance: world.chance("queup"),
            users: BTreeMap::new(),
            rooms: BTreeMap::new(),
            songs: BTreeMap::new(),
            conversations: BTreeMap::new(),
            playlists: BTreeMap::new(),
            logins: Logins::default(),
            channels: Channels::default(),
            timers: Timers::default(),
            announced: 0,
            last_said: 0,
            turn: 0,
            bot: super::QueUp::BOT.to_owned(),
            home: "choir-loft".to_owned(),
        }
    }

    /// Adds the initial users, songs and rooms.
    pub(crate) fn populate(&mut self) {
        self.add_residents();
        self.add_songs();
        self.add_rooms();
    }

    /// Adds the default people.
    pub(super) fn add_residents(&mut self) {
        for name in RESIDENTS {
            self.add_user(name);
        }
    }

    /// Adds the default songs.
    pub(super) fn add_songs(&mut self) {
        for (artist, title) in SONGS {
            let length = self.chance.i64(120..360) * 1000;
            self.add_song(&format!("{artist} - {title}"), length);
        }
    }

    /// Adds the default rooms, and the people whom they need.
    pub(super) fn add_rooms(&mut self) {
        let owner = self.user_named("mira");
        let choir = self.add_room("choir-loft", "The Choir Loft", &owner);
        let night = self.add_room("night-radio", "Night Radio", &owner);
        let vault = self.add_room("vault", "The Vault", &owner);
        if let Some(room) = self.rooms.get_mut(&vault) {
            room.password = Some("open sesame".to_owned());
            room.settings
                .insert("roomDisplay".to_owned(), json!("private"));
        }
        let crowd: Vec<String> = RESIDENTS.iter().map(|name| self.user_named(name)).collect();
        for user in &crowd {
            self.settle(&choir, user);
        }
        for user in crowd.iter().step_by(3) {
            self.settle(&night, user);
        }
        for (name, role) in [("teo", "manager"), ("iris", "mod"), ("otto", "resident-dj")] {
            let user = self.user_named(name);
            self.appoint(&choir, &user, role);
        }
        for (username, role) in [
            (super::QueUp::BOT, Some("co-owner")),
            ("sexton", None),
            ("verger", None),
            ("usher", Some("mod")),
            ("cantor", Some("manager")),
        ] {
            let user = self.add_account(username);
            if let Some(role) = role {
                self.appoint(&choir, &user, role);
            }
        }
    }

    pub(crate) fn now(&self) -> Millis {
        self.world.now()
    }

    /// Writes something unexpected into the ledger.
    pub(crate) fn note(&self, text: impl Into<String>) {
        self.ledger.note(self.now(), "queup", text.into());
    }

    /// Age, votes and picture are drawn from the seed.
    pub(crate) fn add_user(&mut self, username: &str) -> String {
        let id = self.ids.next();
        let created = self.now() - self.chance.i64(1..2000) * 86_400_000;
        let image = self.chance.bool().then(|| avatar(username, 1));
        let user = User {
            id: id.clone(),
            username: username.to_owned(),
            created,
            dubs: self.chance.u32(0..5000),
            image,
            login: None,
            following: BTreeMap::new(),
        };
        self.users.insert(id.clone(), user);
        id
    }

    /// A user who can log in.
    pub(crate) fn add_account(&mut self, username: &str) -> String {
        let email = format!("{username}@sim.example");
        // A renamed user keeps the address.
        let known = self.find_user(&email).map(|user| user.id.clone());
        let id = known.unwrap_or_else(|| self.user_named(username));
        let password = format!("{username}-{:08x}", self.secrets.u32(..));
        if let Some(user) = self.users.get_mut(&id) {
            user.login.get_or_insert((email, password));
        }
        id
    }

    /// By id, by name, or by the address of a login.
    pub(crate) fn find_user(&self, name_or_id: &str) -> Option<&User> {
        self.users.get(name_or_id).or_else(|| {
            let fits = |user: &&User| {
                user.username == name_or_id
                    || user
                        .login
                        .as_ref()
                        .is_some_and(|(email, _)| email == name_or_id)
            };
            self.users.values().find(fits)
        })
    }

    /// Id of the user with this name or id; an unknown name makes a new user.
    pub(crate) fn user_named(&mut self, name_or_id: &str) -> String {
        match self.find_user(name_or_id) {
            Some(user) => user.id.clone(),
            None => self.add_user(name_or_id),
        }
    }

    pub(crate) fn add_room(&mut self, slug: &str, name: &str, creator: &str) -> String {
        let id = self.ids.next();
        let room = Room::new(id.clone(), slug, name, creator, self.now());
        self.rooms.insert(id.clone(), room);
        id
    }

    /// Puts an empty room with a new id in the place of one, which is gone; gives the new id.
    pub(crate) fn replace_room(&mut self, id: &str) -> Option<String> {
        let gone = self.rooms.remove(id)?;
        let name = gone.settings.get("name").and_then(Value::as_str);
        Some(self.add_room(&gone.slug, name.unwrap_or(&gone.slug), &gone.creator))
    }

    pub(crate) fn find_room(&self, slug_or_id: &str) -> Option<&Room> {
        self.rooms
            .get(slug_or_id)
            .or_else(|| self.rooms.values().find(|room| room.slug == slug_or_id))
    }

    /// Adds a song by its plain name.
    pub(crate) fn add_song(&mut self, name: &str, length: Millis) -> String {
        let alphabet = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
        let fkid: String = (0..11)
            .map(|_| char::from(alphabet[self.chance.usize(..alphabet.len())]))
            .collect();
        self.add_song_from("youtube", &fkid, name, length)
    }

    pub(crate) fn add_song_from(
        &mut self,
        source: &str,
        fkid: &str,
        name: &str,
        length: Millis,
    ) -> String {
        let id = self.ids.next();
        let created = jiff::Timestamp::from_millisecond(self.now() - 31_536_000_000)
            .unwrap_or_default()
            .strftime("%Y-%m-%dT%H:%M:%S.329Z")
            .to_string();
        let song = Song {
            id: id.clone(),
            name: text::escape(name),
            source: source.to_owned(),
            fkid: fkid.to_owned(),
            created,
            length,
        };
        self.songs.insert(id.clone(), song);
        id
    }

    /// The member of a room, made for a user who was never there.
    ///
    /// `None` only if there is no such room.
    pub(crate) fn member(&mut self, room: &str, user: &str) -> Option<&mut Member> {
        let now = self.world.now();
        let room = self.rooms.get_mut(room)?;
        let ids = &mut self.ids;
        let roomid = room.id.clone();
        Some(
            room.members
                .entry(user.to_owned())
                .or_insert_with(|| Member::new(ids.next(), user.to_owned(), roomid, now)),
        )
    }

    /// Puts a user into a room without an event.
    pub(crate) fn settle(&mut self, room: &str, user: &str) {
        if let Some(member) = self.member(room, user) {
            member.present = true;
        }
    }

    /// Gives a user a role without an event.
    pub(crate) fn appoint(&mut self, room: &str, user: &str, role: &str) {
        if let Some(member) = self.member(room, user) {
            member.role = super::role::Role::find(role);
        }
    }

    pub(crate) fn user_json(&self, user: &str) -> Value {
        self.users
            .get(user)
            .map_or_else(|| json!({"_id": user, "username": "someone"}), User::json)
    }

    pub(crate) fn username(&self, user: &str) -> String {
        self.users
            .get(user)
            .map_or_else(|| user.to_owned(), |user| user.username.clone())
    }

    pub(crate) fn member_json(&self, room: &Room, user: &str, role: Shown, whole: Shown) -> Value {
        let embedded = match whole {
            Shown::Whole => self.users.get(user),
            Shown::Id => None,
        };
        room.members.get(user).map_or(Value::Null, |member| {
            member.json(role, embedded, room.order(user))
        })
    }

    pub(crate) fn room_json(&self, room: &Room, creator: Shown) -> Value {
        let song = room
            .playing
            .as_ref()
            .and_then(|item| self.songs.get(&item.songid));
        let creator = match creator {
            Shown::Whole => self.users.get(&room.creator),
            Shown::Id => None,
        };
        room.json(creator, song)
    }

    pub(crate) fn item_json(
        &self,
        item: &QueueItem,
        order: usize,
        user: Shown,
        song: Shown,
    ) -> Value {
        let user = self
            .users
            .get(&item.userid)
            .filter(|_| user == Shown::Whole);
        let song = self
            .songs
            .get(&item.songid)
            .filter(|_| song == Shown::Whole);
        item.json(order, user, song)
    }

    pub(crate) fn song_json(&self, song: &str) -> Value {
        self.songs.get(song).map_or(Value::Null, Song::json)
    }

    pub(crate) fn conversation_json(&self, conversation: &Conversation) -> Value {
        let users: Vec<Value> = conversation
            .users
            .iter()
            .map(|user| self.user_json(user))
            .collect();
        json!({
            "_id": conversation.id,
            "created": conversation.created,
            "latest_message": conversation.latest,
            "latest_message_str": conversation.latest_text,
            "users_read": conversation.read,
            "usersid": users,
            "__v": 0,
        })
    }
}

impl Timed for State {
    fn now(&self) -> Millis {
        self.world.now()
    }

    fn timers(&mut self) -> &mut Timers<Self> {
        &mut self.timers
    }

    /// Ends the songs whose time is over, and runs the timers.
    fn run_due(&mut self) -> Option<Millis> {
        self.advance();
        while let Some(action) = self.timers.take_due(self.world.now()) {
            action(self);
        }
        self.timers.next().into_iter().chain(self.next_end()).min()
    }
}

/// A picture as the picture host describes it.
pub(crate) fn avatar(username: &str, version: u64) -> Value {
    json!({
        "public_id": format!("user/{username}"),
        "version": version,
        "width": 200,
        "height": 200,
        "format": "jpg",
        "bytes": 20_480,
        "url": format!("http://img.example/v{version}/user/{username}.jpg"),
        "secure_url": format!("https://img.example/v{version}/user/{username}.jpg"),
    })
}
