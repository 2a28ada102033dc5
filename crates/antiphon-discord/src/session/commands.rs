//! Commands of clients, and when each may be sent (protocol §8).
//!
//! The loop hands a command over only when it can be carried out: the session is active, a frame may be sent, and there is
//! room among the open commands. Until then it waits in its queue.
//! Presences are the exception: they have a limit of their own, and the newest one waits in the session.

use tokio::{sync::oneshot, time::Instant};

use super::{PendingPresence, Phase, Session};
use crate::{
    error::{MembersError, VoiceError},
    model::{
        members::{MemberQuery, Members},
        presence::Presence,
        voice::{UpdateVoiceState, VoiceConnection},
    },
    wire,
};

/// A command from a client to a shard.
#[derive(Debug)]
pub(crate) enum Command {
    /// Send this presence; a later one replaces it while it waits.
    Presence {
        presence: Presence,
        reply: oneshot::Sender<()>,
    },
    /// Send this frame, which has been checked.
    Send {
        frame: String,
        /// Guild whose pending join it replaces.
        voice: Option<u64>,
        reply: oneshot::Sender<()>,
    },
    /// Request members and collect their chunks.
    Members {
        query: MemberQuery,
        reply: oneshot::Sender<Result<Members, MembersError>>,
    },
    /// Join a voice channel and wait for both answers.
    Join {
        update: UpdateVoiceState,
        reply: oneshot::Sender<Result<VoiceConnection, VoiceError>>,
    },
}

impl Command {
    /// Whether the caller has stopped waiting.
    pub(crate) fn is_abandoned(&self) -> bool {
        match self {
            Self::Presence { reply, .. } | Self::Send { reply, .. } => reply.is_closed(),
            Self::Members { reply, .. } => reply.is_closed(),
            Self::Join { reply, .. } => reply.is_closed(),
        }
    }
}

impl Session {
    /// Carries out a command.
    pub(crate) fn on_command(&mut self, command: Command, now: Instant) {
        if command.is_abandoned() {
            return;
        }
        match command {
            Command::Presence { presence, reply } => {
                let mut replies = self
                    .presence
                    .take()
                    .map_or_else(Vec::new, |one| one.replies);
                replies.retain(|reply| !reply.is_closed());
                replies.push(reply);
                self.presence = Some(PendingPresence { presence, replies });
                self.send_presence(now);
            }
            Command::Send {
                frame,
                voice,
                reply,
            } => {
                if let Some(guild) = voice {
                    self.pending.supersede(guild);
                }
                self.send(frame, now);
                let _ = reply.send(());
            }
            Command::Members { query, reply } => {
                let frame = self.pending.members(&query, reply, now);
                self.send(frame, now);
            }
            Command::Join { update, reply } => {
                let frame = self.pending.join(update, reply, now);
                self.send(frame, now);
            }
        }
    }

    /// Queues a frame other than a heartbeat, and counts it.
    pub(super) fn send(&mut self, frame: String, now: Instant) {
        self.ratelimiter.note(now);
        self.replies.push_back(frame);
    }

    /// Sends the presence that waits, if the limit allows it; called whenever that may have become true.
    pub(super) fn send_presence(&mut self, now: Instant) {
        if self.phase != Phase::Active || self.ratelimiter.presence_at(now) > now {
            return;
        }
        if let Some(pending) = self.presence.take() {
            self.ratelimiter.note_presence(now);
            self.replies.push_back(wire::presence(&pending.presence));
            for reply in pending.replies {
                let _ = reply.send(());
            }
        }
    }
}
