//! What the tests of the app share: a payload, and a log that handlers write to.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test file uses a part of it"
)]

use std::sync::{Arc, Mutex};

use antiphon::{DecodeError, Event, HandlerError, Payload, State, testing::SAID};
use serde::Deserialize;

/// What a script says.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Said {
    pub message: String,
}

/// The same, borrowed.
#[derive(Debug, Deserialize)]
pub struct SaidView<'a> {
    pub message: &'a str,
}

impl Payload for Said {
    const KINDS: &'static [&'static str] = &[SAID];
    type View<'a> = SaidView<'a>;

    fn view(event: &Event) -> Result<SaidView<'_>, DecodeError> {
        event.parse()
    }

    fn decode(event: &Event) -> Result<Self, DecodeError> {
        event.parse()
    }
}

/// What the handlers noted, in order.
#[derive(Clone, Debug, Default)]
pub struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    pub fn note(&self, line: impl Into<String>) {
        self.0.lock().unwrap().push(line.into());
    }

    pub fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    pub fn len(&self) -> usize {
        self.0.lock().unwrap().len()
    }
}

/// A handler that notes what was said.
pub async fn note(said: Said, State(log): State<Log>) -> Result<(), HandlerError> {
    log.note(said.message);
    Ok(())
}
