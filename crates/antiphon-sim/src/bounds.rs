//! Limits of commands: the most that one may ask for, and the most objects that commands may make.
//!
//! Every command is bounded, because the control address may be open to others: a request for more is an error that says how
//! much there can be, and nothing is made.
//! The limits are far above what a test needs and far below what would slow the simulator down.

use serde_json::{Map, Value};

use crate::command::CommandError;

/// Most characters of a text or a name.
pub(crate) const TEXT: usize = 4_000;
/// Commands whose texts may have any length.
///
/// Frames that a client must bear, whatever their size; the control address takes a command of at most 1 MiB.
const RAW: [&str; 9] = [
    "answer",
    "event",
    "frame",
    "message",
    "packet",
    "plugin_event",
    "raw_message",
    "truncated",
    "update_room",
];
/// Events a second and platform.
///
/// A higher one would measure the simulator instead of the client.
const RATE: u64 = 5_000;
/// Most `times` of a fault.
const TIMES: u64 = 10_000;
/// Bytes of an answer that is too long.
const HUGE: u64 = 100_000_000;
/// Most bytes of `swell`.
const SWELL: u64 = 32 << 20;
/// Events that a session can have again.
const REPLAY: u64 = 100_000;
/// Shards, and identifies within five seconds.
const SHARDS: u64 = 1_000;

/// Rules for requests that fail, on each platform.
pub(crate) const RULES: usize = 1_000;
/// Answers that wait to be given to the next sockets or writes, on each platform.
pub(crate) const ANSWERS: usize = 100_000;
/// Users on QueUp and on Stack Exchange, each.
pub(crate) const PEOPLE: usize = 50_000;
/// Users on Discord.
pub(crate) const USERS: usize = 250_000;
/// Members of a guild after `crowd`; other users still fit.
pub(crate) const MEMBERS: usize = 100_000;
/// Guilds on Discord.
pub(crate) const GUILDS: usize = 500;
/// Channels and threads of a guild, roles of a guild, its emojis, and invitations to it.
pub(crate) const IN_GUILD: usize = 500;
/// Rooms on QueUp.
pub(crate) const ROOMS: usize = 1_000;
/// Conversations on QueUp.
pub(crate) const CONVERSATIONS: usize = 10_000;
/// Lavalink nodes of a world file.
pub(crate) const NODES: usize = 16;
/// Songs that the Lavalink nodes know, and songs of QueUp in a world file.
pub(crate) const TRACKS: usize = 10_000;

/// Most objects that one look at places, people or messages shows.
pub(crate) const SHOWN: usize = 1_000;

/// Gives an error if there is no room for one more.
pub(crate) fn fits(what: &'static str, are: usize, most: usize) -> Result<(), CommandError> {
    if are < most {
        Ok(())
    } else {
        Err(CommandError::TooMuch {
            what: what.to_owned(),
            most: most as u64,
        })
    }
}

/// Checks the sizes in a command's fields.
pub(crate) fn check(command: &str, fields: &Map<String, Value>) -> Result<(), CommandError> {
    let mut fields = fields.iter();
    fields.try_for_each(|(name, value)| check_one(command, name, value))
}

/// Checks a field, and everything inside it.
fn check_one(command: &str, name: &str, value: &Value) -> Result<(), CommandError> {
    let most = match (command, name) {
        (_, "rate") => RATE,
        (_, "times") => TIMES,
        (_, "huge") => HUGE,
        ("swell", "bytes") => SWELL,
        ("replay", "events") => REPLAY,
        ("crowd", "members") => MEMBERS as u64,
        ("shards" | "max_concurrency", _) => SHARDS,
        _ => u64::MAX,
    };
    match value {
        Value::Number(number) if number.as_u64().is_some_and(|number| number > most) => {
            Err(CommandError::TooMuch {
                what: format!("`{name}`"),
                most,
            })
        }
        Value::String(text) if !RAW.contains(&command) && text.chars().count() > TEXT => {
            Err(CommandError::TooMuch {
                what: format!("characters of `{name}`"),
                most: TEXT as u64,
            })
        }
        Value::Array(values) => values
            .iter()
            .try_for_each(|value| check_one(command, name, value)),
        Value::Object(fields) => check(command, fields),
        _ => Ok(()),
    }
}
