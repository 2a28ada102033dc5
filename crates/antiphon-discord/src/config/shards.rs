//! Number of a bot's shards, and the range that runs here.
//!
//! A guild's shard is `(guild >> 22) % count`; a session is bound to the count it was begun with (protocol §6).

use std::ops::Range;

use crate::error::ConfigError;

/// Largest number of shards that is accepted.
///
/// Far beyond the largest bots; it keeps a slip of the keyboard from opening millions of connections.
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
///
/// | value | shards of a source |
/// | --- | --- |
/// | [`Recommended`](Self::Recommended) | as Discord says, at the first start and whenever no session can be kept |
/// | [`Count`](Self::Count) | all of a fixed number |
/// | [`Range`](Self::Range) | a part of a fixed number, for a bot in several programs |
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
    /// Sources of one bot whose journals share a store take turns to identify: those of one journal, and those of journals
    /// that name the same one (`Options::shared` and `JetStreamOptions::shared` of `antiphon-journal`). Others should not
    /// start within the same seconds.
    ///
    /// A guild of another program's shard is refused by commands with
    /// [`CommandError::ShardElsewhere`](crate::CommandError::ShardElsewhere); requests work for every guild.
    Range {
        /// First shard that runs here.
        ///
        /// Below `to`.
        from: u32,
        /// First shard after those that run here.
        ///
        /// At most `count`.
        to: u32,
        /// Number of shards of the bot.
        ///
        /// The same in every program of the bot.
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

    /// Number of processes that run all shards, if each runs as many as this one; `None` if all of them run here.
    pub(crate) fn processes(self) -> Option<u32> {
        match self {
            Self::Recommended | Self::Count(_) => None,
            Self::Range { from, to, count } => {
                let here = to.saturating_sub(from).max(1);
                (here < count).then(|| count.div_ceil(here))
            }
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
