//! One file for each command.

pub(crate) mod completions;
pub(crate) mod dead;
pub(crate) mod demo;
pub(crate) mod kinds;
pub(crate) mod run;
pub(crate) mod sim;
pub(crate) mod tail;
