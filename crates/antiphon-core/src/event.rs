//! Something a platform said: a draft until the journal stored it, an event from then on.
//!
//! The body is the platform's own document, byte for byte, and is never changed. Everything that antiphon knows beside
//! it is a field of its own: what it is ([`Kind`](crate::Kind)), where ([`Place`](crate::Place)), which occurrence
//! ([`Origin`](crate::Origin)), how it came ([`Provenance`]), and a note for facts that the body cannot have.

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{DecodeError, Kind, Origin, Place, Position, SourceName};

/// How an event came to us.
///
/// A handler may want to act on `live` events alone: answering a message that was fetched an hour later is odd.
///
/// ```
/// use antiphon_core::{Event, Provenance};
///
/// /// Whether an answer still makes sense.
/// fn is_fresh(event: &Event) -> bool {
///     matches!(event.provenance(), Provenance::Live | Provenance::Replayed)
/// }
/// # let _ = is_fresh;
/// assert_eq!(Provenance::Backfilled.to_string(), "backfilled");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Provenance {
    /// As it happened, over the platform's stream.
    #[default]
    Live,
    /// Sent again by the platform after a resume.
    ///
    /// For platforms without a resume: up to the point at which the stream was joined again.
    Replayed,
    /// Fetched from the platform's history after an outage.
    ///
    /// As a rule such events come in their order, before the live ones that follow them.
    Backfilled,
    /// Made by antiphon itself: gaps, links, fetched state.
    ///
    /// [`Gap`](crate::Gap) and [`Link`](crate::Link) are of these.
    Synthetic,
}

impl Provenance {
    /// The word used in files and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Replayed => "replayed",
            Self::Backfilled => "backfilled",
            Self::Synthetic => "synthetic",
        }
    }
}

impl std::fmt::Display for Provenance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// What the bytes of a body are.
///
/// ```
/// use antiphon_core::BodyForm;
///
/// assert_eq!(BodyForm::of(br#"{"type":"ping"}"#), BodyForm::Json);
/// assert_eq!(BodyForm::of(b"<html>"), BodyForm::Text);
/// assert_eq!(BodyForm::of(&[0xff]), BodyForm::Binary);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum BodyForm {
    /// One whole JSON document.
    #[default]
    Json,
    /// UTF-8 that is not JSON.
    Text,
    /// Neither.
    Binary,
}

impl BodyForm {
    /// The word used in files and on the command line.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Text => "text",
            Self::Binary => "binary",
        }
    }

    /// Looks at the bytes and says what they are.
    ///
    /// Takes one pass over them; nothing is built.
    pub fn of(body: &[u8]) -> Self {
        // What the JSON library passes over may be no UTF-8.
        let Ok(text) = crate::read_utf8(body) else {
            return Self::Binary;
        };
        if serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok() {
            Self::Json
        } else {
            Self::Text
        }
    }
}

/// An event on its way to the journal.
///
/// ```
/// use antiphon_core::{BodyForm, Draft, Kind, Origin, Place, Provenance};
///
/// let mut draft = Draft::new(
///     Kind::from_static("queup.chat-message"),
///     Place::new("room/1a2b"),
///     Origin::occurrence("chat", "5f1c"),
///     "2026-01-01T00:00:00Z".parse()?,
///     r#"{"message":"ite missa est"}"#,
/// )
/// .provenance(Provenance::Backfilled);
/// // The caller looks at bytes that may be no JSON.
/// draft.form = BodyForm::of(&draft.body);
/// assert_eq!(draft.form, BodyForm::Json);
/// # Ok::<(), jiff::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// Platform and the wire's own name.
    pub kind: Kind,
    /// Where it happened.
    pub place: Place,
    /// Identity of the occurrence.
    pub origin: Origin,
    /// How it came to us.
    pub provenance: Provenance,
    /// When its last byte was read.
    pub received_at: Timestamp,
    /// The innermost document that is the platform's own, byte for byte.
    pub body: Bytes,
    /// What the body's bytes are.
    pub form: BodyForm,
    /// What antiphon adds beside the body, as JSON; never mixed into it.
    pub note: Option<Bytes>,
    /// The earlier occurrence that this one deletes on the platform, so that retention can honour it.
    pub deletes: Option<Origin>,
}

impl Draft {
    /// A live event with a JSON body and no note.
    ///
    /// The caller vouches that `body` is JSON; where it may not be, set [`Draft::form`] from [`BodyForm::of`].
    pub fn new(
        kind: Kind,
        place: Place,
        origin: Origin,
        received_at: Timestamp,
        body: impl Into<Bytes>,
    ) -> Self {
        Self {
            kind,
            place,
            origin,
            provenance: Provenance::Live,
            received_at,
            body: body.into(),
            form: BodyForm::Json,
            note: None,
            deletes: None,
        }
    }

    /// Says how it came to us.
    #[must_use]
    pub fn provenance(mut self, provenance: Provenance) -> Self {
        self.provenance = provenance;
        self
    }

    /// Bytes it occupies, roughly: what limits on memory count.
    ///
    /// The journal's pages, the tail and the intake all count by it.
    pub fn weight(&self) -> usize {
        // The fixed part stands for the struct, its names and the allocator's overhead.
        256 + self.body.len() + self.note.as_ref().map_or(0, Bytes::len)
    }
}

/// An event that the journal has stored.
///
/// Handlers never see one that it has not.
///
/// ```
/// use antiphon_core::{Draft, Event, Kind, Origin, Place, Position};
///
/// #[derive(serde::Deserialize)]
/// struct Skip<'a> {
///     username: &'a str,
/// }
///
/// let draft = Draft::new(
///     Kind::from_static("queup.chat-skip"),
///     Place::new("room/1a2b"),
///     Origin::frame("c7e1a2", 17),
///     "2026-01-01T00:00:00Z".parse()?,
///     r#"{"username":"mira"}"#,
/// );
/// let event = Event::stored(Position::new(1), "choir".into(), draft);
/// let skip: Skip<'_> = event.parse()?;
/// assert_eq!(skip.username, "mira");
/// # Ok::<(), antiphon_core::BoxError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    position: Position,
    source: SourceName,
    draft: Draft,
}

impl Event {
    /// Puts together what a journal stored; only journals and tests need this.
    pub fn stored(position: Position, source: SourceName, draft: Draft) -> Self {
        Self {
            position,
            source,
            draft,
        }
    }

    /// Its number in the journal.
    pub fn position(&self) -> Position {
        self.position
    }

    /// Name of the source that brought it.
    pub fn source(&self) -> &SourceName {
        &self.source
    }

    /// Platform and the wire's own name.
    pub fn kind(&self) -> &Kind {
        &self.draft.kind
    }

    /// Where it happened.
    pub fn place(&self) -> &Place {
        &self.draft.place
    }

    /// Identity of the occurrence: the key for handlers that must not act twice.
    pub fn origin(&self) -> &Origin {
        &self.draft.origin
    }

    /// How it came to us.
    pub fn provenance(&self) -> Provenance {
        self.draft.provenance
    }

    /// When its last byte was read, by this machine's clock.
    ///
    /// Events of one source grow by it nearly always: a clock that was set back makes an exception.
    pub fn received_at(&self) -> Timestamp {
        self.draft.received_at
    }

    /// The platform's own document, byte for byte.
    pub fn body(&self) -> &Bytes {
        &self.draft.body
    }

    /// What the body's bytes are.
    pub fn form(&self) -> BodyForm {
        self.draft.form
    }

    /// What antiphon added beside the body, as JSON.
    ///
    /// Platform crates document theirs; most events have none.
    pub fn note(&self) -> Option<&Bytes> {
        self.draft.note.as_ref()
    }

    /// The earlier occurrence that this one deletes on the platform.
    pub fn deletes(&self) -> Option<&Origin> {
        self.draft.deletes.as_ref()
    }

    /// The event without its position and source.
    pub fn draft(&self) -> &Draft {
        &self.draft
    }

    /// Reads the body as JSON into `T`, which may borrow from the event.
    ///
    /// Borrowed fields (`&'a str`) work only for texts without escapes; take `Cow<'a, str>` where there may be some.
    ///
    /// # Errors
    /// [`DecodeError`] if the body is not JSON in UTF-8 or has another shape.
    pub fn parse<'a, T: Deserialize<'a>>(&'a self) -> Result<T, DecodeError> {
        crate::json::read_json(&self.draft.body).map_err(|error| self.undecodable::<T>(error))
    }

    /// Reads the body as a JSON object into `T`; a list, which would be read by the order of `T`'s fields, is refused.
    ///
    /// # Errors
    /// [`DecodeError`] if the body is no object, not JSON, or has another shape.
    pub fn parse_object<'a, T: Deserialize<'a>>(&'a self) -> Result<T, DecodeError> {
        let start = self.body().iter().find(|byte| !byte.is_ascii_whitespace());
        if start != Some(&b'{') {
            return Err(self.undecodable::<T>("the body is not an object"));
        }
        self.parse()
    }

    /// The error for a body that could not become a `T`.
    pub fn undecodable<T>(&self, source: impl Into<crate::BoxError>) -> DecodeError {
        self.undecodable_as(std::any::type_name::<T>(), source.into())
    }

    /// Does what [`undecodable`](Self::undecodable) does, compiled once and not for every type.
    fn undecodable_as(&self, type_name: &'static str, source: crate::BoxError) -> DecodeError {
        DecodeError::new(self.kind(), short_type_name(type_name), source)
    }
}

/// The last segment of a type's path, without its parameters.
fn short_type_name(name: &'static str) -> &'static str {
    let name = name.split_once('<').map_or(name, |(name, _)| name);
    name.rsplit_once("::").map_or(name, |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(body: &'static str) -> Event {
        let draft = Draft::new(
            Kind::from_static("queup.chat-skip"),
            Place::root(),
            Origin::frame("c", 1),
            Timestamp::UNIX_EPOCH,
            body,
        );
        Event::stored(Position::new(1), "choir".into(), draft)
    }

    #[test]
    fn a_body_of_another_shape_names_kind_and_type() {
        #[derive(Debug, Deserialize)]
        struct Skip {
            #[expect(dead_code, reason = "only its type matters here")]
            username: String,
        }
        let error = event(r#"{"username":7}"#)
            .parse::<Skip>()
            .expect_err("not a text");
        assert_eq!(
            error.to_string(),
            "`queup.chat-skip` could not be decoded as Skip"
        );
    }

    #[test]
    fn deep_nesting_is_refused_and_not_followed() {
        let deep = "[".repeat(100_000);
        assert_eq!(BodyForm::of(deep.as_bytes()), BodyForm::Text);
    }

    #[test]
    fn a_body_says_what_its_bytes_are() {
        assert_eq!(BodyForm::of(b"{\"a\":[1]}"), BodyForm::Json);
        assert_eq!(BodyForm::of(b"<html>"), BodyForm::Text);
        assert_eq!(BodyForm::of(&[0xff, 0x00]), BodyForm::Binary);
        assert_eq!(BodyForm::of(b"\"\xff\""), BodyForm::Binary);
    }
}
