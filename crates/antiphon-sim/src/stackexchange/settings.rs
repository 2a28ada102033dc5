//! Settings that a simulation may change.

/// Settings of the server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    /// Milliseconds between heartbeats.
    pub(crate) heartbeat: u64,
    /// Events that a new socket can have again.
    pub(crate) replay: usize,
    /// Frames that may wait for a client.
    pub(crate) outgoing: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            heartbeat: 15_000,
            replay: 2_000,
            outgoing: 16_384,
        }
    }
}
