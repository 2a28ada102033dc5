//! What servers say of themselves, and of the stream of a journal.

use std::time::Duration;

use antiphon_core::ReadError;
use async_nats::{ServerAddr, jetstream::kv::Operation};
use futures_util::{StreamExt, stream};

use super::{
    JetStreamJournal, JetStreamOpenError, JetStreamOptions,
    lease::APPENDER,
    server::{Failure, addresses, connect, fits},
};

/// Servers that are asked at the same time.
const TOGETHER: usize = 16;

/// What a server says of itself.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct JetStreamServer {
    /// Its name.
    pub name: String,
    /// Its version, such as `2.10.25`.
    pub version: String,
    /// Name of its cluster; `None` for a server that is alone.
    pub cluster: Option<String>,
}

/// What a server says of a journal's stream, and of who appends to it.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct JetStreamStream {
    /// Name of the stream.
    pub name: String,
    /// Servers that keep it.
    pub replicas: usize,
    /// Name of the server that leads them; `None` if there is none at the moment, or no cluster.
    pub leader: Option<String>,
    /// The others of them.
    pub peers: Vec<JetStreamPeer>,
    /// Messages in it: events, states, and what is deleted next.
    pub messages: u64,
    /// Bytes of them on one server.
    pub bytes: u64,
    /// Most bytes that it may have; `None` for no limit of its own.
    pub max_bytes: Option<u64>,
    /// Time after which a process that says nothing is replaced.
    pub lease: Duration,
    /// What the process that appends wrote about itself; `None` if there is none.
    pub holder: Option<String>,
}

/// A server that keeps a copy of a stream.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct JetStreamPeer {
    /// Its name.
    pub name: String,
    /// Whether it has everything that the leader has.
    pub is_current: bool,
    /// Whether the leader has not heard of it for long.
    pub is_offline: bool,
}

/// Asks a server whether it can keep a journal with these options.
async fn ask(
    address: ServerAddr,
    options: &JetStreamOptions,
) -> Result<JetStreamServer, JetStreamOpenError> {
    let client = connect(vec![address], options).await?;
    fits(&client, options.replicas)?;
    let said = client.server_info();
    if !said.jetstream {
        let source = "the server says that it is off".into();
        return Err(JetStreamOpenError::NoJetStream(source));
    }
    Ok(JetStreamServer {
        name: said.server_name,
        version: said.version,
        cluster: said.cluster,
    })
}

impl JetStreamJournal {
    /// Asks each server by itself, without a look at any stream: its address without a login, and what it says, or why
    /// it cannot keep the journal.
    ///
    /// It must be called within a tokio runtime. Each has [`JetStreamOptions::patience`] to answer.
    ///
    /// # Errors
    /// [`JetStreamOpenError`] if an address is none; that a server could not be reached stands beside its address.
    pub async fn servers(
        servers: &str,
        options: &JetStreamOptions,
    ) -> Result<Vec<(String, Result<JetStreamServer, JetStreamOpenError>)>, JetStreamOpenError>
    {
        let asked = stream::iter(addresses(servers)?)
            .map(async |address| {
                let shown = format!("{}:{}", address.host(), address.port());
                (shown, ask(address, options).await)
            })
            .buffered(TOGETHER);
        Ok(asked.collect().await)
    }

    /// What the server says of the journal's stream, and who appends to it.
    ///
    /// # Errors
    /// [`ReadError`] if the server does not answer.
    pub async fn health(&self) -> Result<JetStreamStream, ReadError> {
        self.look_at_stream().await.map_err(Failure::read)
    }

    async fn look_at_stream(&self) -> Result<JetStreamStream, Failure> {
        self.shared.check_open()?;
        let info = self.shared.link.stream.get_info().await;
        let info = info.map_err(|error| Failure::unreachable(&error))?;
        let cluster = info.cluster;
        let peers = cluster.iter().flat_map(|cluster| &cluster.replicas);
        let peers = peers.map(|peer| JetStreamPeer {
            name: peer.name.clone(),
            is_current: peer.current,
            is_offline: peer.offline,
        });
        Ok(JetStreamStream {
            name: info.config.name,
            replicas: info.config.num_replicas,
            peers: peers.collect(),
            leader: cluster.and_then(|cluster| cluster.leader),
            messages: info.state.messages,
            bytes: info.state.bytes,
            max_bytes: u64::try_from(info.config.max_bytes)
                .ok()
                .filter(|limit| *limit > 0),
            lease: self.lease,
            holder: self.holder(APPENDER).await?,
        })
    }

    /// What the holder of a lease wrote about itself; `None` if nobody holds it.
    pub(super) async fn holder(&self, key: &str) -> Result<Option<String>, Failure> {
        let entry = self.bucket.entry(key).await;
        let entry = entry.map_err(|error| Failure::unreachable(&error))?;
        let entry = entry.filter(|entry| entry.operation == Operation::Put);
        Ok(entry.map(|entry| String::from_utf8_lossy(&entry.value).into_owned()))
    }
}
