//! Bodies of events without an object of their own.
//!
//! Most events have an object that exists elsewhere too (a message, a channel, a guild); the bodies here exist in events only:
//! ids of something that was deleted, lists of what changed, the READY of a session.
//! [Discord's page](https://discord.com/developers/docs/events/gateway-events#receive-events) describes each of them.

use antiphon_core::lenient::Reader;
use serde::{Serialize, Serializer};

pub use crate::{generated::gateway::*, mention::MemberAdd};
use crate::{
    generated::objects::{Guild, UnavailableGuild},
    id::{GuildMarker, Id},
    read::{Object, Read},
};

/// An available guild, or one in an outage.
///
/// `unavailable` alone does not decide: a guild that comes with its name is read whole, even if it is marked.
///
/// ```
/// use antiphon_discord_model::{from_str, gateway::GuildCreate};
///
/// let (away, _) = from_str::<GuildCreate>(r#"{"id":"11","unavailable":true}"#)?;
/// assert!(matches!(away, GuildCreate::Unavailable(_)));
/// let (here, _) = from_str::<GuildCreate>(r#"{"id":"11","name":"choir","unavailable":false}"#)?;
/// assert!(matches!(&here, GuildCreate::Available(guild) if guild.name == "choir"));
/// assert_eq!(away.id(), here.id());
/// # Ok::<(), antiphon_discord_model::ReadError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum GuildCreate {
    /// A guild with all its objects.
    ///
    /// Channels, threads, presences and voice states in it have the guild's id, whether Discord sent it or not.
    Available(Box<Guild>),
    /// A guild in an outage.
    ///
    /// It comes back as an available one, without a word of its own in between.
    Unavailable(UnavailableGuild),
}

impl GuildCreate {
    /// Id of the guild.
    pub fn id(&self) -> Id<GuildMarker> {
        match self {
            Self::Available(guild) => guild.id,
            Self::Unavailable(guild) => guild.id,
        }
    }
}

impl Read for GuildCreate {
    const NEEDED: bool = true;

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        // The field is read first, because a guild in an outage has no field but the id.
        let is_unavailable =
            from.glance("unavailable", |from| Read::read(from)) == Some(Some(true));
        if is_unavailable && from.glance_all(["name", "properties"]) == [false; 2] {
            Read::read(from).map(Self::Unavailable)
        } else {
            Read::read(from).map(Self::Available)
        }
    }

    fn stand_in() -> Self {
        Self::Unavailable(UnavailableGuild::blank())
    }
}

impl Serialize for GuildCreate {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Available(guild) => guild.serialize(to),
            Self::Unavailable(guild) => guild.serialize(to),
        }
    }
}

deserialize!(GuildCreate);
