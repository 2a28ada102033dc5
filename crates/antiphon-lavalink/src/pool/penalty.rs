//! Penalty of a node: players go to the node with the lowest (protocol §14).
//!
//! `cpu + deficit + nulled + playing * 1.5`, as Lavalink's clients have computed it for years. Our own are the bounds:
//! any figure that a server may send gives a finite penalty, so that two nodes can always be compared.

use crate::wire::StatsOP;

/// Penalty of a node without statistics.
pub(crate) const UNKNOWN: f64 = 9e30;
/// Penalty of one playing player.
const PLAYING: f64 = 1.5;
/// Audio frames that a player sends in a minute: one each 20 ms.
const FRAMES: f64 = 3000.0;
/// Number of frames above which they are totals since the start, as `NodeLink` counts.
const TOTAL: f64 = 4.0 * FRAMES;

/// The penalty by statistics; lower is better. It is finite and far below [`UNKNOWN`].
///
/// - The load is clamped to 0 to 1, Lavalink's range. `NodeLink` sends a load average; a load that is no number counts
///   as 0.
/// - The lost frames of a minute are clamped to all frames, and totals count by their share.
/// - A negative deficit counts as 0, or a node that sends too much would be preferred.
#[expect(clippy::cast_precision_loss, reason = "far figures need no precision")]
pub(crate) fn penalty(stats: Option<&StatsOP>) -> f64 {
    let Some(stats) = stats else {
        return UNKNOWN;
    };
    let count = |number: i64| number.max(0) as f64;
    let load = Some(stats.cpu.system_load).filter(|load| load.is_finite());
    let load = load.unwrap_or_default().clamp(0.0, 1.0);
    let cpu = 1.05_f64.powf(100.0 * load) * 10.0 - 10.0;
    let (deficit, nulled) = stats.frames.map_or((0.0, 0.0), |frames| {
        let all = count(frames.sent) + count(frames.nulled);
        let scale = if all > TOTAL { FRAMES / all } else { 1.0 };
        let weight = |number: i64| {
            let lost = (count(number) * scale).min(FRAMES);
            1.03_f64.powf(500.0 * lost / FRAMES) * 300.0 - 300.0
        };
        (weight(frames.deficit), weight(frames.nulled) * 2.0)
    });
    cpu + deficit + nulled + count(stats.playing) * PLAYING
}

/// Adds the players that were assigned to the node after its statistics: they count as playing, until the next
/// statistics count them.
pub(crate) fn with_newcomers(penalty: f64, newcomers: usize) -> f64 {
    penalty + f64::from(u32::try_from(newcomers).unwrap_or(u32::MAX)) * PLAYING
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{CPUStats, FrameStats};

    #[track_caller]
    fn check(system_load: f64, deficit: i64, nulled: i64, playing: i64, expected: f64) {
        let stats = StatsOP {
            playing,
            cpu: CPUStats {
                system_load,
                ..CPUStats::default()
            },
            frames: Some(FrameStats {
                nulled,
                deficit,
                ..FrameStats::default()
            }),
            ..StatsOP::default()
        };
        let found = penalty(Some(&stats));
        assert!((found - expected).abs() < 0.001, "{found} for {expected}");
    }

    #[test]
    fn the_documented_table_comes_out() {
        check(0.5, 0, 0, 10, 119.674);
        check(0.1, 300, 10, 4, 1057.760);
        // The reference computes -261.912, and so prefers a node that sends too much.
        check(0.1, -3010, 10, 1, 38.088);
        assert!(penalty(None) > 1e30);
    }

    fn stats(json: &str) -> StatsOP {
        serde_json::from_str(json).expect("stats")
    }

    /// `NodeLink` sends load averages and frames since its start; the file names its source.
    #[test]
    fn load_averages_and_totals_leave_the_choice_to_the_players() {
        let file = include_str!("../../../../fixtures/lavalink/cases/nodelink-load-average.json");
        let file: serde_json::Value = serde_json::from_str(file).expect("JSON");
        for frame in file["frames"].as_array().expect("a list") {
            let mut node = stats(&frame.to_string());
            let few = penalty(Some(&node));
            assert!((0.0..1_500.0).contains(&few), "{few}");
            node.playing += 1;
            let more = penalty(Some(&node));
            assert!((more - few - PLAYING).abs() < 1e-6, "{few} and {more}");
        }
    }

    #[test]
    fn figures_of_any_kind_give_a_finite_penalty_below_the_unknown() {
        for load in [
            "null", "\"NaN\"", "\"inf\"", "-1", "-0.0", "1e300", "[]", "1", "15.2",
        ] {
            for count in [
                "null",
                "-5",
                "0",
                "9223372036854775807",
                "1e300",
                "\"x\"",
                "3001",
            ] {
                let frames = format!(r#"{{"sent":{count},"nulled":{count},"deficit":{count}}}"#);
                for frames in ["null", "{}", &frames] {
                    let node = stats(&format!(
                        r#"{{"playingPlayers":{count},"cpu":{{"systemLoad":{load}}},"frameStats":{frames}}}"#
                    ));
                    let found = penalty(Some(&node));
                    assert!((0.0..UNKNOWN / 1e9).contains(&found), "{found} of {node:?}");
                }
            }
        }
        assert!(penalty(Some(&stats("{}"))).abs() < 1e-9);
    }

    #[test]
    fn newcomers_count_until_the_next_figures() {
        assert!((with_newcomers(10.0, 4) - 16.0).abs() < 1e-9);
        assert!(with_newcomers(UNKNOWN, 3) >= UNKNOWN);
    }
}
