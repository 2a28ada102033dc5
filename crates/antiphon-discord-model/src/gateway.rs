//! Bodies of events without an object of their own.

use antiphon_core::lenient::Reader;
use serde::{Serialize, Serializer};

pub use crate::{generated::gateway::*, mention::MemberAdd};
use crate::{
    generated::objects::{Guild, UnavailableGuild},
    id::{GuildMarker, Id},
    read::{Object, Read},
};

/// An available guild, or one in an outage.
#[derive(Clone, Debug, PartialEq)]
pub enum GuildCreate {
    /// A guild with all its objects.
    Available(Box<Guild>),
    /// A guild in an outage.
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
