//! `antiphon man`.
//!
//! The pages are made from the same declarations as the help, so that they never lag behind. Each refers to the pages
//! of the commands above it and beside it.

use std::{fs, io, path::Path};

use clap::{Command, CommandFactory as _};
use clap_mangen::{
    Man,
    roff::{Roff, roman},
};

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
        fs::create_dir_all(folder).map_err(failure)?;
        write_all(&root, &[], folder).map_err(failure)?;
        say(format_args!("wrote the pages into {}", folder.display()));
        return Ok(Exit::Done);
    }
    let (mut command, mut above) = (&root, Vec::new());
    for name in &args.command {
        let next = command.find_subcommand(name).ok_or_else(|| {
            let known: Vec<_> = command.get_subcommands().map(Command::get_name).collect();
            // `antiphon dead`, as it is written.
            let outer = command.get_bin_name().unwrap_or_else(|| command.get_name());
            let failure = Failure::usage(format!("there is no command `{outer} {name}`"));
            match antiphon_sim::nearest_word(name, &known) {
                Some(near) => failure.hint(format!("is it `{near}`?")),
                None if known.is_empty() => {
                    failure.hint(format!("`{outer}` has no commands below it: name it alone"))
                }
                None => failure.hint(format!("`{outer} --help` lists those there are")),
            }
        })?;
        above.push(command);
        command = next;
    }
    let mut output = Output::stdout(Form::Text);
    output.raw(&page(command, &above)?)?;
    output.flush()?;
    Ok(Exit::Done)
}

/// Writes the pages of a command and of all below it.
fn write_all(command: &Command, above: &[&Command], folder: &Path) -> io::Result<()> {
    let below = [above, &[command]].concat();
    for one in command.get_subcommands() {
        write_all(one, &below, folder)?;
    }
    let file = folder.join(format!("{}.1", name(command)));
    fs::write(file, page(command, above)?)
}

/// The page of a command, below these commands, the outermost first.
fn page(command: &Command, above: &[&Command]) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    Man::new(command.clone())
        .title(name(command).to_uppercase())
        .source(format!("antiphon {}", env!("CARGO_PKG_VERSION")))
        .manual("User Commands")
        .render(&mut page)?;
    let beside = above
        .last()
        .into_iter()
        .flat_map(|one| one.get_subcommands());
    let beside = beside.filter(|one| one.get_name() != command.get_name());
    // Those below it are in a section of their own.
    let mut others: Vec<_> = above.iter().copied().chain(beside).map(name).collect();
    others.sort_unstable();
    if !others.is_empty() {
        let pages: Vec<_> = others.iter().map(|name| format!("{name}(1)")).collect();
        let mut roff = Roff::new();
        roff.control("SH", ["SEE ALSO"]);
        roff.text([roman(pages.join(", "))]);
        // Without the preamble, which the page has already.
        page.extend(roff.to_roff().into_bytes());
    }
    Ok(page)
}

/// The name of a command's page, such as `antiphon-dead-list`.
fn name(command: &Command) -> &str {
    command
        .get_display_name()
        .unwrap_or_else(|| command.get_name())
}
