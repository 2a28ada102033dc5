//! Interactions that can no longer be answered.
//!
//! Discord takes the first answer within three seconds and all others within fifteen minutes of the interaction
//! (<https://discord.com/developers/docs/interactions/receiving-and-responding>); then the token is worth nothing, and a
//! handler could only fail.
//!
//! | interaction | outcome |
//! | --- | --- |
//! | older than fifteen minutes | its typed handlers are skipped |
//! | older than three seconds, and never begun before | its typed handlers are skipped: nobody can have answered it |
//! | older than three seconds, and begun before | its handlers run: one that was answered goes on by editing the answer, and one that was not is [`RequestError::Expired`], which makes no dead letter |
//!
//! The age is counted from the snowflake of the interaction, by the source's clock. Of an interaction that came over a
//! live connection the three seconds are counted from its arrival, so that a machine whose clock is a few seconds ahead
//! still answers.

use std::time::Duration;

use antiphon_core::{Event, Expiry, Provenance};
use jiff::Timestamp;

use crate::{error::RequestError, event::moment_of};

/// Kind of interactions.
const INTERACTION: &str = "discord.INTERACTION_CREATE";
/// Time in which Discord takes the first answer.
const FIRST_ANSWER: Duration = Duration::from_secs(3);
/// Time in which Discord takes any answer.
const TOKEN: Duration = Duration::from_secs(15 * 60);

/// The rules for interactions.
pub(crate) const INTERACTION_EXPIRY: Expiry = Expiry {
    event: is_late,
    error: says_late,
};

/// Id of the interaction that an event is; `None` for any other event.
fn interaction(event: &Event) -> Option<u64> {
    let is_interaction = event.kind().as_str() == INTERACTION;
    let id = event.origin().as_str().strip_prefix("interaction/")?;
    id.parse().ok().filter(|_| is_interaction)
}

fn is_late(event: &Event, now: Timestamp, is_redelivered: bool) -> bool {
    let Some(id) = interaction(event) else {
        return false;
    };
    let asked_at = moment_of(id);
    let is_older = |since: Timestamp, limit| {
        now.duration_since(since)
            .try_into()
            .is_ok_and(|age: Duration| age > limit)
    };
    if is_older(asked_at, TOKEN) {
        return true;
    }
    let since = match event.provenance() {
        Provenance::Live => event.received_at(),
        _ => asked_at,
    };
    !is_redelivered && is_older(since, FIRST_ANSWER)
}

fn says_late(event: &Event, error: &(dyn std::error::Error + 'static)) -> bool {
    match error.downcast_ref() {
        Some(RequestError::Expired {
            interaction: id, ..
        }) => interaction(event) == Some(id.get()),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use antiphon_core::{Draft, Kind, Origin, Place, Position};

    use super::*;

    /// Milliseconds after the interaction was made at which it comes.
    const LATENCY: i64 = 100;

    fn event(kind: &'static str, provenance: Provenance) -> Event {
        let asked_at = moment_of(1 << 40);
        let received_at = asked_at + jiff::SignedDuration::from_millis(LATENCY);
        let origin = Origin::from(format!("interaction/{}", 1_u64 << 40));
        let draft = Draft::new(
            Kind::from_static(kind),
            Place::root(),
            origin,
            received_at,
            "{}",
        );
        Event::stored(Position::new(1), "bot".into(), draft.provenance(provenance))
    }

    #[track_caller]
    fn check(provenance: Provenance, is_redelivered: bool, age: i64, expected: bool) {
        let now = moment_of(1 << 40) + jiff::SignedDuration::from_millis(age);
        let event = event(INTERACTION, provenance);
        assert_eq!(
            is_late(&event, now, is_redelivered),
            expected,
            "{provenance} {age}"
        );
    }

    #[test]
    fn an_interaction_is_late_when_discord_takes_no_answer_any_more() {
        for provenance in [Provenance::Live, Provenance::Replayed] {
            check(provenance, false, 3_000, false);
            check(provenance, false, 3_000 + LATENCY + 1, true);
            check(provenance, true, 3_000 + LATENCY + 1, false);
            check(provenance, true, 900_000, false);
            check(provenance, true, 900_001, true);
            check(provenance, false, -60_000, false);
        }
        // What was replayed is as old as its id says.
        check(Provenance::Replayed, false, 3_001, true);
        check(Provenance::Live, false, 3_001, false);
        let message = event("discord.MESSAGE_CREATE", Provenance::Live);
        assert!(!is_late(&message, Timestamp::MAX, false));
    }
}
