//! The deeds of simulated people, drawn like cards so that each comes up regularly.

use antiphon_core::Rng;
use serde_json::{Map, json};

use super::{handle::QueUp, role::Role, state::State, text};
use crate::world::{DRIFTERS, LINES, RESIDENTS};

/// One deed; every event of the protocol page (§6) is made by some card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Card {
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

/// How often each card is in the deck.
const CARDS: [(Card, usize); 32] = [
    (Card::Say, 34),
    (Card::Dub, 18),
    (Card::Grab, 3),
    (Card::Join, 4),
    (Card::Leave, 4),
    (Card::Presence, 5),
    (Card::Guest, 2),
    (Card::Queue, 5),
    (Card::Whisper, 3),
    (Card::Update, 2),
    (Card::Delete, 2),
    (Card::DeleteAll, 1),
    (Card::Skip, 1),
    (Card::QueueUpdate, 1),
    (Card::Reorder, 1),
    (Card::RemoveSong, 1),
    (Card::RemoveDj, 1),
    (Card::RoomUpdate, 1),
    (Card::Lock, 1),
    (Card::SlowMode, 1),
    (Card::GuestChat, 1),
    (Card::GuestEmbed, 1),
    (Card::Kick, 1),
    (Card::Ban, 1),
    (Card::Mute, 1),
    (Card::Role, 1),
    (Card::Image, 1),
    (Card::Pause, 1),
    (Card::PauseDj, 1),
    (Card::Rename, 1),
    (Card::Comment, 1),
    (Card::Unknown, 1),
];

/// Songs waiting in one person's queue, at most.
const WAITING: usize = 4;
/// A song plays at least this long before traffic skips it (ms), so that a client can vote on what it heard of.
const HEARING: i64 = 10_000;

/// A shuffled deck of deeds.
#[derive(Debug)]
pub(crate) struct Deck {
    chance: Rng,
    cards: Vec<Card>,
    turn: usize,
}

impl Deck {
    pub(crate) fn new(chance: Rng) -> Self {
        Self {
            chance,
            cards: Vec::new(),
            turn: 0,
        }
    }

    /// Plays one card; gives how many events came of it.
    pub(crate) fn play(&mut self, state: &mut State) -> u32 {
        let before = state.announced;
        if self.cards.is_empty() {
            for (card, times) in CARDS {
                self.cards.extend(std::iter::repeat_n(card, times));
            }
            self.chance.shuffle(&mut self.cards);
        }
        let card = self.cards.pop().unwrap_or(Card::Say);
        self.turn += 1;
        let room = self.room(state);
        if state
            .rooms
            .get(&room)
            .is_some_and(|room| room.playing.is_none())
        {
            self.queue(state, &room);
        }
        self.act(state, &room, card);
        u32::try_from(state.announced - before).unwrap_or(u32::MAX)
    }

    /// A room where someone listens, or the first one there is.
    fn room(&mut self, state: &State) -> String {
        let heard: Vec<&String> = state
            .rooms
            .iter()
            .filter(|(_, room)| state.has_audience(&room.channel()))
            .map(|(id, _)| id)
            .collect();
        let room = self.chance.choice(heard).or(state.rooms.keys().next());
        room.cloned().unwrap_or_default()
    }

    /// Someone who lives here: never an account that a client speaks for.
    fn resident(&mut self, state: &mut State, room: &str) -> String {
        // The first few are staff, and stay so.
        let name = RESIDENTS[self.chance.usize(4..RESIDENTS.len())];
        let user = state.user_named(name);
        state.join(room, &user);
        user
    }

    /// Someone who passes through, inside or outside as wanted; if there is none, they enter or leave for it.
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

    fn queue(&mut self, state: &mut State, room: &str) {
        let user = self.resident(state, room);
        let waiting = state
            .member(room, &user)
            .map_or(WAITING, |member| member.queue.len());
        let songs: Vec<String> = state.songs.keys().cloned().collect();
        if waiting < WAITING
            && let Some(song) = self.chance.choice(songs)
        {
            // A song that is in the queue already is refused, and that is that.
            let _ = state.queue_song(room, &user, &song);
        }
    }

    #[expect(clippy::too_many_lines, reason = "one arm for each card")]
    fn act(&mut self, state: &mut State, room: &str, card: Card) {
        let staff = state.user_named(
            self.chance
                .choice(["mira", "teo", "iris"])
                .unwrap_or("mira"),
        );
        match card {
            Card::Say => {
                let user = self.resident(state, room);
                let line = LINES[self.chance.usize(..LINES.len())];
                state.say(room, &user, &text::escape(line));
            }
            Card::Dub => {
                let user = self.resident(state, room);
                let up = self.chance.u8(..10) > 1;
                state.dub(room, &user, up);
            }
            Card::Grab => {
                let user = self.resident(state, room);
                state.grab(room, &user);
            }
            Card::Join => {
                let user = self.drifter(state, room, false);
                state.join(room, &user);
            }
            Card::Leave => {
                let user = self.drifter(state, room, true);
                state.leave(room, &user);
            }
            Card::Presence => {
                let user = self.resident(state, room);
                self.presence(state, room, &user);
            }
            Card::Guest => {
                let guest = format!("{:032x}", self.chance.u128(..));
                self.presence(state, room, &guest);
            }
            Card::Queue => self.queue(state, room),
            Card::Whisper => {
                let from = self.resident(state, room);
                let to = self.correspondent(state);
                let conversation = state.conversation_of(&[from.clone(), to]);
                let line = LINES[self.chance.usize(..LINES.len())];
                state.write_privately(&conversation, &from, &text::escape(line));
            }
            Card::Update => {
                let user = self.resident(state, room);
                state.announce_member(room, &user);
            }
            Card::Delete => self.delete(state, room, &staff),
            Card::DeleteAll => {
                let user = self.drifter(state, room, true);
                state.delete_messages_of(room, &staff, &user);
            }
            Card::Skip => {
                let played = state
                    .rooms
                    .get(room)
                    .and_then(|room| room.playing.as_ref())
                    .and_then(|item| item.played);
                if played.is_some_and(|played| state.now() - played >= HEARING) {
                    state.skip(room, &staff);
                }
            }
            Card::QueueUpdate => {
                let user = self.resident(state, room);
                let event = json!({"user": state.user_json(&user)});
                state.announce_in(room, "room_playlist-queue-update", event);
            }
            Card::Reorder => {
                let mut djs: Vec<String> = state
                    .rooms
                    .get(room)
                    .map(|room| room.djs.iter().cloned().collect())
                    .unwrap_or_default();
                self.chance.shuffle(&mut djs);
                state.reorder(room, &staff, &djs);
            }
            Card::RemoveSong => {
                let user = self.resident(state, room);
                state.remove_song_of(room, &staff, &user);
            }
            Card::RemoveDj => {
                let user = self.resident(state, room);
                state.remove_dj(room, &staff, &user);
            }
            Card::RoomUpdate => {
                let welcome = format!("welcome, number {}", self.turn);
                let changes = Map::from_iter([("welcomeMessage".to_owned(), json!(welcome))]);
                state.update_room(room, changes);
            }
            // What would get in a client's way is undone at once.
            Card::Lock => {
                state.lock_queue(room, &staff, true);
                state.lock_queue(room, &staff, false);
            }
            Card::SlowMode => toggle(state, room, &staff, "slowMode", false),
            Card::GuestChat => toggle(state, room, &staff, "allowGuestsToChat", true),
            Card::GuestEmbed => toggle(state, room, &staff, "allowGuestsToEmbed", true),
            Card::Kick => {
                let user = self.drifter(state, room, true);
                state.kick(room, &staff, &user, "out you go");
            }
            Card::Ban => {
                let user = self.drifter(state, room, true);
                state.ban(room, &staff, &user, 5);
                state.unban(room, &staff, &user);
            }
            Card::Mute => {
                let user = self.drifter(state, room, true);
                state.mute(room, &staff, &user, true);
                state.mute(room, &staff, &user, false);
            }
            Card::Role => {
                let user = self.drifter(state, room, true);
                let role = Role::find("vip").expect("a role of the list");
                state.set_role(room, &staff, &user, role, true);
                state.set_role(room, &staff, &user, role, false);
            }
            Card::Image => {
                let user = self.resident(state, room);
                state.change_image(&user);
            }
            Card::Pause => {
                let user = self.resident(state, room);
                state.pause_queue(room, &user, None, true);
                state.pause_queue(room, &user, None, false);
            }
            Card::PauseDj => {
                let user = self.resident(state, room);
                state.pause_queue(room, &user, Some(&staff), true);
                state.pause_queue(room, &user, Some(&staff), false);
            }
            Card::Rename => {
                let user = self.drifter(state, room, true);
                let name = state.username(&user);
                let other = match name.strip_suffix(" II") {
                    Some(first) => first.to_owned(),
                    None => format!("{name} II"),
                };
                state.rename(&user, &other);
            }
            Card::Comment => self.comment(state, room),
            Card::Unknown => {
                let colour = self.chance.choice(["gold", "teal", "plum"]);
                let event = json!({"colour": colour, "pieces": self.chance.u16(..)});
                state.announce_in(room, "room-confetti", event);
            }
        }
    }

    fn presence(&mut self, state: &mut State, room: &str, client: &str) {
        let connection = format!("{:012x}", self.chance.u64(..1 << 48));
        let action = self.chance.u8(..3);
        state.presence(&format!("room:{room}"), client, &connection, action);
    }

    /// Someone who listens for private messages, or the bot.
    fn correspondent(&mut self, state: &mut State) -> String {
        let listening: Vec<String> = state
            .due
            .iter()
            .filter(|(_, due)| !due.is_empty())
            .filter_map(|(channel, _)| channel.strip_prefix("user:").map(str::to_owned))
            .collect();
        let found = self.chance.choice(listening);
        found.unwrap_or_else(|| state.user_named(QueUp::BOT))
    }

    fn delete(&mut self, state: &mut State, room: &str, staff: &str) {
        let messages: Vec<String> = state
            .rooms
            .get(room)
            .into_iter()
            .flat_map(|room| &room.chat)
            .filter(|item| item["type"] == "chat-message")
            .filter(|item| {
                let name = item["user"]["username"].as_str().unwrap_or_default();
                RESIDENTS.contains(&name)
            })
            .filter_map(|item| item["chatid"].as_str().map(str::to_owned))
            .collect();
        if let Some(message) = self.chance.choice(messages) {
            state.delete_message(room, staff, &message);
        }
    }

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

/// Id of someone who passes through, under the name they began with or the one they took.
fn drifter_id(state: &mut State, name: &str) -> String {
    let renamed = format!("{name} II");
    match state.find_user(&renamed) {
        Some(user) => user.id.clone(),
        None => state.user_named(name),
    }
}

/// Changes a setting from the usual, and back.
fn toggle(state: &mut State, room: &str, by: &str, setting: &str, usual: bool) {
    state.set_mod_setting(room, by, setting, !usual);
    state.set_mod_setting(room, by, setting, usual);
}
