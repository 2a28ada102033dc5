//! What a Discord event tells in a few words.
//!
//! Messages alone have words worth a line; other events are shown by the fields that platforms share (`show.rs`).

use antiphon::{Event, Payload as _, discord};
use serde::Deserialize;

use crate::names::{Learn, Naming};

/// Guilds, their channels and threads are named when they appear and when they change.
pub(crate) const NAMING: Naming = Naming {
    kinds: &[
        "discord.GUILD_CREATE",
        "discord.GUILD_UPDATE",
        "discord.CHANNEL_CREATE",
        "discord.CHANNEL_UPDATE",
        "discord.THREAD_CREATE",
        "discord.THREAD_UPDATE",
        "discord.THREAD_LIST_SYNC",
    ],
    in_place: false,
    learn,
};

/// A guild or a channel; a direct conversation has no name.
#[derive(Deserialize)]
struct Named {
    #[serde(default)]
    id: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    channels: Vec<Named>,
    #[serde(default)]
    threads: Vec<Named>,
}

fn learn(event: &Event, learn: &mut Learn<'_>) {
    let Ok(named) = event.parse::<Named>() else {
        return;
    };
    let what = if event.kind().name().starts_with("GUILD_") {
        "guild"
    } else {
        "channel"
    };
    let mut tell = |what: &str, named: &Named| {
        if let Some(name) = &named.name {
            learn(&format!("{what}/{}", named.id), name);
        }
    };
    tell(what, &named);
    for channel in named.channels.iter().chain(&named.threads) {
        tell("channel", channel);
    }
}

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
