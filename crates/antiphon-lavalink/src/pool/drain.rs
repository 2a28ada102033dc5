//! Closing a node on purpose.

use std::time::Duration;

use tokio::{sync::oneshot, time::Instant};

use super::{GuildId, Moment, NODE_CLOSED, NodeId, PoolState, body, node_place};
use crate::wire;

/// How long players may take to move away; then they are disconnected.
const WITHIN: Duration = Duration::from_secs(30);

/// A node that is being closed.
#[derive(Debug)]
pub(super) struct Drain {
    node: usize,
    by: Instant,
    disconnected: Vec<GuildId>,
    reply: oneshot::Sender<Vec<GuildId>>,
}

impl Drain {
    pub(super) fn deadline(&self) -> Instant {
        self.by
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
            if !left.is_empty() && now.at < drain.by {
                self.drains.push(drain);
                continue;
            }
            for guild in left {
                if let Some(seat) = self.seats.get_mut(&guild) {
                    if !seat.player.is_gone {
                        seat.player.drop_out();
                        drain.disconnected.push(guild);
                    }
                    // The node's own end of it goes with the session.
                    seat.player.abandon();
                }
                self.pump(guild, now);
            }
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
}
