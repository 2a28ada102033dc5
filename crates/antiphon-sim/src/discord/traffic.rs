//! Ambient traffic: actions of simulated users.

use antiphon_core::Rng;
use serde_json::json;

use super::{
    messages::Draft,
    misc_events::{PASSING, THINGS_OF_GUILDS},
    model::{Emoji, Id},
    state::State,
};
use crate::world::{DRIFTERS, LINES, SONGS};

/// Most channels, threads, roles and invites of a guild that traffic makes.
const CROWD: usize = 12;
/// How many recent messages traffic chooses from.
const RECENT: usize = 12;

/// Draws the next action.
#[derive(Debug)]
pub(crate) struct Traffic {
    chance: Rng,
    said: u64,
}

/// Place and user of an action.
#[derive(Clone, Copy)]
struct Scene {
    guild: Id,
    channel: Id,
    user: Id,
    /// A recent message.
    message: Option<Id>,
}

impl Traffic {
    pub(crate) fn new(chance: Rng) -> Self {
        Self { chance, said: 0 }
    }

    /// Does one action; returns how many events it made.
    pub(crate) fn play(&mut self, state: &mut State) -> u32 {
        let before = state.made;
        if let Some(scene) = self.scene(state) {
            self.act(state, scene);
        }
        u32::try_from(state.made - before).unwrap_or(u32::MAX)
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> Option<T> {
        (!all.is_empty()).then(|| all[self.chance.usize(..all.len())])
    }

    fn scene(&mut self, state: &State) -> Option<Scene> {
        let guilds: Vec<Id> = state.community.guilds.keys().copied().collect();
        let guild = self.one_of(&guilds)?;
        let places: Vec<Id> = state
            .community
            .channels_of(guild, false)
            .filter(|channel| matches!(channel.kind, 0 | 5))
            .chain(state.community.channels_of(guild, true))
            // Channels that the first bot cannot see would make the rate look lower.
            .filter(|channel| state.community.permissions(state.home.bot, channel) != 0)
            .map(|channel| channel.id)
            .collect();
        let people: Vec<Id> = state.community.guilds[&guild]
            .members
            .keys()
            .copied()
            .filter(|user| !state.community.bots.contains_key(user))
            .collect();
        let channel = if self.chance.u8(..4) == 0 {
            state.home.text
        } else {
            self.one_of(&places)?
        };
        let channel = if state.community.channels.get(&channel)?.guild == Some(guild) {
            channel
        } else {
            self.one_of(&places)?
        };
        let recent: Vec<Id> = state
            .community
            .messages
            .get(&channel)
            .map(|kept| kept.iter().rev().take(RECENT).map(|(id, _)| *id).collect())
            .unwrap_or_default();
        Some(Scene {
            guild,
            channel,
            user: self.one_of(&people)?,
            message: self.one_of(&recent),
        })
    }

    #[expect(
        clippy::too_many_lines,
        reason = "one arm for each thing that people do"
    )]
    fn act(&mut self, state: &mut State, scene: Scene) {
        let Scene {
            guild,
            channel,
            user,
            message,
        } = scene;
        // Mostly messages, presences, typing and voice, as in a real guild.
        match (self.chance.u32(0..200), message) {
            (50..110, _) => self.appear(state, guild, user),
            (110..134, _) => state.type_in(channel, user),
            (134..146, _) => self.move_in_voice(state, guild, user),
            (146..152, Some(id)) => {
                let text = format!("{} (edited)", self.line());
                state.edit(channel, id, |message| message.content = text);
            }
            (152..155, Some(id)) => {
                state.delete(channel, id);
            }
            (155, Some(_)) => {
                let recent: Vec<Id> = state
                    .community
                    .messages
                    .get(&channel)
                    .into_iter()
                    .flat_map(|kept| kept.keys().rev().take(3).copied())
                    .collect();
                state.delete_many(channel, &recent);
            }
            (156..166, Some(id)) => {
                let reactions = state.message(channel, id).map(|one| one.reactions.clone());
                let given = reactions
                    .and_then(|all| Some((all.first()?.0.clone(), *all.first()?.1.first()?)));
                match given {
                    Some((emoji, user)) if self.chance.u8(..3) == 0 => {
                        state.react(channel, id, user, &emoji, false);
                    }
                    _ => {
                        let emoji = self.emoji(state, guild);
                        state.react(channel, id, user, &emoji, true);
                    }
                }
            }
            (166, Some(id)) => {
                let emoji = self.chance.bool().then(|| self.emoji(state, guild));
                state.clear_reactions(channel, id, emoji.as_ref());
            }
            (167, Some(id)) => {
                let pinned = state.message(channel, id).is_some_and(|one| one.is_pinned);
                state.pin(channel, id, !pinned);
            }
            (168..172, _) => self.come_and_go(state, guild),
            (172..174, _) => {
                let nick = self
                    .chance
                    .bool()
                    .then(|| format!("{}_{}", self.word(), self.chance.u32(..100)));
                state.change_member(guild, user, |member| member.nick = nick);
            }
            (174, _) => self.change_roles(state, guild, user),
            (175..177, _) => self.change_channels(state, guild, user),
            (177..180, _) => self.thread(state, guild, channel, user),
            (180, _) => self.invite(state, guild, channel, user),
            (181, _) => self.ban(state, guild, user),
            (182..185, _) => {
                let bot = state.home.bot;
                if state.community.guilds_of(bot).contains(&guild) {
                    let command = json!({"id": bot.to_string(), "name": "ping", "type": 1, "options": [{"name": "loud", "type": 5, "value": true}]});
                    let button = json!({"custom_id": "again", "component_type": 2});
                    let (kind, data) = if self.chance.bool() {
                        (2, command)
                    } else {
                        (3, button)
                    };
                    state.interact(channel, user, bot, kind, &data);
                }
            }
            (185, _) => {
                let mut draft = Draft::text("");
                draft.poll = Some(state.poll("What next?", &["a hymn", "a song"]));
                state.post(channel, user, draft);
            }
            (186..188, Some(id)) => {
                let (answer, on) = (self.chance.u64(1..3), self.chance.u8(..3) > 0);
                state.vote(channel, id, user, answer, on);
            }
            (188..191, _) => {
                let (bot, line) = (state.home.bot, self.line());
                let channel = state.conversation(user, bot);
                match self.chance.u8(..3) {
                    0 => state.type_in(channel, user),
                    _ => {
                        state.post(channel, user, Draft::text(&line));
                    }
                }
            }
            (191..194, _) => {
                let (what, _) = self
                    .one_of(&THINGS_OF_GUILDS)
                    .unwrap_or(THINGS_OF_GUILDS[0]);
                let how = self
                    .one_of(&["CREATE", "UPDATE", "DELETE"])
                    .unwrap_or("CREATE");
                state.handle_thing(what, how, guild, user);
            }
            (194, _) => {
                let on = self.chance.bool();
                state.attend(guild, user, on);
            }
            (195..198, _) => {
                let name = self.one_of(&PASSING).unwrap_or(PASSING[0]);
                state.pass(name, guild, user);
            }
            (198, _) => {
                let how = self
                    .one_of(&["CREATE", "UPDATE", "DELETE"])
                    .unwrap_or("CREATE");
                state.entitle(user, how);
            }
            (199, Some(original)) => {
                let mut draft = Draft::text(&format!("<@{}> {}", state.home.bot, self.line()));
                draft.reply_to = Some(original);
                state.post(channel, user, draft);
            }
            _ => {
                let text = self.line();
                state.post(channel, user, Draft::text(&text));
            }
        }
    }

    fn appear(&mut self, state: &mut State, guild: Id, user: Id) {
        let status = self
            .one_of(&["online", "online", "idle", "dnd", "offline"])
            .unwrap_or("online");
        let (_, title) = self.one_of(&SONGS).unwrap_or(SONGS[0]);
        let listens = status != "offline" && self.chance.bool();
        let activities = listens.then(
            || json!({"id": "spotify:1", "name": title, "type": 2, "created_at": state.now()}),
        );
        state.appear(guild, user, status, activities.into_iter().collect());
    }

    fn move_in_voice(&mut self, state: &mut State, guild: Id, user: Id) {
        let channels: Vec<Id> = state
            .community
            .channels_of(guild, false)
            .filter(|channel| channel.is_voice())
            .map(|channel| channel.id)
            .collect();
        let inside = state
            .community
            .guilds
            .get(&guild)
            .is_some_and(|home| home.voices.contains_key(&user));
        if inside && self.chance.u8(..3) == 0 {
            state.leave_voice(guild, user);
        } else if let Some(channel) = self.one_of(&channels) {
            let (mute, deaf) = (self.chance.bool(), self.chance.u8(..4) == 0);
            state.join_voice(guild, user, channel, mute, deaf);
        }
    }

    /// Members join and leave.
    fn come_and_go(&mut self, state: &mut State, guild: Id) {
        let Some(name) = self.one_of(&DRIFTERS) else {
            return;
        };
        let user = state.someone(name);
        if !state.depart(guild, user) {
            state.unban(guild, state.home.bot, user, None);
            state.join(guild, user);
        }
    }

    fn ban(&mut self, state: &mut State, guild: Id, by: Id) {
        let name = self.one_of(&DRIFTERS).unwrap_or(DRIFTERS[0]);
        let user = state.someone(name);
        if !state.unban(guild, by, user, None) {
            state.ban(guild, by, user, Some("too loud"));
        }
    }

    fn change_roles(&mut self, state: &mut State, guild: Id, user: Id) {
        let made: Vec<Id> = state.community.guilds[&guild]
            .roles
            .values()
            .filter(|role| role.name.starts_with("choir "))
            .map(|role| role.id)
            .collect();
        let name = format!("choir {}", self.word());
        match (self.chance.u8(..5), self.one_of(&made)) {
            (0, Some(role)) => {
                state.remove_role(guild, user, role);
            }
            (1 | 2, Some(role)) => {
                state.change_role(guild, user, role, |role| role.name = name);
            }
            (3, Some(role)) => {
                let on = self.chance.bool();
                state.set_role(guild, user, user, role, on);
            }
            (_, Some(role)) if made.len() >= CROWD => {
                state.remove_role(guild, user, role);
            }
            _ => {
                state.add_role(guild, user, |role| role.name = name);
            }
        }
    }

    fn change_channels(&mut self, state: &mut State, guild: Id, user: Id) {
        let made: Vec<Id> = state
            .community
            .channels_of(guild, false)
            .filter(|channel| channel.name.starts_with("nook-"))
            .map(|channel| channel.id)
            .collect();
        let word = self.word();
        match (self.chance.u8(..4), self.one_of(&made)) {
            (0, Some(channel)) => state.remove_channel(user, channel),
            (1 | 2, Some(channel)) => {
                state.change_channel(user, channel, |channel| {
                    channel.topic = Some(format!("about {word}"));
                });
            }
            (_, Some(channel)) if made.len() >= CROWD => state.remove_channel(user, channel),
            _ => {
                state.add_channel(guild, user, |channel| channel.name = format!("nook-{word}"));
            }
        }
    }

    fn thread(&mut self, state: &mut State, guild: Id, channel: Id, user: Id) {
        let threads: Vec<Id> = state
            .community
            .channels_of(guild, true)
            .map(|thread| thread.id)
            .collect();
        let is_thread = threads.contains(&channel);
        match (self.chance.u8(..6), self.one_of(&threads)) {
            (0, Some(thread)) => state.remove_channel(user, thread),
            (1, Some(thread)) => {
                state.change_channel(user, thread, |thread| {
                    thread.is_archived = !thread.is_archived;
                });
            }
            (2 | 3, Some(thread)) => {
                let on = self.chance.u8(..3) > 0;
                state.set_thread_member(thread, user, on);
            }
            (_, Some(thread)) if is_thread || threads.len() >= CROWD => {
                state.remove_channel(user, thread);
            }
            _ => {
                state.add_thread(channel, user, self.word());
            }
        }
    }

    fn invite(&mut self, state: &mut State, guild: Id, channel: Id, user: Id) {
        let codes: Vec<String> = state.community.guilds[&guild]
            .invites
            .keys()
            .cloned()
            .collect();
        match codes.first() {
            Some(code) if self.chance.bool() || codes.len() >= CROWD => {
                state.revoke(guild, code);
            }
            _ => {
                state.invite(channel, user);
            }
        }
    }

    fn emoji(&mut self, state: &State, guild: Id) -> Emoji {
        let own = state
            .community
            .guilds
            .get(&guild)
            .and_then(|home| home.emojis.iter().next());
        match own {
            Some((id, name)) if self.chance.u8(..3) == 0 => Emoji {
                id: Some(*id),
                name: name.clone(),
            },
            _ => Emoji {
                id: None,
                name: self
                    .one_of(&["🎉", "👍", "🎶", "❤️"])
                    .unwrap_or("🎉")
                    .to_owned(),
            },
        }
    }

    fn word(&mut self) -> &'static str {
        self.one_of(&[
            "alto", "tenor", "bass", "descant", "organ", "psalm", "canon", "fugue",
        ])
        .unwrap_or("alto")
    }

    /// A text, different each time.
    fn line(&mut self) -> String {
        self.said += 1;
        let line = LINES[self.chance.usize(..LINES.len())];
        format!("{line} #{}", self.said)
    }
}
