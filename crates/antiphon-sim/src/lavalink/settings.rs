//! Settings that a simulation may change.

/// How long things take, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// Between two updates of a player.
    pub(crate) update: i64,
    /// From the last sound of a track to the event that it is stuck.
    pub(crate) stuck: i64,
    /// From the last time a track was listened to until it is cleaned up.
    pub(crate) cleanup: i64,
}

/// What the nodes can be set to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) pace: Pace,
    /// Frames that may wait for a client that does not read.
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
