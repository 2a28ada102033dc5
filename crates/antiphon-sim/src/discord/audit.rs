//! Audit logs of guilds.

use serde_json::{Map, Value, json};

use super::{community::Scope, model::Id, state::State};

/// Entries of one guild's log; the oldest goes first.
const ENTRIES: usize = 1000;

/// Numbers of actions (<https://docs.discord.com/developers/resources/audit-log#audit-log-events>).
pub(crate) mod action {
    pub(crate) const GUILD_UPDATE: u32 = 1;
    pub(crate) const CHANNEL_CREATE: u32 = 10;
    pub(crate) const CHANNEL_UPDATE: u32 = 11;
    pub(crate) const CHANNEL_DELETE: u32 = 12;
    pub(crate) const OVERWRITE_CREATE: u32 = 13;
    pub(crate) const OVERWRITE_UPDATE: u32 = 14;
    pub(crate) const OVERWRITE_DELETE: u32 = 15;
    pub(crate) const MEMBER_KICK: u32 = 20;
    pub(crate) const MEMBER_PRUNE: u32 = 21;
    pub(crate) const BAN_ADD: u32 = 22;
    pub(crate) const BAN_REMOVE: u32 = 23;
    pub(crate) const MEMBER_UPDATE: u32 = 24;
    pub(crate) const MEMBER_ROLES: u32 = 25;
    pub(crate) const MEMBER_MOVE: u32 = 26;
    pub(crate) const MEMBER_DISCONNECT: u32 = 27;
    pub(crate) const ROLE_CREATE: u32 = 30;
    pub(crate) const ROLE_UPDATE: u32 = 31;
    pub(crate) const ROLE_DELETE: u32 = 32;
    pub(crate) const INVITE_CREATE: u32 = 40;
    pub(crate) const INVITE_UPDATE: u32 = 41;
    pub(crate) const INVITE_DELETE: u32 = 42;
    pub(crate) const WEBHOOK_CREATE: u32 = 50;
    pub(crate) const WEBHOOK_UPDATE: u32 = 51;
    pub(crate) const WEBHOOK_DELETE: u32 = 52;
    pub(crate) const EMOJI_CREATE: u32 = 60;
    pub(crate) const EMOJI_UPDATE: u32 = 61;
    pub(crate) const EMOJI_DELETE: u32 = 62;
    pub(crate) const MESSAGE_DELETE: u32 = 72;
    pub(crate) const MESSAGE_BULK_DELETE: u32 = 73;
    pub(crate) const MESSAGE_PIN: u32 = 74;
    pub(crate) const MESSAGE_UNPIN: u32 = 75;
    pub(crate) const INTEGRATION_DELETE: u32 = 82;
    pub(crate) const STAGE_INSTANCE_CREATE: u32 = 83;
    pub(crate) const STICKER_CREATE: u32 = 90;
    pub(crate) const STICKER_UPDATE: u32 = 91;
    pub(crate) const STICKER_DELETE: u32 = 92;
    pub(crate) const GUILD_SCHEDULED_EVENT_CREATE: u32 = 100;
    pub(crate) const THREAD_CREATE: u32 = 110;
    pub(crate) const THREAD_UPDATE: u32 = 111;
    pub(crate) const THREAD_DELETE: u32 = 112;
    pub(crate) const SOUNDBOARD_SOUND_CREATE: u32 = 130;
    pub(crate) const AUTO_MODERATION_RULE_CREATE: u32 = 140;
    pub(crate) const AUTO_MODERATION_BLOCK_MESSAGE: u32 = 143;
    pub(crate) const AUTO_MODERATION_FLAG_TO_CHANNEL: u32 = 144;
    pub(crate) const AUTO_MODERATION_USER_COMMUNICATION_DISABLED: u32 = 145;
    pub(crate) const ONBOARDING_PROMPT_CREATE: u32 = 163;
    pub(crate) const ONBOARDING_PROMPT_UPDATE: u32 = 164;
    pub(crate) const ONBOARDING_PROMPT_DELETE: u32 = 165;
    pub(crate) const ONBOARDING_CREATE: u32 = 166;
    pub(crate) const ONBOARDING_UPDATE: u32 = 167;
    pub(crate) const GUILD_SCHEDULED_EVENT_EXCEPTION_CREATE: u32 = 200;
    pub(crate) const GUILD_SCHEDULED_EVENT_EXCEPTION_UPDATE: u32 = 201;
    pub(crate) const GUILD_SCHEDULED_EVENT_EXCEPTION_DELETE: u32 = 202;
}

/// Fields of objects whose changes no entry shows.
const UNSHOWN: &[&str] = &[
    "id",
    "guild_id",
    "flags",
    "last_message_id",
    "last_pin_timestamp",
    "message_count",
    "total_message_sent",
    "member_count",
    "newly_created",
    "animated",
    "require_colons",
    "archive_timestamp",
    "create_timestamp",
    "user",
    "user_id",
    "creator_id",
    "managed",
    "tags",
    "roles",
    "emojis",
    "stickers",
];

/// Entry to be written.
#[derive(Clone, Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) by: Id,
    pub(crate) action: u32,
    pub(crate) target: Option<Id>,
    pub(crate) changes: Vec<Value>,
    /// Further facts that some actions have.
    pub(crate) options: Option<Value>,
    pub(crate) reason: Option<&'a str>,
}

impl Entry<'_> {
    pub(crate) fn new(by: Id, action: u32, target: Id) -> Self {
        Self {
            by,
            action,
            target: Some(target),
            changes: Vec::new(),
            options: None,
            reason: None,
        }
    }

    /// Adds the fields in which two states of the target differ; a missing state is null.
    pub(crate) fn between(mut self, before: &Value, after: &Value) -> Self {
        self.changes = changes(before, after);
        self
    }

    pub(crate) fn options(mut self, options: Value) -> Self {
        self.options = Some(options);
        self
    }
}

/// Fields of an object as an entry names them: those of a thread's metadata are the thread's own.
fn fields_of(object: &Value) -> Map<String, Value> {
    let mut fields = object.as_object().cloned().unwrap_or_default();
    if let Some(Value::Object(metadata)) = fields.remove("thread_metadata") {
        fields.extend(metadata);
    }
    fields
}

/// Differences of two objects, as an entry lists them.
pub(crate) fn changes(before: &Value, after: &Value) -> Vec<Value> {
    let (before, after) = (fields_of(before), fields_of(after));
    let keys = before
        .keys()
        .chain(after.keys().filter(|key| !before.contains_key(*key)));
    let keys = keys.filter(|key| !UNSHOWN.contains(&key.as_str()));
    let mut found = Vec::new();
    for key in keys {
        let known =
            |object: &Map<String, Value>| object.get(key).filter(|value| !value.is_null()).cloned();
        let (old, new) = (known(&before), known(&after));
        if old == new {
            continue;
        }
        let mut change = json!({"key": key});
        if let Some(old) = old {
            change["old_value"] = old;
        }
        if let Some(new) = new {
            change["new_value"] = new;
        }
        found.push(change);
    }
    found
}

impl State {
    /// Writes an entry without changes.
    pub(crate) fn audit(
        &mut self,
        guild: Id,
        by: Id,
        action: u32,
        target: Id,
        reason: Option<&str>,
    ) {
        let entry = Entry {
            reason,
            ..Entry::new(by, action, target)
        };
        self.record(guild, entry);
    }

    /// Writes an entry into a guild's log, and sends it; without a reason of its own it has that of the request that is
    /// being handled.
    pub(crate) fn record(&mut self, guild: Id, entry: Entry<'_>) {
        let id = self.new_id();
        let mut json = json!({
            "id": id.to_string(),
            "user_id": entry.by.to_string(),
            "target_id": entry.target.map(|id| id.to_string()),
            "action_type": entry.action,
            "changes": entry.changes,
        });
        if let Some(options) = entry.options {
            json["options"] = options;
        }
        let reason = entry.reason.map(str::to_owned);
        if let Some(reason) = reason.or_else(|| self.rest.reason.clone()) {
            json["reason"] = json!(reason);
        }
        let Some(home) = self.community.guilds.get_mut(&guild) else {
            return;
        };
        home.more.audit_log.push_back((id, json.clone()));
        if home.more.audit_log.len() > ENTRIES {
            home.more.audit_log.pop_front();
        }
        json["guild_id"] = json!(guild.to_string());
        self.publish("GUILD_AUDIT_LOG_ENTRY_CREATE", Scope::guild(guild), &json);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_lists_the_fields_that_differ() {
        let before = json!({"id": "1", "name": "loft", "topic": null, "nsfw": false});
        let after = json!({"id": "1", "name": "attic", "topic": "up here", "nsfw": false});
        assert_eq!(
            changes(&before, &after),
            [
                json!({"key": "name", "old_value": "loft", "new_value": "attic"}),
                json!({"key": "topic", "new_value": "up here"}),
            ]
        );
        assert_eq!(changes(&after, &after), Vec::<Value>::new());
    }

    #[test]
    fn an_entry_lists_metadata_as_the_threads_own_fields() {
        let open = json!({"archived": false, "locked": false, "archive_timestamp": "a"});
        let closed = json!({"archived": true, "locked": false, "archive_timestamp": "b"});
        let of = |metadata: &Value| json!({"id": "1", "thread_metadata": metadata});
        assert_eq!(
            changes(&of(&open), &of(&closed)),
            [json!({"key": "archived", "old_value": false, "new_value": true})]
        );
    }
}
