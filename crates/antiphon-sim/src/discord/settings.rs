//! Settings that a simulation may change.

/// Host of the REST interface.
pub(crate) const REST: &str = "discord.com";
/// Host of uploaded files.
pub(crate) const CDN: &str = "cdn.discordapp.com";
/// Host of the Gateway.
pub(crate) const GATEWAY: &str = "gateway.discord.gg";
/// Host where sessions are resumed.
pub(crate) const RESUME: &str = "gateway-us-east1-b.discord.gg";

/// Settings of the server.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    /// Milliseconds between heartbeats.
    pub(crate) heartbeat: u64,
    /// Milliseconds that a session outlives its connection.
    pub(crate) session_life: i64,
    /// Events that a session can have again.
    pub(crate) replay: usize,
    /// Frames that may wait for a client.
    pub(crate) outgoing: usize,
    /// Messages kept of each channel.
    pub(crate) history: usize,
    /// Identifies within five seconds.
    pub(crate) max_concurrency: u32,
    /// Shards recommended; more than one are required where `requires_shards` is set.
    pub(crate) shards: u32,
    pub(crate) requires_shards: bool,
    /// Session starts a day.
    pub(crate) starts: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            heartbeat: 41_250,
            session_life: 180_000,
            replay: 40_000,
            outgoing: 65_536,
            history: 10_000,
            max_concurrency: 1,
            shards: 1,
            requires_shards: false,
            starts: 1000,
        }
    }
}
