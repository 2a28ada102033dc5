#![doc = include_str!("../README.md")]

mod address;
mod agenda;
mod audit;
mod bounds;
mod control;
mod desk;
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
pub mod queup;
mod simulator;
pub mod stackexchange;
mod talk;
mod traffic;
pub mod trial;
mod web;
mod world;

pub use address::{
    Addresses, BotLogin, ChatServer, DiscordAddresses, Login, NodeAddress, QueUpAddresses,
    StackExchangeAddresses,
};
pub use audit::{Audit, Due, StoredEvent, StoredEvents};
pub use control::{Command, CommandError};
pub use fault::{Quirk, RestFault};
pub use ledger::{Ledger, LedgerLimits, Note, Query, Row};
pub use options::{Options, UnknownServer};
pub use simulator::Simulator;
pub use world::World;
