//! Files that tools/discord-model writes.
#![expect(
    missing_docs,
    reason = "a field's name says what it is; what it does not say is documented"
)]
#![allow(
    clippy::wildcard_imports,
    reason = "which types an object has is written anew with each description"
)]

pub(crate) mod flags;
pub(crate) mod gateway;
pub(crate) mod numbers;
pub(crate) mod objects;
pub(crate) mod words;
