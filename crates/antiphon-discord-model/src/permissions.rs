//! Permissions of a member in a guild and in a channel.
//!
//! [Discord's page](https://discord.com/developers/docs/topics/permissions) has the rules and their order.

use jiff::Timestamp;

use crate::{
    generated::{
        flags::Permissions,
        numbers::{ChannelType, PermissionOverwriteType},
        objects::{Channel, Guild, Member, PermissionOverwrite},
    },
    id::{GuildMarker, Id, RoleMarker, UserMarker},
};

/// Permissions that a timed-out member keeps.
///
/// <https://discord.com/developers/docs/topics/permissions#permissions-for-timed-out-members>
const TIMED_OUT: Permissions = Permissions::VIEW_CHANNEL.union(Permissions::READ_MESSAGE_HISTORY);
/// Permissions that mean nothing to a member who may not send messages.
///
/// <https://discord.com/developers/docs/topics/permissions#implicit-permissions>
const OF_SENDING: Permissions = Permissions::MENTION_EVERYONE
    .union(Permissions::SEND_TTS_MESSAGES)
    .union(Permissions::ATTACH_FILES)
    .union(Permissions::EMBED_LINKS);
/// Permissions that mean nothing to a member who may not connect to a voice or stage channel.
///
/// Discord's page names `MANAGE_CHANNELS` as one of several; the others are those that discord.py takes away.
const OF_CONNECTING: Permissions = Permissions::MANAGE_CHANNELS
    .union(Permissions::MANAGE_ROLES)
    .union(Permissions::PRIORITY_SPEAKER)
    .union(Permissions::STREAM)
    .union(Permissions::SPEAK)
    .union(Permissions::MUTE_MEMBERS)
    .union(Permissions::DEAFEN_MEMBERS)
    .union(Permissions::MOVE_MEMBERS)
    .union(Permissions::USE_VAD)
    .union(Permissions::REQUEST_TO_SPEAK)
    .union(Permissions::USE_EMBEDDED_ACTIVITIES)
    .union(Permissions::USE_SOUNDBOARD)
    .union(Permissions::USE_EXTERNAL_SOUNDS)
    .union(Permissions::SET_VOICE_CHANNEL_STATUS);

/// Calculates the permissions of one member, in the guild and in its channels.
///
/// The order is Discord's: the role `@everyone`, the member's roles, then in a channel the overwrites of `@everyone`, of
/// the roles together, and of the member; in each step what is denied is taken away before what is allowed is added.
///
/// | case | permissions |
/// | --- | --- |
/// | owner of the guild, or `ADMINISTRATOR` | all bits, those without a name as well |
/// | no `VIEW_CHANNEL` | none |
/// | no `SEND_MESSAGES` | without `MENTION_EVERYONE`, `SEND_TTS_MESSAGES`, `ATTACH_FILES` and `EMBED_LINKS` |
/// | no `CONNECT`, in a voice or stage channel | without the permissions of voice, `MANAGE_CHANNELS` and `MANAGE_ROLES` |
/// | a thread | those in its parent, where `SEND_MESSAGES_IN_THREADS` takes the place of `SEND_MESSAGES` |
/// | timed out | `VIEW_CHANNEL` and `READ_MESSAGE_HISTORY`, as far as they were there |
///
/// Bits without a name are kept wherever a role or an overwrite grants them.
/// A permission that means nothing in a kind of channel, such as `SPEAK` in a text channel, stays as roles and overwrites
/// have it. A private thread is visible only to its members and to members with `MANAGE_THREADS`, which is not calculated.
///
/// ```
/// use antiphon_discord_model::{Channel, Guild, Member, PermissionCalculator, Permissions, from_str};
/// use jiff::Timestamp;
///
/// let (guild, _) = from_str::<Guild>(
///     r#"{"id":"11","name":"choir","owner_id":"1","roles":[
///         {"id":"11","name":"@everyone","permissions":"3072"},
///         {"id":"44","name":"alto","permissions":"32768"}]}"#,
/// )?;
/// let (member, _) = from_str::<Member>(r#"{"user":{"id":"33","username":"eve"},"roles":["44"]}"#)?;
/// let (loft, _) = from_str::<Channel>(
///     r#"{"id":"22","type":0,"permission_overwrites":[{"id":"44","type":0,"allow":"0","deny":"2048"}]}"#,
/// )?;
///
/// let eve = PermissionCalculator::of(&guild, &member, Timestamp::now());
/// assert!(eve.in_guild().contains(Permissions::SEND_MESSAGES | Permissions::ATTACH_FILES));
/// // Altos may not write in the loft, and therefore attach nothing there.
/// assert_eq!(eve.in_channel(&loft), Permissions::VIEW_CHANNEL);
/// # Ok::<(), antiphon_discord_model::ReadError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PermissionCalculator {
    guild: Id<GuildMarker>,
    user: Id<UserMarker>,
    everyone: Permissions,
    /// The member's roles without `@everyone`, with the permissions of each.
    roles: Vec<(Id<RoleMarker>, Permissions)>,
    is_owner: bool,
    is_timed_out: bool,
}

impl PermissionCalculator {
    /// Begins with the permissions of `@everyone` and of the member's other roles.
    ///
    /// ```
    /// use antiphon_discord_model::{PermissionCalculator, Permissions, id::Id};
    ///
    /// let roles = [(Id::new(44), Permissions::MANAGE_MESSAGES)];
    /// let eve = PermissionCalculator::new(Id::new(11), Id::new(33), Permissions::VIEW_CHANNEL, roles);
    /// assert_eq!(eve.in_guild(), Permissions::VIEW_CHANNEL | Permissions::MANAGE_MESSAGES);
    /// assert_eq!(eve.owner(Some(Id::new(33))).in_guild(), Permissions::all());
    /// ```
    pub fn new(
        guild: Id<GuildMarker>,
        user: Id<UserMarker>,
        everyone: Permissions,
        roles: impl IntoIterator<Item = (Id<RoleMarker>, Permissions)>,
    ) -> Self {
        Self {
            guild,
            user,
            everyone,
            roles: roles.into_iter().collect(),
            is_owner: false,
            is_timed_out: false,
        }
    }

    /// Begins with a guild that has its roles, and a member.
    ///
    /// `now` decides whether a timeout is over. A role of the member that the guild does not have grants nothing.
    pub fn of(guild: &Guild, member: &Member, now: Timestamp) -> Self {
        let role = |id: Id<RoleMarker>| {
            let role = guild.roles.iter().find(|role| role.id == id)?;
            Some((id, role.permissions))
        };
        let everyone = role(guild.id.cast()).map_or(Permissions::empty(), |(_, granted)| granted);
        let roles = member.roles.iter().filter_map(|id| role(*id));
        Self::new(guild.id, member.user.id, everyone, roles)
            .owner(guild.owner_id)
            .timed_out_until(member.communication_disabled_until, now)
    }

    /// Sets the owner of the guild. Default: nobody.
    #[must_use]
    pub fn owner(mut self, owner: Option<Id<UserMarker>>) -> Self {
        self.is_owner = owner == Some(self.user);
        self
    }

    /// Sets the end of the member's timeout (`communication_disabled_until`). Default: none.
    ///
    /// A timeout that is over by `now` changes nothing.
    #[must_use]
    pub fn timed_out_until(mut self, until: Option<Timestamp>, now: Timestamp) -> Self {
        self.is_timed_out = until.is_some_and(|until| until > now);
        self
    }

    /// Permissions in the guild as a whole.
    pub fn in_guild(&self) -> Permissions {
        let base = self.base();
        if self.is_timed_out && !base.contains(Permissions::ADMINISTRATOR) {
            return base & TIMED_OUT;
        }
        base
    }

    /// Permissions in a channel that is no thread.
    ///
    /// A thread has no overwrites of its own, so that this finds nothing there, except for an administrator: see
    /// [`in_thread`](Self::in_thread).
    pub fn in_channel(&self, channel: &Channel) -> Permissions {
        if is_thread(channel.kind) {
            return self.base() & administrator(self.base());
        }
        let permissions = self.overwritten(&channel.permission_overwrites);
        self.implied(permissions, channel.kind, Permissions::SEND_MESSAGES)
    }

    /// Permissions in a thread of this channel.
    ///
    /// `SEND_MESSAGES` is not inherited; `SEND_MESSAGES_IN_THREADS` says whether the member may write.
    pub fn in_thread(&self, parent: &Channel) -> Permissions {
        let permissions = self.overwritten(&parent.permission_overwrites);
        let sends = Permissions::SEND_MESSAGES_IN_THREADS;
        let permissions = self.implied(permissions, parent.kind, sends);
        if permissions.contains(Permissions::ADMINISTRATOR) {
            return permissions;
        }
        permissions.difference(Permissions::SEND_MESSAGES)
    }

    /// Permissions by roles alone; all for the owner and for administrators.
    fn base(&self) -> Permissions {
        let granted = self.roles.iter().map(|(_, granted)| *granted);
        let base = granted.fold(self.everyone, Permissions::union);
        if self.is_owner || base.contains(Permissions::ADMINISTRATOR) {
            Permissions::all()
        } else {
            base
        }
    }

    /// Permissions after a channel's overwrites.
    fn overwritten(&self, overwrites: &[PermissionOverwrite]) -> Permissions {
        let base = self.base();
        if base.contains(Permissions::ADMINISTRATOR) {
            return base;
        }
        let is_mine = |one: &&PermissionOverwrite| {
            one.kind == PermissionOverwriteType::Role
                && one.id.get() != self.guild.get()
                && self
                    .roles
                    .iter()
                    .any(|(role, _)| role.get() == one.id.get())
        };
        let everyone = overwrites.iter().filter(|one| {
            one.kind == PermissionOverwriteType::Role && one.id.get() == self.guild.get()
        });
        let roles = overwrites.iter().filter(is_mine);
        let member = overwrites.iter().filter(|one| {
            one.kind == PermissionOverwriteType::Member && one.id.get() == self.user.get()
        });
        let base = applied(base, everyone);
        let base = applied(base, roles);
        applied(base, member)
    }

    /// Takes away what is implied by the lack of a permission, or by a timeout.
    fn implied(&self, all: Permissions, kind: ChannelType, sends: Permissions) -> Permissions {
        if all.contains(Permissions::ADMINISTRATOR) && self.base() == Permissions::all() {
            return all;
        }
        if !all.contains(Permissions::VIEW_CHANNEL) {
            return Permissions::empty();
        }
        if self.is_timed_out {
            return all & TIMED_OUT;
        }
        let mut left = all;
        if !all.contains(sends) {
            left = left.difference(OF_SENDING);
        }
        let is_voice = matches!(kind, ChannelType::GuildVoice | ChannelType::GuildStageVoice);
        if is_voice && !all.contains(Permissions::CONNECT) {
            left = left.difference(OF_CONNECTING);
        }
        left
    }
}

/// Takes away what the overwrites deny, and adds what they allow.
fn applied<'a>(
    base: Permissions,
    overwrites: impl Iterator<Item = &'a PermissionOverwrite>,
) -> Permissions {
    let none = (Permissions::empty(), Permissions::empty());
    let (denied, allowed) = overwrites.fold(none, |(denied, allowed), one| {
        (denied | one.deny, allowed | one.allow)
    });
    base.difference(denied) | allowed
}

/// All bits for an administrator, and none for anybody else.
fn administrator(base: Permissions) -> Permissions {
    if base.contains(Permissions::ADMINISTRATOR) {
        Permissions::all()
    } else {
        Permissions::empty()
    }
}

fn is_thread(kind: ChannelType) -> bool {
    matches!(
        kind,
        ChannelType::AnnouncementThread | ChannelType::PublicThread | ChannelType::PrivateThread
    )
}
