//! A cluster: `antiphon sim`, three `nats-server`, two `antiphon run` behind proxies, and three workers of the bot.
//!
//! A process that ends by itself is started again, as a service manager does; it may end so only because another one has
//! taken its place, or because it cannot reach servers that are down or cut off.

pub(crate) mod nats;
mod proxy;
pub(crate) mod take_over;

use std::{
    collections::{BTreeMap, HashSet},
    fs,
    path::{Path, PathBuf},
    process::ExitStatus,
    sync::Arc,
    time::Duration,
};

use antiphon::{
    DeadLetter, Event,
    journal::{JetStreamJournal, JetStreamOptions, Journal, Trouble},
};
use anyhow::{Context as _, bail};
use async_nats::jetstream::{
    self,
    consumer::{DeliverPolicy, pull::OrderedConfig},
    kv,
};
use futures_util::StreamExt as _;
use serde_json::Value;
use tokio::time::{Instant, sleep, timeout};

use self::{
    nats::Servers,
    proxy::Network,
    take_over::{Break, Stored, TakeOver},
};
use super::{Load, Rig, files::Files, process::Process, world::World};
use crate::{
    bot::{REPLACED, Settings, UNREACHABLE},
    effects::{End, Life, now},
    script::{
        Script, What,
        cluster::{Blow, INGESTERS, Part, WORKERS},
    },
    verdict::{Audit, Evidence, Verdict},
};

/// Name of the journal.
pub(crate) const JOURNAL: &str = "chaos";
/// How long servers may take until they are a cluster that keeps a journal.
const BECOMES_ONE: Duration = Duration::from_secs(120);
/// Pause between two tries of that.
const AGAIN: Duration = Duration::from_millis(200);
/// How long a process may take to end after SIGTERM.
const STOP: Duration = Duration::from_secs(60);
/// How long a process may end because servers cannot be reached, after all of them can be again.
const DISTURBED: Duration = Duration::from_secs(30);
/// How long the question may take who holds the journal.
const WHO: Duration = Duration::from_millis(500);
/// How long one answer of the servers may take while the stored events are read.
const ANSWER: Duration = Duration::from_secs(10);
/// What a process says that finds itself replaced.
const TAKEN: &str = "another process has taken it over";
/// Exit codes of `antiphon run`: it failed, and it could not reach something.
const FAILED: i32 = 1;

/// A process that is to run, or not.
#[derive(Default)]
struct Slot {
    process: Option<Process>,
    is_wanted: bool,
    is_frozen: bool,
    /// Whether it was asked to end.
    is_stopping: bool,
    /// Number of the worker's process that runs.
    life: usize,
}

/// The processes and their files.
pub(crate) struct Cluster {
    // Killed before the folder is removed.
    ingesters: [Slot; INGESTERS],
    workers: [Slot; WORKERS],
    world: World,
    networks: Vec<Network>,
    servers: Servers,
    files: Files,
    antiphon: PathBuf,
    leases: kv::Store,
    context: jetstream::Context,
    /// The journal, once it can be read, and what was read of it.
    reader: Option<JetStreamJournal>,
    events: Vec<Arc<Event>>,
    /// How each process of a worker ended.
    lives: Vec<End>,
    breaks: Vec<Break>,
    /// When the traffic ended.
    ended: i64,
    /// When a server was down or an ingester cut off last.
    disturbed: Option<Instant>,
    /// Ends of processes by themselves, by their reason.
    ends: BTreeMap<&'static str, u64>,
    troubles: Vec<String>,
}

fn options() -> JetStreamOptions {
    JetStreamOptions::new(JOURNAL)
}

impl Cluster {
    /// Starts everything.
    ///
    /// # Errors
    /// A program that cannot be started, files that cannot be made, and servers that do not become a cluster.
    pub(crate) async fn start(
        antiphon: &Path,
        nats_server: &Path,
        script: &Script,
        load: Load,
    ) -> anyhow::Result<Self> {
        let files = Files::new()?;
        let servers = Servers::start(nats_server, files.folder())?;
        make_journal(&servers.urls()).await?;
        let urls = servers.urls();
        let addresses = urls.split(',').map(str::parse::<async_nats::ServerAddr>);
        let addresses = addresses.collect::<Result<Vec<_>, _>>()?;
        let client = async_nats::connect(addresses).await;
        let context = jetstream::new(client.context("could not reach the servers")?);
        let leases = context.get_key_value(format!("antiphon-{JOURNAL}-lease"));
        let leases = leases.await.context("there is no bucket of leases")?;
        let networks = (0..INGESTERS).map(|_| Network::to(&servers.ports()));
        let networks = networks.collect::<anyhow::Result<Vec<_>>>()?;
        let world = World::start(antiphon, files.folder(), script.seed, load.rate)?;
        let mut cluster = Self {
            ingesters: Default::default(),
            workers: Default::default(),
            world,
            networks,
            servers,
            files,
            antiphon: antiphon.to_owned(),
            leases,
            context,
            reader: None,
            events: Vec::new(),
            lives: Vec::new(),
            breaks: Vec::new(),
            ended: i64::MAX,
            // Workers may begin before there is an ingester.
            disturbed: Some(Instant::now()),
            ends: BTreeMap::new(),
            troubles: Vec::new(),
        };
        cluster.configure(script)?;
        cluster.run_all()?;
        Ok(cluster)
    }

    /// Writes the configurations of the ingesters, each with its own way to the servers, and the workers' settings.
    fn configure(&self, script: &Script) -> anyhow::Result<()> {
        // Each has a folder of its own, since the control socket is there.
        let secrets = format!("{}/", self.files.path("antiphon.secrets").display());
        for (number, network) in self.networks.iter().enumerate() {
            let urls = nats::urls(network.ports());
            let journal =
                format!("url = \"{urls}\"\nname = \"{JOURNAL}\"\nreplicas = 3\nwait = \"1h\"");
            let text = self.files.configuration(&journal)?;
            let text = text.replace("antiphon.secrets/", &secrets);
            let folder = self.files.path(&name(Part::Ingester(number)));
            fs::create_dir(&folder).context("could not make a folder")?;
            fs::write(folder.join("antiphon.toml"), text)
                .context("could not write the configuration")?;
        }
        self.files.save(&Settings {
            seed: script.seed,
            is_alone: false,
            saves_each: script.saves_each,
            moods: script.moods(),
            journal: PathBuf::new(),
            servers: Some(self.servers.urls()),
            addresses: self.files.path("sim.json"),
            song: String::new(),
            guild: 0,
            channel: 0,
        })
    }

    fn parts() -> impl Iterator<Item = Part> {
        let ingesters = (0..INGESTERS).map(Part::Ingester);
        ingesters.chain((0..WORKERS).map(Part::Worker))
    }

    fn run_all(&mut self) -> anyhow::Result<()> {
        Self::parts().try_for_each(|part| self.want(part))
    }

    /// A process; a server has its own place.
    fn slot(&mut self, part: Part) -> Option<&mut Slot> {
        match part {
            Part::Ingester(number) => self.ingesters.get_mut(number),
            Part::Worker(number) => self.workers.get_mut(number),
            Part::Server(_) => None,
        }
    }

    /// Starts a process that does not run; one that is ending is started again once it has.
    fn want(&mut self, part: Part) -> anyhow::Result<()> {
        let Some(slot) = self.slot(part) else {
            return Ok(());
        };
        slot.is_wanted = true;
        if slot.process.is_some() {
            return Ok(());
        }
        let name = name(part);
        let life = self.lives.len();
        let process = if let Part::Worker(_) = part {
            self.lives.push(End::None);
            self.files.bot(&name, life)?
        } else {
            let configuration = self.files.path(&name).join("antiphon.toml");
            self.files.daemon(&self.antiphon, &name, &configuration)?
        };
        if let Some(slot) = self.slot(part) {
            *slot = Slot {
                process: Some(process),
                is_wanted: true,
                life,
                ..Slot::default()
            };
        }
        Ok(())
    }

    /// Notes that a process has gone.
    fn gone(&mut self, part: Part, end: End) {
        let Some(slot) = self.slot(part) else { return };
        let life = slot.life;
        *slot = Slot {
            is_wanted: slot.is_wanted,
            ..Slot::default()
        };
        if let Part::Worker(_) = part {
            self.lives[life] = end;
        }
    }

    /// Whether an ingester holds the journal now, as far as the servers say.
    async fn holds(&self, part: Part) -> bool {
        let Part::Ingester(number) = part else {
            return false;
        };
        let Some(process) = &self.ingesters[number].process else {
            return false;
        };
        let holder = format!("process {} ", process.id());
        let entry = timeout(WHO, self.leases.entry("appender")).await;
        let entry = entry.ok().and_then(Result::ok).flatten();
        entry.is_some_and(|entry| {
            entry.operation == kv::Operation::Put && entry.value.starts_with(holder.as_bytes())
        })
    }

    /// Notes the beginning of something that is wrong.
    async fn begin(&mut self, blow: Blow) {
        let part = blow.part();
        let held = self.holds(part).await;
        let life = match part {
            Part::Worker(number) => Some(self.workers[number].life),
            _ => None,
        };
        self.breaks.push(Break {
            part,
            at: now(),
            until: i64::MAX,
            is_sudden: !matches!(blow, Blow::Stop(_)),
            held,
            life,
        });
    }

    /// Notes its end.
    fn end(&mut self, part: Part) {
        let of_part = |one: &&mut Break| one.part == part && one.until == i64::MAX;
        if let Some(open) = self.breaks.iter_mut().find(of_part) {
            open.until = now();
        }
    }

    async fn blow(&mut self, blow: Blow) -> anyhow::Result<Option<&'static str>> {
        let part = blow.part();
        match blow {
            Blow::Kill(Part::Server(number)) => {
                self.begin(blow).await;
                self.servers.kill(number);
            }
            Blow::Start(Part::Server(number)) => {
                self.servers.run(number)?;
                self.end(part);
            }
            Blow::Kill(_) | Blow::Stop(_) | Blow::Freeze(_) => {
                if self.slot(part).is_none_or(|slot| slot.process.is_none()) {
                    return Ok(Some("the process was just being started again"));
                }
                self.begin(blow).await;
                self.hit(blow)?;
            }
            Blow::Start(_) => {
                self.want(part)?;
                self.end(part);
            }
            Blow::Thaw(_) => {
                self.thaw(part)?;
                self.end(part);
            }
            Blow::Cut(number, how) => {
                self.begin(blow).await;
                self.networks[number].set(Some(how));
            }
            Blow::Join(number) => {
                self.networks[number].set(None);
                self.end(part);
            }
        }
        Ok(None)
    }

    /// Kills, ends or stops a process that runs.
    fn hit(&mut self, blow: Blow) -> anyhow::Result<()> {
        let part = blow.part();
        let Some(slot) = self.slot(part) else {
            return Ok(());
        };
        match blow {
            Blow::Kill(_) => {
                slot.is_wanted = false;
                // Dropped, it is killed.
                slot.process = None;
                self.gone(part, End::Torn);
            }
            Blow::Stop(_) => {
                slot.is_wanted = false;
                slot.is_stopping = true;
                if let Some(process) = &slot.process {
                    process.signal("TERM")?;
                }
            }
            Blow::Freeze(_) => {
                slot.is_frozen = true;
                if let Some(process) = &slot.process {
                    process.signal("STOP")?;
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn thaw(&mut self, part: Part) -> anyhow::Result<()> {
        if let Some(slot) = self.slot(part)
            && std::mem::take(&mut slot.is_frozen)
            && let Some(process) = &slot.process
        {
            process.signal("CONT")?;
        }
        Ok(())
    }

    /// Judges the end of a process that nobody killed.
    fn ended(&mut self, part: Part, status: ExitStatus) {
        let was_asked = self.slot(part).is_some_and(|slot| slot.is_stopping);
        let name = name(part);
        if was_asked && (status.success() || Process::is_terminated(status)) {
            // One that had not begun to wait for signals had nothing to end either.
            let end = if status.success() {
                End::Stopped
            } else {
                End::Torn
            };
            self.gone(part, end);
            return;
        }
        let tail = self.files.tail(&name);
        let (replaced, unreachable) = match part {
            Part::Worker(_) => (i32::from(REPLACED), i32::from(UNREACHABLE)),
            _ => (FAILED, i32::from(UNREACHABLE)),
        };
        let was_disturbed = self.disturbed.is_some_and(|at| at.elapsed() < DISTURBED);
        let reason = match status.code() {
            Some(code) if code == replaced && tail.contains(TAKEN) => Some("replaced"),
            Some(code) if code == unreachable && was_disturbed => Some("unreachable"),
            _ => None,
        };
        match reason {
            Some(reason) => *self.ends.entry(reason).or_default() += 1,
            None => self
                .troubles
                .push(format!("{name} ended by itself: {status}: {tail}")),
        }
        self.gone(part, End::Torn);
    }

    /// Ends a process by SIGTERM.
    async fn end_process(&mut self, part: Part) -> anyhow::Result<()> {
        self.thaw(part)?;
        let Some(slot) = self.slot(part) else {
            return Ok(());
        };
        slot.is_wanted = false;
        slot.is_stopping = true;
        let Some(process) = &mut slot.process else {
            return Ok(());
        };
        process.signal("TERM")?;
        let Some(status) = process.end_within(STOP).await? else {
            let name = name(part);
            let tail = self.files.tail(&name);
            self.troubles
                .push(format!("{name} did not end by SIGTERM: {tail}"));
            self.gone(part, End::Torn);
            return Ok(());
        };
        self.ended(part, status);
        Ok(())
    }

    /// The journal, for reading; `None` while there is none that can be read.
    ///
    /// # Errors
    /// A journal that is damaged.
    async fn reader(&mut self) -> anyhow::Result<Option<&JetStreamJournal>> {
        if self.reader.is_none() {
            match JetStreamJournal::read_only(&self.servers.urls(), options()).await {
                Ok(journal) => self.reader = Some(journal),
                Err(error) if error.trouble() == Trouble::Corrupt => return Err(error.into()),
                Err(_) => {}
            }
        }
        Ok(self.reader.as_ref())
    }

    /// Every event as it was stored, from the headers of the stream.
    async fn stored_events(&self) -> anyhow::Result<Vec<Stored>> {
        let stream = self.context.get_stream(format!("antiphon-{JOURNAL}")).await;
        let stream = stream.context("there is no stream")?;
        let config = OrderedConfig {
            headers_only: true,
            filter_subject: format!("antiphon.{JOURNAL}.event.>"),
            deliver_policy: DeliverPolicy::All,
            ..OrderedConfig::default()
        };
        let consumer = stream.create_consumer(config).await;
        let consumer = consumer.context("the stream cannot be read")?;
        let mut pending = consumer.cached_info().num_pending;
        let messages = consumer.messages().await;
        let mut messages = messages.context("the stream cannot be read")?;
        let mut all = Vec::new();
        while pending > 0 {
            let message = timeout(ANSWER, messages.next()).await;
            let message = message.context("the servers stopped sending the stream")?;
            let message = message.context("the stream ended")??;
            let info = message.info().map_err(|error| anyhow::anyhow!(error))?;
            pending = info.pending;
            let at = info.published.unix_timestamp_nanos() / 1000;
            let stored = stored(&message, i64::try_from(at)?);
            all.extend(stored);
        }
        Ok(all)
    }
}

/// What the headers of a message say of its event.
fn stored(message: &jetstream::Message, at: i64) -> Option<Stored> {
    let headers = message.headers.as_ref()?;
    let header = |name| headers.get(name).map(async_nats::HeaderValue::as_str);
    Some(Stored {
        position: header("Antiphon-Position")?.parse().ok()?,
        source: header("Antiphon-Source")?.to_owned(),
        at,
        epoch: header("Antiphon-Run")?.split('/').next()?.parse().ok()?,
    })
}

fn name(part: Part) -> String {
    match part {
        Part::Ingester(number) => format!("ingester-{number}"),
        Part::Worker(number) => format!("worker-{number}"),
        Part::Server(number) => format!("server-{number}"),
    }
}

/// Makes the journal with its replicas, once the servers are a cluster.
async fn make_journal(urls: &str) -> anyhow::Result<()> {
    let begun = Instant::now();
    loop {
        let opened = JetStreamJournal::open(urls, options().replicas(3)).await;
        match opened {
            Ok(journal) => return Ok(journal.close().await?),
            Err(error)
                if matches!(error.trouble(), Trouble::Unreachable | Trouble::Other)
                    && begun.elapsed() < BECOMES_ONE => {}
            Err(error) => return Err(error).context("the servers did not become a cluster"),
        }
        sleep(AGAIN).await;
    }
}

impl Rig for Cluster {
    async fn command(&mut self, command: &Value) -> anyhow::Result<Value> {
        self.world.command(command).await
    }

    async fn act(&mut self, what: &What) -> anyhow::Result<Option<&'static str>> {
        match what {
            What::Command(command) => drop(self.command(command).await?),
            What::Blow(blow) => return self.blow(*blow).await,
            _ => return Ok(Some("a cluster has no file and no daemon")),
        }
        Ok(None)
    }

    async fn has_begun(&mut self) -> anyhow::Result<bool> {
        // Each worker has its share, and has handled something.
        let lives = self.lives()?;
        let mut workers = self.workers.iter();
        Ok(workers.all(|slot| !lives[slot.life].lines.is_empty()))
    }

    async fn watch(&mut self) -> anyhow::Result<()> {
        if let Some(status) = self.world.process().ended()? {
            let log = self.files.tail("sim");
            bail!("the simulator ended by itself: {status}: {log}");
        }
        self.servers.watch()?;
        if !self.servers.all_run() || self.networks.iter().any(Network::is_cut) {
            self.disturbed = Some(Instant::now());
        }
        for part in Self::parts() {
            let Some(slot) = self.slot(part) else {
                continue;
            };
            let is_wanted = slot.is_wanted;
            let ended = match &mut slot.process {
                Some(process) => process.ended()?,
                None => None,
            };
            if let Some(status) = ended {
                self.ended(part, status);
            }
            if is_wanted {
                self.want(part)?;
            }
        }
        Ok(())
    }

    async fn mend(&mut self) -> anyhow::Result<()> {
        self.ended = now();
        for network in &self.networks {
            network.set(None);
        }
        self.servers.run_all()?;
        for part in Self::parts() {
            self.thaw(part)?;
        }
        self.run_all()
    }

    async fn audit(&mut self, platform: &str, events: &[Arc<Event>]) -> anyhow::Result<Audit> {
        self.world.audit(platform, events).await
    }

    async fn stored(&mut self) -> anyhow::Result<Option<super::Contents>> {
        let mut events = std::mem::take(&mut self.events);
        let Some(journal) = self.reader().await? else {
            return Ok(None);
        };
        // A server that has just come back may not answer.
        let passes = |trouble: Trouble| trouble.is_transient();
        let read = async {
            super::read_on(journal, &mut events).await?;
            super::letters(journal).await
        };
        let letters: Result<Vec<DeadLetter>, _> = read.await;
        self.events.clone_from(&events);
        match letters {
            Ok(letters) => Ok(Some((events, letters))),
            Err(error) if passes(error.trouble()) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn lives(&mut self) -> anyhow::Result<Vec<Life>> {
        super::lives(&self.lives, |life| self.files.effects(life))
    }

    async fn judge(
        &mut self,
        evidence: &Evidence,
        verdict: &mut Verdict,
    ) -> anyhow::Result<Vec<TakeOver>> {
        // Nothing was swept, so that the positions follow one another.
        let positions: HashSet<u64> = evidence
            .events
            .iter()
            .map(|event| event.position().get())
            .collect();
        let last = positions.iter().max().copied().unwrap_or_default();
        if last != evidence.events.len() as u64 || positions.len() != evidence.events.len() {
            verdict.broken.push(format!(
                "positions have holes: {} events up to {last}",
                evidence.events.len()
            ));
        }
        if verdict.counts.identifies != 1 {
            let identifies = verdict.counts.identifies;
            verdict
                .broken
                .push(format!("one session was identified {identifies} times"));
        }
        let stored = self.stored_events().await?;
        let take_overs = take_over::of(
            &self.breaks,
            &stored,
            &evidence.events,
            &evidence.lives,
            self.ended,
        );
        for late in take_overs.iter().filter(|one| one.is_late()) {
            let seconds = take_over::seconds(late.took);
            let of = late.of;
            verdict.broken.push(format!(
                "taken over too late: {of} from {}, after {seconds:.1} s",
                name(late.from)
            ));
        }
        Ok(take_overs)
    }

    async fn stop(&mut self) -> anyhow::Result<()> {
        for part in (0..WORKERS).map(Part::Worker) {
            self.end_process(part).await?;
        }
        for part in (0..INGESTERS).map(Part::Ingester) {
            self.end_process(part).await?;
        }
        self.reader = None;
        Ok(())
    }

    fn troubles(&mut self) -> &mut Vec<String> {
        &mut self.troubles
    }

    fn ends(&self) -> BTreeMap<&'static str, u64> {
        self.ends.clone()
    }

    fn log(&self) -> String {
        format!(
            "{}\n{}",
            self.files.tail("ingester-0"),
            self.files.tail("ingester-1")
        )
    }

    fn panics(&mut self) -> anyhow::Result<u64> {
        let names = Self::parts().map(name).chain(["sim".to_owned()]);
        let logs = names.map(|name| self.files.log(&name));
        Ok(super::panics(logs))
    }

    fn keep(self) -> PathBuf {
        let Self {
            files,
            ingesters,
            workers,
            servers,
            world,
            ..
        } = self;
        drop((ingesters, workers, servers, world));
        files.keep()
    }
}
