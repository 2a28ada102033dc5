//! The folder of a run: the configuration, the settings, the logs and the effects of its processes.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::Context as _;
use tempfile::TempDir;

use super::process::Process;
use crate::bot::Settings;

/// Bytes at the end of a log that are shown with a trouble.
const LOG: usize = 1200;

/// A folder that is removed when this is dropped, unless it is kept.
pub(super) struct Files(TempDir);

impl Files {
    pub(super) fn new() -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("antiphon-chaos-").tempdir();
        folder
            .context("could not make a temporary folder")
            .map(Self)
    }

    pub(super) fn folder(&self) -> &Path {
        self.0.path()
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    /// The file in which a process of the bot notes what it did.
    pub(super) fn effects(&self, life: usize) -> PathBuf {
        self.path(&format!("effects-{life}"))
    }

    pub(super) fn log(&self, name: &str) -> PathBuf {
        self.path(&format!("{name}.log"))
    }

    /// The end of a log.
    pub(super) fn tail(&self, name: &str) -> String {
        let text = fs::read(self.log(name)).unwrap_or_default();
        let from = text.len().saturating_sub(LOG);
        String::from_utf8_lossy(&text[from..]).into_owned()
    }

    /// Keeps the folder, and says where it is.
    pub(super) fn keep(self) -> PathBuf {
        self.0.keep()
    }

    /// The configuration that the simulator wrote, with this journal in it; all of it is kept for two days.
    pub(super) fn configuration(&self, journal: &str) -> anyhow::Result<String> {
        let text = fs::read_to_string(self.path("antiphon.toml"));
        let text = text.context("the simulator wrote no configuration")?;
        let journal = format!("{journal}\nrules = [{{ kind = \"*\", keep = \"2d\" }}]");
        let lines = text.lines().map(|line| {
            if line.starts_with("path = ") {
                &journal
            } else {
                line
            }
        });
        Ok(lines.collect::<Vec<_>>().join("\n"))
    }

    /// Writes the bot's settings.
    pub(super) fn save(&self, settings: &Settings) -> anyhow::Result<()> {
        let settings = serde_json::to_vec(settings)?;
        fs::write(self.path("bot.json"), settings).context("could not write the settings")
    }

    /// Starts `antiphon run` by this configuration.
    pub(super) fn daemon(
        &self,
        antiphon: &Path,
        name: &str,
        configuration: &Path,
    ) -> anyhow::Result<Process> {
        let mut command = Command::new(antiphon);
        command.arg("run").arg("--config").arg(configuration);
        self.started(command, name)
    }

    /// Starts a process of the bot, which is this program.
    pub(super) fn bot(&self, name: &str, life: usize) -> anyhow::Result<Process> {
        let chaos = std::env::current_exe().context("this program has no file")?;
        let mut command = Command::new(chaos);
        command
            .arg("bot")
            .arg("--settings")
            .arg(self.path("bot.json"));
        command.arg("--effects").arg(self.effects(life));
        self.started(command, name)
    }

    fn started(&self, mut command: Command, name: &str) -> anyhow::Result<Process> {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.log(name));
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log.context("could not open a log")?)
            .spawn()
            .with_context(|| format!("could not start the {name}"))?;
        Ok(Process::new(child))
    }
}
