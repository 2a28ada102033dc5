//! Payload types, and the step from a frame to an event.
//!
//! The types have the reference library's names without `EventPayload`. Where the reference has a live node or player,
//! a payload has the node's name and the player's guild; [`Pool`](crate::Pool) finds the handle.

mod make;
mod payload;
mod table;
#[cfg(test)]
mod tests;

pub(crate) use self::make::{Heading, node_place, note, player_place};
pub use self::{
    make::read_frame,
    payload::{
        Extra, InactivePlayer, Malformed, NodeClosed, NodeDisconnected, NodeReady, PlayerMigrated,
        PlayerUpdate, Stats, TrackEnd, TrackException, TrackStart, TrackStuck, WebsocketClosed,
    },
    table::KINDS,
};
