#![doc = include_str!("../README.md")]
//!
//! | file | has |
//! | --- | --- |
//! | `script`, `faults` | what happens in a run, and when |
//! | `rig` | the simulator, the daemon and the bot, on which a script is played |
//! | `bot`, `mood`, `effects` | the bot on trial, how its handler behaves, and what it did |
//! | `verdict` | the judgement |
//! | `shorten` | the shortest prefix of a script that fails |
//! | `signals` | SIGINT and SIGTERM, which end everything |
//! | `tally`, `report` | counts, and what is printed |

mod args;
mod bot;
mod effects;
mod faults;
mod mood;
mod report;
mod rig;
mod script;
mod shorten;
mod signals;
mod tally;
mod verdict;

use std::{io, path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use clap::Parser as _;
use tokio::runtime::{Builder, Runtime};

use crate::{
    args::{Cli, Cluster, Command, Course, Trial},
    rig::{
        Load, Outcome, Rig,
        cluster::nats,
        paused::{Paused, count_panics},
        real::Real,
    },
    script::{Script, Stage},
    shorten::{Shortest, shortest},
    signals::{Interrupted, Stop},
    tally::Tally,
};

/// Tries of each prefix with real processes, of which no two runs are quite alike.
const TRIES: u32 = 3;
/// The same on a cluster, whose runs take most of a minute.
const CLUSTER_TRIES: u32 = 2;
/// Exit code of a trial that a signal has ended.
const INTERRUPTED: u8 = 130;

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // A closed output is a normal end.
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    match execute(cli.command) {
        Ok(code) => ExitCode::from(code),
        Err(error) if is_closed(&error) => ExitCode::SUCCESS,
        Err(error) if error.is::<Interrupted>() => ExitCode::from(INTERRUPTED),
        Err(error) => {
            use io::Write as _;
            // There is nobody to tell if stderr is closed too.
            let _ = writeln!(io::stderr(), "error: {error:#}");
            if let Some(Hint(hint)) = error.downcast_ref::<Hint>() {
                let _ = writeln!(io::stderr(), "hint: {hint}");
            }
            let is_usage = error.is::<Hint>();
            ExitCode::from(if is_usage { 2 } else { 1 })
        }
    }
}

/// A mistake of the caller, with the way out; it stands around the error that it explains.
#[derive(Debug)]
struct Hint(&'static str);

impl std::fmt::Display for Hint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the trial cannot begin")
    }
}

/// Whether stdout was closed, which is a normal end.
fn is_closed(error: &anyhow::Error) -> bool {
    let error = error.downcast_ref::<io::Error>();
    error.is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

fn execute(command: Command) -> anyhow::Result<u8> {
    match command {
        Command::Run(run) => {
            let antiphon = antiphon(run.processes.antiphon)?;
            let play = async |script: &Script, load: Load, keeps: Keeps| {
                let rig = Real::start(&antiphon, script, load).await?;
                played(rig, script, load, keeps.or_always(run.processes.keep)).await
            };
            let script = |number| script(run.trial.course, number);
            trial(&run.trial, script, real_time, TRIES, &play)
        }
        Command::Virtual(virtual_runs) => {
            count_panics();
            let play = async |script: &Script, load: Load, keeps: Keeps| {
                let rig = Paused::start(script, load).await?;
                played(rig, script, load, keeps).await
            };
            // On a paused clock a script goes the same way again, but for what the machine's threads make of it.
            let script = |number| script(virtual_runs.course, number);
            trial(&virtual_runs, script, paused_time, 1, &play)
        }
        Command::Cluster(runs) => cluster(runs),
        Command::Script { course, cluster } => {
            let script = if cluster {
                Script::of_cluster(course.seed, course.seconds)
            } else {
                script(course, 0)
            };
            report::acts(&script)?;
            Ok(0)
        }
        Command::Bot { settings, effects } => real_time()?.block_on(bot::run(settings, effects)),
    }
}

/// Plays runs on a cluster.
fn cluster(runs: Cluster) -> anyhow::Result<u8> {
    let antiphon = antiphon(runs.processes.antiphon)?;
    match nats::version(&runs.nats_server) {
        Ok(version) => report::line(format_args!("nats-server {version}"))?,
        Err(why) => {
            report::line(format_args!("skipped: {why}"))?;
            return Ok(0);
        }
    }
    let play = async |script: &Script, load: Load, keeps: Keeps| {
        let started = rig::cluster::Cluster::start(&antiphon, &runs.nats_server, script, load);
        let keeps = keeps.or_always(runs.processes.keep);
        Box::pin(played(started.await?, script, load, keeps)).await
    };
    let of_all = Trial {
        course: Course {
            seed: runs.seed,
            seconds: runs.seconds,
            kill_share: 1.0,
        },
        sitting: runs.sitting,
        rate: runs.rate,
        heal: runs.heal,
    };
    let script = |number| Script::of_cluster(runs.seed.wrapping_add(number), runs.seconds);
    trial(&of_all, script, real_time, CLUSTER_TRIES, &play)
}

/// Whether the files of a run are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Keeps {
    Always,
    IfItFails,
    Never,
}

impl Keeps {
    fn or_always(self, always: bool) -> Self {
        if always { Self::Always } else { self }
    }
}

/// Plays a script on a rig, and keeps its files if they are wanted.
async fn played(
    mut rig: impl Rig,
    script: &Script,
    load: Load,
    keeps: Keeps,
) -> anyhow::Result<Outcome> {
    let outcome = rig::play(&mut rig, script, load).await;
    let is_kept = match keeps {
        Keeps::Always => true,
        Keeps::IfItFails => !outcome.as_ref().is_ok_and(Outcome::holds),
        Keeps::Never => false,
    };
    if is_kept {
        report::line(format_args!("    files: {}", rig.keep().display()))?;
    }
    outcome
}

/// The command on trial.
fn antiphon(named: Option<PathBuf>) -> anyhow::Result<PathBuf> {
    let beside = || -> anyhow::Result<PathBuf> {
        let this = std::env::current_exe().context("this program has no file")?;
        Ok(this.with_file_name("antiphon"))
    };
    let path = named.map_or_else(beside, Ok)?;
    if !path.is_file() {
        let hint = Hint("build it by `cargo build --workspace`, or name it by `--antiphon FILE`");
        return Err(anyhow::anyhow!("there is no {}", path.display()).context(hint));
    }
    std::path::absolute(&path).context("there is no current folder")
}

fn real_time() -> anyhow::Result<Runtime> {
    let runtime = Builder::new_current_thread().enable_all().build();
    runtime.context("could not start the runtime")
}

fn paused_time() -> anyhow::Result<Runtime> {
    let mut runtime = Builder::new_current_thread();
    let runtime = runtime.enable_all().start_paused(true).build();
    runtime.context("could not start the runtime")
}

/// The script of a run.
fn script(course: Course, run: u64) -> Script {
    let stage = Stage::new(course.seconds, course.kill_share);
    Script::new(course.seed.wrapping_add(run), stage)
}

/// Plays all runs, and reports them; the exit code says whether every promise was kept.
fn trial(
    trial: &Trial,
    script: impl Fn(u64) -> Script,
    runtime: impl Fn() -> anyhow::Result<Runtime>,
    tries: u32,
    play: &impl AsyncFn(&Script, Load, Keeps) -> anyhow::Result<Outcome>,
) -> anyhow::Result<u8> {
    let load = Load {
        rate: trial.rate,
        patience: trial.heal,
    };
    let sitting = &trial.sitting;
    let mut all = match &sitting.tally {
        Some(path) => Tally::read(path).context(Hint("name another file by `--tally`"))?,
        None => Tally::default(),
    };
    let stop = Stop::listen()?;
    let mut failed = 0_u64;
    for run in 0..sitting.runs {
        let script = script(run);
        let played = runtime()?.block_on(stop.or(play(&script, load, Keeps::IfItFails)));
        if played.as_ref().is_err_and(anyhow::Error::is::<Interrupted>) {
            report::tally(&all)?;
        }
        let outcome = played?;
        report::run(&script, &outcome)?;
        all.add(&script, &outcome);
        if let Some(path) = &sitting.tally {
            all.write(path)?;
        }
        if outcome.holds() {
            continue;
        }
        failed += 1;
        report::acts(&script)?;
        if sitting.no_shorten {
            continue;
        }
        let found = shortest(&script, tries, async |prefix: &Script| {
            Ok(!play(prefix, load, Keeps::Never).await?.holds())
        });
        match runtime()?.block_on(stop.or(found))? {
            Shortest::Acts(acts) => {
                report::line(format_args!("    it fails still with these {acts} acts:"))?;
                report::acts(&script.first(acts))?;
            }
            Shortest::NotAgain => {
                report::line(format_args!("    it did not fail again in {tries} tries"))?;
            }
        }
    }
    report::tally(&all)?;
    Ok(u8::from(failed > 0))
}
