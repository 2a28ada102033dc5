//! The commands of the simulated QueUp.
//!
//! Users are named by username or id, and an unknown name makes a new user; `place` is `room/<slug or id>`.
//! `of` limits a fault to one account (by username) or to one connection (by its id).
//!
//! Each row is the command of a control handle: its name, a sentence of help, its fields with their types and defaults, and the
//! call that executes it.
//! A command that makes something new checks the limits of `bounds` first.

use serde_json::{Map, Value, json};

use super::{
    controls::{QueUp, Room},
    faults::Links,
};
use crate::{
    bounds::{self, fits},
    command::{CommandError, Period, commands},
    fault::{Quirk, RestFault},
};

/// Settings that `setting` knows.
///
/// Others are changed by `update_room`.
const SETTINGS: [&str; 3] = ["slowMode", "allowGuestsToChat", "allowGuestsToEmbed"];

impl QueUp {
    /// Finds the room of `room/<slug or id>`.
    fn place(&self, place: &str) -> Result<Room, CommandError> {
        let room = place.strip_prefix("room/");
        let room = room.and_then(|room| self.find_room(room));
        room.ok_or_else(|| CommandError::Place(place.to_owned()))
    }

    /// Sockets of one account or connection, or of everyone.
    fn links_for(&self, of: Option<String>) -> Links {
        of.map_or_else(|| self.links(), |of| self.links_of(&of))
    }

    /// Gives an error if there is no room for one more user.
    fn fits_user(&self) -> Result<(), CommandError> {
        self.server
            .with(|state| fits("people", state.users.len(), bounds::PEOPLE))
    }
}

/// Gives an error unless something that a command names exists.
fn known(what: &'static str, is_known: bool, name: String) -> Result<(), CommandError> {
    let missing = CommandError::Missing { what, name };
    is_known.then_some(()).ok_or(missing)
}

commands! {
    queup: QueUp;

    // Chat.

    /// Says something in a room, which the user enters before.
    "say"(place: String, by: String, text: String) => {
        queup.fits_user()?;
        json!({"chat": queup.place(&place)?.say(&by, &text)})
    };
    /// Says something in a room without entering it.
    "say_from_outside"(place: String, by: String, text: String) => {
        queup.fits_user()?;
        json!({"chat": queup.place(&place)?.say_from_outside(&by, &text)})
    };
    /// Deletes a message by its chat id.
    "delete"(place: String, by: String, chat: String) => queup.place(&place)?.delete(&by, &chat);
    /// Deletes all messages of a user.
    "delete_all"(place: String, by: String, user: String) => queup.place(&place)?.delete_all(&by, &user);
    /// Sends a private message.
    "whisper"(by: String, to: String, text: String) => {
        queup.server.with(|state| fits("conversations", state.conversations.len(), bounds::CONVERSATIONS))?;
        queup.fits_user()?;
        json!({"conversation": queup.whisper(&by, &to, &text)})
    };

    // People.

    /// Enters a room.
    "join"(place: String, by: String) => {
        queup.fits_user()?;
        queup.place(&place)?.join(&by);
    };
    /// Leaves a room.
    "leave"(place: String, by: String) => queup.place(&place)?.leave(&by);
    /// Replaces a room by an empty one with the same name and another id.
    "replace_room"(place: String) => {
        let room = queup.place(&place)?.replace();
        json!({"room": room.id()})
    };
    /// Announces that a user left who did not.
    "leave_in_error"(place: String, user: String) => queup.place(&place)?.leave_in_error(&user);
    /// Kicks a user out of a room.
    "kick"(place: String, by: String, user: String, text: String = String::new()) => {
        queup.fits_user()?;
        queup.place(&place)?.kick(&by, &user, &text);
    };
    /// Bans a user from a room for some minutes, or for ever.
    "ban"(place: String, by: String, user: String, minutes: u32 = 0) => {
        queup.fits_user()?;
        queup.place(&place)?.ban(&by, &user, minutes);
    };
    /// Lifts a ban.
    "unban"(place: String, by: String, user: String) => queup.place(&place)?.unban(&by, &user);
    /// Mutes a user.
    "mute"(place: String, by: String, user: String) => queup.place(&place)?.mute(&by, &user, true);
    /// Unmutes a user.
    "unmute"(place: String, by: String, user: String) => queup.place(&place)?.mute(&by, &user, false);
    /// Gives a user a role, by its id or type.
    "set_role"(place: String, by: String, user: String, role: String) => {
        queup.fits_user()?;
        known("role", queup.place(&place)?.set_role(&by, &user, &role), role)?;
    };
    /// Takes a role from a user.
    "unset_role"(place: String, by: String, user: String, role: String) => {
        known("role", queup.place(&place)?.unset_role(&by, &user, &role), role)?;
    };
    /// Changes a user's presence: 0 enter, 1 leave, 2 update.
    "presence"(place: String, by: String, action: u8 = 0) => {
        queup.fits_user()?;
        queup.place(&place)?.presence(&by, action);
    };
    /// Changes a guest's presence: 0 enter, 1 leave, 2 update.
    "guest"(place: String, action: u8 = 0) => queup.place(&place)?.guest(action);
    /// Renames a user.
    "rename"(by: String, name: String) => json!({"renamed": queup.rename(&by, &name)});
    /// Changes a user's picture.
    "image"(by: String) => queup.change_image(&by);
    /// Shows an account's login, making the account if there is none of that name.
    "account"(name: String) => {
        queup.fits_user()?;
        let account = queup.account_named(&name);
        json!({
            "user_id": account.id,
            "username": account.username,
            "email": account.email,
            "password": account.password.expose(),
        })
    };

    // What there is.

    /// Shows the rooms.
    "places"(limit: usize = 100) => queup.places_json(limit.min(bounds::SHOWN));
    /// Shows the users who are in a room.
    "people"(place: String, limit: usize = 100) => queup.place(&place)?.people_json(limit.min(bounds::SHOWN));
    /// Shows the newest messages of a room.
    "messages"(place: String, limit: usize = 20) => queup.place(&place)?.messages_json(limit.min(bounds::SHOWN));
    /// Shows the song that plays, and the next song of each DJ in their order.
    "songs"(place: String, limit: usize = 20) => queup.place(&place)?.songs_json(limit.min(bounds::SHOWN));

    // The queue.

    /// Queues a song by its name, `Artist - Title`.
    "queue"(place: String, by: String, song: String) => {
        queup.server.with(|state| fits("songs", state.songs.len(), bounds::TRACKS))?;
        json!({"queued": queup.place(&place)?.queue(&by, &song)})
    };
    /// Skips the playing song.
    "skip"(place: String, by: String) => queup.place(&place)?.skip(&by);
    /// Votes for the playing song, or against it.
    "dub"(place: String, by: String, down: bool = false) => queup.place(&place)?.dub(&by, !down);
    /// Grabs the playing song.
    "grab"(place: String, by: String) => queup.place(&place)?.grab(&by);
    /// Pauses a user's own queue, or resumes it.
    "pause"(place: String, by: String, on: bool = true) => queup.place(&place)?.pause_queue(&by, on);
    /// Pauses a DJ's queue, or resumes it.
    "pause_dj"(place: String, by: String, user: String, on: bool = true) => {
        queup.place(&place)?.pause_dj(&by, &user, on);
    };
    /// Puts the DJs into this order.
    "reorder"(place: String, by: String, users: Vec<String>) => {
        let users: Vec<&str> = users.iter().map(String::as_str).collect();
        queup.place(&place)?.reorder(&by, &users);
    };
    /// Removes a DJ's next song.
    "remove_song"(place: String, by: String, user: String) => queup.place(&place)?.remove_song(&by, &user);
    /// Removes a DJ with all their songs.
    "remove_dj"(place: String, by: String, user: String) => queup.place(&place)?.remove_dj(&by, &user);
    /// Clears a user's own queue.
    "clear_queue"(place: String, by: String) => queup.place(&place)?.clear_queue(&by);
    /// Locks the queue, or unlocks it.
    "lock"(place: String, by: String, on: bool = true) => queup.place(&place)?.lock_queue(&by, on);

    // Rooms.

    /// Shows a room, making it if there is none of that slug.
    "room"(place: String) => {
        queup.server.with(|state| fits("rooms", state.rooms.len(), bounds::ROOMS))?;
        let slug = place.strip_prefix("room/").ok_or_else(|| CommandError::Place(place.clone()))?;
        let room = queup.room(slug);
        json!({"id": room.id(), "slug": room.slug()})
    };
    /// Switches a moderation setting on or off.
    "setting"(place: String, by: String, setting: String, on: bool) => {
        known("setting", SETTINGS.contains(&&*setting), setting.clone())?;
        queup.place(&place)?.set_mod_setting(&by, &setting, on);
    };
    /// Changes settings of a room under the wire's names.
    "update_room"(place: String, settings: Map<String, Value>) => queup.place(&place)?.update(settings);
    /// Announces an event of any name in a room.
    "event"(place: String, name: String, data: Value) => queup.place(&place)?.announce(&name, data);
    /// Sets the rate of ambient traffic, in events a second.
    "traffic"(rate: u32) => queup.traffic(rate);

    // Faults of sockets.

    /// Cuts sockets, and refuses new ones for a while.
    "cut"(of: Option<String>, how_long as "for": Option<Period>) => {
        if let Some(wait) = how_long {
            queup.refuse_sockets(wait.0);
        }
        queup.links_for(of).cut();
    };
    /// Resets sockets, and refuses new ones for a while.
    "reset"(of: Option<String>, how_long as "for": Option<Period>) => {
        if let Some(wait) = how_long {
            queup.refuse_sockets(wait.0);
        }
        queup.links_for(of).reset();
    };
    /// Closes sockets with a code.
    "close"(of: Option<String>, code: u16 = 1001, reason: String = String::new()) => {
        queup.links_for(of).close(code, &reason);
    };
    /// Refuses new sockets for a while.
    "refuse"(how_long as "for": Period) => queup.refuse_sockets(how_long.0);
    /// Answers the next requests for a socket with a status.
    "refuse_upgrades"(times: usize, status: u16) => {
        queup.server.with(|state| state.faults.fits_answer())?;
        queup.refuse_upgrades(times, status);
    };
    /// Keeps sockets open while nothing comes through.
    "half_open"(of: Option<String>) => queup.links_for(of).half_open();
    /// Holds everything on sockets back for a while.
    "stall"(of: Option<String>, how_long as "for": Period) => queup.links_for(of).stall(how_long.0);
    /// Answers no pings, or answers them again.
    "withhold_pongs"(of: Option<String>, on: bool = true) => queup.links_for(of).withhold_pongs(on);
    /// Sends each of the next events twice.
    "duplicate"(of: Option<String>, events: u32) => queup.links_for(of).duplicate(events);
    /// Sends the next pairs of events in the wrong order.
    "reorder_events"(of: Option<String>, pairs: u32) => queup.links_for(of).reorder(pairs);
    /// Sends a message that belongs to no event.
    "message"(of: Option<String>, message: Value) => queup.links_for(of).message(&message);
    /// Sends a message packet with this text, which need not be JSON.
    "raw_message"(of: Option<String>, text: String) => queup.links_for(of).raw_message(&text);
    /// Sends a text frame as it is.
    "packet"(of: Option<String>, text: String) => queup.links_for(of).packet(&text);
    /// Sends a text frame that claims this many bytes.
    "oversized"(of: Option<String>, bytes: u64 = 100_000_000) => queup.links_for(of).oversized(bytes);

    // Faults elsewhere.

    /// Lets the next requests fail that fit a pattern.
    "fail"(requests: String, times: u32 = 1, fault: RestFault, of: Option<String>) => {
        queup.server.with(|state| state.faults.fits_rule())?;
        match of {
            None => queup.fail_rest(&requests, times, fault),
            Some(of) => queup.fail_rest_of(&of, &requests, times, fault),
        }
    };
    /// Answers the next logins with a status; the sessions that there are stay until `expire_sessions`.
    "refuse_logins"(times: u32 = 1, status: u16 = 503) => {
        queup.server.with(|state| state.faults.fits_rule())?;
        queup.fail_rest("POST /auth/login", times, RestFault::Status(status));
    };
    /// Ends every login, or one account's.
    "expire_sessions"(of: Option<String>) => match of {
        None => queup.expire_sessions(),
        Some(of) => queup.expire_sessions_of(&of),
    };
    /// Makes every token invalid.
    "expire_tokens"() => queup.expire_tokens();
    /// Switches a quirk on or off, for everyone or one account.
    "quirk"(quirk: Quirk, on: bool = true, of: Option<String>) => match of {
        None => queup.quirk(quirk, on),
        Some(of) => queup.quirk_for(&of, quirk, on),
    };
}
