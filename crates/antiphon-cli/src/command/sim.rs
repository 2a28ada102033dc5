//! `antiphon sim`.
//!
//! The simulator for programs that are not antiphon: another library's tests, another language. Its one line of JSON on
//! stdout has every address and login; commands go to the control address, or come from a script at their times.
//! docs/cli.md describes them.

pub(crate) mod write;

use std::{io::Read as _, path::Path};

use antiphon_core::{Rng, Secret};
use antiphon_sim::{Command, LedgerLimits, Options, Simulator, WorldFile};
use anyhow::Context as _;

use self::write::Writing;
use crate::{
    args::Sim,
    failure::{Exit, Failure},
    logging,
    output::{Form, Output, say},
    signals::Stop,
};

/// The variable that holds what the control address asks for; needed where more than this machine can connect.
///
/// The control address can make the simulator do anything, hence the token where others can reach it.
const TOKEN: &str = "ANTIPHON_SIM_TOKEN";

/// What that variable holds, if anything.
pub(crate) fn token() -> Option<Secret> {
    let token = std::env::var(TOKEN).ok().filter(|token| !token.is_empty());
    token.map(Secret::new)
}

/// # Errors
/// An address that others can reach without a token, a port that is taken, an unknown platform in `--port`, and a
/// world or script that cannot be read, and a configuration that is there already or cannot be written: exit code 2, but
/// 1 for the port.
pub(crate) async fn sim(args: Sim, stop: &Stop) -> anyhow::Result<Exit> {
    if args.world_schema {
        let mut output = Output::stdout(Form::Text);
        output.document(&WorldFile::schema())?;
        output.flush()?;
        return Ok(Exit::Done);
    }
    logging::start("warn")?;
    let path = args.write.as_deref();
    let writing = path
        .map(|path| Writing::new(path, args.force))
        .transpose()?;
    let mut options = Options::new()
        .seed(args.seed)
        .run(Rng::new().u64(..))
        .rate(args.rate)
        .ledger(ledger(args.ledger))
        .address(args.listen)
        .tls(args.tls.is_some());
    let token = token();
    if let Some(token) = &token {
        options = options.control_token(token.clone());
    } else if !args.listen.is_loopback() {
        let error = Failure::usage(format!("{} can be reached by other machines", args.listen));
        let way_out = format!(
            "set `{TOKEN}`, which the control address then asks for, or listen on 127.0.0.1"
        );
        return Err(error.hint(way_out).into());
    }
    if let Some(host) = &args.host {
        options = options.host(host);
    }
    for (server, port) in &args.ports {
        options = options.port(server, *port).map_err(|error| {
            Failure::from_error(Exit::Usage, error).hint("write `--port queup=7006`")
        })?;
    }
    if let Some(path) = &args.world {
        options = options.world(world(path)?);
    }
    if let Some(path) = &args.script {
        options = options.script(script(path)?);
    }
    let simulator = Simulator::listen(&options)
        .await
        .with_context(|| format!("could not listen on {}", args.listen))
        .map_err(|error| {
            Failure::new(Exit::Failed, format!("{error:#}")).hint("choose other ports")
        })?;
    let certificate = simulator
        .addresses()
        .and_then(|addresses| addresses.certificate.as_deref());
    if let (Some(Some(path)), Some(certificate)) = (&args.tls, certificate) {
        std::fs::write(path, certificate).map_err(|error| {
            let path = path.display();
            Failure::usage(format!("could not write the certificate to {path}"))
                .because(error)
                .hint("name a file in a folder that you can write to, as `--tls=FILE`")
        })?;
    }
    if let (Some(writing), Some(addresses)) = (&writing, simulator.addresses()) {
        writing.write(addresses, token.as_ref())?;
    }
    let mut output = Output::stdout(args.output);
    output.document(&simulator.addresses())?;
    output.flush()?;
    say("the simulator runs; Ctrl-C stops it");
    stop.asked().await;
    simulator.stop().await;
    Ok(stop.exit())
}

/// The limits of a ledger of so many MiB, with as many rows for each as by default.
///
/// Never fewer rows than the default.
fn ledger(mib: u32) -> LedgerLimits {
    let mib = usize::try_from(mib).unwrap_or(usize::MAX);
    let rows = LedgerLimits::ROWS / (LedgerLimits::BYTES >> 20) * mib;
    LedgerLimits::default()
        .rows(rows.max(LedgerLimits::ROWS))
        .bytes(mib << 20)
}

/// Reads a world file, by the ending of its name; `-` is JSON on stdin.
///
/// # Errors
/// A file that cannot be read or is too long, and what is wrong in it, with line, place and hint.
fn world(path: &Path) -> Result<WorldFile, Failure> {
    let is_stdin = path == Path::new("-");
    let name = if is_stdin { Path::new("stdin") } else { path };
    let unread = |error: std::io::Error| {
        Failure::usage(format!("could not read the world {}", name.display()))
            .because(error)
            .hint("docs/simulator-world.md describes the file; `-` is JSON on stdin")
    };
    // One byte more than a file may have, so that a longer one is refused and not cut.
    let most = WorldFile::BYTES as u64 + 1;
    let mut text = String::new();
    if is_stdin {
        std::io::stdin().take(most).read_to_string(&mut text)
    } else {
        std::fs::File::open(path).and_then(|file| file.take(most).read_to_string(&mut text))
    }
    .map_err(unread)?;
    let is_json = is_stdin || path.extension().is_some_and(|ending| ending == "json");
    let read = if is_json {
        WorldFile::from_json(&text)
    } else {
        WorldFile::from_toml(&text)
    };
    read.map_err(|error| {
        let line = error
            .line()
            .map_or(String::new(), |line| format!(":{line}"));
        let failure = Failure::usage(format!("{}{line}: {error}", name.display()));
        failure.hint(
            error
                .hint()
                .unwrap_or("docs/simulator-world.md describes the file"),
        )
    })
}

/// # Errors
/// A file that cannot be read, and a line that is no command, with its number.
fn script(path: &Path) -> Result<Vec<Command>, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Failure::usage(format!("could not read the script {}", path.display()))
            .because(error)
            .hint("name a file with a JSON object on each line; docs/cli.md describes the commands")
    })?;
    Command::parse_script(&text).map_err(|error| {
        Failure::from_error(Exit::Usage, error)
            .about(path.display())
            .hint("docs/cli.md describes the commands")
    })
}
