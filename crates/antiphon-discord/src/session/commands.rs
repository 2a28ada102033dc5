//! What clients ask, and when it may be sent (protocol §8).

use tokio::time::Instant;

use super::{PendingPresence, Phase, Session};
use crate::{client::Command, wire};

impl Session {
    /// Carries out what a client asks.
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
                    self.asks.supersede(guild);
                }
                self.send(frame, now);
                let _ = reply.send(());
            }
            Command::Members { query, reply } => {
                let frame = self.asks.members(&query, reply, now);
                self.send(frame, now);
            }
            Command::Join { wish, reply } => {
                let frame = self.asks.join(wish, reply, now);
                self.send(frame, now);
            }
        }
    }

    pub(super) fn send(&mut self, frame: String, now: Instant) {
        self.sends.note(now);
        self.replies.push_back(frame);
    }

    pub(super) fn send_presence(&mut self, now: Instant) {
        if self.phase != Phase::Active || self.sends.presence_at(now) > now {
            return;
        }
        if let Some(pending) = self.presence.take() {
            self.sends.note_presence(now);
            self.replies.push_back(wire::presence(&pending.presence));
            for reply in pending.replies {
                let _ = reply.send(());
            }
        }
    }
}
