//! The sources of the running daemon, and how a reload changes them.
//!
//! A source whose table or whose secrets have changed is replaced, also for one more room: it goes on at its checkpoints
//! as after a restart, so that nothing is lost. So is one that has stopped for good, or has no room left, since the
//! reload may have been asked for because the cause is mended. Sources are ended first, then replaced, then begun: an
//! account that moved to another name is in use once. Each of the three is done to all its sources side by side, since one
//! whose server does not answer takes seconds to close.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use antiphon::{ChangeError, Handle, LinkState, Source, SourceName, discord};
use futures_util::future::join_all;

use super::{Outcome, Report, changed, secrets::Secrets};
use crate::{
    command::rooms::Rooms,
    config::Config,
    control::Bots,
    failure::{Exit, Failure},
    logging,
};

/// A source that was made of its table, and has not begun.
pub(crate) struct Built {
    source: Box<dyn Source>,
    bot: Option<discord::Client>,
    rooms: usize,
    from: Made,
}

/// What a source was made from.
///
/// Its files are read before the source reads them: what changes between the two is a difference at the next reload, and
/// never one that nobody sees.
struct Made {
    table: toml::Table,
    secrets: Secrets,
}

/// Makes the sources of a configuration.
///
/// # Errors
/// A secret that cannot be read.
pub(crate) fn build(config: &Config) -> Result<BTreeMap<String, Built>, Failure> {
    let tables = config.written.get("sources");
    let table = |name: &str| {
        let table = tables.and_then(|tables| tables.get(name)?.as_table());
        table.cloned().unwrap_or_default()
    };
    let mut built = BTreeMap::new();
    for (context, config) in config.sources() {
        let table = table(context.name);
        let key = format!("sources.{}", context.name);
        let secrets = Secrets::read(&key, &table, context.folder);
        let (source, bot) = config.connect(context)?;
        let one = Built {
            source,
            bot,
            rooms: config.room_count(),
            from: Made { table, secrets },
        };
        built.insert(context.name.to_owned(), one);
    }
    Ok(built)
}

/// Sources that a reload began and that were never connected: their end does not end the daemon.
///
/// Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tried(Arc<Mutex<BTreeSet<SourceName>>>);

impl Tried {
    fn all(&self) -> MutexGuard<'_, BTreeSet<SourceName>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn insert(&self, source: &str) {
        self.all().insert(source.into());
    }

    /// Notes the state of a source's connection; whether its end is not the daemon's.
    pub(crate) fn saw(&self, source: &SourceName, state: &LinkState) -> bool {
        let mut all = self.all();
        if state.is_connected() {
            all.remove(source);
        }
        all.contains(source)
    }
}

/// The sources of the running daemon.
pub(crate) struct Sources {
    running: BTreeMap<String, Made>,
    handle: Handle<()>,
    bots: Bots,
    rooms: Rooms,
    tried: Tried,
}

impl Sources {
    /// None yet.
    pub(crate) fn new(handle: Handle<()>) -> Self {
        Self {
            running: BTreeMap::new(),
            handle,
            bots: Bots::default(),
            rooms: Rooms::default(),
            tried: Tried::default(),
        }
    }

    /// The clients of the Discord bots.
    pub(crate) fn bots(&self) -> Bots {
        self.bots.clone()
    }

    /// The rooms of the sources.
    pub(crate) fn rooms(&self) -> Rooms {
        self.rooms.clone()
    }

    /// The sources whose end is not the daemon's.
    pub(crate) fn tried(&self) -> Tried {
        self.tried.clone()
    }

    /// Notes a source that the app begins with, and gives it.
    pub(crate) fn begin(&mut self, name: String, built: Built) -> Box<dyn Source> {
        self.rooms.set(&name, built.rooms, false);
        self.bots.set(&name, built.bot);
        self.running.insert(name, built.from);
        built.source
    }

    /// Ends, replaces and begins sources until they are those of the configuration.
    pub(super) async fn change(&mut self, built: BTreeMap<String, Built>, report: &mut Report) {
        let gone = self
            .running
            .keys()
            .filter(|name| !built.contains_key(*name));
        let gone: Vec<_> = gone.cloned().collect();
        let ended = join_all(gone.iter().map(|name| end(&self.handle, name))).await;
        for (name, outcome) in gone.into_iter().zip(ended) {
            if outcome.is_ok() {
                self.forget(&name);
            }
            report.of_source(outcome, Change::Stopped, name, Vec::new());
        }
        let is_kept = |(name, _): &(String, Built)| self.running.contains_key(name);
        let (kept, new): (Vec<_>, Vec<_>) = built.into_iter().partition(is_kept);
        let mut differing = Vec::new();
        for (name, new) in kept {
            let (keys, secrets) = self.differences(&name, &new.from);
            if !keys.is_empty() || !secrets.is_empty() || self.is_over(&name) {
                report.secrets.extend(secrets);
                differing.push((name, new, keys));
            }
        }
        self.bring(differing, Change::Replaced, report).await;
        let new = new.into_iter().map(|(name, new)| (name, new, Vec::new()));
        self.bring(new.collect(), Change::Started, report).await;
    }

    /// Begins sources, each with the keys that have changed, or puts them in the place of those of their names.
    async fn bring(
        &mut self,
        sources: Vec<(String, Built, Vec<String>)>,
        change: Change,
        report: &mut Report,
    ) {
        let handle = self.handle.clone();
        let brought = sources.into_iter().map(|(name, new, keys)| {
            self.prepare(&name, &new);
            let handle = handle.clone();
            async move {
                let brought = match change {
                    Change::Replaced => handle.replace_boxed_source(new.source).await,
                    Change::Started | Change::Stopped => handle.add_boxed_source(new.source).await,
                };
                (name, keys, brought.map(|_| new.from))
            }
        });
        // `prepare` tells the others of a source before its first event.
        let brought: Vec<_> = brought.collect();
        for (name, keys, brought) in join_all(brought).await {
            let outcome = self.begun(&name, brought);
            report.of_source(outcome, change, name, keys);
        }
    }

    /// Keys of a source whose values differ, and those of secrets that do.
    fn differences(&self, name: &str, new: &Made) -> (Vec<String>, Vec<String>) {
        let Some(running) = self.running.get(name) else {
            return (Vec::new(), Vec::new());
        };
        let keys = changed(&running.table, &new.table)
            .into_iter()
            .map(|key| format!("sources.{name}.{key}"))
            .collect();
        (keys, running.secrets.changed(&new.secrets))
    }

    /// Whether a source does nothing any more.
    fn is_over(&self, name: &str) -> bool {
        let link = self.handle.watch_link(name);
        let has_stopped = link.is_some_and(|link| {
            let state = link.borrow();
            matches!(*state, LinkState::Stopped { .. })
        });
        has_stopped || self.rooms.are_over(name)
    }

    /// Notes a source that has begun; one that has not is a difference for the next reload.
    fn begun(&mut self, name: &str, from: Result<Made, ChangeError>) -> Result<(), ChangeError> {
        let from = from.inspect_err(|_| self.forget(name))?;
        self.running.insert(name.to_owned(), from);
        Ok(())
    }

    /// Tells the others of a source before its first event.
    fn prepare(&self, name: &str, new: &Built) {
        self.tried.insert(name);
        self.rooms.set(name, new.rooms, true);
        self.bots.set(name, new.bot.clone());
    }

    fn forget(&mut self, name: &str) {
        self.running.remove(name);
        self.rooms.remove(name);
        self.bots.set(name, None);
    }
}

/// Ends a source.
async fn end(handle: &Handle<()>, name: &str) -> Result<(), ChangeError> {
    match handle.remove_source(name).await {
        // One that could not be replaced is gone already.
        Ok(()) | Err(ChangeError::Unknown(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// What was wanted of a source.
#[derive(Clone, Copy, Debug)]
pub(super) enum Change {
    Started,
    Stopped,
    Replaced,
}

impl Report {
    /// Notes what became of a source, and of its keys that have changed.
    fn of_source(
        &mut self,
        outcome: Result<(), ChangeError>,
        change: Change,
        name: String,
        keys: Vec<String>,
    ) {
        let outcome_of_keys = match &outcome {
            Ok(()) => Outcome::Applied,
            Err(_) => Outcome::Failed,
        };
        let (list, word) = match change {
            Change::Started => (&mut self.started, "started"),
            Change::Stopped => (&mut self.stopped, "stopped"),
            Change::Replaced => (&mut self.replaced, "replaced"),
        };
        match outcome {
            Ok(()) => list.push(name),
            Err(error) => {
                let hint = match &error {
                    ChangeError::Read(error) => Some(error.trouble().hint()),
                    _ => None,
                };
                let failure = Failure::new(Exit::Failed, format!("`{name}` could not be {word}"));
                logging::tell(
                    failure
                        .because(error)
                        .hint(hint.unwrap_or("reload again; if it stays so, restart the daemon")),
                );
                self.failed.push(name);
            }
        }
        let keys = keys.into_iter().map(|key| (outcome_of_keys, key));
        self.keys.extend(keys);
    }
}
