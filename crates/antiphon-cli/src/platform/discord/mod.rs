//! The part of the command that knows discord.
//!
//! `config` has the keys of a bot, `check` the rules that the schema cannot say, `doctor`
//! the examination online, `demo` a bot in one guild that answers `!ping`, `show` the author and text of a
//! message.

pub(crate) mod check;
pub(crate) mod config;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod show;
