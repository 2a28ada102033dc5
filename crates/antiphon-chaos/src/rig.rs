//! A rig: the simulator, the daemon and the bot, on which scripts are played.
//!
//! [`real`] has processes of their own, [`paused`] all of it in this process on a paused clock, [`cluster`] several
//! processes of each on servers. All are played, healed and judged by [`play`].

pub(crate) mod cluster;
mod files;
pub(crate) mod paused;
mod process;
pub(crate) mod real;
mod world;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use antiphon::{
    DeadLetter, DeadLetterId, Event, Position, ReadError,
    journal::{Journal, SqliteJournal, Trouble},
};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use crate::{
    bot::PLANNED,
    effects::{self, End, Life},
    faults,
    rig::cluster::take_over::TakeOver,
    script::{CHANNEL, Script, What},
    verdict::{Audit, Evidence, PLATFORMS, Verdict},
};

/// Pause between two looks at the processes.
const LOOK: Duration = Duration::from_millis(50);
/// Pause between two verdicts while a rig heals.
const VERDICTS: Duration = Duration::from_millis(250);
/// How long a rig may take until events of every platform are stored.
const BEGIN: Duration = Duration::from_secs(120);
/// Events that are read at a time.
const PAGE: usize = 2000;
/// How long one verdict's evidence may take to collect.
const COLLECT: Duration = Duration::from_secs(60);
/// Length of the song that the bot plays, in milliseconds; longer than any run.
pub(crate) const SONG: i64 = 7_200_000;

/// Options of every run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    /// Events a second of each platform.
    pub(crate) rate: u32,
    /// How long healing may take.
    pub(crate) patience: Duration,
}

/// What the rigs differ in.
pub(crate) trait Rig {
    /// Executes a command at the simulator; returns its outcome.
    async fn command(&mut self, command: &Value) -> anyhow::Result<Value>;

    /// Plays an act; returns why it cannot be played here, if so.
    async fn act(&mut self, what: &What) -> anyhow::Result<Option<&'static str>>;

    /// Whether every process has taken part, so that the trial may begin once all platforms have brought events.
    async fn has_begun(&mut self) -> anyhow::Result<bool> {
        Ok(true)
    }

    /// Looks whether everything that should run still runs, and starts what ended.
    async fn watch(&mut self) -> anyhow::Result<()>;

    /// Ends every act that lasts, and starts everything.
    async fn mend(&mut self) -> anyhow::Result<()>;

    /// What a platform's audit says of the journal's events.
    async fn audit(&mut self, platform: &str, events: &[Arc<Event>]) -> anyhow::Result<Audit>;

    /// What the journal has; `None` while there is none.
    async fn stored(&mut self) -> anyhow::Result<Option<Contents>>;

    /// What the bot's processes did.
    fn lives(&mut self) -> anyhow::Result<Vec<Life>>;

    /// Judges what only this rig promises; returns who took over from whom.
    async fn judge(&mut self, _: &Evidence, _: &mut Verdict) -> anyhow::Result<Vec<TakeOver>> {
        Ok(Vec::new())
    }

    /// How often processes ended by themselves for a reason that is part of the trial, by that reason.
    fn ends(&self) -> BTreeMap<&'static str, u64> {
        BTreeMap::new()
    }

    /// Ends everything in good order.
    async fn stop(&mut self) -> anyhow::Result<()>;

    /// What went wrong with the processes, a sentence each.
    fn troubles(&mut self) -> &mut Vec<String>;

    /// Panics that are no part of the trial.
    fn panics(&mut self) -> anyhow::Result<u64>;

    /// What the processes said last, for a rig that does not begin.
    fn log(&self) -> String;

    /// Ends everything, keeps the files and says where they are.
    fn keep(self) -> PathBuf;
}

/// The events and the dead letters of a journal.
pub(crate) type Contents = (Vec<Arc<Event>>, Vec<DeadLetter>);

/// What became of a run.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) verdict: Verdict,
    /// How often each act was played.
    pub(crate) acts: BTreeMap<&'static str, u64>,
    /// Acts that could not be played, with the reason.
    pub(crate) skipped: BTreeMap<(&'static str, &'static str), u64>,
    /// How long it took until nothing was missing any more.
    pub(crate) healed: Duration,
    pub(crate) panics: u64,
    /// Who took over from whom, where several processes can.
    pub(crate) take_overs: Vec<TakeOver>,
    /// Ends of processes by themselves that are part of the trial, by their reason.
    pub(crate) ends: BTreeMap<&'static str, u64>,
}

impl Outcome {
    /// Whether every promise was kept.
    pub(crate) fn holds(&self) -> bool {
        self.verdict.holds()
    }
}

/// Plays a script on a rig that runs, heals it, and judges what came of it.
///
/// # Errors
/// A rig that does not work; a promise that is broken is no error but a part of the verdict.
pub(crate) async fn play(
    rig: &mut impl Rig,
    script: &Script,
    load: Load,
) -> anyhow::Result<Outcome> {
    begin(rig).await?;
    let mut acts = BTreeMap::new();
    let mut skipped = BTreeMap::new();
    let mut messages = BTreeSet::new();
    let begun = Instant::now();
    for act in &script.acts {
        look_until(rig, begun + act.at, &mut messages).await?;
        let refused = match &act.what {
            What::Command(command) => rig.command(command).await.map(|_| None)?,
            what => rig.act(what).await?,
        };
        match refused {
            Some(why) => *skipped.entry((act.what.name(), why)).or_default() += 1,
            None => *acts.entry(act.what.name()).or_default() += 1,
        }
    }
    look_until(rig, begun + script.length, &mut messages).await?;

    let healing = Instant::now();
    rig.mend().await?;
    for fault in faults::undone() {
        rig.command(&fault).await?;
    }
    for platform in PLATFORMS {
        rig.command(&json!({"platform": platform, "do": "traffic", "rate": 0}))
            .await?;
        // Hanging connections are cut, since heartbeats would notice them too late for this trial.
        rig.command(&json!({"platform": platform, "do": "cut"}))
            .await?;
    }
    let (evidence, mut verdict) = loop {
        rig.watch().await?;
        see(rig, &mut messages).await?;
        let evidence = timeout(COLLECT, collect(rig, &messages)).await??;
        if let Some(evidence) = evidence {
            let verdict = Verdict::of(&evidence, script);
            if !verdict.is_open || healing.elapsed() > load.patience {
                break (evidence, verdict);
            }
        } else if healing.elapsed() > load.patience {
            anyhow::bail!("there is no journal");
        }
        sleep(VERDICTS).await;
    };
    let healed = healing.elapsed();
    let take_overs = rig.judge(&evidence, &mut verdict).await?;
    rig.stop().await?;
    verdict.broken.append(rig.troubles());
    let panics = rig.panics()?;
    if panics > 0 {
        verdict
            .broken
            .push(format!("{panics} panics that were not planned"));
    }
    Ok(Outcome {
        verdict,
        acts,
        skipped,
        healed,
        panics,
        take_overs,
        ends: rig.ends(),
    })
}

/// Waits until events of every platform are stored.
async fn begin(rig: &mut impl Rig) -> anyhow::Result<()> {
    let add = json!({"platform": "discord", "do": "add_channel", "by": "mira", "name": CHANNEL});
    rig.command(&add).await?;
    let begun = Instant::now();
    loop {
        rig.watch().await?;
        if let Some((stored, _)) = rig.stored().await? {
            let has = |name: &&str| {
                let mut stored = stored.iter();
                stored.any(|event| event.source().as_str() == *name)
            };
            if PLATFORMS.iter().all(has) && rig.has_begun().await? {
                return Ok(());
            }
        }
        if begun.elapsed() > BEGIN {
            let log = rig.log();
            anyhow::bail!(
                "nothing of some platform was stored or handled within two minutes: {log}"
            );
        }
        sleep(LOOK).await;
    }
}

/// Opens a journal for reading; `None` while there is none that can be read.
///
/// # Errors
/// A journal that is damaged.
async fn reader(file: &Path) -> anyhow::Result<Option<SqliteJournal>> {
    match SqliteJournal::read_only(file).await {
        Ok(journal) => Ok(Some(journal)),
        Err(error) if error.trouble() == Trouble::Corrupt => Err(error.into()),
        // It is not made yet, or not readable just now.
        Err(_) => Ok(None),
    }
}

/// Looks at the processes until a time has come.
async fn look_until(
    rig: &mut impl Rig,
    at: Instant,
    messages: &mut BTreeSet<(String, String)>,
) -> anyhow::Result<()> {
    let mut looks = 0_u32;
    while Instant::now() < at {
        sleep_until(at.min(Instant::now() + LOOK)).await;
        rig.watch().await?;
        looks += 1;
        // Messages may be deleted again by the simulated people.
        if looks.is_multiple_of(10) {
            see(rig, messages).await?;
        }
    }
    Ok(())
}

/// Notes the messages that are in the channel for asking.
async fn see(rig: &mut impl Rig, messages: &mut BTreeSet<(String, String)>) -> anyhow::Result<()> {
    let ask = json!({"platform": "discord", "do": "messages", "place": CHANNEL, "limit": 1000});
    let seen = rig.command(&ask).await?;
    for message in seen["messages"].as_array().into_iter().flatten() {
        note(message, messages);
    }
    Ok(())
}

fn note(message: &Value, messages: &mut BTreeSet<(String, String)>) {
    if let (Some(id), Some(text)) = (message["id"].as_str(), message["content"].as_str())
        && text.starts_with(crate::bot::ANSWER)
    {
        messages.insert((id.to_owned(), text.to_owned()));
    }
}

/// Collects what a verdict needs; `None` while there is no journal.
async fn collect(
    rig: &mut impl Rig,
    messages: &BTreeSet<(String, String)>,
) -> anyhow::Result<Option<Evidence>> {
    let Some((events, letters)) = rig.stored().await? else {
        return Ok(None);
    };
    let mut messages = messages.clone();
    for event in &events {
        if event.kind().as_str() == "discord.MESSAGE_CREATE"
            && let Ok(message) = serde_json::from_slice(event.body())
        {
            note(&message, &mut messages);
        }
    }
    let mut audits = BTreeMap::new();
    for platform in PLATFORMS {
        let of: Vec<Arc<Event>> = events
            .iter()
            .filter(|event| event.source().as_str() == platform)
            .cloned()
            .collect();
        audits.insert(platform, rig.audit(platform, &of).await?);
    }
    // Read behind the journal: what it has as handled was done before.
    let lives = rig.lives()?;
    Ok(Some(Evidence {
        audits,
        events,
        letters,
        lives,
        messages,
    }))
}

/// What a journal's file has; `None` while there is none.
///
/// # Errors
/// A journal that is damaged.
async fn contents(file: &Path) -> anyhow::Result<Option<Contents>> {
    let Some(journal) = reader(file).await? else {
        return Ok(None);
    };
    let mut events = Vec::new();
    read_on(&journal, &mut events).await?;
    Ok(Some((events, letters(&journal).await?)))
}

/// Reads the events behind those that were read already.
async fn read_on(journal: &impl Journal, events: &mut Vec<Arc<Event>>) -> Result<(), ReadError> {
    loop {
        let after = events
            .last()
            .map_or(Position::ZERO, |event| event.position());
        let page = journal.read(after, PAGE).await?;
        if page.is_empty() {
            return Ok(());
        }
        events.extend(page);
    }
}

async fn letters(journal: &impl Journal) -> Result<Vec<DeadLetter>, ReadError> {
    let mut letters: Vec<DeadLetter> = Vec::new();
    loop {
        let after = letters.last().map_or(DeadLetterId(0), |letter| letter.id);
        let page = journal.dead_letters(after, PAGE).await?;
        if page.is_empty() {
            return Ok(letters);
        }
        letters.extend(page);
    }
}

/// The bot's processes in order, each with its end and the effects in its file.
fn lives(ends: &[End], file: impl Fn(usize) -> PathBuf) -> anyhow::Result<Vec<Life>> {
    let lives = ends.iter().enumerate().map(|(number, end)| {
        Ok(Life {
            lines: effects::read(&file(number))?,
            end: *end,
        })
    });
    lives.collect()
}

/// Panics in these logs that are no part of the trial.
fn panics(logs: impl Iterator<Item = PathBuf>) -> u64 {
    let mut panics = 0;
    for log in logs {
        // A process that never ran has no log.
        let log = std::fs::read(log).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let mut lines = log.lines().peekable();
        while let Some(line) = lines.next() {
            let is_planned = lines.peek().is_some_and(|next| next.contains(PLANNED));
            panics += u64::from(line.contains("panicked at") && !is_planned);
        }
    }
    panics
}
