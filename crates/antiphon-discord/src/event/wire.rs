//! Bodies that are read in another way than `twilight-model` reads them: in one pass, or more leniently.

use serde::{
    Deserialize, Deserializer,
    de::{Error as _, IgnoredAny},
};
use twilight_model::{
    channel::{ChannelType, Message},
    gateway::{
        payload::incoming,
        presence::{Activity, ClientStatus, Presence, Status, UserOrId},
    },
    guild::{Guild, Member, UnavailableGuild},
    id::{
        Id,
        marker::{GuildMarker, UserMarker},
    },
    user::{AvatarDecorationData, PremiumType, PrimaryGuild, User, UserFlags},
    util::ImageHash,
};

use super::beside::beside;

/// What it should be, or anything else.
#[derive(Deserialize)]
#[serde(untagged)]
enum Loosely<T> {
    Known(T),
    Other(IgnoredAny),
}

/// A message beside the type of its channel.
pub(super) struct MessageCreate(pub(super) incoming::MessageCreate);

impl<'de> Deserialize<'de> for MessageCreate {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let (message, channel_type): (Message, Option<Loosely<ChannelType>>) =
            beside(from, "channel_type")?;
        let channel_type = match channel_type {
            Some(Loosely::Known(channel_type)) => Some(channel_type),
            Some(Loosely::Other(_)) | None => None,
        };
        Ok(Self(incoming::MessageCreate {
            message,
            channel_type,
        }))
    }
}

impl From<MessageCreate> for incoming::MessageCreate {
    fn from(wire: MessageCreate) -> Self {
        wire.0
    }
}

/// A member beside its guild's id.
pub(super) struct MemberAdd(incoming::MemberAdd);

impl<'de> Deserialize<'de> for MemberAdd {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let (member, guild_id): (Member, Option<Id<GuildMarker>>) = beside(from, "guild_id")?;
        let guild_id = guild_id.ok_or_else(|| D::Error::missing_field("guild_id"))?;
        Ok(Self(incoming::MemberAdd { guild_id, member }))
    }
}

impl From<MemberAdd> for incoming::MemberAdd {
    fn from(wire: MemberAdd) -> Self {
        wire.0
    }
}

/// A guild, or one that is not available now.
pub(super) struct GuildCreate(incoming::GuildCreate);

#[derive(Deserialize)]
struct Availability {
    id: Id<GuildMarker>,
    #[serde(default)]
    unavailable: Option<bool>,
}

impl GuildCreate {
    /// Looks whether the guild is available before anything is built: an untagged choice would copy a large one twice.
    pub(super) fn of(body: &[u8]) -> Result<Self, serde_json::Error> {
        let availability: Availability = serde_json::from_slice(body)?;
        Ok(Self(if availability.unavailable == Some(true) {
            incoming::GuildCreate::Unavailable(UnavailableGuild {
                id: availability.id,
                unavailable: true,
            })
        } else {
            incoming::GuildCreate::Available(serde_json::from_slice::<Guild>(body)?)
        }))
    }
}

impl From<GuildCreate> for incoming::GuildCreate {
    fn from(wire: GuildCreate) -> Self {
        wire.0
    }
}

/// A presence, without reading its user twice.
#[derive(Deserialize)]
pub(super) struct PresenceUpdate {
    #[serde(default)]
    activities: Vec<Activity>,
    client_status: ClientStatus,
    guild_id: Id<GuildMarker>,
    status: Status,
    user: PresenceUser,
}

impl From<PresenceUpdate> for Presence {
    fn from(wire: PresenceUpdate) -> Self {
        Self {
            activities: wire.activities,
            client_status: wire.client_status,
            guild_id: wire.guild_id,
            status: wire.status,
            user: wire.user.into(),
        }
    }
}

/// A user of whom only the id is certain.
#[derive(Deserialize)]
pub(super) struct PresenceUser {
    id: Id<UserMarker>,
    username: Option<String>,
    #[serde(default, deserialize_with = "discriminator")]
    discriminator: u16,
    accent_color: Option<u32>,
    avatar: Option<ImageHash>,
    avatar_decoration: Option<ImageHash>,
    avatar_decoration_data: Option<AvatarDecorationData>,
    banner: Option<ImageHash>,
    #[serde(default)]
    bot: bool,
    email: Option<String>,
    flags: Option<UserFlags>,
    global_name: Option<String>,
    locale: Option<String>,
    mfa_enabled: Option<bool>,
    premium_type: Option<PremiumType>,
    primary_guild: Option<PrimaryGuild>,
    public_flags: Option<UserFlags>,
    system: Option<bool>,
    verified: Option<bool>,
}

/// Digits in a text; `"0"` for users with the new names.
fn discriminator<'de, D: Deserializer<'de>>(from: D) -> Result<u16, D::Error> {
    #[derive(Deserialize)]
    struct Digits<'a>(#[serde(borrow)] std::borrow::Cow<'a, str>);
    let digits = Digits::deserialize(from)?;
    digits.0.parse().map_err(D::Error::custom)
}

impl From<PresenceUser> for UserOrId {
    fn from(wire: PresenceUser) -> Self {
        let Some(name) = wire.username else {
            return Self::UserId { id: wire.id };
        };
        Self::User(User {
            accent_color: wire.accent_color,
            avatar: wire.avatar,
            avatar_decoration: wire.avatar_decoration,
            avatar_decoration_data: wire.avatar_decoration_data,
            banner: wire.banner,
            bot: wire.bot,
            discriminator: wire.discriminator,
            email: wire.email,
            flags: wire.flags,
            global_name: wire.global_name,
            id: wire.id,
            locale: wire.locale,
            mfa_enabled: wire.mfa_enabled,
            name,
            premium_type: wire.premium_type,
            primary_guild: wire.primary_guild,
            public_flags: wire.public_flags,
            system: wire.system,
            verified: wire.verified,
        })
    }
}
