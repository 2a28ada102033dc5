//! Methods that combine several fields of an object.
//!
//! Discord spreads some answers over several fields: the user of an interaction stands in `member` in a guild and in `user`
//! elsewhere, and an update names only what it changes.
//! Here they are put together, so that a bot need not know where they stand.

use crate::{
    generated::{
        gateway::MemberUpdate,
        numbers::ChannelType,
        objects::{Interaction, Member, PartialMember, PartialUser, User},
    },
    id::{Id, UserMarker},
};

/// Questions that hold for every kind of interaction.
///
/// ```
/// use antiphon_discord_model::{Interaction, from_str};
///
/// let sent = r#"{"id":"7","application_id":"9","type":2,"token":"t","version":1,
///     "guild_id":"11","member":{"user":{"id":"33","username":"eve"},"roles":[]}}"#;
/// let (interaction, _) = from_str::<Interaction>(sent)?;
/// assert!(interaction.is_guild() && !interaction.is_dm());
/// assert_eq!(interaction.author().map(|user| &*user.name), Some("eve"));
/// # Ok::<(), antiphon_discord_model::ReadError>(())
/// ```
impl Interaction {
    /// User of the interaction, in a guild or a direct message.
    ///
    /// The member's user wins, if both were sent; absent if neither was.
    pub fn author(&self) -> Option<&User> {
        let member = self.member.as_ref().and_then(|member| member.user.as_ref());
        member.or(self.user.as_deref())
    }

    /// Id of the interaction's user.
    ///
    /// Absent if neither a member nor a user was sent.
    pub fn author_id(&self) -> Option<Id<UserMarker>> {
        self.author().map(|user| user.id)
    }

    /// Whether the interaction was made in a guild.
    ///
    /// Told by `guild_id`, which Discord sends for every interaction of a guild, threads included.
    pub fn is_guild(&self) -> bool {
        self.guild_id.is_some()
    }

    /// Whether the interaction was made in a direct message.
    ///
    /// Group messages, in which an app was installed by a user, count as well.
    pub fn is_dm(&self) -> bool {
        self.guild_id.is_none()
    }
}

/// Groups of types.
///
/// ```
/// use antiphon_discord_model::ChannelType;
///
/// assert!(ChannelType::PublicThread.is_thread() && ChannelType::PublicThread.is_guild());
/// assert!(!ChannelType::Dm.is_guild());
/// // A type that antiphon does not know is neither.
/// assert!(!ChannelType::from(99).is_guild() && !ChannelType::from(99).is_thread());
/// ```
impl ChannelType {
    /// Whether the channel is a thread.
    ///
    /// Threads of announcement channels, public and private ones: the numbers 10 to 12.
    pub const fn is_thread(self) -> bool {
        matches!(
            self,
            Self::AnnouncementThread | Self::PublicThread | Self::PrivateThread
        )
    }

    /// Whether the channel belongs to a guild.
    ///
    /// Every known type but direct and group messages; an unknown one is not counted in.
    pub const fn is_guild(self) -> bool {
        !matches!(self, Self::Dm | Self::GroupDm | Self::Unknown(_))
    }
}

impl PartialUser {
    /// The whole user, if more than the id was sent.
    ///
    /// Discord promises nothing but the id in a presence, and sends the rest from time to time.
    /// `None` if the name is missing, without which no user is shown anywhere.
    ///
    /// ```
    /// use antiphon_discord_model::{PartialUser, from_str};
    ///
    /// let (only_id, _) = from_str::<PartialUser>(r#"{"id":"33"}"#)?;
    /// assert!(only_id.to_user().is_none());
    /// let (whole, _) = from_str::<PartialUser>(r#"{"id":"33","username":"eve"}"#)?;
    /// assert_eq!(whole.to_user().map(|user| user.name), Some("eve".into()));
    /// # Ok::<(), antiphon_discord_model::ReadError>(())
    /// ```
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
    ///
    /// Who knows the member from before takes `deaf`, `mute`, `flags` and `pending` from it where the update has none.
    pub fn to_member(&self) -> Member {
        member!(self, self.user.clone())
    }
}

impl PartialMember {
    /// The whole member, with its user; booleans that were left out are false.
    ///
    /// Messages send the member without its user, because the author stands beside it.
    pub fn to_member(&self, user: User) -> Member {
        member!(self, user)
    }

    /// The user's id, if the user was sent.
    ///
    /// Interactions send the user; messages do not.
    pub fn user_id(&self) -> Option<Id<UserMarker>> {
        self.user.as_ref().map(|user| user.id)
    }
}
