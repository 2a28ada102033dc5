//! The status, for people.

use std::time::Duration;

use antiphon::{LinkStatus, SourceStatus, Status};
use jiff::{Timestamp, tz::TimeZone};

use super::{Line, offline::Offline};
use crate::{
    control::wire::{Consumer, JournalReport, Report},
    figures::{length, since, size},
    output::{Output, Paint, table},
};

/// Prints whether all is well, each reason, and what is known.
pub(crate) fn print(output: &mut Output, line: &Line) -> anyhow::Result<()> {
    let verdict = if line.well { "well" } else { "not well" };
    output.painted(&[(Paint::Bold, verdict)])?;
    for reason in &line.reasons {
        let about = reason.about.as_deref();
        let about = about.map(|about| format!("{about}: ")).unwrap_or_default();
        output.line(format_args!(
            "  {}: {about}{}",
            reason.code.word(),
            reason.text
        ))?;
        if let Some(hint) = &reason.hint {
            output.line(format_args!("    hint: {hint}"))?;
        }
    }
    output.line("")?;
    if let Some(report) = &line.daemon {
        daemon(output, report)?;
    }
    if let Some(journal) = &line.offline {
        offline(output, journal)?;
    }
    Ok(())
}

fn daemon(output: &mut Output, report: &Report) -> anyhow::Result<()> {
    let app = &report.app;
    let up = app
        .started_at
        .map_or(Duration::ZERO, |at| since(at, app.at));
    let process = &report.process;
    let mut fields = vec![
        (
            "daemon",
            format!(
                "antiphon {}, process {}, for {}",
                process.antiphon,
                process.id,
                length(up)
            ),
        ),
        ("journal", files(&report.journal)),
        ("progress", progress(app)),
        ("lanes", lanes(app)),
        ("handlers", handlers(app)),
        ("gaps", gaps(app)),
    ];
    for left in &report.identifies {
        let (source, remaining, total) = (&left.source, left.remaining, left.total);
        let until = local(left.resets_at);
        fields.push((
            "identifies",
            format!("{source}: {remaining} of {total} left until {until}"),
        ));
    }
    fields.extend(
        process
            .warnings
            .iter()
            .map(|warning| ("warning", warning.clone())),
    );
    for (name, value) in fields {
        output.line(format_args!("{name:<10}  {value}"))?;
    }
    let head = [
        "source",
        "platform",
        "link",
        "for",
        "stored",
        "repeated",
        "gaps",
        "last event",
    ];
    let rows: Vec<_> = app.sources.iter().map(|one| source(one, app.at)).collect();
    paragraph(output, table(head, &rows))?;
    let head = ["source", "part", "link", "for", "reason"];
    let rows: Vec<_> = app
        .sources
        .iter()
        .flat_map(|one| parts(one, app.at))
        .collect();
    if !rows.is_empty() {
        paragraph(output, table(head, &rows))?;
    }
    consumers(output, &report.journal, app.at)
}

fn offline(output: &mut Output, journal: &Offline) -> anyhow::Result<()> {
    let gaps = match journal.last_gap_at {
        Some(at) => format!("{}, the last reported {}", journal.gaps, local(at)),
        None => "none".to_owned(),
    };
    for (name, value) in [
        ("journal", files(&journal.journal)),
        ("progress", format!("{} is the last event", journal.last)),
        (
            "gaps",
            format!("{gaps} (among the newest {} positions)", journal.looked_at),
        ),
    ] {
        output.line(format_args!("{name:<10}  {value}"))?;
    }
    let rows: Vec<_> = journal
        .sources
        .iter()
        .map(|source| {
            let link = source.link.clone().unwrap_or_else(|| "-".to_owned());
            [
                source.name.clone(),
                local(source.last_event_at),
                source.last_kind.clone(),
                link,
                source.link_at.map_or("-".to_owned(), local),
            ]
        })
        .collect();
    paragraph(
        output,
        table(["source", "last event", "kind", "link", "since"], &rows),
    )?;
    consumers(output, &journal.journal, journal.at)
}

/// An empty line, and the lines.
fn paragraph(output: &mut Output, lines: Vec<String>) -> anyhow::Result<()> {
    output.line("")?;
    lines.into_iter().try_for_each(|line| output.line(line))
}

fn files(journal: &JournalReport) -> String {
    let file = journal.bytes.map_or("no file".to_owned(), size);
    let free = journal
        .free_bytes
        .map(|free| format!(", {} free", size(free)));
    format!(
        "{}: {file}, and {} of log{}",
        journal.path,
        size(journal.log_bytes),
        free.unwrap_or_default()
    )
}

fn progress(app: &Status) -> String {
    let progress = &app.progress;
    let behind = progress
        .lag_seconds
        .map_or("an unknown time".to_owned(), |seconds| {
            length(Duration::try_from_secs_f64(seconds).unwrap_or_default())
        });
    format!(
        "{} stored, {} read, {} open, {behind} behind",
        progress.stored, progress.read, progress.open
    )
}

fn lanes(app: &Status) -> String {
    let lanes = &app.lanes;
    let deepest = lanes.deepest.first().map(|lane| {
        let place = if lane.place.is_empty() {
            "the one of all"
        } else {
            &*lane.place
        };
        format!("; the deepest: {place} with {}", lane.waiting)
    });
    format!(
        "{} busy, {} waiting, {} parked{}",
        lanes.busy,
        lanes.waiting,
        lanes.parked,
        deepest.unwrap_or_default()
    )
}

fn handlers(app: &Status) -> String {
    let handlers = &app.handlers;
    format!(
        "{} handled, {} without a handler, {} late, {} expired, {} failed calls, {} dead letters",
        handlers.handled,
        handlers.unhandled,
        handlers.late,
        handlers.expired,
        handlers.failures,
        handlers.dead_letters
    )
}

fn gaps(app: &Status) -> String {
    let Some(last) = &app.gaps.last else {
        return "none in this run".to_owned();
    };
    let place = if last.place.is_empty() { "" } else { " " };
    format!(
        "{} in this run; the last: {}{place}{}, {} until {}: {}",
        app.gaps.seen,
        last.source,
        last.place,
        length(since(last.from, last.to)),
        local(last.to),
        last.cause
    )
}

fn source(one: &SourceStatus, now: Timestamp) -> [String; 8] {
    [
        one.name.clone(),
        one.platform.clone().unwrap_or_else(|| "-".to_owned()),
        one.link.state.clone(),
        length(since(one.link.since, now)),
        one.stored.to_string(),
        one.repeated.to_string(),
        one.gaps.to_string(),
        one.last_event_at.map_or("-".to_owned(), |at| {
            format!("{} ago", length(since(at, now)))
        }),
    ]
}

/// The parts that are not connected.
fn parts(one: &SourceStatus, now: Timestamp) -> Vec<[String; 5]> {
    let down = one
        .parts
        .iter()
        .filter(|part| part.link.down_since.is_some());
    let row = |place: &str, link: &LinkStatus| {
        [
            one.name.clone(),
            place.to_owned(),
            link.state.clone(),
            length(since(link.down_since.unwrap_or(link.since), now)),
            link.reason.clone().unwrap_or_default(),
        ]
    };
    down.map(|part| row(&part.place, &part.link)).collect()
}

fn consumers(output: &mut Output, journal: &JournalReport, now: Timestamp) -> anyhow::Result<()> {
    let Some(consumers) = &journal.consumers else {
        return paragraph(
            output,
            vec!["the journal did not say how far its consumers are".to_owned()],
        );
    };
    let ago = |at: Option<Timestamp>| {
        at.map_or("-".to_owned(), |at| {
            format!("{} ago", length(since(at, now)))
        })
    };
    let row = |one: &Consumer| {
        let behind = one
            .lag_seconds
            .map(|seconds| length(Duration::try_from_secs_f64(seconds).unwrap_or_default()));
        [
            one.name.clone(),
            one.read.map_or("-".to_owned(), |read| read.to_string()),
            behind.unwrap_or_else(|| "-".to_owned()),
            one.dead_letters.to_string(),
            ago(one.oldest_dead_letter_at),
            ago(one.newest_dead_letter_at),
        ]
    };
    let rows: Vec<_> = consumers.iter().map(row).collect();
    let head = [
        "consumer",
        "read",
        "behind",
        "dead letters",
        "oldest",
        "newest",
    ];
    paragraph(output, table(head, &rows))
}

/// A time to the second, where the reader is.
fn local(at: Timestamp) -> String {
    at.to_zoned(TimeZone::system())
        .strftime("%Y-%m-%d %H:%M:%S")
        .to_string()
}
