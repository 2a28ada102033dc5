#![doc = include_str!("../README.md")]

mod control;
mod fault;
mod ledger;
mod line;
mod options;
pub mod queup;
mod simulator;
mod world;

pub use fault::{Quirk, RestFault};
pub use ledger::{Ledger, LedgerLimits, Note, Query, Row};
pub use options::Options;
pub use simulator::Simulator;
pub use world::World;
