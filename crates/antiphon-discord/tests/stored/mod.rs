//! Events as a journal would give them.

use antiphon_core::{Draft, Event, Kind, Origin, Place, Position};
use bytes::Bytes;

/// An event of this name in the guild 11, as a journal would give it.
pub(crate) fn event(name: &str, body: impl Into<Bytes>) -> Event {
    let draft = Draft::new(
        Kind::new(format!("discord.{name}")),
        Place::new("guild/11/channel/22"),
        Origin::sequence("a1b2", 1),
        "2026-01-01T00:00:00Z".parse().expect("a time"),
        body,
    );
    Event::stored(Position::new(1), "discord".into(), draft)
}
