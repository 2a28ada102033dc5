//! All of it in this process, on a paused clock: the simulator over pipes, the daemon and the bot as apps.
//!
//! A kill drops an app where it stands. What only processes have, being frozen or locked out by others, is skipped and
//! counted.

use std::{
    fs,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use antiphon::{
    App, Clock, Event, RunError,
    journal::{Journal as _, OpenError, Options as JournalOptions, SqliteJournal, Trouble},
    testing::TestApp,
};
use antiphon_sim::{Command, Due, Options, Simulator, StoredEvents};
use anyhow::Context as _;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::time::sleep;

use super::{Contents, Load, Rig, SONG, files::Files};
use crate::{
    bot::{self, Accounts, Bot, PLANNED, Settings},
    effects::{Effects, End, Life},
    script::{Script, Shape, What, Who},
    verdict::Audit,
};

/// Tries to open a journal whose last owner was dropped a moment ago.
const TRIES: u32 = 400;
/// Pause between two tries.
const PAUSE: Duration = Duration::from_millis(25);

/// Panics in this process that are no part of the trial.
static PANICS: AtomicU64 = AtomicU64::new(0);

/// Counts panics, and prints those that are no part of the trial.
pub(crate) fn count_panics() {
    let print = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let said = panic.payload().downcast_ref::<String>();
        if said.is_none_or(|said| said != PLANNED) {
            PANICS.fetch_add(1, Ordering::Relaxed);
            print(panic);
        }
    }));
}

/// An app that runs, and its journal.
struct Running<S> {
    app: TestApp<S>,
    journal: Arc<SqliteJournal>,
}

impl<S: Send + Sync + 'static> Running<S> {
    async fn start(app: App<S>, journal: SqliteJournal) -> Self {
        let journal = Arc::new(journal);
        let app = TestApp::start(app, Arc::clone(&journal)).await;
        Self { app, journal }
    }

    /// Ends it in good order.
    async fn stop(self) -> Result<(), RunError> {
        self.app.stop().await?;
        self.journal.close().await.map_err(RunError::Append)
    }
}

/// The simulator and the apps.
pub(crate) struct Paused {
    daemon: Option<Running<()>>,
    bot: Option<Running<Bot>>,
    sim: Simulator,
    files: Files,
    shape: Shape,
    settings: Settings,
    /// How each app of the bot ended.
    lives: Vec<End>,
    /// How far the bot's wall clock is off at its next start.
    off: SignedDuration,
    is_away: bool,
    /// Whether an app may end because its journal was changed.
    may_change: bool,
    troubles: Vec<String>,
    /// Panics before this run.
    panics: u64,
}

impl Paused {
    /// Starts everything.
    ///
    /// # Errors
    /// Files that cannot be made.
    pub(crate) async fn start(script: &Script, load: Load) -> anyhow::Result<Self> {
        let files = Files::new()?;
        let sim = Simulator::over_pipes(&Options::new().seed(script.seed).rate(load.rate));
        let lavalink = sim.lavalink();
        let settings = Settings {
            seed: script.seed,
            is_alone: script.shape == Shape::Alone,
            saves_each: script.saves_each,
            moods: script.moods(),
            journal: files.path("journal.db"),
            servers: None,
            addresses: PathBuf::new(),
            song: lavalink.add_track("evensong___", "The Choir", "Evensong", SONG),
            guild: sim.discord().guild_id(),
            channel: sim.discord().voice_channel_id(),
        };
        let mut paused = Self {
            daemon: None,
            bot: None,
            sim,
            files,
            shape: script.shape,
            settings,
            lives: Vec::new(),
            off: SignedDuration::ZERO,
            is_away: false,
            may_change: false,
            troubles: Vec::new(),
            panics: PANICS.load(Ordering::Relaxed),
        };
        paused.run_all().await?;
        Ok(paused)
    }

    async fn run_all(&mut self) -> anyhow::Result<()> {
        self.run(Who::Daemon).await?;
        self.run(Who::Bot).await
    }

    /// Starts an app that does not run; there is no daemon if the bot is alone.
    async fn run(&mut self, who: Who) -> anyhow::Result<()> {
        if self.is_away {
            return Ok(());
        }
        match who {
            Who::Daemon if self.daemon.is_none() && self.shape == Shape::Beside => {
                let accounts = Accounts::of(&self.sim, self.sim.clock());
                let app = accounts.app(|_, _| ()).named("run");
                let journal = self.open(who).await?;
                self.daemon = Some(Running::start(app, journal).await);
            }
            Who::Bot if self.bot.is_none() => {
                let journal = self.open(who).await?;
                let effects = Effects::open(&self.files.effects(self.lives.len()));
                let effects = effects.context("could not open the effects")?;
                self.lives.push(End::None);
                let accounts = Accounts::of(&self.sim, self.clock());
                let app = bot::app(accounts, &self.settings, &effects);
                self.bot = Some(Running::start(app, journal).await);
            }
            Who::Daemon | Who::Bot => {}
        }
        Ok(())
    }

    /// The bot's clock.
    fn clock(&self) -> Clock {
        let now = self.sim.clock().now().checked_add(self.off);
        Clock::starting_at(now.unwrap_or(Timestamp::MAX))
    }

    /// Opens the journal, once its last owner is gone.
    async fn open(&self, who: Who) -> Result<SqliteJournal, OpenError> {
        let file = &self.settings.journal;
        let mut tries = 0;
        loop {
            let opened = if who == Who::Daemon || self.shape == Shape::Alone {
                SqliteJournal::open(file).await
            } else {
                let options = JournalOptions::new().wait(Duration::from_secs(10));
                SqliteJournal::for_consumers_with(file, options).await
            };
            tries += 1;
            match opened {
                Err(error) if error.trouble() == Trouble::Locked && tries < TRIES => {}
                opened => return opened,
            }
            sleep(PAUSE).await;
        }
    }

    /// Drops an app where it stands.
    async fn kill(&mut self, who: Who) {
        match who {
            Who::Daemon => {
                if let Some(daemon) = self.daemon.take() {
                    daemon.app.crash().await;
                }
            }
            Who::Bot => {
                if let Some(bot) = self.bot.take() {
                    bot.app.crash().await;
                    self.bot_ended(End::Torn);
                }
            }
        }
    }

    /// Ends an app in good order; another end is a trouble.
    async fn end(&mut self, who: Who) {
        let ended = match who {
            Who::Daemon => match self.daemon.take() {
                Some(daemon) => daemon.stop().await,
                None => return,
            },
            Who::Bot => match self.bot.take() {
                Some(bot) => {
                    let ended = bot.stop().await;
                    self.bot_ended(if ended.is_ok() {
                        End::Stopped
                    } else {
                        End::Torn
                    });
                    ended
                }
                None => return,
            },
        };
        if let Err(error) = ended
            && !(self.may_change && bot::is_changed(&error))
        {
            let error = anyhow::Error::from(error);
            self.troubles
                .push(format!("the {} ended: {error:#}", who.name()));
        }
    }

    fn bot_ended(&mut self, end: End) {
        if let Some(life) = self.lives.last_mut() {
            *life = end;
        }
    }

    fn away(&self) -> PathBuf {
        self.settings.journal.with_extension("away")
    }

    fn bring_back(&mut self) -> anyhow::Result<()> {
        if std::mem::take(&mut self.is_away) {
            fs::rename(self.away(), &self.settings.journal)
                .context("could not rename the journal")?;
        }
        Ok(())
    }

    /// The journal as the app has it that appends.
    fn appender(&self) -> Option<&Arc<SqliteJournal>> {
        match self.shape {
            Shape::Beside | Shape::Cluster => self.daemon.as_ref().map(|daemon| &daemon.journal),
            Shape::Alone => self.bot.as_ref().map(|bot| &bot.journal),
        }
    }

    /// Lets the journal's file grow no further, or again.
    async fn limit(&self, bytes: Option<u64>) {
        if let Some(journal) = self.appender() {
            // One that was taken away has nothing to limit.
            let _ = journal.limit(bytes).await;
        }
    }
}

impl Rig for Paused {
    async fn command(&mut self, command: &Value) -> anyhow::Result<Value> {
        let parsed = Command::parse(&command.to_string())?;
        let done = self.sim.execute(&parsed);
        done.with_context(|| format!("the simulator does not take {command}"))
    }

    async fn act(&mut self, what: &What) -> anyhow::Result<Option<&'static str>> {
        match what {
            What::Command(command) => drop(self.command(command).await?),
            What::Kill(who) => self.kill(*who).await,
            What::Stop(who) => self.end(*who).await,
            What::Start(who) => self.run(*who).await?,
            What::Freeze(_) | What::Thaw(_) => return Ok(Some("only a process can be frozen")),
            What::Lock | What::Unlock => {
                return Ok(Some("a foreign lock is waited for in the machine's time"));
            }
            What::Fill => self.limit(Some(1)).await,
            What::Empty => self.limit(None).await,
            What::Away | What::Copy => {
                let file = &self.settings.journal;
                fs::rename(file, self.away()).context("could not rename the journal")?;
                if *what == What::Copy {
                    fs::copy(self.away(), file).context("could not copy the journal")?;
                }
                self.is_away = true;
                self.may_change = true;
            }
            What::Back => {
                self.bring_back()?;
                self.run_all().await?;
            }
            What::Jump(_) if self.shape == Shape::Alone => {
                return Ok(Some("gaps are dated by the clock of the sources"));
            }
            What::Blow(_) => return Ok(Some("there is no cluster")),
            What::Jump(seconds) => self.off = SignedDuration::from_secs(*seconds),
        }
        Ok(None)
    }

    async fn watch(&mut self) -> anyhow::Result<()> {
        let daemon = self.daemon.as_ref();
        if daemon.is_some_and(|daemon| daemon.app.has_ended()) {
            self.ended_by_itself(Who::Daemon).await?;
        }
        let bot = self.bot.as_ref();
        if bot.is_some_and(|bot| bot.app.has_ended()) {
            self.ended_by_itself(Who::Bot).await?;
        }
        Ok(())
    }

    async fn mend(&mut self) -> anyhow::Result<()> {
        self.limit(None).await;
        self.bring_back()?;
        self.run_all().await
    }

    async fn audit(&mut self, platform: &str, events: &[Arc<Event>]) -> anyhow::Result<Audit> {
        let account = match platform {
            "discord" | "lavalink" => self.sim.discord().account().id.to_string(),
            "queup" => self.sim.queup().account().id,
            _ => self.sim.stackexchange().account().id.to_string(),
        };
        let mut stored = StoredEvents::default();
        for event in events {
            stored.add(&(&**event).into());
        }
        let audit = self
            .sim
            .ledger()
            .audit(Due::to(platform, &account), &stored);
        let audit =
            audit.map_err(|dropped| anyhow::anyhow!("the ledger dropped {dropped} rows"))?;
        Ok(serde_json::from_value(serde_json::to_value(audit)?)?)
    }

    async fn stored(&mut self) -> anyhow::Result<Option<Contents>> {
        super::contents(&self.settings.journal).await
    }

    fn lives(&mut self) -> anyhow::Result<Vec<Life>> {
        super::lives(&self.lives, |life| self.files.effects(life))
    }

    async fn stop(&mut self) -> anyhow::Result<()> {
        self.end(Who::Bot).await;
        self.end(Who::Daemon).await;
        Ok(())
    }

    fn troubles(&mut self) -> &mut Vec<String> {
        &mut self.troubles
    }

    fn panics(&mut self) -> anyhow::Result<u64> {
        Ok(PANICS.load(Ordering::Relaxed) - self.panics)
    }

    fn log(&self) -> String {
        self.troubles.join("; ")
    }

    fn keep(self) -> PathBuf {
        self.files.keep()
    }
}

impl Paused {
    /// Notes an app that ended by itself, and starts it again.
    async fn ended_by_itself(&mut self, who: Who) -> anyhow::Result<()> {
        let told = self.troubles.len();
        self.end(who).await;
        if who == Who::Bot {
            self.bot_ended(End::Torn);
        }
        if self.troubles.len() == told && !self.may_change {
            self.troubles
                .push(format!("the {} ended by itself", who.name()));
        }
        self.run(who).await
    }
}
