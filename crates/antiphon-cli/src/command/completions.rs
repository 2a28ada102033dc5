//! `antiphon completions`.

use clap::CommandFactory as _;

use crate::{
    args::Cli,
    failure::Exit,
    output::{Form, Output},
};

pub(crate) fn completions(shell: clap_complete::Shell) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "antiphon", &mut script);
    let mut output = Output::stdout(Form::Text);
    output.raw(&script)?;
    output.flush()?;
    Ok(Exit::Done)
}
