//! Methods that combine several fields of an object.

use crate::{
    generated::{
        gateway::MemberUpdate,
        numbers::ChannelType,
        objects::{Interaction, Member, PartialMember, PartialUser, User},
    },
    id::{Id, UserMarker},
};

impl Interaction {
    /// User of the interaction, in a guild or a direct message.
    pub fn author(&self) -> Option<&User> {
        let member = self.member.as_ref().and_then(|member| member.user.as_ref());
        member.or(self.user.as_deref())
    }

    /// Id of the interaction's user.
    pub fn author_id(&self) -> Option<Id<UserMarker>> {
        self.author().map(|user| user.id)
    }

    /// Whether the interaction was made in a guild.
    pub fn is_guild(&self) -> bool {
        self.guild_id.is_some()
    }

    /// Whether the interaction was made in a direct message.
    pub fn is_dm(&self) -> bool {
        self.guild_id.is_none()
    }
}

impl ChannelType {
    /// Whether the channel is a thread.
    pub const fn is_thread(self) -> bool {
        matches!(
            self,
            Self::AnnouncementThread | Self::PublicThread | Self::PrivateThread
        )
    }

    /// Whether the channel belongs to a guild.
    pub const fn is_guild(self) -> bool {
        !matches!(self, Self::Dm | Self::GroupDm | Self::Unknown(_))
    }
}

impl PartialUser {
    /// The whole user, if more than the id was sent.
    pub fn to_user(&self) -> Option<User> {
        Some(User {
            accent_color: self.accent_color,
            avatar: self.avatar.clone(),
            avatar_decoration: self.avatar_decoration.clone(),
            avatar_decoration_data: self.avatar_decoration_data.clone(),
            banner: self.banner.clone(),
            bot: self.bot,
            collectibles: self.collectibles.clone(),
            discriminator: self.discriminator.unwrap_or_default(),
            email: self.email.clone(),
            flags: self.flags,
            global_name: self.global_name.clone(),
            id: self.id,
            locale: self.locale.clone(),
            mfa_enabled: self.mfa_enabled,
            name: self.name.clone()?,
            premium_type: self.premium_type,
            primary_guild: self.primary_guild.clone(),
            public_flags: self.public_flags,
            system: self.system,
            verified: self.verified,
        })
    }
}

/// Builds a whole member from its user and an object with some of a member's fields.
macro_rules! member {
    ($from:expr, $user:expr) => {
        Member {
            avatar: $from.avatar.clone(),
            avatar_decoration_data: $from.avatar_decoration_data.clone(),
            banner: $from.banner.clone(),
            collectibles: $from.collectibles.clone(),
            communication_disabled_until: $from.communication_disabled_until,
            deaf: $from.deaf.unwrap_or_default(),
            flags: $from.flags.unwrap_or_default(),
            joined_at: $from.joined_at,
            mute: $from.mute.unwrap_or_default(),
            nick: $from.nick.clone(),
            pending: $from.pending.unwrap_or_default(),
            permissions: None,
            premium_since: $from.premium_since,
            roles: $from.roles.clone(),
            user: $user,
        }
    };
}

impl MemberUpdate {
    /// The member after the update; booleans that the update leaves out are false.
    pub fn to_member(&self) -> Member {
        member!(self, self.user.clone())
    }
}

impl PartialMember {
    /// The whole member, with its user; booleans that were left out are false.
    pub fn to_member(&self, user: User) -> Member {
        member!(self, user)
    }

    /// The user's id, if the user was sent.
    pub fn user_id(&self) -> Option<Id<UserMarker>> {
        self.user.as_ref().map(|user| user.id)
    }
}
