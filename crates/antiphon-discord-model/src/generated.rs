//! What tools/discord-model writes.
#![expect(
    missing_docs,
    reason = "a field's name says what it is; what it does not say is documented"
)]
#![expect(
    clippy::struct_excessive_bools,
    clippy::wildcard_imports,
    reason = "the objects are Discord's, and the imports cannot follow each of them"
)]

pub(crate) mod flags;
pub(crate) mod gateway;
pub(crate) mod numbers;
pub(crate) mod objects;
pub(crate) mod words;
