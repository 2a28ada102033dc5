//! Guilds and their lists of channels.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{
    Answer, Call, Outcome,
    channels::ChannelChange,
    fields::{Fields, each_of},
    overwrites::may_overwrite,
    route::Route,
};
use crate::discord::{
    model::{Channel, Id, id_in, kind},
    permissions as rights,
    state::State,
};

pub(crate) const ROUTES: &[Route] = &[
    Route::get("/guilds/{guild_id}", "get_guild", State::get_guild).in_guild(0),
    Route::get(
        "/guilds/{guild_id}/preview",
        "get_guild_preview",
        State::preview_guild,
    )
    .in_guild(0),
    Route::patch("/guilds/{guild_id}", "update_guild", State::edit_guild)
        .in_guild(rights::MANAGE_GUILD)
        .events(&["GUILD_UPDATE"])
        .audit(&["GUILD_UPDATE"])
        .simplified("images and `features` are taken, and not shown"),
    // Documented (<https://docs.discord.com/developers/resources/guild#modify-guild-mfa-level>), and not in the description.
    Route::post("/guilds/{guild_id}/mfa", "", State::set_mfa_level)
        .in_guild(0)
        .also("owner")
        .events(&["GUILD_UPDATE"])
        .audit(&["GUILD_UPDATE"]),
    Route::get(
        "/guilds/{guild_id}/regions",
        "list_guild_voice_regions",
        State::voice_regions,
    )
    .in_guild(0),
    Route::get(
        "/guilds/{guild_id}/vanity-url",
        "get_guild_vanity_url",
        State::vanity_address,
    )
    .in_guild(rights::MANAGE_GUILD)
    .simplified("no guild has one"),
    Route::get(
        "/guilds/{guild_id}/channels",
        "list_guild_channels",
        State::list_channels,
    )
    .in_guild(0),
    Route::post(
        "/guilds/{guild_id}/channels",
        "create_guild_channel",
        State::create_channel,
    )
    .in_guild(rights::MANAGE_CHANNELS)
    .also("no overwrite with a permission that the bot lacks")
    .events(&["CHANNEL_CREATE"])
    .audit(&["CHANNEL_CREATE"]),
    Route::patch(
        "/guilds/{guild_id}/channels",
        "bulk_update_guild_channels",
        State::order_channels,
    )
    .in_guild(rights::MANAGE_CHANNELS)
    .events(&["CHANNEL_UPDATE"])
    .audit(&["CHANNEL_UPDATE"]),
];

/// Channels of a guild.
const CHANNELS: usize = 500;

/// Settings of a guild that name a channel of it.
const CHANNEL_SETTINGS: [&str; 5] = [
    "afk_channel_id",
    "system_channel_id",
    "rules_channel_id",
    "public_updates_channel_id",
    "safety_alerts_channel_id",
];

impl State {
    fn get_guild(&mut self, call: &Call<'_>) -> Outcome {
        let guild = self.guild_of(call)?;
        let mut json = guild.json();
        if call.flag("with_counts") {
            json["approximate_member_count"] = json!(guild.members.len());
            json["approximate_presence_count"] = json!(guild.presences.len());
        }
        Ok(Answer::json(200, json))
    }

    fn preview_guild(&mut self, call: &Call<'_>) -> Outcome {
        let guild = self.guild_of(call)?;
        let whole = guild.json();
        let names = [
            "id",
            "name",
            "icon",
            "splash",
            "discovery_splash",
            "home_header",
            "emojis",
            "features",
            "description",
            "stickers",
        ];
        let fields = names.map(|name| (name.to_owned(), whole[name].clone()));
        let mut json = Value::Object(fields.into_iter().collect());
        json["approximate_member_count"] = json!(guild.members.len());
        json["approximate_presence_count"] = json!(guild.presences.len());
        Ok(Answer::json(200, json))
    }

    fn vanity_address(&mut self, _call: &Call<'_>) -> Outcome {
        Ok(Answer::json(200, json!({"code": null, "uses": 0})))
    }

    fn edit_guild(&mut self, call: &Call<'_>) -> Outcome {
        let mut fields = call.fields();
        let name = fields.text("name", 2..=100).map(str::to_owned);
        let mut settings = guild_settings(&mut fields);
        fields.check()?;
        for name in CHANNEL_SETTINGS {
            let id = settings.get(name).and_then(id_in);
            let Some(id) = id else { continue };
            let known = self.community.channels.get(&id);
            if known.is_none_or(|channel| channel.guild != Some(call.guild())) {
                return Err(Answer::unknown("Channel", 10003));
            }
        }
        self.change_guild(call.guild(), call.account, |guild| {
            if let Some(name) = name {
                guild.name = name;
            }
            guild.more.settings.append(&mut settings);
        });
        Ok(Answer::json(200, self.guild_of(call)?.json()))
    }

    fn set_mfa_level(&mut self, call: &Call<'_>) -> Outcome {
        let mut fields = call.fields();
        fields.require(&["level"]);
        let level = fields.choice("level", &[0, 1]);
        fields.check()?;
        if self.guild_of(call)?.owner != call.account {
            return Err(Answer::not_permitted());
        }
        self.change_guild(call.guild(), call.account, |guild| {
            guild.more.settings.insert("mfa_level".into(), json!(level));
        });
        Ok(Answer::json(200, json!({"level": level})))
    }

    fn list_channels(&mut self, call: &Call<'_>) -> Outcome {
        let channels = self.community.channels_of(call.guild(), false);
        Ok(Answer::json(200, channels.map(Channel::json).collect()))
    }

    fn create_channel(&mut self, call: &Call<'_>) -> Outcome {
        let guild = call.guild();
        let tag = self.new_id();
        let mut fields = call.fields();
        fields.require(&["name"]);
        let kind = fields
            .choice("type", &[0, 2, 4, 5, 13, 14, 15, 16])
            .and_then(|kind| u8::try_from(kind).ok())
            .unwrap_or(kind::TEXT);
        let change = ChannelChange::read(&mut fields, kind, tag);
        fields.check()?;
        self.check_parent(guild, change.parent)?;
        if self.community.channels_of(guild, false).count() >= CHANNELS {
            return Err(Answer::error(
                400,
                30013,
                "Maximum number of guild channels reached (500)",
            ));
        }
        let own = rights::of(self.guild_of(call)?, call.account, None);
        may_overwrite(own, &[], change.overwrites.as_deref().unwrap_or_default())?;
        // A channel without overwrites of its own takes those of its category.
        let parent = change.parent.flatten();
        let parent = parent.filter(|_| change.overwrites.is_none());
        let inherited = parent.and_then(|id| self.community.channels.get(&id));
        let inherited = inherited.map(|parent| parent.overwrites.clone());
        let channel = self.add_channel(guild, call.account, |channel| {
            channel.kind = kind;
            change.apply(channel);
            if let Some(overwrites) = inherited {
                channel.overwrites = overwrites;
            }
        });
        Ok(Answer {
            status: 201,
            ..self.channel_answer(channel, call.account)
        })
    }

    fn order_channels(&mut self, call: &Call<'_>) -> Outcome {
        let guild = call.guild();
        let wanted = each_of(call.body, |fields| {
            fields.require(&["id"]);
            let id = fields.id("id").unwrap_or_default();
            let position = fields.number("position", 0..=i64::from(i32::MAX));
            let parent = fields.has("parent_id").then(|| fields.id("parent_id"));
            let locks = fields.flag("lock_permissions").unwrap_or(false);
            (id, (position, parent, locks))
        })?;
        for (id, (_, parent, _)) in &wanted {
            let known = self.community.channels.get(id);
            if known.is_none_or(|known| known.guild != Some(guild) || known.is_thread()) {
                return Err(Answer::unknown("Channel", 10003));
            }
            self.check_parent(guild, *parent)?;
        }
        let wanted: BTreeMap<Id, _> = wanted.into_iter().collect();
        for (id, (position, parent, locks)) in wanted {
            let of_parent = parent.flatten().filter(|_| locks);
            let of_parent = of_parent.and_then(|id| self.community.channels.get(&id));
            let of_parent = of_parent.map(|parent| parent.overwrites.clone());
            let same = self.community.channels.get(&id).is_some_and(|known| {
                position.is_none_or(|position| position == known.position)
                    && parent.is_none_or(|parent| parent == known.parent)
                    && of_parent.is_none()
            });
            if same {
                continue;
            }
            self.change_channel(call.account, id, |channel| {
                channel.position = position.unwrap_or(channel.position);
                if let Some(parent) = parent {
                    channel.parent = parent;
                }
                if let Some(overwrites) = of_parent {
                    channel.overwrites = overwrites;
                }
            });
        }
        Ok(Answer::done())
    }
}

/// Reads the fields of a guild that a request may set.
fn guild_settings(fields: &mut Fields<'_>) -> Map<String, Value> {
    let mut settings = Map::new();
    for (name, choices) in [
        ("verification_level", &[0, 1, 2, 3, 4][..]),
        ("default_message_notifications", &[0, 1]),
        ("explicit_content_filter", &[0, 1, 2]),
        ("afk_timeout", &[60, 300, 900, 1800, 3600]),
    ] {
        if let Some(choice) = fields.choice(name, choices) {
            settings.insert(name.into(), json!(choice));
        }
    }
    for name in CHANNEL_SETTINGS {
        if fields.has(name) {
            let id = fields.id(name).map(|id| id.to_string());
            settings.insert(name.into(), json!(id));
        }
    }
    if fields.has("description") {
        let description = fields.text("description", 0..=300);
        settings.insert("description".into(), json!(description));
    }
    if let Some(locale) = fields.text("preferred_locale", 1..=10) {
        settings.insert("preferred_locale".into(), json!(locale));
    }
    if let Some(flags) = fields.number("system_channel_flags", 0..=i64::from(u32::MAX)) {
        settings.insert("system_channel_flags".into(), json!(flags));
    }
    if let Some(on) = fields.flag("premium_progress_bar_enabled") {
        settings.insert("premium_progress_bar_enabled".into(), json!(on));
    }
    fields.list("features", 0..=100);
    for name in ["icon", "splash", "discovery_splash", "banner"] {
        fields.image(name, super::FILE);
    }
    settings
}
