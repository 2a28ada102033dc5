//! Counts of several sittings, in a file.

use std::{collections::BTreeMap, fs, io, path::Path};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

use crate::{report, rig::Outcome, script::Script, verdict::Counts};

/// What runs came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Tally {
    pub(crate) runs: u64,
    /// Runs in which a process was killed.
    pub(crate) with_kill: u64,
    /// Seeds of the runs in which a promise was broken.
    pub(crate) failed: Vec<u64>,
    pub(crate) counts: Counts,
    /// Due, stored, gapped, lost and so on of each platform.
    pub(crate) platforms: BTreeMap<String, Counts>,
    /// How often each act was played.
    pub(crate) acts: BTreeMap<String, u64>,
    /// Acts that could not be played, by act and reason.
    pub(crate) skipped: BTreeMap<String, u64>,
    pub(crate) panics: u64,
    /// How long each take-over took, in milliseconds and in ascending order, by what it was of.
    pub(crate) take_overs: BTreeMap<String, Vec<u64>>,
    /// Ends of processes by themselves that are part of the trial, by their reason.
    pub(crate) ends: BTreeMap<String, u64>,
    /// Seconds of healing of all runs.
    pub(crate) healing_seconds: u64,
}

impl Tally {
    /// Adds a run.
    pub(crate) fn add(&mut self, script: &Script, outcome: &Outcome) {
        self.runs += 1;
        self.with_kill += u64::from(report::kills(outcome) > 0);
        if !outcome.holds() {
            self.failed.push(script.seed);
        }
        self.counts.add(&outcome.verdict.counts);
        for (platform, counts) in &outcome.verdict.platforms {
            let of = self.platforms.entry((*platform).to_owned()).or_default();
            of.add(counts);
        }
        for (act, count) in &outcome.acts {
            *self.acts.entry((*act).to_owned()).or_default() += count;
        }
        for ((act, why), count) in &outcome.skipped {
            *self.skipped.entry(format!("{act}: {why}")).or_default() += count;
        }
        for one in &outcome.take_overs {
            let took = self.take_overs.entry(one.name().to_owned()).or_default();
            took.push(u64::try_from(one.took / 1000).unwrap_or_default());
        }
        for took in self.take_overs.values_mut() {
            took.sort_unstable();
        }
        for (reason, count) in &outcome.ends {
            *self.ends.entry((*reason).to_owned()).or_default() += count;
        }
        self.panics += outcome.panics;
        self.healing_seconds += outcome.healed.as_secs();
    }

    /// Reads a file; one that is not there yet has no runs.
    ///
    /// # Errors
    /// A file that cannot be read, or is no tally.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = match fs::read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => {
                return Err(error).with_context(|| format!("could not read {}", path.display()));
            }
        };
        serde_json::from_slice(&text).with_context(|| format!("{} is no tally", path.display()))
    }

    /// Writes a file whole, under another name first.
    ///
    /// # Errors
    /// A file that cannot be written.
    pub(crate) fn write(&self, path: &Path) -> anyhow::Result<()> {
        let text = serde_json::to_string_pretty(self)?;
        let new = path.with_extension("new");
        fs::write(&new, text + "\n")
            .and_then(|()| fs::rename(&new, path))
            .with_context(|| format!("could not write {}", path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tally_is_read_as_it_was_written_and_a_missing_one_is_empty() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("tally.json");
        assert_eq!(Tally::read(&path).expect("none yet"), Tally::default());
        let counts = Counts {
            due: 7,
            ..Counts::default()
        };
        let tally = Tally {
            runs: 2,
            failed: vec![9],
            counts,
            ..Tally::default()
        };
        tally.write(&path).expect("it can be written");
        assert_eq!(Tally::read(&path).expect("it can be read"), tally);
        fs::write(&path, "no JSON").expect("a file");
        assert!(Tally::read(&path).is_err());
    }
}
