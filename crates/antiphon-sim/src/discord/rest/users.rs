//! Users, and the bot's own account.

use serde_json::{Value, json};

use super::{Answer, Call, Outcome, page::Page, route::Route};
use crate::discord::{
    community::Scope,
    model::{Guild, User},
    permissions,
    state::State,
};

pub(crate) const ROUTES: &[Route] = &[
    Route::get("/users/@me", "get_my_user", State::own_user),
    Route::patch("/users/@me", "update_my_user", State::edit_own_user)
        .events(&["USER_UPDATE"])
        .simplified("an avatar and a banner are taken, and not shown"),
    Route::get("/users/{user_id}", "get_user", State::get_user),
    Route::get("/users/@me/guilds", "list_my_guilds", State::own_guilds),
    Route::delete(
        "/users/@me/guilds/{guild_id}",
        "leave_guild",
        State::leave_guild,
    )
    .in_guild(0)
    .events(&["GUILD_DELETE", "GUILD_MEMBER_REMOVE"]),
    Route::post(
        "/users/@me/channels",
        "create_dm",
        State::begin_conversation,
    )
    .simplified("no group conversations"),
    Route::bearer_only("GET", "/users/@me/connections", "list_my_connections"),
    Route::bearer_only(
        "GET",
        "/users/@me/guilds/{guild_id}/member",
        "get_my_guild_member",
    ),
    Route::bearer_only(
        "GET",
        "/users/@me/applications/{application_id}/role-connection",
        "get_application_user_role_connection",
    ),
    Route::bearer_only(
        "PUT",
        "/users/@me/applications/{application_id}/role-connection",
        "update_application_user_role_connection",
    ),
    Route::bearer_only(
        "DELETE",
        "/users/@me/applications/{application_id}/role-connection",
        "delete_application_user_role_connection",
    ),
];

/// Guilds of one page of a bot's own guilds.
const GUILDS: usize = 200;

impl State {
    fn own_user(&mut self, call: &Call<'_>) -> Outcome {
        Ok(Answer::json(200, self.own_user_json(call.account)))
    }

    fn edit_own_user(&mut self, call: &Call<'_>) -> Outcome {
        let mut fields = call.fields();
        let name = fields.text("username", 2..=32).map(str::to_owned);
        for image in ["avatar", "banner"] {
            fields.image(image, super::FILE);
        }
        fields.check()?;
        if let Some(user) = self.community.users.get_mut(&call.account)
            && let Some(name) = name
        {
            user.name = name;
        }
        let user = self.own_user_json(call.account);
        self.publish("USER_UPDATE", Scope::account(call.account), &user);
        Ok(Answer::json(200, user))
    }

    fn get_user(&mut self, call: &Call<'_>) -> Outcome {
        let user = self.community.users.get(&call.id("user_id"));
        let user = user.ok_or_else(|| Answer::unknown("User", 10013))?;
        let mut user = User::json(user);
        user["banner"] = Value::Null;
        user["accent_color"] = Value::Null;
        Ok(Answer::json(200, user))
    }

    fn own_guilds(&mut self, call: &Call<'_>) -> Outcome {
        let page = Page::of(call, GUILDS, GUILDS)?;
        let counts = call.flag("with_counts");
        let guilds = self.community.guilds.values();
        let guilds = guilds.filter(|guild| guild.members.contains_key(&call.account));
        let shown = |guild: &Guild| {
            let whole = guild.json();
            let mut json = json!({
                "id": whole["id"],
                "name": whole["name"],
                "icon": whole["icon"],
                "banner": whole["banner"],
                "owner": guild.owner == call.account,
                "permissions": permissions::of(guild, call.account, None).to_string(),
                "features": whole["features"],
            });
            if counts {
                json["approximate_member_count"] = json!(guild.members.len());
                json["approximate_presence_count"] = json!(guild.presences.len());
            }
            (guild.id, json)
        };
        let guilds = page.ascending(guilds.map(shown));
        Ok(Answer::json(200, guilds.into()))
    }

    fn leave_guild(&mut self, call: &Call<'_>) -> Outcome {
        if self.guild_of(call)?.owner == call.account {
            return Err(Answer::error(400, 50055, "Invalid Guild"));
        }
        self.depart(call.guild(), call.account);
        Ok(Answer::done())
    }

    fn begin_conversation(&mut self, call: &Call<'_>) -> Outcome {
        let mut fields = call.fields();
        fields.require(&["recipient_id"]);
        let other = fields.id("recipient_id").unwrap_or_default();
        fields.check()?;
        let other = self.known_user(other)?;
        if other == call.account {
            return Err(Answer::error(
                400,
                50007,
                "Cannot send messages to this user",
            ));
        }
        let channel = self.conversation(call.account, other);
        Ok(Answer::json(
            200,
            self.conversation_json(channel, call.account),
        ))
    }
}
