//! How long events take and how far behind consumers are, over time.
//!
//! What the daemon measures it keeps for an hour and tells when it is asked. What lies before it, from the platform to
//! here, the journal itself says: some events bear the platform's own time.

use std::{collections::BTreeMap, sync::Arc};

use antiphon::Timing;
use axum::{Router, extract::State, routing::get};
use jiff::Timestamp;
use maud::{Markup, html};

use super::{
    Site,
    chart::Span,
    overview::{Looked, counted, spans},
    pages::{Answer, Query, page},
    plot::{Curve, SERIES, Scaling, curves},
    recent::{Figures, Minute, minute},
};
use crate::{
    control::{
        client::{AskError, Client},
        lately,
        wire::{Lately, Quantiles, Sample},
    },
    plain::plain,
};

/// Minutes without a point after which a curve has a hole.
const HOLE: f64 = 1.5;
/// Points of a curve that are drawn one by one; more are summed up by the minute.
const POINTS: usize = 120;

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new().route("/latency", get(latency))
}

async fn latency(State(site): State<Arc<Site>>, Query(looked): Query<Looked>) -> Answer {
    // The figures are in memory; a journal that is gone is told all the same.
    site.journal().await?;
    let told = match &site.daemon {
        Some(running) => Ok(lately(running)),
        None => {
            Client::of(&site.location)
                .get::<Lately>("/v1/samples")
                .await
        }
    };
    let span = Span::named(looked.span.as_deref())?;
    let first = span.first_minute(Timestamp::now());
    let body = site.figures().await.look(|figures| {
        html! {
            h1 { "Latency and lag" }
            div data-renew="10" {
                (spans("/latency", span))
                h2 { "In the daemon" }
                (daemon(&told, span, first))
                h2 { "From the platform to here" }
                (platforms(figures, span, first))
            }
        }
    });
    Ok(page("Latency and lag", "/latency", &body))
}

fn daemon(told: &Result<Lately, AskError>, span: Span, first: i64) -> Markup {
    let samples = match told {
        Ok(told) => inside(&told.samples, first),
        Err(error) => {
            return html! { p.none { "Nothing is known: " (plain(&error.to_string())) ". " span.note { (plain(error.hint())) } } };
        }
    };
    let times = [
        quantiles(&samples, "receipt to stored", 0, |sample| {
            sample.receipt_to_stored
        }),
        quantiles(&samples, "receipt to handled", 2, |sample| {
            sample.receipt_to_handled
        }),
        quantiles(&samples, "commit", 4, |sample| sample.commit),
    ];
    let times: Vec<_> = times
        .into_iter()
        .flatten()
        .filter(|curve| !curve.points.is_empty())
        .collect();
    let (lags, more) = lags(&samples);
    html! {
        @if samples.is_empty() {
            p.none { "The daemon has measured nothing in this time: it takes a sample every ten seconds and keeps those of an hour." }
        } @else {
            h3 { "Times" }
            @if times.is_empty() { p.none { "No event came." } } @else {
                div.scroll.latest { (curves("How long events took", &times, (span, first), (Scaling::Decades, HOLE), milliseconds)) }
                p.note { "The time that half of the events (p50) and all but one in a hundred (p99) took at most. " @if samples.iter().all(|sample| sample.receipt_to_handled.is_none()) { "The daemon has no handler, so that nothing was handled." } }
            }
            h3 { "Age of the oldest event that waits" }
            @if lags.is_empty() { p.none { "No consumer is known." } } @else {
                div.scroll.latest { (curves("How far consumers are behind", &lags, (span, first), (Scaling::Linear, HOLE), seconds)) }
                @if more > 0 { p.note { (more) " further consumers are not drawn." } }
            }
        }
    }
}

/// The samples of a span; by the minute where there are too many.
fn inside(samples: &[Sample], first: i64) -> Vec<Sample> {
    let inside = samples
        .iter()
        .filter(|sample| minutes(sample.at) >= whole(first));
    let inside: Vec<_> = inside.cloned().collect();
    if inside.len() <= POINTS {
        return inside;
    }
    let by_minute = inside.chunk_by(|one, next| minute(one.at) == minute(next.at));
    by_minute.map(summed).collect()
}

/// One sample of several: the worst of what may not be averaged.
fn summed(samples: &[Sample]) -> Sample {
    let worst = |of: fn(&Sample) -> Option<Quantiles>| {
        let mut all = samples.iter().filter_map(of).collect::<Vec<_>>();
        all.sort_by(|one, other| one.p50_ms.total_cmp(&other.p50_ms));
        // The middle of the halves, which is near the half of all.
        let middle = all.get(all.len() / 2)?;
        Some(Quantiles {
            count: all.iter().map(|one| one.count).sum(),
            p50_ms: middle.p50_ms,
            p99_ms: all.iter().map(|one| one.p99_ms).fold(0.0, f64::max),
        })
    };
    let mut consumers = BTreeMap::new();
    for one in samples.iter().flat_map(|sample| &sample.consumers) {
        let kept = consumers.entry(&one.name).or_insert(one);
        if one.lag_seconds > kept.lag_seconds {
            *kept = one;
        }
    }
    Sample {
        at: samples.last().map_or(Timestamp::UNIX_EPOCH, |last| last.at),
        stored: samples.iter().map(|sample| sample.stored).sum(),
        commit: worst(|sample| sample.commit),
        receipt_to_stored: worst(|sample| sample.receipt_to_stored),
        receipt_to_handled: worst(|sample| sample.receipt_to_handled),
        consumers: consumers.into_values().cloned().collect(),
    }
}

/// The two curves of one kind of time.
fn quantiles(
    samples: &[Sample],
    name: &str,
    class: usize,
    of: fn(&Sample) -> Option<Quantiles>,
) -> [Curve; 2] {
    let points = |value: fn(Quantiles) -> f64| {
        let points = samples
            .iter()
            .filter_map(|sample| Some((minutes(sample.at), value(of(sample)?))));
        points.collect()
    };
    [
        Curve {
            name: format!("{name}, p50"),
            class: SERIES[class],
            points: points(|one| one.p50_ms),
        },
        Curve {
            name: format!("{name}, p99"),
            class: SERIES[class + 1],
            points: points(|one| one.p99_ms),
        },
    ]
}

/// A curve for each of the consumers that are the farthest behind, and how many more there are.
fn lags(samples: &[Sample]) -> (Vec<Curve>, usize) {
    let mut points = BTreeMap::<&str, Vec<(f64, f64)>>::new();
    for sample in samples {
        for one in &sample.consumers {
            points
                .entry(&one.name)
                .or_default()
                .push((minutes(sample.at), one.lag_seconds));
        }
    }
    let worst = |points: &[(f64, f64)]| points.iter().map(|(_, lag)| *lag).fold(0.0, f64::max);
    let mut points: Vec<_> = points.into_iter().collect();
    points.sort_by(|one, other| worst(&other.1).total_cmp(&worst(&one.1)));
    let more = points.len().saturating_sub(SERIES.len());
    let curves = points
        .into_iter()
        .zip(SERIES)
        .map(|((name, points), class)| Curve {
            name: plain(name).to_string(),
            class,
            points,
        });
    (curves.collect(), more)
}

/// How much later events were received than their platform says that they were.
fn platforms(figures: &Figures, span: Span, first: i64) -> Markup {
    let mut sums = BTreeMap::<(&str, i64), Timing>::new();
    for minute in figures
        .minutes
        .iter()
        .filter(|minute| minute.number >= first)
    {
        let Minute { number, delays, .. } = minute;
        let at = (number - first).div_euclid(span.minutes_a_bar) * span.minutes_a_bar + first;
        for (platform, delays) in delays {
            sums.entry((platform, at)).or_default().join(delays);
        }
    }
    let mut drawn = Vec::<Curve>::new();
    for (part, words, class) in [(0.5, "p50", 0), (0.99, "p99", 1)] {
        let mut of = BTreeMap::<&str, Vec<(f64, f64)>>::new();
        for ((platform, at), timing) in &sums {
            if let Some(delay) = timing.quantile(part) {
                of.entry(platform)
                    .or_default()
                    .push((whole(*at), delay.as_secs_f64() * 1000.0));
            }
        }
        drawn.extend(
            of.into_iter()
                .enumerate()
                .map(|(index, (platform, points))| Curve {
                    name: format!("{platform}, {words}"),
                    class: SERIES[(index * 2 + class) % SERIES.len()],
                    points,
                }),
        );
    }
    let hole = whole(span.minutes_a_bar) + HOLE;
    html! {
        @if drawn.is_empty() {
            p.none { "No event of this time bears the platform's own time. Discord's messages and interactions do, QueUp's messages, and the updates of Lavalink's players." }
        } @else {
            div.scroll.latest { (curves("How much later events were received", &drawn, (span, first), (Scaling::Decades, hole), milliseconds)) }
            p.note { "From the platform's own time of an event to its receipt; the two clocks may differ. Live events of Discord's messages and interactions, QueUp's messages and Lavalink's player updates alone bear one." }
        }
        (counted(figures))
    }
}

/// Minutes since 1970.
fn minutes(at: Timestamp) -> f64 {
    #[expect(
        clippy::cast_precision_loss,
        reason = "milliseconds since 1970 are below 2^53"
    )]
    let milliseconds = at.as_millisecond() as f64;
    milliseconds / 60_000.0
}

#[expect(clippy::cast_precision_loss, reason = "minutes since 1970 are few")]
fn whole(minute: i64) -> f64 {
    minute as f64
}

fn milliseconds(value: f64) -> String {
    match value {
        ..0.995 => format!("{value:.2} ms"),
        ..999.5 => format!("{value:.0} ms"),
        _ => format!("{:.1} s", value / 1000.0),
    }
}

fn seconds(value: f64) -> String {
    match value {
        ..9.95 => format!("{value:.1} s"),
        ..119.5 => format!("{value:.0} s"),
        ..7170.0 => format!("{:.0} min", value / 60.0),
        _ => format!("{:.0} h", value / 3600.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::wire::ConsumerLag;

    fn sample(second: i64, p50: f64, p99: f64, lag: f64) -> Sample {
        let times = Quantiles {
            count: 1,
            p50_ms: p50,
            p99_ms: p99,
        };
        Sample {
            at: Timestamp::from_second(second).expect("in range"),
            stored: 1,
            commit: Some(times),
            consumers: vec![ConsumerLag {
                name: "run".to_owned(),
                lag: 0,
                lag_seconds: lag,
            }],
            ..Sample::default()
        }
    }

    #[test]
    fn an_hour_is_drawn_by_the_minute_and_hides_no_slow_commit() {
        let mut samples: Vec<_> = (0..360)
            .map(|number| sample(number * 10, 1.0, 2.0, 0.0))
            .collect();
        samples[100] = sample(1000, 1.0, 900.0, 7.0);
        let drawn = inside(&samples, 0);
        assert_eq!(drawn.len(), 60);
        assert_eq!(drawn.iter().map(|one| one.stored).sum::<u64>(), 360);
        let worst = drawn[1000 / 60].commit.expect("there were commits");
        assert_eq!((worst.count, worst.p50_ms, worst.p99_ms), (6, 1.0, 900.0));
        assert!(lags(&drawn).0[0].points[1000 / 60].1 > 6.9);
        // A short span shows every sample.
        assert_eq!(inside(&samples, 45).len(), 90);
    }

    #[test]
    fn times_have_units_that_fit() {
        for (value, expected) in [
            (0.05, "0.05 ms"),
            (12.3, "12 ms"),
            (999.0, "999 ms"),
            (2500.0, "2.5 s"),
        ] {
            assert_eq!(milliseconds(value), expected);
        }
        for (value, expected) in [
            (0.0, "0.0 s"),
            (60.0, "60 s"),
            (600.0, "10 min"),
            (7200.0, "2 h"),
        ] {
            assert_eq!(seconds(value), expected);
        }
    }
}
