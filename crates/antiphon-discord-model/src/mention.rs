//! Objects with one field more than the object that they hold.
//!
//! Discord puts a field into an object that the object does not have elsewhere: the member into a mentioned user, and the guild
//! into a member who joined. They read as the object with the field beside it, and deref to the object.

use std::ops::Deref;

use antiphon_core::lenient::Reader;
use serde::{Serialize, Serializer, ser::SerializeMap};

use crate::{
    generated::objects::{Member, PartialMember, User},
    id::{GuildMarker, Id},
    read::{Object, Read, missing, object_and},
};

/// A user whom a message mentions, with the member in a guild's message.
///
/// ```
/// use antiphon_discord_model::{Mention, from_str};
///
/// let sent = r#"{"id":"33","username":"eve","member":{"nick":"Alto","roles":["44"]}}"#;
/// let (mention, _) = from_str::<Mention>(sent)?;
/// assert_eq!(mention.name, "eve");
/// assert_eq!(mention.member.and_then(|member| member.nick), Some("Alto".into()));
/// # Ok::<(), antiphon_discord_model::ReadError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Mention {
    /// The user.
    pub user: User,
    /// The member in the message's guild, without its user.
    ///
    /// Absent in direct messages, and in messages that came by a request.
    pub member: Option<Box<PartialMember>>,
}

impl Deref for Mention {
    type Target = User;

    fn deref(&self) -> &User {
        &self.user
    }
}

impl Read for Mention {
    const NEEDED: bool = true;

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        let mut member = None;
        let user = object_and(from, |name, from| {
            let is_member = name == "member";
            if is_member {
                member = Read::read(from).flatten();
            }
            is_member
        })?;
        Some(Self { user, member })
    }

    fn stand_in() -> Self {
        Self {
            user: User::blank(),
            member: None,
        }
    }
}

impl Serialize for Mention {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        self.user.entries(&mut map)?;
        if let Some(member) = &self.member {
            map.serialize_entry("member", member)?;
        }
        map.end()
    }
}

/// A user joined a guild.
///
/// The guild is the placeholder 1 if Discord left it out, with a repair that says so.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct MemberAdd {
    /// Guild.
    pub guild_id: Id<GuildMarker>,
    /// The member.
    pub member: Member,
}

impl Deref for MemberAdd {
    type Target = Member;

    fn deref(&self) -> &Member {
        &self.member
    }
}

impl Read for MemberAdd {
    const NEEDED: bool = true;

    fn read(from: &mut Reader<'_>) -> Option<Self> {
        let at = from.at();
        let mut guild_id = None;
        let member = object_and(from, |name, from| {
            let is_guild = name == "guild_id";
            if is_guild {
                guild_id = Read::read(from);
            }
            is_guild
        })?;
        if guild_id.is_none() {
            missing(from, at, "guild_id", false);
        }
        let guild_id = guild_id.unwrap_or_else(Read::stand_in);
        Some(Self { guild_id, member })
    }

    fn stand_in() -> Self {
        Self {
            guild_id: Read::stand_in(),
            member: Member::blank(),
        }
    }
}

impl Serialize for MemberAdd {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        self.member.entries(&mut map)?;
        map.serialize_entry("guild_id", &self.guild_id)?;
        map.end()
    }
}

deserialize!(Mention, MemberAdd);
