//! Roles of guilds.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::{Answer, Call, Outcome, fields::Fields, fields::each_of, route::Route};
use crate::discord::{
    model::{Id, Role},
    permissions::{self as rights, rank},
    state::State,
};

pub(crate) const ROUTES: &[Route] = &[
    Route::get(
        "/guilds/{guild_id}/roles",
        "list_guild_roles",
        State::list_roles,
    )
    .in_guild(0),
    Route::get(
        "/guilds/{guild_id}/roles/member-counts",
        "guild_role_member_counts",
        State::count_roles,
    )
    .in_guild(0),
    Route::get(
        "/guilds/{guild_id}/roles/{role_id}",
        "get_guild_role",
        State::get_role,
    )
    .in_guild(0),
    Route::post(
        "/guilds/{guild_id}/roles",
        "create_guild_role",
        State::create_role,
    )
    .in_guild(rights::MANAGE_ROLES)
    .also("no permission that the bot lacks")
    .events(&["GUILD_ROLE_CREATE"])
    .audit(&["ROLE_CREATE"])
    .simplified("icons and gradients are taken, and not shown"),
    Route::patch(
        "/guilds/{guild_id}/roles",
        "bulk_update_guild_roles",
        State::order_roles,
    )
    .in_guild(rights::MANAGE_ROLES)
    .also("a higher role than those moved")
    .events(&["GUILD_ROLE_UPDATE"])
    .audit(&["ROLE_UPDATE"]),
    Route::patch(
        "/guilds/{guild_id}/roles/{role_id}",
        "update_guild_role",
        State::edit_role,
    )
    .in_guild(rights::MANAGE_ROLES)
    .also("a higher role, no permission that the bot lacks")
    .events(&["GUILD_ROLE_UPDATE"])
    .audit(&["ROLE_UPDATE"])
    .simplified("icons and gradients are taken, and not shown"),
    Route::delete(
        "/guilds/{guild_id}/roles/{role_id}",
        "delete_guild_role",
        State::delete_role,
    )
    .in_guild(rights::MANAGE_ROLES)
    .also("a higher role")
    .events(&["GUILD_ROLE_DELETE"])
    .audit(&["ROLE_DELETE"]),
];

/// Roles of a guild.
const ROLES: usize = 250;

impl State {
    fn role_answer(&self, guild: Id, role: Id) -> Outcome {
        let home = self.community.guilds.get(&guild);
        let role = home.and_then(|home| home.roles.get(&role));
        let role = role.ok_or_else(|| Answer::unknown("Role", 10011))?;
        Ok(Answer::json(200, role.json()))
    }

    fn list_roles(&mut self, call: &Call<'_>) -> Outcome {
        let roles = self.guild_of(call)?.roles.values();
        Ok(Answer::json(200, roles.map(Role::json).collect()))
    }

    fn count_roles(&mut self, call: &Call<'_>) -> Outcome {
        let home = self.guild_of(call)?;
        let counts = home.roles.keys().filter(|role| **role != home.id);
        let counts: Map<String, Value> = counts
            .map(|role| {
                let members = home.members.values();
                let count = members.filter(|member| member.roles.contains(role)).count();
                (role.to_string(), json!(count))
            })
            .collect();
        Ok(Answer::json(200, counts.into()))
    }

    fn get_role(&mut self, call: &Call<'_>) -> Outcome {
        self.role_answer(call.guild(), call.id("role_id"))
    }

    /// Refuses permissions that the bot does not have itself.
    fn may_grant(&self, call: &Call<'_>, permissions: Option<u64>) -> Result<(), Answer> {
        let own = rights::of(self.guild_of(call)?, call.account, None);
        if permissions.unwrap_or_default() & !own == 0 {
            Ok(())
        } else {
            Err(Answer::not_permitted())
        }
    }

    fn create_role(&mut self, call: &Call<'_>) -> Outcome {
        let mut fields = call.fields();
        let change = RoleChange::read(&mut fields);
        fields.check()?;
        self.may_grant(call, change.permissions)?;
        if self.guild_of(call)?.roles.len() >= ROLES {
            return Err(Answer::error(
                400,
                30005,
                "Maximum number of guild roles reached (250)",
            ));
        }
        let everyone = self.guild_of(call)?.roles.get(&call.guild());
        let everyone = everyone.map_or(0, |role| role.permissions);
        let id = self.add_role(call.guild(), call.account, |role| {
            role.permissions = everyone;
            change.apply(role);
        });
        self.role_answer(call.guild(), id)
    }

    fn edit_role(&mut self, call: &Call<'_>) -> Outcome {
        let id = self.role_below(call.guild(), call.id("role_id"), call.account)?;
        let mut fields = call.fields();
        let change = RoleChange::read(&mut fields);
        fields.check()?;
        let had = self.guild_of(call)?.roles.get(&id);
        let had = had.map_or(0, |role| role.permissions);
        self.may_grant(call, change.permissions.map(|wanted| wanted & !had))?;
        self.change_role(call.guild(), call.account, id, |role| change.apply(role));
        self.role_answer(call.guild(), id)
    }

    fn delete_role(&mut self, call: &Call<'_>) -> Outcome {
        let id = self.role_below(call.guild(), call.id("role_id"), call.account)?;
        let role = self.guild_of(call)?.roles.get(&id);
        if id == call.guild() || role.is_some_and(|role| role.bot.is_some()) {
            return Err(Answer::error(400, 50028, "Invalid Role"));
        }
        self.remove_role(call.guild(), call.account, id);
        Ok(Answer::done())
    }

    fn order_roles(&mut self, call: &Call<'_>) -> Outcome {
        let guild = call.guild();
        let wanted = each_of(call.body, |fields| {
            fields.require(&["id"]);
            (
                fields.id("id").unwrap_or_default(),
                fields.number("position", 0..=i64::from(i32::MAX)),
            )
        })?;
        let own = rank(self.guild_of(call)?, call.account);
        for (id, position) in &wanted {
            self.role_below(guild, *id, call.account)?;
            if *id == guild || position.is_some_and(|position| position >= own) {
                return Err(Answer::not_permitted());
            }
        }
        let wanted: BTreeMap<Id, i64> = wanted
            .into_iter()
            .filter_map(|(id, position)| Some((id, position?)))
            .collect();
        for (id, position) in wanted {
            let moved = self.guild_of(call)?.roles.get(&id);
            if moved.is_some_and(|role| role.position != position) {
                self.change_role(guild, call.account, id, |role| role.position = position);
            }
        }
        self.list_roles(call)
    }
}

/// Fields of a role in a body.
struct RoleChange {
    name: Option<String>,
    color: Option<u64>,
    permissions: Option<u64>,
    hoist: Option<bool>,
    mentionable: Option<bool>,
}

impl RoleChange {
    fn read(fields: &mut Fields<'_>) -> Self {
        let colors = fields.object("colors", |colors| {
            colors.count("primary_color", 0..=0xff_ffff)
        });
        fields.image("icon", 256 << 10);
        fields.text("unicode_emoji", 0..=100);
        Self {
            name: fields.text("name", 0..=100).map(str::to_owned),
            color: fields.count("color", 0..=0xff_ffff).or(colors.flatten()),
            permissions: fields.permissions("permissions"),
            hoist: fields.flag("hoist"),
            mentionable: fields.flag("mentionable"),
        }
    }

    fn apply(self, role: &mut Role) {
        if let Some(name) = self.name {
            role.name = name;
        }
        role.color = self.color.unwrap_or(role.color);
        role.permissions = self.permissions.unwrap_or(role.permissions);
        role.hoist = self.hoist.unwrap_or(role.hoist);
        role.mentionable = self.mentionable.unwrap_or(role.mentionable);
    }
}
