//! Rules of automatic moderation.

use serde_json::{Map, Value, json};

use super::{Answer, Call, Outcome, fields::Fields, route::Route};
use crate::discord::{
    auto_moderation::{action, pattern, trigger},
    model::{Id, id_in, ids},
    permissions as rights,
    state::State,
    things::RULE,
};

const ALSO: &str = "`MODERATE_MEMBERS` for timeouts";

pub(crate) const ROUTES: &[Route] = &[
    Route::get(
        "/guilds/{guild_id}/auto-moderation/rules",
        "list_auto_moderation_rules",
        State::list_rules,
    )
    .in_guild(rights::MANAGE_GUILD),
    Route::post(
        "/guilds/{guild_id}/auto-moderation/rules",
        "create_auto_moderation_rule",
        State::create_rule,
    )
    .in_guild(rights::MANAGE_GUILD)
    .also(ALSO)
    .events(&["AUTO_MODERATION_RULE_CREATE"])
    .audit(&["AUTO_MODERATION_RULE_CREATE"])
    .simplified("keywords, patterns and mentions are looked for in new messages of people; spam, presets and profiles are not, nor edits"),
    Route::get(
        "/guilds/{guild_id}/auto-moderation/rules/{rule_id}",
        "get_auto_moderation_rule",
        State::get_rule,
    )
    .in_guild(rights::MANAGE_GUILD),
    Route::patch(
        "/guilds/{guild_id}/auto-moderation/rules/{rule_id}",
        "update_auto_moderation_rule",
        State::edit_rule,
    )
    .in_guild(rights::MANAGE_GUILD)
    .also(ALSO)
    .events(&["AUTO_MODERATION_RULE_UPDATE"])
    .audit(&["AUTO_MODERATION_RULE_UPDATE"]),
    Route::delete(
        "/guilds/{guild_id}/auto-moderation/rules/{rule_id}",
        "delete_auto_moderation_rule",
        State::delete_rule,
    )
    .in_guild(rights::MANAGE_GUILD)
    .events(&["AUTO_MODERATION_RULE_DELETE"])
    .audit(&["AUTO_MODERATION_RULE_DELETE"]),
];

/// Seconds of the longest timeout.
const TIMEOUT: i64 = 2_419_200;

/// Rules of a trigger type that a guild can have.
fn most_rules(trigger: i64) -> usize {
    if trigger == trigger::KEYWORD { 6 } else { 1 }
}

/// Actions that rules of a trigger type can have.
fn actions_of(trigger: i64) -> &'static [i64] {
    match trigger {
        trigger::KEYWORD | trigger::MENTION_SPAM => &[
            action::BLOCK_MESSAGE,
            action::SEND_ALERT_MESSAGE,
            action::TIMEOUT,
        ],
        trigger::MEMBER_PROFILE => &[action::SEND_ALERT_MESSAGE, action::BLOCK_MEMBER_INTERACTION],
        _ => &[action::BLOCK_MESSAGE, action::SEND_ALERT_MESSAGE],
    }
}

/// Reads a list of texts; `None` if it is absent or null.
fn texts(fields: &mut Fields<'_>, name: &str, most: usize, length: usize) -> Option<Vec<String>> {
    let items = fields.list(name, 0..=most)?;
    let mut found = Vec::new();
    for (index, item) in items.iter().enumerate() {
        match item.as_str().map(|text| (text, text.chars().count())) {
            Some((text, count)) if (1..=length).contains(&count) => found.push(text.to_owned()),
            Some(_) => {
                let message = format!("Must be between 1 and {length} in length.");
                fields.error(&format!("{name}.{index}"), "BASE_TYPE_BAD_LENGTH", &message);
            }
            None => fields.error(
                &format!("{name}.{index}"),
                "STRING_TYPE_CONVERT",
                "Could not interpret value as string.",
            ),
        }
    }
    Some(found)
}

/// Reads the metadata of a trigger type; an absent field keeps its former value.
fn read_metadata(fields: &mut Fields<'_>, trigger: i64, before: &Value) -> Value {
    let former = |name: &str, default: Value| {
        let known = before.get(name).filter(|known| !known.is_null());
        known.cloned().unwrap_or(default)
    };
    let list = |fields: &mut Fields<'_>, name: &str, most: usize, length: usize| {
        let read = texts(fields, name, most, length).map(|read| json!(read));
        read.unwrap_or_else(|| former(name, json!([])))
    };
    match trigger {
        trigger::KEYWORD | trigger::MEMBER_PROFILE => {
            let patterns = list(fields, "regex_patterns", 10, 260);
            let all = patterns.as_array().into_iter().flatten().enumerate();
            for (index, text) in all {
                if let Err(error) = pattern(text.as_str().unwrap_or_default()) {
                    let place = format!("regex_patterns.{index}");
                    let message = format!("Invalid regex pattern: {error}");
                    fields.error(&place, "AUTO_MODERATION_INVALID_REGEX", &message);
                }
            }
            json!({
                "keyword_filter": list(fields, "keyword_filter", 1000, 60),
                "regex_patterns": patterns,
                "allow_list": list(fields, "allow_list", 100, 60),
            })
        }
        trigger::KEYWORD_PRESET => {
            let presets = fields.list("presets", 0..=3).map(|presets| {
                for (index, preset) in presets.iter().enumerate() {
                    if !matches!(preset.as_u64(), Some(1..=3)) {
                        let place = format!("presets.{index}");
                        fields.error(
                            &place,
                            "BASE_TYPE_CHOICES",
                            "Value must be one of (1, 2, 3).",
                        );
                    }
                }
                json!(presets)
            });
            json!({
                "presets": presets.unwrap_or_else(|| former("presets", json!([]))),
                "allow_list": list(fields, "allow_list", 1000, 60),
            })
        }
        trigger::MENTION_SPAM => {
            let most = fields.number("mention_total_limit", 0..=50);
            let guards = fields.flag("mention_raid_protection_enabled");
            let guards = guards.map(Value::from);
            json!({
                "mention_total_limit": most.map_or_else(|| former("mention_total_limit", json!(20)), Value::from),
                "mention_raid_protection_enabled":
                    guards.unwrap_or_else(|| former("mention_raid_protection_enabled", json!(false))),
            })
        }
        _ => json!({}),
    }
}

/// Reads an action of a rule.
fn read_action(fields: &mut Fields<'_>, allowed: &[i64]) -> Value {
    fields.require(&["type"]);
    let kind = fields.choice("type", allowed);
    let needed: &[&str] = match kind {
        Some(action::SEND_ALERT_MESSAGE) => &["channel_id"],
        Some(action::TIMEOUT) => &["duration_seconds"],
        _ => &[],
    };
    if !needed.is_empty() {
        fields.require(&["metadata"]);
    }
    let metadata = fields.object("metadata", |inner| {
        inner.require(needed);
        match kind {
            Some(action::BLOCK_MESSAGE) => match inner.text("custom_message", 0..=300) {
                Some(message) => json!({"custom_message": message}),
                None => json!({}),
            },
            Some(action::SEND_ALERT_MESSAGE) => {
                json!({"channel_id": inner.id("channel_id").map(|id| id.to_string())})
            }
            Some(action::TIMEOUT) => {
                json!({"duration_seconds": inner.number("duration_seconds", 0..=TIMEOUT)})
            }
            _ => json!({}),
        }
    });
    json!({"type": kind, "metadata": metadata.unwrap_or_else(|| json!({}))})
}

/// Reads the fields of a rule that a body has.
fn read_rule(fields: &mut Fields<'_>, trigger: i64, before: &Value) -> Map<String, Value> {
    let event: &[i64] = if trigger == trigger::MEMBER_PROFILE {
        &[2]
    } else {
        &[1]
    };
    let list_of_ids = |ids_read: Option<Vec<Id>>| ids_read.map(|read| json!(ids(&read)));
    let found = [
        ("name", fields.text("name", 1..=100).map(Value::from)),
        (
            "event_type",
            fields.choice("event_type", event).map(Value::from),
        ),
        (
            "trigger_type",
            fields.choice("trigger_type", &[trigger]).map(Value::from),
        ),
        (
            "trigger_metadata",
            fields.object("trigger_metadata", |inner| {
                read_metadata(inner, trigger, &before["trigger_metadata"])
            }),
        ),
        (
            "actions",
            fields
                .each("actions", 1..=5, |one| {
                    read_action(one, actions_of(trigger))
                })
                .map(Value::from),
        ),
        ("enabled", fields.flag("enabled").map(Value::from)),
        (
            "exempt_roles",
            list_of_ids(fields.ids("exempt_roles", 0..=20)),
        ),
        (
            "exempt_channels",
            list_of_ids(fields.ids("exempt_channels", 0..=50)),
        ),
    ];
    let found = found.into_iter();
    found
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect()
}

impl State {
    fn rule_of(&self, call: &Call<'_>) -> Result<&Value, Answer> {
        let rule = self.thing_of(call.guild(), RULE, call.id("rule_id"));
        rule.ok_or_else(|| Answer::unknown("Auto Moderation Rule", 10066))
    }

    fn list_rules(&mut self, call: &Call<'_>) -> Outcome {
        let rules = self
            .things(call.guild(), RULE)
            .map(|(_, rule)| rule.clone());
        Ok(Answer::json(200, rules.collect()))
    }

    fn get_rule(&mut self, call: &Call<'_>) -> Outcome {
        Ok(Answer::json(200, self.rule_of(call)?.clone()))
    }

    /// Whether the bot may set these actions, and the channels that they name exist.
    fn may_act_so(&self, call: &Call<'_>, actions: Option<&Value>) -> Result<(), Answer> {
        let actions = actions.and_then(Value::as_array);
        for action in actions.into_iter().flatten() {
            if action["type"] == action::TIMEOUT {
                self.needs_in_guild(call.account, call.guild(), rights::MODERATE_MEMBERS)?;
            }
            if let Some(channel) = id_in(&action["metadata"]["channel_id"]) {
                let known = self.community.channels.get(&channel);
                known
                    .filter(|known| known.guild == Some(call.guild()))
                    .ok_or_else(|| Answer::unknown("Channel", 10003))?;
            }
        }
        Ok(())
    }

    fn put_rule(&mut self, call: &Call<'_>, id: Id, rule: &Value) {
        let texts = rule["trigger_metadata"]["regex_patterns"].as_array();
        let texts = texts.into_iter().flatten().filter_map(Value::as_str);
        let patterns = texts.filter_map(|text| pattern(text).ok()).collect();
        // Rules that people deleted leave their patterns here.
        let guilds = &self.community.guilds;
        let exists = |id: &Id| guilds.values().any(|guild| guild.things.contains_key(id));
        self.rest.patterns.retain(|id, _| exists(id));
        self.rest.patterns.insert(id, patterns);
        self.put_thing(call.guild(), Some(call.account), RULE, id, rule);
    }

    fn create_rule(&mut self, call: &Call<'_>) -> Outcome {
        let mut fields = call.fields();
        fields.require(&["name", "event_type", "trigger_type", "actions"]);
        let all = [
            trigger::KEYWORD,
            trigger::SPAM,
            trigger::KEYWORD_PRESET,
            trigger::MENTION_SPAM,
            trigger::MEMBER_PROFILE,
        ];
        let Some(trigger) = fields.choice("trigger_type", &all) else {
            fields.check()?;
            return Err(Answer::missing());
        };
        if matches!(trigger, trigger::KEYWORD_PRESET | trigger::MEMBER_PROFILE) {
            fields.require(&["trigger_metadata"]);
        }
        let read = read_rule(&mut fields, trigger, &Value::Null);
        let guild = call.guild();
        let same = self.things(guild, RULE);
        let same = same
            .filter(|(_, rule)| rule["trigger_type"] == trigger)
            .count();
        let most = most_rules(trigger);
        if same >= most {
            let message = format!("Maximum number of rules with trigger type {trigger} is {most}");
            fields.error("", "AUTO_MODERATION_MAX_RULES_OF_TYPE_EXCEEDED", &message);
        }
        fields.check()?;
        self.may_act_so(call, read.get("actions"))?;
        let id = self.new_id();
        let no_metadata = json!({});
        let metadata = read_metadata(&mut Fields::of(&no_metadata), trigger, &Value::Null);
        let mut rule = json!({
            "id": id.to_string(),
            "guild_id": guild.to_string(),
            "name": "",
            "creator_id": call.account.to_string(),
            "event_type": 1,
            "trigger_type": trigger,
            "trigger_metadata": metadata,
            "actions": [],
            "enabled": false,
            "exempt_roles": [],
            "exempt_channels": [],
        });
        for (name, value) in read {
            rule[name] = value;
        }
        self.put_rule(call, id, &rule);
        Ok(Answer::json(200, rule))
    }

    fn edit_rule(&mut self, call: &Call<'_>) -> Outcome {
        let before = self.rule_of(call)?.clone();
        let trigger = before["trigger_type"].as_i64().unwrap_or(trigger::KEYWORD);
        let mut fields = call.fields();
        let read = read_rule(&mut fields, trigger, &before);
        fields.check()?;
        self.may_act_so(call, read.get("actions"))?;
        let mut rule = before;
        for (name, value) in read {
            rule[name] = value;
        }
        self.put_rule(call, call.id("rule_id"), &rule);
        Ok(Answer::json(200, rule))
    }

    fn delete_rule(&mut self, call: &Call<'_>) -> Outcome {
        self.rule_of(call)?;
        let id = call.id("rule_id");
        self.rest.patterns.remove(&id);
        self.remove_thing(call.guild(), call.account, RULE, id);
        Ok(Answer::done())
    }
}
