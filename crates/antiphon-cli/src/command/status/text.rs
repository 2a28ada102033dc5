//! The status, for people.

use std::{fmt, time::Duration};

use antiphon::{LinkStatus, SourceStatus, Status};
use jiff::{Timestamp, tz::TimeZone};

use super::{
    Line,
    offline::{Offline, Source},
};
use crate::{
    control::wire::{Consumer, JournalReport, Report},
    figures::{length, since, size},
    output::{Output, Paint, table},
};

/// Prints whether all is well, each reason, and what is known.
pub(crate) fn print(output: &mut Output, line: &Line) -> anyhow::Result<()> {
    let verdict = if line.well { "well" } else { "not well" };
    output.painted(&[(Paint::Bold, verdict)])?;
    let told = Told {
        zone: TimeZone::system(),
        lines: Vec::new(),
    };
    let mut lines = told.of(line).into_iter();
    lines.try_for_each(|line| output.line(line))
}

/// The lines below the verdict.
struct Told {
    /// Where the person is.
    zone: TimeZone,
    lines: Vec<String>,
}

impl Told {
    fn of(mut self, line: &Line) -> Vec<String> {
        for reason in &line.reasons {
            let about = reason.about.as_deref();
            let about = about.map(|about| format!("{about}: ")).unwrap_or_default();
            let code = reason.code.word();
            self.line(format_args!("  {code}: {about}{}", reason.text));
            if let Some(hint) = &reason.hint {
                self.line(format_args!("    hint: {hint}"));
            }
        }
        self.line("");
        if let Some(report) = &line.daemon {
            self.daemon(report);
        }
        if let Some(journal) = &line.offline {
            self.offline(journal);
        }
        self.lines
    }

    fn line(&mut self, line: impl fmt::Display) {
        self.lines.push(line.to_string());
    }

    /// Lines of names and values.
    fn fields<'a>(&mut self, fields: impl IntoIterator<Item = (&'a str, String)>) {
        for (name, value) in fields {
            self.line(format_args!("{name:<10}  {value}"));
        }
    }

    /// An empty line, and the lines.
    fn paragraph(&mut self, lines: Vec<String>) {
        self.lines.push(String::new());
        self.lines.extend(lines);
    }

    /// A time to the second, where the person is.
    fn local(&self, at: Timestamp) -> String {
        at.to_zoned(self.zone.clone())
            .strftime("%Y-%m-%d %H:%M:%S")
            .to_string()
    }

    fn daemon(&mut self, report: &Report) {
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
            ("gaps", self.gaps(app)),
        ];
        for left in &report.identifies {
            let (source, remaining, total) = (&left.source, left.remaining, left.total);
            let until = self.local(left.resets_at);
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
        self.fields(fields);
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
        self.paragraph(table(head, &rows));
        let head = ["source", "part", "link", "for", "reason"];
        let rows: Vec<_> = app
            .sources
            .iter()
            .flat_map(|one| parts(one, app.at))
            .collect();
        if !rows.is_empty() {
            self.paragraph(table(head, &rows));
        }
        self.consumers(&report.journal, app.at);
    }

    fn offline(&mut self, journal: &Offline) {
        let gaps = match journal.last_gap_at {
            Some(at) => format!("{}, the last reported {}", journal.gaps, self.local(at)),
            None => "none".to_owned(),
        };
        let looked_at = journal.looked_at;
        self.fields([
            ("journal", files(&journal.journal)),
            ("progress", format!("{} is the last event", journal.last)),
            (
                "gaps",
                format!("{gaps} (among the newest {looked_at} positions)"),
            ),
        ]);
        let row = |source: &Source| {
            let link_at = source.link_at.map(|at| self.local(at));
            [
                source.name.clone(),
                self.local(source.last_event_at),
                source.last_kind.clone(),
                source.link.clone().unwrap_or_else(|| "-".to_owned()),
                link_at.unwrap_or_else(|| "-".to_owned()),
            ]
        };
        let rows: Vec<_> = journal.sources.iter().map(row).collect();
        self.paragraph(table(
            ["source", "last event", "kind", "link", "since"],
            &rows,
        ));
        self.consumers(&journal.journal, journal.at);
    }

    fn gaps(&self, app: &Status) -> String {
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
            self.local(last.to),
            last.cause
        )
    }

    fn consumers(&mut self, journal: &JournalReport, now: Timestamp) {
        let Some(consumers) = &journal.consumers else {
            self.paragraph(vec![
                "the journal did not say how far its consumers are".to_owned(),
            ]);
            return;
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
                match one.partitions {
                    Some(partitions) => {
                        workers(partitions, one.workers.iter().map(|one| one.partitions))
                    }
                    None => process(one.process),
                },
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
            "process",
            "dead letters",
            "oldest",
            "newest",
        ];
        self.paragraph(table(head, &rows));
    }
}

/// The process that has a consumer, in words.
pub(in crate::command) fn process(process: Option<u32>) -> String {
    match process {
        None => "none".to_owned(),
        Some(0) => "unknown".to_owned(),
        Some(process) => process.to_string(),
    }
}

/// The workers of a consumer, by the partitions that they have, in words.
pub(in crate::command) fn workers(partitions: u16, held: impl Iterator<Item = u16>) -> String {
    let held: Vec<u16> = held.collect();
    let workers = match held.len() {
        1 => "1 worker".to_owned(),
        number => format!("{number} workers"),
    };
    match partitions.saturating_sub(held.iter().sum()) {
        0 => workers,
        free => format!("{workers}, {free} of {partitions} partitions free"),
    }
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::command::status::reason::{Bounds, reasons};

    #[test]
    fn every_figure_has_its_line() {
        let up = json!({"state": "connected", "since": "2026-01-28T08:00:00Z"});
        let down = json!({"state": "waiting", "since": "2026-01-31T11:59:50Z",
                          "down_since": "2026-01-31T11:56:48Z", "reason": "the server closed the socket"});
        let report = json!({
            "version": 1,
            "process": {"antiphon": "0.1.0", "id": 4711, "warnings": ["the secret in token is open to others"]},
            "app": {
                "at": "2026-01-31T12:00:00Z", "phase": "running", "consumer": "run",
                "started_at": "2026-01-28T08:00:00Z",
                "sources": [{
                    "name": "choir", "platform": "queup", "link": up, "stored": 4711, "repeated": 3, "gaps": 1,
                    "last_event_at": "2026-01-31T11:59:55Z", "parts": [{"place": "room/5", "link": down}],
                }],
                "progress": {"stored": 4711, "read": 4700, "open": 11, "lag": 12, "lag_seconds": 2.5},
                "lanes": {"busy": 2, "waiting": 1, "deepest": [{"place": "room/5", "waiting": 9}]},
                "handlers": {"handled": 4700, "failures": 2, "dead_letters": 1},
                "gaps": {"seen": 1, "last": {
                    "source": "choir", "place": "room/5", "from": "2026-01-31T10:00:00Z",
                    "to": "2026-01-31T10:02:00Z", "cause": "the line was cut",
                }},
            },
            "identifies": [{"source": "nave", "remaining": 998, "total": 1000, "resets_at": "2026-02-01T00:00:00Z"}],
            "journal": {"path": "antiphon.db", "bytes": 12_902_400, "log_bytes": 0, "consumers": [
                {"name": "run", "read": 4700, "lag_seconds": 2.5, "process": 4711, "dead_letters": 1,
                 "oldest_dead_letter_at": "2026-01-31T11:30:00Z", "newest_dead_letter_at": "2026-01-31T11:30:00Z"},
                {"name": "bot", "read": 4711, "lag_seconds": 0.0},
            ]},
        });
        let report: Report = serde_json::from_value(report).expect("the same shape");
        let line = Line::new(reasons(&report, Bounds::default()), Some(report), None);
        let told = Told {
            zone: TimeZone::UTC,
            lines: Vec::new(),
        };
        insta::assert_snapshot!(told.of(&line).join("\n"), @r#"
          link-down: choir room/5: no events for 3m 12s, waiting: the server closed the socket
          dead-letters: run: one dead letter, made 30m 0s ago
            hint: `antiphon dead list` shows them; handle them again, or drop them

        daemon      antiphon 0.1.0, process 4711, for 3d 4h
        journal     antiphon.db: 12.3 MiB, and 0 B of log
        progress    4711 stored, 4700 read, 11 open, 2s behind
        lanes       2 busy, 1 waiting, 0 parked; the deepest: room/5 with 9
        handlers    4700 handled, 0 without a handler, 0 late, 0 expired, 2 failed calls, 1 dead letters
        gaps        1 in this run; the last: choir room/5, 2m 0s until 2026-01-31 10:02:00: the line was cut
        identifies  nave: 998 of 1000 left until 2026-02-01 00:00:00
        warning     the secret in token is open to others

        source  platform  link       for    stored  repeated  gaps  last event
        choir   queup     connected  3d 4h    4711         3     1  5s ago

        source  part    link     for     reason
        choir   room/5  waiting  3m 12s  the server closed the socket

        consumer  read  behind  process  dead letters  oldest      newest
        run       4700  2s      4711                1  30m 0s ago  30m 0s ago
        bot       4711  0s      none                0  -           -
        "#);
    }
}
