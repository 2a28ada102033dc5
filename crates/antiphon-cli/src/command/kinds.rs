//! `antiphon kinds`.
//!
//! The lists are the constants of the platform crates (`KINDS`), so that the page that people read and the types that
//! programs use cannot differ. antiphon's own two kinds come first.

use antiphon_core::{Gap, Keep, KindInfo, Link};
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

/// One object of `--output json`; `keep_seconds` is there for momentary kinds alone.
#[derive(Serialize)]
struct Row<'a> {
    kind: &'a str,
    payload: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    reference: &'a str,
    about: &'a str,
    /// Seconds that it is kept by default, where that is not for good.
    #[serde(skip_serializing_if = "Option::is_none")]
    keep_seconds: Option<u64>,
}

/// It reads no configuration and no journal.
pub(crate) fn kinds(shape: Shape) -> anyhow::Result<Exit> {
    let mut output = Output::stdout(shape.output);
    let kinds = PLATFORMS.iter().flat_map(|platform| platform.kinds);
    let kinds = OWN.iter().chain(kinds);
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
