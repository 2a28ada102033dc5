//! Payload types, and the kinds they are read from.

use antiphon_core::KindInfo;

/// Every typed kind.
pub const KINDS: &[KindInfo] = &[];
