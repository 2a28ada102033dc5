//! Members of rooms: presence, bans, mutes, roles and settings.
//!
//! A member is a user's standing in one room and outlives the visit: role, ban, mute and votes stay when the user leaves, and
//! the queue goes.
//! Each change is announced under the names of protocol §6, with the one who did it beside the one it was done to.

use serde_json::{Map, Value, json};

use super::{
    model::{Ban, Room, Shown, role_json},
    role::Role,
    state::{State, avatar},
};
use crate::fault::Quirk;

impl State {
    /// Lets a user enter; a user who is in the room is not announced again.
    pub(crate) fn join(&mut self, room: &str, user: &str) {
        let Some(member) = self.member(room, user) else {
            return;
        };
        let was_present = std::mem::replace(&mut member.present, true);
        let again = self
            .faults
            .quirks_for(Some(user))
            .contains(&Quirk::JoinAnnouncedAgain);
        if was_present && !again {
            return;
        }
        let Some(place) = self.rooms.get(room) else {
            return;
        };
        let event = json!({
            "user": self.user_json(user),
            "roomUser": self.member_json(place, user, Shown::Id, Shown::Id),
        });
        self.announce_in(room, "user-join", event);
    }

    /// Lets a user leave, with the queue.
    pub(crate) fn leave(&mut self, room: &str, user: &str) {
        if self.depart(room, user) {
            // The user is no longer due events before the leave is announced.
            self.channels.settle_due(&format!("room:{room}"), user);
            self.announce_leave(room, user);
        }
    }

    /// Removes a user and the queue from a room; returns whether the user was there.
    ///
    /// Nothing is announced.
    fn depart(&mut self, room: &str, user: &str) -> bool {
        let Some(place) = self.rooms.get_mut(room) else {
            return false;
        };
        let Some(member) = place.members.get_mut(user).filter(|member| member.present) else {
            return false;
        };
        member.present = false;
        member.queue.clear();
        place.djs.retain(|dj| dj != user);
        true
    }

    /// Announces that a user left.
    pub(crate) fn announce_leave(&mut self, room: &str, user: &str) {
        let event = json!({"user": self.user_json(user), "room": room});
        self.announce_in(room, "user-leave", event);
    }

    /// Kicks a user.
    pub(crate) fn kick(&mut self, room: &str, by: &str, user: &str, message: &str) {
        let event = json!({
            "user": self.user_json(by),
            "kickedUser": self.user_json(user),
            "message": message,
        });
        self.throw_out(room, user, "user-kick", event);
        self.audit(room, "user-kick", by, user, None);
    }

    /// Bans a user for this many minutes; for ever if zero.
    pub(crate) fn ban(&mut self, room: &str, by: &str, user: &str, minutes: i64) {
        let now = self.now();
        if let Some(member) = self.member(room, user) {
            member.banned = Some(Ban {
                since: now,
                until: (minutes > 0).then(|| now + minutes.saturating_mul(60_000)),
            });
        }
        let event = json!({
            "type": "user-ban",
            "user": self.user_json(by),
            "kickedUser": self.user_json(user),
            "time": minutes,
        });
        self.remember_timed(room, &event);
        self.throw_out(room, user, "user-ban", event);
        self.audit(room, "user-ban", by, user, Some(minutes));
    }

    /// Lifts a ban.
    pub(crate) fn unban(&mut self, room: &str, by: &str, user: &str) {
        if let Some(member) = self.member(room, user) {
            member.banned = None;
        }
        let event = json!({"user": self.user_json(by), "kickedUser": self.user_json(user)});
        self.announce_in(room, "user-unban", event);
        self.audit(room, "user-unban", by, user, None);
    }

    /// Whether a user is banned now.
    pub(crate) fn is_banned(&self, room: &Room, user: &str) -> bool {
        room.members
            .get(user)
            .and_then(|member| member.banned)
            .is_some_and(|ban| ban.until.is_none_or(|until| until > self.now()))
    }

    /// The leave is announced before its reason; the removed user receives both.
    fn throw_out(&mut self, room: &str, user: &str, name: &str, reason: Value) {
        if self.depart(room, user) {
            self.announce_leave(room, user);
        }
        self.announce_in(room, name, reason);
        self.channels.expel(&format!("room:{room}"), user);
    }

    /// Mutes a user, or unmutes.
    pub(crate) fn mute(&mut self, room: &str, by: &str, user: &str, muted: bool) {
        if let Some(member) = self.member(room, user) {
            member.muted = muted;
        }
        let name = if muted { "user-mute" } else { "user-unmute" };
        let event = json!({"user": self.user_json(by), "mutedUser": self.user_json(user)});
        self.announce_in(room, name, event);
        self.audit(room, name, by, user, None);
    }

    /// Gives a user a role, or takes it.
    pub(crate) fn set_role(
        &mut self,
        room: &str,
        by: &str,
        user: &str,
        role: &'static Role,
        given: bool,
    ) {
        if let Some(member) = self.member(room, user) {
            member.role = given.then_some(role);
        }
        let name = if given {
            "user-setrole"
        } else {
            "user-unsetrole"
        };
        let event = json!({
            "user": self.user_json(by),
            "modUser": self.user_json(user),
            "role_object": role_json(role),
        });
        self.announce_in(room, name, event);
        self.audit(room, name, by, user, None);
        self.announce_member(room, user);
    }

    /// Announces a member's current state.
    pub(crate) fn announce_member(&mut self, room: &str, user: &str) {
        let now = self.now();
        if let Some(member) = self.member(room, user) {
            member.updated = now;
        }
        let Some(place) = self.rooms.get(room) else {
            return;
        };
        let member = self.member_json(place, user, Shown::Id, Shown::Id);
        self.announce_in(
            room,
            &format!("user_update_{user}"),
            json!({"user": member}),
        );
    }

    /// Changes a user's picture.
    pub(crate) fn change_image(&mut self, user: &str) {
        let version = self.announced + 2;
        let name = self.username(user);
        let image = avatar(&name, version);
        if let Some(user) = self.users.get_mut(user) {
            user.image = Some(image.clone());
        }
        let event = json!({"user": self.user_json(user), "img": image});
        for room in self.rooms_of(user) {
            self.announce_in(&room, &format!("user-update-{user}"), event.clone());
        }
    }

    /// Ids of the rooms that a user is in.
    pub(crate) fn rooms_of(&self, user: &str) -> Vec<String> {
        self.rooms
            .values()
            .filter(|room| room.is_present(user))
            .map(|room| room.id.clone())
            .collect()
    }

    /// Renames a user; returns whether the name was free.
    ///
    /// A name that differs from another's only in upper and lower case is taken.
    pub(crate) fn rename(&mut self, user: &str, username: &str) -> bool {
        let is_taken = self
            .users
            .values()
            .any(|other| other.id != user && other.username.eq_ignore_ascii_case(username));
        let is_sound = (3..=25).contains(&username.chars().count())
            && username
                .chars()
                .all(|character| character.is_alphanumeric() || "_-. ".contains(character));
        if is_taken || !is_sound {
            return false;
        }
        if let Some(user) = self.users.get_mut(user) {
            username.clone_into(&mut user.username);
        }
        for room in self.rooms_of(user) {
            self.announce_member(&room, user);
        }
        true
    }

    /// Changes a room's settings and announces them.
    pub(crate) fn update_room(&mut self, room: &str, changes: Map<String, Value>) {
        let now = self.now();
        let Some(place) = self.rooms.get_mut(room) else {
            return;
        };
        let mut password_updated = false;
        for (name, value) in changes {
            if name == "roomPassword" {
                place.password = value
                    .as_str()
                    .map(str::to_owned)
                    .filter(|text| !text.is_empty());
                password_updated = true;
            } else {
                place.settings.insert(name, value);
            }
        }
        place.settings.insert("updated".to_owned(), json!(now));
        let Some(place) = self.rooms.get(room) else {
            return;
        };
        let mut event = json!({"room": self.room_json(place, Shown::Id)});
        if password_updated {
            event["passwordUpdated"] = json!(true);
        }
        self.announce_in(room, "room-update", event);
    }

    /// Locks the queue, or unlocks it.
    pub(crate) fn lock_queue(&mut self, room: &str, by: &str, locked: bool) {
        self.set_flag(room, by, "room-lock-queue", "lockQueue", locked);
    }

    /// Sets one of the settings that staff may change; the name is the wire's.
    pub(crate) fn set_mod_setting(&mut self, room: &str, by: &str, setting: &str, on: bool) {
        let name = match setting {
            "allowGuestsToChat" => "room-allow-guest-chat",
            "allowGuestsToEmbed" => "room-allow-guest-embed",
            _ => "room-slow-mode",
        };
        self.set_flag(room, by, name, setting, on);
    }

    /// Sets a setting and announces it under an event of its own.
    fn set_flag(&mut self, room: &str, by: &str, name: &str, flag: &str, on: bool) {
        if let Some(place) = self.rooms.get_mut(room) {
            place.settings.insert(flag.to_owned(), json!(on));
        }
        let event = json!({"user": self.user_json(by), "room": {"_id": room, flag: on}});
        self.announce_in(room, name, event);
    }

    /// Adds an entry to the room's audit log; `duration` is that of a ban, in minutes.
    fn audit(&mut self, room: &str, what: &str, by: &str, user: &str, duration: Option<i64>) {
        let mut entry = json!({
            "created": self.now(),
            "type": what,
            "_user": self.user_json(user),
            "_mod": self.user_json(by),
        });
        if let Some(duration) = duration {
            entry["duration"] = json!(duration);
        }
        if let Some(room) = self.rooms.get_mut(room) {
            room.note_audit(entry);
        }
    }
}
