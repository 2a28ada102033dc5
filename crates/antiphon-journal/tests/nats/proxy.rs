//! A proxy between a client and a server, either of whose directions can be stopped: a partition of the network.

use std::net::SocketAddr;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::watch,
    task::JoinSet,
};

/// A proxy, which ends when it is dropped.
pub(crate) struct Proxy {
    address: SocketAddr,
    /// Whether bytes go to the server, and back.
    flows: [watch::Sender<bool>; 2],
    /// How often bytes were kept.
    kept: watch::Sender<u64>,
    _tasks: JoinSet<()>,
}

impl Proxy {
    /// A proxy to this address.
    pub(crate) async fn to(url: &str) -> Self {
        let server = url.trim_start_matches("nats://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
        let address = listener.local_addr().expect("bound");
        let flows = [watch::Sender::new(true), watch::Sender::new(true)];
        let [there, back] = flows.each_ref().map(watch::Sender::subscribe);
        let kept = watch::Sender::new(0);
        let keeps = kept.clone();
        let mut tasks = JoinSet::new();
        tasks.spawn(async move {
            let mut pumps = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let Ok(server) = TcpStream::connect(&server).await else {
                    continue;
                };
                let (from_client, to_client) = client.into_split();
                let (from_server, to_server) = server.into_split();
                pumps.spawn(pump(from_client, to_server, there.clone(), keeps.clone()));
                pumps.spawn(pump(from_server, to_client, back.clone(), keeps.clone()));
            }
        });
        Self {
            address,
            flows,
            kept,
            _tasks: tasks,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("nats://{}", self.address)
    }

    /// Waits until bytes are kept that come from now on.
    pub(crate) async fn keeps(&self) {
        let mut kept = self.kept.subscribe();
        kept.changed().await.expect("this proxy has the sender");
    }

    /// Lets bytes go to the server, and back, or keeps them.
    pub(crate) fn flow(&self, there: bool, back: bool) {
        self.flows[0].send_replace(there);
        self.flows[1].send_replace(back);
    }
}

async fn pump(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut flows: watch::Receiver<bool>,
    kept: watch::Sender<u64>,
) {
    let mut bytes = vec![0; 64 << 10];
    loop {
        let Ok(length @ 1..) = from.read(&mut bytes).await else {
            return;
        };
        if !*flows.borrow() {
            kept.send_modify(|count| *count += 1);
        }
        if flows.wait_for(|flows| *flows).await.is_err()
            || to.write_all(&bytes[..length]).await.is_err()
        {
            return;
        }
    }
}
