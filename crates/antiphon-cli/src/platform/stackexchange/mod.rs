//! The part of the command that knows stackexchange.
//!
//! `config` has the keys of an account on one server, `check` the rules that the schema cannot say, `doctor`
//! the examination online, `demo` one chat room, `show` who said what.

pub(crate) mod check;
pub(crate) mod config;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod show;
