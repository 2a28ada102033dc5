//! `antiphon sim`.
//!
//! The simulator for programs that are not antiphon: another library's tests, another language. Its one line of JSON on
//! stdout has every address and login; commands go to the control address, or come from a script at their times.
//! docs/cli.md describes them.

use antiphon_core::{Rng, Secret};
use antiphon_sim::{Command, LedgerLimits, Options, Simulator};
use anyhow::Context as _;

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

/// # Errors
/// An address that others can reach without a token, a port that is taken, an unknown platform in `--port`, and a
/// script that cannot be read: exit code 2, but 1 for the port.
pub(crate) async fn sim(args: Sim, stop: &Stop) -> anyhow::Result<Exit> {
    logging::start("warn")?;
    let mut options = Options::new()
        .seed(args.seed)
        .run(Rng::new().u64(..))
        .rate(args.rate)
        .ledger(ledger(args.ledger))
        .address(args.listen)
        .tls(args.tls.is_some());
    let token = std::env::var(TOKEN).ok().filter(|token| !token.is_empty());
    if let Some(token) = token {
        options = options.control_token(Secret::new(token));
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
            Failure::usage(format!("could not write the certificate to {path}")).because(error)
        })?;
    }
    let mut output = Output::stdout(Form::Json);
    output.json(&simulator.addresses())?;
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

/// # Errors
/// A file that cannot be read, and a line that is no command, with its number.
fn script(path: &std::path::Path) -> Result<Vec<Command>, Failure> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        Failure::usage(format!("could not read the script {}", path.display())).because(error)
    })?;
    Command::parse_script(&text).map_err(|error| {
        Failure::from_error(Exit::Usage, error)
            .about(path.display())
            .hint("docs/cli.md describes the commands")
    })
}
