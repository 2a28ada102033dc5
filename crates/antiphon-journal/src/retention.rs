//! The retention policy's answer for one kind, the same for every backend.
//!
//! [`keep`] is asked for each row by the memory backend and for each kind by the file's, which remembers the answer.
//! Times are compared with `received_at`, this machine's clock at the time, so that a policy never depends on what a
//! platform says.

use std::time::Duration;

use antiphon_core::{KindPattern, Retention};
use bytes::Bytes;
use jiff::Timestamp;

/// The body of an event that the platform deleted: still one whole JSON document.
///
/// The row stays, with its position and origin, so that a repeat is still known and readers see that something was
/// there.
pub(crate) const ERASED: Bytes = Bytes::from_static(b"null");

/// How long events of one kind are kept.
///
/// An answer is also the key under which a sweep remembers how far it got.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Keep {
    /// Kept for good.
    Always,
    /// Kept for this long, and until every known consumer is done with them.
    For(Duration),
    /// Kept for this long, whether or not consumers are done with them.
    Momentary(Duration),
}

/// The policy's answer for one kind: momentary kinds first, then the first rule that matches, then the default.
pub(crate) fn keep(policy: &Retention, kind: &str) -> Keep {
    let first = |rules: &[(KindPattern, Duration)]| {
        let rule = rules.iter().find(|(pattern, _)| pattern.matches(kind));
        rule.map(|(_, duration)| *duration)
    };
    if let Some(duration) = first(&policy.momentary) {
        return Keep::Momentary(duration);
    }
    first(&policy.rules)
        .or(policy.keep)
        .map_or(Keep::Always, Keep::For)
}

/// The moment this long ago; the earliest time if that is too far.
///
/// A duration that is longer than the calendar keeps everything.
pub(crate) fn ago(now: Timestamp, duration: Duration) -> Timestamp {
    now.checked_sub(duration).unwrap_or(Timestamp::MIN)
}

/// The time until which repeats of an event are recognised, in Unix seconds.
pub(crate) fn until(received_at: Timestamp, window: Duration) -> i64 {
    // One more, because this and the time it is compared with are both cut to whole seconds.
    received_at
        .checked_add(window)
        .unwrap_or(Timestamp::MAX)
        .as_second()
        + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_momentary_kind_is_momentary_whatever_the_rules_say() {
        let hour = Duration::from_secs(3600);
        let policy = Retention {
            keep: Some(4 * hour),
            rules: vec![
                (KindPattern::new("queup.chat-*"), 3 * hour),
                (KindPattern::new("queup.*"), 2 * hour),
            ],
            momentary: vec![(KindPattern::new("queup.user-update"), hour)],
            ..Retention::default()
        };
        assert_eq!(keep(&policy, "queup.user-update"), Keep::Momentary(hour));
        assert_eq!(keep(&policy, "queup.chat-message"), Keep::For(3 * hour));
        assert_eq!(keep(&policy, "queup.song"), Keep::For(2 * hour));
        assert_eq!(keep(&policy, "discord.READY"), Keep::For(4 * hour));
        assert_eq!(keep(&Retention::default(), "discord.READY"), Keep::Always);
    }

    #[test]
    fn times_without_end_are_no_overflow() {
        let time = Timestamp::UNIX_EPOCH;
        assert_eq!(ago(time, Duration::MAX), Timestamp::MIN);
        assert!(until(time, Duration::MAX) > Timestamp::MAX.as_second());
    }
}
