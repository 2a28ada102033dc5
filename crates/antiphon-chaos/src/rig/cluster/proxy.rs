//! The network between one process and the servers: a proxy for each server, which stalls or drops what goes through.
//!
//! The proxies have a thread of their own, so that nothing is late while a verdict is made.

use std::{
    net::{Ipv4Addr, TcpListener as Listener},
    thread::JoinHandle,
};

use anyhow::Context as _;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    runtime::Builder,
    sync::watch,
    task::JoinSet,
};

use crate::script::cluster::Cut;

/// What is wrong with the network; `None` if it is whole.
type Wrong = Option<Cut>;

/// The network of one process.
pub(crate) struct Network {
    ports: Vec<u16>,
    wrong: watch::Sender<Wrong>,
    end: Option<watch::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Network {
    /// A network to the servers on these ports.
    ///
    /// # Errors
    /// The system's.
    pub(crate) fn to(servers: &[u16]) -> anyhow::Result<Self> {
        let (wrong, seen) = watch::channel(None);
        let (end, mut ended) = watch::channel(());
        let mut ports = Vec::new();
        let mut ways = Vec::new();
        for server in servers {
            let listener = Listener::bind((Ipv4Addr::LOCALHOST, 0)).context("there is no port")?;
            listener.set_nonblocking(true)?;
            ports.push(listener.local_addr()?.port());
            ways.push((listener, *server));
        }
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let carry = move || {
            runtime.block_on(async {
                let mut tasks = JoinSet::new();
                for (listener, server) in ways {
                    // It is bound and does not block; the system has no reason to refuse it.
                    if let Ok(listener) = TcpListener::from_std(listener) {
                        tasks.spawn(serve(listener, server, seen.clone()));
                    }
                }
                // An error says that the owner is gone.
                let _ = ended.changed().await;
            });
        };
        let thread = std::thread::Builder::new()
            .name("network".into())
            .spawn(carry);
        Ok(Self {
            ports,
            wrong,
            end: Some(end),
            thread: Some(thread.context("there is no thread")?),
        })
    }

    /// The ports in place of the servers'.
    pub(crate) fn ports(&self) -> &[u16] {
        &self.ports
    }

    /// Cuts the process off, or lets it through again.
    pub(crate) fn set(&self, wrong: Wrong) {
        self.wrong.send_replace(wrong);
    }

    /// Whether the process is cut off.
    pub(crate) fn is_cut(&self) -> bool {
        self.wrong.borrow().is_some()
    }
}

impl Drop for Network {
    fn drop(&mut self) {
        self.end = None;
        if let Some(thread) = self.thread.take() {
            // A panic of it was counted.
            let _ = thread.join();
        }
    }
}

async fn serve(listener: TcpListener, server: u16, wrong: watch::Receiver<Wrong>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        while connections.try_join_next().is_some() {}
        connections.spawn(connection(client, server, wrong.clone()));
    }
}

/// Carries bytes until either side, or a cut, ends the connection.
async fn connection(client: TcpStream, server: u16, mut wrong: watch::Receiver<Wrong>) {
    if *wrong.borrow_and_update() == Some(Cut::Drop) {
        return;
    }
    // A connection that begins while all stalls is answered by nobody.
    if whole(&mut wrong.clone()).await.is_err() {
        return;
    }
    let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, server)).await else {
        return;
    };
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    tokio::select! {
        () = pump(from_client, to_server, wrong.clone()) => {}
        () = pump(from_server, to_client, wrong.clone()) => {}
        _ = wrong.wait_for(|wrong| *wrong == Some(Cut::Drop)) => {}
    }
}

/// Waits until nothing is wrong.
///
/// # Errors
/// The owner is gone.
async fn whole(wrong: &mut watch::Receiver<Wrong>) -> Result<(), watch::error::RecvError> {
    wrong.wait_for(Option::is_none).await.map(drop)
}

async fn pump(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut wrong: watch::Receiver<Wrong>) {
    let mut bytes = vec![0; 64 << 10];
    while let Ok(length @ 1..) = from.read(&mut bytes).await {
        if whole(&mut wrong).await.is_err() || to.write_all(&bytes[..length]).await.is_err() {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_stalled_comes_later_and_what_is_dropped_ends() {
        let server = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = server.local_addr().unwrap().port();
        let network = Network::to(&[port]).unwrap();
        let connect = || TcpStream::connect((Ipv4Addr::LOCALHOST, network.ports()[0]));
        let mut client = connect().await.unwrap();
        client.write_all(b"one").await.unwrap();
        let (mut held, _) = server.accept().await.unwrap();
        let mut bytes = [0; 3];
        held.read_exact(&mut bytes).await.unwrap();
        assert_eq!(&bytes, b"one");

        network.set(Some(Cut::Stall));
        client.write_all(b"two").await.unwrap();
        let mut late = connect().await.unwrap();
        late.write_all(b"hey").await.unwrap();
        assert!(network.is_cut());
        network.set(None);
        held.read_exact(&mut bytes).await.unwrap();
        assert_eq!(&bytes, b"two");
        let (mut second, _) = server.accept().await.unwrap();
        second.read_exact(&mut bytes).await.unwrap();
        assert_eq!(&bytes, b"hey");

        network.set(Some(Cut::Drop));
        assert!(!matches!(held.read(&mut bytes).await, Ok(1..)));
        assert!(!matches!(client.read(&mut bytes).await, Ok(1..)));
        let mut refused = connect().await.unwrap();
        assert!(!matches!(refused.read(&mut bytes).await, Ok(1..)));
    }
}
