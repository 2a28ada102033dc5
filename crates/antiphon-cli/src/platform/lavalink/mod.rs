//! The part of the command that knows lavalink.
//!
//! `config` has the keys of a pool of nodes, `check` the rules that the schema cannot say, `doctor`
//! the examination online, `demo` players in four guilds and a node that dies, `show` songs and
//! positions.

pub(crate) mod check;
pub(crate) mod config;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod show;
