//! Quirks of messages and responses.
//!
//! A document is made as the protocol says, and bent afterwards, for each account by its own quirks.
//! Shapes that alternate in the real data alternate here from one object to the next, so that one page has all of them.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::fault::Quirk;

/// A role id that is in no list.
///
/// It looks like the others, so that a client cannot tell it by its form.
const UNKNOWN_ROLE: &str = "5615fe1ee596154fc2999999";

/// An event's inner data with these quirks.
pub(crate) fn event_data(
    quirks: &BTreeSet<Quirk>,
    turn: usize,
    name: &str,
    data: &Value,
) -> String {
    if quirks.is_empty() {
        return data.to_string();
    }
    if quirks.contains(&Quirk::DataNotJson) {
        return format!("{name} happened, but this is no JSON");
    }
    let mut data = data.clone();
    if let Value::Object(fields) = &mut data {
        if quirks.contains(&Quirk::SkipWithoutName) && name == "chat-skip" {
            fields.remove("username");
        }
        if quirks.contains(&Quirk::SongInfoNull) && fields.contains_key("songInfo") {
            fields.insert("songInfo".to_owned(), Value::Null);
        }
        if quirks.contains(&Quirk::ChatWithoutMember) {
            fields.remove("queue_object");
        }
    }
    bend(quirks, turn, &mut data);
    data.to_string()
}

/// How often an event comes with these quirks.
pub(crate) fn copies(quirks: &BTreeSet<Quirk>, name: &str) -> usize {
    let is_twice = name == "room_playlist-update" && quirks.contains(&Quirk::SongUpdateTwice);
    if is_twice { 2 } else { 1 }
}

/// A message other than an event, with these quirks.
pub(crate) fn message(quirks: &BTreeSet<Quirk>, message: &Value) -> Value {
    let mut message = message.clone();
    if quirks.contains(&Quirk::PresenceWithoutAction)
        && let Some(Value::Object(presence)) = message.get_mut("presence")
    {
        presence.remove("action");
    }
    if quirks.contains(&Quirk::SocketId) {
        objects(&mut message, &mut |fields| {
            if let Some(id) = fields.remove("connectionId") {
                fields.insert("socketId".to_owned(), id);
            }
        });
    }
    message
}

/// Data of a response with these quirks.
pub(crate) fn answer(quirks: &BTreeSet<Quirk>, turn: usize, path: &str, data: &mut Value) {
    if quirks.is_empty() {
        return;
    }
    if path.ends_with("/playlist/active") && quirks.contains(&Quirk::ActiveWithoutSong) {
        *data = json!({"startTime": -1});
    }
    if path.ends_with("/playlist/details")
        && quirks.contains(&Quirk::QueueNulls)
        && let Value::Array(items) = data
    {
        let mut holed = vec![Value::Null];
        for item in items.drain(..) {
            holed.extend([item, Value::Null]);
        }
        *items = holed;
    }
    if path.ends_with("/message/new") && quirks.contains(&Quirk::CountAsText) {
        *data = json!(data.to_string());
    }
    bend(quirks, turn, data);
    if let Value::Object(fields) = data
        && quirks.contains(&Quirk::SongInfoNull)
        && fields.contains_key("songInfo")
    {
        fields.insert("songInfo".to_owned(), Value::Null);
    }
}

/// Applies quirks to every object of a document.
fn bend(quirks: &BTreeSet<Quirk>, turn: usize, document: &mut Value) {
    let mut turn = turn;
    objects(document, &mut |fields| {
        turn += usize::from(has_turns(fields));
        bend_object(quirks, turn, fields);
    });
}

/// Members and queue items take turns with the shapes of their references.
fn has_turns(fields: &Map<String, Value>) -> bool {
    fields.contains_key("songsInQueue") || fields.contains_key("updubs")
}

/// Applies quirks to one object, told apart by the fields that only its kind has.
fn bend_object(quirks: &BTreeSet<Quirk>, turn: usize, fields: &mut Map<String, Value>) {
    let has = |quirk| quirks.contains(&quirk);
    let is_member = fields.contains_key("songsInQueue");
    let is_item = fields.contains_key("updubs");
    if is_member && has(Quirk::RoleShapes) {
        let role = super::role::Role::find("vip").expect("a role of the list");
        match turn % 4 {
            0 => drop(fields.remove("roleid")),
            1 => drop(fields.insert("roleid".to_owned(), json!(role.id))),
            2 => drop(fields.insert("roleid".to_owned(), super::model::role_json(role))),
            _ => drop(fields.insert("roleid".to_owned(), json!(1))),
        }
    }
    if is_member && has(Quirk::UnknownRoles) {
        fields.insert("roleid".to_owned(), json!(UNKNOWN_ROLE));
    }
    if has(Quirk::ReferenceShapes) && (is_member || is_item) {
        for (name, id) in [("_user", "userid"), ("_song", "songid")] {
            let Some(id) = fields.get(id).cloned() else {
                continue;
            };
            match turn % 4 {
                0 => drop(fields.remove(name)),
                1 => drop(fields.insert(name.to_owned(), Value::Null)),
                2 => drop(fields.insert(name.to_owned(), id)),
                _ => drop(fields.insert(name.to_owned(), json!({"_id": id}))),
            }
        }
    }
    if is_item && has(Quirk::PlayedAbsent) {
        fields.remove("played");
    }
    if is_item && has(Quirk::PlayedNull) {
        fields.insert("played".to_owned(), Value::Null);
    }
    if has(Quirk::ConversationIds)
        && let Some(Value::Array(users)) = fields.get_mut("usersid")
    {
        for user in users {
            if let Some(id) = user.get("_id").cloned() {
                *user = id;
            }
        }
    }
    if has(Quirk::BareUsers) && fields.contains_key("username") && fields.contains_key("_id") {
        for name in ["created", "profileImage", "userInfo", "lastLogin", "roleid"] {
            fields.remove(name);
        }
    }
    if has(Quirk::OtherEntities) {
        for name in ["message", "name"] {
            if let Some(Value::String(text)) = fields.get_mut(name) {
                *text = text.replace("&#39;", "&apos;").replace("&#34;", "&quot;");
            }
        }
    }
    for name in [
        "created",
        "played",
        "time",
        "updated",
        "lastLogin",
        "latest_message",
    ] {
        let Some(Value::Number(time)) = fields.get(name) else {
            continue;
        };
        let Some(time) = time.as_i64() else { continue };
        if has(Quirk::TimesAsText) {
            fields.insert(name.to_owned(), json!(time.to_string()));
        } else if has(Quirk::TimesAsFractions) {
            // Times stay below 2^53, where a fraction of a half is exact.
            #[expect(clippy::cast_precision_loss, reason = "exact below 2^53")]
            fields.insert(name.to_owned(), json!(time as f64 + 0.5));
        }
    }
}

/// Visits every object of a document, inner ones last.
fn objects(document: &mut Value, visit: &mut dyn FnMut(&mut Map<String, Value>)) {
    match document {
        Value::Object(fields) => {
            visit(fields);
            for value in fields.values_mut() {
                objects(value, visit);
            }
        }
        Value::Array(items) => {
            for item in items {
                objects(item, visit);
            }
        }
        _ => {}
    }
}
