//! Rooms: finding, entering, leaving and changing them.
//!
//! Reading a room needs no login; entering one does, and a password or a ban may stand in the way (protocol §4.2).

use serde_json::{Map, Value, json};

use super::{Answer, Call, State, call::Routed};
use crate::queup::model::Shown;

/// Settings that staff may change, with their types.
const SETTINGS: [(&str, Setting); 20] = [
    ("name", Setting::Text),
    ("description", Setting::Text),
    ("roomDisplay", Setting::Text),
    ("roomType", Setting::Text),
    ("roomEmbed", Setting::Text),
    ("maxLengthSong", Setting::Number),
    ("lockQueue", Setting::Flag),
    ("displayInLobby", Setting::Flag),
    ("displayInSearch", Setting::Flag),
    ("timeSongQueueRepeat", Setting::Number),
    ("maxSongQueueLength", Setting::Number),
    ("limitQueueLength", Setting::Flag),
    ("displayDJinQueue", Setting::Flag),
    ("displayUserJoin", Setting::Flag),
    ("displayUserLeave", Setting::Flag),
    ("displayUserGrab", Setting::Flag),
    ("recycleDJ", Setting::Flag),
    ("welcomeMessage", Setting::Text),
    ("metaDescription", Setting::Text),
    ("roomPassword", Setting::Text),
];

/// Type of a setting's value.
#[derive(Clone, Copy, Debug)]
enum Setting {
    /// Any text.
    Text,
    /// A whole number; anything else counts as 0.
    Number,
    /// Yes or no; anything else counts as no.
    Flag,
}

/// Wrong passwords before a user has to wait.
///
/// A right one in between forgets them.
const WRONG_PASSWORDS: u32 = 5;
/// Wait after too many wrong passwords.
///
/// In milliseconds, from the last wrong one.
const PASSWORD_WAIT: i64 = 2 * 60 * 60 * 1000;
/// Rooms that one user may create.
const ROOMS_PER_USER: usize = 5;

impl State {
    /// Rooms with a password are left out.
    pub(super) fn lobby(&self, term: Option<&str>) -> Answer {
        let term = term.map(str::to_lowercase);
        let fits = |name: &str| {
            term.as_ref()
                .is_none_or(|term| name.to_lowercase().contains(term))
        };
        let rooms: Vec<Value> = self
            .rooms
            .values()
            .filter(|room| room.password.is_none())
            .filter(|room| fits(&room.slug) || fits(room.settings["name"].as_str().unwrap_or("")))
            .map(|room| self.room_json(room, Shown::Id))
            .collect();
        Answer::ok(json!(rooms))
    }

    pub(super) fn show_room(&self, room: &str) -> Routed {
        Ok(Answer::ok(self.room_json(self.place(room)?, Shown::Whole)))
    }

    /// Settings of a request; an unknown one is noted and left out.
    fn changes(&self, call: &Call) -> Map<String, Value> {
        let mut changes = Map::new();
        for (name, value) in call.body.iter() {
            let Some((_, setting)) = SETTINGS.iter().find(|(known, _)| *known == name) else {
                self.note(format!(
                    "{} {}: no setting `{name}`",
                    call.method, call.path
                ));
                continue;
            };
            let value = match setting {
                Setting::Text => json!(value),
                Setting::Number => json!(value.parse::<i64>().unwrap_or_default()),
                Setting::Flag => json!(call.body.flag(name).unwrap_or_default()),
            };
            changes.insert(name.to_owned(), value);
        }
        changes
    }

    pub(super) fn create_room(&mut self, call: &Call) -> Routed {
        let me = Self::me(call)?;
        let name = self.required(call, "name")?;
        if self
            .rooms
            .values()
            .filter(|room| room.creator == me)
            .count()
            >= ROOMS_PER_USER
        {
            return Err(Answer::error(400, "you have created too many rooms"));
        }
        let mut slug: String = name
            .to_lowercase()
            .chars()
            .map(|letter| {
                if letter.is_ascii_alphanumeric() {
                    letter
                } else {
                    '-'
                }
            })
            .collect();
        while self.find_room(&slug).is_some() {
            slug.push('2');
        }
        let id = self.add_room(&slug, name, &me);
        let changes = self.changes(call);
        self.update_room(&id, changes);
        self.show_room(&id)
    }

    pub(super) fn change_room(&mut self, call: &Call, room: &str) -> Routed {
        let (_, id) = self.staff(call, room, "update-room")?;
        let changes = self.changes(call);
        self.update_room(&id, changes);
        self.show_room(&id)
    }

    /// A banned user is refused with 401, a wrong password with 400.
    pub(super) fn join_room(&mut self, call: &Call, room: &str) -> Routed {
        let me = Self::me(call)?;
        let place = self.place(room)?;
        let id = place.id.clone();
        if self.is_banned(place, &me) {
            return Err(Answer::error(401, "You are banned from this room"));
        }
        self.check_password(call, &id, &me)?;
        self.join(&id, &me);
        let place = self.place(&id)?;
        Ok(Answer::ok(json!({
            "room": self.room_json(place, Shown::Id),
            "user": self.member_json(place, &me, Shown::Whole, Shown::Id),
        })))
    }

    fn check_password(&mut self, call: &Call, room: &str, me: &str) -> Result<(), Answer> {
        let now = self.now();
        let refused = |err: &str| Answer::details(400, json!({"err": err}));
        let Some(room) = self.rooms.get_mut(room) else {
            return Ok(());
        };
        let Some(password) = &room.password else {
            return Ok(());
        };
        if room.is_present(me) || room.creator == me {
            return Ok(());
        }
        let (wrong, last) = room.wrong_passwords.get(me).copied().unwrap_or_default();
        let wrong = if now - last > PASSWORD_WAIT { 0 } else { wrong };
        if wrong >= WRONG_PASSWORDS {
            return Err(refused("tooManyInvalidPassword"));
        }
        if call.body.get("password-room") == Some(password) {
            room.wrong_passwords.remove(me);
            return Ok(());
        }
        room.wrong_passwords.insert(me.to_owned(), (wrong + 1, now));
        Err(refused("invalidPassword"))
    }

    pub(super) fn members(&self, room: &str) -> Routed {
        let room = self.place(room)?;
        let members: Vec<Value> = room
            .present()
            .map(|member| self.member_json(room, &member.userid, Shown::Whole, Shown::Whole))
            .collect();
        Ok(Answer::ok(json!(members)))
    }

    pub(super) fn members_on(&self, room: &str, list: &str) -> Routed {
        let room = self.place(room)?;
        let members: Vec<Value> = room
            .members
            .values()
            .filter(|member| match list {
                "ban" => self.is_banned(room, &member.userid),
                "mute" => member.muted,
                _ => member.role.is_some(),
            })
            .map(|member| self.member_json(room, &member.userid, Shown::Whole, Shown::Whole))
            .collect();
        Ok(Answer::ok(json!(members)))
    }

    pub(super) fn one_member(&self, room: &str, user: &str) -> Routed {
        let room = self.place(room)?;
        let user = self.known_user(user)?;
        let member = self.member_json(room, &user, Shown::Whole, Shown::Whole);
        if member.is_null() {
            return Err(Answer::error(404, "User is not in this room"));
        }
        Ok(Answer::ok(member))
    }

    /// Leaving has the same response for users who were not there.
    pub(super) fn leave_room(&mut self, call: &Call, room: &str) -> Routed {
        let me = Self::me(call)?;
        let id = self.room_id(room)?;
        self.leave(&id, &me);
        self.channels.settle_due(&format!("room:{id}"), &me);
        Ok(Answer::ok(json!({})))
    }

    pub(super) fn beacon(&mut self, room: &str, user: &str) -> Routed {
        let id = self.room_id(room)?;
        let user = self.known_user(user)?;
        self.leave(&id, &user);
        Ok(Answer::ok(json!({})))
    }

    pub(super) fn audit_log(&self, room: &str) -> Routed {
        let room = self.place(room)?;
        let newest_first: Vec<&Value> = room.audit.iter().rev().collect();
        Ok(Answer::ok(json!(newest_first)))
    }

    pub(super) fn mod_settings(&mut self, call: &Call, room: &str) -> Routed {
        let (me, id) = self.staff(call, room, "mod-settings")?;
        let action = self.required(call, "action")?.to_owned();
        let known = ["allowGuestsToChat", "allowGuestsToEmbed", "slowMode"];
        let value = call
            .body
            .flag("value")
            .filter(|_| known.contains(&action.as_str()));
        let Some(on) = value else {
            self.note(format!("{}: no such setting or value", call.path));
            return Err(Answer::error(400, "invalid setting"));
        };
        self.set_mod_setting(&id, &me, &action, on);
        Ok(Answer::ok(json!({"_id": id, action: on})))
    }

    pub(super) fn set_lock(&mut self, call: &Call, room: &str) -> Routed {
        let (me, id) = self.staff(call, room, "lock-queue")?;
        let Some(locked) = call.body.flag("lockQueue") else {
            self.note(format!("{}: no `lockQueue` of 0 or 1", call.path));
            return Err(Answer::error(400, "lockQueue is required"));
        };
        self.lock_queue(&id, &me, locked);
        Ok(Answer::ok(json!({"_id": id, "lockQueue": locked})))
    }
}
