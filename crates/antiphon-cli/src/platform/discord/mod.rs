//! The part of the command that knows discord.
//!
//! `config` has the keys of a bot, `demo` a bot in one guild that answers `!ping`, `show` the author and text of a
//! message.

pub(crate) mod config;
pub(crate) mod demo;
pub(crate) mod show;
