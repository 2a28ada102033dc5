//! `antiphon export --format parquet`: events as rows of a Parquet file, for tables and analyses.
//!
//! docs/data.md lists the columns, which have what the lines of the other format have. Rows are encoded as they are read
//! and written in groups, of which one is in memory at a time. The file ends with its index, so that an export that did
//! not end leaves nothing that could be read, and nothing to go on with.

use std::{fs::File, path::PathBuf, sync::Arc};

use ::parquet::{
    arrow::ArrowWriter,
    basic::{Compression, ZstdLevel},
    file::{metadata::KeyValue, properties::WriterProperties},
};
use antiphon_core::{BoxError, Event, Journal as _, Origin};
use arrow_array::{
    ArrayRef, BinaryArray, RecordBatch, StringArray, TimestampNanosecondArray, UInt64Array,
};
use arrow_schema::{DataType, Field, Schema, SchemaRef, TimeUnit, extension::Json};
use serde::de::IgnoredAny;
use tokio::task::block_in_place;

use super::{Ended, Writing, begin, is_free, open, publish, report, unfinished};
use crate::{
    args::Export,
    failure::{Exit, Failure},
    output::say,
    signals::Stop,
    transfer::{End, Header},
};

/// Rows of a group at most.
const GROUP_ROWS: usize = 100_000;
/// Bytes of a group at most, as they are encoded; it is what is held in memory beside a page of events.
const GROUP_BYTES: usize = 32 << 20;

/// Key of the file's metadata with what was chosen, as the first line of the other format says it.
const HEADER: &str = "antiphon";

/// # Errors
/// Options of the other format, a journal that cannot be read, a file that is there already, an event that is no row,
/// and a disk that takes no more.
pub(super) async fn to_parquet(args: &Export, stop: &Stop) -> anyhow::Result<Exit> {
    let path = possible(args)?;
    let (journal, header) = begin(args).await?;
    is_free(&path)?;
    let mut rows = block_in_place(|| Rows::create(path.clone(), &header))?;
    let none = End {
        events: 0,
        through: header.after,
    };
    let last = *journal.last().borrow();
    let mut writing = Writing::new(&header, none, last);
    let ended = writing
        .events(&*journal, stop, |events| rows.write(events))
        .await?;
    writing.progress.end();
    if ended == Ended::Stopped {
        say("stopped; nothing is kept of a Parquet file that is not whole");
        return Ok(Exit::Interrupted);
    }
    let done = writing.done;
    drop(writing);
    block_in_place(|| rows.finish())?;
    report(&path, &header, done, args.shape.output)?;
    Ok(Exit::Done)
}

/// The file, if the options are those of this format.
///
/// # Errors
/// Exit code 2: no file, a file to go on with, and states, which are no rows.
fn possible(args: &Export) -> Result<PathBuf, Failure> {
    if args.resume {
        return Err(Failure::usage(
            "a Parquet file cannot be gone on with: its index is written last",
        )
        .hint("leave `--resume` out to begin anew; `--since` takes a part of the journal"));
    }
    if args.full {
        return Err(
            Failure::usage("a Parquet file has events alone, and no states")
                .hint("leave `--full` out, or export lines with it"),
        );
    }
    args.to.clone().ok_or_else(|| {
        Failure::usage("a Parquet file is written to a file, and not to stdout")
            .hint("name one with `--to`, such as `--to events.parquet`")
    })
}

/// A file that is not whole yet; it is removed unless it becomes so.
struct Rows {
    /// Its name at the end.
    path: PathBuf,
    /// Its name until then.
    unfinished: Unfinished,
    schema: SchemaRef,
    to: ArrowWriter<File>,
}

/// Name of a file that is removed with this value, unless it has got another name.
struct Unfinished(PathBuf);

impl Drop for Unfinished {
    fn drop(&mut self) {
        // What cannot be removed is found by the next export.
        let _ = std::fs::remove_file(&self.0);
    }
}

impl Rows {
    /// # Errors
    /// A part that is there already, and one that cannot be written.
    fn create(path: PathBuf, header: &Header) -> Result<Self, Failure> {
        let part = unfinished(&path);
        let way_out = "remove it to begin anew, unless another export still writes it";
        let file = open(&part, true, way_out)?;
        let unfinished = Unfinished(part);
        let schema = Arc::new(schema());
        let chosen = serde_json::to_string(header).expect("plain data");
        let properties = WriterProperties::builder()
            .set_created_by(format!("antiphon {}", env!("CARGO_PKG_VERSION")))
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_max_row_group_row_count(Some(GROUP_ROWS))
            .set_max_row_group_bytes(Some(GROUP_BYTES))
            .set_key_value_metadata(Some(vec![KeyValue::new(HEADER.to_owned(), chosen)]))
            .build();
        let to = ArrowWriter::try_new(file, Arc::clone(&schema), Some(properties));
        let to = to.map_err(|error| unwritable(&unfinished.0, error))?;
        Ok(Self {
            path,
            unfinished,
            schema,
            to,
        })
    }

    fn write(&mut self, events: &[Arc<Event>]) -> anyhow::Result<()> {
        let rows = batch(&self.schema, events)?;
        let written = self.to.write(&rows);
        Ok(written.map_err(|error| unwritable(&self.unfinished.0, error))?)
    }

    /// Writes the index, and gives the file its name once it is on the disk.
    fn finish(self) -> Result<(), Failure> {
        let part = &self.unfinished.0;
        let file = self.to.into_inner();
        let file = file.map_err(|error| unwritable(part, error))?;
        let published = file.sync_all().and_then(|()| publish(part, &self.path));
        published.map_err(|error| unwritable(&self.path, error))
    }
}

fn unwritable(path: &std::path::Path, error: impl Into<BoxError>) -> Failure {
    Failure::new(Exit::Failed, format!("could not write {}", path.display()))
        .because(error)
        .hint("free some space or name another file; nothing is kept of what was written")
}

/// The columns, as docs/data.md lists them.
fn schema() -> Schema {
    let text = |name| Field::new(name, DataType::Utf8, false);
    let json = |name| Field::new(name, DataType::Utf8, true).with_extension_type(Json::default());
    let bytes = |name| Field::new(name, DataType::Binary, true);
    let utc = DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into()));
    Schema::new(vec![
        Field::new("position", DataType::UInt64, false),
        text("source"),
        text("kind"),
        text("place"),
        text("origin"),
        text("provenance"),
        Field::new("received_at", utc, false),
        text("form"),
        json("body"),
        bytes("body_bytes"),
        json("note"),
        bytes("note_bytes"),
        Field::new("deletes", DataType::Utf8, true),
    ])
}

/// Events as rows.
///
/// # Errors
/// An event that was received in a year that nanoseconds since 1970 do not reach.
fn batch(schema: &SchemaRef, events: &[Arc<Event>]) -> Result<RecordBatch, Failure> {
    fn texts<T: AsRef<str>>(events: &[Arc<Event>], of: impl Fn(&Event) -> T) -> ArrayRef {
        let texts = events.iter().map(|event| of(event));
        Arc::new(StringArray::from_iter_values(texts))
    }
    let times = events.iter().map(|event| {
        let nanoseconds = event.received_at().as_nanosecond();
        i64::try_from(nanoseconds).map_err(|_| {
            let (position, at) = (event.position(), event.received_at());
            let error = format!("event {position} was received at {at}, which no Parquet file has");
            Failure::new(Exit::Failed, error).hint("leave it out by `--since` and `--until`")
        })
    });
    let times: Vec<i64> = times.collect::<Result<_, _>>()?;
    let positions = events.iter().map(|event| event.position().get());
    let bodies = events.iter().map(|event| Spelt::new(event.body()));
    let (body, body_bytes) = columns(bodies.map(Some).collect());
    let notes = events
        .iter()
        .map(|event| event.note().map(|note| Spelt::new(note)));
    let (note, note_bytes) = columns(notes.collect());
    let deletes = events
        .iter()
        .map(|event| event.deletes().map(Origin::as_str));
    let rows = RecordBatch::try_new(
        Arc::clone(schema),
        vec![
            Arc::new(UInt64Array::from_iter_values(positions)),
            texts(events, |event| event.source().as_str().to_owned()),
            texts(events, |event| event.kind().as_str().to_owned()),
            texts(events, |event| event.place().as_str().to_owned()),
            texts(events, |event| event.origin().as_str().to_owned()),
            texts(events, |event| event.provenance().to_string()),
            Arc::new(TimestampNanosecondArray::from(times).with_timezone("UTC")),
            texts(events, |event| event.form().as_str()),
            body,
            body_bytes,
            note,
            note_bytes,
            Arc::new(StringArray::from_iter(deletes)),
        ],
    );
    Ok(rows.expect("the columns are those of the schema and of one length"))
}

/// Bytes as a row has them.
#[derive(Clone, Copy)]
enum Spelt<'a> {
    /// A JSON document, byte for byte.
    Json(&'a str),
    /// Anything else.
    Bytes(&'a [u8]),
}

impl<'a> Spelt<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        match str::from_utf8(bytes) {
            Ok(text) if serde_json::from_str::<IgnoredAny>(text).is_ok() => Self::Json(text),
            _ => Self::Bytes(bytes),
        }
    }
}

/// The column of the documents, and that of all else.
fn columns(values: Vec<Option<Spelt<'_>>>) -> (ArrayRef, ArrayRef) {
    let documents = values.iter().map(|value| match value {
        Some(Spelt::Json(text)) => Some(*text),
        _ => None,
    });
    let others = values.iter().map(|value| match value {
        Some(Spelt::Bytes(bytes)) => Some(*bytes),
        _ => None,
    });
    (
        Arc::new(StringArray::from_iter(documents)),
        Arc::new(BinaryArray::from_iter(others)),
    )
}
