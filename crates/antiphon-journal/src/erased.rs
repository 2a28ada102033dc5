//! What is left of an erased person's events, the same for every backend.
//!
//! Origins are hashed, so that a repeat is known and nobody reads a name in them.

use antiphon_core::{BodyForm, Draft, Event, Origin, Person, Verdict};
use ring::hmac;

use crate::retention::ERASED;

/// How a hashed origin begins; no platform's origin does.
const PREFIX: &str = "erased/";

/// The hash of an origin within its source: HMAC-SHA-256 with the journal's own key, in hexadecimal.
///
/// An origin that is hashed already stays as it is.
pub(crate) fn hashed(key: &[u8], source: &str, origin: &Origin) -> Origin {
    use std::fmt::Write as _;
    if is_hashed(origin.as_str()) {
        return origin.clone();
    }
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    let mut context = hmac::Context::with_key(&key);
    // The length keeps two pairs of texts from being one.
    context.update(&(source.len() as u64).to_be_bytes());
    context.update(source.as_bytes());
    context.update(origin.as_str().as_bytes());
    let mut hashed = String::from(PREFIX);
    for byte in context.sign().as_ref() {
        let _ = write!(hashed, "{byte:02x}");
    }
    hashed.into()
}

/// The first half of the hash of an origin within its source, by which the other backend knows removed ones.
#[cfg(feature = "sqlite")]
pub(crate) fn origin_key(key: &[u8], source: &str, origin: &str) -> u128 {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    let mut context = hmac::Context::with_key(&key);
    context.update(&(source.len() as u64).to_be_bytes());
    context.update(source.as_bytes());
    context.update(origin.as_bytes());
    let half = context.sign().as_ref().first_chunk().copied();
    u128::from_be_bytes(half.unwrap_or_default())
}

/// Whether an origin is hashed already.
pub(crate) fn is_hashed(origin: &str) -> bool {
    origin.starts_with(PREFIX)
}

/// What is known of a person, as it is saved before anything is changed.
#[cfg(any(feature = "sqlite", feature = "jetstream"))]
pub(crate) fn record(person: &Person) -> std::sync::Arc<antiphon_core::Batch> {
    std::sync::Arc::new(antiphon_core::Batch {
        projections: vec![(person.record(), person.saved())],
        ..antiphon_core::Batch::default()
    })
}

/// What is left of an event after this verdict.
pub(crate) fn left(person: &Person, key: &[u8], event: &Event, verdict: &Verdict) -> Draft {
    let mut draft = event.draft().clone();
    let source = event.source().as_str();
    match verdict {
        Verdict::Erase => {
            draft.body = ERASED;
            draft.form = BodyForm::Json;
            draft.note = None;
            draft.deletes = None;
            draft.origin = hashed(key, source, &draft.origin);
        }
        Verdict::Redact { body, note, origin } => {
            draft.body = body.clone();
            draft.note.clone_from(note);
            if *origin {
                for origin in std::iter::once(&mut draft.origin).chain(&mut draft.deletes) {
                    if person.text(origin.as_str()).is_some() {
                        *origin = hashed(key, source, origin);
                    }
                }
            }
        }
        _ => {}
    }
    draft
}
