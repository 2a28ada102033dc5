//! A guild's roles.
//!
//! All of them but reading need `MANAGE_ROLES`, and a role below the bot's highest; the bot gives a role only permissions
//! that it has itself.
//! The events are `discord.GUILD_ROLE_CREATE`, `_UPDATE` and `_DELETE`, under the intent `GUILDS`.
//! A guild has at most 250 roles.

use std::future::IntoFuture;

use antiphon_discord_model::{
    Permissions, Role, RoleColors,
    id::{
        Id,
        marker::{GuildMarker, RoleMarker},
    },
};
use serde::Serialize;
use twilight_http::{request::Request, routing::Route};

use super::{
    Client,
    call::{AuditedCall, Call, calls},
    fields::Fields,
};
use crate::http::{Repeat, UnsentRequest};

/// A role's new position among a guild's roles; see [`Client::update_role_positions`].
///
/// ```no_run
/// # use antiphon_discord::{Client, RequestError, RolePosition, model::id::{Id, marker::{GuildMarker, RoleMarker}}};
/// # async fn f(client: Client, guild: Id<GuildMarker>, role: Id<RoleMarker>) -> Result<(), RequestError> {
/// let roles = client.update_role_positions(guild, &[RolePosition { id: role, position: 2 }]).await?;
/// # let _ = roles;
/// # Ok(()) }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct RolePosition {
    /// Id of the role.
    pub id: Id<RoleMarker>,
    /// Position, counted from the bottom; 0 is the position of `@everyone`.
    pub position: u64,
}

impl Client {
    /// Reads a guild's roles.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild#get-guild-roles)
    ///
    /// The role `@everyone` has the guild's own id.
    pub fn roles(&self, guild: Id<GuildMarker>) -> Call<'_, Vec<Role>> {
        let request = self.http().builders().roles(guild);
        Call::new(self.http(), Repeat::Safe, request)
    }

    /// Reads a role.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild#get-guild-role)
    pub fn role(&self, guild: Id<GuildMarker>, role: Id<RoleMarker>) -> Call<'_, Role> {
        let request = self.http().builders().role(guild, role);
        Call::new(self.http(), Repeat::Safe, request)
    }

    /// Creates a role.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild#create-guild-role)
    ///
    /// ```no_run
    /// # use antiphon_discord::{Client, RequestError, model::{Permissions, id::{Id, marker::{GuildMarker, UserMarker}}}};
    /// # async fn f(client: Client, guild: Id<GuildMarker>, user: Id<UserMarker>) -> Result<(), RequestError> {
    /// let dj = client.create_role(guild).name("dj").permissions(Permissions::PRIORITY_SPEAKER).await?;
    /// client.add_guild_member_role(guild, user, dj.id).reason("plays well").await?;
    /// # Ok(()) }
    /// ```
    pub fn create_role(&self, guild: Id<GuildMarker>) -> CreateRole<'_> {
        let guild_id = guild.get();
        CreateRole::new(self.http(), Fields::new(Route::CreateRole { guild_id }))
    }

    /// Changes a role.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild#modify-guild-role)
    ///
    /// Unknown permissions stay: `role.permissions | Permissions::MANAGE_MESSAGES` removes none.
    ///
    /// ```no_run
    /// # use antiphon_discord::{Client, RequestError, model::{Permissions, Role, id::{Id, marker::GuildMarker}}};
    /// # async fn f(client: Client, guild: Id<GuildMarker>, dj: Role) -> Result<(), RequestError> {
    /// let more = dj.permissions | Permissions::MUTE_MEMBERS;
    /// client.update_role(guild, dj.id).permissions(more).name(Some("cantor")).reason("promoted").await?;
    /// # Ok(()) }
    /// ```
    pub fn update_role(&self, guild: Id<GuildMarker>, role: Id<RoleMarker>) -> UpdateRole<'_> {
        let route = Route::UpdateRole {
            guild_id: guild.get(),
            role_id: role.get(),
        };
        UpdateRole::new(self.http(), Fields::new(route))
    }

    /// Deletes a role.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild#delete-guild-role)
    ///
    /// Its members lose it without an event of their own.
    pub fn delete_role(&self, guild: Id<GuildMarker>, role: Id<RoleMarker>) -> AuditedCall<'_, ()> {
        let request = self.http().builders().delete_role(guild, role);
        AuditedCall::new(self.http(), Repeat::Safe, request)
    }

    /// Moves roles, and returns all roles of the guild.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/guild#modify-guild-role-positions)
    ///
    /// Roles that are not listed keep their order.
    pub fn update_role_positions<'a>(
        &'a self,
        guild: Id<GuildMarker>,
        roles: &'a [RolePosition],
    ) -> AuditedCall<'a, Vec<Role>> {
        let guild_id = guild.get();
        let request = Request::builder(&Route::UpdateRolePositions { guild_id }).json(&roles);
        let unsent = UnsentRequest::new(request.build().map_err(Into::into), Repeat::Never);
        AuditedCall::of(self.http(), unsent)
    }
}

calls! {
    /// A new role; see [`Client::create_role`].
    CreateRole(Fields) -> Role, Never, audited {
        /// Sets the name. Default: `new role`.
        name(name: &'a str) = "name";
        /// Sets the permissions. Default: those of `@everyone`.
        permissions(permissions: Permissions) = "permissions";
        /// Sets the colour as `0xRRGGBB`. Default: none.
        color(color: u32) = "color";
        /// Sets the colours, for guilds that may have several.
        colors(colors: RoleColors) = "colors";
        /// Sets whether its members are listed separately. Default: no.
        hoist(hoist: bool) = "hoist";
        /// Sets whether anybody may mention it. Default: no.
        mentionable(mentionable: bool) = "mentionable";
        /// Sets the image as a data URI.
        icon(icon: &'a str) = "icon";
        /// Sets the image as an emoji.
        unicode_emoji(emoji: &'a str) = "unicode_emoji";
    }

    /// A change of a role; see [`Client::update_role`].
    ///
    /// A field that is not set stays as it is; `None` removes it.
    UpdateRole(Fields) -> Role, Never, audited {
        /// Sets the name.
        name(name: Option<&'a str>) = "name";
        /// Sets the permissions.
        permissions(permissions: Permissions) = "permissions";
        /// Sets the colour as `0xRRGGBB`.
        color(color: Option<u32>) = "color";
        /// Sets the colours, for guilds that may have several.
        colors(colors: Option<RoleColors>) = "colors";
        /// Sets whether its members are listed separately.
        hoist(hoist: bool) = "hoist";
        /// Sets whether anybody may mention it.
        mentionable(mentionable: bool) = "mentionable";
        /// Sets the image as a data URI.
        icon(icon: Option<&'a str>) = "icon";
        /// Sets the image as an emoji.
        unicode_emoji(emoji: Option<&'a str>) = "unicode_emoji";
    }
}
