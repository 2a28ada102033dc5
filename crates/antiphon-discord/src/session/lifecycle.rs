//! Opening, losing and giving up connections (protocol §4, §5).
//!
//! <https://discord.com/developers/docs/events/gateway#connection-lifecycle>
//!
//! A loss is met in one of three ways (protocol §5): the session is resumed, a new one begins, or the shard stops.
//! The first is the rule, because it costs neither an identify nor an event; the second remembers what it lost, in the
//! checkpoint as well, and reports it as a gap with the next READY.

use std::time::Duration;

use antiphon_core::{Edge, Fatal, Kind, LinkState, Moment, OpenFailure, StopCode};
use bytes::Bytes;
use tokio::time::Instant;

use super::{Disconnect, HOPELESS, IN_A_ROW, Lost, Phase, Reaction, Session, Task, UNANSWERED};
use crate::{dispatch::UNREADABLE, identify::Permit, wire};

/// Shortest wait in the identify queue that is shown as `waiting`.
const WORTH_TELLING: Duration = Duration::from_secs(1);

impl Session {
    /// Starts opening a connection.
    ///
    /// Every second try of a resume goes to the Gateway's own URL instead of the session's host.
    pub(crate) fn start(&mut self) {
        self.phase = Phase::Opening;
        self.link = Some(LinkState::Connecting);
        self.task = Some(match &self.resumable {
            None => Task::Identify,
            Some(session) => {
                self.tries += 1;
                // Every second try uses the Gateway's URL, because the session's host may be gone.
                let url = session.url.clone().filter(|_| self.tries % 2 == 1);
                Task::Resume(url)
            }
        });
    }

    /// Notes when the identify queue expects to admit the shard.
    pub(crate) fn on_turn(&mut self, at: Instant, now: Moment) {
        let wait = at.saturating_duration_since(now.at);
        if self.phase != Phase::Opening || wait < WORTH_TELLING {
            return;
        }
        let until = now.wall_in(wait);
        let reason = "it is not yet this shard's turn to identify".to_owned();
        self.set_link(LinkState::Waiting { until, reason }, now);
    }

    /// Notes that the identify queue admitted the shard.
    pub(crate) fn on_turn_come(&mut self) {
        if self.phase == Phase::Opening {
            self.link = Some(LinkState::Connecting);
        }
    }

    /// Takes an open connection; the server sends the first frame.
    pub(crate) fn on_opened(&mut self, permit: Option<Permit>, now: Moment) {
        self.permit = permit;
        self.frame = 0;
        self.is_out_of_reach = false;
        self.connections += 1;
        self.connection = format!("{}-{}", self.nonce, self.connections);
        self.phase = Phase::AwaitingHello {
            by: now.at + self.config.hello_timeout,
        };
        self.shard_event("discord.CONNECT", now);
        self.shard_event("discord.SHARD_CONNECT", now);
    }

    /// Takes the failure to open a connection.
    pub(crate) fn on_open_failed(&mut self, failure: OpenFailure, now: Moment) {
        match failure.fatal {
            Some(Fatal { code, hint }) => self.stop(code, failure.reason, hint, now),
            None => self.wait(failure.reason, failure.wait.unwrap_or_default(), now),
        }
    }

    /// Takes the loss of the connection, or the reason to close it.
    pub(crate) fn on_disconnected(&mut self, disconnect: Disconnect, now: Moment) {
        if self.is_open() {
            self.shard_event("discord.SHARD_DISCONNECT", now);
            self.shard_event("discord.DISCONNECT", now);
        }
        self.heartbeat = None;
        self.permit = None;
        self.skipped = None;
        // A resume brings the missing dispatches, and the ones behind them once more.
        self.ahead.clear();
        self.replies.clear();
        match disconnect.reaction {
            Reaction::Resume(pause) => self.wait(disconnect.reason, pause, now),
            Reaction::NewSession(pause) => {
                self.forget(&disconnect.reason, Some(now));
                self.wait(disconnect.reason, pause, now);
            }
            Reaction::Stop(code, hint) => {
                if matches!(code, "invalid_shard" | "sharding_required") {
                    // The next run must not insist on the refused number of shards.
                    self.forget(&disconnect.reason, Some(now));
                }
                self.stop(code, disconnect.reason, hint, now);
            }
        }
    }

    /// Takes an unreadable frame, for which the connection has to be given up.
    ///
    /// The bytes are stored if they are known. If the same frame comes again after the resume, a new session begins.
    pub(crate) fn on_unreadable(&mut self, reason: String, bytes: Option<&Bytes>, now: Moment) {
        if let Some(bytes) = bytes {
            self.frame += 1;
            self.keep_frame(Kind::from_static(UNREADABLE), bytes, now);
        }
        let here = (self.epoch, self.seq);
        let is_again = self.stuck_at == Some(here);
        self.stuck_at = Some(here);
        if !is_again && self.resumable.is_some() {
            return self.on_disconnected(Disconnect::resume(reason), now);
        }
        if self
            .stuck_since
            .is_none_or(|since| now.at.saturating_duration_since(since) > IN_A_ROW)
        {
            self.stuck_sessions = 0;
        }
        self.stuck_since = Some(now.at);
        self.stuck_sessions += 1;
        let reaction = if self.stuck_sessions >= HOPELESS {
            Reaction::Stop(
                "frame_too_large",
                "raise `Config::largest_frame`, or look at what stands between this program and Discord",
            )
        } else {
            Reaction::NewSession(Duration::ZERO)
        };
        self.on_disconnected(Disconnect { reason, reaction }, now);
    }

    /// Stops the shard.
    pub(crate) fn stop(
        &mut self,
        code: impl Into<StopCode>,
        reason: String,
        hint: &str,
        now: Moment,
    ) {
        self.phase = Phase::Stopped;
        let state = LinkState::Stopped {
            code: code.into(),
            reason,
            hint: Some(hint.into()),
        };
        self.set_link(state, now);
    }

    /// Whether the shard is stopped.
    pub(crate) fn is_stopped(&self) -> bool {
        self.phase == Phase::Stopped
    }

    /// Gives up the session, because the close code ends it.
    pub(crate) fn sign_off(&mut self, now: Moment) {
        if self.resumable.is_some() {
            self.forget("the bot signed off", Some(now));
        }
    }

    /// Takes the source's own close of the connection.
    pub(crate) fn on_closing(&mut self, now: Moment) {
        if self.is_open() {
            self.shard_event("discord.SHARD_DISCONNECT", now);
            self.shard_event("discord.DISCONNECT", now);
        }
    }

    /// Waits for the next try: the backoff, and no less than `at_least`.
    pub(super) fn wait(&mut self, reason: String, at_least: Duration, now: Moment) {
        let pause = self.backoff.next(now.at).max(at_least);
        self.phase = Phase::Waiting {
            until: now.at + pause,
        };
        let until = now.wall_in(pause);
        self.set_link(LinkState::Waiting { until, reason }, now);
    }

    /// Shows a state of the link, and writes it as an event at the shard's place.
    pub(super) fn set_link(&mut self, state: LinkState, now: Moment) {
        self.outbox.link(self.place.clone(), &state, now);
        self.link = Some(state);
    }

    /// Drops the resumable session, and remembers its gap.
    pub(super) fn forget(&mut self, cause: &str, now: Option<Moment>) {
        self.pending.session_lost();
        let had_session = self.resumable.take().is_some();
        self.seq = None;
        self.durable = None;
        self.ahead.clear();
        self.tries = 0;
        self.unanswered = 0;
        if !had_session {
            return;
        }
        if self.lost.is_none()
            && let Some(last) = &self.last
        {
            let cause = if self.count == 1 {
                cause.to_owned()
            } else {
                format!("shard {}: {cause}", self.shard)
            };
            self.lost = Some(Lost {
                from: Edge::frame(last.at, &*last.stream, last.seq),
                cause,
            });
        }
        if let Some(now) = now {
            self.render(now.wall);
            let checkpoint = self.checkpoint(now.wall);
            self.outbox.checkpoint(checkpoint);
        }
    }

    /// Acts on deadlines that have passed.
    ///
    /// # Errors
    /// The connection has to be closed.
    pub(crate) fn on_deadline(&mut self, now: Moment) -> Result<(), Disconnect> {
        let is_paused = self.paused_at.is_some();
        match self.phase {
            Phase::Waiting { until } if until <= now.at => self.start(),
            Phase::AwaitingHello { by } if by <= now.at && !is_paused => {
                return Err(Disconnect::resume("Discord did not greet in time"));
            }
            Phase::Identifying { by } if by <= now.at && !is_paused => {
                return Err(Disconnect::resume("the session did not begin in time"));
            }
            Phase::Resuming { by } if by <= now.at && !is_paused => {
                self.unanswered += 1;
                let reason = "the resume was not answered in time".to_owned();
                let reaction = if self.unanswered >= UNANSWERED {
                    Reaction::NewSession(Duration::ZERO)
                } else {
                    Reaction::Resume(Duration::ZERO)
                };
                return Err(Disconnect { reason, reaction });
            }
            _ => {}
        }
        self.beat(now)?;
        if !is_paused {
            self.settle_overdue(now);
            self.pending.expire(now.at);
        }
        self.send_presence(now.at);
        Ok(())
    }

    /// Sends a heartbeat if one is due (protocol §2).
    ///
    /// A beat that the last one was not answered closes the connection instead, with a code that keeps the session; a pause in
    /// reading is no silence of the server.
    pub(super) fn beat(&mut self, now: Moment) -> Result<(), Disconnect> {
        let is_paused = self.paused_at.is_some();
        let Some(heartbeat) = self
            .heartbeat
            .as_mut()
            .filter(|heartbeat| heartbeat.next_at() <= now.at)
        else {
            return Ok(());
        };
        if heartbeat.is_silent() && !is_paused {
            return Err(Disconnect::resume(
                "Discord stopped acknowledging heartbeats",
            ));
        }
        heartbeat.beat(now.at);
        self.replies.push_back(wire::heartbeat(self.durable));
        Ok(())
    }
}
