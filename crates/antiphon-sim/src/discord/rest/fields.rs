//! Typed reading of bodies and queries, with Discord's errors for what is wrong.
//!
//! Snowflakes, numbers and permissions may be numbers or texts; booleans may be `True`, `true`, `1`, `False`, `false`
//! or `0` as well (<https://docs.discord.com/developers/reference#boolean-query-strings>). A field that is absent or
//! null reads as `None`; [`Fields::has`] tells an absent field from a null one.

use std::ops::RangeInclusive;

use base64::Engine as _;
use jiff::Timestamp;
use serde_json::Value;

use super::{Answer, answer::Faulty};
use crate::discord::model::{Id, id_in};

/// Reader of an object's fields, which collects what is wrong.
#[derive(Debug)]
pub(crate) struct Fields<'a> {
    object: &'a Value,
    /// Path of the object within the body, with a dot at its end.
    prefix: String,
    faulty: Faulty,
}

impl<'a> Fields<'a> {
    /// Reads a body or a query; an absent body is an empty object.
    pub(crate) fn of(object: &'a Value) -> Self {
        let mut fields = Self {
            object,
            prefix: String::new(),
            faulty: Faulty::default(),
        };
        if !matches!(object, Value::Null | Value::Object(_)) {
            fields.faulty.not_an_object("");
        }
        fields
    }

    /// Whether a field is there, null or not.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.object.get(name).is_some()
    }

    /// Value of a field that is neither absent nor null.
    pub(crate) fn value(&self, name: &str) -> Option<&'a Value> {
        self.object.get(name).filter(|value| !value.is_null())
    }

    /// Path of a field within the body.
    fn path(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    /// Adds an error of a field.
    pub(crate) fn error(&mut self, name: &str, code: &str, message: &str) {
        self.faulty.add(&self.path(name), code, message);
    }

    /// Adds an error for each of these fields that is absent or null.
    pub(crate) fn require(&mut self, names: &[&str]) {
        for name in names {
            if self.value(name).is_none() {
                self.required(name);
            }
        }
    }

    /// Adds that a field is absent.
    pub(crate) fn required(&mut self, name: &str) {
        self.faulty.required(&self.path(name));
    }

    /// Checks the length of a field; adds an error if it is not allowed.
    pub(crate) fn length(
        &mut self,
        name: &str,
        length: usize,
        allowed: &RangeInclusive<usize>,
    ) -> bool {
        if allowed.contains(&length) {
            return true;
        }
        let (least, most) = (allowed.start(), allowed.end());
        let (code, message) = match (*least, length) {
            (0, _) => (
                "BASE_TYPE_MAX_LENGTH",
                format!("Must be {most} or fewer in length."),
            ),
            _ => (
                "BASE_TYPE_BAD_LENGTH",
                format!("Must be between {least} and {most} in length."),
            ),
        };
        self.error(name, code, &message);
        false
    }

    /// Text of a length in characters.
    pub(crate) fn text(&mut self, name: &str, length: RangeInclusive<usize>) -> Option<&'a str> {
        let Value::String(text) = self.value(name)? else {
            self.error(
                name,
                "STRING_TYPE_CONVERT",
                "Could not interpret value as string.",
            );
            return None;
        };
        self.length(name, text.chars().count(), &length)
            .then_some(text)
    }

    /// Snowflake, as a number or a text.
    pub(crate) fn id(&mut self, name: &str) -> Option<Id> {
        let value = self.value(name)?;
        let id = id_in(value);
        if id.is_none() {
            self.coerce(name, value, "snowflake");
        }
        id
    }

    /// Snowflakes, each as a number or a text; a query has them separated by commas.
    pub(crate) fn ids(&mut self, name: &str, length: RangeInclusive<usize>) -> Option<Vec<Id>> {
        let value = self.value(name)?;
        if let Value::String(text) = value {
            let ids: Option<Vec<Id>> = text.split(',').map(|id| id.trim().parse().ok()).collect();
            if ids.is_none() {
                self.coerce(name, value, "snowflake");
            }
            return ids.filter(|ids| self.length(name, ids.len(), &length));
        }
        let items = self.list(name, length)?;
        let mut ids = Vec::new();
        for (index, item) in items.iter().enumerate() {
            match id_in(item) {
                Some(id) => ids.push(id),
                None => self.coerce(&format!("{name}.{index}"), item, "snowflake"),
            }
        }
        (ids.len() == items.len()).then_some(ids)
    }

    fn coerce(&mut self, name: &str, value: &Value, what: &str) {
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        self.not_a_number(name, &text, what);
    }

    /// Adds that a text does not stand for a number of this kind, such as `snowflake`.
    pub(crate) fn not_a_number(&mut self, name: &str, text: &str, what: &str) {
        self.faulty.not_a_number(&self.path(name), text, what);
    }

    /// Whole number within a range.
    pub(crate) fn number(&mut self, name: &str, range: RangeInclusive<i64>) -> Option<i64> {
        let value = self.value(name)?;
        let Some(number) = whole(value) else {
            self.coerce(name, value, "int");
            return None;
        };
        if number < *range.start() {
            let message = format!(
                "int value should be greater than or equal to {}.",
                range.start()
            );
            self.error(name, "NUMBER_TYPE_MIN", &message);
            return None;
        }
        if number > *range.end() {
            let message = format!("int value should be less than or equal to {}.", range.end());
            self.error(name, "NUMBER_TYPE_MAX", &message);
            return None;
        }
        Some(number)
    }

    /// Whole number of a range that begins at 0 or above.
    pub(crate) fn count(&mut self, name: &str, range: RangeInclusive<i64>) -> Option<u64> {
        self.number(name, range)
            .and_then(|number| u64::try_from(number).ok())
    }

    /// Number with a fraction, within a range.
    pub(crate) fn fraction(&mut self, name: &str, range: RangeInclusive<f64>) -> Option<f64> {
        let value = self.value(name)?;
        let number = value
            .as_f64()
            .or_else(|| value.as_str().and_then(|text| text.parse().ok()));
        let Some(number) = number else {
            self.coerce(name, value, "float");
            return None;
        };
        if range.contains(&number) {
            return Some(number);
        }
        let (code, message) = if number < *range.start() {
            let message = format!(
                "float value should be greater than or equal to {:?}.",
                range.start()
            );
            ("NUMBER_TYPE_MIN", message)
        } else {
            let message = format!(
                "float value should be less than or equal to {:?}.",
                range.end()
            );
            ("NUMBER_TYPE_MAX", message)
        };
        self.error(name, code, &message);
        None
    }

    /// One of these whole numbers.
    pub(crate) fn choice(&mut self, name: &str, choices: &[i64]) -> Option<i64> {
        let value = self.value(name)?;
        let number = whole(value).filter(|number| choices.contains(number));
        if number.is_none() {
            let choices: Vec<String> = choices.iter().map(ToString::to_string).collect();
            let message = format!("Value must be one of ({}).", choices.join(", "));
            self.error(name, "BASE_TYPE_CHOICES", &message);
        }
        number
    }

    /// One of these texts.
    pub(crate) fn choice_of_texts(&mut self, name: &str, choices: &[&str]) -> Option<&'a str> {
        let value = self.value(name)?;
        let text = value.as_str().filter(|text| choices.contains(text));
        if text.is_none() {
            let choices: Vec<String> = choices.iter().map(|one| format!("'{one}'")).collect();
            let message = format!("Value must be one of ({}).", choices.join(", "));
            self.error(name, "BASE_TYPE_CHOICES", &message);
        }
        text
    }

    /// Boolean.
    pub(crate) fn flag(&mut self, name: &str) -> Option<bool> {
        let value = self.value(name)?;
        let flag = match value {
            Value::Bool(flag) => Some(*flag),
            Value::String(text) => match text.as_str() {
                "True" | "true" | "1" => Some(true),
                "False" | "false" | "0" => Some(false),
                _ => None,
            },
            Value::Number(number) => match number.as_u64() {
                Some(number @ (0 | 1)) => Some(number == 1),
                _ => None,
            },
            _ => None,
        };
        if flag.is_none() {
            self.error(
                name,
                "BOOLEAN_TYPE_CONVERT",
                "Must be either true or false.",
            );
        }
        flag
    }

    /// Permissions, as a number or a text.
    pub(crate) fn permissions(&mut self, name: &str) -> Option<u64> {
        let value = self.value(name)?;
        let permissions = id_in(value);
        if permissions.is_none() {
            self.coerce(name, value, "int");
        }
        permissions
    }

    /// Time in the form of ISO 8601, in Unix milliseconds.
    pub(crate) fn time(&mut self, name: &str) -> Option<i64> {
        let value = self.value(name)?;
        let at = value.as_str().and_then(instant);
        if at.is_none() {
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            let message = format!("Could not parse {text}. Should be ISO8601.");
            self.error(name, "DATE_TIME_TYPE_PARSE", &message);
        }
        at
    }

    /// Image as a data URI of PNG, JPEG, GIF or WebP, of at most this many bytes.
    pub(crate) fn image(&mut self, name: &str, most: usize) -> Option<Image> {
        let value = self.value(name)?;
        let image = value.as_str().and_then(image);
        let Some(image) = image else {
            self.error(name, "IMAGE_INVALID", "Invalid image data");
            return None;
        };
        if image.size > most {
            let message = format!("File cannot be larger than {}.0 kb.", most >> 10);
            self.error(name, "BINARY_TYPE_MAX_SIZE", &message);
            return None;
        }
        Some(image)
    }

    /// List of a length.
    pub(crate) fn list(
        &mut self,
        name: &str,
        length: RangeInclusive<usize>,
    ) -> Option<&'a [Value]> {
        let Value::Array(items) = self.value(name)? else {
            self.faulty.not_a_list(&self.path(name));
            return None;
        };
        self.length(name, items.len(), &length)
            .then_some(items.as_slice())
    }

    /// Object, read by a reader of its own.
    pub(crate) fn object<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&mut Fields<'a>) -> T,
    ) -> Option<T> {
        let value = self.value(name)?;
        Some(self.inner(name, value, read))
    }

    /// List of objects, each read by a reader of its own.
    pub(crate) fn each<T>(
        &mut self,
        name: &str,
        length: RangeInclusive<usize>,
        mut read: impl FnMut(&mut Fields<'a>) -> T,
    ) -> Option<Vec<T>> {
        let items = self.list(name, length)?;
        let items = items.iter().enumerate();
        Some(
            items
                .map(|(index, item)| self.inner(&format!("{name}.{index}"), item, &mut read))
                .collect(),
        )
    }

    fn inner<T>(
        &mut self,
        name: &str,
        object: &'a Value,
        read: impl FnOnce(&mut Fields<'a>) -> T,
    ) -> T {
        if !object.is_object() {
            self.faulty.not_an_object(&self.path(name));
        }
        let mut fields = Fields {
            object,
            prefix: format!("{}{name}.", self.prefix),
            faulty: std::mem::take(&mut self.faulty),
        };
        let read = read(&mut fields);
        self.faulty = fields.faulty;
        read
    }

    /// Returns the 400 response if something was wrong.
    pub(crate) fn check(self) -> Result<(), Answer> {
        self.faulty.check()
    }
}

/// Reads a body that is a list of objects, each by a reader of its own.
pub(crate) fn each_of<T>(
    body: &Value,
    mut read: impl FnMut(&mut Fields<'_>) -> T,
) -> Result<Vec<T>, Answer> {
    let Value::Array(items) = body else {
        return Err(Answer::not_a_list());
    };
    let mut fields = Fields::of(&Value::Null);
    let items = items.iter().enumerate();
    let found = items.map(|(index, item)| fields.inner(&index.to_string(), item, &mut read));
    let found = found.collect();
    fields.check()?;
    Ok(found)
}

/// Image of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Image {
    pub(crate) is_animated: bool,
    /// Bytes.
    pub(crate) size: usize,
}

/// Reads a data URI (<https://docs.discord.com/developers/reference#image-data>).
fn image(text: &str) -> Option<Image> {
    let (kind, data) = text.strip_prefix("data:")?.split_once(";base64,")?;
    let is_image = ["image/png", "image/jpeg", "image/gif", "image/webp"].contains(&kind);
    let data = base64::engine::general_purpose::STANDARD
        .decode(data)
        .ok()?;
    is_image.then_some(Image {
        is_animated: kind == "image/gif",
        size: data.len(),
    })
}

/// Whole number, as a number or a text; `5.0` is 5.
fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => number.as_i64().or_else(|| {
            let fraction = number.as_f64()?;
            format!("{fraction:.0}")
                .parse()
                .ok()
                .filter(|_| fraction.fract() == 0.0)
        }),
        _ => None,
    }
}

/// Time in the form of ISO 8601, with or without an offset, in Unix milliseconds.
pub(crate) fn instant(text: &str) -> Option<i64> {
    let at = text
        .parse::<Timestamp>()
        .or_else(|_| format!("{text}Z").parse());
    at.ok().map(Timestamp::as_millisecond)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::discord::rest::answer::Body;

    /// Errors of a body, by the function that reads it.
    fn errors(body: &Value, read: impl FnOnce(&mut Fields<'_>)) -> Value {
        let mut fields = Fields::of(body);
        read(&mut fields);
        match fields.check() {
            Ok(()) => Value::Null,
            Err(Answer {
                body: Body::Json(mut json),
                ..
            }) => json["errors"].take(),
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn numbers_and_texts_mean_the_same() {
        let body = json!({"a": 1_201_000_000_000_000_011_u64, "b": "1201000000000000011", "c": [1, "2"],
            "d": "8", "e": 5.0, "f": "True", "g": 0, "h": "3,4"});
        let mut fields = Fields::of(&body);
        assert_eq!(fields.id("a"), fields.id("b"));
        assert_eq!(fields.ids("c", 0..=2), Some(vec![1, 2]));
        assert_eq!(fields.ids("h", 0..=2), Some(vec![3, 4]));
        assert_eq!(fields.permissions("d"), Some(8));
        assert_eq!(fields.number("e", 0..=9), Some(5));
        assert_eq!(
            (fields.flag("f"), fields.flag("g")),
            (Some(true), Some(false))
        );
        assert!(fields.check().is_ok());
    }

    #[test]
    fn each_error_stands_at_its_field() {
        let body = json!({"name": "", "limit": 101, "kind": 9, "many": [1, 2], "on": "yes",
            "in": {"deep": [{"id": "x"}]}, "at": "noon"});
        let errors = errors(&body, |fields| {
            fields.require(&["absent"]);
            fields.text("name", 1..=100);
            fields.number("limit", 1..=100);
            fields.choice("kind", &[0, 2]);
            fields.list("many", 0..=1);
            fields.flag("on");
            fields.time("at");
            fields.object("in", |inner| inner.each("deep", 0..=5, |one| one.id("id")));
        });
        for (field, code) in [
            ("/absent", "BASE_TYPE_REQUIRED"),
            ("/name", "BASE_TYPE_BAD_LENGTH"),
            ("/limit", "NUMBER_TYPE_MAX"),
            ("/kind", "BASE_TYPE_CHOICES"),
            ("/many", "BASE_TYPE_MAX_LENGTH"),
            ("/on", "BOOLEAN_TYPE_CONVERT"),
            ("/at", "DATE_TIME_TYPE_PARSE"),
            ("/in/deep/0/id", "NUMBER_TYPE_COERCE"),
        ] {
            let found = errors.pointer(&format!("{field}/_errors/0/code"));
            assert_eq!(found, Some(&json!(code)), "{field}");
        }
    }

    #[test]
    fn a_body_that_is_no_object_is_an_error_of_the_body() {
        let errors = errors(&json!([1]), |_| {});
        assert_eq!(errors["_errors"][0]["code"], "MODEL_TYPE_CONVERT");
    }
}
