//! Carries out what players output: requests in their order, events, checkpoints and deadlines.
//!
//! [`PoolState::pump`] is the one place where a player's state leaves it. Every input that touches a player ends there,
//! so that a request is sent in the turn in which it became possible, and a change is stored with the event that made
//! it.

use super::{
    Comparison, GuildId, InactivePlayer, Moment, NodeId, NodeState, Place, PlayerMigrated,
    PluginStateLost, PoolState, Slot, Task, body, note, player_place,
};
use crate::{player::Output, wire};

impl PoolState {
    /// The place of a node's frame: of a player if the frame names a guild, else of the node.
    pub(super) fn place(&mut self, index: usize, guild: Option<GuildId>) -> Place {
        let Some(guild) = guild else {
            return self.nodes[index].place().clone();
        };
        let Some(slot) = self.slots.get_mut(&guild) else {
            return player_place(self.nodes[index].id(), guild);
        };
        if let Some((_, place)) = slot.place.as_ref().filter(|(at, _)| *at == index) {
            return place.clone();
        }
        let place = player_place(self.nodes[index].id(), guild);
        slot.place = Some((index, place.clone()));
        place
    }

    /// Index of a node by its name; absent if the configuration does not name it.
    pub(super) fn index(&self, node: &NodeId) -> Option<usize> {
        self.nodes.iter().position(|known| known.id() == node)
    }

    /// The guilds whose players are at a node, in order.
    pub(super) fn players_of(&self, index: usize) -> Vec<GuildId> {
        let id = self.nodes[index].id();
        self.guilds(|slot| slot.player.node.as_ref() == Some(id))
    }

    /// The guilds of some players, in order.
    pub(super) fn guilds(&self, is: impl Fn(&Slot) -> bool) -> Vec<GuildId> {
        let slots = self.slots.iter().filter(|(_, slot)| is(slot));
        let mut guilds: Vec<GuildId> = slots.map(|(guild, _)| *guild).collect();
        guilds.sort_unstable();
        guilds
    }

    /// Carries out a player's outputs, assigns it a node, sends its next request and stores it if it changed.
    pub(super) fn pump(&mut self, guild: GuildId, now: Moment) {
        self.changed.insert(guild);
        while let Some(output) = self
            .slots
            .get_mut(&guild)
            .and_then(|slot| slot.player.next_output())
        {
            self.carry_out(guild, output, now);
        }
        let Some(slot) = self.slots.get(&guild) else {
            return;
        };
        if slot.player.needs_node() {
            let chosen = slot.player.chosen.clone();
            let endpoint = slot.player.endpoint().map(str::to_owned);
            if let Some(index) = self.best(chosen.as_ref(), endpoint.as_deref(), |_| true) {
                self.nodes[index].newcomers += 1;
                let id = self.nodes[index].id().clone();
                if let Some(slot) = self.slots.get_mut(&guild) {
                    slot.player.assign(id, now.at);
                }
            }
        }
        self.plan_next(guild);
        self.send_request(guild);
        // A part of the plugin state that the node lacks.
        while let Some(output) = self
            .slots
            .get_mut(&guild)
            .and_then(|slot| slot.player.next_output())
        {
            self.carry_out(guild, output, now);
        }
        let Some(slot) = self.slots.get_mut(&guild) else {
            return;
        };
        if slot.player.take_needs_comparison()
            && let Some(index) = slot.player.node.as_ref()
            && let Some(index) = self.nodes.iter().position(|node| node.id() == index)
            && self.nodes[index].is_ready()
        {
            slot.comparison = Comparison::Overtaken;
            self.nodes[index].compare_later(now.at);
        }
        slot.player.slim();
        if std::mem::take(&mut slot.player.dirty) {
            let state = slot.player.saved(now.at);
            self.checkpoint(format!("player/{guild}").into(), state, now);
        }
        self.set_timer(guild);
    }

    /// Tells a player what is known of its node, and lets it plan the next track.
    fn plan_next(&mut self, guild: GuildId) {
        let Some(slot) = self.slots.get_mut(&guild) else {
            return;
        };
        let node = slot.player.node.as_ref();
        let node = node.and_then(|id| self.nodes.iter().find(|node| node.id() == id));
        slot.player.features = node.map(NodeState::features).unwrap_or_default();
        slot.player.plan_next();
    }

    /// Sends the next request of a player if its node is connected.
    pub(super) fn send_request(&mut self, guild: GuildId) {
        let Some(slot) = self.slots.get_mut(&guild) else {
            return;
        };
        let node = slot.player.node.as_ref();
        let index = node.and_then(|id| self.nodes.iter().position(|node| node.id() == id));
        if let Some(index) = index
            && self.nodes[index].is_ready()
            && let Some(session) = self.nodes[index].session_id().cloned()
            && let Some((_, body)) = slot.player.next_request(self.numbers + 1)
        {
            self.numbers += 1;
            if slot.comparison == Comparison::Asked {
                slot.comparison = Comparison::Overtaken;
            }
            self.tasks.push_back(Task::Request {
                node: index,
                session,
                guild,
                number: self.numbers,
                body,
            });
        }
    }

    /// Removes a player that is gone, so that a new one can be made before the node destroyed the old one.
    ///
    /// Its node is asked once more to destroy it, unless it is not connected; then the comparison after its return
    /// does.
    pub(super) fn forget(&mut self, guild: GuildId) {
        let Some(slot) = self.slots.remove(&guild) else {
            return;
        };
        let Slot { player, timer, .. } = *slot;
        if let Some(before) = timer {
            self.timers.remove(&(before, guild));
        }
        let index = player.node.and_then(|id| self.index(&id));
        if let Some(index) = index
            && self.nodes[index].is_ready()
        {
            self.delete(index, guild);
        }
    }

    /// Destroys a player at a node that it left.
    pub(super) fn delete(&mut self, index: usize, guild: GuildId) {
        if let Some(session) = self.nodes[index].session_id().cloned() {
            self.nodes[index].deleting += 1;
            self.tasks.push_back(Task::Delete {
                node: index,
                session,
                guild,
            });
        }
    }

    /// Keeps the player's deadline among the timers, and deletes a player that is over.
    pub(super) fn set_timer(&mut self, guild: GuildId) {
        let Some(slot) = self.slots.get_mut(&guild) else {
            return;
        };
        let due = slot.player.deadline();
        if slot.timer != due {
            if let Some(before) = slot.timer.take() {
                self.timers.remove(&(before, guild));
            }
            if let Some(due) = due {
                self.timers.insert((due, guild));
            }
            slot.timer = due;
        }
        if slot.player.is_over() {
            if let Some(before) = slot.timer {
                self.timers.remove(&(before, guild));
            }
            self.slots.remove(&guild);
            self.placement.moving.remove(&guild);
        }
    }

    /// Carries out one output. An inactive player without a node makes no event, since its place names a node.
    pub(super) fn carry_out(&mut self, guild: GuildId, output: Output, now: Moment) {
        match output {
            Output::Voice(request) => self.tasks.push_back(Task::Voice(request)),
            Output::Inactive => {
                if let Some(node) = self
                    .slots
                    .get(&guild)
                    .and_then(|slot| slot.player.node.clone())
                {
                    let body = body(&wire::Own {
                        guild: Some(guild.get()),
                        ..wire::Own::default()
                    });
                    self.own_event::<InactivePlayer>(player_place(&node, guild), body, None, now);
                }
            }
            Output::Migrated {
                from,
                to,
                position,
                reason,
            } => {
                let body = body(&wire::Own {
                    guild: Some(guild.get()),
                    from: Some(from.as_str().into()),
                    to: Some(to.as_str().into()),
                    position,
                    ..wire::Own::default()
                });
                let note = note(None, Some(reason.as_str()), false);
                self.own_event::<PlayerMigrated>(player_place(&to, guild), body, note, now);
            }
            Output::PluginStateLost {
                declaration,
                reason,
            } => {
                let node = self
                    .slots
                    .get(&guild)
                    .and_then(|slot| slot.player.node.clone());
                if let Some(node) = node {
                    let body = body(&wire::Own {
                        guild: Some(guild.get()),
                        declaration: Some(declaration.into()),
                        ..wire::Own::default()
                    });
                    let why = note(None, Some(&reason), false);
                    self.own_event::<PluginStateLost>(player_place(&node, guild), body, why, now);
                }
            }
            Output::Recommend(queries) => match self.best(None, None, |_| true) {
                Some(node) => self.tasks.push_back(Task::Recommend {
                    node,
                    guild,
                    queries,
                }),
                None => {
                    if let Some(slot) = self.slots.get_mut(&guild) {
                        slot.player.on_recommended(Vec::new(), now.at);
                    }
                }
            },
        }
    }
}
