//! `antiphon export --format parquet`, read back by the library that others read such files with.
//!
//! Only with the feature `parquet`; CONTRIBUTING.md has the command.

mod binary;
mod fixture;

use std::{fs::File, path::Path};

use antiphon_core::{Batch, Draft, Journal as _, Kind, Origin, Place};
use antiphon_journal::SqliteJournal;
use arrow_array::{
    Array as _, RecordBatch,
    cast::AsArray as _,
    types::{TimestampNanosecondType, UInt64Type},
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use binary::{Antiphon, Run};
use fixture::{journal, runtime};
use jiff::Timestamp;
use parquet::{
    arrow::arrow_reader::ParquetRecordBatchReaderBuilder, basic::LogicalType,
    file::metadata::ParquetMetaData,
};
use serde_json::Value;

/// Exports with these options, within a folder.
fn export(folder: &Path, path: &str, options: &[&str]) -> Run {
    let export = ["export", "--journal", path, "--format", "parquet"];
    let export = export.iter().chain(options);
    Antiphon::new(export.copied()).within(folder).run()
}

/// The rows of a file, and what its index says.
fn read(file: &Path) -> (Vec<RecordBatch>, ParquetMetaData) {
    let file = File::open(file).expect("it is there");
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).expect("a Parquet file");
    let metadata = ParquetMetaData::clone(reader.metadata());
    let rows = reader.build().expect("it can be read");
    (
        rows.map(|rows| rows.expect("whole pages")).collect(),
        metadata,
    )
}

/// The rows as the lines of the other format have them, but for bodies that are no JSON.
fn lines(rows: &RecordBatch) -> Vec<Value> {
    let text = |row: usize, name: &str| {
        let column = rows.column_by_name(name).expect(name).as_string::<i32>();
        column.is_valid(row).then(|| column.value(row).to_owned())
    };
    let positions = rows.column(0).as_primitive::<UInt64Type>();
    let times = rows.column_by_name("received_at").expect("a time");
    let times = times.as_primitive::<TimestampNanosecondType>();
    (0..rows.num_rows())
        .map(|row| {
            let mut line = serde_json::Map::new();
            line.insert("position".to_owned(), positions.value(row).into());
            for name in [
                "source",
                "kind",
                "place",
                "origin",
                "provenance",
                "form",
                "deletes",
            ] {
                line.extend(text(row, name).map(|text| (name.to_owned(), text.into())));
            }
            for name in ["body", "note"] {
                let json = text(row, name).map(|json| serde_json::from_str(&json).expect("JSON"));
                line.extend(json.map(|json| (name.to_owned(), json)));
            }
            let at = Timestamp::from_nanosecond(times.value(row).into()).expect("a time");
            line.insert("received_at".to_owned(), at.to_string().into());
            line.into()
        })
        .collect()
}

#[test]
fn a_parquet_file_has_what_the_lines_have() {
    let (folder, path) = journal();
    let run = export(folder.path(), &path, &["--to", "a.parquet"]);
    assert_eq!(
        run.whole(),
        "exit 0\n--- stderr\nexported 4 events into a.parquet\n"
    );
    assert!(!folder.path().join("a.parquet.part").exists());
    let (rows, metadata) = read(&folder.path().join("a.parquet"));
    let found: Vec<Value> = rows.iter().flat_map(lines).collect();

    let lines = Antiphon::new(["export", "--journal", &path])
        .run()
        .objects();
    let header = metadata.file_metadata().key_value_metadata();
    let header = header
        .into_iter()
        .flatten()
        .find(|pair| pair.key == "antiphon");
    let header = header
        .and_then(|pair| pair.value.as_deref())
        .expect("it is there");
    assert_eq!(
        serde_json::from_str::<Value>(header).expect("JSON"),
        lines[0]
    );
    let expected: Vec<Value> = lines[1..lines.len() - 1]
        .iter()
        .cloned()
        .map(|mut line| {
            // A document with line ends is no part of a line, and a value like others here.
            let fields = line.as_object_mut().expect("an object");
            let bytes = fields.remove("body_base64").and_then(|text| {
                let text = text.as_str().expect("a text").to_owned();
                BASE64_STANDARD.decode(text).ok()
            });
            let document = bytes.and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok());
            fields.extend(document.map(|document| ("body".to_owned(), document)));
            line
        })
        .collect();
    assert_eq!(found, expected);
    // What is no JSON is there byte for byte, in a column of its own.
    let bytes = rows[0].column_by_name("body_bytes").expect("it is there");
    let bytes = bytes.as_binary::<i32>();
    assert_eq!(
        (bytes.value(1), bytes.null_count()),
        (&b"no \x07 json"[..], 3)
    );
    let schema = metadata.file_metadata().schema_descr();
    let body = schema
        .columns()
        .iter()
        .find(|column| column.name() == "body");
    let body = body.expect("it is there").logical_type_ref().cloned();
    assert_eq!(body, Some(LogicalType::Json));
    assert!(found.iter().any(|line| line["provenance"] == "backfilled"));
}

#[test]
fn a_choice_is_a_choice_of_rows_and_an_empty_one_a_file_without_rows() {
    let (folder, path) = journal();
    let options = [
        "--to",
        "a.parquet",
        "--kind",
        "queup.chat-*",
        "--since",
        "2",
        "--output",
        "json",
    ];
    let run = export(folder.path(), &path, &options);
    assert_eq!(run.objects()[0]["events"], 1, "{}", run.whole());
    let (rows, _) = read(&folder.path().join("a.parquet"));
    assert_eq!(lines(&rows[0])[0]["position"], 3);
    let run = export(
        folder.path(),
        &path,
        &["--to", "b.parquet", "--source", "choi"],
    );
    assert_eq!(run.code, 0, "{}", run.stderr);
    let (rows, metadata) = read(&folder.path().join("b.parquet"));
    assert!(rows.is_empty() && metadata.file_metadata().num_rows() == 0);
}

/// A group is written when it has as many bytes as are held, so that memory does not grow with the journal.
#[test]
fn a_large_journal_is_several_groups() {
    let (folder, _) = journal();
    let path = folder.path().join("large.db");
    runtime().block_on(async {
        let journal = SqliteJournal::open(&path).await.expect("a journal");
        // Bytes that no compression makes smaller.
        let mut state = 7_u64;
        let mut body = |number: u64| {
            let letters = (0..4 << 20).map(|_| {
                state = state
                    .wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(number);
                char::from(b'0' + u8::try_from(state >> 58).expect("six bits"))
            });
            serde_json::json!({"text": letters.collect::<String>()}).to_string()
        };
        for number in 0..24 {
            let draft = Draft::new(
                Kind::from_static("test.said"),
                Place::root(),
                Origin::frame("c", number),
                Timestamp::UNIX_EPOCH,
                body(number),
            );
            let events = vec![("choir".into(), draft)];
            let batch = Batch {
                events,
                ..Batch::default()
            };
            journal
                .append(std::sync::Arc::new(batch))
                .await
                .expect("it is stored");
        }
        journal.close().await.expect("it closes");
    });
    let path = path.to_str().expect("a plain path");
    let run = export(folder.path(), path, &["--to", "large.parquet"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let (rows, metadata) = read(&folder.path().join("large.parquet"));
    assert_eq!(rows.iter().map(RecordBatch::num_rows).sum::<usize>(), 24);
    assert!(
        metadata.num_row_groups() > 1,
        "{}",
        metadata.num_row_groups()
    );
}

#[test]
fn what_a_parquet_file_cannot_be_is_wrong_usage_and_leaves_nothing() {
    let (folder, path) = journal();
    for (options, way_out) in [
        (&[][..], "hint: name one with `--to`"),
        (
            &["--to", "a.parquet", "--resume"],
            "hint: leave `--resume` out",
        ),
        (&["--to", "a.parquet", "--full"], "hint: leave `--full` out"),
    ] {
        let run = export(folder.path(), &path, options);
        let said: Vec<_> = run.stderr.lines().collect();
        assert_eq!((run.code, said.len()), (2, 2), "{}", run.stderr);
        assert!(said[1].starts_with(way_out), "{}", run.stderr);
    }
    // A part that is there, and a file, are not overwritten.
    for name in ["a.parquet.part", "a.parquet"] {
        let file = folder.path().join(name);
        std::fs::write(&file, "mine").expect("a file");
        let run = export(folder.path(), &path, &["--to", "a.parquet"]);
        assert_eq!(run.code, 1, "{}", run.stderr);
        assert!(
            run.stderr.contains("is there already\nhint: "),
            "{}",
            run.stderr
        );
        assert_eq!(std::fs::read(&file).expect("it is there"), b"mine");
    }
    let run = export(folder.path(), &path, &["--to", "no/a.parquet"]);
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert!(
        run.stderr.contains("could not make no/a.parquet.part"),
        "{}",
        run.stderr
    );
}
