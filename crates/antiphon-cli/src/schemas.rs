//! JSON Schemas of the lines that `--output json` prints, made from the types that are printed.
//!
//! A new line gets a row in [`SCHEMAS`] and a case in `tests/schemas.rs`; `just schemas` then writes
//! `docs/schema/NAME.schema.json`. Doc comments of the printed types are the descriptions that users read.
//!
//! A schema says which fields there are and not that there will never be others: a program that reads lines ignores
//! fields that it does not know.

use schemars::{
    JsonSchema,
    generate::SchemaSettings,
    transform::{RecursiveTransform, Transform as _},
};
use serde_json::Value;

use crate::{
    command::{
        consumers, dashboard, dead, demo, doctor, erase, export, import, kinds, schema, status,
    },
    config::schema::one_line,
    control::wire::Lately,
    failure, finding,
    logging::LogLine,
    show,
};

/// A JSON Schema, and the commands whose lines it describes.
pub(crate) struct Printed {
    /// Name of the schema, and of its file in `docs/schema`.
    pub(crate) name: &'static str,
    /// Commands that print such lines, as they are typed behind `antiphon`.
    pub(crate) commands: &'static [&'static str],
    /// Schema as schemars made it, or a library.
    schema: fn() -> Value,
}

/// Every schema, in the order of names.
pub(crate) const SCHEMAS: &[Printed] = &[
    Printed {
        name: "addresses",
        commands: &["sim"],
        schema: antiphon_sim::addresses_schema,
    },
    Printed {
        name: "consumer",
        commands: &["consumers list"],
        schema: of::<consumers::Line>,
    },
    Printed {
        name: "consumer-forgotten",
        commands: &["consumers forget"],
        schema: of::<consumers::Forgotten>,
    },
    Printed {
        name: "dashboard",
        commands: &["dashboard"],
        schema: of::<dashboard::Address<'static>>,
    },
    Printed {
        name: "dead-change",
        commands: &["dead replay", "dead drop"],
        schema: of::<dead::Changed>,
    },
    Printed {
        name: "dead-letter",
        commands: &["dead list", "dead show"],
        schema: of::<dead::Line<'static>>,
    },
    Printed {
        name: "demo-summary",
        commands: &["demo"],
        schema: of::<demo::Summary<'static>>,
    },
    Printed {
        name: "erasure-report",
        commands: &["erase"],
        schema: of::<erase::Report>,
    },
    Printed {
        name: "error",
        commands: &["every command, on stderr"],
        schema: of::<failure::Told>,
    },
    Printed {
        name: "event",
        commands: &["tail", "run --print", "demo", "replay"],
        schema: of::<show::Line<'static>>,
    },
    Printed {
        name: "examined",
        commands: &["doctor"],
        schema: of::<doctor::Row<'static>>,
    },
    Printed {
        name: "export-report",
        commands: &["export --to"],
        schema: of::<export::Report<'static>>,
    },
    Printed {
        name: "import-report",
        commands: &["import"],
        schema: of::<import::Report<'static>>,
    },
    Printed {
        name: "finding",
        commands: &["check"],
        schema: of::<finding::Row<'static>>,
    },
    Printed {
        name: "finding-code",
        commands: &["check --explain"],
        schema: of::<finding::Entry>,
    },
    Printed {
        name: "kind",
        commands: &["kinds"],
        schema: of::<kinds::Row<'static>>,
    },
    Printed {
        name: "log",
        commands: &["run, with --log-format json on stderr"],
        schema: of::<LogLine>,
    },
    Printed {
        name: "samples",
        commands: &["none; `GET /v1/samples` of the control socket"],
        schema: of::<Lately>,
    },
    Printed {
        name: "schema-name",
        commands: &["schema"],
        schema: of::<schema::Row>,
    },
    Printed {
        name: "status",
        commands: &["status"],
        schema: of::<status::Line>,
    },
];

impl Printed {
    /// The schema, with descriptions of one line.
    pub(crate) fn schema(&self) -> Value {
        let mut schema = schemars::Schema::try_from((self.schema)()).expect("schemars made it");
        RecursiveTransform(one_line).transform(&mut schema);
        schema.to_value()
    }
}

/// The schema of what serde writes of a type.
fn of<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12().for_serialize();
    settings
        .into_generator()
        .into_root_schema_for::<T>()
        .to_value()
}
