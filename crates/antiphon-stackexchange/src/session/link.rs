//! The link: the state of all lines as one.
//!
//! The worst of the lines decides: one that waits makes the link `waiting`, one that opens its first socket
//! `connecting`, one that polls `polling`, and otherwise it is `connected`. A line whose old socket is still read
//! counts as connected, whatever its replacement does.

use antiphon_core::{LinkState, Moment, Place};

use super::{
    Session,
    line::{Line, Phase},
};

impl Session {
    /// Returns the state of the connection, if it changed since the last call.
    pub(crate) fn take_link(&mut self) -> Option<LinkState> {
        std::mem::take(&mut self.link_changed).then(|| self.link.clone())
    }

    /// Shows a state without an event.
    pub(super) fn show_link(&mut self, state: LinkState) {
        self.link = state;
        self.link_changed = true;
    }

    /// Shows a state, and queues the event for it.
    pub(super) fn set_link(&mut self, state: LinkState, now: Moment) {
        self.outbox.link(Place::root(), &state, now);
        self.show_link(state);
    }

    /// Shows the state of all lines as one, if it is another than before.
    pub(super) fn update_link(&mut self, now: Moment) {
        if !self.login.is_logged_in() {
            return;
        }
        let is_served = |line: &Line| line.stream.is_some() || line.polls();
        // While a line is polled, or its old socket is still read, its events flow.
        let waiting = self.lines.values().filter_map(|line| match &line.phase {
            Phase::Waiting { until, reason } if !is_served(line) => Some((*until, reason)),
            _ => None,
        });
        let opens = |line: &Line| matches!(line.phase, Phase::Preparing | Phase::Opening { .. });
        if let Some((until, reason)) = waiting.min_by_key(|(until, _)| *until) {
            let pause = until.saturating_duration_since(now.at);
            let (until, reason) = (now.wall_in(pause), reason.clone());
            let is_new = match &self.link {
                LinkState::Waiting {
                    until: shown,
                    reason: told,
                } => until > *shown || reason != *told,
                _ => true,
            };
            if is_new {
                self.set_link(LinkState::Waiting { until, reason }, now);
            }
        } else if self
            .lines
            .values()
            .any(|line| opens(line) && !is_served(line))
        {
            if !matches!(self.link, LinkState::Connecting) {
                self.show_link(LinkState::Connecting);
            }
        } else {
            let since = now.wall;
            let mut polls = self.lines.values().filter_map(|line| line.poll.as_ref());
            match (polls.next(), &self.link) {
                (Some(_), LinkState::Polling { .. }) | (None, LinkState::Connected { .. }) => {}
                (Some(poll), _) => {
                    let reason = poll.reason.clone();
                    self.set_link(LinkState::Polling { since, reason }, now);
                }
                (None, _) => self.set_link(LinkState::Connected { since }, now),
            }
        }
    }
}
