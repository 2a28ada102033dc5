//! Settings that a simulation may change.

/// Durations in milliseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// Time between two updates of a player.
    pub(crate) update: i64,
    /// Time from the last sound of a track to `TrackStuckEvent`.
    pub(crate) stuck: i64,
    /// Time without listeners after which a track is cleaned up.
    pub(crate) cleanup: i64,
}

/// Settings of the nodes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) pace: Pace,
    /// Most frames that wait for a client that does not read.
    pub(crate) outgoing: usize,
    /// Frames that are kept for a client that is away.
    pub(crate) backlog: usize,
    /// Milliseconds until a node notices that a socket is dead.
    pub(crate) notice: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            pace: Pace {
                update: 5000,
                stuck: 10_000,
                cleanup: 60_000,
            },
            outgoing: 65_536,
            backlog: 32_768,
            notice: 60_000,
        }
    }
}
