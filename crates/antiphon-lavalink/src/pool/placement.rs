//! Which node each player is at: the choice, moves to another node, drained nodes, and the comparison with the players
//! that a node reports.
//!
//! At most [`AT_ONCE`] players move to one node at a time. A moved player is put back by one request
//! ([`Operation::Restore`](crate::player::Operation::Restore)).
//!
//! # Why a player moves
//! - *lost*: its node did not come back within `failover_after`. If no other node is connected, this is tried again
//!   each second; once its own node is back, the player stays.
//! - *drained*: its node is being closed with failover. After 30 s those that are left are disconnected.
//! - *requested*: the client switched it.
//! - It also stays and is put back, where its node has a new session, or lacks the player.
//!
//! # Comparison
//! After a resumed session, and wherever a frame contradicts a player, the node is asked for its players. Its list
//! counts, except for players with a request that was sent meanwhile: they are compared again 5 s later. Players that
//! only the node knows are deleted there: they moved away while it was gone.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use tokio::{sync::oneshot, time::Instant};

use super::{
    GuildId, Moment, NodeClosed, NodeId, PoolState, Task, body, node_place, penalty,
    region_from_endpoint,
};
use crate::{
    error::{InvalidNodeError, PlayerError, RequestError},
    model::MoveReason,
    player::{RemotePlayer, Reply},
    wire,
};

/// Players that one node takes over at the same time.
const AT_ONCE: usize = 2;
/// Pause before the next attempt to move players of a lost node, when no other node was connected.
const AGAIN_AFTER: Duration = Duration::from_secs(1);
/// Time that the players of a drained node have to move; then they are disconnected.
const DRAIN_WITHIN: Duration = Duration::from_secs(30);

/// Moves that wait or are under way, and nodes that are being closed.
#[derive(Debug, Default)]
pub(super) struct Placement {
    /// Moves that wait for a node.
    moves: VecDeque<Move>,
    /// Target node of each player that is being put back.
    pub(super) moving: HashMap<GuildId, usize>,
    drains: Vec<Drain>,
}

impl Placement {
    /// The earliest deadline of a drain.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.drains.iter().filter_map(Drain::deadline).min()
    }

    /// Whether `target` may take over one more player now.
    fn may_take(&self, target: usize) -> bool {
        let targets = self.moving.values();
        targets.filter(|index| **index == target).count() < AT_ONCE
    }

    /// Drops the moves away from a lost node, since it is back.
    pub(super) fn stay_at(&mut self, index: usize) {
        self.moves
            .retain(|wish| wish.from != index || wish.reason != Some(MoveReason::NodeLost));
    }

    /// Forgets the moves under way to a node that was lost.
    pub(super) fn target_lost(&mut self, index: usize) {
        self.moving.retain(|_, target| *target != index);
    }
}

/// A player that waits to be put back; dropped if the player is gone or elsewhere when its turn comes.
#[derive(Debug)]
struct Move {
    guild: GuildId,
    /// The node that it is at.
    from: usize,
    /// Target node; `None` for any other node.
    to: Option<usize>,
    /// `None` where the player stays at its node, in a new session.
    reason: Option<MoveReason>,
    /// When the player was last known to play; `None` while it still does.
    lost_at: Option<Instant>,
    reply: Option<Reply>,
}

/// A node that is being closed.
#[derive(Debug)]
struct Drain {
    /// The node.
    node: usize,
    /// When players that are left are disconnected.
    by: Instant,
    /// Players that no other node took over.
    disconnected: Vec<GuildId>,
    /// Whether its players are gone and the node was asked to drop the session.
    is_releasing: bool,
    reply: oneshot::Sender<Vec<GuildId>>,
}

impl Drain {
    fn deadline(&self) -> Option<Instant> {
        (!self.is_releasing).then_some(self.by)
    }
}

/// Whether a player must be compared with the player that its node reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Comparison {
    /// No comparison is due.
    None,
    /// The node was asked for its players.
    Asked,
    /// Another request was sent to the node meanwhile, so that its list may be older than that request.
    Overtaken,
}

// ---------------------------------------------------------------------------------------------------------------------
// The choice of a node.

impl PoolState {
    /// The node for a player: `chosen` if possible, else the least busy of the endpoint's region, else of all.
    pub(super) fn best(
        &self,
        chosen: Option<&NodeId>,
        endpoint: Option<&str>,
        may: impl Fn(usize) -> bool,
    ) -> Option<usize> {
        let can = |index: &usize| {
            let node = &self.nodes[*index];
            node.is_ready() && !node.is_draining && may(*index)
        };
        if let Some(index) = chosen.and_then(|id| self.index(id)).filter(can) {
            return Some(index);
        }
        let region = endpoint.and_then(region_from_endpoint);
        let rank = |index: &usize| {
            let node = &self.nodes[*index];
            let penalty = penalty::with_newcomers(penalty(node.stats.as_ref()), node.newcomers);
            (penalty, node.newcomers)
        };
        let least = |indexes: &mut dyn Iterator<Item = usize>| {
            indexes.filter(can).min_by(|one, other| {
                let (one, other) = (rank(one), rank(other));
                one.0.total_cmp(&other.0).then(one.1.cmp(&other.1))
            })
        };
        let is_near = |index: &usize| {
            region.is_some() && self.nodes[*index].config.region.as_deref() == region
        };
        least(&mut (0..self.nodes.len()).filter(is_near))
            .or_else(|| least(&mut (0..self.nodes.len())))
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// Moves.

impl PoolState {
    /// Moves the players of a node that did not come back in time, if another node is connected.
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
            if self.is_gone(guild) {
                self.abandon(guild, now);
            } else {
                self.queue_move(guild, index, None, Some(MoveReason::NodeLost), lost_at);
            }
        }
        self.pump_moves(now);
    }

    /// Queues a move that nobody waits for.
    fn queue_move(
        &mut self,
        guild: GuildId,
        from: usize,
        to: Option<usize>,
        reason: Option<MoveReason>,
        lost_at: Option<Instant>,
    ) {
        self.placement.moves.push_back(Move {
            guild,
            from,
            to,
            reason,
            lost_at,
            reply: None,
        });
    }

    /// Whether a player is there and gone.
    fn is_gone(&self, guild: GuildId) -> bool {
        let slot = self.slots.get(&guild);
        slot.is_some_and(|slot| slot.player.is_gone)
    }

    /// Drops a player that is gone, without a request to its node.
    fn abandon(&mut self, guild: GuildId, now: Moment) {
        if let Some(slot) = self.slots.get_mut(&guild) {
            slot.player.abandon();
        }
        self.pump(guild, now);
    }

    /// Puts all players of a node back there, in its new session.
    pub(super) fn rebuild(&mut self, index: usize, now: Moment) {
        for guild in self.players_of(index) {
            self.put_back(index, guild, now);
        }
    }

    /// Puts a player back at its own node.
    fn put_back(&mut self, index: usize, guild: GuildId, now: Moment) {
        if self.is_gone(guild) {
            return self.abandon(guild, now);
        }
        self.queue_move(guild, index, Some(index), None, None);
    }

    /// Moves a player to a node that the client chose.
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
                    // The player has no node yet, and will be assigned this one.
                    drop(reply.send(Ok(None)));
                    return self.pump(guild, now);
                };
                self.placement.moves.push_front(Move {
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

    /// Begins as many waiting moves as [`AT_ONCE`] allows.
    pub(super) fn pump_moves(&mut self, now: Moment) {
        let mut waiting = std::mem::take(&mut self.placement.moves);
        while let Some(wish) = waiting.pop_front() {
            let id = self.nodes[wish.from].id();
            let slot = self
                .slots
                .get(&wish.guild)
                .filter(|slot| !slot.player.is_gone);
            let Some(slot) = slot.filter(|slot| slot.player.node.as_ref() == Some(id)) else {
                // The player is gone, or at another node already.
                continue;
            };
            let may = |index: usize| self.placement.may_take(index);
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
            self.placement.moves.push_back(wish);
            let mut nodes = 0..self.nodes.len();
            if nodes.all(|index| !self.nodes[index].is_ready() || !self.placement.may_take(index)) {
                break;
            }
        }
        self.placement.moves.append(&mut waiting);
    }

    /// Begins a move: the former node destroys its player if it is connected, and the restore is queued.
    ///
    /// A player without a voice connection does not count as moving, since Discord may take long.
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
            // Discord may take long, and must not hold up the other moves.
            slot.player.ask_voice_anew(now.at);
        } else {
            self.placement.moving.insert(guild, target);
        }
        self.pump(guild, now);
    }

    /// Handles the end of a player's request: once the player is put back, the next moves begin.
    pub(super) fn after_response(&mut self, guild: GuildId, now: Moment) {
        let slot = self.slots.get(&guild);
        let is_moving = slot.is_some_and(|slot| slot.player.is_restoring());
        if !is_moving && self.placement.moving.remove(&guild).is_some() {
            self.pump_moves(now);
        }
        self.finish_drains(now);
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// Drains.

impl PoolState {
    /// Closes a node. With `failover` its players move to other nodes first, if one is connected.
    pub(super) fn close_node(
        &mut self,
        node: &NodeId,
        failover: bool,
        reply: oneshot::Sender<Vec<GuildId>>,
        now: Moment,
    ) {
        let index = self.index(node);
        let may_close = |index: &usize| {
            let node = &self.nodes[*index];
            !node.is_draining && !node.is_closed()
        };
        let Some(index) = index.filter(may_close) else {
            drop(reply.send(Vec::new()));
            return;
        };
        self.nodes[index].is_draining = true;
        let elsewhere = self.best(None, None, |other| other != index).is_some();
        let may_move = failover && elsewhere;
        let by = if may_move {
            now.at + DRAIN_WITHIN
        } else {
            now.at
        };
        self.placement.drains.push(Drain {
            node: index,
            by,
            disconnected: Vec::new(),
            is_releasing: false,
            reply,
        });
        if may_move {
            for guild in self.players_of(index) {
                self.queue_move(guild, index, None, Some(MoveReason::Drained), None);
            }
            self.pump_moves(now);
        }
        self.finish_drains(now);
    }

    /// Closes the drained nodes that are empty or overdue.
    pub(super) fn finish_drains(&mut self, now: Moment) {
        for mut drain in std::mem::take(&mut self.placement.drains) {
            let index = drain.node;
            let left = self.players_of(index);
            let is_deleting = self.nodes[index].is_ready() && self.nodes[index].deleting > 0;
            let must_wait =
                drain.is_releasing || (now.at < drain.by && (is_deleting || !left.is_empty()));
            if must_wait {
                self.placement.drains.push(drain);
                continue;
            }
            for guild in left {
                if let Some(slot) = self.slots.get_mut(&guild) {
                    if !slot.player.is_gone {
                        slot.player.drop_out();
                        drain.disconnected.push(guild);
                    }
                    // The end of the session ends the node's player.
                    slot.player.abandon();
                }
                self.pump(guild, now);
            }
            if self.nodes[index].is_ready()
                && let Some(session) = self.nodes[index].session_id().cloned()
            {
                // Otherwise the node would keep the session and the players that it was not asked to destroy. Its
                // frames are read until it responds.
                self.tasks.push_back(Task::Release {
                    node: index,
                    session,
                });
                drain.is_releasing = true;
                self.placement.drains.push(drain);
                continue;
            }
            self.closed(drain, now);
        }
    }

    /// Handles the response to a release, or its absence: the node is closed.
    pub(super) fn released(&mut self, index: usize, now: Moment) {
        let is_its = |drain: &mut Drain| drain.node == index && drain.is_releasing;
        let released: Vec<Drain> = self.placement.drains.extract_if(.., is_its).collect();
        for drain in released {
            self.closed(drain, now);
        }
    }

    /// Closes a drained node, makes its event, and replies to the caller.
    fn closed(&mut self, drain: Drain, now: Moment) {
        let index = drain.node;
        let epoch = self.nodes[index].epoch();
        if self.nodes[index].close() {
            self.closes.push_back((index, epoch));
        }
        self.nodes_changed = true;
        let disconnected = drain.disconnected.iter().map(|guild| guild.get()).collect();
        let body = body(&wire::Own {
            disconnected,
            ..wire::Own::default()
        });
        let place = node_place(self.nodes[index].id());
        self.own_event::<NodeClosed>(place, body, None, now);
        self.save_node(index, now);
        drop(drain.reply.send(drain.disconnected));
    }
}

// ---------------------------------------------------------------------------------------------------------------------
// Comparison.

impl PoolState {
    /// Notes whether a player is being compared.
    pub(super) fn set_comparison(&mut self, guild: GuildId, comparison: Comparison) {
        if let Some(slot) = self.slots.get_mut(&guild) {
            slot.comparison = comparison;
        }
    }

    /// Asks a node for its players, to compare them with the players that are due for it.
    pub(super) fn compare(&mut self, index: usize, epoch: u64, session: Arc<str>) {
        for guild in self.players_of(index) {
            if let Some(slot) = self.slots.get_mut(&guild)
                && slot.comparison != Comparison::None
            {
                slot.comparison = if slot.player.awaits_response() {
                    Comparison::Overtaken
                } else {
                    Comparison::Asked
                };
            }
        }
        self.tasks.push_back(Task::Players {
            node: index,
            epoch,
            session,
        });
    }

    /// Compares the players of a node with those that it reports: each player takes over the node's view, a player
    /// that the node lacks is put back, and a player that only the node knows is deleted.
    pub(super) fn reconcile(
        &mut self,
        index: usize,
        epoch: u64,
        outcome: Result<Vec<RemotePlayer>, RequestError>,
        now: Moment,
    ) {
        if !self.nodes[index].is_current(epoch) {
            return;
        }
        let remotes = match outcome {
            Ok(remotes) => remotes,
            Err(error) => {
                tracing::warn!(node = %self.nodes[index].id(), %error, "the node's players could not be asked for");
                self.nodes[index].compare_later(now.at);
                return;
            }
        };
        // A view from before the response to a request would undo that request.
        let all = self.players_of(index);
        let is = |guild: &GuildId, comparison| {
            let slot = self.slots.get(guild);
            slot.is_some_and(|slot| slot.comparison == comparison)
        };
        if all.iter().any(|guild| is(guild, Comparison::Overtaken)) {
            self.nodes[index].compare_later(now.at);
        }
        let mut ours = all.clone();
        ours.retain(|guild| is(guild, Comparison::Asked));
        for guild in &ours {
            self.set_comparison(*guild, Comparison::None);
        }
        for remote in remotes {
            let Some(guild) = remote.guild else { continue };
            if let Ok(found) = ours.binary_search(&guild) {
                ours.remove(found);
                if let Some(slot) = self.slots.get_mut(&guild) {
                    if !slot.player.is_gone {
                        slot.player.reconcile(Some(remote), now.at);
                    }
                    self.pump(guild, now);
                }
            } else if all.binary_search(&guild).is_err() {
                // The player moved while the node was away, or it belongs to no pool.
                self.delete(index, guild);
            }
        }
        for guild in ours {
            self.put_back(index, guild, now);
        }
        self.pump_moves(now);
    }
}
