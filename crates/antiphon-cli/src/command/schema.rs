//! `antiphon schema`.
//!
//! It prints the schemas of [`SCHEMAS`], which are the files of `docs/schema` as well.

use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    args::Schema,
    failure::{Exit, Failure},
    output::{Form, Output, table},
    schemas::{Printed, SCHEMAS},
};

/// A JSON Schema of what commands print.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SchemaName")]
pub(crate) struct Row {
    /// Name of the schema, and of its file in `docs/schema`.
    name: &'static str,
    /// Commands that print such lines.
    printed_by: &'static [&'static str],
}

impl From<&Printed> for Row {
    fn from(printed: &Printed) -> Self {
        Self {
            name: printed.name,
            printed_by: printed.commands,
        }
    }
}

/// # Errors
/// A name that no schema has, with the nearest one.
pub(crate) fn schema(args: &Schema) -> anyhow::Result<Exit> {
    let mut output = Output::stdout(args.shape.output);
    match &args.name {
        Some(name) => output.document(&named(name)?.schema())?,
        None => list(&mut output)?,
    }
    output.flush()?;
    Ok(Exit::Done)
}

fn named(name: &str) -> Result<&'static Printed, Failure> {
    let mut schemas = SCHEMAS.iter();
    schemas.find(|printed| printed.name == name).ok_or_else(|| {
        let names: Vec<_> = SCHEMAS.iter().map(|printed| printed.name).collect();
        let failure = Failure::usage(format!("there is no schema `{name}`"));
        failure.hint(match antiphon_sim::nearest_word(name, &names) {
            Some(near) => format!("is it `{near}`?"),
            None => "`antiphon schema` lists those there are".to_owned(),
        })
    })
}

fn list(output: &mut Output) -> anyhow::Result<()> {
    if output.form() == Form::Json {
        return SCHEMAS
            .iter()
            .try_for_each(|printed| output.json(&Row::from(printed)));
    }
    let rows: Vec<_> = SCHEMAS
        .iter()
        .map(|printed| [printed.name.to_owned(), printed.commands.join(", ")])
        .collect();
    table(["name", "printed by"], &rows)
        .into_iter()
        .try_for_each(|line| output.line(line))
}
