//! Faults that a control handle injects, beside those of every socket.

use std::{collections::BTreeMap, time::Duration};

use antiphon_core::Secret;
use bytes::Bytes;
use serde_json::Value;

use super::{
    controls::Discord,
    frame::{Event, KeyOrder},
    model::Id,
    state::State,
};
use crate::{
    fault::RestFault,
    outgoing::Outgoing,
    sockets::{HasSockets, Selection},
};

impl Discord {
    /// Ids of the open connections, oldest first.
    pub fn connections(&self) -> Vec<String> {
        self.act(|state| {
            state
                .gateway
                .connections
                .values()
                .map(|connection| connection.socket.id.clone())
                .collect()
        })
    }

    /// Refuses the next `times` IDENTIFYs: by op 9 (invalid session), after which a client tries again, or `for_good`, by
    /// closing with 4004.
    ///
    /// A later call replaces an earlier one. A client that resumes its session does not identify.
    pub fn refuse_logins(&self, times: u32, for_good: bool) {
        self.act(|state| state.gateway.faults.refused_logins = (times, for_good));
    }

    /// Ids of the sessions, connected or not, oldest first.
    pub fn sessions(&self) -> Vec<String> {
        self.act(|state| {
            state.expire_sessions();
            state.gateway.sessions_of(None)
        })
    }

    /// How many sessions a bot started today.
    pub fn identifies(&self, bot: &str) -> u32 {
        self.act(|state| {
            let bot = state.community.user_named(bot).unwrap_or_default();
            state.settings.starts - state.starts(bot).0
        })
    }

    /// How many requests each route has had, by method and path as Discord's description writes them:
    /// `GET /channels/{channel_id}`.
    ///
    /// Requests that a fault broke, or that fit no route, are left out.
    pub fn requests(&self) -> BTreeMap<String, u64> {
        self.act(|state| {
            let counts = state.rest.requests.iter();
            counts
                .map(|((method, path), count)| (format!("{method} {path}"), *count))
                .collect()
        })
    }

    /// Counts of heartbeats received and acknowledged on the open connections.
    pub fn heartbeats(&self) -> (u64, u64) {
        self.act(|state| {
            let connections = state.gateway.connections.values();
            connections.fold((0, 0), |(beats, acks), one| {
                (beats + one.beats, acks + one.acks)
            })
        })
    }

    /// The same handle, with faults of sockets limited to those of one bot.
    #[must_use]
    pub fn only(&self, bot: &str) -> Self {
        self.limited(Selection {
            account: Some(self.account_named(bot).id.to_string()),
            ..self.of.clone()
        })
    }

    /// The same handle, with faults of sockets limited to those of one shard.
    #[must_use]
    pub fn shard(&self, shard: u32) -> Self {
        self.limited(Selection {
            shard: Some(shard),
            ..self.of.clone()
        })
    }

    fn each(&self, act: impl Fn(&mut State, u64)) {
        self.act(|state| {
            for number in state.select(&self.of) {
                act(state, number);
            }
        });
    }

    /// Asks every client to reconnect (op 7).
    pub fn reconnect(&self) {
        self.each(|state, number| state.control(number, 7, &Value::Null));
    }

    /// Invalidates every session (op 9); a session that is not resumable ends.
    pub fn invalidate(&self, resumable: bool) {
        self.each(|state, number| {
            let session = state.part(number);
            state.control(number, 9, &Value::from(resumable));
            let Some(session) = session else {
                return;
            };
            if resumable {
                let now = state.now();
                if let Some(session) = state.gateway.sessions.get_mut(&session) {
                    session.connection = None;
                    session.lost_at = Some(now);
                }
            } else {
                state.end_session(&session);
            }
        });
    }

    /// Asks every client for a heartbeat (op 1).
    pub fn ask_for_beats(&self) {
        self.each(|state, number| state.control(number, 1, &Value::Null));
    }

    /// Ends the sessions without a connection, as if their time were over.
    pub fn forget_sessions(&self) {
        self.act(|state| {
            state
                .gateway
                .sessions
                .retain(|_, session| session.connection.is_some());
        });
    }

    /// Sets whether heartbeats stay without an acknowledgement.
    pub fn withhold_acks(&self, withhold: bool) {
        self.act(|state| state.gateway.faults.withholds_acks = withhold);
    }

    /// Sets how late heartbeats are acknowledged. Default: at once.
    pub fn delay_acks(&self, late: Duration) {
        self.act(|state| state.gateway.faults.late_acks = late);
    }

    /// Sets whether the host that READY names for resuming refuses connections.
    ///
    /// Over real sockets the two hosts are one, and nothing is refused.
    pub fn stale_resume_host(&self, stale: bool) {
        self.act(|state| state.gateway.faults.resume_host_is_stale = stale);
    }

    /// Sends the next `pairs` pairs of events in the wrong order.
    pub fn reorder(&self, pairs: u32) {
        self.each(|state, number| {
            if let Some(connection) = state.gateway.connections.get_mut(&number) {
                connection.reordering.pairs = pairs;
            }
        });
    }

    /// Splits compressed payloads of new connections into messages of at most this many bytes.
    pub fn split(&self, bytes: Option<usize>) {
        self.act(|state| state.gateway.faults.split = bytes);
    }

    /// Sets the order of a dispatch's keys.
    pub fn key_order(&self, order: KeyOrder) {
        self.act(|state| state.gateway.faults.key_order = order);
    }

    /// Sends a text frame as it is, without a number and without a ledger row.
    pub fn frame(&self, text: &str) {
        self.each(|state, number| state.send(number, Outgoing::Text(text.into())));
    }

    /// Sends a binary frame as it is; inside a compressed stream, it breaks the stream.
    pub fn binary(&self, bytes: &[u8]) {
        self.each(|state, number| state.binary(number, Bytes::copy_from_slice(bytes)));
    }

    /// Sends the first half of the frame that would carry a text; on a compressed transport, later frames cannot be
    /// read.
    pub fn truncated(&self, text: &str) {
        self.each(|state, number| state.send(number, Outgoing::Truncated(text.into())));
    }

    /// Sends every session a dispatch of this name, or without one; it has a sequence and a ledger row.
    pub fn dispatch(&self, name: Option<&str>, data: &Value) {
        self.act(|state| {
            state.made += 1;
            let bot: Option<Id> = self.of.account.as_deref().and_then(|id| id.parse().ok());
            for session in state.gateway.sessions_of(bot) {
                let account = state
                    .gateway
                    .sessions
                    .get(&session)
                    .map(|session| session.account);
                state.deliver(
                    &session,
                    Event::new(name, data),
                    data.to_string().into(),
                    account,
                );
            }
        });
    }

    /// Sets whether ids inside events are numbers.
    pub fn numeric_ids(&self, on: bool) {
        self.act(|state| state.gateway.faults.numeric_ids = on);
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Faults of requests.

    /// Lets the next `times` requests fail that fit a pattern over `METHOD /path` or the path alone, without
    /// `/api/v10`; `*` stands for anything.
    pub fn fail(&self, requests: &str, times: u32, fault: RestFault) {
        self.act(|state| state.faults.fail(requests, None, times, fault));
    }

    /// Sets whether requests are free of rate limits.
    pub fn unlimited(&self, on: bool) {
        self.act(|state| state.rest.limits.are_off = on);
    }

    /// Gives a bot another token; the old one becomes invalid.
    pub fn reset_token(&self, bot: &str) -> Secret {
        let bot = self.account_named(bot).id;
        self.act(|state| {
            let token = state.new_token(bot);
            if let Some(bot) = state.community.bots.get_mut(&bot) {
                bot.token.clone_from(&token);
            }
            Secret::new(token)
        })
    }
}
