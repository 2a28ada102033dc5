//! Where the simulated nodes listen, and their passwords.

use antiphon_core::Secret;
use schemars::JsonSchema;
use serde::Serialize;

use super::controls::{Lavalink, Node};
use crate::addresses::exposed;

/// Address of a simulated Lavalink node.
#[derive(Clone, Debug, JsonSchema, Serialize)]
#[non_exhaustive]
pub struct NodeAddress {
    /// Name of the node.
    pub name: &'static str,
    /// URL of the node, without a path.
    pub url: String,
    /// Password of the node.
    #[serde(serialize_with = "exposed")]
    #[schemars(with = "String")]
    pub password: Secret,
}

impl NodeAddress {
    fn new(url: String, node: &Node) -> Self {
        Self {
            name: node.name(),
            url,
            password: node.password(),
        }
    }
}

impl Lavalink {
    /// Addresses and passwords of the nodes; `None` while the simulation listens on no real socket.
    pub fn addresses(&self) -> Option<Vec<NodeAddress>> {
        let at = self.server.shared.listening.get()?;
        let nodes = self.nodes().into_iter().enumerate();
        Some(
            nodes
                .map(|(port, node)| NodeAddress::new(at.http(port), &node))
                .collect(),
        )
    }
}
