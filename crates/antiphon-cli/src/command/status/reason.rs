//! Why a daemon is not well.
//!
//! Each reason has a code for scripts. What counts is what an operator has to do something about; everything else is
//! shown and changes no exit code.

use std::time::Duration;

use antiphon::{LinkStatus, Phase};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    control::wire::{Consumer, JournalReport, Report},
    figures::{length, since},
};

/// Why a daemon is not well.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct Reason {
    /// A word for scripts.
    pub(crate) code: Code,
    /// The source, the source and part, or the consumer that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) about: Option<String>,
    /// One sentence.
    pub(crate) text: String,
    /// What to do about it, where something is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hint: Option<String>,
}

/// A word for scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub(crate) enum Code {
    /// No daemon runs.
    NoDaemon,
    /// The daemon has not begun yet, or is stopping.
    NotRunning,
    /// A connection has stopped for good.
    LinkStopped,
    /// A connection has been down for too long.
    LinkDown,
    /// The journal does not store.
    JournalRefuses,
    /// Events wait for too long to be handled.
    Lag,
    /// Events have become dead letters of late.
    DeadLetters,
}

impl Code {
    /// The word itself, as JSON has it.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::NoDaemon => "no-daemon",
            Self::NotRunning => "not-running",
            Self::LinkStopped => "link-stopped",
            Self::LinkDown => "link-down",
            Self::JournalRefuses => "journal-refuses",
            Self::Lag => "lag",
            Self::DeadLetters => "dead-letters",
        }
    }
}

/// From when on something is a reason.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// How long a connection may be down.
    pub(crate) down: Duration,
    /// How long an event may wait to be handled.
    pub(crate) lag: Duration,
    /// For how long a dead letter counts.
    pub(crate) dead: Duration,
}

impl Default for Bounds {
    /// Those of `antiphon status` without options.
    fn default() -> Self {
        Self {
            down: Duration::from_secs(60),
            lag: Duration::from_secs(60),
            dead: Duration::from_secs(3600),
        }
    }
}

impl Reason {
    pub(crate) fn new(code: Code, text: impl Into<String>) -> Self {
        Self {
            code,
            about: None,
            text: text.into(),
            hint: None,
        }
    }

    fn about(mut self, about: impl Into<String>) -> Self {
        self.about = Some(about.into());
        self
    }

    pub(crate) fn hint(mut self, hint: Option<&str>) -> Self {
        self.hint = hint.map(str::to_owned);
        self
    }
}

/// Every reason of a running daemon.
pub(crate) fn reasons(report: &Report, bounds: Bounds) -> Vec<Reason> {
    let (app, mut reasons) = (&report.app, Vec::new());
    match app.phase {
        Phase::Running => {}
        Phase::Starting => reasons.push(Reason::new(Code::NotRunning, "it is starting")),
        Phase::Stopping => reasons.push(Reason::new(Code::NotRunning, "it is stopping")),
        _ => reasons.push(Reason::new(Code::NotRunning, "it has ended")),
    }
    if let Some(refused) = &app.storing.refused {
        let text = format!(
            "{} (for {}, {} tries)",
            refused.error,
            length(since(refused.since, app.at)),
            refused.tries
        );
        let reason = Reason::new(Code::JournalRefuses, text);
        reasons.push(reason.hint(Some(&refused.hint)));
    }
    for source in &app.sources {
        reasons.extend(link(&source.name, &source.link, app.at, bounds.down));
        for part in &source.parts {
            let name = format!("{} {}", source.name, part.place);
            reasons.extend(link(&name, &part.link, app.at, bounds.down));
        }
    }
    if let Some(lag) = app.progress.lag_seconds
        && lag > bounds.lag.as_secs_f64()
    {
        let text = format!(
            "the oldest event that is not handled yet has waited for {}",
            length(Duration::try_from_secs_f64(lag).unwrap_or_default())
        );
        reasons.push(Reason::new(Code::Lag, text).about(&*app.consumer));
    }
    reasons.extend(of_journal(&report.journal, app.at, bounds));
    reasons
}

/// What is not well with a journal itself.
pub(crate) fn of_journal(journal: &JournalReport, now: Timestamp, bounds: Bounds) -> Vec<Reason> {
    let consumers = journal.consumers.iter().flatten();
    consumers
        .filter_map(|consumer| dead_letters(consumer, now, bounds.dead))
        .collect()
}

fn link(name: &str, link: &LinkStatus, now: Timestamp, longest: Duration) -> Option<Reason> {
    let why = link.reason.as_deref();
    if link.state == "stopped" {
        let code = link.code.as_deref().unwrap_or("stopped");
        let text = format!(
            "it has stopped ({code}): {}",
            why.unwrap_or("no reason is known")
        );
        let reason = Reason::new(Code::LinkStopped, text).about(name);
        return Some(reason.hint(link.hint.as_deref()));
    }
    let down = since(link.down_since?, now);
    if down <= longest || link.state == "closed" {
        return None;
    }
    let why = why.map(|why| format!(": {why}")).unwrap_or_default();
    let text = format!("no events for {}, {}{why}", length(down), link.state);
    Some(Reason::new(Code::LinkDown, text).about(name))
}

/// Dead letters that are news, by their newest.
fn dead_letters(consumer: &Consumer, now: Timestamp, longest: Duration) -> Option<Reason> {
    let ago = since(consumer.newest_dead_letter_at?, now);
    if ago > longest {
        return None;
    }
    let (count, ago) = (consumer.dead_letters, length(ago));
    let text = match count {
        1 => format!("one dead letter, made {ago} ago"),
        _ => format!("{count} dead letters, the newest made {ago} ago"),
    };
    let reason = Reason::new(Code::DeadLetters, text).about(&*consumer.name);
    Some(reason.hint(Some(
        "`antiphon dead list` shows them; handle them again, or drop them",
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A report of which the JSON says more.
    fn report(more: serde_json::Value) -> Report {
        let mut report = serde_json::to_value(Report::default()).expect("plain data");
        report["app"]["phase"] = "running".into();
        report["app"]["at"] = "2026-01-01T12:00:00Z".into();
        merge(&mut report, more);
        serde_json::from_value(report).expect("the same shape")
    }

    fn merge(into: &mut serde_json::Value, from: serde_json::Value) {
        match (into, from) {
            (serde_json::Value::Object(into), serde_json::Value::Object(from)) => {
                for (key, value) in from {
                    merge(into.entry(key).or_insert(serde_json::Value::Null), value);
                }
            }
            (into, from) => *into = from,
        }
    }

    #[track_caller]
    fn check(more: serde_json::Value, expected: &[(Code, &str)]) {
        let found = reasons(&report(more), Bounds::default());
        let found: Vec<_> = found.iter().map(|one| (one.code, &*one.text)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn a_daemon_that_does_its_work_is_well() {
        check(serde_json::json!({}), &[]);
    }

    #[test]
    fn a_link_is_a_reason_once_it_is_down_for_longer_than_the_bound() {
        let down = |state: &str, since: &str| {
            serde_json::json!({"app": {"sources": [{
                "name": "choir",
                "link": {"state": state, "since": since, "down_since": since, "reason": "no answer"},
            }]}})
        };
        check(down("waiting", "2026-01-01T11:59:00Z"), &[]);
        check(
            down("waiting", "2026-01-01T11:58:59Z"),
            &[(Code::LinkDown, "no events for 1m 1s, waiting: no answer")],
        );
        check(
            down("stopped", "2026-01-01T11:59:59Z"),
            &[(Code::LinkStopped, "it has stopped (stopped): no answer")],
        );
    }

    #[test]
    fn a_journal_that_refuses_is_a_reason_at_once() {
        check(
            serde_json::json!({"app": {"storing": {"failures": 2, "refused": {
                "since": "2026-01-01T11:59:55Z", "tries": 2, "error": "the disk is full", "hint": "free some space",
            }}}}),
            &[(Code::JournalRefuses, "the disk is full (for 5s, 2 tries)")],
        );
    }

    #[test]
    fn a_lag_and_new_dead_letters_are_reasons() {
        check(
            serde_json::json!({
                "app": {"progress": {"lag_seconds": 61.0}},
                "journal": {"consumers": [
                    {"name": "run", "dead_letters": 2, "newest_dead_letter_at": "2026-01-01T11:30:00Z"},
                    {"name": "old", "dead_letters": 1, "newest_dead_letter_at": "2026-01-01T10:30:00Z"},
                ]},
            }),
            &[
                (
                    Code::Lag,
                    "the oldest event that is not handled yet has waited for 1m 1s",
                ),
                (
                    Code::DeadLetters,
                    "2 dead letters, the newest made 30m 0s ago",
                ),
            ],
        );
    }
}
