//! Memory of idle players.
//!
//! `cargo bench -p antiphon-lavalink --bench memory` runs one pool against one simulated node in another process, over
//! real sockets. Up to ten thousand players join their channels, one after another, by the voice handshake. It prints
//! the growth of this process, in all and per player.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]

use std::{
    env, fs,
    io::{BufRead as _, BufReader, Write as _},
    process::{Command, Stdio},
    sync::{Arc, OnceLock},
    time::Duration,
};

use antiphon_core::BoxFuture;
use antiphon_lavalink::{
    Config, NodeConfig, NodeStatus, Pool, VoiceRequest, VoiceServer, VoiceState, connect,
};
use antiphon_sim::{Options, Simulator};
use futures_util::{StreamExt as _, stream};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

const BOT: u64 = 77;
const CHANNEL: u64 = 6;
/// Makes this program the node.
const AS_NODE: &str = "as-node";
/// Numbers of players at which memory is measured; the first includes the constant part.
const STEPS: [u64; 5] = [100, 2500, 5000, 7500, 10_000];
/// Players that join at the same time.
const ABREAST: usize = 32;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    if env::args().any(|word| word == AS_NODE) {
        runtime.block_on(be_the_node());
    } else {
        runtime.block_on(measure());
    }
}

/// Serves until the other process closes standard input.
async fn be_the_node() {
    let sim = Simulator::listen(&Options::new()).await.expect("ports");
    let nodes = sim.lavalink().addresses().expect("it listens");
    let node = &nodes[0];
    println!("{}\t{}", node.url, node.password.expose());
    std::io::stdout().flush().expect("somebody reads");
    let read = tokio::task::spawn_blocking(|| std::io::stdin().read_line(&mut String::new()));
    let _ = read.await;
}

async fn measure() {
    let mut child = Command::new(env::current_exe().expect("a path"))
        .arg(AS_NODE)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the node runs");
    let mut line = String::new();
    let mut output = BufReader::new(child.stdout.take().expect("piped"));
    output.read_line(&mut line).expect("a line");
    let (url, password) = line.trim_end().split_once('\t').expect("two words");

    let cell: Arc<OnceLock<Pool>> = Arc::default();
    let discord = Arc::clone(&cell);
    let node = NodeConfig::new("eu-1", url, password.to_owned());
    let config = Config::new(BOT, [node]).voice_gateway(move |request: VoiceRequest| {
        if let Some(pool) = discord.get() {
            answer(pool, &request);
        }
        Box::pin(async { Ok(()) }) as BoxFuture<'static, _>
    });
    let (pool, source) = connect(config);
    cell.set(pool.clone()).expect("set once");
    let shutdown = CancellationToken::new();
    let mut events = source.events(shutdown.clone());
    // Events are dropped.
    let hear = async { while events.next().await.is_some() {} };
    let enter = async {
        while pool.nodes()[0].status() != NodeStatus::Connected {
            sleep(Duration::from_millis(10)).await;
        }
        println!(
            "{:>8} {:>14} {:>14}",
            "players", "resident KiB", "bytes each"
        );
        let mut begun = (0, 0);
        let mut from = 0;
        for players in STEPS {
            let entering = stream::iter(from..players).map(|guild| {
                let player = pool.player_in(900_100_200_300_400_000 + guild);
                async move { player.connect(CHANNEL).await.expect("in the channel") }
            });
            entering.buffer_unordered(ABREAST).collect::<()>().await;
            assert_eq!(pool.players().len() as u64, players);
            let bytes = resident();
            if from == 0 {
                begun = (players, bytes);
            }
            let each = bytes.saturating_sub(begun.1).checked_div(players - begun.0);
            let each = each.map_or_else(|| "-".to_owned(), |each| each.to_string());
            println!("{players:>8} {:>14} {each:>14}", bytes / 1024);
            from = players;
        }
        shutdown.cancel();
    };
    tokio::join!(hear, enter);
    drop(child.stdin.take());
    child.wait().expect("the node ends");
}

/// Connects the bot to a channel.
fn answer(pool: &Pool, request: &VoiceRequest) {
    pool.voice_state_update(VoiceState {
        guild: request.guild,
        user: BOT.into(),
        channel: request.channel,
        session_id: format!("{:032x}", request.guild.get()),
    });
    pool.voice_server_update(VoiceServer {
        guild: request.guild,
        token: format!("{:016x}", request.guild.get()).into(),
        endpoint: Some("c-fra01-4b1c2d3e.discord.media:443".into()),
    });
}

/// Resident memory of this process in bytes.
fn resident() -> u64 {
    let statm = fs::read_to_string("/proc/self/status").expect("Linux");
    let line = statm.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kibibytes = line.and_then(|line| line.trim().strip_suffix(" kB"));
    kibibytes.expect("a size").parse::<u64>().expect("a number") * 1024
}
