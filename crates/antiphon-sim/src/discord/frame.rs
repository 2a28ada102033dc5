//! Frames, and the names that a journal has for their events.

use std::sync::Arc;

use antiphon_core::Place;
use serde::Deserialize;
use serde_json::Value;

/// Order of a dispatch's keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum KeyOrder {
    /// `t`, `s`, `op`, `d`, as Discord has it.
    #[default]
    Usual,
    /// `op`, `t`, `d`, `s`: the sequence comes after the data.
    SequenceLast,
    /// `d`, `op`, `s`, `t`, as a serialiser that sorts keys has it.
    Sorted,
}

/// An event to be sent.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    /// Absent in a dispatch that has lost its name.
    pub(crate) name: Option<Arc<str>>,
    pub(crate) kind: Arc<str>,
    pub(crate) place: Arc<str>,
    /// The origin, where the event has an id of its own.
    pub(crate) occurrence: Option<Arc<str>>,
}

impl Event {
    pub(crate) fn new(name: Option<&str>, data: &Value) -> Self {
        Self {
            name: name.map(Arc::from),
            // A dispatch without a name has this one in a journal.
            kind: name
                .map_or_else(
                    || "discord.UNNAMED".into(),
                    |name| format!("discord.{name}"),
                )
                .into(),
            place: place(name.unwrap_or_default(), data).as_str().into(),
            occurrence: name.and_then(|name| occurrence(name, data)).map(Arc::from),
        }
    }
}

fn occurrence(name: &str, data: &Value) -> Option<String> {
    let what = match name {
        "MESSAGE_CREATE" => "message",
        "INTERACTION_CREATE" => "interaction",
        "GUILD_AUDIT_LOG_ENTRY_CREATE" => "audit",
        _ => return None,
    };
    Some(format!("{what}/{}", id(data, "id")?))
}

/// An id, which is a number where that fault is on.
fn id(data: &Value, name: &str) -> Option<String> {
    match data.get(name)? {
        Value::String(id) if !id.is_empty() => Some(id.clone()),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    }
}

/// Where an event happened, from the ids it carries itself.
fn place(name: &str, data: &Value) -> Place {
    let root = Place::root();
    let itself_is_guild = matches!(name, "GUILD_CREATE" | "GUILD_UPDATE" | "GUILD_DELETE");
    let is_thread = name.starts_with("THREAD_") && name != "THREAD_LIST_SYNC";
    let itself_is_channel = is_thread
        || matches!(
            name,
            "CHANNEL_CREATE"
                | "CHANNEL_UPDATE"
                | "CHANNEL_DELETE"
                | "VOICE_CHANNEL_STATUS_UPDATE"
                | "VOICE_CHANNEL_START_TIME_UPDATE"
        );
    let guild = id(data, if itself_is_guild { "id" } else { "guild_id" });
    // Moves between voice channels must stay in order.
    let channel = match name {
        "VOICE_STATE_UPDATE" => None,
        _ if itself_is_channel => id(data, "id"),
        _ => id(data, "channel_id"),
    };
    match (guild, channel) {
        (Some(guild), Some(channel)) => {
            let guild = root.join("guild", &guild);
            match id(data, "parent_id").filter(|_| is_thread) {
                Some(parent) => guild.join("channel", &parent).join("thread", &channel),
                None => guild.join("channel", &channel),
            }
        }
        (Some(guild), None) => root.join("guild", &guild),
        (None, Some(channel)) => root.join("channel", &channel),
        (None, None) if name == "USER_UPDATE" => {
            id(data, "id").map_or(root.clone(), |user| root.join("user", &user))
        }
        (None, None) => root,
    }
}

/// A dispatch as text.
pub(crate) fn dispatch(order: KeyOrder, name: Option<&str>, seq: u64, body: &str) -> Arc<str> {
    // Names are never escaped: what the simulator sends has none that would need it.
    let name = name.map_or_else(|| "null".to_owned(), |name| format!("\"{name}\""));
    match order {
        KeyOrder::Usual => format!(r#"{{"t":{name},"s":{seq},"op":0,"d":{body}}}"#),
        KeyOrder::SequenceLast => format!(r#"{{"op":0,"t":{name},"d":{body},"s":{seq}}}"#),
        KeyOrder::Sorted => format!(r#"{{"d":{body},"op":0,"s":{seq},"t":{name}}}"#),
    }
    .into()
}

/// A frame that is no dispatch, as text.
pub(crate) fn control(op: u8, data: &Value) -> Arc<str> {
    format!(r#"{{"t":null,"s":null,"op":{op},"d":{data}}}"#).into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(name: &str, data: &Value, place: &str) {
        assert_eq!(&*Event::new(Some(name), data).place, place);
    }

    #[test]
    fn a_place_is_as_narrow_as_the_ids_an_event_carries() {
        let here = json!({"id": "9", "guild_id": "4", "channel_id": "7"});
        check("MESSAGE_CREATE", &here, "guild/4/channel/7");
        check("VOICE_STATE_UPDATE", &here, "guild/4");
        check(
            "CHANNEL_UPDATE",
            &json!({"id": "7", "guild_id": "4", "parent_id": "2"}),
            "guild/4/channel/7",
        );
        check(
            "THREAD_CREATE",
            &json!({"id": "7", "guild_id": "4", "parent_id": "2"}),
            "guild/4/channel/2/thread/7",
        );
        check(
            "THREAD_MEMBERS_UPDATE",
            &json!({"id": "7", "guild_id": "4"}),
            "guild/4/channel/7",
        );
        check("GUILD_CREATE", &json!({"id": "4"}), "guild/4");
        check(
            "MESSAGE_CREATE",
            &json!({"id": "9", "channel_id": "7"}),
            "channel/7",
        );
        check("USER_UPDATE", &json!({"id": "9"}), "user/9");
        check("READY", &json!({"session_id": "a"}), "");
    }

    #[test]
    fn only_occurrences_with_an_id_of_their_own_are_known_by_it() {
        let origin = |name| Event::new(Some(name), &json!({"id": "9"})).occurrence;
        assert_eq!(origin("MESSAGE_CREATE").as_deref(), Some("message/9"));
        assert_eq!(
            origin("INTERACTION_CREATE").as_deref(),
            Some("interaction/9")
        );
        assert_eq!(
            origin("GUILD_AUDIT_LOG_ENTRY_CREATE").as_deref(),
            Some("audit/9")
        );
        assert_eq!(origin("MESSAGE_UPDATE"), None);
    }
}
