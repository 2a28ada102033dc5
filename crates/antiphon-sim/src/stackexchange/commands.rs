//! The commands of the simulated Stack Exchange chat.
//!
//! Users are named by name or id, and an unknown name makes a new user; `room` is a number, 4242 where it is left out.

use serde_json::{Value, json};

use super::controls::StackExchange;
use crate::{
    bounds::{self, fits},
    command::{CommandError, Period, commands},
    fault::RestFault,
};

const ROOM: i64 = StackExchange::ROOM;

impl StackExchange {
    /// Gives an error if there is no room for one more user.
    fn fits_user(&self) -> Result<(), CommandError> {
        self.server
            .with(|state| fits("people", state.people.len(), bounds::PEOPLE))
    }
}

commands! {
    chat: StackExchange;

    // Rooms.

    /// Posts a message.
    "say"(room: i64 = ROOM, by: String, text: String) => {
        chat.fits_user()?;
        json!({"message": chat.say(room, &by, &text)})
    };
    /// Edits a message as its author.
    "edit"(message: i64, text: String) => json!({"done": chat.edit(message, &text)});
    /// Deletes a message.
    "delete"(message: i64, by: String) => json!({"done": chat.delete(message, &by)});
    /// Stars a message, or unstars it.
    "star"(message: i64, by: String) => {
        chat.fits_user()?;
        json!({"done": chat.star(message, &by)})
    };
    /// Enters a room.
    "enter"(room: i64 = ROOM, by: String) => {
        chat.fits_user()?;
        chat.enter(room, &by);
    };
    /// Leaves a room.
    "leave"(room: i64 = ROOM, by: String) => chat.leave(room, &by);
    /// Kicks a user from a room.
    "kick"(room: i64 = ROOM, by: String, user: String) => {
        chat.fits_user()?;
        chat.kick(room, &by, &user);
    };
    /// Invites a user to a room.
    "invite"(room: i64 = ROOM, by: String, user: String) => {
        chat.fits_user()?;
        chat.invite(room, &by, &user);
    };
    /// Moves messages to another room.
    "move"(room: i64 = ROOM, to: i64, messages: Vec<i64>) => {
        json!({"moved": chat.move_messages(room, to, &messages)})
    };
    /// Changes a user's access level, or the room's own.
    "access"(room: i64 = ROOM, by: String, user: Option<String>, level: String = String::new()) => {
        chat.fits_user()?;
        chat.access(room, &by, user.as_deref(), &level);
    };
    /// Raises an event of any number, for all or for one account.
    "event"(room: i64 = ROOM, number: i64, user: i64 = -2, fields: Value, only: Option<i64>) => {
        chat.event(room, number, user, &fields, only);
    };
    /// Sets the rate of ambient traffic, in events a second.
    "traffic"(rate: u32) => chat.traffic(rate);

    // What there is.

    /// Shows the rooms.
    "places"(limit: usize = 100) => chat.places_json(limit.min(bounds::SHOWN));
    /// Shows the users who are in a room.
    "people"(room: i64 = ROOM, limit: usize = 100) => chat.people_json(room, limit.min(bounds::SHOWN));
    /// Shows the newest messages of a room.
    "messages"(room: i64 = ROOM, limit: usize = 20) => chat.messages_json(room, limit.min(bounds::SHOWN));

    // Faults of sockets.

    /// Cuts sockets, and refuses new ones for a while.
    "cut"(how_long as "for": Option<Period>) => {
        if let Some(wait) = how_long {
            chat.refuse_sockets(wait.0);
        }
        chat.cut();
    };
    /// Resets sockets, and refuses new ones for a while.
    "reset"(how_long as "for": Option<Period>) => {
        if let Some(wait) = how_long {
            chat.refuse_sockets(wait.0);
        }
        chat.reset();
    };
    /// Closes sockets with a code.
    "close"(code: u16 = 1001, reason: String = String::new()) => chat.close(code, &reason);
    /// Keeps sockets open while nothing comes through.
    "half_open"() => chat.half_open();
    /// Holds everything on sockets back for a while.
    "stall"(how_long as "for": Period) => chat.stall(how_long.0);
    /// Refuses new sockets for a while.
    "refuse"(how_long as "for": Period) => chat.refuse_sockets(how_long.0);
    /// Answers the next requests for a socket with a status.
    "refuse_upgrades"(times: usize = 1, status: u16) => {
        chat.server.with(|state| state.faults.fits_answer())?;
        chat.refuse_upgrades(times, status);
    };
    /// Sends each of the next frames twice.
    "duplicate"(frames: u32) => chat.duplicate(frames);
    /// Sends a text frame as it is.
    "frame"(text: String) => chat.frame(&text);
    /// Sets whether sockets get no heartbeats.
    "silence"(on: bool = true) => chat.fall_silent(on);
    /// Sets how many events a new socket can have again.
    "replay"(events: usize) => chat.replay(events);
    /// Lets new sockets begin with later events, whatever they ask for, or no more.
    "begin_late"(on: bool = true) => chat.begin_late(on);

    // Faults of requests.

    /// Answers the next logins with a challenge.
    "captcha"(logins: u32 = 1) => chat.ask_for_humans(logins);
    /// Answers the next logins with a status; the sessions that there are stay until `expire_cookies`.
    "refuse_logins"(times: u32 = 1, status: u16 = 503) => {
        chat.server.with(|state| state.faults.fits_rule())?;
        chat.fail("POST /users/login", times, RestFault::Status(status));
    };
    /// Ends the sessions of all accounts.
    "expire_cookies"() => chat.expire_cookies();
    /// Gives every account another key for writing.
    "new_keys"() => chat.new_keys();
    /// Answers the next writes with 409 and a text.
    "conflict"(times: usize = 1, text: String = "You can perform this action again in 2 seconds.".into()) => {
        chat.server.with(|state| {
            fits("answers", state.chat_faults.conflicts.len(), bounds::ANSWERS / 10)
        })?;
        chat.conflict(times, &text);
    };
    /// Throttles writers, or no more.
    "throttle"(on: bool = true) => chat.throttle(on);
    /// Sets which rows of a room's history have the event's id and the room's name.
    "history_ids"(messages: bool = false, events: bool = true) => chat.history_ids(messages, events);
    /// Lets the next requests fail that fit a pattern.
    "fail"(requests: String, times: u32 = 1, fault: RestFault) => {
        chat.server.with(|state| state.faults.fits_rule())?;
        chat.fail(&requests, times, fault);
    };
    /// Gives the next requests that fit a pattern this answer.
    "answer"(
        requests: String, times: u32 = 1, status: u16 = 200, location: Option<String>, text: String = String::new()
    ) => {
        chat.server.with(|state| fits("rules", state.chat_faults.canned.len(), bounds::RULES))?;
        chat.answer(&requests, times, status, location.as_deref(), &text);
    };
}
