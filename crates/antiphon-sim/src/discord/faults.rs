//! What can be made to go wrong.

use std::time::Duration;

use antiphon_core::{KindPattern, Secret};
use bytes::Bytes;
use serde_json::Value;

use super::{Discord, KeyOrder, frame::Event, state::State};
use crate::{
    fault::{RestFault, RestRule},
    outgoing::Outgoing,
};

/// How a text frame begins that never ends.
const BEGINNING: &str = r#"{"t":"MESSAGE_CREATE","s":1,"op":0,"d":{"content":""#;

impl Discord {
    /// Names of the connections that are open, the oldest first.
    pub fn connections(&self) -> Vec<String> {
        self.act(|state| {
            state
                .connections
                .values()
                .map(|connection| connection.id.clone())
                .collect()
        })
    }

    /// Sessions that live, connected or not, the oldest first.
    pub fn sessions(&self) -> Vec<String> {
        self.act(|state| {
            state.expire_sessions();
            state.sessions_of(None)
        })
    }

    /// How many sessions were begun today by a bot.
    pub fn identifies(&self, bot: &str) -> u32 {
        self.act(|state| {
            let bot = state.user_named(bot).unwrap_or_default();
            state.settings.starts - state.starts(bot).0
        })
    }

    /// Heartbeats that came in on all connections there are, and those that were acknowledged.
    pub fn heartbeats(&self) -> (u64, u64) {
        self.act(|state| {
            let connections = state.connections.values();
            connections.fold((0, 0), |(beats, acks), one| {
                (beats + one.beats, acks + one.acks)
            })
        })
    }

    /// The same, with faults of connections limited to those of one bot.
    #[must_use]
    pub fn only(&self, bot: &str) -> Self {
        Self {
            bot: Some(self.account_named(bot).id),
            ..self.clone()
        }
    }

    /// The same, with faults of connections limited to those of one shard.
    #[must_use]
    pub fn shard(&self, shard: u32) -> Self {
        Self {
            shard: Some(shard),
            ..self.clone()
        }
    }

    fn each(&self, act: impl Fn(&mut State, u64)) {
        self.act(|state| {
            for number in state.connections_of(self.bot, self.shard) {
                act(state, number);
            }
        });
    }

    /// Closes every connection without a word; what was not written yet is lost.
    pub fn cut(&self) {
        self.each(|state, number| {
            if let Some(connection) = state.connections.get(&number) {
                connection.line.cut();
            }
            state.gone(number);
        });
    }

    /// Closes every connection with a reset, where they are real.
    pub fn reset(&self) {
        self.each(|state, number| {
            if let Some(connection) = state.connections.get(&number) {
                connection.line.reset();
            }
            state.gone(number);
        });
    }

    /// Closes every connection with a code; after 4004, 4007 and 4009 to 4014 its session is over.
    pub fn close(&self, code: u16, reason: &str) {
        self.each(|state, number| state.close(number, code, reason));
    }

    /// Refuses connections to the Gateway for so long.
    pub fn refuse_sockets(&self, how_long: Duration) {
        self.act(|state| {
            let length = i64::try_from(how_long.as_millis()).unwrap_or(i64::MAX);
            state.faults.refuse_until = Some(state.now().saturating_add(length));
        });
    }

    /// Answers the next requests for a socket with a status.
    pub fn refuse_upgrades(&self, times: usize, status: u16) {
        self.act(|state| {
            state
                .faults
                .upgrades
                .extend(std::iter::repeat_n(status, times));
        });
    }

    /// Asks every client to reconnect (op 7).
    pub fn reconnect(&self) {
        self.each(|state, number| state.control(number, 7, &Value::Null));
    }

    /// Tells every client that its session is invalid (op 9); unless it is resumable, it is over.
    pub fn invalidate(&self, resumable: bool) {
        self.each(|state, number| {
            let session = state.part(number);
            state.control(number, 9, &Value::from(resumable));
            let Some(session) = session else {
                return;
            };
            if resumable {
                let now = state.now();
                if let Some(session) = state.sessions.get_mut(&session) {
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

    /// Ends the sessions that have no connection now, as if their time were over.
    pub fn forget_sessions(&self) {
        self.act(|state| {
            state
                .sessions
                .retain(|_, session| session.connection.is_some());
        });
    }

    /// Keeps the connections open while nothing comes through any more.
    pub fn half_open(&self) {
        self.each(|state, number| {
            if let Some(connection) = state.connections.get_mut(&number) {
                connection.mute = true;
                connection.line.freeze();
            }
        });
    }

    /// Holds everything back in both directions for so long.
    pub fn stall(&self, how_long: Duration) {
        self.each(|state, number| {
            if let Some(connection) = state.connections.get(&number) {
                let line = connection.line.clone();
                line.freeze();
                state.later(how_long, move |_| line.thaw());
            }
        });
    }

    /// Acknowledges no heartbeats, or acknowledges them again.
    pub fn withhold_acks(&self, withhold: bool) {
        self.act(|state| state.gateway_faults.withholds_acks = withhold);
    }

    /// Acknowledges heartbeats so much later.
    pub fn delay_acks(&self, late: Duration) {
        self.act(|state| state.gateway_faults.late_acks = late);
    }

    /// Refuses connections to the host that READY names for resuming, or takes them again.
    ///
    /// Over real sockets the two hosts are one, and nothing is refused.
    pub fn stale_resume_host(&self, stale: bool) {
        self.act(|state| state.gateway_faults.resume_host_is_stale = stale);
    }

    /// Sends each of the next `events` events twice.
    pub fn duplicate(&self, events: u32) {
        self.each(|state, number| {
            if let Some(connection) = state.connections.get_mut(&number) {
                connection.duplicate = events;
            }
        });
    }

    /// Sends the next `pairs` pairs of events in the wrong order.
    pub fn reorder(&self, pairs: u32) {
        self.each(|state, number| {
            if let Some(connection) = state.connections.get_mut(&number) {
                connection.reorder = pairs;
            }
        });
    }

    /// Sends compressed payloads to new connections in messages of at most so many bytes.
    pub fn split(&self, bytes: Option<usize>) {
        self.act(|state| state.gateway_faults.split = bytes);
    }

    /// Sets in which order the keys of a dispatch come.
    pub fn key_order(&self, order: KeyOrder) {
        self.act(|state| state.gateway_faults.key_order = order);
    }

    /// Sends a text as it is; it has no number and no row.
    pub fn frame(&self, text: &str) {
        self.each(|state, number| state.send(number, Outgoing::Text(text.into())));
    }

    /// Sends bytes in a binary frame as they are; in the middle of a compressed stream, they break it.
    pub fn binary(&self, bytes: &[u8]) {
        self.each(|state, number| state.binary(number, Bytes::copy_from_slice(bytes)));
    }

    /// Sends the first half of the frame that would carry a text; what comes after it cannot be read where it was compressed.
    pub fn truncated(&self, text: &str) {
        self.each(|state, number| state.send(number, Outgoing::Truncated(text.into())));
    }

    /// Sends a text frame that claims this many bytes, until the peer has had enough.
    pub fn oversized(&self, bytes: u64) {
        self.each(|state, number| state.send(number, Outgoing::Oversized(bytes, BEGINNING)));
    }

    /// Tells every session an event of this name, or without one, with this data; it has a sequence and a row.
    pub fn dispatch(&self, name: Option<&str>, data: &Value) {
        self.act(|state| {
            state.made += 1;
            for session in state.sessions_of(self.bot) {
                let account = state.sessions.get(&session).map(|session| session.account);
                state.deliver(
                    &session,
                    Event::new(name, data),
                    data.to_string().into(),
                    account,
                );
            }
        });
    }

    /// Sends ids inside events as numbers, or as texts again.
    pub fn numeric_ids(&self, on: bool) {
        self.act(|state| state.gateway_faults.numeric_ids = on);
    }

    // -----------------------------------------------------------------------------------------------------------------
    // What goes wrong with requests.

    /// Lets the next requests that fit fail: `METHOD /path`, or the path alone, without `/api/v10`, with `*` for anything.
    pub fn fail(&self, requests: &str, times: u32, fault: RestFault) {
        self.act(|state| {
            state.faults.rest.push(RestRule {
                requests: KindPattern::new(requests),
                account: None,
                left: times,
                fault,
            });
        });
    }

    /// Limits no requests, or limits them again.
    pub fn unlimited(&self, on: bool) {
        self.act(|state| state.limits.are_off = on);
    }

    /// Gives a bot another token; the old one is no longer good.
    pub fn reset_token(&self, bot: &str) -> Secret {
        let bot = self.account_named(bot).id;
        self.act(|state| {
            let token = state.new_token(bot);
            if let Some(bot) = state.bots.get_mut(&bot) {
                bot.token.clone_from(&token);
            }
            Secret::new(token)
        })
    }
}
