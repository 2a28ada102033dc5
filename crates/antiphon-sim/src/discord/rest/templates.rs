//! Templates of guilds.

use serde_json::{Value, json};

use super::{Answer, Call, Outcome, route::Route};
use crate::discord::{
    model::{Channel, Guild, Id, id_in, iso, kind},
    permissions as rights,
    state::State,
};

pub(crate) const ROUTES: &[Route] = &[
    Route::get(
        "/guilds/templates/{code}",
        "get_guild_template",
        State::get_template,
    )
    .open(),
    Route::get(
        "/guilds/{guild_id}/templates",
        "list_guild_templates",
        State::list_templates,
    )
    .in_guild(rights::MANAGE_GUILD),
    Route::post(
        "/guilds/{guild_id}/templates",
        "create_guild_template",
        State::create_template,
    )
    .in_guild(rights::MANAGE_GUILD),
    Route::put(
        "/guilds/{guild_id}/templates/{code}",
        "sync_guild_template",
        State::sync_template,
    )
    .without_body()
    .in_guild(rights::MANAGE_GUILD),
    Route::delete(
        "/guilds/{guild_id}/templates/{code}",
        "delete_guild_template",
        State::delete_template,
    )
    .in_guild(rights::MANAGE_GUILD),
    Route::patch(
        "/guilds/{guild_id}/templates/{code}",
        "update_guild_template",
        State::edit_template,
    )
    .in_guild(rights::MANAGE_GUILD),
];

/// Characters of a code.
const CODE: usize = 12;

/// Kind of a channel in a template, which has text, voice, categories and forums alone.
fn kind_in_template(of: u8) -> u8 {
    match of {
        kind::ANNOUNCEMENT => kind::TEXT,
        kind::STAGE => kind::VOICE,
        kind::MEDIA => kind::FORUM,
        same => same,
    }
}

fn unknown() -> Answer {
    Answer::unknown("Guild Template", 10057)
}

/// Channels of a guild in the order of its template: categories go first, so that each parent precedes its channels.
fn ordered<'a>(channels: impl Iterator<Item = &'a Channel>) -> Vec<&'a Channel> {
    let mut channels: Vec<&Channel> = channels.collect();
    channels.sort_unstable_by_key(|channel| {
        (channel.kind != kind::CATEGORY, channel.position, channel.id)
    });
    channels
}

impl State {
    /// A guild as a template keeps it: roles and channels have numbers of their own in place of ids.
    fn snapshot(&self, guild: &Guild) -> Value {
        let whole = guild.json();
        let mut roles: Vec<_> = guild.roles.values().collect();
        roles.sort_unstable_by_key(|role| (role.position, role.id));
        let channels = ordered(self.community.channels_of(guild.id, false));
        let number_of_role = |id: Id| roles.iter().position(|role| role.id == id);
        let number_of = |id: Id| {
            let at = channels.iter().position(|channel| channel.id == id);
            at.map(|at| at + 1)
        };
        let shown_channel = |(number, channel): (usize, &&Channel)| {
            let json = channel.json();
            let overwrites = channel.overwrites.iter().filter(|one| !one.is_member);
            let overwrites = overwrites.filter_map(|one| {
                Some(json!({
                    "id": number_of_role(one.id)?.to_string(),
                    "type": 0,
                    "allow": one.allow.to_string(),
                    "deny": one.deny.to_string(),
                }))
            });
            let or_default = |name: &str, default: u64| json[name].as_u64().unwrap_or(default);
            // Tags are numbered, as everything is whose id a template leaves out.
            let tags = (0_u64..).zip(json["available_tags"].as_array().into_iter().flatten());
            let tags = tags.map(|(number, tag)| {
                let mut tag = tag.clone();
                tag["id"] = json!(number);
                tag
            });
            let tags: Vec<Value> = tags.collect();
            json!({
                "id": number + 1,
                "type": kind_in_template(channel.kind),
                "name": channel.name,
                "position": channel.position,
                "topic": channel.topic,
                "bitrate": or_default("bitrate", 64_000),
                "user_limit": channel.user_limit,
                "nsfw": json["nsfw"].as_bool().unwrap_or(false),
                "rate_limit_per_user": channel.slow_mode,
                "parent_id": channel.parent.and_then(number_of).map(|number| number.to_string()),
                "default_auto_archive_duration": json["default_auto_archive_duration"],
                "permission_overwrites": overwrites.collect::<Vec<_>>(),
                "available_tags": tags,
                "template": "",
                "default_reaction_emoji": json["default_reaction_emoji"],
                "default_thread_rate_limit_per_user": json["default_thread_rate_limit_per_user"],
                "default_sort_order": json["default_sort_order"],
                "default_forum_layout": json["default_forum_layout"],
                "default_tag_setting": null,
                "theme_color": null,
            })
        };
        let shown_roles = roles.iter().enumerate().map(|(number, role)| {
            json!({
                "id": number,
                "name": role.name,
                "permissions": role.permissions.to_string(),
                "color": role.color,
                "colors": role.json()["colors"],
                "hoist": role.hoist,
                "mentionable": role.mentionable,
                "icon": null,
                "unicode_emoji": null,
            })
        });
        let channel_named = |name: &str| {
            let number = id_in(&whole[name]).and_then(number_of);
            json!(number.map(|number| number.to_string()))
        };
        json!({
            "name": guild.name,
            "description": whole["description"],
            "region": null,
            "verification_level": whole["verification_level"],
            "default_message_notifications": whole["default_message_notifications"],
            "explicit_content_filter": whole["explicit_content_filter"],
            "preferred_locale": whole["preferred_locale"],
            "afk_channel_id": channel_named("afk_channel_id"),
            "afk_timeout": whole["afk_timeout"],
            "system_channel_id": channel_named("system_channel_id"),
            "system_channel_flags": whole["system_channel_flags"],
            "roles": shown_roles.collect::<Vec<_>>(),
            "channels": channels.iter().enumerate().map(shown_channel).collect::<Vec<_>>(),
        })
    }

    /// The template of a guild, with whether the guild has changed since; null is "no".
    fn template_json(&self, guild: &Guild) -> Option<Value> {
        let mut template = guild.more.template.clone()?;
        let is_same = template["serialized_source_guild"] == self.snapshot(guild);
        template["is_dirty"] = if is_same { Value::Null } else { json!(true) };
        Some(template)
    }

    fn keep_template(&mut self, guild: Id, template: Option<Value>) {
        if let Some(home) = self.community.guilds.get_mut(&guild) {
            home.more.template = template;
        }
    }

    fn get_template(&mut self, call: &Call<'_>) -> Outcome {
        let mut guilds = self.community.guilds.values();
        let code = call.step("code");
        let template = guilds
            .find(|guild| {
                let template = guild.more.template.as_ref();
                template.is_some_and(|template| template["code"] == code)
            })
            .and_then(|guild| self.template_json(guild));
        Ok(Answer::json(200, template.ok_or_else(unknown)?))
    }

    fn list_templates(&mut self, call: &Call<'_>) -> Outcome {
        let template = self.template_json(self.guild_of(call)?);
        Ok(Answer::json(200, template.into_iter().collect()))
    }

    fn create_template(&mut self, call: &Call<'_>) -> Outcome {
        let mut fields = call.fields();
        fields.require(&["name"]);
        let name = fields.text("name", 1..=100).unwrap_or_default();
        let description = fields.text("description", 0..=120);
        fields.check()?;
        let home = self.guild_of(call)?;
        if home.more.template.is_some() {
            return Err(Answer::error(400, 30031, "Guild already has a template"));
        }
        let snapshot = self.snapshot(home);
        let at = iso(self.now());
        let code: String = (0..CODE).map(|_| self.secrets.alphanumeric()).collect();
        let template = json!({
            "code": code,
            "name": name,
            "description": description,
            "usage_count": 0,
            "creator_id": call.account.to_string(),
            "creator": self.user_json(call.account),
            "created_at": at,
            "updated_at": at,
            "source_guild_id": call.guild().to_string(),
            "serialized_source_guild": snapshot,
            "is_dirty": null,
        });
        self.keep_template(call.guild(), Some(template.clone()));
        Ok(Answer::json(200, template))
    }

    /// The template of the guild and the code in a path.
    fn template_of(&self, call: &Call<'_>) -> Result<Value, Answer> {
        let template = self.guild_of(call)?.more.template.clone();
        let template = template.filter(|template| template["code"] == call.step("code"));
        template.ok_or_else(unknown)
    }

    fn sync_template(&mut self, call: &Call<'_>) -> Outcome {
        let mut template = self.template_of(call)?;
        template["serialized_source_guild"] = self.snapshot(self.guild_of(call)?);
        template["updated_at"] = json!(iso(self.now()));
        template["is_dirty"] = Value::Null;
        self.keep_template(call.guild(), Some(template.clone()));
        Ok(Answer::json(200, template))
    }

    fn edit_template(&mut self, call: &Call<'_>) -> Outcome {
        let mut template = self.template_of(call)?;
        let mut fields = call.fields();
        if let Some(name) = fields.text("name", 1..=100) {
            template["name"] = json!(name);
        }
        if fields.has("description") {
            template["description"] = json!(fields.text("description", 0..=120));
        }
        fields.check()?;
        self.keep_template(call.guild(), Some(template));
        let template = self.template_json(self.guild_of(call)?);
        Ok(Answer::json(200, template.ok_or_else(unknown)?))
    }

    fn delete_template(&mut self, call: &Call<'_>) -> Outcome {
        self.template_of(call)?;
        let template = self.template_json(self.guild_of(call)?);
        self.keep_template(call.guild(), None);
        Ok(Answer::json(200, template.ok_or_else(unknown)?))
    }
}
