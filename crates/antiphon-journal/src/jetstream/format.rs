//! What the messages of a stream look like: events, states, parts and fences.
//!
//! A message's payload is an event's body as the platform sent it, and what is known beside it stands in headers, so
//! that `nats` and clients of other languages read it. docs/scale-out.md, "Messages" has the same table for readers.
//!
//! | subject | message |
//! | --- | --- |
//! | `antiphon.JOURNAL.event.PLATFORM.KIND` | an event |
//! | `antiphon.JOURNAL.state.HASH` | a checkpoint, cursor, projection, dead letter, claim of a consumer or record of the journal's own |
//! | `antiphon.JOURNAL.part` | the beginning of a payload that is larger than a message may be |
//! | `antiphon.JOURNAL.fence` | nothing; it takes a sequence number ([`super::run`]) |

use std::fmt::Write as _;

use antiphon_core::{
    BodyForm, BoxError, Cursor, DeadLetter, DeadLetterId, Draft, Event, Kind, Origin, Place,
    Position, Provenance,
};
use async_nats::HeaderMap;
use bytes::{Bytes, BytesMut};
use jiff::Timestamp;
use percent_encoding::{
    AsciiSet, CONTROLS, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode,
};
use ring::{digest, hmac};
use serde::{Deserialize, Serialize};

/// Bytes in a header's value that are written as `%20` and the like; all that is not ASCII is too.
const VALUE: &AsciiSet = &CONTROLS.add(b' ').add(b'%');
/// Bytes in a token of a subject that stand for themselves: letters, digits, `_` and `-`.
const TOKEN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'_').remove(b'-');
/// Longest token of a subject; longer kinds are named by a hash.
const TOKEN_BYTES: usize = 128;
/// Most bytes of names in the headers of a message; longer ones stand behind the body.
///
/// A server takes 64 KiB of headers.
const NAMES_BYTES: usize = 16 << 10;

pub(super) const POSITION: &str = "Antiphon-Position";
const SOURCE: &str = "Antiphon-Source";
const KIND: &str = "Antiphon-Kind";
const PLACE: &str = "Antiphon-Place";
const ORIGIN: &str = "Antiphon-Origin";
const DELETES: &str = "Antiphon-Deletes";
const PROVENANCE: &str = "Antiphon-Provenance";
const RECEIVED: &str = "Antiphon-Received";
const FORM: &str = "Antiphon-Form";
const BODY: &str = "Antiphon-Body";
const NOTE: &str = "Antiphon-Note";
const NAMES: &str = "Antiphon-Names";
/// On an event whose body was taken out.
const ERASED: &str = "Antiphon-Erased";
/// Messages before this one that begin its payload.
pub(super) const PARTS: &str = "Antiphon-Parts";
/// Epoch, number of the run, and index of the message in it.
pub(super) const RUN: &str = "Antiphon-Run";
/// On the last message of a run: how many messages it has.
pub(super) const COMMIT: &str = "Antiphon-Commit";
/// On the last message of a run: the last position and the last number of a dead letter that were given.
pub(super) const COUNTERS: &str = "Antiphon-Counters";
/// Name of a state; absent where it is too long, and stands before the value.
const STATE: &str = "Antiphon-State";
/// Length of the name before the value.
const STATE_NAME: &str = "Antiphon-State-Name";
/// On a state that is no more.
const GONE: &str = "Antiphon-Gone";

/// The key of an origin: enough to know it again, and nothing to read in it.
pub(super) type OriginKey = u128;

/// The random secret of a journal, with which origins are hashed.
pub(super) struct Secret {
    pub(super) bytes: [u8; 32],
    key: hmac::Key,
}

impl Secret {
    pub(super) fn new(bytes: [u8; 32]) -> Self {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &bytes);
        Self { bytes, key }
    }

    /// The key of an origin in its source.
    pub(super) fn origin(&self, source: &str, origin: &str) -> OriginKey {
        let mut context = hmac::Context::with_key(&self.key);
        // The length keeps two pairs of texts from being one.
        context.update(&(source.len() as u64).to_be_bytes());
        context.update(source.as_bytes());
        context.update(origin.as_bytes());
        first_half(context.sign().as_ref())
    }
}

fn first_half(hash: &[u8]) -> u128 {
    let half = hash.first_chunk().copied().unwrap_or_default();
    u128::from_be_bytes(half)
}

fn digest(bytes: &[u8]) -> u128 {
    first_half(digest::digest(&digest::SHA256, bytes).as_ref())
}

/// Subjects of a journal.
#[derive(Clone, Debug)]
pub(super) struct Subjects {
    prefix: String,
}

impl Subjects {
    pub(super) fn of(journal: &str) -> Self {
        Self {
            prefix: format!("antiphon.{journal}"),
        }
    }

    pub(super) fn all(&self) -> String {
        format!("{}.>", self.prefix)
    }

    pub(super) fn events(&self) -> String {
        format!("{}.event.>", self.prefix)
    }

    pub(super) fn fence(&self) -> String {
        format!("{}.fence", self.prefix)
    }

    /// What processes of consumers ask the one that appends; it is outside the stream.
    pub(super) fn asks(&self) -> String {
        self.prefix.replacen("antiphon.", "antiphon-ask.", 1)
    }

    /// Commands of consumers' processes to the one that runs the sources; `to` is the process that they are for, if it
    /// is known.
    pub(super) fn relay(&self, to: Option<&str>) -> String {
        let subject = self.prefix.replacen("antiphon.", "antiphon-relay.", 1);
        match to {
            Some(to) => format!("{subject}.{}", token(to)),
            None => subject,
        }
    }

    /// The bucket of values that processes share.
    pub(super) fn shared(&self) -> String {
        self.prefix.replacen("antiphon.", "antiphon-", 1) + "-shared"
    }

    fn part(&self) -> String {
        format!("{}.part", self.prefix)
    }

    fn event(&self, kind: &Kind) -> String {
        let (platform, name) = kind.as_str().split_once('.').unwrap_or(("", kind.as_str()));
        format!("{}.event.{}.{}", self.prefix, token(platform), token(name))
    }

    fn state(&self, name: &str) -> String {
        format!("{}.state.{:032x}", self.prefix, digest(name.as_bytes()))
    }
}

fn token(text: &str) -> String {
    let encoded = utf8_percent_encode(text, TOKEN).to_string();
    match encoded.len() {
        0 => "%".into(),
        1..=TOKEN_BYTES => encoded,
        _ => format!("%{:032x}", digest(text.as_bytes())),
    }
}

/// A message that is not sent yet.
#[derive(Clone, Debug)]
pub(super) struct Record {
    pub(super) subject: String,
    pub(super) headers: HeaderMap,
    pub(super) payload: Bytes,
}

/// Cuts a payload that is larger than a message into parts, and gives all messages in order.
pub(super) fn split(
    subjects: &Subjects,
    subject: String,
    mut headers: HeaderMap,
    mut payload: Bytes,
    most: usize,
) -> Vec<Record> {
    let mut records = Vec::new();
    while payload.len() > most {
        records.push(Record {
            subject: subjects.part(),
            headers: HeaderMap::new(),
            payload: payload.split_to(most),
        });
    }
    if !records.is_empty() {
        headers.insert(PARTS, records.len().to_string());
    }
    records.push(Record {
        subject,
        headers,
        payload,
    });
    records
}

/// The names of an event that are too long for headers, as they stand behind its body.
#[derive(Serialize, Deserialize)]
struct Names {
    source: String,
    kind: String,
    place: String,
    origin: String,
    deletes: Option<String>,
}

/// An event's messages, in order; only the last has its headers.
pub(super) fn event_records(subjects: &Subjects, event: &Event, most: usize) -> Vec<Record> {
    let draft = event.draft();
    let mut headers = HeaderMap::new();
    headers.insert(POSITION, event.position().get().to_string());
    headers.insert(PROVENANCE, draft.provenance.as_str());
    headers.insert(RECEIVED, draft.received_at.to_string());
    headers.insert(FORM, draft.form.as_str());
    headers.insert(BODY, draft.body.len().to_string());
    if draft.body == crate::retention::ERASED {
        headers.insert(ERASED, "1");
    }
    let mut payload = draft.body.clone();
    let mut behind = BytesMut::new();
    if let Some(note) = &draft.note {
        headers.insert(NOTE, note.len().to_string());
        behind.extend_from_slice(note);
    }
    let names = [
        (SOURCE, event.source().as_str()),
        (KIND, draft.kind.as_str()),
        (PLACE, draft.place.as_str()),
        (ORIGIN, draft.origin.as_str()),
    ];
    let deletes = draft
        .deletes
        .as_ref()
        .map(|origin| (DELETES, origin.as_str()));
    let encoded: Vec<_> = names
        .into_iter()
        .chain(deletes)
        .map(|(name, text)| (name, utf8_percent_encode(text, VALUE).to_string()))
        .collect();
    if encoded.iter().map(|(_, text)| text.len()).sum::<usize>() <= NAMES_BYTES {
        for (name, text) in encoded {
            headers.insert(name, text.as_str());
        }
    } else {
        let names = Names {
            source: event.source().as_str().into(),
            kind: draft.kind.as_str().into(),
            place: draft.place.as_str().into(),
            origin: draft.origin.as_str().into(),
            deletes: draft.deletes.as_ref().map(|origin| origin.as_str().into()),
        };
        let names = serde_json::to_vec(&names).expect("texts are JSON");
        headers.insert(NAMES, names.len().to_string());
        behind.extend_from_slice(&names);
    }
    if !behind.is_empty() {
        let mut whole = BytesMut::with_capacity(payload.len() + behind.len());
        whole.extend_from_slice(&payload);
        whole.extend_from_slice(&behind);
        payload = whole.freeze();
    }
    split(
        subjects,
        subjects.event(&draft.kind),
        headers,
        payload,
        most,
    )
}

/// What the headers of an event say; `names` is absent where they stand behind the body.
pub(super) struct EventHead {
    pub(super) position: u64,
    pub(super) body: usize,
    pub(super) note: Option<usize>,
    pub(super) received_at: Timestamp,
    pub(super) is_erased: bool,
}

impl EventHead {
    /// Whether a message's headers are those of an event.
    pub(super) fn is_in(headers: &HeaderMap) -> bool {
        headers.get(POSITION).is_some()
    }

    pub(super) fn read(headers: &HeaderMap) -> Result<Self, BoxError> {
        Ok(Self {
            position: number(headers, POSITION)?,
            body: number(headers, BODY)?,
            note: headers
                .get(NOTE)
                .map(|length| length.as_str().parse())
                .transpose()?,
            received_at: text(headers, RECEIVED)?.parse()?,
            is_erased: headers.get(ERASED).is_some(),
        })
    }

    /// The bytes it occupies in memory, as [`Draft::weight`] counts them.
    pub(super) fn weight(&self) -> u64 {
        (self.body as u64)
            .saturating_add(self.note.unwrap_or(0) as u64)
            .saturating_add(256)
    }
}

/// How many messages before this one begin its payload.
pub(super) fn parts(headers: &HeaderMap) -> Result<u32, BoxError> {
    match headers.get(PARTS) {
        None => Ok(0),
        Some(parts) => Ok(parts.as_str().parse()?),
    }
}

/// Reads an event from its headers and its whole payload.
pub(super) fn read_event(headers: &HeaderMap, mut payload: Bytes) -> Result<Event, BoxError> {
    let head = EventHead::read(headers)?;
    let note_length = head.note.unwrap_or(0);
    if payload.len() < head.body.saturating_add(note_length) {
        return Err("the payload is shorter than its headers say".into());
    }
    let body = payload.split_to(head.body);
    let note = payload.split_to(note_length);
    let names = if headers.get(NAMES).is_some() {
        serde_json::from_slice(&payload)?
    } else {
        Names {
            source: decoded(headers, SOURCE)?,
            kind: decoded(headers, KIND)?,
            place: decoded(headers, PLACE)?,
            origin: decoded(headers, ORIGIN)?,
            deletes: headers
                .get(DELETES)
                .map(|_| decoded(headers, DELETES))
                .transpose()?,
        }
    };
    let draft = Draft {
        kind: Kind::new(names.kind),
        place: Place::new(names.place),
        origin: Origin::new(names.origin),
        provenance: provenance(text(headers, PROVENANCE)?)?,
        received_at: head.received_at,
        body,
        form: form(text(headers, FORM)?)?,
        note: head.note.map(|_| note),
        deletes: names.deletes.map(Origin::new),
    };
    let position = Position::new(head.position);
    Ok(Event::stored(position, names.source.into(), draft))
}

/// Whether an event's names stand behind its body.
pub(super) fn has_long_names(headers: &HeaderMap) -> bool {
    headers.get(NAMES).is_some() || headers.get(STATE_NAME).is_some()
}

/// Source, kind, place, origin and deleted origin of an event whose names stand in its headers.
pub(super) fn short_names(
    headers: &HeaderMap,
) -> Result<(String, String, String, String, Option<String>), BoxError> {
    let deletes = headers.get(DELETES).map(|_| decoded(headers, DELETES));
    Ok((
        decoded(headers, SOURCE)?,
        decoded(headers, KIND)?,
        decoded(headers, PLACE)?,
        decoded(headers, ORIGIN)?,
        deletes.transpose()?,
    ))
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Result<&'a str, BoxError> {
    let value = headers.get(name);
    let value = value.ok_or_else(|| format!("a message lacks the header {name}"))?;
    Ok(value.as_str())
}

fn decoded(headers: &HeaderMap, name: &str) -> Result<String, BoxError> {
    let decoded = percent_decode_str(text(headers, name)?).decode_utf8()?;
    Ok(decoded.into_owned())
}

fn number<T: std::str::FromStr>(headers: &HeaderMap, name: &str) -> Result<T, BoxError>
where
    T::Err: std::error::Error + Send + Sync + 'static,
{
    Ok(text(headers, name)?.parse()?)
}

fn provenance(word: &str) -> Result<Provenance, BoxError> {
    [
        Provenance::Live,
        Provenance::Replayed,
        Provenance::Backfilled,
        Provenance::Synthetic,
    ]
    .into_iter()
    .find(|provenance| provenance.as_str() == word)
    .ok_or_else(|| format!("there is no provenance `{word}`").into())
}

fn form(word: &str) -> Result<BodyForm, BoxError> {
    [BodyForm::Json, BodyForm::Text, BodyForm::Binary]
        .into_iter()
        .find(|form| form.as_str() == word)
        .ok_or_else(|| format!("there is no form `{word}`").into())
}

/// What a state is of.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "state")]
pub(super) enum StateName {
    /// A part's checkpoint.
    Checkpoint { source: String, part: String },
    /// A consumer's cursor.
    Cursor { consumer: String },
    /// A projection.
    Projection { name: String },
    /// A dead letter.
    Dead { id: u64 },
    /// What a sweep removed.
    Swept { number: u64 },
    /// The journal's secret.
    Identity,
    /// Who has a consumer.
    Claim { consumer: String },
}

/// A state's value: a line of JSON, and bytes behind it.
#[derive(Clone, Debug)]
pub(super) struct StateValue {
    line: Vec<u8>,
    bytes: Bytes,
}

impl StateValue {
    pub(super) fn new(line: &impl Serialize, bytes: Bytes) -> Self {
        let mut line = serde_json::to_vec(line).expect("plain data");
        line.push(b'\n');
        Self { line, bytes }
    }

    pub(super) fn line<'a, T: Deserialize<'a>>(&'a self) -> Result<T, BoxError> {
        Ok(serde_json::from_slice(&self.line)?)
    }

    pub(super) fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The value as it is sent.
    pub(super) fn whole(&self) -> Bytes {
        let mut whole = BytesMut::from(self.line.as_slice());
        whole.extend_from_slice(&self.bytes);
        whole.freeze()
    }

    /// The value in what was sent.
    pub(super) fn read(mut whole: Bytes) -> Self {
        let end = whole.iter().position(|byte| *byte == b'\n');
        let line = end.map_or_else(Bytes::new, |end| whole.split_to(end + 1));
        Self {
            line: line.to_vec(),
            bytes: whole,
        }
    }
}

/// A state's messages; one without a value says that it is no more.
pub(super) fn state_records(
    subjects: &Subjects,
    name: &StateName,
    value: Option<&StateValue>,
    most: usize,
) -> Vec<Record> {
    let name = serde_json::to_string(name).expect("texts are JSON");
    let subject = subjects.state(&name);
    let mut headers = HeaderMap::new();
    let mut payload = BytesMut::new();
    let encoded = utf8_percent_encode(&name, VALUE).to_string();
    if encoded.len() <= NAMES_BYTES {
        headers.insert(STATE, encoded.as_str());
    } else {
        headers.insert(STATE_NAME, name.len().to_string());
        payload.extend_from_slice(name.as_bytes());
    }
    match value {
        None => headers.insert(GONE, "1"),
        Some(value) => {
            payload.extend_from_slice(&value.line);
            payload.extend_from_slice(&value.bytes);
        }
    }
    split(subjects, subject, headers, payload.freeze(), most)
}

/// Whether a message's headers are those of a state, and whether that is no more.
pub(super) fn is_state(headers: &HeaderMap) -> Option<bool> {
    let is_state = headers.get(STATE).is_some() || headers.get(STATE_NAME).is_some();
    is_state.then(|| headers.get(GONE).is_some())
}

/// The name of a state that stands in its headers.
pub(super) fn short_state_name(headers: &HeaderMap) -> Result<StateName, BoxError> {
    Ok(serde_json::from_str(&decoded(headers, STATE)?)?)
}

/// The name of a state and its value, from its headers and its whole payload.
pub(super) fn read_state(
    headers: &HeaderMap,
    mut payload: Bytes,
) -> Result<(StateName, StateValue), BoxError> {
    let name = if headers.get(STATE_NAME).is_some() {
        let length: usize = number(headers, STATE_NAME)?;
        if payload.len() < length {
            return Err("a state is shorter than its name".into());
        }
        serde_json::from_slice(&payload.split_to(length))?
    } else {
        short_state_name(headers)?
    };
    Ok((name, StateValue::read(payload)))
}

/// The line of a checkpoint.
#[derive(Serialize, Deserialize)]
pub(super) struct CheckpointLine {
    pub(super) mark: i64,
}

/// The line of a projection.
#[derive(Serialize, Deserialize)]
pub(super) struct ProjectionLine {
    pub(super) position: u64,
}

/// The line of a claim.
#[derive(Serialize, Deserialize)]
pub(super) struct ClaimLine {
    /// The lease under which the consumer is held: greater than that of every earlier holder.
    pub(super) epoch: u64,
}

/// The key of a consumer's lease: any text can be a name, and not every text a key.
pub(super) fn consumer_key(consumer: &str) -> String {
    format!("consumer-{:032x}", digest(consumer.as_bytes()))
}

/// The line of a cursor is the cursor.
pub(super) fn cursor_value(cursor: &Cursor) -> StateValue {
    StateValue::new(cursor, Bytes::new())
}

/// What a sweep removed.
///
/// Keys are texts, since JSON has no integers of their size.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct SweptLine {
    /// The sweep's time, in Unix seconds.
    pub(super) at: i64,
    /// Removed origins, and until when they are recognised.
    pub(super) removed: Vec<(String, i64)>,
    /// Deletions whose grace was not over when their own event was removed: the origin that they delete, and their time.
    pub(super) deletions: Vec<(String, Timestamp)>,
    /// Whether origins that are hashed may be among the removed ones.
    #[serde(default)]
    pub(super) hashed: bool,
}

pub(super) fn key_text(key: OriginKey) -> String {
    format!("{key:032x}")
}

pub(super) fn key_of(text: &str) -> Result<OriginKey, BoxError> {
    Ok(OriginKey::from_str_radix(text, 16)?)
}

/// The line of a dead letter; its event's body and note stand behind it.
#[derive(Serialize, Deserialize)]
struct DeadLine {
    consumer: String,
    handler: String,
    error: String,
    attempts: u32,
    at: Timestamp,
    replay: bool,
    position: u64,
    source: String,
    kind: String,
    place: String,
    origin: String,
    provenance: Provenance,
    received_at: Timestamp,
    form: BodyForm,
    deletes: Option<String>,
    body: usize,
    note: Option<usize>,
}

/// Which of a consumer's failures a letter is of; one letter is kept for each.
pub(super) fn same_failure(letter: &DeadLetter) -> u128 {
    let mut text = String::new();
    let position = letter.event.position();
    let (consumer, handler) = (letter.consumer.as_str(), letter.handler.as_str());
    let _ = write!(text, "{position}/{}/{consumer}{handler}", consumer.len());
    digest(text.as_bytes())
}

pub(super) fn dead_value(letter: &DeadLetter) -> StateValue {
    let draft = letter.event.draft();
    let line = DeadLine {
        consumer: letter.consumer.as_str().into(),
        handler: letter.handler.clone(),
        error: letter.error.clone(),
        attempts: letter.attempts,
        at: letter.at,
        replay: letter.replay,
        position: letter.event.position().get(),
        source: letter.event.source().as_str().into(),
        kind: draft.kind.as_str().into(),
        place: draft.place.as_str().into(),
        origin: draft.origin.as_str().into(),
        provenance: draft.provenance,
        received_at: draft.received_at,
        form: draft.form,
        deletes: draft.deletes.as_ref().map(|origin| origin.as_str().into()),
        body: draft.body.len(),
        note: draft.note.as_ref().map(Bytes::len),
    };
    let mut bytes = BytesMut::from(draft.body.as_ref());
    bytes.extend_from_slice(draft.note.as_deref().unwrap_or_default());
    StateValue::new(&line, bytes.freeze())
}

pub(super) fn read_dead(id: u64, value: &StateValue) -> Result<DeadLetter, BoxError> {
    let line: DeadLine = value.line()?;
    let mut bytes = value.bytes.clone();
    if bytes.len() < line.body.saturating_add(line.note.unwrap_or(0)) {
        return Err("a dead letter is cut short".into());
    }
    let body = bytes.split_to(line.body);
    let draft = Draft {
        kind: Kind::new(line.kind),
        place: Place::new(line.place),
        origin: Origin::new(line.origin),
        provenance: line.provenance,
        received_at: line.received_at,
        body,
        form: line.form,
        note: line.note.map(|length| bytes.split_to(length)),
        deletes: line.deletes.map(Origin::new),
    };
    Ok(DeadLetter {
        id: DeadLetterId(id),
        consumer: line.consumer.into(),
        handler: line.handler,
        event: Event::stored(Position::new(line.position), line.source.into(), draft),
        error: line.error,
        attempts: line.attempts,
        at: line.at,
        replay: line.replay,
    })
}

/// Where a message stands in its run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct InRun {
    /// The lease under which the run was written.
    pub(super) epoch: u64,
    /// Number of the run under that lease.
    pub(super) run: u64,
    /// Index of the message in the run, from 0.
    pub(super) index: u64,
}

impl InRun {
    pub(super) fn write(self, headers: &mut HeaderMap) {
        headers.insert(RUN, format!("{}/{}/{}", self.epoch, self.run, self.index));
    }

    /// `None` for a message that belongs to no run, as a fence.
    pub(super) fn read(headers: &HeaderMap) -> Option<Self> {
        let mut numbers = headers.get(RUN)?.as_str().split('/');
        let mut next = || numbers.next()?.parse().ok();
        Some(Self {
            epoch: next()?,
            run: next()?,
            index: next()?,
        })
    }
}

/// The counters that the last message of a run has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counters {
    /// The last position that was given.
    pub(super) position: u64,
    /// The last number of a dead letter that was given.
    pub(super) dead: u64,
}

impl Counters {
    pub(super) fn write(self, headers: &mut HeaderMap, messages: usize) {
        headers.insert(COMMIT, messages.to_string());
        headers.insert(COUNTERS, format!("{}/{}", self.position, self.dead));
    }

    /// `None` for a message that is not the last of its run.
    pub(super) fn read(headers: &HeaderMap) -> Option<Self> {
        headers.get(COMMIT)?;
        let (position, dead) = headers.get(COUNTERS)?.as_str().split_once('/')?;
        Some(Self {
            position: position.parse().ok()?,
            dead: dead.parse().ok()?,
        })
    }
}
