//! `antiphon kinds`.
//!
//! The lists are the constants of the platform crates (`KINDS`), so that the page that people read and the types that
//! programs use cannot differ. antiphon's own two kinds come first.

use antiphon_core::{Gap, Keep, KindInfo, Link};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    args::Shape,
    failure::Exit,
    output::{Form, Output, table},
    platform::PLATFORMS,
};

/// The kinds of antiphon's own.
const OWN: &[KindInfo] = &[
    KindInfo {
        kind: Gap::KIND,
        payload: "Gap",
        reference: "",
        about: "A stretch of events could not be had.",
        keep: Keep::Lasting,
    },
    KindInfo {
        kind: Link::KIND,
        payload: "Link",
        reference: "",
        about: "A connection changed its state.",
        keep: Keep::Lasting,
    },
];

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

/// Every typed kind, those of antiphon's own first.
pub(crate) fn all() -> impl Iterator<Item = &'static KindInfo> {
    let kinds = PLATFORMS.iter().flat_map(|platform| platform.kinds);
    OWN.iter().chain(kinds)
}

/// It reads no configuration and no journal.
pub(crate) fn kinds(shape: Shape) -> anyhow::Result<Exit> {
    let mut output = Output::stdout(shape.output);
    let kinds = all();
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
