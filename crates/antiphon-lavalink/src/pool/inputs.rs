//! Inputs of the pool other than frames: voice events, commands, outcomes of tasks, lost sockets and time.
//!
//! Each changes a node or a player and then pumps the players that it touched. A response is matched by its number, so
//! that one of a former node, or of a request that was given up, has no effect.

use std::sync::Arc;

use tokio::time::Instant;

use super::{
    ConnectionLoss, Done, Moment, NodeDisconnected, NodeState, PoolCommand, PoolState, Slot,
    node_place, note,
};
use crate::{
    error::{InvalidNodeError, PlayerError},
    model::{GuildId, VoiceServer, VoiceState},
    player::LocalPlayer,
};

impl PoolState {
    /// Takes a voice state; states of other users than the bot are ignored.
    pub(crate) fn on_voice_state(&mut self, state: &VoiceState, now: Moment) {
        if state.user != self.user {
            return;
        }
        if let Some(slot) = self.slots.get_mut(&state.guild) {
            slot.player
                .on_voice_state(state.channel, &state.session_id, now.at);
            self.pump(state.guild, now);
        }
    }

    /// Takes a voice server; one for a guild without a player is ignored.
    pub(crate) fn on_voice_server(&mut self, server: VoiceServer, now: Moment) {
        if let Some(slot) = self.slots.get_mut(&server.guild) {
            slot.player
                .on_voice_server(server.token, server.endpoint, now.at);
            self.pump(server.guild, now);
        }
    }

    /// Handles the loss of the bot's voice state at Discord, which no user caused: the player joins its channel again.
    pub(crate) fn on_voice_lost(&mut self, guild: GuildId, now: Moment) {
        if let Some(slot) = self.slots.get_mut(&guild) {
            slot.player.ask_voice_anew(now.at);
            self.pump(guild, now);
        }
    }

    /// Takes a command of a client.
    ///
    /// A command that needs a player fails without one; others create it, in place of one that is gone and not deleted
    /// yet.
    pub(crate) fn on_command(&mut self, command: PoolCommand, now: Moment) {
        match command {
            PoolCommand::Player { guild, command } => {
                let is_there = self
                    .slots
                    .get(&guild)
                    .is_some_and(|slot| !slot.player.is_gone);
                if !is_there && !command.makes_player() {
                    return command.fail(PlayerError::InvalidChannelState(guild));
                }
                if let Some(node) = command.node()
                    && self.index(node).is_none()
                {
                    let node = node.clone();
                    return command.fail(PlayerError::InvalidNode(InvalidNodeError::Unknown(node)));
                }
                if command.needs_a_node_to_come() && self.nodes.iter().all(NodeState::is_over) {
                    return command.fail(PlayerError::NotConnected(self.not_connected()));
                }
                if !is_there {
                    self.forget(guild);
                    let player =
                        LocalPlayer::new(guild, self.rules.clone(), self.rng.fork(), now.at);
                    self.slots.insert(guild, Box::new(Slot::new(player)));
                }
                if let Some(slot) = self.slots.get_mut(&guild) {
                    slot.player.on_command(*command, now.at);
                }
                self.pump(guild, now);
            }
            PoolCommand::Switch { guild, node, reply } => self.switch(guild, &node, reply, now),
            PoolCommand::CloseNode {
                node,
                failover,
                reply,
            } => self.close_node(&node, failover, reply, now),
            PoolCommand::Reconnect => {
                for node in &mut self.nodes {
                    node.retry_now();
                }
                self.open_nodes(now);
            }
        }
        self.conclude(now);
    }

    /// Takes the outcome of a task. A socket that opened after it was given up is closed.
    pub(crate) fn on_done(&mut self, done: Done, now: Moment) {
        match done {
            Done::Opened {
                node,
                epoch,
                outcome,
            } => match outcome {
                Ok(()) if self.nodes[node].is_current(epoch) => self.nodes[node].on_opened(now),
                Ok(()) => self.closes.push_back((node, epoch)),
                Err(loss) => self.on_lost(node, epoch, &loss, now),
            },
            Done::Info { node, info } => {
                self.nodes[node].info = info.map(Arc::from);
                self.nodes[node].is_info_settled = true;
                self.nodes_changed = true;
                // Plugin state and next tracks wait for it.
                for guild in self.players_of(node) {
                    self.pump(guild, now);
                }
            }
            Done::Players {
                node,
                epoch,
                outcome,
            } => self.reconcile(node, epoch, outcome, now),
            Done::Responded {
                guild,
                number,
                outcome,
            } => {
                let Some(slot) = self.slots.get_mut(&guild) else {
                    return;
                };
                if slot.player.awaits(number) {
                    let outcome = outcome.map(|remote| remote.map(|remote| *remote));
                    slot.player.on_response(outcome, now.at);
                    self.pump(guild, now);
                    self.after_response(guild, now);
                }
            }
            Done::Released { node } => self.released(node, now),
            Done::Deleted { node } => {
                self.nodes[node].deleting = self.nodes[node].deleting.saturating_sub(1);
                self.finish_drains(now);
            }
            Done::Recommended { guild, tracks } => {
                if let Some(slot) = self.slots.get_mut(&guild) {
                    slot.player.on_recommended(tracks, now.at);
                    self.pump(guild, now);
                }
            }
            Done::VoiceAsked { guild, outcome } => {
                if let Some(slot) = self.slots.get_mut(&guild) {
                    slot.player.on_voice_asked(outcome, now.at);
                    self.pump(guild, now);
                }
            }
            Done::Nothing => {}
        }
        self.conclude(now);
    }

    /// Handles the end of a node's socket, or the failure to open it.
    ///
    /// Only the loss of a connected node makes an event and stops its players' positions. A node that is given up moves
    /// its players at once; any other when the grace is over.
    pub(crate) fn on_lost(&mut self, index: usize, epoch: u64, loss: &ConnectionLoss, now: Moment) {
        let node = &mut self.nodes[index];
        if !node.is_current(epoch) {
            return;
        }
        if node.on_lost(loss, self.grace, now) {
            let place = node_place(node.id());
            let why = note(None, Some(&loss.failure.reason), false);
            self.own_event::<NodeDisconnected>(place, "{}", why, now);
            for guild in self.players_of(index) {
                if let Some(slot) = self.slots.get_mut(&guild) {
                    slot.player.on_node_lost(now.at);
                }
                self.pump(guild, now);
            }
        }
        if self.nodes[index].is_over() {
            tracing::error!(node = %self.nodes[index].id(), reason = %loss.failure.reason, "a node is given up");
        }
        self.placement.target_lost(index);
        self.nodes_changed = true;
        self.conclude(now);
    }

    /// The earliest time at which [`on_deadline`](Self::on_deadline) must be called.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        let nodes = self.nodes.iter().filter_map(NodeState::deadline);
        let players = self.timers.first().map(|(at, _)| *at);
        nodes.chain(players).chain(self.placement.deadline()).min()
    }

    /// Handles the deadlines that have passed, of nodes first and then of players in the order of their times.
    pub(crate) fn on_deadline(&mut self, now: Moment) {
        for index in 0..self.nodes.len() {
            if self.nodes[index].is_ready_overdue(now.at) {
                let loss = ConnectionLoss::new("the node did not say that it is ready");
                let epoch = self.nodes[index].epoch();
                self.closes.push_back((index, epoch));
                self.on_lost(index, epoch, &loss, now);
            }
            if self.nodes[index].take_compare(now.at)
                && let Some(session) = self.nodes[index].session_id().cloned()
            {
                self.compare(index, self.nodes[index].epoch(), session);
            }
            if self.nodes[index].take_failover(now.at) {
                self.fail_over(index, now);
            }
        }
        self.open_nodes(now);
        while let Some(&(at, guild)) = self.timers.first()
            && at <= now.at
        {
            self.timers.pop_first();
            if let Some(slot) = self.slots.get_mut(&guild) {
                slot.timer = None;
                slot.player.on_deadline(now.at);
                self.pump(guild, now);
            }
        }
        self.finish_drains(now);
        self.conclude(now);
    }
}
