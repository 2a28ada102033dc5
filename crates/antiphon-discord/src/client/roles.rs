//! A guild's roles.

use std::future::IntoFuture;

use twilight_http::request::guild::role::{
    CreateRole as TwilightCreateRole, UpdateRole as TwilightUpdateRole,
};
use twilight_model::{
    guild::{Permissions, Role, RoleColors, RolePosition},
    id::{
        Id,
        marker::{GuildMarker, RoleMarker},
    },
};

use super::{
    Client,
    call::{AuditedCall, Call, calls},
};
use crate::http::Repeat;

impl Client {
    /// Reads a guild's roles.
    pub fn roles(&self, guild: Id<GuildMarker>) -> Call<'_, Vec<Role>> {
        let request = self.http().builders().roles(guild);
        Call::new(self.http(), Repeat::Safe, request)
    }

    /// Reads a role.
    pub fn role(&self, guild: Id<GuildMarker>, role: Id<RoleMarker>) -> Call<'_, Role> {
        let request = self.http().builders().role(guild, role);
        Call::new(self.http(), Repeat::Safe, request)
    }

    /// Makes a role.
    pub fn create_role(&self, guild: Id<GuildMarker>) -> CreateRole<'_> {
        CreateRole::new(self.http(), self.http().builders().create_role(guild))
    }

    /// Changes a role.
    pub fn update_role(&self, guild: Id<GuildMarker>, role: Id<RoleMarker>) -> UpdateRole<'_> {
        UpdateRole::new(self.http(), self.http().builders().update_role(guild, role))
    }

    /// Deletes a role.
    pub fn delete_role(&self, guild: Id<GuildMarker>, role: Id<RoleMarker>) -> AuditedCall<'_, ()> {
        let request = self.http().builders().delete_role(guild, role);
        AuditedCall::new(self.http(), Repeat::Safe, request)
    }

    /// Puts roles in other places, and gives all roles of the guild.
    pub fn update_role_positions<'a>(
        &'a self,
        guild: Id<GuildMarker>,
        roles: &'a [RolePosition],
    ) -> AuditedCall<'a, Vec<Role>> {
        let request = self.http().builders().update_role_positions(guild, roles);
        AuditedCall::new(self.http(), Repeat::Never, request)
    }
}

calls! {
    /// A new role; see [`Client::create_role`].
    CreateRole(TwilightCreateRole<'a>) -> Role, Never, audited {
        /// Sets the name; the default is `new role`.
        name(name: &'a str);
        /// Sets what it permits; the default is what everybody may.
        permissions(permissions: Permissions);
        /// Sets the colour as `0xRRGGBB`; the default is none.
        color(color: u32);
        /// Sets the colours, for guilds that may have several.
        colors(colors: RoleColors);
        /// Sets whether its members are shown apart; the default is no.
        hoist(hoist: bool);
        /// Sets whether anybody may mention it; the default is no.
        mentionable(mentionable: bool);
        /// Sets its picture as a data URI.
        icon(icon: &'a str);
        /// Sets its picture as an emoji.
        unicode_emoji(emoji: &'a str);
    }

    /// A change of a role; see [`Client::update_role`].
    ///
    /// What is not set stays as it is, and `None` takes it away.
    UpdateRole(TwilightUpdateRole<'a>) -> Role, Never, audited {
        /// Sets the name.
        name(name: Option<&'a str>);
        /// Sets what it permits.
        permissions(permissions: Permissions);
        /// Sets the colour as `0xRRGGBB`.
        color(color: Option<u32>);
        /// Sets the colours, for guilds that may have several.
        colors(colors: Option<RoleColors>);
        /// Sets whether its members are shown apart.
        hoist(hoist: bool);
        /// Sets whether anybody may mention it.
        mentionable(mentionable: bool);
        /// Sets its picture as a data URI.
        icon(icon: Option<&'a str>);
        /// Sets its picture as an emoji.
        unicode_emoji(emoji: Option<&'a str>);
    }
}
