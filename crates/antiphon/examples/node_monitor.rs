//! Draws the nodes in the terminal: players, load, memory, frames, and each node's penalty.
//!
//! In a terminal the table is drawn in place; elsewhere each change is a line for each node.
//!
//! `cargo run -p antiphon --example node_monitor`

#![allow(clippy::print_stdout, reason = "an example speaks to a person")]

use std::{
    fmt::Write as _,
    io::{IsTerminal as _, stdout},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use antiphon::{
    App, BoxError, State,
    lavalink::{Node, Pool, Stats},
};
use music_stage::Parts;

pub mod music_stage;

/// The state of the handler.
#[derive(Clone, Debug)]
pub struct Monitor {
    pool: Pool,
    has_drawn: Arc<AtomicBool>,
}

/// Width of a bar, in characters.
const WIDTH: usize = 20;

/// A bar of this share of the whole.
fn bar(share: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "a share of a width is a place in it"
    )]
    let full = (share.clamp(0.0, 1.0) * WIDTH as f64).round() as usize;
    format!("{}{}", "█".repeat(full), "░".repeat(WIDTH - full))
}

/// One node on one line.
fn line(node: &Node) -> String {
    let mut line = format!(
        "{:<8} {:<13}",
        node.identifier().to_string(),
        format!("{:?}", node.status())
    );
    let Some(stats) = node.stats() else {
        line.push_str(" no figures yet");
        return line;
    };
    #[expect(clippy::cast_precision_loss, reason = "a share for the eye")]
    let memory = stats.memory.used as f64 / (stats.memory.reservable.max(1)) as f64;
    let up = Duration::from_millis(u64::try_from(stats.uptime).unwrap_or_default());
    let _ = write!(
        line,
        " {:>4}/{:<4} players  cpu {} {:>3.0} %  memory {} {:>3.0} %  up {:>3} h  penalty {:>7.1}",
        stats.playing,
        stats.players,
        bar(stats.cpu.system_load),
        stats.cpu.system_load * 100.0,
        bar(memory),
        memory * 100.0,
        up.as_secs() / 3600,
        node.penalty(),
    );
    if let Some(frames) = &stats.frames {
        let _ = write!(
            line,
            "  frames −{} ∅{}",
            frames.deficit.max(0),
            frames.nulled.max(0)
        );
    }
    line
}

/// All nodes, a line for each.
pub fn picture(pool: &Pool) -> String {
    let lines: Vec<_> = pool.nodes().iter().map(line).collect();
    lines.join("\n")
}

/// Draws the nodes again with each of their statistics.
async fn draw(_: Stats, State(monitor): State<Monitor>) {
    let picture = picture(&monitor.pool);
    if !stdout().is_terminal() {
        println!("{picture}");
        return;
    }
    // Up to the table before, each line cleared to its end.
    if monitor.has_drawn.swap(true, Ordering::Relaxed) {
        print!("\x1b[{}A", picture.lines().count());
    }
    println!("{}\x1b[K", picture.replace('\n', "\x1b[K\n"));
}

/// The whole monitor.
pub fn app(parts: Parts) -> App<Monitor> {
    let monitor = Monitor {
        pool: parts.pool,
        has_drawn: Arc::default(),
    };
    App::new(monitor)
        .source(parts.gateway)
        .source(parts.nodes)
        .on(draw)
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    music_stage::play("node_monitor", app, async |sim| {
        for step in 1..=5 {
            for (node, share) in sim.lavalink().nodes().iter().zip([0.15, 0.1, 0.2]) {
                node.set_loads(share * f64::from(step), share);
                node.tell_stats();
            }
            music_stage::pause().await;
        }
    })
    .await
}
