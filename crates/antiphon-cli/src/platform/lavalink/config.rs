//! `[sources.NAME]` with `platform = "lavalink"`.
//!
//! The daemon connects nodes without a bot, so that `user` is needed here: in a program with a bot, `antiphon::music`
//! learns it from Discord. Times are Lavalink's own terms: how often nodes are pinged, how long they keep a lost
//! session, and how long a lost node may take before its players move.

use std::collections::BTreeMap;

use antiphon::{
    lavalink,
    net::{Addresses, AddressesError, Network},
};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::command::sim::write::{Keys, Secrets};
use crate::config::{
    Context,
    proxy::Proxy,
    secret::SecretFrom,
    set,
    value::{FilePath, Id, Length, seconds},
};
use crate::failure::Failure;

/// Pool of Lavalink nodes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Lavalink {
    /// Id of the bot's user at Discord, as a text or a number.
    pub(crate) user: Id,
    /// Nodes of the pool, each under a name of your own, with the keys below.
    #[schemars(extend("minProperties" = 1))]
    pub(crate) nodes: BTreeMap<String, Node>,
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
    pub(crate) failover_after: Length,
    proxy: Option<Proxy>,
    /// Root certificate to trust beside the machine's own, as a PEM file: a company's, or that of `antiphon sim --tls`.
    ///
    /// Default: none.
    #[schemars(example = &"sim.pem")]
    certificate: Option<FilePath>,
}

/// Node of a pool.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
pub(crate) struct Node {
    /// Where the node is: `http://` or `https://`, with its port.
    #[schemars(example = &"http://localhost:2333")]
    pub(crate) url: String,
    /// Password of the node: `lavalink.server.password` of its own configuration.
    pub(crate) password: SecretFrom,
    /// Region of Discord's voice servers that are near.
    ///
    /// Default: none.
    #[schemars(example = &"eu")]
    pub(crate) region: Option<String>,
    /// Whether the node takes the next track of a player beforehand, for players that go on without a pause.
    ///
    /// Default: what the node says of itself.
    next_track: Option<bool>,
}

impl Lavalink {
    /// The pool as a source.
    ///
    /// # Errors
    /// A password of a node, the proxy's secret or the certificate could not be read; the error names the node.
    pub(crate) fn source(&self, context: Context<'_>) -> Result<lavalink::Source, Failure> {
        let nodes = self.nodes.iter().map(|(name, node)| {
            let of = format_args!("the password of the node `{name}`");
            let password = context.secret(&node.password, of)?;
            let config = lavalink::NodeConfig::new(name.as_str(), &node.url, password);
            let config = set(config, node.region.as_ref(), lavalink::NodeConfig::region);
            Ok(set(
                config,
                node.next_track,
                lavalink::NodeConfig::next_track,
            ))
        });
        let nodes = nodes.collect::<Result<Vec<_>, Failure>>()?;
        let config = lavalink::Config::new(self.user.0.get(), nodes)
            .name(context.name)
            .network(self.network(context)?)
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

    /// Number of rooms that it joins by its configuration: none, since it has none.
    #[expect(clippy::unused_self, reason = "the same for every platform")]
    pub(crate) fn room_count(&self) -> usize {
        0
    }

    /// The way that its connections take.
    ///
    /// # Errors
    /// The proxy's secret or the certificate could not be read.
    pub(crate) fn network(&self, context: Context<'_>) -> Result<Network, Failure> {
        context.network(self.proxy.as_ref(), self.certificate.as_ref())
    }
}

/// Keys of a source for the simulated nodes, and the bot of the simulated Discord.
pub(crate) fn simulated(
    addresses: &Addresses,
    secrets: &mut Secrets,
) -> Result<Keys, AddressesError> {
    let user = addresses.platform("discord")?.text("user_id")?;
    let mut keys = vec![("user".to_owned(), user.into())];
    for node in addresses.platform("lavalink")?.items()? {
        let name = node.text("name")?;
        let password = secrets.file(&format!("lavalink-{name}"), node.secret("password")?);
        let mut table = toml::Table::new();
        table.insert("url".to_owned(), node.text("url")?.into());
        table.insert("password".to_owned(), password);
        keys.push((format!("nodes.{}", toml::Value::from(name)), table.into()));
    }
    Ok(keys)
}

/// A source with every key.
#[cfg(test)]
pub(crate) const WHOLE: &str = r#"
[sources.organ]
platform = "lavalink"
user = "80351110224678912"
client_name = "choirbot/1"
heartbeat = "10s"
resume_timeout = "2m"
failover_after = "5s"
certificate = "sim.pem"

[sources.organ.nodes]
eu-1 = { url = "http://127.0.0.1:7003", password = { env = "EU_PASSWORD" }, region = "eu", next_track = false }
us-1 = { url = "https://us.example.org", password = { file = "us" } }
"#;
