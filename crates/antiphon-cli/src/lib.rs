//! The antiphon command.
//!
//! This library is no interface for other programs, and nothing in it is kept for them: it holds what the command is
//! made of, so that tests and fuzzers reach it. The program itself is [`main`].
//!
//! The command is thin: everything that a program could want is in the library, and this crate adds a configuration, a
//! way to show events, and a demonstration. A run of it:
//!
//! ```text
//!  main ──▶ args (clap) ──▶ command/<name>.rs ──▶ the library
//!    │                          │      │
//!    │                          │      └── config.rs, platform/<name>/config.rs   only `run`, `tail` and `dead` read it
//!    │                          └── journal.rs                                    the file, for writing or reading
//!    └── failure.rs: exit code, message and hint of what went wrong
//! ```
//!
//! Rules that hold for every command:
//! - Data goes to stdout, everything else to stderr (`output.rs`). With `--output json`, stdout has one JSON object a
//!   line.
//! - Text from outside is shown with hidden characters written out (`plain.rs`), also in errors and panics.
//! - What `run` says on stderr is its log (`logging.rs`), as text or as JSON.
//! - A closed stdout is a normal end. A failure is one sentence, with a line `hint:` where a way out is known.
//! - The first signal stops in good order, the second at once (`signals.rs`).
//! - No secret stands in the configuration, in an error or in the log (`config/secret.rs`, `config/check.rs`).
//!
//! The help texts and docs/configuration.md come from the doc comments of `args.rs` and of the configuration's structs:
//! those comments are written for users, and what is worth knowing about the code stands in module docs.

mod args;
mod command;
mod complete;
mod config;
mod control;
mod doubt;
mod expression;
mod failure;
mod figures;
mod finding;
/// Entries of the fuzzers in `fuzz/`, which their corpora go through as ordinary tests.
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod globs;
mod journal;
mod logging;
mod metrics;
mod moment;
mod names;
mod output;
mod plain;
mod platform;
mod progress;
mod range;
mod reload;
mod retention;
mod schemas;
mod search;
mod service;
mod show;
mod signals;
mod time;
mod transfer;

use std::{io::Write as _, process::ExitCode};

use anyhow::Context as _;
use clap::{CommandFactory as _, Parser as _, error::ErrorKind};
use tokio::task::JoinSet;

use crate::{
    args::{Cli, Command},
    failure::{Exit, Told},
    output::{Form, tell_panics},
    signals::Stop,
};

/// Carries out the command that this process was started with, and gives its exit code.
///
/// Errors of clap have their own way: help and version are no failure and go to stdout.
pub fn main() -> ExitCode {
    tell_panics();
    // Ends the process if a shell asks for completions.
    clap_complete::CompleteEnv::with_factory(Cli::command).complete();
    let form = Form::asked(std::env::args_os());
    let exit = match Cli::try_parse() {
        Ok(cli) => run(cli.command).unwrap_or_else(|error| logging::end(&error, form)),
        Err(error) => wrong_usage(&error, form),
    };
    exit.code().into()
}

/// Prints what clap says: help and version on stdout, errors on stderr.
fn wrong_usage(error: &clap::Error, form: Form) -> Exit {
    if !error.use_stderr() {
        let printed = error.print().and_then(|()| std::io::stdout().flush());
        return match printed {
            Ok(()) => Exit::Done,
            Err(error) => logging::end(&output::lost(error), form),
        };
    }
    if error.kind() == ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand && form == Form::Text {
        // Without a command, the help itself is what to say.
        let _ = error.print();
    } else {
        Told::usage(error, &asked()).say(form);
    }
    Exit::Usage
}

/// The command that this process was asked for, such as `antiphon dead drop`.
fn asked() -> String {
    let root = Cli::command();
    let mut command = &root;
    let mut path = root.get_name().to_owned();
    for word in std::env::args_os().skip(1) {
        let Some(next) = word.to_str().and_then(|word| command.find_subcommand(word)) else {
            break;
        };
        command = next;
        path = format!("{path} {}", next.get_name());
    }
    path
}

/// Every command runs on a multi-threaded runtime. The runtime is left without waiting for its blocking threads, since
/// a read of stdin or a name lookup may never end.
fn run(command: Command) -> anyhow::Result<Exit> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("could not start")?;
    let exit = runtime.block_on(async {
        let stop = Stop::default();
        let mut tasks = JoinSet::new();
        stop.listen(&mut tasks)
            .context("could not listen for signals")?;
        match command {
            Command::Demo(args) => command::demo::demo(args, &stop).await,
            Command::Run(args) => command::run::run(args, &stop).await,
            Command::Check(args) => command::check::check(&args),
            Command::Doctor(args) => command::doctor::doctor(args, &stop).await,
            Command::Sim(args) => command::sim::sim(args, &stop).await,
            Command::Status(args) => command::status::status(args).await,
            Command::Top(args) => command::top::top(args, &stop).await,
            Command::Dashboard(args) => command::dashboard::dashboard(args, &stop).await,
            Command::Kinds(args) => command::kinds::kinds(&args),
            Command::Schema(args) => command::schema::schema(&args),
            Command::Man(args) => command::man::man(&args),
            Command::Completions { shell } => command::completions::completions(shell),
            Command::Tail(args) => command::tail::tail(args, &stop).await,
            Command::Consumers(args) => command::consumers::consumers(args).await,
            Command::Dead(args) => command::dead::dead(args, &stop).await,
            Command::Replay(args) => command::replay::replay(args, &stop).await,
            Command::Erase(args) => command::erase::erase(args).await,
            Command::Export(args) => command::export::export(args, &stop).await,
            Command::Import(args) => command::import::import(args, &stop).await,
        }
    });
    // Blocking reads of stdin and name lookups must not delay the end.
    runtime.shutdown_background();
    exit
}
