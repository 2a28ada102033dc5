//! The part of the command that knows queup.
//!
//! `config` has the keys of an account, `check` the rules that the schema cannot say, `doctor`
//! the examination online, `demo` one room with chat, songs and dubs, `show` who said what and which song
//! plays.

pub(crate) mod check;
pub(crate) mod config;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod show;
