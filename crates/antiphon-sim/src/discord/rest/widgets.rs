//! Widgets of guilds.

use serde_json::{Map, Value, json};

use super::{Answer, Call, Outcome, route::Route};
use crate::discord::{
    model::{Guild, Id, id_in, kind},
    permissions as rights,
    state::State,
};

pub(crate) const ROUTES: &[Route] = &[
    Route::get(
        "/guilds/{guild_id}/widget",
        "get_guild_widget_settings",
        State::get_widget_settings,
    )
    .in_guild(rights::MANAGE_GUILD),
    Route::patch(
        "/guilds/{guild_id}/widget",
        "update_guild_widget_settings",
        State::edit_widget_settings,
    )
    .in_guild(rights::MANAGE_GUILD)
    .events(&["GUILD_UPDATE", "INVITE_CREATE"])
    .audit(&["GUILD_UPDATE", "INVITE_CREATE"]),
    Route::get(
        "/guilds/{guild_id}/widget.json",
        "get_guild_widget",
        State::get_widget,
    )
    .open(),
    Route::get(
        "/guilds/{guild_id}/widget.png",
        "get_guild_widget_png",
        State::get_widget_picture,
    )
    .open()
    .simplified("a picture of one pixel"),
];

/// Members that a widget shows.
const MEMBERS: usize = 100;
/// Styles of a widget's picture.
const STYLES: &[&str] = &["shield", "banner1", "banner2", "banner3", "banner4"];
/// A PNG of one transparent pixel.
const PIXEL: &[u8] = b"\x89PNG\x0d\x0a\x1a\x0a\x00\x00\x00\x0dIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89\x00\x00\x00\x0bIDATx\xdac\x60\x00\x02\x00\x00\x05\x00\x01\xe9\xfa\xdc\xd8\x00\x00\x00\x00IEND\xaeB\x60\x82";

/// Settings of a guild's widget.
fn settings(guild: &Guild) -> Value {
    let set = &guild.more.settings;
    json!({
        "enabled": set.get("widget_enabled").and_then(Value::as_bool).unwrap_or(false),
        "channel_id": set.get("widget_channel_id").unwrap_or(&Value::Null),
    })
}

impl State {
    fn get_widget_settings(&mut self, call: &Call<'_>) -> Outcome {
        Ok(Answer::json(200, settings(self.guild_of(call)?)))
    }

    fn edit_widget_settings(&mut self, call: &Call<'_>) -> Outcome {
        let mut fields = call.fields();
        let mut set = Map::new();
        if let Some(enabled) = fields.flag("enabled") {
            set.insert("widget_enabled".into(), json!(enabled));
        }
        let channel = fields.id("channel_id");
        if fields.has("channel_id") {
            let id = channel.map(|id| id.to_string());
            set.insert("widget_channel_id".into(), json!(id));
        }
        fields.check()?;
        if let Some(channel) = channel {
            let known = self.community.channels.get(&channel);
            if known.is_none_or(|known| known.guild != Some(call.guild()) || known.is_thread()) {
                return Err(Answer::unknown("Channel", 10003));
            }
        }
        self.change_guild(call.guild(), call.account, |guild| {
            guild.more.settings.append(&mut set);
        });
        self.keep_widget_invite(call.guild(), call.account);
        self.get_widget_settings(call)
    }

    /// Makes the invite that a widget shows, where it leads to a channel and has none.
    fn keep_widget_invite(&mut self, guild: Id, by: Id) {
        let Some(home) = self.community.guilds.get(&guild) else {
            return;
        };
        let channel = id_in(&settings(home)["channel_id"]);
        let code = home.more.widget_invite.as_ref();
        let leads_to = code.and_then(|code| home.invites.get(code).copied());
        if leads_to == channel {
            return;
        }
        let code = channel.map(|channel| self.invite_for(channel, by, 0, 0, false, Map::new()));
        if let Some(home) = self.community.guilds.get_mut(&guild) {
            home.more.widget_invite = code;
        }
    }

    /// The guild of a path, if its widget is shown.
    fn widget_of(&self, call: &Call<'_>) -> Result<&Guild, Answer> {
        let guild = self.community.guilds.get(&call.guild());
        let guild = guild.ok_or_else(|| Answer::unknown("Guild", 10004))?;
        if settings(guild)["enabled"] == true {
            Ok(guild)
        } else {
            Err(Answer::error(403, 50004, "Widget Disabled"))
        }
    }

    fn get_widget(&mut self, call: &Call<'_>) -> Outcome {
        let guild = self.widget_of(call)?;
        let code = guild.more.widget_invite.as_ref();
        let code = code.filter(|code| guild.invites.contains_key(*code));
        let is_shown = |channel: &&crate::discord::model::Channel| {
            let everyone = guild
                .roles
                .get(&guild.id)
                .map_or(0, |role| role.permissions);
            let hides = channel.overwrites.iter().any(|one| {
                one.id == guild.id && one.deny & (rights::VIEW_CHANNEL | rights::CONNECT) != 0
            });
            channel.kind == kind::VOICE && everyone & rights::VIEW_CHANNEL != 0 && !hides
        };
        let channels = self.community.channels_of(guild.id, false);
        let channels = channels.filter(is_shown).map(|channel| {
            json!({"id": channel.id.to_string(), "name": channel.name, "position": channel.position})
        });
        let present = guild
            .presences
            .iter()
            .filter(|(_, presence)| presence.status != "offline");
        let count = present.clone().count();
        let members = present
            .take(MEMBERS)
            .enumerate()
            .map(|(number, (user, presence))| {
                let known = self.community.users.get(user);
                let nick = guild
                    .members
                    .get(user)
                    .and_then(|member| member.nick.clone());
                let name = nick.or_else(|| known.map(|user| user.name.clone()));
                let mut member = json!({
                    "id": number.to_string(),
                    "username": name,
                    "discriminator": "0000",
                    "avatar": null,
                    "status": presence.status,
                    "avatar_url": format!("https://cdn.discordapp.com/widget-avatars/{number}"),
                });
                if let Some(activity) = presence.activities.first() {
                    member["activity"] = json!({"name": activity["name"]});
                }
                if let Some(voice) = guild.voices.get(user) {
                    let state = guild.voice_json(*user, Some(voice));
                    for field in [
                        "deaf",
                        "mute",
                        "self_deaf",
                        "self_mute",
                        "suppress",
                        "channel_id",
                    ] {
                        member[field] = state[field].clone();
                    }
                }
                member
            });
        Ok(Answer::json(
            200,
            json!({
                "id": guild.id.to_string(),
                "name": guild.name,
                "instant_invite": code.map(|code| format!("https://discord.com/invite/{code}")),
                "channels": channels.collect::<Vec<_>>(),
                "members": members.collect::<Vec<_>>(),
                "presence_count": count,
            }),
        ))
    }

    fn get_widget_picture(&mut self, call: &Call<'_>) -> Outcome {
        let mut query = call.query();
        query.choice_of_texts("style", STYLES);
        query.check()?;
        self.widget_of(call)?;
        Ok(Answer::file("image/png", PIXEL.to_vec()))
    }
}
