//! Stats of a node (protocol §2.2).

use super::{
    node::Node,
    quirk::NodeQuirk,
    state::State,
    wire::{Cpu, FrameStats, Memory, Stats},
};

/// Frames of a player in a minute.
const EXPECTED: i64 = 3000;
/// Bytes that a node takes, and each of its players.
const MEMORY: (i64, i64) = (96 << 20, 1 << 20);

/// Recipient of stats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum For {
    Socket,
    Request,
}

impl State {
    /// The node's stats now: of the whole server, not of one session.
    pub(crate) fn stats(&self, node: usize, whom: For) -> Stats {
        let now = self.now();
        let node = &self.nodes[node];
        let players = || {
            let sessions = node.sessions.values();
            sessions.flat_map(|session| session.players.values())
        };
        let count = players().count();
        let playing = players().filter(|player| player.is_playing()).count();
        let steady = players()
            .filter(|player| player.has_full_minute(now))
            .count();
        let share = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
        let is_average = node.quirks.contains(&NodeQuirk::LoadAverage);
        let idle = if is_average { 1.5 } else { 0.05 };
        let (system, own) = node
            .loads
            .unwrap_or((idle + share(playing) * 0.002, 0.01 + share(playing) * 0.001));
        let system = if is_average {
            system.max(0.0)
        } else {
            system.clamp(0.0, 1.0)
        };
        let is_other = node.quirks.contains(&NodeQuirk::OtherCpu);
        let own = own.clamp(0.0, 1.0);
        let used = MEMORY.0 + MEMORY.1 * i64::try_from(count).unwrap_or_default();
        Stats {
            op: (whom == For::Socket).then_some("stats"),
            players: count,
            playing_players: playing,
            uptime: now - node.started_at,
            memory: Memory {
                free: (512 << 20) - used.min(512 << 20),
                used,
                allocated: (512 << 20_i64).max(used),
                reservable: 2 << 30,
            },
            cpu: Cpu {
                cores: 4,
                system_load: system,
                lavalink_load: (!is_other).then_some(own),
                nodelink_load: is_other.then_some(own),
            },
            frame_stats: frame_stats(node, steady, whom, now),
        }
    }
}

/// `frameStats`: absent, null or an object, as the quirks say.
#[expect(clippy::option_option, reason = "the wire knows all three")]
fn frame_stats(node: &Node, steady: usize, whom: For, now: i64) -> Option<Option<FrameStats>> {
    let always = node.quirks.contains(&NodeQuirk::FrameStatsAlways);
    if whom == For::Request && !always {
        return None;
    }
    if steady == 0 && node.frames.is_none() && !always {
        let absent = node.quirks.contains(&NodeQuirk::FrameStatsAbsent);
        return (!absent).then_some(None);
    }
    let (nulled, deficit) = node.frames.unwrap_or_default();
    let minutes = if node.quirks.contains(&NodeQuirk::FrameTotals) {
        ((now - node.started_at) / 60_000).max(1)
    } else {
        1
    };
    let (nulled, deficit) = (nulled * minutes, deficit * minutes);
    let expected = EXPECTED * minutes;
    let sent = expected - nulled - deficit;
    Some(Some(FrameStats {
        sent,
        nulled,
        deficit: if always { sent - expected } else { deficit },
        expected: always.then_some(expected),
    }))
}
