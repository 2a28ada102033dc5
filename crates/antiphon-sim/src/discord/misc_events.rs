//! Events that the simulator sends without simulating their subject.

use serde_json::{Value, json};

use super::{
    community::Scope,
    model::{Channel, Id, iso, kind},
    state::State,
    things::EVENT,
};

/// Things kept of one guild.
const THINGS: usize = 100;

/// Events that happen to a guild without a state of their own.
pub(crate) const PASSING: [&str; 13] = [
    "GUILD_EMOJIS_UPDATE",
    "GUILD_STICKERS_UPDATE",
    "GUILD_INTEGRATIONS_UPDATE",
    "WEBHOOKS_UPDATE",
    "AUTO_MODERATION_ACTION_EXECUTION",
    "GUILD_SOUNDBOARD_SOUNDS_UPDATE",
    "VOICE_CHANNEL_EFFECT_SEND",
    "VOICE_CHANNEL_STATUS_UPDATE",
    "VOICE_CHANNEL_START_TIME_UPDATE",
    "APPLICATION_COMMAND_PERMISSIONS_UPDATE",
    "THREAD_LIST_SYNC",
    "USER_UPDATE",
    "SUBSCRIPTION_CREATE",
];

/// Objects of a guild: their name, and the prefix of their events `_CREATE`, `_UPDATE` and `_DELETE`.
pub(crate) const THINGS_OF_GUILDS: [(&str, &str); 5] = [
    ("event", "GUILD_SCHEDULED_EVENT"),
    ("stage", "STAGE_INSTANCE"),
    ("rule", "AUTO_MODERATION_RULE"),
    ("sound", "GUILD_SOUNDBOARD_SOUND"),
    ("integration", "INTEGRATION"),
];

impl State {
    /// Sends an event of [`PASSING`].
    #[expect(clippy::too_many_lines, reason = "one arm for each event")]
    pub(crate) fn pass(&mut self, name: &str, guild: Id, user: Id) {
        let (g, u) = (guild.to_string(), user.to_string());
        let first = |fits: fn(&Channel) -> bool| {
            let mut channels = self.community.channels_of(guild, false);
            channels
                .find(|channel| fits(channel))
                .map(|channel| channel.id)
        };
        let text = first(|channel| !channel.is_voice() && channel.kind != 4).unwrap_or_default();
        // A stage has neither a status nor effects.
        let is_voice = |channel: &Id| {
            let channel = self.community.channels.get(channel);
            channel.is_some_and(|channel| channel.kind == kind::VOICE)
        };
        let inside = self.community.guilds.get(&guild).and_then(|home| {
            let mut voices = home.voices.iter();
            let (speaker, voice) = voices.find(|(_, voice)| is_voice(&voice.channel))?;
            Some((*speaker, voice.channel))
        });
        let voice = inside
            .map(|(_, channel)| channel)
            .or_else(|| first(|channel| channel.kind == kind::VOICE));
        if voice.is_none() && name.starts_with("VOICE_CHANNEL_") {
            return;
        }
        let voice = voice.unwrap_or_default();
        let whole = Scope::guild(guild);
        let (scope, event) = match name {
            "GUILD_EMOJIS_UPDATE" => {
                let emojis = self
                    .community
                    .guilds
                    .get(&guild)
                    .map(|guild| guild.json()["emojis"].take());
                (whole, json!({"guild_id": g, "emojis": emojis}))
            }
            "GUILD_STICKERS_UPDATE" => {
                let guild = self.community.guilds.get(&guild);
                let stickers = guild.map(|guild| guild.json()["stickers"].take());
                (whole, json!({"guild_id": g, "stickers": stickers}))
            }
            "GUILD_INTEGRATIONS_UPDATE" => (whole, json!({"guild_id": g})),
            "WEBHOOKS_UPDATE" => (
                self.community.scope_of(text),
                json!({"guild_id": g, "channel_id": text.to_string()}),
            ),
            "AUTO_MODERATION_ACTION_EXECUTION" => {
                let rule = self.community.guilds.get(&guild).and_then(|home| {
                    let mut rules = home.things.iter().filter(|(_, (what, _))| *what == "rule");
                    rules.next().map(|(id, _)| *id)
                });
                // Nothing is executed without a rule.
                let Some(rule) = rule else {
                    return self.handle_thing("rule", "CREATE", guild, user);
                };
                let event = json!({
                    "guild_id": g, "action": {"type": 1, "metadata": {}}, "rule_id": rule.to_string(),
                    "rule_trigger_type": 1, "user_id": u, "channel_id": text.to_string(), "content": "AAAAH",
                    "matched_keyword": "AAAA*", "matched_content": "AAAAH",
                });
                (whole, event)
            }
            "GUILD_SOUNDBOARD_SOUNDS_UPDATE" => {
                let sounds = self
                    .community
                    .guilds
                    .get(&guild)
                    .map(|home| home.things_of("sound"));
                (whole, json!({"guild_id": g, "soundboard_sounds": sounds}))
            }
            "VOICE_CHANNEL_EFFECT_SEND" => {
                // Only who is inside sends an effect.
                let Some((speaker, channel)) = inside else {
                    return self.join_voice(guild, user, voice, false, false);
                };
                let event = json!({
                    "guild_id": g, "channel_id": channel.to_string(), "user_id": speaker.to_string(),
                    "emoji": {"id": null, "name": "🎉", "animated": false}, "animation_type": 1, "animation_id": 3,
                });
                (self.community.scope_of(channel), event)
            }
            "VOICE_CHANNEL_STATUS_UPDATE" => (
                self.community.scope_of(voice),
                json!({"id": voice.to_string(), "guild_id": g, "status": "evensong"}),
            ),
            "VOICE_CHANNEL_START_TIME_UPDATE" => (
                self.community.scope_of(voice),
                json!({"id": voice.to_string(), "guild_id": g, "voice_start_time": self.now() / 1000}),
            ),
            "APPLICATION_COMMAND_PERMISSIONS_UPDATE" => {
                let bot = self.home.bot;
                let permissions = json!([{"id": u, "type": 2, "permission": true}]);
                (
                    whole.only(bot),
                    json!({"id": bot.to_string(), "application_id": bot.to_string(), "guild_id": g, "permissions": permissions}),
                )
            }
            "THREAD_LIST_SYNC" => {
                let threads: Vec<Value> = self
                    .community
                    .channels_of(guild, true)
                    .filter(|thread| !thread.is_archived)
                    .map(Channel::json)
                    .collect();
                (
                    whole,
                    json!({"guild_id": g, "threads": threads, "members": []}),
                )
            }
            "USER_UPDATE" => {
                let bot = self.home.bot;
                (Scope::account(bot), self.own_user_json(bot))
            }
            "SUBSCRIPTION_CREATE" => {
                self.subscribe(self.home.bot, user);
                return;
            }
            _ => return self.note(format!("no passing event named {name}")),
        };
        self.publish(name, scope, &event);
    }

    /// Creates an object of [`THINGS_OF_GUILDS`], or updates or deletes the oldest: `CREATE`, `UPDATE` or `DELETE`.
    pub(crate) fn handle_thing(&mut self, what: &'static str, how: &str, guild: Id, user: Id) {
        let Some((_, events)) = THINGS_OF_GUILDS.iter().find(|(name, _)| *name == what) else {
            return;
        };
        let known = self
            .community
            .guilds
            .get(&guild)
            .and_then(|home| home.things.iter().find(|(_, (kind, _))| *kind == what));
        let known = known.map(|(id, (_, thing))| (*id, thing.clone()));
        let crowded = self
            .community
            .guilds
            .get(&guild)
            .is_some_and(|home| home.things.len() >= THINGS);
        let (how, id, mut thing) = match (how, known) {
            // A stage channel has one stage at a time.
            ("CREATE", Some((id, thing))) if what == "stage" => ("UPDATE", id, thing),
            ("UPDATE" | "DELETE", Some((id, thing))) => (how, id, thing),
            (_, Some((id, thing))) if crowded => ("DELETE", id, thing),
            _ => {
                let id = self.new_id();
                let thing = self.thing(what, id, guild, user);
                ("CREATE", id, thing)
            }
        };
        if how == "UPDATE" {
            let name = if what == "stage" { "topic" } else { "name" };
            thing[name] = json!(format!("{what} at {}", self.now() % 1_000_000));
        }
        if let Some(home) = self.community.guilds.get_mut(&guild) {
            if how == "DELETE" {
                home.things.remove(&id);
                home.attendees.retain(|(event, _)| *event != id);
            } else {
                home.things.insert(id, (what, thing.clone()));
            }
        }
        let event = match (what, how) {
            ("integration", "DELETE") => {
                json!({"id": id.to_string(), "guild_id": guild.to_string(), "application_id": thing["application"]["id"]})
            }
            ("sound", "DELETE") => {
                json!({"sound_id": id.to_string(), "guild_id": guild.to_string()})
            }
            _ => thing,
        };
        self.publish(&format!("{events}_{how}"), Scope::guild(guild), &event);
        self.watch_events(guild);
    }

    fn thing(&self, what: &str, id: Id, guild: Id, user: Id) -> Value {
        let stage = self
            .community
            .channels_of(guild, false)
            .find(|channel| channel.kind == super::model::kind::STAGE);
        let stage = stage.map(|channel| channel.id.to_string());
        let (id, guild, user_id) = (id.to_string(), guild.to_string(), user.to_string());
        match what {
            "event" => json!({
                "id": id, "guild_id": guild, "channel_id": null, "creator_id": user_id, "name": "Evensong",
                "description": null, "creator": self.user_json(user), "scheduled_start_time": iso(self.now() + 3_600_000),
                "scheduled_end_time": iso(self.now() + 7_200_000), "privacy_level": 2, "status": 1, "entity_type": 3,
                "entity_id": null, "entity_metadata": {"location": "the choir"}, "user_count": 0, "image": null,
                "recurrence_rule": null,
            }),
            "stage" => json!({
                "id": id, "guild_id": guild, "channel_id": stage, "topic": "A reading", "privacy_level": 2,
                "discoverable_disabled": true,
            }),
            "rule" => json!({
                "id": id, "guild_id": guild, "name": "no shouting", "creator_id": user_id, "event_type": 1, "trigger_type": 1,
                "trigger_metadata": {"keyword_filter": ["AAAA*"], "regex_patterns": [], "allow_list": []},
                "actions": [{"type": 1, "metadata": {}}], "enabled": true, "exempt_roles": [], "exempt_channels": [],
            }),
            "sound" => json!({
                "sound_id": id, "guild_id": guild, "name": "bell", "volume": 1.0, "emoji_id": null, "emoji_name": "🔔",
                "available": true, "user": self.user_json(user),
            }),
            _ => json!({
                "id": id, "guild_id": guild, "name": "a feed", "type": "discord", "enabled": true,
                "account": {"id": id, "name": "a feed"}, "scopes": ["bot"], "user": self.user_json(user),
                // `summary` is no longer documented, but sent: discord.py 2.7.1 needs it.
                "application": {"id": id, "name": "a feed", "icon": null, "description": "", "summary": ""},
            }),
        }
    }

    /// Subscribes a user to a guild's oldest scheduled event, or unsubscribes who is subscribed; returns whether that
    /// changed something.
    pub(crate) fn attend(&mut self, guild: Id, user: Id, on: bool) -> bool {
        let Some((event, _)) = self.things(guild, EVENT).next() else {
            return false;
        };
        let leaves = self.attendees(guild, event).next().filter(|_| !on);
        self.set_attendance(guild, event, leaves.unwrap_or(user), on)
    }

    /// Adds or removes a vote of a poll; returns whether that changed something. Where a poll takes one answer, another
    /// vote of the user goes first.
    pub(crate) fn vote(
        &mut self,
        channel: Id,
        message: Id,
        user: Id,
        answer: u64,
        on: bool,
    ) -> bool {
        let now = iso(self.now());
        let Some(kept) = self
            .community
            .messages
            .get_mut(&channel)
            .and_then(|kept| kept.get_mut(&message))
        else {
            return false;
        };
        let Some(poll) = kept.poll.as_ref() else {
            return false;
        };
        let mut answers = poll["answers"].as_array().into_iter().flatten();
        let is_open = poll["results"]["is_finalized"] != true
            && poll["expiry"].as_str().is_none_or(|end| end > now.as_str());
        if !is_open
            || !answers.any(|one| one["answer_id"] == answer)
            || on == kept.votes.contains(&(answer, user))
        {
            return false;
        }
        let mut changes = vec![(answer, on)];
        if on && poll["allow_multiselect"] != true {
            let others = kept.votes.iter().filter(|(_, voter)| *voter == user);
            changes.splice(
                0..0,
                others
                    .map(|(answer, _)| (*answer, false))
                    .collect::<Vec<_>>(),
            );
        }
        for (answer, on) in &changes {
            kept.votes.retain(|vote| *vote != (*answer, user));
            if *on {
                kept.votes.push((*answer, user));
            }
        }
        for (answer, on) in changes {
            let mut event = self.about_channel(channel);
            event["message_id"] = json!(message.to_string());
            event["user_id"] = json!(user.to_string());
            event["answer_id"] = json!(answer);
            let name = if on {
                "MESSAGE_POLL_VOTE_ADD"
            } else {
                "MESSAGE_POLL_VOTE_REMOVE"
            };
            self.publish(name, self.community.scope_of(channel), &event);
        }
        true
    }

    /// A poll to ask.
    pub(crate) fn poll(&self, question: &str, answers: &[&str]) -> Value {
        let answers = (1..)
            .zip(answers)
            .map(|(id, text)| json!({"answer_id": id, "poll_media": {"text": text}}));
        json!({
            "question": {"text": question},
            "answers": answers.collect::<Vec<_>>(),
            "expiry": iso(self.now() + 86_400_000),
            "allow_multiselect": false,
            "layout_type": 1,
            "results": {"is_finalized": false, "answer_counts": []},
        })
    }
}
