//! The first page: whether all is well, and the newest events in figures. The busiest places have a page of their own.

use std::{collections::BTreeMap, fmt::Display, sync::Arc};

use antiphon::LinkState;
use antiphon_journal::Overview;
use axum::{Router, extract::State, routing::get};
use jiff::Timestamp;
use maud::{Markup, html};
use serde::Deserialize;

use super::{
    Site,
    chart::{self, SPANS, Span},
    pages::{Answer, Query, ROWS, link, page, time, time_text},
    plot::SERIES,
    recent::{Figures, GapSeen, OTHERS, minute},
};
use crate::{
    command::status::{self, reason::Reason},
    control::wire::Report,
    failure::Failure,
    figures::size,
    plain::plain,
    platform::PLATFORMS,
};

/// Rows of a table of kinds, and troubles that are told one by one.
const TOP: usize = 20;
/// Gaps that are told.
const GAPS: usize = 10;

#[derive(Debug, Deserialize)]
pub(super) struct Looked {
    pub(super) span: Option<String>,
}

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new()
        .route("/", get(overview))
        .route("/places", get(places))
}

async fn overview(State(site): State<Arc<Site>>, Query(looked): Query<Looked>) -> Answer {
    let journal = site.journal().await?;
    let overview = journal.overview().await?;
    let status = status::glance(site.daemon.as_ref(), (&site.location, &*journal), &overview).await;
    let report = status.as_ref().ok().and_then(|(_, report)| report.as_ref());
    let span = Span::named(looked.span.as_deref())?;
    let now = Timestamp::now();
    let sizes = journal.size().await?;
    let body = site.figures().await.look(|figures| html! {
        h1 { "Overview" }
        div data-renew="5" {
            (verdict(figures, &status))
            dl.tiles {
                (tile("events a minute, the last five", &rate(figures, now)))
                (tile("last position", &overview.last))
                (tile("journal", &size(sizes.bytes)))
                @if site.location.file().is_some() { (tile("write-ahead log", &size(sizes.log_bytes))) }
                (tile("gaps seen", &figures.gaps.len()))
                (tile("dead letters", &overview.consumers.iter().map(|one| one.dead_letters).sum::<u64>()))
            }
            (counted(figures))
            h2 { "Connections" }
            (spans("/", span))
            p.note { "Holes are gaps, and lead to what is known of them." }
            div.scroll.latest { (chart::links(figures, span, now)) }
            (states(figures))
            h2 { "Events" }
            div.scroll.latest { (chart::events(figures, span, now)) }
            ul.keys { @for name in PLATFORMS.iter().map(|platform| platform.name).chain(["antiphon"]) {
                li { span class=(format!("key {name}")) {} (name) }
            } }
            @if let Some(report) = report { (daemon(report)) }
            h2 { "Gaps" }
            (gaps(figures))
            h2 { "Consumers" }
            (consumers(&overview, now))
            h2 { "Kinds" }
            @let (drawn, top) = chart::kinds(figures, span, now);
            div.scroll.latest { (drawn) }
            ul.keys {
                @for (kind, class) in top.iter().zip(SERIES) { li { span class=(format!("key {class}")) {} (plain(kind)) } }
                li { span.key.others {} "further kinds" }
            }
            (kinds(figures))
        }
    });
    Ok(page("Overview", "/", &body))
}

/// The spans that one can look at.
pub(super) fn spans(path: &str, span: Span) -> Markup {
    html! { p.note { "The last " @for (index, one) in SPANS.iter().enumerate() {
        @if index > 0 { " · " }
        a href=(format!("{path}?span={}", one.name)) aria-current=[(*one == span).then_some("true")] { (one.name) }
    } } }
}

/// Why all is not well, and what the daemon says, or why it cannot be asked.
type Glance = Result<(Vec<Reason>, Option<Report>), Failure>;

/// All is well, or why it is not, as `antiphon status` says it.
fn verdict(figures: &Figures, status: &Glance) -> Markup {
    let mut reasons = Vec::new();
    if let Some(trouble) = &figures.trouble {
        reasons.push((format!("the journal could not be read: {trouble}"), None));
    }
    match status {
        Ok((known, _)) => reasons.extend(known.iter().map(|reason| {
            let about = reason.about.as_ref().map(|about| format!("{about}: "));
            (
                about.unwrap_or_default() + &reason.text,
                reason.hint.clone(),
            )
        })),
        Err(failure) => reasons.push((failure.to_string(), None)),
    }
    html! {
        div.verdict.bad[!reasons.is_empty()] role="status" {
            @if reasons.is_empty() {
                strong { "All is well." }
                @match connecting(status) {
                    0 => " The daemon runs, its connections are up, and it keeps up.",
                    1 => " The daemon runs and keeps up; a connection is being made.",
                    count => { " The daemon runs and keeps up; " (count) " connections are being made." }
                }
            } @else {
                strong { (reasons.len()) @if reasons.len() == 1 { " thing to look at" } @else { " things to look at" } }
                ul { @for (reason, hint) in reasons.iter().take(TOP) {
                    li { (plain(reason)) @if let Some(hint) = hint { " " span.note { (plain(hint)) } } }
                } }
                @if reasons.len() > TOP { p { "and " (reasons.len() - TOP) " more" } }
            }
        }
    }
}

/// Connections that are being made or wait for the next try, not yet for so long that it is a reason.
fn connecting(status: &Glance) -> usize {
    let report = status.as_ref().ok().and_then(|(_, report)| report.as_ref());
    let sources = report.into_iter().flat_map(|report| &report.app.sources);
    let parts = sources.flat_map(|source| &source.parts);
    parts
        .filter(|part| ["connecting", "waiting"].contains(&&*part.link.state))
        .count()
}

/// What the running daemon says of itself.
fn daemon(report: &Report) -> Markup {
    let app = &report.app;
    html! {
        h2 { "Daemon" }
        dl.tiles {
            (tile("version", &report.process.antiphon))
            @if let Some(at) = app.started_at { (tile("runs since", &time_text(at))) }
            (tile("events handled", &app.handlers.handled))
            (tile("handled by nobody", &app.handlers.unhandled))
            (tile("calls that failed", &app.handlers.failures))
            (tile("behind", &app.progress.lag))
            (tile("lanes busy", &app.lanes.busy))
            (tile("lanes waiting", &app.lanes.waiting))
            @for left in &report.identifies { (tile(&format!("identifies left, {}", left.source), &format_args!("{} of {}", left.remaining, left.total))) }
            @if let Some(free) = report.journal.free_bytes { (tile("free on the disk", &size(free))) }
        }
        @if !app.lanes.deepest.is_empty() {
            div.scroll { table {
                thead { tr { th { "deepest lanes" } th.number { "waiting" } } }
                tbody { @for lane in &app.lanes.deepest { tr { td { (plain(&lane.place)) } td.number { (lane.waiting) } } } }
            } }
        }
    }
}

/// The last state of each connection that has changed.
fn last_states(figures: &Figures) -> Vec<(&str, &str, &LinkState)> {
    let mut last = BTreeMap::new();
    for change in &figures.links {
        last.insert((&*change.source, &*change.place), &change.state);
    }
    let states = last.into_iter();
    states
        .map(|((source, place), state)| (source, place, state))
        .collect()
}

/// A state in words, with local times.
fn state_text(state: &LinkState) -> String {
    match state {
        LinkState::Connected { since } => format!("connected since {}", time_text(*since)),
        LinkState::Polling { since, reason } => {
            format!("polling since {}: {reason}", time_text(*since))
        }
        LinkState::Waiting { until, reason } => {
            format!("waiting until {}: {reason}", time_text(*until))
        }
        other => other.to_string(),
    }
}

fn states(figures: &Figures) -> Markup {
    html! {
        @let states = last_states(figures);
        @if !states.is_empty() {
            table.cards {
                thead { tr { th { "source" } th { "connection" } th { "newest event" } } }
                tbody { @for (source, place, state) in states.iter().take(ROWS) {
                    tr {
                        td { a href=(link("/events", &[("source", source)])) { (plain(source)) } " " (plain(place)) }
                        td { span class=(format!("state {}", chart::class(state))) { (plain(&state_text(state))) } }
                        td.time { @if let Some(at) = figures.sources.get(*source) { (time(*at)) } }
                    }
                } }
            }
        }
    }
}

pub(super) fn tile(name: &str, value: &impl Display) -> Markup {
    html! { div { dt { (name) } dd { (value.to_string()) } } }
}

/// Events a minute over the last five whole minutes.
fn rate(figures: &Figures, now: Timestamp) -> String {
    let now = minute(now);
    let whole = figures
        .minutes
        .iter()
        .filter(|minute| (now - 5..now).contains(&minute.number));
    let sum: u64 = whole.map(|minute| minute.kinds.values().sum::<u64>()).sum();
    format!("{}.{}", sum / 5, sum % 5 * 2)
}

/// From when on events are counted.
pub(super) fn counted(figures: &Figures) -> Markup {
    html! { p.note {
        @match figures.since {
            Some(since) => { "Figures of kinds, places, connections and gaps begin at " (time(since)) "." }
            None => { "Nothing is counted yet." }
        }
        @if !figures.is_complete { " The journal's newest events are still being counted." }
    } }
}

fn gaps(figures: &Figures) -> Markup {
    let row = |seen: &GapSeen| {
        let seconds = seen
            .gap
            .to
            .at
            .duration_since(seen.gap.from.at)
            .as_secs_f64();
        html! { tr {
            td.time { (time(seen.gap.from.at)) }
            td.number { (format!("{seconds:.1} s")) }
            td { (plain(&seen.source)) " " (plain(&seen.place)) }
            td.number { (seen.gap.recovered) }
            td.gist { a href=(format!("/events/{}", seen.position)) { (plain(&seen.gap.cause)) } }
        } }
    };
    html! {
        @if figures.gaps.is_empty() { p.none { "No gap was reported." } } @else {
            div.scroll { table {
                thead { tr { th { "from" } th.number { "length" } th { "where" } th.number { "recovered" } th { "why" } } }
                tbody { @for seen in figures.gaps.iter().rev().take(GAPS) { (row(seen)) } }
            } }
            @if figures.gaps.len() > GAPS { p { a href="/events?kind=antiphon.gap" { "all of them" } } }
        }
    }
}

fn consumers(overview: &Overview, now: Timestamp) -> Markup {
    html! {
        @if overview.consumers.is_empty() { p.none { "Nobody has read this journal yet." } } @else {
            div.scroll { table {
                thead { tr { th { "name" } th { "process" } th.number { "has read" } th.number { "behind" } th { "oldest event that waits" } th.number { "open" } th.number { "dead letters" } } }
                tbody { @for one in &overview.consumers {
                    tr {
                        td { (plain(one.name.as_str())) }
                        td { @if one.partitions > 0 {
                            (status::text::workers(one.partitions, one.workers.iter().map(|one| one.partitions)))
                        } @else { (status::text::process(one.process)) } }
                        @match &one.cursor {
                            Some(cursor) => {
                                td.number { (cursor.read) }
                                td.number { (overview.last.get().saturating_sub(cursor.needs().get() - 1)) }
                            }
                            None => { td.number { "–" } td.number { "–" } }
                        }
                        td { @match one.waits_since {
                            Some(since) => { (format!("{:.0} s", now.duration_since(since).as_secs_f64().max(0.0))) }
                            None => { "none" }
                        } }
                        td.number { (one.cursor.as_ref().map_or(0, |cursor| cursor.open.len())) }
                        td.number { a href="/dead" { (one.dead_letters) } }
                    }
                } }
            } }
        }
    }
}

fn kinds(figures: &Figures) -> Markup {
    let counts = figures.kinds(i64::MIN);
    html! {
        @if counts.is_empty() { p.none { "No events." } } @else {
            div.scroll { table {
                thead { tr { th { "kind" } th.number { "events" } } }
                tbody { @for (kind, count) in counts.iter().take(TOP) {
                    tr {
                        td { @if *kind == OTHERS { "further kinds" } @else { a href=(link("/events", &[("kind", kind)])) { (plain(kind)) } } }
                        td.number { (count) }
                    }
                } }
            } }
        }
    }
}

async fn places(State(site): State<Arc<Site>>) -> Answer {
    // The figures are in memory; a journal that is gone is told all the same.
    site.journal().await?;
    let body = site.figures().await.look(busiest);
    Ok(page("Busiest places", "/places", &body))
}

fn busiest(figures: &Figures) -> Markup {
    let mut counts: Vec<_> = figures.places.iter().collect();
    counts.sort_by(|one, other| other.1.cmp(one.1).then(one.0.cmp(other.0)));
    html! {
        h1 { "Busiest places" }
        div data-renew="10" {
            (counted(figures))
            @if counts.is_empty() { p.none { "No event has a place yet." } } @else {
                div.scroll { table.cards {
                    thead { tr { th { "source" } th { "place" } th.number { "events" } } }
                    tbody { @for ((source, place), count) in counts.iter().take(ROWS) {
                        tr {
                            td { (plain(source)) }
                            td { @if place == OTHERS { "further places" } @else {
                                a href=(link("/events", &[("source", source), ("place", place)])) { (plain(place)) }
                            } }
                            td.number { (count) }
                        }
                    } }
                } }
            }
        }
    }
}
