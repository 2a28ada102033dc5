#![doc = include_str!("../README.md")]

mod address;
mod control;
mod desk;
mod fault;
mod ledger;
mod line;
mod options;
pub mod queup;
mod simulator;
mod traffic;
mod world;

pub use address::{Addresses, Login, QueUpAddresses};
pub use control::{Command, CommandError};
pub use fault::{Quirk, RestFault};
pub use ledger::{Ledger, LedgerLimits, Note, Query, Row};
pub use options::{Options, UnknownServer};
pub use simulator::Simulator;
pub use world::World;
