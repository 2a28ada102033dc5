//! Reload of the configuration, asked for by SIGHUP.
//!
//! The file is read and checked as at the start, secrets included. A file with a mistake changes nothing. Otherwise the
//! keys of [`LIVE`] are applied, in this order: log, retention, metrics. Every other key that differs needs a restart,
//! and a record for each says so: the library starts its sources with the app, and a restart loses no event.
//!
//! A SIGHUP that comes because the daemon's terminal was closed asks it to stop instead.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    io::IsTerminal as _,
    path::{Path, PathBuf},
};

use antiphon::{App, Handle};
use tracing::{error, info, warn};

use crate::{
    command::run::usable,
    config::{Config, check},
    failure::Failure,
    logging::{self, DAEMON},
    metrics::Endpoint,
    service::Service,
    signals::{Asked, Hangup, Stop},
};

/// Keys and tables whose changes are applied while the daemon runs.
const LIVE: [&str; 7] = [
    "log",
    "journal.keep",
    "journal.rules",
    "journal.max_bytes",
    "journal.delete_grace",
    "journal.window",
    "metrics",
];

/// Values of the configuration by their dotted keys.
type Keys = BTreeMap<String, toml::Value>;

/// What a reload changes.
pub(crate) struct Reload<'a> {
    /// Path of the configuration.
    path: PathBuf,
    /// What the daemon runs with. A key that needs a restart stays as it was at the start.
    running: Keys,
    handle: Handle<()>,
    service: &'a Service,
    metrics: Endpoint,
}

impl<'a> Reload<'a> {
    pub(crate) fn new(
        path: &Path,
        config: &Config,
        handle: Handle<()>,
        service: &'a Service,
        metrics: Endpoint,
    ) -> Self {
        Self {
            path: path.to_owned(),
            running: keys(&config.written),
            handle,
            service,
            metrics,
        }
    }

    /// Reloads at each hangup; it does not end by itself.
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
            self.reload().await;
            self.service.ready();
        }
    }

    async fn reload(&mut self) {
        // The file system may take its time; the daemon's other duties do not wait for it.
        let path = self.path.clone();
        let read = tokio::task::spawn_blocking(move || read(&path)).await;
        let read = read.unwrap_or_else(|panicked| std::panic::resume_unwind(panicked.into_panic()));
        let config = match read {
            Ok(config) => config,
            Err(failure) => {
                error!(target: DAEMON, "the configuration was not reloaded, and nothing has changed");
                logging::tell(failure);
                return;
            }
        };
        logging::change(config.log.level.as_str(), config.log.format);
        self.handle.set_retention(config.journal.retention());
        let metrics = self.metrics.change(&config.metrics).await;
        let has_failed = metrics.is_err();
        if let Err(failure) = metrics {
            logging::tell(failure);
        }
        let written = keys(&config.written);
        let outcome = |key: &str| match key {
            key if has_failed && is_within(key, "metrics") => Outcome::Failed,
            key => Outcome::of(key),
        };
        let changed = changed(&self.running, &written).into_iter();
        let mut changed: Vec<_> = changed.map(|key| (outcome(&key), key)).collect();
        changed.sort_unstable();
        tell(&self.path, &changed);
        // Every other key stays a difference, which the next reload tells again.
        for (_, key) in changed
            .into_iter()
            .filter(|(outcome, _)| *outcome == Outcome::Applied)
        {
            match written.get(&key) {
                Some(value) => drop(self.running.insert(key, value.clone())),
                None => drop(self.running.remove(&key)),
            }
        }
    }
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

impl Outcome {
    /// Of a key whose application cannot fail.
    fn of(key: &str) -> Self {
        match logging::overriding(key) {
            Some(by) => Self::Overridden(by),
            None if is_live(key) => Self::Applied,
            None => Self::NeedsRestart,
        }
    }
}

/// Tells what a reload came to, in one record, and one more for each key.
fn tell(configuration: &Path, changed: &[(Outcome, String)]) {
    let configuration = configuration.display();
    if changed.is_empty() {
        info!(target: DAEMON, %configuration, "reloaded; nothing has changed");
        return;
    }
    let count = |wanted: Outcome| changed.iter().filter(|(of, _)| *of == wanted).count();
    let (applied, failed) = (count(Outcome::Applied), count(Outcome::Failed));
    let waiting = changed.len() - applied - failed;
    if failed > 0 {
        warn!(target: DAEMON, %configuration, applied, waiting, failed, "reloaded in part");
    } else {
        info!(target: DAEMON, %configuration, applied, waiting, "reloaded");
    }
    for (outcome, key) in changed {
        match outcome {
            Outcome::Applied => info!(target: DAEMON, key, "`{key}` is applied"),
            Outcome::Failed => {
                let hint = "mend the cause that was told before, and reload again";
                error!(target: DAEMON, key, hint, "`{key}` could not be applied");
            }
            Outcome::Overridden(by) => {
                let hint = format!("restart the daemon without `{by}` to use the file's");
                warn!(target: DAEMON, key, hint, "`{key}` has changed, and `{by}` counts before it");
            }
            Outcome::NeedsRestart => {
                let hint = "restart the daemon; it goes on where it stopped";
                warn!(target: DAEMON, key, hint, "`{key}` has changed and needs a restart");
            }
        }
    }
}

/// Reads the file, and every secret of its sources.
fn read(path: &Path) -> Result<Config, Failure> {
    let (config, _) = usable(check::whole(path))?;
    for (context, source) in config.sources() {
        source.add_to(App::new(()), context, &mut Vec::new())?;
    }
    Ok(config)
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

/// The values of a configuration by dotted keys: `journal.keep`, `sources.choir.rooms`.
fn keys(configuration: &toml::Table) -> Keys {
    let mut keys = Keys::new();
    for (table, value) in configuration {
        put(
            &mut keys,
            table,
            value,
            if table == "sources" { 2 } else { 1 },
        );
    }
    keys
}

/// Puts a value or, down to `depth`, the values in it.
fn put(keys: &mut Keys, key: &str, value: &toml::Value, depth: usize) {
    match value {
        toml::Value::Table(table) if depth > 0 => {
            for (name, value) in table {
                put(keys, &format!("{key}.{name}"), value, depth - 1);
            }
        }
        value => drop(keys.insert(key.to_owned(), value.clone())),
    }
}

/// Keys whose values differ; a source that is new or gone is named once, without its keys.
fn changed(before: &Keys, after: &Keys) -> Vec<String> {
    let all = before.keys().chain(after.keys());
    let mut changed: Vec<_> = all
        .filter(|key| before.get(*key) != after.get(*key))
        .map(|key| match source(key) {
            Some(source) if has_source(before, source) != has_source(after, source) => {
                source.to_owned()
            }
            _ => key.clone(),
        })
        .collect();
    changed.sort_unstable();
    changed.dedup();
    changed
}

/// The part `sources.NAME.` of a source's key, without the last dot.
fn source(key: &str) -> Option<&str> {
    let rest = key.strip_prefix("sources.")?;
    let key_of_source = rest.rfind('.')?;
    Some(&key[..key.len() - rest.len() + key_of_source])
}

fn has_source(keys: &Keys, source: &str) -> bool {
    keys.keys().any(|key| {
        key.strip_prefix(source)
            .is_some_and(|rest| rest.starts_with('.'))
    })
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
        let choir = "[sources.choir]\nplatform = \"queup\"\nrooms = [\"a\"]\n";
        check(
            choir,
            &choir.replace("\"a\"", "\"b\""),
            &["sources.choir.rooms"],
        );
        check(choir, "", &["sources.choir"]);
        let both = format!("{choir}[sources.\"choir.two\"]\nplatform = \"queup\"\n");
        check(choir, &both, &["sources.choir.two"]);
        let nodes = |url: &str| {
            format!("[sources.organ]\nplatform = \"lavalink\"\nnodes.eu.url = \"{url}\"\n")
        };
        check(&nodes("a"), &nodes("b"), &["sources.organ.nodes"]);
    }

    #[test]
    fn log_retention_and_metrics_are_applied_and_the_rest_needs_a_restart() {
        for key in [
            "log.level",
            "journal.keep",
            "journal.max_bytes",
            "metrics.listen",
        ] {
            assert!(is_live(key), "{key}");
        }
        for key in ["journal.path", "journal.keeper", "sources.log", "logs"] {
            assert!(!is_live(key), "{key}");
        }
    }
}
