//! Why a connection could not be opened.
//!
//! A session decides what to do next by three facts, and by nothing else about an error: why, for people; how long the
//! server asked to wait; and whether trying again would be wrong. `socket.rs` of each platform makes them from its own
//! errors.

use std::time::Duration;

use crate::{LinkState, Moment, StopCode};

/// A connection could not be opened, or ended: what a session decides its next try by.
///
/// ```
/// use std::time::Duration;
///
/// use antiphon_core::{Clock, LinkState, OpenFailure};
///
/// let busy = OpenFailure::new("the server is busy").wait(Some(Duration::from_secs(30)));
/// assert_eq!(busy.pause(Duration::from_secs(2)), Duration::from_secs(30));
/// assert!(matches!(busy.link(Duration::from_secs(2), Clock::system().moment()), LinkState::Waiting { .. }));
///
/// let wrong = OpenFailure::new("the token was not accepted").fatal("authorization", "copy the token again");
/// assert!(matches!(wrong.link(Duration::ZERO, Clock::system().moment()), LinkState::Stopped { .. }));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenFailure {
    /// Why, in one sentence for people.
    pub reason: String,
    /// How long the server asked to wait before the next try.
    pub wait: Option<Duration>,
    /// Why trying again would be wrong, where it would.
    pub fatal: Option<Fatal>,
}

/// Why trying again would be wrong, and what the operator can do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fatal {
    /// A word for programs.
    pub code: StopCode,
    /// What the operator can do.
    pub hint: &'static str,
}

impl OpenFailure {
    /// Describes a failure that may pass.
    pub fn new(reason: impl Into<String>) -> Self {
        Self {
            reason: reason.into(),
            wait: None,
            fatal: None,
        }
    }

    /// Adds how long the server asked to wait.
    #[must_use]
    pub fn wait(mut self, wait: Option<Duration>) -> Self {
        self.wait = wait;
        self
    }

    /// Marks the failure as one after which no further try is made.
    #[must_use]
    pub fn fatal(mut self, code: impl Into<StopCode>, hint: &'static str) -> Self {
        self.fatal = Some(Fatal {
            code: code.into(),
            hint,
        });
        self
    }

    /// Returns how long to wait before the next try: `pause`, or as long as the server asked if that is longer.
    pub fn pause(&self, pause: Duration) -> Duration {
        pause.max(self.wait.unwrap_or_default())
    }

    /// Returns the state of a link after this failure: stopped if it is fatal, else waiting for `pause`, or for as long
    /// as the server asked if that is longer.
    pub fn link(&self, pause: Duration, now: Moment) -> LinkState {
        match &self.fatal {
            Some(Fatal { code, hint }) => LinkState::Stopped {
                code: code.clone(),
                reason: self.reason.clone(),
                hint: Some((*hint).to_owned()),
            },
            None => LinkState::Waiting {
                until: now.wall_in(self.pause(pause)),
                reason: self.reason.clone(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Clock;

    #[test]
    fn a_failure_waits_as_long_as_the_server_asked_unless_it_is_fatal() {
        let now = Clock::system().moment();
        let second = Duration::from_secs(1);
        let busy = OpenFailure::new("busy").wait(Some(60 * second));
        assert_eq!(
            busy.link(second, now),
            LinkState::Waiting {
                until: now.wall + 60 * second,
                reason: "busy".into()
            }
        );
        let refused = busy.fatal("authorization", "check the token");
        let state = refused.link(second, now);
        assert!(matches!(state, LinkState::Stopped { code, .. } if code == "authorization"));
    }
}
