//! Ambient traffic: actions of simulated users.

use antiphon_core::Rng;
use serde_json::{Value, json};

use super::{
    choices::component,
    components,
    messages::Draft,
    misc_events::{PASSING, THINGS_OF_GUILDS},
    model::{Emoji, Id, kind},
    permissions,
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
            .filter(|channel| matches!(channel.kind, kind::TEXT | kind::ANNOUNCEMENT))
            .chain(state.community.channels_of(guild, true))
            // Channels that the first bot cannot see would make the rate look lower.
            .filter(|channel| {
                !channel.is_archived && state.community.permissions(state.home.bot, channel) != 0
            })
            .map(|channel| channel.id)
            .collect();
        let at_home = state.home.guild == guild && places.contains(&state.home.text);
        let channel = if at_home && self.chance.u8(..4) == 0 {
            state.home.text
        } else {
            self.one_of(&places)?
        };
        let mut people = people_in(state, guild, channel, permissions::SEND_MESSAGES);
        let channel = if people.is_empty() {
            // Nobody but the application speaks here.
            let spoken: Vec<Id> = places
                .iter()
                .copied()
                .filter(|place| {
                    !people_in(state, guild, *place, permissions::SEND_MESSAGES).is_empty()
                })
                .collect();
            let channel = self.one_of(&spoken)?;
            people = people_in(state, guild, channel, permissions::SEND_MESSAGES);
            channel
        } else {
            channel
        };
        let recent: Vec<Id> = state
            .community
            .messages
            .get(&channel)
            .map(|kept| kept.keys().rev().take(RECENT).copied().collect())
            .unwrap_or_default();
        Some(Scene {
            guild,
            channel,
            user: self.one_of(&people)?,
            message: self.one_of(&recent),
        })
    }

    fn act(&mut self, state: &mut State, scene: Scene) {
        let Scene {
            guild,
            channel,
            user,
            message,
        } = scene;
        // Mostly messages, presences, typing and voice, as in a real guild.
        match (self.chance.u32(0..200), message) {
            (50..104, _) => self.appear(state, guild, user),
            (104..122, _) => state.type_in(channel, user),
            (122..134, _) => self.move_in_voice(state, guild, user),
            (134..144, Some(id)) => self.reply(state, channel, user, id),
            (144..150, Some(id)) => self.edit(state, channel, id),
            (150..153, Some(id)) => {
                state.delete(channel, id);
            }
            (153, Some(_)) => {
                let recent: Vec<Id> = state
                    .community
                    .messages
                    .get(&channel)
                    .into_iter()
                    .flat_map(|kept| kept.keys().rev().take(3).copied())
                    .collect();
                if recent.len() > 1 {
                    state.delete_many(channel, &recent);
                }
            }
            (154..165, Some(id)) => self.react(state, guild, channel, user, id),
            (165, Some(id)) => {
                let given = state
                    .message(channel, id)
                    .and_then(|one| Some(one.reactions.first()?.0.clone()));
                if let Some(emoji) = given {
                    let one = self.chance.bool().then_some(&emoji);
                    state.clear_reactions(channel, id, one);
                }
            }
            (166, Some(id)) => {
                let pinned = state.message(channel, id).is_some_and(|one| one.is_pinned);
                state.pin(channel, id, !pinned);
            }
            (167..171, _) => self.come_and_go(state, guild),
            (171..173, _) => {
                let nick = self
                    .chance
                    .bool()
                    .then(|| format!("{}_{}", self.word(), self.chance.u32(..100)));
                state.change_member(guild, user, |member| member.nick = nick);
            }
            (173, _) => self.change_roles(state, guild, user),
            (174..176, _) => self.change_channels(state, guild, user),
            (176..180, _) => self.thread(state, guild, channel, user),
            (180, _) => self.invite(state, guild, channel, user),
            (181, _) => self.ban(state, guild, user),
            (182..185, _) => self.interact(state, guild, channel, user),
            (185, _) => {
                let mut draft = Draft::text("");
                draft.poll = Some(state.poll("What next?", &["a hymn", "a song"]));
                state.post(channel, user, draft);
            }
            (186..188, _) => self.vote(state, channel, user),
            (188..191, _) => {
                let (bot, line) = (state.home.bot, self.line());
                let channel = state.conversation(user, bot);
                state.type_in(channel, user);
                if self.chance.u8(..3) > 0 {
                    state.post(channel, user, Draft::text(&line));
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
                    .one_of(&["CREATE", "UPDATE", "DELETE", "DELETE"])
                    .unwrap_or("CREATE");
                state.entitle(user, how);
            }
            (199, Some(original)) => {
                let mut draft = Draft::text(&format!("<@{}> {}", state.home.bot, self.line()));
                draft.reply_to = Some(original);
                state.post(channel, user, draft);
            }
            _ => self.say(state, channel, user),
        }
    }

    /// Types and says something; who speaks in a thread is in it from then on.
    fn say(&mut self, state: &mut State, channel: Id, user: Id) {
        if self.chance.bool() {
            state.type_in(channel, user);
        }
        state.set_thread_member(channel, user, true);
        let text = self.line();
        state.post(channel, user, Draft::text(&text));
    }

    /// Replies to a message of somebody else.
    fn reply(&mut self, state: &mut State, channel: Id, user: Id, to: Id) {
        if state
            .message(channel, to)
            .is_none_or(|message| message.author == user)
        {
            return self.say(state, channel, user);
        }
        state.type_in(channel, user);
        state.set_thread_member(channel, user, true);
        let mut draft = Draft::text(&self.line());
        draft.reply_to = Some(to);
        state.post(channel, user, draft);
    }

    /// An author corrects a message; what a bot said is left to the bot.
    fn edit(&mut self, state: &mut State, channel: Id, id: Id) {
        let by_user = state.message(channel, id).is_some_and(|message| {
            !state.community.bots.contains_key(&message.author) && message.poll.is_none()
        });
        if by_user {
            let text = format!("{} (edited)", self.line());
            state.edit(channel, id, |message| message.content = text);
        }
    }

    /// Reacts as somebody did before, or anew, or takes a reaction back.
    fn react(&mut self, state: &mut State, guild: Id, channel: Id, user: Id, id: Id) {
        let reactions = state
            .message(channel, id)
            .map(|one| one.reactions.clone())
            .unwrap_or_default();
        let given = reactions
            .first()
            .and_then(|(emoji, users)| Some((emoji.clone(), *users.first()?)));
        match given {
            Some((emoji, by))
                if self.chance.u8(..3) == 0 && !state.community.bots.contains_key(&by) =>
            {
                state.react(channel, id, by, &emoji, false);
            }
            Some((emoji, _)) if self.chance.bool() => {
                state.react(channel, id, user, &emoji, true);
            }
            _ => {
                let emoji = self.emoji(state, guild);
                state.react(channel, id, user, &emoji, true);
            }
        }
    }

    /// Votes in the newest poll of a channel, or takes a vote back.
    fn vote(&mut self, state: &mut State, channel: Id, user: Id) {
        let kept = state.community.messages.get(&channel);
        let newest = kept.and_then(|kept| {
            kept.values()
                .rev()
                .take(100)
                .find(|message| message.poll.is_some())
        });
        let Some(message) = newest else {
            return;
        };
        let (id, votes) = (message.id, message.votes.clone());
        let answers = message
            .poll
            .as_ref()
            .and_then(|poll| poll["answers"].as_array())
            .map_or(0, Vec::len);
        let answers: Vec<u64> = (1..).take(answers).collect();
        match (self.one_of(&votes), self.one_of(&answers)) {
            (Some((answer, by)), _)
                if self.chance.u8(..3) == 0 && !state.community.bots.contains_key(&by) =>
            {
                state.vote(channel, id, by, answer, false);
            }
            (_, Some(answer)) => {
                state.vote(channel, id, user, answer, true);
            }
            _ => {}
        }
    }

    /// Uses what an application offers: a command that it registered, or a component of one of its messages. Where no
    /// application offers anything, nothing happens.
    fn interact(&mut self, state: &mut State, guild: Id, channel: Id, user: Id) {
        let bots = state.community.bots.keys().copied();
        let bots: Vec<Id> = bots
            .filter(|bot| state.community.guilds[&guild].members.contains_key(bot))
            .collect();
        let Some(bot) = self.one_of(&bots) else {
            return;
        };
        let done = if self.chance.bool() {
            self.use_command(state, channel, user, bot)
        } else {
            self.use_component(state, channel, user, bot)
        };
        if let Some(Err(why)) = done {
            state.note(format!("traffic could not use an application: {why}"));
        }
    }

    fn use_command(
        &mut self,
        state: &mut State,
        channel: Id,
        user: Id,
        bot: Id,
    ) -> Option<Result<Id, String>> {
        let here = state.commands_here(channel, user, bot);
        let commands: Vec<usize> = (0..here.len()).collect();
        let (_, command) = &here[self.one_of(&commands)?];
        let name = command["name"].as_str()?;
        match command["type"].as_u64()? {
            1 => {
                let options = self.options(state, channel, command)?;
                Some(state.use_command(channel, user, bot, name, &options, None))
            }
            2 => Some(state.use_menu(channel, user, bot, name, &user.to_string())),
            3 => {
                let kept = state.community.messages.get(&channel)?;
                let target = kept.keys().next_back()?.to_string();
                Some(state.use_menu(channel, user, bot, name, &target))
            }
            _ => None,
        }
    }

    /// Values for the required options of a command, and for the first of its sub-commands; absent where the guild has
    /// none that fits.
    fn options(&mut self, state: &State, channel: Id, command: &Value) -> Option<Value> {
        let mut options = Vec::new();
        for described in command["options"].as_array().into_iter().flatten() {
            let kind = described["type"].as_u64()?;
            if kind <= 2 {
                let inner = self.options(state, channel, described)?;
                return Some(json!([{"name": described["name"], "type": kind, "options": inner}]));
            }
            if described["required"] == true {
                let value = self.value(state, channel, described, kind)?;
                options.push(json!({"name": described["name"], "type": kind, "value": value}));
            }
        }
        Some(json!(options))
    }

    fn value(&mut self, state: &State, channel: Id, described: &Value, kind: u64) -> Option<Value> {
        if let Some(choice) = described["choices"]
            .as_array()
            .and_then(|choices| choices.first())
        {
            return Some(choice["value"].clone());
        }
        let guild = state
            .community
            .guilds
            .get(&state.guild_of_channel(channel)?)?;
        let types = described["channel_types"].as_array();
        Some(match kind {
            3 => {
                let least = usize::try_from(described["min_length"].as_u64().unwrap_or(1)).ok()?;
                let most = usize::try_from(described["max_length"].as_u64().unwrap_or(100)).ok()?;
                let word = self.word().repeat(least / 4 + 1);
                json!(word.chars().take(most.max(least)).collect::<String>())
            }
            4 | 10 => described
                .get("min_value")
                .or(described.get("max_value"))
                .cloned()
                .unwrap_or_else(|| json!(3)),
            5 => json!(self.chance.bool()),
            6 | 9 => json!(guild.members.keys().next()?.to_string()),
            7 => {
                let mut channels = state.community.channels_of(guild.id, false);
                let fits = |kind: u8| types.is_none_or(|types| types.contains(&json!(kind)));
                json!(channels.find(|one| fits(one.kind))?.id.to_string())
            }
            8 => json!(guild.roles.keys().next_back()?.to_string()),
            _ => json!("notes.txt"),
        })
    }

    fn use_component(
        &mut self,
        state: &mut State,
        channel: Id,
        user: Id,
        bot: Id,
    ) -> Option<Result<Id, String>> {
        let kept = state.community.messages.get(&channel)?;
        let recent = kept
            .values()
            .rev()
            .take(RECENT)
            .filter(|message| message.author == bot);
        let is_usable = |one: &&Value| one.get("custom_id").is_some() && one["disabled"] != true;
        let found: Vec<(Id, Value)> = recent
            .flat_map(|message| {
                let usable = components::all(&message.components).into_iter();
                usable
                    .filter(is_usable)
                    .map(|component| (message.id, component.clone()))
            })
            .collect();
        let indices: Vec<usize> = (0..found.len()).collect();
        let (message, component) = &found[self.one_of(&indices)?];
        let custom_id = component["custom_id"].as_str()?;
        let guild = state
            .community
            .guilds
            .get(&state.guild_of_channel(channel)?)?;
        let value = match component["type"].as_u64()? {
            component::BUTTON => {
                return Some(state.press(channel, user, bot, custom_id, Some(*message)));
            }
            component::STRING_SELECT => component["options"][0]["value"].clone(),
            component::USER_SELECT | component::MENTIONABLE_SELECT => json!(user.to_string()),
            component::ROLE_SELECT => json!(guild.roles.keys().next_back()?.to_string()),
            component::CHANNEL_SELECT => self.value(state, channel, component, 7)?,
            _ => return None,
        };
        if component["min_values"].as_u64().unwrap_or(1) > 1 {
            return None;
        }
        Some(state.choose(channel, user, bot, custom_id, &[value], Some(*message)))
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
            .filter(|channel| {
                state.community.permissions(user, channel) & permissions::CONNECT != 0
            })
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
        // Threads begin in text channels.
        let is_thread = state
            .community
            .channels
            .get(&channel)
            .is_none_or(|place| place.kind != kind::TEXT);
        match (self.chance.u8(..6), self.one_of(&threads)) {
            (0, Some(thread)) => state.remove_channel(user, thread),
            (1, Some(thread)) => {
                state.change_channel(user, thread, |thread| {
                    thread.is_archived = !thread.is_archived;
                });
            }
            (2 | 3, Some(thread)) => {
                let place = state.community.channels.get(&thread);
                if place.is_some_and(|place| !place.is_archived) {
                    let on = self.chance.u8(..3) > 0;
                    state.set_thread_member(thread, user, on);
                }
            }
            (_, Some(thread)) if is_thread || threads.len() >= CROWD => {
                state.remove_channel(user, thread);
            }
            _ => {
                let thread = state.add_thread(channel, user, self.word());
                self.say(state, thread, user);
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
                let place = state.community.channels.get(&channel);
                // Invites lead to a channel, never to a thread.
                let parent = place
                    .filter(|place| place.is_thread())
                    .and_then(|place| place.parent);
                state.invite(parent.unwrap_or(channel), user);
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

/// Members of a guild, bots aside, with a permission in a channel.
fn people_in(state: &State, guild: Id, channel: Id, right: u64) -> Vec<Id> {
    let Some(place) = state.community.channels.get(&channel) else {
        return Vec::new();
    };
    let members = state
        .community
        .guilds
        .get(&guild)
        .map(|home| home.members.keys());
    let people = members.into_iter().flatten().copied();
    let people = people.filter(|user| !state.community.bots.contains_key(user));
    people
        .filter(|user| state.community.permissions(*user, place) & right != 0)
        .collect()
}
