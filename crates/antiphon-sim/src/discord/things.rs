//! Objects of guilds with ids of their own: scheduled events, stages, rules and sounds.
//!
//! People (ambient traffic) and requests keep them in one store, [`Guild::things`](super::model::Guild::things).

use serde_json::{Value, json};

use super::{
    audit::{Entry, action},
    community::Scope,
    model::Id,
    state::State,
};

/// A scheduled event.
pub(crate) const EVENT: &str = "event";
/// A stage instance.
pub(crate) const STAGE: &str = "stage";
/// A rule of automatic moderation.
pub(crate) const RULE: &str = "rule";
/// A sound of the soundboard.
pub(crate) const SOUND: &str = "sound";

/// Fields that the audit log does not show.
const UNSHOWN: [&str; 6] = [
    "available",
    "creator",
    "discoverable_disabled",
    "guild_scheduled_event_exceptions",
    "sound_id",
    "user_count",
];

/// Prefix of a kind's Gateway events, and number of its creation in the audit log, after which those of its update and
/// its deletion follow.
fn kind(what: &str) -> (&'static str, u32) {
    match what {
        EVENT => (
            "GUILD_SCHEDULED_EVENT",
            action::GUILD_SCHEDULED_EVENT_CREATE,
        ),
        STAGE => ("STAGE_INSTANCE", action::STAGE_INSTANCE_CREATE),
        SOUND => ("GUILD_SOUNDBOARD_SOUND", action::SOUNDBOARD_SOUND_CREATE),
        _ => ("AUTO_MODERATION_RULE", action::AUTO_MODERATION_RULE_CREATE),
    }
}

/// An object as the audit log shows it.
fn shown(thing: &Value) -> Value {
    let mut shown = thing.clone();
    if let Some(fields) = shown.as_object_mut() {
        fields.retain(|name, _| !UNSHOWN.contains(&name.as_str()));
        if let Some(metadata) = fields.remove("entity_metadata") {
            fields.insert("location".into(), metadata["location"].clone());
        }
    }
    shown
}

impl State {
    /// Objects of a kind in a guild, by id.
    pub(crate) fn things(
        &self,
        guild: Id,
        what: &'static str,
    ) -> impl Iterator<Item = (Id, &Value)> {
        let home = self.community.guilds.get(&guild);
        let things = home.into_iter().flat_map(|home| &home.things);
        things
            .filter(move |(_, (kind, _))| *kind == what)
            .map(|(id, (_, thing))| (*id, thing))
    }

    /// An object of a kind in a guild.
    pub(crate) fn thing_of(&self, guild: Id, what: &str, id: Id) -> Option<&Value> {
        let things = &self.community.guilds.get(&guild)?.things;
        let (kind, thing) = things.get(&id)?;
        (*kind == what).then_some(thing)
    }

    /// Audience of an object's events: members who see its channel, or the whole guild.
    fn audience(&self, guild: Id, what: &str, thing: &Value) -> Scope {
        let channel = thing["channel_id"].as_str().and_then(|id| id.parse().ok());
        match channel.filter(|_| matches!(what, EVENT | STAGE)) {
            Some(channel) if self.community.channels.contains_key(&channel) => {
                self.community.scope_of(channel)
            }
            _ => Scope::guild(guild),
        }
    }

    /// Writes a creation (step 0), an update (1) or a deletion (2) into the audit log.
    fn record_thing(
        &mut self,
        guild: Id,
        by: Id,
        what: &str,
        step: u32,
        id: Id,
        [before, after]: [&Value; 2],
    ) {
        let (_, first) = kind(what);
        let mut entry = Entry::new(by, first + step, id).between(&shown(before), &shown(after));
        if what == STAGE {
            let stage = if after.is_null() { before } else { after };
            entry = entry.options(json!({"channel_id": stage["channel_id"]}));
        }
        self.record(guild, entry);
    }

    /// Creates an object, or replaces it, with its event and, if an account does it, its entry in the audit log.
    pub(crate) fn put_thing(
        &mut self,
        guild: Id,
        by: Option<Id>,
        what: &'static str,
        id: Id,
        thing: &Value,
    ) {
        let Some(home) = self.community.guilds.get_mut(&guild) else {
            return;
        };
        let before = home.things.insert(id, (what, thing.clone()));
        let before = before.map_or(Value::Null, |(_, before)| before);
        let (step, how) = if before.is_null() {
            (0, "CREATE")
        } else {
            (1, "UPDATE")
        };
        let (events, _) = kind(what);
        let scope = self.audience(guild, what, thing);
        self.publish(&format!("{events}_{how}"), scope, thing);
        if let Some(by) = by {
            self.record_thing(guild, by, what, step, id, [&before, thing]);
        }
    }

    /// Deletes an object, with its event and its entry in the audit log; returns it.
    pub(crate) fn remove_thing(
        &mut self,
        guild: Id,
        by: Id,
        what: &'static str,
        id: Id,
    ) -> Option<Value> {
        self.thing_of(guild, what, id)?;
        let home = self.community.guilds.get_mut(&guild)?;
        let (_, thing) = home.things.remove(&id)?;
        home.attendees.retain(|(event, _)| *event != id);
        let event = if what == SOUND {
            json!({"sound_id": id.to_string(), "guild_id": guild.to_string()})
        } else {
            thing.clone()
        };
        let (events, _) = kind(what);
        let scope = self.audience(guild, what, &thing);
        self.publish(&format!("{events}_DELETE"), scope, &event);
        self.record_thing(guild, by, what, 2, id, [&thing, &Value::Null]);
        Some(thing)
    }

    /// Subscribes a user to a scheduled event, or unsubscribes; returns whether that changed something.
    pub(crate) fn set_attendance(&mut self, guild: Id, event: Id, user: Id, on: bool) -> bool {
        let Some(thing) = self.thing_of(guild, EVENT, event) else {
            return false;
        };
        let scope = self.audience(guild, EVENT, thing);
        let Some(home) = self.community.guilds.get_mut(&guild) else {
            return false;
        };
        let changed = if on {
            home.attendees.insert((event, user))
        } else {
            home.attendees.remove(&(event, user))
        };
        if !changed {
            return false;
        }
        let data = json!({
            "guild_scheduled_event_id": event.to_string(),
            "user_id": user.to_string(),
            "guild_id": guild.to_string(),
        });
        let name = if on {
            "GUILD_SCHEDULED_EVENT_USER_ADD"
        } else {
            "GUILD_SCHEDULED_EVENT_USER_REMOVE"
        };
        self.publish(name, scope, &data);
        true
    }

    /// Users who are subscribed to a scheduled event, in the order of their ids.
    pub(crate) fn attendees(&self, guild: Id, event: Id) -> impl Iterator<Item = Id> {
        let home = self.community.guilds.get(&guild);
        let attendees = home
            .into_iter()
            .flat_map(move |home| home.attendees.range((event, 0)..=(event, Id::MAX)));
        attendees.map(|(_, user)| *user)
    }
}
