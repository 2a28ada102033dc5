//! How much the journal holds, for how long, and what goes next.

use std::{sync::Arc, time::Duration};

use antiphon_core::{Position, Retention};
use antiphon_journal::{Age, Overview, Storage};
use axum::{Router, extract::State, routing::get};
use jiff::{RoundMode, Timestamp, ToSpan as _, Unit, Zoned, ZonedRound, tz::TimeZone};
use maud::{Markup, html};

use super::{
    Site,
    overview::tile,
    pages::{Answer, page, time},
    plot::{self, Column},
};
use crate::{
    command::status,
    control::wire::{JournalReport, Report},
    figures::{length, since, size},
    plain::plain,
    retention,
};

/// Most columns of the drawing; what is older stands in the first one.
const COLUMNS: usize = 60;

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new().route("/storage", get(storage))
}

async fn storage(State(site): State<Arc<Site>>) -> Answer {
    let journal = site.journal().await?;
    let overview = journal.overview().await?;
    let (now, zone) = (Timestamp::now(), TimeZone::system());
    let report = status::glance(site.daemon.as_ref(), (&site.location, &*journal), &overview).await;
    let report = report.ok().and_then(|(_, report)| report);
    let told = report.as_ref().and_then(|report| report.retention.as_ref());
    let policy = told.map_or_else(|| site.policy.clone(), Retention::from);
    let whole = retention::whole(policy.clone());
    let oldest = journal.read(Position::ZERO, 1).await?;
    let oldest = oldest.first().map_or(now, |event| event.received_at());
    let scale = Scale::of(oldest, now);
    let bounds = scale.bounds(oldest, &now.to_zoned(zone));
    let storage = journal.storage(whole.clone(), &bounds, now).await?;
    let files = JournalReport::of(&site.location, &*journal).await;
    let body = html! {
        h1 { "Storage" }
        div data-renew="30" {
            (sizes(&storage, &files, now))
            h2 { "Events by age" }
            (ages(&storage, scale))
            h2 { "What is kept" }
            p.note { @if told.is_some() { "As the running daemon does it." } @else { "As the configuration says; no daemon says what it does." } }
            (kept(&whole))
            h2 { "What goes next" }
            (next(&storage, &whole, report.as_ref()))
            h2 { "Consumers" }
            (holders(&overview, &storage, &policy, now))
        }
    };
    Ok(page("Storage", "/storage", &body))
}

/// What one column of the drawing stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scale {
    Hours,
    /// So many days.
    Days(i64),
}

impl Scale {
    /// The finest that needs no more than [`COLUMNS`] for the whole journal, else months.
    fn of(oldest: Timestamp, now: Timestamp) -> Self {
        let hours = now.duration_since(oldest).as_hours();
        match hours {
            ..=48 => Self::Hours,
            49..=1400 => Self::Days(1),
            1401..=9800 => Self::Days(7),
            _ => Self::Days(30),
        }
    }

    fn name(self) -> String {
        match self {
            Self::Hours => "an hour".to_owned(),
            Self::Days(1) => "a day".to_owned(),
            Self::Days(days) => format!("{days} days"),
        }
    }

    /// Bounds of the columns, the first at or before the oldest event and the last after now.
    fn bounds(self, oldest: Timestamp, now: &Zoned) -> Vec<Timestamp> {
        let (end, step) = match self {
            Self::Hours => {
                let hour = ZonedRound::new()
                    .smallest(Unit::Hour)
                    .mode(RoundMode::Trunc);
                (
                    now.round(hour).and_then(|hour| hour.checked_add(1.hour())),
                    1.hour(),
                )
            }
            Self::Days(days) => (
                now.tomorrow().and_then(|day| day.start_of_day()),
                days.days(),
            ),
        };
        // A day without an end is the calendar's last.
        let mut bound = end.unwrap_or_else(|_| now.clone());
        let mut bounds = vec![bound.timestamp()];
        while bounds.len() <= COLUMNS && (bound.timestamp() > oldest || bounds.len() == 1) {
            let Ok(before) = bound.checked_sub(step) else {
                break;
            };
            bounds.push(before.timestamp());
            bound = before;
        }
        bounds.reverse();
        // What is older than the columns is not left out.
        bounds[0] = bounds[0].min(oldest);
        bounds
    }

    fn column(self, at: Timestamp) -> String {
        let form = match self {
            Self::Hours => "%H:%M",
            Self::Days(_) => "%Y-%m-%d",
        };
        at.to_zoned(TimeZone::system()).strftime(form).to_string()
    }
}

fn sizes(storage: &Storage, files: &JournalReport, now: Timestamp) -> Markup {
    let bodies = &storage.bodies;
    html! {
        dl.tiles {
            (tile("journal", &size(storage.bytes)))
            (tile("free within it", &size(storage.spare)))
            (tile("write-ahead log", &size(files.log_bytes)))
            @if let Some(free) = files.free_bytes { (tile("free on the disk", &size(free))) }
            @if let Some((_, at)) = storage.oldest { (tile("oldest event", &format!("{} ago", length(since(at, now))))) }
            @if let Some((bytes, left)) = growth(&storage.ages, files.free_bytes, storage.oldest.map_or(now, |(_, at)| at), now) {
                (tile("new rows a day", &size(bytes)))
                @if let Some(days) = left { (tile("days until the disk is full", &days)) }
            }
            @if bodies.looked_at > 0 {
                (tile("bodies compressed", &format!("{} %", bodies.compressed * 100 / bodies.looked_at)))
                (tile("size of a body", &size(bodies.stored / bodies.looked_at)))
                @if bodies.compressed > 0 { (tile("expanded", &size(bodies.expanded / bodies.looked_at))) }
            }
        }
        @if bodies.looked_at > 0 { p.note { "Bodies: " (bodies.looked_at) " were looked at." } }
    }
}

/// Bytes of the rows that are stored in a day, and days until they fill the disk, by what is at most a week old.
fn growth(
    ages: &[Age],
    free: Option<u64>,
    oldest: Timestamp,
    now: Timestamp,
) -> Option<(u64, Option<u64>)> {
    const WEEK: i64 = 7 * 24;
    let last: Vec<_> = ages
        .iter()
        .filter(|age| now.duration_since(age.from).as_hours() < WEEK)
        .skip_while(|age| age.events == 0)
        .collect();
    let begin = last.first()?.from.max(oldest);
    let seconds = now.duration_since(begin).as_secs().unsigned_abs();
    // Minutes say nothing of a day.
    if seconds < 3600 {
        return None;
    }
    let bytes: u64 = last.iter().map(|age| age.bytes).sum();
    let a_day = u64::try_from(u128::from(bytes) * 86_400 / u128::from(seconds)).ok()?;
    let left = free.filter(|_| a_day > 0).map(|free| free / a_day);
    Some((a_day, left))
}

fn ages(storage: &Storage, scale: Scale) -> Markup {
    let column = |age: &Age| {
        let about = if age.is_exact { "" } else { "about " };
        Column {
            name: scale.column(age.from),
            title: format!(
                "from {}: {about}{} events, {}",
                scale.column(age.from),
                age.events,
                size(age.bytes)
            ),
            count: age.events,
        }
    };
    let columns: Vec<_> = storage.ages.iter().map(column).collect();
    let events: u64 = storage.ages.iter().map(|age| age.events).sum();
    let is_exact = storage.ages.iter().all(|age| age.is_exact);
    html! {
        @if events == 0 { p.none { "No events." } } @else {
            div.scroll.latest { (plot::columns("Events by age", &columns)) }
            p.note {
                "A column is " (scale.name()) ". "
                @if is_exact { (events) " events." } @else { "About " (events) " events; long stretches are counted in samples." }
            }
        }
    }
}

fn kept(policy: &Retention) -> Markup {
    let row = |kind: &str, keep: Duration| {
        html! { tr { td.place { (plain(kind)) } td { (exact(keep)) } } }
    };
    html! {
        div.scroll { table {
            thead { tr { th { "what" } th { "how long" } } }
            tbody {
                @for (kind, keep) in &policy.rules { (row(kind.as_str(), *keep)) }
                tr { td { "all other events" } td { @match policy.keep { Some(keep) => (exact(keep)), None => "for good" } } }
                tr { td { "size of the journal" } td { @match policy.max_bytes { Some(bytes) => { "up to " (size(bytes)) ", the oldest events go first" }, None => "without a limit" } } }
                tr { td { "bodies of events that their platform deleted" } td { (exact(policy.delete_grace)) } }
                tr { td { "memory of repeats" } td { (exact(policy.window)) } }
            }
        } }
        @if !policy.momentary.is_empty() {
            details {
                summary { (policy.momentary.len()) " momentary kinds are kept for minutes, whatever consumers have read" }
                div.scroll { table { tbody {
                    @for (kind, keep) in &policy.momentary { (row(kind.as_str(), *keep)) }
                } } }
            }
        }
    }
}

/// A length of time that somebody chose: `1d`, not `1d 0h`.
fn exact(keep: Duration) -> String {
    let text = length(keep);
    match text.rsplit_once(' ') {
        Some((whole, "0h" | "0m" | "0s")) => whole.to_owned(),
        _ => text,
    }
}

fn next(storage: &Storage, policy: &Retention, report: Option<&Report>) -> Markup {
    let due = &storage.due;
    let used = storage.bytes.saturating_sub(storage.spare);
    let excess = policy.max_bytes.map_or(0, |most| used.saturating_sub(most));
    html! {
        ul {
            li { "Of the " (due.looked_at) " oldest events " b { (due.removed) } " are old enough to go" @if due.held > 0 { ", and " b { (due.held) } " would be but for consumers that still need them" } "." }
            @if excess > 0 { li { "The journal is " (size(excess)) " larger than its limit: its oldest events go, as far as consumers have read." } }
            li { (storage.deletions) " deletions of platforms wait for their grace before the body goes." }
            li { (storage.origins) " removed events are still known as repeats; " (storage.origins_over) " of them are to be forgotten." }
        }
        p.note { @if report.is_some() { "The daemon sweeps every minute." } @else { "No daemon runs: nothing goes before one does." } }
    }
}

/// Each consumer, and whether events stay for its sake.
fn holders(overview: &Overview, storage: &Storage, policy: &Retention, now: Timestamp) -> Markup {
    let shortest = policy.rules.iter().map(|(_, keep)| *keep);
    let shortest = shortest.chain(policy.keep).min();
    let used = storage.bytes.saturating_sub(storage.spare);
    let is_full = policy.max_bytes.is_some_and(|most| used > most);
    let holds = |waits: Option<Timestamp>| {
        let waits = waits.map(|at| since(at, now));
        waits.is_some_and(|waits| is_full || shortest.is_some_and(|keep| waits > keep))
    };
    html! {
        @if overview.consumers.is_empty() { p.none { "No consumer is known: nothing is held back." } } @else {
            div.scroll { table {
                thead { tr { th { "name" } th.number { "needs events from" } th { "received" } th { "retention" } } }
                tbody { @for one in &overview.consumers { tr {
                    td { (plain(one.name.as_str())) }
                    td.number { @match &one.cursor { Some(cursor) => (cursor.needs()), None => "–" } }
                    td.time { @match one.waits_since { Some(at) => (time(at)), None => "waits for none" } }
                    td { @if holds(one.waits_since) { strong { "is held back by it" } } @else { "does not wait for it" } }
                } } }
            } }
            @if overview.consumers.iter().any(|one| holds(one.waits_since)) {
                p.note { "A consumer that never comes back holds events for good: start its program, or give it up with `antiphon consumers forget NAME`." }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(oldest: &str, now: &str, scale: Scale, columns: usize) {
        let (oldest, now): (Timestamp, Timestamp) = (
            oldest.parse().expect("a time"),
            now.parse().expect("a time"),
        );
        assert_eq!(Scale::of(oldest, now), scale);
        let bounds = scale.bounds(oldest, &now.to_zoned(TimeZone::UTC));
        assert_eq!(bounds.len(), columns + 1, "{bounds:?}");
        assert!(bounds.is_sorted(), "{bounds:?}");
        assert!(bounds[0] <= oldest && bounds[columns] > now, "{bounds:?}");
    }

    #[test]
    fn columns_cover_the_whole_journal_and_are_bounded() {
        check(
            "2026-01-31T11:59:00Z",
            "2026-01-31T12:01:00Z",
            Scale::Hours,
            2,
        );
        check(
            "2026-01-31T12:00:00Z",
            "2026-01-31T12:00:00Z",
            Scale::Hours,
            1,
        );
        check(
            "2026-01-29T12:00:00Z",
            "2026-01-31T12:00:00Z",
            Scale::Hours,
            49,
        );
        check(
            "2026-01-01T00:00:00Z",
            "2026-01-31T12:00:00Z",
            Scale::Days(1),
            31,
        );
        check(
            "2025-06-01T00:00:00Z",
            "2026-01-31T12:00:00Z",
            Scale::Days(7),
            35,
        );
        check(
            "2005-06-01T00:00:00Z",
            "2026-01-31T12:00:00Z",
            Scale::Days(30),
            COLUMNS,
        );
        // A clock that was ahead.
        check(
            "2026-02-01T12:00:00Z",
            "2026-01-31T12:00:00Z",
            Scale::Hours,
            1,
        );
    }
}
