//! The file of `antiphon export`, line by line.
//!
//! docs/data.md describes it for other programs. A line is one JSON object:
//!
//! | line | has |
//! | --- | --- |
//! | first | `antiphon: "export"`, the version of the form, and what was chosen ([`Header`]) |
//! | event | `position` and all that the journal holds of an event ([`EventLine`]) |
//! | removed | `removed`: an origin whose event is gone and that is still recognised; with `--full` alone, behind all events |
//! | state | one of `checkpoint`, `cursor`, `dead_letter`, `projection`, `deletion`, `given`; with `--full` alone, at the end |
//! | last | `end`, which tells a whole file from one that was cut ([`End`]) |
//!
//! Bodies are byte for byte what the platform sent: as JSON where they are one JSON document without line ends around
//! and inside it, and in base64 otherwise.

use std::borrow::Cow;

use antiphon_core::{
    BodyForm, Checkpoint, Cursor, DeadLetter, DeadLetterId, Draft, Event, Kind, Origin, Place,
    Position, Provenance, Saved,
};
use antiphon_journal::{HIGHEST, KnownOrigin, PendingDeletion, RemovedOrigin};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

/// The newest version of the form that this program reads, and that of files with states.
pub(crate) const VERSION: u32 = 2;
/// The version of files without states, which older programs read as well.
pub(crate) const OF_EVENTS: u32 = 1;

/// Most bytes of a line that is read: a body of SQLite's largest size, in base64.
pub(crate) const LONGEST_LINE: u64 = 1_400_000_000;

/// The first line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Header {
    /// `export`.
    pub(crate) antiphon: String,
    /// The version of the form.
    pub(crate) version: u32,
    /// The name of the journal; absent for a journal of an older version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) journal: Option<String>,
    /// Whether states follow the events.
    pub(crate) full: bool,
    /// The key with which the journal hashes origins, in base64; in a file with states alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) key_base64: Option<String>,
    /// The position behind which it begins.
    pub(crate) after: Position,
    /// The position with which it ends; absent where it went to the end of the journal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) until: Option<Position>,
    /// Patterns of kinds; none means all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) kinds: Vec<String>,
    /// Names of sources; none means all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) sources: Vec<String>,
    /// Patterns of places; none means all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) places: Vec<String>,
}

/// An event.
#[derive(Serialize)]
pub(crate) struct EventLine<'a> {
    position: Position,
    source: &'a str,
    kind: &'a str,
    place: &'a str,
    origin: &'a str,
    provenance: Provenance,
    received_at: Timestamp,
    form: BodyForm,
    #[serde(skip_serializing_if = "Option::is_none")]
    deletes: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    note_base64: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<&'a RawValue>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body_base64: Option<String>,
}

impl<'a> EventLine<'a> {
    pub(crate) fn new(event: &'a Event) -> Self {
        let (body, body_base64) = spelt(event.body());
        let (note, note_base64) = event.note().map_or((None, None), |note| spelt(note));
        Self {
            position: event.position(),
            source: event.source().as_str(),
            kind: event.kind().as_str(),
            place: event.place().as_str(),
            origin: event.origin().as_str(),
            provenance: event.provenance(),
            received_at: event.received_at(),
            form: event.form(),
            deletes: event.deletes().map(Origin::as_str),
            note,
            note_base64,
            body,
            body_base64,
        }
    }
}

/// The bytes as JSON if a line can have them so, and otherwise in base64.
fn spelt(bytes: &[u8]) -> (Option<&RawValue>, Option<String>) {
    let json = serde_json::from_slice::<&RawValue>(bytes).ok();
    // A reader of the line gives the document without blanks around it.
    let json = json.filter(|json| json.get().len() == bytes.len());
    match json.filter(|json| !json.get().contains(['\n', '\r'])) {
        Some(json) => (Some(json), None),
        None => (None, Some(STANDARD.encode(bytes))),
    }
}

/// A state of the journal, or the last line.
#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StateLine<'a> {
    Checkpoint {
        source: &'a str,
        part: &'a str,
        mark: i64,
        state_base64: String,
    },
    Cursor {
        consumer: &'a str,
        cursor: &'a Cursor,
    },
    DeadLetter {
        id: DeadLetterId,
        consumer: &'a str,
        handler: &'a str,
        error: &'a str,
        attempts: u32,
        at: Timestamp,
        replay: bool,
        event: Box<EventLine<'a>>,
    },
    Projection {
        name: &'a str,
        position: Position,
        state_base64: String,
    },
    Removed {
        #[serde(skip_serializing_if = "Option::is_none")]
        source: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        origin: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        hash: Option<String>,
        until: i64,
    },
    Deletion {
        source: &'a str,
        origin: &'a str,
        at: Timestamp,
    },
    Given {
        position: Position,
        #[serde(skip_serializing_if = "Option::is_none")]
        erasure_key_base64: Option<String>,
    },
    End(End),
}

impl<'a> StateLine<'a> {
    pub(crate) fn removed(removed: &'a RemovedOrigin) -> Self {
        let (source, origin, hash) = match &removed.origin {
            KnownOrigin::Named(source, origin) => {
                (Some(source.as_str()), Some(origin.as_str()), None)
            }
            KnownOrigin::Hashed(hash) => (None, None, Some(format!("{hash:032x}"))),
        };
        Self::Removed {
            source,
            origin,
            hash,
            until: removed.until,
        }
    }

    pub(crate) fn deletion(deletion: &'a PendingDeletion) -> Self {
        Self::Deletion {
            source: deletion.source.as_str(),
            origin: deletion.origin.as_str(),
            at: deletion.at,
        }
    }

    pub(crate) fn checkpoint(source: &'a str, checkpoint: &'a Checkpoint) -> Self {
        Self::Checkpoint {
            source,
            part: &checkpoint.part,
            mark: checkpoint.mark,
            state_base64: STANDARD.encode(&checkpoint.state),
        }
    }

    pub(crate) fn dead_letter(letter: &'a DeadLetter) -> Self {
        Self::DeadLetter {
            id: letter.id,
            consumer: letter.consumer.as_str(),
            handler: &letter.handler,
            error: &letter.error,
            attempts: letter.attempts,
            at: letter.at,
            replay: letter.replay,
            event: Box::new(EventLine::new(&letter.event)),
        }
    }

    pub(crate) fn projection(name: &'a str, saved: &'a Saved) -> Self {
        Self::Projection {
            name,
            position: saved.position,
            state_base64: STANDARD.encode(&saved.state),
        }
    }

    pub(crate) fn given(position: Position, erasure_key: Option<&[u8]>) -> Self {
        Self::Given {
            position,
            erasure_key_base64: erasure_key.map(|key| STANDARD.encode(key)),
        }
    }
}

/// What the last line has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct End {
    /// Events in the file.
    pub(crate) events: u64,
    /// The last position that was looked at.
    pub(crate) through: Position,
}

/// The beginning of a line that is not the first: enough to tell an event from the rest.
#[derive(Deserialize)]
pub(crate) struct Glance {
    /// The position of an event; absent in every other line.
    #[serde(default)]
    pub(crate) position: Option<Position>,
}

/// An event that is read.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReadEvent<'a> {
    position: Position,
    source: String,
    kind: String,
    place: String,
    origin: String,
    provenance: Provenance,
    received_at: Timestamp,
    form: BodyForm,
    #[serde(default)]
    deletes: Option<String>,
    #[serde(borrow, default, deserialize_with = "present")]
    note: Option<&'a RawValue>,
    #[serde(borrow, default)]
    note_base64: Option<Cow<'a, str>>,
    #[serde(borrow, default, deserialize_with = "present")]
    body: Option<&'a RawValue>,
    #[serde(borrow, default)]
    body_base64: Option<Cow<'a, str>>,
}

/// A document that is there, also where it is `null`.
fn present<'de: 'a, 'a, D: Deserializer<'de>>(from: D) -> Result<Option<&'a RawValue>, D::Error> {
    <&RawValue>::deserialize(from).map(Some)
}

impl ReadEvent<'_> {
    /// # Errors
    /// A body that is missing, given twice, or no base64, a position that no journal gives, and an event without a source
    /// or a kind.
    pub(crate) fn event(self) -> Result<Event, String> {
        if self.position == Position::ZERO {
            return Err("its `position` is 0, and the first one is 1".to_owned());
        }
        if self.position > HIGHEST {
            return Err("its `position` is above 2^62".to_owned());
        }
        named("source", &self.source)?;
        named("kind", &self.kind)?;
        let body = read("body", self.body, self.body_base64)?.ok_or("it has no `body`")?;
        let mut draft = Draft::new(
            Kind::new(self.kind),
            Place::from(self.place),
            Origin::from(self.origin),
            self.received_at,
            body,
        )
        .provenance(self.provenance);
        draft.form = self.form;
        draft.deletes = self.deletes.map(Origin::from);
        draft.note = read("note", self.note, self.note_base64)?;
        Ok(Event::stored(self.position, self.source.into(), draft))
    }
}

/// # Errors
/// An empty text, where something has to be named.
fn named(field: &str, text: &str) -> Result<(), String> {
    if text.is_empty() {
        return Err(format!("its `{field}` is empty"));
    }
    Ok(())
}

/// The bytes behind one of two spellings.
fn read(
    name: &str,
    json: Option<&RawValue>,
    base64: Option<Cow<'_, str>>,
) -> Result<Option<Bytes>, String> {
    match (json, base64) {
        (Some(_), Some(_)) => Err(format!("it has `{name}` and `{name}_base64`")),
        (Some(json), None) => Ok(Some(Bytes::copy_from_slice(json.get().as_bytes()))),
        (None, Some(base64)) => decoded(&format!("{name}_base64"), &base64).map(|b| Some(b.into())),
        (None, None) => Ok(None),
    }
}

fn decoded(name: &str, base64: &str) -> Result<Vec<u8>, String> {
    STANDARD
        .decode(base64)
        .map_err(|error| format!("`{name}` is no base64: {error}"))
}

/// A state that is read, or the last line.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum ReadState<'a> {
    Checkpoint {
        source: String,
        part: String,
        mark: i64,
        state_base64: String,
    },
    Cursor {
        consumer: String,
        cursor: Cursor,
    },
    DeadLetter {
        id: DeadLetterId,
        consumer: String,
        handler: String,
        error: String,
        attempts: u32,
        at: Timestamp,
        replay: bool,
        #[serde(borrow)]
        event: Box<ReadEvent<'a>>,
    },
    Projection {
        name: String,
        position: Position,
        state_base64: String,
    },
    Removed {
        #[serde(default)]
        source: Option<String>,
        #[serde(default)]
        origin: Option<String>,
        #[serde(default)]
        hash: Option<String>,
        until: i64,
    },
    Deletion {
        source: String,
        origin: String,
        at: Timestamp,
    },
    Given {
        position: Position,
        #[serde(default)]
        erasure_key_base64: Option<String>,
    },
    End(End),
}

/// The key in the first line.
///
/// # Errors
/// It is no base64.
pub(crate) fn key_of(header: &Header) -> Result<Option<Vec<u8>>, String> {
    let key = header.key_base64.as_ref();
    key.map(|key| decoded("key_base64", key)).transpose()
}

impl ReadState<'_> {
    /// Adds the state to the others, or an origin to the removed ones; the last line gives its content.
    ///
    /// # Errors
    /// A value that is no base64, an empty name, or a letter whose event cannot be read.
    pub(crate) fn add_to(
        self,
        states: &mut antiphon_journal::States,
        removed: &mut Vec<RemovedOrigin>,
    ) -> Result<Option<End>, String> {
        match self {
            Self::Removed {
                source,
                origin,
                hash,
                until,
            } => {
                let origin = match (source, origin, hash) {
                    (Some(source), Some(origin), None) => {
                        named("source", &source)?;
                        KnownOrigin::Named(source.into(), origin.into())
                    }
                    (None, None, Some(hash)) => {
                        let hash = u128::from_str_radix(&hash, 16);
                        KnownOrigin::Hashed(hash.map_err(|_| "its `hash` is no hexadecimal")?)
                    }
                    _ => return Err("it has neither `source` and `origin` nor `hash`".to_owned()),
                };
                removed.push(RemovedOrigin { origin, until });
            }
            Self::Deletion { source, origin, at } => {
                named("source", &source)?;
                states.deletions.push(PendingDeletion {
                    source: source.into(),
                    origin: origin.into(),
                    at,
                });
            }
            Self::Checkpoint {
                source,
                part,
                mark,
                state_base64,
            } => {
                named("source", &source)?;
                let checkpoint = Checkpoint {
                    part: part.into(),
                    mark,
                    state: decoded("state_base64", &state_base64)?.into(),
                };
                states.checkpoints.push((source.into(), checkpoint));
            }
            Self::Cursor { consumer, cursor } => {
                named("consumer", &consumer)?;
                states.cursors.push((consumer.into(), cursor));
            }
            Self::DeadLetter {
                id,
                consumer,
                handler,
                error,
                attempts,
                at,
                replay,
                event,
            } => {
                named("consumer", &consumer)?;
                if id == DeadLetterId(0) {
                    return Err("its `id` is 0, and the first one is 1".to_owned());
                }
                states.dead_letters.push(DeadLetter {
                    id,
                    consumer: consumer.into(),
                    handler,
                    event: event.event()?,
                    error,
                    attempts,
                    at,
                    replay,
                });
            }
            Self::Projection {
                name,
                position,
                state_base64,
            } => {
                named("name", &name)?;
                let state = decoded("state_base64", &state_base64)?;
                states.projections.push((name, Saved { position, state }));
            }
            Self::Given {
                position,
                erasure_key_base64,
            } => {
                states.given = position;
                states.erasure_key = erasure_key_base64
                    .map(|key| decoded("erasure_key_base64", &key))
                    .transpose()?;
            }
            Self::End(end) => return Ok(Some(end)),
        }
        Ok(None)
    }
}
