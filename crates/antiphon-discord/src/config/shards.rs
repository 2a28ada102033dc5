//! How many shards a bot has, and which of them run here.

use std::ops::Range;

use crate::error::ConfigError;

/// More shards than this are a mistake, not a bot.
const MOST: u32 = 100_000;

/// How many shards the bot has, and which of them run here (protocol §6).
///
/// A session belongs to one number of shards: where that changed since the last run, all sessions begin afresh, and a
/// gap is reported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shards {
    /// As many as Discord recommends, all of them here; the default.
    ///
    /// Sessions that the last run left are resumed with their own number of shards, whatever is recommended by now, so
    /// that a restart loses nothing; the recommendation counts once they cannot be resumed.
    #[default]
    Recommended,
    /// This many, all of them here.
    Count(u32),
    /// Some of them: from the first number to before the last, out of a number that is the same wherever the others run.
    ///
    /// Identifies are spread over time only among the shards of one source, so the sources of one bot should not start
    /// within the same seconds.
    Range {
        /// First shard that runs here.
        from: u32,
        /// First shard after those that run here.
        to: u32,
        /// How many the bot has in all.
        count: u32,
    },
}

impl Shards {
    /// How many there are in all, where that is chosen.
    pub(crate) fn count(self) -> Option<u32> {
        match self {
            Self::Recommended => None,
            Self::Count(count) | Self::Range { count, .. } => Some(count),
        }
    }

    /// Those that run here.
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
