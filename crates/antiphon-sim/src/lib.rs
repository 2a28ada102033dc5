#![doc = include_str!("../README.md")]

mod addresses;
mod audit;
mod bounds;
mod command;
mod control_server;
pub mod discord;
mod encoder;
mod fault;
mod gate;
pub mod lavalink;
mod ledger;
mod line;
pub mod mutation;
mod options;
mod outgoing;
mod platform;
mod platforms;
mod ports;
pub mod queup;
mod server;
mod simulator;
mod socket;
mod sockets;
pub mod stackexchange;
mod timers;
mod tls;
mod traffic;
pub mod trial;
mod web;
mod wire;
mod world;
mod world_file;

pub use addresses::{Login, addresses_schema};
pub use antiphon_net::Addresses;
pub use audit::{Audit, Due, StoredEvent, StoredEvents};
pub use command::{Command, CommandError};
pub use fault::{Quirk, RestFault};
pub use ledger::{Ledger, LedgerLimits, Note, Query, Row};
pub use options::{Options, UnknownServer};
pub use simulator::Simulator;
pub use sockets::Sockets;
pub use wire::{Wire, WireEntry, WireKind, WireQuery, WireSide, masked};
pub use world::World;
pub use world_file::{WorldFile, WorldFileError, nearest_word};

/// Every platform that is simulated, in the order in which they start; a new one is added here.
const PLATFORMS: &[platforms::Kind] = &[
    platforms::Kind::of::<discord::Discord>(),
    // Asks Discord about voices, and so starts after it.
    platforms::Kind::of::<lavalink::Lavalink>(),
    platforms::Kind::of::<queup::QueUp>(),
    platforms::Kind::of::<stackexchange::StackExchange>(),
];

/// Builds every platform once that has a section in a world file; a new one is added here.
fn check_world(file: &WorldFile) -> Result<(), world_file::Problem> {
    file.build::<discord::state::State>(file.discord.as_ref())?;
    file.build::<lavalink::state::State>(file.lavalink.as_ref())?;
    file.build::<queup::state::State>(file.queup.as_ref())?;
    file.build::<stackexchange::state::State>(file.stackexchange.as_ref())
}
