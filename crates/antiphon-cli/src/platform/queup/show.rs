//! What a QueUp event tells in a few words.
//!
//! Texts come without HTML escapes, as the payloads have them.

use antiphon::{Event, Payload as _, queup};

/// Views are enough: no payload is built for a line on a screen.
pub(crate) fn gist(event: &Event) -> Option<String> {
    let kind = event.kind().as_str();
    if queup::Chat::KINDS.contains(&kind) {
        let chat = queup::Chat::view(event).ok()?;
        return Some(format!("{}: {}", chat.username, chat.content));
    }
    if queup::PlaylistSongAdd::KINDS.contains(&kind) {
        let song = queup::PlaylistSongAdd::view(event).ok()?;
        return song.name.map(String::from);
    }
    None
}
