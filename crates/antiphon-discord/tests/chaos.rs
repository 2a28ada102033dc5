//! Random scenarios from a seed: whatever goes wrong, nothing is lost without a gap.

mod harness;

use std::time::Duration;

use antiphon_core::Rng;
use antiphon_discord::{Compression, Shards};
use antiphon_sim::Simulator;
use harness::{Begin as _, Journal, Running, config, lost};
use tokio::time::sleep;

/// The fault after which no session can be resumed.
const LOSES: &str = "the session is lost";

/// The next fault.
fn trouble(sim: &Simulator, rng: &mut Rng) -> &'static str {
    let discord = sim.discord();
    match rng.u8(..14) {
        0 => {
            discord.cut();
            "cut"
        }
        1 => {
            discord.reset();
            "reset"
        }
        2 => {
            discord.reconnect();
            "op 7"
        }
        3 => {
            discord.invalidate(true);
            "op 9 true"
        }
        4 => {
            discord.invalidate(false);
            LOSES
        }
        5 => {
            let codes = [1000, 1001, 4000, 4003, 4008, 4999];
            discord.close(codes[rng.usize(..codes.len())], "");
            "close"
        }
        6 => {
            discord.half_open();
            "half open"
        }
        7 => {
            discord.stall(Duration::from_secs(rng.u64(1..90)));
            "stall"
        }
        8 => {
            discord.duplicate(5);
            discord.reorder(3);
            "duplicates, out of order"
        }
        9 => {
            discord.binary(b"not compressed\x00\x00\xff\xff");
            "garbage in the stream"
        }
        10 => {
            discord.frame("{\"op\":0,\"d\":[[[");
            "a broken frame"
        }
        11 => {
            discord.refuse_sockets(Duration::from_secs(rng.u64(1..60)));
            discord.cut();
            "outage"
        }
        12 => {
            discord.stale_resume_host(rng.bool());
            discord.cut();
            "resume host"
        }
        _ => {
            if rng.bool() {
                discord.close(4009, "");
            } else {
                discord.cut();
                discord.forget_sessions();
            }
            LOSES
        }
    }
}

async fn run(seed: u64) {
    let sim = Simulator::with_seed(seed);
    let discord = sim.discord();
    let mut rng = Rng::with_seed(seed);
    let compressions = [Compression::Zstd, Compression::Zlib, Compression::None];
    let config = config(&sim)
        .compression(compressions[rng.usize(..compressions.len())])
        .shards(Shards::Count(rng.u32(1..3)))
        .rng(rng.fork());
    // More than any outage here allows.
    discord.replay(100_000);
    discord.session_life(Duration::from_secs(3600));
    discord.traffic(10);
    let mut story = Vec::new();
    let mut app = Running::resume(&sim, config.clone(), Journal::default());
    app.connected().await;
    for _ in 0..12 {
        sleep(Duration::from_millis(rng.u64(0..40_000))).await;
        if rng.u8(..4) == 0 {
            story.push("restart");
            let journal = if rng.bool() {
                app.kill().await
            } else {
                app.stop().await
            };
            sleep(Duration::from_secs(rng.u64(0..30))).await;
            app = Running::resume(&sim, config.clone(), journal);
        } else {
            story.push(trouble(&sim, &mut rng));
        }
    }
    discord.stale_resume_host(false);
    sleep(Duration::from_secs(300)).await;
    app.connected().await;
    discord.traffic(0);
    sleep(Duration::from_secs(5)).await;
    let journal = app.stop().await;
    assert_eq!(
        lost(&sim, &journal),
        Vec::<String>::new(),
        "seed {seed}: {story:?}"
    );
    // No gap is reported where a resume brings everything.
    let losses = story.iter().filter(|what| **what == LOSES).count();
    let shards = app_shards(&journal);
    let (gaps, ready) = (journal.gaps().len(), journal.count("discord.READY"));
    assert!(
        gaps <= losses * shards,
        "seed {seed}: {gaps} gaps: {story:?}"
    );
    assert!(
        ready <= shards + gaps,
        "seed {seed}: {ready} sessions: {story:?}"
    );
    assert!(journal.events.len() > 100, "seed {seed}: there was traffic");
}

fn app_shards(journal: &Journal) -> usize {
    let parts = journal.checkpoints.iter();
    parts
        .filter(|checkpoint| checkpoint.part.starts_with("shard/"))
        .count()
}

#[tokio::test(start_paused = true)]
async fn whatever_goes_wrong_nothing_is_lost_unseen() {
    for seed in 0..8 {
        run(seed).await;
    }
}
