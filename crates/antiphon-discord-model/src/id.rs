//! Ids, and the markers of their kinds.
//!
//! An id is a number of 64 bits that Discord sends as a text of digits; both forms are read, and the text is written.
//! Its first 42 bits are a time ([`moment_of`](crate::moment_of)).
//! [Discord's page](https://discord.com/developers/docs/reference#snowflakes)
//!
//! The marker of an id says what it is the id of, so that a channel's cannot be passed for a guild's; `cast` changes it where
//! the two are known to be the same.
//!
//! ```
//! use antiphon_discord_model::id::{Id, marker::{ChannelMarker, GuildMarker, MessageMarker}};
//!
//! let channel: Id<ChannelMarker> = "22".parse().expect("digits");
//! assert_eq!(channel, Id::new(22));
//! // A thread that was begun from a message has the message's id.
//! let thread: Id<ChannelMarker> = Id::<MessageMarker>::new(70).cast();
//! assert_eq!(thread.get(), 70);
//! assert!(Id::<GuildMarker>::new_checked(0).is_none(), "no object has the id 0");
//! ```

use std::num::NonZeroU64;

use antiphon_core::lenient::{Reader, Reason};
pub use twilight_model::id::{Id, marker};

pub(crate) use self::marker::*;
use crate::read::{Key, Read};

/// Placeholder for a missing id in an object that needs one; no object has this id.
///
/// It stands only for the author of a message and the guild of an event; everything else without its id is not read at all.
pub(crate) const NOBODY: u64 = 1;

impl<M> Read for Id<M> {
    const NEEDED: bool = true;

    #[inline]
    fn read(from: &mut Reader<'_>) -> Option<Self> {
        let at = from.at();
        let id = from.unsigned("an id")?;
        let id = NonZeroU64::new(id);
        if id.is_none() {
            from.note_at(at, Reason::OutOfRange);
        }
        id.map(Self::from)
    }

    fn stand_in() -> Self {
        Self::new(NOBODY)
    }
}

impl<M> Key for Id<M> {
    fn of(name: &str) -> Option<Self> {
        name.parse().ok()
    }
}
