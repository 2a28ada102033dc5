//! Frames of nodes: each becomes an event, and changes the node or the player that it is about.
//!
//! The order matters. A frame is first given to its player, because the note of its event says what the player knows:
//! the track as the client played it, and whether it goes on. The event is queued next, and then what the player does
//! about it, so that a checkpoint covers the event that changed it.
//!
//! # Which frame does what
//! - `ready` connects the node, asks it to keep the session, and compares or puts back its players.
//! - `stats` replaces the node's statistics, and stores its last frame, once a minute.
//! - Everything else goes to the player of its guild, if that is at this node; any unknown frame is an event and
//!   nothing more.
//!
//! # Replays
//! After a resumed session, a node sends what it kept, in order. These frames are `replayed` for up to 2 s, and until
//! the first `playerUpdate`, which nodes never keep (protocol §8). What was in flight when the socket broke is sent by
//! nobody: a gap covers it.

use std::sync::Arc;

use super::{
    Bytes, Comparison, Edge, Gap, GuildId, Moment, Origin, PoolState, Provenance, Task, node_place,
};
use crate::{
    event::{Heading, note},
    model::{DiscordVoiceCloseType, TrackEndReason},
    player::{RemotePlayer, TrackNote},
    session::Readiness,
    view, wire,
};

impl PoolState {
    /// Takes a frame of a node's socket.
    ///
    /// A frame of a socket that was given up has an origin of its own and changes nothing.
    pub(crate) fn on_frame(&mut self, index: usize, epoch: u64, frame: &Bytes, now: Moment) {
        let heading = Heading::of(frame);
        if !self.nodes[index].is_current(epoch) {
            // The socket was given up meanwhile, so that its frame is stored and changes nothing.
            self.late += 1;
            let origin = Origin::frame(&format!("{}-late", self.nonce), self.late);
            let place = self.place(index, heading.guild);
            let draft = heading.draft(place, origin, now.wall, frame.clone());
            self.outbox.event(draft);
            return;
        }
        let origin = self.nodes[index].on_frame(now);
        let (kind, guild) = (heading.kind.clone(), heading.guild);
        let place = self.place(index, guild);
        let mut draft = heading.draft(place, origin, now.wall, frame.clone());
        let node = &mut self.nodes[index];
        if node.is_replaying(now.at) {
            draft.provenance = Provenance::Replayed;
        }
        match kind.as_str() {
            "lavalink.ready" => {
                draft.provenance = Provenance::Live;
                self.outbox.event(draft);
                let ready: view::Ready<'_> = antiphon_core::read_json(frame).unwrap_or_default();
                self.on_ready(index, epoch, &ready, now);
            }
            "lavalink.stats" => {
                self.outbox.event(draft);
                let node = &mut self.nodes[index];
                node.stats = antiphon_core::read_json(frame).ok();
                node.newcomers = 0;
                self.nodes_changed = true;
                self.save_node(index, now);
            }
            kind => {
                if kind == "lavalink.playerUpdate" {
                    node.end_replay();
                    draft.provenance = Provenance::Live;
                }
                let noted =
                    guild.and_then(|guild| self.pass_to_player(index, guild, kind, frame, now));
                if let Some(noted) = &noted {
                    draft.note = note(noted.original.as_deref(), None, noted.restored);
                }
                self.outbox.event(draft);
                if let Some(guild) = guild.filter(|_| noted.is_some()) {
                    self.pump(guild, now);
                }
            }
        }
        self.tell_link(now);
    }

    /// Passes a frame to the player at this node; returns the note for its event if the frame concerns one.
    ///
    /// A frame that cannot be read changes nothing.
    fn pass_to_player(
        &mut self,
        index: usize,
        guild: GuildId,
        kind: &str,
        frame: &[u8],
        now: Moment,
    ) -> Option<TrackNote> {
        let slot = self.slots.get_mut(&guild)?;
        let player = &mut slot.player;
        if player.node.as_ref() != Some(self.nodes[index].id()) {
            return None;
        }
        let noted = match kind {
            "lavalink.playerUpdate" => {
                let usual = view::PlayerUpdate::usual(frame).map(|(_, update)| update);
                let update = usual.or_else(|| antiphon_core::read_json(frame).ok())?;
                player.on_update(update.state, now.at);
                TrackNote::default()
            }
            "lavalink.TrackStartEvent" => {
                let event: view::TrackEvent<'_> = antiphon_core::read_json(frame).ok()?;
                player.on_track_start(event.track.into(), now.at)
            }
            "lavalink.TrackEndEvent" => {
                let event: view::TrackEvent<'_> = antiphon_core::read_json(frame).ok()?;
                let reason = TrackEndReason::from(event.reason.as_deref().unwrap_or_default());
                player.on_track_end(&event.track.into(), &reason, now.at)
            }
            "lavalink.TrackExceptionEvent" | "lavalink.TrackStuckEvent" => {
                let event: view::TrackEvent<'_> = antiphon_core::read_json(frame).ok()?;
                player.on_track_trouble(&event.track.into())
            }
            "lavalink.WebSocketClosedEvent" => {
                let closed: view::VoiceClosed<'_> = antiphon_core::read_json(frame).ok()?;
                let code = DiscordVoiceCloseType(u16::try_from(closed.code).unwrap_or_default());
                player.on_voice_closed(code, closed.by_remote, now.at);
                TrackNote::default()
            }
            _ => return None,
        };
        Some(noted)
    }

    /// Handles `ready`; a second one on the same socket has no effect.
    fn on_ready(&mut self, index: usize, epoch: u64, ready: &view::Ready<'_>, now: Moment) {
        let readiness = self.nodes[index].on_ready(&ready.session_id, ready.resumed, now);
        if readiness == Readiness::Repeated {
            return;
        }
        self.nodes_changed = true;
        // The checkpoint of the new socket follows the gap before it, so that no crash comes between the two.
        match &readiness {
            Readiness::Resumed {
                unheard: Some((from, to)),
            } => {
                let cause = "what was under way when the socket broke is not sent again";
                let gap = Gap::new(from.clone(), to.clone(), cause);
                let place = node_place(self.nodes[index].id());
                self.own_event::<Gap>(place, gap.body(), None, now);
            }
            Readiness::Anew { since } => {
                let cause = "the node's session could not go on";
                self.gap(index, since.clone(), cause, now);
            }
            _ => {}
        }
        self.save_node(index, now);
        let Some(session) = self.nodes[index].session_id().cloned() else {
            return;
        };
        self.tasks.push_back(Task::Configure {
            node: index,
            session: Arc::clone(&session),
        });
        self.nodes[index].is_info_settled = false;
        self.tasks.push_back(Task::Info { node: index });
        self.placement.stay_at(index);
        match readiness {
            Readiness::Resumed { .. } => {
                for guild in self.players_of(index) {
                    self.set_comparison(guild, Comparison::Asked);
                    if let Some(slot) = self.slots.get_mut(&guild) {
                        slot.player.on_resumed();
                    }
                }
                self.compare(index, epoch, session);
            }
            Readiness::Anew { .. } | Readiness::First => self.rebuild(index, now),
            Readiness::Repeated => {}
        }
        // Players without a node can be assigned one now, and those at this node go on.
        let waiting = self.guilds(|slot| slot.player.needs_node());
        for guild in waiting.into_iter().chain(self.players_of(index)) {
            self.pump(guild, now);
        }
        self.pump_moves(now);
    }

    /// Emits a gap at a node, from an edge to now.
    pub(super) fn gap(&mut self, index: usize, since: Edge, cause: &str, now: Moment) {
        let gap = Gap::new(since, Edge::at(now.wall), cause);
        let place = node_place(self.nodes[index].id());
        self.own_event::<Gap>(place, gap.body(), None, now);
        self.nodes[index].gap_reported(now);
    }
}

/// Reads a response that lists players; elements that are no objects are left out.
pub(crate) fn remotes(body: &[u8]) -> Result<Vec<RemotePlayer>, serde_json::Error> {
    let players: Vec<wire::Player<'_>> = wire::objects(body)?;
    Ok(players.into_iter().map(Into::into).collect())
}
