//! Ids, and the markers of their kinds.

use std::num::NonZeroU64;

use antiphon_core::lenient::{Reader, Reason};
pub use twilight_model::id::{Id, marker};

pub(crate) use self::marker::*;
use crate::read::{Key, Read};

/// Placeholder for a missing id in an object that needs one; no object has this id.
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
