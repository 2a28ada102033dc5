//! Curves over time, and columns of counts, as SVG within the page.

use maud::{Markup, html};

use super::chart::{BARS, Span, WIDTH, axis};

/// Classes of curves and of stacked kinds in the style sheet, in their order.
pub(super) const SERIES: [&str; 7] = ["s0", "s1", "s2", "s3", "s4", "s5", "s6"];

/// Width of a column at most.
const WIDEST: i64 = 60;
/// Height of the curves.
const HEIGHT: f64 = 140.0;
/// Units above the curves, for the words of the highest value.
const TOP: f64 = 20.0;

/// A value over time.
pub(super) struct Curve {
    pub(super) name: String,
    /// Class in the style sheet.
    pub(super) class: &'static str,
    /// Minutes since 1970 with their fraction, and values, in the order of time.
    pub(super) points: Vec<(f64, f64)>,
}

/// How values become heights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scaling {
    /// From zero to the highest value.
    Linear,
    /// In decades, from the one of the lowest value to that of the highest.
    Decades,
}

/// The heights of values.
struct Heights {
    scaling: Scaling,
    low: f64,
    high: f64,
}

impl Heights {
    fn of(curves: &[Curve], scaling: Scaling) -> Self {
        let values = || {
            curves
                .iter()
                .flat_map(|curve| curve.points.iter().map(|(_, value)| *value))
        };
        let high = values().fold(0.0, f64::max);
        match scaling {
            Scaling::Linear => Self {
                scaling,
                low: 0.0,
                high: if high > 0.0 { high } else { 1.0 },
            },
            Scaling::Decades => {
                let low = values()
                    .filter(|value| *value > 0.0)
                    .fold(f64::INFINITY, f64::min);
                let low = if low.is_finite() {
                    low.log10().floor()
                } else {
                    0.0
                };
                let high = if high > 0.0 { high.log10().ceil() } else { 1.0 };
                Self {
                    scaling,
                    low,
                    high: high.max(low + 1.0),
                }
            }
        }
    }

    fn y(&self, value: f64) -> f64 {
        let value = match self.scaling {
            Scaling::Linear => value,
            Scaling::Decades if value > 0.0 => value.log10(),
            Scaling::Decades => self.low,
        };
        let part = ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0);
        TOP + HEIGHT * (1.0 - part)
    }

    /// The values that have a line of their own.
    fn marks(&self) -> Vec<f64> {
        match self.scaling {
            Scaling::Linear => vec![0.0, self.high / 2.0, self.high],
            Scaling::Decades => {
                let mut mark = self.low;
                let mut marks = Vec::new();
                while mark <= self.high {
                    marks.push(10_f64.powf(mark));
                    mark += 1.0;
                }
                marks
            }
        }
    }
}

/// Curves over a span; `unit` writes a value. A hole in the points, longer than this many minutes, is one in the curve.
pub(super) fn curves(
    label: &str,
    curves: &[Curve],
    (span, first): (Span, i64),
    (scaling, hole): (Scaling, f64),
    unit: impl Fn(f64) -> String,
) -> Markup {
    let heights = Heights::of(curves, scaling);
    #[expect(
        clippy::cast_precision_loss,
        reason = "minutes since 1970, and a width, are small"
    )]
    let (begin, minutes, width) = (first as f64, span.minutes() as f64, WIDTH as f64);
    let x = |minute: f64| ((minute - begin) / minutes * width).clamp(0.0, width);
    let base = BARS + 20;
    html! {
        svg.chart viewBox=(format!("0 0 {WIDTH} {}", base + 22)) role="img" aria-label=(label) {
            @for mark in heights.marks() {
                @let y = heights.y(mark);
                line.grid x1="0" y1=(format!("{y:.1}")) x2=(WIDTH) y2=(format!("{y:.1}")) {}
                text.axis x="2" y=(format!("{:.1}", y - 3.0)) { (unit(mark)) }
                text.axis.near.end x=(WIDTH - 2) y=(format!("{:.1}", y - 3.0)) aria-hidden="true" { (unit(mark)) }
            }
            @for curve in curves {
                g class=(format!("curve {}", curve.class)) {
                    @for stretch in curve.points.chunk_by(|one, next| next.0 - one.0 <= hole) {
                        polyline points=(path(stretch, &x, &heights)) {}
                    }
                    @for (minute, value) in &curve.points {
                        circle cx=(format!("{:.1}", x(*minute))) cy=(format!("{:.1}", heights.y(*value))) r="2.5" {
                            title { (curve.name) ": " (unit(*value)) }
                        }
                    }
                }
            }
            (axis(first, span, 0, WIDTH, i64::try_from(base).unwrap_or(0) + 16))
        }
        ul.keys { @for curve in curves {
            li { span class=(format!("key {}", curve.class)) {} (curve.name) @if let Some((_, value)) = curve.points.last() { ": " (unit(*value)) } }
        } }
    }
}

fn path(points: &[(f64, f64)], x: &impl Fn(f64) -> f64, heights: &Heights) -> String {
    let points = points.iter();
    let points: Vec<_> = points
        .map(|(minute, value)| format!("{:.1},{:.1}", x(*minute), heights.y(*value)))
        .collect();
    points.join(" ")
}

/// Columns of counts over time, each with its words.
pub(super) fn columns(label: &str, columns: &[Column]) -> Markup {
    let most = columns.iter().map(|column| column.count).max().unwrap_or(0);
    let count = i64::try_from(columns.len()).unwrap_or(1).max(1);
    let base = BARS + 20;
    // Places are rounded, not widths, so that the columns fill the drawing; a few of them stand at its end, which is now.
    let (begin, filled) = match WIDEST * count {
        all if all < WIDTH => (WIDTH - all, all),
        _ => (0, WIDTH),
    };
    let x = |index: i64| begin + index * filled / count;
    let ticks = 4.min(count);
    html! {
        svg.chart viewBox=(format!("0 0 {WIDTH} {}", base + 22)) role="img" aria-label=(label) {
            text.axis x="0" y="12" { (most) }
            text.axis.near.end x=(WIDTH) y="12" aria-hidden="true" { (most) }
            line.grid x1="0" y1="20" x2=(WIDTH) y2="20" {}
            line.grid x1="0" y1=(base) x2=(WIDTH) y2=(base) {}
            @for (index, column) in (0_i64..).zip(columns) {
                @let height = if column.count == 0 { 0 } else { 1 + column.count * (BARS - 1) / most.max(1) };
                g {
                    title { (column.title) }
                    rect.touch x=(x(index)) y="20" width=(x(index + 1) - x(index)) height=(BARS) {}
                    rect.bar.plain x=(x(index) + 1) y=(base - height) width=((x(index + 1) - x(index) - 2).max(1)) height=(height) {}
                }
            }
            @for tick in 0..ticks {
                @let index = count * tick / ticks;
                text.axis x=(x(index)) y=(base + 16) { (columns.get(usize::try_from(index).unwrap_or(0)).map_or("", |column| &*column.name)) }
            }
        }
    }
}

/// A column of [`columns`].
pub(super) struct Column {
    /// What stands below it, where there is room.
    pub(super) name: String,
    /// What it says when it is pointed at.
    pub(super) title: String,
    pub(super) count: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heights(values: &[f64], scaling: Scaling) -> Heights {
        let points = values.iter().map(|value| (0.0, *value)).collect();
        let curve = Curve {
            name: String::new(),
            class: SERIES[0],
            points,
        };
        Heights::of(&[curve], scaling)
    }

    #[test]
    fn every_value_is_within_the_drawing() {
        let odd = [0.0, -1.0, 1e-9, 0.5, 1e12, f64::INFINITY, f64::NAN];
        for scaling in [Scaling::Linear, Scaling::Decades] {
            for values in [&odd[..5], &odd[..1], &odd[3..4], &[]] {
                let heights = heights(values, scaling);
                assert!(heights.marks().len() < 32, "{values:?}");
                for value in odd {
                    let y = heights.y(value);
                    assert!(
                        value.is_nan() || (TOP..=TOP + HEIGHT).contains(&y),
                        "{value} {y}"
                    );
                }
            }
        }
    }

    #[test]
    fn decades_begin_below_the_lowest_value_and_end_above_the_highest() {
        let heights = heights(&[0.3, 420.0], Scaling::Decades);
        let marks: Vec<_> = heights
            .marks()
            .iter()
            .map(|mark| format!("{mark:.1}"))
            .collect();
        assert_eq!(marks, ["0.1", "1.0", "10.0", "100.0", "1000.0"]);
    }
}
