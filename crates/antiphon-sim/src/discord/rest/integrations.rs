//! Integrations of guilds.

use serde_json::{Value, json};

use super::{Answer, Call, Outcome, route::Route};
use crate::discord::{
    audit::{Entry, action},
    community::Scope,
    model::{Guild, Id},
    permissions as rights,
    state::State,
};

pub(crate) const ROUTES: &[Route] = &[
    Route::get(
        "/guilds/{guild_id}/integrations",
        "list_guild_integrations",
        State::list_integrations,
    )
    .in_guild(rights::MANAGE_GUILD)
    .simplified("an integration for each bot, and those of the events; the first 50"),
    Route::delete(
        "/guilds/{guild_id}/integrations/{integration_id}",
        "delete_guild_integration",
        State::delete_integration,
    )
    .in_guild(rights::MANAGE_GUILD)
    .events(&[
        "INTEGRATION_DELETE",
        "GUILD_INTEGRATIONS_UPDATE",
        "GUILD_MEMBER_REMOVE",
        "GUILD_ROLE_DELETE",
        "WEBHOOKS_UPDATE",
    ])
    .audit(&["INTEGRATION_DELETE", "ROLE_DELETE"]),
];

/// Integrations of one answer (<https://docs.discord.com/developers/resources/guild#get-guild-integrations>).
const INTEGRATIONS: usize = 50;

impl State {
    /// The integration of a bot, which has the id of its application.
    fn integration_of_bot(&self, guild: &Guild, bot: Id) -> Value {
        let user = self.user_json(bot);
        let id = bot.to_string();
        json!({
            "id": id,
            "name": user["username"],
            "type": "discord",
            "enabled": true,
            "account": {"id": id, "name": user["username"]},
            "application": {
                "id": id, "name": user["username"], "icon": null, "description": "", "summary": "", "type": null, "bot": user,
            },
            "scopes": ["applications.commands", "bot"],
            "user": self.user_json(guild.owner),
        })
    }

    fn list_integrations(&mut self, call: &Call<'_>) -> Outcome {
        let home = self.guild_of(call)?;
        let bots = home.members.keys();
        let bots = bots.filter(|user| self.community.bots.contains_key(user));
        let bots = bots.map(|bot| self.integration_of_bot(home, *bot));
        let others = home.things.values();
        let others = others.filter(|(what, _)| *what == "integration");
        let others = others.map(|(_, thing)| {
            let mut thing = thing.clone();
            if let Some(fields) = thing.as_object_mut() {
                fields.remove("guild_id");
            }
            thing
        });
        let list = bots.chain(others).take(INTEGRATIONS);
        Ok(Answer::json(200, list.collect()))
    }

    fn delete_integration(&mut self, call: &Call<'_>) -> Outcome {
        let (guild, id) = (call.guild(), call.id("integration_id"));
        let home = self.guild_of(call)?;
        let is_bot = home.members.contains_key(&id) && self.community.bots.contains_key(&id);
        let is_thing = home
            .things
            .get(&id)
            .is_some_and(|(what, _)| *what == "integration");
        if !is_bot && !is_thing {
            return Err(Answer::unknown("Integration", 10005));
        }
        let mut event = json!({"id": id.to_string(), "guild_id": guild.to_string()});
        if is_bot {
            self.is_above(call.account, guild, id)
                .or_else(|refused| (id == call.account).then_some(()).ok_or(refused))?;
            event["application_id"] = json!(id.to_string());
        }
        self.record(
            guild,
            Entry::new(call.account, action::INTEGRATION_DELETE, id),
        );
        if let Some(home) = self.community.guilds.get_mut(&guild) {
            home.things.remove(&id);
        }
        self.publish("INTEGRATION_DELETE", Scope::guild(guild), &event);
        let event = json!({"guild_id": guild.to_string()});
        self.publish("GUILD_INTEGRATIONS_UPDATE", Scope::guild(guild), &event);
        if is_bot {
            self.remove_bot(guild, call.account, id);
        }
        Ok(Answer::done())
    }

    /// Takes a bot out of a guild, with its webhooks and its own role.
    fn remove_bot(&mut self, guild: Id, by: Id, bot: Id) {
        let Some(home) = self.community.guilds.get(&guild) else {
            return;
        };
        let webhooks = self.webhooks_of(home);
        let webhooks: Vec<_> = webhooks
            .filter(|one| one.application == Some(bot))
            .cloned()
            .collect();
        let roles = home.roles.values();
        let roles: Vec<Id> = roles
            .filter(|role| role.bot == Some(bot))
            .map(|role| role.id)
            .collect();
        for webhook in webhooks {
            self.drop_webhook(&webhook);
        }
        for role in roles {
            self.remove_role(guild, by, role);
        }
        self.depart(guild, bot);
    }
}
