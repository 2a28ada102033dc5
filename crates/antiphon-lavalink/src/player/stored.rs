//! A player as its checkpoint has it, for programs that look at a journal.

use antiphon_core::Checkpoint;
use jiff::Timestamp;

use super::saved::VERSION;
use crate::{
    model::{ChannelId, GuildId, NodeId, Playable, playable_from_saved},
    wire::SavedPlayer,
};

/// A player as the journal has it, without a pool: for looking at a journal while another program plays.
///
/// A player's checkpoint is stored with each of its changes, not with each position that its node tells.
///
/// ```
/// use antiphon_core::Checkpoint;
/// use antiphon_lavalink::StoredPlayer;
///
/// let state = r#"{"version":1,"node":"eu-1","channel":9,"volume":80,"position":4200,
///     "current":{"e":"QAAA","i":{"title":"Slow Tide","author":"Lantern & Co","length":215000}},
///     "queue":{"items":[{"e":"QAAB","i":{"title":"Evensong"}}]}}"#;
/// let checkpoint = Checkpoint { part: "player/7".into(), state: state.into(), mark: 1_767_225_600_000 };
/// let player = StoredPlayer::read(&checkpoint).expect("a player");
/// assert_eq!((player.guild.get(), player.volume), (7, 80));
/// assert_eq!(player.current.expect("a track").title, "Slow Tide");
/// assert_eq!(player.queue[0].title, "Evensong");
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StoredPlayer {
    /// The guild in which it plays.
    pub guild: GuildId,
    /// Its node; absent while it has none.
    pub node: Option<NodeId>,
    /// The voice channel; absent while it is in none.
    pub channel: Option<ChannelId>,
    /// Whether it is paused.
    pub is_paused: bool,
    /// Volume in percent, from 0 to 1000.
    pub volume: u16,
    /// Names of the filters that are set, as Lavalink has them.
    pub filters: Vec<String>,
    /// The track that plays; absent while none does.
    pub current: Option<Playable>,
    /// Position in that track at `at`, in milliseconds.
    pub position: i64,
    /// When the checkpoint was made.
    pub at: Timestamp,
    /// The tracks of the queue, the next one first.
    pub queue: Vec<Playable>,
}

impl StoredPlayer {
    /// Reads a checkpoint; `None` for one of another part, of another version, or of a player that was deleted.
    pub fn read(checkpoint: &Checkpoint) -> Option<Self> {
        let guild = checkpoint.part.strip_prefix("player/")?.parse().ok()?;
        let saved: SavedPlayer<'_> = antiphon_core::read_json(&checkpoint.state).ok()?;
        if saved.version != VERSION || saved.gone {
            return None;
        }
        let filters = saved
            .filters
            .and_then(|filters| serde_json::to_value(filters).ok());
        let filters = match filters {
            Some(serde_json::Value::Object(filters)) => {
                filters.into_iter().map(|(name, _)| name).collect()
            }
            _ => Vec::new(),
        };
        Some(Self {
            guild,
            node: saved.node.map(NodeId::new),
            channel: saved.channel.map(ChannelId::new),
            is_paused: saved.paused,
            volume: saved.volume,
            filters,
            current: saved.current.map(playable_from_saved),
            position: saved.position,
            at: Timestamp::from_millisecond(checkpoint.mark).unwrap_or_default(),
            queue: saved
                .queue
                .items
                .into_iter()
                .map(playable_from_saved)
                .collect(),
        })
    }
}
