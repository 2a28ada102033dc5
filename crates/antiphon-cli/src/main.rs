//! The antiphon command.

mod args;
mod command;
mod config;
mod failure;
mod journal;
mod logging;
mod output;
mod plain;
mod platform;
mod show;
mod signals;
mod time;

use std::process::ExitCode;

use anyhow::Context as _;
use clap::Parser as _;
use tokio::task::JoinSet;

use crate::{
    args::{Cli, Command},
    failure::{Exit, report},
    output::{say, tell_panics},
    signals::Stop,
};

fn main() -> ExitCode {
    tell_panics();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version go to stdout; a closed stdout is no failure.
            let _ = error.print();
            let exit = if error.use_stderr() {
                Exit::Usage
            } else {
                Exit::Done
            };
            return exit.code().into();
        }
    };
    let exit = run(cli.command).unwrap_or_else(|error| {
        let (exit, lines) = report(&error);
        lines.iter().for_each(say);
        exit
    });
    exit.code().into()
}

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
            Command::Sim(args) => command::sim::sim(args, &stop).await,
            Command::Kinds(args) => command::kinds::kinds(args),
            Command::Completions { shell } => command::completions::completions(shell),
            Command::Tail(args) => command::tail::tail(args, &stop).await,
            Command::Dead(args) => command::dead::dead(args).await,
        }
    });
    // Blocking reads of stdin and name lookups must not delay the end.
    runtime.shutdown_background();
    exit
}
