//! What a node's event tells in a few words: of a player, or of the node.
//!
//! Most events of a node are figures; the line tells the one that a person asks for: which song, where in it, and why
//! it ended.

use antiphon::{Event, Payload as _, lavalink};

use crate::names::Naming;

/// Nodes name nothing: a player is that of a guild, which Discord names.
pub(crate) const NAMING: Naming = Naming {
    kinds: &[],
    in_place: false,
    learn: |_, _| (),
};

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
        return Some(format!("at {}", clock(update.position)));
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
    of_node(event).or_else(|| of_plugin(event))
}

/// The gist of an event about a node, or about a player that stands still.
fn of_node(event: &Event) -> Option<String> {
    let kind = event.kind().as_str();
    let is = |kinds: &[&str]| kinds.contains(&kind);
    if is(lavalink::NodeReady::KINDS) {
        let ready = lavalink::NodeReady::decode(event).ok()?;
        let how = if ready.resumed { "resumed" } else { "new" };
        return Some(format!("{}: {how} session", ready.node));
    }
    if is(lavalink::NodeDisconnected::KINDS) {
        let lost = lavalink::NodeDisconnected::decode(event).ok()?;
        let reason = lost.reason.unwrap_or_else(|| "no reason".to_owned());
        return Some(format!("{}: {reason}", lost.node));
    }
    if is(lavalink::NodeClosed::KINDS) {
        let closed = lavalink::NodeClosed::decode(event).ok()?;
        let players = closed.disconnected.len();
        return Some(format!("{}: {}", closed.node, counted(players, "player")));
    }
    if is(lavalink::InactivePlayer::KINDS) {
        let idle = lavalink::InactivePlayer::decode(event).ok()?;
        return Some(format!("nothing to play at {}", idle.node));
    }
    None
}

/// The gist of an event that a plugin sends, or that concerns its state.
fn of_plugin(event: &Event) -> Option<String> {
    let kind = event.kind().as_str();
    let is = |kinds: &[&str]| kinds.contains(&kind);
    if is(lavalink::PluginStateLost::KINDS) {
        let lost = lavalink::PluginStateLost::decode(event).ok()?;
        let reason = lost.reason.unwrap_or_else(|| "no reason".to_owned());
        return Some(format!("{}: {reason}", lost.declaration));
    }
    if is(lavalink::LyricsFound::KINDS) {
        let lyrics = lavalink::LyricsFound::decode(event).ok()?.lyrics;
        let whose = lyrics.title.or(lyrics.provider).unwrap_or(lyrics.source);
        return Some(format!("{whose}: {}", counted(lyrics.lines.len(), "line")));
    }
    if is(lavalink::LyricsNotFound::KINDS) {
        return Some("no lyrics".to_owned());
    }
    if is(lavalink::LyricsLine::KINDS) {
        let line = lavalink::LyricsLine::decode(event).ok()?.line;
        return Some(format!("{} {}", clock(line.timestamp), line.text));
    }
    if is(lavalink::SegmentsLoaded::KINDS) {
        let segments = lavalink::SegmentsLoaded::decode(event).ok()?.segments;
        let mut categories: Vec<&str> = segments.iter().map(|one| &*one.category).collect();
        categories.sort_unstable();
        categories.dedup();
        let count = counted(segments.len(), "segment");
        return Some(format!("{count}: {}", categories.join(", ")));
    }
    if is(lavalink::SegmentSkipped::KINDS) {
        let segment = lavalink::SegmentSkipped::decode(event).ok()?.segment;
        let (from, to) = (clock(segment.start), clock(segment.end));
        return Some(format!("{} from {from} to {to}", segment.category));
    }
    if is(lavalink::ChaptersLoaded::KINDS) {
        let chapters = lavalink::ChaptersLoaded::decode(event).ok()?.chapters;
        let first = chapters.first().map_or("", |chapter| &*chapter.name);
        let count = counted(chapters.len(), "chapter");
        return Some(format!("{count}, the first is {first:?}"));
    }
    if is(lavalink::ChapterStarted::KINDS) {
        let chapter = lavalink::ChapterStarted::decode(event).ok()?.chapter;
        return Some(format!("{} at {}", chapter.name, clock(chapter.start)));
    }
    None
}

/// A place in a track, of milliseconds: `3:07`.
fn clock(milliseconds: i64) -> String {
    let seconds = milliseconds.max(0) / 1000;
    format!("{}:{:02}", seconds / 60, seconds % 60)
}

/// A number with its noun: `1 line`, `2 lines`.
fn counted(number: usize, noun: &str) -> String {
    let ending = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{ending}")
}

#[cfg(test)]
mod tests {
    use antiphon::{Kind, Origin, Place, Position};
    use antiphon_core::Draft;

    use super::*;

    /// Frames as `LavaLyrics`, `SponsorBlock` and `NodeLink` document them
    /// (<https://github.com/topi314/LavaLyrics>, <https://github.com/topi314/Sponsorblock-Plugin>).
    #[test]
    fn what_plugins_send_is_told_in_a_few_words() {
        let line = r#"{"timestamp":67000,"duration":5000,"line":"Kyrie eleison"}"#;
        let lyrics = format!(
            r#""lyrics":{{"sourceName":"spotify","provider":"MusixMatch","lines":[{line}]}}"#
        );
        let segment = r#"{"category":"sponsor","start":5000,"end":65000}"#;
        let chapter = r#"{"name":"Gloria","start":61000,"end":90000,"duration":29000}"#;
        for (name, fields, expected) in [
            ("LyricsFoundEvent", lyrics, "MusixMatch: 1 line"),
            ("LyricsNotFoundEvent", r#""x":1"#.into(), "no lyrics"),
            (
                "LyricsLineEvent",
                format!(r#""lineIndex":3,"line":{line},"skipped":false"#),
                "1:07 Kyrie eleison",
            ),
            (
                "SegmentsLoaded",
                format!(r#""segments":[{segment},{segment}]"#),
                "2 segments: sponsor",
            ),
            (
                "SegmentSkipped",
                format!(r#""segment":{segment}"#),
                "sponsor from 0:05 to 1:05",
            ),
            (
                "ChaptersLoaded",
                format!(r#""chapters":[{chapter}]"#),
                "1 chapter, the first is \"Gloria\"",
            ),
            (
                "ChapterStarted",
                format!(r#""chapter":{chapter}"#),
                "Gloria at 1:01",
            ),
        ] {
            let body = format!(r#"{{"op":"event","type":"{name}","guildId":"5",{fields}}}"#);
            assert_eq!(told(name, &body).as_deref(), Some(expected), "{name}");
        }
    }

    #[test]
    fn every_typed_kind_but_those_of_bytes_has_a_gist() {
        let by_body = ["Extra", "Malformed"];
        let told_by = include_str!("show.rs");
        for info in lavalink::KINDS {
            let is_told = told_by.contains(&format!("lavalink::{}::KINDS", info.payload));
            assert_ne!(is_told, by_body.contains(&info.payload), "{}", info.kind);
        }
    }

    fn told(name: &str, body: &str) -> Option<String> {
        let draft = Draft::new(
            Kind::new(format!("lavalink.{name}")),
            Place::new("node/eu-1/player/5"),
            Origin::frame("run", 1),
            jiff::Timestamp::UNIX_EPOCH,
            body.to_owned(),
        );
        gist(&Event::stored(Position::new(1), "organ".into(), draft))
    }
}
