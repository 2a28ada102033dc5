//! The REST interface's part of the state.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::discord::{limits::Limits, model::Id};

/// A question that waits for its answer.
#[derive(Clone, Debug)]
pub(crate) struct Interaction {
    pub(crate) token: String,
    /// Unix milliseconds.
    pub(crate) asked_at: i64,
    pub(crate) application: Id,
    pub(crate) channel: Id,
    pub(crate) user: Id,
    pub(crate) name: String,
    /// The type of the answer, once there is one.
    pub(crate) answered: Option<u64>,
    /// The message that answers it.
    pub(crate) message: Option<Id>,
}

/// What requests leave behind.
#[derive(Debug, Default)]
pub(crate) struct Rest {
    pub(crate) limits: Limits,
    /// Messages by channel, author and nonce, where a nonce is to be used once.
    pub(crate) nonces: BTreeMap<(Id, Id, String), Id>,
    /// Slash commands, by application and guild.
    pub(crate) commands: BTreeMap<(Id, Option<Id>), Vec<Value>>,
    /// Interactions: their token, and their answers.
    pub(crate) interactions: BTreeMap<Id, Interaction>,
}
