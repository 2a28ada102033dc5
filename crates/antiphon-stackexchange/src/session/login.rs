//! The login, and the failures that end a session.
//!
//! The login comes before everything: rooms are announced and sockets opened only when the account is logged in. A
//! failure that may pass is tried again with growing pauses; one that only a person can mend ends the session, with a
//! code and a hint.
//!
//! Between the two stands a status in place of a page, which is often a protective proxy's in front of the site. Its
//! pauses are long, and the tenth in a row ends the session; any page or answer of the site in between begins the count
//! anew.

use std::time::Duration;

use antiphon_core::{Backoff, LinkState, Moment, NotConnected, OpenFailure};
use tokio::time::Instant;

use super::{
    LineId, Session,
    task::{Failure, Step, Task},
};
use crate::model::{Me, RoomId};

/// Answers with a status in place of a page of the login, in a row, after which the source stops.
pub(super) const STATUSES: u32 = 10;
/// The pause after the first of those; it doubles each time.
const STATUS_PAUSE: Duration = Duration::from_secs(30);
/// Reached with the sixth status in a row.
const STATUS_PAUSE_AT_MOST: Duration = Duration::from_secs(15 * 60);

/// How far the login is.
#[derive(Debug)]
pub(super) enum Phase {
    /// No try was made, or one is under way.
    LoggingIn,
    /// The next try begins then.
    Waiting { until: Instant },
    /// The account is logged in; lines may be opened.
    LoggedIn,
    /// No further try is made.
    Stopped,
}

/// The login, and how long its next try waits.
#[derive(Debug)]
pub(super) struct Login {
    pub(super) phase: Phase,
    /// The waits between tries after other failures.
    pub(super) backoff: Backoff,
    /// Statuses in place of a page of the login, in a row.
    pub(super) statuses: u32,
    /// The end of the pause after the last of them.
    statuses_until: Option<Instant>,
}

impl Login {
    /// A login that was not tried yet.
    pub(super) fn new(backoff: Backoff) -> Self {
        Self {
            phase: Phase::LoggingIn,
            backoff,
            statuses: 0,
            statuses_until: None,
        }
    }

    /// Whether lines may be opened.
    pub(super) fn is_logged_in(&self) -> bool {
        matches!(self.phase, Phase::LoggedIn)
    }

    /// Notes that the site answers with its pages.
    pub(super) fn site_answered(&mut self) {
        self.statuses = 0;
        self.statuses_until = None;
    }

    /// Returns how long the next try has to wait at least, or the end.
    ///
    /// A status in place of a page of the login is often a protective proxy's, and passes: the pause is 30 s after the
    /// first and doubles up to 15 min, and the tenth in a row is the end.
    fn least_pause(&mut self, failure: &Failure, now: Moment) -> Result<Duration, OpenFailure> {
        let open = &failure.open;
        if open.fatal.is_some() {
            return Err(open.clone());
        }
        let asked = open.wait.unwrap_or_default();
        if failure.step != Step::LoginPage {
            return Ok(asked);
        }
        if let Some(until) = self.statuses_until.filter(|until| *until > now.at) {
            // Another line met the same status.
            return Ok(asked.max(until - now.at));
        }
        self.statuses += 1;
        if self.statuses >= STATUSES {
            let reason = format!("{}, {STATUSES} times in a row", open.reason);
            let hint = "open the page with a browser from this machine's network: something in front of the site may \
                        refuse this machine; if the page works there, look whether a newer version of antiphon knows it";
            return Err(OpenFailure::new(reason).fatal("refused", hint));
        }
        let pause = STATUS_PAUSE.saturating_mul(1 << (self.statuses - 1));
        let pause = pause.min(STATUS_PAUSE_AT_MOST).max(asked);
        self.statuses_until = Some(now.at + pause);
        Ok(pause)
    }
}

impl Session {
    /// Begins with the login.
    pub(crate) fn start(&mut self) {
        self.login.phase = Phase::LoggingIn;
        self.show_link(LinkState::Connecting);
        self.tasks.push_back(Task::LogIn);
    }

    /// Handles the outcome of a login.
    pub(super) fn on_logged_in(&mut self, outcome: Result<Me, Failure>, now: Moment) {
        let me = match outcome {
            Ok(me) => me,
            Err(failure) => return self.on_login_failed(&failure, now),
        };
        self.me = Some(me);
        if !self.leave_unlisted() {
            self.begin(now);
        }
    }

    /// Adds the configured rooms, and prepares every line.
    pub(super) fn begin(&mut self, now: Moment) {
        self.login.phase = Phase::LoggedIn;
        for id in self.rules.rooms.clone() {
            self.add_room(id, now);
        }
        let ids: Vec<RoomId> = self.rooms.keys().copied().collect();
        for id in ids {
            self.assign(id);
        }
        self.login.site_answered();
        self.resume_unheard(now);
        let lines: Vec<LineId> = self.lines.keys().copied().collect();
        for line in lines {
            self.prepare(line, now);
        }
        self.update_link(now);
    }

    /// Waits for the next try of the login.
    fn on_login_failed(&mut self, failure: &Failure, now: Moment) {
        let Some(least) = self.least_pause(failure, now) else {
            return;
        };
        let pause = self.login.backoff.next(now.at).max(least);
        let until = now.at + pause;
        self.login.phase = Phase::Waiting { until };
        self.set_link(failure.open.link(pause, now), now);
    }

    /// Returns how long the next try has to wait at least; `None` if the failure ended the session.
    pub(super) fn least_pause(&mut self, failure: &Failure, now: Moment) -> Option<Duration> {
        match self.login.least_pause(failure, now) {
            Ok(pause) => Some(pause),
            Err(end) => {
                self.stop(&end, now);
                None
            }
        }
    }

    /// Ends the session for good.
    ///
    /// Everybody who waits for a room is told the reason.
    fn stop(&mut self, end: &OpenFailure, now: Moment) {
        self.login.phase = Phase::Stopped;
        self.report_unheard(now);
        let lines: Vec<LineId> = self.lines.keys().copied().collect();
        for line in lines {
            self.drop_stream(line, &end.reason, now);
        }
        let state = end.link(Duration::ZERO, now);
        let rooms = self.rooms.values_mut().map(|room| &mut room.waiters);
        let unlisted = self.unlisted.values_mut();
        for waiters in rooms.chain(unlisted.map(|unlisted| &mut unlisted.joining)) {
            for waiter in waiters.drain(..) {
                let _ = waiter.send(Err(NotConnected::new(state.clone()).into()));
            }
        }
        self.set_link(state, now);
    }
}
