//! `antiphon kinds`.
//!
//! The lists are the constants of the platform crates (`KINDS`), so that the page that people read and the types that
//! programs use cannot differ. antiphon's own two kinds come first.

use antiphon_core::Keep;
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    args::Kinds,
    failure::{Exit, Failure},
    globs,
    output::{Form, Output, table},
    platform::all_kinds,
};

/// A typed kind of event.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Kind")]
pub(crate) struct Row<'a> {
    /// Platform and the wire's own name, such as `queup.chat-message`.
    kind: &'a str,
    /// Name of its payload's type in the library.
    payload: &'a str,
    /// The reference library's word for it; left out where it has none.
    #[serde(skip_serializing_if = "str::is_empty")]
    reference: &'a str,
    /// What it means, in one line.
    about: &'a str,
    /// Seconds that its events are kept by default; left out where that is for good.
    #[serde(skip_serializing_if = "Option::is_none")]
    keep_seconds: Option<u64>,
}

/// It reads no configuration and no journal.
///
/// # Errors
/// Patterns that fit no kind.
pub(crate) fn kinds(args: &Kinds) -> anyhow::Result<Exit> {
    let mut output = Output::stdout(args.shape.output);
    let kinds: Vec<_> = all_kinds()
        .filter(|kind| globs::take(&args.patterns, kind.kind))
        .collect();
    if kinds.is_empty() {
        let failure = Failure::new(Exit::Failed, "no typed kind fits these patterns");
        return Err(failure
            .hint("`antiphon kinds` lists all; `*` stands for any characters")
            .into());
    }
    let kinds = kinds.into_iter();
    match output.form() {
        Form::Json => {
            for kind in kinds {
                output.json(&Row {
                    kind: kind.kind,
                    payload: kind.payload,
                    reference: kind.reference,
                    about: kind.about,
                    keep_seconds: match kind.keep {
                        Keep::Momentary(keep) => Some(keep.as_secs()),
                        _ => None,
                    },
                })?;
            }
        }
        Form::Text => {
            let rows: Vec<_> = kinds
                .map(|kind| {
                    [kind.kind, kind.payload, kind.reference, kind.about].map(str::to_owned)
                })
                .collect();
            for line in table(["kind", "payload", "reference", "meaning"], &rows) {
                output.line(line)?;
            }
        }
    }
    output.flush()?;
    Ok(Exit::Done)
}
