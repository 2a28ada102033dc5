//! The REST interface's part of the state.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::discord::{interactions::Interaction, limits::Limits, model::Id};

/// State of the REST interface: rate limits, nonces, commands and interactions.
#[derive(Debug, Default)]
pub(crate) struct Rest {
    pub(crate) limits: Limits,
    /// Messages by channel, author and nonce, for requests with `enforce_nonce`.
    pub(crate) nonces: BTreeMap<(Id, Id, String), Id>,
    /// Slash commands, by application and guild.
    pub(crate) commands: BTreeMap<(Id, Option<Id>), Vec<Value>>,
    /// Interactions by id, oldest first.
    pub(crate) interactions: BTreeMap<Id, Interaction>,
    /// Settings of applications that requests have changed, by their names on the wire.
    pub(crate) applications: BTreeMap<Id, Map<String, Value>>,
    /// Records of role connections, by application.
    pub(crate) role_metadata: BTreeMap<Id, Vec<Value>>,
    /// Emojis of applications, by application and id.
    pub(crate) emojis: BTreeMap<Id, BTreeMap<Id, Value>>,
    /// Reason in the request that is being handled, for the audit log.
    pub(crate) reason: Option<String>,
}
