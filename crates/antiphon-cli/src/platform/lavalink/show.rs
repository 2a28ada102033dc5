//! What a node's event tells in a few words: of a player, or of the node.
//!
//! Most events of a node are figures; the line tells the one that a person asks for: which song, where in it, and why
//! it ended.

use antiphon::{Event, Payload as _, lavalink};

/// `None` for kinds that are not listed, which are then shown by their body.
pub(crate) fn gist(event: &Event) -> Option<String> {
    let title = |track: &lavalink::Playable| track.title.clone();
    let kind = event.kind().as_str();
    let is = |kinds: &[&str]| kinds.contains(&kind);
    if is(lavalink::TrackStart::KINDS) {
        let start = lavalink::TrackStart::decode(event).ok()?;
        return Some(title(&start.track));
    }
    if is(lavalink::TrackEnd::KINDS) {
        let end = lavalink::TrackEnd::decode(event).ok()?;
        return Some(format!("{}: {}", title(&end.track), end.reason));
    }
    if is(lavalink::TrackException::KINDS) {
        let failed = lavalink::TrackException::decode(event).ok()?;
        let (track, message) = (title(&failed.track), failed.exception.message);
        return Some(format!("{track}: {}", message.unwrap_or_default()));
    }
    if is(lavalink::TrackStuck::KINDS) {
        let stuck = lavalink::TrackStuck::decode(event).ok()?;
        let (track, wait) = (title(&stuck.track), stuck.threshold);
        return Some(format!("{track}: no sound for {wait} ms"));
    }
    if is(lavalink::WebsocketClosed::KINDS) {
        let closed = lavalink::WebsocketClosed::decode(event).ok()?;
        return Some(format!("voice closed: {} {}", closed.code, closed.reason));
    }
    if is(lavalink::PlayerUpdate::KINDS) {
        let update = lavalink::PlayerUpdate::decode(event).ok()?;
        let seconds = update.position / 1000;
        return Some(format!("at {}:{:02}", seconds / 60, seconds % 60));
    }
    if is(lavalink::Stats::KINDS) {
        let stats = lavalink::Stats::decode(event).ok()?;
        return Some(format!(
            "{} of {} players play",
            stats.playing, stats.players
        ));
    }
    if is(lavalink::PlayerMigrated::KINDS) {
        let moved = lavalink::PlayerMigrated::decode(event).ok()?;
        return Some(format!("{} → {}: {}", moved.from, moved.to, moved.reason));
    }
    None
}
