//! Where the simulated nodes listen, and their passwords.

use antiphon_core::Secret;
use serde::Serialize;

use super::controls::Node;
use crate::addresses::exposed;

/// Where a simulated Lavalink node is.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct NodeAddress {
    /// Its name in this world.
    pub name: &'static str,
    /// Its address, without a path.
    pub url: String,
    /// What it asks for.
    #[serde(serialize_with = "exposed")]
    pub password: Secret,
}

impl NodeAddress {
    pub(super) fn new(at: &str, node: &Node) -> Self {
        Self {
            name: node.name(),
            url: format!("http://{at}"),
            password: node.password(),
        }
    }
}
