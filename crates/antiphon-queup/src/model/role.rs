//! Roles in a room, and their rights (protocol §5.4).
//!
//! A room's staff have roles, given by id. The table of rights is the documented one; QueUp itself decides at each
//! request, so that a right here promises nothing. The room's creator may do everything, with or without a role.

use std::fmt;

use super::ids::RoleId;

/// A role in a room.
///
/// # Examples
/// ```
/// use antiphon_queup::{Right, Role};
///
/// assert!(Role::Moderator.has(Right::Kick) && !Role::Vip.has(Right::Kick));
/// assert_eq!(Role::from_id("5615fe1ee596154fc2000001"), Role::Vip);
/// // A role that this version does not know keeps its id, and has no rights.
/// let unknown = Role::from_id("ffffffffffffffffffffffff");
/// assert!(unknown.rights().is_empty());
/// assert_eq!(unknown.to_string(), "ffffffffffffffffffffffff");
/// ```
///
/// Roles by their rank, such as for a list of staff:
///
/// ```
/// use antiphon_queup::Role;
///
/// let rank = |role: &Role| Role::ALL.iter().position(|known| known == role).unwrap_or(Role::ALL.len());
/// let mut staff = [("teo", Role::Vip), ("mira", Role::CoOwner), ("bram", Role::Moderator)];
/// staff.sort_by_key(|(_, role)| rank(role));
/// assert_eq!(staff.map(|(name, _)| name), ["mira", "bram", "teo"]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Role {
    /// Runs the room beside its creator.
    CoOwner,
    /// May also give and take roles.
    Manager,
    /// May skip, kick, ban, mute and order the queue.
    Moderator,
    /// May skip and appoint DJs.
    Vip,
    /// May appoint DJs.
    ResidentDj,
    /// May chat.
    Dj,
    /// May chat.
    Member,
    /// A role that this version does not know, by its id.
    Unknown(RoleId),
}

/// A right that a role may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Right {
    /// Change the room.
    UpdateRoom,
    /// Make and unmake managers.
    SetManagers,
    /// Give and take other roles.
    SetRoles,
    /// Skip the playing song.
    Skip,
    /// Reorder the queue.
    QueueOrder,
    /// Kick members.
    Kick,
    /// Ban and unban users.
    Ban,
    /// Mute and unmute members.
    Mute,
    /// Make and unmake DJs.
    SetDj,
    /// Lock and unlock the queue.
    LockQueue,
    /// Delete chat messages.
    DeleteChat,
    /// Mention groups in chat.
    ChatMention,
    /// Chat.
    Chat,
    /// Change slow mode and what guests may do.
    ModSettings,
}

impl Role {
    /// Every role this version knows, from the highest down.
    pub const ALL: [Self; 7] = [
        Self::CoOwner,
        Self::Manager,
        Self::Moderator,
        Self::Vip,
        Self::ResidentDj,
        Self::Dj,
        Self::Member,
    ];

    /// The role with this id; any other id is [`Role::Unknown`], an empty one too.
    pub fn from_id(id: &str) -> Self {
        match id {
            "5615fa9ae596154a5c000000" => Self::CoOwner,
            "5615fd84e596150061000003" => Self::Manager,
            "52d1ce33c38a06510c000001" => Self::Moderator,
            "5615fe1ee596154fc2000001" => Self::Vip,
            "5615feb8e596154fc2000002" => Self::ResidentDj,
            "564435423f6ba174d2000001" => Self::Dj,
            "65ef1e77ac32214febf09295" => Self::Member,
            other => Self::Unknown(other.into()),
        }
    }

    /// Id of the role, as requests have it.
    pub fn id(&self) -> RoleId {
        RoleId::from(match self {
            Self::CoOwner => "5615fa9ae596154a5c000000",
            Self::Manager => "5615fd84e596150061000003",
            Self::Moderator => "52d1ce33c38a06510c000001",
            Self::Vip => "5615fe1ee596154fc2000001",
            Self::ResidentDj => "5615feb8e596154fc2000002",
            Self::Dj => "564435423f6ba174d2000001",
            Self::Member => "65ef1e77ac32214febf09295",
            Self::Unknown(id) => return id.clone(),
        })
    }

    /// Type of the role as the wire spells it; empty for an unknown one.
    pub fn name(&self) -> &'static str {
        match self {
            Self::CoOwner => "co-owner",
            Self::Manager => "manager",
            Self::Moderator => "mod",
            Self::Vip => "vip",
            Self::ResidentDj => "resident-dj",
            Self::Dj => "dj",
            Self::Member => "member",
            Self::Unknown(_) => "",
        }
    }

    /// Rights of the role, by the documented table; none for an unknown one.
    pub fn rights(&self) -> &'static [Right] {
        use Right::{
            Ban, Chat, ChatMention, DeleteChat, Kick, LockQueue, ModSettings, Mute, QueueOrder,
            SetDj, SetManagers, SetRoles, Skip, UpdateRoom,
        };
        const CO_OWNER: &[Right] = &[
            UpdateRoom,
            SetManagers,
            SetRoles,
            Skip,
            QueueOrder,
            Kick,
            Ban,
            Mute,
            SetDj,
            LockQueue,
            DeleteChat,
            ChatMention,
            Chat,
            ModSettings,
        ];
        match self {
            Self::CoOwner => CO_OWNER,
            // Each of the next two lacks the rights that only the one above has.
            Self::Manager => CO_OWNER.split_at(2).1,
            Self::Moderator => CO_OWNER.split_at(3).1,
            Self::Vip => &[Skip, SetDj, Chat],
            Self::ResidentDj => &[SetDj, Chat],
            Self::Dj | Self::Member => &[Chat],
            Self::Unknown(_) => &[],
        }
    }

    /// Whether the role has a right, by the documented table; QueUp decides.
    pub fn has(&self, right: Right) -> bool {
        self.rights().contains(&right)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(id) => f.pad(id.as_str()),
            known => f.pad(known.name()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_is_found_by_its_id() {
        let documented = [
            ("co-owner", "5615fa9ae596154a5c000000"),
            ("manager", "5615fd84e596150061000003"),
            ("mod", "52d1ce33c38a06510c000001"),
            ("vip", "5615fe1ee596154fc2000001"),
            ("resident-dj", "5615feb8e596154fc2000002"),
            ("dj", "564435423f6ba174d2000001"),
            ("member", "65ef1e77ac32214febf09295"),
        ];
        for (role, (name, id)) in Role::ALL.into_iter().zip(documented) {
            assert_eq!((role.name(), role.id().as_str()), (name, id));
            assert_eq!(Role::from_id(id), role);
        }
        assert_eq!(documented.len(), Role::ALL.len());
        let unknown = Role::from_id("ffffffffffffffffffffffff");
        assert_eq!(unknown.id(), "ffffffffffffffffffffffff");
        assert!(unknown.rights().is_empty());
    }

    #[test]
    fn rights_grow_with_the_role() {
        assert!(Role::CoOwner.has(Right::SetManagers) && !Role::Manager.has(Right::SetManagers));
        assert!(Role::Manager.has(Right::SetRoles) && !Role::Moderator.has(Right::SetRoles));
        assert!(Role::Moderator.has(Right::Kick) && !Role::Vip.has(Right::Kick));
    }
}
