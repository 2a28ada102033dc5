//! What was done from the page, and what came of it.
//!
//! An act is a command with the simulator's answer. What came of it is read anew for each page: the ledger's rows that
//! the command wrote, what clients sent from then until the next act, changes of connections in the journal, and the
//! positions at which the journal has the events.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use antiphon_core::{Event, Position};
use antiphon_journal::{Filter, Inspect};
use jiff::Timestamp;
use serde_json::Value;

use super::{
    simulation::{Done, Simulation, Trouble},
    text,
};

/// Acts that are kept; the oldest are forgotten.
const KEPT: usize = 50;
/// Rows of the ledger that are shown of an act.
pub(super) const ROWS: u64 = 20;
/// Entries of the wire that are read for an act.
const SENT: usize = 200;
/// Positions of events that are remembered.
const POSITIONS: usize = 2_000;
/// Events of the journal that are looked through for those of the acts.
const LOOKED_AT: usize = 3_000;

/// A command that was given.
#[derive(Clone, Debug)]
pub(super) struct Act {
    /// Number among the acts, from 1.
    pub(super) number: u64,
    pub(super) at: Timestamp,
    pub(super) command: Value,
    /// What the simulator says, or why it refused.
    pub(super) outcome: Result<Value, String>,
    /// Numbers of the ledger's last rows before and after it.
    pub(super) rows: (u64, u64),
    /// Number of the wire's last entry before it.
    entry: u64,
    /// Last position of the journal before it.
    position: Position,
}

impl Act {
    /// Whether the journal stored what is at this position after the act.
    pub(super) fn saw(&self, position: Position) -> bool {
        position > self.position
    }

    /// Ids that the simulator's answer names: of a message, an interaction, a chat.
    fn ids(&self) -> Vec<String> {
        let outcome = self.outcome.iter().filter_map(Value::as_object);
        let values = outcome.flat_map(|fields| fields.values());
        let ids = values.filter_map(|value| match value {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        });
        // Shorter ones stand in other numbers.
        ids.filter(|id| id.len() >= 5).collect()
    }

    /// What a request in the place of the act has in its path or its body: the place's id.
    fn place(&self) -> Option<String> {
        let field = |name: &str| self.command.get(name);
        if let Some(room) = field("room").and_then(Value::as_i64) {
            return Some(format!("/{room}/"));
        }
        let place = field("place").or_else(|| field("guild"))?.as_str()?;
        let id = place.rsplit('/').next().filter(|id| id.len() >= 5);
        id.map(str::to_owned)
    }
}

/// The acts of this dashboard, and where the journal has their events.
#[derive(Debug, Default)]
pub(super) struct Acts(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    acts: VecDeque<Act>,
    so_far: u64,
    /// Positions of events by their origin, as far as they were found.
    positions: BTreeMap<String, Position>,
}

impl Acts {
    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps an act; returns its number.
    pub(super) fn add(&self, at: Timestamp, command: Value, done: Done, position: Position) -> u64 {
        let mut kept = self.lock();
        kept.so_far += 1;
        let number = kept.so_far;
        kept.acts.push_front(Act {
            number,
            at,
            command,
            outcome: done.outcome,
            rows: done.rows,
            entry: done.entry,
            position,
        });
        kept.acts.truncate(KEPT);
        number
    }

    /// The newest acts, the newest first.
    pub(super) fn newest(&self, count: usize) -> Vec<Act> {
        self.lock().acts.iter().take(count).cloned().collect()
    }

    /// Finds where the journal has the events of these origins; a journal that cannot be read has none of them.
    pub(super) async fn find(
        &self,
        journal: &dyn Inspect,
        acts: &[Act],
        origins: &[String],
    ) -> BTreeMap<String, Position> {
        let known = |kept: &Kept| -> BTreeMap<String, Position> {
            let known = origins
                .iter()
                .filter_map(|origin| Some((origin.clone(), *kept.positions.get(origin)?)));
            known.collect()
        };
        let found = known(&self.lock());
        let Some(first) = acts.iter().map(|act| act.position).min() else {
            return found;
        };
        if found.len() == origins.len() {
            return found;
        }
        let found = find(journal, first, origins).await;
        let mut kept = self.lock();
        // Those that are still shown are found again.
        if kept.positions.len() > POSITIONS {
            kept.positions.clear();
        }
        kept.positions.extend(found);
        known(&kept)
    }
}

/// Looks for events by their origins behind a position.
async fn find(
    journal: &dyn Inspect,
    after: Position,
    origins: &[String],
) -> Vec<(String, Position)> {
    let (mut at, mut looked_at, mut found) = (after, 0, Vec::new());
    let everything = Filter::new();
    while looked_at < LOOKED_AT && found.len() < origins.len() {
        let Ok(page) = journal.read_where(at, 500, &everything).await else {
            break;
        };
        if page.events.is_empty() {
            break;
        }
        looked_at += page.events.len();
        at = page.through;
        let is_wanted = |event: &&Arc<Event>| {
            origins
                .iter()
                .any(|origin| origin == event.origin().as_str())
        };
        let wanted = page.events.iter().filter(is_wanted);
        found.extend(wanted.map(|event| (event.origin().to_string(), event.position())));
    }
    found
}

/// What came of an act, each with its time in Unix milliseconds.
#[derive(Debug)]
pub(super) enum Came {
    /// An event that was due to an account: a row of the ledger.
    Event(Value),
    /// What a client sent: an entry of the wire, and how it belongs to the act.
    Sent(Value, Tie),
    /// A connection took another state.
    Link {
        source: String,
        place: String,
        state: String,
    },
}

/// How something that a client sent belongs to an act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tie {
    /// It names what the act made.
    Names,
    /// It names the place of the act.
    Place,
    /// It came afterwards.
    After,
}

/// What came of an act, its events first; `next` is the act behind it.
///
/// # Errors
/// The simulator does not answer.
pub(super) async fn came_of(
    simulation: &Simulation,
    act: &Act,
    next: Option<&Act>,
) -> Result<Vec<(i64, Came)>, Trouble> {
    let mut came = Vec::new();
    let (before, after) = act.rows;
    let count = after.saturating_sub(before).min(ROWS);
    if count > 0 {
        let path = format!("/ledger?after={before}&limit={count}");
        let mut seen = Vec::new();
        for row in simulation.lines(&path).await? {
            // One event is due to several accounts, or sent on several connections.
            let origin = row.get("origin").and_then(Value::as_str).map(str::to_owned);
            if origin.is_some() && seen.contains(&origin) {
                continue;
            }
            seen.push(origin);
            came.push((time(&row), Came::Event(row)));
        }
    }
    let (ids, place) = (act.ids(), act.place());
    let place = place.as_deref();
    let path = format!("/wire?after={}&from=client&limit={SENT}", act.entry);
    for entry in simulation.lines(&path).await? {
        let number = entry.get("n").and_then(Value::as_u64).unwrap_or_default();
        if next.is_some_and(|next| number > next.entry) {
            break;
        }
        if is_beat(&entry) {
            continue;
        }
        let names = |id: &str| {
            let has = |field| text(&entry, field).contains(id);
            has("path") || has("body")
        };
        let tie = if ids.iter().any(|id| names(id)) {
            Tie::Names
        } else if place.is_some_and(names) {
            Tie::Place
        } else {
            Tie::After
        };
        came.push((time(&entry), Came::Sent(entry, tie)));
    }
    Ok(came)
}

/// Time of a row or an entry, in Unix milliseconds.
pub(super) fn time(of: &Value) -> i64 {
    of.get("at").and_then(Value::as_i64).unwrap_or_default()
}

/// Whether a frame is a heartbeat, which no event causes.
pub(super) fn is_beat(entry: &Value) -> bool {
    let body = text(entry, "body");
    match (text(entry, "what"), text(entry, "platform")) {
        ("frame", "discord") => {
            let frame: Option<Value> = serde_json::from_str(body).ok();
            frame.is_some_and(|frame| matches!(frame["op"].as_u64(), Some(1 | 11)))
        }
        ("frame", "queup") => {
            matches!(body.as_bytes().first(), Some(b'2' | b'3'))
                || body.starts_with(r#"4{"action":0"#)
        }
        ("frame", "stackexchange") => body == "hb" || body.contains(r#""action":"hb""#),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn done(rows: (u64, u64)) -> Done {
        Done {
            outcome: Ok(json!({"message": "123456", "done": true})),
            rows,
            entry: 0,
        }
    }

    #[test]
    fn the_newest_acts_are_kept() {
        let acts = Acts::default();
        for number in 1..=60 {
            let command = json!({"do": "say", "place": "guild/1/channel/98765", "number": number});
            let added = acts.add(Timestamp::UNIX_EPOCH, command, done((0, 0)), Position::ZERO);
            assert_eq!(added, number);
        }
        let newest = acts.newest(usize::MAX);
        assert_eq!(newest.len(), KEPT);
        assert_eq!((newest[0].number, newest[KEPT - 1].number), (60, 11));
        assert_eq!(newest[0].ids(), ["123456"], "a flag is no id");
        assert_eq!(newest[0].place(), Some("98765".to_owned()));
    }

    #[test]
    fn heartbeats_are_told_from_answers() {
        for (platform, body, is) in [
            ("discord", r#"{"op":1,"d":251}"#, true),
            ("discord", r#"{"op":4,"d":{"guild_id":"1"}}"#, false),
            ("queup", "2", true),
            ("queup", r#"4{"action":10,"channel":"room:1"}"#, false),
            ("stackexchange", "hb", true),
            ("lavalink", "x", false),
        ] {
            let entry = json!({"what": "frame", "platform": platform, "body": body});
            assert_eq!(is_beat(&entry), is, "{body}");
        }
        assert!(!is_beat(
            &json!({"what": "request", "platform": "discord", "body": r#"{"op":1}"#})
        ));
    }
}
