//! Whether a journal has what happened in the order in which it happened.

use std::collections::HashMap;

use antiphon_core::Provenance;

use super::{Named, Stored};
use crate::Row;

const CHAT: &str = "queup.chat-message";

/// An event among those of its line, which are to be stored in the order of their turns.
struct Step<'a> {
    /// A place or a connection, and whether it is the line of a place's chat alone.
    line: (&'a str, bool),
    turn: u64,
    row: &'a Row,
    /// Its number in the journal.
    number: u64,
}

/// The rows of stored events that stand in the journal behind one that was sent later.
pub(super) fn disordered(stored: &[(&Named<'_>, &Stored)]) -> Vec<Row> {
    let mut steps: Vec<Step<'_>> = first_sent(stored)
        .into_values()
        .filter_map(|(named, event)| step(named, event))
        .collect();
    steps.sort_unstable_by_key(|step| (step.line, step.turn, step.row.n));
    let mut disordered = Vec::new();
    let mut reached: Option<&Step<'_>> = None;
    for step in &steps {
        match reached {
            Some(last) if last.line == step.line && step.number < last.number => {
                // A fault may have turned round what has two orders: that of the server (its times, its sequence) and
                // that of sending.
                if step.row.n > last.row.n && !is_before_in_session(step.row, last.row) {
                    disordered.push(step.row.clone());
                }
            }
            _ => reached = Some(step),
        }
    }
    disordered
}

/// Whether a row comes before another in the sequence of their Discord session, which is the order of a resume.
fn is_before_in_session(row: &Row, other: &Row) -> bool {
    row.platform == "discord"
        && row.connection.is_some()
        && row.connection == other.connection
        && row.frame < other.frame
}

/// Each event with the row that was sent first; a row that was never sent counts only where no other was.
fn first_sent<'a>(
    stored: &[(&'a Named<'a>, &'a Stored)],
) -> HashMap<u64, (&'a Named<'a>, &'a Stored)> {
    let rank = |named: &Named<'_>| (!named.row.sent, named.row.n);
    let mut first: HashMap<u64, (&Named<'_>, &Stored)> = HashMap::new();
    for (named, event) in stored {
        if named.row.kind != event.kind || named.row.place != event.place {
            continue;
        }
        let kept = first.entry(event.number).or_insert((named, event));
        if rank(named) < rank(kept.0) {
            *kept = (named, event);
        }
    }
    first
}

fn step<'a>(named: &'a Named<'a>, event: &Stored) -> Option<Step<'a>> {
    let row = named.row;
    let is_chat = *row.kind == *CHAT;
    let (line, turn) = match row.platform {
        // Chat alone comes from a history; what else the history has (deletions) stands beside its message.
        "queup" if event.provenance == Provenance::Backfilled && !is_chat => return None,
        // Its origin ends with the server's time.
        "queup" if is_chat => {
            let time = named.origin.as_deref()?.split_once('-')?.1;
            (&*row.place, time.parse().ok()?)
        }
        "lavalink" => (named.connection?, row.frame?),
        _ => (&*row.place, row.n),
    };
    Some(Step {
        line: (line, is_chat),
        turn,
        row,
        number: event.number,
    })
}
