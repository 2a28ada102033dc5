//! Onboarding and welcome screens.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Answer, Call, Outcome, fields::Fields, route::Route};
use crate::discord::{
    audit::{Entry, action},
    model::{Guild, Id, id_in, ids},
    permissions as rights,
    state::State,
};

pub(crate) const ROUTES: &[Route] = &[
    Route::get(
        "/guilds/{guild_id}/new-member-welcome",
        "get_guild_new_member_welcome",
        State::get_member_welcome,
    )
    .in_guild(0)
    .simplified("no guild has one, and no request makes one: 204"),
    Route::get(
        "/guilds/{guild_id}/onboarding",
        "get_guilds_onboarding",
        State::get_onboarding,
    )
    .in_guild(0),
    Route::put(
        "/guilds/{guild_id}/onboarding",
        "put_guilds_onboarding",
        State::put_onboarding,
    )
    .in_guild(rights::MANAGE_GUILD | rights::MANAGE_ROLES)
    .events(&["GUILD_UPDATE"])
    .audit(&[
        "ONBOARDING_CREATE",
        "ONBOARDING_UPDATE",
        "ONBOARDING_PROMPT_CREATE",
        "ONBOARDING_PROMPT_UPDATE",
        "ONBOARDING_PROMPT_DELETE",
    ]),
    Route::get(
        "/guilds/{guild_id}/welcome-screen",
        "get_guild_welcome_screen",
        State::get_welcome_screen,
    )
    .in_guild(0)
    .also("`MANAGE_GUILD` while it is not enabled"),
    Route::patch(
        "/guilds/{guild_id}/welcome-screen",
        "update_guild_welcome_screen",
        State::edit_welcome_screen,
    )
    .in_guild(rights::MANAGE_GUILD)
    .events(&["GUILD_UPDATE"])
    .audit(&["GUILD_UPDATE"]),
];

/// Default channels that onboarding needs, and how many of them everyone can write in.
const DEFAULTS: (usize, usize) = (7, 5);

/// Emoji of an option, in either of the forms that requests have.
fn option_emoji(fields: &mut Fields<'_>) -> Value {
    let nested = fields.object("emoji", |emoji| {
        (
            emoji.id("id"),
            emoji.text("name", 0..=100).map(str::to_owned),
            emoji.flag("animated"),
        )
    });
    let (id, name, animated) = nested.unwrap_or_else(|| {
        (
            fields.id("emoji_id"),
            fields.text("emoji_name", 0..=100).map(str::to_owned),
            fields.flag("emoji_animated"),
        )
    });
    json!({
        "id": id.map(|id| id.to_string()),
        "name": name,
        "animated": animated.unwrap_or(false),
    })
}

/// Reads a prompt with its options; ids stand as they were sent, or are null.
fn prompt(fields: &mut Fields<'_>) -> Value {
    fields.require(&["title", "options"]);
    let options = fields.each("options", 1..=50, |option| {
        option.require(&["title"]);
        json!({
            "id": option.id("id").map(|id| id.to_string()),
            "title": option.text("title", 1..=50),
            "description": option.text("description", 0..=100).unwrap_or_default(),
            "emoji": option_emoji(option),
            "role_ids": ids(&option.ids("role_ids", 0..=50).unwrap_or_default()),
            "channel_ids": ids(&option.ids("channel_ids", 0..=50).unwrap_or_default()),
        })
    });
    json!({
        "id": fields.id("id").map(|id| id.to_string()),
        "title": fields.text("title", 1..=100),
        "options": options.unwrap_or_default(),
        "single_select": fields.flag("single_select").unwrap_or(false),
        "required": fields.flag("required").unwrap_or(false),
        "in_onboarding": fields.flag("in_onboarding").unwrap_or(false),
        "type": fields.choice("type", &[0, 1]).unwrap_or(0),
    })
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

/// Ids of prompts, or of options.
fn ids_of(items: &Value) -> BTreeSet<Id> {
    list(items).filter_map(|one| id_in(&one["id"])).collect()
}

impl State {
    fn get_member_welcome(&mut self, _call: &Call<'_>) -> Outcome {
        Ok(Answer::done())
    }

    /// Switches a feature of a guild.
    fn set_feature(&mut self, guild: Id, by: Id, feature: &str, on: bool) {
        let Some(home) = self.community.guilds.get(&guild) else {
            return;
        };
        let mut features = home.json()["features"].take();
        let Some(known) = features.as_array_mut() else {
            return;
        };
        if known.iter().any(|one| one == feature) == on {
            return;
        }
        known.retain(|one| one != feature);
        if on {
            known.push(json!(feature));
        }
        self.change_guild(guild, by, |home| {
            home.more.settings.insert("features".into(), features);
        });
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Welcome screens.

    fn get_welcome_screen(&mut self, call: &Call<'_>) -> Outcome {
        let home = self.guild_of(call)?;
        let features = home.json()["features"].take();
        if !list(&features).any(|one| one == "WELCOME_SCREEN_ENABLED") {
            self.needs_in_guild(call.account, call.guild(), rights::MANAGE_GUILD)?;
        }
        let screen = home.more.welcome_screen.clone();
        let screen = screen.ok_or_else(|| Answer::unknown("Guild Welcome Screen", 10069))?;
        Ok(Answer::json(200, screen))
    }

    fn edit_welcome_screen(&mut self, call: &Call<'_>) -> Outcome {
        let mut fields = call.fields();
        let channels = fields.each("welcome_channels", 0..=5, |channel| {
            channel.require(&["channel_id", "description"]);
            let id = channel.id("channel_id").unwrap_or_default();
            let json = json!({
                "channel_id": id.to_string(),
                "description": channel.text("description", 1..=50),
                "emoji_id": channel.id("emoji_id").map(|id| id.to_string()),
                "emoji_name": channel.text("emoji_name", 0..=100),
            });
            (id, json)
        });
        let description = fields.text("description", 0..=140).map(str::to_owned);
        let says_description = fields.has("description");
        let enabled = fields.flag("enabled");
        fields.check()?;
        for (id, _) in channels.iter().flatten() {
            self.channel_of_guild(call.guild(), *id)?;
        }
        let home = self.guild_of(call)?;
        let before = home.more.welcome_screen.clone();
        let mut screen =
            before.unwrap_or_else(|| json!({"description": null, "welcome_channels": []}));
        if says_description {
            screen["description"] = json!(description);
        }
        if let Some(channels) = channels {
            screen["welcome_channels"] = channels.into_iter().map(|(_, json)| json).collect();
        }
        if let Some(home) = self.community.guilds.get_mut(&call.guild()) {
            home.more.welcome_screen = Some(screen.clone());
        }
        if let Some(enabled) = enabled {
            let feature = "WELCOME_SCREEN_ENABLED";
            self.set_feature(call.guild(), call.account, feature, enabled);
        }
        Ok(Answer::json(200, screen))
    }

    /// Refuses a channel that is not in the guild.
    fn channel_of_guild(&self, guild: Id, channel: Id) -> Result<(), Answer> {
        let known = self.community.channels.get(&channel);
        if known.is_some_and(|known| known.guild == Some(guild) && !known.is_thread()) {
            Ok(())
        } else {
            Err(Answer::unknown("Channel", 10003))
        }
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Onboarding.

    /// Onboarding of a guild; one that nobody has set is empty.
    fn onboarding_json(guild: &Guild) -> Value {
        let known = guild.more.onboarding.clone();
        known.unwrap_or_else(|| {
            json!({
                "guild_id": guild.id.to_string(),
                "prompts": [],
                "default_channel_ids": [],
                "enabled": false,
                "mode": 0,
            })
        })
    }

    fn get_onboarding(&mut self, call: &Call<'_>) -> Outcome {
        let home = self.guild_of(call)?;
        Ok(Answer::json(200, Self::onboarding_json(home)))
    }

    fn put_onboarding(&mut self, call: &Call<'_>) -> Outcome {
        let mut fields = call.fields();
        let prompts = fields.each("prompts", 0..=15, prompt);
        let defaults = fields.ids("default_channel_ids", 0..=500);
        let enabled = fields.flag("enabled");
        let mode = fields.choice("mode", &[0, 1]);
        fields.check()?;
        let guild = call.guild();
        let before = Self::onboarding_json(self.guild_of(call)?);
        let mut after = before.clone();
        if let Some(prompts) = prompts {
            after["prompts"] = json!(prompts);
        }
        if let Some(defaults) = defaults {
            after["default_channel_ids"] = json!(ids(&defaults));
        }
        if let Some(enabled) = enabled {
            after["enabled"] = json!(enabled);
        }
        if let Some(mode) = mode {
            after["mode"] = json!(mode);
        }
        self.check_onboarding(guild, &before, &after)?;
        self.number_prompts(&before, &mut after);
        let is_new = self.guild_of(call)?.more.onboarding.is_none();
        if let Some(home) = self.community.guilds.get_mut(&guild) {
            home.more.onboarding = Some(after.clone());
        }
        let is_enabled = after["enabled"] == true;
        self.set_feature(guild, call.account, "GUILD_ONBOARDING", is_enabled);
        self.record_onboarding(guild, call.account, &before, &after, is_new);
        Ok(Answer::json(200, after))
    }

    /// Refuses channels and roles that are not there, and onboarding that is enabled with too few channels
    /// (<https://docs.discord.com/developers/resources/guild#modify-guild-onboarding>).
    fn check_onboarding(&self, guild: Id, before: &Value, after: &Value) -> Result<(), Answer> {
        let Some(home) = self.community.guilds.get(&guild) else {
            return Err(Answer::unknown("Guild", 10004));
        };
        let numbers = |value: &Value| -> Vec<Id> { list(value).filter_map(id_in).collect() };
        let mut channels: BTreeSet<Id> =
            numbers(&after["default_channel_ids"]).into_iter().collect();
        let options = list(&after["prompts"]).flat_map(|prompt| list(&prompt["options"]));
        let mut of_options = BTreeSet::new();
        for option in options {
            of_options.extend(numbers(&option["channel_ids"]));
            for role in numbers(&option["role_ids"]) {
                if !home.roles.contains_key(&role) {
                    return Err(Answer::unknown("Role", 10011));
                }
            }
        }
        for channel in channels.iter().chain(&of_options) {
            self.channel_of_guild(guild, *channel)?;
        }
        if after["enabled"] != true {
            return Ok(());
        }
        if after["mode"] == 1 {
            channels.extend(of_options);
        }
        let of_everyone = |channel: &Id| {
            let everyone = home.roles.get(&guild).map_or(0, |role| role.permissions);
            let channel = self.community.channels.get(channel);
            let own = channel.and_then(|one| one.overwrites.iter().find(|one| one.id == guild));
            own.map_or(everyone, |own| (everyone & !own.deny) | own.allow)
        };
        let seen = channels.iter().map(of_everyone);
        let seen = seen.filter(|rights| rights & rights::VIEW_CHANNEL != 0);
        let written = seen
            .clone()
            .filter(|rights| rights & rights::SEND_MESSAGES != 0);
        if seen.count() >= DEFAULTS.0 && written.count() >= DEFAULTS.1 {
            return Ok(());
        }
        Err(if before["enabled"] == true {
            let message = "Cannot update onboarding while below requirements";
            Answer::error(400, 350_001, message)
        } else {
            let message = "Cannot enable onboarding, requirements are not met";
            Answer::error(400, 350_000, message)
        })
    }

    /// Gives new prompts and options ids; those that are known keep theirs.
    fn number_prompts(&mut self, before: &Value, after: &mut Value) {
        let prompts = ids_of(&before["prompts"]);
        let options: BTreeSet<Id> = list(&before["prompts"])
            .flat_map(|prompt| ids_of(&prompt["options"]))
            .collect();
        let mut number = |one: &mut Value, known: &BTreeSet<Id>| {
            if id_in(&one["id"]).is_none_or(|id| !known.contains(&id)) {
                one["id"] = json!(self.new_id().to_string());
            }
        };
        for prompt in after["prompts"].as_array_mut().into_iter().flatten() {
            number(prompt, &prompts);
            for option in prompt["options"].as_array_mut().into_iter().flatten() {
                number(option, &options);
            }
        }
    }

    /// Writes into the audit log what became of onboarding and of each prompt.
    fn record_onboarding(
        &mut self,
        guild: Id,
        by: Id,
        before: &Value,
        after: &Value,
        is_new: bool,
    ) {
        let whole = if is_new {
            action::ONBOARDING_CREATE
        } else {
            action::ONBOARDING_UPDATE
        };
        let entry = Entry::new(by, whole, guild).between(before, after);
        self.record(guild, entry);
        let (old, new) = (ids_of(&before["prompts"]), ids_of(&after["prompts"]));
        let prompt = |whole: &Value, id: Id| {
            let mut prompts = list(&whole["prompts"]);
            let found = prompts.find(|one| id_in(&one["id"]) == Some(id));
            found.cloned().unwrap_or_default()
        };
        for id in old.union(&new).copied() {
            let (was, is) = (prompt(before, id), prompt(after, id));
            let action = match (was.is_null(), is.is_null()) {
                (true, _) => action::ONBOARDING_PROMPT_CREATE,
                (_, true) => action::ONBOARDING_PROMPT_DELETE,
                _ if was == is => continue,
                _ => action::ONBOARDING_PROMPT_UPDATE,
            };
            self.record(guild, Entry::new(by, action, id).between(&was, &is));
        }
    }
}
