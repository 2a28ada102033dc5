//! The REST interface's part of the state.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::lobbies::Lobby;
use crate::discord::{interactions::Interaction, limits::Limits, model::Id};

/// Bytes of all files that are kept; above it the oldest go first.
const FILES: usize = 64 << 20;

/// Files that were uploaded, as the CDN serves them.
#[derive(Debug, Default)]
pub(crate) struct Files {
    /// Contents by id, the oldest first.
    by_id: BTreeMap<Id, Vec<u8>>,
    bytes: usize,
}

impl Files {
    /// Keeps a file under the id of its attachment.
    pub(crate) fn keep(&mut self, id: Id, content: &[u8]) {
        self.bytes += content.len();
        self.by_id.insert(id, content.to_vec());
        while self.bytes > FILES
            && let Some((_, oldest)) = self.by_id.pop_first()
        {
            self.bytes -= oldest.len();
        }
    }

    /// The file at a path of the CDN: `/attachments/<channel>/<id>/<name>`.
    pub(crate) fn at(&self, path: &str) -> Option<&[u8]> {
        let mut steps = path.strip_prefix("/attachments/")?.split('/');
        let id = steps.nth(1)?.parse().ok()?;
        self.by_id.get(&id).map(Vec::as_slice)
    }
}

/// State of the REST interface: rate limits, nonces, commands and interactions.
#[derive(Debug, Default)]
pub(crate) struct Rest {
    pub(crate) limits: Limits,
    /// Number of requests that each row has had, by method and path of the row.
    pub(crate) requests: BTreeMap<(&'static str, &'static str), u64>,
    /// Messages by channel, author and nonce, for requests with `enforce_nonce`.
    pub(crate) nonces: BTreeMap<(Id, Id, String), Id>,
    /// Uploaded files.
    pub(crate) files: Files,
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
    /// Subscriptions by id, with their application.
    pub(crate) subscriptions: BTreeMap<Id, (Id, Value)>,
    pub(crate) lobbies: BTreeMap<Id, Lobby>,
    /// Provisional accounts, by application and the id that its game has for them.
    pub(crate) provisional: BTreeMap<(Id, String), Id>,
    /// Compiled patterns of rules of automatic moderation.
    pub(crate) patterns: BTreeMap<Id, Vec<regex::Regex>>,
    /// Times at which scheduled events next change by themselves, by guild (Unix milliseconds).
    pub(crate) event_ticks: BTreeMap<Id, i64>,
    /// Reason in the request that is being handled, for the audit log.
    pub(crate) reason: Option<String>,
}
