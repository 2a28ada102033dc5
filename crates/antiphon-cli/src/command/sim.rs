//! `antiphon sim`.

use antiphon_core::Rng;
use antiphon_sim::{Command, Options, Simulator};
use anyhow::Context as _;

use crate::{
    args::Sim,
    failure::{Exit, Failure},
    logging,
    output::{Form, Output, say},
    signals::Stop,
};

/// The variable that holds the password of every account where more than this machine can connect.
const PASSWORD: &str = "ANTIPHON_SIM_PASSWORD";

pub(crate) async fn sim(args: Sim, stop: &Stop) -> anyhow::Result<Exit> {
    logging::start("warn")?;
    let mut options = Options::new()
        .seed(args.seed)
        .run(Rng::new().u64(..))
        .rate(args.rate)
        .address(args.listen);
    if !args.listen.is_loopback() {
        return Err(
            Failure::usage(format!("{} can be reached by other machines", args.listen))
                .hint(format!(
                    "set `{PASSWORD}` to a password, or listen on 127.0.0.1"
                ))
                .into(),
        );
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
    let mut output = Output::stdout(Form::Json);
    output.json(&simulator.addresses())?;
    output.flush()?;
    say("the simulator runs; Ctrl-C stops it");
    stop.asked().await;
    simulator.stop().await;
    Ok(stop.exit())
}

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
