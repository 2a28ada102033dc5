//! Plain data decoded from a stored event.
//!
//! Decoding asks nothing but the stored event: no cache, no connection, no clock. A handler therefore sees the same
//! payload live, after a crash, and a year later.

use crate::{DecodeError, Event};

/// A typed event: which kinds it is read from, and how.
///
/// A payload is decoded from the stored event alone, so that live running and replay are the same.
///
/// A view may be `Self` where borrowing saves nothing. Write [`Payload::decode`] so that only a body that is no such
/// event is an error: a platform adds fields and changes their types without a word.
///
/// ```
/// use antiphon_core::{DecodeError, Event, Payload};
///
/// /// A user skipped the song (`queup.chat-skip`).
/// #[derive(serde::Deserialize)]
/// struct Skip {
///     username: String,
/// }
///
/// impl Payload for Skip {
///     const KINDS: &'static [&'static str] = &["queup.chat-skip"];
///     type View<'a> = Self;
///
///     fn view(event: &Event) -> Result<Self, DecodeError> {
///         Self::decode(event)
///     }
///
///     fn decode(event: &Event) -> Result<Self, DecodeError> {
///         event.parse_object()
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not the payload of an event",
    note = "payloads are the platforms' events, such as `discord::MessageCreate`, and the stored `Event` itself",
    note = "a handler's first argument is the event; extractors such as `State<T>` follow it"
)]
pub trait Payload: Send + Sync + Sized + 'static {
    /// The kinds it is read from, verbatim.
    const KINDS: &'static [&'static str];

    /// What filters look at: the same event with borrowed texts, cheaper than the full decode.
    type View<'a>;

    /// Whether an event of these kinds is one of these at all.
    ///
    /// Most payloads take every event of their kinds; one may leave some out by what the event itself says, as
    /// `queup.new-message` does with the account's own messages. Raw handlers see those too.
    fn concerns(event: &Event) -> bool {
        let _ = event;
        true
    }

    /// Reads the view.
    ///
    /// # Errors
    /// [`DecodeError`] if the body has another shape.
    fn view(event: &Event) -> Result<Self::View<'_>, DecodeError>;

    /// Reads the whole payload.
    ///
    /// # Errors
    /// [`DecodeError`] if the body has another shape.
    fn decode(event: &Event) -> Result<Self, DecodeError>;
}

/// The stored event itself, whatever its kind: what raw handlers, streams and waiters take.
impl Payload for Event {
    const KINDS: &'static [&'static str] = &["*"];
    type View<'a> = &'a Self;

    fn view(event: &Event) -> Result<&Event, DecodeError> {
        Ok(event)
    }

    fn decode(event: &Event) -> Result<Self, DecodeError> {
        Ok(event.clone())
    }
}
