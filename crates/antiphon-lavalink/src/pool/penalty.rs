//! How busy a node is: the lowest number is asked first (protocol §14).

use crate::wire::StatsOP;

/// The penalty of a node that has not told its figures yet.
pub(crate) const UNKNOWN: f64 = 9e30;
/// What one player that plays weighs.
const PLAYING: f64 = 1.5;
/// Audio frames that a player sends in a minute.
const FRAMES: f64 = 3000.0;

/// The penalty by a node's figures; lower is better.
///
/// A negative deficit, by which a node would be preferred for sending too much, counts as none.
#[expect(clippy::cast_precision_loss, reason = "figures are far below 2^52")]
pub(crate) fn penalty(stats: Option<&StatsOP>) -> f64 {
    let Some(stats) = stats else {
        return UNKNOWN;
    };
    let cpu = 1.05_f64.powf(100.0 * stats.cpu.system_load) * 10.0 - 10.0;
    let frames = |count: i64| 1.03_f64.powf(500.0 * count.max(0) as f64 / FRAMES) * 300.0 - 300.0;
    let (deficit, nulled) = stats.frames.map_or((0.0, 0.0), |stats| {
        (frames(stats.deficit), frames(stats.nulled) * 2.0)
    });
    cpu + deficit + nulled + stats.playing as f64 * PLAYING
}

/// The penalty with players that were given to the node since it told its figures.
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
        // The reference gives -261.912 here, and so prefers a node that sends too much.
        check(0.1, -3010, 10, 1, 38.088);
        assert!(penalty(None) > 1e30);
    }

    #[test]
    fn newcomers_count_until_the_next_figures() {
        assert!((with_newcomers(10.0, 4) - 16.0).abs() < 1e-9);
        assert!(with_newcomers(UNKNOWN, 3) >= UNKNOWN);
    }
}
