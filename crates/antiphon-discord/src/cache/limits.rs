//! Limits of the cache.
//!
//! A limit of 0 turns a kind of object off; of presences, voice states and messages it saves the decoding of their events
//! too.

/// Largest number of objects of each kind in the cache. Over a limit the oldest are dropped first; 0 keeps none.
///
/// Measured in bytes of memory: a member with its user 1,450, a presence with one activity 1,200, a message with an
/// embed, a file and a mention 6,400, a channel 1,650, a role 380, a voice state 750.
/// With the defaults a full cache takes about 135 MB.
///
/// ```
/// use antiphon_discord::CacheLimits;
///
/// // Guilds, channels and roles with the default limits; no members, presences or messages.
/// let limits = CacheLimits::new().members(0).users(0).presences(0).messages(0);
/// # let _ = limits;
/// ```
///
/// Enough for a bot that looks up who wrote a deleted message:
///
/// ```
/// use antiphon_discord::{CacheLimits, Config, Intents};
///
/// let limits = CacheLimits::new().messages(50_000).messages_per_channel(500).presences(0);
/// let config = Config::new("token", Intents::GUILDS | Intents::GUILD_MESSAGES).cache(limits);
/// assert!(antiphon_discord::connect(config).0.cache().is_on());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheLimits {
    pub(super) guilds: usize,
    pub(super) channels: usize,
    pub(super) roles: usize,
    pub(super) emojis: usize,
    pub(super) members: usize,
    pub(super) members_per_guild: usize,
    pub(super) users: usize,
    pub(super) presences: usize,
    pub(super) voice_states: usize,
    pub(super) messages: usize,
    pub(super) messages_per_channel: usize,
}

impl Default for CacheLimits {
    fn default() -> Self {
        Self {
            guilds: 1_000,
            channels: 20_000,
            roles: 20_000,
            emojis: 10_000,
            members: 20_000,
            members_per_guild: 10_000,
            users: 20_000,
            presences: 20_000,
            voice_states: 5_000,
            messages: 5_000,
            messages_per_channel: 100,
        }
    }
}

/// Writes a setter for each limit.
macro_rules! limits {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[must_use]
        pub fn $name(mut self, limit: usize) -> Self {
            self.$name = limit;
            self
        }
    )*};
}

impl CacheLimits {
    /// The defaults.
    pub fn new() -> Self {
        Self::default()
    }

    limits! {
        /// Sets how many guilds are kept. Default: 1,000.
        ///
        /// A dropped guild takes all its objects along.
        guilds;
        /// Sets how many channels and threads are kept. Default: 20,000.
        ///
        /// Messages of a dropped channel stay.
        channels;
        /// Sets how many roles are kept. Default: 20,000.
        roles;
        /// Sets how many emojis are kept. Default: 10,000.
        emojis;
        /// Sets how many members of all guilds are kept. Default: 20,000.
        ///
        /// Members over the limit are dropped in the order in which they came, from any guild.
        members;
        /// Sets how many members of one guild are kept. Default: 10,000.
        members_per_guild;
        /// Sets how many users are kept. Default: 20,000.
        ///
        /// A user who is dropped here stays in the members that hold a copy.
        users;
        /// Sets how many presences are kept. Default: 20,000.
        ///
        /// Without the intent `GUILD_PRESENCES` there are none.
        presences;
        /// Sets how many voice states are kept. Default: 5,000.
        voice_states;
        /// Sets how many messages of all channels are kept. Default: 5,000.
        messages;
        /// Sets how many messages of one channel are kept. Default: 100.
        ///
        /// It keeps one busy channel from taking the place of all others.
        messages_per_channel;
    }
}
