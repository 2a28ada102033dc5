//! What there is, as a person at a client would see it: places, people, messages, forms and commands.

use serde_json::{Value, json};

use super::{
    controls::Discord,
    model::{Channel, Id, Message, kind},
};

impl Discord {
    /// Channels in which people can write, with their guilds; the conversations of bots too.
    pub(super) fn places_json(&self, limit: usize) -> Value {
        self.act(|state| {
            let community = &state.community;
            let user = |id: &Id| community.users.get(id).map(|user| user.name.clone());
            let has_messages = |channel: &&Channel| {
                !matches!(channel.kind, kind::CATEGORY) && !channel.is_forum()
            };
            let channels = community.channels.values().filter(has_messages);
            let places = channels.take(limit).map(|channel| {
                let guild = channel.guild.and_then(|id| community.guilds.get(&id));
                let recipients: Vec<String> = channel.recipients.iter().filter_map(user).collect();
                let place = match channel.guild {
                    Some(guild) => format!("guild/{guild}/channel/{}", channel.id),
                    None => format!("channel/{}", channel.id),
                };
                json!({
                    "place": place,
                    "name": if guild.is_some() { channel.name.clone() } else { recipients.join(", ") },
                    "guild": guild.map(|guild| guild.name.clone()),
                    "type": channel.kind,
                })
            });
            json!({"places": places.collect::<Vec<_>>()})
        })
    }

    /// People who can be in a channel: members of its guild, or those of a conversation; no bots.
    pub(super) fn people_json(&self, place: &str, limit: usize) -> Value {
        self.act(|state| {
            let community = &state.community;
            let channel = community.channel_named(place);
            let channel = channel.and_then(|id| community.channels.get(&id));
            let guild = channel.and_then(|channel| community.guilds.get(&channel.guild?));
            let ids: Vec<Id> = match (guild, channel) {
                (Some(guild), _) => guild.members.keys().copied().collect(),
                (None, Some(channel)) => channel.recipients.clone(),
                (None, None) => Vec::new(),
            };
            let people = ids.iter().filter_map(|id| community.users.get(id));
            let names = people.filter(|user| !user.is_bot).map(|user| &user.name);
            json!({"people": names.take(limit).collect::<Vec<_>>()})
        })
    }

    /// The newest messages of a channel, the oldest first, as REST has them; ephemeral ones with their reader.
    pub(super) fn messages_json(&self, place: &str, limit: usize) -> Value {
        self.act(|state| {
            let community = &state.community;
            let channel = community.channel_named(place).unwrap_or_default();
            let kept = community.messages.get(&channel);
            let kept = kept.into_iter().flat_map(|kept| kept.values().rev());
            let ephemeral = community.ephemeral.values().rev();
            let ephemeral = ephemeral.filter(|message| message.channel == channel);
            let mut messages: Vec<&Message> =
                kept.take(limit).chain(ephemeral.take(limit)).collect();
            messages.sort_unstable_by_key(|message| message.id);
            messages.drain(..messages.len().saturating_sub(limit));
            let shown = messages.into_iter().map(|message| {
                let mut json = state.message_json(message);
                let reader = message.seen_by.and_then(|id| community.users.get(&id));
                if let Some(reader) = reader {
                    json["seen_by"] = json!(reader.name);
                }
                json
            });
            json!({"messages": shown.collect::<Vec<_>>()})
        })
    }

    /// Modals that bots have opened for a user and that are not yet submitted, the newest first.
    pub(super) fn forms_json(&self, by: &str) -> Value {
        self.act(|state| {
            let user = state.community.user_named(by);
            let all = state.rest.interactions.values().rev();
            let open = all.filter(|one| Some(one.user) == user && one.is_open_form());
            let forms = open.take(FORMS).map(|one| {
                let bot = state.community.users.get(&one.application);
                json!({"bot": bot.map(|bot| bot.name.clone()), "form": one.answer})
            });
            json!({"forms": forms.collect::<Vec<_>>()})
        })
    }

    /// Commands of bots that a user can use in a channel, as they were registered.
    pub(super) fn commands_json(&self, place: &str, by: &str) -> Value {
        self.act(|state| {
            let community = &state.community;
            let channel = community.channel_named(place).unwrap_or_default();
            let user = community.user_named(by).unwrap_or_default();
            let bots = community
                .bots
                .keys()
                .filter_map(|id| community.users.get(id));
            let commands = bots.flat_map(|bot| {
                let here = state.commands_here(channel, user, bot.id).into_iter();
                here.map(|(_, command)| json!({"bot": bot.name, "command": command}))
            });
            json!({"commands": commands.collect::<Vec<_>>()})
        })
    }
}

/// Open modals that are shown.
const FORMS: usize = 10;
