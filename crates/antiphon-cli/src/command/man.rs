//! `antiphon man`.
//!
//! The pages are made from the same declarations as the help, so that they never lag behind.

use clap::CommandFactory as _;
use clap_mangen::Man;

use crate::{
    args::{self, Cli},
    failure::{Exit, Failure},
    output::{Form, Output, say},
};

/// # Errors
/// A command that is not there, and a folder that cannot be written.
pub(crate) fn man(args: &args::Man) -> anyhow::Result<Exit> {
    let mut root = Cli::command().disable_help_subcommand(true);
    root.build();
    if let Some(folder) = &args.dir {
        let failure = |error| {
            let error = Failure::new(Exit::Failed, "could not write the pages").because(error);
            error.hint(format!(
                "make {} a folder that can be written",
                folder.display()
            ))
        };
        std::fs::create_dir_all(folder).map_err(failure)?;
        clap_mangen::generate_to(Cli::command(), folder).map_err(failure)?;
        say(format_args!("wrote the pages into {}", folder.display()));
        return Ok(Exit::Done);
    }
    let mut command = &root;
    for name in &args.command {
        command = command.find_subcommand(name).ok_or_else(|| {
            let known: Vec<_> = command
                .get_subcommands()
                .map(clap::Command::get_name)
                .collect();
            let failure = Failure::usage(format!("there is no command `{name}`"));
            match antiphon_sim::nearest_word(name, &known) {
                Some(near) => failure.hint(format!("is it `{near}`?")),
                None => failure.hint("`antiphon --help` lists those there are"),
            }
        })?;
    }
    let mut page = Vec::new();
    Man::new(command.clone()).render(&mut page)?;
    let mut output = Output::stdout(Form::Text);
    output.raw(&page)?;
    output.flush()?;
    Ok(Exit::Done)
}
