//! Closing a node on purpose.

use std::time::Duration;

use tokio::{sync::oneshot, time::Instant};

use super::{GuildId, Moment, NODE_CLOSED, NodeId, PoolState, Task, body, node_place};
use crate::wire;

/// How long players may take to move away; then they are disconnected.
const WITHIN: Duration = Duration::from_secs(30);

/// A node that is being closed.
#[derive(Debug)]
pub(super) struct Drain {
    node: usize,
    by: Instant,
    disconnected: Vec<GuildId>,
    /// Its players are gone, and the node is asked to let the session go.
    is_releasing: bool,
    reply: oneshot::Sender<Vec<GuildId>>,
}

impl Drain {
    pub(super) fn deadline(&self) -> Option<Instant> {
        (!self.is_releasing).then_some(self.by)
    }
}

impl PoolState {
    /// Closes a node, after its players have moved if so wished.
    pub(super) fn close_node(
        &mut self,
        node: &NodeId,
        failover: bool,
        reply: oneshot::Sender<Vec<GuildId>>,
        now: Moment,
    ) {
        let index = self.index(node);
        let Some(index) = index.filter(|index| !self.nodes[*index].is_draining) else {
            drop(reply.send(Vec::new()));
            return;
        };
        self.nodes[index].is_draining = true;
        let elsewhere = self.best(None, None, |other| other != index).is_some();
        let may_move = failover && elsewhere;
        self.drains.push(Drain {
            node: index,
            by: if may_move { now.at + WITHIN } else { now.at },
            disconnected: Vec::new(),
            is_releasing: false,
            reply,
        });
        if may_move {
            self.move_away(index, now);
        }
        self.finish_drains(now);
    }

    /// Closes the nodes that are empty, or whose time is over.
    pub(super) fn finish_drains(&mut self, now: Moment) {
        for mut drain in std::mem::take(&mut self.drains) {
            let index = drain.node;
            let left = self.players_of(index);
            let is_telling = self.nodes[index].is_ready() && self.nodes[index].deleting > 0;
            let must_wait =
                drain.is_releasing || (now.at < drain.by && (is_telling || !left.is_empty()));
            if must_wait {
                self.drains.push(drain);
                continue;
            }
            for guild in left {
                if let Some(slot) = self.slots.get_mut(&guild) {
                    if !slot.player.is_gone {
                        slot.player.drop_out();
                        drain.disconnected.push(guild);
                    }
                    // The node's own end of it goes with the session.
                    slot.player.abandon();
                }
                self.pump(guild, now);
            }
            if self.nodes[index].is_ready()
                && let Some(session) = self.nodes[index].session_id().cloned()
            {
                // Else the node would keep the session, with players that it was not told to end. Until it answers,
                // what it says is heard.
                self.tasks.push_back(Task::Release {
                    node: index,
                    session,
                });
                drain.is_releasing = true;
                self.drains.push(drain);
                continue;
            }
            self.closed(drain, now);
        }
    }

    /// A node that is being closed keeps nothing any more, or does not answer.
    pub(super) fn released(&mut self, index: usize, now: Moment) {
        let is_its = |drain: &mut Drain| drain.node == index && drain.is_releasing;
        let released: Vec<Drain> = self.drains.extract_if(.., is_its).collect();
        for drain in released {
            self.closed(drain, now);
        }
    }

    fn closed(&mut self, drain: Drain, now: Moment) {
        let index = drain.node;
        let epoch = self.epoch_of(index);
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
        self.own_event(NODE_CLOSED, place, body, None, now);
        self.save_node(index, now);
        drop(drain.reply.send(drain.disconnected));
    }
}
