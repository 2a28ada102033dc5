//! What a journal keeps and for how long, as a sweep follows it.

use std::time::Duration;

use antiphon_core::{Keep, Retention};

use crate::platform::all_kinds;

/// A policy with the kinds that platforms call momentary, except those that its rules name, as an app adds them.
pub(crate) fn whole(policy: Retention) -> Retention {
    policy.with_momentary(all_kinds().filter_map(|info| match info.keep {
        Keep::Momentary(keep) => Some((info.kind, keep)),
        _ => None,
    }))
}

/// How long a whole policy keeps events of a kind; `None` for good.
pub(crate) fn kept(kind: &str, policy: &Retention) -> Option<Duration> {
    let mut rules = policy.momentary.iter().chain(&policy.rules);
    let rule = rules.find(|(pattern, _)| pattern.matches(kind));
    rule.map(|(_, keep)| *keep).or(policy.keep)
}

#[cfg(test)]
mod tests {
    use antiphon_core::KindPattern;

    use super::*;

    #[test]
    fn a_kind_is_kept_as_the_journal_keeps_it() {
        let hour = Duration::from_secs(3600);
        let policy = whole(Retention {
            keep: Some(3 * hour),
            rules: vec![
                (KindPattern::new("queup.*"), 2 * hour),
                (KindPattern::new("discord.PRESENCE_UPDATE"), hour),
            ],
            ..Retention::default()
        });
        assert_eq!(kept("discord.READY", &policy), Some(3 * hour));
        assert_eq!(kept("queup.chat-message", &policy), Some(2 * hour));
        assert_eq!(
            kept("discord.TYPING_START", &policy),
            Some(Duration::from_secs(15 * 60))
        );
        // A momentary kind that a rule names is kept as the rule says.
        assert_eq!(kept("discord.PRESENCE_UPDATE", &policy), Some(hour));
        let policy = whole(Retention::default());
        assert_eq!(kept("queup.chat-message", &policy), None);
    }
}
