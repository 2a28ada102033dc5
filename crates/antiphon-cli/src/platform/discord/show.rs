//! What a Discord event tells in a few words.

use antiphon::{Event, Payload as _, discord};

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
