//! What a Discord event tells in a few words.
//!
//! Messages alone have words worth a line; other events are shown by the fields that platforms share (`show.rs`).

use antiphon::{Event, Payload as _, discord};

/// `None` for other kinds, for a body that cannot be read, and for an update that names no author.
pub(crate) fn gist(event: &Event) -> Option<String> {
    let kind = event.kind().as_str();
    let is_message = discord::MessageCreate::KINDS.contains(&kind)
        || discord::MessageUpdate::KINDS.contains(&kind);
    if !is_message {
        return None;
    }
    let message = discord::view::Message::of(event).ok()?;
    let is_known = !message.author.name.is_empty();
    is_known.then(|| format!("{}: {}", message.author.name, message.content))
}
