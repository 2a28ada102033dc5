//! Reload of the configuration, asked for by SIGHUP.
//!
//! The file is read and checked as at the start, secrets included, and its sources are made. A file with a mistake
//! changes nothing. Otherwise what differs is applied, in this order: log, retention, metrics, dashboard (the keys of
//! [`LIVE`]), and sources (`reload/sources.rs`). Every other key that differs needs a restart, and a record for each says
//! so.
//!
//! What could not be applied stays a difference, so that the next reload tries again.
//!
//! A SIGHUP that comes because the daemon's terminal was closed asks it to stop instead.

mod endpoints;
mod secrets;
mod sources;

use std::{
    collections::{BTreeMap, BTreeSet},
    convert::Infallible,
    io::IsTerminal as _,
    path::{Path, PathBuf},
};

use tracing::{error, info, warn};

use self::sources::Built;
pub(crate) use self::sources::{Sources, Tried, build};
use crate::{
    command::{dashboard, run::usable},
    config::{Config, check},
    control::Running,
    failure::Failure,
    logging::{self, DAEMON},
    metrics::Endpoint,
    service::Service,
    signals::{Asked, Hangup, Stop},
};

/// Keys and tables whose changes are applied while the daemon runs, beside the sources.
const LIVE: [&str; 8] = [
    "log",
    "journal.keep",
    "journal.rules",
    "journal.max_bytes",
    "journal.delete_grace",
    "journal.window",
    "metrics",
    "dashboard",
];

/// Values of the configuration by their dotted keys.
type Keys = toml::Table;

/// What a reload changes.
pub(crate) struct Reload<'a> {
    /// Path of the configuration.
    path: PathBuf,
    /// What the daemon runs with. A key that needs a restart stays as it was at the start.
    running: Keys,
    daemon: Running,
    sources: Sources,
    service: &'a Service,
    metrics: Endpoint,
    dashboard: &'a mut dashboard::Endpoint,
}

impl<'a> Reload<'a> {
    pub(crate) fn new(
        path: &Path,
        config: &Config,
        daemon: Running,
        sources: Sources,
        service: &'a Service,
        (metrics, dashboard): (Endpoint, &'a mut dashboard::Endpoint),
    ) -> Self {
        Self {
            path: path.to_owned(),
            running: keys(&config.written),
            daemon,
            sources,
            service,
            metrics,
            dashboard,
        }
    }

    /// Reloads at each hangup until the daemon stops; it does not end by itself.
    pub(crate) async fn run(mut self, mut hangup: Hangup, stop: &Stop) -> Infallible {
        let had_terminal = std::io::stderr().is_terminal();
        loop {
            hangup.next().await;
            // A terminal that was closed is none any more.
            if had_terminal && !std::io::stderr().is_terminal() {
                stop.ask(Asked::Terminate);
                continue;
            }
            self.service.reloading();
            tokio::select! {
                biased;
                () = stop.asked() => {
                    // What is under way ends with the app, and a further reload would begin what is about to end.
                    info!(target: DAEMON, "the reload is broken off, since the daemon stops");
                    return std::future::pending().await;
                }
                () = self.reload() => self.service.ready(&self.daemon.handle),
            }
        }
    }

    async fn reload(&mut self) {
        // The file system may take its time; the daemon's other duties do not wait for it.
        let path = self.path.clone();
        let read = tokio::task::spawn_blocking(move || read(&path)).await;
        let read = read.unwrap_or_else(|panicked| std::panic::resume_unwind(panicked.into_panic()));
        let New {
            config,
            warnings,
            built,
        } = match read {
            Ok(new) => new,
            Err(failure) => {
                error!(target: DAEMON, "the configuration was not reloaded, and nothing has changed");
                logging::tell(failure);
                return;
            }
        };
        self.daemon.warnings.set(warnings);
        logging::change(config.log.level.as_str(), config.log.format);
        self.daemon.handle.set_retention(config.journal.retention());
        let moved = endpoints::change(&mut self.metrics, self.dashboard, &config).await;
        let written = keys(&config.written);
        let has_failed = |key: &str| moved.failed.iter().any(|table| is_within(key, table));
        let mut report = Report::default();
        if moved.login == dashboard::Login::Another {
            report.secrets.push("dashboard.login".to_owned());
        }
        for key in changed(&self.running, &written) {
            let outcome = match logging::overriding(&key) {
                Some(by) => Outcome::Overridden(by),
                None if has_failed(&key) => Outcome::Failed,
                None if is_live(&key) => Outcome::Applied,
                None => Outcome::NeedsRestart,
            };
            // Every other key stays a difference, which the next reload tells again.
            if outcome == Outcome::Applied {
                match written.get(&key) {
                    Some(value) => drop(self.running.insert(key.clone(), value.clone())),
                    None => drop(self.running.remove(&key)),
                }
            }
            report.keys.push((outcome, key));
        }
        self.sources.change(built, &mut report).await;
        report.tell(&self.path);
    }
}

/// A configuration that can be used.
struct New {
    config: Config,
    /// What its operator should mend, one sentence each.
    warnings: Vec<String>,
    built: BTreeMap<String, Built>,
}

/// Reads the file, and makes its sources.
fn read(path: &Path) -> Result<New, Failure> {
    let (config, warnings) = usable(check::whole(path))?;
    let built = build(&config)?;
    Ok(New {
        config,
        warnings,
        built,
    })
}

/// What a reload came to.
#[derive(Debug, Default)]
struct Report {
    /// Every key that has changed.
    keys: Vec<(Outcome, String)>,
    /// Keys of secrets that have changed, though the file has not.
    secrets: Vec<String>,
    /// Sources that were begun, ended, or put in the place of another.
    started: Vec<String>,
    stopped: Vec<String>,
    replaced: Vec<String>,
    /// Sources that could not be.
    failed: Vec<String>,
}

/// What a reload came to for a key that has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    Applied,
    /// It could not be applied; the next reload tries again.
    Failed,
    /// What the daemon was started with counts before it.
    Overridden(&'static str),
    NeedsRestart,
}

impl Report {
    fn count(&self, wanted: Outcome) -> usize {
        self.keys.iter().filter(|(of, _)| *of == wanted).count()
    }

    /// Names of sources for a field; absent if there are none.
    fn named(sources: &[String]) -> Option<String> {
        (!sources.is_empty()).then(|| sources.join(", "))
    }

    /// Tells it in one record, and one more for each key and secret.
    fn tell(mut self, configuration: &Path) {
        self.keys.sort_unstable();
        let configuration = configuration.display();
        let sources = [&self.started, &self.stopped, &self.replaced, &self.failed];
        let is_idle = sources.iter().all(|some| some.is_empty());
        if self.keys.is_empty() && self.secrets.is_empty() && is_idle {
            info!(target: DAEMON, %configuration, "reloaded; nothing has changed");
            return;
        }
        let (applied, failed) = (self.count(Outcome::Applied), self.count(Outcome::Failed));
        let waiting = self.keys.len() - applied - failed;
        let started = Self::named(&self.started);
        let stopped = Self::named(&self.stopped);
        let replaced = Self::named(&self.replaced);
        if failed > 0 || !self.failed.is_empty() {
            let not_started = Self::named(&self.failed);
            warn!(
                target: DAEMON, %configuration, applied, waiting, failed, started, stopped, replaced, not_started,
                "reloaded in part"
            );
        } else {
            info!(
                target: DAEMON, %configuration, applied, waiting, started, stopped, replaced, "reloaded"
            );
        }
        for key in self.secrets {
            info!(target: DAEMON, key, "the secret of `{key}` has changed");
        }
        for (outcome, key) in self.keys {
            match outcome {
                Outcome::Applied => info!(target: DAEMON, key, "`{key}` is applied"),
                Outcome::Failed => {
                    let hint = "mend the cause that was told before, and reload again";
                    error!(target: DAEMON, key, hint, "`{key}` could not be applied");
                }
                Outcome::Overridden(by) => {
                    let hint = format!("restart the daemon without `{by}` to use the file's");
                    warn!(
                        target: DAEMON, key, hint, "`{key}` has changed, and `{by}` counts before it"
                    );
                }
                Outcome::NeedsRestart => {
                    let hint = "restart the daemon; it goes on where it stopped";
                    warn!(target: DAEMON, key, hint, "`{key}` has changed and needs a restart");
                }
            }
        }
    }
}

/// Whether changes of a key are applied while the daemon runs.
fn is_live(key: &str) -> bool {
    LIVE.iter().any(|live| is_within(key, live))
}

/// Whether a key is this one or in the table of this name.
fn is_within(key: &str, table: &str) -> bool {
    key.strip_prefix(table)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}

/// The values of a configuration by dotted keys, such as `journal.keep`, without the sources.
fn keys(configuration: &toml::Table) -> Keys {
    let mut keys = Keys::new();
    for (name, value) in configuration {
        match value {
            toml::Value::Table(_) if name == "sources" => {}
            toml::Value::Table(table) => {
                let inside = table.iter();
                keys.extend(inside.map(|(key, value)| (format!("{name}.{key}"), value.clone())));
            }
            value => drop(keys.insert(name.clone(), value.clone())),
        }
    }
    keys
}

/// Keys whose values differ, in their order.
fn changed(before: &Keys, after: &Keys) -> Vec<String> {
    let all: BTreeSet<_> = before.keys().chain(after.keys()).collect();
    all.into_iter()
        .filter(|key| before.get(*key) != after.get(*key))
        .cloned()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(before: &str, after: &str, expected: &[&str]) {
        let read = |text: &str| keys(&text.parse().expect("TOML"));
        assert_eq!(changed(&read(before), &read(after)), expected);
    }

    #[test]
    fn each_key_that_differs_is_named_once() {
        let journal = "[journal]\nkeep = \"1d\"\nrules = [{ kind = \"a\", keep = \"1h\" }]\n";
        check(journal, journal, &[]);
        check(journal, "[journal]\nkeep = \"1d\"", &["journal.rules"]);
        check(
            journal,
            "[log]\nlevel = \"info\"",
            &["journal.keep", "journal.rules", "log.level"],
        );
        // Sources are compared as such.
        check("[sources.choir]\nplatform = \"queup\"", "", &[]);
    }

    #[test]
    fn log_retention_metrics_and_dashboard_are_applied_and_the_rest_needs_a_restart() {
        for key in [
            "log.level",
            "journal.keep",
            "journal.max_bytes",
            "metrics.listen",
            "dashboard.login",
        ] {
            assert!(is_live(key), "{key}");
        }
        for key in ["journal.path", "journal.keeper", "logs"] {
            assert!(!is_live(key), "{key}");
        }
    }
}
