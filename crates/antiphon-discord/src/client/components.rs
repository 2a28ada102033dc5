//! Discord's rules for the components of a message or a form, checked before anything is sent.
//!
//! The rules are tables ([`PLACES`], [`TEXTS`], [`LISTS`], [`NUMBERS`]) that are held against the JSON itself, as for the
//! other fields of a message; an error names the component by its path, `components[1].components[0].label`, and holds no
//! text of it.
//! A component of a type that is not in the tables counts as one and is otherwise left to Discord.
//! [Discord's page](https://discord.com/developers/docs/components/reference) names the limits.

use antiphon_core::BoxError;
use serde_json::Value;

/// Largest number of components of a message with `IS_COMPONENTS_V2`, those inside others included.
const MOST: usize = 40;
/// Largest number of rows of a message without `IS_COMPONENTS_V2`.
const ROWS: usize = 5;
/// Largest number of components of a form.
const FIELDS: usize = 5;
/// Largest number of characters of all text components of a message.
const TEXT: usize = 4_000;

/// Numbers of the component types on the wire.
mod kind {
    use antiphon_discord_model::ComponentType;

    pub(super) const ROW: i64 = ComponentType::ActionRow.number();
    pub(super) const BUTTON: i64 = ComponentType::Button.number();
    pub(super) const STRING_SELECT: i64 = ComponentType::StringSelect.number();
    pub(super) const TEXT_INPUT: i64 = ComponentType::TextInput.number();
    pub(super) const USER_SELECT: i64 = ComponentType::UserSelect.number();
    pub(super) const ROLE_SELECT: i64 = ComponentType::RoleSelect.number();
    pub(super) const MENTIONABLE_SELECT: i64 = ComponentType::MentionableSelect.number();
    pub(super) const CHANNEL_SELECT: i64 = ComponentType::ChannelSelect.number();
    pub(super) const SECTION: i64 = ComponentType::Section.number();
    pub(super) const TEXT: i64 = ComponentType::TextDisplay.number();
    pub(super) const THUMBNAIL: i64 = ComponentType::Thumbnail.number();
    pub(super) const GALLERY: i64 = ComponentType::MediaGallery.number();
    pub(super) const FILE: i64 = ComponentType::File.number();
    pub(super) const SEPARATOR: i64 = ComponentType::Separator.number();
    pub(super) const CONTAINER: i64 = ComponentType::Container.number();
    pub(super) const LABEL: i64 = ComponentType::Label.number();
    pub(super) const UPLOAD: i64 = ComponentType::FileUpload.number();
    pub(super) const RADIO: i64 = ComponentType::RadioGroup.number();
    pub(super) const CHECKBOXES: i64 = ComponentType::CheckboxGroup.number();
    pub(super) const CHECKBOX: i64 = ComponentType::Checkbox.number();
}

/// Where a component stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// In a message without `IS_COMPONENTS_V2`.
    Message,
    /// In a message with `IS_COMPONENTS_V2`.
    Layout,
    /// In a form.
    Form,
    Row,
    /// In a row of a form, as forms were before labels.
    FormRow,
    Section,
    Accessory,
    Container,
    Label,
}

/// Types that a place takes, and its name in errors.
const PLACES: &[(Place, &str, &[i64])] = &[
    (Place::Message, "a message", &[kind::ROW]),
    (
        Place::Layout,
        "a message",
        &[
            kind::ROW,
            kind::SECTION,
            kind::TEXT,
            kind::GALLERY,
            kind::FILE,
            kind::SEPARATOR,
            kind::CONTAINER,
        ],
    ),
    (Place::Form, "a form", &[kind::ROW, kind::TEXT, kind::LABEL]),
    (
        Place::Row,
        "a row",
        &[
            kind::BUTTON,
            kind::STRING_SELECT,
            kind::USER_SELECT,
            kind::ROLE_SELECT,
            kind::MENTIONABLE_SELECT,
            kind::CHANNEL_SELECT,
        ],
    ),
    (Place::FormRow, "a form's row", &[kind::TEXT_INPUT]),
    (Place::Section, "a section", &[kind::TEXT]),
    (
        Place::Accessory,
        "a section's accessory",
        &[kind::BUTTON, kind::THUMBNAIL],
    ),
    (
        Place::Container,
        "a container",
        &[
            kind::ROW,
            kind::SECTION,
            kind::TEXT,
            kind::GALLERY,
            kind::FILE,
            kind::SEPARATOR,
        ],
    ),
    (
        Place::Label,
        "a label",
        &[
            kind::STRING_SELECT,
            kind::TEXT_INPUT,
            kind::USER_SELECT,
            kind::ROLE_SELECT,
            kind::MENTIONABLE_SELECT,
            kind::CHANNEL_SELECT,
            kind::UPLOAD,
            kind::RADIO,
            kind::CHECKBOXES,
            kind::CHECKBOX,
        ],
    ),
];

/// Names of the types, for errors.
const NAMES: &[(i64, &str)] = &[
    (kind::ROW, "a row"),
    (kind::BUTTON, "a button"),
    (kind::STRING_SELECT, "a select menu"),
    (kind::TEXT_INPUT, "a text input"),
    (kind::USER_SELECT, "a select menu"),
    (kind::ROLE_SELECT, "a select menu"),
    (kind::MENTIONABLE_SELECT, "a select menu"),
    (kind::CHANNEL_SELECT, "a select menu"),
    (kind::SECTION, "a section"),
    (kind::TEXT, "a text"),
    (kind::THUMBNAIL, "a thumbnail"),
    (kind::GALLERY, "a gallery"),
    (kind::FILE, "a file"),
    (kind::SEPARATOR, "a separator"),
    (kind::CONTAINER, "a container"),
    (kind::LABEL, "a label"),
    (kind::UPLOAD, "a file upload"),
    (kind::RADIO, "a radio group"),
    (kind::CHECKBOXES, "a checkbox group"),
    (kind::CHECKBOX, "a checkbox"),
];

/// Select menus.
const SELECTS: &[i64] = &[
    kind::STRING_SELECT,
    kind::USER_SELECT,
    kind::ROLE_SELECT,
    kind::MENTIONABLE_SELECT,
    kind::CHANNEL_SELECT,
];
/// Components whose `custom_id` is required.
const NAMED: &[i64] = &[
    kind::STRING_SELECT,
    kind::TEXT_INPUT,
    kind::USER_SELECT,
    kind::ROLE_SELECT,
    kind::MENTIONABLE_SELECT,
    kind::CHANNEL_SELECT,
    kind::UPLOAD,
    kind::RADIO,
    kind::CHECKBOXES,
    kind::CHECKBOX,
];
/// Components with options.
const OPTIONED: &[i64] = &[kind::STRING_SELECT, kind::RADIO, kind::CHECKBOXES];

/// Characters of a text: types, field, least, most, and whether it is required.
const TEXTS: &[(&[i64], &str, usize, usize, bool)] = &[
    (NAMED, "custom_id", 1, 100, true),
    (&[kind::BUTTON], "custom_id", 1, 100, false),
    (&[kind::BUTTON], "label", 1, 80, false),
    (&[kind::BUTTON], "url", 1, 512, false),
    (SELECTS, "placeholder", 0, 150, false),
    (&[kind::TEXT_INPUT], "label", 1, 45, false),
    (&[kind::TEXT_INPUT], "placeholder", 0, 100, false),
    (&[kind::TEXT_INPUT], "value", 0, 4_000, false),
    (&[kind::TEXT], "content", 1, TEXT, true),
    (&[kind::THUMBNAIL], "description", 0, 1_024, false),
    (&[kind::LABEL], "label", 1, 45, true),
    (&[kind::LABEL], "description", 0, 100, false),
    (OPTIONED, "options/*/label", 1, 100, true),
    (OPTIONED, "options/*/value", 1, 100, true),
    (OPTIONED, "options/*/description", 0, 100, false),
    (&[kind::GALLERY], "items/*/description", 0, 1_024, false),
    (&[kind::GALLERY], "items/*/media/url", 1, 2_048, true),
    (&[kind::THUMBNAIL], "media/url", 1, 2_048, true),
    (&[kind::FILE], "file/url", 1, 2_048, true),
];

/// Items of a required list: type, field, least, most.
const LISTS: &[(i64, &str, usize, usize)] = &[
    (kind::ROW, "components", 1, 5),
    (kind::SECTION, "components", 1, 3),
    (kind::CONTAINER, "components", 1, MOST),
    (kind::GALLERY, "items", 1, 10),
    (kind::STRING_SELECT, "options", 1, 25),
    (kind::RADIO, "options", 2, 10),
    (kind::CHECKBOXES, "options", 1, 10),
];

/// Range of a number: types, field, least, most.
const NUMBERS: &[(&[i64], &str, i64, i64)] = &[
    (SELECTS, "min_values", 0, 25),
    (SELECTS, "max_values", 1, 25),
    (&[kind::CHECKBOXES, kind::UPLOAD], "min_values", 0, 10),
    (&[kind::CHECKBOXES, kind::UPLOAD], "max_values", 1, 10),
    (&[kind::TEXT_INPUT], "min_length", 0, 4_000),
    (&[kind::TEXT_INPUT], "max_length", 1, 4_000),
    (&[kind::TEXT_INPUT], "style", 1, 2),
    (&[kind::CONTAINER], "accent_color", 0, 0xFF_FFFF),
    (&[kind::SEPARATOR], "spacing", 1, 2),
    (&[kind::BUTTON], "style", 1, 6),
];

/// Whether a component needs the flag `IS_COMPONENTS_V2` at the top of a message.
pub(super) fn is_layout(kind: i64) -> bool {
    let is_in = |place| takes(place, kind);
    is_in(Place::Layout) && !is_in(Place::Message)
}

/// Reason that Discord would refuse the components of a message, if there is one.
pub(super) fn check_message(components: &Value, is_layout: bool) -> Result<(), BoxError> {
    let place = if is_layout {
        Place::Layout
    } else {
        Place::Message
    };
    let mut checked = Checked::default();
    let count = checked.all(components, "components", place)?;
    if !is_layout && count > ROWS {
        return Err(format!("`components` has {count} rows, where Discord takes {ROWS}").into());
    }
    if checked.count > MOST {
        let count = checked.count;
        let why = format!(
            "`components` has {count} components, those inside others included, where Discord takes {MOST}"
        );
        return Err(why.into());
    }
    if checked.texts > TEXT {
        let count = checked.texts;
        let why = format!(
            "the text components have {count} characters together, where Discord takes {TEXT}"
        );
        return Err(why.into());
    }
    Ok(())
}

/// Reason that Discord would refuse the components of a form, if there is one.
pub(super) fn check_form(components: &Value) -> Result<(), BoxError> {
    let count = Checked::default().all(components, "components", Place::Form)?;
    if (1..=FIELDS).contains(&count) {
        return Ok(());
    }
    let why =
        format!("`components` of the form has {count} items, where Discord takes 1 to {FIELDS}");
    Err(why.into())
}

/// Whether a place takes components of a type.
fn takes(place: Place, kind: i64) -> bool {
    let known = PLACES.iter().find(|(known, ..)| *known == place);
    known.is_some_and(|(_, _, kinds)| kinds.contains(&kind))
}

/// What was met so far in a message or a form.
#[derive(Default)]
struct Checked<'a> {
    /// Components at every depth.
    count: usize,
    /// Characters of the texts.
    texts: usize,
    /// Custom ids, each with the path of its component.
    custom_ids: Vec<(&'a str, String)>,
    /// Numbers of components.
    ids: Vec<i64>,
}

impl<'a> Checked<'a> {
    /// Checks the components of a list, and returns how many it has.
    fn all(&mut self, list: &'a Value, at: &str, place: Place) -> Result<usize, BoxError> {
        let list = list.as_array().map(Vec::as_slice).unwrap_or_default();
        for (number, component) in list.iter().enumerate() {
            self.one(component, &format!("{at}[{number}]"), place)?;
        }
        Ok(list.len())
    }

    fn one(&mut self, component: &'a Value, at: &str, place: Place) -> Result<(), BoxError> {
        self.count += 1;
        let Some(kind) = component["type"].as_i64() else {
            return Ok(());
        };
        let Some((_, name)) = NAMES.iter().find(|(known, _)| *known == kind) else {
            return Ok(());
        };
        if !takes(place, kind) {
            let known = PLACES.iter().find(|(known, ..)| *known == place);
            let place = known.map_or("this place", |(_, name, _)| name);
            return Err(format!("`{at}` is {name}, which {place} does not take").into());
        }
        fields(component, kind, at)?;
        self.names(component, at)?;
        if kind == kind::TEXT {
            self.texts += characters(&component["content"]);
        }
        match kind {
            kind::BUTTON => button(component, at)?,
            kind::FILE => file(component, at)?,
            kind::TEXT_INPUT => range(component, at, "min_length", "max_length", i64::MAX)?,
            kind::UPLOAD => range(component, at, "min_values", "max_values", i64::MAX)?,
            kind if OPTIONED.contains(&kind) => options(component, at, kind)?,
            kind if SELECTS.contains(&kind) => menu(component, at)?,
            kind::ROW => row(component, at, place)?,
            _ => {}
        }
        let inner = match kind {
            kind::ROW if place == Place::Form => Place::FormRow,
            kind::ROW => Place::Row,
            kind::SECTION => Place::Section,
            _ => Place::Container,
        };
        self.all(&component["components"], &format!("{at}.components"), inner)?;
        for (kind_of, field, place) in [
            (kind::SECTION, "accessory", Place::Accessory),
            (kind::LABEL, "component", Place::Label),
        ] {
            if kind == kind_of {
                if !component[field].is_object() {
                    return Err(format!("`{at}.{field}` is missing").into());
                }
                self.one(&component[field], &format!("{at}.{field}"), place)?;
            }
        }
        Ok(())
    }

    /// Checks that custom id and number are the component's alone.
    fn names(&mut self, component: &'a Value, at: &str) -> Result<(), BoxError> {
        if let Some(custom_id) = component["custom_id"].as_str() {
            if let Some((_, first)) = self.custom_ids.iter().find(|(one, _)| *one == custom_id) {
                let why =
                    format!("`{at}.custom_id` is that of `{first}`: each component needs its own");
                return Err(why.into());
            }
            self.custom_ids.push((custom_id, at.to_owned()));
        }
        // Zero stands for an id that Discord chooses.
        if let Some(id) = component["id"].as_i64().filter(|id| *id != 0) {
            if self.ids.contains(&id) {
                return Err(format!("`{at}.id` is {id}, which another component has").into());
            }
            self.ids.push(id);
        }
        Ok(())
    }
}

/// Checks the fields of a component by the tables.
fn fields(component: &Value, kind: i64, at: &str) -> Result<(), BoxError> {
    for (_, field, least, most) in LISTS.iter().filter(|(of, ..)| *of == kind) {
        let count = component[*field].as_array().map_or(0, Vec::len);
        if !(*least..=*most).contains(&count) {
            let why =
                format!("`{at}.{field}` has {count} items, where Discord takes {least} to {most}");
            return Err(why.into());
        }
    }
    for (_, field, least, most, is_required) in TEXTS.iter().filter(|(of, ..)| of.contains(&kind)) {
        each(component, field, at, &mut |text, at| {
            if text.is_null() {
                let missing = || format!("`{at}` is missing");
                return if *is_required {
                    Err(missing().into())
                } else {
                    Ok(())
                };
            }
            let count = characters(text);
            if (*least..=*most).contains(&count) {
                return Ok(());
            }
            Err(
                format!("`{at}` has {count} characters, where Discord takes {least} to {most}")
                    .into(),
            )
        })?;
    }
    for (_, field, least, most) in NUMBERS.iter().filter(|(of, ..)| of.contains(&kind)) {
        if let Some(number) = component[*field].as_i64()
            && !(*least..=*most).contains(&number)
        {
            let why = format!("`{at}.{field}` is {number}, where Discord takes {least} to {most}");
            return Err(why.into());
        }
    }
    Ok(())
}

/// Calls `visit` with each value at a path, and its path in errors; a field that is missing is null.
fn each(
    value: &Value,
    path: &str,
    at: &str,
    visit: &mut impl FnMut(&Value, &str) -> Result<(), BoxError>,
) -> Result<(), BoxError> {
    let Some((first, rest)) = path.split_once('/') else {
        return visit(&value[path], &format!("{at}.{path}"));
    };
    if first == "*" {
        let items = value.as_array().into_iter().flatten();
        return items
            .enumerate()
            .try_for_each(|(number, item)| each(item, rest, &format!("{at}[{number}]"), visit));
    }
    each(&value[first], rest, &format!("{at}.{first}"), visit)
}

/// Number of characters of a text; Discord counts Unicode code points.
fn characters(text: &Value) -> usize {
    text.as_str().map_or(0, |text| text.chars().count())
}

/// Checks that a button has the fields of its style, and no others.
fn button(button: &Value, at: &str) -> Result<(), BoxError> {
    let has = |field: &str| !button[field].is_null();
    let (needed, refused): (&str, &[&str]) = match button["style"].as_i64() {
        Some(5) => ("url", &["custom_id", "sku_id"]),
        Some(6) => ("sku_id", &["custom_id", "label", "url", "emoji"]),
        _ => ("custom_id", &["url", "sku_id"]),
    };
    if !has(needed) {
        return Err(
            format!("`{at}.{needed}` is missing, which a button of this style needs").into(),
        );
    }
    if let Some(field) = refused.iter().find(|field| has(field)) {
        return Err(
            format!("`{at}.{field}` is set, which a button of this style does not take").into(),
        );
    }
    if needed != "sku_id" && !has("label") && !has("emoji") {
        return Err(format!("`{at}` has neither a label nor an emoji").into());
    }
    Ok(())
}

/// Checks that a row has buttons, or one menu or text input.
fn row(row: &Value, at: &str, place: Place) -> Result<(), BoxError> {
    let inner = row["components"].as_array().into_iter().flatten();
    let others = inner.filter(|one| one["type"] != kind::BUTTON).count();
    let count = row["components"].as_array().map_or(0, Vec::len);
    if count > 1 && others > 0 {
        let what = if place == Place::Form {
            "text input"
        } else {
            "select menu"
        };
        let why =
            format!("`{at}.components` has {count} items: a row with a {what} has nothing else");
        return Err(why.into());
    }
    Ok(())
}

/// Checks that a file is one of the message.
fn file(file: &Value, at: &str) -> Result<(), BoxError> {
    let url = file["file"]["url"].as_str().unwrap_or_default();
    if url.starts_with("attachment://") {
        return Ok(());
    }
    Err(
        format!("`{at}.file.url` is no file of the message: write `attachment://` and its name")
            .into(),
    )
}

/// Checks that the least number is not above the largest, and the largest not above what there is.
fn range(
    component: &Value,
    at: &str,
    least: &str,
    most: &str,
    there_are: i64,
) -> Result<(), BoxError> {
    let low = component[least].as_i64().unwrap_or_default();
    let high = component[most].as_i64();
    if let Some(high) = high
        && low > high
    {
        return Err(format!("`{at}.{least}` is {low}, and `{most}` only {high}").into());
    }
    let asked = low.max(high.unwrap_or_default());
    if asked > there_are {
        let field = if low > there_are { least } else { most };
        return Err(
            format!("`{at}.{field}` is {asked}, and there are only {there_are} options").into(),
        );
    }
    Ok(())
}

/// Checks that options differ, and that no more are chosen at first than may be.
fn options(component: &Value, at: &str, kind: i64) -> Result<(), BoxError> {
    let options = component["options"].as_array();
    let options = options.map(Vec::as_slice).unwrap_or_default();
    let count = i64::try_from(options.len()).unwrap_or(i64::MAX);
    range(component, at, "min_values", "max_values", count)?;
    for (number, option) in options.iter().enumerate() {
        let value = &option["value"];
        if options[..number]
            .iter()
            .any(|other| other["value"] == *value)
        {
            let why = format!("`{at}.options[{number}].value` is that of an option before it");
            return Err(why.into());
        }
    }
    let most = match kind {
        kind::CHECKBOXES => component["max_values"].as_i64().unwrap_or(count),
        kind::RADIO => 1,
        _ => component["max_values"].as_i64().unwrap_or(1),
    };
    let chosen = options
        .iter()
        .filter(|option| option["default"] == true)
        .count();
    check_chosen(at, chosen, most)
}

/// Checks a menu of users, roles, mentionables or channels.
fn menu(menu: &Value, at: &str) -> Result<(), BoxError> {
    range(menu, at, "min_values", "max_values", i64::MAX)?;
    let chosen = menu["default_values"].as_array().map_or(0, Vec::len);
    check_chosen(at, chosen, menu["max_values"].as_i64().unwrap_or(1))
}

fn check_chosen(at: &str, chosen: usize, most: i64) -> Result<(), BoxError> {
    if i64::try_from(chosen).is_ok_and(|chosen| chosen <= most) {
        return Ok(());
    }
    Err(format!("`{at}` has {chosen} options chosen at first, and takes {most}").into())
}

#[cfg(test)]
mod tests {
    use antiphon_discord_model::{
        ActionRow, Button, Checkbox, CheckboxGroup, Component, Container, FileDisplay, FileUpload,
        Label, MediaGallery, Modal, RadioGroup, Section, SelectMenu, Separator, TextDisplay,
        TextInput, Thumbnail,
    };
    use serde_json::json;

    use super::*;

    fn checked(components: &[Component]) -> Result<(), String> {
        let is_layout = components
            .iter()
            .any(|one| one.kind().is_some_and(|kind| is_layout(kind.number())));
        check_message(&json!(components), is_layout).map_err(|error| error.to_string())
    }

    #[track_caller]
    fn refused(component: impl Into<Component>, why: &str) {
        assert_eq!(checked(&[component.into()]), Err(why.to_owned()));
    }

    #[track_caller]
    fn refused_in_a_form(component: impl Into<Component>, why: &str) {
        let form = Modal::new("f", "F").component(component);
        let error = check_form(&json!(form.components)).expect_err("refused");
        assert_eq!(error.to_string(), why);
    }

    fn row(component: impl Into<Component>) -> ActionRow {
        ActionRow::new([component.into()])
    }

    fn buttons(count: usize) -> Vec<Button> {
        (0..count)
            .map(|number| Button::primary(format!("{number}"), "b"))
            .collect()
    }

    #[test]
    fn what_discord_takes_passes() {
        let long = "é".repeat(100);
        let rows: Vec<Component> = (0..5)
            .map(|row| {
                let five =
                    (0..5).map(|number| Button::primary(format!("{row}/{number}"), "é".repeat(80)));
                ActionRow::new(five).into()
            })
            .collect();
        assert_eq!(checked(&rows), Ok(()));
        let options = (0..25).map(|number| (long.clone(), format!("{number}")));
        assert_eq!(
            checked(&[row(SelectMenu::string(&long, options).max_values(25)).into()]),
            Ok(())
        );
        let card = Container::new()
            .accent_color(0xFF_FFFF)
            .component(Section::new(
                ["a", "b", "c"],
                Thumbnail::new("attachment://a.png"),
            ))
            .component(Separator::line().large())
            .component(MediaGallery::new(["https://example.org/a.png"; 10]))
            .component(FileDisplay::attachment("a.pdf"))
            .component(row(Button::link("https://example.org", "x")));
        assert_eq!(
            checked(&[card.into(), TextDisplay::new("é".repeat(3_997)).into()]),
            Ok(())
        );
        let form = Modal::new("f", "F")
            .text("hello")
            .component(Label::new("a", TextInput::short("a")))
            .component(Label::new("b", FileUpload::new("b").max_values(10)))
            .component(Label::new("c", CheckboxGroup::new("c", [("x", "y")])))
            .component(Label::new("d", Checkbox::new("d")));
        assert!(check_form(&json!(form.components)).is_ok());
        // What antiphon does not know is left to Discord.
        assert!(check_message(&json!([{"type": 99, "components": [{"type": 1}]}]), false).is_ok());
    }

    #[test]
    fn an_offending_component_is_named_by_its_path() {
        let wide = ActionRow::new(buttons(6));
        refused(
            wide,
            "`components[0].components` has 6 items, where Discord takes 1 to 5",
        );
        let six: Vec<Component> = (0..6)
            .map(|id| row(Button::primary(format!("{id}"), "b")).into())
            .collect();
        assert_eq!(
            checked(&six),
            Err("`components` has 6 rows, where Discord takes 5".into())
        );
        refused(
            row(Button::primary("a", "é".repeat(81))),
            "`components[0].components[0].label` has 81 characters, where Discord takes 1 to 80",
        );
        refused(
            row(Button::primary("", "b")),
            "`components[0].components[0].custom_id` has 0 characters, where Discord takes 1 to 100",
        );
        refused(
            row(Button::primary("x".repeat(101), "b")),
            "`components[0].components[0].custom_id` has 101 characters, where Discord takes 1 to 100",
        );
        refused(
            ActionRow::new([Button::primary("a", "b"), Button::danger("a", "c")]),
            "`components[0].components[1].custom_id` is that of `components[0].components[0]`: each component needs its own",
        );
        refused(
            row(Button::primary("a", "")),
            "`components[0].components[0]` has neither a label nor an emoji",
        );
        let both = Button {
            custom_id: Some("a".into()),
            ..Button::link("https://example.org", "x")
        };
        refused(
            row(both),
            "`components[0].components[0].custom_id` is set, which a button of this style does not take",
        );
        refused(
            Button::primary("a", "b"),
            "`components[0]` is a button, which a message does not take",
        );
        let nested = Container::new().component(Container::new());
        refused(
            nested,
            "`components[0].components[0]` is a container, which a container does not take",
        );
        refused(
            row(SelectMenu::string(
                "a",
                (0..26).map(|n| (format!("{n}"), format!("{n}"))),
            )),
            "`components[0].components[0].options` has 26 items, where Discord takes 1 to 25",
        );
        refused(
            row(SelectMenu::string("a", [("x", "1"), ("y", "1")])),
            "`components[0].components[0].options[1].value` is that of an option before it",
        );
        refused(
            row(SelectMenu::string("a", [("x", "1")]).max_values(2)),
            "`components[0].components[0].max_values` is 2, and there are only 1 options",
        );
        refused(
            row(SelectMenu::user("a").min_values(3).max_values(2)),
            "`components[0].components[0].min_values` is 3, and `max_values` only 2",
        );
        let mixed = ActionRow::new([
            Component::from(SelectMenu::user("a")),
            Button::primary("b", "b").into(),
        ]);
        refused(
            mixed,
            "`components[0].components` has 2 items: a row with a select menu has nothing else",
        );
        let file = FileDisplay {
            file: "https://example.org/a".to_owned().into(),
            ..FileDisplay::default()
        };
        refused(
            Container::new().component(file),
            "`components[0].components[0].file.url` is no file of the message: write `attachment://` and its name",
        );
        refused(
            Section {
                accessory: None,
                ..Section::new(["a"], Button::primary("a", "b"))
            },
            "`components[0].accessory` is missing",
        );
    }

    #[test]
    fn the_sums_of_a_message_are_bounded() {
        let many = Container::new();
        let many = (0..40).fold(many, |many, _| many.component(Separator::line()));
        refused(
            many,
            "`components` has 41 components, those inside others included, where Discord takes 40",
        );
        let texts = [
            TextDisplay::new("é".repeat(2_000)).into(),
            TextDisplay::new("é".repeat(2_001)).into(),
        ];
        let why = "the text components have 4001 characters together, where Discord takes 4000";
        assert_eq!(checked(&texts), Err(why.to_owned()));
    }

    #[test]
    fn a_form_is_checked_too() {
        refused_in_a_form(
            Label::new("x".repeat(46), TextInput::short("a")),
            "`components[0].label` has 46 characters, where Discord takes 1 to 45",
        );
        refused_in_a_form(
            Label::new("x", Button::primary("a", "b")),
            "`components[0].component` is a button, which a label does not take",
        );
        refused_in_a_form(
            Label::new("x", RadioGroup::new("a", [("one", "1")])),
            "`components[0].component.options` has 1 items, where Discord takes 2 to 10",
        );
        refused_in_a_form(
            Label::new("x", TextInput::short("a").min_length(5).max_length(2)),
            "`components[0].component.min_length` is 5, and `max_length` only 2",
        );
        let six = (0..6).fold(Modal::new("f", "F"), |form, _| form.text("x"));
        let error = check_form(&json!(six.components)).expect_err("too many");
        assert!(
            error
                .to_string()
                .contains("has 6 items, where Discord takes 1 to 5"),
            "{error}"
        );
    }
}
