//! Real processes: `antiphon sim`, `antiphon run`, and the bot.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use antiphon::{Event, journal::Integrity};
use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use super::{
    Contents, Load, Rig, SONG,
    files::Files,
    process::{Disk, Process},
    world::World,
};
use crate::{
    bot::{CHANGED, Settings},
    effects::{End, Life},
    script::{Script, Shape, What, Who},
    verdict::Audit,
};

/// How long a process may take to end after SIGTERM.
const STOP: Duration = Duration::from_secs(60);
/// How long the check of the journal's file may take.
const CHECK: Duration = Duration::from_secs(30);

/// The processes and their files.
pub(crate) struct Real {
    // Unmounted and killed before the folder is removed.
    daemon: Option<Process>,
    bot: Option<Process>,
    world: World,
    /// A disk that can be full; else why there is none.
    disk: Result<Disk, &'static str>,
    files: Files,
    antiphon: PathBuf,
    shape: Shape,
    /// How each process of the bot ended.
    lives: Vec<End>,
    /// A foreign transaction on the journal.
    lock: Option<rusqlite::Connection>,
    is_away: bool,
    /// Whether a process may end because its journal was changed.
    may_change: bool,
    frozen: [bool; 2],
    troubles: Vec<String>,
}

impl Real {
    /// Starts everything.
    ///
    /// # Errors
    /// A program that cannot be started, and files that cannot be made.
    pub(crate) async fn start(
        antiphon: &Path,
        script: &Script,
        load: Load,
    ) -> anyhow::Result<Self> {
        let files = Files::new()?;
        let disk_at = files.path("disk");
        fs::create_dir(&disk_at).context("could not make a folder")?;
        let disk = if script.acts.iter().any(|act| act.what == What::Fill) {
            Disk::mount(&disk_at)
        } else {
            Err("the script fills no disk")
        };
        let world = World::start(antiphon, files.folder(), script.seed, load.rate)?;
        let song = json!({
            "platform": "lavalink", "do": "add_track", "identifier": "evensong___",
            "author": "The Choir", "title": "Evensong", "length": SONG,
        });
        let song = world.command(&song).await?;
        let mut real = Self {
            daemon: None,
            bot: None,
            world,
            disk,
            files,
            antiphon: antiphon.to_owned(),
            shape: script.shape,
            lives: Vec::new(),
            lock: None,
            is_away: false,
            may_change: false,
            frozen: [false; 2],
            troubles: Vec::new(),
        };
        real.configure(&song, script)?;
        real.run_all()?;
        Ok(real)
    }

    fn file(&self) -> PathBuf {
        self.files.path("disk/journal.db")
    }

    /// Writes the daemon's configuration and the bot's settings.
    fn configure(&self, song: &Value, script: &Script) -> anyhow::Result<()> {
        let journal = format!("path = {}", json!(self.file()));
        let text = self.files.configuration(&journal)?;
        let path = self.files.path("antiphon.toml");
        fs::write(path, text).context("could not write the configuration")?;
        let addresses = self.files.path("sim.json");
        let known: Value = serde_json::from_slice(&fs::read(&addresses)?)?;
        let id = |name: &str| -> anyhow::Result<u64> {
            let id = known["discord"][name].as_str();
            Ok(id.context("an address is missing")?.parse()?)
        };
        self.files.save(&Settings {
            seed: script.seed,
            is_alone: script.shape == Shape::Alone,
            saves_each: script.saves_each,
            moods: script.moods(),
            journal: self.file(),
            servers: None,
            addresses,
            song: song["encoded"]
                .as_str()
                .context("there is no song")?
                .to_owned(),
            guild: id("guild_id")?,
            channel: id("voice_channel_id")?,
        })
    }

    fn run_all(&mut self) -> anyhow::Result<()> {
        self.run(Who::Daemon)?;
        self.run(Who::Bot)
    }

    /// Starts a process that does not run; there is no daemon if the bot is alone.
    fn run(&mut self, who: Who) -> anyhow::Result<()> {
        let is_there = self.process(who).is_some();
        if is_there || self.is_away || who == Who::Daemon && self.shape == Shape::Alone {
            return Ok(());
        }
        let process = if who == Who::Daemon {
            let configuration = self.files.path("antiphon.toml");
            self.files
                .daemon(&self.antiphon, who.name(), &configuration)?
        } else {
            self.lives.push(End::None);
            self.files.bot(who.name(), self.lives.len() - 1)?
        };
        *self.process(who) = Some(process);
        Ok(())
    }

    fn process(&mut self, who: Who) -> &mut Option<Process> {
        match who {
            Who::Daemon => &mut self.daemon,
            Who::Bot => &mut self.bot,
        }
    }

    /// Notes how a process ended.
    fn ended(&mut self, who: Who, end: End) {
        *self.process(who) = None;
        self.frozen[who as usize] = false;
        if who == Who::Bot
            && let Some(life) = self.lives.last_mut()
        {
            *life = end;
        }
    }

    /// Ends a process by SIGTERM; an end that is not in order is a trouble.
    async fn end(&mut self, who: Who) -> anyhow::Result<()> {
        self.thaw(who)?;
        let Some(mut process) = self.process(who).take() else {
            return Ok(());
        };
        // One that has not opened its journal yet may not wait for signals either, and has nothing to end.
        let has_begun = process.has_open(&self.file());
        process.signal("TERM")?;
        let status = process.end_within(STOP).await?;
        let in_order = status
            .is_some_and(|status| status.success() || !has_begun && Process::is_terminated(status));
        if !(in_order || self.may_change && is_changed(status)) {
            let how = status.map_or_else(|| "not at all".to_owned(), |status| status.to_string());
            let log = self.files.tail(who.name());
            self.troubles
                .push(format!("the {} ended by SIGTERM: {how}: {log}", who.name()));
        }
        drop(process);
        self.ended(who, if in_order { End::Stopped } else { End::Torn });
        Ok(())
    }

    fn thaw(&mut self, who: Who) -> anyhow::Result<()> {
        if std::mem::take(&mut self.frozen[who as usize])
            && let Some(process) = self.process(who)
        {
            process.signal("CONT")?;
        }
        Ok(())
    }

    /// Whether the process that appends has the journal open: it would begin another one where none is.
    fn has_opened(&mut self) -> bool {
        let file = self.file();
        let appends = match self.shape {
            Shape::Beside | Shape::Cluster => Who::Daemon,
            Shape::Alone => Who::Bot,
        };
        let process = self.process(appends).as_ref();
        process.is_none_or(|process| process.has_open(&file))
    }

    /// Takes the journal's file away, and may put a copy into its place.
    fn take_away(&mut self, copies: bool) -> anyhow::Result<()> {
        let (file, away) = (self.file(), self.file().with_extension("away"));
        fs::rename(&file, &away).context("could not rename the journal")?;
        self.is_away = true;
        self.may_change = true;
        if copies {
            fs::copy(&away, &file).context("could not copy the journal")?;
        }
        Ok(())
    }

    /// Puts the journal's file back, whatever is in its place.
    fn bring_back(&mut self) -> anyhow::Result<()> {
        if std::mem::take(&mut self.is_away) {
            let (file, away) = (self.file(), self.file().with_extension("away"));
            fs::rename(&away, &file).context("could not rename the journal")?;
        }
        Ok(())
    }

    /// Locks the journal by a transaction that is not antiphon's.
    fn lock(&mut self) -> anyhow::Result<Option<&'static str>> {
        let lock = rusqlite::Connection::open(self.file()).context("could not open the journal")?;
        lock.busy_timeout(Duration::from_secs(5))
            .context("could not lock the journal")?;
        if lock.execute_batch("begin immediate").is_err() {
            return Ok(Some("others had the journal locked for five seconds"));
        }
        self.lock = Some(lock);
        Ok(None)
    }
}

/// Whether a process says that its journal was changed by somebody else.
fn is_changed(status: Option<std::process::ExitStatus>) -> bool {
    status.and_then(|status| status.code()) == Some(i32::from(CHANGED))
}

impl Rig for Real {
    async fn command(&mut self, command: &Value) -> anyhow::Result<Value> {
        self.world.command(command).await
    }

    async fn act(&mut self, what: &What) -> anyhow::Result<Option<&'static str>> {
        match what {
            What::Command(command) => drop(self.command(command).await?),
            What::Kill(who) => {
                // Dropped, it is killed.
                if self.process(*who).take().is_some() {
                    self.ended(*who, End::Torn);
                }
            }
            What::Stop(who) => self.end(*who).await?,
            What::Start(who) => self.run(*who)?,
            What::Freeze(who) => {
                if let Some(process) = self.process(*who) {
                    process.signal("STOP")?;
                    self.frozen[*who as usize] = true;
                }
            }
            What::Thaw(who) => self.thaw(*who)?,
            What::Lock => return self.lock(),
            What::Unlock => self.lock = None,
            What::Fill => match &self.disk {
                Ok(disk) => disk.fill()?,
                Err(why) => return Ok(Some(why)),
            },
            What::Empty => {
                if let Ok(disk) = &self.disk {
                    disk.empty();
                }
            }
            What::Away | What::Copy if !self.has_opened() => {
                return Ok(Some("the journal was just being opened"));
            }
            What::Away => self.take_away(false)?,
            What::Copy => self.take_away(true)?,
            What::Back => {
                self.bring_back()?;
                self.run_all()?;
            }
            What::Jump(_) => return Ok(Some("real processes have the machine's clock")),
            What::Blow(_) => return Ok(Some("there is no cluster")),
        }
        Ok(None)
    }

    async fn watch(&mut self) -> anyhow::Result<()> {
        if let Some(status) = self.world.process().ended()? {
            let log = self.files.tail("sim");
            bail!("the simulator ended by itself: {status}: {log}");
        }
        for who in [Who::Daemon, Who::Bot] {
            let Some(process) = self.process(who) else {
                continue;
            };
            let Some(status) = process.ended()? else {
                continue;
            };
            if !(self.may_change && is_changed(Some(status))) {
                let log = self.files.tail(who.name());
                self.troubles.push(format!(
                    "the {} ended by itself: {status}: {log}",
                    who.name()
                ));
            }
            self.ended(who, End::Torn);
            self.run(who)?;
        }
        Ok(())
    }

    async fn mend(&mut self) -> anyhow::Result<()> {
        self.thaw(Who::Daemon)?;
        self.thaw(Who::Bot)?;
        self.lock = None;
        if let Ok(disk) = &self.disk {
            disk.empty();
        }
        self.bring_back()?;
        self.run_all()
    }

    async fn audit(&mut self, platform: &str, events: &[Arc<Event>]) -> anyhow::Result<Audit> {
        self.world.audit(platform, events).await
    }

    async fn stored(&mut self) -> anyhow::Result<Option<Contents>> {
        super::contents(&self.file()).await
    }

    fn lives(&mut self) -> anyhow::Result<Vec<Life>> {
        super::lives(&self.lives, |life| self.files.effects(life))
    }

    async fn stop(&mut self) -> anyhow::Result<()> {
        self.end(Who::Bot).await?;
        self.end(Who::Daemon).await?;
        let journal = super::reader(&self.file()).await?;
        let journal = journal.context("the journal is gone")?;
        let checked = journal.quick_check(CHECK).await?;
        if matches!(checked, Integrity::Damaged(_)) {
            self.troubles
                .push(format!("the journal is damaged: {checked:?}"));
        }
        Ok(())
    }

    fn troubles(&mut self) -> &mut Vec<String> {
        &mut self.troubles
    }

    fn log(&self) -> String {
        self.files.tail("daemon")
    }

    fn panics(&mut self) -> anyhow::Result<u64> {
        let logs = ["daemon.log", "bot.log", "sim.log"];
        Ok(super::panics(logs.iter().map(|name| self.files.path(name))))
    }

    fn keep(self) -> PathBuf {
        let Self {
            files,
            daemon,
            bot,
            world,
            disk,
            ..
        } = self;
        drop((daemon, bot, world));
        if disk.is_ok() {
            let journal = files.path("disk/journal.db");
            // The disk goes, so that its journal is copied; with its log it may have been used up to the end.
            for ending in ["db", "db-wal"] {
                let from = journal.with_extension(ending);
                let to = files.path("journal").with_extension(ending);
                // There is no log once a journal was closed.
                let _ = fs::copy(from, to);
            }
        }
        drop(disk);
        files.keep()
    }
}
