//! Files that tools/discord-model writes.
//!
//! `tools/discord-model` writes them from the declarations of `discord-api-types`, with the exceptions that its `config.mjs`
//! names; `model.json` beside the crate is the description that both are made from.
//! They are part of the repository, so that no build needs a network, and they are not edited by hand.
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
