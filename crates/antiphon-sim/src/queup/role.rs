//! Roles of rooms and their rights.
//!
//! The ids and rights are those of protocol §5.4; a room's creator has every right without a role.

/// One role of a room.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Role {
    /// Id on the wire.
    pub(crate) id: &'static str,
    /// Type on the wire, by which routes name it.
    pub(crate) kind: &'static str,
    /// Name that clients show.
    pub(crate) label: &'static str,
    /// Names of the rights it has.
    pub(crate) rights: &'static [&'static str],
}

/// All roles, from the highest to the lowest.
pub(crate) static ROLES: [Role; 7] = [
    Role {
        id: "5615fa9ae596154a5c000000",
        kind: "co-owner",
        label: "Co-Owner",
        rights: &[
            "update-room",
            "set-managers",
            "set-roles",
            "skip",
            "queue-order",
            "kick",
            "ban",
            "mute",
            "set-dj",
            "lock-queue",
            "delete-chat",
            "chat-mention",
            "chat",
            "mod-settings",
        ],
    },
    Role {
        id: "5615fd84e596150061000003",
        kind: "manager",
        label: "Manager",
        rights: &[
            "set-roles",
            "skip",
            "queue-order",
            "kick",
            "ban",
            "mute",
            "set-dj",
            "lock-queue",
            "delete-chat",
            "chat-mention",
            "chat",
            "mod-settings",
        ],
    },
    Role {
        id: "52d1ce33c38a06510c000001",
        kind: "mod",
        label: "Moderator",
        rights: &[
            "skip",
            "queue-order",
            "kick",
            "ban",
            "mute",
            "set-dj",
            "lock-queue",
            "delete-chat",
            "chat-mention",
            "chat",
            "mod-settings",
        ],
    },
    Role {
        id: "5615fe1ee596154fc2000001",
        kind: "vip",
        label: "VIP",
        rights: &["skip", "set-dj", "chat"],
    },
    Role {
        id: "5615feb8e596154fc2000002",
        kind: "resident-dj",
        label: "Resident DJ",
        rights: &["set-dj", "chat"],
    },
    Role {
        id: "564435423f6ba174d2000001",
        kind: "dj",
        label: "DJ",
        rights: &["chat"],
    },
    Role {
        id: "65ef1e77ac32214febf09295",
        kind: "member",
        label: "Member",
        rights: &["chat"],
    },
];

impl Role {
    /// The role with this id or this type.
    pub(crate) fn find(id_or_kind: &str) -> Option<&'static Self> {
        ROLES
            .iter()
            .find(|role| role.id == id_or_kind || role.kind == id_or_kind)
    }

    pub(crate) fn may(&self, right: &str) -> bool {
        self.rights.contains(&right)
    }

    /// Whether giving or taking it needs `set-managers` rather than `set-roles`.
    pub(crate) fn is_managing(&self) -> bool {
        self.may("set-roles")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_found_by_id_and_by_type_and_an_unknown_one_is_not() {
        let vip = Role::find("vip").expect("a role");
        assert_eq!(Role::find(vip.id), Some(vip));
        assert!(vip.may("skip") && !vip.may("kick"));
        assert_eq!(Role::find("5615fe1ee596154fc2999999"), None);
    }
}
