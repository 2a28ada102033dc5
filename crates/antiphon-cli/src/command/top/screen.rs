//! What `antiphon top` draws: a function of the last two answers and of the screen's size.
//!
//! ```text
//! antiphon.db  running for 3d 4h                                          12:00:05
//! well
//!
//! stored 4711 (12.5/s)  open 0  behind 0s  lanes 0 busy, 0 waiting, 0 parked
//! journal 12.3 MiB  log 1.2 MiB  free 34.0 GiB  gaps 1  failed calls 0
//!
//! SOURCE         PLATFORM       LINK          FOR    STORED       /s  REPEATED  GAPS   LAST
//! choir          queup          connected   3d 4h      4711     12.5         3     1     5s
//! ```
//!
//! Sources that are down come first, so that they are seen on the smallest screen; a list that has no room for all says
//! how many are missing.

use std::time::Duration;

use antiphon::{LaneStatus, Phase, SourceStatus, Status};
use jiff::{Timestamp, tz::TimeZone};
use ratatui::{
    Frame,
    layout::{Constraint, Layout, Rect},
    style::{Modifier, Style},
    text::Line,
    widgets::{Row, Table},
};

use crate::{
    command::status::reason::{Bounds, reasons},
    control::{
        client::AskError,
        wire::{Consumer, Report},
    },
    figures::{length, since, size},
    plain::plain,
};

/// From this width on, sources have the column of their platform.
const WIDE: u16 = 96;
/// From this width on, sources have columns of repeats and gaps.
const MIDDLE: u16 = 72;
/// From this height on, lists of sources leave room for consumers.
const HIGH: usize = 10;
/// Most consumers that are listed while sources need the room.
const CONSUMERS: usize = 4;

/// What was asked so far.
#[derive(Debug)]
pub(crate) struct Screen {
    /// Path of the journal.
    journal: String,
    /// Where the person is.
    zone: TimeZone,
    last: Option<Report>,
    /// The answer before, for rates.
    before: Option<Report>,
    /// Why the last question had no answer.
    silent: Option<String>,
}

impl Screen {
    pub(crate) fn new(journal: String) -> Self {
        Self {
            journal,
            zone: TimeZone::system(),
            last: None,
            before: None,
            silent: None,
        }
    }

    /// Takes the answer to the last question; one that failed leaves the last one on the screen.
    pub(crate) fn take(&mut self, answer: Result<Report, AskError>) {
        match answer {
            Ok(report) => {
                self.before = self.last.replace(report);
                self.silent = None;
            }
            Err(error) => self.silent = Some(error.to_string()),
        }
    }

    pub(crate) fn draw(&self, frame: &mut Frame<'_>) {
        let area = frame.area();
        let mut lines = vec![self.title(area.width)];
        lines.extend(self.verdict());
        if let Some(report) = &self.last {
            lines.push(Line::default());
            lines.extend(self.figures(report));
            lines.push(Line::default());
        }
        let head = u16::try_from(lines.len())
            .unwrap_or(u16::MAX)
            .min(area.height);
        let [top, rest] =
            Layout::vertical([Constraint::Length(head), Constraint::Fill(1)]).areas(area);
        for (line, row) in lines.into_iter().zip(top.rows()) {
            frame.render_widget(line, row);
        }
        if let Some(report) = &self.last {
            self.lists(frame, report, rest);
        }
    }

    /// The journal, how long the daemon runs, and its clock.
    fn title(&self, width: u16) -> Line<'static> {
        let mut left = plain(&self.journal).into_owned();
        let mut right = String::new();
        if let Some(report) = &self.last {
            let app = &report.app;
            let up = app
                .started_at
                .map_or(Duration::ZERO, |at| since(at, app.at));
            left = format!("{left}  {} for {}", phase(app.phase), length(up));
            right = self.clock(app.at);
        }
        let taken = unicode_width::UnicodeWidthStr::width(&*left) + right.len();
        let gap = usize::from(width).saturating_sub(taken).max(1);
        let line = format!("{left}{:gap$}{right}", "");
        Line::styled(
            line,
            Style::new().add_modifier(Modifier::BOLD | Modifier::REVERSED),
        )
    }

    /// Whether all is well, or the first reasons why not.
    fn verdict(&self) -> Vec<Line<'static>> {
        /// Reasons that have a line.
        const SHOWN: usize = 2;
        let bold = Style::new().add_modifier(Modifier::BOLD);
        if let Some(silent) = &self.silent {
            let when = match &self.last {
                Some(report) => format!("; what follows is of {}", self.clock(report.app.at)),
                None => String::new(),
            };
            let line = format!("{}; asking again each second{when}", plain(silent));
            return vec![Line::styled(line, bold)];
        }
        let Some(report) = &self.last else {
            return vec![Line::raw("asking …")];
        };
        let reasons = reasons(report, Bounds::default());
        if reasons.is_empty() {
            return vec![Line::raw("well")];
        }
        let mut lines: Vec<_> = reasons
            .iter()
            .take(SHOWN)
            .map(|reason| {
                let about = reason.about.as_deref().map(plain).unwrap_or_default();
                let colon = if about.is_empty() { "" } else { ": " };
                let line = format!("! {about}{colon}{}", plain(&reason.text));
                Line::styled(line, bold)
            })
            .collect();
        if reasons.len() > SHOWN {
            let more = reasons.len() - SHOWN;
            lines.push(Line::raw(format!(
                "! and {more} more: `antiphon status` has them"
            )));
        }
        lines
    }

    fn figures(&self, report: &Report) -> Vec<Line<'static>> {
        let app = &report.app;
        let (progress, lanes, handlers) = (&app.progress, &app.lanes, &app.handlers);
        let behind = progress.lag_seconds.map_or("?".to_owned(), seconds);
        let rate = self.rate(report, |report| {
            report.app.sources.iter().map(|source| source.stored).sum()
        });
        let handled = self.rate(report, |report| report.app.handlers.handled);
        let journal = &report.journal;
        let free = journal
            .free_bytes
            .map(|free| format!("  free {}", size(free)));
        let mut shown = vec![
            Line::raw(format!(
                "stored {rate}/s  handled {handled}/s  open {}  behind {behind}",
                progress.open
            )),
            Line::raw(format!(
                "lanes {} busy, {} waiting, {} parked  failed calls {}",
                lanes.busy, lanes.waiting, lanes.parked, handlers.failures
            )),
            Line::raw(format!(
                "journal {}  log {}{}",
                journal.bytes.map_or("?".to_owned(), size),
                size(journal.log_bytes),
                free.unwrap_or_default()
            )),
            Line::raw(gaps(app)),
        ];
        if !report.identifies.is_empty() {
            let bots = report.identifies.iter().map(|left| {
                let source = plain(&left.source);
                format!("{source} {} of {}", left.remaining, left.total)
            });
            let bots = bots.collect::<Vec<_>>().join(", ");
            shown.push(Line::raw(format!("identifies left: {bots}")));
        }
        shown
    }

    /// The tables, in the room that is left.
    fn lists(&self, frame: &mut Frame<'_>, report: &Report, area: Rect) {
        let none = Vec::new();
        let consumers = report.journal.consumers.as_ref().unwrap_or(&none);
        let lanes = &report.app.lanes.deepest;
        let sources = report.app.sources.len() + 1;
        // Each list with a head, and an empty line before it.
        let listed = |count: usize| if count == 0 { 0 } else { count + 2 };
        let rows = |count: usize| Constraint::Length(u16::try_from(count).unwrap_or(u16::MAX));
        let few = consumers.len().min(CONSUMERS);
        let room = usize::from(area.height);
        let (consumer_rows, lane_rows) = match room.checked_sub(sources) {
            Some(left) if left >= listed(consumers.len()) + listed(lanes.len()) => {
                (listed(consumers.len()), listed(lanes.len()))
            }
            Some(left) if left >= listed(few) => (listed(few), 0),
            _ if room >= HIGH => (listed(few), 0),
            _ => (0, 0),
        };
        let [first, second, third] =
            Layout::vertical([Constraint::Fill(1), rows(consumer_rows), rows(lane_rows)])
                .areas(area);
        self.sources(frame, report, first);
        consumer_list(frame, consumers, report.app.at, below(second));
        lane_list(frame, lanes, below(third));
    }

    fn sources(&self, frame: &mut Frame<'_>, report: &Report, area: Rect) {
        let (is_wide, is_middle) = (area.width >= WIDE, area.width >= MIDDLE);
        let mut sources: Vec<_> = report.app.sources.iter().collect();
        // A stable sort: the others keep their order.
        sources.sort_by_key(|source| source.link.down_since.is_none());
        let row = |source: &&SourceStatus| {
            let stored = |report: &Report| {
                let mut sources = report.app.sources.iter();
                let same = sources.find(|other| other.name == source.name);
                same.map_or(0, |source| source.stored)
            };
            let rate = self.rate(report, stored);
            let link = &source.link;
            let mut cells = vec![plain(&source.name).into_owned()];
            if is_wide {
                cells.push(source.platform.clone().unwrap_or_default());
            }
            cells.extend([
                link.state.clone(),
                length(since(link.down_since.unwrap_or(link.since), report.app.at)),
                source.stored.to_string(),
                rate,
            ]);
            if is_middle {
                cells.extend([source.repeated.to_string(), source.gaps.to_string()]);
            }
            cells.push(ago(source.last_event_at, report.app.at));
            let style = if source.link.down_since.is_some() {
                Style::new().add_modifier(Modifier::BOLD)
            } else {
                Style::new()
            };
            (cells, style)
        };
        let rows: Vec<_> = sources.iter().map(row).collect();
        let mut columns = vec![("SOURCE", 0)];
        if is_wide {
            columns.push(("PLATFORM", 13));
        }
        columns.extend([("LINK", 10), ("FOR", 7), ("STORED", 9), ("/S", 7)]);
        if is_middle {
            columns.extend([("REPEAT", 6), ("GAPS", 4)]);
        }
        columns.push(("LAST", 7));
        // The first columns are words, the others figures.
        table(frame, area, &columns, if is_wide { 3 } else { 2 }, &rows);
    }

    /// The time of day where the person is.
    fn clock(&self, at: Timestamp) -> String {
        at.to_zoned(self.zone.clone())
            .strftime("%H:%M:%S")
            .to_string()
    }

    /// The growth of a count each second, from the difference of the last two answers; `-` while there is one alone.
    fn rate(&self, report: &Report, count: impl Fn(&Report) -> u64) -> String {
        let Some(before) = &self.before else {
            return "-".to_owned();
        };
        let seconds = since(before.app.at, report.app.at).as_secs_f64();
        let is_same = before.process.id == report.process.id
            && before.app.started_at == report.app.started_at;
        if !is_same || seconds <= 0.0 {
            return "-".to_owned();
        }
        #[expect(clippy::cast_precision_loss, reason = "it is rounded to one decimal")]
        let grown = count(report).saturating_sub(count(before)) as f64;
        format!("{:.1}", grown / seconds)
    }
}

fn consumer_list(frame: &mut Frame<'_>, consumers: &[Consumer], now: Timestamp, area: Rect) {
    let rows: Vec<_> = consumers
        .iter()
        .map(|one| {
            let cells = vec![
                plain(&one.name).into_owned(),
                one.read.map_or("-".to_owned(), |read| read.to_string()),
                one.lag_seconds.map_or("-".to_owned(), seconds),
                one.dead_letters.to_string(),
                ago(one.newest_dead_letter_at, now),
            ];
            (cells, Style::new())
        })
        .collect();
    let columns = [
        ("CONSUMER", 0),
        ("READ", 10),
        ("BEHIND", 8),
        ("DEAD", 6),
        ("NEWEST", 8),
    ];
    table(frame, area, &columns, 1, &rows);
}

fn lane_list(frame: &mut Frame<'_>, lanes: &[LaneStatus], area: Rect) {
    let rows: Vec<_> = lanes
        .iter()
        .map(|lane| {
            let place = if lane.place.is_empty() {
                "the lane of all places".into()
            } else {
                plain(&lane.place)
            };
            let state = match (lane.is_parked, lane.is_busy) {
                (true, _) => "parked",
                (false, true) => "busy",
                (false, false) => "",
            };
            let cells = vec![
                place.into_owned(),
                lane.waiting.to_string(),
                state.to_owned(),
            ];
            (cells, Style::new())
        })
        .collect();
    table(
        frame,
        area,
        &[("DEEPEST LANES", 0), ("WAITING", 8), ("", 7)],
        1,
        &rows,
    );
}

/// Draws a table; its first column takes the room that the others leave, and the columns after `words` are figures.
///
/// A table that has no room for all its rows ends with how many are missing.
fn table(
    frame: &mut Frame<'_>,
    area: Rect,
    columns: &[(&str, u16)],
    words: usize,
    rows: &[(Vec<String>, Style)],
) {
    if area.height == 0 || rows.is_empty() {
        return;
    }
    let room = usize::from(area.height) - 1;
    let shown = if rows.len() > room {
        room.saturating_sub(1)
    } else {
        rows.len()
    };
    let widths = columns.iter().map(|(_, width)| match width {
        0 => Constraint::Fill(1),
        width => Constraint::Length(*width),
    });
    let cells = |cells: &mut dyn Iterator<Item = &str>| -> Vec<Line<'static>> {
        let cells = cells.enumerate();
        cells
            .map(|(column, cell)| {
                let line = Line::raw(cell.to_owned());
                if column < words {
                    line
                } else {
                    line.right_aligned()
                }
            })
            .collect()
    };
    let head = Row::new(cells(&mut columns.iter().map(|(name, _)| *name)))
        .style(Style::new().add_modifier(Modifier::DIM));
    let lines = rows.iter().take(shown);
    let lines = lines
        .map(|(texts, style)| Row::new(cells(&mut texts.iter().map(String::as_str))).style(*style));
    frame.render_widget(Table::new(lines, widths).header(head), area);
    if shown < rows.len()
        && let Some(last) = area.rows().next_back()
    {
        let more = format!("… and {} more", rows.len() - shown);
        frame.render_widget(Line::raw(more), last);
    }
}

/// The area without its first line.
fn below(area: Rect) -> Rect {
    Rect {
        y: area.y.saturating_add(1),
        height: area.height.saturating_sub(1),
        ..area
    }
}

fn gaps(app: &Status) -> String {
    match &app.gaps.last {
        None => "gaps none".to_owned(),
        Some(last) => {
            let gap = if last.place.is_empty() { "" } else { " " };
            format!(
                "gaps {}, the last {} long in {}{gap}{}, {} ago",
                app.gaps.seen,
                length(since(last.from, last.to)),
                plain(&last.source),
                plain(&last.place),
                length(since(last.to, app.at)),
            )
        }
    }
}

fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Starting => "starting",
        Phase::Running => "running",
        Phase::Stopping => "stopping",
        _ => "ended",
    }
}

fn seconds(seconds: f64) -> String {
    length(Duration::try_from_secs_f64(seconds).unwrap_or_default())
}

fn ago(at: Option<Timestamp>, now: Timestamp) -> String {
    at.map_or("-".to_owned(), |at| length(since(at, now)))
}

#[cfg(test)]
mod tests {
    use ratatui::{Terminal, backend::TestBackend};
    use serde_json::{Value, json};

    use super::*;

    /// A daemon with sources of every state, `seconds` after noon.
    fn report(seconds: u64, stored: u64) -> Report {
        let at = format!("2026-01-31T12:00:{seconds:02}Z");
        let source = |name: &str, platform: &str, stored: u64, link: Value| {
            json!({"name": name, "platform": platform, "stored": stored, "repeated": 3, "gaps": 1,
                   "last_event_at": "2026-01-31T12:00:00Z", "link": link})
        };
        let up = json!({"state": "connected", "since": "2026-01-28T08:00:00Z"});
        let down = json!({"state": "waiting", "since": "2026-01-31T11:59:50Z", "down_since": "2026-01-31T11:56:48Z",
                          "reason": "the server closed the \u{1b}[31msocket"});
        let report = json!({
            "version": 1,
            "process": {"antiphon": "0.1.0", "id": 4711},
            "app": {
                "at": at, "phase": "running", "consumer": "run", "started_at": "2026-01-28T08:00:00Z",
                "sources": [
                    source("choir", "queup", stored, up.clone()),
                    source("nave", "discord", 2 * stored, up.clone()),
                    source("organ", "lavalink", 12, down),
                    source("tea", "stackexchange", 0, up),
                ],
                "progress": {"stored": 4711, "read": 4700, "open": 11, "lag": 12, "lag_seconds": 2.5},
                "lanes": {"busy": 2, "waiting": 1, "parked": 0, "deepest": [
                    {"place": "guild/1/channel/22", "waiting": 9, "is_busy": true},
                ]},
                "handlers": {"handled": 4 * stored, "failures": 2},
                "gaps": {"seen": 4, "last": {
                    "source": "organ", "place": "node/eu-1", "from": "2026-01-31T10:00:00Z",
                    "to": "2026-01-31T10:02:00Z", "cause": "cut",
                }},
            },
            "identifies": [{"source": "nave", "remaining": 998, "total": 1000, "resets_at": "2026-02-01T00:00:00Z"}],
            "journal": {"path": "antiphon.db", "bytes": 12_902_400, "log_bytes": 1_258_291, "free_bytes": 36_507_222_016_u64,
                "consumers": [
                    {"name": "bot", "read": 17, "lag_seconds": 7500.0, "dead_letters": 2,
                     "newest_dead_letter_at": "2026-01-30T12:00:00Z"},
                    {"name": "run", "read": 4700, "lag_seconds": 2.5},
                ]},
        });
        serde_json::from_value(report).expect("the same shape")
    }

    fn screen() -> Screen {
        let mut screen = Screen::new("antiphon.db".to_owned());
        screen.zone = TimeZone::UTC;
        screen
    }

    /// Two answers, a second apart.
    fn asked_twice() -> Screen {
        let mut screen = screen();
        screen.take(Ok(report(4, 1000)));
        screen.take(Ok(report(5, 1012)));
        screen
    }

    #[track_caller]
    fn drawn(screen: &Screen, width: u16, height: u16) -> String {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("memory");
        terminal.draw(|frame| screen.draw(frame)).expect("memory");
        let lines = terminal.backend().to_string();
        let lines = lines.lines().map(|line| line.trim_matches('"').trim_end());
        lines.collect::<Vec<_>>().join("\n").trim_end().to_owned()
    }

    #[test]
    fn everything_has_room_on_a_screen_of_the_usual_size() {
        insta::assert_snapshot!(drawn(&asked_twice(), 80, 24), @r#"
        antiphon.db  running for 3d 4h                                          12:00:05
        ! organ: no events for 3m 17s, waiting: the server closed the \u{1b}[31msocket

        stored 36.0/s  handled 48.0/s  open 11  behind 2s
        lanes 2 busy, 1 waiting, 0 parked  failed calls 2
        journal 12.3 MiB  log 1.2 MiB  free 34.0 GiB
        gaps 4, the last 2m 0s long in organ node/eu-1, 1h 58m ago
        identifies left: nave 998 of 1000

        SOURCE                  LINK           FOR    STORED      /S REPEAT GAPS    LAST
        organ                   waiting     3m 17s        12     0.0      3    1      5s
        choir                   connected    3d 4h      1012    12.0      3    1      5s
        nave                    connected    3d 4h      2024    24.0      3    1      5s
        tea                     connected    3d 4h         0     0.0      3    1      5s




        CONSUMER                                           READ   BEHIND   DEAD   NEWEST
        bot                                                  17    2h 5m      2    1d 0h
        run                                                4700       2s      0        -

        DEEPEST LANES                                                    WAITING
        guild/1/channel/22                                                     9    busy
        "#);
    }

    #[test]
    fn a_larger_screen_has_the_deepest_lanes_too() {
        insta::assert_snapshot!(drawn(&asked_twice(), 100, 30), @r#"
        antiphon.db  running for 3d 4h                                                              12:00:05
        ! organ: no events for 3m 17s, waiting: the server closed the \u{1b}[31msocket

        stored 36.0/s  handled 48.0/s  open 11  behind 2s
        lanes 2 busy, 1 waiting, 0 parked  failed calls 2
        journal 12.3 MiB  log 1.2 MiB  free 34.0 GiB
        gaps 4, the last 2m 0s long in organ node/eu-1, 1h 58m ago
        identifies left: nave 998 of 1000

        SOURCE                        PLATFORM      LINK           FOR    STORED      /S REPEAT GAPS    LAST
        organ                         lavalink      waiting     3m 17s        12     0.0      3    1      5s
        choir                         queup         connected    3d 4h      1012    12.0      3    1      5s
        nave                          discord       connected    3d 4h      2024    24.0      3    1      5s
        tea                           stackexchange connected    3d 4h         0     0.0      3    1      5s










        CONSUMER                                                               READ   BEHIND   DEAD   NEWEST
        bot                                                                      17    2h 5m      2    1d 0h
        run                                                                    4700       2s      0        -

        DEEPEST LANES                                                                        WAITING
        guild/1/channel/22                                                                         9    busy
        "#);
    }

    #[test]
    fn a_small_screen_leaves_out_what_matters_least() {
        insta::assert_snapshot!(drawn(&asked_twice(), 60, 15), @r#"
        antiphon.db  running for 3d 4h                      12:00:05
        ! organ: no events for 3m 17s, waiting: the server closed th

        stored 36.0/s  handled 48.0/s  open 11  behind 2s
        lanes 2 busy, 1 waiting, 0 parked  failed calls 2
        journal 12.3 MiB  log 1.2 MiB  free 34.0 GiB
        gaps 4, the last 2m 0s long in organ node/eu-1, 1h 58m ago
        identifies left: nave 998 of 1000

        SOURCE          LINK           FOR    STORED      /S    LAST
        organ           waiting     3m 17s        12     0.0      5s
        choir           connected    3d 4h      1012    12.0      5s
        nave            connected    3d 4h      2024    24.0      5s
        tea             connected    3d 4h         0     0.0      5s
        "#);
    }

    #[test]
    fn a_daemon_that_goes_away_is_told_and_its_last_answer_stays() {
        let mut screen = asked_twice();
        screen.take(Err(AskError::NoDaemon));
        let lines = drawn(&screen, 80, 24);
        let second = lines.lines().nth(1).expect("a second line");
        assert_eq!(
            second,
            "no daemon runs; asking again each second; what follows is of 12:00:05"
        );
        assert!(lines.contains("choir"), "{lines}");
        // Another process has counts of its own, from which no rate follows.
        let mut again = report(9, 3);
        again.process.id = 4712;
        screen.take(Ok(again));
        assert!(drawn(&screen, 80, 24).contains("stored -/s"));
    }

    #[test]
    fn a_daemon_that_was_never_there_is_told_from_the_beginning() {
        let mut screen = screen();
        assert!(drawn(&screen, 80, 24).contains("asking …"));
        screen.take(Err(AskError::NoDaemon));
        insta::assert_snapshot!(drawn(&screen, 80, 24), @r#"
        antiphon.db
        no daemon runs; asking again each second
        "#);
    }

    #[test]
    fn a_thousand_sources_end_with_how_many_are_missing_and_the_down_ones_first() {
        let mut report = serde_json::to_value(report(5, 7)).expect("plain data");
        let sources: Vec<_> = (0..1000)
            .map(|number| {
                let mut source =
                    report["app"]["sources"][if number == 999 { 2 } else { 0 }].clone();
                source["name"] = format!("source-{number}").into();
                source
            })
            .collect();
        report["app"]["sources"] = sources.into();
        let mut screen = screen();
        screen.take(Ok(serde_json::from_value(report).expect("the same shape")));
        let lines = drawn(&screen, 80, 24);
        let sources: Vec<_> = lines
            .lines()
            .filter(|line| line.starts_with("source-"))
            .collect();
        assert!(sources[0].starts_with("source-999"), "{lines}");
        let more = format!("… and {} more", 1000 - sources.len());
        assert!(lines.contains(&more), "{lines}");
        assert!(lines.contains("CONSUMER"), "{lines}");
    }

    #[test]
    fn no_size_is_too_small() {
        for (width, height) in [(1, 1), (3, 40), (200, 1), (20, 5), (60, 9)] {
            drawn(&asked_twice(), width, height);
        }
    }
}
