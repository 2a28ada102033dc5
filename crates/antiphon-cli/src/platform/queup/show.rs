//! What a QueUp event tells in a few words.
//!
//! Texts come without HTML escapes, as the payloads have them.

use antiphon::{Event, Payload as _, queup};
use serde::Deserialize;

use crate::names::{Learn, Naming};

/// Rooms are named by their address, as the configuration names them, also where that changes.
pub(crate) const NAMING: Naming = Naming {
    kinds: &["queup.room-update"],
    in_place: false,
    learn,
};

fn learn(event: &Event, learn: &mut Learn<'_>) {
    #[derive(Deserialize)]
    struct Update {
        room: Room,
    }
    #[derive(Deserialize)]
    struct Room {
        #[serde(rename = "_id")]
        id: String,
        #[serde(rename = "roomUrl")]
        slug: String,
    }
    if let Ok(Update { room }) = event.parse() {
        learn(&format!("room/{}", room.id), &room.slug);
    }
}

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
