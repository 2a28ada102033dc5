//! Sessions over REST (protocol §5, §8).

use std::{collections::BTreeMap, sync::Arc};

use serde::Serialize;
use serde_json::value::RawValue;

use super::{Answer, Call, Refusal, Routed};
use crate::lavalink::{number, state::State};

#[derive(Serialize)]
struct SessionObject {
    resuming: bool,
    timeout: u64,
}

impl State {
    /// The id of a session that has its socket; one that waits to be resumed is not found (protocol §5.1).
    pub(crate) fn live_session(&self, node: usize, id: &str) -> Result<Arc<str>, Refusal> {
        let session = self.nodes[node].sessions.get(id);
        let session = session.filter(|session| session.link.is_some());
        if session.is_none() && !self.session_ids.knows(id) {
            self.note(format!(
                "a request about a session that never was: {id:.40}"
            ));
        }
        session
            .map(|session| Arc::clone(&session.id))
            .ok_or_else(|| Refusal::new(404, "Session not found"))
    }

    pub(crate) fn update_session(&mut self, call: &Call<'_>, id: &str) -> Routed {
        let body: BTreeMap<String, Box<RawValue>> = call.body()?;
        let wrong = |name: &str| Refusal::unreadable(format!("`{name}` is of another type"));
        let resuming = match body.get("resuming") {
            None => None,
            Some(token) => Some(number::flag(token.get()).ok_or_else(|| wrong("resuming"))?),
        };
        let timeout = match body.get("timeout") {
            None => None,
            Some(token) => Some(number::long(token.get()).ok_or_else(|| wrong("timeout"))?),
        };
        let id = self.live_session(call.node, id)?;
        let Some(session) = self.nodes[call.node].sessions.get_mut(&*id) else {
            return Err(Refusal::new(404, "Session not found"));
        };
        session.resuming = resuming.unwrap_or(session.resuming);
        if let Some(timeout) = timeout {
            session.timeout = u64::try_from(timeout).unwrap_or_default();
        }
        Ok(Answer::ok(&SessionObject {
            resuming: session.resuming,
            timeout: session.timeout,
        }))
    }
}
