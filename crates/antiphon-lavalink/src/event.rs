//! Payload types, and the step from a frame to an event.
//!
//! The types have the reference library's names without `EventPayload`. Where the reference has a live node or player,
//! a payload has the node's name and the player's guild; [`Pool`](crate::Pool) finds the handle.
//!
//! # From frame to payload
//! 1. `make.rs` reads op, type and guild of a frame in one pass, and makes a draft: kind, place, origin, and the frame
//!    itself as the body.
//! 2. `pool/frames.rs` adds the note: the track as the client played it, and whether it goes on after an outage. These
//!    are facts that the frame does not have.
//! 3. The journal stores it. From here on, `table.rs` finds the payload type of a kind, and `payload.rs` decodes it.
//!
//! # What holds
//! - Every frame becomes one event, with the frame as its body, byte for byte. No frame is refused: one that is not of
//!   the protocol is [`Malformed`].
//! - A kind is `lavalink.` and the frame's `type` if its op is `event`, else its op (protocol §2, §3).
//! - The place is `node/<name>/player/<guild>` if the frame names a guild, else `node/<name>`.
//! - Decoding a known kind fails only if the body is no JSON object, since a missing or odd value is empty, 0 or
//!   absent.

mod make;
mod payload;
mod table;
#[cfg(test)]
mod tests;

pub(crate) use self::make::{Heading, node_place, note, player_place};
#[cfg(any(test, fuzzing))]
pub(crate) use self::table::read_all;
pub use self::{
    make::read_frame,
    payload::{
        ChapterStarted, ChaptersLoaded, Extra, InactivePlayer, LyricsFound, LyricsLine,
        LyricsNotFound, Malformed, NodeClosed, NodeDisconnected, NodeReady, PlayerMigrated,
        PlayerUpdate, PluginStateLost, SegmentSkipped, SegmentsLoaded, Stats, TrackEnd,
        TrackException, TrackStart, TrackStuck, WebsocketClosed,
    },
    table::KINDS,
};
