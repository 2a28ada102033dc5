//! Drawings of the recent figures, as SVG within the page.
//!
//! Colours are classes of the style sheet, so that they follow the browser's theme; what a colour says is said by a
//! title or a word as well. Coordinates are whole numbers of a drawing [`WIDTH`] units wide, which the page scales.

use std::collections::BTreeMap;

use antiphon::LinkState;
use jiff::Timestamp;
use maud::{Markup, html};

use super::{
    pages::{Failed, clock, time_text},
    plot::SERIES,
    recent::{Figures, GapSeen, LinkChange, OTHERS, minute},
};
use crate::plain::plain;

/// Width of a drawing.
pub(super) const WIDTH: i64 = 960;
/// Height of the bars.
pub(super) const BARS: u64 = 140;
/// Height of a row of the time line.
const ROW: i64 = 26;
/// Width of the names in front of the time line.
const NAMES: i64 = 190;
/// Rows of the time line; further connections are told by their number.
const ROWS: usize = 16;

/// A stretch of time that ends now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    /// As it stands in an address.
    pub(super) name: &'static str,
    /// Minutes that one bar sums up.
    pub(super) minutes_a_bar: i64,
    bars: i64,
}

/// The stretches that one can look at.
pub(super) const SPANS: [Span; 4] = [
    Span {
        name: "15m",
        minutes_a_bar: 1,
        bars: 15,
    },
    Span {
        name: "1h",
        minutes_a_bar: 1,
        bars: 60,
    },
    Span {
        name: "6h",
        minutes_a_bar: 5,
        bars: 72,
    },
    Span {
        name: "24h",
        minutes_a_bar: 15,
        bars: 96,
    },
];

impl Span {
    /// The stretch of that name; an hour if none is named.
    ///
    /// # Errors
    /// Status 400: no stretch has that name.
    pub(super) fn named(name: Option<&str>) -> Result<Self, Failed> {
        let Some(name) = name else {
            return Ok(SPANS[1]);
        };
        let found = SPANS.iter().find(|span| span.name == name).copied();
        found.ok_or_else(|| {
            let names: Vec<_> = SPANS.iter().map(|span| span.name).collect();
            let way_out = format!("Choose one of {}.", names.join(", "));
            Failed::unread(&format!("There is no span `{name}`"), &way_out)
        })
    }

    /// Its beginning, on a whole bar.
    pub(super) fn first_minute(self, now: Timestamp) -> i64 {
        let last = minute(now).div_euclid(self.minutes_a_bar);
        (last - self.bars + 1) * self.minutes_a_bar
    }

    pub(super) fn minutes(self) -> i64 {
        self.bars * self.minutes_a_bar
    }
}

/// Events a bar, stacked by platform.
pub(super) fn events(figures: &Figures, span: Span, now: Timestamp) -> Markup {
    bars(figures, span, now, platform, |platform| platform)
}

/// Events a bar, stacked by the kinds of which there are the most; returns those too, in the order of their colours.
pub(super) fn kinds(figures: &Figures, span: Span, now: Timestamp) -> (Markup, Vec<String>) {
    let counts = figures.kinds(span.first_minute(now)).into_iter();
    let top: Vec<_> = counts
        .filter(|(kind, _)| *kind != OTHERS)
        .take(SERIES.len())
        .map(|(kind, _)| kind.to_owned())
        .collect();
    let place = |kind: &str| top.iter().position(|one| one == kind);
    let name = |kind: &str| place(kind).map_or(OTHERS, |place| &top[place]);
    let class = |kind: &str| place(kind).map_or(OTHERS, |place| SERIES[place]);
    let drawn = bars(figures, span, now, name, class);
    (drawn, top)
}

/// Events a bar, stacked by the name that each kind goes by, with the class of that name.
fn bars<'a>(
    figures: &'a Figures,
    span: Span,
    now: Timestamp,
    name: impl Fn(&'a str) -> &'a str,
    class: impl Fn(&'a str) -> &'a str,
) -> Markup {
    let first = span.first_minute(now);
    let mut bars: Vec<BTreeMap<&str, u64>> =
        vec![BTreeMap::new(); usize::try_from(span.bars).unwrap_or(0)];
    for minute in &figures.minutes {
        let bar = (minute.number - first).div_euclid(span.minutes_a_bar);
        if let Some(bar) = usize::try_from(bar).ok().and_then(|bar| bars.get_mut(bar)) {
            for (kind, count) in &minute.kinds {
                *bar.entry(name(kind)).or_default() += count;
            }
        }
    }
    let most = bars
        .iter()
        .map(|bar| bar.values().sum::<u64>())
        .max()
        .unwrap_or(0)
        .max(1);
    let width = WIDTH / span.bars;
    let base = BARS + 20;
    html! {
        svg.chart viewBox=(format!("0 0 {WIDTH} {}", base + 22)) role="img" aria-label=(format!("Events of the last {}", span.name)) {
            text.axis x="0" y="12" { (most) " in " (span.minutes_a_bar) " min" }
            text.axis.near.end x=(WIDTH) y="12" aria-hidden="true" { (most) " in " (span.minutes_a_bar) " min" }
            line.grid x1="0" y1="20" x2=(WIDTH) y2="20" {}
            line.grid x1="0" y1=(base) x2=(WIDTH) y2=(base) {}
            @for (index, bar) in (0_i64..).zip(&bars) {
                @let at = bar_time(first + index * span.minutes_a_bar);
                g {
                    title {
                        (time_text(at))
                        @if bar.is_empty() { ": no events" }
                        @for (name, count) in bar { ", " (plain(name)) " " (count) }
                    }
                    rect.touch x=(index * width) y="20" width=(width) height=(BARS) {}
                    @for (name, top, height) in stacked(bar, most) {
                        rect class=(format!("bar {}", class(name))) x=(index * width + 1) y=(base - top - height) width=(width - 2) height=(height) {}
                    }
                }
            }
            (axis(first, span, 0, WIDTH, i64::try_from(base).unwrap_or(0) + 16))
        }
    }
}

/// The parts of a bar from its base on: name, what is below, height.
///
/// What is there is seen: a part is one unit high at least, and the others give way to it.
fn stacked<'a>(bar: &BTreeMap<&'a str, u64>, most: u64) -> Vec<(&'a str, u64, u64)> {
    let parts_of_one = u64::try_from(bar.len()).unwrap_or(BARS).min(BARS);
    let mut below = 0;
    let mut parts = Vec::new();
    for (name, count) in bar {
        let height = 1 + count * (BARS - parts_of_one) / most;
        parts.push((*name, below, height));
        below += height;
    }
    parts
}

/// The platform of a kind, as the style sheet names it.
fn platform(kind: &str) -> &str {
    match kind.split_once('.') {
        Some((platform, _)) => platform,
        None => OTHERS,
    }
}

pub(super) fn bar_time(minute: i64) -> Timestamp {
    Timestamp::from_second(minute.saturating_mul(60)).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// The times below a drawing, at four places.
pub(super) fn axis(first: i64, span: Span, from: i64, to: i64, y: i64) -> Markup {
    html! {
        @for quarter in 0..4_i64 {
            @let at = bar_time(first + span.minutes() * quarter / 4);
            text.axis x=(from + (to - from) * quarter / 4) y=(y) { (clock(at)) }
        }
        text.axis.end x=(to) y=(y) { "now" }
    }
}

/// How the connections stood, a row for each, with gaps as holes that lead to their event.
pub(super) fn links(figures: &Figures, span: Span, now: Timestamp) -> Markup {
    let mut rows: BTreeMap<(&str, &str), Vec<&LinkChange>> = BTreeMap::new();
    for change in &figures.links {
        rows.entry((&change.source, &change.place))
            .or_default()
            .push(change);
    }
    let more = rows.len().saturating_sub(ROWS);
    let shown: Vec<_> = rows.into_iter().take(ROWS).collect();
    let first = span.first_minute(now);
    let scale = Scale {
        from: bar_time(first),
        to: now,
    };
    let height = ROW * i64::try_from(shown.len()).unwrap_or(0);
    html! {
        @if shown.is_empty() {
            p.none { "No connection has changed its state since the counts begin." }
        } @else {
            svg.chart viewBox=(format!("0 0 {WIDTH} {}", height + 24)) role="group" aria-label=(format!("Connections of the last {}", span.name)) {
                @for (index, ((source, place), changes)) in (0_i64..).zip(&shown) {
                    @let y = index * ROW;
                    text.name x="0" y=(y + 17) { (plain(&label(source, place))) title { (plain(source)) " " (plain(place)) } }
                    @for (state, from, to) in stretches(changes, &scale) {
                        rect class=(format!("link {}", class(state))) x=(from) y=(y + 4) width=((to - from).max(1)) height=(ROW - 8) {
                            title { (source) " " (place) ": " (state) }
                        }
                    }
                    @for gap in figures.gaps.iter().filter(|gap| gap.source == *source && covers(&gap.place, place)) {
                        (hole(gap, &scale, y))
                    }
                    // Where the drawing is wider than the screen, its end is in sight, and not its beginning.
                    text.near.end x=(WIDTH - 6) y=(y + 17) aria-hidden="true" { (plain(&label(source, place))) }
                }
                (axis(first, span, NAMES, WIDTH, height + 18))
            }
            @if more > 0 { p.none { (more) " further connections are not drawn." } }
        }
    }
}

/// A name that fits its column.
fn label(source: &str, place: &str) -> String {
    const LONGEST: usize = 26;
    let whole = if place.is_empty() {
        source.to_owned()
    } else {
        format!("{source} {place}")
    };
    match whole.char_indices().nth(LONGEST) {
        Some((cut, _)) => format!("{}…", &whole[..cut]),
        None => whole,
    }
}

/// Whether a gap at one place concerns another: it does for all below it.
fn covers(gap: &str, place: &str) -> bool {
    gap.is_empty()
        || place.is_empty()
        || gap == place
        || place
            .strip_prefix(gap)
            .is_some_and(|rest| rest.starts_with('/'))
}

fn hole(gap: &GapSeen, scale: &Scale, y: i64) -> Markup {
    // Wide enough to be seen and hit, also at the very end.
    let width = (scale.x(gap.gap.to.at) - scale.x(gap.gap.from.at)).max(4);
    let from = scale.x(gap.gap.from.at).min(WIDTH - width - 1);
    html! {
        @if gap.gap.to.at > scale.from {
            a href=(format!("/events/{}", gap.position)) {
                rect.gap x=(from) y=(y + 2) width=(width) height=(ROW - 4) rx="2" {
                    title { "gap: " (gap.gap.cause) }
                }
            }
        }
    }
}

/// Where a time lies in a drawing.
struct Scale {
    from: Timestamp,
    to: Timestamp,
}

impl Scale {
    /// The place of a time, at the edge for one that lies outside.
    fn x(&self, at: Timestamp) -> i64 {
        let whole = (self.to.as_millisecond() - self.from.as_millisecond()).max(1);
        let part = (at.as_millisecond() - self.from.as_millisecond()).clamp(0, whole);
        NAMES + part * (WIDTH - NAMES) / whole
    }
}

/// The states of a connection one after another, with their places.
fn stretches<'a>(changes: &[&'a LinkChange], scale: &Scale) -> Vec<(&'a LinkState, i64, i64)> {
    let ends = changes
        .iter()
        .skip(1)
        .map(|change| change.at)
        .chain([scale.to]);
    let stretches = changes
        .iter()
        .zip(ends)
        .map(|(change, end)| (&change.state, scale.x(change.at), scale.x(end)));
    stretches
        .filter(|(_, from, to)| to > from || *to == WIDTH)
        .collect()
}

/// The class of a state in the style sheet.
pub(super) fn class(state: &LinkState) -> &'static str {
    match state {
        LinkState::Connected { .. } => "up",
        LinkState::Polling { .. } => "polling",
        LinkState::Stopped { .. } => "stopped",
        LinkState::Closed => "closed",
        _ => "waiting",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_is_never_higher_than_the_drawing_and_shows_all_that_is_there() {
        let bar = BTreeMap::from([("discord", 1), ("queup", 999), ("stackexchange", 1)]);
        let parts = stacked(&bar, 1001);
        assert!(
            parts
                .iter()
                .all(|(_, below, height)| *height > 0 && below + height <= BARS),
            "{parts:?}"
        );
    }

    #[test]
    fn a_gap_concerns_what_lies_below_its_place() {
        assert!(covers("", "room/1") && covers("room/1", "room/1") && covers("room", "room/1"));
        assert!(!covers("room/1", "room/12"));
    }
}
