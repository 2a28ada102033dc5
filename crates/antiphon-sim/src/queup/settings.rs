//! Settings that a simulation may change.
//!
//! [`Options`](crate::Options) has a setter for each of them.

/// Settings of the server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    /// Milliseconds between a client's pings, as the open packet says.
    pub(crate) ping_interval: u64,
    /// Milliseconds that a ping may be late.
    pub(crate) ping_timeout: u64,
    /// Items of a room's chat history.
    pub(crate) history: usize,
    /// Frames that may wait for a client that does not read.
    pub(crate) outgoing: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            ping_interval: 25_000,
            ping_timeout: 60_000,
            history: 100,
            outgoing: 16_384,
        }
    }
}
