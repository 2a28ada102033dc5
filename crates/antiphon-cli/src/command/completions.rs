//! `antiphon completions`.
//!
//! The script is made from the same declarations as the help, so that it never lags behind. It goes to stdout as it is:
//! it is this program's own text, with control characters that a shell needs.

use clap::CommandFactory as _;

use crate::{
    args::Cli,
    failure::Exit,
    output::{Form, Output},
};

/// # Errors
/// The output cannot be written; a closed pipe is a normal end.
pub(crate) fn completions(shell: clap_complete::Shell) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "antiphon", &mut script);
    let mut output = Output::stdout(Form::Text);
    output.raw(&script)?;
    output.flush()?;
    Ok(Exit::Done)
}
