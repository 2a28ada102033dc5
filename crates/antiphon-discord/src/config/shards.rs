//! Number of a bot's shards, and the range that runs here.

use std::ops::Range;

use crate::error::ConfigError;

/// Largest number of shards that is accepted.
const MOST: u32 = 100_000;

/// Number of a bot's shards, and the range that runs here (protocol §6).
///
/// A session belongs to one number of shards: if the number changed since the last run, all sessions begin anew, and a
/// gap is reported (<https://discord.com/developers/docs/events/gateway#sharding>).
///
/// ```
/// use antiphon_discord::{Config, Intents, Shards};
///
/// // The second of two programs that share eight shards.
/// let shards = Shards::Range { from: 4, to: 8, count: 8 };
/// let config = Config::new("token", Intents::GUILDS).shards(shards);
/// # let _ = config;
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shards {
    /// As many shards as Discord recommends, all of them here. The default.
    ///
    /// Sessions of the last run are resumed with their own number of shards, so that a restart loses nothing; a new
    /// recommendation counts once they cannot be resumed.
    #[default]
    Recommended,
    /// This many shards, all of them here.
    Count(u32),
    /// A range of the shards; the other shards run in other programs with the same `count`.
    ///
    /// Only the shards of one source queue their identifies, so the sources of one bot should not start within the same
    /// seconds.
    Range {
        /// First shard that runs here.
        from: u32,
        /// First shard after those that run here.
        to: u32,
        /// Number of shards of the bot.
        count: u32,
    },
}

impl Shards {
    /// Number of shards, if it is chosen.
    pub(crate) fn count(self) -> Option<u32> {
        match self {
            Self::Recommended => None,
            Self::Count(count) | Self::Range { count, .. } => Some(count),
        }
    }

    /// Numbers of the shards that run here, out of `count`.
    pub(crate) fn here(self, count: u32) -> Range<u32> {
        match self {
            Self::Recommended | Self::Count(_) => 0..count,
            Self::Range { from, to, .. } => from..to,
        }
    }

    pub(crate) fn check(self) -> Result<(), ConfigError> {
        if let Some(count) = self.count()
            && !(1..=MOST).contains(&count)
        {
            let why = format!("must number from 1 to {MOST}");
            return Err(ConfigError::new("shards", why));
        }
        if let Self::Range { from, to, count } = self
            && (from >= to || to > count)
        {
            return Err(ConfigError::new(
                "shards",
                format!("from {from} to before {to} are no shards out of {count}"),
            ));
        }
        Ok(())
    }
}
