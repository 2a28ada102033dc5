//! The service manager, by systemd's notify protocol.
//!
//! Without `NOTIFY_SOCKET` in the environment nothing is sent. What is sent:
//!
//! | message | when |
//! | --- | --- |
//! | `READY=1` | the journal is open and the sources were started; again after a reload |
//! | `STATUS=…` | at each change of a connection: how many are connected, and why others are not |
//! | `RELOADING=1`, `MONOTONIC_USEC=…` | a reload begins |
//! | `WATCHDOG=1` | every third of `WATCHDOG_USEC`, if the app's tasks come round ([`Handle::pulse`]) |
//! | `STOPPING=1` | the daemon was asked to stop, or ends by itself |

use std::{
    convert::Infallible,
    fmt::Write as _,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use antiphon::{Handle, Link, LinkState, SourceName};
use sd_notify::NotifyState;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tracing::{error, warn};

use crate::{logging::DAEMON, plain::Plain};

/// Connections whose state a status names one by one.
const NAMED: usize = 3;

/// Characters of a status at most.
const STATUS: usize = 300;

/// The service manager that started this process, if there is one.
#[derive(Debug)]
pub(crate) struct Service {
    is_there: bool,
    has_failed: AtomicBool,
}

impl Service {
    /// The service manager that `NOTIFY_SOCKET` names.
    pub(crate) fn from_environment() -> Self {
        Self {
            is_there: std::env::var_os("NOTIFY_SOCKET").is_some(),
            has_failed: AtomicBool::new(false),
        }
    }

    /// Says that a reload begins; [`Service::ready`] ends it.
    pub(crate) fn reloading(&self) {
        match NotifyState::monotonic_usec_now() {
            Ok(now) => self.send(&[NotifyState::Reloading, now]),
            // A reload without its time would end the service.
            Err(error) => self.failed(&error),
        }
    }

    /// Says that the daemon does its work, and how its connections are.
    pub(crate) fn ready(&self, handle: &Handle<()>) {
        self.status(handle, &[NotifyState::Ready]);
    }

    /// Says that the daemon stops.
    pub(crate) fn stopping(&self) {
        self.send(&[NotifyState::Stopping, NotifyState::Status("stopping")]);
    }

    /// Says when the app runs and how its connections are, and sends signs of life; it does not end by itself.
    pub(crate) async fn follow(&self, handle: Handle<()>) -> Infallible {
        if !self.is_there {
            return std::future::pending().await;
        }
        let mut links = handle.stream::<Link>();
        handle.started().await;
        self.ready(&handle);
        let watchdog = sd_notify::watchdog_enabled().filter(|limit| !limit.is_zero());
        // Without a watchdog the clock ticks in vain, once an hour.
        let often = watchdog.map_or(Duration::from_secs(3600), |limit| limit / 3);
        let mut ticks = interval(often.max(Duration::from_millis(1)));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                link = links.next() => match link {
                    Some(_) => self.status(&handle, &[]),
                    None => return std::future::pending().await,
                },
                _ = ticks.tick(), if watchdog.is_some() => self.watch(&handle, often).await,
            }
        }
    }

    /// Sends a sign of life, unless the app does not come round in time.
    async fn watch(&self, handle: &Handle<()>, limit: Duration) {
        if timeout(limit, handle.pulse()).await.is_ok() {
            self.send(&[NotifyState::Watchdog]);
            return;
        }
        let hint = "the service manager restarts a daemon that stays like this; see whether its disk answers";
        let seconds = limit.as_secs_f64();
        error!(target: DAEMON, hint, seconds, "storing or reading events is stuck");
    }

    fn status(&self, handle: &Handle<()>, with: &[NotifyState<'_>]) {
        let status = status(&handle.links());
        self.send(&[with, &[NotifyState::Status(&status)]].concat());
    }

    /// A service manager that does not listen is told of once, and the daemon goes on.
    fn send(&self, states: &[NotifyState<'_>]) {
        if self.is_there
            && let Err(error) = sd_notify::notify(states)
        {
            self.failed(&error);
        }
    }

    fn failed(&self, error: &std::io::Error) {
        if !self.has_failed.swap(true, Ordering::Relaxed) {
            let error = error as &dyn std::error::Error;
            let hint = "`NOTIFY_SOCKET` names a socket of systemd's; unset it where there is none";
            warn!(target: DAEMON, error, hint, "could not tell the service manager");
        }
    }
}

/// The connections in one line: how many are connected, and the state of the first others.
fn status(links: &[(SourceName, LinkState)]) -> String {
    let mut others = links.iter().filter(|(_, state)| !state.is_connected());
    let connected = links.len() - others.clone().count();
    let mut status = format!("{connected} of {} connected", links.len());
    for (source, state) in others.by_ref().take(NAMED) {
        let _ = write!(status, "; {source}: {state}");
    }
    let more = others.count();
    if more > 0 {
        let _ = write!(status, "; and {more} more");
    }
    let mut status = Plain(status).to_string();
    if let Some((cut, _)) = status.char_indices().nth(STATUS) {
        status.truncate(cut);
        status.push('…');
    }
    status
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link(source: &str, state: LinkState) -> (SourceName, LinkState) {
        (SourceName::new(source), state)
    }

    #[test]
    fn a_status_counts_the_connections_and_names_those_that_are_away() {
        let since = jiff::Timestamp::UNIX_EPOCH;
        let mut links = vec![link("choir", LinkState::Connected { since })];
        assert_eq!(status(&links), "1 of 1 connected");
        let reason = "the server\nsaid no".to_owned();
        links.push(link(
            "tea",
            LinkState::Waiting {
                until: since,
                reason,
            },
        ));
        let shown = status(&links);
        assert!(
            shown.starts_with("1 of 2 connected; tea: waiting until 1970-")
                && shown.contains("the server\\nsaid no"),
            "{shown}"
        );
        links.extend((0..1000).map(|number| link(&format!("n{number}"), LinkState::Idle)));
        let shown = status(&links);
        assert!(
            shown.ends_with("; n0: idle; n1: idle; and 998 more"),
            "{shown}"
        );
        links[1].1 = LinkState::Waiting {
            until: since,
            reason: "x".repeat(1000),
        };
        assert_eq!(status(&links).chars().count(), STATUS + 1);
    }
}
