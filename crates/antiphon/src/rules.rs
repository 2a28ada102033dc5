//! What sources say of their events, errors and kinds, for the tasks that outlive a source.
//!
//! Sources come and go while an app runs, and their events stay: those of a source that was removed are handled, late
//! and judged as its platform says. A rule therefore stays until a source of the same name brings another one.

use std::{
    collections::HashMap,
    error::Error,
    sync::{
        PoisonError, RwLock, RwLockReadGuard,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use antiphon_core::{Expiry, Judge, Keep, Retention, Source, SourceName};
use foldhash::fast::RandomState;

/// The rules of all sources that an app has or had.
#[derive(Default)]
pub(crate) struct Rules {
    known: RwLock<Known>,
    /// Whether there is or was a tap.
    have_taps: AtomicBool,
    /// Whether any source has events that come too late; it saves the lock, which is taken for each event otherwise.
    have_expiries: AtomicBool,
}

#[derive(Default)]
struct Known {
    /// By platform and source: a name may be another platform's later.
    judges: HashMap<(Option<&'static str>, SourceName), Judge>,
    /// Rules by which events come too late.
    expiries: HashMap<SourceName, Expiry, RandomState>,
    /// Kinds that platforms call momentary, and how long they are kept.
    momentary: HashMap<&'static str, Duration>,
}

/// The platform of a source, as the kinds of its events begin; `None` for one without typed kinds.
pub(crate) fn platform(source: &dyn Source) -> Option<&'static str> {
    let (platform, _) = source.kinds().first()?.kind.split_once('.')?;
    Some(platform)
}

impl Rules {
    /// The rules of the sources that an app begins with.
    pub(crate) fn of(sources: &[Box<dyn Source>]) -> Self {
        let rules = Self::default();
        for source in sources {
            rules.add(&**source);
        }
        rules
    }

    fn known(&self) -> RwLockReadGuard<'_, Known> {
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds the rules of a source before its first event.
    pub(crate) fn add(&self, source: &dyn Source) {
        let name = source.name();
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        let of = (platform(source), name.clone());
        known.judges.insert(of, source.judge());
        if let Some(expiry) = source.expiry() {
            known.expiries.insert(name.clone(), expiry);
            self.have_expiries.store(true, Ordering::Release);
        }
        let momentary = source.kinds().iter().filter_map(|info| match info.keep {
            Keep::Momentary(keep) => Some((info.kind, keep)),
            _ => None,
        });
        known.momentary.extend(momentary);
    }

    /// Notes whether a source, or the app itself, brings taps.
    pub(crate) fn expect_taps(&self, has_taps: bool) {
        self.have_taps.fetch_or(has_taps, Ordering::Relaxed);
    }

    /// Whether somebody may take events of every kind as soon as they are stored.
    pub(crate) fn have_taps(&self) -> bool {
        self.have_taps.load(Ordering::Relaxed)
    }

    /// By which rules a source's events come too late, if there are any.
    pub(crate) fn expiry(&self, source: &SourceName) -> Option<Expiry> {
        let may_have = self.have_expiries.load(Ordering::Acquire);
        may_have
            .then(|| self.known().expiries.get(source).copied())
            .flatten()
    }

    /// Whether an error could pass, by the first platform that knows it.
    pub(crate) fn judge(&self, error: &(dyn Error + 'static)) -> Option<bool> {
        self.known().judges.values().find_map(|judge| judge(error))
    }

    /// The owner's policy with the momentary kinds, except those that its rules name.
    pub(crate) fn added_to(&self, policy: Retention) -> Retention {
        let known = self.known();
        policy.with_momentary(known.momentary.iter().map(|(kind, keep)| (*kind, *keep)))
    }
}
