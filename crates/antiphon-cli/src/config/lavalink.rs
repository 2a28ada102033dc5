//! `[sources.NAME]` with `platform = "lavalink"`.

use std::collections::BTreeMap;

use antiphon::{lavalink, net::Network};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    Context,
    proxy::Proxy,
    secret::SecretFrom,
    set,
    value::{Id, Length, seconds},
};
use crate::failure::Failure;

/// Pool of Lavalink nodes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Lavalink {
    /// Id of the bot's user at Discord, as a text or a number.
    pub(super) user: Id,
    /// Nodes of the pool, each under a name of your own, with the keys below.
    #[schemars(extend("minProperties" = 1))]
    pub(super) nodes: BTreeMap<String, Node>,
    /// How nodes are told who connects, as `NAME/VERSION`.
    ///
    /// Default: `antiphon/` and its version.
    client_name: Option<String>,
    /// How often nodes are pinged; one that says nothing for two of them is lost.
    #[serde(default = "seconds::<15>")]
    heartbeat: Length,
    /// How long nodes keep a session that was lost, and its players playing.
    #[serde(default = "seconds::<60>")]
    resume_timeout: Length,
    /// How long a lost node may take to come back before its players move.
    #[serde(default = "seconds::<15>")]
    pub(super) failover_after: Length,
    proxy: Option<Proxy>,
}

/// Node of a pool.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub(crate) struct Node {
    /// Where the node is: `http://` or `https://`, with its port.
    #[schemars(example = &"http://localhost:2333")]
    pub(super) url: String,
    /// Password of the node: `lavalink.server.password` of its own configuration.
    pub(super) password: SecretFrom,
    /// Region of Discord's voice servers that are near.
    ///
    /// Default: none.
    #[schemars(example = &"eu")]
    pub(super) region: Option<String>,
}

impl Lavalink {
    /// The pool as a source.
    pub(crate) fn source(&self, context: Context<'_>) -> Result<lavalink::Source, Failure> {
        let nodes = self.nodes.iter().map(|(name, node)| {
            let of = format_args!("the password of the node `{name}`");
            let password = context.secret(&node.password, of)?;
            let config = lavalink::NodeConfig::new(name.as_str(), &node.url, password);
            Ok(set(
                config,
                node.region.as_ref(),
                lavalink::NodeConfig::region,
            ))
        });
        let nodes = nodes.collect::<Result<Vec<_>, Failure>>()?;
        let config = lavalink::Config::new(self.user.0.get(), nodes)
            .name(context.name)
            .network(context.network(Network::new(), self.proxy.as_ref())?)
            .heartbeat(self.heartbeat.0)
            .resume_timeout(self.resume_timeout.0)
            .failover_after(self.failover_after.0);
        let config = set(
            config,
            self.client_name.as_ref(),
            lavalink::Config::client_name,
        );
        Ok(lavalink::connect(config).1)
    }
}
