//! Payload types, and the step from the wire to an event.
//!
//! They have the reference library's names less `EventPayload`. Where the reference hands over a live node or player,
//! a payload has the node's name and the player's guild; [`Pool`](crate::Pool) finds what is alive of them.

mod kinds;
mod make;
mod payload;
#[cfg(test)]
mod tests;

pub use self::{
    kinds::KINDS,
    make::read_frame,
    payload::{
        Extra, InactivePlayer, Malformed, NodeClosed, NodeDisconnected, NodeReady, PlayerMigrated,
        PlayerUpdate, Stats, TrackEnd, TrackException, TrackStart, TrackStuck, WebsocketClosed,
    },
};
pub(crate) use self::{
    kinds::{INACTIVE_PLAYER, NODE_CLOSED, NODE_DISCONNECTED, PLAYER_MIGRATED, kind_of},
    make::{Heading, node_place, note, player_place},
};
