//! Commands from outside: one JSON object each, over HTTP or from a script.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::{
    bounds::{self, fits},
    discord::{self, Discord},
    fault::{Quirk, RestFault},
    lavalink::{self, Lavalink},
    queup::{Links, QueUp, Room},
    stackexchange::StackExchange,
};

/// Why a command was not obeyed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// It is not a JSON object with a `do`.
    #[error(
        "a command is a JSON object with a \"do\", such as {{\"do\":\"say\",\"platform\":\"queup\",\"place\":\"room/choir-loft\",\"by\":\"mira\",\"text\":\"hello\"}}"
    )]
    Shape,
    /// There is no such command, or it has other fields.
    #[error("{0}")]
    Unknown(String),
    /// There is no such platform here.
    #[error("no platform named `{0}` is simulated")]
    Platform(String),
    /// There is no such place.
    #[error(
        "no place `{0}`: a room is `room/<slug or id>`, a channel `channel/<name or id>`, a guild `guild/<name or id>`"
    )]
    Place(String),
    /// Something it names does not exist.
    #[error("no {what} named `{name}`")]
    Missing {
        /// What it is, such as `role`.
        what: &'static str,
        /// The name given.
        name: String,
    },
    /// It asks for more than the simulator makes or keeps.
    #[error("too many: {what}, of which there can be {most}")]
    TooMuch {
        /// What it is, such as `guilds`.
        what: String,
        /// How many there can be.
        most: u64,
    },
    /// A line of a script is at fault.
    #[error("line {line} of the script is wrong")]
    Line {
        /// Number of the line, from 1.
        line: usize,
        /// What is wrong with it.
        #[source]
        error: Box<Self>,
    },
}

/// One thing for the simulator to do.
///
/// People are named by username or id, `place` is `room/<slug or id>`, and lengths of time are written `2s` or `500ms`.
/// `of` limits a fault to one account (by username) or one connection (by its id).
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Deed {
    // What people do.
    Say {
        place: String,
        by: String,
        text: String,
    },
    SayFromOutside {
        place: String,
        by: String,
        text: String,
    },
    Delete {
        place: String,
        by: String,
        chat: String,
    },
    DeleteAll {
        place: String,
        by: String,
        user: String,
    },
    Join {
        place: String,
        by: String,
    },
    Leave {
        place: String,
        by: String,
    },
    Kick {
        place: String,
        by: String,
        user: String,
        #[serde(default)]
        text: String,
    },
    Ban {
        place: String,
        by: String,
        user: String,
        #[serde(default)]
        minutes: u32,
    },
    Unban {
        place: String,
        by: String,
        user: String,
    },
    Mute {
        place: String,
        by: String,
        user: String,
    },
    Unmute {
        place: String,
        by: String,
        user: String,
    },
    SetRole {
        place: String,
        by: String,
        user: String,
        role: String,
    },
    UnsetRole {
        place: String,
        by: String,
        user: String,
        role: String,
    },
    Queue {
        place: String,
        by: String,
        song: String,
    },
    Skip {
        place: String,
        by: String,
    },
    Dub {
        place: String,
        by: String,
        #[serde(default)]
        down: bool,
    },
    Grab {
        place: String,
        by: String,
    },
    Pause {
        place: String,
        by: String,
        #[serde(default = "yes")]
        on: bool,
    },
    PauseDj {
        place: String,
        by: String,
        user: String,
        #[serde(default = "yes")]
        on: bool,
    },
    Reorder {
        place: String,
        by: String,
        users: Vec<String>,
    },
    RemoveSong {
        place: String,
        by: String,
        user: String,
    },
    RemoveDj {
        place: String,
        by: String,
        user: String,
    },
    ClearQueue {
        place: String,
        by: String,
    },
    Lock {
        place: String,
        by: String,
        #[serde(default = "yes")]
        on: bool,
    },
    Setting {
        place: String,
        by: String,
        setting: String,
        on: bool,
    },
    UpdateRoom {
        place: String,
        settings: Map<String, Value>,
    },
    Presence {
        place: String,
        by: String,
        #[serde(default)]
        action: u8,
    },
    Guest {
        place: String,
        #[serde(default)]
        action: u8,
    },
    Event {
        place: String,
        name: String,
        #[serde(default)]
        data: Value,
    },
    Whisper {
        by: String,
        to: String,
        text: String,
    },
    Rename {
        by: String,
        name: String,
    },
    Image {
        by: String,
    },
    Account {
        name: String,
    },
    Room {
        place: String,
    },
    // How busy they are.
    Traffic {
        rate: u32,
    },
    // What goes wrong on sockets.
    Cut {
        of: Option<String>,
        #[serde(rename = "for", default, with = "period::optional")]
        how_long: Option<Duration>,
    },
    Reset {
        of: Option<String>,
        #[serde(rename = "for", default, with = "period::optional")]
        how_long: Option<Duration>,
    },
    Close {
        of: Option<String>,
        #[serde(default = "going_away")]
        code: u16,
        #[serde(default)]
        reason: String,
    },
    Refuse {
        #[serde(rename = "for", with = "period")]
        how_long: Duration,
    },
    RefuseUpgrades {
        times: usize,
        status: u16,
    },
    HalfOpen {
        of: Option<String>,
    },
    Stall {
        of: Option<String>,
        #[serde(rename = "for", with = "period")]
        how_long: Duration,
    },
    WithholdPongs {
        of: Option<String>,
        #[serde(default = "yes")]
        on: bool,
    },
    Duplicate {
        of: Option<String>,
        events: u32,
    },
    ReorderEvents {
        of: Option<String>,
        pairs: u32,
    },
    Message {
        of: Option<String>,
        message: Value,
    },
    RawMessage {
        of: Option<String>,
        text: String,
    },
    Packet {
        of: Option<String>,
        text: String,
    },
    Oversized {
        of: Option<String>,
        #[serde(default = "hundred_million")]
        bytes: u64,
    },
    // What goes wrong elsewhere.
    Fail {
        requests: String,
        #[serde(default = "once")]
        times: u32,
        fault: RestFault,
        of: Option<String>,
    },
    ExpireSessions {
        of: Option<String>,
    },
    ExpireTokens,
    Quirk {
        quirk: Quirk,
        #[serde(default = "yes")]
        on: bool,
        of: Option<String>,
    },
    LeaveInError {
        place: String,
        user: String,
    },
}

fn yes() -> bool {
    true
}

fn once() -> u32 {
    1
}

fn going_away() -> u16 {
    1001
}

fn hundred_million() -> u64 {
    100_000_000
}

/// One thing for the simulated Stack Exchange chat to do.
///
/// People are named by name or id, and `room` is a number, 4242 where none is given.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum ChatDeed {
    // What people do.
    Say {
        #[serde(default = "sandbox")]
        room: i64,
        by: String,
        text: String,
    },
    Edit {
        message: i64,
        text: String,
    },
    Delete {
        message: i64,
        by: String,
    },
    Star {
        message: i64,
        by: String,
    },
    Enter {
        #[serde(default = "sandbox")]
        room: i64,
        by: String,
    },
    Leave {
        #[serde(default = "sandbox")]
        room: i64,
        by: String,
    },
    Kick {
        #[serde(default = "sandbox")]
        room: i64,
        by: String,
        user: String,
    },
    Invite {
        #[serde(default = "sandbox")]
        room: i64,
        by: String,
        user: String,
    },
    Move {
        #[serde(default = "sandbox")]
        room: i64,
        to: i64,
        messages: Vec<i64>,
    },
    Access {
        #[serde(default = "sandbox")]
        room: i64,
        by: String,
        user: Option<String>,
        #[serde(default)]
        level: String,
    },
    Event {
        #[serde(default = "sandbox")]
        room: i64,
        number: i64,
        #[serde(default = "feeds")]
        user: i64,
        #[serde(default)]
        fields: Value,
        only: Option<i64>,
    },
    // How busy they are.
    Traffic {
        rate: u32,
    },
    // What goes wrong on sockets.
    Cut {
        #[serde(rename = "for", default, with = "period::optional")]
        how_long: Option<Duration>,
    },
    Reset {
        #[serde(rename = "for", default, with = "period::optional")]
        how_long: Option<Duration>,
    },
    Close {
        #[serde(default = "going_away")]
        code: u16,
        #[serde(default)]
        reason: String,
    },
    HalfOpen {},
    Refuse {
        #[serde(rename = "for", with = "period")]
        how_long: Duration,
    },
    RefuseUpgrades {
        #[serde(default = "once_times")]
        times: usize,
        status: u16,
    },
    Duplicate {
        frames: u32,
    },
    Frame {
        text: String,
    },
    Silence {
        #[serde(default = "yes")]
        on: bool,
    },
    // What goes wrong with requests.
    Captcha {
        #[serde(default = "once_logins")]
        logins: u32,
    },
    ExpireCookies {},
    NewKeys {},
    Conflict {
        #[serde(default = "once_times")]
        times: usize,
        #[serde(default = "patience")]
        text: String,
    },
    Throttle {
        #[serde(default = "yes")]
        on: bool,
    },
    Replay {
        events: usize,
    },
    BeginLate {
        #[serde(default = "yes")]
        on: bool,
    },
    Answer {
        requests: String,
        #[serde(default = "once_logins")]
        times: u32,
        #[serde(default = "ok_status")]
        status: u16,
        location: Option<String>,
        #[serde(default)]
        text: String,
    },
    HistoryIds {
        #[serde(default)]
        messages: bool,
        #[serde(default = "yes")]
        events: bool,
    },
    Fail {
        requests: String,
        #[serde(default = "once_logins")]
        times: u32,
        fault: RestFault,
    },
}

fn ok_status() -> u16 {
    200
}

fn sandbox() -> i64 {
    StackExchange::ROOM
}

fn feeds() -> i64 {
    -2
}

fn once_times() -> usize {
    1
}

fn once_logins() -> u32 {
    1
}

fn patience() -> String {
    "You can perform this action again in 2 seconds.".into()
}

/// What a command is for.
#[derive(Clone, Debug)]
pub(crate) enum Order {
    Discord(discord::Deed),
    Lavalink(lavalink::Deed),
    QueUp(Deed),
    Chat(ChatDeed),
}

/// A command with the time it is for.
///
/// Read from JSON: `{"at":"2s","do":"say","platform":"queup","place":"room/choir-loft","by":"mira","text":"hello"}`;
/// `at` counts from the start and is for scripts only, and `platform` is `queup` where it is left out.
#[derive(Clone, Debug)]
pub struct Command {
    pub(crate) at: Duration,
    pub(crate) order: Order,
}

/// The hands that obey commands, one for each platform.
#[derive(Clone, Debug)]
pub(crate) struct Hands {
    pub(crate) discord: Discord,
    pub(crate) lavalink: Lavalink,
    pub(crate) queup: QueUp,
    pub(crate) stackexchange: StackExchange,
}

impl Hands {
    /// Obeys a command at once; gives what came of it, such as the id of a message.
    pub(crate) fn obey(&self, command: &Command) -> Result<Value, CommandError> {
        match command.order.clone() {
            Order::Discord(deed) => self.discord.obey(deed),
            Order::Lavalink(deed) => self.lavalink.obey(deed),
            Order::QueUp(deed) => self.queup.obey_deed(deed),
            Order::Chat(deed) => {
                self.stackexchange.has_room_for(&deed)?;
                Ok(self.stackexchange.obey(deed))
            }
        }
    }
}

impl Command {
    /// Reads a command.
    ///
    /// # Errors
    ///
    /// What is wrong with it, for people to read.
    pub fn parse(text: &str) -> Result<Self, CommandError> {
        let Ok(Value::Object(mut fields)) = serde_json::from_str(text) else {
            return Err(CommandError::Shape);
        };
        let at = match fields.remove("at") {
            None => Duration::ZERO,
            Some(at) => period::parse(at.as_str().unwrap_or(&at.to_string()))
                .ok_or_else(|| CommandError::Unknown(format!("`at` is no time: {at}")))?,
        };
        let platform = fields.remove("platform").unwrap_or_else(|| json!("queup"));
        let Some(Value::String(name)) = fields.get_mut("do") else {
            return Err(CommandError::Shape);
        };
        *name = name.replace('-', "_");
        let deed = name.clone();
        bounds::check(&deed, &fields)?;
        let deed = Value::Object(fields);
        let wrong = |error: serde_json::Error| CommandError::Unknown(error.to_string());
        let order = match platform.as_str().unwrap_or("that") {
            "discord" => Order::Discord(serde_json::from_value(deed).map_err(wrong)?),
            "lavalink" => Order::Lavalink(serde_json::from_value(deed).map_err(wrong)?),
            "queup" => Order::QueUp(serde_json::from_value(deed).map_err(wrong)?),
            "stackexchange" => Order::Chat(serde_json::from_value(deed).map_err(wrong)?),
            other => return Err(CommandError::Platform(other.to_owned())),
        };
        Ok(Self { at, order })
    }

    /// Reads a script: one command a line; empty lines and those that begin with `#` are passed over.
    ///
    /// # Errors
    ///
    /// [`CommandError::Line`] for the first line that is wrong.
    pub fn parse_script(text: &str) -> Result<Vec<Self>, CommandError> {
        text.lines()
            .enumerate()
            .filter(|(_, line)| !line.trim().is_empty() && !line.trim_start().starts_with('#'))
            .map(|(index, line)| {
                Self::parse(line).map_err(|error| CommandError::Line {
                    line: index + 1,
                    error: Box::new(error),
                })
            })
            .collect()
    }
}

impl QueUp {
    /// Obeys a command at once; gives what came of it, such as the id of a message.
    ///
    /// # Errors
    ///
    /// If it names something that is not there.
    pub fn obey(&self, command: &Command) -> Result<Value, CommandError> {
        match command.order.clone() {
            Order::QueUp(deed) => self.obey_deed(deed),
            Order::Discord(_) => Err(CommandError::Platform("discord".into())),
            Order::Lavalink(_) => Err(CommandError::Platform("lavalink".into())),
            Order::Chat(_) => Err(CommandError::Platform("stackexchange".into())),
        }
    }

    fn place(&self, place: &str) -> Result<Room, CommandError> {
        let missing = || CommandError::Place(place.to_owned());
        let room = place.strip_prefix("room/").ok_or_else(missing)?;
        self.find_room(room).ok_or_else(missing)
    }

    fn links_for(&self, of: Option<&str>) -> Links {
        of.map_or_else(|| self.links(), |of| self.links_of(of))
    }

    /// Gives an error if a command could make one thing too many.
    fn has_room_for(&self, deed: &Deed) -> Result<(), CommandError> {
        self.server.with(|state| match deed {
            Deed::Room { .. } => fits("rooms", state.rooms.len(), bounds::ROOMS),
            Deed::Whisper { .. } => {
                let conversations = state.conversations.len();
                fits("conversations", conversations, bounds::CONVERSATIONS)?;
                fits("people", state.users.len(), bounds::PEOPLE)
            }
            Deed::Fail { .. } => fits("rules", state.faults.rest.len(), bounds::RULES),
            Deed::RefuseUpgrades { .. } => {
                fits("answers", state.faults.upgrades.len(), bounds::ANSWERS)
            }
            Deed::Queue { .. } => fits("songs", state.songs.len(), bounds::TRACKS),
            // Who is named may be new.
            Deed::Say { .. }
            | Deed::SayFromOutside { .. }
            | Deed::Join { .. }
            | Deed::Account { .. }
            | Deed::Kick { .. }
            | Deed::Ban { .. }
            | Deed::SetRole { .. }
            | Deed::Presence { .. } => fits("people", state.users.len(), bounds::PEOPLE),
            _ => Ok(()),
        })
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each command")]
    fn obey_deed(&self, deed: Deed) -> Result<Value, CommandError> {
        self.has_room_for(&deed)?;
        match deed {
            Deed::Say { place, by, text } => {
                return Ok(json!({"chat": self.place(&place)?.say(&by, &text)}));
            }
            Deed::SayFromOutside { place, by, text } => {
                return Ok(json!({"chat": self.place(&place)?.say_from_outside(&by, &text)}));
            }
            Deed::Delete { place, by, chat } => self.place(&place)?.delete(&by, &chat),
            Deed::DeleteAll { place, by, user } => self.place(&place)?.delete_all(&by, &user),
            Deed::Join { place, by } => self.place(&place)?.join(&by),
            Deed::Leave { place, by } => self.place(&place)?.leave(&by),
            Deed::LeaveInError { place, user } => self.place(&place)?.leave_in_error(&user),
            Deed::Kick {
                place,
                by,
                user,
                text,
            } => self.place(&place)?.kick(&by, &user, &text),
            Deed::Ban {
                place,
                by,
                user,
                minutes,
            } => self.place(&place)?.ban(&by, &user, minutes),
            Deed::Unban { place, by, user } => self.place(&place)?.unban(&by, &user),
            Deed::Mute { place, by, user } => self.place(&place)?.mute(&by, &user, true),
            Deed::Unmute { place, by, user } => self.place(&place)?.mute(&by, &user, false),
            Deed::SetRole {
                place,
                by,
                user,
                role,
            } => {
                known_role(self.place(&place)?.set_role(&by, &user, &role), role)?;
            }
            Deed::UnsetRole {
                place,
                by,
                user,
                role,
            } => {
                known_role(self.place(&place)?.unset_role(&by, &user, &role), role)?;
            }
            Deed::Queue { place, by, song } => {
                return Ok(json!({"queued": self.place(&place)?.queue(&by, &song)}));
            }
            Deed::Skip { place, by } => self.place(&place)?.skip(&by),
            Deed::Dub { place, by, down } => self.place(&place)?.dub(&by, !down),
            Deed::Grab { place, by } => self.place(&place)?.grab(&by),
            Deed::Pause { place, by, on } => self.place(&place)?.pause_queue(&by, on),
            Deed::PauseDj {
                place,
                by,
                user,
                on,
            } => self.place(&place)?.pause_dj(&by, &user, on),
            Deed::Reorder { place, by, users } => {
                let users: Vec<&str> = users.iter().map(String::as_str).collect();
                self.place(&place)?.reorder(&by, &users);
            }
            Deed::RemoveSong { place, by, user } => self.place(&place)?.remove_song(&by, &user),
            Deed::RemoveDj { place, by, user } => self.place(&place)?.remove_dj(&by, &user),
            Deed::ClearQueue { place, by } => self.place(&place)?.clear_queue(&by),
            Deed::Lock { place, by, on } => self.place(&place)?.lock_queue(&by, on),
            Deed::Setting {
                place,
                by,
                setting,
                on,
            } => {
                let known = ["slowMode", "allowGuestsToChat", "allowGuestsToEmbed"];
                if !known.contains(&setting.as_str()) {
                    return Err(CommandError::Missing {
                        what: "setting",
                        name: setting,
                    });
                }
                self.place(&place)?.set_mod_setting(&by, &setting, on);
            }
            Deed::UpdateRoom { place, settings } => self.place(&place)?.update(settings),
            Deed::Presence { place, by, action } => self.place(&place)?.presence(&by, action),
            Deed::Guest { place, action } => self.place(&place)?.guest(action),
            Deed::Event { place, name, data } => self.place(&place)?.announce(&name, data),
            Deed::Whisper { by, to, text } => {
                return Ok(json!({"conversation": self.whisper(&by, &to, &text)}));
            }
            Deed::Rename { by, name } => return Ok(json!({"renamed": self.rename(&by, &name)})),
            Deed::Image { by } => self.change_image(&by),
            Deed::Account { name } => {
                let account = self.account_named(&name);
                return Ok(json!({
                    "user_id": account.id,
                    "username": account.username,
                    "email": account.email,
                    "password": account.password.expose(),
                }));
            }
            Deed::Room { place } => {
                let missing = || CommandError::Place(place.clone());
                let room = self.room(place.strip_prefix("room/").ok_or_else(missing)?);
                return Ok(json!({"id": room.id(), "slug": room.slug()}));
            }
            Deed::Traffic { rate } => self.traffic(rate),
            Deed::Cut { of, how_long } => {
                if let Some(how_long) = how_long {
                    self.refuse_sockets(how_long);
                }
                self.links_for(of.as_deref()).cut();
            }
            Deed::Reset { of, how_long } => {
                if let Some(how_long) = how_long {
                    self.refuse_sockets(how_long);
                }
                self.links_for(of.as_deref()).reset();
            }
            Deed::Close { of, code, reason } => self.links_for(of.as_deref()).close(code, &reason),
            Deed::Refuse { how_long } => self.refuse_sockets(how_long),
            Deed::RefuseUpgrades { times, status } => self.refuse_upgrades(times, status),
            Deed::HalfOpen { of } => self.links_for(of.as_deref()).half_open(),
            Deed::Stall { of, how_long } => self.links_for(of.as_deref()).stall(how_long),
            Deed::WithholdPongs { of, on } => self.links_for(of.as_deref()).withhold_pongs(on),
            Deed::Duplicate { of, events } => self.links_for(of.as_deref()).duplicate(events),
            Deed::ReorderEvents { of, pairs } => self.links_for(of.as_deref()).reorder(pairs),
            Deed::Message { of, message } => self.links_for(of.as_deref()).message(&message),
            Deed::RawMessage { of, text } => self.links_for(of.as_deref()).raw_message(&text),
            Deed::Packet { of, text } => self.links_for(of.as_deref()).packet(&text),
            Deed::Oversized { of, bytes } => self.links_for(of.as_deref()).oversized(bytes),
            Deed::Fail {
                requests,
                times,
                fault,
                of,
            } => match of {
                None => self.fail_rest(&requests, times, fault),
                Some(of) => self.fail_rest_of(&of, &requests, times, fault),
            },
            Deed::ExpireSessions { of } => match of {
                None => self.expire_sessions(),
                Some(of) => self.expire_sessions_of(&of),
            },
            Deed::ExpireTokens => self.expire_tokens(),
            Deed::Quirk { quirk, on, of } => match of {
                None => self.quirk(quirk, on),
                Some(of) => self.quirk_for(&of, quirk, on),
            },
        }
        Ok(json!({}))
    }
}

fn known_role(known: bool, role: String) -> Result<(), CommandError> {
    if known {
        Ok(())
    } else {
        Err(CommandError::Missing {
            what: "role",
            name: role,
        })
    }
}

/// Lengths of time as text, such as `2s` or `500ms`.
pub(crate) mod period {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    /// Reads `250ms`, `2s`, `1.5s`, `3m` or `1h`; a number without a unit is seconds.
    pub(crate) fn parse(text: &str) -> Option<Duration> {
        let text = text.trim();
        let digits = text
            .find(|character: char| !character.is_ascii_digit() && character != '.')
            .unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let number: f64 = number.parse().ok()?;
        let seconds = match unit.trim() {
            "ms" => number / 1000.0,
            "" | "s" => number,
            "m" => number * 60.0,
            "h" => number * 3600.0,
            _ => return None,
        };
        Duration::try_from_secs_f64(seconds).ok()
    }

    pub(crate) fn serialize<S: Serializer>(
        period: &Duration,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format!("{}ms", period.as_millis()))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Duration, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        parse(&text)
            .ok_or_else(|| D::Error::custom(format!("`{text}` is no length of time such as `2s`")))
    }

    /// The same for a length that may be absent.
    pub(crate) mod optional {
        use std::time::Duration;

        use serde::Deserializer;

        pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
            deserializer: D,
        ) -> Result<Option<Duration>, D::Error> {
            super::deserialize(deserializer).map(Some)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_command_is_told_which_ones_there_are() {
        let error = Command::parse(r#"{"do":"dance"}"#).expect_err("no such command");
        let text = error.to_string();
        assert!(
            text.contains("unknown variant `dance`") && text.contains("`say`"),
            "{text}"
        );
    }

    #[test]
    fn a_misspelt_field_is_an_error() {
        let command = r#"{"do":"say","place":"room/choir-loft","by":"mira","txt":"hello"}"#;
        assert!(Command::parse(command).is_err());
    }

    #[test]
    fn a_script_names_the_line_that_is_wrong() {
        let script = "# a story\n{\"at\":\"2s\",\"do\":\"cut\",\"platform\":\"queup\",\"for\":\"2s\"}\n\n{\"do\":1}\n";
        let error = Command::parse_script(script).expect_err("line 4 is wrong");
        assert!(error.to_string().starts_with("line 4"), "{error}");
        let sound = script.lines().take(2).collect::<Vec<_>>().join("\n");
        let commands = Command::parse_script(&sound).expect("a sound script");
        assert_eq!(commands[0].at, Duration::from_secs(2));
    }

    #[test]
    fn lengths_of_time_have_units() {
        assert_eq!(period::parse("250ms"), Some(Duration::from_millis(250)));
        assert_eq!(period::parse("1.5s"), Some(Duration::from_millis(1500)));
        assert_eq!(period::parse("2"), Some(Duration::from_secs(2)));
        assert_eq!(period::parse("soon"), None);
        assert_eq!(period::parse("-1s"), None);
    }
}
