//! Settings that a simulation may change.

/// Settings of the server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) ping_interval: u64,
    pub(crate) ping_timeout: u64,
    pub(crate) history: usize,
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
