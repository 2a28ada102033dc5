//! A thousand rooms of one account: the connections that they take, and what each of them gets.

mod harness;

use std::{
    collections::HashSet,
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
};

use antiphon_core::BoxFuture;
use antiphon_net::{Connect, Network, Stream};
use antiphon_queup::{Account, Config, ProxyOptions, RateLimits};
use antiphon_sim::{Options, Simulator, WorldFile, trial::Journal};
use harness::{Begin as _, Running};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Requests that may be under way at once; as many connections may be idle beside them, and one is the socket.
const UPKEEP: usize = 6;
const IDLE: usize = 8;

/// A way to the simulator that counts its open connections.
#[derive(Debug)]
struct Counted {
    network: Network,
    counts: Arc<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    open: AtomicUsize,
    most: AtomicUsize,
}

impl Connect for Counted {
    fn connect<'a>(&'a self, host: &'a str, _: u16) -> BoxFuture<'a, io::Result<Stream>> {
        let uri = format!("http://{host}").parse();
        Box::pin(async move {
            let uri = uri.expect("a host is a URI");
            let stream = self.network.open(&uri).await.map_err(io::Error::other)?;
            let open = self.counts.open.fetch_add(1, Ordering::Relaxed) + 1;
            self.counts.most.fetch_max(open, Ordering::Relaxed);
            Ok(Stream::new(Line(stream, Arc::clone(&self.counts))))
        })
    }
}

/// A connection that counts until it is dropped.
struct Line(Stream, Arc<Counts>);

impl Drop for Line {
    fn drop(&mut self) {
        self.1.open.fetch_sub(1, Ordering::Relaxed);
    }
}

impl AsyncRead for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, into)
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        from: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, from)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}

/// The places of a kind's events.
fn places(journal: &Journal, kind: &str) -> HashSet<String> {
    let events = journal.of(kind).into_iter();
    events.map(|event| event.place().to_string()).collect()
}

/// Whether each room has the state that is fetched after joining.
fn is_whole(journal: &Journal, rooms: usize) -> bool {
    // The last part that a room gets; looking for all of them at each event would take long.
    journal.count("queup.playlist_details") >= rooms
        && [
            "queup.room_users",
            "queup.playlist_active",
            "queup.playlist_details",
        ]
        .iter()
        .all(|kind| places(journal, kind).len() == rooms)
}

#[tokio::test(start_paused = true)]
async fn a_thousand_rooms_take_a_few_connections_and_each_becomes_whole() {
    const ROOMS: usize = 1000;
    let slugs: Vec<String> = (0..ROOMS).map(|number| format!("room-{number}")).collect();
    let rooms: Vec<String> = slugs
        .iter()
        .map(|slug| format!("[[queup.rooms]]\nslug = \"{slug}\"\nowner = \"mira\"\n"))
        .collect();
    let world = WorldFile::from_toml(&rooms.concat()).expect("a world of rooms");
    let sim = Simulator::over_pipes(&Options::new().seed(7).world(world));
    let counts = Arc::new(Counts::default());
    let way = Counted {
        network: sim.network(),
        counts: Arc::clone(&counts),
    };
    let bot = sim.queup().account();
    let config = Config::new(Account::new(bot.email, bot.password))
        .clock(sim.clock())
        .rest("http://api.queup.net")
        .socket("ws://ws.queup.net/ws/")
        .proxy(ProxyOptions::custom(Arc::new(way)))
        .rate_limits(RateLimits::default().upkeep(UPKEEP))
        .rooms(slugs);
    let app = Running::start(&sim, config);
    app.until(|journal| is_whole(journal, ROOMS)).await;
    let most = counts.most.load(Ordering::Relaxed);
    assert!(most <= UPKEEP + IDLE + 1, "{most} connections at once");
    let cached = app.client.rooms();
    assert_eq!(cached.len(), ROOMS, "the client knows each of them");

    // After an outage each room is joined again, and has its state once more.
    sim.queup().cut();
    app.until(|journal| journal.count("queup.playlist_details") >= 2 * ROOMS)
        .await;
    let most = counts.most.load(Ordering::Relaxed);
    assert!(most <= UPKEEP + IDLE + 1, "{most} connections at once");
    app.stop().await;
}
