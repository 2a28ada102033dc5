//! The commands of the simulated Lavalink nodes.
//!
//! `node` is a node's name; where it is left out, all nodes execute the command. `guild` is a number, or a text of one.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{
    controls::{Lavalink, Node},
    id,
    quirk::NodeQuirk,
};
use crate::{
    bounds::{self, fits},
    command::{CommandError, Period, commands},
    fault::{Faults, RestFault},
};

/// Id of a guild.
#[derive(Clone, Copy)]
struct Guild(u64);

impl<'de> Deserialize<'de> for Guild {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let number = match &value {
            Value::String(text) => id::parse(text).or_else(|| text.parse().ok()),
            other => other
                .as_u64()
                .or_else(|| other.as_i64().map(i64::cast_unsigned)),
        };
        let number = number.map(Self);
        number.ok_or_else(|| serde::de::Error::custom(format!("`{value}` is no guild")))
    }
}

impl Lavalink {
    /// The nodes that a command is for.
    fn nodes_for(&self, name: Option<String>) -> Result<Vec<Node>, CommandError> {
        let Some(name) = name else {
            return Ok(self.nodes());
        };
        let node = self.find_node(&name);
        let missing = || CommandError::Missing { what: "node", name };
        Ok(vec![node.ok_or_else(missing)?])
    }

    fn each(&self, name: Option<String>, act: impl Fn(&Node)) -> Result<(), CommandError> {
        self.nodes_for(name)?.iter().for_each(act);
        Ok(())
    }

    /// Acts on the players of a guild; returns whether there is one.
    fn any(
        &self,
        name: Option<String>,
        act: impl Fn(&Node) -> bool,
    ) -> Result<Value, CommandError> {
        let nodes = self.nodes_for(name)?;
        let done = nodes.iter().filter(|node| act(node)).count() > 0;
        Ok(json!({"done": done}))
    }

    /// Checks every node's faults for room.
    fn fits_faults(
        &self,
        fits: fn(&Faults) -> Result<(), CommandError>,
    ) -> Result<(), CommandError> {
        let check = |state: &mut super::State| {
            let mut nodes = state.nodes.iter();
            nodes.try_for_each(|node| fits(&node.faults))
        };
        self.server.with(check)
    }

    fn players_json(&self, node: Option<String>) -> Result<Value, CommandError> {
        let nodes = self.nodes_for(node)?;
        let players = nodes.iter().flat_map(Node::players);
        let players = players.map(|player| {
            json!({
                "node": player.node,
                "session": player.session,
                "guild": id::shown(player.guild),
                "track": player.track,
                "position": player.position,
                "volume": player.volume,
                "paused": player.paused,
                "connected": player.connected,
                "filters": player.filters,
            })
        });
        Ok(json!({"players": players.collect::<Vec<_>>()}))
    }

    fn sessions_json(&self, node: Option<String>) -> Result<Value, CommandError> {
        let mut sessions = Vec::new();
        for node in self.nodes_for(node)? {
            sessions.extend(node.sessions().into_iter().map(|session| {
                json!({
                    "node": node.name(),
                    "id": session.id,
                    "user": id::shown(session.user),
                    "client": session.client,
                    "resuming": session.resuming,
                    "connection": session.connection,
                    "frames": session.frames,
                })
            }));
        }
        Ok(json!({"sessions": sessions}))
    }
}

commands! {
    lavalink: Lavalink;

    // What there is.

    /// Shows the players.
    "players"(node: Option<String>) => lavalink.players_json(node)?;
    /// Shows the sessions.
    "sessions"(node: Option<String>) => lavalink.sessions_json(node)?;
    /// Adds a song of this many milliseconds.
    "add_track"(identifier: String, author: String = String::new(), title: String, length: i64) => {
        lavalink.server.with(|state| fits("songs", state.catalogue.len(), bounds::TRACKS))?;
        json!({"encoded": lavalink.add_track(&identifier, &author, &title, length)})
    };

    // Players.

    /// Lets a player's track reach its end.
    "finish"(node: Option<String>, guild: Guild) => lavalink.any(node, |node| node.finish(guild.0))?;
    /// Breaks a player's track off with an exception.
    "break_off"(
        node: Option<String>, guild: Guild, message: String = "Something broke when playing the track.".into()
    ) => lavalink.any(node, |node| node.break_off(guild.0, &message))?;
    /// Lets a player's track get stuck.
    "stick"(node: Option<String>, guild: Guild) => lavalink.any(node, |node| node.stick(guild.0))?;
    /// Cleans a player's track up, as one without listeners.
    "clean_up"(node: Option<String>, guild: Guild) => lavalink.any(node, |node| node.clean_up(guild.0))?;
    /// Closes a player's voice connection.
    "close_voice"(
        node: Option<String>, guild: Guild, code: u16 = 4014, reason: String = String::new(), by_remote: bool = true
    ) => lavalink.any(node, |node| node.close_voice(guild.0, code, &reason, by_remote))?;
    /// Sends an event of a plugin.
    "plugin_event"(node: Option<String>, guild: Guild, name: String, fields: Map<String, Value> = Map::new()) => {
        lavalink.each(node, |node| node.plugin_event(guild.0, &name, &fields))?;
    };
    /// Sends every session a text frame as it is.
    "frame"(node: Option<String>, text: String) => lavalink.each(node, |node| node.frame(&text))?;
    /// Sends every session the node's stats.
    "stats"(node: Option<String>) => lavalink.each(node, Node::tell_stats)?;
    /// Sets the rate of ambient traffic, in frames a second.
    "traffic"(rate: u32) => lavalink.traffic(rate);

    // Faults of sockets.

    /// Cuts sockets, and refuses new ones for a while.
    "cut"(node: Option<String>, how_long as "for": Option<Period>) => {
        lavalink.each(node, |node| {
            if let Some(wait) = how_long {
                node.refuse_sockets(wait.0);
            }
            node.cut();
        })?;
    };
    /// Resets sockets, and refuses new ones for a while.
    "reset"(node: Option<String>, how_long as "for": Option<Period>) => {
        lavalink.each(node, |node| {
            if let Some(wait) = how_long {
                node.refuse_sockets(wait.0);
            }
            node.reset();
        })?;
    };
    /// Closes sockets with a code.
    "close"(node: Option<String>, code: u16 = 1001, reason: String = String::new()) => {
        lavalink.each(node, |node| node.close(code, &reason))?;
    };
    /// Keeps sockets open while nothing comes through.
    "half_open"(node: Option<String>) => lavalink.each(node, |node| node.half_open())?;
    /// Holds everything on sockets back for a while.
    "stall"(node: Option<String>, how_long as "for": Period) => {
        lavalink.each(node, |node| node.stall(how_long.0))?;
    };
    /// Sends each of the next frames twice.
    "duplicate"(node: Option<String>, frames: u32) => lavalink.each(node, |node| node.duplicate(frames))?;
    /// Sends a text frame that claims this many bytes.
    "oversized"(node: Option<String>, bytes: u64) => lavalink.each(node, |node| node.oversized(bytes))?;
    /// Refuses new sockets for a while.
    "refuse"(node: Option<String>, how_long as "for": Period) => {
        lavalink.each(node, |node| node.refuse_sockets(how_long.0))?;
    };
    /// Answers the next requests for a socket with a status.
    "refuse_upgrades"(node: Option<String>, times: usize = 1, status: u16) => {
        lavalink.fits_faults(Faults::fits_answer)?;
        lavalink.each(node, |node| node.refuse_upgrades(times, status))?;
    };

    /// Answers the next requests for a socket as with a wrong password, or with another status.
    "refuse_logins"(node: Option<String>, times: usize = 1, status: u16 = 401) => {
        lavalink.fits_faults(Faults::fits_answer)?;
        lavalink.each(node, |node| node.refuse_upgrades(times, status))?;
    };

    // Faults of nodes.

    /// Kills a node's process, which starts again after a while; until then its port refuses connections, or a proxy in front of it closes them without an answer.
    "kill"(node: Option<String>, how_long as "for": Option<Period>, proxy: bool = false) => {
        let how_long = how_long.unwrap_or_default().0;
        lavalink.each(node, |node| if proxy { node.kill_behind_proxy(how_long) } else { node.kill(how_long) })?;
    };
    /// Shuts a node's process down in order; it starts again after a while.
    "shut_down"(node: Option<String>, how_long as "for": Option<Period>) => {
        lavalink.each(node, |node| node.shut_down(how_long.unwrap_or_default().0))?;
    };
    /// Ends the sessions that wait to be resumed.
    "expire_sessions"(node: Option<String>) => lavalink.each(node, Node::expire_sessions)?;
    /// Sets a node's password.
    "password"(node: Option<String>, password: String) => {
        lavalink.each(node, |node| node.change_password(&password))?;
    };
    /// Makes a node a server of another version, or of version 4 again.
    "other_version"(node: Option<String>, on: bool = true) => lavalink.each(node, |node| node.other_version(on))?;
    /// Lets the next requests fail that fit a pattern.
    "fail"(node: Option<String>, requests: String, times: u32 = 1, fault: RestFault) => {
        lavalink.fits_faults(Faults::fits_rule)?;
        lavalink.each(node, |node| node.fail_rest(&requests, times, fault.clone()))?;
    };
    /// Switches a quirk on or off.
    "quirk"(node: Option<String>, quirk: NodeQuirk, on: bool = true) => {
        lavalink.each(node, |node| node.quirk(quirk, on))?;
    };
    /// Makes a node behave as NodeLink does, or as Lavalink again.
    "nodelink"(node: Option<String>, on: bool = true) => lavalink.each(node, |node| node.nodelink(on))?;
    /// Switches a filter off or on.
    "disable_filter"(node: Option<String>, name: String, on: bool = true) => {
        lavalink.each(node, |node| node.disable_filter(&name, on))?;
    };
    /// Sets the load of the machine and of the node, each from 0 to 1.
    "loads"(node: Option<String>, system: f64, own as "lavalink": f64 = 0.0) => {
        lavalink.each(node, |node| node.set_loads(system, own))?;
    };
    /// Sets how many frames a minute are nulled and missing.
    "frames"(node: Option<String>, nulled: i64 = 0, deficit: i64 = 0) => {
        lavalink.each(node, |node| node.set_frames(nulled, deficit))?;
    };
    /// Gives a node a route planner that failed at these addresses.
    "route_planner"(node: Option<String>, failing: Vec<String>) => {
        let failing: Vec<&str> = failing.iter().map(String::as_str).collect();
        lavalink.each(node, |node| node.route_planner(&failing))?;
    };
}
