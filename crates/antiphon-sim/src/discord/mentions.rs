//! Mentions of users, roles and everyone in texts, and which of them a sender allows.

use serde_json::Value;

use super::model::{Id, id_in};

/// Mentions that a sender allows; without a list, all are allowed
/// (<https://docs.discord.com/developers/resources/message#allowed-mentions-object>).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AllowedMentions {
    users: Option<Vec<Id>>,
    roles: Option<Vec<Id>>,
    everyone: bool,
}

impl AllowedMentions {
    /// Reads `allowed_mentions` of a body; null or absent is `None`.
    pub(crate) fn of(body: &Value) -> Option<Self> {
        let given = body["allowed_mentions"].as_object()?;
        let parses = |what: &str| {
            let kinds = given.get("parse").and_then(Value::as_array);
            kinds.is_some_and(|kinds| kinds.iter().any(|kind| kind == what))
        };
        let listed = |what: &str| -> Option<Vec<Id>> {
            if parses(what) {
                return None;
            }
            let ids = given.get(what).and_then(Value::as_array);
            let ids = ids.into_iter().flatten();
            Some(ids.filter_map(id_in).collect())
        };
        Some(Self {
            users: listed("users"),
            roles: listed("roles"),
            everyone: parses("everyone"),
        })
    }

    fn lists(allowed: Option<&Vec<Id>>, id: Id) -> bool {
        allowed.is_none_or(|ids| ids.contains(&id))
    }
}

/// Ids of the users that a text mentions.
pub(crate) fn users(text: &str, allowed: Option<&AllowedMentions>) -> Vec<Id> {
    let mut ids = mentioned(text, "<@");
    ids.retain(|id| allowed.is_none_or(|one| AllowedMentions::lists(one.users.as_ref(), *id)));
    ids
}

/// Ids of the roles that a text mentions.
pub(crate) fn roles(text: &str, allowed: Option<&AllowedMentions>) -> Vec<Id> {
    let mut ids = mentioned(text, "<@&");
    ids.retain(|id| allowed.is_none_or(|one| AllowedMentions::lists(one.roles.as_ref(), *id)));
    ids
}

/// Whether a text mentions everyone.
pub(crate) fn everyone(text: &str, allowed: Option<&AllowedMentions>) -> bool {
    let says = text.contains("@everyone") || text.contains("@here");
    says && allowed.is_none_or(|one| one.everyone)
}

/// Ids that a text mentions with this opening.
fn mentioned(text: &str, opening: &str) -> Vec<Id> {
    let rest = text.split(opening).skip(1);
    let ids = rest.filter_map(|rest| rest.split_once('>')?.0.trim_start_matches('!').parse().ok());
    let mut seen = Vec::new();
    for id in ids {
        if !seen.contains(&id) {
            seen.push(id);
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_sender_allows_kinds_or_single_ids() {
        let text = "@everyone <@1> <@!2> <@1> <@&3>";
        for (allowed, expected) in [
            (json!({}), (vec![1, 2], vec![3], true)),
            (
                json!({"allowed_mentions": null}),
                (vec![1, 2], vec![3], true),
            ),
            (
                json!({"allowed_mentions": {"parse": []}}),
                (vec![], vec![], false),
            ),
            (json!({"allowed_mentions": {}}), (vec![], vec![], false)),
            (
                json!({"allowed_mentions": {"parse": ["users", "everyone"]}}),
                (vec![1, 2], vec![], true),
            ),
            (
                json!({"allowed_mentions": {"users": ["2"], "roles": [3]}}),
                (vec![2], vec![3], false),
            ),
        ] {
            let allowed = AllowedMentions::of(&allowed);
            let allowed = allowed.as_ref();
            let found = (
                users(text, allowed),
                roles(text, allowed),
                everyone(text, allowed),
            );
            assert_eq!(found, expected, "{allowed:?}");
        }
    }
}
