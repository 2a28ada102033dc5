//! Players that go on elsewhere: at most two at a time for each node that takes them.

use super::{GuildId, Instant, Moment, NodeId, PoolState};
use crate::{
    error::{InvalidNodeError, PlayerError},
    model::MoveReason,
    player::Reply,
};

/// Players that a node takes over at the same time.
const AT_ONCE: usize = 2;
/// How long after players could not move, for want of a node, that is tried again.
const AGAIN_AFTER: std::time::Duration = std::time::Duration::from_secs(1);

/// A player that waits to be put back.
#[derive(Debug)]
pub(super) struct Move {
    guild: GuildId,
    from: usize,
    /// Where to; any other node if absent.
    to: Option<usize>,
    /// Why; absent where it stays at its node, in a new session.
    reason: Option<MoveReason>,
    /// When it was last known to play; absent if it still does.
    lost_at: Option<Instant>,
    reply: Option<Reply>,
}

impl Move {
    /// Whether it is not one that wants to leave this node because it was lost.
    pub(super) fn stays_away_from(&self, index: usize) -> bool {
        self.from != index || self.reason != Some(MoveReason::NodeLost)
    }
}

impl PoolState {
    /// The grace of a lost node is over: its players go elsewhere, if there is an elsewhere.
    pub(super) fn fail_over(&mut self, index: usize, now: Moment) {
        let guilds = self.players_of(index);
        let elsewhere = self.best(None, None, |other| other != index).is_some();
        if !elsewhere {
            if !guilds.is_empty() {
                self.nodes[index].fail_over_later(now.at + AGAIN_AFTER);
            }
            return;
        }
        if let Some(since) = self.nodes[index].last_edge().filter(|_| !guilds.is_empty()) {
            self.gap(index, since, "the node was lost", now);
        }
        let lost_at = self.nodes[index].lost_at();
        for guild in guilds {
            let is_gone = self
                .slots
                .get(&guild)
                .is_some_and(|slot| slot.player.is_gone);
            if is_gone {
                self.abandon(guild, now);
                continue;
            }
            self.moves.push_back(Move {
                guild,
                from: index,
                to: None,
                reason: Some(MoveReason::NodeLost),
                lost_at,
                reply: None,
            });
        }
        self.pump_moves(now);
    }

    /// A player cannot tell its node any more that it is over.
    fn abandon(&mut self, guild: GuildId, now: Moment) {
        if let Some(slot) = self.slots.get_mut(&guild) {
            slot.player.abandon();
        }
        self.pump(guild, now);
    }

    /// All players of a node are made anew there.
    pub(super) fn rebuild(&mut self, index: usize, now: Moment) {
        for guild in self.players_of(index) {
            self.put_back(index, guild, now);
        }
    }

    /// A player is made anew at its own node.
    pub(super) fn put_back(&mut self, index: usize, guild: GuildId, now: Moment) {
        if self
            .slots
            .get(&guild)
            .is_some_and(|slot| slot.player.is_gone)
        {
            return self.abandon(guild, now);
        }
        self.moves.push_back(Move {
            guild,
            from: index,
            to: Some(index),
            reason: None,
            lost_at: None,
            reply: None,
        });
    }

    /// Every player of a node goes elsewhere because its user wants that.
    pub(super) fn move_away(&mut self, index: usize, now: Moment) {
        for guild in self.players_of(index) {
            self.moves.push_back(Move {
                guild,
                from: index,
                to: None,
                reason: Some(MoveReason::Drained),
                lost_at: None,
                reply: None,
            });
        }
        self.pump_moves(now);
    }

    /// Somebody wants a player at another node.
    pub(super) fn switch(&mut self, guild: GuildId, node: &NodeId, reply: Reply, now: Moment) {
        let slot = self
            .slots
            .get_mut(&guild)
            .filter(|slot| !slot.player.is_gone);
        let Some(slot) = slot else {
            drop(reply.send(Err(PlayerError::InvalidChannelState(guild))));
            return;
        };
        let target = self.nodes.iter().position(|known| known.id() == node);
        let error = match target {
            None => InvalidNodeError::Unknown(node.clone()),
            Some(_) if slot.player.node.as_ref() == Some(node) => {
                InvalidNodeError::Same(node.clone())
            }
            Some(target) if !self.nodes[target].is_ready() => {
                InvalidNodeError::NotConnected(node.clone())
            }
            Some(target) => {
                slot.player.chosen = Some(node.clone());
                let from = slot.player.node.clone().and_then(|id| self.index(&id));
                let Some(from) = from else {
                    // It has no node yet, and will have this one.
                    drop(reply.send(Ok(None)));
                    return self.pump(guild, now);
                };
                self.moves.push_front(Move {
                    guild,
                    from,
                    to: Some(target),
                    reason: Some(MoveReason::Requested),
                    lost_at: None,
                    reply: Some(reply),
                });
                return self.pump_moves(now);
            }
        };
        drop(reply.send(Err(PlayerError::InvalidNode(error))));
    }

    /// Begins as many moves as may be under way.
    pub(super) fn pump_moves(&mut self, now: Moment) {
        let mut waiting = std::mem::take(&mut self.moves);
        while let Some(wish) = waiting.pop_front() {
            let id = self.nodes[wish.from].id();
            let slot = self
                .slots
                .get(&wish.guild)
                .filter(|slot| !slot.player.is_gone);
            let Some(slot) = slot.filter(|slot| slot.player.node.as_ref() == Some(id)) else {
                // It is gone, or elsewhere already.
                continue;
            };
            let may = |index: usize| {
                self.moving
                    .values()
                    .filter(|target| **target == index)
                    .count()
                    < AT_ONCE
            };
            let target = if let Some(target) = wish.to {
                Some(target).filter(|target| self.nodes[*target].is_ready() && may(*target))
            } else {
                let endpoint = slot.player.endpoint();
                self.best(None, endpoint, |index| index != wish.from && may(index))
            };
            if let Some(target) = target {
                self.begin_move(wish, target, now);
                continue;
            }
            self.moves.push_back(wish);
            let mut nodes = 0..self.nodes.len();
            if nodes.all(|index| !self.nodes[index].is_ready() || !may(index)) {
                break;
            }
        }
        self.moves.append(&mut waiting);
    }

    fn begin_move(&mut self, wish: Move, target: usize, now: Moment) {
        let Move {
            guild,
            from,
            reason,
            lost_at,
            reply,
            ..
        } = wish;
        if from != target && self.nodes[from].is_ready() {
            self.delete(from, guild);
        }
        self.nodes[target].newcomers += 1;
        let id = self.nodes[target].id().clone();
        let Some(slot) = self.slots.get_mut(&guild) else {
            return;
        };
        slot.player
            .restore(id, reason, lost_at.unwrap_or(now.at), reply);
        if slot.player.lacks_voice() {
            // Discord may take its time, which need not hold up the others.
            slot.player.ask_voice_anew(now.at);
        } else {
            self.moving.insert(guild, target);
        }
        self.pump(guild, now);
    }

    /// A player's request was answered: if it was put back by it, others have their turn.
    pub(super) fn go_on_moving(&mut self, guild: GuildId, now: Moment) {
        let is_moving = self
            .slots
            .get(&guild)
            .is_some_and(|slot| slot.player.is_restoring());
        if !is_moving && self.moving.remove(&guild).is_some() {
            self.pump_moves(now);
        }
        self.finish_drains(now);
    }
}
