//! Writes the frames of a node's players.

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{
    id,
    quirk::NodeQuirk,
    track::Track,
    wire::{
        Ended, Event, Exception, Failed, PlayerState, PlayerUpdate, Quirks, Started, Stuck,
        TrackObject, VoiceClosed, text,
    },
};

/// A frame to be sent, with its kind and place for the ledger.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    /// Kind in the journal.
    pub(crate) kind: String,
    /// Place in the journal.
    pub(crate) place: String,
    pub(crate) text: Arc<str>,
    /// Not kept for a client that is away (protocol §8).
    pub(crate) is_momentary: bool,
}

impl Frame {
    /// A frame that belongs to the node itself.
    pub(crate) fn of_node(node: &str, op: &str, document: &impl Serialize) -> Self {
        Self {
            kind: format!("lavalink.{op}"),
            place: format!("node/{node}"),
            text: text(document).into(),
            is_momentary: false,
        }
    }

    /// A frame of any text; its fields decide kind and place.
    pub(crate) fn raw(node: &str, text: &str) -> Self {
        let document: Value = serde_json::from_str(text).unwrap_or_default();
        let field = |name: &str| document.get(name).and_then(Value::as_str);
        let kind = match (field("op"), field("type")) {
            (Some("event"), Some(name)) | (Some(name), _) => name,
            (None, _) => "frame",
        };
        let guild = document.get("guildId").map(|guild| match guild {
            Value::String(guild) => guild.clone(),
            other => other.to_string(),
        });
        let is_guild = |guild: &String| id::parse(guild).is_some() || guild.parse::<u64>().is_ok();
        let place = match guild.filter(is_guild) {
            Some(guild) => format!("node/{node}/player/{guild}"),
            None => format!("node/{node}"),
        };
        Self {
            kind: format!("lavalink.{kind}"),
            place,
            text: text.into(),
            is_momentary: false,
        }
    }
}

/// Collects the frames about one player, in order.
#[derive(Debug)]
pub(crate) struct FrameWriter<'a> {
    node: &'a str,
    pub(crate) quirks: &'a Quirks,
    guild: u64,
    pub(crate) frames: Vec<Frame>,
}

impl<'a> FrameWriter<'a> {
    pub(crate) fn new(node: &'a str, quirks: &'a Quirks, guild: u64) -> Self {
        Self {
            node,
            quirks,
            guild,
            frames: Vec::new(),
        }
    }

    fn write(&mut self, kind: &str, document: &impl Serialize, is_momentary: bool) {
        self.frames.push(Frame {
            kind: format!("lavalink.{kind}"),
            place: format!("node/{}/player/{}", self.node, id::shown(self.guild)),
            text: text(document).into(),
            is_momentary,
        });
    }

    fn event<T: Serialize>(&mut self, name: &str, rest: T) {
        let event = Event {
            op: "event",
            r#type: name,
            guild_id: id::shown(self.guild),
            rest,
        };
        self.write(name, &event, false);
    }

    fn track(&self, track: &Track, position: i64) -> TrackObject {
        TrackObject::new(track, position, self.quirks)
    }

    pub(crate) fn update(&mut self, state: PlayerState) {
        let update = PlayerUpdate {
            op: "playerUpdate",
            guild_id: id::shown(self.guild),
            state,
        };
        self.write("playerUpdate", &update, true);
    }

    pub(crate) fn started(&mut self, track: &Track, position: i64) {
        let track = self.track(track, position);
        self.event("TrackStartEvent", Started { track });
    }

    pub(crate) fn ended(&mut self, track: &Track, position: i64, reason: &'static str) {
        let track = self.track(track, position);
        self.event("TrackEndEvent", Ended { track, reason });
    }

    pub(crate) fn failed(&mut self, track: &Track, position: i64, exception: Exception) {
        let track = self.track(track, position);
        self.event("TrackExceptionEvent", Failed { track, exception });
    }

    pub(crate) fn stuck(&mut self, track: &Track, position: i64, threshold_ms: i64) {
        let track = self.track(track, position);
        self.event(
            "TrackStuckEvent",
            Stuck {
                track,
                threshold_ms,
            },
        );
    }

    pub(crate) fn voice_closed(&mut self, code: u16, reason: &str, by_remote: bool) {
        let closed = VoiceClosed {
            code,
            reason,
            by_remote,
        };
        self.event("WebSocketClosedEvent", closed);
    }

    /// An event that Lavalink does not have, on a node that has it.
    pub(crate) fn other(&mut self, name: &str, rest: impl FnOnce() -> Value) {
        if self.quirks.contains(&NodeQuirk::OtherEvents) {
            self.event(name, rest());
        }
    }

    /// An event of a plugin.
    pub(crate) fn plugin(&mut self, name: &str, rest: Map<String, Value>) {
        let mut event = rest;
        event.insert("op".into(), json!("event"));
        event.insert("type".into(), json!(name));
        let guild = if self.quirks.contains(&NodeQuirk::GuildAsNumber) {
            json!(self.guild.cast_signed())
        } else {
            json!(id::shown(self.guild))
        };
        event.insert("guildId".into(), guild);
        self.write(name, &event, false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, kind: &str, place: &str) {
        let frame = Frame::raw("eu-1", text);
        assert_eq!((frame.kind.as_str(), frame.place.as_str()), (kind, place));
    }

    #[test]
    fn a_frame_nobody_knows_has_the_kind_and_place_that_it_says() {
        check(r#"{"op":"weather"}"#, "lavalink.weather", "node/eu-1");
        let plugin = r#"{"op":"event","type":"SegmentSkipped","guildId":"42"}"#;
        check(plugin, "lavalink.SegmentSkipped", "node/eu-1/player/42");
        let numbered = r#"{"op":"event","type":"X","guildId":42}"#;
        check(numbered, "lavalink.X", "node/eu-1/player/42");
        check(r#"{"op":"event","type":"X"}"#, "lavalink.X", "node/eu-1");
        check(r#"{"op":"event"}"#, "lavalink.event", "node/eu-1");
        check("{not json", "lavalink.frame", "node/eu-1");
    }
}
