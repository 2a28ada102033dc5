//! Commands from outside for the nodes.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    controls::{Lavalink, Node},
    quirk::NodeQuirk,
};
use crate::{
    bounds::{self, fits},
    control::{CommandError, period},
    fault::RestFault,
};

/// One thing for the simulated nodes to do.
///
/// `node` is a node's name; where it is left out, all nodes do it. `guild` is a number or a text of one.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Deed {
    // What there is.
    Players {
        node: Option<String>,
    },
    Sessions {
        node: Option<String>,
    },
    AddTrack {
        identifier: String,
        #[serde(default)]
        author: String,
        title: String,
        length: i64,
    },
    // What happens to players.
    Finish {
        node: Option<String>,
        #[serde(deserialize_with = "guild")]
        guild: u64,
    },
    BreakOff {
        node: Option<String>,
        #[serde(deserialize_with = "guild")]
        guild: u64,
        #[serde(default = "broken")]
        message: String,
    },
    Stick {
        node: Option<String>,
        #[serde(deserialize_with = "guild")]
        guild: u64,
    },
    CleanUp {
        node: Option<String>,
        #[serde(deserialize_with = "guild")]
        guild: u64,
    },
    CloseVoice {
        node: Option<String>,
        #[serde(deserialize_with = "guild")]
        guild: u64,
        #[serde(default = "disconnected")]
        code: u16,
        #[serde(default)]
        reason: String,
        #[serde(default = "yes")]
        by_remote: bool,
    },
    PluginEvent {
        node: Option<String>,
        #[serde(deserialize_with = "guild")]
        guild: u64,
        name: String,
        #[serde(default)]
        fields: Map<String, Value>,
    },
    Frame {
        node: Option<String>,
        text: String,
    },
    Stats {
        node: Option<String>,
    },
    // How busy they are.
    Traffic {
        rate: u32,
    },
    // What goes wrong with sockets.
    Cut {
        node: Option<String>,
        #[serde(rename = "for", default, with = "period::optional")]
        how_long: Option<Duration>,
    },
    Reset {
        node: Option<String>,
        #[serde(rename = "for", default, with = "period::optional")]
        how_long: Option<Duration>,
    },
    Close {
        node: Option<String>,
        #[serde(default = "going_away")]
        code: u16,
        #[serde(default)]
        reason: String,
    },
    HalfOpen {
        node: Option<String>,
    },
    Stall {
        node: Option<String>,
        #[serde(rename = "for", with = "period")]
        how_long: Duration,
    },
    Duplicate {
        node: Option<String>,
        frames: u32,
    },
    Oversized {
        node: Option<String>,
        bytes: u64,
    },
    Refuse {
        node: Option<String>,
        #[serde(rename = "for", with = "period")]
        how_long: Duration,
    },
    RefuseUpgrades {
        node: Option<String>,
        #[serde(default = "once")]
        times: u32,
        status: u16,
    },
    // What goes wrong with nodes.
    Kill {
        node: Option<String>,
        #[serde(rename = "for", default, with = "period::optional")]
        how_long: Option<Duration>,
    },
    ShutDown {
        node: Option<String>,
        #[serde(rename = "for", default, with = "period::optional")]
        how_long: Option<Duration>,
    },
    ExpireSessions {
        node: Option<String>,
    },
    Password {
        node: Option<String>,
        password: String,
    },
    OtherVersion {
        node: Option<String>,
        #[serde(default = "yes")]
        on: bool,
    },
    Fail {
        node: Option<String>,
        requests: String,
        #[serde(default = "once")]
        times: u32,
        fault: RestFault,
    },
    Quirk {
        node: Option<String>,
        quirk: NodeQuirk,
        #[serde(default = "yes")]
        on: bool,
    },
    DisableFilter {
        node: Option<String>,
        name: String,
        #[serde(default = "yes")]
        on: bool,
    },
    Loads {
        node: Option<String>,
        system: f64,
        #[serde(default)]
        lavalink: f64,
    },
    Frames {
        node: Option<String>,
        #[serde(default)]
        nulled: i64,
        #[serde(default)]
        deficit: i64,
    },
    RoutePlanner {
        node: Option<String>,
        failing: Vec<String>,
    },
}

fn guild<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let value = Value::deserialize(deserializer)?;
    let number = match &value {
        Value::String(text) => text.parse().ok(),
        other => other.as_u64(),
    };
    number.ok_or_else(|| serde::de::Error::custom(format!("`{value}` is no guild")))
}

fn broken() -> String {
    "Something broke when playing the track.".into()
}

fn disconnected() -> u16 {
    4014
}

fn going_away() -> u16 {
    1001
}

fn yes() -> bool {
    true
}

fn once() -> u32 {
    1
}

impl Lavalink {
    /// The nodes that a command is for.
    fn nodes_for(&self, name: Option<&String>) -> Result<Vec<Node>, CommandError> {
        let Some(name) = name else {
            return Ok(self.nodes());
        };
        let node = self.find_node(name);
        let node = node.ok_or_else(|| CommandError::Missing {
            what: "node",
            name: name.clone(),
        })?;
        Ok(vec![node])
    }

    fn each(&self, name: Option<&String>, act: impl Fn(&Node)) -> Result<Value, CommandError> {
        self.nodes_for(name)?.iter().for_each(act);
        Ok(json!({}))
    }

    /// Acts on the players of a guild; tells whether there is one.
    fn any(
        &self,
        name: Option<&String>,
        act: impl Fn(&Node) -> bool,
    ) -> Result<Value, CommandError> {
        let nodes = self.nodes_for(name)?;
        let done = nodes.iter().filter(|node| act(node)).count() > 0;
        Ok(json!({"done": done}))
    }

    /// Gives an error if a command could make one thing too many.
    fn has_room_for(&self, deed: &Deed) -> Result<(), CommandError> {
        self.server.with(|state| {
            let mut nodes = state.nodes.iter();
            match deed {
                Deed::AddTrack { .. } => fits("songs", state.catalogue.len(), bounds::TRACKS),
                Deed::Fail { .. } => {
                    nodes.try_for_each(|node| fits("rules", node.faults.rest.len(), bounds::RULES))
                }
                Deed::RefuseUpgrades { .. } => nodes.try_for_each(|node| {
                    fits("answers", node.faults.upgrades.len(), bounds::ANSWERS)
                }),
                _ => Ok(()),
            }
        })
    }

    /// Obeys a command at once; gives what came of it.
    #[expect(clippy::too_many_lines, reason = "one arm for each command")]
    pub(crate) fn obey(&self, deed: Deed) -> Result<Value, CommandError> {
        self.has_room_for(&deed)?;
        match deed {
            Deed::Players { node } => {
                let nodes = self.nodes_for(node.as_ref())?;
                let players = nodes.iter().flat_map(Node::players);
                let players: Vec<Value> = players
                    .map(|player| {
                        json!({
                            "node": player.node,
                            "session": player.session,
                            "guild": player.guild.to_string(),
                            "track": player.track,
                            "position": player.position,
                            "volume": player.volume,
                            "paused": player.paused,
                            "connected": player.connected,
                            "filters": player.filters,
                        })
                    })
                    .collect();
                Ok(json!({"players": players}))
            }
            Deed::Sessions { node } => {
                let nodes = self.nodes_for(node.as_ref())?;
                let mut sessions = Vec::new();
                for node in nodes {
                    sessions.extend(node.sessions().into_iter().map(|session| {
                        json!({
                            "node": node.name(),
                            "id": session.id,
                            "user": session.user.to_string(),
                            "client": session.client,
                            "resuming": session.resuming,
                            "connection": session.connection,
                            "frames": session.frames,
                        })
                    }));
                }
                Ok(json!({"sessions": sessions}))
            }
            Deed::AddTrack {
                identifier,
                author,
                title,
                length,
            } => Ok(json!({"encoded": self.add_track(&identifier, &author, &title, length)})),
            Deed::Finish { node, guild } => self.any(node.as_ref(), |node| node.finish(guild)),
            Deed::BreakOff {
                node,
                guild,
                message,
            } => self.any(node.as_ref(), |node| node.break_off(guild, &message)),
            Deed::Stick { node, guild } => self.any(node.as_ref(), |node| node.stick(guild)),
            Deed::CleanUp { node, guild } => self.any(node.as_ref(), |node| node.clean_up(guild)),
            Deed::CloseVoice {
                node,
                guild,
                code,
                reason,
                by_remote,
            } => self.any(node.as_ref(), |node| {
                node.close_voice(guild, code, &reason, by_remote)
            }),
            Deed::PluginEvent {
                node,
                guild,
                name,
                fields,
            } => self.each(node.as_ref(), |node| {
                node.plugin_event(guild, &name, &fields);
            }),
            Deed::Frame { node, text } => self.each(node.as_ref(), |node| node.frame(&text)),
            Deed::Stats { node } => self.each(node.as_ref(), Node::tell_stats),
            Deed::Traffic { rate } => {
                self.traffic(rate);
                Ok(json!({}))
            }
            Deed::Cut { node, how_long } => self.each(node.as_ref(), |node| {
                if let Some(how_long) = how_long {
                    node.refuse_sockets(how_long);
                }
                node.cut();
            }),
            Deed::Reset { node, how_long } => self.each(node.as_ref(), |node| {
                if let Some(how_long) = how_long {
                    node.refuse_sockets(how_long);
                }
                node.reset();
            }),
            Deed::Close { node, code, reason } => {
                self.each(node.as_ref(), |node| node.close(code, &reason))
            }
            Deed::HalfOpen { node } => self.each(node.as_ref(), Node::half_open),
            Deed::Stall { node, how_long } => self.each(node.as_ref(), |node| node.stall(how_long)),
            Deed::Duplicate { node, frames } => {
                self.each(node.as_ref(), |node| node.duplicate(frames))
            }
            Deed::Oversized { node, bytes } => {
                self.each(node.as_ref(), |node| node.oversized(bytes))
            }
            Deed::Refuse { node, how_long } => {
                self.each(node.as_ref(), |node| node.refuse_sockets(how_long))
            }
            Deed::RefuseUpgrades {
                node,
                times,
                status,
            } => self.each(node.as_ref(), |node| {
                node.refuse_upgrades(usize::try_from(times).unwrap_or(usize::MAX), status);
            }),
            Deed::Kill { node, how_long } => self.each(node.as_ref(), |node| {
                node.kill(how_long.unwrap_or_default());
            }),
            Deed::ShutDown { node, how_long } => self.each(node.as_ref(), |node| {
                node.shut_down(how_long.unwrap_or_default());
            }),
            Deed::ExpireSessions { node } => self.each(node.as_ref(), Node::expire_sessions),
            Deed::Password { node, password } => {
                self.each(node.as_ref(), |node| node.change_password(&password))
            }
            Deed::OtherVersion { node, on } => {
                self.each(node.as_ref(), |node| node.other_version(on))
            }
            Deed::Fail {
                node,
                requests,
                times,
                fault,
            } => self.each(node.as_ref(), |node| {
                node.fail_rest(&requests, times, fault.clone());
            }),
            Deed::Quirk { node, quirk, on } => {
                self.each(node.as_ref(), |node| node.quirk(quirk, on))
            }
            Deed::DisableFilter { node, name, on } => {
                self.each(node.as_ref(), |node| node.disable_filter(&name, on))
            }
            Deed::Loads {
                node,
                system,
                lavalink,
            } => self.each(node.as_ref(), |node| node.set_loads(system, lavalink)),
            Deed::Frames {
                node,
                nulled,
                deficit,
            } => self.each(node.as_ref(), |node| node.set_frames(nulled, deficit)),
            Deed::RoutePlanner { node, failing } => self.each(node.as_ref(), |node| {
                let failing: Vec<&str> = failing.iter().map(String::as_str).collect();
                node.route_planner(&failing);
            }),
        }
    }
}
