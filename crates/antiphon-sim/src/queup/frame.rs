//! Frames of sockets, with their kind and place in the ledger.
//!
//! The kind is that of a journal: an event's own name behind `queup.`, without an id in it, or the name of the action (protocol
//! §3.2).
//! The place is the room or the user that the channel names, and the channel itself for any other.

use std::sync::Arc;

use antiphon_core::Origin;
use serde_json::{Value, json};

/// One engine.io message packet, with its place in the ledger.
#[derive(Clone, Debug)]
pub(crate) struct Frame {
    /// Kind as a journal names it.
    pub(crate) kind: String,
    /// Place as a journal names it.
    pub(crate) place: String,
    /// Identity that does not depend on the connection, where the event has one.
    pub(crate) occurrence: Option<String>,
    /// The innermost document.
    pub(crate) body: Arc<str>,
    /// The whole packet, from its digit on.
    pub(crate) packet: Arc<str>,
}

/// Names of the actions, by number; 15 is named by its message.
const ACTIONS: [&str; 18] = [
    "heartbeat",
    "ack",
    "nack",
    "connect",
    "connected",
    "disconnect",
    "disconnected",
    "close",
    "closed",
    "error",
    "join_room",
    "joined_room",
    "leave_room",
    "left_room",
    "presence_change",
    "room_action",
    "sync",
    "token",
];

impl Frame {
    /// The packet of a message to a client whose own id is `own`.
    pub(crate) fn new(message: &Value, own: &str) -> Self {
        Self::named(message, message.to_string(), own)
    }

    /// The packet of a text that need not be a message, nor even JSON.
    pub(crate) fn raw(text: &str, own: &str) -> Self {
        match serde_json::from_str::<Value>(text) {
            Ok(message) => Self::named(&message, text.to_owned(), own),
            Err(_) => Self {
                kind: "queup.message".to_owned(),
                place: format!("user/{own}"),
                occurrence: None,
                body: text.into(),
                packet: format!("4{text}").into(),
            },
        }
    }

    /// Reads kind, place and origin off the message, as a client would.
    fn named(message: &Value, text: String, own: &str) -> Self {
        let place = match message.get("channel").and_then(Value::as_str) {
            None => format!("user/{own}"),
            Some(channel) => match channel.split_once(':') {
                Some(("room", id)) => format!("room/{id}"),
                Some(("user", id)) => format!("user/{id}"),
                _ => format!("channel/{channel}"),
            },
        };
        let packet: Arc<str> = format!("4{text}").into();
        let action = message.get("action").and_then(Value::as_u64);
        let inner = message
            .get("message")
            .and_then(|inner| Some((inner.get("name")?.as_str()?, inner.get("data")?.as_str()?)));
        match (action, inner) {
            (Some(15), Some((name, data))) => Self {
                kind: format!("queup.{}", without_id(name)),
                place,
                occurrence: occurrence(name, data),
                body: data.into(),
                packet,
            },
            _ => Self {
                kind: match action {
                    None => "queup.message".to_owned(),
                    Some(number) => usize::try_from(number)
                        .ok()
                        .and_then(|number| ACTIONS.get(number))
                        .map_or_else(|| format!("queup.{number}"), |name| format!("queup.{name}")),
                },
                place,
                occurrence: None,
                body: text.into(),
                packet,
            },
        }
    }
}

/// The message that carries a room or user event.
pub(crate) fn event_message(channel: &str, name: &str, data: &str) -> Value {
    json!({
        "action": 15,
        "channel": channel,
        "message": {"name": name, "type": "json", "data": data},
    })
}

/// An event's name without the id that some carry.
fn without_id(name: &str) -> &str {
    for (family, separators) in [("user", "-_"), ("comment", "-")] {
        let Some(rest) = name.strip_prefix(family) else {
            continue;
        };
        let mut characters = rest.chars();
        let (Some(first), rest) = (characters.next(), characters.as_str()) else {
            continue;
        };
        let Some(rest) = rest
            .strip_prefix("update")
            .filter(|_| separators.contains(first))
        else {
            continue;
        };
        let id = rest.strip_prefix(['-', '_']).unwrap_or_default();
        if !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return &name[..name.len() - id.len() - 1];
        }
    }
    name
}

/// The identity of a chat message or its deletion.
fn occurrence(name: &str, data: &str) -> Option<String> {
    let what = match name {
        "chat-message" => "chat",
        "delete-chat-message" => "delete-chat-message",
        _ => return None,
    };
    let data: Value = serde_json::from_str(data).ok()?;
    let id = data.get("chatid")?.as_str()?;
    Some(Origin::occurrence(what, id).as_str().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(message: &Value, kind: &str, place: &str) {
        let frame = Frame::new(message, "me");
        assert_eq!((frame.kind.as_str(), frame.place.as_str()), (kind, place));
    }

    #[test]
    fn a_message_is_named_by_its_action_and_its_channel() {
        check(&json!({"action": 4}), "queup.connected", "user/me");
        check(
            &json!({"action": 11, "channel": "room:5a"}),
            "queup.joined_room",
            "room/5a",
        );
        check(&json!({"action": 99}), "queup.99", "user/me");
        check(&json!({"deed": 4}), "queup.message", "user/me");
        check(
            &json!({"action": 15, "channel": "lobby"}),
            "queup.room_action",
            "channel/lobby",
        );
        check(
            &event_message("user:5f", "new-message", "{}"),
            "queup.new-message",
            "user/5f",
        );
    }

    #[test]
    fn an_id_inside_a_name_is_left_out() {
        assert_eq!(without_id("user_update_5f1c"), "user_update");
        assert_eq!(without_id("user-update-5f1c"), "user-update");
        assert_eq!(without_id("comment-update-61"), "comment-update");
        assert_eq!(without_id("user-update"), "user-update");
        assert_eq!(without_id("room-update"), "room-update");
        assert_eq!(without_id("user-unmute"), "user-unmute");
    }

    #[test]
    fn a_chat_message_is_known_by_its_own_id() {
        let message = event_message("room:5a", "chat-message", r#"{"chatid":"u-1"}"#);
        assert_eq!(
            Frame::new(&message, "me").occurrence.as_deref(),
            Some("chat/u-1")
        );
        let nameless = event_message("room:5a", "chat-message", "{}");
        assert_eq!(Frame::new(&nameless, "me").occurrence, None);
    }
}
