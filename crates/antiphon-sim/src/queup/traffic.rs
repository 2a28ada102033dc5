//! Ambient traffic: actions of simulated users, drawn like cards so that each comes up regularly.
//!
//! A round has 103 actions, shuffled: chat and votes most, and each rare action at least once, so that a client meets
//! everything within one round.
//! Accounts of clients are left alone; residents and drifters act.
//! What would disturb a client for long, such as a locked queue, is undone at once.

use antiphon_core::Rng;
use serde_json::{Map, json};

use super::{role::Role, state::State, text};
use crate::world::{DRIFTERS, LINES, RESIDENTS};

/// An action; each event of `docs/protocol/queup.md` §6 is made by some action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Say,
    Dub,
    Grab,
    Join,
    Leave,
    Presence,
    Guest,
    Queue,
    Whisper,
    Update,
    Delete,
    DeleteAll,
    Skip,
    QueueUpdate,
    Reorder,
    RemoveSong,
    RemoveDj,
    RoomUpdate,
    Lock,
    SlowMode,
    GuestChat,
    GuestEmbed,
    Kick,
    Ban,
    Mute,
    Role,
    Image,
    Pause,
    PauseDj,
    Rename,
    Comment,
    Unknown,
}

impl Action {
    /// The right that somebody of the room's staff needs for it.
    fn right(self) -> Option<&'static str> {
        Some(match self {
            Self::Delete | Self::DeleteAll => "delete-chat",
            Self::Skip => "skip",
            Self::Reorder | Self::RemoveSong | Self::RemoveDj | Self::PauseDj => "queue-order",
            Self::Lock => "lock-queue",
            Self::SlowMode | Self::GuestChat | Self::GuestEmbed => "mod-settings",
            Self::Kick => "kick",
            Self::Ban => "ban",
            Self::Mute => "mute",
            Self::Role => "set-roles",
            _ => return None,
        })
    }
}

/// How often each action comes up in one round.
const ACTIONS: [(Action, usize); 32] = [
    (Action::Say, 34),
    (Action::Dub, 18),
    (Action::Grab, 3),
    (Action::Join, 4),
    (Action::Leave, 4),
    (Action::Presence, 5),
    (Action::Guest, 2),
    (Action::Queue, 5),
    (Action::Whisper, 3),
    (Action::Update, 2),
    (Action::Delete, 2),
    (Action::DeleteAll, 1),
    (Action::Skip, 1),
    (Action::QueueUpdate, 1),
    (Action::Reorder, 1),
    (Action::RemoveSong, 1),
    (Action::RemoveDj, 1),
    (Action::RoomUpdate, 1),
    (Action::Lock, 1),
    (Action::SlowMode, 1),
    (Action::GuestChat, 1),
    (Action::GuestEmbed, 1),
    (Action::Kick, 1),
    (Action::Ban, 1),
    (Action::Mute, 1),
    (Action::Role, 1),
    (Action::Image, 1),
    (Action::Pause, 1),
    (Action::PauseDj, 1),
    (Action::Rename, 1),
    (Action::Comment, 1),
    (Action::Unknown, 1),
];

/// Most songs in one user's queue.
///
/// Queues stay short, so that songs change.
const WAITING: usize = 4;
/// A song plays at least this long before traffic skips it (ms), so that a client can vote on what it heard of.
const HEARING: i64 = 10_000;

/// Draws actions from shuffled rounds.
#[derive(Debug)]
pub(crate) struct Traffic {
    /// Generator of the course, which follows from the seed.
    chance: Rng,
    /// Actions that are left of this round.
    actions: Vec<Action>,
    turn: usize,
}

impl Traffic {
    pub(crate) fn new(chance: Rng) -> Self {
        Self {
            chance,
            actions: Vec::new(),
            turn: 0,
        }
    }

    /// Does one action; returns how many events it made.
    pub(crate) fn play(&mut self, state: &mut State) -> u32 {
        let before = state.announced;
        if self.actions.is_empty() {
            for (action, times) in ACTIONS {
                self.actions.extend(std::iter::repeat_n(action, times));
            }
            self.chance.shuffle(&mut self.actions);
        }
        let action = self.actions.pop().unwrap_or(Action::Say);
        self.turn += 1;
        let room = self.room(state);
        if !state.rooms.contains_key(&room) {
            return 0;
        }
        if state.rooms[&room].playing.is_none() {
            self.queue(state, &room);
        }
        self.act(state, &room, action);
        u32::try_from(state.announced - before).unwrap_or(u32::MAX)
    }

    /// A room with an attached client, or the first room.
    fn room(&mut self, state: &State) -> String {
        let heard: Vec<&String> = state
            .rooms
            .iter()
            .filter(|(_, room)| state.channels.has_audience(&room.channel()))
            .map(|(id, _)| id)
            .collect();
        let room = self.chance.choice(heard).or(state.rooms.keys().next());
        room.cloned().unwrap_or_default()
    }

    /// A resident: somebody in the room who has neither a login nor a role there, and who does not come and go.
    ///
    /// If there is none, one enters first.
    fn resident(&mut self, state: &mut State, room: &str) -> String {
        let is_resident = |user: &str| {
            let known = state.users.get(user);
            known.is_some_and(|user| {
                let name = user.username.trim_end_matches(" II");
                user.login.is_none() && !DRIFTERS.contains(&name)
            })
        };
        let here: Vec<String> = state
            .rooms
            .get(room)
            .into_iter()
            .flat_map(|room| room.present().map(move |member| (room, member)))
            .filter(|(room, member)| member.role.is_none() && room.creator != member.userid)
            .filter(|(_, member)| !member.muted && is_resident(&member.userid))
            .map(|(_, member)| member.userid.clone())
            .collect();
        if let Some(user) = self.chance.choice(here) {
            return user;
        }
        let name = RESIDENTS[self.chance.usize(4..RESIDENTS.len())];
        let user = state.user_named(name);
        state.join(room, &user);
        user
    }

    /// Somebody in the room who has a right there; never an account of a client.
    fn staff(&mut self, state: &State, room: &str, right: &str) -> Option<String> {
        let room = state.rooms.get(room)?;
        let has_login = |user: &str| {
            let user = state.users.get(user);
            user.is_none_or(|user| user.login.is_some())
        };
        let staff = room.present().map(|member| &member.userid);
        let staff = staff.filter(|user| room.may(user, right) && !has_login(user));
        self.chance.choice(staff.cloned().collect::<Vec<_>>())
    }

    /// A DJ with songs in the queue; never an account of a client.
    fn dj(&mut self, state: &State, room: &str) -> Option<String> {
        let room = state.rooms.get(room)?;
        let waits = |dj: &&String| {
            let member = room.members.get(*dj);
            member.is_some_and(|member| member.present && !member.queue.is_empty())
        };
        let djs = room.djs.iter().filter(waits);
        let djs = djs.filter(|dj| {
            state
                .users
                .get(*dj)
                .is_some_and(|user| user.login.is_none())
        });
        self.chance.choice(djs.cloned().collect::<Vec<_>>())
    }

    /// A drifter inside or outside the room; if there is none, one enters or leaves first.
    fn drifter(&mut self, state: &mut State, room: &str, inside: bool) -> String {
        let start = self.chance.usize(..DRIFTERS.len());
        let ids: Vec<String> = (0..DRIFTERS.len())
            .map(|offset| drifter_id(state, DRIFTERS[(start + offset) % DRIFTERS.len()]))
            .collect();
        let fits = |user: &&String| {
            state
                .rooms
                .get(room)
                .is_some_and(|room| room.is_present(user) == inside)
        };
        let found = ids.iter().find(fits).cloned();
        found.unwrap_or_else(|| {
            if inside {
                state.join(room, &ids[0]);
            } else {
                state.leave(room, &ids[0]);
            }
            ids[0].clone()
        })
    }

    /// Queues a song of a resident, if that one has few.
    fn queue(&mut self, state: &mut State, room: &str) {
        let user = self.resident(state, room);
        let waiting = state
            .member(room, &user)
            .map_or(WAITING, |member| member.queue.len());
        let songs: Vec<String> = state.songs.keys().cloned().collect();
        if waiting < WAITING
            && let Some(song) = self.chance.choice(songs)
        {
            // A song that is in the queue already is refused.
            let _ = state.queue_song(room, &user, &song);
        }
    }

    /// Does one action; some make no event, such as a second vote.
    #[expect(clippy::too_many_lines, reason = "one arm for each action")]
    fn act(&mut self, state: &mut State, room: &str, action: Action) {
        let staff = match action.right() {
            Some(right) => match self.staff(state, room, right) {
                Some(staff) => staff,
                // Nobody here may do it.
                None => return,
            },
            None => String::new(),
        };
        let dj = match action {
            Action::RemoveSong | Action::RemoveDj | Action::Pause | Action::PauseDj => {
                match self.dj(state, room) {
                    Some(dj) => dj,
                    // Somebody queues a song first.
                    None => return self.queue(state, room),
                }
            }
            _ => String::new(),
        };
        match action {
            Action::Say => {
                let user = self.resident(state, room);
                let line = LINES[self.chance.usize(..LINES.len())];
                state.say(room, &user, &text::escape(line));
            }
            Action::Dub => {
                let user = self.resident(state, room);
                let up = self.chance.u8(..10) > 1;
                let playing = state.rooms.get(room).and_then(|room| room.playing.as_ref());
                // Nobody votes for a song of their own.
                if playing.is_some_and(|item| item.userid != user) {
                    state.dub(room, &user, up);
                }
            }
            Action::Grab => {
                let user = self.resident(state, room);
                state.grab(room, &user);
            }
            Action::Join => {
                let user = self.drifter(state, room, false);
                state.join(room, &user);
            }
            Action::Leave => {
                let user = self.drifter(state, room, true);
                state.leave(room, &user);
            }
            Action::Presence => {
                let user = self.resident(state, room);
                self.presence(state, room, &user);
            }
            Action::Guest => {
                let guest = format!("{:032x}", self.chance.u128(..));
                self.presence(state, room, &guest);
            }
            Action::Queue => self.queue(state, room),
            Action::Whisper => {
                let from = self.resident(state, room);
                let to = self.correspondent(state);
                let conversation = state.conversation_of(&[from.clone(), to]);
                let line = LINES[self.chance.usize(..LINES.len())];
                state.write_privately(&conversation, &from, &text::escape(line));
            }
            Action::Update => {
                let user = self.resident(state, room);
                state.announce_member(room, &user);
            }
            Action::Delete => self.delete(state, room, &staff),
            Action::DeleteAll => {
                let user = self.drifter(state, room, true);
                state.delete_messages_of(room, &staff, &user);
            }
            Action::Skip => {
                let played = state
                    .rooms
                    .get(room)
                    .and_then(|room| room.playing.as_ref())
                    .and_then(|item| item.played);
                if played.is_some_and(|played| state.now() - played >= HEARING) {
                    state.skip(room, &staff);
                }
            }
            Action::QueueUpdate => {
                let user = self.resident(state, room);
                let event = json!({"user": state.user_json(&user)});
                state.announce_in(room, "room_playlist-queue-update", event);
            }
            Action::Reorder => {
                let mut djs: Vec<String> = state
                    .rooms
                    .get(room)
                    .map(|room| room.djs.iter().cloned().collect())
                    .unwrap_or_default();
                if djs.len() < 2 {
                    return self.queue(state, room);
                }
                self.chance.shuffle(&mut djs);
                state.reorder(room, &staff, &djs);
            }
            Action::RemoveSong => {
                state.remove_song_of(room, &staff, &dj);
            }
            Action::RemoveDj => {
                state.remove_dj(room, &staff, &dj);
            }
            Action::RoomUpdate => {
                let welcome = format!("welcome, number {}", self.turn);
                let changes = Map::from_iter([("welcomeMessage".to_owned(), json!(welcome))]);
                state.update_room(room, changes);
            }
            // Changes that would disturb a client are undone at once.
            Action::Lock => {
                state.lock_queue(room, &staff, true);
                state.lock_queue(room, &staff, false);
            }
            Action::SlowMode => toggle(state, room, &staff, "slowMode", false),
            Action::GuestChat => toggle(state, room, &staff, "allowGuestsToChat", true),
            Action::GuestEmbed => toggle(state, room, &staff, "allowGuestsToEmbed", true),
            Action::Kick => {
                let user = self.drifter(state, room, true);
                state.kick(room, &staff, &user, "out you go");
            }
            Action::Ban => {
                let user = self.drifter(state, room, true);
                state.ban(room, &staff, &user, 5);
                state.unban(room, &staff, &user);
            }
            Action::Mute => {
                let user = self.drifter(state, room, true);
                state.mute(room, &staff, &user, true);
                state.mute(room, &staff, &user, false);
            }
            Action::Role => {
                let user = self.drifter(state, room, true);
                let role = Role::find("vip").expect("a role of the list");
                state.set_role(room, &staff, &user, role, true);
                state.set_role(room, &staff, &user, role, false);
            }
            Action::Image => {
                let user = self.resident(state, room);
                state.change_image(&user);
            }
            Action::Pause => {
                state.pause_queue(room, &dj, None, true);
                state.pause_queue(room, &dj, None, false);
            }
            Action::PauseDj => {
                state.pause_queue(room, &dj, Some(&staff), true);
                state.pause_queue(room, &dj, Some(&staff), false);
            }
            Action::Rename => {
                let user = self.drifter(state, room, true);
                let name = state.username(&user);
                let other = match name.strip_suffix(" II") {
                    Some(first) => first.to_owned(),
                    None => format!("{name} II"),
                };
                state.rename(&user, &other);
            }
            Action::Comment => self.comment(state, room),
            Action::Unknown => {
                let colour = self.chance.choice(["gold", "teal", "plum"]);
                let event = json!({"colour": colour, "pieces": self.chance.u16(..)});
                state.announce_in(room, "room-confetti", event);
            }
        }
    }

    /// A presence of a connection that nobody has.
    fn presence(&mut self, state: &mut State, room: &str, client: &str) {
        let connection = format!("{:012x}", self.chance.u64(..1 << 48));
        let action = self.chance.u8(..3);
        state.presence(&format!("room:{room}"), client, &connection, action);
    }

    /// A user with an attached private channel, or the bot.
    fn correspondent(&mut self, state: &mut State) -> String {
        let listening: Vec<String> = state
            .channels
            .due
            .iter()
            .filter(|(_, due)| !due.is_empty())
            .filter_map(|(channel, _)| channel.strip_prefix("user:").map(str::to_owned))
            .collect();
        let found = self.chance.choice(listening);
        found.unwrap_or_else(|| {
            let bot = state.bot.clone();
            state.user_named(&bot)
        })
    }

    /// Deletes a resident's message, if the page has one.
    fn delete(&mut self, state: &mut State, room: &str, staff: &str) {
        let messages: Vec<String> = state
            .rooms
            .get(room)
            .into_iter()
            .flat_map(|room| &room.chat)
            .filter(|item| item["type"] == "chat-message")
            .filter(|item| {
                let user = item["user"]["_id"].as_str().unwrap_or_default();
                state
                    .users
                    .get(user)
                    .is_some_and(|user| user.login.is_none())
            })
            .filter_map(|item| item["chatid"].as_str().map(str::to_owned))
            .collect();
        if let Some(message) = self.chance.choice(messages) {
            state.delete_message(room, staff, &message);
        }
    }

    /// Adds, changes and removes a comment on a song.
    fn comment(&mut self, state: &mut State, room: &str) {
        let user = self.resident(state, room);
        let comment = format!("{:024x}", self.chance.u64(..));
        let event = json!({
            "user": state.user_json(&user),
            "comment": {"_id": comment, "comment": "what a song", "userid": user},
        });
        for name in [
            "comment-add",
            &format!("comment-update-{comment}"),
            "comment-remove",
        ] {
            state.announce_in(room, name, event.clone());
        }
    }
}

/// Id of a drifter, under the first or the changed name.
fn drifter_id(state: &mut State, name: &str) -> String {
    let renamed = format!("{name} II");
    match state.find_user(&renamed) {
        Some(user) => user.id.clone(),
        None => state.user_named(name),
    }
}

/// Changes a setting and restores it.
fn toggle(state: &mut State, room: &str, by: &str, setting: &str, usual: bool) {
    state.set_mod_setting(room, by, setting, !usual);
    state.set_mod_setting(room, by, setting, usual);
}
