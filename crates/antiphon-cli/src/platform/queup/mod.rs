//! The part of the command that knows queup.

pub(crate) mod config;
pub(crate) mod demo;
pub(crate) mod show;
