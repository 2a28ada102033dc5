//! An audit of events that are posted to the control address, one JSON object a line.

use std::borrow::Cow;

use antiphon_core::Provenance;
use bytes::Bytes;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Body;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{Audit, Due, StoredEvent, StoredEvents};
use crate::Ledger;

/// Bytes of the longest line.
const LINE: usize = 1 << 20;
/// Bytes of all lines.
const BYTES: usize = 1 << 30;
/// Lines.
const EVENTS: u64 = 4_000_000;

/// Why posted events were not judged.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PostError {
    /// The request is at fault.
    #[error("{0}")]
    Request(String),
    /// The ledger dropped so many rows.
    #[error("the ledger dropped {0} rows")]
    Dropped(u64),
}

/// One line; other fields that `antiphon tail --output json` prints are passed over.
#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    place: Cow<'a, str>,
    #[serde(borrow)]
    origin: Cow<'a, str>,
    #[serde(default)]
    provenance: Provenance,
    received_at: Timestamp,
    #[serde(borrow)]
    body: Option<&'a RawValue>,
    handled: Option<u64>,
}

/// Judges the events of a request's body by the ledger, and holds no more of the body than a line.
///
/// The query has `platform`, `account` and, if the audit is to end before the ledger does, `until`.
pub(crate) async fn posted<B>(ledger: &Ledger, query: &str, body: B) -> Result<Audit, PostError>
where
    B: Body<Data = Bytes, Error: Into<Box<dyn std::error::Error + Send + Sync>>>,
{
    let (platform, account, until) = parse_query(query)?;
    let mut body = std::pin::pin!(Limited::new(body, BYTES));
    let mut events = StoredEvents::default();
    let mut rest = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            PostError::Request(if error.is::<LengthLimitError>() {
                format!("an audit takes at most {BYTES} bytes")
            } else {
                "the request broke off".to_owned()
            })
        })?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        rest.extend_from_slice(&data);
        let Some(end) = rest.iter().rposition(|byte| *byte == b'\n') else {
            fits(&rest)?;
            continue;
        };
        add_lines(&mut events, &rest[..end])?;
        rest.drain(..=end);
    }
    add_lines(&mut events, &rest)?;
    let due = Due::to(&platform, &account).until(until);
    ledger.audit(due, &events).map_err(PostError::Dropped)
}

fn add_lines(events: &mut StoredEvents, lines: &[u8]) -> Result<(), PostError> {
    for line in lines.split(|byte| *byte == b'\n') {
        if line.trim_ascii().is_empty() {
            continue;
        }
        fits(line)?;
        if events.count >= EVENTS {
            let error = format!("an audit takes at most {EVENTS} events");
            return Err(PostError::Request(error));
        }
        let number = events.count + 1;
        let line: Line<'_> = serde_json::from_slice(line)
            .map_err(|error| PostError::Request(format!("event {number} is wrong: {error}")))?;
        events.add(&StoredEvent {
            kind: &line.kind,
            place: &line.place,
            origin: &line.origin,
            provenance: line.provenance,
            received_at: line.received_at.as_millisecond(),
            body: line.body.map_or(b"", |body| body.get().as_bytes()),
            handled: line.handled,
        });
    }
    Ok(())
}

fn fits(line: &[u8]) -> Result<(), PostError> {
    if line.len() > LINE {
        let error = format!("an event takes at most {LINE} bytes");
        return Err(PostError::Request(error));
    }
    Ok(())
}

fn parse_query(query: &str) -> Result<(String, String, u64), PostError> {
    let (mut platform, mut account, mut until) = (None, None, u64::MAX);
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match &*name {
            "platform" => platform = Some(value.into_owned()),
            "account" => account = Some(value.into_owned()),
            "until" => {
                let wrong = |_| PostError::Request(format!("`until` is not a number: {value}"));
                until = value.parse().map_err(wrong)?;
            }
            other => {
                let error = format!("no parameter named `{other}`");
                return Err(PostError::Request(error));
            }
        }
    }
    let missing = || PostError::Request("an audit needs `platform` and `account`".to_owned());
    let (platform, account) = platform.zip(account).ok_or_else(missing)?;
    Ok((platform, account, until))
}
