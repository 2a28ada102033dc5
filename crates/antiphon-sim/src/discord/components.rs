//! Components of messages, with the fields that Discord adds
//! (<https://docs.discord.com/developers/components/reference>).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::model::Id;

/// Kinds of components that have fields to add.
mod kind {
    pub(super) const STRING_SELECT: u64 = 3;
    pub(super) const USER_SELECT: u64 = 5;
    pub(super) const CHANNEL_SELECT: u64 = 8;
    pub(super) const THUMBNAIL: u64 = 11;
    pub(super) const GALLERY: u64 = 12;
    pub(super) const FILE: u64 = 13;
    pub(super) const SEPARATOR: u64 = 14;
    pub(super) const CONTAINER: u64 = 17;
}

/// Numbers the components of a message, and adds what their sender may leave out.
pub(crate) fn complete(components: &mut Value, message: Id) {
    number(components);
    each(components, &mut |component| fill(component, message));
}

/// Numbers the components whose sender gave no id, from 1, outside in and from first to last; ids that are there stay.
///
/// [Discord's components](https://docs.discord.com/developers/components/reference#anatomy-of-a-component)
pub(crate) fn number(components: &mut Value) {
    let own = |component: &Value| component["id"].as_u64().filter(|id| *id > 0);
    let mut taken = BTreeSet::new();
    each(components, &mut |component| taken.extend(own(component)));
    let mut free = (1_u64..).filter(|id| !taken.contains(id));
    each(components, &mut |component| {
        if own(component).is_none() {
            component["id"] = json!(free.next());
        }
    });
}

/// Fields of a component that hold others.
const INNER: [&str; 3] = ["components", "component", "accessory"];

/// Components at every depth, outside in and from first to last.
pub(crate) fn all(components: &Value) -> Vec<&Value> {
    fn walk<'a>(value: &'a Value, found: &mut Vec<&'a Value>) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| walk(item, found)),
            Value::Object(fields) => {
                found.push(value);
                let inner = INNER.iter().filter_map(|field| fields.get(*field));
                inner.for_each(|inner| walk(inner, found));
            }
            _ => {}
        }
    }
    let mut found = Vec::new();
    walk(components, &mut found);
    found
}

/// Visits components outside in and from first to last.
fn each(value: &mut Value, act: &mut impl FnMut(&mut Value)) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| each(item, act)),
        Value::Object(fields) if fields.contains_key("type") => {
            act(value);
            for field in INNER {
                if let Some(inner) = value.get_mut(field) {
                    each(inner, act);
                }
            }
        }
        _ => {}
    }
}

/// Adds the fields of one component.
fn fill(component: &mut Value, message: Id) {
    // Media are named after their component, which is unique within the message.
    let media = message + component["id"].as_u64().unwrap_or_default();
    match component["type"].as_u64().unwrap_or_default() {
        kind::STRING_SELECT | kind::USER_SELECT..=kind::CHANNEL_SELECT => {
            default(component, "min_values", json!(1));
            default(component, "max_values", json!(1));
        }
        kind::THUMBNAIL => fill_media(component, "media", media),
        kind::GALLERY => {
            let items = component.get_mut("items").and_then(Value::as_array_mut);
            for item in items.into_iter().flatten() {
                fill_media(item, "media", media);
            }
        }
        kind::FILE => {
            fill_media(component, "file", media);
            let url = component["file"]["url"].as_str().unwrap_or_default();
            let name = url.rsplit('/').next().unwrap_or_default().to_owned();
            default(component, "name", json!(name));
            default(component, "size", Value::Null);
        }
        kind::SEPARATOR => {
            default(component, "divider", json!(true));
            default(component, "spacing", json!(1));
        }
        kind::CONTAINER => {
            default(component, "accent_color", Value::Null);
            default(component, "spoiler", json!(false));
        }
        _ => {}
    }
}

/// Adds the fields of an object that shows a medium: those of the medium, its description and whether it is a spoiler.
fn fill_media(shown: &mut Value, field: &str, id: Id) {
    if field == "media" {
        default(shown, "description", Value::Null);
    }
    default(shown, "spoiler", json!(false));
    if let Some(medium) = shown.get_mut(field) {
        let url = medium["url"].clone();
        default(medium, "id", json!(id.to_string()));
        default(medium, "proxy_url", url);
    }
}

/// Adds a field to an object that does not have it.
fn default(object: &mut Value, field: &str, value: Value) {
    if let Value::Object(fields) = object {
        fields.entry(field).or_insert(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_are_numbered_at_every_depth() {
        let mut numbered = json!([{"type": 1, "components": [{"type": 2, "id": 1}, {"type": 2}]}, {"type": 9, "accessory": {"type": 2}}]);
        number(&mut numbered);
        assert_eq!(numbered[0]["id"], 2);
        assert_eq!(numbered[0]["components"][0]["id"], 1);
        assert_eq!(numbered[0]["components"][1]["id"], 3);
        assert_eq!(numbered[1]["accessory"]["id"], 5);
    }

    #[test]
    fn fields_that_a_sender_leaves_out_are_added() {
        let mut components = json!([
            {"type": 1, "components": [{"type": 5, "custom_id": "who", "max_values": 3}]},
            {"type": 17, "components": [
                {"type": 14},
                {"type": 9, "components": [], "accessory": {"type": 11, "media": {"url": "https://example.org/a.png"}}},
                {"type": 12, "items": [{"media": {"url": "https://example.org/b.png"}, "description": "a choir"}]},
                {"type": 13, "file": {"url": "attachment://hymn.txt"}},
            ]},
        ]);
        complete(&mut components, 1000);
        let medium = |id: &str, url: &str| json!({"id": id, "url": url, "proxy_url": url});
        assert_eq!(
            components,
            json!([
                {"type": 1, "id": 1, "components": [
                    {"type": 5, "id": 2, "custom_id": "who", "min_values": 1, "max_values": 3},
                ]},
                {"type": 17, "id": 3, "accent_color": null, "spoiler": false, "components": [
                    {"type": 14, "id": 4, "divider": true, "spacing": 1},
                    {"type": 9, "id": 5, "components": [], "accessory": {
                        "type": 11, "id": 6, "media": medium("1006", "https://example.org/a.png"), "description": null,
                        "spoiler": false,
                    }},
                    {"type": 12, "id": 7, "items": [
                        {"media": medium("1007", "https://example.org/b.png"), "description": "a choir", "spoiler": false},
                    ]},
                    {"type": 13, "id": 8, "file": medium("1008", "attachment://hymn.txt"), "name": "hymn.txt", "size": null,
                     "spoiler": false},
                ]},
            ])
        );
    }
}
